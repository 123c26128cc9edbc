//! The documents say what the code does: every key of `desk.toml` is in `docs/desk.toml.md`, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use topicdesk::config::known_tables;

/// A row of a table: what stands between its bars.
fn cells(line: &str) -> Vec<String> {
    let bare = line.trim().trim_start_matches('|').trim_end_matches('|');
    // A bar inside a cell is written `\|`.
    let parts = bare.replace("\\|", "\u{1}");
    parts.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The document's tables: section, then key with type, default, example and meaning.
fn documented(text: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let mut sections: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let mut section = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let name = heading.trim().trim_matches('`').trim_start_matches('[').trim_end_matches(']').to_owned();
            sections.entry(name.clone()).or_default();
            section = Some(name);
        } else if let Some(section) = section.as_ref().filter(|_| line.starts_with("| `")) {
            let mut row = cells(line);
            let key = row.remove(0).trim_matches('`').to_owned();
            let twice = sections.get_mut(section).and_then(|keys| keys.insert(key.clone(), row));
            assert!(twice.is_none(), "[{section}] {key} stands there twice");
        }
    }
    sections
}

#[test]
fn every_key_of_desk_toml_is_documented_and_nothing_else() {
    let text = std::fs::read_to_string("docs/desk.toml.md").expect("docs/desk.toml.md");
    let documented = documented(&text);
    let tables: BTreeSet<&str> =
        known_tables().map(|(table, _)| table).filter(|table| !table.is_empty() && *table != "keys").collect();
    let have: BTreeSet<&str> = documented.keys().map(String::as_str).filter(|name| *name != "keys.*").collect();
    assert_eq!(have, tables, "the sections of docs/desk.toml.md and the tables of config/keys.rs");
    for (table, keys) in known_tables().filter(|(table, _)| tables.contains(table)) {
        // A table inside a table has a section of its own.
        let inner: Vec<&str> = tables.iter().filter_map(|other| other.strip_prefix(table)?.strip_prefix('.')).collect();
        let keys: BTreeSet<&str> = keys.iter().copied().filter(|key| !inner.contains(key)).collect();
        let rows = &documented[table];
        let have: BTreeSet<&str> = rows.keys().map(String::as_str).filter(|key| !inner.contains(key)).collect();
        assert_eq!(have, keys, "the keys of [{table}]");
        for (key, row) in rows {
            let [kind, default, example, meaning] = &row[..] else { panic!("[{table}] {key}: {row:?}") };
            for (name, cell) in [("type", kind), ("default", default), ("example", example), ("meaning", meaning)] {
                assert!(!cell.is_empty(), "[{table}] {key} has no {name}");
            }
            let example = example.trim_matches('`');
            let read: Result<toml::Table, _> = toml::from_str(&format!("{key} = {example}"));
            assert!(read.is_ok(), "[{table}] {key} = {example} is no TOML: {read:?}");
        }
    }
}
