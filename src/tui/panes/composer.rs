//! The composer: PUBLIC or INTERNAL NOTE in words, a note with a double border, the real cursor in the text.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType};

use super::super::action::Action;
use super::super::composer::{Composer, Editing};
use super::super::model::{Focus, Model};
use super::super::overlays::{ASCII_BORDER, ASCII_DOUBLE};
use super::super::update::templates::drop_words;
use super::super::view::customer_name;
use super::super::widgets::text;
use super::groups;
use crate::desk::split::{LONGEST, split};

/// Draws the composer.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(composer) = &model.composer else { return };
    let style = if composer.note { model.theme.note } else { model.theme.public };
    let room = usize::from(area.width.saturating_sub(6));
    let block = match (composer.note, model.setup.ascii) {
        (false, false) => Block::bordered().border_type(BorderType::Plain),
        (true, false) => Block::bordered().border_type(BorderType::Double),
        (false, true) => Block::bordered().border_set(ASCII_BORDER),
        (true, true) => Block::bordered().border_set(ASCII_DOUBLE),
    };
    let block = block
        .border_style(style)
        .title(format!(" {} ", text::cut(&title(model, composer), room)))
        .title_bottom(format!(" {} ", text::cut(&keys(model, composer), room)));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside };
    let mut inside = inside;
    for words in above(model, composer) {
        if inside.height < 2 {
            break;
        }
        let words = text::cut(&words, usize::from(inside.width));
        frame.render_widget(Line::styled(words, model.theme.strong), Rect { height: 1, ..inside });
        inside = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
    }
    frame.render_widget(&composer.area, inside);
    if model.focus == Focus::Composer && model.overlay.is_none() && model.prompt.is_none() {
        let cursor = composer.area.screen_cursor();
        let (top, left) = composer.area.scroll_offset();
        let column = (cursor.col as u16).saturating_sub(left).min(inside.width.saturating_sub(1));
        let row = (cursor.row as u16).saturating_sub(top).min(inside.height.saturating_sub(1));
        frame.set_cursor_position((inside.x + column, inside.y + row));
    }
}

/// Tells the file that goes along.
fn file_line(model: &Model, composer: &Composer) -> Option<String> {
    if let Some(file) = &composer.file {
        let detach = model.key(Action::DetachFile);
        return Some(format!("with {} · {detach} takes it away", file.media()));
    }
    (model.files.attaching == Some(composer.ticket)).then(|| "the file is being copied".to_owned())
}

/// Tells what follows the reply.
fn follow_line(model: &Model, composer: &Composer) -> Option<String> {
    let follows = composer.used.follows();
    (!follows.is_empty() && !composer.note).then(|| format!("then: {follows}{}", drop_words(model)))
}

fn above(model: &Model, composer: &Composer) -> Vec<String> {
    file_line(model, composer).into_iter().chain(follow_line(model, composer)).collect()
}

/// Tells how many lines it has above the text.
pub(crate) fn lines_above(model: &Model, composer: &Composer) -> u16 {
    above(model, composer).len() as u16
}

fn title(model: &Model, composer: &Composer) -> String {
    let mut words = Vec::new();
    if composer.note {
        let ticket = groups::ticket(model, composer.ticket);
        // Whoever saves it has no draft of a reply any more.
        let what = if composer.was_reply { "made of your draft of a reply" } else { "the customer never sees it" };
        words.push(format!("INTERNAL NOTE on {ticket} · {what}"));
    } else {
        let who = model.row_of(composer.ticket).map(customer_name).unwrap_or("the customer");
        let what = match composer.editing {
            Some(Editing::Unsent(_)) => "UNSENT REPLY",
            Some(Editing::Sent(_)) => "CHANGED MESSAGE",
            None => "REPLY",
        };
        words.push(format!("{what} to {} · PUBLIC", text::cut(who, 30)));
    }
    if let Some((_, quoted)) = &composer.reply_to {
        words.push(format!("quoting \"{}\"", text::cut(quoted, 24)));
    }
    let saved = composer.saved.as_ref().is_some_and(|(text, note)| *text == composer.text() && *note == composer.note);
    if saved && !composer.is_empty() && model.is_draft_saved(composer.ticket) {
        words.push("draft saved".to_owned());
    }
    let length = composer.text().encode_utf16().count();
    if length > LONGEST && !composer.note {
        words.push(format!("{} messages", split(&composer.text(), LONGEST).len()));
    } else if length > 3500 && !composer.note {
        words.push(format!("{length} of {LONGEST} characters"));
    }
    words.join(" · ")
}

fn keys(model: &Model, composer: &Composer) -> String {
    let send = if composer.note { "save note" } else { "send" };
    let toggle = if composer.note { "public" } else { "note" };
    let all = [
        (Action::Send, send),
        (Action::Newline, "newline"),
        (Action::InsertTemplate, "template"),
        (Action::ToggleNote, toggle),
        (Action::Leave, "back"),
    ];
    let words: Vec<String> = all
        .iter()
        .map(|(action, words)| (model.key(*action), words))
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, words)| format!("{key} {words}"))
        .collect();
    words.join(" · ")
}
