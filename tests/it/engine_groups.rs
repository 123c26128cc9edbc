//! Several groups in one desk: what has the same number in two of them is never mixed up, and what becomes of one changes nothing in
//! the others.

use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{GroupId, MessageId, TicketKey, TopicId};
use topicdesk::desk::rules::{Pace, Rules};
use topicdesk::desk::thread::Message;
use topicdesk::engine::transport::{
    Failure, GroupFacts, Happening, Incoming, LinkState, Missing, Order, Outcome, Rights, Send,
};
use topicdesk::engine::views::{Alert, DeskView, QueueName, Sort, ThreadPage, TicketRow, View, ViewRequest, Window};

use crate::support::bench::{ANNA, Bench, COLLEAGUE, GROUP, LI, OLENA, at, created, facts, rules, text};

/// The other group; ids in it are those of the first one.
const B2B: GroupId = GroupId(88);

fn key(group: GroupId, topic: i32) -> TicketKey {
    TicketKey { group, topic: TopicId(topic) }
}

fn shop_facts() -> GroupFacts {
    GroupFacts { name: Some("shop".to_owned()), ..facts() }
}

fn b2b_facts() -> GroupFacts {
    GroupFacts { group: B2B, name: Some("b2b".to_owned()), title: "Shop B2B".to_owned(), admins: Vec::new(), ..facts() }
}

fn of_shop() -> Vec<Message> {
    vec![created(5, OLENA, at(0), "Cannot log in"), text(6, 5, OLENA, at(1), "After the update I cannot log in")]
}

fn of_b2b() -> Vec<Message> {
    vec![created(5, LI, at(2), "Invoice"), text(6, 5, LI, at(3), "The invoice is wrong")]
}

fn connect(bench: &mut Bench) {
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.incoming(Incoming::Facts(shop_facts()));
    bench.incoming(Incoming::Facts(b2b_facts()));
    bench.incoming(Incoming::Groups { followed: vec![GROUP, B2B], missing: Vec::new() });
    bench.incoming(Incoming::Link(LinkState::Live));
}

/// Answers the scans of both groups until there is nothing left to do.
fn backfill(bench: &mut Bench, shop: &[Message], b2b: &[Message]) {
    loop {
        let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
        for scan in &scans {
            let history = if scan.group() == Some(GROUP) { shop } else { b2b };
            bench.answer_scan(scan, history);
        }
        if bench.engine.has_idle_work() {
            bench.step(topicdesk::engine::input::Input::Idle);
        } else if scans.is_empty() {
            break;
        }
    }
}

fn followed_with(rules: Rules) -> Bench {
    let mut bench = Bench::with(rules);
    bench.cursor.channels = vec![(GROUP, 1), (B2B, 1)];
    connect(&mut bench);
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    backfill(&mut bench, &of_shop(), &of_b2b());
    bench.orders.clear();
    bench.alerts.clear();
    bench
}

fn followed() -> Bench {
    followed_with(rules())
}

/// Says something in a group.
fn push(bench: &mut Bench, group: GroupId, said: Happening) {
    let mut batch = bench.batch(vec![said]);
    batch.happenings[0].0 = group;
    bench.incoming(Incoming::Batch(batch));
}

fn page(bench: &Bench, ticket: TicketKey) -> ThreadPage {
    match bench.read("anna", ViewRequest::Thread { ticket, window: Window::Newest, limit: 100 }) {
        View::Thread(page) => *page,
        other => panic!("no thread: {other:?}"),
    }
}

fn texts(bench: &Bench, ticket: TicketKey) -> Vec<String> {
    let thread = page(bench, ticket).thread.into_iter();
    thread.map(|entry| if entry.deleted { "(deleted)".to_owned() } else { entry.text }).collect()
}

fn desk(bench: &Bench) -> DeskView {
    match bench.read("anna", ViewRequest::Desk) {
        View::Desk(desk) => *desk,
        other => panic!("no desk: {other:?}"),
    }
}

