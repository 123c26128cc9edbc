//! Dates and spans as the command line reads and prints them, in the agent's time zone.

use std::time::Duration;

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::config::duration;

/// The agent's time zone, or the machine's.
#[derive(Clone, Copy)]
pub(super) struct Zone(pub(super) Option<Tz>);

impl Zone {
    /// Tells the wall clock's date and time at an instant.
    pub(super) fn local(self, at: Timestamp) -> NaiveDateTime {
        match self.0 {
            Some(zone) => at.to_utc().with_timezone(&zone).naive_local(),
            None => at.to_utc().with_timezone(&Local).naive_local(),
        }
    }

    /// Writes a date and time: `2026-11-22 13:31`.
    pub(super) fn moment(self, at: Timestamp) -> String {
        self.local(at).format("%Y-%m-%d %H:%M").to_string()
    }

    /// Writes the time of day.
    pub(super) fn time(self, at: Timestamp) -> String {
        self.local(at).format("%H:%M").to_string()
    }

    /// Writes a day: `Sun 22 Nov 2026`.
    pub(super) fn day(self, at: Timestamp) -> String {
        self.local(at).format("%a %-d %b %Y").to_string()
    }

    /// Reads an instant to come: a span from now (`2h`, `3d`), `tomorrow`, a date, a date and time, a time of day, RFC 3339.
    /// Days without a time mean nine in the morning.
    pub(super) fn parse(self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock exists");
        let text = text.trim();
        if let Ok(span) = duration::parse(text) {
            return Ok(now + span);
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(at.to_utc().into());
        }
        let today = self.local(now);
        let local = if text == "tomorrow" {
            today.date().checked_add_days(Days::new(1)).map(|day| day.and_time(MORNING))
        } else if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Some(day.and_time(MORNING))
        } else if let Ok(time) = NaiveTime::parse_from_str(text, "%H:%M") {
            let day =
                if time > today.time() { Some(today.date()) } else { today.date().checked_add_days(Days::new(1)) };
            day.map(|day| day.and_time(time))
        } else {
            ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        };
        local.and_then(|local| self.instant(local)).ok_or_else(|| {
            format!(
                "`{}` is no time: write for example 2h, 3d, 14:30, tomorrow or \"2026-11-25 09:00\"",
                text.escape_debug()
            )
        })
    }

    /// Reads an instant that has passed: a span back from now (`30d`, `8h`), a day (its beginning), a date and time, RFC 3339, `today`,
    /// `yesterday`, `now`.
    pub(super) fn past(self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let text = text.trim();
        if let Ok(span) = duration::parse(text) {
            return Ok(now - span);
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(at.to_utc().into());
        }
        let today = self.local(now).date();
        let local = match text {
            "now" => return Ok(now),
            "today" => Some(today.and_time(NaiveTime::MIN)),
            "yesterday" => today.checked_sub_days(Days::new(1)).map(|day| day.and_time(NaiveTime::MIN)),
            _ => match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
                Ok(day) => Some(day.and_time(NaiveTime::MIN)),
                Err(_) => ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
                    .iter()
                    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()),
            },
        };
        local.and_then(|local| self.instant(local)).ok_or_else(|| {
            format!(
                "`{}` is no time: write for example 30d, 8h, today, 2026-11-01 or \"2026-11-01 09:00\"",
                text.escape_debug()
            )
        })
    }

    fn instant(self, local: NaiveDateTime) -> Option<Timestamp> {
        // An hour that a clock change takes away is read as the hour after it.
        fn find<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<Timestamp> {
            let later = || zone.from_local_datetime(&(local + chrono::Duration::hours(1))).earliest();
            zone.from_local_datetime(&local).latest().or_else(later).map(|at| at.to_utc().into())
        }
        match self.0 {
            Some(zone) => find(&zone, local),
            None => find(&Local, local),
        }
    }
}

/// Writes how long ago something was, in its largest unit: `12m`, `3h`, `2d`.
pub(super) fn ago(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_people_write_them() {
        let zone = Zone(Some(chrono_tz::Europe::Kyiv));
        // 2026-11-22 15:31 in Kyiv, which is two hours ahead of UTC in winter.
        let now = Timestamp::parse_rfc3339("2026-11-22T13:31:00Z").expect("a date");
        for (text, at) in [
            ("2h", "2026-11-22T15:31:00Z"),
            ("tomorrow", "2026-11-23T07:00:00Z"),
            ("2026-11-25", "2026-11-25T07:00:00Z"),
            ("2026-11-25 14:30", "2026-11-25T12:30:00Z"),
            ("18:00", "2026-11-22T16:00:00Z"),
            ("09:00", "2026-11-23T07:00:00Z"),
            ("2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z"),
        ] {
            assert_eq!(zone.parse(text, now).map(Timestamp::rfc3339).as_deref(), Ok(at), "{text}");
        }
        for (text, at) in [
            ("8h", "2026-11-22T05:31:00Z"),
            ("today", "2026-11-21T22:00:00Z"),
            ("yesterday", "2026-11-20T22:00:00Z"),
            ("now", "2026-11-22T13:31:00Z"),
            ("2026-11-01", "2026-10-31T22:00:00Z"),
            ("2026-11-01 09:00", "2026-11-01T07:00:00Z"),
            ("2026-11-01T09:00:00Z", "2026-11-01T09:00:00Z"),
        ] {
            assert_eq!(zone.past(text, now).map(Timestamp::rfc3339).as_deref(), Ok(at), "{text}");
        }
        assert!(zone.past("tomorrow", now).expect_err("is none").contains("30d"));
        assert!(zone.parse("someday", now).expect_err("is none").contains("tomorrow"));
        assert_eq!(zone.moment(now), "2026-11-22 15:31");
    }
}
