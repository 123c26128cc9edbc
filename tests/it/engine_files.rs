//! Files in the engine: what is asked for, what is told without being written down, and what a reply takes along.

use std::path::PathBuf;
use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::Command;
use topicdesk::desk::files::Attachment;
use topicdesk::desk::ids::{CommandId, MessageId};
use topicdesk::desk::thread::{Content, Media, Message, Post};
use topicdesk::engine::transport::{Failure, Freight, Happening, Incoming, Order, Outcome};
use topicdesk::engine::views::{Alert, FileNews};
use topicdesk::store::files::Files;

use crate::support::bench::{BOT, Bench, GROUP, LI, OLENA, at, created, text, ticket};

fn file(id: i32, topic: i32, name: &str) -> Message {
    let media = Media::File { name: name.to_owned(), size: 1_000, mime: "application/pdf".to_owned() };
    let content = Content::Post(Post { media: Some(media), ..Post::default() });
    Message { content, ..text(id, topic, OLENA, at(1), "") }
}

fn history() -> Vec<Message> {
    let mut all = vec![
        created(5, OLENA, at(0), "Cannot log in"),
        file(6, 5, "../../.bash\u{202e}rc"),
        text(7, 5, OLENA, at(2), "nothing here"),
    ];
    for topic in [10, 12, 14] {
        all.push(created(topic, LI, at(3), "Refund"));
        all.push(text(topic + 1, topic, LI, at(4), "money, please"));
    }
    all
}

fn fetch(message: i32) -> Command {
    Command::Fetch { ticket: ticket(5), message: MessageId(message) }
}

fn downloads(bench: &mut Bench) -> Vec<PathBuf> {
    let all = bench.orders.extract_if(.., |order| matches!(order, Order::Download { .. }));
    all.filter_map(|order| match order {
        Order::Download { to, .. } => Some(to),
        _ => None,
    })
    .collect()
}

fn news(bench: &mut Bench) -> Vec<FileNews> {
    let all = std::mem::take(&mut bench.alerts).into_iter();
    all.filter_map(|alert| match alert {
        Alert::File(news) => Some(news),
        _ => None,
    })
    .collect()
}

fn staged(bench: &Bench, name: &str) -> Attachment {
    let path = bench.folder.path().join(name);
    std::fs::write(&path, b"contents").expect("writes");
    Files::of(bench.folder.path()).stage(&path).expect("stages")
}

fn reply(topic: i32, text: &str, file: Option<Attachment>, hold: bool) -> Command {
    Command::Reply {
        ticket: ticket(topic),
        text: text.to_owned(),
        reply_to: None,
        hold,
        seen: None,
        file,
        along: Along::default(),
    }
}

#[test]
fn a_file_is_asked_for_once_and_how_far_it_is_writes_nothing() {
    let mut bench = Bench::followed(&history());
    let view = bench.command("anna", fetch(6)).expect("accepted").file.expect("a file");
    assert!(!view.ready && view.size == 1_000 && view.name == "_.._.bashrc", "{view:?}");
    assert_eq!(view.path.parent(), Some(bench.folder.path().join("files").as_path()), "nowhere else");
    assert_eq!(downloads(&mut bench), std::slice::from_ref(&view.path));
    bench.command("tom", fetch(6)).expect("on its way already");
    assert!(downloads(&mut bench).is_empty());

    let log = bench.folder.path().join("tickets.db-wal");
    let written = || std::fs::metadata(&log).expect("is there").len();
    let before = written();
    let what = Freight::Download { group: GROUP, message: MessageId(6) };
    bench.incoming(Incoming::Progress { what, done: 500, size: 1_000 });
    let coming = FileNews::Coming { ticket: ticket(5), message: MessageId(6), done: 500, size: 1_000 };
    assert_eq!(news(&mut bench), [coming]);
    assert_eq!(written(), before, "nothing was written down for it");

    std::fs::write(&view.path, b"x").expect("writes");
    bench.incoming(Incoming::Downloaded { group: GROUP, message: MessageId(6) });
    let here = FileNews::Here { ticket: ticket(5), message: MessageId(6), path: view.path.clone() };
    assert_eq!(news(&mut bench), [here]);
    assert!(bench.command("anna", fetch(6)).expect("accepted").file.expect("a file").ready);
    assert!(downloads(&mut bench).is_empty());
}

