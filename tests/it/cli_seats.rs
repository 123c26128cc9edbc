//! The desk that runs, with real processes: commands attach to it, other users are who the kernel says they are, and a copy made under
//! load is put back whole.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::process::{Desk, SandboxProcess, until};

pub(crate) const FAST: &str = "backfill_calls_per_second = 0";
pub(crate) const QUIET: [&str; 3] = ["--quiet", "--flood-per-minute", "0"];

/// A desk that runs without a screen; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Server {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("starts");
        let mut said = BufReader::new(child.stderr.take().expect("is piped"));
        let mut lines = String::new();
        while !lines.contains("is listened for at") {
            assert!(said.read_line(&mut lines).expect("reads") > 0, "it has ended: {lines}");
        }
        Server { child, said }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("reads");
        line
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn commands_attach_to_the_desk_that_runs() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["status"]).fails(3, "no desk is running");
    desk.run(&["watch"]).fails(3, "no desk is running");
    let mut server = Server::start(desk.command(&["serve"]));
    // Attached, it waits until the desk that runs has everything.
    desk.run(&["sync"]).ok();
    let status = desk.json(&["status"]);
    assert_eq!(status["pid"], server.child.id(), "{status}");
    assert_eq!(status["seats"], 0, "{status}");
    let told = desk.run(&["status"]).ok();
    assert!(told.contains(", no screens open"), "{told}");
    desk.run(&["serve"]).fails(3, &format!("process {}", server.child.id()));

    let mut watch = desk.command(&["watch", "--json"]).stdout(Stdio::piped()).spawn().expect("starts");
    let mut watched = BufReader::new(watch.stdout.take().expect("is piped"));
    until("it is attached", || {
        let seats = desk.json(&["seats"]);
        seats.as_array().expect("a list").iter().any(|seat| seat["pid"] == watch.id()).then_some(())
    });
    let ticket = desk.queue("unassigned").remove(0);
    desk.run(&["claim", &ticket]).ok();
    let mut line = String::new();
    while !line.contains(&format!("\"topic\":{ticket}")) && !line.contains("\"all\":true") {
        line.clear();
        assert!(watched.read_line(&mut line).expect("reads") > 0);
    }
    desk.run(&["--agent", "tom", "claim", &ticket]).fails(1, "is anna's since");
    desk.run(&["--agent", "nobody", "claim", &ticket]).fails(2, "there is no agent `nobody`");
    desk.run(&["--agent", "nobody", "status"]).fails(2, "there is no agent `nobody`");
    let copy = desk.path().join("session.db");
    desk.run(&["restore", copy.to_str().expect("a path")]).fails(3, "in use by process");
    let reply = desk.json(&["reply", &ticket, "We are looking into it."]);
    assert_eq!(reply["state"], "sent");

    // A broken configuration leaves the old one; a good one is taken without anybody losing anything.
    let good = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
    desk.configure(&format!("{good}\n[desk]\nname = 5\n"));
    desk.run(&["reload"]).fails(2, "desk.toml:");
    // What only whoever listens finds wrong ends the same way, and does not end the desk.
    desk.configure(&format!("{good}\n[desk]\nsocket_group = \"no-such-group\"\n"));
    desk.run(&["reload"]).fails(2, "there is no group `no-such-group` on this machine");
    assert_eq!(desk.json(&["status"])["pid"], server.child.id());
    // So do keys that are none, each with its place, by whatever way it is read again.
    desk.configure(&format!("{good}\n[keys.queue]\nclaim = \"nosuchkey-\"\n[keys.nowhere]\nclaim = \"c\"\n"));
    let line = good.lines().count() + 3;
    let refused = desk.run(&["reload"]);
    assert!(refused.err.contains("the configuration stays as it was"), "{}", refused.err);
    assert!(refused.err.contains(&format!("desk.toml:{}:1: keys.nowhere: no such place", line + 2)), "{}", refused.err);
    refused.fails(2, &format!("desk.toml:{line}:1: keys.queue.claim: "));
    kill_process(server.pid(), Signal::USR1).expect("is there");
    while !server.next_line().contains("the configuration stays as it was") {}
    // A template that cannot be read hinders nobody.
    std::fs::create_dir_all(desk.path().join("templates")).expect("makes");
    let template = desk.path().join("templates/bad.toml");
    std::fs::write(&template, "name = 5").expect("writes");
    desk.configure(&good);
    let taken = desk.run(&["reload"]).ok();
    assert!(taken.contains("read again") && taken.contains("bad.toml"), "{taken}");
    std::fs::remove_file(template).expect("removes");
    kill_process(server.pid(), Signal::USR1).expect("is there");
    desk.configure(&format!("{good}\n[[queues]]\nname = \"Mine too\"\nquery = \"assignee:me\"\n"));
    until("it has been read", || desk.run(&["reload"]).out.contains("read again").then_some(()));
    // Whoever had it read again finds it; the process runs since it began.
    let after = desk.json(&["status"]);
    assert_eq!(after["since"], status["since"], "{after}");
    assert_ne!(after["begun"], status["begun"], "{after}");
    let user = rustix::process::geteuid();
    if user.is_root() {
        let seats = desk.run(&["seats"]).ok();
        assert!(seats.lines().any(|line| line.contains("  root  ")), "{seats}");
    }
    assert!(desk.queue("Mine too").contains(&ticket));
    assert!(watch.try_wait().expect("asks").is_none(), "who watches has come back by itself");

    assert!(desk.run(&["log", "debug"]).ok().contains("logs debug from now on"));
    assert!(desk.run(&["stop"]).ok().contains("ending"));
    assert_eq!(server.child.wait().expect("ends").code(), Some(0));
    let _rest = server.next_line();
    desk.run(&["status"]).fails(3, "no desk is running");
    assert!(!desk.path().join("default/desk.sock").exists());
    watch.kill().expect("is there");
    watch.wait().expect("ends");
    assert_eq!(desk.messages(&ticket).iter().filter(|(_, text)| text == "We are looking into it.").count(), 1);
}

