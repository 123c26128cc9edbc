//! The engine: a list of inputs in, orders and views out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, CommandId, MessageId, TopicId};
use topicdesk::desk::thread::{Content, ServiceMessage};
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::{Happening, Incoming, LinkState, Order, Outcome, TopicFacts};
use topicdesk::engine::views::{Alert, QueueName, Sort, View, ViewRequest};

use crate::support::bench::{ANNA, BOT, Bench, COLLEAGUE, GROUP, LI, OLENA, at, created, text, ticket};

fn history() -> Vec<topicdesk::desk::thread::Message> {
    vec![
        text(2, 1, LI, at(-500), "hello, anybody here?"),
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        text(7, 5, ANNA, at(60), "Which version?"),
        text(9, 5, OLENA, at(120), "7.2"),
        created(10, COLLEAGUE, at(130), "Rules"),
        text(11, 10, COLLEAGUE, at(131), "Be kind"),
        text(12, 5, BOT, at(140), "I am a bot"),
    ]
}

fn reply(topic: i32, text: &str) -> Command {
    Command::Reply {
        ticket: ticket(topic),
        text: text.to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    }
}

fn queue(bench: &Bench, agent: &str, queue: QueueName) -> Vec<i32> {
    let request = ViewRequest::Queue { queue, filter: String::new(), sort: Sort::Natural, offset: 0, limit: 50 };
    match bench.read(agent, request) {
        View::Queue(page) => page.rows.iter().map(|row| row.id.0).collect(),
        other => panic!("not a queue: {other:?}"),
    }
}

#[test]
fn a_bot_mirrors_by_ids_until_two_thousand_empties() {
    let mut bench = Bench::new();
    assert_eq!(bench.orders, [Order::Follow { cursor: None }]);
    bench.connect();
    let cursor = bench.cursor.clone();
    bench.incoming(Incoming::Seeded { cursor });
    let mut asked = Vec::new();
    loop {
        let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
        if scans.is_empty() {
            break;
        }
        for scan in scans.iter().rev() {
            // Answers may come in any order.
            bench.answer_scan(scan, &history());
        }
        asked.extend(scans);
    }
    let Some(Order::Scan { to, .. }) = asked.last() else { panic!("nothing was asked") };
    assert_eq!(*to, MessageId(2100), "2,000 empties beyond 12, in hundreds");
    bench.backfill(&history());
    insta::assert_snapshot!(bench.thread(5));
    assert_eq!(bench.thread(10).lines().next(), Some("#10 /1 open customer=- assignee=- waiting=-"));
    assert_eq!(queue(&bench, "anna", QueueName::All), [5], "a topic that staff opened is no ticket");
    assert_eq!(queue(&bench, "anna", QueueName::Intake), [1]);
    assert!(bench.alerts.is_empty(), "history is not heard: {:?}", bench.alerts);
    let View::Summary(summary) = bench.read("anna", ViewRequest::Summary) else { panic!("no summary") };
    assert_eq!((summary.topics, summary.tickets, summary.messages), (2, 1, 8));
    assert_eq!(summary.median_first_response_seconds, Some(59));
    let View::Search { hits } = bench.read("anna", ViewRequest::Search { text: "update".into(), limit: 9 }) else {
        panic!("no hits")
    };
    assert_eq!(hits.len(), 1, "the index is complete");
}

#[test]
fn a_killed_backfill_goes_on_where_it_was() {
    let mut bench = Bench::new();
    bench.connect();
    let cursor = bench.cursor.clone();
    bench.incoming(Incoming::Seeded { cursor: cursor.clone() });
    let first = bench.orders.iter().find(|order| matches!(order, Order::Scan { .. })).cloned().expect("a scan");
    bench.answer_scan(&first, &history());
    let mut bench = bench.restart();
    assert_eq!(bench.orders, [Order::Follow { cursor: Some(cursor) }]);
    bench.orders.clear();
    bench.connect();
    let Some(Order::Scan { from, .. }) = bench.orders.first() else { panic!("no scan") };
    assert_eq!(*from, MessageId(101), "what was answered is not asked again");
    bench.backfill(&history());
    assert_eq!(queue(&bench, "anna", QueueName::All), [5]);
    assert_eq!(bench.thread(5).matches("After the update").count(), 1);
}

