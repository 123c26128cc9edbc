//! Threads: messages, internal notes and lines of the activity log, in the order in which a screen shows them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, EntryId, EventId, GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use crate::desk::thread::{Content, Message, Post, ServiceMessage};

mod change;
mod files;
mod newest;
mod read;

pub use read::{Earlier, From};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message.
    Message,
    /// An internal note.
    Note,
    /// A line of the activity log.
    Activity,
}

/// On whose side the author of a message is; customer and participant are told apart by the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Not staff.
    Public,
    /// Staff.
    Staff,
    /// A bot, the linked channel, the desk.
    Automation,
}

const DELETED: i64 = 1;
const LATE: i64 = 2;
const SERVICE: i64 = 4;
const PINNED: i64 = 8;

/// More than any message id: entries that are no message come after the messages of the same instant.
const LAST: i64 = i32::MAX as i64;

/// An entry as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    /// Its place among all entries.
    pub id: EntryId,
    /// Its topic.
    pub key: TicketKey,
    /// What it is.
    pub kind: Kind,
    /// Its id in Telegram.
    pub message: Option<MessageId>,
    /// Who wrote it, in Telegram.
    pub author: Option<PersonId>,
    /// On whose side that is.
    pub side: Side,
    /// Who wrote it, at the desk.
    pub agent: Option<AgentName>,
    /// When.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// What it replies to.
    pub reply_to: Option<MessageId>,
    /// Deleted in Telegram.
    pub deleted: bool,
    /// When the desk came to know of that.
    pub deleted_at: Option<Timestamp>,
    /// Came to be known after later ones had been consumed.
    pub late: bool,
    /// The event it shows.
    pub event: Option<EventId>,
    /// The outbox row it came from.
    pub outbox: Option<OutboxId>,
    /// Its text.
    pub text: String,
    /// The message.
    pub content: Option<Content>,
}

impl EntryRow {
    /// Makes the row that writing down a message that was not known has left.
    pub fn of_new(id: EntryId, key: TicketKey, message: &Message, by_staff: bool, late: bool) -> Self {
        let text = match &message.content {
            Content::Post(post) => post.text.clone(),
            Content::Service(_) => String::new(),
        };
        EntryRow {
            id,
            key,
            kind: Kind::Message,
            message: Some(message.id),
            author: Some(message.author),
            side: if by_staff { Side::Staff } else { Side::Public },
            agent: None,
            at: message.at,
            edited_at: message.edited_at,
            reply_to: message.reply_to,
            deleted: false,
            deleted_at: None,
            late,
            event: None,
            outbox: None,
            text,
            content: Some(message.content.clone()),
        }
    }

    /// Tells what it says as a post.
    pub fn post(&self) -> Option<&Post> {
        match &self.content {
            Some(Content::Post(post)) => Some(post),
            _ => None,
        }
    }

    /// Tells the album it belongs to.
    pub fn album(&self) -> Option<i64> {
        self.post().and_then(|post| post.album)
    }
}

pub(super) const COLUMNS: &str =
    "id, group_id, topic, kind, message, author, side, agent, at, edited_at, reply_to, flags, event, outbox,
    text, content, deleted_at";

