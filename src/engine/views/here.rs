//! Who else is at a ticket.

use serde::{Deserialize, Serialize};

use crate::desk::ids::AgentName;

/// Somebody who has a ticket on their screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// Who.
    pub agent: AgentName,
    /// They are writing to the customer.
    pub writing: bool,
}
