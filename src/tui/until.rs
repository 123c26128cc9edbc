//! Dates and spans as an agent types and reads them, in the agent's time zone.

use std::time::Duration;

use chrono::{DateTime, Datelike, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

use crate::clock::Timestamp;

const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).expect("nine o'clock exists");

/// The zone of a screen: the agent's, or the machine's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone(pub Option<Tz>);

impl Zone {
    /// Tells the wall clock's date and time at an instant.
    pub(crate) fn local(self, at: Timestamp) -> NaiveDateTime {
        match self.0 {
            Some(zone) => at.to_utc().with_timezone(&zone).naive_local(),
            None => at.to_utc().with_timezone(&Local).naive_local(),
        }
    }

    /// Finds the instant of a date and time; the later one when a clock change makes it two, an hour on when it makes it none.
    pub(crate) fn instant(self, local: NaiveDateTime) -> Option<Timestamp> {
        fn resolve<Z: TimeZone>(zone: &Z, local: NaiveDateTime) -> Option<DateTime<Z>> {
            let found = zone.from_local_datetime(&local).latest();
            found.or_else(|| zone.from_local_datetime(&(local + chrono::Duration::hours(1))).latest())
        }
        match self.0 {
            Some(zone) => resolve(&zone, local).map(|at| at.to_utc().into()),
            None => resolve(&Local, local).map(|at| at.to_utc().into()),
        }
    }

    /// Writes the time of day: `13:32`.
    pub(crate) fn time(self, at: Timestamp) -> String {
        self.local(at).format("%H:%M").to_string()
    }

    /// Writes a day: `Sun 22 Nov`, with the year if it is another than now's.
    pub(crate) fn day(self, at: Timestamp, now: Timestamp) -> String {
        let (day, today) = (self.local(at).date(), self.local(now).date());
        let format = if day.year() == today.year() { "%a %-d %b" } else { "%a %-d %b %Y" };
        day.format(format).to_string()
    }

    /// Writes a date and time as short as it is clear: `13:32`, `tomorrow 09:00`, `Mon 23 Nov 09:00`.
    pub(crate) fn moment(self, at: Timestamp, now: Timestamp) -> String {
        let (day, today) = (self.local(at).date(), self.local(now).date());
        let time = self.time(at);
        if day == today {
            time
        } else if Some(day) == today.succ_opt() {
            format!("tomorrow {time}")
        } else {
            format!("{} {time}", self.day(at, now))
        }
    }

    /// Tells tomorrow 09:00.
    pub(crate) fn tomorrow(self, now: Timestamp) -> Option<Timestamp> {
        self.morning(self.local(now).date() + Days::new(1))
    }

    /// Tells the next Monday 09:00, never today.
    pub(crate) fn monday(self, now: Timestamp) -> Option<Timestamp> {
        self.weekday(Weekday::Mon, now)
    }

    fn morning(self, day: NaiveDate) -> Option<Timestamp> {
        self.instant(day.and_time(MORNING))
    }

    fn weekday(self, weekday: Weekday, now: Timestamp) -> Option<Timestamp> {
        let today = self.local(now).date();
        let ahead = (7 + weekday.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
        self.morning(today + Days::new(u64::from(if ahead == 0 { 7 } else { ahead })))
    }

    /// Reads what an agent types: `30m`, `2h`, `3d`, `1w`, `14:30`, `tomorrow`, `tomorrow 14:00`, `mon`, `friday 16:00`,
    /// `2026-11-30`, `30.11.`, `30.11.2026 10:00`.
    ///
    /// # Errors
    /// Tells what can be typed, or that the moment has passed.
    pub(crate) fn parse(self, text: &str, now: Timestamp) -> Result<Timestamp, String> {
        let text = text.trim().to_lowercase();
        let wrong = || format!("`{text}` is no time: 2h, 3d, 14:30, tomorrow, fri 16:00, 2026-11-30");
        if let Some(span) = span(&text) {
            return Ok(now + span);
        }
        let (day, time) = match text.split_once(' ') {
            Some((day, time)) => (day, Some(clock_time(time.trim()).ok_or_else(wrong)?)),
            None => (text.as_str(), None),
        };
        let today = self.local(now).date();
        let at = if let (Some(time), None) = (clock_time(day), time) {
            let today_at = self.instant(today.and_time(time)).ok_or_else(wrong)?;
            if today_at > now { Some(today_at) } else { self.instant((today + Days::new(1)).and_time(time)) }
        } else {
            let date = self.date(day, today, now).ok_or_else(wrong)?;
            self.instant(date.and_time(time.unwrap_or(MORNING)))
        };
        match at {
            Some(at) if at > now => Ok(at),
            Some(_) => Err(format!("`{text}` has passed already")),
            None => Err(wrong()),
        }
    }

    fn date(self, text: &str, today: NaiveDate, now: Timestamp) -> Option<NaiveDate> {
        if text == "today" {
            return Some(today);
        }
        if text.len() >= 3 && "tomorrow".starts_with(text) {
            return today.succ_opt();
        }
        if let Ok(weekday) = text.parse::<Weekday>() {
            return self.weekday(weekday, now).map(|at| self.local(at).date());
        }
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Some(date);
        }
        if let Ok(date) = NaiveDate::parse_from_str(text, "%d.%m.%Y") {
            return Some(date);
        }
        let (day, month) = text.trim_end_matches('.').split_once('.')?;
        let date = NaiveDate::from_ymd_opt(today.year(), month.parse().ok()?, day.parse().ok()?)?;
        if date >= today { Some(date) } else { date.with_year(today.year() + 1) }
    }

