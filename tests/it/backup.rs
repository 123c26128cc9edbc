//! A copy of a desk that works: it is the desk at one instant, which its revision names, and so is what is put back.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use topicdesk::clock::Clock;
use topicdesk::desk::along::Along;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::AgentName;
use topicdesk::desk::thread::Delivery;
use topicdesk::engine::handle::{Handle, new_command_id};
use topicdesk::engine::runner::{self, EngineSetup};
use topicdesk::engine::transport::{Batch, Cursor, Happening, Incoming, LinkState};
use topicdesk::engine::views::{EntryKind, ThreadPage, View, ViewRequest, Window};
use topicdesk::store::{Reader, backup};

use crate::support::bench::{Bench, GROUP, LI, OLENA, at, created, facts, person, rules, text, ticket};

/// What was done, by the revision that did it.
type Done = BTreeMap<u64, String>;

/// Goes on until it is over.
#[derive(Default)]
struct Load {
    over: AtomicBool,
    done: AtomicUsize,
}

impl Load {
    /// Gives one command after another, and tells which revision each has made.
    async fn give(self: Arc<Self>, handle: Handle, command: impl Fn(usize) -> (String, Command)) -> Done {
        let mut done = Done::new();
        while !self.over.load(Ordering::SeqCst) {
            let (what, command) = command(done.len());
            let receipt = handle.submit(new_command_id(), command).await.unwrap_or_else(|why| panic!("{what}: {why}"));
            assert_eq!(done.insert(receipt.revision, what), None, "a revision of its own");
            self.done.fetch_add(1, Ordering::SeqCst);
        }
        done
    }

    /// Lets a customer write one message after another.
    async fn write(self: Arc<Self>, handle: Handle, incoming: mpsc::Sender<Incoming>, mut cursor: Cursor) -> Done {
        let (mut done, mut heard) = (Done::new(), handle.watch());
        while !self.over.load(Ordering::SeqCst) {
            let number = done.len();
            let what = format!("customer {number}");
            let id = 1_000 + i32::try_from(number).expect("few");
            let message = Happening::Message(text(id, 9, OLENA, at(100 + i64::from(id)), &what));
            let from = cursor.clone();
            cursor.pts += 1;
            let happenings = vec![(GROUP, message)];
            let batch = Batch { from, to: cursor.clone(), people: vec![person(OLENA)], happenings };
            incoming.send(Incoming::Batch(batch)).await.expect("the engine runs");
            let revision = loop {
                let revision = heard.next().await.expect("the engine runs");
                assert!(!revision.all, "nobody can tell which revision that was");
                if revision.changed.contains(&ticket(9)) {
                    break revision.number;
                }
            };
            done.insert(revision, what);
            self.done.fetch_add(1, Ordering::SeqCst);
        }
        done
    }

    async fn until(&self, done: usize) {
        while self.done.load(Ordering::SeqCst) < done {
            tokio::task::yield_now().await;
        }
    }
}

async fn page(handle: &Handle, topic: i32) -> ThreadPage {
    match handle.read(ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 10_000 }).await {
        View::Thread(page) => *page,
        other => panic!("{other:?}"),
    }
}

async fn texts(handle: &Handle, topic: i32, kind: EntryKind) -> Vec<String> {
    let entries = page(handle, topic).await.thread.into_iter().filter(|entry| entry.kind == kind);
    let mut texts: Vec<String> = entries.map(|entry| entry.text).collect();
    texts.sort();
    texts
}

/// What had been done by then.
fn by(done: &[&Done], revision: u64) -> Vec<String> {
    let mut texts: Vec<String> =
        done.iter().flat_map(|done| done.range(..=revision).map(|(_, what)| what.clone())).collect();
    texts.sort();
    texts
}

/// What a desk that was put back says, against what had been done by its revision.
async fn compare(folder: &Path, [notes, more, replies, moves, customer]: [&Done; 5]) -> u64 {
    let revision = Reader::open(folder).and_then(|reader| reader.revision()).expect("reads");
    let desk = runner::read_only(folder, rules(), Clock::System).expect("opens");
    let handle = desk.handle(AgentName::from("anna"));
    assert_eq!(texts(&handle, 5, EntryKind::Note).await, by(&[notes, more], revision), "notes at {revision}");
    let written = by(&[customer], revision);
    let mirrored = texts(&handle, 9, EntryKind::Message).await;
    assert_eq!(mirrored.iter().filter(|text| text.starts_with("customer")).cloned().collect::<Vec<_>>(), written);
    let assignee = page(&handle, 7).await.ticket.row.assignee.map_or_else(String::new, |agent| agent.0);
    let last = moves.range(..=revision).next_back().map_or("", |(_, what)| what.split(' ').next().unwrap_or_default());
    assert_eq!(assignee, last, "whose it is at {revision}");
    // What was still to be sent is there, each once, and waits for a person.
    let View::Outbox { rows } = handle.read(ViewRequest::Outbox).await else { panic!("no outbox") };
    assert!(rows.iter().all(|row| matches!(row.delivery, Delivery::Parked { .. })), "{rows:?}");
    assert_eq!(rows.len(), by(&[replies], revision).len(), "replies at {revision}");
    let said = texts(&handle, 11, EntryKind::Message).await;
    assert_eq!(
        said.iter().filter(|text| text.starts_with("reply")).cloned().collect::<Vec<_>>(),
        by(&[replies], revision)
    );
    revision
}

