//! Holidays out of an iCalendar file (RFC 5545), as calendars of public holidays are published: events of whole days, once or yearly.
//!
//! What else a calendar may hold (to-dos, alarms, time zones) is passed over; a rule of repetition that is not understood is a mistake
//! and named with its line, for a holiday that is silently missing is worse.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::desk::hours::{Holiday, On};

/// Rules without an end are followed so far, where they are no plain "every year on this day".
const HORIZON: i32 = 2100;

/// An event lasts at most so many days.
const LONGEST: u64 = 366;

/// Something in the file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Counted from 1.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) what: String,
}

/// A line with its continuations put together.
struct Line<'a> {
    number: usize,
    name: String,
    value: &'a str,
}

#[derive(Default)]
struct Event {
    line: usize,
    start: Option<NaiveDate>,
    end: Option<(NaiveDate, usize)>,
    days: Option<u64>,
    rule: Option<(String, usize)>,
    except: Vec<NaiveDate>,
    name: String,
    cancelled: bool,
}

/// Reads the holidays of a calendar, and what is wrong with it.
pub(super) fn read(text: &str) -> (Vec<Holiday>, Vec<Mistake>) {
    let (mut holidays, mut mistakes) = (Vec::new(), Vec::new());
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut event = Event::default();
    let unfolded = unfold(text);
    for (number, text) in &unfolded {
        let Some(line) = parts(*number, text) else {
            if !text.trim().is_empty() {
                mistakes.push(Mistake { line: *number, what: "is no line of a calendar: it has no `:`".to_owned() });
            }
            continue;
        };
        match line.name.as_str() {
            "BEGIN" => {
                let what = line.value.trim().to_uppercase();
                if what == "VEVENT" {
                    event = Event { line: line.number, ..Event::default() };
                }
                open.push((what, line.number));
            }
            "END" => {
                let what = line.value.trim().to_uppercase();
                match open.pop() {
                    Some((begun, _)) if begun == what => {}
                    _ => {
                        let what = format!("`END:{what}` without its `BEGIN:{what}`");
                        mistakes.push(Mistake { line: line.number, what });
                        return (holidays, mistakes);
                    }
                }
                if what == "VEVENT" {
                    match std::mem::take(&mut event).holidays() {
                        Ok(more) => holidays.extend(more),
                        Err(mistake) => mistakes.push(mistake),
                    }
                }
            }
            // Alarms and zones have dates and rules too.
            _ if open.last().is_some_and(|(what, _)| what == "VEVENT") => {
                if let Err(what) = event.read(&line) {
                    mistakes.push(Mistake { line: line.number, what });
                }
            }
            _ => {}
        }
    }
    if let Some((what, line)) = open.first() {
        mistakes.push(Mistake { line: *line, what: format!("`BEGIN:{what}` is never ended") });
    } else if unfolded.iter().all(|(_, text)| !text.trim().eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        mistakes.push(Mistake { line: 1, what: "is no calendar: there is no `BEGIN:VCALENDAR`".to_owned() });
    }
    (holidays, mistakes)
}

/// Puts folded lines together: one that begins with a blank goes on with the one before.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ => lines.push((number + 1, line.to_owned())),
        }
    }
    lines
}

/// Takes a line apart: `NAME;PARAM=VALUE:value`. A colon in quotes belongs to its parameter.
fn parts(number: usize, text: &str) -> Option<Line<'_>> {
    let mut quoted = false;
    let colon = text.char_indices().find_map(|(at, c)| {
        quoted ^= c == '"';
        (c == ':' && !quoted).then_some(at)
    })?;
    let (head, value) = (&text[..colon], &text[colon + 1..]);
    let name = head.split(';').next().unwrap_or(head);
    Some(Line { number, name: name.trim().to_uppercase(), value })
}

impl Event {
    fn read(&mut self, line: &Line<'_>) -> Result<(), String> {
        match line.name.as_str() {
            "DTSTART" => self.start = Some(date(line.value)?.0),
            "DTEND" => {
                let (date, midnight) = date(line.value)?;
                // The end is not part of it; a time of day after midnight makes its day one.
                let end = if midnight { Some(date) } else { date.checked_add_days(Days::new(1)) };
                self.end = end.map(|end| (end, line.number));
            }
            "DURATION" => self.days = Some(duration(line.value)?),
            "RRULE" => self.rule = Some((line.value.to_owned(), line.number)),
            "EXDATE" => {
                for value in line.value.split(',') {
                    self.except.push(date(value)?.0);
                }
            }
            "RDATE" => return Err("`RDATE` is not understood: write an event for each date".to_owned()),
            "SUMMARY" => self.name = plain(line.value),
            "STATUS" => self.cancelled = line.value.trim().eq_ignore_ascii_case("CANCELLED"),
            _ => {}
        }
        Ok(())
    }

