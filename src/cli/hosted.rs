//! A desk that runs in this process and lets others attach to it: beside a screen, or without one.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::mirror::Mirror;
use super::site::{Site, Unopened};
use super::{hooks, seat};
use crate::desk::ids::AgentName;
use crate::engine::handle::{Handle, Operation};
use crate::seat::server::Listening;
use crate::store::lock::Lock;

/// An engine with its link, its knowledge base and its hooks, and the socket at which it is listened for.
pub(super) struct Hosted {
    pub(super) mirror: Mirror,
    /// `None`: beside a screen, where nobody else could attach.
    pub(super) listening: Option<Listening>,
    pub(super) operations: mpsc::Receiver<Operation>,
    /// In whose screen's process it runs.
    pub(super) whose: Option<AgentName>,
    hooks: Option<JoinHandle<()>>,
}

impl Hosted {
    /// Takes the desk's lock, if it is not given, opens it, and listens. Without a login it does all the same, and has no link.
    ///
    /// # Errors
    /// Another process has the desk, it cannot be opened, or, where there is no screen, it cannot be listened for.
    pub(super) async fn begin(site: &Site, whose: Option<&AgentName>, lock: Option<Lock>) -> Result<Hosted, Unopened> {
        let mut mirror = Mirror::hosting(site, lock)?;
        mirror.consult(site)?;
        let handle = mirror.handle(whose.cloned().unwrap_or_default());
        let listening = match seat::listen(site, handle.clone(), whose) {
            Ok(listening) => Some(listening),
            Err(failure) if whose.is_some() => {
                // A screen of one's own needs nobody else.
                tracing::warn!(why = failure.message, "nobody else can attach to this desk");
                None
            }
            Err(failure) => {
                drop(handle);
                mirror.stop().await;
                return Err(failure.into());
            }
        };
        // They are given once, and this is it.
        let operations = mirror.operations().unwrap_or_else(|| mpsc::channel(1).1);
        let hooks = hooks::spawn(site.config.hooks.clone(), handle);
        Ok(Hosted { mirror, listening, operations, whose: whose.cloned(), hooks })
    }

    /// Opens a handle for the agent beside whose screen it runs.
    pub(super) fn handle(&self) -> Handle {
        self.mirror.handle(self.whose.clone().unwrap_or_default())
    }

    /// Stops everything, and waits for the transaction in progress. Gives the desk's lock, for whoever begins it again.
    pub(super) async fn stop(mut self) -> Option<Lock> {
        drop(self.listening.take());
        if let Some(hooks) = self.hooks {
            hooks.abort();
        }
        self.mirror.stop().await
    }

    /// As [`Hosted::stop`], for whoever begins it again: the socket stays where it is, so that who comes meanwhile waits.
    pub(super) async fn pause(mut self) -> Option<Lock> {
        if let Some(listening) = self.listening.take() {
            listening.pause();
        }
        self.stop().await
    }
}
