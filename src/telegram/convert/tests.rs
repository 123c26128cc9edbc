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

fn text_with(words: &str) -> tl::enums::TextWithEntities {
    tl::types::TextWithEntities { text: words.to_owned(), entities: Vec::new() }.into()
}

fn geo() -> tl::enums::GeoPoint {
    tl::types::GeoPoint { long: 30.5, lat: 50.45, access_hash: 0, accuracy_radius: None }.into()
}

fn poll(closed: bool) -> tl::enums::MessageMedia {
    let option = |words: &str| {
        let answer =
            tl::types::PollAnswer { text: text_with(words), option: vec![1], media: None, added_by: None, date: None };
        tl::enums::PollAnswer::from(answer)
    };
    let poll = tl::types::Poll {
        id: 1,
        closed,
        public_voters: false,
        multiple_choice: false,
        quiz: false,
        open_answers: false,
        revoting_disabled: false,
        shuffle_answers: false,
        hide_results_until_close: false,
        creator: false,
        subscribers_only: false,
        question: text_with("Which\u{1b}[1m size?"),
        answers: vec![option("S"), option("M")],
        close_period: None,
        close_date: None,
        countries_iso2: None,
        hash: 0,
    };
    // A poll nobody has voted in: no flags, no results.
    let results = tl::types::PollResults::from_bytes(&[0; 4]).expect("blank results");
    tl::types::MessageMediaPoll { poll: poll.into(), results: results.into(), attached_media: None }.into()
}

/// Every attachment that occurs in groups, as one line.
#[test]
fn attachments_are_told_in_a_line() {
    let todo = tl::types::TodoList {
        others_can_append: false,
        others_can_complete: false,
        title: text_with("Packing"),
        list: [1, 2, 3].map(|id| tl::types::TodoItem { id, title: text_with("x") }.into()).to_vec(),
    };
    let done = tl::types::TodoCompletion { id: 1, completed_by: channel(), date: 1 };
    let cases: Vec<(tl::enums::MessageMedia, Option<&str>)> = vec![
        (tl::enums::MessageMedia::Empty, None),
        (tl::enums::MessageMedia::Unsupported, Some("[unsupported attachment]")),
        (poll(false), Some("[poll Which[1m size? · S · M]")),
        (poll(true), Some("[closed poll Which[1m size? · S · M]")),
        (tl::types::MessageMediaGeo { geo: geo() }.into(), Some("[location 50.45000, 30.50000]")),
        (
            tl::types::MessageMediaGeoLive {
                geo: geo(),
                heading: None,
                period: 60,
                proximity_notification_radius: None,
            }
            .into(),
            Some("[live location 50.45000, 30.50000]"),
        ),
        (
            tl::types::MessageMediaVenue {
                geo: geo(),
                title: "Workshop".to_owned(),
                address: "Main st 1".to_owned(),
                provider: String::new(),
                venue_id: String::new(),
                venue_type: String::new(),
            }
            .into(),
            Some("[venue Workshop, Main st 1]"),
        ),
        (
            tl::types::MessageMediaContact {
                phone_number: "+380\u{202e}44".to_owned(),
                first_name: "Taras".to_owned(),
                last_name: String::new(),
                vcard: String::new(),
                user_id: 0,
            }
            .into(),
            Some("[contact Taras +38044]"),
        ),
        (
            tl::types::MessageMediaDice { value: 5, emoticon: "🎲".to_owned(), game_outcome: None }.into(),
            Some("[🎲 5]"),
        ),
        (
            tl::types::MessageMediaInvoice {
                shipping_address_requested: false,
                test: false,
                title: "Tent".to_owned(),
                description: String::new(),
                photo: None,
                receipt_msg_id: None,
                currency: "EUR".to_owned(),
                total_amount: 12_005,
                start_param: String::new(),
                extended_media: None,
            }
            .into(),
            Some("[invoice Tent, 120.05 EUR]"),
        ),
        (
            tl::types::MessageMediaToDo { todo: todo.into(), completions: Some(vec![done.into()]) }.into(),
            Some("[checklist Packing, 1 of 3 done]"),
        ),
        (
            tl::types::MessageMediaStory { via_mention: false, peer: channel(), id: 1, story: None }.into(),
            Some("[story]"),
        ),
        (
            tl::types::MessageMediaGiveaway {
                only_new_subscribers: false,
                winners_are_visible: false,
                channels: Vec::new(),
                countries_iso2: None,
                prize_description: None,
                quantity: 3,
                months: None,
                stars: None,
                until_date: 0,
            }
            .into(),
            Some("[giveaway for 3 winners]"),
        ),
    ];
    for (raw, told) in cases {
        assert_eq!(media::media(&raw).map(|media| media.to_string()).as_deref(), told, "{raw:?}");
    }
}

