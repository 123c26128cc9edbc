//! Clocks: what is due of each ticket, what is said of it, and all of it anew when the rules have changed.
//!
//! The desk speaks of a clock only while it follows Telegram: before that, an answer may have been given that it does not know of.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::EngineError;
use super::turn::Turn;
use super::views::Alert;
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{GroupId, PersonId, TicketKey, TopicId};
use crate::desk::lifecycle;
use crate::desk::query::Facts;
use crate::desk::rules::Rules;
use crate::desk::sla::Assessment;
use crate::store::clocks::Clocks;
use crate::store::timers::Timer;

/// Under this key stands by which rules the clocks were reckoned last.
const RECKONED: &str = "clocks";

/// How many tickets are reckoned anew in one transaction.
const PART: usize = 100;

/// A breach that is older was missed while nobody could say it: it is told with the others of that time.
const FRESH: Duration = Duration::from_secs(300);

/// How these names begin. What an older version wrote begins otherwise: its tickets are folded anew, as the fold has changed since.
const FORM: &str = "3:";

/// Names the rules, so that other ones have another name.
fn name_of(rules: &Rules) -> String {
    let Rules { sla, escalations, .. } = rules;
    let speaks = !rules.pilot && !rules.automatic.is_silent();
    if sla.is_empty() && escalations.is_empty() && !speaks {
        return format!("{FORM}none");
    }
    let mut hasher = DefaultHasher::new();
    // The debug form has all of it, in order.
    format!("{sla:?} {escalations:?}").hash(&mut hasher);
    if speaks {
        format!("{:?}", rules.automatic).hash(&mut hasher);
    }
    format!("{FORM}{:016x}", hasher.finish())
}

