//! THE DESK'S LOCAL SOCKET: many terminals, one engine.
//!
//! One process has the engine and [`listen`](server::listen)s; every other one [`attach`](client::attach)es and gets the same kind of
//! [`Handle`](crate::engine::handle::Handle) as if the engine were its own. Who somebody is, the kernel says (the user id of the other
//! end of the socket), and the gate that the server was given makes an agent of it; no frame can say otherwise.
//!
//! Promises: a command keeps its id over a reconnection, so it has one effect; a seat that does not read, floods or lies harms nobody
//! but itself; nothing of `session.db`, of the configuration or of another agent's drafts goes over the socket. Never: a rule of
//! the desk, or a look into the store.

pub mod client;
mod door;
mod files;
mod house;
mod protocol;
mod screens;
pub mod server;
mod socket;
mod turns;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a socket cannot be listened on, or a desk not be attached to.
#[derive(Debug, Error)]
pub enum SeatError {
    /// Nobody listens there.
    #[error("no desk is running: nobody listens at {}", .0.display())]
    Nobody(PathBuf),
    /// Somebody listens, but has hung up before a word, or does not answer the door: a moment later it may be another matter.
    #[error("the desk at {} has no room for another seat, or is ending", .0.display())]
    Closed(PathBuf),
    /// The system does not let this user connect.
    #[error(
        "this user may not attach to the desk at {}: an admin of this machine makes it a member of the socket's group \
         (`socket_group` in desk.toml); that counts from the next login on",
        .0.display()
    )]
    Denied(PathBuf),
    /// The desk does not let this seat in, and says why.
    #[error("{0}")]
    Refused(String),
    /// The desk does not do what it was asked, and says why.
    #[error("{0}")]
    Declined(String),
    /// The other end is another version.
    #[error("the running desk speaks version {theirs} of the seats' protocol, this program {ours}: {hint}")]
    Version {
        /// Of the engine.
        theirs: u32,
        /// Of this program.
        ours: u32,
        /// What to do.
        hint: &'static str,
    },
    /// What comes is no protocol.
    #[error("the other end of the socket says what makes no sense: {0}")]
    Nonsense(String),
    /// The place is not safe for a socket.
    #[error("{}: {why}", .path.display())]
    Unsafe {
        /// Where.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The system's.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        source: io::Error,
    },
}
