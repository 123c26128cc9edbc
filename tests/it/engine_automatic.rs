//! Automatic messages in the engine: nudges, confirmations and surveys with a stepped clock, what takes them back, and what answers them.

use std::time::Duration;

use topicdesk::config;
use topicdesk::desk::automatic::Kind;
use topicdesk::desk::command::Command;
use topicdesk::desk::event::Event;
use topicdesk::desk::ids::{AgentName, MessageId, PersonId};
use topicdesk::desk::rules::Rules;
use topicdesk::desk::tags::TagChange;
use topicdesk::desk::ticket::{Pending, PendingReason};
use topicdesk::engine::transport::{GroupFacts, Happening, Incoming, LinkState, Order, Outcome, Press, Send};
use topicdesk::engine::views::{Alert, DeskView, TicketView, View, ViewRequest, Window};

use super::support::bench::{ANNA, Bench, COLLEAGUE, LI, OLENA, created, facts, rules, text, ticket};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn with(text: &str) -> Rules {
    let read = config::from_text("desk.toml", text, None).expect("right").rules;
    Rules {
        automatic: read.automatic,
        pilot: read.pilot,
        auto_resolve_pending_after: read.auto_resolve_pending_after,
        auto_close_after: None,
        ..rules()
    }
}

const SURVEY: &str = "[rules]\non_resolve = \"survey\"";
const NUDGES: &str = "[nudges]\nafter = [\"2d\", \"3d\"]";

/// A live desk with a ticket of Li's that anna has answered.
fn answered(rules: Rules) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[]);
    bench.orders.clear();
    asks(&mut bench, 20, LI);
    bench
}

/// Somebody opens a topic, and anna answers natively.
fn asks(bench: &mut Bench, topic: i32, by: PersonId) {
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(topic, by, now, "Lamp")),
        Happening::Message(text(topic + 1, topic, by, now, "It does not glow")),
        Happening::Message(text(topic + 2, topic, ANNA, now, "Try the switch")),
    ]);
}

fn says(bench: &mut Bench, id: i32, topic: i32, by: PersonId, words: &str) {
    let now = bench.now();
    bench.push(vec![Happening::Message(text(id, topic, by, now, words))]);
}

fn pending(bench: &mut Bench, reason: PendingReason) {
    let pending = Pending { reason, until: None };
    bench.command("anna", Command::SetPending { ticket: ticket(20), pending }).expect("pending");
}

fn resolve(bench: &mut Bench, topic: i32) -> Option<topicdesk::desk::ids::EventId> {
    bench.command("anna", Command::Resolve { ticket: ticket(topic) }).expect("resolved").undo
}

/// The one message that is being sent.
fn sent(bench: &mut Bench, message: i32) -> Send {
    let sends = bench.take_sends();
    assert_eq!(sends.len(), 1, "{sends:?}");
    bench.deliver(&sends[0], message);
    sends[0].clone()
}

fn view(bench: &Bench, topic: i32) -> TicketView {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 500 }) {
        View::Thread(page) => page.ticket,
        other => panic!("no thread: {other:?}"),
    }
}

fn log(bench: &Bench, topic: i32) -> Vec<Event> {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 500 }) {
        View::Thread(page) => page.thread.iter().filter_map(|entry| Some(entry.event.clone()?.1)).collect(),
        other => panic!("no thread: {other:?}"),
    }
}

fn score(bench: &Bench) -> Option<u8> {
    view(bench, 20).survey.and_then(|survey| survey.score)
}

fn press(bench: &mut Bench, send: &Send, message: i32, by: PersonId, score: usize) -> String {
    let data = send.buttons[score - 1].data.clone();
    pressed(bench, message, by, data)
}

fn pressed(bench: &mut Bench, message: i32, by: PersonId, data: Vec<u8>) -> String {
    bench.orders.clear();
    bench.push(vec![Happening::Pressed(Press { message: MessageId(message), by, query: 7, data })]);
    match bench.orders.iter().find(|order| matches!(order, Order::AnswerPress { .. })) {
        Some(Order::AnswerPress { query: 7, text }) => text.clone(),
        _ => panic!("a press is answered: {:?}", bench.orders),
    }
}

