//! Reactions that the desk was not told of, and what an old answer must not undo.

use std::time::Duration;

use topicdesk::desk::command::Command;
use topicdesk::desk::ids::MessageId;
use topicdesk::desk::thread::{Content, Message, Reaction};
use topicdesk::engine::transport::{Failure, GroupFacts, Happening, Incoming, LinkState, Order};
use topicdesk::engine::views::{View, ViewRequest, Window};

use crate::support::bench::{ANNA, Bench, GROUP, OLENA, at, created, facts, text, ticket};

fn history() -> Vec<Message> {
    vec![
        created(5, OLENA, at(0), "Cannot log in"),
        text(6, 5, OLENA, at(1), "After the update I cannot log in"),
        text(7, 5, ANNA, at(60), "Which version?"),
    ]
}

fn likes(emoji: &str, count: u32) -> Vec<Reaction> {
    vec![Reaction { emoji: emoji.to_owned(), count, by: Vec::new() }]
}

fn with(mut message: Message, reactions: Vec<Reaction>) -> Message {
    if let Content::Post(post) = &mut message.content {
        post.reactions = reactions;
    }
    message
}

/// `message emoji count` of each, and whether it is pinned.
fn marks(bench: &Bench) -> String {
    let View::Thread(page) =
        bench.read("anna", ViewRequest::Thread { ticket: ticket(5), window: Window::Newest, limit: 100 })
    else {
        panic!("no thread")
    };
    let mut all = Vec::new();
    for entry in &page.thread {
        let id = entry.message_id.map(|id| id.0).unwrap_or_default();
        all.extend(entry.reactions.iter().map(|one| format!("{id} {} {}", one.emoji, one.count)));
        all.extend(entry.pinned.then(|| format!("{id} pinned")));
    }
    all.join(", ")
}

#[test]
fn what_was_looked_up_before_undoes_no_pin_and_no_reaction_of_an_edited_message() {
    let edited = Message { edited_at: Some(at(30)), ..text(6, 5, OLENA, at(1), "I cannot log in") };
    let mut bench = Bench::followed(&[history()[0].clone(), edited.clone(), history()[2].clone()]);
    bench.command("", Command::Recheck { ticket: Some(ticket(5)) }).expect("begins");
    let old = [history()[0].clone(), edited, history()[2].clone()];
    let scans: Vec<_> = bench.orders.drain(..).collect();
    bench.push(vec![
        Happening::Pinned { messages: vec![MessageId(6)], pinned: true },
        Happening::Reacted { message: MessageId(6), by: ANNA, emoji: vec!["👀".to_owned()] },
    ]);
    assert_eq!(marks(&bench), "6 👀 1, 6 pinned");
    scans.iter().for_each(|scan| bench.answer_scan(scan, &old));
    assert_eq!(marks(&bench), "6 👀 1, 6 pinned");
}

/// The link of a user account breaks and comes back.
fn reconnect(bench: &mut Bench) {
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.incoming(Incoming::Facts(GroupFacts { bot: false, ..facts() }));
    bench.incoming(Incoming::Link(LinkState::CatchingUp));
    bench.incoming(Incoming::Link(LinkState::Live));
}

/// What was asked for, and under which number.
fn asked(bench: &mut Bench) -> Vec<(Vec<i32>, u64)> {
    let all = bench.orders.extract_if(.., |order| matches!(order, Order::Reactions { .. }));
    all.filter_map(|order| match order {
        Order::Reactions { messages, number, .. } => {
            Some((messages.into_iter().map(|message| message.0).collect(), number))
        }
        _ => None,
    })
    .collect()
}

fn answer(bench: &mut Bench, number: u64, found: &[(i32, Vec<Reaction>)]) {
    let found = found.iter().map(|(message, reactions)| (MessageId(*message), reactions.clone())).collect();
    bench.incoming(Incoming::Reactions { group: GROUP, number, found });
}

#[test]
fn what_a_user_account_was_not_told_is_asked_for_after_each_connection() {
    let mut bench = Bench::followed(&history());
    reconnect(&mut bench);
    let first = asked(&mut bench);
    assert_eq!(first.len(), 1, "{first:?}");
    let (messages, number) = &first[0];
    assert_eq!(messages, &[6, 7], "no service messages");
    answer(&mut bench, *number, &[(6, likes("❤", 2)), (7, likes("👍", 1))]);
    assert_eq!(marks(&bench), "6 ❤ 2, 7 👍 1");
    assert_eq!(asked(&mut bench), [], "once");
    // However often it breaks, not again within a minute; then what is gone is gone.
    reconnect(&mut bench);
    reconnect(&mut bench);
    assert_eq!(asked(&mut bench), []);
    bench.pass(Duration::from_secs(60));
    let (_, number) = asked(&mut bench).remove(0);
    answer(&mut bench, number, &[(6, Vec::new()), (7, likes("👍", 1))]);
    assert_eq!(marks(&bench), "7 👍 1");
}

