//! The activity log of a ticket in words.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::ids::{EventId, MessageId};

/// A line of the activity log. Its JSON keys are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityLine {
    /// Its place in the log.
    pub event: EventId,
    /// When: Telegram's date for what happened there, the desk's clock otherwise.
    pub at: Timestamp,
    /// Who made it happen, by name.
    pub by: String,
    /// Counts openings from 1.
    pub episode: u32,
    /// What happened, with old and new: `mia claimed, status Open → Assigned`.
    pub what: String,
    /// The message it is about.
    pub message_id: Option<MessageId>,
    /// It was taken back afterwards.
    pub undone: bool,
}
