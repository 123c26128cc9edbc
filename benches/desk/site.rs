//! A sandbox, and desks that mirror it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use topicdesk::clock::Clock;
use topicdesk::desk::ids::{AgentName, GroupId};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::runner::{self, EngineSetup};
use topicdesk::engine::transport::LinkState;
use topicdesk::engine::views::{View, ViewRequest};
use topicdesk::sandbox::{Options, Sandbox, WorldSource};
use topicdesk::telegram::{GroupSelector, SandboxTarget, Secret, Setup, link, login};

pub(crate) const TOPICS: u32 = 10_000;
pub(crate) const MESSAGES: u32 = 100_000;

/// A sandbox with a large world.
pub(crate) struct Site {
    sandbox: Sandbox,
    keys: AtomicUsize,
}

impl Site {
    pub(crate) async fn new() -> Site {
        let world = WorldSource::Generated { topics: TOPICS, messages: MESSAGES, seed: 1 };
        let options = Options { world, flood_per_minute: 0, ..Options::default() };
        Site { sandbox: topicdesk::sandbox::start(options).await.expect("sandbox"), keys: AtomicUsize::new(0) }
    }

    pub(crate) fn group(&self) -> GroupId {
        GroupId(self.sandbox.announcement().group.id)
    }

    /// Makes the folder of a desk named `default`, and logs it in as the bot.
    pub(crate) async fn desk(&self, folder: &Path) -> Setup {
        let announcement = self.sandbox.announcement();
        // Keys stay bound to the bot after a login, so a few are enough for any number of desks, one after the other.
        let key = self.keys.fetch_add(1, Ordering::SeqCst) % announcement.free_keys.len();
        let key = announcement.free_keys[key].clone();
        let data = folder.join("default");
        std::fs::create_dir_all(&data).expect("a folder");
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).expect("permissions");
        let text = format!(
            "[telegram]\ngroup = {}\nbackfill_calls_per_second = 0\n[telegram.sandbox]\naddress = \"{}\"\ndc_id = {}\n\
             auth_key = \"{key}\"\n[[agents]]\nname = \"anna\"\n",
            announcement.group.id,
            self.sandbox.address(),
            announcement.dc_id,
        );
        let file = folder.join("desk.toml");
        std::fs::write(&file, text).expect("desk.toml");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("permissions");
        let setup = Setup {
            api_id: 1,
            api_hash: Secret::new("hash"),
            session: data.join("session.db"),
            groups: vec![GroupSelector::Id(announcement.group.id).into()],
            sandbox: Some(SandboxTarget {
                address: self.sandbox.address(),
                dc_id: announcement.dc_id,
                auth_key: Secret::new(key),
            }),
            calls_per_second: 0.0,
            clock: Clock::System,
        };
        let token = announcement.first("bot").and_then(|bot| bot.token.clone()).expect("a token");
        login::as_bot(&setup, &Secret::new(token)).await.expect("login");
        setup
    }

    /// Mirrors the whole world into a desk's folder; its index is complete when this returns.
    pub(crate) async fn mirror(&self, folder: &Path, setup: Setup) {
        let engine = EngineSetup { data: folder.join("default"), rules: Rules::default(), clock: Clock::System };
        let (desk, ends) = runner::start(engine).expect("engine");
        let task = link::spawn(setup, ends.orders, ends.incoming);
        let handle = desk.handle(AgentName::from("anna"));
        let mut revisions = handle.watch();
        loop {
            match handle.read(ViewRequest::Desk).await {
                View::Desk(view) if view.backfill.is_none() && view.link == Some(LinkState::Live) => break,
                _ => revisions.next().await,
            };
            // A screen draws at most every 33 ms; more often nobody reads.
            tokio::time::sleep(std::time::Duration::from_millis(33)).await;
        }
        desk.stop();
        task.await.expect("the link ends");
    }

    /// A desk that has mirrored the world.
    pub(crate) async fn mirrored(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("folder");
        let setup = self.desk(folder.path()).await;
        self.mirror(folder.path(), setup).await;
        folder
    }
}
