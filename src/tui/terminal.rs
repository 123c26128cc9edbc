//! The terminal itself: taken over and given back, read by one thread, written in one piece per frame.

use std::fmt;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, Once, PoisonError};

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::Color;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::decode::{Decoder, Input};

/// A frame is gathered here and written at once: one write, one packet.
const FRAME: usize = 64 * 1024;

const ENTER: &str = "\x1b[22;2t\x1b[?1049h\x1b[?2004h\x1b[0m\x1b[2J";
const LEAVE: &str = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l\x1b[23;2t";
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";

/// Bytes of a frame that is being made.
#[derive(Clone, Default)]
struct Gathered(Arc<Mutex<Vec<u8>>>);

impl Gathered {
    fn take(&self) -> Vec<u8> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), Vec::with_capacity(FRAME))
    }

    /// Puts another ending in the place of one, if it is there.
    fn shorten(&self, ending: &[u8], shorter: &[u8]) {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.ends_with(ending) {
            let kept = bytes.len() - ending.len();
            bytes.truncate(kept);
            bytes.extend_from_slice(shorter);
        }
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A backend that says anew where it is after each character that terminals and multiplexers measure differently.
///
/// Measured against tmux 3.3a: emoji with a variation selector, and lam-alef, which some draw as one cell.
///
/// It also leaves out what says nothing: three of the four resets after a run, all of them if no cell had a style, and showing a cursor that is shown. A clock that
/// ticks on a slow line all day is made of such bytes.
struct Careful {
    inner: CrosstermBackend<Gathered>,
    gathered: Gathered,
    cursor: Arc<AtomicBool>,
}

/// What the inner backend ends every run of cells with.
const RESETS: &[u8] = b"\x1b[39m\x1b[49m\x1b[59m\x1b[0m";

fn ambiguous(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(_), Some(_)) => true,
        (Some(c), None) => matches!(c, '\u{622}' | '\u{623}' | '\u{625}' | '\u{627}'),
        _ => false,
    }
}

impl Backend for Careful {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut cells = content.peekable();
        if cells.peek().is_none() {
            return Ok(());
        }
        while cells.peek().is_some() {
            let mut stop = false;
            let mut plain = true;
            let run = std::iter::from_fn(|| {
                if stop {
                    return None;
                }
                let next = cells.next();
                if let Some((_, _, cell)) = next.as_ref() {
                    stop = ambiguous(cell.symbol());
                    plain &= cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier.is_empty();
                }
                next
            });
            self.inner.draw(run)?;
            self.gathered.shorten(RESETS, if plain { b"" } else { b"\x1b[0m" });
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.cursor.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.cursor.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Never asked: the viewport is fixed, and an answer would have to be read from the keyboard.
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.inner.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is drawn on, and where the bytes go.
pub(super) struct Screen<W: Write> {
    terminal: Terminal<Careful>,
    gathered: Gathered,
    size: (u16, u16),
    last: Vec<u8>,
    cursor: Arc<AtomicBool>,
    cursor_shown: bool,
    out: W,
}

impl<W: Write> fmt::Debug for Screen<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Screen").field("size", &self.size).finish_non_exhaustive()
    }
}

fn terminal(gathered: &Gathered, cursor: &Arc<AtomicBool>, size: (u16, u16)) -> io::Result<Terminal<Careful>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, size.0, size.1));
    let inner = CrosstermBackend::new(gathered.clone());
    let backend = Careful { inner, gathered: gathered.clone(), cursor: cursor.clone() };
    Terminal::with_options(backend, TerminalOptions { viewport })
}

impl<W: Write> Screen<W> {
    /// Makes a screen of columns and rows.
    pub(super) fn new(size: (u16, u16), out: W) -> io::Result<Screen<W>> {
        let gathered = Gathered::default();
        let cursor = Arc::new(AtomicBool::new(true));
        let terminal = terminal(&gathered, &cursor, size)?;
        Ok(Screen { terminal, gathered, size, last: Vec::new(), cursor, cursor_shown: true, out })
    }

