//! `topicdesk export`: tickets or events as JSON lines or CSV, for other programs. The names of the fields stay.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufWriter, Write, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::args::Global;
use super::failure::{Done, Failure};
use super::sheet::Sheet;
use super::site::{Site, say};
use super::stats;
use crate::clock::Timestamp;
use crate::desk::ids::GroupId;
use crate::engine::transport::GroupFacts;
use crate::store::{Reader, StoreError};
use lines::{EVENT, EventLine, TICKET, TicketLine};

mod lines;

#[derive(Args)]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One line a ticket, as it stands now
    Tickets(Form),
    /// One line an event of the activity log, in the order in which they were recorded
    Events {
        #[command(flatten)]
        form: Form,
        /// With the text of internal notes, which otherwise stay at the desk
        #[arg(long)]
        notes: bool,
    },
}

#[derive(Args)]
struct Form {
    /// Only what has happened since: a span back (30d), a date; tickets to which something has happened since
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// How it is written
    #[arg(long, value_name = "FORM", default_value = "jsonl")]
    format: Format,
    /// Into this file, readable by you only; otherwise to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over the file if there is one
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// JSON lines
    Jsonl,
    /// CSV, safe for spreadsheets
    Csv,
}

/// A column: its name, and whether somebody else has chosen what it says.
type Column = (&'static str, bool);

pub(super) fn run(global: &Global, args: ExportArgs) -> Done {
    let (form, notes, columns, what) = match args.what {
        What::Tickets(form) => (form, false, TICKET, "tickets"),
        What::Events { form, notes } => (form, notes, EVENT, "events"),
    };
    let site = Site::open(global)?;
    let since = form.since.as_deref().map(|text| stats::begin(&site, text)).transpose()?;
    let reader = Reader::open(&site.paths.data).map_err(failed)?;
    let _snapshot = reader.snapshot().map_err(failed)?;
    let Some(file) = &form.out else {
        let mut lines = Lines::new(BufWriter::new(stdout().lock()), form.format, columns)?;
        write(&reader, what, since, notes, &mut lines)?;
        return lines.finish().map(|_| ());
    };
    if file.exists() && !form.force {
        return Err(exists(file));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let refused = |error: io::Error| Failure::error(format!("{}: {error}", file.display()));
    // Beside its place until it is whole: nobody ever sees half an export.
    let beside = tempfile::NamedTempFile::new_in(folder).map_err(refused)?;
    beside.as_file().set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(refused)?;
    let mut lines = Lines::new(BufWriter::new(beside.as_file()), form.format, columns)?;
    write(&reader, what, since, notes, &mut lines)?;
    let count = lines.finish()?;
    beside.as_file().sync_all().map_err(refused)?;
    let kept = if form.force { beside.persist(file) } else { beside.persist_noclobber(file) };
    match kept {
        Ok(_) => say(&format!("{count} {what} in {}", file.display())),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(file)),
        Err(error) => return Err(refused(error.error)),
    }
    Ok(())
}

fn exists(file: &Path) -> Failure {
    Failure::error(format!("{} is there already: --force writes over it", file.display()))
}

fn failed(error: StoreError) -> Failure {
    Failure::error(error.to_string())
}

fn write<W: Write>(reader: &Reader, what: &str, since: Option<Timestamp>, notes: bool, lines: &mut Lines<W>) -> Done {
    let names = group_names(reader)?;
    if what == "events" {
        return reader.each_recorded(since, |recorded| {
            let note = match recorded.event {
                crate::desk::event::Event::Noted { entry, .. } if notes => reader.note_text(entry).map_err(failed)?,
                _ => None,
            };
            let name = names.get(&recorded.ticket.group).cloned().unwrap_or_default();
            lines.put(&EventLine::of(&recorded, note, name)?)
        });
    }
    let since: Option<HashSet<_>> = match since {
        Some(since) => Some(reader.happened_since(since).map_err(failed)?.into_iter().collect()),
        None => None,
    };
    for key in reader.ticket_keys().map_err(failed)? {
        if since.as_ref().is_some_and(|since| !since.contains(&key)) {
            continue;
        }
        let Some(ticket) = reader.ticket(key).map_err(failed)? else { continue };
        let customer = ticket.customer.map(|id| reader.person(id)).transpose().map_err(failed)?.flatten();
        let name = names.get(&key.group).cloned().unwrap_or_default();
        lines.put(&TicketLine::of(&ticket, customer, name))?;
    }
    Ok(())
}

/// Reads what the desk calls its groups.
fn group_names(reader: &Reader) -> Done<BTreeMap<GroupId, String>> {
    let mut names = BTreeMap::new();
    for (id, facts, _) in reader.groups().map_err(failed)? {
        let facts: Option<GroupFacts> = facts.map(|text| serde_json::from_str(&text)).transpose()?;
        names.extend(facts.map(|facts| (id, facts.called().name().to_owned())));
    }
    Ok(names)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        failed(error)
    }
}

/// Where lines go, in one form or the other.
struct Lines<W: Write> {
    to: To<W>,
    count: usize,
}

enum To<W: Write> {
    Json(W),
    Csv(Box<Sheet<W>>, &'static [Column]),
}

impl<W: Write> Lines<W> {
    fn new(out: W, format: Format, columns: &'static [Column]) -> Done<Self> {
        let to = match format {
            Format::Jsonl => To::Json(out),
            Format::Csv => {
                let mut sheet = Sheet::new(out);
                sheet.head(&columns.iter().map(|(name, _)| *name).collect::<Vec<_>>())?;
                To::Csv(Box::new(sheet), columns)
            }
        };
        Ok(Lines { to, count: 0 })
    }

    fn put(&mut self, line: &impl Serialize) -> Done {
        self.count += 1;
        match &mut self.to {
            To::Json(out) => writeln!(out, "{}", serde_json::to_string(line)?)?,
            To::Csv(sheet, columns) => {
                let line = serde_json::to_value(line)?;
                for (name, foreign) in *columns {
                    let cell = match line.get(name) {
                        None | Some(Value::Null) => String::new(),
                        Some(Value::String(text)) => text.clone(),
                        Some(other) => other.to_string(),
                    };
                    if *foreign { sheet.text(&cell) } else { sheet.plain(&cell) }?;
                }
                sheet.end()?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Done<usize> {
        match self.to {
            To::Json(mut out) => out.flush()?,
            To::Csv(sheet, _) => sheet.finish()?,
        }
        Ok(self.count)
    }
}
