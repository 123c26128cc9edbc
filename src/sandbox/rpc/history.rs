//! `messages.getHistory`, `getReplies`, `search`: pages of messages, for users.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::{Content, EntityKind, GENERAL, Group, Media, Message, Page, Refusal, Window};

use super::render::{Named, View};
use super::{Call, Reply};

fn answer(view: &View<'_>, group: &Group, page: &Page, inexact: bool) -> Vec<u8> {
    let mut named = Named::default();
    named.groups.insert(group.id);
    let messages: Vec<enums::Message> = page
        .ids
        .iter()
        .filter_map(|id| group.message(*id))
        .filter(|message| view.world.sees(view.viewer, group, message))
        .map(|message| view.message(group, message, &mut named))
        .collect();
    let topics = view.topics_of(group, &page.ids, &mut named);
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let answer = types::messages::ChannelMessages {
        inexact,
        pts: group.pts(),
        count: count(page.total),
        offset_id_offset: Some(count(page.newer)),
        messages,
        topics,
        chats: view.chats(&named),
        users: view.users(&named),
    };
    enums::messages::Messages::ChannelMessages(answer).to_bytes()
}

/// Answers `messages.getHistory`.
pub(super) fn history(call: &mut Call<'_>, request: functions::messages::GetHistory) -> Reply {
    let id = call.own_group(&request.peer)?;
    let group = call.inner.world.group_or(id)?;
    let window = Window {
        offset_id: request.offset_id,
        offset_date: i64::from(request.offset_date),
        add_offset: request.add_offset,
        limit: request.limit,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    Ok(answer(&call.view()?, group, &group.history(&window), false))
}

/// Answers `messages.getReplies`: a topic's messages.
pub(super) fn replies(call: &mut Call<'_>, request: functions::messages::GetReplies) -> Reply {
    let id = call.own_group(&request.peer)?;
    let group = call.inner.world.group_or(id)?;
    let topic = match group.topic(request.msg_id) {
        Some(topic) => topic,
        None if group.topic_gone(request.msg_id) => return Err(Refusal::bad("TOPIC_ID_INVALID")),
        None => return Err(Refusal::bad("MSG_ID_INVALID")),
    };
    let window = Window {
        offset_id: request.offset_id,
        offset_date: i64::from(request.offset_date),
        add_offset: request.add_offset,
        limit: request.limit,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    Ok(answer(&call.view()?, group, &group.replies(topic, &window), false))
}

/// Answers `messages.search` by text, author, date, kind of attachment and topic.
pub(super) fn search(call: &mut Call<'_>, request: functions::messages::Search) -> Reply {
    let id = call.own_group(&request.peer)?;
    let group = call.inner.world.group_or(id)?;
    let from = request.from_id.as_ref().map(|peer| call.peer_user(peer)).transpose()?;
    let topic = match request.top_msg_id.filter(|id| *id != 0 && group.forum) {
        Some(id) => Some(group.topic(id).ok_or_else(|| Refusal::bad("TOPIC_ID_INVALID"))?),
        None => None,
    };
    let window = Window {
        offset_id: request.offset_id,
        offset_date: 0,
        add_offset: request.add_offset,
        limit: request.limit,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    let words: Vec<String> = request.q.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let (min_date, max_date) = (i64::from(request.min_date), i64::from(request.max_date));
    let anything = words.is_empty()
        && from.is_none()
        && (min_date, max_date) == (0, 0)
        && matches!(request.filter, enums::MessagesFilter::InputMessagesFilterEmpty);
    let (page, inexact) = match (anything, topic) {
        // Nothing to look for: the page is cut from the ids as they are.
        (true, Some(topic)) => (window.cut(topic.messages(), group), false),
        (true, None) => (group.history(&window), false),
        (false, _) => group.search(topic, &window, |message| {
            let text = message.text().to_lowercase();
            from.is_none_or(|author| message.sender == author)
                && (min_date == 0 || message.date >= min_date)
                && (max_date == 0 || message.date <= max_date)
                && words.iter().all(|word| text.contains(word.as_str()))
                && (words.is_empty() || !message.is_service())
                && is_kind(&request.filter, message)
        }),
    };
    Ok(answer(&call.view()?, group, &page, inexact))
}

fn is_kind(filter: &enums::MessagesFilter, message: &Message) -> bool {
    use enums::MessagesFilter as Filter;
    let Content::Said { media, entities, .. } = &message.content else {
        return matches!(filter, Filter::InputMessagesFilterEmpty);
    };
    match filter {
        Filter::InputMessagesFilterEmpty => true,
        Filter::InputMessagesFilterPhotos => matches!(media, Some(Media::Photo { .. })),
        Filter::InputMessagesFilterVideo => matches!(media, Some(Media::Video { round: false, .. })),
        Filter::InputMessagesFilterPhotoVideo => {
            matches!(media, Some(Media::Photo { .. } | Media::Video { round: false, .. }))
        }
        Filter::InputMessagesFilterDocument => matches!(media, Some(Media::File { .. })),
        Filter::InputMessagesFilterUrl => {
            entities.iter().any(|e| matches!(e.kind, EntityKind::Url | EntityKind::TextUrl { .. }))
        }
        Filter::InputMessagesFilterGif => matches!(media, Some(Media::Animation { .. })),
        Filter::InputMessagesFilterVoice => matches!(media, Some(Media::Voice { .. })),
        Filter::InputMessagesFilterMusic => matches!(media, Some(Media::Audio { .. })),
        Filter::InputMessagesFilterRoundVideo => matches!(media, Some(Media::Video { round: true, .. })),
        Filter::InputMessagesFilterRoundVoice => {
            matches!(media, Some(Media::Voice { .. } | Media::Video { round: true, .. }))
        }
        Filter::InputMessagesFilterGeo => matches!(media, Some(Media::Location { .. })),
        Filter::InputMessagesFilterContacts => matches!(media, Some(Media::Contact { .. })),
        Filter::InputMessagesFilterChatPhotos
        | Filter::InputMessagesFilterPhoneCalls(_)
        | Filter::InputMessagesFilterMyMentions
        | Filter::InputMessagesFilterPinned
        | Filter::InputMessagesFilterPoll => false,
    }
}

/// Tells the topic a plain group's messages count as.
pub(super) fn topic_or_general(topic: Option<i32>) -> i32 {
    topic.filter(|id| *id != 0).unwrap_or(GENERAL)
}
