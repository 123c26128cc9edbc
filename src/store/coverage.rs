//! Coverage: which ranges of message ids were looked at, so that what is missing is known and a killed backfill goes on.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Reader, Result, Work};
use crate::desk::ids::{GroupId, MessageId, TicketKey, TopicId};

/// Tells the ranges that were looked at, by id, those that meet as one; `wholly`: while everything was shown.
fn ranges(connection: &Connection, group: GroupId, wholly: bool) -> Result<Vec<(MessageId, MessageId)>> {
    let mut statement = connection
        .prepare_cached("SELECT from_id, to_id FROM coverage WHERE group_id = ?1 AND partial <= ?2 ORDER BY from_id")?;
    let rows =
        statement.query_map(params![group.0, !wholly], |row| Ok((MessageId(row.get(0)?), MessageId(row.get(1)?))))?;
    let mut found: Vec<(MessageId, MessageId)> = Vec::new();
    for row in rows {
        let (from, to) = row?;
        match found.last_mut() {
            Some((_, end)) if from.0 <= end.0.saturating_add(1) => *end = to.max(*end),
            _ => found.push((from, to)),
        }
    }
    Ok(found)
}

/// Tells the ranges up to `top` that no range of `covered` (sorted, disjoint) contains.
pub fn holes(covered: &[(MessageId, MessageId)], top: MessageId) -> Vec<(MessageId, MessageId)> {
    let mut next = 1;
    let mut found = Vec::new();
    for (from, to) in covered {
        if from.0 > next && next <= top.0 {
            found.push((MessageId(next), MessageId((from.0 - 1).min(top.0))));
        }
        next = next.max(to.0.saturating_add(1));
    }
    if next <= top.0 {
        found.push((MessageId(next), top));
    }
    found
}

