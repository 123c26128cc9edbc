//! What routing keeps: who has said that they are away, whose turn it was, which tickets wait to be given away.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, GroupId, TeamName, TicketKey, TopicId};
use crate::desk::presence::Seen;
use crate::desk::routing::{Turns, counts};
use crate::desk::ticket::Status;

/// Where routing has a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its place in the line of those that wait to be given away.
    pub in_line: Option<i64>,
    /// When routing looks at it by itself.
    pub at: Option<Timestamp>,
}

/// A ticket in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InLine {
    /// Its place.
    pub place: i64,
    /// Which.
    pub key: TicketKey,
}

fn presence(connection: &Connection) -> Result<BTreeMap<AgentName, Seen>> {
    let mut statement = connection.prepare_cached("SELECT agent, away, since FROM presence")?;
    let rows = statement.query_map([], |row| {
        let since = Timestamp::from_millis(row.get(2)?);
        Ok((AgentName(row.get(0)?), Seen { away: row.get(1)?, since, ..Seen::default() }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn turns(connection: &Connection) -> Result<Turns> {
    let mut statement = connection.prepare_cached("SELECT team, agent, turn FROM turns")?;
    let rows = statement.query_map([], |row| Ok(((TeamName(row.get(0)?), AgentName(row.get(1)?)), row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn loads(connection: &Connection) -> Result<BTreeMap<AgentName, u32>> {
    let in_hand = Status::ALL.into_iter().filter(|status| counts(*status));
    let words: Vec<_> = in_hand.map(|status| format!("'{}'", status.label())).collect();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT assignee, count(*) FROM tickets INDEXED BY tickets_queue
         WHERE status IN ({}) AND assignee IS NOT NULL GROUP BY assignee",
        words.join(",")
    ))?;
    let rows = statement.query_map([], |row| Ok((AgentName(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl Work<'_> {
    /// Reads who has said that they are away, or back again. Open screens are not written down.
    ///
    /// # Errors
    /// SQLite's.
    pub fn presence(&self) -> Result<BTreeMap<AgentName, Seen>> {
        presence(&self.transaction)
    }

    /// Writes down that an agent is away, or back again.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_away(&self, agent: &AgentName, away: bool, since: Timestamp) -> Result<()> {
        // The column of screens is from when they were counted here.
        self.transaction
            .prepare_cached(
                "INSERT INTO presence (agent, away, screens, since) VALUES (?1, ?2, 0, ?3)
                 ON CONFLICT DO UPDATE SET away = ?2, screens = 0, since = ?3",
            )?
            .execute(params![agent.0, away, since.millis()])?;
        Ok(())
    }

    /// Reads whose turn it was.
    ///
    /// # Errors
    /// SQLite's.
    pub fn turns(&self) -> Result<Turns> {
        turns(&self.transaction)
    }

    /// Writes down an agent's turn.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_turn(&self, team: &TeamName, agent: &AgentName, turn: i64) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO turns (team, agent, turn) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET turn = ?3",
            )?
            .execute(params![team.0, agent.0, turn])?;
        Ok(())
    }

    /// Counts the tickets that each agent has in hand, in one pass over an index.
    ///
    /// # Errors
    /// SQLite's.
    pub fn loads(&self) -> Result<BTreeMap<AgentName, u32>> {
        loads(&self.transaction)
    }

    /// Sets where routing has a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_place(&self, key: TicketKey, place: Place) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE tickets SET in_line = ?3, route_at = ?4 WHERE group_id = ?1 AND topic = ?2
                 AND (in_line IS NOT ?3 OR route_at IS NOT ?4)",
            )?
            .execute(params![key.group.0, key.topic.0, place.in_line, place.at.map(Timestamp::millis)])?;
        Ok(())
    }

    /// Lists tickets that wait to be given away, in their order, from one on.
    ///
    /// # Errors
    /// SQLite's.
    pub fn line(&self, after: Option<InLine>, limit: usize) -> Result<Vec<InLine>> {
        let (place, topic) = after.map_or((i64::MIN, 0), |after| (after.place, after.key.topic.0));
        let mut statement = self.transaction.prepare_cached(
            "SELECT in_line, group_id, topic FROM tickets INDEXED BY tickets_in_line
             WHERE in_line IS NOT NULL AND (in_line, topic) > (?1, ?2) ORDER BY in_line, topic LIMIT ?3",
        )?;
        let rows = statement.query_map(params![place, topic, limit as i64], |row| {
            let key = TicketKey { group: GroupId(row.get(1)?), topic: TopicId(row.get(2)?) };
            Ok(InLine { place: row.get(0)?, key })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Lists the tickets that an agent has in hand and in which somebody waits.
    ///
    /// # Errors
    /// SQLite's.
    pub fn waiting_for(&self, agent: &AgentName) -> Result<Vec<TicketKey>> {
        let in_hand = Status::ALL.into_iter().filter(|status| counts(*status));
        let words: Vec<_> = in_hand.map(|status| format!("'{}'", status.label())).collect();
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT group_id, topic FROM tickets INDEXED BY tickets_queue
             WHERE status IN ({}) AND assignee = ?1 AND waiting_since IS NOT NULL",
            words.join(",")
        ))?;
        let rows = statement
            .query_map([&agent.0], |row| Ok(TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl Reader {
    /// Reads who has said that they are away, or back again.
    ///
    /// # Errors
    /// SQLite's.
    pub fn presence(&self) -> Result<BTreeMap<AgentName, Seen>> {
        presence(&self.connection)
    }

    /// Reads whose turn it was.
    ///
    /// # Errors
    /// SQLite's.
    pub fn turns(&self) -> Result<Turns> {
        turns(&self.connection)
    }

    /// Counts the tickets that each agent has in hand.
    ///
    /// # Errors
    /// SQLite's.
    pub fn loads(&self) -> Result<BTreeMap<AgentName, u32>> {
        loads(&self.connection)
    }
}
