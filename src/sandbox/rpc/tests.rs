//! Damaged calls: whatever a logged-in client sends, it gets an answer, and nothing panics.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::clock::{Clock, Timestamp};
use crate::sandbox::flood::Flood;
use crate::sandbox::hub::Inner;
use crate::sandbox::keys::{Keys, account_key};
use crate::sandbox::world::{AccountKind, World};
use crate::sandbox::worldfile::WorldFile;

use super::*;

fn server(kind: AccountKind) -> (Inner, i64, i64) {
    let start = Timestamp::from_unix(1_800_000_000);
    let world = World::build(&WorldFile::shop().expect("sound"), start).expect("fits");
    let mut keys = Keys::derive(&world, &[3; 32]);
    let account = world.accounts().find(|a| a.kind == kind && !a.deleted).expect("the shop has one").id;
    let key = keys.named(&account_key(account)).expect("announced").auth.id();
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    (Inner::new(world, keys, Flood::new(0), None, Clock::stepped(start), address), key, account)
}

fn calls(inner: &Inner) -> Vec<Vec<u8>> {
    let group = inner.world.group(inner.world.forum()).expect("exists");
    let (id, access_hash) = (group.id, group.access_hash);
    let peer: enums::InputPeer = types::InputPeerChannel { channel_id: id, access_hash }.into();
    let channel: enums::InputChannel = types::InputChannel { channel_id: id, access_hash }.into();
    let topic = group.topics().nth(3).expect("the shop has more").id;
    let history = functions::messages::GetHistory {
        peer: peer.clone(),
        offset_id: 900,
        offset_date: 1_799_999_999,
        add_offset: -3,
        limit: 20,
        max_id: 1000,
        min_id: 3,
        hash: 0,
    };
    let search = functions::messages::Search {
        peer: peer.clone(),
        q: "order".to_owned(),
        from_id: Some(enums::InputPeer::PeerSelf),
        saved_peer_id: None,
        saved_reaction: None,
        top_msg_id: Some(topic),
        filter: enums::MessagesFilter::InputMessagesFilterPhotos,
        min_date: 5,
        max_date: 1_900_000_000,
        offset_id: 4000,
        add_offset: 1,
        limit: 10,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let replies = functions::messages::GetReplies {
        peer: peer.clone(),
        msg_id: topic,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 50,
        max_id: 0,
        min_id: 0,
        hash: 0,
    };
    let topics = functions::messages::GetForumTopics {
        peer: peer.clone(),
        q: Some("a".to_owned()),
        offset_date: 1,
        offset_id: 900,
        offset_topic: topic,
        limit: 20,
    };
    let difference = functions::updates::GetChannelDifference {
        force: true,
        channel: channel.clone(),
        filter: enums::ChannelMessagesFilter::Empty,
        pts: group.pts() - 50,
        limit: 30,
    };
    let ids = (1..40).map(|id| types::InputMessageId { id }.into()).collect();
    let edit = functions::messages::EditForumTopic {
        peer: peer.clone(),
        topic_id: topic,
        title: Some("New".to_owned()),
        icon_emoji_id: Some(0),
        closed: None,
        hidden: None,
    };
    let typing = functions::messages::SetTyping {
        peer: peer.clone(),
        top_msg_id: Some(topic),
        action: enums::SendMessageAction::SendMessageTypingAction,
    };
    let entity = types::MessageEntityBold { offset: 0, length: 3 }.into();
    let edit_message = functions::messages::EditMessage {
        no_webpage: true,
        invert_media: false,
        peer: peer.clone(),
        id: 30,
        message: Some("other words".to_owned()),
        media: None,
        reply_markup: None,
        entities: Some(vec![entity]),
        schedule_date: None,
        schedule_repeat_period: None,
        quick_reply_shortcut_id: None,
        rich_message: None,
    };
    let participants = functions::channels::GetParticipants {
        channel: channel.clone(),
        filter: types::ChannelParticipantsSearch { q: "a".to_owned() }.into(),
        offset: 1,
        limit: 50,
        hash: 0,
    };
    let sign_in = functions::auth::SignIn {
        phone_number: "123456".to_owned(),
        phone_code_hash: "x".to_owned(),
        phone_code: Some("12345".to_owned()),
        email_verification: None,
    };
    let wrapped = functions::InvokeWithLayer { layer: 230, query: functions::help::GetConfig {} };
    vec![
        history.to_bytes(),
        search.to_bytes(),
        replies.to_bytes(),
        topics.to_bytes(),
        difference.to_bytes(),
        functions::channels::GetMessages { channel: channel.clone(), id: ids }.to_bytes(),
        edit.to_bytes(),
        typing.to_bytes(),
        edit_message.to_bytes(),
        participants.to_bytes(),
        sign_in.to_bytes(),
        wrapped.to_bytes(),
        functions::channels::DeleteMessages { channel, id: vec![40, 41, 42] }.to_bytes(),
        functions::messages::ReadDiscussion { peer, msg_id: topic, read_max_id: 900 }.to_bytes(),
        functions::contacts::ResolveUsername { username: "shop".to_owned(), referer: None }.to_bytes(),
        functions::updates::GetDifference {
            pts: 1,
            pts_limit: None,
            pts_total_limit: None,
            date: 5,
            qts: 0,
            qts_limit: None,
        }
        .to_bytes(),
    ]
}

#[test]
fn damaged_calls_are_answered() {
    for kind in [AccountKind::Bot, AccountKind::Agent, AccountKind::Customer] {
        let (mut inner, key, account) = server(kind);
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % u64::try_from(below).expect("small")).expect("small")
        };
        let mut answered = 0;
        for round in 0..120 {
            for call in calls(&inner) {
                let mut body = call;
                for _ in 0..round % 4 {
                    let at = random(body.len());
                    body[at] = [0, 1, 0x7f, 0x80, 0xff, 0x3e][random(6)];
                }
                if round % 5 == 4 {
                    body.truncate(random(body.len() + 1));
                }
                assert!(matches!(answer(&mut inner, 1, key, &body), Outcome::Answer(bytes) if bytes.len() >= 4));
                answered += 1;
                inner.publish(None);
                // A damaged call may have logged out by accident.
                inner.keys.get_mut(key).expect("keys stay").account = Some(account);
            }
        }
        assert_eq!(answered, 120 * 16);
    }
}
