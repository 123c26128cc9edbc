//! Routing by worked examples, and properties of who is chosen.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;
use crate::desk::event::{Actor, Event, Lapse, Recorded, Why, Writer};
use crate::desk::hours::{Plan, Range};
use crate::desk::ids::{EventId, GroupId, MessageId, PersonId, TicketKey, TopicId};
use crate::desk::lifecycle;
use crate::desk::ticket::{Standing, Status, Ticket};

/// Monday 23 November 2026, 10:00 UTC.
fn monday() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").expect("a date")
}

fn hours_of(range: Range) -> Hours {
    let week = std::array::from_fn(|day| if day < 5 { vec![range] } else { Vec::new() });
    Hours::new(Plan { zone: Tz::UTC, week, holidays: Vec::new() }).expect("hours")
}

fn name(agent: &str) -> AgentName {
    AgentName::from(agent)
}

fn tag(word: &str) -> Tag {
    word.parse().expect("a tag")
}

/// A desk that can be changed, and asked.
#[derive(Clone)]
struct Desk {
    routing: Routing,
    hours: BTreeMap<String, Hours>,
    loads: BTreeMap<AgentName, u32>,
    seen: BTreeMap<AgentName, Seen>,
    turns: Turns,
    read_only: Option<String>,
    now: Timestamp,
}

impl Desk {
    /// One team of these agents, all with a screen open.
    fn of(agents: &[&str], assign: Assign) -> Desk {
        let team = Team {
            name: "desk".into(),
            agents: agents.iter().map(|agent| name(agent)).collect(),
            assign,
            fallback: None,
        };
        let rule = RoutingRule { name: "all".to_owned(), when: Query::default(), team: "desk".into() };
        let there = Seen { screens: 1, since: monday(), ..Seen::default() };
        Desk {
            routing: Routing { teams: vec![team], rules: vec![rule], ..Routing::default() },
            hours: BTreeMap::from([("office".to_owned(), hours_of(Range { from: 9 * 60, to: 17 * 60 }))]),
            loads: BTreeMap::new(),
            seen: agents.iter().map(|agent| (name(agent), there)).collect(),
            turns: Turns::new(),
            read_only: None,
            now: monday(),
        }
    }

    fn duty(&mut self, agent: &str, duty: Duty) {
        self.routing.duties.insert(name(agent), duty);
    }

    fn roster(&self) -> Roster<'_> {
        Roster {
            routing: &self.routing,
            hours: &self.hours,
            loads: &self.loads,
            seen: &self.seen,
            turns: &self.turns,
            read_only: self.read_only.as_deref(),
            now: self.now,
        }
    }

    fn decide(&self, ticket: &Ticket) -> Decision {
        decide(&Matter { facts: facts(ticket, self.now), kept_with: None }, &self.roster())
    }

    /// Carries a decision out, as the engine does.
    fn give(&mut self, ticket: &Ticket) -> Option<AgentName> {
        let decision = self.decide(ticket);
        let (agent, team) = (decision.agent?, decision.team?);
        *self.loads.entry(agent.clone()).or_default() += 1;
        let turn = self.turns.values().max().copied().unwrap_or(0) + 1;
        self.turns.insert((team, agent.clone()), turn);
        Some(agent)
    }
}

fn facts(ticket: &Ticket, now: Timestamp) -> Facts<'_> {
    Facts { ticket, customer: None, group: None, last_text: "", due: None, reader: None, now }
}

fn ticket_of(more: Vec<Event>) -> Ticket {
    let key = TicketKey { group: GroupId(1), topic: TopicId(7) };
    let mut events = lifecycle::open("Lamp".to_owned(), Some(PersonId(5)));
    events.push(Event::TakenIn { rules: Vec::new() });
    events.extend(more);
    let log: Vec<Recorded> = (1..)
        .zip(events)
        .map(|(id, event)| Recorded { id: EventId(id), ticket: key, at: monday(), by: Actor::Desk, event })
        .collect();
    lifecycle::fold(&log).expect("a ticket")
}

fn plain() -> Ticket {
    ticket_of(Vec::new())
}

fn tagged(words: &[&str]) -> Ticket {
    ticket_of(vec![Event::Tagged { added: words.iter().map(|word| tag(word)).collect(), removed: Vec::new() }])
}

