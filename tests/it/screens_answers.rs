//! What the desk's answers show at once, what is said of them, and what is asked before something cannot be taken back.

use topicdesk::desk::ids::AgentName;
use topicdesk::desk::ticket::{Pending, PendingReason, Standing, Status};
use topicdesk::engine::views::{Here, Revision};

use crate::screens_desk::{Desk, open, open_with, person, shop, ticket};
use crate::screens_rules::reply;

const NARROW: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (160, 50);

#[tokio::test]
async fn what_a_receipt_says_of_a_ticket_is_shown_before_anything_is_read() {
    let pending = Standing {
        status: Status::Pending,
        assignee: Some(AgentName::from("tom")),
        pending: Some(Pending { reason: PendingReason::Customer, until: None }),
    };
    let told = |desk: &mut Desk| {
        desk.change(|state| {
            state.stands = Some(pending.clone());
            state.unreadable = Some("not now".to_owned());
        });
    };
    let mut desk = open(shop(), WIDE).await;
    told(&mut desk);
    desk.keys("x").await;
    desk.sees("P #1042");
    desk.sees("PENDING · tom");

    // What was read since is newer than a receipt that comes late.
    let mut desk = open(shop(), WIDE).await;
    desk.screen.revision(Revision { number: 11, all: true, ..Revision::default() });
    desk.screen.settle().await;
    desk.elapse(200).await;
    told(&mut desk);
    desk.keys("x").await;
    desk.misses("P #1042");
    desk.misses("PENDING · tom");
}

#[tokio::test]
async fn what_has_changed_nothing_is_not_said_to_be_done() {
    let mut desk = open(shop(), NARROW).await;
    desk.change(|state| state.unchanged = Some("#1042 is ann's already".to_owned()));
    desk.keys("c").await;
    desk.sees("nothing changed: #1042 is ann's already");
    desk.misses("undoes");
    desk.misses("claimed #1042");
}

#[tokio::test]
async fn in_a_closed_ticket_no_reply_is_begun_and_a_message_of_general_is_no_ticket() {
    let mut tickets = shop();
    tickets[0].ticket.row.status = Status::Closed;
    let mut desk = open_with(tickets, NARROW, |setup| setup.restored = None).await;
    desk.change(|state| state.general = vec![(7, person(9, "Li"), "hello?")]);
    desk.keys("8 g g").await;
    for key in ["r", "t"] {
        desk.keys(key).await;
        desk.sees("#1042 is closed: O reopens it");
        desk.misses("PUBLIC");
    }
    desk.keys("6").await;
    desk.sees("hello?");
    for key in ["r", "t", "c", "x", "p", "a", "i", "z"] {
        desk.keys(key).await;
        desk.sees("a message of General is no ticket: n in Intake opens one from it");
    }
    assert_eq!(desk.commands(), []);
    desk.change(|state| state.tickets.push(ticket(1, Status::Open, None, "", "hello?")));
    desk.keys("Enter").await;
    desk.sees("General · no ticket: in Intake");
    desk.misses("c claim");
}

#[tokio::test]
async fn until_when_it_is_hidden_and_whom_it_waits_for_is_said() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("p").await;
    desk.keys("Enter").await;
    desk.sees("set pending #1042, waiting on");
    desk.keys("z 1").await;
    desk.sees("snoozed #");
    desk.sees(" until ");
}

#[tokio::test]
async fn a_question_that_has_answered_itself_is_taken_back() {
    let mut desk = open(shop(), NARROW).await;
    let here = |writing| Here { agent: AgentName::from("tom"), writing };
    desk.change(|state| state.tickets[0].ticket.row.here = vec![here(true)]);
    desk.changed(1042).await;
    desk.keys("r").await;
    desk.sees("tom is writing here: reply all the same?");
    // Enter is no yes here.
    desk.keys("Enter").await;
    desk.misses("PUBLIC");
    desk.keys("r").await;
    desk.change(|state| state.tickets[0].ticket.row.here = vec![here(false)]);
    desk.changed(1042).await;
    desk.misses("reply all the same?");
    desk.sees("nobody else is writing here any more");
    // Nor is there anything to ask once everything has left.
    desk.change(|state| state.unsent = 1);
    desk.changed(1042).await;
    desk.keys("q").await;
    desk.sees("1 reply has not been sent yet");
    desk.change(|state| state.unsent = 0);
    desk.changed(1042).await;
    desk.misses("not been sent yet");
    desk.sees("everything has been sent: q leaves");
}

#[tokio::test]
async fn what_was_cut_from_a_note_is_no_reply_without_a_question() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("i").await;
    desk.types("secret").await;
    desk.keys("C-x C-u C-g C-y").await;
    desk.sees("What was cut was an INTERNAL NOTE");
    desk.keys("Enter").await;
    desk.misses("secret");
    desk.keys("C-y y").await;
    desk.sees("PUBLIC");
    desk.sees("secret");
    // What was cut from the reply itself is.
    desk.keys("C-u C-y").await;
    desk.sees("secret");
    // In a closed ticket a note does not become a reply.
    let mut tickets = shop();
    tickets[0].ticket.row.status = Status::Closed;
    let mut desk = open(tickets, NARROW).await;
    desk.keys("8 g g i C-g").await;
    desk.sees("#1042 is closed: O reopens it");
    desk.misses("PUBLIC");
}

#[tokio::test]
async fn a_quote_can_be_dropped() {
    let mut desk = open(shop(), NARROW).await;
    desk.keys("Enter k R").await;
    desk.types("as you say").await;
    desk.sees("quoting");
    desk.keys("C-x C-r").await;
    desk.sees("this quotes no message any more");
    desk.keys("Enter").await;
    assert_eq!(desk.commands().last(), Some(&reply(1042, "as you say")));
}
