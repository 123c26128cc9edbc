//! Engine, client and sandbox together over real sockets: what is in the world is in the store, once.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use topicdesk::clock::Clock;
use topicdesk::desk::along::Along;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{AgentName, CommandId, GroupId, TicketKey, TopicId};
use topicdesk::desk::rules::Rules;
use topicdesk::engine::handle::Handle;
use topicdesk::engine::runner::{self, Desk, EngineSetup};
use topicdesk::engine::transport::LinkState;
use topicdesk::engine::views::{DeskView, ThreadPage, View, ViewRequest, Window};
use topicdesk::sandbox::{Fault, Options, Sandbox};
use topicdesk::store::Reader;
use topicdesk::telegram::{GroupSelector, SandboxTarget, Secret, Setup, link, login};

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Answers {
    phone: String,
    code: String,
    password: String,
}

impl login::Ask for Answers {
    fn phone(&mut self) -> Result<String, String> {
        Ok(self.phone.clone())
    }
    fn code(&mut self, _to: &str) -> Result<Secret, String> {
        Ok(Secret::new(self.code.clone()))
    }
    fn password(&mut self, _hint: Option<&str>) -> Result<Secret, String> {
        Ok(Secret::new(self.password.clone()))
    }
    fn wrong(&mut self, sentence: &str) {
        panic!("{sentence}");
    }
}

pub(crate) async fn sandbox() -> Sandbox {
    topicdesk::sandbox::start(Options { flood_per_minute: 0, ..Options::default() }).await.expect("sandbox")
}

pub(crate) fn setup(sandbox: &Sandbox, folder: &Path) -> Setup {
    let announcement = sandbox.announcement();
    Setup {
        api_id: 1,
        api_hash: Secret::new("hash"),
        session: folder.join("session.db"),
        groups: vec![GroupSelector::Id(announcement.group.id).into()],
        sandbox: Some(SandboxTarget {
            address: sandbox.address(),
            dc_id: announcement.dc_id,
            auth_key: Secret::new(announcement.free_keys[0].clone()),
        }),
        calls_per_second: 0.0,
        clock: Clock::System,
    }
}

pub(crate) async fn login_as_bot(sandbox: &Sandbox, setup: &Setup) {
    let bot = sandbox.announcement().first("bot").expect("a bot");
    let token = Secret::new(bot.token.clone().expect("token"));
    login::as_bot(setup, &token).await.expect("login");
}

pub(crate) async fn login_as_user(sandbox: &Sandbox, setup: &Setup) {
    let agent = sandbox.announcement().first("agent").expect("an agent").clone();
    let mut answers = Answers {
        phone: agent.phone.expect("phone"),
        code: agent.code.expect("code"),
        password: agent.password.unwrap_or_default(),
    };
    login::as_user(setup, &mut answers).await.expect("login");
}

fn rules() -> Rules {
    let mut rules = Rules::default();
    rules.staff.agents.push(topicdesk::desk::people::Agent {
        name: "anna".into(),
        telegram: None,
        username: None,
        os_user: None,
        timezone: None,
    });
    rules
}

pub(crate) fn open(folder: &Path, setup: Setup) -> (Desk, Handle) {
    let engine = EngineSetup { data: folder.to_owned(), rules: rules(), clock: Clock::System };
    let (desk, ends) = runner::start(engine).expect("engine");
    link::spawn(setup, ends.orders, ends.incoming);
    let handle = desk.handle(AgentName::from("anna"));
    (desk, handle)
}

