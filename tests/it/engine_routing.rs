//! Intake and assignment in the engine: what rules make of new tickets, who gets them, who is passed over, and what it costs.

use std::time::{Duration, Instant};

use topicdesk::config;
use topicdesk::desk::command::Command;
use topicdesk::desk::event::Event;
use topicdesk::desk::rules::Rules;
use topicdesk::desk::tags::Priority;
use topicdesk::engine::input::Input;
use topicdesk::engine::transport::{Happening, Incoming, LinkState};
use topicdesk::engine::views::{
    Alert, DeskView, Explanation, Lapse, Presence, QueueName, Sort, ThreadPage, View, ViewRequest, Window,
};

use super::support::bench::{Bench, COLLEAGUE, LI, OLENA, at, at_screen, created, rules, screen_closed, text, ticket};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const AGENTS: &str = r#"
    [[agents]]
    name = "anna"
    telegram = 901
    [[agents]]
    name = "tom"
    capacity = 2
"#;

const TEAMS: &str = r#"
    [[intake]]
    name = "refunds"
    match = 'refund'
    add_tags = ["billing"]
    category = "refund"
    priority = "high"
    [[teams]]
    name = "desk"
    agents = ["anna", "tom"]
    assign = "round_robin"
    [[routing]]
    name = "all"
    team = "desk"
"#;

/// The rules of a text, with the agents of the bench.
fn with(text: &str) -> Rules {
    let read = config::from_text("desk.toml", text, None).unwrap_or_else(|error| panic!("{error}")).rules;
    let mut routing = read.routing;
    // Nobody presses a key here, and nobody is idle for that unless a test is about it.
    routing.idle_after = routing.idle_after.filter(|_| text.contains("idle_after"));
    Rules { routing, sla: read.sla, ..rules() }
}

fn teams(more: &str) -> Rules {
    with(&format!("{more}\n{AGENTS}{TEAMS}"))
}

/// A desk that went live at noon; one ticket is an hour older. Everybody sits at a screen.
fn live(rules: Rules) -> Bench {
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[created(5, OLENA, at(-3600), "Lamp"), text(6, 5, OLENA, at(-3600), "A refund, please")]);
    for agent in ["anna", "tom"] {
        bench.command(agent, at_screen(1)).expect("sits");
    }
    idle(&mut bench);
    bench.orders.clear();
    bench.alerts.clear();
    bench
}

fn idle(bench: &mut Bench) {
    for _ in 0..1000 {
        if !bench.engine.has_idle_work() {
            return;
        }
        bench.step(Input::Idle);
    }
    panic!("never idle");
}

fn asks(bench: &mut Bench, id: i32, words: &str) {
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(id, LI, now, "Matter")),
        Happening::Message(text(id + 1, id, LI, now, words)),
    ]);
}

fn page(bench: &Bench, topic: i32) -> ThreadPage {
    match bench.read("anna", ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 500 }) {
        View::Thread(page) => *page,
        other => panic!("no thread: {other:?}"),
    }
}

fn assignee(bench: &Bench, topic: i32) -> Option<String> {
    page(bench, topic).ticket.row.assignee.map(|name| name.0)
}

fn why(bench: &Bench, topic: i32) -> Option<String> {
    page(bench, topic).ticket.row.unassigned_because
}

fn activity(bench: &Bench, topic: i32) -> Vec<String> {
    let lines = page(bench, topic).thread.into_iter().filter(|entry| entry.event.is_some());
    lines.map(|entry| entry.text).collect()
}

fn explain(bench: &Bench, topic: i32) -> Explanation {
    match bench.read("anna", ViewRequest::Explain { ticket: ticket(topic) }) {
        View::Explained { explanation: Some(explanation) } => *explanation,
        other => panic!("not explained: {other:?}"),
    }
}

fn desk(bench: &Bench) -> DeskView {
    match bench.read("anna", ViewRequest::Desk) {
        View::Desk(desk) => *desk,
        other => panic!("no desk: {other:?}"),
    }
}

