//! Files in the real binary: attached, sent, seen, opened, saved.

use crate::pty::{enter, entries, open, silent};
use crate::support::process::Desk;

#[test]
fn a_file_is_attached_sent_and_saved_again() {
    let desk = Desk::empty();
    // An answer would take the selection away from the file.
    let start = silent(&desk).env("DISPLAY", "").env("WAYLAND_DISPLAY", "");
    let mut terminal = open(start);
    let ticket = desk.queue("unassigned").remove(1);
    enter(&mut terminal, &ticket);
    let given = desk.path().join("price list.txt");
    std::fs::write(&given, "one: 1\n").expect("writes");

    terminal.script(&[("r", "PUBLIC"), ("\x18\x06", "attach file:"), ("\x15", "attach file:")]);
    terminal.keys(given.display().to_string());
    terminal.script(&[("\r", "with [file price list.txt 7 B]")]);
    // Taken away and attached again.
    terminal.script(&[("\x18\x04", "does not go along"), ("\x18\x06", "attach file:"), ("\x15", "attach file:")]);
    terminal.keys(given.display().to_string());
    terminal.script(&[("\r", "with [file price list.txt 7 B]")]);
    terminal.write("Here it is");
    std::fs::remove_file(&given).expect("was there");
    terminal.keys("\r");
    terminal.sees("✓ [file price list.txt 7 B]");
    assert_eq!(entries(&desk, &ticket, "message", "price list.txt")[0]["state"], "sent");

    // There is no screen to open it on: it is said where it lies.
    terminal.sees("o opens price list.txt (7 B)");
    terminal.keys("o");
    terminal.sees("there is no screen to open it on: the file is /");
    let saved = desk.path().join("saved.txt");
    terminal.script(&[("S", "save as:"), ("\x15", "save as:")]);
    terminal.keys(saved.display().to_string());
    terminal.script(&[("\r", "saved as /")]);
    assert_eq!(std::fs::read_to_string(&saved).expect("reads"), "one: 1\n");
    std::fs::write(&saved, "mine").expect("writes");
    terminal.script(&[("S", "save as:"), ("\x15", "save as:")]);
    terminal.keys(saved.display().to_string());
    terminal.script(&[("\r", "is there already"), ("\x1b", "#")]);
    assert_eq!(std::fs::read_to_string(&saved).expect("reads"), "mine");
}
