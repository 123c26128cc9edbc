//! What is wrong with a folder of articles, for those who write them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::article::{Mistake, TEXT, TITLE, heading};
use super::folder::Folder;
use super::front;
use crate::desk::article::same_language;

/// A longer article is hardly read by anybody, nor sent in one message.
const LONG: usize = 8_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The article is not shown, or not as it is meant.
    Error,
    /// It could be better.
    Warning,
}

/// Something to be mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, from the folder on.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// How bad it is.
    pub weight: Weight,
    /// What is wrong.
    pub what: String,
}

/// Looks through a folder. Gives how many articles there are, and what is wrong, by file.
///
/// # Errors
/// The folder cannot be read.
pub fn lint(path: PathBuf) -> std::io::Result<(usize, Vec<Finding>)> {
    let mut folder = Folder::new(path);
    folder.look(true)?;
    let mut findings = Vec::new();
    let mut find = |file: &str, line, column, weight, what: String| {
        findings.push(Finding { file: file.to_owned(), line, column, weight, what });
    };
    for Mistake { file, line, column, what } in folder.mistakes() {
        find(file, *line, *column, Weight::Error, what.clone());
    }
    let articles = folder.articles();
    let mut titles: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, article) in articles.iter().enumerate() {
        titles.entry(article.title.to_lowercase()).or_default().push(place);
        let length = article.text.chars().count();
        if length >= TEXT {
            find(&article.file, 1, 1, Weight::Error, format!("has more than {TEXT} characters; the rest is left out"));
        } else if length > LONG {
            find(
                &article.file,
                1,
                1,
                Weight::Warning,
                format!("has {length} characters: too long to be sent in a reply"),
            );
        }
        if article.title.chars().count() >= TITLE {
            find(&article.file, 1, 1, Weight::Error, format!("has a title of more than {TITLE} characters"));
        }
        if !is_named(&folder, &article.file) {
            find(
                &article.file,
                1,
                1,
                Weight::Error,
                "has no title: neither in front matter nor as its first heading".to_owned(),
            );
        }
        if article.url.is_none() {
            find(
                &article.file,
                1,
                1,
                Weight::Warning,
                "has no `url`: only its text can be given to a customer".to_owned(),
            );
        }
    }
    for places in titles.values() {
        for (index, place) in places.iter().enumerate() {
            let one = &articles[*place];
            let twin = places[..index].iter().map(|other| &articles[*other]).find(|other| {
                match (&one.language, &other.language) {
                    (Some(one), Some(other)) => same_language(one, other),
                    (None, None) => true,
                    _ => false,
                }
            });
            if let Some(twin) = twin {
                find(&one.file, 1, 1, Weight::Error, format!("has the same title as {}", twin.file));
            }
        }
    }
    findings.sort_by(|one, other| (&one.file, one.line, one.weight).cmp(&(&other.file, other.line, other.weight)));
    Ok((articles.len(), findings))
}

/// Tells whether somebody has named an article, other than by its file.
fn is_named(folder: &Folder, file: &str) -> bool {
    let Ok(content) = std::fs::read_to_string(folder.path().join(file)) else { return true };
    let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
    match front::split(content) {
        Ok((front, body, _)) => front.title.is_some_and(|title| !title.trim().is_empty()) || heading(body).0.is_some(),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_found() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("writes");
        let url = "---\nurl: https://a.example\n---\n";
        write("a.md", &format!("{url}# Same\nx"));
        write("b.md", &format!("{url}# same\nx"));
        write("c.md", "---\nlanguage: uk\nurl: https://a.example\n---\n# Same\nx");
        write("empty.md", "# Empty\n");
        write("front.md", "+++\ntitle = \n+++\nx");
        write("long.md", &format!("{url}# Long\n{}", "word ".repeat(3000)));
        write("nameless.md", &format!("{url}just text"));
        write("unlinked.md", "# Unlinked\nx");
        let (count, findings) = lint(place.path().to_owned()).expect("reads");
        assert_eq!(count, 6);
        let told: Vec<String> =
            findings.iter().map(|one| format!("{}:{} {:?} {}", one.file, one.line, one.weight, one.what)).collect();
        for wanted in [
            "b.md:1 Error has the same title as a.md",
            "empty.md:1 Error has no text",
            "front.md:2 Error",
            "long.md:1 Warning has 14999 characters",
            "nameless.md:1 Error has no title",
            "unlinked.md:1 Warning has no `url`",
        ] {
            assert!(told.iter().any(|one| one.starts_with(wanted)), "no {wanted} in {told:#?}");
        }
        assert_eq!(told.len(), 6, "{told:#?}");
    }
}
