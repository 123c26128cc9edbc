//! `topicdesk rules explain`: which rules matched a ticket and why the others did not, who gets it and why nobody else.

use std::io::{Write, stdout};

use super::super::args::Global;
use super::super::failure::{Done, Failure};
use super::super::site::Site;
use super::super::table;
use super::super::times::Zone;
use super::super::work::{self, TicketNumber, unreadable};
use crate::engine::views::{Explanation, Lapse, RuleVerdict, View, ViewRequest};

pub(super) async fn run(global: &Global, number: TicketNumber) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let ticket = work::find(&handle, &number).await?;
    let explanation = match handle.read(ViewRequest::Explain { ticket }).await {
        View::Explained { explanation } => explanation,
        other => return Err(unreadable(other)),
    };
    let Some(explanation) = explanation else { return Err(Failure::error(format!("{number} is no ticket"))) };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&explanation)?)?);
    }
    let name = work::name_of(&handle, ticket).await?;
    Ok(print(&explanation, &name, site.zone(handle.agent()))?)
}

fn print(explanation: &Explanation, name: &str, zone: Zone) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{name}: {}", now_words(explanation, zone))?;
    if let Some(last) = &explanation.last {
        writeln!(out, "  {}", table::safe(last))?;
    }
    let came_in = match &explanation.applied {
        None => "this episode never went through intake".to_owned(),
        Some(rules) if rules.is_empty() => "no rule was applied when it came in".to_owned(),
        Some(rules) => format!("applied when it came in: {}", rules.join(", ")),
    };
    writeln!(out, "\nIntake: {}", table::safe(&came_in))?;
    rules(&mut out, "RULE", &explanation.intake)?;
    let decision = &explanation.routing;
    let outcome = match &decision.agent {
        Some(agent) => format!("were it nobody's, {agent} would get it ({})", decision.why),
        None => format!("were it nobody's, nobody would get it ({})", decision.why),
    };
    writeln!(out, "\nRouting: {}", table::safe(&outcome))?;
    rules(&mut out, "RULE", &decision.rules)?;
    for team in &decision.teams {
        writeln!(out, "\nTeam {} ({})", table::safe(&team.team.0), team.assign.label())?;
        let one = |(agent, can, why): (&str, bool, &str)| {
            vec![if can { "yes" } else { "no" }.to_owned(), agent.to_owned(), why.to_owned()]
        };
        let all =
            team.candidates.iter().map(|candidate| (candidate.agent.0.as_str(), candidate.can, &candidate.why[..]));
        let lines: Vec<Vec<String>> = all.map(one).collect();
        if !lines.is_empty() {
            table::write(&mut out, &["", "AGENT", "WHY"], &lines, table::width())?;
        }
    }
    if let Some(sla) = &explanation.sla {
        writeln!(out, "\nSLA: {}", sla.policy.as_deref().map_or("no policy fits".into(), table::safe))?;
        let line = |verdict: &crate::engine::views::Verdict| {
            let mark = if verdict.holds { "yes" } else { "no" };
            vec![mark.to_owned(), verdict.policy.clone(), verdict.why.clone()]
        };
        let lines: Vec<Vec<String>> = sla.policies.iter().map(line).collect();
        table::write(&mut out, &["", "POLICY", "WHY"], &lines, table::width())?;
    }
    Ok(())
}

fn now_words(explanation: &Explanation, zone: Zone) -> String {
    match (&explanation.assignee, explanation.held_until, explanation.in_line) {
        (Some(agent), ..) => match explanation.taken_back_at {
            Some((at, lapse)) => {
                let why = if lapse == Lapse::Away { "stays away" } else { "does not answer" };
                format!("{agent}'s; taken back {} if {agent} {why}", zone.moment(at))
            }
            None => format!("{agent}'s"),
        },
        (None, Some(until), _) => format!("held until {}: one of many topics opened at once", zone.moment(until)),
        (None, None, true) => "waits for somebody who can take it".to_owned(),
        (None, None, false) => "nobody's; whoever wants takes it".to_owned(),
    }
}

fn rules(out: &mut impl Write, heading: &str, rules: &[RuleVerdict]) -> std::io::Result<()> {
    let line = |verdict: &RuleVerdict| {
        let mark = if verdict.matches { "yes" } else { "no" };
        vec![mark.to_owned(), verdict.rule.clone(), verdict.why.clone()]
    };
    let lines: Vec<Vec<String>> = rules.iter().map(line).collect();
    if lines.is_empty() { Ok(()) } else { table::write(out, &["", heading, "WHY"], &lines, table::width()) }
}
