//! Closing with a reason: one that `desk.toml` offers, or what is typed.

use super::super::effect::Effect;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::widgets::picker::{Item, Picker};
use super::super::work::Repeatable;
use super::{desk_work, queue};
use crate::desk::ids::TicketKey;

/// Closes, after asking why if there are reasons to choose from.
pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    let reasons = model.desk.as_ref().map(|desk| desk.close_reasons.clone()).unwrap_or_default();
    let tickets = queue::targets(model);
    if reasons.is_empty() || tickets.is_empty() {
        return desk_work::act(model, Repeatable::Close(String::new()), out);
    }
    let item = |(index, label)| Item { label, index, ..Item::default() };
    let mut items: Vec<Item> = reasons.into_iter().enumerate().map(item).collect();
    let none = Item { label: "no reason".to_owned(), index: usize::MAX, ..Item::default() };
    items.push(none);
    model.overlay = Some(Overlay::Close(Picker::new(items), tickets));
}

/// Takes the reason that is chosen; when none of them fits what was typed, that.
pub(super) fn accept(model: &mut Model, picker: &Picker, tickets: Vec<TicketKey>, out: &mut Vec<Effect>) {
    let reason = match picker.current() {
        Some(item) if item.index == usize::MAX => String::new(),
        Some(item) => item.label.clone(),
        None => picker.query.text().trim().to_owned(),
    };
    desk_work::act_on(model, Repeatable::Close(reason), tickets, out);
}
