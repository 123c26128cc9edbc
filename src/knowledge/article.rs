//! One file, one article: front matter or the first heading names it, the rest is what it says.

use std::fmt;

use super::{front, plain};
use crate::desk::article::Article;
use crate::desk::safe;

/// Longest title, in characters.
pub(super) const TITLE: usize = 200;
/// Longest text, in characters.
pub(super) const TEXT: usize = 100_000;
/// Longest address.
pub(super) const URL: usize = 2_000;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file, from the folder on.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

/// Reads an article. A text without front matter is called what its first heading says, else what its file is called.
///
/// # Errors
/// Broken front matter, an address that no browser takes, a language that is none, no text at all.
pub fn parse(file: &str, content: &str) -> Result<Article, Mistake> {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content);
    let file = safe::line(file, 300);
    let wrong = |line, column, what: String| Mistake { file: file.clone(), line, column, what: safe::line(&what, 300) };
    let (front, body, first) = front::split(content).map_err(|(line, column, what)| wrong(line, column, what))?;
    let (heading, rest) = heading(body);
    let title = front.title.as_deref().filter(|title| !title.trim().is_empty());
    // A heading that only repeats the title is no part of the text.
    let repeated =
        heading.is_some() && title.is_none_or(|title| heading.as_deref().map(str::trim) == Some(title.trim()));
    let text = safe::text(&plain::plain(if repeated { rest } else { body }), TEXT);
    let stem = file.rsplit('/').next().unwrap_or(&file).trim_end_matches(".md").trim_end_matches(".markdown");
    let named = title.map(str::to_owned).or(heading).unwrap_or_else(|| stem.replace(['-', '_'], " "));
    if text.is_empty() {
        return Err(wrong(first, 1, "has no text".to_owned()));
    }
    let url = match front.url {
        Some((line, url)) if !is_link(&url) => {
            return Err(wrong(line, 1, "`url` must begin with https:// or http:// and have no spaces".to_owned()));
        }
        url => url.map(|(_, url)| url),
    };
    let language = match front.language {
        Some((line, code)) if !is_language(&code) => {
            return Err(wrong(line, 1, "`language` must be a code like \"en\", \"uk\" or \"pt-BR\"".to_owned()));
        }
        language => language.map(|(_, code)| code),
    };
    let tags = front.tags.iter().map(|tag| safe::line(tag, 60)).filter(|tag| !tag.is_empty()).take(50).collect();
    Ok(Article { title: safe::line(&named, TITLE), url, language, tags, text, file })
}

/// Takes the first line off if it is a heading: `# What it is called`.
pub(super) fn heading(body: &str) -> (Option<String>, &str) {
    let body = body.trim_start_matches(['\n', '\r', ' ']);
    let (first, rest) = body.split_once('\n').unwrap_or((body, ""));
    let marks = first.bytes().take_while(|byte| *byte == b'#').count();
    let words = first[marks..].trim().trim_end_matches('#').trim();
    if (1..=6).contains(&marks) && first[marks..].starts_with(' ') && !words.is_empty() {
        return (Some(plain::plain(words)), rest);
    }
    (None, body)
}

/// Tells whether a browser takes an address, and nothing else would.
pub(super) fn is_link(url: &str) -> bool {
    let lower = url.to_lowercase();
    let schemed =
        ["https://", "http://"].iter().any(|scheme| lower.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    schemed && url.len() <= URL && !url.contains(char::is_whitespace) && safe::line(url, URL) == url
}

fn is_language(code: &str) -> bool {
    (2..=8).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_wherever_it_stands() {
        for (content, title, text) in [
            ("---\ntitle: Refunds\n---\nBody", "Refunds", "Body"),
            ("---\ntitle: Refunds\n---\n# Refunds\n\nBody", "Refunds", "Body"),
            ("---\ntitle: Refunds\n---\n# Other\n\nBody", "Refunds", "Other\n\nBody"),
            ("## How to *return*\nBody", "How to return", "Body"),
            ("Body without a name", "my article", "Body without a name"),
            ("\u{feff}# A\u{1b}[2J\u{202e}b\nC\u{9b}d", "A[2Jb", "Cd"),
        ] {
            let article = parse("sub/my-article.md", content).expect(content);
            assert_eq!((article.title.as_str(), article.text.as_str()), (title, text), "{content}");
        }
    }

    #[test]
    fn what_no_browser_takes_is_no_url() {
        for (url, fits) in [
            ("https://a.example/x", true),
            ("HTTP://a.example", true),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
            ("https://", false),
            ("https://a b", false),
            ("https://a\u{202e}b", false),
            ("https://a\u{1b}b", false),
        ] {
            assert_eq!(is_link(url), fits, "{url}");
        }
        let mistake = parse("a.md", "---\ntitle: A\nurl: ftp://x\n---\nB").expect_err("no link");
        assert_eq!(mistake.to_string(), "a.md:3:1: `url` must begin with https:// or http:// and have no spaces");
        assert_eq!(parse("a.md", "# Only a title").expect_err("empty").what, "has no text");
    }
}
