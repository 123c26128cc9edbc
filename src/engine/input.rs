//! What goes into a step of the engine, and what comes out.

use super::handle::Receipt;
use super::transport::{Incoming, Order};
use super::views::Revision;
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::{AgentName, CommandId};

/// What goes into a step.
#[expect(clippy::large_enum_variant, reason = "a command lives for one step, and a queue of them is short")]
#[derive(Clone, Debug)]
pub enum Input {
    /// The engine was started.
    Started,
    /// An agent's command.
    Command {
        /// Made by the client, once for all repeats.
        id: CommandId,
        /// Whose.
        agent: AgentName,
        /// What to do.
        command: Command,
    },
    /// Something from Telegram; several answers of a backfill may share a step, and so a transaction.
    Incoming(Vec<Incoming>),
    /// Time has passed: [`super::Engine::next_wake`] was reached.
    Woken,
    /// There was nothing else to do: a part of what can wait.
    Idle,
}

/// What comes out of a step, in order. It comes only if the step's transaction was committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For Telegram.
    Order(Order),
    /// The answer to a command.
    Answer(Result<Receipt, Refusal>),
    /// What changed.
    Published(Revision),
}
