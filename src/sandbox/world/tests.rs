//! The world's own rules, without bytes.

use crate::clock::Timestamp;

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn world() -> World {
    let mut world = World::default();
    for (id, kind) in [
        (1, AccountKind::Bot),
        (2, AccountKind::Agent),
        (3, AccountKind::Customer),
        (4, AccountKind::Bot),
        (5, AccountKind::Customer),
    ] {
        world.add_account(Account::user(id, kind, &format!("person {id}")));
    }
    world.add_group(Group::new(100, 7, "Shop", true, 2, 0));
    let mut set = |account, standing| world.set_standing(100, account, standing).expect("the group exists");
    set(1, Standing::Admin(AdminRights::all()));
    set(2, Standing::Creator);
    set(3, Standing::Member);
    set(4, Standing::Member);
    set(5, Standing::Member);
    world.take_updates();
    world
}

#[test]
fn a_topic_has_the_id_of_its_first_message_and_keeps_its_messages() {
    let mut world = world();
    let topic = world.create_topic(NewTopic::new(3, "Parcel lost"), NOW).expect("members may");
    let reply = world.send(Post::new(2, topic, "Hello"), NOW).expect("the owner may");
    let group = world.group(100).expect("exists");
    assert_eq!(topic, 2, "1 is General's");
    assert_eq!(group.topic(topic).expect("exists").messages(), [topic, reply]);
    assert_eq!(group.pts(), 3, "1 at first, then two messages");
    let unread = |account| group.unread(group.topic(topic).expect("exists"), account);
    assert_eq!((unread(3), unread(2), unread(5)), (1, 0, 2), "who writes has read");
    assert_eq!(
        world.take_updates(),
        [Update::New { group: 100, id: topic, pts: 2 }, Update::New { group: 100, id: reply, pts: 3 }]
    );
}

#[test]
fn a_closed_topic_refuses_strangers_but_not_its_creator_or_staff() {
    let mut world = world();
    let topic = world.create_topic(NewTopic::new(3, "Mine"), NOW).expect("members may");
    let close = || TopicEdit { closed: Some(true), ..TopicEdit::default() };
    assert_eq!(world.edit_topic(0, 5, topic, close(), NOW), Err(Refusal::forbidden("CHAT_ADMIN_REQUIRED")));
    world.edit_topic(0, 2, topic, close(), NOW).expect("the owner may");
    assert_eq!(world.edit_topic(0, 2, topic, close(), NOW), Err(Refusal::bad("TOPIC_NOT_MODIFIED")));
    assert_eq!(world.send(Post::new(5, topic, "me too"), NOW), Err(Refusal::bad("TOPIC_CLOSED")));
    world.send(Post::new(3, topic, "still here"), NOW).expect("its creator may");
    world.send(Post::new(1, topic, "noted"), NOW).expect("an admin may");
}

#[test]
fn a_deleted_topic_takes_its_messages_along_and_says_so_afterwards() {
    let mut world = world();
    let topic = world.create_topic(NewTopic::new(3, "Gone"), NOW).expect("members may");
    let message = world.send(Post::new(5, topic, "hello"), NOW).expect("members may");
    let (pts, count) = world.delete_topic(0, 2, topic, NOW).expect("the owner may");
    assert_eq!((pts, count), (5, 2));
    assert!(world.group(100).expect("exists").message(message).is_none());
    assert_eq!(world.send(Post::new(2, topic, "late"), NOW), Err(Refusal::bad("TOPIC_DELETED")));
    assert_eq!(world.send(Post::new(2, 77, "lost"), NOW), Err(Refusal::bad("TOPIC_ID_INVALID")));
}

#[test]
fn replies_land_where_telegram_puts_them() {
    let mut world = world();
    let topic = world.create_topic(NewTopic::new(3, "T"), NOW).expect("members may");
    let first = world.send(Post::new(3, topic, "one"), NOW).expect("members may");
    let second = world.send(Post::new(3, topic, "two"), NOW).expect("members may");
    world.delete_messages(0, 3, &[second], NOW).expect("one's own");
    let group = world.group(100).expect("exists");
    let target = |reply, top| group.reply_target(reply, top).map(|t| (t.topic, t.reply_to));
    assert_eq!(target(None, None), Ok((GENERAL, None)));
    assert_eq!(target(Some(topic), None), Ok((topic, None)));
    assert_eq!(target(Some(topic), Some(topic)), Ok((topic, None)));
    assert_eq!(target(Some(first), Some(topic)), Ok((topic, Some(first))));
    assert_eq!(target(Some(second), Some(topic)), Ok((topic, None)), "deleted meanwhile: into the topic");
    assert_eq!(target(Some(second), None), Ok((GENERAL, None)), "without the topic it falls into General");
    assert_eq!(target(Some(999), Some(topic)), Err(Refusal::bad("REPLY_MESSAGE_ID_INVALID")));
    assert_eq!(target(None, Some(999)), Err(Refusal::bad("TOPIC_ID_INVALID")));
}

