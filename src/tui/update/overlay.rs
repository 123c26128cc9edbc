//! What lies over everything: opening it, its keys, and what follows.

use super::super::action::{ACTIONS, Action, Context};
use super::super::effect::Effect;
use super::super::keymap::Lookup;
use super::super::keys::{Key, KeyCode};
use super::super::model::Model;
use super::super::overlays::explain::agent_words;
use super::super::overlays::{Confirm, Overlay, Then, UntilFor, UntilForm};
use super::super::widgets::line_edit::LineEdit;
use super::super::widgets::picker::{Item, Picked, Picker};
use super::super::work::Repeatable;
use super::{
    bulk, close, compose, desk_work, escalations, files, intake, lookup, outbox, palette, perform, queue, say,
    standing, stats, suggestions, thread,
};
use crate::clock::Timestamp;
use crate::desk::command::Command;
use crate::desk::ids::AgentName;
use crate::desk::ticket::Pending;

/// The marks of queue and thread, for the help.
const MARKS: [(&str, &str); 10] = [
    ("O A I P R C", "Open, Assigned, InProgress, Pending, Resolved, Closed"),
    ("●", "has messages that you have not seen"),
    ("*", "in the queue: marked; in the thread: a bot or the desk itself"),
    ("✓", "sent"),
    ("… →", "on its way"),
    ("!", "not sent, and why"),
    ("@", "staff wrote it in Telegram"),
    ("(@)", "a note names you: @name, Tab completes"),
    ("~", "an internal note"),
    ("+", "written by somebody else than the customer"),
];

/// Asks something.
pub(super) fn ask(model: &mut Model, question: Confirm) {
    model.overlay = Some(Overlay::Confirm(question));
}

pub(super) fn open_until(model: &mut Model, purpose: UntilFor, out: &mut Vec<Effect>) {
    let tickets = queue::targets(model);
    if tickets.is_empty() {
        return say(model, "no ticket is selected".to_owned(), out);
    }
    model.overlay = Some(Overlay::Until(UntilForm { purpose, tickets, typed: None, wrong: None }));
}

pub(super) fn open_assign(model: &mut Model, out: &mut Vec<Effect>) {
    let tickets = queue::targets(model);
    let agents = model.desk.as_ref().map(|desk| desk.agents.clone()).unwrap_or_default();
    if tickets.is_empty() || agents.is_empty() {
        return say(model, "no ticket is selected".to_owned(), out);
    }
    let roster = model.desk.as_ref().map(|desk| &desk.roster[..]).unwrap_or_default();
    let detail = |agent: &AgentName| {
        let you = (*agent == model.me).then(|| "you".to_owned());
        let view = roster.iter().find(|view| view.agent == *agent).map(|view| agent_words(view, model));
        you.into_iter().chain(view).collect::<Vec<_>>().join(", ")
    };
    let items = agents.iter().enumerate().map(|(index, agent)| Item {
        label: agent.to_string(),
        detail: detail(agent),
        index,
        ..Item::default()
    });
    model.overlay = Some(Overlay::Assign { picker: Picker::new(items.collect()), agents, note: None, tickets });
}

pub(super) fn open_help(model: &mut Model) {
    let chain = model.context().chain();
    let mut items: Vec<Item> = Vec::new();
    let mut contexts: Vec<Context> = chain.to_vec();
    contexts.extend(Context::ALL.into_iter().filter(|context| !chain.contains(context)));
    for context in contexts {
        for row in ACTIONS.iter().filter(|row| row.context == context) {
            let keys = model.keymap.keys_of(row.action).join("  ");
            let keys = if keys.is_empty() { format!(":{}", row.name) } else { keys };
            items.push(Item {
                label: keys,
                code: row.name.to_owned(),
                detail: row.about.to_owned(),
                preview: context.name().to_owned(),
                index: row.action as usize,
            });
        }
    }
    for (mark, means) in MARKS {
        let (label, detail) = (mark.to_owned(), means.to_owned());
        items.push(Item { label, detail, preview: "mark".to_owned(), index: usize::MAX, ..Item::default() });
    }
    model.overlay = Some(Overlay::Help(Picker::new(items)));
}

pub(super) fn open_palette(model: &mut Model) {
    let items = ACTIONS.iter().filter(|row| row.action.in_palette()).map(|row| Item {
        label: row.name.to_owned(),
        detail: row.about.to_owned(),
        preview: model.keymap.key_of(row.action),
        index: row.action as usize,
        ..Item::default()
    });
    model.overlay = Some(Overlay::Palette(Picker::new(items.collect())));
}

