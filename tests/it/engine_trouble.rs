//! The engine in trouble: full disks, failed orders, gaps, crashes in the wrong moment, and what must not follow from them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{MessageId, PersonId, TopicId};
use topicdesk::desk::thread::{Content, Message, ServiceMessage};
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::{Failure, GroupFacts, Happening, Incoming, LinkState, Order, Outcome, TopicFacts};
use topicdesk::engine::views::{Alert, View, ViewRequest, Window};

use crate::support::bench::{ANNA, BOT, Bench, GROUP, LI, OLENA, at, created, facts, person, text, ticket};

/// The desk's own account where it is logged in as user: neither agent nor admin.
const OWN: PersonId = PersonId(950);

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        text(7, 5, ANNA, at(60), "Which version?"),
    ]
}

fn reply(text: &str) -> Command {
    Command::Reply {
        ticket: ticket(5),
        text: text.to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    }
}

fn follows(bench: &Bench) -> usize {
    bench.orders.iter().filter(|order| matches!(order, Order::Follow { .. })).count()
}

fn first_line(bench: &Bench, topic: i32) -> String {
    bench.thread(topic).lines().next().unwrap_or_default().to_owned()
}

fn begin_as_bot() -> Bench {
    let mut bench = Bench::new();
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench
}

fn connect_as_user(bench: &mut Bench) {
    let user = GroupFacts { own: OWN, bot: false, own_name: "Desk Account".to_owned(), ..facts() };
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.incoming(Incoming::Facts(user));
    bench.incoming(Incoming::Link(LinkState::Live));
}

fn begin_as_user() -> Bench {
    let mut bench = Bench::new();
    connect_as_user(&mut bench);
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench
}

fn topic(id: i32, gone: bool) -> TopicFacts {
    TopicFacts {
        topic: TopicId(id),
        gone,
        title: (!gone).then(|| format!("Topic {id}")),
        icon: None,
        closed: None,
        hidden: None,
        created_at: None,
        creator: None,
        top_message: None,
    }
}

fn listed(bench: &mut Bench, topics: &[i32]) {
    let topics = topics.iter().map(|id| topic(*id, false)).collect();
    bench.orders.retain(|order| !matches!(order, Order::Topics { .. }));
    bench.incoming(Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: false });
}

/// Answers every history from a list of messages, a page of which is the whole topic, and does what can wait.
fn read_histories(bench: &mut Bench, all: &[Message]) {
    loop {
        let asked: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::History { .. })).collect();
        for order in &asked {
            let Order::History { group, topic, below } = *order else { continue };
            let fits = |message: &&Message| message.topic == topic && below.is_none_or(|below| message.id < below);
            let messages: Vec<_> = all.iter().filter(fits).cloned().collect();
            let people = messages.iter().map(|message| person(message.author)).collect();
            bench.incoming(Incoming::History { group, topic, below, messages, people });
        }
        if bench.engine.has_idle_work() {
            bench.step(Input::Idle);
        } else if asked.is_empty() {
            break;
        }
    }
}

#[test]
fn no_timer_is_due_for_ever_while_there_is_no_link() {
    let mut bench = begin_as_bot();
    let scan = bench.orders.iter().find(|order| matches!(order, Order::Scan { .. })).cloned().expect("a scan");
    bench.incoming(Incoming::Link(LinkState::Offline { since: bench.now(), why: "no network".into() }));
    bench.incoming(Incoming::Failed { order: scan, why: Failure::Link { why: "no network".into() } });
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.engine.next_wake(), None, "the link will say when it is back");
}

#[test]
fn a_range_that_failed_is_asked_for_again() {
    let mut bench = begin_as_bot();
    bench.orders.retain(|order| matches!(order, Order::Scan { .. }));
    let mut scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
    let first = scans.remove(0);
    let not_before = bench.now() + Duration::from_secs(20);
    bench.incoming(Incoming::Failed { order: first.clone(), why: Failure::Later { not_before } });
    for scan in &scans {
        bench.answer_scan(scan, &history());
    }
    bench.pass(Duration::from_secs(19));
    assert!(bench.orders.is_empty(), "Telegram asked to wait: {:?}", bench.orders);
    bench.pass(Duration::from_secs(1));
    assert!(bench.orders.contains(&first), "{:?}", bench.orders);
    bench.backfill(&history());
    assert_eq!(first_line(&bench, 5), "#5 /1 in_progress customer=Olena K. assignee=anna waiting=-");
}

