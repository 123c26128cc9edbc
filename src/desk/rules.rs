//! The rules that the people who run the desk set in `desk.toml`, as values.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authority::Authority;
use super::automatic::{Automatic, Occasion};
use super::escalation::{Escalations, UpsetWords};
use super::groups::{self, Called, Given};
use super::guard::Guard;
use super::ids::{AgentName, TopicId};
use super::mirror_status::MirrorStatus;
use super::opening::Openings;
use super::people::{Agent, Staff};
use super::query::{Query, QueryError};
use super::queue::SavedQueue;
use super::routing::Routing;
use super::signature::Signatures;
use super::sla::Sla;
use super::thanks::ThanksWords;
use super::ticket::Ticket;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What `desk.toml` says about the work, as values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The name of the desk, as the screen's first line and `{{desk.name}}` show it.
    pub desk_name: String,
    /// IANA name of the desk's time zone, used in reports.
    pub timezone: Option<String>,
    /// Agents and other staff named in `desk.toml`. The engine adds the admins of the group.
    pub staff: Staff,
    /// What agents may do, as far as it is said: who is not named here is an agent, or an admin if nobody is.
    #[serde(default)]
    pub authorities: BTreeMap<AgentName, Authority>,
    /// Topics that never are tickets, by id.
    pub ignore_topics: Vec<TopicId>,
    /// Topics that never are tickets, by title: `*` stands for any characters, case does not matter.
    pub ignore_titles: Vec<String>,
    /// At the first synchronisation, tickets quiet for longer are closed or resolved as imported.
    pub import_max_age: Duration,
    /// A ticket reopened from Closed within this time of its assignment stays with its assignee.
    pub keep_assignee: Duration,
    /// A mere thanks within this time of resolving does not reopen.
    pub thanks_window: Duration,
    /// A Resolved ticket is closed after this time without a message.
    pub auto_close_after: Option<Duration>,
    /// An InProgress ticket in which staff spoke last becomes Pending after this time.
    pub auto_pending_after: Option<Duration>,
    /// A ticket Pending on the customer is resolved after this time.
    pub auto_resolve_pending_after: Option<Duration>,
    /// How long a reply may be taken back before it leaves.
    pub undo_send: Duration,
    /// How fast messages leave, for each group.
    pub pace: Pace,
    /// A reply that was older when the desk came online again asks its agent before it leaves; `None`: never.
    pub ask_after_offline: Option<Duration>,
    /// How long a move may be undone.
    pub undo_window: Duration,
    /// What was deleted in Telegram stays readable at the desk.
    pub keep_deleted_text: bool,
    /// How the groups are called, as far as `desk.toml` tells.
    #[serde(default)]
    pub groups: Vec<Given>,
    /// Queues of its own.
    #[serde(default)]
    pub queues: Vec<SavedQueue>,
    /// A notice when somebody has waited so long; `None`: never.
    #[serde(default)]
    pub alert_after: Option<Duration>,
    /// How a ticket's status shows in Telegram.
    pub mirror_status: MirrorStatus,
    /// How soon tickets should be answered and resolved, and the business hours of that.
    #[serde(default)]
    pub sla: Sla,
    /// When somebody is to hear of a ticket.
    #[serde(default)]
    pub escalations: Escalations,
    /// The words that hint that somebody is upset.
    #[serde(default)]
    pub upset: UpsetWords,
    /// What becomes of new tickets by themselves, and who works them.
    #[serde(default)]
    pub routing: Routing,
    /// The most bytes that the cache of downloaded files keeps.
    pub cache: u64,
    /// What should not leave by mistake.
    #[serde(default)]
    pub guard: Guard,
    /// What the desk says to customers by itself.
    #[serde(default)]
    pub automatic: Automatic,
    /// Tickets that agents open from messages of General.
    #[serde(default)]
    pub opening: Openings,
    /// Reasons that are offered when a ticket is closed.
    #[serde(default)]
    pub close_reasons: Vec<String>,
    /// The desk is on trial: nothing automatic leaves it.
    #[serde(default)]
    pub pilot: bool,
    /// The line under what a bot sends for an agent.
    #[serde(default)]
    pub signatures: Signatures,
    /// Customers see that somebody is writing; `None`: if the desk's account is a user's.
    #[serde(default)]
    pub typing: Option<bool>,
    /// The words by which a mere thanks is known.
    pub thanks: ThanksWords,
}

