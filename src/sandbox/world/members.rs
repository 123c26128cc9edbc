//! Membership: joining, leaving, promoting, restricting.

use serde::{Deserialize, Serialize};

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
        self.group_mut(group)?.members.insert(account, member.clone());
        self.record(|| Record::Member { group, member });
        self.announce(Update::Channel { group, account });
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
