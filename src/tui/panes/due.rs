//! What is due: time left or overdue, in words first and then in colour.

use std::time::Duration;

use ratatui::style::Style;

use super::super::model::Model;
use super::super::until::age;
use crate::clock::Timestamp;
use crate::engine::views::{ClockName, ClockState, ClockView, DueView, SlaView, TicketRow};

/// How wide the column of a queue is.
pub(crate) const WIDTH: usize = 8;

/// From how many columns on a queue has one.
const WIDE: usize = 72;

/// From how many columns on a heading has room for words.
const ROOMY: usize = 100;

/// Tells whether the queue has a column for it.
pub(crate) fn has_column(model: &Model, width: usize) -> bool {
    has_policies(model) && width >= WIDE
}

/// Tells whether tickets are due at all.
pub(crate) fn has_policies(model: &Model) -> bool {
    model.desk.as_ref().is_some_and(|desk| desk.sla)
}

/// Tells what is due in a column's width: `45m`, `!12m` when the desk has warned, `late 2h`.
pub(crate) fn short(model: &Model, row: &TicketRow) -> String {
    let Some(due) = &row.due else { return "-".to_owned() };
    let now = model.aged;
    if due.at <= now {
        let late = now.since(due.at);
        // What would not fit is cut by the column, and less would stand there than it is.
        return match late.as_secs() / 86_400 {
            0..100 => format!("late {}", brief(age(late))),
            days @ 100..700 => format!("late {}w", days / 7),
            days => format!("late {}y", days / 365),
        };
    }
    let left = left(due.at, now);
    if due.warns_at <= now { format!("!{left}") } else { left }
}

/// Tells the time until then: a minute that has begun is there still.
fn left(at: Timestamp, now: Timestamp) -> String {
    brief(age(at.since(now) + Duration::from_secs(59)))
}

/// What is less than a minute is no word but a number here.
fn brief(age: String) -> String {
    if age == "now" { "0m".to_owned() } else { age }
}

/// Tells how it should look; the words tell the same.
pub(crate) fn style(model: &Model, due: &DueView) -> Style {
    if due.at <= model.aged {
        model.theme.warning
    } else if due.warns_at <= model.aged {
        model.theme.strong
    } else {
        model.theme.dim
    }
}

/// Tells it where there is no column: nothing while there is time.
pub(crate) fn remark(model: &Model, row: &TicketRow) -> String {
    match &row.due {
        Some(due) if due.warns_at <= model.aged || due.at <= model.aged => format!("({}) ", short(model, row)),
        _ => String::new(),
    }
}

/// Tells it for a heading: in words, or short where there is little room.
pub(crate) fn heading(model: &Model, row: &TicketRow, due: &DueView, room: usize) -> String {
    if room < ROOMY { short(model, row) } else { words(model, due) }
}

/// Tells it in words: `first response in 12m`, `resolution late 2h`.
pub(crate) fn words(model: &Model, due: &DueView) -> String {
    when(model, due.clock, due.at)
}

/// Tells when a clock runs down, or how long ago it has.
pub(crate) fn when(model: &Model, clock: ClockName, at: Timestamp) -> String {
    let now = model.now;
    if at <= now {
        return format!("{} late {}", clock.title(), brief(age(now.since(at))));
    }
    format!("{} in {}", clock.title(), left(at, now))
}

/// Tells a ticket's policy and clocks as facts: a name of at most ten characters and its value.
pub(crate) fn facts(model: &Model, sla: &SlaView) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let Some(policy) = &sla.policy else {
        facts.push(("policy", "none fits".to_owned()));
        return facts;
    };
    let closed = match sla.opens_at {
        Some(at) => format!(", closed until {}", model.zone.moment(at, model.now)),
        None => String::new(),
    };
    facts.push(("policy", format!("{policy}{closed}")));
    for clock in &sla.clocks {
        let name = match clock.clock {
            ClockName::FirstResponse => "1st answer",
            ClockName::NextResponse => "answer",
            ClockName::Resolution => "resolve",
        };
        facts.push((name, state(model, clock)));
    }
    facts
}

fn state(model: &Model, clock: &ClockView) -> String {
    let moment = |at| model.zone.moment(at, model.now);
    match (clock.state, clock.deadline) {
        (ClockState::Running, Some(at)) if at <= model.now => {
            format!("late {}, was due {}", brief(age(model.now.since(at))), moment(at))
        }
        (ClockState::Running, Some(at)) => format!("in {}, {}", left(at, model.now), moment(at)),
        (ClockState::Running, None) => "no deadline".to_owned(),
        (ClockState::Paused { .. }, Some(at)) => format!("paused, was due {}", moment(at)),
        (ClockState::Paused { .. }, None) => {
            format!("paused, {} left", brief(age(Duration::from_secs(clock.left_seconds))))
        }
        (ClockState::Ended { .. }, Some(at)) => format!("late, was due {}", moment(at)),
        (ClockState::Ended { .. }, None) => "kept".to_owned(),
    }
}
