//! `topicdesk template import`: makes templates of a table. Either all rows become files, or none does.

use std::io::{Write, stdout};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::failure::{Done, FAILED, Failure};
use super::super::site::{Site, say};
use super::super::table;
use crate::config::templates::import::{self, NewFile};

#[derive(Args)]
pub(super) struct ImportArgs {
    /// The table; its first row names the columns: name, text, and if wanted language, tags, code
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Into your own templates, instead of the desk's
    #[arg(long)]
    personal: bool,
    /// Write over templates that are there already
    #[arg(long)]
    force: bool,
    /// Only say what would be written
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(site: &Site, args: &ImportArgs) -> Done {
    let folder = match args.personal {
        true => {
            let agent = site.agent()?.name.clone();
            let folder = site.paths.personal_templates(&agent.0);
            folder
                .ok_or_else(|| Failure::usage(format!("`{agent}` cannot name a folder for templates of one's own")))?
        }
        false => site.paths.templates(),
    };
    let name = args.file.display().to_string();
    let bytes = std::fs::read(&args.file).map_err(|error| Failure::error(format!("{name}: {error}")))?;
    let import = import::read(&name, &bytes, &folder, args.force);
    for error in &import.errors {
        say(&error.to_string());
    }
    let good = import.errors.is_empty();
    if good && !args.dry_run {
        std::fs::create_dir_all(&folder).map_err(|error| Failure::error(format!("{}: {error}", folder.display())))?;
        for file in &import.files {
            put(file).map_err(|error| Failure::error(format!("{}: {error}", file.path.display())))?;
        }
    }
    tell(site, &import.files, good && !args.dry_run)?;
    if good {
        return Ok(());
    }
    let count = table::count(import.errors.len(), "mistake", "mistakes");
    Err(Failure { code: FAILED, message: format!("{count}: nothing was written; mend them, or leave those rows out") })
}

/// Writes a file whole or not at all.
fn put(file: &NewFile) -> std::io::Result<()> {
    let folder = file.path.parent().unwrap_or(std::path::Path::new(""));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(file.content.as_bytes())?;
    beside.persist(&file.path)?;
    Ok(())
}

fn tell(site: &Site, files: &[NewFile], written: bool) -> Done {
    let mut out = stdout().lock();
    if site.json {
        let all: Vec<_> = files
            .iter()
            .map(|file| {
                json!({
                    "line": file.line, "file": file.path, "name": file.template.name, "language": file.template.language,
                    "code": file.template.code, "over": file.over, "written": written,
                })
            })
            .collect();
        return Ok(writeln!(out, "{:#}", serde_json::Value::from(all))?);
    }
    for file in files {
        let verb = match (written, file.over) {
            (true, false) => "written",
            (true, true) => "written over",
            (false, false) => "would be written",
            (false, true) => "would be written over",
        };
        let path = file.path.display().to_string();
        writeln!(out, "line {}: {} -> {}: {verb}", file.line, table::safe(&file.template.name), table::safe(&path))?;
    }
    Ok(())
}
