//! Worked examples of the written rule, and what must hold whatever happens.

use std::convert::Infallible;

use proptest::prelude::*;

use super::*;
use crate::desk::event::{Actor, Recorded, Why, Writer};
use crate::desk::ids::{EventId, GroupId, MessageId, PersonId, TicketKey, TopicId};
use crate::desk::people::{Agent, Person};
use crate::desk::rules::Rules;
use crate::desk::sla::{ClockName, Policy, WarnBefore};
use crate::desk::ticket::Standing;

const MINUTE: Duration = Duration::from_secs(60);

fn key(topic: i32) -> TicketKey {
    TicketKey { group: GroupId(7), topic: TopicId(topic) }
}

/// So many minutes after noon of a Monday.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_unix(Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").expect("a date").unix() + minutes * 60)
}

pub(super) fn rule(name: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        when: Query::default(),
        hours: None,
        no_response_for: None,
        in_status_for: None,
        on: None,
        unanswered_messages: None,
        sentiment: false,
        notify: vec![Recipient::Agent("anna".into())],
        tell: Tell::default(),
        priority: None,
        add_tags: Vec::new(),
        assign: None,
        note: None,
        cooldown: Duration::ZERO,
        max_per_hour: 1_000,
    }
}

fn query(text: &str) -> Query {
    Query::parse(text, chrono_tz::UTC).expect("a query")
}

fn rules(all: Vec<Rule>) -> Rules {
    let agent = |name: &str| Agent { name: name.into(), telegram: None, username: None, os_user: None, timezone: None };
    let mut rules = Rules { escalations: Escalations { rules: all, ..Escalations::default() }, ..Rules::default() };
    rules.staff.agents = vec![agent("anna"), agent("tom")];
    rules.sla = Sla::new(
        std::collections::BTreeMap::new(),
        vec![Policy {
            name: "all".to_owned(),
            when: Query::default(),
            hours: None,
            first_response: Some(60 * MINUTE),
            next_response: Some(120 * MINUTE),
            resolution: None,
            warn_before: WarnBefore::Span(15 * MINUTE),
        }],
    );
    rules
}

/// A log in which events get their ids in order.
#[derive(Default)]
struct Log(Vec<Recorded>);

impl Log {
    fn add(&mut self, topic: i32, minutes: i64, event: Event) {
        let id = EventId(i64::try_from(self.0.len()).expect("few") + 1);
        let by = Actor::Person(PersonId(1));
        self.0.push(Recorded { id, ticket: key(topic), at: at(minutes), by, event });
    }

    fn opens(&mut self, topic: i32, minutes: i64) {
        let title = format!("Matter {topic}");
        self.add(topic, minutes, Event::Opened { episode: 1, title, standing: Standing::NEW, why: None });
    }

    fn asks(&mut self, topic: i32, minutes: i64) {
        let message = MessageId(i32::try_from(self.0.len()).expect("few") + 100);
        self.add(topic, minutes, Event::Wrote { message, writer: Writer::Customer, thanks: false });
    }

    fn answers(&mut self, topic: i32, minutes: i64) {
        let message = MessageId(i32::try_from(self.0.len()).expect("few") + 100);
        self.add(topic, minutes, Event::Wrote { message, writer: Writer::Colleague, thanks: false });
    }

    fn moves(&mut self, topic: i32, minutes: i64, status: Status, assignee: Option<&str>) {
        let standing = Standing { status, assignee: assignee.map(Into::into), pending: None };
        self.add(topic, minutes, Event::Moved { standing, why: Why::Claimed });
    }

    fn ticket(&self) -> Ticket {
        lifecycle::fold(&self.0).expect("it was opened")
    }

    fn replay(&self, rules: &Rules, floor: Timestamp, end: Timestamp) -> Report {
        let mut past = Memory(&self.0);
        let mut replay = Replay::new(rules, floor);
        for recorded in &self.0 {
            replay.feed(recorded.at, recorded, &mut past).expect("cannot fail");
        }
        replay.end(end, &mut past).expect("cannot fail")
    }
}

