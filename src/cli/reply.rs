//! `topicdesk reply`: sends a public reply and waits until Telegram has it, or has refused it.
//!
//! What was written in the thread after what its author has read stops it: a script is told what is new, and nothing stays behind.
//! The text may be made of a template, whose actions go along; with `--bulk` it goes to many tickets ([`bulk`]).

mod bulk;
mod filled;

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::{Opened, glance, stopped};
use super::progress::Progress;
use super::site::{Site, say};
use super::work::{self, TicketNumber};
use super::{consent, interrupt, table};
use crate::config::duration;
use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::desk::ids::{EntryId, MessageId, OutboxId, TicketKey};
use crate::desk::thread::{Delivery, Doubt};
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::transport::LinkState;
use crate::engine::views::{Alert, Entry, EntryKind, FileNews, View, ViewRequest, Window};

#[derive(Args)]
pub(super) struct ReplyArgs {
    /// The ticket: 1042, #1042; shop/1042 in the group shop
    #[arg(value_name = "ID", required_unless_present_any = ["bulk", "linked"], conflicts_with_all = ["bulk", "linked"])]
    ticket: Option<TicketNumber>,
    /// What to say; absent or `-`: read from standard input
    #[arg(conflicts_with = "template")]
    text: Vec<String>,
    #[command(flatten)]
    filled: filled::FilledArgs,
    #[command(flatten)]
    many: bulk::BulkArgs,
    /// Send this file with it; the text may be absent then
    #[arg(long, value_name = "PATH", conflicts_with_all = ["bulk", "linked"])]
    file: Option<PathBuf>,
    /// Quote this message
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = ["bulk", "linked"])]
    to: Option<i32>,
    /// The last message you have read; absent: the last one the desk knew when the command began
    #[arg(long, value_name = "MESSAGE", conflicts_with = "force")]
    seen: Option<i32>,
    /// Send it whatever was written since, and whatever the guard finds in it
    #[arg(long)]
    force: bool,
    /// Send it at once, without the seconds in which Ctrl-C takes it back
    #[arg(long)]
    now: bool,
    /// How long to wait for it to be sent [default: 2m, with a file 30m]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    wait: Option<Duration>,
}

pub(super) async fn run(global: &Global, args: ReplyArgs) -> Done {
    let site = Site::open(global)?;
    let Some(number) = args.ticket.clone() else { return bulk::run(&site, args).await };
    let agent = site.agent()?.name.clone();
    let typed = match &args.file {
        _ if args.filled.template.is_some() => String::new(),
        Some(_) if args.text.is_empty() => String::new(),
        _ => work::text(args.text)?,
    };
    let seen = match args.seen {
        _ if args.force => None,
        Some(seen) => Some(MessageId(seen)),
        // Whatever is wrong with the desk is told by those who open it next.
        None => Some(newest(&site, &number).await.unwrap_or_default()),
    };
    let wait = args.wait.unwrap_or(Duration::from_secs(if args.file.is_some() { 1800 } else { 120 }));
    let mirror = Opened::linked(&site, Some(agent)).await?;
    let handle = mirror.handle();
    let done = async {
        let ticket = work::present(&handle, &number).await?;
        let (text, along) = match &args.filled.template {
            Some(_) => filled::fill(&site, &handle, ticket, &args.filled).await?,
            None => (typed, Along::default()),
        };
        let file = match args.file {
            Some(path) => Some(handle.attach(path).await.map_err(Failure::error)?),
            None => None,
        };
        let reply_to = args.to.map(MessageId);
        let command = |confirmed| Command::Reply {
            ticket,
            text: text.clone(),
            reply_to,
            hold: !args.now,
            seen,
            file: file.clone(),
            along: Along { confirmed, ..along.clone() },
        };
        let receipt = consent::submit(&handle, args.force, command).await?;
        if let Some(notice) = &receipt.notice {
            say(notice);
        }
        let outbox = receipt.outbox.ok_or_else(|| Failure::error("the desk took the reply but names no row for it"))?;
        tokio::select! {
            done = settled(&site, &handle, ticket, outbox, &text, seen) => done,
            () = tokio::time::sleep(wait) => Err(not_yet(&handle, &format!("not sent within {}", duration::show(wait))).await),
            () = interrupt::wait() => Err(Failure { code: super::failure::INTERRUPTED, ..take_back(&handle, outbox).await }),
        }
    };
    let done = done.await;
    mirror.stop().await;
    done
}

/// Tells the last message of a ticket that the desk knows before it connects.
async fn newest(site: &Site, number: &TicketNumber) -> Done<MessageId> {
    let (_desk, handle) = site.read_only().await?;
    let ticket = work::find(&handle, number).await?;
    let page = work::page(&handle, ticket, Window::Newest, 100).await?;
    Ok(page.thread.iter().filter_map(|entry| entry.message_id).max().unwrap_or_default())
}

