//! `topicdesk template`: the templates an agent has, and the text of one.

use std::io::{Write, stdout};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::table;
use crate::config::templates;
use crate::desk::template::Template;

#[derive(Args)]
pub(super) struct TemplateArgs {
    #[command(subcommand)]
    command: TemplateCommand,
}

#[derive(Subcommand)]
enum TemplateCommand {
    /// List the templates, built-in ones and your own
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
}

pub(super) fn run(global: &Global, args: TemplateArgs) -> Done {
    let site = Site::find(global)?;
    let loaded = templates::load(Some(&site.paths.templates()));
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

fn value(template: &Template) -> Value {
    json!({
        "name": template.name, "code": template.code, "key": template.key, "language": template.language,
        "tags": template.tags, "text": template.text, "source": template.source,
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
                template.name.clone(),
                template.text.lines().next().unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    Ok(table::write(&mut stdout(), &["CODE", "LANGUAGE", "KEY", "NAME", "TEXT"], &rows, table::width())?)
}

fn show(global: &Global, template: &Template) -> Done {
    if global.json {
        return Ok(writeln!(stdout(), "{:#}", value(template))?);
    }
    Ok(writeln!(stdout(), "{}", table::safe(&template.text))?)
}
