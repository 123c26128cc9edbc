//! Groups as people name them: an id, a public name, a link, or a title.

use std::fmt;

use toml::Spanned;

use super::reader::{Item, Reader, Section};
use crate::desk::groups::Given;

/// Longer names would not fit a column.
const LONGEST: usize = 20;

/// A group that a desk works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub choice: GroupChoice,
    /// What the desk calls it; `None`: by its title.
    pub name: Option<String>,
}

impl Group {
    /// Tells what is known of how it is called.
    pub fn given(&self) -> Given {
        let mut given = Given { name: self.name.clone(), ..Given::default() };
        match &self.choice {
            GroupChoice::Id(_) => {}
            GroupChoice::Username(username) => given.username = Some(username.clone()),
            GroupChoice::Title(title) => given.title = Some(title.clone()),
        }
        given
    }
}

/// A group, as `desk.toml` says which.
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

impl GroupChoice {
    fn is(&self, other: &GroupChoice) -> bool {
        match (self, other) {
            (GroupChoice::Username(own), GroupChoice::Username(other)) => own.eq_ignore_ascii_case(other),
            (GroupChoice::Title(own), GroupChoice::Title(other)) => own.to_lowercase() == other.to_lowercase(),
            (own, other) => own == other,
        }
    }
}

impl<'t> Reader<'t> {
    /// Reads all groups: the one of `[telegram]` first, then those of `[[groups]]`. One that stands in both is one group.
    pub(super) fn groups(&mut self, root: &Section<'_, 't>, telegram: &Section<'_, 't>) -> Vec<Group> {
        let first = self.group_choice(telegram).map(|choice| Group { choice, name: None });
        let only = first.as_ref().map(|group| group.choice.clone());
        let mut groups: Vec<Group> = first.into_iter().collect();
        let mut seen: Vec<GroupChoice> = Vec::new();
        for table in self.sections(root, "groups") {
            self.check_keys(&table);
            let name = self.group_name(&table);
            let Some(choice) = self.group_choice(&table) else {
                if table.get("group").is_none() {
                    self.wrong(table.span.start, "a group has no `group`: its id, \"@name\" or title");
                }
                continue;
            };
            if seen.iter().any(|known| known.is(&choice)) {
                self.wrong(table.span.start, format!("the group {choice} stands here twice"));
                continue;
            }
            seen.push(choice.clone());
            let taken = |own: &Spanned<String>| {
                let own = own.get_ref().to_lowercase();
                groups.iter().filter_map(|group| group.name.as_ref()).any(|known| known.to_lowercase() == own)
            };
            if let Some(name) = name.as_ref().filter(|name| taken(name)) {
                self.wrong(name.span().start, format!("two groups have the name `{}`", name.get_ref()));
            }
            let name = name.map(Spanned::into_inner);
            match &only {
                Some(only) if only.is(&choice) => groups[0].name = name,
                _ => groups.push(Group { choice, name }),
            }
        }
        groups
    }

    fn group_choice(&mut self, section: &Section<'_, 't>) -> Option<GroupChoice> {
        let mut items = self.items(section, "group").into_iter();
        let first = items.next()?;
        if let Some(second) = items.next() {
            self.wrong(second.span().start, "one group: further ones go into `[[groups]]` tables");
        }
        match first.get_ref() {
            Item::Number(id) if *id != 0 => Some(GroupChoice::from_id(*id)),
            Item::Text(text) if !text.trim().is_empty() => Some(GroupChoice::from_text(text)),
            _ => {
                self.wrong(first.span().start, "no group: write its id, \"@name\" or title");
                None
            }
        }
    }

    /// Reads a short name, which has to stand in queries (`group:shop`) and before numbers (`shop/1042`).
    fn group_name(&mut self, section: &Section<'_, 't>) -> Option<Spanned<String>> {
        let text = self.line(section, "name")?;
        let name = text.get_ref();
        let odd = |c: char| c.is_whitespace() || "/,:;#\"'".contains(c);
        let number = name.chars().all(|c| c.is_ascii_digit());
        if name.contains(odd) || name.starts_with(['@', '-']) || number || name.chars().count() > LONGEST {
            let what = format!(
                "`groups.name` is `{}`: write a short word like \"shop\", at most {LONGEST} characters, no number, without \
                 spaces and / , : ; #",
                name.escape_debug()
            );
            self.wrong(text.span().start, what);
            return None;
        }
        Some(text)
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
