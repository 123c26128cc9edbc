//! Groups as people name them: an id, a public name, a link, or a title.

use std::fmt;

/// The group that a desk works, as `desk.toml` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChoice {
    /// By id, without the `-100` of the Bot API.
    Id(i64),
    /// By public name, without `@`.
    Username(String),
    /// By title, as the account sees it.
    Title(String),
}

impl GroupChoice {
    /// Reads a group's id with or without `-100`, as bots and as clients write it.
    pub fn from_id(id: i64) -> Self {
        // The Bot API writes a supergroup as -1000000000000 - id (https://core.telegram.org/api/bots/ids).
        GroupChoice::Id(if id < -1_000_000_000_000 { -id - 1_000_000_000_000 } else { id.abs() })
    }

    /// Reads a group's name: digits are an id, `@name` and `t.me/name` are a public name, all else is a title.
    pub fn from_text(text: &str) -> Self {
        let text = text.trim();
        if let Ok(id) = text.parse::<i64>() {
            return GroupChoice::from_id(id);
        }
        let bare = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let link = bare.strip_prefix("t.me/").or_else(|| bare.strip_prefix("telegram.me/"));
        let number = link.and_then(|link| link.strip_prefix("c/")?.split('/').next()?.parse().ok());
        if let Some(id) = number {
            return GroupChoice::Id(id);
        }
        match text.strip_prefix('@').or(link) {
            Some(name) => GroupChoice::Username(name.split('/').next().unwrap_or_default().to_owned()),
            None => GroupChoice::Title(text.to_owned()),
        }
    }
}

impl fmt::Display for GroupChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupChoice::Id(id) => write!(f, "{id}"),
            GroupChoice::Username(name) => write!(f, "@{name}"),
            GroupChoice::Title(title) => write!(f, "\"{title}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_in_every_way_people_copy_them() {
        for (text, choice) in [
            ("1234567890", GroupChoice::Id(1_234_567_890)),
            ("-1001234567890", GroupChoice::Id(1_234_567_890)),
            ("@acme_support", GroupChoice::Username("acme_support".to_owned())),
            ("https://t.me/acme_support", GroupChoice::Username("acme_support".to_owned())),
            ("t.me/acme_support/12", GroupChoice::Username("acme_support".to_owned())),
            ("https://t.me/c/1234567890/5", GroupChoice::Id(1_234_567_890)),
            ("Acme Support", GroupChoice::Title("Acme Support".to_owned())),
        ] {
            assert_eq!(GroupChoice::from_text(text), choice, "{text}");
        }
    }
}
