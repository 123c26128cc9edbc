//! Why a ticket is whose it is, on the screen; and saying that one is away.

use super::super::effect::{Effect, ReadKind};
use super::super::keys::Key;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::overlays::explain::{ExplainPage, lines};
use super::super::overlays::status::room;
use super::super::work::After;
use super::page::{self, Turned};
use super::{say, warn};
use crate::desk::command::Command;
use crate::desk::ids::{TicketKey, TopicId};
use crate::engine::views::{Explanation, Presence, ViewRequest};

/// Asks about the ticket at hand, or the one of that number.
pub(super) fn ask(model: &mut Model, words: &str, out: &mut Vec<Effect>) {
    let number = words.trim().trim_start_matches('#');
    let ticket = match (model.target(), number.parse::<TopicId>()) {
        (here, _) if number.is_empty() => here,
        (here, Ok(topic)) => here.map(|here| TicketKey { topic, ..here }),
        (_, Err(_)) => return warn(model, format!("`{number}` is no ticket number"), out),
    };
    match ticket {
        Some(ticket) => out.push(model.read(ReadKind::Explain, ViewRequest::Explain { ticket })),
        None => say(model, "no ticket is selected".to_owned(), out),
    }
}

pub(super) fn on_explained(model: &mut Model, explanation: Option<Box<Explanation>>, out: &mut Vec<Effect>) {
    match explanation {
        // Whoever has begun something else since is not disturbed.
        Some(_) if model.overlay.is_some() || model.prompt.is_some() => {}
        Some(explanation) => model.overlay = Some(Overlay::Explain(ExplainPage { top: 0, explanation })),
        None => warn(model, "that is no ticket".to_owned(), out),
    }
}

pub(super) fn on_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let Some(Overlay::Explain(page)) = &model.overlay else { return };
    let (width, height) = room(model);
    let last = lines(&page.explanation, model, width).len().saturating_sub(height);
    if let Turned::To(scroll) = page::on_key(model, key, (height, last), out)
        && let Some(Overlay::Explain(page)) = &mut model.overlay
    {
        page.top = scroll.from(page.top);
    }
}

/// Says that I am away, or that I am back if I was.
pub(super) fn away(model: &mut Model, out: &mut Vec<Effect>) {
    let away = !is_away(model);
    let words = if away { "you are away" } else { "you are back" };
    out.push(model.submit(Command::SetPresence { away }, After::Say(words.to_owned())));
}

/// Tells whether I have said that I am away.
pub(crate) fn is_away(model: &Model) -> bool {
    let roster = model.desk.as_ref().map(|desk| &desk.roster[..]).unwrap_or_default();
    roster.iter().any(|view| view.agent == model.me && view.presence == Presence::Away)
}
