//! The one picker: templates, agents, actions, tickets, what was found. Type to search, exact matches first.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

use super::super::action::Action;
use super::line_edit::LineEdit;

/// An entry of a picker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is called.
    pub(crate) label: String,
    /// A short mark before it, such as a code or a key; matched exactly.
    pub(crate) code: String,
    /// What is said beside it.
    pub(crate) detail: String,
    /// What is shown when it is selected.
    pub(crate) preview: String,
    /// Its place in the list that it was made from.
    pub(crate) index: usize,
}

/// A list that is searched by typing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picker {
    /// What was typed.
    pub(crate) query: LineEdit,
    items: Vec<Item>,
    shown: Vec<usize>,
    selected: usize,
    /// Somebody else filters: the items are shown as they come.
    remote: bool,
    /// The items are those of an earlier text, or none have come.
    stale: bool,
    /// Enter was pressed while they were.
    waits: bool,
}

/// What a key did to a picker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    /// The selected entry was taken.
    Accept,
    /// It was closed.
    Close,
    /// The text has changed.
    Typed,
    /// Tab.
    Tab,
    /// The selection moved, or nothing happened.
    Stay,
}

impl Picker {
    /// Makes a picker that filters its items itself.
    pub(crate) fn new(items: Vec<Item>) -> Picker {
        let mut picker = Picker { items, ..Picker::default() };
        picker.filter();
        picker
    }

    /// Makes a picker whose items come from elsewhere for every text.
    pub(crate) fn remote() -> Picker {
        Picker { remote: true, stale: true, ..Picker::default() }
    }

    /// Puts other items in; keeps the selection's place.
    pub(crate) fn set_items(&mut self, items: Vec<Item>) {
        self.items = items;
        self.stale = false;
        self.filter();
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
    }

    /// Tells whether an Enter has to wait, because the items are not yet those of the text.
    pub(crate) fn wait(&mut self) -> bool {
        self.waits = self.stale;
        self.stale
    }

    /// Tells, once, whether an Enter has waited for the items that have come.
    pub(crate) fn has_waited(&mut self) -> bool {
        std::mem::take(&mut self.waits)
    }

    fn changed(&mut self) {
        self.selected = 0;
        (self.stale, self.waits) = (self.remote, false);
        self.filter();
    }

    /// Tells the entries that match, best first.
    pub(crate) fn shown(&self) -> impl ExactSizeIterator<Item = &Item> {
        self.shown.iter().map(|index| &self.items[*index])
    }

    /// Tells the place of the selection among the shown.
    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    /// Tells the selected entry.
    pub(crate) fn current(&self) -> Option<&Item> {
        self.shown.get(self.selected).map(|index| &self.items[*index])
    }

    /// Moves the selection to a place of the shown.
    pub(crate) fn select(&mut self, place: usize) {
        self.selected = place.min(self.shown.len().saturating_sub(1));
    }

    /// Finds the only item whose code is exactly what was typed, if no other code begins with it.
    pub(crate) fn unique_code(&self) -> Option<&Item> {
        let typed = self.query.text();
        if typed.is_empty() {
            return None;
        }
        let mut begins = self
            .items
            .iter()
            .filter(|item| item.code.get(..typed.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(typed)));
        let first = begins.next()?;
        let same = |item: &Item| item.code.eq_ignore_ascii_case(typed);
        (same(first) && begins.all(same)).then_some(first)
    }

    /// Types a text.
    pub(crate) fn type_text(&mut self, text: &str) -> Picked {
        self.query.insert(text);
        self.changed();
        Picked::Typed
    }

    /// Does an action of the context *picker*.
    pub(crate) fn act(&mut self, action: Action) -> Picked {
        let last = self.shown.len().saturating_sub(1);
        match action {
            Action::PickAccept => return Picked::Accept,
            Action::PickClose => return Picked::Close,
            Action::PickTab => return Picked::Tab,
            Action::PickNext => self.selected = if self.selected >= last { 0 } else { self.selected + 1 },
            Action::PickPrevious => self.selected = if self.selected == 0 { last } else { self.selected - 1 },
            Action::PickPageDown => self.selected = (self.selected + 10).min(last),
            Action::PickPageUp => self.selected = self.selected.saturating_sub(10),
            _ => {
                let before = self.query.text().to_owned();
                if self.query.act(action) && self.query.text() != before {
                    self.changed();
                    return Picked::Typed;
                }
            }
        }
        Picked::Stay
    }

    fn filter(&mut self) {
        let query = self.query.text().trim();
        if self.remote || query.is_empty() {
            self.shown = (0..self.items.len()).collect();
            return;
        }
        let matcher = SkimMatcherV2::default().ignore_case();
        let lower = query.to_lowercase();
        let mut scored: Vec<(i64, usize)> = Vec::new();
        for (place, item) in self.items.iter().enumerate() {
            let label = item.label.to_lowercase();
            // An action with words after it is still that action.
            let named = lower.strip_prefix(&label).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
            let score = if item.code.to_lowercase() == lower || named {
                Some(1_000_000)
            } else if item.code.to_lowercase().starts_with(&lower) || label.starts_with(&lower) {
                Some(100_000)
            } else {
                // Every word has to match, in any order: the name by its letters, what is said beside it as it is written.
                let name = format!("{} {}", item.label, item.code);
                let detail = item.detail.to_lowercase();
                query
                    .split_whitespace()
                    .map(|word| {
                        let beside = detail.contains(&word.to_lowercase()).then_some(10);
                        matcher.fuzzy_match(&name, word).into_iter().chain(beside).max()
                    })
                    .sum::<Option<i64>>()
            };
            if let Some(score) = score {
                scored.push((-score, place));
            }
        }
        scored.sort();
        self.shown = scored.into_iter().map(|(_, place)| place).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker() -> Picker {
        let item = |label: &str, code: &str, index| Item {
            label: label.to_owned(),
            code: code.to_owned(),
            index,
            ..Item::default()
        };
        Picker::new(vec![
            item("Password reset", "pw", 0),
            item("Greeting", "hi", 1),
            item("Shipping status", "ship", 2),
            item("Power", "pwr", 3),
        ])
    }

    #[test]
    fn exact_matches_come_first() {
        let mut picker = picker();
        picker.type_text("pw");
        assert_eq!(picker.current().map(|item| item.index), Some(0));
        assert_eq!(picker.unique_code(), None, "pwr begins with pw too");
        picker.act(Action::PickClear);
        picker.type_text("hi");
        assert_eq!(picker.unique_code().map(|item| item.index), Some(1));
    }

    #[test]
    fn words_match_in_any_order_and_nothing_matches_nothing() {
        let mut picker = picker();
        picker.type_text("status ship");
        assert_eq!(picker.current().map(|item| item.index), Some(2));
        picker.type_text("zzz");
        assert_eq!((picker.current(), picker.shown().len()), (None, 0));
        assert_eq!(picker.act(Action::PickNext), Picked::Stay);
    }
}
