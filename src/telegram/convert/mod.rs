//! Raw TL -> the desk's words. The only way in for anything Telegram says; what leaves here is safe.

pub(crate) mod action;
pub(crate) mod media;
pub(crate) mod people;
pub(crate) mod safe;

#[cfg(test)]
mod tests;

use grammers_tl_types as tl;
use tl::enums::MessageEntity as RawEntity;

use self::people::People;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId, PersonId, TopicId};
use crate::desk::thread::{Content, EntityKind, Media, Message, Post, Reaction};
use crate::engine::transport::TopicFacts;

/// No message has more kinds of reactions than Telegram allows, by far.
const MOST_REACTIONS: usize = 100;

/// Converts a message of `group`; `None` for empty ones and those of other chats.
pub(crate) fn message(raw: tl::enums::Message, group: GroupId, people: &People) -> Option<Message> {
    match raw {
        tl::enums::Message::Empty(_) => None,
        tl::enums::Message::Message(raw) => in_group(&raw.peer_id, group).then(|| post(raw, group, people)),
        tl::enums::Message::Service(raw) => in_group(&raw.peer_id, group).then(|| service_message(raw, group, people)),
    }
}

fn in_group(peer: &tl::enums::Peer, group: GroupId) -> bool {
    matches!(peer, tl::enums::Peer::Channel(channel) if channel.channel_id == group.0)
}

/// Tells the group a message stands in, whatever kind of message it is.
pub(crate) fn channel_of(message: &tl::enums::Message) -> Option<i64> {
    let peer = match message {
        tl::enums::Message::Empty(empty) => empty.peer_id.as_ref()?,
        tl::enums::Message::Message(message) => &message.peer_id,
        tl::enums::Message::Service(message) => &message.peer_id,
    };
    match peer {
        tl::enums::Peer::Channel(channel) => Some(channel.channel_id),
        _ => None,
    }
}

/// Converts Telegram's seconds.
pub(crate) fn date(seconds: i32) -> Timestamp {
    Timestamp::from_unix(i64::from(seconds))
}

/// The topic rule (TELEGRAM §3): which topic a message stands in, and which message it replies to.
fn place(id: i32, reply_to: Option<&tl::enums::MessageReplyHeader>) -> (TopicId, Option<MessageId>) {
    let Some(tl::enums::MessageReplyHeader::Header(header)) = reply_to else {
        // No header, or a reply to a story: General.
        return (TopicId::GENERAL, None);
    };
    let replied = header.reply_to_msg_id.filter(|_| header.reply_to_peer_id.is_none());
    if !header.forum_topic {
        // A reply inside General, or from before the group had topics: its own chain is no topic.
        return (TopicId::GENERAL, replied.map(MessageId));
    }
    let topic = header.reply_to_top_id.or(header.reply_to_msg_id).filter(|&topic| topic > 0 && topic < id);
    let Some(topic) = topic else { return (TopicId::GENERAL, None) };
    (TopicId(topic), replied.filter(|&replied| replied != topic).map(MessageId))
}

/// Tells what is quoted: a part of the message that is replied to, or something from another chat.
fn quote(header: &tl::enums::MessageReplyHeader, people: &People) -> Option<String> {
    let header = match header {
        tl::enums::MessageReplyHeader::Header(header) => header,
        tl::enums::MessageReplyHeader::MessageReplyStoryHeader(_) => return Some("a story".to_owned()),
    };
    let words = header.quote_text.as_deref().map(|text| safe::line(text, 300)).filter(|text| !text.is_empty());
    if header.reply_to_peer_id.is_none() && header.reply_from.is_none() {
        return words;
    }
    let media = || header.reply_media.as_ref().and_then(media::media).map(|media| media.to_string());
    let words = words.or_else(media).unwrap_or_else(|| "a message".to_owned());
    let from = header.reply_from.as_ref().map(|from| origin(from, people)).unwrap_or_else(|| "another chat".to_owned());
    Some(format!("{from}: {words}"))
}

/// Tells whom something was forwarded or quoted from.
fn origin(header: &tl::enums::MessageFwdHeader, people: &People) -> String {
    let tl::enums::MessageFwdHeader::Header(header) = header;
    match (&header.from_id, &header.from_name) {
        (_, Some(name)) => safe::name(name),
        (Some(from), None) => people.name(people::peer(from)).to_owned(),
        (None, None) => "somebody".to_owned(),
    }
}

/// Converts all reactions to a message, the most frequent first.
pub(crate) fn reactions(raw: &tl::enums::MessageReactions) -> Vec<Reaction> {
    let tl::enums::MessageReactions::Reactions(raw) = raw;
    counted(&raw.results)
}

/// Converts counted reactions, the most frequent first.
pub(crate) fn counted(raw: &[tl::enums::ReactionCount]) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::with_capacity(raw.len().min(MOST_REACTIONS));
    for tl::enums::ReactionCount::Count(one) in raw.iter().take(MOST_REACTIONS) {
        let (Some(emoji), Ok(count)) = (reaction(&one.reaction), u32::try_from(one.count)) else { continue };
        match reactions.iter_mut().find(|known| known.emoji == emoji) {
            Some(known) => known.count = known.count.saturating_add(count),
            None => reactions.push(Reaction { emoji, count, by: Vec::new() }),
        }
    }
    reactions.retain(|one| one.count > 0);
    reactions.sort_by_key(|one| std::cmp::Reverse(one.count));
    reactions
}

