//! `[[hooks]]`: runs programs when something happens, for whoever runs the desk.
//!
//! Each gets one JSON object on its standard input: what has happened, and the ticket as `show --json` gives it. No shell has a part
//! in it, so nothing that a customer has written can be a command. So many run at a time; what comes while all are busy waits, and what
//! comes while too much waits is said in the log.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::config::{Hook, Occasion};
use crate::desk::ids::TicketKey;
use crate::engine::handle::Handle;
use crate::engine::views::{Alert, View, ViewRequest, Window};

/// So many programs run at a time.
const AT_ONCE: usize = 4;

/// So many wait.
const WAITING: usize = 256;

/// Runs the hooks until it is aborted; nothing at all if there are none.
pub(super) fn spawn(hooks: Vec<Hook>, handle: Handle) -> Option<JoinHandle<()>> {
    (!hooks.is_empty()).then(|| tokio::spawn(run_all(hooks, handle)))
}

fn occasion(alert: &Alert) -> Option<(Occasion, TicketKey)> {
    match alert {
        Alert::NewTicket { ticket } => Some((Occasion::NewTicket, *ticket)),
        Alert::Assigned { ticket, .. } => Some((Occasion::Assigned, *ticket)),
        Alert::Reply { ticket, .. } => Some((Occasion::Reply, *ticket)),
        Alert::Overdue { ticket, .. } => Some((Occasion::Breach, *ticket)),
        Alert::Escalated { ticket, .. } => Some((Occasion::Escalated, *ticket)),
        _ => None,
    }
}

async fn run_all(hooks: Vec<Hook>, handle: Handle) {
    let (room, places) = (Arc::new(Semaphore::new(WAITING)), Arc::new(Semaphore::new(AT_ONCE)));
    let mut revisions = handle.watch();
    while let Some(revision) = revisions.next().await {
        for alert in &revision.alerts {
            let Some((on, ticket)) = occasion(alert) else { continue };
            for hook in hooks.iter().filter(|hook| hook.on == on) {
                let Ok(waits) = room.clone().try_acquire_owned() else {
                    tracing::warn!(program = hook.run[0], "a hook was left out: {WAITING} wait already");
                    continue;
                };
                let (hook, handle, alert, places) = (hook.clone(), handle.clone(), alert.clone(), places.clone());
                tokio::spawn(async move {
                    if let Ok(place) = places.acquire_owned().await {
                        let request = ViewRequest::Thread { ticket, window: Window::Newest, limit: 1 };
                        let shown = match handle.read(request).await {
                            View::Thread(page) => json!(page.ticket),
                            _ => json!(null),
                        };
                        let told = json!({ "event": alert, "ticket": shown }).to_string();
                        if let Err(why) = run(&hook, &told).await {
                            tracing::warn!(program = hook.run[0], why, "a hook failed");
                        }
                        drop((place, waits));
                    }
                });
            }
        }
    }
}

async fn run(hook: &Hook, told: &str) -> Result<(), String> {
    let (program, arguments) = hook.run.split_first().ok_or("it names no program")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let process = Pid::from_child(&child);
    let told = told.to_owned();
    let mut done = tokio::task::spawn_blocking(move || {
        if let Some(mut input) = child.stdin.take() {
            // A program that does not read may end all the same.
            let _closed = input.write_all(told.as_bytes());
        }
        child.wait()
    });
    let ended = match tokio::time::timeout(hook.time, &mut done).await {
        Ok(ended) => ended,
        Err(_) => {
            // Nobody has waited for it yet, so the number is still its own.
            let _gone = kill_process(process, Signal::KILL);
            let _waited = done.await;
            return Err(format!("it took longer than {} s, and was ended", hook.time.as_secs()));
        }
    };
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(status.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic.to_string()),
    }
}