#[test]
fn what_is_told_while_it_is_asked_for_is_not_undone_by_the_answer() {
    let mut bench = Bench::followed(&history());
    reconnect(&mut bench);
    let (_, number) = asked(&mut bench).remove(0);
    bench.push(vec![
        Happening::Reactions { message: MessageId(6), reactions: likes("👀", 1) },
        Happening::Pinned { messages: vec![MessageId(7)], pinned: true },
    ]);
    answer(&mut bench, number, &[(6, likes("❤", 9)), (7, likes("👍", 1))]);
    assert_eq!(marks(&bench), "6 👀 1, 7 👍 1, 7 pinned");
    // An answer that comes after its connection is over says nothing any more.
    bench.pass(Duration::from_secs(60));
    reconnect(&mut bench);
    let (_, old) = asked(&mut bench).remove(0);
    bench.pass(Duration::from_secs(60));
    reconnect(&mut bench);
    let (_, new) = asked(&mut bench).remove(0);
    bench.push(vec![Happening::Reactions { message: MessageId(6), reactions: Vec::new() }]);
    answer(&mut bench, old, &[(6, likes("👀", 1)), (7, likes("👍", 5))]);
    assert_eq!(marks(&bench), "7 👍 1, 7 pinned");
    answer(&mut bench, new, &[(6, Vec::new()), (7, likes("👍", 2))]);
    assert_eq!(marks(&bench), "7 👍 2, 7 pinned");
}

#[test]
fn what_could_not_be_had_is_asked_for_again_and_a_bot_asks_for_nothing() {
    let mut bench = Bench::followed(&history());
    bench.connect();
    assert_eq!(asked(&mut bench), [], "a bot is told later, too");
    reconnect(&mut bench);
    let order = bench.orders.iter().find(|order| matches!(order, Order::Reactions { .. })).cloned().expect("asked");
    asked(&mut bench);
    let not_before = bench.now() + Duration::from_secs(30);
    bench.incoming(Incoming::Failed { order, why: Failure::Later { not_before } });
    assert_eq!(asked(&mut bench), []);
    bench.pass(Duration::from_secs(30));
    let (messages, number) = asked(&mut bench).remove(0);
    assert_eq!(messages, [6, 7]);
    answer(&mut bench, number, &[(7, likes("👍", 1))]);
    assert_eq!(marks(&bench), "7 👍 1");
    // Without a link no timer is due for ever.
    reconnect(&mut bench);
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.pass(Duration::from_secs(61));
}

#[test]
fn a_message_that_is_found_after_it_was_reacted_to_is_asked_about() {
    let mut bench = Bench::followed(&history());
    reconnect(&mut bench);
    let (_, number) = asked(&mut bench).remove(0);
    answer(&mut bench, number, &[]);
    // A hole at 8, and what is said of it before it is closed by what was looked up earlier.
    bench.push(vec![
        Happening::Message(text(9, 5, OLENA, at(90), "7.2")),
        Happening::Reactions { message: MessageId(8), reactions: likes("👍", 1) },
    ]);
    let scan = bench.orders.iter().find(|order| matches!(order, Order::Scan { .. })).cloned().expect("a hole");
    bench.answer_scan(&scan, &[text(8, 5, OLENA, at(80), "Hello?")]);
    let (messages, number) = asked(&mut bench).remove(0);
    assert_eq!(messages, [8]);
    answer(&mut bench, number, &[(8, likes("👍", 1))]);
    assert_eq!(marks(&bench), "8 👍 1");
}

#[test]
fn comparing_once_more_takes_the_reactions_too() {
    let mut bench = Bench::followed(&history());
    reconnect(&mut bench);
    let (_, number) = asked(&mut bench).remove(0);
    answer(&mut bench, number, &[]);
    bench.command("", Command::Recheck { ticket: Some(ticket(5)) }).expect("begins");
    let now = [history()[0].clone(), with(history()[1].clone(), likes("🔥", 3)), history()[2].clone()];
    let scans: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
    scans.iter().for_each(|scan| bench.answer_scan(scan, &now));
    assert_eq!(marks(&bench), "6 🔥 3");
}
