//! `topicdesk reply`: sends a public reply and waits until Telegram has it, or has refused it.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::{Mirror, glance, stopped};
use super::site::{Site, say};
use super::work::{self, TicketNumber};
use super::{interrupt, table};
use crate::config::duration;
use crate::desk::command::Command;
use crate::desk::ids::{EntryId, MessageId, OutboxId, TicketKey};
use crate::desk::thread::Delivery;
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::transport::LinkState;
use crate::engine::views::{Entry, View, ViewRequest, Window};

#[derive(Args)]
pub(super) struct ReplyArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// What to say; absent or `-`: read from standard input
    text: Vec<String>,
    /// Quote this message
    #[arg(long, value_name = "MESSAGE")]
    to: Option<i32>,
    /// How long to wait for it to be sent
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration::parse)]
    wait: Duration,
}

pub(super) async fn run(global: &Global, args: ReplyArgs) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let text = work::text(args.text)?;
    let mirror = Mirror::start(&site)?;
    let handle = mirror.handle(agent);
    let done = async {
        let ticket = work::present(&handle, args.ticket).await?;
        let reply_to = args.to.map(MessageId);
        let command = Command::Reply { ticket, text: text.clone(), reply_to, hold: false };
        let receipt = handle.submit(new_command_id(), command).await?;
        if let Some(notice) = &receipt.notice {
            say(notice);
        }
        let outbox = receipt.outbox.ok_or_else(|| Failure::error("the desk took the reply but names no row for it"))?;
        tokio::select! {
            done = settled(&site, &handle, ticket, outbox, &text) => done,
            () = tokio::time::sleep(args.wait) => Err(not_yet(&handle, &format!("not sent within {}", duration::show(args.wait))).await),
            () = interrupt::wait() => Err(Failure { code: super::failure::INTERRUPTED, ..not_yet(&handle, "interrupted").await }),
        }
    };
    let done = done.await;
    mirror.stop().await;
    done
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
async fn settled(site: &Site, handle: &Handle, ticket: TicketKey, outbox: OutboxId, text: &str) -> Done {
    let mut revisions = handle.watch();
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
        match rows.iter().find(|row| row.outbox == outbox).map(|row| &row.delivery) {
            None | Some(Delivery::Sent { .. }) => {
                // The page may have been read before the row left; and a row that left before the first look is known
                // by its words only.
                let page = work::page(handle, ticket, Window::Newest, 100).await?;
                let is_it = |one: &&Entry| match entry {
                    Some(id) => one.id == id,
                    None => one.message_id.is_some() && one.agent.as_ref() == Some(handle.agent()) && one.text == text,
                };
                return tell(site, ticket, page.thread.iter().rev().find(is_it));
            }
            Some(Delivery::Parked { why }) => {
                if site.json {
                    tell(site, ticket, shown)?;
                }
                return Err(Failure::error(format!("{ticket}: not sent: {}", table::safe(why))));
            }
            Some(Delivery::Held { .. } | Delivery::Queued | Delivery::Sending) => {}
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(Failure { message: format!("{}; the reply stays queued", failure.message), ..failure });
        }
        // A change of the link alone is no revision of the ticket, so somebody looks from time to time.
        let _looked = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
    }
}

fn tell(site: &Site, ticket: TicketKey, entry: Option<&Entry>) -> Done {
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&entry)?)?);
    }
    let message = entry.and_then(|entry| entry.message_id).map(|id| format!(" as message {id}")).unwrap_or_default();
    Ok(writeln!(stdout(), "{ticket}: sent{message}")?)
}
