//! `topicdesk show`: a ticket with its thread, oldest first.

use std::io::{self, Write, stdout};

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::site::Site;
use super::table;
use super::times::{self, Zone};
use super::work::{self, TicketNumber};
use crate::clock::Timestamp;
use crate::desk::event::Event;
use crate::desk::ids::TopicId;
use crate::desk::thread::Delivery;
use crate::engine::handle::Handle;
use crate::engine::views::{ChangeView, Entry, EntryKind, ThreadPage, View, ViewRequest, Window};

#[derive(Args)]
pub(super) struct ShowArgs {
    /// The ticket: 1042, #1042; 1042/2 for one of its episodes; 1 for General; shop/1042 in the group shop
    #[arg(value_name = "ID")]
    ticket: TicketNumber,
    /// Only the last so many entries (0: all)
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: usize,
    /// The whole activity log instead of the thread: old → new, who, when
    #[arg(long)]
    activity: bool,
    /// With --activity: only lines that contain all the words
    #[arg(long, value_name = "WORDS", requires = "activity")]
    find: Option<String>,
}

/// How many entries are asked for at once.
const PAGE: usize = 500;

pub(super) async fn run(global: &Global, args: ShowArgs) -> Done {
    let site = Site::open(global)?;
    let (_desk, handle) = site.read_only().await?;
    if args.activity {
        return activity(&site, &handle, &args).await;
    }
    let page = read(&handle, &args.ticket, args.limit).await?;
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&page)?)?);
    }
    let name = work::name_of(&handle, page.ticket.row.key()).await?;
    Ok(print(&page, &name, site.zone(handle.agent()), site.clock.now())?)
}

/// Prints the activity log of a ticket, or of one of its episodes.
async fn activity(site: &Site, handle: &Handle, args: &ShowArgs) -> Done {
    let ticket = work::find(handle, &args.ticket).await?;
    let mut lines = match handle.read(ViewRequest::Activity { ticket }).await {
        View::Activity { lines } => lines,
        other => return Err(work::unreadable(other)),
    };
    lines.retain(|line| args.ticket.episode.is_none_or(|episode| episode == line.episode));
    let words = args.find.as_deref().unwrap_or_default().to_lowercase();
    lines.retain(|line| {
        let text = format!("{} {}", line.by, line.what).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    });
    if args.limit > 0 && lines.len() > args.limit {
        lines.drain(..lines.len() - args.limit);
    }
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&lines)?)?);
    }
    let (zone, width) = (site.zone(handle.agent()), table::width());
    let mut out = stdout().lock();
    for line in &lines {
        let undone = if line.undone { "  [taken back]" } else { "" };
        table::paragraph(&mut out, &zone.moment(line.at), &format!("{}{undone}", line.what), width)?;
    }
    if lines.is_empty() {
        writeln!(out, "{ticket}: no such activity")?;
    }
    Ok(())
}

/// Reads a thread to its beginning, or its last `limit` entries.
async fn read(handle: &Handle, number: &TicketNumber, limit: usize) -> Done<ThreadPage> {
    let key = work::find(handle, number).await?;
    let all = limit == 0 || number.episode.is_some();
    let first = if all { PAGE } else { limit };
    let mut page = work::page(handle, key, Window::Newest, first).await?;
    while all && page.more_before {
        let Some(oldest) = page.thread.first().map(|entry| entry.id) else { break };
        let mut before = work::page(handle, key, Window::Before(oldest), PAGE).await?;
        if before.thread.is_empty() {
            break;
        }
        before.thread.append(&mut page.thread);
        (page.thread, page.more_before) = (before.thread, before.more_before);
    }
    if let Some(episode) = number.episode {
        let now = page.ticket.row.episode;
        if episode > now {
            return Err(Failure::error(format!("{number}: that ticket has had {now} so far")));
        }
        keep_episode(&mut page, episode);
        if limit > 0 && page.thread.len() > limit {
            page.thread.drain(..page.thread.len() - limit);
            page.more_before = true;
        }
    }
    Ok(page)
}

/// Leaves the entries of one episode: from the line that opened it to the one that opened the next.
fn keep_episode(page: &mut ThreadPage, episode: u32) {
    let opened = |entry: &Entry| match &entry.event {
        Some((_, Event::Opened { episode, .. })) => Some(*episode),
        _ => None,
    };
    let mut current = 1;
    let number: Vec<u32> = page
        .thread
        .iter()
        .map(|entry| {
            current = opened(entry).unwrap_or(current);
            current
        })
        .collect();
    // The message that reopens a ticket stands before the line that says so, with the same date.
    let mut keep: Vec<bool> = number.iter().map(|of| *of == episode).collect();
    for at in 1..page.thread.len() {
        if number[at] > number[at - 1] && page.thread[at - 1].at == page.thread[at].at {
            keep[at - 1] = number[at] == episode;
        }
    }
    let mut keep = keep.into_iter();
    page.thread.retain(|_| keep.next().unwrap_or(true));
}