#[test]
fn a_customer_is_nudged_twice_and_then_the_ticket_is_resolved() {
    let mut bench = answered(with(&format!("[rules]\nauto_resolve_pending_after = \"4d\"\n{NUDGES}")));
    pending(&mut bench, PendingReason::Customer);
    let next = view(&bench, 20).automatic.expect("it is planned");
    assert_eq!((next.kind, next.at), (Kind::Nudge, Some(bench.now() + 2 * DAY)));
    bench.pass(2 * DAY - MINUTE);
    assert_eq!(bench.take_sends().len(), 0);
    bench.pass(MINUTE);
    assert_eq!(view(&bench, 20).automatic.map(|next| next.at), Some(None), "it is on its way");
    let first = sent(&mut bench, 30);
    assert!(first.text.contains("reminder") && first.buttons.is_empty(), "{first:?}");
    assert_eq!(view(&bench, 20).nudges, 1);
    // The echo of a bot's message is automation: nobody waits less or more for it.
    let echo = text(30, 20, super::support::bench::BOT, bench.now(), &first.text);
    bench.push(vec![Happening::Message(echo)]);
    bench.pass(3 * DAY - MINUTE);
    assert_eq!(bench.take_sends().len(), 0);
    bench.pass(MINUTE);
    sent(&mut bench, 31);
    assert_eq!(view(&bench, 20).nudges, 2);
    assert_eq!(view(&bench, 20).row.status.label(), "pending");
    bench.pass(4 * DAY);
    assert_eq!(view(&bench, 20).row.status.label(), "resolved");
    bench.pass(30 * DAY);
    assert_eq!(bench.take_sends().len(), 0, "no third one");
}

#[test]
fn a_reply_begins_anew_and_a_word_of_the_customer_takes_back_what_has_not_left() {
    let mut bench = answered(with(NUDGES));
    pending(&mut bench, PendingReason::Customer);
    bench.pass(DAY);
    says(&mut bench, 25, 20, ANNA, "Any news?");
    bench.pass(DAY + HOUR);
    assert_eq!(bench.take_sends().len(), 0, "a reply of staff begins anew");
    // Due while Telegram cannot be reached, it waits, and is not said to somebody who has written meanwhile.
    bench.incoming(Incoming::Link(LinkState::Connecting));
    bench.pass(2 * DAY);
    bench.incoming(Incoming::Facts(facts()));
    bench.incoming(Incoming::Link(LinkState::CatchingUp));
    says(&mut bench, 26, 20, LI, "It glows");
    bench.incoming(Incoming::Link(LinkState::Live));
    bench.pass(HOUR);
    assert_eq!(bench.take_sends().len(), 0);
    // Queued behind the flood limit, it is thrown away when the customer writes.
    says(&mut bench, 27, 20, ANNA, "Really?");
    pending(&mut bench, PendingReason::Customer);
    bench.pass(2 * DAY);
    let send = bench.take_sends().remove(0);
    let not_before = bench.now() + HOUR;
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Later { not_before } });
    assert!(bench.thread(20).contains("<queued>"), "{}", bench.thread(20));
    says(&mut bench, 28, 20, LI, "Yes!");
    bench.pass(2 * HOUR);
    assert_eq!(bench.take_sends().len(), 0);
    assert!(!bench.thread(20).contains("reminder"), "{}", bench.thread(20));
    assert!(!log(&bench, 20).iter().any(|event| matches!(event, Event::Nudged { .. })));
}

#[test]
fn a_survey_waits_and_is_taken_back_by_undo_reopening_closing_and_the_customer() {
    type Deed = fn(&mut Bench, Option<topicdesk::desk::ids::EventId>);
    let deeds: [(&str, Deed, usize); 6] = [
        ("nothing", |_, _| {}, 1),
        (
            "undo",
            |bench, event| {
                let event = event.expect("it was a move");
                bench.command("anna", Command::Undo { ticket: ticket(20), event }).expect("undone");
            },
            0,
        ),
        (
            "reopen",
            |bench, _| {
                bench.command("anna", Command::Reopen { ticket: ticket(20) }).expect("reopened");
            },
            0,
        ),
        (
            "close",
            |bench, _| {
                bench.command("anna", Command::Close { ticket: ticket(20), reason: String::new() }).expect("closed");
            },
            0,
        ),
        ("write", |bench, _| says(bench, 40, 20, LI, "It is dark again"), 0),
        ("thanks", |bench, _| says(bench, 40, 20, LI, "Thank you!"), 1),
    ];
    for (what, deed, asked) in deeds {
        let mut bench = answered(with(SURVEY));
        let event = resolve(&mut bench, 20);
        bench.pass(Duration::from_secs(20));
        deed(&mut bench, event);
        bench.pass(99 * Duration::from_secs(1));
        assert_eq!(bench.take_sends().len(), 0, "{what}: not before its time");
        bench.pass(MINUTE);
        assert_eq!(bench.take_sends().len(), asked, "{what}");
    }
}

