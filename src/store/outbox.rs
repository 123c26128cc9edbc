//! The outbox: replies on their way, with everything that makes a send repeatable.

use rusqlite::{Connection, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::files::Attachment;
use crate::desk::ids::{AgentName, EntryId, GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use crate::desk::thread::{Delivery, Lane};

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
    /// How soon it goes.
    pub lane: Lane,
    /// The highest message on its agent's screen; `None`: it goes whatever was written since.
    pub seen: Option<MessageId>,
    /// When its agent last said that it may go.
    pub said_at: Timestamp,
    /// The first part of the text it is a part of.
    pub first: Option<OutboxId>,
    /// The file that leaves with it.
    pub file: Option<Attachment>,
}

const COLUMNS: &str =
    "id, group_id, topic, entry, agent, text, reply_to, random_id, state, until, message, why, created_at,
    not_before, attempts, lane, seen, said_at, first, doubt, file";

fn outbox_row(row: &Row<'_>) -> Result<OutboxRow> {
    let delivery = match row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)? {
        "held" => match row.get::<_, Option<String>>(19)? {
            Some(doubt) => Delivery::Confirm { why: serde_json::from_str(&doubt)? },
            None => Delivery::Held { until: Timestamp::from_millis(row.get::<_, Option<i64>>(9)?.unwrap_or(0)) },
        },
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
        lane: if row.get::<_, i64>(15)? == 0 { Lane::Human } else { Lane::Automatic },
        seen: row.get::<_, Option<i32>>(16)?.map(MessageId),
        said_at: Timestamp::from_millis(row.get(17)?),
        first: row.get::<_, Option<i64>>(18)?.map(OutboxId),
        file: row.get::<_, Option<String>>(20)?.map(|file| serde_json::from_str(&file)).transpose()?,
    })
}

fn open(connection: &Connection) -> Result<Vec<OutboxRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outbox WHERE state IN ('held', 'queued', 'sending', 'parked') ORDER BY id"
    ))?;
    let rows = statement.query_and_then([], outbox_row)?;
    rows.collect()
}

fn find(connection: &Connection, id: OutboxId) -> Result<Option<OutboxRow>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1 AND state <> 'discarded'"))?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(outbox_row).transpose()
}

