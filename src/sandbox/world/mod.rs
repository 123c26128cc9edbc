//! The world the sandbox serves: accounts, groups, topics, messages, rights, and each group's numbered log.
//!
//! Pure state. Every operation checks what Telegram would check (the `send`-like ones) or places content as it is (the
//! `place`-like ones, for loading), and leaves two trails that whoever holds the lock takes afterwards: [`Update`]s to
//! push ([`World::take_updates`]) and [`Record`]s to log ([`World::take_records`]). Nothing here knows bytes, sockets,
//! keys or the time: `now` is always given.

mod account;
mod build;
mod buttons;
mod content;
mod edits;
mod files;
mod group;
mod marks;
mod members;
mod posts;
mod privates;
mod queries;
mod record;
mod reply;
mod rights;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::{BTreeMap, HashMap};

pub use account::{Account, AccountKind};
pub use build::BuildError;
pub(in crate::sandbox) use build::media;
pub(in crate::sandbox) use buttons::check_buttons;
pub use buttons::{Button, Press};
pub use content::{Action, Content, Entity, EntityKind, Forward, Marks, Media, Message, Peer};
pub use edits::ForwardCall;
pub use group::{Change, Group, LogEntry, Topic};
pub use marks::{Told, ToldBots};
pub use members::Member;
pub use posts::Post;
pub use privates::{BotChat, PrivateMessage};
pub use queries::{Page, Window};
pub use record::Record;
pub use reply::ReplyTarget;
pub use rights::{AdminRights, BannedRights, Standing};
pub use topics::{NewTopic, TopicEdit};

/// The General topic's id in every forum.
pub const GENERAL: i32 = 1;

/// Names an error exactly as Telegram does: a code and an upper-case name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error's code: 400, 401, 403, 406, 420, 500.
    pub code: i32,
    /// The error's name, with its number where it has one: `FLOOD_WAIT_12`.
    pub name: String,
}

impl Refusal {
    /// Makes a refusal of code and name.
    pub fn new(code: i32, name: &str) -> Self {
        Self { code, name: name.to_owned() }
    }

    /// Makes a refusal with code 400.
    pub fn bad(name: &str) -> Self {
        Self::new(400, name)
    }

    /// Makes a refusal with code 403.
    pub fn forbidden(name: &str) -> Self {
        Self::new(403, name)
    }
}

/// Tells what has happened, to be shown to every key whose account may see it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are ids, and the pts after the change")]
pub enum Update {
    /// A message is new.
    New { group: i64, id: i32, pts: i32 },
    /// A message was changed.
    Edited { group: i64, id: i32, pts: i32 },
    /// Messages are gone.
    Deleted { group: i64, ids: Vec<i32>, pts: i32 },
    /// An account has read a topic up to a message; for that account's own keys.
    ReadInbox { group: i64, topic: i32, account: i64, max_id: i32 },
    /// Somebody has read an account's messages in a topic; for that account's keys.
    ReadOutbox { group: i64, topic: i32, account: i64, max_id: i32 },
    /// An account writes, or has stopped.
    Typing { group: i64, topic: i32, account: i64, stopped: bool },
    /// A topic was pinned or unpinned.
    Pinned { group: i64, topic: i32, pinned: bool },
    /// The group as an account sees it has changed: rights, membership, title.
    Channel { group: i64, account: i64 },
    /// A message was pinned or unpinned.
    PinnedMessage { group: i64, id: i32, pinned: bool, pts: i32 },
    /// Somebody has reacted to a message; for users.
    Reacted { group: i64, id: i32 },
    /// Somebody has pressed a button of a bot's message; for that bot.
    Pressed { group: i64, id: i32, by: i64, query: i64, data: Vec<u8> },
    /// Something was written in a private chat, as an account has it; for that account's keys.
    Private { account: i64, id: i32 },
    /// Something that only bots are told, by its place in [`World::told`].
    Told { group: i64, place: usize },
}

