//! The real binary in processes of its own: a sandbox, and desks that talk to it over TCP.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_topicdesk");

/// However slow the machine is: a condition that has not come by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sandbox in a process of its own.
pub(crate) struct SandboxProcess {
    child: Child,
    /// The line it printed.
    pub(crate) line: Value,
    next_key: std::cell::Cell<usize>,
}

impl SandboxProcess {
    /// Starts one and reads its line.
    pub(crate) fn start(args: &[&str]) -> SandboxProcess {
        let mut command = command();
        command.arg("sandbox").args(args).arg("--json").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("is piped")).read_line(&mut line).expect("prints a line");
        let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("no JSON: {error}: {line}"));
        SandboxProcess { child, line, next_key: 0.into() }
    }

    /// Writes a control line: something goes wrong there.
    pub(crate) fn cause(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().expect("is piped"), "{line}").expect("listens");
    }

    /// Finds an account by kind and a key that it must have.
    pub(crate) fn account(&self, kind: &str, with: &str) -> &Value {
        account(&self.line, kind, with)
    }

    /// Makes a desk that talks to it with a free key of its own.
    pub(crate) fn desk(&self, more: &str) -> Desk {
        let key = self.next_key.get();
        self.next_key.set(key + 1);
        desk_at(&self.line, key, more)
    }

    /// Makes a desk, logs it in as the bot.
    pub(crate) fn bot_desk(&self, more: &str) -> Desk {
        let desk = self.desk(more);
        self.login(&desk).ok();
        desk
    }

    /// Logs a desk in as the bot.
    pub(crate) fn login(&self, desk: &Desk) -> Ended {
        login_bot(&self.line, desk)
    }
}

/// Logs a desk in as the bot of a sandbox that has announced itself.
pub(crate) fn login_bot(line: &Value, desk: &Desk) -> Ended {
    let token = account(line, "bot", "token")["token"].as_str().expect("a text");
    desk.input(&["login", "--bot"], &format!("{token}\n"))
}

/// Finds an announced account by kind and a key that it must have.
pub(crate) fn account<'l>(line: &'l Value, kind: &str, with: &str) -> &'l Value {
    let accounts = line["accounts"].as_array().expect("a list");
    accounts
        .iter()
        .find(|account| account["kind"] == kind && account[with].is_string())
        .unwrap_or_else(|| panic!("no {kind} with a {with}"))
}

/// Makes a desk for a sandbox that has announced itself, with one of its free keys.
pub(crate) fn desk_at(line: &Value, key: usize, more: &str) -> Desk {
    let desk = Desk::empty();
    desk.configure(&settings(line, key, more));
    desk
}

/// Writes the settings of a desk for a sandbox that has announced itself.
pub(crate) fn settings(line: &Value, key: usize, more: &str) -> String {
    format!(
        "[telegram]\ngroup = {}\n{more}\n[telegram.sandbox]\naddress = {}\ndc_id = {}\nauth_key = {}\n\
         [[agents]]\nname = \"anna\"\ntelegram = {}\n[[agents]]\nname = \"tom\"\n",
        line["group"]["id"],
        line["address"],
        line["dc_id"],
        line["free_keys"][key],
        account(line, "agent", "phone")["id"],
    )
}

/// Logs a desk in as the first agent who has what is named, by lines on standard input.
pub(crate) fn user_login(line: &Value, desk: &Desk, with: &str) -> Ended {
    let account = account(line, "agent", with);
    let answer = |key: &str| account[key].as_str().map(|text| format!("{text}\n")).unwrap_or_default();
    desk.input(&["login", "--user"], &format!("{}{}{}", answer("phone"), answer("code"), answer("password")))
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A desk's folder, and the commands on it.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Asserts that it went well, and gives its output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// Asserts an exit code and a part of what it said.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        assert!(self.err.contains(said), "said {:?}, wanted {said:?}", self.err);
    }
}

/// The binary without anything of the environment that would change what it does.
pub(crate) fn command() -> Command {
    let mut command = Command::new(BINARY);
    for name in ["DESK", "CONFIG", "DATA_DIR", "AGENT", "BOT_TOKEN"] {
        command.env_remove(format!("TOPICDESK_{name}"));
    }
    command.env("TZ", "UTC").stdin(Stdio::null());
    command
}

impl Desk {
    /// A desk's folder with nothing in it.
    pub(crate) fn empty() -> Desk {
        Desk { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn tickets(&self) -> PathBuf {
        self.path().join("default/tickets.db")
    }

    /// Writes `desk.toml`.
    pub(crate) fn configure(&self, text: &str) {
        let file = self.path().join("desk.toml");
        fs::write(&file, text).expect("writes");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("sets");
    }

    /// The command as it will run; as anna, unless the arguments say otherwise.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command();
        command.arg("--data-dir").arg(self.path()).env("TOPICDESK_AGENT", "anna").args(args);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.input(args, "")
    }

    /// Runs a command with a standard input.
    pub(crate) fn input(&self, args: &[&str], input: &str) -> Ended {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        // A command that reads nothing closes its end.
        let _closed = child.stdin.take().expect("is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("ends");
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command with `--json` and reads its answer.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let out = self.run(&[args, &["--json"]].concat()).ok();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// The messages of a ticket: `(id, text)`, oldest first.
    pub(crate) fn messages(&self, ticket: &str) -> Vec<(i64, String)> {
        let page = self.json(&["show", ticket]);
        let entries = page["thread"].as_array().expect("a list");
        entries
            .iter()
            .filter(|entry| entry["kind"] == "message")
            .map(|entry| (entry["message_id"].as_i64().unwrap_or(0), entry["text"].as_str().unwrap_or("").to_owned()))
            .collect()
    }

    /// The numbers of the tickets of a queue.
    pub(crate) fn queue(&self, queue: &str) -> Vec<String> {
        let rows = self.json(&["queue", queue]);
        rows.as_array().expect("a list").iter().map(|row| row["id"].to_string()).collect()
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::yield_now();
    }
}