#[test]
fn what_comes_during_the_backfill_is_consumed_in_order() {
    let mut bench = Bench::new();
    bench.connect();
    let cursor = bench.cursor.clone();
    bench.incoming(Incoming::Seeded { cursor });
    // A live answer by staff arrives before the history in which the question stands.
    bench.push(vec![Happening::Message(text(13, 5, ANNA, at(200), "Please reinstall"))]);
    let mut all = history();
    all.push(text(13, 5, ANNA, at(200), "Please reinstall"));
    bench.backfill(&all);
    let thread = bench.thread(5);
    assert!(thread.starts_with("#5 /1 in_progress customer=Olena K. assignee=anna waiting=-"), "{thread}");
    assert!(!thread.contains("late"), "{thread}");
}

#[test]
fn what_comes_where_the_scan_has_already_been_is_consumed_when_it_ends() {
    let mut bench = Bench::new();
    bench.connect();
    let cursor = bench.cursor.clone();
    bench.incoming(Incoming::Seeded { cursor });
    let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
    let top = history().iter().map(|message| message.id.0).max().expect("some");
    for scan in &scans {
        bench.answer_scan(scan, &history());
    }
    // The next id is given while the scan looks for an end beyond it, and so has found it empty.
    bench.push(vec![Happening::Message(text(top + 1, 5, ANNA, at(300), "Please reinstall"))]);
    bench.backfill(&history());
    let thread = bench.thread(5);
    assert!(thread.starts_with("#5 /1 in_progress customer=Olena K. assignee=anna waiting=-"), "{thread}");
    assert!(!thread.contains("late"), "{thread}");
}

#[test]
fn claim_reply_pending_answer_resolve() {
    let mut bench = Bench::followed(&history());
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(20, LI, now, "Refund")),
        Happening::Message(text(21, 20, LI, now, "I want my money back")),
    ]);
    assert_eq!(bench.alerts, [Alert::NewTicket { ticket: ticket(20) }]);
    bench.command("anna", Command::Claim { ticket: ticket(20) }).expect("claimed");
    let taken = bench.command("tom", Command::Claim { ticket: ticket(20) }).expect_err("taken");
    assert!(matches!(taken, Refusal::Taken { .. }), "{taken}");
    let receipt = bench.command("anna", reply(20, "Which order?")).expect("accepted");
    let sends = bench.take_sends();
    assert_eq!(sends.len(), 1);
    assert_eq!(Some(sends[0].outbox), receipt.outbox);
    assert_eq!((sends[0].topic, sends[0].text.as_str()), (TopicId(20), "Which order?"));
    bench.clock.step(Duration::from_secs(2));
    // The stream says first which id it got, then the message itself; then the answer to the call comes.
    bench.push(vec![
        Happening::Settled { random_id: sends[0].random_id, message: MessageId(22) },
        Happening::Message(text(22, 20, BOT, bench.now(), "Which order?")),
    ]);
    bench.deliver(&sends[0], 22);
    let pending =
        topicdesk::desk::ticket::Pending { reason: topicdesk::desk::ticket::PendingReason::Customer, until: None };
    bench.command("anna", Command::SetPending { ticket: ticket(20), pending }).expect("pending");
    assert_eq!(queue(&bench, "anna", QueueName::Pending), [20]);
    bench.clock.step(Duration::from_secs(60));
    bench.alerts.clear();
    bench.push(vec![Happening::Message(text(23, 20, LI, bench.now(), "Order 77"))]);
    assert_eq!(bench.alerts, [Alert::Reply { ticket: ticket(20), assignee: "anna".into() }]);
    bench.command("anna", Command::Resolve { ticket: ticket(20) }).expect("resolved");
    insta::assert_snapshot!(bench.thread(20));
}

#[test]
fn a_reply_is_the_same_entry_whichever_comes_first() {
    for mirror_first in [true, false] {
        let mut bench = Bench::followed(&history());
        bench.command("anna", reply(5, "Try again")).expect("accepted");
        let send = bench.take_sends().remove(0);
        let echo = Happening::Message(text(13, 5, BOT, bench.now(), "Try again"));
        if mirror_first {
            bench.push(vec![echo]);
            bench.deliver(&send, 13);
        } else {
            bench.deliver(&send, 13);
            bench.push(vec![echo]);
        }
        let thread = bench.thread(5);
        assert_eq!(thread.matches("Try again").count(), 1, "mirror first: {mirror_first}\n{thread}");
        assert!(thread.contains("message 13 anna: Try again <sent>"), "{thread}");
        assert!(thread.contains("waiting=-"), "the answer ends the waiting\n{thread}");
    }
}

