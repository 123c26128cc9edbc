//! One line of the world's log: what changed, as it is afterwards, so that a resumed world is the fold of its lines.

use serde::{Deserialize, Serialize};

use super::World;
use super::content::{Message, Peer};
use super::group::{Change, Topic};
use super::members::Member;
use super::privates::{BotChat, PrivateMessage};
use super::rights::BannedRights;

/// Tells one change of the world, complete enough to repeat it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the values they repeat")]
pub enum Record {
    /// A message came.
    New { group: i64, message: Message },
    /// A message was changed, at a time in Unix seconds.
    Edited { group: i64, message: Message, at: i64 },
    /// A message was pinned or unpinned, at a time in Unix seconds.
    Pinned { group: i64, message: Message, at: i64 },
    /// Somebody has reacted to a message, which moves no pts.
    Reacted { group: i64, message: Message },
    /// Messages went, at a time in Unix seconds.
    Deleted { group: i64, ids: Vec<i32>, at: i64 },
    /// A topic came or was changed.
    Topic {
        group: i64,
        id: i32,
        title: String,
        icon_color: i32,
        icon_emoji_id: Option<i64>,
        creator: i64,
        from: Peer,
        date: i64,
        closed: bool,
        hidden: bool,
        pinned: bool,
    },
    /// A topic was deleted.
    TopicGone { group: i64, id: i32 },
    /// An account joined, left or got other rights.
    Member { group: i64, member: Member },
    /// What plain members may not do was changed.
    DefaultBanned { group: i64, rights: BannedRights },
    /// A group got topics, or lost them.
    Forum { group: i64, on: bool },
    /// A bot's privacy mode was turned on or off.
    Privacy { account: i64, on: bool },
    /// A private message, as an account has it.
    Private { account: i64, message: PrivateMessage },
    /// A person let bots write to them, or no longer.
    BotChat { account: i64, bot_chat: BotChat },
    /// A call's `random_id` was used up.
    Sent { account: i64, group: i64, random_id: i64, id: i32 },
    /// An account read a topic.
    Read { group: i64, topic: i32, account: i64, max_id: i32 },
    /// A group was told to leave a hole.
    Skipped { group: i64, to: i32 },
}

impl Topic {
    pub(super) fn record(&self, group: i64) -> Record {
        Record::Topic {
            group,
            id: self.id,
            title: self.title.clone(),
            icon_color: self.icon_color,
            icon_emoji_id: self.icon_emoji_id,
            creator: self.creator,
            from: self.from,
            date: self.date,
            closed: self.closed,
            hidden: self.hidden,
            pinned: self.pinned,
        }
    }
}

impl World {
    /// Repeats a logged change. Changes of unknown groups are skipped.
    pub(in crate::sandbox) fn replay(&mut self, record: Record) {
        let box_size = self.limits.box_size;
        match record {
            Record::New { group, message } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    let id = message.id;
                    found.append(Change::New(id), message.date, box_size);
                    found.insert(message);
                    found.mark_own(id);
                }
            }
            Record::Edited { group, message, at } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.append(Change::Edited(message.id), at, box_size);
                    found.messages.insert(message.id, message);
                }
            }
            Record::Pinned { group, message, at } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.append(Change::Pinned(message.id, message.marks.pinned), at, box_size);
                    found.messages.insert(message.id, message);
                }
            }
            Record::Reacted { group, message } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.messages.insert(message.id, message);
                }
            }
            Record::Deleted { group, ids, at } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    for id in &ids {
                        found.remove(*id);
                    }
                    found.append(Change::Deleted(ids.into_boxed_slice()), at, box_size);
                }
            }
            Record::Topic {
                group,
                id,
                title,
                icon_color,
                icon_emoji_id,
                creator,
                from,
                date,
                closed,
                hidden,
                pinned,
            } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    let topic = found.topics.entry(id).or_insert_with(|| Topic {
                        id,
                        title: String::new(),
                        icon_color,
                        icon_emoji_id,
                        creator,
                        from,
                        date,
                        closed,
                        hidden,
                        pinned,
                        messages: Vec::new(),
                        read: Default::default(),
                        read_out: Default::default(),
                    });
                    topic.title = title;
                    topic.icon_emoji_id = icon_emoji_id;
                    (topic.closed, topic.hidden, topic.pinned) = (closed, hidden, pinned);
                }
            }
            Record::TopicGone { group, id } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.topics.remove(&id);
                    found.gone_topics.insert(id);
                }
            }
            Record::Member { group, member } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.members.insert(member.account, member);
                }
            }
            Record::DefaultBanned { group, rights } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.default_banned = rights;
                }
            }
            Record::Forum { group, on } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.forum = on;
                }
            }
            Record::Privacy { account, on } => {
                if let Some(found) = self.accounts.get_mut(&account) {
                    found.privacy = on;
                }
            }
            Record::Private { account, message } => self.privates.entry(account).or_default().push(message),
            Record::BotChat { account, bot_chat } => {
                if let Some(found) = self.accounts.get_mut(&account) {
                    found.bot_chat = bot_chat;
                }
            }
            Record::Sent { account, group, random_id, id } => {
                self.sent.insert((account, group, random_id), id);
            }
            Record::Read { group, topic, account, max_id } => {
                if let Some(found) = self.groups.get_mut(&group).and_then(|g| g.topics.get_mut(&topic)) {
                    found.read.insert(account, max_id);
                }
            }
            Record::Skipped { group, to } => {
                if let Some(found) = self.groups.get_mut(&group) {
                    found.skip_to(to);
                }
            }
        }
    }
}
