//! Files on their way over the socket: those of replies to the engine, those of messages to the seat.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::protocol::PART;

/// Telegram takes no larger file (4 GB for those who pay for it).
const MOST: u64 = 4 << 30;

/// A file that comes in parts.
#[derive(Debug)]
pub(super) struct Coming {
    /// Under which number it was asked for.
    pub(super) number: u64,
    left: u64,
    file: File,
    part: PathBuf,
    path: PathBuf,
}

impl Coming {
    /// Begins a file of so many bytes.
    ///
    /// # Errors
    /// The name leads elsewhere; it is larger than anything that can be sent; the file system's.
    pub(super) fn begin(number: u64, folder: &Path, name: &str, size: u64) -> io::Result<Coming> {
        let plain = Path::new(name).file_name().is_some_and(|own| own == name);
        if !plain || size > MOST {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let path = folder.join(name);
        let part = folder.join(format!(".{number}.part"));
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        Ok(Coming { number, left: size, file, part, path })
    }

    /// Takes a part; tells where the file is when it is whole.
    ///
    /// # Errors
    /// More comes than was announced; the file system's.
    pub(super) fn take(&mut self, bytes: &[u8]) -> io::Result<Option<PathBuf>> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
        self.file.write_all(bytes)?;
        if self.left > 0 {
            return Ok(None);
        }
        fs::rename(&self.part, &self.path)?;
        Ok(Some(self.path.clone()))
    }

    /// Tells whether nothing is to come any more: an empty file has no parts.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        // Renamed already, if it is whole.
        let _gone = fs::remove_file(&self.part);
    }
}

/// Reads the next part of a file; `None` at its end.
///
/// # Errors
/// The file system's.
pub(super) fn next_part(file: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut part = Vec::with_capacity(PART);
    file.take(PART as u64).read_to_end(&mut part)?;
    Ok((!part.is_empty()).then_some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_whole_and_only_where_it_may_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut coming = Coming::begin(1, folder.path(), "a.pdf", 5).expect("begins");
        assert_eq!(coming.take(b"abc").expect("takes"), None);
        assert_eq!(coming.take(b"de").expect("takes"), Some(folder.path().join("a.pdf")));
        drop(coming);
        assert_eq!(fs::read(folder.path().join("a.pdf")).expect("reads"), b"abcde");
        let mut more = Coming::begin(2, folder.path(), "b.pdf", 1).expect("begins");
        assert!(more.take(b"xy").is_err());
        drop(more);
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1, "nothing half is left");
        for name in ["../a", "/etc/passwd", "", "..", "a/b"] {
            assert!(Coming::begin(3, folder.path(), name, 1).is_err(), "{name}");
        }
        assert!(Coming::begin(3, folder.path(), "huge", MOST + 1).is_err());
    }
}