#[test]
fn a_topic_that_is_born_while_histories_are_read_survives_a_crash() {
    let mut bench = begin_as_user();
    listed(&mut bench, &[5]);
    bench.push(vec![
        Happening::Message(created(20, LI, at(3_000), "Refund")),
        Happening::Message(text(21, 20, LI, at(3_001), "I want my money back")),
    ]);
    let mut bench = bench.restart();
    bench.orders.clear();
    connect_as_user(&mut bench);
    read_histories(&mut bench, &history());
    assert_eq!(first_line(&bench, 5), "#5 /1 in_progress customer=Olena K. assignee=anna waiting=-");
    assert_eq!(first_line(&bench, 20), "#20 /1 open customer=Li Wei assignee=- waiting=2026-11-22T11:50:01Z");
}

#[test]
fn a_topic_that_is_deleted_while_histories_are_read_does_not_hold_them_up() {
    let mut bench = begin_as_user();
    listed(&mut bench, &[5, 20]);
    let asked = bench.orders.extract_if(.., |order| matches!(order, Order::History { topic: TopicId(20), .. }));
    let order = asked.last().expect("a history");
    bench.incoming(Incoming::Failed { order, why: Failure::Refused { why: "TOPIC_DELETED".into() } });
    bench.pass(Duration::from_secs(31));
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(20)] };
    assert!(bench.orders.contains(&check), "what is refused is looked at: {:?}", bench.orders);
    let topics = vec![topic(20, true)];
    bench.incoming(Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: true });
    bench.orders.retain(|order| !matches!(order, Order::History { topic: TopicId(20), .. }));
    read_histories(&mut bench, &history());
    let View::Desk(desk) = bench.read("anna", ViewRequest::Desk) else { panic!("no desk") };
    assert_eq!(desk.backfill, None, "the first synchronisation is over");
}

#[test]
fn a_topic_that_was_gone_before_it_was_listed_does_not_hold_the_histories_up() {
    let mut bench = begin_as_user();
    let gone = vec![topic(20, true)];
    bench.incoming(Incoming::Topics { group: GROUP, topics: gone.clone(), people: vec![], next: None, checked: true });
    // The page was made before the topic was deleted, and comes after that was said.
    listed(&mut bench, &[5, 20]);
    let asked = bench.orders.extract_if(.., |order| matches!(order, Order::History { topic: TopicId(20), .. }));
    let order = asked.last().expect("a history");
    bench.incoming(Incoming::Failed { order, why: Failure::Refused { why: "TOPIC_DELETED".into() } });
    bench.pass(Duration::from_secs(31));
    bench.incoming(Incoming::Topics { group: GROUP, topics: gone, people: vec![], next: None, checked: true });
    bench.orders.retain(|order| !matches!(order, Order::History { topic: TopicId(20), .. }));
    read_histories(&mut bench, &history());
    let View::Desk(desk) = bench.read("anna", ViewRequest::Desk) else { panic!("no desk") };
    assert_eq!(desk.backfill, None, "the first synchronisation is over");
}

#[test]
fn a_topic_that_was_deleted_before_anything_was_known_of_it_is_looked_at_when_it_is_listed() {
    let mut bench = begin_as_user();
    bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
    listed(&mut bench, &[5, 20]);
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(20)] };
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
}

#[test]
fn a_gap_during_the_backfill_stays_a_hole_and_is_closed() {
    let mut bench = begin_as_bot();
    let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
    for scan in &scans {
        bench.answer_scan(scan, &history());
    }
    // What is written now lies where was looked already, and Telegram gives up telling it.
    bench.push(vec![Happening::Gap { after: None, top: MessageId(40) }]);
    let mut all = history();
    all.push(text(30, 5, OLENA, at(3_000), "7.2"));
    bench.backfill(&all);
    assert_eq!(first_line(&bench, 5), "#5 /1 in_progress customer=Olena K. assignee=anna waiting=2026-11-22T11:50:00Z");
}

