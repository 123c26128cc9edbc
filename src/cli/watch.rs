//! `topicdesk watch`: what happens at the desk, a line each, for people and scripts.

use std::collections::BTreeMap;
use std::io::{self, Write, stdout};

use serde_json::json;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::glance;
use super::site::{Site, say};
use super::sync::tell_alert;
use super::work::{page, unreadable};
use super::{interrupt, table};
use crate::desk::ids::{EventId, MessageId, TicketKey, TopicId};
use crate::engine::handle::Handle;
use crate::engine::views::{
    ActivityLine, Alert, EngineNews, Entry, QueueName, Revision, Sort, View, ViewRequest, Window,
};
use crate::seat::SeatError;

/// So many tickets are looked at when too much has changed to name it, and when the watch begins.
const MOST: usize = 30;

/// So many of the newest entries of a thread are read at once.
const ENTRIES: usize = 20;

/// So much of a text is printed, in terminal cells.
const TEXT: usize = 120;

/// So much of a title is printed, in terminal cells.
const TITLE: usize = 40;

pub(super) async fn run(global: &Global) -> Done {
    let site = Site::open(global)?;
    let Some((handle, _)) = super::seat::attach(&site, site.wanted()).await? else {
        return Err(SeatError::Nobody(site.paths.socket.clone()).into());
    };
    let mut revisions = handle.watch();
    let told = async {
        let mut watch = if site.json { None } else { Some(Watch::begin(&site, handle.clone()).await?) };
        loop {
            let Some(revision) = revisions.next().await else { return Err(Failure::error("the desk has stopped")) };
            match &mut watch {
                Some(watch) => watch.tell(&revision).await?,
                None => {
                    writeln!(stdout(), "{}", json!(revision))?;
                    stdout().flush()?;
                }
            }
        }
    };
    tokio::select! {
        told = told => told,
        () = interrupt::wait() => Ok(()),
    }
}

/// What has been told so far.
struct Watch<'s> {
    site: &'s Site,
    handle: Handle,
    /// The newest event of each ticket that is known.
    seen: BTreeMap<TicketKey, EventId>,
    /// Of a ticket that is not known, what comes later than this is new.
    floor: Option<EventId>,
    /// It was said that the desk is not to be reached.
    lost: bool,
    /// The newest message of each General, which has no log.
    general: BTreeMap<TicketKey, Option<MessageId>>,
}

