//! `topicdesk sync`: fetches what is missing, sends what is queued, and tells what the history says.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::time::Instant;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::{Opened, glance, stopped};
use super::site::{Site, say};
use super::times::{Zone, ago};
use super::{interrupt, table};
use crate::desk::ids::TicketKey;
use crate::engine::handle::Handle;
use crate::engine::transport::LinkState;
use crate::engine::views::{Alert, Counts, DeskView, EngineNews, Summary, View, ViewRequest};

#[derive(Args)]
pub(super) struct SyncArgs {
    /// Go on following what is new, until interrupted
    #[arg(long)]
    follow: bool,
}

/// A first connection that has not come about by then will not do so by waiting.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long queued replies may take after everything else is done.
const SENDING: Duration = Duration::from_secs(30);
/// How long nothing may be saved before it is given up.
const TROUBLED: Duration = Duration::from_secs(5);
/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(250);

pub(super) async fn run(global: &Global, args: SyncArgs) -> Done {
    let site = Site::open(global)?;
    let mirror = Opened::linked(&site, None).await?;
    // Nobody in particular reads: a sync needs no agent.
    let handle = mirror.handle();
    let zone = Zone(site.config.rules.timezone.as_deref().and_then(|name| name.parse().ok()));
    let done = tokio::select! {
        done = catch_up(&site, &handle, zone) => done,
        () = interrupt::wait() => Err(Failure::interrupted("interrupted; the next sync goes on from here")),
    };
    let done = match done {
        Ok(()) if args.follow => tokio::select! {
            done = follow(&site, &handle) => done,
            () = interrupt::wait() => Ok(()),
        },
        done => done,
    };
    mirror.stop().await;
    done
}

async fn catch_up(site: &Site, handle: &Handle, zone: Zone) -> Done {
    caught_up(site, handle, zone, &mut Progress::new()).await?;
    let summary = match handle.read(ViewRequest::Summary).await {
        View::Summary(summary) => summary,
        other => return Err(super::work::unreadable(other)),
    };
    tell(site, &glance(handle).await?, &summary, zone)
}

/// Waits until everything is there and what was queued has been sent.
pub(super) async fn caught_up(site: &Site, handle: &Handle, zone: Zone, progress: &mut Progress) -> Done {
    let started = Instant::now();
    let mut connected = false;
    let mut done_at: Option<Instant> = None;
    let mut troubled: Option<Instant> = None;
    loop {
        let desk = glance(handle).await?;
        if let Some(failure) = stopped(&desk) {
            progress.clear();
            return Err(failure);
        }
        connected |= matches!(desk.link, Some(LinkState::CatchingUp | LinkState::Live));
        if !connected && started.elapsed() > PATIENCE {
            progress.clear();
            let why = match &desk.link {
                Some(LinkState::Offline { why, .. }) => why.clone(),
                _ => "Telegram does not answer".to_owned(),
            };
            return Err(Failure::error(why));
        }
        match &desk.trouble {
            Some(why) if troubled.get_or_insert_with(Instant::now).elapsed() > TROUBLED => {
                progress.clear();
                return Err(Failure::error(why.clone()));
            }
            Some(_) => {}
            None => troubled = None,
        }
        if desk.backfill.is_none() && desk.link == Some(LinkState::Live) {
            let since = *done_at.get_or_insert_with(Instant::now);
            let Counts { outbox: waiting, parked, .. } = counts(handle).await?;
            let later = desk.not_before.filter(|at| *at > site.clock.now());
            if waiting == 0 || later.is_some() || since.elapsed() > SENDING {
                progress.clear();
                if waiting > 0 {
                    let when =
                        later.map_or("later".to_owned(), |at| format!("after {}, as Telegram asks", zone.time(at)));
                    say(&format!("{} will be sent {when}", table::count(waiting, "queued reply", "queued replies")));
                }
                if parked > 0 {
                    let replies =
                        table::count(parked, "reply was not sent and waits", "replies were not sent and wait");
                    say(&format!("{replies} for a word: topicdesk shows them, with why"));
                }
                return Ok(());
            }
        } else {
            done_at = None;
        }
        progress.tell(&desk);
        tokio::time::sleep(LOOK).await;
    }
}

