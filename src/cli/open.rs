//! `topicdesk open`: opens a ticket from messages of General, and waits until its topic is there and General has been told.

use std::io::{Write, stdout};
use std::time::Duration;

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure, INTERRUPTED};
use super::mirror::{Opened, glance, stopped};
use super::site::{Site, say};
use super::work::{self, TicketNumber};
use super::{consent, interrupt, table};
use crate::config::duration;
use crate::desk::command::Command;
use crate::desk::ids::{MessageId, OutboxId, TicketKey, TopicId};
use crate::engine::handle::Handle;
use crate::engine::views::{View, ViewRequest, Window};

#[derive(Args)]
pub(super) struct OpenArgs {
    /// The messages of General; the author of the first one is the customer
    #[arg(value_name = "MESSAGE", required = true)]
    messages: Vec<i32>,
    /// The title of the new topic
    #[arg(long, value_name = "TITLE")]
    title: String,
    /// The group whose General it is, if the desk has several
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Open it whatever the guard finds in the title
    #[arg(long)]
    force: bool,
    /// How long to wait until it is open
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration::parse)]
    wait: Duration,
}

pub(super) async fn run(global: &Global, args: OpenArgs) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let mirror = Opened::linked(&site, Some(agent)).await?;
    let handle = mirror.handle();
    let general = TicketNumber { group: args.group.clone(), topic: TopicId::GENERAL, episode: None };
    let done = async {
        let ticket = work::find(&handle, &general).await?;
        let messages: Vec<MessageId> = args.messages.iter().copied().map(MessageId).collect();
        let command =
            |confirmed| Command::OpenFrom { ticket, messages: messages.clone(), title: args.title.clone(), confirmed };
        let receipt = consent::submit(&handle, args.force, command).await?;
        if let Some(notice) = &receipt.notice {
            say(notice);
        }
        let outbox = receipt.outbox.ok_or_else(|| Failure::error("the desk opens it but names no row for it"))?;
        let later =
            |what: &str| format!("{what}: it stays in the outbox, and the next topicdesk or sync goes on with it");
        tokio::select! {
            opened = is_opened(&handle, outbox) => tell(&site, &handle, opened?).await,
            () = tokio::time::sleep(args.wait) => {
                Err(Failure::error(later(&format!("not open within {}", duration::show(args.wait)))))
            }
            () = interrupt::wait() => Err(Failure { code: INTERRUPTED, message: later("interrupted") }),
        }
    };
    let done = done.await;
    mirror.stop().await;
    done
}

/// Waits until the row has done all of it, or was parked; gives the ticket.
async fn is_opened(handle: &Handle, outbox: OutboxId) -> Done<TicketKey> {
    let mut revisions = handle.watch();
    loop {
        let rows = match handle.read(ViewRequest::Outbox).await {
            View::Outbox { rows } => rows,
            other => return Err(work::unreadable(other)),
        };
        match rows.iter().find(|row| row.outbox == outbox) {
            None => {
                return match handle.read(ViewRequest::OpenedBy { outbox }).await {
                    View::Ticket { ticket: Some(ticket) } => Ok(ticket),
                    View::Ticket { ticket: None } => Err(Failure::error("it was thrown away: no ticket was opened")),
                    other => Err(work::unreadable(other)),
                };
            }
            Some(row) if row.needs_a_word() => {
                let to_do = "`topicdesk outbox` says what can be done";
                return Err(Failure::error(format!("not opened: {}; {to_do}", table::safe(&row.why()))));
            }
            Some(_) => {}
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(Failure { message: format!("{}; it stays in the outbox", failure.message), ..failure });
        }
        // A change of the link alone is no revision of the ticket, so somebody looks from time to time.
        let _looked = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
    }
}

async fn tell(site: &Site, handle: &Handle, key: TicketKey) -> Done {
    let ticket = work::page(handle, key, Window::Newest, 1).await?.ticket;
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&ticket)?)?);
    }
    Ok(writeln!(stdout(), "{}", work::standing(&work::name_of(handle, key).await?, &ticket))?)
}