#[test]
fn a_scan_that_was_looked_up_before_a_gap_proves_nothing_about_it() {
    let mut bench = begin_as_bot();
    let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
    bench.push(vec![Happening::Gap { after: None, top: MessageId(40) }]);
    // The answers were made before what the gap swallowed was written.
    for scan in &scans {
        bench.answer_scan(scan, &history());
    }
    let mut all = history();
    all.push(text(30, 5, OLENA, at(3_000), "7.2"));
    bench.backfill(&all);
    assert!(first_line(&bench, 5).ends_with("waiting=2026-11-22T11:50:00Z"), "{}", bench.thread(5));
}

#[test]
fn a_gap_while_histories_are_read_stays_a_hole_and_is_closed() {
    let mut bench = begin_as_user();
    listed(&mut bench, &[5]);
    bench.push(vec![Happening::Gap { after: None, top: MessageId(40) }]);
    read_histories(&mut bench, &history());
    let mut all = history();
    all.push(text(30, 5, OLENA, at(3_000), "7.2"));
    bench.backfill(&all);
    assert!(first_line(&bench, 5).ends_with("waiting=2026-11-22T11:50:00Z"), "{}", bench.thread(5));
}

#[test]
fn a_command_that_cannot_be_saved_leaves_the_link_working() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("first")).expect("accepted");
    let first = bench.take_sends().remove(0);
    bench.refuse.store(true, Ordering::SeqCst);
    let refused = bench.command("anna", reply("second")).expect_err("not saved");
    assert!(matches!(refused, Refusal::NotSaved(_)), "{refused}");
    bench.refuse.store(false, Ordering::SeqCst);
    bench.pass(Duration::from_secs(2));
    assert!(bench.take_sends().is_empty(), "the first is on its way still");
    bench.deliver(&first, 13);
    bench.command("anna", reply("third")).expect("accepted");
    let texts: Vec<_> = bench.take_sends().into_iter().map(|send| send.text).collect();
    assert_eq!(texts, ["third"]);
}

#[test]
fn an_answer_that_cannot_be_saved_is_asked_for_again() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let send = bench.take_sends().remove(0);
    bench.push(vec![Happening::Deleted(vec![MessageId(5)])]);
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(5)] };
    bench.orders.retain(|order| *order != check);
    bench.refuse.store(true, Ordering::SeqCst);
    bench.deliver(&send, 13);
    let topics = vec![topic(5, true)];
    bench.incoming(Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: true });
    bench.refuse.store(false, Ordering::SeqCst);
    bench.connect();
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.take_sends(), [send], "the identical call");
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
}

#[test]
fn a_full_disk_is_no_busy_loop() {
    let mut bench = Bench::followed(&history());
    let hold = Command::Reply {
        ticket: ticket(5),
        text: "later".into(),
        reply_to: None,
        hold: true,
        seen: None,
        file: None,
        along: Along::default(),
    };
    bench.command("anna", hold).expect("held");
    let batch = bench.batch(vec![Happening::Message(text(13, 5, OLENA, bench.now(), "7.2"))]);
    bench.refuse.store(true, Ordering::SeqCst);
    bench.incoming(Incoming::Batch(batch.clone()));
    assert_eq!(follows(&bench), 1);
    // The new link says so, which cannot be written down either.
    for _ in 0..5 {
        bench.incoming(Incoming::Link(LinkState::Connecting));
        assert!(!bench.engine.has_idle_work());
    }
    assert_eq!(follows(&bench), 1, "not again at once");
    bench.clock.step(Duration::from_secs(6));
    bench.step(Input::Woken);
    let wake = bench.engine.next_wake().expect("tries again");
    assert!(wake > bench.now(), "a timer whose work cannot be saved waits a moment");
    bench.refuse.store(false, Ordering::SeqCst);
    bench.pass(Duration::from_secs(1));
    assert_eq!(follows(&bench), 2);
    bench.connect();
    bench.incoming(Incoming::Batch(batch));
    assert_eq!(bench.thread(5).matches("7.2").count(), 1, "{}", bench.thread(5));
    assert_eq!(bench.take_sends().len(), 1, "what was held leaves");
    bench.pass(Duration::from_secs(60));
    assert_eq!(follows(&bench), 2, "and all is quiet");
}

