//! Files over real sockets: fetched, broken off and gone on with, and sent once, whatever dies when.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use topicdesk::desk::along::Along;
use topicdesk::desk::command::Command;
use topicdesk::desk::files::Attachment;
use topicdesk::desk::ids::{GroupId, MessageId, TicketKey, TopicId};
use topicdesk::engine::handle::{Handle, new_command_id};
use topicdesk::engine::runner::Desk;
use topicdesk::engine::views::{Alert, FileNews, ThreadPage};
use topicdesk::sandbox::trouble::Trouble;
use topicdesk::sandbox::world::{Content, Media, Message, Post, Refusal};
use topicdesk::sandbox::{Fault, Sandbox};
use topicdesk::telegram::Setup;

use crate::mirror::{customer, login_as_bot, open, sandbox, setup, until_synced, until_thread};

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A desk in sync with a topic of a customer's.
struct Place {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    setup: Setup,
    desk: Desk,
    handle: Handle,
    key: TicketKey,
}

impl Place {
    async fn new() -> Place {
        let sandbox = sandbox().await;
        let folder = tempfile::tempdir().expect("a folder");
        let setup = setup(&sandbox, folder.path());
        login_as_bot(&sandbox, &setup).await;
        let topic = sandbox.world().open_topic(customer(&sandbox), "With a file").expect("opens");
        let (desk, handle) = open(folder.path(), setup.clone());
        until_synced(&handle).await;
        let key = TicketKey { group: GroupId(sandbox.announcement().group.id), topic: TopicId(topic) };
        Place { sandbox, folder, setup, desk, handle, key }
    }

    /// The process dies, and another begins.
    async fn reopened(self) -> Place {
        let Place { sandbox, folder, setup, desk, handle, key } = self;
        drop(handle);
        desk.stop();
        let (desk, handle) = open(folder.path(), setup.clone());
        Place { sandbox, folder, setup, desk, handle, key }
    }

    fn calls(&self, method: &str) -> u64 {
        self.sandbox.world().calls(method)
    }

    fn refuse(&self, method: &str, code: i32, name: &str) {
        self.sandbox.world().arm(method, None, Fault::Refuse(Refusal::new(code, name)));
    }

    /// The customer sends something; waits until the desk has it.
    async fn receive(&self, media: Media) -> MessageId {
        let (world, author) = (self.sandbox.world(), customer(&self.sandbox));
        let now = world.now();
        let post = Post::new(author, self.key.topic.0, "look").with_media(media);
        let id = MessageId(world.with(|world| world.send(post, now)).expect("sends"));
        until_thread(&self.handle, self.key, "the file's message never came", |page| has(page, id)).await;
        id
    }

    /// What the customer sent.
    fn bytes(&self, message: MessageId) -> Vec<u8> {
        let group = self.key.group.0;
        self.sandbox.world().with(|world| world.bytes(group, message.0, 0, usize::MAX)).expect("has a file")
    }

