//! The outbox, rule by rule: pace, turns, the stale-reply guard, long texts, time offline, and crashes at every step of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{MessageId, OutboxId};
use topicdesk::desk::thread::{Delivery, Doubt, Lane, Message};
use topicdesk::engine::handle::Receipt;
use topicdesk::engine::transport::{Happening, Incoming, LinkState, Outcome, Send};
use topicdesk::engine::views::{Alert, View, ViewRequest};
use topicdesk::store::outbox::OutboxRow;

use crate::support::bench::{ANNA, BOT, Bench, COLLEAGUE, LI, OLENA, at, created, text, ticket};

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        created(7, LI, at(10), "Refund"),
        text(8, 7, LI, at(11), "I want my money back"),
    ]
}

fn reply(topic: i32, text: &str, seen: Option<i32>) -> Command {
    let seen = seen.map(MessageId);
    Command::Reply {
        ticket: ticket(topic),
        text: text.to_owned(),
        reply_to: None,
        hold: false,
        seen,
        file: None,
        along: Along::default(),
    }
}

fn held(text: &str, seen: i32) -> Command {
    let seen = Some(MessageId(seen));
    Command::Reply {
        ticket: ticket(5),
        text: text.to_owned(),
        reply_to: None,
        hold: true,
        seen,
        file: None,
        along: Along::default(),
    }
}

fn says(bench: &mut Bench, id: i32, topic: i32, who: topicdesk::desk::ids::PersonId, words: &str) {
    let message = text(id, topic, who, bench.now(), words);
    bench.push(vec![Happening::Message(message)]);
}

/// The rows that have not left: text and how far.
fn outbox(bench: &Bench) -> Vec<(String, Delivery)> {
    match bench.read("anna", ViewRequest::Outbox) {
        View::Outbox { rows } => rows.into_iter().map(|row| (row.text, row.delivery)).collect(),
        other => panic!("no outbox: {other:?}"),
    }
}

fn texts(sends: &[Send]) -> Vec<&str> {
    sends.iter().map(|send| send.text.as_str()).collect()
}

fn row(receipt: Result<Receipt, Refusal>) -> OutboxId {
    receipt.expect("accepted").outbox.expect("a row")
}

fn newer(message: i32) -> Delivery {
    Delivery::Confirm { why: Doubt::Newer { message: MessageId(message) } }
}

/// Delivers everything that is sent, as it is sent, for so long; tells what was sent when, in milliseconds.
fn drain(bench: &mut Bench, seconds: u64) -> Vec<(i64, String)> {
    let begun = bench.now();
    let end = begun + Duration::from_secs(seconds);
    let mut sent = Vec::new();
    let mut id = 1_000;
    loop {
        for send in bench.take_sends() {
            sent.push((bench.now().millis() - begun.millis(), send.text.clone()));
            id += 1;
            bench.deliver(&send, id);
        }
        if bench.orders.iter().any(|order| matches!(order, topicdesk::engine::transport::Order::Send(_))) {
            continue;
        }
        match bench.engine.next_wake().filter(|at| *at <= end) {
            Some(at) => bench.pass(at.since(bench.now())),
            None => return sent,
        }
    }
}

#[test]
fn a_busy_desk_keeps_the_pace_also_over_a_restart() {
    let mut bench = Bench::followed(&history());
    for number in 0..30 {
        let topic = if number % 2 == 0 { 5 } else { 7 };
        bench.command("anna", reply(topic, &format!("number {number}"), None)).expect("accepted");
    }
    let mut sent = drain(&mut bench, 20);
    assert_eq!(sent.iter().filter(|(at, _)| *at == 0).count(), 5, "a burst: {sent:?}");
    let mut bench = bench.restart();
    bench.connect();
    sent.extend(drain(&mut bench, 120).into_iter().map(|(at, text)| (at + 20_000, text)));
    assert_eq!(sent.len(), 30, "{sent:?}");
    for (place, (from, _)) in sent.iter().enumerate() {
        let in_a_minute = sent[place..].iter().filter(|(to, _)| to - from < 60_000).count();
        assert!(in_a_minute <= 18, "{in_a_minute} in the minute from {from}: {sent:?}");
    }
    assert!(sent[29].0 < 90_000, "{sent:?}");
}

