//! Presence: whether an agent is there to be given work.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A screen at which keys are pressed says so at most this often: who is idle is known no more exactly.
pub const USE_IS_SAID: Duration = Duration::from_secs(10);

/// Whether an agent is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Has a screen open, uses it, and has not said otherwise.
    Available,
    /// Has screens open, and has pressed no key at any of them for long.
    Idle,
    /// Has said so; an open screen changes nothing of it.
    Away,
    /// Has no screen open.
    #[default]
    Offline,
}

impl Presence {
    /// Tells the word of JSON and screens.
    pub const fn label(self) -> &'static str {
        match self {
            Presence::Available => "available",
            Presence::Idle => "idle",
            Presence::Away => "away",
            Presence::Offline => "offline",
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What is known of an agent's presence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The agent has said that they are away.
    pub away: bool,
    /// How many screens of theirs are open.
    pub screens: u32,
    /// No key was pressed at any of them for long.
    pub idle: bool,
    /// Since when it is so; who is idle, since the last key.
    pub since: Timestamp,
}

impl Seen {
    /// Tells it in a word.
    pub const fn presence(&self) -> Presence {
        match (self.away, self.screens, self.idle) {
            (true, ..) => Presence::Away,
            (false, 0, _) => Presence::Offline,
            (false, _, true) => Presence::Idle,
            (false, _, false) => Presence::Available,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_holds_over_an_open_screen_and_the_last_screen_to_close_makes_offline() {
        for (away, screens, idle, word) in [
            (false, 0, false, Presence::Offline),
            (false, 0, true, Presence::Offline),
            (false, 1, false, Presence::Available),
            (false, 2, false, Presence::Available),
            (false, 2, true, Presence::Idle),
            (true, 0, false, Presence::Away),
            (true, 1, false, Presence::Away),
            (true, 1, true, Presence::Away),
        ] {
            let seen = Seen { away, screens, idle, since: Timestamp::default() };
            assert_eq!(seen.presence(), word, "{away} {screens} {idle}");
        }
    }
}
