//! Edits and deletions of one's own messages: whose, in which order, and what a crash leaves of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::MessageId;
use topicdesk::desk::thread::Message;
use topicdesk::engine::transport::{Change, Happening, Incoming, LinkState, Order, Outcome};
use topicdesk::engine::views::{Alert, ChangeView, Entry, View, ViewRequest, Window};

use crate::support::bench::{ANNA, BOT, Bench, OLENA, at, created, text, ticket};

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        text(7, 5, ANNA, at(60), "Which version?"),
    ]
}

/// A desk where anna has sent message 20 and tom message 21.
fn answered() -> Bench {
    let mut bench = Bench::followed(&history());
    for (agent, words, id) in [("anna", "Try 7.2", 20), ("tom", "or wait", 21)] {
        let reply = Command::Reply {
            ticket: ticket(5),
            text: words.into(),
            reply_to: None,
            hold: false,
            seen: None,
            file: None,
            along: Along::default(),
        };
        bench.command(agent, reply).expect("accepted");
        let send = bench.take_sends().remove(0);
        bench.deliver(&send, id);
        bench.push(vec![Happening::Message(text(id, 5, BOT, bench.now(), words))]);
    }
    bench
}

fn edit(message: i32, text: &str) -> Command {
    Command::EditMessage { ticket: ticket(5), message: MessageId(message), text: text.into(), confirmed: false }
}

fn delete(message: i32) -> Command {
    Command::DeleteMessage { ticket: ticket(5), message: MessageId(message) }
}

fn take(bench: &mut Bench) -> Vec<Change> {
    let changes = bench.orders.extract_if(.., |order| matches!(order, Order::Change(_)));
    changes
        .filter_map(|order| match order {
            Order::Change(change) => Some(change),
            _ => None,
        })
        .collect()
}

fn ends(bench: &mut Bench, change: &Change, outcome: Outcome) {
    bench.incoming(Incoming::Changed { change: change.change, outcome });
}

fn done(bench: &mut Bench, change: &Change) {
    let outcome = Outcome::Sent { message: change.message, at: bench.now() };
    ends(bench, change, outcome);
}

fn entry(bench: &Bench, message: i32) -> Entry {
    let window = Window::Around(MessageId(message));
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(5), window, limit: 2 }) {
        View::Thread(page) => {
            page.thread.into_iter().find(|entry| entry.message_id == Some(MessageId(message))).expect("is there")
        }
        other => panic!("no thread: {other:?}"),
    }
}

#[test]
fn ones_own_message_is_changed_and_the_stream_says_nothing_new() {
    let mut bench = answered();
    let receipt = bench.command("anna", edit(20, " Try 7.3 \n")).expect("accepted");
    let change = take(&mut bench).remove(0);
    assert_eq!((Some(change.change), change.message), (receipt.change, MessageId(20)));
    assert_eq!(change.text.as_deref(), Some("Try 7.3"));
    let before = entry(&bench, 20);
    assert_eq!(before.text, "Try 7.2", "not before Telegram has done it");
    let view = ChangeView { id: change.change, text: Some("Try 7.3".into()), refused: None };
    assert_eq!(before.change, Some(view));
    done(&mut bench, &change);
    let mut echo = text(20, 5, BOT, bench.now(), "Try 7.3");
    echo.edited_at = Some(bench.now());
    bench.push(vec![Happening::Edited(echo)]);
    let after = entry(&bench, 20);
    assert_eq!((after.text.as_str(), after.edited_at.is_some(), after.change), ("Try 7.3", true, None));
    assert_eq!(bench.thread(5).matches("Try 7").count(), 1, "{}", bench.thread(5));
}

#[test]
fn ones_own_message_is_deleted_whichever_says_so_first() {
    for stream_first in [true, false] {
        let mut bench = answered();
        bench.command("anna", delete(20)).expect("accepted");
        let change = take(&mut bench).remove(0);
        assert_eq!(change.text, None);
        if stream_first {
            bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
            done(&mut bench, &change);
        } else {
            done(&mut bench, &change);
            bench.push(vec![Happening::Deleted(vec![MessageId(20)])]);
        }
        let after = entry(&bench, 20);
        assert_eq!((after.deleted, after.change), (true, None), "stream first: {stream_first}");
        bench.command("anna", edit(20, "again")).expect_err("it is gone");
    }
}

