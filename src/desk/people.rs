//! People: who writes in a topic, and what that makes them.

use serde::{Deserialize, Serialize};

use super::ids::{AgentName, PersonId};

/// Somebody (or some channel) known from Telegram. Names are already made safe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The Telegram id.
    pub id: PersonId,
    /// First and last name, or the title of a channel; never empty.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
    /// A bot.
    pub bot: bool,
}

/// An agent: works tickets, may be assignee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// The name in `desk.toml`.
    pub name: AgentName,
    /// The agent's Telegram account, by id.
    pub telegram: Option<PersonId>,
    /// The agent's Telegram account, by username without `@`, lowercase.
    pub username: Option<String>,
    /// The account on this machine.
    pub os_user: Option<String>,
    /// IANA name of the time zone of the agent's screens; the machine's zone when absent.
    pub timezone: Option<String>,
}

/// What somebody is with regard to one ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one whose matter it is.
    Customer,
    /// Anyone else who writes in the topic.
    Participant,
    /// Staff named in `desk.toml` as agent.
    Agent(AgentName),
    /// Other staff: answers count, never an assignee.
    Colleague,
    /// Bots, the linked channel, our own automatic messages: changes no status and no clock.
    Automation,
}

impl Role {
    /// Tells whether an answer by this role counts as one of the team.
    pub fn is_staff(&self) -> bool {
        matches!(self, Role::Agent(_) | Role::Colleague)
    }
}

/// Everything that decides who is staff: agents of `desk.toml`, further staff named there, and the admins of the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// The agents of `desk.toml`.
    pub agents: Vec<Agent>,
    /// Ids named as staff in `desk.toml`, admins of the group, and the group itself (its anonymous admins).
    pub colleagues: Vec<PersonId>,
    /// Usernames named as staff in `desk.toml`, without `@`, lowercase.
    pub colleague_names: Vec<String>,
    /// The linked channel, whose posts are automation.
    pub linked_channel: Option<PersonId>,
    /// The account the desk is logged in with.
    pub own: Option<PersonId>,
}

impl Staff {
    /// Tells the agent who writes with this account, if any.
    pub fn agent_of(&self, person: &Person) -> Option<&Agent> {
        self.agents.iter().find(|agent| {
            agent.telegram == Some(person.id)
                || (agent.username.is_some() && agent.username == person.username.as_deref().map(str::to_lowercase))
        })
    }

    /// Tells what `person` is for a ticket of `customer`.
    ///
    /// An agent stays an agent in a bot's disguise never: a bot is automation whatever `desk.toml` says (DESIGN §3).
    pub fn role(&self, person: &Person, customer: Option<PersonId>) -> Role {
        if person.bot || self.linked_channel == Some(person.id) {
            return Role::Automation;
        }
        if let Some(agent) = self.agent_of(person) {
            return Role::Agent(agent.name.clone());
        }
        let named = person.username.as_deref().map(str::to_lowercase);
        if self.colleagues.contains(&person.id) || named.is_some_and(|name| self.colleague_names.contains(&name)) {
            return Role::Colleague;
        }
        if customer == Some(person.id) { Role::Customer } else { Role::Participant }
    }
}
