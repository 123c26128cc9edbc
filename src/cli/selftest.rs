//! `topicdesk selftest`: the proof, run by whoever wants to see it: simulation, soak, kill rounds.

use std::io::{Write, stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use super::args::Global;
use super::failure::{Done, Failure};
use super::interrupt;
use crate::selftest::sabotage::Sabotage;
use crate::selftest::simulate::{Plan, Report, simulate};
use crate::selftest::{SelftestError, kill, seats, soak, worker};

#[derive(Args)]
pub(super) struct SelftestArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The engine against a model of Telegram, one run a seed, as fast as the machine can
    Simulate(SimulateArgs),
    /// Engine, link and store over real sockets against the sandbox, with faults by dice; every thread is held against the world
    Soak(SoakArgs),
    /// A real engine process killed at random moments
    Kill(KillArgs),
    /// Real screens at one engine while customers write: from the key to the screen, and what the processes use
    Seats(SeatsArgs),
    /// The process that `kill` kills
    #[command(hide = true)]
    Worker,
}

#[derive(Args)]
struct SoakArgs {
    /// For how long
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    minutes: f64,
    /// Decides who does what, and what goes wrong
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[arg(long, value_name = "DEFECT", help = SABOTAGE)]
    sabotage: Option<Sabotage>,
}

#[derive(Args)]
struct KillArgs {
    /// How many processes are killed
    #[arg(long, value_name = "N", default_value_t = 100)]
    rounds: u64,
    /// Decides who does what, and when the kill comes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[arg(long, value_name = "DEFECT", help = SABOTAGE)]
    sabotage: Option<Sabotage>,
}

#[derive(Args)]
struct SeatsArgs {
    /// How many screens, each a process of its own
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=200))]
    seats: u16,
    /// How many tickets there are
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    tickets: u32,
    /// How many messages customers write in a second
    #[arg(long, value_name = "X", default_value_t = 5.0)]
    messages_per_second: f64,
    /// How long is measured
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Decides who does what
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct SimulateArgs {
    /// How many seeds
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    seeds: u64,
    /// The first seed; a run that failed is repeated with `--seed S --seeds 1`
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    #[arg(long, value_name = "DEFECT", help = SABOTAGE)]
    sabotage: Option<Sabotage>,
}

const SABOTAGE: &str = "Put a known defect between engine and world, which has to be found [possible values: \
                        fresh-random-id, cursor-first, drop-batch, note-as-reply]";

pub(super) async fn run(global: &Global, args: SelftestArgs) -> Done {
    match args.what {
        What::Simulate(args) => run_simulation(global, args).await,
        What::Soak(args) => run_soak(global, args).await,
        What::Kill(args) => run_kill(global, args).await,
        What::Seats(args) => run_seats(global, args).await,
        What::Worker => Ok(worker::work().await?),
    }
}

/// Ends with a failure that says nothing more: the report has said it.
fn verdict(good: bool) -> Done {
    if good { Ok(()) } else { Err(Failure::error("")) }
}

async fn run_simulation(global: &Global, args: SimulateArgs) -> Done {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let plan = Plan { seed: args.seed, seeds: args.seeds, threads, sabotage: args.sabotage };
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let mut running = tokio::task::spawn_blocking(move || simulate(&plan, &flag));
    let report = tokio::select! {
        report = &mut running => report,
        () = interrupt::wait() => {
            stop.store(true, Ordering::Relaxed);
            running.await
        }
    };
    let report = report.map_err(|error| Failure::error(format!("the simulation broke off: {error}")))?;
    if global.json {
        writeln!(stdout(), "{}", serde_json::to_string(&report)?)?;
    } else {
        tell(&report)?;
    }
    verdict(report.is_good())
}

