//! Summons over real sockets: a firing arrives in an agent's own chat exactly once, whoever cannot be reached is named, and the customers' group
//! hears nothing of it.

use std::path::Path;
use std::time::Duration;

use grammers_tl_types::{enums, functions, types};
use topicdesk::clock::Clock;
use topicdesk::config;
use topicdesk::desk::escalation::Escalations;
use topicdesk::desk::ids::{AgentName, GroupId, TicketKey, TopicId};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::runner::{self, Desk, EngineSetup};
use topicdesk::engine::transport::Weight;
use topicdesk::engine::views::{View, ViewRequest, Window};
use topicdesk::sandbox::world::{AccountKind, BotChat, Refusal};
use topicdesk::sandbox::{Fault, Sandbox, WorldSource};
use topicdesk::telegram::{Setup, doctor, link};

use crate::mirror::until_synced;
use crate::support::client::{Phone, sandbox, text, until};
use crate::support::link::{agent, bot, setup};

/// People of the shop's world.
const ANNA: i64 = 5_100_000_001;
const TOM: i64 = 5_100_000_002;
const MIA: i64 = 5_100_000_003;
const STAFF_ROOM: i64 = 1_700_000_077;

/// A rule that everybody is told by in Telegram.
fn rules(chat: &str, notify: &str) -> Rules {
    let text = format!(
        "[telegram]\n{chat}\n[[agents]]\nname = \"anna\"\ntelegram = {ANNA}\n\
         [[agents]]\nname = \"tom\"\ntelegram = \"@tom_kestrel\"\n[[agents]]\nname = \"mia\"\ntelegram = {MIA}\n\
         [[escalations]]\nname = \"late\"\nunanswered_messages = 1\n{notify}note = \"secret words\"\n"
    );
    config::from_text("desk.toml", &text, None).expect("right").rules
}

async fn desk(folder: &Path, setup: Setup, rules: Rules) -> (Desk, Handle) {
    let (desk, ends) =
        runner::start(EngineSetup { data: folder.to_owned(), rules, clock: Clock::System }).expect("starts");
    link::spawn(setup, ends.orders, ends.incoming);
    let handle = desk.handle(AgentName::from("anna"));
    until_synced(&handle).await;
    (desk, handle)
}

/// A topic that its customer opens now, and asks in.
fn asks(server: &Sandbox) -> i32 {
    let world = server.world();
    let customer = world.with(|world| {
        let group = world.group(world.forum()).expect("exists");
        let is_customer = |id: i64| world.account(id).is_some_and(|account| account.kind == AccountKind::Customer);
        let mut creators = group.topics().map(|topic| topic.creator);
        creators.find(|creator| is_customer(*creator) && group.is_present(*creator)).expect("one")
    });
    let topic = world.open_topic(customer, "Torn tent").expect("opens");
    world.say(customer, topic, "Can you mend it?").expect("writes");
    topic
}

fn private(server: &Sandbox, account: i64) -> Vec<String> {
    server.world().with(|world| world.privates(account).iter().map(|message| message.text.clone()).collect())
}

fn in_staff_room(server: &Sandbox) -> Vec<String> {
    server.world().with(|world| {
        let group = world.group(STAFF_ROOM).expect("exists");
        group.messages().filter(|message| !message.is_service()).map(|message| message.text().to_owned()).collect()
    })
}

async fn lines(handle: &Handle, server: &Sandbox, topic: i32) -> Vec<String> {
    let ticket = TicketKey { group: GroupId(server.announcement().group.id), topic: TopicId(topic) };
    match handle.read(ViewRequest::Thread { ticket, window: Window::Newest, limit: 50 }).await {
        View::Thread(page) => {
            let all = page.thread.into_iter().map(|entry| entry.text);
            all.filter(|line| line.contains("could not reach")).collect()
        }
        other => panic!("no thread: {other:?}"),
    }
}