fn whys(decision: &Decision) -> Vec<(String, bool, String)> {
    let all = decision.teams.iter().flat_map(|team| &team.candidates);
    all.map(|one| (one.agent.0.clone(), one.can, one.why.clone())).collect()
}

/// Who is barred, and the words for it: each by one reason.
#[test]
fn nobody_is_chosen_who_is_not_there_or_has_no_room() {
    type Change = fn(&mut Desk);
    let rows: [(&str, Change, Option<&str>); 11] = [
        ("a screen is open", |_| {}, None),
        ("no screen", |desk| desk.seen.clear(), Some("offline")),
        ("no key", |desk| desk.seen.get_mut(&name("mia")).expect("is there").idle = true, Some("idle")),
        (
            "in hours without a key",
            |desk| {
                desk.seen.get_mut(&name("mia")).expect("is there").idle = true;
                desk.duty("mia", Duty { hours: Some("office".to_owned()), ..Duty::default() });
            },
            None,
        ),
        ("away with a screen", |desk| desk.seen.get_mut(&name("mia")).expect("is there").away = true, Some("away")),
        (
            "in hours without a screen",
            |desk| {
                desk.seen.clear();
                desk.duty("mia", Duty { hours: Some("office".to_owned()), ..Duty::default() });
            },
            None,
        ),
        (
            "out of hours with a screen",
            |desk| {
                desk.now = Timestamp::parse_rfc3339("2026-11-23T17:00:00Z").expect("a date");
                desk.duty("mia", Duty { hours: Some("office".to_owned()), ..Duty::default() });
            },
            Some("out of hours (office)"),
        ),
        (
            "in hours and away",
            |desk| {
                desk.seen.insert(name("mia"), Seen { away: true, since: monday(), ..Seen::default() });
                desk.duty("mia", Duty { hours: Some("office".to_owned()), ..Duty::default() });
            },
            Some("away"),
        ),
        (
            "one slot left",
            |desk| {
                desk.duty("mia", Duty { capacity: Some(3), ..Duty::default() });
                desk.loads.insert(name("mia"), 2);
            },
            None,
        ),
        (
            "full",
            |desk| {
                desk.duty("mia", Duty { capacity: Some(3), ..Duty::default() });
                desk.loads.insert(name("mia"), 3);
            },
            Some("has 3 of 3"),
        ),
        (
            "nobody may reply",
            |desk| desk.read_only = Some("no member any more".to_owned()),
            Some("cannot reply: no member any more"),
        ),
    ];
    for (what, change, bar) in rows {
        let mut desk = Desk::of(&["mia"], Assign::LeastLoaded);
        change(&mut desk);
        let decision = desk.decide(&plain());
        assert_eq!(decision.agent.is_some(), bar.is_none(), "{what}: {decision:?}");
        if let Some(bar) = bar {
            assert_eq!(whys(&decision), [("mia".to_owned(), false, bar.to_owned())], "{what}");
            assert_eq!(decision.why, format!("team desk: mia {bar}"), "{what}");
        }
    }
}

/// "One after the other, whoever had the last turn longest ago first": whoever cannot is passed over and comes first when back.
#[test]
fn round_robin_goes_round_and_does_not_forget_whoever_was_passed_over() {
    let mut desk = Desk::of(&["anna", "mia", "tom"], Assign::RoundRobin);
    let mut given = Vec::new();
    for step in 0..8 {
        match step {
            4 => desk.seen.get_mut(&name("mia")).expect("is there").away = true,
            6 => desk.seen.get_mut(&name("mia")).expect("is there").away = false,
            _ => {}
        }
        given.push(desk.give(&plain()).expect("somebody").0);
    }
    assert_eq!(given, ["anna", "mia", "tom", "anna", "tom", "anna", "mia", "tom"]);
}

