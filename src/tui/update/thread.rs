//! The thread: opening, moving, finding, paging in, and what is done to one of its entries.

use std::time::Duration;

use super::super::action::Action;
use super::super::composer::Editing;
use super::super::effect::{Effect, ReadKind, Timer};
use super::super::model::{Focus, Model, OpenTicket};
use super::super::overlays::{Choice, Confirm, Then};
use super::super::work::After;
use super::{compose, countdown, desk_work, overlay, queue, say, warn};
use crate::desk::command::Command;
use crate::desk::groups::TicketNumber;
use crate::desk::ids::{EntryId, MessageId, OutboxId, TicketKey};
use crate::desk::thread::Delivery;
use crate::engine::views::{Entry, ThreadPage, ViewRequest, Window};

/// How many entries are read at once.
const PAGE: usize = 50;
/// More are not kept on the screen: what is far away is forgotten and read again.
const KEPT: usize = 2000;

/// Reads what is loaded again, or the first page.
pub(super) fn read(model: &mut Model) -> Effect {
    let land_on = model.land_on;
    let Some(open) = &model.open else {
        return model.read(ReadKind::Desk, ViewRequest::Desk);
    };
    let limit = (open.entries.len() + 10).clamp(PAGE, KEPT);
    let window = match land_on {
        Some(message) => Window::Around(message),
        None if open.more_after => {
            let middle = open.place().unwrap_or(open.entries.len() / 2);
            let near = open.entries[middle..].iter().chain(open.entries[..middle].iter().rev());
            near.filter_map(|entry| entry.message_id).next().map_or(Window::Newest, Window::Around)
        }
        None => Window::Newest,
    };
    let ticket = open.key;
    model.read(ReadKind::Thread, ViewRequest::Thread { ticket, window, limit })
}

/// Opens a ticket and gives its thread the keys.
pub(super) fn open(model: &mut Model, key: TicketKey, out: &mut Vec<Effect>) {
    leave_composer(model, out);
    report_seen(model, out);
    let selected = model.queue.row().is_some_and(|row| row.key() == key);
    if let Some(place) = model.queue.rows.iter().position(|row| row.key() == key).filter(|_| !selected) {
        model.queue.selected = model.queue.offset + place;
        model.queue.selected_key = Some(key);
    }
    if model.open.as_ref().is_none_or(|open| open.key != key) || model.land_on.is_some() {
        model.open = Some(OpenTicket::new(key));
        model.forget_read(ReadKind::Before);
        model.forget_read(ReadKind::After);
        out.push(read(model));
    }
    if model.size.0 < 140 {
        model.details = None;
    }
    super::focus(model, Focus::Thread);
    looked(model, out);
}

fn leave_composer(model: &mut Model, out: &mut Vec<Effect>) {
    if model.composer.is_some() {
        compose::leave(model, out);
    }
}

pub(super) fn open_number(model: &mut Model, typed: &str, out: &mut Vec<Effect>) {
    match typed.parse() {
        Ok(TicketNumber { topic, group, .. }) => {
            out.push(model.read(ReadKind::Find, ViewRequest::FindTicket { topic, group }));
        }
        Err(_) => warn(model, format!("`{typed}` is no ticket number"), out),
    }
}

/// Back to the queue.
pub(super) fn leave(model: &mut Model, out: &mut Vec<Effect>) {
    report_seen(model, out);
    queue::enter(model, out);
    if let Some(open) = &mut model.open {
        open.entered = false;
        open.find = None;
    }
    queue::preview(model, out);
}

