//! `topicdesk stats`: what was counted in a period, in total or by agent, tag, group, day or hour of the day.

use std::io::{self, Write, stdout};

use clap::{Args, ValueEnum};

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::table;
use super::times::Zone;
use super::work::unreadable;
use crate::clock::Timestamp;
use crate::config::duration;
use crate::engine::views::{Figures, Report, Row, Spread, View, ViewRequest};

#[derive(Args)]
pub(super) struct StatsArgs {
    /// From when on: a span back (30d, 12h), a date, a date and time; `all` from the beginning
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    since: String,
    /// Until when, written likewise; without, until now
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// A table by
    #[arg(long, value_name = "WHAT")]
    by: Option<By>,
    /// Print CSV
    #[arg(long)]
    csv: bool,
}

/// What a table is by.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Who answered first, who answered next, who resolved
    Agent,
    /// What it was about; a ticket counts to each of its tags
    Tag,
    /// The group in which it happened
    Group,
    /// The day on which it happened
    Day,
    /// The hour of the day
    Hour,
}

pub(super) async fn run(global: &Global, args: StatsArgs) -> Done {
    if args.csv && global.json {
        return Err(Failure::usage("--csv and --json are two ways of printing: say one"));
    }
    let site = Site::open(global)?;
    let (zone, now) = (site.desk_zone(), site.clock.now());
    let moment = |text: &str| zone.past(text, now).map_err(Failure::usage);
    let since = if args.since.trim() == "all" { None } else { Some(moment(&args.since)?) };
    let until = args.until.as_deref().map(moment).transpose()?;
    if since.is_some_and(|since| since >= until.unwrap_or(now)) {
        return Err(Failure::usage("the period is empty: --since has to be before --until"));
    }
    let (_desk, handle) = site.read_only().await?;
    let report = match handle.read(ViewRequest::Stats { since, until }).await {
        View::Stats(report) => *report,
        other => return Err(unreadable(other)),
    };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&report)?)?);
    }
    if args.csv {
        return csv(&report, args.by).map_err(Failure::from);
    }
    print(&report, args.by, zone).map_err(Failure::from)
}

fn rows(report: &Report, by: Option<By>) -> Vec<Row> {
    match by {
        None => vec![Row { key: "total".to_owned(), figures: report.total.clone() }],
        Some(By::Agent) => report.agents.clone(),
        Some(By::Tag) => report.tags.clone(),
        Some(By::Group) => report.groups.clone(),
        Some(By::Day) => report.days.clone(),
        Some(By::Hour) => report.hours.clone(),
    }
}

fn csv(report: &Report, by: Option<By>) -> io::Result<()> {
    let mut out = super::sheet::Sheet::new(stdout().lock());
    let mut head = vec!["key", "opened", "resolved", "reopened", "without_response", "outside", "breaches"];
    head.extend(["surveys", "survey_points", "open"]);
    head.extend(["first_response_count", "first_response_p50_seconds", "first_response_p90_seconds"]);
    head.extend(["next_response_count", "next_response_p50_seconds", "next_response_p90_seconds"]);
    head.extend(["resolution_count", "resolution_p50_seconds", "resolution_p90_seconds"]);
    out.head(&head)?;
    let maybe = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
    for Row { key, figures } in rows(report, by) {
        out.text(&key)?;
        out.plain(&maybe(figures.opened))?;
        for number in counts(&figures).into_iter().chain([figures.surveys, figures.survey_points]) {
            out.plain(&number.to_string())?;
        }
        out.plain(&maybe(figures.open))?;
        for spread in [figures.first_response, figures.next_response, figures.resolution] {
            out.plain(&spread.count.to_string())?;
            for seconds in [spread.p50_seconds, spread.p90_seconds] {
                out.plain(&seconds.map(|seconds| seconds.to_string()).unwrap_or_default())?;
            }
        }
        out.end()?;
    }
    out.finish()
}

