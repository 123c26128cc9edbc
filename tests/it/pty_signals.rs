//! Signals and lost lines, to the real binary in a pseudo-terminal: nothing written is lost, and the terminal is given back.
//!
//! What a panic leaves behind is held in `screens_terminal`, where one can be made.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::pty::{enter, open, still};
use crate::support::process::{Desk, until};
use crate::support::screen::{Start, Terminal};

/// Opens a ticket and writes a note there that is on the screen, but nowhere else yet.
fn writing(start: Start, desk: &Desk, text: &str) -> Terminal {
    let mut terminal = open(start);
    let ticket = desk.queue("unassigned").remove(0);
    enter(&mut terminal, &ticket);
    terminal.script(&[("i", "INTERNAL NOTE"), (text, text)]);
    terminal
}

/// Opens the desk again, and finds the note in the composer of the ticket that was open.
fn found_again(desk: &Desk, text: &str) {
    let mut terminal = still(desk).open();
    terminal.sees("live");
    terminal.sees("Draft of a note");
    terminal.script(&[("i", "INTERNAL NOTE")]);
    terminal.sees(text);
}

#[test]
fn asked_to_end_it_saves_the_draft_and_gives_the_terminal_back() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let desk = Desk::empty();
        let terminal = writing(still(&desk), &desk, "not saved yet");
        terminal.signal(signal);
        assert_eq!(terminal.ends(), code);
        terminal.left_as("the terminal as it was", Terminal::given_back);
        found_again(&desk, "not saved yet");
    }
}

#[test]
fn a_lost_line_ends_it_soon_and_the_draft_is_saved() {
    let desk = Desk::empty();
    let mut terminal = writing(still(&desk), &desk, "line lost");
    let begun = Instant::now();
    terminal.hang_up();
    assert_eq!(terminal.ends(), 129);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    found_again(&desk, "line lost");
}

#[test]
fn a_lost_line_is_noticed_without_a_signal() {
    let desk = Desk::empty();
    // The leader of the session takes the signal, and the desk only sees that the terminal is gone.
    let binary = env!("CARGO_BIN_EXE_topicdesk");
    let world = desk.path().join("world.toml");
    drop(still(&desk));
    let world = world.to_str().expect("a path");
    let script = "trap '' HUP; \"$@\"; code=$?; echo $code > \"$CODE\"; exit $code";
    let code = desk.path().join("code");
    let start =
        Start::program(Path::new("/bin/sh"), &["-c", script, "sh", binary, "demo", "--speed", "10", "--world", world]);
    let start = start.data_dir(desk.path()).env("CODE", code.to_str().expect("a path"));
    let mut terminal = writing(start, &desk, "line lost");
    let begun = Instant::now();
    terminal.hang_up();
    terminal.ends();
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(std::fs::read_to_string(&code).expect("the shell went on").trim(), "129");
    found_again(&desk, "line lost");
}

#[test]
fn stopped_and_continued_it_paints_anew() {
    let desk = Desk::empty();
    let mut terminal = open(still(&desk));
    for _ in 0..2 {
        terminal.signal(Signal::TSTP);
        until("a stopped process", || terminal.stopped().then_some(()));
        terminal.until("the terminal as it was", Terminal::given_back);
        terminal.signal(Signal::CONT);
        terminal.until("the queue again", |screen| {
            screen.alternate_screen() && screen.bracketed_paste() && screen.contents().contains("[1 Unassigned")
        });
    }
    terminal.script(&[("2", "[2 Mine"), ("1", "[1 Unassigned")]);
}