#[test]
fn the_least_loaded_is_chosen_and_of_equals_who_had_the_last_turn_longest_ago() {
    let mut desk = Desk::of(&["anna", "mia", "tom"], Assign::LeastLoaded);
    desk.loads = BTreeMap::from([(name("anna"), 4), (name("mia"), 2), (name("tom"), 2)]);
    let decision = desk.decide(&plain());
    assert_eq!(decision.agent, Some(name("mia")));
    assert_eq!(decision.why, "team desk: mia has the fewest tickets in hand");
    assert_eq!(
        whys(&decision),
        [
            ("anna".to_owned(), true, "has 4 in hand".to_owned()),
            ("mia".to_owned(), true, "fewest in hand: 2".to_owned()),
            ("tom".to_owned(), true, "has 2 in hand".to_owned()),
        ]
    );
    desk.turns.insert(("desk".into(), name("mia")), 9);
    assert_eq!(desk.decide(&plain()).agent, Some(name("tom")));
}

/// "Of those who know what the ticket's tags ask for": a tag that is nobody's skill asks for nothing.
#[test]
fn skills_are_those_of_the_tags_that_somebody_knows_and_the_fallback_is_asked_if_nobody_can() {
    let mut desk = Desk::of(&["anna", "mia"], Assign::Skills);
    desk.duty("anna", Duty { skills: vec![tag("billing"), tag("eu")], ..Duty::default() });
    desk.duty("mia", Duty { skills: vec![tag("repair")], ..Duty::default() });
    desk.duty("lee", Duty { skills: vec![tag("law")], ..Duty::default() });
    desk.seen.insert(name("lee"), Seen { screens: 1, since: monday(), ..Seen::default() });
    desk.loads.insert(name("anna"), 5);
    for (words, agent) in [
        (&["billing"][..], Some("anna")),
        (&["billing", "eu"], Some("anna")),
        (&["repair", "vip"], Some("mia")),
        (&["vip"], Some("mia")),
        (&["billing", "repair"], None),
        (&["law"], None),
    ] {
        assert_eq!(desk.decide(&tagged(words)).agent, agent.map(name), "{words:?}");
    }
    let nobody = desk.decide(&tagged(&["billing", "repair"]));
    assert_eq!(nobody.why, "team desk: anna does not know repair, mia does not know billing");
    desk.routing.teams.push(Team {
        name: "law".into(),
        agents: vec![name("lee")],
        assign: Assign::Skills,
        fallback: None,
    });
    desk.routing.teams[0].fallback = Some("law".into());
    let decision = desk.decide(&tagged(&["law"]));
    assert_eq!((decision.agent, decision.team), (Some(name("lee")), Some("law".into())));
    assert_eq!(decision.teams.len(), 2);
}

#[test]
fn the_first_rule_that_matches_holds_and_intake_comes_before_all_of_them() {
    let mut desk = Desk::of(&["anna"], Assign::LeastLoaded);
    desk.routing.teams.push(Team {
        name: "hand".into(),
        agents: vec![name("mia")],
        assign: Assign::Manual,
        fallback: None,
    });
    let rule = |name: &str, when: &str, team: &str| RoutingRule {
        name: name.to_owned(),
        when: Query::parse(when, Tz::UTC).expect("a query"),
        team: team.into(),
    };
    desk.routing.rules = vec![rule("vip", "tag:vip", "hand"), rule("lamps", "lamp", "desk"), rule("rest", "", "hand")];
    let decision = desk.decide(&plain());
    assert_eq!((decision.rule.as_deref(), decision.agent), (Some("lamps"), Some(name("anna"))));
    let rules: Vec<_> = decision.rules.iter().map(|verdict| (verdict.matches, verdict.why.as_str())).collect();
    assert_eq!(
        rules,
        [(false, "`tag:vip` does not hold"), (true, "team desk"), (false, "would, but \"lamps\" comes first"),]
    );
    let by_hand = desk.decide(&tagged(&["vip"]));
    assert_eq!((by_hand.agent, by_hand.why.as_str()), (None, "team hand takes by hand"));
    let named = ticket_of(vec![Event::TeamSet { team: Some("hand".into()) }]);
    let decision = desk.decide(&named);
    assert_eq!((decision.rule, decision.team), (None, Some("hand".into())));
    desk.routing.rules.clear();
    assert_eq!(desk.decide(&plain()).why, "no routing rule fits: whoever wants takes it");
}

