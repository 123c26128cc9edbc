//! The order of the house: who names whom, what files are called, how long they are, what is in the binary.
//!
//! Each rule is a function from sources to complaints, run over the real tree and over a made-up one that breaks it: a rule
//! that cannot fail is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// The rooms and what each may name: a room, or one path inside it.
const ROOMS: [(&str, &[&str]); 12] = [
    ("clock", &[]),
    ("desk", &["clock::Timestamp"]),
    ("store", &["desk", "clock"]),
    ("engine", &["desk", "store", "clock"]),
    (
        "telegram",
        &["engine::transport", "desk::ids", "desk::people", "desk::safe", "desk::thread", "store::session", "clock"],
    ),
    ("knowledge", &["engine::transport", "desk", "clock"]),
    ("seat", &["engine::handle", "engine::views", "desk", "clock"]),
    ("config", &["desk"]),
    ("tui", &["engine::handle", "engine::views", "desk", "config", "clock"]),
    ("sandbox", &["clock"]),
    ("selftest", &["clock", "desk", "store", "engine", "telegram", "knowledge", "seat", "config", "sandbox"]),
    (
        "cli",
        &["clock", "desk", "store", "engine", "telegram", "knowledge", "seat", "config", "tui", "sandbox", "selftest"],
    ),
];

/// Crates that only some rooms may name; a `*` stands for any ending.
const CRATES: [(&str, &[&str]); 11] = [
    ("grammers_*", &["telegram", "sandbox"]),
    ("rusqlite", &["store"]),
    ("ratatui*", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_textarea", &["tui"]),
    ("clap", &["cli"]),
    ("uzers", &["config"]),
    ("clap_complete", &["cli"]),
    ("reqwest", &["knowledge"]),
    ("rustls", &["knowledge"]),
    ("pulldown_cmark", &["knowledge"]),
];

/// Names that say nothing.
const BANNED: [&str; 9] = ["util", "utils", "common", "base", "helpers", "misc", "manager", "service", "handler"];

/// The migrations as they were shipped. One that has been released is never changed: add another.
const MIGRATIONS: [(&str, &str); 17] = [
    ("0001_begin.sql", "6a061f83186908b5e21096e9d3f773677ad3cf9e83d06140d3b4643fa04950b8"),
    ("0002_outbox.sql", "f5d1dfce2efc0a502a626a4b625aacaa8e27bb323bbaafc5ecc93d244ca45812"),
    ("0003_thread.sql", "011003e01fe8ad9a62d92e2d1944a3e1188d30c522fda60d2f26c114570cdc44"),
    ("0004_files.sql", "8e08fa0911ce4a116e7d0140919fe8d3c64942c5caa072733c88ca27b8ddf108"),
    ("0005_mirror_status.sql", "9c50fffdbea1b760544358a2bb6e840c8f3ed8882c0fca8cf278fd0c1918ea68"),
    ("0006_coverage.sql", "93a954e43798309cd4c66971350f4ff1665e0ce0a70c96a0243b8b38a79fd61b"),
    ("0007_tags.sql", "ac2a5cc4c4ada8d8970a9fbaaca6860d325eaae564511567dbb99da545e1aa5c"),
    ("0008_sla.sql", "7c87405eec2fb22f48c3e4435bb4f8159349ddd2335687702972e10f892912c5"),
    ("0009_templates.sql", "8e6bf7509cba64d57f69101fe41afbb2cece842126ea7e7503d08483904e2694"),
    ("0010_escalation.sql", "4736a3edafc6c21d33a39c7836823bdb655b7c86fd343a5138e51dc9a394d7ab"),
    ("0011_routing.sql", "0cea73118ea5daca9ab399a98e21b10e50e1ed35d201f51c38d4baafdf995286"),
    ("0012_automatic.sql", "1754222b67e0c596e4f55dcd228abbe5927b2945993ac39febba0aa5126182ac"),
    ("0013_quiet.sql", "af1555d416c730c35500fc0ae3557a04f4d9f7dfeb24f089a94b52aedd5fe5ae"),
    ("0014_summons.sql", "d547e604b11cb11ca4c03b9d96a01ea21ed71a72bea8d326891f01d412a6ce63"),
    ("0015_openings.sql", "652838013c281c26e8fcfcd816e70911f9fb2b8c669303a4b18657a39d4dbd74"),
    ("0016_groups.sql", "b29cd9fc1aa9d3ea6aa40b04a007a9a6ce8904ad65f4ffed60c518cd8cdbb42f"),
    ("0017_tags_index.sql", "dd8b6f4e18afcb5a6ac42fde5878e6116c12400c61c9d02777b442f2701ca465"),
];

/// Licences that may be in the binary.
const LICENCES: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// A source file: its path from the package's root, its text, and the text without comments, strings and tests.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned(), code: without_tests(&code_only(text)) }
    }

    /// The room the file belongs to; `main`, `lib` for those two.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split(['/', '.']).next().unwrap_or_default()
    }

    /// How many modules deep the file is: 1 for `src/desk/mod.rs`, 2 for `src/desk/ids.rs`.
    fn depth(&self) -> usize {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path).trim_end_matches(".rs");
        let parts = inside.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
        parts.count()
    }

    fn stem(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.stem() == "tests" || self.path.contains("/tests/")
    }
}

