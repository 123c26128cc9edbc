//! Showing people, groups, rights and membership to one account.

use grammers_tl_types::{Deserializable, enums, types};

use crate::clock::Timestamp;
use crate::sandbox::world::{Account, AdminRights, BannedRights, Group, Member, Peer, Standing};

use super::render::{Named, View, date, notify_settings, peer};

/// How long "for ever" is in `until_date`.
const FOR_EVER: i32 = i32::MAX;

/// Makes a value from zeros: all flags off, all numbers 0, all texts empty.
fn blank<T: Deserializable>(length: usize) -> T {
    T::from_bytes(&vec![0; length]).expect("the length covers the fields that are always there")
}

impl View<'_> {
    /// Wraps updates with those they name.
    pub(in crate::sandbox) fn updates(
        &self,
        updates: Vec<enums::Update>,
        named: &Named,
        now: Timestamp,
    ) -> enums::Updates {
        let (users, chats) = (self.users(named), self.chats(named));
        types::Updates { updates, users, chats, date: date(now.unix()), seq: 0 }.into()
    }

    /// Lists the users that were named.
    pub(super) fn users(&self, named: &Named) -> Vec<enums::User> {
        named.users.iter().filter_map(|id| self.world.account(*id)).map(|account| self.user(account)).collect()
    }

    /// Lists the groups that were named.
    pub(super) fn chats(&self, named: &Named) -> Vec<enums::Chat> {
        named.groups.iter().filter_map(|id| self.world.group(*id)).map(|group| self.chat(group)).collect()
    }

    /// Shows an account.
    pub(super) fn user(&self, account: &Account) -> enums::User {
        // Two flag words and the id.
        let mut user: types::User = blank(16);
        user.is_self = account.id == self.viewer.id;
        user.id = account.id;
        user.access_hash = Some(account.access_hash);
        if account.deleted {
            user.deleted = true;
            return user.into();
        }
        user.first_name = Some(account.first_name.clone());
        user.last_name.clone_from(&account.last_name);
        user.username.clone_from(&account.username);
        if account.is_bot() {
            user.bot = true;
            user.bot_chat_history = !account.privacy;
            user.bot_info_version = Some(1);
        } else {
            user.status = Some(types::UserStatusRecently { by_me: false }.into());
            user.lang_code = account.lang_code.clone().filter(|_| self.viewer.is_bot());
        }
        if user.is_self {
            user.phone.clone_from(&account.phone);
        }
        user.into()
    }

    /// Shows a group as the viewer sees it: with its own rights, or forbidden if it was removed.
    pub(super) fn chat(&self, group: &Group) -> enums::Chat {
        let member = group.member(self.viewer.id);
        if member.is_some_and(|m| m.standing == Standing::Banned) {
            return types::ChannelForbidden {
                broadcast: false,
                megagroup: true,
                monoforum: false,
                id: group.id,
                access_hash: group.access_hash,
                title: group.title.clone(),
                until_date: None,
            }
            .into();
        }
        types::Channel {
            creator: member.is_some_and(|m| m.standing == Standing::Creator),
            left: !member.is_some_and(Member::is_present),
            megagroup: true,
            forum: group.forum,
            noforwards: group.noforwards,
            id: group.id,
            access_hash: Some(group.access_hash),
            title: group.title.clone(),
            username: group.username.clone(),
            photo: enums::ChatPhoto::Empty,
            date: date(group.date),
            admin_rights: member.and_then(Member::admin_rights).map(|rights| admin_rights(&rights)),
            banned_rights: match member.map(|m| &m.standing) {
                Some(Standing::Restricted(rights)) => Some(banned_rights(rights)),
                _ => None,
            },
            default_banned_rights: Some(banned_rights(&group.default_banned)),
            ..blank_channel()
        }
        .into()
    }

    /// Shows what is left of a basic group that became a supergroup.
    pub(super) fn basic_group(&self, id: i64, group: &Group) -> enums::Chat {
        let new = types::InputChannel { channel_id: group.id, access_hash: group.access_hash };
        types::Chat {
            creator: false,
            left: false,
            deactivated: true,
            call_active: false,
            call_not_empty: false,
            noforwards: false,
            id,
            title: group.title.clone(),
            photo: enums::ChatPhoto::Empty,
            participants_count: 0,
            date: date(group.date),
            version: 1,
            migrated_to: Some(new.into()),
            admin_rights: None,
            default_banned_rights: None,
        }
        .into()
    }

    /// Shows an account's place in a group.
    pub(super) fn participant(
        &self,
        group: &Group,
        account: i64,
        named: &mut Named,
    ) -> Option<enums::ChannelParticipant> {
        Some(self.participant_as(group, group.member(account)?, named))
    }

    /// Shows somebody's place in a group, as it is or was.
    pub(super) fn participant_as(
        &self,
        group: &Group,
        member: &Member,
        named: &mut Named,
    ) -> enums::ChannelParticipant {
        let account = member.account;
        named.users.insert(account);
        let is_self = account == self.viewer.id;
        let at = date(member.date.max(group.date));
        let rank = member.rank.clone();
        if member.by != 0 {
            named.users.insert(member.by);
        }
        match &member.standing {
            Standing::Creator => types::ChannelParticipantCreator {
                user_id: account,
                admin_rights: admin_rights(&AdminRights::all()),
                rank,
            }
            .into(),
            Standing::Admin(rights) => types::ChannelParticipantAdmin {
                can_edit: false,
                is_self,
                user_id: account,
                inviter_id: is_self.then_some(member.by),
                promoted_by: member.by,
                date: at,
                admin_rights: admin_rights(rights),
                rank,
            }
            .into(),
            Standing::Member if is_self => types::ChannelParticipantSelf {
                via_request: false,
                user_id: account,
                inviter_id: member.by,
                date: at,
                subscription_until_date: None,
                rank,
            }
            .into(),
            Standing::Member => {
                types::ChannelParticipant { user_id: account, date: at, subscription_until_date: None, rank }.into()
            }
            Standing::Restricted(rights) => types::ChannelParticipantBanned {
                left: false,
                peer: peer(Peer::User(account)),
                kicked_by: member.by,
                date: at,
                banned_rights: banned_rights(rights),
                rank,
            }
            .into(),
            Standing::Banned => types::ChannelParticipantBanned {
                left: true,
                peer: peer(Peer::User(account)),
                kicked_by: member.by,
                date: at,
                banned_rights: banned_rights(&BannedRights { view_messages: true, ..BannedRights::default() }),
                rank,
            }
            .into(),
            Standing::Left => types::ChannelParticipantLeft { peer: peer(Peer::User(account)) }.into(),
        }
    }

    /// Shows a group in full.
    pub(super) fn full_channel(&self, group: &Group) -> types::ChannelFull {
        let present = || group.members().filter(|m| m.is_present());
        let count = |n: usize| Some(i32::try_from(n).unwrap_or(i32::MAX));
        types::ChannelFull {
            can_view_participants: true,
            id: group.id,
            about: group.about.clone(),
            participants_count: count(present().count()),
            admins_count: count(present().filter(|m| m.admin_rights().is_some()).count()),
            kicked_count: Some(0),
            banned_count: Some(0),
            online_count: Some(1),
            read_inbox_max_id: group.top_message(),
            read_outbox_max_id: group.top_message(),
            unread_count: 0,
            notify_settings: notify_settings(),
            pts: group.pts(),
            ..blank_channel_full()
        }
    }

    /// Shows an account in full.
    pub(super) fn full_user(&self, account: &Account) -> types::UserFull {
        let mut bytes = vec![0; 16];
        extend(&mut bytes, &enums::PeerSettings::Settings(blank(4)));
        extend(&mut bytes, &notify_settings());
        extend(&mut bytes, &0i32);
        let full = types::UserFull::from_bytes(&bytes).expect("these are the fields that are always there");
        types::UserFull { id: account.id, common_chats_count: 1, ..full }
    }
}

