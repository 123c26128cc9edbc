//! A group: its topics, its messages by id, and its numbered log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::GENERAL;
use super::content::{Message, Peer};
use super::members::Member;
use super::rights::BannedRights;

/// Tells what one entry of a group's log did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message came.
    New(i32),
    /// A message was changed.
    Edited(i32),
    /// Messages went.
    Deleted(Box<[i32]>),
    /// A message was pinned or unpinned.
    Pinned(i32, bool),
}

impl Change {
    /// Tells how much the change moves the group's pts.
    pub fn count(&self) -> i32 {
        match self {
            Change::New(_) | Change::Edited(_) | Change::Pinned(..) => 1,
            Change::Deleted(ids) => i32::try_from(ids.len()).unwrap_or(i32::MAX),
        }
    }
}

/// Holds one entry of a group's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The group's pts after the change.
    pub pts: i32,
    /// When it happened, in Unix seconds.
    pub date: i64,
    /// What happened.
    pub change: Change,
}

/// Holds one topic of a forum.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// The id, that of its first message; 1 is General.
    pub id: i32,
    /// The title.
    pub title: String,
    /// The colour of its default icon.
    pub icon_color: i32,
    /// Its custom icon.
    pub icon_emoji_id: Option<i64>,
    /// The account that created it.
    pub creator: i64,
    /// Who created it as others see it.
    pub from: Peer,
    /// When it was created, in Unix seconds.
    pub date: i64,
    /// Whether only staff and its creator may write.
    pub closed: bool,
    /// Whether General is hidden.
    pub hidden: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Its messages' ids, ascending, its first message included.
    pub(in crate::sandbox) messages: Vec<i32>,
    /// How far each account has read.
    pub(in crate::sandbox) read: BTreeMap<i64, i32>,
    /// How far somebody else has read each account's messages.
    pub(in crate::sandbox) read_out: BTreeMap<i64, i32>,
}

impl Topic {
    /// Tells the ids of its messages, ascending.
    pub fn messages(&self) -> &[i32] {
        &self.messages
    }

    /// Tells the id of its newest message.
    pub fn top_message(&self) -> i32 {
        self.messages.last().copied().unwrap_or(self.id)
    }
}

/// Holds one group.
#[derive(Debug)]
pub struct Group {
    /// The channel id, positive and bare.
    pub id: i64,
    /// The access hash, the same for everyone who asks.
    pub access_hash: i64,
    /// The title.
    pub title: String,
    /// The @username without the sign.
    pub username: Option<String>,
    /// What the group is about.
    pub about: String,
    /// The id it had as a basic group.
    pub upgraded_from: Option<i64>,
    /// Whether topics are on.
    pub forum: bool,
    /// When it was created, in Unix seconds.
    pub date: i64,
    /// What nobody but admins may do.
    pub default_banned: BannedRights,
    /// Whether its messages may not be forwarded.
    pub noforwards: bool,
    pub(in crate::sandbox) members: BTreeMap<i64, Member>,
    pub(in crate::sandbox) topics: BTreeMap<i32, Topic>,
    pub(in crate::sandbox) gone_topics: BTreeSet<i32>,
    pub(in crate::sandbox) messages: BTreeMap<i32, Message>,
    /// The ids of all messages, ascending.
    pub(in crate::sandbox) order: Vec<i32>,
    pub(in crate::sandbox) next_id: i32,
    pub(in crate::sandbox) pts: i32,
    pub(in crate::sandbox) log: VecDeque<LogEntry>,
    /// Everybody has read up to here.
    pub(in crate::sandbox) read_floor: i32,
}

impl Group {
    /// Makes an empty group; a forum has its General topic.
    pub fn new(id: i64, access_hash: i64, title: &str, forum: bool, creator: i64, date: i64) -> Self {
        let mut topics = BTreeMap::new();
        if forum {
            topics.insert(
                GENERAL,
                Topic {
                    id: GENERAL,
                    title: "General".to_owned(),
                    icon_color: 0x006F_B9F0,
                    icon_emoji_id: None,
                    creator,
                    from: Peer::Group(id),
                    date,
                    closed: false,
                    hidden: false,
                    pinned: false,
                    messages: Vec::new(),
                    read: BTreeMap::new(),
                    read_out: BTreeMap::new(),
                },
            );
        }
        Self {
            id,
            access_hash,
            title: title.to_owned(),
            username: None,
            about: String::new(),
            upgraded_from: None,
            forum,
            date,
            default_banned: BannedRights::default(),
            noforwards: false,
            members: BTreeMap::new(),
            topics,
            gone_topics: BTreeSet::new(),
            messages: BTreeMap::new(),
            order: Vec::new(),
            next_id: 1,
            pts: 1,
            log: VecDeque::new(),
            read_floor: 0,
        }
    }

