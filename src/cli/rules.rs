//! `topicdesk rules`: what the rules of the desk make of a ticket, and of the time.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::Global;
use super::backtest::{self, BacktestArgs};
use super::failure::{Done, Failure};
use super::site::Site;
use super::table;
use super::times::{self, Zone};
use super::work::{self, TicketNumber, unreadable};
use crate::clock::Timestamp;
use crate::config::duration;
use crate::desk::hours::Hours;
use crate::engine::views::{ClockState, ClockView, SlaView, View, ViewRequest};

mod explain;

#[derive(Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Say which rules matched a ticket and why the others did not, who gets it and why nobody else
    Explain {
        /// The ticket: 1042, #1042
        #[arg(value_name = "ID")]
        ticket: TicketNumber,
    },
    /// Say which policy holds for a ticket, why, and how its clocks stand
    Sla {
        /// The ticket: 1042, #1042
        #[arg(value_name = "ID")]
        ticket: TicketNumber,
    },
    /// Say what the escalations would have done with what is recorded
    Backtest(BacktestArgs),
    /// Say when the desk is open, and when business time will have passed
    Hours {
        /// Only the hours of this name
        name: Option<String>,
        /// Another time than now: 2h, 14:30, tomorrow, 2026-12-25, "2026-12-25 10:00"
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Say when so much business time will have passed from then on: 4h, 2d
        #[arg(long, value_name = "SPAN", value_parser = duration::parse)]
        add: Option<Duration>,
    },
}

pub(super) async fn run(global: &Global, args: RulesArgs) -> Done {
    match args.command {
        RulesCommand::Explain { ticket } => explain::run(global, ticket).await,
        RulesCommand::Sla { ticket } => sla(global, ticket).await,
        RulesCommand::Backtest(args) => backtest::run(global, &args).await,
        RulesCommand::Hours { name, at, add } => hours(global, name.as_deref(), at.as_deref(), add),
    }
}

async fn sla(global: &Global, number: TicketNumber) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let ticket = work::find(&handle, &number).await?;
    let sla = match handle.read(ViewRequest::Sla { ticket }).await {
        View::Sla { sla } => sla,
        other => return Err(unreadable(other)),
    };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&sla)?)?);
    }
    let Some(sla) = sla else {
        return Err(Failure::error(match site.config.rules.sla.is_empty() {
            true => format!("{} has no [[sla]]: nothing is due", site.paths.config.display()),
            false => format!("{number} is no ticket"),
        }));
    };
    Ok(print(number, &sla, site.zone(handle.agent()), site.clock.now())?)
}

fn print(number: TicketNumber, sla: &SlaView, zone: Zone, now: Timestamp) -> std::io::Result<()> {
    let mut out = stdout().lock();
    match &sla.policy {
        Some(policy) => {
            let hours = sla.hours.as_ref().map_or("at all hours".to_owned(), |hours| format!("hours {hours}"));
            let opens = sla.opens_at.map_or("", |_| ", closed until ");
            let opens = format!("{opens}{}", sla.opens_at.map(|at| zone.moment(at)).unwrap_or_default());
            writeln!(out, "{number}: policy \"{}\", {hours}{opens}", table::safe(policy))?;
        }
        None => writeln!(out, "{number}: no policy fits, nothing is due")?,
    }
    for clock in &sla.clocks {
        let target = duration::show(Duration::from_secs(clock.target_seconds));
        writeln!(out, "  {:<15} {target:<8} {}", clock.clock.title(), state(clock, zone, now))?;
    }
    writeln!(out)?;
    let rows: Vec<Vec<String>> = sla
        .policies
        .iter()
        .map(|verdict| {
            let mark = if verdict.holds { "holds" } else { "no" };
            vec![mark.to_owned(), verdict.policy.clone(), verdict.why.clone()]
        })
        .collect();
    table::write(&mut out, &["", "POLICY", "WHY"], &rows, table::width())
}

