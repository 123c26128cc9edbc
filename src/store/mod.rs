//! SQLITE: the ticket cache on disk, and the only room that names `rusqlite`.
//!
//! [`Store`] is the one writer: everything that belongs together goes into one [`Work`] transaction. [`Reader`] is a
//! connection of its own that only reads. Rows are the desk's types or plain structs; what a screen shows is made of them
//! by `engine`. Instants are stored as Unix milliseconds.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use thiserror::Error;

pub mod articles;
pub mod automatic;
pub mod backup;
pub mod changes;
pub mod clocks;
pub mod counting;
pub mod coverage;
pub mod cursor;
pub mod drafts;
pub mod events;
pub mod files;
pub mod firings;
pub mod lock;
mod memo;
mod migrate;
pub mod mirror_status;
pub mod openings;
pub mod outbox;
pub mod peers;
mod place;
mod query;
pub mod revision;
pub mod routing;
pub mod search;
pub mod seen;
pub mod session;
pub mod summons;
pub mod template_uses;
pub mod threads;
pub mod tickets;
pub mod timers;
pub mod topics;

/// The name of the database inside the desk's folder.
pub const DATABASE: &str = "tickets.db";

/// How long one connection waits for another.
const PATIENCE: Duration = Duration::from_secs(5);

/// What can go wrong with the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The disk is full: the transaction was taken back whole.
    #[error("the disk is full: nothing was saved, nothing is lost; make room and try again")]
    Full,
    /// Written by a later version.
    #[error("{path} was written by a newer Topic Desk (format {found}, this one knows {known}): update topicdesk")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The highest format this version knows.
        known: i64,
    },
    /// There is none.
    #[error("there is no desk in {0} yet: log in and run `topicdesk sync` first")]
    Missing(PathBuf),
    /// Cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// What was to be put back is no copy of a desk.
    #[error("{path} cannot be put back: {why}")]
    NoCopy {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It does not read as a database.
    #[error("{path} is no database, or is damaged ({source}): put a copy back with `topicdesk restore FILE`")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Its place, or what lies there, is not safe.
    #[error("{}: {why}", .path.display())]
    Unsafe {
        /// Where.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// Another process has the desk.
    #[error("the desk is in use by process {pid}")]
    Locked {
        /// Which.
        pid: u32,
    },
    /// A folder or file cannot be used.
    #[error("cannot use {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Anything else SQLite says.
    #[error("the database refused: {0}")]
    Sqlite(rusqlite::Error),
    /// A value in the database does not read as what it should be.
    #[error("the database holds what this version cannot read: {0}")]
    Value(#[from] serde_json::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full,
            _ => StoreError::Sqlite(error),
        }
    }
}

/// Result of a store operation.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The one connection that writes.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// A connection that only reads.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    memo: memo::Memo,
}

/// A state of the database that stays while it is looked at.
#[derive(Debug)]
pub struct Snapshot<'a> {
    _transaction: Transaction<'a>,
}

/// A transaction: all of it is committed, or nothing. Dropping it takes everything back.
#[derive(Debug)]
pub struct Work<'a> {
    pub(super) transaction: Transaction<'a>,
}

impl Store {
    /// Opens the database in `folder`, making or migrating it as needed.
    ///
    /// # Errors
    /// Says why the file cannot be used, among others that it is newer than this program.
    pub fn open(folder: &Path) -> Result<Store> {
        std::fs::create_dir_all(folder).map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
        let path = folder.join(DATABASE);
        Store::open_at(&path).map_err(|error| damaged(&path, error))
    }

    fn open_at(path: &Path) -> Result<Store> {
        let path = path.to_owned();
        let mut connection =
            Connection::open(&path).map_err(|source| StoreError::Open { path: path.clone(), source })?;
        private(&path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -8_000)?;
        // What is erased is overwritten, in the file too.
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.set_prepared_statement_cache_capacity(96);
        migrate::migrate(&mut connection, &path)?;
        Ok(Store { connection, path })
    }

