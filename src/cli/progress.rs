//! How far a file is, on one line of standard error that is written over and over. Silent where that is no terminal.

use std::io::{IsTerminal, Write, stderr};

use crate::desk::files::size_text;

/// The line; it ends when this is dropped.
pub(super) struct Progress {
    shows: bool,
    begun: bool,
}

impl Progress {
    /// Makes a line that is not begun yet.
    pub(super) fn new() -> Self {
        Progress { shows: stderr().is_terminal(), begun: false }
    }

    /// Says how many bytes of how many there are.
    pub(super) fn tell(&mut self, done: u64, size: u64) {
        if self.shows {
            self.begun = true;
            let _gone = write!(stderr(), "\r{} of {} ", size_text(done), size_text(size));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.begun {
            let _gone = writeln!(stderr());
        }
    }
}