#[test]
fn an_unknown_end_repeats_the_identical_call_and_only_that() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "first")).expect("accepted");
    bench.command("anna", reply(5, "second")).expect("accepted");
    let first = bench.take_sends();
    assert_eq!(first.len(), 1, "order is kept per ticket");
    bench.incoming(Incoming::Delivery { outbox: first[0].outbox, outcome: Outcome::Unknown { why: "cut".into() } });
    assert!(bench.take_sends().is_empty(), "not at once");
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.take_sends(), first, "the identical call");
    // The process dies while the call is on its way.
    let mut bench = bench.restart();
    bench.connect();
    assert_eq!(bench.take_sends(), first, "again the identical call");
    bench.deliver(&first[0], 13);
    let second = bench.take_sends();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].text, "second");
    assert_ne!(second[0].random_id, first[0].random_id);
}

#[test]
fn a_flood_wait_is_obeyed_and_remembered() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "hello")).expect("accepted");
    let send = bench.take_sends().remove(0);
    let not_before = bench.now() + Duration::from_secs(30);
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Later { not_before } });
    let mut bench = bench.restart();
    bench.connect();
    assert!(bench.take_sends().is_empty(), "remembered across a restart");
    bench.pass(Duration::from_secs(29));
    assert!(bench.take_sends().is_empty());
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.take_sends().len(), 1);
}

#[test]
fn a_refused_reply_is_parked_and_can_be_mended() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "hello")).expect("accepted");
    let send = bench.take_sends().remove(0);
    let outcome = Outcome::Refused { why: "the desk may not write there".into(), topic_gone: false };
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome });
    assert!(bench.thread(5).contains("hello <parked>"), "{}", bench.thread(5));
    let edit = Command::EditOutbox { outbox: send.outbox, text: "hello again".into(), seen: None, confirmed: false };
    bench.command("anna", edit).expect("edited");
    bench.pass(Duration::from_secs(5));
    let again = bench.take_sends().remove(0);
    assert_eq!(again.text, "hello again");
    assert_ne!(again.random_id, send.random_id, "another text is another message");
    let refused = bench.command("anna", Command::DiscardOutbox { outbox: send.outbox }).expect_err("on its way");
    assert_eq!(refused, Refusal::NotEditable("sending".into()));
}

#[test]
fn a_held_reply_can_be_taken_back_until_it_leaves() {
    let mut bench = Bench::followed(&history());
    let held = |text: &str| Command::Reply {
        ticket: ticket(5),
        text: text.into(),
        reply_to: None,
        hold: true,
        seen: None,
        file: None,
        along: Along::default(),
    };
    let receipt = bench.command("anna", held("oops")).expect("accepted");
    bench.pass(Duration::from_secs(4));
    assert!(bench.take_sends().is_empty());
    let outbox = receipt.outbox.expect("a row");
    bench.command("anna", Command::DiscardOutbox { outbox }).expect("taken back");
    bench.pass(Duration::from_secs(10));
    assert!(bench.take_sends().is_empty());
    assert!(!bench.thread(5).contains("oops"));
    bench.command("anna", held("better")).expect("accepted");
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.take_sends().len(), 1);
}

#[test]
fn a_repeated_command_has_one_effect() {
    let mut bench = Bench::followed(&history());
    let id = CommandId("the same".into());
    let first = bench.command_as(id.clone(), "anna", reply(5, "once")).expect("accepted");
    let second = bench.command_as(id.clone(), "anna", reply(5, "once")).expect("the first receipt");
    assert_eq!(first.outbox, second.outbox);
    let mut bench = bench.restart();
    let third = bench.command_as(id, "anna", reply(5, "once")).expect("the first receipt");
    assert_eq!(first.outbox, third.outbox);
    assert_eq!(bench.thread(5).matches("once").count(), 1);
}

#[test]
fn a_receipt_tells_how_the_ticket_stands_and_a_repeat_does_not() {
    let mut bench = Bench::followed(&history());
    let (id, take) = (CommandId("the same".into()), Command::TakeOver { ticket: ticket(5) });
    let taken = bench.command_as(id.clone(), "tom", take.clone()).expect("taken over");
    assert_eq!(taken.standing.expect("is told").assignee, Some(AgentName::from("tom")));
    bench.command("anna", Command::Resolve { ticket: ticket(5) }).expect("resolved");
    let again = bench.command_as(id, "tom", take).expect("the first receipt");
    assert_eq!(again.standing, None, "it is resolved by now");
    let draft = Command::SaveDraft { ticket: ticket(5), text: "Hello".to_owned(), note: false };
    assert_eq!(bench.command("anna", draft).expect("saved").standing, None, "nothing has changed");
}

