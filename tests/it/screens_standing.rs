//! How the desk stands, what has not been sent, and the ticket that was just claimed: read and worked from the screen.

use topicdesk::desk::command::Command;
use topicdesk::desk::ids::{AgentName, MessageId, OutboxId};
use topicdesk::desk::thread::{Delivery, Doubt};
use topicdesk::engine::views::{
    Completeness, Finding, LinkState, OutboxRow, RecheckView, Rechecked, TicketCheck, ViewRequest,
};

use crate::screens_desk::{Desk, key, noon, open, shop};

const NARROW: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (160, 50);

fn troubled(desk: &mut Desk) {
    desk.change(|state| {
        state.read_only =
            Some("Desk may not send messages: an admin has to allow it in the group's settings".to_owned());
        state.findings = vec![
            Finding::clock(900),
            Finding::fine("Desk is an admin and sees all messages but other bots'"),
            Finding::broken("may not send messages: no reply would reach anybody", "turn on \"Send messages\""),
            Finding::risk(
                "the group is public (@shop): anybody can read every ticket without joining",
                "make it private",
            ),
        ];
        state.holes = vec![(MessageId(5), MessageId(9)), (MessageId(12), MessageId(12))];
        state.unsent = 2;
    });
}

#[tokio::test]
async fn everything_that_is_wrong_stands_on_one_page() {
    for size in [NARROW, WIDE] {
        let mut desk = open(shop(), size).await;
        troubled(&mut desk);
        desk.changed(1042).await;
        desk.keys("g s").await;
        insta::assert_snapshot!(format!("status_{}x{}", size.0, size.1), desk.text());
        // What does not fit is scrolled to.
        desk.keys("G").await;
        desk.sees("g v compares this ticket");
        desk.keys("q").await;
        desk.misses("How the desk stands");
    }
    let mut desk = open(shop(), NARROW).await;
    desk.keys(":").await;
    desk.types("status").await;
    desk.keys("Enter").await;
    desk.sees("no holes");
    desk.sees("everything has been sent");
    desk.keys("Esc").await;
    desk.sees("TICKET   WAIT");
}

#[tokio::test]
async fn a_ticket_is_compared_with_progress_and_a_verdict_in_words() {
    let mut desk = open(shop(), NARROW).await;
    // A comparison that is over tells nothing of the one that is asked for.
    desk.change(|state| state.recheck = Some(RecheckView { done: 3, total: 3, found: Vec::new() }));
    desk.changed(1042).await;
    desk.change(|state| state.recheck = Some(RecheckView { done: 1, total: 4, found: Vec::new() }));
    desk.keys("Enter g v").await;
    assert_eq!(desk.commands(), [Command::Recheck { ticket: Some(key(1042)) }]);
    desk.sees("#1042: 1 of 4 ranges of ids");
    desk.change(|state| {
        let found = Rechecked { missed: 1, edited: 2, deleted: 0 };
        state.recheck = Some(RecheckView { done: 4, total: 4, found: vec![(key(1042), found)] });
        state.checks = vec![TicketCheck {
            ticket: key(1042),
            group_name: String::new(),
            title: String::new(),
            messages: 9,
            service: 1,
            deleted: 0,
            late: 1,
            verdict: Completeness::Holes,
            why: "5 message ids have not been looked at; any of them may belong here".to_owned(),
            holes: vec![(MessageId(5), MessageId(9))],
            seen: Vec::new(),
        }];
    });
    desk.changed(1042).await;
    desk.sees("#1042: missed and mended: 1 message, 2 edits");
    desk.sees("#1042 holes: 5 message ids have not been");
    desk.keys("Esc").await;
    desk.sees("! #1042: holes; missed and mended: 1 message");
    let asked = |desk: &Desk| {
        let state = desk.state.lock().expect("nobody panicked");
        state.reads.iter().filter(|read| matches!(read, ViewRequest::Completeness { .. })).count()
    };
    assert_eq!(asked(&desk), 1, "the verdict is asked for once");
    desk.changed(1042).await;
    assert_eq!(asked(&desk), 1);
    desk.keys("Esc :").await;
    desk.types("verify-all").await;
    desk.keys("Enter").await;
    assert_eq!(desk.commands().last(), Some(&Command::Recheck { ticket: None }));
    desk.change(|state| state.link = Some(LinkState::Connecting));
}

fn unsent(outbox: i64, ticket: i32, delivery: Delivery) -> OutboxRow {
    OutboxRow {
        outbox: OutboxId(outbox),
        ticket: key(ticket),
        agent: AgentName::from("ann"),
        text: format!("reply number {outbox}"),
        at: noon(),
        delivery,
        part_of: None,
        seen: Some(MessageId(9001)),
        opens: None,
    }
}

