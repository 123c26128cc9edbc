//! Two writers: a customer writes in Telegram while an agent answers in the real binary.

use std::time::Duration;

use topicdesk::sandbox::Announcement;

use crate::pty::{announcement, enter, entries, open, still, telegram, times};
use crate::support::client::{Phone, text};
use crate::support::process::{Desk, until};

/// Writes into a topic as a customer of the sandbox, from a client of their own.
fn customer_says(desk: &Desk, topic: &str, words: &[&str]) {
    let announcement: Announcement = announcement(desk.path());
    let customer = announcement.first("customer").expect("a customer");
    let topic: i32 = topic.parse().expect("a number");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let phone = Phone::new(&announcement, &customer.auth_key);
        for words in words {
            let random_id = words.bytes().fold(17_i64, |sum, byte| sum.wrapping_mul(31) + i64::from(byte));
            phone.call(&text(&announcement.group, topic, words, random_id)).await.expect("customers may write");
        }
    });
    let last = words.last().expect("something was said");
    until("the desk has it", || (entries(desk, &topic.to_string(), "message", last).len() == 1).then_some(()));
}

#[test]
fn a_reply_to_a_thread_that_has_moved_on_waits_for_a_second_deliberate_key() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let ticket = desk.queue("unassigned").remove(1);
    enter(&mut terminal, &ticket);

    // While the reply is held, the customer writes: the undo window ends, and it does not leave.
    terminal.script(&[("r", "PUBLIC")]);
    terminal.write("Please send it back to us");
    terminal.script(&[("\r", "takes it back")]);
    customer_says(&desk, &ticket, &["never mind, it works again"]);
    terminal.sees("has written since: never mind");
    terminal.sees("s sends it all the same");
    terminal.sees("1 not sent");
    assert_eq!(entries(&desk, &ticket, "message", "send it back")[0]["state"], "held");
    assert_eq!(times(&telegram(desk.path()), "send it back"), 0);
    // Enter and what else is typed by habit send nothing; the second key does.
    terminal.keys("s");
    terminal.sees("✓ Please send it back to us");
    assert_eq!(times(&telegram(desk.path()), "send it back"), 1);

    // While the agent composes with the end of the thread out of sight: asked about at once. Thrown away, nothing was said.
    let many: Vec<String> = (0..25).map(|line| format!("line {line} of a long story")).collect();
    customer_says(&desk, &ticket, &many.iter().map(String::as_str).collect::<Vec<_>>());
    terminal.sees("line 24 of a long story");
    terminal.keys("gg");
    terminal.misses("line 24 of a long story");
    terminal.script(&[("r", "PUBLIC")]);
    terminal.write("Could you tell us more?");
    customer_says(&desk, &ticket, &["that was all of it"]);
    terminal.keys("\r");
    terminal.sees("has written since: that was all of it");
    terminal.script(&[("d", "Throw this reply away?"), ("y", "thrown away")]);
    terminal.misses("Could you tell us more?");

    // Taken aside to be changed, it does not leave meanwhile; what was read while it was written needs no question.
    terminal.script(&[("r", "PUBLIC")]);
    terminal.write("Glad to hear it");
    terminal.script(&[("\r", "takes it back"), ("e", "UNSENT REPLY")]);
    customer_says(&desk, &ticket, &["by the way, thanks"]);
    terminal.sees("by the way, thanks");
    // It is no draft, so no word on the screen says that the typing has settled and Enter is no part of a paste.
    terminal.keys(" from you");
    terminal.sees("Glad to hear it from you");
    terminal.settles(Duration::from_millis(500));
    terminal.script(&[("\r", "takes it back")]);
    terminal.sees("✓ Glad to hear it from you");
    let seen = telegram(desk.path());
    assert_eq!((times(&seen, "Could you tell us more"), times(&seen, "Glad to hear it")), (0, 1));
}
