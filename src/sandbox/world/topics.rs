//! Creating, changing, pinning, reading and deleting topics.

use std::collections::BTreeMap;

use crate::clock::Timestamp;

use super::content::{Action, Content};
use super::group::{Change, Topic};
use super::{GENERAL, Record, Refusal, Update, World};

/// The longest topic title, in characters.
const MAX_TITLE: usize = 128;
/// The colours a topic's icon may have.
const COLORS: [i32; 6] = [0x006F_B9F0, 0x00FF_D67E, 0x00CB_86DB, 0x008E_EE98, 0x00FF_93B2, 0x00FB_6F5F];

/// Describes a topic to create in the main group, or another.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTopic {
    /// The group; 0 means the main group.
    pub group: i64,
    /// The account that creates it.
    pub creator: i64,
    /// The title.
    pub title: String,
    /// The colour of its icon; otherwise the first of Telegram's six.
    pub icon_color: Option<i32>,
    /// A custom icon.
    pub icon_emoji_id: Option<i64>,
}

impl NewTopic {
    /// Makes a topic of the main group.
    pub fn new(creator: i64, title: &str) -> Self {
        Self { group: 0, creator, title: title.to_owned(), icon_color: None, icon_emoji_id: None }
    }
}

/// Describes a change of a topic; only what is present changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicEdit {
    /// A new title.
    pub title: Option<String>,
    /// A new icon; 0 removes it.
    pub icon_emoji_id: Option<i64>,
    /// Closes or reopens it.
    pub closed: Option<bool>,
    /// Hides or shows General.
    pub hidden: Option<bool>,
}

impl World {
    /// Creates a topic as its creator, who must be allowed to; tells its id. Pushes the service message.
    ///
    /// # Errors
    /// Refuses groups without topics, missing rights and an empty title.
    pub fn create_topic(&mut self, topic: NewTopic, now: Timestamp) -> Result<i32, Refusal> {
        let group = self.group_or(self.group_id(topic.group))?;
        if !group.forum {
            return Err(Refusal::bad("CHANNEL_FORUM_MISSING"));
        }
        group.require_write(topic.creator, false)?;
        if !group.may_create_topics(topic.creator) {
            return Err(Refusal::forbidden("CHAT_WRITE_FORBIDDEN"));
        }
        if topic.title.trim().is_empty() {
            return Err(Refusal::bad("TOPIC_TITLE_EMPTY"));
        }
        self.place_topic(topic, now)
    }

    /// Creates a topic without asking whether its creator may; tells its id. Pushes the service message.
    ///
    /// # Errors
    /// Refuses only an unknown group.
    pub fn place_topic(&mut self, new: NewTopic, at: Timestamp) -> Result<i32, Refusal> {
        let group_id = self.group_id(new.group);
        let title: String = new.title.chars().take(MAX_TITLE).collect();
        let icon_color = new.icon_color.filter(|c| COLORS.contains(c)).unwrap_or(COLORS[0]);
        let icon_emoji_id = new.icon_emoji_id.filter(|id| *id != 0);
        let group = self.group_mut(group_id)?;
        let id = group.next_id.max(GENERAL + 1);
        group.next_id = id;
        let anonymous = group.admin_rights(new.creator).is_some_and(|rights| rights.anonymous);
        let from = if anonymous { super::Peer::Group(group_id) } else { super::Peer::User(new.creator) };
        let topic = Topic {
            id,
            title: title.clone(),
            icon_color,
            icon_emoji_id,
            creator: new.creator,
            from,
            date: at.unix(),
            closed: false,
            hidden: false,
            pinned: false,
            messages: Vec::new(),
            read: BTreeMap::new(),
            read_out: BTreeMap::new(),
        };
        let record = topic.record(group_id);
        group.topics.insert(id, topic);
        self.record(|| record);
        let action = Action::TopicCreate { title, icon_color, icon_emoji_id };
        self.put(group_id, id, new.creator, Content::Service(action), None, None, Default::default(), at)
    }

