//! One text to many tickets: what goes where is told and asked about first, then each reply is sent like any other.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdin, stdout};
use std::time::Duration;

use clap::Args;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::super::failure::{Done, FAILED, Failure, INTERRUPTED};
use super::super::mirror::{Opened, glance, stopped};
use super::super::site::{Site, say};
use super::super::work::{self, TicketNumber};
use super::super::{consent, interrupt, table};
use super::{ReplyArgs, filled};
use crate::config::duration;
use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::desk::guard::in_words;
use crate::desk::ids::{CommandId, OutboxId, TicketKey};
use crate::desk::template::Template;
use crate::desk::template::bulk::{Plan, Ready, plan};
use crate::desk::thread::Delivery;
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::views::{View, ViewRequest};

#[derive(Args)]
pub(super) struct BulkArgs {
    /// Send it to all of these tickets, with the template's fields filled in for each. What goes where is asked about first
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    bulk: Vec<TicketNumber>,
    /// Send it to this ticket and all that were closed as its duplicates, which stay closed
    #[arg(long, value_name = "ID", conflicts_with = "bulk")]
    linked: Option<TicketNumber>,
    /// What to say to all of them; absent: the template, or standard input
    #[arg(long = "text", value_name = "TEXT", conflicts_with = "template")]
    say: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Send to no ticket twice under this key, however often the command is given (for two days)
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) async fn run(site: &Site, args: ReplyArgs) -> Done {
    let agent = site.agent()?.name.clone();
    let piped = args.filled.template.is_none() && args.many.say.is_none();
    let typed = match &args.many.say {
        Some(text) => text.clone(),
        None if piped => work::text(Vec::new())?,
        None => String::new(),
    };
    let mirror = Opened::linked(site, Some(agent)).await?;
    let handle = mirror.handle();
    let done = send_all(site, &handle, &args, typed).await;
    mirror.stop().await;
    done
}

async fn send_all(site: &Site, handle: &Handle, args: &ReplyArgs, typed: String) -> Done {
    let mut tickets = Vec::new();
    for number in &args.many.bulk {
        tickets.push(work::present(handle, number).await?);
    }
    let duplicates_of = match &args.many.linked {
        Some(number) => Some(work::present(handle, number).await?),
        None => None,
    };
    let mut targets = filled::targets(handle, tickets, duplicates_of).await?;
    let own = filled::own_context(site, handle, Default::default()).await?;
    for target in &mut targets {
        target.context.agent_name.clone_from(&own.agent_name);
        target.context.agent_first_name.clone_from(&own.agent_first_name);
        target.context.desk_name.clone_from(&own.desk_name);
        target.context.date.clone_from(&own.date);
        target.context.time.clone_from(&own.time);
    }
    let (template, along) = match &args.filled.template {
        Some(_) => {
            let template = filled::find(site, handle, &args.filled, None)?;
            let along = filled::along(&template, &args.filled);
            (template, along)
        }
        None => (Template { text: typed, ..Template::default() }, Along::default()),
    };
    let planned = plan(&template, &targets, duplicates_of, &site.config.rules.guard);
    if planned.ready.is_empty() {
        let asks = planned.left_out.iter().any(|(_, why)| why.starts_with("{{?"));
        let hint = if asks { "; a field that asks is filled in with --set \"NAME=VALUE\"" } else { "" };
        return Err(Failure::error(format!("to nobody: {}{hint}", planned.left_out_in_words().join("; "))));
    }
    agreed(site, args, &planned, &along)?;
    let along = Along { duplicate_of: duplicates_of, confirmed: !planned.found.is_empty(), ..along };
    let minutes = planned.minutes(site.config.rules.pace) as u64;
    let wait = args.wait.unwrap_or(Duration::from_secs(120 + 60 * minutes));
    let mut results: BTreeMap<TicketKey, String> = BTreeMap::new();
    let mut rows: BTreeMap<OutboxId, TicketKey> = BTreeMap::new();
    for ready in &planned.ready {
        let Ready { ticket, text, newest } = ready.clone();
        let seen = newest.filter(|_| !args.force);
        let command =
            Command::Reply { ticket, text, reply_to: None, hold: !args.now, seen, file: None, along: along.clone() };
        match handle.submit(command_id(args, ticket), command).await {
            Ok(receipt) => rows.extend(receipt.outbox.map(|outbox| (outbox, ticket))),
            Err(refusal) => drop(results.insert(ticket, refusal.to_string())),
        }
    }
    let ended = tokio::select! {
        done = settled(handle, &rows, &mut results) => done,
        () = tokio::time::sleep(wait) => Err(Failure::error(format!(
            "not all were sent within {}: they stay queued, and the next topicdesk, sync or reply sends them",
            duration::show(wait)
        ))),
        () = interrupt::wait() => Err(Failure { code: INTERRUPTED, ..take_back(handle, &rows).await }),
    };
    tell(site, &planned, &results)?;
    ended?;
    match results.len() {
        0 => Ok(()),
        // Each was told by itself.
        _ => Err(Failure { code: FAILED, message: String::new() }),
    }
}

