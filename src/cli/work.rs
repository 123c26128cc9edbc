//! What the commands on one ticket have in common: finding it by its number, one command to the desk, one line of answer.

use std::io::{Read, Write, stdin, stdout};
use std::str::FromStr;
use std::time::Duration;

use super::args::Global;
use super::failure::{Done, Failure, INTERRUPTED};
use super::mirror::{Opened, glance, stopped};
use super::site::{Site, say};
use super::{consent, interrupt, table};
use crate::desk::command::Command;
use crate::desk::ids::{ChangeId, MessageId, TicketKey, TopicId};
use crate::engine::handle::{Handle, Receipt, new_command_id};
use crate::engine::views::{ChangeView, Entry, ThreadPage, TicketView, View, ViewRequest, Window};

/// A ticket as people write it: `1042`, `#1042`, `1042/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TicketNumber {
    /// The ticket's number.
    pub(super) topic: TopicId,
    /// One of its episodes; the present one if absent.
    pub(super) episode: Option<u32>,
}

impl FromStr for TicketNumber {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "write a ticket's number like 1042, #1042 or 1042/2".to_owned();
        let bare = text.trim().strip_prefix('#').unwrap_or(text.trim());
        let (topic, episode) = match bare.split_once('/') {
            Some((topic, episode)) => (topic, Some(episode.parse::<u32>().map_err(|_| wrong())?)),
            None => (bare, None),
        };
        let topic: TopicId = topic.parse().map_err(|_| wrong())?;
        if topic.0 < 1 || episode == Some(0) { Err(wrong()) } else { Ok(TicketNumber { topic, episode }) }
    }
}

impl std::fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.topic)?;
        self.episode.map_or(Ok(()), |episode| write!(f, "/{episode}"))
    }
}

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
        View::Ticket { .. } => "a ticket",
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

/// Finds a ticket by its number; General is found too.
pub(super) async fn find(handle: &Handle, number: TicketNumber) -> Done<TicketKey> {
    if number.topic == TopicId::GENERAL {
        let View::Desk(desk) = handle.read(ViewRequest::Desk).await else {
            return Err(Failure::error("there is no group yet: run `topicdesk sync` first"));
        };
        let group = desk.groups.first().map(|facts| facts.group);
        let key = group.map(|group| TicketKey { group, topic: TopicId::GENERAL });
        return key.ok_or_else(|| Failure::error("there is no group yet: run `topicdesk sync` first"));
    }
    match handle.read(ViewRequest::FindTicket { topic: number.topic }).await {
        View::Ticket { ticket: Some(key) } => Ok(key),
        View::Ticket { ticket: None } => Err(Failure::error(format!("there is no ticket #{}", number.topic))),
        other => Err(unreadable(other)),
    }
}

/// Reads a part of a thread with its ticket.
pub(super) async fn page(handle: &Handle, ticket: TicketKey, window: Window, limit: usize) -> Done<ThreadPage> {
    match handle.read(ViewRequest::Thread { ticket, window, limit }).await {
        View::Thread(page) => Ok(*page),
        other => Err(unreadable(other)),
    }
}

/// Refuses a number whose episode is not the present one: the past cannot be worked.
pub(super) async fn present(handle: &Handle, number: TicketNumber) -> Done<TicketKey> {
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
        let key = present(&handle, number).await?;
        let receipt = handle.submit(new_command_id(), command(&site, key)?).await?;
        let ticket = page(&handle, key, Window::Newest, 1).await?.ticket;
        tell(&site, &ticket, &receipt)
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
        let ticket = find(&handle, number).await?;
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
pub(super) fn tell(site: &Site, ticket: &TicketView, receipt: &Receipt) -> Done {
    if site.json {
        return Ok(writeln!(stdout(), "{}", serde_json::to_string_pretty(ticket)?)?);
    }
    writeln!(stdout(), "{}", standing(ticket))?;
    if let Some(notice) = &receipt.notice {
        say(notice);
    }
    Ok(())
}

/// Tells a ticket's number, title and standing in one line.
pub(super) fn standing(ticket: &TicketView) -> String {
    let row = &ticket.row;
    let episode = if row.episode > 1 { format!("/{}", row.episode) } else { String::new() };
    let whose = match &row.assignee {
        Some(agent) => format!(", {agent}"),
        None if row.status.is_live() => ", unassigned".to_owned(),
        None => String::new(),
    };
    let pending = row.pending.as_ref().map(|pending| format!(", {}", pending.reason.title())).unwrap_or_default();
    let title = table::safe(&row.title).replace('\n', " ");
    format!("#{}{episode} {title}: {}{pending}{whose}", row.id, row.status.title())
}

/// Takes a text from the command line, or reads it from standard input.
pub(super) fn text(words: Vec<String>) -> Done<String> {
    let given = words.join(" ");
    if !given.is_empty() && given != "-" {
        return Ok(given);
    }
    if std::io::IsTerminal::is_terminal(&stdin()) {
        say("type the text, then Ctrl-D on a line of its own");
    }
    let mut text = String::new();
    stdin().read_to_string(&mut text).map_err(|error| Failure::error(format!("standard input: {error}")))?;
    let text = text.trim_end().to_owned();
    if text.trim().is_empty() { Err(Failure::usage("the text is empty")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_named_as_people_write_them() {
        for (text, topic, episode) in
            [("1042", 1042, None), ("#1042", 1042, None), ("1042/2", 1042, Some(2)), (" #7/1 ", 7, Some(1))]
        {
            let number: TicketNumber = text.parse().expect("a number");
            assert_eq!((number.topic.0, number.episode), (topic, episode), "{text}");
        }
        for text in ["", "#", "x", "0", "-4", "5/", "5/0", "99999999999"] {
            assert!(text.parse::<TicketNumber>().is_err(), "{text}");
        }
    }
}
