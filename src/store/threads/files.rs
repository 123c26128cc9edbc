//! Entries of replies that have a file.

use rusqlite::params;

use super::super::{Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{EntryId, MessageId, PersonId, TicketKey};
use crate::desk::thread::{Content, Media, Post};

impl Work<'_> {
    /// Says which file a reply that has not left brings along.
    ///
    /// # Errors
    /// SQLite's.
    pub fn attach(&self, entry: EntryId, text: &str, media: Media) -> Result<()> {
        let content = Content::Post(Post { text: text.to_owned(), media: Some(media), ..Post::default() });
        self.transaction
            .prepare_cached("UPDATE entries SET content = ?2 WHERE id = ?1")?
            .execute(params![entry.0, serde_json::to_string(&content)?])?;
        Ok(())
    }

    /// Finds a message of ours since an instant that may bring this file with this text and belongs to no row of the outbox.
    ///
    /// # Errors
    /// SQLite's.
    pub fn untied_file(
        &self,
        key: TicketKey,
        author: Option<PersonId>,
        since: Timestamp,
        text: &str,
        name: &str,
    ) -> Result<Option<MessageId>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT message, content FROM entries INDEXED BY entries_thread
             WHERE group_id = ?1 AND topic = ?2 AND at >= ?3 AND kind = 0 AND author = ?4 AND outbox IS NULL
             AND message IS NOT NULL AND content IS NOT NULL AND trim(text) = ?5 ORDER BY message",
        )?;
        let mut rows =
            statement.query(params![key.group.0, key.topic.0, since.millis(), author.map(|id| id.0), text])?;
        while let Some(row) = rows.next()? {
            if let Content::Post(post) = serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?
                && post.media.as_ref().is_some_and(|media| may_be(media, name))
            {
                return Ok(Some(MessageId(row.get(0)?)));
            }
        }
        Ok(None)
    }
}

/// Tells whether an attachment may be the file of this name that was sent. Telegram makes photos and animations of some files, and keeps
/// the names of others.
fn may_be(media: &Media, name: &str) -> bool {
    match media {
        Media::File { name: own, .. } | Media::Video { name: Some(own), .. } => own == name,
        Media::Photo { .. }
        | Media::Video { .. }
        | Media::VideoNote { .. }
        | Media::Voice { .. }
        | Media::Audio { .. }
        | Media::Animation { .. } => true,
        _ => false,
    }
}