/// Converts the sign of a reaction.
pub(crate) fn reaction(raw: &tl::enums::Reaction) -> Option<String> {
    match raw {
        tl::enums::Reaction::Empty => None,
        tl::enums::Reaction::Emoji(one) => Some(safe::line(&one.emoticon, 16)).filter(|emoji| !emoji.is_empty()),
        tl::enums::Reaction::CustomEmoji(_) => Some("custom emoji".to_owned()),
        tl::enums::Reaction::Paid => Some("⭐".to_owned()),
    }
}

fn author(from: Option<&tl::enums::Peer>, group: GroupId) -> PersonId {
    // Without an author it was written in the group's own name.
    from.map_or(PersonId::channel(group.0), people::peer)
}

fn post(raw: tl::types::Message, group: GroupId, people: &People) -> Message {
    let (topic, reply_to) = place(raw.id, raw.reply_to.as_ref());
    let quote = raw.reply_to.as_ref().and_then(|header| quote(header, people));
    let spans = raw.entities.unwrap_or_default().into_iter().filter_map(entity).collect();
    let (text, entities) = safe::text_with_entities(raw.message, spans);
    let forwarded_from = raw.fwd_from.as_ref().map(|from| origin(from, people));
    let author = author(raw.from_id.as_ref(), group);
    // Everybody may have a rank; only for those who hide behind the group does it say who wrote.
    let rank = raw.from_rank.filter(|_| author.is_channel());
    Message {
        id: MessageId(raw.id),
        topic,
        author,
        at: date(raw.date),
        edited_at: raw.edit_date.filter(|_| !raw.edit_hide).map(date),
        reply_to,
        content: Content::Post(Post {
            text,
            entities,
            media: match (&raw.media, &raw.rich_message) {
                (None, Some(_)) => Some(Media::Other { name: "rich message".to_owned() }),
                (media, _) => media.as_ref().and_then(media::media),
            },
            forwarded_from,
            album: raw.grouped_id,
            signature: raw.post_author.or(rank).as_deref().map(safe::name),
            quote,
            pinned: raw.pinned,
            reactions: raw.reactions.as_ref().map(reactions).unwrap_or_default(),
        }),
    }
}

fn service_message(raw: tl::types::MessageService, group: GroupId, people: &People) -> Message {
    let (topic, reply_to) = match raw.action {
        tl::enums::MessageAction::TopicCreate(_) => (TopicId(raw.id), None),
        _ => place(raw.id, raw.reply_to.as_ref()),
    };
    let author = author(raw.from_id.as_ref(), group);
    Message {
        id: MessageId(raw.id),
        topic,
        author,
        at: date(raw.date),
        edited_at: None,
        reply_to,
        content: Content::Service(action::service_message(&raw.action, author, people)),
    }
}

fn entity(raw: RawEntity) -> Option<(i32, i32, EntityKind)> {
    Some(match raw {
        RawEntity::Bold(e) => (e.offset, e.length, EntityKind::Bold),
        RawEntity::Italic(e) => (e.offset, e.length, EntityKind::Italic),
        RawEntity::Underline(e) => (e.offset, e.length, EntityKind::Underline),
        RawEntity::Strike(e) => (e.offset, e.length, EntityKind::Strike),
        RawEntity::Spoiler(e) => (e.offset, e.length, EntityKind::Spoiler),
        RawEntity::Code(e) => (e.offset, e.length, EntityKind::Code),
        RawEntity::Pre(e) => (e.offset, e.length, EntityKind::Pre),
        RawEntity::Blockquote(e) => (e.offset, e.length, EntityKind::Quote),
        RawEntity::Url(e) => (e.offset, e.length, EntityKind::Url),
        RawEntity::TextUrl(e) => (e.offset, e.length, EntityKind::Link(safe::line(&e.url, 2048))),
        RawEntity::Mention(e) => (e.offset, e.length, EntityKind::Mention),
        RawEntity::MentionName(e) => (e.offset, e.length, EntityKind::Mention),
        RawEntity::Hashtag(e) => (e.offset, e.length, EntityKind::Hashtag),
        RawEntity::Cashtag(e) => (e.offset, e.length, EntityKind::Hashtag),
        RawEntity::BotCommand(e) => (e.offset, e.length, EntityKind::Command),
        RawEntity::Email(e) => (e.offset, e.length, EntityKind::Email),
        RawEntity::Phone(e) => (e.offset, e.length, EntityKind::Phone),
        _ => return None,
    })
}

/// Converts what is said about a topic; a short record says nothing about who may read.
pub(crate) fn topic(raw: &tl::enums::ForumTopic) -> TopicFacts {
    match raw {
        tl::enums::ForumTopic::Deleted(topic) => TopicFacts {
            topic: TopicId(topic.id),
            gone: true,
            title: None,
            icon: None,
            closed: None,
            hidden: None,
            created_at: None,
            creator: None,
            top_message: None,
        },
        tl::enums::ForumTopic::Topic(topic) => TopicFacts {
            topic: TopicId(topic.id),
            gone: false,
            title: (!topic.title_missing).then(|| safe::name(&topic.title)),
            icon: Some(topic.icon_emoji_id.unwrap_or(0)),
            closed: Some(topic.closed),
            hidden: (!topic.short).then_some(topic.hidden),
            created_at: Some(date(topic.date)),
            creator: Some(people::peer(&topic.from_id)),
            top_message: (!topic.short && topic.top_message > 0).then_some(MessageId(topic.top_message)),
        },
    }
}