#[test]
fn what_is_not_ones_own_is_refused_in_a_sentence() {
    let mut bench = answered();
    for (command, why) in [
        (edit(21, "mine now"), "message 21 is tom's: only its author has it changed"),
        (delete(21), "message 21 is tom's: only its author has it deleted"),
        (edit(6, "I can"), "message 6 is not yours: only one's own messages can be changed"),
        (delete(7), "message 7 was written in Telegram itself: it can be deleted only there"),
        (edit(4_000, "what"), "there is no message 4000 in #5"),
    ] {
        let refused = bench.command("anna", command).expect_err("refused");
        assert_eq!(refused.to_string(), why);
    }
    assert_eq!(bench.command("anna", edit(20, "  ")), Err(Refusal::EmptyText));
    assert_eq!(bench.command("anna", edit(20, &"x".repeat(4_097))), Err(Refusal::TooLong(4_097, 4_096)));
    assert!(take(&mut bench).is_empty());
}

#[test]
fn changes_of_a_message_keep_their_order_and_the_last_wins() {
    let mut bench = answered();
    bench.command("anna", edit(20, "one")).expect("accepted");
    bench.command("anna", edit(20, "two")).expect("accepted");
    bench.command("anna", edit(20, "three")).expect("accepted");
    let first = take(&mut bench);
    assert_eq!(first.len(), 1, "one at a time: {first:?}");
    // Whether Telegram has it is not known: it is asked for again before anything newer.
    ends(&mut bench, &first[0], Outcome::Unknown { why: "cut".into() });
    assert!(take(&mut bench).is_empty());
    bench.pass(Duration::from_secs(2));
    assert_eq!(take(&mut bench), first);
    done(&mut bench, &first[0]);
    let last = take(&mut bench);
    assert_eq!(last.iter().map(|change| change.text.as_deref()).collect::<Vec<_>>(), [Some("three")]);
    done(&mut bench, &last[0]);
    assert_eq!(entry(&bench, 20).text, "three");
    bench.pass(Duration::from_secs(60));
    assert!(take(&mut bench).is_empty());
}

#[test]
fn a_refusal_is_shown_and_a_flood_wait_obeyed() {
    let mut bench = answered();
    bench.command("anna", edit(20, "one")).expect("accepted");
    let change = take(&mut bench).remove(0);
    let not_before = bench.now() + Duration::from_secs(30);
    ends(&mut bench, &change, Outcome::Later { not_before });
    let mut bench = bench.restart();
    bench.connect();
    bench.pass(Duration::from_secs(29));
    assert!(take(&mut bench).is_empty());
    bench.pass(Duration::from_secs(1));
    assert_eq!(take(&mut bench), std::slice::from_ref(&change));
    bench.alerts.clear();
    ends(&mut bench, &change, Outcome::Refused { why: "it is too old".into(), topic_gone: false });
    let why = "it is too old".to_owned();
    assert_eq!(bench.alerts, [Alert::NotChanged { ticket: ticket(5), agent: "anna".into(), why }]);
    let after = entry(&bench, 20);
    assert_eq!(after.text, "Try 7.2");
    assert_eq!(after.change.and_then(|change| change.refused).as_deref(), Some("it is too old"));
    bench.pass(Duration::from_secs(600));
    assert!(take(&mut bench).is_empty());
}

#[test]
fn a_crash_at_any_step_of_a_change_leaves_it_to_be_done() {
    let mut bench = answered();
    bench.refuse.store(true, Ordering::SeqCst);
    bench.command("anna", edit(20, "one")).expect_err("not saved");
    bench.refuse.store(false, Ordering::SeqCst);
    bench.pass(Duration::from_secs(2));
    assert!(take(&mut bench).is_empty(), "it was not accepted");
    bench.incoming(Incoming::Link(LinkState::Offline { since: bench.now(), why: "no network".into() }));
    bench.command("anna", edit(20, "one")).expect("accepted");
    assert!(take(&mut bench).is_empty(), "without a link it waits");
    let mut bench = bench.restart();
    bench.connect();
    let change = take(&mut bench);
    assert_eq!(change.len(), 1);
    // The answer cannot be saved: asked for again, which changes nothing more.
    bench.refuse.store(true, Ordering::SeqCst);
    done(&mut bench, &change[0]);
    bench.refuse.store(false, Ordering::SeqCst);
    let mut bench = bench.restart();
    bench.connect();
    assert_eq!(take(&mut bench), change);
    assert_eq!(entry(&bench, 20).text, "Try 7.2");
    done(&mut bench, &change[0]);
    assert_eq!(entry(&bench, 20).text, "one");
    let mut bench = bench.restart();
    bench.connect();
    assert!(take(&mut bench).is_empty());
}
