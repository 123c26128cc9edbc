//! The ticket: one customer's matter, the fold of its events.
//!
//! Status is named here and in the rest of `desk/` only, and moved only by `desk::lifecycle`. Screens ask
//! [`Status::label`], [`Status::letter`] and [`Status::tone`].

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::escalation::Escalated;
use super::event::Why;
use super::ids::{AgentName, EventId, MessageId, PersonId, TeamName, TicketKey};
use super::intake::Category;
use super::sla::{Pause, Told};
use super::survey::Survey;
use super::tags::{Priority, Tag};
use crate::clock::Timestamp;

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// New, nobody's.
    Open,
    /// Somebody's, not yet answered.
    Assigned,
    /// Being worked on.
    InProgress,
    /// Waits for somebody else than us.
    Pending,
    /// Done, as we see it; the customer may disagree.
    Resolved,
    /// Done.
    Closed,
}

/// How a status should look, without naming a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Needs somebody.
    Urgent,
    /// Is in hand.
    Active,
    /// Waits.
    Calm,
    /// Is done.
    Done,
}

impl Status {
    /// All of them, in the order of a ticket's life.
    pub const ALL: [Status; 6] =
        [Status::Open, Status::Assigned, Status::InProgress, Status::Pending, Status::Resolved, Status::Closed];

    /// Tells the word of JSON, the store and queries: `in_progress`.
    pub const fn label(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Assigned => "assigned",
            Status::InProgress => "in_progress",
            Status::Pending => "pending",
            Status::Resolved => "resolved",
            Status::Closed => "closed",
        }
    }

    /// Tells the words of a screen: `IN PROGRESS`.
    pub const fn title(self) -> &'static str {
        match self {
            Status::Open => "OPEN",
            Status::Assigned => "ASSIGNED",
            Status::InProgress => "IN PROGRESS",
            Status::Pending => "PENDING",
            Status::Resolved => "RESOLVED",
            Status::Closed => "CLOSED",
        }
    }

    /// Tells the letter of a queue row: O A I P R C.
    pub const fn letter(self) -> char {
        match self {
            Status::Open => 'O',
            Status::Assigned => 'A',
            Status::InProgress => 'I',
            Status::Pending => 'P',
            Status::Resolved => 'R',
            Status::Closed => 'C',
        }
    }

    /// Tells how it should look.
    pub const fn tone(self) -> Tone {
        match self {
            Status::Open => Tone::Urgent,
            Status::Assigned | Status::InProgress => Tone::Active,
            Status::Pending => Tone::Calm,
            Status::Resolved | Status::Closed => Tone::Done,
        }
    }

    /// Tells whether a reply may be written: what is closed is reopened first.
    pub const fn takes_replies(self) -> bool {
        !matches!(self, Status::Closed)
    }

    /// Tells whether the matter is still to be worked on.
    pub const fn is_live(self) -> bool {
        !matches!(self, Status::Resolved | Status::Closed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Status {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Status::ALL
            .into_iter()
            .find(|status| status.label() == text)
            .ok_or_else(|| format!("unknown status `{text}`: one of {}", Status::ALL.map(Status::label).join(", ")))
    }
}

/// Why a ticket is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingReason {
    /// The customer has to answer; staff must have spoken last.
    Customer,
    /// Somebody outside has to act.
    ThirdParty,
    /// Somebody of ours has to act.
    Internal,
}

impl PendingReason {
    /// All of them.
    pub const ALL: [PendingReason; 3] = [PendingReason::Customer, PendingReason::ThirdParty, PendingReason::Internal];

    /// Tells the word of JSON and the command line: `third_party`.
    pub const fn label(self) -> &'static str {
        match self {
            PendingReason::Customer => "customer",
            PendingReason::ThirdParty => "third_party",
            PendingReason::Internal => "internal",
        }
    }

    /// Tells the words of a screen: `waiting on third party`.
    pub const fn title(self) -> &'static str {
        match self {
            PendingReason::Customer => "waiting on customer",
            PendingReason::ThirdParty => "waiting on third party",
            PendingReason::Internal => "waiting on us",
        }
    }
}

impl FromStr for PendingReason {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        PendingReason::ALL.into_iter().find(|reason| reason.label() == text).ok_or_else(|| {
            format!("unknown reason `{text}`: one of {}", PendingReason::ALL.map(PendingReason::label).join(", "))
        })
    }
}

/// Pending: why, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Whom it waits for.
    pub reason: PendingReason,
    /// When it comes back by itself.
    pub until: Option<Timestamp>,
}

/// The three things a decision moves together, so that undoing is going back to the ones before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The status.
    pub status: Status,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<AgentName>,
    /// Set while, and only while, the status is Pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

impl Standing {
    /// The standing of a new ticket: Open, nobody's.
    pub const NEW: Standing = Standing { status: Status::Open, assignee: None, pending: None };
}

/// Since when a customer or participant has been without an answer, and the messages that wait for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Telegram's date of the first of them. Later ones do not move it, nor does deleting a part of them.
    pub since: Timestamp,
    /// The unanswered messages that still exist, oldest first; at most [`Waiting::KEPT`].
    pub messages: Vec<MessageId>,
    /// How many more there are.
    #[serde(default)]
    pub more: u32,
}

impl Waiting {
    /// How many unanswered messages are kept by id: enough for any customer, a bound for a flood.
    pub const KEPT: usize = 200;
}

