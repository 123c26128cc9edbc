//! `messages.*ForumTopic*`: listing, creating, changing, pinning and deleting topics.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::icons;
use crate::sandbox::world::{Group, NewTopic, Refusal, Topic, TopicEdit};

use super::render::{Named, View};
use super::{Call, Reply};

/// The most topics one page or call has.
const MAX_TOPICS: usize = 100;

fn require_forum(group: &Group) -> Result<(), Refusal> {
    if group.forum { Ok(()) } else { Err(Refusal::bad("CHANNEL_FORUM_MISSING")) }
}

fn answer(
    view: &View<'_>,
    group: &Group,
    count: usize,
    shown: &[&Topic],
    topics: Vec<enums::ForumTopic>,
    mut named: Named,
) -> Vec<u8> {
    named.groups.insert(group.id);
    let messages: Vec<enums::Message> = shown
        .iter()
        .filter_map(|topic| group.message(topic.top_message()))
        .filter(|message| view.world.sees(view.viewer, group, message))
        .map(|message| view.message(group, message, &mut named))
        .collect();
    let answer = types::messages::ForumTopics {
        order_by_create_date: false,
        count: i32::try_from(count).unwrap_or(i32::MAX),
        topics,
        messages,
        chats: view.chats(&named),
        users: view.users(&named),
        pts: group.pts(),
    };
    enums::messages::ForumTopics::Topics(answer).to_bytes()
}

/// Answers `messages.getForumTopics`: the pinned first, then the latest; a page goes on after its offsets.
pub(super) fn list(call: &mut Call<'_>, request: functions::messages::GetForumTopics) -> Reply {
    let id = call.own_group(&request.peer)?;
    let group = call.inner.world.group_or(id)?;
    require_forum(group)?;
    let view = call.view()?;
    let query = request.q.unwrap_or_default().to_lowercase();
    let ids = group.topics_by_activity();
    let mut found: Vec<&Topic> = ids.iter().filter_map(|id| group.topic(*id)).collect();
    if !query.is_empty() {
        found.retain(|topic| topic.title.to_lowercase().contains(&query));
    }
    let total = found.len();
    let start = match found.iter().position(|topic| topic.id == request.offset_topic) {
        Some(at) => at + 1,
        None if request.offset_id > 0 => found.partition_point(|t| t.pinned || t.top_message() >= request.offset_id),
        None => 0,
    };
    let limit = usize::try_from(request.limit).unwrap_or(0).min(MAX_TOPICS);
    let page: Vec<&Topic> = found.into_iter().skip(start).take(limit).collect();
    let mut named = Named::default();
    let topics = page.iter().map(|topic| view.topic(group, topic, false, &mut named)).collect();
    Ok(answer(&view, group, total, &page, topics, named))
}

/// Answers `messages.getForumTopicsByID`, for bots too; deleted topics are named as deleted.
pub(super) fn by_id(call: &mut Call<'_>, request: functions::messages::GetForumTopicsById) -> Reply {
    let id = call.own_group(&request.peer)?;
    let group = call.inner.world.group_or(id)?;
    require_forum(group)?;
    if request.topics.is_empty() {
        return Err(Refusal::bad("TOPICS_EMPTY"));
    }
    if request.topics.len() > MAX_TOPICS {
        return Err(Refusal::bad("LIMIT_INVALID"));
    }
    let view = call.view()?;
    let mut named = Named::default();
    let mut page = Vec::new();
    let mut topics: Vec<enums::ForumTopic> = Vec::new();
    for id in &request.topics {
        match group.topic(*id) {
            Some(topic) => {
                topics.push(view.topic(group, topic, false, &mut named));
                page.push(topic);
            }
            None => topics.push(types::ForumTopicDeleted { id: *id }.into()),
        }
    }
    Ok(answer(&view, group, topics.len(), &page, topics, named))
}

fn check_icon(icon: Option<i64>) -> Result<(), Refusal> {
    match icon {
        Some(id) if id != 0 && !icons::is_known(id) => Err(Refusal::bad("DOCUMENT_INVALID")),
        _ => Ok(()),
    }
}

/// Answers `messages.createForumTopic`; a repeated `random_id` gives the first topic again.
pub(super) fn create(call: &mut Call<'_>, request: functions::messages::CreateForumTopic) -> Reply {
    let group = call.own_group(&request.peer)?;
    if let Some(earlier) = call.repeated(group, request.random_id) {
        return earlier;
    }
    check_icon(request.icon_emoji_id)?;
    let topic = NewTopic {
        group,
        creator: call.account,
        title: request.title,
        icon_color: request.icon_color,
        icon_emoji_id: request.icon_emoji_id,
    };
    let id = call.inner.world.create_topic(topic, call.now)?;
    call.inner.world.remember_sent(call.account, group, request.random_id, id);
    call.changes(vec![types::UpdateMessageId { id, random_id: request.random_id }.into()])
}

/// Answers `messages.editForumTopic`.
pub(super) fn edit(call: &mut Call<'_>, request: functions::messages::EditForumTopic) -> Reply {
    let group = call.own_group(&request.peer)?;
    check_icon(request.icon_emoji_id)?;
    let edit = TopicEdit {
        title: request.title,
        icon_emoji_id: request.icon_emoji_id,
        closed: request.closed,
        hidden: request.hidden,
    };
    call.inner.world.edit_topic(group, call.account, request.topic_id, edit, call.now)?;
    call.changes(Vec::new())
}

/// Answers `messages.updatePinnedForumTopic`.
pub(super) fn pin(call: &mut Call<'_>, request: functions::messages::UpdatePinnedForumTopic) -> Reply {
    let group = call.own_group(&request.peer)?;
    call.inner.world.pin_topic(group, call.account, request.topic_id, request.pinned)?;
    call.changes(Vec::new())
}

/// Answers `messages.deleteTopicHistory`: all at once.
pub(super) fn delete(call: &mut Call<'_>, request: functions::messages::DeleteTopicHistory) -> Reply {
    let group = call.own_group(&request.peer)?;
    require_forum(call.inner.world.group_or(group)?)?;
    let (pts, pts_count) = call.inner.world.delete_topic(group, call.account, request.top_msg_id, call.now)?;
    let affected = types::messages::AffectedHistory { pts, pts_count, offset: 0 };
    Ok(enums::messages::AffectedHistory::History(affected).to_bytes())
}