    fn holidays(self) -> Result<Vec<Holiday>, Mistake> {
        if self.cancelled {
            return Ok(Vec::new());
        }
        let Some(start) = self.start else {
            return Err(Mistake { line: self.line, what: "this event has no `DTSTART` that can be read".to_owned() });
        };
        let days = match self.end {
            Some((end, line)) if end < start => {
                return Err(Mistake { line, what: "this event ends before it begins".to_owned() });
            }
            Some((end, _)) => (end - start).num_days().max(1).unsigned_abs(),
            None => self.days.unwrap_or(1).max(1),
        };
        if days > LONGEST {
            return Err(Mistake { line: self.line, what: "this event lasts more than a year".to_owned() });
        }
        let name = &self.name;
        let holiday = |on| Holiday { on, hours: Vec::new(), name: name.clone() };
        let starts = match &self.rule {
            None => vec![start],
            Some((rule, line)) => {
                let rule = Rule::read(rule).map_err(|what| Mistake { line: *line, what })?;
                if rule.is_plain(start) && self.except.is_empty() {
                    // From then on, and nobody asks about before.
                    let all = (0..days).filter_map(|day| start.checked_add_days(Days::new(day)));
                    return Ok(all.map(|day| holiday(On::Yearly { month: day.month(), day: day.day() })).collect());
                }
                rule.starts(start)
            }
        };
        let all = starts.into_iter().filter(|start| !self.except.contains(start));
        let all = all.flat_map(|start| (0..days).filter_map(move |day| start.checked_add_days(Days::new(day))));
        Ok(all.map(|day| holiday(On::Date(day))).collect())
    }
}

/// A rule that repeats yearly.
#[derive(Default)]
struct Rule {
    interval: i32,
    count: Option<usize>,
    until: Option<NaiveDate>,
    months: Vec<u32>,
    month_days: Vec<i32>,
    /// Of the month, or of the year if no month is named: the first Monday is 1, the last -1, all of them 0.
    days: Vec<(i32, Weekday)>,
}

impl Rule {
    fn read(text: &str) -> Result<Rule, String> {
        let mut rule = Rule { interval: 1, ..Rule::default() };
        let mut yearly = false;
        for part in text.trim().split(';').filter(|part| !part.is_empty()) {
            let wrong = || format!("`{}` is no part of a rule that is understood", part.escape_debug());
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            match name.trim().to_uppercase().as_str() {
                "FREQ" if value.trim().eq_ignore_ascii_case("YEARLY") => yearly = true,
                "FREQ" => return Err(format!("`{}`: only `FREQ=YEARLY` is understood", part.escape_debug())),
                "INTERVAL" => rule.interval = value.parse().ok().filter(|years| *years > 0).ok_or_else(wrong)?,
                "COUNT" => rule.count = Some(value.parse().map_err(|_| wrong())?),
                "UNTIL" => rule.until = Some(date(value)?.0),
                "BYMONTH" => {
                    let month = |text: &str| text.parse().ok().filter(|month: &u32| (1..=12).contains(month));
                    rule.months = list(value, month).ok_or_else(wrong)?;
                }
                "BYMONTHDAY" => {
                    let day = |text: &str| text.parse().ok().filter(|day: &i32| (1..=31).contains(&day.abs()));
                    rule.month_days = list(value, day).ok_or_else(wrong)?;
                }
                "BYDAY" => rule.days = list(value, weekday).ok_or_else(wrong)?,
                "WKST" => {}
                _ => return Err(wrong()),
            }
        }
        if !yearly {
            return Err("only `FREQ=YEARLY` is understood".to_owned());
        }
        if !rule.days.is_empty() && rule.months.is_empty() {
            return Err("`BYDAY` is understood together with `BYMONTH` only".to_owned());
        }
        Ok(rule)
    }

    /// Tells whether it says no more than "every year on this day".
    fn is_plain(&self, start: NaiveDate) -> bool {
        let day = i32::try_from(start.day()).unwrap_or_default();
        self.interval == 1
            && self.count.is_none()
            && self.until.is_none()
            && self.days.is_empty()
            && self.months.iter().all(|month| *month == start.month())
            && self.month_days.iter().all(|own| *own == day)
    }

