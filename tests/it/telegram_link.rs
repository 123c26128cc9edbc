//! Following, sending and backfill through the product's own link, over real sockets, with things going wrong.

use std::collections::{BTreeMap, BTreeSet};

use topicdesk::desk::ids::{ChangeId, MessageId, OutboxId, TopicId};
use topicdesk::desk::thread::{Content, Message, ServiceMessage};
use topicdesk::engine::transport::{Change, Failure, Happening, Incoming, LinkState, Order, Outcome, Send, TopicFacts};
use topicdesk::sandbox::world::{AdminRights, Standing, TopicEdit};
use topicdesk::sandbox::{Fault, Sandbox};

use crate::support::client::sandbox;
use crate::support::link::{Desk, agent, bot, setup};

/// The desk's bot, a customer with an open topic, and that topic.
struct Cast {
    bot: i64,
    customer: i64,
    topic: i32,
}

fn cast(server: &Sandbox) -> Cast {
    let bot = server.announcement().first("bot").expect("the shop has one").id;
    server.world().with(|world| {
        let group = world.group(world.forum()).expect("exists");
        let here = |id: i64| group.member(id).is_some_and(|member| member.standing == Standing::Member);
        let found = group
            .topics()
            .find(|topic| {
                topic.id != 1
                    && !topic.closed
                    && topic.messages().len() > 3
                    && here(topic.creator)
                    && topic.creator != bot
            })
            .expect("the shop has one");
        Cast { bot, customer: found.creator, topic: found.id }
    })
}

fn send(desk: &Desk, topic: i32, text: &str, random_id: i64) -> Send {
    Send {
        outbox: OutboxId(random_id),
        group: desk.group,
        topic: TopicId(topic),
        reply_to: None,
        text: text.to_owned(),
        random_id,
        buttons: Vec::new(),
        file: None,
    }
}

