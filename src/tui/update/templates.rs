//! Templates: offered, picked, inserted with what they bring along; and the question when the guard has found something.

use super::super::action::Action;
use super::super::effect::{Effect, ReadKind};
use super::super::model::Model;
use super::super::overlays::{Choice, Confirm, Overlay, Then};
use super::super::templates::Recipients;
use super::super::widgets::picker::{Item, Picker};
use super::{bulk, compose, overlay, say};
use crate::desk::guard::{Found, in_words};
use crate::desk::ids::TicketKey;
use crate::desk::template::offer::{Offered, Usage, Wanted, offer};
use crate::desk::template::{Origin, Template};
use crate::engine::views::{Entry, EntryKind, Side, ViewRequest};

/// So much of what was asked is compared with templates, in bytes.
const ASKED: usize = 8_000;

/// Opens the picker over the composer.
pub(super) fn open(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(key) = model.composer.as_ref().map(|composer| composer.ticket) else { return };
    model.templates.recipients = None;
    show(model, Some(key), out);
}

/// Opens the picker for a text that goes to many.
pub(super) fn open_for(model: &mut Model, recipients: Recipients, out: &mut Vec<Effect>) {
    model.templates.recipients = Some(recipients);
    show(model, None, out);
}

fn show(model: &mut Model, key: Option<TicketKey>, out: &mut Vec<Effect>) {
    let (items, templates) = items(model, key);
    if templates.is_empty() {
        return say(model, "there are no templates".to_owned(), out);
    }
    model.overlay = Some(Overlay::Templates(Picker::new(items), templates));
    out.push(model.read(ReadKind::Templates, ViewRequest::Templates));
}

/// What the use of templates has shown has come.
pub(super) fn on_uses(model: &mut Model, uses: Vec<Usage>) {
    model.templates.uses = uses;
    let key = model.composer.as_ref().map(|composer| composer.ticket).filter(|_| model.templates.recipients.is_none());
    if matches!(model.overlay, Some(Overlay::Templates(..))) {
        let (items, templates) = items(model, key);
        if let Some(Overlay::Templates(picker, shown)) = &mut model.overlay {
            picker.set_items(items);
            *shown = templates;
        }
    }
}

/// Makes the entries of the picker, the best for a ticket first.
fn items(model: &Model, key: Option<TicketKey>) -> (Vec<Item>, Vec<Template>) {
    let ticket = model.open.as_ref().and_then(|open| open.ticket.as_ref()).filter(|one| Some(one.row.key()) == key);
    let language = ticket.and_then(|ticket| ticket.language.as_deref()).or(model.setup.language.as_deref());
    let today = model.zone.local(model.now).date();
    let wanted = Wanted {
        language,
        status: ticket.map(|ticket| ticket.row.status),
        tags: ticket.map_or(&[], |ticket| &ticket.row.tags),
        suggested: key.map_or(&[], |key| model.templates.suggested_for(key)),
        today,
    };
    let all = &model.setup.templates;
    let context = key.map(|key| compose::context(model, key));
    let mut items = Vec::new();
    let mut templates = Vec::new();
    for (index, offered) in offer(all, &wanted).into_iter().enumerate() {
        let template = &all[offered.place];
        let text = context.as_ref().map_or_else(|| template.text.clone(), |context| template.fill(context));
        items.push(Item {
            label: template.name.clone(),
            code: template.code.clone().unwrap_or_default(),
            detail: detail(template, offered),
            preview: format!("{}\n\n{text}", about(template, offered, model.templates.usage(template))),
            index,
        });
        templates.push(template.clone());
    }
    (items, templates)
}

/// Tells beside a template what matters for choosing it.
fn detail(template: &Template, offered: Offered) -> String {
    let marks = [(offered.stale, "stale"), (offered.suggested, "suggested")];
    let marks = marks.into_iter().filter(|(on, _)| *on).map(|(_, mark)| mark.to_owned());
    marks.chain(template.language.clone()).chain(template.tags.iter().cloned()).collect::<Vec<_>>().join(" ")
}

/// Tells above a template's text whose it is, what its use has shown, and what it does.
fn about(template: &Template, offered: Offered, usage: Option<&Usage>) -> String {
    let mut words = vec![template.origin.label().to_owned()];
    match usage.filter(|usage| usage.used > 0) {
        Some(usage) => {
            let percent = usage.unedited_percent().unwrap_or(0);
            words.push(format!("used {}, {percent} % as it is, {} came back", usage.used, usage.reopened));
        }
        None if template.origin != Origin::BuiltIn => words.push("never used".to_owned()),
        None => {}
    }
    if let Some(by) = template.review_by {
        words.push(format!("{}review by {by}", if offered.stale { "STALE: " } else { "" }));
    }
    let mut about = words.join(" · ");
    if !template.actions.is_empty() {
        about.push_str(&format!("\nthen: {}", template.actions));
    }
    about
}

/// A template was picked: it goes into the composer, or to many.
pub(super) fn picked(model: &mut Model, template: &Template, out: &mut Vec<Effect>) {
    match model.templates.recipients.take() {
        Some(recipients) => bulk::plan(model, recipients, template.clone(), out),
        None => compose::insert_template(model, template, out),
    }
}

/// Compares what the customer has asked, and nobody has answered, with all templates.
pub(super) fn suggest(model: &mut Model) {
    let Some(open) = model.open.as_ref().filter(|open| !open.more_after) else { return };
    let messages = open.entries.iter().rev().filter(|entry| entry.kind == EntryKind::Message && !entry.deleted);
    let mut asked = String::new();
    let public = messages.filter(|entry| entry.side != Side::Automation);
    for entry in public.take_while(|entry| entry.side != Side::Staff) {
        if asked.len() > ASKED {
            break;
        }
        asked.push_str(Entry::words(entry));
        asked.push('\n');
    }
    let language = open.ticket.as_ref().and_then(|ticket| ticket.language.as_deref());
    let places = model.templates.words.suggest(&asked, language.or(model.setup.language.as_deref()));
    model.templates.suggested = Some((open.key, places));
}

/// Takes away what would follow the reply.
pub(super) fn drop_actions(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = &mut model.composer else { return };
    let follows = composer.used.follows();
    if follows.is_empty() {
        return say(model, "nothing follows this reply".to_owned(), out);
    }
    composer.used.drop_actions();
    say(model, format!("this does not follow any more: {follows}"), out);
}

/// Asks whether what the guard has found goes out all the same. Enter goes back: this is no question to be answered by habit.
pub(super) fn ask_found(model: &mut Model, found: &[Found]) {
    let choice = |key, label: &str, then| Choice { key, label: label.to_owned(), then };
    let question = format!(
        "The text has what looks like {}. It would go to the customer, and to everybody who can read the topic.",
        in_words(found)
    );
    let choices =
        vec![choice('b', "back to the text", Then::Nothing), choice('s', "send it all the same", Then::SendFound)];
    overlay::ask(model, Confirm { question, choices });
}

/// Tells how what follows a reply is taken away, for the composer.
pub(crate) fn drop_words(model: &Model) -> String {
    let key = model.key(Action::DropActions);
    if key.is_empty() { String::new() } else { format!(" · {key} leaves it out") }
}
