//! `topicdesk outbox`: what has not been sent, why, and what can be done about it; sending, changing and discarding it.
//!
//! Listing and showing read only, and work while somebody has the desk open. Discarding takes the desk's lock; sending and changing
//! connect as well, and wait until Telegram has the reply or has refused it.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::Global;
use super::failure::{Done, Failure, INTERRUPTED};
use super::mirror::{Opened, glance, stopped};
use super::site::{Site, say};
use super::times::Zone;
use super::{consent, interrupt, table, work};
use crate::config::duration;
use crate::desk::command::Command;
use crate::desk::ids::{EntryId, GroupId, MessageId, OutboxId, TopicId};
use crate::desk::thread::Delivery;
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::views::{DeskView, Entry, EntryKind, OpeningView, OutboxRow, View, ViewRequest, Window};

#[derive(Args)]
pub(super) struct OutboxArgs {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// List everything that has not been sent (the default)
    List,
    /// Show one reply whole, and what was written in its ticket since
    Show {
        /// The reply, as `outbox` numbers it
        #[arg(value_name = "ID")]
        outbox: i64,
    },
    /// Send a reply that was parked, or that waits for a word, and wait until it is sent
    Retry(Sending),
    /// Throw a reply away that has not left
    Discard {
        /// The reply, as `outbox` numbers it
        #[arg(value_name = "ID")]
        outbox: i64,
    },
    /// Change a reply that has not left, and send it
    Edit {
        #[command(flatten)]
        sending: Sending,
        /// What it is to say; absent or `-`: read from standard input
        text: Vec<String>,
    },
}

#[derive(Args)]
struct Sending {
    /// The reply, as `outbox` numbers it
    #[arg(value_name = "ID")]
    outbox: i64,
    /// The last message you have read; absent: the last one the desk knew when the command began
    #[arg(long, value_name = "MESSAGE", conflicts_with = "force")]
    seen: Option<i32>,
    /// Send it whatever was written since, and whatever the guard finds in it
    #[arg(long)]
    force: bool,
    /// How long to wait for it to be sent
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration::parse)]
    wait: Duration,
}

/// A reply as JSON has it.
#[derive(Serialize)]
struct Line<'a> {
    outbox: OutboxId,
    ticket: TopicId,
    group: GroupId,
    group_name: &'a str,
    agent: &'a str,
    text: &'a str,
    at: crate::clock::Timestamp,
    state: &'static str,
    needs_a_word: bool,
    why: String,
    to_do: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<OutboxId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opens: Option<&'a OpeningView>,
}

impl<'a> Line<'a> {
    fn of(row: &'a OutboxRow, desk: &'a DeskView) -> Self {
        let group = desk.groups.iter().find(|facts| facts.group == row.ticket.group);
        Line {
            outbox: row.outbox,
            ticket: row.ticket.topic,
            group: row.ticket.group,
            group_name: group.map_or("", |facts| facts.called().name()),
            agent: &row.agent.0,
            text: &row.text,
            at: row.at,
            state: row.delivery.label(),
            needs_a_word: row.needs_a_word(),
            why: row.why(),
            to_do: row.what_to_do(),
            part_of: row.part_of,
            opens: row.opens.as_ref(),
        }
    }
}

pub(super) async fn run(global: &Global, args: OutboxArgs) -> Done {
    match args.what.unwrap_or(What::List) {
        What::List => list(global).await,
        What::Show { outbox } => show(global, OutboxId(outbox)).await,
        What::Discard { outbox } => discard(global, OutboxId(outbox)).await,
        What::Retry(sending) => {
            let command = |outbox, seen, _| Command::RetryOutbox { outbox, seen };
            send(global, sending, command).await
        }
        What::Edit { sending, text } => {
            let text = work::text(text)?;
            let command = |outbox, seen, confirmed| Command::EditOutbox { outbox, text: text.clone(), seen, confirmed };
            send(global, sending, command).await
        }
    }
}

async fn rows(handle: &Handle) -> Done<Vec<OutboxRow>> {
    match handle.read(ViewRequest::Outbox).await {
        View::Outbox { rows } => Ok(rows),
        other => Err(work::unreadable(other)),
    }
}

