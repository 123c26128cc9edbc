//! `topicdesk reopen`: opens a resolved or closed ticket again.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change};
use crate::desk::command::Command;

#[derive(Args)]
pub(super) struct ReopenArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
}

pub(super) async fn run(global: &Global, args: ReopenArgs) -> Done {
    change(global, args.ticket, |_, ticket| Ok(Command::Reopen { ticket })).await
}
