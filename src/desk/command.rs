//! Commands: what an agent asks of the desk, in the imperative; and the typed refusals.
//!
//! No command contains its author: the handle through which it comes stamps it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::along::Along;
use super::files::Attachment;
use super::guard::{Found, in_words};
use super::ids::{AgentName, EventId, MessageId, OutboxId, PersonId, ScreenId, TeamName, TicketKey};
use super::intake::Category;
use super::tags::{Priority, Tag};
use super::ticket::{Pending, PendingReason};
use crate::clock::Timestamp;

/// What an agent asks of the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Take an unassigned ticket.
    Claim {
        /// Which.
        ticket: TicketKey,
    },
    /// Give it to an agent, with an optional note, in one step.
    Assign {
        /// Which.
        ticket: TicketKey,
        /// To whom.
        to: AgentName,
        /// An internal note for them.
        note: Option<String>,
    },
    /// Take it from whoever has it.
    TakeOver {
        /// Which.
        ticket: TicketKey,
    },
    /// Give it back.
    Release {
        /// Which.
        ticket: TicketKey,
    },
    /// Send a public reply.
    Reply {
        /// Which.
        ticket: TicketKey,
        /// What to say.
        text: String,
        /// The message to quote.
        reply_to: Option<MessageId>,
        /// Leave the undo window open.
        hold: bool,
        /// The highest message the agent had on the screen. If somebody else has written since, it waits for a word of
        /// theirs ([`Doubt`](super::thread::Doubt)). `None`: send it whatever was written.
        seen: Option<MessageId>,
        /// A file to go with it; the text may be empty then.
        #[serde(default)]
        file: Option<Attachment>,
        /// What goes along with it: a template's actions, above all.
        #[serde(default)]
        along: Along,
    },
    /// Write an internal note.
    Note {
        /// Which.
        ticket: TicketKey,
        /// What to note.
        text: String,
    },
    /// Set it pending.
    SetPending {
        /// Which.
        ticket: TicketKey,
        /// Why and until when.
        pending: Pending,
    },
    /// Resolve it.
    Resolve {
        /// Which.
        ticket: TicketKey,
    },
    /// Reopen it.
    Reopen {
        /// Which.
        ticket: TicketKey,
    },
    /// Close it.
    Close {
        /// Which.
        ticket: TicketKey,
        /// Why; may be empty.
        reason: String,
    },
    /// Close it as a duplicate.
    Duplicate {
        /// Which.
        ticket: TicketKey,
        /// Where the matter goes on.
        of: TicketKey,
    },
    /// Say that the unanswered messages need no answer.
    NoReplyNeeded {
        /// Which.
        ticket: TicketKey,
    },
    /// Hide it until then, or show it again.
    Snooze {
        /// Which.
        ticket: TicketKey,
        /// `None`: no longer.
        until: Option<Timestamp>,
    },
    /// Say how much it matters.
    SetPriority {
        /// Which.
        ticket: TicketKey,
        /// How much.
        priority: Priority,
    },
    /// Say what kind of matter it is.
    SetCategory {
        /// Which.
        ticket: TicketKey,
        /// `None`: of no kind.
        category: Option<Category>,
    },
    /// Say whose work it is. One that is nobody's is given away anew.
    SetTeam {
        /// Which.
        ticket: TicketKey,
        /// `None`: no team's in particular.
        team: Option<TeamName>,
    },
    /// Add tags and take tags away.
    Tag {
        /// Which.
        ticket: TicketKey,
        /// Those to add; those it has stay.
        add: Vec<Tag>,
        /// Those to take away; those it has not are no mistake.
        remove: Vec<Tag>,
    },
    /// Say whose matter it is.
    SetCustomer {
        /// Which.
        ticket: TicketKey,
        /// Who.
        customer: PersonId,
    },
    /// Open a ticket from messages of General: a topic is created, they are forwarded there, and General is told where. The receipt
    /// names the row of the outbox that does it.
    OpenFrom {
        /// General.
        ticket: TicketKey,
        /// Which messages; the author of the first one is the customer.
        messages: Vec<MessageId>,
        /// The title of the topic.
        title: String,
        /// As in [`Along`].
        #[serde(default)]
        confirmed: bool,
    },
    /// Make a ticket of a topic that staff opened.
    OpenTicket {
        /// The topic.
        ticket: TicketKey,
    },
    /// Keep a topic out of the desk, or take it in again.
    Ignore {
        /// The topic.
        ticket: TicketKey,
        /// `false`: take it in again.
        ignored: bool,
    },
    /// Take back one's own newest move of a ticket.
    Undo {
        /// Which.
        ticket: TicketKey,
        /// The event, as the receipt named it.
        event: EventId,
    },
    /// Take a reply that is held or parked aside to change it: it does not leave meanwhile. The receipt gives its text.
    HoldOutbox {
        /// The row; parts of the same text that come after it are held too.
        outbox: OutboxId,
    },
    /// Change the text of a reply that is held or parked, and send it.
    EditOutbox {
        /// The row; it takes the place of the parts of the same text that come after it.
        outbox: OutboxId,
        /// The new text.
        text: String,
        /// As in `Reply`.
        seen: Option<MessageId>,
        /// As in [`Along`].
        #[serde(default)]
        confirmed: bool,
    },
    /// Throw away a reply that is held or parked.
    DiscardOutbox {
        /// The row; parts of the same text that come after it go too.
        outbox: OutboxId,
    },
    /// Take back a reply that is held or parked: its text becomes the agent's draft, unless they are writing something else.
    TakeBack {
        /// The row; parts of the same text that come after it come back too.
        outbox: OutboxId,
    },
    /// Send a reply that is parked or waits for a word.
    RetryOutbox {
        /// The row; all parts of the same text that are stopped go with it.
        outbox: OutboxId,
        /// As in `Reply`.
        seen: Option<MessageId>,
    },
    /// Change the text of a message that the agent has sent from the desk.
    EditMessage {
        /// In which ticket.
        ticket: TicketKey,
        /// Which.
        message: MessageId,
        /// What it is to say.
        text: String,
        /// As in [`Along`].
        #[serde(default)]
        confirmed: bool,
    },
    /// Delete a message that the agent has sent from the desk.
    DeleteMessage {
        /// In which ticket.
        ticket: TicketKey,
        /// Which.
        message: MessageId,
    },
    /// Have the file of a message fetched into the cache; the receipt tells where it is or will be.
    Fetch {
        /// Of which ticket.
        ticket: TicketKey,
        /// Of which message.
        message: MessageId,
    },
    /// Keep what is being written; empty text forgets it.
    SaveDraft {
        /// Which.
        ticket: TicketKey,
        /// What stands in the composer.
        text: String,
        /// It is an internal note.
        note: bool,
    },
    /// Remember up to which message the agent has seen the thread.
    MarkSeen {
        /// Which.
        ticket: TicketKey,
        /// The highest message on the screen.
        message: MessageId,
    },
    /// Compare what the desk has with Telegram once more.
    Recheck {
        /// Which; `None`: everything.
        ticket: Option<TicketKey>,
    },
    /// Say that one is away, so that nothing is given to one by itself, or back again.
    SetPresence {
        /// `false`: back again.
        away: bool,
    },
    /// Tell the desk that a screen is open and when somebody was at it, or that it is closed.
    Screen {
        /// Which screen.
        screen: ScreenId,
        /// How long ago the last key was pressed there; `None`: it is closed.
        used: Option<Duration>,
    },
    /// Say that one is writing to the customer, now: colleagues see it, and where that is wanted the customer.
    Typing {
        /// On which screen.
        screen: ScreenId,
        /// Which.
        ticket: TicketKey,
    },
    /// Tell the desk what one has on a screen, so that colleagues see it.
    Look {
        /// Which screen.
        screen: ScreenId,
        /// `None`: nothing any more.
        ticket: Option<TicketKey>,
    },
}