pub(super) fn on_page(model: &mut Model, kind: ReadKind, page: ThreadPage, out: &mut Vec<Effect>) {
    let land_on = if kind == ReadKind::Thread { model.land_on } else { None };
    let key = page.ticket.row.key();
    let Some(open) = &mut model.open else { return };
    if open.key != key {
        return;
    }
    let first = open.ticket.is_none();
    if first {
        open.seen = page.seen;
    }
    match kind {
        ReadKind::Before => {
            open.more_before = page.more_before;
            let known = |entry: &Entry| open.entries.iter().any(|own| own.id == entry.id);
            let mut entries: Vec<Entry> = page.thread.into_iter().filter(|entry| !known(entry)).collect();
            if entries.is_empty() {
                open.more_before = false;
            }
            entries.append(&mut open.entries);
            if entries.len() > KEPT {
                entries.truncate(KEPT);
                open.more_after = true;
                open.follow = false;
            }
            open.entries = entries;
        }
        ReadKind::After => {
            open.more_after = page.more_after;
            let known = |entry: &Entry| open.entries.iter().any(|own| own.id == entry.id);
            let entries: Vec<Entry> = page.thread.into_iter().filter(|entry| !known(entry)).collect();
            if entries.is_empty() {
                open.more_after = false;
            }
            open.entries.extend(entries);
            if open.entries.len() > KEPT {
                open.entries.drain(..open.entries.len() - KEPT);
                open.more_before = true;
            }
        }
        _ => {
            open.more_before = page.more_before;
            open.more_after = page.more_after;
            open.entries = page.thread;
        }
    }
    open.holes = page.holes;
    open.ticket = Some(page.ticket);
    if let Some(message) = land_on {
        model.land_on = None;
        open.follow = false;
        open.selected = open.entries.iter().find(|entry| entry.is_message(message)).map(|entry| entry.id);
        open.anchor = 3;
    }
    if open.follow || open.place().is_none() {
        open.selected = open.entries.last().map(|entry| entry.id);
    }
    let draft = page.draft;
    let finding = open.finding;
    super::templates::suggest(model);
    if finding {
        find_on(model, out);
    }
    if first && let Some(draft) = draft {
        compose::draft_read(model, key, draft);
    }
    countdown(model, out);
    looked(model, out);
    load_more(model, out);
}

/// Moves by entries; a long one is scrolled through first.
pub(super) fn step(model: &mut Model, by: isize, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    let Some(place) = open.place() else { return };
    if let Some((line, lines)) = open.laid.lines.get(place).copied() {
        let (top, height) = (open.laid.top, open.laid.height);
        let (below, above) = (line + lines > top + height, line < top);
        if lines > height && height > 2 && ((by > 0 && below) || (by < 0 && above)) {
            let page = height as isize - 2;
            open.anchor -= by.signum() * page;
            let lowest = height as isize - lines as isize;
            open.anchor = open.anchor.clamp(lowest, 0);
            open.follow = false;
            return;
        }
    }
    let target = place.saturating_add_signed(by).min(open.entries.len().saturating_sub(1));
    go_to(open, target);
    load_more(model, out);
    looked(model, out);
}

pub(super) fn go_to(open: &mut OpenTicket, place: usize) {
    if let (Some(from), Some(to)) =
        (open.place().and_then(|place| open.laid.lines.get(place)), open.laid.lines.get(place))
    {
        open.anchor += to.0 as isize - from.0 as isize;
    }
    open.selected = open.entries.get(place).map(|entry| entry.id);
    open.follow = place + 1 == open.entries.len() && !open.more_after;
}

/// Scrolls by lines; the selection goes along.
pub(super) fn scroll(model: &mut Model, lines: isize, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    let laid = &open.laid;
    if laid.lines.is_empty() {
        return;
    }
    let lowest = laid.total.saturating_sub(laid.height);
    let top = laid.top.saturating_add_signed(lines).min(lowest);
    let place = open.place().unwrap_or(0);
    let (line, count) = laid.lines.get(place).copied().unwrap_or_default();
    let moved = if top == laid.top {
        // At an end already: only the selection moves.
        if lines > 0 { open.entries.len() - 1 } else { 0 }
    } else if line + count <= top {
        laid.lines.iter().position(|(line, _)| *line >= top).unwrap_or(place)
    } else if line >= top + laid.height {
        laid.lines.iter().rposition(|(line, count)| line + count <= top + laid.height).unwrap_or(place)
    } else {
        place
    };
    let line = laid.lines.get(moved).map_or(0, |(line, _)| *line);
    open.selected = open.entries.get(moved).map(|entry| entry.id);
    open.anchor = line as isize - top as isize;
    open.follow = top == lowest && moved + 1 == open.entries.len() && !open.more_after;
    load_more(model, out);
    looked(model, out);
}

pub(super) fn half_page(model: &mut Model, direction: isize, out: &mut Vec<Effect>) {
    let height = model.open.as_ref().map_or(0, |open| open.laid.height);
    if height == 0 {
        step(model, direction * 10, out);
    } else {
        let half = (height / 2).max(1) as isize;
        scroll(model, direction * half, out);
        // The selection moves half a page too, so that it does not stick to the edge.
        if let Some(open) = &mut model.open {
            let wanted = open.laid.top as isize + open.anchor + direction * half;
            let place = open.laid.lines.iter().rposition(|(line, _)| *line as isize <= wanted.max(0));
            if let (Some(place), Some(from)) = (place, open.place()) {
                let moves = if direction > 0 { place > from } else { place < from };
                if moves {
                    go_to(open, place);
                }
            }
        }
    }
}

pub(super) fn top(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(open) = &mut model.open {
        go_to(open, 0);
    }
    load_more(model, out);
}

