//! The stage of soak and kill rounds: a sandbox in this process, a desk's folder, somebody logged in, and what is true there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{CANARY, SelftestError};
use crate::clock::Clock;
use crate::desk::ids::{AgentName, GroupId, MessageId, TicketKey, TopicId};
use crate::desk::people::Agent;
use crate::desk::rules::{Pace, Rules};
use crate::sandbox::{self, Options, Sandbox, WorldHandle, WorldSource};
use crate::store::Reader;
use crate::telegram::{GroupSelector, SandboxTarget, Secret, Setup, login};

/// How many times faster than Telegram allows a bot may write, and the desk fetch: rounds of hours in minutes.
pub(super) const FASTER: u32 = 100;
/// What Telegram allows a bot in a group in a minute.
const ALLOWED: u32 = 20;
/// How large a stage is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Topics of the world.
    pub(super) topics: u32,
    /// Messages of the world.
    pub(super) messages: u32,
    /// How many topics are opened for the agents.
    pub(super) matters: usize,
}

/// Large enough to have everything in it.
pub(super) const SMALL: Size = Size { topics: 6, messages: 60, matters: 6 };
/// Stands in the api_hash of the stage, and must be in no log.
const HASH: &str = "5ec4e75ec4e75ec4e75ec4e75ec4e75e";

/// What another process needs to open this desk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) data: PathBuf,
    server: std::net::SocketAddr,
    dc_id: i32,
    auth_key: String,
    group: i64,
}

impl Address {
    /// Makes the link's setup.
    pub(super) fn setup(&self) -> Setup {
        Setup {
            api_id: 1,
            api_hash: Secret::new(HASH),
            session: self.data.join("session.db"),
            groups: vec![GroupSelector::Id(self.group).into()],
            sandbox: Some(SandboxTarget {
                address: self.server,
                dc_id: self.dc_id,
                auth_key: Secret::new(self.auth_key.clone()),
            }),
            calls_per_second: 0.0,
            clock: Clock::System,
        }
    }

    pub(super) fn group(&self) -> GroupId {
        GroupId(self.group)
    }

    /// Writes the beginning of a `desk.toml` for this desk, with history fetched as fast as it comes.
    pub(super) fn settings(&self) -> String {
        format!(
            "[telegram]\napi_id = 1\napi_hash = \"{HASH}\"\ngroup = -100{}\nbackfill_calls_per_second = 0\n\
             [telegram.sandbox]\naddress = \"{}\"\ndc_id = {}\nauth_key = \"{}\"\n",
            self.group, self.server, self.dc_id, self.auth_key
        )
    }
}

/// The rules of the desk on the stage.
pub(super) fn rules() -> Rules {
    let agent = |name: &str| Agent {
        name: AgentName::from(name),
        telegram: None,
        username: None,
        os_user: None,
        timezone: None,
    };
    let mut rules = Rules::default();
    rules.staff.agents = vec![agent("anna"), agent("tom")];
    rules.undo_send = std::time::Duration::from_millis(200);
    let usual = Pace::default();
    rules.pace = Pace { per_minute: usual.per_minute * FASTER, burst: usual.burst * FASTER };
    rules
}

/// The stage.
pub(super) struct Stage {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    pub(super) address: Address,
    pub(super) bot: i64,
    pub(super) customers: Vec<i64>,
    /// Topics that were opened for the selftest: agents write in these.
    pub(super) matters: Vec<TicketKey>,
    secrets: Vec<String>,
}

impl Stage {
    /// Starts a sandbox with a world and logs the desk's bot in.
    pub(super) async fn new(seed: u64, size: Size) -> Result<Stage, SelftestError> {
        let options = Options {
            world: WorldSource::Generated { topics: size.topics, messages: size.messages, seed },
            flood_per_minute: ALLOWED * FASTER,
            ..Options::default()
        };
        let sandbox = sandbox::start(options).await.map_err(|error| SelftestError::Stage(error.to_string()))?;
        let folder = tempfile::tempdir().map_err(|error| SelftestError::Stage(error.to_string()))?;
        let announcement = sandbox.announcement();
        let none = || SelftestError::Stage("the sandbox announces no bot".to_owned());
        let bot = announcement.first("bot").ok_or_else(none)?;
        let token = bot.token.clone().ok_or_else(none)?;
        let auth_key = announcement.free_keys.first().cloned().ok_or_else(none)?;
        let address = Address {
            data: folder.path().join("desk"),
            server: sandbox.address(),
            dc_id: announcement.dc_id,
            auth_key: auth_key.clone(),
            group: announcement.group.id,
        };
        std::fs::create_dir_all(&address.data).map_err(|error| SelftestError::Stage(error.to_string()))?;
        let customers: Vec<i64> =
            announcement.accounts.iter().filter(|one| one.kind == "customer").map(|one| one.id).collect();
        let bot = bot.id;
        let group = address.group();
        let opened = customers.iter().cycle().take(size.matters).filter_map(|customer| {
            let topic = sandbox.world().open_topic(*customer, "soak matter").ok()?;
            sandbox.world().say(*customer, topic, "soak question").ok()?;
            Some(TicketKey { group, topic: TopicId(topic) })
        });
        let matters = opened.collect();
        login::as_bot(&address.setup(), &Secret::new(token.clone()))
            .await
            .map_err(|error| SelftestError::Stage(error.to_string()))?;
        let secrets = vec![CANARY.to_owned(), token, auth_key, HASH.to_owned()];
        Ok(Stage { sandbox, folder, address, bot, customers, matters, secrets })
    }

