//! Seats: real screens in terminals of their own, all at one engine, while customers write.
//!
//! The engine is `topicdesk serve`, the seats are `topicdesk`, each a process that attaches over the socket. Each agent has a ticket, which
//! they claim and release; half of them stand in its thread, with the unassigned behind it, and write internal notes, half in the queue of
//! all tickets. The time is that from the key to the moment at which the terminal shows both the answer and what it has changed. In the end
//! the log and the thread of each ticket are held against what was pressed.

mod agent;
mod gauge;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::SelftestError;
use super::stage::{Size, Stage};
use crate::desk::event::{Actor, Event};
use crate::desk::ids::TicketKey;
use crate::sandbox::dice::Dice;
use crate::store::Reader;
use crate::store::threads::{From, Kind};
use agent::{Agent, Answered, Run, Seen};

/// So long the desk may take until somebody listens.
const READY: Duration = Duration::from_secs(60);

/// No thread of a run is longer.
const MOST: usize = 100_000;

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
    /// Its median for each kind of command, in milliseconds.
    pub median_ms_of: BTreeMap<&'static str, f64>,
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

    let run = Arc::new(Run::default());
    let (ready, readied) = channel();
    let mut running: Vec<(TicketKey, JoinHandle<Result<Seen, String>>)> = Vec::new();
    for (number, ticket) in stage.matters.iter().copied().enumerate() {
        let command = on_desk(&["--agent", &agent::name(number)]);
        let agent = Agent { number, ticket, seed: plan.seed, run: run.clone() };
        let ready = ready.clone();
        running.push((ticket, std::thread::spawn(move || agent.work(command, ready))));
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

fn settings(stage: &Stage, seats: usize) -> String {
    let mut text = stage.address.settings();
    for number in 0..seats {
        text.push_str(&format!("[[agents]]\nname = \"{}\"\n", agent::name(number)));
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

fn report(
    plan: &Plan,
    stage: &Stage,
    measured: Measured,
    seen: Vec<(TicketKey, Seen)>,
) -> Result<Report, SelftestError> {
    let reader = Reader::open(&stage.address.data)?;
    let (mut lost, mut repeated, mut complaints) = (0, 0, Vec::new());
    for (ticket, seen) in &seen {
        let log = reader.log(*ticket)?;
        let moves = log.iter().filter(|one| matches!((&one.by, &one.event), (Actor::Agent(_), Event::Moved { .. })));
        let moves = moves.count();
        let (entries, _) = reader.thread(*ticket, From::Newest, MOST)?;
        let notes: Vec<_> = entries.iter().filter(|entry| entry.kind == Kind::Note).map(|entry| &entry.text).collect();
        let distinct: BTreeSet<_> = notes.iter().collect();
        // One that nobody has seen answered may have been done.
        let fewer =
            seen.moves.saturating_sub(moves) + seen.notes.iter().filter(|note| !distinct.contains(note)).count();
        let more = moves.saturating_sub(seen.moves + seen.unanswered) + notes.len() - distinct.len();
        lost += fewer;
        repeated += more;
        if fewer + more > 0 {
            let (topic, shown) = (ticket.topic, (seen.moves, seen.notes.len()));
            let found = (moves, notes.len());
            complaints.push(format!("ticket {topic}: {shown:?} moves and notes were answered, {found:?} are there"));
        }
    }
    let mut slowest: Vec<&Answered> = seen.iter().flat_map(|(_, seen)| &seen.answered).collect();
    let mut kinds: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for one in &slowest {
        kinds.entry(one.what).or_default().push(one.time.as_secs_f64() * 1e3);
    }
    let mut times: Vec<f64> = kinds.values().flatten().copied().collect();
    complaints.truncate(8);
    slowest.sort_by_key(|one| std::cmp::Reverse(one.time));
    let slowest = slowest.iter().take(8).map(|one| format!("{:.0} ms: {}", one.time.as_secs_f64() * 1e3, one.told));
    times.sort_by(f64::total_cmp);
    let at = |part: f64| nearest(&times, part);
    let medians = kinds.into_iter().map(|(what, mut times)| {
        times.sort_by(f64::total_cmp);
        (what, nearest(&times, 0.5))
    });
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
        median_ms_of: medians.collect(),
        engine: measured.engine,
        seat: measured.seat,
        budget: BUDGET,
        over_budget: over_budget.map(|(what, ..)| what).collect(),
        slowest: slowest.collect(),
        complaints,
    })
}

/// Tells the value below which a part of sorted values lies; 0 for none.
fn nearest(sorted: &[f64], part: f64) -> f64 {
    let place = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}
