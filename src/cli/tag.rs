//! `topicdesk tag`: adds tags to a ticket and takes tags away.

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::work::{TicketNumber, change};
use crate::desk::command::Command;
use crate::desk::tags::TagChange;

#[derive(Args)]
pub(super) struct TagArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// billing or +billing adds, -billing takes away
    #[arg(value_name = "TAG", required = true, allow_hyphen_values = true)]
    tags: Vec<String>,
}

pub(super) async fn run(global: &Global, args: TagArgs) -> Done {
    let TagChange { add, remove } = args.tags.join(" ").parse().map_err(|why: String| Failure::usage(why))?;
    change(global, args.ticket, |_, ticket| Ok(Command::Tag { ticket, add, remove })).await
}