/// Replaces comments, strings and characters by blanks; keeps lines.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    while at < chars.len() {
        let rest = &chars[at..];
        let starts = |word: &str| word.chars().enumerate().all(|(i, c)| rest.get(i) == Some(&c));
        let before_is_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        let end = if starts("//") {
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if starts("/*") {
            let mut depth = 0;
            let mut i = 0;
            loop {
                match (rest.get(i), rest.get(i + 1)) {
                    (Some('/'), Some('*')) => (depth, i) = (depth + 1, i + 2),
                    (Some('*'), Some('/')) => (depth, i) = (depth - 1, i + 2),
                    (None, _) => break i,
                    _ => i += 1,
                }
                if depth == 0 {
                    break i;
                }
            }
        } else if !before_is_word && (starts("r\"") || starts("r#") || starts("br\"") || starts("br#")) {
            let hashes = rest.iter().skip_while(|c| **c != '#' && **c != '"').take_while(|c| **c == '#').count();
            let open = rest.iter().position(|c| *c == '"');
            match open {
                // `r#type` is a name, no string.
                Some(open) if rest[..open].iter().all(|c| "br#".contains(*c)) => {
                    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                    let body = &rest[open + 1..];
                    let found = body.windows(close.len()).position(|window| window == close.as_slice());
                    found.map_or(rest.len(), |found| open + 1 + found + close.len())
                }
                _ => 0,
            }
        } else if starts("\"") {
            let mut i = 1;
            while i < rest.len() && rest[i] != '"' {
                i += if rest[i] == '\\' { 2 } else { 1 };
            }
            (i + 1).min(rest.len())
        } else if starts("'") {
            // A lifetime has no closing quote one character (or one escape) later.
            match (rest.get(1), rest.get(2)) {
                (Some('\\'), _) => rest.iter().skip(3).position(|c| *c == '\'').map_or(0, |close| close + 4),
                (Some(_), Some('\'')) => 3,
                _ => 0,
            }
        } else {
            0
        };
        if end == 0 {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(rest[..end].iter().map(|c| blank(*c)));
            at += end;
        }
    }
    out
}

