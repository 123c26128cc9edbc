//! `topicdesk template`: the templates an agent has, the text of one, what their use has shown, what is wrong with them, and more of
//! them from a table.

mod import;
mod lint;
mod stats;

use std::io::{Write, stdout};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::table;
use super::work;
use crate::desk::ids::AgentName;
use crate::desk::template::Template;
use crate::desk::template::offer::Usage;
use crate::engine::views::{View, ViewRequest};

#[derive(Args)]
pub(super) struct TemplateArgs {
    #[command(subcommand)]
    command: TemplateCommand,
}

#[derive(Subcommand)]
enum TemplateCommand {
    /// List the templates: built-in ones, the desk's, and your own
    List {
        /// Only of this language
        #[arg(long, value_name = "CODE")]
        language: Option<String>,
    },
    /// Show one
    Show {
        /// Its code, or its name
        template: String,
        /// In this language
        #[arg(long, value_name = "CODE")]
        language: Option<String>,
    },
    /// Tell how often each was used, sent as it is, and followed by a ticket that came back
    Stats,
    /// Say what is wrong with them: codes and keys that are there twice, languages that are missing, stale and unused ones
    Lint,
    /// Make templates of a table: a CSV file with the columns name, text, language, tags, code
    Import(import::ImportArgs),
}

pub(super) async fn run(global: &Global, args: TemplateArgs) -> Done {
    let site = Site::find(global)?;
    // Who is unknown has no templates of their own.
    let agent: Option<AgentName> = site.agent().ok().map(|agent| agent.name.clone());
    let loaded = site.templates(agent.as_ref());
    match args.command {
        TemplateCommand::Lint => return lint::run(&site, &loaded).await,
        TemplateCommand::Import(args) => return import::run(&site, &args),
        TemplateCommand::Stats | TemplateCommand::List { .. } | TemplateCommand::Show { .. } => {}
    }
    for error in &loaded.errors {
        let _ = writeln!(std::io::stderr(), "topicdesk: {}", table::safe(&error.to_string()));
    }
    let speaks = |template: &&Template, language: &Option<String>| {
        language.as_ref().is_none_or(|language| template.speaks(language))
    };
    match args.command {
        TemplateCommand::List { language } => {
            let found: Vec<&Template> = loaded.templates.iter().filter(|one| speaks(one, &language)).collect();
            list(global, &found)
        }
        TemplateCommand::Stats => stats::run(&site, &loaded.templates).await,
        TemplateCommand::Lint | TemplateCommand::Import(_) => Ok(()),
        TemplateCommand::Show { template, language } => {
            let wanted = template.to_lowercase();
            let named = |one: &&Template| {
                one.code.as_ref().is_some_and(|code| code.to_lowercase() == wanted) || one.name.to_lowercase() == wanted
            };
            let language = language.unwrap_or_else(|| site.config.language.clone());
            let mut found: Vec<&Template> = loaded.templates.iter().filter(named).collect();
            found.sort_by_key(|one| !one.speaks(&language));
            match found.first() {
                Some(template) => show(global, template),
                None => Err(Failure::error(format!(
                    "there is no template `{}`: `topicdesk template list` names them",
                    template.escape_debug()
                ))),
            }
        }
    }
}

/// Reads what the use of templates has shown; `None` where there is no desk yet.
async fn uses(site: &Site) -> Done<Option<Vec<Usage>>> {
    if !site.paths.tickets().exists() {
        return Ok(None);
    }
    let (_desk, handle) = site.read_only().await?;
    match handle.read(ViewRequest::Templates).await {
        View::Templates { uses } => Ok(Some(uses)),
        other => Err(work::unreadable(other)),
    }
}

fn value(template: &Template) -> Value {
    json!({
        "name": template.name, "code": template.code, "key": template.key, "language": template.language,
        "tags": template.tags, "text": template.text, "source": template.source,
        "origin": template.origin.label(), "actions": template.actions, "review_by": template.review_by,
    })
}

fn list(global: &Global, found: &[&Template]) -> Done {
    if global.json {
        let all: Vec<Value> = found.iter().map(|template| value(template)).collect();
        return Ok(writeln!(stdout(), "{:#}", Value::from(all))?);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|template| {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            vec![
                or_dash(&template.code),
                or_dash(&template.language),
                or_dash(&template.key),
                template.origin.label().to_owned(),
                template.name.clone(),
                template.text.lines().next().unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    Ok(table::write(&mut stdout(), &["CODE", "LANGUAGE", "KEY", "SOURCE", "NAME", "TEXT"], &rows, table::width())?)
}

fn show(global: &Global, template: &Template) -> Done {
    if global.json {
        return Ok(writeln!(stdout(), "{:#}", value(template))?);
    }
    Ok(writeln!(stdout(), "{}", table::safe(&template.text))?)
}