pub(super) fn on_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    match &mut model.overlay {
        Some(Overlay::Confirm(question)) => {
            // Esc and everything with Alt or Ctrl is no answer; keys count by their place.
            let letter = key.latin().unwrap_or(key).text().map(|c| c.to_ascii_lowercase());
            let chosen = match key.code {
                KeyCode::Enter if !key.alt => question.choices.first(),
                _ => question.choices.iter().find(|choice| Some(choice.key) == letter),
            };
            let then = chosen.map(|choice| choice.then.clone());
            if then.is_some() || key.code == KeyCode::Esc || letter == Some('n') || letter == Some('q') {
                model.overlay = None;
            }
            if let Some(then) = then {
                follow(model, then, out);
            }
        }
        Some(Overlay::Until(_)) => until_key(model, key, out),
        Some(Overlay::Explain(_)) => super::explain::on_key(model, key, out),
        Some(Overlay::Status(_)) => standing::on_key(model, key, out),
        Some(Overlay::Stats(_)) => stats::on_key(model, key, out),
        Some(Overlay::Assign { note: Some(_), .. }) => note_key(model, key, out),
        Some(_) => list_key(model, key, out),
        None => {}
    }
}

fn follow(model: &mut Model, then: Then, out: &mut Vec<Effect>) {
    match then {
        Then::Bulk(what, tickets) => desk_work::bulk(model, what, &tickets, out),
        Then::Resolve(ticket) => desk_work::submit_one(model, Repeatable::Resolve, ticket, out),
        Then::Send => {
            if let Some(composer) = &mut model.composer {
                composer.pasted = 0;
            }
            compose::send(model, out);
        }
        Then::SendFound => {
            if let Some(composer) = &mut model.composer {
                composer.confirmed = true;
                compose::send(model, out);
            }
        }
        Then::BulkReply(sending) => bulk::send(model, *sending, out),
        Then::OpenFrom(opening) => intake::open(model, *opening, out),
        Then::Nothing => {}
        Then::Toggle => compose::toggle_now(model, out),
        Then::Yank => compose::yank_now(model, out),
        Then::ReplyAnyway => {
            if let Some(ticket) = model.target() {
                model.agreed.insert(ticket);
                compose::begin(model, ticket, false, out);
            }
        }
        Then::WriteToo => compose::write_too(model, out),
        Then::NoteInstead => match model.target() {
            Some(ticket) if model.composer.is_none() => compose::begin(model, ticket, true, out),
            _ => {
                if let Some(composer) = &mut model.composer {
                    composer.note = true;
                }
                compose::changed(model, out);
            }
        },
        Then::TakeOver => compose::take_over(model, out),
        Then::Discard(outbox) => {
            desk_work::once(model, Command::DiscardOutbox { outbox }, "thrown away".to_owned(), out);
        }
        Then::SendUnsent(id, seen) => outbox::send(model, id, seen, out),
        Then::ChangeUnsent(ticket, id, text) => outbox::change(model, (ticket, id), text, out),
        Then::ToUnsent(ticket, id) => outbox::go_to(model, ticket, id, out),
        Then::DeleteMessage(message) => {
            if let Some(ticket) = model.open.as_ref().map(|open| open.key) {
                let command = Command::DeleteMessage { ticket, message };
                desk_work::once(model, command, "the message is being deleted".to_owned(), out);
            }
        }
        Then::Ignore(ticket) => {
            let command = Command::Ignore { ticket, ignored: true };
            desk_work::once(
                model,
                command,
                format!("{ticket} is ignored from now on; `:unignore` takes it in again"),
                out,
            );
        }
        Then::OpenFile(message, sure) => files::open_file(model, message, sure, out),
        Then::InsertText(words) => suggestions::insert(model, &words, out),
        Then::OpenArticle(url) => suggestions::open_link(model, url, out),
        Then::RereadArticles => suggestions::reread(model, out),
        Then::OpenLink(link) => files::open_link(model, link, out),
        Then::SaveFile(message) => files::ask_where(model, message),
        Then::Overwrite(file, to) => out.push(Effect::Save(file, to, true)),
        Then::Quit => out.push(Effect::Quit),
    }
}

