//! Opening and saving what an entry brings; how far files are.

use super::super::effect::{Effect, Launch};
use super::super::files::{FileUse, Target, targets};
use super::super::model::{Model, OpenTicket};
use super::super::overlays::{Choice, Confirm, Then};
use super::super::prompt::{Prompt, PromptKind};
use super::super::widgets::line_edit::LineEdit;
use super::super::widgets::text;
use super::super::work::After;
use super::{overlay, say, warn};
use crate::desk::command::Command;
use crate::desk::files::{FileFacts, may_open};
use crate::desk::ids::{MessageId, TicketKey};
use crate::engine::handle::Receipt;
use crate::engine::views::{FileNews, FileView, NotSaved};

/// The selected entry's targets.
fn here(model: &Model) -> Vec<Target> {
    model.open.as_ref().and_then(OpenTicket::entry).map(targets).unwrap_or_default()
}

/// `o`: opens the file or the link; asks which, if there are several.
pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    let mut all = here(model);
    match all.len() {
        0 => warn(model, "the selected message has no file and no link".to_owned(), out),
        1 => match all.remove(0) {
            Target::File(message, _) => open_file(model, message, false, out),
            Target::Link(link) => open_link(model, link, out),
        },
        _ => choose(model, "Open which?", all, |target| match target {
            Target::File(message, _) => Then::OpenFile(message, false),
            Target::Link(link) => Then::OpenLink(link),
        }),
    }
}

fn choose(model: &mut Model, question: &str, all: Vec<Target>, then: impl Fn(Target) -> Then) {
    let choice =
        |(key, target): (char, Target)| Choice { key, label: text::cut(&target.label(), 52), then: then(target) };
    let choices = ('1'..='9').zip(all).map(choice).collect();
    overlay::ask(model, Confirm { question: question.to_owned(), choices });
}

fn facts(model: &Model, message: MessageId) -> Option<FileFacts> {
    let open = model.open.as_ref()?;
    let entry = open.entries.iter().find(|entry| entry.is_message(message))?;
    targets(entry).into_iter().find_map(|target| match target {
        Target::File(id, facts) if id == message => Some(facts),
        _ => None,
    })
}

/// Opens the file of a message of the open ticket. One that may be a program is asked about, unless `sure`.
pub(super) fn open_file(model: &mut Model, message: MessageId, sure: bool, out: &mut Vec<Effect>) {
    let Some(facts) = facts(model, message) else { return };
    if !sure && !may_open(&facts.name) {
        let name = text::safe(&facts.name);
        let question =
            format!("{name} may be or contain a program. Whatever your system opens such files with may run it.");
        return overlay::ask(model, Confirm::yes(question, "open it all the same", Then::OpenFile(message, true)));
    }
    fetch(model, message, FileUse::Open, out);
}

pub(super) fn open_link(model: &mut Model, link: String, out: &mut Vec<Effect>) {
    say(model, format!("opening {link}"), out);
    out.push(Effect::Launch(Launch::Link(link)));
}

/// `S`: saves the file under a name that is asked for, or that was given; asks which file, if there are several.
pub(super) fn save(model: &mut Model, to: Option<&str>, out: &mut Vec<Effect>) {
    let mut all = here(model);
    all.retain(|target| matches!(target, Target::File(..)));
    match (all.as_slice(), to) {
        ([], _) => warn(model, "the selected message has no file".to_owned(), out),
        ([Target::File(message, _)], Some(to)) => fetch(model, *message, FileUse::Save(to.to_owned()), out),
        ([Target::File(message, _)], None) => ask_where(model, *message),
        _ => choose(model, "Save which?", all, |target| match target {
            Target::File(message, _) => Then::SaveFile(message),
            Target::Link(link) => Then::OpenLink(link),
        }),
    }
}

/// Asks where to save the file of a message of the open ticket.
pub(super) fn ask_where(model: &mut Model, message: MessageId) {
    let Some(facts) = facts(model, message) else { return };
    let folder = model.setup.save_to.trim_end_matches('/');
    let line = LineEdit::new(&format!("{folder}/{}", facts.name));
    model.prompt = Some(Prompt { kind: PromptKind::Save(message), line });
}

/// The name under which to save was typed.
pub(super) fn save_as(model: &mut Model, message: MessageId, to: &str, out: &mut Vec<Effect>) {
    if to.is_empty() {
        return warn(model, "not saved: no name".to_owned(), out);
    }
    fetch(model, message, FileUse::Save(to.to_owned()), out);
}

fn fetch(model: &mut Model, message: MessageId, then: FileUse, out: &mut Vec<Effect>) {
    let Some(ticket) = model.open.as_ref().map(|open| open.key) else { return };
    out.push(model.submit(Command::Fetch { ticket, message }, After::Fetched(then)));
}

/// The desk has said where a file is, or will be.
pub(super) fn asked(
    model: &mut Model,
    ticket: Option<TicketKey>,
    then: FileUse,
    receipt: &Receipt,
    out: &mut Vec<Effect>,
) {
    let (Some(ticket), Some(file)) = (ticket, receipt.file.clone()) else { return };
    if file.ready {
        return apply(model, file, then, out);
    }
    let key = (ticket, file.message);
    say(model, format!("fetching {}: it goes on while you work", file.name), out);
    model.files.coming.entry(key).or_insert((0, file.size));
    model.files.wanted.insert(key, (file, then));
}

fn apply(model: &mut Model, file: FileView, then: FileUse, out: &mut Vec<Effect>) {
    match then {
        FileUse::Open => {
            say(model, format!("opening {}", file.name), out);
            out.push(Effect::Launch(Launch::File(file.path)));
        }
        FileUse::Save(to) => out.push(Effect::Save(file, to, false)),
    }
}

/// A file has come further, or not.
pub(super) fn on_news(model: &mut Model, news: FileNews, out: &mut Vec<Effect>) {
    model.dirty = true;
    match news {
        FileNews::Coming { ticket, message, done, size } => {
            model.files.coming.insert((ticket, message), (done, size));
        }
        FileNews::Leaving { outbox, done, size, .. } => {
            if done < size {
                model.files.leaving.insert(outbox, (done, size));
            } else {
                model.files.leaving.remove(&outbox);
            }
        }
        FileNews::Here { ticket, message, .. } => {
            model.files.coming.remove(&(ticket, message));
            if let Some((file, then)) = model.files.wanted.remove(&(ticket, message)) {
                apply(model, file, then, out);
            }
        }
        FileNews::Missed { ticket, message, why } => {
            model.files.coming.remove(&(ticket, message));
            if let Some((file, _)) = model.files.wanted.remove(&(ticket, message)) {
                warn(model, format!("{} was not fetched: {why}", file.name), out);
            }
        }
    }
}

/// A file was saved, or not.
pub(super) fn saved(
    model: &mut Model,
    file: FileView,
    to: String,
    outcome: Result<std::path::PathBuf, NotSaved>,
    out: &mut Vec<Effect>,
) {
    match outcome {
        Ok(path) => say(model, format!("saved as {}", path.display()), out),
        Err(NotSaved::Failed(why)) => warn(model, format!("not saved: {why}"), out),
        Err(NotSaved::Exists) => {
            model.dirty = true;
            let question = format!("{} is there already, and would be lost.", text::safe(&to));
            overlay::ask(model, Confirm::yes(question, "overwrite it", Then::Overwrite(file, to)));
        }
    }
}
