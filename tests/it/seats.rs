//! Many seats at one engine, over a real socket: who wins, who is refused, who harms whom, and what is left after a death.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use topicdesk::clock::Clock;
use topicdesk::desk::authority::Authority;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, CommandId, ScreenId};
use topicdesk::desk::presence::Presence;
use topicdesk::engine::handle::{Answer, Exported, Handle, Operation, Request, new_command_id};
use topicdesk::engine::runner::{self, Desk, EngineSetup};
use topicdesk::engine::views::{Alert, EngineNews, ThreadPage, View, ViewRequest, Window};
use topicdesk::seat::SeatError;
use topicdesk::seat::client::{self, Attach, Host};
use topicdesk::seat::server::{self, Access, Gate, Listening};

use crate::support::bench::{Bench, LI, OLENA, at, created, rules, text, ticket};

/// Of the seats' protocol.
const VERSION: u32 = 2;

/// A desk with two tickets, on disk.
struct House {
    data: Arc<TempDir>,
    /// Where the socket lies.
    folder: TempDir,
}

/// An engine that runs and is listened for.
struct Running {
    desk: Desk,
    listening: Listening,
}

impl House {
    fn new() -> House {
        let bench = Bench::followed(&[
            created(5, OLENA, at(0), "Cannot log in"),
            text(6, 5, OLENA, at(1), "After the update I cannot log in"),
            created(7, LI, at(10), "Refund"),
            text(8, 7, LI, at(11), "I want my money back"),
        ]);
        let data = bench.folder.clone();
        drop(bench);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).expect("sets");
        House { data, folder }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("desk.sock")
    }

    fn open(&self) -> Desk {
        let setup = EngineSetup { data: self.data.path().to_owned(), rules: rules(), clock: Clock::System };
        let (desk, _nobody) = runner::start(setup).expect("starts");
        desk
    }

    fn run(&self, gate: Gate) -> Running {
        let desk = self.open();
        let handle = desk.handle(AgentName(String::new()));
        let served = server::Desk {
            name: "Shop".to_owned(),
            handle,
            host: None,
            since: Clock::System.now(),
            gate,
            clock: Clock::System,
        };
        let listening = server::listen(&self.socket(), Access::default(), served).expect("listens");
        Running { desk, listening }
    }

    async fn seat(&self, agent: &str) -> Result<Handle, SeatError> {
        self.attach(agent, None).await
    }

    async fn attach(&self, agent: &str, host: Option<Host>) -> Result<Handle, SeatError> {
        let attach = Attach {
            path: self.socket(),
            agent: Some(AgentName::from(agent)),
            files: self.folder.path().join("files"),
            host,
            own: Default::default(),
            patience: None,
        };
        client::attach(attach).await.map(|(handle, _)| handle)
    }
}

impl Running {
    fn stop(self) {
        drop(self.listening);
        self.desk.stop();
    }
}

/// Everybody is who they say they are; a lead is called so.
fn trusting() -> Gate {
    Arc::new(|_, agent| {
        let agent = agent.cloned().ok_or("nobody")?;
        let authority = if agent.0 == "boss" { Authority::Admin } else { Authority::Agent };
        Ok((agent, authority))
    })
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let value = runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), future).await.expect("it takes a minute and more")
    });
    runtime.shutdown_background();
    value
}

async fn thread(handle: &Handle, topic: i32) -> ThreadPage {
    match handle.read(ViewRequest::Thread { ticket: ticket(topic), window: Window::Newest, limit: 100 }).await {
        View::Thread(page) => *page,
        other => panic!("{other:?}"),
    }
}

async fn submit(handle: &Handle, command: Command) -> Result<(), Refusal> {
    handle.submit(new_command_id(), command).await.map(|_| ())
}

fn claim(topic: i32) -> Command {
    Command::Claim { ticket: ticket(topic) }
}

fn note(text: &str) -> Command {
    Command::Note { ticket: ticket(5), text: text.to_owned() }
}

