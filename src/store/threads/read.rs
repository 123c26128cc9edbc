//! Reading threads: windows of entries, what General asks, what there is in all.

use rusqlite::{OptionalExtension, params};

use super::super::{Reader, Result};
use super::change::{album_parts, is_answered};
use super::{COLUMNS, EntryRow, entry_row, find_message};
use crate::clock::Timestamp;
use crate::desk::ids::{EntryId, GroupId, MessageId, TicketKey};

/// Which part of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Its end.
    Newest,
    /// Its beginning.
    Oldest,
    /// What comes before an entry.
    Before(EntryId),
    /// What comes after an entry.
    After(EntryId),
}

/// What a message said before it was edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The text.
    pub text: String,
    /// Until when it said so.
    pub until: Timestamp,
}

impl Reader {
    /// Lists what a message said before, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn versions(&self, group: GroupId, message: MessageId) -> Result<Vec<Earlier>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT text, until FROM versions WHERE group_id = ?1 AND message = ?2 ORDER BY until")?;
        let rows = statement.query_map(params![group.0, message.0], |row| {
            Ok(Earlier { text: row.get(0)?, until: Timestamp::from_millis(row.get(1)?) })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Lists the parts of an album that are known, of which `near` is one, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn album(&self, key: TicketKey, near: MessageId, album: i64) -> Result<Vec<EntryRow>> {
        album_parts(&self.connection, key, near, album)
    }

    /// Tells whether staff had answered a message by `at`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn is_answered(&self, entry: &EntryRow, at: Timestamp) -> Result<bool> {
        is_answered(&self.connection, entry, at)
    }

    /// Lists the pinned messages of a topic, newest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn pinned(&self, key: TicketKey, limit: usize) -> Result<Vec<EntryRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries INDEXED BY entries_pinned
             WHERE group_id = ?1 AND topic = ?2 AND flags & 8 ORDER BY message DESC LIMIT ?3"
        ))?;
        let rows = statement.query_and_then(params![key.group.0, key.topic.0, limit as i64], entry_row)?;
        rows.collect()
    }

    /// Goes through the messages that staff typed in Telegram itself since an instant, by topic and date; General is no ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn each_outside(&self, since: Option<Timestamp>, mut visit: impl FnMut(EntryRow)) -> Result<()> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT {COLUMNS} FROM entries WHERE kind = 0 AND side = 1 AND outbox IS NULL AND message IS NOT NULL
             AND flags & 4 = 0 AND topic != 1 AND at >= ?1 ORDER BY group_id, topic, at, rank"
        ))?;
        let mut rows = statement.query([since.map_or(i64::MIN, Timestamp::millis)])?;
        while let Some(row) = rows.next()? {
            visit(entry_row(row)?);
        }
        Ok(())
    }

    /// Finds a message.
    ///
    /// # Errors
    /// SQLite's.
    pub fn message(&self, group: GroupId, message: MessageId) -> Result<Option<EntryRow>> {
        find_message(&self.connection, group, message)
    }

    /// Reads up to `limit` entries of a thread, oldest first, and whether there are more on that side.
    ///
    /// # Errors
    /// SQLite's.
    pub fn thread(&self, key: TicketKey, from: From, limit: usize) -> Result<(Vec<EntryRow>, bool)> {
        let anchor = match from {
            From::Before(id) | From::After(id) => self
                .connection
                .prepare_cached("SELECT at, rank, id FROM entries WHERE id = ?1")?
                .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?,
            From::Newest | From::Oldest => None,
        };
        let (compare, direction) = match from {
            From::Newest | From::Before(_) => ("<", "DESC"),
            From::Oldest | From::After(_) => (">", "ASC"),
        };
        let (at, rank, id): (i64, i64, i64) = match (anchor, compare) {
            (Some(place), _) => place,
            (None, "<") => (i64::MAX, i64::MAX, i64::MAX),
            (None, _) => (i64::MIN, i64::MIN, i64::MIN),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries WHERE group_id = ?1 AND topic = ?2 AND (at, rank, id) {compare} (?3, ?4, ?5)
             ORDER BY at {direction}, rank {direction}, id {direction} LIMIT ?6"
        ))?;
        let rows =
            statement.query_and_then(params![key.group.0, key.topic.0, at, rank, id, limit as i64 + 1], entry_row)?;
        let mut rows = rows.collect::<Result<Vec<_>>>()?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        if direction == "DESC" {
            rows.reverse();
        }
        Ok((rows, more))
    }

    /// Counts the messages of a thread, service messages apart.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_messages(&self, key: TicketKey) -> Result<usize> {
        let count: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM entries WHERE group_id = ?1 AND topic = ?2 AND kind = 0 AND flags & 4 = 0",
            )?
            .query_row(params![key.group.0, key.topic.0], |row| row.get(0))?;
        Ok(count as usize)
    }

    /// Lists what nobody has answered in General: messages of others than staff and bots above the last one of staff that is
    /// no reply to one of them, and that no agent opens a ticket from.
    ///
    /// # Errors
    /// SQLite's.
    pub fn unanswered(&self, group: GroupId, limit: usize) -> Result<Vec<EntryRow>> {
        let answered: Option<i32> = self
            .connection
            .prepare_cached(
                "SELECT message FROM entries INDEXED BY entries_general WHERE group_id = ?1 AND topic = 1 AND kind = 0
                 AND side = 1 AND reply_to IS NULL AND message IS NOT NULL AND flags & 5 = 0
                 ORDER BY message DESC LIMIT 1",
            )?
            .query_row([group.0], |row| row.get(0))
            .optional()?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries INDEXED BY entries_general WHERE group_id = ?1 AND topic = 1 AND kind = 0
             AND side = 0 AND flags & 5 = 0 AND message > ?2
             AND message NOT IN (SELECT reply_to FROM entries INDEXED BY entries_general
                 WHERE group_id = ?1 AND topic = 1 AND kind = 0 AND message > ?2 AND side = 1 AND reply_to IS NOT NULL)
             AND message NOT IN (SELECT message FROM opened WHERE group_id = ?1)
             ORDER BY message LIMIT ?3"
        ))?;
        let rows = statement.query_and_then(params![group.0, answered.unwrap_or(0), limit as i64], entry_row)?;
        rows.collect()
    }

    /// Counts all messages and tells the dates of the first and the last.
    ///
    /// # Errors
    /// SQLite's.
    pub fn span(&self) -> Result<(usize, Option<Timestamp>, Option<Timestamp>)> {
        Ok(self.connection.query_row(
            "SELECT count(*), min(at), max(at) FROM entries WHERE kind = 0 AND message IS NOT NULL",
            [],
            |row| {
                Ok((
                    row.get::<_, i64>(0)? as usize,
                    row.get::<_, Option<i64>>(1)?.map(Timestamp::from_millis),
                    row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
                ))
            },
        )?)
    }

    /// Lists the messages whose ids lie in a range: for comparing with Telegram.
    ///
    /// # Errors
    /// SQLite's.
    pub fn ids(&self, group: GroupId) -> Result<Vec<MessageId>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT message FROM entries INDEXED BY entries_message
             WHERE group_id = ?1 AND message IS NOT NULL ORDER BY message",
        )?;
        let rows = statement.query_map([group.0], |row| row.get(0).map(MessageId))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
