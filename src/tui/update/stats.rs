//! Statistics and the activity log on the screen: asked for, and shown when they come.

use super::super::action::{Action, Context};
use super::super::effect::{Effect, ReadKind};
use super::super::keymap::Lookup;
use super::super::keys::Key;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::overlays::stats::{PERIODS, StatsPage, rows_shown};
use super::super::widgets::picker::{Item, Picker};
use super::page::{self, Turned};
use super::{say, thread};
use crate::desk::ids::TicketKey;
use crate::engine::views::{ActivityLine, Report, ViewRequest};

pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Stats(StatsPage { period: 1, by_tag: false, top: 0, report: None, counting: false }));
    count(model, out);
}

/// Asks for the numbers of the period on the page.
pub(super) fn count(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(Overlay::Stats(page)) = &mut model.overlay else { return };
    page.counting = true;
    let since = Some(now - page.span());
    model.dirty = true;
    out.push(model.read(ReadKind::Stats, ViewRequest::Stats { since, until: None }));
}

/// A minute has gone by: an open page follows.
pub(super) fn tick(model: &mut Model, out: &mut Vec<Effect>) {
    if matches!(&model.overlay, Some(Overlay::Stats(page)) if !page.counting) {
        count(model, out);
    }
}

pub(super) fn on_report(model: &mut Model, report: Report) {
    if let Some(Overlay::Stats(page)) = &mut model.overlay {
        page.report = Some(Box::new(report));
        page.counting = false;
    }
}

/// It could not be counted; why is said elsewhere.
pub(super) fn not_counted(model: &mut Model) {
    if let Some(Overlay::Stats(page)) = &mut model.overlay {
        page.counting = false;
    }
}

pub(super) fn on_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let shown = rows_shown(model);
    let Some(Overlay::Stats(page)) = &model.overlay else { return };
    let last = page.rows().len().saturating_sub(shown);
    let turned = page::on_key(model, key, (shown, last), out);
    let action = match model.keymap.look_up(Context::Picker, &[key]) {
        Lookup::Action(action) => Some(action),
        _ => None,
    };
    let Some(Overlay::Stats(page)) = &mut model.overlay else { return };
    let period = match (turned, action, key.latin().unwrap_or(key).text()) {
        (Turned::To(scroll), ..) => {
            page.top = scroll.from(page.top);
            return;
        }
        (Turned::Done, ..) => return,
        (_, _, Some('r')) => return count(model, out),
        (_, _, Some('t')) => {
            (page.by_tag, page.top) = (!page.by_tag, 0);
            return;
        }
        (_, Some(Action::PickTab | Action::PickRight), _) | (_, _, Some('l')) => (page.period + 1) % PERIODS.len(),
        (_, Some(Action::PickLeft), _) | (_, _, Some('h')) => (page.period + PERIODS.len() - 1) % PERIODS.len(),
        (_, _, Some(digit @ '1'..='4')) => digit as usize - '1' as usize,
        _ => return,
    };
    if page.period != period {
        page.period = period;
        page.top = 0;
        count(model, out);
    }
}

/// Opens the activity log of the ticket at hand.
pub(super) fn open_activity(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(ticket) = model.target() else { return say(model, "no ticket is selected".to_owned(), out) };
    model.overlay = Some(Overlay::Activity(Picker::new(Vec::new()), ticket, None));
    out.push(model.read(ReadKind::Activity, ViewRequest::Activity { ticket }));
}

/// Takes in the log: the newest line first.
pub(super) fn on_activity(model: &mut Model, mut lines: Vec<ActivityLine>) {
    lines.reverse();
    let (zone, now) = (model.zone, model.now);
    let item = |(index, line): (usize, &ActivityLine)| {
        let undone = if line.undone { "taken back: " } else { "" };
        let detail = format!("{undone}{}", line.what).replace('\n', " ");
        Item {
            label: format!("{} {}", zone.day(line.at, now), zone.time(line.at)),
            preview: format!("{}, by {}\n{undone}{}", zone.moment(line.at, now), line.by, line.what),
            detail,
            index,
            ..Item::default()
        }
    };
    let items = lines.iter().enumerate().map(item).collect();
    if let Some(Overlay::Activity(picker, _, shown)) = &mut model.overlay {
        picker.set_items(items);
        *shown = Some(lines);
    }
}

/// Goes to the message of a line; a line that is about none stays.
pub(super) fn accept(
    model: &mut Model,
    picker: &Picker,
    (ticket, lines): (TicketKey, &[ActivityLine]),
    out: &mut Vec<Effect>,
) {
    let line = picker.current().and_then(|item| lines.get(item.index));
    match line.map(|line| line.message_id) {
        Some(Some(message)) => {
            model.land_on = Some(message);
            thread::open(model, ticket, out);
        }
        Some(None) => say(model, "that line is about no message".to_owned(), out),
        None => {}
    }
}
