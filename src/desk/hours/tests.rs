//! Hours: worked examples, and the arithmetic held against a count of minutes by the zone itself.

use chrono::{Datelike, NaiveDate, TimeZone, Timelike};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect(text)
}

fn range(text: &str) -> Range {
    let minutes = |clock: &str| {
        let (hours, minutes) = clock.split_once(':').expect(text);
        hours.parse::<u32>().expect(text) * 60 + minutes.parse::<u32>().expect(text)
    };
    let (from, to) = text.split_once('-').expect(text);
    let (from, to) = (minutes(from), minutes(to));
    Range { from, to: if to <= from { to + 1440 } else { to } }
}

fn closed(on: On) -> Holiday {
    Holiday { on, hours: Vec::new(), name: String::new() }
}

fn date(text: &str) -> On {
    On::Date(text.parse().expect(text))
}

fn plan(zone: &str, days: &[&[&str]; 7], holidays: Vec<Holiday>) -> Plan {
    let week = days.map(|day| day.iter().map(|text| range(text)).collect());
    Plan { zone: zone.parse().expect(zone), week, holidays }
}

/// Monday to Friday, 9 to 17 with an hour for lunch.
fn office(zone: &str, holidays: Vec<Holiday>) -> Hours {
    let day: &[&str] = &["09:00-12:00", "13:00-17:00"];
    Hours::new(plan(zone, &[day, day, day, day, day, &[], &[]], holidays)).expect("opens")
}

fn nights(zone: &str) -> Hours {
    let night: &[&str] = &["22:00-06:00"];
    Hours::new(plan(zone, &[night; 7], Vec::new())).expect("opens")
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

#[test]
fn business_time_is_counted_in_the_hours_zone() {
    let kyiv = office("Europe/Kyiv", Vec::new());
    // Monday 23 November 2026; Kyiv is two hours ahead of UTC in winter.
    for (from, to, wanted) in [
        ("2026-11-23T07:00:00Z", "2026-11-23T15:00:00Z", 420),
        ("2026-11-23T06:00:00Z", "2026-11-23T07:30:00Z", 30),
        ("2026-11-23T09:30:00Z", "2026-11-23T11:30:00Z", 60),
        ("2026-11-27T14:00:00Z", "2026-11-30T08:00:00Z", 120),
        ("2026-11-28T00:00:00Z", "2026-11-29T21:00:00Z", 0),
        ("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z", 0),
        ("2026-11-24T10:00:00Z", "2026-11-23T10:00:00Z", 0),
        ("2026-11-02T00:00:00Z", "2026-11-30T00:00:00Z", 4 * 5 * 420),
    ] {
        assert_eq!(kyiv.between(at(from), at(to)), minutes(wanted), "{from} {to}");
    }
}

#[test]
fn a_span_is_added_over_lunch_nights_weekends_and_holidays() {
    let kyiv = office("Europe/Kyiv", vec![closed(date("2026-11-30"))]);
    for (from, span, wanted) in [
        ("2026-11-23T07:00:00Z", 0, "2026-11-23T07:00:00Z"),
        ("2026-11-23T07:00:00Z", 60, "2026-11-23T08:00:00Z"),
        // To the last minute before lunch, and one more.
        ("2026-11-23T07:00:00Z", 180, "2026-11-23T10:00:00Z"),
        ("2026-11-23T07:00:00Z", 181, "2026-11-23T11:01:00Z"),
        ("2026-11-23T03:00:00Z", 60, "2026-11-23T08:00:00Z"),
        // Friday at four: an hour is left of the week, and Monday is a holiday.
        ("2026-11-27T14:00:00Z", 60, "2026-11-27T15:00:00Z"),
        ("2026-11-27T14:00:00Z", 61, "2026-12-01T07:01:00Z"),
    ] {
        assert_eq!(kyiv.add(at(from), minutes(span)), Some(at(wanted)), "{from} + {span}");
    }
    assert_eq!(kyiv.next_opening(at("2026-11-27T15:00:00Z")), Some(at("2026-12-01T07:00:00Z")));
    assert_eq!(kyiv.next_opening(at("2026-11-27T14:59:00Z")), Some(at("2026-11-27T14:59:00Z")));
    assert_eq!(kyiv.next_closing(at("2026-11-27T14:59:00Z")), Some(at("2026-11-27T15:00:00Z")));
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let berlin = nights("Europe/Berlin");
    assert!(berlin.is_open(at("2026-11-23T23:30:00Z")) && berlin.is_open(at("2026-11-24T04:59:00Z")));
    assert!(!berlin.is_open(at("2026-11-24T05:00:00Z")));
    assert_eq!(berlin.next_closing(at("2026-11-23T23:30:00Z")), Some(at("2026-11-24T05:00:00Z")));
    let night: &[&str] = &["22:00-06:00"];
    let holiday = Hours::new(plan("UTC", &[night; 7], vec![closed(date("2026-12-25"))])).expect("opens");
    // The night of Christmas Eve goes on to its end, that of Christmas Day is free.
    assert!(holiday.is_open(at("2026-12-25T05:59:00Z")));
    assert!(!holiday.is_open(at("2026-12-25T22:00:00Z")) && !holiday.is_open(at("2026-12-26T05:00:00Z")));
    assert_eq!(holiday.between(at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z")), minutes((31 * 8 - 8) * 60));
}

#[test]
fn an_hour_that_is_taken_away_or_comes_twice() {
    // In Berlin the clocks went from 2:00 to 3:00 on 29 March 2026 and from 3:00 to 2:00 on 25 October.
    let berlin = nights("Europe/Berlin");
    assert_eq!(berlin.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), minutes(7 * 60));
    assert_eq!(berlin.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), minutes(9 * 60));
    let early: &[&str] = &["02:00-03:00"];
    let early = Hours::new(plan("Europe/Berlin", &[early; 7], Vec::new())).expect("opens");
    assert_eq!(early.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), Duration::ZERO);
    assert_eq!(early.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), minutes(120));
    assert_eq!(early.next_opening(at("2026-03-29T00:00:00Z")), Some(at("2026-03-30T00:00:00Z")));
    // Office hours do not notice, but that the office is at another time of UTC.
    let office = office("Europe/Berlin", Vec::new());
    assert_eq!(office.add(at("2026-03-27T15:00:00Z"), minutes(120)), Some(at("2026-03-30T08:00:00Z")));
    assert_eq!(office.add(at("2026-10-23T14:00:00Z"), minutes(120)), Some(at("2026-10-26T09:00:00Z")));
}

