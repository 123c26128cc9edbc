//! How each id of a range was seen: as a message, a service message, a deleted one, one of another topic, or not at all.

use rusqlite::{Connection, params};

use super::{Reader, Result};
use crate::desk::ids::{MessageId, TicketKey};

/// How an id was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// As a message of the topic.
    Message,
    /// As a service message of the topic.
    Service,
    /// As a message of the topic that was deleted.
    Deleted,
    /// As something of another topic.
    Elsewhere,
    /// It was asked for, and nothing was shown.
    Nothing,
    /// It was asked for when the account was not shown everything, and nothing was shown.
    NotShown,
    /// It was never looked at.
    Never,
}

/// Ids that follow one another and were seen alike.
pub type SeenRange = (MessageId, MessageId, Seen);

impl Reader {
    /// Tells how the ids among a topic's messages were seen, from its first to its last; in order, without gaps.
    ///
    /// # Errors
    /// SQLite's.
    pub fn seen_ids(&self, key: TicketKey) -> Result<Vec<SeenRange>> {
        let Some((first, last)) = span(&self.connection, key)? else { return Ok(Vec::new()) };
        let looked = looked_at(&self.connection, key, first, last)?;
        let mut runs = Runs { runs: Vec::new(), next: first, looked };
        let mut statement = self.connection.prepare_cached(
            "SELECT message, topic, flags FROM entries
             WHERE group_id = ?1 AND message BETWEEN ?2 AND ?3 ORDER BY message",
        )?;
        let mut rows = statement.query(params![key.group.0, first, last])?;
        while let Some(row) = rows.next()? {
            let (message, topic, flags): (i32, i32, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            runs.nothing_until(message);
            // flags: 1 deleted, 4 service.
            let seen = match (topic == key.topic.0, flags & 1 != 0, flags & 4 != 0) {
                (false, _, _) => Seen::Elsewhere,
                (true, true, _) => Seen::Deleted,
                (true, false, true) => Seen::Service,
                (true, false, false) => Seen::Message,
            };
            runs.put(message, message, seen);
        }
        runs.nothing_until(last.saturating_add(1));
        Ok(runs.runs)
    }
}

/// Tells the first and last message of a topic.
fn span(connection: &Connection, key: TicketKey) -> Result<Option<(i32, i32)>> {
    let mut statement = connection.prepare_cached(
        "SELECT min(message), max(message) FROM entries INDEXED BY entries_thread
         WHERE group_id = ?1 AND topic = ?2 AND kind = 0 AND message IS NOT NULL",
    )?;
    let (first, last): (Option<i32>, Option<i32>) =
        statement.query_row(params![key.group.0, key.topic.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(first.zip(last))
}

/// Tells the ranges that were looked at and meet a span, by id, and whether not everything was shown then.
fn looked_at(connection: &Connection, key: TicketKey, first: i32, last: i32) -> Result<Vec<(i32, i32, bool)>> {
    let mut statement = connection.prepare_cached(
        "SELECT from_id, to_id, partial FROM coverage
         WHERE group_id = ?1 AND from_id <= ?3 AND to_id >= ?2 ORDER BY from_id",
    )?;
    let rows =
        statement.query_map(params![key.group.0, first, last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

struct Runs {
    runs: Vec<SeenRange>,
    /// The lowest id that has not been told of.
    next: i32,
    looked: Vec<(i32, i32, bool)>,
}

impl Runs {
    fn put(&mut self, from: i32, to: i32, seen: Seen) {
        self.next = to.saturating_add(1);
        match self.runs.last_mut() {
            Some((_, end, same)) if *same == seen && end.0 + 1 == from => *end = MessageId(to),
            _ => self.runs.push((MessageId(from), MessageId(to), seen)),
        }
    }

    /// Below `until` there is nothing: what that means is a matter of how it was looked at.
    fn nothing_until(&mut self, until: i32) {
        while self.next < until {
            let at = self.next;
            let covering = self.looked.iter().find(|(from, to, _)| *from <= at && at <= *to).copied();
            let (to, seen) = match covering {
                Some((_, to, partial)) => (to, if partial { Seen::NotShown } else { Seen::Nothing }),
                None => {
                    let next = self.looked.iter().map(|(from, _, _)| *from).find(|from| *from > at);
                    (next.map_or(until - 1, |from| from - 1), Seen::Never)
                }
            };
            self.put(at, to.min(until - 1), seen);
        }
    }
}
