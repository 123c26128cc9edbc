//! The desk's own files: what was downloaded, under a cap, and what waits to leave with a reply.
//!
//! `<data>/<desk>/files/` holds the cache, `outgoing/` in it the files of replies. Folders have mode 0700, files 0600. A file that is
//! downloaded is called `….part` until it is whole; whoever downloads says so, and the cap does not touch it.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};

use crate::clock::Timestamp;
use crate::desk::files::{Attachment, MOST, safe_name, size_text};
use crate::desk::ids::{GroupId, MessageId};

/// The desk's own files.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Names the files of the desk whose data are in a folder; nothing is made yet.
    pub fn of(data: &Path) -> Files {
        Files { folder: data.join("files") }
    }

    /// Tells where the file of a message is, or will be, cached. An edit may have changed the file, so it is part of the name.
    pub fn cached(&self, group: GroupId, message: MessageId, edited: Option<Timestamp>, name: &str) -> PathBuf {
        let edited = edited.map(|at| format!(".{}", at.unix())).unwrap_or_default();
        self.folder.join(format!("{group}-{message}{edited}-{name}"))
    }

    /// Makes the cache's folder, which only its owner can enter.
    ///
    /// # Errors
    /// The file system's.
    pub fn prepare(&self) -> io::Result<()> {
        make(&self.folder)
    }

    /// Opens a file of the cache by its name there.
    ///
    /// # Errors
    /// It is not there, is no plain file, or the name leads elsewhere.
    pub fn open_cached(&self, name: &str) -> io::Result<File> {
        let plain = Path::new(name).file_name().is_some_and(|own| own == name);
        if !plain || !self.folder.join(name).symlink_metadata()?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        File::open(self.folder.join(name))
    }

    /// Tells where a file that leaves with a reply lies.
    pub fn outgoing(&self, stored: &str) -> PathBuf {
        self.folder.join("outgoing").join(stored)
    }

    /// Copies a file to where it stays until its reply has left. The copy is on the disk when this returns.
    ///
    /// # Errors
    /// A sentence: it cannot be read or copied, is no file, is empty, or larger than Telegram takes.
    pub fn stage(&self, source: &Path) -> Result<Attachment, String> {
        let source = &at_home(source);
        let shown = source.display().to_string().escape_debug().to_string();
        let failed = |what: &str, error: io::Error| format!("{shown} {what}: {error}");
        let mut from = File::open(source).map_err(|error| failed("cannot be read", error))?;
        let facts = from.metadata().map_err(|error| failed("cannot be read", error))?;
        if !facts.is_file() {
            return Err(format!("{shown} is no file"));
        }
        if facts.len() == 0 {
            return Err(format!("{shown} is empty: Telegram takes no empty files"));
        }
        if facts.len() > MOST {
            let (size, most) = (size_text(facts.len()), size_text(MOST));
            return Err(format!("{shown} has {size}, Telegram takes at most {most}"));
        }
        let raw = source.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = safe_name(&raw, "file");
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| format!("{shown} cannot be copied: {error}"))?;
        let stored = format!("{:016x}-{name}", u64::from_le_bytes(random));
        let folder = self.folder.join("outgoing");
        let copied = || -> io::Result<(u64, Timestamp)> {
            make(&folder)?;
            let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(&stored))?;
            let size = io::copy(&mut from, &mut to)?;
            to.sync_all()?;
            File::open(&folder)?.sync_all()?;
            Ok((size, DateTime::<Utc>::from(to.metadata()?.modified()?).into()))
        };
        match { copied }() {
            Ok((size, written)) => Ok(Attachment { stored, name, size, written }),
            Err(error) => {
                // Half a copy is of no use.
                let _gone = fs::remove_file(folder.join(&stored));
                Err(failed("cannot be copied to the desk's files", error))
            }
        }
    }

    /// Removes what is cached of a message, in whole or in part, as it was before and after edits.
    pub fn forget(&self, group: GroupId, message: MessageId) {
        let own = format!("{group}-{message}");
        for file in list(&self.folder) {
            let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.strip_prefix(&own).is_some_and(|rest| rest.starts_with(['-', '.']))
                && let Err(error) = fs::remove_file(&file.path)
            {
                tracing::warn!(%error, "the file of a deleted message could not be removed");
            }
        }
    }

    /// Removes a file whose reply has left.
    pub fn release(&self, stored: &str) {
        let path = self.outgoing(stored);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a file that was sent could not be removed");
        }
    }

    /// Removes the files of replies that are not there any more.
    pub fn sweep(&self, kept: &BTreeSet<String>) {
        for file in list(&self.folder.join("outgoing")) {
            let name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if !kept.contains(&name) {
                self.release(&name);
            }
        }
    }

    /// Remembers that a cached file was used now.
    pub fn used(&self, path: &Path) {
        let touched = File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(%error, "the time of a cached file was not set");
        }
    }

    /// Removes what was not used for longest until the cache has at most `cap` bytes. What is in `busy` stays, with its parts.
    pub fn trim(&self, cap: u64, busy: &BTreeSet<PathBuf>) {
        let mut files = list(&self.folder);
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.size).sum();
        for file in files {
            if total <= cap {
                break;
            }
            let own = file.path.as_os_str().as_encoded_bytes();
            if busy.iter().any(|path| own.starts_with(path.as_os_str().as_encoded_bytes())) {
                continue;
            }
            match fs::remove_file(&file.path) {
                Ok(()) => total -= file.size,
                Err(error) => tracing::warn!(%error, "a cached file could not be removed"),
            }
        }
    }

    /// Tells how many files are cached and how many bytes they have.
    pub fn usage(&self) -> (usize, u64) {
        let files = list(&self.folder);
        (files.len(), files.iter().map(|file| file.size).sum())
    }
}

