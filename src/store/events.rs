//! The activity log: append-only, in commit order.

use rusqlite::{Connection, Row, params};

use super::{Reader, Result, StoreError, Work};
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Event, Recorded};
use crate::desk::ids::{EventId, GroupId, TicketKey, TopicId};

pub(super) const COLUMNS: &str = "id, group_id, topic, at, actor, event";

pub(super) fn recorded(row: &Row<'_>) -> Result<Recorded> {
    Ok(Recorded {
        id: EventId(row.get(0)?),
        ticket: TicketKey { group: GroupId(row.get(1)?), topic: TopicId(row.get(2)?) },
        at: Timestamp::from_millis(row.get(3)?),
        by: serde_json::from_str(row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
        event: serde_json::from_str(row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

fn log(connection: &Connection, ticket: TicketKey) -> Result<Vec<Recorded>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE group_id = ?1 AND topic = ?2 ORDER BY id"))?;
    statement.query_and_then(params![ticket.group.0, ticket.topic.0], recorded)?.collect()
}

impl Work<'_> {
    /// Appends an event to the log.
    ///
    /// # Errors
    /// SQLite's.
    pub fn append(&self, ticket: TicketKey, at: Timestamp, by: &Actor, event: &Event) -> Result<Recorded> {
        self.transaction
            .prepare_cached("INSERT INTO events (group_id, topic, at, actor, event) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![
                ticket.group.0,
                ticket.topic.0,
                at.millis(),
                serde_json::to_string(by)?,
                serde_json::to_string(event)?
            ])?;
        let id = EventId(self.transaction.last_insert_rowid());
        Ok(Recorded { id, ticket, at, by: by.clone(), event: event.clone() })
    }

    /// Reads the whole log of a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn log(&self, ticket: TicketKey) -> Result<Vec<Recorded>> {
        log(&self.transaction, ticket)
    }
}

impl Reader {
    /// Reads the whole log of a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn log(&self, ticket: TicketKey) -> Result<Vec<Recorded>> {
        log(&self.connection, ticket)
    }

    /// Finds an event by its id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn event(&self, id: EventId) -> Result<Option<Recorded>> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM events WHERE id = ?1"))?;
        let mut rows = statement.query([id.0])?;
        rows.next().map_err(StoreError::from)?.map(recorded).transpose()
    }
}
