//! How the desk stands, on the screen; and comparing with Telegram once more, from here.

use super::super::action::Action;
use super::super::effect::{Effect, ReadKind};
use super::super::keys::Key;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::overlays::status::{About, StatusPage, Verifying, found_words, lines, room};
use super::super::work::After;
use super::page::{self, Turned};
use super::{say, warn};
use crate::desk::command::Command;
use crate::desk::ids::TicketKey;
use crate::engine::handle::Request;
use crate::engine::views::{Completeness, TicketCheck, ViewRequest};

pub(super) fn open(model: &mut Model) {
    model.overlay = Some(Overlay::Status(StatusPage::default()));
}

pub(super) fn on_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let (width, height) = room(model);
    let Some(Overlay::Status(page)) = &model.overlay else { return };
    let last = lines(page, model, width).len().saturating_sub(height);
    let seats = matches!(page.about, About::Seats(_));
    match page::on_key(model, key, (height, last), out) {
        Turned::To(scroll) => {
            if let Some(Overlay::Status(page)) = &mut model.overlay {
                page.top = scroll.from(page.top);
            }
        }
        Turned::Not if seats && key.latin().unwrap_or(key).text() == Some('r') => {
            out.push(Effect::Operate(Request::Seats));
        }
        Turned::Done | Turned::Not => {}
    }
}

/// Compares the ticket at hand with Telegram, or everything; how far that is stands on the page.
pub(super) fn verify(model: &mut Model, all: bool, out: &mut Vec<Effect>) {
    let ticket = if all { None } else { model.target() };
    if ticket.is_none() && !all {
        let name = Action::VerifyAll.row().name;
        return say(model, format!("no ticket is selected: `:{name}` compares everything"), out);
    }
    out.push(model.submit(Command::Recheck { ticket }, After::Verify(ticket)));
}

/// The comparison has begun.
pub(super) fn begun(model: &mut Model, ticket: Option<TicketKey>, out: &mut Vec<Effect>) {
    model.verifying = Some(Verifying { ticket, verdict: None });
    if model.overlay.is_none() && model.composer.is_none() {
        let lines = StatusPage { top: usize::MAX, about: About::Desk };
        model.overlay = Some(Overlay::Status(lines));
    }
    // What was asked for before may still tell of the comparison before.
    model.forget_read(ReadKind::Desk);
    out.push(model.read(ReadKind::Desk, ViewRequest::Desk));
}

/// The desk was read: the verdict is asked for when everything has been compared.
pub(super) fn on_desk(model: &mut Model, out: &mut Vec<Effect>) {
    let done = model.desk.as_ref().and_then(|desk| desk.recheck.as_ref()).is_some_and(|one| one.done == one.total);
    if let Some(Verifying { ticket, verdict: None }) = model.verifying
        && done
        && !model.is_reading(ReadKind::Checks)
    {
        out.push(model.read(ReadKind::Checks, ViewRequest::Completeness { ticket }));
    }
}

pub(super) fn on_checks(model: &mut Model, checks: Vec<TicketCheck>, out: &mut Vec<Effect>) {
    let Some(verifying) = &mut model.verifying else { return };
    let found = model.desk.as_ref().and_then(|desk| desk.recheck.as_ref()).map(|one| one.found.clone());
    let found = found.unwrap_or_default();
    let what = verifying.ticket.map_or("everything".to_owned(), |ticket| ticket.to_string());
    let missed = match (&found[..], verifying.ticket) {
        ([], _) => "nothing had been missed".to_owned(),
        ([(_, found)], Some(_)) => found_words(*found),
        (many, _) => format!("something had been missed in {} tickets, and is mended", many.len()),
    };
    let open = checks.iter().filter(|check| check.verdict != Completeness::Complete).count();
    let words = match &checks[..] {
        [one] => format!("{what}: {}; {missed}", one.verdict.words()),
        many => format!("{what}: {} of {} threads complete; {missed}", many.len() - open, many.len()),
    };
    verifying.verdict = Some(checks);
    match open {
        0 => say(model, words, out),
        _ => warn(model, words, out),
    }
}