/// Takes away what stands under `#[cfg(test)]`: an item in braces, or a line that ends in a semicolon.
fn without_tests(code: &str) -> String {
    let mut left = String::new();
    let mut rest = code;
    while let Some(found) = rest.find("#[cfg(test)]") {
        left.push_str(&rest[..found]);
        let item = &rest[found..];
        let end = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|at| open < at) => {
                let mut depth = 0_usize;
                item.char_indices().skip_while(|(at, _)| *at < open).find_map(|(at, c)| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    (depth == 0).then_some(at + 1)
                })
            }
            (_, Some(semicolon)) => Some(semicolon + 1),
            _ => None,
        };
        let end = end.unwrap_or(item.len());
        left.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    left + rest
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Finds every path that begins with `first::`, with nested groups taken apart: `crate::{a::{b, c}, d}` gives `a::b`, …
fn paths_from(code: &str, first: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let start = format!("{first}::");
    let mut from = 0;
    while let Some(at) = code[from..].find(&start).map(|at| at + from) {
        from = at + start.len();
        if code[..at].ends_with(is_word) || code[..at].ends_with("::") {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let mut paths = Vec::new();
        tree(&mut code[from..].chars().peekable(), "", &mut paths);
        found.extend(paths.into_iter().map(|path| (line, path)));
    }
    found
}

fn tree(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, prefix: &str, paths: &mut Vec<String>) {
    let skip =
        |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| while chars.next_if(|c| c.is_whitespace()).is_some() {};
    skip(chars);
    if chars.next_if_eq(&'{').is_some() {
        loop {
            tree(chars, prefix, paths);
            // What is left of the branch: `as name`, blanks.
            while chars.next_if(|c| *c != ',' && *c != '}').is_some() {}
            if chars.next() != Some(',') {
                return;
            }
            skip(chars);
            if chars.next_if_eq(&'}').is_some() {
                return;
            }
        }
    }
    let mut name = String::new();
    while let Some(c) = chars.next_if(|c| is_word(*c) || *c == '*') {
        name.push(c);
    }
    let path = if prefix.is_empty() { name } else { format!("{prefix}::{name}") };
    let mut ahead = chars.clone();
    if ahead.next() == Some(':')
        && ahead.next() == Some(':')
        && ahead.peek().is_some_and(|c| is_word(*c) || "{*".contains(*c))
    {
        *chars = ahead;
        tree(chars, &path, paths);
    } else {
        paths.push(path);
    }
}

/// Every arrow from a room to another that the table does not have.
fn arrows(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        let room = source.room();
        // Tests of a room keep to its arrows too.
        let code = code_only(&source.text);
        let mut named = paths_from(&code, "crate");
        named.extend(paths_from(&code, "topicdesk"));
        let out = "super::".repeat(source.depth());
        named.extend(paths_from(&code, out.trim_end_matches("::")).into_iter().filter(|(_, path)| {
            let first = path.trim_start_matches("super::").split("::").next().unwrap_or_default();
            source.depth() > 0 && ROOMS.iter().any(|(room, _)| *room == first)
        }));
        for (line, path) in named {
            let path = path.trim_start_matches("super::");
            let target = path.split("::").next().unwrap_or_default();
            let allowed = match room {
                "lib" => true,
                "main" => target == "cli",
                _ => ROOMS.iter().find(|(name, _)| *name == room).is_some_and(|(_, allowed)| {
                    target == room
                        || allowed.iter().any(|may| {
                            path == *may || path.strip_prefix(may).is_some_and(|rest| rest.starts_with("::"))
                        })
                }),
            };
            if !allowed {
                complaints.push(format!("{}:{line}: {room} may not name {path}", source.path));
            }
        }
    }
    complaints
}

/// Every crate named in a room that may not name it.
fn crates(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        for (line, text) in code_only(&source.text).lines().enumerate() {
            for word in text.split(|c| !is_word(c)) {
                let owner = CRATES.iter().find(|(name, _)| match name.strip_suffix('*') {
                    Some(start) => word.starts_with(start),
                    None => word == *name,
                });
                if let Some((_, rooms)) = owner.filter(|(_, rooms)| !rooms.contains(&source.room())) {
                    let rooms = rooms.join(" and ");
                    complaints.push(format!("{}:{}: {word} belongs in {rooms}", source.path, line + 1));
                }
            }
        }
    }
    complaints
}

/// Files without a module doc, and files too long.
fn shape(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        if !source.text.starts_with("//! ") {
            complaints.push(format!("{}: does not begin with `//! `", source.path));
        }
        let lines = source.text.lines().count();
        if lines > 500 && !source.is_test() {
            complaints.push(format!("{}: {lines} lines, 500 are allowed", source.path));
        }
    }
    complaints
}

/// `main.rs` that has begun to do something.
fn thin_main(sources: &[Source]) -> Vec<String> {
    let main = sources.iter().filter(|source| source.path == "src/main.rs");
    main.filter(|main| main.text.lines().count() >= 40).map(|_| "src/main.rs: under 40 lines".to_owned()).collect()
}

/// Banned names of files, modules and types; of types also as the last word: `TicketManager`.
fn names(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let path = source.path.trim_end_matches(".rs");
        for part in path.split('/').filter(|part| BANNED.contains(part)) {
            complaints.push(format!("{}: no file may be called {part}", source.path));
        }
        let words: Vec<&str> = source.code.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            if !["mod", "struct", "enum", "trait", "type"].contains(&pair[0]) {
                continue;
            }
            let last = pair[1].rfind(char::is_uppercase).map_or(pair[1], |at| &pair[1][at..]).to_lowercase();
            if BANNED.contains(&last.as_str()) || BANNED.contains(&pair[1]) {
                complaints.push(format!("{}: nothing may be called {}", source.path, pair[1]));
            }
        }
    }
    complaints
}

