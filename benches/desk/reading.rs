//! Reading: what a screen asks for, on a cache of 10,000 tickets and 100,000 messages.

use std::hint::black_box;
use std::path::Path;

use criterion::Criterion;
use topicdesk::clock::Clock;
use topicdesk::desk::ids::AgentName;
use topicdesk::desk::rules::Rules;
use topicdesk::engine::runner;
use topicdesk::engine::views::{QueueName, Sort, View, ViewRequest, Window};

use super::site::Site;

pub(crate) fn measure(criterion: &mut Criterion, _site: &Site, folder: &Path) {
    let desk = runner::read_only(&folder.join("default"), Rules::default(), Clock::System).expect("readable");
    let handle = desk.handle(AgentName::from("anna"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let read = |request: ViewRequest| runtime.block_on(handle.read(request));
    let queue = |filter: &str| ViewRequest::Queue {
        queue: QueueName::All,
        filter: filter.into(),
        sort: Sort::Natural,
        offset: 0,
        limit: 60,
    };
    let View::Queue(page) = read(queue("")) else { panic!("no queue") };
    println!("{} tickets", page.total);
    let ticket = page.rows[page.rows.len() / 2].key();
    for (name, request) in [
        ("queue All, first page", queue("")),
        ("queue All, filtered by a word", queue("order")),
        ("counts of all queues", ViewRequest::Counts),
        ("thread, newest 60", ViewRequest::Thread { ticket, window: Window::Newest, limit: 60 }),
        ("statistics, counted anew", ViewRequest::Stats { since: None, until: None }),
        ("brief of a day", ViewRequest::Brief { since: Clock::System.now() - std::time::Duration::from_secs(86_400) }),
        ("search, one word", ViewRequest::Search { text: "order".into(), limit: 50 }),
    ] {
        let view = read(request.clone());
        assert!(!matches!(view, View::Unreadable { .. }), "{name}: {view:?}");
        criterion.bench_function(name, |bencher| bencher.iter(|| black_box(read(request.clone()))));
    }
}
