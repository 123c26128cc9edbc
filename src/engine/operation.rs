//! What can be asked of a running desk as a whole, and what it says of itself.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::transport::{LinkState, Secret};
use crate::clock::Timestamp;
use crate::desk::authority::Authority;
use crate::desk::ids::{AgentName, EventId, TicketKey};
use crate::desk::presence::Presence;

/// Something about the desk as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "operation")]
pub enum Request {
    /// How the desk is.
    Status,
    /// Who sits at it.
    Seats,
    /// End; whoever keeps it running may start it again.
    Stop,
    /// Read `desk.toml` again.
    Reload,
    /// Write a copy of the desk into a file of the engine's machine.
    Backup {
        /// Where; absolute.
        to: PathBuf,
    },
    /// Log more, or less, from now on.
    Log {
        /// `warn`, `info` or `debug`.
        level: String,
    },
    /// A page of tickets or events, each a line of JSON.
    Export {
        /// Which.
        what: Exported,
        /// Only what has happened since; tickets to which something has.
        since: Option<Timestamp>,
        /// What the page before ended with; `None`: the first page.
        after: Option<Mark>,
    },
    /// What escalations would have done with what is recorded.
    Backtest(Backtest),
    /// A step of a login.
    Login(LoginStep),
    /// End the login at Telegram, and forget its key.
    Logout,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "export")]
pub enum Exported {
    /// Tickets, as they stand.
    Tickets,
    /// The activity log.
    Events {
        /// With the text of internal notes.
        notes: bool,
    },
}

/// Where a page of an export has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mark")]
pub enum Mark {
    /// With this ticket.
    Ticket {
        /// Which.
        ticket: TicketKey,
    },
    /// With this event.
    Event {
        /// Which.
        event: EventId,
        /// The newest one when the export began: what came later is no part of it.
        last: EventId,
    },
}

/// What a backtest is of, and how it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backtest {
    /// Only what would have fired in so many seconds until now; `None`: all that is recorded.
    pub seconds: Option<u64>,
    /// Other rules, with which the desk's are compared.
    pub other: Option<OtherRules>,
    /// At most so many firings are listed; 0: all.
    pub limit: usize,
    /// How wide a table may be, in columns; `None`: as wide as it is.
    pub width: Option<usize>,
    /// As JSON.
    pub json: bool,
}

/// The rules of another `desk.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherRules {
    /// What the file is called.
    pub file: String,
    /// [`Rules`](crate::desk::rules::Rules), as JSON.
    pub rules: String,
}

/// A step of a login: it is begun, and then each question is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "login")]
pub enum LoginStep {
    /// Begin as a bot.
    Bot {
        /// Its token.
        token: Secret,
    },
    /// Begin as a user.
    User,
    /// Answer what was asked: a phone number, a code, a password.
    Say {
        /// The answer.
        text: Secret,
    },
}

impl Request {
    /// Tells what somebody has to be to ask for it.
    pub fn needs(&self) -> Authority {
        match self {
            Request::Status | Request::Seats => Authority::Agent,
            Request::Export { .. } | Request::Backtest(_) => Authority::Lead,
            Request::Stop
            | Request::Reload
            | Request::Backup { .. }
            | Request::Log { .. }
            | Request::Login(_)
            | Request::Logout => Authority::Admin,
        }
    }

    /// Names it, without what it says.
    pub fn label(&self) -> &'static str {
        match self {
            Request::Status => "status",
            Request::Seats => "seats",
            Request::Stop => "stop",
            Request::Reload => "reload",
            Request::Backup { .. } => "backup",
            Request::Log { .. } => "log",
            Request::Export { .. } => "export",
            Request::Backtest(_) => "backtest",
            Request::Login(_) => "login",
            Request::Logout => "logout",
        }
    }

    /// Tells whether it changes nothing, so that it may be asked again when an answer was lost.
    pub fn only_asks(&self) -> bool {
        matches!(self, Request::Status | Request::Seats | Request::Export { .. } | Request::Backtest(_))
    }
}

/// What became of a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// How the desk is.
    Status(StatusView),
    /// Who sits at it, longest first.
    Seats {
        /// Each.
        seats: Vec<SeatView>,
    },
    /// It is done; what there is to say.
    Done {
        /// A sentence.
        said: String,
    },
    /// A page of an export.
    Lines {
        /// Each a value of JSON.
        lines: Vec<String>,
        /// What the next page begins behind; `None`: that was all.
        next: Option<Mark>,
    },
    /// What is to be written as it is.
    Text {
        /// Lines with their ends.
        text: String,
    },
    /// A login goes on when this is answered.
    Asks {
        /// What.
        what: LoginQuestion,
        /// Why it is asked again.
        wrong: Vec<String>,
    },
    /// Somebody is logged in now.
    LoggedIn(LoggedIn),
    /// It was allowed and tried, and has failed.
    Failed {
        /// The exit code that its command ends with.
        exit: u8,
        /// Why, and what to do.
        why: String,
    },
}

/// What a login asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "question")]
pub enum LoginQuestion {
    /// The phone number.
    Phone,
    /// The code that Telegram has sent.
    Code {
        /// Where it went.
        to: String,
    },
    /// The two-step password.
    Password {
        /// Its hint, safe to show.
        hint: Option<String>,
    },
}

/// A login that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The account's Telegram id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
    /// It is a bot.
    pub bot: bool,
    /// The groups with topics that it knows; `None`: `desk.toml` names the desk's.
    pub groups: Option<Vec<KnownGroup>>,
    /// The desk's `desk.toml`.
    pub file: String,
}

/// A group that an account knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownGroup {
    /// Its id, without the `-100` before it.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Without `@`.
    pub username: Option<String>,
}

/// A running desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// Its name.
    pub desk: String,
    /// The engine's process.
    pub pid: u32,
    /// The program's version.
    pub program: String,
    /// Since when that process runs it.
    pub since: Timestamp,
    /// When it was last begun, as it is whenever its configuration is read again.
    #[serde(default)]
    pub begun: Timestamp,
    /// How many seats have a screen open.
    pub seats: usize,
    /// What its link to Telegram is doing; `None`: nothing is known yet.
    #[serde(default)]
    pub link: Option<LinkState>,
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// Whose.
    pub agent: AgentName,
    /// What they may do.
    pub authority: Authority,
    /// The user id of its process, as the kernel says.
    pub uid: u32,
    /// Its process.
    pub pid: Option<i32>,
    /// The program's version.
    pub program: String,
    /// Since when it is attached.
    pub since: Timestamp,
    /// How many screens it has open: 0 is a command.
    pub screens: u32,
    /// When the last key was pressed at any of them, give or take ten seconds.
    pub used: Option<Timestamp>,
    /// Whether its agent is there, with whatever other screens they have; `None` for a command.
    pub presence: Option<Presence>,
}

/// A request on its way to whoever runs the desk.
#[derive(Debug)]
pub struct Operation {
    /// What.
    pub request: Request,
    /// Who asks.
    pub by: AgentName,
    /// What the door has found that they may do; `None`: what the rules say, since they are in the engine's own process.
    pub authority: Option<Authority>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Answer, String>>,
    /// Ends when the answer has reached whoever asked, or has been written to their seat, or they have gone: before that a desk must not end.
    pub heard: oneshot::Receiver<()>,
}