fn said(action: tl::enums::MessageAction) -> ServiceMessage {
    let user = |id: i64, name: &str| {
        let mut user = tl::types::User::from_bytes(&[0; 16]).expect("a blank user");
        (user.id, user.first_name) = (id, Some(name.to_owned()));
        tl::enums::User::from(user)
    };
    let people = People::new(&[user(5, "Olena"), user(6, "Li\u{7}")], &[]);
    action::service_message(&action, PersonId(5), &people)
}

/// What occurs in groups, in words; nothing of it is left to Telegram's names.
#[test]
fn service_messages_are_told_in_words() {
    use tl::enums::MessageAction as Action;
    let call = || -> tl::enums::InputGroupCall { tl::types::InputGroupCall { id: 1, access_hash: 1 }.into() };
    let cases: Vec<(Action, &str)> = vec![
        (tl::types::MessageActionChatAddUser { users: vec![5] }.into(), "Olena joined the group"),
        (tl::types::MessageActionChatAddUser { users: vec![6, 7] }.into(), "Olena added Li, somebody"),
        (tl::types::MessageActionChatDeleteUser { user_id: 5 }.into(), "Olena left the group"),
        (tl::types::MessageActionChatDeleteUser { user_id: 6 }.into(), "Olena removed Li"),
        (tl::types::MessageActionChatJoinedByLink { inviter_id: 6 }.into(), "Olena joined the group by an invite link"),
        (Action::ChatJoinedByRequest, "Olena was let into the group"),
        (Action::PinMessage, "Olena pinned a message"),
        (
            tl::types::MessageActionChatMigrateTo { channel_id: 99 }.into(),
            "the group became a supergroup: what comes is there, id -10099; write group = -10099 into desk.toml",
        ),
        (
            tl::types::MessageActionChannelMigrateFrom { title: "Old\u{202e}".to_owned(), chat_id: 9 }.into(),
            "the group \"Old\" became this supergroup; what was before stays in the old group",
        ),
        (tl::types::MessageActionGroupCall { call: call(), duration: None }.into(), "Olena started a video chat"),
        (tl::types::MessageActionGroupCall { call: call(), duration: Some(9) }.into(), "the video chat ended"),
        (
            tl::types::MessageActionInviteToGroupCall { call: call(), users: vec![6] }.into(),
            "Olena invited Li to the video chat",
        ),
        (
            tl::types::MessageActionSetMessagesTtl { period: 172_800, auto_setting_from: None }.into(),
            "Olena set messages to be deleted after 2 days",
        ),
        (
            tl::types::MessageActionSetMessagesTtl { period: 0, auto_setting_from: None }.into(),
            "Olena turned off auto-delete",
        ),
        (tl::types::MessageActionBoostApply { boosts: 1 }.into(), "Olena boosted the group"),
        (tl::types::MessageActionBoostApply { boosts: 4 }.into(), "Olena boosted the group 4 times"),
        (
            tl::types::MessageActionChatEditTitle { title: "New".to_owned() }.into(),
            "Olena renamed the group to \"New\"",
        ),
        (
            tl::types::MessageActionTodoCompletions { completed: vec![1, 2], incompleted: Vec::new() }.into(),
            "Olena ticked 2 and unticked 0 tasks",
        ),
        (tl::types::MessageActionChangeCreator { new_creator_id: 6 }.into(), "Li owns the group now"),
        (Action::Empty, "service message: empty"),
    ];
    for (action, told) in cases {
        assert_eq!(Content::Service(said(action.clone())).snippet(), told, "{action:?}");
    }
    let left = said(tl::types::MessageActionChatDeleteUser { user_id: 6 }.into());
    assert!(matches!(left, ServiceMessage::Left { person: PersonId(6), .. }), "{left:?}");
    let joined = said(tl::types::MessageActionChatAddUser { users: vec![5] }.into());
    assert!(matches!(&joined, ServiceMessage::Joined { people, .. } if *people == [PersonId(5)]), "{joined:?}");
}

