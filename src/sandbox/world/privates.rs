//! Private chats: what two accounts say to each other, as each of them has it in a box of its own, and who lets bots write to them.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

use super::posts::check_text;
use super::{Record, Refusal, Update, World};

/// Tells what a person's chat with bots is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotChat {
    /// It was started, so that bots may write there.
    #[default]
    Started,
    /// It never was: a bot cannot begin it.
    Never,
    /// It was started, and the bots blocked since.
    Blocked,
}

/// Holds a message of a private chat, as one of the two has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateMessage {
    /// Its id in the box of this account.
    pub id: i32,
    /// The other one.
    pub peer: i64,
    /// The account has written it itself.
    pub out: bool,
    /// What it says.
    pub text: String,
    /// When, in Unix seconds.
    pub date: i64,
}

impl World {
    /// Tells what is in an account's own box, oldest first.
    pub fn privates(&self, account: i64) -> &[PrivateMessage] {
        self.privates.get(&account).map(Vec::as_slice).unwrap_or_default()
    }

    /// Tells an account's own pts: 1 before anything has come.
    pub fn private_pts(&self, account: i64) -> i32 {
        i32::try_from(self.privates(account).len()).map_or(i32::MAX, |count| count + 1)
    }

    /// Lets a person start their chat with bots, block them, or forget them.
    pub fn set_bot_chat(&mut self, account: i64, bot_chat: BotChat) {
        if let Some(found) = self.accounts.get_mut(&account) {
            found.bot_chat = bot_chat;
            self.record(|| Record::BotChat { account, bot_chat });
        }
    }

    /// Tells whether an account may write to a person.
    ///
    /// # Errors
    /// Refuses as Telegram does: somebody unknown, deleted, a bot; somebody who never wrote to this bot, or has blocked it.
    pub fn check_private(&self, from: i64, to: i64) -> Result<(), Refusal> {
        let person = self.account(to).ok_or_else(|| Refusal::bad("PEER_ID_INVALID"))?;
        if person.deleted {
            return Err(Refusal::bad("INPUT_USER_DEACTIVATED"));
        }
        if !self.account(from).is_some_and(super::Account::is_bot) {
            return Ok(());
        }
        match person.bot_chat {
            _ if person.is_bot() => Err(Refusal::bad("USER_IS_BOT")),
            BotChat::Started => Ok(()),
            BotChat::Never => Err(Refusal::bad("PEER_ID_INVALID")),
            BotChat::Blocked => Err(Refusal::bad("USER_IS_BLOCKED")),
        }
    }

    /// Writes to a person, who gets it at once; tells its id in the sender's own box. Pushes it.
    ///
    /// # Errors
    /// Refuses as [`World::check_private`] does, and a text that is empty or too long.
    pub fn write_to(&mut self, from: i64, to: i64, text: &str, at: Timestamp) -> Result<i32, Refusal> {
        self.check_private(from, to)?;
        check_text(text, &[], false)?;
        let id = self.put_private(from, to, true, text, at);
        if from != to {
            self.put_private(to, from, false, text, at);
        }
        Ok(id)
    }

    fn put_private(&mut self, account: i64, peer: i64, out: bool, text: &str, at: Timestamp) -> i32 {
        let id = self.private_pts(account);
        let message = PrivateMessage { id, peer, out, text: text.to_owned(), date: at.unix() };
        self.privates.entry(account).or_default().push(message.clone());
        self.record(|| Record::Private { account, message });
        self.announce(Update::Private { account, id });
        id
    }
}