#[test]
fn whoever_watches_reads_what_happens_a_line_each() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let server = Server::start(desk.command(&["serve"]));
    desk.run(&["sync"]).ok();
    let rows = desk.json(&["queue", "unassigned"]);
    let (ticket, title) = (rows[0]["id"].to_string(), rows[0]["title"].as_str().expect("a title"));
    let mut watch = desk.command(&["watch"]).stdout(Stdio::piped()).spawn().expect("starts");
    let mut watched = BufReader::new(watch.stdout.take().expect("is piped"));
    until("it is attached", || {
        let seats = desk.json(&["seats"]);
        seats.as_array().expect("a list").iter().any(|seat| seat["pid"] == watch.id()).then_some(())
    });
    // It is told of what happens once it has looked where things stand; when that is, nobody outside knows.
    let mut told = String::new();
    std::thread::scope(|scope| {
        let noting = scope.spawn(|| {
            for number in 0.. {
                desk.run(&["note", &ticket, &format!("note {number}\u{1b}[2J")]).ok();
                if desk.path().join("heard").exists() {
                    break;
                }
            }
        });
        assert!(watched.read_line(&mut told).expect("reads") > 0);
        std::fs::write(desk.path().join("heard"), "").expect("writes");
        noting.join().expect("ends");
    });
    assert!(told.contains(&format!(" #{ticket} ")) && told.contains("anna wrote a note: note "), "{told}");
    assert!(!told.contains('\u{1b}') && told.contains(title.split(' ').next().expect("a word")), "{told}");
    desk.run(&["claim", &ticket]).ok();
    desk.run(&["reply", &ticket, "We are\nlooking into it."]).ok();
    for wanted in ["anna claimed, status Open → Assigned", "anna replied: We are looking into it."] {
        while !told.contains(wanted) {
            told.clear();
            assert!(watched.read_line(&mut told).expect("reads") > 0, "{wanted}");
        }
        assert!(told.contains(&format!(" #{ticket} ")), "{told}");
    }
    watch.kill().expect("is there");
    watch.wait().expect("ends");
    drop(server);
}

