//! The desk as agents have it: the real binary in a pseudo-terminal, logged in to a real sandbox over TCP.
//!
//! What the screen says is held against what a second process reads and against what Telegram's side has.

use std::path::Path;
use std::time::Duration;

use grammers_tl_types as tl;
use serde_json::Value;
use topicdesk::sandbox::Announcement;

use crate::support::client::{Phone, peer};
use crate::support::process::{Desk, until};
use crate::support::screen::{Start, Terminal};

const SHOP: &str = include_str!("../../assets/worlds/shop.toml");

/// Writes the shop with so many new topics, whose customers never grow impatient and answer at once.
fn world(desk: &Desk, most: u32) -> String {
    let mut text = SHOP.to_owned();
    for (from, to) in [
        ("first = \"20s\"", "first = \"10s\"".to_owned()),
        ("most = 14", format!("most = {most}")),
        ("answer = [\"5s\", \"20s\"]", "answer = [\"2s\", \"4s\"]".to_owned()),
        ("patience = \"4m\"", "patience = \"30d\"".to_owned()),
    ] {
        assert!(text.contains(from), "the shop has no {from}");
        text = text.replacen(from, &to, 1);
    }
    let file = desk.path().join("world.toml");
    std::fs::write(&file, text).expect("writes");
    file.to_str().expect("a path").to_owned()
}

/// A demo in which customers do nothing but answer.
pub(crate) fn still(desk: &Desk) -> Start {
    Start::new(&["demo", "--speed", "10", "--world", &world(desk, 0)]).data_dir(desk.path())
}

/// A demo in which customers take so long to answer that nobody sees it.
pub(crate) fn silent(desk: &Desk) -> Start {
    Start::new(&["demo", "--speed", "0.01", "--world", &world(desk, 0)]).data_dir(desk.path())
}

/// Opens it and waits until everything is there.
pub(crate) fn open(start: Start) -> Terminal {
    let mut terminal = start.open();
    terminal.sees("live");
    terminal.sees("[1 Unassigned");
    terminal.keys("\x1b");
    terminal.misses("Try this");
    terminal
}

/// Opens a ticket by its number.
pub(crate) fn enter(terminal: &mut Terminal, ticket: &str) {
    terminal.keys(format!("g{ticket}\r"));
    terminal.sees(&format!(" #{ticket} "));
    terminal.until("the thread", |screen| screen.contents().contains("activity       topic created"));
}

pub(crate) fn announcement(folder: &Path) -> Announcement {
    let text = std::fs::read_to_string(folder.join("sandbox.json")).expect("the demo has written it");
    serde_json::from_str(&text).expect("an announcement")
}

/// All texts of the group, newest first, as an agent's own Telegram shows them: `(id, text)`.
pub(crate) fn telegram(folder: &Path) -> Vec<(i32, String)> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let announcement = announcement(folder);
        let phone = Phone::new(&announcement, &announcement.first("agent").expect("an agent").auth_key);
        let mut texts = Vec::new();
        let mut offset_id = 0;
        loop {
            let history = tl::functions::messages::GetHistory {
                peer: peer(&announcement.group),
                offset_id,
                offset_date: 0,
                add_offset: 0,
                limit: 100,
                max_id: 0,
                min_id: 0,
                hash: 0,
            };
            let page = phone.call(&history).await.expect("users may");
            let tl::enums::messages::Messages::ChannelMessages(page) = page else {
                panic!("messages of a channel were expected")
            };
            let Some(last) = page.messages.last() else { return texts };
            offset_id = last.id();
            texts.extend(page.messages.into_iter().filter_map(|message| match message {
                tl::enums::Message::Message(message) => Some((message.id, message.message)),
                _ => None,
            }));
        }
    })
}

pub(crate) fn times(texts: &[(i32, String)], wanted: &str) -> usize {
    texts.iter().filter(|(_, text)| text.contains(wanted)).count()
}

/// The entries of a ticket as another process reads them, of one kind and with this in their text.
pub(crate) fn entries(desk: &Desk, ticket: &str, kind: &str, text: &str) -> Vec<Value> {
    let page = desk.json(&["show", ticket]);
    let thread = page["thread"].as_array().expect("a list");
    let has = |entry: &&Value| entry["kind"] == kind && entry["text"].as_str().is_some_and(|own| own.contains(text));
    thread.iter().filter(has).cloned().collect()
}