impl Command {
    /// Tells the ticket it is about; `None` for those that name an outbox row.
    pub fn ticket(&self) -> Option<TicketKey> {
        match self {
            Command::Claim { ticket }
            | Command::Assign { ticket, .. }
            | Command::TakeOver { ticket }
            | Command::Release { ticket }
            | Command::Reply { ticket, .. }
            | Command::Note { ticket, .. }
            | Command::SetPending { ticket, .. }
            | Command::Resolve { ticket }
            | Command::Reopen { ticket }
            | Command::Close { ticket, .. }
            | Command::Duplicate { ticket, .. }
            | Command::NoReplyNeeded { ticket }
            | Command::Snooze { ticket, .. }
            | Command::SetPriority { ticket, .. }
            | Command::SetCategory { ticket, .. }
            | Command::SetTeam { ticket, .. }
            | Command::Tag { ticket, .. }
            | Command::SetCustomer { ticket, .. }
            | Command::OpenFrom { ticket, .. }
            | Command::OpenTicket { ticket }
            | Command::Ignore { ticket, .. }
            | Command::Undo { ticket, .. }
            | Command::EditMessage { ticket, .. }
            | Command::DeleteMessage { ticket, .. }
            | Command::Fetch { ticket, .. }
            | Command::SaveDraft { ticket, .. }
            | Command::MarkSeen { ticket, .. }
            | Command::Typing { ticket, .. } => Some(*ticket),
            Command::Recheck { ticket } | Command::Look { ticket, .. } => *ticket,
            Command::SetPresence { .. }
            | Command::Screen { .. }
            | Command::HoldOutbox { .. }
            | Command::EditOutbox { .. }
            | Command::DiscardOutbox { .. }
            | Command::TakeBack { .. }
            | Command::RetryOutbox { .. } => None,
        }
    }
}

