//! Reads typed values out of TOML and remembers every mistake with its line and column.
//!
//! A value that is wrong reads as absent, so that one run finds all mistakes of a file; nobody gets a configuration from a
//! file with mistakes.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Placed, duration};

/// A mistake in a file and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// A file that is being read.
pub(super) struct Reader<'t> {
    file: String,
    text: &'t str,
    /// What was wrong so far.
    pub(super) problems: Vec<Problem>,
}

/// A table of the file, with the name it has there.
#[derive(Clone)]
pub(super) struct Section<'a, 't> {
    /// `telegram.sandbox`; empty for the file itself.
    pub(super) name: String,
    /// Where it begins.
    pub(super) span: Range<usize>,
    table: Option<&'a DeTable<'t>>,
}

impl<'a, 't> Section<'a, 't> {
    /// Makes the section that is the whole file.
    pub(super) fn root(table: &'a Spanned<DeTable<'t>>) -> Self {
        Section { name: String::new(), span: 0..0, table: Some(table.get_ref()) }
    }

    /// Makes the section that is an item of a list, under a name for its keys.
    pub(super) fn inside(name: &str, value: &'a Spanned<DeValue<'t>>) -> Self {
        Section { name: name.to_owned(), span: value.span(), table: value.get_ref().as_table() }
    }

    /// Tells whether the file has it.
    pub(super) fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// Finds a value.
    pub(super) fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'t>>> {
        self.table?.get(key)
    }

    /// Lists keys, their places and values, in the order of the file.
    pub(super) fn entries(&self) -> Vec<(&'a str, Range<usize>, &'a Spanned<DeValue<'t>>)> {
        let mut entries: Vec<_> =
            self.table.into_iter().flatten().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value)).collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        entries
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

impl<'t> Reader<'t> {
    /// Begins to read `text`, which came from `file`.
    pub(super) fn new(file: &str, text: &'t str) -> Self {
        Reader { file: file.to_owned(), text, problems: Vec::new() }
    }

