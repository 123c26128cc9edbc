//! `topicdesk sandbox`: a loopback Telegram by itself, for a desk or any other MTProto client in another process.

use std::io::{Write, stderr, stdin, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::sync::mpsc;

use super::args::Global;
use super::failure::{Done, Failure};
use super::interrupt;
use crate::clock::Clock;
use crate::sandbox::trouble::{self, GRAMMAR, Script, Trouble};
use crate::sandbox::{self, Options, Sandbox, SandboxError, WorldHandle, WorldSource};

/// Which world, how big and how fast.
#[derive(Args)]
pub(super) struct WorldArgs {
    /// A built-in world (shop), or a world's file
    #[arg(long, value_name = "NAME|FILE")]
    world: Option<String>,
    /// Generate a world with so many topics
    #[arg(long, value_name = "N", conflicts_with = "world")]
    topics: Option<u32>,
    /// Generate a world with so many messages
    #[arg(long, value_name = "M", conflicts_with = "world")]
    messages: Option<u32>,
    /// The same seed generates the same world
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many times shorter the customers' pauses are
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// How many messages a bot may send in a minute; 0 is without limit
    #[arg(long, value_name = "N", default_value_t = 20)]
    flood_per_minute: u32,
}

#[derive(Args)]
#[command(after_help = GRAMMAR)]
pub(super) struct SandboxArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[command(flatten)]
    world: WorldArgs,
    /// Log the world to this file, and resume it from there
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Customers do nothing by themselves
    #[arg(long)]
    quiet: bool,
    /// A script of faults: lines `SECONDS FAULT`
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Faults by dice, one or so a second, the same for the same seed
    #[arg(long, value_name = "SEED")]
    chaos: Option<u64>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "write a number like 1 or 20".to_owned())?;
    if speed.is_finite() && speed > 0.0 { Ok(speed) } else { Err("it must be more than 0".to_owned()) }
}

impl WorldArgs {
    /// Makes the sandbox's options.
    pub(super) fn options(self, listen: SocketAddr, state: Option<PathBuf>, scripted: bool) -> Options {
        let world = match (self.world, self.topics, self.messages) {
            (None, None, None) => Options::default().world,
            (Some(name), _, _) if name.contains(['/', '.']) => WorldSource::File(name.into()),
            (Some(name), _, _) => WorldSource::Named(name),
            (None, topics, messages) => {
                // One of the two is enough: a topic has about ten messages.
                let topics = topics.unwrap_or_else(|| (messages.unwrap_or(0) / 10).max(1));
                let messages = messages.unwrap_or(topics.saturating_mul(10));
                WorldSource::Generated { topics, messages, seed: self.seed }
            }
        };
        Options {
            listen,
            world,
            speed: self.speed,
            flood_per_minute: self.flood_per_minute,
            state,
            clock: Clock::System,
            scripted,
        }
    }
}

/// Starts a sandbox; what is wrong with its world or address is wrong usage.
pub(super) async fn start(options: Options) -> Done<Sandbox> {
    if !options.listen.ip().is_loopback() {
        return Err(Failure::usage(format!(
            "{} is not on this machine: the sandbox listens on 127.0.0.1",
            options.listen
        )));
    }
    sandbox::start(options).await.map_err(|error| match error {
        SandboxError::UnknownWorld(_) | SandboxError::ReadWorld { .. } | SandboxError::BuildWorld { .. } => {
            Failure::usage(error.to_string())
        }
        _ => Failure::error(error.to_string()),
    })
}

pub(super) async fn run(global: &Global, args: SandboxArgs) -> Done {
    let script = match &args.faults {
        Some(path) => script(path)?,
        None => Script::default(),
    };
    let sandbox = start(args.world.options(args.listen, args.state, !args.quiet)).await?;
    let announcement = sandbox.announcement();
    if global.json {
        writeln!(stdout(), "{}", serde_json::to_string(announcement)?)?;
    } else {
        let group = &announcement.group;
        writeln!(stdout(), "listening on {} as data centre {}", announcement.address, announcement.dc_id)?;
        writeln!(stdout(), "group {} \"{}\"", group.id, super::table::safe(&group.title))?;
        writeln!(stdout(), "accounts {}, free keys {}", announcement.accounts.len(), announcement.free_keys.len())?;
        writeln!(stdout(), "with --json, all that is needed to log in is printed; Ctrl-C ends it")?;
    }
    stdout().flush()?;
    let world = sandbox.world();
    tokio::select! {
        () = interrupt::wait() => {}
        () = trouble::play(world.clone(), script) => {}
        () = trouble::play_dice(world.clone(), args.chaos) => {}
        () = obey(world) => {}
    }
    sandbox.stop().await;
    Ok(())
}

/// Reads a script of faults.
fn script(path: &Path) -> Done<Script> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("the faults in {} cannot be read: {error}", path.display())))?;
    text.parse().map_err(|why| Failure::usage(format!("{}: {why}", path.display())))
}

/// Causes what the lines of standard input say; after their end, or without any, nothing more. Never ends.
async fn obey(world: WorldHandle) {
    let (said, mut lines) = mpsc::unbounded_channel();
    // A thread of its own, which may wait for a line for ever without holding up the end.
    std::thread::spawn(move || stdin().lines().map_while(Result::ok).all(|line| said.send(line).is_ok()));
    while let Some(line) = lines.recv().await {
        let line = line.trim();
        let line = line.strip_prefix("fault ").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let caused: Result<(), String> =
            line.parse::<Trouble>().and_then(|fault| world.cause(&fault).map_err(|refusal| refusal.name));
        // Whoever gave the line may not read what became of it.
        let _unread = match caused {
            Ok(()) => writeln!(stderr(), "done: {line}"),
            Err(why) => writeln!(stderr(), "not done: {}", super::table::safe(&why)),
        };
    }
    std::future::pending::<()>().await;
}
