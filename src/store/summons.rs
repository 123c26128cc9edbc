//! Summons: what rules say to staff in Telegram, with everything that makes a send repeatable.

use rusqlite::{OptionalExtension, Row, params};

use super::{Result, Work};
use crate::clock::Timestamp;
use crate::desk::escalation::Reach;
use crate::desk::ids::{GroupId, SummonsId, TicketKey, TopicId};

/// A summons on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummonsRow {
    /// The row.
    pub id: SummonsId,
    /// The ticket that it is about; `None`: it sums up several.
    pub ticket: Option<TicketKey>,
    /// The rule.
    pub rule: String,
    /// To whom.
    pub to: Reach,
    /// What it says.
    pub text: String,
    /// The key of Telegram's deduplication.
    pub random_id: i64,
    /// How far it has got.
    pub state: SummonsState,
    /// When it was written.
    pub created_at: Timestamp,
    /// Not to be sent before.
    pub not_before: Option<Timestamp>,
    /// How often it was asked for.
    pub attempts: u32,
}

/// How far a summons has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummonsState {
    /// It was never asked for, or is known not to have left.
    Queued,
    /// Telegram may have it.
    Sending,
    /// Telegram has it.
    Sent,
    /// Telegram refused it for good.
    Refused,
    /// It was no longer worth sending.
    Dropped,
}

impl SummonsState {
    const ALL: [(&'static str, SummonsState); 5] = [
        ("queued", SummonsState::Queued),
        ("sending", SummonsState::Sending),
        ("sent", SummonsState::Sent),
        ("refused", SummonsState::Refused),
        ("dropped", SummonsState::Dropped),
    ];

    /// Tells the word of the store.
    fn label(self) -> &'static str {
        SummonsState::ALL.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }

    /// Tells whether something is still to be done.
    pub fn is_open(self) -> bool {
        matches!(self, SummonsState::Queued | SummonsState::Sending)
    }
}

const COLUMNS: &str = "id, group_id, topic, rule, reach, text, random_id, state, created_at, not_before, attempts";

fn summons_row(row: &Row<'_>) -> Result<SummonsRow> {
    let (group, topic): (Option<i64>, Option<i32>) = (row.get(1)?, row.get(2)?);
    let ticket = group.zip(topic).map(|(group, topic)| TicketKey { group: GroupId(group), topic: TopicId(topic) });
    let word: String = row.get(7)?;
    let state = SummonsState::ALL.iter().find(|(known, _)| *known == word).map(|(_, state)| *state);
    Ok(SummonsRow {
        id: SummonsId(row.get(0)?),
        ticket,
        rule: row.get(3)?,
        to: serde_json::from_str(&row.get::<_, String>(4)?)?,
        text: row.get(5)?,
        random_id: row.get(6)?,
        state: state.unwrap_or(SummonsState::Dropped),
        created_at: Timestamp::from_millis(row.get(8)?),
        not_before: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
        attempts: row.get(10)?,
    })
}

impl Work<'_> {
    /// Writes a summons down. Its `id` is given here.
    ///
    /// # Errors
    /// SQLite's; a `random_id` that was used before.
    pub fn put_summons(&self, row: &SummonsRow) -> Result<SummonsId> {
        self.transaction
            .prepare_cached(
                "INSERT INTO summons (group_id, topic, rule, reach, text, random_id, state, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.ticket.map(|key| key.group.0),
                row.ticket.map(|key| key.topic.0),
                row.rule,
                serde_json::to_string(&row.to)?,
                row.text,
                row.random_id,
                row.state.label(),
                row.created_at.millis(),
            ])?;
        Ok(SummonsId(self.transaction.last_insert_rowid()))
    }

    /// Lists the summonses that are to be sent or may have been, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_summonses(&self) -> Result<Vec<SummonsRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM summons INDEXED BY summons_open WHERE state IN ('queued', 'sending') ORDER BY id"
        ))?;
        let rows = statement.query_and_then([], summons_row)?;
        rows.collect()
    }

    /// Finds a summons.
    ///
    /// # Errors
    /// SQLite's.
    pub fn summons(&self, id: SummonsId) -> Result<Option<SummonsRow>> {
        let mut statement = self.transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM summons WHERE id = ?1"))?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(summons_row).transpose()
    }

    /// Says how far a summons has got, how often it was asked for, and when it may be again at the earliest.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_summons(
        &self,
        id: SummonsId,
        state: SummonsState,
        attempts: u32,
        not_before: Option<Timestamp>,
    ) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE summons SET state = ?2, attempts = ?3, not_before = ?4 WHERE id = ?1")?
            .execute(params![id.0, state.label(), attempts, not_before.map(Timestamp::millis)])?;
        if !state.is_open() {
            // The row stays, so that its `random_id` is never used again.
            self.transaction.prepare_cached("UPDATE summons SET text = '' WHERE id = ?1")?.execute([id.0])?;
        }
        Ok(())
    }

    /// Tells whether any summons is to be sent or may have been.
    ///
    /// # Errors
    /// SQLite's.
    pub fn has_summons(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM summons INDEXED BY summons_open WHERE state IN ('queued', 'sending') LIMIT 1";
        Ok(self.transaction.prepare_cached(sql)?.query_row([], |_| Ok(())).optional()?.is_some())
    }
}
