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
}
