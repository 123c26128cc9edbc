//! Intake: what rules make of a new ticket: its tags, category, priority, team; and bursts of topics by one author.
//!
//! Rules are asked in their order, when the first message of a customer or participant of an episode comes. All that match are applied:
//! their tags add up; of category, priority and team the first rule's holds. What an agent has said of category and team in the episode
//! stays.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::guard::Pattern;
use super::ids::TeamName;
use super::query::{Facts, Query};
use super::span;
use super::tags::{Priority, Tag};
use super::ticket::Ticket;

/// What kind of matter a ticket is: one word, written like a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Category(Tag);

impl Category {
    /// Tells the word.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Category {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Category)
            .map_err(|why: String| why.replace("a tag", "a category").replace("no tag", "no category"))
    }
}

/// A rule for new tickets: conditions that must all hold, and what it does then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeRule {
    /// What it is called.
    pub name: String,
    /// What the ticket must be.
    pub when: Query,
    /// What title or first message must have in it.
    pub pattern: Option<Pattern>,
    /// One of these languages, ISO 639-1; empty: any.
    pub languages: Vec<String>,
    /// One of these icons of the topic, as emoji or id; empty: any.
    pub icons: Vec<String>,
    /// Tags that it gets.
    pub add_tags: Vec<Tag>,
    /// Its category.
    pub category: Option<Category>,
    /// Its priority.
    pub priority: Option<Priority>,
    /// Whose work it is.
    pub team: Option<TeamName>,
}

/// What intake rules ask, besides what a query may.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The ticket and what is known around it.
    pub facts: Facts<'a>,
    /// The first message.
    pub message: &'a str,
    /// The topic's icon: its id, and the emoji it stands for, as far as they are known.
    pub icon: (Option<i64>, Option<&'a str>),
}

/// Whether a rule is for a ticket, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: String,
    /// It is.
    pub matches: bool,
    /// What held, or the first condition that did not.
    pub why: String,
}

impl IntakeRule {
    /// Tells the first condition that does not hold; `None`: the rule matches.
    pub fn keeps_out(&self, arrival: &Arrival<'_>) -> Option<String> {
        let ticket = arrival.facts.ticket;
        if let Some(term) = self.when.keeps_out(&arrival.facts) {
            return Some(format!("`{term}` does not hold"));
        }
        let spoken = ticket.language.as_deref();
        if !self.languages.is_empty() && !self.languages.iter().any(|one| Some(one.as_str()) == spoken) {
            let known = spoken.unwrap_or("not known");
            return Some(format!("the language is {known}, not {}", self.languages.join(" or ")));
        }
        let (id, emoji) = arrival.icon;
        let is = |icon: &String| {
            id.is_some_and(|id| id.to_string() == *icon) || emoji.is_some_and(|emoji| plain(emoji) == plain(icon))
        };
        if !self.icons.is_empty() && !self.icons.iter().any(is) {
            return Some(format!("the topic's icon is not {}", self.icons.join(" or ")));
        }
        match &self.pattern {
            Some(pattern) if ![ticket.title.as_str(), arrival.message].iter().any(|text| has(pattern, text)) => {
                Some(format!("neither title nor first message has /{}/", pattern.as_str()))
            }
            _ => None,
        }
    }

    /// Tells whether it has no conditions, so that every ticket fits.
    pub fn takes_all(&self) -> bool {
        self.when.is_empty() && self.pattern.is_none() && self.languages.is_empty() && self.icons.is_empty()
    }

    /// Tells what it does, as it is written.
    pub fn does(&self) -> String {
        let mut words: Vec<String> = self.add_tags.iter().map(|tag| format!("+{tag}")).collect();
        words.extend(self.category.iter().map(|category| format!("category {category}")));
        words.extend(self.priority.iter().map(|priority| format!("priority {priority}")));
        words.extend(self.team.iter().map(|team| format!("team {team}")));
        words.join(", ")
    }
}

fn has(pattern: &Pattern, text: &str) -> bool {
    pattern.regex().is_some_and(|regex| regex.is_match(text))
}

/// An emoji without the mark of its coloured form.
fn plain(emoji: &str) -> &str {
    emoji.trim_end_matches('\u{fe0f}')
}

/// Holds a ticket against all rules, in their order.
pub fn explain(rules: &[IntakeRule], arrival: &Arrival<'_>) -> Vec<RuleVerdict> {
    let verdict = |rule: &IntakeRule| match rule.keeps_out(arrival) {
        Some(why) => RuleVerdict { rule: rule.name.clone(), matches: false, why },
        None => RuleVerdict { rule: rule.name.clone(), matches: true, why: rule.does() },
    };
    rules.iter().map(verdict).collect()
}

/// Tells what intake does to a ticket: the events in order. The first of them, which says that it was done, is always there.
pub fn take_in(rules: &[IntakeRule], arrival: &Arrival<'_>) -> Vec<Event> {
    let matching: Vec<&IntakeRule> = rules.iter().filter(|rule| rule.keeps_out(arrival).is_none()).collect();
    let ticket: &Ticket = arrival.facts.ticket;
    let mut events = vec![Event::TakenIn { rules: matching.iter().map(|rule| rule.name.clone()).collect() }];
    let mut added: Vec<Tag> = matching.iter().flat_map(|rule| &rule.add_tags).cloned().collect();
    added.sort_unstable();
    added.dedup();
    added.retain(|tag| !ticket.tags.contains(tag));
    if !added.is_empty() {
        events.push(Event::Tagged { added, removed: Vec::new() });
    }
    let category = matching.iter().find_map(|rule| rule.category.clone()).filter(|_| !ticket.category_by_hand);
    if category.is_some() && category != ticket.category {
        events.push(Event::CategorySet { category });
    }
    let priority = matching.iter().find_map(|rule| rule.priority).filter(|priority| *priority != ticket.priority);
    events.extend(priority.map(|priority| Event::PrioritySet { priority }));
    let team = matching.iter().find_map(|rule| rule.team.clone());
    if team != ticket.team && !ticket.team_by_hand {
        events.push(Event::TeamSet { team });
    }
    events
}

/// When one author's new topics are taken together: so many within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// So many topics, this one among them.
    pub topics: u32,
    /// Within so long.
    pub within: Duration,
}

impl Burst {
    /// How long each topic of a burst is held, so that those that belong together are known when they are given away.
    pub const HOLD: Duration = Duration::from_secs(60);
}

impl Default for Burst {
    fn default() -> Self {
        Burst { topics: 5, within: Duration::from_secs(600) }
    }
}

impl FromStr for Burst {
    type Err = String;

    /// Reads `5 topics in 10m`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "write it like \"5 topics in 10m\", or \"off\"".to_owned();
        let (topics, within) = text.split_once(" in ").ok_or_else(wrong)?;
        let number = topics.trim().strip_suffix("topics").or(topics.trim().strip_suffix("topic")).unwrap_or(topics);
        let topics: u32 = number.trim().parse().map_err(|_| wrong())?;
        let within = span::parse(within.trim()).map_err(|_| wrong())?;
        if !(2..=1000).contains(&topics) || within.is_zero() {
            return Err("a burst is from 2 to 1000 topics, in some time".to_owned());
        }
        Ok(Burst { topics, within })
    }
}

#[cfg(test)]
mod tests;
