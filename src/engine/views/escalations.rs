//! Escalations as screens and JSON show them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::escalation::Cause;
use crate::desk::ids::{AgentName, TicketKey};

/// The escalation of a ticket whose cause holds still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationView {
    /// The rule.
    pub rule: String,
    /// What for, in words.
    pub why: String,
    /// When it was due.
    pub at: Timestamp,
}

/// A firing of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiringView {
    /// For which ticket.
    pub ticket: TicketKey,
    /// Its title.
    pub title: String,
    /// The rule.
    pub rule: String,
    /// What for.
    #[serde(flatten)]
    pub cause: Cause,
    /// What for, in words.
    pub why: String,
    /// When it was due.
    pub due: Timestamp,
    /// When it fired.
    pub at: Timestamp,
    /// Who was told.
    pub told: Vec<AgentName>,
    /// The rule had reached its cap.
    pub held: bool,
    /// The cause holds still.
    pub stands: bool,
}
