//! The lock that says that one desk has one engine, and which process that is.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::{Result, StoreError, place};

/// Held as long as it lives; the kernel lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the desk's lock.
///
/// # Errors
/// [`StoreError::Locked`] with the PID of the process that has it; [`StoreError::Unsafe`].
pub fn take(folder: &Path) -> Result<Lock> {
    let path = folder.join("desk.lock");
    let io = |source| StoreError::Io { path: path.clone(), source };
    place::check(folder)?;
    std::fs::create_dir_all(folder).map_err(io)?;
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(io)?;
    if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        if error != rustix::io::Errno::WOULDBLOCK {
            // No lock at all, as on some network disks: nobody has the desk, but nobody may have it either.
            return Err(io(error.into()));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(io)?;
        return Err(StoreError::Locked { pid: text.trim().parse().unwrap_or(0) });
    }
    file.set_len(0).map_err(io)?;
    file.rewind().map_err(io)?;
    writeln!(file, "{}", std::process::id()).map_err(io)?;
    Ok(Lock { _file: file })
}
