//! What is due on the screen: the column, the heading, the details, the tab, the order, the bell.

use std::time::Duration;

use topicdesk::clock::Timestamp;
use topicdesk::engine::views::{
    Alert, ClockName, ClockState, ClockView, DueView, QueueName, Revision, SlaView, Sort, ThreadPage, View, ViewRequest,
};

use crate::screens_desk::{Desk, key, minutes_ago, open, shop};

fn in_minutes(minutes: u64) -> Timestamp {
    minutes_ago(0) + Duration::from_secs(minutes * 60)
}

fn due(clock: ClockName, at: Timestamp, warned: bool) -> Option<DueView> {
    let warns_at = if warned { minutes_ago(1) } else { at };
    Some(DueView { clock, at, warns_at, overdue: at <= minutes_ago(0), policy: "Everybody".to_owned() })
}

/// The desk of the other screens, with policies: one ticket overdue, one soon, one with time, one paused.
async fn promised(size: (u16, u16)) -> Desk {
    let mut tickets = shop();
    for page in &mut tickets {
        promise(page);
    }
    let mut desk = open(tickets, size).await;
    desk.change(|state| state.sla = true);
    desk.screen.revision(Revision { number: 50, all: true, ..Revision::default() });
    desk.elapse(500).await;
    desk
}

fn promise(page: &mut ThreadPage) {
    page.ticket.row.due = match page.ticket.row.id.0 {
        1042 => due(ClockName::NextResponse, minutes_ago(125), true),
        1041 => due(ClockName::FirstResponse, in_minutes(12), true),
        1037 => due(ClockName::NextResponse, in_minutes(200), false),
        1036 => due(ClockName::Resolution, in_minutes(60 * 50), false),
        _ => None,
    };
    let clock = |clock, state, deadline, breached| ClockView {
        clock,
        target_seconds: 3_600,
        started: minutes_ago(300),
        state,
        deadline,
        warns_at: deadline,
        left_seconds: 5_400,
        breached,
    };
    page.ticket.sla = Some(SlaView {
        policy: Some("Everybody".to_owned()),
        hours: Some("office".to_owned()),
        open: true,
        opens_at: None,
        clocks: vec![
            clock(ClockName::FirstResponse, ClockState::Ended { at: minutes_ago(290) }, None, false),
            clock(ClockName::NextResponse, ClockState::Running, Some(minutes_ago(125)), true),
            clock(ClockName::Resolution, ClockState::Paused { since: minutes_ago(9) }, None, false),
        ],
        policies: Vec::new(),
    });
}

#[tokio::test]
async fn time_left_and_overdue_are_told_in_words() {
    for size in [(60, 16), (80, 24), (120, 40), (160, 50)] {
        let mut desk = promised(size).await;
        desk.keys("8").await;
        let screen = desk.text();
        assert!(screen.contains("late 2h"), "{screen}");
        if size == (80, 24) {
            assert!(screen.contains("!12m") && screen.contains(" 3h  mia"), "{screen}");
        }
        insta::assert_snapshot!(format!("due_queue_{}x{}", size.0, size.1), screen);
        desk.keys("Enter").await;
        let screen = desk.text();
        // On a narrow screen the customer's name leaves room for no more.
        assert!(screen.contains(if size.0 >= 80 { "late 2h" } else { "OPEN" }), "{screen}");
        insta::assert_snapshot!(format!("due_thread_{}x{}", size.0, size.1), desk.text());
    }
}

#[tokio::test]
async fn what_is_done_keeps_nobody_waiting() {
    let mut tickets = shop();
    for page in tickets.iter_mut().filter(|page| page.ticket.row.id.0 == 987) {
        page.ticket.row.waiting_since = Some(minutes_ago(60 * 24 * 5));
    }
    let mut desk = open(tickets, (80, 24)).await;
    desk.keys("8").await;
    desk.sees("R #987        -  you");
}

#[tokio::test]
async fn overdue_has_a_queue_a_key_and_an_order() {
    let mut desk = promised((120, 40)).await;
    desk.keys("9").await;
    let screen = desk.text();
    assert!(screen.contains("[9 Overdue 1]") && screen.contains("#1042"), "{screen}");
    desk.keys("1 g d").await;
    assert!(desk.text().contains("[9 Overdue 1]"));
    desk.keys("8 ,").await;
    let asked = |read: &ViewRequest| matches!(read, ViewRequest::Queue { queue: QueueName::All, sort: Sort::Due, .. });
    let mut found = false;
    desk.change(|state| found = state.reads.iter().any(asked));
    assert!(found);
    desk.sees("due first");
    // A desk without policies has no such tab.
    open(shop(), (160, 50)).await.misses("Overdue");
}

#[tokio::test]
async fn the_bell_rings_before_the_deadline_for_ones_own_and_for_nobodys() {
    let (clock, deadline) = (ClockName::FirstResponse, in_minutes(12));
    for (assignee, rings) in [(None, true), (Some("ann"), true), (Some("mia"), false)] {
        let mut desk = promised((80, 24)).await;
        let assignee = assignee.map(Into::into);
        let alert = Alert::Due { ticket: key(1041), clock, deadline, assignee };
        desk.screen.told();
        desk.screen.revision(Revision { number: 51, alerts: vec![alert], ..Revision::default() });
        desk.screen.settle().await;
        assert_eq!(desk.screen.told().contains(&"bell".to_owned()), rings);
        let screen = desk.text();
        assert_eq!(screen.contains("#1041: first response in 12m"), rings, "{screen}");
    }
    let mut desk = promised((120, 40)).await;
    let alert = Alert::Missed { count: 7 };
    desk.screen.revision(Revision { number: 51, alerts: vec![alert], ..Revision::default() });
    desk.screen.settle().await;
    desk.sees("7 targets were missed while the desk was off; 9 shows what is overdue");
}

/// What the views say is what JSON says: keys are stable.
#[test]
fn json_keys() {
    let view = View::Sla { sla: None };
    assert_eq!(serde_json::to_value(&view).expect("json")["view"], "sla");
    let due = serde_json::to_value(due(ClockName::NextResponse, minutes_ago(5), true)).expect("json");
    let keys: Vec<&String> = due.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["at", "clock", "overdue", "policy", "warns_at"]);
    assert_eq!(due["clock"], "next_response");
}