/// Waits until the desk is as it should be, re-reading after every revision.
pub(crate) async fn until(handle: &Handle, what: &str, mut good: impl FnMut(&DeskView) -> bool) {
    let mut revisions = handle.watch();
    let wait = async {
        loop {
            if let View::Desk(desk) = handle.read(ViewRequest::Desk).await
                && good(&desk)
            {
                return;
            }
            revisions.next().await;
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        panic!("{what}: {:?}", handle.read(ViewRequest::Desk).await);
    }
}

pub(crate) async fn until_synced(handle: &Handle) {
    until(handle, "never in sync", |desk| {
        desk.link == Some(LinkState::Live) && desk.backfill.is_none() && desk.holes.is_empty()
    })
    .await;
}

async fn thread(handle: &Handle, ticket: TicketKey) -> Option<ThreadPage> {
    match handle.read(ViewRequest::Thread { ticket, window: Window::Newest, limit: 500 }).await {
        View::Thread(page) => Some(*page),
        _ => None,
    }
}

pub(crate) async fn until_thread(
    handle: &Handle,
    ticket: TicketKey,
    what: &str,
    mut good: impl FnMut(&ThreadPage) -> bool,
) {
    let mut revisions = handle.watch();
    let wait = async {
        loop {
            if thread(handle, ticket).await.as_ref().is_some_and(&mut good) {
                return;
            }
            revisions.next().await;
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        panic!("{what}: {:#?}", thread(handle, ticket).await);
    }
}

/// The ids that the desk's account may see in the world, against those in the store.
fn assert_same(sandbox: &Sandbox, folder: &Path, group: GroupId, bot: bool) {
    let own = sandbox.announcement().first("bot").expect("a bot").id;
    let world: BTreeSet<i32> = sandbox.world().with(|world| {
        let forum = world.forum();
        let is_other_bot = |id| id != own && world.account(id).is_some_and(|account| account.is_bot());
        let messages = world.group(forum).into_iter().flat_map(|group| group.messages());
        // Bots are blind to other bots' messages, but for what they do to topics.
        messages
            .filter(|message| !(bot && is_other_bot(message.sender) && !message.is_service()))
            .map(|message| message.id)
            .collect()
    });
    let store: BTreeSet<i32> =
        Reader::open(folder).expect("store").ids(group).expect("ids").into_iter().map(|id| id.0).collect();
    let missing: Vec<_> = world.difference(&store).collect();
    let made_up: Vec<_> = store.difference(&world).collect();
    assert!(missing.is_empty() && made_up.is_empty(), "missing {missing:?}, made up {made_up:?}");
}

fn reply(ticket: TicketKey, text: &str) -> Command {
    Command::Reply {
        ticket,
        text: text.to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    }
}

pub(crate) fn customer(sandbox: &Sandbox) -> i64 {
    sandbox.announcement().first("customer").expect("a customer").id
}

#[tokio::test(flavor = "multi_thread")]
async fn as_bot_everything_comes_and_a_reply_goes_out_once() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_bot(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup.clone());
    until_synced(&handle).await;
    let group = GroupId(sandbox.announcement().group.id);
    assert_same(&sandbox, folder.path(), group, true);

    let customer = customer(&sandbox);
    let topic = sandbox.world().open_topic(customer, "Does it work?").expect("topic");
    let question = sandbox.world().say(customer, topic, "It does not work").expect("said");
    let key = TicketKey { group, topic: TopicId(topic) };
    let asked = |page: &ThreadPage| page.thread.iter().any(|entry| entry.message_id.is_some_and(|id| id.0 == question));
    until_thread(&handle, key, "the question never came", asked).await;

    // The server takes the call and the connection is cut before it answers: the worst moment.
    sandbox.world().arm("messages.sendMessage", None, Fault::CutAfter);
    handle.submit(CommandId("one".into()), reply(key, "Have you tried again?")).await.expect("accepted");
    until_thread(&handle, key, "the reply never settled", |page| {
        page.thread.iter().any(|entry| entry.state.as_deref() == Some("sent"))
    })
    .await;
    let sent = sandbox.world().texts(topic);
    assert_eq!(sent.iter().filter(|(_, text)| text == "Have you tried again?").count(), 1, "{sent:?}");
    until_thread(&handle, key, "one entry", |page| page.ticket.row.waiting_since.is_none()).await;
    let page = thread(&handle, key).await.expect("thread");
    assert_eq!(page.thread.iter().filter(|entry| entry.text == "Have you tried again?").count(), 1, "{page:#?}");

    // The process ends; what happens meanwhile comes when it is there again.
    desk.stop();
    for number in 0..150 {
        sandbox.world().say(customer, topic, &format!("still waiting {number}")).expect("said");
    }
    let (desk, handle) = open(folder.path(), setup);
    until_thread(&handle, key, "what was missed never came", |page| {
        page.thread.iter().any(|entry| entry.text == "still waiting 149")
    })
    .await;
    until_synced(&handle).await;
    assert_same(&sandbox, folder.path(), group, true);
    desk.stop();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_user_everything_comes_too() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_user(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup);
    until_synced(&handle).await;
    let group = GroupId(sandbox.announcement().group.id);
    assert_same(&sandbox, folder.path(), group, false);
    desk.stop();
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cuts_while_everybody_writes_lose_nothing() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().expect("folder");
    let setup = setup(&sandbox, folder.path());
    login_as_bot(&sandbox, &setup).await;
    let (desk, handle) = open(folder.path(), setup);
    until_synced(&handle).await;
    let group = GroupId(sandbox.announcement().group.id);
    let customer = customer(&sandbox);
    let topic = sandbox.world().open_topic(customer, "Many things").expect("topic");
    let key = TicketKey { group, topic: TopicId(topic) };
    for round in 0..8 {
        if round % 2 == 1 {
            sandbox.world().lose_pushes(5);
        }
        for number in 0..10 {
            sandbox.world().say(customer, topic, &format!("{round}-{number}")).expect("said");
        }
        if round % 2 == 0 {
            sandbox.world().cut_all();
        }
        sandbox.world().say(customer, topic, &format!("{round} done")).expect("said");
        let last = format!("{round} done");
        until_thread(&handle, key, &last, |page| page.thread.iter().any(|entry| entry.text == last)).await;
    }
    until_synced(&handle).await;
    assert_same(&sandbox, folder.path(), group, true);
    desk.stop();
    sandbox.stop().await;
}