pub(super) fn entry_row(row: &Row<'_>) -> Result<EntryRow> {
    let flags: i64 = row.get(11)?;
    let kind = match row.get::<_, i64>(3)? {
        0 => Kind::Message,
        1 => Kind::Note,
        _ => Kind::Activity,
    };
    let text: String = row.get(14)?;
    let content = match row.get_ref(15)?.as_str_or_null().map_err(rusqlite::Error::from)? {
        Some(json) => Some(serde_json::from_str(json)?),
        None if kind == Kind::Message => Some(Content::Post(Post { text: text.clone(), ..Post::default() })),
        None => None,
    };
    Ok(EntryRow {
        id: EntryId(row.get(0)?),
        key: TicketKey { group: GroupId(row.get(1)?), topic: TopicId(row.get(2)?) },
        kind,
        message: row.get::<_, Option<i32>>(4)?.map(MessageId),
        author: row.get::<_, Option<i64>>(5)?.map(PersonId),
        side: match row.get::<_, i64>(6)? {
            0 => Side::Public,
            1 => Side::Staff,
            _ => Side::Automation,
        },
        agent: row.get::<_, Option<String>>(7)?.map(AgentName),
        at: Timestamp::from_millis(row.get(8)?),
        edited_at: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_millis),
        reply_to: row.get::<_, Option<i32>>(10)?.map(MessageId),
        deleted: flags & DELETED != 0,
        deleted_at: row.get::<_, Option<i64>>(16)?.map(Timestamp::from_millis),
        late: flags & LATE != 0,
        event: row.get::<_, Option<i64>>(12)?.map(EventId),
        outbox: row.get::<_, Option<i64>>(13)?.map(OutboxId),
        text,
        content,
    })
}

/// What came of writing down a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was not known.
    New(EntryId),
    /// It was known; nothing was written.
    Known(EntryId),
}

/// The text that is searched, the JSON that is kept when there is more than text, and the flags.
fn parts(content: &Content) -> Result<(String, Option<String>, i64)> {
    Ok(match content {
        Content::Post(post) => {
            let plain = Post { text: post.text.clone(), ..Post::default() };
            let json = if *post == plain { None } else { Some(serde_json::to_string(content)?) };
            (post.text.clone(), json, if post.pinned { PINNED } else { 0 })
        }
        Content::Service(ServiceMessage::TopicCreated { title, .. }) => {
            (title.clone(), Some(serde_json::to_string(content)?), SERVICE)
        }
        Content::Service(_) => (String::new(), Some(serde_json::to_string(content)?), SERVICE),
    })
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::millis)
}

fn find_message(connection: &Connection, group: GroupId, message: MessageId) -> Result<Option<EntryRow>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE group_id = ?1 AND message = ?2"))?;
    let mut rows = statement.query(params![group.0, message.0])?;
    rows.next()?.map(entry_row).transpose()
}

