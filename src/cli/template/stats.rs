//! `topicdesk template stats`: what the use of templates has shown.

use std::io::{Write, stdout};

use serde_json::{Value, json};

use super::super::failure::Done;
use super::super::site::Site;
use super::super::table;
use crate::desk::template::Template;
use crate::desk::template::offer::Usage;

pub(super) async fn run(site: &Site, templates: &[Template]) -> Done {
    let mut uses = super::uses(site).await?.unwrap_or_default();
    // What was never used is told too, after the others; and what was used and is no more.
    for template in templates {
        if !uses.iter().any(|usage| usage.is_of(template)) {
            let (name, language) = (template.name.clone(), template.language.clone());
            uses.push(Usage { name, language, ..Usage::default() });
        }
    }
    let origin = |usage: &Usage| templates.iter().find(|one| usage.is_of(one)).map_or("gone", |one| one.origin.label());
    if site.json {
        let all: Vec<Value> = uses
            .iter()
            .map(|usage| {
                json!({
                    "name": usage.name, "language": usage.language, "source": origin(usage), "used": usage.used,
                    "unedited": usage.unedited, "unedited_percent": usage.unedited_percent(), "reopened": usage.reopened,
                    "last_at": usage.last_at,
                })
            })
            .collect();
        return Ok(writeln!(stdout(), "{:#}", Value::from(all))?);
    }
    let zone = site.agent().map(|agent| site.zone(&agent.name)).ok();
    let rows: Vec<Vec<String>> = uses
        .iter()
        .map(|usage| {
            let last = usage.last_at.map(|at| match &zone {
                Some(zone) => zone.moment(at),
                None => at.rfc3339(),
            });
            vec![
                usage.used.to_string(),
                usage.unedited_percent().map_or_else(|| "-".to_owned(), |percent| format!("{percent} %")),
                usage.reopened.to_string(),
                last.unwrap_or_else(|| "-".to_owned()),
                usage.language.clone().unwrap_or_else(|| "-".to_owned()),
                origin(usage).to_owned(),
                usage.name.clone(),
            ]
        })
        .collect();
    let head = ["USED", "UNEDITED", "CAME BACK", "LAST", "LANGUAGE", "SOURCE", "NAME"];
    Ok(table::write(&mut stdout(), &head, &rows, table::width())?)
}