    /// Draws a frame; writes what has changed in one write, and nothing if nothing has. Gives what is on the screen.
    pub(super) fn draw(&mut self, size: (u16, u16), view: impl FnOnce(&mut Frame<'_>)) -> io::Result<&Buffer> {
        if size != self.size {
            self.size = size;
            self.forget()?;
        }
        let shown = self.terminal.draw(view)?;
        let frame = self.gathered.take();
        let wanted = self.cursor.load(Ordering::Relaxed);
        // The same bytes twice change nothing: every run begins with an absolute position.
        if frame != self.last || wanted != self.cursor_shown {
            let mut bytes = Vec::with_capacity(frame.len() + 32);
            bytes.extend_from_slice(BEGIN);
            // The cursor is out of the way while much is painted, for terminals that show a frame as it comes.
            if self.cursor_shown && (frame.len() > 256 || !wanted) {
                bytes.extend_from_slice(HIDE);
                self.cursor_shown = false;
            }
            bytes.extend_from_slice(&frame);
            if wanted && !self.cursor_shown {
                bytes.extend_from_slice(SHOW);
                self.cursor_shown = true;
            }
            bytes.extend_from_slice(END);
            self.last = frame;
            self.out.write_all(&bytes)?;
            self.out.flush()?;
        }
        Ok(shown.buffer)
    }

    /// Forgets what is on the screen: the next frame paints everything.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.terminal = terminal(&self.gathered, &self.cursor, self.size)?;
        self.last.clear();
        // Another program may have hidden or shown it.
        self.cursor_shown = false;
        self.out.write_all(b"\x1b[0m\x1b[2J")
    }

    /// Writes something that is no part of the picture: a bell, a title.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Tells where the bytes went.
    pub(super) fn out(&self) -> &W {
        &self.out
    }
}

/// The terminal's own output, without a buffer: a frame is one write.
#[derive(Debug)]
pub(super) struct Tty;

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stdout().as_fd(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why the screen cannot be opened here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Input or output is no terminal.
    NoTerminal,
    /// The program is in the background of its terminal.
    Background,
}

/// Tells whether input and output are a terminal, and ours.
pub(super) fn fit() -> Result<(), Unfit> {
    let (input, output) = (io::stdin(), io::stdout());
    if !rustix::termios::isatty(input.as_fd()) || !rustix::termios::isatty(output.as_fd()) {
        return Err(Unfit::NoTerminal);
    }
    match rustix::termios::tcgetpgrp(input.as_fd()) {
        Ok(foreground) if foreground != rustix::process::getpgrp() => Err(Unfit::Background),
        _ => Ok(()),
    }
}

/// Tells columns and rows; 80x24 if the terminal does not say.
pub(super) fn size() -> (u16, u16) {
    match rustix::termios::tcgetwinsize(io::stdout().as_fd()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col, size.ws_row),
        _ => (80, 24),
    }
}

/// Takes the terminal over.
pub(super) fn enter(mouse: bool) -> io::Result<()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
    });
    crossterm::terminal::enable_raw_mode()?;
    Tty.write_all(ENTER.as_bytes())?;
    if mouse {
        Tty.write_all(MOUSE.as_bytes())?;
    }
    Ok(())
}

/// Gives the terminal back as it was. A terminal that is gone is no error.
pub(super) fn leave() {
    // Only if it was taken: a panic before or after must not switch screens.
    if !crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        return;
    }
    let gone = Tty.write_all(LEAVE.as_bytes()).is_err();
    let restored = crossterm::terminal::disable_raw_mode().is_ok();
    tracing::debug!(gone, restored, "terminal given back");
}

/// Stops the whole job, as Ctrl-Z does; returns when it goes on.
pub(super) fn stop() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?)
}

/// What the keyboard's thread tells.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something was typed.
    Inputs(Vec<Input>),
    /// The terminal is gone.
    HungUp,
}

enum Order {
    Pause(SyncSender<()>),
    Resume,
    Stop,
}

/// The thread that reads the terminal. It sleeps until there is something to read, and ends when the terminal is gone.
pub(super) struct Keyboard {
    orders: Sender<Order>,
    bell: io::PipeWriter,
}

impl fmt::Debug for Keyboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyboard").finish_non_exhaustive()
    }
}

