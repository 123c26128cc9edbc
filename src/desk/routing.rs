//! Routing: whose work a ticket is. Rules name a team, the team chooses among its agents, and every choice explains itself.
//!
//! Pure: a ticket, the teams, and how the agents stand go in, a [`Decision`] with a reason for each candidate comes out. Nobody is
//! given a ticket who is away, who is not on duty, who has no room, or who cannot reply.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::ids::{AgentName, TeamName};
use super::intake::{Burst, IntakeRule, RuleVerdict};
use super::near::nearest;
use super::presence::{Presence, Seen};
use super::query::{Facts, Query};
use super::tags::Tag;
use crate::clock::Timestamp;

mod choose;
mod line;

#[cfg(test)]
mod tests;

pub use choose::decide;
pub use line::{counts, deadline, is_in_line, rank};

/// What `desk.toml` says of intake and assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// What new tickets become, in order.
    pub intake: Vec<IntakeRule>,
    /// What routing asks of agents; who is not named has no skills and no bounds.
    pub duties: BTreeMap<AgentName, Duty>,
    /// The teams, in order.
    pub teams: Vec<Team>,
    /// Which team a ticket goes to, in order: the first rule that matches holds.
    pub rules: Vec<RoutingRule>,
    /// When one author's new topics are taken together; `None`: never.
    pub burst: Option<Burst>,
    /// A ticket whose assignee is away or silent for so long while somebody waits goes back; `None`: never.
    pub reassign_after: Option<Duration>,
    /// Who has pressed no key at any of their screens for so long is idle, and is given nothing unless they have hours; `None`: never.
    pub idle_after: Option<Duration>,
}

impl Default for Routing {
    fn default() -> Self {
        Routing {
            intake: Vec::new(),
            duties: BTreeMap::new(),
            teams: Vec::new(),
            rules: Vec::new(),
            burst: Some(Burst::default()),
            reassign_after: None,
            idle_after: Some(Duration::from_secs(1800)),
        }
    }
}

impl Routing {
    /// Tells whether there is nothing to do by itself.
    pub fn is_empty(&self) -> bool {
        self.intake.is_empty() && self.teams.is_empty()
    }

    /// Finds a team.
    pub fn team(&self, name: &TeamName) -> Option<&Team> {
        self.teams.iter().find(|team| team.name == *name)
    }

    /// Finds a team as it was typed, case aside.
    ///
    /// # Errors
    /// There is none; the one that was probably meant.
    pub fn named(&self, typed: &TeamName) -> Result<&TeamName, String> {
        let names = || self.teams.iter().map(|team| &team.name);
        if let Some(name) = names().find(|name| name.0.to_lowercase() == typed.0.to_lowercase()) {
            return Ok(name);
        }
        Err(match nearest(&typed.0, names().map(|name| name.0.as_str())) {
            _ if self.teams.is_empty() => "desk.toml has no teams".to_owned(),
            Some(near) => format!("there is no team `{typed}`: did you mean `{near}`?"),
            None => {
                let all = names().map(|name| name.0.as_str()).collect::<Vec<_>>().join(", ");
                format!("there is no team `{typed}`: there are {all}")
            }
        })
    }

    /// Tells whether any team gives tickets to its agents by itself.
    pub fn assigns(&self) -> bool {
        self.teams.iter().any(|team| team.assign != Assign::Manual)
    }

    /// Tells an agent's duty.
    pub fn duty(&self, agent: &AgentName) -> Option<&Duty> {
        self.duties.get(agent)
    }

    /// Tells whether an agent is one to whom tickets are given by themselves.
    pub fn takes(&self, agent: &AgentName) -> bool {
        self.teams.iter().any(|team| team.assign != Assign::Manual && team.agents.contains(agent))
    }
}

/// What routing asks of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// What they know: tags.
    pub skills: Vec<Tag>,
    /// How many tickets they have in hand at most; `None`: any number.
    pub capacity: Option<u32>,
    /// The name of the hours in which they are on duty; `None`: while a screen of theirs is open and used.
    pub hours: Option<String>,
    /// To whom others hand over what they cannot do.
    pub senior: bool,
}

/// How a team chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assign {
    /// Nobody is chosen: whoever wants takes it.
    #[default]
    Manual,
    /// One after the other, whoever had the last turn longest ago first.
    RoundRobin,
    /// Whoever has the fewest tickets in hand.
    LeastLoaded,
    /// Of those who know what the ticket's tags ask for, whoever has the fewest tickets in hand.
    Skills,
}

impl Assign {
    /// All of them, with the words of `desk.toml`.
    pub const ALL: [(&str, Assign); 4] = [
        ("manual", Assign::Manual),
        ("round_robin", Assign::RoundRobin),
        ("least_loaded", Assign::LeastLoaded),
        ("skills", Assign::Skills),
    ];

