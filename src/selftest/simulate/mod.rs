//! Deterministic simulation: the real engine over a real store against a model of Telegram, one run a seed.
//!
//! In a run customers, staff and bots write, edit and delete; agents reply, note, claim, resolve, repeat their commands; updates come
//! late, early, twice, out of order, in differences, or never; sends end in every way there is, and so do changes of topics where
//! statuses are shown; on disk replies bring files, and files are fetched; the process dies between any two steps and inside
//! transactions. Then the faults end, everything that is owed comes about, and the store has to equal the world.
//!
//! The same seed gives the same run. Every sixteenth is on disk, reopened after each crash; the others are in memory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

use super::sabotage::Sabotage;
use run::Run;
use verdict::Verdict;

mod actors;
mod link;
mod rules;
mod run;
mod verdict;
mod world;

/// One seed in so many is run on disk.
const ON_DISK: u64 = 16;

/// How much of what happened is kept of a run that failed.
const TAIL: usize = 60;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The first seed.
    pub seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// On so many threads.
    pub threads: usize,
    /// With this defect.
    pub sabotage: Option<Sabotage>,
}

/// What the simulation came to. Serialises as one JSON object.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The first seed.
    pub first_seed: u64,
    /// How many were run.
    pub seeds: u64,
    /// So many of them failed.
    pub failed: u64,
    /// How many of them were on disk.
    pub on_disk: u64,
    /// Runs a second, over all threads.
    pub seeds_per_second: f64,
    /// Sends that the engine ordered.
    pub sent: u64,
    /// Messages that were written in the worlds.
    pub received: u64,
    /// Of the world or of the agents' replies, what is not where it should be.
    pub lost: u64,
    /// What is there twice.
    pub repeated: u64,
    /// Notes and drafts that left the desk.
    pub leaked: u64,
    /// Replies that left into a thread that had moved on since their agent looked.
    pub stale: u64,
    /// Whatever else is not as it should be: a ticket that is not the fold of its events, a cursor that is not the world's.
    pub wrong: u64,
    /// Sends that had to be repeated.
    pub resends: u64,
    /// Repeats that Telegram called duplicates.
    pub duplicates_refused: u64,
    /// Replies that still waited for another word of their agent when the faults ended.
    pub asked_again: u64,
    /// What went wrong on purpose, by kind.
    pub faults: Faults,
    /// The first ten that did, as they were found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_seeds: Vec<u64>,
    /// The failure of the lowest seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<Failure>,
}

/// What went wrong on purpose, by kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Faults {
    /// The process died between two steps.
    pub crashes: u64,
    /// The process died inside a transaction.
    pub crashes_in_commit: u64,
    /// A commit was refused, and the process lived on.
    pub refused_commits: u64,
    /// Batches that never arrived.
    pub batches_lost: u64,
    /// Batches that arrived twice.
    pub batches_doubled: u64,
    /// Batches that arrived out of order.
    pub batches_swapped: u64,
    /// Updates that came before those that precede them.
    pub early_updates: u64,
    /// Differences that were too long.
    pub too_long: u64,
    /// Connections that broke.
    pub reconnects: u64,
    /// Fetches that failed.
    pub failed_fetches: u64,
    /// Fetches that were answered late.
    pub stale_fetches: u64,
    /// Sends that were carried out, with the answer lost.
    pub answers_lost: u64,
    /// Sends that never reached Telegram.
    pub requests_lost: u64,
    /// Sends that were put off.
    pub flood_waits: u64,
    /// Sends that were refused.
    pub refusals: u64,
    /// Changes of topics that were asked for.
    pub topic_edits: u64,
    /// Those of which it was not known whether they were carried out.
    pub topic_edits_in_doubt: u64,
    /// Those that were refused for a right that the desk has.
    pub topic_edits_refused: u64,
    /// Files that left with replies, and files that came.
    pub files: u64,
    /// Changes of reactions that were never told.
    pub reactions_missed: u64,
    /// Words to staff of which it was not known whether they were heard.
    pub words_in_doubt: u64,
}

/// A run that failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// Gives the same run again.
    pub seed: u64,
    /// What was found.
    pub complaints: Vec<String>,
    /// The last things that happened.
    pub trace: Vec<String>,
}

