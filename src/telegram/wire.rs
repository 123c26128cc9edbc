//! One connection to Telegram: a grammers sender pool that can be thrown away, and calls with a time limit.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use grammers_mtsender::{ConnectionParams, NoRetries, SenderPool, SenderPoolFatHandle};
use grammers_session::Session;
use grammers_session::updates::UpdatesLike;
use grammers_tl_types as tl;
use tl::Deserializable;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::error::{CallError, TelegramError};
use super::session::Vault;
use super::setup::Setup;
use crate::clock::Clock;

/// No request is waited for longer than this, connecting included.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Pushes are dropped by grammers when so many are not read; a gap that is filled then, but slowly (TELEGRAM §9 D).
const PUSHES: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");

/// A handle to a connection; clones share it.
#[derive(Clone)]
pub(crate) struct Wire {
    handle: SenderPoolFatHandle,
    vault: Arc<Vault>,
    doubt: Arc<Notify>,
    clock: Clock,
}

/// The parts of a connection that have one owner. Dropping it ends everything at once, even a connect that hangs.
pub(crate) struct Pool {
    /// Ends when the connection's machinery ends, by panic or not.
    pub(crate) runner: Runner,
    /// What Telegram pushes.
    pub(crate) pushes: mpsc::Receiver<UpdatesLike>,
}

/// The task that does the input and output; aborted when dropped.
pub(crate) struct Runner(pub(crate) JoinHandle<()>);

impl Drop for Runner {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Wire {
    /// Makes a connection, which connects at the first call. Must be called on a tokio runtime.
    pub(crate) fn new(setup: &Setup, vault: Arc<Vault>) -> (Wire, Pool) {
        // Every field by hand: grammers' default asks the system for its name, which starts a dozen processes.
        let params = ConnectionParams {
            device_model: format!("Topic Desk on {}", std::env::consts::OS),
            system_version: std::env::consts::ARCH.to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            system_lang_code: "en".to_owned(),
            lang_code: "en".to_owned(),
            use_ipv6: false,
            retry_policy: Box::new(NoRetries),
            updates_channel_capacity: PUSHES,
            __non_exhaustive: (),
        };
        let SenderPool { runner, handle, updates } =
            SenderPool::with_configuration(Arc::clone(&vault), setup.api_id, params);
        let runner = Runner(tokio::spawn(runner.run()));
        (
            Wire { handle, vault, doubt: Arc::new(Notify::new()), clock: setup.clock.clone() },
            Pool { runner, pushes: updates },
        )
    }

    /// Gives the handle that grammers' own client wants.
    pub(crate) fn fat_handle(&self) -> SenderPoolFatHandle {
        self.handle.clone()
    }

    /// Gives the session.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Waits until a call gave reason to doubt the connection: it ran into its time limit, or the login has ended.
    pub(crate) async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// Calls Telegram once. Nothing is repeated here.
    pub(crate) async fn call<R: tl::RemoteCall>(&self, request: &R) -> Result<R::Return, CallError> {
        self.call_within(LIMIT, request).await
    }

    /// Calls Telegram once with a time limit of its own.
    pub(crate) async fn call_within<R: tl::RemoteCall>(
        &self,
        limit: Duration,
        request: &R,
    ) -> Result<R::Return, CallError> {
        self.call_in(None, limit, request).await
    }

    /// Calls another data centre than the home one, if one is named.
    pub(crate) async fn call_in<R: tl::RemoteCall>(
        &self,
        dc: Option<i32>,
        limit: Duration,
        request: &R,
    ) -> Result<R::Return, CallError> {
        if let Some(destroyed) = self.vault.destroyed() {
            return Err(CallError::Session(destroyed));
        }
        let home = self.vault.home();
        let dc = dc.unwrap_or(home);
        let answer = self.handle.raw_invoke_in_dc(dc, request.to_bytes());
        match timeout(limit, answer).await {
            Err(_) => {
                self.doubt.notify_one();
                Err(CallError::Hung)
            }
            Ok(Err(error)) => {
                let error = CallError::from_grammers(error);
                if dc == home
                    && let Some(name) = error.destroys_key()
                {
                    let destroyed = self.vault.destroy(&name, self.clock.now());
                    self.doubt.notify_one();
                    return Err(CallError::Session(destroyed));
                }
                if error.is_lost_login() && dc == home {
                    // Whoever called, the link has to look at its login now.
                    self.doubt.notify_one();
                }
                Err(error)
            }
            Ok(Ok(body)) => R::Return::from_bytes(&body).map_err(|error| CallError::Garbled(error.to_string())),
        }
    }

