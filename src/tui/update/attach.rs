//! A file that goes with a reply: asked for, copied, taken away.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::model::{Focus, Model};
use super::super::prompt::{Prompt, PromptKind};
use super::super::widgets::line_edit::LineEdit;
use super::{compose, say, warn};
use crate::desk::files::Attachment;
use crate::desk::ids::TicketKey;

/// Opens the composer of the target, if a file can go with what is written there.
pub(super) fn begin(model: &mut Model, out: &mut Vec<Effect>) -> Option<TicketKey> {
    if model.composer.is_none() {
        compose::open(model, false, out);
    }
    let composer = model.composer.as_ref()?;
    let (ticket, note, editing) = (composer.ticket, composer.note, composer.editing.is_some());
    if note {
        let toggle = model.key(Action::ToggleNote);
        warn(model, format!("a note has no file: {toggle} makes it a reply"), out);
        return None;
    }
    if editing {
        warn(model, "what was written before keeps the file it has: throw it away and write anew".to_owned(), out);
        return None;
    }
    super::focus(model, Focus::Composer);
    Some(ticket)
}

/// Asks for a file, opening the composer if need be.
pub(super) fn ask(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(ticket) = begin(model, out) {
        model.prompt = Some(Prompt { kind: PromptKind::Attach(ticket), line: LineEdit::new("~/") });
    }
}

/// Asks for a file that goes with what is being written.
pub(super) fn ask_here(model: &mut Model, out: &mut Vec<Effect>) {
    if model.composer.is_some() {
        ask(model, out);
    }
}

/// A file was named: it is copied to where nothing can happen to it until it has left.
pub(super) fn attach(model: &mut Model, ticket: TicketKey, typed: &str, out: &mut Vec<Effect>) {
    let path = meant(typed);
    if path.is_empty() || path == "~/" {
        return;
    }
    model.files.attaching = Some(ticket);
    out.push(Effect::Attach(ticket, path.to_owned()));
}

/// Tells the path in what was typed behind the proposed `~/`: a whole path takes its place. Terminals put quotes around what is dropped on them.
fn meant(typed: &str) -> &str {
    let path = typed.trim();
    let own = path.strip_prefix("~/").map(|own| own.trim_matches(['\'', '"']));
    own.filter(|own| own.starts_with(['/', '~'])).unwrap_or(path).trim_matches(['\'', '"'])
}

/// A file was copied, or not.
pub(super) fn attached(
    model: &mut Model,
    ticket: TicketKey,
    outcome: Result<Attachment, String>,
    out: &mut Vec<Effect>,
) {
    model.files.attaching = None;
    model.dirty = true;
    let file = match outcome {
        Ok(file) => file,
        Err(why) => return warn(model, format!("not attached: {why}"), out),
    };
    let fits = |ticket: TicketKey| {
        move |one: &&mut super::super::composer::Composer| one.ticket == ticket && !one.note && one.editing.is_none()
    };
    let before = match model.composer.as_mut().filter(fits(ticket)) {
        Some(composer) => composer.file.replace(file),
        None => model.files.attached.insert(ticket, file),
    };
    out.extend(before.map(Effect::Detach));
}

/// Takes the file away that would go along.
pub(super) fn detach(model: &mut Model, out: &mut Vec<Effect>) {
    match model.composer.as_mut().and_then(|composer| composer.file.take()) {
        Some(file) => {
            say(model, format!("{} does not go along", file.name), out);
            out.push(Effect::Detach(file));
        }
        None => warn(model, "there is no file here".to_owned(), out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_path_takes_the_place_of_the_proposed_beginning() {
        for (typed, path) in [
            ("~/letter.pdf", "~/letter.pdf"),
            ("~//srv/letter.pdf", "/srv/letter.pdf"),
            ("~/~/letter.pdf", "~/letter.pdf"),
            ("~/'/srv/a letter.pdf' ", "/srv/a letter.pdf"),
            ("'/srv/a letter.pdf'", "/srv/a letter.pdf"),
            ("letter.pdf", "letter.pdf"),
        ] {
            assert_eq!(meant(typed), path, "{typed}");
        }
    }
}
