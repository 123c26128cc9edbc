//! Business hours: when the desk is open, and arithmetic with the time in which it is.
//!
//! An instant is open when the wall clock of the hours' zone stands inside one of the ranges of that day. Business time is the real time
//! for which that holds, so an hour that a change of clocks takes away is never counted and one that comes twice is counted twice. All
//! sums go by whole weeks and by the stretches between changes of clocks: a span of a century costs about as much as one of a month.

use std::collections::BTreeMap;
use std::ops::Range as Ms;
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use zone::Stretch;

#[cfg(test)]
mod tests;
mod zone;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The first and the last instant that is reckoned with: the years 1 to 9999. What lies beyond is taken as these.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_000;

/// A part of a day, in minutes from its midnight. What goes beyond 24:00 is the next morning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Range {
    /// From 0 to 1439.
    pub from: u32,
    /// Later than `from`, by a day at most.
    pub to: u32,
}

impl Range {
    /// The whole day.
    pub const DAY: Range = Range { from: 0, to: 1440 };

    /// Tells it as it is written: `22:00-06:00`.
    pub fn label(self) -> String {
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let to = if self.to > 1440 { self.to - 1440 } else { self.to };
        format!("{}-{}", clock(self.from), clock(to))
    }

    fn ms(self) -> Ms<i64> {
        i64::from(self.from) * MINUTE..i64::from(self.to) * MINUTE
    }
}

/// The day or days of a holiday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// One day.
    Date(NaiveDate),
    /// The same day of every year; 29 February in leap years only.
    Yearly {
        /// From 1 to 12.
        month: u32,
        /// From 1 to 31.
        day: u32,
    },
}

/// A day with hours of its own, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holiday {
    /// When.
    pub on: On,
    /// Its hours in place of the weekday's; empty: closed. A range that begins on the day before goes on to its end.
    pub hours: Vec<Range>,
    /// What it is called; may be empty.
    pub name: String,
}

/// What hours are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The zone whose wall clock counts.
    pub zone: Tz,
    /// The ranges of Monday to Sunday.
    pub week: [Vec<Range>; 7],
    /// Of two for the same day the later one holds; a date before a yearly one.
    pub holidays: Vec<Holiday>,
}

/// Why a plan makes no hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeverOpen;

impl std::fmt::Display for NeverOpen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("these hours never open")
    }
}

/// Business hours. They open again and again: a plan that does not is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Plan", into = "Plan")]
pub struct Hours {
    plan: Plan,
    /// What is open of each weekday's 24 hours, the end of the night before included.
    week: [Vec<Ms<i64>>; 7],
    totals: [i64; 7],
    /// Holidays by the number of their day since 1970.
    dated: BTreeMap<i64, usize>,
    yearly: BTreeMap<(u32, u32), usize>,
}

impl TryFrom<Plan> for Hours {
    type Error = NeverOpen;
    fn try_from(plan: Plan) -> Result<Hours, NeverOpen> {
        Hours::new(plan)
    }
}

impl From<Hours> for Plan {
    fn from(hours: Hours) -> Plan {
        hours.plan
    }
}

impl Hours {
    /// Makes hours of a plan.
    ///
    /// # Errors
    /// No weekday is open, or holidays leave nothing of those that are.
    pub fn new(plan: Plan) -> Result<Hours, NeverOpen> {
        let week: [Vec<Ms<i64>>; 7] = std::array::from_fn(|day| pieces(&plan.week[day], &plan.week[(day + 6) % 7]));
        let totals = std::array::from_fn(|day| week[day].iter().map(length).sum());
        let mut hours = Hours { week, totals, dated: BTreeMap::new(), yearly: BTreeMap::new(), plan };
        for (place, holiday) in hours.plan.holidays.iter().enumerate() {
            match holiday.on {
                On::Date(date) => hours.dated.insert(day_number(date), place),
                On::Yearly { month, day } => hours.yearly.insert((month, day), place),
            };
        }
        // Dates fall on the same weekdays again after 28 years, leap years and all.
        let opens = hours.totals.iter().any(|total| *total > 0)
            && (hours.yearly.is_empty() || hours.whole_days(day_of_year(2072), day_of_year(2100)) > 0);
        if opens { Ok(hours) } else { Err(NeverOpen) }
    }

    /// Makes the hours of those who never close.
    pub fn always() -> Hours {
        let plan = Plan { zone: Tz::UTC, week: std::array::from_fn(|_| vec![Range::DAY]), holidays: Vec::new() };
        Hours::new(plan).expect("open on every day")
    }