fn state(clock: &ClockView, zone: Zone, now: Timestamp) -> String {
    let left = duration::show(Duration::from_secs(clock.left_seconds));
    match (clock.state, clock.deadline) {
        (ClockState::Running, Some(at)) if at <= now => {
            format!("overdue since {}, {}", zone.moment(at), times::ago(now.since(at)))
        }
        (ClockState::Running, Some(at)) => format!("due {}, {left} of business time left", zone.moment(at)),
        (ClockState::Running, None) => "runs, and will never be due".to_owned(),
        (ClockState::Paused { since }, None) => format!("paused since {}, {left} left", zone.moment(since)),
        (ClockState::Paused { since }, Some(at)) => {
            format!("paused since {}, overdue since {}", zone.moment(since), zone.moment(at))
        }
        (ClockState::Ended { at }, None) => format!("kept {}, {left} were left", zone.moment(at)),
        (ClockState::Ended { at }, Some(due)) => format!("late {}, was due {}", zone.moment(at), zone.moment(due)),
    }
}

fn hours(global: &Global, name: Option<&str>, at: Option<&str>, add: Option<Duration>) -> Done {
    let site = Site::find(global)?;
    let all = &site.config.rules.sla.hours;
    let file = site.paths.config.display();
    if all.is_empty() {
        return Err(Failure::error(format!("{file} has no [hours.NAME]")));
    }
    if let Some(name) = name.filter(|name| !all.contains_key(*name)) {
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        return Err(Failure::usage(format!(
            "there are no hours `{}`: there are {}",
            name.escape_debug(),
            names.join(", ")
        )));
    }
    let reader = site.reader().unwrap_or_else(|_| crate::desk::ids::AgentName(String::new()));
    let zone = site.zone(&reader);
    let at = match at {
        Some(text) => zone.parse(text, site.clock.now()).map_err(Failure::usage)?,
        None => site.clock.now(),
    };
    let chosen: Vec<(&String, &Hours)> = all.iter().filter(|(own, _)| name.is_none_or(|name| name == *own)).collect();
    if site.json {
        let one = |(name, hours): &(&String, &Hours)| {
            let open = hours.is_open(at);
            json!({
                "name": name,
                "timezone": hours.plan().zone.name(),
                "at": at,
                "open": open,
                "closes_at": hours.next_closing(at).filter(|_| open),
                "opens_at": hours.next_opening(at).filter(|_| !open),
                "holiday": hours.holiday(at).map(|holiday| &holiday.name),
                "after": add.map(|span| hours.add(at, span)),
            })
        };
        let all: Vec<_> = chosen.iter().map(one).collect();
        return Ok(writeln!(stdout(), "{:#}", json!(all))?);
    }
    let rows: Vec<Vec<String>> = chosen
        .iter()
        .map(|(name, hours)| {
            let never = || "never".to_owned();
            let state = if hours.is_open(at) {
                format!("open until {}", hours.next_closing(at).map_or_else(never, |at| zone.moment(at)))
            } else {
                format!("closed until {}", hours.next_opening(at).map_or_else(never, |at| zone.moment(at)))
            };
            let holiday = match hours.holiday(at) {
                Some(holiday) if holiday.name.is_empty() => "holiday".to_owned(),
                Some(holiday) => holiday.name.clone(),
                None => String::new(),
            };
            let after = add.map(|span| {
                format!("{} on: {}", duration::show(span), hours.add(at, span).map_or_else(never, |at| zone.moment(at)))
            });
            vec![(*name).clone(), hours.plan().zone.name().to_owned(), state, after.unwrap_or_default(), holiday]
        })
        .collect();
    let mut out = stdout().lock();
    writeln!(out, "At {}:", zone.moment(at))?;
    Ok(table::write(&mut out, &["HOURS", "TIME ZONE", "STATE", "", ""], &rows, table::width())?)
}
