//! COMMAND LINE: one command a file, and the place where the rooms are put together.
//!
//! Promises: commands that only read open the database read-only and disturb nobody; those that change take the desk's
//! lock. Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage or
//! configuration, 3 not logged in or locked by another process, 130 interrupted. JSON keys are stable. Never: a secret or a
//! message's text in the log.

mod args;
mod ask;
mod attend;
mod backtest;
mod failure;
mod hooks;
mod hosted;
mod interrupt;
mod log;
mod mirror;
mod sheet;
mod site;
mod table;
mod times;
mod work;

mod assign;
mod away;
mod backup;
mod brief;
mod category;
mod claim;
mod close;
mod completions;
mod config;
mod consent;
mod delete;
#[cfg(feature = "sandbox")]
mod demo;
mod doctor;
mod edit;
mod export;
mod file;
mod knowledge;
mod login;
mod logout;
mod note;
mod open;
mod operate;
mod outbox;
mod pending;
mod priority;
mod progress;
mod queue;
mod release;
mod reopen;
mod reply;
mod report;
mod resolve;
mod rules;
#[cfg(feature = "sandbox")]
mod sandbox;
mod screen;
mod search;
mod seat;
#[cfg(feature = "sandbox")]
mod selftest;
mod serve;
mod show;
mod stats;
mod sync;
mod tag;
mod takeover;
mod team;
mod template;
mod verify;
mod watch;

use std::ffi::OsStr;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::{Done, Failure};

/// Runs the program: reads the command line, carries out the command, tells how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, with code 0 and for standard output. A closed pipe is no failure.
            let _ = error.print();
            // The text of one reply stands behind its ticket; of several, clap takes it for one more.
            let many = ["--bulk", "--linked"].map(OsStr::new);
            let is_many = std::env::args_os().any(|word| many.contains(&word.as_os_str()));
            if is_many && error.kind() == clap::error::ErrorKind::ValueValidation {
                let _ = writeln!(std::io::stderr(), "\nWith --bulk and --linked the text is said as --text \"TEXT\".");
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // Every file this process makes is its owner's only: tickets, keys, log.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(run(cli));
            // A prompt that waits for a key, or a connection that hangs, must not hold up the end.
            runtime.shutdown_background();
            done
        }
        Err(error) => Err(Failure::error(format!("cannot start: {error}"))),
    };
    let _ = std::io::stdout().flush();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                let _ = writeln!(std::io::stderr(), "topicdesk: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}

async fn run(cli: Cli) -> Done {
    let global = cli.global;
    match cli.command {
        None => screen::run(&global).await,
        #[cfg(feature = "sandbox")]
        Some(Command::Demo(args)) => demo::run(&global, args).await,
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox(args)) => sandbox::run(&global, args).await,
        #[cfg(feature = "sandbox")]
        Some(Command::Selftest(args)) => selftest::run(&global, args).await,
        Some(Command::Serve) => serve::run(&global).await,
        Some(Command::Status) => operate::status(&global).await,
        Some(Command::Seats) => operate::seats(&global).await,
        Some(Command::Stop) => operate::stop(&global).await,
        Some(Command::Reload) => operate::reload(&global).await,
        Some(Command::Backup(args)) => backup::backup(&global, args).await,
        Some(Command::Restore(args)) => backup::restore(&global, &args),
        Some(Command::Log(args)) => operate::log(&global, args).await,
        Some(Command::Watch) => watch::run(&global).await,
        Some(Command::Login(args)) => login::run(&global, args).await,
        Some(Command::Logout) => logout::run(&global).await,
        Some(Command::Doctor) => doctor::run(&global).await,
        Some(Command::Sync(args)) => sync::run(&global, args).await,
        Some(Command::Queue(args)) => queue::run(&global, args).await,
        Some(Command::Show(args)) => show::run(&global, args).await,
        Some(Command::Search(args)) => search::run(&global, args).await,
        Some(Command::Report(args)) => report::run(&global, args).await,
        Some(Command::Stats(args)) => stats::run(&global, args).await,
        Some(Command::Brief(args)) => brief::run(&global, args).await,
        Some(Command::Export(args)) => export::run(&global, args).await,
        Some(Command::Rules(args)) => rules::run(&global, args).await,
        Some(Command::Claim(args)) => claim::run(&global, args).await,
        Some(Command::Release(args)) => release::run(&global, args).await,
        Some(Command::Assign(args)) => assign::run(&global, args).await,
        Some(Command::Away) => away::run(&global, true).await,
        Some(Command::Back) => away::run(&global, false).await,
        Some(Command::Priority(args)) => priority::run(&global, args).await,
        Some(Command::Category(args)) => category::run(&global, args).await,
        Some(Command::Team(args)) => team::run(&global, args).await,
        Some(Command::Tag(args)) => tag::run(&global, args).await,
        Some(Command::Takeover(args)) => takeover::run(&global, args).await,
        Some(Command::Reply(args)) => reply::run(&global, *args).await,
        Some(Command::Outbox(args)) => outbox::run(&global, args).await,
        Some(Command::Edit(args)) => edit::run(&global, args).await,
        Some(Command::Delete(args)) => delete::run(&global, args).await,
        Some(Command::File(args)) => file::run(&global, args).await,
        Some(Command::Open(args)) => open::run(&global, args).await,
        Some(Command::Note(args)) => note::run(&global, args).await,
        Some(Command::Pending(args)) => pending::run(&global, args).await,
        Some(Command::Resolve(args)) => resolve::run(&global, args).await,
        Some(Command::Reopen(args)) => reopen::run(&global, args).await,
        Some(Command::Close(args)) => close::run(&global, args).await,
        Some(Command::Template(args)) => template::run(&global, args).await,
        Some(Command::Knowledge(args)) => knowledge::run(&global, args).await,
        Some(Command::Config(args)) => config::run(&global, args),
        Some(Command::Verify(args)) => verify::run(&global, args).await,
        Some(Command::Completions(args)) => completions::run(args),
    }
}
