//! Somebody at a screen: presses keys, and times what the terminal shows.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::terminal::Terminal;
use crate::desk::ids::TicketKey;
use crate::sandbox::dice::Dice;

/// So long a screen may take to show something before it is measured: many start at once.
const SHOWN: Duration = Duration::from_secs(60);
/// A step in the queue that is not on the screen by then was the last one.
const STEP: Duration = Duration::from_secs(1);
/// A command that is not on the screen by then is not answered.
const ANSWER: Duration = Duration::from_secs(5);
/// How long an agent thinks between two commands, on average.
const PAUSE: Duration = Duration::from_secs(10);

/// What all seats of a run know.
#[derive(Default)]
pub(super) struct Run {
    /// To be left.
    pub(super) stop: AtomicBool,
    /// To be measured.
    pub(super) begin: AtomicBool,
}

/// What an agent does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Claim,
    Release,
    /// Writes an internal note.
    Note,
}

/// A command that was answered.
pub(super) struct Answered {
    /// From the key to the screen.
    pub(super) time: Duration,
    /// What it was, and where.
    pub(super) what: &'static str,
    /// What it was, whose, and when.
    pub(super) told: String,
}

/// What a seat has seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) answered: Vec<Answered>,
    /// Claims and releases among them.
    pub(super) moves: usize,
    /// The notes among them.
    pub(super) notes: Vec<String>,
    pub(super) unanswered: usize,
}

/// Somebody at a screen.
pub(super) struct Agent {
    pub(super) number: usize,
    pub(super) ticket: TicketKey,
    pub(super) seed: u64,
    pub(super) run: Arc<Run>,
}

/// Tells an agent's name.
pub(super) fn name(number: usize) -> String {
    format!("agent-{:02}", number + 1)
}

impl Agent {
    /// Opens the screen, says that it is there, and works until the end.
    pub(super) fn work(&self, mut command: Command, ready: Sender<u32>) -> Result<Seen, String> {
        let mut terminal = Terminal::open(&mut command).map_err(|error| self.words(&error))?;
        self.walk_in(&mut terminal)?;
        // Nobody waits for it any more, if another has failed.
        let _gone = ready.send(terminal.process());
        drop(ready);
        while !self.run.begin.load(Ordering::Relaxed) {
            terminal.idle(Duration::from_millis(20)).map_err(|error| self.words(&error))?;
        }
        let started = Instant::now();
        let mut dice = Dice::new(self.seed ^ (self.number as u64 + 1));
        let mut seen = Seen::default();
        let turn =
            if self.in_thread() { &[Act::Claim, Act::Note, Act::Release][..] } else { &[Act::Claim, Act::Release] };
        for act in turn.iter().cycle() {
            self.think(&mut terminal, PAUSE.mul_f64(2.0 * dice.fraction())).map_err(|error| self.words(&error))?;
            if self.run.stop.load(Ordering::Relaxed) {
                // All would press a key in this moment.
                break;
            }
            let note = format!("note-{}-{}", self.number, seen.notes.len());
            let Some(time) = self.act(&mut terminal, *act, &note)? else {
                seen.unanswered += 1;
                tracing::warn!(screen = terminal.screen(), "a command was not answered");
                break;
            };
            let what = match (act, self.in_thread()) {
                (Act::Note, _) => "note in the thread",
                (_, true) => "claim, release in the thread",
                (_, false) => "claim, release in the queue",
            };
            let since = started.elapsed().as_secs_f64();
            let told = format!("{}: {act:?} of #{} after {since:.1} s", name(self.number), self.ticket.topic);
            match act {
                Act::Note => seen.notes.push(note),
                Act::Claim | Act::Release => seen.moves += 1,
            }
            seen.answered.push(Answered { time, what, told });
        }
        Ok(seen)
    }

    fn words(&self, error: &std::io::Error) -> String {
        format!("{}: {error}", name(self.number))
    }

