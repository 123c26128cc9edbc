//! `topicdesk team`: says whose work a ticket is.

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
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
    change(global, args.ticket, |site, ticket| {
        if let Some(team) = team.as_ref().filter(|_| site.config.file.is_some()) {
            site.config.rules.routing.named(team).map_err(Failure::usage)?;
        }
        Ok(Command::SetTeam { ticket, team })
    })
    .await
}
