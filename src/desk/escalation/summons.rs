//! Summons: what a rule says to staff in Telegram, besides what the desk shows; to whom, and in which words.
//!
//! Whom it reaches is named by a [`Reach`], which has no way to name a topic. The words are made of the ticket's title and of what its rule
//! says, never of what was written at the desk or in the thread.

use serde::{Deserialize, Serialize};

use super::{Cause, Escalations, Recipient, Rule};
use crate::desk::ids::{AgentName, GroupId, PersonId};
use crate::desk::people::Agent;
use crate::desk::rules::Rules;
use crate::desk::ticket::Ticket;

/// A rule's own words in a summons are no longer, in characters.
pub const LONGEST_MESSAGE: usize = 500;

/// What a rule says in Telegram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// To the agents who hear of it, in their own chats.
    pub agents: bool,
    /// In the chat of the staff.
    pub staff_chat: bool,
    /// In which words; `None`: the rule's name.
    pub message: Option<String>,
}

/// The chat of the staff, as `desk.toml` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffChat {
    /// By id, without the `-100` of the Bot API.
    Id(GroupId),
    /// By public name, without `@`.
    Username(String),
}

/// A Telegram account, as `desk.toml` names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// By id.
    Id(PersonId),
    /// By public name, without `@`.
    Username(String),
}

/// Whom a summons reaches: an agent in their own chat, or the chat of the staff. A topic of customers cannot be named by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// An agent.
    Agent {
        /// Who.
        name: AgentName,
        /// Their account.
        account: Account,
    },
    /// The chat of the staff.
    StaffChat(StaffChat),
}

impl Reach {
    /// Tells the agent; `None`: it is the chat of the staff.
    pub fn agent(&self) -> Option<&AgentName> {
        match self {
            Reach::Agent { name, .. } => Some(name),
            Reach::StaffChat(_) => None,
        }
    }

    /// Names it in a sentence.
    pub fn words(&self) -> String {
        self.agent().map_or_else(|| "the staff chat".to_owned(), |name| name.0.clone())
    }
}

impl Agent {
    /// Tells the account in which this agent can be told something; `None`: `desk.toml` names none.
    pub fn account(&self) -> Option<Account> {
        let by_name = || self.username.clone().map(Account::Username);
        self.telegram.map(Account::Id).or_else(by_name)
    }
}

impl Rule {
    /// Tells who of those who hear of it are told in Telegram too, and the chat of the staff if it is; and which agents cannot be,
    /// because `desk.toml` names no account of theirs.
    pub fn reach(&self, told: &[AgentName], rules: &Rules) -> (Vec<Reach>, Vec<AgentName>) {
        let (mut reach, mut without) = (Vec::new(), Vec::new());
        if rules.pilot {
            return (reach, without);
        }
        for name in told.iter().filter(|_| self.tell.agents) {
            match rules.agent(name).and_then(Agent::account) {
                Some(account) => reach.push(Reach::Agent { name: name.clone(), account }),
                None => without.push(name.clone()),
            }
        }
        let chat = rules.escalations.staff_chat.clone().filter(|_| self.tell.staff_chat);
        reach.extend(chat.map(Reach::StaffChat));
        (reach, without)
    }

    /// Writes what is said of a firing: the rule's words, the ticket, why, and a link to its topic.
    pub fn summons(&self, ticket: &Ticket, cause: &Cause, group_name: Option<&str>) -> String {
        let key = ticket.key;
        let said = self.tell.message.as_deref().unwrap_or(&self.name);
        let since = cause.since().to_utc().format("%a %-d %b %H:%M UTC");
        let link = match group_name {
            Some(name) => format!("https://t.me/{name}/{}", key.topic),
            None => format!("https://t.me/c/{}/{}", key.group, key.topic),
        };
        format!("{said}\n{key} {}\n{}, since {since}\n{link}", ticket.title, cause.words())
    }
}

