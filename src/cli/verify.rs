//! `topicdesk verify`: compares what the desk has with Telegram once more, and says how complete each thread is.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::{Opened, glance, stopped};
use super::site::Site;
use super::sync::{Progress, caught_up};
use super::times::Zone;
use super::work::TicketNumber;
use super::{interrupt, table, work};
use crate::desk::command::Command;
use crate::desk::ids::{MessageId, TicketKey};
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::views::{Completeness, DeskView, How, Rechecked, SeenRange, TicketCheck, View, ViewRequest};

#[derive(Args)]
pub(super) struct VerifyArgs {
    /// The ticket; without one, everything is compared
    ticket: Option<TicketNumber>,
}

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A ticket's line: what is known of it, and what the comparison has found.
#[derive(Serialize)]
struct Verdict {
    #[serde(flatten)]
    check: TicketCheck,
    found: Rechecked,
}

pub(super) async fn run(global: &Global, args: VerifyArgs) -> Done {
    let site = Site::open(global)?;
    let mirror = Opened::linked(&site, None).await?;
    // Nobody in particular compares: it needs no agent.
    let handle = mirror.handle();
    let done = tokio::select! {
        done = verify(&site, &handle, args) => done,
        () = interrupt::wait() => Err(Failure::interrupted("interrupted: nothing is lost, and what was found is kept")),
    };
    let desk = glance(&handle).await;
    mirror.stop().await;
    tell(&site, &desk?, &done?)
}

async fn verify(site: &Site, handle: &Handle, args: VerifyArgs) -> Done<Vec<Verdict>> {
    let zone = Zone(site.config.rules.timezone.as_deref().and_then(|name| name.parse().ok()));
    let mut progress = Progress::new();
    caught_up(site, handle, zone, &mut progress).await?;
    let ticket = match args.ticket {
        Some(number) => Some(work::find(handle, &number).await?),
        None => None,
    };
    if let Err(refusal) = handle.submit(new_command_id(), Command::Recheck { ticket }).await {
        return Err(Failure::error(refusal.to_string()));
    }
    let found: BTreeMap<TicketKey, Rechecked> = loop {
        let desk = glance(handle).await?;
        if let Some(failure) = stopped(&desk) {
            progress.clear();
            return Err(failure);
        }
        if let Some(why) = desk.trouble {
            progress.clear();
            return Err(Failure::error(why));
        }
        progress.tell(&desk);
        match desk.recheck {
            Some(recheck) if recheck.done == recheck.total => break recheck.found.into_iter().collect(),
            _ => tokio::time::sleep(LOOK).await,
        }
    };
    // What was found may have opened holes.
    caught_up(site, handle, zone, &mut progress).await?;
    match handle.read(ViewRequest::Completeness { ticket }).await {
        View::Completeness { checks } => Ok(checks
            .into_iter()
            .map(|check| Verdict { found: found.get(&check.ticket).copied().unwrap_or_default(), check })
            .collect()),
        other => Err(work::unreadable(other)),
    }
}

fn tell(site: &Site, desk: &DeskView, verdicts: &[Verdict]) -> Done {
    let mut out = stdout().lock();
    let bad = verdicts.iter().filter(|verdict| verdict.check.verdict != Completeness::Complete).count();
    if site.json {
        writeln!(out, "{}", serde_json::to_string_pretty(verdicts)?)?;
    } else {
        let rows: Vec<Vec<String>> = verdicts.iter().map(|verdict| row(desk, verdict)).collect();
        let head = ["TICKET", "VERDICT", "MESSAGES", "DELETED", "MISSED", "TITLE", "HOLES"];
        table::write(&mut out, &head, &rows, table::width())?;
        let mut why: Vec<&str> = verdicts.iter().map(|verdict| verdict.check.why.as_str()).collect();
        why.sort_unstable();
        why.dedup();
        for why in why {
            let all = verdicts.iter().filter(|verdict| verdict.check.why == why);
            let words = all.clone().next().map_or("", |verdict| verdict.check.verdict.words());
            writeln!(out, "\n{} of {} {words}: {}", all.count(), verdicts.len(), table::safe(why))?;
        }
    }
    if let ([verdict], false) = (verdicts, site.json) {
        tell_seen(&mut out, verdict)?;
    }
    match bad {
        0 => Ok(()),
        // The table has said which and why.
        _ => Err(Failure::error(format!("{bad} of {} threads are not known to be complete", verdicts.len()))),
    }
}

/// Tells how the ids among a ticket's messages were seen, and what those may be that showed nothing.
fn tell_seen(out: &mut dyn Write, verdict: &Verdict) -> std::io::Result<()> {
    let seen = &verdict.check.seen;
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return Ok(()) };
    let of = |how: How| seen.iter().filter(move |range| range.how == how);
    let counts: Vec<String> = How::ALL
        .into_iter()
        .map(|how| (of(how).map(SeenRange::count).sum::<i64>(), how.words()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    table::paragraph(out, "", &format!("\nids {} to {}: {}", first.from, last.to, counts.join(", ")), table::width())?;
    for how in How::ALL.into_iter().filter(|how| !how.may_be().is_empty() && of(*how).next().is_some()) {
        let ids: Vec<String> = of(how).map(|one| range(&(one.from, one.to))).collect();
        table::paragraph(out, "", &format!("{}: {} ({})", how.words(), ids.join(", "), how.may_be()), table::width())?;
    }
    Ok(())
}

fn row(desk: &DeskView, verdict: &Verdict) -> Vec<String> {
    let Verdict { check, found } = verdict;
    let holes: Vec<String> = check.holes.iter().map(range).collect();
    vec![
        desk.ticket_name(check.ticket),
        check.verdict.words().to_owned(),
        check.messages.to_string(),
        check.deleted.to_string(),
        (found.missed + found.edited + found.deleted).to_string(),
        check.title.clone(),
        holes.join(", "),
    ]
}

fn range((from, to): &(MessageId, MessageId)) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}
