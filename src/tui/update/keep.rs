//! The ticket that was claimed under the cursor: it keeps its place in the queue until the cursor moves, so that the next key is
//! still about it.

use super::super::effect::{Effect, ReadKind};
use super::super::model::{Model, QueueState};
use super::super::work::Kept;
use crate::desk::ids::TicketKey;
use crate::engine::views::{TicketRow, ViewRequest, Window};

/// A claim was confirmed: if it was of the ticket under the cursor, the row stays.
pub(super) fn begin(model: &mut Model, ticket: TicketKey, out: &mut Vec<Effect>) {
    if model.queue.selected_key != Some(ticket) {
        return;
    }
    if let Some(row) = model.queue.row().filter(|row| row.key() == ticket).cloned() {
        model.queue.kept = Some(Kept { row, inserted: false });
        read(model, out);
    }
}

/// Reads the kept ticket again, as its queue may not tell of it any more.
pub(super) fn read(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(ticket) = model.queue.kept.as_ref().map(|kept| kept.row.key()) {
        out.push(model.read(ReadKind::Kept, ViewRequest::Thread { ticket, window: Window::Newest, limit: 1 }));
    }
}

/// Takes in how the kept ticket is now.
pub(super) fn on_row(model: &mut Model, row: TicketRow) {
    let queue = &mut model.queue;
    let Some(kept) = queue.kept.as_mut().filter(|kept| kept.row.key() == row.key()) else { return };
    kept.row = row.clone();
    if kept.inserted
        && let Some(shown) = queue.rows.iter_mut().find(|shown| shown.key() == row.key())
    {
        *shown = row;
    }
}

/// The rows were read: the kept one goes back to its place if the queue has let it go.
pub(super) fn put_back(queue: &mut QueueState) {
    let place = queue.selected.checked_sub(queue.offset).filter(|place| *place <= queue.rows.len());
    let Some(kept) = &mut queue.kept else { return };
    let there = queue.rows.iter().any(|row| row.key() == kept.row.key());
    kept.inserted = !there && place.is_some();
    if let Some(place) = place.filter(|_| !there) {
        queue.rows.insert(place, kept.row.clone());
        queue.total += 1;
    }
}

/// The cursor goes to a place: if that is another one, the kept row goes, and what stood below it moves up.
pub(super) fn moved(queue: &mut QueueState, place: usize) -> usize {
    let Some(kept) = &queue.kept else { return place };
    let key = kept.row.key();
    let here = queue.rows.iter().position(|row| row.key() == key).map(|at| at + queue.offset);
    if here == Some(place) || (here.is_some() && queue.total == 1) {
        return place;
    }
    let inserted = kept.inserted;
    queue.kept = None;
    match here.filter(|_| inserted) {
        Some(here) => {
            queue.rows.remove(here - queue.offset);
            queue.total -= 1;
            if place > here { place - 1 } else { place }
        }
        None => place,
    }
}

/// Nothing is kept any more.
pub(super) fn let_go(model: &mut Model) {
    model.queue.kept = None;
}
