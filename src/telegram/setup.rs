//! What the room has to be told before it can do anything.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::secret::Secret;
use super::selector::GroupSelector;
use crate::clock::Clock;

/// Where a sandbox listens, and the key that stands in for a key exchange.
#[derive(Clone, Debug)]
pub struct SandboxTarget {
    /// Its address.
    pub address: SocketAddr,
    /// The data centre it plays.
    pub dc_id: i32,
    /// Hexadecimal, 256 bytes.
    pub auth_key: Secret,
}

/// What the room has to be told.
#[derive(Clone, Debug)]
pub struct Setup {
    /// From my.telegram.org.
    pub api_id: i32,
    /// From my.telegram.org.
    pub api_hash: Secret,
    /// The file `session.db`.
    pub session: PathBuf,
    /// The topic group; without it, the only forum that the account knows.
    pub group: Option<GroupSelector>,
    /// A sandbox instead of Telegram.
    pub sandbox: Option<SandboxTarget>,
    /// Pace of the backfill after a burst of 30 calls; 0 for as fast as it goes.
    pub calls_per_second: f64,
    /// What time it is.
    pub clock: Clock,
}