#[tokio::test]
async fn what_has_not_been_sent_is_worked_from_one_list() {
    let mut desk = open(shop(), NARROW).await;
    desk.change(|state| {
        state.outbox = vec![
            unsent(3, 1042, Delivery::Queued),
            unsent(4, 1041, Delivery::Parked { why: "the topic is closed".to_owned() }),
            unsent(5, 1037, Delivery::Confirm { why: Doubt::Newer { message: MessageId(9100) } }),
        ];
    });
    desk.changed(1037).await;
    desk.keys("g o").await;
    insta::assert_snapshot!("outbox_80x24", desk.text());
    // What needs a word stands first. A parked one goes as answered to what was on the screen when it was written.
    desk.keys("Tab").await;
    desk.sees("#1041 ann: \"reply number 4\"");
    desk.sees("the topic is closed");
    desk.keys("s").await;
    desk.sees("Not sent yet");
    // One that was overtaken goes as answered to what has overtaken it.
    desk.keys("C-n Tab").await;
    desk.sees("send it all the same");
    desk.keys("s").await;
    desk.keys("C-n Tab d").await;
    // What waits for its turn is nothing to be done about.
    desk.keys("Esc").await;
    desk.keys("g o").await;
    desk.keys("C-n C-n Tab").await;
    desk.sees("waits for its turn");
    desk.misses("throw it away");
    desk.keys("g").await;
    desk.sees("#1042 Olena");
    assert_eq!(
        desk.commands(),
        [
            Command::RetryOutbox { outbox: OutboxId(4), seen: Some(MessageId(9001)) },
            Command::RetryOutbox { outbox: OutboxId(5), seen: Some(MessageId(9100)) },
            Command::DiscardOutbox { outbox: OutboxId(5) },
        ]
    );
    desk.keys("Esc g o").await;
    desk.keys("Tab e").await;
    desk.sees("UNSENT REPLY");
    desk.sees("reply number 4");
    assert_eq!(desk.commands().last(), Some(&Command::HoldOutbox { outbox: OutboxId(4) }));
}

#[tokio::test]
async fn a_claimed_ticket_keeps_its_place_until_the_cursor_moves() {
    for size in [NARROW, WIDE] {
        let mut desk = open(shop(), size).await;
        desk.keys("j").await;
        let before = desk.text();
        let number = selected(&before);
        desk.keys("c").await;
        desk.changed(number).await;
        desk.elapse(200).await;
        assert_eq!(selected(&desk.text()), number, "{}", desk.text());
        assert!(line(&desk.text()).contains("you"), "it is shown as claimed: {}", desk.text());
        // Read again and again, it stays; and the next key is about it.
        desk.changed(number).await;
        desk.elapse(200).await;
        assert_eq!(selected(&desk.text()), number);
        desk.keys("r").await;
        desk.sees("PUBLIC");
        desk.sees(&format!("#{number} "));
        assert!(
            !desk
                .commands()
                .iter()
                .any(|command| matches!(command, Command::Claim { ticket } if ticket.topic.0 != number))
        );
        desk.keys("Esc Esc Esc").await;
        desk.elapse(1500).await;
        desk.changed(number).await;
        desk.elapse(200).await;
        // The next move lets it go, and ends on what stood below it.
        let below = below(&before);
        if selected(&desk.text()) == number {
            desk.keys("j").await;
            desk.elapse(200).await;
        }
        assert_eq!(selected(&desk.text()), below, "{}", desk.text());
        desk.changed(number).await;
        desk.elapse(200).await;
        assert!(!queue_of(&desk.text()).any(|line| line.contains(&format!("#{number}"))), "{}", desk.text());
    }
}

#[tokio::test]
async fn another_queue_forgets_what_was_kept() {
    let mut desk = open(shop(), NARROW).await;
    let number = selected(&desk.text());
    desk.keys("c").await;
    desk.changed(number).await;
    desk.elapse(200).await;
    assert_eq!(selected(&desk.text()), number);
    desk.keys("2").await;
    desk.keys("1").await;
    assert_ne!(selected(&desk.text()), number);
}

/// The rows of the queue.
fn queue_of(text: &str) -> impl Iterator<Item = &str> {
    let queue = text.lines().skip(2).map(|line| line.split('│').next().unwrap_or_default());
    queue.take_while(|line| !line.trim().is_empty())
}

/// The line under the cursor.
fn line(text: &str) -> &str {
    text.lines()
        .find(|line| line.trim_start_matches('│').starts_with('>'))
        .unwrap_or_else(|| panic!("no cursor: {text}"))
}

fn number(line: &str) -> i32 {
    let digits = line.split('#').nth(1).unwrap_or_default();
    digits
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap_or_else(|_| panic!("no number: {line}"))
}

/// The ticket under the cursor.
fn selected(text: &str) -> i32 {
    number(line(text))
}

/// The ticket below the cursor.
fn below(text: &str) -> i32 {
    let at = text.lines().position(|one| one == line(text)).expect("there");
    // A wide queue has two lines for a ticket, and a thread beside it.
    let mut queue = text.lines().skip(at + 1).map(|line| line.split('│').next().unwrap_or_default());
    number(queue.find(|line| line.contains('#')).expect("one more"))
}
