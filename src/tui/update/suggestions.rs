//! Articles that may answer: read when they are shown somewhere, listed, inserted, opened.

use super::super::action::Action;
use super::super::effect::{Effect, ReadKind};
use super::super::model::{Focus, Model};
use super::super::overlays::suggestions::Listed;
use super::super::overlays::{Choice, Confirm, Overlay, Then};
use super::super::view;
use super::super::widgets::line_edit::LineEdit;
use super::super::widgets::picker::{Item, Picker};
use super::super::widgets::text;
use super::{compose, files, lookup, overlay, say, warn};
use crate::desk::ids::TicketKey;
use crate::engine::views::{Source, Suggestion, Suggestions, ViewRequest};

/// Reads what may answer the open ticket, if there is a pane that shows it.
pub(super) fn follow(model: &mut Model, out: &mut Vec<Effect>) {
    let off = model.articles.suggested.as_ref().is_some_and(Suggestions::is_off);
    let Some(ticket) = model.open.as_ref().map(|open| open.key) else { return };
    if !off && view::areas(model).details.height > 0 {
        ask(model, ticket, out);
    }
}

/// The same, unless it is known already.
pub(super) fn appear(model: &mut Model, out: &mut Vec<Effect>) {
    let open = model.open.as_ref().map(|open| open.key);
    if model.articles.suggested.as_ref().is_none_or(|known| known.ticket != open) {
        follow(model, out);
    }
}

fn ask(model: &mut Model, ticket: TicketKey, out: &mut Vec<Effect>) {
    let request = ViewRequest::Suggestions { ticket: Some(ticket), words: String::new(), reread: false };
    out.push(model.read(ReadKind::Suggestions, request));
}

/// Something else may be suggested: for a ticket, or for all.
pub(super) fn changed(model: &mut Model, ticket: Option<TicketKey>, out: &mut Vec<Effect>) {
    let about = |key: TicketKey| ticket.is_none_or(|ticket| ticket == key);
    if let Some(Overlay::Suggestions(list)) = &model.overlay
        && list.ticket.is_none_or(about)
    {
        look_up(model, false, out);
    }
    if model.articles.suggested.as_ref().is_some_and(Suggestions::is_off) {
        model.articles.suggested = None;
    }
    if model.open.as_ref().is_some_and(|open| about(open.key)) {
        follow(model, out);
    }
}

/// Opens the list for the ticket at hand; `words` are looked for instead of the ticket's question.
pub(super) fn open(model: &mut Model, words: &str, out: &mut Vec<Effect>) {
    let ticket = match &model.composer {
        Some(composer) if model.focus == Focus::Composer => Some(composer.ticket),
        _ => model.target(),
    };
    let mut picker = Picker::remote();
    picker.query = LineEdit::new(words);
    model.overlay = Some(Overlay::Suggestions(Listed { picker, ticket, found: None }));
    look_up(model, false, out);
}

/// Asks for what the list is to show.
pub(super) fn look_up(model: &mut Model, reread: bool, out: &mut Vec<Effect>) {
    let Some(Overlay::Suggestions(list)) = &model.overlay else { return };
    let words = list.picker.query.text().trim().to_owned();
    let request = ViewRequest::Suggestions { ticket: list.ticket, words, reread };
    out.push(model.read(ReadKind::Articles, request));
}

/// The pane's answer has come.
pub(super) fn on_suggested(model: &mut Model, suggested: Suggestions) {
    model.articles.suggested = Some(suggested);
}

/// The list's answer has come.
pub(super) fn on_found(model: &mut Model, found: Suggestions, out: &mut Vec<Effect>) {
    if found.is_off() {
        model.overlay = None;
        let words = "there are no articles: name their `folder` under [knowledge] in desk.toml";
        return warn(model, words.to_owned(), out);
    }
    let Some(Overlay::Suggestions(list)) = &mut model.overlay else { return };
    let item = |(index, one): (usize, &Suggestion)| Item {
        label: one.title.clone(),
        code: format!("{:.0}", one.score * 100.0),
        detail: match one.source {
            Source::Folder => one.language.clone().unwrap_or_default(),
            Source::Webhook => one.source.title().to_owned(),
        },
        preview: preview(one),
        index,
    };
    list.picker.set_items(found.list.iter().enumerate().map(item).collect());
    list.found = Some(found);
    lookup::filled(model, out);
}

fn preview(one: &Suggestion) -> String {
    let mut parts = vec![one.url.clone().or(one.file.clone()).unwrap_or_default()];
    if !one.snippet.is_empty() && one.snippet != one.text {
        parts.push(format!("“{}”", one.snippet));
    }
    parts.push(one.text.clone());
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn selected(model: &Model) -> Option<Suggestion> {
    let Some(Overlay::Suggestions(list)) = &model.overlay else { return None };
    let index = list.picker.current()?.index;
    list.found.as_ref()?.list.get(index).cloned()
}

/// Enter: inserts the link, or the text of what has none.
pub(super) fn accept(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(one) = selected(model) else { return };
    model.overlay = None;
    let words = link(&one).unwrap_or(one.text);
    insert(model, &words, out);
}

fn link(one: &Suggestion) -> Option<String> {
    // A question ends as it is.
    let colon = if one.title.ends_with(|c: char| c.is_ascii_punctuation()) { "" } else { ":" };
    one.url.as_ref().map(|url| format!("{}{colon} {url}", one.title))
}

/// Tab: asks what to do with the selected article.
pub(super) fn choose(model: &mut Model) {
    let choice = |key, label: &str, then| Choice { key, label: label.to_owned(), then };
    let mut choices = Vec::new();
    let mut question = "The folder of articles".to_owned();
    if let Some(one) = selected(model) {
        question = text::cut(&one.title, 60);
        if let Some(link) = link(&one) {
            choices.push(choice('l', "insert the link", Then::InsertText(link)));
        }
        if !one.text.is_empty() {
            choices.push(choice('t', "insert the text", Then::InsertText(one.text)));
        }
        if let Some(url) = one.url {
            choices.push(choice('o', "open the link", Then::OpenArticle(url)));
        }
    }
    choices.push(choice('r', "read the folder again", Then::RereadArticles));
    overlay::ask(model, Confirm { question, choices });
}

/// Opens an article where such things are opened.
pub(super) fn open_link(model: &mut Model, url: String, out: &mut Vec<Effect>) {
    files::open_link(model, url, out);
}

/// Reads the folder again, whatever the dates of its files say.
pub(super) fn reread(model: &mut Model, out: &mut Vec<Effect>) {
    open(model, "", out);
    look_up(model, true, out);
    say(model, "the folder of articles is being read again".to_owned(), out);
}

/// Inserts at the cursor, opening the composer if need be. Never sends.
pub(super) fn insert(model: &mut Model, words: &str, out: &mut Vec<Effect>) {
    if model.composer.is_none() {
        compose::open(model, false, out);
    }
    let Some(composer) = &mut model.composer else {
        let key = model.key(Action::Suggestions);
        return say(model, format!("not inserted yet: begin to write, then choose it again ({key})"), out);
    };
    composer.insert(words);
    super::focus(model, Focus::Composer);
    compose::changed(model, out);
}
