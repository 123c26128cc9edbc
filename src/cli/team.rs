//! `topicdesk team`: says whose work a ticket is.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change};
use crate::desk::command::Command;

#[derive(Args)]
pub(super) struct TeamArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// As named in desk.toml; `-`: none in particular
    #[arg(value_name = "TEAM", allow_hyphen_values = true)]
    team: String,
}

pub(super) async fn run(global: &Global, args: TeamArgs) -> Done {
    let team = match &args.team {
        none if none == "-" => None,
        word => Some(word.as_str().into()),
    };
    change(global, args.ticket, |_, ticket| Ok(Command::SetTeam { ticket, team })).await
}
