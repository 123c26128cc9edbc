//! The real loop on a real terminal: this test program runs itself inside a pseudo-terminal, as the desk of agent ann.
//!
//! What is held here: the terminal is given back as it was, by leaving, by SIGTERM, by a panic; a hang-up ends the process
//! with its drafts saved; Ctrl-Z stops and `fg` goes on; $EDITOR has the keyboard to itself.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use topicdesk::clock::Clock;
use topicdesk::desk::command::Command;
use topicdesk::desk::ids::AgentName;
use topicdesk::engine::handle::handle;
use topicdesk::tui::{TuiError, run};

use crate::screens_desk::{State, serve_telling, setup, shop};

const CHILD: &str = "TOPICDESK_TEST_SCREEN";
const PATIENCE: Duration = Duration::from_secs(20);

/// Not a test by itself: what the others run inside a pseudo-terminal.
#[test]
fn child() {
    let Some(notes) = std::env::var_os(CHILD) else { return };
    let notes = PathBuf::from(notes);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let ended = runtime.block_on(async {
        let (front, ends) = handle(AgentName::from("ann"));
        let state = Arc::new(Mutex::new(State { tickets: shop(), ..State::default() }));
        let told = notes.clone();
        serve_telling(ends, state, Clock::System, move |command| {
            if let Command::SaveDraft { text, .. } = command {
                std::fs::write(&told, text).expect("a note");
            }
            assert!(!matches!(command, Command::Release { .. }), "released: the test wants a panic");
        });
        let mut setup = setup(&Clock::System);
        setup.templates.clear();
        run(front, setup, || Err("there is no file".to_owned())).await
    });
    let words = match &ended {
        Ok(_) => "left".to_owned(),
        Err(why) => format!("ended {} {}", why.exit_code(), why.state().is_some()),
    };
    std::fs::write(notes.with_extension("end"), words).expect("a note");
    if let Err(TuiError::NoTerminal | TuiError::Background) = ended {
        std::process::exit(3);
    }
    // The harness would print into the terminal.
    std::process::exit(0);
}

struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    input: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Vec<u8>>>,
    folder: tempfile::TempDir,
}

impl Pty {
    fn start(environment: &[(&str, &str)]) -> Pty {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "screens_terminal::child", "--nocapture", "--test-threads=1"]);
        command.env(CHILD, folder.path().join("draft"));
        command.env_remove("TMUX");
        for (name, value) in environment {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("a child");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let input = pair.master.take_writer().expect("a writer");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                sink.lock().expect("seen").extend_from_slice(&buffer[..length]);
            }
        });
        Pty { master: Some(pair.master), input: Some(input), child, seen, folder }
    }

    fn bytes(&self) -> Vec<u8> {
        self.seen.lock().expect("seen").clone()
    }

    fn screen(&self) -> vt100::Parser {
        let size = |number| NonZeroU16::new(number).expect("not zero");
        let mut parser = vt100::Parser::new(size(24), size(80), 0);
        parser.process(&self.bytes());
        parser
    }

    fn until(&self, what: &str, condition: impl Fn(&Pty) -> bool) {
        let begun = Instant::now();
        while !condition(self) {
            assert!(
                begun.elapsed() < PATIENCE,
                "waited for {what}; on the screen:\n{}",
                self.screen().screen().contents()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn sees(&self, words: &str) {
        self.until(words, |pty| pty.screen().screen().contents().contains(words));
    }

    fn send(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("an open terminal");
        input.write_all(bytes).expect("written");
        input.flush().expect("written");
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|id| Pid::from_raw(id as i32)).expect("a process");
        kill_process(pid, signal).expect("a signal");
    }

    fn note(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    fn ends(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().expect("a child").is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Tells the letter of the process's state: `R`, `S`, `T` …
    fn state(&self) -> char {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap_or(0))).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('?')
    }

    fn restored(&self) -> bool {
        let screen = self.screen();
        let screen = screen.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
        }
    }
}

