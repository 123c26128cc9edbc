//! Automatic messages: what the desk says to a customer by itself, when, and in which words.
//!
//! A *nudge* reminds a customer for whom a ticket is Pending. When a ticket is resolved, a *confirmation* says so, or a *survey* asks how it
//! was. All of it is told from the ticket alone: an [`Occasion`] has the instant it counts from, and as soon as the ticket has another
//! occasion, or none, what has not left yet is taken back. So a customer's write, a reopening, an undo or a closing cancels it, and a
//! reply of staff starts the time of a nudge anew. A mere thanks changes nothing, here as elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Why;
use super::hours::Hours;
use super::ticket::{PendingReason, Status, Ticket};
use crate::clock::Timestamp;

mod texts;

/// No customer is nudged more often for one thing.
pub const MOST_NUDGES: usize = 2;

/// A customer is asked by a survey at most once in this time.
pub const SURVEY_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Texts by language.
pub type Texts = BTreeMap<String, String>;

/// What is said when a ticket is resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnResolve {
    /// Nothing.
    #[default]
    None,
    /// That it is resolved, and how to come back.
    Confirmation,
    /// The same, and how it was, from 1 to 5.
    Survey,
}

/// What `desk.toml` says of automatic messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automatic {
    /// A nudge each, so long after staff or the nudge before it; at most [`MOST_NUDGES`].
    pub nudge_after: Vec<Duration>,
    /// Nudges leave in these hours only; `None`: at any time.
    pub nudge_hours: Option<Hours>,
    /// What is said when a ticket is resolved.
    pub on_resolve: OnResolve,
    /// So long after resolving.
    pub notice_delay: Duration,
    /// Nothing is said of tickets with one of these tags.
    pub quiet_tags: Vec<String>,
    /// What nudges say.
    pub nudges: Texts,
    /// What confirmations say.
    pub confirmations: Texts,
    /// What surveys ask.
    pub surveys: Texts,
    /// What is said to whoever presses a button of a survey.
    pub thanks: Texts,
    /// The desk's language.
    pub language: String,
}

impl Default for Automatic {
    fn default() -> Self {
        Automatic {
            nudge_after: Vec::new(),
            nudge_hours: None,
            on_resolve: OnResolve::None,
            notice_delay: Duration::from_secs(120),
            quiet_tags: vec!["spam".to_owned(), "duplicate".to_owned()],
            nudges: texts::of(&texts::NUDGES),
            confirmations: texts::of(&texts::CONFIRMATIONS),
            surveys: texts::of(&texts::SURVEYS),
            thanks: texts::of(&texts::THANKS),
            language: "en".to_owned(),
        }
    }
}

/// What an automatic message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It reminds a customer for whom a ticket is Pending.
    Nudge,
    /// It says that a ticket is resolved.
    Confirmation,
    /// It asks how it was.
    Survey,
}

impl Kind {
    /// Tells the word of JSON and the store.
    pub const fn label(self) -> &'static str {
        match self {
            Kind::Nudge => "nudge",
            Kind::Confirmation => "confirmation",
            Kind::Survey => "survey",
        }
    }

    /// Finds it by its word.
    pub fn of(label: &str) -> Option<Kind> {
        [Kind::Nudge, Kind::Confirmation, Kind::Survey].into_iter().find(|kind| kind.label() == label)
    }

    /// Tells for how long after it was due it may still be said: after that it would only puzzle.
    pub const fn may_be_late(self) -> Duration {
        match self {
            Kind::Nudge => SURVEY_PAUSE,
            Kind::Confirmation | Kind::Survey => DAY,
        }
    }
}

/// Something to be said about a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occasion {
    /// What.
    pub kind: Kind,
    /// What it counts from; another instant is another occasion.
    pub since: Timestamp,
    /// When it is to be said.
    pub due: Timestamp,
}

impl Automatic {
    /// Tells whether nothing is ever said.
    pub fn is_silent(&self) -> bool {
        self.nudge_after.is_empty() && self.on_resolve == OnResolve::None
    }

