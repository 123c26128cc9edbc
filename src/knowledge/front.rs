//! Front matter: TOML between `+++`, or between `---` the plain part of YAML that such files use: `key: value`, `[a, b]`, `- a`.
//!
//! Keys that mean nothing here (dates, layouts, whatever else a site needs) are left alone.

/// What front matter says, as far as it means something here, and where a key stands: its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) title: Option<String>,
    pub(super) url: Option<(usize, String)>,
    pub(super) language: Option<(usize, String)>,
    pub(super) tags: Vec<String>,
}

/// Takes the front matter off: what it says, the rest, and the line on which the rest begins.
///
/// # Errors
/// The line and column (0: not known), and what is wrong.
pub(super) fn split(content: &str) -> Result<(Front, &str, usize), (usize, usize, String)> {
    let fence = content.lines().next().map(str::trim_end).unwrap_or_default();
    if fence != "+++" && fence != "---" {
        return Ok((Front::default(), content, 1));
    }
    let start = content.find('\n').map_or(content.len(), |end| end + 1);
    let mut end = start;
    for (number, line) in (2..).zip(content[start..].split_inclusive('\n')) {
        if line.trim_end() == fence {
            let inside = &content[start..end];
            let front = if fence == "+++" { from_toml(inside)? } else { from_yaml(inside)? };
            return Ok((front, &content[end + line.len()..], number + 1));
        }
        end += line.len();
    }
    // A rule of dashes at the top is Markdown; a key behind it is front matter that somebody forgot to close.
    let keyed = content[start..].lines().next().is_some_and(|line| line.contains([':', '=']));
    if fence == "---" && !keyed {
        return Ok((Front::default(), content, 1));
    }
    Err((1, 1, format!("has front matter that is not closed by a second line `{fence}`")))
}

fn from_toml(inside: &str) -> Result<Front, (usize, usize, String)> {
    let place = |at: usize| {
        let before = inside.get(..at).unwrap_or(inside);
        (before.matches('\n').count() + 2, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
    };
    let table = toml::de::DeTable::parse(inside).map_err(|error| {
        let (line, column) = place(error.span().map_or(0, |span| span.start));
        (line, column, error.message().trim().replace('\n', "; "))
    })?;
    let mut front = Front::default();
    for (key, value) in table.get_ref() {
        let (line, column) = place(value.span().start);
        let text = value.get_ref().as_str();
        let wanted = |what: &str| (line, column, format!("`{}` must be {what}", key.get_ref()));
        match key.get_ref().as_ref() {
            "title" => front.title = Some(text.ok_or_else(|| wanted("a text in quotes"))?.to_owned()),
            "url" => front.url = Some((line, text.ok_or_else(|| wanted("a text in quotes"))?.to_owned())),
            "language" | "lang" => {
                front.language = Some((line, text.ok_or_else(|| wanted("a text in quotes"))?.to_owned()));
            }
            "tags" => {
                let list = value.get_ref().as_array().and_then(|list| {
                    list.iter().map(|tag| tag.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
                });
                front.tags = list.ok_or_else(|| wanted("a list of texts"))?;
            }
            _ => {}
        }
    }
    Ok(front)
}

fn from_yaml(inside: &str) -> Result<Front, (usize, usize, String)> {
    let mut front = Front::default();
    let mut in_tags = false;
    let mut key_before = false;
    for (number, line) in (2..).zip(inside.lines()) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let item = bare.strip_prefix("- ").or((bare == "-").then_some(""));
        if let Some(item) = item.filter(|_| key_before) {
            if in_tags {
                front.tags.push(value(item, number, line)?);
            }
            continue;
        }
        if line.starts_with([' ', '\t']) && key_before {
            // Belongs to a key above, which means nothing here.
            continue;
        }
        let Some((key, rest)) = line.split_once(':').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err((number, 1, "is no `key: value` of front matter".to_owned()));
        };
        key_before = true;
        in_tags = key.trim() == "tags";
        let rest = rest.trim();
        match key.trim() {
            "title" => front.title = Some(value(rest, number, line)?),
            "url" => front.url = Some((number, value(rest, number, line)?)),
            "language" | "lang" => front.language = Some((number, value(rest, number, line)?)),
            "tags" if !rest.is_empty() => {
                let list = match rest.strip_prefix('[') {
                    Some(open) => match open.trim_end().strip_suffix(']') {
                        Some(list) => list,
                        None => return Err((number, column(line, rest), "`tags` has a `[` without a `]`".to_owned())),
                    },
                    None => rest,
                };
                for tag in list.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
                    front.tags.push(value(tag, number, line)?);
                }
            }
            _ => {}
        }
    }
    Ok(front)
}

fn column(line: &str, part: &str) -> usize {
    line.find(part).map_or(1, |at| line[..at].chars().count() + 1)
}

/// Reads a value: bare, or in quotes.
fn value(text: &str, number: usize, line: &str) -> Result<String, (usize, usize, String)> {
    let quoted = |quote: char| {
        let inside = text.strip_prefix(quote)?;
        Some(inside.strip_suffix(quote).filter(|_| text.len() > 1).map(str::to_owned))
    };
    match quoted('"').or_else(|| quoted('\'')) {
        Some(Some(inside)) => Ok(inside.replace("\\\"", "\"").replace("''", "'")),
        Some(None) => Err((number, column(line, text), "has a quote that is not closed".to_owned())),
        None => Ok(text.split(" #").next().unwrap_or_default().trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(title: &str, tags: &[&str]) -> Front {
        Front {
            title: Some(title.to_owned()),
            url: None,
            language: None,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        }
    }

    #[test]
    fn both_kinds_are_read() {
        for (content, wanted, body, line) in [
            (
                "+++\ntitle = \"A\"\ntags = [\"x\", \"y z\"]\ndate = 2026-01-01\n+++\nbody",
                front("A", &["x", "y z"]),
                "body",
                6,
            ),
            (
                "---\ntitle: \"A: b\"\ntags: [x, 'y z']\ndraft: false\n---\nbody",
                front("A: b", &["x", "y z"]),
                "body",
                6,
            ),
            ("---\ntitle: A # why\nmenu:\n  main: 1\ntags:\n  - x\n- y\n---\n", front("A", &["x", "y"]), "", 9),
            ("# no front matter", Front::default(), "# no front matter", 1),
            ("---\n\nonly a rule", Front::default(), "---\n\nonly a rule", 1),
        ] {
            assert_eq!(split(content), Ok((wanted, body, line)), "{content}");
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        for (content, line, column, said) in [
            ("+++\ntitle = \n+++\n", 2, 9, ""),
            ("+++\ntitle = 5\n+++\n", 2, 9, "must be a text"),
            ("+++\ntitle = \"A\"\n", 1, 1, "not closed"),
            ("---\ntitle: A\nwhatever\n---\n", 3, 1, "no `key: value`"),
            ("---\ntitle: \"A\n---\n", 2, 8, "quote"),
            ("---\ntitle: A\ntags: [x\n---\n", 3, 7, "without a `]`"),
        ] {
            let (at, col, what) = split(content).expect_err(content);
            assert_eq!((at, col), (line, column), "{content}: {what}");
            assert!(what.contains(said), "{what}");
        }
    }
}
