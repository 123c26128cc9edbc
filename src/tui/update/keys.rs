//! Where a key goes: overlay, prompt, composer, or the action that is bound to it.

use std::time::Duration;

use super::super::action::{Action, Context};
use super::super::effect::{Effect, Timer};
use super::super::keymap::Lookup;
use super::super::keys::{Key, KeyCode};
use super::super::model::{Focus, Model};
use super::super::overlays::Overlay;
use super::super::prompt::{Prompt, PromptKind};
use super::super::widgets::line_edit::LineEdit;
use super::{attach, bulk, compose, desk_work, files, intake, overlay, perform, queue, say, thread, warn};
use crate::desk::template::by_key;

/// Characters that come faster than this one after another are a paste.
const BURST_GAP: Duration = Duration::from_millis(8);
/// How long Enter stays a line end after a burst.
const BURST_WINDOW: Duration = Duration::from_millis(120);

pub(super) fn on_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let pasted_enter = burst(model, key);
    if model.overlay.is_some() {
        overlay::on_key(model, key, out);
        return;
    }
    if model.prompt.is_some() {
        prompt_key(model, key, out);
        return;
    }
    if bound_template(model, key, out) {
        return;
    }
    if !model.prefix.is_empty() && key.code == KeyCode::Esc {
        clear_prefix(model);
        return;
    }
    // `g 1042 Enter` goes to a ticket.
    if let (Focus::Queue | Focus::Thread, [first]) = (model.focus, &model.prefix[..]) {
        let goes = *first == Key::char('g') || first.latin() == Some(Key::char('g'));
        if let Some(digit) = key.text().filter(|c| goes && c.is_ascii_digit()) {
            clear_prefix(model);
            model.prompt = Some(Prompt { kind: PromptKind::Number, line: LineEdit::new(&digit.to_string()) });
            return;
        }
    }
    let context = model.context();
    let mut sequence = model.prefix.clone();
    sequence.push(key);
    match model.keymap.look_up(context, &sequence) {
        Lookup::Prefix => {
            model.prefix = sequence;
            out.push(Effect::Timer(Timer::WhichKey, Duration::from_millis(300)));
        }
        Lookup::Action(action) => {
            clear_prefix(model);
            let action = if action == Action::Send && pasted_enter { Action::Newline } else { action };
            perform::perform(model, action, out);
        }
        Lookup::None => {
            let had_prefix = !model.prefix.is_empty();
            clear_prefix(model);
            if had_prefix {
                return;
            }
            if key == Key::ctrl('c') {
                let leaves = model.key(if model.focus == Focus::Composer { Action::Leave } else { Action::Quit });
                return say(model, format!("{leaves} leaves; drafts are kept"), out);
            }
            if let (Focus::Composer, Some(c)) = (model.focus, key.text()) {
                if let Some(composer) = &mut model.composer {
                    composer.type_char(c);
                }
                compose::changed(model, out);
            }
        }
    }
}

fn clear_prefix(model: &mut Model) {
    model.prefix.clear();
    model.which_key = false;
}

/// Watches how fast characters come; tells whether an Enter is part of a paste that came as keys.
fn burst(model: &mut Model, key: Key) -> bool {
    let now = model.now;
    let burst = &mut model.burst;
    let close = now.since(burst.last) <= BURST_GAP;
    if key.text().is_some() {
        burst.count = if close { burst.count + 1 } else { 1 };
        burst.last = now;
        if burst.count >= 3 && now <= burst.until {
            burst.until = now + BURST_WINDOW;
        }
        return false;
    }
    if key.code != KeyCode::Enter || key.alt || key.ctrl {
        return false;
    }
    let pasted = (burst.count >= 3 && close) || now <= burst.until;
    if pasted {
        burst.until = now + BURST_WINDOW;
        burst.last = now;
    } else {
        burst.count = 0;
    }
    pasted
}

/// Inserts the template that is bound to a key, in the thread and in the composer.
fn bound_template(model: &mut Model, key: Key, out: &mut Vec<Effect>) -> bool {
    if key.text().is_some() || !model.prefix.is_empty() || model.focus == Focus::Queue {
        return false;
    }
    let language = compose::language(model);
    let desk = model.setup.language.clone().unwrap_or_else(|| "en".to_owned());
    let Some(template) = by_key(&model.setup.templates, &key.to_string(), language.as_deref(), &desk).cloned() else {
        return false;
    };
    compose::insert_template(model, &template, out);
    true
}

