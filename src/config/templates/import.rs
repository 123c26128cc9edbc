//! Templates from a table: a CSV file as spreadsheets write it, one template a row.
//!
//! The first row names the columns: `name` and `text`, and if wanted `language`, `tags`, `code`, in any order. Nothing is written
//! here; what would be written is told, and what is wrong with each row.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{TemplateError, load_folder, parse, replaces};
use crate::desk::template::{Origin, Template};

/// The columns that a table may have.
const COLUMNS: [&str; 5] = ["name", "text", "language", "tags", "code"];
/// A larger table is none of templates, in bytes.
const LARGEST: usize = 16 << 20;

/// What a table would bring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The files that would be written.
    pub files: Vec<NewFile>,
    /// What is wrong, by line. With any of it nothing should be written.
    pub errors: Vec<TemplateError>,
}

/// A file that would be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Where.
    pub path: PathBuf,
    /// What it says.
    pub content: String,
    /// The template.
    pub template: Template,
    /// The line of its row.
    pub line: usize,
    /// There is such a file, and it would be written over.
    pub over: bool,
}

#[derive(Serialize)]
struct Head<'t> {
    name: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'t str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'t [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'t str>,
}

/// Reads a table that is to become files of a folder. `file` is named in errors. What is there already is an error, unless `force`.
pub fn read(file: &str, bytes: &[u8], folder: &Path, force: bool) -> Import {
    let mut import = Import::default();
    let wrong = |line: u64, what: String| TemplateError {
        file: file.to_owned(),
        line: usize::try_from(line).unwrap_or(0),
        column: 0,
        what,
    };
    if bytes.len() > LARGEST {
        import.errors.push(wrong(0, format!("is larger than {} MB: it is no table of templates", LARGEST >> 20)));
        return import;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        let good = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let line = 1 + bytes[..good].iter().filter(|byte| **byte == b'\n').count() as u64;
        import.errors.push(wrong(line, "is not UTF-8: save it as \"CSV UTF-8\"".to_owned()));
        return import;
    };
    let delimiter = delimiter(text);
    let mut rows =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows = rows.records();
    let columns = match rows.next() {
        Some(Ok(head)) => match columns(&head) {
            Ok(columns) => columns,
            Err(why) => {
                import.errors.push(wrong(1, why));
                return import;
            }
        },
        Some(Err(error)) => {
            import.errors.push(wrong(1, error.to_string()));
            return import;
        }
        None => {
            import.errors.push(wrong(0, "is empty: its first row names the columns".to_owned()));
            return import;
        }
    };
    let mut known = super::Loaded::default();
    load_folder(folder, Origin::Desk, &mut known);
    for row in rows {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, |position| line_of(text, position));
                import.errors.push(wrong(line, error.to_string()));
                continue;
            }
        };
        let line = row.position().map_or(0, |position| line_of(text, position));
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match new_file(&row, &columns, folder, &known.templates, force) {
            Ok(mut new) => {
                new.line = usize::try_from(line).unwrap_or(0);
                let twice = import
                    .files
                    .iter()
                    .find(|other| other.path == new.path || replaces(&new.template, &other.template));
                match twice {
                    Some(other) => {
                        let what = format!("has the same code, or the same name, and language as line {}", other.line);
                        import.errors.push(wrong(line, what));
                    }
                    None => import.files.push(new),
                }
            }
            Err(why) => import.errors.push(wrong(line, why)),
        }
    }
    if import.files.is_empty() && import.errors.is_empty() {
        import.errors.push(wrong(1, "has no rows below the names of the columns".to_owned()));
    }
    import
}

/// Tells the line on which a row begins: what the parser says is before the end of the line above, and counts a CRLF late.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let at = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    let begun = text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + text.as_bytes()[..at + begun].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Spreadsheets of half of Europe write semicolons.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |c: char| head.matches(c).count();
    if count('\t') > count(',').max(count(';')) {
        b'\t'
    } else if count(';') > count(',') {
        b';'
    } else {
        b','
    }
}

/// Tells which column is where, in the order of [`COLUMNS`].
fn columns(head: &csv::StringRecord) -> Result<[Option<usize>; COLUMNS.len()], String> {
    let mut columns = [None; COLUMNS.len()];
    for (place, cell) in head.iter().enumerate() {
        let name = cell.trim().to_lowercase();
        if name.is_empty() {
            continue;
        }
        let Some(column) = COLUMNS.iter().position(|known| *known == name) else {
            return Err(format!("unknown column `{}`: there are {}", name.escape_debug(), COLUMNS.join(", ")));
        };
        if columns[column].replace(place).is_some() {
            return Err(format!("two columns are called `{name}`"));
        }
    }
    match (columns[0], columns[1]) {
        (Some(_), Some(_)) => Ok(columns),
        _ => Err(format!("the first row must name the columns, `name` and `text` among them: {}", COLUMNS.join(", "))),
    }
}

fn new_file(
    row: &csv::StringRecord,
    columns: &[Option<usize>; COLUMNS.len()],
    folder: &Path,
    known: &[Template],
    force: bool,
) -> Result<NewFile, String> {
    let cell = |column: usize| columns[column].and_then(|place| row.get(place)).unwrap_or_default().trim();
    let named_to = columns.iter().flatten().max().map_or(0, |last| last + 1);
    if row.iter().skip(named_to).any(|extra| !extra.trim().is_empty()) {
        let named = columns.iter().flatten().count();
        return Err(format!(
            "has {} cells, but {named} columns are named: put text that has commas in quotes",
            row.len()
        ));
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let text = cell(1).replace("\r\n", "\n").replace('\r', "\n");
    let tags: Vec<String> =
        cell(3).split([',', ';']).map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    let code = some(cell(4)).map(|code| code.strip_prefix(';').map(str::to_owned).unwrap_or(code));
    let (name, language) = (cell(0).to_owned(), some(cell(2)));
    let draft = Template { name, text, language, tags, code, ..Template::default() };
    let before = known.iter().find(|other| replaces(&draft, other));
    let path = before.map_or_else(|| folder.join(file_name(&draft)), |before| PathBuf::from(&before.source));
    let over = path.exists();
    if over && !force {
        return Err(format!("{} is there already: --force writes over it", path.display()));
    }
    let content = write(&draft, path.extension().is_some_and(|ext| ext == "md"));
    let source = path.display().to_string();
    // The file is read as it will be, so that it is judged by the same rules as one that somebody has written.
    let template = parse(&source, &content).map_err(|error| error.what)?;
    Ok(NewFile { path, content, template, line: 0, over })
}

fn file_name(template: &Template) -> String {
    let mut slug = String::new();
    for c in template.name.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(60).collect();
    let slug = if slug.is_empty() { "template" } else { &slug };
    let fits = |language: &&String| language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match template.language.as_ref().filter(fits) {
        Some(language) => format!("{slug}.{language}.md"),
        None => format!("{slug}.md"),
    }
}

fn write(template: &Template, markdown: bool) -> String {
    let head = Head {
        name: &template.name,
        language: template.language.as_deref(),
        tags: &template.tags,
        code: template.code.as_deref(),
        text: (!markdown).then_some(&template.text),
    };
    // Texts and lists of texts can always be written.
    let head = toml::to_string(&head).unwrap_or_default();
    if markdown { format!("+++\n{head}+++\n{}\n", template.text) } else { head }
}
