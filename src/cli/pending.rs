//! `topicdesk pending`: says that a ticket waits for somebody, and until when.

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::work::{TicketNumber, change};
use crate::desk::command::Command;
use crate::desk::ticket::{Pending, PendingReason};

#[derive(Args)]
pub(super) struct PendingArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// Whom it waits for: customer, third_party or internal [default: customer]
    #[arg(value_name = "REASON", conflicts_with = "reason")]
    word: Option<PendingReason>,
    /// The same
    #[arg(long, value_name = "REASON")]
    reason: Option<PendingReason>,
    /// When it comes back by itself: 2h, 3d, 14:30, tomorrow, 2026-11-25, "2026-11-25 09:00"
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
}

pub(super) async fn run(global: &Global, args: PendingArgs) -> Done {
    change(global, args.ticket, |site, ticket| {
        let zone = site.zone(&site.agent()?.name);
        let until = args.until.map(|text| zone.parse(&text, site.clock.now())).transpose().map_err(Failure::usage)?;
        let reason = args.reason.or(args.word).unwrap_or(PendingReason::Customer);
        Ok(Command::SetPending { ticket, pending: Pending { reason, until } })
    })
    .await
}