#[test]
fn a_failed_commit_leaves_nothing_and_loses_nothing() {
    let mut bench = Bench::followed(&history());
    let batch = bench.batch(vec![Happening::Message(text(13, 5, OLENA, bench.now(), "still broken"))]);
    bench.refuse.store(true, Ordering::SeqCst);
    let refused = bench.command("anna", reply(5, "hello")).expect_err("not saved");
    assert!(matches!(refused, Refusal::NotSaved(_)), "{refused}");
    assert!(bench.take_sends().is_empty());
    bench.orders.clear();
    bench.incoming(Incoming::Batch(batch.clone()));
    assert_eq!(bench.orders, [Order::Follow { cursor: Some(batch.from.clone()) }], "asks again from what is committed");
    bench.refuse.store(false, Ordering::SeqCst);
    assert!(!bench.thread(5).contains("still broken"));
    bench.connect();
    bench.incoming(Incoming::Batch(batch.clone()));
    bench.incoming(Incoming::Batch(batch));
    assert_eq!(bench.thread(5).matches("still broken").count(), 1, "{}", bench.thread(5));
}

#[test]
fn a_batch_that_does_not_begin_at_the_cursor_stores_and_resyncs_once() {
    let mut bench = Bench::followed(&history());
    let lost = bench.batch(vec![Happening::Message(text(13, 5, OLENA, bench.now(), "one"))]);
    let next = bench.batch(vec![Happening::Message(text(14, 5, OLENA, bench.now(), "two"))]);
    let third = bench.batch(vec![Happening::Message(text(15, 5, OLENA, bench.now(), "three"))]);
    bench.orders.clear();
    bench.incoming(Incoming::Batch(next));
    bench.incoming(Incoming::Batch(third));
    let follows: Vec<_> = bench.orders.iter().filter(|order| matches!(order, Order::Follow { .. })).collect();
    assert_eq!(follows, [&Order::Follow { cursor: Some(lost.from.clone()) }], "the cursor stays, one resync");
    bench.connect();
    // The difference says everything again.
    let people = lost.people.clone();
    let again = [13, 14, 15].iter().zip(["one", "two", "three"]);
    let happenings =
        again.map(|(id, word)| (GROUP, Happening::Message(text(*id, 5, OLENA, bench.now(), word)))).collect();
    let to = bench.cursor.clone();
    let from = lost.from;
    bench.incoming(Incoming::Batch(topicdesk::engine::transport::Batch { from, to, people, happenings }));
    let thread = bench.thread(5);
    for word in [": one", ": two", ": three"] {
        assert_eq!(thread.matches(word).count(), 1, "{thread}");
    }
    assert!(thread.contains("13 Olena K.: one late"), "what came after its successors is marked\n{thread}");
}

#[test]
fn a_jump_in_ids_is_a_hole_that_is_scanned() {
    let mut bench = Bench::followed(&history());
    bench.push(vec![Happening::Message(text(20, 5, OLENA, bench.now(), "far above"))]);
    let scans: Vec<_> = bench.orders.iter().filter(|order| matches!(order, Order::Scan { .. })).cloned().collect();
    assert_eq!(scans, [Order::Scan { group: GROUP, from: MessageId(13), to: MessageId(19) }]);
    let View::Desk(desk) = bench.read("anna", ViewRequest::Desk) else { panic!("no desk") };
    assert_eq!(desk.holes, [(MessageId(13), MessageId(19))], "said on the screen");
    bench.orders.clear();
    bench.answer_scan(&scans[0], &[text(15, 5, LI, bench.now(), "was missed")]);
    let thread = bench.thread(5);
    assert!(thread.contains("15 Li Wei: was missed late"), "{thread}");
    let View::Desk(desk) = bench.read("anna", ViewRequest::Desk) else { panic!("no desk") };
    assert_eq!(desk.holes, []);
    bench.step(Input::Idle);
    assert!(bench.orders.is_empty(), "a closed hole stays closed: {:?}", bench.orders);
}

