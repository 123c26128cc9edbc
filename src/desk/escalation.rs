//! Escalation: rules that make somebody hear of a ticket before its customer gives up.
//!
//! A rule has conditions on the ticket and triggers; of the triggers that are given all must hold. [`Escalations::next`] tells from a ticket
//! alone what fires next and for which instant, whoever asks and whenever: the engine's timer and the backtest ask the same question. A
//! rule fires once for each [`Cause`], and not again within its cooldown. What it says to people is capped by the hour; what only
//! marks the ticket is done all the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::ids::AgentName;
use super::lifecycle;
use super::people::Staff;
use super::query::{Facts, Query};
use super::sla::{Assessment, ClockState, Matter, Sla};
use super::tags::{Priority, Tag};
use super::ticket::{Status, Ticket};
use crate::clock::Timestamp;

mod cause;
mod compare;
mod flaw;
mod replay;
mod upset;

#[cfg(test)]
mod tests;

pub use cause::{Cause, Escalated};
pub use compare::{Difference, Moved, compare};
pub use flaw::Flaw;
pub use replay::{Missed, Past, Replay, Replayed, Report, Tally};
pub use upset::UpsetWords;

/// A rule's name is written by people who run the desk; how many firings of an hour they want when they do not say.
pub const DEFAULT_MAX_PER_HOUR: u32 = 10;

/// How long a rule is silent about a ticket after it fired, when they do not say.
pub const DEFAULT_COOLDOWN: Duration = Duration::from_secs(3600);

/// The span that a cap is for.
pub const HOUR: Duration = Duration::from_secs(3600);

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalations {
    /// Of two that fire for the same instant the first one goes first.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Which tickets.
    pub when: Query,
    /// The hours in which its spans pass; `None`: always.
    pub hours: Option<String>,
    /// Somebody has waited so long.
    pub no_response_for: Option<Duration>,
    /// It has had its status for so long.
    pub in_status_for: Option<Duration>,
    /// What became of its clocks.
    pub on: Option<On>,
    /// So many messages are unanswered.
    pub unanswered_messages: Option<u32>,
    /// Somebody who waits sounds upset.
    pub sentiment: bool,
    /// Who hears of it.
    pub notify: Vec<Recipient>,
    /// It matters more from then on.
    pub priority: Option<Raise>,
    /// It gets these tags.
    pub add_tags: Vec<Tag>,
    /// It becomes this agent's.
    pub assign: Option<AgentName>,
    /// An internal note.
    pub note: Option<String>,
    /// How long it is silent about a ticket after it fired for it.
    pub cooldown: Duration,
    /// How often it reaches somebody in an hour, over all tickets.
    pub max_per_hour: u32,
}

/// What became of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// It has run down.
    Breach,
    /// The desk warns of it.
    NearBreach,
}

/// Who hears of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// An agent.
    Agent(AgentName),
    /// All agents.
    All,
    /// Whose ticket it is.
    Assignee,
}

/// How its priority changes. It never falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raise {
    /// To this one at least.
    To(Priority),
    /// To the next higher one.
    Once,
}

impl Rule {
    /// Tells whether it says something to people, so that its cap counts.
    pub fn reaches(&self) -> bool {
        !self.notify.is_empty() || self.assign.is_some()
    }

    /// Tells whether it has a trigger.
    pub fn has_trigger(&self) -> bool {
        self.no_response_for.is_some()
            || self.in_status_for.is_some()
            || self.on.is_some()
            || self.unanswered_messages.is_some()
            || self.sentiment
    }

    /// Tells whether it does anything.
    pub fn has_action(&self) -> bool {
        self.reaches() || self.priority.is_some() || !self.add_tags.is_empty() || self.note.is_some()
    }

    /// Tells who hears of it, each once.
    pub fn recipients(&self, ticket: &Ticket, staff: &Staff) -> Vec<AgentName> {
        let mut all: Vec<AgentName> = Vec::new();
        for recipient in &self.notify {
            match recipient {
                Recipient::Agent(name) => all.push(name.clone()),
                Recipient::All => all.extend(staff.agents.iter().map(|agent| agent.name.clone())),
                Recipient::Assignee => all.extend(ticket.standing.assignee.clone()),
            }
        }
        // Whoever is given it should know.
        all.extend(self.assign.clone().filter(|_| ticket.standing.status.is_live()));
        let mut once: Vec<AgentName> = Vec::with_capacity(all.len());
        for name in all {
            if !once.contains(&name) {
                once.push(name);
            }
        }
        once
    }

