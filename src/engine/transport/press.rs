//! Buttons under a message of a bot, and presses of them.

use crate::desk::ids::{MessageId, PersonId};

/// A button that tells the bot when it is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// What the bot is told; 1 to 64 bytes.
    pub data: Vec<u8>,
}

/// Somebody has pressed a button. Their program says what it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// Of which message.
    pub message: MessageId,
    /// Who.
    pub by: PersonId,
    /// Telegram's number of the press, to be answered soon.
    pub query: i64,
    /// What the button says.
    pub data: Vec<u8>,
}