async fn find(handle: &Handle, outbox: OutboxId) -> Done<OutboxRow> {
    let found = rows(handle).await?.into_iter().find(|row| row.outbox == outbox);
    found.ok_or_else(|| {
        Failure::error(format!(
            "there is no unsent reply {outbox}: it was sent or discarded; `topicdesk outbox` lists what there is"
        ))
    })
}

async fn list(global: &Global) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let (rows, desk) = (rows(&handle).await?, glance(&handle).await?);
    let mut out = stdout().lock();
    if site.json {
        let lines: Vec<Line<'_>> = rows.iter().map(|row| Line::of(row, &desk)).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&lines)?)?);
    }
    if rows.is_empty() {
        return Ok(writeln!(out, "everything has been sent")?);
    }
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(&site, &desk, row)).collect();
    table::write(&mut out, &["ID", "TICKET", "AGENT", "SINCE", "STATE", "WHY", "TEXT"], &cells, table::width())?;
    let mut to_do: Vec<(&str, &str)> =
        rows.iter().filter(|row| row.needs_a_word()).map(|row| (row.delivery.label(), row.what_to_do())).collect();
    to_do.sort_unstable();
    to_do.dedup();
    for (state, to_do) in to_do {
        writeln!(out, "\n{state}: {to_do} (topicdesk outbox retry|edit|discard ID)")?;
    }
    Ok(())
}

fn cells(site: &Site, desk: &DeskView, row: &OutboxRow) -> Vec<String> {
    vec![
        row.outbox.to_string(),
        desk.ticket_name(row.ticket),
        row.agent.0.clone(),
        site.zone(&desk.agent).moment(row.at),
        row.delivery.label().to_owned(),
        row.why(),
        row.words().replace('\n', " "),
    ]
}

async fn show(global: &Global, outbox: OutboxId) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let row = find(&handle, outbox).await?;
    let page = work::page(&handle, row.ticket, Window::Newest, 100).await?;
    let is_new =
        |entry: &&Entry| entry.kind == EntryKind::Message && row.seen.is_some_and(|seen| entry.message_id > Some(seen));
    let news: Vec<&Entry> = page.thread.iter().filter(is_new).collect();
    let desk = glance(&handle).await?;
    let name = table::safe(&desk.ticket_name(row.ticket));
    let mut out = stdout().lock();
    if site.json {
        let mut told = serde_json::to_value(Line::of(&row, &desk))?;
        told["since"] = serde_json::to_value(&news)?;
        return Ok(writeln!(out, "{told:#}")?);
    }
    let zone = site.zone(handle.agent());
    writeln!(out, "{outbox}: {name} by {}, {}", table::safe(&row.agent.0), zone.moment(row.at))?;
    writeln!(out, "{}: {}", row.delivery.label(), table::safe(&row.why()))?;
    if !row.what_to_do().is_empty() {
        writeln!(out, "-> {}", row.what_to_do())?;
    }
    writeln!(out, "\n{}", indented(&row.words()))?;
    if !news.is_empty() {
        writeln!(out, "\nwritten since:")?;
    }
    for entry in news {
        tell_entry(&mut out, zone, entry)?;
    }
    Ok(())
}

fn tell_entry(out: &mut dyn Write, zone: Zone, entry: &Entry) -> std::io::Result<()> {
    let id = entry.message_id.unwrap_or_default();
    writeln!(out, "  {id} {} {}:\n{}", zone.moment(entry.at), table::safe(&entry.author), indented(&entry.text))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {}", table::safe(line))).collect::<Vec<_>>().join("\n")
}

async fn discard(global: &Global, outbox: OutboxId) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let opened = Opened::unlinked(&site, agent).await?;
    let handle = opened.handle();
    let done = async {
        let row = find(&handle, outbox).await?;
        handle.submit(new_command_id(), Command::DiscardOutbox { outbox }).await?;
        if site.json {
            return Ok(writeln!(stdout(), "{}", serde_json::json!({"outbox": outbox, "state": "discarded"}))?);
        }
        Ok(writeln!(stdout(), "{}: reply {outbox} was discarded, nothing was sent", row.ticket)?)
    };
    let done = done.await;
    opened.stop().await;
    done
}

