//! The engine killed under load: real processes command, write and look while `serve` dies and comes back, again and again. What was
//! asked is done, and done once.

use std::process::Output;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{GroupId, TicketKey, TopicId};
use topicdesk::engine::handle::{Handle, Receipt, new_command_id};
use topicdesk::engine::views::{ViewRequest, Window};
use topicdesk::sandbox::Sandbox;
use topicdesk::seat::client::{self, Attach};

use crate::cli_seats::{FAST, Server};
use crate::pty::enter;
use crate::support::client::sandbox;
use crate::support::process::{Desk, desk_at, login_bot, until};
use crate::support::screen::{Start, Terminal};

/// How the engine dies: after so many answers, and for so long that so many commands more are begun meanwhile, or for a second, as
/// nobody begins anything when all wait.
const DEATHS: [(usize, usize); 12] =
    [(3, 0), (7, 4), (1, 0), (11, 8), (2, 2), (0, 0), (5, 0), (13, 6), (4, 4), (0, 1), (17, 9), (6, 3)];

/// However slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whoever may not open the desk's files: a socket and the names of the agents is all they have.
struct Guest {
    folder: tempfile::TempDir,
    socket: String,
}

impl Guest {
    fn of(desk: &Desk) -> Guest {
        let folder = tempfile::tempdir().expect("a folder");
        let agents = "[[agents]]\nname = \"anna\"\n[[agents]]\nname = \"tom\"\n";
        std::fs::write(folder.path().join("desk.toml"), agents).expect("writes");
        std::fs::create_dir(folder.path().join("home")).expect("makes");
        let socket = desk.path().join("default/desk.sock").to_str().expect("a path").to_owned();
        Guest { folder, socket }
    }

    /// What makes a process theirs.
    fn env(&self) -> [(&'static str, String); 3] {
        let path = |name: &str| self.folder.path().join(name).to_str().expect("a path").to_owned();
        [("TOPICDESK_SOCKET", self.socket.clone()), ("TOPICDESK_CONFIG", path("desk.toml")), ("HOME", path("home"))]
    }

    fn screen(&self, agent: &str) -> Terminal {
        let start =
            self.env().iter().fold(Start::new(&["--agent", agent]), |start, (name, value)| start.env(name, value));
        let terminal = start.open();
        terminal.sees("live");
        terminal
    }
}

/// A seat that does not read for a while: what the engine has done for it, it has not heard when the engine dies.
struct Deaf {
    runtime: Runtime,
    handle: Handle,
    large: TicketKey,
    ticket: TicketKey,
    asked: Vec<(String, oneshot::Receiver<Result<Receipt, Refusal>>)>,
    done: Vec<String>,
}

impl Deaf {
    fn new(guest: &Guest, ticket: TicketKey, large: TicketKey) -> Deaf {
        // Nothing of it runs but in here.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let attach = Attach {
            path: guest.socket.clone().into(),
            agent: Some("tom".into()),
            files: guest.folder.path().join("files"),
            host: None,
            own: Default::default(),
            patience: Some(PATIENCE),
        };
        let (handle, _) = runtime.block_on(client::attach(attach)).expect("a seat");
        for _ in 0..8 {
            let text = "all that the customer has ever written ".repeat(10_000);
            let noted = handle.submit(new_command_id(), Command::Note { ticket: large, text });
            runtime.block_on(noted).expect("noted");
        }
        Deaf { runtime, handle, large, ticket, asked: Vec::new(), done: Vec::new() }
    }

    /// Asks for more than a socket holds, has something done, and listens no more. Tells the last thing that is to be done.
    fn ask(&mut self) -> String {
        let (handle, done) = (self.handle.clone(), self.done.len());
        let (ticket, large) = (self.ticket, self.large);
        self.asked = self.runtime.block_on(async {
            // What was told since the last time is heard first.
            let _desk = handle.read(ViewRequest::Counts).await;
            let page = handle.clone();
            tokio::spawn(async move {
                page.read(ViewRequest::Thread { ticket: large, window: Window::Newest, limit: 100 }).await
            });
            tokio::task::yield_now().await;
            let mut asked = Vec::new();
            for number in done..done + 3 {
                let text = format!("deaf {number}");
                let note = Command::Note { ticket, text: text.clone() };
                asked.push((text, handle.begin(new_command_id(), note).await.expect("asked")));
            }
            // Until all of it is written.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            asked
        });
        self.asked.last().expect("some").0.clone()
    }