    /// Tells how long it is until the next full minute of the clock.
    pub(crate) fn to_next_minute(self, now: Timestamp) -> Duration {
        let local = self.local(now);
        let millis = u64::from(local.second()) * 1000 + u64::from(local.and_utc().timestamp_subsec_millis());
        Duration::from_millis(60_000_u64.saturating_sub(millis).max(1))
    }
}

fn clock_time(text: &str) -> Option<NaiveTime> {
    let (hour, minute) = text.split_once(':')?;
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
}

fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: u64 = text[..text.len() - unit.len_utf8()].trim().parse().ok()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    (1..=10_000).contains(&number).then(|| Duration::from_secs(number * seconds))
}

/// Writes a span in one unit: `now`, `4m`, `3h`, `2d`.
pub(crate) fn age(span: Duration) -> String {
    match span.as_secs() {
        0..60 => "now".to_owned(),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Writes a span in words for a sentence: `2 s`, `4 min`, `3 h`, `2 days`.
pub(crate) fn ago(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds @ 86_400..172_800 => format!("{} day", seconds / 86_400),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_types() {
        let zone = Zone(Some(chrono_tz::Europe::Berlin));
        // A Sunday, 14:32 in Berlin.
        let now = Timestamp::parse_rfc3339("2026-11-22T13:32:10Z").expect("a date");
        for (typed, at) in [
            ("2h", "2026-11-22T15:32:10Z"),
            ("30m", "2026-11-22T14:02:10Z"),
            ("16:00", "2026-11-22T15:00:00Z"),
            ("09:00", "2026-11-23T08:00:00Z"),
            ("tomorrow", "2026-11-23T08:00:00Z"),
            ("tom 14:00", "2026-11-23T13:00:00Z"),
            ("mon", "2026-11-23T08:00:00Z"),
            ("sunday", "2026-11-29T08:00:00Z"),
            ("Fri 16:00", "2026-11-27T15:00:00Z"),
            ("2026-12-01", "2026-12-01T08:00:00Z"),
            ("1.2.", "2027-02-01T08:00:00Z"),
            ("30.11.2026 10:00", "2026-11-30T09:00:00Z"),
        ] {
            assert_eq!(zone.parse(typed, now).map(Timestamp::rfc3339), Ok(at.to_owned()), "{typed}");
        }
        for wrong in ["", "soon", "2x", "25:00", "2020-01-01", "99999h", "0h"] {
            assert!(zone.parse(wrong, now).is_err(), "{wrong}");
        }
        assert_eq!(zone.tomorrow(now).map(|at| zone.moment(at, now)), Some("tomorrow 09:00".to_owned()));
        assert_eq!(zone.to_next_minute(now), Duration::from_secs(50));
        // In the night in which clocks jump from 02:00 to 03:00.
        let spring = Timestamp::parse_rfc3339("2026-03-28T22:00:00Z").expect("a date");
        assert_eq!(zone.parse("2026-03-29 02:30", spring).map(Timestamp::rfc3339), Ok("2026-03-29T01:30:00Z".into()));
    }

    #[test]
    fn ages() {
        for (seconds, text) in [(5, "now"), (60, "1m"), (3599, "59m"), (7200, "2h"), (200_000, "2d")] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
