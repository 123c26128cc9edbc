//! The update cursor, in the same database and so in the same transaction as what it stands for; and other single values.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Reader, Result, Work};
use crate::desk::ids::GroupId;

fn read(connection: &Connection, key: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn of_group(group: GroupId, key: &str) -> String {
    format!("{key}:{group}")
}

impl Work<'_> {
    /// Reads a single value.
    ///
    /// # Errors
    /// SQLite's.
    pub fn value(&self, key: &str) -> Result<Option<String>> {
        read(&self.transaction, key)
    }

    /// Writes a single value.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_value(&self, key: &str, value: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2")?
            .execute(params![key, value])?;
        Ok(())
    }

    /// Reads a single value of a group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn group_value(&self, group: GroupId, key: &str) -> Result<Option<String>> {
        read(&self.transaction, &of_group(group, key))
    }

    /// Writes a single value of a group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_group_value(&self, group: GroupId, key: &str, value: &str) -> Result<()> {
        self.set_value(&of_group(group, key), value)
    }

    /// Forgets a single value of a group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_group_value(&self, group: GroupId, key: &str) -> Result<()> {
        self.forget_value(&of_group(group, key))
    }

    /// Forgets a single value.
    ///
    /// # Errors
    /// SQLite's.
    pub fn forget_value(&self, key: &str) -> Result<()> {
        self.transaction.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key])?;
        Ok(())
    }
}

impl Reader {
    /// Reads a single value of a group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn group_value(&self, group: GroupId, key: &str) -> Result<Option<String>> {
        read(&self.connection, &of_group(group, key))
    }

    /// Reads a single value.
    ///
    /// # Errors
    /// SQLite's.
    pub fn value(&self, key: &str) -> Result<Option<String>> {
        read(&self.connection, key)
    }
}
