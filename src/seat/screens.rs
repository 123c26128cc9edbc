//! Which screens are open at which seat: those of a seat that has gone are closed.
//!
//! A seat that comes back by another connection says its screens anew, perhaps before it was found that the old connection has ended.
//! So a screen is of the latest seat that spoke of it, and what is said of screens goes into the engine's queue in that order.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, oneshot};

use crate::clock::Timestamp;
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::{AgentName, ScreenId};
use crate::engine::handle::{Handle, Receipt, new_command_id};

/// So many screens a seat may have; a process has one.
const MOST: usize = 16;

/// The open screens of all seats.
#[derive(Debug, Default)]
pub(super) struct Screens(Mutex<BTreeMap<(AgentName, ScreenId), At>>);

#[derive(Clone, Copy, Debug)]
struct At {
    /// The number of the seat.
    seat: u64,
    /// When the last key was pressed there.
    used: Timestamp,
}

/// What is known of the screen in whose process the desk runs: it speaks to the engine without a line.
#[derive(Clone, Debug, Default)]
pub struct OwnScreen(Arc<std::sync::Mutex<Option<Timestamp>>>);

impl OwnScreen {
    /// Remembers when the last key was pressed there; `None`: it is closed.
    pub(super) fn was_used(&self, at: Option<Timestamp>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Tells when the last key was pressed there.
    pub(super) fn used(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Begun = Result<oneshot::Receiver<Result<Receipt, Refusal>>, Refusal>;

impl Screens {
    /// Remembers what a seat says of a screen, and begins the command that says it. `used`: when the last key was pressed there; `None`: it
    /// is closed.
    ///
    /// # Errors
    /// The seat has too many screens, or the screen is of a later seat; or what `begin` says.
    pub(super) async fn follow(
        &self,
        (seat, agent): (u64, &AgentName),
        (screen, used): (ScreenId, Option<Timestamp>),
        begin: impl Future<Output = Begun>,
    ) -> Begun {
        let mut screens = self.0.lock().await;
        let key = (agent.clone(), screen);
        let known = screens.get(&key).copied();
        if known.is_some_and(|at| at.seat > seat) {
            return Err(Refusal::Senseless("that screen is of a later seat".to_owned()));
        }
        match used {
            Some(used) => {
                let is_new = known.is_none_or(|at| at.seat != seat);
                if is_new && screens.values().filter(|at| at.seat == seat).count() >= MOST {
                    return Err(Refusal::Senseless(format!("a seat has at most {MOST} screens")));
                }
                screens.insert(key, At { seat, used });
            }
            None => drop(screens.remove(&key)),
        }
        begin.await
    }

    /// Closes the screens of a seat that has gone.
    pub(super) async fn close_all(&self, seat: u64, handle: &Handle) {
        let mut screens = self.0.lock().await;
        let gone: Vec<_> = screens.iter().filter(|(_, at)| at.seat == seat).map(|(key, _)| key.clone()).collect();
        for key in gone {
            screens.remove(&key);
            let (_, screen) = key;
            let _stopped = handle.begin(new_command_id(), Command::Screen { screen, used: None }).await;
        }
    }

    /// Tells how many screens each seat has, and when the last key was pressed at any of them.
    pub(super) async fn by_seat(&self) -> BTreeMap<u64, (u32, Timestamp)> {
        let mut seats = BTreeMap::new();
        for at in self.0.lock().await.values() {
            let (count, used) = seats.entry(at.seat).or_insert((0, at.used));
            *count += 1;
            *used = at.used.max(*used);
        }
        seats
    }
}