/// Why the desk does not do what it was asked: shown as it is, so each says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such ticket.
    #[error("there is no ticket {0}")]
    NoTicket(TicketKey),
    /// The ticket is another agent's.
    #[error("{ticket} is {assignee}'s since {since}: take over to make it yours")]
    Taken {
        /// Which.
        ticket: TicketKey,
        /// Whose.
        assignee: AgentName,
        /// Since when.
        since: Timestamp,
    },
    /// Resolved or closed.
    #[error("{0} is {1}: reopen it first")]
    Done(TicketKey, String),
    /// The customer is waiting, so waiting for the customer makes no sense.
    #[error("the customer of {0} is waiting: reply or snooze")]
    CustomerWaits(TicketKey),
    /// No such agent.
    #[error("there is no agent `{0}` in desk.toml")]
    NoAgent(AgentName),
    /// Nothing to say.
    #[error("the text is empty")]
    EmptyText,
    /// Longer than can be sent: its length, and the most.
    #[error("the text has {0} characters, at most {1} can be sent: shorten it")]
    TooLong(usize, usize),
    /// A `{{?…}}` is left.
    #[error("fill in {0} first")]
    Unfilled(String),
    /// The guard has found what should not leave by mistake.
    #[error("the text has what looks like {}: look at it, and send it only if you mean to", in_words(.0))]
    Guarded(Vec<Found>),
    /// Somebody has written since, so what was to follow the reply may be wrong now.
    #[error("somebody has written in {0} since: nothing was sent and nothing done; look first")]
    Overtaken(TicketKey),
    /// The topic is gone.
    #[error("the topic of {0} was deleted in Telegram: nothing can be sent there")]
    TopicGone(TicketKey),
    /// Undo came too late, or for something else than the newest move.
    #[error("cannot be undone: {0}")]
    NotUndoable(String),
    /// Nothing can be sent at present.
    #[error("nothing can be sent: {0}")]
    ReadOnly(String),
    /// The row has left, or is on its way.
    #[error("that reply is {0} already")]
    NotEditable(String),
    /// The date has passed.
    #[error("{0} has passed already")]
    Past(Timestamp),
    /// The agent may not do that.
    #[error("{0}")]
    NotAllowed(String),
    /// A command that makes no sense there.
    #[error("{0}")]
    Senseless(String),
    /// The store could not commit; nothing has happened.
    #[error("not saved: {0}")]
    NotSaved(String),
    /// The desk has stopped.
    #[error("the desk has stopped")]
    Stopped,
}

impl PendingReason {
    /// Tells whether the customer has to have been answered for it.
    pub const fn needs_answer(self) -> bool {
        matches!(self, PendingReason::Customer)
    }
}
