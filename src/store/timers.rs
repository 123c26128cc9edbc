//! The instants at which time will do something to a ticket: a column for each reason, with an index of its own, so that no timer ever looks at
//! the tickets that are not due.

use rusqlite::{OptionalExtension, params};

use super::{Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, TicketKey, TopicId};

/// What an instant of a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Its life: the end of a snooze, of pending, of a long silence.
    Life,
    /// A clock of its policy is to be spoken of.
    Alarm,
    /// A rule escalates it.
    Escalation,
    /// Something automatic is to be said in it.
    Saying,
    /// Routing is to look at it.
    Routing,
}

impl Timer {
    /// Tells its column; the index is called `tickets_` and the column without `_at`.
    const fn column(self) -> &'static str {
        match self {
            Timer::Life => "wake_at",
            Timer::Alarm => "alarm_at",
            Timer::Escalation => "escalate_at",
            Timer::Saying => "say_at",
            Timer::Routing => "route_at",
        }
    }
}

impl Work<'_> {
    /// Lists tickets for which a timer is due, longest ago first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn due(&self, timer: Timer, now: Timestamp, limit: usize) -> Result<Vec<TicketKey>> {
        let column = timer.column();
        let index = column.trim_end_matches("_at");
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT group_id, topic FROM tickets INDEXED BY tickets_{index} WHERE {column} <= ?1
             ORDER BY {column}, group_id, topic LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![now.millis(), limit as i64], |row| {
            Ok(TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// As [`Work::due`], of the tickets of some groups: their ids, as a JSON list.
    ///
    /// # Errors
    /// SQLite's.
    pub fn due_in(&self, timer: Timer, groups: &str, now: Timestamp, limit: usize) -> Result<Vec<TicketKey>> {
        let column = timer.column();
        let index = column.trim_end_matches("_at");
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT group_id, topic FROM tickets INDEXED BY tickets_{index}
             WHERE {column} <= ?1 AND group_id IN (SELECT value FROM json_each(?3))
             ORDER BY {column}, group_id, topic LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![now.millis(), limit as i64, groups], |row| {
            Ok(TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Tells when a timer of the tickets of some groups is due next: their ids, as a JSON list.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next_in(&self, timer: Timer, groups: &str) -> Result<Option<Timestamp>> {
        let column = timer.column();
        let index = column.trim_end_matches("_at");
        // In the order of the index, so that the first that fits is the answer.
        let sql = format!(
            "SELECT {column} FROM tickets INDEXED BY tickets_{index}
             WHERE {column} IS NOT NULL AND group_id IN (SELECT value FROM json_each(?1)) ORDER BY {column} LIMIT 1"
        );
        let millis: Option<i64> =
            self.transaction.prepare_cached(&sql)?.query_row([groups], |row| row.get(0)).optional()?;
        Ok(millis.map(Timestamp::from_millis))
    }

    /// Tells when a timer is due next.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next(&self, timer: Timer) -> Result<Option<Timestamp>> {
        let column = timer.column();
        self.earliest(&format!("SELECT min({column}) FROM tickets WHERE {column} IS NOT NULL"))
    }

    pub(super) fn earliest(&self, sql: &str) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self.transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(millis.map(Timestamp::from_millis))
    }
}