/// `unwrap()` outside tests and `#[allow]` anywhere.
fn manners(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let everything = code_only(&source.text);
        let rules = [
            (
                ".unwrap()",
                &source.code,
                !source.is_test(),
                "no unwrap: say with `expect` why it cannot fail, or use `?`",
            ),
            (".unwrap_err()", &source.code, !source.is_test(), "no unwrap"),
            ("#[allow", &everything, true, "`#[expect(.., reason = ..)]` instead of `#[allow]`"),
            ("#![allow", &everything, true, "`#[expect(.., reason = ..)]` instead of `#[allow]`"),
            ("unsafe ", &everything, true, "no unsafe"),
        ];
        for (word, code, applies, why) in rules {
            for (line, _) in code.lines().enumerate().filter(|(_, line)| applies && line.contains(word)) {
                complaints.push(format!("{}:{}: {why}", source.path, line + 1));
            }
        }
    }
    complaints
}

/// A status named outside the rules: screens and stores ask it for its label, letter and tone.
fn statuses(sources: &[Source]) -> Vec<String> {
    let variants = ["Open", "Assigned", "InProgress", "Pending", "Resolved", "Closed"];
    let elsewhere = sources.iter().filter(|source| source.path.starts_with("src/") && source.room() != "desk");
    let mut complaints = Vec::new();
    for source in elsewhere.filter(|source| source.room() != "sandbox" && !source.is_test()) {
        for (line, path) in paths_from(&source.code, "Status") {
            if variants.contains(&path.as_str()) {
                complaints.push(format!("{}:{line}: Status::{path} may be named in the room desk only", source.path));
            }
        }
    }
    complaints
}

/// Files that no `mod` declares: they would not be compiled, and tests in them would never run.
fn undeclared(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        if ["main.rs", "lib.rs"].contains(&file) {
            continue;
        }
        let (name, folder) = match file {
            "mod.rs" => folder.rsplit_once('/').map_or((folder, ""), |(above, name)| (name, above)),
            _ => (source.stem(), folder),
        };
        let parents = ["main.rs", "lib.rs", "mod.rs"].map(|parent| format!("{folder}/{parent}"));
        let beside = format!("{folder}.rs");
        let declared = sources.iter().any(|parent| {
            (parents.contains(&parent.path) || parent.path == beside)
                && code_only(&parent.text).lines().any(|line| {
                    let line = line.trim().trim_end_matches(';');
                    line.ends_with(&format!("mod {name}")) && !line.contains("//")
                })
        });
        if !declared {
            complaints.push(format!("{}: no `mod {name};` declares it", source.path));
        }
    }
    complaints
}

/// Migrations that are not as they were shipped.
fn migrations(files: &BTreeMap<String, Vec<u8>>, shipped: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, hash) in shipped {
        match files.get(*name) {
            None => complaints.push(format!("{name}: has gone; a migration stays for ever")),
            Some(content) => {
                let found: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
                if found != *hash {
                    complaints.push(format!("{name}: has changed ({found}); add another migration instead"));
                }
            }
        }
    }
    for (name, content) in files.iter().filter(|(name, _)| !shipped.iter().any(|(listed, _)| listed == name)) {
        let found: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        complaints.push(format!("{name}: is new; list it in tests/it/tidy.rs with {found}"));
    }
    complaints
}

/// Tells whether an SPDX expression leaves a choice that is allowed.
fn allowed_licence(expression: &str) -> bool {
    let expression = expression.replace(" WITH LLVM-exception", "").replace('/', " OR ");
    // A parenthesis holds alternatives of one part: all expressions here are of the form `A AND (B OR C)` or `A OR B`.
    let mut depth = 0_i32;
    let mut parts = vec![String::new()];
    for word in expression.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            "AND" if depth == 0 || !expression.contains('(') => parts.push(String::new()),
            _ => {
                let part = parts.last_mut().expect("there is always one");
                part.push(' ');
                part.push_str(word);
            }
        }
    }
    parts.iter().all(|part| part.split(" OR ").any(|name| LICENCES.contains(&name.trim())))
}