/// Sets the limits of the update boxes, which on Telegram depend on who asks.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many of a group's last log entries its box keeps.
    pub box_size: i32,
    /// How far behind a user account may be before it is told "too long".
    pub user_gap: i32,
    /// The most messages one difference slice carries to a bot.
    pub bot_slice: usize,
    /// The most messages one difference slice carries to a user.
    pub user_slice: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { box_size: 100_000, user_gap: 100, bot_slice: 1000, user_slice: 100 }
    }
}

/// Holds everything the sandbox knows except keys and connections.
#[derive(Debug, Default)]
pub struct World {
    pub(in crate::sandbox) accounts: BTreeMap<i64, Account>,
    pub(in crate::sandbox) groups: BTreeMap<i64, Group>,
    pub(in crate::sandbox) forum: i64,
    /// The limits of the update boxes; tests lower them.
    pub limits: Limits,
    sent: HashMap<(i64, i64, i64), i32>,
    /// What bots were told outside the groups' logs, in order.
    pub(in crate::sandbox) told: Vec<ToldBots>,
    presses: Vec<Press>,
    /// What each account has in its own box.
    pub(in crate::sandbox) privates: BTreeMap<i64, Vec<PrivateMessage>>,
    updates: Vec<Update>,
    records: Vec<Record>,
    files: files::Files,
    recording: bool,
}

impl World {
    /// Tells the id of the main group, the forum.
    pub fn forum(&self) -> i64 {
        self.forum
    }

    /// Finds a group.
    pub fn group(&self, id: i64) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// Goes through the groups.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// Finds an account.
    pub fn account(&self, id: i64) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// Goes through the accounts, by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// Finds an account by its @username, in any case and with or without the sign.
    pub fn account_by_username(&self, username: &str) -> Option<&Account> {
        let wanted = username.trim_start_matches('@');
        self.accounts.values().find(|a| a.username.as_deref().is_some_and(|u| u.eq_ignore_ascii_case(wanted)))
    }

    /// Adds an account, or replaces the one with its id.
    pub fn add_account(&mut self, account: Account) {
        self.accounts.insert(account.id, account);
    }

    /// Adds a group; the first forum becomes the main group.
    pub fn add_group(&mut self, group: Group) {
        if self.forum == 0 && group.forum {
            self.forum = group.id;
        }
        self.groups.insert(group.id, group);
    }

    /// Takes the updates that are still to be pushed.
    pub fn take_updates(&mut self) -> Vec<Update> {
        std::mem::take(&mut self.updates)
    }

    /// Takes the records that are still to be logged.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Starts to leave records; loading leaves none.
    pub(in crate::sandbox) fn start_recording(&mut self) {
        self.recording = true;
    }

    pub(in crate::sandbox) fn record(&mut self, make: impl FnOnce() -> Record) {
        if self.recording {
            let record = make();
            self.records.push(record);
        }
    }

    pub(in crate::sandbox) fn announce(&mut self, update: Update) {
        self.updates.push(update);
    }

    /// Finds the message that an account has sent to a group under a `random_id`.
    pub fn sent(&self, account: i64, group: i64, random_id: i64) -> Option<i32> {
        self.sent.get(&(account, group, random_id)).copied()
    }

    pub(in crate::sandbox) fn remember_sent(&mut self, account: i64, group: i64, random_id: i64, id: i32) {
        if random_id != 0 {
            self.sent.insert((account, group, random_id), id);
            self.record(|| Record::Sent { account, group, random_id, id });
        }
    }

    /// Finds a group that must exist, or refuses as Telegram does.
    pub(in crate::sandbox) fn group_or(&self, id: i64) -> Result<&Group, Refusal> {
        self.groups.get(&id).ok_or_else(|| Refusal::bad("CHANNEL_INVALID"))
    }

    pub(in crate::sandbox) fn group_mut(&mut self, id: i64) -> Result<&mut Group, Refusal> {
        self.groups.get_mut(&id).ok_or_else(|| Refusal::bad("CHANNEL_INVALID"))
    }
}
