//! How many bytes a screen costs on a slow line, and where the real cursor is.

use std::num::NonZeroU16;

use crate::screens_desk::{minutes_ago, open, shop, ticket};
use topicdesk::desk::ticket::Status;

const SCREEN: (u16, u16) = (160, 50);

#[tokio::test]
async fn an_idle_screen_writes_the_clock_and_nothing_else() {
    let mut desk = open(shop(), SCREEN).await;
    desk.elapse(1000).await;
    desk.screen.draw().expect("drawn");
    assert_eq!(desk.screen.draw().expect("drawn"), 0, "nothing has changed");
    let mut total = 0;
    let mut frames = 0;
    for _ in 0..30 {
        desk.elapse(60_000 / 4).await;
        desk.elapse(60_000 / 4 * 3).await;
        let bytes = desk.screen.draw().expect("drawn");
        frames += usize::from(bytes > 0);
        total += bytes;
    }
    assert!(frames <= 30, "{frames} frames in half an hour");
    assert!(total / 30 <= 60, "{} bytes a minute", total / 30);
}

#[tokio::test]
async fn typing_costs_little() {
    let mut desk = open(shop(), SCREEN).await;
    desk.keys("r").await;
    desk.types("hello ").await;
    desk.screen.draw().expect("drawn");
    for c in "a quick brown fox jumps over the lazy dog".chars() {
        desk.screen.types(&c.to_string());
        let bytes = desk.screen.draw().expect("drawn");
        assert!(bytes <= 64, "{bytes} bytes for {c:?}");
    }
}

#[tokio::test]
async fn moving_the_cursor_and_opening_a_ticket_keep_the_budget() {
    let mut many: Vec<_> = (0..80)
        .map(|number| ticket(900 + number, Status::Open, None, "Somebody Else", "please tell me where my parcel is"))
        .collect();
    for page in &mut many {
        let template = page.thread[1].clone();
        for place in 0..30 {
            let mut entry = template.clone();
            entry.id.0 = 100_000 + place;
            entry.text = format!("line {place} of a long story that goes on and on about parcels and refunds");
            entry.at = minutes_ago(60 - place as u64);
            page.thread.push(entry);
        }
    }
    let mut desk = open(many, SCREEN).await;
    desk.keys("8").await;
    desk.elapse(200).await;
    desk.screen.draw().expect("drawn");
    for _ in 0..10 {
        desk.screen.keys("j");
        let bytes = desk.screen.draw().expect("drawn");
        assert!(bytes <= 300, "{bytes} bytes for one row down");
        desk.elapse(100).await;
        let bytes = desk.screen.draw().expect("drawn");
        assert!(bytes <= 8000, "{bytes} bytes for another ticket");
    }
    desk.keys("Enter J").await;
    let bytes = desk.screen.draw().expect("drawn");
    assert!(bytes > 0 && bytes <= 8000, "{bytes} bytes for another ticket");
    desk.elapse(1000).await;
    desk.screen.draw().expect("drawn");
    desk.screen.keys("k");
    let bytes = desk.screen.draw().expect("drawn");
    assert!(bytes <= 300, "{bytes} bytes for one message up");
}

#[tokio::test]
async fn every_frame_is_synchronised_and_the_real_cursor_is_where_the_work_is() {
    let mut desk = open(shop(), (80, 24)).await;
    let mut terminal = vt100::Parser::new(NonZeroU16::new(24).expect("rows"), NonZeroU16::new(80).expect("columns"), 0);
    let mut seen = 0;
    let mut place = |desk: &mut crate::screens_desk::Desk| {
        desk.screen.draw().expect("drawn");
        let written = desk.screen.written();
        let fresh = &written[seen..];
        assert!(fresh.is_empty() || fresh.ends_with(b"\x1b[?2026l"), "a frame is one synchronised piece");
        terminal.process(fresh);
        seen = written.len();
        let (row, _) = terminal.screen().cursor_position();
        assert!(!terminal.screen().hide_cursor());
        let rows: Vec<String> = terminal.screen().rows(0, 80).collect();
        assert_eq!(
            rows.join("\n").trim_end().lines().map(str::trim_end).collect::<Vec<_>>(),
            desk.screen.screen().trim_end().lines().map(str::trim_end).collect::<Vec<_>>(),
            "what was written is what was drawn"
        );
        (terminal.screen().cursor_position(), rows[usize::from(row)].clone())
    };
    desk.keys("8 j j").await;
    assert!(place(&mut desk).1.contains("#1037"));
    desk.keys("k").await;
    assert!(place(&mut desk).1.contains("#1041"));
    desk.keys("k Enter").await;
    assert!(place(&mut desk).1.contains("urgent"), "the newest message");
    desk.keys("r").await;
    desk.types("Good 東京 morning").await;
    let ((_, column), row) = place(&mut desk);
    assert!(row.contains("Good 東京 morning"));
    assert_eq!(usize::from(column), 2 + "Good xxxx morning".len());
}

#[tokio::test]
async fn a_countdown_costs_a_few_bytes_a_second() {
    let mut desk = open(shop(), (160, 50)).await;
    desk.keys("Enter r").await;
    desk.types("hello").await;
    desk.keys("Enter").await;
    desk.changed(1042).await;
    desk.sees("sending in 5 s");
    for second in [4, 3, 2, 1] {
        desk.elapse(1000).await;
        let bytes = desk.screen.draw().expect("drawn");
        assert!(bytes <= 80, "{bytes} bytes for a second");
        desk.sees(&format!("sending in {second} s"));
    }
}