impl Escalations {
    /// Lists everybody whom any rule may reach in Telegram, each once; and the agents whom it could not, as [`Rule::reach`].
    pub fn reach(rules: &Rules) -> (Vec<Reach>, Vec<AgentName>) {
        let everybody = || rules.staff.agents.iter().map(|agent| agent.name.clone()).collect::<Vec<_>>();
        let (mut all, mut none) = (Vec::new(), Vec::new());
        for rule in &rules.escalations.rules {
            let mut told: Vec<AgentName> = rule.assign.iter().cloned().collect();
            for recipient in &rule.notify {
                match recipient {
                    Recipient::Agent(name) => told.push(name.clone()),
                    Recipient::All | Recipient::Assignee => told.extend(everybody()),
                    Recipient::Team(name) => {
                        told.extend(rules.routing.team(name).map(|team| team.agents.clone()).unwrap_or_default());
                    }
                }
            }
            let (reach, without) = rule.reach(&told, rules);
            all.extend(reach);
            none.extend(without);
        }
        all.sort();
        all.dedup();
        none.sort();
        none.dedup();
        (all, none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::desk::event::{Actor, Event, Recorded};
    use crate::desk::ids::{EventId, TicketKey, TopicId};
    use crate::desk::lifecycle;
    use crate::desk::ticket::Standing;

    fn at() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").expect("a date")
    }

    fn ticket() -> Ticket {
        let event = Event::Opened { episode: 1, title: "Refund".to_owned(), standing: Standing::NEW, why: None };
        let ticket = TicketKey { group: GroupId(77), topic: TopicId(42) };
        lifecycle::fold(&[Recorded { id: EventId(1), ticket, at: at(), by: Actor::Desk, event }])
            .expect("it was opened")
    }

    fn rule(tell: Tell) -> Rule {
        Rule { tell, note: Some("the customer is a liar".to_owned()), ..super::super::tests::rule("Late") }
    }

    #[test]
    fn the_words_are_the_rules_and_the_tickets_and_never_the_note() {
        let cause = Cause::NoResponse { since: at() };
        let plain = rule(Tell::default()).summons(&ticket(), &cause, None);
        assert_eq!(plain, "Late\n#42 Refund\nno response, since Mon 23 Nov 12:00 UTC\nhttps://t.me/c/77/42");
        let said = rule(Tell { message: Some("Please answer".to_owned()), ..Tell::default() });
        let said = said.summons(&ticket(), &cause, Some("acme"));
        assert_eq!(said, "Please answer\n#42 Refund\nno response, since Mon 23 Nov 12:00 UTC\nhttps://t.me/acme/42");
    }

    #[test]
    fn who_is_reached_is_asked_of_the_rule_and_of_the_agents_accounts() {
        let agent = |name: &str, telegram, username: Option<&str>| Agent {
            name: name.into(),
            telegram,
            username: username.map(str::to_owned),
            os_user: None,
            timezone: None,
        };
        let mut rules = Rules::default();
        rules.staff.agents =
            vec![agent("anna", Some(PersonId(5)), None), agent("tom", None, Some("tom_d")), agent("mia", None, None)];
        rules.escalations.staff_chat = Some(StaffChat::Id(GroupId(9)));
        let told: Vec<AgentName> = ["anna", "tom", "mia"].map(AgentName::from).to_vec();
        let anna = Reach::Agent { name: "anna".into(), account: Account::Id(PersonId(5)) };
        let tom = Reach::Agent { name: "tom".into(), account: Account::Username("tom_d".to_owned()) };
        let chat = Reach::StaffChat(StaffChat::Id(GroupId(9)));
        let tell = |agents, staff_chat| rule(Tell { agents, staff_chat, message: None });
        assert_eq!(tell(false, false).reach(&told, &rules), (vec![], vec![]), "in the desk only");
        let all = vec![anna, tom, chat.clone()];
        assert_eq!(tell(true, true).reach(&told, &rules), (all.clone(), vec!["mia".into()]));
        assert_eq!(tell(false, true).reach(&told, &rules), (vec![chat], vec![]));
        rules.escalations.rules = vec![Rule { notify: vec![Recipient::All], ..tell(true, true) }];
        assert_eq!(Escalations::reach(&rules), (all, vec!["mia".into()]));
        rules.pilot = true;
        assert_eq!(tell(true, true).reach(&told, &rules), (vec![], vec![]), "nothing automatic leaves a desk on trial");
    }
}
