//! A word to staff, outside the groups of the desk.

pub use crate::desk::escalation::{Account, Reach, StaffChat};
use crate::desk::ids::SummonsId;

/// A text for an agent's own chat or for the chat of the staff. It names no topic, and never goes into a group that the desk works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summons {
    /// The row.
    pub summons: SummonsId,
    /// To whom.
    pub to: Reach,
    /// What to say, plain text.
    pub text: String,
    /// Fixed when it was written; the key of Telegram's own deduplication.
    pub random_id: i64,
}