/// Takes the reply back as long as it has not left.
async fn take_back(handle: &Handle, outbox: OutboxId) -> Failure {
    match handle.submit(new_command_id(), Command::DiscardOutbox { outbox }).await {
        Ok(_) => Failure::error("interrupted: the reply was taken back, nothing was sent"),
        Err(_) => not_yet(handle, "interrupted").await,
    }
}

/// Says what is new; the reply does not stay behind, where somebody might send it a second time.
async fn overtaken(handle: &Handle, ticket: TicketKey, outbox: OutboxId, seen: MessageId, why: &Doubt) -> Done {
    handle.submit(new_command_id(), Command::DiscardOutbox { outbox }).await?;
    let page = work::page(handle, ticket, Window::Newest, 100).await?;
    let mut newest = seen;
    let mut news = String::new();
    for entry in page.thread.iter().filter(|entry| entry.message_id > Some(seen) && entry.kind == EntryKind::Message) {
        newest = newest.max(entry.message_id.unwrap_or_default());
        let text = table::safe(&entry.text).replace('\n', "\n    ");
        news.push_str(&format!("\n  {}: {text}", table::safe(&entry.author)));
    }
    let again = format!("to send it all the same, repeat it with --seen {newest} or --force");
    Err(Failure::error(format!("{ticket}: not sent, {why}; {again}{news}")))
}

/// Says that the reply waits: it must not be written a second time.
async fn not_yet(handle: &Handle, what: &str) -> Failure {
    let why = match glance(handle).await.ok().and_then(|desk| desk.link) {
        Some(LinkState::Offline { why, .. }) => format!(" ({why})"),
        _ => String::new(),
    };
    Failure::error(format!("{what}{why}: it stays queued, and the next topicdesk, sync or reply sends it"))
}

/// Waits until the row has left the outbox or was parked.
async fn settled(
    site: &Site,
    handle: &Handle,
    ticket: TicketKey,
    outbox: OutboxId,
    text: &str,
    seen: Option<MessageId>,
) -> Done {
    let mut revisions = handle.watch();
    let mut progress = Progress::new();
    let mut entry: Option<EntryId> = None;
    loop {
        let page = work::page(handle, ticket, Window::Newest, 100).await?;
        if entry.is_none() {
            entry = page.thread.iter().find(|one| one.outbox == Some(outbox)).map(|one| one.id);
        }
        let shown = page.thread.iter().find(|one| Some(one.id) == entry);
        let rows = match handle.read(ViewRequest::Outbox).await {
            View::Outbox { rows } => rows,
            other => return Err(work::unreadable(other)),
        };
        // A part that stopped tells for all; else the first that has not left.
        let mut own =
            rows.iter().filter(|row| row.outbox == outbox || row.part_of == Some(outbox)).map(|row| &row.delivery);
        let stopped_at = |delivery: &&Delivery| matches!(delivery, Delivery::Parked { .. } | Delivery::Confirm { .. });
        match own.clone().find(stopped_at).or_else(|| own.next()) {
            None | Some(Delivery::Sent { .. }) => {
                drop(progress);
                // The page may have been read before the row left; and a row that left before the first look is known
                // by its words only.
                let page = work::page(handle, ticket, Window::Newest, 100).await?;
                let is_it = |one: &&Entry| match entry {
                    Some(id) => one.id == id,
                    None => {
                        one.message_id.is_some() && one.agent.as_ref() == Some(handle.agent()) && one.words() == text
                    }
                };
                return tell(site, handle, ticket, page.thread.iter().rev().find(is_it)).await;
            }
            Some(Delivery::Parked { why }) => {
                if site.json {
                    tell(site, handle, ticket, shown).await?;
                }
                return Err(Failure::error(format!("{ticket}: not sent: {}", table::safe(why))));
            }
            Some(Delivery::Confirm { why }) => {
                return overtaken(handle, ticket, outbox, seen.unwrap_or_default(), why).await;
            }
            Some(Delivery::Held { .. } | Delivery::Queued | Delivery::Sending) => {}
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(Failure { message: format!("{}; the reply stays queued", failure.message), ..failure });
        }
        // A change of the link alone is no revision of the ticket, so somebody looks from time to time.
        let heard = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
        for alert in heard.ok().flatten().map(|revision| revision.alerts).unwrap_or_default() {
            if let Alert::File(FileNews::Leaving { outbox: row, done, size, .. }) = alert
                && row == outbox
            {
                progress.tell(done, size);
            }
        }
    }
}

async fn tell(site: &Site, handle: &Handle, ticket: TicketKey, entry: Option<&Entry>) -> Done {
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&entry)?)?);
    }
    let message = entry.and_then(|entry| entry.message_id).map(|id| format!(" as message {id}")).unwrap_or_default();
    Ok(writeln!(stdout(), "{}: sent{message}", work::name_of(handle, ticket).await?)?)
}
