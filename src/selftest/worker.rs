//! The worker: a real engine process of the kill rounds. It says when it is up, carries out the commands on its standard input, and
//! answers each on its standard output; one JSON value a line. It ends when its input does, or when it is killed.

use std::io::{BufRead, Write, stdin, stdout};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::SelftestError;
use super::passages::Working;
use super::sabotage::{Passage, Sabotage};
use super::stage::Address;
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::{AgentName, CommandId};
use crate::engine::handle::Receipt;

/// The first line of a worker's input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) address: Address,
    pub(super) log: PathBuf,
    pub(super) sabotage: Option<Sabotage>,
}

/// Every other line of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) id: CommandId,
    pub(super) agent: AgentName,
    pub(super) command: Command,
}

/// A line of its output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// The desk is open.
    Up,
    /// A command was answered.
    Answered { id: CommandId, answer: Box<Result<Receipt, Refusal>> },
}

/// Works until the input ends.
///
/// # Errors
/// The desk cannot be opened; the input is not what it should be.
pub async fn work() -> Result<(), SelftestError> {
    let (lines, mut asked) = mpsc::unbounded_channel();
    std::thread::spawn(move || stdin().lock().lines().map_while(Result::ok).all(|line| lines.send(line).is_ok()));
    let damaged = |error: serde_json::Error| SelftestError::Stage(format!("a damaged line: {error}"));
    let Some(first) = asked.recv().await else { return Ok(()) };
    let Begin { address, log, sabotage } = serde_json::from_str(&first).map_err(damaged)?;
    super::watch_log(&log);
    let working = Working::open(&address, sabotage)?;
    let passage = Passage::new(sabotage);
    say(&Said::Up)?;
    while let Some(line) = asked.recv().await {
        let Asked { id, agent, command } = serde_json::from_str(&line).map_err(damaged)?;
        let handle = working.desk.handle(agent);
        if let Some(besides) = passage.besides(&command) {
            // The defect's own doing: nobody waits for it.
            let _ignored = handle.submit(CommandId(format!("{}-besides", id.0)), besides).await;
        }
        let answer = handle.submit(id.clone(), command).await;
        say(&Said::Answered { id, answer: Box::new(answer) })?;
    }
    working.stop();
    Ok(())
}

fn say(said: &Said) -> Result<(), SelftestError> {
    let line = serde_json::to_string(said).map_err(|error| SelftestError::Stage(error.to_string()))?;
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
