//! The log: one file a day in the desk's data folder, seven of them, readable by their owner only.
//!
//! The rooms log what happens, never what people write and never a secret; `-v` shows more of it, never other things.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Mutex;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

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
    let level = ["warn", "info", "debug"][usize::from(verbose.min(2))];
    // The protocol crates would log whole calls, which hold what people write.
    let filter = EnvFilter::new(format!("warn,topicdesk={level}"));
    // A log that cannot be written must not write over the screen instead.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(Mutex::new(files));
    // A second log in one process would be none: the first stays.
    let _ = subscriber.try_init();
    Ok(())
}