    /// Tells the word.
    pub fn label(self) -> &'static str {
        Assign::ALL.iter().find(|(_, one)| *one == self).map_or("", |(word, _)| word)
    }
}

/// Agents who share work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// What it is called.
    pub name: TeamName,
    /// Who is in it, in order.
    pub agents: Vec<AgentName>,
    /// How it chooses.
    pub assign: Assign,
    /// Which team is asked when nobody of this one can take a ticket.
    pub fallback: Option<TeamName>,
}

/// Which tickets go to a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    /// What it is called.
    pub name: String,
    /// The tickets.
    pub when: Query,
    /// The team.
    pub team: TeamName,
}

/// Who of a team had which turn last; the numbers rise over all teams.
pub type Turns = BTreeMap<(TeamName, AgentName), i64>;

/// How the desk stands when a ticket is to be given away.
#[derive(Clone, Copy, Debug)]
pub struct Roster<'a> {
    /// The rules.
    pub routing: &'a Routing,
    /// All business hours by name.
    pub hours: &'a BTreeMap<String, Hours>,
    /// How many tickets each agent has in hand ([`counts`]).
    pub loads: &'a BTreeMap<AgentName, u32>,
    /// Who is there.
    pub seen: &'a BTreeMap<AgentName, Seen>,
    /// Whose turn it was.
    pub turns: &'a Turns,
    /// Why nobody can reply at present.
    pub read_only: Option<&'a str>,
    /// When.
    pub now: Timestamp,
}

impl Roster<'_> {
    /// Tells how many tickets an agent has in hand.
    pub fn load(&self, agent: &AgentName) -> u32 {
        self.loads.get(agent).copied().unwrap_or(0)
    }

    /// Tells whether an agent is there.
    pub fn presence(&self, agent: &AgentName) -> Presence {
        self.seen.get(agent).map_or(Presence::Offline, Seen::presence)
    }

    /// Tells why an agent is given nothing now, whatever the ticket; `None`: they can take one.
    pub fn bars(&self, agent: &AgentName) -> Option<String> {
        if let Some(why) = self.read_only {
            return Some(format!("cannot reply: {why}"));
        }
        if let Some(why) = self.off_duty(agent) {
            return Some(why);
        }
        let load = self.load(agent);
        match self.routing.duty(agent).and_then(|duty| duty.capacity) {
            Some(capacity) if load >= capacity => Some(format!("has {load} of {capacity}")),
            _ => None,
        }
    }

    /// Tells whether an agent is on duty, with room or without.
    pub fn is_there(&self, agent: &AgentName) -> bool {
        self.off_duty(agent).is_none()
    }

    fn off_duty(&self, agent: &AgentName) -> Option<String> {
        let presence = self.presence(agent);
        if presence == Presence::Away {
            return Some("away".to_owned());
        }
        let duty = self.routing.duty(agent);
        match duty.and_then(|duty| duty.hours.as_ref()).map(|name| (name, self.hours.get(name))) {
            Some((name, Some(hours))) if !hours.is_open(self.now) => Some(format!("out of hours ({name})")),
            Some((name, None)) => Some(format!("out of hours ({name} is not there)")),
            // In their hours people are there, whatever their screens say.
            None if matches!(presence, Presence::Offline | Presence::Idle) => Some(presence.label().to_owned()),
            _ => None,
        }
    }

    /// Tells whether anybody could be given anything.
    pub fn has_room(&self) -> bool {
        let assigning = self.routing.teams.iter().filter(|team| team.assign != Assign::Manual);
        assigning.flat_map(|team| &team.agents).any(|agent| self.bars(agent).is_none())
    }
}

/// A ticket that is to be given away.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// The ticket, and what is known around it.
    pub facts: Facts<'a>,
    /// It belongs to a burst whose other tickets have gone to this agent: it goes to them or waits.
    pub kept_with: Option<&'a AgentName>,
}

/// Why an agent is, or is not, the one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateVerdict {
    /// The agent.
    pub agent: AgentName,
    /// They can take it.
    pub can: bool,
    /// Why not; or why they are, or are not, the first of those who can.
    pub why: String,
}

/// What a team says to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamVerdict {
    /// The team.
    pub team: TeamName,
    /// How it chooses.
    pub assign: Assign,
    /// Its agents, in order; none for a team that does not choose.
    pub candidates: Vec<CandidateVerdict>,
}

/// Whose work a ticket is, and how that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The routing rules, in order.
    pub rules: Vec<RuleVerdict>,
    /// The rule that holds; `None`: intake has named the team, or none fits.
    pub rule: Option<String>,
    /// The team that chose, or that was asked first.
    pub team: Option<TeamName>,
    /// The teams that were asked, in order.
    pub teams: Vec<TeamVerdict>,
    /// The agent; `None`: it stays unassigned.
    pub agent: Option<AgentName>,
    /// Why, in a line.
    pub why: String,
}
