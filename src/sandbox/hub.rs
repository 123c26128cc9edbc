//! Everything the sandbox shares between its connections, behind one lock: the world, the keys, the connections, what
//! is ordered to go wrong. Updates and answers are queued for each connection while the lock is held, so that a
//! client sees them in the order in which they happened.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use grammers_tl_types::{Serializable, enums};
use tokio::sync::{Notify, mpsc, watch};

use crate::clock::{Clock, Timestamp};

use super::faults::Faults;
use super::flood::Flood;
use super::keys::Keys;
use super::rpc::render::{Named, View};
use super::state::Journal;
use super::world::{Update, World};

/// How many packets may wait for a slow client before its connection is cut.
pub(super) const QUEUE: usize = 20_000;

/// Tells a connection's writer what to do.
#[derive(Debug)]
pub(super) enum Out {
    /// From here on, this session.
    Session {
        /// The key.
        key: Arc<super::crypto::AuthKey>,
        /// The client's session id.
        session_id: i64,
    },
    /// Sends an answer: a result, a pong.
    Answer(Vec<u8>),
    /// Sends a notification that wants no acknowledgement.
    Notice(Vec<u8>),
    /// Sends updates.
    Push(Vec<u8>),
    /// Sends something sealed for another session.
    Stray,
    /// Sends a bare transport error and ends.
    Fail(i32),
    /// Ends the connection.
    Cut,
}

/// Holds one connection.
#[derive(Debug)]
pub(super) struct Link {
    out: mpsc::Sender<Out>,
    /// Ends the connection at once, even if its writer is stuck.
    end: Arc<Notify>,
    /// The key it uses, once known.
    pub(super) key_id: i64,
}

/// Holds what is behind the lock.
pub(super) struct Inner {
    pub(super) world: World,
    pub(super) keys: Keys,
    pub(super) links: HashMap<u64, Link>,
    pub(super) faults: Faults,
    pub(super) flood: Flood,
    pub(super) journal: Option<Journal>,
    pub(super) clock: Clock,
    /// How far the server's clock is from the machine's, in seconds; the hub's.
    skew: Arc<AtomicI64>,
    pub(super) address: SocketAddr,
    /// How often each method was called, by its name.
    pub(super) calls: BTreeMap<String, u64>,
    /// How many coming rounds of pushes are to be lost.
    pub(super) lose: u32,
    /// How many coming rounds of pushes are to come twice.
    pub(super) double: u32,
    /// How many coming rounds of pushes are to be held back until the next one.
    pub(super) swap: u32,
    /// Rounds that are held back, ready to be pushed.
    held: Vec<(u64, Vec<u8>)>,
    /// At most so many updates in a difference.
    pub(super) slices: Option<usize>,
    /// How often a `random_id` was used again.
    pub(super) duplicates: u64,
    /// What the desk's bot was before it was demoted or removed.
    pub(super) demoted: Option<super::world::Standing>,
    /// What was caused, by kind.
    pub(super) caused: super::trouble::Counts,
    next_link: u64,
}

/// Shares the inner state.
pub(super) struct Hub {
    inner: Mutex<Inner>,
    /// Whether the server has stopped answering.
    pub(super) paused: watch::Sender<bool>,
    /// How long every write takes longer, in milliseconds.
    pub(super) slow: AtomicU64,
    /// How far the server's wall clock is from the machine's, in seconds.
    pub(super) skew: Arc<AtomicI64>,
    /// Wakes the customers' script.
    pub(super) news: Notify,
}

impl Hub {
    pub(super) fn new(inner: Inner) -> Self {
        let skew = Arc::clone(&inner.skew);
        Self {
            inner: Mutex::new(inner),
            paused: watch::Sender::new(false),
            slow: AtomicU64::new(0),
            skew,
            news: Notify::new(),
        }
    }

    /// Locks the inner state. A panic elsewhere has left it as it was between two statements, which is good enough.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the server's wall clock, by which MTProto numbers and judges messages.
    pub(super) fn wall(&self) -> Timestamp {
        skewed(Clock::System.now(), &self.skew)
    }

    /// Does something with the inner state and then pushes and logs what came of it.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.lock();
        let result = act(&mut inner);
        inner.publish(None);
        drop(inner);
        self.news.notify_one();
        result
    }
}

