//! `topicdesk completions SHELL`: completions for a shell, on standard output.

use clap::{Args, CommandFactory};

use super::args::Cli;
use super::failure::Done;

#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: clap_complete::Shell,
}

pub(super) fn run(args: CompletionsArgs) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "topicdesk", &mut script);
    Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
}
