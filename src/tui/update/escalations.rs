//! Escalations on the screen: who hears of one, and the list of the newest.

use super::super::effect::{Effect, ReadKind};
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::until::age;
use super::super::widgets::picker::{Item, Picker};
use super::{alarm, thread};
use crate::desk::ids::AgentName;
use crate::engine::views::{Alert, FiringView, ViewRequest};

/// How many firings the list has.
const LISTED: usize = 200;

/// Says an escalation to those it is for.
pub(super) fn hear(model: &mut Model, alert: &Alert, out: &mut Vec<Effect>) {
    let is_mine = |model: &Model, to: &[AgentName]| to.contains(&model.me);
    let words = match alert {
        Alert::Escalated { ticket, rule, why, to } if is_mine(model, to) => {
            format!("{ticket} escalated: {why} ({rule})")
        }
        Alert::EscalationsHeld { rule, count, to } if is_mine(model, to) => {
            let tickets = if *count == 1 { "1 more ticket" } else { &format!("{count} more tickets") };
            format!("{rule} has escalated {tickets} within the hour; :escalations lists them")
        }
        Alert::EscalationsMissed { count, to } if is_mine(model, to) => {
            let were = if *count == 1 { "1 escalation was" } else { &format!("{count} escalations were") };
            format!("{were} due while the desk was off; :escalations lists them")
        }
        _ => return,
    };
    alarm(model, words, out);
}

pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Escalations(Picker::new(Vec::new()), Vec::new()));
    out.push(model.read(ReadKind::Escalations, ViewRequest::Escalations { limit: LISTED }));
}

/// Takes in the list, newest first.
pub(super) fn on_firings(model: &mut Model, firings: Vec<FiringView>) {
    let items = firings.iter().enumerate().map(|(index, firing)| {
        let to = match (firing.held, &firing.told[..]) {
            (true, _) => "held back by its cap".to_owned(),
            (false, []) => "told nobody".to_owned(),
            (false, told) => {
                format!("told {}", told.iter().map(|name| name.0.as_str()).collect::<Vec<_>>().join(", "))
            }
        };
        let mark = if firing.stands { "" } else { " · over" };
        Item {
            label: format!("{} {}", firing.ticket, firing.rule),
            code: age(model.now.since(firing.due)),
            detail: format!("{}{mark} · {to} · {}", firing.why, firing.title),
            preview: String::new(),
            index,
        }
    });
    let items = items.collect();
    if let Some(Overlay::Escalations(picker, shown)) = &mut model.overlay {
        picker.set_items(items);
        *shown = firings;
    }
}

/// Goes to the selected firing's ticket.
pub(super) fn accept(model: &mut Model, picker: &Picker, firings: &[FiringView], out: &mut Vec<Effect>) {
    if let Some(firing) = picker.current().and_then(|item| firings.get(item.index)) {
        thread::open(model, firing.ticket, out);
    }
}