    /// Tells the group's pts.
    pub fn pts(&self) -> i32 {
        self.pts
    }

    /// Tells the id the next message will get.
    pub fn next_id(&self) -> i32 {
        self.next_id
    }

    /// Leaves a hole: the next message gets the id `to` if that lies ahead.
    pub fn skip_to(&mut self, to: i32) {
        self.next_id = self.next_id.max(to);
    }

    /// Finds a message.
    pub fn message(&self, id: i32) -> Option<&Message> {
        self.messages.get(&id)
    }

    /// Goes through the messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.messages.values()
    }

    /// Counts the messages.
    pub fn count(&self) -> usize {
        self.messages.len()
    }

    /// Tells the id of the newest message; 0 if there is none.
    pub fn top_message(&self) -> i32 {
        self.order.last().copied().unwrap_or(0)
    }

    /// Finds a topic.
    pub fn topic(&self, id: i32) -> Option<&Topic> {
        self.topics.get(&id)
    }

    /// Goes through the topics, by id.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.values()
    }

    /// Tells whether there was a topic that is deleted now.
    pub fn topic_gone(&self, id: i32) -> bool {
        self.gone_topics.contains(&id)
    }

    /// Finds a member, present or past.
    pub fn member(&self, account: i64) -> Option<&Member> {
        self.members.get(&account)
    }

    /// Goes through the members, present and past, by id.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Goes through the log after `pts`, oldest first.
    pub fn log_after(&self, pts: i32) -> impl Iterator<Item = &LogEntry> {
        let start = self.log.partition_point(|entry| entry.pts <= pts);
        self.log.range(start..)
    }

    /// Tells the pts at which a message came, or the group's own if the box no longer holds that.
    pub fn pts_of(&self, id: i32) -> Option<i32> {
        let came = self.log.iter().rev().find(|entry| entry.change == Change::New(id)).map(|entry| entry.pts);
        self.messages.contains_key(&id).then_some(came.unwrap_or(self.pts))
    }

    /// Tells the pts before the oldest entry that the box still holds.
    pub fn oldest_pts(&self) -> i32 {
        self.log.front().map_or(self.pts, |entry| entry.pts - entry.change.count())
    }

    /// Tells when the log last grew, in Unix seconds.
    pub fn last_change(&self) -> i64 {
        self.log.back().map_or(self.date, |entry| entry.date)
    }

    pub(super) fn append(&mut self, change: Change, date: i64, box_size: i32) -> i32 {
        self.pts = self.pts.saturating_add(change.count());
        self.log.push_back(LogEntry { pts: self.pts, date, change });
        while self.log.front().is_some_and(|oldest| oldest.pts <= self.pts.saturating_sub(box_size)) {
            self.log.pop_front();
        }
        self.pts
    }

    pub(super) fn insert(&mut self, message: Message) {
        let id = message.id;
        insert_sorted(&mut self.order, id);
        if let Some(topic) = self.topics.get_mut(&message.topic) {
            insert_sorted(&mut topic.messages, id);
        }
        self.next_id = self.next_id.max(id.saturating_add(1));
        self.messages.insert(id, message);
    }

    /// Marks a new message's topic as read by its sender.
    pub(super) fn mark_own(&mut self, id: i32) {
        if let Some(message) = self.messages.get(&id)
            && let Some(topic) = self.topics.get_mut(&message.topic)
        {
            topic.read.insert(message.sender, id);
        }
    }

    pub(super) fn remove(&mut self, id: i32) -> Option<Message> {
        let message = self.messages.remove(&id)?;
        remove_sorted(&mut self.order, id);
        if let Some(topic) = self.topics.get_mut(&message.topic) {
            remove_sorted(&mut topic.messages, id);
        }
        Some(message)
    }
}

fn insert_sorted(ids: &mut Vec<i32>, id: i32) {
    match ids.last() {
        Some(&last) if last >= id => {
            if let Err(at) = ids.binary_search(&id) {
                ids.insert(at, id);
            }
        }
        _ => ids.push(id),
    }
}

fn remove_sorted(ids: &mut Vec<i32>, id: i32) {
    if let Ok(at) = ids.binary_search(&id) {
        ids.remove(at);
    }
}
