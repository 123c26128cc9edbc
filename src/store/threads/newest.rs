//! The messages that people are most likely to look at.

use rusqlite::params;

use super::super::{Result, Work};
use crate::desk::ids::{GroupId, MessageId};
use crate::desk::ticket::Status;

impl Work<'_> {
    /// Lists the newest messages of a group that are no service messages and not deleted, the newest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn newest_posts(&self, group: GroupId, limit: usize) -> Result<Vec<MessageId>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT message FROM entries INDEXED BY entries_message
             WHERE group_id = ?1 AND message IS NOT NULL AND flags & 5 = 0 ORDER BY message DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![group.0, limit as i64], |row| row.get(0).map(MessageId))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Lists the last message of each ticket that is worked, those first in which something was written last.
    ///
    /// # Errors
    /// SQLite's.
    pub fn last_posts(&self, group: GroupId, limit: usize) -> Result<Vec<MessageId>> {
        let live: Vec<String> = Status::ALL
            .into_iter()
            .filter(|status| status.is_live())
            .map(|status| format!("'{}'", status.label()))
            .collect();
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT topics.last_message FROM tickets
             JOIN topics ON topics.group_id = tickets.group_id AND topics.topic = tickets.topic
             WHERE tickets.status IN ({}) AND tickets.group_id = ?1 AND topics.last_message IS NOT NULL
             ORDER BY tickets.last_at DESC LIMIT ?2",
            live.join(", ")
        ))?;
        let rows = statement.query_map(params![group.0, limit as i64], |row| row.get(0).map(MessageId))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