#[test]
fn whoever_gave_it_back_or_lost_it_does_not_get_it_again() {
    let desk = Desk::of(&["anna", "mia"], Assign::RoundRobin);
    let taken = |why: Why| ticket_of(vec![Event::Moved { standing: Standing::NEW, why }]);
    let lost = taken(Why::Reassigned { from: name("anna"), lapse: Lapse::Silent });
    let decision = desk.decide(&lost);
    assert_eq!(decision.agent, Some(name("mia")));
    assert_eq!(whys(&decision)[0], ("anna".to_owned(), false, "it was taken from them".to_owned()));
}

/// "It goes to them or waits."
#[test]
fn a_burst_stays_together() {
    let mut desk = Desk::of(&["anna", "mia"], Assign::LeastLoaded);
    desk.duty("mia", Duty { capacity: Some(2), ..Duty::default() });
    desk.loads.insert(name("mia"), 1);
    let (ticket, mia) = (plain(), name("mia"));
    let ask = |desk: &Desk| decide(&Matter { facts: facts(&ticket, desk.now), kept_with: Some(&mia) }, &desk.roster());
    assert_eq!(ask(&desk).agent, Some(mia.clone()), "though anna has less");
    desk.loads.insert(name("mia"), 2);
    assert_eq!(ask(&desk).why, "kept with the other topics of a burst for mia: has 2 of 2");
}

/// "Nobody has answered for so long, in the assignee's hours; or the assignee has been away for so long."
#[test]
fn a_ticket_is_taken_back_after_silence_in_hours_or_absence() {
    const HOUR: Duration = Duration::from_secs(3600);
    let asked = || Event::Wrote { message: MessageId(1), writer: Writer::Customer, thanks: false };
    let given = |status| {
        let standing = Standing { status, assignee: Some(name("mia")), pending: None };
        Event::Moved { standing, why: Why::AssignedTo }
    };
    let ticket = ticket_of(vec![asked(), given(Status::Assigned)]);
    let mut desk = Desk::of(&["mia"], Assign::RoundRobin);
    let past = Timestamp::default();
    assert_eq!(deadline(&ticket, &desk.roster(), past), None, "switched off");
    desk.routing.reassign_after = Some(2 * HOUR);
    assert_eq!(deadline(&ticket, &desk.roster(), past), Some((monday() + 2 * HOUR, Lapse::Silent)));
    let live = monday() + HOUR;
    assert_eq!(deadline(&ticket, &desk.roster(), live), Some((live + 2 * HOUR, Lapse::Silent)), "not the past");
    desk.duty("mia", Duty { hours: Some("office".to_owned()), ..Duty::default() });
    desk.routing.reassign_after = Some(8 * HOUR);
    let tuesday = Timestamp::parse_rfc3339("2026-11-24T10:00:00Z").expect("a date");
    assert_eq!(
        deadline(&ticket, &desk.roster(), past),
        Some((tuesday, Lapse::Silent)),
        "seven hours are left of Monday"
    );
    let left = monday() + HOUR;
    desk.seen.insert(name("mia"), Seen { away: true, since: left, ..Seen::default() });
    assert_eq!(deadline(&ticket, &desk.roster(), past), Some((left + 8 * HOUR, Lapse::Away)));
    let hidden = Event::Snoozed { until: Some(left) };
    for quiet in [
        vec![asked(), given(Status::Assigned), hidden],
        vec![given(Status::Assigned)],
        vec![asked()],
        vec![asked(), given(Status::Resolved)],
    ] {
        assert_eq!(deadline(&ticket_of(quiet.clone()), &desk.roster(), past), None, "{quiet:?}");
    }
}

#[test]
fn the_line_is_of_those_who_came_in_and_are_nobodys() {
    let until = monday() + Duration::from_secs(60);
    assert!(is_in_line(&plain()));
    assert!(!is_in_line(&ticket_of(vec![Event::Snoozed { until: Some(until) }])));
    assert!(!is_in_line(&ticket_of(vec![Event::TopicDeleted])));
    let mut old = plain();
    old.taken_in = false;
    assert!(!is_in_line(&old), "from before there was a desk");
    let urgent = ticket_of(vec![Event::PrioritySet { priority: crate::desk::tags::Priority::Urgent }]);
    assert!(rank(&urgent) < rank(&plain()));
}

