//! What has not been sent, across all tickets: sending, changing, throwing away, and going there.

use super::super::effect::{Effect, ReadKind};
use super::super::model::{Model, OpenTicket};
use super::super::overlays::{Choice, Confirm, Overlay, Then};
use super::super::panes::groups;
use super::super::widgets::picker::{Item, Picker};
use super::super::widgets::text;
use super::super::work::After;
use super::{overlay, thread};
use crate::desk::command::Command;
use crate::desk::ids::{MessageId, OutboxId};
use crate::desk::thread::{Delivery, Doubt};
use crate::engine::views::{OutboxRow, ViewRequest};

pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Outbox(Picker::new(Vec::new()), Vec::new()));
    out.push(model.read(ReadKind::Outbox, ViewRequest::Outbox));
}

/// Takes in the list: what needs a word stands first.
pub(super) fn on_rows(model: &mut Model, mut rows: Vec<OutboxRow>) {
    rows.sort_by_key(|row| (!row.needs_a_word(), row.outbox));
    let items = rows.iter().enumerate().map(|(index, row)| Item {
        label: format!("{} {}", groups::ticket(model, row.ticket), row.agent),
        code: row.delivery.label().to_owned(),
        detail: match row.needs_a_word() {
            true => format!("! {} · {}", row.why(), row.words()),
            false => row.words(),
        },
        preview: match row.what_to_do() {
            "" => format!("{}\n\n{}", row.why(), row.words()),
            to_do => format!("{}\n-> {to_do}\n\n{}", row.why(), row.words()),
        },
        index,
    });
    let items = items.collect();
    if let Some(Overlay::Outbox(picker, shown)) = &mut model.overlay {
        picker.set_items(items);
        *shown = rows;
    }
}

/// Asks what is to become of the selected reply.
pub(super) fn choose(model: &mut Model) {
    let Some(Overlay::Outbox(picker, rows)) = &model.overlay else { return };
    let Some(row) = picker.current().and_then(|item| rows.get(item.index)).cloned() else { return };
    let key = |key, label: &str, then| Choice { key, label: label.to_owned(), then };
    let mut choices = vec![key('g', "go to the ticket", Then::ToUnsent(row.ticket, row.outbox))];
    if row.needs_a_word() {
        let label =
            if matches!(row.delivery, Delivery::Parked { .. }) { "send it again" } else { "send it all the same" };
        choices.push(key('s', label, Then::SendUnsent(row.outbox, answered(&row))));
    }
    if row.is_editable() {
        let lost = match &row.opens {
            None => "throw it away, its text is lost",
            Some(_) => "throw it away; what is not forwarded stays in Intake",
        };
        choices.push(key('e', "change it", Then::ChangeUnsent(row.ticket, row.outbox, row.text.clone())));
        choices.push(key('d', lost, Then::Discard(row.outbox)));
    }
    let why = match row.what_to_do() {
        "" => row.why(),
        _ => format!("{}: {}", row.delivery.label(), row.why()),
    };
    let name = groups::ticket(model, row.ticket);
    let question = format!("{name} {}: \"{}\" · {why}", row.agent, text::cut(&row.words().replace('\n', " "), 60));
    overlay::ask(model, Confirm { question, choices });
}

/// Up to which message it is answered to when it is sent from the list: what it was said to be overtaken by, no more.
fn answered(row: &OutboxRow) -> Option<MessageId> {
    match &row.delivery {
        Delivery::Confirm { why: Doubt::Newer { message } } => row.seen.max(Some(*message)),
        _ => row.seen,
    }
}

/// Sends a reply that was stopped; the list stays.
pub(super) fn send(model: &mut Model, outbox: OutboxId, seen: Option<MessageId>, out: &mut Vec<Effect>) {
    out.push(model.submit(Command::RetryOutbox { outbox, seen }, After::Say("sent off".to_owned())));
    open(model, out);
}

/// Goes to its ticket and takes it aside to be changed.
pub(super) fn change(
    model: &mut Model,
    row: (crate::desk::ids::TicketKey, OutboxId),
    text: String,
    out: &mut Vec<Effect>,
) {
    let (ticket, outbox) = row;
    go_to(model, ticket, outbox, out);
    out.push(model.submit(Command::HoldOutbox { outbox }, After::Change(outbox, text)));
}

/// Goes to the selected reply's ticket.
pub(super) fn accept(model: &mut Model, picker: &Picker, rows: &[OutboxRow], out: &mut Vec<Effect>) {
    if let Some(row) = picker.current().and_then(|item| rows.get(item.index)) {
        go_to(model, row.ticket, row.outbox, out);
    }
}

pub(super) fn go_to(model: &mut Model, ticket: crate::desk::ids::TicketKey, outbox: OutboxId, out: &mut Vec<Effect>) {
    thread::open(model, ticket, out);
    if let Some(open) = &mut model.open {
        select(open, outbox);
    }
}

fn select(open: &mut OpenTicket, outbox: OutboxId) {
    if let Some(entry) = open.entries.iter().find(|entry| entry.outbox == Some(outbox)) {
        open.selected = Some(entry.id);
        open.follow = false;
    }
}
