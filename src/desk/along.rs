//! What goes along with a reply: the template it was made of, what is done to the ticket with it, and that its agent has looked at
//! what the guard found.
//!
//! All of it is one command with the reply: done as a whole, or refused as a whole.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::TicketKey;
use super::tags::{Priority, Tag};
use super::ticket::PendingReason;

/// What goes along with a reply; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Along {
    /// The template that the text was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateUse>,
    /// What is done to the ticket with it.
    #[serde(default, skip_serializing_if = "Actions::is_empty")]
    pub actions: Actions,
    /// The reply goes to all duplicates of this ticket: one that was closed as its duplicate takes it, and stays closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<TicketKey>,
    /// The agent has seen what the guard finds in the text, and sends it all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
}

/// That a text was made of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// Its name.
    pub name: String,
    /// Its language, if it has one: names are its language's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// More was changed than the fields that were to be filled in.
    pub edited: bool,
}

/// What is done to a ticket with a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// What becomes of its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
    /// Tags that it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_tags: Vec<Tag>,
    /// The priority that it gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// What becomes of a ticket's status after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The matter is settled.
    Resolve,
    /// It waits for somebody.
    Pending(PendingReason),
}

impl Actions {
    /// Tells whether nothing is done.
    pub fn is_empty(&self) -> bool {
        *self == Actions::default()
    }

    /// Puts those of another template over these: what it says itself stands in place of what was there.
    pub fn take(&mut self, other: &Actions) {
        self.then = other.then.or(self.then);
        self.priority = other.priority.or(self.priority);
        for tag in &other.add_tags {
            if !self.add_tags.contains(tag) {
                self.add_tags.push(tag.clone());
            }
        }
    }
}

impl fmt::Display for Actions {
    /// Writes them as a line: `resolve, +billing, priority high`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let then = self.then.map(|then| then.to_string());
        let tags = self.add_tags.iter().map(|tag| format!("+{tag}"));
        let priority = self.priority.map(|priority| format!("priority {priority}"));
        f.write_str(&then.into_iter().chain(tags).chain(priority).collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Then::Resolve => f.write_str("resolve"),
            Then::Pending(reason) => write!(f, "pending {}", reason.label()),
        }
    }
}

impl FromStr for Then {
    type Err = String;

    /// Reads `resolve`, `pending` (the customer) or `pending third_party`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_whitespace();
        let known = || {
            let reasons = PendingReason::ALL.map(|reason| format!("\"pending {}\"", reason.label())).join(", ");
            format!("`{}` cannot follow a reply: there are \"resolve\", {reasons}", text.trim().escape_debug())
        };
        let then = match (words.next(), words.next()) {
            (Some("resolve"), None) => Then::Resolve,
            (Some("pending"), None) => Then::Pending(PendingReason::Customer),
            (Some("pending"), Some(reason)) => Then::Pending(reason.parse().map_err(|_| known())?),
            _ => return Err(known()),
        };
        if words.next().is_some() { Err(known()) } else { Ok(then) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_is_read_as_it_is_written() {
        for (text, then) in [
            ("resolve", Then::Resolve),
            ("pending", Then::Pending(PendingReason::Customer)),
            (" pending  third_party ", Then::Pending(PendingReason::ThirdParty)),
            ("pending internal", Then::Pending(PendingReason::Internal)),
        ] {
            assert_eq!(text.parse(), Ok(then), "{text}");
            assert_eq!(then.to_string().parse(), Ok(then));
        }
        for text in ["", "close", "pending mia", "pending customer 2d", "resolve now"] {
            assert!(text.parse::<Then>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_second_template_adds_to_the_first() {
        let tag = |word: &str| word.parse::<Tag>().expect("a tag");
        let mut actions = Actions { then: Some(Then::Resolve), add_tags: vec![tag("billing")], priority: None };
        assert_eq!(actions.to_string(), "resolve, +billing");
        let more = Actions {
            then: Some(Then::Pending(PendingReason::Customer)),
            add_tags: vec![tag("billing"), tag("vip")],
            priority: Some(Priority::High),
        };
        actions.take(&more);
        assert_eq!(actions.to_string(), "pending customer, +billing, +vip, priority high");
        actions.take(&Actions::default());
        assert_eq!(actions.to_string(), "pending customer, +billing, +vip, priority high");
    }
}