impl Watch<'_> {
    /// Looks where things stand: nothing of it is told.
    async fn begin(site: &Site, handle: Handle) -> Done<Watch<'_>> {
        let mut watch =
            Watch { site, handle, seen: BTreeMap::new(), floor: None, lost: false, general: BTreeMap::new() };
        for ticket in watch.lately().await? {
            let newest = watch.log(ticket).await?.last().map(|line| line.event);
            watch.seen.extend(newest.map(|newest| (ticket, newest)));
            watch.floor = watch.floor.max(newest);
        }
        for facts in &glance(&watch.handle).await?.groups {
            let general = TicketKey { group: facts.group, topic: TopicId::GENERAL };
            let newest = watch.entries(general).await.iter().filter_map(Entry::last_message).max();
            watch.general.insert(general, newest);
        }
        Ok(watch)
    }

    /// Prints what is new in the tickets that have changed, and what no ticket's log says.
    async fn tell(&mut self, revision: &Revision) -> Done {
        let changed = if revision.all { self.lately().await? } else { revision.changed.clone() };
        for ticket in changed {
            match ticket.topic {
                TopicId::GENERAL => self.general(ticket).await?,
                _ => self.ticket(ticket).await?,
            }
        }
        for alert in &revision.alerts {
            let lost = matches!(alert, Alert::Engine(EngineNews::Lost { .. }));
            if matches!(alert, Alert::Engine(_)) && std::mem::replace(&mut self.lost, lost) && !lost {
                say("the desk is there again");
            }
        }
        let alerts: Vec<&Alert> = revision.alerts.iter().filter(|alert| !is_in_log(alert)).collect();
        if !alerts.is_empty() {
            let desk = glance(&self.handle).await?;
            for alert in alerts {
                tell_alert(&mut stdout(), alert, &|ticket| table::safe(&desk.ticket_name(*ticket)))?;
            }
        }
        Ok(stdout().flush()?)
    }

    /// Prints the new lines of a ticket's log, and of messages what they say.
    async fn ticket(&mut self, ticket: TicketKey) -> Done {
        let known = self.seen.get(&ticket).copied().or(self.floor);
        let mut lines = self.log(ticket).await?;
        lines.retain(|line| known.is_none_or(|known| line.event > known));
        let Some(newest) = lines.last().map(|line| line.event) else { return Ok(()) };
        self.seen.insert(ticket, newest);
        let page = page(&self.handle, ticket, Window::Newest, ENTRIES).await?;
        let name = glance(&self.handle).await?.ticket_name(ticket);
        let lead = format!("{name} {}", table::cut(&page.ticket.row.title, TITLE));
        for line in &lines {
            let entry = line.message_id.and_then(|id| page.thread.iter().find(|entry| entry.message_id == Some(id)));
            self.print(line.at, &lead, &said(line, entry))?;
        }
        Ok(())
    }

    /// Prints the new messages in General.
    async fn general(&mut self, general: TicketKey) -> Done {
        let entries = self.entries(general).await;
        let newest = entries.iter().filter_map(Entry::last_message).max();
        let known = self.general.insert(general, newest).flatten();
        let name = glance(&self.handle).await?.ticket_name(general);
        for entry in entries.iter().filter(|entry| entry.message_id > known && !entry.deleted) {
            self.print(entry.at, &format!("{name} General"), &words(entry))?;
        }
        Ok(())
    }

    fn print(&self, at: crate::clock::Timestamp, lead: &str, what: &str) -> io::Result<()> {
        let line = format!("{}  {lead}: {what}", self.site.zone(self.handle.agent()).moment(at));
        writeln!(stdout(), "{}", table::safe(&line).replace('\n', " "))
    }

    /// Lists the tickets in which something was written last.
    async fn lately(&self) -> Done<Vec<TicketKey>> {
        let (queue, filter, sort) = (QueueName::All, String::new(), Sort::Activity);
        match self.handle.read(ViewRequest::Queue { queue, filter, sort, offset: 0, limit: MOST }).await {
            View::Queue(page) => Ok(page.rows.iter().map(|row| row.key()).collect()),
            other => Err(unreadable(other)),
        }
    }

    async fn log(&self, ticket: TicketKey) -> Done<Vec<ActivityLine>> {
        match self.handle.read(ViewRequest::Activity { ticket }).await {
            View::Activity { lines } => Ok(lines),
            other => Err(unreadable(other)),
        }
    }

    /// Reads the newest entries of a General; there may be none.
    async fn entries(&self, general: TicketKey) -> Vec<Entry> {
        page(&self.handle, general, Window::Newest, ENTRIES).await.map(|page| page.thread).unwrap_or_default()
    }
}

/// Tells a line of the log; of a message, who wrote it and how it begins.
fn said(line: &ActivityLine, entry: Option<&Entry>) -> String {
    let is_told = line.what.ends_with(&format!(": message {}", line.message_id.unwrap_or(MessageId(0))));
    match (entry, line.what.rsplit_once(": message ")) {
        (Some(entry), Some((who, _))) if is_told => format!("{who}: {}", table::cut(&flat(&entry.text), TEXT)),
        _ => table::cut(&flat(&line.what), TEXT + TITLE),
    }
}

fn words(entry: &Entry) -> String {
    format!("{} wrote: {}", entry.author, table::cut(&flat(&entry.text), TEXT))
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells whether the log of a ticket says the same.
fn is_in_log(alert: &Alert) -> bool {
    matches!(
        alert,
        Alert::NewTicket { .. }
            | Alert::Opened { .. }
            | Alert::Reply { .. }
            | Alert::Mentioned { .. }
            | Alert::Due { .. }
            | Alert::Overdue { .. }
            | Alert::Escalated { .. }
            | Alert::Assigned { .. }
            | Alert::TakenBack { .. }
    )
}
