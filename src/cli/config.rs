//! `topicdesk config`: where the configuration is, whether it is right, and a documented one to begin with.

use std::io::{Write, stdout};

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::Global;
use super::failure::{Done, Failure, USAGE};
use super::screen;
use super::site::Site;
use crate::config::{self, templates};
use crate::tui;

#[derive(Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print the path of desk.toml (with --json, of everything)
    Path,
    /// Read desk.toml, the templates and the key bindings, and tell every mistake
    Check,
    /// Print a documented desk.toml
    Default,
}

pub(super) fn run(global: &Global, args: ConfigArgs) -> Done {
    match args.command {
        ConfigCommand::Path => path(global),
        ConfigCommand::Check => check(global),
        ConfigCommand::Default => Ok(stdout().write_all(config::DEFAULT.as_bytes())?),
    }
}

fn path(global: &Global) -> Done {
    let paths = Site::paths(global)?;
    if !global.json {
        return Ok(writeln!(stdout(), "{}", paths.config.display())?);
    }
    let all = json!({
        "desk": paths.desk,
        "config": paths.config,
        "templates": paths.templates(),
        "data": paths.data,
        "tickets": paths.tickets(),
        "session": paths.session(),
        "log": paths.log(),
    });
    Ok(writeln!(stdout(), "{all:#}")?)
}

fn check(global: &Global) -> Done {
    let site = Site::find(global)?;
    let templates = templates::load(Some(&site.paths.templates()));
    let mut mistakes: Vec<String> = templates.errors.iter().map(ToString::to_string).collect();
    for complaint in tui::check_keys(&site.keys()) {
        let setting = site.config.keys.iter().find(|key| {
            let path = format!("keys.{}.{}", key.context, key.action);
            complaint.strip_prefix(&path).is_some_and(|rest| rest.starts_with(':'))
        });
        mistakes.push(match setting {
            Some(setting) => format!("{}: {complaint}", setting.place),
            None => format!("{}: {complaint}", site.paths.config.display()),
        });
    }
    if let Some(theme) = site.config.tui.theme.as_ref().filter(|theme| !tui::is_theme(&theme.text)) {
        mistakes.push(screen::theme_mistake(theme));
    }
    if let Err(failure) = super::knowledge::setup(&site.config) {
        mistakes.push(failure.message);
    }
    let file = site.config.file.as_ref().map(|file| file.display().to_string());
    if global.json {
        let told = json!({
            "config": file, "warnings": site.config.warnings, "mistakes": mistakes, "templates": templates.templates.len(),
        });
        writeln!(stdout(), "{told:#}")?;
    } else {
        for mistake in &mistakes {
            writeln!(stdout(), "{mistake}")?;
        }
        if mistakes.is_empty() {
            let file = file.unwrap_or_else(|| format!("{} (absent, defaults stand)", site.paths.config.display()));
            let (agents, templates) = (site.config.rules.staff.agents.len(), templates.templates.len());
            writeln!(stdout(), "{file}: fine; agents: {agents}, templates: {templates}")?;
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(Failure { code: USAGE, message: String::new() }) }
}
