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
use super::hours::Hours;
use super::ids::MessageId;
use super::lifecycle::{apply, effective};
use super::sla::Pause;
use super::ticket::{Status, Ticket};
use crate::clock::Timestamp;

/// One episode of a ticket, as far as the clocks are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub opened_at: Timestamp,
    /// Telegram's date of the first question of the customer or a participant.
    pub asked_at: Option<Timestamp>,
    /// Telegram's date of the first delivered public message of staff after it.
    pub answered_at: Option<Timestamp>,
    /// When it was resolved, or closed without being resolved before; `None` while it is worked on.
    pub done_at: Option<Timestamp>,
    /// How long it was Pending until then.
    pub paused: Duration,
    /// When its resolution stood still: Pending, or resolved until it was reopened.
    pub pauses: Vec<Pause>,
}

impl Episode {
    /// Tells the first response: from the first question to the first answer.
    pub fn first_response(&self) -> Option<Duration> {
        Some(self.answered_at?.since(self.asked_at?))
    }

    /// Tells the resolution: from the beginning until it was done, without the time in Pending.
    pub fn resolution(&self) -> Option<Duration> {
        Some(self.done_at?.since(self.opened_at).saturating_sub(self.paused))
    }

    /// Tells the first response in business time.
    pub fn business_first_response(&self, hours: &Hours) -> Option<Duration> {
        Some(hours.between(self.asked_at?, self.answered_at?))
    }

    /// Tells the resolution in business time, without that of its pauses: what its clock has counted.
    pub fn business_resolution(&self, hours: &Hours) -> Option<Duration> {
        let done = self.done_at?;
        let pause = |pause: &Pause| hours.between(pause.from.min(done), pause.to.unwrap_or(done).min(done));
        let paused: Duration = self.pauses.iter().map(pause).sum();
        Some(hours.between(self.opened_at, done).saturating_sub(paused))
    }

    /// Tells whether it was ended although a question never got an answer.
    pub fn is_without_response(&self) -> bool {
        self.asked_at.is_some() && self.answered_at.is_none() && self.done_at.is_some()
    }
}

/// Tells how long the ticket's current episode took to its first answer, by Telegram's dates.
pub fn first_response(ticket: &Ticket) -> Option<Duration> {
    Some(ticket.first_response_at?.since(ticket.first_asked_at?))
}

/// Tells the episodes of one ticket from its whole log, oldest first; what was undone does not count.
pub fn episodes<'a>(log: impl IntoIterator<Item = &'a Recorded> + Clone) -> Vec<Episode> {
    let mut done = Vec::new();
    let mut ticket = None;
    let mut pending = Pauses::default();
    for recorded in effective(log) {
        let was = ticket.as_ref().map(|ticket: &Ticket| ticket.standing.status);
        if let (Event::Opened { .. }, Some(before)) = (&recorded.event, &ticket) {
            done.push(episode(before, pending.total));
            pending = Pauses::default();
        }
        ticket = apply(ticket, recorded);
        let is = ticket.as_ref().map(|ticket: &Ticket| ticket.standing.status);
        if was != is {
            pending.turn(is == Some(Status::Pending), recorded.at);
        }
    }
    done.extend(ticket.as_ref().map(|ticket| episode(ticket, pending.total)));
    done
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

fn episode(ticket: &Ticket, paused: Duration) -> Episode {
    Episode {
        number: ticket.episode,
        opened_at: ticket.opened_at,
        asked_at: ticket.first_asked_at,
        answered_at: ticket.first_response_at,
        done_at: ticket.resolved_at.or(ticket.closed_at),
        paused,
        pauses: ticket.pauses.clone(),
    }
}

/// The time an episode has spent in Pending.
#[derive(Default)]
struct Pauses {
    since: Option<Timestamp>,
    total: Duration,
}

impl Pauses {
    fn turn(&mut self, pending: bool, at: Timestamp) {
        if let Some(since) = self.since.take() {
            self.total += at.since(since);
        }
        self.since = pending.then_some(at);
    }
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
