//! Reads templates: the built-in ones, and a folder of the user's own.
//!
//! A file is one template: TOML with `name`, `text` and the rest as keys, or Markdown whose front matter (TOML between
//! two lines `+++` or `---`) holds everything but the text. A user's template takes the place of a built-in one with the
//! same code (or, without code, the same name) and language, and an agent's own that of one of the desk. A file that is wrong is
//! reported with its line and left out; the others still load.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::desk::along::{Actions, Then};
use crate::desk::template::{Origin, PLACEHOLDERS, Template};

pub mod import;

/// The templates that come with the program: file name and text.
const BUILT_IN: [(&str, &str); 14] = [
    ("greeting.en.md", include_str!("../../assets/templates/greeting.en.md")),
    ("greeting.ru.md", include_str!("../../assets/templates/greeting.ru.md")),
    ("details.en.md", include_str!("../../assets/templates/details.en.md")),
    ("details.ru.md", include_str!("../../assets/templates/details.ru.md")),
    ("password.en.md", include_str!("../../assets/templates/password.en.md")),
    ("password.ru.md", include_str!("../../assets/templates/password.ru.md")),
    ("shipping.en.md", include_str!("../../assets/templates/shipping.en.md")),
    ("shipping.ru.md", include_str!("../../assets/templates/shipping.ru.md")),
    ("refund.en.md", include_str!("../../assets/templates/refund.en.md")),
    ("refund.ru.md", include_str!("../../assets/templates/refund.ru.md")),
    ("verification.en.toml", include_str!("../../assets/templates/verification.en.toml")),
    ("verification.ru.toml", include_str!("../../assets/templates/verification.ru.toml")),
    ("closing.en.md", include_str!("../../assets/templates/closing.en.md")),
    ("closing.ru.md", include_str!("../../assets/templates/closing.ru.md")),
];

/// A template longer than this could never be sent as one message, in characters.
const LONGEST: usize = 4096;

/// Says what is wrong with one template file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The file.
    pub file: String,
    /// The line, counted from 1; 0 if the file could not be read at all.
    pub line: usize,
    /// The column in characters, counted from 1; 0 if it does not matter.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub what: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        if self.column > 0 {
            write!(f, "{}:", self.column)?;
        }
        write!(f, " {}", self.what)
    }
}

impl std::error::Error for TemplateError {}

/// What was found: the good templates, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The templates, by name within a language, the user's own and the built-in ones together.
    pub templates: Vec<Template>,
    /// What is wrong, in the order of the files.
    pub errors: Vec<TemplateError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: toml::Spanned<String>,
    #[serde(default)]
    text: Option<toml::Spanned<String>>,
    #[serde(default)]
    language: Option<toml::Spanned<String>>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    code: Option<toml::Spanned<String>>,
    #[serde(default)]
    key: Option<toml::Spanned<String>>,
    #[serde(default)]
    then: Option<toml::Spanned<String>>,
    #[serde(default)]
    add_tags: Vec<toml::Spanned<String>>,
    #[serde(default)]
    priority: Option<toml::Spanned<String>>,
    #[serde(default)]
    status: Vec<toml::Spanned<String>>,
    #[serde(default)]
    review_by: Option<toml::Spanned<toml::Value>>,
}

/// Loads the built-in templates, those of the desk's folder, and those of an agent's own, if there are such folders.
pub fn load_all(desk: &Path, personal: Option<&Path>) -> Loaded {
    let mut loaded = load(Some(desk));
    if let Some(folder) = personal {
        load_folder(folder, Origin::Personal, &mut loaded);
    }
    loaded
}

/// Loads the built-in templates and those of a folder, if there is one.
///
/// Only `*.toml` and `*.md` files of the folder itself are read, in the order of their names. A folder that does not
/// exist is no error.
pub fn load(folder: Option<&Path>) -> Loaded {
    let mut loaded = Loaded::default();
    for (name, text) in BUILT_IN {
        match parse(&format!("built-in: {name}"), text) {
            Ok(template) => loaded.templates.push(template),
            Err(error) => loaded.errors.push(error),
        }
    }
    if let Some(folder) = folder {
        load_folder(folder, Origin::Desk, &mut loaded);
    }
    loaded
}

