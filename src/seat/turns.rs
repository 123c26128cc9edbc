//! When a seat hears of what has changed. All would ask what is new in the same moment, and again and again, and whoever has just
//! pressed a key would wait behind all of them: so they hear of it one after the other, and the more there are, the less often.

use std::time::Duration;

/// So much later than the one before it a seat hears of something.
const TURN: Duration = Duration::from_millis(4);

/// The last of many does not hear of it later than that.
const LAST: Duration = Duration::from_millis(250);

/// So much time for each seat passes before a seat hears of something again: each of 50 does once a second.
const ROUND: Duration = Duration::from_millis(20);

/// However many there are, they hear so often.
const LONGEST: Duration = Duration::from_secs(1);

/// Tells how long a seat waits for its turn: `place` seats of `seats` were there before it, and it was `told` something so long ago.
pub(super) fn wait(place: usize, seats: usize, told: Option<Duration>) -> Duration {
    let times = |part: Duration, count: usize| part.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    let round = times(ROUND, seats).min(LONGEST);
    times(TURN, place).min(LAST).max(told.map_or(Duration::ZERO, |told| round.saturating_sub(told)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hears_at_once_and_fifty_one_after_the_other_once_a_second() {
        let ms = Duration::from_millis;
        assert_eq!(wait(0, 1, None), ms(0));
        assert_eq!(wait(0, 1, Some(ms(20))), ms(0), "at most fifty times a second");
        assert_eq!((wait(1, 3, None), wait(49, 50, None), wait(200, 201, None)), (ms(4), ms(196), ms(250)));
        assert_eq!(wait(2, 50, Some(ms(100))), ms(900));
        assert_eq!(wait(2, 256, Some(ms(400))), ms(600), "never less often");
        assert_eq!(wait(2, 50, Some(ms(9_000))), ms(8));
    }
}
