//! Tags: words that say what a ticket is about; and its priority.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that says what a ticket is about: lower case, without spaces.
///
/// It is read as people write it: `#Billing` and `billing` are the same tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(String);

impl Tag {
    /// No tag has more characters.
    pub const LONGEST: usize = 40;

    /// Tells the word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Tag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.trim();
        let word = bare.strip_prefix('#').unwrap_or(bare).to_lowercase();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if word.is_empty() || !word.chars().all(fits) || !word.starts_with(char::is_alphanumeric) {
            return Err(format!(
                "`{}` is no tag: letters, digits and - _ . / without spaces, a letter or digit first",
                text.trim().escape_debug()
            ));
        }
        if word.chars().count() > Tag::LONGEST {
            return Err(format!("a tag has at most {} characters: `{word}`", Tag::LONGEST));
        }
        Ok(Tag(word))
    }
}

/// A change of tags as people write it: `+billing -spam vip` (without a sign it is added).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// Those to add.
    pub add: Vec<Tag>,
    /// Those to take away.
    pub remove: Vec<Tag>,
}

impl FromStr for TagChange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut change = TagChange::default();
        for word in text.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
            match word.strip_prefix('-') {
                Some(word) => change.remove.push(word.parse()?),
                None => change.add.push(word.strip_prefix('+').unwrap_or(word).parse()?),
            }
        }
        if let Some(both) = change.add.iter().find(|tag| change.remove.contains(tag)) {
            return Err(format!("`{both}` cannot be added and taken away at once"));
        }
        Ok(change)
    }
}

/// How much a ticket matters beside the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// It can wait.
    Low,
    /// As most do.
    #[default]
    Normal,
    /// Before the others.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// All of them, from the least to the most.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

    /// Tells the word of JSON, screens and queries.
    pub const fn label(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Urgent => "urgent",
        }
    }

    /// Tells its place from 0 (low) to 3 (urgent), as the store keeps it.
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// Tells the next higher one; urgent stays urgent.
    pub const fn raised(self) -> Priority {
        match self {
            Priority::Low => Priority::Normal,
            Priority::Normal => Priority::High,
            Priority::High | Priority::Urgent => Priority::Urgent,
        }
    }

    /// Tells the mark of a row: `!!` urgent, `!` high, `v` low; empty for normal.
    pub const fn mark(self) -> &'static str {
        match self {
            Priority::Low => "v",
            Priority::Normal => "",
            Priority::High => "!",
            Priority::Urgent => "!!",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Priority {
    type Err = String;

    /// Reads a priority, or the beginning of one: each has another first letter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = text.trim().to_lowercase();
        Priority::ALL
            .into_iter()
            .find(|priority| !word.is_empty() && priority.label().starts_with(&word))
            .ok_or_else(|| format!("unknown priority `{}`: low, normal, high or urgent", text.trim().escape_debug()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_people_write_them() {
        for (text, tag) in
            [("billing", "billing"), (" #Billing ", "billing"), ("Відмова", "відмова"), ("eu/vat-2", "eu/vat-2")]
        {
            assert_eq!(text.parse::<Tag>().map(|tag| tag.to_string()).as_deref(), Ok(tag), "{text}");
        }
        for text in ["", "#", "two words", "-x", "a|b", "a\u{1b}", "\"q\"", &"x".repeat(41)] {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
    }

    #[test]
    fn changes_of_tags() {
        let change: TagChange = "+billing, -spam vip".parse().expect("a change");
        assert_eq!(change.add.iter().map(Tag::as_str).collect::<Vec<_>>(), ["billing", "vip"]);
        assert_eq!(change.remove.iter().map(Tag::as_str).collect::<Vec<_>>(), ["spam"]);
        assert!("+a -a".parse::<TagChange>().is_err());
        assert!("+".parse::<TagChange>().is_err());
        assert_eq!("".parse::<TagChange>(), Ok(TagChange::default()));
    }

    #[test]
    fn priorities_are_known_by_their_beginning() {
        for (text, priority) in
            [("u", Priority::Urgent), ("High", Priority::High), ("nor", Priority::Normal), ("low", Priority::Low)]
        {
            assert_eq!(text.parse(), Ok(priority), "{text}");
        }
        for text in ["", "x", "urgently"] {
            assert!(text.parse::<Priority>().is_err(), "{text}");
        }
        assert!(Priority::ALL.is_sorted());
        assert_eq!(Priority::Urgent.raised(), Priority::Urgent);
    }
}