async fn run_soak(global: &Global, args: SoakArgs) -> Done {
    let span = Duration::try_from_secs_f64(args.minutes * 60.0).map_err(|_| Failure::usage("--minutes is no span"))?;
    let plan = soak::Plan { span, seed: args.seed, sabotage: args.sabotage };
    let report = tokio::select! {
        report = soak::soak(&plan) => report?,
        () = interrupt::wait() => return Err(Failure::interrupted("interrupted; nothing can be said")),
    };
    print(global, &report)?;
    verdict(report.is_good())
}

async fn run_kill(global: &Global, args: KillArgs) -> Done {
    let plan = kill::Plan { rounds: args.rounds, seed: args.seed, sabotage: args.sabotage, program: program()? };
    let report = tokio::select! {
        report = kill::kill(&plan) => report?,
        () = interrupt::wait() => return Err(Failure::interrupted("interrupted; nothing can be said")),
    };
    print(global, &report)?;
    verdict(report.is_good())
}

async fn run_seats(global: &Global, args: SeatsArgs) -> Done {
    let plan = seats::Plan {
        seats: usize::from(args.seats),
        tickets: args.tickets,
        messages_per_second: args.messages_per_second,
        span: Duration::from_secs(args.seconds),
        seed: args.seed,
        program: program()?,
    };
    let report = tokio::select! {
        report = seats::seats(&plan) => report?,
        () = interrupt::wait() => return Err(Failure::interrupted("interrupted; nothing can be said")),
    };
    print(global, &report)?;
    verdict(report.is_good())
}

fn program() -> Done<std::path::PathBuf> {
    std::env::current_exe().map_err(|error| Failure::error(format!("cannot find this program: {error}")))
}

/// Prints a report: as one JSON object, or a line for each of its values.
fn print(global: &Global, report: &impl Serialize) -> Done {
    if global.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string(report)?)?);
    }
    let mut out = stdout().lock();
    if let Value::Object(values) = serde_json::to_value(report)? {
        for (name, value) in values {
            let name = name.replace('_', " ");
            match value {
                Value::Object(parts) => {
                    for (part, count) in parts {
                        writeln!(out, "{name:<24}{count} {part}")?;
                    }
                }
                Value::Array(lines) => {
                    for line in lines {
                        writeln!(out, "{name:<24}{}", super::table::safe(line.as_str().unwrap_or_default()))?;
                    }
                }
                value => writeln!(out, "{name:<24}{value}")?,
            }
        }
    }
    Ok(())
}

impl From<SelftestError> for Failure {
    fn from(error: SelftestError) -> Self {
        Failure::error(error.to_string())
    }
}

fn tell(report: &Report) -> Done {
    let mut out = stdout().lock();
    writeln!(out, "seeds      {} from {}, {} on disk", report.seeds, report.first_seed, report.on_disk)?;
    writeln!(out, "speed      {:.0} seeds a second", report.seeds_per_second)?;
    writeln!(out, "messages   {} sent, {} received", report.sent, report.received)?;
    writeln!(out, "resends    {}, {} of them duplicates to Telegram", report.resends, report.duplicates_refused)?;
    if let serde_json::Value::Object(faults) = serde_json::to_value(report.faults)? {
        for (kind, count) in faults {
            writeln!(out, "fault      {count} {}", kind.replace('_', " "))?;
        }
    }
    writeln!(out, "lost       {}", report.lost)?;
    writeln!(out, "repeated   {}", report.repeated)?;
    writeln!(out, "leaked     {}", report.leaked)?;
    writeln!(out, "stale      {}", report.stale)?;
    writeln!(out, "wrong      {}", report.wrong)?;
    if let Some(first) = &report.first_failure {
        writeln!(out, "\nfailed     {:?}", report.failed_seeds)?;
        writeln!(out, "{} seeds failed. Seed {} (all of it with --seed {1} --seeds 1):", report.failed, first.seed)?;
        for line in first.trace.iter().chain(&first.complaints) {
            writeln!(out, "  {}", super::table::safe(line))?;
        }
    }
    Ok(())
}
