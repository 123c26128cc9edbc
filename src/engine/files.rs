//! Files of messages: asked for by agents, fetched by the link, kept in the cache.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::desk_work::Answer;
use super::handle::Receipt;
use super::transport::{Failure, Freight, Incoming, Order};
use super::turn::Turn;
use super::views::Alert;
use super::{EngineError, State};
use crate::desk::command::Refusal;
use crate::desk::files::file_of;
use crate::desk::ids::{EntryId, GroupId, MessageId, OutboxId, TicketKey};
use crate::desk::thread::Content;
use crate::store::files::Files;
use crate::store::threads::EntryRow;

/// A file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// Of which message.
    pub message: MessageId,
    /// Where it is, or will be.
    pub path: PathBuf,
    /// What it is called when it is saved.
    pub name: String,
    /// Bytes, as Telegram says.
    pub size: u64,
    /// It is there; else it is on its way, and [`FileNews`] tell how far.
    pub ready: bool,
}

/// Why a file was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSaved {
    /// There is something of that name already.
    Exists,
    /// The file system's reason.
    Failed(String),
}

/// What becomes of a file that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "file")]
pub enum FileNews {
    /// It comes: bytes so far, and in all.
    Coming {
        /// Of which ticket.
        ticket: TicketKey,
        /// Of which message.
        message: MessageId,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        size: u64,
    },
    /// It is here.
    Here {
        /// Of which ticket.
        ticket: TicketKey,
        /// Of which message.
        message: MessageId,
        /// Where.
        path: PathBuf,
    },
    /// It could not be had.
    Missed {
        /// Of which ticket.
        ticket: TicketKey,
        /// Of which message.
        message: MessageId,
        /// Why, in words.
        why: String,
    },
    /// It leaves with a reply: bytes so far, and in all.
    Leaving {
        /// Of which ticket.
        ticket: TicketKey,
        /// With which row.
        outbox: OutboxId,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        size: u64,
    },
}

/// Files that may go when what made them idle is written down.
#[derive(Debug, Default)]
pub(super) struct Idle {
    /// Of replies that have left.
    pub(super) sent: Vec<String>,
    /// Of messages that were deleted in Telegram.
    pub(super) deleted: Vec<(GroupId, MessageId)>,
    /// What has just come: the cache may be over its cap now.
    pub(super) came: BTreeSet<PathBuf>,
}

impl Idle {
    /// Removes them, and what the cache has too much.
    pub(super) fn settle<'c>(self, files: &Files, cap: u64, coming: impl Iterator<Item = &'c Coming>) {
        for stored in &self.sent {
            files.release(stored);
        }
        for (group, message) in &self.deleted {
            files.forget(*group, *message);
        }
        if !self.came.is_empty() {
            let busy = coming.map(|coming| coming.path.clone()).chain(self.came).collect();
            files.trim(cap, &busy);
        }
    }
}

/// A file that is being downloaded.
#[derive(Clone, Debug)]
pub(super) struct Coming {
    pub(super) ticket: TicketKey,
    pub(super) path: PathBuf,
}

