//! Who else is here, on the screen: marks in the queue, words in the heading, the question before a second answer.

use std::time::Duration;

use topicdesk::desk::command::Command;
use topicdesk::desk::ids::AgentName;
use topicdesk::engine::views::Here;

use crate::screens_desk::{Desk, key, open, open_with, shop};

fn here(names: &[(&str, bool)]) -> Vec<Here> {
    names.iter().map(|(agent, writing)| Here { agent: AgentName::from(*agent), writing: *writing }).collect()
}

/// Says who is at a ticket, as the desk would.
async fn come(desk: &mut Desk, number: i32, names: &[(&str, bool)]) {
    let all = here(names);
    desk.change(|state| {
        let page = state.tickets.iter_mut().find(|page| page.ticket.row.id.0 == number).expect("a ticket");
        page.ticket.row.here = all;
    });
    desk.changed(number).await;
}

fn looks(desk: &Desk) -> Vec<Option<i32>> {
    let commands = desk.all_commands().into_iter();
    commands
        .filter_map(
            |command| {
                if let Command::Look { ticket, .. } = command { Some(ticket.map(|key| key.topic.0)) } else { None }
            },
        )
        .collect()
}

#[tokio::test]
async fn who_looks_and_who_writes_is_marked_and_named() {
    for (size, ascii) in [((80, 24), false), ((120, 40), false), ((80, 24), true)] {
        let mut desk = open_with(shop(), size, |setup| setup.ascii = ascii).await;
        desk.keys("8").await;
        come(&mut desk, 1042, &[("tom", true), ("mia", false)]).await;
        come(&mut desk, 1041, &[("mia", false)]).await;
        let name = format!("{}x{}{}", size.0, size.1, if ascii { "_ascii" } else { "" });
        insta::assert_snapshot!(format!("presence_queue_{name}"), desk.text());
        desk.keys("g 1 0 4 2 Enter").await;
        desk.sees("tom is writing, mia is looking");
        insta::assert_snapshot!(format!("presence_thread_{name}"), desk.text());
        come(&mut desk, 1042, &[]).await;
        desk.misses("is writing");
    }
}

#[tokio::test]
async fn the_desk_is_told_what_is_on_the_screen() {
    for size in [(80, 24), (120, 40)] {
        let mut desk = open(shop(), size).await;
        desk.keys("4 j k").await;
        assert!(looks(&desk).is_empty(), "a ticket beside the queue is not looked at");
        desk.keys("g 1 0 4 2 Enter").await;
        assert_eq!(looks(&desk), [Some(1042)]);
        desk.keys("r x Esc").await;
        assert!(looks(&desk).is_empty(), "it is the same");
        desk.keys("g 1 0 4 1 Enter").await;
        assert_eq!(looks(&desk), [Some(1041)]);
        desk.keys("Esc").await;
        assert_eq!(looks(&desk), [None]);
    }
}

#[tokio::test]
async fn a_second_answer_is_asked_about_before_it_is_begun() {
    for size in [(80, 24), (120, 40)] {
        let mut desk = open(shop(), size).await;
        desk.keys("4 g 1 0 4 2 Enter").await;
        come(&mut desk, 1042, &[("tom", true)]).await;
        desk.keys("r").await;
        insta::assert_snapshot!(format!("presence_confirm_{}x{}", size.0, size.1), desk.text());
        desk.keys("Esc").await;
        desk.misses("PUBLIC");
        // A note is in nobody's way.
        desk.keys("i").await;
        desk.sees("INTERNAL NOTE");
        desk.keys("Esc").await;
        desk.commands();
        desk.keys("r y").await;
        desk.sees("PUBLIC");
        desk.types("Please try again").await;
        desk.keys("Enter").await;
        assert!(
            desk.commands()
                .iter()
                .any(|command| matches!(command, Command::Reply { ticket, .. } if *ticket == key(1042))),
            "who was told once is not asked again"
        );
    }
}

#[tokio::test]
async fn who_begins_meanwhile_is_asked_about_before_it_is_sent() {
    let mut desk = open(shop(), (80, 24)).await;
    desk.keys("4 g 1 0 4 2 Enter r").await;
    desk.types("Please try again").await;
    come(&mut desk, 1042, &[("mia", false)]).await;
    come(&mut desk, 1042, &[("mia", true), ("tom", true)]).await;
    desk.commands();
    desk.keys("Enter").await;
    desk.sees("mia and tom are writing here: reply all the same?");
    assert!(desk.commands().is_empty());
    desk.keys("Esc").await;
    desk.sees("Please try again");
    desk.keys("Enter y").await;
    let sent = desk.commands();
    assert!(matches!(sent.as_slice(), [Command::Reply { text, .. }] if text == "Please try again"), "{sent:?}");
}

#[tokio::test]
async fn anothers_ticket_is_asked_about_once_with_what_they_do() {
    let mut desk = open(shop(), (80, 24)).await;
    desk.keys("4 g 1 0 3 7 Enter").await;
    come(&mut desk, 1037, &[("mia", true)]).await;
    desk.keys("r").await;
    desk.sees("#1037 is mia's. mia is writing here.");
    desk.keys("s").await;
    desk.sees("PUBLIC");
    desk.misses("reply all the same");
}

#[tokio::test]
async fn the_desk_is_told_that_somebody_is_there_now_and_then_and_after_a_pause_at_once() {
    let used = |desk: &Desk| {
        let commands = desk.all_commands().into_iter();
        commands.filter(|command| matches!(command, Command::Screen { used: Some(Duration::ZERO), .. })).count()
    };
    let mut desk = open_with(shop(), (80, 24), |setup| setup.mouse = true).await;
    desk.keys("4 j k").await;
    assert_eq!(used(&desk), 0, "that it is open was said a moment ago");
    for _ in 0..30 {
        desk.elapse(1000).await;
        desk.keys("j").await;
    }
    assert_eq!(used(&desk), 3, "in half a minute");
    desk.elapse(45 * 60 * 1000).await;
    assert_eq!(used(&desk), 0, "time alone says nothing");
    for input in ["k", "\x1b[200~pasted\x1b[201~", "\x1b[<0;5;5M", "\x1b[<65;5;5M"] {
        desk.elapse(60_000).await;
        desk.screen.bytes(input.as_bytes());
        desk.screen.settle().await;
        assert_eq!(used(&desk), 1, "{input:?}");
    }
    desk.elapse(60_000).await;
    desk.screen.resize((100, 30));
    desk.changed(1042).await;
    assert_eq!(used(&desk), 0, "nobody has pressed anything");
}
