//! Routing on the screen: why a ticket is nobody's, the page that explains it, who is there, saying that one is away.

use topicdesk::desk::command::Command;
use topicdesk::engine::views::{
    AgentView, Alert, Assign, CandidateVerdict, Decision, Explanation, Presence, Revision, RuleVerdict, TeamVerdict,
};

use crate::screens_desk::{Desk, key, minutes_ago, open, shop};

fn agent(name: &str, presence: Presence, load: u32, capacity: Option<u32>, bar: Option<&str>) -> AgentView {
    AgentView {
        agent: name.into(),
        presence,
        since: Some(minutes_ago(42)),
        load,
        capacity,
        hours: None,
        skills: Vec::new(),
        senior: false,
        teams: vec!["billing".into()],
        bar: bar.map(str::to_owned),
    }
}

fn roster(own: Presence) -> Vec<AgentView> {
    vec![
        agent("ann", own, 2, None, (own == Presence::Away).then_some("away")),
        agent("mia", Presence::Away, 3, Some(5), Some("away")),
        agent("tom", Presence::Offline, 5, Some(5), Some("has 5 of 5")),
    ]
}

fn explanation() -> Explanation {
    let rule =
        |rule: &str, matches: bool, why: &str| RuleVerdict { rule: rule.to_owned(), matches, why: why.to_owned() };
    let candidate = |agent: &str, why: &str| CandidateVerdict { agent: agent.into(), can: false, why: why.to_owned() };
    Explanation {
        ticket: key(1042),
        intake: vec![
            rule("Refunds", true, "+billing, category refund"),
            rule("In Ukrainian", false, "the language is en, not uk"),
        ],
        applied: Some(vec!["Refunds".to_owned()]),
        assignee: None,
        last: Some("the desk took it back from tom, who has not answered, status Assigned → Open".to_owned()),
        held_until: None,
        in_line: true,
        taken_back_at: None,
        routing: Decision {
            rules: vec![rule("VIP", false, "`tag:vip` does not hold"), rule("Billing", true, "team billing")],
            rule: Some("Billing".to_owned()),
            team: Some("billing".into()),
            teams: vec![TeamVerdict {
                team: "billing".into(),
                assign: Assign::LeastLoaded,
                candidates: vec![candidate("mia", "away"), candidate("tom", "it was taken from them")],
            }],
            agent: None,
            why: "team billing: mia away, tom it was taken from them".to_owned(),
        },
        sla: None,
    }
}

/// The desk of the other screens, with a team that can take nothing.
async fn routed(size: (u16, u16), own: Presence) -> Desk {
    let mut tickets = shop();
    let row = &mut tickets[0].ticket.row;
    row.category = "refund".parse().ok();
    row.team = Some("billing".into());
    row.unassigned_because = Some("team billing: mia away, tom has 5 of 5".to_owned());
    let mut desk = open(tickets, size).await;
    desk.change(|state| {
        state.roster = roster(own);
        state.explanation = Some(explanation());
    });
    desk.screen.revision(Revision { number: 50, all: true, ..Revision::default() });
    desk.elapse(500).await;
    desk
}

#[tokio::test]
async fn why_a_ticket_is_whose_it_is_can_be_read_and_scrolled() {
    for size in [(60, 16), (80, 24), (160, 50)] {
        let mut desk = routed(size, Presence::Available).await;
        desk.keys("g e").await;
        desk.sees("Why #1042 is whose it is");
        insta::assert_snapshot!(format!("explain_{}x{}", size.0, size.1), desk.text());
        desk.keys("G").await;
        desk.sees("nobody would get it");
        desk.keys("Esc").await;
        desk.misses("Why #1042");
    }
    let mut desk = routed((80, 24), Presence::Available).await;
    desk.keys(": e x p l a i n Enter").await;
    desk.sees("Why #1042");
}

#[tokio::test]
async fn a_row_and_the_details_say_why_nobody_has_it() {
    let mut desk = routed((160, 50), Presence::Available).await;
    desk.sees("(team billing: mia away, tom…) it's urgent");
    desk.keys("Enter").await;
    desk.sees("category   refund");
    desk.sees("team       billing");
    desk.sees("because    team billing: mia away");
    insta::assert_snapshot!("routed_details_160x50", desk.text());
}

#[tokio::test]
async fn the_picker_and_the_status_page_tell_who_is_there() {
    let mut desk = routed((120, 40), Presence::Available).await;
    desk.keys("a").await;
    desk.sees("you, available, 2 in hand");
    desk.sees("away 42m, 3 of 5 in hand");
    desk.sees("offline, 5 of 5 in hand");
    desk.keys("Esc g s").await;
    desk.sees("mia (billing): away 42m, 3 of 5 in hand");
    desk.sees("tom (billing): offline, 5 of 5 in hand; has 5 of 5");
    insta::assert_snapshot!("status_agents_120x40", desk.text());
}

#[tokio::test]
async fn whoever_is_idle_is_told_to_be_since_the_last_key() {
    for size in [(80, 24), (160, 50)] {
        let mut desk = routed(size, Presence::Idle).await;
        desk.change(|state| {
            state.roster[1] = agent("mia", Presence::Idle, 3, Some(5), Some("idle"));
            state.roster[2] = agent("tom", Presence::Idle, 1, None, None);
            state.roster[2].hours = Some("office".to_owned());
        });
        desk.screen.revision(Revision { number: 51, all: true, ..Revision::default() });
        desk.elapse(500).await;
        desk.keys("a").await;
        desk.sees("you, available, 2 in hand");
        desk.sees("idle 42m, 3 of 5 in hand");
        desk.sees("idle 42m, hours office, 1 i");
        desk.keys("Esc g s").await;
        desk.sees("mia (billing): idle 42m, 3 of 5 in hand");
    }
}

#[tokio::test]
async fn one_key_says_away_and_back() {
    let mut desk = routed((120, 40), Presence::Available).await;
    desk.keys("g b").await;
    desk.sees("you are away");
    let mut desk_away = routed((120, 40), Presence::Away).await;
    desk_away.sees("away  ⇄ live");
    desk_away.keys("g b").await;
    desk_away.sees("you are back");
    for (desk, away) in [(&mut desk, true), (&mut desk_away, false)] {
        let mut commands = Vec::new();
        desk.change(|state| commands = state.commands.clone());
        assert!(commands.contains(&Command::SetPresence { away }), "{commands:?}");
    }
}

#[tokio::test]
async fn what_is_given_to_me_rings_and_what_is_given_to_others_does_not() {
    for (assignee, rings) in [("ann", true), ("mia", false)] {
        let mut desk = routed((120, 40), Presence::Available).await;
        desk.screen.told();
        let alert = Alert::Assigned { ticket: key(1042), assignee: assignee.into(), team: "billing".into() };
        desk.screen.revision(Revision { number: 51, alerts: vec![alert], ..Revision::default() });
        desk.screen.settle().await;
        assert_eq!(desk.screen.told().contains(&"bell".to_owned()), rings);
        assert_eq!(desk.text().contains("#1042 is given to you (team billing)"), rings);
    }
    let mut desk = routed((160, 50), Presence::Available).await;
    let alert = Alert::Burst { ticket: key(1042), customer: "Li Wei".to_owned(), topics: 5 };
    desk.screen.revision(Revision { number: 51, alerts: vec![alert], ..Revision::default() });
    desk.screen.settle().await;
    desk.sees("Li Wei has opened 5 topics at once");
}
