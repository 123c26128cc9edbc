//! The clipboard of tmux, which passes on to the terminal what it is given.

use std::io::Write;
use std::process::{Command, Stdio};

/// Gives tmux a text, and through it the terminal.
pub(crate) fn tmux(text: &str) -> Result<(), String> {
    let failed = |why: std::io::Error| format!("tmux: {why}");
    let mut child = Command::new("tmux")
        .args(["load-buffer", "-w", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err("tmux did not take the text".to_owned()) }
}
