//! The columns of a ticket's clocks: what is due when, and when the desk has something to say of it.

use rusqlite::params;

use super::{Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::TicketKey;

/// When something is due, and when something is to be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// The earliest deadline of the clocks that run.
    pub due: Option<Timestamp>,
    /// When the desk warns, or says that a clock has run down.
    pub alarm: Option<Timestamp>,
    /// When a rule escalates it.
    pub escalate: Option<Timestamp>,
    /// When something automatic is to be said.
    pub say: Option<Timestamp>,
}

impl Work<'_> {
    /// Sets a ticket's clocks.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_clocks(&self, key: TicketKey, clocks: Clocks) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE tickets SET due_at = ?3, alarm_at = ?4, escalate_at = ?5, say_at = ?6
                 WHERE group_id = ?1 AND topic = ?2",
            )?
            .execute(params![
                key.group.0,
                key.topic.0,
                clocks.due.map(Timestamp::millis),
                clocks.alarm.map(Timestamp::millis),
                clocks.escalate.map(Timestamp::millis),
                clocks.say.map(Timestamp::millis),
            ])?;
        Ok(())
    }
}
