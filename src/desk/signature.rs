//! The line with an agent's name under what a bot sends for them: customers see one account, and still learn who wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::AgentName;

/// What a signature may name.
pub const PLACEHOLDERS: [&str; 2] = ["agent.name", "agent.first_name"];

/// The signatures of a desk, as `desk.toml` has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatures {
    /// Everybody's; `None`: nobody has one but those who have their own.
    pub desk: Option<String>,
    /// Agents' own; an empty one is none.
    pub own: BTreeMap<AgentName, String>,
}

impl Signatures {
    /// Gives the line under an agent's replies; `name` is theirs as customers read it.
    pub fn line(&self, agent: &AgentName, name: &str) -> Option<String> {
        let pattern = self.own.get(agent).or(self.desk.as_ref()).filter(|pattern| !pattern.is_empty())?;
        let first = name.split_whitespace().next().unwrap_or_default();
        let mut line = String::new();
        let mut rest = pattern.as_str();
        while let Some((before, inside, after)) = placeholder(rest) {
            line.push_str(before);
            line.push_str(if inside == PLACEHOLDERS[1] { first } else { name });
            rest = after;
        }
        line.push_str(rest);
        Some(line)
    }
}

/// Finds the first placeholder: what stands before it, its name, what comes after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (inside, after) = rest.split_once("}}")?;
    Some((before, inside.trim(), after))
}

/// Names what stands in double braces in a signature and is nothing that it may name.
pub fn unknown(pattern: &str) -> Option<&str> {
    let mut rest = pattern;
    while let Some((_, inside, after)) = placeholder(rest) {
        if !PLACEHOLDERS.contains(&inside) {
            return Some(inside);
        }
        rest = after;
    }
    None
}

/// Gives a text with its signature as the last line. What is signed already stays as it is, and what says nothing is not signed.
pub fn signed(text: &str, line: &str) -> String {
    let words = text.trim_end();
    if words.is_empty() || unsigned(words, line).len() < words.len() {
        return text.to_owned();
    }
    format!("{words}\n{line}")
}

/// Gives a text without the signature under it.
pub fn unsigned<'t>(text: &'t str, line: &str) -> &'t str {
    match text.strip_suffix(line).and_then(|words| words.strip_suffix('\n')) {
        Some(words) => words,
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_signs_as_the_desk_or_as_they_want() {
        let own = [("tom", "T."), ("mia", "")].map(|(name, text)| (AgentName::from(name), text.to_owned()));
        let desk = Some("— {{agent.name}} ({{ agent.first_name }})".to_owned());
        let signatures = Signatures { desk, own: own.into() };
        for (agent, line) in [("anna", Some("— Anna B. (Anna)")), ("tom", Some("T.")), ("mia", None)] {
            assert_eq!(signatures.line(&AgentName::from(agent), "Anna B.").as_deref(), line, "{agent}");
        }
        assert_eq!(Signatures::default().line(&AgentName::from("anna"), "Anna"), None);
        for (pattern, wrong) in [
            ("— {{agent.name}}, {{ agent.first_name }}", None),
            ("{{agent.name}} of {{desk.name}}", Some("desk.name")),
            ("{{?who}}", Some("?who")),
            ("{{open", None),
        ] {
            assert_eq!(unknown(pattern), wrong, "{pattern}");
        }
    }

    #[test]
    fn a_text_is_signed_once() {
        for (text, with) in [
            ("Hello", "Hello\n— Anna"),
            ("Hello\n", "Hello\n— Anna"),
            ("Hello\n— Anna", "Hello\n— Anna"),
            // A line of its own: a text that ends so is not signed.
            ("I am — Anna", "I am — Anna\n— Anna"),
            ("", ""),
            (" \n", " \n"),
        ] {
            assert_eq!(signed(text, "— Anna"), with, "{text:?}");
        }
        assert_eq!(unsigned("Hello\n— Anna", "— Anna"), "Hello");
        assert_eq!(unsigned("Hello — Anna", "— Anna"), "Hello — Anna");
    }
}