#[test]
fn a_seat_works_a_desk_as_if_the_engine_were_its_own() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let (anna, tom) = (house.seat("anna").await.expect("anna"), house.seat("tom").await.expect("tom"));
        let mut heard = tom.watch();
        submit(&anna, claim(5)).await.expect("hers now");
        let told = heard.next().await.expect("told");
        assert!(told.changed.contains(&ticket(5)) || told.all, "{told:?}");
        match submit(&tom, claim(5)).await {
            Err(Refusal::Taken { assignee, .. }) => assert_eq!(assignee.0, "anna"),
            other => panic!("{other:?}"),
        }
        // The same through the socket as through the handle of the engine's own process.
        let own = running.desk.handle(AgentName::from("tom"));
        assert_eq!(thread(&tom, 5).await, thread(&own, 5).await);
        let queue = ViewRequest::Queue {
            queue: topicdesk::engine::views::QueueName::All,
            filter: String::new(),
            sort: topicdesk::engine::views::Sort::Natural,
            offset: 0,
            limit: 10,
        };
        assert_eq!(tom.read(queue.clone()).await, own.read(queue).await);
        // A draft is its agent's.
        let draft = Command::SaveDraft { ticket: ticket(5), text: "dear".to_owned(), note: false };
        submit(&anna, draft).await.expect("kept");
        assert!(thread(&anna, 5).await.draft.is_some());
        assert!(thread(&tom, 5).await.draft.is_none());
        running.stop();
    });
}

#[test]
fn who_looks_and_writes_crosses_the_socket_and_is_gone_with_the_seat() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let anna = house.seat("anna").await.expect("anna");
        // A process of its own, as far as the socket can tell.
        let toms = tokio::runtime::Runtime::new().expect("a runtime");
        let tom = std::thread::scope(|scope| scope.spawn(|| toms.block_on(house.seat("tom"))).join());
        let tom = tom.expect("no panic").expect("tom");
        let sitting = tom.sit();
        let screen = sitting.screen();
        let mut heard = anna.watch();
        submit(&tom, Command::Look { screen, ticket: Some(ticket(5)) }).await.expect("told");
        submit(&tom, Command::Typing { screen, ticket: ticket(5) }).await.expect("told");
        let told = heard.next().await.expect("told");
        assert!(told.all || told.changed.contains(&ticket(5)), "{told:?}");
        let row = thread(&anna, 5).await.ticket.row;
        let here: Vec<(&str, bool)> = row.here.iter().map(|here| (here.agent.0.as_str(), here.writing)).collect();
        assert_eq!(here, [("tom", true)]);
        assert!(thread(&tom, 5).await.ticket.row.here.is_empty(), "nobody is told of themselves");
        // The engine ends, and another begins: who looks is said anew.
        running.stop();
        let running = house.run(trusting());
        let looking = async |count: usize| {
            while thread(&anna, 5).await.ticket.row.here.len() != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        looking(1).await;
        // The line breaks, as when the process dies: what the seat had on its screen it has no more.
        toms.shutdown_background();
        looking(0).await;
        running.stop();
    });
}

/// Where somebody is shown, of the two tickets.
async fn places(handle: &Handle) -> [Vec<String>; 2] {
    let mut places = [Vec::new(), Vec::new()];
    for (place, topic) in places.iter_mut().zip([5, 7]) {
        let row = thread(handle, topic).await.ticket.row;
        place.extend(row.here.iter().map(|here| here.agent.0.clone()));
    }
    places
}

