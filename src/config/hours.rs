//! `[hours.NAME]`: business hours, with holidays written here or in an iCalendar file.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use toml::Spanned;
use toml::de::DeValue;

use super::ics;
use super::reader::{Item, Problem, Reader, Section};
use crate::desk::hours::{Holiday, Hours, On, Plan, Range};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// No calendar of holidays is larger; a file that is was named by mistake.
const LARGEST: u64 = 4_000_000;

/// A holiday has at most so many days.
const LONGEST: i64 = 366;

impl<'t> Reader<'t> {
    /// Reads all `[hours.NAME]`. Files are looked for beside `desk.toml`; `zone` is the desk's.
    pub(super) fn hours(
        &mut self,
        root: &Section<'_, 't>,
        zone: Option<&str>,
        folder: Option<&Path>,
    ) -> BTreeMap<String, Hours> {
        let all = self.section(root, "hours");
        let mut hours = BTreeMap::new();
        for (name, span, _) in all.entries() {
            let section = self.section(&all, name);
            if !section.exists() {
                continue;
            }
            if name.trim().is_empty() || name.contains(char::is_control) {
                self.wrong(span.start, "hours have a name: write `[hours.office]`");
            }
            self.check_keys(&section);
            let problems = self.problems.len();
            let zone = self.timezone(&section, "timezone").or_else(|| zone.map(str::to_owned));
            let zone = zone.and_then(|zone| zone.parse::<Tz>().ok());
            if zone.is_none() && section.get("timezone").is_none() {
                let what = format!("`[hours.{name}]` has no `timezone`, and neither has `[desk]`: whose clock counts?");
                self.wrong(span.start, what);
            }
            let week = self.week(&section);
            let mut holidays = self.holidays_file(&section, folder);
            holidays.extend(self.holidays(&section));
            let plan = Plan { zone: zone.unwrap_or(Tz::UTC), week, holidays };
            match Hours::new(plan) {
                Ok(plan) => {
                    hours.insert(name.to_owned(), plan);
                }
                // What is wrong with them has been said.
                Err(_) if self.problems.len() > problems => {
                    hours.insert(name.to_owned(), Hours::always());
                }
                Err(never) => {
                    self.wrong(span.start, format!("`[hours.{name}]`: {never}: give a weekday its ranges"));
                    hours.insert(name.to_owned(), Hours::always());
                }
            }
        }
        hours
    }

    fn week(&mut self, section: &Section<'_, 't>) -> [Vec<Range>; 7] {
        let mut week: [Vec<Range>; 7] = Default::default();
        let mut places = [section.span.start; 7];
        let mut sound = true;
        for (day, key) in DAYS.into_iter().enumerate() {
            let problems = self.problems.len();
            week[day] = self.ranges(section, key);
            sound &= self.problems.len() == problems;
            places[day] = section.get(key).map_or(section.span.start, |value| value.span().start);
        }
        if sound {
            for day in 0..7 {
                let night = week[day].iter().map(|range| range.to).max().unwrap_or(0).saturating_sub(1440);
                let next = (day + 1) % 7;
                if let Some(first) = week[next].first().filter(|first| first.from < night) {
                    let what = format!(
                        "`{}.{}` begins with {} before the night of {} is over",
                        section.name,
                        DAYS[next],
                        first.label(),
                        DAYS[day]
                    );
                    self.wrong(places[next], what);
                }
            }
        }
        week
    }

    /// Reads ranges like `"09:00-13:00"`, sorted; they must not overlap.
    fn ranges(&mut self, section: &Section<'_, 't>, key: &str) -> Vec<Range> {
        let mut ranges: Vec<(Range, usize)> = Vec::new();
        for item in self.items(section, key) {
            let at = item.span().start;
            match item.get_ref() {
                Item::Text(text) => match range(text) {
                    Ok(range) => ranges.push((range, at)),
                    Err(why) => self.wrong(at, format!("`{}.{key}`: `{}` {why}", section.name, text.escape_debug())),
                },
                Item::Number(number) => {
                    self.wrong(at, format!("`{}.{key}`: `{number}` is no range: write \"09:00-17:00\"", section.name));
                }
            }
        }
        ranges.sort_by_key(|(range, _)| *range);
        for pair in ranges.windows(2) {
            if let [(one, _), (two, at)] = pair
                && two.from < one.to
            {
                let what = format!("`{}.{key}`: {} and {} overlap", section.name, one.label(), two.label());
                self.wrong(*at, what);
            }
        }
        ranges.into_iter().map(|(range, _)| range).collect()
    }

