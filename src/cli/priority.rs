//! `topicdesk priority`: says how much a ticket matters.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change};
use crate::desk::command::Command;
use crate::desk::tags::Priority;

#[derive(Args)]
pub(super) struct PriorityArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// low, normal, high or urgent
    #[arg(value_name = "PRIORITY")]
    priority: Priority,
}

pub(super) async fn run(global: &Global, args: PriorityArgs) -> Done {
    let PriorityArgs { ticket, priority } = args;
    change(global, ticket, |_, ticket| Ok(Command::SetPriority { ticket, priority })).await
}
