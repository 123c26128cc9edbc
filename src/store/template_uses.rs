//! Which replies were made of which template, and what came along with a reply.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::along::TemplateUse;
use crate::desk::ids::{AgentName, EventId, OutboxId, TicketKey};
use crate::desk::template::offer::Usage;

impl Work<'_> {
    /// Remembers the events that came along with a reply, with its first row.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_brought(&self, outbox: OutboxId, events: &[EventId]) -> Result<()> {
        let events = (!events.is_empty()).then(|| serde_json::to_string(events)).transpose()?;
        self.transaction
            .prepare_cached("UPDATE outbox SET brought = ?2 WHERE id = ?1")?
            .execute(params![outbox.0, events])?;
        Ok(())
    }

    /// Tells the events that came along with a reply.
    ///
    /// # Errors
    /// SQLite's.
    pub fn brought(&self, outbox: OutboxId) -> Result<Vec<EventId>> {
        let text: Option<Option<String>> = self
            .transaction
            .prepare_cached("SELECT brought FROM outbox WHERE id = ?1")?
            .query_row([outbox.0], |row| row.get(0))
            .optional()?;
        Ok(text.flatten().map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
    }

    /// Writes down that a reply was made of a template.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_template_use(
        &self,
        outbox: OutboxId,
        key: TicketKey,
        agent: &AgentName,
        template: &TemplateUse,
        at: Timestamp,
    ) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO template_uses (outbox, group_id, topic, agent, template, language, edited, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                outbox.0,
                key.group.0,
                key.topic.0,
                agent.0,
                template.name,
                template.language,
                template.edited,
                at.millis()
            ])?;
        Ok(())
    }

    /// The text of a reply was changed after all.
    ///
    /// # Errors
    /// SQLite's.
    pub fn edited_template(&self, outbox: OutboxId) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE template_uses SET edited = 1 WHERE outbox = ?1")?
            .execute([outbox.0])?;
        Ok(())
    }

    /// A reply never left: nothing was used.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_template_use(&self, outbox: OutboxId) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM template_uses WHERE outbox = ?1")?.execute([outbox.0])?;
        Ok(())
    }

    /// A ticket has come back: replies since then that were made of a template have not settled it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn reopened(&self, key: TicketKey, since: Timestamp, at: Timestamp) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE template_uses SET reopened_at = ?4
                 WHERE group_id = ?1 AND topic = ?2 AND at >= ?3 AND at <= ?4 AND reopened_at IS NULL",
            )?
            .execute(params![key.group.0, key.topic.0, since.millis(), at.millis()])?;
        Ok(())
    }
}

impl Reader {
    /// Tells what the use of templates has shown, the most used first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn template_uses(&self) -> Result<Vec<Usage>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT template, language, count(*), sum(edited = 0), count(reopened_at), max(at)
             FROM template_uses GROUP BY template, language ORDER BY 3 DESC, 1, 2",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Usage {
                name: row.get(0)?,
                language: row.get(1)?,
                used: row.get(2)?,
                unedited: row.get(3)?,
                reopened: row.get(4)?,
                last_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_millis),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