#[test]
fn a_copy_made_under_load_is_put_back_as_its_revision_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let history: Vec<_> = [(5, OLENA), (7, LI), (9, OLENA), (11, LI)]
        .into_iter()
        .flat_map(|(id, who)| [created(id, who, at(0), "Help"), text(id + 1, id, who, at(1), "I need help")])
        .collect();
    let bench = Bench::followed(&history);
    let (folder, cursor) = (bench.folder.clone(), bench.cursor.clone());
    drop(bench);
    let copies = tempfile::tempdir().expect("a folder");
    let worked = async {
        let setup = EngineSetup { data: folder.path().to_owned(), rules: rules(), clock: Clock::System };
        let (desk, ends) = runner::start(setup).expect("starts");
        for said in [Incoming::Link(LinkState::Connecting), Incoming::Facts(facts()), Incoming::Link(LinkState::Live)] {
            ends.incoming.send(said).await.expect("the engine runs");
        }
        let handle = desk.handle(AgentName::from("anna"));
        // Then all has been told that concerns every ticket.
        while !matches!(handle.read(ViewRequest::Desk).await, View::Desk(desk) if desk.link == Some(LinkState::Live)) {
            tokio::task::yield_now().await;
        }
        let load = Arc::new(Load::default());
        let handle = |agent: &str| desk.handle(AgentName::from(agent));
        let note = |who: &'static str| {
            move |number| {
                let text = format!("note {who} {number}");
                (text.clone(), Command::Note { ticket: ticket(5), text })
            }
        };
        let reply = |number| {
            let text = format!("reply {number}");
            let (reply_to, seen, file) = (None, None, None);
            let ticket = ticket(11);
            (text.clone(), Command::Reply { ticket, text, reply_to, hold: false, seen, file, along: Along::default() })
        };
        let moves = |number: usize| match number % 2 {
            0 => (format!("tom {number}"), Command::Claim { ticket: ticket(7) }),
            _ => (format!(" {number}"), Command::Release { ticket: ticket(7) }),
        };
        let tasks = [
            tokio::spawn(load.clone().give(handle("anna"), note("a"))),
            tokio::spawn(load.clone().give(handle("tom"), note("b"))),
            tokio::spawn(load.clone().give(handle("anna"), reply)),
            tokio::spawn(load.clone().give(handle("tom"), moves)),
            tokio::spawn(load.clone().write(handle("anna"), ends.incoming.clone(), cursor)),
        ];
        let mut made = Vec::new();
        for number in 0..5 {
            // Each while more is being done than before.
            load.until(20 + 30 * number).await;
            let (data, to) = (folder.path().to_owned(), copies.path().join(format!("copy-{number}.db")));
            let before = load.done.load(Ordering::SeqCst);
            let path = to.clone();
            tokio::task::spawn_blocking(move || backup::backup(&data, &path)).await.expect("no panic").expect("copies");
            load.until(before + 5).await;
            made.push(to);
        }
        load.over.store(true, Ordering::SeqCst);
        let mut done = Vec::new();
        for task in tasks {
            done.push(task.await.expect("no panic"));
        }
        desk.stop();
        let done: [Done; 5] = done.try_into().expect("five");
        let done = done.each_ref();
        let mut last = 0;
        for (number, copy) in made.iter().enumerate() {
            let folder = copies.path().join(format!("desk-{number}"));
            assert_eq!(backup::restore(&folder, copy).expect("puts back"), None);
            let revision = compare(&folder, done).await;
            let all = done.iter().filter_map(|done| done.keys().next_back()).max().copied().unwrap_or(0);
            assert!(last < revision && revision < all, "made while more was done: {last} {revision} {all}");
            last = revision;
        }
    };
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), worked).await.expect("it takes a minute and more");
    });
    runtime.shutdown_background();
}
