//! What the history says, as the end of the first synchronisation shows it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

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