/// What can happen to a desk.
#[derive(Clone, Debug)]
enum Deed {
    Arrives(Vec<&'static str>),
    Done(usize),
    Away(usize, bool),
    Screens(usize, u32),
    Idle(usize, bool),
    Hours(u32),
}

const AGENTS: [&str; 4] = ["anna", "mia", "tom", "lee"];

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => prop::collection::vec(prop::sample::select(vec!["billing", "repair", "vip"]), 0..3).prop_map(Deed::Arrives),
        2 => (0..4_usize).prop_map(Deed::Done),
        1 => (0..4_usize, any::<bool>()).prop_map(|(agent, away)| Deed::Away(agent, away)),
        1 => (0..4_usize, 0..3_u32).prop_map(|(agent, screens)| Deed::Screens(agent, screens)),
        1 => (0..4_usize, any::<bool>()).prop_map(|(agent, idle)| Deed::Idle(agent, idle)),
        1 => (0..40_u32).prop_map(Deed::Hours),
    ];
    prop::collection::vec(deed, 0..80)
}

proptest! {
    /// Never over capacity, never to who is away, never out of hours, never offline without hours, never without the skill.
    #[test]
    fn whoever_gets_a_ticket_can_take_it(
        assign in prop::sample::select(vec![Assign::RoundRobin, Assign::LeastLoaded, Assign::Skills]),
        capacities in prop::array::uniform4(prop::option::of(0..4_u32)),
        on_hours in prop::array::uniform4(any::<bool>()),
        deeds in deeds(),
    ) {
        let mut desk = Desk::of(&AGENTS, assign);
        for (place, agent) in AGENTS.iter().enumerate() {
            let skills = if place % 2 == 0 { vec![tag("billing")] } else { vec![tag("billing"), tag("repair")] };
            let hours = on_hours[place].then(|| "office".to_owned());
            desk.duty(agent, Duty { skills, capacity: capacities[place], hours, senior: false });
        }
        for deed in deeds {
            match deed {
                Deed::Arrives(words) => {
                    let before = desk.clone();
                    let ticket = tagged(&words);
                    let given = desk.give(&ticket);
                    let able = |agent: &AgentName| {
                        let duty = &before.routing.duties[agent];
                        let seen = before.seen[agent];
                        let on_duty = match &duty.hours {
                            Some(name) => before.hours[name].is_open(before.now),
                            None => seen.screens > 0 && !seen.idle,
                        };
                        let load = before.loads.get(agent).copied().unwrap_or(0);
                        let knows = assign != Assign::Skills
                            || !ticket.tags.contains(&tag("repair"))
                            || duty.skills.contains(&tag("repair"));
                        !seen.away && on_duty && duty.capacity.is_none_or(|most| load < most) && knows
                    };
                    match given {
                        Some(agent) => prop_assert!(able(&agent), "{agent} {before:?}", before = before.seen),
                        None => prop_assert!(!AGENTS.iter().any(|agent| able(&name(agent))), "somebody could"),
                    }
                }
                Deed::Done(agent) => {
                    let load = desk.loads.entry(name(AGENTS[agent])).or_default();
                    *load = load.saturating_sub(1);
                }
                Deed::Away(agent, away) => desk.seen.get_mut(&name(AGENTS[agent])).expect("is there").away = away,
                Deed::Screens(agent, screens) => {
                    desk.seen.get_mut(&name(AGENTS[agent])).expect("is there").screens = screens;
                }
                Deed::Idle(agent, idle) => desk.seen.get_mut(&name(AGENTS[agent])).expect("is there").idle = idle,
                Deed::Hours(hours) => desk.now = monday() + Duration::from_secs(u64::from(hours) * 3600),
            }
        }
    }

    /// Between two turns of the same agent, everybody else who could take every ticket had exactly one.
    #[test]
    fn round_robin_is_fair(count in 1..60_usize, agents in 1..5_usize) {
        let mut desk = Desk::of(&AGENTS[..agents], Assign::RoundRobin);
        let mut had: BTreeMap<AgentName, usize> = BTreeMap::new();
        for _ in 0..count {
            *had.entry(desk.give(&plain()).expect("somebody")).or_default() += 1;
        }
        let counts: Vec<usize> =
            AGENTS[..agents].iter().map(|agent| had.get(&name(agent)).copied().unwrap_or(0)).collect();
        let (most, least) = (counts.iter().max().copied(), counts.iter().min().copied());
        prop_assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1, "{had:?}");
    }
}
