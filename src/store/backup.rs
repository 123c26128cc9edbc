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
        let why = "it is there already: remove it, or name another file".to_owned();
        return Err(StoreError::Unsafe { path: to.to_owned(), why });
    }
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let why = "there is no such folder: make it, or name another file".to_owned();
        return Err(StoreError::Unsafe { path: folder.to_owned(), why });
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
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::CannotOpen) => {
                let why = "it cannot be written here: mend the permissions, or name another file".to_owned();
                StoreError::Unsafe { path: to.to_owned(), why }
            }
            _ => StoreError::from(error),
        })
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
    is_copy(&source, from)?;
    let part = folder.join("tickets.db.restored");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&part)(error)),
        _ => {}
    }
    copy(&source, &part)?;
    let put = park_unsent(&part).and_then(|()| put(folder, &part));
    if put.is_err() {
        // What was not put back is nothing: the copy is still where it was.
        let _gone = fs::remove_file(&part);
    }
    put
}

/// Checks that a file holds the tickets of a desk, whole, and in a format that this version knows.
fn is_copy(source: &Connection, path: &Path) -> Result<()> {
    let no_copy = |why: &str| StoreError::NoCopy { path: path.to_owned(), why: why.to_owned() };
    let foreign = || no_copy("it is no copy of a desk's tickets, as `topicdesk backup FILE` writes one");
    let said = |error: StoreError| match error {
        StoreError::Sqlite(error) if super::is_unreadable(&error) => foreign(),
        error => error,
    };
    let found = migrate::format(source).map_err(said)?;
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('topics', 'tickets', 'events')";
    let tables: i64 = source.query_row(tables, [], |row| row.get(0))?;
    if found == 0 || tables < 3 {
        return Err(foreign());
    }
    if found > migrate::KNOWN {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: migrate::KNOWN });
    }
    let sound: String = source.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound == "ok" { Ok(()) } else { Err(no_copy(&format!("it is damaged: {sound}"))) }
}

/// Stops what a copy says is still to be sent.
fn park_unsent(part: &Path) -> Result<()> {
    let put_back = Connection::open(part).map_err(|source| StoreError::Open { path: part.to_owned(), source })?;
    put_back.execute(
        "UPDATE outbox SET state = 'parked', doubt = NULL, not_before = NULL,
             why = 'it was not sent yet when the backup was made that was restored: look whether it was sent since'
         WHERE state IN ('held', 'queued', 'sending')",
        [],
    )?;
    Ok(())
}

/// Puts a file in the place of a desk's tickets.
fn put(folder: &Path, part: &Path) -> Result<Option<PathBuf>> {
    let database = folder.join(DATABASE);
    let aside = database.exists().then(|| aside(folder));
    if let Some(aside) = &aside {
        // The write-ahead log goes into the file first, so that one file is all of it.
        let old = Connection::open(&database).map_err(|source| StoreError::Open { path: database.clone(), source })?;
        match old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)) {
            // A file that does not read is what copies are for: it is kept with its log, for whoever can make something of them.
            Err(error) if super::is_unreadable(&error) => {
                let (log, beside) = (named(&database, "-wal"), named(aside, "-wal"));
                if log.exists() {
                    fs::rename(&log, beside).map_err(io(&log))?;
                }
            }
            other => drop(other?),
        }
        drop(old);
        fs::rename(&database, aside).map_err(io(&database))?;
    }
    for ending in ["-wal", "-shm"] {
        let left = named(&database, ending);
        match fs::remove_file(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&left)(error)),
            _ => {}
        }
    }
    fs::rename(part, &database).map_err(io(part))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io(folder))?;
    Ok(aside)
}

/// Names the file beside a database, by its ending.
fn named(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    name.into()
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
    fn a_file_that_does_not_read_says_so_and_gives_way_to_a_copy() {
        let folder = tempfile::tempdir().expect("a folder");
        let (desk, to) = (folder.path().join("desk"), folder.path().join("copy.db"));
        let mut store = Store::open(&desk).expect("opens");
        set(&mut store, "kept");
        backup(&desk, &to).expect("copies");
        drop(store);
        fs::write(desk.join(DATABASE), "no database at all, only words".repeat(100)).expect("writes");
        for error in [Store::open(&desk).expect_err("is none"), crate::store::Reader::open(&desk).expect_err("is none")]
        {
            let said = error.to_string();
            let names = said.starts_with(&desk.join(DATABASE).display().to_string());
            assert!(names && said.contains("`topicdesk restore FILE`"), "{said}");
        }
        restore(&desk, &to).expect("puts back");
        assert_eq!(value(&desk).as_deref(), Some("kept"));
        let nowhere = folder.path().join("none/b.db");
        let said = backup(&desk, &nowhere).expect_err("no folder").to_string();
        assert!(said.contains("none: there is no such folder"), "{said}");
        let said = backup(&desk, &to).expect_err("is there").to_string();
        assert!(said.ends_with("copy.db: it is there already: remove it, or name another file"), "{said}");
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
        let other = folder.path().join("other.db");
        Connection::open(&other)
            .and_then(|db| db.execute_batch("CREATE TABLE x (y); PRAGMA user_version = 2"))
            .expect("makes");
        fs::write(&text, "no database at all, only words".repeat(100)).expect("writes");
        Connection::open(&empty).and_then(|db| db.execute_batch("CREATE TABLE x (y)")).expect("makes");
        backup(&desk, &newer).expect("copies");
        Connection::open(&newer).and_then(|db| db.pragma_update(None, "user_version", 9_999)).expect("writes");
        for from in [&text, &empty, &other, &newer, &folder.path().join("none")] {
            assert!(restore(&desk, from).is_err(), "{}", from.display());
            assert_eq!(value(&desk).as_deref(), Some("precious"));
            assert!(!desk.join("tickets.db.restored").exists());
        }
        for from in [&text, &empty, &other] {
            let said = restore(&desk, from).expect_err("refused").to_string();
            assert!(
                said.starts_with(&format!("{} cannot be put back: it is no copy of a desk's", from.display())),
                "{said}"
            );
        }
        let _lock = lock::take(&desk).expect("takes");
        assert!(matches!(restore(&desk, &newer), Err(StoreError::Locked { .. })));
    }
}