#[test]
fn quotes_reactions_and_pins_come_along() {
    let emoji = |emoticon: &str, count| -> tl::enums::ReactionCount {
        let reaction = tl::types::ReactionEmoji { emoticon: emoticon.to_owned() }.into();
        tl::types::ReactionCount { chosen_order: None, reaction, count }.into()
    };
    let mut raw = blank(90);
    let mut quoting = header(true, Some(55), Some(40));
    quoting.quote_text = Some("five\u{1b} days".to_owned());
    raw.reply_to = Some(quoting.into());
    raw.pinned = true;
    let reactions = tl::types::MessageReactions {
        min: false,
        can_see_list: false,
        reactions_as_tags: false,
        results: vec![emoji("👍", 1), emoji("🔥", 4), emoji("\u{1b}", 2), emoji("❤", -3)],
        recent_reactions: None,
        top_reactors: None,
    };
    raw.reactions = Some(reactions.into());
    let converted = message(raw.into(), GROUP, &People::default()).expect("of the group");
    assert_eq!(converted.reply_to, Some(MessageId(55)));
    let Content::Post(post) = converted.content else { panic!("a post") };
    assert_eq!(post.quote.as_deref(), Some("five days"));
    assert!(post.pinned);
    assert_eq!(
        post.reactions.iter().map(|one| (one.emoji.as_str(), one.count)).collect::<Vec<_>>(),
        [("🔥", 4), ("👍", 1)]
    );
    // Something from another chat is quoted by itself.
    let mut raw = blank(91);
    let mut foreign = header(true, Some(40), None);
    foreign.reply_to_peer_id = Some(tl::types::PeerChannel { channel_id: 3 }.into());
    foreign.quote_text = Some("elsewhere".to_owned());
    raw.reply_to = Some(foreign.into());
    let Some(Message { content: Content::Post(post), reply_to: None, .. }) =
        message(raw.into(), GROUP, &People::default())
    else {
        panic!("a post that replies to nothing here")
    };
    assert_eq!(post.quote.as_deref(), Some("another chat: elsewhere"));
}

mod hostile {
    //! Whatever the bytes are: converted without a panic, into text that can do no harm.

    use proptest::prelude::*;

    use super::*;

    fn words() -> impl Strategy<Value = String> {
        "[\\x00-\\x20\u{80}-\u{9f}\u{200b}-\u{202e}\u{2066}-\u{2069}ab\u{300}-\u{310}👩]{0,40}"
    }

    fn number() -> impl Strategy<Value = i32> {
        prop_oneof![Just(0), Just(-1), Just(i32::MAX), Just(i32::MIN), 1..100i32]
    }

    fn attachment() -> impl Strategy<Value = Option<tl::enums::MessageMedia>> {
        (words(), words(), number(), any::<f64>(), any::<i64>(), 0..9u8).prop_map(|(a, b, n, float, big, kind)| {
            let geo = || -> tl::enums::GeoPoint {
                tl::types::GeoPoint { long: float, lat: -float, access_hash: big, accuracy_radius: None }.into()
            };
            let document = |attributes| -> tl::enums::MessageMedia {
                let document = tl::types::Document {
                    id: big,
                    access_hash: big,
                    file_reference: Vec::new(),
                    date: n,
                    mime_type: a.clone(),
                    size: big,
                    thumbs: None,
                    video_thumbs: None,
                    dc_id: n,
                    attributes,
                };
                tl::types::MessageMediaDocument {
                    nopremium: false,
                    spoiler: false,
                    video: false,
                    round: n == 0,
                    voice: n == 1,
                    document: Some(document.into()),
                    alt_documents: None,
                    video_cover: None,
                    video_timestamp: None,
                    ttl_seconds: None,
                }
                .into()
            };
            Some(match kind {
                0 => return None,
                1 => tl::types::MessageMediaGeo { geo: geo() }.into(),
                2 => tl::types::MessageMediaVenue {
                    geo: geo(),
                    title: a,
                    address: b,
                    provider: String::new(),
                    venue_id: String::new(),
                    venue_type: String::new(),
                }
                .into(),
                3 => tl::types::MessageMediaContact {
                    phone_number: a,
                    first_name: b.clone(),
                    last_name: b.clone(),
                    vcard: b,
                    user_id: big,
                }
                .into(),
                4 => tl::types::MessageMediaInvoice {
                    shipping_address_requested: false,
                    test: false,
                    title: a,
                    description: b.clone(),
                    photo: None,
                    receipt_msg_id: None,
                    currency: b,
                    total_amount: big,
                    start_param: String::new(),
                    extended_media: None,
                }
                .into(),
                5 => tl::types::MessageMediaDice { value: n, emoticon: a, game_outcome: None }.into(),
                6 => document(vec![tl::types::DocumentAttributeFilename { file_name: b.clone() }.into()]),
                7 => {
                    let video = tl::types::DocumentAttributeVideo {
                        round_message: false,
                        supports_streaming: false,
                        nosound: false,
                        duration: float,
                        w: n,
                        h: n,
                        preload_prefix_size: None,
                        video_start_ts: None,
                        video_codec: None,
                    };
                    document(vec![video.into()])
                }
                _ => tl::types::MessageMediaGeoLive {
                    geo: geo(),
                    heading: None,
                    period: n,
                    proximity_notification_radius: None,
                }
                .into(),
            })
        })
    }

