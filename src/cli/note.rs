//! `topicdesk note`: writes an internal note, which never leaves the desk.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{self, TicketNumber, change};
use crate::desk::command::Command;

#[derive(Args)]
pub(super) struct NoteArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// What to note; absent or `-`: read from standard input
    text: Vec<String>,
}

pub(super) async fn run(global: &Global, args: NoteArgs) -> Done {
    let text = work::text(args.text)?;
    change(global, args.ticket, |_, ticket| Ok(Command::Note { ticket, text })).await
}
