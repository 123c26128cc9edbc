//! Inline buttons: under messages of bots, pressed by members, answered by the bot.
//!
//! As on Telegram a press is in no box: whoever is not connected at the moment never hears of it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

use super::content::Content;
use super::group::Change;
use super::{Record, Refusal, Update, World};

/// The most bytes that a button says.
const MAX_DATA: usize = 64;
/// The most letters of an answer.
const MAX_ANSWER: usize = 200;
/// The most buttons of a message.
const MAX_BUTTONS: usize = 100;

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub label: String,
    /// What the bot is told.
    pub data: Vec<u8>,
}

/// A press of a button, and what the bot has said to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// Its number.
    pub query: i64,
    /// The bot that is told.
    pub bot: i64,
    /// Who has pressed.
    pub by: i64,
    /// The message.
    pub message: i32,
    /// The answer; `None`: not yet.
    pub answer: Option<String>,
}

/// Refuses buttons that Telegram would refuse.
pub(in crate::sandbox) fn check_buttons(buttons: &[Button]) -> Result<(), Refusal> {
    if buttons.len() > MAX_BUTTONS {
        return Err(Refusal::bad("REPLY_MARKUP_TOO_LONG"));
    }
    for button in buttons {
        if button.label.trim().is_empty() {
            return Err(Refusal::bad("BUTTON_TEXT_INVALID"));
        }
        if button.data.is_empty() || button.data.len() > MAX_DATA {
            return Err(Refusal::bad("BUTTON_DATA_INVALID"));
        }
    }
    Ok(())
}

impl World {
    /// Presses a button as a member; tells the number of the press. Pushes it to the bot.
    ///
    /// # Errors
    /// Refuses unknown groups and messages, and who is not in the group. What the button says may be made up, as on Telegram.
    pub fn press(&mut self, group: i64, account: i64, id: i32, data: &[u8]) -> Result<i64, Refusal> {
        let group_id = self.group_id(group);
        let found = self.group_or(group_id)?;
        found.require_present(account)?;
        let message = found.message(id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        if message.marks.buttons.is_empty() {
            return Err(Refusal::bad("MESSAGE_ID_INVALID"));
        }
        let query = i64::try_from(self.presses.len()).unwrap_or(i64::MAX).saturating_add(7_000_000_001);
        self.presses.push(Press { query, bot: message.sender, by: account, message: id, answer: None });
        self.announce(Update::Pressed { group: group_id, id, by: account, query, data: data.to_vec() });
        Ok(query)
    }

    /// Presses the button of a message of the main group that has this label.
    ///
    /// # Errors
    /// Refuses what [`World::press`] refuses, and a label that no button has.
    pub fn press_label(&mut self, account: i64, id: i32, label: &str) -> Result<i64, Refusal> {
        let found = self.group_or(self.forum)?.message(id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        let button = found.marks.buttons.iter().find(|button| button.label == label);
        let data = button.ok_or_else(|| Refusal::bad("DATA_INVALID"))?.data.clone();
        self.press(0, account, id, &data)
    }

    /// Tells whether a message has other buttons than these.
    pub(in crate::sandbox) fn has_other_buttons(&self, group: i64, id: i32, buttons: &[Button]) -> bool {
        let found = self.group(self.group_id(group)).and_then(|group| group.message(id));
        found.is_some_and(|message| message.marks.buttons != buttons)
    }

    /// Lists all presses, oldest first.
    pub fn presses(&self) -> &[Press] {
        &self.presses
    }

    /// Answers a press as the bot that was told of it.
    ///
    /// # Errors
    /// Refuses a press that there was not, and too long an answer.
    pub fn answer_press(&mut self, account: i64, query: i64, text: &str) -> Result<(), Refusal> {
        if text.encode_utf16().count() > MAX_ANSWER {
            return Err(Refusal::bad("MESSAGE_TOO_LONG"));
        }
        let press = self.presses.iter_mut().find(|press| press.query == query && press.bot == account);
        let press = press.ok_or_else(|| Refusal::bad("QUERY_ID_INVALID"))?;
        press.answer = Some(text.to_owned());
        Ok(())
    }

    /// Changes the buttons of a message as its author and nothing else; tells the pts. Pushes it.
    ///
    /// # Errors
    /// Refuses unknown messages, other people's, wrong buttons, and a change that changes nothing.
    pub fn edit_buttons(
        &mut self,
        group: i64,
        account: i64,
        id: i32,
        buttons: Vec<Button>,
        at: Timestamp,
    ) -> Result<i32, Refusal> {
        check_buttons(&buttons)?;
        let box_size = self.limits.box_size;
        let group_id = self.group_id(group);
        let found = self.group_mut(group_id)?;
        found.require_present(account)?;
        let message = found.messages.get_mut(&id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        if message.sender != account {
            return Err(Refusal::forbidden("MESSAGE_AUTHOR_REQUIRED"));
        }
        if !matches!(message.content, Content::Said { .. }) {
            return Err(Refusal::bad("MESSAGE_ID_INVALID"));
        }
        if message.marks.buttons == buttons {
            return Err(Refusal::bad("MESSAGE_NOT_MODIFIED"));
        }
        message.marks.buttons = buttons;
        message.marks.edit_hidden = true;
        message.edit_date = Some(at.unix());
        let logged = message.clone();
        let pts = found.append(Change::Edited(id), at.unix(), box_size);
        self.record(|| Record::Edited { group: group_id, message: logged, at: at.unix() });
        self.announce(Update::Edited { group: group_id, id, pts });
        Ok(pts)
    }
}
