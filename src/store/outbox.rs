//! The outbox: replies on their way, with everything that makes a send repeatable.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, EntryId, GroupId, MessageId, OutboxId, TicketKey, TopicId};
use crate::desk::thread::Delivery;

/// A reply on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// The row.
    pub id: OutboxId,
    /// Where to.
    pub key: TicketKey,
    /// Its entry in the thread.
    pub entry: EntryId,
    /// Whose.
    pub agent: AgentName,
    /// What it says.
    pub text: String,
    /// The message it quotes.
    pub reply_to: Option<MessageId>,
    /// The key of Telegram's deduplication.
    pub random_id: i64,
    /// How far it has got.
    pub delivery: Delivery,
    /// When it was written.
    pub created_at: Timestamp,
    /// Not to be sent before.
    pub not_before: Option<Timestamp>,
    /// How often it was asked for.
    pub attempts: u32,
}

const COLUMNS: &str =
    "id, group_id, topic, entry, agent, text, reply_to, random_id, state, until, message, why, created_at,
    not_before, attempts";

fn outbox_row(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    let delivery = match row.get_ref(8)?.as_str()? {
        "held" => Delivery::Held { until: Timestamp::from_millis(row.get::<_, Option<i64>>(9)?.unwrap_or(0)) },
        "queued" => Delivery::Queued,
        "sending" => Delivery::Sending,
        "sent" => Delivery::Sent { message: MessageId(row.get::<_, Option<i32>>(10)?.unwrap_or(0)) },
        _ => Delivery::Parked { why: row.get::<_, Option<String>>(11)?.unwrap_or_default() },
    };
    Ok(OutboxRow {
        id: OutboxId(row.get(0)?),
        key: TicketKey { group: GroupId(row.get(1)?), topic: TopicId(row.get(2)?) },
        entry: EntryId(row.get(3)?),
        agent: AgentName(row.get(4)?),
        text: row.get(5)?,
        reply_to: row.get::<_, Option<i32>>(6)?.map(MessageId),
        random_id: row.get(7)?,
        delivery,
        created_at: Timestamp::from_millis(row.get(12)?),
        not_before: row.get::<_, Option<i64>>(13)?.map(Timestamp::from_millis),
        attempts: row.get(14)?,
    })
}

fn open(connection: &Connection) -> Result<Vec<OutboxRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outbox WHERE state IN ('held', 'queued', 'sending', 'parked') ORDER BY id"
    ))?;
    let rows = statement.query_map([], outbox_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn find(connection: &Connection, id: OutboxId) -> Result<Option<OutboxRow>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1 AND state <> 'discarded'"))?
        .query_row([id.0], outbox_row)
        .optional()?)
}

impl Work<'_> {
    /// Puts a reply into the outbox, held or queued.
    ///
    /// # Errors
    /// SQLite's; among them that the `random_id` was used before.
    pub fn put_outbox(&self, row: &OutboxRow) -> Result<OutboxId> {
        self.transaction
            .prepare_cached(
                "INSERT INTO outbox (group_id, topic, entry, agent, text, reply_to, random_id, state, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued', ?8)",
            )?
            .execute(params![
                row.key.group.0,
                row.key.topic.0,
                row.entry.0,
                row.agent.0,
                row.text,
                row.reply_to.map(|id| id.0),
                row.random_id,
                row.created_at.millis(),
            ])?;
        let id = OutboxId(self.transaction.last_insert_rowid());
        self.set_delivery(id, &row.delivery)?;
        Ok(id)
    }

    /// Moves a row.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_delivery(&self, id: OutboxId, delivery: &Delivery) -> Result<()> {
        let (until, message, why) = match delivery {
            Delivery::Held { until } => (Some(until.millis()), None, None),
            Delivery::Sent { message } => (None, Some(message.0), None),
            Delivery::Parked { why } => (None, None, Some(why.as_str())),
            Delivery::Queued | Delivery::Sending => (None, None, None),
        };
        self.transaction
            .prepare_cached("UPDATE outbox SET state = ?2, until = ?3, message = ?4, why = ?5 WHERE id = ?1")?
            .execute(params![id.0, delivery.label(), until, message, why])?;
        Ok(())
    }

    /// Counts an attempt, and says when the next one may be at the earliest.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_attempt(&self, id: OutboxId, attempts: u32, not_before: Option<Timestamp>) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE outbox SET attempts = ?2, not_before = ?3 WHERE id = ?1")?
            .execute(params![id.0, attempts, not_before.map(Timestamp::millis)])?;
        Ok(())
    }

    /// Changes text and key of a row that is held or parked.
    ///
    /// # Errors
    /// SQLite's.
    pub fn rewrite_outbox(&self, id: OutboxId, text: &str, random_id: i64) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE outbox SET text = ?2, random_id = ?3, attempts = 0, not_before = NULL WHERE id = ?1",
            )?
            .execute(params![id.0, text, random_id])?;
        Ok(())
    }

    /// Throws a row away. It stays in the table, so that its `random_id` is never used again.
    ///
    /// # Errors
    /// SQLite's.
    pub fn discard_outbox(&self, id: OutboxId) -> Result<()> {
        self.transaction.prepare_cached("UPDATE outbox SET state = 'discarded' WHERE id = ?1")?.execute([id.0])?;
        Ok(())
    }

    /// Lists the rows that are held, queued, being sent or parked, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_outbox(&self) -> Result<Vec<OutboxRow>> {
        open(&self.transaction)
    }

    /// Finds a row.
    ///
    /// # Errors
    /// SQLite's.
    pub fn outbox(&self, id: OutboxId) -> Result<Option<OutboxRow>> {
        find(&self.transaction, id)
    }

    /// Finds a row by the key of Telegram's deduplication.
    ///
    /// # Errors
    /// SQLite's.
    pub fn outbox_by_random_id(&self, random_id: i64) -> Result<Option<OutboxRow>> {
        Ok(self
            .transaction
            .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE random_id = ?1 AND state <> 'discarded'"))?
            .query_row([random_id], outbox_row)
            .optional()?)
    }
}

impl Reader {
    /// Lists the rows that are held, queued, being sent or parked, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_outbox(&self) -> Result<Vec<OutboxRow>> {
        open(&self.connection)
    }

    /// Finds a row.
    ///
    /// # Errors
    /// SQLite's.
    pub fn outbox(&self, id: OutboxId) -> Result<Option<OutboxRow>> {
        find(&self.connection, id)
    }
}
