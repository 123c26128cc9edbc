//! Tickets that are opened from messages of General: what is created, what is forwarded, how far that has got.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};

/// A ticket that is opened from messages of General.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The row of the outbox that does it, and ends with the reply in General.
    pub outbox: OutboxId,
    /// Where.
    pub group: GroupId,
    /// The title of the topic.
    pub title: String,
    /// The key of Telegram's deduplication for the topic.
    pub random_id: i64,
    /// The topic, once Telegram is known to have created it.
    pub topic: Option<TopicId>,
    /// Telegram is known to have forwarded the messages.
    pub forwarded: bool,
    /// The messages, oldest first; never empty.
    pub messages: Vec<Opened>,
}

/// A message of General that a ticket is opened from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which.
    pub message: MessageId,
    /// Who wrote it.
    pub author: PersonId,
    /// When.
    pub at: Timestamp,
    /// The key of Telegram's deduplication for its copy.
    pub random_id: i64,
    /// What it has become in the new topic.
    pub copy: Option<MessageId>,
}

impl Opening {
    /// Names the ticket, once there is its topic.
    pub fn ticket(&self) -> Option<TicketKey> {
        self.topic.map(|topic| TicketKey { group: self.group, topic })
    }
}

fn opened_row(row: &Row<'_>) -> rusqlite::Result<Opened> {
    Ok(Opened {
        message: MessageId(row.get(0)?),
        author: PersonId(row.get(1)?),
        at: Timestamp::from_millis(row.get(2)?),
        random_id: row.get(3)?,
        copy: row.get::<_, Option<i32>>(4)?.map(MessageId),
    })
}

/// Reads the opening that a condition with one or two values finds.
fn find(connection: &Connection, condition: &str, values: [i64; 2]) -> Result<Option<Opening>> {
    let opening = connection
        .prepare_cached(&format!(
            "SELECT outbox, group_id, title, random_id, topic, forwarded FROM openings WHERE {condition} AND ?2 = ?2"
        ))?
        .query_row(values, |row| {
            Ok(Opening {
                outbox: OutboxId(row.get(0)?),
                group: GroupId(row.get(1)?),
                title: row.get(2)?,
                random_id: row.get(3)?,
                topic: row.get::<_, Option<i32>>(4)?.map(TopicId),
                forwarded: row.get(5)?,
                messages: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut opening) = opening else { return Ok(None) };
    let mut statement = connection
        .prepare_cached("SELECT message, author, at, random_id, copy FROM opened WHERE outbox = ?1 ORDER BY message")?;
    let rows = statement.query_map([opening.outbox.0], opened_row)?;
    opening.messages = rows.collect::<rusqlite::Result<_>>()?;
    Ok(Some(opening))
}

impl Work<'_> {
    /// Writes an opening down, with its messages.
    ///
    /// # Errors
    /// SQLite's; among them that a message opens another ticket already, or that a key was used before.
    pub fn put_opening(&self, opening: &Opening) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO openings (outbox, group_id, title, random_id, topic, forwarded) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                opening.outbox.0,
                opening.group.0,
                opening.title,
                opening.random_id,
                opening.topic.map(|topic| topic.0),
                opening.forwarded,
            ])?;
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO opened (group_id, message, outbox, author, at, random_id, copy) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for one in &opening.messages {
            statement.execute(params![
                opening.group.0,
                one.message.0,
                opening.outbox.0,
                one.author.0,
                one.at.millis(),
                one.random_id,
                one.copy.map(|id| id.0),
            ])?;
        }
        Ok(())
    }

    /// Finds the opening that a row of the outbox does.
    ///
    /// # Errors
    /// SQLite's.
    pub fn opening(&self, outbox: OutboxId) -> Result<Option<Opening>> {
        find(&self.transaction, "outbox = ?1", [outbox.0, 0])
    }

    /// Finds the opening that a key of Telegram's deduplication belongs to: of its topic, or of a copy.
    ///
    /// # Errors
    /// SQLite's.
    pub fn opening_by_random_id(&self, random_id: i64) -> Result<Option<Opening>> {
        let of_any = "outbox = coalesce((SELECT outbox FROM openings WHERE random_id = ?1),
                                        (SELECT outbox FROM opened WHERE random_id = ?1))";
        find(&self.transaction, of_any, [random_id, 0])
    }

    /// Finds the opening that has made a topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn opening_of(&self, key: TicketKey) -> Result<Option<Opening>> {
        find(&self.transaction, "group_id = ?1 AND topic = ?2", [key.group.0, i64::from(key.topic.0)])
    }

    /// Tells which opening a message of General belongs to.
    ///
    /// # Errors
    /// SQLite's.
    pub fn opens(&self, group: GroupId, message: MessageId) -> Result<Option<OutboxId>> {
        let found = self
            .transaction
            .prepare_cached("SELECT outbox FROM opened WHERE group_id = ?1 AND message = ?2")?
            .query_row(params![group.0, message.0], |row| row.get(0).map(OutboxId))
            .optional()?;
        Ok(found)
    }

    /// Telegram has created the topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_opened_topic(&self, outbox: OutboxId, topic: TopicId) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE openings SET topic = ?2 WHERE outbox = ?1")?
            .execute(params![outbox.0, topic.0])?;
        Ok(())
    }

    /// Telegram has forwarded the messages.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_forwarded(&self, outbox: OutboxId) -> Result<()> {
        self.transaction.prepare_cached("UPDATE openings SET forwarded = 1 WHERE outbox = ?1")?.execute([outbox.0])?;
        Ok(())
    }

    /// Says what a message has become in the new topic.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_copy(&self, random_id: i64, copy: MessageId) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE opened SET copy = ?2 WHERE random_id = ?1")?
            .execute(params![random_id, copy.0])?;
        Ok(())
    }

    /// Forgets an opening: its messages stand in General as before.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_opening(&self, outbox: OutboxId) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM opened WHERE outbox = ?1")?.execute([outbox.0])?;
        self.transaction.prepare_cached("DELETE FROM openings WHERE outbox = ?1")?.execute([outbox.0])?;
        Ok(())
    }

    /// Finds the oldest topic that an account has created under a title since an instant, and that no opening is known to have made.
    ///
    /// # Errors
    /// SQLite's.
    pub fn untied_topic(
        &self,
        group: GroupId,
        creator: Option<PersonId>,
        since: Timestamp,
        title: &str,
    ) -> Result<Option<TopicId>> {
        let found = self
            .transaction
            .prepare_cached(
                "SELECT message FROM entries INDEXED BY entries_message
                 WHERE group_id = ?1 AND message IS NOT NULL AND message = topic AND author = ?2 AND at >= ?3
                 AND flags & 4 AND trim(text) = ?4
                 AND topic NOT IN (SELECT topic FROM openings WHERE group_id = ?1 AND topic IS NOT NULL)
                 ORDER BY message LIMIT 1",
            )?
            .query_row(params![group.0, creator.map(|id| id.0), since.millis(), title], |row| row.get(0).map(TopicId))
            .optional()?;
        Ok(found)
    }
}

impl Reader {
    /// Finds the opening that a row of the outbox does.
    ///
    /// # Errors
    /// SQLite's.
    pub fn opening(&self, outbox: OutboxId) -> Result<Option<Opening>> {
        find(&self.connection, "outbox = ?1", [outbox.0, 0])
    }
}
