//! Routing: new tickets are given to agents, and taken back from those who do not answer.
//!
//! A ticket is tried when it comes in and whenever something about it changes. Those that nobody could take stand in a line; the line is
//! gone through, a part at a time, only when something has changed for the agents: somebody is back, has a slot free, or comes on duty.
//! Nothing is given away while the desk does not know all that Telegram has.

use std::collections::BTreeMap;
use std::time::Duration;

use super::turn::Turn;
use super::views::Alert;
use super::{EngineError, State};
use crate::clock::Timestamp;
use crate::desk::event::Actor;
use crate::desk::hours::Hours;
use crate::desk::ids::{AgentName, GroupId, TicketKey};
use crate::desk::lifecycle::Happening;
use crate::desk::presence::{Presence, Seen};
use crate::desk::query::Facts;
use crate::desk::routing::{self, Decision, Matter, Roster, Turns, counts, deadline, is_in_line, rank};
use crate::desk::rules::Rules;
use crate::desk::ticket::Ticket;
use crate::store::routing::{InLine, Place};
use crate::store::timers::Timer;
use crate::store::{StoreError, Work};

/// How many tickets of the line are tried, or looked at, in one transaction.
const PART: usize = 50;

/// Under this key stands by which rules the places of tickets were reckoned last.
const PLACED: &str = "routing";

/// What the engine knows of agents and the line. All of it can be read from the store again.
#[derive(Debug, Default)]
pub(super) struct Desks {
    pub(super) seen: BTreeMap<AgentName, Seen>,
    loads: BTreeMap<AgentName, u32>,
    turns: Turns,
    /// Where nobody can reply at present, and why.
    read_only: BTreeMap<GroupId, String>,
    /// When routing looks at a ticket by itself.
    pub(super) wake: Option<Timestamp>,
    /// When an agent comes on duty.
    pub(super) opens: Option<Timestamp>,
    /// The line is to be gone through.
    passing: bool,
    /// Up to where it was.
    passed: Option<InLine>,
}

impl Desks {
    /// Reads them; `heard`: the groups of which timers speak.
    pub(super) fn load(work: &Work<'_>, rules: &Rules, heard: &str) -> Result<Desks, StoreError> {
        let seen = work.presence()?;
        if rules.routing.is_empty() && rules.routing.reassign_after.is_none() {
            return Ok(Desks { seen, ..Desks::default() });
        }
        Ok(Desks {
            seen,
            loads: work.loads()?,
            turns: work.turns()?,
            wake: work.next_in(Timer::Routing, heard)?,
            // The past is due at once: whoever came on duty meanwhile is found by the first pass.
            opens: Some(Timestamp::default()),
            passing: true,
            ..Desks::default()
        })
    }

    /// Tells how the agents stand; `group`: where the work is.
    fn roster<'s>(&'s self, rules: &'s Rules, group: Option<GroupId>, now: Timestamp) -> Roster<'s> {
        Roster {
            routing: &rules.routing,
            hours: &rules.sla.hours,
            loads: &self.loads,
            seen: &self.seen,
            turns: &self.turns,
            read_only: group.and_then(|group| self.read_only.get(&group)).map(String::as_str),
            now,
        }
    }
}

/// Tells when the next agent who is not on duty at `now` comes on duty.
fn next_opening(rules: &Rules, now: Timestamp) -> Option<Timestamp> {
    let names = rules.routing.duties.iter().filter(|(agent, _)| rules.routing.takes(agent));
    let hours = names.filter_map(|(_, duty)| rules.sla.hours.get(duty.hours.as_ref()?));
    let opening = |hours: &Hours| {
        let from = if hours.is_open(now) { hours.next_closing(now)? } else { now };
        hours.next_opening(from)
    };
    hours.filter_map(opening).min()
}

fn in_hand(ticket: Option<&Ticket>) -> Option<AgentName> {
    ticket.filter(|ticket| counts(ticket.standing.status)).and_then(|ticket| ticket.standing.assignee.clone())
}