#[test]
fn a_skipped_day_is_not_counted() {
    // Samoa had no 30 December 2011: after Thursday came Saturday.
    let apia = office("Pacific/Apia", Vec::new());
    assert_eq!(apia.between(at("2011-12-29T10:00:00Z"), at("2012-01-02T10:00:00Z")), minutes(420 + 420));
}

#[test]
fn yearly_holidays_leap_days_and_days_with_their_own_hours() {
    let yearly = |month, day, hours: &[&str]| Holiday {
        on: On::Yearly { month, day },
        hours: hours.iter().map(|text| range(text)).collect(),
        name: String::new(),
    };
    let week = std::array::from_fn(|_| vec![Range::DAY]);
    let holidays = vec![
        yearly(2, 29, &[]),
        yearly(12, 25, &[]),
        yearly(12, 24, &["09:00-12:00"]),
        // This one falls on a weekday that is worked after all.
        Holiday { on: date("2027-12-25"), hours: vec![range("10:00-11:00")], name: "sale".to_owned() },
    ];
    let hours = Hours::new(Plan { zone: Tz::UTC, week, holidays }).expect("opens");
    let year = |year: i32| {
        let from = at(&format!("{year}-01-01T00:00:00Z"));
        hours.between(from, at(&format!("{}-01-01T00:00:00Z", year + 1))).as_secs() / 3600
    };
    assert_eq!(year(2026), 363 * 24 + 3);
    assert_eq!(year(2027), 363 * 24 + 3 + 1);
    assert_eq!(year(2028), 363 * 24 + 3, "the leap day is free");
    assert_eq!(year(2100), 363 * 24 + 3, "there is no leap day");
    assert_eq!(hours.holiday(at("2027-12-25T10:30:00Z")).map(|day| day.name.as_str()), Some("sale"));
}

