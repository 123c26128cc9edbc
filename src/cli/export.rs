//! `topicdesk export`: tickets or events as JSON lines or CSV, for other programs. The names of the fields stay. From the files where
//! they are this user's, else from the desk that runs, page by page.

use std::io::{self, BufWriter, Write, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::args::Global;
use super::failure::{Done, Failure};
use super::sheet::Sheet;
use super::site::{Site, say};
use super::{operate, seat, stats};
use crate::clock::Timestamp;
use crate::engine::handle::{Answer, Exported, Handle, Request};
use crate::seat::{SeatError, client};
use crate::store::{Reader, StoreError};
use lines::{EVENT, TICKET};

mod lines;
mod page;

pub(super) use page::page;

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

pub(super) async fn run(global: &Global, args: ExportArgs) -> Done {
    let (form, what, columns, name) = match args.what {
        What::Tickets(form) => (form, Exported::Tickets, TICKET, "tickets"),
        What::Events { form, notes } => (form, Exported::Events { notes }, EVENT, "events"),
    };
    let site = Site::open(global)?;
    let since = form.since.as_deref().map(|text| stats::begin(&site, text)).transpose()?;
    let from = open(&site).await?;
    let Some(file) = &form.out else {
        let mut lines = Lines::new(BufWriter::new(stdout()), form.format, columns)?;
        write(&from, what, since, &mut lines).await?;
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
    write(&from, what, since, &mut lines).await?;
    let count = lines.finish()?;
    beside.as_file().sync_all().map_err(refused)?;
    let kept = if form.force { beside.persist(file) } else { beside.persist_noclobber(file) };
    match kept {
        Ok(_) => say(&format!("{count} {name} in {}", file.display())),
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

/// Where the lines come from.
enum Source {
    /// The files, in one piece.
    Files(Box<Reader>),
    /// The desk of another user.
    Seat(Handle),
}

async fn open(site: &Site) -> Done<Source> {
    if client::of_another(&site.paths.socket).await
        && let Some((handle, _)) = seat::attach(site, site.wanted()).await?
    {
        return Ok(Source::Seat(handle));
    }
    Ok(Source::Files(Box::new(Reader::open(&site.paths.data).map_err(failed)?)))
}

/// Writes all pages.
async fn write<W: Write>(from: &Source, what: Exported, since: Option<Timestamp>, lines: &mut Lines<W>) -> Done {
    let _snapshot = match from {
        Source::Files(reader) => Some(reader.snapshot().map_err(failed)?),
        Source::Seat(_) => None,
    };
    let mut after = None;
    loop {
        let (page, next) = match from {
            Source::Files(reader) => page::read(reader, what, since, after)?,
            Source::Seat(handle) => match handle.operate(Request::Export { what, since, after }).await {
                Ok(answer) => match operate::answered(answer)? {
                    Answer::Lines { lines, next } => (lines, next),
                    _ => return Err(operate::odd()),
                },
                Err(why) => return Err(SeatError::Declined(why).into()),
            },
        };
        for line in page {
            lines.put(&line)?;
        }
        match next {
            Some(mark) => after = Some(mark),
            None => return Ok(()),
        }
    }
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

    /// Writes a line, which is a value of JSON.
    fn put(&mut self, line: &str) -> Done {
        self.count += 1;
        match &mut self.to {
            To::Json(out) => writeln!(out, "{line}")?,
            To::Csv(sheet, columns) => {
                let line: Value = serde_json::from_str(line)?;
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
