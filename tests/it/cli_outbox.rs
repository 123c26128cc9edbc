//! `topicdesk outbox`: what has not been sent, seen and worked from the command line, against a sandbox that refuses.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::process::{Desk, SandboxProcess, until};

const REFUSE: &str = "error messages.sendMessage 403 CHAT_SEND_PLAIN_FORBIDDEN";

/// A sandbox, a desk that has everything, and a ticket that can be answered.
fn scene() -> (SandboxProcess, Desk, String) {
    let sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0");
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    (sandbox, desk, ticket)
}

/// Has a reply refused, and gives its number.
fn parked(sandbox: &mut SandboxProcess, desk: &Desk, ticket: &str, text: &str) -> String {
    // A control line takes a moment: whatever gets through before counts for nothing.
    sandbox.cause(REFUSE);
    until("a refusal", || {
        let reply = desk.run(&["reply", ticket, text, "--now", "--force"]);
        (reply.code == Some(1)).then_some(())
    });
    let rows = desk.json(&["outbox"]);
    let row =
        rows.as_array().expect("a list").iter().rev().find(|row| row["text"] == text).expect("it is there").clone();
    assert_eq!((row["state"].as_str(), row["needs_a_word"].as_bool()), (Some("parked"), Some(true)), "{row}");
    assert!(row["why"].as_str().is_some_and(|why| why.contains("may not write")), "{row}");
    assert_eq!(row["ticket"].to_string(), ticket);
    row["outbox"].to_string()
}

fn there(desk: &Desk, ticket: &str, text: &str) -> usize {
    desk.messages(ticket).iter().filter(|(id, own)| *id > 0 && own == text).count()
}

#[test]
fn what_was_refused_is_listed_shown_sent_changed_and_discarded() {
    let (mut sandbox, desk, ticket) = scene();
    assert_eq!(desk.run(&["outbox"]).ok(), "everything has been sent\n");
    desk.run(&["outbox", "show", "999"]).fails(1, "there is no unsent reply 999");

    let first = parked(&mut sandbox, &desk, &ticket, "first, refused");
    let list = desk.run(&["outbox", "list"]).ok();
    assert!(
        list.contains("parked") && list.contains("first, refused") && list.contains("outbox retry|edit|discard"),
        "{list}"
    );
    let shown = desk.run(&["outbox", "show", &first]).ok();
    assert!(shown.contains("-> mend the cause") && shown.contains("    first, refused"), "{shown}");
    // As answered to a message from long ago: it asks, says what is new, and goes at the second, deliberate word.
    desk.run(&["outbox", "retry", &first, "--seen", "1"]).fails(1, "somebody has written since");
    let held = desk.json(&["outbox", "show", &first]);
    assert_eq!(held["state"], "held");
    assert!(held["since"].as_array().is_some_and(|since| !since.is_empty()), "{held}");
    assert!(desk.run(&["outbox", "show", &first]).ok().contains("written since:"));
    let sent = desk.json(&["outbox", "retry", &first]);
    assert_eq!(sent["state"], "sent", "{sent}");
    assert!(sent["message_id"].as_i64().is_some_and(|id| id > 0), "{sent}");
    assert_eq!(there(&desk, &ticket, "first, refused"), 1);

    let second = parked(&mut sandbox, &desk, &ticket, "second, refused");
    desk.input(&["outbox", "edit", &second], "second, better\n").ok();
    assert_eq!((there(&desk, &ticket, "second, better"), there(&desk, &ticket, "second, refused")), (1, 0));

    let third = parked(&mut sandbox, &desk, &ticket, "third, refused");
    assert_eq!(desk.json(&["outbox", "discard", &third])["state"], "discarded");
    assert_eq!(desk.json(&["outbox"]), Value::Array(Vec::new()));
    desk.run(&["outbox", "discard", &third]).fails(1, "was sent or discarded");
    assert_eq!(there(&desk, &ticket, "third, refused"), 0);
}

#[test]
fn a_desk_that_is_open_elsewhere_lets_its_outbox_be_read_only() {
    let (mut sandbox, desk, ticket) = scene();
    let row = parked(&mut sandbox, &desk, &ticket, "waits");
    let mut holder = desk.command(&["sync", "--follow"]).stdout(Stdio::piped()).spawn().expect("starts");
    // It prints its summary when it has caught up; it has had the lock since before.
    let mut output = BufReader::new(holder.stdout.take().expect("is piped"));
    output.read_line(&mut String::new()).expect("reads");
    let pid = format!("process {}", holder.id());
    desk.run(&["outbox", "discard", &row]).fails(3, &pid);
    desk.run(&["outbox", "retry", &row]).fails(3, &pid);
    desk.run(&["outbox", "edit", &row, "another text"]).fails(3, &pid);
    assert!(desk.run(&["outbox"]).ok().contains("waits"));
    holder.kill().expect("is there");
    holder.wait().expect("ends");
    desk.run(&["outbox", "discard", &row]).ok();
}
