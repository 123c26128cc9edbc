//! Escalations: when a rule fires for a ticket next, and what has fired.

use rusqlite::params;

use super::events::{COLUMNS, recorded};
use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::event::Recorded;
use crate::desk::ids::{EventId, TicketKey};

impl Work<'_> {
    /// Writes a firing down.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_firing(&self, event: EventId, key: TicketKey, rule: &str, due: Timestamp, reached: bool) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO firings (event, group_id, topic, rule, due_at, reached) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![event.0, key.group.0, key.topic.0, rule, due.millis(), reached])?;
        Ok(())
    }

    /// Counts how often a rule has reached somebody after one instant, up to another.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_reached(&self, rule: &str, after: Timestamp, to: Timestamp) -> Result<usize> {
        let count: i64 = self
            .transaction
            .prepare_cached(
                "SELECT count(*) FROM firings WHERE reached AND rule = ?1 AND due_at > ?2 AND due_at <= ?3",
            )?
            .query_row(params![rule, after.millis(), to.millis()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

impl Reader {
    /// Lists the newest firings, newest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn firings(&self, limit: usize) -> Result<Vec<Recorded>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT events.id, events.group_id, events.topic, events.at, events.actor, events.event
             FROM firings JOIN events ON events.id = firings.event ORDER BY firings.event DESC LIMIT ?1",
        )?;
        let rows = statement.query_and_then([limit as i64], recorded)?;
        rows.collect()
    }

    /// Reads all events in the order of time, those of one ticket in the order of its log: each with its place in time.
    ///
    /// # Errors
    /// SQLite's, and the visitor's.
    pub fn replay<E: From<super::StoreError>>(
        &self,
        mut visit: impl FnMut(Timestamp, Recorded) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let sql = format!(
            "SELECT {COLUMNS}, max(at) OVER (PARTITION BY group_id, topic ORDER BY id ROWS UNBOUNDED PRECEDING) AS place
             FROM events INDEXED BY events_ticket ORDER BY place, id"
        );
        let mut statement = self.connection.prepare(&sql).map_err(super::StoreError::from)?;
        let mut rows = statement.query([]).map_err(super::StoreError::from)?;
        while let Some(row) = rows.next().map_err(super::StoreError::from)? {
            let place = Timestamp::from_millis(row.get(6).map_err(super::StoreError::from)?);
            visit(place, recorded(row)?)?;
        }
        Ok(())
    }
}
