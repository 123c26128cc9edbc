//! Who may do what in a group, and who sees what.

use serde::{Deserialize, Serialize};

use super::content::{Content, EntityKind, Message};
use super::group::{Group, Topic};
use super::members::Member;
use super::{Account, Refusal, World};

/// Grants an admin's rights, by Telegram's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are Telegram's own")]
pub struct AdminRights {
    pub change_info: bool,
    pub delete_messages: bool,
    pub ban_users: bool,
    pub invite_users: bool,
    pub pin_messages: bool,
    pub add_admins: bool,
    pub anonymous: bool,
    pub manage_call: bool,
    pub manage_topics: bool,
    /// The bare fact of being admin, which Telegram calls `other`.
    pub other: bool,
}

impl AdminRights {
    /// Grants everything but anonymity.
    pub const fn all() -> Self {
        Self {
            change_info: true,
            delete_messages: true,
            ban_users: true,
            invite_users: true,
            pin_messages: true,
            add_admins: true,
            anonymous: false,
            manage_call: true,
            manage_topics: true,
            other: true,
        }
    }
}

/// Takes rights away from members, by Telegram's names: true means forbidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are Telegram's own")]
pub struct BannedRights {
    pub view_messages: bool,
    pub send_messages: bool,
    pub send_media: bool,
    pub send_plain: bool,
    pub invite_users: bool,
    pub pin_messages: bool,
    pub change_info: bool,
    pub manage_topics: bool,
}

/// Tells what an account is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The owner.
    Creator,
    /// An admin, with what was granted.
    Admin(AdminRights),
    /// A plain member.
    Member,
    /// A member with rights taken away.
    Restricted(BannedRights),
    /// Removed and kept out.
    Banned,
    /// Left by itself.
    Left,
}

impl Member {
    /// Tells whether the account is in the group now.
    pub fn is_present(&self) -> bool {
        match &self.standing {
            Standing::Banned | Standing::Left => false,
            Standing::Restricted(rights) => !rights.view_messages,
            Standing::Creator | Standing::Admin(_) | Standing::Member => true,
        }
    }

    /// Tells the admin rights; the owner has all.
    pub fn admin_rights(&self) -> Option<AdminRights> {
        match &self.standing {
            Standing::Creator => Some(AdminRights::all()),
            Standing::Admin(rights) => Some(*rights),
            Standing::Member | Standing::Restricted(_) | Standing::Banned | Standing::Left => None,
        }
    }
}

impl Group {
    /// Tells whether an account is in the group now.
    pub fn is_present(&self, account: i64) -> bool {
        self.members.get(&account).is_some_and(Member::is_present)
    }

    /// Tells an account's admin rights; `None` if it is no admin.
    pub fn admin_rights(&self, account: i64) -> Option<AdminRights> {
        self.members.get(&account).and_then(Member::admin_rights)
    }

    fn restrictions(&self, account: i64) -> Option<BannedRights> {
        match self.members.get(&account).map(|m| &m.standing) {
            Some(Standing::Restricted(rights)) => Some(*rights),
            _ => None,
        }
    }

    /// Refuses an account that is not in the group.
    pub(in crate::sandbox) fn require_present(&self, account: i64) -> Result<(), Refusal> {
        if self.is_present(account) { Ok(()) } else { Err(Refusal::bad("CHANNEL_PRIVATE")) }
    }

    /// Refuses an account that may not write into the group at all.
    pub(super) fn require_write(&self, account: i64, media: bool) -> Result<(), Refusal> {
        self.require_present(account)?;
        if self.admin_rights(account).is_some() {
            return Ok(());
        }
        if let Some(own) = self.restrictions(account) {
            if own.send_messages {
                return Err(Refusal::bad("USER_BANNED_IN_CHANNEL"));
            }
            if media && own.send_media {
                return Err(Refusal::forbidden("CHAT_SEND_MEDIA_FORBIDDEN"));
            }
            if !media && own.send_plain {
                return Err(Refusal::forbidden("CHAT_SEND_PLAIN_FORBIDDEN"));
            }
        }
        if self.default_banned.send_messages {
            return Err(Refusal::forbidden("CHAT_WRITE_FORBIDDEN"));
        }
        if media && self.default_banned.send_media {
            return Err(Refusal::forbidden("CHAT_SEND_MEDIA_FORBIDDEN"));
        }
        if !media && self.default_banned.send_plain {
            return Err(Refusal::forbidden("CHAT_SEND_PLAIN_FORBIDDEN"));
        }
        Ok(())
    }

    /// Finds a topic an account may write into: it exists, and is open to the account.
    pub(super) fn require_open_topic(&self, account: i64, topic: i32) -> Result<(), Refusal> {
        if !self.forum {
            return Ok(());
        }
        let found = self.require_topic(topic)?;
        if found.closed && !self.manages(account, found) {
            return Err(Refusal::bad("TOPIC_CLOSED"));
        }
        Ok(())
    }

    pub(super) fn require_topic(&self, topic: i32) -> Result<&Topic, Refusal> {
        match self.topics.get(&topic) {
            Some(found) => Ok(found),
            None if self.gone_topics.contains(&topic) => Err(Refusal::bad("TOPIC_DELETED")),
            None => Err(Refusal::bad("TOPIC_ID_INVALID")),
        }
    }

    /// Tells whether an account may manage a topic: as admin with that right, or as its creator.
    pub(super) fn manages(&self, account: i64, topic: &Topic) -> bool {
        self.admin_rights(account).is_some_and(|r| r.manage_topics)
            || (topic.creator == account && topic.id != super::GENERAL && self.is_present(account))
    }

    /// Tells whether an account may create topics: as admin with that right, or as a member nobody has forbidden it.
    pub fn may_create_topics(&self, account: i64) -> bool {
        if !self.is_present(account) {
            return false;
        }
        match self.admin_rights(account) {
            Some(rights) => rights.manage_topics || !self.default_banned.manage_topics,
            None => {
                !self.default_banned.manage_topics && !self.restrictions(account).is_some_and(|own| own.manage_topics)
            }
        }
    }
}

impl World {
    /// Tells whether a viewer sees a message: members do; bots are blind to other bots, and in privacy mode to all but
    /// service messages, commands, replies to them and mentions, unless they are admins.
    pub fn sees(&self, viewer: &Account, group: &Group, message: &Message) -> bool {
        if !viewer.is_bot() || message.sender == viewer.id || message.is_service() {
            return true;
        }
        if self.accounts.get(&message.sender).is_some_and(Account::is_bot) {
            return false;
        }
        if !viewer.privacy || group.admin_rights(viewer.id).is_some() {
            return true;
        }
        message.text().starts_with('/')
            || message.reply_to.and_then(|id| group.messages.get(&id)).is_some_and(|m| m.sender == viewer.id)
            || mentions(message, viewer)
    }
}

fn mentions(message: &Message, account: &Account) -> bool {
    let Content::Said { text, entities, .. } = &message.content else { return false };
    let by_id = entities.iter().any(|e| e.kind == EntityKind::MentionName { user: account.id });
    let by_name = account
        .username
        .as_ref()
        .is_some_and(|name| text.to_lowercase().contains(&format!("@{}", name.to_lowercase())));
    by_id || by_name
}
