//! What is done to tickets, as values: what can be repeated, what can be taken back, and what follows when it has settled.

use super::files::FileUse;
use crate::clock::Timestamp;
use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::desk::files::Attachment;
use crate::desk::ids::{AgentName, EventId, MessageId, OutboxId, TeamName, TicketKey};
use crate::desk::intake::Category;
use crate::desk::tags::{Priority, TagChange};
use crate::desk::ticket::Pending;
use crate::engine::views::TicketRow;

/// What `u` takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Undoable {
    /// A reply that may still be held.
    Reply {
        /// The row.
        outbox: OutboxId,
        /// Where it was going.
        ticket: TicketKey,
        /// What it says.
        text: String,
        /// What it quotes.
        reply_to: Option<MessageId>,
        /// The file that goes with it.
        file: Option<Attachment>,
        /// What came along with it.
        along: Along,
        /// The newest move that came along: it is taken back with the reply.
        moved: Option<EventId>,
    },
    /// A move of status or assignee.
    Move {
        /// Which ticket.
        ticket: TicketKey,
        /// Which event.
        event: EventId,
        /// What was done, in a word or two.
        done: String,
    },
    /// What moves neither status nor assignee: it is put back as it was.
    Back {
        /// Which ticket.
        ticket: TicketKey,
        /// What puts it back.
        what: Repeatable,
        /// What was done, in a word or two.
        done: String,
    },
    /// What cannot be taken back: `u` says so, and does not reach past it to something older.
    Final(String),
}

/// A desk action that `;` can do again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// Claim.
    Claim,
    /// Release.
    Release,
    /// Take over.
    TakeOver,
    /// Resolve.
    Resolve,
    /// Reopen.
    Reopen,
    /// No reply needed.
    NoReplyNeeded,
    /// Assign.
    Assign(AgentName, Option<String>),
    /// Set pending.
    SetPending(Pending),
    /// Snooze.
    Snooze(Option<Timestamp>),
    /// Close.
    Close(String),
    /// Set the priority.
    SetPriority(Priority),
    /// Set the category.
    SetCategory(Option<Category>),
    /// Set the team.
    SetTeam(Option<TeamName>),
    /// Change the tags.
    Tag(TagChange),
}

impl Repeatable {
    /// Makes the command for a ticket.
    pub(crate) fn command(&self, ticket: TicketKey) -> Command {
        match self.clone() {
            Repeatable::Claim => Command::Claim { ticket },
            Repeatable::Release => Command::Release { ticket },
            Repeatable::TakeOver => Command::TakeOver { ticket },
            Repeatable::Resolve => Command::Resolve { ticket },
            Repeatable::Reopen => Command::Reopen { ticket },
            Repeatable::NoReplyNeeded => Command::NoReplyNeeded { ticket },
            Repeatable::Assign(to, note) => Command::Assign { ticket, to, note },
            Repeatable::SetPending(pending) => Command::SetPending { ticket, pending },
            Repeatable::Snooze(until) => Command::Snooze { ticket, until },
            Repeatable::Close(reason) => Command::Close { ticket, reason },
            Repeatable::SetPriority(priority) => Command::SetPriority { ticket, priority },
            Repeatable::SetCategory(category) => Command::SetCategory { ticket, category },
            Repeatable::SetTeam(team) => Command::SetTeam { ticket, team },
            Repeatable::Tag(TagChange { add, remove }) => Command::Tag { ticket, add, remove },
        }
    }

    /// Tells what is asked before it is done to many.
    pub(crate) fn verb(&self) -> String {
        match self {
            Repeatable::Claim => "claim".to_owned(),
            Repeatable::Release => "release".to_owned(),
            Repeatable::TakeOver => "take over".to_owned(),
            Repeatable::Resolve => "resolve".to_owned(),
            Repeatable::Reopen => "reopen".to_owned(),
            Repeatable::NoReplyNeeded => "set \"no reply needed\" for".to_owned(),
            Repeatable::Assign(to, _) => format!("assign to {to}:"),
            Repeatable::SetPending(_) => "set pending:".to_owned(),
            Repeatable::Snooze(Some(_)) => "snooze".to_owned(),
            Repeatable::Snooze(None) => "show again:".to_owned(),
            Repeatable::Close(_) => "close".to_owned(),
            Repeatable::SetPriority(priority) => format!("set priority {priority} for"),
            Repeatable::SetCategory(category) => format!("set category {} for", none_or(category.as_ref())),
            Repeatable::SetTeam(team) => format!("set team {} for", none_or(team.as_ref())),
            Repeatable::Tag(_) => "tag".to_owned(),
        }
    }

