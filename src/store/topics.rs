//! Topics, as Telegram has them, with how far the lifecycle has read each.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId, PersonId, TicketKey, TopicId};

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRow {
    /// Its group and id.
    pub key: TicketKey,
    /// Its title; empty while unknown.
    pub title: String,
    /// The custom emoji that is its icon.
    pub icon: Option<i64>,
    /// Closed in Telegram.
    pub closed: bool,
    /// Hidden in Telegram.
    pub hidden: bool,
    /// Deleted in Telegram.
    pub gone: bool,
    /// An agent's word on whether it is kept out of the desk.
    pub ignored: Option<bool>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// By whom.
    pub creator: Option<PersonId>,
    /// The highest message that the lifecycle has consumed.
    pub applied: MessageId,
    /// Its first backfill is complete: new messages are consumed as they come.
    pub collected: bool,
    /// Its last message that is not a service message.
    pub last_message: Option<MessageId>,
    /// That message's date.
    pub last_at: Option<Timestamp>,
    /// That message in a line.
    pub last_text: String,
    /// That message is staff's.
    pub last_staff: bool,
}

impl TopicRow {
    /// Makes a topic of which nothing is known yet.
    pub fn unknown(key: TicketKey) -> Self {
        TopicRow {
            key,
            title: if key.topic == TopicId::GENERAL { "General".to_owned() } else { String::new() },
            icon: None,
            closed: false,
            hidden: false,
            gone: false,
            ignored: None,
            created_at: None,
            creator: None,
            applied: MessageId(0),
            collected: false,
            last_message: None,
            last_at: None,
            last_text: String::new(),
            last_staff: false,
        }
    }
}

const COLUMNS: &str =
    "group_id, topic, title, icon, closed, hidden, gone, ignored, created_at, creator, applied, collected,
    last_message, last_at, last_text, last_staff";

pub(super) fn topic_row(row: &Row<'_>) -> rusqlite::Result<TopicRow> {
    Ok(TopicRow {
        key: TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) },
        title: row.get(2)?,
        icon: row.get(3)?,
        closed: row.get(4)?,
        hidden: row.get(5)?,
        gone: row.get(6)?,
        ignored: row.get(7)?,
        created_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
        creator: row.get::<_, Option<i64>>(9)?.map(PersonId),
        applied: MessageId(row.get(10)?),
        collected: row.get(11)?,
        last_message: row.get::<_, Option<i32>>(12)?.map(MessageId),
        last_at: row.get::<_, Option<i64>>(13)?.map(Timestamp::from_millis),
        last_text: row.get::<_, Option<String>>(14)?.unwrap_or_default(),
        last_staff: row.get(15)?,
    })
}

fn find(connection: &Connection, key: TicketKey) -> Result<Option<TopicRow>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM topics WHERE group_id = ?1 AND topic = ?2"))?
        .query_row(params![key.group.0, key.topic.0], topic_row)
        .optional()?)
}

impl Work<'_> {
    /// Finds a topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn topic(&self, key: TicketKey) -> Result<Option<TopicRow>> {
        find(&self.transaction, key)
    }

    /// Writes a topic down, whole.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_topic(&self, topic: &TopicRow) -> Result<()> {
        self.transaction
            .prepare_cached(&format!(
                "INSERT INTO topics ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)
                 ON CONFLICT DO UPDATE SET title=?3, icon=?4, closed=?5, hidden=?6, gone=?7, ignored=?8, created_at=?9,
                 creator=?10, applied=?11, collected=?12, last_message=?13, last_at=?14, last_text=?15, last_staff=?16"
            ))?
            .execute(params![
                topic.key.group.0,
                topic.key.topic.0,
                topic.title,
                topic.icon,
                topic.closed,
                topic.hidden,
                topic.gone,
                topic.ignored,
                topic.created_at.map(Timestamp::millis),
                topic.creator.map(|id| id.0),
                topic.applied.0,
                topic.collected,
                topic.last_message.map(|id| id.0),
                topic.last_at.map(Timestamp::millis),
                topic.last_text,
                topic.last_staff,
            ])?;
        Ok(())
    }

    /// Lists the topics of a group whose first message was deleted and that are not known to be gone.
    ///
    /// # Errors
    /// SQLite's.
    pub fn headless(&self, group: GroupId) -> Result<Vec<TopicId>> {
        let mut statement = self.transaction.prepare(
            "SELECT topics.topic FROM entries AS head INDEXED BY entries_deleted
             JOIN topics ON topics.group_id = head.group_id AND topics.topic = head.message
             WHERE head.group_id = ?1 AND head.flags & 1 <> 0 AND NOT topics.gone",
        )?;
        let rows = statement.query_map([group.0], |row| row.get(0).map(TopicId))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Notes of every topic whose messages have all been consumed that it is collected.
    ///
    /// # Errors
    /// SQLite's.
    pub fn note_collected(&self, group: GroupId) -> Result<()> {
        // A message's rank is its id, and the rank is in the index.
        self.transaction
            .prepare_cached(
                "UPDATE topics SET collected = 1 WHERE group_id = ?1 AND NOT collected
                 AND NOT EXISTS (SELECT 1 FROM entries INDEXED BY entries_thread WHERE entries.group_id = ?1
                     AND entries.topic = topics.topic AND entries.rank > topics.applied AND entries.kind = 0)",
            )?
            .execute([group.0])?;
        Ok(())
    }

    /// Lists the topics of a group whose first backfill is not complete, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn uncollected(&self, group: GroupId, limit: usize) -> Result<Vec<TopicId>> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT topic FROM topics WHERE group_id = ?1 AND NOT collected ORDER BY topic LIMIT ?2")?;
        let rows = statement.query_map(params![group.0, limit as i64], |row| row.get(0).map(TopicId))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Reader {
    /// Finds a topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn topic(&self, key: TicketKey) -> Result<Option<TopicRow>> {
        find(&self.connection, key)
    }

    /// Lists the topics of a group by id, General among them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn topics(&self, group: GroupId) -> Result<Vec<TopicRow>> {
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM topics WHERE group_id = ?1 ORDER BY topic"))?;
        let rows = statement.query_map([group.0], topic_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Finds a topic by its number: once for each group that has it, by group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn find_topic(&self, topic: TopicId) -> Result<Vec<TicketKey>> {
        let mut statement =
            self.connection.prepare_cached("SELECT group_id FROM topics WHERE topic = ?1 ORDER BY group_id")?;
        let rows = statement.query_map([topic.0], |row| Ok(TicketKey { group: GroupId(row.get(0)?), topic }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Counts topics other than General.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_topics(&self) -> Result<usize> {
        Ok(self.connection.query_row("SELECT count(*) FROM topics WHERE topic <> 1", [], |row| row.get::<_, i64>(0))?
            as usize)
    }
}
