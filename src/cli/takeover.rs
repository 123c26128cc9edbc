//! `topicdesk takeover`: takes a ticket from whoever has it.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change};
use crate::desk::command::Command;

#[derive(Args)]
pub(super) struct TakeoverArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
}

pub(super) async fn run(global: &Global, args: TakeoverArgs) -> Done {
    change(global, args.ticket, |_, ticket| Ok(Command::TakeOver { ticket })).await
}
