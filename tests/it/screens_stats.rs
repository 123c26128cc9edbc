//! Statistics and the activity log on the screen.

use topicdesk::desk::ids::{EventId, MessageId};
use topicdesk::engine::views::{ActivityLine, Figures, Report, Row, Spread, Step, ViewRequest};

use crate::screens_desk::{Desk, minutes_ago, noon, open, open_with, shop};

fn spread(count: usize, p50: u64, p90: u64) -> Spread {
    Spread { count, p50_seconds: Some(p50), p90_seconds: Some(p90) }
}

/// A month that looks like one.
fn report(days: usize) -> Report {
    let day = |day: usize| Step {
        from: format!("2026-{:02}-{:02}", 10 + day / 31, day % 31 + 1),
        opened: 4 + day * 7 % 11,
        resolved: 3 + day * 5 % 9,
        open: 20 + day % 13,
    };
    let row = |key: &str, resolved| Row {
        key: key.to_owned(),
        figures: Figures {
            resolved,
            reopened: resolved / 9,
            without_response: resolved / 12,
            outside: resolved / 5,
            open: Some(resolved / 3),
            first_response: spread(resolved, 12 * 60, 3 * 3600),
            next_response: spread(resolved * 2, 25 * 60, 5 * 3600),
            resolution: spread(resolved, 26 * 3600, 5 * 86_400),
            ..Figures::default()
        },
    };
    let hour = |hour: usize| Row {
        key: format!("{hour:02}"),
        figures: Figures {
            opened: Some(if (7..21).contains(&hour) { 2 + hour * 3 % 10 } else { 0 }),
            ..Figures::default()
        },
    };
    let names = ["ann", "mia", "tom", "(colleagues)", "(nobody)", "a very long name that does not fit", "zoe", "yan"];
    Report {
        groups: Vec::new(),
        since: Some(minutes_ago(1440 * days as u64)),
        until: noon(),
        timezone: "Europe/Kyiv".to_owned(),
        clock: "plain".to_owned(),
        open_at_start: 17,
        total: Figures { opened: Some(271), open: Some(22), ..row("", 240).figures },
        agents: names.iter().enumerate().map(|(place, name)| row(name, 90 / (place + 1))).collect(),
        tags: vec![row("billing", 40), row("(no tag)", 200)],
        days: Vec::new(),
        hours: (0..24).map(hour).collect(),
        steps: (0..days).map(day).collect(),
    }
}

fn reads(desk: &Desk) -> usize {
    let state = desk.state.lock().expect("nobody panicked");
    state.reads.iter().filter(|read| matches!(read, ViewRequest::Stats { .. })).count()
}

#[tokio::test]
async fn a_period_is_shown_with_bars_backlog_and_agents() {
    for (size, days) in [((80, 24), 7), ((160, 50), 30), ((60, 16), 7), ((120, 40), 90)] {
        let mut desk = open(shop(), size).await;
        desk.change(|state| state.report = Some(report(days)));
        desk.keys("g t").await;
        desk.sees("[7d]");
        insta::assert_snapshot!(format!("stats_{}x{}", size.0, size.1), desk.text());
        desk.keys("q").await;
        desk.misses("Statistics");
    }
}

#[tokio::test]
async fn it_is_said_since_when_missed_deadlines_are_counted() {
    let mut desk = open(shop(), (80, 24)).await;
    let counted = report(7);
    let total = Figures { breaches: 12, ..counted.total.clone() };
    desk.change(|state| state.report = Some(Report { total, ..counted }));
    desk.keys("g t").await;
    desk.sees("of 240 · 12 missed since live ");
}

#[tokio::test]
async fn plain_terminals_have_plain_bars() {
    let mut desk = open_with(shop(), (80, 24), |setup| setup.ascii = true).await;
    desk.change(|state| state.report = Some(report(7)));
    desk.keys("g t").await;
    insta::assert_snapshot!("stats_ascii_80x24", desk.text());
    assert!(desk.text().is_ascii());
}

#[tokio::test]
async fn periods_are_switched_counted_again_and_followed() {
    let mut desk = open(shop(), (80, 24)).await;
    desk.change(|state| state.report = Some(report(7)));
    desk.keys(":").await;
    desk.types("stats").await;
    desk.keys("Enter").await;
    assert_eq!(reads(&desk), 1);
    desk.keys("3").await;
    desk.sees("[30d]");
    desk.keys("3").await;
    assert_eq!(reads(&desk), 2, "the same period is not counted again");
    desk.keys("Tab").await;
    desk.sees("[90d]");
    desk.keys("Tab h r").await;
    desk.sees("[90d]");
    assert_eq!(reads(&desk), 6);
    let last = desk.state.lock().expect("nobody panicked").reads.last().cloned();
    let Some(ViewRequest::Stats { since: Some(since), until: None }) = last else { panic!("{last:?}") };
    assert_eq!(since.unix(), minutes_ago(90 * 1440).unix());
    // An open page follows the clock; a closed one costs nothing.
    desk.elapse(61_000).await;
    assert!(reads(&desk) >= 7);
    desk.keys("j j j j j j j j j j j").await;
    desk.sees("yan");
    desk.keys("t").await;
    desk.sees("billing");
    desk.misses("yan");
    desk.keys("Esc").await;
    let before = reads(&desk);
    desk.elapse(61_000).await;
    assert_eq!(reads(&desk), before);
    // What cannot be counted is said, and the page stays usable.
    desk.change(|state| state.report = None);
    desk.keys("g t").await;
    desk.sees("it could not be counted");
    desk.misses("counting");
    desk.keys("Esc").await;
    desk.sees("TICKET   WAIT");
}

fn line(event: i64, minutes: u64, what: &str, message: Option<i32>) -> ActivityLine {
    ActivityLine {
        event: EventId(event),
        at: minutes_ago(minutes),
        by: "mia".to_owned(),
        episode: 1,
        what: what.to_owned(),
        message_id: message.map(MessageId),
        undone: event == 3,
    }
}

#[tokio::test]
async fn everything_that_has_happened_is_listed_and_searched() {
    for size in [(80, 24), (160, 50)] {
        let mut desk = open(shop(), size).await;
        desk.change(|state| {
            state.activity = vec![
                line(1, 900, "Olena Kovalenko wrote: message 9001", Some(9001)),
                line(2, 60, "mia claimed, status Open → Assigned", None),
                line(3, 50, "mia resolved, status Assigned → Resolved", None),
                line(4, 49, "mia took back: resolved", None),
                line(5, 28, "mia wrote a note: same as #1019, cache bug", None),
            ];
        });
        desk.keys("A").await;
        insta::assert_snapshot!(format!("activity_{}x{}", size.0, size.1), desk.text());
        desk.types("claimed open").await;
        desk.sees("mia claimed, status Open → Assigned");
        desk.misses("cache bug");
        desk.keys("C-u").await;
        desk.types("9001").await;
        desk.keys("Enter").await;
        desk.misses("Activity of");
        desk.sees("Hi, after the update I can't log in");
    }
}
