//! The life of a ticket: the one place where a status is moved (DESIGN §4).
//!
//! What has happened goes through [`happen`], what an agent asks for through [`decide`]; both tell events and change
//! nothing. [`apply`] folds an event into a ticket, [`fold`] a whole log. [`next_wake`] tells when time itself will move the
//! ticket. All of it is pure: the time is an argument, and the same log gives the same ticket for ever.

mod decide;
mod escalate;
mod fold;
mod happen;
mod taken_back;
mod text;
mod timers;

use crate::clock::Timestamp;

pub use decide::decide;
pub use escalate::escalate;
pub use fold::{apply, effective, fold};
pub use happen::happen;
pub use taken_back::taken_back;
pub use timers::next_wake;

use super::event::{Actor, Event, Lapse, Recorded, Why, Writer};
use super::ids::{AgentName, EventId, MessageId, PersonId, TeamName, TicketKey};
use super::people::Role;
use super::rules::Rules;
use super::ticket::{Pending, Standing, Status, Ticket};

/// Something that happens to a ticket without a command: in Telegram, or by the passing of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody wrote a public message, or a reply of the desk was delivered ([`Writer::Desk`]).
    Wrote {
        /// The message.
        message: MessageId,
        /// By whom.
        writer: Writer,
        /// It says nothing but thanks; whether that matters is decided here.
        thanks: bool,
    },
    /// A message was edited.
    Edited {
        /// The message.
        message: MessageId,
        /// Staff had answered it before: whoever answered should look again.
        answered: bool,
    },
    /// A message was deleted.
    Deleted {
        /// The message.
        message: MessageId,
    },
    /// The customer left the group or was removed (`true`), or came back.
    CustomerGone {
        /// What they are now.
        gone: bool,
    },
    /// The topic got another title.
    Renamed {
        /// The new one, safe.
        title: String,
    },
    /// The topic was closed.
    TopicClosed {
        /// What the one who closed it is for this ticket.
        by: Role,
    },
    /// The topic was reopened.
    TopicReopened,
    /// The topic was deleted.
    TopicDeleted,
    /// The date until which it was pending has come.
    UntilReached,
    /// The date until which it was hidden has come.
    SnoozeEnded,
    /// Nothing has happened for long: auto-pending, auto-resolve or auto-close, as the status has it.
    Inactive,
    /// The first synchronisation has replayed the history and asks whether the ticket is too old to be worked.
    Import,
    /// Routing gives it to an agent.
    Routed {
        /// Whom.
        to: AgentName,
        /// The team that chose.
        team: TeamName,
        /// The rule that named the team.
        rule: Option<String>,
        /// Why it is this agent.
        because: String,
    },
    /// Its assignee has not done what they should: it goes back to routing.
    Lapsed {
        /// What.
        lapse: Lapse,
    },
    /// A nudge has left.
    Nudged,
    /// A confirmation has left.
    ResolutionTold,
    /// A survey has left.
    SurveyAsked {
        /// The message that asks.
        message: MessageId,
    },
    /// The customer has answered the survey.
    Scored {
        /// From 1 to 5.
        score: u8,
        /// The message that says it; `None`: a button was pressed.
        message: Option<MessageId>,
    },
    /// The customer's language was guessed.
    LanguageGuessed {
        /// ISO 639-1.
        language: String,
    },
}

/// What a decision has to know besides the ticket.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The rules of the desk.
    pub rules: &'a Rules,
    /// Telegram's date for what happened there, the engine's clock for commands and timers.
    pub at: Timestamp,
    /// The ticket's assignee is away, so that the ticket should not come back to them.
    pub assignee_away: bool,
    /// A reply of the desk is on its way: the customer is being answered, though not yet by Telegram's dates.
    pub answering: bool,
}

/// What follows from a command that was not refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// What has happened by it, in order; empty when nothing has to change.
    pub events: Vec<Event>,
    /// What the agent should be told.
    pub notice: Option<String>,
    /// Everything is as was asked for already; the notice says how.
    pub unchanged: bool,
}

/// Tells the events with which a ticket begins: its first episode, and its customer if known.
pub fn open(title: String, customer: Option<PersonId>) -> Vec<Event> {
    let opened = Event::Opened { episode: 1, title, standing: Standing::NEW, why: None };
    std::iter::once(opened).chain(customer.map(|customer| Event::CustomerSet { customer })).collect()
}

/// Makes what stands for a topic that is no ticket (General, ignored, opened by staff) where a screen needs one: nobody's, Open.
pub fn unopened(key: TicketKey, title: String, at: Timestamp) -> Ticket {
    let event = Event::Opened { episode: 1, title, standing: Standing::NEW, why: None };
    let recorded = Recorded { id: EventId(0), ticket: key, at, by: Actor::Desk, event };
    apply(None, &recorded).expect("`Opened` makes a ticket of nothing")
}

/// Makes the standing of a ticket that is worked on: InProgress with an assignee, Open without.
fn in_work(assignee: Option<AgentName>) -> Standing {
    let status = if assignee.is_some() { Status::InProgress } else { Status::Open };
    Standing { status, assignee, pending: None }
}

/// Makes the standing that differs from the ticket's by its status alone. Not for Pending.
fn with_status(ticket: &Ticket, status: Status) -> Standing {
    Standing { status, assignee: ticket.standing.assignee.clone(), pending: None }
}

fn pending(assignee: Option<AgentName>, pending: Pending) -> Standing {
    Standing { status: Status::Pending, assignee, pending: Some(pending) }
}

fn moved(standing: Standing, why: Why) -> Event {
    Event::Moved { standing, why }
}

/// Tells the event that begins the next episode of a closed ticket. It stays with its assignee if it came to them not
/// longer ago than `keep_assignee` and they are not away.
fn next_episode(ticket: &Ticket, why: Why, context: &Context<'_>) -> Event {
    let kept = |since: Timestamp| context.at.since(since) <= context.rules.keep_assignee;
    let keeps = !context.assignee_away && ticket.assigned_at.is_some_and(kept);
    let assignee = ticket.standing.assignee.clone().filter(|_| keeps);
    Event::Opened {
        episode: ticket.episode.saturating_add(1),
        title: ticket.title.clone(),
        standing: in_work(assignee),
        why: Some(why),
    }
}

/// Tells what reopening does: nothing to a live ticket.
fn reopen(ticket: &Ticket, why: Why, context: &Context<'_>) -> Option<Event> {
    match ticket.standing.status {
        Status::Open | Status::Assigned | Status::InProgress | Status::Pending => None,
        Status::Resolved => Some(moved(in_work(ticket.standing.assignee.clone()), why)),
        Status::Closed => Some(next_episode(ticket, why, context)),
    }
}