    /// Changes a topic as an account that must be allowed to; tells the service message's id. Pushes it.
    ///
    /// # Errors
    /// Refuses missing rights, unknown topics, closing together with other changes, and a change that changes nothing.
    pub fn edit_topic(
        &mut self,
        group: i64,
        account: i64,
        id: i32,
        edit: TopicEdit,
        now: Timestamp,
    ) -> Result<i32, Refusal> {
        let found = self.group_or(self.group_id(group))?;
        if !found.forum {
            return Err(Refusal::bad("CHANNEL_FORUM_MISSING"));
        }
        found.require_present(account)?;
        let topic = found.require_topic(id).map_err(|_| Refusal::bad("TOPIC_ID_INVALID"))?;
        if !found.manages(account, topic) {
            return Err(Refusal::forbidden("CHAT_ADMIN_REQUIRED"));
        }
        if edit.closed.is_some() && (edit.title.is_some() || edit.icon_emoji_id.is_some() || edit.hidden.is_some()) {
            return Err(Refusal::bad("TOPIC_CLOSE_SEPARATELY"));
        }
        if edit.hidden.is_some() && (edit.title.is_some() || edit.icon_emoji_id.is_some()) {
            return Err(Refusal::bad("TOPIC_HIDE_SEPARATELY"));
        }
        if edit.hidden.is_some() && id != GENERAL {
            return Err(Refusal::bad("NOGENERAL_HIDE_FORBIDDEN"));
        }
        if edit.icon_emoji_id.is_some() && id == GENERAL {
            return Err(Refusal::bad("GENERAL_MODIFY_ICON_FORBIDDEN"));
        }
        if edit.title.as_ref().is_some_and(|title| title.trim().is_empty()) {
            return Err(Refusal::bad("TOPIC_TITLE_EMPTY"));
        }
        self.place_topic_edit(group, account, id, edit, now)
    }

    /// Changes a topic without asking for rights; tells the service message's id. Pushes it.
    ///
    /// # Errors
    /// Refuses unknown groups and topics, and a change that changes nothing.
    pub fn place_topic_edit(
        &mut self,
        group: i64,
        account: i64,
        id: i32,
        edit: TopicEdit,
        at: Timestamp,
    ) -> Result<i32, Refusal> {
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        let topic = group.topics.get_mut(&id).ok_or_else(|| Refusal::bad("TOPIC_ID_INVALID"))?;
        let title = edit.title.map(|t| t.chars().take(MAX_TITLE).collect()).filter(|t| *t != topic.title);
        let icon = edit.icon_emoji_id.filter(|icon| *icon != topic.icon_emoji_id.unwrap_or(0));
        let closed = edit.closed.filter(|closed| *closed != topic.closed);
        let hidden = edit.hidden.filter(|hidden| *hidden != topic.hidden);
        if title.is_none() && icon.is_none() && closed.is_none() && hidden.is_none() {
            return Err(Refusal::bad("TOPIC_NOT_MODIFIED"));
        }
        if let Some(title) = &title {
            topic.title.clone_from(title);
        }
        if let Some(icon) = icon {
            topic.icon_emoji_id = (icon != 0).then_some(icon);
        }
        topic.closed = closed.unwrap_or(topic.closed);
        topic.hidden = hidden.unwrap_or(topic.hidden);
        let record = topic.record(group_id);
        self.record(|| record);
        let action = Action::TopicEdit { title, icon_emoji_id: icon, closed, hidden };
        self.put(group_id, id, account, Content::Service(action), None, None, Default::default(), at)
    }

    /// Pins or unpins a topic as an account that must be allowed to.
    ///
    /// # Errors
    /// Refuses missing rights, unknown topics, and a change that changes nothing.
    pub fn pin_topic(&mut self, group: i64, account: i64, id: i32, pinned: bool) -> Result<(), Refusal> {
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        group.require_present(account)?;
        if !group.admin_rights(account).is_some_and(|rights| rights.manage_topics) {
            return Err(Refusal::forbidden("CHAT_ADMIN_REQUIRED"));
        }
        let topic = group.topics.get_mut(&id).ok_or_else(|| Refusal::bad("TOPIC_ID_INVALID"))?;
        if topic.pinned == pinned {
            return Err(Refusal::bad("PINNED_TOPIC_NOT_MODIFIED"));
        }
        topic.pinned = pinned;
        let record = topic.record(group_id);
        self.record(|| record);
        self.announce(Update::Pinned { group: group_id, topic: id, pinned });
        Ok(())
    }

