//! Seats: real screens in terminals of their own, all at one engine, while customers write.
//!
//! The engine is `topicdesk serve`, the seats are `topicdesk`, each a process that attaches over the socket. Each agent has a ticket, which
//! they claim and release; half of them stand in its thread, with the unassigned behind it, half in the queue of all tickets. The time is that from the key to the moment at which
//! the terminal shows both the answer and what it has changed. In the end the log of each ticket is held against what was pressed.

mod gauge;
mod terminal;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::SelftestError;
use super::stage::{Size, Stage};
use crate::desk::event::{Actor, Event};
use crate::desk::ids::TicketKey;
use crate::sandbox::dice::Dice;
use crate::store::Reader;
use terminal::Terminal;

/// So long the desk may take until somebody listens.
const READY: Duration = Duration::from_secs(60);
/// So long a screen may take to show something before it is measured: many start at once.
const SHOWN: Duration = Duration::from_secs(60);
/// A command that is not on the screen by then is not answered.
const ANSWER: Duration = Duration::from_secs(5);
/// How long an agent thinks between two commands, on average.
const PAUSE: Duration = Duration::from_secs(10);

/// What there is to keep to: from the key to the screen, in milliseconds; of a core; in MB.
const BUDGET: Budget = Budget { median_ms: 10.0, p99_ms: 50.0, engine_cores: 0.5, engine_mb: 150.0, seat_mb: 30.0 };

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many seats.
    pub seats: usize,
    /// How many tickets there are.
    pub tickets: u32,
    /// How many messages customers write in a second.
    pub messages_per_second: f64,
    /// How long is measured.
    pub span: Duration,
    /// Decides who does what.
    pub seed: u64,
    /// The program.
    pub program: PathBuf,
}

/// Limits.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Budget {
    median_ms: f64,
    p99_ms: f64,
    engine_cores: f64,
    engine_mb: f64,
    seat_mb: f64,
}

/// From the key to the screen.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Times {
    /// Half of the commands were as fast.
    pub median_ms: f64,
    /// 95 of a hundred were.
    pub p95_ms: f64,
    /// 99 of a hundred were.
    pub p99_ms: f64,
    /// All were.
    pub max_ms: f64,
}

/// What a process has used while it was measured.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Used {
    /// How many cores were busy with it, on average.
    pub cores: Option<f64>,
    /// The most memory in which it has resided, in MB.
    pub memory_mb: Option<f64>,
}

/// What it came to. Serialises as one JSON object.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How many seats.
    pub seats: usize,
    /// How many tickets.
    pub tickets: usize,
    /// Seconds that were measured.
    pub seconds: u64,
    /// Decides who does what.
    pub seed: u64,
    /// Messages that customers wrote in that time.
    pub received: u64,
    /// Commands that were on the screen in time.
    pub commands: usize,
    /// Commands that were not.
    pub unanswered: usize,
    /// Commands that are on a screen, and not in the log.
    pub lost: usize,
    /// Commands that are in the log twice.
    pub repeated: usize,
    /// From the key to the screen.
    pub command_to_screen: Times,
    /// The engine's process.
    pub engine: Used,
    /// Of a seat: the average of cores, the largest of memory.
    pub seat: Used,
    /// What there is to keep to.
    pub budget: Budget,
    /// What was not kept to.
    pub over_budget: Vec<&'static str>,
    /// The commands that took longest.
    pub slowest: Vec<String>,
    /// What was found, the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
}

impl Report {
    /// Tells whether every command had one effect and was seen. The times are of this machine, and fail nothing.
    pub fn is_good(&self) -> bool {
        self.unanswered + self.lost + self.repeated == 0
    }
}

/// What all seats of a run know.
struct Run {
    stop: AtomicBool,
    begin: AtomicBool,
}

/// What a seat has seen.
#[derive(Default)]
struct Seen {
    /// How long each command took, and where and when it was.
    times: Vec<(Duration, String)>,
    unanswered: usize,
}