struct Memory<'a>(&'a [Recorded]);

impl Past for Memory<'_> {
    type Error = Infallible;
    fn log(&mut self, ticket: TicketKey) -> Result<Vec<Recorded>, Infallible> {
        Ok(self.0.iter().filter(|one| one.ticket == ticket).cloned().collect())
    }
    fn person(&mut self, _: PersonId) -> Result<Option<Person>, Infallible> {
        Ok(None)
    }
    fn group(&self, _: GroupId) -> Option<crate::desk::groups::Names> {
        None
    }
}

fn next(rules: &Rules, ticket: &Ticket, floor: Timestamp) -> Option<Firing> {
    let facts = Facts::of(ticket, None, None);
    let assessment = rules.sla.assess(&facts);
    rules.escalations.next(&rules.sla, &facts, assessment.as_ref(), floor)
}

/// Minutes after noon at which a rule fires for a ticket that asked at noon, had three messages by 0:20, and sounded upset at 0:05.
#[test]
fn triggers_and_conditions_as_written() {
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    log.add(20, 5, Event::SoundsUpset { message: MessageId(101), phrase: "scam".to_owned() });
    log.asks(20, 10);
    log.asks(20, 20);
    let ticket = log.ticket();
    let none = rule("x");
    let minutes = |minutes: u64| Some(Duration::from_secs(minutes * 60));
    for (what, rule, fires) in [
        ("no response for half an hour", Rule { no_response_for: minutes(30), ..none.clone() }, Some(30)),
        (
            "what is over already fires when all is known",
            Rule { no_response_for: minutes(5), ..none.clone() },
            Some(20),
        ),
        ("three messages", Rule { unanswered_messages: Some(3), ..none.clone() }, Some(20)),
        ("four messages", Rule { unanswered_messages: Some(4), ..none.clone() }, None),
        ("breach", Rule { on: Some(On::Breach), ..none.clone() }, Some(60)),
        ("near breach", Rule { on: Some(On::NearBreach), ..none.clone() }, Some(45)),
        ("in status", Rule { in_status_for: minutes(90), ..none.clone() }, Some(90)),
        ("sentiment", Rule { sentiment: true, ..none.clone() }, Some(20)),
        (
            "all triggers must hold",
            Rule { sentiment: true, no_response_for: minutes(40), unanswered_messages: Some(3), ..none.clone() },
            Some(40),
        ),
        (
            "one that does not hold",
            Rule { unanswered_messages: Some(9), no_response_for: minutes(40), ..none.clone() },
            None,
        ),
        (
            "a condition that time brings about",
            Rule { no_response_for: minutes(30), when: query("age:>50m"), ..none.clone() },
            Some(50),
        ),
        (
            "a condition that is about what is due",
            Rule { no_response_for: minutes(30), when: query("due:<10m"), ..none.clone() },
            Some(50),
        ),
        ("overdue", Rule { no_response_for: minutes(30), when: query("is:overdue"), ..none.clone() }, Some(60)),
        (
            "a condition that does not hold",
            Rule { no_response_for: minutes(30), when: query("priority:urgent"), ..none.clone() },
            None,
        ),
        (
            "a condition that holds no longer",
            Rule { no_response_for: minutes(30), when: query("waiting:<20m"), ..none.clone() },
            None,
        ),
        (
            "near a breach that has come",
            Rule { on: Some(On::NearBreach), when: query("age:>2h"), ..none.clone() },
            None,
        ),
    ] {
        let firing = next(&rules(vec![rule]), &ticket, at(-60)).map(|firing| firing.at.unix());
        // Being due in less than ten minutes begins a millisecond later.
        assert_eq!(firing, fires.map(|minutes| at(minutes).unix()), "{what}");
    }
}