impl Ticket {
    /// Tells since when somebody is owed an answer. What was left unanswered when the ticket was done is owed no more, nor is what nobody
    /// can answer because the topic is gone.
    pub fn owed_since(&self) -> Option<Timestamp> {
        let since = self.waiting.as_ref()?.since;
        let done = self.closed_at.or(self.resolved_at).or_else(|| self.last_move.as_ref().map(|last| last.at));
        let owed = match done.filter(|_| !self.standing.status.is_live()) {
            None => true,
            // Telegram's dates are whole seconds: within one, the order of events tells what came first.
            Some(done) if since.unix() == done.unix() => self.last_move.as_ref().is_some_and(|last| last.written_since),
            Some(done) => since > done,
        };
        (owed && !self.topic_gone).then_some(since)
    }
}

/// The last decision on status or assignee: what undo may take back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastMove {
    /// The event.
    pub event: EventId,
    /// When.
    pub at: Timestamp,
    /// Whose command it was; `None` for what Telegram or the clock did.
    pub by: Option<AgentName>,
    /// What for.
    pub why: Why,
    /// Somebody who is not staff has written since, more than a mere thanks.
    #[serde(default)]
    pub written_since: bool,
}

/// One of many that a customer has opened at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// It is not given away before.
    pub until: Timestamp,
    /// How many there were by then.
    pub topics: u32,
}

/// One customer's matter. Every field is the fold of the ticket's events (`lifecycle::apply`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its group and topic.
    pub key: TicketKey,
    /// The topic's title, safe.
    pub title: String,
    /// Counts openings from 1.
    pub episode: u32,
    /// Status, assignee, pending.
    pub standing: Standing,
    /// Whose matter it is; unknown until somebody who is not staff writes.
    pub customer: Option<PersonId>,
    /// When the customer left the group, while they are not in it.
    #[serde(default)]
    pub customer_left_at: Option<Timestamp>,
    /// The customer's language as guessed from the messages, ISO 639-1.
    pub language: Option<String>,
    /// How much it matters. It stays over episodes.
    #[serde(default)]
    pub priority: Priority,
    /// What it is about. They stay over episodes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<Tag>,
    /// What kind of matter it is. It stays over episodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The team that intake, or an agent, has named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamName>,
    /// An agent has said in this episode what category it is of: no rule knows better.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub category_by_hand: bool,
    /// An agent has said in this episode whose work it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub team_by_hand: bool,
    /// The agents whom notes of this episode name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mentioned: BTreeSet<AgentName>,
    /// The episode went through intake, so that routing may give it away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_in: bool,
    /// It came in a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// When the episode began.
    pub opened_at: Timestamp,
    /// When the episode was resolved, while it is Resolved or Closed.
    pub resolved_at: Option<Timestamp>,
    /// When the episode was closed, while it is Closed.
    pub closed_at: Option<Timestamp>,
    /// The customer is without an answer.
    pub waiting: Option<Waiting>,
    /// Telegram's date of the episode's first message by the customer or a participant.
    pub first_asked_at: Option<Timestamp>,
    /// Telegram's date of the first delivered public message of staff after it.
    pub first_response_at: Option<Timestamp>,
    /// Telegram's date of the last public message of staff.
    pub staff_wrote_at: Option<Timestamp>,
    /// Telegram's date of the last message of the customer or a participant.
    pub asked_at: Option<Timestamp>,
    /// Who spoke last was staff.
    pub staff_spoke_last: bool,
    /// When it came to its assignee.
    pub assigned_at: Option<Timestamp>,
    /// A participant wrote after it was resolved, or `until` was reached: somebody should look.
    pub flagged: bool,
    /// The last message after resolving was a mere thanks.
    pub thanked: bool,
    /// Hidden from the queues until then.
    pub snoozed_until: Option<Timestamp>,
    /// Another ticket about the same matter, which goes on there.
    pub duplicate_of: Option<TicketKey>,
    /// Tickets closed as duplicates of this one.
    pub duplicates: Vec<TicketKey>,
    /// Closed or resolved by the first synchronisation because of its age.
    pub imported: bool,
    /// Staff wrote natively after it was closed.
    pub outside: bool,
    /// The topic is closed in Telegram.
    pub topic_closed: bool,
    /// The topic no longer exists in Telegram.
    pub topic_gone: bool,
    /// The last decision on status or assignee.
    pub last_move: Option<LastMove>,
    /// When the episode's resolution stood still, oldest first.
    #[serde(default)]
    pub pauses: Vec<Pause>,
    /// What the desk has said of the episode's clocks.
    #[serde(default)]
    pub told: Vec<Told>,
    /// Since when it has its status. Absent in what an older version wrote.
    #[serde(default)]
    pub status_since: Option<Timestamp>,
    /// The date of the latest thing that is known to have happened to it.
    #[serde(default)]
    pub touched_at: Option<Timestamp>,
    /// When somebody who waits last sounded upset.
    #[serde(default)]
    pub upset_at: Option<Timestamp>,
    /// The rules that have fired in this episode.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalated: Vec<Escalated>,
    /// Since when it has been Pending for the same reason.
    #[serde(default)]
    pub pending_since: Option<Timestamp>,
    /// How often the customer was nudged since then, and since staff wrote last.
    #[serde(default)]
    pub nudges: u8,
    /// When the last time.
    #[serde(default)]
    pub nudged_at: Option<Timestamp>,
    /// The customer was told that it is resolved, or asked how it was.
    #[serde(default)]
    pub resolution_told: bool,
    /// The newest survey. It stays over episodes.
    #[serde(default)]
    pub survey: Option<Survey>,
}
