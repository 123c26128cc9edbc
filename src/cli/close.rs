//! `topicdesk close`: closes a ticket for good; a customer who writes again begins a new episode.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change};
use crate::desk::command::Command;

#[derive(Args)]
pub(super) struct CloseArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

pub(super) async fn run(global: &Global, args: CloseArgs) -> Done {
    change(global, args.ticket, |_, ticket| Ok(Command::Close { ticket, reason: args.reason })).await
}
