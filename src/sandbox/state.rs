//! The world's log on disk: a header line and then one JSON line for each change, append-only.
//!
//! A resumed world is the world of the header's source at the header's start, with every line repeated. The last line
//! may be cut off by a crash; it is dropped. The file holds the seed of all keys and has mode 0600.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::world::Record;

/// Says why a world's log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read or written.
    #[error("the sandbox's log {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no record.
    #[error("the sandbox's log {path}, line {line}: {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// The log belongs to another world.
    #[error("the sandbox's log {path} is of another world ({found}); name that world, or another file")]
    OtherWorld {
        /// The file.
        path: PathBuf,
        /// The world it is of.
        found: String,
    },
}

/// Opens the log: what the world was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The world: its name, or the generator's numbers, or a digest of the file.
    pub(super) world: String,
    /// When it started, in Unix milliseconds.
    pub(super) start: i64,
    /// The seed of all keys, in hexadecimal.
    pub(super) seed: String,
}

/// Holds one line after the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// A change of the world.
    World(Box<Record>),
    /// Somebody logged in with a key, or out of it.
    Key {
        /// The key's name.
        name: String,
        /// The account, if it was a login.
        account: Option<i64>,
    },
}

/// Appends to the log.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
}

/// Holds what a log says about the world it resumes.
pub(super) struct Resumed {
    /// The header.
    pub(super) header: Header,
    /// The lines, oldest first.
    pub(super) lines: Vec<Line>,
    /// The log, ready to be continued.
    pub(super) journal: Journal,
}

impl Journal {
    /// Opens a log and reads it, if there is one with at least its header.
    pub(super) fn resume(path: &Path, world: &str) -> Result<Option<Resumed>, StateError> {
        let io = |source| StateError::Io { path: path.to_owned(), source };
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let mut good = 0;
        let mut texts = Vec::new();
        {
            let mut reader = BufReader::new(&mut file);
            let mut text = Vec::new();
            while reader.by_ref().read_until(b'\n', &mut text).map_err(io)? > 0 && text.ends_with(b"\n") {
                good += text.len() as u64;
                texts.push(std::mem::take(&mut text));
            }
        }
        let line_error = |line, source| StateError::Line { path: path.to_owned(), line, source };
        let mut texts = texts.iter().enumerate();
        let Some((_, first)) = texts.next() else { return Ok(None) };
        let header: Header = serde_json::from_slice(first).map_err(|e| line_error(1, e))?;
        if header.world != world {
            return Err(StateError::OtherWorld { path: path.to_owned(), found: header.world });
        }
        let mut lines = Vec::new();
        for (index, text) in texts {
            lines.push(serde_json::from_slice(text).map_err(|e| line_error(index + 1, e))?);
        }
        file.set_len(good).map_err(io)?;
        file.seek(SeekFrom::Start(good)).map_err(io)?;
        Ok(Some(Resumed { header, lines, journal: Journal { file, path: path.to_owned() } }))
    }

    /// Starts a log.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, StateError> {
        let io = |source| StateError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(io)?;
        let mut journal = Self { file, path: path.to_owned() };
        journal.append(std::slice::from_ref(header));
        Ok(journal)
    }

    /// Appends the world's changes.
    pub(super) fn write(&mut self, records: &[Record]) {
        let lines: Vec<Line> = records.iter().cloned().map(Box::new).map(Line::World).collect();
        self.append(&lines);
    }

    /// Appends a login or log-out.
    pub(super) fn write_key(&mut self, name: &str, account: Option<i64>) {
        self.append(&[Line::Key { name: name.to_owned(), account }]);
    }

    fn append<T: Serialize>(&mut self, lines: &[T]) {
        if lines.is_empty() {
            return;
        }
        let mut text = Vec::new();
        for line in lines {
            match serde_json::to_vec(line) {
                Ok(json) => {
                    text.extend(json);
                    text.push(b'\n');
                }
                Err(error) => tracing::error!(%error, "a change of the sandbox's world cannot be written down"),
            }
        }
        if let Err(error) = self.file.write_all(&text) {
            tracing::error!(path = %self.path.display(), %error, "the sandbox's log cannot be written");
        }
    }
}
