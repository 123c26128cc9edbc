//! A ticket opened from Intake in the real binary: marked, titled, agreed to, and there in Telegram.

use crate::pty::{entries, open, still, telegram, times};
use crate::support::process::{Desk, until};

#[test]
fn a_message_of_general_becomes_a_ticket_by_n() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let row = desk.json(&["queue", "intake"])[0].clone();
    let (message, text) = (row["message"].to_string(), row["last_text"].as_str().expect("a text").to_owned());
    let customer = row["customer"]["name"].as_str().expect("a name").to_owned();
    terminal.script(&[("6", " O #1 "), (" ", "1 marked"), ("n", "title of the new topic: ")]);
    terminal.keys("\x15");
    terminal.keys("Brought from General");
    terminal.sees("topic: Brought from General");
    terminal.script(&[("\r", "Open a ticket in a new topic"), ("y", "is open now")]);
    let ticket = until("the ticket", || {
        let rows = desk.json(&["queue", "all", "--filter", "\"Brought from General\""]);
        rows[0]["id"].as_i64().map(|id| id.to_string())
    });
    until("General is told", || (times(&telegram(desk.path()), &format!("/{ticket}")) == 1).then_some(()));
    let copy = until("the copy", || entries(&desk, &ticket, "message", &text).first().cloned());
    assert_eq!(copy["author"].as_str(), Some(customer.as_str()), "{copy}");
    let shown = desk.json(&["show", &ticket]);
    assert_eq!(shown["waiting_since"], row["waiting_since"], "{shown}");
    let left = desk.json(&["queue", "intake"]);
    assert!(
        left.as_array().expect("a list").iter().map(|row| row["message"].to_string()).all(|own| own != message),
        "{left}"
    );
    // It is worked like any other.
    terminal.keys(format!("g{ticket}\r"));
    terminal.sees(&format!(" #{ticket} "));
    terminal.sees("Brought from General");
}