impl Report {
    /// Tells whether nothing was found.
    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    fn add(&mut self, seed: u64, on_disk: bool, run: &Run, verdict: Verdict) {
        self.seeds += 1;
        self.on_disk += u64::from(on_disk);
        self.sent += run.sent;
        self.received += run.world.messages.len() as u64;
        self.lost += verdict.lost;
        self.repeated += verdict.repeated;
        self.leaked += verdict.leaked;
        self.stale += verdict.stale;
        self.wrong += verdict.wrong;
        self.resends += run.link.resends;
        self.asked_again += run.asked_again;
        let injected = run.link.injected;
        self.duplicates_refused += injected.duplicates;
        let faults = &mut self.faults;
        faults.crashes += run.crashes;
        faults.crashes_in_commit += run.crashes_in_commit;
        faults.refused_commits += run.refused_commits;
        faults.batches_lost += injected.batches_lost;
        faults.batches_doubled += injected.batches_doubled;
        faults.batches_swapped += injected.batches_swapped;
        faults.early_updates += injected.early;
        faults.too_long += injected.too_long;
        faults.reconnects += injected.reconnects;
        faults.failed_fetches += injected.failed_fetches;
        faults.stale_fetches += injected.stale_fetches;
        faults.answers_lost += injected.answers_lost;
        faults.requests_lost += injected.requests_lost;
        faults.flood_waits += injected.flood_waits;
        faults.refusals += injected.refusals;
        faults.topic_edits += injected.edits;
        faults.topic_edits_in_doubt += injected.edits_in_doubt;
        faults.topic_edits_refused += injected.rights_refused;
        faults.files += injected.files_sent + injected.files_fetched;
        faults.reactions_missed += injected.reactions_missed;
        faults.words_in_doubt += injected.words_in_doubt;
        if verdict.is_good() {
            return;
        }
        self.failed += 1;
        if self.failed_seeds.len() < 10 {
            self.failed_seeds.push(seed);
        }
        if self.first_failure.as_ref().is_none_or(|first| seed < first.seed) {
            self.first_failure = Some(Failure { seed, complaints: verdict.complaints, trace: Vec::new() });
        }
    }
}

/// Runs the seeds of a plan. Stops early when `stop` says so.
pub fn simulate(plan: &Plan, stop: &AtomicBool) -> Report {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let report = Mutex::new(Report { first_seed: plan.seed, ..Report::default() });
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= plan.seeds {
                        break;
                    }
                    let seed = plan.seed.wrapping_add(number);
                    one(seed, plan, &report);
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    report.seeds_per_second = report.seeds as f64 / started.elapsed().as_secs_f64().max(1e-6);
    if let Some(first) = &mut report.first_failure {
        first.trace = trace(first.seed, plan.sabotage);
        let skip = first.trace.len().saturating_sub(TAIL);
        if plan.seeds > 1 {
            first.trace.drain(..skip);
        }
    }
    report
}

/// Tells everything that happens in a run.
pub fn trace(seed: u64, sabotage: Option<Sabotage>) -> Vec<String> {
    match Run::new(seed, sabotage, seed.is_multiple_of(ON_DISK), true) {
        Ok(mut run) => {
            let end = run.run();
            let mut lines = run.trace.take().unwrap_or_default();
            lines.extend(end.err());
            lines
        }
        Err(why) => vec![why],
    }
}

fn one(seed: u64, plan: &Plan, report: &Mutex<Report>) {
    let on_disk = seed.is_multiple_of(ON_DISK);
    let failed = |why: String| {
        let mut report = report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        report.failed += 1;
        report.wrong += 1;
        report.first_failure = Some(Failure { seed, complaints: vec![why], trace: Vec::new() });
    };
    let mut run = match Run::new(seed, plan.sabotage, on_disk, false) {
        Ok(run) => run,
        Err(why) => return failed(why),
    };
    let end = run.run();
    let mut verdict = match verdict::judge(&mut run) {
        Ok(verdict) => verdict,
        Err(error) => return failed(error.to_string()),
    };
    if let Err(why) = end {
        verdict.wrong(why);
    }
    report.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(seed, on_disk, &run, verdict);
}
