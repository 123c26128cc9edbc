//! `topicdesk edit`: changes the text of a message that its author has sent from the desk, and waits until Telegram has done so.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{self, TicketNumber, change_message};
use crate::desk::command::Command;
use crate::desk::ids::MessageId;

#[derive(Args)]
pub(super) struct EditArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// The message, as `show --json` numbers it
    message: i32,
    /// Change it whatever the guard finds in the text
    #[arg(long)]
    force: bool,
    /// What it is to say; absent or `-`: read from standard input
    text: Vec<String>,
}

pub(super) async fn run(global: &Global, args: EditArgs) -> Done {
    let text = work::text(args.text)?;
    let message = MessageId(args.message);
    let command = |ticket, confirmed| Command::EditMessage { ticket, message, text: text.clone(), confirmed };
    change_message(global, args.ticket, message, ("changed", args.force), command).await
}