#[test]
fn a_survey_has_five_buttons_and_only_the_customers_press_counts() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    let send = sent(&mut bench, 30);
    assert_eq!(send.buttons.iter().map(|button| button.label.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
    assert_eq!(press(&mut bench, &send, 30, OLENA, 1), "", "not hers");
    assert_eq!(press(&mut bench, &send, 31, LI, 1), "", "another message");
    assert_eq!(pressed(&mut bench, 30, LI, b"survey:99999:5".to_vec()), "", "made up");
    assert_eq!(score(&bench), None);
    assert_eq!(press(&mut bench, &send, 30, LI, 4), "Thank you!");
    assert_eq!(press(&mut bench, &send, 30, LI, 4), "Thank you!", "twice is once");
    assert_eq!(score(&bench), Some(4));
    bench.pass(DAY - MINUTE);
    press(&mut bench, &send, 30, LI, 2);
    assert_eq!(score(&bench), Some(2), "changed within a day");
    bench.orders.clear();
    bench.pass(2 * MINUTE);
    let off = |order: &Order| matches!(order, Order::Unbutton { message: MessageId(30), .. });
    assert_eq!(bench.orders.iter().filter(|order| off(order)).count(), 1, "the buttons go: {:?}", bench.orders);
    let (group, topic) = (ticket(20).group, ticket(20).topic);
    let again = Incoming::Unbuttoned {
        group,
        topic,
        message: MessageId(30),
        outcome: Outcome::Unknown { why: "cut".to_owned() },
    };
    bench.incoming(again);
    bench.orders.clear();
    bench.pass(HOUR);
    assert_eq!(bench.orders.iter().filter(|order| off(order)).count(), 1, "it is asked for again");
    let outcome = Outcome::Sent { message: MessageId(30), at: bench.now() };
    bench.incoming(Incoming::Unbuttoned { group, topic, message: MessageId(30), outcome });
    press(&mut bench, &send, 30, LI, 5);
    assert_eq!(score(&bench), Some(2), "too late");
    let answers = log(&bench, 20).into_iter().filter(|event| matches!(event, Event::SurveyAnswered { .. })).count();
    assert_eq!(answers, 2);
    assert_eq!(view(&bench, 20).row.status.label(), "resolved");
    bench.orders.clear();
    bench.pass(10 * DAY);
    assert!(!bench.orders.iter().any(off));
}

#[test]
fn a_press_before_telegram_names_the_question_counts_once_it_does() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    let sends = bench.take_sends();
    let [send] = &sends[..] else { panic!("{sends:?}") };
    assert_eq!(press(&mut bench, send, 30, OLENA, 1), "", "not hers");
    assert_eq!(press(&mut bench, send, 30, LI, 2), "Thank you!");
    assert_eq!(press(&mut bench, send, 30, LI, 4), "Thank you!", "the last one counts");
    assert_eq!(score(&bench), None, "nobody knows yet what was pressed");
    // The process dies before Telegram has answered.
    let mut bench = bench.restart();
    bench.connect();
    bench.pass(MINUTE);
    let again = bench.take_sends().remove(0);
    bench.deliver(&again, 30);
    assert_eq!(score(&bench), Some(4));
    assert_eq!(press(&mut bench, &again, 30, LI, 5), "Thank you!");
    assert_eq!(score(&bench), Some(5), "and may be changed as any other");
}

#[test]
fn a_press_of_another_message_never_counts_however_early_it_comes() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    let send = bench.take_sends().remove(0);
    press(&mut bench, &send, 31, LI, 5);
    bench.deliver(&send, 30);
    assert_eq!(score(&bench), None);
    // What was sent is known: nothing is kept any more.
    assert_eq!(press(&mut bench, &send, 31, LI, 5), "");
}

#[test]
fn a_user_accounts_survey_has_no_buttons_and_only_a_bare_number_answers_it() {
    let mut bench = answered(with(SURVEY));
    bench.incoming(Incoming::Facts(GroupFacts { bot: false, own_name: "Desk Account".to_owned(), ..facts() }));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    let send = sent(&mut bench, 30);
    assert!(send.buttons.is_empty(), "{send:?}");
    says(&mut bench, 31, 20, LI, "4");
    assert_eq!((score(&bench), view(&bench, 20).row.status.label()), (Some(4), "resolved"));
    says(&mut bench, 32, 20, LI, "2 of them still flicker");
    let row = view(&bench, 20).row;
    assert_eq!((score(&bench), row.status.label()), (Some(4), "in_progress"), "a number with words is no answer");
    assert!(row.waiting_since.is_some(), "and somebody waits");
}

