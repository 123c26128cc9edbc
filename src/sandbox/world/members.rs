//! Membership: joining, leaving, promoting, restricting.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

use super::content::{Action, Content};
use super::marks::Told;
use super::rights::Standing;
use super::{Record, Refusal, Update, World};

/// Holds what an account is, or was, in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub account: i64,
    /// What it is in the group.
    pub standing: Standing,
    /// When it joined, in Unix seconds.
    pub date: i64,
    /// Who promoted, restricted or removed it.
    pub by: i64,
    /// An admin's title.
    pub rank: Option<String>,
}

impl World {
    /// Puts an account into a group, or changes what it is there, without asking for rights.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn set_member(&mut self, group: i64, member: Member) -> Result<(), Refusal> {
        let account = member.account;
        let found = self.group_mut(group)?;
        let old = found.members.insert(account, member.clone());
        let date = found.last_change();
        self.record(|| Record::Member { group, member: member.clone() });
        self.announce(Update::Channel { group, account });
        self.tell(group, date, Told::Member { account, old, new: member });
        Ok(())
    }

    /// Changes what an account is in a group; one that was never there joins.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn set_standing(&mut self, group: i64, account: i64, standing: Standing) -> Result<(), Refusal> {
        let known = self.group_mut(group)?.members.get(&account).cloned();
        let date = known.as_ref().map_or(0, |m| m.date);
        let rank = known.and_then(|m| m.rank);
        self.set_member(group, Member { account, standing, date, by: 0, rank })
    }

    /// Lets an account leave a group by itself, which leaves a service message; tells its id.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn leave(&mut self, group: i64, account: i64, now: Timestamp) -> Result<i32, Refusal> {
        let group = self.group_id(group);
        let said = Content::Service(Action::Left { user: account });
        let id = self.put(group, super::GENERAL, account, said, None, None, Default::default(), now)?;
        self.set_standing(group, account, Standing::Left)?;
        Ok(id)
    }

    /// Turns a group's topics on or off; what was said in them stays where it is.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn set_forum(&mut self, group: i64, on: bool) -> Result<(), Refusal> {
        let found = self.group_mut(group)?;
        found.forum = on;
        let members: Vec<i64> = found.members.keys().copied().collect();
        self.record(|| Record::Forum { group, on });
        for account in members {
            self.announce(Update::Channel { group, account });
        }
        Ok(())
    }

    /// Forbids or allows to forward what is said in a group.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn set_noforwards(&mut self, group: i64, on: bool) -> Result<(), Refusal> {
        let found = self.group_mut(group)?;
        found.noforwards = on;
        let members: Vec<i64> = found.members.keys().copied().collect();
        for account in members {
            self.announce(Update::Channel { group, account });
        }
        Ok(())
    }

    /// Turns a bot's privacy mode on or off and adds the bot to the group anew, which is when Telegram heeds it.
    ///
    /// # Errors
    /// Refuses an unknown account.
    pub fn set_privacy(&mut self, group: i64, account: i64, on: bool) -> Result<(), Refusal> {
        let found = self.accounts.get_mut(&account).ok_or_else(|| Refusal::bad("USER_ID_INVALID"))?;
        found.privacy = on;
        self.record(|| Record::Privacy { account, on });
        self.announce(Update::Channel { group, account });
        Ok(())
    }

    /// Forbids or allows all plain members to do things.
    ///
    /// # Errors
    /// Refuses an unknown group.
    pub fn set_default_banned(&mut self, group: i64, rights: super::BannedRights) -> Result<(), Refusal> {
        let found = self.group_mut(group)?;
        found.default_banned = rights;
        let members: Vec<i64> = found.members.keys().copied().collect();
        self.record(|| Record::DefaultBanned { group, rights });
        for account in members {
            self.announce(Update::Channel { group, account });
        }
        Ok(())
    }
}