fn until_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let Some(Overlay::Until(form)) = &model.overlay else { return };
    let form = form.clone();
    let action = match model.keymap.look_up(Context::Picker, &[key]) {
        Lookup::Action(action) => Some(action),
        _ => None,
    };
    let preset = key
        .text()
        .filter(|_| form.typed.is_none())
        .and_then(|digit| form.presets(model).into_iter().find(|(own, _, _)| *own == digit).map(|(_, _, until)| until));
    if let Some(until) = preset {
        return until_done(model, &form, until, out);
    }
    match action {
        Some(Action::PickClose) => model.overlay = None,
        Some(Action::PickRepaint) => out.push(Effect::Repaint),
        Some(Action::PickAccept) => {
            match form.typed.as_ref().map(LineEdit::text).filter(|typed| !typed.trim().is_empty()) {
                None => {
                    let until = form.default(model).1;
                    until_done(model, &form, until, out);
                }
                Some(typed) => match model.zone.parse(typed, model.now) {
                    Ok(until) => until_done(model, &form, Some(until), out),
                    Err(why) => change_form(model, |form| form.wrong = Some(why.clone())),
                },
            }
        }
        Some(Action::PickTab) => change_form(model, UntilForm::next_reason),
        Some(action) => change_form(model, |form| {
            if let Some(typed) = &mut form.typed {
                typed.act(action);
                if typed.text().is_empty() {
                    form.typed = None;
                }
            }
        }),
        None => {
            if let Some(c) = key.text() {
                change_form(model, |form| {
                    form.wrong = None;
                    let typed = form.typed.get_or_insert_default();
                    // Space only says that what follows is typed.
                    if c != ' ' || !typed.text().is_empty() {
                        typed.insert(c.encode_utf8(&mut [0; 4]));
                    }
                });
            }
        }
    }
}

fn change_form(model: &mut Model, change: impl FnOnce(&mut UntilForm)) {
    if let Some(Overlay::Until(form)) = &mut model.overlay {
        change(form);
    }
}

fn until_done(model: &mut Model, form: &UntilForm, until: Option<Timestamp>, out: &mut Vec<Effect>) {
    model.overlay = None;
    let what = match form.purpose {
        UntilFor::Pending(reason) => Repeatable::SetPending(Pending { reason, until }),
        UntilFor::Snooze => Repeatable::Snooze(until),
    };
    desk_work::act_on(model, what, form.tickets.clone(), out);
}

fn note_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let action = model.keymap.look_up(Context::Picker, &[key]);
    let Some(Overlay::Assign { picker, agents, note: Some(note), tickets }) = &mut model.overlay else { return };
    match action {
        Lookup::Action(Action::PickAccept) => {
            let text = note.text().trim().to_owned();
            let agent = picker.current().and_then(|item| agents.get(item.index)).cloned();
            let tickets = tickets.clone();
            model.overlay = None;
            if let Some(agent) = agent {
                let what = Repeatable::Assign(agent, (!text.is_empty()).then_some(text));
                desk_work::act_on(model, what, tickets, out);
            }
        }
        Lookup::Action(Action::PickClose) => model.overlay = None,
        Lookup::Action(action) => {
            note.act(action);
        }
        _ => {
            if let Some(c) = key.text() {
                note.insert(c.encode_utf8(&mut [0; 4]));
            }
        }
    }
}

fn list_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let action = match model.keymap.look_up(Context::Picker, &[key]) {
        Lookup::Action(Action::PickRepaint) => return out.push(Effect::Repaint),
        Lookup::Action(action) => Some(action),
        _ => None,
    };
    // `1` to `9` take one of the first templates while nothing is typed.
    if let (Some(Overlay::Templates(picker, _)), Some(digit)) =
        (&mut model.overlay, key.text().and_then(|c| c.to_digit(10)))
        && picker.query.text().is_empty()
        && digit > 0
        && (digit as usize) <= picker.shown().len()
    {
        picker.select(digit as usize - 1);
        return accept(model, out);
    }
    let Some(picker) = model.overlay.as_mut().and_then(Overlay::picker) else { return };
    let picked = match (action, key.text()) {
        (Some(action), _) => picker.act(action),
        (None, Some(c)) => picker.type_text(c.encode_utf8(&mut [0; 4])),
        (None, None) => Picked::Stay,
    };
    match picked {
        Picked::Accept => accept(model, out),
        Picked::Close => model.overlay = None,
        Picked::Typed => typed(model, out),
        Picked::Tab if matches!(model.overlay, Some(Overlay::Outbox(..))) => outbox::choose(model),
        Picked::Tab if matches!(model.overlay, Some(Overlay::Suggestions(_))) => suggestions::choose(model),
        Picked::Tab => tab(model),
        Picked::Stay => {}
    }
}

