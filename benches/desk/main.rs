//! What the desk costs, in figures: `cargo bench --bench desk`, or a part of it: `… -- ingest`, `reading`, `screen`.
//!
//! A sandbox with 10,000 topics and 100,000 messages runs in this process; the desk is the shipped library, and for the screen
//! the shipped binary in a pseudo-terminal. What is short is timed by criterion; what runs for seconds is timed in alternating
//! runs, of which medians are printed. These machines are shared: read ratios, not times.

use std::time::Duration;

use criterion::Criterion;

mod ingest;
mod reading;
mod screen;
mod site;

/// How many runs of each kind.
const RUNS: usize = 5;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == screen::ONE_LINE) {
        screen::one_line();
        return;
    }
    // `cargo test --benches` asks for nothing but a look that they can be started.
    if words.iter().any(|word| word == "--test") {
        return;
    }
    let wanted = |name: &str| {
        let parts = ["ingest", "reading", "screen"];
        words.iter().any(|word| word == name) || !words.iter().any(|word| parts.contains(&word.as_str()))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let site = runtime.block_on(site::Site::new());
    if wanted("ingest") {
        runtime.block_on(ingest::measure(&site));
    }
    let folder = runtime.block_on(site.mirrored());
    let mut criterion = Criterion::default().without_plots();
    if wanted("reading") {
        reading::measure(&mut criterion, &site, folder.path());
    }
    if wanted("screen") {
        screen::measure(&mut criterion, folder.path());
    }
    criterion.final_summary();
}