    fn starts(&self, start: NaiveDate) -> Vec<NaiveDate> {
        let mut starts = Vec::new();
        let mut year = start.year();
        while year <= HORIZON {
            let mut dates = self.of_year(year, start);
            dates.sort_unstable();
            dates.dedup();
            for date in dates.into_iter().filter(|date| *date >= start) {
                if self.until.is_some_and(|until| date > until) || self.count.is_some_and(|count| starts.len() >= count)
                {
                    return starts;
                }
                starts.push(date);
            }
            year = year.saturating_add(self.interval);
        }
        starts
    }

    fn of_year(&self, year: i32, start: NaiveDate) -> Vec<NaiveDate> {
        let months = if self.months.is_empty() { vec![start.month()] } else { self.months.clone() };
        let mut dates = Vec::new();
        for month in months {
            let all: Vec<NaiveDate> = (1..=31).filter_map(|day| NaiveDate::from_ymd_opt(year, month, day)).collect();
            let length = all.len() as i32;
            let is_day = |date: &NaiveDate, days: &[i32]| {
                let day = date.day() as i32;
                days.iter().any(|own| *own == day || *own == day - length - 1)
            };
            if self.days.is_empty() {
                let own = [start.day() as i32];
                let days = if self.month_days.is_empty() { &own[..] } else { &self.month_days };
                dates.extend(all.iter().copied().filter(|date| is_day(date, days)));
                continue;
            }
            for (place, weekday) in &self.days {
                let of: Vec<NaiveDate> = all.iter().copied().filter(|date| date.weekday() == *weekday).collect();
                let chosen = match *place {
                    0 => of,
                    1.. => of.get(*place as usize - 1).copied().into_iter().collect(),
                    _ => of.iter().rev().nth(place.unsigned_abs() as usize - 1).copied().into_iter().collect(),
                };
                dates.extend(
                    chosen.into_iter().filter(|date| self.month_days.is_empty() || is_day(date, &self.month_days)),
                );
            }
        }
        dates
    }
}

fn list<T>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|part| one(part.trim())).collect()
}

/// Reads `4TH`, `-1MO`, `SU`.
fn weekday(text: &str) -> Option<(i32, Weekday)> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let place =
        if at == 0 { 0 } else { text[..at].parse().ok().filter(|place: &i32| *place != 0 && place.abs() <= 5)? };
    let day = match text[at..].to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    Some((place, day))
}

/// Reads `20261225` or `20261225T093000Z`: the date as it is written, and whether its time is midnight.
fn date(text: &str) -> Result<(NaiveDate, bool), String> {
    let text = text.trim();
    let wrong = || format!("`{}` is no date: it must be like 20261225 or 20261225T090000", text.escape_debug());
    let (day, time) = text.split_once(['T', 't']).unwrap_or((text, "000000"));
    let sound = day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit());
    let digits = time.trim_end_matches(['Z', 'z']);
    if !sound || digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let date = NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| wrong())?;
    Ok((date, digits == "000000"))
}

