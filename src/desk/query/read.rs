//! Reading a query, with mistakes that name the part they are in.

use std::ops::Range;

use chrono::{NaiveDate, TimeZone};
use chrono_tz::Tz;

use super::{Condition, Flag, Query, QueryError, Span, Term, Who};
use crate::clock::Timestamp;
use crate::desk::groups::{self, Given};
use crate::desk::ids::AgentName;
use crate::desk::near::distance;
use crate::desk::span;
use crate::desk::tags::{Priority, Tag};

/// The words before a colon, with what may follow: for messages, help and completion.
pub(super) const KEYS: [(&str, &str); 17] = [
    ("status", "open, assigned, in_progress, pending, resolved, closed"),
    ("assignee", "me, none or an agent's name"),
    ("mentions", "me, none or an agent's name: whom notes name"),
    ("tag", "a tag"),
    ("category", "a category, or none"),
    ("priority", "low, normal, high, urgent; or >=high"),
    ("waiting", "a span: >2h, <30m"),
    ("due", "a span: <30m; overdue is less than any"),
    ("quiet", "a span since staff spoke last: >24h"),
    ("age", "a span since it was opened: >7d"),
    ("customer", "@username, id or part of the name"),
    ("group", "its name, or its id"),
    ("language", "a code such as uk"),
    ("before", "a day: 2026-11-01"),
    ("after", "a day: 2026-11-01"),
    ("is", "live, waiting, unassigned, snoozed, overdue, flagged, imported, outside, reopened"),
    ("text", "words in quotes"),
];

/// A query of people is never longer.
const LONGEST: usize = 2_000;

impl Query {
    /// Lists the keys of the language, each with what may follow it.
    pub fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.into_iter()
    }

    /// Reads a query. Days are those of `zone`.
    ///
    /// # Errors
    /// The first part that means nothing, with what would.
    pub fn parse(text: &str, zone: Tz) -> Result<Query, QueryError> {
        Query::parse_among(text, zone, &[])
    }

    /// Reads a query that may name groups: those of `desk.toml`.
    ///
    /// # Errors
    /// As [`Query::parse`], and a group that there is not.
    pub fn parse_among(text: &str, zone: Tz, groups: &[Given]) -> Result<Query, QueryError> {
        if text.len() > LONGEST {
            let what = format!("a query has at most {LONGEST} bytes");
            return Err(QueryError { at: 0..text.len(), part: "…".to_owned(), what });
        }
        let mut terms = Vec::new();
        for part in parts(text) {
            terms.extend(part.read(zone, groups)?);
        }
        Ok(Query { terms })
    }
}

/// A part of a query: what stands between spaces, or in quotes.
struct Part<'a> {
    at: Range<usize>,
    whole: &'a str,
    negated: bool,
    /// What stands before the first colon outside quotes.
    key: Option<&'a str>,
    /// The rest, without its quotes.
    value: String,
    /// The rest was in quotes: a comma in it is a comma.
    quoted: bool,
}

/// Cuts a query into parts. A quote that is never closed goes to the end: whoever is typing has not come further.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        let start = text.len() - trimmed.len();
        if trimmed.is_empty() {
            return parts;
        }
        let mut quoted = false;
        let end = trimmed
            .char_indices()
            .find(|(_, c)| {
                quoted ^= *c == '"';
                !quoted && c.is_whitespace()
            })
            .map_or(trimmed.len(), |(at, _)| at);
        let whole = &trimmed[..end];
        let at = start..start + end;
        rest = &trimmed[end..];
        let (negated, bare) = match whole.strip_prefix('-') {
            Some(bare) if !bare.is_empty() => (true, bare),
            _ => (false, whole),
        };
        let colon = bare.find(':').filter(|colon| !bare[..*colon].contains('"'));
        let (key, value) = match colon {
            Some(colon) => (Some(&bare[..colon]), &bare[colon + 1..]),
            None => (None, bare),
        };
        parts.push(Part { at, whole, negated, key, value: value.replace('"', ""), quoted: value.contains('"') });
    }
}