/// Counts the replies that are queued or on their way, and those that are stopped.
async fn counts(handle: &Handle) -> Done<Counts> {
    match handle.read(ViewRequest::Counts).await {
        View::Counts(counts) => Ok(counts),
        other => Err(super::work::unreadable(other)),
    }
}

/// Progress for people: a line that overwrites itself on a terminal, else a line for every tenth.
pub(super) struct Progress {
    terminal: bool,
    said: String,
    tenth: usize,
}

impl Progress {
    pub(super) fn new() -> Self {
        Progress { terminal: stderr().is_terminal(), said: String::new(), tenth: usize::MAX }
    }

    pub(super) fn tell(&mut self, desk: &DeskView) {
        let checked = desk.recheck.as_ref().filter(|recheck| recheck.done < recheck.total);
        let percent = checked.map(|recheck| recheck.done * 100 / recheck.total);
        let text = match (&desk.link, desk.backfill) {
            (Some(LinkState::Offline { why, .. }), _) => format!("trying again: {}", table::safe(why)),
            (Some(LinkState::Connecting) | None, _) => "connecting".to_owned(),
            (_, Some(percent)) => format!("fetching the history: {percent} %"),
            (Some(LinkState::Live), None) if percent.is_some() => {
                format!("comparing with Telegram: {} %", percent.unwrap_or_default())
            }
            (Some(LinkState::CatchingUp), None) => "catching up".to_owned(),
            (_, None) => "sending what is queued".to_owned(),
        };
        if text == self.said {
            return;
        }
        let tenth = desk.backfill.map_or(percent.unwrap_or(100), usize::from) / 10;
        let same_kind = text.split([':', '%']).next() == self.said.split([':', '%']).next();
        if self.terminal {
            let _gone = write!(stderr(), "\r\x1b[K{text}").and_then(|()| stderr().flush());
        } else if !same_kind || tenth != self.tenth {
            let _gone = writeln!(stderr(), "{text}");
        }
        (self.said, self.tenth) = (text, tenth);
    }

    pub(super) fn clear(&mut self) {
        if self.terminal && !self.said.is_empty() {
            let _gone = write!(stderr(), "\r\x1b[K").and_then(|()| stderr().flush());
        }
    }
}

fn tell(site: &Site, desk: &DeskView, summary: &Summary, zone: Zone) -> Done {
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(summary)?)?);
    }
    let mut out = stdout().lock();
    for group in &desk.groups {
        let name = group.name.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        let lost = group.lost.as_ref().map_or(String::new(), |why| format!(": not followed: {why}"));
        writeln!(out, "{}", table::safe(&format!("{}{name}{lost}", group.title)))?;
    }
    for one in desk.missing.iter().filter(|one| !desk.groups.iter().any(|facts| Some(facts.group) == one.group)) {
        writeln!(out, "{}", table::safe(&format!("{}: not followed: {}", one.name, one.why)))?;
    }
    if let (Some(first), Some(last)) = (summary.first_at, summary.last_at) {
        writeln!(out, "history        {} to {}", zone.moment(first), zone.moment(last))?;
    }
    writeln!(out, "topics         {} with {} messages", summary.topics, summary.messages)?;
    writeln!(out, "tickets        {}, {} of them open", summary.tickets, summary.open)?;
    writeln!(out, "never answered {}", summary.never_answered)?;
    if let Some(seconds) = summary.median_first_response_seconds {
        writeln!(out, "first response {} (median)", ago(Duration::from_secs(seconds)))?;
    }
    if !desk.holes.is_empty() {
        let ids: u64 = desk.holes.iter().map(|(from, to)| u64::try_from(to.0 - from.0 + 1).unwrap_or(0)).sum();
        writeln!(out, "not seen       {ids} message ids in {} ranges", desk.holes.len())?;
    }
    Ok(())
}

