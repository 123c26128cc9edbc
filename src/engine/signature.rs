//! Signing what a bot sends for an agent: the line is part of the text from the moment the reply is accepted, so the thread shows
//! what is sent. An agent who takes a reply back, or aside, has it without.

use super::turn::Turn;
use crate::desk::command::Command;
use crate::desk::ids::AgentName;
use crate::desk::signature;

impl Turn<'_> {
    /// Gives a reply with its signature; `None`: it is none, or has none.
    pub(super) fn signed(&self, agent: &AgentName, command: &Command) -> Option<Command> {
        let Command::Reply { text, .. } = command else { return None };
        let signed = self.with_signature(agent, text);
        let mut command = command.clone();
        if let Command::Reply { text, .. } = &mut command {
            *text = signed;
        }
        Some(command)
    }

    /// Gives an agent's text as it goes out.
    pub(super) fn with_signature(&self, agent: &AgentName, text: &str) -> String {
        match self.signature(agent) {
            Some(line) => signature::signed(text, &line),
            None => text.to_owned(),
        }
    }

    /// Gives a text that goes out as its agent has written it.
    pub(super) fn without_signature(&self, agent: &AgentName, text: &str) -> String {
        match self.signature(agent) {
            Some(line) => signature::unsigned(text, &line).to_owned(),
            None => text.to_owned(),
        }
    }

    fn signature(&self, agent: &AgentName) -> Option<String> {
        // A user account has a name of its own.
        if !self.state.groups.iter().any(super::groups::Group::is_bot) {
            return None;
        }
        let mut groups = self.state.groups.iter().filter_map(|group| group.facts.as_ref());
        let account = self.rules.agent(agent).and_then(|agent| groups.find_map(|facts| facts.account_of(agent)));
        let name = account.map_or(agent.0.as_str(), |account| account.name.as_str());
        self.rules.signatures.line(agent, name)
    }
}
