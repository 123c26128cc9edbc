//! Clocks in the engine: what is due, what is said and when, the queue by it, other rules, an outage, and what it costs.

use std::time::{Duration, Instant};

use topicdesk::clock::Timestamp;
use topicdesk::config;
use topicdesk::desk::command::Command;
use topicdesk::desk::event::Event;
use topicdesk::desk::rules::Rules;
use topicdesk::desk::sla::ClockState;
use topicdesk::desk::thread::{Content, Message, ServiceMessage};
use topicdesk::desk::ticket::{Pending, PendingReason};
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::{Happening, Incoming, LinkState};
use topicdesk::engine::views::{Alert, ClockName, QueueName, SlaView, Sort, View, ViewRequest, Window};

use super::support::bench::{Bench, COLLEAGUE, LI, OLENA, at, created, rules, text, ticket};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// All hours: the tests of hours are elsewhere.
fn with_policies(text: &str) -> Rules {
    Rules { sla: config::from_text("desk.toml", text, None).expect("right").rules.sla, ..rules() }
}

const POLICY: &str = r#"
    [[sla]]
    name = "standard"
    first_response = "1h"
    next_response = "2h"
    resolution = "8h"
    warn_before = "15m"
"#;

/// A desk that went live at noon; one ticket is two hours older.
fn live(rules: Rules) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[created(5, OLENA, at(-3600), "Lamp"), text(6, 5, OLENA, at(-3600), "It does not glow")]);
    bench.orders.clear();
    bench
}

fn asks(bench: &mut Bench, id: i32) {
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(id, LI, now, "Refund")),
        Happening::Message(text(id + 1, id, LI, now, "Please")),
    ]);
    bench.alerts.clear();
}

fn queue(bench: &Bench, queue: QueueName, sort: Sort) -> Vec<i32> {
    match bench.read("anna", ViewRequest::Queue { queue, filter: String::new(), sort, offset: 0, limit: 500 }) {
        View::Queue(page) => page.rows.iter().map(|row| row.id.0).collect(),
        other => panic!("no queue: {other:?}"),
    }
}

fn overdue(bench: &Bench) -> usize {
    match bench.read("anna", ViewRequest::Counts) {
        View::Counts(counts) => {
            counts.queues.iter().find(|(queue, _)| *queue == QueueName::Overdue).expect("is there").1
        }
        other => panic!("no counts: {other:?}"),
    }
}

fn sla(bench: &Bench, topic: i32) -> SlaView {
    match bench.read("anna", ViewRequest::Sla { ticket: ticket(topic) }) {
        View::Sla { sla: Some(sla) } => *sla,
        other => panic!("no clocks: {other:?}"),
    }
}

/// What the log says of clocks.
fn said(bench: &Bench, topic: i32) -> Vec<(bool, ClockName, Timestamp)> {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 500 }) {
        View::Thread(page) => page
            .thread
            .iter()
            .filter_map(|entry| match &entry.event {
                Some((_, Event::SlaWarned { clock, deadline, .. })) => Some((false, *clock, *deadline)),
                Some((_, Event::SlaBreached { clock, deadline, .. })) => Some((true, *clock, *deadline)),
                _ => None,
            })
            .collect(),
        other => panic!("no thread: {other:?}"),
    }
}

#[test]
fn a_ticket_is_warned_of_once_and_then_overdue_until_it_is_answered() {
    let mut bench = live(with_policies(POLICY));
    asks(&mut bench, 20);
    let asked = bench.now();
    bench.pass(44 * MINUTE);
    assert_eq!(bench.alerts, []);
    bench.pass(MINUTE);
    let (clock, deadline) = (ClockName::FirstResponse, asked + HOUR);
    assert_eq!(bench.alerts, [Alert::Due { ticket: ticket(20), clock, deadline, assignee: None }]);
    bench.command("anna", Command::Claim { ticket: ticket(20) }).expect("claimed");
    bench.alerts.clear();
    bench.pass(14 * MINUTE);
    assert_eq!((bench.alerts.len(), overdue(&bench)), (0, 1), "the old one is overdue, and nothing is said of it");
    bench.pass(MINUTE);
    assert_eq!(bench.alerts, [Alert::Overdue { ticket: ticket(20), clock, deadline, assignee: Some("anna".into()) }]);
    assert_eq!(queue(&bench, QueueName::Overdue, Sort::Natural), [5, 20]);
    assert_eq!(said(&bench, 20), [(false, clock, deadline), (true, clock, deadline)]);
    bench.pass(HOUR);
    assert_eq!(said(&bench, 20).len(), 2, "once");
    let now = bench.now();
    bench.push(vec![Happening::Message(text(30, 20, COLLEAGUE, now, "Here it is"))]);
    assert_eq!(queue(&bench, QueueName::Overdue, Sort::Natural), [5]);
    // Before go-live it was asked, and what is dated before is not told.
    assert!(said(&bench, 5).iter().all(|(_, clock, _)| *clock == ClockName::Resolution), "{:?}", said(&bench, 5));
}

