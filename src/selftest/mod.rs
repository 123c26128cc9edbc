//! SELFTEST: the proof that nothing is lost, sent twice or said to the wrong people.
//!
//! [`simulate`] runs the engine against a small model of Telegram that is made of values: seeded, replayable, thousands of times a
//! minute. Each run ends in three counts that have to be zero: *lost* (something of the world that the desk does not show, or a reply
//! that is not in the world), *repeated* (twice in either) and *leaked* (an internal note, a draft or a secret where it must not be).
//!
//! A count that is never anything but zero proves nothing, so [`sabotage`] breaks the program in four known ways between the engine and
//! its world, and the matching count has to find it. Nothing outside of this room can reach that.

use std::path::Path;
use std::sync::Mutex;

use thiserror::Error;

use crate::engine::EngineError;
use crate::store::StoreError;

pub mod kill;
mod ledger;
mod passages;
pub mod sabotage;
pub mod seats;
pub mod simulate;
pub mod soak;
mod stage;
pub mod worker;

/// Why a selftest could not be run. What it finds is no error.
#[derive(Debug, Error)]
pub enum SelftestError {
    /// Sandbox, folder or login could not be set up.
    #[error("the selftest cannot be set up: {0}")]
    Stage(String),
    /// The desk could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The desk's database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A process could not be started, spoken to or killed.
    #[error("the engine's process: {0}")]
    Process(#[from] std::io::Error),
}

/// Writes what the program logs into a file, to look for secrets in it. A process that logs elsewhere already goes on with that.
fn watch_log(path: &Path) {
    let Ok(file) = std::fs::OpenOptions::new().create(true).append(true).open(path) else { return };
    let filter = tracing_subscriber::EnvFilter::new("warn,topicdesk=debug");
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file));
    // Only the first one of a process counts.
    let _second = log.try_init();
}

/// Stands in every internal note and draft of the selftests, and must never leave the desk.
const CANARY: &str = "canary-7f3a";