impl Work<'_> {
    /// Writes down that `from..=to` was looked at while the account was shown everything, joining it with the ranges that it meets.
    ///
    /// # Errors
    /// SQLite's.
    pub fn cover(&self, group: GroupId, from: MessageId, to: MessageId) -> Result<()> {
        if from > to {
            return Ok(());
        }
        self.cut_partial(group, from, to)?;
        self.join(group, from, to, false)
    }

    /// Writes down that `from..=to` was looked at while the account was not shown everything. What had been looked at wholly stays so.
    ///
    /// # Errors
    /// SQLite's.
    pub fn cover_partly(&self, group: GroupId, from: MessageId, to: MessageId) -> Result<()> {
        let known: Vec<_> = ranges(&self.transaction, group, false)?
            .into_iter()
            .filter(|(known_from, known_to)| *known_from <= to && *known_to >= from)
            .collect();
        for (from, to) in holes(&known, to).into_iter().map(|(gap, end)| (gap.max(from), end)) {
            if from <= to {
                self.join(group, from, to, true)?;
            }
        }
        Ok(())
    }

    /// Takes out what was looked at partly between two ids; what lies outside stays.
    fn cut_partial(&self, group: GroupId, from: MessageId, to: MessageId) -> Result<()> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT from_id, to_id FROM coverage WHERE group_id = ?1 AND partial = 1 AND from_id <= ?3 AND to_id >= ?2",
        )?;
        let rows = statement.query_map(params![group.0, from.0, to.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let cut: Vec<(i32, i32)> = rows.collect::<rusqlite::Result<_>>()?;
        for (low, high) in cut {
            self.transaction
                .prepare_cached("DELETE FROM coverage WHERE group_id = ?1 AND from_id = ?2 AND partial = 1")?
                .execute(params![group.0, low])?;
            for (low, high) in [(low, from.0 - 1), (to.0.saturating_add(1), high)] {
                if low <= high {
                    self.put_range(group, low, high, true)?;
                }
            }
        }
        Ok(())
    }

    fn put_range(&self, group: GroupId, from: i32, to: i32, partial: bool) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO coverage (group_id, from_id, to_id, partial) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![group.0, from, to, partial])?;
        Ok(())
    }

    /// Joins a range with those of its kind that it meets.
    fn join(&self, group: GroupId, from: MessageId, to: MessageId, partial: bool) -> Result<()> {
        let (low, high): (Option<i32>, Option<i32>) = self
            .transaction
            .prepare_cached(
                "SELECT min(from_id), max(to_id) FROM coverage
                 WHERE group_id = ?1 AND partial = ?4 AND from_id <= ?3 + 1 AND to_id >= ?2 - 1",
            )?
            .query_row(params![group.0, from.0, to.0, partial], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if low.is_some_and(|low| low <= from.0) && high.is_some_and(|high| high >= to.0) {
            let single: bool = self
                .transaction
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM coverage
                     WHERE group_id = ?1 AND partial = ?4 AND from_id <= ?2 AND to_id >= ?3)",
                )?
                .query_row(params![group.0, from.0, to.0, partial], |row| row.get(0))?;
            if single {
                return Ok(());
            }
        }
        self.transaction
            .prepare_cached(
                "DELETE FROM coverage WHERE group_id = ?1 AND partial = ?4 AND from_id <= ?3 + 1 AND to_id >= ?2 - 1",
            )?
            .execute(params![group.0, from.0, to.0, partial])?;
        self.put_range(group, low.unwrap_or(from.0).min(from.0), high.unwrap_or(to.0).max(to.0), partial)
    }

    /// Lists the ranges that were looked at, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn covered(&self, group: GroupId) -> Result<Vec<(MessageId, MessageId)>> {
        ranges(&self.transaction, group, false)
    }

    /// Lists the ranges that were looked at while the account was shown everything, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn covered_wholly(&self, group: GroupId) -> Result<Vec<(MessageId, MessageId)>> {
        ranges(&self.transaction, group, true)
    }

    /// Tells the ranges of `size` ids, each beginning after a multiple of it, in which a topic has messages.
    ///
    /// # Errors
    /// SQLite's.
    pub fn blocks_of(&self, key: TicketKey, size: i32) -> Result<Vec<(i32, i32)>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT DISTINCT (message - 1) / ?3 FROM entries INDEXED BY entries_thread
             WHERE group_id = ?1 AND topic = ?2 AND kind = 0 AND message IS NOT NULL ORDER BY 1",
        )?;
        let blocks = statement.query_map(params![key.group.0, key.topic.0, size], |row| row.get::<_, i32>(0))?;
        blocks.map(|block| block.map(|block| (block * size + 1, (block + 1) * size)).map_err(Into::into)).collect()
    }

    /// Tells how far a topic's history was read by a user account: `(below, done)`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn history(&self, group: GroupId, topic: TopicId) -> Result<Option<(Option<MessageId>, bool)>> {
        Ok(self
            .transaction
            .prepare_cached("SELECT below, done FROM histories WHERE group_id = ?1 AND topic = ?2")?
            .query_row(params![group.0, topic.0], |row| Ok((row.get::<_, Option<i32>>(0)?.map(MessageId), row.get(1)?)))
            .optional()?)
    }

    /// Writes down how far a topic's history was read.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_history(&self, group: GroupId, topic: TopicId, below: Option<MessageId>, done: bool) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO histories (group_id, topic, below, done) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET below = ?3, done = ?4",
            )?
            .execute(params![group.0, topic.0, below.map(|id| id.0), done])?;
        Ok(())
    }

    /// Lists at most `limit` topics whose history has not been read to its beginning, with how far it was, newest topic first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_histories(&self, group: GroupId, limit: usize) -> Result<Vec<(TopicId, Option<MessageId>)>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT topic, below FROM histories WHERE group_id = ?1 AND NOT done ORDER BY topic DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![group.0, limit as i64], |row| {
            Ok((TopicId(row.get(0)?), row.get::<_, Option<i32>>(1)?.map(MessageId)))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// How many messages of a topic there are, by what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageKinds {
    /// Messages that people wrote and that stand.
    pub messages: u64,
    /// Service messages.
    pub service: u64,
    /// Those that were deleted in Telegram.
    pub deleted: u64,
    /// Those that came after their successors, from a hole that was closed.
    pub late: u64,
}