#[test]
fn it_opens_works_and_gives_the_terminal_back() {
    let mut pty = Pty::start(&[]);
    pty.sees("acme-support");
    pty.sees("#1042");
    assert!(pty.screen().screen().alternate_screen() && pty.screen().screen().bracketed_paste());
    pty.send(b"r");
    pty.sees("PUBLIC");
    pty.send("привет".as_bytes());
    pty.sees("привет");
    pty.until("a saved draft", |pty| pty.note("draft") == "привет");
    pty.send(b"\x1b");
    pty.sees("Draft of a reply");
    pty.send(b"q");
    pty.ends();
    pty.until("the terminal as it was", Pty::restored);
    assert_eq!(pty.note("draft.end"), "left");
}

#[test]
fn sigterm_saves_the_draft_and_restores_the_terminal() {
    let mut pty = Pty::start(&[]);
    pty.sees("#1042");
    pty.send(b"i");
    pty.sees("INTERNAL NOTE");
    pty.send(b"not yet saved");
    pty.sees("not yet saved");
    pty.signal(Signal::TERM);
    pty.ends();
    assert_eq!(pty.note("draft"), "not yet saved");
    assert_eq!(pty.note("draft.end"), "ended 143 true");
    pty.until("the terminal as it was", Pty::restored);
}

#[test]
fn a_hang_up_saves_the_draft_and_ends_the_process() {
    let mut pty = Pty::start(&[]);
    pty.sees("#1042");
    pty.send(b"i");
    pty.sees("INTERNAL NOTE");
    pty.send(b"line lost");
    pty.sees("line lost");
    pty.input = None;
    pty.master = None;
    pty.signal(Signal::HUP);
    pty.ends();
    // The pseudo-terminal adds a line end of its own when it is closed.
    assert_eq!(pty.note("draft").trim_end(), "line lost");
    assert_eq!(pty.note("draft.end"), "ended 129 true");
}

#[test]
fn a_panic_restores_the_terminal() {
    let mut pty = Pty::start(&[]);
    pty.sees("#1042");
    // Releasing panics in the desk of this test, on another thread of the same process.
    pty.send(b"C");
    pty.until("the terminal as it was", Pty::restored);
    pty.until("the words of the panic", |pty| String::from_utf8_lossy(&pty.bytes()).contains("wants a panic"));
}

#[test]
fn it_stops_and_goes_on() {
    let mut pty = Pty::start(&[]);
    pty.sees("#1042");
    pty.send(b"\x1a");
    pty.until("a stopped process", |pty| pty.state() == 'T');
    pty.until("the terminal as it was", Pty::restored);
    pty.signal(Signal::CONT);
    pty.until("the screen again", |pty| {
        let screen = pty.screen();
        screen.screen().alternate_screen() && screen.screen().contents().contains("#1042")
    });
    pty.send(b"2");
    pty.sees("[2 Mine");
    pty.send(b"q");
    pty.ends();
}

#[test]
fn the_editor_has_the_keyboard_to_itself() {
    let script = "#!/bin/sh\nread line\nprintf '%s' \"edited: $line\" > \"$1\"\n";
    let tools = tempfile::tempdir().expect("a folder");
    let editor = tools.path().join("editor");
    std::fs::write(&editor, script).expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&editor, mode).expect("a script");
    let mut pty = Pty::start(&[("VISUAL", editor.to_str().expect("a path"))]);
    pty.sees("#1042");
    pty.send(b"i");
    pty.sees("INTERNAL NOTE");
    pty.send(b"first");
    pty.sees("first");
    pty.send(b"\x18\x05");
    pty.until("the terminal as it was", Pty::restored);
    pty.send(b"typed there\n");
    pty.sees("edited: typed there");
    pty.sees("INTERNAL NOTE");
}

#[test]
fn a_storm_of_resizes_ends_in_a_whole_screen() {
    let mut pty = Pty::start(&[]);
    pty.sees("#1042");
    let master = pty.master.as_ref().expect("an open terminal");
    for step in 0..200_u16 {
        let size = PtySize { rows: 5 + step % 40, cols: 20 + step % 150, pixel_width: 0, pixel_height: 0 };
        master.resize(size).expect("resized");
    }
    master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).expect("resized");
    pty.send(b"2");
    pty.sees("[2 Mine");
    pty.sees("c claim");
}

#[test]
fn it_refuses_to_start_without_a_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let status = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "screens_terminal::child"])
        .env(CHILD, folder.path().join("draft"))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .expect("a child");
    assert_eq!(status.code(), Some(3));
}
