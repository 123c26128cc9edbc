//! Queues: named filters and orders over tickets.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::AgentName;
use super::query::Query;
use super::ticket::Status;

/// Staff spoke last so long ago: somebody should ask whether the matter is done.
const QUIET: Duration = Duration::from_secs(24 * 3600);

/// A queue that every desk has, or one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueName {
    /// Live, nobody's, not snoozed.
    Unassigned,
    /// Live, the reader's, not snoozed.
    Mine,
    /// Somebody waits for an answer, longest first.
    Waiting,
    /// Pending.
    Pending,
    /// Hidden until a time.
    Snoozed,
    /// Live, and staff spoke last more than a day ago.
    Quiet,
    /// Resolved.
    Resolved,
    /// Unanswered messages in General.
    Intake,
    /// Put away by the first synchronisation although the customer spoke last.
    Imported,
    /// Everything.
    All,
    /// A clock has run down, longest ago first.
    Overdue,
    /// One of `[[queues]]` in `desk.toml`, by its place there.
    Saved(u8),
}

impl QueueName {
    /// All of them, in the order of the number keys.
    pub const ALL: [QueueName; 11] = [
        QueueName::Unassigned,
        QueueName::Mine,
        QueueName::Waiting,
        QueueName::Pending,
        QueueName::Resolved,
        QueueName::Intake,
        QueueName::Imported,
        QueueName::All,
        QueueName::Overdue,
        QueueName::Snoozed,
        QueueName::Quiet,
    ];

    /// Tells the word of JSON and the command line.
    pub const fn label(self) -> &'static str {
        match self {
            QueueName::Unassigned => "unassigned",
            QueueName::Mine => "mine",
            QueueName::Waiting => "waiting",
            QueueName::Overdue => "overdue",
            QueueName::Pending => "pending",
            QueueName::Snoozed => "snoozed",
            QueueName::Quiet => "quiet",
            QueueName::Resolved => "resolved",
            QueueName::Intake => "intake",
            QueueName::Imported => "imported",
            QueueName::All => "all",
            QueueName::Saved(_) => "saved",
        }
    }

    /// Tells the word of a screen.
    pub const fn title(self) -> &'static str {
        match self {
            QueueName::Unassigned => "Unassigned",
            QueueName::Mine => "Mine",
            QueueName::Waiting => "Waiting",
            QueueName::Overdue => "Overdue",
            QueueName::Pending => "Pending",
            QueueName::Snoozed => "Snoozed",
            QueueName::Quiet => "Quiet",
            QueueName::Resolved => "Resolved",
            QueueName::Intake => "Intake",
            QueueName::Imported => "Imported",
            QueueName::All => "All",
            QueueName::Saved(_) => "Saved",
        }
    }

    /// Tells which tickets belong to it, for the agent who reads. Intake holds messages of General, not tickets.
    pub fn filter(self, reader: &AgentName) -> Option<Filter> {
        let live = Filter::live().statuses;
        let awake = Filter { snoozed: Some(false), ..Filter::default() };
        Some(match self {
            QueueName::Unassigned => Filter { statuses: live, assignee: Some(None), ..awake },
            QueueName::Mine => Filter { statuses: live, assignee: Some(Some(reader.clone())), ..awake },
            QueueName::Waiting => Filter { statuses: live, waiting: true, ..awake },
            QueueName::Overdue => Filter { overdue: true, ..awake },
            QueueName::Pending => Filter { statuses: vec![Status::Pending], ..awake },
            QueueName::Resolved => {
                Filter { statuses: vec![Status::Resolved], imported: Some(false), ..Filter::default() }
            }
            // Those in which the customer spoke last; the others were closed and need nobody.
            QueueName::Imported => Filter { imported: Some(true), waiting: true, ..Filter::default() },
            QueueName::Snoozed => Filter { snoozed: Some(true), ..Filter::default() },
            QueueName::Quiet => Filter { statuses: live, quiet: Some(QUIET), ..awake },
            // What a saved queue asks is its query.
            QueueName::All | QueueName::Saved(_) => Filter::default(),
            QueueName::Intake => return None,
        })
    }
}

/// Which tickets belong to a queue: all conditions that are set must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these; empty for all.
    pub statuses: Vec<Status>,
    /// `Some(None)`: nobody's.
    pub assignee: Option<Option<AgentName>>,
    /// Somebody waits for an answer.
    pub waiting: bool,
    /// A clock has run down. A [`Kind`] does not tell it: it is asked of the store.
    pub overdue: bool,
    /// Is (not) snoozed.
    pub snoozed: Option<bool>,
    /// Was (not) resolved or closed by the first synchronisation.
    pub imported: Option<bool>,
    /// Staff spoke last, so long ago.
    pub quiet: Option<Duration>,
}

/// What queues ask of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Where it stands.
    pub status: Status,
    /// Whose it is.
    pub assignee: Option<AgentName>,
    /// Is snoozed.
    pub snoozed: bool,
    /// Somebody waits for an answer.
    pub waiting: bool,
    /// Was resolved or closed by the first synchronisation.
    pub imported: bool,
}

impl Filter {
    /// Tells whether tickets of this kind belong to the queue.
    pub fn takes(&self, kind: &Kind) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&kind.status))
            && self.assignee.as_ref().is_none_or(|assignee| *assignee == kind.assignee)
            && (!self.waiting || kind.waiting)
            && self.snoozed.is_none_or(|snoozed| snoozed == kind.snoozed)
            && self.imported.is_none_or(|imported| imported == kind.imported)
    }

    /// Makes the filter for everything that is still to be worked on.
    pub fn live() -> Filter {
        let statuses = Status::ALL.into_iter().filter(|status| status.is_live()).collect();
        Filter { statuses, ..Filter::default() }
    }
}

/// A queue that the people who run the desk have made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedQueue {
    /// What it is called.
    pub name: String,
    /// Which tickets it holds.
    pub query: Query,
    /// Its order.
    pub sort: Sort,
}

/// How a queue is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// What is due first, then waiting ones by how long, then the others by last activity.
    #[default]
    Natural,
    /// What is due first, then the others by number.
    Due,
    /// Longest waiting first, then the others by number.
    Waiting,
    /// Newest ticket first.
    Newest,
    /// Last activity first.
    Activity,
    /// Urgent ones first, and in their natural order.
    Priority,
}

impl Sort {
    /// All of them, with the words of `desk.toml`, the palette and the command line.
    pub const ALL: [(&'static str, Sort); 6] = [
        ("natural", Sort::Natural),
        ("due", Sort::Due),
        ("waiting", Sort::Waiting),
        ("newest", Sort::Newest),
        ("activity", Sort::Activity),
        ("priority", Sort::Priority),
    ];

    /// Finds an order by its word.
    pub fn named(word: &str) -> Option<Sort> {
        Sort::ALL.into_iter().find(|(known, _)| *known == word).map(|(_, sort)| sort)
    }
}
