//! Topics: page by page for a user, by id for anybody; changing one, and the icons that it may have.

use grammers_tl_types as tl;

use super::convert;
use super::convert::safe;
use super::error::{CallError, rpc_name};
use super::facts::meet;
use super::history::PAGE;
use super::reaction::{Reaction, reaction};
use super::send::{PATIENCE, TRIES};
use super::station::{Online, Shared};
use crate::desk::ids::{GroupId, MessageId, TopicId};
use crate::engine::transport::{Failure, Incoming, TopicEdit, TopicIcon, TopicOutcome, TopicPage, TopicPart};

/// More icons than that are not taken; Telegram's set has about 110.
const MOST_ICONS: usize = 1_000;

/// Fetches a page of topics, newest first.
pub(crate) async fn page(shared: &Shared, group: GroupId, page: Option<TopicPage>) -> Result<Incoming, Failure> {
    let fetched = shared.fetch(group, |group| tl::functions::messages::GetForumTopics {
        peer: group.peer(),
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
    let fetched = shared.fetch(group, |group| tl::functions::messages::GetForumTopicsById {
        peer: group.peer(),
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

/// Changes one thing of a topic, and tells how that ended. Doing it twice is doing it once.
pub(crate) async fn edit(shared: &Shared, edit: &TopicEdit) -> TopicOutcome {
    let mut after = 0;
    let mut why = String::new();
    for attempt in 1..=TRIES {
        let online = match shared.online(after, PATIENCE).await {
            Ok(online) => online,
            Err(no_link) => return TopicOutcome::Unknown { why: if attempt == 1 { no_link } else { why } },
        };
        let group = match online.group(edit.group) {
            Ok(group) => group,
            Err(why) => return TopicOutcome::Unknown { why },
        };
        let (icon_emoji_id, closed) = match edit.part {
            TopicPart::Icon(id) => (Some(id), None),
            TopicPart::Closed(closed) => (None, Some(closed)),
        };
        let request = tl::functions::messages::EditForumTopic {
            peer: group.peer(),
            topic_id: edit.topic.0,
            title: None,
            icon_emoji_id,
            closed,
            hidden: None,
        };
        match online.wire.call(&request).await {
            Ok(_) => return TopicOutcome::Done { changed: true },
            Err(error) if error.is_link() => {
                why = error.words();
                after = online.life;
            }
            Err(error) => return judge(shared, &error),
        }
    }
    TopicOutcome::Unknown { why }
}

fn judge(shared: &Shared, error: &CallError) -> TopicOutcome {
    if let Some(wait) = error.wait() {
        return TopicOutcome::Later { not_before: shared.setup.clock.now() + wait + std::time::Duration::from_secs(1) };
    }
    let CallError::Rpc(rpc) = error else { return TopicOutcome::Unknown { why: error.words() } };
    let any = |names: &[&str]| names.iter().any(|name| rpc.name == *name);
    match reaction(rpc) {
        Reaction::Done => TopicOutcome::Done { changed: false },
        Reaction::TopicGone(_) => TopicOutcome::Gone,
        Reaction::NoAccess(_) => TopicOutcome::NoRight,
        Reaction::Taken | Reaction::Repeat | Reaction::LoggedOut | Reaction::Password | Reaction::Migrate => {
            TopicOutcome::Unknown { why: rpc_name(rpc) }
        }
        _ if any(&["CHAT_ADMIN_REQUIRED", "CHAT_WRITE_FORBIDDEN", "RIGHT_FORBIDDEN", "CHANNEL_FORUM_MISSING"]) => {
            TopicOutcome::NoRight
        }
        _ if any(&["DOCUMENT_INVALID", "PREMIUM_ACCOUNT_REQUIRED"]) => TopicOutcome::BadIcon,
        _ => TopicOutcome::Refused { why: format!("Telegram refused it: {}", rpc_name(rpc)) },
    }
}

/// Fetches the icons that anybody may give a topic.
pub(crate) async fn icons(shared: &Shared, group: GroupId) -> Result<Incoming, Failure> {
    let (found, _) = shared.fetch(group, |_| default_icons()).await?;
    Ok(Incoming::Icons { icons: icons_of(&found) })
}

/// Asks for Telegram's default set of topic icons.
pub(crate) fn default_icons() -> tl::functions::messages::GetStickerSet {
    tl::functions::messages::GetStickerSet { stickerset: tl::enums::InputStickerSet::EmojiDefaultTopicIcons, hash: 0 }
}

/// Lists a set's icons by the emoji that each stands for, as the icons themselves say, else as the set's packs do.
pub(crate) fn icons_of(found: &tl::enums::messages::StickerSet) -> Vec<TopicIcon> {
    let tl::enums::messages::StickerSet::Set(set) = found else { return Vec::new() };
    let packed = |id: i64| {
        set.packs.iter().find_map(|pack| {
            let tl::enums::StickerPack::Pack(pack) = pack;
            pack.documents.contains(&id).then_some(pack.emoticon.as_str())
        })
    };
    let icon = |document: &tl::enums::Document| {
        let tl::enums::Document::Document(document) = document else { return None };
        let own = document.attributes.iter().find_map(|attribute| match attribute {
            tl::enums::DocumentAttribute::CustomEmoji(emoji) => Some(emoji.alt.as_str()),
            _ => None,
        });
        let emoji = safe::line(own.or_else(|| packed(document.id))?, 16);
        (!emoji.is_empty()).then_some(TopicIcon { emoji, id: document.id })
    };
    set.documents.iter().filter_map(icon).take(MOST_ICONS).collect()
}
