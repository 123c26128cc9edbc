//! Targets: how soon a ticket should be answered and resolved, by which policy, and what is due when.
//!
//! A policy is found by the ticket as it is now; the clocks are reckoned from the ticket's own instants in the policy's business hours.
//! Nothing here is stored: the same ticket under other policies has other deadlines. What the desk has said of a clock is an event.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::hours::Hours;
use super::query::{Facts, Query};
use super::ticket::Ticket;
use crate::clock::Timestamp;

mod clocks;
mod told;

#[cfg(test)]
mod tests;

pub use clocks::{ClockName, ClockState, SlaClock};
pub use told::{Pause, Told};

/// How long before a deadline the desk warns, in business time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarnBefore {
    /// So long.
    Span(Duration),
    /// So many hundredths of the target.
    Percent(u8),
}

impl Default for WarnBefore {
    fn default() -> Self {
        WarnBefore::Percent(20)
    }
}

impl WarnBefore {
    /// Tells how much of a target has passed when the desk warns.
    fn after(self, target: Duration) -> Duration {
        match self {
            WarnBefore::Span(span) => target.saturating_sub(span),
            WarnBefore::Percent(percent) => target * u32::from(100 - percent.min(100)) / 100,
        }
    }
}

/// What is promised to some tickets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Which tickets. What time alone changes is not asked of them.
    pub when: Query,
    /// The hours in which its clocks go; `None`: always.
    pub hours: Option<String>,
    /// How soon the first answer comes.
    pub first_response: Option<Duration>,
    /// How soon every further answer comes.
    pub next_response: Option<Duration>,
    /// How soon it is resolved.
    pub resolution: Option<Duration>,
    /// When the desk warns.
    pub warn_before: WarnBefore,
}

impl Policy {
    /// Tells the target of a clock.
    pub fn target(&self, clock: ClockName) -> Option<Duration> {
        match clock {
            ClockName::FirstResponse => self.first_response,
            ClockName::NextResponse => self.next_response,
            ClockName::Resolution => self.resolution,
        }
    }
}

/// The policies of a desk and the hours they name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// By name.
    pub hours: BTreeMap<String, Hours>,
    /// In order: the first that fits a ticket holds.
    pub policies: Vec<Policy>,
    always: Hours,
}

impl Default for Sla {
    fn default() -> Self {
        Sla::new(BTreeMap::new(), Vec::new())
    }
}

/// What is due next of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which clock.
    pub clock: ClockName,
    /// When it has run down.
    pub at: Timestamp,
    /// When the desk warns of it.
    pub warns_at: Timestamp,
}

/// A ticket under its policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment<'a> {
    /// The policy that holds.
    pub policy: &'a Policy,
    /// Its hours.
    pub hours: &'a Hours,
    /// The clocks that have been started and have a target.
    pub clocks: Vec<SlaClock>,
}

/// Something that has to be said of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// Of which clock.
    pub clock: ClockName,
    /// What started it.
    pub since: Timestamp,
    /// When it runs down.
    pub deadline: Timestamp,
    /// It has run down; else it soon will.
    pub breach: bool,
}

/// What became of a policy when a ticket was held against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The policy.
    pub policy: String,
    /// It holds.
    pub holds: bool,
    /// Why, in words.
    pub why: String,
}

impl Sla {
    /// Puts hours and policies together. A policy whose hours are not among them goes by the clock on the wall, at all hours.
    pub fn new(hours: BTreeMap<String, Hours>, policies: Vec<Policy>) -> Sla {
        Sla { hours, policies, always: Hours::always() }
    }

    /// Tells whether there is any policy.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Tells whether a policy is for customers by their names, which may change.
    pub fn names_customers(&self) -> bool {
        self.policies.iter().any(|policy| policy.when.names_customers())
    }

    /// Tells the hours of a policy.
    pub fn hours_of(&self, policy: &Policy) -> &Hours {
        policy.hours.as_ref().and_then(|name| self.hours.get(name)).unwrap_or(&self.always)
    }

    /// Finds the policy that holds for a ticket: the first that fits.
    pub fn policy(&self, facts: &Facts<'_>) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.when.takes(facts))
    }

