//! The screen: the shipped binary in a pseudo-terminal over a warm cache, against a ratatui program that draws one line.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use criterion::Criterion;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::median;

/// The argument by which this program is the one that draws one line.
pub(crate) const ONE_LINE: &str = "--one-line";

const RUNS: usize = 15;

/// The least that a ratatui program does: enter, draw one line, wait for a key, leave.
pub(crate) fn one_line() {
    let mut terminal = ratatui::init();
    terminal
        .draw(|frame| frame.render_widget(ratatui::widgets::Paragraph::new("one line drawn"), frame.area()))
        .expect("drawn");
    let _key = crossterm::event::read().expect("a key");
    ratatui::restore();
}

/// What a program has written so far.
#[derive(Default)]
struct Written {
    parser: Mutex<Option<vt100::Parser>>,
    bytes: AtomicU64,
    news: Condvar,
}

fn size_of_screen(cells: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(cells).expect("more than none")
}

struct Screen {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    written: Arc<Written>,
}

impl Screen {
    fn start(command: CommandBuilder) -> Screen {
        let size = PtySize { rows: 50, cols: 160, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut reader = pair.master.try_clone_reader().expect("reader");
        let keys = pair.master.take_writer().expect("writer");
        let written = Arc::new(Written::default());
        *written.parser.lock().expect("lock") = Some(vt100::Parser::new(size_of_screen(50), size_of_screen(160), 0));
        let child = pair.slave.spawn_command(command).expect("started");
        let shared = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                let mut parser = shared.parser.lock().expect("lock");
                parser.as_mut().expect("a parser").process(&buffer[..count]);
                shared.bytes.fetch_add(count as u64, Ordering::SeqCst);
                shared.news.notify_all();
            }
        });
        Screen { child, _master: pair.master, keys, written }
    }

    fn wait(&self, good: impl Fn(&str) -> bool) {
        let mut parser = self.written.parser.lock().expect("lock");
        let end = Instant::now() + Duration::from_secs(30);
        while !good(&parser.as_ref().expect("a parser").screen().contents()) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never seen:\n{}", parser.as_ref().expect("a parser").screen().contents());
            parser = self.written.news.wait_timeout(parser, left).expect("lock").0;
        }
    }

    fn bytes(&self) -> u64 {
        self.written.bytes.load(Ordering::SeqCst)
    }

    /// Presses a key and waits for anything to be written.
    fn press(&mut self, key: &[u8]) -> Duration {
        let parser = self.written.parser.lock().expect("lock");
        let before = self.bytes();
        let begun = Instant::now();
        self.keys.write_all(key).expect("written");
        self.keys.flush().expect("written");
        let wait = |_: &mut Option<vt100::Parser>| self.bytes() == before;
        let (_parser, late) = self.written.news.wait_timeout_while(parser, Duration::from_secs(5), wait).expect("lock");
        assert!(!late.timed_out(), "nothing was painted");
        begun.elapsed()
    }

    /// Waits until nothing has been written for a while.
    fn settle(&self) {
        loop {
            let before = self.bytes();
            std::thread::sleep(Duration::from_millis(1_500));
            if self.bytes() == before {
                return;
            }
        }
    }

    /// Processor time of the program, in ticks of 10 ms, and its resident memory in MiB.
    fn cost(&self) -> (u64, u64) {
        let id = self.child.process_id().expect("running");
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("stat");
        let fields: Vec<_> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
        let ticks = fields[11].parse::<u64>().expect("ticks") + fields[12].parse::<u64>().expect("ticks");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("status");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        (ticks, resident.trim().trim_end_matches(" kB").parse::<u64>().expect("kB") / 1024)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn desk(folder: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_topicdesk"));
    command.args(["--data-dir".as_ref(), folder.as_os_str(), "--agent".as_ref(), "anna".as_ref()]);
    command.env("TERM", "xterm-256color");
    command
}

pub(crate) fn measure(criterion: &mut Criterion, folder: &Path) {
    let (mut bare, mut first) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let begun = Instant::now();
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
        command.arg(ONE_LINE);
        command.env("TERM", "xterm-256color");
        let screen = Screen::start(command);
        screen.wait(|text| text.contains("one line drawn"));
        bare.push(begun.elapsed());
        drop(screen);
        let begun = Instant::now();
        let mut screen = Screen::start(desk(folder));
        screen.wait(|text| text.lines().filter(|line| line.contains('#')).count() > 10);
        first.push(begun.elapsed());
        screen.keys.write_all(b"q").expect("written");
    }
    let (bare, first) = (median(bare), median(first));
    println!("first screen of a warm cache, 160x50, medians of {RUNS} alternating runs");
    println!("  a ratatui program that draws one line {:>8.1} ms", bare.as_secs_f64() * 1e3);
    println!("  topicdesk, its queue on the screen    {:>8.1} ms", first.as_secs_f64() * 1e3);
    println!("  ratio (budget: at most 3)             {:>8.1}", first.as_secs_f64() / bare.as_secs_f64());

    let mut screen = Screen::start(desk(folder));
    screen.wait(|text| text.contains("live"));
    screen.settle();
    let mut keys: Vec<Duration> = Vec::new();
    for number in 0..200 {
        let key: &[u8] = if number % 20 < 10 { b"j" } else { b"k" };
        keys.push(screen.press(key));
        std::thread::sleep(Duration::from_millis(30));
    }
    println!("key to painted frame, median of 200 (budget: 5 ms) {:>6.2} ms", median(keys).as_secs_f64() * 1e3);
    criterion.bench_function("key to painted frame (criterion)", |bencher| {
        let mut down = false;
        bencher.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    down = !down;
                    std::thread::sleep(Duration::from_millis(20));
                    screen.press(if down { b"j" } else { b"k" })
                })
                .sum()
        });
    });
    screen.settle();
    let (bytes, (ticks, _)) = (screen.bytes(), screen.cost());
    std::thread::sleep(Duration::from_secs(60));
    let (ticks_after, memory) = screen.cost();
    println!(
        "idle for a minute, live: {} bytes (budget: 60), {} ms of processor time",
        screen.bytes() - bytes,
        (ticks_after - ticks) * 10
    );
    println!("resident memory: {memory} MiB (budget: 60)");
}