/// Waits until another process reads a status.
#[track_caller]
fn status(desk: &Desk, ticket: &str, wanted: &str) {
    until(wanted, || (desk.json(&["show", ticket])["status"] == wanted).then_some(()));
}

#[test]
fn a_new_ticket_is_worked_from_claim_to_resolve() {
    let desk = Desk::empty();
    let mut terminal = Start::new(&["demo", "--speed", "10", "--world", &world(&desk, 1)]).data_dir(desk.path()).open();
    terminal.sees("Try this");
    terminal.sees("[1 Unassigned");
    terminal.sees("live");
    // A customer comes, and says what it is about.
    terminal.sees("Will it make it?");
    let ticket = until("the new ticket", || {
        let rows = desk.json(&["queue", "unassigned"]);
        let row =
            rows.as_array()?.iter().find(|row| row["title"].as_str().is_some_and(|title| title.contains("stuck in")));
        row.map(|row| row["id"].to_string())
    });
    enter(&mut terminal, &ticket);
    terminal.script(&[("c", "ASSIGNED · you")]);
    status(&desk, &ticket, "assigned");
    assert_eq!(desk.json(&["show", &ticket])["assignee"], "anna");

    // A template by its code, sent; the customer is answered in Telegram, once.
    terminal.script(&[
        ("t", "Templates"),
        ("hi", "Hello Nora, this is Anna"),
        ("", "draft saved"),
        ("\r", "IN PROGRESS · you"),
    ]);
    status(&desk, &ticket, "in_progress");
    terminal.sees("✓ Hello Nora");
    let template = entries(&desk, &ticket, "message", "Hello Nora");
    assert_eq!(
        (template.len(), &template[0]["state"], &template[0]["author"]),
        (1, &Value::from("sent"), &Value::from("anna"))
    );
    terminal.sees("I leave on Saturday");

    // Free text; at once pending, while the reply can still be taken back. The customer's answer brings it back.
    terminal.script(&[("r", "PUBLIC")]);
    terminal.write("Which order number is it?");
    terminal.script(&[("\r", "takes it back")]);
    terminal.script(&[("p", &format!("Set #{ticket} pending")), ("\r", "set pending")]);
    status(&desk, &ticket, "pending");
    assert_eq!(desk.json(&["show", &ticket])["pending"]["reason"], "customer");
    enter(&mut terminal, &ticket);
    terminal.sees("✓ Which order number is it?");
    terminal.sees("48127");
    terminal.sees("IN PROGRESS · you");
    status(&desk, &ticket, "in_progress");

    // An internal note, and then it is done.
    terminal.script(&[("i", "INTERNAL NOTE")]);
    terminal.write("Nora is kept out of this");
    terminal.script(&[("\r", "NOTE (internal)")]);
    terminal.keys("x");
    terminal.sees(&format!("resolved #{ticket}"));
    status(&desk, &ticket, "resolved");
    assert_eq!(entries(&desk, &ticket, "note", "Nora is kept out").len(), 1);

    let seen = telegram(desk.path());
    for said in ["Hello Nora", "Which order number is it?"] {
        assert_eq!(times(&seen, said), 1, "{said}");
        let entry = entries(&desk, &ticket, "message", said).remove(0);
        assert!(seen.iter().any(|(id, text)| entry["message_id"] == *id && entry["text"] == text.as_str()), "{entry}");
    }
    assert_eq!(times(&seen, "48127"), 1);
    assert_eq!(times(&seen, "kept out of this"), 0, "an internal note has left the desk");
    terminal.keys("q");
    assert_eq!(terminal.ends(), 0);
}

/// The row of the queue that has the cursor.
fn selected(screen: &vt100::Screen) -> String {
    screen.contents().lines().find(|line| line.starts_with('>')).unwrap_or_default().to_owned()
}

#[test]
fn what_was_on_the_screen_is_found_again_and_the_draft_with_it() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    terminal.keys("2");
    terminal.sees("[2 Mine");
    let second = desk.queue("mine").remove(1);
    terminal.keys("j");
    terminal.until("the second one", |screen| selected(screen).contains(&second));
    terminal.script(&[("i", "INTERNAL NOTE")]);
    terminal.write("not finished");
    terminal.script(&[("\x1b", "Draft of a note")]);
    terminal.keys("q");
    assert_eq!(terminal.ends(), 0);
    assert!(entries(&desk, &second, "note", "not finished").is_empty());

    let mut terminal = still(&desk).open();
    terminal.sees("live");
    terminal.sees(&format!(" #{second} "));
    terminal.sees("Draft of a note");
    terminal.script(&[("i", "INTERNAL NOTE"), ("", "not finished"), ("\x1b", "Draft of a note"), ("\x1b", "[2 Mine")]);
    terminal.until("the second one", |screen| selected(screen).contains(&second));
}

