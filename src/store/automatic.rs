//! What the desk says by itself: when something is due, what is on its way, the surveys, and who was named in a note.

use rusqlite::{OptionalExtension, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::automatic::Kind;
use crate::desk::ids::{AgentName, EntryId, GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};

/// An automatic message of a ticket that has not been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saying {
    /// What it is.
    pub kind: Kind,
    /// The instant that made it due.
    pub since: Timestamp,
    /// Its row in the outbox.
    pub outbox: OutboxId,
}

/// A survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurveyRow {
    /// The row of the outbox that asks.
    pub outbox: OutboxId,
    /// Its ticket.
    pub key: TicketKey,
    /// Who is asked.
    pub customer: PersonId,
    /// When it was put into the outbox, then when it was sent.
    pub asked_at: Timestamp,
    /// The message, once it was sent.
    pub message: Option<MessageId>,
    /// It has buttons.
    pub buttons: bool,
    /// When they are to be taken off; `None`: they are off, or are not there yet.
    pub buttons_at: Option<Timestamp>,
}

const SURVEY: &str = "outbox, group_id, topic, customer, asked_at, message, buttons, buttons_at";

fn key(group: i64, topic: i32) -> TicketKey {
    TicketKey { group: GroupId(group), topic: TopicId(topic) }
}

fn survey_row(row: &Row<'_>) -> rusqlite::Result<SurveyRow> {
    Ok(SurveyRow {
        outbox: OutboxId(row.get(0)?),
        key: key(row.get(1)?, row.get(2)?),
        customer: PersonId(row.get(3)?),
        asked_at: Timestamp::from_millis(row.get(4)?),
        message: row.get::<_, Option<i32>>(5)?.map(MessageId),
        buttons: row.get(6)?,
        buttons_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_millis),
    })
}