#[test]
fn hours_hold_a_span_back() {
    use crate::desk::hours::{Hours, Plan, Range};
    let day = vec![Range { from: 9 * 60, to: 12 * 60 + 10 }];
    let week = std::array::from_fn(|_| day.clone());
    let office = Hours::new(Plan { zone: chrono_tz::UTC, week, holidays: Vec::new() }).expect("they open");
    let mut rules =
        rules(vec![Rule { no_response_for: Some(30 * MINUTE), hours: Some("office".to_owned()), ..rule("x") }]);
    rules.sla = Sla::new([("office".to_owned(), office)].into(), Vec::new());
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    // Ten minutes today, twenty from nine on tomorrow.
    let fires = next(&rules, &log.ticket(), at(-60)).map(|firing| firing.at);
    assert_eq!(fires, Some(at(21 * 60 + 20)));
}

#[test]
fn nobody_hears_of_what_was_due_before_the_desk_watched_or_of_what_is_done() {
    let rules = rules(vec![Rule { no_response_for: Some(30 * MINUTE), ..rule("x") }]);
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    assert_eq!(next(&rules, &log.ticket(), at(31)), None);
    assert_eq!(next(&rules, &log.ticket(), at(30)).map(|firing| firing.at), Some(at(30)));
    log.moves(20, 10, Status::Resolved, Some("anna"));
    assert_eq!(next(&rules, &log.ticket(), at(0)), None);
}

#[test]
fn once_for_each_cause_and_silent_in_between() {
    let no_response = Rule { no_response_for: Some(30 * MINUTE), cooldown: 60 * MINUTE, ..rule("x") };
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    log.asks(20, 40);
    log.answers(20, 50);
    // Another wait is another cause, but the rule is silent until 1:30.
    log.asks(20, 55);
    log.answers(20, 100);
    log.asks(20, 200);
    let times = |report: &Report| report.firings.iter().map(|one| one.at).collect::<Vec<_>>();
    let report = log.replay(&rules(vec![no_response.clone()]), at(-60), at(500));
    assert_eq!(times(&report), [at(30), at(90), at(230)]);
    let report = log.replay(&rules(vec![Rule { cooldown: Duration::ZERO, ..no_response }]), at(-60), at(500));
    assert_eq!(times(&report), [at(30), at(85), at(230)]);
}

#[test]
fn what_a_rule_changes_is_seen_by_the_next_one() {
    let all = vec![
        Rule {
            no_response_for: Some(30 * MINUTE),
            priority: Some(Raise::Once),
            add_tags: vec!["late".parse().expect("a tag")],
            assign: Some("tom".into()),
            note: Some("look".to_owned()),
            ..rule("first")
        },
        Rule {
            in_status_for: Some(10 * MINUTE),
            when: query("tag:late assignee:tom priority:high status:assigned"),
            ..rule("then")
        },
    ];
    let rules = rules(all);
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    let report = log.replay(&rules, at(-60), at(50));
    let fired: Vec<_> = report.firings.iter().map(|one| (one.rule.as_str(), one.at)).collect();
    assert_eq!(fired, [("first", at(30)), ("then", at(40))]);
    assert_eq!(report.firings[0].told, [AgentName::from("anna"), "tom".into()]);
    assert_eq!(report.firings[0].deeds.len(), 3, "the note is no change: {:?}", report.firings[0].deeds);
    assert_eq!(report.breaches, 0);
}