#[test]
fn a_new_ticket_is_taken_in_and_given_to_somebody_and_the_past_is_not() {
    let mut bench = live(teams(""));
    asks(&mut bench, 20, "Where is my REFUND?");
    let page_20 = page(&bench, 20).ticket.row;
    assert_eq!(page_20.tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["billing"]);
    assert_eq!(page_20.category.map(|category| category.to_string()).as_deref(), Some("refund"));
    assert_eq!((page_20.priority, page_20.assignee), (Priority::High, Some("anna".into())));
    assert_eq!(
        activity(&bench, 20),
        [
            "intake: refunds",
            "the desk tagged +billing",
            "the desk set category none → refund",
            "the desk set priority normal → high",
            "the desk assigned to anna by \"all\" (team desk: it is anna's turn), status Open → Assigned",
        ]
    );
    let assigned = Alert::Assigned { ticket: ticket(20), assignee: "anna".into(), team: "desk".into() };
    assert_eq!(bench.alerts, [assigned], "nobody else hears of it");
    let old = page(&bench, 5).ticket.row;
    assert!(old.tags.is_empty() && old.assignee.is_none() && old.unassigned_because.is_none(), "{old:?}");
    let now = bench.now();
    bench.push(vec![Happening::Message(text(30, 5, OLENA, now, "My refund?"))]);
    assert!(page(&bench, 5).ticket.row.tags.is_empty(), "not its first message");
    // Once an episode: what is said later changes nothing.
    bench
        .command(
            "anna",
            Command::Tag { ticket: ticket(20), add: vec![], remove: vec!["billing".parse().expect("a tag")] },
        )
        .expect("tagged");
    bench.push(vec![Happening::Message(text(31, 20, LI, now, "refund refund"))]);
    assert!(page(&bench, 20).ticket.row.tags.is_empty());
    // The next episode is taken in anew.
    bench.command("anna", Command::Close { ticket: ticket(20), reason: String::new() }).expect("closed");
    bench.clock.step(8 * 24 * HOUR);
    let now = bench.now();
    bench.push(vec![Happening::Message(text(40, 20, LI, now, "Still no refund"))]);
    let row = page(&bench, 20).ticket.row;
    assert_eq!((row.episode, row.tags.len(), row.assignee), (2, 1, Some("tom".into())));
}

#[test]
fn round_robin_goes_on_after_a_restart_and_nobody_gets_more_than_they_can() {
    let mut bench = live(teams("[rules]\nburst = \"off\""));
    asks(&mut bench, 20, "One");
    bench = bench.restart();
    bench.connect();
    bench.command("tom", at_screen(1)).expect("sits");
    idle(&mut bench);
    assert_eq!(desk(&bench).roster[0].presence, Presence::Offline, "a new process begins without screens");
    bench.command("anna", at_screen(1)).expect("sits");
    for (id, words) in [(30, "Two"), (40, "Three"), (50, "Four"), (60, "Five"), (70, "Six")] {
        asks(&mut bench, id, words);
    }
    let given: Vec<_> = [20, 30, 40, 50, 60, 70].iter().map(|id| assignee(&bench, *id).expect("somebody's")).collect();
    assert_eq!(given, ["anna", "tom", "anna", "tom", "anna", "anna"], "tom has room for two");
    let tom = desk(&bench).roster.into_iter().find(|view| view.agent.0 == "tom").expect("tom");
    assert_eq!((tom.load, tom.capacity, tom.bar.as_deref()), (2, Some(2), Some("has 2 of 2")));
}