#[test]
fn tickets_take_turns_and_each_keeps_its_order() {
    let mut bench = Bench::followed(&history());
    for number in 0..8 {
        bench.command("anna", reply(5, &format!("five {number}"), None)).expect("accepted");
        bench.clock.step(Duration::from_millis(10));
    }
    // All eight of the one ticket stand before the other's in the queue; one was on its way already.
    for number in 0..3 {
        bench.command("tom", reply(7, &format!("seven {number}"), None)).expect("accepted");
        bench.clock.step(Duration::from_millis(10));
    }
    let sent: Vec<String> = drain(&mut bench, 60).into_iter().map(|(_, text)| text).collect();
    let place = |text: &str| sent.iter().position(|own| own == text).unwrap_or_else(|| panic!("{text} in {sent:?}"));
    for number in 1..8 {
        assert!(place(&format!("five {}", number - 1)) < place(&format!("five {number}")), "{sent:?}");
    }
    assert!(place("seven 2") <= 6, "nobody waits for all of another's: {sent:?}");
}

#[test]
fn what_a_person_wrote_goes_before_what_the_desk_writes_by_itself() {
    let mut bench = Bench::followed(&history());
    bench.incoming(Incoming::Link(LinkState::Offline { since: bench.now(), why: "no network".into() }));
    let now = bench.now();
    let work = bench.engine.store_mut().begin().expect("a transaction");
    for (topic, words) in [(5, "are you there?"), (7, "how did we do?")] {
        let agent = topicdesk::desk::ids::AgentName::from("anna");
        let entry = work.put_reply(ticket(topic), &agent, now, words, None).expect("an entry");
        let row = OutboxRow {
            id: OutboxId(0),
            key: ticket(topic),
            entry,
            agent,
            text: words.to_owned(),
            reply_to: None,
            random_id: i64::from(topic) + 1_000_000,
            delivery: Delivery::Queued,
            created_at: now,
            not_before: None,
            attempts: 0,
            lane: Lane::Automatic,
            seen: None,
            said_at: now,
            first: None,
            file: None,
        };
        let id = work.put_outbox(&row).expect("a row");
        work.tie(entry, id).expect("tied");
    }
    work.commit().expect("committed");
    bench.clock.step(Duration::from_secs(1));
    for number in 0..6 {
        bench.command("anna", reply(7, &format!("seven {number}"), None)).expect("accepted");
    }
    bench.connect();
    let sent: Vec<String> = drain(&mut bench, 60).into_iter().map(|(_, text)| text).collect();
    // The other ticket has nothing better; in its own, and once tokens are rare, a person's words come first.
    assert_eq!(sent.len(), 8, "{sent:?}");
    assert_eq!(sent.last().map(String::as_str), Some("how did we do?"), "{sent:?}");
    assert_eq!(sent[0], "seven 0", "{sent:?}");
}

#[test]
fn a_reply_to_a_thread_that_has_moved_on_is_asked_about_when_it_is_accepted() {
    let mut bench = Bench::followed(&history());
    says(&mut bench, 20, 5, OLENA, "it works now, thanks!");
    let receipt = bench.command("anna", reply(5, "please reinstall", Some(6))).expect("accepted");
    assert!(receipt.notice.as_deref().is_some_and(|notice| notice.contains("has written since")), "{receipt:?}");
    assert_eq!(outbox(&bench), [("please reinstall".to_owned(), newer(20))]);
    bench.pass(Duration::from_secs(600));
    assert!(bench.take_sends().is_empty(), "not without a word");
    let mut bench = bench.restart();
    bench.connect();
    assert!(bench.take_sends().is_empty(), "nor after a restart");
    // The second key was pressed while yet another message came.
    let outbox_id = receipt.outbox.expect("a row");
    says(&mut bench, 21, 5, OLENA, "or not");
    let again = Command::RetryOutbox { outbox: outbox_id, seen: Some(MessageId(20)) };
    bench.command("anna", again).expect("taken");
    assert_eq!(outbox(&bench), [("please reinstall".to_owned(), newer(21))]);
    bench.command("anna", Command::RetryOutbox { outbox: outbox_id, seen: Some(MessageId(21)) }).expect("taken");
    assert_eq!(texts(&bench.take_sends()), ["please reinstall"]);
}