impl Reader {
    /// Counts the messages of a topic by what is known of them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn message_kinds(&self, key: TicketKey) -> Result<MessageKinds> {
        // flags: 1 deleted, 2 late, 4 service.
        let mut statement = self.connection.prepare_cached(
            "SELECT count(*) FILTER (WHERE flags & 5 = 0), count(*) FILTER (WHERE flags & 4 <> 0),
                    count(*) FILTER (WHERE flags & 1 <> 0), count(*) FILTER (WHERE flags & 2 <> 0)
             FROM entries INDEXED BY entries_thread
             WHERE group_id = ?1 AND topic = ?2 AND kind = 0 AND message IS NOT NULL",
        )?;
        let count = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        Ok(statement.query_row(params![key.group.0, key.topic.0], |row| {
            Ok(MessageKinds {
                messages: count(row, 0)?,
                service: count(row, 1)?,
                deleted: count(row, 2)?,
                late: count(row, 3)?,
            })
        })?)
    }

    /// Counts histories: all, and those read to their beginning.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_histories(&self, group: GroupId) -> Result<(u64, u64)> {
        let (all, done): (i64, i64) = self
            .connection
            .prepare_cached("SELECT count(*), coalesce(sum(done), 0) FROM histories WHERE group_id = ?1")?
            .query_row([group.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((all.unsigned_abs(), done.unsigned_abs()))
    }

    /// Lists the ranges that were looked at, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn covered(&self, group: GroupId) -> Result<Vec<(MessageId, MessageId)>> {
        ranges(&self.connection, group, false)
    }

    /// Lists the ranges that were looked at while the account was shown everything, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn covered_wholly(&self, group: GroupId) -> Result<Vec<(MessageId, MessageId)>> {
        ranges(&self.connection, group, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_partly_is_mended_by_looking_again_and_spoils_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = crate::store::Store::open(folder.path()).expect("opens");
        let work = store.begin().expect("begins");
        let (group, id) = (GroupId(1), MessageId);
        let all = |work: &Work<'_>| work.covered(group).expect("reads");
        let whole = |work: &Work<'_>| work.covered_wholly(group).expect("reads");
        work.cover(group, id(1), id(100)).expect("covers");
        work.cover_partly(group, id(51), id(200)).expect("covers");
        work.cover_partly(group, id(201), id(300)).expect("covers");
        assert_eq!((all(&work), whole(&work)), (vec![(id(1), id(300))], vec![(id(1), id(100))]));
        work.cover(group, id(150), id(160)).expect("covers");
        assert_eq!(whole(&work), [(id(1), id(100)), (id(150), id(160))]);
        assert_eq!(all(&work), [(id(1), id(300))]);
        work.cover_partly(group, id(400), id(410)).expect("covers");
        work.cover_partly(group, id(390), id(420)).expect("covers");
        assert_eq!(all(&work), [(id(1), id(300)), (id(390), id(420))]);
        work.cover(group, id(90), id(405)).expect("covers");
        assert_eq!((whole(&work), all(&work)), (vec![(id(1), id(405))], vec![(id(1), id(420))]));
        work.cover(group, id(406), id(420)).expect("covers");
        assert_eq!(whole(&work), [(id(1), id(420))]);
        let rows: i64 =
            work.transaction.query_row("SELECT count(*) FROM coverage", [], |row| row.get(0)).expect("counts");
        assert_eq!(rows, 1);
    }

    #[test]
    fn holes_are_what_no_range_contains() {
        let id = MessageId;
        assert_eq!(holes(&[], id(10)), [(id(1), id(10))]);
        assert_eq!(holes(&[(id(1), id(10))], id(10)), []);
        assert_eq!(holes(&[(id(3), id(4)), (id(8), id(20))], id(10)), [(id(1), id(2)), (id(5), id(7))]);
        assert_eq!(holes(&[(id(1), id(4))], id(6)), [(id(5), id(6))]);
    }
}
