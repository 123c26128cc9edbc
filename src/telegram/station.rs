//! What the link's tasks share: where the connection stands at the moment, the pace, the way to the engine.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use grammers_tl_types as tl;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::error::CallError;
use super::group::Group;
use super::pace::Pace;
use super::session::Vault;
use super::setup::Setup;
use super::wire::Wire;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId};
use crate::engine::transport::{Cursor, Failure, Incoming, LinkState, Missing, Reach};
use crate::store::session::OwnRecord;

/// A fetch is repeated so often when the connection fails under it.
const TRIES: u32 = 6;
/// So long a fetch waits for a connection before it says that there is none.
const PATIENCE: Duration = Duration::from_secs(90);
/// So many of our own sends are remembered, for the case that Telegram calls one of them a duplicate.
const REMEMBERED: usize = 512;

/// A connection that is up, and what was found through it.
pub(crate) struct Online {
    pub(crate) wire: Wire,
    pub(crate) own: OwnRecord,
    pub(crate) groups: Vec<Group>,
    /// Those of the setup that cannot be had.
    pub(crate) missing: Vec<Missing>,
    /// Counts connections; a task that failed on one waits for the next.
    pub(crate) life: u64,
}

impl Online {
    /// Finds a group that was found through it.
    ///
    /// # Errors
    /// Says why there is none.
    pub(crate) fn group(&self, id: GroupId) -> Result<&Group, String> {
        let found = self.groups.iter().find(|group| group.id == id);
        found.ok_or_else(|| match self.missing.iter().find(|one| one.group == Some(id)) {
            Some(missing) => missing.why.clone(),
            None => format!("the desk does not follow the group -100{id}"),
        })
    }
}

/// Where the connection stands.
#[derive(Clone)]
pub(crate) enum Station {
    /// None, or not yet.
    Down,
    /// Up.
    Up(Arc<Online>),
    /// None until somebody acts.
    Stopped(String),
}

/// What the link's tasks share.
pub(crate) struct Shared {
    pub(crate) setup: Setup,
    pub(crate) vault: Arc<Vault>,
    pub(crate) incoming: mpsc::Sender<Incoming>,
    pub(crate) station: watch::Sender<Station>,
    pub(crate) pace: Pace,
    /// Up to where batches were handed over; what the next connection loads.
    pub(crate) progress: Mutex<Option<Cursor>>,
    sent: Mutex<VecDeque<(i64, MessageId, Timestamp)>>,
    /// Files that were brought up and have become no message yet, by the `random_id` of theirs.
    brought: Mutex<VecDeque<i64>>,
    said: Mutex<Option<LinkState>>,
    /// Where those are to whom summonses went: asking for somebody by name is something that Telegram lets nobody do often.
    reached: Mutex<BTreeMap<Reach, tl::enums::InputPeer>>,
}

/// The link is over: nobody listens any more.
pub(crate) struct Deaf;

impl Shared {
    pub(crate) fn new(setup: Setup, vault: Arc<Vault>, incoming: mpsc::Sender<Incoming>) -> Self {
        let pace = Pace::new(setup.calls_per_second);
        Self {
            setup,
            vault,
            incoming,
            station: watch::Sender::new(Station::Down),
            pace,
            progress: Mutex::new(None),
            sent: Mutex::new(VecDeque::new()),
            brought: Mutex::new(VecDeque::new()),
            said: Mutex::new(None),
            reached: Mutex::new(BTreeMap::new()),
        }
    }

    /// Hands something to the engine, waiting while its queue is full.
    pub(crate) async fn tell(&self, incoming: Incoming) -> Result<(), Deaf> {
        self.incoming.send(incoming).await.map_err(|_| Deaf)
    }

    /// Says how the link is, unless it has just been said.
    pub(crate) async fn say(&self, state: LinkState) -> Result<(), Deaf> {
        {
            let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.as_ref() == Some(&state) {
                return Ok(());
            }
            *said = Some(state.clone());
        }
        self.tell(Incoming::Link(state)).await
    }