#[test]
fn what_nobody_can_take_waits_with_the_reason_and_goes_to_whoever_is_back() {
    let mut bench = live(teams(""));
    bench.command("anna", Command::SetPresence { away: true }).expect("away");
    bench.command("tom", screen_closed(1)).expect("closed");
    asks(&mut bench, 20, "Hello");
    assert_eq!(assignee(&bench, 20), None);
    assert_eq!(why(&bench, 20).as_deref(), Some("team desk: anna away, tom offline"));
    let row = match bench.read(
        "anna",
        ViewRequest::Queue {
            queue: QueueName::Unassigned,
            filter: String::new(),
            sort: Sort::Natural,
            offset: 0,
            limit: 10,
        },
    ) {
        View::Queue(page) => page.rows.into_iter().find(|row| row.id.0 == 20).expect("is there"),
        other => panic!("{other:?}"),
    };
    assert_eq!(row.unassigned_because.as_deref(), Some("team desk: anna away, tom offline"));
    let said = explain(&bench, 20);
    assert!(said.in_line && said.routing.agent.is_none() && said.applied == Some(Vec::new()), "{said:?}");
    bench.alerts.clear();
    bench.command("anna", Command::SetPresence { away: false }).expect("back");
    idle(&mut bench);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"));
    assert_eq!(why(&bench, 20), None);
}

#[test]
fn a_slot_that_gets_free_is_filled_urgent_ones_first() {
    let mut bench = live(teams(""));
    bench.command("anna", Command::SetPresence { away: true }).expect("away");
    for id in [20, 30, 40, 50] {
        asks(&mut bench, id, if id == 50 { "refund" } else { "Hello" });
        bench.clock.step(MINUTE);
    }
    assert_eq!([20, 30, 40, 50].map(|id| assignee(&bench, id).is_some()), [true, true, false, false]);
    bench.command("tom", Command::Resolve { ticket: ticket(20) }).expect("resolved");
    idle(&mut bench);
    assert_eq!([40, 50].map(|id| assignee(&bench, id).is_some()), [false, true], "the one of high priority");
    // Pending leaves the hands too.
    bench
        .command(
            "tom",
            Command::SetPending {
                ticket: ticket(30),
                pending: topicdesk::desk::ticket::Pending {
                    reason: topicdesk::desk::ticket::PendingReason::Internal,
                    until: None,
                },
            },
        )
        .expect("pending");
    idle(&mut bench);
    assert_eq!(assignee(&bench, 40).as_deref(), Some("tom"));
}

#[test]
fn hours_bar_and_open_and_the_timer_gives_what_has_waited() {
    let hours = r#"
        [hours.office]
        timezone = "UTC"
        sunday = ["14:00-18:00"]
        [[agents]]
        name = "anna"
        hours = "office"
    "#;
    let text = format!(
        "{hours}\n[[teams]]\nname = \"desk\"\nagents = [\"anna\"]\nassign = \"least_loaded\"\n[[routing]]\nname = \"all\"\nteam = \"desk\"\n"
    );
    let mut bench = live(with(&text));
    asks(&mut bench, 20, "Hello");
    assert_eq!(why(&bench, 20).as_deref(), Some("team desk: anna out of hours (office)"), "though a screen is open");
    bench.pass(2 * HOUR - MINUTE);
    idle(&mut bench);
    assert_eq!(assignee(&bench, 20), None);
    bench.pass(MINUTE);
    idle(&mut bench);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"));
}

/// The word for an agent, and the minutes since.
fn presence(bench: &Bench, agent: &str) -> (Presence, Option<u64>) {
    let view = desk(bench).roster.into_iter().find(|view| view.agent.0 == agent).expect("is there");
    (view.presence, view.since.map(|since| bench.now().since(since).as_secs() / 60))
}