#[test]
fn whoever_asks_a_desk_that_dies_asks_the_next_one() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    desk.run(&["sync"]).ok();
    let dying = UnixListener::bind(desk.path().join("default/desk.sock")).expect("listens");
    let asked: Vec<Child> = [["status"], ["seats"]]
        .map(|args| desk.command(&args).stdout(Stdio::piped()).spawn().expect("starts"))
        .into_iter()
        .collect();
    for _ in &asked {
        drop(dying.accept().expect("knocks"));
    }
    drop(dying);
    let _server = Server::start(desk.command(&["serve"]));
    for child in asked {
        let output = child.wait_with_output().expect("ends");
        assert!(output.status.success(), "{}", words(&output));
    }
}

#[test]
fn programs_are_run_when_something_happens_and_get_it_as_json() {
    // Customers open topics by themselves.
    let sandbox = SandboxProcess::start(&["--speed", "20", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk(FAST);
    let heard = desk.path().join("heard; touch nothing");
    let settings = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
    let hook = |run: &[&str]| format!("\n[[hooks]]\non = \"new_ticket\"\nrun = {run:?}\ntime = \"2s\"\n");
    let to = heard.to_str().expect("a path");
    desk.configure(&format!(
        "{settings}{}{}{}",
        hook(&["/no/such/program"]),
        hook(&["sleep", "600"]),
        hook(&["tee", to])
    ));
    let _server = Server::start(desk.command(&["serve"]));
    let told = until("the hook has run", || {
        let text = std::fs::read_to_string(&heard).ok()?;
        serde_json::from_str::<serde_json::Value>(&text).ok()
    });
    assert_eq!(told["event"]["alert"], "new_ticket", "{told}");
    assert!(told["ticket"]["id"].is_i64() && told["ticket"]["status"] == "open", "{told}");
}

#[test]
fn a_copy_made_while_the_desk_works_is_put_back_whole() {
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let server = Server::start(desk.command(&["serve"]));
    // Attached, it waits until the desk that runs has everything.
    desk.run(&["sync"]).ok();
    let tickets = desk.queue("unassigned");
    let copy = desk.path().join("copy.db");
    let copy = copy.to_str().expect("a path");
    // Notes are written all the while.
    let mut writer = Command::new("sh");
    let note = format!(
        "for i in $(seq 1 15); do '{}' --data-dir '{}' --agent anna note {} \"note $i\" || exit 1; done",
        env!("CARGO_BIN_EXE_topicdesk"),
        desk.path().display(),
        tickets[0]
    );
    let mut writer = writer.args(["-c", &note]).stdout(Stdio::null()).spawn().expect("starts");
    until("some are there", || desk.run(&["show", &tickets[0]]).out.contains("note 3").then_some(()));
    desk.run(&["backup", copy]).ok();
    let before = desk.json(&["show", &tickets[0]]);
    assert!(writer.wait().expect("ends").success());
    desk.run(&["backup", copy]).fails(1, "copy.db: it is there already: remove it, or name another file");
    desk.run(&["claim", &tickets[1]]).ok();
    desk.run(&["restore", copy]).fails(3, ": end it first: `topicdesk stop`");
    drop(server);
    desk.run(&["restore", copy]).ok();
    let after = desk.json(&["show", &tickets[0]]);
    let notes = |page: &serde_json::Value| {
        let all = page["thread"].as_array().expect("a list").iter();
        all.filter(|entry| entry["kind"] == "note").map(|entry| entry["text"].to_string()).collect::<Vec<_>>()
    };
    assert!(notes(&after).len() >= 3 && notes(&before).starts_with(&notes(&after)), "{after}");
    assert!(desk.queue("unassigned").contains(&tickets[1]), "claimed after the copy was made");
    // The desk of the copy works on, and learns what has happened since.
    desk.run(&["sync"]).ok();
    desk.run(&["claim", &tickets[1]]).ok();
}

/// A box that several users of the machine share: they may start the program and connect, and nothing else.
pub(crate) struct SharedBox {
    pub(crate) folder: tempfile::TempDir,
    program: PathBuf,
}

impl SharedBox {
    pub(crate) fn new(desk: &Desk) -> SharedBox {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("sets");
        let program = folder.path().join("topicdesk");
        std::fs::copy(env!("CARGO_BIN_EXE_topicdesk"), &program).expect("copies");
        let (run, home) = (folder.path().join("run"), folder.path().join("home"));
        for (path, mode) in [(&run, 0o750), (&home, 0o777)] {
            std::fs::create_dir(path).expect("makes");
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("sets");
        }
        chown(&run, None, Some(GROUP)).expect("sets");
        // What everybody may read: no login, no key.
        std::fs::write(folder.path().join("desk.toml"), AGENTS).expect("writes");
        std::fs::set_permissions(folder.path().join("desk.toml"), std::fs::Permissions::from_mode(0o644))
            .expect("sets");
        let own = std::fs::read_to_string(desk.path().join("desk.toml")).expect("reads");
        let start = own.find("[[agents]]").expect("has agents");
        desk.configure(&format!("[desk]\nsocket_group = \"{GROUP}\"\n{}\n{AGENTS}", &own[..start]));
        SharedBox { folder, program }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("run/desk.sock")
    }

    /// Runs the desk for everybody.
    pub(crate) fn serve(&self, desk: &Desk) -> Server {
        let mut serve = desk.command(&["serve"]);
        serve.env("TOPICDESK_SOCKET", self.socket()).env_remove("TOPICDESK_AGENT");
        Server::start(serve)
    }

    /// Runs a command as another user.
    pub(crate) fn run(&self, user: u32, group: u32, args: &[&str]) -> Output {
        self.input(user, group, args, "")
    }

    /// Runs a command as another user, with a standard input.
    pub(crate) fn input(&self, user: u32, group: u32, args: &[&str], input: &str) -> Output {
        let mut command = Command::new(&self.program);
        for name in ["DESK", "CONFIG", "DATA_DIR", "AGENT", "BOT_TOKEN"] {
            command.env_remove(format!("TOPICDESK_{name}"));
        }
        command.env("TOPICDESK_SOCKET", self.socket()).env("TOPICDESK_CONFIG", self.folder.path().join("desk.toml"));
        command.env("HOME", self.folder.path().join("home")).env_remove("USER").current_dir("/");
        command.args(args).uid(user).gid(group);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        // A command that reads nothing closes its end.
        let _closed = child.stdin.take().expect("is piped").write_all(input.as_bytes());
        child.wait_with_output().expect("ends")
    }
}

pub(crate) const GROUP: u32 = 54_242;
/// A lead.
pub(crate) const ANNA: u32 = 55_001;
/// An agent.
pub(crate) const TOM: u32 = 55_002;
/// An admin.
pub(crate) const MIA: u32 = 55_004;
pub(crate) const STRANGER: u32 = 55_003;
const AGENTS: &str = "[[agents]]\nname = \"anna\"\nos_user = \"55001\"\nrole = \"lead\"\n\n[[agents]]\nname = \"tom\"\nos_user = \"55002\"\n\n\
[[agents]]\nname = \"mia\"\nos_user = \"55004\"\nrole = \"admin\"\n";

pub(crate) fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn users_of_the_machine_are_who_the_kernel_says_they_are() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: only root can be other users; the checks of users were not run");
        return;
    }
    let sandbox = SandboxProcess::start(&QUIET);
    let desk = sandbox.bot_desk(FAST);
    let shared = SharedBox::new(&desk);
    let server = shared.serve(&desk);
    assert!(shared.run(ANNA, GROUP, &["sync"]).status.success());
    let output = shared.run(ANNA, GROUP, &["queue", "unassigned", "--json"]);
    let rows: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
    let [first, second] = [&rows[0], &rows[1]].map(|row| row["id"].to_string());

    // Each is their agent, without saying so; nobody can say otherwise.
    let claimed = shared.run(TOM, GROUP, &["claim", &first]);
    assert!(words(&claimed).contains("ASSIGNED, tom"), "{}", words(&claimed));
    let other = shared.run(TOM, GROUP, &["--agent", "anna", "claim", &second]);
    assert_eq!(other.status.code(), Some(3), "{}", words(&other));
    assert!(words(&other).contains("is tom, and cannot be anna"), "{}", words(&other));
    let stranger = shared.run(STRANGER, GROUP, &["--agent", "tom", "queue"]);
    assert_eq!(stranger.status.code(), Some(3), "{}", words(&stranger));
    assert!(words(&stranger).contains("user 55003 is no agent of this desk"), "{}", words(&stranger));
    let outside = shared.run(STRANGER, STRANGER, &["--agent", "tom", "queue"]);
    assert_eq!(outside.status.code(), Some(3), "{}", words(&outside));
    assert!(words(&outside).contains("may not attach to the desk"), "{}", words(&outside));

    // They see how it is, though not its files.
    let doctor = words(&shared.run(TOM, GROUP, &["doctor"]));
    assert!(doctor.contains("here you are tom (agent)") && doctor.contains("connected"), "{doctor}");
    assert!(!doctor.contains("BAD") && !doctor.contains("not logged in"), "{doctor}");

    // What a role is for.
    shared.run(ANNA, GROUP, &["claim", &second]);
    let forbidden = shared.run(TOM, GROUP, &["release", &second]);
    assert!(words(&forbidden).contains("only a lead releases a colleague's ticket"), "{}", words(&forbidden));
    assert!(shared.run(ANNA, GROUP, &["release", &first]).status.success(), "a lead may");
    let stop = shared.run(ANNA, GROUP, &["stop"]);
    assert!(words(&stop).contains("anna is lead: that needs admin"), "{}", words(&stop));

    // Nothing of the desk's own files can be read, copied or sent by a seat.
    let data = desk.path().join("default");
    for secret in ["session.db", "tickets.db"] {
        let mut cat = Command::new("cat");
        let output = cat.arg(data.join(secret)).uid(TOM).gid(GROUP).output().expect("starts");
        assert!(!output.status.success() && output.stdout.is_empty());
    }
    let copy = shared.folder.path().join("home/copy.db");
    let copied = shared.run(ANNA, GROUP, &["backup", copy.to_str().expect("a path")]);
    assert!(!copied.status.success() && !copy.exists(), "{}", words(&copied));
    let session = data.join("session.db");
    let sent = shared.run(TOM, GROUP, &["reply", &second, "--file", session.to_str().expect("a path")]);
    assert!(words(&sent).contains("cannot be read"), "{}", words(&sent));

    // A file of their own leaves with a reply.
    let file = shared.folder.path().join("home/invoice.txt");
    std::fs::write(&file, "1 x tea").expect("writes");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("sets");
    let sent = shared.run(ANNA, GROUP, &["reply", &second, "Your invoice", "--file", file.to_str().expect("a path")]);
    assert!(words(&sent).contains("sent as message"), "{}", words(&sent));
    let id = words(&sent).split("message ").nth(1).and_then(|rest| rest.split_whitespace().next().map(String::from));
    // And comes back, to whoever asks for it, into a folder of theirs.
    let saved = shared.folder.path().join("home/again.txt");
    let fetched =
        shared.run(TOM, GROUP, &["file", &second, &id.expect("an id"), "--save", saved.to_str().expect("a path")]);
    assert!(fetched.status.success(), "{}", words(&fetched));
    assert_eq!(std::fs::read_to_string(&saved).expect("reads"), "1 x tea");

    // When nobody runs the desk, they are told so, and not of files that are none of their business.
    assert!(shared.run(MIA, GROUP, &["stop"]).status.success());
    until("nothing is left to wait for", || (!shared.socket().exists()).then_some(()));
    drop(server);
    let data_dir = desk.path().to_str().expect("a path");
    for command in [&["queue"][..], &["claim", "1"], &["sync"]] {
        let alone = shared.run(TOM, GROUP, &[&["--data-dir", data_dir], command].concat());
        assert_eq!(alone.status.code(), Some(3), "{}", words(&alone));
        assert!(words(&alone).contains("no desk is running") && words(&alone).contains("is another user's"));
        assert!(!words(&alone).contains("no log is kept"), "{}", words(&alone));
    }
}