#[test]
fn hours_that_never_open_are_none() {
    assert_eq!(Hours::new(plan("UTC", &[&[]; 7], Vec::new())), Err(NeverOpen));
    let leap_days = (1..=12).flat_map(|month| (1..=31).map(move |day| closed(On::Yearly { month, day }))).collect();
    let day: &[&str] = &["09:00-17:00"];
    assert_eq!(Hours::new(plan("UTC", &[day; 7], leap_days)), Err(NeverOpen));
    // Open on leap days alone is open all the same.
    let but_one = (1..=12)
        .flat_map(|month| (1..=31).map(move |day| (month, day)))
        .filter(|day| *day != (2, 29))
        .map(|(month, day)| closed(On::Yearly { month, day }))
        .collect();
    let leap = Hours::new(plan("UTC", &[day; 7], but_one)).expect("opens");
    assert_eq!(leap.next_opening(at("2026-01-01T00:00:00Z")), Some(at("2028-02-29T09:00:00Z")));
    assert_eq!(leap.add(at("2026-01-01T00:00:00Z"), minutes(9 * 60)), Some(at("2032-02-29T10:00:00Z")));
}

#[test]
fn far_dates_cost_nothing_and_end_with_the_calendar() {
    let hours = office("America/New_York", vec![closed(On::Yearly { month: 7, day: 4 })]);
    let begun = std::time::Instant::now();
    let (from, to) = (at("1970-01-05T05:00:00Z"), at("9999-01-01T00:00:00Z"));
    assert!(hours.between(from, to) > Duration::from_secs(8_000 * 250 * 7 * 3600));
    assert_eq!(hours.add(to, Duration::from_secs(100 * 366 * 86_400)), None);
    let far = hours.add(from, hours.between(from, to)).expect("is there");
    assert_eq!(hours.between(far, to), Duration::ZERO);
    for far in [i64::MIN, i64::MAX] {
        hours.is_open(Timestamp::from_millis(far));
        hours.between(Timestamp::from_millis(far), from);
        hours.next_opening(Timestamp::from_millis(far));
        hours.add(Timestamp::from_millis(far), Duration::MAX);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn hours_survive_json() {
    let hours = office("Europe/Kyiv", vec![closed(date("2026-12-25")), closed(On::Yearly { month: 1, day: 1 })]);
    let text = serde_json::to_string(&hours).expect("serialises");
    assert_eq!(serde_json::from_str::<Hours>(&text).expect("parses"), hours);
}

/// Tells whether a minute is open, from the zone's own reckoning and the plan as it is written.
fn open_by_hand(plan: &Plan, at: Timestamp) -> bool {
    let local = plan.zone.from_utc_datetime(&at.to_utc().naive_utc()).naive_local();
    let minute = local.time().hour() * 60 + local.time().minute();
    let of = |date: NaiveDate| {
        let is = |holiday: &&Holiday| match holiday.on {
            On::Date(on) => on == date,
            On::Yearly { month, day } => (month, day) == (date.month(), date.day()),
        };
        let dated = plan.holidays.iter().rev().filter(|holiday| matches!(holiday.on, On::Date(_))).find(is);
        match dated.or_else(|| plan.holidays.iter().rev().find(is)) {
            Some(holiday) => holiday.hours.clone(),
            None => plan.week[date.weekday().num_days_from_monday() as usize].clone(),
        }
    };
    let today = of(local.date()).iter().any(|range| (range.from..range.to).contains(&minute));
    let night = of(local.date().pred_opt().expect("a day before"));
    today || night.iter().any(|range| (range.from..range.to).contains(&(minute + 1440)))
}

const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Kyiv",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Tehran",
];

fn ranges() -> impl Strategy<Value = Vec<Range>> {
    prop_oneof![
        1 => Just(vec![Range::DAY]),
        2 => Just(Vec::new()),
        6 => proptest::collection::btree_set(0_u32..96, 2..=4).prop_map(|quarters| {
            let all: Vec<u32> = quarters.into_iter().map(|quarter| quarter * 15).collect();
            all.chunks_exact(2).map(|pair| Range { from: pair[0], to: pair[1] }).collect()
        }),
        2 => (720_u32..1440, 1440_u32..1900).prop_map(|(from, to)| vec![Range { from, to }]),
    ]
}

fn holidays(from: i64) -> impl Strategy<Value = Vec<Holiday>> {
    let date = (0_i64..400).prop_map(move |day| On::Date(date_of(from / DAY + day - 20).expect("a day")));
    let yearly = (1_u32..=12, 1_u32..=31).prop_map(|(month, day)| On::Yearly { month, day });
    let on = prop_oneof![date, yearly];
    proptest::collection::vec((on, ranges()), 0..12)
        .prop_map(|all| all.into_iter().map(|(on, hours)| Holiday { on, hours, name: String::new() }).collect())
}

/// Hours of any kind, and an instant (a whole minute) from 2005 to 2038.
fn any_hours() -> impl Strategy<Value = (Hours, i64)> {
    (1_104_537_600_000_i64 / MINUTE..2_145_916_800_000_i64 / MINUTE).prop_flat_map(|minute| {
        let from = minute * MINUTE;
        let week = proptest::array::uniform7(ranges());
        (0..ZONES.len(), week, holidays(from)).prop_filter_map("never opens", move |(zone, week, holidays)| {
            let plan = Plan { zone: ZONES[zone].parse().ok()?, week, holidays };
            Some((Hours::new(plan).ok()?, from))
        })
    })
}

fn instant(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_sum_is_the_count_of_open_minutes((hours, from) in any_hours(), days in 1_i64..40) {
        let count = (from / MINUTE..from / MINUTE + days * 1440)
            .filter(|minute| open_by_hand(&hours.plan, instant(minute * MINUTE)))
            .count();
        prop_assert_eq!(hours.between(instant(from), instant(from + days * DAY)), minutes(count as u64));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn open_is_what_the_wall_clock_says((hours, from) in any_hours(), minute in 0_i64..600_000) {
        let at = instant(from + minute * MINUTE);
        prop_assert_eq!(hours.is_open(at), open_by_hand(&hours.plan, at));
        if let Some(next) = hours.next_opening(at) {
            prop_assert!(hours.is_open(next) && next >= at);
            prop_assert_eq!(hours.between(at, next), Duration::ZERO);
        }
    }

    #[test]
    fn adding_is_the_inverse_of_counting((hours, from) in any_hours(), span in 0_u64..4_000_000_000) {
        let (from, span) = (instant(from), Duration::from_millis(span));
        let Some(to) = hours.add(from, span) else { return Ok(()) };
        prop_assert_eq!(hours.between(from, to), span);
        // The first such instant: a moment before it, something was left.
        if span > Duration::ZERO {
            prop_assert!(hours.between(from, instant(to.millis() - 1)) < span);
        }
    }

    #[test]
    fn sums_are_monotone_and_additive((hours, from) in any_hours(), one in 0_i64..60_000_000_000, two in 0_i64..60_000_000_000) {
        let (a, b, c) = (instant(from), instant(from + one), instant(from + one + two));
        prop_assert_eq!(hours.between(a, b) + hours.between(b, c), hours.between(a, c));
        prop_assert!(hours.between(a, b) <= hours.between(a, c));
        prop_assert!(hours.between(a, c) <= c.since(a));
    }

    #[test]
    fn spans_are_added_one_after_the_other((hours, from) in any_hours(), one in 1_u64..900_000_000, two in 1_u64..900_000_000) {
        let (one, two) = (Duration::from_millis(one), Duration::from_millis(two));
        let step = hours.add(instant(from), one).and_then(|at| hours.add(at, two));
        prop_assert_eq!(step, hours.add(instant(from), one + two));
    }

    #[test]
    fn another_zone_moves_the_hours_by_the_difference(minute in 0_i64..10_000_000, span in 1_u64..900_000_000) {
        // Kolkata has been 5 h 30 ahead of UTC, without a change, since long before 2005.
        let (utc, kolkata) = (office("UTC", Vec::new()), office("Asia/Kolkata", Vec::new()));
        let from = 1_104_537_600_000 + minute * MINUTE;
        let shift = 330 * MINUTE;
        let span = Duration::from_millis(span);
        let there = kolkata.add(instant(from - shift), span).map(|at| at.millis() + shift);
        prop_assert_eq!(there, utc.add(instant(from), span).map(Timestamp::millis));
    }
}
