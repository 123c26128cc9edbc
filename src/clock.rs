//! Time as values: [`Timestamp`], an instant, and [`Clock`], the one place that asks what time it is.
//!
//! Nothing else in the house reads the system clock for a decision: rules and engine take `now` as an input, so a test
//! can step through a week in a millisecond.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Serialised as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Makes an instant from Unix seconds, the unit of Telegram's `date`.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Makes an instant from Unix milliseconds, the unit of the store.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Tells the whole Unix seconds, rounded towards the past.
    pub const fn unix(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Tells the Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Tells how long ago `earlier` was; zero if it lies in the future.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Converts to a calendar date and time in UTC; instants out of chrono's range become the epoch.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// Formats as RFC 3339 in UTC, to the second: `2026-11-22T13:31:05Z`.
    pub fn rfc3339(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// Parses RFC 3339 with any offset.
    ///
    /// # Errors
    /// Tells why the text is not a date and time.
    pub fn parse_rfc3339(text: &str) -> Result<Self, chrono::ParseError> {
        Ok(DateTime::parse_from_rfc3339(text)?.to_utc().into())
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(value: DateTime<Utc>) -> Self {
        Self(value.timestamp_millis())
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).map_err(de::Error::custom)
    }
}

/// Tells the time: the system's, or one that a test steps by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's wall clock.
    System,
    /// A clock that stands still until [`Clock::step`] moves it. Clones share the time.
    Stepped(Arc<AtomicI64>),
}

impl Clock {
    /// Makes a clock that stands at `start`.
    pub fn stepped(start: Timestamp) -> Self {
        Clock::Stepped(Arc::new(AtomicI64::new(start.millis())))
    }

    /// Tells the time now.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Utc::now().into(),
            Clock::Stepped(millis) => Timestamp(millis.load(Ordering::SeqCst)),
        }
    }

    /// Moves a stepped clock forward; the system clock is left alone.
    pub fn step(&self, span: Duration) {
        if let Clock::Stepped(millis) = self {
            millis.fetch_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_survives_json() {
        let at = Timestamp::from_millis(1_795_354_265_123);
        let text = serde_json::to_string(&at).expect("serialises");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).expect("parses"), at);
        assert_eq!(Timestamp::from_unix(0).rfc3339(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_stepped_clock_moves_only_by_hand() {
        let clock = Clock::stepped(Timestamp::from_unix(10));
        let twin = clock.clone();
        clock.step(Duration::from_secs(5));
        assert_eq!(twin.now(), Timestamp::from_unix(15));
        assert_eq!(twin.now().since(Timestamp::from_unix(20)), Duration::ZERO);
    }
}