impl Keyboard {
    /// Starts reading.
    pub(super) fn start(tell: impl Fn(Heard) -> bool + Send + 'static) -> io::Result<Keyboard> {
        let (wake, bell) = io::pipe()?;
        let (orders, inbox) = channel();
        std::thread::Builder::new().name("keyboard".to_owned()).spawn(move || listen(&wake, &inbox, &tell))?;
        Ok(Keyboard { orders, bell })
    }

    /// Stops reading until [`Keyboard::resume`]: another program has the terminal.
    pub(super) fn pause(&mut self) {
        let (done, wait) = sync_channel(1);
        if self.orders.send(Order::Pause(done)).is_ok() && self.bell.write_all(&[0]).is_ok() {
            // An error says that the thread has ended: nobody reads then either.
            let paused = wait.recv().is_ok();
            tracing::debug!(paused, "keyboard");
        }
    }

    /// Reads on.
    pub(super) fn resume(&mut self) {
        let resumed = self.orders.send(Order::Resume).is_ok();
        tracing::debug!(resumed, "keyboard");
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if self.orders.send(Order::Stop).is_ok() {
            let woken = self.bell.write_all(&[0]).is_ok();
            tracing::debug!(woken, "keyboard stops");
        }
    }
}

fn listen(wake: &io::PipeReader, inbox: &Receiver<Order>, tell: &impl Fn(Heard) -> bool) {
    let stdin = io::stdin();
    let mut decoder = Decoder::default();
    let mut buffer = [0_u8; 4096];
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => break,
            Ok(_) => {}
        }
        let (tty, woken) = (fds[0].revents(), fds[1].revents());
        if !woken.is_empty() {
            let taken = rustix::io::read(wake, &mut buffer[..1]).unwrap_or(0);
            match inbox.recv() {
                Ok(Order::Pause(done)) if taken == 1 => {
                    if done.send(()).is_err() || !matches!(inbox.recv(), Ok(Order::Resume)) {
                        return;
                    }
                }
                Ok(Order::Resume) => {}
                _ => return,
            }
            continue;
        }
        if tty.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            break;
        }
        if !tty.contains(PollFlags::IN) {
            continue;
        }
        let mut length = match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Err(_) => break,
        };
        // A lone Esc may be the beginning of a sequence that a slow line has split.
        if buffer[length - 1] == 0x1b && length < buffer.len() {
            let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
            let moment = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
            if poll(&mut fds, Some(&moment)).is_ok_and(|ready| ready > 0) {
                length += rustix::io::read(&stdin, &mut buffer[length..]).unwrap_or(0);
            }
        }
        let inputs = decoder.feed(&buffer[..length]);
        if !inputs.is_empty() && !tell(Heard::Inputs(inputs)) {
            return;
        }
    }
    let told = tell(Heard::HungUp);
    tracing::debug!(told, "the terminal is gone");
}

/// Makes the sequence that hands a text to the terminal's clipboard (OSC 52).
///
/// # Errors
/// Tells that the text is too long: terminals take no more than 74,994 bytes of it.
pub(super) fn osc52(text: &str) -> Result<Vec<u8>, String> {
    let encoded = base64(text.as_bytes());
    if encoded.len() > 74_994 {
        return Err("too long for the terminal's clipboard".to_owned());
    }
    Ok(format!("\x1b]52;c;{encoded}\x07").into_bytes())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let value = chunk.iter().fold(0_u32, |value, byte| (value << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(DIGITS[(value >> (18 - 6 * place)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_everybody_writes_it() {
        for (text, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
        assert!(osc52(&"x".repeat(80_000)).is_err());
    }

    #[test]
    fn the_same_frame_is_not_written_twice() {
        let mut screen = Screen::new((20, 3), Vec::new()).expect("a screen");
        let view = |frame: &mut Frame<'_>| frame.render_widget("hello", frame.area());
        screen.draw((20, 3), view).expect("drawn");
        screen.draw((20, 3), view).expect("drawn");
        let written = screen.out().len();
        screen.draw((20, 3), view).expect("drawn");
        assert_eq!(screen.out().len(), written);
    }
}