    /// Tells what is to be said next about a ticket, if anything, and if nothing changes before.
    pub fn occasion(&self, ticket: &Ticket) -> Option<Occasion> {
        let cannot_hear = ticket.topic_gone || ticket.topic_closed || ticket.customer_left_at.is_some();
        if cannot_hear || ticket.customer.is_none() || ticket.imported || self.is_quiet(ticket) {
            return None;
        }
        match ticket.standing.status {
            Status::Pending => self.nudge(ticket),
            Status::Resolved => self.of_resolving(ticket),
            Status::Open | Status::Assigned | Status::InProgress | Status::Closed => None,
        }
    }

    fn is_quiet(&self, ticket: &Ticket) -> bool {
        ticket.tags.iter().any(|tag| self.quiet_tags.iter().any(|quiet| quiet.eq_ignore_ascii_case(tag.as_str())))
    }

    /// A ticket that comes back on a date waits for that date.
    fn nudge(&self, ticket: &Ticket) -> Option<Occasion> {
        let pending = ticket.standing.pending.as_ref()?;
        if pending.reason != PendingReason::Customer || pending.until.is_some() || ticket.waiting.is_some() {
            return None;
        }
        let after = self.nudge_after.iter().take(MOST_NUDGES).nth(usize::from(ticket.nudges))?;
        let pending_since = ticket.pending_since.or(ticket.last_move.as_ref().map(|last| last.at));
        let since = pending_since.max(ticket.staff_wrote_at).max(ticket.nudged_at)?;
        let due = since + *after;
        let due = self.nudge_hours.as_ref().map_or(Some(due), |hours| hours.next_opening(due))?;
        Some(Occasion { kind: Kind::Nudge, since, due })
    }

    /// Whoever never got an answer is not told that all is well.
    fn of_resolving(&self, ticket: &Ticket) -> Option<Occasion> {
        let kind = match self.on_resolve {
            OnResolve::None => return None,
            OnResolve::Confirmation => Kind::Confirmation,
            OnResolve::Survey => Kind::Survey,
        };
        let why = ticket.last_move.as_ref().map(|last| &last.why);
        let by_the_desk = matches!(why, Some(Why::Resolved | Why::Inactive));
        if ticket.resolution_told || !by_the_desk || ticket.first_response_at.is_none() {
            return None;
        }
        let since = ticket.resolved_at?;
        Some(Occasion { kind, since, due: since + self.notice_delay })
    }

    /// Finds the words of a message in a customer's language.
    pub fn text(&self, kind: Kind, language: Option<&str>) -> Option<&str> {
        let texts = match kind {
            Kind::Nudge => &self.nudges,
            Kind::Confirmation => &self.confirmations,
            Kind::Survey => &self.surveys,
        };
        in_language(texts, language, &self.language)
    }

    /// Finds what is said to whoever answers a survey by a button.
    pub fn thanks(&self, language: Option<&str>) -> &str {
        in_language(&self.thanks, language, &self.language).unwrap_or("✓")
    }
}

/// Finds a text in a language, else in its plain form (`pt` for `pt-BR`), else in the desk's language, else in English, else any.
pub fn in_language<'t>(texts: &'t Texts, language: Option<&str>, desk: &str) -> Option<&'t str> {
    let wanted = language.into_iter().chain([desk, "en"]);
    let mut forms = wanted.flat_map(|language| [language, language.split('-').next().unwrap_or(language)]);
    let found = forms.find_map(|language| texts.get(language));
    found.or_else(|| texts.values().next()).map(String::as_str)
}

/// Lists the agents whom a note names by `@name`, each once, in the order in which they are named. Case does not matter, a name is found
/// whole only, and an address (`mia@example.com`) names nobody.
pub fn mentions<'n>(text: &str, agents: impl Iterator<Item = &'n str> + Clone) -> Vec<&'n str> {
    let lower = text.to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut found: Vec<&str> = Vec::new();
    for (place, _) in lower.match_indices('@') {
        if lower[..place].ends_with(is_word) {
            continue;
        }
        let rest = &lower[place + 1..];
        let fits = |name: &&str| {
            let after = rest.strip_prefix(name.to_lowercase().as_str());
            !name.is_empty() && after.is_some_and(|after| !after.starts_with(is_word))
        };
        // Of "ann" and "ann lee" the longer one is meant.
        let named = agents.clone().filter(fits).max_by_key(|name| name.len());
        found.extend(named.filter(|name| !found.contains(name)));
    }
    found
}

#[cfg(test)]
mod tests;
