//! The desk at a glance: its groups, its link, its agents.

use serde::{Deserialize, Serialize};

use super::{AgentView, Finding, GroupFacts, LinkState, MirrorView, Missing, RecheckView};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, GroupId, MessageId, TicketKey};
use crate::desk::people::Agent;
use crate::desk::tags::Tag;

/// The desk at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeskView {
    /// Its name.
    pub name: String,
    /// It has policies, so that tickets are due.
    #[serde(default)]
    pub sla: bool,
    /// The groups it mirrors, by id.
    pub groups: Vec<GroupFacts>,
    /// Groups of `desk.toml` that cannot be got at; told only by a desk with a link.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// What the link is doing; `None` when the database is read without an engine.
    pub link: Option<LinkState>,
    /// Why nothing can be saved at present: a full disk, as a rule.
    pub trouble: Option<String>,
    /// Why nothing can be sent to the group at present; of several, to those that are named in it.
    pub read_only: Option<String>,
    /// What is missing or too much among the account's rights and the group's settings.
    pub findings: Vec<Finding>,
    /// The desk is on trial: nothing automatic leaves it.
    #[serde(default)]
    pub pilot: bool,
    /// Reasons that are offered when a ticket is closed.
    #[serde(default)]
    pub close_reasons: Vec<String>,
    /// Why no ticket can be opened from General.
    #[serde(default)]
    pub opening_barred: Option<String>,
    /// When a ticket is opened from General, General is told where.
    #[serde(default)]
    pub opening_says: bool,
    /// How many tickets the desk will say something about by itself.
    #[serde(default)]
    pub automatic_due: usize,
    /// How far status shows in Telegram; `None`: that is switched off.
    #[serde(default)]
    pub mirror_status: Option<MirrorView>,
    /// How far the first synchronisation is, 0 to 100, in the group in which it is least far; `None` when it is complete.
    pub backfill: Option<u8>,
    /// How far that is in each group in which it is not complete, 0 to 100.
    #[serde(default)]
    pub behind: Vec<(GroupId, u8)>,
    /// Who reads.
    pub agent: AgentName,
    /// All agents of the desk.
    pub agents: Vec<AgentName>,
    /// The same, with their presence and what they have in hand.
    #[serde(default)]
    pub roster: Vec<AgentView>,
    /// All tags that tickets have.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Ranges of ids that have never been looked at although something above them is known.
    pub holes: Vec<(MessageId, MessageId)>,
    /// Telegram has asked us not to send before.
    pub not_before: Option<Timestamp>,
    /// The comparison with Telegram that is under way, or the last one.
    pub recheck: Option<RecheckView>,
}

impl DeskView {
    /// Tells what a group is called, if there is more than one.
    pub fn group_name(&self, group: GroupId) -> Option<&str> {
        let known = self.groups.iter().find(|facts| facts.group == group && self.groups.len() > 1);
        known.map(|facts| facts.called().name())
    }

    /// Names a ticket: `#1042`, or `shop/1042` if there is more than one group.
    pub fn ticket_name(&self, ticket: TicketKey) -> String {
        match self.group_name(ticket.group) {
            Some(name) => format!("{name}/{}", ticket.topic),
            None => ticket.to_string(),
        }
    }

    /// Tells an agent's name as customers read it: the one of their Telegram account, if the group's admins are known.
    pub fn name_of(&self, agent: &Agent) -> String {
        let own = self.groups.iter().find_map(|facts| facts.account_of(agent));
        own.map_or_else(|| agent.name.0.clone(), |account| account.name.clone())
    }
}