async fn until_places(handle: &Handle, wanted: [&[&str]; 2]) {
    let wanted = wanted.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    while places(handle).await != wanted {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn roster(handle: &Handle, agent: &str) -> Presence {
    match handle.read(ViewRequest::Desk).await {
        View::Desk(desk) => desk.roster.iter().find(|view| view.agent.0 == agent).expect("is there").presence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_screens_of_one_agent_are_two_and_one_that_dies_leaves_the_other() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let anna = house.seat("anna").await.expect("anna");
        let tom = house.seat("tom").await.expect("tom");
        // The second screen is in a process of its own, as far as the socket can tell.
        let other = tokio::runtime::Runtime::new().expect("a runtime");
        let second = std::thread::scope(|scope| scope.spawn(|| other.block_on(house.seat("tom"))).join());
        let second = second.expect("no panic").expect("tom");
        let (one, two) = (tom.sit(), second.sit());
        for (handle, sitting, topic) in [(&tom, &one, 5), (&second, &two, 7)] {
            let look = Command::Look { screen: sitting.screen(), ticket: Some(ticket(topic)) };
            submit(handle, look).await.expect("told");
        }
        until_places(&anna, [&["tom"], &["tom"]]).await;
        let seats = client::operate(&house.socket(), Some(&"anna".into()), Request::Seats).await.expect("answers");
        let Answer::Seats { seats } = seats else { panic!("{seats:?}") };
        let told: Vec<_> = seats
            .iter()
            .map(|seat| (seat.agent.0.as_str(), seat.screens, seat.presence, seat.used.is_some()))
            .collect();
        let there = Some(Presence::Available);
        assert_eq!(
            told[..3],
            [("anna", 0, None, false), ("tom", 1, there, true), ("tom", 1, there, true)],
            "and whoever asks"
        );

        // Another engine is told anew of both.
        running.stop();
        let running = house.run(trusting());
        until_places(&anna, [&["tom"], &["tom"]]).await;
        other.shutdown_background();
        until_places(&anna, [&["tom"], &[]]).await;
        assert_eq!(roster(&anna, "tom").await, Presence::Available);
        drop(one);
        until_places(&anna, [&[], &[]]).await;
        assert_eq!(roster(&anna, "tom").await, Presence::Offline);
        running.stop();
    });
}

#[test]
fn whoever_was_idle_is_so_for_another_engine_too_until_the_next_key() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let (anna, tom) = (house.seat("anna").await.expect("anna"), house.seat("tom").await.expect("tom"));
        let (screen, hour) = (ScreenId(7), Duration::from_secs(3600));
        let used = |ago| Command::Screen { screen, used: Some(ago) };
        submit(&tom, used(hour)).await.expect("told");
        let until = async |wanted: Presence| {
            while roster(&anna, "tom").await != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        until(Presence::Idle).await;
        running.stop();
        let running = house.run(trusting());
        let mut heard = anna.watch();
        until(Presence::Idle).await;
        submit(&tom, used(Duration::ZERO)).await.expect("told");
        until(Presence::Available).await;
        assert!(heard.next().await.expect("told").all, "whoever shows who is there reads it again");
        running.stop();
    });
}

#[test]
fn a_seat_that_says_more_screens_than_there_can_be_is_not_believed() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let tom = house.seat("tom").await.expect("tom");
        for number in 0..100 {
            submit(&tom, Command::Screen { screen: ScreenId(number), used: Some(Duration::ZERO) }).await.expect("said");
        }
        // Behind all of them.
        submit(&tom, claim(5)).await.expect("his");
        let seats = client::operate(&house.socket(), Some(&"anna".into()), Request::Seats).await.expect("answers");
        let Answer::Seats { seats } = seats else { panic!("{seats:?}") };
        assert_eq!(seats[0].screens, 16);
        running.stop();
    });
}

#[test]
fn views_are_the_same_after_they_have_been_words() {
    let bench = Bench::followed(&[created(5, OLENA, at(0), "Cannot log in"), text(6, 5, OLENA, at(1), "help")]);
    for request in [
        ViewRequest::Thread { ticket: ticket(5), window: Window::Newest, limit: 100 },
        ViewRequest::Desk,
        ViewRequest::Counts,
        ViewRequest::Outbox,
        ViewRequest::Summary,
        ViewRequest::Completeness { ticket: None },
        ViewRequest::Explain { ticket: ticket(5) },
        ViewRequest::Sla { ticket: ticket(5) },
        ViewRequest::Stats { since: None, until: None },
        ViewRequest::Brief { since: at(0) },
        ViewRequest::Activity { ticket: ticket(5) },
        ViewRequest::Templates,
        ViewRequest::Outside { since: None },
        ViewRequest::Escalations { limit: 10 },
        ViewRequest::Suggestions { ticket: Some(ticket(5)), words: String::new(), reread: false },
        ViewRequest::Search { text: "help".to_owned(), limit: 10 },
    ] {
        let view = bench.read("anna", request.clone());
        let words = serde_json::to_string(&view).expect("words");
        let again: View = serde_json::from_str(&words).unwrap_or_else(|error| panic!("{request:?}: {error}: {words}"));
        assert_eq!(again, view, "{request:?}");
    }
}