#[test]
fn a_reply_to_a_thread_that_has_moved_on_is_asked_about_before_it_leaves() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", held("please reinstall", 6)).expect("accepted");
    bench.pass(Duration::from_secs(3));
    says(&mut bench, 20, 5, OLENA, "it works now, thanks!");
    bench.alerts.clear();
    bench.pass(Duration::from_secs(10));
    assert!(bench.take_sends().is_empty());
    assert_eq!(outbox(&bench), [("please reinstall".to_owned(), newer(20))]);
    let why = "somebody has written since".to_owned();
    assert_eq!(bench.alerts, [Alert::Parked { ticket: ticket(5), agent: "anna".into(), why }]);
    // It does not hold up what is written knowing it.
    bench.command("anna", reply(5, "great", Some(20))).expect("accepted");
    let send = bench.take_sends().remove(0);
    assert_eq!(send.text, "great");
    bench.deliver(&send, 21);
    let View::Counts(counts) = bench.read("anna", ViewRequest::Counts) else { panic!("no counts") };
    assert_eq!((counts.outbox, counts.parked), (0, 1));
}

#[test]
fn the_guard_knows_whose_messages_matter() {
    for (who, stops) in [(OLENA, true), (LI, true), (COLLEAGUE, true), (ANNA, false), (BOT, false)] {
        let mut bench = Bench::followed(&history());
        says(&mut bench, 20, 5, who, "something");
        bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
        assert_eq!(bench.take_sends().is_empty(), stops, "{who:?}");
        let mut bench = Bench::followed(&history());
        bench.command("anna", held("hello", 6)).expect("accepted");
        says(&mut bench, 20, 5, who, "something");
        bench.pass(Duration::from_secs(5));
        assert_eq!(bench.take_sends().is_empty(), stops, "{who:?} while it was held");
    }
    // Another agent's reply from the desk, and one's own.
    for (agent, stops) in [("tom", true), ("anna", false)] {
        let mut bench = Bench::followed(&history());
        bench.command(agent, reply(5, "try 7.3", None)).expect("accepted");
        let send = bench.take_sends().remove(0);
        bench.deliver(&send, 20);
        bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
        assert_eq!(bench.take_sends().is_empty(), stops, "{agent}");
    }
    // What was deleted again, what is in another topic, what the agent does not want to be asked about.
    let mut bench = Bench::followed(&history());
    says(&mut bench, 20, 5, OLENA, "wrong");
    bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
    says(&mut bench, 21, 7, LI, "elsewhere");
    bench.command("anna", reply(5, "one", Some(6))).expect("accepted");
    assert_eq!(texts(&bench.take_sends()), ["one"]);
    let mut bench = Bench::followed(&history());
    says(&mut bench, 20, 5, OLENA, "new");
    bench.command("anna", reply(5, "whatever", None)).expect("accepted");
    assert_eq!(texts(&bench.take_sends()), ["whatever"]);
}

#[test]
fn the_echo_of_ones_own_reply_is_no_news() {
    let mut bench = Bench::followed(&history());
    bench.command("tom", reply(5, "first", Some(6))).expect("accepted");
    let send = bench.take_sends().remove(0);
    // The mirror has it before the answer to the call says that it was that.
    says(&mut bench, 20, 5, BOT, "first");
    bench.command("tom", reply(5, "second", Some(6))).expect("accepted");
    bench.deliver(&send, 20);
    assert_eq!(texts(&bench.take_sends()), ["second"]);
}

#[test]
fn what_is_unknown_is_repeated_whatever_was_written_since() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
    let first = bench.take_sends();
    bench.incoming(Incoming::Delivery { outbox: first[0].outbox, outcome: Outcome::Unknown { why: "cut".into() } });
    says(&mut bench, 20, 5, OLENA, "something new");
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.take_sends(), first, "the identical call, without a question");
    let mut bench = bench.restart();
    bench.clock.step(Duration::from_secs(3600));
    bench.connect();
    assert_eq!(bench.take_sends(), first, "also after an hour without a link");
}

