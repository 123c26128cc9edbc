//! The line: which tickets wait to be given away, in which order, and when one is taken back from its assignee.

use super::Roster;
use crate::clock::Timestamp;
use crate::desk::event::Lapse;
use crate::desk::presence::{Presence, Seen};
use crate::desk::ticket::{Status, Ticket};

/// Tells whether a ticket waits to be given away, now or after it is no longer held: it came in while the desk was followed, was
/// taken back from somebody, or an agent has named its team; it is nobody's, and not hidden.
pub fn is_in_line(ticket: &Ticket) -> bool {
    (ticket.taken_in || (ticket.team_by_hand && ticket.team.is_some()))
        && ticket.standing.status == Status::Open
        && ticket.standing.assignee.is_none()
        && ticket.snoozed_until.is_none()
        && !ticket.topic_gone
}

/// Tells a ticket's place in the line, lowest first: urgent ones before the others, then whoever has waited longest.
pub fn rank(ticket: &Ticket) -> i64 {
    // Beyond the year 2286; the store's integers hold four of them.
    const STEP: i64 = 10_000_000_000_000;
    let since = ticket.waiting.as_ref().map_or(ticket.opened_at, |waiting| waiting.since);
    i64::from(3 - ticket.priority.rank()) * STEP + since.millis().clamp(0, STEP - 1)
}

/// Tells whether a ticket takes room in its assignee's hands: what is pending waits for others.
pub fn counts(status: Status) -> bool {
    matches!(status, Status::Assigned | Status::InProgress)
}

/// Tells when a ticket is taken back from its assignee, and why: nobody has answered for so long, in the assignee's hours; or the assignee
/// has been away for so long. What was before `live_since` does not count. `None`: not by itself.
pub fn deadline(ticket: &Ticket, roster: &Roster<'_>, live_since: Timestamp) -> Option<(Timestamp, Lapse)> {
    let after = roster.routing.reassign_after?;
    // Whoever has hidden a ticket has said when they come back to it.
    let works = counts(ticket.standing.status) && ticket.snoozed_until.is_none();
    let assignee = ticket.standing.assignee.as_ref().filter(|_| works)?;
    let since = ticket.waiting.as_ref()?.since.max(ticket.assigned_at.unwrap_or_default()).max(live_since);
    let hours = roster.routing.duty(assignee).and_then(|duty| roster.hours.get(duty.hours.as_ref()?));
    let silent = match hours {
        Some(hours) => hours.add(since, after),
        None => Some(since + after),
    };
    let away = roster.seen.get(assignee).filter(|seen| seen.presence() == Presence::Away);
    let away = away.map(|Seen { since: left, .. }| since.max(*left) + after);
    match (silent, away) {
        (silent, Some(away)) if silent.is_none_or(|silent| away <= silent) => Some((away, Lapse::Away)),
        (Some(silent), _) => Some((silent, Lapse::Silent)),
        (None, _) => None,
    }
}
