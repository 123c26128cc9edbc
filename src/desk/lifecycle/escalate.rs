//! What an escalation does to a ticket, as events of the desk.

use super::decide::assign;
use crate::desk::escalation::{Raise, Rule};
use crate::desk::event::{Event, Why};
use crate::desk::tags::Tag;
use crate::desk::ticket::Ticket;

/// Tells what a rule changes. `reaches`: it also gives the ticket to somebody, if it says so; over its cap it does not.
///
/// Priority is only ever raised; a ticket that is done is given to nobody.
pub fn escalate(ticket: &Ticket, rule: &Rule, reaches: bool) -> Vec<Event> {
    let mut events = Vec::new();
    let priority = match rule.priority {
        Some(Raise::To(priority)) => priority.max(ticket.priority),
        Some(Raise::Once) => ticket.priority.raised(),
        None => ticket.priority,
    };
    if priority != ticket.priority {
        events.push(Event::PrioritySet { priority });
    }
    let added: Vec<Tag> = rule.add_tags.iter().filter(|tag| !ticket.tags.contains(tag)).cloned().collect();
    if !added.is_empty() {
        events.push(Event::Tagged { added, removed: Vec::new() });
    }
    if let Some(to) = rule.assign.as_ref().filter(|_| reaches)
        && let Ok(decision) = assign(ticket, to, Why::AssignedTo)
    {
        events.extend(decision.events);
    }
    events
}
