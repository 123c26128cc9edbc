//! Tickets opened from General over real sockets: what Telegram says to each step, and a whole desk that takes them.

use topicdesk::clock::Clock;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{AgentName, CommandId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use topicdesk::desk::people::Agent;
use topicdesk::desk::rules::Rules;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::runner::{self, EngineSetup};
use topicdesk::engine::transport::{Forward, Incoming, NewTopic, Order, Outcome};
use topicdesk::engine::views::{OutboxRow, QueueName, Sort, ThreadPage, TicketRow, View, ViewRequest, Window};
use topicdesk::sandbox::world::{self, AdminRights, BannedRights, Standing};
use topicdesk::sandbox::{Fault, Sandbox};
use topicdesk::telegram::link;

use crate::mirror::until_synced;
use crate::support::client::{sandbox, until};
use crate::support::link::{Desk, bot, setup};

/// The desk's bot, a customer, and what the customer has just said in General.
fn cast(server: &Sandbox) -> (i64, i64, [i32; 2]) {
    let id = |kind: &str| server.announcement().first(kind).expect("the shop has one").id;
    let (bot, customer) = (id("bot"), id("customer"));
    let world = server.world();
    let said = ["My parcel is lost", "It is number 77"].map(|words| world.say(customer, 1, words).expect("says it"));
    (bot, customer, said)
}

fn topics(server: &Sandbox) -> usize {
    server.world().with(|world| world.group(world.forum()).expect("exists").topics().count())
}

async fn made(desk: &mut Desk, random_id: i64) -> Outcome {
    let (outbox, title) = (OutboxId(5), "Lost parcel".to_owned());
    desk.order(Order::MakeTopic(NewTopic { outbox, group: desk.group, title, random_id }));
    let ended = |incoming: &Incoming| match incoming {
        Incoming::TopicMade { outbox: OutboxId(5), outcome } => Some(outcome.clone()),
        _ => None,
    };
    desk.until("a topic", ended).await
}

async fn forwarded(desk: &mut Desk, topic: i32, messages: &[(i32, i64)]) -> (Outcome, Vec<(i64, MessageId)>) {
    let messages = messages.iter().map(|(id, random_id)| (MessageId(*id), *random_id)).collect();
    let forward = Forward { outbox: OutboxId(6), group: desk.group, topic: TopicId(topic), messages };
    desk.order(Order::Forward(forward));
    let ended = |incoming: &Incoming| match incoming {
        Incoming::Forwarded { outbox: OutboxId(6), outcome, copies } => Some((outcome.clone(), copies.clone())),
        _ => None,
    };
    desk.until("copies", ended).await
}

fn id_of(outcome: &Outcome) -> i32 {
    match outcome {
        Outcome::Sent { message, .. } => message.0,
        other => panic!("not done: {other:?}"),
    }
}

fn refused(outcome: &Outcome, words: &str) {
    assert!(matches!(outcome, Outcome::Refused { why, .. } if why.contains(words)), "{words}: {outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_is_done_once_however_often_it_is_asked_for() {
    let server = sandbox(|options| options.flood_per_minute = 0).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    let (bot, customer, [first, second]) = cast(&server);
    let world = server.world();
    let before = topics(&server);

    let topic = id_of(&made(&mut desk, 71).await);
    assert_eq!(id_of(&made(&mut desk, 71).await), topic, "the same call again");
    // Cut off after it was carried out: the call is made again, and finds it done.
    world.arm("messages.createForumTopic", Some(bot), Fault::CutAfter);
    let other = id_of(&made(&mut desk, 72).await);
    assert_ne!(other, topic);
    assert_eq!(topics(&server), before + 2);
    world.arm("messages.createForumTopic", Some(bot), Fault::flood_wait(7));
    assert!(matches!(made(&mut desk, 73).await, Outcome::Later { .. }));

    let (outcome, copies) = forwarded(&mut desk, topic, &[(first, 81), (second, 82)]).await;
    assert_eq!(copies.iter().map(|(random_id, _)| *random_id).collect::<Vec<_>>(), [81, 82]);
    assert_eq!(id_of(&outcome), copies[1].1.0);
    world.arm("messages.forwardMessages", Some(bot), Fault::CutAfter);
    let (_, again) = forwarded(&mut desk, topic, &[(first, 81), (second, 82)]).await;
    assert_eq!(again, copies);
    let texts = world.texts(topic);
    assert_eq!(texts, [(bot, "My parcel is lost".to_owned()), (bot, "It is number 77".to_owned())]);
    // Telegram's own author is the bot; whose words they are is in the header.
    let there = |desk: &Desk| desk.text(copies[1].1.0).is_some();
    desk.mirrored("the copies", there).await;
    let copy = &desk.messages[&copies[0].1];
    assert_eq!((copy.author, copy.topic), (PersonId(bot), TopicId(topic)));
    let name = world.with(|world| world.account(customer).expect("exists").first_name.clone());
    assert!(format!("{copy:?}").contains(&format!("forwarded_from: Some(\"{name}")), "{copy:?}");

    let now = world.now();
    world.with(|world| world.delete_messages(0, customer, &[second], now)).expect("deletes their own");
    refused(&forwarded(&mut desk, topic, &[(second, 83)]).await.0, "no longer exists");
    world.with(|world| world.set_noforwards(world.forum(), true)).expect("protects");
    refused(&forwarded(&mut desk, topic, &[(first, 84)]).await.0, "does not allow to forward");
    let less = AdminRights { manage_topics: false, ..AdminRights::all() };
    let nobody = BannedRights { manage_topics: true, ..BannedRights::default() };
    world.with(|world| {
        world.set_default_banned(world.forum(), nobody).expect("forbids");
        world.set_standing(world.forum(), bot, Standing::Admin(less)).expect("demotes");
    });
    refused(&made(&mut desk, 74).await, "may not write");
    assert_eq!(topics(&server), before + 2);
}

async fn page(handle: &Handle, ticket: TicketKey) -> Option<ThreadPage> {
    match handle.read(ViewRequest::Thread { ticket, window: Window::Newest, limit: 50 }).await {
        View::Thread(page) => Some(*page),
        _ => None,
    }
}

async fn intake(handle: &Handle) -> Vec<TicketRow> {
    let request = ViewRequest::Queue {
        queue: QueueName::Intake,
        filter: String::new(),
        sort: Sort::Natural,
        offset: 0,
        limit: 100,
    };
    match handle.read(request).await {
        View::Queue(page) => page.rows,
        other => panic!("no queue: {other:?}"),
    }
}

async fn outbox(handle: &Handle) -> Vec<OutboxRow> {
    match handle.read(ViewRequest::Outbox).await {
        View::Outbox { rows } => rows,
        other => panic!("no outbox: {other:?}"),
    }
}

/// Waits until what is read is as it should be.
async fn comes<T>(handle: &Handle, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut revisions = handle.watch();
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            let _looked = tokio::time::timeout(std::time::Duration::from_millis(200), revisions.next()).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_opens_a_ticket_from_general_through_cuts_and_refusals() {
    let server = sandbox(|options| options.flood_per_minute = 0).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let mut rules = Rules::default();
    let name = AgentName::from("anna");
    rules.staff.agents.push(Agent {
        name: name.clone(),
        telegram: None,
        username: None,
        os_user: None,
        timezone: None,
    });
    let (desk, ends) =
        runner::start(EngineSetup { data: folder.path().to_owned(), rules, clock: Clock::System }).expect("starts");
    link::spawn(setup, ends.orders, ends.incoming);
    let handle = desk.handle(name);
    until_synced(&handle).await;
    let (bot, customer, said) = cast(&server);
    let world = server.world();
    let general = TicketKey { group: topicdesk::desk::ids::GroupId(server.announcement().group.id), topic: TopicId(1) };
    let has = |rows: &[TicketRow], id: i32| rows.iter().any(|row| row.message == Some(MessageId(id)));
    comes(&handle, "both in Intake", async || {
        let rows = intake(&handle).await;
        (has(&rows, said[0]) && has(&rows, said[1])).then_some(())
    })
    .await;
    let asked =
        world.with(|world| world.group(world.forum()).and_then(|group| group.message(said[0])).expect("is there").date);

    // Every step is cut off once after it was carried out, and the first is refused before that.
    world.arm("messages.createForumTopic", Some(bot), Fault::Refuse(world::Refusal::new(403, "CHAT_WRITE_FORBIDDEN")));
    let before = topics(&server);
    let command = Command::OpenFrom {
        ticket: general,
        messages: said.map(MessageId).to_vec(),
        title: "Lost parcel".to_owned(),
        confirmed: false,
    };
    let receipt = handle.submit(CommandId("1".to_owned()), command).await.expect("accepted");
    let row = receipt.outbox.expect("a row");
    let parked =
        comes(&handle, "parked", async || outbox(&handle).await.into_iter().find(OutboxRow::needs_a_word)).await;
    assert!(parked.why().starts_with("the topic was not created: "), "{parked:?}");
    for method in ["messages.createForumTopic", "messages.forwardMessages", "messages.sendMessage"] {
        world.arm(method, Some(bot), Fault::CutAfter);
    }
    let retry = Command::RetryOutbox { outbox: row, seen: None };
    handle.submit(CommandId("2".to_owned()), retry).await.expect("accepted");
    comes(&handle, "all done", async || outbox(&handle).await.is_empty().then_some(())).await;
    let View::Ticket { ticket: Some(ticket) } = handle.read(ViewRequest::OpenedBy { outbox: row }).await else {
        panic!("no ticket")
    };
    assert_eq!(topics(&server), before + 1);
    let texts = world.texts(ticket.topic.0);
    assert_eq!(texts, [(bot, "My parcel is lost".to_owned()), (bot, "It is number 77".to_owned())]);
    let place = format!("/{}", ticket.topic);
    let told =
        |(author, text): &(i64, String)| *author == bot && text.contains("https://t.me/") && text.ends_with(&place);
    until("the reply", || world.texts(1).iter().filter(|text| told(text)).count() == 1).await;
    let page =
        comes(&handle, "the copies", async || page(&handle, ticket).await.filter(|page| page.ticket.messages == 2))
            .await;
    let row = &page.ticket.row;
    assert_eq!(row.customer.as_ref().map(|person| person.id), Some(PersonId(customer)));
    let asked = topicdesk::clock::Timestamp::from_unix(asked);
    assert_eq!((row.opened_at, row.waiting_since, page.ticket.first_asked_at), (asked, Some(asked), Some(asked)));
    let authors: Vec<_> =
        page.thread.iter().filter(|entry| entry.message_id.is_some() && entry.forwarded_from.is_some()).collect();
    assert!(
        authors.len() == 2 && authors.iter().all(|entry| entry.author_id == Some(PersonId(customer))),
        "{authors:?}"
    );
    let rows = intake(&handle).await;
    assert!(!has(&rows, said[0]) && !has(&rows, said[1]));
    // What the customer writes there goes on.
    world.say(customer, ticket.topic.0, "thank you, I see it").expect("says it");
    comes(&handle, "goes on", async || {
        crate::opening::page(&handle, ticket).await.filter(|page| page.ticket.messages == 3)
    })
    .await;
    desk.stop();
}
