//! What a person may write to name a group.

use std::fmt;
use std::str::FromStr;

use super::convert::safe;

/// Names a group in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupSelector {
    /// Its bare id.
    Id(i64),
    /// Its public name, without `@`.
    Username(String),
    /// Its title.
    Title(String),
}

impl FromStr for GroupSelector {
    type Err = String;

    /// Reads an id (with or without the Bot API's `-100`), `@username`, a t.me link, or a title.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("a group is named by its id, @username, t.me link or title".to_owned());
        }
        if let Some(bare) = text.strip_prefix("-100").and_then(|digits| digits.parse::<i64>().ok()).filter(|id| *id > 0)
        {
            return Ok(GroupSelector::Id(bare));
        }
        if let Ok(id) = text.parse::<i64>() {
            return if id > 0 {
                Ok(GroupSelector::Id(id))
            } else {
                Err(format!("{text} is the id of a basic group; topics need a supergroup, whose id begins with -100"))
            };
        }
        if let Some(name) = text.strip_prefix('@') {
            return safe::username(name).map(GroupSelector::Username).ok_or_else(|| format!("{text} is no username"));
        }
        let link = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        if let Some(path) = link.strip_prefix("t.me/").or_else(|| link.strip_prefix("telegram.me/")) {
            return from_link(path).ok_or_else(|| {
                format!(
                    "{text} does not name a group: take a link to a message in it, its @username, its id or its title"
                )
            });
        }
        Ok(GroupSelector::Title(text.to_owned()))
    }
}

fn from_link(path: &str) -> Option<GroupSelector> {
    let mut parts = path.split(['/', '?']).filter(|part| !part.is_empty());
    let first = parts.next()?;
    if first == "c" {
        return parts.next()?.parse().ok().filter(|id| *id > 0).map(GroupSelector::Id);
    }
    if first.starts_with('+') || first == "joinchat" {
        return None;
    }
    safe::username(first).map(GroupSelector::Username)
}

impl fmt::Display for GroupSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupSelector::Id(id) => write!(f, "-100{id}"),
            GroupSelector::Username(name) => write!(f, "@{name}"),
            GroupSelector::Title(title) => write!(f, "\"{title}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_can_be_written_in_many_ways() {
        let read = |text: &str| text.parse::<GroupSelector>();
        assert_eq!(read("-1001234567890"), Ok(GroupSelector::Id(1_234_567_890)));
        assert_eq!(read("1234567890"), Ok(GroupSelector::Id(1_234_567_890)));
        assert_eq!(read("@shop_help"), Ok(GroupSelector::Username("shop_help".to_owned())));
        assert_eq!(read("https://t.me/shop_help/12/34"), Ok(GroupSelector::Username("shop_help".to_owned())));
        assert_eq!(read("t.me/c/1234567890/5?thread=2"), Ok(GroupSelector::Id(1_234_567_890)));
        assert_eq!(read(" Shop Help "), Ok(GroupSelector::Title("Shop Help".to_owned())));
        assert!(read("https://t.me/+AbCdEf").is_err());
        assert!(read("-123456").is_err_and(|why| why.contains("supergroup")));
        assert!(read(" ").is_err());
        let id = GroupSelector::Id(7);
        assert_eq!(read(&id.to_string()), Ok(id));
    }
}