/// How fast messages leave: a token bucket, and never more than its rate in any minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// So many in any minute; 0: no limit. Telegram lets a bot send 20 into a group.
    pub per_minute: u32,
    /// So many at once after a pause; at least 1.
    pub burst: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { per_minute: 18, burst: 5 }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            desk_name: "Topic Desk".to_owned(),
            timezone: None,
            staff: Staff::default(),
            authorities: BTreeMap::new(),
            ignore_topics: Vec::new(),
            ignore_titles: Vec::new(),
            import_max_age: 14 * DAY,
            keep_assignee: 7 * DAY,
            thanks_window: DAY,
            auto_close_after: Some(3 * DAY),
            auto_pending_after: None,
            auto_resolve_pending_after: None,
            undo_send: Duration::from_secs(5),
            pace: Pace::default(),
            ask_after_offline: Some(Duration::from_secs(600)),
            undo_window: Duration::from_secs(30),
            keep_deleted_text: false,
            groups: Vec::new(),
            queues: Vec::new(),
            alert_after: None,
            mirror_status: MirrorStatus::default(),
            sla: Sla::default(),
            escalations: Escalations::default(),
            upset: UpsetWords::default(),
            routing: Routing::default(),
            cache: 500_000_000,
            guard: Guard::default(),
            automatic: Automatic::default(),
            opening: Openings::default(),
            close_reasons: Vec::new(),
            pilot: false,
            signatures: Signatures::default(),
            typing: None,
            thanks: ThanksWords::default(),
        }
    }
}

impl Rules {
    /// Finds an agent by name.
    pub fn agent(&self, name: &AgentName) -> Option<&Agent> {
        self.staff.agents.iter().find(|agent| &agent.name == name)
    }

    /// Tells what an agent may do. Where `desk.toml` gives nobody a role, everybody may do everything.
    pub fn authority(&self, name: &AgentName) -> Authority {
        let plain = if self.authorities.is_empty() { Authority::Admin } else { Authority::Agent };
        self.authorities.get(name).copied().unwrap_or(plain)
    }

    /// Tells whether a policy or an escalation is for customers by their names, which may change.
    pub fn names_customers(&self) -> bool {
        self.sla.names_customers() || self.escalations.rules.iter().any(|rule| rule.when.names_customers())
    }

    /// Tells what is to be said to a customer next by itself.
    pub fn occasion(&self, ticket: &Ticket) -> Option<Occasion> {
        if self.pilot { None } else { self.automatic.occasion(ticket) }
    }

    /// Tells what is said in General when a ticket is opened from there; `None`: nothing.
    pub fn opening_text(&self, language: Option<&str>) -> Option<&str> {
        if self.pilot { None } else { self.opening.text(language, &self.automatic.language) }
    }

    /// Tells whether topics show the status of their tickets.
    pub fn mirrors_status(&self) -> bool {
        self.mirror_status.enabled && !self.pilot
    }

    /// Lists the agents whom a note names by `@name`.
    pub fn mentions(&self, note: &str) -> Vec<AgentName> {
        let names = self.staff.agents.iter().map(|agent| agent.name.0.as_str());
        super::automatic::mentions(note, names).into_iter().map(AgentName::from).collect()
    }

    /// Reads a query; days are those of the desk's time zone.
    ///
    /// # Errors
    /// The first part that means nothing, or names a group that there is not.
    pub fn query(&self, text: &str) -> Result<Query, QueryError> {
        self.query_among(text, std::iter::empty())
    }

    /// As [`Rules::query`], when Telegram has told how groups are called.
    ///
    /// # Errors
    /// The first part that means nothing, or names a group that there is not.
    pub fn query_among<'a>(&self, text: &str, told: impl Iterator<Item = Called<'a>>) -> Result<Query, QueryError> {
        let zone = self.timezone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC);
        Query::parse_among(text, zone, &groups::known(told, &self.groups))
    }

    /// Tells whether a topic is kept out of the desk by id or title.
    pub fn ignores(&self, topic: TopicId, title: &str) -> bool {
        self.ignore_topics.contains(&topic)
            || self.ignore_titles.iter().any(|pattern| matches_pattern(&pattern.to_lowercase(), &title.to_lowercase()))
    }
}

/// Matches `*` against any characters; everything else stands for itself.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last_was_star = false;
    let mut tail = None;
    for part in parts {
        last_was_star = true;
        if let Some(previous) = tail.replace(part) {
            match rest.find(previous) {
                Some(at) => rest = &rest[at + previous.len()..],
                None => return false,
            }
        }
    }
    match (last_was_star, tail) {
        (true, Some(end)) => rest.ends_with(end),
        _ => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, yes) in [
            ("rules", "rules", true),
            ("rules", "rules!", false),
            ("rule*", "rules and more", true),
            ("*news*", "the news today", true),
            ("*news*", "nothing", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "", true),
        ] {
            assert_eq!(matches_pattern(pattern, text), yes, "{pattern} ~ {text}");
        }
    }
}
