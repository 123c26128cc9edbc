//! Several screens at one desk, in real terminals: the first runs it, the others attach, and one of them goes on when the first dies.

use rustix::process::{Pid, Signal, kill_process};

use crate::cli_seats::Server;
use crate::pty::{enter, open, silent};
use crate::support::process::{Desk, SandboxProcess, until};
use crate::support::screen::Start;

fn second(desk: &Desk) -> Start {
    // The demo has left its configuration beside its data.
    Start::new(&["--agent", "tom"]).data_dir(desk.path())
}

#[test]
fn a_second_screen_attaches_and_takes_over_when_the_first_dies() {
    let desk = Desk::empty();
    let mut first = open(silent(&desk));
    let mut other = second(&desk).open();
    other.sees("live");
    let seats = desk.json(&["seats"]);
    let others: Vec<&str> =
        seats.as_array().expect("a list").iter().filter_map(|seat| seat["agent"].as_str()).collect();
    assert!(others.contains(&"tom"), "{seats}");
    // Both are there, the one in whose process the desk runs too; and who asks is no screen.
    let screens: Vec<_> =
        seats.as_array().expect("a list").iter().filter(|seat| seat["screens"].as_u64() > Some(0)).collect();
    assert_eq!(screens.len(), 2, "{seats}");
    assert!(screens.iter().all(|seat| seat["used"].is_string() && seat["presence"] == "available"), "{seats}");
    let status = desk.run(&["status"]).ok();
    assert!(status.contains(", 2 screens open"), "{status}");

    // What one does the other sees, and who comes second is told.
    let ticket = desk.queue("unassigned").remove(0);
    enter(&mut first, &ticket);
    first.keys("c");
    first.sees(&format!("claimed #{ticket}"));
    enter(&mut other, &ticket);
    other.keys("c");
    other.sees("is anna's: claimed");

    // The sandbox dies with the demo's process: there is no link any more, but the desk goes on.
    other.keys("i");
    other.sees("INTERNAL NOTE");
    other.write("dear colleague");
    let host = desk.json(&["status"])["pid"].as_i64().and_then(|pid| Pid::from_raw(pid as i32)).expect("a process");
    kill_process(host, Signal::KILL).expect("is there");
    other.sees("it runs here now");
    other.keys("\r");
    until("the note is there", || desk.run(&["show", &ticket]).out.contains("dear colleague").then_some(()));
    let status = desk.json(&["status"]);
    assert_ne!(status["pid"].as_i64(), Some(i64::from(host.as_raw_nonzero().get())));
}

#[test]
fn two_who_would_answer_the_same_are_told_of_each_other() {
    let desk = Desk::empty();
    let mut anna = open(silent(&desk));
    let mut tom = second(&desk).open();
    tom.sees("live");
    let ticket = desk.queue("unassigned").remove(0);
    enter(&mut anna, &ticket);
    enter(&mut tom, &ticket);
    anna.sees("tom is looking");
    tom.sees("anna is looking");
    // Who answers takes the ticket; then it is said whose it is, and what they do.
    anna.keys("r");
    anna.sees("PUBLIC");
    anna.write("Dear customer");
    tom.sees("anna is writing");
    tom.keys("r");
    tom.sees("anna is writing here");
    tom.keys("s");
    tom.sees("PUBLIC");
    tom.keys("Hello");
    anna.sees("tom is writing");
    anna.keys("\r");
    anna.sees("tom is writing here: reply all the same?");
    anna.keys("y");
    anna.sees("Dear customer");
    anna.misses("reply all the same?");
    // Who is gone looks at nothing any more, however they went.
    tom.hang_up();
    anna.misses("tom is");
}

#[test]
fn a_desk_beside_a_screen_reads_its_file_again_and_the_screens_stay() {
    let desk = Desk::empty();
    let mut anna = open(silent(&desk));
    let mut tom = second(&desk).open();
    tom.sees("live");
    let ticket = desk.queue("unassigned").remove(0);
    for terminal in [&mut anna, &mut tom] {
        enter(terminal, &ticket);
        terminal.keys("i");
        terminal.sees("INTERNAL NOTE");
    }
    anna.write("a note of anna's");
    tom.write("a note of tom's");
    let file = desk.path().join("desk.toml");
    let good = std::fs::read_to_string(&file).expect("reads");
    desk.configure(&format!("{good}\n[[queues]]\nname = 5\n"));
    desk.run(&["reload"]).fails(2, "desk.toml:");
    desk.configure(&format!("{good}\n[[queues]]\nname = \"Everything\"\nquery = \"-tag:none\"\n"));
    assert!(desk.run(&["reload"]).ok().contains("read again"));
    until("the new queue is there", || desk.run(&["queue", "Everything"]).out.contains(&ticket).then_some(()));
    // Both go on where they were, with what they had written.
    for (terminal, words) in [(&mut anna, "a note of anna's"), (&mut tom, "a note of tom's")] {
        terminal.sees(words);
        terminal.keys("\r");
    }
    until("both notes are there", || {
        let shown = desk.run(&["show", &ticket]).out;
        (shown.contains("a note of anna's") && shown.contains("a note of tom's")).then_some(())
    });
    // From the screen: a mistake is told with its place, and nothing has changed.
    desk.configure(&format!("{good}\n[[queues]]\nname = 5\n"));
    anna.keys(":reload\r");
    anna.sees("stays as it was");
    anna.sees("desk.toml:");
    // So is what only screens find wrong.
    desk.configure(&format!("{good}\n[tui]\ntheme = \"lightish\"\n"));
    desk.run(&["reload"]).fails(2, "there is no theme `lightish`");
    // Keys and templates are new on every screen, and nobody has opened one again.
    std::fs::create_dir_all(desk.path().join("templates")).expect("a folder");
    let template = "+++\nname = \"Late shift\"\nkey = \"F11\"\n+++\nWe are back at nine.\n";
    std::fs::write(desk.path().join("templates/late.md"), template).expect("writes");
    desk.configure(&format!("{good}\n[keys.ticket]\nnote = \"F12\"\n"));
    anna.keys(":reload\r");
    anna.sees("read again, for this screen too");
    tom.misses("the desk is there again");
    for terminal in [&mut anna, &mut tom] {
        terminal.sees("F12 note");
        terminal.keys("\u{1b}[24~");
        terminal.sees("INTERNAL NOTE");
        terminal.keys("\u{1b}[23~");
        terminal.sees("We are back at nine.");
        terminal.keys("\u{1b}");
        terminal.misses("INTERNAL NOTE");
    }
    until("the queue is gone", || (desk.run(&["queue", "Everything"]).code != Some(0)).then_some(()));
    anna.keys(":seats\r");
    anna.sees("Who sits at the desk");
    anna.sees("tom");
}

