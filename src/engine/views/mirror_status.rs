//! How status shows in Telegram: of a ticket, and of the desk.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What a ticket's topic shows of its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownStatus {
    /// The emoji of the ticket's status; `None` if the status has none.
    pub emoji: Option<String>,
    /// The topic has it.
    pub shown: bool,
    /// How far that is, or why it is not so, in words.
    pub note: String,
}

/// How far status shows in Telegram at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorView {
    /// Topics are closed with their tickets, too.
    pub close_topics: bool,
    /// Statuses with an emoji that is none of Telegram's topic icons: status and emoji.
    pub missing: Vec<(String, String)>,
    /// How many icons Telegram has for topics, and when they were fetched; `None`: they were not yet.
    pub icons: Option<(usize, Timestamp)>,
    /// How many topics do not show yet what they should.
    pub waiting: usize,
    /// Why no topic can be changed at present.
    pub stopped: Option<String>,
}