#[test]
fn what_comes_after_a_discarded_reply_is_found() {
    let mut bench = Bench::followed(&history());
    let hold = |text: &str| Command::Reply {
        ticket: ticket(5),
        text: text.into(),
        reply_to: None,
        hold: true,
        seen: None,
        file: None,
        along: Along::default(),
    };
    let outbox = bench.command("anna", hold("oops")).expect("held").outbox.expect("a row");
    bench.command("anna", Command::DiscardOutbox { outbox }).expect("taken back");
    bench.push(vec![Happening::Message(text(13, 5, OLENA, bench.now(), "my zebra"))]);
    let mut edited = text(13, 5, OLENA, bench.now(), "my giraffe");
    let View::Search { hits } = bench.read("anna", ViewRequest::Search { text: "zebra".into(), limit: 9 }) else {
        panic!("no hits")
    };
    assert_eq!(hits.len(), 1);
    edited.edited_at = Some(bench.now() + Duration::from_secs(1));
    bench.push(vec![Happening::Edited(edited)]);
    for (word, count) in [("zebra", 0), ("giraffe", 1), ("oops", 0)] {
        let View::Search { hits } = bench.read("anna", ViewRequest::Search { text: word.into(), limit: 9 }) else {
            panic!("no hits")
        };
        assert_eq!(hits.len(), count, "{word}");
    }
}

#[test]
fn nobody_waits_for_what_was_deleted_before_it_was_consumed() {
    let mut bench = begin_as_bot();
    bench.push(vec![Happening::Message(text(13, 5, OLENA, at(3_000), "wrong topic, sorry"))]);
    bench.push(vec![Happening::Deleted(vec![MessageId(13)])]);
    bench.backfill(&history());
    assert_eq!(first_line(&bench, 5), "#5 /1 in_progress customer=Olena K. assignee=anna waiting=-");
}

#[test]
fn the_desks_own_account_is_staff() {
    let mut bench = begin_as_user();
    listed(&mut bench, &[5]);
    read_histories(&mut bench, &history());
    bench.push(vec![Happening::Message(text(13, 5, OWN, at(3_000), "written on the phone"))]);
    assert_eq!(first_line(&bench, 5), "#5 /1 in_progress customer=Olena K. assignee=anna waiting=-");
    bench.push(vec![Happening::Message(created(20, OWN, at(3_100), "Opening hours"))]);
    bench.push(vec![Happening::Message(text(21, 20, OWN, at(3_100), "Nine to five"))]);
    assert_eq!(first_line(&bench, 20), "#20 /1 open customer=- assignee=- waiting=-");
}

/// Found by simulation: seed 200477.
#[test]
fn a_reply_that_a_user_account_sends_is_never_taken_for_one_typed_in_telegram() {
    let mut bench = begin_as_user();
    listed(&mut bench, &[5]);
    read_histories(&mut bench, &history());
    bench.push(vec![Happening::Message(text(8, 5, OLENA, at(3_000), "7.2"))]);
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let send = bench.take_sends().remove(0);
    let unknown = Outcome::Unknown { why: "cut".to_owned() };
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: unknown });
    bench.command("anna", Command::Release { ticket: ticket(5) }).expect("released");
    bench.command("tom", Command::Claim { ticket: ticket(5) }).expect("claimed");
    // The difference brings it, and does not say that it was that.
    bench.push(vec![Happening::Message(text(13, 5, OWN, at(3_500), "Try 7.3"))]);
    let line = first_line(&bench, 5);
    assert!(line.starts_with("#5 /1 assigned ") && line.contains("assignee=tom"), "{line}");
    let outcome = Outcome::Sent { message: MessageId(13), at: at(3_500) };
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome });
    let thread = bench.thread(5);
    assert!(thread.starts_with("#5 /1 assigned ") && thread.contains("waiting=-"), "{thread}");
    assert_eq!(thread.matches("Try 7.3").count(), 1, "{thread}");
    // What is typed there with the same account is still heard of.
    bench.push(vec![Happening::Message(text(14, 5, OWN, at(3_600), "and call us"))]);
    assert!(first_line(&bench, 5).starts_with("#5 /1 in_progress "));
}