    /// Tells for what it would fire, when at the earliest, and before when; its conditions apart.
    fn triggers(&self, ticket: &Ticket, sla: &Sla, assessment: Option<&Assessment<'_>>) -> Vec<Trigger> {
        let status = ticket.standing.status;
        // What is done waits for nobody, except that it may have been done for long.
        let only_status = self.no_response_for.is_none() && self.on.is_none() && self.unanswered_messages.is_none();
        if status == Status::Closed || (!status.is_live() && (!only_status || self.sentiment)) {
            return Vec::new();
        }
        let mut at = Timestamp::from_millis(i64::MIN);
        let mut cause = None;
        let mut take = |due: Timestamp, own: Cause| {
            at = at.max(due);
            cause.get_or_insert(own);
        };
        let waiting = ticket.waiting.as_ref();
        let spans_pass = |from, span| match self.hours.as_ref().and_then(|name| sla.hours.get(name)) {
            Some(hours) => hours.add(from, span),
            None => Some(from + span),
        };
        if let Some(span) = self.no_response_for {
            let Some(since) = waiting.map(|waiting| waiting.since) else { return Vec::new() };
            let Some(due) = spans_pass(since, span) else { return Vec::new() };
            take(due, Cause::NoResponse { since });
        }
        if let Some(least) = self.unanswered_messages {
            let Some(waiting) = waiting else { return Vec::new() };
            let count = waiting.messages.len() + usize::try_from(waiting.more).unwrap_or(usize::MAX / 2);
            if count < usize::try_from(least).unwrap_or(usize::MAX) {
                return Vec::new();
            }
            take(ticket.asked_at.unwrap_or(waiting.since), Cause::Unanswered { since: waiting.since });
        }
        if let Some(span) = self.in_status_for {
            let since = ticket.in_status_since();
            let Some(due) = spans_pass(since, span) else { return Vec::new() };
            take(due, Cause::InStatus { status, since });
        }
        if self.sentiment {
            let (Some(upset), Some(waiting)) = (ticket.upset_at, waiting) else { return Vec::new() };
            take(upset, Cause::Upset { since: waiting.since });
        }
        let Some(on) = self.on else {
            return cause.map(|cause| Trigger { at, before: None, cause }).into_iter().collect();
        };
        let clocks = assessment.map(|assessment| assessment.clocks.as_slice()).unwrap_or_default();
        let running = clocks.iter().filter(|clock| clock.state == ClockState::Running);
        running
            .filter_map(|one| {
                let (clock, since, deadline) = (one.clock, one.started, one.deadline?);
                let (due, before, own) = match on {
                    On::Breach => (deadline, None, Cause::Breach { clock, since }),
                    On::NearBreach => (
                        one.warns_at.filter(|warns_at| *warns_at < deadline)?,
                        Some(deadline),
                        Cause::NearBreach { clock, since },
                    ),
                };
                // The clock is the cause: of several, each is one of its own.
                Some(Trigger { at: at.max(due), before, cause: own })
            })
            .collect()
    }
}

/// What a rule would fire for.
struct Trigger {
    at: Timestamp,
    /// Not at or after this instant.
    before: Option<Timestamp>,
    cause: Cause,
}

/// What fires next of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The instant for which it is due; it may lie in the past.
    pub at: Timestamp,
    /// The place of the rule.
    pub rule: usize,
    /// What for.
    pub cause: Cause,
}

impl Escalations {
    /// Tells whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Tells what fires next if nothing else happens to the ticket; `None`: nothing ever.
    ///
    /// What was due before `floor` never fires: it belongs to a time in which the desk did not watch. Otherwise a rule fires at the first
    /// instant at which its triggers and its conditions hold, its cooldown is over, and everything that is known has happened.
    pub fn next(
        &self,
        sla: &Sla,
        matter: &Matter<'_>,
        assessment: Option<&Assessment<'_>>,
        floor: Timestamp,
    ) -> Option<Firing> {
        let ticket = matter.ticket;
        let facts = Facts {
            ticket,
            customer: matter.customer,
            group: matter.group,
            last_text: "",
            due: assessment.and_then(Assessment::due).map(|due| due.at),
            reader: None,
            now: ticket.touched_at.unwrap_or(ticket.opened_at),
        };
        let mut first: Option<Firing> = None;
        for (place, rule) in self.rules.iter().enumerate() {
            if rule.when.is_ruled_out(&facts) {
                continue;
            }
            let own = || ticket.escalated.iter().filter(|one| one.rule == rule.name);
            let quiet_until = own().map(|one| one.at + rule.cooldown).max();
            for trigger in rule.triggers(ticket, sla, assessment) {
                if trigger.at < floor || own().any(|one| one.cause == trigger.cause) {
                    continue;
                }
                let from = [Some(trigger.at), ticket.touched_at, quiet_until].into_iter().flatten().max();
                let from = from.unwrap_or(trigger.at);
                let Some(at) = rule.when.first_from(&facts, from) else { continue };
                if trigger.before.is_some_and(|before| at >= before) || first.is_some_and(|first| first.at <= at) {
                    continue;
                }
                first = Some(Firing { at, rule: place, cause: trigger.cause });
            }
        }
        first
    }

    /// Makes what a firing does: the event that tells of it, then what it changes. `held`: the rule has reached its cap. `noted`: a note
    /// is written too, which follows as an event of its own.
    pub fn fire(&self, firing: &Firing, ticket: &Ticket, staff: &Staff, held: bool, noted: bool) -> Vec<Event> {
        let rule = &self.rules[firing.rule];
        let deeds = lifecycle::escalate(ticket, rule, !held);
        let told = if held { Vec::new() } else { rule.recipients(ticket, staff) };
        let count = deeds.len() + usize::from(noted);
        let event = Event::Escalated {
            rule: rule.name.clone(),
            cause: firing.cause,
            due: firing.at,
            told,
            held,
            deeds: u32::try_from(count).unwrap_or(u32::MAX),
        };
        std::iter::once(event).chain(deeds).collect()
    }
}