    /// Tells what they are made of.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Tells whether the desk is open. A range holds its first instant and not its last.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let at = clamped(at);
        let stretches = zone::stretches(self.plan.zone);
        let local = at + zone::at(&stretches, at).offset;
        let (day, ms) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        self.pieces(day).iter().any(|piece| piece.contains(&ms))
    }

    /// Tells the holiday of the day on which an instant falls.
    pub fn holiday(&self, at: Timestamp) -> Option<&Holiday> {
        let at = clamped(at);
        let local = at + zone::at(&zone::stretches(self.plan.zone), at).offset;
        self.special(local.div_euclid(DAY))
    }

    /// Tells the business time between two instants; none if `to` is not later than `from`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Duration {
        let (from, to) = (clamped(from), clamped(to));
        if to <= from {
            return Duration::ZERO;
        }
        let stretches = zone::stretches(self.plan.zone);
        Duration::from_millis(self.sum(&stretches, from, to).unsigned_abs())
    }

    /// Tells the first instant by which `span` of business time has passed since `from`; `from` itself for no time at all.
    ///
    /// `None` when that would lie beyond the year 9999.
    pub fn add(&self, from: Timestamp, span: Duration) -> Option<Timestamp> {
        let mut left = i64::try_from(span.as_millis()).ok()?;
        if left == 0 {
            return Some(from);
        }
        let stretches = zone::stretches(self.plan.zone);
        let mut at = clamped(from);
        let week: i64 = self.totals.iter().sum();
        let mut weeks = left / week;
        // Holidays with longer hours, and nights that are longer by an hour, make a stretch hold more than its weeks say.
        while weeks > 0 {
            let to = at.saturating_add(weeks.saturating_mul(7 * DAY));
            let passed = if to > LAST { i64::MAX } else { self.sum(&stretches, at, to) };
            if passed < left {
                (at, left) = (to, left - passed);
                weeks = left / week;
            } else {
                weeks /= 2;
            }
        }
        loop {
            let open = self.next_piece(&stretches, at)?;
            let length = open.end - open.start;
            if left <= length {
                return Some(Timestamp::from_millis(open.start + left));
            }
            (at, left) = (open.end, left - length);
        }
    }

    /// Tells when the desk is open next: `at` itself if it is.
    ///
    /// `None` when that would lie beyond the year 9999.
    pub fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) {
            return Some(at);
        }
        let open = self.next_piece(&zone::stretches(self.plan.zone), clamped(at))?;
        Some(Timestamp::from_millis(open.start))
    }

    /// Tells when the desk closes next; `None` if not within a year.
    pub fn next_closing(&self, at: Timestamp) -> Option<Timestamp> {
        let stretches = zone::stretches(self.plan.zone);
        let mut open = self.next_piece(&stretches, clamped(at))?;
        let year = open.end + 366 * DAY;
        loop {
            let next = self.next_piece(&stretches, open.end)?;
            if next.start > open.end {
                return Some(Timestamp::from_millis(open.end));
            }
            if next.end > year {
                return None;
            }
            open = next;
        }
    }

    /// Sums up business time, stretch of constant offset by stretch.
    fn sum(&self, stretches: &[Stretch], from: i64, to: i64) -> i64 {
        let first = zone::place(stretches, from);
        let mut sum = 0;
        for (place, stretch) in stretches.iter().enumerate().skip(first) {
            if stretch.from >= to {
                break;
            }
            let end = stretches.get(place + 1).map_or(to, |next| next.from.min(to));
            sum += self.local_sum(stretch.from.max(from) + stretch.offset, end + stretch.offset);
        }
        sum
    }

    /// Sums up what is open between two points of a wall clock that nobody changes.
    fn local_sum(&self, from: i64, to: i64) -> i64 {
        let (first, last) = (from.div_euclid(DAY), to.div_euclid(DAY));
        if first == last {
            return self.part(first, from.rem_euclid(DAY)..to.rem_euclid(DAY));
        }
        self.part(first, from.rem_euclid(DAY)..DAY)
            + self.whole_days(first + 1, last)
            + self.part(last, 0..to.rem_euclid(DAY))
    }

    fn part(&self, day: i64, of: Ms<i64>) -> i64 {
        let open = self.pieces(day);
        open.iter().map(|piece| (piece.end.min(of.end) - piece.start.max(of.start)).max(0)).sum()
    }

    /// Sums up the days from `first` to before `end`: by the week, with what holidays change.
    fn whole_days(&self, first: i64, end: i64) -> i64 {
        if end - first <= 14 {
            return (first..end).map(|day| self.pieces(day).iter().map(length).sum::<i64>()).sum();
        }
        let weeks = (end - first) / 7;
        let week: i64 = self.totals.iter().sum();
        let rest: i64 = (first + weeks * 7..end).map(|day| self.totals[weekday(day)]).sum();
        let mut changed: Vec<i64> = self.dated.range(first - 1..end).map(|(day, _)| *day).collect();
        if !self.yearly.is_empty() {
            for year in year_of(first - 1)..=year_of(end) {
                let days = self.yearly.keys().filter_map(|(month, day)| NaiveDate::from_ymd_opt(year, *month, *day));
                changed.extend(days.map(day_number));
            }
        }
        // The morning after a holiday too: the night before it is another one.
        let mornings: Vec<i64> = changed.iter().map(|day| day + 1).collect();
        changed.extend(mornings);
        changed.retain(|day| (first..end).contains(day));
        changed.sort_unstable();
        changed.dedup();
        let change = |day: i64| self.pieces(day).iter().map(length).sum::<i64>() - self.totals[weekday(day)];
        weeks * week + rest + changed.into_iter().map(change).sum::<i64>()
    }

    /// Finds the first open piece that ends after `at`, cut to what is after it. A piece ends with its day at the latest.
    fn next_piece(&self, stretches: &[Stretch], mut at: i64) -> Option<Ms<i64>> {
        let mut place = zone::place(stretches, at);
        loop {
            let stretch = &stretches[place];
            let end = stretches.get(place + 1).map_or(LAST, |next| next.from);
            let mut day = (at + stretch.offset).div_euclid(DAY);
            let mut looked = 0;
            while day * DAY - stretch.offset < end {
                let midnight = day * DAY - stretch.offset;
                for piece in self.pieces(day).iter() {
                    let (from, to) = ((midnight + piece.start).max(at), (midnight + piece.end).min(end));
                    if from < to {
                        return Some(from..to);
                    }
                }
                (day, looked) = (day + 1, looked + 1);
                // A long holiday is passed over by the month.
                while looked > 40 && self.whole_days(day, day + 30) == 0 && day * DAY - stretch.offset < end {
                    day += 30;
                }
            }
            place += 1;
            at = stretches.get(place)?.from;
        }
    }

    /// Tells the holiday of a day.
    fn special(&self, day: i64) -> Option<&Holiday> {
        if self.plan.holidays.is_empty() {
            return None;
        }
        let yearly = || {
            let date = date_of(day)?;
            self.yearly.get(&(date.month(), date.day()))
        };
        self.dated.get(&day).or_else(yearly).and_then(|place| self.plan.holidays.get(*place))
    }

    /// Tells what is open of the 24 hours of a day.
    fn pieces(&self, day: i64) -> std::borrow::Cow<'_, [Ms<i64>]> {
        let (own, before) = (self.special(day), self.special(day - 1));
        if own.is_none() && before.is_none() {
            return self.week[weekday(day)].as_slice().into();
        }
        let of = |special: Option<&Holiday>, day: i64| match special {
            Some(holiday) => holiday.hours.clone(),
            None => self.plan.week[weekday(day)].clone(),
        };
        pieces(&of(own, day), &of(before, day - 1)).into()
    }
}