fn extend(bytes: &mut Vec<u8>, value: &impl grammers_tl_types::Serializable) {
    value.serialize(bytes);
}

fn blank_channel() -> types::Channel {
    // Two flag words and the id, an empty title, no photo, the date.
    let mut bytes = vec![0; 20];
    extend(&mut bytes, &enums::ChatPhoto::Empty);
    extend(&mut bytes, &0i32);
    types::Channel::from_bytes(&bytes).expect("these are the fields that are always there")
}

fn blank_channel_full() -> types::ChannelFull {
    // Two flag words and the id, an empty text, three counters, no photo, settings, no bots, pts.
    let mut bytes = vec![0; 32];
    extend(&mut bytes, &enums::Photo::Empty(types::PhotoEmpty { id: 0 }));
    extend(&mut bytes, &notify_settings());
    extend(&mut bytes, &Vec::<enums::BotInfo>::new());
    extend(&mut bytes, &0i32);
    types::ChannelFull::from_bytes(&bytes).expect("these are the fields that are always there")
}

/// Writes an admin's rights.
pub(super) fn admin_rights(rights: &AdminRights) -> enums::ChatAdminRights {
    types::ChatAdminRights {
        change_info: rights.change_info,
        delete_messages: rights.delete_messages,
        ban_users: rights.ban_users,
        invite_users: rights.invite_users,
        pin_messages: rights.pin_messages,
        add_admins: rights.add_admins,
        anonymous: rights.anonymous,
        manage_call: rights.manage_call,
        manage_topics: rights.manage_topics,
        other: rights.other,
        ..blank(4)
    }
    .into()
}

/// Writes what is forbidden.
pub(super) fn banned_rights(rights: &BannedRights) -> enums::ChatBannedRights {
    types::ChatBannedRights {
        view_messages: rights.view_messages,
        send_messages: rights.send_messages,
        send_media: rights.send_media,
        send_plain: rights.send_plain,
        invite_users: rights.invite_users,
        pin_messages: rights.pin_messages,
        change_info: rights.change_info,
        manage_topics: rights.manage_topics,
        until_date: FOR_EVER,
        ..blank(8)
    }
    .into()
}