pub(super) fn on_paste(model: &mut Model, pasted: &str, out: &mut Vec<Effect>) {
    if let Some(Overlay::Assign { note: Some(note), .. }) = &mut model.overlay {
        note.insert(pasted);
    } else if let Some(Overlay::Until(form)) = &mut model.overlay {
        form.typed.get_or_insert_default().insert(pasted);
    } else if let Some(list) = &mut model.overlay {
        if let Some(picker) = list.picker() {
            picker.type_text(pasted.lines().next().unwrap_or_default());
            overlay::typed(model, out);
        }
    } else if let Some(prompt) = &mut model.prompt {
        prompt.line.insert(pasted.lines().next().unwrap_or_default());
        prompt_typed(model, out);
    } else if let (Focus::Composer, Some(composer)) = (model.focus, &mut model.composer) {
        composer.paste(pasted);
        compose::changed(model, out);
    } else {
        let key = model.key(Action::Reply);
        warn(model, format!("pasted text was ignored: open the composer first ({key})"), out);
    }
}

fn prompt_key(model: &mut Model, key: Key, out: &mut Vec<Effect>) {
    let Some(prompt) = &mut model.prompt else { return };
    match model.keymap.look_up(Context::Picker, &[key]) {
        Lookup::Action(Action::PickAccept) => accept_prompt(model, out),
        Lookup::Action(Action::PickClose) => {
            let kind = prompt.kind;
            model.prompt = None;
            match kind {
                PromptKind::Filter => queue::set_filter(model, "", out),
                PromptKind::Find => thread::find(model, "", out),
                PromptKind::Number
                | PromptKind::Save(_)
                | PromptKind::Attach(_)
                | PromptKind::Priority
                | PromptKind::Category
                | PromptKind::Team
                | PromptKind::Tags
                | PromptKind::BulkReply
                | PromptKind::Title => {}
            }
        }
        Lookup::Action(Action::PickRepaint) => out.push(Effect::Repaint),
        Lookup::Action(action) => {
            if prompt.line.act(action) {
                prompt_typed(model, out);
            }
        }
        _ => {
            if let Some(c) = key.text() {
                prompt.line.insert(c.encode_utf8(&mut [0; 4]));
                prompt_typed(model, out);
            }
        }
    }
}

fn prompt_typed(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(Prompt { kind: PromptKind::Filter, line }) = &model.prompt {
        let filter = line.text().to_owned();
        queue::set_filter(model, &filter, out);
    }
}

fn accept_prompt(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(prompt) = model.prompt.take() else { return };
    let typed = prompt.line.text().trim().to_owned();
    match prompt.kind {
        PromptKind::Filter => {
            queue::set_filter(model, &typed, out);
            // What is no query stays to be mended.
            if model.queue.wrong.is_some() {
                model.prompt = Some(prompt);
            }
        }
        PromptKind::Find => thread::find(model, &typed, out),
        PromptKind::Number => thread::open_number(model, &typed, out),
        PromptKind::Save(message) => files::save_as(model, message, &typed, out),
        PromptKind::Attach(ticket) => attach::attach(model, ticket, &typed, out),
        PromptKind::Priority => desk_work::set_priority(model, &typed, out),
        PromptKind::Category => desk_work::set_category(model, &typed, out),
        PromptKind::Team => desk_work::set_team(model, &typed, out),
        PromptKind::Tags => desk_work::tag(model, &typed, out),
        PromptKind::BulkReply if typed.is_empty() => {}
        PromptKind::BulkReply => bulk::reply(model, &typed, out),
        PromptKind::Title => intake::confirm(model, &typed, out),
    }
}

pub(super) fn on_click(model: &mut Model, column: u16, row: u16, out: &mut Vec<Effect>) {
    if model.overlay.is_some() || model.prompt.is_some() {
        return;
    }
    let areas = model.areas;
    let inside = |area: ratatui::layout::Rect| area.contains(ratatui::layout::Position { x: column, y: row });
    if inside(areas.rows) {
        let line = usize::from(row - areas.rows.y) / usize::from(areas.row_height.max(1));
        let place = model.queue.top + line;
        if place < model.queue.total {
            if model.focus == Focus::Composer {
                compose::leave(model, out);
            }
            let again = model.focus == Focus::Queue && place == model.queue.selected;
            super::focus(model, Focus::Queue);
            queue::select(model, place, out);
            if again {
                perform::perform(model, Action::Open, out);
            }
        }
    } else if inside(areas.entries) {
        if model.focus != Focus::Composer {
            super::focus(model, Focus::Thread);
        }
        thread::select_line(model, usize::from(row - areas.entries.y), out);
    }
}

pub(super) fn on_wheel(model: &mut Model, lines: i16, out: &mut Vec<Effect>) {
    if model.overlay.is_some() || model.prompt.is_some() {
        return;
    }
    match model.focus {
        Focus::Queue => queue::step(model, isize::from(lines), out),
        Focus::Thread | Focus::Composer => thread::scroll(model, isize::from(lines), out),
    }
}