impl Turn<'_> {
    /// Tells a ticket with what is known around it, and what its policy makes of it. `None`: there is no ticket.
    pub(super) fn assess<R>(
        &mut self,
        key: TicketKey,
        read: impl FnOnce(&Facts<'_>, Option<&Assessment<'_>>) -> R,
    ) -> Result<Option<R>, EngineError> {
        let rules = self.rules;
        let Some(customer) = self.ticket(key)?.map(|ticket| ticket.customer) else { return Ok(None) };
        if let Some(customer) = customer {
            self.person(customer)?;
        }
        let state = &*self.state;
        let Some(Some(ticket)) = state.tickets.get(&key) else { return Ok(None) };
        let customer = customer.and_then(|customer| state.people.get(&customer));
        let facts = Facts::of(ticket, customer, state.group(key.group).called());
        Ok(Some(read(&facts, rules.sla.assess(&facts).as_ref())))
    }

    /// Tells what is due of a ticket and when something is to be said of it.
    pub(super) fn clocks(&mut self, key: TicketKey) -> Result<Clocks, EngineError> {
        let rules = self.rules;
        let mut clocks = Clocks { say: self.say_at(key)?, ..Clocks::default() };
        if rules.sla.is_empty() && rules.escalations.is_empty() {
            return Ok(clocks);
        }
        let live_since = self.group(key.group).live_since().unwrap_or(self.now);
        self.assess(key, |facts, assessment| {
            clocks.due = assessment.and_then(Assessment::due).map(|due| due.at);
            clocks.alarm = assessment.and_then(|assessment| assessment.next_alarm(facts.ticket, live_since));
            clocks.escalate = rules.escalations.next(&rules.sla, facts, assessment, live_since).map(|firing| firing.at);
        })?;
        Ok(clocks)
    }

    /// Says what has to be said of a ticket's clocks by `at`; tells whether there was anything.
    pub(super) fn ring(&mut self, key: TicketKey, at: Timestamp) -> Result<bool, EngineError> {
        let Some(live_since) = self.group(key.group).live_since() else { return Ok(false) };
        if self.rules.sla.is_empty() {
            return Ok(false);
        }
        let events = self.assess(key, |facts, assessment| Some(assessment?.happens(facts.ticket, at, live_since)))?;
        let Some(events) = events.flatten().filter(|events| !events.is_empty()) else { return Ok(false) };
        let assignee = self.ticket(key)?.and_then(|ticket| ticket.standing.assignee.clone());
        let hidden = self.ticket(key)?.is_some_and(|ticket| ticket.snoozed_until.is_some());
        for event in &events {
            match event {
                // Whoever has hidden a ticket wants to hear of it when it shows again.
                Event::SlaWarned { clock, deadline, .. } if !hidden => self.alerts.push(Alert::Due {
                    ticket: key,
                    clock: *clock,
                    deadline: *deadline,
                    assignee: assignee.clone(),
                }),
                Event::SlaBreached { clock, deadline, .. } if self.now.since(*deadline) <= FRESH => {
                    self.alerts.push(Alert::Overdue {
                        ticket: key,
                        clock: *clock,
                        deadline: *deadline,
                        assignee: assignee.clone(),
                    });
                }
                Event::SlaBreached { .. } => self.state.missed += 1,
                _ => {}
            }
        }
        self.record(key, self.now, &Actor::Desk, events)?;
        Ok(true)
    }

    /// Says what was due before something ends or stops a clock: the timer may come later than that.
    pub(super) fn ring_before(&mut self, key: TicketKey, at: Timestamp, events: &[Event]) -> Result<(), EngineError> {
        let ends = |event: &Event| match event {
            Event::Wrote { writer, .. } => writer.is_staff(),
            Event::Moved { .. } | Event::Opened { .. } | Event::NoReplyNeeded | Event::Deleted { .. } => true,
            _ => false,
        };
        // By Telegram's date it is known what came first; an agent's own command is no news of Telegram.
        let dated = |event: &Event| matches!(event, Event::Wrote { .. });
        if events.iter().any(ends) && (self.state.hears(key.group) || events.iter().any(dated)) {
            self.ring(key, at)?;
        }
        Ok(())
    }

    /// Does what the clocks want, a part of it.
    pub(super) fn wake_clocks(&mut self) -> Result<(), EngineError> {
        if !self.state.hears_any() || self.state.alarm_wake.is_none_or(|at| at > self.now) {
            return Ok(());
        }
        for key in self.work.due_in(Timer::Alarm, &self.state.heard, self.now, PART)? {
            if !self.ring(key, self.now)? {
                // The row's alarm is older than the ticket: write it again.
                let clocks = self.clocks(key)?;
                let alarm = clocks.alarm.map(|at| at.max(self.now + Duration::from_secs(60)));
                self.work.put_clocks(key, Clocks { alarm, ..clocks })?;
            }
        }
        self.state.alarm_wake = self.work.next_in(Timer::Alarm, &self.state.heard)?;
        Ok(())
    }

    /// Tells of what was missed, at once and when all of it has been found.
    pub(super) fn sum_up(&mut self) {
        let more = self.state.alarm_wake.is_some_and(|at| at <= self.now);
        if self.state.missed > 0 && !more {
            self.alerts.push(Alert::Missed { count: std::mem::take(&mut self.state.missed) });
        }
    }

    /// Reckons all clocks of a group anew, a part of them, if the rules are other ones than the last time.
    pub(super) fn reckon(&mut self, group: GroupId) -> Result<(), EngineError> {
        let own = self.group(group);
        if own.reckoned || !own.sync.is_done() {
            return Ok(());
        }
        let name = name_of(self.rules);
        let known = self.work.group_value(group, RECKONED)?;
        if known.as_ref() == Some(&name) {
            self.group_mut(group).reckoned = true;
            return Ok(());
        }
        self.state.idle_work = true;
        let part = self.work.tickets_from(group, self.group(group).reckoned_to, PART)?;
        for key in &part {
            if known.as_ref().is_none_or(|known| !known.starts_with(FORM)) {
                // From an older version: the ticket may know less than its log tells, or otherwise.
                let folded = lifecycle::fold(&self.work.log(*key)?);
                if folded.is_some() && self.ticket(*key)? != folded.as_ref() {
                    self.set_ticket(*key, folded);
                }
            }
            let clocks = self.clocks(*key)?;
            self.work.put_clocks(*key, clocks)?;
        }
        match part.last() {
            Some(last) => self.group_mut(group).reckoned_to = last.topic,
            None => self.reckoned(group)?,
        }
        Ok(())
    }

    /// Remembers by which rules the clocks of a group stand.
    pub(super) fn reckoned(&mut self, group: GroupId) -> Result<(), EngineError> {
        self.work.set_group_value(group, RECKONED, &name_of(self.rules))?;
        let own = self.group_mut(group);
        own.reckoned = true;
        own.reckoned_to = TopicId::default();
        let heard = &self.state.heard;
        self.state.alarm_wake = self.work.next_in(Timer::Alarm, heard)?;
        self.state.escalate_wake = self.work.next_in(Timer::Escalation, heard)?;
        self.state.say_wake = self.work.next_in(Timer::Saying, heard)?;
        self.touch_all();
        Ok(())
    }

    /// Somebody goes by another name: a policy may be for that name.
    pub(super) fn renamed(&mut self, id: PersonId) -> Result<(), EngineError> {
        for group in self.state.groups.ids() {
            for key in self.tickets_of(group, id)? {
                let ticket = self.ticket(key)?.cloned();
                if ticket.is_some() {
                    self.set_ticket(key, ticket);
                }
            }
        }
        Ok(())
    }
}
