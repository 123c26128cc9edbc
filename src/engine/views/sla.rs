//! Clocks as screens and JSON show them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
pub use crate::desk::sla::{ClockName, ClockState, Verdict};

/// What is due next of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueView {
    /// Which clock.
    pub clock: ClockName,
    /// When it has run down.
    pub at: Timestamp,
    /// When the desk warns of it.
    pub warns_at: Timestamp,
    /// It had run down when this was read.
    pub overdue: bool,
    /// The policy.
    pub policy: String,
}

/// A clock of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockView {
    /// Which.
    pub clock: ClockName,
    /// The business time that is promised, in seconds.
    pub target_seconds: u64,
    /// What started it.
    pub started: Timestamp,
    /// What it is doing.
    pub state: ClockState,
    /// When it has run down, or will have; `None` while it stands still, or if it ended in time.
    pub deadline: Option<Timestamp>,
    /// When the desk warns.
    pub warns_at: Option<Timestamp>,
    /// The business time that is left, in seconds.
    pub left_seconds: u64,
    /// It has run down.
    pub breached: bool,
}

/// A ticket's policy and clocks, and why it is this policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaView {
    /// The policy that holds; `None`: none fits.
    pub policy: Option<String>,
    /// The name of its hours; `None`: at all hours.
    pub hours: Option<String>,
    /// The desk is open by those hours.
    pub open: bool,
    /// When it opens next, if it is closed.
    pub opens_at: Option<Timestamp>,
    /// The clocks that were started.
    pub clocks: Vec<ClockView>,
    /// Every policy, in order.
    pub policies: Vec<Verdict>,
}
