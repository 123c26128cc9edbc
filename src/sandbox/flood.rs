//! How often a bot may send into one group: so many messages in any minute, as Telegram limits them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::clock::Timestamp;

use super::world::Refusal;

const MINUTE: Duration = Duration::from_secs(60);

/// Counts what was sent in the last minute, by account and group.
#[derive(Debug)]
pub(super) struct Flood {
    per_minute: usize,
    sent: HashMap<(i64, i64), VecDeque<Timestamp>>,
}

impl Flood {
    /// Makes a limit; 0 is none.
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX), sent: HashMap::new() }
    }

    /// Counts `count` messages, or refuses them all and says how many seconds to wait.
    pub(super) fn take(&mut self, account: i64, group: i64, count: usize, now: Timestamp) -> Result<(), Refusal> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let sent = self.sent.entry((account, group)).or_default();
        while sent.front().is_some_and(|at| now.since(*at) >= MINUTE) {
            sent.pop_front();
        }
        let excess = (sent.len() + count).saturating_sub(self.per_minute);
        if excess == 0 {
            sent.extend(std::iter::repeat_n(now, count));
            return Ok(());
        }
        // As many of the oldest must leave the minute as there are too many.
        let last_to_leave = sent.get(excess - 1).copied().unwrap_or(now);
        let wait = (last_to_leave + MINUTE).since(now).as_millis().div_ceil(1000).max(1);
        Err(Refusal::new(420, &format!("FLOOD_WAIT_{wait}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_slides_and_the_wait_is_exact() {
        let mut flood = Flood::new(2);
        let at = |seconds: i64| Timestamp::from_unix(1000 + seconds);
        assert_eq!(flood.take(1, 9, 1, at(0)), Ok(()));
        assert_eq!(flood.take(1, 9, 1, at(10)), Ok(()));
        assert_eq!(flood.take(1, 9, 1, at(20)), Err(Refusal::new(420, "FLOOD_WAIT_40")));
        assert_eq!(flood.take(2, 9, 1, at(20)), Ok(()), "another account");
        assert_eq!(flood.take(1, 9, 2, at(60)), Err(Refusal::new(420, "FLOOD_WAIT_10")));
        assert_eq!(flood.take(1, 9, 1, at(60)), Ok(()));
        assert_eq!(Flood::new(0).take(1, 9, 1000, at(0)), Ok(()));
    }
}