fn print(page: &ThreadPage, name: &str, zone: Zone, now: Timestamp) -> io::Result<()> {
    let width = table::width();
    let mut out = stdout().lock();
    let row = &page.ticket.row;
    if row.id == TopicId::GENERAL {
        writeln!(out, "General of {}", table::safe(&page.ticket.group_title))?;
    } else {
        writeln!(out, "{}", work::standing(name, &page.ticket))?;
        let customer = row.customer.as_ref().map_or("unknown".to_owned(), |person| match &person.username {
            Some(username) => format!("{} (@{username})", person.name),
            None => person.name.clone(),
        });
        let mut facts = vec![format!("customer {customer}"), format!("opened {}", zone.moment(row.opened_at))];
        if let Some(since) = row.waiting_since {
            facts.push(format!("waiting {}", times::ago(now.since(since))));
        }
        if let Some(until) = row.pending.as_ref().and_then(|pending| pending.until) {
            facts.push(format!("until {}", zone.moment(until)));
        }
        if let (Some(asked), Some(answered)) = (page.ticket.first_asked_at, page.ticket.first_response_at) {
            facts.push(format!("first response after {}", times::ago(answered.since(asked))));
        }
        if let Some(due) = &row.due {
            let (clock, at) = (due.clock.title(), zone.moment(due.at));
            facts.push(match due.at <= now {
                true => format!("{clock} overdue since {at} ({})", due.policy),
                false => format!("{clock} due {at} ({})", due.policy),
            });
        }
        if let Some(escalated) = &row.escalated {
            facts.push(format!("escalated {}: {} ({})", zone.moment(escalated.at), escalated.why, escalated.rule));
        }
        facts.extend(row.category.as_ref().map(|category| format!("category {category}")));
        facts.extend(row.unassigned_because.as_ref().map(|why| format!("unassigned because: {why}")));
        if let Some(survey) = &page.ticket.survey {
            facts.push(match survey.score {
                Some(score) => format!("survey {score} of 5"),
                None => format!("survey asked {}", zone.moment(survey.asked_at)),
            });
        }
        if page.ticket.nudges > 0 {
            facts.push(format!("reminded {}x", page.ticket.nudges));
        }
        if let Some(next) = &page.ticket.automatic {
            let when = next.at.map_or_else(|| "on its way".to_owned(), |at| zone.moment(at));
            facts.push(format!("{} {when}", next.kind.label()));
        }
        if let Some(at) = page.ticket.customer_left_at {
            facts.push(format!("left the group {}", zone.moment(at)));
        }
        if let Some(shown) = &page.ticket.shown {
            facts.push(format!("in Telegram {} {}", shown.emoji.as_deref().unwrap_or("-"), shown.note));
        }
        writeln!(out, "{}", table::safe(&facts.join("   ")))?;
    }
    for pinned in &page.ticket.pinned {
        writeln!(out, "pinned {}: {}", pinned.message_id, table::safe(&pinned.text))?;
    }
    writeln!(out, "{}", table::safe(&page.ticket.link))?;
    if page.more_before {
        writeln!(out, "\n(earlier entries are left out)")?;
    }
    let mut day = String::new();
    for entry in &page.thread {
        let today = zone.day(entry.at);
        if today != day {
            writeln!(out, "\n-- {today} --")?;
            day = today;
        }
        let lead = format!("{}  {}", zone.time(entry.at), lead(entry));
        table::paragraph(&mut out, &lead, &body(entry), width)?;
    }
    Ok(())
}

fn lead(entry: &Entry) -> String {
    let author = table::cut(&entry.author, 24);
    match entry.kind {
        EntryKind::Message => author,
        EntryKind::Note => format!("{author} NOTE"),
        EntryKind::Activity => "·".to_owned(),
    }
}

fn body(entry: &Entry) -> String {
    let mut text = String::new();
    if let Some(from) = &entry.forwarded_from {
        text.push_str(&format!("(forwarded from {from}) "));
    }
    match (&entry.quote, &entry.quote_author) {
        (Some(quote), Some(author)) => text.push_str(&format!("> {author}: {quote}\n")),
        (Some(quote), None) => text.push_str(&format!("> {quote}\n")),
        (None, _) => {}
    }
    text.push_str(&entry.text);
    let mut marks: Vec<String> = Vec::new();
    marks.extend(entry.reactions.iter().map(|one| format!("{} {}", one.emoji, one.count)));
    match &entry.delivery {
        Some(Delivery::Sent { .. }) | None => {}
        Some(Delivery::Parked { why }) => marks.push(format!("NOT SENT: {why}")),
        Some(other) => marks.push(other.label().to_owned()),
    }
    match &entry.change {
        Some(ChangeView { refused: Some(why), .. }) => marks.push(format!("NOT CHANGED: {why}")),
        Some(ChangeView { text: Some(_), .. }) => marks.push("being changed".to_owned()),
        Some(_) => marks.push("being deleted".to_owned()),
        None => {}
    }
    marks.extend(entry.pinned.then(|| "pinned".to_owned()));
    let edited = if entry.edited_after_answer { "edited after the answer" } else { "edited" };
    marks.extend(entry.edited_at.filter(|_| !entry.deleted).map(|_| edited.to_owned()));
    marks.extend(entry.deleted.then(|| "deleted in Telegram".to_owned()));
    marks.extend(entry.late.then(|| "came late".to_owned()));
    if !marks.is_empty() {
        text.push_str(&format!("  [{}]", marks.join(", ")));
    }
    text
}
