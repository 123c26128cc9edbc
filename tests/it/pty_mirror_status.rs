//! Status in Telegram with the real binary: an agent works, and the topic in Telegram shows it.

use grammers_tl_types as tl;
use topicdesk::sandbox::Announcement;

use crate::pty::{announcement, enter, entries, open, still};
use crate::support::client::{Phone, peer};
use crate::support::process::{Desk, SandboxProcess, until};
use crate::support::screen::Start;

/// The icon of a topic, as a customer's own Telegram shows it.
fn icon(announcement: &Announcement, topic: &str) -> Option<i64> {
    let topics = vec![topic.parse().expect("a number")];
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let phone = Phone::new(announcement, &announcement.first("customer").expect("a customer").auth_key);
        let request = tl::functions::messages::GetForumTopicsById { peer: peer(&announcement.group), topics };
        let tl::enums::messages::ForumTopics::Topics(found) = phone.call(&request).await.expect("members may");
        match &found.topics[..] {
            [tl::enums::ForumTopic::Topic(topic)] => topic.icon_emoji_id,
            other => panic!("no topic: {other:?}"),
        }
    })
}

#[test]
fn a_claim_at_the_desk_is_an_icon_in_telegram() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let announcement = announcement(desk.path());
    let ticket = desk.queue("unassigned").remove(1);
    let before = icon(&announcement, &ticket);
    enter(&mut terminal, &ticket);
    terminal.script(&[("c", "claimed")]);
    terminal.sees("💬 ASSIGNED");
    until("Telegram shows it", || (icon(&announcement, &ticket) != before).then_some(()));
    // What the desk has changed itself is nothing that has happened to the ticket, and no line of its thread.
    until("the echo", || (desk.json(&["show", &ticket])["shown"]["note"] == "shown").then_some(()));
    assert!(entries(&desk, &ticket, "activity", "icon changed").is_empty());
    let page = desk.json(&["show", &ticket]);
    assert_eq!((page["status"].as_str(), page["shown"]["note"].as_str()), (Some("assigned"), Some("shown")), "{page}");
}

#[test]
fn doctor_says_whether_status_shows_and_which_cannot() {
    let sandbox = SandboxProcess::start(&[]);
    let off = sandbox.bot_desk("");
    let said = off.run(&["doctor"]);
    assert!(said.out.contains("not shown in Telegram"), "{}", said.out);
    assert!(said.out.contains("uses that only to open tickets"), "{}", said.out);
    let on = sandbox.bot_desk(
        "[telegram.mirror_status]\nenabled = true\nclose_topics = true\n[telegram.mirror_status.icons]\npending = \"⏳\"",
    );
    let said = on.run(&["doctor"]);
    for words in
        ["shown in Telegram, as the icons", "customers cannot write in a closed topic", "pending has the emoji ⏳"]
    {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert_eq!(said.code, Some(1), "{}", said.out);
}

#[test]
fn losing_the_right_to_manage_topics_is_said_and_it_goes_on_when_it_returns() {
    let mut sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0\n[telegram.mirror_status]\nenabled = true");
    desk.run(&["sync"]).ok();
    // Without its privacy mode the bot sees everything as a plain member too: it loses nothing but the right.
    sandbox.cause("privacy-off");
    let mut terminal = Start::new(&[]).data_dir(desk.path()).env("TOPICDESK_AGENT", "anna").size(120, 40).open();
    terminal.sees(" live");
    let tickets = desk.queue("unassigned");
    let note = |ticket: &str| desk.json(&["show", ticket])["shown"]["note"].as_str().unwrap_or_default().to_owned();
    sandbox.cause("demote");
    terminal.sees("status not shown");
    enter(&mut terminal, &tickets[0]);
    terminal.script(&[("c", "claimed")]);
    until("it is said of the ticket", || note(&tickets[0]).contains("may not manage topics").then_some(()));
    terminal.keys("gs");
    terminal.sees("may not manage topics");
    terminal.keys("\x1b");
    sandbox.cause("promote");
    terminal.misses("status not shown");
    until("what waited is shown", || (note(&tickets[0]) == "shown").then_some(()));
}
