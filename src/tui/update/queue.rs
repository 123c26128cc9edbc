//! The queue: selection, marks, filter, order, and the thread beside it.

use std::time::Duration;

use super::super::effect::{Effect, ReadKind, Timer};
use super::super::model::{Focus, Model, OpenTicket, QueueState};
use super::super::panes::due;
use super::super::view;
use super::{compose, keep, queues, say, thread};
use crate::desk::ids::TicketKey;
use crate::engine::views::{QueueName, QueuePage, Sort, TicketRow, ViewRequest};

/// Reads the window around the selection.
pub(super) fn read(model: &mut Model) -> Effect {
    let queue = &model.queue;
    let limit = QueueState::WINDOW;
    let offset = if queue.selected < limit * 3 / 4 { 0 } else { queue.selected - limit / 2 };
    let request =
        ViewRequest::Queue { queue: queue.name, filter: queue.filter.clone(), sort: queue.sort, offset, limit };
    model.read(ReadKind::Queue, request)
}

pub(super) fn on_page(model: &mut Model, page: QueuePage, out: &mut Vec<Effect>) {
    let queue = &mut model.queue;
    let first = !queue.loaded;
    queue.loaded = true;
    queue.offset = page.offset;
    queue.total = page.total;
    queue.rows = page.rows;
    keep::put_back(queue);
    // The selection stays on its ticket; if that is gone, on its place. A ticket that was just left may come back to it.
    let left = queue.left.filter(|(key, at)| {
        model.now.since(*at) < Duration::from_secs(1) && queue.rows.iter().any(|row| row.key() == *key)
    });
    if let Some(key) = left.map(|(key, _)| key).or(queue.selected_key)
        && let Some(place) = queue.rows.iter().position(|row| row.key() == key && row.message == queue.selected_message)
    {
        queue.selected = queue.offset + place;
    }
    queue.selected = queue.selected.min(queue.total.saturating_sub(1));
    let before = queue.selected_key;
    remember(queue);
    if queue.offset == 0 && queue.rows.len() == queue.total {
        let rows = &queue.rows;
        queue.marked.retain(|name| rows.iter().any(|row| row.name() == *name));
    }
    let outside = queue.row().is_none() && queue.total > 0;
    if before != queue.selected_key || first {
        preview(model, out);
    }
    keep::read(model, out);
    if outside {
        out.push(read(model));
    }
}

/// Remembers what is selected, whatever its place.
fn remember(queue: &mut QueueState) {
    let (key, message) = queue.row().map(TicketRow::name).unzip();
    (queue.selected_key, queue.selected_message) = (key, message.flatten());
}

pub(super) fn select(model: &mut Model, place: usize, out: &mut Vec<Effect>) {
    let place = keep::moved(&mut model.queue, place);
    let queue = &mut model.queue;
    queue.left = None;
    queue.selected = place.min(queue.total.saturating_sub(1));
    if let Some(anchor) = queue.anchor {
        let range = anchor.min(queue.selected)..=anchor.max(queue.selected);
        queue.marked = range.filter_map(|place| queue.at(place)).map(TicketRow::name).collect();
    }
    remember(queue);
    let near_end =
        queue.selected + 20 > queue.offset + queue.rows.len() && queue.offset + queue.rows.len() < queue.total;
    let near_start = queue.offset > 0 && queue.selected < queue.offset + 20;
    if queue.selected_key.is_none() || ((near_end || near_start) && !model.is_reading(ReadKind::Queue)) {
        out.push(read(model));
    }
    preview(model, out);
}

pub(super) fn step(model: &mut Model, by: isize, out: &mut Vec<Effect>) {
    let place = model.queue.selected.saturating_add_signed(by);
    select(model, place, out);
}

pub(super) fn half_page(model: &mut Model, direction: isize, out: &mut Vec<Effect>) {
    let rows = model.areas.rows.height / model.areas.row_height.max(1);
    step(model, direction * isize::from(i16::try_from(rows / 2).unwrap_or(10).max(1)), out);
}

pub(super) fn mark(model: &mut Model, out: &mut Vec<Effect>) {
    let queue = &mut model.queue;
    queue.anchor = None;
    if let Some(name) = queue.row().map(TicketRow::name)
        && !queue.marked.remove(&name)
    {
        queue.marked.insert(name);
    }
    step(model, 1, out);
}

pub(super) fn mark_range(model: &mut Model, out: &mut Vec<Effect>) {
    if model.queue.anchor.take().is_some() {
        return;
    }
    model.queue.anchor = Some(model.queue.selected);
    if let Some(name) = model.queue.row().map(TicketRow::name) {
        model.queue.marked.insert(name);
    }
    let key = model.key(super::super::action::Action::MarkRange);
    say(model, format!("marking a range: move, then {key} again"), out);
}

pub(super) fn mark_all(model: &mut Model, out: &mut Vec<Effect>) {
    let queue = &mut model.queue;
    queue.anchor = None;
    queue.marked = queue.rows.iter().map(TicketRow::name).collect();
    if queue.rows.len() < queue.total {
        let (marked, total) = (queue.rows.len(), queue.total);
        say(model, format!("marked {marked} of {total}: no more than {} at once", QueueState::WINDOW), out);
    }
}

