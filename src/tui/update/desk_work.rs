//! What is done to tickets: one or many, undone, repeated.

use super::super::action::Action;
use super::super::effect::{Effect, ReadKind};
use super::super::model::{Focus, Model};
use super::super::overlays::{Confirm, Then};
use super::super::panes::groups;
use super::super::prompt::{Prompt, PromptKind};
use super::super::widgets::line_edit::LineEdit;
use super::super::work::{After, NextFor, Repeatable, Undoable};
use super::{overlay, queue, say, warn};
use crate::desk::command::Command;
use crate::desk::ids::TicketKey;
use crate::desk::thread::Delivery;
use crate::engine::views::ViewRequest;

/// Does something to the marked tickets, or to the one at hand. More than one is asked about.
pub(super) fn act(model: &mut Model, what: Repeatable, out: &mut Vec<Effect>) {
    let tickets = queue::targets(model);
    act_on(model, what, tickets, out);
}

pub(super) fn act_on(model: &mut Model, what: Repeatable, tickets: Vec<TicketKey>, out: &mut Vec<Effect>) {
    match &tickets[..] {
        [] => say(model, "no ticket is selected".to_owned(), out),
        [one] => {
            let one = *one;
            unmark(model);
            submit_one(model, what, one, out);
        }
        many => {
            let verb = what.verb();
            let mut question = format!("{} {} tickets?", capital(&verb), many.len());
            question.push(' ');
            question
                .push_str(&many.iter().take(8).map(|one| groups::ticket(model, *one)).collect::<Vec<_>>().join(" "));
            if many.len() > 8 {
                question.push_str(" …");
            }
            let then = Then::Bulk(what, tickets);
            overlay::ask(model, Confirm::yes(question, "all of them", then));
        }
    }
}

fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn unmark(model: &mut Model) {
    if model.focus == Focus::Queue {
        model.queue.marked.clear();
        model.queue.anchor = None;
    }
}

/// Does it to all of them, without asking any more.
pub(super) fn bulk(model: &mut Model, what: Repeatable, tickets: &[TicketKey], out: &mut Vec<Effect>) {
    unmark(model);
    model.repeat = Some((what.clone(), tickets.last().copied()));
    let batch = model.fresh_tag();
    model.templates.batches.insert(batch, tickets.len());
    for ticket in tickets {
        if what == Repeatable::Claim {
            model.claiming.insert(*ticket);
        }
        out.push(model.submit(what.command(*ticket), After::Bulk(what.clone(), batch)));
    }
}

pub(super) fn submit_one(model: &mut Model, what: Repeatable, ticket: TicketKey, out: &mut Vec<Effect>) {
    if what == Repeatable::Claim || what == Repeatable::TakeOver {
        model.claiming.insert(ticket);
    }
    model.repeat = Some((what.clone(), Some(ticket)));
    let command = what.command(ticket);
    out.push(model.submit(command, After::Desk(what)));
}

/// Claims because a reply was begun.
pub(super) fn claim_quietly(model: &mut Model, ticket: TicketKey, out: &mut Vec<Effect>) {
    model.claiming.insert(ticket);
    out.push(model.submit(Command::Claim { ticket }, After::Say(format!("claimed {}", groups::ticket(model, ticket)))));
}

/// Submits a command of its own kind and says the words when it is done.
pub(super) fn once(model: &mut Model, command: Command, words: String, out: &mut Vec<Effect>) {
    out.push(model.submit(command, After::Say(words)));
}

/// Resolves; asks if there is a draft.
pub(super) fn resolve(model: &mut Model, out: &mut Vec<Effect>) {
    let tickets = queue::targets(model);
    if let [one] = tickets[..] {
        let drafted = match model.drafts.get(&one) {
            Some(draft) => !draft.text.is_empty(),
            None => model.row_of(one).is_some_and(|row| row.draft),
        };
        if drafted {
            let name = groups::ticket(model, one);
            let question = format!("{name} has a draft that was not sent. Resolve it all the same? The draft is kept.");
            return overlay::ask(model, Confirm::yes(question, "resolve", Then::Resolve(one)));
        }
    }
    act_on(model, Repeatable::Resolve, tickets, out);
}

/// Asks how much the targets matter.
pub(super) fn ask_priority(model: &mut Model, out: &mut Vec<Effect>) {
    ask_words(model, PromptKind::Priority, out);
}