#[test]
fn what_is_typed_by_mistake_neither_sends_nor_resolves_nor_is_lost() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let ticket = desk.queue("unassigned").remove(1);
    enter(&mut terminal, &ticket);
    // A Cyrillic keyboard: where Latin ones have c.
    terminal.script(&[("с", "ASSIGNED · you")]);
    status(&desk, &ticket, "assigned");

    // Esc and a key that a slow line brings together are Alt. The help that follows has been typed after them.
    terminal.script(&[("\x1bx", ""), ("?", "Keys here")]);
    terminal.keys("\x1b");
    terminal.misses("Keys here");
    status(&desk, &ticket, "assigned");

    // A paste from a terminal that does not say so, its line ends as Enter and as Ctrl-J; then one that says so.
    let lines = "are you a paste\rit looks like one\nand ends\r";
    terminal.script(&[("r", "PUBLIC"), (lines, "and ends")]);
    terminal.sees("are you a paste");
    terminal.script(&[("\x1b[200~marked\rpaste\r\x1b[201~", "marked")]);
    terminal.sees("draft saved");
    terminal.script(&[("\x1bx", "marked"), ("\x1b", "Draft of a reply"), ("r", "PUBLIC")]);
    for kept in ["are you a paste", "it looks like one", "and ends", "marked", "paste"] {
        terminal.sees(kept);
    }
    assert_eq!(desk.json(&["show", &ticket])["status"], "assigned");
    assert!(entries(&desk, &ticket, "message", "a paste").is_empty());

    // A person's Enter, which comes later than that, sends; `u` takes it back, and the text is there again.
    terminal.script(&[("\r", "takes it back"), ("u", "PUBLIC")]);
    terminal.sees("it looks like one");
    terminal.misses("takes it back");
    assert_eq!(times(&telegram(desk.path()), "it looks like one"), 0);
}

#[test]
fn the_newest_is_taken_back_and_the_cursor_stays_with_the_ticket() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let ticket = desk.queue("unassigned").remove(2);
    enter(&mut terminal, &ticket);
    // Leaving a reply empty gives the ticket back, which goes out of the queue and in again meanwhile.
    terminal.script(&[("r", "PUBLIC"), ("\x1b", "is free again"), ("\x1b", "[1 Unassigned")]);
    terminal.until("the ticket that was open", |screen| selected(screen).contains(&ticket));

    let other = desk.queue("unassigned").remove(0);
    enter(&mut terminal, &other);
    terminal.script(&[("c", "ASSIGNED · you"), ("z", "Snooze #"), ("1", "snoozed #")]);
    terminal.keys("u");
    terminal.sees(&format!("taken back: snoozed #{other}"));
    assert_eq!(desk.json(&["show", &other])["assignee"], "anna");
    terminal.keys("u");
    terminal.sees(&format!("taken back: claimed #{other}"));
    status(&desk, &other, "open");
    terminal.keys(".");
    terminal.sees("this is final");
    terminal.keys("u");
    terminal.sees("that cannot be taken back");
}

/// The colours that a program has asked for: parameters of SGR sequences that set one.
fn colours(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    let sets = |number: u16| matches!(number, 30..=38 | 40..=48 | 58 | 90..=97 | 100..=107);
    let coloured = |sequence: &String| sequence.split([';', ':']).filter_map(|part| part.parse().ok()).any(sets);
    sequences.filter(coloured).collect()
}

#[test]
fn any_terminal_will_do() {
    let desk = Desk::empty();
    let terminal = open(still(&desk));
    assert!(!colours(&terminal.bytes()).is_empty());
    drop(terminal);
    let mut terminal = open(still(&desk).env("NO_COLOR", "1").env("TERM", "dumb"));
    let ticket = desk.queue("unassigned").remove(0);
    enter(&mut terminal, &ticket);
    terminal.script(&[("t", "Templates"), ("\x1b", "PUBLIC")]);
    assert_eq!(colours(&terminal.bytes()), Vec::<String>::new());
    drop(terminal);
    // A locale without UTF-8, and a terminal nobody knows.
    let mut terminal = still(&desk).env("LC_ALL", "C").env("TERM", "nobody-knows-it").open();
    terminal.sees("live");
    terminal.script(&[("1", "> o"), ("t", "Templates")]);
    terminal.until("a frame in ASCII", |screen| !screen.contents().contains(['│', '┌', '●', '⇄']));
}

