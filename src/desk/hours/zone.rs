//! A time zone as stretches of constant offset from UTC.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// Clocks are known to change from 1970 on, and as the zone's rules stand until 2100.
const FIRST: i64 = 0;
const LAST: i64 = 4_133_980_800;

/// No zone has changed its clocks and changed them back in so few days.
const STEP: i64 = 3 * 86_400;

/// A stretch of time in which the wall clock goes evenly. It ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Its first instant, in milliseconds since 1970.
    pub(super) from: i64,
    /// What is added to an instant to get the wall clock, in milliseconds.
    pub(super) offset: i64,
}

/// Tells the stretches of a zone, oldest first; the first one has no beginning. Each zone is looked through once.
pub(super) fn stretches(zone: Tz) -> Arc<[Stretch]> {
    static KNOWN: OnceLock<Mutex<HashMap<Tz, Arc<[Stretch]>>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(zone).or_insert_with(|| look_through(zone).into()).clone()
}

/// Finds the stretch of an instant.
pub(super) fn place(stretches: &[Stretch], at: i64) -> usize {
    stretches.partition_point(|stretch| stretch.from <= at).saturating_sub(1)
}

/// Tells the stretch of an instant.
pub(super) fn at(stretches: &[Stretch], at: i64) -> Stretch {
    stretches[place(stretches, at)]
}

fn look_through(zone: Tz) -> Vec<Stretch> {
    let offset = |second: i64| {
        let utc = DateTime::from_timestamp(second, 0).unwrap_or_default().naive_utc();
        i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
    };
    let mut last = offset(FIRST);
    let mut all = vec![Stretch { from: i64::MIN, offset: last * 1000 }];
    let mut second = FIRST;
    while second < LAST {
        let next = second + STEP;
        if offset(next) != last {
            let (mut before, mut after) = (second, next);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if offset(middle) == last { before = middle } else { after = middle }
            }
            last = offset(after);
            all.push(Stretch { from: after * 1000, offset: last * 1000 });
            second = after;
        } else {
            second = next;
        }
    }
    all
}