#[test]
fn whoever_presses_no_key_is_given_nothing_until_the_next_one() {
    let mut bench = live(teams("[rules]\nidle_after = \"30m\"\nburst = \"off\""));
    bench.command("anna", at_screen(2)).expect("a second screen");
    bench.pass(20 * MINUTE);
    bench.command("tom", at_screen(1)).expect("a key");
    // A key of the last ten seconds is not said.
    bench.pass(10 * MINUTE + Duration::from_secs(9));
    assert_eq!(presence(&bench, "anna").0, Presence::Available);
    bench.pass(Duration::from_secs(1));
    assert_eq!(presence(&bench, "anna"), (Presence::Idle, Some(30)));
    asks(&mut bench, 20, "It would be anna's turn");
    assert_eq!(assignee(&bench, 20).as_deref(), Some("tom"));
    bench.pass(20 * MINUTE);
    asks(&mut bench, 30, "Hello");
    assert_eq!(why(&bench, 30).as_deref(), Some("team desk: anna idle, tom idle"));
    let whys: Vec<_> = explain(&bench, 30).routing.teams[0].candidates.iter().map(|one| one.why.clone()).collect();
    assert_eq!(whys, ["idle", "idle"]);

    // One of her screens is enough, and what waits is hers at once.
    bench.alerts.clear();
    bench.command("anna", at_screen(2)).expect("a key");
    idle(&mut bench);
    assert_eq!(assignee(&bench, 30).as_deref(), Some("anna"));
    assert_eq!(presence(&bench, "anna"), (Presence::Available, Some(0)));
    bench.command("anna", screen_closed(2)).expect("closed");
    assert_eq!(presence(&bench, "anna"), (Presence::Idle, Some(50)), "the other one was not touched for long");
    assert_eq!(presence(&bench, "tom"), (Presence::Idle, Some(30)));
    // Away is away, whatever the screens do; back again is idle still, and says so.
    bench.command("tom", Command::SetPresence { away: true }).expect("away");
    assert_eq!(presence(&bench, "tom"), (Presence::Away, Some(0)));
    let back = bench.command("tom", Command::SetPresence { away: false }).expect("back");
    assert_eq!(back.notice.as_deref(), Some("no key was pressed at a screen of yours for long"));
    assert_eq!(presence(&bench, "tom").0, Presence::Idle);
}

#[test]
fn an_idle_agent_is_no_agent_who_is_away_and_hours_know_of_no_keys() {
    // Reopened: as with somebody who is offline, it stays theirs.
    let mut bench = live(teams("[rules]\nidle_after = \"30m\""));
    asks(&mut bench, 20, "Hello");
    bench.command("anna", Command::Resolve { ticket: ticket(20) }).expect("resolved");
    bench.pass(HOUR);
    assert_eq!(presence(&bench, "anna").0, Presence::Idle);
    let now = bench.now();
    bench.push(vec![Happening::Message(text(30, 20, LI, now, "It is not solved at all"))]);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"));

    let hours = "[hours.always]\ntimezone = \"UTC\"\nsunday = \"00:00-24:00\"\n[[agents]]\nname = \"anna\"\nhours = \"always\"\n";
    let team = "[[teams]]\nname = \"desk\"\nagents = [\"anna\"]\nassign = \"round_robin\"\n[[routing]]\nname = \"all\"\nteam = \"desk\"\n";
    let mut bench = live(with(&format!("[rules]\nidle_after = \"30m\"\n{hours}{team}")));
    bench.pass(HOUR);
    assert_eq!(presence(&bench, "anna").0, Presence::Idle);
    asks(&mut bench, 20, "Hello");
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"), "in her hours she is there");
    let view = desk(&bench).roster.into_iter().find(|view| view.agent.0 == "anna").expect("anna");
    assert_eq!(view.bar, None);

    let mut bench = live(teams("[rules]\nidle_after = 0"));
    bench.pass(100 * HOUR);
    assert_eq!(presence(&bench, "anna").0, Presence::Available, "switched off");
}