#[test]
fn two_who_claim_at_once_and_one_wins() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        for topic in [5, 7] {
            let mut asked = Vec::new();
            for agent in ["anna", "tom"] {
                let seat = house.seat(agent).await.expect("a seat");
                asked.push(tokio::spawn(async move { submit(&seat, claim(topic)).await }));
            }
            let mut won = 0;
            for one in asked {
                match one.await.expect("asked") {
                    Ok(()) => won += 1,
                    Err(Refusal::Taken { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            assert_eq!(won, 1);
        }
        running.stop();
    });
}

#[test]
fn commands_of_a_seat_keep_their_order() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let anna = house.seat("anna").await.expect("a seat");
        let mut answers = Vec::new();
        for number in 0..80 {
            let note = note(&format!("note {number:03}"));
            answers.push(anna.begin(new_command_id(), note).await.expect("asked"));
        }
        for answer in answers {
            answer.await.expect("answered").expect("noted");
        }
        let notes: Vec<String> = notes(&anna).await;
        let should: Vec<String> = (0..80).map(|number| format!("note {number:03}")).collect();
        assert!(should.ends_with(&notes) && notes.len() > 30, "{notes:?}");
        running.stop();
    });
}

async fn notes(handle: &Handle) -> Vec<String> {
    thread(handle, 5).await.thread.into_iter().map(|entry| entry.text).filter(|text| text.starts_with("note")).collect()
}

#[test]
fn who_is_nobody_here_is_refused_and_told_why() {
    let house = House::new();
    wait(async {
        let gate: Gate = Arc::new(|uid, _| Err(format!("user {uid} is no agent of this desk: ask an admin")));
        let running = house.run(gate);
        let refused = house.seat("anna").await.expect_err("refused").to_string();
        let own = rustix_uid();
        assert_eq!(refused, format!("user {own} is no agent of this desk: ask an admin"));
        running.stop();
        assert!(matches!(house.seat("anna").await, Err(SeatError::Nobody(_))));
    });
}

fn rustix_uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::metadata(folder.path()).expect("is there").uid()
}

#[test]
fn what_only_an_admin_may_is_refused_to_others() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let ask =
            async |agent: &str, request| client::operate(&house.socket(), Some(&AgentName::from(agent)), request).await;
        let _seat = house.seat("anna").await.expect("a seat");
        let seats = ask("tom", Request::Seats).await.expect("told");
        let Answer::Seats { seats } = seats else { panic!("{seats:?}") };
        let names: Vec<&str> = seats.iter().map(|seat| seat.agent.0.as_str()).collect();
        assert_eq!(names, ["anna", "tom"]);
        assert!(seats.iter().all(|seat| seat.uid == rustix_uid() && seat.pid == Some(std::process::id() as i32)));
        let refused = ask("tom", Request::Stop).await.expect_err("refused").to_string();
        assert_eq!(refused, "tom is agent: that needs admin");
        let status = ask("boss", Request::Status).await.expect("told");
        assert!(matches!(&status, Answer::Status(view) if view.desk == "Shop"), "{status:?}");
        running.stop();
    });
}

/// Words as they go over the socket.
fn frame(words: &str) -> Vec<u8> {
    let length = u32::try_from(words.len() + 1).expect("short");
    [&length.to_be_bytes()[..], &[0], words.as_bytes()].concat()
}