#[test]
fn a_flood_wait_on_a_repeat_does_not_say_that_nothing_was_sent() {
    for unknown_inside in [true, false] {
        let mut bench = Bench::followed(&history());
        bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
        let first = bench.take_sends();
        let outbox_id = first[0].outbox;
        let not_before = bench.now() + Duration::from_secs(30);
        let outcome = if unknown_inside {
            Outcome::UnknownUntil { not_before }
        } else {
            let unknown = Outcome::Unknown { why: "cut".into() };
            bench.incoming(Incoming::Delivery { outbox: outbox_id, outcome: unknown });
            bench.pass(Duration::from_secs(2));
            assert_eq!(bench.take_sends(), first);
            Outcome::Later { not_before }
        };
        bench.incoming(Incoming::Delivery { outbox: outbox_id, outcome });
        says(&mut bench, 20, 5, OLENA, "something new");
        let edit = Command::EditOutbox { outbox: outbox_id, text: "another".into(), seen: None, confirmed: false };
        assert_eq!(bench.command("anna", edit), Err(Refusal::NotEditable("sending".into())));
        bench.pass(not_before.since(bench.now()) - Duration::from_secs(1));
        assert!(bench.take_sends().is_empty(), "obeyed");
        bench.pass(Duration::from_secs(1));
        assert_eq!(bench.take_sends(), first, "the identical call, without a question");
    }
    // A first call that was answered with it was not carried out: the guard looks again.
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
    let send = bench.take_sends().remove(0);
    for _ in 0..2 {
        let not_before = bench.now() + Duration::from_secs(30);
        bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Later { not_before } });
        bench.pass(Duration::from_secs(30));
        assert_eq!(bench.take_sends().len(), 1);
    }
    let not_before = bench.now() + Duration::from_secs(30);
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Later { not_before } });
    says(&mut bench, 20, 5, OLENA, "something new");
    bench.pass(Duration::from_secs(30));
    assert_eq!(outbox(&bench), [("hello".to_owned(), newer(20))]);
}

#[test]
fn what_had_worked_before_it_was_refused_is_sent_all_the_same() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
    let send = bench.take_sends().remove(0);
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Unknown { why: "cut".into() } });
    says(&mut bench, 20, 5, BOT, "hello");
    bench.pass(Duration::from_secs(2));
    let outcome = Outcome::Refused { why: "the topic is closed".into(), topic_gone: false };
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome });
    assert_eq!(outbox(&bench), []);
    assert_eq!(bench.thread(5).matches("hello").count(), 1, "{}", bench.thread(5));
}

#[test]
fn nothing_leaves_before_what_was_missed_is_known() {
    let mut bench = Bench::followed(&history());
    bench.incoming(Incoming::Link(LinkState::Offline { since: bench.now(), why: "no network".into() }));
    bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.incoming(Incoming::Facts(crate::support::bench::facts()));
    bench.incoming(Incoming::Link(LinkState::CatchingUp));
    assert!(bench.take_sends().is_empty(), "the difference may tell something");
    says(&mut bench, 20, 5, OLENA, "I found it myself");
    bench.incoming(Incoming::Link(LinkState::Live));
    assert!(bench.take_sends().is_empty(), "as it did");
    assert_eq!(outbox(&bench), [("hello".to_owned(), newer(20))]);
}

#[test]
fn what_lay_long_while_offline_asks_again() {
    let offline = |minutes: u64| {
        let mut bench = Bench::followed(&history());
        bench.incoming(Incoming::Link(LinkState::Offline { since: bench.now(), why: "no network".into() }));
        bench.command("anna", held("good morning", 6)).expect("accepted");
        let since = bench.now();
        bench.pass(Duration::from_secs(60 * minutes));
        bench.connect();
        (bench, since)
    };
    let (mut bench, _) = offline(9);
    assert_eq!(bench.take_sends().len(), 1, "nine minutes are nothing");
    let (mut bench, since) = offline(10);
    assert!(bench.take_sends().is_empty());
    let why = Doubt::Offline { since };
    assert_eq!(outbox(&bench), [("good morning".to_owned(), Delivery::Confirm { why })]);
    let View::Outbox { rows } = bench.read("anna", ViewRequest::Outbox) else { panic!("no outbox") };
    bench.command("anna", Command::RetryOutbox { outbox: rows[0].outbox, seen: Some(MessageId(6)) }).expect("sent");
    assert_eq!(bench.take_sends().len(), 1);
    // A long wait for Telegram's leave, with the link up, is no time offline.
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "first", Some(6))).expect("accepted");
    let send = bench.take_sends().remove(0);
    let not_before = bench.now() + Duration::from_secs(3600);
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Later { not_before } });
    bench.pass(Duration::from_secs(3600));
    assert_eq!(bench.take_sends().len(), 1);
}

