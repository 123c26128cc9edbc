//! What a screen should know at once: what has changed, and what should be heard.

use serde::{Deserialize, Serialize};

use super::{ClockName, FileNews, Lapse};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, TeamName, TicketKey};

/// Something that a screen should know at once: what has changed since the number before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Rises by at least one with every commit.
    pub number: u64,
    /// The tickets that changed; empty with `all`.
    pub changed: Vec<TicketKey>,
    /// Too much changed to name it.
    pub all: bool,
    /// What should be heard: new tickets and replies.
    pub alerts: Vec<Alert>,
}

/// Something that should be heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "alert")]
pub enum Alert {
    /// A new unassigned ticket.
    NewTicket {
        /// Which.
        ticket: TicketKey,
    },
    /// The topic of a ticket that an agent opens from General is there.
    Opened {
        /// The ticket.
        ticket: TicketKey,
        /// Who opens it.
        agent: AgentName,
    },
    /// A customer or participant wrote in a ticket of an agent.
    Reply {
        /// Which.
        ticket: TicketKey,
        /// Whose.
        assignee: AgentName,
    },
    /// A reply could not be sent, or was not sent without asking.
    Parked {
        /// Which.
        ticket: TicketKey,
        /// Whose reply.
        agent: AgentName,
        /// Why.
        why: String,
    },
    /// A note names an agent.
    Mentioned {
        /// Of which ticket.
        ticket: TicketKey,
        /// Whom.
        agent: AgentName,
        /// Who wrote it.
        by: AgentName,
    },
    /// A message could not be edited or deleted.
    NotChanged {
        /// In which ticket.
        ticket: TicketKey,
        /// Who wanted it.
        agent: AgentName,
        /// Why.
        why: String,
    },
    /// A clock of a ticket will soon have run down.
    Due {
        /// Which ticket.
        ticket: TicketKey,
        /// Which clock.
        clock: ClockName,
        /// When it runs down.
        deadline: Timestamp,
        /// Whose ticket it is.
        assignee: Option<AgentName>,
    },
    /// A clock of a ticket has just run down.
    Overdue {
        /// Which ticket.
        ticket: TicketKey,
        /// Which clock.
        clock: ClockName,
        /// When it ran down.
        deadline: Timestamp,
        /// Whose ticket it is.
        assignee: Option<AgentName>,
    },
    /// Clocks that ran down while nobody could say so, all together.
    Missed {
        /// How many.
        count: usize,
    },
    /// A rule has escalated a ticket.
    Escalated {
        /// Which ticket.
        ticket: TicketKey,
        /// The rule.
        rule: String,
        /// What for, in words.
        why: String,
        /// To whom it is said.
        to: Vec<AgentName>,
    },
    /// A rule has fired oftener than its cap allows: what it held back, all together.
    EscalationsHeld {
        /// The rule.
        rule: String,
        /// How many firings.
        count: usize,
        /// To whom it is said.
        to: Vec<AgentName>,
    },
    /// Rules that fired for what was due while nobody could be told, all together.
    EscalationsMissed {
        /// How many firings.
        count: usize,
        /// To whom it is said.
        to: Vec<AgentName>,
    },
    /// The desk gave a ticket to an agent.
    Assigned {
        /// Which.
        ticket: TicketKey,
        /// To whom.
        assignee: AgentName,
        /// The team that chose.
        team: TeamName,
    },
    /// The desk took a ticket back from an agent.
    TakenBack {
        /// Which.
        ticket: TicketKey,
        /// From whom.
        from: AgentName,
        /// Why.
        lapse: Lapse,
    },
    /// A customer has opened many topics at once: they are held, and given away together.
    Burst {
        /// The last of them.
        ticket: TicketKey,
        /// Who.
        customer: String,
        /// How many.
        topics: u32,
    },
    /// The way to the engine is lost, or there again.
    Engine(EngineNews),
    /// A file has come further, or not.
    File(FileNews),
    /// There is something else to suggest.
    Suggestions {
        /// For which ticket; `None`: perhaps for all.
        ticket: Option<TicketKey>,
    },
}

/// What has become of the way to the engine, for a screen that is not in its process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "engine")]
pub enum EngineNews {
    /// It is not to be reached: what is shown is as it was, and what is asked waits.
    Lost {
        /// Why.
        why: String,
    },
    /// It is there again, or another one is; all that waited was done. What went before need not have been told of.
    Back,
    /// It was gone, and runs in this process now: others attach to it.
    Hosting,
}
