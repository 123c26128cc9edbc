//! A line of text that is being typed: prompts and pickers.

use unicode_segmentation::UnicodeSegmentation;

use super::super::action::Action;
use super::text;

/// A line of text with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineEdit {
    text: String,
    at: usize,
}

impl LineEdit {
    /// Makes a line with the cursor at its end.
    pub(crate) fn new(text: &str) -> LineEdit {
        LineEdit { text: text.to_owned(), at: text.len() }
    }

    /// Tells what was typed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Tells the part of the line that `room` cells show, the cursor in it, and in which of them the cursor is.
    pub(crate) fn seen(&self, room: usize) -> (String, usize) {
        let mut from = 0;
        let mut clusters = self.text.grapheme_indices(true);
        while text::width(&self.text[from..self.at]) > room {
            match clusters.next() {
                Some((at, cluster)) => from = at + cluster.len(),
                None => break,
            }
        }
        (text::cut(&self.text[from..], room + 1), text::width(&self.text[from..self.at]))
    }

    /// Tells how many cells are before the cursor.
    pub(crate) fn column(&self) -> usize {
        text::width(&self.text[..self.at])
    }

    /// Types a text; line ends become spaces.
    pub(crate) fn insert(&mut self, typed: &str) {
        let typed = text::safe(typed);
        self.text.insert_str(self.at, &typed);
        self.at += typed.len();
    }

    /// Does an editing action; tells whether it was one.
    pub(crate) fn act(&mut self, action: Action) -> bool {
        match action {
            Action::PickClear => {
                self.text.clear();
                self.at = 0;
            }
            Action::PickDelete => {
                let begin = self.before();
                self.text.replace_range(begin..self.at, "");
                self.at = begin;
            }
            Action::PickDeleteWord => {
                let kept = self.text[..self.at].trim_end();
                let begin = kept.rfind(' ').map_or(0, |space| space + 1);
                self.text.replace_range(begin..self.at, "");
                self.at = begin;
            }
            Action::PickLeft => self.at = self.before(),
            Action::PickRight => {
                self.at += self.text[self.at..].graphemes(true).next().map_or(0, str::len);
            }
            Action::PickStart => self.at = 0,
            Action::PickEnd => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(begin, _)| begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_by_grapheme_and_word() {
        let mut line = LineEdit::new("one two");
        line.insert("👨‍👩‍👧");
        assert_eq!(line.column(), 9);
        line.act(Action::PickDelete);
        assert_eq!(line.text(), "one two");
        line.act(Action::PickDeleteWord);
        assert_eq!(line.text(), "one ");
        line.act(Action::PickStart);
        line.insert("a\nb ");
        assert_eq!(line.text(), "a b one ");
        line.act(Action::PickClear);
        assert_eq!((line.text(), line.column()), ("", 0));
    }
}
