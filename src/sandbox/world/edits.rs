//! Changing, deleting and forwarding messages.

use crate::clock::Timestamp;

use super::content::{Content, Entity, Forward};
use super::group::Change;
use super::posts::{Post, check_text};
use super::{Record, Refusal, Update, World};

/// How long a user may change a message, in seconds.
const EDIT_TIME: i64 = 48 * 3600;

/// Describes messages to forward.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardCall {
    /// The group they are in; 0 means the main group.
    pub from_group: i64,
    /// Their ids.
    pub ids: Vec<i32>,
    /// The group they go to; 0 means the main group.
    pub to_group: i64,
    /// The topic they go to.
    pub topic: i32,
    /// The account that forwards.
    pub account: i64,
    /// Whether the authors stay unnamed.
    pub drop_author: bool,
}

impl World {
    /// Changes a message's text as its author; the attachment stays.
    ///
    /// # Errors
    /// Refuses unknown messages, other people's, too old ones, and a change that changes nothing.
    pub fn edit_message(
        &mut self,
        group: i64,
        account: i64,
        id: i32,
        text: &str,
        entities: Vec<Entity>,
        now: Timestamp,
    ) -> Result<i32, Refusal> {
        let group_id = self.group_id(group);
        let is_bot = self.accounts.get(&account).is_some_and(super::Account::is_bot);
        let found = self.group_or(group_id)?;
        found.require_present(account)?;
        let message = found.messages.get(&id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        if message.sender != account {
            return Err(Refusal::forbidden("MESSAGE_AUTHOR_REQUIRED"));
        }
        let Content::Said { text: old, entities: old_entities, media } = &message.content else {
            return Err(Refusal::bad("MESSAGE_ID_INVALID"));
        };
        if !is_bot && now.unix() - message.date > EDIT_TIME {
            return Err(Refusal::bad("MESSAGE_EDIT_TIME_EXPIRED"));
        }
        check_text(text, &entities, media.is_some())?;
        if old == text && *old_entities == entities {
            return Err(Refusal::bad("MESSAGE_NOT_MODIFIED"));
        }
        let content = Content::Said { text: text.to_owned(), entities, media: media.clone() };
        self.place_edit(group, id, content, now)
    }

    /// Changes a message without asking whose it is; tells the pts. Pushes it.
    ///
    /// # Errors
    /// Refuses unknown groups and messages.
    pub fn place_edit(&mut self, group: i64, id: i32, content: Content, at: Timestamp) -> Result<i32, Refusal> {
        let box_size = self.limits.box_size;
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        let message = group.messages.get_mut(&id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        message.content = content;
        message.edit_date = Some(at.unix());
        message.marks.edit_hidden = false;
        let logged = message.clone();
        let pts = group.append(Change::Edited(id), at.unix(), box_size);
        self.record(|| Record::Edited { group: group_id, message: logged, at: at.unix() });
        self.announce(Update::Edited { group: group_id, id, pts });
        Ok(pts)
    }

    /// Deletes messages as an account that wrote them or may delete others'; tells pts and how many went.
    ///
    /// # Errors
    /// Refuses other people's messages without that right.
    pub fn delete_messages(
        &mut self,
        group: i64,
        account: i64,
        ids: &[i32],
        now: Timestamp,
    ) -> Result<(i32, i32), Refusal> {
        let group_id = self.group_id(group);
        let found = self.group_or(group_id)?;
        found.require_present(account)?;
        let may = found.admin_rights(account).is_some_and(|rights| rights.delete_messages);
        if !may && ids.iter().filter_map(|id| found.messages.get(id)).any(|m| m.sender != account) {
            return Err(Refusal::forbidden("MESSAGE_DELETE_FORBIDDEN"));
        }
        self.place_deletion(group, ids, now)
    }

    /// Deletes messages without asking for rights; a topic's first message stays. Tells pts and how many went.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn place_deletion(&mut self, group: i64, ids: &[i32], at: Timestamp) -> Result<(i32, i32), Refusal> {
        let box_size = self.limits.box_size;
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        let mut gone: Vec<i32> = Vec::new();
        for id in ids {
            if !group.topics.contains_key(id) && group.remove(*id).is_some() {
                gone.push(*id);
            }
        }
        let count = i32::try_from(gone.len()).unwrap_or(i32::MAX);
        if gone.is_empty() {
            return Ok((group.pts, 0));
        }
        let pts = group.append(Change::Deleted(gone.clone().into_boxed_slice()), at.unix(), box_size);
        self.record(|| Record::Deleted { group: group_id, ids: gone.clone(), at: at.unix() });
        self.announce(Update::Deleted { group: group_id, ids: gone, pts });
        Ok((pts, count))
    }

    /// Uses up message ids, as other happenings in a group do.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn use_up_ids(&mut self, group: i64, count: i32) -> Result<(), Refusal> {
        let found = self.group_mut(group)?;
        let to = found.next_id().saturating_add(count);
        found.skip_to(to);
        self.record(|| Record::Skipped { group, to });
        Ok(())
    }

    /// Forwards messages as an account that may read there and write here; tells the new ids in order.
    ///
    /// # Errors
    /// Refuses protected groups, unknown messages, and what [`World::send`] refuses.
    pub fn forward(&mut self, call: &ForwardCall, now: Timestamp) -> Result<Vec<i32>, Refusal> {
        let from = self.group_or(self.group_id(call.from_group))?;
        from.require_present(call.account)?;
        if from.noforwards {
            return Err(Refusal::bad("CHAT_FORWARDS_RESTRICTED"));
        }
        let viewer = self.accounts.get(&call.account).ok_or_else(|| Refusal::bad("USER_ID_INVALID"))?;
        let mut posts = Vec::with_capacity(call.ids.len());
        for id in &call.ids {
            let message = from.messages.get(id).filter(|m| self.sees(viewer, from, m));
            let message = message.ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
            let Content::Said { text, entities, media } = &message.content else {
                return Err(Refusal::bad("MESSAGE_ID_INVALID"));
            };
            let origin =
                message.forward.clone().unwrap_or(Forward { from: Some(message.from), name: None, date: message.date });
            posts.push(Post {
                group: call.to_group,
                topic: call.topic,
                author: call.account,
                text: text.clone(),
                entities: entities.clone(),
                media: media.clone(),
                reply_to: None,
                forward: (!call.drop_author).then_some(origin),
                marks: Default::default(),
            });
        }
        let to = self.group_or(self.group_id(call.to_group))?;
        to.require_write(call.account, posts.iter().any(|p| p.media.is_some()))?;
        to.require_open_topic(call.account, call.topic)?;
        posts.into_iter().map(|post| self.place(post, now)).collect()
    }
}
