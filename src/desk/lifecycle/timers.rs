//! When time itself moves a ticket.

use super::Happening;
use crate::clock::Timestamp;
use crate::desk::rules::Rules;
use crate::desk::ticket::{PendingReason, Status, Ticket};

/// Tells when the ticket has to be looked at next, and what happens to it then.
///
/// The instant may lie in the past (the desk was not running): then it is due now. Once [`super::happen`] has been asked at or
/// after it and its events are applied, the answer is another one.
pub fn next_wake(ticket: &Ticket, rules: &Rules) -> Option<(Timestamp, Happening)> {
    [
        (until(ticket), Happening::UntilReached),
        (snooze_end(ticket), Happening::SnoozeEnded),
        (inactivity(ticket, rules), Happening::Inactive),
    ]
    .into_iter()
    .filter_map(|(due, what)| Some((due?, what)))
    .min_by_key(|(due, _)| *due)
}

/// Tells when a pending ticket comes back by itself.
pub(super) fn until(ticket: &Ticket) -> Option<Timestamp> {
    ticket.standing.pending.as_ref()?.until
}

/// Tells when a hidden ticket shows again.
pub(super) fn snooze_end(ticket: &Ticket) -> Option<Timestamp> {
    ticket.snoozed_until
}

/// Tells when the ticket has been quiet for as long as the rule for its status says.
///
/// Quiet since the last message or the last move, whichever is later, so that a reply or a change of mind starts the time
/// anew. A ticket that is pending until a date waits for that date.
pub(super) fn inactivity(ticket: &Ticket, rules: &Rules) -> Option<Timestamp> {
    let after = match ticket.standing.status {
        Status::InProgress if ticket.staff_spoke_last && ticket.waiting.is_none() => rules.auto_pending_after?,
        Status::Pending => match &ticket.standing.pending {
            Some(pending) if pending.reason == PendingReason::Customer && pending.until.is_none() => {
                rules.auto_resolve_pending_after?
            }
            _ => return None,
        },
        Status::Resolved => rules.auto_close_after?,
        Status::Open | Status::Assigned | Status::InProgress | Status::Closed => return None,
    };
    let moved_at = ticket.last_move.as_ref().map(|last| last.at);
    // Nudges come first: each leaves the customer the whole time again.
    let quiet = ticket.staff_wrote_at.max(ticket.asked_at).max(moved_at).max(ticket.resolved_at).max(ticket.nudged_at);
    Some(quiet.unwrap_or(ticket.opened_at) + after)
}