#[test]
fn a_number_is_an_answer_and_no_customer_write() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    says(&mut bench, 29, 20, LI, "5");
    assert_eq!(view(&bench, 20).row.status.label(), "in_progress", "nobody has asked yet");
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    sent(&mut bench, 30);
    bench.command("anna", Command::Close { ticket: ticket(20), reason: String::new() }).expect("closed");
    bench.pass(6 * DAY);
    let before = view(&bench, 20).row.waiting_since;
    says(&mut bench, 40, 20, LI, "3");
    assert_eq!((score(&bench), view(&bench, 20).row.status.label()), (Some(3), "closed"), "no new episode");
    assert_eq!(view(&bench, 20).row.waiting_since, before, "nobody waits for it");
    says(&mut bench, 41, 20, LI, "4/5");
    assert_eq!(score(&bench), Some(4), "within a day it may be changed");
    says(&mut bench, 42, 20, OLENA, "1");
    assert_eq!(score(&bench), Some(4), "a participant's number is none");
    bench.pass(2 * DAY);
    says(&mut bench, 43, 20, LI, "1");
    let row = view(&bench, 20).row;
    assert_eq!((score(&bench), row.status.label(), row.episode), (Some(4), "open", 2), "after that it is a message");
}

#[test]
fn a_number_that_answers_staff_is_a_message() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    sent(&mut bench, 30);
    bench.pass(MINUTE);
    says(&mut bench, 31, 20, COLLEAGUE, "How many do you need?");
    bench.pass(MINUTE);
    says(&mut bench, 32, 20, LI, "3");
    assert_eq!((score(&bench), view(&bench, 20).row.status.label()), (None, "in_progress"));
}

#[test]
fn a_customer_is_asked_once_a_week_and_not_about_spam() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    sent(&mut bench, 30);
    asks(&mut bench, 50, LI);
    resolve(&mut bench, 50);
    asks(&mut bench, 60, OLENA);
    let change: TagChange = "spam".parse().expect("tags");
    bench.command("anna", Command::Tag { ticket: ticket(60), add: change.add, remove: change.remove }).expect("tagged");
    resolve(&mut bench, 60);
    // Never answered.
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(70, COLLEAGUE, now, "For Olena")),
        Happening::Message(text(71, 70, OLENA, now, "Hello")),
    ]);
    resolve(&mut bench, 70);
    bench.pass(HOUR);
    assert_eq!(bench.take_sends().len(), 0);
    bench.pass(7 * DAY);
    assert_eq!(bench.take_sends().len(), 0, "what was not asked then is not asked later");
    asks(&mut bench, 80, LI);
    resolve(&mut bench, 80);
    bench.pass(2 * MINUTE);
    assert_eq!(bench.take_sends().len(), 1);
}

#[test]
fn all_of_it_outlives_the_process_and_is_sent_once() {
    let mut bench = answered(with(SURVEY));
    resolve(&mut bench, 20);
    bench.pass(MINUTE);
    let mut bench = bench.restart();
    bench.pass(2 * MINUTE);
    assert_eq!(bench.take_sends().len(), 0, "nothing before the link is live");
    bench.connect();
    bench.pass(Duration::ZERO);
    let first = bench.take_sends().remove(0);
    // Killed while it is being sent: the identical call, buttons and all.
    let mut bench = bench.restart();
    bench.connect();
    bench.pass(MINUTE);
    let again = bench.take_sends().remove(0);
    assert_eq!((first.random_id, &first.buttons, &first.text), (again.random_id, &again.buttons, &again.text));
    bench.deliver(&again, 30);
    bench.pass(DAY);
    assert_eq!(bench.take_sends().len(), 0);
    let mut bench = bench.restart();
    bench.connect();
    press(&mut bench, &again, 30, LI, 5);
    assert_eq!(score(&bench), Some(5));
    let mut bench = bench.restart();
    bench.connect();
    bench.orders.clear();
    bench.pass(DAY + MINUTE);
    assert!(bench.orders.iter().any(|order| matches!(order, Order::Unbutton { .. })), "{:?}", bench.orders);
}

