//! Asking a ticket.

use std::time::Duration;

use super::{Condition, Flag, Query, Who};
use crate::clock::Timestamp;
use crate::desk::groups::{Called, id_of};
use crate::desk::ids::AgentName;
use crate::desk::people::Person;
use crate::desk::ticket::Ticket;

/// What a query may ask, about one ticket at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Its customer.
    pub customer: Option<&'a Person>,
    /// How its group is called, if that is known.
    pub group: Option<Called<'a>>,
    /// The last message in one line.
    pub last_text: &'a str,
    /// Its next deadline.
    pub due: Option<Timestamp>,
    /// Who asks; rules have nobody.
    pub reader: Option<&'a AgentName>,
    /// When.
    pub now: Timestamp,
}

impl<'a> Facts<'a> {
    /// Makes what is known of a ticket whatever the time: nobody asks, and nothing is due.
    pub fn of(ticket: &'a Ticket, customer: Option<&'a Person>, group: Option<Called<'a>>) -> Self {
        let now = ticket.touched_at.unwrap_or(ticket.opened_at);
        Facts { ticket, customer, group, last_text: "", due: None, reader: None, now }
    }
}

impl Query {
    /// Tells whether a ticket belongs to it.
    pub fn takes(&self, facts: &Facts<'_>) -> bool {
        self.terms.iter().all(|term| term.condition.holds(facts) != term.negated)
    }

    /// Tells the first term that keeps a ticket out, as it could be written; `None` if the query takes it.
    pub fn keeps_out(&self, facts: &Facts<'_>) -> Option<String> {
        let term = self.terms.iter().find(|term| term.condition.holds(facts) == term.negated)?;
        Some(format!("{}{}", if term.negated { "-" } else { "" }, term.condition))
    }
}

impl Query {
    /// Tells whether it cannot take a ticket as it is, however much time passes.
    pub fn is_ruled_out(&self, facts: &Facts<'_>) -> bool {
        self.terms.iter().any(|term| !term.condition.is_about_time() && term.condition.holds(facts) == term.negated)
    }

    /// Tells the first instant from `from` on at which it takes a ticket to which nothing else happens; `None`: never.
    pub fn first_from(&self, facts: &Facts<'_>, from: Timestamp) -> Option<Timestamp> {
        let takes = |now: Timestamp| self.takes(&Facts { now, ..*facts });
        if takes(from) {
            return Some(from);
        }
        let turns = self.terms.iter().flat_map(|term| term.condition.turns(facts));
        let mut turns: Vec<Timestamp> = turns.filter(|at| *at > from).collect();
        turns.sort_unstable();
        turns.into_iter().find(|at| takes(*at))
    }
}

impl Condition {
    /// Lists the instants from which on it may hold, or no longer, by the passing of time alone.
    fn turns(&self, facts: &Facts<'_>) -> Vec<Timestamp> {
        let ticket = facts.ticket;
        let after = |since: Option<Timestamp>, span: Duration| since.map(|since| since + span).into_iter().collect();
        match self {
            Condition::Waiting(span) => after(ticket.waiting.as_ref().map(|waiting| waiting.since), span.span),
            Condition::Quiet(span) => after(ticket.staff_wrote_at, span.span),
            Condition::Age(span) => after(Some(ticket.opened_at), span.span),
            Condition::Due(span) => {
                let turn = facts.due.map(|due| due - span.span);
                turn.into_iter().flat_map(|at| [at, at + Duration::from_millis(1)]).collect()
            }
            Condition::Is(Flag::Overdue) => after(facts.due, Duration::ZERO),
            Condition::Is(Flag::Snoozed) => after(ticket.snoozed_until, Duration::ZERO),
            _ => Vec::new(),
        }
    }