    /// Tells how the link was said to be.
    pub(crate) fn said(&self) -> Option<LinkState> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was said, so that it is said again.
    pub(crate) fn unsay(&self) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(crate) fn progress(&self) -> Option<Cursor> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_progress(&self, cursor: Option<Cursor>) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
    }

    /// Remembers which id Telegram gave to one of our sends.
    pub(crate) fn remember(&self, random_id: i64, message: MessageId, at: Timestamp) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() == REMEMBERED {
            sent.pop_front();
        }
        sent.push_back((random_id, message, at));
    }

    /// Tells which id Telegram gave to one of our sends, if it was seen.
    pub(crate) fn recall(&self, random_id: i64) -> Option<(MessageId, Timestamp)> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().rev().find(|(id, _, _)| *id == random_id).map(|&(_, message, at)| (message, at))
    }

    /// Remembers that a file was brought up, so that it is not again when only the call that sends it has to be.
    pub(crate) fn remember_brought(&self, random_id: i64) {
        let mut brought = self.brought.lock().unwrap_or_else(PoisonError::into_inner);
        if brought.len() == REMEMBERED {
            brought.pop_front();
        }
        brought.push_back(random_id);
    }

    /// Tells whether a file was brought up.
    pub(crate) fn has_brought(&self, random_id: i64) -> bool {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).contains(&random_id)
    }

    /// Forgets that a file was brought up: Telegram does not have it.
    pub(crate) fn forget_brought(&self, random_id: i64) {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != random_id);
    }

    /// Tells where somebody is to whom a summons went before.
    pub(crate) fn reached(&self, to: &Reach) -> Option<tl::enums::InputPeer> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).get(to).cloned()
    }

    /// Remembers where somebody is; `None`: they are not there any more.
    pub(crate) fn remember_reached(&self, to: &Reach, peer: Option<tl::enums::InputPeer>) {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        match peer {
            Some(peer) => reached.insert(to.clone(), peer),
            None => reached.remove(to),
        };
    }

    /// Waits for a connection of a later life than `after`.
    pub(crate) async fn online(&self, after: u64, patience: Duration) -> Result<Arc<Online>, String> {
        let mut station = self.station.subscribe();
        let settled = station.wait_for(|station| match station {
            Station::Down => false,
            Station::Up(online) => online.life > after,
            Station::Stopped(_) => true,
        });
        match timeout(patience, settled).await {
            Ok(Ok(station)) => match &*station {
                Station::Up(online) => Ok(Arc::clone(online)),
                Station::Stopped(why) => Err(why.clone()),
                Station::Down => Err("no connection".to_owned()),
            },
            _ => Err("no connection to Telegram".to_owned()),
        }
    }

    /// Fetches something at the pace of the backfill. Trouble with the connection is waited out and the call repeated, which does no
    /// harm for a call that only reads.
    pub(crate) async fn fetch<R: tl::RemoteCall>(
        &self,
        group: GroupId,
        request: impl Fn(&Group) -> R,
    ) -> Result<(R::Return, Arc<Online>), Failure> {
        let mut after = 0;
        let mut tries = 0;
        loop {
            self.pace.take().await;
            let online = self.online(after, PATIENCE).await.map_err(|why| Failure::Link { why })?;
            let found = online.group(group).map_err(|why| Failure::NoAccess { why })?;
            let error = match online.wire.call(&request(found)).await {
                Ok(answer) => return Ok((answer, online)),
                Err(error) => error,
            };
            tries += 1;
            if let Some(wait) = error.wait() {
                self.pace.pause(wait).await;
                return Err(Failure::Later { not_before: self.setup.clock.now() + wait });
            }
            match &error {
                _ if tries >= TRIES => return Err(give_up(&error)),
                error if error.is_link() => after = online.life,
                error if error.is_passing() => tokio::time::sleep(Duration::from_millis(250 << tries)).await,
                error if error.is_lost_login() => after = online.life,
                error => return Err(give_up(error)),
            }
        }
    }
}

fn give_up(error: &CallError) -> Failure {
    match error {
        CallError::Rpc(rpc) if rpc.code.abs() < 500 => {
            Failure::Refused { why: format!("Telegram refused: {}", error.words()) }
        }
        _ => Failure::Link { why: error.words() },
    }
}
