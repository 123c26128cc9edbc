//! The command line as a whole: the options that every command takes, and the commands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The help desk for teams whose customers write in a Telegram topic group.
///
/// Without a command it opens the desk. Begin with `topicdesk demo`, which needs no account.
#[derive(Parser)]
#[command(name = "topicdesk", version, max_term_width = 100, after_help = EXITS)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

const EXITS: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 not logged in or locked by another \
                     process, 130 interrupted.";

/// What every command takes.
#[derive(Args, Clone, Default)]
pub(super) struct Global {
    /// Which desk, if there are several on this machine
    #[arg(long, global = true, env = "TOPICDESK_DESK", value_name = "NAME")]
    pub(super) desk: Option<String>,
    /// The configuration, instead of desk.toml in the user's folder or in --data-dir
    #[arg(long, global = true, env = "TOPICDESK_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where desks keep their data
    #[arg(long, global = true, env = "TOPICDESK_DATA_DIR", value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// The socket of the desk that runs, instead of the usual one
    #[arg(long, global = true, env = "TOPICDESK_SOCKET", value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,
    /// Who is working, as named in desk.toml
    #[arg(long, global = true, env = "TOPICDESK_AGENT", value_name = "NAME")]
    pub(super) agent: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Log more (-v what happens, -vv every call)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// The commands.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Try the desk on a made-up group, without an account
    #[cfg(feature = "sandbox")]
    Demo(super::demo::DemoArgs),
    /// Run a loopback Telegram by itself
    #[cfg(feature = "sandbox")]
    Sandbox(super::sandbox::SandboxArgs),
    /// Prove that nothing is lost, repeated or leaked, whatever fails
    #[cfg(feature = "sandbox")]
    Selftest(super::selftest::SelftestArgs),
    /// Run the desk without a screen, for everybody who attaches to it
    Serve,
    /// Say how the desk that runs is
    Status,
    /// List who is attached to the desk that runs
    Seats,
    /// End the desk that runs
    Stop,
    /// Have the desk that runs read desk.toml again
    Reload,
    /// Have the desk that runs log more, or less
    Log(super::operate::LogArgs),
    /// Copy the tickets into a file, also while the desk runs
    Backup(super::backup::BackupArgs),
    /// Put such a copy in the place of the tickets
    Restore(super::backup::RestoreArgs),
    /// Print what happens at the desk, a line each
    Watch,
    /// Log in, as a bot or as a user
    Login(super::login::LoginArgs),
    /// Log out and forget the key
    Logout,
    /// Check everything the desk needs, and say how to mend what is missing
    Doctor,
    /// Fetch the group's history and what is new, and send what is queued
    Sync(super::sync::SyncArgs),
    /// List a queue's tickets
    Queue(super::queue::QueueArgs),
    /// Show a ticket with its thread
    Show(super::show::ShowArgs),
    /// Search all messages and notes
    Search(super::search::SearchArgs),
    /// Compare the desk with Telegram once more, and say how complete each thread is
    Verify(super::verify::VerifyArgs),
    /// Count what the desk can count
    Report(super::report::ReportArgs),
    /// Count responses, resolutions, reopens and the backlog
    Stats(super::stats::StatsArgs),
    /// Say what the next shift has to know
    Brief(super::brief::BriefArgs),
    /// Write tickets or events to a file
    Export(super::export::ExportArgs),
    /// Say what the rules make of a ticket, and when the desk is open
    Rules(super::rules::RulesArgs),
    /// Take an unassigned ticket
    Claim(super::claim::ClaimArgs),
    /// Give a ticket back
    Release(super::release::ReleaseArgs),
    /// Give a ticket to an agent
    Assign(super::assign::AssignArgs),
    /// Say that you are away: no ticket is given to you by itself
    Away,
    /// Say that you are back
    Back,
    /// Say how much a ticket matters
    Priority(super::priority::PriorityArgs),
    /// Say what kind of matter a ticket is
    Category(super::category::CategoryArgs),
    /// Say whose work a ticket is
    Team(super::team::TeamArgs),
    /// Add tags to a ticket, or take tags away
    Tag(super::tag::TagArgs),
    /// Take a ticket from whoever has it
    Takeover(super::takeover::TakeoverArgs),
    /// Send a public reply, or one to many tickets, and wait until it is sent
    Reply(Box<super::reply::ReplyArgs>),
    /// List what has not been sent and why; send, change or discard it
    Outbox(super::outbox::OutboxArgs),
    /// Change the text of a message you have sent
    Edit(super::edit::EditArgs),
    /// Delete a message you have sent
    Delete(super::delete::DeleteArgs),
    /// Fetch the file of a message, and say where it is or save it
    File(super::file::FileArgs),
    /// Open a ticket from messages of General, in a new topic
    Open(super::open::OpenArgs),
    /// Write an internal note
    Note(super::note::NoteArgs),
    /// Set a ticket pending
    Pending(super::pending::PendingArgs),
    /// Resolve a ticket
    Resolve(super::resolve::ResolveArgs),
    /// Reopen a ticket
    Reopen(super::reopen::ReopenArgs),
    /// Close a ticket
    Close(super::close::CloseArgs),
    /// List, check and import templates, and tell what their use has shown
    Template(super::template::TemplateArgs),
    /// Search the knowledge base, or look what is wrong with it
    Knowledge(super::knowledge::KnowledgeArgs),
    /// Say where the configuration is, or check it
    Config(super::config::ConfigArgs),
    /// Print completions for a shell
    Completions(super::completions::CompletionsArgs),
}