/// Asks which tags the targets get and lose.
pub(super) fn ask_tags(model: &mut Model, out: &mut Vec<Effect>) {
    ask_words(model, PromptKind::Tags, out);
}

/// Asks for something about the targets in words.
pub(super) fn ask_words(model: &mut Model, kind: PromptKind, out: &mut Vec<Effect>) {
    if queue::targets(model).is_empty() {
        return say(model, "no ticket is selected".to_owned(), out);
    }
    model.prompt = Some(Prompt { kind, line: LineEdit::new("") });
}

/// Sets the priority that was typed; nothing typed changes nothing.
pub(super) fn set_priority(model: &mut Model, typed: &str, out: &mut Vec<Effect>) {
    if typed.is_empty() {
        return;
    }
    match typed.parse() {
        Ok(priority) => act(model, Repeatable::SetPriority(priority), out),
        Err(why) => warn(model, why, out),
    }
}

/// Sets the category that was typed, `-` for none; nothing typed changes nothing.
pub(super) fn set_category(model: &mut Model, typed: &str, out: &mut Vec<Effect>) {
    match typed {
        "" => {}
        "-" => act(model, Repeatable::SetCategory(None), out),
        word => match word.parse() {
            Ok(category) => act(model, Repeatable::SetCategory(Some(category)), out),
            Err(why) => warn(model, why, out),
        },
    }
}

/// Sets the team that was typed, `-` for none; nothing typed changes nothing.
pub(super) fn set_team(model: &mut Model, typed: &str, out: &mut Vec<Effect>) {
    match typed {
        "" => {}
        "-" => act(model, Repeatable::SetTeam(None), out),
        name => act(model, Repeatable::SetTeam(Some(name.into())), out),
    }
}

/// Changes tags as typed; nothing typed changes nothing.
pub(super) fn tag(model: &mut Model, typed: &str, out: &mut Vec<Effect>) {
    if typed.is_empty() {
        return;
    }
    match typed.parse() {
        Ok(change) => act(model, Repeatable::Tag(change), out),
        Err(why) => warn(model, why, out),
    }
}

/// `u`: takes back what was done last.
pub(super) fn undo(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(last) = model.undo.pop() else {
        return say(model, "nothing to undo".to_owned(), out);
    };
    match last {
        Undoable::Reply { outbox, .. } => {
            let delivery = model.open.as_ref().and_then(|open| {
                open.entries
                    .iter()
                    .rev()
                    .find(|entry| entry.outbox == Some(outbox))
                    .and_then(|entry| entry.delivery.clone())
            });
            if let Some(Delivery::Queued | Delivery::Sending | Delivery::Sent { .. }) = delivery {
                return warn(model, "that reply has left already: it cannot be taken back".to_owned(), out);
            }
            out.push(model.submit(Command::TakeBack { outbox }, After::TakenBack(last)));
        }
        Undoable::Move { ticket, event, done } => {
            out.push(model.submit(Command::Undo { ticket, event }, After::Undone(done)));
        }
        Undoable::Back { ticket, what, done } => {
            out.push(model.submit(what.command(ticket), After::Undone(done)));
        }
        Undoable::Final(words) => say(model, format!("{words}: that cannot be taken back"), out),
    }
}

/// `;`: does the last desk action to the next ticket.
pub(super) fn repeat(model: &mut Model, out: &mut Vec<Effect>) {
    let Some((what, done_on)) = model.repeat.clone() else {
        return say(model, "nothing to repeat yet".to_owned(), out);
    };
    let here = model.target();
    if here.is_some() && here != done_on {
        return act(model, what, out);
    }
    if model.focus == Focus::Queue {
        queue::step(model, 1, out);
        if model.target().is_some() && model.target() != done_on {
            act(model, what, out);
        } else {
            say(model, "no next ticket in this queue".to_owned(), out);
        }
    } else {
        model.next_for = NextFor::Repeat(what);
        out.push(model.read(ReadKind::Next, ViewRequest::NextTicket { after: here, backwards: false }));
    }
}

/// Tells how undoing is done, for a notice; empty if there is nothing to undo.
pub(super) fn undo_words(model: &Model) -> String {
    let key = model.key(Action::Undo);
    if key.is_empty() { String::new() } else { format!(" · {key} undoes") }
}