/// Puts together what is open of a day: its own ranges up to midnight, and what the day before leaves of its night.
fn pieces(own: &[Range], before: &[Range]) -> Vec<Ms<i64>> {
    let own = own.iter().map(|range| range.ms().start..range.ms().end.min(DAY));
    let night = before.iter().map(|range| range.ms()).filter(|range| range.end > DAY).map(|range| 0..range.end - DAY);
    let mut all: Vec<Ms<i64>> = own.chain(night).filter(|piece| piece.start < piece.end).collect();
    all.sort_by_key(|piece| piece.start);
    let mut merged: Vec<Ms<i64>> = Vec::with_capacity(all.len());
    for piece in all {
        match merged.last_mut() {
            Some(last) if piece.start <= last.end => last.end = last.end.max(piece.end),
            _ => merged.push(piece),
        }
    }
    merged
}

fn length(piece: &Ms<i64>) -> i64 {
    piece.end - piece.start
}

fn clamped(at: Timestamp) -> i64 {
    at.millis().clamp(FIRST, LAST)
}

/// Monday is 0. The first day of 1970 was a Thursday.
fn weekday(day: i64) -> usize {
    usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default()
}

fn day_number(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

fn date_of(day: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day + 719_163).ok()?)
}

fn year_of(day: i64) -> i32 {
    date_of(day).map_or(1970, |date| date.year())
}

fn day_of_year(year: i32) -> i64 {
    NaiveDate::from_ymd_opt(year, 1, 1).map_or(0, day_number)
}