/// Does it.
///
/// # Errors
/// The stage cannot be set; a process cannot be started, or ends.
pub async fn seats(plan: &Plan) -> Result<Report, SelftestError> {
    let size = Size { topics: plan.tickets, messages: plan.tickets.saturating_mul(3), matters: plan.seats };
    let stage = Stage::new(plan.seed, size).await?;
    let config = stage.log().with_file_name("selftest.toml");
    std::fs::write(&config, settings(&stage, plan.seats))?;
    let on_desk = |more: &[&str]| {
        let mut command = Command::new(&plan.program);
        for name in ["DESK", "CONFIG", "DATA_DIR", "AGENT", "BOT_TOKEN", "SOCKET"] {
            command.env_remove(format!("TOPICDESK_{name}"));
        }
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR").args(more);
        let data = stage.address.data.as_path();
        command.args(["--desk", "desk", "--data-dir"]).arg(data.parent().unwrap_or(data)).arg("--config").arg(&config);
        command
    };
    let synchronised = on_desk(&["sync"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let done = tokio::task::spawn_blocking(move || synchronised.wait_with_output());
    let done = done.await.map_err(|panic| SelftestError::Stage(panic.to_string()))??;
    if !done.status.success() {
        let why = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(SelftestError::Stage(format!("the desk does not get the world: {why}")));
    }
    let mut engine = Engine(on_desk(&["serve"]).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
    let begun = Instant::now();
    while !on_desk(&["status"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
        if begun.elapsed() > READY {
            return Err(SelftestError::Stage("nobody listens for the desk".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let run = Arc::new(Run { stop: AtomicBool::new(false), begin: AtomicBool::new(false) });
    let (ready, readied) = channel();
    let mut running: Vec<(TicketKey, JoinHandle<Result<Seen, String>>)> = Vec::new();
    for (number, ticket) in stage.matters.iter().copied().enumerate() {
        let command = on_desk(&["--agent", &agent(number)]);
        let seat = Seat { number, ticket, seed: plan.seed, run: run.clone() };
        let ready = ready.clone();
        running.push((ticket, std::thread::spawn(move || seat.work(command, ready))));
    }
    drop(ready);
    let count = running.len();
    let processes = tokio::task::spawn_blocking(move || readied.iter().take(count).collect::<Vec<u32>>());
    let processes = processes.await.map_err(|panic| SelftestError::Stage(panic.to_string()))?;
    let mut measured = Measured::default();
    if processes.len() == count {
        measured = measure(plan, &stage, &run, &mut engine, &processes).await?;
    }
    run.stop.store(true, Ordering::Relaxed);
    run.begin.store(true, Ordering::Relaxed);
    let mut seen = Vec::new();
    for (ticket, thread) in running {
        let one = tokio::task::spawn_blocking(move || thread.join());
        let one = one.await.map_err(|panic| SelftestError::Stage(panic.to_string()))?;
        let one = one.unwrap_or_else(|_| Err("it has panicked".to_owned()));
        seen.push((ticket, one.map_err(|why| SelftestError::Stage(format!("a seat: {why}")))?));
    }
    let report = report(plan, &stage, measured, seen)?;
    drop(engine);
    stage.end().await;
    Ok(report)
}

/// The engine's process; it ends with this.
struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

fn agent(number: usize) -> String {
    format!("agent-{:02}", number + 1)
}

fn settings(stage: &Stage, seats: usize) -> String {
    let mut text = stage.address.settings();
    for number in 0..seats {
        text.push_str(&format!("[[agents]]\nname = \"{}\"\n", agent(number)));
    }
    text
}

#[derive(Default)]
struct Measured {
    received: u64,
    engine: Used,
    seat: Used,
}

/// Has customers write while the seats work, and looks at the processes.
async fn measure(
    plan: &Plan,
    stage: &Stage,
    run: &Run,
    engine: &mut Engine,
    seats: &[u32],
) -> Result<Measured, SelftestError> {
    let world = stage.world();
    let matters: Vec<i32> = stage.matters.iter().map(|ticket| ticket.topic.0).collect();
    let topics: Vec<(i32, i64)> = world.with(|world| {
        let group = world.group(world.forum());
        let topics = group.into_iter().flat_map(|group| group.topics()).filter(|topic| !topic.closed && topic.id > 1);
        topics.filter(|topic| !matters.contains(&topic.id)).map(|topic| (topic.id, topic.creator)).collect()
    });
    let process = engine.0.id();
    let all_seats = || seats.iter().filter_map(|seat| gauge::computed(*seat)).sum::<f64>();
    let mut dice = Dice::new(plan.seed);
    let mut measured = Measured::default();
    let (before, seats_before) = (gauge::computed(process), all_seats());
    run.begin.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / plan.messages_per_second.max(0.1)));
    let mut looked = begun;
    let raise = |most: &mut Option<f64>, now: Option<f64>| *most = most.iter().copied().chain(now).reduce(f64::max);
    while begun.elapsed() < plan.span {
        ticks.tick().await;
        // Who has left, or was shut out, may not write: somebody else does.
        for _ in 0..20 {
            let Some((topic, customer)) = dice.pick(&topics) else { break };
            if world.say(*customer, *topic, &format!("seats words {}", measured.received)).is_ok() {
                measured.received += 1;
                break;
            }
        }
        if looked.elapsed() >= Duration::from_secs(1) {
            looked = Instant::now();
            raise(&mut measured.engine.memory_mb, gauge::resides(process));
            for seat in seats {
                raise(&mut measured.seat.memory_mb, gauge::resides(*seat));
            }
        }
        if let Some(status) = engine.0.try_wait()? {
            return Err(SelftestError::Stage(format!("the engine's process has ended: {status}")));
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let spent = before.and_then(|before| Some(gauge::computed(process)? - before));
    measured.engine.cores = spent.map(|spent| spent / seconds);
    measured.seat.cores = spent.map(|_| (all_seats() - seats_before) / seconds / seats.len().max(1) as f64);
    Ok(measured)
}

/// Somebody at a screen.
struct Seat {
    number: usize,
    ticket: TicketKey,
    seed: u64,
    run: Arc<Run>,
}

impl Seat {
    fn work(&self, mut command: Command, ready: Sender<u32>) -> Result<Seen, String> {
        let words = |error: std::io::Error| format!("{}: {error}", agent(self.number));
        let mut terminal = Terminal::open(&mut command).map_err(words)?;
        let id = self.ticket.topic.0;
        let in_thread = self.number.is_multiple_of(2);
        type Step = (String, Box<dyn Fn(&str) -> bool>);
        let mut steps: Vec<Step> = vec![(String::new(), Box::new(|screen| screen.contains("live")))];
        if in_thread {
            steps.push(("\u{f}".to_owned(), Box::new(|screen| screen.contains("Jump to a ticket"))));
            let open = move |screen: &str| open_in_thread(screen, id, "OPEN · nobody's");
            steps.push((format!("{id}\r"), Box::new(open)));
        } else {
            steps.push(("8".to_owned(), Box::new(|screen| screen.contains("[8 All"))));
            for order in ["longest waiting", "newest"] {
                steps.push((",".to_owned(), Box::new(move |screen| screen.contains(&format!("order: {order} first")))));
            }
            steps.push((
                "gg".to_owned(),
                Box::new(|screen| screen.lines().nth(2).is_some_and(|row| row.starts_with('>'))),
            ));
        }
        let walk = |terminal: &mut Terminal, keys: &str, shown: &dyn Fn(&str) -> bool| {
            terminal.press(keys).map_err(words)?;
            match terminal.sees(SHOWN, shown).map_err(words)? {
                Some(_) => Ok(()),
                None => Err(format!("{} waits in vain after {keys:?}:\n{}", agent(self.number), terminal.screen())),
            }
        };
        for (keys, shown) in steps {
            walk(&mut terminal, &keys, &*shown)?;
        }
        // The ticket is among the newest.
        while !in_thread && !selected(&terminal.screen(), id, 'O') {
            let before = selected_number(&terminal.screen());
            walk(&mut terminal, "j", &|screen| selected_number(screen).is_some_and(|now| Some(now) != before))?;
        }
        // Nobody waits for it any more, if another has failed.
        let _gone = ready.send(terminal.process());
        drop(ready);
        while !self.run.begin.load(Ordering::Relaxed) {
            terminal.idle(Duration::from_millis(20)).map_err(words)?;
        }
        let started = Instant::now();
        let mut dice = Dice::new(self.seed ^ (self.number as u64 + 1));
        let mut seen = Seen::default();
        let mut claimed = false;
        while !self.run.stop.load(Ordering::Relaxed) {
            self.think(&mut terminal, PAUSE.mul_f64(2.0 * dice.fraction())).map_err(words)?;
            if self.run.stop.load(Ordering::Relaxed) {
                // All would press a key in this moment.
                break;
            }
            claimed = !claimed;
            let (key, said) = if claimed { ("c", "claimed") } else { ("C", "released") };
            let said = format!("{said} #{id}");
            let (standing, letter) = if claimed { ("ASSIGNED · you", 'A') } else { ("OPEN · nobody's", 'O') };
            let begun = Instant::now();
            terminal.press(key).map_err(words)?;
            let shown = |screen: &str| {
                let there = if in_thread { open_in_thread(screen, id, standing) } else { selected(screen, id, letter) };
                there && screen.contains(&said)
            };
            match terminal.sees(ANSWER, shown).map_err(words)? {
                Some(at) => {
                    let place = if in_thread { "thread" } else { "queue" };
                    let since = started.elapsed().as_secs_f64();
                    let told = format!("{} in the {place}, {said} after {since:.1} s", agent(self.number));
                    seen.times.push((at - begun, told));
                }
                None => {
                    seen.unanswered += 1;
                    tracing::warn!(screen = terminal.screen(), "a command was not answered");
                    break;
                }
            }
        }
        Ok(seen)
    }

    fn think(&self, terminal: &mut Terminal, span: Duration) -> Result<(), std::io::Error> {
        let begun = Instant::now();
        while begun.elapsed() < span && !self.run.stop.load(Ordering::Relaxed) {
            terminal.idle(Duration::from_millis(100).min(span.saturating_sub(begun.elapsed())))?;
        }
        Ok(())
    }
}

/// Tells whether a ticket is open in its thread, and stands so.
fn open_in_thread(screen: &str, id: i32, standing: &str) -> bool {
    let head = screen.lines().next().unwrap_or_default();
    head.contains(&format!("#{id} ")) && head.contains(standing)
}

/// Tells the selected row of the queue.
fn selected_row(screen: &str) -> Option<String> {
    screen.lines().find(|line| line.starts_with('>')).map(str::to_owned)
}

/// Tells the number in it, which stays whatever else changes there.
fn selected_number(screen: &str) -> Option<u32> {
    let row = selected_row(screen)?;
    row.split_once('#')?.1.split(' ').next()?.parse().ok()
}

/// Tells whether a ticket is the selected one of the queue, and has the letter.
fn selected(screen: &str, id: i32, letter: char) -> bool {
    selected_row(screen).is_some_and(|row| row.contains(&format!("{letter} #{id} ")))
}

fn report(
    plan: &Plan,
    stage: &Stage,
    measured: Measured,
    seen: Vec<(TicketKey, Seen)>,
) -> Result<Report, SelftestError> {
    let reader = Reader::open(&stage.address.data)?;
    let (mut lost, mut repeated, mut complaints) = (0, 0, Vec::new());
    let mut times: Vec<f64> = Vec::new();
    let mut slowest: Vec<&(Duration, String)> = Vec::new();
    for (ticket, seen) in &seen {
        times.extend(seen.times.iter().map(|(time, _)| time.as_secs_f64() * 1e3));
        slowest.extend(seen.times.iter());
        let log = reader.log(*ticket)?;
        let moved = log.iter().filter(|one| matches!((&one.by, &one.event), (Actor::Agent(_), Event::Moved { .. })));
        let (logged, shown) = (moved.count(), seen.times.len());
        // One that nobody has seen answered may have been done.
        lost += shown.saturating_sub(logged);
        repeated += logged.saturating_sub(shown + seen.unanswered);
        if !(shown..=shown + seen.unanswered).contains(&logged) {
            complaints
                .push(format!("ticket {}: {shown} commands were answered, {logged} are in the log", ticket.topic));
        }
    }
    complaints.truncate(8);
    slowest.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    let slowest = slowest.iter().take(8).map(|(time, told)| format!("{:.0} ms: {told}", time.as_secs_f64() * 1e3));
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times.get(((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1)));
    let at = |part: f64| at(part).copied().unwrap_or_default();
    let to_screen = Times { median_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: at(1.0) };
    let over = [
        ("median of command to screen", Some(to_screen.median_ms), BUDGET.median_ms),
        ("99 of a hundred commands to screen", Some(to_screen.p99_ms), BUDGET.p99_ms),
        ("computing of the engine", measured.engine.cores, BUDGET.engine_cores),
        ("memory of the engine", measured.engine.memory_mb, BUDGET.engine_mb),
        ("memory of a seat", measured.seat.memory_mb, BUDGET.seat_mb),
    ];
    let over_budget = over.into_iter().filter(|(_, used, most)| used.is_some_and(|used| used > *most));
    Ok(Report {
        seats: plan.seats,
        tickets: reader.ticket_keys()?.len(),
        seconds: plan.span.as_secs(),
        seed: plan.seed,
        received: measured.received,
        commands: times.len(),
        unanswered: seen.iter().map(|(_, seen)| seen.unanswered).sum(),
        lost,
        repeated,
        command_to_screen: to_screen,
        engine: measured.engine,
        seat: measured.seat,
        budget: BUDGET,
        over_budget: over_budget.map(|(what, ..)| what).collect(),
        slowest: slowest.collect(),
        complaints,
    })
}
