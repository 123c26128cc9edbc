//! A ticket and its thread, as screens and JSON show them.

use serde::{Deserialize, Serialize};

use super::{ChangeView, ShownStatus, SlaView, TicketRow};
use crate::clock::Timestamp;
use crate::desk::automatic::Kind;
use crate::desk::event::Event;
use crate::desk::ids::{AgentName, EntryId, EventId, MessageId, OutboxId, PersonId, TicketKey};
use crate::desk::survey::Survey;
use crate::desk::thread::{Content, Delivery, Reaction};

/// A ticket with everything a screen says about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketView {
    /// What the queue says.
    #[serde(flatten)]
    pub row: TicketRow,
    /// The customer's language, ISO 639-1.
    pub language: Option<String>,
    /// First message of the episode -> first answer: Telegram's date of the answer.
    pub first_response_at: Option<Timestamp>,
    /// Telegram's date of the episode's first message by the customer or a participant.
    pub first_asked_at: Option<Timestamp>,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Closed in Telegram.
    pub topic_closed: bool,
    /// Hidden in Telegram.
    #[serde(default)]
    pub topic_hidden: bool,
    /// The custom emoji that is the topic's icon.
    #[serde(default)]
    pub topic_icon: Option<i64>,
    /// How the ticket's status shows in Telegram; `None`: that is switched off, or it is no ticket.
    #[serde(default)]
    pub shown: Option<ShownStatus>,
    /// Its policy and clocks; `None`: there are no policies.
    #[serde(default)]
    pub sla: Option<SlaView>,
    /// The newest survey: when the customer was asked how it was, and what they said.
    #[serde(default)]
    pub survey: Option<Survey>,
    /// How often the customer was reminded of the question that is open.
    #[serde(default)]
    pub nudges: u8,
    /// What the desk says to the customer by itself next; `None`: nothing as it stands.
    #[serde(default)]
    pub automatic: Option<NextAutomatic>,
    /// Deleted in Telegram.
    pub topic_gone: bool,
    /// When the customer left the group, while they are not in it.
    #[serde(default)]
    pub customer_left_at: Option<Timestamp>,
    /// The topic's pinned messages, newest first, at most ten.
    #[serde(default)]
    pub pinned: Vec<PinnedMessage>,
    /// Where the matter goes on.
    pub duplicate_of: Option<TicketKey>,
    /// How many messages the thread has.
    pub messages: usize,
    /// The customer's other tickets, newest first, at most ten.
    pub earlier: Vec<TicketRow>,
    /// Why nothing can be sent to its group at present.
    #[serde(default)]
    pub read_only: Option<String>,
    /// `https://t.me/…` of the topic.
    pub link: String,
    /// The group's title.
    pub group_title: String,
}

/// What the desk says to a customer by itself next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAutomatic {
    /// What.
    pub kind: Kind,
    /// When; `None`: it is on its way.
    pub at: Option<Timestamp>,
}

/// A pinned message, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedMessage {
    /// Its id in Telegram.
    pub message_id: MessageId,
    /// What it says, in a line.
    pub text: String,
}

/// A ticket and a part of its thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadPage {
    /// The ticket. General has a page too; its row says so by its id.
    #[serde(flatten)]
    pub ticket: TicketView,
    /// Oldest first.
    pub thread: Vec<Entry>,
    /// There is more before.
    pub more_before: bool,
    /// There is more after.
    pub more_after: bool,
    /// The highest message that the reader had seen when they last left the thread.
    pub seen: Option<MessageId>,
    /// What the reader has begun to write.
    #[serde(rename = "own_draft")]
    pub draft: Option<Draft>,
    /// Ids that were never seen inside the range of this topic's group, as far as the desk knows: `(from, to)`.
    pub holes: Vec<(MessageId, MessageId)>,
}

/// What an agent has begun to write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// It is an internal note.
    pub note: bool,
}

/// What an entry of a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A public message, sent or on its way.
    Message,
    /// An internal note.
    Note,
    /// A line of the activity log, or a service message.
    Activity,
}

/// Who stands behind an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The customer.
    Customer,
    /// Somebody else who is not staff.
    Participant,
    /// Staff, in Telegram or from the desk.
    Staff,
    /// Bots, the linked channel, the desk itself.
    Automation,
}

/// An entry of a thread. Its JSON keys are stable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place among all entries.
    pub id: EntryId,
    /// What it is.
    pub kind: EntryKind,
    /// Who wrote or did it, by name.
    pub author: String,
    /// The Telegram id of who wrote it.
    pub author_id: Option<PersonId>,
    /// The agent who wrote it from the desk, or natively.
    pub agent: Option<AgentName>,
    /// On whose side they are.
    pub side: Side,
    /// What it says: text, descriptor of the file, activity in words.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// Its id in Telegram.
    pub message_id: Option<MessageId>,
    /// The message it replies to.
    pub reply_to: Option<MessageId>,
    /// The part of that message that is quoted, or a line of it.
    pub quote: Option<String>,
    /// Who wrote that message, by name.
    #[serde(default)]
    pub quote_author: Option<String>,
    /// How far a reply from the desk has got; `None` for what was not written at the desk.
    pub state: Option<String>,
    /// The same, with everything.
    pub delivery: Option<Delivery>,
    /// The outbox row, for a reply from the desk that has not been sent.
    pub outbox: Option<OutboxId>,
    /// Deleted in Telegram. The text is there only if the rules keep it.
    pub deleted: bool,
    /// When the desk came to know of that.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    /// What it said before it was edited, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<EarlierText>,
    /// It was edited after staff had answered it.
    #[serde(default)]
    pub edited_after_answer: bool,
    /// Pinned in Telegram.
    #[serde(default)]
    pub pinned: bool,
    /// What people think of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Staff typed it in Telegram, past the desk.
    #[serde(default)]
    pub outside: bool,
    /// The messages of an album, which is one entry; empty for everything else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Came to be known late: a hole that was filled.
    pub late: bool,
    /// Whom it was forwarded from.
    pub forwarded_from: Option<String>,
    /// An edit or deletion of it that is on its way, or was refused.
    #[serde(default)]
    pub change: Option<ChangeView>,
    /// The message in full, for formatting and files.
    pub content: Option<Content>,
    /// The event of an activity line.
    pub event: Option<(EventId, Event)>,
}

/// What a message said before it was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierText {
    /// The text.
    pub text: String,
    /// Since when it said so: its date for the first, the date of an edit for the others.
    pub at: Timestamp,
}

/// A message of an album.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its id in Telegram.
    pub message_id: MessageId,
    /// Its file as a descriptor, and its caption.
    pub text: String,
    /// Deleted in Telegram.
    pub deleted: bool,
    /// The message in full, for formatting and files.
    pub content: Option<Content>,
}

impl Entry {
    /// Tells whether it is the message, or an album that has it.
    pub fn is_message(&self, message: MessageId) -> bool {
        self.message_id == Some(message) || self.parts.iter().any(|part| part.message_id == message)
    }

    /// Tells what its author has written, without the descriptor of a file.
    pub fn words(&self) -> &str {
        match &self.content {
            Some(Content::Post(post)) => &post.text,
            _ => &self.text,
        }
    }

    /// Tells its highest message id: that of an album's last part.
    pub fn last_message(&self) -> Option<MessageId> {
        self.parts.iter().map(|part| part.message_id).chain(self.message_id).max()
    }
}