/// Reads `P3D` or `P1W` as days; any time of day makes one more.
fn duration(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{}` is no duration of whole days, like P1D or P2W", text.escape_debug());
    let rest = text.trim().trim_start_matches('+').strip_prefix(['P', 'p']).ok_or_else(wrong)?;
    let (days, time) = rest.split_once(['T', 't']).map_or((rest, None), |(days, time)| (days, Some(time)));
    let number = |unit: char| {
        let unit = [unit, unit.to_ascii_lowercase()];
        days.strip_suffix(unit).map(|number| number.parse::<u64>().ok().filter(|days| *days < 10_000))
    };
    let days = match (number('D'), number('W'), days.is_empty()) {
        (Some(days), _, _) => days.ok_or_else(wrong)?,
        (_, Some(weeks), _) => weeks.ok_or_else(wrong)? * 7,
        (_, _, true) if time.is_some() => 0,
        _ => return Err(wrong()),
    };
    Ok(days + u64::from(time.is_some()))
}

/// Takes the escapes of a text away: `\,`, `\;`, `\\`, `\n`.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => plain.push(' '),
                Some(c) => plain.push(c),
                None => {}
            },
            c => plain.push(c),
        }
    }
    plain.chars().filter(|c| !c.is_control()).take(100).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    fn event(lines: &str) -> String {
        calendar(&format!("BEGIN:VEVENT\r\n{lines}END:VEVENT\r\n"))
    }

    fn days(text: &str) -> Vec<String> {
        let (holidays, mistakes) = read(text);
        assert_eq!(mistakes, [], "{text}");
        let day = |holiday: Holiday| match holiday.on {
            On::Date(date) => date.to_string(),
            On::Yearly { month, day } => format!("{month:02}-{day:02}"),
        };
        holidays.into_iter().map(day).collect()
    }

    #[test]
    fn events_of_whole_days_once_and_yearly() {
        for (lines, wanted) in [
            ("DTSTART;VALUE=DATE:20261225\r\n", &["2026-12-25"][..]),
            ("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\n", &["2026-12-25", "2026-12-26"]),
            ("DTSTART:20261224T120000Z\r\nDTEND:20261224T180000Z\r\n", &["2026-12-24"]),
            ("DTSTART;TZID=\"Europe/Kyiv: x\":20261224T000000\r\nDURATION:P2D\r\n", &["2026-12-24", "2026-12-25"]),
            ("DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=YEARLY\r\n", &["01-01"]),
            ("DTSTART;VALUE=DATE:20261231\r\nDURATION:P2D\r\nRRULE:FREQ=YEARLY\r\n", &["12-31", "01-01"]),
            ("DTSTART:20260101\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n", &["2026-01-01", "2027-01-01"]),
            ("DTSTART:20260101\r\nRRULE:FREQ=YEARLY;UNTIL=20270101T000000Z\r\n", &["2026-01-01", "2027-01-01"]),
            ("DTSTART:20260101\r\nRRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2\r\n", &["2026-01-01", "2028-01-01"]),
            ("DTSTART:20240229\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n", &["2024-02-29", "2028-02-29"]),
            // Thanksgiving, and the last Monday of May.
            ("DTSTART:20261126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2\r\n", &["2026-11-26", "2027-11-25"]),
            ("DTSTART:20260525\r\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=2\r\n", &["2026-05-25", "2027-05-31"]),
            ("DTSTART:20260101\r\nRRULE:FREQ=YEARLY;COUNT=3\r\nEXDATE:20270101\r\n", &["2026-01-01", "2028-01-01"]),
            ("DTSTART:20260101\r\nSTATUS:CANCELLED\r\n", &[]),
            // Folded in the middle of a word, and an alarm with a date of its own.
            ("DTST\r\n ART:2026\r\n\t0101\r\nBEGIN:VALARM\r\nDTSTART:20200202\r\nEND:VALARM\r\n", &["2026-01-01"]),
        ] {
            assert_eq!(days(&event(lines)), wanted, "{lines}");
        }
    }

    #[test]
    fn names_lose_their_escapes() {
        let (holidays, _) = read(&event("DTSTART:20260101\r\nSUMMARY:New Year\\, all\\n of it\\; \\\\o/\u{1b}\r\n"));
        assert_eq!(holidays[0].name, "New Year, all  of it; \\o/");
    }

    #[test]
    fn mistakes_have_a_line() {
        for (text, line, word) in [
            (event("DTSTART:2026-01-01\r\n"), 4, "no date"),
            (event("SUMMARY:x\r\n"), 3, "no `DTSTART`"),
            (event("DTSTART:20260102\r\nDTEND:20260101\r\n"), 5, "ends before"),
            (event("DTSTART:20260102\r\nRRULE:FREQ=WEEKLY\r\n"), 5, "FREQ=YEARLY"),
            (event("DTSTART:20260102\r\nRRULE:FREQ=YEARLY;BYSETPOS=1\r\n"), 5, "BYSETPOS"),
            (event("DTSTART:20260102\r\nRRULE:FREQ=YEARLY;BYDAY=MO\r\n"), 5, "BYMONTH"),
            (event("DTSTART:20260102\r\nDTEND:20290101\r\n"), 3, "more than a year"),
            (event("DTSTART:20260102\r\nRDATE:20290101\r\n"), 5, "RDATE"),
            (event("DTSTART:20260102\r\nwhat\r\n"), 5, "no `:`"),
            ("hello\n".to_owned(), 1, "no `:`"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\n".to_owned(), 1, "never ended"),
            ("BEGIN:VCALENDAR\nEND:VEVENT\n".to_owned(), 2, "without"),
            (String::new(), 1, "no calendar"),
        ] {
            let (_, mistakes) = read(&text);
            let found = mistakes.iter().any(|mistake| mistake.line == line && mistake.what.contains(word));
            assert!(found, "{text}\n{mistakes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_is_read_without_a_panic(text in "(BEGIN:V(CALENDAR|EVENT)\n|END:VEVENT\n|DTSTART:[0-9T]{0,9}\n|RRULE:FREQ=YEARLY;[A-Z=0-9;,-]{0,20}\n|DURATION:P[0-9]{0,9}[DWT]\n|.{0,9}\n){0,12}") {
            read(&text);
        }
    }
}
