//! Files and links on the screen: opened, saved, asked about, attached, and how far they are.

use topicdesk::clock::Timestamp;
use topicdesk::desk::command::Command;
use topicdesk::desk::files::Attachment;
use topicdesk::desk::ids::{MessageId, OutboxId};
use topicdesk::desk::thread::{Content, Delivery, Entity, EntityKind, Media, Post};
use topicdesk::desk::ticket::Status;
use topicdesk::engine::views::{Alert, Entry, FileNews, FileView, Revision, Side, ThreadPage};

use crate::screens_desk::{Desk, entry, key, open, ticket};

const OLENA: &str = "Olena Kovalenko";

fn with_file(name: &str) -> ThreadPage {
    let mut page = ticket(1042, Status::InProgress, Some("ann"), OLENA, "Which size is it?");
    let media = Media::File { name: name.to_owned(), size: 142_000, mime: "application/pdf".to_owned() };
    let words = "see example.org";
    let link = Entity { offset: 4, length: 11, kind: EntityKind::Url };
    let both = Post { text: words.to_owned(), media: Some(media.clone()), entities: vec![link], ..Post::default() };
    let one = Post { media: Some(media.clone()), ..Post::default() };
    page.thread = vec![
        Entry {
            content: Some(Content::Post(both)),
            ..entry(50, OLENA, Side::Customer, 9, &format!("{media}\n{words}"))
        },
        Entry { content: Some(Content::Post(one)), ..entry(51, OLENA, Side::Customer, 8, &media.to_string()) },
    ];
    page
}

async fn opened(name: &str) -> Desk {
    let mut desk = open(vec![with_file(name)], (80, 24)).await;
    desk.keys("2 Enter").await;
    desk
}

fn view(path: &str, ready: bool) -> FileView {
    let name = path.rsplit('/').next().expect("a name").to_owned();
    FileView { message: MessageId(51), path: path.into(), name, size: 142_000, ready }
}

async fn told(desk: &mut Desk, news: FileNews) {
    desk.screen.revision(Revision { number: 9, alerts: vec![Alert::File(news)], ..Revision::default() });
    desk.screen.settle().await;
}

fn opens(desk: &mut Desk) -> Vec<String> {
    desk.screen.told().into_iter().filter(|told| told.starts_with("open ")).collect()
}

#[tokio::test]
async fn a_file_is_fetched_in_sight_and_opened_when_it_is_there() {
    let mut desk = opened("invoice.pdf").await;
    desk.sees("[file invoice.pdf 142 KB]");
    desk.sees("o opens invoice.pdf (142 KB) · S saves");
    desk.change(|state| state.file = Some(view("/data/files/invoice.pdf", false)));
    desk.keys("o").await;
    desk.sees("downloading: 0 % of 142 KB");
    let (ticket, message) = (key(1042), MessageId(51));
    let reads = |desk: &Desk| desk.state.lock().expect("state").reads.len();
    let before = reads(&desk);
    told(&mut desk, FileNews::Coming { ticket, message, done: 71_000, size: 142_000 }).await;
    desk.sees("downloading: 50 % of 142 KB");
    assert_eq!(reads(&desk), before, "nothing is read again for that");
    assert!(opens(&mut desk).is_empty());
    told(&mut desk, FileNews::Here { ticket, message, path: "/data/files/invoice.pdf".into() }).await;
    desk.misses("downloading");
    assert_eq!(opens(&mut desk), ["open /data/files/invoice.pdf"]);

    desk.change(|state| state.file = Some(view("/data/files/invoice.pdf", true)));
    desk.keys("o").await;
    assert_eq!(opens(&mut desk), ["open /data/files/invoice.pdf"], "at once");
    desk.change(|state| state.file = Some(view("/data/files/invoice.pdf", false)));
    desk.keys("o").await;
    told(&mut desk, FileNews::Missed { ticket, message, why: "the message is not there any more".into() }).await;
    desk.sees("invoice.pdf was not fetched: the message is not there any more");
}