/// What `cargo metadata` says that must not be: licences, a second SQLite.
fn dependencies(metadata: &serde_json::Value) -> Vec<String> {
    let mut complaints = Vec::new();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let packages: BTreeMap<String, serde_json::Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    // What is in the binary: everything reached by other than development dependencies.
    let mut reached = BTreeSet::new();
    let mut open = vec![text(&metadata["resolve"]["root"])];
    while let Some(id) = open.pop() {
        if !reached.insert(id.clone()) {
            continue;
        }
        for node in list(&metadata["resolve"]["nodes"]).iter().filter(|node| text(&node["id"]) == id) {
            for dependency in list(&node["deps"]) {
                if list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null()) {
                    open.push(text(&dependency["pkg"]));
                }
            }
        }
    }
    for id in &reached {
        let Some(package) = packages.get(id) else { continue };
        let (name, licence) = (text(&package["name"]), text(&package["license"]));
        if !allowed_licence(&licence) {
            complaints.push(format!("{name}: its licence `{licence}` is not allowed in the binary"));
        }
        if name == "libsql" || name.starts_with("libsql-") {
            complaints.push(format!("{name}: does not link next to the bundled SQLite"));
        }
    }
    if reached.len() < 2 {
        complaints.push("cargo metadata names no dependencies: the rule sees nothing".to_owned());
    }
    complaints
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            files(&entry, ending, found);
        } else if entry.extension().is_some_and(|ext| ext == ending) {
            found.push(entry);
        }
    }
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    for folder in ["src", "tests/it"] {
        files(&root().join(folder), "rs", &mut found);
    }
    found.sort();
    let path = |file: &Path| file.strip_prefix(root()).expect("inside").to_string_lossy().replace('\\', "/");
    let sources: Vec<Source> =
        found.iter().map(|file| Source::new(&path(file), &fs::read_to_string(file).expect("readable"))).collect();
    assert!(sources.len() > 30, "only {} files: the walk is broken", sources.len());
    sources
}

fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Asserts that a rule finds the one fault that a made-up file has, and none in one that is right.
fn finds(rule: fn(&[Source]) -> Vec<String>, path: &str, bad: &str, good: &str) {
    let tree = |text: &str| vec![Source::new(path, text)];
    assert!(!rule(&tree(bad)).is_empty(), "not found in {path}: {bad}");
    let fine = rule(&tree(good));
    assert!(fine.is_empty(), "found in {path}: {good}: {fine:?}");
}

#[test]
fn rooms_name_only_the_rooms_they_may() {
    none(arrows(&sources()));
    none(crates(&sources()));
}

#[test]
fn a_forbidden_arrow_is_found_wherever_it_hides() {
    let file = "src/tui/a.rs";
    let good = "//! A.\nuse crate::engine::{handle::Handle, views::{self, View}};\nuse crate::config;\n// crate::store\nlet x = \"crate::store\";";
    for bad in [
        "//! A.\nuse crate::store;",
        "//! A.\nuse crate::engine::runner;",
        "//! A.\nuse crate::{desk, engine::{handle::Handle, runner::start}};",
        "//! A.\nuse crate::engine as e;",
        "//! A.\nfn f() { crate::telegram::login(); }",
        "//! A.\nuse topicdesk::store::Store;",
        "//! A.\nuse super::super::store::Store;",
        "//! A.\nlet c = '\"'; use crate::store; // \"",
        "//! A.\nlet c = r#\"\"#; use crate::store;",
        "//! A.\n#[cfg(test)]\nmod tests { use crate::store::Store; }",
    ] {
        finds(arrows, file, bad, good);
    }
    finds(arrows, "src/desk/a.rs", "//! A.\nuse crate::clock::Clock;", "//! A.\nuse crate::clock::Timestamp;");
    finds(arrows, "src/sandbox/a.rs", "//! A.\nuse crate::desk::ids;", "//! A.\nuse crate::clock::Clock;");
    finds(arrows, "src/main.rs", "//! A.\nuse topicdesk::engine;", "//! A.\ntopicdesk::cli::main()");
    finds(crates, "src/tui/a.rs", "//! A.\nuse rusqlite::Connection;", "//! A.\nuse ratatui::Frame; // rusqlite");
    finds(crates, "src/cli/a.rs", "//! A.\nuse grammers_client::Client;", "//! A.\nuse clap::Parser;");
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    none(shape(&sources()));
    none(thin_main(&sources()));
    let long = format!("//! A.\n{}", "\n".repeat(500));
    finds(shape, "src/tui/a.rs", &long, "//! A.\n");
    finds(shape, "src/tui/a.rs", "/// A.\n", "//! A.\n");
    finds(thin_main, "src/main.rs", &long, "//! A.\n");
    assert!(shape(&[Source::new("src/tui/tests.rs", &long)]).is_empty());
}