impl Work<'_> {
    /// Says when something automatic is to be said of a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_say(&self, key: TicketKey, at: Option<Timestamp>) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE tickets SET say_at = ?3 WHERE group_id = ?1 AND topic = ?2")?
            .execute(params![key.group.0, key.topic.0, at.map(Timestamp::millis)])?;
        Ok(())
    }

    /// Lists all automatic messages that have not been sent.
    ///
    /// # Errors
    /// SQLite's.
    pub fn sayings(&self) -> Result<Vec<(TicketKey, Saying)>> {
        let mut statement =
            self.transaction.prepare_cached("SELECT group_id, topic, kind, since, outbox FROM automatic")?;
        let rows = statement.query_map([], |row| {
            let kind = Kind::of(row.get_ref(2)?.as_str()?).unwrap_or(Kind::Confirmation);
            let (since, outbox) = (Timestamp::from_millis(row.get(3)?), OutboxId(row.get(4)?));
            Ok((key(row.get(0)?, row.get(1)?), Saying { kind, since, outbox }))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes down which automatic message of a ticket is on its way.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_saying(&self, key: TicketKey, saying: &Saying) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO automatic (group_id, topic, kind, since, outbox) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![key.group.0, key.topic.0, saying.kind.label(), saying.since.millis(), saying.outbox.0])?;
        Ok(())
    }

    /// No automatic message of a ticket is on its way any more.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_saying(&self, key: TicketKey) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM automatic WHERE group_id = ?1 AND topic = ?2")?
            .execute(params![key.group.0, key.topic.0])?;
        Ok(())
    }

    /// Writes a survey down, whole.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_survey(&self, survey: &SurveyRow) -> Result<()> {
        self.transaction
            .prepare_cached(&format!("INSERT OR REPLACE INTO surveys ({SURVEY}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"))?
            .execute(params![
                survey.outbox.0,
                survey.key.group.0,
                survey.key.topic.0,
                survey.customer.0,
                survey.asked_at.millis(),
                survey.message.map(|id| id.0),
                survey.buttons,
                survey.buttons_at.map(Timestamp::millis),
            ])?;
        Ok(())
    }

    /// Finds a survey by the row that asks.
    ///
    /// # Errors
    /// SQLite's.
    pub fn survey(&self, outbox: OutboxId) -> Result<Option<SurveyRow>> {
        let mut statement =
            self.transaction.prepare_cached(&format!("SELECT {SURVEY} FROM surveys WHERE outbox = ?1"))?;
        Ok(statement.query_row([outbox.0], survey_row).optional()?)
    }

    /// Finds the survey of a ticket that a message asks.
    ///
    /// # Errors
    /// SQLite's.
    pub fn survey_of(&self, key: TicketKey, message: MessageId) -> Result<Option<SurveyRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {SURVEY} FROM surveys INDEXED BY surveys_ticket WHERE group_id = ?1 AND topic = ?2 AND message = ?3"
        ))?;
        Ok(statement.query_row(params![key.group.0, key.topic.0, message.0], survey_row).optional()?)
    }

    /// Forgets a survey that was never asked.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_survey(&self, outbox: OutboxId) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM surveys WHERE outbox = ?1")?.execute([outbox.0])?;
        Ok(())
    }

    /// Tells when a customer was last asked, or is about to be.
    ///
    /// # Errors
    /// SQLite's.
    pub fn last_asked(&self, customer: PersonId) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self
            .transaction
            .prepare_cached("SELECT max(asked_at) FROM surveys INDEXED BY surveys_customer WHERE customer = ?1")?
            .query_row([customer.0], |row| row.get(0))?;
        Ok(millis.map(Timestamp::from_millis))
    }

    /// Finds a survey whose buttons are to be taken off.
    ///
    /// # Errors
    /// SQLite's.
    pub fn due_buttons(&self, groups: &str, now: Timestamp) -> Result<Option<SurveyRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {SURVEY} FROM surveys INDEXED BY surveys_buttons WHERE buttons_at <= ?1
             AND group_id IN (SELECT value FROM json_each(?2)) ORDER BY buttons_at LIMIT 1"
        ))?;
        Ok(statement.query_row(params![now.millis(), groups], survey_row).optional()?)
    }

    /// Tells when buttons are to be taken off next.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next_buttons(&self, groups: &str) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self
            .transaction
            .prepare_cached(
                "SELECT min(buttons_at) FROM surveys WHERE buttons_at IS NOT NULL
                 AND group_id IN (SELECT value FROM json_each(?1))",
            )?
            .query_row([groups], |row| row.get(0))?;
        Ok(millis.map(Timestamp::from_millis))
    }

    /// Writes down that a note names an agent.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_mention(&self, agent: &AgentName, key: TicketKey, entry: EntryId) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO mentions (agent, group_id, topic, entry) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![agent.0, key.group.0, key.topic.0, entry.0])?;
        Ok(())
    }

    /// The agent has looked at a ticket; tells whether a note had named them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_mention(&self, agent: &AgentName, key: TicketKey) -> Result<bool> {
        let gone = self
            .transaction
            .prepare_cached("DELETE FROM mentions WHERE agent = ?1 AND group_id = ?2 AND topic = ?3")?
            .execute(params![agent.0, key.group.0, key.topic.0])?;
        Ok(gone > 0)
    }
}

impl Reader {
    /// Tells what of a ticket's automatic messages is on its way.
    ///
    /// # Errors
    /// SQLite's.
    pub fn saying(&self, ticket: TicketKey) -> Result<Option<Kind>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT kind FROM automatic JOIN outbox ON outbox.id = automatic.outbox
             WHERE automatic.group_id = ?1 AND automatic.topic = ?2 AND state IN ('held', 'queued', 'sending')",
        )?;
        let kind: Option<String> =
            statement.query_row(params![ticket.group.0, ticket.topic.0], |row| row.get(0)).optional()?;
        Ok(kind.and_then(|kind| Kind::of(&kind)))
    }

    /// Counts the tickets whose customers the desk will say something to by itself.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_says(&self) -> Result<usize> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM tickets INDEXED BY tickets_say WHERE say_at IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}
