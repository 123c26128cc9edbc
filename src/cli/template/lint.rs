//! `topicdesk template lint`: what is wrong with the templates. Errors make it fail, warnings do not.

use std::io::{Write, stdout};

use serde_json::json;

use super::super::failure::{Done, FAILED, Failure};
use super::super::site::Site;
use super::super::table;
use crate::config::templates::Loaded;
use crate::desk::template::lint::{Finding, Weight, lint};

pub(super) async fn run(site: &Site, loaded: &Loaded) -> Done {
    let uses = super::uses(site).await?;
    let zone = site.agent().map(|agent| site.zone(&agent.name)).ok();
    let now = site.clock.now();
    let today = zone.map_or_else(|| now.to_utc().date_naive(), |zone| zone.local(now).date());
    // A file that does not load is an error by itself, and names its line.
    let broken = loaded.errors.iter().map(|error| {
        let place =
            [error.line, error.column].iter().filter(|at| **at > 0).map(|at| format!(":{at}")).collect::<String>();
        Finding { weight: Weight::Error, source: format!("{}{place}", error.file), what: error.what.clone() }
    });
    let findings: Vec<Finding> = broken.chain(lint(&loaded.templates, uses.as_deref(), today)).collect();
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    let warnings = findings.len() - errors;
    let mut out = stdout().lock();
    if site.json {
        let told =
            json!({"templates": loaded.templates.len(), "errors": errors, "warnings": warnings, "findings": findings});
        writeln!(out, "{told:#}")?;
    } else {
        for finding in &findings {
            let weight = match finding.weight {
                Weight::Error => "error",
                Weight::Warning => "warning",
            };
            writeln!(out, "{weight}: {}: {}", table::safe(&finding.source), table::safe(&finding.what))?;
        }
        let templates = table::count(loaded.templates.len(), "template", "templates");
        let (errors, warnings) =
            (table::count(errors, "error", "errors"), table::count(warnings, "warning", "warnings"));
        writeln!(out, "{templates}: {errors}, {warnings}")?;
    }
    // Everything has been said.
    if errors > 0 { Err(Failure { code: FAILED, message: String::new() }) } else { Ok(()) }
}
