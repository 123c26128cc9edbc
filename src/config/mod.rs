//! `desk.toml` and the folders: what the people who run a desk have written, as values that the other rooms take.
//!
//! Promises: a mistake is reported with file, line, column and what is allowed, all mistakes of a file at once; a key that
//! nobody knows is a mistake, with the key that was probably meant. Never: a secret in an error or in `Debug`; anything
//! read from elsewhere than `desk.toml`, the files it names for secrets, the templates and the built-in lists.

mod agents;
mod automatic;
mod bytes;
pub use crate::desk::span as duration;
mod edit;
mod escalations;
mod groups;
mod guard;
mod hooks;
mod hours;
mod ics;
mod intake;
mod keys;
mod knowledge;
mod load;
mod mirror_status;
pub mod paths;
mod queues;
mod reader;
mod routing;
mod signature;
mod sla;
pub mod templates;
mod texts;
pub mod utf8;
pub mod words;

use std::path::PathBuf;

use thiserror::Error;

pub use agents::{agent_of, group_id, os_user, os_user_named};
pub use edit::write_group;
pub use groups::{Group, GroupChoice};
pub use hooks::{Hook, Occasion};
pub use keys::{known_keys, known_tables};
pub use knowledge::{Knowledge, Webhook};
pub use load::{from_text, keys_in, load};
pub use reader::Problem;

use crate::desk::rules::Rules;
use crate::desk::secret::Secret;

/// The documented default `desk.toml`; everything in it that has a default is commented out.
pub const DEFAULT: &str = include_str!("../../assets/desk.toml");

/// Why there is no usable configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file contains mistakes; one line each.
    #[error("{}", lines(.0))]
    Wrong(Vec<Problem>),
    /// The file was named but cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds a secret and others may read it.
    #[error("{0}: holds a secret and can be read by others: run `chmod 600 {0}`")]
    Exposed(String),
    /// There is no home directory to put anything in.
    #[error("no home directory is known: name the folders with --config and --data-dir")]
    Homeless,
    /// The name of the desk cannot be a folder's.
    #[error("`{0}` cannot name a desk: use letters, digits, `-` and `_`")]
    DeskName(String),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// Everything that `desk.toml` says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file; `None` when there is none and defaults stand.
    pub file: Option<PathBuf>,
    /// What is allowed but should be known.
    pub warnings: Vec<String>,
    /// The rules of the desk, with its name, time zone, agents and staff.
    pub rules: Rules,
    /// The language of templates when the customer's is not known, ISO 639-1.
    pub language: String,
    /// The group of this machine whose members may attach to the desk; `None`: only its own user.
    pub seat_group: Option<Placed>,
    /// The connection.
    pub telegram: Telegram,
    /// Programs that are run when something happens.
    pub hooks: Vec<Hook>,
    /// Files on this machine.
    pub files: Files,
    /// Articles.
    pub knowledge: Knowledge,
    /// The screen.
    pub tui: Tui,
    /// Key bindings that differ from the built-in ones, in the order of the file.
    pub keys: Vec<KeySetting>,
}

/// What `desk.toml` says about the connection.
#[derive(Clone, Debug)]
pub struct Telegram {
    /// From <https://my.telegram.org>.
    pub api_id: Option<i32>,
    /// From <https://my.telegram.org>, written here or in the file that is named here.
    pub api_hash: Option<Secret>,
    /// The groups; none: the only one with topics that the account knows.
    pub groups: Vec<Group>,
    /// How fast a backfill may ask; 0 is unlimited.
    pub backfill_calls_per_second: f64,
    /// A running sandbox to talk to instead of Telegram.
    pub sandbox: Option<Sandbox>,
}

/// How to reach a running sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Host and port.
    pub address: std::net::SocketAddr,
    /// Its data centre.
    pub dc_id: i32,
    /// A key that it knows: 512 hexadecimal digits.
    pub auth_key: Secret,
}

/// What `desk.toml` says about files on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The program that opens files and links, with its first arguments; empty: the system's.
    pub open_command: Vec<String>,
    /// The folder that is proposed when a file is saved; may begin with `~/`.
    pub save_to: Option<String>,
}

/// What comes next when a ticket is done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// The next ticket that needs the agent.
    #[default]
    Next,
    /// The same ticket.
    Stay,
    /// The queue.
    Queue,
}

/// What `desk.toml` says about the screen.
#[derive(Clone, Debug)]
pub struct Tui {
    /// The theme's name; the screen knows which there are.
    pub theme: Option<Placed>,
    /// Clicks and the wheel are used; the terminal's own selection then needs Shift.
    pub mouse: bool,
    /// The bell rings for new tickets and replies.
    pub bell: bool,
    /// What follows resolving.
    pub after_resolve: After,
    /// What follows setting pending.
    pub after_pending: After,
    /// Only ASCII is drawn; `None` asks the locale.
    pub ascii: Option<bool>,
}

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The text.
    pub text: String,
    /// `file:line:column`.
    pub place: String,
}

/// One line of a table `[keys.<context>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetting {
    /// The table's name: where the keys work.
    pub context: String,
    /// The action.
    pub action: String,
    /// The keys, as written; `none` takes the action's keys away.
    pub keys: Vec<String>,
    /// `file:line:column`.
    pub place: String,
}