#[test]
fn over_the_cap_nobody_is_told_and_the_ticket_is_marked_all_the_same() {
    let capped = Rule {
        no_response_for: Some(30 * MINUTE),
        add_tags: vec!["late".parse().expect("a tag")],
        assign: Some("tom".into()),
        max_per_hour: 2,
        ..rule("x")
    };
    let mut log = Log::default();
    for topic in 0..5 {
        log.opens(20 + topic, i64::from(topic));
        log.asks(20 + topic, i64::from(topic));
    }
    log.opens(40, 61);
    log.asks(40, 61);
    let report = log.replay(&rules(vec![capped]), at(-60), at(200));
    let held: Vec<bool> = report.firings.iter().map(|one| one.held).collect();
    assert_eq!(held, [false, false, true, true, true, false]);
    let third = &report.firings[2];
    assert!(third.told.is_empty() && matches!(third.deeds[..], [Event::Tagged { .. }]), "{third:?}");
    assert_eq!(report.tally().worst_hour, Some((at(30), 2)));
    assert_eq!(report.tally().rules["x"], (6, 3));
}

#[test]
fn what_was_missed_without_a_word_before() {
    let near = Rule { on: Some(On::NearBreach), ..rule("near") };
    let mut log = Log::default();
    for (topic, asked) in [(20, 0), (21, 0)] {
        log.opens(topic, asked);
        log.asks(topic, asked);
    }
    log.answers(20, 50);
    let warned = log.replay(&rules(vec![near]), at(-60), at(200));
    assert_eq!((warned.breaches, warned.missed.len(), warned.firings.len()), (1, 0, 2));
    let late = log.replay(&rules(vec![Rule { on: Some(On::Breach), ..rule("late") }]), at(-60), at(200));
    assert_eq!((late.breaches, late.missed.len(), late.firings.len()), (1, 1, 1));
    assert_eq!(
        (late.missed[0].ticket, late.missed[0].clock, late.missed[0].at),
        (key(21), ClockName::FirstResponse, at(60))
    );
}

#[test]
fn two_files_differ_by_what_they_add_leave_out_and_move() {
    let mut log = Log::default();
    for topic in [20, 21] {
        log.opens(topic, 0);
        log.asks(topic, 0);
    }
    log.answers(21, 40);
    let one =
        |minutes: u64, name: &str| Rule { no_response_for: Some(Duration::from_secs(minutes * 60)), ..rule(name) };
    let here = log.replay(&rules(vec![one(30, "a"), one(10, "b")]), at(-60), at(300));
    let there = log.replay(&rules(vec![one(50, "a"), one(10, "c")]), at(-60), at(300));
    let difference = compare(&here.firings, &there.firings);
    let names = |all: &[Replayed]| all.iter().map(|one| (one.rule.clone(), one.ticket)).collect::<Vec<_>>();
    assert_eq!(
        names(&difference.only_here),
        [("b".to_owned(), key(20)), ("b".to_owned(), key(21)), ("a".to_owned(), key(21))]
    );
    assert_eq!(names(&difference.only_there), [("c".to_owned(), key(20)), ("c".to_owned(), key(21))]);
    assert_eq!((difference.moved.len(), difference.moved[0].here, difference.moved[0].there), (1, at(30), at(50)));
}

#[test]
fn undoing_and_closed_tickets_are_read_again_with_what_rules_have_done() {
    let tagging =
        Rule { no_response_for: Some(30 * MINUTE), add_tags: vec!["late".parse().expect("a tag")], ..rule("x") };
    let after = Rule { in_status_for: Some(10 * MINUTE), when: query("tag:late status:in_progress"), ..rule("after") };
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    log.moves(20, 40, Status::InProgress, Some("anna"));
    let claimed = log.0.last().expect("is there").id;
    log.add(20, 41, Event::Undone { event: claimed });
    log.moves(20, 60, Status::Closed, Some("anna"));
    log.moves(20, 90, Status::InProgress, Some("anna"));
    let report = log.replay(&rules(vec![tagging, after]), at(-60), at(300));
    let fired: Vec<_> = report.firings.iter().map(|one| (one.rule.as_str(), one.at)).collect();
    assert_eq!(fired, [("x", at(30)), ("after", at(100))]);
}

