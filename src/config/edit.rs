//! The one change the program makes to `desk.toml` itself: the group that somebody has just chosen.

use std::io::{Error, Write};
use std::path::Path;

use toml::de::DeTable;

/// Writes the group's id under `[telegram]`, and leaves everything else as it stands.
///
/// # Errors
/// The file cannot be read or written, or names a group already.
pub fn write_group(path: &Path, id: i64, title: &str) -> std::io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    let changed = with_group(&text, id, title).map_err(Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(changed.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn with_group(text: &str, id: i64, title: &str) -> Result<String, String> {
    let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
    let telegram = table.get_ref().get("telegram").and_then(|value| value.get_ref().as_table());
    if telegram.is_some_and(|telegram| telegram.contains_key("group")) {
        return Err("it names a group already".to_owned());
    }
    let title: String = title.chars().filter(|c| !c.is_control()).collect();
    let line = format!("group = -100{id}    # {title}\n");
    let mut changed = String::with_capacity(text.len() + line.len());
    let mut written = false;
    for old in text.split_inclusive('\n') {
        changed.push_str(old);
        if !written && old.split('#').next().unwrap_or_default().trim() == "[telegram]" {
            if !old.ends_with('\n') {
                changed.push('\n');
            }
            changed.push_str(&line);
            written = true;
        }
    }
    if !written {
        if telegram.is_some() && !text.contains("[telegram.") {
            return Err("its [telegram] is written in a way that is left alone".to_owned());
        }
        if !changed.is_empty() && !changed.ends_with('\n') {
            changed.push('\n');
        }
        changed.push_str("\n[telegram]\n");
        changed.push_str(&line);
    }
    // Whatever the layout was: what comes out must say what was meant.
    let check = DeTable::parse(&changed).map_err(|error| error.message().to_owned())?;
    let meant = check.get_ref().get("telegram").and_then(|value| value.get_ref().get("group")?.get_ref().as_integer());
    match meant.map(toml::de::DeInteger::as_str) {
        Some(number) if number == format!("-100{id}") => Ok(changed),
        _ => Err("its [telegram] is written in a way that is left alone".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_line_is_added() {
        let text = "# mine\n[telegram] # keep\napi_id = 5 # five\n\n[rules]\n";
        let changed = with_group(text, 42, "A\u{1b} B").expect("changes");
        assert_eq!(changed, "# mine\n[telegram] # keep\ngroup = -10042    # A B\napi_id = 5 # five\n\n[rules]\n");
        assert!(with_group(&changed, 43, "C").is_err());
        for text in ["", "[desk]\nname = \"x\"", "[telegram.sandbox]\naddress = \"127.0.0.1:1\"\n"] {
            let changed = with_group(text, 42, "A").expect("changes");
            assert!(changed.starts_with(text) && changed.contains("[telegram]\ngroup = -10042"), "{changed}");
        }
        assert!(with_group("telegram = { api_id = 5 }\n", 42, "A").is_err());
    }
}
