//! Copies of a desk: made while it runs, before a migration, and put back.
//!
//! A copy holds what `tickets.db` holds, never the login. What a copy says is still to be sent may have been sent since it was made, so
//! putting it back parks all of that: a person looks, and nothing is sent twice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{DATABASE, Result, StoreError, lock, migrate, private};

fn io(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |source| StoreError::Io { path: path.to_owned(), source }
}

fn read(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    connection.busy_timeout(super::PATIENCE)?;
    Ok(connection)
}

/// Writes the state of a desk at one instant into a file that does not exist yet; whoever works goes on.
///
/// # Errors
/// There is no desk; the file is there already; the file system's; SQLite's.
pub fn backup(folder: &Path, to: &Path) -> Result<()> {
    let database = folder.join(DATABASE);
    if !database.exists() {
        return Err(StoreError::Missing(folder.to_owned()));
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(io(to)(std::io::ErrorKind::AlreadyExists.into()));
    }
    copy(&read(&database)?, to)
}

/// Writes what a connection sees into a file that does not exist yet; it is there whole or not at all.
pub(super) fn copy(from: &Connection, to: &Path) -> Result<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = to.with_file_name(name);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&part)(error)),
        _ => {}
    }
    let copied = from
        .execute("VACUUM INTO ?1", [part.to_string_lossy()])
        .map_err(StoreError::from)
        .and_then(|_| private(&part))
        .and_then(|()| File::open(&part).and_then(|file| file.sync_all()).map_err(io(&part)));
    if let Err(error) = copied {
        // Half a copy is none.
        let _gone = fs::remove_file(&part);
        return Err(error);
    }
    fs::rename(&part, to).map_err(io(to))
}

/// Puts a copy in the place of a desk's tickets, and what was there beside it; tells where that is, if there was anything.
///
/// # Errors
/// Another process has the desk; the file is no copy of a desk, is damaged, or of a newer version; the file system's.
pub fn restore(folder: &Path, from: &Path) -> Result<Option<PathBuf>> {
    let _lock = lock::take(folder)?;
    let source = read(from)?;
    match migrate::format(&source)? {
        0 => return Err(StoreError::NoCopy { path: from.to_owned(), why: "it holds no desk".to_owned() }),
        found if found > migrate::KNOWN => {
            return Err(StoreError::Newer { path: from.to_owned(), found, known: migrate::KNOWN });
        }
        _ => {}
    }
    let sound: String = source.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::NoCopy { path: from.to_owned(), why: format!("it is damaged: {sound}") });
    }
    let part = folder.join("tickets.db.restored");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&part)(error)),
        _ => {}
    }
    copy(&source, &part)?;
    let put_back = Connection::open(&part).map_err(|source| StoreError::Open { path: part.clone(), source })?;
    put_back.execute(
        "UPDATE outbox SET state = 'parked', doubt = NULL, not_before = NULL,
             why = 'it was not sent yet when the backup was made that was restored: look whether it was sent since'
         WHERE state IN ('held', 'queued', 'sending')",
        [],
    )?;
    drop(put_back);
    let database = folder.join(DATABASE);
    let aside = database.exists().then(|| aside(folder));
    if let Some(aside) = &aside {
        // The write-ahead log goes into the file first, so that one file is all of it.
        let old = Connection::open(&database).map_err(|source| StoreError::Open { path: database.clone(), source })?;
        let _busy: i64 = old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        drop(old);
        fs::rename(&database, aside).map_err(io(&database))?;
    }
    for ending in ["-wal", "-shm"] {
        let left = folder.join(format!("{DATABASE}{ending}"));
        match fs::remove_file(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&left)(error)),
            _ => {}
        }
    }
    fs::rename(&part, &database).map_err(io(&part))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    Ok(aside)
}

/// Names a file for what was there before a restoring: the first that is free.
fn aside(folder: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let path = folder.join(format!("tickets.db.before-restore-{number}"));
        if fs::symlink_metadata(&path).is_err() {
            return path;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn value(folder: &Path) -> Option<String> {
        let store = crate::store::Reader::open(folder).expect("opens");
        store.value("key").expect("reads")
    }

    fn set(store: &mut Store, value: &str) {
        let work = store.begin().expect("begins");
        work.set_value("key", value).expect("writes");
        work.commit().expect("commits");
    }

    #[test]
    fn a_copy_is_made_while_somebody_works_and_put_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = folder.path().join("desk");
        let to = folder.path().join("copy.db");
        assert!(matches!(backup(&desk, &to), Err(StoreError::Missing(_))));
        let mut store = Store::open(&desk).expect("opens");
        set(&mut store, "before");
        backup(&desk, &to).expect("copies");
        assert!(backup(&desk, &to).is_err(), "what is there is left alone");
        set(&mut store, "after");
        drop(store);
        let aside = restore(&desk, &to).expect("puts back").expect("something was there");
        assert_eq!(value(&desk).as_deref(), Some("before"));
        // What was there is a desk of its own.
        let other = folder.path().join("other");
        fs::create_dir(&other).expect("makes");
        fs::rename(&aside, other.join(DATABASE)).expect("moves");
        drop(Store::open(&other).expect("opens"));
        assert_eq!(value(&other).as_deref(), Some("after"));
    }

    #[test]
    fn what_is_no_copy_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = folder.path().join("desk");
        let mut store = Store::open(&desk).expect("opens");
        set(&mut store, "precious");
        drop(store);
        let (text, empty, newer) =
            (folder.path().join("text"), folder.path().join("empty.db"), folder.path().join("newer.db"));
        fs::write(&text, "no database at all, only words".repeat(100)).expect("writes");
        Connection::open(&empty).and_then(|db| db.execute_batch("CREATE TABLE x (y)")).expect("makes");
        backup(&desk, &newer).expect("copies");
        Connection::open(&newer).and_then(|db| db.pragma_update(None, "user_version", 9_999)).expect("writes");
        for from in [&text, &empty, &newer, &folder.path().join("none")] {
            assert!(restore(&desk, from).is_err(), "{}", from.display());
            assert_eq!(value(&desk).as_deref(), Some("precious"));
        }
        let _lock = lock::take(&desk).expect("takes");
        assert!(matches!(restore(&desk, &newer), Err(StoreError::Locked { .. })));
    }
}
