//! Two groups in one desk over real sockets: both are mirrored, replies go where they belong, and one that is lost takes nothing from the
//! other; and how the command line names tickets then.

use std::path::{Path, PathBuf};

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{CommandId, GroupId, TicketKey, TopicId};
use topicdesk::engine::handle::Handle;
use topicdesk::engine::transport::{Incoming, LinkState};
use topicdesk::engine::views::{QueueName, Sort, ThreadPage, TicketRow, View, ViewRequest, Window};
use topicdesk::sandbox::world::{Post, Standing};
use topicdesk::sandbox::{Options, Sandbox, WorldSource};
use topicdesk::telegram::{GroupSelector, Setup, Wanted};

use crate::mirror::{login_as_bot, open, until};
use crate::support::link::{self, Desk};
use crate::support::process::SandboxProcess;

const SHOP: GroupId = GroupId(1_700_000_101);
const BUSINESS: GroupId = GroupId(1_700_000_102);
const BOT: i64 = 7_100_000_101;
const NINA: i64 = 6_100_000_101;
const OSKAR: i64 = 6_100_000_102;

fn world() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/worlds/two-groups.toml")
}

async fn sandbox() -> Sandbox {
    let world = WorldSource::File(world());
    topicdesk::sandbox::start(Options { world, flood_per_minute: 0, ..Options::default() }).await.expect("sandbox")
}

fn setup(server: &Sandbox, folder: &Path) -> Setup {
    let wanted = |id: GroupId, name: &str| Wanted { name: Some(name.to_owned()), ..GroupSelector::Id(id.0).into() };
    Setup { groups: vec![wanted(SHOP, "shop"), wanted(BUSINESS, "business")], ..crate::mirror::setup(server, folder) }
}

/// Says something in a topic of a group.
fn say(server: &Sandbox, group: GroupId, author: i64, topic: i32, text: &str) -> i32 {
    let now = server.world().now();
    let post = Post { group: group.0, ..Post::new(author, topic, text) };
    server.world().with(|world| world.send(post, now)).expect("may write")
}

/// The texts of a topic as Telegram has them.
fn told(server: &Sandbox, group: GroupId, topic: i32) -> Vec<String> {
    server.world().with(|world| {
        let messages = world.group(group.0).expect("is there").messages();
        messages.filter(|one| one.topic == topic && !one.is_service()).map(|one| one.text().to_owned()).collect()
    })
}

async fn rows(handle: &Handle) -> Vec<TicketRow> {
    let (queue, filter) = (QueueName::All, String::new());
    match handle.read(ViewRequest::Queue { queue, filter, sort: Sort::Natural, offset: 0, limit: 50 }).await {
        View::Queue(page) => page.rows,
        other => panic!("no queue: {other:?}"),
    }
}

async fn thread(handle: &Handle, ticket: TicketKey) -> ThreadPage {
    match handle.read(ViewRequest::Thread { ticket, window: Window::Newest, limit: 50 }).await {
        View::Thread(page) => *page,
        other => panic!("no thread: {other:?}"),
    }
}

fn texts(page: &ThreadPage) -> Vec<&str> {
    page.thread.iter().map(|entry| entry.text.as_str()).collect()
}

async fn reply(handle: &Handle, ticket: TicketKey, text: &str) -> Result<(), Refusal> {
    let command = Command::Reply {
        ticket,
        text: text.to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    };
    handle.submit(CommandId(text.to_owned()), command).await.map(|_| ())
}

/// Waits until a text is in a thread.
async fn comes(handle: &Handle, ticket: TicketKey, text: &str) {
    let mut revisions = handle.watch();
    let wait = async {
        while !texts(&thread(handle, ticket).await).contains(&text) {
            revisions.next().await.expect("the desk runs");
        }
    };
    tokio::time::timeout(crate::support::client::PATIENCE, wait).await.unwrap_or_else(|_| panic!("in vain: {text}"));
}