#[test]
fn a_screen_says_that_nobody_is_logged_in_and_goes_on_when_somebody_is() {
    let sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.desk("backfill_calls_per_second = 0");
    let mut server = Server::start(desk.command(&["serve"]));
    assert!(server.next_line().contains("not logged in"));
    let anna = Start::new(&["--agent", "anna"]).data_dir(desk.path()).open();
    anna.sees("stopped: not logged in: an admin runs");
    sandbox.login(&desk).ok();
    anna.sees("live");
    anna.misses("not logged in");
}

#[test]
fn two_screens_of_one_agent_are_at_two_tickets_and_one_is_killed() {
    let desk = Desk::empty();
    let mut anna = open(silent(&desk));
    let mut other = Start::new(&["--agent", "anna"]).data_dir(desk.path()).open();
    let mut tom = second(&desk).open();
    other.sees("live");
    tom.sees("live");
    let tickets = desk.queue("unassigned");
    enter(&mut anna, &tickets[0]);
    enter(&mut other, &tickets[1]);
    enter(&mut tom, &tickets[0]);
    tom.sees("anna is looking");
    enter(&mut tom, &tickets[1]);
    tom.sees("anna is looking");
    // A screen that is stopped is as it was; one that is killed is gone.
    other.signal(Signal::STOP);
    tom.sees("anna is looking");
    other.signal(Signal::KILL);
    tom.misses("anna is looking");
    enter(&mut tom, &tickets[0]);
    tom.sees("anna is looking");
}

#[test]
fn whoever_leaves_a_desk_that_does_not_answer_is_asked_and_told() {
    let sandbox = SandboxProcess::start(&["--quiet", "--flood-per-minute", "0"]);
    let desk = sandbox.bot_desk("backfill_calls_per_second = 0");
    let server = Server::start(desk.command(&["serve"]));
    desk.run(&["sync"]).ok();
    let ticket = desk.queue("unassigned").remove(0);
    let mut anna = Start::new(&["--agent", "anna"]).data_dir(desk.path()).open();
    let mut tom = second(&desk).open();
    for terminal in [&mut anna, &mut tom] {
        terminal.sees("live");
        enter(terminal, &ticket);
        terminal.keys("i");
        terminal.sees("INTERNAL NOTE");
        terminal.write("said to nobody");
    }
    kill_process(server.pid(), Signal::STOP).expect("is there");
    for terminal in [&mut anna, &mut tom] {
        terminal.keys("!");
        terminal.sees("said to nobody!");
        terminal.misses("draft saved");
        terminal.keys("\r");
        terminal.misses("INTERNAL NOTE on");
        terminal.sees("no answer from the desk");
        terminal.keys("q");
        terminal.sees("is lost if you");
    }
    // Enter goes back, and nothing is lost when the desk goes on.
    anna.keys("\r");
    anna.misses("is lost if you leave now");
    tom.keys("y");
    tom.left_as("says that it may not have been done", |screen| {
        screen.contents().contains("it may not have been done")
    });
    kill_process(server.pid(), Signal::CONT).expect("is there");
    anna.sees("noted in");
    assert!(desk.run(&["show", &ticket]).ok().contains("said to nobody!"));
}

#[test]
fn a_screen_that_gets_sigusr1_has_the_file_read_again() {
    let desk = Desk::empty();
    let mut anna = open(silent(&desk));
    let file = desk.path().join("desk.toml");
    let good = std::fs::read_to_string(&file).expect("reads");
    desk.configure(&format!("{good}\n[keys.ticket]\nnote = \"F12\"\n"));
    let host = desk.json(&["status"])["pid"].as_i64().and_then(|pid| Pid::from_raw(pid as i32)).expect("a process");
    kill_process(host, Signal::USR1).expect("is there");
    anna.sees("read again, for this screen too");
    anna.keys("\r");
    anna.sees("F12 note");
}