fn load_folder(folder: &Path, origin: Origin, loaded: &mut Loaded) {
    let unreadable = |path: &Path, error: std::io::Error| TemplateError {
        file: path.display().to_string(),
        line: 0,
        column: 0,
        what: format!("cannot be read: {error}"),
    };
    let mut paths = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => return loaded.errors.push(unreadable(folder, error)),
    };
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "toml" || ext == "md"));
    paths.sort();
    let own = loaded.templates.len();
    for path in paths {
        let file = path.display().to_string();
        let parsed = match super::utf8::read(&path) {
            Ok(text) => parse(&file, &text),
            Err(error) => Err(unreadable(&path, error)),
        };
        match parsed {
            Ok(template) => match loaded.templates[own..].iter().find(|other| replaces(&template, other)) {
                Some(other) => loaded.errors.push(TemplateError {
                    file,
                    line: 0,
                    column: 0,
                    what: format!("has the same code and language, or the same name, as {}", other.source),
                }),
                None => loaded.templates.push(Template { origin, ..template }),
            },
            Err(error) => loaded.errors.push(error),
        }
    }
    let users = loaded.templates.split_off(own);
    let stands_for = |one: &Template, other: &Template| {
        replaces(one, other) || (origin == Origin::Personal && one.language == other.language && one.name == other.name)
    };
    loaded.templates.retain(|before| !users.iter().any(|template| stands_for(template, before)));
    loaded.templates.extend(users);
}

/// Tells whether two templates would answer to the same call.
fn replaces(one: &Template, other: &Template) -> bool {
    one.language == other.language
        && match (&one.code, &other.code) {
            (Some(code), Some(theirs)) => code.eq_ignore_ascii_case(theirs),
            _ => one.name == other.name,
        }
}

/// Reads one template; `file` decides between TOML and Markdown and is named in errors and in `source`.
///
/// # Errors
/// Says where the file is wrong: not TOML, an unknown field, no text, an unknown placeholder, a code with spaces.
pub fn parse(file: &str, content: &str) -> Result<Template, TemplateError> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let source = Source { file, content };
    if !file.ends_with(".md") {
        let head = source.head(0..content.len())?;
        let Some(text) = &head.text else {
            return Err(source.wrong(0, "has no `text`".to_owned()));
        };
        // The text starts on the next line if it is opened by three quotes, else on the key's own.
        let opened = content[text.span()].strip_prefix("\"\"\"").or(content[text.span()].strip_prefix("'''"));
        let skip = usize::from(opened.is_some_and(|rest| rest.starts_with(['\n', '\r'])));
        let first_line = source.line(text.span().start) + skip;
        let text = text.get_ref().clone();
        return source.template(&head, text, first_line);
    }
    let fence = content.lines().next().map(str::trim_end).unwrap_or_default();
    if fence != "+++" && fence != "---" {
        return Err(source.wrong(0, "does not begin with a line `+++` or `---` (TOML front matter)".to_owned()));
    }
    let start = content.find('\n').map_or(content.len(), |end| end + 1);
    let mut end = start;
    for line in content[start..].split_inclusive('\n') {
        if line.trim_end() == fence {
            let head = source.head(start..end)?;
            if let Some(text) = &head.text {
                let at = start + text.span().start;
                return Err(source.wrong(at, "has `text` in its front matter; it belongs below".to_owned()));
            }
            let body = end + line.len();
            let text = content[body..].trim_end();
            let leading = text.len() - text.trim_start_matches(['\n', '\r']).len();
            return source.template(&head, text[leading..].to_owned(), source.line(body + leading));
        }
        end += line.len();
    }
    Err(source.wrong(0, format!("has front matter that is not closed by a second line `{fence}`")))
}

struct Source<'c> {
    file: &'c str,
    content: &'c str,
}