pub(super) fn bottom(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    open.follow = true;
    open.selected = open.entries.last().map(|entry| entry.id);
    if open.more_after {
        open.more_after = false;
        out.push(read(model));
    }
    looked(model, out);
}

/// Selects the entry on a line of the pane.
pub(super) fn select_line(model: &mut Model, line: usize, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    let line = open.laid.top + line;
    if let Some(place) = open.laid.lines.iter().position(|(first, count)| (*first..first + count).contains(&line)) {
        go_to(open, place);
    }
    looked(model, out);
}

/// Reads more when the selection is near an end of what is loaded.
pub(super) fn load_more(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(open) = &model.open else { return };
    let Some(place) = open.place() else { return };
    let ticket = open.key;
    if place < 10 && open.more_before && !model.is_reading(ReadKind::Before) && !model.is_reading(ReadKind::Thread) {
        let window = Window::Before(open.entries[0].id);
        out.push(model.read(ReadKind::Before, ViewRequest::Thread { ticket, window, limit: PAGE }));
        return;
    }
    let Some(open) = &model.open else { return };
    let last: Option<EntryId> = open.entries.last().map(|entry| entry.id);
    if let Some(last) = last
        && place + 10 > open.entries.len()
        && open.more_after
        && !model.is_reading(ReadKind::After)
        && !model.is_reading(ReadKind::Thread)
    {
        let window = Window::After(last);
        out.push(model.read(ReadKind::After, ViewRequest::Thread { ticket, window, limit: PAGE }));
    }
}

fn highest(open: &OpenTicket) -> Option<MessageId> {
    open.entries.iter().filter_map(Entry::last_message).max()
}

/// Tells whether a note has named the reader since they last looked.
fn is_named(open: &OpenTicket) -> bool {
    open.ticket.as_ref().is_some_and(|ticket| ticket.row.mentioned)
}

/// Starts the timer after which what is on the screen counts as seen.
pub(super) fn looked(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(open) = &model.open else { return };
    let news = highest(open) > open.reported.max(open.seen) || is_named(open);
    if model.focus != Focus::Queue && open.entered && open.follow && news {
        out.push(Effect::Timer(Timer::Seen, Duration::from_millis(700)));
    }
}

/// Remembers what was seen, if the end of the thread is on the screen.
pub(super) fn report_seen(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    let Some(message) = highest(open) else { return };
    let named = is_named(open);
    if !open.entered || !open.follow || (Some(message) <= open.reported.max(open.seen) && !named) {
        return;
    }
    if let Some(ticket) = &mut open.ticket {
        ticket.row.mentioned = false;
    }
    let message = Some(message).max(open.reported).unwrap_or(message);
    open.reported = Some(message);
    let ticket = open.key;
    out.push(model.submit(Command::MarkSeen { ticket, message }, After::Ignored));
}

pub(super) fn find(model: &mut Model, words: &str, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    if words.is_empty() {
        open.find = None;
        open.finding = false;
        return;
    }
    open.find = Some(words.to_lowercase());
    find_step(model, false, out);
}

/// Tells whether an entry contains what is looked for.
fn contains(entry: &Entry, words: &str) -> bool {
    entry.text.to_lowercase().contains(words) || entry.author.to_lowercase().contains(words)
}

/// Goes to the next place that was found: `forward` is towards the newest.
pub(super) fn find_step(model: &mut Model, forward: bool, out: &mut Vec<Effect>) {
    let key = model.key(Action::Find);
    let Some(open) = &mut model.open else { return };
    let Some(words) = open.find.clone() else {
        return say(model, format!("nothing is looked for: {key} first"), out);
    };
    let from = open.place().unwrap_or(0);
    let found = if forward {
        (from + 1..open.entries.len()).find(|place| contains(&open.entries[*place], &words))
    } else {
        // The first search begins with the entry under the cursor.
        let first = open.entries.get(from).filter(|entry| !open.finding && contains(entry, &words) && open.follow);
        match first {
            Some(_) => Some(from),
            None => (0..from).rev().find(|place| contains(&open.entries[*place], &words)),
        }
    };
    match found {
        Some(place) => {
            open.finding = false;
            go_to(open, place);
            open.follow = false;
            load_more(model, out);
        }
        None if !forward && open.more_before => {
            open.finding = true;
            go_to(open, 0);
            load_more(model, out);
        }
        None => {
            open.finding = false;
            let end = if forward { "below" } else { "above" };
            say(model, format!("\"{words}\" is not found {end}"), out);
        }
    }
}

/// Goes on looking in what has just been loaded.
fn find_on(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(open) = &mut model.open {
        open.finding = false;
    }
    find_step(model, false, out);
}

