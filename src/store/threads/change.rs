//! What becomes of messages afterwards: edits with what was said before, reactions and pins, deletions.

use rusqlite::{OptionalExtension, params};

use super::super::{Result, Work};
use super::{COLUMNS, DELETED, EntryRow, Kind, PINNED, entry_row, parts};
use crate::clock::Timestamp;
use crate::desk::ids::{EntryId, MessageId, TicketKey};
use crate::desk::thread::{Content, Message, Post};

/// The parts of an album lie near each other: at most ten, and hardly anything comes between them.
const ALBUM_REACH: i32 = 40;

/// Set when texts of deleted messages are kept, so that a start with other rules knows to look for them.
const KEPT: &str = "kept_deleted";

impl Work<'_> {
    /// Writes what the desk says by itself, and has not been sent yet, into a thread.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_automatic(&self, key: TicketKey, at: Timestamp, text: &str) -> Result<EntryId> {
        self.put(key, Kind::Message, None, at, None, text)
    }

    /// Replaces what a known message says, keeping what it said before. Entries up to `indexed` are in the index.
    ///
    /// # Errors
    /// SQLite's.
    pub fn edit_message(&self, before: &EntryRow, after: &Message, at: Timestamp, indexed: EntryId) -> Result<()> {
        // Two edits within a second have the same date: each version keeps a place of its own.
        self.transaction
            .prepare_cached(
                "INSERT INTO versions (group_id, message, until, text, content)
                 SELECT group_id, message, max(?2, coalesce((SELECT max(until) + 1 FROM versions AS old
                     WHERE old.group_id = entries.group_id AND old.message = entries.message), 0)), text, content
                 FROM entries WHERE id = ?1",
            )?
            .execute(params![before.id.0, at.millis()])?;
        if before.id <= indexed {
            self.unindex(before.id, &before.text)?;
        }
        self.set_content(before.id, &after.content)?;
        self.transaction
            .prepare_cached("UPDATE entries SET edited_at = ?2 WHERE id = ?1")?
            .execute(params![before.id.0, after.edited_at.unwrap_or(at).millis()])?;
        if before.id <= indexed {
            self.index_one(before.id, &parts(&after.content)?.0)?;
        }
        Ok(())
    }

    /// Replaces what is known about a message of which the text stays: reactions, pin, where a live location is.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_content(&self, entry: EntryId, content: &Content) -> Result<()> {
        let (text, json, flags) = parts(content)?;
        self.transaction
            .prepare_cached(
                "UPDATE entries SET text = ?2, content = ?3, flags = (flags & ~?4) | (?5 & ?4) WHERE id = ?1",
            )?
            .execute(params![entry.0, text, json, PINNED, flags])?;
        Ok(())
    }

    /// Marks a message as deleted in Telegram. It stays where it stood; unless `keep`, what it said leaves the database: text and
    /// earlier texts, the index, and what the outbox remembers. Entries up to `indexed` are in the index.
    ///
    /// # Errors
    /// SQLite's.
    pub fn delete_message(&self, entry: &EntryRow, at: Timestamp, keep: bool, indexed: EntryId) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE entries SET flags = (flags | ?2) & ~?3, deleted_at = coalesce(deleted_at, ?4) WHERE id = ?1",
            )?
            .execute(params![entry.id.0, DELETED, PINNED, at.millis()])?;
        if keep {
            return self.set_value(KEPT, "");
        }
        self.erase(entry, indexed)
    }

    fn erase(&self, entry: &EntryRow, indexed: EntryId) -> Result<()> {
        // Service messages hold nobody's words.
        let Some(Content::Post(post)) = &entry.content else { return Ok(()) };
        if entry.id <= indexed {
            self.unindex(entry.id, &entry.text)?;
            self.index_one(entry.id, "")?;
        }
        self.set_content(entry.id, &Content::Post(Post { album: post.album, ..Post::default() }))?;
        if let Some(message) = entry.message {
            self.transaction
                .prepare_cached("DELETE FROM versions WHERE group_id = ?1 AND message = ?2")?
                .execute(params![entry.key.group.0, message.0])?;
        }
        if let Some(outbox) = entry.outbox {
            self.transaction.prepare_cached("UPDATE outbox SET text = '' WHERE id = ?1")?.execute([outbox.0])?;
        }
        Ok(())
    }

    /// Erases what was kept of deleted messages under other rules; tells whether there was anything.
    ///
    /// # Errors
    /// SQLite's.
    pub fn erase_kept(&self, indexed: EntryId) -> Result<bool> {
        if self.value(KEPT)?.is_none() {
            return Ok(false);
        }
        let mut statement = self.transaction.prepare(&format!(
            "SELECT {COLUMNS} FROM entries WHERE flags & ?1 AND kind = 0 AND (text != '' OR content IS NOT NULL)"
        ))?;
        let kept = statement.query_and_then([DELETED], entry_row)?.collect::<Result<Vec<_>>>()?;
        for entry in &kept {
            self.erase(entry, indexed)?;
        }
        self.forget_value(KEPT)?;
        Ok(!kept.is_empty())
    }

    /// Finds the newest message of a topic that can be a queue row's last: no service message, not deleted.
    ///
    /// # Errors
    /// SQLite's.
    pub fn last_post(&self, key: TicketKey) -> Result<Option<EntryRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries INDEXED BY entries_thread WHERE group_id = ?1 AND topic = ?2 AND kind = 0
             AND message IS NOT NULL AND flags & 5 = 0 ORDER BY at DESC, rank DESC, id DESC LIMIT 1"
        ))?;
        let mut rows = statement.query(params![key.group.0, key.topic.0])?;
        rows.next()?.map(entry_row).transpose()
    }

    /// Lists the parts of an album that are known, of which `near` is one, by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn album(&self, key: TicketKey, near: MessageId, album: i64) -> Result<Vec<EntryRow>> {
        album_parts(&self.transaction, key, near, album)
    }

    /// Tells whether staff had answered a message by `at`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn is_answered(&self, entry: &EntryRow, at: Timestamp) -> Result<bool> {
        is_answered(&self.transaction, entry, at)
    }
}

/// Lists the parts of an album, by id.
pub(super) fn album_parts(
    connection: &rusqlite::Connection,
    key: TicketKey,
    near: MessageId,
    album: i64,
) -> Result<Vec<EntryRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM entries INDEXED BY entries_message
         WHERE group_id = ?1 AND message BETWEEN ?2 AND ?3 AND topic = ?4 ORDER BY message"
    ))?;
    let (from, to) = (near.0.saturating_sub(ALBUM_REACH), near.0.saturating_add(ALBUM_REACH));
    let rows = statement.query_and_then(params![key.group.0, from, to, key.topic.0], entry_row)?;
    let mut parts = rows.collect::<Result<Vec<_>>>()?;
    parts.retain(|row| row.album() == Some(album));
    Ok(parts)
}

/// Tells whether staff wrote after a message and not after `at`.
pub(super) fn is_answered(connection: &rusqlite::Connection, entry: &EntryRow, at: Timestamp) -> Result<bool> {
    let Some(message) = entry.message else { return Ok(false) };
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM entries INDEXED BY entries_thread
             WHERE group_id = ?1 AND topic = ?2 AND at BETWEEN ?3 AND ?4 AND kind = 0 AND side = 1 AND message > ?5
             AND flags & 4 = 0 LIMIT 1",
        )?
        .query_row(params![entry.key.group.0, entry.key.topic.0, entry.at.millis(), at.millis(), message.0], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
