//! A screen without a terminal: bytes in, text and bytes out, time by hand. For tests and measurements.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use super::decode::Decoder;
use super::effect::{Effect, Launch, ReadTag, Signal, Timer};
use super::model::Model;
use super::terminal::Screen;
use super::update::update;
use super::{Reread, Setup};
use super::{restore, view};
use crate::clock::{Clock, Timestamp};
use crate::desk::command::Command;
use crate::desk::files::Attachment;
use crate::desk::ids::{ScreenId, TicketKey};
use crate::engine::handle::{Handle, Request, new_command_id};
use crate::engine::views::{FileView, ViewRequest};

/// A screen without a terminal.
///
/// Reads and commands wait until [`Rehearsal::settle`] lets the desk answer them, so that a test can look at the time
/// between; timers run out only in [`Rehearsal::elapse`]. The clock of its [`Setup`] should be a stepped one.
#[derive(Debug)]
pub struct Rehearsal {
    model: Model,
    handle: Handle,
    screen: Screen<Vec<u8>>,
    decoder: Decoder,
    timers: BTreeMap<Timer, Timestamp>,
    waiting: VecDeque<Waiting>,
    told: Vec<String>,
    text: String,
}

#[derive(Debug)]
enum Waiting {
    Read(ReadTag, ViewRequest),
    Submit(u64, Command),
    Save(FileView, String, bool),
    Operate(Request),
}

impl Rehearsal {
    /// Opens a screen of columns and rows.
    ///
    /// # Errors
    /// Only if memory cannot be written to.
    pub fn open(handle: Handle, setup: Setup, size: (u16, u16)) -> io::Result<Rehearsal> {
        let model = Model::new(setup, handle.agent().clone(), ScreenId(1), size);
        let mut rehearsal = Rehearsal {
            model,
            handle,
            screen: Screen::new(size, Vec::new())?,
            decoder: Decoder::default(),
            timers: BTreeMap::new(),
            waiting: VecDeque::new(),
            told: Vec::new(),
            text: String::new(),
        };
        rehearsal.feed(Signal::Start);
        Ok(rehearsal)
    }

    /// Takes all colours away, as `NO_COLOR` does.
    pub fn without_colour(&mut self) {
        self.model.colour = false;
        self.model.theme = self.model.theme.clone().without_colour();
    }

    /// Sends bytes as one read of the terminal.
    pub fn bytes(&mut self, bytes: &[u8]) {
        for input in self.decoder.feed(bytes) {
            self.feed(Signal::Input(input));
        }
    }

    /// Types keys, written as in `desk.toml`, as an agent does: a twentieth of a second apart.
    pub fn keys(&mut self, keys: &str) {
        for key in super::keys::parse_sequence(keys).unwrap_or_default() {
            self.step_clock(Duration::from_millis(50));
            self.feed(Signal::Input(super::decode::Input::Key(key)));
        }
    }

