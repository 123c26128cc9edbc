//! What was found: by a search, and in the history.

use serde::{Deserialize, Serialize};

use super::EntryKind;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId, TicketKey, TopicId};
use crate::desk::ticket::Status;

/// A message or note that contains the words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The ticket's number.
    pub id: TopicId,
    /// Its group.
    pub group: GroupId,
    /// What the desk calls the group.
    #[serde(default)]
    pub group_name: String,
    /// Its title.
    pub title: String,
    /// Where it stands; `None` for General and ignored topics.
    pub status: Option<Status>,
    /// What it is.
    pub kind: EntryKind,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// The message, to jump to.
    pub message_id: Option<MessageId>,
    /// A part of the text with what was found between `[` and `]`.
    pub snippet: String,
}

impl Hit {
    /// Names the ticket.
    pub fn key(&self) -> TicketKey {
        TicketKey { group: self.group, topic: self.id }
    }
}

/// What the history says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Topics, General and ignored ones apart.
    pub topics: usize,
    /// Tickets made of them.
    pub tickets: usize,
    /// Messages.
    pub messages: usize,
    /// Tickets to which staff has never answered.
    pub never_answered: usize,
    /// Median of first responses in seconds, over the episodes that had one.
    pub median_first_response_seconds: Option<u64>,
    /// Live tickets.
    pub open: usize,
    /// Date of the first message.
    pub first_at: Option<Timestamp>,
    /// Date of the last message.
    pub last_at: Option<Timestamp>,
}