    /// Calls Telegram, waiting out short FLOOD_WAITs and trouble of its own: for commands, which have nothing else to do.
    pub(crate) async fn ask<R: tl::RemoteCall>(&self, request: &R) -> Result<R::Return, CallError> {
        let mut tries = 0;
        loop {
            let error = match self.call(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tries += 1;
            let pause = match error.wait() {
                Some(wait) if wait <= Duration::from_secs(30) => wait,
                None if error.is_passing() => Duration::from_millis(500 << tries),
                _ => return Err(error),
            };
            if tries > 3 {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells how far this machine's clock is ahead of Telegram's, in seconds.
    pub(crate) async fn clock_ahead(&self) -> Result<i64, CallError> {
        let tl::enums::Config::Config(config) = self.ask(&tl::functions::help::GetConfig {}).await?;
        Ok(self.clock.now().unix() - i64::from(config.date))
    }

    /// Moves to the data centre that a 303 names, if the error is one.
    pub(crate) async fn migrate(&self, error: &CallError) -> Result<bool, TelegramError> {
        let CallError::Rpc(rpc) = error else { return Ok(false) };
        let Some(dc) = rpc.value.filter(|_| rpc.code == 303).and_then(|dc| i32::try_from(dc).ok()) else {
            return Ok(false);
        };
        self.handle.disconnect_from_dc(self.vault.home());
        Session::set_home_dc_id(&*self.vault, dc).await?;
        Ok(true)
    }

    /// Names what this is a connection to, for sentences.
    pub(crate) fn target(&self) -> String {
        match self.vault.home_address() {
            Some(address) if address.ip().is_loopback() => format!("the sandbox at {address}"),
            Some(address) => format!("Telegram ({address})"),
            None => "Telegram".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::setup::SandboxTarget;
    use super::*;
    use crate::engine::transport::Secret;

    fn setup(folder: &std::path::Path, address: SocketAddr) -> Setup {
        let auth_key = Secret::new("5a".repeat(256));
        Setup {
            api_id: 1,
            api_hash: Secret::default(),
            session: folder.join("session.db"),
            groups: Vec::new(),
            sandbox: Some(SandboxTarget { address, dc_id: 2, auth_key }),
            calls_per_second: 0.0,
            clock: Clock::System,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_black_hole_is_noticed_and_doubted() {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("listens");
        let setup = setup(folder.path(), listener.local_addr().expect("an address"));
        let (wire, _pool) = Wire::new(&setup, Arc::new(Vault::open(&setup).expect("opens")));
        let limit = Duration::from_millis(100);
        // The kernel accepts for the listener, and nobody ever reads.
        let answer = wire.call_within(limit, &tl::functions::help::GetConfig {}).await;
        assert!(matches!(answer, Err(CallError::Hung)), "{answer:?}");
        timeout(Duration::from_secs(5), wire.doubted()).await.expect("the link learns of it");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_listening_is_a_lost_call_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("listens");
        let setup = setup(folder.path(), listener.local_addr().expect("an address"));
        drop(listener);
        let (wire, _pool) = Wire::new(&setup, Arc::new(Vault::open(&setup).expect("opens")));
        let answer = wire.call(&tl::functions::help::GetConfig {}).await;
        assert!(matches!(answer, Err(CallError::Lost(_))), "{answer:?}");
    }
}