fn print(report: &Report, by: Option<By>, zone: Zone) -> io::Result<()> {
    let mut out = stdout().lock();
    let since = report.since.map_or("the beginning".to_owned(), |since| zone.moment(since));
    writeln!(
        out,
        "From {since} to {} ({} time), times as {}.\n",
        zone.moment(report.until),
        report.timezone,
        clock(&report.clock)
    )?;
    let Some(by) = by else {
        return totals(&mut out, report);
    };
    let title = match by {
        By::Agent => "AGENT",
        By::Tag => "TAG",
        By::Group => "GROUP",
        By::Day => "DAY",
        By::Hour => "HOUR",
    };
    // What a table by that has not is no column of it.
    let (opened, open) = (by != By::Agent, by != By::Hour);
    let mut head = vec![title];
    head.extend(opened.then_some("NEW"));
    head.extend(["RESOLVED", "REOPENED", "NO RESP", "OUTSIDE", "LATE", "SURVEY"]);
    head.extend(open.then_some("OPEN"));
    head.extend(["FIRST 50%", "90%", "NEXT 50%", "90%", "RESOLVE 50%", "90%"]);
    let line = |row: &Row| {
        let figures = &row.figures;
        let mut cells = vec![row.key.clone()];
        cells.extend(figures.opened.filter(|_| opened).map(count));
        cells.extend(counts(figures).map(count));
        cells.push(figures.survey_average().unwrap_or_else(|| "-".to_owned()));
        cells.extend(figures.open.filter(|_| open).map(count));
        for spread in [figures.first_response, figures.next_response, figures.resolution] {
            cells.extend(spread_cells(&spread));
        }
        cells
    };
    let lines: Vec<Vec<String>> = rows(report, Some(by)).iter().map(line).collect();
    table::write(&mut out, &head, &lines, table::width())
}

fn totals(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let Figures { opened, resolved, reopened, without_response, outside, breaches, open, .. } = &report.total;
    let number = |count: &Option<usize>| count.unwrap_or_default();
    writeln!(out, "New {}, resolved {resolved}, reopened {reopened}.", number(opened))?;
    writeln!(out, "Open: {} at the beginning, {} at the end.", report.open_at_start, number(open))?;
    writeln!(
        out,
        "Resolved without a response: {without_response}. Answered outside: {outside} messages. \
         Deadlines missed since live: {breaches}."
    )?;
    match report.total.survey_average() {
        Some(average) => writeln!(out, "Survey: {average} of 5, {} answered.\n", report.total.surveys)?,
        None => writeln!(out, "Survey: no answers.\n")?,
    }
    let line = |name: &str, spread: &Spread| {
        let [p50, p90] = spread_cells(spread);
        vec![name.to_owned(), spread.count.to_string(), p50, p90]
    };
    let lines = [
        line("first response", &report.total.first_response),
        line("next response", &report.total.next_response),
        line("resolution", &report.total.resolution),
    ];
    table::write(out, &["", "COUNT", "50%", "90%"], &lines, table::width())
}

/// What is counted of every row, in the order of its columns.
fn counts(figures: &Figures) -> [usize; 5] {
    [figures.resolved, figures.reopened, figures.without_response, figures.outside, figures.breaches]
}

fn count(number: usize) -> String {
    number.to_string()
}

fn spread_cells(spread: &Spread) -> [String; 2] {
    [spread.p50(), spread.p90()].map(|span| span.map_or("-".to_owned(), duration::show))
}

/// Says how time is counted.
fn clock(word: &str) -> &str {
    match word {
        "business" => "business time, by the hours of each ticket's policy",
        "plain" => "plain time, nights and weekends included",
        other => other,
    }
}

/// Reads the beginning of a period for commands that look back.
pub(super) fn begin(site: &Site, text: &str) -> Done<Timestamp> {
    site.desk_zone().past(text, site.clock.now()).map_err(Failure::usage)
}
