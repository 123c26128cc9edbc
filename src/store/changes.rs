//! Changes of our own messages on their way to Telegram: edits and deletions.

use rusqlite::{Connection, Row, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, ChangeId, GroupId, MessageId, TicketKey, TopicId};

/// How far a change has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Waits for its turn.
    Queued,
    /// Asked for; whether Telegram has done it is not known.
    Sending,
    /// Telegram has done it, or a newer change has taken its place.
    Done,
    /// Telegram refused it for good; why, in words.
    Refused(String),
}

impl Progress {
    fn label(&self) -> &'static str {
        match self {
            Progress::Queued => "queued",
            Progress::Sending => "sending",
            Progress::Done => "done",
            Progress::Refused(_) => "refused",
        }
    }
}

/// A change of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// The row.
    pub id: ChangeId,
    /// In which ticket.
    pub key: TicketKey,
    /// Which message.
    pub message: MessageId,
    /// Whose change.
    pub agent: AgentName,
    /// What the message is to say; `None`: it is to be deleted.
    pub text: Option<String>,
    /// How far it has got.
    pub progress: Progress,
    /// Not to be asked for before.
    pub not_before: Option<Timestamp>,
    /// How often it was asked for.
    pub attempts: u32,
}

const COLUMNS: &str = "id, group_id, topic, message, agent, text, state, why, not_before, attempts";

fn change_row(row: &Row<'_>) -> rusqlite::Result<ChangeRow> {
    let progress = match row.get_ref(6)?.as_str()? {
        "queued" => Progress::Queued,
        "sending" => Progress::Sending,
        "refused" => Progress::Refused(row.get::<_, Option<String>>(7)?.unwrap_or_default()),
        _ => Progress::Done,
    };
    Ok(ChangeRow {
        id: ChangeId(row.get(0)?),
        key: TicketKey { group: GroupId(row.get(1)?), topic: TopicId(row.get(2)?) },
        message: MessageId(row.get(3)?),
        agent: AgentName(row.get(4)?),
        text: row.get(5)?,
        progress,
        not_before: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
        attempts: row.get(9)?,
    })
}

fn newest(connection: &Connection, group: GroupId, message: MessageId) -> Result<Option<ChangeRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM changes WHERE group_id = ?1 AND message = ?2 ORDER BY id DESC LIMIT 1"
    ))?;
    let mut rows = statement.query_map(params![group.0, message.0], change_row)?;
    Ok(rows.next().transpose()?)
}

impl Work<'_> {
    /// Queues a change. One of the same message that was never asked for is done with: the newest wins.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_change(
        &self,
        key: TicketKey,
        message: MessageId,
        agent: &AgentName,
        text: Option<&str>,
        at: Timestamp,
    ) -> Result<ChangeId> {
        self.transaction
            .prepare_cached(
                "UPDATE changes SET state = 'done' WHERE group_id = ?1 AND message = ?2 AND state = 'queued'
                 AND attempts = 0",
            )?
            .execute(params![key.group.0, message.0])?;
        self.transaction
            .prepare_cached(
                "INSERT INTO changes (group_id, topic, message, agent, text, state, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'queued', ?6)",
            )?
            .execute(params![key.group.0, key.topic.0, message.0, agent.0, text, at.millis()])?;
        Ok(ChangeId(self.transaction.last_insert_rowid()))
    }

    /// Lists the changes that are queued or asked for, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_changes(&self) -> Result<Vec<ChangeRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM changes INDEXED BY changes_open WHERE state IN ('queued', 'sending') ORDER BY id"
        ))?;
        let rows = statement.query_map([], change_row)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Finds a change.
    ///
    /// # Errors
    /// SQLite's.
    pub fn change(&self, id: ChangeId) -> Result<Option<ChangeRow>> {
        let mut statement = self.transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM changes WHERE id = ?1"))?;
        let mut rows = statement.query_map([id.0], change_row)?;
        Ok(rows.next().transpose()?)
    }

    /// Finds the newest change of a message.
    ///
    /// # Errors
    /// SQLite's.
    pub fn newest_change(&self, group: GroupId, message: MessageId) -> Result<Option<ChangeRow>> {
        newest(&self.transaction, group, message)
    }

    /// Writes down how far a change has got.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_change(&self, row: &ChangeRow) -> Result<()> {
        let why = match &row.progress {
            Progress::Refused(why) => Some(why.as_str()),
            _ => None,
        };
        self.transaction
            .prepare_cached("UPDATE changes SET state = ?2, why = ?3, not_before = ?4, attempts = ?5 WHERE id = ?1")?
            .execute(params![
                row.id.0,
                row.progress.label(),
                why,
                row.not_before.map(Timestamp::millis),
                row.attempts
            ])?;
        Ok(())
    }
}

impl Reader {
    /// Finds the newest change of a message.
    ///
    /// # Errors
    /// SQLite's.
    pub fn newest_change(&self, group: GroupId, message: MessageId) -> Result<Option<ChangeRow>> {
        newest(&self.connection, group, message)
    }
}
