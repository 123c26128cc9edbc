//! The keys that `desk.toml` may contain, and the one that was probably meant by another.

use super::reader::{Reader, Section};
use crate::desk::near::distance;

/// Every table with its keys; `[keys.*]` apart, whose contexts and actions belong to the screen.
const KNOWN: [(&str, &[&str]); 31] = [
    (
        "",
        &[
            "desk",
            "telegram",
            "groups",
            "agents",
            "staff",
            "intake",
            "teams",
            "routing",
            "rules",
            "queues",
            "hours",
            "sla",
            "escalations",
            "outbox",
            "guard",
            "hooks",
            "nudges",
            "confirmation",
            "survey",
            "opening",
            "files",
            "knowledge",
            "tui",
            "keys",
        ],
    ),
    ("desk", &["name", "timezone", "language", "pilot", "socket_group", "signature"]),
    (
        "telegram",
        &[
            "api_id",
            "api_hash",
            "api_hash_file",
            "group",
            "staff_chat",
            "backfill_calls_per_second",
            "sandbox",
            "mirror_status",
            "typing",
        ],
    ),
    ("telegram.mirror_status", &["enabled", "icons", "close_topics", "quiet_reasons", "notice"]),
    // The statuses.
    ("telegram.mirror_status.icons", &["open", "assigned", "in_progress", "pending", "resolved", "closed"]),
    ("telegram.sandbox", &["address", "dc_id", "auth_key"]),
    ("hooks", &["on", "run", "time"]),
    ("groups", &["group", "name"]),
    ("queues", &["name", "query", "sort"]),
    (
        "agents",
        &["name", "telegram", "os_user", "role", "timezone", "skills", "capacity", "hours", "senior", "signature"],
    ),
    ("intake", &["name", "when", "match", "language", "icon", "add_tags", "category", "priority", "team"]),
    ("teams", &["name", "agents", "assign", "fallback"]),
    ("routing", &["name", "when", "team"]),
    ("staff", &["telegram"]),
    (
        "rules",
        &[
            "ignore_topics",
            "import",
            "keep_assignee",
            "thanks_window",
            "auto_close_after",
            "auto_pending_after",
            "auto_resolve_pending_after",
            "undo_send",
            "undo_window",
            "keep_deleted_text",
            "alert_after",
            "burst",
            "reassign_after",
            "idle_after",
            "on_resolve",
            "notice_delay",
            "close_reasons",
        ],
    ),
    ("rules.import", &["max_age"]),
    (
        "hours.*",
        &[
            "timezone",
            "monday",
            "tuesday",
            "wednesday",
            "thursday",
            "friday",
            "saturday",
            "sunday",
            "holidays",
            "holidays_file",
        ],
    ),
    ("hours.*.holidays", &["on", "name", "hours"]),
    ("sla", &["name", "when", "hours", "first_response", "next_response", "resolution", "warn_before"]),
    (
        "escalations",
        &[
            "name",
            "when",
            "hours",
            "no_response_for",
            "in_status_for",
            "on",
            "unanswered_messages",
            "sentiment",
            "sentiment_alone",
            "notify",
            "tell",
            "message",
            "priority",
            "add_tags",
            "assign",
            "note",
            "cooldown",
            "max_per_hour",
        ],
    ),
    ("outbox", &["per_minute", "burst", "ask_after_offline"]),
    ("guard", &["card_numbers", "secrets", "banned"]),
    ("nudges", &["after", "hours", "text"]),
    ("confirmation", &["text"]),
    ("survey", &["text", "thanks", "quiet_tags"]),
    ("opening", &["reply", "text"]),
    ("files", &["cache", "open_command", "save_to"]),
    ("knowledge", &["folder", "languages", "webhook"]),
    ("knowledge.webhook", &["url", "header", "secret_file", "timeout", "retries", "cache", "max_bytes"]),
    ("tui", &["theme", "mouse", "bell", "after_resolve", "after_pending", "ascii"]),
    ("keys", &[]),
];

/// Lists every table (its name; empty for the file itself, `*` for a name that people choose) with its keys, for whoever documents them.
pub fn known_tables() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    KNOWN.iter().copied()
}

/// Lists every key that `desk.toml` may contain, for whoever documents it.
pub fn known_keys() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().flat_map(|(_, keys)| keys.iter().copied())
}

impl<'t> Reader<'t> {
    /// Reports the keys of a section that nobody knows.
    pub(super) fn check_keys(&mut self, section: &Section<'_, 't>) {
        let allowed = KNOWN.iter().find(|(name, _)| is_named(&section.name, name)).map_or(&[][..], |(_, keys)| keys);
        for (key, span, _) in section.entries() {
            if !allowed.contains(&key) {
                let place = if section.name.is_empty() { String::new() } else { format!(" in `[{}]`", section.name) };
                let hint = hint(key, &section.name, allowed);
                self.wrong(span.start, format!("unknown key `{}`{place}: {hint}", key.escape_debug()));
            }
        }
    }
}

/// Tells whether a table is the one that is known under a name, in which `*` stands for one that people choose.
fn is_named(table: &str, known: &str) -> bool {
    let Some((before, after)) = known.split_once('*') else { return table == known };
    let chosen = table.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    // What people choose may have dots in it, but does not end like the table inside it.
    chosen.is_some_and(|chosen| !chosen.is_empty() && (!after.is_empty() || !chosen.ends_with(".holidays")))
}

fn hint(key: &str, section: &str, allowed: &[&str]) -> String {
    let close = allowed.iter().map(|known| (distance(key, known), known)).min();
    if let Some((_, known)) = close.filter(|(steps, known)| *steps <= 1 + known.len() / 4) {
        return format!("did you mean `{known}`?");
    }
    let mut homes = KNOWN.iter().filter(|(name, keys)| *name != section && keys.contains(&key)).map(|(name, _)| *name);
    match homes.find(|name| !name.is_empty()) {
        Some(home) => format!("it belongs in `[{home}]`"),
        None => format!("there are {}", allowed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_near() {
        assert_eq!(hint("time_zone", "desk", &["name", "timezone"]), "did you mean `timezone`?");
        assert_eq!(hint("undo_send", "", &["desk"]), "it belongs in `[rules]`");
        assert_eq!(hint("colour", "desk", &["name", "timezone"]), "there are name, timezone");
    }
}