impl Part<'_> {
    fn wrong(&self, what: impl Into<String>) -> QueryError {
        QueryError { at: self.at.clone(), part: self.whole.to_owned(), what: what.into() }
    }

    fn read(&self, zone: Tz, groups: &[Given]) -> Result<Option<Term>, QueryError> {
        let condition = match self.key.map(str::to_lowercase).as_deref() {
            None | Some("text") => {
                let words = self.value.trim();
                if words.is_empty() {
                    return Ok(None);
                }
                Condition::Words(words.to_owned())
            }
            Some(key) => {
                if self.value.trim().is_empty() && KEYS.iter().any(|(known, _)| *known == key) {
                    let allowed = KEYS.iter().find(|(known, _)| *known == key).map_or("", |(_, allowed)| allowed);
                    return Err(self.wrong(format!("something must follow: {allowed}")));
                }
                self.condition(key, zone, groups)?
            }
        };
        Ok(Some(Term { negated: self.negated, condition }))
    }

    fn condition(&self, key: &str, zone: Tz, groups: &[Given]) -> Result<Condition, QueryError> {
        Ok(match key {
            "status" => Condition::Status(self.each(|word| word.to_lowercase().replace('-', "_").parse())?),
            "assignee" => Condition::Assignee(self.each(who)?),
            "mentions" => Condition::Mentions(self.each(who)?),
            "tag" => Condition::Tag(self.each(str::parse::<Tag>)?),
            "category" => Condition::Category(self.each(|word| match word {
                "none" => Ok(None),
                word => word.parse().map(Some),
            })?),
            "priority" => Condition::Priority(self.priorities()?),
            "waiting" => Condition::Waiting(self.span()?),
            "due" => Condition::Due(self.span()?),
            "quiet" => Condition::Quiet(self.span()?),
            "age" => Condition::Age(self.span()?),
            "customer" => Condition::Customer(self.each(|word| Ok(word.to_owned()))?),
            "group" => Condition::Group(self.each(|word| match groups::unknown(groups, word) {
                Some(why) => Err(why),
                None => Ok(word.to_owned()),
            })?),
            "language" => Condition::Language(self.each(|word| Ok(word.to_lowercase()))?),
            "before" => Condition::Before(self.day(zone)?),
            "after" => Condition::After(self.day(zone)?),
            "is" => {
                let flag = Flag::ALL.into_iter().find(|flag| flag.label() == self.value.to_lowercase());
                Condition::Is(
                    flag.ok_or_else(|| self.wrong(format!("it may be {}", Flag::ALL.map(Flag::label).join(", "))))?,
                )
            }
            unknown => return Err(self.wrong(no_key(unknown))),
        })
    }

    /// Reads what stands between commas.
    fn each<T>(&self, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, QueryError> {
        let words = match self.quoted {
            true => vec![self.value.as_str()],
            false => self.value.split(',').collect(),
        };
        let words = words.into_iter().map(str::trim).filter(|word| !word.is_empty());
        let all = words.map(read).collect::<Result<Vec<T>, String>>().map_err(|what| self.wrong(what))?;
        if all.is_empty() { Err(self.wrong("something must follow")) } else { Ok(all) }
    }

    fn priorities(&self) -> Result<Vec<Priority>, QueryError> {
        let value = self.value.trim();
        for (sign, keep) in [
            (">=", (|one, than| one >= than) as fn(Priority, Priority) -> bool),
            ("<=", |one, than| one <= than),
            (">", |one, than| one > than),
            ("<", |one, than| one < than),
        ] {
            let Some(word) = value.strip_prefix(sign) else { continue };
            let than = word.parse::<Priority>().map_err(|what| self.wrong(what))?;
            let all: Vec<_> = Priority::ALL.into_iter().filter(|one| keep(*one, than)).collect();
            return if all.is_empty() { Err(self.wrong("no priority is like that")) } else { Ok(all) };
        }
        self.each(str::parse)
    }

    fn span(&self) -> Result<Span, QueryError> {
        let value = self.value.trim();
        let (less, bare) = match (value.strip_prefix('<'), value.strip_prefix('>')) {
            (Some(bare), _) => (true, bare),
            (None, Some(bare)) => (false, bare),
            (None, None) => (false, value),
        };
        let span = span::parse(bare.strip_prefix('=').unwrap_or(bare)).map_err(|what| self.wrong(what))?;
        Ok(Span { less, span })
    }

    /// Reads a day (its beginning in the zone) or an instant with its offset.
    fn day(&self, zone: Tz) -> Result<Timestamp, QueryError> {
        let value = self.value.trim();
        if let Ok(instant) = Timestamp::parse_rfc3339(value) {
            return Ok(instant);
        }
        let wrong = || self.wrong("write a day like 2026-11-01, or 2026-11-01T09:00:00Z");
        let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").map_err(|_| wrong())?;
        // Where the clock jumps over midnight the day begins an hour later.
        let begins = (0..4).find_map(|hour| zone.from_local_datetime(&day.and_hms_opt(hour, 0, 0)?).earliest());
        Ok(begins.ok_or_else(wrong)?.to_utc().into())
    }
}

fn who(word: &str) -> Result<Who, String> {
    Ok(match word {
        "me" => Who::Me,
        "none" | "nobody" => Who::Nobody,
        name => Who::Agent(AgentName(name.trim_start_matches('@').to_owned())),
    })
}

