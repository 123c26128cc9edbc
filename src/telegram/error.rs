//! What can go wrong, in sentences for the person who must act; and Telegram's error names, read once.

use std::time::Duration;

use grammers_mtsender::{InvocationError, RpcError};

use super::convert::safe;
use super::reaction::{Reaction, reaction};
use crate::clock::Timestamp;
use crate::store::session::SessionError;

/// What kind of error it is; the edge makes an exit code of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Somebody must log in first (exit 3).
    NotLoggedIn,
    /// Something in the settings is wrong (exit 2).
    Config,
    /// Anything else (exit 1).
    Other,
}

/// What can go wrong with Telegram.
#[derive(Debug, thiserror::Error)]
pub enum TelegramError {
    /// Nobody is logged in.
    #[error("not logged in: run `topicdesk login --bot` or `topicdesk login --user`")]
    NotLoggedIn,
    /// Telegram ended the login.
    #[error(
        "Telegram ended this login ({name}): nothing in the desk is lost; run `topicdesk logout`, then `topicdesk login`"
    )]
    LoggedOut {
        /// Telegram's name for it.
        name: String,
    },
    /// Telegram destroyed the key.
    #[error(
        "Telegram destroyed this login's key ({name}, {at}) because two processes used it at once, as with a copied session.db: \
         nothing in the desk is lost, the key is never used again, and `topicdesk login` makes a new one"
    )]
    KeyDestroyed {
        /// Telegram's name for it.
        name: String,
        /// When this machine was told.
        at: Timestamp,
    },
    /// Somebody is logged in already.
    #[error("already logged in as {who}: run `topicdesk logout` first")]
    AlreadyLoggedIn {
        /// Who.
        who: String,
    },
    /// The bot token is not right.
    #[error("Telegram does not accept this bot token: copy it again from @BotFather (it looks like 123456:ABC…)")]
    WrongToken,
    /// The phone number is not right.
    #[error("Telegram does not accept this phone number ({name}): give it with its country code, as +380…")]
    WrongPhone {
        /// Telegram's name for it.
        name: String,
    },
    /// The code was wrong too often, or too late.
    #[error("the login code was wrong or too old: start `topicdesk login --user` again for a new one")]
    WrongCode,
    /// The password was wrong too often.
    #[error("the two-step password was wrong three times: nothing was changed; try again when you have it")]
    WrongPassword,
    /// The number has no account.
    #[error("this phone number has no Telegram account: sign up with an official app first")]
    NoAccount,
    /// Telegram wants something at login that only an official app can do.
    #[error("Telegram asks for {what}: finish the login in an official app first")]
    LoginElsewhere {
        /// What it wants.
        what: String,
    },
    /// api_id or api_hash are not right.
    #[error(
        "Telegram does not accept api_id and api_hash ({name}): copy both from https://my.telegram.org into [telegram]"
    )]
    WrongApi {
        /// Telegram's name for it.
        name: String,
    },
    /// The settings of the sandbox make no sense.
    #[error("[telegram.sandbox]: {why}")]
    Sandbox {
        /// What is wrong.
        why: String,
    },
    /// No group is set and there is not exactly one to choose.
    #[error("{why}")]
    GroupUnclear {
        /// What to do.
        why: String,
    },
    /// The group cannot be found.
    #[error("{why}")]
    GroupNotFound {
        /// Which, and what to do.
        why: String,
    },
    /// The account is not in the group.
    #[error("{account} is not a member of \"{title}\": an admin of the group must add it")]
    NotMember {
        /// The account.
        account: String,
        /// The group.
        title: String,
    },
    /// The group has no topics.
    #[error("\"{title}\" has no topics: turn on Topics in the group's settings (its owner can), then try again")]
    NotForum {
        /// The group.
        title: String,
    },
    /// The session file cannot be used.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Telegram says when to come again.
    #[error("Telegram asks to wait {seconds} s before trying again")]
    Flood {
        /// How long.
        seconds: u64,
    },
    /// Telegram refused.
    #[error("Telegram refused: {name}")]
    Refused {
        /// Telegram's name for it.
        name: String,
    },
    /// The connection failed.
    #[error("no connection to {target}: {why}")]
    Link {
        /// To what.
        target: String,
        /// Why.
        why: String,
    },
    /// Whoever was asked did not answer.
    #[error("{0}")]
    Ask(String),
    /// grammers gave up in a way it should not.
    #[error("the login broke off inside the Telegram library: please try again, and report it if it happens twice")]
    Broken,
}

impl TelegramError {
    /// Tells what kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            TelegramError::NotLoggedIn | TelegramError::LoggedOut { .. } | TelegramError::KeyDestroyed { .. } => {
                ErrorKind::NotLoggedIn
            }
            TelegramError::WrongApi { .. }
            | TelegramError::Sandbox { .. }
            | TelegramError::GroupUnclear { .. }
            | TelegramError::GroupNotFound { .. }
            | TelegramError::NotForum { .. }
            | TelegramError::NotMember { .. }
            | TelegramError::Session(_) => ErrorKind::Config,
            _ => ErrorKind::Other,
        }
    }

    /// Tells whether the group is the trouble: it can be given back, by somebody else.
    pub(crate) fn is_about_group(&self) -> bool {
        matches!(
            self,
            TelegramError::NotMember { .. } | TelegramError::NotForum { .. } | TelegramError::GroupNotFound { .. }
        )
    }

    /// Tells whether one group is what is wrong, so that others are none the worse for it.
    pub(crate) fn is_of_one_group(&self) -> bool {
        self.is_about_group() || matches!(self, TelegramError::GroupUnclear { .. })
    }

    /// Tells whether trying again by itself is pointless until somebody acts.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, TelegramError::Link { .. } | TelegramError::Flood { .. } | TelegramError::Refused { .. })
    }
}