    fn raw() -> impl Strategy<Value = tl::enums::Message> {
        let ids = (number(), number(), proptest::option::of(number()), proptest::option::of(number()));
        let texts = (words(), words(), words(), words());
        let spans = proptest::collection::vec((number(), number()), 0..4);
        (ids, texts, spans, attachment(), any::<[bool; 5]>(), proptest::option::of(any::<i64>())).prop_map(
            |((id, date, reply, top), (text, name, quoted, signed), spans, media, flags, album)| {
                let mut raw = blank(id);
                (raw.date, raw.edit_date, raw.edit_hide, raw.pinned) = (date, reply, flags[0], flags[1]);
                raw.message = text.clone();
                raw.media = media;
                raw.grouped_id = album;
                raw.post_author = Some(signed.clone());
                raw.from_rank = Some(signed);
                let span =
                    |(offset, length)| tl::types::MessageEntityTextUrl { offset, length, url: name.clone() }.into();
                raw.entities = Some(spans.into_iter().map(span).collect());
                let from = tl::types::MessageFwdHeader {
                    imported: false,
                    saved_out: false,
                    from_id: flags[2].then(channel),
                    from_name: flags[3].then(|| name.clone()),
                    date,
                    channel_post: None,
                    post_author: None,
                    saved_from_peer: None,
                    saved_from_msg_id: None,
                    saved_from_id: None,
                    saved_from_name: None,
                    saved_date: None,
                    psa_type: None,
                };
                let mut reply_to = header(flags[4], reply, top);
                reply_to.quote_text = Some(quoted);
                reply_to.reply_from = flags[0].then(|| from.clone().into());
                raw.fwd_from = flags[1].then(|| from.into());
                raw.reply_to = Some(reply_to.into());
                let reaction = tl::types::ReactionEmoji { emoticon: text }.into();
                let count = tl::types::ReactionCount { chosen_order: None, reaction, count: date };
                let reactions = tl::types::MessageReactions {
                    min: false,
                    can_see_list: false,
                    reactions_as_tags: false,
                    results: vec![count.clone().into(), count.into()],
                    recent_reactions: None,
                    top_reactors: None,
                };
                raw.reactions = Some(reactions.into());
                raw.into()
            },
        )
    }

    proptest! {
        #[test]
        fn any_message_is_converted_into_safe_text(raw in raw()) {
            let converted = message(raw, GROUP, &People::default()).expect("of the group");
            let stored = serde_json::to_string(&converted).expect("JSON");
            let again: Message = serde_json::from_str(&stored).expect("reads back");
            prop_assert_eq!(&again.content, &converted.content);
            let Content::Post(post) = &converted.content else { panic!("a post") };
            let media = post.media.as_ref().map(|media| media.to_string());
            let reactions: Vec<String> = post.reactions.iter().map(|one| one.emoji.clone()).collect();
            let lines = [post.quote.clone(), post.signature.clone(), post.forwarded_from.clone(), media];
            for line in lines.into_iter().flatten().chain(reactions).chain([converted.content.snippet()]) {
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
                let turned = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                prop_assert!(!line.chars().any(turned), "{line:?}");
            }
            prop_assert!(!post.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", post.text);
        }
    }
}
