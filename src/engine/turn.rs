//! A turn: one step's transaction, with everything it has touched.
//!
//! Tickets and topics are read once, changed in memory, and written once when the turn ends.

use std::collections::BTreeSet;

use super::files::Idle;
use super::transport::Order;
use super::views::{Alert, Revision};
use super::{EngineError, State};
use crate::clock::Timestamp;
use crate::desk::activity;
use crate::desk::event::{Actor, Event, Recorded};
use crate::desk::ids::{EventId, GroupId, PersonId, TicketKey};
use crate::desk::lifecycle::{self, Context, Happening};
use crate::desk::people::{Person, Role};
use crate::desk::rules::Rules;
use crate::desk::template::offer::REOPENED_WITHIN;
use crate::desk::ticket::{Standing, Ticket};
use crate::store::Work;
use crate::store::files::Files;
use crate::store::timers::Timer;
use crate::store::topics::TopicRow;

/// How many tickets are kept in memory between turns.
const CACHE: usize = 12_000;

/// One step's transaction.
pub(super) struct Turn<'a> {
    pub(super) work: Work<'a>,
    pub(super) state: &'a mut State,
    pub(super) rules: &'a Rules,
    pub(super) random: &'a mut (dyn FnMut() -> i64 + Send),
    pub(super) now: Timestamp,
    pub(super) orders: Vec<Order>,
    pub(super) alerts: Vec<Alert>,
    pub(super) files: &'a Files,
    /// Files that may go when this is written down.
    pub(super) idle_files: Idle,
    /// A rule is at work: what it does calls no other one in between.
    pub(super) escalating: bool,
    changed: BTreeSet<TicketKey>,
    changed_all: bool,
    dirty_tickets: BTreeSet<TicketKey>,
    dirty_topics: BTreeSet<TicketKey>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        work: Work<'a>,
        files: &'a Files,
        state: &'a mut State,
        rules: &'a Rules,
        random: &'a mut (dyn FnMut() -> i64 + Send),
        now: Timestamp,
    ) -> Self {
        Turn {
            work,
            state,
            rules,
            random,
            now,
            orders: Vec::new(),
            alerts: Vec::new(),
            files,
            idle_files: Idle::default(),
            escalating: false,
            changed: BTreeSet::new(),
            changed_all: false,
            dirty_tickets: BTreeSet::new(),
            dirty_topics: BTreeSet::new(),
        }
    }

    /// Says that a ticket has to be read again by whoever shows it.
    pub(super) fn touch(&mut self, key: TicketKey) {
        self.changed.insert(key);
    }

    /// Says that everything has to be read again.
    pub(super) fn touch_all(&mut self) {
        self.changed_all = true;
    }

    /// Tells a topic; one of which nothing is known is made up.
    pub(super) fn topic(&mut self, key: TicketKey) -> Result<&mut TopicRow, EngineError> {
        if !self.state.topics.contains_key(&key) {
            let collected = self.group(key.group).sync.is_followed();
            let row = self.work.topic(key)?.unwrap_or_else(|| TopicRow { collected, ..TopicRow::unknown(key) });
            self.state.topics.insert(key, row);
        }
        Ok(self.state.topics.get_mut(&key).expect("was just put there"))
    }

    /// Tells a topic that will be changed.
    pub(super) fn topic_mut(&mut self, key: TicketKey) -> Result<&mut TopicRow, EngineError> {
        self.dirty_topics.insert(key);
        self.topic(key)
    }

    /// Tells a ticket.
    pub(super) fn ticket(&mut self, key: TicketKey) -> Result<Option<&Ticket>, EngineError> {
        if !self.state.tickets.contains_key(&key) {
            let ticket = self.work.ticket(key)?;
            self.state.tickets.insert(key, ticket);
        }
        Ok(self.state.tickets[&key].as_ref())
    }

    /// Lists the tickets of a customer, with those that this turn has changed.
    pub(super) fn tickets_of(
        &mut self,
        group: GroupId,
        customer: PersonId,
    ) -> Result<BTreeSet<TicketKey>, EngineError> {
        let stored = self.work.tickets_of(group, customer)?;
        let mut keys: BTreeSet<TicketKey> = stored.into_iter().chain(self.dirty_tickets.iter().copied()).collect();
        let tickets = &self.state.tickets;
        keys.retain(|key| {
            let cached = tickets.get(key).map(|ticket| ticket.as_ref().and_then(|ticket| ticket.customer));
            key.group == group && cached.is_none_or(|known| known == Some(customer))
        });
        Ok(keys)
    }

    /// Lists the tickets that this turn has changed so far.
    pub(super) fn changed_tickets(&self) -> Vec<TicketKey> {
        self.dirty_tickets.iter().copied().collect()
    }

    /// Tells how a ticket stands that this turn has changed.
    pub(super) fn new_standing(&mut self, key: TicketKey) -> Result<Option<Standing>, EngineError> {
        let is_new = self.dirty_tickets.contains(&key);
        Ok(self.ticket(key)?.filter(|_| is_new).map(|ticket| ticket.standing.clone()))
    }

    /// Takes a ticket out of the queues without forgetting its log.
    pub(super) fn set_ticket(&mut self, key: TicketKey, ticket: Option<Ticket>) {
        self.state.tickets.insert(key, ticket);
        self.dirty_tickets.insert(key);
        self.touch(key);
    }

    /// Tells somebody; one who is not known goes by their number.
    pub(super) fn person(&mut self, id: PersonId) -> Result<&Person, EngineError> {
        if !self.state.people.contains_key(&id) {
            let person = self.work.person(id)?.unwrap_or_else(|| Person {
                id,
                name: format!("ID {}", id.0),
                username: None,
                bot: false,
            });
            self.state.people.insert(id, person);
        }
        Ok(&self.state.people[&id])
    }

    /// Writes somebody down.
    pub(super) fn put_person(&mut self, person: &Person) -> Result<(), EngineError> {
        if self.state.people.get(&person.id) != Some(person) {
            let old = if self.rules.names_customers() { self.work.person(person.id)? } else { None };
            self.work.put_person(person)?;
            self.state.people.insert(person.id, person.clone());
            if old.is_some_and(|old| old.username != person.username || old.name != person.name) {
                self.renamed(person.id)?;
            }
        }
        Ok(())
    }

    /// Tells what somebody is for a ticket.
    pub(super) fn role(&mut self, id: PersonId, key: TicketKey) -> Result<Role, EngineError> {
        let customer = self.ticket(key)?.and_then(|ticket| ticket.customer);
        self.person(id)?;
        Ok(self.group(key.group).staff.role(&self.state.people[&id], customer))
    }

    /// Asks the rules what follows from something that happened, and records it.
    pub(super) fn happen(
        &mut self,
        key: TicketKey,
        what: &Happening,
        at: Timestamp,
        by: &Actor,
    ) -> Result<Vec<Recorded>, EngineError> {
        let rules = self.rules;
        let Some(ticket) = self.ticket(key)? else { return Ok(Vec::new()) };
        if ticket.standing.assignee.is_none() {
            let events =
                lifecycle::happen(ticket, what, &Context { rules, at, assignee_away: false, answering: false });
            return self.record(key, at, by, events);
        }
        let assignee_away = self.assignee_away(key)?;
        let Some(ticket) = self.ticket(key)? else { return Ok(Vec::new()) };
        let events = lifecycle::happen(ticket, what, &Context { rules, at, assignee_away, answering: false });
        self.record(key, at, by, events)
    }

    /// Appends events to a ticket's log, folds them into it, and shows them in its thread.
    pub(super) fn record(
        &mut self,
        key: TicketKey,
        at: Timestamp,
        by: &Actor,
        events: Vec<Event>,
    ) -> Result<Vec<Recorded>, EngineError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.escalate_before(key, at, &events)?;
        self.ring_before(key, at, &events)?;
        let shown = |event: &Event| !matches!(event, Event::Wrote { .. } | Event::LanguageSet { .. });
        let name = if events.iter().any(shown) { self.name_of(by)? } else { String::new() };
        let status = self.ticket(key)?.map(|ticket| ticket.standing.status);
        let hands = self.hands(key)?;
        let undoes = events.iter().any(|event| matches!(event, Event::Undone { .. }));
        let mut all = Vec::with_capacity(events.len());
        for event in events {
            let before = self.ticket(key)?.cloned();
            // That a topic was created, or somebody wrote first, stands in the thread already.
            let first = matches!((&event, by), (Event::Opened { why: None, .. }, Actor::Person(_)));
            let line = activity::describe(&event, before.as_ref(), &name).filter(|_| !first);
            let recorded = self.work.append(key, at, by, &event)?;
            let after = match event {
                Event::Undone { .. } => lifecycle::fold(&self.work.log(key)?),
                _ => lifecycle::apply(before, &recorded),
            };
            if let Some(line) = line {
                self.work.put_activity(key, at, recorded.id, &line)?;
            }
            self.set_ticket(key, after);
            all.push(recorded);
        }
        self.hands_changed(key, hands)?;
        self.status_moved(key, status, at)?;
        self.check_saying(key)?;
        let live = self.ticket(key)?.is_some_and(|ticket| ticket.standing.status.is_live());
        if live && !undoes && status.is_some_and(|before| !before.is_live()) {
            self.work.reopened(key, at - REOPENED_WITHIN, at)?;
        }
        Ok(all)
    }

    fn name_of(&mut self, by: &Actor) -> Result<String, EngineError> {
        Ok(match by {
            Actor::Agent(name) => name.0.clone(),
            Actor::Person(id) => {
                let person = self.person(*id)?.clone();
                match self.rules.staff.agent_of(&person) {
                    Some(agent) => agent.name.0.clone(),
                    None => person.name,
                }
            }
            Actor::Desk => "the desk".to_owned(),
        })
    }

    /// Writes the topics that were changed.
    pub(super) fn flush_topics(&mut self) -> Result<(), EngineError> {
        for key in std::mem::take(&mut self.dirty_topics) {
            if let Some(topic) = self.state.topics.get(&key) {
                self.work.put_topic(topic)?;
            }
        }
        Ok(())
    }

    /// Writes what was touched, brings the index up to date while people work, and commits.
    pub(super) fn finish(mut self) -> Result<(Vec<Order>, Option<Revision>), EngineError> {
        self.flush_topics()?;
        let rules = self.rules;
        let routed = rules.routing.assigns() || rules.routing.reassign_after.is_some();
        let woke = !self.dirty_tickets.is_empty();
        for key in std::mem::take(&mut self.dirty_tickets) {
            let clocks = self.clocks(key)?;
            match self.state.tickets.get(&key) {
                Some(Some(ticket)) => {
                    let last =
                        [Some(ticket.opened_at), ticket.asked_at, ticket.staff_wrote_at].into_iter().flatten().max();
                    let wake = if self.group(key.group).sync.is_followed() {
                        lifecycle::next_wake(ticket, rules).map(|(at, _)| at)
                    } else {
                        None
                    };
                    self.work.put_ticket(ticket, last.unwrap_or(ticket.opened_at), wake, clocks)?;
                    if routed {
                        self.work.put_place(key, self.state.place(ticket, rules, self.now))?;
                    }
                }
                _ => self.work.remove_ticket(key)?,
            }
        }
        let heard = self.state.groups.heard();
        if woke {
            self.state.ticket_wake = self.work.next(Timer::Life)?;
        }
        if woke || heard != self.state.heard {
            self.state.alarm_wake = self.work.next_in(Timer::Alarm, &heard)?;
            self.state.escalate_wake = self.work.next_in(Timer::Escalation, &heard)?;
            if routed {
                self.state.desks.wake = self.work.next_in(Timer::Routing, &heard)?;
            }
            self.state.say_wake = self.work.next_in(Timer::Saying, &heard)?;
        }
        if heard != self.state.heard {
            self.state.buttons_wake = self.work.next_buttons(&heard)?;
            self.state.heard = heard;
        }
        self.sum_up();
        self.sum_up_escalations()?;
        if self.state.groups.iter().any(|group| group.sync.is_done()) {
            let (complete, indexed) = self.work.index_more(200)?;
            self.state.indexed = indexed;
            self.state.idle_work |= !complete;
        }
        let silent = self.changed.is_empty() && !self.changed_all && self.alerts.is_empty();
        let revision = if silent {
            None
        } else {
            // How far a file is can be told without writing anything down.
            let told = |alert: &Alert| matches!(alert, Alert::File(_));
            let number = if self.changed.is_empty() && !self.changed_all && self.alerts.iter().all(told) {
                self.work.value("revision")?.and_then(|text| text.parse().ok()).unwrap_or(0)
            } else {
                self.work.next_revision()?
            };
            let all = self.changed_all || self.changed.len() > 100;
            Some(Revision {
                number,
                changed: if all { Vec::new() } else { self.changed.into_iter().collect() },
                all,
                alerts: self.alerts,
            })
        };
        self.work.commit()?;
        if self.state.tickets.len() > CACHE {
            self.state.tickets.clear();
        }
        if self.state.topics.len() > CACHE {
            self.state.topics.clear();
        }
        if self.state.people.len() > CACHE {
            self.state.people.clear();
        }
        Ok((self.orders, revision))
    }

    /// Tells the newest move among recorded events, for a receipt.
    pub(super) fn newest_move(recorded: &[Recorded]) -> Option<EventId> {
        recorded
            .iter()
            .rev()
            .find(|one| matches!(one.event, Event::Moved { .. } | Event::Opened { .. }))
            .map(|one| one.id)
    }
}
