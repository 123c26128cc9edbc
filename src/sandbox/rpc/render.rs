//! Showing messages, topics and updates to one account, as Telegram's types.

use std::collections::BTreeSet;

use grammers_tl_types::{enums, types};

use crate::sandbox::world::{Account, Action, Content, Forward, GENERAL, Group, Message, Peer, Topic, Update, World};

use super::attachments::{show_entity, show_media};
use super::told::{no_reactions, reactions};

/// The data centre everything is in.
pub(in crate::sandbox) const DC_ID: i32 = 2;

/// Collects who is named in an answer, to be listed in it.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Named {
    pub(super) users: BTreeSet<i64>,
    pub(super) groups: BTreeSet<i64>,
}

impl Named {
    /// Notes somebody.
    pub(super) fn note(&mut self, peer: Peer) {
        match peer {
            Peer::User(id) => self.users.insert(id),
            Peer::Group(id) => self.groups.insert(id),
        };
    }
}

/// Shows the world to one account.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct View<'a> {
    pub(super) world: &'a World,
    pub(super) viewer: &'a Account,
}

/// Writes Unix seconds as Telegram's `date`.
pub(super) fn date(seconds: i64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// Writes a peer.
pub(super) fn peer(of: Peer) -> enums::Peer {
    match of {
        Peer::User(user_id) => types::PeerUser { user_id }.into(),
        Peer::Group(channel_id) => types::PeerChannel { channel_id }.into(),
    }
}

/// Writes the notification settings everybody has: none.
pub(super) fn notify_settings() -> enums::PeerNotifySettings {
    types::PeerNotifySettings {
        show_previews: None,
        silent: None,
        mute_until: None,
        ios_sound: None,
        android_sound: None,
        other_sound: None,
        stories_muted: None,
        stories_hide_sender: None,
        stories_ios_sound: None,
        stories_android_sound: None,
        stories_other_sound: None,
    }
    .into()
}

impl<'a> View<'a> {
    /// Makes a view for an account.
    pub(in crate::sandbox) fn new(world: &'a World, viewer: &'a Account) -> Self {
        Self { world, viewer }
    }

    /// Shows a message, or an empty one if the viewer does not see it.
    pub(super) fn message_or_empty(&self, group: &Group, id: i32, named: &mut Named) -> enums::Message {
        match group.message(id).filter(|message| self.world.sees(self.viewer, group, message)) {
            Some(message) => self.message(group, message, named),
            None => types::MessageEmpty { id, peer_id: None }.into(),
        }
    }

    /// Shows a message that the viewer sees.
    pub(super) fn message(&self, group: &Group, message: &Message, named: &mut Named) -> enums::Message {
        named.note(message.from);
        named.groups.insert(group.id);
        let out = message.sender == self.viewer.id;
        let peer_id = peer(Peer::Group(group.id));
        let anonymous = matches!(message.from, Peer::Group(_));
        match &message.content {
            Content::Service(action) => {
                if let Action::Joined { users } = action {
                    named.users.extend(users);
                }
                types::MessageService {
                    out,
                    mentioned: false,
                    media_unread: false,
                    reactions_are_possible: false,
                    silent: false,
                    post: false,
                    legacy: false,
                    id: message.id,
                    from_id: Some(peer(message.from)),
                    peer_id,
                    saved_peer_id: None,
                    reply_to: reply_header(group, message),
                    date: date(message.date),
                    action: service_action(action),
                    reactions: None,
                    ttl_period: None,
                }
                .into()
            }
            Content::Said { text, entities, media } => types::Message {
                out,
                mentioned: false,
                media_unread: false,
                silent: false,
                post: false,
                from_scheduled: false,
                legacy: false,
                edit_hide: message.marks.edit_hidden,
                pinned: message.marks.pinned,
                noforwards: group.noforwards,
                invert_media: false,
                offline: false,
                video_processing_pending: false,
                paid_suggested_post_stars: false,
                paid_suggested_post_ton: false,
                id: message.id,
                from_id: Some(peer(message.from)),
                from_boosts_applied: None,
                from_rank: None,
                peer_id,
                saved_peer_id: None,
                fwd_from: message.forward.as_ref().map(|from| forward_header(from, named)),
                via_bot_id: None,
                via_business_bot_id: None,
                guestchat_via_from: None,
                reply_to: reply_header(group, message),
                date: date(message.date),
                message: text.clone(),
                media: media.as_ref().map(|media| show_media(self.world, media, group, message)),
                reply_markup: super::buttons::show(&message.marks.buttons),
                entities: (!entities.is_empty()).then(|| entities.iter().map(show_entity).collect()),
                views: None,
                forwards: None,
                replies: None,
                edit_date: message.edit_date.map(date),
                post_author: if anonymous { group.member(message.sender).and_then(|m| m.rank.clone()) } else { None },
                grouped_id: message.marks.album,
                // Bots are told of reactions by themselves.
                reactions: if self.viewer.is_bot() { None } else { reactions(message) },
                restriction_reason: None,
                ttl_period: None,
                quick_reply_shortcut_id: None,
                effect: None,
                factcheck: None,
                report_delivery_until_date: None,
                paid_message_stars: None,
                suggested_post: None,
                schedule_repeat_period: None,
                summary_from_language: None,
                rich_message: None,
            }
            .into(),
        }
    }

    /// Shows a topic: in full for lists, short beside messages.
    pub(super) fn topic(&self, group: &Group, topic: &Topic, short: bool, named: &mut Named) -> enums::ForumTopic {
        named.note(topic.from);
        let read = if short { 0 } else { group.read_up_to(topic, self.viewer.id) };
        types::ForumTopic {
            my: topic.creator == self.viewer.id,
            closed: topic.closed,
            pinned: !short && topic.pinned,
            short,
            hidden: !short && topic.hidden,
            title_missing: false,
            id: topic.id,
            date: date(topic.date),
            peer: peer(Peer::Group(group.id)),
            title: topic.title.clone(),
            icon_color: topic.icon_color,
            icon_emoji_id: topic.icon_emoji_id,
            top_message: if short { 0 } else { topic.top_message() },
            read_inbox_max_id: read,
            read_outbox_max_id: if short { 0 } else { topic.read_out.get(&self.viewer.id).copied().unwrap_or(read) },
            unread_count: if short { 0 } else { group.unread(topic, self.viewer.id) },
            unread_mentions_count: 0,
            unread_reactions_count: 0,
            unread_poll_votes_count: 0,
            from_id: peer(topic.from),
            notify_settings: notify_settings(),
            draft: None,
        }
        .into()
    }

    /// Shows the topics of some messages, short.
    pub(super) fn topics_of(&self, group: &Group, ids: &[i32], named: &mut Named) -> Vec<enums::ForumTopic> {
        if !group.forum {
            return Vec::new();
        }
        let topics: BTreeSet<i32> = ids.iter().filter_map(|id| group.message(*id)).map(|m| m.topic).collect();
        topics.iter().filter_map(|id| group.topic(*id)).map(|topic| self.topic(group, topic, true, named)).collect()
    }

    /// Shows an update, if it concerns the viewer.
    pub(in crate::sandbox) fn update(&self, update: &Update, named: &mut Named) -> Option<enums::Update> {
        let group_id = match update {
            Update::New { group, .. }
            | Update::Edited { group, .. }
            | Update::Deleted { group, .. }
            | Update::ReadInbox { group, .. }
            | Update::ReadOutbox { group, .. }
            | Update::Typing { group, .. }
            | Update::Pinned { group, .. }
            | Update::PinnedMessage { group, .. }
            | Update::Reacted { group, .. }
            | Update::Pressed { group, .. }
            | Update::Told { group, .. }
            | Update::Channel { group, .. } => *group,
            Update::Private { account, id } => return self.private(*account, *id, named),
        };
        let group = self.world.group(group_id)?;
        let is_mine = matches!(update, Update::Channel { account, .. } if *account == self.viewer.id);
        if !group.is_present(self.viewer.id) && !is_mine {
            return None;
        }
        let seen = |id: i32| group.message(id).filter(|message| self.world.sees(self.viewer, group, message));
        let mine = |account: &i64| *account == self.viewer.id && !self.viewer.is_bot();
        Some(match update {
            Update::New { id, pts, .. } => {
                let message = self.message(group, seen(*id)?, named);
                types::UpdateNewChannelMessage { message, pts: *pts, pts_count: 1 }.into()
            }
            Update::Edited { id, pts, .. } => {
                let message = self.message(group, seen(*id)?, named);
                types::UpdateEditChannelMessage { message, pts: *pts, pts_count: 1 }.into()
            }
            Update::Deleted { ids, pts, .. } => types::UpdateDeleteChannelMessages {
                channel_id: group_id,
                messages: ids.clone(),
                pts: *pts,
                pts_count: date(i64::try_from(ids.len()).unwrap_or(0)),
            }
            .into(),
            Update::PinnedMessage { id, pinned, pts, .. } => types::UpdatePinnedChannelMessages {
                pinned: *pinned,
                channel_id: group_id,
                messages: vec![*id],
                pts: *pts,
                pts_count: 1,
            }
            .into(),
            Update::Reacted { id, .. } if !self.viewer.is_bot() => {
                let message = seen(*id)?;
                types::UpdateMessageReactions {
                    peer: peer(Peer::Group(group_id)),
                    msg_id: *id,
                    top_msg_id: (message.topic != GENERAL).then_some(message.topic),
                    saved_peer_id: None,
                    reactions: reactions(message).unwrap_or_else(no_reactions),
                }
                .into()
            }
            Update::Pressed { id, by, query, data, .. } if seen(*id)?.sender == self.viewer.id => {
                named.users.insert(*by);
                types::UpdateBotCallbackQuery {
                    query_id: *query,
                    user_id: *by,
                    peer: peer(Peer::Group(group_id)),
                    msg_id: *id,
                    chat_instance: group_id,
                    data: Some(data.clone()),
                    game_short_name: None,
                }
                .into()
            }
            Update::Told { place, .. } => return self.told(group, *place, named),
            Update::ReadInbox { topic, account, max_id, .. } if mine(account) => {
                types::UpdateReadChannelDiscussionInbox {
                    channel_id: group_id,
                    top_msg_id: *topic,
                    read_max_id: *max_id,
                    broadcast_id: None,
                    broadcast_post: None,
                }
                .into()
            }
            Update::ReadOutbox { topic, account, max_id, .. } if mine(account) => {
                types::UpdateReadChannelDiscussionOutbox {
                    channel_id: group_id,
                    top_msg_id: *topic,
                    read_max_id: *max_id,
                }
                .into()
            }
            Update::Typing { topic, account, stopped, .. } if *account != self.viewer.id && !self.viewer.is_bot() => {
                let anonymous = group.admin_rights(*account).is_some_and(|rights| rights.anonymous);
                let from = if anonymous { Peer::Group(group_id) } else { Peer::User(*account) };
                named.note(from);
                types::UpdateChannelUserTyping {
                    channel_id: group_id,
                    top_msg_id: (*topic != GENERAL).then_some(*topic),
                    from_id: peer(from),
                    action: if *stopped {
                        enums::SendMessageAction::SendMessageCancelAction
                    } else {
                        enums::SendMessageAction::SendMessageTypingAction
                    },
                }
                .into()
            }
            Update::Pinned { topic, pinned, .. } if !self.viewer.is_bot() => {
                types::UpdatePinnedForumTopic { pinned: *pinned, peer: peer(Peer::Group(group_id)), topic_id: *topic }
                    .into()
            }
            Update::Channel { .. } if is_mine => {
                named.groups.insert(group_id);
                types::UpdateChannel { channel_id: group_id }.into()
            }
            _ => return None,
        })
    }
}

/// Writes `messageReplyHeader`: in a topic the header names it even for plain posts; in General only real replies do.
fn reply_header(group: &Group, message: &Message) -> Option<enums::MessageReplyHeader> {
    let in_topic = group.forum && message.topic != GENERAL;
    if message.id == message.topic {
        return None;
    }
    let (reply_to, top) = match (in_topic, message.reply_to) {
        (true, Some(id)) => (id, Some(message.topic)),
        (true, None) => (message.topic, None),
        (false, Some(id)) => (id, None),
        (false, None) => return None,
    };
    Some(
        types::MessageReplyHeader {
            reply_to_scheduled: false,
            forum_topic: in_topic,
            quote: message.marks.quote.is_some(),
            reply_to_ephemeral: false,
            reply_to_msg_id: Some(reply_to),
            reply_to_peer_id: None,
            reply_from: None,
            reply_media: None,
            reply_to_top_id: top,
            quote_text: message.marks.quote.clone(),
            quote_entities: None,
            quote_offset: None,
            todo_item_id: None,
            poll_option: None,
        }
        .into(),
    )
}

fn forward_header(from: &Forward, named: &mut Named) -> enums::MessageFwdHeader {
    if let Some(author) = from.from {
        named.note(author);
    }
    types::MessageFwdHeader {
        imported: false,
        saved_out: false,
        from_id: from.from.map(peer),
        from_name: from.name.clone(),
        date: date(from.date),
        channel_post: None,
        post_author: None,
        saved_from_peer: None,
        saved_from_msg_id: None,
        saved_from_id: None,
        saved_from_name: None,
        saved_date: None,
        psa_type: None,
    }
    .into()
}

fn service_action(action: &Action) -> enums::MessageAction {
    match action.clone() {
        Action::TopicCreate { title, icon_color, icon_emoji_id } => {
            types::MessageActionTopicCreate { title_missing: false, title, icon_color, icon_emoji_id }.into()
        }
        Action::TopicEdit { title, icon_emoji_id, closed, hidden } => {
            types::MessageActionTopicEdit { title, icon_emoji_id, closed, hidden }.into()
        }
        Action::Joined { users } => types::MessageActionChatAddUser { users }.into(),
        Action::Left { user } => types::MessageActionChatDeleteUser { user_id: user }.into(),
        Action::Pinned => enums::MessageAction::PinMessage,
        Action::Created { title } => types::MessageActionChannelCreate { title }.into(),
    }
}
