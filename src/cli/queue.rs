//! `topicdesk queue`: the tickets of a queue.

use std::io::{Write, stdout};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::work::unreadable;
use super::{table, times};
use crate::clock::Timestamp;
use crate::engine::views::{QueueName, Sort, TicketRow, View, ViewRequest};

#[derive(Args)]
pub(super) struct QueueArgs {
    /// Which queue
    #[arg(default_value = QueueName::All.label(), value_parser = PossibleValuesParser::new(QueueName::ALL.map(QueueName::label)))]
    queue: String,
    /// Only tickets whose title, customer or last message contains the words, or with this number
    #[arg(long, value_name = "WORDS", default_value = "")]
    filter: String,
    /// In this order
    #[arg(long, value_name = "ORDER", default_value = "natural", value_parser = PossibleValuesParser::new(SORTS.map(|(name, _)| name)))]
    sort: String,
    /// At most so many (0: all)
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: usize,
    /// Leave out so many first
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: usize,
}

const SORTS: [(&str, Sort); 5] = [
    ("natural", Sort::Natural),
    ("due", Sort::Due),
    ("waiting", Sort::Waiting),
    ("newest", Sort::Newest),
    ("activity", Sort::Activity),
];

/// How many rows are asked for at once.
const PAGE: usize = 500;

pub(super) async fn run(global: &Global, args: QueueArgs) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only()?;
    let queue = QueueName::ALL.into_iter().find(|queue| queue.label() == args.queue).unwrap_or(QueueName::All);
    if queue == QueueName::Mine {
        // Everybody else's is nobody's.
        site.agent()?;
    }
    let sort = SORTS.iter().find(|(name, _)| *name == args.sort).map_or(Sort::Natural, |(_, sort)| *sort);
    let wanted = if args.limit == 0 { usize::MAX } else { args.limit };
    let mut rows: Vec<TicketRow> = Vec::new();
    let total = loop {
        let limit = (wanted - rows.len()).min(PAGE);
        let request =
            ViewRequest::Queue { queue, filter: args.filter.clone(), sort, offset: args.offset + rows.len(), limit };
        let page = match handle.read(request).await {
            View::Queue(page) => page,
            other => return Err(unreadable(other)),
        };
        let read = page.rows.len();
        rows.extend(page.rows);
        if read < limit || rows.len() >= wanted {
            break page.total;
        }
    };
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&rows)?)?);
    }
    print(&site, queue, &rows, total).map_err(Failure::from)
}

fn print(site: &Site, queue: QueueName, rows: &[TicketRow], total: usize) -> std::io::Result<()> {
    let now = site.clock.now();
    let has_policies = !site.config.rules.sla.is_empty();
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let episode = if row.episode > 1 { format!("/{}", row.episode) } else { String::new() };
            let mark = if row.unread { "●" } else { "" };
            let mut line = vec![
                format!("{mark}{}", row.status.letter()),
                format!("#{}{episode}", row.id),
                row.waiting_since
                    .filter(|_| row.status.is_live())
                    .map_or("-".to_owned(), |since| times::ago(now.since(since))),
                row.assignee.as_ref().map_or("-".to_owned(), ToString::to_string),
                row.customer.as_ref().map_or("-".to_owned(), |person| table::cut(&person.name, 20)),
                table::cut(&row.title, 30),
                row.last_text.clone(),
            ];
            if has_policies {
                line.insert(3, due(row, now));
            }
            line
        })
        .collect();
    let mut out = stdout().lock();
    let mut head = vec!["S", "TICKET", "WAIT", "ASSIGNEE", "CUSTOMER", "TITLE", "LAST MESSAGE"];
    if has_policies {
        head.insert(3, "DUE");
    }
    table::write(&mut out, &head, &lines, table::width())?;
    writeln!(out, "{}: {} of {total}", queue.title(), rows.len())
}

/// Tells the time that is left, or `late 2h`.
fn due(row: &TicketRow, now: Timestamp) -> String {
    match &row.due {
        Some(due) if due.at <= now => format!("late {}", times::ago(now.since(due.at))),
        Some(due) => times::ago(due.at.since(now)),
        None => "-".to_owned(),
    }
}
