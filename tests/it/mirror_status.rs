//! Status in Telegram over real sockets: what Telegram says to each change of a topic, and a whole desk that makes them.

use std::time::Duration;

use grammers_tl_types::{enums, functions};
use topicdesk::clock::Clock;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{AgentName, CommandId, TicketKey, TopicId};
use topicdesk::desk::queue::{QueueName, Sort};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::runner::{self, EngineSetup};
use topicdesk::engine::transport::{Incoming, Order, TopicEdit, TopicIcon, TopicOutcome, TopicPart};
use topicdesk::engine::views::{TicketView, View, ViewRequest, Window};
use topicdesk::sandbox::world::{AdminRights, Standing};
use topicdesk::sandbox::{Fault, Sandbox};
use topicdesk::telegram::link;

use crate::mirror::until_synced;
use crate::support::client::{Phone, sandbox, until};
use crate::support::link::{Desk, bot, setup};

/// An open topic of the shop whose creator is a customer, and the desk's bot.
fn cast(server: &Sandbox) -> (i32, i64) {
    let bot = server.announcement().first("bot").expect("the shop has one").id;
    let topic = server.world().with(|world| {
        let group = world.group(world.forum()).expect("exists");
        let here = |id: i64| group.member(id).is_some_and(|member| member.standing == Standing::Member);
        let mut topics = group.topics();
        let found =
            topics.find(|topic| topic.id != 1 && !topic.closed && topic.messages().len() > 3 && here(topic.creator));
        found.expect("the shop has one").id
    });
    (topic, bot)
}

/// Icon and whether it is closed, as Telegram has it.
fn topic_of(server: &Sandbox, topic: i32) -> (Option<i64>, bool) {
    server.world().with(|world| {
        let found = world.group(world.forum()).and_then(|group| group.topic(topic)).expect("exists");
        (found.icon_emoji_id, found.closed)
    })
}

async fn outcome(desk: &mut Desk, topic: i32, part: TopicPart) -> TopicOutcome {
    let edit = TopicEdit { group: desk.group, topic: TopicId(topic), part };
    desk.order(Order::EditTopic(edit));
    let ended = |incoming: &Incoming| match incoming {
        Incoming::TopicEdited { edit: own, outcome } if *own == edit => Some(outcome.clone()),
        _ => None,
    };
    desk.until("a change of a topic", ended).await
}

async fn icons(desk: &mut Desk) -> Vec<TopicIcon> {
    desk.order(Order::Icons { group: desk.group });
    let came = |incoming: &Incoming| match incoming {
        Incoming::Icons { icons } => Some(icons.clone()),
        _ => None,
    };
    desk.until("icons", came).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answer_of_telegram_is_told_apart() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    let (topic, bot) = cast(&server);
    let set = icons(&mut desk).await;
    let id =
        |emoji: &str| set.iter().find(|icon| icon.emoji.trim_end_matches('\u{fe0f}') == emoji).expect("an icon").id;
    assert!(set.len() > 30 && id("⚡") != id("✅"), "{set:?}");

    let (done, as_it_was) = (TopicOutcome::Done { changed: true }, TopicOutcome::Done { changed: false });
    for (part, seen) in [
        (TopicPart::Icon(id("👀")), (Some(id("👀")), false)),
        (TopicPart::Closed(true), (Some(id("👀")), true)),
        (TopicPart::Icon(id("📁")), (Some(id("📁")), true)),
        (TopicPart::Closed(false), (Some(id("📁")), false)),
    ] {
        assert_eq!(outcome(&mut desk, topic, part).await, done, "{part:?}");
        assert_eq!(outcome(&mut desk, topic, part).await, as_it_was, "{part:?} twice is once");
        assert_eq!(topic_of(&server, topic), seen, "{part:?}");
    }
    assert_eq!(outcome(&mut desk, topic, TopicPart::Icon(77)).await, TopicOutcome::BadIcon);
    let general = outcome(&mut desk, 1, TopicPart::Icon(id("👀"))).await;
    assert!(matches!(&general, TopicOutcome::Refused { why } if why.contains("GENERAL")), "{general:?}");
    assert_eq!(outcome(&mut desk, 999_999, TopicPart::Closed(true)).await, TopicOutcome::Gone);

    let world = server.world();
    world.arm("messages.editForumTopic", Some(bot), Fault::flood_wait(7));
    assert!(matches!(outcome(&mut desk, topic, TopicPart::Closed(true)).await, TopicOutcome::Later { .. }));
    // Cut after Telegram has done it: the repeat finds it done.
    world.arm("messages.editForumTopic", Some(bot), Fault::CutAfter);
    assert_eq!(outcome(&mut desk, topic, TopicPart::Closed(true)).await, as_it_was);
    assert!(topic_of(&server, topic).1);
    let less = AdminRights { manage_topics: false, ..AdminRights::all() };
    world.with(|world| world.set_standing(world.forum(), bot, Standing::Admin(less))).expect("demotes");
    assert_eq!(outcome(&mut desk, topic, TopicPart::Closed(false)).await, TopicOutcome::NoRight);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_has_one_set_for_bots_and_users_and_refuses_what_telegram_refuses() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let agent = Phone::new(announcement, &announcement.first("agent").expect("exists").auth_key);
    let set = |stickerset: enums::InputStickerSet, hash| functions::messages::GetStickerSet { stickerset, hash };
    let answer = agent.call(&set(enums::InputStickerSet::EmojiDefaultTopicIcons, 0)).await.expect("is there");
    let enums::messages::StickerSet::Set(found) = answer else { panic!("a set") };
    let enums::StickerSet::Set(about) = found.set;
    assert!(about.emojis && usize::try_from(about.count).ok() == Some(found.documents.len()));
    assert_eq!(found.packs.len(), found.documents.len());
    let again = agent.call(&set(enums::InputStickerSet::EmojiDefaultTopicIcons, about.hash)).await.expect("is there");
    assert!(matches!(again, enums::messages::StickerSet::NotModified));
    assert_eq!(agent.refused(&set(enums::InputStickerSet::Empty, 0)).await.0, "STICKERSET_INVALID");
}

