//! Reactions, pins, and what only bots that are admins are told: it counts in a box of its own, the `qts` of each bot.

use crate::clock::Timestamp;

use super::content::{Action, Content};
use super::group::Change;
use super::members::Member;
use super::{Account, Record, Refusal, Update, World};

/// Tells what only bots are told.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are ids, what was before and what is now")]
pub enum Told {
    /// An account changed its reactions to a message.
    Reaction { id: i32, by: i64, old: Vec<String>, new: Vec<String> },
    /// An account came, left or got other rights.
    Member { account: i64, old: Option<Member>, new: Member },
}

/// Holds one thing that bots were told.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldBots {
    /// The group.
    pub group: i64,
    /// When, in Unix seconds.
    pub date: i64,
    /// The bots that were admins there at the time.
    pub bots: Vec<i64>,
    /// What.
    pub what: Told,
}

impl World {
    /// Tells what came in an account's own box, as (qts, what happened), after a qts.
    pub fn told_after(&self, account: i64, qts: i32) -> impl Iterator<Item = (i32, usize, &ToldBots)> {
        let own = self.told.iter().enumerate().filter(move |(_, told)| told.bots.contains(&account));
        (2..).zip(own).map(|(qts, (place, told))| (qts, place, told)).filter(move |(own, ..)| *own > qts)
    }

    /// Tells an account's qts: 1 before anything has come.
    pub fn qts(&self, account: i64) -> i32 {
        self.told_after(account, 0).last().map_or(1, |(qts, ..)| qts)
    }

    /// Tells an admin's bots, and whoever else counts along.
    pub(super) fn tell(&mut self, group: i64, date: i64, what: Told) {
        let Some(found) = self.groups.get(&group) else { return };
        let is_admin = |account: &&Account| account.is_bot() && found.admin_rights(account.id).is_some();
        let bots = self.accounts.values().filter(is_admin).map(|account| account.id).collect();
        self.told.push(ToldBots { group, date, bots, what });
        let place = self.told.len() - 1;
        self.announce(Update::Told { group, place });
    }

    /// Changes an account's reactions to a message; none takes them away.
    ///
    /// # Errors
    /// Refuses unknown groups and messages.
    pub fn react(&mut self, group: i64, account: i64, id: i32, emoji: &[&str], at: Timestamp) -> Result<(), Refusal> {
        let group_id = self.group_id(group);
        let found = self.group_mut(group_id)?;
        let message = found.messages.get_mut(&id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        let new: Vec<String> = emoji.iter().map(|one| (*one).to_owned()).collect();
        let reactions = &mut message.marks.reactions;
        let old = match reactions.iter().position(|(by, _)| *by == account) {
            Some(place) => reactions.remove(place).1,
            None => Vec::new(),
        };
        if !new.is_empty() {
            reactions.push((account, new.clone()));
        }
        let message = message.clone();
        self.record(|| Record::Reacted { group: group_id, message });
        self.announce(Update::Reacted { group: group_id, id });
        self.tell(group_id, at.unix(), Told::Reaction { id, by: account, old, new });
        Ok(())
    }

    /// Pins or unpins a message as an account; pinning leaves a service message. Asks for no rights.
    ///
    /// # Errors
    /// Refuses unknown groups and messages.
    pub fn place_pin(&mut self, group: i64, account: i64, id: i32, pinned: bool, at: Timestamp) -> Result<(), Refusal> {
        let box_size = self.limits.box_size;
        let group_id = self.group_id(group);
        let found = self.group_mut(group_id)?;
        let message = found.messages.get_mut(&id).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?;
        message.marks.pinned = pinned;
        let message = message.clone();
        let topic = message.topic;
        let pts = found.append(Change::Pinned(id, pinned), at.unix(), box_size);
        self.record(|| Record::Pinned { group: group_id, message, at: at.unix() });
        self.announce(Update::PinnedMessage { group: group_id, id, pinned, pts });
        if pinned {
            let said = Content::Service(Action::Pinned);
            self.put(group_id, topic, account, said, Some(id), None, Default::default(), at)?;
        }
        Ok(())
    }
}