fn no_key(key: &str) -> String {
    let near = KEYS.iter().map(|(known, _)| (distance(key, known), known)).min();
    match near.filter(|(steps, _)| *steps <= 2) {
        Some((_, known)) => format!("did you mean `{known}:`?"),
        None => {
            let all = KEYS.map(|(known, _)| known).join(", ");
            format!("there is no `{key}:`; to look for the words themselves put them in quotes. There are {all}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::desk::ticket::Status;

    fn one(text: &str) -> Term {
        let query = Query::parse(text, Tz::Europe__Kyiv).unwrap_or_else(|error| panic!("{text}: {error}"));
        let [term] = &query.terms[..] else { panic!("{text}: {query:?}") };
        term.clone()
    }

    #[test]
    fn every_kind_of_condition_is_read() {
        let hours = |less, hours: u64| Span { less, span: Duration::from_secs(hours * 3600) };
        for (text, condition) in [
            ("status:open,pending", Condition::Status(vec![Status::Open, Status::Pending])),
            ("STATUS:In-Progress", Condition::Status(vec![Status::InProgress])),
            ("assignee:me,none,tom", Condition::Assignee(vec![Who::Me, Who::Nobody, Who::Agent("tom".into())])),
            ("mentions:me,@tom,none", Condition::Mentions(vec![Who::Me, Who::Agent("tom".into()), Who::Nobody])),
            ("tag:#Billing", Condition::Tag(vec!["billing".parse().expect("a tag")])),
            ("category:Refund,none", Condition::Category(vec!["refund".parse().ok(), None])),
            ("priority:>=high", Condition::Priority(vec![Priority::High, Priority::Urgent])),
            ("priority:low", Condition::Priority(vec![Priority::Low])),
            ("waiting:>2h", Condition::Waiting(hours(false, 2))),
            ("waiting:2h", Condition::Waiting(hours(false, 2))),
            ("due:<1h", Condition::Due(hours(true, 1))),
            ("quiet:>24h", Condition::Quiet(hours(false, 24))),
            ("customer:@x", Condition::Customer(vec!["@x".to_owned()])),
            ("customer:\"Anna, the first\"", Condition::Customer(vec!["Anna, the first".to_owned()])),
            ("before:2026-11-01", Condition::Before(Timestamp::parse_rfc3339("2026-10-31T22:00:00Z").expect("a date"))),
            (
                "after:2026-11-01T09:00:00+02:00",
                Condition::After(Timestamp::parse_rfc3339("2026-11-01T07:00:00Z").expect("a date")),
            ),
            ("is:overdue", Condition::Is(Flag::Overdue)),
            ("refund", Condition::Words("refund".to_owned())),
            ("\"exact words\"", Condition::Words("exact words".to_owned())),
            ("\"status:open\"", Condition::Words("status:open".to_owned())),
            ("\"not closed", Condition::Words("not closed".to_owned())),
            ("text:\"a:b\"", Condition::Words("a:b".to_owned())),
        ] {
            assert_eq!(one(text), Term { negated: false, condition: condition.clone() }, "{text}");
            assert_eq!(one(&format!("-{text}")), Term { negated: true, condition }, "-{text}");
        }
    }

    #[test]
    fn a_query_takes_all_of_another_that_asks_more() {
        for (wide, narrow, takes) in [
            ("", "", true),
            ("", "tag:vip", true),
            ("tag:vip", "", false),
            ("tag:vip", "priority:high tag:vip", true),
            ("tag:vip,spam", "tag:vip", true),
            ("tag:vip", "tag:vip,spam", false),
            ("-tag:vip", "-tag:vip,spam", true),
            ("-tag:vip,spam", "-tag:vip", false),
            ("-tag:vip", "tag:vip", false),
            ("priority:>=high", "priority:urgent", true),
            ("language:uk status:open", "status:open language:uk", true),
            ("waiting:>1h", "waiting:>2h", false),
            ("is:flagged", "is:flagged customer:5", true),
            ("customer:5,@x", "customer:@x", true),
            ("group:acme", "language:acme", false),
        ] {
            let read = |text: &str| Query::parse(text, Tz::UTC).expect("a query");
            assert_eq!(read(wide).takes_all_of(&read(narrow)), takes, "`{wide}` takes all of `{narrow}`");
        }
    }

    #[test]
    fn mistakes_point_at_the_word() {
        for (text, part, what) in [
            ("status:open asignee:me", "asignee:me", "did you mean `assignee:`?"),
            ("a status:opn b", "status:opn", "unknown status `opn`"),
            ("waiting:soon", "waiting:soon", "no span of time"),
            ("before:yesterday", "before:yesterday", "write a day like"),
            ("is:late", "is:late", "it may be live"),
            ("status:", "status:", "something must follow"),
            ("tag:,", "tag:,", "something must follow"),
            ("priority:>urgent", "priority:>urgent", "no priority"),
            ("https://shop.example", "https://shop.example", "put them in quotes"),
        ] {
            let error = Query::parse(text, Tz::UTC).expect_err(text);
            assert_eq!(&text[error.at.clone()], part, "{text}");
            assert!(error.to_string().contains(what), "{text}: {error}");
        }
        let error = Query::parse("ы asignee:me", Tz::UTC).expect_err("a mistake");
        assert_eq!(error.pointed("ы asignee:me"), "ы asignee:me\n  ^^^^^^^^^^ did you mean `assignee:`?");
    }

    #[test]
    fn nothing_a_person_can_type_panics() {
        for text in [
            "",
            " ",
            "-",
            "--",
            ":",
            ":x",
            "-:",
            "\"\"",
            "a:\"",
            "\"",
            "🙂:🙂",
            "before:99999999-01-01",
            "after:0000-01-01",
        ] {
            drop(Query::parse(text, Tz::America__Sao_Paulo));
        }
        assert!(Query::parse("\"\"", Tz::UTC).expect("a query").is_empty());
    }
}
