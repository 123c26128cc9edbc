//! Where a desk's files lie: what others could change, or have put there, is not used.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{DATABASE, Result, StoreError};

/// What a desk writes and nobody else.
const FILES: [&str; 5] = [DATABASE, "tickets.db-wal", "tickets.db-shm", "desk.lock", "session.db"];

fn bad(path: &Path, why: impl Into<String>) -> StoreError {
    StoreError::Unsafe { path: path.to_owned(), why: why.into() }
}

/// Checks the folder of a desk that is about to be worked, and the files in it, as far as they are there.
///
/// # Errors
/// [`StoreError::Unsafe`]: others may write into the folder, it is another user's, or no folder but a link to one; something that is
/// no file lies where one of the desk's should be.
pub(super) fn check(folder: &Path) -> Result<()> {
    let io = |source| StoreError::Io { path: folder.to_owned(), source };
    let own = rustix::process::geteuid().as_raw();
    let facts = match fs::symlink_metadata(folder) {
        Ok(facts) => facts,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    if !facts.is_dir() {
        let what = if facts.is_symlink() { "a link, and no folder" } else { "no folder" };
        return Err(bad(folder, format!("it is {what}: a desk's tickets lie in a folder of their own")));
    }
    if facts.mode() & 0o022 != 0 {
        let mode = facts.mode() & 0o7777;
        return Err(bad(
            folder,
            format!("others may write there (mode {mode:o}): run chmod go-w {}", folder.display()),
        ));
    }
    // Root works the desk of the service's user.
    if facts.uid() != own && own != 0 {
        return Err(bad(folder, format!("it belongs to user {}: a desk's tickets are its own user's", facts.uid())));
    }
    FILES.iter().try_for_each(|name| plain(&folder.join(name)))
}

/// Checks that a file of the desk, if it is there, is one, and no link to elsewhere.
///
/// # Errors
/// [`StoreError::Unsafe`]; the file system's.
pub(super) fn plain(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_file() => Ok(()),
        Ok(facts) if facts.is_symlink() => {
            Err(bad(path, "a link lies where the desk's own file should be: look at it, and put the file itself there"))
        }
        Ok(_) => Err(bad(path, "something that is no file lies where the desk's own should be: move it away")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StoreError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::store::{Reader, Store, lock};

    fn desk() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = folder.path().join("desk");
        drop((lock::take(&desk).expect("takes"), Store::open(&desk).expect("opens")));
        fs::set_permissions(&desk, fs::Permissions::from_mode(0o700)).expect("sets");
        (folder, desk)
    }

    fn refused(desk: &Path, why: &str) {
        let said = lock::take(desk).expect_err("refused").to_string();
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn a_folder_into_which_others_may_write_is_refused() {
        let (_folder, desk) = desk();
        for mode in [0o770, 0o707, 0o777] {
            fs::set_permissions(&desk, fs::Permissions::from_mode(mode)).expect("sets");
            refused(&desk, &format!("others may write there (mode {mode:o}): run chmod go-w"));
        }
        fs::set_permissions(&desk, fs::Permissions::from_mode(0o755)).expect("sets");
        drop(lock::take(&desk).expect("others may look"));
    }

    #[test]
    fn what_is_no_file_of_the_desk_is_refused_and_left_alone() {
        for name in FILES {
            let (folder, desk) = desk();
            let (path, precious) = (desk.join(name), folder.path().join("precious"));
            fs::write(&precious, "precious").expect("writes");
            // As far as it is there.
            let _none = fs::remove_file(&path);
            symlink(&precious, &path).expect("links");
            refused(&desk, "a link lies where the desk's own file should be");
            if name == DATABASE {
                let said = Reader::open(&desk).expect_err("refused").to_string();
                assert!(said.contains("a link lies where"), "{said}");
            }
            assert_eq!(fs::read(&precious).expect("reads"), b"precious");
            fs::remove_file(&path).expect("removes");
            fs::create_dir(&path).expect("makes");
            refused(&desk, "no file lies where the desk's own should be");
        }
    }

    #[test]
    fn a_link_to_the_folder_is_refused() {
        let (folder, desk) = desk();
        let link = folder.path().join("link");
        symlink(&desk, &link).expect("links");
        refused(&link, "it is a link, and no folder");
        let nowhere = folder.path().join("nowhere");
        symlink(folder.path().join("none"), &nowhere).expect("links");
        refused(&nowhere, "it is a link, and no folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("writes");
        refused(&file, "it is no folder");
    }
}