#[test]
fn a_storm_of_resizes_ends_in_a_right_screen() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let ticket = desk.queue("unassigned").remove(0);
    enter(&mut terminal, &ticket);
    terminal.script(&[("r", "PUBLIC")]);
    terminal.write("through the storm");
    for step in 0..200_u16 {
        terminal.resize(1 + step * 7 % 180, 1 + step * 5 % 60);
    }
    // Too small to work: that is said and nothing else, no key does anything, and nothing is lost.
    terminal.resize(59, 15);
    terminal.sees("too small: 59x15, 60x16 needed");
    terminal.misses("PUBLIC");
    terminal.keys("nobody sees this\r");
    terminal.resize(20, 5);
    terminal.sees("too small: 20x5,");
    terminal.sees("works here but C-c,");
    terminal.resize(60, 16);
    terminal.sees("through the storm");
    terminal.misses("nobody sees this");
    assert_eq!(desk.messages(&ticket).iter().filter(|(_, text)| text.contains("through the storm")).count(), 0);
    terminal.resize(160, 50);
    terminal.sees("through the storm");
    terminal.sees("[1 Unassigned");
    let rows = |screen: &vt100::Screen| screen.contents().lines().filter(|line| line.contains("Unassigned")).count();
    terminal.until("one bar of tabs", |screen| rows(screen) == 1 && screen.contents().lines().count() == 50);
    terminal.resize(80, 24);
    terminal.script(&[("\x1b", "Draft of a reply"), ("\x1b", "[1 Unassigned")]);
}

#[test]
fn without_a_terminal_it_says_so() {
    let desk = Desk::empty();
    desk.configure("[[agents]]\nname = \"anna\"\n");
    desk.run(&[]).fails(2, "the desk needs a terminal");
    let other = Desk::empty();
    other.run(&["demo"]).fails(2, "the demo needs a terminal");
    assert!(!other.path().join("sandbox.json").exists());
}

#[test]
fn a_demo_that_somebody_has_is_left_alone() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    let who = format!("in use by process {}", terminal.pid());
    let ticket = desk.queue("unassigned").remove(0);
    let announced = std::fs::read(desk.path().join("sandbox.json")).expect("is there");
    let other = still(&desk).open();
    assert_eq!(other.ends(), 3);
    let said = String::from_utf8_lossy(&other.bytes()).into_owned();
    assert!(said.contains(&who) && !said.contains("\x1b[?1049h"), "{said}");
    // The first one has noticed nothing.
    assert_eq!(std::fs::read(desk.path().join("sandbox.json")).expect("is there"), announced);
    enter(&mut terminal, &ticket);
    terminal.script(&[("c", "ASSIGNED · you")]);
    status(&desk, &ticket, "assigned");
}

#[test]
fn a_demo_leaves_nothing_behind() {
    let desk = Desk::empty();
    let start = Start::new(&["demo", "--world", &world(&desk, 0)]);
    let folder = desk.path().join("tmp");
    std::fs::create_dir(&folder).expect("a folder");
    let mut terminal = open(start.env("TMPDIR", folder.to_str().expect("a path")));
    let inside = || std::fs::read_dir(&folder).expect("is there").count();
    assert_eq!(inside(), 1);
    terminal.keys("q");
    assert_eq!(terminal.ends(), 0);
    terminal.left_as("the terminal as it was", Terminal::given_back);
    assert_eq!(inside(), 0);
}

#[test]
fn silence_costs_nothing() {
    let desk = Desk::empty();
    let terminal = open(still(&desk).size(160, 50));
    terminal.settles(Duration::from_secs(6));
    // The ages in the queue move every fifth minute: one of three windows is without.
    let mut windows = Vec::new();
    for _ in 0..3 {
        let before = terminal.processor();
        let bytes = terminal.listens(60, Duration::from_secs(8));
        let busy = terminal.processor() - before;
        windows.push((bytes, busy));
        if bytes <= 60 && busy < Duration::from_millis(400) {
            return;
        }
    }
    panic!("too much of bytes or of the processor in 8 seconds, three times: {windows:?}");
}