async fn ticket(handle: &Handle, key: TicketKey) -> TicketView {
    match handle.read(ViewRequest::Thread { ticket: key, window: Window::Newest, limit: 10 }).await {
        View::Thread(page) => page.ticket,
        other => panic!("no thread: {other:?}"),
    }
}

/// Waits until a ticket is as it should be, reading it again after each revision.
async fn comes(handle: &Handle, key: TicketKey, what: &str, good: impl Fn(&TicketView) -> bool) {
    let mut revisions = handle.watch();
    let wait = async {
        while !good(&ticket(handle, key).await) {
            revisions.next().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), wait).await.is_err() {
        panic!("{what}: {:?}", ticket(handle, key).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_shows_its_statuses_and_closes_after_its_notice() {
    let server = sandbox(|options| options.flood_per_minute = 0).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let (_, bot) = cast(&server);
    let mut rules = Rules::default();
    rules.staff.agents.push(topicdesk::desk::people::Agent {
        name: "anna".into(),
        telegram: None,
        username: None,
        os_user: None,
        timezone: None,
    });
    (rules.mirror_status.enabled, rules.mirror_status.close_topics) = (true, true);
    // Nothing is held, so the notice leaves at once.
    rules.undo_window = Duration::ZERO;
    let (desk, ends) =
        runner::start(EngineSetup { data: folder.path().to_owned(), rules, clock: Clock::System }).expect("starts");
    link::spawn(setup, ends.orders, ends.incoming);
    let handle = desk.handle(AgentName::from("anna"));
    until_synced(&handle).await;
    let world = server.world();
    assert_eq!(world.calls("messages.editForumTopic"), 0, "a first start changes nothing");
    // One that nobody has touched yet, so no minute has to be waited for.
    let queue = ViewRequest::Queue {
        queue: QueueName::Unassigned,
        filter: String::new(),
        sort: Sort::Natural,
        offset: 0,
        limit: 1,
    };
    let View::Queue(page) = handle.read(queue).await else { panic!("no queue") };
    let (key, episode) = (page.rows[0].key(), page.rows[0].episode);
    let topic = key.topic.0;
    let before = world.texts(topic).len();
    let close = Command::Close { ticket: key, reason: "refunded".to_owned() };
    handle.submit(CommandId("1".to_owned()), close).await.expect("accepted");

    // Notice, icon, door.
    until("the notice", || world.texts(topic).len() == before + 1).await;
    let (author, said) = world.texts(topic).pop().expect("a text");
    assert!(author == bot && said.contains("General"), "{said}");
    until("closed", || topic_of(&server, topic).1).await;
    comes(&handle, key, "shown", |ticket| {
        ticket.shown.as_ref().is_some_and(|shown| shown.shown && shown.note == "shown, topic closed")
    })
    .await;
    assert_eq!(world.calls("messages.editForumTopic"), 2);
    // The echoes have been mirrored and moved nothing, and the notice has answered nobody.
    comes(&handle, key, "the echo", |ticket| ticket.topic_closed).await;
    let row = ticket(&handle, key).await.row;
    assert_eq!((row.status.label(), row.episode, row.waiting_since.is_some()), ("closed", episode, true), "{row:?}");
    // By hand in Telegram it opens all the same.
    let agent = server.announcement().first("agent").expect("exists").id;
    let now = world.now();
    let edit = topicdesk::sandbox::world::TopicEdit { closed: Some(false), ..Default::default() };
    world.with(|world| world.edit_topic(0, agent, topic, edit, now)).expect("opens");
    comes(&handle, key, "reopened", |ticket| ticket.row.status.is_live()).await;
    desk.stop();
}