/// Puts a leading `~/` in the place of which the agent thinks.
pub fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

/// Copies a cached file to where an agent wants it: under that name, or under its own in that folder. It is nobody's program there. What is
/// there already is left alone ([`io::ErrorKind::AlreadyExists`]) unless `overwrite`. Tells where it is.
///
/// # Errors
/// The file system's.
pub fn save(from: &Path, to: &Path, name: &str, overwrite: bool) -> io::Result<PathBuf> {
    let mut to = at_home(to);
    if to.is_dir() {
        to.push(safe_name(name, "file"));
    }
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let beside = to.with_file_name(format!(".{:016x}.part", u64::from_le_bytes(random)));
    let write = |path: &Path| -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o666).open(path)?;
        let copied = io::copy(&mut File::open(from)?, &mut file).and_then(|_| file.sync_all());
        if copied.is_err() {
            // Half a file is of no use.
            let _gone = fs::remove_file(path);
        }
        copied
    };
    if overwrite {
        write(&beside)?;
        fs::rename(&beside, &to)?;
    } else {
        write(&to)?;
    }
    Ok(to)
}

struct Listed {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

/// Lists the files of a folder, which need not be there.
fn list(folder: &Path) -> Vec<Listed> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let file = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let facts = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(Listed { path: entry.path(), size: facts.len(), used: facts.modified().ok()? })
    };
    entries.filter_map(file).collect()
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    use super::*;

    fn put(files: &Files, name: &str, size: usize, age: u64) -> PathBuf {
        files.prepare().expect("makes");
        let path = files.folder.join(name);
        fs::write(&path, vec![b'x'; size]).expect("writes");
        let at = SystemTime::now() - Duration::from_secs(age);
        File::options().append(true).open(&path).and_then(|file| file.set_modified(at)).expect("sets");
        path
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_what_is_busy_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::of(folder.path());
        let old = put(&files, "1-1-old", 400, 3000);
        let part = put(&files, "1-2-busy.77.part", 400, 4000);
        let middle = put(&files, "1-3-middle", 400, 2000);
        let new = put(&files, "1-4-new", 400, 10);
        files.used(&old);
        let busy = BTreeSet::from([files.folder.join("1-2-busy")]);
        files.trim(1200, &busy);
        assert!(old.exists() && part.exists() && new.exists() && !middle.exists());
        files.trim(0, &busy);
        assert!(!old.exists() && part.exists() && !new.exists());
        assert_eq!(files.usage(), (1, 400));
    }

    #[test]
    fn what_is_forgotten_is_of_one_message_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::of(folder.path());
        let own = ["7-12-a.pdf", "7-12.1700-a.pdf", "7-12-a.pdf.00ff.part"].map(|name| put(&files, name, 1, 0));
        let others = ["7-120-a.pdf", "7-1-12.pdf", "71-12-a.pdf"].map(|name| put(&files, name, 1, 0));
        files.forget(GroupId(7), MessageId(12));
        assert!(own.iter().all(|path| !path.exists()) && others.iter().all(|path| path.exists()));
    }

    #[test]
    fn a_staged_file_is_a_private_copy_with_a_safe_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::of(&folder.path().join("desk"));
        let source = folder.path().join("-offer?.pdf");
        fs::write(&source, b"first").expect("writes");
        let staged = files.stage(&source).expect("stages");
        assert_eq!((staged.name.as_str(), staged.size), ("_offer_.pdf", 5));
        fs::write(&source, b"changed later").expect("writes");
        let copy = files.outgoing(&staged.stored);
        assert_eq!(fs::read(&copy).expect("reads"), b"first");
        assert_eq!(fs::metadata(&copy).expect("is there").permissions().mode() & 0o777, 0o600);
        let holder = copy.parent().expect("a folder");
        assert_eq!(fs::metadata(holder).expect("is there").permissions().mode() & 0o777, 0o700);
        files.sweep(&BTreeSet::from([staged.stored.clone()]));
        assert!(copy.exists());
        files.sweep(&BTreeSet::new());
        assert!(!copy.exists());
    }

    #[test]
    fn saving_overwrites_nothing_by_itself_and_makes_no_programs() {
        let folder = tempfile::tempdir().expect("a folder");
        let from = folder.path().join("cached");
        fs::write(&from, b"new").expect("writes");
        let to = folder.path().join("run.sh");
        fs::write(&to, b"old").expect("writes");
        let refused = save(&from, &to, "run.sh", false).expect_err("it is there");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).expect("reads"), b"old");
        assert_eq!(save(&from, &to, "run.sh", true).expect("saves"), to);
        assert_eq!(fs::read(&to).expect("reads"), b"new");
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).expect("makes");
        let named = save(&from, &inside, "../../evil.sh", false).expect("saves");
        assert_eq!(named, inside.join("_.._evil.sh"));
        assert_eq!(fs::metadata(&named).expect("is there").permissions().mode() & 0o111, 0);
        assert!(save(&from, &folder.path().join("no/such/folder/x"), "x", false).is_err());
        assert_eq!(list(folder.path()).len(), 2, "nothing half is left");
    }

    #[test]
    fn what_cannot_be_sent_is_told_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::of(folder.path());
        let empty = folder.path().join("empty");
        fs::write(&empty, b"").expect("writes");
        let huge = folder.path().join("huge");
        File::create(&huge).and_then(|file| file.set_len(MOST + 1)).expect("makes");
        for (path, said) in [
            (empty.as_path(), "is empty"),
            (huge.as_path(), "2.1 GB, Telegram takes at most 2.1 GB"),
            (folder.path(), "is no file"),
            (Path::new("/no/such/file"), "cannot be read"),
        ] {
            let why = files.stage(path).expect_err("refused");
            assert!(why.contains(said), "{why}");
        }
        assert!(list(&folder.path().join("files/outgoing")).is_empty());
    }
}