    /// Deletes a topic with all its messages as an account that must be allowed to; tells pts and how many went.
    ///
    /// # Errors
    /// Refuses missing rights, unknown topics, and General.
    pub fn delete_topic(&mut self, group: i64, account: i64, id: i32, now: Timestamp) -> Result<(i32, i32), Refusal> {
        let box_size = self.limits.box_size;
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        group.require_present(account)?;
        let topic = group.require_topic(id).map_err(|_| Refusal::bad("TOPIC_ID_INVALID"))?;
        let alone = topic.creator == account
            && topic.messages.len() <= 11
            && topic.messages.iter().all(|m| group.messages.get(m).is_none_or(|m| m.sender == account));
        if !alone && !group.admin_rights(account).is_some_and(|rights| rights.delete_messages) {
            return Err(Refusal::forbidden("CHAT_ADMIN_REQUIRED"));
        }
        if id == GENERAL {
            return Err(Refusal::bad("TOPIC_ID_INVALID"));
        }
        let ids = topic.messages.clone();
        for message in &ids {
            group.remove(*message);
        }
        group.topics.remove(&id);
        group.gone_topics.insert(id);
        let pts = group.append(Change::Deleted(ids.clone().into_boxed_slice()), now.unix(), box_size);
        let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        self.record(|| Record::Deleted { group: group_id, ids: ids.clone(), at: now.unix() });
        self.record(|| Record::TopicGone { group: group_id, id });
        self.announce(Update::Deleted { group: group_id, ids, pts });
        Ok((pts, count))
    }

    /// Marks a topic read by an account up to a message, and tells those whose messages were read.
    ///
    /// # Errors
    /// Refuses accounts that are not in the group and unknown topics.
    pub fn read_topic(&mut self, group: i64, account: i64, id: i32, max_id: i32) -> Result<(), Refusal> {
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        group.require_present(account)?;
        let topic = group.topics.get_mut(&id).ok_or_else(|| Refusal::bad("MSG_ID_INVALID"))?;
        let max_id = max_id.min(topic.messages.last().copied().unwrap_or(0));
        let before = topic.read.get(&account).copied().unwrap_or(0);
        if max_id <= before {
            return Ok(());
        }
        topic.read.insert(account, max_id);
        let first = topic.messages.partition_point(|m| *m <= before);
        let last = topic.messages.partition_point(|m| *m <= max_id);
        let mut authors: BTreeMap<i64, i32> = BTreeMap::new();
        for message in &topic.messages[first..last] {
            if let Some(author) = group.messages.get(message).map(|m| m.sender).filter(|a| *a != account) {
                authors.insert(author, *message);
            }
        }
        for (author, read) in &authors {
            let mark = topic.read_out.entry(*author).or_insert(0);
            *mark = (*mark).max(*read);
        }
        self.record(|| Record::Read { group: group_id, topic: id, account, max_id });
        self.announce(Update::ReadInbox { group: group_id, topic: id, account, max_id });
        for (author, read) in authors {
            self.announce(Update::ReadOutbox { group: group_id, topic: id, account: author, max_id: read });
        }
        Ok(())
    }

    /// Shows the others that an account writes in a topic, or has stopped.
    ///
    /// # Errors
    /// Refuses accounts that may not write there.
    pub fn typing(&mut self, group: i64, account: i64, topic: i32, stopped: bool) -> Result<(), Refusal> {
        let group_id = self.group_id(group);
        let found = self.group_or(group_id)?;
        found.require_write(account, false)?;
        found.require_open_topic(account, topic)?;
        self.announce(Update::Typing { group: group_id, topic, account, stopped });
        Ok(())
    }
}
