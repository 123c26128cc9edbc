//! `topicdesk config`: where the configuration is, whether it is right, and a documented one to begin with.

use std::io::{Write, stdout};
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::Global;
use super::failure::{Done, Failure, USAGE};
use super::screen;
use super::site::{Site, say};
use crate::config::{self, ConfigError, KeySetting, templates};
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

/// Tells what is wrong with the keys, with the places.
pub(super) fn key_mistakes(file: &Path, settings: &[KeySetting]) -> Vec<String> {
    let complaints = tui::check_keys(&changes(settings));
    let placed = complaints.into_iter().map(|complaint| match about(&complaint, settings) {
        Some(setting) => format!("{}: {complaint}", setting.place),
        None => format!("{}: {complaint}", file.display()),
    });
    placed.collect()
}

/// Finds the setting that a complaint is about: `keys.queue.claim: …` names it, `keys.queue: …` only the table and, in words, the
/// actions.
fn about<'s>(complaint: &str, settings: &'s [KeySetting]) -> Option<&'s KeySetting> {
    let (path, words) = complaint.split_once(": ")?;
    let mut inside = settings.iter().filter(|set| path == format!("keys.{}", set.context)).peekable();
    let first = inside.peek().copied();
    let named = inside.find(|set| words.split([' ', ';', '(', ')']).any(|word| word == set.action));
    let exact = settings.iter().find(|set| path == format!("keys.{}.{}", set.context, set.action));
    exact.or(named).or(first)
}

/// Gives the changes of the key map as the screen takes them: context, action, key.
pub(super) fn changes(settings: &[KeySetting]) -> Vec<(String, String, String)> {
    let each = |set: &KeySetting| {
        let (context, action) = (set.context.clone(), set.action.clone());
        set.keys.iter().map(move |key| (context.clone(), action.clone(), key.clone())).collect::<Vec<_>>()
    };
    settings.iter().flat_map(each).collect()
}

/// Tells what is wrong with a file that makes no configuration: all mistakes, those of the keys with them.
fn wrong(file: &Path, error: &ConfigError) -> Vec<String> {
    let ConfigError::Wrong(problems) = error else { return vec![error.to_string()] };
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let keys = key_mistakes(file, &config::keys_in(&file.display().to_string(), &text));
    problems.iter().map(ToString::to_string).chain(keys).collect()
}

fn check(global: &Global) -> Done {
    let paths = Site::paths(global)?;
    let site = match Site::read_at(paths.clone(), global) {
        Ok(site) => site,
        Err(error) => {
            let mistakes = wrong(&paths.config, &error);
            if !global.json {
                return Err(Failure::usage(mistakes.join("\n")));
            }
            let templates = templates::load(Some(&paths.templates())).templates.len();
            let told = json!({ "config": paths.config, "warnings": [], "mistakes": mistakes, "templates": templates });
            writeln!(stdout(), "{told:#}")?;
            return Err(Failure { code: USAGE, message: String::new() });
        }
    };
    if !global.json {
        site.config.warnings.iter().for_each(|warning| say(warning));
    }
    let templates = templates::load(Some(&site.paths.templates()));
    let mut mistakes: Vec<String> = templates.errors.iter().map(ToString::to_string).collect();
    mistakes.extend(key_mistakes(&site.paths.config, &site.config.keys));
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