/// Something was typed into a list.
pub(super) fn typed(model: &mut Model, out: &mut Vec<Effect>) {
    match &model.overlay {
        Some(Overlay::Search(..) | Overlay::Jump(..) | Overlay::Suggestions(_)) => lookup::typed(model, out),
        Some(Overlay::Templates(picker, _)) => {
            // A code that is the only one to begin so inserts at once.
            if let Some(index) = picker.unique_code().map(|item| item.index) {
                insert(model, index, out);
            }
        }
        _ => {}
    }
}

fn insert(model: &mut Model, index: usize, out: &mut Vec<Effect>) {
    let Some(Overlay::Templates(_, templates)) = model.overlay.take() else { return };
    if let Some(template) = templates.get(index) {
        super::templates::picked(model, template, out);
    }
}

fn tab(model: &mut Model) {
    match &mut model.overlay {
        Some(Overlay::Assign { picker, note, .. }) if picker.current().is_some() => *note = Some(LineEdit::default()),
        Some(Overlay::Palette(picker)) => {
            if let Some(name) = picker.current().map(|item| item.label.clone()) {
                picker.act(Action::PickClear);
                picker.type_text(&format!("{name} "));
            }
        }
        _ => {}
    }
}

/// Takes what is selected in the list that is open.
pub(super) fn accept(model: &mut Model, out: &mut Vec<Effect>) {
    if lookup::waits(model, out) {
        return;
    }
    if matches!(model.overlay, Some(Overlay::Suggestions(_))) {
        return suggestions::accept(model, out);
    }
    let Some(overlay) = model.overlay.take() else { return };
    match overlay {
        Overlay::Help(picker) => {
            let action =
                picker.current().map(|item| item.index).and_then(|index| ACTIONS.get(index)).map(|row| row.action);
            // Help is for reading; what can be done from here is done.
            if let Some(action) = action.filter(|action| action.in_palette() && model.composer.is_none()) {
                perform::perform(model, action, out);
            }
        }
        Overlay::Palette(picker) => palette::run(model, &picker, out),
        Overlay::Templates(picker, templates) => {
            if let Some(template) = picker.current().and_then(|item| templates.get(item.index)) {
                super::templates::picked(model, template, out);
            }
        }
        Overlay::Assign { picker, agents, tickets, .. } => {
            if let Some(agent) = picker.current().and_then(|item| agents.get(item.index)) {
                desk_work::act_on(model, Repeatable::Assign(agent.clone(), None), tickets, out);
            }
        }
        Overlay::Search(picker, hits) => {
            if let Some(hit) = picker.current().and_then(|item| hits.get(item.index)) {
                model.land_on = hit.message_id;
                let key = hit.key();
                thread::open(model, key, out);
                let words = picker.query.text().trim_matches('"').trim_end_matches('*').to_lowercase();
                if let Some(open) = &mut model.open {
                    open.find = (!words.is_empty()).then_some(words);
                }
            }
        }
        Overlay::Jump(picker, rows) => match picker.current().and_then(|item| rows.get(item.index)) {
            Some(row) => thread::open(model, row.key(), out),
            None => thread::open_number(model, picker.query.text().trim(), out),
        },
        Overlay::Queues(picker, queues) => {
            if let Some(name) = picker.current().and_then(|item| queues.get(item.index)) {
                queue::switch(model, *name, out);
            }
        }
        Overlay::Outbox(picker, rows) => outbox::accept(model, &picker, &rows, out),
        Overlay::Close(picker, tickets) => close::accept(model, &picker, tickets, out),
        Overlay::Escalations(picker, firings) => escalations::accept(model, &picker, &firings, out),
        Overlay::Activity(picker, ticket, lines) => {
            stats::accept(model, &picker, (ticket, &lines.unwrap_or_default()), out);
        }
        Overlay::Until(_)
        | Overlay::Confirm(_)
        | Overlay::Status(_)
        | Overlay::Stats(_)
        | Overlay::Explain(_)
        | Overlay::Suggestions(_) => {}
    }
}
