//! Backfill: messages by id for a bot, by topic for a user. One call an answer, but for General (see there).

use grammers_tl_types as tl;

use super::convert;
use super::facts::meet;
use super::group::Group;
use super::station::Shared;
use crate::desk::ids::{GroupId, MessageId, TopicId};
use crate::desk::thread::Message;
use crate::engine::transport::{Failure, Incoming, Scanned};

/// A page of history; Telegram gives no more at once.
pub(crate) const PAGE: i32 = 100;

/// What `messages.Messages` comes down to.
pub(crate) struct Page {
    pub(crate) messages: Vec<tl::enums::Message>,
    pub(crate) topics: Vec<tl::enums::ForumTopic>,
    pub(crate) chats: Vec<tl::enums::Chat>,
    pub(crate) users: Vec<tl::enums::User>,
}

/// Takes an answer apart, whichever of its four forms it has.
pub(crate) fn unpack(answer: tl::enums::messages::Messages) -> Page {
    use tl::enums::messages::Messages;
    match answer {
        Messages::Messages(all) => {
            Page { messages: all.messages, topics: all.topics, chats: all.chats, users: all.users }
        }
        Messages::Slice(some) => {
            Page { messages: some.messages, topics: some.topics, chats: some.chats, users: some.users }
        }
        Messages::ChannelMessages(some) => {
            Page { messages: some.messages, topics: some.topics, chats: some.chats, users: some.users }
        }
        Messages::NotModified(_) => {
            Page { messages: Vec::new(), topics: Vec::new(), chats: Vec::new(), users: Vec::new() }
        }
    }
}

/// Fetches the ids `from..=to`.
pub(crate) async fn scan(shared: &Shared, group: GroupId, from: MessageId, to: MessageId) -> Result<Incoming, Failure> {
    let id: Vec<tl::enums::InputMessage> =
        (from.0.max(1)..=to.0).map(|id| tl::types::InputMessageId { id }.into()).collect();
    let mut scanned = Scanned { group, from, to, messages: Vec::new(), people: Vec::new(), topics: Vec::new() };
    if id.is_empty() {
        return Ok(Incoming::Scanned(scanned));
    }
    let fetched =
        shared.fetch(group, |group| tl::functions::channels::GetMessages { channel: group.input(), id: id.clone() });
    let (answer, online) = fetched.await?;
    let page = unpack(answer);
    let people = meet(&online.wire, &page.users, &page.chats);
    scanned.topics = page.topics.iter().map(convert::topic).collect();
    scanned.messages = page.messages.into_iter().filter_map(|raw| convert::message(raw, group, &people)).collect();
    scanned.messages.sort_unstable_by_key(|message| message.id);
    scanned.people = people.into_vec();
    Ok(Incoming::Scanned(scanned))
}

/// Fetches the reactions to messages.
pub(crate) async fn reactions(
    shared: &Shared,
    group: GroupId,
    messages: &[MessageId],
    number: u64,
) -> Result<Incoming, Failure> {
    let id: Vec<tl::enums::InputMessage> =
        messages.iter().map(|message| tl::types::InputMessageId { id: message.0 }.into()).collect();
    let fetched =
        shared.fetch(group, |group| tl::functions::channels::GetMessages { channel: group.input(), id: id.clone() });
    let (answer, online) = fetched.await?;
    let page = unpack(answer);
    online.wire.vault().learn(&page.users, &page.chats);
    let found = page.messages.into_iter().filter_map(|raw| match raw {
        tl::enums::Message::Message(raw) => {
            let reactions = raw.reactions.as_ref().map(convert::reactions).unwrap_or_default();
            Some((MessageId(raw.id), reactions))
        }
        tl::enums::Message::Empty(_) | tl::enums::Message::Service(_) => None,
    });
    Ok(Incoming::Reactions { group, number, found: found.collect() })
}

/// Fetches up to 100 messages of a topic below an id.
///
/// General has no root to ask for, so the history of the whole group is paged until something of General turns up. The message that
/// created a topic is not among its replies: it is fetched by id when the end of the topic comes in sight.
pub(crate) async fn history(
    shared: &Shared,
    group: GroupId,
    topic: TopicId,
    below: Option<MessageId>,
) -> Result<Incoming, Failure> {
    let mut offset = below.map_or(0, |below| below.0);
    let mut people = convert::people::People::default();
    let mut messages: Vec<Message> = Vec::new();
    // An offset of 1 has nothing below it, and 0 would mean the newest.
    while below.is_none() || offset > 1 {
        let (answer, online) = if topic == TopicId::GENERAL {
            match shared.fetch(group, |group| whole_history(group, offset)).await {
                // Waited out here, by the pace: whoever begins from the top after each of them may never get to the bottom.
                Err(Failure::Later { .. }) => continue,
                fetched => fetched?,
            }
        } else {
            shared.fetch(group, |group| replies(group, topic, offset)).await?
        };
        let page = unpack(answer);
        online.wire.vault().learn(&page.users, &page.chats);
        people.add(&page.users, &page.chats);
        let lowest = page.messages.iter().map(tl::enums::Message::id).min();
        let count = page.messages.len();
        let converted = page.messages.into_iter().filter_map(|raw| convert::message(raw, group, &people));
        messages.extend(converted.filter(|message| message.topic == topic));
        let end = lowest.is_none_or(|lowest| lowest <= 1 || (offset > 0 && lowest >= offset));
        if topic != TopicId::GENERAL {
            let root_missing = messages.iter().all(|message| message.id.0 != topic.0);
            if root_missing && count < PAGE as usize / 2 && (offset == 0 || offset > topic.0) {
                root(shared, group, topic, &mut people, &mut messages).await?;
            }
            break;
        }
        if end || !messages.is_empty() {
            break;
        }
        offset = lowest.unwrap_or(0);
    }
    messages.sort_unstable_by_key(|message| message.id);
    messages.dedup_by_key(|message| message.id);
    Ok(Incoming::History { group, topic, below, messages, people: people.into_vec() })
}

fn whole_history(group: &Group, offset_id: i32) -> tl::functions::messages::GetHistory {
    tl::functions::messages::GetHistory {
        peer: group.peer(),
        offset_id,
        offset_date: 0,
        add_offset: 0,
        limit: PAGE,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

fn replies(group: &Group, topic: TopicId, offset_id: i32) -> tl::functions::messages::GetReplies {
    tl::functions::messages::GetReplies {
        peer: group.peer(),
        msg_id: topic.0,
        offset_id,
        offset_date: 0,
        add_offset: 0,
        limit: PAGE,
        max_id: 0,
        min_id: 0,
        hash: 0,
    }
}

async fn root(
    shared: &Shared,
    group: GroupId,
    topic: TopicId,
    people: &mut convert::people::People,
    messages: &mut Vec<Message>,
) -> Result<(), Failure> {
    let fetched = shared.fetch(group, |group| tl::functions::channels::GetMessages {
        channel: group.input(),
        id: vec![tl::types::InputMessageId { id: topic.0 }.into()],
    });
    let page = unpack(fetched.await?.0);
    people.add(&page.users, &page.chats);
    messages.extend(page.messages.into_iter().filter_map(|raw| convert::message(raw, group, people)));
    Ok(())
}