impl State {
    /// Has those in the line tried once more: something has changed for the agents.
    pub(super) fn go_through_the_line(&mut self, rules: &Rules) {
        if rules.routing.assigns() {
            self.desks.passing = true;
            self.desks.passed = None;
            self.idle_work |= self.hears_any();
        }
    }

    /// Tells where routing has a ticket.
    pub(super) fn place(&self, ticket: &Ticket, rules: &Rules, now: Timestamp) -> Place {
        let group = self.group(ticket.key.group);
        if !group.sync.is_followed() {
            return Place::default();
        }
        if rules.routing.assigns() && is_in_line(ticket) {
            return match ticket.held.filter(|held| held.until > now) {
                Some(held) => Place { at: Some(held.until), in_line: None },
                None => Place { at: None, in_line: Some(rank(ticket)) },
            };
        }
        let live_since = group.live_since().unwrap_or(now);
        let at = deadline(ticket, &self.desks.roster(rules, Some(ticket.key.group), now), live_since).map(|(at, _)| at);
        Place { at, in_line: None }
    }
}

impl Turn<'_> {
    /// Tells whose work a ticket should be; `None`: there is no such ticket.
    fn decided(&mut self, key: TicketKey) -> Result<Option<Decision>, EngineError> {
        let (rules, now) = (self.rules, self.now);
        let due = self.clocks(key)?.due;
        let kept_with = self.kept_with(key)?;
        self.topic(key)?;
        if let Some(customer) = self.ticket(key)?.and_then(|ticket| ticket.customer) {
            self.person(customer)?;
        }
        let state = &*self.state;
        let Some(Some(ticket)) = state.tickets.get(&key) else { return Ok(None) };
        let facts = Facts {
            ticket,
            customer: ticket.customer.and_then(|customer| state.people.get(&customer)),
            group: state.group(key.group).called(),
            last_text: state.topics.get(&key).map_or("", |topic| topic.last_text.as_str()),
            due,
            reader: None,
            now,
        };
        let matter = Matter { facts, kept_with: kept_with.as_ref() };
        Ok(Some(routing::decide(&matter, &state.desks.roster(rules, Some(key.group), now))))
    }

    /// Tells who has the other tickets of the burst that a ticket belongs to, if they are there.
    fn kept_with(&mut self, key: TicketKey) -> Result<Option<AgentName>, EngineError> {
        let (rules, now) = (self.rules, self.now);
        let Some(burst) = rules.routing.burst else { return Ok(None) };
        let Some(ticket) = self.ticket(key)? else { return Ok(None) };
        let (Some(customer), Some(_), opened) = (ticket.customer, ticket.held, ticket.opened_at) else {
            return Ok(None);
        };
        for other in self.tickets_of(key.group, customer)?.into_iter().rev().take(PART).filter(|other| *other != key) {
            let Some(other) = self.ticket(other)? else { continue };
            let apart = other.opened_at.since(opened).max(opened.since(other.opened_at));
            let live = other.held.is_some() && other.standing.status.is_live() && apart <= burst.within;
            let Some(agent) = other.standing.assignee.clone().filter(|_| live) else { continue };
            if rules.routing.takes(&agent) && self.state.desks.roster(rules, None, now).is_there(&agent) {
                return Ok(Some(agent));
            }
        }
        Ok(None)
    }

    /// Gives a ticket away, if it waits for that and somebody can take it.
    fn route(&mut self, key: TicketKey) -> Result<(), EngineError> {
        let now = self.now;
        let waits = |ticket: &Ticket| is_in_line(ticket) && ticket.held.is_none_or(|held| held.until <= now);
        if !self.ticket(key)?.is_some_and(waits) {
            return Ok(());
        }
        let Some(Decision { agent: Some(to), team: Some(team), rule, why: because, .. }) = self.decided(key)? else {
            return Ok(());
        };
        let what = Happening::Routed { to: to.clone(), team: team.clone(), rule, because };
        if self.happen(key, &what, now, &Actor::Desk)?.is_empty() {
            return Ok(());
        }
        let turn = self.state.desks.turns.values().max().copied().unwrap_or(0) + 1;
        self.work.put_turn(&team, &to, turn)?;
        self.state.desks.turns.insert((team.clone(), to.clone()), turn);
        // Nobody else needs to hear of it.
        self.alerts.retain(|alert| *alert != Alert::NewTicket { ticket: key });
        self.alerts.push(Alert::Assigned { ticket: key, assignee: to, team });
        Ok(())
    }

    fn routes(&self, group: GroupId) -> bool {
        self.rules.routing.assigns() && self.state.hears(group)
    }

    /// Tries the tickets about which something has changed.
    pub(super) fn route_changed(&mut self) -> Result<(), EngineError> {
        for key in self.changed_tickets() {
            if self.routes(key.group) {
                self.route(key)?;
            }
        }
        Ok(())
    }

    /// Tells whose hands a ticket is in, if anybody has to know.
    pub(super) fn hands(&mut self, key: TicketKey) -> Result<Option<AgentName>, EngineError> {
        if !self.rules.routing.assigns() {
            return Ok(None);
        }
        Ok(in_hand(self.ticket(key)?))
    }

    /// Counts anew what agents have in hand, after something has been recorded.
    pub(super) fn hands_changed(&mut self, key: TicketKey, before: Option<AgentName>) -> Result<(), EngineError> {
        let after = self.hands(key)?;
        if before == after {
            return Ok(());
        }
        if let Some(agent) = after {
            *self.state.desks.loads.entry(agent).or_default() += 1;
        }
        if let Some(agent) = before {
            let load = self.state.desks.loads.entry(agent.clone()).or_default();
            *load = load.saturating_sub(1);
            if self.rules.routing.takes(&agent) {
                self.go_through_the_line();
            }
        }
        Ok(())
    }

    /// Something has changed for the agents: those in the line are tried once more.
    pub(super) fn go_through_the_line(&mut self) {
        self.state.go_through_the_line(self.rules);
    }

    /// Tries a part of the line, if it is to be gone through.
    pub(super) fn pass_line(&mut self) -> Result<(), EngineError> {
        if !self.state.desks.passing || !self.rules.routing.assigns() || !self.state.hears_any() {
            return Ok(());
        }
        let part = match self.state.desks.roster(self.rules, None, self.now).has_room() {
            true => self.work.line(self.state.desks.passed, PART)?,
            // As long as nothing changes nobody can take anything.
            false => Vec::new(),
        };
        for one in &part {
            if self.state.hears(one.key.group) {
                self.route(one.key)?;
            }
        }
        let more = part.len() == PART;
        self.state.desks.passing = more;
        self.state.desks.passed = part.last().copied().filter(|_| more);
        self.state.idle_work |= more;
        Ok(())
    }

    /// Does what is due: lets go what was held, takes back what nobody answers, tries the line when somebody comes on duty.
    pub(super) fn wake_routing(&mut self) -> Result<(), EngineError> {
        let (rules, now) = (self.rules, self.now);
        if !self.state.hears_any() {
            return Ok(());
        }
        if self.state.desks.opens.is_some_and(|at| at <= now) {
            self.state.desks.opens = next_opening(rules, now);
            self.go_through_the_line();
        }
        if self.state.desks.wake.is_some_and(|at| at <= now) {
            for key in self.work.due_in(Timer::Routing, &self.state.heard, now, PART)? {
                self.look_at(key)?;
            }
            self.state.desks.wake = self.work.next_in(Timer::Routing, &self.state.heard)?;
        }
        self.pass_line()
    }

    fn look_at(&mut self, key: TicketKey) -> Result<(), EngineError> {
        let (rules, now) = (self.rules, self.now);
        let Some(ticket) = self.ticket(key)?.cloned() else { return Ok(()) };
        let live_since = self.group(key.group).live_since().unwrap_or(now);
        let lapsed = deadline(&ticket, &self.state.desks.roster(rules, Some(key.group), now), live_since)
            .filter(|(at, _)| *at <= now);
        // A reply that is on its way is an answer, though Telegram does not have it yet.
        let answering = lapsed.is_some() && self.work.open_outbox()?.iter().any(|row| row.key == key);
        if let Some((_, lapse)) = lapsed.filter(|_| !is_in_line(&ticket) && !answering) {
            self.happen(key, &Happening::Lapsed { lapse }, now, &Actor::Desk)?;
            let from = ticket.standing.assignee.clone();
            self.alerts.extend(from.map(|from| Alert::TakenBack { ticket: key, from, lapse }));
            return Ok(());
        }
        // Let go, or the row is older than the ticket: written again, and tried with what has changed.
        let place = self.state.place(&ticket, rules, now);
        let at = place.at.map(|at| at.max(now + Duration::from_secs(60)));
        if is_in_line(&ticket) {
            // Tried at the end of this step.
            self.set_ticket(key, Some(ticket));
        }
        self.work.put_place(key, Place { at, ..place })?;
        Ok(())
    }

    /// Lists the agents who are at work.
    pub(super) fn those_there(&self) -> Vec<AgentName> {
        let roster = self.state.desks.roster(self.rules, None, self.now);
        let agents = self.rules.staff.agents.iter().map(|agent| &agent.name);
        agents.filter(|name| roster.is_there(name)).cloned().collect()
    }

    /// Tells whether the assignee of a ticket has said that they are away.
    pub(super) fn assignee_away(&mut self, key: TicketKey) -> Result<bool, EngineError> {
        let assignee = self.ticket(key)?.and_then(|ticket| ticket.standing.assignee.clone());
        let seen = assignee.and_then(|agent| self.state.desks.seen.get(&agent));
        Ok(seen.is_some_and(|seen| seen.presence() == Presence::Away))
    }

    /// Says that an agent is away, or back; tells what they are then.
    pub(super) fn be_away(&mut self, agent: &AgentName, away: bool) -> Result<Presence, EngineError> {
        let before = self.state.desks.seen.get(agent).copied().unwrap_or_default();
        if away == before.away {
            return Ok(before.presence());
        }
        let after = Seen { away, since: self.now, ..before };
        self.work.put_away(agent, away, after.since)?;
        self.state.desks.seen.insert(agent.clone(), after);
        self.touch_all();
        if self.rules.routing.reassign_after.is_some() {
            for key in self.work.waiting_for(agent)? {
                let ticket = self.ticket(key)?.cloned();
                self.set_ticket(key, ticket);
            }
        }
        if !away && self.rules.routing.takes(agent) {
            self.go_through_the_line();
        }
        Ok(after.presence())
    }

    /// Remembers where anybody can reply; routing waits until somebody can.
    pub(super) fn may_reply(&mut self) {
        let barred = |id: GroupId| self.group(id).read_only().map(|why| (id, why));
        let barred: BTreeMap<GroupId, String> = self.state.groups.ids().into_iter().filter_map(barred).collect();
        if self.state.desks.read_only.keys().any(|id| !barred.contains_key(id)) {
            self.go_through_the_line();
        }
        self.state.desks.read_only = barred;
    }

    /// Reckons the places of all tickets of a group anew, a part of them, if the rules are other ones than the last time.
    pub(super) fn place_anew(&mut self, group: GroupId) -> Result<(), EngineError> {
        let own = self.group(group);
        if own.placed || !own.sync.is_done() {
            return Ok(());
        }
        let placed_to = own.placed_to;
        let rules = &self.rules.routing;
        let name = format!("1:{}:{:?}", rules.assigns(), rules.reassign_after);
        if self.work.group_value(group, PLACED)?.as_ref() == Some(&name) {
            self.group_mut(group).placed = true;
            return Ok(());
        }
        let part = self.work.tickets_from(group, placed_to, PART)?;
        for key in &part {
            if let Some(ticket) = self.ticket(*key)?.cloned() {
                self.work.put_place(*key, self.state.place(&ticket, self.rules, self.now))?;
            }
        }
        match part.last() {
            Some(last) => {
                self.group_mut(group).placed_to = last.topic;
                self.state.idle_work = true;
            }
            None => {
                self.work.set_group_value(group, PLACED, &name)?;
                self.group_mut(group).placed = true;
                self.state.desks.wake = self.work.next_in(Timer::Routing, &self.state.heard)?;
                self.go_through_the_line();
            }
        }
        Ok(())
    }
}
