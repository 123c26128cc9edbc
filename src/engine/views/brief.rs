//! What the next shift has to know.

use serde::{Deserialize, Serialize};

use super::{AnsweredBy, OutboxRow, TicketRow};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, GroupId, TopicId};

/// What the next shift has to know. Its JSON keys are stable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    /// What has happened from then on.
    pub since: Timestamp,
    /// When it was read.
    pub until: Timestamp,
    /// Episodes that began, oldest first.
    pub opened: Vec<BriefTicket>,
    /// Tickets that were resolved or closed and still are, oldest first.
    pub resolved: Vec<BriefTicket>,
    /// Tickets that came back after they were resolved or closed, oldest first.
    pub reopened: Vec<BriefTicket>,
    /// What is still to be worked on, by assignee; nobody's first.
    pub open: Vec<OpenOf>,
    /// Who waits longest, at most ten; pending and snoozed tickets apart.
    pub waiting: Vec<TicketRow>,
    /// What is overdue, longest ago first, at most fifty; snoozed tickets apart.
    #[serde(default)]
    pub overdue: Vec<TicketRow>,
    /// Internal notes, oldest first, with what was said last in their tickets.
    pub notes: Vec<BriefNote>,
    /// Replies that were parked, or that wait for a word of their agent, of whatever age.
    pub parked: Vec<OutboxRow>,
    /// Who has answered in Telegram itself, past the desk.
    pub outside: Vec<AnsweredBy>,
}

/// A ticket to which something has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BriefTicket {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it; of a reopened ticket, who had resolved it. `None`: nobody in particular.
    pub by: Option<String>,
    /// How the ticket stands now.
    #[serde(flatten)]
    pub row: TicketRow,
}

/// What is still to be worked on by somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOf {
    /// By whom; `None`: nobody yet.
    pub assignee: Option<AgentName>,
    /// How many tickets.
    pub open: usize,
    /// Of those, how many wait for an answer.
    pub waiting: usize,
    /// Of those, how many are pending.
    pub pending: usize,
}

/// An internal note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefNote {
    /// The ticket's number.
    pub id: TopicId,
    /// Its group.
    pub group: GroupId,
    /// What the desk calls the group.
    #[serde(default)]
    pub group_name: String,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub agent: Option<AgentName>,
    /// When.
    pub at: Timestamp,
    /// The note.
    pub text: String,
    /// The last message of the ticket, in a line.
    pub last_text: String,
    /// That was staff's.
    pub staff_spoke_last: bool,
}
