//! The revision, which counts commits, and the receipts of commands.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::CommandId;

impl Work<'_> {
    /// Counts this commit and tells its number.
    ///
    /// # Errors
    /// SQLite's.
    pub fn next_revision(&self) -> Result<u64> {
        let number: i64 = self
            .transaction
            .prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('revision', '1')
                 ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1
                 RETURNING CAST(value AS INTEGER)",
            )?
            .query_row([], |row| row.get(0))?;
        Ok(number.unsigned_abs())
    }

    /// Finds the receipt (JSON) of a command that was carried out before.
    ///
    /// # Errors
    /// SQLite's.
    pub fn receipt(&self, id: &CommandId) -> Result<Option<String>> {
        Ok(self
            .transaction
            .prepare_cached("SELECT receipt FROM commands WHERE id = ?1")?
            .query_row([&id.0], |row| row.get(0))
            .optional()?)
    }

    /// Keeps the receipt (JSON) of a command with its effect.
    ///
    /// # Errors
    /// SQLite's.
    pub fn keep_receipt(&self, id: &CommandId, at: Timestamp, receipt: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO commands (id, at, receipt) VALUES (?1, ?2, ?3)")?
            .execute(params![id.0, at.millis(), receipt])?;
        Ok(())
    }

    /// Forgets receipts from before an instant: nobody repeats a command after days.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_receipts(&self, before: Timestamp) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM commands WHERE at < ?1")?.execute([before.millis()])?;
        Ok(())
    }
}

impl Reader {
    /// Tells the number of the last commit that this connection sees.
    ///
    /// # Errors
    /// SQLite's.
    pub fn revision(&self) -> Result<u64> {
        Ok(self.value("revision")?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}