/// Makes the same id for the same key and ticket, so that the desk does not do it twice.
fn command_id(args: &ReplyArgs, ticket: TicketKey) -> CommandId {
    let Some(key) = &args.many.key else { return new_command_id() };
    let digest = Sha256::digest(format!("bulk reply\n{key}\n{}\n{}", ticket.group.0, ticket.topic.0));
    CommandId(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
}

/// Tells what goes where, and asks.
fn agreed(site: &Site, args: &ReplyArgs, plan: &Plan, along: &Along) -> Done {
    let minutes = match plan.minutes(site.config.rules.pace) {
        0 => "less than a minute".to_owned(),
        1 => "about 1 minute".to_owned(),
        minutes => format!("about {minutes} minutes"),
    };
    let replies = table::count(plan.ready.len(), "reply", "replies");
    for why in plan.left_out_in_words() {
        say(&format!("left out, {why}"));
    }
    if !plan.found.is_empty() && !args.force && (args.many.yes || !stdin().is_terminal()) {
        let found = in_words(&plan.found);
        return Err(Failure::error(format!(
            "nothing was sent: the text has what looks like {found} (--force sends it)"
        )));
    }
    if args.many.yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(Failure::usage(format!("{replies}, {minutes}: say --yes to send them")));
    }
    if !plan.found.is_empty() {
        say(&format!("LOOK: the text has what looks like {}", in_words(&plan.found)));
    }
    if !along.actions.is_empty() {
        say(&format!("then: {}", along.actions));
    }
    if let Some(first) = plan.ready.first() {
        say(&format!("the first, {}:\n{}", first.ticket, first.text));
    }
    let question = format!("Send {replies}? It takes {minutes}.");
    if consent::yes(&question)? { Ok(()) } else { Err(Failure::error("nothing was sent")) }
}

/// Waits until every reply has left or was stopped.
async fn settled(
    handle: &Handle,
    rows: &BTreeMap<OutboxId, TicketKey>,
    results: &mut BTreeMap<TicketKey, String>,
) -> Done {
    let mut revisions = handle.watch();
    loop {
        let View::Outbox { rows: open } = handle.read(ViewRequest::Outbox).await else {
            return Err(Failure::error("the outbox cannot be read"));
        };
        let mut left = 0;
        for row in &open {
            let Some(ticket) = rows.get(&row.part_of.unwrap_or(row.outbox)) else { continue };
            match &row.delivery {
                Delivery::Parked { .. } | Delivery::Confirm { .. } => {
                    results.insert(*ticket, format!("waits in the outbox: {}", table::safe(&row.why())));
                }
                Delivery::Sent { .. } => {}
                _ => left += 1,
            }
        }
        if left == 0 {
            return Ok(());
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(Failure { message: format!("{}; the replies stay queued", failure.message), ..failure });
        }
        let _looked = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
    }
}

/// Takes back what has not left.
async fn take_back(handle: &Handle, rows: &BTreeMap<OutboxId, TicketKey>) -> Failure {
    let mut back = 0;
    for outbox in rows.keys() {
        let command = Command::DiscardOutbox { outbox: *outbox };
        back += usize::from(handle.submit(new_command_id(), command).await.is_ok());
    }
    Failure::error(format!("interrupted: {back} of {} taken back", table::count(rows.len(), "reply", "replies")))
}

fn tell(site: &Site, plan: &Plan, results: &BTreeMap<TicketKey, String>) -> Done {
    let ready = plan.ready.iter().map(|ready| (ready.ticket, results.get(&ready.ticket).map(String::as_str)));
    let out = stdout();
    let mut out = out.lock();
    if site.json {
        let left_out: Vec<_> =
            plan.left_out.iter().map(|(ticket, why)| json!({"ticket": ticket.topic, "why": why})).collect();
        let replies: Vec<_> =
            ready.map(|(ticket, why)| json!({"ticket": ticket.topic, "sent": why.is_none(), "why": why})).collect();
        return Ok(writeln!(out, "{:#}", json!({"replies": replies, "left_out": left_out}))?);
    }
    for (ticket, why) in ready {
        match why {
            None => writeln!(out, "{ticket}: sent")?,
            Some(why) => writeln!(out, "{ticket}: not sent: {why}")?,
        }
    }
    Ok(())
}
