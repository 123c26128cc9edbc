//! The folder: Markdown files, read when they have changed by size or date.

use std::collections::BTreeMap;
use std::io::{Error, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::article::{Mistake, parse};
use crate::desk::article::Article;

/// So many files are looked at.
pub const MOST_FILES: usize = 5_000;
/// No larger file is read.
pub const LARGEST: u64 = 512 * 1024;
/// No folder deeper than this is looked into.
const DEEPEST: usize = 8;

/// A folder of articles as it was last read.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<String, File>,
    read: bool,
}

#[derive(Debug)]
struct File {
    size: u64,
    written: Option<SystemTime>,
    article: Result<Article, Mistake>,
}

impl Folder {
    /// Names a folder; nothing is read.
    pub fn new(path: PathBuf) -> Folder {
        Folder { path, files: BTreeMap::new(), read: false }
    }

    /// Looks at the folder and reads what has changed since; tells whether anything has. `all`: reads everything again.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn look(&mut self, all: bool) -> Result<bool, Error> {
        let mut found = Vec::new();
        walk(&self.path, "", 0, &mut found)?;
        let mut changed = all || !self.read;
        self.read = true;
        let before = self.files.len();
        self.files.retain(|name, _| found.iter().any(|(own, ..)| own == name));
        changed |= self.files.len() != before;
        for (name, path, size, written) in found {
            let known = self.files.get(&name).is_some_and(|file| file.size == size && file.written == written);
            if known && !all {
                continue;
            }
            changed = true;
            let article = read(&name, &path, size);
            self.files.insert(name, File { size, written, article });
        }
        Ok(changed)
    }

    /// Lists the articles, by file.
    pub fn articles(&self) -> Vec<Article> {
        self.files.values().filter_map(|file| file.article.as_ref().ok()).cloned().collect()
    }

    /// Lists what is wrong, by file.
    pub fn mistakes(&self) -> Vec<&Mistake> {
        self.files.values().filter_map(|file| file.article.as_ref().err()).collect()
    }

    /// Tells where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

type Found = (String, PathBuf, u64, Option<SystemTime>);

/// Finds Markdown files, hidden ones apart. Links to folders are not followed: they may lead in a circle.
fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Found>) -> Result<(), Error> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || found.len() >= MOST_FILES {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth < DEEPEST {
            // A folder inside that is nobody's business here does not hide the rest.
            if let Err(error) = walk(&entry.path(), &format!("{prefix}{name}/"), depth + 1, found) {
                tracing::warn!(%error, "a folder of articles cannot be read");
            }
            continue;
        }
        let Ok(facts) = std::fs::metadata(entry.path()) else { continue };
        let lower = name.to_lowercase();
        if facts.is_file() && (lower.ends_with(".md") || lower.ends_with(".markdown")) {
            found.push((format!("{prefix}{name}"), entry.path(), facts.len(), facts.modified().ok()));
        }
    }
    Ok(())
}

fn read(name: &str, path: &Path, size: u64) -> Result<Article, Mistake> {
    let wrong = |what: String| Mistake { file: crate::desk::safe::line(name, 300), line: 1, column: 1, what };
    if size > LARGEST {
        return Err(wrong(format!("is larger than {} KB and is left out", LARGEST / 1024)));
    }
    let mut bytes = Vec::new();
    // It may have grown since it was looked at.
    let read = std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| wrong(format!("cannot be read: {error}")))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => parse(name, text),
        Err(_) => Err(wrong("is no UTF-8 text".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_changed_is_read_again() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).expect("writes");
        std::fs::create_dir(place.path().join("sub")).expect("makes");
        write("a.md", "# A\none");
        write("sub/b.md", "# B\ntwo");
        write("broken.md", "+++\ntitle =\n+++\n");
        write("picture.png", "x");
        write(".hidden.md", "# H\nx");
        write("latin.md", "# L\nx");
        std::fs::write(place.path().join("latin.md"), b"# L\n\xe9").expect("writes");
        let mut folder = Folder::new(place.path().to_owned());
        assert!(folder.look(false).expect("reads"));
        let titles = |folder: &Folder| folder.articles().into_iter().map(|one| one.title).collect::<Vec<_>>();
        assert_eq!(titles(&folder), ["A", "B"]);
        assert_eq!(folder.mistakes().len(), 2, "{:?}", folder.mistakes());
        assert!(!folder.look(false).expect("reads"), "nothing has changed");
        write("a.md", "# A again\none");
        std::fs::remove_file(place.path().join("sub/b.md")).expect("was there");
        assert!(folder.look(false).expect("reads"));
        assert_eq!(titles(&folder), ["A again"]);
        assert!(folder.look(true).expect("reads"), "all of it, when asked for");
        assert!(Folder::new(place.path().join("gone")).look(false).is_err());
        std::os::unix::fs::symlink(place.path(), place.path().join("sub/circle")).expect("links");
        assert!(!folder.look(false).expect("reads"), "no circle");
    }
}
