//! The real binary in a pseudo-terminal: keys go in, and what a terminal would show comes out.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{ChildKiller, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// However slow the machine is: what has not come by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the terminal has been given, and how the program ended.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    last: Instant,
    ended: Option<ExitStatus>,
}

/// Changes are announced, so that nobody has to look again and again.
struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
    /// The reader lets go of the terminal after what it reads next.
    hung_up: AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pseudo-terminal with the program in it. The program ends with it.
pub(crate) struct Terminal {
    pid: Pid,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    shared: Arc<Shared>,
}

/// How a program is started.
pub(crate) struct Start {
    command: CommandBuilder,
    columns: u16,
    rows: u16,
}

impl Start {
    /// The binary, with an environment in which nothing changes what it does.
    pub(crate) fn new(args: &[&str]) -> Start {
        Start::program(Path::new(env!("CARGO_BIN_EXE_topicdesk")), args)
    }

    /// Any program, in the same environment.
    pub(crate) fn program(program: &Path, args: &[&str]) -> Start {
        let mut command = CommandBuilder::new(program);
        command.args(args);
        for name in ["DESK", "CONFIG", "DATA_DIR", "AGENT", "BOT_TOKEN"] {
            command.env_remove(format!("TOPICDESK_{name}"));
        }
        for name in ["TMUX", "NO_COLOR", "LC_CTYPE", "LANG", "VISUAL", "EDITOR"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("TZ", "UTC");
        Start { command, columns: 80, rows: 24 }
    }

    pub(crate) fn data_dir(mut self, folder: &Path) -> Start {
        self.command.args([OsStr::new("--data-dir"), folder.as_os_str()]);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Start {
        self.command.env(name, value);
        self
    }

    pub(crate) fn size(mut self, columns: u16, rows: u16) -> Start {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    pub(crate) fn open(self) -> Terminal {
        let pair = native_pty_system().openpty(size(self.columns, self.rows)).expect("a pseudo-terminal");
        let mut child = pair.slave.spawn_command(self.command).expect("starts");
        drop(pair.slave);
        let pid = child.process_id().and_then(|id| Pid::from_raw(id as i32)).expect("a process");
        let killer = child.clone_killer();
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let keys = pair.master.take_writer().expect("a writer");
        let (rows, columns) = cells(self.columns, self.rows);
        let seen =
            Seen { parser: vt100::Parser::new(rows, columns, 0), bytes: Vec::new(), last: Instant::now(), ended: None };
        let shared =
            Arc::new(Shared { seen: Mutex::new(seen), changed: Condvar::new(), hung_up: AtomicBool::new(false) });
        let heard = shared.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            // A terminal whose program has gone answers with an error.
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                let mut seen = heard.lock();
                seen.parser.process(&buffer[..length]);
                seen.bytes.extend_from_slice(&buffer[..length]);
                seen.last = Instant::now();
                heard.changed.notify_all();
                if heard.hung_up.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let heard = shared.clone();
        std::thread::spawn(move || {
            let ended = child.wait().expect("a child");
            // Its last words count.
            drop(reader.join());
            heard.lock().ended = Some(ended);
            heard.changed.notify_all();
        });
        Terminal { pid, master: Some(pair.master), keys: Some(keys), killer, shared }
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// Rows and columns as the parser takes them.
fn cells(columns: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    (NonZeroU16::new(rows).expect("not zero"), NonZeroU16::new(columns).expect("not zero"))
}

impl Terminal {
    /// Types, in one write.
    pub(crate) fn keys(&mut self, keys: impl AsRef<[u8]>) {
        let writer = self.keys.as_mut().expect("nobody has hung up");
        writer.write_all(keys.as_ref()).expect("takes keys");
        writer.flush().expect("takes keys");
    }

    /// Types a text into the composer, and waits until it is saved: what follows at once would be taken for a paste.
    #[track_caller]
    pub(crate) fn write(&mut self, text: &str) {
        self.keys(text);
        self.sees(text);
        self.sees("draft saved");
    }

    /// Types one key after another, each when the screen shows what stands beside the one before.
    #[track_caller]
    pub(crate) fn script(&mut self, steps: &[(&str, &str)]) {
        for (keys, shown) in steps {
            self.keys(keys);
            self.sees(shown);
        }
    }

    /// Waits until the terminal is so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, test: impl Fn(&vt100::Screen) -> bool) {
        self.until_seen(what, |seen| test(seen.parser.screen()));
    }

    /// Waits until a text stands on the screen.
    #[track_caller]
    pub(crate) fn sees(&self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until a text stands no longer on the screen.
    #[track_caller]
    pub(crate) fn misses(&self, text: &str) {
        self.until(&format!("no {text}"), |screen| !screen.contents().contains(text));
    }

    /// Asserts that the terminal was left so by a program that has ended.
    #[track_caller]
    pub(crate) fn left_as(&self, what: &str, test: impl Fn(&vt100::Screen) -> bool) {
        self.ends();
        let seen = self.shared.lock();
        assert!(test(seen.parser.screen()), "not so: {what}; the screen:\n{}", seen.parser.screen().contents());
    }

    #[track_caller]
    fn until_seen(&self, what: &str, test: impl Fn(&Seen) -> bool) {
        let begun = Instant::now();
        let mut seen = self.shared.lock();
        while !test(&seen) {
            let screen = seen.parser.screen().contents();
            assert!(begun.elapsed() < PATIENCE, "in vain: {what}; the screen:\n{screen}");
            assert!(seen.ended.is_none(), "it has ended: {:?}; in vain: {what}; the screen:\n{screen}", seen.ended);
            seen = self.wait(seen, PATIENCE.saturating_sub(begun.elapsed()));
        }
    }

    fn wait<'a>(&self, seen: MutexGuard<'a, Seen>, most: Duration) -> MutexGuard<'a, Seen> {
        self.shared.changed.wait_timeout(seen, most).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until nothing has been written for so long. What never falls silent is a failure.
    #[track_caller]
    pub(crate) fn settles(&self, silence: Duration) {
        let begun = Instant::now();
        let mut seen = self.shared.lock();
        while seen.last.elapsed() < silence {
            assert!(begun.elapsed() < PATIENCE, "never silent:\n{}", seen.parser.screen().contents());
            let rest = silence.saturating_sub(seen.last.elapsed());
            seen = self.wait(seen, rest);
        }
    }

    /// Waits for more than so many bytes; tells how many came in that time.
    pub(crate) fn listens(&self, bytes: usize, time: Duration) -> usize {
        let begun = Instant::now();
        let mut seen = self.shared.lock();
        let before = seen.bytes.len();
        while begun.elapsed() < time && seen.bytes.len() - before <= bytes {
            seen = self.wait(seen, time.saturating_sub(begun.elapsed()));
        }
        seen.bytes.len() - before
    }

    /// All bytes so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.shared.lock().bytes.clone()
    }

    /// Changes the size of the window; what was on it is forgotten, as the program paints anew.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let mut seen = self.shared.lock();
        let (high, wide) = cells(columns, rows);
        seen.parser.set_size(high, wide);
        self.master.as_ref().expect("nobody has hung up").resize(size(columns, rows)).expect("resizes");
    }

    /// Takes the terminal away, as a lost line does: all that hold its other end let go of it.
    pub(crate) fn hang_up(&mut self) {
        self.shared.hung_up.store(true, Ordering::SeqCst);
        // Ctrl-L, which paints: the reader wakes up once more. The writer adds a line end when it is closed.
        self.keys("\x0c");
        self.keys = None;
        self.master = None;
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Tells whether the terminal is as it was before the program came.
    pub(crate) fn given_back(screen: &vt100::Screen) -> bool {
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("is there");
    }

    /// Waits until the program has ended, and tells its exit code.
    #[track_caller]
    pub(crate) fn ends(&self) -> u32 {
        let begun = Instant::now();
        let mut seen = self.shared.lock();
        loop {
            if let Some(ended) = &seen.ended {
                assert!(ended.signal().is_none(), "{ended}");
                return ended.exit_code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", seen.parser.screen().contents());
            seen = self.wait(seen, PATIENCE.saturating_sub(begun.elapsed()));
        }
    }

    fn stat(&self) -> Vec<String> {
        let file = PathBuf::from(format!("/proc/{}/stat", self.pid()));
        let text = std::fs::read_to_string(file).expect("it runs");
        let (_, rest) = text.rsplit_once(") ").expect("as proc(5) tells");
        rest.split_whitespace().map(str::to_owned).collect()
    }

    /// Tells whether the program is stopped.
    pub(crate) fn stopped(&self) -> bool {
        self.stat()[0] == "T"
    }

    /// Tells the processor time of the program so far.
    pub(crate) fn processor(&self) -> Duration {
        let stat = self.stat();
        let ticks = |place: usize| stat[place].parse::<u64>().expect("a number");
        // utime and stime, in hundredths of a second.
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _gone = self.killer.kill();
        // What comes next may want the same desk, which a program that is still ending holds.
        let begun = Instant::now();
        let mut seen = self.shared.lock();
        while seen.ended.is_none() && begun.elapsed() < PATIENCE {
            seen = self.wait(seen, PATIENCE.saturating_sub(begun.elapsed()));
        }
    }
}
