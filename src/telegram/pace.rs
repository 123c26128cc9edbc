//! The pace of the backfill: a token bucket that all fetches share, and that a FLOOD_WAIT stops for all of them.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

const BURST: f64 = 30.0;
/// A call that goes well makes the next ones this much faster: after a hundred, twice as fast.
const RECOVERY: f64 = 1.007;
/// However often Telegram asks to wait, the pace is at least the wanted one divided by this.
const SLOWEST: f64 = 16.0;

/// A token bucket: 30 calls at once, then so many a second, fewer after Telegram asked to wait. First come, first served.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: f64,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    per_second: f64,
    tokens: f64,
    filled: Instant,
    not_before: Instant,
}

impl Pace {
    /// Makes a full bucket; 0 (or nonsense) calls a second means no limit.
    pub(crate) fn new(per_second: f64) -> Self {
        let now = Instant::now();
        let per_second = if per_second.is_finite() && per_second > 0.0 { per_second } else { 0.0 };
        Self { per_second, bucket: Mutex::new(Bucket { per_second, tokens: BURST, filled: now, not_before: now }) }
    }

    /// Waits until a call may be made. Those who wait are served in their order.
    pub(crate) async fn take(&self) {
        let mut bucket = self.bucket.lock().await;
        if bucket.not_before > Instant::now() {
            sleep_until(bucket.not_before).await;
        }
        if self.per_second == 0.0 {
            return;
        }
        let now = Instant::now();
        let filled = now.duration_since(bucket.filled).as_secs_f64() * bucket.per_second;
        bucket.tokens = (bucket.tokens + filled).min(BURST);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            let missing = Duration::from_secs_f64((1.0 - bucket.tokens) / bucket.per_second);
            sleep_until(now + missing).await;
            bucket.tokens = 1.0;
            bucket.filled = Instant::now();
        }
        bucket.tokens -= 1.0;
        bucket.per_second = (bucket.per_second * RECOVERY).min(self.per_second);
    }

    /// Makes nobody call for a while: Telegram said so. From then on half as many calls are made a second, and slowly more again.
    pub(crate) async fn pause(&self, span: Duration) {
        let mut bucket = self.bucket.lock().await;
        bucket.not_before = bucket.not_before.max(Instant::now() + span);
        bucket.tokens = 0.0;
        bucket.filled = bucket.not_before;
        bucket.per_second = (bucket.per_second / 2.0).max(self.per_second / SLOWEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_burst_is_free_and_then_the_pace_holds() {
        let pace = Pace::new(100.0);
        let start = Instant::now();
        for _ in 0..30 {
            pace.take().await;
        }
        let burst = start.elapsed();
        for _ in 0..10 {
            pace.take().await;
        }
        assert!(
            start.elapsed() - burst >= Duration::from_millis(60),
            "ten calls at 100 a second take a tenth of a second"
        );
    }

    #[tokio::test(flavor = "current_thread")]
    async fn after_a_wait_it_is_slower_and_wins_its_pace_back() {
        let pace = Pace::new(10_000.0);
        let rate = async || pace.bucket.lock().await.per_second;
        pace.pause(Duration::from_millis(1)).await;
        assert!((rate().await - 5_000.0).abs() < 1.0, "half: {}", rate().await);
        for _ in 0..120 {
            pace.take().await;
        }
        assert!((rate().await - 10_000.0).abs() < 1.0, "all of it again: {}", rate().await);
        for _ in 0..20 {
            pace.pause(Duration::from_millis(1)).await;
        }
        assert!((rate().await - 625.0).abs() < 1.0, "never less than a sixteenth: {}", rate().await);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_pause_stops_even_an_unlimited_pace() {
        let pace = Pace::new(0.0);
        pace.pause(Duration::from_millis(50)).await;
        let start = Instant::now();
        pace.take().await;
        assert!(start.elapsed() >= Duration::from_millis(40));
    }
}
