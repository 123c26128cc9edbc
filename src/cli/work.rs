//! What the commands on one ticket have in common: finding it by its number, one command to the desk, one line of answer.

use std::io::{Read, Write, stdin, stdout};
use std::time::Duration;

use super::args::Global;
use super::failure::{Done, Failure, INTERRUPTED};
use super::mirror::{Opened, glance, stopped};
use super::site::{Site, say};
use super::{consent, interrupt, table};
use crate::config::utf8;
use crate::desk::command::Command;
pub(super) use crate::desk::groups::TicketNumber;
use crate::desk::ids::{ChangeId, MessageId, TicketKey, TopicId};
use crate::engine::handle::{Handle, Receipt, new_command_id};
use crate::engine::views::{ChangeView, Entry, ThreadPage, TicketView, View, ViewRequest, Window};

/// Turns a view that could not be read into a failure.
pub(super) fn unreadable(view: View) -> Failure {
    match view {
        View::Unreadable { why } => Failure::error(why),
        other => Failure::error(format!("the desk answered something else: {}", kind(&other))),
    }
}

fn kind(view: &View) -> &'static str {
    match view {
        View::Queue(_) => "a queue",
        View::Counts(_) => "counts",
        View::Thread(_) => "a thread",
        View::Search { .. } => "hits",
        View::Outbox { .. } => "the outbox",
        View::Desk(_) => "the desk",
        View::Ticket { .. } | View::Found { .. } => "a ticket",
        View::Summary(_) => "a summary",
        View::Completeness { .. } => "how complete threads are",
        View::Explained { .. } => "an explanation",
        View::Sla { .. } => "clocks",
        View::Suggestions(_) => "suggestions",
        View::Templates { .. } => "templates",
        View::Escalations { .. } => "escalations",
        View::Targets { .. } => "tickets",
        View::Outside(_) | View::Stats(_) | View::Brief(_) => "a report",
        View::Activity { .. } => "an activity log",
        View::Unreadable { .. } => "nothing",
    }
}

/// Finds a ticket by its number; General is found too. A number that several groups have needs the group's name before it.
pub(super) async fn find(handle: &Handle, number: &TicketNumber) -> Done<TicketKey> {
    let (topic, group) = (number.topic, number.group.clone());
    let tickets = match handle.read(ViewRequest::FindTicket { topic, group }).await {
        View::Found { tickets } => tickets,
        other => return Err(unreadable(other)),
    };
    if let [ticket] = tickets.as_slice() {
        return Ok(*ticket);
    }
    let desk = glance(handle).await?;
    if let Some(name) = number.group.as_ref().filter(|name| !desk.groups.iter().any(|one| one.called().is(name))) {
        let names: Vec<&str> = desk.groups.iter().map(|facts| facts.called().name()).collect();
        let names = table::safe(&names.join(", "));
        return Err(Failure::usage(format!("there is no group `{}`: there are {names}", table::safe(name))));
    }
    match tickets.as_slice() {
        [] if topic == TopicId::GENERAL => Err(Failure::error("there is no group yet: run `topicdesk sync` first")),
        [] => Err(Failure::error(format!("there is no ticket {number}"))),
        several => {
            let episode = number.episode.map_or(String::new(), |episode| format!("/{episode}"));
            let names: Vec<String> =
                several.iter().map(|ticket| format!("{}{episode}", desk.ticket_name(*ticket))).collect();
            let what = if topic == TopicId::GENERAL { "there are several groups" } else { "several groups have it" };
            Err(Failure::usage(format!("{number}: {what}: write {}", table::safe(&names.join(" or ")))))
        }
    }
}

/// A query of so many bytes is not shown again as a whole.
const LONG: usize = 400;

/// Checks a query, which may name groups of `desk.toml` and of the desk.
pub(super) async fn check_query(site: &Site, handle: &Handle, text: &str) -> Done {
    let desk = glance(handle).await?;
    let told = desk.groups.iter().map(|facts| facts.called());
    let query = site.config.rules.query_among(text, told);
    query.map(|_| ()).map_err(|error| match text.len() {
        // Nobody looks for a place in what fills a screen.
        LONG.. => Failure::usage(format!("{}: {}", table::cut(&error.part, 60), error.what)),
        _ => Failure::usage(error.pointed(text)),
    })
}

/// Names a ticket: `#1042`, or `shop/1042` if the desk has more than one group.
pub(super) async fn name_of(handle: &Handle, ticket: TicketKey) -> Done<String> {
    Ok(table::safe(&glance(handle).await?.ticket_name(ticket)))
}

/// Reads a part of a thread with its ticket.
pub(super) async fn page(handle: &Handle, ticket: TicketKey, window: Window, limit: usize) -> Done<ThreadPage> {
    match handle.read(ViewRequest::Thread { ticket, window, limit }).await {
        View::Thread(page) => Ok(*page),
        other => Err(unreadable(other)),
    }
}

/// Refuses a number whose episode is not the present one: the past cannot be worked.
pub(super) async fn present(handle: &Handle, number: &TicketNumber) -> Done<TicketKey> {
    let key = find(handle, number).await?;
    if let Some(episode) = number.episode {
        let now = page(handle, key, Window::Newest, 1).await?.ticket.row.episode;
        if episode != now {
            return Err(Failure::error(format!("{key} is in episode {now}: {number} cannot be changed any more")));
        }
    }
    Ok(key)
}