/// Tells what is new, one line each, until the link stops for good.
async fn follow(site: &Site, handle: &Handle) -> Done {
    let mut revisions = handle.watch();
    loop {
        let Some(revision) = revisions.next().await else { return Err(Failure::error("the desk has stopped")) };
        let desk = if revision.alerts.is_empty() { None } else { Some(glance(handle).await?) };
        let named = |ticket: &TicketKey| {
            table::safe(&desk.as_ref().map_or_else(|| ticket.to_string(), |desk| desk.ticket_name(*ticket)))
        };
        for alert in &revision.alerts {
            if site.json {
                writeln!(stdout(), "{}", json!(alert))?;
            } else {
                tell_alert(&mut stdout(), alert, &named)?;
            }
            stdout().flush()?;
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(failure);
        }
    }
}

/// Tells in one line what should be heard.
pub(super) fn tell_alert(
    out: &mut dyn Write,
    alert: &Alert,
    named: &dyn Fn(&TicketKey) -> String,
) -> std::io::Result<()> {
    match alert {
        Alert::NewTicket { ticket } => writeln!(out, "{} is new", named(ticket))?,
        Alert::Reply { ticket, assignee } => {
            writeln!(out, "{} has a reply for {assignee}", named(ticket))?;
        }
        Alert::Parked { ticket, why, .. } => {
            writeln!(out, "{} has a reply that was not sent: {why}", named(ticket))?;
        }
        Alert::Opened { ticket, agent } => writeln!(out, "{} is opened by {agent}", named(ticket))?,
        Alert::Engine(news) => {
            if let EngineNews::Lost { why } = news {
                say(&format!("the desk is not to be reached: {why}"));
            }
        }
        Alert::Mentioned { ticket, agent, by } => {
            writeln!(out, "{}: a note of {by} names {agent}", named(ticket))?;
        }
        Alert::NotChanged { ticket, why, .. } => {
            writeln!(out, "{} has a message that was not changed: {why}", named(ticket))?;
        }
        Alert::Due { ticket, clock, deadline, .. } => {
            writeln!(out, "{}: {} is due {deadline}", named(ticket), clock.title())?;
        }
        Alert::Overdue { ticket, clock, deadline, .. } => {
            writeln!(out, "{}: {} is overdue since {deadline}", named(ticket), clock.title())?;
        }
        Alert::Missed { count } => {
            writeln!(out, "{count} became overdue while nobody could be told")?;
        }
        Alert::Escalated { ticket, rule, why, to } => {
            writeln!(out, "{} is escalated to {} by \"{rule}\": {why}", named(ticket), names(to))?;
        }
        Alert::EscalationsHeld { rule, count, to } => {
            writeln!(out, "\"{rule}\" has escalated {count} more to {}", names(to))?;
        }
        Alert::EscalationsMissed { count, to } => {
            writeln!(out, "{count} were escalated late, for {}", names(to))?;
        }
        Alert::Assigned { ticket, assignee, team } => {
            writeln!(out, "{} is given to {assignee} (team {team})", named(ticket))?;
        }
        Alert::TakenBack { ticket, from, .. } => {
            writeln!(out, "{} is taken back from {from}", named(ticket))?;
        }
        Alert::Burst { customer, topics, .. } => {
            let customer = super::table::safe(customer);
            writeln!(out, "{customer} has opened {topics} topics at once: they are held for a minute")?;
        }
        Alert::File(_) | Alert::Suggestions { .. } => {}
    }
    Ok(())
}

/// Names agents; nobody in particular when there are none.
fn names(agents: &[crate::desk::ids::AgentName]) -> String {
    if agents.is_empty() {
        return "nobody".to_owned();
    }
    agents.iter().map(|name| table::safe(&name.0)).collect::<Vec<_>>().join(", ")
}
