//! Escalation in the engine: what fires when, what it does, and how little of it is said at once.
//!
//! What fires is [`crate::desk::escalation`]'s to say. Here is when it is asked: before anything that happens to a ticket counts, and by a
//! timer that knows the next instant of each ticket. Rules speak only while the desk follows Telegram, as clocks do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::turn::Turn;
use super::views::Alert;
use super::{EngineError, State};
use crate::clock::Timestamp;
use crate::desk::escalation::{Escalations, Firing, HOUR, Reach};
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{AgentName, TicketKey};
use crate::store::StoreError;
use crate::store::timers::Timer;

/// Under this key stands what caps have held back and nobody was told of yet.
pub(super) const HELD: &str = "escalations_held";

/// For how many tickets rules fire in one transaction.
const PART: usize = 100;

/// No ticket fires oftener in one go: rules that call each other end somewhere.
const MOST: usize = 100;

/// A firing that is older was due while nobody could say it: it is told with the others of that time.
const FRESH: Duration = Duration::from_secs(300);

/// Counts firings in words.
fn count_of(count: usize) -> String {
    if count == 1 { "1 escalation".to_owned() } else { format!("{count} escalations") }
}

/// Who writes a rule's notes.
pub(super) const DESK: &str = "the desk";

/// What a rule's cap has held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// When the first of it was due.
    since: Timestamp,
    count: usize,
    to: BTreeSet<AgentName>,
    #[serde(default)]
    reach: BTreeSet<Reach>,
}

/// Firings of an outage that nobody was told of yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Missed {
    count: usize,
    to: BTreeSet<AgentName>,
    reach: BTreeSet<Reach>,
}

impl State {
    /// Tells when rules have something to do next.
    pub(super) fn escalation_wake(&self) -> Option<Timestamp> {
        let held = self.held.values().map(|held| held.since + HOUR).min();
        [self.escalate_wake.filter(|_| self.hears_any()), held].into_iter().flatten().min()
    }
}

