//! Escalation in the engine: what fires, who is told, caps and outages; and that the backtest agrees with what was lived through.

use std::time::{Duration, Instant};

use topicdesk::clock::Timestamp;
use topicdesk::config;
use topicdesk::desk::command::Command;
use topicdesk::desk::event::{Actor, Event, Writer};
use topicdesk::desk::ids::{AgentName, MessageId, PersonId, TicketKey, TopicId};
use topicdesk::desk::rules::Rules;
use topicdesk::desk::tags::Priority;
use topicdesk::desk::ticket::{Pending, PendingReason, Standing, Status};
use topicdesk::engine::backtest;
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::{Happening, Incoming, LinkState, Order, Outcome};
use topicdesk::engine::views::{Alert, FiringView, View, ViewRequest};
use topicdesk::store::{Reader, Store};

use super::support::bench::{ANNA, Bench, COLLEAGUE, GROUP, LI, OLENA, created, rules, text, ticket};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const AGENTS: &str = "[telegram]\nstaff_chat = -1000000000055\n[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\n\
                      [[teams]]\nname = \"both\"\nagents = [\"tom\", \"anna\"]\n";

fn with(escalations: &str) -> Rules {
    let config = config::from_text("desk.toml", &format!("{AGENTS}{escalations}"), None).expect("right").rules;
    Rules { sla: config.sla, escalations: config.escalations, upset: config.upset, routing: config.routing, ..rules() }
}

fn live(rules: Rules) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[]);
    bench.orders.clear();
    bench
}

fn asks(bench: &mut Bench, id: i32, words: &str) {
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(id, LI, now, "Refund")),
        Happening::Message(text(id + 1, id, LI, now, words)),
    ]);
    bench.alerts.clear();
}

fn says(bench: &mut Bench, id: i32, topic: i32, who: PersonId, words: &str) {
    let now = bench.now();
    bench.push(vec![Happening::Message(text(id, topic, who, now, words))]);
}

/// Lets time pass as it does: the timer comes whenever the engine has asked for it.
fn until(bench: &mut Bench, at: Timestamp) {
    loop {
        let now = bench.now();
        match bench.engine.next_wake() {
            Some(wake) if wake <= now => bench.pass(Duration::ZERO),
            Some(wake) if wake <= at => bench.pass(wake.since(now)),
            _ => break,
        }
    }
    let rest = at.since(bench.now());
    bench.pass(rest);
}

fn pass(bench: &mut Bench, span: Duration) {
    let at = bench.now() + span;
    until(bench, at);
}

fn firings(bench: &Bench) -> Vec<FiringView> {
    match bench.read("anna", ViewRequest::Escalations { limit: 100_000 }) {
        View::Escalations { mut firings } => {
            firings.reverse();
            firings
        }
        other => panic!("no escalations: {other:?}"),
    }
}

