//! What agents have begun to write, and how far they have seen a thread: kept per agent and ticket.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Result, Work};
use crate::desk::ids::{AgentName, MessageId, TicketKey};

impl Work<'_> {
    /// Keeps a draft; an empty one is forgotten.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_draft(&self, agent: &AgentName, ticket: TicketKey, text: &str, note: bool) -> Result<()> {
        if text.is_empty() {
            self.transaction
                .prepare_cached("DELETE FROM drafts WHERE agent = ?1 AND group_id = ?2 AND topic = ?3")?
                .execute(params![agent.0, ticket.group.0, ticket.topic.0])?;
        } else {
            self.transaction
                .prepare_cached(
                    "INSERT INTO drafts (agent, group_id, topic, text, note) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET text = ?4, note = ?5",
                )?
                .execute(params![agent.0, ticket.group.0, ticket.topic.0, text, note])?;
        }
        Ok(())
    }

    /// Keeps a draft, unless the agent is writing something there already.
    ///
    /// # Errors
    /// SQLite's.
    pub fn offer_draft(&self, agent: &AgentName, ticket: TicketKey, text: &str) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO drafts (agent, group_id, topic, text, note) VALUES (?1, ?2, ?3, ?4, 0)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![agent.0, ticket.group.0, ticket.topic.0, text])?;
        Ok(())
    }

    /// Remembers up to which message an agent has seen a thread; never goes back.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_seen(&self, agent: &AgentName, ticket: TicketKey, message: MessageId) -> Result<bool> {
        let changed = self
            .transaction
            .prepare_cached(
                "INSERT INTO seen (agent, group_id, topic, message) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET message = ?4 WHERE message < ?4",
            )?
            .execute(params![agent.0, ticket.group.0, ticket.topic.0, message.0])?;
        Ok(changed > 0)
    }
}

impl Reader {
    /// Finds a draft: text, and whether it is a note.
    ///
    /// # Errors
    /// SQLite's.
    pub fn draft(&self, agent: &AgentName, ticket: TicketKey) -> Result<Option<(String, bool)>> {
        Ok(self
            .connection
            .prepare_cached("SELECT text, note FROM drafts WHERE agent = ?1 AND group_id = ?2 AND topic = ?3")?
            .query_row(params![agent.0, ticket.group.0, ticket.topic.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Tells up to which message an agent has seen a thread.
    ///
    /// # Errors
    /// SQLite's.
    pub fn seen(&self, agent: &AgentName, ticket: TicketKey) -> Result<Option<MessageId>> {
        Ok(self
            .connection
            .prepare_cached("SELECT message FROM seen WHERE agent = ?1 AND group_id = ?2 AND topic = ?3")?
            .query_row(params![agent.0, ticket.group.0, ticket.topic.0], |row| row.get(0).map(MessageId))
            .optional()?)
    }
}
