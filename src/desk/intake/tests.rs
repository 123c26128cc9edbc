//! Intake rules by worked examples.

use super::*;
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Recorded};
use crate::desk::ids::{EventId, GroupId, PersonId, TicketKey, TopicId};
use crate::desk::lifecycle;

fn ticket(title: &str, language: Option<&str>) -> Ticket {
    let key = TicketKey { group: GroupId(1), topic: TopicId(7) };
    let mut events = lifecycle::open(title.to_owned(), Some(PersonId(5)));
    events.extend(language.map(|language| Event::LanguageSet { language: language.to_owned() }));
    let log: Vec<Recorded> = (1..)
        .zip(events)
        .map(|(id, event)| Recorded { id: EventId(id), ticket: key, at: Timestamp::default(), by: Actor::Desk, event })
        .collect();
    lifecycle::fold(&log).expect("a ticket")
}

fn arrival<'a>(ticket: &'a Ticket, message: &'a str) -> Arrival<'a> {
    let facts = Facts {
        ticket,
        customer: None,
        group: None,
        last_text: message,
        due: None,
        reader: None,
        now: Timestamp::default(),
    };
    Arrival { facts, message, icon: (Some(11), Some("⚡\u{fe0f}")) }
}

fn rule(name: &str) -> IntakeRule {
    IntakeRule { name: name.to_owned(), ..IntakeRule::default() }
}

fn tag(word: &str) -> Tag {
    word.parse().expect("a tag")
}

/// "All that match are applied: their tags add up; of category, priority and team the first rule's holds."
#[test]
fn all_that_match_are_applied_and_the_first_word_holds() {
    let rules = [
        IntakeRule {
            pattern: Some(Pattern::new(r"\brefund\b").expect("a pattern")),
            add_tags: vec![tag("billing")],
            category: "refund".parse().ok(),
            team: Some("money".into()),
            ..rule("refunds")
        },
        IntakeRule { languages: vec!["uk".to_owned()], add_tags: vec![tag("ua")], ..rule("ukrainian") },
        IntakeRule {
            add_tags: vec![tag("new"), tag("billing")],
            priority: Some(Priority::Low),
            team: Some("all".into()),
            ..rule("everybody")
        },
    ];
    let one = ticket("Order 7", Some("en"));
    let (names, rest) = match &take_in(&rules, &arrival(&one, "Where is my REFUND?"))[..] {
        [Event::TakenIn { rules }, rest @ ..] => (rules.clone(), rest.to_vec()),
        other => panic!("{other:?}"),
    };
    assert_eq!(names, ["refunds", "everybody"]);
    assert_eq!(
        rest,
        [
            Event::Tagged { added: vec![tag("billing"), tag("new")], removed: Vec::new() },
            Event::CategorySet { category: "refund".parse().ok() },
            Event::PrioritySet { priority: Priority::Low },
            Event::TeamSet { team: Some("money".into()) },
        ]
    );
    let why: Vec<_> = explain(&rules, &arrival(&one, "Where is my refund?"))
        .into_iter()
        .map(|verdict| (verdict.matches, verdict.why))
        .collect();
    assert_eq!(why[0], (true, "+billing, category refund, team money".to_owned()));
    assert_eq!(why[1], (false, "the language is en, not uk".to_owned()));
}

#[test]
fn each_condition_keeps_out_by_itself_and_says_so() {
    let query = |text: &str| Query::parse(text, chrono_tz::UTC).expect("a query");
    for (name, rule, why) in [
        ("none", rule(""), None),
        ("query", IntakeRule { when: query("priority:high"), ..rule("") }, Some("`priority:high` does not hold")),
        ("title", IntakeRule { pattern: Pattern::new("lamp").ok(), ..rule("") }, None),
        ("message", IntakeRule { pattern: Pattern::new("gl.w").ok(), ..rule("") }, None),
        (
            "neither",
            IntakeRule { pattern: Pattern::new("tent").ok(), ..rule("") },
            Some("neither title nor first message has /tent/"),
        ),
        ("icon by emoji", IntakeRule { icons: vec!["⚡".to_owned()], ..rule("") }, None),
        ("icon by id", IntakeRule { icons: vec!["11".to_owned()], ..rule("") }, None),
        ("another icon", IntakeRule { icons: vec!["❓".to_owned()], ..rule("") }, Some("the topic's icon is not ❓")),
        (
            "unknown language",
            IntakeRule { languages: vec!["uk".to_owned()], ..rule("") },
            Some("the language is not known, not uk"),
        ),
    ] {
        let one = ticket("Lamp", None);
        assert_eq!(rule.keeps_out(&arrival(&one, "It does not glow")).as_deref(), why, "{name}");
    }
}

#[test]
fn nothing_matches_and_it_is_taken_in_all_the_same() {
    let one = ticket("Lamp", None);
    assert_eq!(take_in(&[], &arrival(&one, "x")), [Event::TakenIn { rules: Vec::new() }]);
}

#[test]
fn bursts_are_read_as_people_write_them() {
    for (text, topics, seconds) in [("5 topics in 10m", 5, 600), ("3 in 1h", 3, 3600), ("2 topics in 1m 30s", 2, 90)] {
        let burst: Burst = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!((burst.topics, burst.within.as_secs()), (topics, seconds), "{text}");
    }
    for text in ["", "5", "five in 10m", "1 topics in 10m", "5 topics in 0s", "5 topics in soon"] {
        assert!(text.parse::<Burst>().is_err(), "{text}");
    }
}