    /// Listens again: all of it is answered, be it by another engine.
    fn hear(&mut self) {
        for (text, answer) in std::mem::take(&mut self.asked) {
            let answer = self.runtime.block_on(answer);
            answer.expect("an answer").unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
            self.done.push(text);
        }
    }
}

/// What goes on while the engine dies.
struct Load<'a> {
    desk: &'a Desk,
    guest: &'a Guest,
    count: Mutex<Count>,
    counted: Condvar,
}

/// How far it has come.
#[derive(Clone, Copy, Default)]
struct Count {
    begun: usize,
    ended: usize,
    over: bool,
}

impl Load<'_> {
    fn count(&self, change: impl FnOnce(&mut Count)) -> Count {
        let mut count = self.count.lock().expect("no panic");
        change(&mut count);
        self.counted.notify_all();
        *count
    }

    fn now(&self) -> Count {
        self.count(|_| ())
    }

    /// Waits until it has come so far, or is over; tells whether it has.
    fn until(&self, most: Duration, far: impl Fn(&Count) -> bool) -> bool {
        let count = self.count.lock().expect("no panic");
        let waited = self.counted.wait_timeout_while(count, most, |count| !count.over && !far(count));
        !waited.expect("no panic").1.timed_out()
    }

    /// Issues one command after another until it is over; tells each with how it ended. A guest has the socket only; others could
    /// open the desk by themselves while nobody runs it.
    fn issue(&self, agent: &str, is_guest: bool, command: impl Fn(usize) -> Vec<String>) -> Vec<(Vec<String>, Output)> {
        let mut all = Vec::new();
        while !self.now().over {
            let args = command(all.len());
            let mut process = match is_guest {
                true => crate::support::process::command(),
                false => self.desk.command(&[]),
            };
            if is_guest {
                process.envs(self.guest.env());
            }
            process.args(["--agent", agent]).args(&args);
            self.count(|count| count.begun += 1);
            let output = process.output().expect("starts");
            self.count(|count| count.ended += 1);
            all.push((args, output));
        }
        all
    }

    /// Kills the engine and begins it anew, again and again.
    fn kill(&self, mut server: Server, deaf: &mut Deaf) -> Server {
        let ticket = deaf.ticket.topic.to_string();
        for (answers, more) in DEATHS {
            let ended = self.now().ended;
            assert!(self.until(PATIENCE, |count| count.ended >= ended + answers), "commands are not answered");
            let last = deaf.ask();
            until("it is done", || texts(self.desk, &ticket, "note").contains(&last).then_some(()));
            kill_process(server.pid(), Signal::KILL).expect("is there");
            drop(server);
            let begun = self.now().begun;
            let _all_wait = self.until(Duration::from_secs(1), |count| count.begun >= begun + more);
            server = Server::start(self.desk.command(&["serve"]));
            deaf.hear();
        }
        server
    }
}

/// The words of a command, and its text with the number in it.
fn words(args: &[&str], text: String) -> Vec<String> {
    args.iter().map(|arg| (*arg).to_owned()).chain([text]).collect()
}

fn times(texts: &[String], wanted: &str) -> usize {
    texts.iter().filter(|text| *text == wanted).count()
}

/// The texts of a ticket's entries of one kind.
fn texts(desk: &Desk, ticket: &str, kind: &str) -> Vec<String> {
    let page = desk.json(&["show", ticket]);
    let entries = page["thread"].as_array().expect("a list").iter();
    entries
        .filter(|entry| entry["kind"] == kind)
        .filter_map(|entry| entry["text"].as_str().map(str::to_owned))
        .collect()
}

fn open_tickets(server: &Sandbox) -> (i64, [String; 7]) {
    let customer = server.announcement().first("customer").expect("the shop has one").id;
    let open = |title: &str| {
        let topic = server.world().open_topic(customer, title).expect("opens");
        server.world().say(customer, topic, "Hello?").expect("posts");
        topic.to_string()
    };
    (customer, ["Notes", "Replies", "Whose", "Draft", "Answer", "Deaf", "Large"].map(open))
}