#[test]
fn what_is_being_changed_does_not_leave() {
    let mut bench = Bench::followed(&history());
    let outbox_id = row(bench.command("anna", held("oops", 6)));
    let aside = bench.command("anna", Command::HoldOutbox { outbox: outbox_id }).expect("taken aside");
    assert_eq!(aside.text.as_deref(), Some("oops"));
    bench.pass(Duration::from_secs(60));
    assert!(bench.take_sends().is_empty());
    assert_eq!(outbox(&bench), [("oops".to_owned(), Delivery::Confirm { why: Doubt::Editing })]);
    let edit =
        Command::EditOutbox { outbox: outbox_id, text: "better".into(), seen: Some(MessageId(6)), confirmed: false };
    bench.command("anna", edit.clone()).expect("changed");
    assert!(bench.take_sends().is_empty(), "it can be taken back like a new one");
    bench.pass(Duration::from_secs(5));
    assert_eq!(texts(&bench.take_sends()), ["better"]);
    let refused = bench.command("anna", edit).expect_err("has left");
    assert_eq!(refused, Refusal::NotEditable("sending".into()));
    // What was written while it was being changed counts.
    let outbox_id = row(bench.command("anna", held("again", 6)));
    bench.command("anna", Command::HoldOutbox { outbox: outbox_id }).expect("taken aside");
    says(&mut bench, 20, 5, OLENA, "never mind");
    let edit =
        Command::EditOutbox { outbox: outbox_id, text: "again!".into(), seen: Some(MessageId(6)), confirmed: false };
    bench.command("anna", edit).expect("changed");
    assert_eq!(outbox(&bench).last(), Some(&("again!".to_owned(), newer(20))));
}

#[test]
fn a_reply_stands_where_telegram_has_put_it_whichever_update_settled_it() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, "hello", Some(6))).expect("accepted");
    let send = bench.take_sends().remove(0);
    let sent_at = bench.now();
    bench.clock.step(Duration::from_secs(7));
    bench.push(vec![
        Happening::Settled { random_id: send.random_id, message: MessageId(20) },
        Happening::Message(text(20, 5, BOT, sent_at, "hello")),
    ]);
    let window = topicdesk::engine::views::Window::Newest;
    let View::Thread(page) = bench.read("anna", ViewRequest::Thread { ticket: ticket(5), window, limit: 9 }) else {
        panic!("no thread")
    };
    let entry = page.thread.iter().find(|entry| entry.text == "hello").expect("is there");
    assert_eq!((entry.at, page.ticket.first_response_at), (sent_at, Some(sent_at)), "Telegram's date, never ours");
}

/// Three parts of 4,000 letters each.
fn long() -> String {
    ["a", "b", "c"].map(|letter| letter.repeat(4_000)).join("\n\n")
}

fn letters(sends: &[Send]) -> String {
    sends.iter().map(|send| send.text.chars().next().unwrap_or_default()).collect()
}

#[test]
fn a_long_text_goes_out_in_order_and_a_customer_does_not_cut_it_in_two() {
    let mut bench = Bench::followed(&history());
    let receipt = bench.command("anna", reply(5, &long(), Some(6))).expect("accepted");
    assert_eq!(receipt.notice.as_deref(), Some("it goes out as 3 messages"));
    let first = bench.take_sends();
    assert_eq!(letters(&first), "a");
    says(&mut bench, 20, 5, OLENA, "what a letter");
    bench.deliver(&first[0], 21);
    let second = bench.take_sends();
    assert_eq!(letters(&second), "b");
    let mut bench = bench.restart();
    bench.connect();
    assert_eq!(bench.take_sends(), second);
    bench.deliver(&second[0], 22);
    let third = bench.take_sends();
    assert_eq!(letters(&third), "c");
    bench.deliver(&third[0], 23);
    assert_eq!(outbox(&bench), []);
}