async fn outcome(desk: &mut Desk) -> Outcome {
    let delivered = |incoming: &Incoming| match incoming {
        Incoming::Delivery { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    desk.until("a delivery", delivered).await
}

/// Everything in the group that an account may see, by id: (topic, sender, text).
fn truth(server: &Sandbox, viewer: i64) -> BTreeMap<i32, i32> {
    server.world().with(|world| {
        let group = world.group(world.forum()).expect("exists");
        let viewer = world.account(viewer).expect("exists");
        group.messages().filter(|m| world.sees(viewer, group, m)).map(|m| (m.id, m.topic)).collect()
    })
}

async fn running(server: &Sandbox, folder: &tempfile::TempDir) -> Desk {
    let setup = setup(server, folder.path(), 0);
    bot(server, &setup).await;
    let mut desk = Desk::start(server, &setup, None);
    desk.live().await;
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_come_before_the_seed_and_then_everything_that_happens() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let Cast { bot, customer, topic } = cast(&server);
    let mut desk = Desk::start(&server, &setup, None);
    let first = desk.until("the first word", |incoming| Some(incoming.clone())).await;
    assert_eq!(first, Incoming::Link(LinkState::Connecting));
    desk.until("facts next", |incoming| matches!(incoming, Incoming::Facts(_)).then_some(())).await;
    desk.until("the seed", |incoming| matches!(incoming, Incoming::Seeded { .. }).then_some(())).await;
    desk.live().await;

    let world = server.world();
    let posted = world.say(customer, topic, "is anybody there?").expect("posts");
    desk.mirrored("the post", |desk| desk.text(posted).as_deref() == Some("is anybody there?")).await;
    assert_eq!(desk.topic(posted), Some(TopicId(topic)));
    assert_eq!(desk.messages[&MessageId(posted)].author.0, customer);
    assert!(desk.batches.iter().any(|batch| batch.people.iter().any(|person| person.id.0 == customer)));

    world.with(|world| world.edit_message(0, customer, posted, "anybody?", Vec::new(), now())).expect("edits");
    desk.mirrored("the edit", |desk| desk.text(posted).as_deref() == Some("anybody?")).await;
    assert!(desk.messages[&MessageId(posted)].edited_at.is_some());

    world.with(|world| world.delete_messages(0, customer, &[posted], now())).expect("deletes");
    desk.mirrored("the deletion", |desk| desk.text(posted).is_none()).await;

    let opened = world.open_topic(customer, "The zip\u{1b}[2J is stuck\u{202e}").expect("opens");
    desk.mirrored("the new topic", |desk| desk.topic(opened) == Some(TopicId(opened))).await;
    let Content::Service(ServiceMessage::TopicCreated { title, .. }) = &desk.messages[&MessageId(opened)].content
    else {
        panic!("a topic was created: {:?}", desk.messages[&MessageId(opened)]);
    };
    assert_eq!(title, "The zip[2J is stuck");
    let edit = TopicEdit { closed: Some(true), ..TopicEdit::default() };
    let closed = world.with(|world| world.edit_topic(0, bot, opened, edit, now())).expect("closes");
    desk.mirrored("the closing", |desk| desk.messages.contains_key(&MessageId(closed))).await;
    let message = &desk.messages[&MessageId(closed)];
    assert_eq!(message.topic, TopicId(opened));
    assert!(
        matches!(message.content, Content::Service(ServiceMessage::TopicEdited { closed: Some(true), .. })),
        "{message:?}"
    );
}

fn now() -> topicdesk::clock::Timestamp {
    topicdesk::clock::Clock::System.now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_while_the_link_was_down_comes_when_it_is_up() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { customer, topic, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let world = server.world();
    let kept = world.say(customer, topic, "first").expect("posts");
    let doomed = world.say(customer, topic, "second").expect("posts");
    desk.mirrored("both", |desk| desk.text(doomed).is_some()).await;
    let mirror = desk.messages.clone();
    let cursor = desk.stop().await;

    world.with(|world| world.edit_message(0, customer, kept, "first, edited", Vec::new(), now())).expect("edits");
    world.with(|world| world.delete_messages(0, customer, &[doomed], now())).expect("deletes");
    let many: Vec<i32> = (0..250).map(|n| world.say(customer, topic, &format!("line {n}")).expect("posts")).collect();

    let setup = setup(&server, folder.path(), 0);
    let mut desk = Desk::start(&server, &setup, Some(cursor));
    desk.messages = mirror;
    desk.live().await;
    assert_eq!(
        desk.text(kept).as_deref(),
        Some("first, edited"),
        "an edit in the last slice of a difference is no old one"
    );
    assert_eq!(desk.text(doomed), None, "nor is a deletion");
    assert!(many.iter().all(|id| desk.text(*id).is_some()));
    assert!(!desk.happenings().any(|happening| matches!(happening, Happening::Gap { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_was_away_too_long_is_told_of_a_gap() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { customer, topic, .. } = cast(&server);
    let setup = setup(&server, folder.path(), 1);
    agent(&server, &setup).await;
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    let cursor = desk.stop().await;
    let many: Vec<i32> =
        (0..150).map(|n| server.world().say(customer, topic, &format!("line {n}")).expect("posts")).collect();
    let mut desk = Desk::start(&server, &setup, Some(cursor));
    desk.live().await;
    let top = *many.last().expect("many");
    let gap = Happening::Gap { after: None, top: MessageId(top) };
    assert!(desk.happenings().any(|happening| *happening == gap), "{:?}", desk.batches);
    assert!(desk.text(top).is_some(), "the messages that came with it are kept");
    assert!(desk.text(many[0]).is_none());
    // And it goes on from there.
    let next = server.world().say(customer, topic, "after the gap").expect("posts");
    desk.mirrored("the next", |desk| desk.text(next).is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_pushes_come_back_and_a_pts_in_too_long_loses_nothing() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, customer, topic } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let world = server.world();
    // A gap that the next push uncovers.
    world.lose_pushes(1);
    let lost = world.say(customer, topic, "lost").expect("posts");
    let seen = world.say(customer, topic, "seen").expect("posts");
    desk.mirrored("both", |desk| desk.text(lost).is_some() && desk.text(seen).is_some()).await;
    // A gap, and then an update that claims to know better where we are.
    world.lose_pushes(2);
    let first = world.say(customer, topic, "one").expect("posts");
    let second = world.say(customer, topic, "two").expect("posts");
    let pts = world.with(|world| world.group(world.forum()).expect("exists").pts());
    world.push_too_long(bot, Some(pts));
    desk.mirrored("both again", |desk| desk.text(first).is_some() && desk.text(second).is_some()).await;
    // Telegram gives up on the difference.
    world.lose_pushes(1);
    let third = world.say(customer, topic, "three").expect("posts");
    world.arm("updates.getChannelDifference", Some(bot), Fault::DifferenceTooLong);
    world.push_too_long(bot, None);
    let gap = Happening::Gap { after: None, top: MessageId(third) };
    desk.mirrored("a gap", |desk| desk.happenings().any(|happening| *happening == gap)).await;
    let next = world.say(customer, topic, "four").expect("posts");
    desk.mirrored("what follows", |desk| desk.text(next).is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_that_fails_is_asked_for_again() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, customer, topic } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let world = server.world();
    let refuse = |code, name: &str| Fault::Refuse(topicdesk::sandbox::world::Refusal::new(code, name));
    for fault in [
        refuse(500, "PERSISTENT_TIMESTAMP_OUTDATED"),
        Fault::flood_wait(1),
        Fault::CutBefore,
        refuse(400, "CHANNEL_INVALID"),
    ] {
        world.lose_pushes(1);
        let lost = world.say(customer, topic, "lost").expect("posts");
        world.arm("updates.getChannelDifference", Some(bot), fault);
        world.push_too_long(bot, None);
        desk.mirrored("the lost one", |desk| desk.text(lost).is_some()).await;
    }
    // A pts that Telegram does not take is given up for a new one, with a gap.
    world.lose_pushes(1);
    let lost = world.say(customer, topic, "lost").expect("posts");
    world.arm("updates.getChannelDifference", Some(bot), refuse(400, "PERSISTENT_TIMESTAMP_INVALID"));
    world.push_too_long(bot, None);
    let told = |desk: &Desk| {
        desk.happenings().any(|happening| matches!(happening, Happening::Gap { top, .. } if top.0 >= lost))
            || desk.text(lost).is_some()
    };
    desk.mirrored("the gap", told).await;
    let next = world.say(customer, topic, "next").expect("posts");
    desk.mirrored("what follows", |desk| desk.text(next).is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_lose_nothing() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { customer, topic, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let world = server.world();
    let mut posted = Vec::new();
    for round in 0..6 {
        posted.push(world.say(customer, topic, &format!("before cut {round}")).expect("posts"));
        world.cut_all();
        posted.push(world.say(customer, topic, &format!("during cut {round}")).expect("posts"));
        let last = posted[posted.len() - 1];
        desk.mirrored("the one during the cut", |desk| desk.text(last).is_some()).await;
    }
    assert!(posted.iter().all(|id| desk.text(*id).is_some()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_that_goes_away_makes_the_link_offline_until_stopped() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = running(&server, &folder).await;
    server.stop().await;
    let offline = |incoming: &Incoming| match incoming {
        Incoming::Link(LinkState::Offline { why, .. }) => Some(why.clone()),
        _ => None,
    };
    let why = desk.until("offline", offline).await;
    assert!(why.contains("127.0.0.1"), "{why}");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_sent_twice_under_one_random_id_is_one_message() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, topic, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        desk.order(Order::Send(send(&desk, topic, "we are looking into it", 77)));
        match outcome(&mut desk).await {
            Outcome::Sent { message, .. } => ids.insert(message),
            other => panic!("it was sent: {other:?}"),
        };
    }
    assert_eq!(ids.len(), 1, "the earlier id");
    let id = *ids.first().expect("one");
    desk.mirrored("its own message", |desk| desk.text(id.0).is_some()).await;
    assert_eq!(desk.topic(id.0), Some(TopicId(topic)));
    let settled = Happening::Settled { random_id: 77, message: id };
    assert!(desk.happenings().any(|happening| *happening == settled));
    let said = desk.happenings().filter(|one| matches!(one, Happening::Message(message) if message.id == id)).count();
    assert_eq!(said, 1, "through the message boxes exactly once");
    let copies = server
        .world()
        .texts(topic)
        .into_iter()
        .filter(|(author, text)| *author == bot && text == "we are looking into it");
    assert_eq!(copies.count(), 1);
    let pts = server.world().with(|world| world.group(world.forum()).expect("exists").pts());
    assert_eq!(desk.cursor.as_ref().map(|cursor| cursor.channels.clone()), Some(vec![(desk.group, pts)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_the_middle_of_a_send_sends_once() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, topic, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let duplicate = || Fault::Refuse(topicdesk::sandbox::world::Refusal::new(500, "RANDOM_ID_DUPLICATE"));
    let faults =
        [vec![Fault::CutBefore], vec![Fault::CutAfter], vec![Fault::CutAfter; 3], vec![Fault::CutAfter, duplicate()]];
    for (round, faults) in faults.into_iter().enumerate() {
        let random_id = 1000 + i64::try_from(round).expect("small");
        let words = format!("round {round}");
        for fault in faults {
            server.world().arm("messages.sendMessage", Some(bot), fault);
        }
        // The engine repeats the identical call as long as it does not know.
        let id = loop {
            desk.order(Order::Send(send(&desk, topic, &words, random_id)));
            match outcome(&mut desk).await {
                Outcome::Sent { message, .. } => break message,
                Outcome::Unknown { .. } | Outcome::Taken => {}
                other => panic!("neither sent nor unknown: {other:?}"),
            }
        };
        desk.mirrored("the message", |desk| desk.text(id.0).as_deref() == Some(words.as_str())).await;
        let copies = server.world().texts(topic).into_iter().filter(|(_, text)| *text == words).count();
        assert_eq!(copies, 1, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_told_apart() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, customer, topic } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let refuse = |code, name: &str| Fault::Refuse(topicdesk::sandbox::world::Refusal::new(code, name));
    server.world().arm("messages.sendMessage", Some(bot), Fault::flood_wait(30));
    desk.order(Order::Send(send(&desk, topic, "later", 1)));
    match outcome(&mut desk).await {
        Outcome::Later { not_before } => {
            let wait = not_before.since(now()).as_secs();
            assert!((28..=31).contains(&wait), "{wait}");
        }
        other => panic!("later: {other:?}"),
    }
    // The first try was cut after it had worked: that the second is to wait does not say that nothing was sent.
    for fault in [Fault::CutAfter, Fault::flood_wait(30)] {
        server.world().arm("messages.sendMessage", Some(bot), fault);
    }
    desk.order(Order::Send(send(&desk, topic, "worked", 9)));
    let ended = outcome(&mut desk).await;
    assert!(matches!(ended, Outcome::UnknownUntil { .. }), "{ended:?}");
    for (fault, wanted) in [
        (refuse(400, "TOPIC_CLOSED"), "reopen"),
        (refuse(403, "CHAT_WRITE_FORBIDDEN"), "may not write"),
        (refuse(400, "SOMETHING_NEW"), "SOMETHING_NEW"),
    ] {
        server.world().arm("messages.sendMessage", Some(bot), fault);
        desk.order(Order::Send(send(&desk, topic, "no", 2)));
        match outcome(&mut desk).await {
            Outcome::Refused { why, topic_gone: false } => assert!(why.contains(wanted), "{why}"),
            other => panic!("refused: {other:?}"),
        }
    }
    server.world().arm("messages.sendMessage", Some(bot), refuse(500, "WORKER_BUSY_TOO_LONG_RETRY"));
    desk.order(Order::Send(send(&desk, topic, "trouble", 3)));
    assert!(matches!(outcome(&mut desk).await, Outcome::Unknown { .. }), "trouble of Telegram's own parks nothing");
    desk.order(Order::Send(send(&desk, topic, &"x".repeat(4097), 4)));
    assert!(matches!(outcome(&mut desk).await, Outcome::Refused { why, .. } if why.contains("4096")));
    let doomed = server.world().open_topic(customer, "soon gone").expect("opens");
    server.world().with(|world| world.delete_topic(0, bot, doomed, now())).expect("deletes");
    desk.order(Order::Send(send(&desk, doomed, "hello?", 5)));
    assert!(matches!(outcome(&mut desk).await, Outcome::Refused { topic_gone: true, .. }));
}

/// Orders scans of everything up to beyond the top, four at a time, and gathers what comes.
async fn scan_all(
    desk: &mut Desk,
    top: i32,
    mut disturb: impl FnMut(i32),
) -> (BTreeMap<i32, Message>, Vec<TopicFacts>) {
    let mut ranges: Vec<(i32, i32)> = (1..=top).step_by(100).map(|from| (from, from + 99)).collect();
    ranges.reverse();
    let (mut messages, mut topics) = (BTreeMap::new(), Vec::new());
    let group = desk.group;
    let mut outstanding = 0;
    loop {
        while outstanding < 4
            && let Some((from, to)) = ranges.pop()
        {
            desk.order(Order::Scan { group, from: MessageId(from), to: MessageId(to) });
            outstanding += 1;
        }
        if outstanding == 0 {
            return (messages, topics);
        }
        let answer = |incoming: &Incoming| match incoming {
            Incoming::Scanned(scanned) => Some(Ok(scanned.clone())),
            Incoming::Failed { order: Order::Scan { from, to, .. }, why } => Some(Err((from.0, to.0, why.clone()))),
            _ => None,
        };
        outstanding -= 1;
        match desk.until("a scan", answer).await {
            Ok(scanned) => {
                disturb(scanned.from.0);
                assert!(scanned.messages.iter().all(|m| (scanned.from..=scanned.to).contains(&m.id)));
                assert!(
                    scanned
                        .messages
                        .iter()
                        .all(|m| m.author.is_channel() || scanned.people.iter().any(|p| p.id == m.author))
                );
                messages.extend(scanned.messages.into_iter().map(|message| (message.id.0, message)));
                topics.extend(scanned.topics);
            }
            Err((from, to, Failure::Later { .. })) => ranges.push((from, to)),
            Err(other) => panic!("a scan failed: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scans_find_everything_with_its_topic_through_holes_cuts_and_floods() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let truth = truth(&server, bot);
    let top = *truth.keys().last().expect("the shop has messages");
    let world = server.world();
    let (found, topics) = scan_all(&mut desk, top, |from| match from {
        101 => world.cut_all(),
        301 => world.arm("channels.getMessages", Some(bot), Fault::flood_wait(1)),
        501 => world.arm("channels.getMessages", Some(bot), Fault::CutAfter),
        _ => {}
    })
    .await;
    let placed: BTreeMap<i32, i32> = found.iter().map(|(id, message)| (*id, message.topic.0)).collect();
    assert_eq!(placed, truth);
    let titled: BTreeSet<i32> =
        topics.iter().filter(|topic| topic.title.is_some()).map(|topic| topic.topic.0).collect();
    assert!(truth.values().all(|topic| titled.contains(topic)), "every topic is named along the way");
    let media: BTreeSet<String> = found
        .values()
        .filter_map(|message| message.content.snippet().strip_prefix('[')?.split(' ').next().map(str::to_owned))
        .collect();
    assert!(["photo", "voice", "sticker"].iter().all(|kind| media.contains(*kind)), "{media:?}");
    // The shop's customers are hostile: nothing of it has come through.
    let whole = format!("{found:?}{topics:?}");
    assert!(found.values().any(|message| message.content.snippet().contains("ALERT")), "the hostile one is there");
    for c in ['\u{1b}', '\u{7}', '\u{8}', '\u{202e}', '\u{202c}', '\u{2066}', '\u{9b}'] {
        assert!(!whole.contains(c) && !whole.contains(&format!("{}", c.escape_debug())), "{c:?} came through");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_reads_topics_and_their_history_to_the_end() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 1);
    agent(&server, &setup).await;
    let me = server.announcement().first("agent").expect("exists").id;
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    let group = desk.group;
    let (mut topics, mut page) = (BTreeSet::new(), None);
    loop {
        desk.order(Order::Topics { group, page });
        let answer = |incoming: &Incoming| match incoming {
            Incoming::Topics { topics, next, checked: false, .. } => Some((topics.clone(), *next)),
            _ => None,
        };
        let (some, next) = desk.until("topics", answer).await;
        assert!(some.iter().all(|topic| !topic.gone && topic.title.is_some()));
        topics.extend(some.iter().map(|topic| topic.topic));
        match next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    let truth = truth(&server, me);
    assert_eq!(topics, truth.values().map(|topic| TopicId(*topic)).collect());
    let mut found = BTreeMap::new();
    for topic in topics {
        let mut below = None;
        loop {
            desk.order(Order::History { group, topic, below });
            let answer = |incoming: &Incoming| match incoming {
                Incoming::History { messages, .. } => Some(messages.clone()),
                _ => None,
            };
            let messages = desk.until("history", answer).await;
            assert!(
                messages.iter().all(|message| message.topic == topic && below.is_none_or(|below| message.id < below))
            );
            let Some(lowest) = messages.first().map(|message| message.id) else { break };
            found.extend(messages.into_iter().map(|message| (message.id.0, message.topic.0)));
            below = Some(lowest);
        }
    }
    assert_eq!(found, truth);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_can_be_looked_at_and_gone_ones_are_said_to_be_gone() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, customer, topic } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let doomed = server.world().open_topic(customer, "soon gone").expect("opens");
    server.world().with(|world| world.delete_topic(0, bot, doomed, now())).expect("deletes");
    desk.order(Order::CheckTopics { group: desk.group, topics: vec![TopicId(topic), TopicId(doomed)] });
    let answer = |incoming: &Incoming| match incoming {
        Incoming::Topics { topics, checked: true, .. } => Some(topics.clone()),
        _ => None,
    };
    let topics = desk.until("topics", answer).await;
    let gone: BTreeMap<i32, bool> = topics.iter().map(|topic| (topic.topic.0, topic.gone)).collect();
    assert_eq!(gone, BTreeMap::from([(topic, false), (doomed, true)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_rights_are_said_and_can_be_asked_for() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    assert!(desk.facts.as_ref().is_some_and(|facts| facts.rights.manage_topics));
    let less = AdminRights { manage_topics: false, ..AdminRights::all() };
    server.world().with(|world| world.set_standing(world.forum(), bot, Standing::Admin(less))).expect("demotes");
    desk.mirrored("the change", |desk| desk.happenings().any(|happening| *happening == Happening::FactsChanged)).await;
    desk.order(Order::Facts { group: desk.group });
    let answer = |incoming: &Incoming| match incoming {
        Incoming::Facts(facts) => Some(facts.rights.manage_topics),
        _ => None,
    };
    assert!(!desk.until("facts", answer).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn following_again_begins_where_the_engine_says() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { customer, topic, .. } = cast(&server);
    let mut desk = running(&server, &folder).await;
    let before = desk.cursor.clone();
    let posted = server.world().say(customer, topic, "twice, please").expect("posts");
    desk.mirrored("the post", |desk| desk.text(posted).is_some()).await;
    // The engine could not commit that, say.
    desk.order(Order::Follow { cursor: before.clone() });
    desk.until("a new beginning", |incoming| (*incoming == Incoming::Link(LinkState::Connecting)).then_some(())).await;
    desk.cursor = before;
    desk.messages.clear();
    desk.mirrored("the post again", |desk| desk.text(posted).is_some()).await;
    desk.live().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_said_in_its_topic() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { topic, .. } = cast(&server);
    let desk = running(&server, &folder).await;
    desk.order(Order::Typing { group: desk.group, topic: TopicId(topic) });
    let world = server.world();
    crate::support::client::until("typing", || world.calls("messages.setTyping") == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_made_after_the_link_had_stopped_is_found_by_the_next_order_to_follow() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    let mut desk = Desk::start(&server, &setup, None);
    desk.stopped().await;
    desk.order(Order::Scan { group: desk.group, from: MessageId(1), to: MessageId(100) });
    let failed = |incoming: &Incoming| match incoming {
        Incoming::Failed { order: Order::Scan { .. }, why: Failure::Link { why } } => Some(why.clone()),
        _ => None,
    };
    let why = desk.until("an answer even so", failed).await;
    assert!(why.contains("topicdesk login"), "{why}");
    bot(&server, &setup).await;
    desk.order(Order::Follow { cursor: None });
    desk.live().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn general_is_read_on_after_a_flood_wait() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 1);
    agent(&server, &setup).await;
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    server.world().arm("messages.getHistory", None, Fault::flood_wait(1));
    desk.order(Order::History { group: desk.group, topic: TopicId::GENERAL, below: None });
    let answer = |incoming: &Incoming| match incoming {
        Incoming::History { messages, .. } => Some(Ok(messages.len())),
        Incoming::Failed { why, .. } => Some(Err(why.clone())),
        _ => None,
    };
    let read = desk.until("history", answer).await.expect("no failure that begins from the top again");
    assert!(read > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_is_changed_and_deleted_however_often_it_is_asked_for() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let Cast { bot, customer, topic } = cast(&server);
    let mut desk = running(&server, &folder).await;
    desk.order(Order::Send(send(&desk, topic, "Try 7.2", 71)));
    let Outcome::Sent { message, .. } = outcome(&mut desk).await else { panic!("it is sent") };
    let group = desk.group;
    let change = |message, text: Option<&str>| {
        Order::Change(Change { change: ChangeId(1), group, message, text: text.map(str::to_owned) })
    };
    let orders = [change(message, Some("Try 7.3 🙂")), change(message, None)];
    let theirs = MessageId(server.world().say(customer, topic, "mine").expect("posts"));
    let refused = [change(theirs, Some("ours")), change(MessageId(2_000_000), Some("nothing"))];

    // Asked for twice, as after a crash: the second time there is nothing to do, and it ends the same.
    for _ in 0..2 {
        desk.order(orders[0].clone());
        assert!(matches!(changed(&mut desk).await, Outcome::Sent { message: own, .. } if own == message));
    }
    desk.mirrored("the edit", |desk| desk.text(message.0).as_deref() == Some("Try 7.3 🙂")).await;
    assert!(desk.messages[&message].edited_at.is_some());

    // The connection is cut after Telegram has done it: the identical call is made again.
    server.world().arm("messages.editMessage", Some(bot), Fault::CutAfter);
    let Order::Change(cut) = orders[0].clone() else { panic!("a change") };
    desk.order(Order::Change(Change { text: Some("Try 7.4".to_owned()), ..cut }));
    assert!(matches!(changed(&mut desk).await, Outcome::Sent { .. }));
    desk.mirrored("the second edit", |desk| desk.text(message.0).as_deref() == Some("Try 7.4")).await;

    for order in refused {
        desk.order(order);
        let ended = changed(&mut desk).await;
        assert!(matches!(&ended, Outcome::Refused { why, .. } if !why.contains("MESSAGE_")), "{ended:?}");
    }
    for _ in 0..2 {
        desk.order(orders[1].clone());
        assert!(matches!(changed(&mut desk).await, Outcome::Sent { .. }));
    }
    desk.mirrored("the deletion", |desk| desk.text(message.0).is_none()).await;
    let there = |id: MessageId| {
        server.world().with(|world| world.group(world.forum()).is_some_and(|group| group.message(id.0).is_some()))
    };
    assert_eq!((there(message), there(theirs)), (false, true));
}

async fn changed(desk: &mut Desk) -> Outcome {
    let ended = |incoming: &Incoming| match incoming {
        Incoming::Changed { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    desk.until("a change", ended).await
}
