//! The query language: one syntax for the filter of a queue, for saved queues, for the search and for rules.
//!
//! `status:open,pending assignee:me -tag:spam waiting:>2h due:<30m customer:@x "exact words" before:2026-11-01`: conditions and words
//! that must all hold, each turned round by a `-` before it; a comma inside a condition means *or*. What has no colon is a word
//! to look for. [`Query::parse`] reads it, [`Query::takes`] asks a ticket, the store makes SQL of the same [`Condition`]s.

mod read;
mod show;
mod take;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use take::Facts;

use super::ids::AgentName;
use super::intake::Category;
use super::tags::{Priority, Tag};
use super::ticket::Status;
use crate::clock::Timestamp;

/// Which tickets: all terms must hold. No terms take every ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// In the order in which they were written.
    pub terms: Vec<Term>,
}

/// A condition, or its contrary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Written with a `-`: the condition must not hold.
    pub negated: bool,
    /// What must hold.
    pub condition: Condition,
}

/// What may be asked of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// `status:open,pending`: one of them.
    Status(Vec<Status>),
    /// `assignee:me,tom,none`: one of them.
    Assignee(Vec<Who>),
    /// `tag:billing,vip`: has one of them.
    Tag(Vec<Tag>),
    /// `category:refund,none`: one of them.
    Category(Vec<Option<Category>>),
    /// `mentions:me,tom,none`: a note of the episode names one of them.
    Mentions(Vec<Who>),
    /// `priority:high,urgent` or `priority:>=high`: one of them.
    Priority(Vec<Priority>),
    /// `waiting:>2h`: the customer or a participant has been without an answer for so long.
    Waiting(Span),
    /// `due:<30m`: the next deadline is so far away; what is overdue is nearer than anything.
    Due(Span),
    /// `quiet:>24h`: staff spoke last, so long ago.
    Quiet(Span),
    /// `age:>7d`: the episode began so long ago.
    Age(Span),
    /// `customer:@x,4711,Anna`: username, id, or a part of the name.
    Customer(Vec<String>),
    /// `group:shop`: its name, `@username` or id; of one that `desk.toml` gives no name, a part of the title.
    Group(Vec<String>),
    /// `language:uk`.
    Language(Vec<String>),
    /// `before:2026-11-01`: opened before that day, or instant.
    Before(Timestamp),
    /// `after:2026-11-01`: opened at the beginning of that day, or later.
    After(Timestamp),
    /// `is:waiting`.
    Is(Flag),
    /// A word, or several in quotes: part of title, customer, assignee or last message; or the ticket's number.
    Words(String),
}

/// Whose a ticket is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The reader's.
    Me,
    /// Nobody's.
    Nobody,
    /// This agent's.
    Agent(AgentName),
}

/// A comparison with a span of time. Without a sign it is *at least*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Less than it; otherwise at least as much.
    pub less: bool,
    /// How long.
    pub span: Duration,
}

impl Span {
    /// Compares.
    pub fn takes(self, span: Duration) -> bool {
        if self.less { span < self.span } else { span >= self.span }
    }
}

/// What a ticket is or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Still to be worked on.
    Live,
    /// Somebody is without an answer.
    Waiting,
    /// Nobody's.
    Unassigned,
    /// Hidden for now.
    Snoozed,
    /// A deadline has passed.
    Overdue,
    /// Somebody should look.
    Flagged,
    /// Put away by the first synchronisation.
    Imported,
    /// Staff answered in Telegram after it was closed.
    Outside,
    /// In its second episode or a later one.
    Reopened,
}

impl Flag {
    /// All of them.
    pub const ALL: [Flag; 9] = [
        Flag::Live,
        Flag::Waiting,
        Flag::Unassigned,
        Flag::Snoozed,
        Flag::Overdue,
        Flag::Flagged,
        Flag::Imported,
        Flag::Outside,
        Flag::Reopened,
    ];

    /// Tells the word of queries.
    pub const fn label(self) -> &'static str {
        match self {
            Flag::Live => "live",
            Flag::Waiting => "waiting",
            Flag::Unassigned => "unassigned",
            Flag::Snoozed => "snoozed",
            Flag::Overdue => "overdue",
            Flag::Flagged => "flagged",
            Flag::Imported => "imported",
            Flag::Outside => "outside",
            Flag::Reopened => "reopened",
        }
    }
}