    async fn fetch(&self, message: MessageId) -> PathBuf {
        let mut news = self.handle.watch();
        let command = Command::Fetch { ticket: self.key, message };
        let file = self.handle.submit(new_command_id(), command).await.expect("accepted").file.expect("a file");
        let came = async {
            while !file.path.is_file() {
                let alerts = news.next().await.expect("the desk runs").alerts;
                for alert in alerts {
                    if let Alert::File(FileNews::Missed { why, .. }) = alert {
                        panic!("missed: {why}");
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, came).await.expect("the file never came");
        file.path
    }

    async fn attach(&self, name: &str, contents: &[u8]) -> Attachment {
        let path = self.folder.path().join(name);
        std::fs::write(&path, contents).expect("writes");
        let file = self.handle.attach(path.clone()).await.expect("attaches");
        std::fs::remove_file(path).expect("was there");
        file
    }

    async fn reply(&self, text: &str, file: Attachment) {
        let (ticket, text) = (self.key, text.to_owned());
        let command = Command::Reply {
            ticket,
            text,
            reply_to: None,
            hold: false,
            seen: None,
            file: Some(file),
            along: Along::default(),
        };
        self.handle.submit(new_command_id(), command).await.expect("accepted");
    }

    async fn until_state(&self, state: &str) -> ThreadPage {
        let mut found = None;
        until_thread(&self.handle, self.key, state, |page| {
            let good = page.thread.iter().any(|entry| entry.state.as_deref() == Some(state));
            found = good.then(|| page.clone());
            good
        })
        .await;
        found.expect("it was good")
    }

    /// The messages in the topic that bring a file and are not the customer's.
    fn brought(&self) -> Vec<Message> {
        let customer = customer(&self.sandbox);
        self.sandbox.world().with(|world| {
            let group = world.group(world.forum()).expect("a group");
            let own = group.messages().filter(|one| one.topic == self.key.topic.0 && one.sender != customer);
            own.filter(|one| media(one).is_some()).cloned().collect()
        })
    }

    /// Copies that wait for their replies.
    fn waiting(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join("files/outgoing")).expect("is there");
        entries.map(|entry| entry.expect("reads").path()).collect()
    }

    async fn end(self) {
        self.desk.stop();
        self.sandbox.stop().await;
    }
}

fn has(page: &ThreadPage, id: MessageId) -> bool {
    page.thread.iter().any(|entry| entry.message_id == Some(id))
}

fn media(message: &Message) -> Option<&Media> {
    match &message.content {
        Content::Said { media, .. } => media.as_ref(),
        Content::Service(_) => None,
    }
}

fn document(name: &str, size: i64) -> Media {
    Media::File { name: name.to_owned(), mime: "application/octet-stream".to_owned(), size }
}

/// Bytes that are different everywhere.
fn made_up(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn part_of(path: &Path) -> Option<(PathBuf, u64)> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let mut entries = std::fs::read_dir(path.parent()?).ok()?.filter_map(Result::ok);
    let part = entries.find(|entry| {
        let own = entry.file_name().to_string_lossy().into_owned();
        own.starts_with(&name) && own.ends_with(".part")
    })?;
    Some((part.path(), part.metadata().ok()?.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_and_a_photo_are_fetched_whole_whatever_telegram_says_meanwhile() {
    let place = Place::new().await;
    let message = place.receive(document("../run me\u{202e}.sh", 1_300_000)).await;
    let photo = place.receive(Media::Photo { width: 800, height: 600, size: 140_000 }).await;
    // Each once, at some part of it: cut before and after it was worked on, told to wait, sent to the data centre it is in.
    let world = place.sandbox.world();
    world.arm("upload.getFile", None, Fault::CutBefore);
    world.arm("upload.getFile", None, Fault::CutAfter);
    place.refuse("upload.getFile", 420, "FLOOD_WAIT_1");
    place.refuse("upload.getFile", 420, "FLOOD_PREMIUM_WAIT_1");
    place.refuse("upload.getFile", 303, "FILE_MIGRATE_2");
    place.refuse("upload.getFile", 500, "WORKER_BUSY_TOO_LONG_RETRY");
    let path = place.fetch(message).await;
    assert!(std::fs::read(&path).expect("reads") == place.bytes(message), "other bytes");
    assert_eq!(path.parent(), Some(place.folder.path().join("files").as_path()), "nowhere else");
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.ends_with("-_.._run me.sh") || name.ends_with("_run me.sh"), "{name}");
    let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let path = place.fetch(photo).await;
    assert!(std::fs::read(&path).expect("reads") == place.bytes(photo), "other bytes");
    // What is there is not asked for again.
    let before = place.calls("upload.getFile");
    place.fetch(photo).await;
    assert_eq!(place.calls("upload.getFile"), before);
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_broke_off() {
    let place = Place::new().await;
    let message = place.receive(document("big.bin", 32 * (256 << 10))).await;
    place.sandbox.world().cause(&Trouble::Slow(Duration::from_millis(5))).expect("slow");
    let command = Command::Fetch { ticket: place.key, message };
    let file = place.handle.submit(new_command_id(), command).await.expect("accepted").file.expect("a file");
    let begun = async {
        while part_of(&file.path).is_none_or(|(_, size)| size < 4 * (256 << 10)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("never began");
    let place = place.reopened().await;
    place.sandbox.world().cause(&Trouble::Slow(Duration::ZERO)).expect("fast");
    until_synced(&place.handle).await;
    let (part, had) = part_of(&file.path).expect("the part is kept");
    assert!(!file.path.exists());
    // The last part was cut short with the machine.
    let torn = std::fs::OpenOptions::new().write(true).open(part).expect("opens");
    torn.set_len(had - 100).expect("cuts");
    let before = place.calls("upload.getFile");
    let path = place.fetch(message).await;
    assert!(std::fs::read(&path).expect("reads") == place.bytes(message), "other bytes");
    let parts = place.calls("upload.getFile") - before;
    assert!(parts <= 32 - 3, "{parts} parts of 32 came again, {had} bytes were there");
    assert_eq!(part_of(&path), None);
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_reference_is_asked_for_again() {
    let place = Place::new().await;
    let message = place.receive(document("big.bin", 8 * (256 << 10))).await;
    place.sandbox.world().cause(&Trouble::Slow(Duration::from_millis(5))).expect("slow");
    let command = Command::Fetch { ticket: place.key, message };
    let before = place.calls("upload.getFile");
    place.handle.submit(new_command_id(), command).await.expect("accepted");
    let begun = async {
        while place.calls("upload.getFile") < before + 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("never began");
    place.sandbox.world().cause(&Trouble::AgeFiles).expect("they grow old");
    let path = place.fetch(message).await;
    assert!(std::fs::read(&path).expect("reads") == place.bytes(message), "other bytes");
    assert!(place.calls("upload.getFile") - before > 8, "one part was refused");
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_said_to_be() {
    let place = Place::new().await;
    let message = place.receive(document("a.bin", 1_000)).await;
    place.fetch(message).await;
    let other = place.receive(document("b.bin", 1_000)).await;
    place.refuse("upload.getFile", 400, "FILE_ID_INVALID");
    let mut news = place.handle.watch();
    let command = Command::Fetch { ticket: place.key, message: other };
    place.handle.submit(new_command_id(), command).await.expect("accepted");
    let missed = async {
        loop {
            for alert in news.next().await.expect("the desk runs").alerts {
                if let Alert::File(FileNews::Missed { why, .. }) = alert {
                    return why;
                }
            }
        }
    };
    let why = tokio::time::timeout(PATIENCE, missed).await.expect("never said");
    assert!(why.contains("FILE_ID_INVALID"), "{why}");
    // What is deleted in Telegram leaves the cache too.
    let cached = place.fetch(message).await;
    place.sandbox.world().cause(&Trouble::Empty(message.0)).expect("deletes");
    until_thread(&place.handle, place.key, "never deleted", |page| {
        page.thread.iter().any(|entry| entry.message_id == Some(message) && entry.deleted)
    })
    .await;
    assert!(!cached.exists());
    let command = Command::Fetch { ticket: place.key, message };
    assert!(place.handle.submit(new_command_id(), command).await.is_err());
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_photos_leave_with_their_captions() {
    let place = Place::new().await;
    let contents = made_up(700_000);
    let file = place.attach("Счёт 7.pdf", &contents).await;
    place.sandbox.world().arm("upload.saveFilePart", None, Fault::CutAfter);
    place.refuse("upload.saveFilePart", 420, "FLOOD_WAIT_1");
    place.reply("Here is the invoice", file).await;
    place.until_state("sent").await;
    let brought = place.brought();
    let [sent] = brought.as_slice() else { panic!("once: {brought:?}") };
    assert_eq!(sent.text(), "Here is the invoice");
    let wanted = Media::File { name: "Счёт 7.pdf".into(), mime: "application/pdf".into(), size: 700_000 };
    assert_eq!(media(sent), Some(&wanted));
    assert!(place.bytes(MessageId(sent.id)) == contents, "other bytes");
    assert!(place.waiting().is_empty(), "the copy goes with the reply");

    // A picture becomes a photo, and the entry says what Telegram has made of it.
    let picture = made_up(90_000);
    let file = place.attach("screen.png", &picture).await;
    place.reply("", file).await;
    until_thread(&place.handle, place.key, "a photo", |page| {
        page.thread
            .iter()
            .any(|entry| entry.text.starts_with("[photo 800x600") && entry.state.as_deref() == Some("sent"))
    })
    .await;
    let brought = place.brought();
    assert_eq!(brought.len(), 2, "{brought:?}");
    assert!(place.bytes(MessageId(brought[1].id)) == picture, "other bytes");

    // Of what is no picture Telegram makes no photo: it goes as a file, under the same key.
    let file = place.attach("broken.jpg", b"not a picture").await;
    place.refuse("messages.sendMedia", 400, "IMAGE_PROCESS_FAILED");
    place.reply("see", file).await;
    until_thread(&place.handle, place.key, "a file", |page| {
        page.thread.iter().any(|entry| entry.text.contains("broken.jpg") && entry.state.as_deref() == Some("sent"))
    })
    .await;
    assert!(matches!(place.brought().last().and_then(media), Some(Media::File { .. })));
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_file_leaves_in_big_parts() {
    let place = Place::new().await;
    let contents = made_up((10 << 20) + 5);
    let file = place.attach("video.bin", &contents).await;
    let mut news = place.handle.watch();
    place.reply("the recording", file).await;
    place.until_state("sent").await;
    assert_eq!(place.calls("upload.saveBigFilePart"), 21);
    assert_eq!(place.calls("upload.saveFilePart"), 0);
    let brought = place.brought();
    let [sent] = brought.as_slice() else { panic!("once: {brought:?}") };
    assert!(place.bytes(MessageId(sent.id)) == contents, "other bytes");
    let mut told = false;
    while let Ok(Some(revision)) = tokio::time::timeout(Duration::from_millis(1), news.next()).await {
        told |= revision.alerts.iter().any(|alert| matches!(alert, Alert::File(FileNews::Leaving { .. })));
    }
    assert!(told, "nobody said how far it is");
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_the_upload_and_the_send_sends_once_and_brings_nothing_again() {
    for fault in [Fault::Silence, Fault::CutAfter] {
        let place = Place::new().await;
        let contents = made_up(1_200_000);
        let file = place.attach("log.txt", &contents).await;
        // Never worked on; or worked on, and nobody heard of it.
        place.sandbox.world().arm("messages.sendMedia", None, fault.clone());
        place.reply("the log", file).await;
        let asked = async {
            while place.calls("messages.sendMedia") == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.expect("never asked");
        let parts = place.calls("upload.saveFilePart");
        assert_eq!(parts, 3);
        let place = place.reopened().await;
        place.until_state("sent").await;
        let brought = place.brought();
        let [sent] = brought.as_slice() else { panic!("once, with {fault:?}: {brought:?}") };
        assert!(place.bytes(MessageId(sent.id)) == contents, "other bytes");
        assert_eq!(place.calls("upload.saveFilePart"), parts, "{fault:?}");
        assert!(place.waiting().is_empty());
        place.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_the_upload_brings_it_again_and_sends_once() {
    let place = Place::new().await;
    let contents = made_up(3_000_000);
    let file = place.attach("log.txt", &contents).await;
    place.sandbox.world().cause(&Trouble::Slow(Duration::from_millis(5))).expect("slow");
    place.reply("the log", file).await;
    let begun = async {
        while place.calls("upload.saveFilePart") < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, begun).await.expect("never began");
    let place = place.reopened().await;
    place.sandbox.world().cause(&Trouble::Slow(Duration::ZERO)).expect("fast");
    place.until_state("sent").await;
    let brought = place.brought();
    let [sent] = brought.as_slice() else { panic!("once: {brought:?}") };
    assert!(place.bytes(MessageId(sent.id)) == contents, "other bytes");
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_has_changed_or_vanished_parks_its_reply() {
    let place = Place::new().await;
    let changed = place.attach("a.txt", b"as it was").await;
    let [copy] = place.waiting().try_into().expect("one copy");
    std::fs::write(&copy, b"as it is!").expect("writes");
    place.reply("first", changed).await;
    let page = place.until_state("parked").await;
    let why =
        serde_json::to_string(&page.thread.iter().find(|entry| entry.delivery.is_some()).expect("an entry").delivery)
            .expect("JSON");
    assert!(why.contains("a.txt has changed since it was attached"), "{why}");

    let vanished = place.attach("b.txt", b"here").await;
    let copy = place.waiting().into_iter().find(|path| path.to_string_lossy().ends_with("b.txt")).expect("a copy");
    // Held for the seconds in which it could be taken back.
    let (ticket, text) = (place.key, "second".to_owned());
    let command = Command::Reply {
        ticket,
        text,
        reply_to: None,
        hold: true,
        seen: None,
        file: Some(vanished),
        along: Along::default(),
    };
    place.handle.submit(new_command_id(), command).await.expect("accepted");
    std::fs::remove_file(copy).expect("was there");
    until_thread(&place.handle, place.key, "both parked", |page| {
        page.thread.iter().filter(|entry| entry.state.as_deref() == Some("parked")).count() == 2
    })
    .await;
    assert!(place.brought().is_empty());
    assert_eq!(place.calls("messages.sendMedia"), 0);
    place.end().await;
}
