//! A loopback Telegram: a real MTProto 2.0 server on 127.0.0.1 that real clients accept unchanged.
//!
//! For the demo, the end-to-end tests and the benchmarks, and for anyone who wants to try a client on a topic group
//! without an account. It serves a [`world`], made from a [`worldfile`] or by the generator, through Telegram's own
//! methods on layer 230, and refuses what Telegram refuses. Keys are pre-shared: clients have Telegram's RSA keys built
//! in, so no key exchange can be served; the [`Announcement`] lists the keys.
//!
//! A connection's way in: `listener` (accepts, reads, writes) → `transport` (frames) → `crypto` (opens) → `session`
//! (salts, ids, containers) → `rpc` (calls) → `world`. And out: the world's updates → `hub` (who may see them) → the
//! queues of the connections, in the order in which they happened.
//!
//! It shares none of the client's code, so that it does not share its mistakes. It never reaches beyond the machine,
//! and no bytes from a client make it panic: they end their own connection.

mod announce;
mod crypto;
pub mod dice;
mod faults;
mod flood;
pub mod generate;
mod handle;
mod hub;
mod icons;
mod keys;
mod listener;
mod rpc;
pub mod scenario;
mod session;
mod state;
mod transport;
pub mod trouble;
pub mod world;
pub mod worldfile;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Timestamp};

pub use announce::{AnnouncedAccount, AnnouncedGroup, Announcement};
pub use faults::Fault;
pub use handle::WorldHandle;
pub use state::StateError;

use flood::Flood;
use hub::{Hub, Inner};
use keys::Keys;
use rpc::render::DC_ID;
use scenario::Scenario;
use state::{Header, Journal, Line, Resumed};
use world::World;
use worldfile::{WorldFile, WorldFileError};

/// Names the world to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldSource {
    /// A built-in world: `shop`.
    Named(String),
    /// A world's file.
    File(PathBuf),
    /// A generated world.
    Generated {
        /// How many topics.
        topics: u32,
        /// How many messages.
        messages: u32,
        /// The same seed gives the same world.
        seed: u64,
    },
}

/// Says how to run a sandbox.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What to serve.
    pub world: WorldSource,
    /// How many times shorter the scripted customers' pauses are.
    pub speed: f64,
    /// How many messages a bot may send into a group in a minute; 0 is without limit.
    pub flood_per_minute: u32,
    /// Where the world is logged, and resumed from.
    pub state: Option<PathBuf>,
    /// What time it is in the world.
    pub clock: Clock,
    /// Whether the scripted customers act.
    pub scripted: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            world: WorldSource::Named(worldfile::SHOP.to_owned()),
            speed: 1.0,
            flood_per_minute: 20,
            state: None,
            clock: Clock::System,
            scripted: false,
        }
    }
}

/// Says why a sandbox cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address cannot be listened on.
    #[error("the sandbox cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// There is no such built-in world.
    #[error("there is no world `{0}`; the built-in one is `shop`, others are named by their file")]
    UnknownWorld(String),
    /// The world's file cannot be read.
    #[error("the world {path} cannot be read: {source}")]
    ReadWorld {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The world's file makes no world.
    #[error("the world {name} cannot be built: {source}")]
    BuildWorld {
        /// Its name or file.
        name: String,
        /// Why.
        source: WorldFileError,
    },
    /// The world's log cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The machine gives no random numbers.
    #[error("the machine gives no random numbers: {0}")]
    Random(String),
}