/// A mistake in a query: which part, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct QueryError {
    /// The part, in bytes of the query.
    pub at: Range<usize>,
    /// The part itself.
    pub part: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.part, self.what)
    }
}

impl QueryError {
    /// Draws the query with a line below that points at the part, for a terminal.
    pub fn pointed(&self, query: &str) -> String {
        let before = query.get(..self.at.start).map_or(0, |text| text.chars().count());
        let length = self.part.chars().count().max(1);
        format!("{query}\n{}{} {}", " ".repeat(before), "^".repeat(length), self.what)
    }
}

impl Query {
    /// Tells whether it takes every ticket.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Makes the query that asks what both ask.
    #[must_use]
    pub fn and(&self, other: Query) -> Query {
        Query { terms: self.terms.iter().cloned().chain(other.terms).collect() }
    }

    /// Tells the words to look for in texts; conditions left out, negated words too.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter(|term| !term.negated).filter_map(|term| match &term.condition {
            Condition::Words(words) => Some(words.as_str()),
            _ => None,
        })
    }

    /// Tells the query without its words: what remains asks of the ticket, not of texts.
    #[must_use]
    pub fn conditions(&self) -> Query {
        let terms = self.terms.iter().filter(|term| term.negated || !matches!(term.condition, Condition::Words(_)));
        Query { terms: terms.cloned().collect() }
    }

    /// Lists the agents it names, for whoever checks that they exist.
    pub fn agents(&self) -> impl Iterator<Item = &AgentName> {
        self.terms
            .iter()
            .filter_map(|term| match &term.condition {
                Condition::Assignee(whose) | Condition::Mentions(whose) => Some(whose),
                _ => None,
            })
            .flatten()
            .filter_map(|who| match who {
                Who::Agent(name) => Some(name),
                Who::Me | Who::Nobody => None,
            })
    }

    /// Tells whether the answer changes by the passing of time alone.
    pub fn is_about_time(&self) -> bool {
        self.terms.iter().any(|term| term.condition.is_about_time())
    }

    /// Tells whether it asks for customers by their names, which may change.
    pub fn names_customers(&self) -> bool {
        self.terms.iter().any(|term| match &term.condition {
            Condition::Customer(names) => names.iter().any(|name| name.parse::<i64>().is_err()),
            _ => false,
        })
    }

    /// Tells whether it takes every ticket that the other takes, as far as that can be seen from them.
    pub fn takes_all_of(&self, other: &Query) -> bool {
        self.terms.iter().all(|own| other.terms.iter().any(|term| own.holds_with(term)))
    }
}

impl Term {
    /// Tells whether it holds wherever the other does: it asks the same, or leaves the ticket more to choose from.
    fn holds_with(&self, other: &Term) -> bool {
        fn within<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
            narrow.iter().all(|value| wide.contains(value))
        }
        if self.negated != other.negated {
            return false;
        }
        // Not one of two says more than not one of one.
        let (wide, narrow) = if self.negated { (other, self) } else { (self, other) };
        match (&wide.condition, &narrow.condition) {
            (Condition::Status(wide), Condition::Status(narrow)) => within(wide, narrow),
            (Condition::Assignee(wide), Condition::Assignee(narrow)) => within(wide, narrow),
            (Condition::Tag(wide), Condition::Tag(narrow)) => within(wide, narrow),
            (Condition::Category(wide), Condition::Category(narrow)) => within(wide, narrow),
            (Condition::Priority(wide), Condition::Priority(narrow)) => within(wide, narrow),
            (Condition::Customer(wide), Condition::Customer(narrow))
            | (Condition::Group(wide), Condition::Group(narrow))
            | (Condition::Language(wide), Condition::Language(narrow)) => within(wide, narrow),
            (wide, narrow) => wide == narrow,
        }
    }
}

impl Condition {
    /// Tells whether its answer changes by the passing of time alone.
    pub fn is_about_time(&self) -> bool {
        matches!(
            self,
            Condition::Waiting(_)
                | Condition::Due(_)
                | Condition::Quiet(_)
                | Condition::Age(_)
                | Condition::Is(Flag::Overdue | Flag::Snoozed)
        )
    }
}