#[test]
fn what_cannot_be_had_is_said_and_may_be_asked_for_again() {
    let mut bench = Bench::followed(&history());
    assert!(bench.command("anna", fetch(7)).expect_err("no file").to_string().contains("has no file"));
    assert!(bench.command("anna", fetch(99)).expect_err("no message").to_string().contains("there is no message"));
    let view = bench.command("anna", fetch(6)).expect("accepted").file.expect("a file");
    let order = Order::Download { group: GROUP, message: MessageId(6), to: view.path };
    bench.incoming(Incoming::Failed { order, why: Failure::Refused { why: "no more".to_owned() } });
    let missed = FileNews::Missed { ticket: ticket(5), message: MessageId(6), why: "no more".to_owned() };
    assert_eq!(news(&mut bench), [missed]);
    downloads(&mut bench);
    bench.command("anna", fetch(6)).expect("accepted");
    assert_eq!(downloads(&mut bench).len(), 1);
    bench.push(vec![Happening::Deleted(vec![MessageId(6)])]);
    assert!(bench.command("anna", fetch(6)).is_err());
}

/// Found by simulation: seeds 201600 and 202176.
#[test]
fn a_repeat_after_a_crash_has_its_file_fetched() {
    let mut bench = Bench::followed(&history());
    let id = || CommandId("the same".to_owned());
    bench.command_as(id(), "anna", fetch(6)).expect("accepted");
    assert_eq!(downloads(&mut bench).len(), 1);
    bench.command_as(id(), "anna", fetch(6)).expect("on its way");
    assert!(downloads(&mut bench).is_empty());
    // Nobody heard the answer: what was on its way died with the process.
    let mut bench = bench.restart();
    bench.connect();
    let view = bench.command_as(id(), "anna", fetch(6)).expect("accepted").file.expect("a file");
    assert_eq!(downloads(&mut bench), [view.path]);
}

#[test]
fn a_reply_keeps_its_file_over_a_crash_and_lets_go_of_it_when_it_has_left() {
    let mut bench = Bench::followed(&history());
    let copy = staged(&bench, "a.pdf");
    let unused = staged(&bench, "b.pdf");
    let files = Files::of(bench.folder.path());
    bench.command("anna", reply(5, "the invoice", Some(copy.clone()), false)).expect("accepted");
    let first = bench.take_sends().remove(0);
    let outgoing = first.file.clone().expect("a file");
    assert!(!outgoing.repeat && outgoing.name == "a.pdf" && outgoing.path.is_file());

    let mut bench = bench.restart();
    assert!(!files.outgoing(&unused.stored).exists(), "no reply has it");
    bench.connect();
    let again = bench.take_sends().remove(0);
    let outgoing = again.file.clone().expect("a file");
    assert_eq!((again.random_id, outgoing.repeat, outgoing.path.is_file()), (first.random_id, true, true));
    // Telegram has made a photo of it: the entry says so, whichever came first.
    let photo = Media::Photo { width: 8, height: 6, size: 7 };
    let content = Content::Post(Post { text: "the invoice".into(), media: Some(photo), ..Post::default() });
    let echo = Message { content, ..text(20, 5, BOT, bench.now(), "") };
    bench.push(vec![Happening::Message(echo)]);
    bench.incoming(Incoming::Delivery { outbox: again.outbox, outcome: Outcome::Taken });
    let thread = bench.thread(5);
    assert!(thread.contains("message 20 anna: [photo 8x6 7 B]\nthe invoice <sent>"), "{thread}");
    assert!(!files.outgoing(&copy.stored).exists());
}

#[test]
fn a_file_that_is_not_there_or_elsewhere_goes_with_no_reply() {
    let mut bench = Bench::followed(&history());
    let copy = staged(&bench, "a.pdf");
    for stored in ["../a.pdf", "../../etc/passwd", "", ".", "no-such"] {
        let file = Attachment { stored: stored.to_owned(), ..copy.clone() };
        assert!(bench.command("anna", reply(5, "x", Some(file), false)).is_err(), "{stored}");
    }
    assert!(bench.command("anna", reply(5, "", None, false)).is_err(), "nothing at all");
    bench.command("anna", reply(5, "", Some(copy), false)).expect("a file needs no text");
}