fn skewed(now: Timestamp, skew: &AtomicI64) -> Timestamp {
    let skew = skew.load(Ordering::Relaxed).saturating_mul(1000);
    Timestamp::from_millis(now.millis().saturating_add(skew))
}

impl Inner {
    pub(super) fn new(
        world: World,
        keys: Keys,
        flood: Flood,
        journal: Option<Journal>,
        clock: Clock,
        address: SocketAddr,
    ) -> Self {
        Self {
            world,
            keys,
            links: HashMap::new(),
            faults: Faults::default(),
            flood,
            journal,
            clock,
            skew: Arc::default(),
            address,
            calls: BTreeMap::new(),
            lose: 0,
            double: 0,
            swap: 0,
            held: Vec::new(),
            slices: None,
            duplicates: 0,
            demoted: None,
            caused: BTreeMap::new(),
            next_link: 1,
        }
    }

    /// Tells the time of the world, by the server's clock.
    pub(super) fn now(&self) -> Timestamp {
        skewed(self.clock.now(), &self.skew)
    }

    /// Enters a new connection.
    pub(super) fn open_link(&mut self, out: mpsc::Sender<Out>, end: Arc<Notify>) -> u64 {
        let id = self.next_link;
        self.next_link += 1;
        self.links.insert(id, Link { out, end, key_id: 0 });
        id
    }

    /// Strikes a connection off.
    pub(super) fn close_link(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        link.end.notify_one();
        if let Some(key) = self.keys.get_mut(link.key_id)
            && key.link == Some(id)
        {
            key.link = None;
        }
    }

    /// Queues something for a connection; one that reads too slowly is cut.
    pub(super) fn queue(&mut self, link: u64, out: Out) {
        if let Some(found) = self.links.get(&link)
            && let Err(error) = found.out.try_send(out)
        {
            tracing::info!(link, %error, "a client does not read what it is sent: connection cut");
            self.close_link(link);
        }
    }

    /// Logs what has changed and shows it to every logged-in key that may see it, but for the one that has asked for
    /// it; tells the updates for that one to be put into its answer.
    pub(super) fn publish(&mut self, asker: Option<u64>) -> Vec<Update> {
        let records = self.world.take_records();
        if let Some(journal) = &mut self.journal {
            journal.write(&records);
        }
        let updates = self.world.take_updates();
        if updates.is_empty() {
            return updates;
        }
        if self.lose > 0 {
            self.lose -= 1;
            return updates;
        }
        let receivers: Vec<(u64, i64)> = self
            .keys
            .iter()
            .filter_map(|key| Some((key.link.filter(|link| Some(*link) != asker)?, key.account?)))
            .collect();
        let twice = self.double > 0;
        self.double = self.double.saturating_sub(1);
        let held_before = std::mem::take(&mut self.held);
        let holds = self.swap > 0;
        self.swap = self.swap.saturating_sub(1);
        let mut bodies: BTreeMap<i64, Option<Vec<u8>>> = BTreeMap::new();
        for (link, account) in receivers {
            let body = bodies.entry(account).or_insert_with(|| self.render_push(account, &updates)).clone();
            let Some(body) = body else { continue };
            if holds {
                self.held.push((link, body));
                continue;
            }
            if twice {
                self.queue(link, Out::Push(body.clone()));
            }
            self.queue(link, Out::Push(body));
        }
        for (link, body) in held_before {
            self.queue(link, Out::Push(body));
        }
        updates
    }

    fn render_push(&self, account: i64, updates: &[Update]) -> Option<Vec<u8>> {
        let view = View::new(&self.world, self.world.account(account)?);
        let mut named = Named::default();
        let shown: Vec<enums::Update> = updates.iter().filter_map(|update| view.update(update, &mut named)).collect();
        (!shown.is_empty()).then(|| view.updates(shown, &named, self.now()).to_bytes())
    }

    /// Pushes bare updates to every connection of an account.
    pub(super) fn push_raw(&mut self, account: i64, updates: Vec<enums::Update>) {
        let links: Vec<u64> =
            self.keys.iter().filter(|key| key.account == Some(account)).filter_map(|key| key.link).collect();
        let Some(viewer) = self.world.account(account) else { return };
        let body = View::new(&self.world, viewer).updates(updates, &Named::default(), self.now()).to_bytes();
        for link in links {
            self.queue(link, Out::Push(body.clone()));
        }
    }
}
