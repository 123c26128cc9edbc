//! Status in Telegram with the real binary: an agent works, and the topic in Telegram shows it.

use grammers_tl_types as tl;
use topicdesk::sandbox::Announcement;

use crate::pty::{announcement, enter, entries, open, still};
use crate::support::client::{Phone, peer};
use crate::support::process::{Desk, SandboxProcess, until};

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
    assert!(said.out.contains("uses that only to answer in closed ones"), "{}", said.out);
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
