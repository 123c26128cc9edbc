//! The full-text index. Inserting and indexing are apart: a backfill inserts, and the index follows in bulk, which is two to
//! four times faster (PERFORMANCE); while people work it follows in the same transaction.

use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::query::Conditions;
use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, EntryId, GroupId, MessageId, TicketKey, TopicId};
use crate::desk::query::Query;

impl Work<'_> {
    /// Tells up to which entry the index goes.
    ///
    /// # Errors
    /// SQLite's.
    pub fn indexed(&self) -> Result<EntryId> {
        Ok(EntryId(self.value("indexed")?.and_then(|text| text.parse().ok()).unwrap_or(0)))
    }

    /// Indexes at most `limit` more entries; tells whether the index is complete now, and up to where it goes.
    ///
    /// # Errors
    /// SQLite's.
    pub fn index_more(&self, limit: usize) -> Result<(bool, EntryId)> {
        let from = self.indexed()?;
        let to: Option<i64> = self
            .transaction
            .prepare_cached("SELECT max(id) FROM (SELECT id FROM entries WHERE id > ?1 ORDER BY id LIMIT ?2)")?
            .query_row(params![from.0, limit as i64], |row| row.get(0))?;
        let Some(to) = to else { return Ok((true, from)) };
        self.transaction
            .prepare_cached(
                "INSERT INTO entries_fts (rowid, text) SELECT id, text FROM entries
                 WHERE id > ?1 AND id <= ?2 AND kind < 2",
            )?
            .execute(params![from.0, to])?;
        self.set_value("indexed", &to.to_string())?;
        Ok((to - from.0 < limit as i64, EntryId(to)))
    }

    pub(super) fn unindex(&self, id: EntryId, text: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO entries_fts (entries_fts, rowid, text) VALUES ('delete', ?1, ?2)")?
            .execute(params![id.0, text])?;
        Ok(())
    }

    pub(super) fn index_one(&self, id: EntryId, text: &str) -> Result<()> {
        self.transaction
            .prepare_cached("INSERT INTO entries_fts (rowid, text) VALUES (?1, ?2)")?
            .execute(params![id.0, text])?;
        Ok(())
    }
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where.
    pub key: TicketKey,
    /// The entry.
    pub entry: EntryId,
    /// 0 message, 1 note.
    pub note: bool,
    /// Its id in Telegram.
    pub message: Option<MessageId>,
    /// Who wrote it: in Telegram, or at the desk.
    pub author: Option<crate::desk::ids::PersonId>,
    /// Who wrote it, at the desk.
    pub agent: Option<String>,
    /// When.
    pub at: Timestamp,
    /// A part of the text, with what was found between `[` and `]`.
    pub snippet: String,
}

/// Turns the words of a query into FTS5's language: every one must occur, those with spaces as they stand, `word*` as a beginning. Nothing a
/// person can type is an error; `None` if there is nothing to look for.
pub fn expression(words: &[&str]) -> Option<String> {
    let mut terms = Vec::new();
    for word in words {
        // For SQLite a text ends at its first NUL.
        let word = word.replace(['\0', '"'], " ");
        let word = word.trim();
        if !word.contains(char::is_alphanumeric) {
            continue;
        }
        match word.strip_suffix('*') {
            Some(beginning) => terms.push(format!("\"{beginning}\"*")),
            None => terms.push(format!("\"{word}\"")),
        }
    }
    (!terms.is_empty()).then(|| terms.join(" "))
}

impl Reader {
    /// Finds messages and notes, newest first: by far the fastest order, and the one that an agent wants.
    ///
    /// # Errors
    /// SQLite's.
    pub fn search(&self, reader: &AgentName, query: &Query, limit: usize, now: Timestamp) -> Result<Vec<Found>> {
        let words: Vec<&str> = query.words().collect();
        let Some(expression) = expression(&words) else { return Ok(Vec::new()) };
        let mut conditions = Conditions::none();
        conditions.query(&query.conditions(), reader, now);
        // Nothing but words finds what is no ticket too: General, ignored topics.
        let (join, limits) = match query.conditions().is_empty() {
            true => ("", "1"),
            false => (
                "JOIN tickets ON tickets.group_id = entries.group_id AND tickets.topic = entries.topic
                 JOIN topics ON topics.group_id = entries.group_id AND topics.topic = entries.topic",
                conditions.sql.as_str(),
            ),
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT entries.group_id, entries.topic, entries.id, entries.kind, entries.message, entries.author, entries.agent,
                    entries.at, snippet(entries_fts, 0, '[', ']', '…', 24)
             FROM entries_fts JOIN entries ON entries.id = entries_fts.rowid {join}
             WHERE entries_fts MATCH ? AND entries.kind < 2 AND entries.flags & 1 = 0 AND {limits}
             ORDER BY entries_fts.rowid DESC LIMIT ?"
        ))?;
        let first = std::iter::once(Value::Text(expression));
        let values = first.chain(conditions.values).chain(std::iter::once(Value::Integer(limit as i64)));
        let rows = statement.query_map(params_from_iter(values), |row| {
            Ok(Found {
                key: TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) },
                entry: EntryId(row.get(2)?),
                note: row.get::<_, i64>(3)? == 1,
                message: row.get::<_, Option<i32>>(4)?.map(MessageId),
                author: row.get::<_, Option<i64>>(5)?.map(crate::desk::ids::PersonId),
                agent: row.get(6)?,
                at: Timestamp::from_millis(row.get(7)?),
                snippet: row.get(8)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::desk::query::{Condition, Term};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_a_person_can_type_is_an_error(texts in prop::collection::vec(
            prop_oneof![".{0,30}", "[\"*()^:+{}\\-a-z' ]{0,30}", "(AND|OR|NOT|NEAR|\"|\\*|text:| ){0,8}"], 1..4)
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            drop(crate::store::Store::open(folder.path()).expect("a store"));
            let reader = Reader::open(folder.path()).expect("a reader");
            for text in texts {
                // What is no query is told before anybody looks.
                let words = [text.as_str()];
                let terms = words.iter().map(|word| Term { negated: false, condition: Condition::Words((*word).to_owned()) });
                let query = Query::parse(&text, chrono_tz::UTC).unwrap_or(Query { terms: terms.collect() });
                let found = reader.search(&AgentName::from("mia"), &query, 5, Timestamp::from_unix(0));
                prop_assert!(found.is_ok(), "{:?} becomes {:?}: {:?}", text, query, found);
            }
        }
    }

    #[test]
    fn whatever_is_typed_is_a_search() {
        for (words, meant) in [
            (&["hello", "world"][..], Some("\"hello\" \"world\"")),
            (&["exact words", "more"], Some("\"exact words\" \"more\"")),
            (&["refu*"], Some("\"refu\"*")),
            (&["AND", "OR", "NOT", "("], Some("\"AND\" \"OR\" \"NOT\"")),
            (&["*", "-", "''"], None),
            (&["a\0b"], Some("\"a b\"")),
            (&[], None),
        ] {
            assert_eq!(expression(words).as_deref(), meant, "{words:?}");
        }
    }
}
