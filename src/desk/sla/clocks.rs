//! The three clocks of an episode, read from the ticket's instants.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Policy;
use crate::clock::Timestamp;
use crate::desk::hours::Hours;
use crate::desk::ticket::{Status, Ticket};

/// Which clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockName {
    /// From the episode's first question to the first public message of staff.
    FirstResponse,
    /// While somebody waits, after the first answer.
    NextResponse,
    /// From opened to resolved, but for Pending.
    Resolution,
}

impl ClockName {
    /// All of them.
    pub const ALL: [ClockName; 3] = [ClockName::FirstResponse, ClockName::NextResponse, ClockName::Resolution];

    /// Tells the word of JSON and of `desk.toml`: `first_response`.
    pub const fn label(self) -> &'static str {
        match self {
            ClockName::FirstResponse => "first_response",
            ClockName::NextResponse => "next_response",
            ClockName::Resolution => "resolution",
        }
    }

    /// Tells the words of a screen: `first response`.
    pub const fn title(self) -> &'static str {
        match self {
            ClockName::FirstResponse => "first response",
            ClockName::NextResponse => "next response",
            ClockName::Resolution => "resolution",
        }
    }
}

/// What a clock is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Its time runs in business hours.
    Running,
    /// It stands still and will go on from there.
    Paused {
        /// Since when.
        since: Timestamp,
    },
    /// What was promised is done.
    Ended {
        /// When.
        at: Timestamp,
    },
}

/// A clock with its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaClock {
    /// Which.
    pub clock: ClockName,
    /// The business time that is promised.
    pub target: Duration,
    /// What started it.
    pub started: Timestamp,
    /// What it is doing.
    pub state: ClockState,
    /// When it has run down or will have. `None`: not before it was paused or ended.
    pub deadline: Option<Timestamp>,
    /// When the desk warns; `None` likewise.
    pub warns_at: Option<Timestamp>,
    /// The business time that was left when it was paused or ended; `None` while it runs or when it has run down.
    pub left: Option<Duration>,
}

impl SlaClock {
    /// Tells whether it has run down by `now`.
    pub fn is_breached(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|deadline| self.state != ClockState::Running || deadline <= now)
    }

    /// Tells the business time that is left at `now`; none when it has run down.
    pub fn left_at(&self, now: Timestamp, hours: &Hours) -> Duration {
        match self.deadline {
            Some(deadline) => hours.between(now, deadline),
            None => self.left.unwrap_or_default(),
        }
    }
}

/// A stretch in which a clock's time counts; without an end it runs still.
#[derive(Clone, Copy)]
struct Run {
    from: Timestamp,
    to: Option<Timestamp>,
}

/// Reads the clocks that a policy has targets for and that something has started.
pub(super) fn read(ticket: &Ticket, policy: &Policy, hours: &Hours) -> Vec<SlaClock> {
    let mut clocks = Vec::with_capacity(3);
    for clock in ClockName::ALL {
        let Some(target) = policy.target(clock) else { continue };
        let Some((runs, state)) = (match clock {
            ClockName::FirstResponse => first_response(ticket),
            ClockName::NextResponse => next_response(ticket, policy.first_response.is_some()),
            ClockName::Resolution => Some(resolution(ticket)),
        }) else {
            continue;
        };
        let Some(started) = runs.first().map(|run| run.from) else { continue };
        let (deadline, left) = match reach(hours, &runs, target) {
            Reached::At(at) => (Some(at), None),
            Reached::Not { left } => (None, Some(left)),
        };
        let warns_at = match reach(hours, &runs, policy.warn_before.after(target)) {
            Reached::At(at) => Some(at),
            Reached::Not { .. } => None,
        };
        clocks.push(SlaClock { clock, target, started, state, deadline, warns_at, left });
    }
    clocks
}

enum Reached {
    At(Timestamp),
    Not { left: Duration },
}

/// Tells when `span` of business time has passed in the runs. What ends at that very instant has not gone beyond it.
fn reach(hours: &Hours, runs: &[Run], span: Duration) -> Reached {
    let mut left = span;
    for run in runs {
        let Some(to) = run.to else {
            return hours.add(run.from, left).map_or(Reached::Not { left }, Reached::At);
        };
        let passed = hours.between(run.from, to);
        if left < passed {
            return hours.add(run.from, left).map_or(Reached::Not { left }, Reached::At);
        }
        left -= passed;
    }
    Reached::Not { left }
}

/// When the episode was resolved, or closed without that.
fn done_at(ticket: &Ticket) -> Option<Timestamp> {
    if ticket.standing.status.is_live() {
        return None;
    }
    let moved = || ticket.last_move.as_ref().map(|last| last.at);
    ticket.resolved_at.or(ticket.closed_at).or_else(moved).or(Some(ticket.opened_at))
}

/// From the customer's first message to the first delivered public message of staff. Nobody owes one while nobody waits (no reply was
/// needed), and the next message starts it anew. Resolving without an answer ends it.
fn first_response(ticket: &Ticket) -> Option<(Vec<Run>, ClockState)> {
    let asked = ticket.first_asked_at?;
    if let Some(at) = ticket.first_response_at.or_else(|| done_at(ticket)) {
        return Some((vec![Run { from: asked, to: Some(at) }], ClockState::Ended { at }));
    }
    let from = ticket.waiting.as_ref()?.since.max(asked);
    Some((vec![Run { from, to: None }], ClockState::Running))
}

/// While somebody is owed an answer, in any status: a wait that was left unanswered when the ticket was done has ended with it, one that
/// began later runs. The first wait of an episode belongs to the first response, if there is a target for that.
fn next_response(ticket: &Ticket, first_has_target: bool) -> Option<(Vec<Run>, ClockState)> {
    let from = ticket.owed_since()?;
    if first_has_target && ticket.first_response_at.is_none() && ticket.standing.status.is_live() {
        return None;
    }
    Some((vec![Run { from, to: None }], ClockState::Running))
}

/// From opened to resolved; Pending does not count, nor does the time in which it was resolved before it came back.
fn resolution(ticket: &Ticket) -> (Vec<Run>, ClockState) {
    let mut runs = Vec::with_capacity(ticket.pauses.len() + 1);
    let mut from = Some(ticket.opened_at);
    for pause in &ticket.pauses {
        if let Some(from) = from {
            runs.push(Run { from, to: Some(pause.from) });
        }
        from = pause.to;
    }
    if let Some(at) = done_at(ticket) {
        runs.extend(from.map(|from| Run { from, to: Some(at) }));
        return (runs, ClockState::Ended { at });
    }
    if ticket.standing.status == Status::Pending {
        let since =
            ticket.pauses.last().map(|pause| pause.from).or_else(|| ticket.last_move.as_ref().map(|last| last.at));
        let since = since.unwrap_or(ticket.opened_at);
        runs.extend(from.map(|from| Run { from, to: Some(since) }));
        return (runs, ClockState::Paused { since });
    }
    runs.extend(from.map(|from| Run { from, to: None }));
    (runs, ClockState::Running)
}