fn hello(version: u32, agent: &str) -> Vec<u8> {
    frame(&format!(r#"{{"ask":"hello","version":{version},"program":"x","agent":"{agent}"}}"#))
}

/// Reads the words of the next frame.
async fn words(stream: &mut tokio::net::UnixStream) -> String {
    let length = stream.read_u32().await.expect("a frame");
    let mut content = vec![0; length as usize];
    stream.read_exact(&mut content).await.expect("all of it");
    String::from_utf8(content.split_off(1)).expect("text")
}

#[test]
fn the_answer_to_what_ends_a_desk_is_written_before_it_ends() {
    let house = House::new();
    wait(async {
        let mut running = house.run(trusting());
        let anna = house.seat("anna").await.expect("a seat");
        for _ in 0..8 {
            submit(&anna, note(&"all that was ever written ".repeat(10_000))).await.expect("noted");
        }
        let mut boss = tokio::net::UnixStream::connect(house.socket()).await.expect("connects");
        boss.write_all(&hello(VERSION, "boss")).await.expect("says hello");
        assert!(words(&mut boss).await.contains("welcome"));
        let request = ViewRequest::Thread { ticket: ticket(5), window: Window::Newest, limit: 100 };
        let read = serde_json::json!({ "ask": "read", "number": 1, "request": request }).to_string();
        boss.write_all(&frame(&read)).await.expect("asks");
        // An answer larger than the socket has begun to come, and is not read: the next one cannot be written.
        loop {
            let length = boss.read_u32().await.expect("a frame");
            if length > 1_000_000 {
                break;
            }
            // Word of the last note.
            boss.read_exact(&mut vec![0; length as usize]).await.expect("all of it");
        }
        boss.write_all(&frame(r#"{"ask":"operate","number":2,"request":{"operation":"stop"}}"#)).await.expect("asks");
        let Operation { answer, mut heard, .. } =
            running.desk.operations().expect("given once").recv().await.expect("asked");
        answer.send(Ok(Answer::Done { said: "the desk is ending".to_owned() })).expect("is waited for");
        let early = tokio::time::timeout(Duration::from_millis(200), &mut heard).await;
        assert!(early.is_err(), "it cannot have been written");
        let reading = tokio::spawn(async move {
            let mut rest = Vec::new();
            boss.read_to_end(&mut rest).await.map(|_| String::from_utf8_lossy(&rest).into_owned())
        });
        let _written = heard.await;
        running.stop();
        let rest = reading.await.expect("no panic").expect("reads");
        assert!(rest.ends_with(r#""the desk is ending"}}}"#), "{}", &rest[rest.len().saturating_sub(200)..]);
    });
}

#[test]
fn a_seat_that_is_gone_before_its_answer_holds_up_no_end() {
    let house = House::new();
    wait(async {
        let mut running = house.run(trusting());
        let mut boss = tokio::net::UnixStream::connect(house.socket()).await.expect("connects");
        boss.write_all(&hello(VERSION, "boss")).await.expect("says hello");
        boss.write_all(&frame(r#"{"ask":"operate","number":2,"request":{"operation":"stop"}}"#)).await.expect("asks");
        let Operation { answer, heard, .. } =
            running.desk.operations().expect("given once").recv().await.expect("asked");
        drop(boss);
        let _gone = answer.send(Ok(Answer::Done { said: "the desk is ending".to_owned() }));
        let _gone = heard.await;
        running.stop();
    });
}

#[test]
fn another_version_is_told_on_either_side() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let mut newer = tokio::net::UnixStream::connect(house.socket()).await.expect("connects");
        newer.write_all(&hello(99, "anna")).await.expect("says hello");
        let told = words(&mut newer).await;
        assert!(told.contains(r#""told":"refused","version":2"#) && told.contains("version 99"), "{told}");
        assert_eq!(newer.read(&mut [0; 8]).await.expect("ends"), 0, "it is shown out");
        running.stop();
        // A desk of another version, as far as a seat can tell.
        for (version, hint) in
            [(VERSION - 1, "the desk is older than this program"), (VERSION + 1, "this program is older than the desk")]
        {
            let _old = std::fs::remove_file(house.socket());
            let desk = tokio::net::UnixListener::bind(house.socket()).expect("listens");
            let answer = tokio::spawn(async move {
                let (mut stream, _) = desk.accept().await.expect("comes");
                assert!(words(&mut stream).await.contains("hello"));
                let told = format!(r#"{{"told":"refused","version":{version},"why":"another version"}}"#);
                stream.write_all(&frame(&told)).await.expect("answers");
            });
            let said = house.seat("anna").await.expect_err("refused");
            assert!(matches!(said, SeatError::Version { .. }) && said.to_string().contains(hint), "{said}");
            answer.await.expect("no panic");
        }
    });
}

#[test]
fn a_desk_that_talks_nonsense_or_nothing_is_no_end_of_a_seat() {
    let house = House::new();
    wait(async {
        for (says, why) in [
            (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "makes no sense: a frame of"),
            (vec![0xff; 64], "makes no sense: a frame of"),
            (frame("{}"), "makes no sense"),
            (frame(&"[".repeat(100_000)), "makes no sense: invalid type"),
            (frame(r#"{"told":"view","number":1,"view":{}}"#), "makes no sense"),
            (vec![0, 0], "no room for another seat, or is ending"),
            (Vec::new(), "no room for another seat, or is ending"),
        ] {
            let _old = std::fs::remove_file(house.socket());
            let desk = tokio::net::UnixListener::bind(house.socket()).expect("listens");
            let answer = tokio::spawn(async move {
                let (mut stream, _) = desk.accept().await.expect("comes");
                let _hello = words(&mut stream).await;
                stream.write_all(&says).await.expect("answers");
            });
            let said = house.seat("anna").await.expect_err("refused").to_string();
            assert!(said.contains(why), "{said}: wanted {why}");
            answer.await.expect("no panic");
        }
    });
}

#[test]
fn a_question_about_the_desk_is_asked_again_and_an_order_is_not() {
    let house = House::new();
    wait(async {
        let mut running = house.run(trusting());
        let (boss, tom) = (house.seat("boss").await.expect("a seat"), house.seat("tom").await.expect("a seat"));
        // Through the handle it is as on the command line.
        assert_eq!(tom.operate(Request::Reload).await, Err("tom is agent: that needs admin".to_owned()));
        assert!(matches!(tom.operate(Request::Seats).await, Ok(Answer::Seats { seats }) if seats.len() == 2));
        let mut asked = running.desk.operations().expect("given once");
        let ask = |seat: &Handle, request| {
            let seat = seat.clone();
            tokio::spawn(async move { seat.operate(request).await })
        };
        let export = Request::Export { what: Exported::Tickets, since: None, after: None };
        let (order, question) = (ask(&boss, Request::Reload), ask(&boss, export.clone()));
        let heard = [asked.recv().await.expect("asked"), asked.recv().await.expect("asked")];
        assert!(heard.iter().any(|one| one.request == export && one.authority == Some(Authority::Admin)));
        running.stop();
        assert_eq!(order.await.expect("asked"), Err("the desk ended before it answered".to_owned()));
        drop((heard, asked));
        let mut running = house.run(trusting());
        let mut asked = running.desk.operations().expect("given once");
        let again = asked.recv().await.expect("asked again");
        assert_eq!((&again.request, &again.by), (&export, &AgentName::from("boss")));
        let page = Answer::Lines { lines: vec!["{}".to_owned()], next: None };
        again.answer.send(Ok(page.clone())).expect("waits");
        assert_eq!(question.await.expect("asked"), Ok(page));
        running.stop();
    });
}

#[test]
fn garbage_floods_and_silence_harm_nobody_else() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let good = house.seat("anna").await.expect("a seat");
        let greeted = |more: &[u8]| [&hello(VERSION, "tom"), more].concat();
        let attacks: Vec<Vec<u8>> = vec![
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0xff; 4096],
            vec![0],
            hello(99, "tom"),
            hello(VERSION, "tom")[..20].to_vec(),
            frame(r#"{"ask":"submit"}"#),
            greeted(&frame("not json")),
            greeted(&frame(&"[".repeat(500_000))),
            greeted(&frame(r#"{"ask":"hello","version":2,"program":"x","agent":"boss"}"#)),
            greeted(&frame(r#"{"ask":"put","number":1,"name":"a","size":9}"#)[..30]),
            greeted(&[0x7f, 0xff, 0xff, 0xff, 0]),
            greeted(&[0, 0, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
            greeted(&frame(r#"{"ask":"get","number":1,"name":"../session.db"}"#)),
            greeted(&frame(r#"{"ask":"put","number":1,"name":"../../x","size":5}"#)),
            greeted(&frame(r#"{"ask":"put","number":1,"name":"x","size":99999999999999}"#)),
        ];
        let mut held: Vec<UnixStream> = Vec::new();
        for attack in &attacks {
            let mut stream = UnixStream::connect(house.socket()).expect("connects");
            // Who is shown out early may not hear it all.
            let _shown_out = stream.write_all(attack);
            held.push(stream);
        }
        // Seats that ask for much and read nothing.
        let request = ViewRequest::Thread { ticket: ticket(5), window: Window::Newest, limit: 100 };
        let asked = serde_json::to_value(&request).expect("json");
        let read = serde_json::json!({ "ask": "read", "number": 1, "request": asked }).to_string();
        for _ in 0..8 {
            let mut stream = UnixStream::connect(house.socket()).expect("connects");
            stream.set_nonblocking(true).expect("sets");
            let _full = stream.write_all(&greeted(&frame(&read).repeat(2_000)));
            held.push(stream);
        }
        // More than there is room for.
        for _ in 0..400 {
            held.extend(UnixStream::connect(house.socket()));
        }
        submit(&good, claim(5)).await.expect("works as ever");
        assert_eq!(thread(&good, 5).await.ticket.row.assignee, Some(AgentName::from("anna")));
        drop(held);
        // When they have gone there is room again.
        loop {
            match house.seat("tom").await {
                Ok(seat) => {
                    submit(&seat, claim(7)).await.expect("works");
                    break;
                }
                Err(_) => tokio::task::yield_now().await,
            }
        }
        running.stop();
    });
}

#[test]
fn a_seat_goes_on_when_the_engine_has_come_back_and_nothing_is_done_twice() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let anna = house.seat("anna").await.expect("a seat");
        let mut heard = anna.watch();
        anna.submit(CommandId("first".to_owned()), note("note one")).await.expect("noted");
        running.stop();
        until(&mut heard, |news| matches!(news, EngineNews::Lost { .. })).await;
        // What is done now waits; the first is repeated as if its answer had been lost.
        let waiting = {
            let anna = anna.clone();
            tokio::spawn(async move {
                let again = anna.submit(CommandId("first".to_owned()), note("note one")).await;
                let second = anna.submit(new_command_id(), note("note two")).await;
                (again, second, notes(&anna).await)
            })
        };
        let running = house.run(trusting());
        until(&mut heard, |news| *news == EngineNews::Back).await;
        let (again, second, notes) = waiting.await.expect("done");
        assert!(again.is_ok() && second.is_ok(), "{again:?} {second:?}");
        assert_eq!(notes, ["note one", "note two"]);
        running.stop();
    });
}

async fn until(heard: &mut topicdesk::engine::handle::Revisions, wanted: impl Fn(&EngineNews) -> bool) {
    loop {
        let revision = heard.next().await.expect("goes on");
        if revision.alerts.iter().any(|alert| matches!(alert, Alert::Engine(news) if wanted(news))) {
            return;
        }
    }
}

#[test]
fn a_command_does_not_wait_for_ever_for_a_desk_that_has_ended() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let attach = Attach {
            path: house.socket(),
            agent: Some(AgentName::from("anna")),
            files: house.folder.path().join("files"),
            host: None,
            own: Default::default(),
            patience: Some(Duration::from_millis(200)),
        };
        let (anna, _) = client::attach(attach).await.expect("a seat");
        submit(&anna, note("note one")).await.expect("noted");
        running.stop();
        assert_eq!(submit(&anna, note("note two")).await, Err(Refusal::Stopped));
    });
}

#[test]
fn figures_of_others_are_for_leads() {
    let mut rules = rules();
    rules.authorities.insert("tom".into(), Authority::Lead);
    let mut bench = Bench::with(rules);
    bench.connect();
    bench.incoming(topicdesk::engine::transport::Incoming::Seeded { cursor: bench.cursor.clone() });
    bench.backfill(&[created(5, OLENA, at(0), "Cannot log in"), text(6, 5, OLENA, at(1), "help")]);
    for agent in ["anna", "tom"] {
        bench.command(agent, claim(5)).ok();
        bench.command(agent, Command::TakeOver { ticket: ticket(5) }).expect("taken over");
        bench.pass(Duration::from_secs(60));
        bench.command(agent, Command::Resolve { ticket: ticket(5) }).expect("resolved");
        bench.command(agent, Command::Reopen { ticket: ticket(5) }).expect("reopened");
        bench.pass(Duration::from_secs(60));
    }
    let agents = |reader: &str| match bench.read(reader, ViewRequest::Stats { since: None, until: None }) {
        View::Stats(report) => report.agents.into_iter().map(|row| row.key).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let (own, all) = (agents("anna"), agents("tom"));
    assert!(own.iter().all(|name| name == "anna") && all.iter().any(|name| name == "tom"), "{own:?} {all:?}");
    assert!(all.len() > own.len(), "{own:?} {all:?}");
}

#[test]
fn a_seat_takes_the_desk_over_when_its_host_has_died() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let data = house.data.path().to_owned();
        let host: Host = Box::new(move || {
            let data = data.clone();
            Box::pin(async move {
                let (desk, _nobody) = runner::start(EngineSetup { data, rules: rules(), clock: Clock::System }).ok()?;
                let handle = desk.handle(AgentName::from("anna"));
                // It runs as long as the test.
                std::mem::forget(desk);
                Some(handle)
            })
        });
        let anna = house.attach("anna", Some(host)).await.expect("a seat");
        submit(&anna, note("note one")).await.expect("noted");
        let mut heard = anna.watch();
        running.stop();
        until(&mut heard, |news| *news == EngineNews::Hosting).await;
        submit(&anna, note("note two")).await.expect("noted here");
        assert_eq!(notes(&anna).await, ["note one", "note two"]);
    });
}

#[test]
fn a_screen_outlives_the_engine_beside_it() {
    let house = House::new();
    wait(async {
        let first = house.open();
        let data = house.data.path().to_owned();
        let (next, nexts) = std::sync::mpsc::channel();
        let host: Host = Box::new(move || {
            let (data, next) = (data.clone(), next.clone());
            Box::pin(async move {
                let (desk, _nobody) = runner::start(EngineSetup { data, rules: rules(), clock: Clock::System }).ok()?;
                let handle = desk.handle(AgentName::from("anna"));
                next.send(desk).expect("the test waits for it");
                Some(handle)
            })
        });
        let attach = Attach {
            path: house.socket(),
            agent: Some(AgentName::from("anna")),
            files: house.folder.path().join("files"),
            host: Some(host),
            own: Default::default(),
            patience: None,
        };
        let anna = client::begin(attach, first.handle(AgentName::from("anna")));
        let sitting = anna.sit();
        anna.submit(CommandId("first".to_owned()), note("note one")).await.expect("noted");
        submit(&anna, Command::Look { screen: sitting.screen(), ticket: Some(ticket(5)) }).await.expect("told");
        let mut heard = anna.watch();
        // All that is asked while there is no engine waits for the next, in its order.
        first.stop();
        let mut answers = vec![anna.begin(CommandId("first".to_owned()), note("note one")).await.expect("asked")];
        for number in 2..20 {
            answers.push(anna.begin(new_command_id(), note(&format!("note {number:02}"))).await.expect("asked"));
        }
        until(&mut heard, |news| *news == EngineNews::Back).await;
        for answer in answers {
            answer.await.expect("answered").expect("noted");
        }
        let all: Vec<String> = notes(&anna).await;
        let should: Vec<String> =
            std::iter::once("note one".to_owned()).chain((2..20).map(|number| format!("note {number:02}"))).collect();
        assert_eq!(all, should);
        // Whoever else looks is told who has it on the screen, though that was said to the engine before.
        let second = nexts.recv().expect("began");
        let tom = second.handle(AgentName::from("tom"));
        let here = thread(&tom, 5).await.ticket.row.here;
        assert!(here.iter().any(|here| here.agent.0 == "anna"), "{here:?}");
        second.stop();
    });
}

#[test]
fn the_file_of_a_reply_goes_over_the_socket() {
    let house = House::new();
    wait(async {
        let running = house.run(trusting());
        let anna = house.seat("anna").await.expect("a seat");
        let source = house.folder.path().join("invoice.pdf");
        let content: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
        std::fs::write(&source, &content).expect("writes");
        let file = anna.attach(source.clone()).await.expect("kept");
        assert_eq!((file.name.as_str(), file.size), ("invoice.pdf", 3_000_000));
        let kept = outgoing(house.data.path(), &file.stored);
        assert_eq!(std::fs::read(&kept).expect("reads"), content);
        anna.detach(&file);
        while kept.exists() {
            tokio::task::yield_now().await;
        }
        for (path, why) in
            [(house.folder.path().join("none"), "cannot be read"), (house.folder.path().into(), "no file")]
        {
            let said = anna.attach(path).await.expect_err("no file");
            assert!(said.contains(why), "{said}");
        }
        running.stop();
    });
}

fn outgoing(data: &Path, stored: &str) -> PathBuf {
    topicdesk::store::files::Files::of(data).outgoing(stored)
}