/// Runs until it is stopped or dropped.
pub struct Sandbox {
    announcement: Announcement,
    address: SocketAddr,
    hub: Arc<Hub>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a sandbox on the current tokio runtime.
///
/// # Errors
/// Tells why it cannot listen, build its world or use its log.
pub async fn start(options: Options) -> Result<Sandbox, SandboxError> {
    let (file, name) = load(&options.world)?;
    let unfit = |why: String| WorldFileError::Unfit(format!("its faults: {why}"));
    let script: trouble::Script =
        file.faults.parse().map_err(|why| SandboxError::BuildWorld { name: name.clone(), source: unfit(why) })?;
    let identity = identity(&options.world, &file);
    let resumed = match &options.state {
        Some(path) => Journal::resume(path, &identity)?,
        None => None,
    };
    let fresh = || -> Result<Header, SandboxError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| SandboxError::Random(error.to_string()))?;
        Ok(Header { world: identity.clone(), start: options.clock.now().millis(), seed: hex(&seed) })
    };
    let (header, lines, journal) = match (resumed, &options.state) {
        (Some(Resumed { header, lines, journal }), _) => (header, lines, Some(journal)),
        (None, Some(path)) => {
            let header = fresh()?;
            let journal = Journal::create(path, &header)?;
            (header, Vec::new(), Some(journal))
        }
        (None, None) => (fresh()?, Vec::new(), None),
    };
    let start = Timestamp::from_millis(header.start);
    let mut world = World::build(&file, start).map_err(|source| SandboxError::BuildWorld { name, source })?;
    let seed: [u8; 32] = Sha256::digest(header.seed.as_bytes()).into();
    let mut keys = Keys::derive(&world, &seed);
    for line in lines {
        match line {
            Line::World(record) => world.replay(*record),
            Line::Key { name, account } => {
                if let Some(key) = keys.named(&name) {
                    key.account = account;
                }
            }
        }
    }
    if journal.is_some() {
        world.start_recording();
    }
    let listening = |source| SandboxError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;
    let announcement =
        Announcement::new(&world, &mut keys, address.to_string(), DC_ID).expect("a built world has its forum");
    let flood = Flood::new(options.flood_per_minute);
    let inner = Inner::new(world, keys, flood, journal, options.clock.clone(), address);
    let hub = Arc::new(Hub::new(inner));
    let (stop, stopped) = watch::channel(false);
    let script = trouble::play(WorldHandle::new(hub.clone()), script);
    let mut script_stop = stop.subscribe();
    let mut tasks = vec![tokio::spawn(listener::serve(listener, hub.clone(), stopped))];
    tasks.push(tokio::spawn(async move {
        tokio::select! {
            () = script => {}
            () = async { drop(script_stop.wait_for(|stop| *stop).await) } => {}
        }
    }));
    if options.scripted {
        let customers = Scenario::new(&file, script_seed(&seed), options.speed, options.clock.now());
        tasks.push(tokio::spawn(live(customers, hub.clone(), options.clock, stop.subscribe())));
    }
    tracing::info!(%address, world = identity, "the sandbox listens");
    Ok(Sandbox { announcement, address, hub, stop, tasks })
}

fn script_seed(seed: &[u8; 32]) -> u64 {
    seed.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Lets the scripted customers live until the sandbox stops.
async fn live(mut customers: Scenario, hub: Arc<Hub>, clock: Clock, mut stop: watch::Receiver<bool>) {
    let turn = |now| {
        let mut inner = hub.lock();
        let wake = customers.turn(&mut inner.world, now);
        inner.publish(None);
        wake
    };
    tokio::select! {
        () = scenario::run(clock, &hub.news, turn) => {}
        () = async { drop(stop.wait_for(|stop| *stop).await) } => {}
    }
}

fn load(source: &WorldSource) -> Result<(WorldFile, String), SandboxError> {
    match source {
        WorldSource::Named(name) if name == worldfile::SHOP => {
            let file = WorldFile::shop();
            Ok((file.map_err(|source| SandboxError::BuildWorld { name: name.clone(), source })?, name.clone()))
        }
        WorldSource::Named(name) => Err(SandboxError::UnknownWorld(name.clone())),
        WorldSource::File(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| SandboxError::ReadWorld { path: path.clone(), source })?;
            let name = path.display().to_string();
            let file = WorldFile::parse(&text);
            Ok((file.map_err(|source| SandboxError::BuildWorld { name: name.clone(), source })?, name))
        }
        WorldSource::Generated { topics, messages, seed } => {
            let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
            let file = generate::generate(count(*topics), count(*messages), *seed);
            Ok((file, format!("of {topics} topics and {messages} messages")))
        }
    }
}

/// Names a world so that its log is never put on top of another: a changed file is another world.
fn identity(source: &WorldSource, file: &WorldFile) -> String {
    match source {
        WorldSource::Generated { topics, messages, seed } => format!("generated {topics} {messages} {seed}"),
        WorldSource::Named(_) | WorldSource::File(_) => {
            let text = serde_json::to_vec(file).unwrap_or_default();
            format!("{} {}", file.group.title, &hex(&Sha256::digest(text))[..16])
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Sandbox {
    /// Tells how to get in.
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// Tells where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives access to the world and to what is to go wrong.
    pub fn world(&self) -> WorldHandle {
        WorldHandle::new(self.hub.clone())
    }

    /// Cuts all connections and stops.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        for task in self.tasks.drain(..) {
            // The listener ends by itself once its connections are shut down.
            let _ = task.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}
