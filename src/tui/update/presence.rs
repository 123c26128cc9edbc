//! Who else is here: the desk is told what is on this screen and when it is used, and two who write the same answer are told of each other.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::model::Model;
use super::super::overlays::{Confirm, Overlay, Then};
use super::super::panes::here;
use super::super::work::After;
use super::{overlay, say};
use crate::desk::command::Command;
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::presence::USE_IS_SAID;
use crate::engine::views::Here;

/// A desk that is there has answered by then; whoever leaves sooner waits for it.
pub(super) const ANSWERED: Duration = Duration::from_millis(500);

/// Tells the desk that somebody is at the screen, now and then while keys are pressed, and at the first one after a pause.
pub(super) fn used(model: &mut Model, out: &mut Vec<Effect>) {
    if model.now.since(model.used) >= USE_IS_SAID {
        model.used = model.now;
        let (screen, used) = (model.screen, Some(Duration::ZERO));
        out.push(model.submit(Command::Screen { screen, used }, After::Ignored));
    }
}

/// Tells the desk when another ticket is on the screen, or none.
pub(super) fn tell(model: &mut Model, out: &mut Vec<Effect>) {
    let ticket = model.open.as_ref().filter(|open| open.entered).map(|open| open.key);
    if ticket != model.looks {
        model.looks = ticket;
        let screen = model.screen;
        out.push(model.submit(Command::Look { screen, ticket }, After::Ignored));
    }
}

/// Names those who are writing to the customer of a ticket.
pub(super) fn writers(model: &Model, key: TicketKey) -> BTreeSet<AgentName> {
    let here = model.row_of(key).map(|row| row.here.as_slice()).unwrap_or_default();
    here.iter().filter(|here| here.writing).map(|here| here.agent.clone()).collect()
}

/// Says who is writing to the customer of a ticket and was not spoken of yet; `None`: nobody.
pub(super) fn news(model: &Model, key: TicketKey) -> Option<String> {
    let told = model.composer.as_ref().filter(|composer| composer.ticket == key && !composer.note);
    let others = writers(model, key).into_iter();
    let others = others.filter(|agent| told.is_none_or(|composer| !composer.told.contains(agent)));
    let others: Vec<Here> = others.map(|agent| Here { agent, writing: true }).collect();
    (!others.is_empty()).then(|| here::words(&others))
}

/// Asks before a second answer is begun, or sent, while somebody writes one; tells whether it asks.
pub(super) fn asks_first(model: &mut Model, key: TicketKey, then: Then) -> bool {
    let Some(words) = news(model, key) else { return false };
    overlay::ask(model, Confirm::careful(format!("{words} here: reply all the same?"), "reply all the same", then));
    true
}

/// Takes back a question that has answered itself: nobody writes any more, or nothing is unsent.
pub(super) fn settle(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(confirm)) = &model.overlay else { return };
    let asks = |test: fn(&Then) -> bool| confirm.choices.iter().any(|choice| test(&choice.then));
    let words = if asks(|then| matches!(then, Then::WriteToo)) {
        let alone = model.target().is_none_or(|key| news(model, key).is_none());
        alone.then(|| "nobody else is writing here any more: look at what came, then reply".to_owned())
    } else if asks(|then| matches!(then, Then::Quit)) {
        (model.unsent() + model.unheard(ANSWERED) == 0)
            .then(|| format!("everything has been sent: {} leaves", model.key(Action::Quit)))
    } else {
        None
    };
    if let Some(words) = words {
        model.overlay = None;
        say(model, words, out);
    }
}

/// Remembers that the agent knows who is writing.
pub(super) fn know(model: &mut Model) {
    let Some(key) = model.composer.as_ref().map(|composer| composer.ticket) else { return };
    let writers = writers(model, key);
    if let Some(composer) = &mut model.composer {
        composer.told.extend(writers);
    }
}
