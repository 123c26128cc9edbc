//! Reasons for closing, names in notes, and what the details and the status page say of automatic messages.

use topicdesk::clock::Timestamp;
use topicdesk::desk::automatic::Kind;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::MessageId;
use topicdesk::desk::survey::Survey;
use topicdesk::desk::tags::Priority;
use topicdesk::engine::views::{Alert, NextAutomatic, Revision, ThreadPage};

use crate::screens_desk::{Desk, key, minutes_ago, noon, open, shop};

async fn with_reasons(size: (u16, u16)) -> Desk {
    let mut desk = open(shop(), size).await;
    desk.change(|state| state.close_reasons = vec!["spam".to_owned(), "no answer".to_owned()]);
    desk.screen.revision(Revision { number: 50, all: true, ..Revision::default() });
    desk.elapse(500).await;
    desk
}

fn close(reason: &str) -> Command {
    Command::Close { ticket: key(1042), reason: reason.to_owned() }
}

async fn palette(desk: &mut Desk, words: &str) {
    desk.keys(":").await;
    desk.types(words).await;
    desk.keys("Enter").await;
}

#[tokio::test]
async fn closing_asks_why_where_there_are_reasons() {
    for (typed, reason) in [("", "spam"), ("answer", "no answer"), ("no rea", ""), ("moved to mail", "moved to mail")] {
        let mut desk = with_reasons((80, 24)).await;
        palette(&mut desk, "close").await;
        desk.sees("Why is #1042 closed?");
        desk.types(typed).await;
        desk.keys("Enter").await;
        assert_eq!(desk.commands(), [close(reason)], "{typed:?}");
    }
    let mut desk = with_reasons((80, 24)).await;
    palette(&mut desk, "close").await;
    insta::assert_snapshot!("close_reasons_80x24", desk.text());
    desk.keys("Esc").await;
    assert_eq!(desk.commands(), []);
    // A reason that is typed with the command is not asked for, and without any to choose from nothing is.
    palette(&mut desk, "close spam: casino").await;
    assert_eq!(desk.commands(), [close("spam: casino")]);
    let mut desk = open(shop(), (80, 24)).await;
    palette(&mut desk, "close").await;
    assert_eq!(desk.commands(), [close("")]);
}

#[tokio::test]
async fn tab_completes_names_in_notes_only() {
    let mut desk = open(shop(), (120, 40)).await;
    desk.keys("Enter i").await;
    desk.types("ask @m").await;
    desk.keys("Tab").await;
    desk.sees("ask @mia ");
    desk.keys("Tab").await;
    desk.sees("ask @tom ");
    desk.types("about it").await;
    desk.keys("Enter").await;
    let noted = |command: &Command| matches!(command, Command::Note { text, .. } if text == "ask @tom about it");
    assert!(desk.commands().iter().any(noted), "{:?}", desk.commands());
}

#[tokio::test]
async fn a_note_that_names_one_rings_and_is_marked_until_one_looks() {
    let mut tickets = shop();
    let named = |page: &&mut ThreadPage| page.ticket.row.key() == key(1041);
    tickets.iter_mut().find(named).expect("is there").ticket.row.mentioned = true;
    let mut desk = open(tickets, (80, 24)).await;
    desk.sees("(@)");
    desk.screen.told();
    for (agent, said) in [("mia", false), ("ann", true)] {
        let alert = Alert::Mentioned { ticket: key(1041), agent: agent.into(), by: "tom".into() };
        desk.screen.revision(Revision { number: 51, alerts: vec![alert], ..Revision::default() });
        desk.screen.settle().await;
        assert_eq!(desk.text().contains("tom names you in a note of #1041"), said, "{agent}");
    }
}

#[tokio::test]
async fn the_details_say_what_was_and_what_will_be_said() {
    let mut tickets = shop();
    let ticket = &mut tickets[0].ticket;
    ticket.row.priority = Priority::default();
    let asked_at: Timestamp = minutes_ago(60);
    ticket.survey = Some(Survey { message: MessageId(9), asked_at, score: Some(4), answered_at: Some(noon()) });
    ticket.nudges = 1;
    ticket.automatic = Some(NextAutomatic { kind: Kind::Nudge, at: Some(noon()) });
    let mut desk = open(tickets, (160, 50)).await;
    desk.keys("Enter").await;
    for words in ["4 of 5", "once", "reminder "] {
        desk.sees(words);
    }
    desk.change(|state| state.pilot = true);
    desk.screen.revision(Revision { number: 50, all: true, ..Revision::default() });
    desk.elapse(500).await;
    desk.keys("g s").await;
    desk.sees("the desk is on trial");
}