pub(super) fn next_sort(model: &mut Model, out: &mut Vec<Effect>) {
    let next = match model.queue.sort {
        Sort::Natural if due::has_policies(model) => Sort::Due,
        Sort::Natural | Sort::Due => Sort::Waiting,
        Sort::Waiting => Sort::Newest,
        Sort::Newest => Sort::Activity,
        Sort::Activity => Sort::Priority,
        Sort::Priority => Sort::Natural,
    };
    set_sort(model, next, out);
}

pub(super) fn set_sort(model: &mut Model, sort: Sort, out: &mut Vec<Effect>) {
    model.queue.sort = sort;
    out.push(read(model));
    say(model, format!("order: {}", view::sort_title(sort)), out);
}

pub(super) fn set_filter(model: &mut Model, filter: &str, out: &mut Vec<Effect>) {
    model.queue.wrong = queues::mistake(model, filter);
    if model.queue.wrong.is_some() {
        return;
    }
    if model.queue.filter != filter {
        keep::let_go(model);
        filter.clone_into(&mut model.queue.filter);
        model.queue.selected = 0;
        model.queue.selected_key = None;
        out.push(read(model));
    }
}

pub(super) fn switch(model: &mut Model, name: QueueName, out: &mut Vec<Effect>) {
    if model.focus == Focus::Thread {
        thread::leave(model, out);
    }
    super::focus(model, Focus::Queue);
    keep::let_go(model);
    let queue = &mut model.queue;
    if queue.name != name {
        queue.name = name;
        queue.filter.clear();
        queue.wrong = None;
        queue.rows.clear();
        queue.marked.clear();
        queue.anchor = None;
        queue.total = 0;
        queue.offset = 0;
        queue.loaded = false;
    }
    model.queue.selected = 0;
    model.queue.selected_key = None;
    out.push(read(model));
}

/// Lets the thread beside the queue follow the selection, after a moment.
pub(super) fn preview(model: &mut Model, out: &mut Vec<Effect>) {
    if model.size.0 < view::WIDE || model.zoomed || model.focus != Focus::Queue {
        return;
    }
    if model.open.is_none() {
        follow(model, out);
    } else if model.queue.selected_key.is_some() && model.open.as_ref().map(|open| open.key) != model.queue.selected_key
    {
        out.push(Effect::Timer(Timer::Preview, Duration::from_millis(60)));
    }
}

pub(super) fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    if model.size.0 < view::WIDE || model.zoomed || model.focus != Focus::Queue {
        return;
    }
    if let Some(key) = model.queue.selected_key
        && model.open.as_ref().is_none_or(|open| open.key != key)
    {
        model.composer = None;
        model.open = Some(OpenTicket::new(key));
        out.push(thread::read(model));
    }
}

pub(super) fn open_selected(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some((key, message)) = model.queue.row().map(TicketRow::name) {
        model.land_on = message;
        thread::open(model, key, out);
    }
}

/// Opens the ticket after or before the open one in the queue.
pub(super) fn open_neighbour(model: &mut Model, by: isize, out: &mut Vec<Effect>) {
    let here = model.open.as_ref().map(|open| open.key);
    let place = model.queue.rows.iter().position(|row| Some(row.key()) == here).map(|place| place + model.queue.offset);
    // A ticket that has left the queue has left its place to the next one.
    let target = match place {
        Some(place) => place.checked_add_signed(by),
        None if by > 0 => Some(model.queue.selected),
        None => model.queue.selected.checked_sub(1),
    };
    match target.filter(|target| *target < model.queue.total) {
        Some(target) => {
            select(model, target, out);
            open_selected(model, out);
        }
        None => say(model, "no more tickets in this queue".to_owned(), out),
    }
}

/// Tells which tickets an action in the queue is about: the marked ones, or the selected one.
pub(super) fn targets(model: &Model) -> Vec<TicketKey> {
    if model.focus == Focus::Queue && !model.queue.marked.is_empty() {
        // In the order of the screen.
        let rows = model.queue.rows.iter().map(TicketRow::name).filter(|name| model.queue.marked.contains(name));
        let mut keys: Vec<TicketKey> = Vec::new();
        for (key, _) in rows.chain(model.queue.marked.iter().copied()) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        return keys;
    }
    model.target().into_iter().collect()
}

/// Goes back to the queue from wherever the keys are.
pub(super) fn enter(model: &mut Model, out: &mut Vec<Effect>) {
    if model.composer.is_some() {
        compose::leave(model, out);
    }
    // The cursor goes to the ticket that was open, if the queue has it.
    let queue = &mut model.queue;
    if let Some(key) = model.open.as_ref().filter(|open| open.entered).map(|open| open.key) {
        if queue.row().is_some_and(|row| row.key() == key) {
        } else if let Some(place) = queue.rows.iter().position(|row| row.key() == key) {
            queue.selected = queue.offset + place;
            remember(queue);
        } else {
            queue.left = Some((key, model.now));
        }
    }
    super::focus(model, Focus::Queue);
}
