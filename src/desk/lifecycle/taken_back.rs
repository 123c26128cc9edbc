//! What becomes of the actions that came along with a reply when the reply is taken back before it has left.

use super::decide::is_about_done;
use crate::desk::event::{Event, Recorded};
use crate::desk::ids::EventId;
use crate::desk::ticket::Ticket;

/// Tells what is taken back with a reply that never left: of the events that came along with it those that still hold, and why another
/// one stays.
///
/// A move of status is taken back if it is still the ticket's newest and nobody has written since; tags and priority if nobody has
/// changed them since. `log` is the ticket's whole log.
pub fn taken_back(ticket: &Ticket, brought: &[EventId], log: &[Recorded]) -> (Vec<Event>, Option<String>) {
    let mut events = Vec::new();
    let mut kept = Vec::new();
    let undone = |id: EventId| log.iter().any(|one| one.event == Event::Undone { event: id });
    for one in log.iter().filter(|one| brought.contains(&one.id) && !undone(one.id)) {
        let since =
            || log.iter().filter(|later| later.id > one.id && !brought.contains(&later.id) && !undone(later.id));
        let holds = match &one.event {
            Event::Moved { standing, .. } => {
                let newest = ticket.last_move.as_ref().filter(|last| last.event == one.id && !ticket.topic_gone);
                let holds = newest.is_some_and(|last| !(last.written_since && is_about_done(last)));
                if !holds && *standing == ticket.standing {
                    kept.push(format!("{} stays {}: somebody has written since", ticket.key, standing.status));
                } else if !holds {
                    kept.push(format!("{} is {} by a later change", ticket.key, ticket.standing.status));
                }
                holds
            }
            Event::Tagged { added, .. } => !since().any(|later| match &later.event {
                Event::Tagged { added: more, removed } => {
                    added.iter().any(|tag| more.contains(tag) || removed.contains(tag))
                }
                _ => false,
            }),
            Event::PrioritySet { .. } => !since().any(|later| matches!(later.event, Event::PrioritySet { .. })),
            _ => false,
        };
        if holds {
            events.push(Event::Undone { event: one.id });
        }
    }
    (events, (!kept.is_empty()).then(|| kept.join("; ")))
}