#[test]
fn people_come_first() {
    let mut bench = answered(Rules { pace: topicdesk::desk::rules::Pace { per_minute: 6, burst: 1 }, ..with(SURVEY) });
    asks(&mut bench, 50, OLENA);
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE - Duration::from_secs(1));
    for (count, topic) in [(1, 50), (2, 50), (3, 20)] {
        let command = Command::Reply {
            ticket: ticket(topic),
            text: format!("Reply {count}"),
            reply_to: None,
            hold: false,
            seen: None,
            file: None,
            along: Default::default(),
        };
        bench.command("anna", command).expect("accepted");
    }
    let mut order = Vec::new();
    for message in 90..94 {
        for _ in 0..30 {
            bench.pass(Duration::from_secs(1));
        }
        for send in bench.take_sends() {
            order.push(send.text.chars().take(7).collect::<String>());
            bench.deliver(&send, message * 10 + i32::try_from(order.len()).expect("few"));
        }
    }
    assert_eq!(order.len(), 4, "{order:?}");
    assert_eq!(order.last().map(String::as_str), Some("We have"), "{order:?}");
}

#[test]
fn a_desk_on_trial_says_nothing_and_takes_back_what_it_wanted_to_say() {
    let mut bench = answered(with(&format!("{SURVEY}\n{NUDGES}")));
    resolve(&mut bench, 20);
    bench.pass(2 * MINUTE);
    let send = bench.take_sends().remove(0);
    let not_before = bench.now() + HOUR;
    bench.incoming(Incoming::Delivery { outbox: send.outbox, outcome: Outcome::Later { not_before } });
    let pilot = with(&format!("[desk]\npilot = true\n{SURVEY}\n{NUDGES}"));
    let mut bench = bench.restart_with(pilot);
    bench.connect();
    bench.pass(2 * HOUR);
    assert_eq!(bench.take_sends().len(), 0);
    asks(&mut bench, 50, OLENA);
    resolve(&mut bench, 50);
    bench.pass(3 * DAY);
    assert_eq!(bench.take_sends().len(), 0);
    let desk = |bench: &Bench| -> DeskView {
        match bench.read("anna", ViewRequest::Desk) {
            View::Desk(desk) => *desk,
            other => panic!("no desk: {other:?}"),
        }
    };
    assert!(desk(&bench).pilot);
    // The trial is over: what was resolved long ago stays as it is.
    let mut bench = bench.restart_with(with(&format!("{SURVEY}\n{NUDGES}")));
    bench.connect();
    bench.backfill(&[]);
    bench.pass(HOUR);
    assert_eq!((bench.take_sends().len(), desk(&bench).pilot), (0, false));
}

#[test]
fn other_rules_hold_for_tickets_that_nobody_has_touched() {
    let mut bench = answered(with(""));
    pending(&mut bench, PendingReason::Customer);
    bench.pass(DAY);
    let mut bench = bench.restart_with(with(NUDGES));
    bench.connect();
    bench.backfill(&[]);
    bench.pass(DAY + MINUTE);
    assert_eq!(bench.take_sends().len(), 1);
}

#[test]
fn a_note_alerts_whom_it_names_until_they_look() {
    let mut bench = answered(with(""));
    bench.alerts.clear();
    let note = |text: &str| Command::Note { ticket: ticket(20), text: text.to_owned() };
    bench.command("anna", note("@tom, is it the bulb? @anna @nobody")).expect("noted");
    let (tom, anna) = (AgentName::from("tom"), AgentName::from("anna"));
    assert_eq!(bench.alerts, [Alert::Mentioned { ticket: ticket(20), agent: tom.clone(), by: anna }]);
    let mentioned = |bench: &Bench, agent: &str| match bench
        .read(agent, ViewRequest::Thread { ticket: ticket(20), window: Window::Newest, limit: 9 })
    {
        View::Thread(page) => page.ticket.row.mentioned,
        other => panic!("no thread: {other:?}"),
    };
    assert_eq!((mentioned(&bench, "tom"), mentioned(&bench, "anna")), (true, false));
    let seen = Command::MarkSeen { ticket: ticket(20), message: MessageId(22) };
    bench.command("anna", seen.clone()).expect("seen");
    assert!(mentioned(&bench, "tom"));
    bench.command("tom", seen.clone()).expect("seen");
    assert!(!mentioned(&bench, "tom"));
    bench.command("anna", note("@Tom once more")).expect("noted");
    assert!(mentioned(&bench, "tom"));
    bench.command("tom", seen).expect("seen, though no message is new");
    assert!(!mentioned(&bench, "tom"));
}
