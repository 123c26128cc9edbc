//! How complete threads are, and what comparing them with Telegram has found.

use serde::{Deserialize, Serialize};

use crate::desk::ids::{MessageId, TicketKey};

/// How far a comparison with Telegram is, and what it has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecheckView {
    /// Ranges of ids that were compared.
    pub done: usize,
    /// Ranges of ids in all.
    pub total: usize,
    /// What was not as the store had it.
    pub found: Vec<(TicketKey, Rechecked)>,
}

/// What of a thread was not as the store had it, and is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rechecked {
    /// Messages that had been missed.
    pub missed: u32,
    /// Messages whose edit had been missed.
    pub edited: u32,
    /// Messages whose deletion had been missed.
    pub deleted: u32,
}

/// How complete a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// Everything that the account can be shown is there.
    Complete,
    /// There are ids that were never looked at.
    Holes,
    /// It cannot be known.
    Unknown,
}

impl Completeness {
    /// Tells the words of a screen.
    pub fn words(self) -> &'static str {
        match self {
            Completeness::Complete => "complete",
            Completeness::Holes => "holes",
            Completeness::Unknown => "cannot be known",
        }
    }
}

/// What is known of a thread's completeness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCheck {
    /// Which.
    pub ticket: TicketKey,
    /// What the desk calls its group.
    #[serde(default)]
    pub group_name: String,
    /// Its title.
    pub title: String,
    /// Messages that people wrote and that stand.
    pub messages: u64,
    /// Service messages.
    pub service: u64,
    /// Messages that were deleted in Telegram.
    pub deleted: u64,
    /// Messages that came after their successors, from a hole that was closed.
    pub late: u64,
    /// How complete it is.
    pub verdict: Completeness,
    /// Why, worded as far as it can be known.
    pub why: String,
    /// First and last ids that were never looked at and could belong to it.
    pub holes: Vec<(MessageId, MessageId)>,
    /// How each id from its first to its last message was seen; only when one ticket was asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenRange>,
}

/// Ids that follow one another and were seen alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRange {
    /// The first.
    pub from: MessageId,
    /// The last.
    pub to: MessageId,
    /// How.
    pub how: How,
}

impl SeenRange {
    /// Tells how many ids.
    pub fn count(&self) -> i64 {
        i64::from(self.to.0) - i64::from(self.from.0) + 1
    }
}

/// How an id was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A message of the ticket.
    Message,
    /// A service message of the ticket.
    Service,
    /// A message of the ticket that was deleted.
    Deleted,
    /// Something of another topic.
    Elsewhere,
    /// Asked for, and nothing was shown.
    Unseen,
    /// Asked for while the account was not shown everything, and nothing was shown.
    NotShown,
    /// Never looked at.
    Never,
}

impl How {
    /// All of them, as they are told.
    pub const ALL: [How; 7] =
        [How::Message, How::Service, How::Deleted, How::Elsewhere, How::Unseen, How::NotShown, How::Never];

    /// Tells the words of a count: `3 messages`.
    pub fn words(self) -> &'static str {
        match self {
            How::Message => "messages",
            How::Service => "service messages",
            How::Deleted => "deleted messages",
            How::Elsewhere => "in other topics",
            How::Unseen => "unseen",
            How::NotShown => "not shown",
            How::Never => "not looked at",
        }
    }

    /// Says what ids that show nothing may be; empty where something was seen.
    pub fn may_be(self) -> &'static str {
        match self {
            How::Message | How::Service | How::Deleted | How::Elsewhere => "",
            How::Unseen => {
                "asked for and nothing shown: deleted before the desk first looked, or never given to a message, or, for a bot, \
                 another bot's message"
            }
            How::NotShown => {
                "asked for while this account was shown only commands and replies: any message, asked for again when it is shown all"
            }
            How::Never => "never asked for: any message; it is asked for while the link is live",
        }
    }
}