    /// Reads `holidays`: dates, `MM-DD` for every year, `from..to`, or tables with `on`, `name` and `hours`.
    fn holidays(&mut self, section: &Section<'_, 't>) -> Vec<Holiday> {
        let Some(value) = section.get("holidays") else { return Vec::new() };
        let mut holidays = Vec::new();
        let one = std::slice::from_ref(value);
        let items: Vec<&Spanned<DeValue<'t>>> = match value.get_ref().as_array() {
            Some(list) => list.iter().collect(),
            None => one.iter().collect(),
        };
        for item in items {
            let at = item.span().start;
            if item.get_ref().as_table().is_none() {
                holidays.extend(self.days(item.get_ref(), at).into_iter().map(|on| Holiday {
                    on,
                    hours: Vec::new(),
                    name: String::new(),
                }));
                continue;
            }
            let table = Section::inside(&format!("{}.holidays", section.name), item);
            self.check_keys(&table);
            let hours = self.ranges(&table, "hours");
            let name = self.line(&table, "name").map(Spanned::into_inner).unwrap_or_default();
            let Some(on) = table.get("on") else {
                self.wrong(at, "a holiday has no `on`: write { on = \"12-24\", hours = [\"09:00-12:00\"] }");
                continue;
            };
            let days = self.days(on.get_ref(), on.span().start);
            holidays.extend(days.into_iter().map(|on| Holiday { on, hours: hours.clone(), name: name.clone() }));
        }
        holidays
    }

    fn days(&mut self, value: &DeValue<'_>, at: usize) -> Vec<On> {
        let text = match value {
            DeValue::String(text) => text.clone().into_owned(),
            DeValue::Datetime(date) => date.to_string(),
            _ => String::new(),
        };
        match days(&text) {
            Ok(days) => days,
            Err(why) => {
                self.wrong(at, format!("`{}` is no holiday: {why}", text.escape_debug()));
                Vec::new()
            }
        }
    }

    fn holidays_file(&mut self, section: &Section<'_, 't>, folder: Option<&Path>) -> Vec<Holiday> {
        let Some(file) = self.line(section, "holidays_file") else { return Vec::new() };
        let path = folder.unwrap_or(Path::new("")).join(file.get_ref());
        let large = |path: &Path| std::fs::metadata(path).map(|meta| meta.len() > LARGEST || !meta.is_file());
        let text = match large(&path) {
            Ok(true) => Err("is no calendar file of a sensible size".to_owned()),
            Ok(false) => std::fs::read(&path).map_err(|error| format!("cannot be read: {error}")),
            Err(error) => Err(format!("cannot be read: {error}")),
        };
        let text = match text {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(why) => {
                self.wrong(file.span().start, format!("{} {why}", path.display()));
                return Vec::new();
            }
        };
        let (holidays, mistakes) = ics::read(&text);
        let file = path.display().to_string();
        self.problems.extend(mistakes.into_iter().map(|mistake| Problem {
            file: file.clone(),
            line: mistake.line,
            column: 1,
            what: mistake.what,
        }));
        holidays
    }
}

fn range(text: &str) -> Result<Range, &'static str> {
    const HOW: &str = "is no range: write \"09:00-17:00\", \"22:00-06:00\" over midnight, or \"00:00-24:00\"";
    let clock = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let (hours, minutes): (u32, u32) =
            (hours.parse().ok().filter(|_| digits(hours))?, minutes.parse().ok().filter(|_| minutes.len() == 2)?);
        let all = hours * 60 + minutes;
        (minutes < 60 && all <= 1440).then_some(all)
    };
    let (from, to) = text.split_once(['-', '–']).ok_or(HOW)?;
    let (from, to) = (clock(from).ok_or(HOW)?, clock(to).ok_or(HOW)?);
    match (from, to) {
        (1440, _) => Err("begins at 24:00: write 00:00, on the next day"),
        (from, to) if from == to => Err("begins where it ends: for the whole day write \"00:00-24:00\""),
        (from, to) if to < from => Ok(Range { from, to: to + 1440 }),
        (from, to) => Ok(Range { from, to }),
    }
}

fn days(text: &str) -> Result<Vec<On>, String> {
    const HOW: &str = "write \"2026-12-25\", \"12-25\" for every year, or \"2026-12-24..2026-12-31\"";
    let date = |text: &str| text.trim().parse::<NaiveDate>().ok().filter(|_| text.trim().len() == 10);
    if let Some((from, to)) = text.split_once("..") {
        let (Some(from), Some(to)) = (date(from), date(to)) else { return Err(HOW.to_owned()) };
        let count = (to - from).num_days() + 1;
        if !(1..=LONGEST).contains(&count) {
            return Err("it ends before it begins, or lasts more than a year".to_owned());
        }
        let all = (0..count.unsigned_abs()).filter_map(|day| from.checked_add_days(Days::new(day)));
        return Ok(all.map(On::Date).collect());
    }
    if let Some(date) = date(text) {
        return Ok(vec![On::Date(date)]);
    }
    let yearly = text.trim().split_once('-').and_then(|(month, day)| {
        let (month, day): (u32, u32) = (month.parse().ok()?, day.parse().ok()?);
        // A leap year has every day that there is.
        NaiveDate::from_ymd_opt(2024, month, day).map(|_| On::Yearly { month, day })
    });
    yearly.map(|on| vec![on]).ok_or_else(|| HOW.to_owned())
}