#[test]
fn what_nobody_answers_is_taken_back_and_given_to_another() {
    let mut bench = live(teams("[rules]\nreassign_after = \"1h\""));
    asks(&mut bench, 20, "Hello");
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"));
    let now = bench.now();
    assert_eq!(explain(&bench, 20).taken_back_at, Some((now + HOUR, Lapse::Silent)));
    bench.alerts.clear();
    bench.pass(HOUR - MINUTE);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"));
    bench.pass(MINUTE);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("tom"));
    let lines = activity(&bench, 20);
    let last = &lines[lines.len() - 2..];
    assert_eq!(last[0], "the desk took it back from anna, who has not answered, status Assigned → Open");
    assert!(last[1].starts_with("the desk assigned to tom"), "{last:?}");
    assert!(bench.alerts.contains(&Alert::TakenBack { ticket: ticket(20), from: "anna".into(), lapse: Lapse::Silent }));
    // Who has answered keeps it.
    asks(&mut bench, 30, "Hello");
    let mine = assignee(&bench, 30).expect("somebody's");
    let now = bench.now();
    bench.push(vec![Happening::Message(text(40, 30, COLLEAGUE, now, "Here"))]);
    bench.pass(5 * HOUR);
    assert_eq!(assignee(&bench, 30), Some(mine));
}

#[test]
fn whoever_is_away_loses_what_waits_and_does_not_get_back_what_was_resolved() {
    let mut bench = live(teams("[rules]\nreassign_after = \"1h\""));
    asks(&mut bench, 20, "Hello");
    bench.command("anna", Command::Resolve { ticket: ticket(20) }).expect("resolved");
    bench.command("anna", Command::SetPresence { away: true }).expect("away");
    let now = bench.now();
    bench.push(vec![Happening::Message(text(30, 20, LI, now, "It is not solved at all"))]);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("tom"), "reopened as nobody's, and given away");
}

#[test]
fn a_released_ticket_goes_to_another_and_by_hand_means_by_hand() {
    let mut bench = live(teams(""));
    asks(&mut bench, 20, "Hello");
    let released = bench.command("anna", Command::Release { ticket: ticket(20) }).expect("released");
    assert_eq!(assignee(&bench, 20).as_deref(), Some("tom"));
    // The whole log leaves nothing out, and has words for it.
    let View::Activity { lines } = bench.read("anna", ViewRequest::Activity { ticket: ticket(20) }) else { panic!() };
    assert!(lines.iter().any(|line| line.what.starts_with("intake: ")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.what.contains("something else")), "{lines:?}");
    let standing = released.standing.expect("is told");
    assert_eq!(standing.assignee, Some("tom".into()), "whose it has become in the same step");
    let manual = teams("").routing;
    let mut by_hand = manual.clone();
    by_hand.teams[0].assign = topicdesk::desk::routing::Assign::Manual;
    let mut bench = live(Rules { routing: by_hand, ..rules() });
    asks(&mut bench, 20, "A refund");
    assert_eq!(assignee(&bench, 20), None);
    assert_eq!(page(&bench, 20).ticket.row.tags.len(), 1, "intake has nothing to do with it");
    assert!(bench.alerts.contains(&Alert::NewTicket { ticket: ticket(20) }));
}

#[test]
fn many_topics_of_one_author_are_held_and_given_to_one_agent() {
    let mut bench = live(teams("[rules]\nburst = \"3 topics in 10m\""));
    bench.command("tom", Command::SetPresence { away: true }).expect("away");
    bench.command("anna", Command::SetPresence { away: true }).expect("away");
    for id in [20, 30, 40] {
        asks(&mut bench, id, "Buy my watches");
    }
    let burst = Alert::Burst { ticket: ticket(40), customer: "Li Wei".to_owned(), topics: 3 };
    assert!(bench.alerts.contains(&burst), "{:?}", bench.alerts);
    bench.command("anna", Command::SetPresence { away: false }).expect("back");
    bench.command("tom", Command::SetPresence { away: false }).expect("back");
    idle(&mut bench);
    assert_eq!([20, 30, 40].map(|id| assignee(&bench, id)), [None, None, None], "held");
    assert_eq!(why(&bench, 30).as_deref(), Some("held for a moment: one of 3 topics opened at once"));
    asks(&mut bench, 50, "And this one");
    bench.pass(MINUTE);
    idle(&mut bench);
    let all = [20, 30, 40, 50].map(|id| assignee(&bench, id));
    assert!(all.iter().all(|one| *one == all[0] && one.is_some()), "{all:?}");
    // Somebody else's is given as ever.
    let now = bench.now();
    bench.push(vec![
        Happening::Message(created(60, OLENA, now, "Lamp")),
        Happening::Message(text(61, 60, OLENA, now, "Hello")),
    ]);
    assert!(assignee(&bench, 60).is_some());
}