#[test]
fn names_say_something() {
    none(names(&sources()));
    assert_eq!(names(&[Source::new("src/tui/utils.rs", "//! A.")]).len(), 1);
    assert_eq!(names(&[Source::new("src/common/a.rs", "//! A.")]).len(), 1);
    for bad in ["mod helpers;", "pub struct TicketManager;", "enum Handler { A }", "trait Service {}"] {
        finds(names, "src/tui/a.rs", &format!("//! A.\n{bad}"), "//! A.\nmod help; struct Managed; fn service() {}");
    }
}

#[test]
fn nothing_is_unwrapped_or_allowed_away() {
    none(manners(&sources()));
    let good = "//! A.\nfn f() { x.unwrap_or(1); }\n#[cfg(test)]\nmod tests { fn t() { x.unwrap(); } }\n";
    for bad in [
        "//! A.\nfn f() { x.unwrap(); }",
        "//! A.\n#[cfg(test)]\nmod tests { fn t() {} }\nfn f() { x.unwrap(); }",
        "//! A.\n#[allow(dead_code)]\nfn f() {}",
        "//! A.\nfn f() { unsafe { g() } }",
    ] {
        finds(manners, "src/tui/a.rs", bad, good);
    }
}

#[test]
fn a_status_is_named_by_the_rules_only() {
    none(statuses(&sources()));
    finds(
        statuses,
        "src/tui/a.rs",
        "//! A.\nif s == Status::Pending {}",
        "//! A.\nStatus::ALL; Tone::Done; QueueName::Pending",
    );
}

#[test]
fn every_file_is_compiled() {
    none(undeclared(&sources()));
    let tree = |parent: &str| {
        undeclared(&[Source::new("tests/it/main.rs", parent), Source::new("tests/it/forgotten.rs", "//! F.")]).len()
    };
    assert_eq!(tree("//! M.\nmod forgotten;"), 0);
    assert_eq!(tree("//! M.\n// mod forgotten;"), 1);
    let room = [Source::new("src/lib.rs", "//! L.\npub mod tui;"), Source::new("src/tui/mod.rs", "//! T.")];
    assert!(undeclared(&room).is_empty());
}

#[test]
fn shipped_migrations_never_change() {
    let folder = root().join("src/store/migrations");
    let mut found = Vec::new();
    if folder.exists() {
        files(&folder, "sql", &mut found);
    }
    let name = |file: &Path| file.file_name().expect("a file").to_string_lossy().into_owned();
    let content = found.iter().map(|file| (name(file), fs::read(file).expect("readable"))).collect();
    none(migrations(&content, &MIGRATIONS));

    let made_up = BTreeMap::from([("0001.sql".to_owned(), b"create table t (a)".to_vec())]);
    assert_eq!(migrations(&made_up, &[]).len(), 1, "a new one that is not listed");
    assert_eq!(migrations(&made_up, &[("0001.sql", "00")]).len(), 1, "a changed one");
    assert_eq!(migrations(&BTreeMap::new(), &[("0001.sql", "00")]).len(), 1, "one that has gone");
}

#[test]
fn the_binary_contains_nothing_it_must_not() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host()])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    none(dependencies(&metadata));

    for package in metadata["packages"].as_array_mut().expect("a list") {
        if package["name"] == "rusqlite" {
            package["name"] = "libsql-ffi".into();
            package["license"] = "GPL-3.0".into();
        }
    }
    assert_eq!(dependencies(&metadata).len(), 2, "a licence and a second SQLite");
    for (expression, allowed) in [
        ("MIT OR Apache-2.0", true),
        ("MIT/Apache-2.0", true),
        ("LGPL-3.0-or-later", false),
        ("GPL-2.0 OR MIT", true),
        ("MIT AND GPL-2.0", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND LGPL-2.1", false),
        ("", false),
    ] {
        assert_eq!(allowed_licence(expression), allowed, "{expression}");
    }
}

/// The platform of this build, as cargo names it.
fn host() -> &'static str {
    if cfg!(all(target_arch = "aarch64", target_os = "macos")) {
        "aarch64-apple-darwin"
    } else if cfg!(target_os = "macos") {
        "x86_64-apple-darwin"
    } else if cfg!(target_arch = "aarch64") {
        "aarch64-unknown-linux-gnu"
    } else {
        "x86_64-unknown-linux-gnu"
    }
}
