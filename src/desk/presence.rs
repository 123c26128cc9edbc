//! Presence: whether an agent is there to be given work.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Whether an agent is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Has a screen open, and has not said otherwise.
    Available,
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
    /// Since when it is so.
    pub since: Timestamp,
}

impl Seen {
    /// Tells it in a word.
    pub const fn presence(&self) -> Presence {
        match (self.away, self.screens) {
            (true, _) => Presence::Away,
            (false, 0) => Presence::Offline,
            (false, _) => Presence::Available,
        }
    }

    /// Makes what is known after a change at `at`: the word's beginning moves only if the word does.
    #[must_use]
    pub fn changed(self, away: bool, screens: u32, at: Timestamp) -> Seen {
        let after = Seen { away, screens, since: self.since };
        if after.presence() == self.presence() { after } else { Seen { since: at, ..after } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_holds_over_an_open_screen_and_the_last_screen_to_close_makes_offline() {
        for (away, screens, word) in [
            (false, 0, Presence::Offline),
            (false, 1, Presence::Available),
            (false, 2, Presence::Available),
            (true, 0, Presence::Away),
            (true, 1, Presence::Away),
        ] {
            assert_eq!(Seen { away, screens, since: Timestamp::default() }.presence(), word, "{away} {screens}");
        }
        let (noon, later) = (Timestamp::from_millis(12), Timestamp::from_millis(13));
        let seen = Seen::default().changed(false, 1, noon);
        assert_eq!(seen.changed(false, 2, later).since, noon, "a second screen is no news");
        assert_eq!(seen.changed(true, 1, later).since, later);
    }
}