fn rows(bench: &Bench, filter: &str) -> Vec<TicketRow> {
    let (queue, filter) = (QueueName::All, filter.to_owned());
    match bench.read("anna", ViewRequest::Queue { queue, filter, sort: Sort::Natural, offset: 0, limit: 50 }) {
        View::Queue(page) => page.rows,
        other => panic!("no queue: {other:?}"),
    }
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

fn to(sends: &[Send]) -> Vec<(GroupId, &str)> {
    sends.iter().map(|send| (send.group, send.text.as_str())).collect()
}

/// B2B has kicked the desk.
fn kicked(bench: &mut Bench) {
    let why = "Desk Bot is not a member of \"Shop B2B\"".to_owned();
    let missing = vec![Missing { group: Some(B2B), name: "b2b".to_owned(), why }];
    bench.incoming(Incoming::Groups { followed: vec![GROUP], missing });
}

#[test]
fn what_has_the_same_id_in_two_groups_is_not_mixed_up() {
    let mut bench = followed();
    let customer = |bench: &Bench, group| page(bench, key(group, 5)).ticket.row.customer.expect("a customer").id;
    assert_eq!((customer(&bench, GROUP), customer(&bench, B2B)), (OLENA, LI));
    for (group, words) in [(GROUP, "in the shop"), (B2B, "in b2b")] {
        let message = text(7, 5, if group == GROUP { OLENA } else { LI }, bench.now(), words);
        push(&mut bench, group, Happening::Message(message));
    }
    push(&mut bench, B2B, Happening::Deleted(vec![MessageId(6)]));
    // Nothing is known of it yet in either group; in the shop it stands.
    push(&mut bench, B2B, Happening::Deleted(vec![MessageId(8)]));
    for (group, author) in [(GROUP, OLENA), (B2B, LI)] {
        let message = text(8, 5, author, bench.now(), "once more");
        push(&mut bench, group, Happening::Message(message));
    }
    let shop = ["After the update I cannot log in", "in the shop", "once more"];
    let messages = |bench: &Bench, group| {
        let mut all = texts(bench, key(group, 5));
        all.retain(|text| !text.contains("opened") && !text.contains("created"));
        all
    };
    assert_eq!(messages(&bench, GROUP), shop);
    assert_eq!(messages(&bench, B2B), ["(deleted)", "in b2b", "(deleted)"]);
    bench.command("anna", Command::Claim { ticket: key(B2B, 5) }).expect("claimed");
    let owner = |bench: &Bench, group| page(bench, key(group, 5)).ticket.row.assignee;
    assert_eq!((owner(&bench, GROUP), owner(&bench, B2B).map(|name| name.0)), (None, Some("anna".to_owned())));
    // What is kept of each is there after a restart too.
    let mut bench = bench.restart();
    connect(&mut bench);
    assert_eq!((customer(&bench, GROUP), customer(&bench, B2B)), (OLENA, LI));
    assert!(!bench.orders.iter().any(|order| matches!(order, Order::Scan { .. })), "{:?}", bench.orders);
}

#[test]
fn an_admin_is_staff_in_the_group_of_which_they_are_admin() {
    let mut bench = followed();
    for group in [GROUP, B2B] {
        let message = text(7, 5, COLLEAGUE, bench.now(), "let me see");
        push(&mut bench, group, Happening::Message(message));
    }
    let waits = |bench: &Bench, group| page(bench, key(group, 5)).ticket.row.waiting_since.is_some();
    assert!(!waits(&bench, GROUP), "an answer: Carl is admin there");
    assert!(waits(&bench, B2B), "a participant: nobody has answered");
}

#[test]
fn each_group_leaves_at_its_own_pace() {
    let mut bench =
        followed_with(Rules { pace: Pace { per_minute: 2, burst: 1 }, undo_send: Duration::ZERO, ..rules() });
    for words in ["one", "two"] {
        bench.command("anna", reply(key(GROUP, 5), words)).expect("accepted");
        bench.command("anna", reply(key(B2B, 5), words)).expect("accepted");
    }
    let sends = bench.take_sends();
    assert_eq!(to(&sends), [(GROUP, "one"), (B2B, "one")], "a bucket of their own");
    // Telegram is not content with one of them.
    let not_before = bench.now() + Duration::from_secs(300);
    bench.incoming(Incoming::Delivery { outbox: sends[0].outbox, outcome: Outcome::Later { not_before } });
    bench.deliver(&sends[1], 20);
    bench.pass(Duration::from_secs(31));
    assert_eq!(to(&bench.take_sends()), [(B2B, "two")], "the other goes on");
    let mut bench = bench.restart();
    connect(&mut bench);
    bench.take_sends();
    bench.pass(Duration::from_secs(60));
    assert!(!to(&bench.take_sends()).iter().any(|(group, _)| *group == GROUP), "it is remembered");
    bench.pass(Duration::from_secs(300));
    assert_eq!(to(&bench.take_sends()).first(), Some(&(GROUP, "one")));
}

#[test]
fn a_group_that_cannot_be_had_is_read_only_and_the_others_go_on() {
    let mut bench = followed();
    kicked(&mut bench);
    let refused = bench.command("anna", reply(key(B2B, 5), "hello?"));
    assert!(matches!(&refused, Err(Refusal::ReadOnly(why)) if why.contains("not a member")), "{refused:?}");
    bench.command("anna", reply(key(GROUP, 5), "hello")).expect("accepted");
    assert_eq!(to(&bench.take_sends()), [(GROUP, "hello")]);
    let message = text(8, 5, OLENA, bench.now(), "are you there?");
    push(&mut bench, GROUP, Happening::Message(message));
    assert!(matches!(bench.alerts.last(), Some(Alert::Reply { .. })), "{:?}", bench.alerts);
    let shown = desk(&bench);
    let why = shown.read_only.expect("is said");
    assert!(why.starts_with("b2b: ") && !why.contains("shop:"), "{why}");
    assert_eq!(shown.backfill, None);
    // Hours go by: nothing is asked of it, and no timer runs hot.
    bench.orders.clear();
    bench.pass(Duration::from_secs(7200));
    let asked: Vec<_> = bench.orders.iter().filter(|order| order.group() == Some(B2B)).collect();
    assert!(asked.is_empty(), "{asked:?}");
    // It can be had again.
    connect(&mut bench);
    bench.command("anna", reply(key(B2B, 5), "back again")).expect("accepted");
    assert_eq!(to(&bench.take_sends()).last(), Some(&(B2B, "back again")));
    assert_eq!(desk(&bench).read_only, None);
}

#[test]
fn a_group_that_is_taken_out_of_desk_toml_stays_readable() {
    let mut bench = followed();
    bench.incoming(Incoming::Groups { followed: vec![GROUP], missing: Vec::new() });
    let refused = bench.command("anna", reply(key(B2B, 5), "hello?"));
    assert!(matches!(&refused, Err(Refusal::ReadOnly(why)) if why.contains("desk.toml")), "{refused:?}");
    assert_eq!(rows(&bench, "group:b2b").len(), 1);
}

#[test]
fn an_order_that_is_refused_for_one_group_holds_up_no_other() {
    let mut bench = followed();
    let order = Order::Facts { group: B2B };
    bench.incoming(Incoming::Failed { order, why: Failure::NoAccess { why: "kicked".to_owned() } });
    push(&mut bench, GROUP, Happening::FactsChanged);
    push(&mut bench, GROUP, Happening::Gap { after: None, top: MessageId(40) });
    let asked = |order: &Order| matches!(order, Order::Scan { group: GROUP, .. });
    assert!(bench.orders.iter().any(asked), "{:?}", bench.orders);
    let lost: Vec<_> = desk(&bench).groups.into_iter().filter_map(|facts| Some((facts.group, facts.lost?))).collect();
    assert_eq!(lost, [(B2B, "kicked".to_owned())]);
}

#[test]
fn a_second_group_is_fetched_while_the_first_is_worked() {
    let mut bench = Bench::with(rules());
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&of_shop());
    let first = bench.cursor.clone();
    let mut bench = bench.restart();
    connect(&mut bench);
    bench.cursor.channels.push((B2B, 1));
    // What the link knows of the account may be older: only the group is added.
    let seed = topicdesk::engine::transport::Cursor { pts: first.pts - 1, ..bench.cursor.clone() };
    bench.incoming(Incoming::Seeded { cursor: seed });
    let shown = desk(&bench);
    assert_eq!(shown.behind.iter().map(|(group, _)| *group).collect::<Vec<_>>(), [B2B]);
    let message = text(7, 5, OLENA, bench.now(), "meanwhile");
    push(&mut bench, GROUP, Happening::Message(message));
    assert!(matches!(bench.alerts.last(), Some(Alert::NewTicket { .. } | Alert::Reply { .. }) | None));
    assert!(
        !bench.orders.iter().any(|order| matches!(order, Order::Follow { cursor: Some(_) }))
            || bench.orders.iter().filter(|order| matches!(order, Order::Follow { .. })).count() == 1
    );
    assert_eq!(texts(&bench, key(GROUP, 5)).last().map(String::as_str), Some("meanwhile"));
    backfill(&mut bench, &of_shop(), &of_b2b());
    assert_eq!(desk(&bench).behind, []);
    assert_eq!(rows(&bench, "").len(), 2);
    bench.command("anna", reply(key(B2B, 5), "hello")).expect("accepted");
    assert_eq!(to(&bench.take_sends()), [(B2B, "hello")]);
}