#[test]
fn texts_are_measured_in_utf16_and_entities_checked() {
    let mut world = world();
    let emoji = "😀".repeat(2048);
    world.send(Post::new(3, GENERAL, &emoji), NOW).expect("4096 units fit");
    let refused = |world: &mut World, post| world.send(post, NOW).expect_err("must be refused").name;
    assert_eq!(refused(&mut world, Post::new(3, GENERAL, &format!("{emoji}!"))), "MESSAGE_TOO_LONG");
    assert_eq!(refused(&mut world, Post::new(3, GENERAL, " \n")), "MESSAGE_EMPTY");
    let mut post = Post::new(3, GENERAL, "😀");
    post.entities = vec![Entity { offset: 1, length: 1, kind: EntityKind::Bold }];
    assert_eq!(refused(&mut world, post), "ENTITY_BOUNDS_INVALID");
}

#[test]
fn bots_are_blind_to_other_bots_and_privacy_hides_the_rest() {
    let mut world = world();
    let mut curious = Account::user(4, AccountKind::Bot, "private bot");
    curious.privacy = true;
    curious.username = Some("shop_bot".to_owned());
    world.add_account(curious);
    let seen_by_both = world.send(Post::new(3, GENERAL, "/help"), NOW).expect("may");
    let plain = world.send(Post::new(3, GENERAL, "hi"), NOW).expect("may");
    let of_bot = world.send(Post::new(1, GENERAL, "beep"), NOW).expect("may");
    let mention = world.send(Post::new(3, GENERAL, "ask @Shop_Bot please"), NOW).expect("may");
    let group = world.group(100).expect("exists");
    let sees = |viewer: i64, id: i32| {
        world.sees(world.account(viewer).expect("exists"), group, group.message(id).expect("exists"))
    };
    assert_eq!([seen_by_both, plain, of_bot, mention].map(|id| sees(4, id)), [true, false, false, true]);
    assert_eq!([seen_by_both, plain, of_bot, mention].map(|id| sees(3, id)), [true; 4]);
}

#[test]
fn a_replayed_world_is_the_same_world() {
    let mut first = world();
    first.start_recording();
    let topic = first.create_topic(NewTopic::new(3, "T"), NOW).expect("may");
    let message = first.send(Post::new(3, topic, "one"), NOW).expect("may");
    first.edit_message(0, 3, message, "two", Vec::new(), NOW).expect("one's own");
    let gone = first.send(Post::new(3, topic, "oops"), NOW).expect("may");
    first.delete_messages(0, 3, &[gone], NOW).expect("one's own");
    first.remember_sent(3, 100, 99, message);
    first.read_topic(0, 2, topic, message).expect("may");
    first.set_standing(100, 5, Standing::Banned).expect("exists");
    let other = first.create_topic(NewTopic::new(3, "U"), NOW).expect("may");
    first.delete_topic(0, 2, other, NOW).expect("may");
    let mut second = world();
    for record in first.take_records() {
        let line = serde_json::to_string(&record).expect("serialises");
        second.replay(serde_json::from_str(&line).expect("parses"));
    }
    let (a, b) = (first.group(100).expect("exists"), second.group(100).expect("exists"));
    assert_eq!((a.pts, a.next_id, &a.messages, &a.log), (b.pts, b.next_id, &b.messages, &b.log));
    assert_eq!((&a.members, &a.gone_topics, &a.order), (&b.members, &b.gone_topics, &b.order));
    assert_eq!(a.topic(topic).map(|t| (&t.read, &t.messages)), b.topic(topic).map(|t| (&t.read, &t.messages)));
    assert_eq!(second.sent(3, 100, 99), Some(message));
}

#[test]
fn windows_cut_like_telegram() {
    let mut world = world();
    for n in 0..250 {
        world.send(Post::new(3, GENERAL, &n.to_string()), NOW).expect("may");
    }
    let group = world.group(100).expect("exists");
    let page = |offset_id, add_offset, limit, min_id| {
        group.history(&Window { offset_id, add_offset, limit, min_id, ..Window::default() })
    };
    assert_eq!(page(0, 0, 3, 0).ids, [250, 249, 248]);
    assert_eq!(page(10, 0, 3, 0).ids, [9, 8, 7]);
    assert_eq!(page(10, -3, 3, 0).ids, [12, 11, 10], "a negative add_offset looks forward");
    assert_eq!(page(10, 0, 100, 7).ids, [9, 8]);
    assert_eq!(page(0, 0, 100_000, 0).ids.len(), 100);
    assert_eq!((page(0, 0, 1, 0).total, page(10, 0, 1, 0).newer), (250, 241));
    assert!(page(1, 0, 5, 0).ids.is_empty());
}
