//! What a ticket carries for its clocks: when its resolution stood still, and what the desk has said.

use serde::{Deserialize, Serialize};

use super::clocks::ClockName;
use crate::clock::Timestamp;
use crate::desk::ticket::{Status, Ticket};

/// A time in which the episode's resolution stood still: Pending, or resolved until it was reopened.
///
/// Kept as instants, because how much business time lies in it depends on hours that may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since.
    pub from: Timestamp,
    /// Until; `None` while it lasts.
    pub to: Option<Timestamp>,
}

impl Pause {
    /// How many are kept: beyond it the two oldest become one of their length.
    pub const KEPT: usize = 100;
}

/// What the desk has said of a clock. A clock that starts anew is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Which clock.
    pub clock: ClockName,
    /// What started it.
    pub since: Timestamp,
    /// That it soon runs down.
    pub warned: bool,
    /// That it has run down.
    pub breached: bool,
}

impl Told {
    /// Tells whether this was said of the clock that was started then.
    pub fn is_of(&self, clock: ClockName, since: Timestamp) -> bool {
        (self.clock, self.since) == (clock, since)
    }
}

/// Tells whether the resolution stands still in a status.
fn stands(status: Status) -> bool {
    status == Status::Pending || !status.is_live()
}

impl Ticket {
    /// Folds a change of status into the pauses. To be asked before the standing is changed.
    pub(in crate::desk) fn pause(&mut self, status: Status, at: Timestamp) {
        let open = self.pauses.last_mut().filter(|pause| pause.to.is_none());
        match (open, stands(status)) {
            (Some(pause), false) => pause.to = Some(at.max(pause.from)),
            (None, true) => {
                let after = self.pauses.last().and_then(|pause| pause.to);
                self.pauses.push(Pause { from: after.map_or(at, |after| at.max(after)), to: None });
            }
            (Some(_), true) | (None, false) => {}
        }
        if let [first, second, ..] = self.pauses.as_slice()
            && self.pauses.len() > Pause::KEPT
            && let (Some(end), Some(to)) = (first.to, second.to)
        {
            let to = end + to.since(second.from);
            self.pauses[1] = Pause { from: first.from, to: Some(to) };
            self.pauses.remove(0);
        }
    }

    /// Folds in what the desk has said. Of each clock only the last start is remembered.
    pub(in crate::desk) fn tell(&mut self, clock: ClockName, since: Timestamp, breached: bool) {
        let old = self.told.iter().find(|told| told.is_of(clock, since)).copied();
        self.told.retain(|told| told.clock != clock);
        let old = old.unwrap_or(Told { clock, since, warned: false, breached: false });
        self.told.push(Told { warned: old.warned || !breached, breached: old.breached || breached, ..old });
    }
}