/// Has one command carried out on a ticket, without a link, and tells where the ticket stands now.
pub(super) async fn change(
    global: &Global,
    number: TicketNumber,
    command: impl FnOnce(&Site, TicketKey) -> Done<Command>,
) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let opened = Opened::unlinked(&site, agent).await?;
    let handle = opened.handle();
    let done = async {
        let key = present(&handle, &number).await?;
        let receipt = handle.submit(new_command_id(), command(&site, key)?).await?;
        let ticket = page(&handle, key, Window::Newest, 1).await?.ticket;
        tell(&site, &name_of(&handle, key).await?, &ticket, &receipt)
    };
    let done = done.await;
    opened.stop().await;
    done
}

/// How long Telegram may take to change a message before whoever asked goes on without waiting.
const PATIENCE: Duration = Duration::from_secs(120);

/// Has a message changed or deleted, with a link, and waits until Telegram has done so or has refused.
pub(super) async fn change_message(
    global: &Global,
    number: TicketNumber,
    message: MessageId,
    (done_word, force): (&str, bool),
    command: impl Fn(TicketKey, bool) -> Command,
) -> Done {
    let site = Site::open(global)?;
    let agent = site.agent()?.name.clone();
    let mirror = Opened::linked(&site, Some(agent)).await?;
    let handle = mirror.handle();
    let done = async {
        let ticket = find(&handle, &number).await?;
        let change = consent::submit(&handle, force, |confirmed| command(ticket, confirmed)).await?.change;
        let later = |what: &str| format!("{what}: it stays queued, and the next topicdesk or sync does it");
        tokio::select! {
            done = is_changed(&handle, ticket, message, change) => {
                let entry = done?;
                if site.json {
                    return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(&entry)?)?);
                }
                Ok(writeln!(stdout(), "{ticket}: message {message} {done_word}")?)
            }
            () = tokio::time::sleep(PATIENCE) => Err(Failure::error(later("Telegram has not done it yet"))),
            () = interrupt::wait() => Err(Failure { code: INTERRUPTED, message: later("interrupted") }),
        }
    };
    let done = done.await;
    mirror.stop().await;
    done
}

/// Waits until a change is made or refused; gives the message as it is then.
async fn is_changed(
    handle: &Handle,
    ticket: TicketKey,
    message: MessageId,
    change: Option<ChangeId>,
) -> Done<Option<Entry>> {
    let mut revisions = handle.watch();
    loop {
        let page = page(handle, ticket, Window::Around(message), 2).await?;
        let entry = page.thread.into_iter().find(|entry| entry.message_id == Some(message));
        match entry.as_ref().and_then(|entry| entry.change.as_ref()).filter(|own| Some(own.id) == change) {
            None => return Ok(entry),
            Some(ChangeView { refused: Some(why), .. }) => {
                return Err(Failure::error(format!("{ticket}: message {message} is as it was: {}", table::safe(why))));
            }
            Some(_) => {}
        }
        if let Some(failure) = stopped(&glance(handle).await?) {
            return Err(failure);
        }
        let _looked = tokio::time::timeout(Duration::from_millis(500), revisions.next()).await;
    }
}

/// Tells where a ticket stands after a command.
pub(super) fn tell(site: &Site, name: &str, ticket: &TicketView, receipt: &Receipt) -> Done {
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(ticket)?)?);
    }
    writeln!(stdout(), "{}", standing(name, ticket))?;
    if let Some(notice) = &receipt.notice {
        say(notice);
    }
    Ok(())
}

/// Tells a ticket's name, title and standing in one line.
pub(super) fn standing(name: &str, ticket: &TicketView) -> String {
    let row = &ticket.row;
    let episode = if row.episode > 1 { format!("/{}", row.episode) } else { String::new() };
    let whose = match &row.assignee {
        Some(agent) => format!(", {agent}"),
        None if row.status.is_live() => ", unassigned".to_owned(),
        None => String::new(),
    };
    let pending = row.pending.as_ref().map(|pending| format!(", {}", pending.reason.title())).unwrap_or_default();
    let title = table::safe(&row.title).replace('\n', " ");
    format!("{name}{episode} {title}: {}{pending}{whose}", row.status.title())
}

/// Takes a text from the command line, or reads it from standard input.
pub(super) fn text(words: Vec<String>) -> Done<String> {
    let given = words.join(" ");
    if !words.is_empty() && given != "-" {
        return if given.trim().is_empty() { Err(Failure::usage("the text is empty")) } else { Ok(given) };
    }
    if std::io::IsTerminal::is_terminal(&stdin()) {
        say("type the text, then Ctrl-D on a line of its own");
    }
    let mut bytes = Vec::new();
    let read = stdin().read_to_end(&mut bytes).and_then(|_| utf8::text(bytes));
    let text = read.map_err(|error| Failure::error(format!("standard input: {error}")))?;
    let text = text.trim_end().to_owned();
    if text.trim().is_empty() { Err(Failure::usage("the text is empty")) } else { Ok(text) }
}