#[test]
fn nothing_is_given_away_while_the_desk_does_not_hear_everything() {
    let mut bench = live(teams(""));
    bench.incoming(Incoming::Link(LinkState::CatchingUp));
    asks(&mut bench, 20, "Hello");
    idle(&mut bench);
    assert_eq!(assignee(&bench, 20), None);
    assert_eq!(why(&bench, 20).as_deref(), Some("goes to anna when the desk is live"));
    bench.incoming(Incoming::Link(LinkState::Live));
    idle(&mut bench);
    assert_eq!(assignee(&bench, 20).as_deref(), Some("anna"));
}

#[test]
fn a_hand_over_with_a_note_is_one_step_and_one_line() {
    let mut bench = live(rules());
    asks(&mut bench, 20, "Hello");
    let note = Some("She wants a refund".to_owned());
    bench.command("anna", Command::Assign { ticket: ticket(20), to: "tom".into(), note }).expect("assigned");
    assert_eq!(activity(&bench, 20), ["anna assigned to tom, status Open → Assigned"]);
    assert!(bench.thread(20).contains("She wants a refund"));
    assert!(page(&bench, 20).thread.iter().all(|entry| !matches!(entry.event, Some((_, Event::TakenIn { .. })))));
}

/// Prints what routing adds to a step at ten thousand live tickets:
/// `cargo test --release --test it routing_cost -- --nocapture --ignored`.
#[test]
#[ignore = "takes a minute in a debug build; run with --release"]
fn routing_costs_little_at_ten_thousand_live_tickets() {
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
        bench.command("anna", at_screen(1)).expect("sits");
        for step in 0..5_000 {
            // A line to be gone through, in the bench with teams.
            let now = bench.now();
            let id = 40_000 + step * 2;
            bench.push(vec![
                Happening::Message(created(id, LI, now, "Matter")),
                Happening::Message(text(id + 1, id, LI, now, "More")),
            ]);
        }
        idle(&mut bench);
        let mut spans = [Vec::new(), Vec::new()];
        for step in 0..1_000 {
            bench.clock.step(Duration::from_secs(1));
            let now = bench.now();
            let topic = step * 17 % 10_000 * 2 + 10;
            let author = if step % 2 == 0 { OLENA } else { COLLEAGUE };
            let batch = bench.batch(vec![Happening::Message(text(60_000 + step * 3, topic, author, now, "More"))]);
            let begun = Instant::now();
            bench.incoming(Incoming::Batch(batch));
            spans[0].push(begun.elapsed());
            let id = 60_000 + step * 3 + 1;
            let batch = bench.batch(vec![
                Happening::Message(created(id, LI, now, "Matter")),
                Happening::Message(text(id + 1, id, LI, now, "A refund")),
            ]);
            let begun = Instant::now();
            bench.incoming(Incoming::Batch(batch));
            spans[1].push(begun.elapsed());
        }
        spans.map(|mut spans| {
            spans.sort();
            (spans[spans.len() / 2], spans[spans.len() * 95 / 100])
        })
    };
    let without = measure(rules());
    let with = measure(teams("[rules]\nreassign_after = \"4h\"\nburst = \"off\""));
    println!("a message at 15,000 live tickets (median, p95): without {:?}, with {:?}", without[0], with[0]);
    println!("a new ticket (median, p95): without {:?}, with {:?}", without[1], with[1]);
    assert!(with[0].0 <= without[0].0 + Duration::from_micros(if cfg!(debug_assertions) { 5_000 } else { 200 }));
}
