//! `topicdesk delete`: deletes a message that its author has sent from the desk, for everybody, and waits until Telegram has done so.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change_message};
use crate::desk::command::Command;
use crate::desk::ids::MessageId;

#[derive(Args)]
pub(super) struct DeleteArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// The message, as `show --json` numbers it
    message: i32,
}

pub(super) async fn run(global: &Global, args: DeleteArgs) -> Done {
    let message = MessageId(args.message);
    let command = |ticket, _| Command::DeleteMessage { ticket, message };
    change_message(global, args.ticket, message, ("deleted", false), command).await
}
