//! What is being written: a text area with its own key table, PUBLIC or INTERNAL NOTE.

use std::collections::BTreeSet;
use std::fmt;

use tui_textarea::{CursorMove, TextArea, WrapMode};

use super::action::Action;
use super::templates::Used;
use super::widgets::text;
use crate::clock::Timestamp;
use crate::desk::files::Attachment;
use crate::desk::ids::{AgentName, MessageId, OutboxId, TicketKey};
use crate::desk::template::unfilled;

/// Something that was written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Editing {
    /// A reply of the outbox.
    Unsent(OutboxId),
    /// A message that was sent.
    Sent(MessageId),
}

/// What is being written, and to whom.
#[derive(Clone)]
pub(crate) struct Composer {
    /// The ticket.
    pub(crate) ticket: TicketKey,
    /// An internal note; else a public reply.
    pub(crate) note: bool,
    /// The text.
    pub(crate) area: TextArea<'static>,
    /// The message to quote, and a line of it.
    pub(crate) reply_to: Option<(MessageId, String)>,
    /// Opening it claimed the ticket: leaving it empty gives it back.
    pub(crate) claimed_here: bool,
    /// What was cut last was in an internal note.
    pub(crate) cut_note: bool,
    /// A note made of what had been a draft of a reply.
    pub(crate) was_reply: bool,
    /// What was saved last.
    pub(crate) saved: Option<(String, bool)>,
    /// What was written before and is being changed.
    pub(crate) editing: Option<Editing>,
    /// The file that goes with it.
    pub(crate) file: Option<Attachment>,
    /// The longest paste, in lines.
    pub(crate) pasted: usize,
    /// When the customer was last told that somebody writes.
    pub(crate) typing: Option<Timestamp>,
    /// What goes along with it.
    pub(crate) used: Used,
    /// Whoever was writing there when it was asked about, or when it was opened: they are not asked about again.
    pub(crate) told: BTreeSet<AgentName>,
    /// The agent has seen what the guard finds in the text as it stands.
    pub(crate) confirmed: bool,
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("ticket", &self.ticket).field("note", &self.note).finish_non_exhaustive()
    }
}

impl Composer {
    /// Opens an empty composer.
    pub(crate) fn new(ticket: TicketKey, note: bool) -> Composer {
        Composer {
            ticket,
            note,
            area: area(""),
            reply_to: None,
            claimed_here: false,
            cut_note: false,
            was_reply: false,
            saved: None,
            editing: None,
            file: None,
            pasted: 0,
            typing: None,
            used: Used::default(),
            told: BTreeSet::new(),
            confirmed: false,
        }
    }

    /// Tells the text.
    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Tells whether there is nothing but white space.
    pub(crate) fn is_empty(&self) -> bool {
        self.area.lines().iter().all(|line| line.trim().is_empty())
    }

    /// Puts another text in, with the cursor at its end.
    pub(crate) fn set_text(&mut self, text: &str) {
        self.area = area(text);
    }

    /// Inserts at the cursor, and goes to the first field that has to be filled in.
    pub(crate) fn insert(&mut self, inserted: &str) {
        let before = self.cursor();
        self.area.insert_str(text::safe_lines(inserted).as_ref());
        let whole = self.text();
        if let Some(field) = unfilled(&whole).into_iter().find(|field| field.start >= before) {
            self.select(&whole, field);
        }
    }

    /// Types a character.
    pub(crate) fn type_char(&mut self, c: char) {
        self.area.insert_char(c);
    }

    /// Inserts a paste.
    pub(crate) fn paste(&mut self, pasted: &str) {
        self.pasted = self.pasted.max(pasted.lines().count());
        self.area.insert_str(text::safe_lines(pasted).as_ref());
    }

    /// Goes to the next field that has to be filled in, from the cursor on and around; `false`: there is none.
    pub(crate) fn next_field(&mut self) -> bool {
        let whole = self.text();
        let at = self.cursor();
        let fields = unfilled(&whole);
        // Standing at the end of a selected field means that this one has been visited.
        let next = fields.iter().find(|field| field.start >= at).or(fields.first()).cloned();
        match next {
            Some(field) => {
                self.select(&whole, field);
                true
            }
            None => false,
        }
    }

    /// Finds `;code` directly before the cursor: the code, and how many characters it takes with its semicolon.
    pub(crate) fn code_before_cursor(&self) -> Option<(String, usize)> {
        let (row, column) = self.place();
        let line = self.area.lines().get(row)?;
        let before: String = line.chars().take(column).collect();
        let (rest, code) = before.rsplit_once(';')?;
        let starts_word = rest.chars().next_back().is_none_or(|c| c.is_whitespace() || c.is_ascii_punctuation());
        let plausible = !code.is_empty() && code.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        (starts_word && plausible).then(|| (code.to_owned(), code.chars().count() + 1))
    }

    /// Finds `@name` directly before the cursor: what of the name is there, possibly nothing.
    pub(crate) fn name_before_cursor(&self) -> Option<String> {
        let (row, column) = self.place();
        let before: String = self.area.lines().get(row)?.chars().take(column).collect();
        let (rest, name) = before.rsplit_once('@')?;
        let starts_word = rest.chars().next_back().is_none_or(|c| c.is_whitespace() || c.is_ascii_punctuation());
        (starts_word && !name.starts_with(' ')).then(|| name.to_owned())
    }

