//! The simulation: two thousand seeds, none of which loses, repeats or leaks anything; and sabotage, which it finds.

use std::sync::atomic::AtomicBool;

use topicdesk::selftest::sabotage::Sabotage;
use topicdesk::selftest::simulate::{Plan, Report, simulate};

fn run(seeds: u64, sabotage: Option<Sabotage>) -> Report {
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    simulate(&Plan { seed: 1, seeds, threads, sabotage }, &AtomicBool::new(false))
}

#[test]
fn two_thousand_seeds_lose_repeat_and_leak_nothing() {
    let report = run(2_000, None);
    assert!(report.is_good(), "{report:#?}");
    assert_eq!((report.seeds, report.on_disk), (2_000, 125));
    let faults = report.faults;
    for (kind, count) in [
        ("crashes", faults.crashes),
        ("crashes in a commit", faults.crashes_in_commit),
        ("refused commits", faults.refused_commits),
        ("lost batches", faults.batches_lost),
        ("doubled batches", faults.batches_doubled),
        ("swapped batches", faults.batches_swapped),
        ("early updates", faults.early_updates),
        ("too long differences", faults.too_long),
        ("answers lost", faults.answers_lost),
        ("duplicates", report.duplicates_refused),
        ("another word", report.asked_again),
        ("changes of topics", faults.topic_edits),
        ("changes of topics in doubt", faults.topic_edits_in_doubt),
        ("files", faults.files),
        ("reactions missed", faults.reactions_missed),
        ("words to staff in doubt", faults.words_in_doubt),
    ] {
        assert!(count >= 50, "{kind} hardly happened: {count}\n{report:#?}");
    }
}

#[test]
fn sabotage_is_found() {
    for sabotage in Sabotage::ALL {
        let report = run(60, Some(sabotage));
        let found = match sabotage {
            Sabotage::FreshRandomId => report.repeated,
            Sabotage::CursorFirst | Sabotage::DropBatch => report.lost,
            Sabotage::NoteAsReply => report.leaked,
            Sabotage::BlindGuard => report.stale,
        };
        assert!(found > 0, "{} was not found: {report:#?}", sabotage.label());
    }
}

#[test]
fn a_seed_gives_the_same_run() {
    let trace = topicdesk::selftest::simulate::trace(7, None);
    assert!(trace.len() > 100, "{trace:?}");
    assert_eq!(trace, topicdesk::selftest::simulate::trace(7, None));
}