#[test]
fn a_reply_that_is_known_late_answers_only_what_was_before_it() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![Happening::Message(text(8, 5, OLENA, at(3_000), "7.2"))]);
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let send = bench.take_sends().remove(0);
    // The answer to the call is lost; the difference brings the message, and what the customer said to it.
    bench.push(vec![
        Happening::Message(text(13, 5, BOT, at(3_500), "Try 7.3")),
        Happening::Message(text(14, 5, OLENA, at(3_590), "does not help")),
    ]);
    let outcome = Outcome::Sent { message: MessageId(13), at: at(3_500) };
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome });
    let line = first_line(&bench, 5);
    assert!(line.ends_with("waiting=2026-11-22T11:58:20Z"), "waits since the reply\n{line}");
}

#[test]
fn a_reply_below_what_was_consumed_counts_too() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![Happening::Message(text(8, 5, OLENA, at(3_000), "7.2"))]);
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let send = bench.take_sends().remove(0);
    // The boxes hand a bot's message over early, while the difference with the reply is still to come.
    bench.push(vec![Happening::Message(text(14, 5, BOT, at(3_590), "I am a bot"))]);
    let outcome = Outcome::Sent { message: MessageId(13), at: at(3_500) };
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome });
    bench.push(vec![Happening::Message(text(13, 5, BOT, at(3_500), "Try 7.3"))]);
    let line = first_line(&bench, 5);
    assert!(line.ends_with("waiting=-"), "{line}");
}

#[test]
fn what_a_stale_answer_says_of_a_topic_is_looked_at_again() {
    let mut bench = Bench::followed(&history());
    // Looked up while the topic was closed, handed over after the stream has told that it was reopened.
    let closed = |closed| vec![TopicFacts { closed: Some(closed), ..topic(5, false) }];
    let answer = |topics| Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: true };
    bench.incoming(answer(closed(true)));
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(5)] };
    assert_eq!(std::mem::take(&mut bench.orders), std::slice::from_ref(&check));
    bench.incoming(answer(closed(false)));
    assert_eq!(std::mem::take(&mut bench.orders), [check]);
    bench.incoming(answer(closed(false)));
    assert_eq!(bench.orders, [], "twice the same is true");
}

#[test]
fn a_stale_answer_about_a_topic_without_a_title_is_looked_at_again() {
    let mut bench = Bench::followed(&history());
    // What is known of the topic is what was pushed; its creation is still to come.
    bench.push(vec![Happening::Message(text(21, 20, LI, bench.now(), "I want my money back"))]);
    let told = |bench: &Bench, id, closed| {
        let closed = ServiceMessage::TopicEdited { title: None, icon: None, closed: Some(closed), hidden: None };
        Message { content: Content::Service(closed), ..text(id, 20, ANNA, bench.now(), "") }
    };
    let (closes, reopens) = (told(&bench, 22, true), told(&bench, 23, false));
    bench.push(vec![Happening::Message(closes), Happening::Message(reopens)]);
    bench.orders.clear();
    // Looked up between the two.
    let topics = vec![TopicFacts { title: Some("Refund".to_owned()), closed: Some(true), ..topic(20, false) }];
    bench.incoming(Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: true });
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(20)] };
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
}

#[test]
fn a_topic_of_which_the_first_message_comes_late_gets_its_title() {
    let mut bench = Bench::followed(&history());
    // The boxes hand over what was pushed while the difference with the topic's creation is still to come.
    bench.push(vec![Happening::Message(text(21, 20, LI, bench.now(), "I want my money back"))]);
    bench.push(vec![Happening::Message(created(20, LI, bench.now(), "Refund"))]);
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(20)] };
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
    let mut bench = bench.restart();
    bench.orders.clear();
    bench.connect();
    assert!(bench.orders.contains(&check), "also by the next process: {:?}", bench.orders);
    let topics = vec![TopicFacts { title: Some("Refund".to_owned()), ..topic(20, false) }];
    bench.incoming(Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: true });
    assert!(bench.thread(20).contains("Refund"), "{}", bench.thread(20));
}

#[test]
fn a_look_at_a_topic_that_failed_is_repeated() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![Happening::Deleted(vec![MessageId(5)])]);
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(5)] };
    bench.orders.retain(|order| *order != check);
    bench.incoming(Incoming::Failed { order: check.clone(), why: Failure::Link { why: "cut".into() } });
    bench.pass(Duration::from_secs(2));
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
}

#[test]
fn a_topic_created_and_deleted_in_one_batch_is_looked_at() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![Happening::Message(created(20, LI, bench.now(), "Spam")), Happening::Deleted(vec![MessageId(20)])]);
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(20)] };
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
}