    /// Tells what is said when it was done.
    pub(crate) fn done(&self) -> String {
        match self {
            Repeatable::Claim => "claimed".to_owned(),
            Repeatable::Release => "released".to_owned(),
            Repeatable::TakeOver => "taken over".to_owned(),
            Repeatable::Resolve => "resolved".to_owned(),
            Repeatable::Reopen => "reopened".to_owned(),
            Repeatable::NoReplyNeeded => "no reply needed".to_owned(),
            Repeatable::Assign(to, _) => format!("assigned to {to}"),
            Repeatable::SetPending(_) => "set pending".to_owned(),
            Repeatable::Snooze(Some(_)) => "snoozed".to_owned(),
            Repeatable::Snooze(None) => "shown again".to_owned(),
            Repeatable::Close(_) => "closed".to_owned(),
            Repeatable::SetPriority(priority) => format!("priority {priority}"),
            Repeatable::SetCategory(category) => format!("category {}", none_or(category.as_ref())),
            Repeatable::SetTeam(team) => format!("team {}", none_or(team.as_ref())),
            Repeatable::Tag(_) => "tagged".to_owned(),
        }
    }
}

fn none_or(word: Option<&impl ToString>) -> String {
    word.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// A command on its way, and what follows.
#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    /// Its ticket.
    pub(crate) ticket: Option<TicketKey>,
    /// When it was given.
    pub(crate) at: Timestamp,
    /// What follows.
    pub(crate) after: After,
}

/// What follows when a command has settled.
#[derive(Clone, Debug)]
pub(crate) enum After {
    /// Say so; then perhaps on to the next ticket.
    Desk(Repeatable),
    /// One of many: `(done, refused, of)` are counted under this number.
    Bulk(Repeatable, u64),
    /// A reply: the text comes back if it is refused.
    Reply {
        /// What it says.
        text: String,
        /// What it quotes.
        reply_to: Option<MessageId>,
        /// The file that goes with it.
        file: Option<Attachment>,
        /// What goes along with it.
        along: Along,
    },
    /// A reply to one of many: counted under this number.
    BulkReply {
        /// What it says.
        text: String,
        /// What goes along with it.
        along: Along,
        /// The number.
        batch: u64,
    },
    /// A note: the text comes back if it is refused.
    Note(String),
    /// A reply taken aside: it goes into the composer to be changed, with this text unless the receipt knows better.
    Change(OutboxId, String),
    /// A reply taken back: its text goes into the composer.
    TakenBack(Undoable),
    /// A move taken back: what it was.
    Undone(String),
    /// The comparison with Telegram has begun: of a ticket, or of everything.
    Verify(Option<TicketKey>),
    /// A file that was asked for: it is used as soon as it is there.
    Fetched(FileUse),
    /// Say these words.
    Say(String),
    /// A draft is saved: nothing, unless it is refused.
    Draft,
    /// Nothing at all.
    Ignored,
}

/// What a read for the next ticket is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum NextFor {
    /// To open it.
    #[default]
    Open,
    /// To open it after the one before was dealt with.
    AfterAction,
    /// To do this to it.
    Repeat(Repeatable),
}

/// A row that stays although its queue may not have it any more.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The row, as it was last read.
    pub(crate) row: TicketRow,
    /// It stands among the rows only because it is kept.
    pub(crate) inserted: bool,
}

/// Keys that arrive faster than anybody types.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Burst {
    /// How many characters in a row.
    pub(crate) count: u32,
    /// When the last one came.
    pub(crate) last: Timestamp,
    /// Enter is a line end until then.
    pub(crate) until: Timestamp,
}