impl Turn<'_> {
    /// Tells what fires next of a ticket.
    fn next_firing(&mut self, key: TicketKey) -> Result<Option<Firing>, EngineError> {
        let rules = self.rules;
        if rules.escalations.is_empty() {
            return Ok(None);
        }
        // What the first synchronisation brings may fire later, for what is due after it.
        let live_since = self.group(key.group).live_since().unwrap_or(self.now);
        let next =
            self.assess(key, |facts, assessment| rules.escalations.next(&rules.sla, facts, assessment, live_since))?;
        Ok(next.flatten())
    }

    /// Lets everything fire for a ticket that is due by `at`; tells whether there was anything.
    fn escalate(&mut self, key: TicketKey, at: Timestamp) -> Result<bool, EngineError> {
        let live = self.group(key.group).live_since().is_some();
        if self.rules.escalations.is_empty() || self.escalating || !live {
            return Ok(false);
        }
        self.escalating = true;
        let mut fired = 0;
        while fired < MOST
            && let Some(firing) = self.next_firing(key)?.filter(|firing| firing.at <= at)
        {
            self.fire(key, &firing)?;
            fired += 1;
        }
        self.escalating = false;
        Ok(fired > 0)
    }

    /// Lets fire what was due before something happens to a ticket: the timer may come later than that.
    pub(super) fn escalate_before(
        &mut self,
        key: TicketKey,
        at: Timestamp,
        events: &[Event],
    ) -> Result<(), EngineError> {
        // What is said of clocks, or to staff, is no news of the ticket, and what was due by then has fired or will.
        let of_the_desk = |event: &Event| {
            matches!(event, Event::SlaWarned { .. } | Event::SlaBreached { .. } | Event::NotReached { .. })
        };
        if events.iter().all(of_the_desk) {
            return Ok(());
        }
        // By Telegram's date it is known what came first; an agent's own command is no news of Telegram.
        let dated = |event: &Event| matches!(event, Event::Wrote { .. });
        if self.state.hears(key.group) || events.iter().any(dated) {
            self.escalate(key, at)?;
        }
        Ok(())
    }

    fn fire(&mut self, key: TicketKey, firing: &Firing) -> Result<(), EngineError> {
        let rules = self.rules;
        let rule = &rules.escalations.rules[firing.rule];
        let recent = self.work.count_reached(&rule.name, firing.at - HOUR, firing.at)?;
        let held = rule.reaches() && recent >= usize::try_from(rule.max_per_hour).unwrap_or(usize::MAX);
        let Some(ticket) = self.ticket(key)?.cloned() else { return Ok(()) };
        let there = self.those_there();
        let is_there = |agent: &AgentName| there.contains(agent);
        let events = Escalations::fire(rules, firing, &ticket, held, &is_there);
        let told = match events.first() {
            Some(Event::Escalated { told, .. }) => told.clone(),
            _ => Vec::new(),
        };
        let recorded = self.record(key, self.now, &Actor::Desk, events)?;
        if let Some(text) = &rule.note {
            let entry = self.work.put_note(key, &AgentName(DESK.to_owned()), self.now, text)?;
            self.record(key, self.now, &Actor::Desk, vec![Event::Noted { entry, mentions: Vec::new() }])?;
        }
        if let Some(event) = recorded.first() {
            self.work.put_firing(event.id, key, &rule.name, firing.at, rule.reaches() && !held)?;
        }
        if held {
            let to = rule.recipients(&ticket, rules, &is_there);
            let all = self.state.held.entry(rule.name.clone());
            let all =
                all.or_insert_with(|| Held { since: firing.at, count: 0, to: BTreeSet::new(), reach: BTreeSet::new() });
            all.count += 1;
            all.reach.extend(rule.reach(&to, rules).0);
            all.to.extend(to);
            return self.keep_held();
        }
        if self.now.since(firing.at) > FRESH {
            let missed = &mut self.state.missed_firings;
            missed.count += 1;
            missed.reach.extend(rule.reach(&told, rules).0);
            missed.to.extend(told);
            return Ok(());
        }
        self.summon(key, rule, &told, &firing.cause)?;
        if !told.is_empty() {
            let (rule, why) = (rule.name.clone(), firing.cause.words());
            self.alerts.push(Alert::Escalated { ticket: key, rule, why, to: told });
        }
        Ok(())
    }

    /// Does what rules want, a part of it.
    pub(super) fn wake_escalations(&mut self) -> Result<(), EngineError> {
        if self.state.hears_any() && self.state.escalate_wake.is_some_and(|at| at <= self.now) {
            for key in self.work.due_in(Timer::Escalation, &self.state.heard, self.now, PART)? {
                if !self.escalate(key, self.now)? {
                    // The row's instant is older than the ticket: write it again.
                    let clocks = self.clocks(key)?;
                    let escalate = clocks.escalate.map(|at| at.max(self.now + Duration::from_secs(60)));
                    self.work.put_clocks(key, crate::store::clocks::Clocks { escalate, ..clocks })?;
                }
            }
            self.state.escalate_wake = self.work.next_in(Timer::Escalation, &self.state.heard)?;
        }
        self.tell_held()
    }

    /// Tells what caps have held back, an hour after the first of it.
    fn tell_held(&mut self) -> Result<(), EngineError> {
        let now = self.now;
        let is_due = |held: &Held| held.since + HOUR <= now;
        if !self.state.held.values().any(is_due) {
            return Ok(());
        }
        let all = std::mem::take(&mut self.state.held);
        let (due, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = all.into_iter().partition(|(_, held)| is_due(held));
        self.state.held = kept;
        for (rule, Held { count, to, reach, .. }) in due {
            let text = format!("{rule}\n{} more in the last hour: see the desk", count_of(count));
            self.summon_all(&rule, reach, &text)?;
            self.alerts.push(Alert::EscalationsHeld { rule, count, to: to.into_iter().collect() });
        }
        self.keep_held()
    }

    fn keep_held(&mut self) -> Result<(), EngineError> {
        let text = serde_json::to_string(&self.state.held).map_err(StoreError::from)?;
        Ok(self.work.set_value(HELD, &text)?)
    }

    /// Tells of what was due while nobody could be told, all together, when all of it has fired.
    pub(super) fn sum_up_escalations(&mut self) -> Result<(), EngineError> {
        let more = self.state.escalate_wake.is_some_and(|at| at <= self.now);
        if self.state.missed_firings.count > 0 && !more {
            let Missed { count, to, reach } = std::mem::take(&mut self.state.missed_firings);
            let text = format!("{} came due while the desk was not connected: see the desk", count_of(count));
            self.summon_all("", reach, &text)?;
            self.alerts.push(Alert::EscalationsMissed { count, to: to.into_iter().collect() });
        }
        Ok(())
    }

    /// Keeps a hint that somebody sounds upset.
    pub(super) fn hear_tone(
        &mut self,
        key: TicketKey,
        message: crate::desk::ids::MessageId,
        text: &str,
        at: Timestamp,
        by: &Actor,
    ) -> Result<(), EngineError> {
        let waits = self.ticket(key)?.is_some_and(|ticket| ticket.waiting.is_some());
        if let Some(phrase) = self.rules.upset.hint(text).filter(|_| waits) {
            self.record(key, at, by, vec![Event::SoundsUpset { message, phrase }])?;
        }
        Ok(())
    }
}