#[test]
fn a_part_that_is_refused_stops_the_rest_and_they_go_on_together() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", reply(5, &long(), Some(6))).expect("accepted");
    bench.command("tom", reply(5, "not a part", None)).expect("accepted");
    let first = bench.take_sends().remove(0);
    bench.deliver(&first, 21);
    let second = bench.take_sends().remove(0);
    let outcome = Outcome::Refused { why: "the topic is closed".into(), topic_gone: false };
    bench.incoming(Incoming::Delivery { outbox: second.outbox, outcome });
    assert_eq!(texts(&bench.take_sends()), ["not a part"], "who stands behind it goes on");
    let rows = outbox(&bench);
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert_eq!(rows[0].1, Delivery::Parked { why: "the topic is closed".into() });
    let why = "the part before it was not sent: the topic is closed".to_owned();
    assert_eq!(rows[1].1, Delivery::Parked { why });
    let View::Outbox { rows } = bench.read("anna", ViewRequest::Outbox) else { panic!("no outbox") };
    let last = rows.iter().find(|row| row.text.starts_with('c')).expect("the last part").outbox;
    let View::Outbox { rows } = bench.read("anna", ViewRequest::Outbox) else { panic!("no outbox") };
    assert!(rows.iter().all(|row| row.text == "not a part" || row.part_of == Some(first.outbox)));
    bench.incoming(Incoming::Delivery {
        outbox: rows.iter().find(|row| row.text == "not a part").expect("tom's").outbox,
        outcome: Outcome::Sent { message: MessageId(24), at: at(9_000) },
    });
    // Whichever is chosen: all that are stopped go, in order.
    bench.command("anna", Command::RetryOutbox { outbox: last, seen: None }).expect("sent");
    let again = bench.take_sends();
    assert_eq!(letters(&again), "b");
    bench.deliver(&again[0], 25);
    assert_eq!(letters(&bench.take_sends()), "c");
}

fn draft(bench: &Bench) -> Option<String> {
    let window = topicdesk::engine::views::Window::Newest;
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(5), window, limit: 1 }) {
        View::Thread(page) => page.draft.map(|draft| draft.text),
        other => panic!("no thread: {other:?}"),
    }
}

#[test]
fn what_is_taken_back_does_not_overwrite_what_is_being_written() {
    let mut bench = Bench::followed(&history());
    let outbox = row(bench.command("anna", held("oops", 6)));
    let half = Command::SaveDraft { ticket: ticket(5), text: "half a thought".into(), note: false };
    bench.command("anna", half).expect("kept");
    let back = bench.command("anna", Command::TakeBack { outbox }).expect("taken back");
    assert_eq!((back.text.as_deref(), draft(&bench).as_deref()), (Some("oops"), Some("half a thought")));
}

#[test]
fn a_reply_quotes_what_stands_in_its_topic_or_is_refused_before_anything_changes() {
    let mut bench = Bench::followed(&history());
    says(&mut bench, 9, 5, OLENA, "Forget it");
    says(&mut bench, 10, 5, OLENA, "No, do not");
    bench.push(vec![Happening::Deleted(vec![MessageId(9)])]);
    let before = bench.thread(5);
    let quote = |message: i32| Command::Reply {
        ticket: ticket(5),
        text: "Which one?".to_owned(),
        reply_to: Some(MessageId(message)),
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    };
    for (message, why) in [
        (99_999, "message 99999 is not in #5, as far as the desk knows: reply to another one, or to none"),
        (8, "message 8 is not in #5 but in #7: reply to another one, or to none"),
        (9, "message 9 was deleted in Telegram: reply to another one, or to none"),
    ] {
        let refused = bench.command("anna", quote(message)).expect_err("refused");
        assert_eq!(refused.to_string(), why);
    }
    assert_eq!((bench.thread(5), outbox(&bench)), (before, vec![]), "it is nobody's as before");
    bench.command("anna", quote(10)).expect("sent");
    assert_eq!(bench.take_sends()[0].reply_to, Some(MessageId(10)));
}

#[test]
fn a_long_text_is_changed_and_thrown_away_as_one() {
    let mut bench = Bench::followed(&history());
    let hold = |text: &str| Command::Reply {
        ticket: ticket(5),
        text: text.to_owned(),
        reply_to: Some(MessageId(6)),
        hold: true,
        seen: Some(MessageId(6)),
        file: None,
        along: Along::default(),
    };
    let outbox_id = row(bench.command("anna", hold(&long())));
    assert_eq!(outbox(&bench).len(), 3);
    bench.command("anna", Command::TakeBack { outbox: outbox_id }).expect("taken back");
    assert_eq!(outbox(&bench), []);
    assert!(!bench.thread(5).contains("bbb"), "no entry is left");
    assert_eq!(draft(&bench), Some(long()), "what was taken back is not lost, whatever dies next");
    let outbox_id = row(bench.command("anna", hold(&long())));
    let aside = bench.command("anna", Command::HoldOutbox { outbox: outbox_id }).expect("taken aside");
    assert_eq!(aside.text, Some(long()));
    bench.pass(Duration::from_secs(60));
    assert!(bench.take_sends().is_empty());
    let shorter = format!("{}\n\nand that is all", "a".repeat(4_090));
    let edit = Command::EditOutbox { outbox: outbox_id, text: shorter, seen: Some(MessageId(6)), confirmed: false };
    bench.command("anna", edit).expect("changed");
    bench.pass(Duration::from_secs(5));
    let first = bench.take_sends().remove(0);
    assert_eq!((first.text.len(), first.reply_to), (4_090, Some(MessageId(6))));
    bench.deliver(&first, 21);
    let second = bench.take_sends().remove(0);
    assert_eq!((second.text.as_str(), second.reply_to), ("and that is all", None), "the quote stands above the first");
    bench.deliver(&second, 22);
    assert_eq!(outbox(&bench), []);
}

