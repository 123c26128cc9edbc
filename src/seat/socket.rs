//! The socket itself: where it may lie, who may have made it, and what is left of one whose process died.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

use super::SeatError;

/// Who may connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The id of the group whose members may; `None`: only the engine's own user.
    pub group: Option<u32>,
}

fn at(path: &Path) -> impl Fn(io::Error) -> SeatError {
    move |source| SeatError::Io { path: path.to_owned(), source }
}

fn bad(path: &Path, why: impl Into<String>) -> SeatError {
    SeatError::Unsafe { path: path.to_owned(), why: why.into() }
}

/// Checks the folder of a socket: nobody but its owner may put anything there, and it is no link to elsewhere.
fn folder_of(path: &Path) -> Result<(&Path, fs::Metadata), SeatError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let facts = fs::symlink_metadata(folder).map_err(at(folder))?;
    if !facts.is_dir() {
        let what = if facts.is_symlink() { "a link, and no folder" } else { "no folder" };
        return Err(bad(folder, format!("it is {what}: the desk's socket lies in a folder of its own")));
    }
    if facts.mode() & 0o022 != 0 {
        let why = format!("others may write there (mode {:o}): chmod go-w it", facts.mode() & 0o7777);
        return Err(bad(folder, why));
    }
    Ok((folder, facts))
}

/// Makes the socket and listens. It takes the place of what a dead process has left there; the caller has the desk's lock, so
/// nobody alive listens for the same desk.
///
/// # Errors
/// The folder is not safe; something else lies there; somebody listens; the system's.
pub(super) fn bind(path: &Path, access: Access) -> Result<UnixListener, SeatError> {
    let own = rustix::process::geteuid().as_raw();
    let (folder, facts) = folder_of(path)?;
    if facts.uid() != own {
        return Err(bad(folder, "it belongs to another user: the desk's socket lies in a folder of its own user"));
    }
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => {
            return Err(bad(path, "something that is no socket lies there: look at it, and move it away"));
        }
        Ok(_) => {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(bad(path, "another process listens there"));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(at(path)(error)),
    }
    // Made beside its place, and put there when it is as it shall be: whoever waits for the desk finds a dead socket or a living one,
    // never none, and never one that is not the group's yet. By the umask of the process it is its owner's only until then.
    let made = folder.join(format!(".{}", std::process::id()));
    match fs::remove_file(&made) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&made)(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&made).map_err(at(&made))?;
    let placed = (|| {
        if let Some(group) = access.group {
            std::os::unix::fs::chown(&made, None, Some(group))?;
        }
        let mode = if access.group.is_some() { 0o660 } else { 0o600 };
        fs::set_permissions(&made, fs::Permissions::from_mode(mode))?;
        fs::rename(&made, path)
    })();
    if let Err(error) = placed {
        let _gone = fs::remove_file(&made);
        return Err(at(path)(error));
    }
    Ok(listener)
}

/// Connects to whoever listens, if that is who may.
///
/// # Errors
/// [`SeatError::Nobody`]; [`SeatError::Denied`]; [`SeatError::Closed`]: so many wait at the door that there is no more room; the folder is
/// not safe; somebody else than its owner listens; the system's.
pub(super) async fn connect(path: &Path) -> Result<UnixStream, SeatError> {
    let (_, facts) = match folder_of(path) {
        Err(SeatError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Err(SeatError::Nobody(path.to_owned()));
        }
        Err(SeatError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            return Err(SeatError::Denied(path.to_owned()));
        }
        other => other?,
    };
    let stream = UnixStream::connect(path).await.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => SeatError::Nobody(path.to_owned()),
        io::ErrorKind::PermissionDenied => SeatError::Denied(path.to_owned()),
        // Too many at the door; or its process died while this one stood there.
        io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionReset => SeatError::Closed(path.to_owned()),
        _ => at(path)(error),
    })?;
    let theirs = stream.peer_cred().map_err(at(path))?.uid();
    if theirs != facts.uid() && theirs != 0 {
        return Err(bad(path, format!("user {theirs} listens there, and the folder is user {}'s", facts.uid())));
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_io().build().expect("runtime")
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("sets");
        folder
    }

    #[test]
    fn what_a_dead_process_has_left_is_removed_and_nothing_else() {
        let runtime = runtime();
        let _inside = runtime.enter();
        let folder = folder();
        let path = folder.path().join("desk.sock");
        drop(bind(&path, Access::default()).expect("binds"));
        assert!(path.exists(), "a dead process leaves it");
        let alive = bind(&path, Access::default()).expect("binds again");
        assert_eq!(fs::metadata(&path).expect("is there").mode() & 0o777, 0o600);
        let said = bind(&path, Access::default()).expect_err("listened to").to_string();
        assert!(said.contains("another process listens"), "{said}");
        drop(alive);
        for lies_there in ["file", "link"] {
            let path = folder.path().join(lies_there);
            match lies_there {
                "file" => fs::write(&path, "precious").expect("writes"),
                _ => std::os::unix::fs::symlink("/etc/passwd", &path).expect("links"),
            }
            let said = bind(&path, Access::default()).expect_err("something else").to_string();
            assert!(said.contains("no socket"), "{said}");
            assert!(fs::symlink_metadata(&path).is_ok(), "left alone");
        }
    }

    #[test]
    fn a_folder_into_which_others_may_write_is_refused() {
        let runtime = runtime();
        let _inside = runtime.enter();
        let folder = folder();
        let path = folder.path().join("desk.sock");
        let _alive = bind(&path, Access::default()).expect("binds");
        for mode in [0o770, 0o707, 0o777] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("sets");
            for said in [
                bind(&folder.path().join("b.sock"), Access::default()).map(drop),
                runtime.block_on(connect(&path)).map(drop),
            ] {
                let said = said.expect_err("unsafe").to_string();
                assert!(said.contains("others may write there"), "{said}");
            }
        }
        let link = folder.path().with_extension("link");
        std::os::unix::fs::symlink(folder.path(), &link).expect("links");
        let said = runtime.block_on(connect(&link.join("desk.sock"))).expect_err("a link").to_string();
        fs::remove_file(&link).expect("removes");
        assert!(said.contains("a link, and no folder"), "{said}");
    }

    #[test]
    fn nobody_there_is_no_failure_of_the_system() {
        let folder = folder();
        for path in [folder.path().join("desk.sock"), folder.path().join("no/desk.sock")] {
            assert!(matches!(runtime().block_on(connect(&path)), Err(SeatError::Nobody(_))));
        }
    }
}