    /// Makes a database that is nowhere but in memory and ends with this value: for the simulation.
    ///
    /// # Errors
    /// SQLite's.
    #[cfg(feature = "sandbox")]
    pub fn in_memory() -> Result<Store> {
        let path = PathBuf::from(":memory:");
        let mut connection = Connection::open_in_memory()?;
        connection.set_prepared_statement_cache_capacity(96);
        migrate::migrate(&mut connection, &path)?;
        Ok(Store { connection, path })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// SQLite's.
    pub fn begin(&mut self) -> Result<Work<'_>> {
        Ok(Work { transaction: self.connection.transaction_with_behavior(TransactionBehavior::Immediate)? })
    }

    /// Says whether every commit waits for the disk (`true`: always while people work), or only for the operating system, as is enough
    /// for a backfill that would simply be repeated after a power cut. A killed process loses nothing either way.
    ///
    /// # Errors
    /// SQLite's.
    pub fn durable(&mut self, yes: bool) -> Result<()> {
        Ok(self.connection.pragma_update(None, "synchronous", if yes { "FULL" } else { "NORMAL" })?)
    }

    /// Empties the write-ahead log, which still holds what was erased; tells whether that was possible. Somebody who reads may be in the
    /// way for a moment, and nobody waits for them here.
    ///
    /// # Errors
    /// SQLite's.
    pub fn scrub(&mut self) -> Result<bool> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let busy: rusqlite::Result<i64> =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        self.connection.busy_timeout(PATIENCE)?;
        match busy {
            Ok(busy) => Ok(busy == 0),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes every commit fail while `refuse` says so: a crash inside a transaction, for the tests of invariant 4.
    ///
    /// # Errors
    /// SQLite's.
    pub fn refuse_commits(&mut self, refuse: impl FnMut() -> bool + Send + 'static) -> Result<()> {
        Ok(self.connection.commit_hook(Some(refuse))?)
    }

    /// Tells the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Reader {
    /// Opens the database in `folder` for reading.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is none yet; [`StoreError::Newer`]; SQLite's.
    pub fn open(folder: &Path) -> Result<Reader> {
        let path = folder.join(DATABASE);
        if !path.exists() {
            return Err(StoreError::Missing(folder.to_owned()));
        }
        place::plain(&path)?;
        Reader::open_at(folder, &path).map_err(|error| damaged(&path, error))
    }

    fn open_at(folder: &Path, path: &Path) -> Result<Reader> {
        let path = path.to_owned();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|source| StoreError::Open { path: path.clone(), source })?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "cache_size", -8_000)?;
        // What another connection commits empties this one's cache; pages are then taken from the system's instead of being
        // copied once more. The file never shrinks, so no page of it can vanish.
        connection.pragma_update(None, "mmap_size", 256 << 20)?;
        connection.set_prepared_statement_cache_capacity(48);
        match migrate::format(&connection)? {
            0 => Err(StoreError::Missing(folder.to_owned())),
            found if found > migrate::KNOWN => Err(StoreError::Newer { path, found, known: migrate::KNOWN }),
            _ => {
                query::teach(&connection)?;
                Ok(Reader { connection, memo: memo::Memo::default() })
            }
        }
    }

    /// Makes all reads until it is dropped see the same state, and saves each of them from asking for its own.
    ///
    /// # Errors
    /// SQLite's.
    pub fn snapshot(&self) -> Result<Snapshot<'_>> {
        Ok(Snapshot { _transaction: self.connection.unchecked_transaction()? })
    }
}

impl Work<'_> {
    /// Commits.
    ///
    /// # Errors
    /// SQLite's; then nothing of the transaction has happened.
    pub fn commit(self) -> Result<()> {
        Ok(self.transaction.commit()?)
    }
}

/// Names the file, if SQLite says that it cannot be read as a database.
fn damaged(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Sqlite(source) if is_unreadable(&source) => StoreError::Damaged { path: path.to_owned(), source },
        error => error,
    }
}

fn is_unreadable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(NotADatabase | DatabaseCorrupt))
}

/// Takes reading and writing away from everybody but the owner: the cache holds customers' words.
fn private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|source| StoreError::Io { path: path.to_owned(), source })
}
