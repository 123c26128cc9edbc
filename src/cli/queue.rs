//! `topicdesk queue`: the tickets of a queue.

use std::io::{Write, stdout};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::args::Global;
use super::failure::{Done, Failure};
use super::mirror::glance;
use super::site::Site;
use super::work::{self, unreadable};
use super::{table, times};
use crate::clock::Timestamp;
use crate::desk::groups;
use crate::desk::query::Query;
use crate::desk::rules::Rules;
use crate::engine::views::{DeskView, QueueName, Sort, TicketRow, View, ViewRequest};

#[derive(Args)]
#[command(after_help = help())]
pub(super) struct QueueArgs {
    /// Which queue: one of those below, or the name of one in desk.toml
    #[arg(default_value = QueueName::All.label())]
    queue: String,
    /// Only tickets that the query takes: words of title, customer or last message, a number, conditions
    #[arg(long, value_name = "QUERY", default_value = "", allow_hyphen_values = true)]
    filter: String,
    /// In this order
    #[arg(long, value_name = "ORDER", value_parser = PossibleValuesParser::new(Sort::ALL.map(|(name, _)| name)))]
    sort: Option<String>,
    /// At most so many (0: all)
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: usize,
    /// Leave out so many first
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: usize,
}

/// Tells the queues and the language of queries.
pub(super) fn help() -> String {
    let queues = QueueName::ALL.map(QueueName::label).join(", ");
    let mut text = format!("Queues: {queues}; and those of [[queues]] in desk.toml.\n\n{QUERIES}");
    for (key, values) in Query::keys() {
        text.push_str(&format!("\n  {:<10} {values}", format!("{key}:")));
    }
    text
}

const QUERIES: &str = "Queries: conditions and words that must all hold; `-` before one turns it round, a comma means or.\n  \
                       status:open,pending assignee:me -tag:spam waiting:>2h \"exact words\"";

/// How many rows are asked for at once.
const PAGE: usize = 500;

pub(super) async fn run(global: &Global, args: QueueArgs) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    let rules = &site.config.rules;
    let (queue, title) = named(rules, &args.queue)?;
    work::check_query(&site, &handle, &args.filter).await?;
    if queue == QueueName::Mine {
        // Everybody else's is nobody's.
        site.agent()?;
    }
    let sort = args.sort.as_deref().and_then(Sort::named).unwrap_or_default();
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
    let desk = glance(&handle).await?;
    print(&site, &desk, &title, &rows, total).map_err(Failure::from)
}

/// Finds a queue by its name: the queue and its title.
fn named(rules: &Rules, name: &str) -> Done<(QueueName, String)> {
    if let Some(queue) = QueueName::ALL.into_iter().find(|queue| queue.label().eq_ignore_ascii_case(name)) {
        return Ok((queue, queue.title().to_owned()));
    }
    let saved = (0..).map(QueueName::Saved).zip(&rules.queues);
    let saved: Vec<_> = saved.collect();
    match saved.iter().find(|(_, saved)| saved.name.eq_ignore_ascii_case(name)) {
        Some((queue, saved)) => Ok((*queue, saved.name.clone())),
        None => {
            let known = QueueName::ALL.map(|queue| queue.label().to_owned());
            let all: Vec<String> = known.into_iter().chain(saved.iter().map(|(_, saved)| saved.name.clone())).collect();
            // Conditions have a colon; the names of queues may, but then there is none of that name.
            let hint = match name.contains(':') {
                true => format!(
                    ". Is it a query? Say `topicdesk queue --filter {0:?}`, or `topicdesk search {0:?}`",
                    table::cut(name, 60)
                ),
                false => String::new(),
            };
            let name = table::cut(name, 60);
            Err(Failure::usage(format!("there is no queue `{}`: {}{hint}", name.escape_debug(), all.join(", "))))
        }
    }
}

/// Longer names of groups are shortened to what differs: a narrow terminal cuts them further.
const GROUP: usize = 12;

fn print(site: &Site, desk: &DeskView, title: &str, rows: &[TicketRow], total: usize) -> std::io::Result<()> {
    let now = site.clock.now();
    let names: Vec<&str> = desk.groups.iter().map(|facts| facts.called().name()).collect();
    let has_policies = !site.config.rules.sla.is_empty();
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let episode = if row.episode > 1 { format!("/{}", row.episode) } else { String::new() };
            let mark = if row.unread { "●" } else { "" };
            let mut line = vec![
                format!("{mark}{}", row.status.letter()),
                // `open` takes the numbers of messages.
                row.message.map_or_else(|| format!("#{}{episode}", row.id), |message| message.to_string()),
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
            if names.len() > 1 {
                line.insert(1, table::cut(groups::short(&row.group_name, &names, GROUP), 20));
            }
            line
        })
        .collect();
    let mut out = stdout().lock();
    let mut head = vec!["S", "TICKET", "WAIT", "ASSIGNEE", "CUSTOMER", "TITLE", "LAST MESSAGE"];
    if rows.first().is_some_and(|row| row.message.is_some()) {
        head[1] = "MESSAGE";
    }
    if has_policies {
        head.insert(3, "DUE");
    }
    if names.len() > 1 {
        head.insert(1, "GROUP");
    }
    table::write(&mut out, &head, &lines, table::width())?;
    writeln!(out, "{title}: {} of {total}", rows.len())
}

/// Tells the time that is left, or `late 2h`.
fn due(row: &TicketRow, now: Timestamp) -> String {
    match &row.due {
        Some(due) if due.at <= now => format!("late {}", times::ago(now.since(due.at))),
        Some(due) => times::ago(due.at.since(now)),
        None => "-".to_owned(),
    }
}
