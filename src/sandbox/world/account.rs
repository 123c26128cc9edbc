//! People and bots of the world, with what they log in with.

use std::fmt;

use super::BotChat;

/// Tells what an account is in the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// A bot, logged in to with a token.
    Bot,
    /// A user account of the staff.
    Agent,
    /// A user account of a customer.
    Customer,
}

impl AccountKind {
    /// Tells the word the announcement uses.
    pub const fn label(self) -> &'static str {
        match self {
            AccountKind::Bot => "bot",
            AccountKind::Agent => "agent",
            AccountKind::Customer => "customer",
        }
    }
}

/// Holds one account: who it is and what logs in to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user id, positive.
    pub id: i64,
    /// The access hash, the same for everyone who asks.
    pub access_hash: i64,
    /// What the account is in the shop.
    pub kind: AccountKind,
    /// The first name.
    pub first_name: String,
    /// The last name, if there is one.
    pub last_name: Option<String>,
    /// The @username without the sign.
    pub username: Option<String>,
    /// The language the account's client names.
    pub lang_code: Option<String>,
    /// A bot's token.
    pub token: Option<String>,
    /// A user's phone number, digits only.
    pub phone: Option<String>,
    /// The login code that is always sent to this phone.
    pub code: Option<String>,
    /// The password of two-factor login, if it is on.
    pub password: Option<String>,
    /// Whether a bot's privacy mode is on: it then sees only commands, replies and mentions.
    pub privacy: bool,
    /// Whether the account was deleted: it is served without names.
    pub deleted: bool,
    /// Whether bots may write to this person.
    pub bot_chat: BotChat,
}

impl Account {
    /// Makes a user account without any way to log in to it.
    pub fn user(id: i64, kind: AccountKind, first_name: &str) -> Self {
        Self {
            id,
            access_hash: 0,
            kind,
            first_name: first_name.to_owned(),
            last_name: None,
            username: None,
            lang_code: None,
            token: None,
            phone: None,
            code: None,
            password: None,
            privacy: false,
            deleted: false,
            bot_chat: BotChat::default(),
        }
    }

    /// Tells whether the account is a bot.
    pub fn is_bot(&self) -> bool {
        self.kind == AccountKind::Bot
    }

    /// Tells first and last name together.
    pub fn name(&self) -> String {
        match &self.last_name {
            Some(last) => format!("{} {last}", self.first_name),
            None => self.first_name.clone(),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}
