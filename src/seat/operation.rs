//! What can be asked of a running desk as a whole, and what it says of itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::clock::Timestamp;
use crate::desk::authority::Authority;
use crate::desk::ids::AgentName;

/// Something about the desk as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "operation")]
pub enum Request {
    /// How the desk is.
    Status,
    /// Who sits at it.
    Seats,
    /// End; whoever keeps it running may start it again.
    Stop,
    /// Read `desk.toml` again.
    Reload,
    /// Write a copy of the desk into a file of the engine's machine.
    Backup {
        /// Where; absolute.
        to: PathBuf,
    },
    /// Log more, or less, from now on.
    Log {
        /// `warn`, `info` or `debug`.
        level: String,
    },
}

impl Request {
    /// Tells what somebody has to be to ask for it.
    pub fn needs(&self) -> Authority {
        match self {
            Request::Status | Request::Seats => Authority::Agent,
            Request::Stop | Request::Reload | Request::Backup { .. } | Request::Log { .. } => Authority::Admin,
        }
    }
}

/// What became of a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// How the desk is.
    Status(StatusView),
    /// Who sits at it, longest first.
    Seats {
        /// Each.
        seats: Vec<SeatView>,
    },
    /// It is done; what there is to say.
    Done {
        /// A sentence.
        said: String,
    },
}

/// A running desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// Its name.
    pub desk: String,
    /// The engine's process.
    pub pid: u32,
    /// The program's version.
    pub program: String,
    /// Since when it runs.
    pub since: Timestamp,
    /// How many seats there are.
    pub seats: usize,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// Whose.
    pub agent: AgentName,
    /// What they may do.
    pub authority: Authority,
    /// The user id of its process, as the kernel says.
    pub uid: u32,
    /// Its process.
    pub pid: Option<i32>,
    /// The program's version.
    pub program: String,
    /// Since when it is attached.
    pub since: Timestamp,
    /// How many screens it has open: 0 is a command.
    pub screens: u32,
}

/// A request on its way to whoever runs the desk.
#[derive(Debug)]
pub struct Operation {
    /// What.
    pub request: Request,
    /// Who asks; they may.
    pub by: AgentName,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Answer, String>>,
    /// Ends when the answer has been written to the seat, or the seat has gone: before that a desk must not end.
    pub heard: oneshot::Receiver<()>,
}
