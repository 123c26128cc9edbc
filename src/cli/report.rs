//! `topicdesk report`: what the desk can count.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::args::Global;
use super::failure::Done;
use super::mirror::glance;
use super::site::Site;
use super::table;
use super::work::unreadable;
use crate::config::duration;
use crate::desk::ids::TicketKey;
use crate::engine::views::{AnsweredBy, OutsideAnswer, View, ViewRequest};

#[derive(Args)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    report: Report,
}

#[derive(Subcommand)]
enum Report {
    /// Answers that staff typed in Telegram itself, past the desk
    Outside {
        /// How far to look back: 7d, 12h
        #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = duration::parse)]
        since: Duration,
    },
}

pub(super) async fn run(global: &Global, args: ReportArgs) -> Done {
    match args.report {
        Report::Outside { since } => outside(global, since).await,
    }
}

async fn outside(global: &Global, span: Duration) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let since = Some(site.clock.now() - span);
    let report = match handle.read(ViewRequest::Outside { since }).await {
        View::Outside(report) => report,
        other => return Err(unreadable(other)),
    };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&report)?)?);
    }
    let zone = site.zone(handle.agent());
    let desk = glance(&handle).await?;
    let mut out = stdout().lock();
    if report.answers.is_empty() {
        writeln!(out, "Staff has answered nothing outside the desk in the last {}.", duration::show(span))?;
    } else {
        let first = |is: bool| if is { "first" } else { "" }.to_owned();
        let by = |agent: &Option<crate::desk::ids::AgentName>, author: &str| match agent {
            Some(agent) => agent.to_string(),
            None => format!("{} (colleague)", table::cut(author, 24)),
        };
        let row = |answer: &OutsideAnswer| {
            vec![
                desk.ticket_name(TicketKey { group: answer.group, topic: answer.id }),
                zone.moment(answer.at),
                by(&answer.agent, &answer.author),
                first(answer.first_response),
                answer.snippet.clone(),
            ]
        };
        let rows: Vec<Vec<String>> = report.answers.iter().map(row).collect();
        table::write(&mut out, &["TICKET", "DATE", "BY", "RESPONSE", "TEXT"], &rows, table::width())?;
        writeln!(out)?;
        let total = |one: &AnsweredBy| {
            vec![by(&one.agent, &one.author), one.answers.to_string(), one.first_responses.to_string()]
        };
        let rows: Vec<Vec<String>> = report.totals.iter().map(total).collect();
        table::write(&mut out, &["BY", "ANSWERS", "FIRST RESPONSES"], &rows, table::width())?;
    }
    writeln!(out, "\nNot seen by the desk:")?;
    for line in &report.unseen {
        writeln!(out, "- {}", table::safe(line))?;
    }
    Ok(())
}