#[test]
fn an_engine_that_is_killed_under_load_loses_nothing_and_doubles_nothing() {
    let runtime = Runtime::new().expect("a runtime");
    let sandbox = runtime.block_on(sandbox(|options| options.flood_per_minute = 0));
    let world = sandbox.world();
    let (customer, tickets) = open_tickets(&sandbox);
    let [notes, replies, whose, draft, answer, unheard, large] = tickets.each_ref().map(String::as_str);
    let line = serde_json::to_value(sandbox.announcement()).expect("json");
    let desk = desk_at(&line, 0, &format!("{FAST}\n[outbox]\nper_minute = 0\n"));
    login_bot(&line, &desk).ok();
    let server = Server::start(desk.command(&["serve"]));
    desk.run(&["sync"]).ok();
    let guest = Guest::of(&desk);

    let (mut anna, mut tom) = (guest.screen("anna"), guest.screen("tom"));
    enter(&mut anna, draft);
    anna.script(&[("i", "INTERNAL NOTE")]);
    anna.write("to be looked into");
    enter(&mut tom, answer);
    tom.script(&[("r", "PUBLIC")]);
    tom.write("we are on it");

    let group = GroupId(sandbox.announcement().group.id);
    let key = |ticket: &str| TicketKey { group, topic: TopicId(ticket.parse().expect("a number")) };
    let mut deaf = Deaf::new(&guest, key(unheard), key(large));

    let load = Load { desk: &desk, guest: &guest, count: Mutex::default(), counted: Condvar::new() };
    let note = |who: &'static str| move |number| words(&["note", notes], format!("note {who} {number}"));
    let reply = |who: &'static str| {
        move |number| words(&["reply", replies, "--now", "--force"], format!("reply {who} {number}"))
    };
    let take = |number: usize| vec![["claim", "release"][number % 2].to_owned(), whose.to_owned()];
    let (server, issued, said) = std::thread::scope(|scope| {
        let load = &load;
        let workers = [
            scope.spawn(move || load.issue("anna", true, note("a"))),
            scope.spawn(move || load.issue("tom", false, note("b"))),
            scope.spawn(move || load.issue("anna", true, note("c"))),
            scope.spawn(move || load.issue("tom", true, reply("d"))),
            scope.spawn(move || load.issue("anna", false, reply("e"))),
            scope.spawn(move || load.issue("tom", true, take)),
        ];
        let writer = scope.spawn(|| {
            let mut said = Vec::new();
            while !load.now().over {
                // In step with the commands.
                let ended = load.now().ended;
                let text = format!("customer {}", said.len());
                for ticket in [notes, replies, whose] {
                    let topic = ticket.parse().expect("a number");
                    world.say(customer, topic, &text).expect("posts");
                }
                said.push(text);
                load.until(PATIENCE, |count| count.ended > ended);
            }
            said
        });
        // Also a test that fails ends its threads.
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| load.kill(server, &mut deaf)));
        load.count(|count| count.over = true);
        let issued = workers.map(|worker| worker.join().expect("no panic"));
        let said = writer.join().expect("no panic");
        (killed.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), issued, said)
    });

    // Whatever was asked was done: commands wait for the desk.
    for (args, output) in issued.iter().flatten() {
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {:?}: {err}", output.status);
    }
    // And done once.
    desk.run(&["sync"]).ok();
    let heard = texts(&desk, unheard, "note");
    assert!(deaf.done.len() == 3 * DEATHS.len() && deaf.done.iter().all(|text| times(&heard, text) == 1), "{heard:?}");
    let [noted, ended] = [texts(&desk, notes, "note"), texts(&desk, replies, "message")];
    let sent: Vec<String> = world.texts(replies.parse().expect("a number")).into_iter().map(|(_, text)| text).collect();
    let mut claims = 0;
    for (args, _) in issued.iter().flatten() {
        let text = args.last().expect("a word");
        match args[0].as_str() {
            "note" => assert_eq!(times(&noted, text), 1, "{text}"),
            "reply" => assert_eq!((times(&sent, text), times(&ended, text)), (1, 1), "{text}"),
            what => claims += usize::from(what == "claim"),
        }
    }
    let activity = desk.json(&["show", whose, "--activity", "--find", "claimed"]);
    assert_eq!(activity.as_array().map(Vec::len), Some(claims), "{activity}");
    for ticket in [notes, replies, whose] {
        let mirrored = texts(&desk, ticket, "message");
        assert!(said.iter().all(|text| times(&mirrored, text) == 1), "{ticket}: {said:?}: {mirrored:?}");
    }

    // The screens are back, with what they had on them, and keys work.
    for (screen, ticket, text) in [(&mut anna, draft, "to be looked into"), (&mut tom, answer, "we are on it")] {
        screen.sees("live");
        screen.misses("not to be reached");
        screen.sees(&format!(" #{ticket} "));
        screen.sees(text);
        screen.keys("\r");
    }
    until("the note is there", || (times(&texts(&desk, draft, "note"), "to be looked into") == 1).then_some(()));
    let topic = answer.parse().expect("a number");
    until("the reply is sent", || world.texts(topic).iter().any(|(_, text)| text == "we are on it").then_some(()));
    drop((anna, tom, server));
}