    fn in_thread(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// Presses keys and waits, however long that takes.
    fn walk(&self, terminal: &mut Terminal, keys: &str, shown: impl Fn(&str) -> bool) -> Result<(), String> {
        terminal.press(keys).map_err(|error| self.words(&error))?;
        match terminal.sees(SHOWN, shown).map_err(|error| self.words(&error))? {
            Some(_) => Ok(()),
            None => Err(format!("{} waits in vain after {keys:?}:\n{}", name(self.number), terminal.screen())),
        }
    }

    /// Goes to the agent's ticket: into its thread, or to its row.
    fn walk_in(&self, terminal: &mut Terminal) -> Result<(), String> {
        let id = self.ticket.topic.0;
        self.walk(terminal, "", |screen| screen.contains("live"))?;
        if self.in_thread() {
            self.walk(terminal, "\u{f}", |screen| screen.contains("Jump to a ticket"))?;
            return self.walk(terminal, &format!("{id}\r"), |screen| stands(screen, id, "OPEN · nobody's"));
        }
        self.walk(terminal, "8", |screen| screen.contains("[8 All"))?;
        for order in ["longest waiting", "newest"] {
            self.walk(terminal, ",", |screen| screen.contains(&format!("order: {order} first")))?;
        }
        let is_first = |screen: &str| screen.lines().nth(2).is_some_and(|row| row.starts_with('>'));
        self.walk(terminal, "gg", is_first)?;
        // The ticket is among the newest. The cursor stays on its ticket if the rows of the new order come only now: then it is begun again.
        let begun = Instant::now();
        while !selected(&terminal.screen(), id, 'O') {
            if begun.elapsed() > SHOWN {
                return Err(format!("{} does not find #{id}:\n{}", name(self.number), terminal.screen()));
            }
            let before = selected_number(&terminal.screen());
            let moved = |screen: &str| selected_number(screen).is_some_and(|now| Some(now) != before);
            terminal.press("j").map_err(|error| self.words(&error))?;
            if terminal.sees(STEP, moved).map_err(|error| self.words(&error))?.is_none() {
                self.walk(terminal, "gg", is_first)?;
            }
        }
        Ok(())
    }

    /// Does something; tells how long it took from the key that says so to the screen that shows both the answer and what has changed.
    fn act(&self, terminal: &mut Terminal, act: Act, note: &str) -> Result<Option<Duration>, String> {
        let id = self.ticket.topic.0;
        let (key, said) = match act {
            Act::Claim => ("c", format!("claimed #{id}")),
            Act::Release => ("C", format!("released #{id}")),
            Act::Note => ("\r", format!("noted in #{id}")),
        };
        if act == Act::Note {
            self.walk(terminal, "i", |screen| screen.contains("INTERNAL NOTE on"))?;
            self.walk(terminal, note, |screen| screen.contains(note) && screen.contains("draft saved"))?;
        }
        let shown = |screen: &str| {
            let there = match (act, self.in_thread()) {
                (Act::Claim, true) => stands(screen, id, "ASSIGNED · you"),
                (Act::Release, true) => stands(screen, id, "OPEN · nobody's"),
                (Act::Claim, false) => selected(screen, id, 'A'),
                (Act::Release, false) => selected(screen, id, 'O'),
                // In the thread, no more in the composer.
                (Act::Note, _) => screen.contains(note) && !screen.contains("INTERNAL NOTE on"),
            };
            there && screen.contains(&said)
        };
        let begun = Instant::now();
        terminal.press(key).map_err(|error| self.words(&error))?;
        let at = terminal.sees(ANSWER, shown).map_err(|error| self.words(&error))?;
        Ok(at.map(|at| at - begun))
    }

    fn think(&self, terminal: &mut Terminal, span: Duration) -> Result<(), std::io::Error> {
        let begun = Instant::now();
        while begun.elapsed() < span && !self.run.stop.load(Ordering::Relaxed) {
            terminal.idle(Duration::from_millis(100).min(span.saturating_sub(begun.elapsed())))?;
        }
        Ok(())
    }
}

/// Tells whether a ticket is open in its thread, and stands so.
fn stands(screen: &str, id: i32, standing: &str) -> bool {
    let head = screen.lines().next().unwrap_or_default();
    head.contains(&format!("#{id} ")) && head.contains(standing)
}

/// Tells the selected row of the queue.
fn selected_row(screen: &str) -> Option<String> {
    screen.lines().find(|line| line.starts_with('>')).map(str::to_owned)
}

/// Tells the number in it, which stays whatever else changes there.
fn selected_number(screen: &str) -> Option<u32> {
    let row = selected_row(screen)?;
    row.split_once('#')?.1.split(' ').next()?.parse().ok()
}

/// Tells whether a ticket is the selected one of the queue, and has the letter.
fn selected(screen: &str, id: i32, letter: char) -> bool {
    selected_row(screen).is_some_and(|row| row.contains(&format!("{letter} #{id} ")))
}
