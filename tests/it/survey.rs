//! Surveys over real sockets: the desk's bot asks by buttons, a customer presses, changes their mind, or answers by a message.

use std::path::Path;
use std::time::Duration;

use grammers_tl_types::{enums, functions};
use topicdesk::clock::Clock;
use topicdesk::desk::automatic::OnResolve;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{AgentName, CommandId, TicketKey};
use topicdesk::desk::queue::{QueueName, Sort};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::runner::{self, Desk, EngineSetup};
use topicdesk::engine::views::{TicketView, View, ViewRequest, Window};
use topicdesk::sandbox::Sandbox;
use topicdesk::telegram::{Setup, link};

use crate::mirror::until_synced;
use crate::support::client::{Phone, channel, sandbox, until};
use crate::support::link::{agent, bot, setup};

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

/// The newest message of a topic with buttons: its id, and what stands on them.
fn question(server: &Sandbox, topic: i32) -> Option<(i32, Vec<String>)> {
    server.world().with(|world| {
        let group = world.group(world.forum())?;
        let mut newest = group.messages().rev().filter(|message| message.topic == topic);
        let found = newest.find(|message| !message.marks.buttons.is_empty())?;
        Some((found.id, found.marks.buttons.iter().map(|button| button.label.clone()).collect()))
    })
}

async fn resolve(handle: &Handle, key: TicketKey, number: &str) {
    let id = |what: &str| CommandId(format!("{what} {number}"));
    let reply = Command::Reply {
        ticket: key,
        text: "It is on its way.".to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Default::default(),
    };
    handle.submit(id("reply"), reply).await.expect("accepted");
    comes(handle, key, "answered", |ticket| ticket.row.waiting_since.is_none()).await;
    handle.submit(id("resolve"), Command::Resolve { ticket: key }).await.expect("accepted");
}

/// A desk that asks at once how it was, with the link of whoever is logged in.
async fn surveying(folder: &Path, setup: Setup) -> (Desk, Handle) {
    let mut rules = Rules::default();
    rules.staff.agents.push(topicdesk::desk::people::Agent {
        name: "anna".into(),
        telegram: None,
        username: None,
        os_user: None,
        timezone: None,
    });
    rules.automatic.on_resolve = OnResolve::Survey;
    rules.automatic.notice_delay = Duration::ZERO;
    let (desk, ends) =
        runner::start(EngineSetup { data: folder.to_owned(), rules, clock: Clock::System }).expect("starts");
    link::spawn(setup, ends.orders, ends.incoming);
    let handle = desk.handle(AgentName::from("anna"));
    until_synced(&handle).await;
    (desk, handle)
}

