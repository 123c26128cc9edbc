//! What an agent may do: work tickets, lead those who do, or run the desk.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::command::Command;
use super::ids::AgentName;

/// What an agent may do; each may what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Works tickets: anybody's, but gives away only what is nobody's or their own.
    Agent,
    /// Gives and takes anybody's tickets, keeps topics out of the desk, sees everybody's figures, exports, tries other rules.
    Lead,
    /// Runs the desk: stops it, reads its configuration again, backs it up, logs it in and out.
    Admin,
}

impl Authority {
    /// All of them, least first.
    pub const ALL: [Authority; 3] = [Authority::Agent, Authority::Lead, Authority::Admin];

    /// Names it, as in `desk.toml`.
    pub fn label(self) -> &'static str {
        match self {
            Authority::Agent => "agent",
            Authority::Lead => "lead",
            Authority::Admin => "admin",
        }
    }

    /// Says why `agent` may not carry out a command, if they may not. `assignee`: whose the ticket is.
    pub fn forbids(self, agent: &AgentName, command: &Command, assignee: Option<&AgentName>) -> Option<String> {
        if self >= Authority::Lead {
            return None;
        }
        let others = assignee.filter(|assignee| *assignee != agent);
        match (command, others) {
            (Command::Assign { to, .. }, Some(other)) if to != agent => {
                Some(format!("it is {other}'s: only a lead gives away a colleague's ticket; take it over, or ask them"))
            }
            (Command::Release { .. }, Some(other)) => {
                Some(format!("it is {other}'s: only a lead releases a colleague's ticket; take it over instead"))
            }
            (Command::Ignore { .. }, _) => Some("only a lead keeps topics out of the desk".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Authority {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Authority::ALL.map(Authority::label).join(", ");
        let found = Authority::ALL.into_iter().find(|one| one.label() == text);
        found.ok_or_else(|| format!("there is no role `{}`: there are {}", text.escape_debug(), known()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::{GroupId, TicketKey, TopicId};

    const KEY: TicketKey = TicketKey { group: GroupId(1), topic: TopicId(5) };

    fn name(text: &str) -> AgentName {
        AgentName::from(text)
    }

    #[test]
    fn an_agent_gives_away_only_what_is_nobodys_or_their_own() {
        let assign = |to: &str| Command::Assign { ticket: KEY, to: name(to), note: None };
        let release = || Command::Release { ticket: KEY };
        let ignore = || Command::Ignore { ticket: KEY, ignored: true };
        // Command, whose the ticket is, whether an agent named anna may.
        for (command, whose, may) in [
            (assign("tom"), None, true),
            (assign("tom"), Some("anna"), true),
            (assign("tom"), Some("mia"), false),
            (assign("anna"), Some("mia"), true),
            (release(), Some("anna"), true),
            (release(), Some("mia"), false),
            (release(), None, true),
            (ignore(), None, false),
            (Command::TakeOver { ticket: KEY }, Some("mia"), true),
            (Command::Claim { ticket: KEY }, None, true),
        ] {
            let whose = whose.map(name);
            let forbidden = Authority::Agent.forbids(&name("anna"), &command, whose.as_ref());
            assert_eq!(forbidden.is_none(), may, "{command:?} {whose:?}");
            for more in [Authority::Lead, Authority::Admin] {
                assert_eq!(more.forbids(&name("anna"), &command, whose.as_ref()), None);
            }
        }
        assert!("boss".parse::<Authority>().is_err());
        assert_eq!("lead".parse(), Ok(Authority::Lead));
    }
}
