//! People and groups, as Telegram names them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Reader, Result, Work};
use crate::desk::ids::{GroupId, PersonId};
use crate::desk::people::Person;

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person { id: PersonId(row.get(0)?), name: row.get(1)?, username: row.get(2)?, bot: row.get(3)? })
}

fn find(connection: &Connection, id: PersonId) -> Result<Option<Person>> {
    Ok(connection
        .prepare_cached("SELECT id, name, username, bot FROM people WHERE id = ?1")?
        .query_row([id.0], person)
        .optional()?)
}

impl Work<'_> {
    /// Writes somebody down, or how they are called now. Writes nothing if nothing changed.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_person(&self, person: &Person) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO people (id, name, username, bot) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET name = ?2, username = ?3, bot = ?4
                 WHERE name IS NOT ?2 OR username IS NOT ?3 OR bot IS NOT ?4",
            )?
            .execute(params![person.id.0, person.name, person.username, person.bot])?;
        Ok(())
    }

    /// Finds somebody.
    ///
    /// # Errors
    /// SQLite's.
    pub fn person(&self, id: PersonId) -> Result<Option<Person>> {
        find(&self.transaction, id)
    }

    /// Writes down what is known about a group (JSON).
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_facts(&self, group: GroupId, facts: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO groups (id, facts) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET facts = ?2")?
            .execute(params![group.0, facts])?;
        Ok(())
    }

    /// Writes down how far the first synchronisation of a group is (JSON).
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_sync(&self, group: GroupId, sync: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO groups (id, sync) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET sync = ?2")?
            .execute(params![group.0, sync])?;
        Ok(())
    }

    /// Lists the groups: id, facts (JSON), progress of the first synchronisation (JSON).
    ///
    /// # Errors
    /// SQLite's.
    pub fn groups(&self) -> Result<Vec<GroupRow>> {
        groups(&self.transaction)
    }
}

/// A group: id, facts (JSON), progress of the first synchronisation (JSON).
pub type GroupRow = (GroupId, Option<String>, Option<String>);

fn groups(connection: &Connection) -> Result<Vec<GroupRow>> {
    let mut statement = connection.prepare_cached("SELECT id, facts, sync FROM groups ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((GroupId(row.get(0)?), row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl Reader {
    /// Finds somebody.
    ///
    /// # Errors
    /// SQLite's.
    pub fn person(&self, id: PersonId) -> Result<Option<Person>> {
        find(&self.connection, id)
    }

    /// Lists the groups: id, facts (JSON), progress of the first synchronisation (JSON).
    ///
    /// # Errors
    /// SQLite's.
    pub fn groups(&self) -> Result<Vec<GroupRow>> {
        groups(&self.connection)
    }
}
