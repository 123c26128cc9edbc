//! What can be counted from the logs: first and next responses, resolutions, reopens, backlog; by agent, day and hour.
//!
//! [`courses`] tells what each episode of one ticket came to, [`Tally`] gathers the courses of all tickets into a [`Report`].
//! How the time between two instants is counted is an argument of both: [`plain`] is the time on the wall.
//! Deadlines are kept apart, in [`super::sla`].

use std::time::Duration;

mod course;
mod report;
mod tally;

pub use course::{Answer, Course, Done, Hold, Reopen, Span, Who, courses, plain};
pub use report::{Figures, Report, Row, Spread, Step};
pub use tally::{Frame, Tally};

use super::event::{Event, Recorded};
use super::ids::MessageId;
use super::lifecycle::{apply, effective};
use super::ticket::Ticket;

/// Tells how long the ticket's current episode took to its first answer, by Telegram's dates.
pub fn first_response(ticket: &Ticket) -> Option<Duration> {
    Some(ticket.first_response_at?.since(ticket.first_asked_at?))
}

/// Tells the messages that were the first answer of an episode, from the ticket's whole log; what was undone does not count.
pub fn first_answers<'a>(log: impl IntoIterator<Item = &'a Recorded> + Clone) -> Vec<MessageId> {
    let mut first = Vec::new();
    let mut ticket: Option<Ticket> = None;
    for recorded in effective(log) {
        let before = ticket.as_ref().and_then(|ticket| ticket.first_response_at);
        ticket = apply(ticket, recorded);
        let after = ticket.as_ref().and_then(|ticket| ticket.first_response_at);
        if let (Event::Wrote { message, .. }, None, Some(_)) = (&recorded.event, before, after) {
            first.push(*message);
        }
    }
    first
}

/// Tells the median: the middle one, or half-way between the middle two. `None` for no spans.
pub fn median(spans: &mut [Duration]) -> Option<Duration> {
    spans.sort_unstable();
    let middle = spans.len() / 2;
    let upper = *spans.get(middle)?;
    if spans.len() % 2 == 1 { Some(upper) } else { Some((spans[middle - 1] + upper) / 2) }
}

/// Tells the smallest span that at least `percent` in a hundred do not exceed (nearest rank). `None` for no spans.
pub fn percentile(spans: &mut [Duration], percent: u8) -> Option<Duration> {
    spans.sort_unstable();
    let rank = (spans.len() * usize::from(percent.min(100))).div_ceil(100);
    spans.get(rank.saturating_sub(1)).copied()
}
