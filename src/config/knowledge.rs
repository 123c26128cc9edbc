//! `[knowledge]`: where articles come from.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use super::bytes;
use super::reader::{Item, Reader, Section};
use crate::desk::secret::Secret;

/// What `desk.toml` says about the knowledge base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// The folder of Markdown files.
    pub folder: Option<PathBuf>,
    /// The languages in which articles are shown when there is none in the customer's, best first.
    pub languages: Vec<String>,
    /// The webhook.
    pub webhook: Option<Webhook>,
}

/// What `desk.toml` says about the webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where questions go; may contain a key.
    pub url: String,
    /// `file:line:column` of it.
    pub place: String,
    /// The header that carries the secret, and the secret.
    pub header: Option<(String, Secret)>,
    /// The longest a try may take.
    pub timeout: Duration,
    /// So often it is tried again.
    pub retries: u32,
    /// How long an answer is good.
    pub cache: Duration,
    /// The largest answer.
    pub max_bytes: usize,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("place", &self.place).field("header", &self.header).finish_non_exhaustive()
    }
}

impl<'t> Reader<'t> {
    /// Reads the table; paths are relative to `folder`, `language` is the desk's.
    pub(super) fn knowledge(&mut self, root: &Section<'_, 't>, folder: Option<&Path>, language: &str) -> Knowledge {
        let section = self.section(root, "knowledge");
        self.check_keys(&section);
        let base = folder.unwrap_or(Path::new(""));
        let articles = self.line(&section, "folder").map(|path| base.join(at_home(path.get_ref())));
        let mut languages = Vec::new();
        for item in self.items(&section, "languages") {
            match item.get_ref() {
                Item::Text(code)
                    if (2..=8).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphabetic() || c == '-') =>
                {
                    languages.push(code.clone());
                }
                _ => {
                    let what = "`knowledge.languages` must be languages' codes like [\"en\", \"uk\"]";
                    self.wrong(item.span().start, what);
                }
            }
        }
        if languages.is_empty() {
            languages.push(language.to_owned());
        }
        let webhook = self.webhook(&section, base);
        Knowledge { folder: articles, languages, webhook }
    }

    fn webhook(&mut self, knowledge: &Section<'_, 't>, base: &Path) -> Option<Webhook> {
        let section = self.section(knowledge, "webhook");
        if !section.exists() {
            return None;
        }
        self.check_keys(&section);
        let url = self.line(&section, "url");
        if section.get("url").is_none() {
            self.wrong(section.span.start, "`[knowledge.webhook]` has no `url`: where are questions to go?");
        }
        let header = self.line(&section, "header");
        let file = self.line(&section, "secret_file");
        let header = match (header, file) {
            (Some(header), Some(file)) => self
                .secret_of(&base.join(at_home(file.get_ref())), file.span().start)
                .map(|secret| (header.into_inner(), secret)),
            (Some(header), None) => {
                let what = "`header` needs a `secret_file` beside it: the file that holds what the header says";
                self.wrong(header.span().start, what);
                None
            }
            (None, Some(file)) => {
                self.wrong(file.span().start, "`secret_file` needs a `header` beside it, like \"Authorization\"");
                None
            }
            (None, None) => None,
        };
        let mut webhook = Webhook {
            place: url.as_ref().map(|url| self.place(url.span().start)).unwrap_or_default(),
            url: url.map(Spanned::into_inner).unwrap_or_default(),
            header,
            timeout: Duration::from_secs(5),
            retries: 2,
            cache: Duration::from_secs(600),
            max_bytes: 256_000,
        };
        if let Some(Some(span)) = self.span(&section, "timeout", false) {
            webhook.timeout = span;
            if span.is_zero() || span > Duration::from_secs(60) {
                let at = section.get("timeout").map_or(section.span.start, |value| value.span().start);
                self.wrong(at, "`knowledge.webhook.timeout` must be from \"1s\" to \"1m\"");
            }
        }
        if let Some(Some(span)) = self.span(&section, "cache", false) {
            webhook.cache = span;
        }
        let wanted = "a whole number from 0 to 5";
        if let Some(number) = self.integer(&section, "retries", wanted) {
            match u32::try_from(*number.get_ref()).ok().filter(|number| *number <= 5) {
                Some(number) => webhook.retries = number,
                None => self.wrong(number.span().start, format!("`knowledge.webhook.retries` must be {wanted}")),
            }
        }
        if let Some(text) = self.line(&section, "max_bytes") {
            let size = bytes::parse(text.get_ref()).and_then(|size| usize::try_from(size).ok());
            match size.filter(|size| (1_000..=10_000_000).contains(size)) {
                Some(size) => webhook.max_bytes = size,
                None => {
                    let what = "`knowledge.webhook.max_bytes` must be from \"1 KB\" to \"10 MB\"";
                    self.wrong(text.span().start, what);
                }
            }
        }
        section.get("url").is_some().then_some(webhook)
    }

    /// Reads a secret from a file of its own. The value is in no message.
    fn secret_of(&mut self, path: &Path, at: usize) -> Option<Secret> {
        let content = std::fs::metadata(path).and_then(|facts| Ok((std::fs::read_to_string(path)?, facts)));
        match content {
            Err(error) => self.wrong(at, format!("{} cannot be read: {error}", path.display())),
            Ok((_, facts)) if facts.permissions().mode() & 0o077 != 0 => {
                self.wrong(at, format!("{0} can be read by others: run `chmod 600 {0}`", path.display()));
            }
            Ok((text, _)) if text.trim().is_empty() => self.wrong(at, format!("{} is empty", path.display())),
            Ok((text, _)) if text.trim().contains(char::is_control) => {
                self.wrong(at, format!("{} must hold one line without control characters", path.display()));
            }
            Ok((text, _)) => return Some(Secret::new(text.trim())),
        }
        None
    }
}

/// Puts the home directory in the place of `~/`.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), directories::BaseDirs::new()) {
        (Some(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => PathBuf::from(path),
    }
}