impl Source<'_> {
    fn line(&self, at: usize) -> usize {
        1 + self.content.as_bytes()[..at.min(self.content.len())].iter().filter(|byte| **byte == b'\n').count()
    }

    fn wrong(&self, at: usize, what: String) -> TemplateError {
        let before = self.content.get(..at).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        TemplateError { file: self.file.to_owned(), line: self.line(at), column, what }
    }

    fn head(&self, range: Range<usize>) -> Result<Head, TemplateError> {
        toml::from_str(&self.content[range.clone()]).map_err(|error| {
            let at = range.start + error.span().map_or(0, |span| span.start);
            self.wrong(at, error.message().replace('\n', "; "))
        })
    }

    fn template(&self, head: &Head, text: String, first_line: usize) -> Result<Template, TemplateError> {
        let base = if self.file.ends_with(".md") { self.content.find('\n').map_or(0, |end| end + 1) } else { 0 };
        let word = |value: &Option<toml::Spanned<String>>, what: &str, allowed: fn(char) -> bool| match value {
            Some(value) if value.get_ref().is_empty() || !value.get_ref().chars().all(allowed) => {
                Err(self.wrong(base + value.span().start, format!("`{}` is no {what}", value.get_ref().escape_debug())))
            }
            Some(value) => Ok(Some(value.get_ref().clone())),
            None => Ok(None),
        };
        if head.name.get_ref().trim().is_empty() || head.name.get_ref().contains(char::is_control) {
            return Err(self.wrong(base + head.name.span().start, "`name` must be a line of text".to_owned()));
        }
        let text = text.trim_end().to_owned();
        let at = |line: usize, what: String| TemplateError { file: self.file.to_owned(), line, column: 0, what };
        if text.is_empty() {
            return Err(at(first_line, "has no text".to_owned()));
        }
        if text.chars().count() > LONGEST {
            return Err(at(first_line, format!("has more than {LONGEST} characters, the most one message can carry")));
        }
        let template = Template {
            name: head.name.get_ref().trim().to_owned(),
            text,
            language: word(&head.language, "language; write for example \"en\" or \"pt-BR\"", |c| {
                c.is_ascii_alphanumeric() || c == '-'
            })?,
            tags: head.tags.clone(),
            code: word(&head.code, "code; use letters, digits and `-`", |c| c.is_alphanumeric() || c == '-')?,
            key: word(&head.key, "key; write for example \"F5\"", |c| c.is_ascii_graphic())?,
            source: self.file.to_owned(),
            origin: Origin::BuiltIn,
            actions: self.actions(head, base)?,
            statuses: head.status.iter().map(|word| self.read(word, base)).collect::<Result<_, _>>()?,
            review_by: head.review_by.as_ref().map(|date| self.date(date, base)).transpose()?,
        };
        if let Some((line, name)) = template.unknown_placeholders().first() {
            let known = PLACEHOLDERS.map(|(name, _)| name).join(", ");
            let what = format!(
                "unknown placeholder `{{{{{name}}}}}`; there are {known}, and {{{{?…}}}} for what the agent fills in"
            );
            return Err(at(first_line + line - 1, what));
        }
        Ok(template)
    }

    /// Reads a word by the rules of what it stands for.
    fn read<T: std::str::FromStr<Err = String>>(
        &self,
        word: &toml::Spanned<String>,
        base: usize,
    ) -> Result<T, TemplateError> {
        word.get_ref().parse().map_err(|why| self.wrong(base + word.span().start, why))
    }

    fn actions(&self, head: &Head, base: usize) -> Result<Actions, TemplateError> {
        Ok(Actions {
            then: head.then.as_ref().map(|then| self.read::<Then>(then, base)).transpose()?,
            add_tags: head.add_tags.iter().map(|tag| self.read(tag, base)).collect::<Result<_, _>>()?,
            priority: head.priority.as_ref().map(|priority| self.read(priority, base)).transpose()?,
        })
    }

    /// Reads a date, in quotes or without.
    fn date(&self, date: &toml::Spanned<toml::Value>, base: usize) -> Result<NaiveDate, TemplateError> {
        let text = match date.get_ref() {
            toml::Value::Datetime(date) => date.to_string(),
            toml::Value::String(text) => text.clone(),
            _ => String::new(),
        };
        let wrong = |_| self.wrong(base + date.span().start, "`review_by` must be a date like 2026-12-01".to_owned());
        text.trim().parse().map_err(wrong)
    }
}
