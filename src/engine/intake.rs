//! Intake: what the rules make of a ticket when its first message comes, and topics of one author that come all at once.
//!
//! Applied once an episode, and only to what is heard: the history that was fetched stays as it is.

use super::EngineError;
use super::turn::Turn;
use super::views::Alert;
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{PersonId, TicketKey};
use crate::desk::intake::{self, Arrival, Burst};
use crate::desk::query::Facts;
use crate::desk::routing::is_in_line;

/// So many of a customer's newest tickets are looked at for a burst.
const LOOKED_AT: usize = 200;

impl Turn<'_> {
    /// Applies the rules to a ticket into which its customer, or a participant, has just written `message`, if it is the episode's first.
    pub(super) fn take_in(&mut self, key: TicketKey, message: &str, first: bool) -> Result<(), EngineError> {
        let rules = self.rules;
        let (now, open) = (self.now, self.ticket(key)?.is_some_and(|ticket| !ticket.taken_in));
        if rules.routing.is_empty() || !open || !first {
            return Ok(());
        }
        let due = self.clocks(key)?.due;
        let (icon, last_text) = {
            let topic = self.topic(key)?;
            (topic.icon, topic.last_text.clone())
        };
        let customer = self.ticket(key)?.and_then(|ticket| ticket.customer);
        if let Some(customer) = customer {
            self.person(customer)?;
        }
        let state = &*self.state;
        let Some(Some(ticket)) = state.tickets.get(&key) else { return Ok(()) };
        let facts = Facts {
            ticket,
            customer: customer.and_then(|customer| state.people.get(&customer)),
            group: state.group(key.group).called(),
            last_text: &last_text,
            due,
            reader: None,
            now,
        };
        let emoji = state.icons.as_ref().and_then(|set| set.icons.iter().find(|known| Some(known.id) == icon));
        let arrival = Arrival { facts, message, icon: (icon, emoji.map(|known| known.emoji.as_str())) };
        let events = intake::take_in(&rules.routing.intake, &arrival);
        self.record(key, now, &Actor::Desk, events)?;
        match (rules.routing.burst, customer) {
            (Some(burst), Some(customer)) if rules.routing.assigns() => self.hold_burst(key, customer, burst),
            _ => Ok(()),
        }
    }

    /// Holds a ticket, and those before it, if its customer has opened many at once.
    fn hold_burst(&mut self, key: TicketKey, customer: PersonId, burst: Burst) -> Result<(), EngineError> {
        let Some(opened) = self.ticket(key)?.map(|ticket| ticket.opened_at) else { return Ok(()) };
        let mut together = Vec::new();
        for other in self.tickets_of(key.group, customer)?.into_iter().rev().take(LOOKED_AT) {
            if self.ticket(other)?.is_some_and(|other| other.opened_at + burst.within >= opened) {
                together.push(other);
            }
        }
        let topics = u32::try_from(together.len()).unwrap_or(u32::MAX);
        if topics < burst.topics {
            return Ok(());
        }
        for other in together {
            if self.ticket(other)?.is_some_and(|other| is_in_line(other) && other.held.is_none()) {
                let held = Event::Held { until: self.now + Burst::HOLD, topics };
                self.record(other, self.now, &Actor::Desk, vec![held])?;
            }
        }
        if topics == burst.topics {
            let customer = self.person(customer)?.name.clone();
            self.alerts.push(Alert::Burst { ticket: key, customer, topics });
        }
        Ok(())
    }
}
