//! The log: one file a day in the desk's data folder, seven of them, readable by their owner only.
//!
//! The rooms log what happens, never what people write and never a secret; `-v` shows more of it, never other things.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// How much is logged, least first.
pub(super) const LEVELS: [&str; 3] = ["warn", "info", "debug"];

type Change = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Changes how much is logged.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// How many days are kept.
const KEPT: usize = 7;

/// Begins to log into a folder. A folder that cannot be written is told once and costs no command its work.
pub(super) fn begin(folder: &Path, verbose: u8) {
    if let Err(error) = open(folder, verbose) {
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("topicdesk: no log is kept: {}: {error}\n", folder.display()),
        );
    }
}

fn open(folder: &Path, verbose: u8) -> Result<(), Box<dyn std::error::Error>> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("topicdesk")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(folder)?;
    // A log that cannot be written must not write over the screen instead.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(LEVELS[usize::from(verbose.min(2))]))
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(Mutex::new(files))
        .with_filter_reloading();
    let change = subscriber.reload_handle();
    // A second log in one process would be none: the first stays.
    if subscriber.finish().try_init().is_ok() {
        let change = move |level: &str| change.reload(filter(level)).map_err(|error| error.to_string());
        let _first = CHANGE.set(Box::new(change));
    }
    Ok(())
}

/// The protocol crates would log whole calls, which hold what people write: they say only what goes wrong.
fn filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("warn,topicdesk={level}"))
}

/// Logs more, or less, from now on.
///
/// # Errors
/// There is no such level, or no log.
pub(super) fn change(level: &str) -> Result<(), String> {
    if !LEVELS.contains(&level) {
        return Err(format!("there is no level `{}`: there are {}", level.escape_debug(), LEVELS.join(", ")));
    }
    CHANGE.get().ok_or_else(|| "no log is kept".to_owned())?(level)
}
