//! Asks whether what the guard has found goes out all the same: a person at a terminal is asked, a script has to say `--force`.

use std::io::{IsTerminal, stdin};

use super::ask::Person;
use super::failure::{Done, Failure};
use crate::desk::command::{Command, Refusal};
use crate::engine::handle::{Handle, Receipt, new_command_id};

/// Has a command carried out that may send something; `command` is made anew for a yes. What was found is told, masked.
pub(super) async fn submit(handle: &Handle, force: bool, command: impl Fn(bool) -> Command) -> Done<Receipt> {
    match handle.submit(new_command_id(), command(force)).await {
        Err(refusal @ Refusal::Guarded(_)) => {
            let words = refusal.to_string();
            if !stdin().is_terminal() {
                return Err(Failure::error(format!("not sent: {words} (--force sends it)")));
            }
            if !yes(&format!("{words}. Send it all the same?"))? {
                return Err(Failure::error("not sent"));
            }
            Ok(handle.submit(new_command_id(), command(true)).await?)
        }
        other => Ok(other?),
    }
}

/// Asks a person; only `y` and `yes` are yes.
pub(super) fn yes(question: &str) -> Done<bool> {
    let answer = Person.line(&format!("{question} [y/N]")).map_err(Failure::error)?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}