#[test]
fn a_topic_whose_first_message_comes_after_it_was_deleted_is_looked_at() {
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(20)] };
    let gone =
        || Incoming::Topics { group: GROUP, topics: vec![topic(20, true)], people: vec![], next: None, checked: true };
    // The difference has told the deletion alone; what was pushed before it comes late. Once more while the history is still fetched.
    let mut fetching = Bench::new();
    fetching.connect();
    for mut bench in [Bench::followed(&history()), fetching] {
        bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
        assert!(!bench.orders.contains(&check), "nothing is known of it: {:?}", bench.orders);
        bench.push(vec![Happening::Message(created(20, LI, bench.now(), "Spam"))]);
        assert!(bench.orders.contains(&check), "{:?}", bench.orders);
        bench.incoming(gone());
        let known = bench.engine.store_mut().begin().expect("a transaction").topic(ticket(20)).expect("readable");
        assert!(known.expect("is known").gone);
    }
}

#[test]
fn a_wide_hole_is_closed_in_order_and_only_when_the_difference_is_in() {
    let mut bench = Bench::followed(&history());
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.orders.clear();
    bench.incoming(Incoming::Facts(GroupFacts { top_message: Some(MessageId(260)), ..facts() }));
    bench.incoming(Incoming::Link(LinkState::CatchingUp));
    assert!(bench.orders.is_empty(), "the difference tells that: {:?}", bench.orders);
    bench.push(vec![Happening::Gap { after: None, top: MessageId(260) }]);
    bench.incoming(Incoming::Link(LinkState::Live));
    let missed = [text(20, 5, OLENA, bench.now(), "7.2"), text(230, 5, BOT, bench.now(), "I am a bot")];
    bench.alerts.clear();
    let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
    for scan in scans.iter().rev() {
        bench.answer_scan(scan, &missed);
    }
    bench.backfill(&missed);
    let thread = bench.thread(5);
    assert!(!thread.contains("late"), "{thread}");
    assert!(first_line(&bench, 5).ends_with("waiting=2026-11-22T12:00:00Z"), "{thread}");
    assert_eq!(bench.alerts, [Alert::Reply { ticket: ticket(5), assignee: "anna".into() }], "somebody hears of it");
}

#[test]
fn a_reply_that_was_deleted_before_it_was_known_as_ours_stays_deleted() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let send = bench.take_sends().remove(0);
    bench.push(vec![Happening::Message(text(13, 5, BOT, bench.now(), "Try 7.3"))]);
    bench.push(vec![Happening::Deleted(vec![MessageId(13)])]);
    bench.deliver(&send, 13);
    assert!(bench.thread(5).contains("message 13 anna:  <sent> deleted"), "{}", bench.thread(5));
}

#[test]
fn a_reply_that_was_deleted_before_telegram_named_it_is_known_by_its_text() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    bench.take_sends();
    bench.push(vec![Happening::Message(text(13, 5, BOT, bench.now(), "Try 7.3"))]);
    bench.push(vec![Happening::Deleted(vec![MessageId(13)])]);
    let mut bench = bench.restart();
    bench.connect();
    let again = bench.take_sends().remove(0);
    bench.incoming(Incoming::Delivery { outbox: again.outbox, outcome: Outcome::Taken });
    assert!(bench.thread(5).contains("message 13 anna:  <sent> deleted"), "{}", bench.thread(5));
}

#[test]
fn what_was_deleted_before_it_was_known_stays_deleted() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let send = bench.take_sends().remove(0);
    bench.incoming(Incoming::Facts(GroupFacts { top_message: Some(MessageId(15)), ..facts() }));
    let scan =
        bench.orders.iter().find(|order| matches!(order, Order::Scan { .. })).cloned().expect("a hole is looked at");
    // Both were looked up while the messages were there, and are handed over after the deletion.
    bench.push(vec![Happening::Deleted(vec![MessageId(13), MessageId(15)])]);
    let mut bench = bench.restart();
    bench.connect();
    bench.answer_scan(&scan, &[text(15, 5, OLENA, bench.now(), "my password is")]);
    bench.deliver(&send, 13);
    let thread = bench.thread(5);
    assert!(thread.contains("message 15 Olena K.:  deleted") && !thread.contains("password"), "{thread}");
    assert!(thread.contains("message 13 anna:  <sent> deleted"), "{thread}");
}