#[tokio::test]
async fn what_may_be_a_program_is_asked_about() {
    for name in ["invoice.pdf.exe", "run.sh", "a.desktop", "page.html", "noname"] {
        let mut desk = opened(name).await;
        desk.change(|state| state.file = Some(view("/data/files/x", true)));
        desk.commands();
        desk.keys("o").await;
        desk.sees("may be or contain a program");
        desk.keys("Esc").await;
        assert!(desk.commands().is_empty() && opens(&mut desk).is_empty(), "{name}");
        desk.keys("o y").await;
        assert_eq!(opens(&mut desk), ["open /data/files/x"], "{name}");
    }
}

#[tokio::test]
async fn several_things_to_open_are_asked_about() {
    let mut desk = opened("invoice.pdf").await;
    desk.keys("k o").await;
    desk.sees("1  invoice.pdf (142 KB)  (Enter)");
    desk.sees("2  https://example.org");
    desk.keys("2").await;
    assert_eq!(opens(&mut desk), ["open https://example.org"]);
}

#[tokio::test]
async fn saving_asks_where_and_before_it_overwrites() {
    let folder = tempfile::tempdir().expect("a folder");
    let cached = folder.path().join("invoice.pdf");
    std::fs::write(&cached, b"new").expect("writes");
    let to = folder.path().join("own.pdf");
    std::fs::write(&to, b"old").expect("writes");
    let mut desk = opened("invoice.pdf").await;
    let path = cached.display().to_string();
    desk.change(|state| state.file = Some(view(&path, true)));
    desk.keys("S").await;
    desk.sees("save as: /tmp/invoice.pdf");
    desk.keys("C-u").await;
    desk.types(&to.display().to_string()).await;
    desk.keys("Enter").await;
    desk.sees("is there already");
    assert_eq!(std::fs::read(&to).expect("reads"), b"old");
    desk.keys("y").await;
    desk.sees("saved as");
    assert_eq!(std::fs::read(&to).expect("reads"), b"new");
}

#[tokio::test]
async fn a_file_goes_with_a_reply_and_comes_back_with_it() {
    let mut desk = opened("invoice.pdf").await;
    let file = Attachment {
        stored: "00-offer.pdf".into(),
        name: "offer.pdf".into(),
        size: 5_000_000,
        written: Timestamp::default(),
    };
    desk.keys("r C-x C-f").await;
    desk.sees("attach file: ~/");
    desk.types("offer.pdf").await;
    desk.keys("Enter").await;
    assert!(desk.screen.told().contains(&"attach ~/offer.pdf".to_owned()));
    desk.sees("the file is being copied");
    desk.types("here").await;
    desk.elapse(300).await;
    desk.commands();
    desk.keys("Enter").await;
    desk.sees("not sent: the file is still being copied");
    desk.screen.attached(key(1042), Ok(file.clone()));
    desk.sees("with [file offer.pdf 5.0 MB] · C-x C-d takes it away");
    desk.keys("C-g").await;
    desk.sees("a note has no file");
    desk.keys("Esc").await;
    desk.keys("r").await;
    desk.sees("with [file offer.pdf 5.0 MB]");
    desk.keys("Enter").await;
    let sent = desk.commands().pop().expect("a reply");
    assert!(
        matches!(&sent, Command::Reply { text, file: Some(own), .. } if text == "here" && *own == file),
        "{sent:?}"
    );
    desk.keys("u").await;
    desk.sees("with [file offer.pdf 5.0 MB]");
    desk.keys("C-x C-d").await;
    assert!(desk.screen.told().contains(&"detach offer.pdf".to_owned()));
    desk.misses("with [file");
    desk.screen.attached(key(1042), Err("~/no is no file".to_owned()));
    desk.sees("not attached: ~/no is no file");
}

#[tokio::test]
async fn an_upload_is_in_its_entry_and_a_parked_one_is_not() {
    let mut page = with_file("invoice.pdf");
    page.thread[1].outbox = Some(OutboxId(3));
    page.thread[1].delivery = Some(Delivery::Sending);
    let mut desk = open(vec![page], (80, 24)).await;
    desk.keys("2 Enter").await;
    let leaving = FileNews::Leaving { ticket: key(1042), outbox: OutboxId(3), done: 524_288, size: 2_000_000 };
    told(&mut desk, leaving).await;
    desk.sees("uploading: 26 % of 2.0 MB");
    desk.change(|state| state.tickets[0].thread[1].delivery = Some(Delivery::Parked { why: "no".to_owned() }));
    desk.changed(1042).await;
    desk.misses("uploading");
    desk.sees("NOT SENT: no");
}