    /// Finds the policy that holds for a ticket and reads its clocks. `None` if no policy fits.
    pub fn assess(&self, facts: &Facts<'_>) -> Option<Assessment<'_>> {
        let policy = self.policy(facts)?;
        let hours = self.hours_of(policy);
        Some(Assessment { policy, hours, clocks: clocks::read(facts.ticket, policy, hours) })
    }

    /// Tells of every policy why it holds for a ticket or does not, in order.
    pub fn explain(&self, facts: &Facts<'_>) -> Vec<Verdict> {
        let mut holding: Option<&str> = None;
        let mut verdicts = Vec::with_capacity(self.policies.len());
        for policy in &self.policies {
            let (holds, why) = match (policy.when.keeps_out(facts), holding) {
                (Some(term), _) => (false, format!("`{term}` does not hold")),
                (None, Some(first)) => (false, format!("it would fit, but \"{first}\" comes before it")),
                (None, None) if policy.when.is_empty() => (true, "it has no conditions".to_owned()),
                (None, None) => (true, format!("`{}` holds", policy.when)),
            };
            if holds {
                holding = Some(&policy.name);
            }
            verdicts.push(Verdict { policy: policy.name.clone(), holds, why });
        }
        verdicts
    }

    /// Finds the policy before `place` that takes every ticket this one could take: it never holds.
    pub fn shadow(&self, place: usize) -> Option<&Policy> {
        let when = &self.policies.get(place)?.when;
        self.policies[..place].iter().find(|earlier| earlier.when.takes_all_of(when))
    }
}

impl Assessment<'_> {
    /// Tells what is due next: the earliest deadline of a clock that runs, though it may lie in the past.
    pub fn due(&self) -> Option<Due> {
        let running = self.clocks.iter().filter(|clock| clock.state == ClockState::Running);
        running
            .filter_map(|clock| Some((clock, clock.deadline?)))
            .min_by_key(|(_, deadline)| *deadline)
            .map(|(clock, at)| Due { clock: clock.clock, at, warns_at: clock.warns_at.unwrap_or(at) })
    }

    /// Lists what has still to be said of the clocks that run, each thing once per cause.
    pub fn alarms(&self, ticket: &Ticket) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        for clock in self.clocks.iter().filter(|clock| clock.state == ClockState::Running) {
            let Some(deadline) = clock.deadline else { continue };
            let told = ticket.told.iter().find(|told| told.is_of(clock.clock, clock.started));
            if told.is_some_and(|told| told.breached) {
                continue;
            }
            let alarm = Alarm { at: deadline, clock: clock.clock, since: clock.started, deadline, breach: true };
            if let Some(at) = clock.warns_at.filter(|at| *at < deadline && !told.is_some_and(|told| told.warned)) {
                alarms.push(Alarm { at, breach: false, ..alarm });
            }
            alarms.push(alarm);
        }
        alarms
    }

    /// Tells what happens by `now`: breaches, and warnings of what is not breached yet. What is dated before `live_since` is not told.
    pub fn happens(&self, ticket: &Ticket, now: Timestamp, live_since: Timestamp) -> Vec<Event> {
        let alarms = self.alarms(ticket);
        let breached = |clock| alarms.iter().any(|alarm| alarm.breach && alarm.clock == clock && alarm.deadline <= now);
        let due = alarms.iter().filter(|alarm| (live_since..=now).contains(&alarm.at));
        due.filter(|alarm| alarm.breach || !breached(alarm.clock))
            .map(|alarm| {
                let Alarm { clock, since, deadline, .. } = *alarm;
                let policy = self.policy.name.clone();
                match alarm.breach {
                    true => Event::SlaBreached { clock, since, deadline, policy },
                    false => Event::SlaWarned { clock, since, deadline, policy },
                }
            })
            .collect()
    }

    /// Tells when something has to be said next; what is dated before `live_since` never is.
    pub fn next_alarm(&self, ticket: &Ticket, live_since: Timestamp) -> Option<Timestamp> {
        self.alarms(ticket).into_iter().map(|alarm| alarm.at).filter(|at| *at >= live_since).min()
    }
}