/// Tickets whose customers wait and are in the group, each of another customer.
async fn waiting(server: &Sandbox, handle: &Handle) -> Vec<(TicketKey, i64)> {
    let queue = ViewRequest::Queue {
        queue: QueueName::Waiting,
        filter: String::new(),
        sort: Sort::Natural,
        offset: 0,
        limit: 50,
    };
    let View::Queue(page) = handle.read(queue).await else { panic!("no queue") };
    let mut waiting: Vec<(TicketKey, i64)> = Vec::new();
    for row in page.rows.iter().filter(|row| row.status.is_live()) {
        let customer = row.customer.as_ref().expect("known").id.0;
        let here =
            server.world().with(|world| world.group(world.forum()).is_some_and(|group| group.is_present(customer)));
        if here && waiting.iter().all(|(_, other)| *other != customer) {
            waiting.push((row.key(), customer));
        }
    }
    waiting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_accounts_survey_is_answered_by_a_bare_number_only() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    agent(&server, &setup).await;
    let (desk, handle) = surveying(folder.path(), setup).await;
    let world = server.world();
    let [(ticket_of, customer), ..] = waiting(&server, &handle).await[..] else { panic!("nobody waits") };
    resolve(&handle, ticket_of, "1").await;
    comes(&handle, ticket_of, "asked", |ticket| ticket.survey.is_some()).await;
    assert_eq!(question(&server, ticket_of.topic.0), None, "a user account has no buttons");
    world.say(customer, ticket_of.topic.0, "5").expect("writes");
    comes(&handle, ticket_of, "scored", |ticket| ticket.survey.as_ref().and_then(|survey| survey.score) == Some(5))
        .await;
    assert_eq!(ticket(&handle, ticket_of).await.row.status.label(), "resolved");
    world.say(customer, ticket_of.topic.0, "2 of them still flicker").expect("writes");
    comes(&handle, ticket_of, "reopened", |ticket| ticket.row.waiting_since.is_some()).await;
    let after = ticket(&handle, ticket_of).await;
    assert!(after.row.status.is_live(), "{after:?}");
    assert_eq!(after.survey.and_then(|survey| survey.score), Some(5), "a number with words is no answer");
    desk.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_answers_by_a_button_changes_it_and_another_by_a_message() {
    let server = sandbox(|options| options.flood_per_minute = 0).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let (desk, handle) = surveying(folder.path(), setup).await;
    let world = server.world();
    let asked = waiting(&server, &handle).await;
    let [(pressed, presser), (written, writer), ..] = asked[..] else { panic!("two customers wait: {asked:?}") };

    // By a button: somebody else's press counts for nothing, and each press is answered.
    resolve(&handle, pressed, "1").await;
    until("the question", || question(&server, pressed.topic.0).is_some()).await;
    let (message, labels) = question(&server, pressed.topic.0).expect("was there");
    assert_eq!(labels, ["1", "2", "3", "4", "5"]);
    comes(&handle, pressed, "asked", |ticket| ticket.survey.is_some()).await;
    let answered = |count: usize| {
        world.with(|world| world.presses().iter().filter(|press| press.answer.is_some()).count()) == count
    };
    world.press(writer, message, "1").expect("presses");
    until("an answer to the stranger", || answered(1)).await;
    // A press that is lost leaves no trace; the next one counts.
    world.lose_pushes(1);
    world.press(presser, message, "2").expect("presses");
    world.press(presser, message, "4").expect("presses");
    comes(&handle, pressed, "scored", |ticket| ticket.survey.as_ref().and_then(|survey| survey.score) == Some(4)).await;
    until("an answer", || answered(2)).await;
    world.press(presser, message, "5").expect("presses");
    comes(&handle, pressed, "changed", |ticket| ticket.survey.as_ref().and_then(|survey| survey.score) == Some(5))
        .await;
    until("answers", || answered(3)).await;
    let said = world.with(|world| world.presses().last().and_then(|press| press.answer.clone()));
    assert!(said.is_some_and(|said| !said.is_empty()), "the customer is thanked");
    assert_eq!(ticket(&handle, pressed).await.row.status.label(), "resolved");

    // By a message, which is no customer write.
    resolve(&handle, written, "2").await;
    until("the question", || question(&server, written.topic.0).is_some()).await;
    comes(&handle, written, "asked", |ticket| ticket.survey.is_some()).await;
    world.say(writer, written.topic.0, "3").expect("writes");
    comes(&handle, written, "scored", |ticket| ticket.survey.as_ref().and_then(|survey| survey.score) == Some(3)).await;
    let row = ticket(&handle, written).await.row;
    assert_eq!((row.status.label(), row.waiting_since), ("resolved", None));
    desk.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_carries_buttons_as_telegram_does() {
    let server = sandbox(|_| {}).await;
    let announcement = server.announcement();
    let agent = Phone::new(announcement, &announcement.first("agent").expect("exists").auth_key);
    // Only bots answer presses, and only presses that there were.
    let answer = functions::messages::SetBotCallbackAnswer {
        alert: false,
        query_id: 5,
        message: None,
        url: None,
        cache_time: 0,
    };
    assert_eq!(agent.refused(&answer).await.0, "USER_BOT_REQUIRED");
    let world = server.world();
    let bot = announcement.first("bot").expect("exists").id;
    let now = world.now();
    let (topic, customer) = world.with(|world| {
        let group = world.group(world.forum()).expect("exists");
        let here = |id: i64| group.is_present(id);
        let mut topics = group.topics();
        let found = topics.find(|topic| topic.id != 1 && !topic.closed && here(topic.creator)).expect("one");
        (found.id, found.creator)
    });
    let mut post = topicdesk::sandbox::world::Post::new(bot, topic, "How was it?");
    let button = topicdesk::sandbox::world::Button { label: "5".to_owned(), data: b"five".to_vec() };
    post.marks.buttons = vec![button.clone()];
    let message = world.with(|world| world.send(post, now)).expect("sends");
    let refused = |result: Result<i64, topicdesk::sandbox::world::Refusal>| result.expect_err("refused").name;
    assert_eq!(refused(world.press(customer, message, "6")), "DATA_INVALID");
    assert_eq!(refused(world.press(customer, topic, "5")), "DATA_INVALID");
    assert_eq!(refused(world.press(424_242, message, "5")), "CHANNEL_PRIVATE");
    let query = world.press(customer, message, "5").expect("presses");
    world.with(|world| {
        assert_eq!(world.answer_press(customer, query, "").expect_err("not the bot").name, "QUERY_ID_INVALID");
        world.answer_press(bot, query, "Thanks").expect("answers");
        let too_much = topicdesk::sandbox::world::Button { data: vec![0; 65], ..button.clone() };
        let edits =
            |world: &mut topicdesk::sandbox::world::World, buttons| world.edit_buttons(0, bot, message, buttons, now);
        assert_eq!(edits(world, vec![too_much]).expect_err("too long").name, "BUTTON_DATA_INVALID");
        assert_eq!(edits(world, vec![button]).expect_err("the same").name, "MESSAGE_NOT_MODIFIED");
        edits(world, Vec::new()).expect("takes them off");
    });
    let request = functions::channels::GetMessages {
        channel: channel(&announcement.group),
        id: vec![grammers_tl_types::types::InputMessageId { id: message }.into()],
    };
    let enums::messages::Messages::ChannelMessages(found) = agent.call(&request).await.expect("is there") else {
        panic!("messages of a channel")
    };
    let [enums::Message::Message(shown)] = &found.messages[..] else { panic!("one") };
    assert!(shown.reply_markup.is_none() && shown.edit_hide && shown.message == "How was it?", "{shown:?}");
}