impl Work<'_> {
    /// Puts a reply into the outbox, held or queued.
    ///
    /// # Errors
    /// SQLite's; among them that the `random_id` was used before.
    pub fn put_outbox(&self, row: &OutboxRow) -> Result<OutboxId> {
        self.transaction
            .prepare_cached(
                "INSERT INTO outbox (group_id, topic, entry, agent, text, reply_to, random_id, state, created_at, lane, seen,
                                     said_at, first, file)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued', ?8, ?9, ?10, ?11, ?12, ?13)",
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
                row.lane as i64,
                row.seen.map(|id| id.0),
                row.said_at.millis(),
                row.first.map(|id| id.0),
                row.file.as_ref().map(serde_json::to_string).transpose()?,
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
        let (until, message, why, doubt) = match delivery {
            Delivery::Held { until } => (Some(until.millis()), None, None, None),
            Delivery::Confirm { why } => (None, None, None, Some(serde_json::to_string(why)?)),
            Delivery::Sent { message } => (None, Some(message.0), None, None),
            Delivery::Parked { why } => (None, None, Some(why.as_str()), None),
            Delivery::Queued | Delivery::Sending => (None, None, None, None),
        };
        self.transaction
            .prepare_cached(
                "UPDATE outbox SET state = ?2, until = ?3, message = ?4, why = ?5, doubt = ?6 WHERE id = ?1",
            )?
            .execute(params![id.0, delivery.label(), until, message, why, doubt])?;
        Ok(())
    }

    /// Writes down that the agent has said that a row may go, and what they had on the screen.
    ///
    /// # Errors
    /// SQLite's.
    pub fn say_outbox(&self, id: OutboxId, at: Timestamp, seen: Option<MessageId>) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE outbox SET said_at = ?2, seen = ?3, attempts = 0, not_before = NULL WHERE id = ?1")?
            .execute(params![id.0, at.millis(), seen.map(|id| id.0)])?;
        Ok(())
    }

    /// Makes rows parts of one text: of the one that begins with `first`, or of none.
    ///
    /// # Errors
    /// SQLite's.
    pub fn chain_outbox(&self, id: OutboxId, first: Option<OutboxId>) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE outbox SET first = ?2 WHERE id = ?1")?
            .execute(params![id.0, first.map(|id| id.0)])?;
        Ok(())
    }

    /// Lists the parts of a text that were not thrown away, in order.
    ///
    /// # Errors
    /// SQLite's.
    pub fn parts(&self, first: OutboxId) -> Result<Vec<OutboxRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM outbox WHERE first = ?1 AND state <> 'discarded' ORDER BY id"
        ))?;
        let rows = statement.query_and_then([first.0], outbox_row)?;
        rows.collect()
    }

    /// Finds the newest message above `seen` that somebody else than the agent has written into a topic: the customer, a participant,
    /// other staff; not the desk's automatic messages, nor what was deleted. A reply of the desk that is being sent may have come as a
    /// message of `own` already, without saying so: that is nobody's.
    ///
    /// # Errors
    /// SQLite's.
    pub fn newer(
        &self,
        key: TicketKey,
        seen: MessageId,
        agent: &AgentName,
        own: Option<PersonId>,
    ) -> Result<Option<MessageId>> {
        let newest: Option<i32> = self
            .transaction
            .prepare_cached(
                "SELECT max(message) FROM entries INDEXED BY entries_thread
                 WHERE group_id = ?1 AND topic = ?2 AND kind = 0 AND message > ?3 AND flags & 5 = 0 AND side <> 2
                 AND (agent IS NULL OR agent <> ?4)
                 AND NOT (author IS ?5 AND outbox IS NULL AND EXISTS (SELECT 1 FROM outbox AS ours
                     WHERE ours.state = 'sending' AND ours.group_id = ?1 AND ours.topic = ?2
                     AND trim(ours.text) = trim(entries.text)))",
            )?
            .query_row(params![key.group.0, key.topic.0, seen.0, agent.0, own.map(|id| id.0)], |row| row.get(0))?;
        Ok(newest.map(MessageId))
    }

    /// Gives the entry of a reply Telegram's date: it may have been settled by an update that tells only its id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn date_reply(&self, entry: EntryId, at: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE entries SET at = ?2 WHERE id = ?1 AND outbox IS NOT NULL AND at <> ?2")?
            .execute(params![entry.0, at.millis()])?;
        Ok(())
    }

    /// Lists when something was asked of Telegram in a group after an instant, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn spent(&self, group: GroupId, after: Timestamp) -> Result<Vec<Timestamp>> {
        let mut statement =
            self.transaction.prepare_cached("SELECT at FROM pace WHERE group_id = ?1 AND at > ?2 ORDER BY at")?;
        let rows =
            statement.query_map(params![group.0, after.millis()], |row| row.get(0).map(Timestamp::from_millis))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes down that something is asked of Telegram in a group, and forgets what was asked long ago.
    ///
    /// # Errors
    /// SQLite's.
    pub fn spend(&self, group: GroupId, at: Timestamp, before: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM pace WHERE group_id = ?1 AND at <= ?2")?
            .execute(params![group.0, before.millis()])?;
        self.transaction
            .prepare_cached("INSERT INTO pace (group_id, at) VALUES (?1, ?2)")?
            .execute(params![group.0, at.millis()])?;
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
        let mut statement = self
            .transaction
            .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox WHERE random_id = ?1 AND state <> 'discarded'"))?;
        let mut rows = statement.query([random_id])?;
        rows.next()?.map(outbox_row).transpose()
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