    pub(super) fn world(&self) -> WorldHandle {
        self.sandbox.world()
    }

    /// Tells a file for what the desk writes about itself.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Tells everything that the desk's account may see: by id, the topic and the text.
    pub(super) fn truth(&self) -> BTreeMap<MessageId, (TopicId, String)> {
        self.world().with(|world| {
            let Some(group) = world.group(world.forum()) else { return BTreeMap::new() };
            let Some(viewer) = world.account(self.bot) else { return BTreeMap::new() };
            let seen = group.messages().filter(|message| world.sees(viewer, group, message));
            seen.map(|one| (MessageId(one.id), (TopicId(one.topic), one.text().to_owned()))).collect()
        })
    }

    /// Lists the topics of the world.
    pub(super) fn topics(&self) -> Vec<TicketKey> {
        let group = self.address.group();
        self.world().with(|world| {
            let found = world.group(world.forum());
            let topics = found.into_iter().flat_map(|group| group.topics()).map(|topic| topic.id);
            topics.map(|topic| TicketKey { group, topic: TopicId(topic) }).collect()
        })
    }

    /// Counts the places in which a secret, or what was noted or drafted, can be read: the world, and what was said and logged.
    pub(super) fn leaks(&self, said: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        for secret in &self.secrets {
            for (id, (topic, text)) in self.truth() {
                if text.contains(secret.as_str()) {
                    found.push(format!("message {id} in topic {topic} says what it must not"));
                }
            }
            if let Some(line) = log.lines().find(|line| line.contains(secret.as_str())) {
                found.push(format!("the log says what it must not: {}", line.replace(secret.as_str(), "…")));
            }
            if said.iter().any(|line| line.contains(secret.as_str())) {
                found.push("an error says what it must not".to_owned());
            }
        }
        found
    }

    /// Holds the desk's database against the world; each difference is a message that is lost or made up.
    pub(super) fn compare(&self) -> Result<Vec<String>, SelftestError> {
        compare(&self.truth(), &self.address.data, self.address.group())
    }

    /// Has somebody write one last thing: whatever push was withheld before it is missed now.
    pub(super) fn good_night(&self) {
        for (customer, ticket) in self.customers.iter().zip(&self.matters) {
            // Whose topic was closed meanwhile may not write; one of them may.
            let _refused = self.world().say(*customer, ticket.topic.0, "soak good night");
        }
    }

    pub(super) async fn end(self) {
        self.sandbox.stop().await;
    }
}

fn compare(
    truth: &BTreeMap<MessageId, (TopicId, String)>,
    data: &Path,
    group: GroupId,
) -> Result<Vec<String>, SelftestError> {
    let reader = Reader::open(data)?;
    let mut found = Vec::new();
    for (id, (topic, text)) in truth {
        match reader.message(group, *id)? {
            None => found.push(format!("message {id} is missing")),
            Some(entry) if entry.deleted => found.push(format!("message {id} is said to be deleted")),
            Some(entry) if entry.key.topic != *topic => found.push(format!("message {id} is in another topic")),
            // What the world began with has more than plain text, which is another test's matter.
            Some(entry) if text.contains("soak ") && entry.text != *text => {
                found.push(format!("message {id} says {:?}, not {text:?}", entry.text));
            }
            Some(_) => {}
        }
    }
    for id in reader.ids(group)? {
        if !truth.contains_key(&id) && reader.message(group, id)?.is_some_and(|entry| !entry.deleted) {
            found.push(format!("message {id} does not exist any more"));
        }
    }
    Ok(found)
}
