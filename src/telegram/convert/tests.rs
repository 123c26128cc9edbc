//! The topic rule, with raw TL as Telegram sends it.

use grammers_tl_types as tl;
use tl::Deserializable;

use super::*;
use crate::desk::thread::{Media, ServiceMessage};

const GROUP: GroupId = GroupId(77);

fn channel() -> tl::enums::Peer {
    tl::types::PeerChannel { channel_id: GROUP.0 }.into()
}

fn blank(id: i32) -> tl::types::Message {
    // A message with no flags: two flag words, id, peer, date, an empty text.
    let mut bytes = vec![0; 8];
    bytes.extend(id.to_le_bytes());
    bytes.extend(tl::Serializable::to_bytes(&channel()));
    bytes.extend([0; 8]);
    tl::types::Message::from_bytes(&bytes).expect("a blank message")
}

fn header(forum_topic: bool, message: Option<i32>, top: Option<i32>) -> tl::types::MessageReplyHeader {
    tl::types::MessageReplyHeader {
        reply_to_scheduled: false,
        forum_topic,
        quote: false,
        reply_to_ephemeral: false,
        reply_to_msg_id: message,
        reply_to_peer_id: None,
        reply_from: None,
        reply_media: None,
        reply_to_top_id: top,
        quote_text: None,
        quote_entities: None,
        quote_offset: None,
        todo_item_id: None,
        poll_option: None,
    }
}

fn placed(id: i32, header: Option<tl::types::MessageReplyHeader>) -> (i32, Option<i32>) {
    let mut raw = blank(id);
    raw.reply_to = header.map(Into::into);
    let message = message(raw.into(), GROUP, &People::default()).expect("of the group");
    (message.topic.0, message.reply_to.map(|reply| reply.0))
}

#[test]
fn the_topic_rule_has_four_cases() {
    // 1: the message that creates a topic is its own topic.
    let create = tl::types::MessageService {
        out: false,
        mentioned: false,
        media_unread: false,
        reactions_are_possible: false,
        silent: false,
        post: false,
        legacy: false,
        id: 40,
        from_id: Some(tl::types::PeerUser { user_id: 5 }.into()),
        peer_id: channel(),
        saved_peer_id: None,
        reply_to: None,
        date: 9,
        action: tl::types::MessageActionTopicCreate {
            title_missing: false,
            title: "Where is\u{1b} my order?".to_owned(),
            icon_color: 0,
            icon_emoji_id: None,
        }
        .into(),
        reactions: None,
        ttl_period: None,
    };
    let created = message(create.into(), GROUP, &People::default()).expect("of the group");
    assert_eq!((created.topic, created.author), (TopicId(40), PersonId(5)));
    let title = "Where is my order?".to_owned();
    assert_eq!(created.content, Content::Service(ServiceMessage::TopicCreated { title, icon: None }));
    // 2: forum_topic: the top id if there is one, else the message replied to.
    assert_eq!(
        placed(90, Some(header(true, Some(40), None))),
        (40, None),
        "a plain post in a topic replies to nothing"
    );
    assert_eq!(placed(90, Some(header(true, Some(55), Some(40)))), (40, Some(55)));
    // 3: no header, or none of a topic: General, and its chain is no topic.
    assert_eq!(placed(90, None), (1, None));
    assert_eq!(placed(90, Some(header(false, Some(55), None))), (1, Some(55)));
    assert_eq!(placed(90, Some(header(false, Some(55), Some(40)))), (1, Some(55)));
    // 4: a story, or a topic that is not older than its message: General.
    assert_eq!(placed(90, Some(header(true, Some(90), Some(95)))), (1, None));
    let mut raw = blank(90);
    raw.reply_to = Some(tl::types::MessageReplyStoryHeader { peer: channel(), story_id: 4 }.into());
    assert_eq!(message(raw.into(), GROUP, &People::default()).map(|message| message.topic), Some(TopicId::GENERAL));
}

#[test]
fn a_quote_from_elsewhere_is_in_its_topic_and_replies_to_nothing_here() {
    let mut quote = header(true, Some(40), None);
    quote.reply_to_peer_id = Some(tl::types::PeerChannel { channel_id: 3 }.into());
    assert_eq!(placed(90, Some(quote)), (40, None));
}

#[test]
fn messages_of_other_chats_and_empty_ones_are_none_of_ours() {
    let mut raw = blank(3);
    raw.peer_id = tl::types::PeerUser { user_id: 3 }.into();
    assert_eq!(message(raw.into(), GROUP, &People::default()), None);
    let empty = tl::types::MessageEmpty { id: 3, peer_id: Some(channel()) };
    assert_eq!(message(empty.into(), GROUP, &People::default()), None);
}

#[test]
fn an_anonymous_admin_is_the_group_and_an_edit_that_hides_is_none() {
    let mut raw = blank(3);
    raw.edit_date = Some(50);
    raw.edit_hide = true;
    raw.media = Some(
        tl::types::MessageMediaGeo {
            geo: tl::types::GeoPoint { long: f64::NAN, lat: 1.0, access_hash: 0, accuracy_radius: None }.into(),
        }
        .into(),
    );
    let message = message(raw.into(), GROUP, &People::default()).expect("of the group");
    assert_eq!(message.author, PersonId::channel(GROUP.0));
    assert_eq!(message.edited_at, None);
    let Content::Post(post) = message.content else { panic!("a post") };
    assert_eq!(post.media, Some(Media::Other { name: "place".to_owned() }));
}
