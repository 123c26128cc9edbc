//! What was found in one state of the database, for the many screens that ask the same of it: the order of a queue of ten thousand
//! tickets is made once, and not again until something is committed or time changes it.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::params;

use super::{Reader, Result};
use crate::clock::Timestamp;

/// So much is remembered at most: some dozen queues of each of some dozen agents.
const MOST: usize = 2_000;

/// What was found.
#[derive(Default)]
pub(super) struct Memo(RefCell<Found>);

#[derive(Default)]
struct Found {
    /// Of the database, as this connection counts it.
    version: Option<i64>,
    /// Since when, and until when (not any more), it is so.
    holds: Option<(Timestamp, Timestamp)>,
    answers: HashMap<String, Box<dyn Any + Send>>,
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

impl Found {
    fn is_of(&self, version: i64, now: Timestamp) -> bool {
        self.version == Some(version) && self.holds.is_some_and(|(since, until)| since <= now && now < until)
    }
}

impl Reader {
    /// Counts what other connections have committed; within a snapshot, as of its beginning
    /// (sqlite.org/pragma.html#pragma_data_version).
    ///
    /// # Errors
    /// SQLite's.
    pub fn version(&self) -> Result<i64> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// Gives what was found before under a name, or finds it. Only for what depends on nothing but the database, and on time by
    /// nothing but snoozes and deadlines.
    pub(super) fn once<T: Clone + Send + 'static>(
        &self,
        name: String,
        now: Timestamp,
        find: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let version = self.version()?;
        if !self.memo.0.borrow().is_of(version, now) {
            let until = self.next_change(now)?;
            let fresh = Found { version: Some(version), holds: Some((now, until)), answers: HashMap::new() };
            *self.memo.0.borrow_mut() = fresh;
        }
        let known = self.memo.0.borrow().answers.get(&name).and_then(|known| known.downcast_ref::<T>().cloned());
        if let Some(known) = known {
            return Ok(known);
        }
        let found = find()?;
        let mut memo = self.memo.0.borrow_mut();
        if memo.answers.len() >= MOST {
            memo.answers.clear();
        }
        memo.answers.insert(name, Box::new(found.clone()));
        Ok(found)
    }

    /// Tells when a snooze ends or a deadline passes next.
    fn next_change(&self, now: Timestamp) -> Result<Timestamp> {
        let mut statement = self.connection.prepare_cached(
            "SELECT min(snoozed_until) FROM tickets INDEXED BY tickets_queue WHERE snoozed_until > ?1
             UNION ALL SELECT min(due_at) FROM tickets INDEXED BY tickets_due WHERE due_at > ?1",
        )?;
        let next = statement.query_map(params![now.millis()], |row| row.get::<_, Option<i64>>(0))?;
        let next = next.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().min();
        Ok(Timestamp::from_millis(next.unwrap_or(i64::MAX)))
    }
}