#[test]
fn edits_and_deletions_stay_visible() {
    let mut bench = Bench::followed(&history());
    let mut edited = text(9, 5, OLENA, at(120), "7.3, sorry");
    edited.edited_at = Some(bench.now());
    bench.push(vec![Happening::Edited(edited.clone()), Happening::Edited(edited)]);
    bench.push(vec![Happening::Deleted(vec![MessageId(9), MessageId(4000)])]);
    let thread = bench.thread(5);
    assert!(thread.contains("9 Olena K.:  deleted edited"), "{thread}");
    assert!(thread.starts_with("#5 /1 in_progress customer=Olena K. assignee=anna waiting=-"), "{thread}");
    let View::Search { hits } = bench.read("anna", ViewRequest::Search { text: "sorry".into(), limit: 9 }) else {
        panic!("no hits")
    };
    assert!(hits.is_empty(), "what was deleted is not found");
}

#[test]
fn a_deleted_topic_closes_its_ticket_and_parks_its_replies() {
    let mut bench = Bench::followed(&history());
    let hold = Command::Reply {
        ticket: ticket(5),
        text: "hello".into(),
        reply_to: None,
        hold: true,
        seen: None,
        file: None,
        along: Along::default(),
    };
    bench.command("anna", hold).expect("held");
    bench.push(vec![Happening::Deleted(vec![MessageId(5), MessageId(6)])]);
    assert!(bench.orders.contains(&Order::CheckTopics { group: GROUP, topics: vec![TopicId(5)] }), "asks Telegram");
    let gone = TopicFacts {
        topic: TopicId(5),
        gone: true,
        title: None,
        icon: None,
        closed: None,
        hidden: None,
        created_at: None,
        creator: None,
        top_message: None,
    };
    bench.incoming(Incoming::Topics { group: GROUP, topics: vec![gone], people: vec![], next: None, checked: true });
    let thread = bench.thread(5);
    assert!(thread.starts_with("#5 /1 closed"), "{thread}");
    assert!(thread.contains("hello <parked>"), "{thread}");
    assert_eq!(bench.command("anna", reply(5, "x")).expect_err("gone"), Refusal::TopicGone(ticket(5)));
}

#[test]
fn telegram_closes_renames_and_reopens() {
    let mut bench = Bench::followed(&history());
    let service = |id: i32, author, service| {
        let mut message = text(id, 5, author, at(9_000), "");
        message.content = Content::Service(service);
        Happening::Message(message)
    };
    let edit = |title: Option<&str>, closed| ServiceMessage::TopicEdited {
        title: title.map(str::to_owned),
        icon: None,
        closed,
        hidden: None,
    };
    bench.push(vec![service(13, OLENA, edit(Some("Login"), None)), service(14, OLENA, edit(None, Some(true)))]);
    assert!(bench.thread(5).starts_with("#5 /1 resolved"), "closed by its customer: {}", bench.thread(5));
    bench.push(vec![service(15, COLLEAGUE, edit(None, Some(false)))]);
    bench.push(vec![service(16, COLLEAGUE, edit(None, Some(true)))]);
    assert!(bench.thread(5).starts_with("#5 /1 closed"), "closed by staff: {}", bench.thread(5));
    bench.push(vec![service(17, BOT, edit(None, Some(false)))]);
    assert!(bench.thread(5).starts_with("#5 /1 closed"), "our own echo is no happening");
}

#[test]
fn notes_drafts_and_seen_are_kept_per_agent() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", Command::Note { ticket: ticket(5), text: "known bug".into() }).expect("noted");
    let draft = |text: &str| Command::SaveDraft { ticket: ticket(5), text: text.into(), note: false };
    bench.command("anna", draft("half a")).expect("kept");
    bench.command("tom", Command::MarkSeen { ticket: ticket(5), message: MessageId(9) }).expect("kept");
    let bench = bench.restart();
    let request =
        || ViewRequest::Thread { ticket: ticket(5), window: topicdesk::engine::views::Window::Newest, limit: 10 };
    let (View::Thread(anna), View::Thread(tom)) = (bench.read("anna", request()), bench.read("tom", request())) else {
        panic!("no thread")
    };
    assert_eq!(anna.draft.map(|draft| draft.text), Some("half a".to_owned()));
    assert_eq!(tom.draft, None);
    assert_eq!((anna.seen, tom.seen), (None, Some(MessageId(9))));
    assert!(bench.thread(5).contains("note anna: known bug"));
}

