//! `topicdesk sandbox`: a loopback Telegram by itself, for a desk or any other MTProto client in another process.

use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::interrupt;
use crate::clock::Clock;
use crate::sandbox::{self, Options, Sandbox, SandboxError, WorldSource};

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
    interrupt::wait().await;
    sandbox.stop().await;
    Ok(())
}
