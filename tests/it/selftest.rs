//! The selftests over real sockets, by the real binary: a short soak and a few kill rounds are clean, sabotaged ones are not.

use std::process::{Command, Output};

use serde_json::Value;

fn selftest(args: &[&str]) -> (Value, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_topicdesk"))
        .args(["selftest"])
        .args(args)
        .arg("--json")
        .output()
        .expect("the program runs");
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (value, output)
}

fn number(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap_or_else(|| panic!("{name} is no number: {report:#}"))
}

#[test]
fn a_short_soak_loses_nothing_and_shows_the_world() {
    let (report, output) = selftest(&["soak", "--minutes", "0.1", "--seed", "3"]);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    for zero in ["lost", "repeated", "leaked"] {
        assert_eq!(number(&report, zero), 0, "{report:#}");
    }
    assert!(number(&report, "sent") > 0 && number(&report, "compared") > 10, "{report:#}");
    assert!(report["faults"].as_object().is_some_and(|faults| !faults.is_empty()), "{report:#}");
}

#[test]
fn killed_engines_lose_and_repeat_nothing() {
    let (report, output) = selftest(&["kill", "--rounds", "6", "--seed", "2"]);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!(number(&report, "rounds"), 6);
    assert!(number(&report, "sent") > 0, "{report:#}");
    let worst = report["phases"]["processed, not settled"].as_u64().unwrap_or(0);
    assert!(worst > 0, "none fell between processed and settled: {report:#}");
}

#[test]
fn what_screens_at_one_desk_press_is_done_once_and_shown() {
    let (report, output) = selftest(&["seats", "--seats", "8", "--tickets", "40", "--seconds", "8"]);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    for zero in ["unanswered", "lost", "repeated"] {
        assert_eq!(number(&report, zero), 0, "{report:#}");
    }
    assert!(number(&report, "commands") > 0 && number(&report, "received") > 0, "{report:#}");
    assert!(report["command_to_screen"]["median_ms"].as_f64().is_some_and(|median| median > 0.0), "{report:#}");
}

#[test]
fn a_kill_round_finds_a_fresh_random_id() {
    let (report, output) = selftest(&["kill", "--rounds", "5", "--seed", "2", "--sabotage", "fresh-random-id"]);
    assert!(number(&report, "repeated") > 0, "{report:#}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_soak_finds_a_note_that_is_sent() {
    let (report, output) = selftest(&["soak", "--minutes", "0.1", "--seed", "2", "--sabotage", "note-as-reply"]);
    assert!(number(&report, "leaked") > 0, "{report:#}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_seed_that_fails_is_named() {
    let (report, output) = selftest(&["simulate", "--seeds", "30", "--sabotage", "drop-batch"]);
    assert!(number(&report, "lost") > 0, "{report:#}");
    assert!(report["first_failure"]["seed"].is_u64() && report["seeds_per_second"].is_f64(), "{report:#}");
    assert_eq!(output.status.code(), Some(1));
    let mut unknown = Command::new(env!("CARGO_BIN_EXE_topicdesk"));
    let output = unknown.args(["selftest", "simulate", "--sabotage", "x"]).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