#[test]
fn ignoring_and_taking_in_again() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", Command::Ignore { ticket: ticket(5), ignored: true }).expect("ignored");
    assert_eq!(queue(&bench, "anna", QueueName::All), [0; 0]);
    bench.push(vec![Happening::Message(text(13, 5, OLENA, bench.now(), "hello?"))]);
    assert_eq!(queue(&bench, "anna", QueueName::All), [0; 0]);
    bench.command("anna", Command::Ignore { ticket: ticket(5), ignored: false }).expect("taken in");
    let thread = bench.thread(5);
    assert!(
        thread.starts_with("#5 /1 in_progress customer=Olena K. assignee=anna waiting=2026-11-22T11:02:00Z"),
        "{thread}"
    );
    bench.command("anna", Command::OpenTicket { ticket: ticket(10) }).expect("a ticket of what staff opened");
    assert_eq!(queue(&bench, "anna", QueueName::Unassigned), [10]);
}

#[test]
fn undo_goes_back_and_says_why_it_cannot() {
    let mut bench = Bench::followed(&history());
    let receipt = bench.command("tom", Command::TakeOver { ticket: ticket(5) }).expect("taken over");
    let event = receipt.undo.expect("a move");
    let undo = Command::Undo { ticket: ticket(5), event };
    assert!(matches!(bench.command("anna", undo.clone()), Err(Refusal::NotUndoable(_))), "not hers");
    bench.command("tom", undo.clone()).expect("undone");
    assert!(bench.thread(5).contains("assignee=anna"), "{}", bench.thread(5));
    assert!(matches!(bench.command("tom", undo), Err(Refusal::NotUndoable(_))), "only once");
}

#[test]
fn old_tickets_are_put_away_once_and_their_timers_run_later() {
    let mut old = history();
    let long_ago = at(-40 * 24 * 3600);
    old.insert(0, created(3, LI, long_ago, "Old and unanswered"));
    old.insert(1, text(4, 3, LI, long_ago, "anybody?"));
    let mut bench = Bench::followed(&old);
    assert!(bench.thread(3).starts_with("#3 /1 resolved"), "{}", bench.thread(3));
    assert_eq!(queue(&bench, "anna", QueueName::Imported), [3]);
    assert!(bench.alerts.is_empty());
    bench.pass(Duration::from_secs(4 * 24 * 3600));
    assert!(bench.thread(3).starts_with("#3 /1 closed"), "{}", bench.thread(3));
}

#[test]
fn nothing_is_sent_without_a_link() {
    let mut bench = Bench::followed(&history());
    bench.incoming(Incoming::Link(LinkState::Offline { since: bench.now(), why: "no network".into() }));
    bench.command("anna", reply(5, "hello")).expect("accepted");
    assert!(bench.take_sends().is_empty());
    bench.connect();
    assert_eq!(bench.take_sends().len(), 1);
}

#[test]
fn send_and_pend_in_one_breath() {
    let mut bench = Bench::followed(&history());
    let pending =
        topicdesk::desk::ticket::Pending { reason: topicdesk::desk::ticket::PendingReason::Customer, until: None };
    let pend = Command::SetPending { ticket: ticket(5), pending };
    assert_eq!(bench.command("anna", pend.clone()), Err(Refusal::CustomerWaits(ticket(5))));
    let hold = Command::Reply {
        ticket: ticket(5),
        text: "done?".into(),
        reply_to: None,
        hold: true,
        seen: None,
        file: None,
        along: Along::default(),
    };
    bench.command("anna", hold).expect("held");
    bench.command("anna", pend).expect("the answer is on its way");
    bench.pass(Duration::from_secs(6));
    let send = bench.take_sends().remove(0);
    bench.push(vec![
        Happening::Settled { random_id: send.random_id, message: MessageId(13) },
        Happening::Message(text(13, 5, BOT, bench.now(), "done?")),
    ]);
    let thread = bench.thread(5);
    assert!(thread.starts_with("#5 /1 pending customer=Olena K. assignee=anna waiting=-"), "{thread}");
}

#[test]
fn what_is_done_does_not_stand_before_who_waits() {
    let mut all = history();
    all.insert(0, created(3, LI, at(-90), "Older"));
    all.insert(1, text(4, 3, LI, at(-80), "hello?"));
    let mut bench = Bench::followed(&all);
    assert_eq!(queue(&bench, "anna", QueueName::All), [3, 5], "longest waiting first");
    bench.command("anna", Command::Close { ticket: ticket(3), reason: "spam".into() }).expect("closed");
    assert_eq!(queue(&bench, "anna", QueueName::All), [5, 3]);
}
