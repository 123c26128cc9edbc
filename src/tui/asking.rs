//! What a screen sends to the desk: commands one after another, questions side by side.

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::effect::{ReadTag, Signal};
use crate::desk::command::Command;
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::views::ViewRequest;

/// Submits commands one after another, in the order in which they were given.
pub(crate) fn submitter(handle: Handle, signals: UnboundedSender<Signal>) -> UnboundedSender<(u64, Command)> {
    let (commands, mut queue) = unbounded_channel::<(u64, Command)>();
    tokio::spawn(async move {
        while let Some((tag, command)) = queue.recv().await {
            let outcome = handle.submit(new_command_id(), command).await;
            if signals.send(Signal::Settled(tag, outcome)).is_err() {
                break;
            }
        }
    });
    commands
}

/// Asks questions in the order in which they came, what is to be seen first first; none waits for the answer to the one before.
pub(crate) fn asker(handle: Handle, signals: UnboundedSender<Signal>) -> UnboundedSender<(ReadTag, ViewRequest)> {
    let (reads, mut queue) = unbounded_channel::<(ReadTag, ViewRequest)>();
    tokio::spawn(async move {
        while let Some((tag, request)) = queue.recv().await {
            let view = handle.ask(request, tag.urgent).await;
            let signals = signals.clone();
            tokio::spawn(async move {
                // The screen may have been left meanwhile.
                drop(signals.send(Signal::Answer(tag, Handle::shown(view).await)));
            });
        }
    });
    reads
}