    /// Deletes characters before the cursor.
    pub(crate) fn delete_before(&mut self, count: usize) {
        self.area.cancel_selection();
        for _ in 0..count {
            self.area.delete_char();
        }
    }

    /// Does an editing action of the composer; tells whether it was one.
    pub(crate) fn act(&mut self, action: Action) -> bool {
        if is_cut(action) {
            self.cut_note = self.note;
        }
        let area = &mut self.area;
        let moved = match action {
            Action::LineStart => Some(CursorMove::Head),
            Action::LineEnd => Some(CursorMove::End),
            Action::CharLeft => Some(CursorMove::Back),
            Action::CharRight => Some(CursorMove::Forward),
            Action::WordLeft => Some(CursorMove::WordBack),
            Action::WordRight => Some(CursorMove::WordForward),
            Action::LineUp => Some(CursorMove::Up),
            Action::LineDown => Some(CursorMove::Down),
            _ => None,
        };
        if let Some(moved) = moved {
            area.cancel_selection();
            area.move_cursor(moved);
            return true;
        }
        match action {
            Action::Newline => area.insert_newline(),
            Action::DeleteLeft => drop(area.delete_char()),
            Action::DeleteRight => drop(area.delete_next_char()),
            Action::KillWordLeft => drop(area.delete_word()),
            Action::KillWordRight => drop(area.delete_next_word()),
            Action::KillToStart => drop(area.delete_line_by_head()),
            Action::KillToEnd => drop(area.delete_line_by_end()),
            Action::KillAll => {
                area.select_all();
                area.cut();
            }
            Action::Yank => drop(area.paste()),
            _ => return false,
        }
        true
    }

    fn place(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    /// Tells the cursor's place in the text, in bytes.
    fn cursor(&self) -> usize {
        let (row, column) = self.place();
        let lines = self.area.lines();
        let before: usize = lines.iter().take(row).map(|line| line.len() + 1).sum();
        before + lines.get(row).map_or(0, |line| line.chars().take(column).map(char::len_utf8).sum())
    }

    fn select(&mut self, whole: &str, field: std::ops::Range<usize>) {
        let jump = |at: usize| {
            let row = whole[..at].matches('\n').count();
            let line = whole[..at].rfind('\n').map_or(0, |end| end + 1);
            CursorMove::Jump(row as u16, whole[line..at].chars().count() as u16)
        };
        self.area.cancel_selection();
        self.area.move_cursor(jump(field.start));
        self.area.start_selection();
        self.area.move_cursor(jump(field.end));
    }
}

fn area(content: &str) -> TextArea<'static> {
    let content = text::safe_lines(content);
    let mut area = TextArea::new(content.split('\n').map(str::to_owned).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    // The real cursor is put there instead: screen readers follow it.
    area.set_cursor_style(ratatui::style::Style::new());
    area.set_cursor_line_style(ratatui::style::Style::new());
    area.set_max_histories(200);
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

fn is_cut(action: Action) -> bool {
    use Action::{KillAll, KillToEnd, KillToStart, KillWordLeft, KillWordRight};
    matches!(action, KillWordLeft | KillWordRight | KillToStart | KillToEnd | KillAll)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::{GroupId, TopicId};

    fn composer(content: &str) -> Composer {
        let mut composer = Composer::new(TicketKey { group: GroupId(1), topic: TopicId(2) }, false);
        composer.set_text(content);
        composer
    }

    #[test]
    fn readline_keys() {
        let mut composer = composer("one two three");
        composer.act(Action::KillWordLeft);
        assert_eq!(composer.text(), "one two ");
        composer.act(Action::Yank);
        assert_eq!(composer.text(), "one two three");
        composer.act(Action::LineStart);
        composer.act(Action::KillToEnd);
        assert_eq!(composer.text(), "");
        composer.act(Action::Yank);
        composer.act(Action::KillToStart);
        assert!(composer.is_empty());
        composer.act(Action::Yank);
        assert_eq!(composer.text(), "one two three");
        composer.set_text("one\ntwo\n\nthree");
        composer.act(Action::KillAll);
        assert!(composer.is_empty());
        composer.act(Action::Yank);
        assert_eq!(composer.text(), "one\ntwo\n\nthree");
    }

    #[test]
    fn fields_are_visited_in_turn_and_typed_over() {
        let mut composer = composer("");
        composer.insert("Order {{?order number}} of {{?date}}.");
        composer.type_char('7');
        assert_eq!(composer.text(), "Order 7 of {{?date}}.");
        assert!(composer.next_field());
        composer.type_char('x');
        assert_eq!(composer.text(), "Order 7 of x.");
        assert!(!composer.next_field());
    }

    #[test]
    fn tab_visits_every_field_without_typing() {
        let mut composer = composer("{{?a}} {{?b}}");
        assert!(composer.next_field());
        assert!(composer.next_field());
        composer.type_char('B');
        assert_eq!(composer.text(), "{{?a}} B");
    }

    #[test]
    fn codes_before_the_cursor() {
        for (content, code) in [
            ("Hi ;pw", Some("pw")),
            (";пароль", Some("пароль")),
            ("a;pw", None),
            ("; pw", None),
            ("pw", None),
            (";", None),
        ] {
            assert_eq!(composer(content).code_before_cursor().map(|(code, _)| code).as_deref(), code, "{content}");
        }
    }
}
