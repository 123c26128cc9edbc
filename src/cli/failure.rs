//! How a command ends when it does not end well: a sentence and an exit code.

use crate::config::ConfigError;
use crate::desk::command::Refusal;

/// The command did not do its work, or not all of it.
pub(super) const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
pub(super) const USAGE: u8 = 2;
/// Not logged in, or another process has the desk.
pub(super) const ACCESS: u8 = 3;
/// Interrupted by Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

/// How a command ends.
pub(super) type Done<T = ()> = Result<T, Failure>;

/// How a command ends when it does not end well.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) code: u8,
    /// For the person who must act; empty when everything has been said.
    pub(super) message: String,
}

impl Failure {
    /// Something went wrong.
    pub(super) fn error(message: impl Into<String>) -> Self {
        Failure { code: FAILED, message: message.into() }
    }

    /// The command line or the configuration is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Failure { code: USAGE, message: message.into() }
    }

    /// Ctrl-C.
    pub(super) fn interrupted(message: impl Into<String>) -> Self {
        Failure { code: INTERRUPTED, message: message.into() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::usage(error.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            // What was typed can be nothing.
            Refusal::NoAgent(_) | Refusal::EmptyText => Failure::usage(refusal.to_string()),
            Refusal::Unfilled(field) => match field.strip_prefix("{{?").and_then(|rest| rest.strip_suffix("}}")) {
                Some(name) => Failure::error(format!("{refusal}; of a template: --set \"{}=…\"", name.trim())),
                None => Failure::error(refusal.to_string()),
            },
            _ => Failure::error(refusal.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    /// Writing to standard output failed: a closed pipe (`topicdesk queue | head`) is nobody's mistake.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::error(String::new()),
            _ => Failure::error(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        std::io::Error::from(error).into()
    }
}