#[test]
fn a_text_too_long_for_a_caption_comes_after_its_file() {
    let mut bench = Bench::followed(&history());
    let copy = staged(&bench, "a.pdf");
    let long = "word ".repeat(300);
    bench.command("anna", reply(5, &long, Some(copy), false)).expect("accepted");
    let send = bench.take_sends().remove(0);
    assert!(send.text.is_empty() && send.file.is_some());
    bench.deliver(&send, 30);
    let send = bench.take_sends().remove(0);
    assert!(send.text.starts_with("word") && send.file.is_none());
}

#[test]
fn a_held_reply_keeps_its_file_when_its_text_is_changed() {
    let mut bench = Bench::followed(&history());
    let copy = staged(&bench, "a.pdf");
    let outbox = bench.command("anna", reply(5, "frist", Some(copy), true)).expect("accepted").outbox.expect("a row");
    let held = bench.command("anna", Command::HoldOutbox { outbox }).expect("held");
    assert_eq!(held.text.as_deref(), Some("frist"));
    let edit = Command::EditOutbox { outbox, text: "first".to_owned(), seen: None, confirmed: false };
    bench.command("anna", edit).expect("changed");
    bench.pass(Duration::from_secs(6));
    let send = bench.take_sends().remove(0);
    assert_eq!((send.text.as_str(), send.file.map(|file| file.name)), ("first", Some("a.pdf".to_owned())));
}

#[test]
fn files_on_their_way_leave_room_for_words() {
    let mut bench = Bench::followed(&history());
    for topic in [5, 10, 12] {
        let copy = staged(&bench, &format!("{topic}.pdf"));
        bench.command("anna", reply(topic, "", Some(copy), false)).expect("accepted");
    }
    bench.command("anna", reply(14, "words", None, false)).expect("accepted");
    let sends = bench.take_sends();
    assert_eq!(sends.iter().filter(|send| send.file.is_some()).count(), 2);
    assert!(sends.iter().any(|send| send.text == "words"));
    bench.deliver(&sends[0], 40);
    assert_eq!(bench.take_sends().len(), 1, "the third file");
}

#[test]
fn a_file_that_comes_after_its_message_was_deleted_does_not_stay() {
    let mut bench = Bench::followed(&history());
    let view = bench.command("anna", fetch(6)).expect("accepted").file.expect("a file");
    bench.push(vec![Happening::Deleted(vec![MessageId(6)])]);
    std::fs::write(&view.path, b"x").expect("writes");
    bench.incoming(Incoming::Downloaded { group: GROUP, message: MessageId(6) });
    assert!(!view.path.exists(), "what is deleted in Telegram leaves the files too");
    let all = news(&mut bench);
    assert!(matches!(&all[..], [FileNews::Missed { why, .. }] if why.contains("deleted")), "{all:?}");
}

#[test]
fn a_file_that_comes_while_nothing_can_be_written_down_is_told_all_the_same() {
    let mut bench = Bench::followed(&history());
    let view = bench.command("anna", fetch(6)).expect("accepted").file.expect("a file");
    std::fs::write(&view.path, b"x").expect("writes");
    bench.refuse.store(true, std::sync::atomic::Ordering::SeqCst);
    // The batch makes the step one that has something to write.
    let batch = bench.batch(vec![Happening::Message(text(30, 5, OLENA, at(9), "anybody?"))]);
    let came = Incoming::Downloaded { group: GROUP, message: MessageId(6) };
    bench.step(topicdesk::engine::input::Input::Incoming(vec![Incoming::Batch(batch), came]));
    bench.refuse.store(false, std::sync::atomic::Ordering::SeqCst);
    let here = FileNews::Here { ticket: ticket(5), message: MessageId(6), path: view.path.clone() };
    assert_eq!(news(&mut bench), [here]);
}