fn escalated(alerts: &[Alert]) -> Vec<(TicketKey, &str, Vec<&str>)> {
    alerts
        .iter()
        .filter_map(|alert| match alert {
            Alert::Escalated { ticket, rule, to, .. } => {
                Some((*ticket, rule.as_str(), to.iter().map(|name| name.0.as_str()).collect()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn a_rule_fires_once_and_does_what_it_says_as_ordinary_events() {
    let mut bench = live(with(
        "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = [\"anna\"]\npriority = \"raise\"\n\
         add_tags = [\"late\"]\nassign = \"tom\"\nnote = \"Please look\"\n",
    ));
    asks(&mut bench, 20, "Please");
    pass(&mut bench, 29 * MINUTE);
    assert_eq!((escalated(&bench.alerts).len(), firings(&bench).len()), (0, 0));
    pass(&mut bench, MINUTE);
    assert_eq!(escalated(&bench.alerts), [(ticket(20), "late", vec!["anna", "tom"])]);
    insta::assert_snapshot!("escalated_thread", bench.thread(20));
    let row = match bench.read(
        "anna",
        ViewRequest::Thread { ticket: ticket(20), window: topicdesk::engine::views::Window::Newest, limit: 10 },
    ) {
        View::Thread(page) => page.ticket.row,
        other => panic!("{other:?}"),
    };
    assert_eq!((row.status, row.priority, row.assignee), (Status::Assigned, Priority::High, Some("tom".into())));
    assert_eq!(row.escalated.as_ref().map(|one| one.why.as_str()), Some("no response"));
    pass(&mut bench, 24 * HOUR);
    assert_eq!(firings(&bench).len(), 1, "once");
    says(&mut bench, 30, 20, COLLEAGUE, "Here");
    let firing = &firings(&bench)[0];
    assert!(!firing.stands, "it was answered");
    // The next wait is another cause.
    says(&mut bench, 31, 20, LI, "And now?");
    pass(&mut bench, HOUR);
    assert_eq!(firings(&bench).len(), 2);
    assert_eq!(bench.engine.next_wake().filter(|at| *at <= bench.now()), None);
}

#[test]
fn what_was_answered_before_is_not_escalated_however_late_it_is_known() {
    let mut bench = live(with("[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = \"@all\"\n"));
    for id in [20, 30, 40] {
        asks(&mut bench, id, "Please");
    }
    let asked = bench.now();
    bench.incoming(Incoming::Link(LinkState::Offline { since: asked, why: "cable".to_owned() }));
    bench.pass(3 * HOUR);
    assert_eq!((bench.alerts.len(), firings(&bench).len()), (0, 0), "nobody knows what was answered");
    let mut bench = bench.restart();
    bench.step(Input::Woken);
    assert_eq!(firings(&bench).len(), 0);
    bench.connect();
    bench.alerts.clear();
    bench.push(vec![
        Happening::Message(text(50, 20, COLLEAGUE, asked + 20 * MINUTE, "Done")),
        Happening::Message(text(51, 30, COLLEAGUE, asked + 40 * MINUTE, "Done too")),
    ]);
    bench.pass(Duration::ZERO);
    let told: Vec<_> = firings(&bench).iter().map(|one| (one.ticket, one.due)).collect();
    let due = asked + 30 * MINUTE;
    assert_eq!(told, [(ticket(30), due), (ticket(40), due)]);
    let counts: Vec<usize> = bench
        .alerts
        .iter()
        .filter_map(|alert| match alert {
            Alert::EscalationsMissed { count, to } => {
                assert_eq!(to.len(), 2);
                Some(*count)
            }
            Alert::Escalated { .. } => panic!("one by one"),
            _ => None,
        })
        .collect();
    assert_eq!(counts.iter().sum::<usize>(), 2, "{counts:?}");
}

#[test]
fn what_a_cap_holds_back_is_told_in_one_sum() {
    let capped = "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = \"anna\"\nassign = \"tom\"\n\
                  add_tags = [\"late\"]\nmax_per_hour = 2\n";
    let mut bench = live(with(capped));
    for id in [20, 30, 40, 50] {
        asks(&mut bench, id, "Please");
    }
    pass(&mut bench, 31 * MINUTE);
    assert_eq!(escalated(&bench.alerts).len(), 2);
    let held: Vec<bool> = firings(&bench).iter().map(|one| one.held).collect();
    assert_eq!(held, [false, false, true, true]);
    // It is known after a restart too.
    let mut bench = bench.restart();
    bench.connect();
    pass(&mut bench, 58 * MINUTE);
    assert!(!bench.alerts.iter().any(|alert| matches!(alert, Alert::EscalationsHeld { .. })));
    pass(&mut bench, 2 * MINUTE);
    let to = vec![AgentName::from("anna"), "tom".into()];
    let sum = Alert::EscalationsHeld { rule: "late".to_owned(), count: 2, to };
    assert_eq!(bench.alerts.iter().filter(|alert| **alert == sum).count(), 1, "{:?}", bench.alerts);
    pass(&mut bench, 24 * HOUR);
    assert_eq!(bench.alerts.iter().filter(|alert| **alert == sum).count(), 1);
}

#[test]
fn nothing_that_was_due_before_the_desk_watched_fires_and_other_rules_are_reckoned_anew() {
    let late = "[[escalations]]\nname = \"late\"\nno_response_for = \"30m\"\nnotify = \"@all\"\n";
    let mut bench = Bench::with(with(late));
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    let old = bench.now() - HOUR;
    let recent = bench.now() - 10 * MINUTE;
    bench.backfill(&[
        created(5, OLENA, old, "Lamp"),
        text(6, 5, OLENA, old, "It does not glow"),
        created(7, OLENA, recent, "Shade"),
        text(8, 7, OLENA, recent, "It is bent"),
    ]);
    pass(&mut bench, 2 * HOUR);
    let fired: Vec<_> = firings(&bench).iter().map(|one| (one.ticket, one.due)).collect();
    assert_eq!(fired, [(ticket(7), recent + 30 * MINUTE)]);
    // Rules that come later are reckoned for what is there.
    let long = "[[escalations]]\nname = \"long\"\nno_response_for = \"4h\"\nnotify = \"@all\"\n";
    let mut bench = bench.restart_with(with(long));
    bench.connect();
    while bench.engine.has_idle_work() {
        bench.step(Input::Idle);
    }
    pass(&mut bench, 4 * HOUR);
    let long: Vec<_> = firings(&bench).into_iter().filter(|one| one.rule == "long").map(|one| one.ticket).collect();
    assert_eq!(long, [ticket(5), ticket(7)]);
}

#[test]
fn a_hint_of_anger_counts_with_another_trigger() {
    let upset = "[[escalations]]\nname = \"upset\"\nsentiment = true\nunanswered_messages = 2\nnotify = \"@all\"\n";
    let mut bench = live(with(upset));
    asks(&mut bench, 20, "This is a scam!");
    asks(&mut bench, 30, "Please");
    says(&mut bench, 40, 30, LI, "Hello?");
    pass(&mut bench, MINUTE);
    assert_eq!(firings(&bench).len(), 0);
    says(&mut bench, 41, 20, LI, "Hello?");
    pass(&mut bench, MINUTE);
    assert_eq!(escalated(&bench.alerts), [(ticket(20), "upset", vec!["anna", "tom"])]);
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

const POLICIES: &str = r#"
    [hours.office]
    timezone = "Europe/Kyiv"
    monday = ["09:00-13:00", "14:00-18:00"]
    tuesday = ["09:00-13:00", "14:00-18:00"]
    wednesday = ["09:00-13:00", "14:00-18:00"]
    sunday = ["14:30-23:00"]
    [[sla]]
    name = "urgent"
    when = "priority:urgent,high"
    first_response = "20m"
    next_response = "40m"
    [[sla]]
    name = "all"
    hours = "office"
    first_response = "1h"
    next_response = "2h"
    resolution = "6h"
    warn_before = "15m"
"#;

const MANY: &str = r#"
    [[escalations]]
    name = "waits"
    no_response_for = "25m"
    hours = "office"
    notify = ["anna", "@assignee"]
    add_tags = ["late"]
    cooldown = "40m"
    max_per_hour = 3
    [[escalations]]
    name = "near"
    on = "near_breach"
    notify = ["@all"]
    priority = "raise"
    cooldown = "0s"
    [[escalations]]
    name = "breach"
    when = "-tag:vip"
    on = "breach"
    notify = ["tom"]
    add_tags = ["breached"]
    max_per_hour = 2
    [[escalations]]
    name = "many"
    when = "age:>45m"
    unanswered_messages = 3
    notify = ["team:both"]
    tell = "staff_chat"
    [[escalations]]
    name = "follows"
    when = "tag:late,breached waiting:>50m -is:snoozed"
    no_response_for = "10m"
    priority = "urgent"
    note = "Look at this"
    [[escalations]]
    name = "stands"
    when = "status:assigned,in_progress,pending"
    in_status_for = "3h"
    notify = ["@all"]
    cooldown = "2h"
    [[escalations]]
    name = "done"
    when = "status:resolved"
    in_status_for = "90m"
    add_tags = ["checked"]
    [[escalations]]
    name = "upset"
    when = "due:<30m"
    sentiment = true
    no_response_for = "5m"
    notify = ["@all"]
"#;

const HANDS: &str = r#"
    [[escalations]]
    name = "hands"
    when = "assignee:anna"
    no_response_for = "55m"
    assign = "tom"
"#;

/// Answers what staff is told in Telegram: it goes through, is refused, which stands in the log, or nobody knows.
fn answer_summonses(bench: &mut Bench, number: i32) {
    let all: Vec<_> = bench.orders.extract_if(.., |order| matches!(order, Order::Summon(_))).collect();
    for order in all {
        let Order::Summon(summons) = order else { continue };
        let outcome = match number % 3 {
            0 => Outcome::Sent { message: MessageId(5), at: bench.now() },
            1 => Outcome::Refused { why: "not in it".to_owned(), topic_gone: false },
            _ => Outcome::Unknown { why: "cut".to_owned() },
        };
        bench.incoming(Incoming::Summoned { summons: summons.summons, outcome });
    }
}

/// A day and a half at a desk: who writes what when is decided by dice. `all`: agents also do what rules do, priority and assignee.
fn lives_through(bench: &mut Bench, seed: u64, all: bool) {
    let mut dice = Dice(seed);
    let mut topics: Vec<i32> = Vec::new();
    let mut id = 100;
    for _ in 0..320 {
        pass(bench, Duration::from_millis(dice.below(900_000) + 1));
        answer_summonses(bench, id / 2);
        id += 2;
        if topics.len() < 3 || (topics.len() < 25 && dice.below(6) == 0) {
            let now = bench.now();
            bench.push(vec![
                Happening::Message(created(id, if id % 4 == 0 { LI } else { OLENA }, now, "Matter")),
                Happening::Message(text(id + 1, id, if id % 4 == 0 { LI } else { OLENA }, now, "Please help")),
            ]);
            topics.push(id);
            pass(bench, Duration::ZERO);
            continue;
        }
        let topic = topics[dice.below(topics.len() as u64) as usize];
        let customer = if topic % 4 == 0 { LI } else { OLENA };
        let key = ticket(topic);
        let agent = if dice.below(2) == 0 { "anna" } else { "tom" };
        let command = match dice.below(if all { 16 } else { 13 }) {
            0..=3 => {
                says(bench, id, topic, customer, "Hello? Any news?");
                None
            }
            4 => {
                says(bench, id, topic, customer, "This is a scam, I want my money back");
                None
            }
            5 => {
                says(bench, id, topic, COLLEAGUE, "We are looking");
                None
            }
            6 => {
                says(bench, id, topic, ANNA, "Here you are");
                None
            }
            7 => Some(Command::Claim { ticket: key }),
            8 => Some(Command::Resolve { ticket: key }),
            9 => Some(Command::Tag { ticket: key, add: vec!["vip".parse().expect("a tag")], remove: Vec::new() }),
            10 => Some(Command::SetPending {
                ticket: key,
                pending: Pending { reason: PendingReason::ThirdParty, until: None },
            }),
            11 => Some(Command::Snooze { ticket: key, until: Some(bench.now() + HOUR) }),
            12 => Some(Command::Reopen { ticket: key }),
            13 => Some(Command::SetPriority { ticket: key, priority: Priority::ALL[dice.below(4) as usize] }),
            14 => Some(Command::Assign { ticket: key, to: agent.into(), note: None }),
            _ => Some(Command::Release { ticket: key }),
        };
        if let Some(command) = command {
            // Refusals are a part of life.
            let receipt = bench.command(agent, command);
            if let Some(event) = receipt.ok().and_then(|receipt| receipt.undo).filter(|_| dice.below(5) == 0) {
                pass(bench, Duration::from_secs(dice.below(20)));
                let _late = bench.command(agent, Command::Undo { ticket: key, event });
            }
        }
        pass(bench, Duration::ZERO);
    }
    pass(bench, 12 * HOUR);
}

type Line = (Timestamp, String, TicketKey, bool, Vec<AgentName>);

fn lived(bench: &Bench) -> Vec<Line> {
    let mut lines: Vec<Line> =
        firings(bench).into_iter().map(|one| (one.due, one.rule, one.ticket, one.held, one.told)).collect();
    lines.sort();
    lines
}

fn tested(bench: &Bench, rules: &Rules, since: Timestamp) -> Vec<Line> {
    let reader = Reader::open(bench.folder.path()).expect("readable");
    let tested = backtest::run(&reader, &[rules], since, bench.now()).expect("replayed");
    let report = tested.reports.into_iter().next().expect("one for each");
    assert!(report.firings.is_sorted_by_key(|one| one.at));
    let mut lines: Vec<Line> =
        report.firings.into_iter().map(|one| (one.at, one.rule, one.ticket, one.held, one.told)).collect();
    lines.sort();
    lines
}

#[test]
fn the_backtest_agrees_with_what_was_lived_through_ticket_by_ticket() {
    for seed in [7, 4_711, 90_210] {
        let rules = with(&format!("{POLICIES}{MANY}{HANDS}"));
        let mut bench = live(rules.clone());
        let since = bench.now() - Duration::from_secs(1);
        lives_through(&mut bench, seed, true);
        let lived = lived(&bench);
        assert!(lived.len() > 60 && lived.iter().any(|line| line.3), "{} firings", lived.len());
        for name in ["waits", "near", "breach", "many", "follows", "stands", "done", "upset", "hands"] {
            assert!(lived.iter().any(|line| line.1 == name), "{name} never fired");
        }
        assert_eq!(tested(&bench, &rules, since), lived, "seed {seed}");
        let refused = |topic: i32| bench.thread(topic).contains("could not reach the staff chat");
        assert!((102..800).step_by(2).any(refused), "nobody was ever out of reach");
    }
}

#[test]
fn the_backtest_of_a_desk_without_rules_says_what_they_would_have_done() {
    let without = with(POLICIES);
    let rules = with(&format!("{POLICIES}{MANY}"));
    let mut quiet = live(without);
    let since = quiet.now() - Duration::from_secs(1);
    lives_through(&mut quiet, 31_337, false);
    assert_eq!(lived(&quiet), []);
    let mut loud = live(rules.clone());
    lives_through(&mut loud, 31_337, false);
    assert_eq!(tested(&quiet, &rules, since), lived(&loud));
}

/// Prints how long the backtest of a year takes: `cargo test --release --test it year_of_fifty -- --nocapture --ignored`.
#[test]
#[ignore = "writes fifty thousand tickets; run with --release"]
fn a_year_of_fifty_thousand_tickets_is_tested_in_ten_seconds() {
    const TICKETS: i32 = 50_000;
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path()).expect("a store");
    let begins = Timestamp::parse_rfc3339("2025-11-01T00:00:00Z").expect("a date");
    let mut dice = Dice(99);
    let year = 365 * 24 * 3600;
    let mut events: Vec<(Timestamp, TicketKey, Actor, Event)> = Vec::new();
    for number in 0..TICKETS {
        let key = TicketKey { group: GROUP, topic: TopicId(number * 20 + 10) };
        let customer = PersonId(i64::from(number % 20_000) + 1_000);
        let mut at = begins + Duration::from_secs(dice.below(year));
        let mut message = key.topic.0;
        let mut add = |at: Timestamp, by: Actor, event: Event| events.push((at, key, by, event));
        add(
            at,
            Actor::Person(customer),
            Event::Opened { episode: 1, title: "Matter".to_owned(), standing: Standing::NEW, why: None },
        );
        add(at, Actor::Person(customer), Event::CustomerSet { customer });
        let agent = if number % 3 == 0 { "anna" } else { "tom" };
        for turn in 0..2 + dice.below(3) {
            for _ in 0..1 + dice.below(2) {
                message += 1;
                at = at + Duration::from_secs(dice.below(600));
                add(
                    at,
                    Actor::Person(customer),
                    Event::Wrote { message: MessageId(message), writer: Writer::Customer, thanks: false },
                );
            }
            at = at + Duration::from_secs(60 + dice.below(3 * 3600));
            message += 1;
            let standing = Standing { status: Status::InProgress, assignee: Some(agent.into()), pending: None };
            if turn == 0 {
                add(
                    at,
                    Actor::Agent(agent.into()),
                    Event::Moved { standing, why: topicdesk::desk::event::Why::Replied },
                );
            }
            add(
                at,
                Actor::Agent(agent.into()),
                Event::Wrote { message: MessageId(message), writer: Writer::Desk(agent.into()), thanks: false },
            );
        }
        for (status, why) in [
            (Status::Resolved, topicdesk::desk::event::Why::Resolved),
            (Status::Closed, topicdesk::desk::event::Why::Inactive),
        ] {
            at = at + Duration::from_secs(dice.below(86_400));
            let standing = Standing { status, assignee: Some(agent.into()), pending: None };
            add(at, Actor::Desk, Event::Moved { standing, why });
        }
    }
    events.sort_by_key(|(at, ..)| *at);
    let work = store.begin().expect("begins");
    for (at, key, by, event) in &events {
        work.append(*key, *at, by, event).expect("appended");
    }
    work.commit().expect("committed");
    let rules = with(&format!("{POLICIES}{MANY}{HANDS}"));
    let reader = Reader::open(folder.path()).expect("readable");
    let begun = Instant::now();
    let tested = backtest::run(&reader, &[&rules], begins, begins + Duration::from_secs(year)).expect("replayed");
    let took = begun.elapsed();
    let report = &tested.reports[0];
    println!(
        "{TICKETS} tickets, {} events, {} firings, {} breaches: {took:?}",
        tested.events,
        report.firings.len(),
        report.breaches
    );
    assert!(cfg!(debug_assertions) || took < Duration::from_secs(10), "{took:?}");
}

/// Prints what rules add to a step at ten thousand live tickets: `cargo test --release --test it rules_cost -- --nocapture --ignored`.
#[test]
#[ignore = "takes a minute in a debug build; run with --release"]
fn rules_cost_little_at_ten_thousand_live_tickets() {
    let measure = |rules: Rules| {
        let mut bench = Bench::with(rules);
        bench.connect();
        bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
        let begun = bench.now();
        let mut history = Vec::new();
        for topic in 0..10_000 {
            let id = topic * 2 + 10;
            history.push(created(id, OLENA, begun, "Matter"));
            history.push(text(id + 1, id, OLENA, begun, "Please"));
        }
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
    let without = measure(with(POLICIES));
    let with = measure(with(&format!("{POLICIES}{MANY}")));
    println!("a step at 10,000 live tickets (median, p95): without rules {without:?}, with {with:?}");
    assert!(with.0 <= without.0 + Duration::from_micros(if cfg!(debug_assertions) { 5_000 } else { 200 }));
}
