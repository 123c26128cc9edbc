//! Escalations on the screen: the mark, the facts, the notice with the bell for those it is for, the list.

use topicdesk::desk::escalation::Cause;
use topicdesk::engine::views::{Alert, EscalationView, FiringView, Revision, ThreadPage};

use crate::screens_desk::{Desk, key, minutes_ago, open, shop};

fn escalated(page: &mut ThreadPage) {
    if page.ticket.row.id.0 == 1042 {
        page.ticket.row.escalated = Some(EscalationView {
            rule: "Nobody answers".to_owned(),
            why: "no response".to_owned(),
            at: minutes_ago(12),
        });
    }
}

fn firing(ticket: i32, minutes: u64, held: bool, stands: bool) -> FiringView {
    let cause = Cause::NoResponse { since: minutes_ago(minutes + 30) };
    FiringView {
        ticket: key(ticket),
        title: "Login after update".to_owned(),
        rule: "Nobody answers".to_owned(),
        cause,
        why: cause.words(),
        due: minutes_ago(minutes),
        at: minutes_ago(minutes),
        told: if held { Vec::new() } else { vec!["ann".into(), "mia".into()] },
        held,
        stands,
    }
}

async fn desk(size: (u16, u16)) -> Desk {
    let mut tickets = shop();
    tickets.iter_mut().for_each(escalated);
    let desk = open(tickets, size).await;
    desk.change(|state| state.firings = vec![firing(1042, 12, false, true), firing(1041, 75, true, false)]);
    desk
}

#[tokio::test]
async fn an_escalated_ticket_is_marked_and_says_why() {
    let mut desk = desk((160, 50)).await;
    desk.keys("8").await;
    let screen = desk.text();
    let marked = screen.lines().filter(|line| line.contains("(esc)")).count();
    assert_eq!(marked, 1, "{screen}");
    desk.keys("Enter").await;
    desk.sees("no response, by");
}

#[tokio::test]
async fn the_bell_rings_for_those_it_is_for() {
    for (to, rings) in [(vec!["ann".into()], true), (vec!["mia".into()], false), (vec![], false)] {
        let mut desk = desk((80, 24)).await;
        let (rule, why) = ("Nobody answers".to_owned(), "no response".to_owned());
        let alert = Alert::Escalated { ticket: key(1042), rule, why, to };
        desk.screen.told();
        desk.screen.revision(Revision { number: 51, alerts: vec![alert], ..Revision::default() });
        desk.screen.settle().await;
        assert_eq!(desk.screen.told().contains(&"bell".to_owned()), rings);
        assert_eq!(desk.text().contains("#1042 escalated: no response (Nobody answers)"), rings, "{}", desk.text());
    }
    let mut desk = desk((120, 40)).await;
    let held = Alert::EscalationsHeld { rule: "Nobody answers".to_owned(), count: 7, to: vec!["ann".into()] };
    desk.screen.revision(Revision { number: 51, alerts: vec![held], ..Revision::default() });
    desk.screen.settle().await;
    desk.sees("Nobody answers has escalated 7 more tickets within the hour");
    let missed = Alert::EscalationsMissed { count: 1, to: vec!["ann".into()] };
    desk.screen.revision(Revision { number: 52, alerts: vec![missed], ..Revision::default() });
    desk.screen.settle().await;
    desk.sees("1 escalation was due while the desk was off");
}

#[tokio::test]
async fn the_list_tells_what_fired_and_goes_there() {
    for size in [(80, 24), (160, 50)] {
        let mut desk = desk(size).await;
        desk.keys(":").await;
        desk.types("escalations").await;
        desk.keys("Enter").await;
        insta::assert_snapshot!(format!("escalations_{}x{}", size.0, size.1), desk.text());
        desk.keys("Enter").await;
        desk.misses("newest first");
        desk.sees("#1042");
    }
}