/// Waits until a ticket's log names so many who could not be reached.
async fn unreached(handle: &Handle, server: &Sandbox, topic: i32, count: usize) -> Vec<String> {
    let mut revisions = handle.watch();
    let wait = async {
        loop {
            let told = lines(handle, server, topic).await;
            if told.len() >= count {
                return told;
            }
            revisions.next().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the log names them")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_firing_arrives_once_whatever_becomes_of_the_call_and_a_blocked_agent_is_named() {
    let server = sandbox(|_| {}).await;
    let world = server.world();
    world.with(|world| world.set_bot_chat(TOM, BotChat::Blocked));
    world.with(|world| world.set_bot_chat(MIA, BotChat::Never));
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    bot(&server, &setup).await;
    let chat = format!("staff_chat = -100{STAFF_ROOM}");
    let rules = rules(&chat, "notify = \"@all\"\ntell = [\"telegram\", \"staff_chat\"]\nmessage = \"Please answer\"\n");

    // The doctor finds the same, and says nothing to anybody.
    let (reach, without) = Escalations::reach(&rules);
    assert_eq!((reach.len(), without), (4, vec![]));
    let found = doctor::examine(&setup, false, &reach).await.expect("examines").findings;
    for (weight, what) in [
        (Weight::Fine, "rules can reach anna in Telegram"),
        (Weight::Risk, "rules cannot reach tom in Telegram: has blocked the desk's account"),
        (Weight::Risk, "rules cannot reach mia in Telegram: has never written to the bot"),
        (Weight::Fine, "rules can reach the staff chat in Telegram"),
    ] {
        let fits = |one: &&topicdesk::engine::transport::Finding| one.what.starts_with(what);
        assert_eq!(found.iter().find(fits).map(|one| one.weight), Some(weight), "{what}: {found:?}");
    }
    assert_eq!((private(&server, ANNA), in_staff_room(&server)), (vec![], vec![]));

    let (desk, handle) = desk(folder.path(), setup, rules).await;
    // Two calls go through, and nobody hears of it; another is not even begun.
    let bot = server.announcement().first("bot").expect("exists").id;
    world.arm("messages.sendMessage", Some(bot), Fault::CutAfter);
    world.arm("messages.sendMessage", Some(bot), Fault::CutBefore);
    world.arm("messages.sendMessage", Some(bot), Fault::CutAfter);
    let topic = asks(&server);
    until("anna is told", || !private(&server, ANNA).is_empty()).await;
    until("the staff room is told", || !in_staff_room(&server).is_empty()).await;
    let mut told = unreached(&handle, &server, topic, 2).await;
    told.sort();
    assert_eq!(
        told,
        [
            "\"late\" could not reach mia in Telegram: has never written to the bot: they must open its chat in Telegram and press Start",
            "\"late\" could not reach tom in Telegram: has blocked the desk's account",
        ]
    );
    // The desk is at rest when a reply that was written after all of it is there.
    let after = asks(&server);
    until("anna is told of the next", || private(&server, ANNA).len() == 2).await;
    until("the staff room too", || in_staff_room(&server).len() == 2).await;
    let words = private(&server, ANNA);
    let link = |topic: i32| format!("https://t.me/kestrel_help/{topic}");
    assert!(words[0].starts_with(&format!("Please answer\n#{topic} Torn tent\n")), "{words:?}");
    assert!(words[0].ends_with(&link(topic)) && words[1].ends_with(&link(after)), "{words:?}");
    assert_eq!(in_staff_room(&server), words);
    assert_eq!((private(&server, TOM), private(&server, MIA)), (vec![], vec![]));
    let said = world.texts(topic);
    assert_eq!(said.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["Can you mend it?"], "nothing else");
    assert!(words.iter().all(|text| !text.contains("secret")), "{words:?}");
    desk.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_account_tells_agents_too_and_never_in_the_customers_group() {
    let server = sandbox(|_| {}).await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path(), 0);
    agent(&server, &setup).await;
    // By its name in Telegram it is found to be the customers' group only there.
    let rules = rules("staff_chat = \"@kestrel_help\"", "notify = \"@all\"\ntell = [\"telegram\", \"staff_chat\"]\n");
    let (reach, _) = Escalations::reach(&rules);
    let found = doctor::examine(&setup, false, &reach).await.expect("examines").findings;
    let said = |what: &str| found.iter().any(|one| one.what.starts_with(what));
    assert!(said("rules cannot reach the staff chat in Telegram: it is the group of the customers"), "{found:?}");
    assert!(said("rules cannot reach anna in Telegram: the desk itself is logged in with this account"), "{found:?}");
    assert!(said("rules can reach tom in Telegram"), "{found:?}");
    let (desk, handle) = desk(folder.path(), setup, rules).await;
    let topic = asks(&server);
    until("tom is told", || private(&server, TOM).len() == 1).await;
    until("mia is told", || private(&server, MIA).len() == 1).await;
    let told = unreached(&handle, &server, topic, 2).await;
    assert!(told.iter().any(|line| line.contains("could not reach the staff chat")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("could not reach anna")), "{told:?}");
    let texts = server.world().texts(1);
    assert!(texts.iter().all(|(_, text)| !text.contains("Torn tent")), "{texts:?}");
    desk.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_carries_private_chats_as_telegram_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("world.toml");
    let shop = include_str!("../../assets/worlds/shop.toml");
    let with = |key: &str, chat: &str, text: &str| {
        text.replacen(&format!("key = \"{key}\"\n"), &format!("key = \"{key}\"\nbot_chat = \"{chat}\"\n"), 1)
    };
    std::fs::write(&file, with("mia", "never", &with("tom", "blocked", shop))).expect("writes");
    let server = sandbox(|options| options.world = WorldSource::File(file)).await;
    let announcement = server.announcement();
    let bot = Phone::new(announcement, &announcement.first("bot").expect("exists").auth_key);
    let mut anna = Phone::new(announcement, &announcement.first("agent").expect("exists").auth_key);
    let state = |answer| {
        let enums::updates::State::State(state) = answer;
        state
    };
    let before = state(anna.call(&functions::updates::GetState {}).await.expect("a state"));
    let to = |user_id: i64, random_id: i64| functions::messages::SendMessage {
        peer: types::InputPeerUser { user_id, access_hash: 0 }.into(),
        reply_to: None,
        ..text(&announcement.group, 1, "Look at #7", random_id)
    };
    assert_eq!(bot.refused(&to(TOM, 1)).await.0, "USER_IS_BLOCKED");
    assert_eq!(bot.refused(&to(MIA, 1)).await.0, "PEER_ID_INVALID");
    assert_eq!(bot.refused(&to(7_100_000_002, 1)).await.0, "USER_IS_BOT");
    assert_eq!(bot.refused(&to(424_242, 1)).await.0, "PEER_ID_INVALID");
    assert_eq!(anna.refused(&to(TOM, 1)).await.0, "PEER_ID_INVALID", "a user must know the access hash");
    let typing = |user_id: i64| functions::messages::SetTyping {
        peer: types::InputPeerUser { user_id, access_hash: 0 }.into(),
        top_msg_id: None,
        action: enums::SendMessageAction::SendMessageCancelAction,
    };
    assert_eq!(bot.refused(&typing(TOM)).await.0, "USER_IS_BLOCKED");
    assert!(bot.call(&typing(ANNA)).await.expect("may"));
    // Twice the same call is one message.
    for _ in 0..2 {
        match bot.call(&to(ANNA, 5)).await.expect("sends") {
            enums::Updates::UpdateShortSentMessage(short) => {
                assert_eq!((short.id, short.pts, short.pts_count), (1, 2, 1));
            }
            other => panic!("a short answer: {other:?}"),
        }
    }
    assert_eq!(private(&server, ANNA), ["Look at #7"]);
    let came = loop {
        let pushed = anna.pushed().await;
        let new = pushed.into_iter().find_map(|update| match update {
            enums::Update::NewMessage(new) => Some(new),
            _ => None,
        });
        if let Some(new) = new {
            break new;
        }
    };
    let enums::Message::Message(message) = &came.message else { panic!("{came:?}") };
    assert_eq!(
        (message.message.as_str(), message.out, came.pts, came.pts_count),
        ("Look at #7", false, before.pts + 1, 1)
    );
    let difference = functions::updates::GetDifference {
        pts: before.pts,
        pts_limit: None,
        pts_total_limit: None,
        date: before.date,
        qts: before.qts,
        qts_limit: None,
    };
    let enums::updates::Difference::Difference(missed) = anna.call(&difference).await.expect("what was missed") else {
        panic!("something was missed")
    };
    let enums::updates::State::State(after) = missed.state;
    assert_eq!((missed.new_messages, after.pts), (vec![came.message], before.pts + 1));
    let error: Result<i32, Refusal> = server.world().with(|world| world.write_to(ANNA, TOM, " ", Clock::System.now()));
    assert_eq!(error.expect_err("empty").name, "MESSAGE_EMPTY");
}