impl Turn<'_> {
    /// Has the file of a message fetched, unless it is in the cache or on its way.
    pub(super) fn fetch_file(&mut self, key: TicketKey, message: MessageId) -> Result<Answer, EngineError> {
        let group = key.group;
        let no = |why: String| Ok(Err(Refusal::Senseless(why)));
        let Some(entry) = self.work.message(group, message)?.filter(|entry| entry.key == key) else {
            return no(format!("there is no message {message} in {key}"));
        };
        let Some(facts) = entry.content.as_ref().and_then(|content| file_of(content, message)) else {
            return no(format!("message {message} has no file"));
        };
        let path = self.files.cached(group, message, entry.edited_at, &facts.name);
        let ready = path.is_file();
        if ready {
            self.files.used(&path);
        } else if entry.deleted {
            return no(format!("message {message} was deleted in Telegram, and its file with it"));
        } else if !self.state.coming.contains_key(&(group, message)) {
            if let Err(error) = self.files.prepare() {
                return no(format!("{}: {error}", path.display()));
            }
            self.state.coming.insert((group, message), Coming { ticket: key, path: path.clone() });
            self.orders.push(Order::Download { group, message, to: path.clone() });
        }
        let file = FileView { message, path, name: facts.name, size: facts.size, ready };
        Ok(Ok(Receipt { file: Some(file), ..Receipt::default() }))
    }

    /// Takes in how far a file has come.
    pub(super) fn progressed(&mut self, what: Freight, done: u64, size: u64) -> Result<(), EngineError> {
        let news = match what {
            Freight::Download { group, message } => self
                .state
                .coming
                .get(&(group, message))
                .map(|coming| FileNews::Coming { ticket: coming.ticket, message, done, size }),
            Freight::Upload { outbox } => {
                self.work.outbox(outbox)?.map(|row| FileNews::Leaving { ticket: row.key, outbox, done, size })
            }
        };
        self.alerts.extend(news.map(Alert::File));
        Ok(())
    }

    /// Takes in that a file is here. One whose message was deleted while it was on its way goes again.
    pub(super) fn downloaded(&mut self, group: GroupId, message: MessageId) -> Result<(), EngineError> {
        let Some(Coming { ticket, path }) = self.state.coming.remove(&(group, message)) else { return Ok(()) };
        if self.work.message(group, message)?.is_none_or(|entry| entry.deleted) {
            self.idle_files.deleted.push((group, message));
            let why = format!("message {message} was deleted in Telegram, and its file with it");
            self.alerts.push(Alert::File(FileNews::Missed { ticket, message, why }));
        } else {
            self.idle_files.came.insert(path.clone());
            self.alerts.push(Alert::File(FileNews::Here { ticket, message, path }));
        }
        Ok(())
    }

    /// Takes in that a file could not be had; who wants it asks again.
    pub(super) fn missed(&mut self, group: GroupId, message: MessageId, why: &Failure) {
        if let Some(Coming { ticket, .. }) = self.state.coming.remove(&(group, message)) {
            self.alerts.push(Alert::File(FileNews::Missed { ticket, message, why: in_words(why) }));
        }
    }

    /// A reply that has brought a file is shown with what Telegram has made of it: a photo, another size.
    pub(super) fn adopt(&mut self, entry: EntryId, sent: &Content) -> Result<(), EngineError> {
        let Content::Post(sent) = sent else { return Ok(()) };
        let Some(media) = &sent.media else { return Ok(()) };
        let Some(row) = self.work.entry(entry)?.filter(|row| row.outbox.is_some() && !row.deleted) else {
            return Ok(());
        };
        let Some(own) = row.post().filter(|own| own.media.is_some() && own.media.as_ref() != Some(media)) else {
            return Ok(());
        };
        let mut own = own.clone();
        own.media = Some(media.clone());
        self.work.set_content(entry, &Content::Post(own))?;
        self.touch(row.key);
        Ok(())
    }

    /// What was deleted in Telegram leaves the cache too.
    pub(super) fn forget_file(&mut self, entry: &EntryRow) {
        if let (Some(message), Some(content)) = (entry.message, &entry.content)
            && file_of(content, message).is_some()
        {
            self.idle_files.deleted.push((entry.key.group, message));
        }
    }
}

fn in_words(why: &Failure) -> String {
    match why {
        Failure::Later { not_before } => format!("Telegram asks to wait until {}", not_before.rfc3339()),
        Failure::Link { why } | Failure::Refused { why } | Failure::NoAccess { why } => why.clone(),
    }
}

impl State {
    /// Tells what an answer says about a file that was waited for. It comes only once, whatever becomes of the step.
    pub(super) fn file_answered(&mut self, incoming: &Incoming) -> Option<FileNews> {
        match incoming {
            Incoming::Downloaded { group, message } => {
                let Coming { ticket, path } = self.coming.remove(&(*group, *message))?;
                Some(FileNews::Here { ticket, message: *message, path })
            }
            Incoming::Failed { order: Order::Download { group, message, .. }, why } => {
                let Coming { ticket, .. } = self.coming.remove(&(*group, *message))?;
                Some(FileNews::Missed { ticket, message: *message, why: in_words(why) })
            }
            _ => None,
        }
    }
}