/// Waits until Telegram has a text.
async fn arrives(server: &Sandbox, ticket: TicketKey, text: &str) {
    let wait = async {
        while !told(server, ticket.group, ticket.topic.0).iter().any(|told| told == text) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::support::client::PATIENCE, wait).await.unwrap_or_else(|_| panic!("in vain: {text}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_groups_are_worked_as_one_desk() {
    let server = sandbox().await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path());
    login_as_bot(&server, &setup).await;
    let (_desk, handle) = open(folder.path(), setup);
    until(&handle, "all there", |desk| desk.backfill.is_none() && desk.link == Some(LinkState::Live)).await;
    let mut all: Vec<(String, TopicId, String)> =
        rows(&handle).await.into_iter().map(|row| (row.group_name, row.id, row.title)).collect();
    all.sort();
    let numbers: Vec<TopicId> = all.iter().map(|(_, id, _)| *id).collect();
    assert_eq!(numbers[..2], numbers[2..], "the ids collide: {all:?}");
    assert_eq!((all[0].0.as_str(), all[0].2.as_str()), ("business", "Invoice 77"));
    assert_eq!((all[2].0.as_str(), all[2].2.as_str()), ("shop", "Lamp flickers"));
    let topic = numbers[0];
    let (shop, business) = (TicketKey { group: SHOP, topic }, TicketKey { group: BUSINESS, topic });
    let link = thread(&handle, business).await.ticket.link;
    assert_eq!(link, format!("https://t.me/c/{BUSINESS}/{topic}"));

    // A reply goes into the group of its ticket.
    reply(&handle, business, "Changed to Harbour Street 3.").await.expect("accepted");
    arrives(&server, business, "Changed to Harbour Street 3.").await;
    assert!(!told(&server, SHOP, topic.0).iter().any(|text| text.contains("Harbour")));
    // What has the same id is two messages.
    let first = say(&server, SHOP, NINA, topic.0, "It flickers again.");
    comes(&handle, shop, "It flickers again.").await;
    let second = say(&server, BUSINESS, OSKAR, topic.0, "Thank you.");
    comes(&handle, business, "Thank you.").await;
    assert!(first > 0 && second > 0);
    assert!(!texts(&thread(&handle, shop).await).contains(&"Thank you."));

    // One of them kicks the desk: the other goes on.
    let stands =
        |standing| server.world().with(|world| world.set_standing(BUSINESS.0, BOT, standing)).expect("is known");
    let before = server.world().with(|world| world.group(BUSINESS.0)?.member(BOT).map(|one| one.standing.clone()));
    stands(Standing::Left);
    let mut why = String::new();
    until(&handle, "is told", |desk| {
        why = desk.read_only.clone().unwrap_or_default();
        why.starts_with("business: ")
    })
    .await;
    assert!(!why.contains("shop: "), "{why}");
    let refused = reply(&handle, business, "Still there?").await;
    assert!(matches!(&refused, Err(Refusal::ReadOnly(_))), "{refused:?}");
    say(&server, BUSINESS, OSKAR, topic.0, "Hello?");
    say(&server, SHOP, NINA, topic.0, "Now it is dark.");
    comes(&handle, shop, "Now it is dark.").await;
    reply(&handle, shop, "We send another one.").await.expect("accepted");
    arrives(&server, shop, "We send another one.").await;

    // And lets it in again: what was said meanwhile comes.
    stands(before.expect("was an admin"));
    until(&handle, "all is well", |desk| desk.read_only.is_none() && desk.link == Some(LinkState::Live)).await;
    comes(&handle, business, "Hello?").await;
    reply(&handle, business, "Here we are.").await.expect("accepted");
    arrives(&server, business, "Here we are.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_not_there_keeps_no_other_from_being_followed() {
    let server = sandbox().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup = setup(&server, folder.path());
    let nowhere = Wanted { name: Some("old".to_owned()), ..GroupSelector::Id(4_242_424_242).into() };
    setup.groups.insert(0, nowhere);
    login_as_bot(&server, &setup).await;
    let (_desk, handle) = open(folder.path(), setup);
    let mut missing = Vec::new();
    until(&handle, "the others are there", |desk| {
        missing.clone_from(&desk.missing);
        desk.backfill.is_none() && desk.link == Some(LinkState::Live)
    })
    .await;
    assert!(missing.len() == 1 && missing[0].name == "old" && missing[0].why.contains("-1004242424242"), "{missing:?}");
    assert_eq!(rows(&handle).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_count_of_a_lost_group_is_kept_until_it_comes_back() {
    let server = sandbox().await;
    let folder = tempfile::tempdir().expect("a folder");
    let setup = setup(&server, folder.path());
    link::bot(&server, &setup).await;
    let mut desk = Desk::start(&server, &setup, None);
    desk.live().await;
    // A message of each, so that both counts have moved.
    say(&server, SHOP, NINA, 2, "one");
    say(&server, BUSINESS, OSKAR, 2, "two");
    desk.mirrored("both", |desk| {
        let texts: Vec<&str> = desk.happenings().filter_map(link::text_of).collect();
        texts.contains(&"one") && texts.contains(&"two")
    })
    .await;
    let before = server.world().with(|world| world.group(SHOP.0)?.member(BOT).map(|one| one.standing.clone()));
    server.world().with(|world| world.set_standing(SHOP.0, BOT, Standing::Left)).expect("is known");
    server.world().push_too_long(BOT, None);
    let followed = |incoming: &Incoming| match incoming {
        Incoming::Groups { followed, missing } => Some((followed.clone(), missing.len())),
        _ => None,
    };
    assert_eq!(desk.until("one is left out", followed).await, (vec![BUSINESS], 1));
    say(&server, SHOP, NINA, 2, "unheard");
    say(&server, BUSINESS, OSKAR, 2, "heard");
    desk.mirrored("the other", |desk| desk.happenings().filter_map(link::text_of).any(|text| text == "heard")).await;
    let count = |desk: &Desk, group| {
        desk.cursor.as_ref().and_then(|cursor| cursor.channels.iter().find(|(id, _)| *id == group)).map(|(_, pts)| *pts)
    };
    assert!(count(&desk, SHOP).is_some() && count(&desk, BUSINESS).is_some(), "{:?}", desk.cursor);
    server.world().with(|world| world.set_standing(SHOP.0, BOT, before.expect("was an admin"))).expect("is known");
    assert_eq!(desk.until("it is followed again", followed).await, (vec![SHOP, BUSINESS], 0));
    desk.mirrored("what was missed", |desk| desk.happenings().filter_map(link::text_of).any(|text| text == "unheard"))
        .await;
    desk.stop().await;
}

/// Settings of a desk that works both groups of the world.
const GROUPS: &str = "backfill_calls_per_second = 0\n[[groups]]\ngroup = -1001700000101\nname = \"shop\"\n\
                      [[groups]]\ngroup = -1001700000102\nname = \"business\"\n";

#[test]
fn the_command_line_names_tickets_by_group_and_number() {
    let world = world();
    let world = world.to_str().expect("a path");
    let sandbox = SandboxProcess::start(&["--world", world, "--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk(GROUPS);
    let told = desk.run(&["sync"]).ok();
    assert!(told.contains("Lumen Lamps · Help (shop)") && told.contains("Lumen Lamps · Business (business)"), "{told}");
    let table = desk.run(&["queue", "all"]).ok();
    assert!(table.contains("GROUP") && table.contains("business") && table.contains("shop"), "{table}");
    let names = |args: &[&str]| {
        let rows = desk.json(args);
        let names =
            rows.as_array().expect("a list").iter().map(|row| row["group_name"].as_str().unwrap_or("").to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&["queue", "all", "--filter", "group:shop"]), ["shop", "shop"]);
    assert_eq!(names(&["queue", "all", "--filter", "-group:shop invoice"]), ["business"]);
    desk.run(&["queue", "all", "--filter", "is:live group:shpo"])
        .fails(2, "        ^^^^^^^^^^ there is no group `shpo`: there are shop, business");

    desk.run(&["show", "2"]).fails(2, "#2: several groups have it: write shop/2 or business/2");
    desk.run(&["claim", "2/1"]).fails(2, "write shop/2/1 or business/2/1");
    desk.run(&["show", "nowhere/2"]).fails(2, "there is no group `nowhere`: there are shop, business");
    desk.run(&["show", "shop/424242"]).fails(1, "there is no ticket shop/424242");
    for name in ["business/2", "Business/#2", "-1001700000102/2", "Lumen Lamps · Business/2"] {
        let shown = desk.run(&["show", "--", name]).ok();
        assert!(shown.starts_with("business/2 Invoice 77: "), "{name}: {shown}");
    }
    assert!(desk.run(&["show", "shop/1"]).ok().starts_with("General of Lumen Lamps · Help"));
    let claimed = desk.run(&["claim", "business/2"]).ok();
    assert!(claimed.starts_with("business/2 Invoice 77: ") && claimed.contains(", anna"), "{claimed}");
    let sent = desk.run(&["reply", "business/2", "Changed.", "--now"]).ok();
    assert!(sent.starts_with("business/2: sent"), "{sent}");
    assert!(desk.messages("business/2").iter().any(|(_, text)| text == "Changed."));
    assert!(!desk.messages("shop/2").iter().any(|(_, text)| text == "Changed."));
    let found = desk.run(&["search", "Harbour"]).ok();
    assert!(found.contains("business/2"), "{found}");
    let verdicts = desk.run(&["verify"]).ok();
    assert!(verdicts.contains("shop/2") && verdicts.contains("business/2"), "{verdicts}");
    let brief = desk.run(&["brief", "--since", "3d"]).ok();
    assert!(brief.contains("business/2 Oskar"), "{brief}");
    let outside = desk.run(&["report", "outside", "--since", "7d"]).ok();
    assert!(outside.contains("shop/2") && outside.contains("business/2"), "{outside}");
    let checked = desk.run(&["doctor"]);
    assert!(checked.out.contains("shop: ") && checked.out.contains("business: "), "{}", checked.out);
    let exported = desk.run(&["export", "tickets", "--format", "csv"]).ok();
    assert!(exported.contains("business") && exported.contains("shop"), "{exported}");
}
