//! `topicdesk category`: says what kind of matter a ticket is.

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::work::{TicketNumber, change};
use crate::desk::command::Command;

#[derive(Args)]
pub(super) struct CategoryArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// One word; `-`: none
    #[arg(value_name = "CATEGORY", allow_hyphen_values = true)]
    category: String,
}

pub(super) async fn run(global: &Global, args: CategoryArgs) -> Done {
    let category = match &args.category {
        none if none == "-" => None,
        word => Some(word.parse().map_err(|why: String| Failure::usage(why))?),
    };
    change(global, args.ticket, |_, ticket| Ok(Command::SetCategory { ticket, category })).await
}
