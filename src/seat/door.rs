//! The door: how many seats there may be, in all and of one user, and how often somebody who is turned away is worth a line in the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many seats and commands at once; a desk has some dozen agents.
const SEATS: usize = 256;

/// So many of them may be one user's, who then keeps nobody else out.
const SHARE: usize = 64;

/// A user who is turned away again and again is logged so often.
const AGAIN: Duration = Duration::from_secs(60);

/// Lets in as many as there is room for.
#[derive(Debug)]
pub(super) struct Door {
    own: u32,
    room: Arc<Semaphore>,
    shares: BTreeMap<u32, Arc<Semaphore>>,
}

/// A place at the desk, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _room: OwnedSemaphorePermit,
    _share: OwnedSemaphorePermit,
}

impl Door {
    pub(super) fn new() -> Door {
        let own = rustix::process::geteuid().as_raw();
        Door { own, room: Arc::new(Semaphore::new(SEATS)), shares: BTreeMap::new() }
    }

    /// Gives a user a place, if there is one. The desk's own user and root, who could end it anyway, may have all.
    pub(super) fn let_in(&mut self, uid: u32) -> Option<Place> {
        let most = if uid == self.own || uid == 0 { SEATS } else { SHARE };
        let share = self.shares.entry(uid).or_insert_with(|| Arc::new(Semaphore::new(most)));
        let share = share.clone().try_acquire_owned().ok()?;
        Some(Place { _share: share, _room: self.room.clone().try_acquire_owned().ok()? })
    }
}

/// Remembers of whom was spoken: nobody fills the log by knocking.
#[derive(Debug, Default)]
pub(super) struct Spoken(Mutex<BTreeMap<u32, Instant>>);

impl Spoken {
    /// Tells whether a user is worth a line now.
    pub(super) fn is_news(&self, uid: u32) -> bool {
        let mut spoken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = spoken.get(&uid).is_none_or(|last| last.elapsed() >= AGAIN);
        if news {
            spoken.insert(uid, Instant::now());
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_keeps_nobody_else_out() {
        let mut door = Door { own: 500, room: Arc::new(Semaphore::new(SEATS)), shares: BTreeMap::new() };
        let flood: Vec<Place> = std::iter::from_fn(|| door.let_in(1_001)).collect();
        assert_eq!(flood.len(), SHARE);
        assert!(door.let_in(1_002).is_some());
        let own: Vec<Place> = std::iter::from_fn(|| door.let_in(500)).collect();
        assert_eq!(own.len(), SEATS - SHARE);
        assert!(door.let_in(1_002).is_none() && door.let_in(0).is_none(), "there is no more room at all");
        drop(flood);
        assert!(door.let_in(1_001).is_some() && door.let_in(1_002).is_some());
    }

    #[test]
    fn who_knocks_again_and_again_is_logged_once() {
        let spoken = Spoken::default();
        assert!(spoken.is_news(1) && !spoken.is_news(1) && spoken.is_news(2));
    }
}