impl Work<'_> {
    /// Writes down a message; one that is known is left as it is.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_message(
        &self,
        group: GroupId,
        message: &Message,
        side: Side,
        agent: Option<&AgentName>,
        late: bool,
    ) -> Result<Put> {
        let (text, content, kind) = parts(&message.content)?;
        let flags = kind | if late { LATE } else { 0 };
        let written = self
            .transaction
            .prepare_cached(
                "INSERT INTO entries (group_id, topic, kind, message, author, side, agent, at, rank, edited_at, reply_to, flags,
                                      text, content)
                 VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?3, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (group_id, message) WHERE message IS NOT NULL DO NOTHING",
            )?
            .execute(params![
                group.0,
                message.topic.0,
                message.id.0,
                message.author.0,
                side as i64,
                agent.map(|name| &name.0),
                message.at.millis(),
                millis(message.edited_at),
                message.reply_to.map(|id| id.0),
                flags,
                text,
                content,
            ])?;
        if written == 1 {
            return Ok(Put::New(EntryId(self.transaction.last_insert_rowid())));
        }
        let id = self
            .transaction
            .prepare_cached("SELECT id FROM entries WHERE group_id = ?1 AND message = ?2")?
            .query_row(params![group.0, message.id.0], |row| row.get(0))?;
        Ok(Put::Known(EntryId(id)))
    }

    /// Finds a message.
    ///
    /// # Errors
    /// SQLite's.
    pub fn message(&self, group: GroupId, message: MessageId) -> Result<Option<EntryRow>> {
        find_message(&self.transaction, group, message)
    }

    /// Finds an entry.
    ///
    /// # Errors
    /// SQLite's.
    pub fn entry(&self, id: EntryId) -> Result<Option<EntryRow>> {
        let mut statement = self.transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM entries WHERE id = ?1"))?;
        let mut rows = statement.query([id.0])?;
        rows.next()?.map(entry_row).transpose()
    }

    /// Writes an internal note into a thread.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_note(&self, key: TicketKey, agent: &AgentName, at: Timestamp, text: &str) -> Result<EntryId> {
        self.put(key, Kind::Note, Some(agent), at, None, text)
    }

    /// Writes a line of the activity log into a thread.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_activity(&self, key: TicketKey, at: Timestamp, event: EventId, line: &str) -> Result<EntryId> {
        self.put(key, Kind::Activity, None, at, Some(event), line)
    }

    /// Writes a reply that has not been sent yet into a thread.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_reply(
        &self,
        key: TicketKey,
        agent: &AgentName,
        at: Timestamp,
        text: &str,
        reply_to: Option<MessageId>,
    ) -> Result<EntryId> {
        let id = self.put(key, Kind::Message, Some(agent), at, None, text)?;
        self.transaction
            .prepare_cached("UPDATE entries SET reply_to = ?2 WHERE id = ?1")?
            .execute(params![id.0, reply_to.map(|id| id.0)])?;
        Ok(id)
    }

    fn put(
        &self,
        key: TicketKey,
        kind: Kind,
        agent: Option<&AgentName>,
        at: Timestamp,
        event: Option<EventId>,
        text: &str,
    ) -> Result<EntryId> {
        let side = if kind == Kind::Message && agent.is_none() { Side::Automation } else { Side::Staff };
        self.transaction
            .prepare_cached(
                "INSERT INTO entries (group_id, topic, kind, side, agent, at, rank, event, text)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                key.group.0,
                key.topic.0,
                kind as i64,
                side as i64,
                agent.map(|name| &name.0),
                at.millis(),
                LAST,
                event.map(|id| id.0),
                text,
            ])?;
        Ok(EntryId(self.transaction.last_insert_rowid()))
    }

    /// Ties an entry to its outbox row.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tie(&self, entry: EntryId, outbox: OutboxId) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE entries SET outbox = ?2 WHERE id = ?1")?
            .execute(params![entry.0, outbox.0])?;
        Ok(())
    }

    /// Changes the text of a reply or note that has not left. Entries up to `indexed` are in the index.
    ///
    /// # Errors
    /// SQLite's.
    pub fn rewrite(&self, entry: &EntryRow, text: &str, indexed: EntryId) -> Result<()> {
        if entry.id <= indexed {
            self.unindex(entry.id, &entry.text)?;
            self.index_one(entry.id, text)?;
        }
        self.transaction
            .prepare_cached("UPDATE entries SET text = ?2 WHERE id = ?1")?
            .execute(params![entry.id.0, text])?;
        Ok(())
    }

    /// Takes an entry out of its thread: a discarded reply, or the mirrored twin of a settled one. Tells up to which entry the index
    /// goes now: SQLite gives the number of a newest entry again, and whatever gets it has to be indexed.
    ///
    /// # Errors
    /// SQLite's.
    pub fn remove(&self, entry: &EntryRow, indexed: EntryId) -> Result<EntryId> {
        if entry.id <= indexed {
            self.unindex(entry.id, &entry.text)?;
        }
        self.transaction.prepare_cached("DELETE FROM entries WHERE id = ?1")?.execute([entry.id.0])?;
        let newest: Option<i64> =
            self.transaction.prepare_cached("SELECT max(id) FROM entries")?.query_row([], |row| row.get(0))?;
        let newest = newest.unwrap_or(0);
        if newest < indexed.0 {
            self.set_value("indexed", &newest.to_string())?;
        }
        Ok(EntryId(indexed.0.min(newest)))
    }

    /// Gives a reply the id and date that Telegram gave it: from here on it is the mirrored message too.
    ///
    /// # Errors
    /// SQLite's.
    pub fn settle_entry(
        &self,
        entry: EntryId,
        message: MessageId,
        at: Timestamp,
        author: Option<PersonId>,
    ) -> Result<()> {
        self.transaction
            .prepare_cached(
                "UPDATE entries SET message = ?2, rank = ?2, at = ?3, author = coalesce(?4, author) WHERE id = ?1",
            )?
            .execute(params![entry.0, message.0, at.millis(), author.map(|id| id.0)])?;
        Ok(())
    }

    /// Counts the messages of all topics of a group whose ids lie in `from..=to`. (A superfluous `IS NOT NULL` here would become
    /// the lower bound of the search: every call would walk the whole group.)
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_in(&self, group: GroupId, from: MessageId, to: MessageId) -> Result<usize> {
        let count: i64 = self
            .transaction
            .prepare_cached(
                "SELECT count(*) FROM entries INDEXED BY entries_message
                 WHERE group_id = ?1 AND message BETWEEN ?2 AND ?3",
            )?
            .query_row(params![group.0, from.0, to.0], |row| row.get(0))?;
        Ok(count as usize)
    }

    /// Lists the messages of all topics of a group whose ids lie in `from..=to`, by id, for the lifecycle.
    ///
    /// # Errors
    /// SQLite's.
    pub fn messages_in(&self, group: GroupId, from: MessageId, to: MessageId) -> Result<Vec<EntryRow>> {
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries INDEXED BY entries_message
             WHERE group_id = ?1 AND message BETWEEN ?2 AND ?3
             ORDER BY message"
        ))?;
        let rows = statement.query_and_then(params![group.0, from.0, to.0], entry_row)?;
        rows.collect()
    }

    /// Lists the messages of a topic above `after`, by id, for the lifecycle.
    ///
    /// # Errors
    /// SQLite's.
    pub fn messages_of(&self, key: TicketKey, after: MessageId, limit: usize) -> Result<Vec<EntryRow>> {
        // General is too long to be read whole for every part of it.
        let (index, topic) = if key.topic == TopicId::GENERAL {
            ("entries_general", "topic = 1 AND ?2 = 1")
        } else {
            ("entries_thread", "topic = ?2")
        };
        let mut statement = self.transaction.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entries INDEXED BY {index}
             WHERE group_id = ?1 AND {topic} AND kind = 0 AND message > ?3 ORDER BY message LIMIT ?4"
        ))?;
        let rows = statement.query_and_then(params![key.group.0, key.topic.0, after.0, limit as i64], entry_row)?;
        rows.collect()
    }

    /// Finds the oldest message in a topic that an author wrote since an instant with this text, and that is no known reply of the desk.
    ///
    /// # Errors
    /// SQLite's.
    pub fn untied(
        &self,
        key: TicketKey,
        author: Option<PersonId>,
        since: Timestamp,
        text: &str,
    ) -> Result<Option<MessageId>> {
        let found = self
            .transaction
            .prepare_cached(
                "SELECT message FROM entries INDEXED BY entries_thread
                 WHERE group_id = ?1 AND topic = ?2 AND at >= ?3 AND kind = 0 AND author = ?4 AND outbox IS NULL
                 AND message IS NOT NULL AND trim(text) = ?5 ORDER BY message LIMIT 1",
            )?
            .query_row(params![key.group.0, key.topic.0, since.millis(), author.map(|id| id.0), text], |row| {
                row.get(0).map(MessageId)
            })
            .optional()?;
        Ok(found)
    }

    /// Tells the highest message that is known in a group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn top_message(&self, group: GroupId) -> Result<MessageId> {
        let top: Option<i32> = self
            .transaction
            .prepare_cached(
                "SELECT max(message) FROM entries INDEXED BY entries_message
                 WHERE group_id = ?1 AND message IS NOT NULL",
            )?
            .query_row([group.0], |row| row.get(0))?;
        Ok(MessageId(top.unwrap_or(0)))
    }
}
