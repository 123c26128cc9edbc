//! People of a world: customers, agents, colleagues, bots, and how they log in.

use serde::{Deserialize, Serialize};

use super::is_false;
use super::span::Key;

/// What a person is to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A member without rights of an admin.
    Customer,
    /// An admin who works tickets.
    Agent,
    /// An admin who is no agent.
    Colleague,
    /// An admin who posts as the group itself: the messages come from the channel, signed with `rank`.
    Anonymous,
    /// The bot the desk logs in as.
    DeskBot,
    /// Any other bot.
    Bot,
}

/// A right of an admin, as Telegram's `chatAdminRights` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// May edit the group's title, picture and description.
    ChangeInfo,
    /// May delete others' messages.
    DeleteMessages,
    /// May ban.
    BanUsers,
    /// May invite.
    InviteUsers,
    /// May pin.
    PinMessages,
    /// May create, edit, close and delete topics.
    ManageTopics,
    /// May make other admins.
    AddAdmins,
    /// Posts as the group.
    Anonymous,
    /// May manage video chats.
    ManageCall,
    /// Is an admin at all: sees the log, is not slowed down.
    Other,
}

/// One person or bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The name by which this file calls them.
    pub key: Key,
    /// Their Telegram id.
    pub id: i64,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Their public name without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// What they are to the group.
    pub role: Role,
    /// The language their client speaks (`lang_code`), which scripts use to choose phrases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// An admin's rights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<Right>,
    /// An admin's custom title, and the signature of an anonymous admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<String>,
    /// Created the group.
    #[serde(default, skip_serializing_if = "is_false")]
    pub creator: bool,
    /// A bot's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How a person logs in; people without it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    /// Deleted their account: no names are served.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Has left the group.
    #[serde(default, skip_serializing_if = "is_false")]
    pub left: bool,
    /// Whether bots may write to them in private.
    #[serde(default, skip_serializing_if = "BotChat::is_started")]
    pub bot_chat: BotChat,
}

/// What a person's chat with bots is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotChat {
    /// They have started it.
    #[default]
    Started,
    /// They never have: a bot cannot begin it.
    Never,
    /// They have blocked bots since.
    Blocked,
}

impl BotChat {
    fn is_started(&self) -> bool {
        *self == BotChat::Started
    }
}

impl Person {
    /// Makes a person with nothing but the needful.
    pub fn new(key: &str, id: i64, first_name: &str, role: Role) -> Self {
        Self {
            key: Key::new(key),
            id,
            first_name: first_name.to_owned(),
            last_name: None,
            username: None,
            role,
            language: None,
            rights: Vec::new(),
            rank: None,
            creator: false,
            token: None,
            login: None,
            deleted: false,
            left: false,
            bot_chat: BotChat::default(),
        }
    }

    /// Tells whether this is one of the two kinds of bots.
    pub fn is_bot(&self) -> bool {
        matches!(self.role, Role::DeskBot | Role::Bot)
    }

    /// Tells whether this is an admin of the group.
    pub fn is_admin(&self) -> bool {
        matches!(self.role, Role::Agent | Role::Colleague | Role::Anonymous) || !self.rights.is_empty()
    }
}

/// How a user account logs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The phone number, digits only.
    pub phone: String,
    /// The code that "arrives".
    pub code: String,
    /// The two-factor password, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}