#[test]
fn what_was_pinned_before_it_was_known_is_pinned() {
    let mut bench = Bench::followed(&history());
    bench.incoming(Incoming::Facts(GroupFacts { top_message: Some(MessageId(15)), ..facts() }));
    let scan = bench.orders.iter().find(|order| matches!(order, Order::Scan { .. })).cloned().expect("a hole");
    // Looked up before it was pinned, and handed over afterwards.
    bench.push(vec![Happening::Pinned { messages: vec![MessageId(15)], pinned: true }]);
    let mut bench = bench.restart();
    bench.connect();
    bench.answer_scan(&scan, &[text(15, 5, OLENA, bench.now(), "the error is 17")]);
    let request = ViewRequest::Thread { ticket: ticket(5), window: Window::Newest, limit: 9 };
    let View::Thread(page) = bench.read("anna", request) else { panic!("no thread") };
    assert!(page.thread.iter().any(|entry| entry.message_id == Some(MessageId(15)) && entry.pinned), "{page:?}");
}

#[test]
fn a_reply_that_telegram_has_and_does_not_name_is_found_in_the_mirror() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply("Try 7.3")).expect("accepted");
    let first = bench.take_sends().remove(0);
    // Killed before the answer; the difference brings the message, and the repeat is called a duplicate.
    let mut bench = bench.restart();
    bench.connect();
    assert_eq!(bench.take_sends(), std::slice::from_ref(&first));
    bench.incoming(Incoming::Delivery { outbox: first.outbox, outcome: Outcome::Taken });
    assert!(bench.thread(5).contains("Try 7.3 <sending>"), "not there yet: {}", bench.thread(5));
    bench.push(vec![Happening::Message(text(13, 5, BOT, bench.now(), "Try 7.3"))]);
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.take_sends(), std::slice::from_ref(&first));
    bench.incoming(Incoming::Delivery { outbox: first.outbox, outcome: Outcome::Taken });
    let thread = bench.thread(5);
    assert!(thread.contains("message 13 anna: Try 7.3 <sent>"), "{thread}");
    assert_eq!(thread.matches("Try 7.3").count(), 1, "{thread}");
    bench.pass(Duration::from_secs(60));
    assert!(bench.take_sends().is_empty(), "and that was it");
}

#[test]
fn a_look_at_a_topic_survives_a_crash() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![Happening::Deleted(vec![MessageId(5)])]);
    let mut bench = bench.restart();
    bench.orders.clear();
    bench.connect();
    assert_eq!(bench.orders, [Order::CheckTopics { group: GROUP, topics: vec![TopicId(5)] }]);
    let topics = vec![topic(5, true)];
    bench.incoming(Incoming::Topics { group: GROUP, topics, people: vec![], next: None, checked: true });
    let mut bench = bench.restart();
    bench.orders.clear();
    bench.connect();
    assert_eq!(bench.orders, [], "known to be gone");
}

#[test]
fn a_look_at_a_topic_of_which_nothing_is_stored_survives_a_crash() {
    let mut bench = begin_as_user();
    listed(&mut bench, &[5]);
    bench.push(vec![Happening::Deleted(vec![MessageId(5)])]);
    let check = Order::CheckTopics { group: GROUP, topics: vec![TopicId(5)] };
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
    let mut bench = bench.restart();
    bench.orders.clear();
    connect_as_user(&mut bench);
    assert!(bench.orders.contains(&check), "{:?}", bench.orders);
}

#[test]
fn the_desks_own_username_survives_a_restart() {
    let mut bench = begin_as_user();
    let mut batch = bench.batch(vec![Happening::Message(text(13, 1, OWN, at(3_000), "hello"))]);
    batch.people = vec![topicdesk::desk::people::Person { username: Some("desk".to_owned()), ..person(OWN) }];
    bench.incoming(Incoming::Batch(batch));
    let mut bench = bench.restart();
    connect_as_user(&mut bench);
    let work = bench.engine.store_mut().begin().expect("a transaction");
    let own = work.person(OWN).expect("readable").expect("known");
    assert_eq!((own.name.as_str(), own.username.as_deref()), ("Desk Account", Some("desk")));
}
