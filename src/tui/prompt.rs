//! A line that is typed at the bottom of the screen, and what it is for.

use super::widgets::line_edit::LineEdit;
use crate::desk::ids::{MessageId, TicketKey};

/// A line that is typed at the bottom.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    /// What it is for.
    pub(crate) kind: PromptKind,
    /// What was typed.
    pub(crate) line: LineEdit,
}

/// What a prompt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptKind {
    /// Filter the queue.
    Filter,
    /// Find in the thread.
    Find,
    /// Go to a ticket by number.
    Number,
    /// Where to save the file of a message of the open ticket.
    Save(MessageId),
    /// Which file goes with the reply to a ticket.
    Attach(TicketKey),
    /// How much the marked tickets, or the one at hand, matter.
    Priority,
    /// What kind of matter they are.
    Category,
    /// Whose work they are.
    Team,
    /// Which tags they get and lose.
    Tags,
    /// What is said to all marked tickets.
    BulkReply,
    /// The title of the topic for the ticket that is opened from General.
    Title,
}

impl PromptKind {
    /// Tells what stands before the line.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            PromptKind::Filter => " filter: ",
            PromptKind::Find => " find: ",
            PromptKind::Number => " go to ticket #",
            PromptKind::Save(_) => " save as: ",
            PromptKind::Attach(_) => " attach file: ",
            PromptKind::Priority => " priority (low, normal, high, urgent): ",
            PromptKind::Category => " category (- for none): ",
            PromptKind::Team => " team (- for none): ",
            PromptKind::Tags => " tags (+add -remove): ",
            PromptKind::BulkReply => " reply to all marked: ",
            PromptKind::Title => " title of the new topic: ",
        }
    }
}
