//! Reading the log for those who count: ticket by ticket, or only what has changed. Never more than one ticket's log in memory.

use rusqlite::params;

use super::events::{COLUMNS, recorded};
use super::threads::{self, EntryRow};
use super::{Reader, Result};
use crate::clock::Timestamp;
use crate::desk::event::Recorded;
use crate::desk::ids::{EntryId, EventId, GroupId, TicketKey, TopicId};

impl Reader {
    /// Goes through the whole logs of all tickets, one ticket after the other. Topics that are no tickets (any more) are left out.
    ///
    /// # Errors
    /// SQLite's.
    pub fn each_log(&self, mut visit: impl FnMut(TicketKey, &[Recorded])) -> Result<()> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT {COLUMNS} FROM events INDEXED BY events_ticket
             WHERE EXISTS (SELECT 1 FROM tickets WHERE tickets.group_id = events.group_id AND tickets.topic = events.topic)
             ORDER BY group_id, topic, id"
        ))?;
        let mut rows = statement.query([])?;
        let mut log: Vec<Recorded> = Vec::new();
        while let Some(row) = rows.next()? {
            let next = recorded(row)?;
            if let Some(last) = log.last().filter(|last| last.ticket != next.ticket) {
                visit(last.ticket, &log);
                log.clear();
            }
            log.push(next);
        }
        if let Some(last) = log.last() {
            visit(last.ticket, &log);
        }
        Ok(())
    }

    /// Gives a part of the log in the order in which it was written: at most so many events behind one and up to another, from a date
    /// on. Topics that are no tickets are left out.
    ///
    /// # Errors
    /// SQLite's.
    pub fn recorded_between(
        &self,
        (after, last): (EventId, EventId),
        since: Option<Timestamp>,
        most: u32,
    ) -> Result<Vec<Recorded>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM events WHERE id > ?1 AND id <= ?2 AND at >= ?3 AND EXISTS (SELECT 1 FROM tickets
             WHERE tickets.group_id = events.group_id AND tickets.topic = events.topic) ORDER BY id LIMIT ?4"
        ))?;
        let since = since.map_or(i64::MIN, Timestamp::millis);
        let mut rows = statement.query(params![after.0, last.0, since, most])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(recorded(row)?);
        }
        Ok(all)
    }

    /// Lists tickets behind one, at most so many, by group and topic; with `since`, only those to which something has happened since.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tickets_after(
        &self,
        after: Option<TicketKey>,
        since: Option<Timestamp>,
        most: u32,
    ) -> Result<Vec<TicketKey>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT group_id, topic FROM tickets WHERE (group_id, topic) > (?1, ?2) AND (?3 IS NULL OR EXISTS
             (SELECT 1 FROM events WHERE events.group_id = tickets.group_id AND events.topic = tickets.topic AND at >= ?3))
             ORDER BY group_id, topic LIMIT ?4",
        )?;
        let (group, topic) = after.map_or((i64::MIN, i32::MIN), |key| (key.group.0, key.topic.0));
        let since = since.map(Timestamp::millis);
        let rows = statement.query_map(params![group, topic, since, most], |row| Ok((row.get(0)?, row.get(1)?)))?;
        keys(rows)
    }

    /// Lists all tickets.
    ///
    /// # Errors
    /// SQLite's.
    pub fn ticket_keys(&self) -> Result<Vec<TicketKey>> {
        let mut statement =
            self.connection.prepare_cached("SELECT group_id, topic FROM tickets ORDER BY group_id, topic")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        keys(rows)
    }

    /// Lists the topics in whose log something was written after an event.
    ///
    /// # Errors
    /// SQLite's.
    pub fn written_after(&self, event: EventId) -> Result<Vec<TicketKey>> {
        let mut statement =
            self.connection.prepare_cached("SELECT DISTINCT group_id, topic FROM events WHERE id > ?1")?;
        let rows = statement.query_map([event.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        keys(rows)
    }

    /// Lists the tickets to which something has happened since an instant.
    ///
    /// # Errors
    /// SQLite's.
    pub fn happened_since(&self, since: Timestamp) -> Result<Vec<TicketKey>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT events.group_id, events.topic FROM events JOIN tickets
             ON tickets.group_id = events.group_id AND tickets.topic = events.topic WHERE at >= ?1",
        )?;
        let rows = statement.query_map([since.millis()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        keys(rows)
    }

    /// Tells the newest event; 0 if there is none.
    ///
    /// # Errors
    /// SQLite's.
    pub fn newest_event(&self) -> Result<EventId> {
        let id: Option<i64> = self.connection.query_row("SELECT max(id) FROM events", [], |row| row.get(0))?;
        Ok(EventId(id.unwrap_or(0)))
    }

    /// Lists the internal notes that were written since an instant, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn notes_since(&self, since: Timestamp) -> Result<Vec<EntryRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {} FROM entries WHERE kind = 1 AND at >= ?1 AND flags & 1 = 0 ORDER BY at, id",
            threads::COLUMNS
        ))?;
        let rows = statement.query_and_then([since.millis()], threads::entry_row)?;
        rows.collect()
    }

    /// Reads an internal note.
    ///
    /// # Errors
    /// SQLite's.
    pub fn note_text(&self, entry: EntryId) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT text FROM entries WHERE id = ?1 AND kind = 1")?;
        let mut rows = statement.query(params![entry.0])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }
}

fn keys(rows: impl Iterator<Item = rusqlite::Result<(i64, i32)>>) -> Result<Vec<TicketKey>> {
    let key = |(group, topic)| TicketKey { group: GroupId(group), topic: TopicId(topic) };
    Ok(rows.map(|row| row.map(key)).collect::<rusqlite::Result<_>>()?)
}
