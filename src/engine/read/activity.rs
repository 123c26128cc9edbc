//! Reading the whole activity log of a ticket, in words.

use std::collections::{HashMap, HashSet};

use super::super::EngineError;
use super::super::views::ActivityLine;
use super::Views;
use crate::desk::activity;
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{EventId, PersonId, TicketKey};
use crate::desk::lifecycle::{apply, fold};
use crate::desk::ticket::Ticket;

impl Views {
    /// Lists everything that has happened to a ticket, also what the thread shows as a message or not at all.
    pub(super) fn activity(&self, key: TicketKey) -> Result<Vec<ActivityLine>, EngineError> {
        let log = self.reader.log(key)?;
        let undone: HashSet<EventId> = log
            .iter()
            .filter_map(|recorded| match recorded.event {
                Event::Undone { event } => Some(event),
                _ => None,
            })
            .collect();
        let mut names: HashMap<PersonId, String> = HashMap::new();
        let mut lines = Vec::with_capacity(log.len());
        let mut ticket: Option<Ticket> = None;
        for (place, recorded) in log.iter().enumerate() {
            let by = match &recorded.by {
                Actor::Agent(name) => name.0.clone(),
                Actor::Desk => "the desk".to_owned(),
                Actor::Person(id) => match names.get(id) {
                    Some(name) => name.clone(),
                    None => {
                        let person = self.person(*id)?;
                        let agent = self.rules.staff.agent_of(&person).map(|agent| agent.name.0.clone());
                        names.entry(*id).or_insert(agent.unwrap_or(person.name)).clone()
                    }
                },
            };
            let mut what = activity::line(&recorded.event, ticket.as_ref(), &by);
            if let Event::CustomerSet { customer } = recorded.event
                && ticket.as_ref().is_none_or(|ticket| ticket.customer.is_none())
            {
                what = format!("the customer is {}", self.person(customer)?.name);
            }
            if let Event::Noted { entry, .. } = recorded.event
                && let Some(text) = self.reader.note_text(entry)?
            {
                what.push_str(": ");
                what.push_str(&text);
            }
            // Undoing changes what was before, so that what follows is told of the ticket without it.
            ticket = match recorded.event {
                Event::Undone { .. } => fold(&log[..=place]),
                _ => apply(ticket, recorded),
            };
            lines.push(ActivityLine {
                event: recorded.id,
                at: recorded.at,
                by,
                episode: ticket.as_ref().map_or(1, |ticket| ticket.episode),
                what,
                message_id: match recorded.event {
                    Event::Wrote { message, .. } | Event::Edited { message } | Event::Deleted { message } => {
                        Some(message)
                    }
                    _ => None,
                },
                undone: undone.contains(&recorded.id),
            });
        }
        Ok(lines)
    }
}