    /// Tells whether it holds.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        let Facts { ticket, now, .. } = *facts;
        match self {
            Condition::Status(statuses) => statuses.contains(&ticket.standing.status),
            Condition::Assignee(whose) => {
                let assignee = ticket.standing.assignee.as_ref();
                whose.iter().any(|who| match who {
                    Who::Nobody => assignee.is_none(),
                    Who::Me => assignee.is_some() && assignee == facts.reader,
                    Who::Agent(name) => assignee.is_some_and(|own| own.0.eq_ignore_ascii_case(&name.0)),
                })
            }
            Condition::Mentions(whom) => whom.iter().any(|who| match who {
                Who::Nobody => ticket.mentioned.is_empty(),
                Who::Me => facts.reader.is_some_and(|reader| ticket.mentioned.contains(reader)),
                Who::Agent(name) => ticket.mentioned.iter().any(|own| own.0.eq_ignore_ascii_case(&name.0)),
            }),
            Condition::Tag(tags) => tags.iter().any(|tag| ticket.tags.contains(tag)),
            Condition::Category(categories) => categories.contains(&ticket.category),
            Condition::Priority(priorities) => priorities.contains(&ticket.priority),
            Condition::Waiting(span) => {
                ticket.waiting.as_ref().is_some_and(|waiting| span.takes(now.since(waiting.since)))
            }
            // How far away: what has passed is no time at all.
            Condition::Due(span) => facts.due.is_some_and(|due| span.takes(due.since(now))),
            Condition::Quiet(span) => {
                ticket.staff_spoke_last && ticket.staff_wrote_at.is_some_and(|at| span.takes(now.since(at)))
            }
            Condition::Age(span) => span.takes(now.since(ticket.opened_at)),
            Condition::Customer(names) => names.iter().any(|name| facts.is_customer(name)),
            Condition::Group(names) => names.iter().any(|name| facts.is_group(name)),
            Condition::Language(codes) => {
                ticket.language.as_ref().is_some_and(|own| codes.iter().any(|code| speaks(own, code)))
            }
            Condition::Before(at) => ticket.opened_at < *at,
            Condition::After(at) => ticket.opened_at >= *at,
            Condition::Is(flag) => facts.is(*flag),
            Condition::Words(words) => facts.says(words),
        }
    }
}

impl Facts<'_> {
    fn is_customer(&self, name: &str) -> bool {
        let id = self.ticket.customer;
        if let Ok(number) = name.parse::<i64>() {
            return id.is_some_and(|id| id.0 == number);
        }
        let Some(person) = self.customer else { return false };
        match name.strip_prefix('@') {
            Some(username) => person.username.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(username)),
            None => contains(&person.name, name),
        }
    }

    fn is_group(&self, name: &str) -> bool {
        id_of(name) == Some(self.ticket.key.group) || self.group.is_some_and(|group| group.answers_to(name))
    }

    fn is(&self, flag: Flag) -> bool {
        let ticket = self.ticket;
        match flag {
            Flag::Live => ticket.standing.status.is_live(),
            Flag::Waiting => ticket.waiting.is_some(),
            Flag::Unassigned => ticket.standing.assignee.is_none(),
            Flag::Snoozed => ticket.snoozed_until.is_some_and(|until| until > self.now),
            Flag::Overdue => self.due.is_some_and(|due| due <= self.now),
            Flag::Flagged => ticket.flagged,
            Flag::Imported => ticket.imported,
            Flag::Outside => ticket.outside,
            Flag::Reopened => ticket.episode > 1,
        }
    }

    fn says(&self, words: &str) -> bool {
        let number = words.trim_start_matches('#').parse::<i32>();
        number.is_ok_and(|number| self.ticket.key.topic.0 == number)
            || contains(&self.ticket.title, words)
            || contains(self.last_text, words)
            || self.ticket.standing.assignee.as_ref().is_some_and(|name| contains(&name.0, words))
            || self.customer.is_some_and(|person| {
                contains(&person.name, words) || person.username.as_ref().is_some_and(|name| contains(name, words))
            })
    }
}

/// `pt` is spoken by who writes `pt-BR`, not the other way round.
fn speaks(own: &str, code: &str) -> bool {
    let own = own.to_lowercase();
    own.strip_prefix(code).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}