/// Refuses the commit of one step, lets it happen again, and goes on.
fn crash(bench: &mut Bench, step: impl Fn(&mut Bench)) {
    bench.refuse.store(true, Ordering::SeqCst);
    step(bench);
    assert!(bench.take_sends().is_empty(), "nothing leaves whose row is not saved");
    bench.refuse.store(false, Ordering::SeqCst);
}

#[test]
fn a_crash_at_any_step_loses_nothing_and_repeats_nothing() {
    let mut bench = Bench::followed(&history());
    // Accepting.
    let command = held("hello", 6);
    crash(&mut bench, |bench| {
        bench.command("anna", command.clone()).expect_err("not saved");
    });
    assert_eq!(outbox(&bench), []);
    bench.pass(Duration::from_secs(2));
    let outbox_id = row(bench.command("anna", command));
    // Taking aside, changing, sending off.
    crash(&mut bench, |bench| {
        bench.command("anna", Command::HoldOutbox { outbox: outbox_id }).expect_err("not saved");
    });
    assert!(matches!(outbox(&bench)[0].1, Delivery::Held { .. }), "{:?}", outbox(&bench));
    bench.command("anna", Command::HoldOutbox { outbox: outbox_id }).expect("taken aside");
    let edit = Command::EditOutbox { outbox: outbox_id, text: long(), seen: Some(MessageId(6)), confirmed: false };
    crash(&mut bench, |bench| {
        bench.command("anna", edit.clone()).expect_err("not saved");
    });
    assert_eq!(outbox(&bench), [("hello".to_owned(), Delivery::Confirm { why: Doubt::Editing })]);
    bench.command("anna", edit).expect("changed");
    // To sending.
    bench.clock.step(Duration::from_secs(5));
    crash(&mut bench, |bench| {
        bench.step(topicdesk::engine::input::Input::Woken);
    });
    bench.pass(Duration::from_secs(2));
    let first = bench.take_sends();
    assert_eq!(letters(&first), "a");
    // Settled, or not: the row is asked for again with the same key, in this process and in the next.
    let (outbox_id, why) = (first[0].outbox, "cut".to_owned());
    crash(&mut bench, |bench| {
        bench.incoming(Incoming::Delivery { outbox: outbox_id, outcome: Outcome::Unknown { why: why.clone() } });
    });
    bench.connect();
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.take_sends(), first);
    crash(&mut bench, |bench| bench.deliver(&first[0], 20));
    let mut bench = bench.restart();
    bench.connect();
    assert_eq!(bench.take_sends(), first);
    bench.deliver(&first[0], 20);
    // Between the parts, and to the question.
    let mut bench = bench.restart();
    bench.connect();
    let second = bench.take_sends();
    assert_eq!(letters(&second), "b");
    bench.deliver(&second[0], 21);
    assert!(bench.take_sends().is_empty(), "repeats count for the pace too");
    bench.pass(Duration::from_secs(10));
    let third = bench.take_sends();
    bench.deliver(&third[0], 22);
    assert_eq!(outbox(&bench), []);
    bench.command("anna", held("one more", 22)).expect("accepted");
    says(&mut bench, 30, 5, OLENA, "wait");
    bench.clock.step(Duration::from_secs(5));
    crash(&mut bench, |bench| {
        bench.step(topicdesk::engine::input::Input::Woken);
    });
    bench.pass(Duration::from_secs(2));
    assert!(bench.take_sends().is_empty());
    assert_eq!(outbox(&bench), [("one more".to_owned(), newer(30))]);
    let thread = bench.thread(5);
    for (words, times) in [("hello", 0), ("aaaa <sent>", 1), ("bbbb <sent>", 1), ("cccc <sent>", 1)] {
        assert_eq!(thread.matches(words).count(), times, "{words}");
    }
}