/// How one call failed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// Telegram answered with an error.
    Rpc(RpcError),
    /// The connection failed before an answer came; the request may have been carried out.
    Lost(String),
    /// No answer within the time limit; the request may have been carried out.
    Hung,
    /// An answer came that cannot be read.
    Garbled(String),
    /// The key or the session file is the trouble.
    Session(TelegramError),
}

impl CallError {
    /// Reads grammers' error.
    pub(crate) fn from_grammers(error: InvocationError) -> Self {
        match error {
            InvocationError::Rpc(rpc) => CallError::Rpc(rpc),
            InvocationError::Session(error) => CallError::Session(match error.downcast::<SessionError>() {
                Ok(error) => TelegramError::Session(*error),
                Err(other) => TelegramError::Refused { name: safe::line(&other.to_string(), 200) },
            }),
            InvocationError::Deserialize(error) => CallError::Garbled(safe::line(&error.to_string(), 200)),
            InvocationError::Io(error) => CallError::Lost(error.to_string()),
            InvocationError::Dropped(_) => CallError::Lost("the connection closed".to_owned()),
            InvocationError::InvalidDc => {
                CallError::Session(TelegramError::Sandbox { why: "data centre not known".to_owned() })
            }
            other => CallError::Lost(safe::line(&other.to_string(), 200)),
        }
    }

    /// Tells whether Telegram named this error; a `*` at the end stands for anything.
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self, CallError::Rpc(rpc) if rpc.is(name))
    }

    /// Tells how long Telegram asks to wait, if it does.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            CallError::Rpc(rpc) if reaction(rpc) == Reaction::Wait => {
                Some(Duration::from_secs(u64::from(rpc.value.unwrap_or(1)).clamp(1, 14 * 24 * 3600)))
            }
            _ => None,
        }
    }

    /// Tells what is done about it, if Telegram named it.
    pub(crate) fn reaction(&self) -> Option<Reaction> {
        match self {
            CallError::Rpc(rpc) => Some(reaction(rpc)),
            _ => None,
        }
    }

    /// Tells the number in its name: a data centre, a part.
    pub(crate) fn value(&self) -> Option<i32> {
        match self {
            CallError::Rpc(rpc) => rpc.value.and_then(|value| i32::try_from(value).ok()),
            _ => None,
        }
    }

    /// Tells whether Telegram has trouble of its own that passes.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, CallError::Rpc(rpc) if matches!(reaction(rpc), Reaction::Repeat | Reaction::Taken))
    }

    /// Tells whether the connection is the trouble.
    pub(crate) fn is_link(&self) -> bool {
        matches!(self, CallError::Lost(_) | CallError::Hung)
    }

    /// Tells whether Telegram has ended the login.
    pub(crate) fn is_lost_login(&self) -> bool {
        match self {
            CallError::Rpc(rpc) => matches!(reaction(rpc), Reaction::LoggedOut | Reaction::Destroyed),
            CallError::Session(error) => matches!(error, TelegramError::KeyDestroyed { .. }),
            _ => false,
        }
    }

    /// Tells Telegram's name for it, if it has destroyed the key.
    pub(crate) fn destroys_key(&self) -> Option<String> {
        match self {
            CallError::Rpc(rpc) if reaction(rpc) == Reaction::Destroyed => Some(rpc_name(rpc)),
            _ => None,
        }
    }

    /// Tells whether the account cannot get at a channel, or its hash is wrong.
    pub(crate) fn is_no_access(&self) -> bool {
        matches!(self, CallError::Rpc(rpc) if matches!(reaction(rpc), Reaction::NoAccess(_)))
    }

    /// Tells whether the stored count of updates is of no use.
    pub(crate) fn is_bad_count(&self) -> bool {
        matches!(self, CallError::Rpc(rpc) if reaction(rpc) == Reaction::CountAnew)
    }

    /// Makes words of it.
    pub(crate) fn words(&self) -> String {
        match self {
            CallError::Rpc(rpc) => rpc_name(rpc),
            CallError::Lost(why) | CallError::Garbled(why) => why.clone(),
            CallError::Hung => "Telegram did not answer in time".to_owned(),
            CallError::Session(error) => error.to_string(),
        }
    }

    /// Makes a sentence of it, for whoever ran a command.
    pub(crate) fn explain(self, target: &str) -> TelegramError {
        if let Some(wait) = self.wait() {
            return TelegramError::Flood { seconds: wait.as_secs() };
        }
        if let CallError::Session(error) = self {
            return error;
        }
        if self.is_lost_login() {
            return TelegramError::LoggedOut { name: self.words() };
        }
        match self {
            CallError::Rpc(rpc) if reaction(&rpc) == Reaction::Settings && !rpc.is("ACCESS_TOKEN_*") => {
                TelegramError::WrongApi { name: rpc_name(&rpc) }
            }
            CallError::Rpc(rpc) => TelegramError::Refused { name: rpc_name(&rpc) },
            // grammers answers an unknown key with a key exchange, which a sandbox cannot do.
            CallError::Garbled(why) if target.contains("sandbox") => TelegramError::Link {
                target: target.to_owned(),
                why: format!("it does not know this auth_key ({why}): take one of the `free_keys` it prints"),
            },
            other => TelegramError::Link { target: target.to_owned(), why: other.words() },
        }
    }
}

/// Tells Telegram's name for an error, with its number, made safe: `FLOOD_WAIT (17)`.
pub(crate) fn rpc_name(rpc: &RpcError) -> String {
    let name = safe::line(&rpc.name, 120);
    match rpc.value {
        Some(value) => format!("{name} ({value})"),
        None => name,
    }
}
