//! Templates and the guard in the engine: actions with a reply as a whole, use counted, nothing that the guard finds without a word.

use std::sync::atomic::Ordering;
use std::time::Duration;

use topicdesk::desk::along::{Actions, Along, TemplateUse, Then};
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::guard::{Guard, Pattern};
use topicdesk::desk::ids::{CommandId, MessageId, OutboxId};
use topicdesk::desk::tags::Priority;
use topicdesk::desk::template::offer::Usage;
use topicdesk::desk::thread::Message;
use topicdesk::desk::ticket::PendingReason;
use topicdesk::engine::handle::Receipt;
use topicdesk::engine::transport::Happening;
use topicdesk::engine::views::{View, ViewRequest};

use crate::support::bench::{Bench, LI, OLENA, at, created, rules, text, ticket};

const CARD: &str = "Your card 4111 1111 1111 1111 was charged";

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        created(7, LI, at(10), "Refund"),
        text(8, 7, LI, at(11), "I want my money back"),
    ]
}

fn actions() -> Actions {
    let tag = |word: &str| word.parse().expect("a tag");
    Actions { then: Some(Then::Resolve), add_tags: vec![tag("login")], priority: Some(Priority::High) }
}

fn used(name: &str, edited: bool) -> Option<TemplateUse> {
    Some(TemplateUse { name: name.to_owned(), language: Some("en".to_owned()), edited })
}

fn reply(topic: i32, text: &str, seen: i32, along: Along) -> Command {
    let seen = Some(MessageId(seen));
    Command::Reply { ticket: ticket(topic), text: text.to_owned(), reply_to: None, hold: true, seen, file: None, along }
}

fn with_actions(topic: i32, seen: i32) -> Command {
    reply(
        topic,
        "It works again.",
        seen,
        Along { actions: actions(), template: used("Works", false), ..Along::default() },
    )
}

/// Status, priority and tags of a ticket.
fn stands(bench: &Bench, topic: i32) -> String {
    let window = topicdesk::engine::views::Window::Newest;
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window, limit: 1 }) {
        View::Thread(page) => {
            let row = page.ticket.row;
            let tags: Vec<String> = row.tags.iter().map(ToString::to_string).collect();
            format!("{} {} [{}]", row.status, row.priority, tags.join(" "))
        }
        other => panic!("{other:?}"),
    }
}