    /// Types a text, as an agent does.
    pub fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.step_clock(Duration::from_millis(50));
            self.feed(Signal::Input(super::decode::Input::Key(super::keys::Key::char(c))));
        }
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.feed(Signal::Resize(size.0, size.1));
    }

    /// Tells of a revision.
    pub fn revision(&mut self, revision: crate::engine::views::Revision) {
        self.feed(Signal::Revision(revision));
    }

    /// Gives back the text that $EDITOR was opened with, as it left it.
    pub fn edited(&mut self, text: &str) {
        self.feed(Signal::Edited(Ok(text.to_owned())));
    }

    /// Tells that a file was copied to go with a reply to a ticket, or why it was not.
    pub fn attached(&mut self, ticket: TicketKey, outcome: Result<Attachment, String>) {
        self.feed(Signal::Attached(ticket, outcome));
    }

    /// Tells how `desk.toml` is now.
    pub fn reread(&mut self, outcome: Reread) {
        self.feed(Signal::Reread(Box::new(outcome)));
    }

    /// Lets the desk answer everything that was asked and submitted, and what follows from that.
    pub async fn settle(&mut self) {
        while let Some(waiting) = self.waiting.pop_front() {
            match waiting {
                Waiting::Read(tag, request) => {
                    let view = self.handle.read(request).await;
                    self.feed(Signal::Answer(tag, view));
                }
                Waiting::Submit(tag, command) => {
                    let outcome = self.handle.submit(new_command_id(), command).await;
                    self.feed(Signal::Settled(tag, outcome));
                }
                Waiting::Operate(request) => {
                    let outcome = self.handle.operate(request.clone()).await;
                    self.feed(Signal::Operated(request, outcome));
                }
                Waiting::Save(file, to, overwrite) => {
                    let outcome = self.handle.save(file.clone(), to.clone().into(), overwrite).await;
                    self.feed(Signal::Saved(file, to, outcome));
                }
            }
        }
    }

    /// Lets time go by, with all timers that run out in it.
    pub fn elapse(&mut self, span: Duration) {
        let end = self.now() + span;
        loop {
            let next = self.timers.iter().map(|(timer, at)| (*at, *timer)).min().filter(|(at, _)| *at <= end);
            let Some((at, timer)) = next else { break };
            self.timers.remove(&timer);
            self.step_clock(at.since(self.now()));
            self.feed(Signal::Timer(timer));
        }
        self.step_clock(end.since(self.now()));
    }

    /// Draws if something has changed, and tells how many bytes that took.
    ///
    /// # Errors
    /// Only if memory cannot be written to.
    pub fn draw(&mut self) -> io::Result<usize> {
        let before = self.screen.out().len();
        if self.model.dirty {
            self.model.dirty = false;
            let model = &mut self.model;
            let buffer = self.screen.draw(model.size, |frame| view::draw(model, frame))?;
            self.text = text_of(buffer);
        }
        Ok(self.screen.out().len() - before)
    }

    /// Tells all bytes that would have gone to the terminal.
    pub fn written(&self) -> &[u8] {
        self.screen.out()
    }

    /// Draws, and tells the text of the screen, a line for a line.
    pub fn screen(&mut self) -> String {
        match self.draw() {
            Ok(_) => self.text.clone(),
            Err(why) => why.to_string(),
        }
    }

    /// Takes what has been said besides: `bell`, `title …`, `copy …`, `suspend`, `editor …`, `repaint`, `reread`, `quit`.
    pub fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }

    /// Tells what would be restored the next time.
    pub fn state(&self) -> String {
        restore::save(&self.model)
    }

    fn now(&self) -> Timestamp {
        self.model.setup.clock.now()
    }

    fn step_clock(&mut self, span: Duration) {
        let clock: &Clock = &self.model.setup.clock;
        clock.step(span);
    }

    fn feed(&mut self, signal: Signal) {
        for effect in update(&mut self.model, signal) {
            match effect {
                Effect::Read(tag, request) => self.waiting.push_back(Waiting::Read(tag, request)),
                Effect::Submit(tag, command) => self.waiting.push_back(Waiting::Submit(tag, command)),
                Effect::Timer(timer, after) => {
                    let at = self.now() + after;
                    self.timers.insert(timer, at);
                }
                Effect::Bell => self.told.push("bell".to_owned()),
                Effect::Title(title) => self.told.push(format!("title {title}")),
                Effect::Copy(text) => self.told.push(format!("copy {text}")),
                Effect::Launch(Launch::File(path)) => self.told.push(format!("open {}", path.display())),
                Effect::Launch(Launch::Link(link)) => self.told.push(format!("open {link}")),
                Effect::Save(file, to, overwrite) => self.waiting.push_back(Waiting::Save(file, to, overwrite)),
                Effect::Attach(_, path) => self.told.push(format!("attach {path}")),
                Effect::Operate(request) => self.waiting.push_back(Waiting::Operate(request)),
                Effect::Detach(file) => self.told.push(format!("detach {}", file.name)),
                Effect::Reread => self.told.push("reread".to_owned()),
                Effect::Repaint => {
                    self.told.push("repaint".to_owned());
                    self.model.dirty = true;
                }
                Effect::Suspend => self.told.push("suspend".to_owned()),
                Effect::Editor(text) => self.told.push(format!("editor {text}")),
                Effect::Quit => self.told.push("quit".to_owned()),
            }
        }
    }
}

/// Writes a buffer as lines, without the empty cells that wide characters cover.
fn text_of(buffer: &ratatui::buffer::Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += symbol.width().clamp(1, 2) as u16;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
