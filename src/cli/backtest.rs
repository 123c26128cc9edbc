//! `topicdesk rules backtest`: what the escalations would have done with what is recorded.

use std::io::{self, Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::{Site, say};
use super::times::{Zone, ago};
use super::{operate, table};
use crate::clock::Timestamp;
use crate::config::{self, duration};
use crate::desk::escalation::{Difference, Replayed, Report, compare};
use crate::desk::event::Event;
use crate::desk::ids::AgentName;
use crate::desk::rules::Rules;
use crate::engine::EngineError;
use crate::engine::backtest;
use crate::engine::handle::{Answer, Backtest, OtherRules, Request};
use crate::seat::client;
use crate::store::Reader;

/// A report for a seat is no longer than this, in bytes.
const MOST: usize = 16 << 20;

/// What every report says, because the numbers do not.
const CAVEAT: &str = "People might have acted otherwise, had they been told: this says what would have fired, not what would have come of it.";

#[derive(Args)]
pub(super) struct BacktestArgs {
    /// Only what would have fired in so much time until now: 30d, 12h; absent: all that is recorded
    #[arg(long, value_name = "SPAN", value_parser = duration::parse)]
    since: Option<Duration>,
    /// Another desk.toml, whose rules are compared with the desk's
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// List at most so many firings (0: all)
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// What a report is of, and how it is written.
struct Wanted<'a> {
    /// The rules of another file, and what that is called.
    other: Option<(&'a str, &'a Rules)>,
    since: Option<Duration>,
    limit: usize,
    width: Option<usize>,
    json: bool,
    zone: Zone,
}

pub(super) async fn run(global: &Global, args: &BacktestArgs) -> Done {
    let site = Site::open(global)?;
    let other = match &args.rules {
        Some(file) => {
            let config = config::load(file)?;
            for warning in &config.warnings {
                say(warning);
            }
            Some((file.display().to_string(), config.rules))
        }
        None => None,
    };
    if client::of_another(&site.paths.socket).await {
        let other = match &other {
            Some((file, rules)) => Some(OtherRules { file: file.clone(), rules: serde_json::to_string(rules)? }),
            None => None,
        };
        let seconds = args.since.map(|span| span.as_secs());
        let asked = Backtest { seconds, other, limit: args.limit, width: table::width(), json: site.json };
        return match operate::ask(&site, Request::Backtest(asked)).await? {
            Answer::Text { text } => Ok(stdout().write_all(text.as_bytes())?),
            _ => Err(operate::odd()),
        };
    }
    let reader = Reader::open(&site.paths.data).map_err(EngineError::from)?;
    let wanted = Wanted {
        other: other.as_ref().map(|(file, rules)| (file.as_str(), rules)),
        since: args.since,
        limit: args.limit,
        width: table::width(),
        json: site.json,
        // Whoever has no name here reads it in the machine's time zone.
        zone: site.zone(&site.reader().unwrap_or_default()),
    };
    report(&site, &reader, &wanted, &mut stdout().lock())
}

/// Writes the report for somebody at a seat, whose other rules came as JSON.
pub(super) fn for_seat(site: &Site, by: &AgentName, asked: &Backtest) -> Done<String> {
    let other: Option<Rules> = match &asked.other {
        Some(other) => Some(serde_json::from_str(&other.rules).map_err(|error| {
            Failure::usage(format!("{}: its rules are not understood here: {error}", other.file.escape_debug()))
        })?),
        None => None,
    };
    let reader = Reader::open(&site.paths.data).map_err(EngineError::from)?;
    let wanted = Wanted {
        other: asked.other.as_ref().map(|other| other.file.as_str()).zip(other.as_ref()),
        since: asked.seconds.map(Duration::from_secs),
        limit: asked.limit,
        width: asked.width,
        json: asked.json,
        zone: site.zone(by),
    };
    let mut text = Bounded(Vec::new());
    report(site, &reader, &wanted, &mut text)?;
    Ok(String::from_utf8_lossy(&text.0).into_owned())
}

/// What goes to a seat in one answer.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if self.0.len() + part.len() > MOST {
            let why = format!("the report is longer than {} MiB: ask for less with --since or --limit", MOST >> 20);
            return Err(io::Error::other(why));
        }
        self.0.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn report(site: &Site, reader: &Reader, wanted: &Wanted<'_>, out: &mut dyn Write) -> Done {
    let own = &site.config.rules;
    let none = |rules: &Rules| rules.escalations.is_empty();
    if none(own) && wanted.other.is_none_or(|(_, rules)| none(rules)) {
        return Err(Failure::error(format!(
            "{} has no [[escalations]]: nothing would fire",
            site.paths.config.display()
        )));
    }
    let now = site.clock.now();
    let since = wanted.since.map_or(Timestamp::from_millis(i64::MIN), |span| now - span);
    let rules: Vec<&Rules> = std::iter::once(own).chain(wanted.other.map(|(_, rules)| rules)).collect();
    let begun = std::time::Instant::now();
    let tested = backtest::run(reader, &rules, since, now)?;
    let difference = match &tested.reports[..] {
        [here, there] => Some(compare(&here.firings, &there.firings)),
        _ => None,
    };
    let from = wanted.since.map(|_| since).or(tested.span.map(|(first, _)| first));
    if wanted.json {
        let report = |report: &Report| json!({ "report": report, "tally": report.tally() });
        let all = json!({
            "note": CAVEAT,
            "since": from,
            "until": now,
            "events": tested.events,
            "seconds": begun.elapsed().as_secs_f64(),
            "here": tested.reports.first().map(report),
            "there": tested.reports.get(1).map(report),
            "difference": difference,
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    let zone = wanted.zone;
    let events = tested.events;
    let from = from.map_or("the beginning".to_owned(), |at| zone.moment(at));
    let took = begun.elapsed().as_secs_f64();
    writeln!(out, "From {from} to {}: {events} events replayed in {took:.1} s.", zone.moment(now))?;
    writeln!(out, "{CAVEAT}")?;
    let page = Page { zone, limit: wanted.limit, width: wanted.width };
    for (place, report) in tested.reports.iter().enumerate() {
        match (place, wanted.other) {
            (1, Some((file, _))) => writeln!(out, "\nWith {}:", table::safe(file))?,
            (_, Some(_)) => writeln!(out, "\nWith {}:", site.paths.config.display())?,
            _ => {}
        }
        page.report(out, report)?;
    }
    if let Some(difference) = &difference {
        page.difference(out, difference)?;
    }
    Ok(())
}

struct Page {
    zone: Zone,
    limit: usize,
    width: Option<usize>,
}

impl Page {
    fn report(&self, out: &mut dyn Write, report: &Report) -> io::Result<()> {
        let tally = report.tally();
        writeln!(out, "\n{} would have fired.", count(report.firings.len(), "escalation", "escalations"))?;
        if !report.firings.is_empty() {
            self.firings(out, &report.firings)?;
            writeln!(out)?;
            let rows: Vec<Vec<String>> = tally
                .rules
                .iter()
                .map(|(rule, (fired, held))| vec![fired.to_string(), held.to_string(), rule.clone()])
                .collect();
            table::write(out, &["FIRED", "HELD BACK", "RULE"], &rows, self.width)?;
        }
        if !tally.told.is_empty() || tally.chat > 0 {
            let chat = (tally.chat > 0).then(|| format!("the staff chat {}", tally.chat));
            let told = tally.told.iter().map(|(name, count)| format!("{name} {count}"));
            let told: Vec<String> = told.chain(chat).collect();
            writeln!(out, "Told: {}", table::safe(&told.join(", ")))?;
        }
        if let Some((at, most)) = tally.worst_hour {
            writeln!(out, "Worst hour: {most} told from {} on", self.zone.moment(at))?;
        }
        if report.breaches > 0 {
            writeln!(
                out,
                "{} missed, {} of them before any rule had said a word{}",
                count(report.breaches, "target", "targets"),
                report.missed.len(),
                if report.missed.is_empty() { "." } else { ":" }
            )?;
            let rows: Vec<Vec<String>> = self
                .some(&report.missed)
                .iter()
                .map(|missed| {
                    let clock = missed.clock.title().to_owned();
                    vec![self.zone.moment(missed.at), missed.ticket.to_string(), clock, missed.title.clone()]
                })
                .collect();
            if !rows.is_empty() {
                table::write(out, &["WHEN", "TICKET", "TARGET", "TITLE"], &rows, self.width)?;
                self.rest(out, report.missed.len())?;
            }
        }
        Ok(())
    }

    fn firings(&self, out: &mut dyn Write, firings: &[Replayed]) -> io::Result<()> {
        let rows: Vec<Vec<String>> = self
            .some(firings)
            .iter()
            .map(|one| {
                let chat = one.chat.then_some("the staff chat");
                let told: Vec<&str> = one.told.iter().map(|name| name.0.as_str()).chain(chat).collect();
                let told = match (one.held, &told[..]) {
                    (true, _) => "held back".to_owned(),
                    (false, []) => "-".to_owned(),
                    (false, told) => told.join(", "),
                };
                let mut why = one.cause.words();
                why.push_str(&deeds(&one.deeds));
                vec![self.zone.moment(one.at), one.ticket.to_string(), one.rule.clone(), told, why, one.title.clone()]
            })
            .collect();
        table::write(out, &["WHEN", "TICKET", "RULE", "TOLD", "WHY", "TITLE"], &rows, self.width)?;
        self.rest(out, firings.len())
    }

    fn difference(&self, out: &mut dyn Write, difference: &Difference) -> io::Result<()> {
        let Difference { only_here, only_there, moved } = difference;
        writeln!(out, "\nThe difference, by ticket, rule and cause:")?;
        for (words, firings) in [("only in the desk's rules", only_here), ("only in the other file", only_there)] {
            writeln!(out, "{} {words}", firings.len())?;
            if !firings.is_empty() {
                self.firings(out, firings)?;
            }
        }
        writeln!(out, "{} at another time", moved.len())?;
        if moved.is_empty() {
            return Ok(());
        }
        let rows: Vec<Vec<String>> = self
            .some(moved)
            .iter()
            .map(|one| {
                let by = match one.there < one.here {
                    true => format!("{} sooner", ago(one.here.since(one.there))),
                    false => format!("{} later", ago(one.there.since(one.here))),
                };
                let (here, there) = (self.zone.moment(one.here), self.zone.moment(one.there));
                vec![one.ticket.to_string(), one.rule.clone(), here, there, by, one.title.clone()]
            })
            .collect();
        table::write(out, &["TICKET", "RULE", "HERE", "THERE", "", "TITLE"], &rows, self.width)?;
        self.rest(out, moved.len())
    }

    fn some<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        if self.limit == 0 { all } else { &all[..all.len().min(self.limit)] }
    }

    fn rest(&self, out: &mut dyn Write, all: usize) -> io::Result<()> {
        match all.checked_sub(self.limit).filter(|rest| *rest > 0 && self.limit > 0) {
            Some(rest) => writeln!(out, "and {rest} more: --limit 0 lists all"),
            None => Ok(()),
        }
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// Tells in few words what a firing would have changed.
fn deeds(events: &[Event]) -> String {
    let mut words = String::new();
    for event in events {
        match event {
            Event::PrioritySet { priority } => words.push_str(&format!("; priority {priority}")),
            Event::Tagged { added, .. } => {
                let tags: Vec<String> = added.iter().map(|tag| format!("+{tag}")).collect();
                words.push_str(&format!("; {}", tags.join(" ")));
            }
            Event::Moved { standing, .. } => {
                let to = standing.assignee.as_ref().map_or("nobody", |name| name.0.as_str());
                words.push_str(&format!("; assigned to {to}"));
            }
            _ => {}
        }
    }
    words
}
