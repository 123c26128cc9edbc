//! From a message to the one it replies to and back, and to what it said before.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::model::Model;
use super::{say, thread};
use crate::desk::ids::MessageId;

/// Goes to the message that the selected one replies to.
pub(super) fn to_quoted(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    let Some(entry) = open.entry() else { return };
    let (from, Some(to)) = (entry.message_id, entry.reply_to) else {
        return say(model, "the selected message replies to none here".to_owned(), out);
    };
    if entry.quote_author.is_none() && !open.entries.iter().any(|entry| entry.is_message(to)) {
        return say(model, format!("message {to} is not here"), out);
    }
    open.came_from.extend(from);
    go(model, to, out);
}

/// Goes back to the message from which the last jump was made.
pub(super) fn back(model: &mut Model, out: &mut Vec<Effect>) {
    let key = model.key(Action::Quoted);
    let Some(open) = &mut model.open else { return };
    match open.came_from.pop() {
        Some(message) => go(model, message, out),
        None => say(model, format!("nothing to go back to: {key} goes to the message that is replied to"), out),
    }
}

/// Selects a message; one that is not loaded is read with what is around it.
fn go(model: &mut Model, message: MessageId, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    match open.entries.iter().position(|entry| entry.is_message(message)) {
        Some(place) => {
            thread::go_to(open, place);
            thread::load_more(model, out);
        }
        None => {
            model.land_on = Some(message);
            out.push(thread::read(model));
        }
    }
}

/// Shows or hides what the selected message said before.
pub(super) fn edits(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(open) = &mut model.open else { return };
    let Some((id, edits)) = open.entry().map(|entry| (entry.id, entry.edits.len())) else { return };
    if edits == 0 {
        return say(model, "nothing else is known that the selected message said".to_owned(), out);
    }
    if !open.unfolded.remove(&id) {
        open.unfolded.insert(id);
    }
}