fn uses(bench: &Bench) -> Vec<(String, u32, u32, u32)> {
    match bench.read("anna", ViewRequest::Templates) {
        View::Templates { uses } => {
            let line = |usage: Usage| (usage.name, usage.used, usage.unedited, usage.reopened);
            uses.into_iter().map(line).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn outbox(bench: &Bench) -> usize {
    match bench.read("anna", ViewRequest::Outbox) {
        View::Outbox { rows } => rows.len(),
        other => panic!("{other:?}"),
    }
}

fn row(receipt: &Receipt) -> OutboxId {
    receipt.outbox.expect("a row")
}

fn says(bench: &mut Bench, id: i32, topic: i32, words: &str) {
    let who = if topic == 5 { OLENA } else { LI };
    let message = text(id, topic, who, bench.now(), words);
    bench.push(vec![Happening::Message(message)]);
}

#[test]
fn a_reply_with_actions_is_done_as_a_whole() {
    let mut bench = Bench::followed(&history());
    let receipt = bench.command("anna", with_actions(5, 6)).expect("accepted");
    assert!(receipt.undo.is_some());
    assert_eq!(stands(&bench, 5), "resolved high [login]");
    assert_eq!(uses(&bench), [("Works".to_owned(), 1, 1, 0)]);
    let thread = bench.thread(5);
    for line in ["anna wrote a reply", "anna resolved", "anna tagged +login", "anna set priority normal → high"] {
        assert!(thread.contains(line), "{line} in {thread}");
    }
    bench.pass(Duration::from_secs(6));
    let sends = bench.take_sends();
    assert_eq!(sends.len(), 1);
    bench.deliver(&sends[0], 20);
    assert_eq!(stands(&bench, 5), "resolved high [login]");
}

#[test]
fn it_is_refused_as_a_whole() {
    let mut bench = Bench::followed(&history());
    // Somebody has written since: what was to follow may be wrong now.
    says(&mut bench, 9, 5, "forget it, another question");
    assert_eq!(bench.command("anna", with_actions(5, 6)), Err(Refusal::Overtaken(ticket(5))));
    // Pending makes no sense once it is resolved.
    bench.command("anna", Command::Resolve { ticket: ticket(7) }).expect("resolved");
    let pending = Actions { then: Some(Then::Pending(PendingReason::Customer)), ..Actions::default() };
    let refused = bench.command("anna", reply(7, "ok", 8, Along { actions: pending, ..Along::default() }));
    assert!(matches!(refused, Err(Refusal::Done(..))), "{refused:?}");
    // The disk is full.
    bench.refuse.store(true, Ordering::SeqCst);
    assert!(matches!(bench.command("anna", with_actions(5, 9)), Err(Refusal::NotSaved(_))));
    bench.refuse.store(false, Ordering::SeqCst);
    assert_eq!((stands(&bench, 5), stands(&bench, 7)), ("open normal []".to_owned(), "resolved normal []".to_owned()));
    assert_eq!((outbox(&bench), uses(&bench)), (0, vec![]));
    // Pending on the customer right after the question is fine, because the reply is the answer.
    let pending = Actions { then: Some(Then::Pending(PendingReason::Customer)), ..Actions::default() };
    bench.command("anna", reply(5, "Which one?", 9, Along { actions: pending, ..Along::default() })).expect("accepted");
    assert_eq!(stands(&bench, 5), "pending normal []");
}

#[test]
fn taking_the_reply_back_takes_back_what_came_along() {
    let mut bench = Bench::followed(&history());
    let receipt = bench.command("anna", with_actions(5, 6)).expect("accepted");
    let back = bench.command("anna", Command::TakeBack { outbox: row(&receipt) }).expect("taken back");
    assert_eq!((back.notice, back.text.as_deref()), (None, Some("It works again.")));
    assert_eq!(stands(&bench, 5), "in_progress normal []", "as after any reply that was taken back");
    assert_eq!((outbox(&bench), uses(&bench)), (0, vec![]));
    // The same again after a new process, and by discarding.
    let receipt = bench.command("anna", with_actions(5, 6)).expect("accepted");
    let mut bench = bench.restart();
    bench.command("tom", Command::DiscardOutbox { outbox: row(&receipt) }).expect("discarded");
    assert_eq!(stands(&bench, 5), "in_progress normal []");
}

#[test]
fn what_was_changed_since_stays_and_is_named() {
    let mut bench = Bench::followed(&history());
    let receipt = bench.command("anna", with_actions(5, 6)).expect("accepted");
    // The customer writes: the ticket comes back by that, and the priority has been set by somebody else.
    says(&mut bench, 9, 5, "no, it does not work at all");
    bench.command("tom", Command::SetPriority { ticket: ticket(5), priority: Priority::Urgent }).expect("set");
    let back = bench.command("anna", Command::TakeBack { outbox: row(&receipt) }).expect("taken back");
    assert_eq!(back.notice.as_deref(), Some("#5 is in_progress by a later change"));
    assert_eq!(stands(&bench, 5), "in_progress urgent []");
    // Undone by hand before: there is nothing left to take back, and nothing to say.
    let receipt = bench.command("anna", with_actions(7, 8)).expect("accepted");
    let event = receipt.undo.expect("a move");
    bench.command("anna", Command::Undo { ticket: ticket(7), event }).expect("undone");
    let back = bench.command("anna", Command::TakeBack { outbox: row(&receipt) }).expect("taken back");
    assert_eq!((back.notice, stands(&bench, 7)), (None, "in_progress normal []".to_owned()));
}

#[test]
fn use_is_counted_with_edits_and_with_tickets_that_came_back() {
    let mut bench = Bench::followed(&history());
    let along = |edited| Along { template: used("Works", edited), ..Along::default() };
    let first = bench.command("anna", reply(5, "a", 6, along(false))).expect("accepted");
    bench.command("tom", reply(7, "b", 8, along(true))).expect("accepted");
    assert_eq!(uses(&bench), [("Works".to_owned(), 2, 1, 0)]);
    // Changed in the outbox after all.
    let edit = Command::EditOutbox { outbox: row(&first), text: "a better one".into(), seen: None, confirmed: false };
    bench.command("anna", edit).expect("edited");
    assert_eq!(uses(&bench), [("Works".to_owned(), 2, 0, 0)]);
    bench.pass(Duration::from_secs(10));
    for (place, send) in bench.take_sends().iter().enumerate() {
        bench.deliver(send, 20 + place as i32);
    }
    for topic in [5, 7] {
        bench.command("anna", Command::Resolve { ticket: ticket(topic) }).expect("resolved");
    }
    // Taken back is not come back; a customer who writes again is.
    let receipt = bench.command("anna", Command::Reopen { ticket: ticket(5) }).expect("reopened");
    assert_eq!(uses(&bench), [("Works".to_owned(), 2, 0, 1)]);
    drop(receipt);
    bench.clock.step(Duration::from_secs(8 * 24 * 3600));
    says(&mut bench, 30, 7, "again the same trouble with the refund");
    assert_eq!(uses(&bench), [("Works".to_owned(), 2, 0, 1)], "after more than a week it is another matter");
}

#[test]
fn undoing_a_resolve_is_no_coming_back() {
    let mut bench = Bench::followed(&history());
    let along = Along { template: used("Works", false), ..Along::default() };
    bench.command("anna", reply(5, "a", 6, along)).expect("accepted");
    let receipt = bench.command("anna", Command::Resolve { ticket: ticket(5) }).expect("resolved");
    let event = receipt.undo.expect("a move");
    bench.command("anna", Command::Undo { ticket: ticket(5), event }).expect("undone");
    assert_eq!(uses(&bench), [("Works".to_owned(), 1, 1, 0)]);
}

#[test]
fn nothing_that_the_guard_finds_leaves_without_a_word() {
    let mut bench = Bench::followed(&history());
    let guarded = |answer: Result<Receipt, Refusal>| match answer {
        Err(refusal @ Refusal::Guarded(_)) => {
            let words = refusal.to_string();
            assert!(words.contains("a card number (4111 … 1111)") && !words.contains("1111 1111"), "{words}");
        }
        other => panic!("{other:?}"),
    };
    guarded(bench.command("anna", reply(5, CARD, 6, Along::default())));
    assert_eq!((outbox(&bench), stands(&bench, 5)), (0, "open normal []".to_owned()));
    // What is changed in the outbox, and what was sent and is changed, are asked about too.
    let receipt = bench.command("anna", reply(5, "fine", 6, Along::default())).expect("accepted");
    let edit = |confirmed| Command::EditOutbox { outbox: row(&receipt), text: CARD.into(), seen: None, confirmed };
    guarded(bench.command("anna", edit(false)));
    bench.pass(Duration::from_secs(6));
    let sends = bench.take_sends();
    assert_eq!(sends[0].text, "fine");
    bench.deliver(&sends[0], 20);
    let change =
        |confirmed| Command::EditMessage { ticket: ticket(5), message: MessageId(20), text: CARD.into(), confirmed };
    guarded(bench.command("anna", change(false)));
    bench.command("anna", change(true)).expect("somebody means it");
    bench
        .command("anna", reply(5, CARD, 20, Along { confirmed: true, ..Along::default() }))
        .expect("somebody means it");
    // A note is for the desk only.
    bench.command("anna", Command::Note { ticket: ticket(5), text: CARD.to_owned() }).expect("noted");
}

#[test]
fn the_rules_say_what_the_guard_looks_for() {
    let guard =
        Guard { card_numbers: false, banned: vec![Pattern::new("bit\\.ly/").expect("a pattern")], ..Guard::default() };
    let mut rules = rules();
    rules.guard = guard;
    let mut bench = Bench::followed(&history()).restart_with(rules);
    bench.connect();
    bench.command("anna", reply(5, CARD, 6, Along::default())).expect("cards may go here");
    let refused = bench.command("anna", reply(7, "see BIT.LY/x", 8, Along::default()));
    assert!(matches!(refused, Err(Refusal::Guarded(_))), "{refused:?}");
}

#[test]
fn a_repeated_command_of_many_sends_nothing_twice() {
    let mut bench = Bench::followed(&history());
    for _ in 0..2 {
        for topic in [5, 7] {
            let id = CommandId(format!("bulk-{topic}"));
            let along = Along { template: used("Works", false), ..Along::default() };
            bench.command_as(id, "anna", reply(topic, "It works again.", topic + 1, along)).expect("accepted");
        }
    }
    assert_eq!((outbox(&bench), uses(&bench)), (2, vec![("Works".to_owned(), 2, 2, 0)]));
}

#[test]
fn duplicates_hear_of_the_answer_and_stay_closed() {
    let mut bench = Bench::followed(&history());
    bench.command("anna", Command::Duplicate { ticket: ticket(7), of: ticket(5) }).expect("closed");
    let request = ViewRequest::Targets { tickets: vec![ticket(7)], duplicates_of: Some(ticket(5)) };
    let View::Targets { targets } = bench.read("anna", request) else { panic!("no targets") };
    assert_eq!(targets.iter().map(|target| target.ticket).collect::<Vec<_>>(), [ticket(7), ticket(5)]);
    assert_eq!((targets[0].duplicate_of, targets[0].newest), (Some(ticket(5)), Some(MessageId(8))));
    assert_eq!(targets[0].context.customer_first_name, "Li");
    let refused = bench.command("anna", reply(7, "It works again.", 8, Along::default()));
    assert!(matches!(refused, Err(Refusal::Done(..))), "closed is closed: {refused:?}");
    let other = Along { duplicate_of: Some(ticket(7)), ..Along::default() };
    assert!(bench.command("anna", reply(7, "no", 8, other)).is_err(), "it is no duplicate of itself");
    let along = Along { duplicate_of: Some(ticket(5)), ..Along::default() };
    bench.command("anna", reply(7, "It works again.", 8, along)).expect("it is told");
    bench.pass(Duration::from_secs(6));
    let sends = bench.take_sends();
    bench.deliver(&sends[0], 20);
    assert_eq!(stands(&bench, 7), "closed normal []");
}