async fn send(
    global: &Global,
    sending: Sending,
    command: impl Fn(OutboxId, Option<MessageId>, bool) -> Command,
) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let outbox = OutboxId(sending.outbox);
    // What somebody writes between now and the sending is not what was read.
    let seen = match sending.seen {
        _ if sending.force => None,
        Some(seen) => Some(MessageId(seen)),
        None => Some(newest(&site, outbox).await?),
    };
    let mirror = Opened::linked(&site, Some(agent)).await?;
    let handle = mirror.handle();
    let done = async {
        let row = find(&handle, outbox).await?;
        if !row.is_editable() {
            return Err(Failure::error(format!("reply {outbox} is {}: {}", row.delivery.label(), row.why())));
        }
        let entry = entry_of(&handle, &row).await?;
        let receipt = consent::submit(&handle, sending.force, |confirmed| command(outbox, seen, confirmed)).await?;
        if let Some(notice) = &receipt.notice {
            say(notice);
        }
        let later = |what: &str| format!("{what}: it stays in the outbox, and the next topicdesk or sync sends it");
        tokio::select! {
            done = settled(&site, &handle, &row, entry) => done,
            () = tokio::time::sleep(sending.wait) => {
                let what = format!("not sent within {}", duration::show(sending.wait));
                Err(Failure::error(later(&what)))
            }
            () = interrupt::wait() => Err(Failure { code: INTERRUPTED, message: later("interrupted") }),
        }
    };
    let done = done.await;
    mirror.stop().await;
    done
}

/// Tells the last message of the reply's ticket that the desk knows before it connects.
async fn newest(site: &Site, outbox: OutboxId) -> Done<MessageId> {
    let (_desk, handle) = site.read_only().await?;
    let row = find(&handle, outbox).await?;
    let page = work::page(&handle, row.ticket, Window::Newest, 100).await?;
    Ok(page.thread.iter().filter_map(|entry| entry.message_id).max().unwrap_or_default())
}

async fn entry_of(handle: &Handle, row: &OutboxRow) -> Done<Option<EntryId>> {
    let page = work::page(handle, row.ticket, Window::Newest, 100).await?;
    Ok(page.thread.iter().find(|entry| entry.outbox == Some(row.outbox)).map(|entry| entry.id))
}

/// Waits until the reply, with all parts of its text, has left the outbox or stopped.
async fn settled(site: &Site, handle: &Handle, own: &OutboxRow, entry: Option<EntryId>) -> Done {
    let first = own.part_of.unwrap_or(own.outbox);
    let mut revisions = handle.watch();
    loop {
        let rows = rows(handle).await?;
        let mut parts =
            rows.iter().filter(|row| row.outbox == own.outbox || row.part_of.unwrap_or(row.outbox) == first);
        match parts.clone().find(|row| row.needs_a_word()).or_else(|| parts.next()) {
            None => {
                let page = work::page(handle, own.ticket, Window::Newest, 100).await?;
                let sent = page.thread.iter().find(|one| Some(one.id) == entry);
                return tell_sent(site, own, &work::name_of(handle, own.ticket).await?, sent);
            }
            Some(row) if row.needs_a_word() => {
                let (label, why) = (row.delivery.label(), row.why());
                let again = match row.delivery {
                    Delivery::Confirm { .. } => format!("; `topicdesk outbox show {}` shows what is new", row.outbox),
                    _ => String::new(),
                };
                return Err(Failure::error(format!("{}: not sent, {label}: {}{again}", own.ticket, table::safe(&why))));
            }
            Some(_) => {}
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(Failure { message: format!("{}; the reply stays in the outbox", failure.message), ..failure });
        }
        // A change of the link alone is no revision of the ticket, so somebody looks from time to time.
        let _looked = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
    }
}

fn tell_sent(site: &Site, row: &OutboxRow, name: &str, entry: Option<&Entry>) -> Done {
    let message = entry.and_then(|entry| entry.message_id);
    if site.json {
        let told = serde_json::json!({"outbox": row.outbox, "ticket": row.ticket.topic, "state": "sent", "message_id": message});
        return Ok(writeln!(stdout(), "{told}")?);
    }
    let message = message.map(|id| format!(" as message {id}")).unwrap_or_default();
    Ok(writeln!(stdout(), "{name}: sent{message}")?)
}
