//! Lists that the desk fills anew for every text that is typed: the search, the jump to a ticket, the articles.
//!
//! Enter is for what was typed: if the list is still that of an earlier text, it waits for the right one.

use std::time::Duration;

use super::super::effect::{Effect, ReadKind, Timer};
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::panes::groups;
use super::super::view;
use super::super::widgets::line_edit::LineEdit;
use super::super::widgets::picker::{Item, Picker};
use super::{overlay, suggestions};
use crate::engine::views::{Hit, QueueName, Sort, TicketRow, ViewRequest};

pub(super) fn open_search(model: &mut Model, words: &str) {
    let mut picker = Picker::remote();
    picker.query = LineEdit::new(words);
    model.overlay = Some(Overlay::Search(picker, Vec::new()));
}

pub(super) fn open_jump(model: &mut Model, out: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Jump(Picker::remote(), Vec::new()));
    ask_remote(model, out);
}

/// Asks for what the typed words find.
pub(super) fn ask_remote(model: &mut Model, out: &mut Vec<Effect>) {
    match &model.overlay {
        Some(Overlay::Search(picker, _)) => {
            let text = picker.query.text().trim().to_owned();
            if text.is_empty() {
                found(model, Vec::new(), out);
            } else {
                out.push(model.read(ReadKind::Search, ViewRequest::Search { text, limit: 100 }));
            }
        }
        Some(Overlay::Jump(picker, _)) => {
            let filter = picker.query.text().trim().trim_start_matches('#').to_owned();
            let sort = if filter.is_empty() { Sort::Activity } else { Sort::Natural };
            let request = ViewRequest::Queue { queue: QueueName::All, filter, sort, offset: 0, limit: 50 };
            out.push(model.read(ReadKind::Jump, request));
        }
        Some(Overlay::Suggestions(_)) => suggestions::look_up(model, false, out),
        _ => {}
    }
}

/// What the search has found.
pub(super) fn found(model: &mut Model, hits: Vec<Hit>, out: &mut Vec<Effect>) {
    let items = hits.iter().enumerate().map(|(index, hit)| Item {
        label: format!("{} {}", groups::ticket(model, hit.key()), hit.title),
        code: hit.status.map(|status| status.letter().to_string()).unwrap_or_default(),
        detail: format!("{} · {}: {}", model.zone.day(hit.at, model.now), hit.author, hit.snippet),
        preview: hit.snippet.clone(),
        index,
    });
    let items = items.collect();
    if let Some(Overlay::Search(picker, shown)) = &mut model.overlay {
        picker.set_items(items);
        *shown = hits;
    }
    filled(model, out);
}

/// The tickets to jump to.
pub(super) fn jumps(model: &mut Model, mut rows: Vec<TicketRow>, out: &mut Vec<Effect>) {
    // A number is that of a ticket before it is one that somebody has written.
    if let Some(Overlay::Jump(picker, _)) = &model.overlay
        && let Ok(number) = picker.query.text().trim().trim_start_matches('#').parse::<i32>()
    {
        rows.sort_by_key(|row| row.id.0 != number);
    }
    let items = rows.iter().enumerate().map(|(index, row)| Item {
        label: format!("#{} {}", row.id, view::customer_name(row)),
        code: row.status.letter().to_string(),
        detail: format!("{} · {}", row.title, row.last_text),
        index,
        ..Item::default()
    });
    let items = items.collect();
    if let Some(Overlay::Jump(picker, shown)) = &mut model.overlay {
        picker.set_items(items);
        *shown = rows;
    }
    filled(model, out);
}

/// Something was typed: what is on its way answers an earlier text.
pub(super) fn typed(model: &mut Model, out: &mut Vec<Effect>) {
    for kind in [ReadKind::Search, ReadKind::Jump, ReadKind::Articles] {
        model.forget_read(kind);
    }
    out.push(Effect::Timer(Timer::Typed, Duration::from_millis(120)));
}

/// Tells whether Enter has to wait for the list of what was typed, and asks for that at once.
pub(super) fn waits(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    let waits = model.overlay.as_mut().and_then(Overlay::picker).is_some_and(Picker::wait);
    if waits {
        ask_remote(model, out);
    }
    waits
}

/// The list is that of what was typed: an Enter that has waited for it counts now.
pub(super) fn filled(model: &mut Model, out: &mut Vec<Effect>) {
    if model.overlay.as_mut().and_then(Overlay::picker).is_some_and(Picker::has_waited) {
        overlay::accept(model, out);
    }
}