#[test]
fn both_are_fetched_side_by_side() {
    let mut bench = Bench::with(rules());
    bench.cursor.channels = vec![(GROUP, 1), (B2B, 1)];
    connect(&mut bench);
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    let scans = |bench: &Bench, group| {
        bench.orders.iter().filter(|order| matches!(order, Order::Scan { .. }) && order.group() == Some(group)).count()
    };
    let (shop, b2b) = (scans(&bench, GROUP), scans(&bench, B2B));
    assert!(shop == b2b && shop > 0 && shop + b2b <= 8, "{shop} and {b2b} at once");
}

#[test]
fn queries_name_groups_by_their_names() {
    let bench = followed();
    let groups = |filter: &str| rows(&bench, filter).into_iter().map(|row| row.group_name).collect::<Vec<_>>();
    assert_eq!(groups("group:shop"), ["shop"], "its name, not a part of the other's title");
    assert_eq!(groups("group:B2B"), ["b2b"]);
    assert_eq!(groups("-group:b2b"), ["shop"]);
    assert_eq!(groups("group:shop,b2b").len(), 2);
    assert_eq!(groups("group:-10088"), ["b2b"]);
    assert_eq!(groups("group:\"Shop B2B\""), ["b2b"]);
    let request = |filter: &str| ViewRequest::Queue {
        queue: QueueName::All,
        filter: filter.to_owned(),
        sort: Sort::Natural,
        offset: 0,
        limit: 5,
    };
    let View::Unreadable { why } = bench.read("anna", request("group:shpo")) else { panic!("a mistake") };
    assert!(why.contains("there is no group `shpo`: there are shop, b2b"), "{why}");
}

