//! Agents, their presence and load, and why a ticket went where it did, as screens and JSON show them.

use serde::{Deserialize, Serialize};

use super::SlaView;
use crate::clock::Timestamp;
pub use crate::desk::event::Lapse;
use crate::desk::ids::{AgentName, TeamName, TicketKey};
pub use crate::desk::intake::RuleVerdict;
pub use crate::desk::presence::Presence;
pub use crate::desk::routing::{Assign, CandidateVerdict, Decision, TeamVerdict};
use crate::desk::tags::Tag;

/// An agent, as whoever gives out work sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// The name.
    pub agent: AgentName,
    /// Whether they are there.
    pub presence: Presence,
    /// Since when, if that is known.
    pub since: Option<Timestamp>,
    /// How many tickets they have in hand: assigned and in progress.
    pub load: u32,
    /// How many they have at most by themselves.
    pub capacity: Option<u32>,
    /// The hours in which they are on duty.
    pub hours: Option<String>,
    /// What they know.
    pub skills: Vec<Tag>,
    /// Others hand over to them.
    pub senior: bool,
    /// Their teams.
    pub teams: Vec<TeamName>,
    /// Why they are given nothing by themselves at present; `None`: they would be.
    pub bar: Option<String>,
}

/// What the rules make of a ticket, and what they made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Which ticket.
    pub ticket: TicketKey,
    /// The intake rules in order, as they would be applied to the first message now.
    pub intake: Vec<RuleVerdict>,
    /// The intake rules that were applied to this episode; `None`: it never went through intake.
    pub applied: Option<Vec<String>>,
    /// Whose it is.
    pub assignee: Option<AgentName>,
    /// What routing has done last with this episode: whom it chose and why, or from whom it took it back.
    pub last: Option<String>,
    /// It is held until then, because its customer has opened many topics at once.
    pub held_until: Option<Timestamp>,
    /// It waits to be given away.
    pub in_line: bool,
    /// When it is taken back from its assignee, and why, if nobody answers.
    pub taken_back_at: Option<(Timestamp, Lapse)>,
    /// What routing would do with it now, were it nobody's.
    pub routing: Decision,
    /// Its policy and clocks, and why it is this policy; `None`: there are no policies.
    pub sla: Option<SlaView>,
}
