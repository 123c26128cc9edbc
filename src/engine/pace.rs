//! The pace: how fast the desk may ask something of Telegram in a group, so that it never meets the flood limit.
//!
//! A token bucket, and never more than its rate in any minute. It is worked out from what was asked in the last minute, which is in
//! the store: a restart changes nothing.

use std::time::Duration;

use super::EngineError;
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::ids::GroupId;
use crate::desk::rules::Pace;

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// So much of the bucket is left for replies by what can wait.
const RESERVE: u32 = 2;

/// Tells when the next may go, after these of the last minute, oldest first.
pub(super) fn next(pace: Pace, spent: &[Timestamp]) -> Timestamp {
    let rate = pace.per_minute.max(1);
    let token = MINUTE / rate;
    // When the bucket would be full again (as in GCRA, the generic cell rate algorithm).
    let full = spent.iter().fold(Timestamp::default(), |full, at| full.max(*at) + token);
    let by_bucket = full - token * (pace.burst.max(1) - 1).min(rate);
    let by_minute = spent.len().checked_sub(rate as usize).map(|oldest| spent[oldest] + MINUTE);
    by_minute.map_or(by_bucket, |at| at.max(by_bucket))
}

impl Turn<'_> {
    /// Tells whether something may be asked of Telegram in a group now, and counts it if so; otherwise the outbox wakes when it may.
    ///
    /// Every lane asks here, one after the other, the more important ones first: what asks later gets what they leave.
    pub(super) fn may_go(&mut self, group: GroupId) -> Result<bool, EngineError> {
        self.may_go_within(group, self.rules.pace)
    }

    /// As [`Turn::may_go`], for what can wait: a reply that comes just after finds the bucket not quite empty.
    pub(super) fn may_go_last(&mut self, group: GroupId) -> Result<bool, EngineError> {
        let Pace { per_minute, burst } = self.rules.pace;
        let less = |most: u32| if most == 0 { 0 } else { most.saturating_sub(RESERVE).max(1) };
        self.may_go_within(group, Pace { per_minute: less(per_minute), burst: less(burst) })
    }

    /// Counts what one call has asked for besides the first.
    pub(super) fn spend_more(&mut self, group: GroupId, count: usize) -> Result<(), EngineError> {
        let most = usize::try_from(self.rules.pace.per_minute).unwrap_or(usize::MAX);
        for _ in 0..count.min(most) {
            self.work.spend(group, self.now, self.now - MINUTE)?;
        }
        Ok(())
    }

    fn may_go_within(&mut self, group: GroupId, pace: Pace) -> Result<bool, EngineError> {
        if let Some(at) = self.group(group).send_after.filter(|at| *at > self.now) {
            self.wake_outbox(at);
            return Ok(false);
        }
        if pace.per_minute == 0 {
            return Ok(true);
        }
        let spent = self.work.spent(group, self.now - MINUTE)?;
        let at = if spent.is_empty() { self.now } else { next(pace, &spent) };
        if at > self.now {
            self.wake_outbox(at);
            return Ok(false);
        }
        self.work.spend(group, self.now, self.now - MINUTE)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + millis)
    }

    /// Sends as soon as it may, so many times, and tells when that was, in milliseconds.
    fn all(pace: Pace, count: usize) -> Vec<i64> {
        let mut sent: Vec<Timestamp> = Vec::new();
        let mut now = at(0);
        for _ in 0..count {
            let last_minute: Vec<_> = sent.iter().copied().filter(|sent| now.since(*sent) < MINUTE).collect();
            if !last_minute.is_empty() {
                now = now.max(next(pace, &last_minute));
            }
            sent.push(now);
        }
        sent.iter().map(|sent| sent.millis() - at(0).millis()).collect()
    }

    #[test]
    fn a_burst_then_the_rate_and_never_more_in_any_minute() {
        let sent = all(Pace { per_minute: 18, burst: 5 }, 60);
        assert_eq!(sent[..7], [0, 0, 0, 0, 0, 3332, 6665], "{sent:?}");
        for (place, from) in sent.iter().enumerate() {
            let in_a_minute = sent[place..].iter().filter(|to| **to - from < 60_000).count();
            assert!(in_a_minute <= 18, "{in_a_minute} from {from}");
        }
        assert!(sent[54] <= 3 * 60_000 + 1_000, "and the rate is used: {sent:?}");
    }

    #[test]
    fn a_pause_fills_the_bucket_and_no_more() {
        let pace = Pace { per_minute: 6, burst: 2 };
        assert_eq!(next(pace, &[at(0)]), at(0) - Duration::from_secs(0));
        assert_eq!(next(pace, &[at(0), at(0)]), at(10_000));
        assert_eq!(next(pace, &[at(0), at(0), at(30_000)]), at(30_000));
        assert_eq!(next(pace, &[at(0), at(0), at(30_000), at(30_000)]), at(40_000));
        assert_eq!(next(Pace { per_minute: 2, burst: 9 }, &[at(0), at(5)]), at(60_000));
    }
}
