//! Opening a ticket from the messages of Intake: which, under what title, for whom.

use std::collections::BTreeSet;

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::model::Model;
use super::super::overlays::{Confirm, Then};
use super::super::prompt::{Prompt, PromptKind};
use super::super::view::customer_name;
use super::super::widgets::line_edit::LineEdit;
use super::super::work::After;
use super::{overlay, say, thread, warn};
use crate::desk::command::Command;
use crate::desk::ids::{MessageId, PersonId, TicketKey, TopicId};
use crate::desk::opening;
use crate::engine::views::{QueueName, TicketRow};

/// A ticket that is to be opened from General.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    general: TicketKey,
    /// Oldest first.
    messages: Vec<MessageId>,
    title: String,
    /// The author of the first message.
    customer: String,
    /// The other authors.
    others: Vec<String>,
}

/// Tells whether the target is a message of General, of which there is no ticket, and says so.
pub(super) fn is_of_general(model: &mut Model, out: &mut Vec<Effect>) -> bool {
    let is = model.target().is_some_and(|key| key.topic == TopicId::GENERAL);
    if is {
        let key = model.key(Action::NewTicket);
        warn(model, format!("a message of General is no ticket: {key} in Intake opens one from it"), out);
    }
    is
}

/// Asks for the title of the ticket that the marked messages, or the one under the cursor, become. In other queues the key finds.
pub(super) fn ask_title(model: &mut Model, out: &mut Vec<Effect>) {
    if model.queue.name != QueueName::Intake {
        return thread::find_step(model, false, out);
    }
    if let Some(why) = model.desk.as_ref().and_then(|desk| desk.opening_barred.clone()) {
        return warn(model, format!("no ticket can be opened: {why}"), out);
    }
    let queue = &model.queue;
    let marked = queue.rows.iter().filter(|row| queue.marked.contains(&row.name()));
    let mut rows: Vec<&TicketRow> = marked.collect();
    if rows.is_empty() {
        rows.extend(queue.row());
    }
    rows.retain(|row| row.message.is_some());
    rows.sort_by_key(|row| row.message);
    let Some(first) = rows.first() else { return say(model, "no message is selected".to_owned(), out) };
    let author = |row: &TicketRow| row.customer.as_ref().map(|person| person.id);
    let mut known: BTreeSet<Option<PersonId>> = [author(first)].into();
    let opening = Opening {
        general: first.key(),
        messages: rows.iter().filter_map(|row| row.message).collect(),
        title: opening::propose(&first.last_text),
        customer: customer_name(first).to_owned(),
        others: rows.iter().filter(|row| known.insert(author(row))).map(|row| customer_name(row).to_owned()).collect(),
    };
    model.prompt = Some(Prompt { kind: PromptKind::Title, line: LineEdit::new(&opening.title) });
    model.opening = Some(opening);
}

/// The title was typed: tells what will happen, and asks.
pub(super) fn confirm(model: &mut Model, typed: &str, out: &mut Vec<Effect>) {
    let Some(mut opening) = model.opening.take() else { return };
    opening.title = match opening::title(typed) {
        Ok(title) => title,
        Err(refusal) => return warn(model, refusal.to_string(), out),
    };
    let says = model.desk.as_ref().is_some_and(|desk| desk.opening_says);
    let customer = match opening.others.as_slice() {
        [] => format!("{} is the customer.", opening.customer),
        others => {
            let also = if others.len() == 1 { "also writes" } else { "also write" };
            format!("{} wrote first and is the customer; {} {also} there.", opening.customer, others.join(", "))
        }
    };
    let moved = match opening.messages.len() {
        1 => "The message is forwarded there".to_owned(),
        many => format!("The {many} messages are forwarded there"),
    };
    let told = if says { ", and a reply in General says where." } else { "; nothing is said in General." };
    let question = format!("Open a ticket in a new topic \"{}\"?\n{customer} {moved}{told}", opening.title);
    overlay::ask(model, Confirm::yes(question, "open it", Then::OpenFrom(Box::new(opening))));
}

/// Opens the ticket.
pub(super) fn open(model: &mut Model, opening: Opening, out: &mut Vec<Effect>) {
    model.queue.marked.clear();
    model.queue.anchor = None;
    let Opening { general: ticket, messages, title, .. } = opening;
    let words = format!("the ticket \"{title}\" is being opened");
    let command = Command::OpenFrom { ticket, messages, title, confirmed: false };
    out.push(model.submit(command, After::Say(words)));
}
