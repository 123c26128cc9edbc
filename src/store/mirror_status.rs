//! What is to be done so that topics show the status of their tickets in Telegram.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, OutboxId, TicketKey, TopicId};

/// What a topic is to show, and how far that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorRow {
    /// The topic.
    pub key: TicketKey,
    /// Since when something is to be done; `None`: all is as it should be.
    pub due: Option<Timestamp>,
    /// Not to be looked at before.
    pub not_before: Timestamp,
    /// When Telegram was last asked for another icon.
    pub icon_at: Timestamp,
    /// When Telegram was last asked to close or reopen it.
    pub door_at: Timestamp,
    /// It is to be closed (`true`) or open; `None`: it stays as it is.
    pub door: Option<bool>,
    /// The notice before which it is not closed.
    pub notice: Option<OutboxId>,
    /// Telegram was asked to close (`true`) or reopen it, and the stream has not said so yet.
    pub echo: Option<bool>,
    /// The desk has closed it.
    pub ours: bool,
    /// How often was asked without an answer.
    pub attempts: u32,
    /// Why the last change was given up.
    pub why: Option<String>,
}

impl MirrorRow {
    /// Makes the row of a topic for which nothing was ever to be done.
    pub fn new(key: TicketKey) -> Self {
        MirrorRow {
            key,
            due: None,
            not_before: Timestamp::default(),
            icon_at: Timestamp::default(),
            door_at: Timestamp::default(),
            door: None,
            notice: None,
            echo: None,
            ours: false,
            attempts: 0,
            why: None,
        }
    }
}

const COLUMNS: &str = "group_id, topic, due, not_before, icon_at, door_at, door, notice, echo, ours, attempts, why";

fn mirror_row(row: &Row<'_>) -> rusqlite::Result<MirrorRow> {
    Ok(MirrorRow {
        key: TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) },
        due: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_millis),
        not_before: Timestamp::from_millis(row.get(3)?),
        icon_at: Timestamp::from_millis(row.get(4)?),
        door_at: Timestamp::from_millis(row.get(5)?),
        door: row.get(6)?,
        notice: row.get::<_, Option<i64>>(7)?.map(OutboxId),
        echo: row.get(8)?,
        ours: row.get(9)?,
        attempts: row.get(10)?,
        why: row.get(11)?,
    })
}

fn find(connection: &Connection, key: TicketKey) -> Result<Option<MirrorRow>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM mirror_status WHERE group_id = ?1 AND topic = ?2"))?;
    Ok(statement.query_row(params![key.group.0, key.topic.0], mirror_row).optional()?)
}

impl Work<'_> {
    /// Finds the row of a topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn mirror_row(&self, key: TicketKey) -> Result<Option<MirrorRow>> {
        find(&self.transaction, key)
    }

    /// Writes a row down, whole.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_mirror_row(&self, row: &MirrorRow) -> Result<()> {
        self.transaction
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO mirror_status ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
            ))?
            .execute(params![
                row.key.group.0,
                row.key.topic.0,
                row.due.map(Timestamp::millis),
                row.not_before.millis(),
                row.icon_at.millis(),
                row.door_at.millis(),
                row.door,
                row.notice.map(|id| id.0),
                row.echo,
                row.ours,
                row.attempts,
                row.why,
            ])?;
        Ok(())
    }

    /// Forgets a topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_mirror_row(&self, key: TicketKey) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM mirror_status WHERE group_id = ?1 AND topic = ?2")?
            .execute(params![key.group.0, key.topic.0])?;
        Ok(())
    }

    /// Lists what can be looked at now in a group, what has waited longest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn due_mirror_rows(&self, group: GroupId, now: Timestamp, limit: usize) -> Result<Vec<MirrorRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM mirror_status INDEXED BY mirror_status_due
             WHERE due IS NOT NULL AND not_before <= ?1 AND group_id = ?3 ORDER BY due LIMIT ?2"
        ))?;
        let rows = statement.query_map(params![now.millis(), limit as i64, group.0], mirror_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Tells when the next of a group that cannot be looked at yet can be.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next_mirror_row(&self, group: GroupId, now: Timestamp) -> Result<Option<Timestamp>> {
        let at: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT min(not_before) FROM mirror_status INDEXED BY mirror_status_due
                 WHERE due IS NOT NULL AND not_before > ?1 AND group_id = ?2",
            )?
            .query_row(params![now.millis(), group.0], |row| row.get(0))?;
        Ok(at.map(Timestamp::from_millis))
    }

    /// Lists all rows in which something is to be done, also later.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_mirror_rows(&self) -> Result<Vec<MirrorRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM mirror_status WHERE due IS NOT NULL OR door IS NOT NULL"
        ))?;
        let rows = statement.query_map([], mirror_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Reader {
    /// Finds the row of a topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn mirror_row(&self, key: TicketKey) -> Result<Option<MirrorRow>> {
        find(&self.connection, key)
    }

    /// Counts the topics in which something is to be done.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_mirror_rows(&self) -> Result<usize> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM mirror_status INDEXED BY mirror_status_due WHERE due IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs() as usize)
    }
}
