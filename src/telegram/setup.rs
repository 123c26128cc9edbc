//! What the room has to be told before it can do anything.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::selector::GroupSelector;
use crate::clock::Clock;
use crate::engine::transport::Secret;

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

/// A group that is to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub selector: GroupSelector,
    /// What the desk calls it.
    pub name: Option<String>,
}

impl Wanted {
    /// Tells what to call it while nothing is known of it.
    pub(crate) fn label(&self) -> String {
        self.name.clone().unwrap_or_else(|| match &self.selector {
            GroupSelector::Title(title) => title.clone(),
            selector => selector.to_string(),
        })
    }
}

impl From<GroupSelector> for Wanted {
    fn from(selector: GroupSelector) -> Wanted {
        Wanted { selector, name: None }
    }
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
    /// The topic groups; without any, the only forum that the account knows.
    pub groups: Vec<Wanted>,
    /// A sandbox instead of Telegram.
    pub sandbox: Option<SandboxTarget>,
    /// Pace of the backfill after a burst of 30 calls; 0 for as fast as it goes.
    pub calls_per_second: f64,
    /// What time it is.
    pub clock: Clock,
}