#[test]
fn a_number_that_two_groups_have_is_found_in_both() {
    let bench = followed();
    let find = |topic: i32, group: Option<&str>| {
        let (topic, group) = (TopicId(topic), group.map(str::to_owned));
        match bench.read("anna", ViewRequest::FindTicket { topic, group }) {
            View::Found { tickets } => tickets,
            other => panic!("not found: {other:?}"),
        }
    };
    assert_eq!(find(5, None), [key(GROUP, 5), key(B2B, 5)]);
    assert_eq!(find(5, Some("B2b")), [key(B2B, 5)]);
    assert_eq!(find(1, None).len(), 2, "General is in each");
    assert!(find(5, Some("nowhere")).is_empty() && find(6, None).is_empty());
    assert_eq!(desk(&bench).ticket_name(key(B2B, 5)), "b2b/5");
}

#[test]
fn findings_name_their_group() {
    let mut bench = followed();
    let rights = Rights { send: false, ..b2b_facts().rights };
    bench.incoming(Incoming::Facts(GroupFacts { rights, ..b2b_facts() }));
    let shown = desk(&bench);
    let broken: Vec<_> = shown.findings.iter().filter(|finding| finding.what.contains("may not send")).collect();
    assert!(broken.len() == 1 && broken[0].what.starts_with("b2b: "), "{broken:?}");
    bench.command("anna", reply(key(GROUP, 5), "hello")).expect("accepted");
    let refused = bench.command("anna", reply(key(B2B, 5), "hello"));
    assert!(matches!(refused, Err(Refusal::ReadOnly(_))), "{refused:?}");
}

#[test]
fn everything_is_compared_in_every_group_that_can_be_had() {
    let mut bench = followed();
    kicked(&mut bench);
    bench.command("anna", Command::Recheck { ticket: None }).expect("begins");
    assert!(bench.orders.iter().all(|order| order.group() != Some(B2B)), "{:?}", bench.orders);
    connect(&mut bench);
    backfill(&mut bench, &of_shop(), &of_b2b());
    bench.command("anna", Command::Recheck { ticket: None }).expect("begins");
    backfill(&mut bench, &[of_shop(), vec![text(8, 5, ANNA, at(9), "missed")]].concat(), &of_b2b());
    let recheck = bench.engine.recheck().expect("was asked for");
    assert!(recheck.done == recheck.total && recheck.total >= 2, "{recheck:?}");
}
