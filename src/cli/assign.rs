//! `topicdesk assign`: gives a ticket to an agent.

use clap::Args;

use super::args::Global;
use super::failure::Done;
use super::work::{TicketNumber, change};
use crate::desk::command::Command;
use crate::desk::ids::AgentName;

#[derive(Args)]
pub(super) struct AssignArgs {
    /// The ticket: 1042, #1042
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// To whom, as named in desk.toml
    #[arg(value_name = "AGENT")]
    to: String,
    /// An internal note for them
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(super) async fn run(global: &Global, args: AssignArgs) -> Done {
    let AssignArgs { ticket, to, note } = args;
    change(global, ticket, |site, ticket| {
        // The name as desk.toml writes it, however it was typed.
        let known = site.config.rules.staff.agents.iter().find(|agent| agent.name.0.eq_ignore_ascii_case(&to));
        let to = known.map_or(AgentName(to), |agent| agent.name.clone());
        Ok(Command::Assign { ticket, to, note })
    })
    .await
}