pub(super) fn copy_link(model: &mut Model, out: &mut Vec<Effect>) {
    let target = model.target();
    let link = model.open.as_ref().filter(|open| Some(open.key) == target).and_then(|open| open.ticket.as_ref());
    match link.map(|ticket| ticket.link.clone()) {
        Some(link) => out.push(Effect::Copy(link)),
        None => say(model, "open the ticket first: its link is not known yet".to_owned(), out),
    }
}

pub(super) fn copy_text(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(entry) = model.open.as_ref().and_then(OpenTicket::entry) {
        out.push(Effect::Copy(entry.text.clone()));
    }
}

pub(super) fn set_customer(model: &mut Model, out: &mut Vec<Effect>) {
    let author = model
        .open
        .as_ref()
        .and_then(OpenTicket::entry)
        .and_then(|entry| Some((entry.author_id?, entry.author.clone())));
    let (Some(ticket), Some((customer, name))) = (model.target(), author) else {
        return warn(model, "select a message of the customer first".to_owned(), out);
    };
    desk_work::once(
        model,
        Command::SetCustomer { ticket, customer },
        format!("{name} is the customer of {ticket}"),
        out,
    );
}

/// Finds the reply that has not left: the selected one, else the newest that is stopped.
fn unsent(model: &Model, wanted: fn(&Delivery) -> bool) -> Option<(OutboxId, Entry)> {
    let open = model.open.as_ref()?;
    let of = |entry: &Entry| entry.delivery.as_ref().filter(|own| wanted(own)).and(entry.outbox);
    let stopped = |entry: &&Entry| of(entry).is_some() && entry.delivery.as_ref().is_some_and(is_stopped);
    let selected = open.entry().filter(|entry| of(entry).is_some());
    let entry = selected.or_else(|| open.entries.iter().rev().find(stopped))?;
    Some((of(entry)?, entry.clone()))
}

fn is_stopped(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Parked { .. } | Delivery::Confirm { .. })
}

fn has_not_left(delivery: &Delivery) -> bool {
    is_stopped(delivery) || matches!(delivery, Delivery::Held { .. })
}

pub(super) fn retry(model: &mut Model, out: &mut Vec<Effect>) {
    match unsent(model, is_stopped) {
        Some((outbox, _)) => {
            let seen = model.open.as_ref().map(OpenTicket::answered);
            desk_work::once(model, Command::RetryOutbox { outbox, seen }, "sent off".to_owned(), out);
        }
        None => warn(model, "select a reply that was not sent first".to_owned(), out),
    }
}

pub(super) fn edit(model: &mut Model, out: &mut Vec<Effect>) {
    match unsent(model, has_not_left) {
        // It must not leave while it is being changed.
        Some((outbox, entry)) => {
            out.push(model.submit(Command::HoldOutbox { outbox }, After::Change(outbox, entry.words().to_owned())));
        }
        None => warn(model, "select a held or parked reply first".to_owned(), out),
    }
}

pub(super) fn discard(model: &mut Model, out: &mut Vec<Effect>) {
    match unsent(model, has_not_left) {
        Some((outbox, _)) => {
            let choice = Choice { key: 'y', label: "throw it away".to_owned(), then: Then::Discard(outbox) };
            let question = "Throw this reply away? Its text is lost.".to_owned();
            overlay::ask(model, Confirm { question, choices: vec![choice] });
        }
        None => warn(model, "select a held or parked reply first".to_owned(), out),
    }
}

/// Tells the selected message, if it is one of the agent's own that Telegram has.
fn own_message(model: &Model) -> Option<(MessageId, Entry)> {
    let entry = model.open.as_ref().and_then(OpenTicket::entry)?;
    let own = entry.agent.as_ref() == Some(&model.me) && !entry.deleted;
    entry.message_id.filter(|_| own).map(|message| (message, entry.clone()))
}

pub(super) fn edit_message(model: &mut Model, out: &mut Vec<Effect>) {
    match own_message(model) {
        Some((message, entry)) => compose::edit(model, Editing::Sent(message), entry.words()),
        None => warn(model, "select a message that you have sent first".to_owned(), out),
    }
}

pub(super) fn delete_message(model: &mut Model, out: &mut Vec<Effect>) {
    match own_message(model) {
        Some((message, _)) => {
            let question = "Delete this message for everybody? It cannot be taken back.".to_owned();
            overlay::ask(model, Confirm::careful(question, "delete it", Then::DeleteMessage(message)));
        }
        None => warn(model, "select a message that you have sent first".to_owned(), out),
    }
}