#[test]
fn queues_are_in_order_of_what_is_due() {
    let mut bench = live(with_policies(POLICY));
    for id in [20, 30, 40] {
        asks(&mut bench, id);
        bench.pass(MINUTE);
    }
    assert_eq!(queue(&bench, QueueName::All, Sort::Due), [5, 20, 30, 40]);
    let now = bench.now();
    bench.push(vec![Happening::Message(text(50, 20, COLLEAGUE, now, "Which one?"))]);
    assert_eq!(queue(&bench, QueueName::All, Sort::Due), [5, 30, 40, 20], "only its resolution is due");
    bench.command("anna", Command::Claim { ticket: ticket(20) }).expect("claimed");
    let pending = Pending { reason: PendingReason::Customer, until: None };
    bench.command("anna", Command::SetPending { ticket: ticket(20), pending }).expect("pending");
    let clocks = sla(&bench, 20).clocks;
    let resolution = clocks.iter().find(|clock| clock.clock == ClockName::Resolution).expect("is there");
    assert_eq!((resolution.deadline, resolution.left_seconds), (None, 8 * 3600 - 180));
    bench.pass(24 * HOUR);
    let now = bench.now();
    bench.push(vec![Happening::Message(text(60, 20, LI, now, "The blue one"))]);
    let due = sla(&bench, 20).clocks.into_iter().find(|clock| clock.clock == ClockName::Resolution).expect("is there");
    assert_eq!(due.deadline, Some(now + 8 * HOUR - 3 * MINUTE), "no deadline jumps when a pause ends");
}

#[test]
fn what_was_answered_in_telegram_meanwhile_is_no_breach_and_the_rest_of_an_outage_is_told_at_once() {
    let mut bench = live(with_policies(POLICY));
    for id in [20, 30, 40] {
        asks(&mut bench, id);
    }
    let asked = bench.now();
    bench.incoming(Incoming::Link(LinkState::Offline { since: asked, why: "cable".to_owned() }));
    bench.pass(5 * HOUR);
    assert_eq!(bench.alerts, [], "nobody knows what was answered");
    let mut bench = bench.restart();
    bench.step(Input::Woken);
    assert_eq!(bench.alerts, []);
    // The difference: one was answered in time, one too late.
    bench.connect();
    bench.alerts.clear();
    bench.clock.step(MINUTE);
    bench.push(vec![
        Happening::Message(text(50, 20, COLLEAGUE, asked + 30 * MINUTE, "Done")),
        Happening::Message(text(51, 30, COLLEAGUE, asked + 90 * MINUTE, "Done too")),
    ]);
    bench.pass(Duration::ZERO);
    let missed: Vec<_> = bench.alerts.iter().filter(|alert| matches!(alert, Alert::Missed { .. })).collect();
    let deadline = asked + HOUR;
    assert_eq!(said(&bench, 20), []);
    assert_eq!(said(&bench, 30), [(true, ClockName::FirstResponse, deadline)]);
    assert_eq!(said(&bench, 40), [(true, ClockName::FirstResponse, deadline)]);
    let count: usize = missed.iter().map(|alert| if let Alert::Missed { count } = alert { *count } else { 0 }).sum();
    assert_eq!((count, bench.alerts.len()), (2, missed.len()), "{:?}", bench.alerts);
}

#[test]
fn other_rules_reckon_all_of_it_anew() {
    let mut bench = live(rules());
    for id in [20, 30] {
        asks(&mut bench, id);
    }
    assert_eq!((overdue(&bench), queue(&bench, QueueName::Overdue, Sort::Natural).len()), (0, 0));
    bench.clock.step(3 * HOUR);
    let mut bench = bench.restart_with(with_policies(POLICY));
    bench.connect();
    while bench.engine.has_idle_work() {
        bench.step(Input::Idle);
    }
    bench.pass(Duration::ZERO);
    assert_eq!(queue(&bench, QueueName::Overdue, Sort::Natural), [5, 20, 30]);
    assert!(bench.alerts.iter().all(|alert| matches!(alert, Alert::Missed { .. })), "{:?}", bench.alerts);
    // Nothing is left of them when there are no policies any more.
    let mut bench = bench.restart_with(rules());
    bench.connect();
    while bench.engine.has_idle_work() {
        bench.step(Input::Idle);
    }
    assert_eq!((overdue(&bench), queue(&bench, QueueName::Overdue, Sort::Natural).len()), (0, 0));
}

/// A matter of days ago: answered, thanked for and closed in Telegram, the last two in the same second.
fn thanked_and_closed() -> Vec<Message> {
    let ago = |minutes: i64| at(-2 * 24 * 3600 + minutes * 60);
    let edited = ServiceMessage::TopicEdited { title: None, icon: None, closed: Some(true), hidden: None };
    let closed = Message { content: Content::Service(edited), ..text(9, 5, COLLEAGUE, ago(30), "") };
    vec![
        created(5, OLENA, ago(0), "Lamp"),
        text(6, 5, OLENA, ago(0), "It does not glow"),
        text(7, 5, COLLEAGUE, ago(10), "Turn it on"),
        text(8, 5, OLENA, ago(30), "Oh, so that is it"),
        closed,
    ]
}

