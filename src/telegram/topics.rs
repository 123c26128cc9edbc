//! Topics: page by page for a user, by id for anybody.

use grammers_tl_types as tl;

use super::convert;
use super::facts::meet;
use super::history::PAGE;
use super::station::{Online, Shared};
use crate::desk::ids::{GroupId, MessageId, TopicId};
use crate::engine::transport::{Failure, Incoming, TopicPage};

/// Fetches a page of topics, newest first.
pub(crate) async fn page(shared: &Shared, group: GroupId, page: Option<TopicPage>) -> Result<Incoming, Failure> {
    let fetched = shared.fetch(group, |online| tl::functions::messages::GetForumTopics {
        peer: online.group.peer(),
        q: None,
        offset_date: page.map_or(0, |page| page.date),
        offset_id: page.map_or(0, |page| page.message.0),
        offset_topic: page.map_or(0, |page| page.topic.0),
        limit: PAGE,
    });
    let (tl::enums::messages::ForumTopics::Topics(found), online) = fetched.await?;
    let next = next(&found).filter(|next| Some(*next) != page);
    Ok(answer(group, found, &online, next, false))
}

/// Looks at topics by id.
pub(crate) async fn check(shared: &Shared, group: GroupId, topics: &[TopicId]) -> Result<Incoming, Failure> {
    let wanted: Vec<i32> = topics.iter().take(PAGE as usize).map(|topic| topic.0).collect();
    let fetched = shared.fetch(group, |online| tl::functions::messages::GetForumTopicsById {
        peer: online.group.peer(),
        topics: wanted.clone(),
    });
    let (tl::enums::messages::ForumTopics::Topics(found), online) = fetched.await?;
    Ok(answer(group, found, &online, None, true))
}

fn answer(
    group: GroupId,
    found: tl::types::messages::ForumTopics,
    online: &Online,
    next: Option<TopicPage>,
    checked: bool,
) -> Incoming {
    let people = meet(&online.wire, &found.users, &found.chats);
    let topics = found.topics.iter().map(convert::topic).collect();
    Incoming::Topics { group, topics, people: people.into_vec(), next, checked }
}

/// Where the next page begins: at the last topic, by the date of its newest message (or its own, if so ordered).
fn next(found: &tl::types::messages::ForumTopics) -> Option<TopicPage> {
    let last = found.topics.iter().rev().find_map(|topic| match topic {
        tl::enums::ForumTopic::Topic(topic) => Some(topic),
        tl::enums::ForumTopic::Deleted(_) => None,
    })?;
    let newest = found.messages.iter().find_map(|message| match message {
        tl::enums::Message::Message(message) if message.id == last.top_message => Some(message.date),
        tl::enums::Message::Service(message) if message.id == last.top_message => Some(message.date),
        _ => None,
    });
    let date = if found.order_by_create_date { last.date } else { newest.unwrap_or(last.date) };
    Some(TopicPage { date, message: MessageId(last.top_message), topic: TopicId(last.id) })
}