    /// Parses the file; mistakes of TOML itself go to `problems`.
    pub(super) fn parse(&mut self) -> Option<Spanned<DeTable<'t>>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                // The parser's message has its expectation on lines of its own; it never quotes the file's text.
                self.wrong(at, error.message().trim().replace('\n', "; "));
                None
            }
        }
    }

    fn position(&self, at: usize) -> (usize, usize) {
        // The parser's spans are between characters; should one not be, the whole text gives the last line.
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
    }

    /// Tells `file:line:column` of an offset.
    pub(super) fn place(&self, at: usize) -> String {
        let (line, column) = self.position(at);
        format!("{}:{line}:{column}", self.file)
    }

    /// Remembers a mistake.
    pub(super) fn wrong(&mut self, at: usize, what: impl Into<String>) {
        let (line, column) = self.position(at);
        self.problems.push(Problem { file: self.file.clone(), line, column, what: what.into() });
    }

    fn unlike(&mut self, section: &Section<'_, '_>, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(value.span().start, format!("`{}` is {found}: it must be {wanted}", section.path(key)));
    }

    /// Opens a table inside a section; one that is absent reads as empty.
    pub(super) fn section<'a>(&mut self, parent: &Section<'a, 't>, key: &str) -> Section<'a, 't> {
        let name = parent.path(key);
        let Some(value) = parent.get(key) else { return Section { name, span: parent.span.clone(), table: None } };
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.unlike(parent, key, value, &format!("a table: write `[{name}]`"));
        }
        Section { name, span: value.span(), table }
    }

    /// Opens the tables of a list of tables.
    pub(super) fn sections<'a>(&mut self, parent: &Section<'a, 't>, key: &str) -> Vec<Section<'a, 't>> {
        let name = parent.path(key);
        let Some(value) = parent.get(key) else { return Vec::new() };
        let tables: Option<Vec<_>> = value
            .get_ref()
            .as_array()
            .and_then(|list| list.iter().map(|item| Some((item.get_ref().as_table()?, item.span()))).collect());
        let Some(tables) = tables else {
            self.unlike(parent, key, value, &format!("a list of tables: write `[[{name}]]` above each"));
            return Vec::new();
        };
        tables.into_iter().map(|(table, span)| Section { name: name.clone(), span, table: Some(table) }).collect()
    }

    /// Reads a text that is not empty.
    pub(super) fn text(&mut self, section: &Section<'_, 't>, key: &str) -> Option<Spanned<String>> {
        let value = section.get(key)?;
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(Spanned::new(value.span(), text.to_owned())),
            Some(_) => {
                self.wrong(value.span().start, format!("`{}` is empty", section.path(key)));
                None
            }
            None => {
                self.unlike(section, key, value, "a text in quotes");
                None
            }
        }
    }

    /// Reads a text and keeps its place for those who judge it later.
    pub(super) fn placed(&mut self, section: &Section<'_, 't>, key: &str) -> Option<Placed> {
        let text = self.text(section, key)?;
        Some(Placed { place: self.place(text.span().start), text: text.into_inner() })
    }

    /// Reads a line of text: no control characters.
    pub(super) fn line(&mut self, section: &Section<'_, 't>, key: &str) -> Option<Spanned<String>> {
        let text = self.text(section, key)?;
        if text.get_ref().contains(char::is_control) {
            self.wrong(
                text.span().start,
                format!("`{}` must be one line without control characters", section.path(key)),
            );
            return None;
        }
        Some(text)
    }

    /// Reads true or false.
    pub(super) fn flag(&mut self, section: &Section<'_, 't>, key: &str) -> Option<bool> {
        let value = section.get(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.unlike(section, key, value, "true or false");
        }
        flag
    }

    /// Reads a whole number.
    pub(super) fn integer(&mut self, section: &Section<'_, 't>, key: &str, wanted: &str) -> Option<Spanned<i64>> {
        let value = section.get(key)?;
        let number = value.get_ref().as_integer().and_then(whole);
        if number.is_none() {
            self.unlike(section, key, value, wanted);
        }
        number.map(|number| Spanned::new(value.span(), number))
    }

    /// Reads a number from 0 up.
    pub(super) fn rate(&mut self, section: &Section<'_, 't>, key: &str) -> Option<f64> {
        let value = section.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => whole(number).map(|number| number as f64),
            DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            self.unlike(section, key, value, "a number from 0 (unlimited) up");
        }
        number
    }

    /// Reads a span of time. With `or_off`, the outer `Some(None)` is `"off"`.
    pub(super) fn span(&mut self, section: &Section<'_, 't>, key: &str, or_off: bool) -> Option<Option<Duration>> {
        let wanted = if or_off {
            "a span of time like \"14d\" or \"2h 30m\", or \"off\""
        } else {
            "a span of time like \"14d\" or \"5s\""
        };
        let value = section.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.unlike(section, key, value, wanted);
            return None;
        };
        if or_off && text == "off" {
            return Some(None);
        }
        match duration::parse(text) {
            Ok(span) => Some(Some(span)),
            Err(_) => {
                let what = format!("`{}` is `{}`: it must be {wanted}", section.path(key), text.escape_debug());
                self.wrong(value.span().start, what);
                None
            }
        }
    }

    /// Reads one of a few words.
    pub(super) fn choice<T: Copy>(&mut self, section: &Section<'_, 't>, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(section, key)?;
        let found = words.iter().find(|(word, _)| word == text.get_ref()).map(|(_, value)| *value);
        if found.is_none() {
            let allowed = words.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
            let what =
                format!("`{}` is `{}`: it must be one of {allowed}", section.path(key), text.get_ref().escape_debug());
            self.wrong(text.span().start, what);
        }
        found
    }

    /// Reads the name of a time zone.
    pub(super) fn timezone(&mut self, section: &Section<'_, 't>, key: &str) -> Option<String> {
        let text = self.text(section, key)?;
        if text.get_ref().parse::<chrono_tz::Tz>().is_err() {
            let what = format!(
                "`{}` is `{}`, which is no time zone: write it like \"Europe/Kyiv\" or \"UTC\"",
                section.path(key),
                text.get_ref().escape_debug()
            );
            self.wrong(text.span().start, what);
            return None;
        }
        Some(text.into_inner())
    }

    /// Reads a list whose items are texts or whole numbers; a single one needs no brackets.
    pub(super) fn items(&mut self, section: &Section<'_, 't>, key: &str) -> Vec<Spanned<Item>> {
        let Some(value) = section.get(key) else { return Vec::new() };
        let read = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::String(text) => Some(Spanned::new(value.span(), Item::Text(text.clone().into_owned()))),
            DeValue::Integer(number) => whole(number).map(|number| Spanned::new(value.span(), Item::Number(number))),
            _ => None,
        };
        let items = match value.get_ref().as_array() {
            Some(list) => list.iter().map(read).collect(),
            None => read(value).map(|item| vec![item]),
        };
        items.unwrap_or_else(|| {
            self.unlike(section, key, value, "a list of texts and numbers");
            Vec::new()
        })
    }
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
}

fn whole(number: &toml::de::DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}