#[test]
fn what_was_closed_in_telegram_after_the_last_word_is_not_overdue() {
    let mut bench = Bench::with(with_policies(POLICY));
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&thanked_and_closed());
    let is_done = |bench: &Bench| {
        assert!(bench.thread(5).starts_with("#5 /1 closed"), "{}", bench.thread(5));
        assert_eq!((overdue(bench), queue(bench, QueueName::Overdue, Sort::Natural)), (0, vec![]));
        assert!(sla(bench, 5).clocks.iter().all(|clock| clock.state != ClockState::Running));
    };
    is_done(&bench);
    bench.pass(3 * HOUR);
    assert_eq!((bench.alerts.clone(), said(&bench, 5)), (vec![], vec![]));

    // As the version before has left it.
    let connection = rusqlite::Connection::open(bench.folder.path().join("tickets.db")).expect("opens");
    let before = "UPDATE tickets SET due_at = 1, alarm_at = 1;
                  UPDATE meta SET value = replace(value, '3:', '2:') WHERE value LIKE '3:%'";
    connection.execute_batch(before).expect("as it was");
    assert_eq!(overdue(&bench), 1);
    let mut bench = bench.restart();
    bench.connect();
    while bench.engine.has_idle_work() {
        bench.step(Input::Idle);
    }
    is_done(&bench);
}

#[test]
fn a_policy_for_a_name_follows_the_name() {
    let named = "[[sla]]\nname = \"star\"\nwhen = \"customer:@liwei\"\nfirst_response = \"1h\"\n";
    let mut bench = live(with_policies(named));
    asks(&mut bench, 20);
    assert_eq!(sla(&bench, 20).policy, None);
    assert_eq!(queue(&bench, QueueName::Overdue, Sort::Natural).len(), 0);
    let now = bench.now();
    let mut batch = bench.batch(vec![Happening::Message(text(40, 20, LI, now, "Hello?"))]);
    batch.people[0].username = Some("LiWei".to_owned());
    bench.incoming(Incoming::Batch(batch));
    assert_eq!(sla(&bench, 20).policy.as_deref(), Some("star"));
    bench.pass(2 * HOUR);
    assert_eq!(queue(&bench, QueueName::Overdue, Sort::Natural), [20]);
    assert_eq!(sla(&bench, 20).policies[0].why, "`customer:@liwei` holds");
}

/// Prints what clocks add to a step at ten thousand live tickets: `cargo test --release --test it clocks_cost -- --nocapture --ignored`.
#[test]
#[ignore = "takes a minute in a debug build; run with --release"]
fn clocks_cost_little_at_ten_thousand_live_tickets() {
    const OFFICE: &str = r#"
        [hours.office]
        timezone = "Europe/Kyiv"
        monday = ["09:00-13:00", "14:00-18:00"]
        tuesday = ["09:00-13:00", "14:00-18:00"]
        wednesday = ["09:00-13:00", "14:00-18:00"]
        thursday = ["09:00-13:00", "14:00-18:00"]
        friday = ["09:00-13:00", "14:00-18:00"]
        holidays = ["12-25", "01-01", "05-01", "08-24"]
        [[sla]]
        name = "big"
        when = "customer:@nobody"
        hours = "office"
        first_response = "1h"
        [[sla]]
        name = "all"
        hours = "office"
        first_response = "4h"
        next_response = "8h"
        resolution = "40h"
    "#;
    let measure = |rules: Rules| {
        let mut history = Vec::new();
        for topic in 0..10_000 {
            let id = topic * 2 + 10;
            history.push(created(id, OLENA, at(-600), "Matter"));
            history.push(text(id + 1, id, OLENA, at(-600), "Please"));
        }
        let mut bench = Bench::with(rules);
        bench.connect();
        bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
        bench.backfill(&history);
        let mut spans = Vec::new();
        for step in 0..1_000 {
            let topic = step * 17 % 10_000 * 2 + 10;
            bench.clock.step(Duration::from_secs(1));
            let now = bench.now();
            let author = if step % 2 == 0 { OLENA } else { COLLEAGUE };
            let batch = bench.batch(vec![Happening::Message(text(30_000 + step, topic, author, now, "More"))]);
            let begun = Instant::now();
            bench.incoming(Incoming::Batch(batch));
            spans.push(begun.elapsed());
        }
        spans.sort();
        (spans[spans.len() / 2], spans[spans.len() * 95 / 100])
    };
    let without = measure(rules());
    let with = measure(with_policies(OFFICE));
    println!("a step at 10,000 live tickets (median, p95): without policies {without:?}, with {with:?}");
    assert!(with.0 <= without.0 + Duration::from_micros(if cfg!(debug_assertions) { 5_000 } else { 200 }));
}
