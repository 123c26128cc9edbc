//! Ctrl-C and a polite request to end, for commands that run until then.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for SIGINT, SIGTERM or SIGHUP.
pub(super) async fn wait() {
    async fn one(signal: std::io::Result<Signal>) {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Then the signal's own effect stands, which ends the process.
            Err(_) => std::future::pending().await,
        }
    }
    tokio::select! {
        () = one(signal(SignalKind::interrupt())) => {}
        () = one(signal(SignalKind::terminate())) => {}
        () = one(signal(SignalKind::hangup())) => {}
    }
}
