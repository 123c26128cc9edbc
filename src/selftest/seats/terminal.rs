//! A screen of the program in a terminal of its own: keys go in, and what an agent would see is read.

use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Write};
use std::num::NonZeroU16;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The usual terminal.
const SIZE: (NonZeroU16, NonZeroU16) = match (NonZeroU16::new(24), NonZeroU16::new(80)) {
    (Some(rows), Some(columns)) => (rows, columns),
    _ => unreachable!(),
};

/// A terminal with the program in it. The program ends with it.
pub(super) struct Terminal {
    master: File,
    child: Child,
    parser: vt100::Parser,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Terminal {
    /// Starts the program in 80 columns and 24 rows.
    pub(super) fn open(command: &mut Command) -> Result<Terminal, Error> {
        let (rows, columns) = SIZE;
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let size = Winsize { ws_row: rows.get(), ws_col: columns.get(), ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size)?;
        let name = ptsname(&master, Vec::new())?;
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let slave = OpenOptions::new().read(true).write(true).custom_flags(OFlags::NOCTTY.bits() as i32).open(path)?;
        let child = command
            .stdin(Stdio::from(slave.try_clone()?))
            .stdout(Stdio::from(slave.try_clone()?))
            .stderr(Stdio::from(slave))
            .spawn()?;
        Ok(Terminal { master: File::from(master), child, parser: vt100::Parser::new(rows, columns, 0) })
    }

    /// Tells its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Presses keys.
    pub(super) fn press(&mut self, keys: &str) -> Result<(), Error> {
        self.master.write_all(keys.as_bytes())
    }

    /// Tells what stands on the screen.
    pub(super) fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    /// Reads until the screen is so; tells since when it is, or `None` if it was not within the time.
    pub(super) fn sees(&mut self, within: Duration, test: impl Fn(&str) -> bool) -> Result<Option<Instant>, Error> {
        let begun = Instant::now();
        loop {
            if test(&self.screen()) {
                return Ok(Some(Instant::now()));
            }
            let rest = within.saturating_sub(begun.elapsed());
            if rest.is_zero() || !self.take(rest)? {
                return Ok(None);
            }
        }
    }

    /// Reads for so long, whatever comes.
    pub(super) fn idle(&mut self, span: Duration) -> Result<(), Error> {
        self.sees(span, |_| false).map(|_| ())
    }

    /// Takes what comes within a time; tells whether anything has.
    fn take(&mut self, within: Duration) -> Result<bool, Error> {
        let wait = Timespec { tv_sec: within.as_secs() as i64, tv_nsec: i64::from(within.subsec_nanos()) };
        match poll(&mut [PollFd::new(&self.master, PollFlags::IN)], Some(&wait)) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        let mut buffer = [0; 16 * 1024];
        // A terminal whose program has gone answers with an error.
        let length = self.master.read(&mut buffer)?;
        self.parser.process(&buffer[..length]);
        Ok(length > 0)
    }
}