#[test]
fn of_a_team_those_who_are_there_hear_of_it_and_all_of_it_if_nobody_is() {
    let team = |agents: &[&str]| crate::desk::routing::Team {
        name: "billing".into(),
        agents: agents.iter().map(|name| AgentName::from(*name)).collect(),
        assign: Default::default(),
        fallback: None,
    };
    let to_team = Rule { notify: vec![Recipient::Team("billing".into())], ..rule("x") };
    let mut rules = rules(vec![to_team.clone()]);
    rules.routing.teams = vec![team(&["anna", "tom"])];
    let mut log = Log::default();
    log.opens(20, 0);
    log.asks(20, 0);
    let ticket = log.ticket();
    let told = |there: &[&str]| -> Vec<String> {
        let is_there = |agent: &AgentName| there.contains(&agent.0.as_str());
        to_team.recipients(&ticket, &rules, &is_there).into_iter().map(|name| name.0).collect()
    };
    assert_eq!(told(&["tom", "eva"]), ["tom"]);
    assert_eq!(told(&["anna", "tom"]), ["anna", "tom"]);
    assert_eq!(told(&["eva"]), ["anna", "tom"], "somebody has to hear of it");
    rules.escalations.rules[0].no_response_for = Some(30 * MINUTE);
    let report = log.replay(&rules, at(-60), at(60));
    assert_eq!(report.firings[0].told, [AgentName::from("anna"), "tom".into()], "the backtest knows of no presence");
}

/// What happens to one of a few tickets.
#[derive(Clone, Debug)]
enum Deed {
    Asks,
    Answers,
    Resolves,
    Reopens,
}

fn deeds() -> impl Strategy<Value = Vec<(i32, i64, Deed)>> {
    let deed =
        prop_oneof![Just(Deed::Asks), Just(Deed::Asks), Just(Deed::Answers), Just(Deed::Resolves), Just(Deed::Reopens)];
    prop::collection::vec((0..4_i32, 0..45_i64, deed), 1..80)
}

proptest! {
    #[test]
    fn once_per_cause_and_never_over_the_cap(deeds in deeds(), cap in 1..4_u32, cooldown in 0..90_u64) {
        let one = |name: &str| Rule { max_per_hour: cap, cooldown: Duration::from_secs(cooldown * 60), ..rule(name) };
        let rules = rules(vec![
            Rule { no_response_for: Some(20 * MINUTE), priority: Some(Raise::Once), ..one("waits") },
            Rule { on: Some(On::Breach), ..one("breach") },
            Rule { unanswered_messages: Some(2), ..one("many") },
            Rule { in_status_for: Some(40 * MINUTE), ..one("stands") },
        ]);
        let mut log = Log::default();
        for topic in 0..4 {
            log.opens(topic, 0);
        }
        let mut now = 0;
        for (topic, pause, deed) in deeds {
            now += pause;
            match deed {
                Deed::Asks => log.asks(topic, now),
                Deed::Answers => log.answers(topic, now),
                Deed::Resolves => log.moves(topic, now, Status::Resolved, Some("anna")),
                Deed::Reopens => log.moves(topic, now, Status::InProgress, Some("anna")),
            }
        }
        let report = log.replay(&rules, at(0), at(now + 500));
        let firings = &report.firings;
        prop_assert!(firings.is_sorted_by_key(|one| one.at));
        for (place, one) in firings.iter().enumerate() {
            let same = |other: &&Replayed| other.rule == one.rule && other.ticket == one.ticket;
            for other in firings[..place].iter().filter(same) {
                prop_assert!(other.cause != one.cause, "twice for {:?}", one.cause);
                prop_assert!(one.at.since(other.at) >= Duration::from_secs(cooldown * 60));
            }
            let hour = |other: &&Replayed| other.rule == one.rule && !other.held && other.at + HOUR > one.at && other.at <= one.at;
            let count = firings[..=place].iter().filter(hour).count();
            prop_assert!(count <= cap as usize, "{} in an hour", count);
        }
    }
}
