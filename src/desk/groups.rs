//! Groups as people name them: on screen, in queries, and in `desk.toml`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ids::{GroupId, TopicId};

/// How a group is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called<'a> {
    /// Its id.
    pub id: GroupId,
    /// The name that `desk.toml` gives it.
    pub given: Option<&'a str>,
    /// Its title in Telegram.
    pub title: &'a str,
    /// Its public name, without `@`.
    pub username: Option<&'a str>,
}

impl<'a> Called<'a> {
    /// Tells the name that screens show: the given one, else the title.
    pub fn name(&self) -> &'a str {
        self.given.unwrap_or(self.title)
    }

    /// Tells whether a word names it: its name, title, `@username` or id, whatever the case.
    pub fn is(&self, word: &str) -> bool {
        let same = |own: &str| own.to_lowercase() == word.to_lowercase();
        let username = |own: &str| word.strip_prefix('@').unwrap_or(word).eq_ignore_ascii_case(own);
        self.given.is_some_and(same)
            || same(self.title)
            || self.username.is_some_and(username)
            || id_of(word) == Some(self.id)
    }

    /// Tells whether a query that asks for `group:word` takes it. Without a name of its own it answers to a part of its title too: a name
    /// is given so that there is no doubt.
    pub fn answers_to(&self, word: &str) -> bool {
        self.is(word) || (self.given.is_none() && self.title.to_lowercase().contains(&word.to_lowercase()))
    }
}

/// The same, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The name that `desk.toml` gives it.
    pub given: Option<String>,
    /// Its title in Telegram.
    pub title: String,
    /// Its public name, without `@`.
    pub username: Option<String>,
}

impl Names {
    /// Tells how the group is called.
    pub fn called(&self, id: GroupId) -> Called<'_> {
        Called { id, given: self.given.as_deref(), title: &self.title, username: self.username.as_deref() }
    }
}

/// Reads a group's id, with or without the Bot API's `-100`.
pub fn id_of(word: &str) -> Option<GroupId> {
    word.strip_prefix("-100").unwrap_or(word).parse().ok().filter(|id: &GroupId| id.0 > 0)
}

/// A ticket as people write it: `1042`, `#1042`, `1042/2` for one of its episodes; `shop/1042`, `shop/1042/2` in the group `shop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketNumber {
    /// A name of its group; `None`: whatever the group.
    pub group: Option<String>,
    /// The ticket's number.
    pub topic: TopicId,
    /// One of its episodes; the present one if absent.
    pub episode: Option<u32>,
}

impl FromStr for TicketNumber {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "write a ticket's number like 1042, #1042 or 1042/2; shop/1042 in the group shop".to_owned();
        let topic = |part: &str| part.strip_prefix('#').unwrap_or(part).parse::<TopicId>().ok().filter(|id| id.0 > 0);
        let (before, last) = match text.trim().rsplit_once('/') {
            Some((before, last)) => (Some(before), last),
            None => (None, text.trim()),
        };
        // A title may have a slash in it; what stands before a number and is none is the group.
        let (group, second) = match before.map(|before| before.rsplit_once('/').unwrap_or(("", before))) {
            Some((group, part)) if topic(part).is_some() => {
                (Some(group).filter(|group| !group.is_empty()), topic(part))
            }
            _ => (before, None),
        };
        if group.is_some_and(|group| group.trim_matches([' ', '/']).is_empty()) || before == Some("") {
            return Err(wrong());
        }
        let group = group.map(|group| group.trim().to_owned());
        match second {
            Some(topic) => {
                let episode = last.parse::<u32>().ok().filter(|episode| *episode > 0).ok_or_else(wrong)?;
                Ok(TicketNumber { group, topic, episode: Some(episode) })
            }
            None => Ok(TicketNumber { group, topic: topic(last).ok_or_else(wrong)?, episode: None }),
        }
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(group) => write!(f, "{group}/{}", self.topic)?,
            None => write!(f, "#{}", self.topic)?,
        }
        self.episode.map_or(Ok(()), |episode| write!(f, "/{episode}"))
    }
}

/// What `desk.toml` tells of how a group is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The short name.
    pub name: Option<String>,
    /// The title, if the group is named by that.
    pub title: Option<String>,
    /// The public name, if the group is named by that, without `@`.
    pub username: Option<String>,
}

impl Given {
    fn label(&self) -> Option<&str> {
        self.name.as_deref().or(self.title.as_deref())
    }

    fn answers_to(&self, word: &str) -> bool {
        let title = self.title.as_deref().unwrap_or_default();
        Called { id: GroupId(0), given: self.name.as_deref(), title, username: self.username.as_deref() }
            .answers_to(word)
    }
}

impl From<Called<'_>> for Given {
    fn from(called: Called<'_>) -> Given {
        let owned = |text: &str| text.to_owned();
        Given {
            name: called.given.map(owned),
            title: Some(called.title.to_owned()),
            username: called.username.map(owned),
        }
    }
}

/// Joins what Telegram has told of groups with what `desk.toml` tells.
pub fn known<'a>(told: impl Iterator<Item = Called<'a>>, given: &[Given]) -> Vec<Given> {
    let mut known: Vec<Given> = told.map(Given::from).collect();
    if known.is_empty() {
        return given.to_vec();
    }
    // What a group is called that `desk.toml` gives no name was told.
    known.extend(given.iter().filter(|group| group.label().is_some()).cloned());
    known.dedup();
    known
}

/// Says that no group answers to a word, if `desk.toml` tells enough to know that.
pub fn unknown(groups: &[Given], word: &str) -> Option<String> {
    let names: Option<Vec<&str>> = groups.iter().map(Given::label).collect();
    let names = names.filter(|names| !names.is_empty())?;
    if id_of(word).is_some() || groups.iter().any(|group| group.answers_to(word)) {
        return None;
    }
    let mut named: Vec<&str> = Vec::new();
    for name in names {
        if !named.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            named.push(name);
        }
    }
    Some(format!("there is no group `{word}`: there are {}", named.join(", ")))
}

/// Tells what is shown of a group's name where there is little room for it: unless all names of the desk fit, the words with which it
/// begins as another one does are left away, so that what differs is seen.
pub fn short<'n>(name: &'n str, all: &[&str], room: usize) -> &'n str {
    if all.iter().all(|one| one.chars().count() <= room) {
        return name;
    }
    let own = apart(name, all);
    let alone = all.iter().filter(|one| **one != name).all(|one| apart(one, all) != own);
    if alone { own } else { name }
}

/// Leaves away the words with which a name begins as another one does; those are all of it for a name that is the beginning of another.
fn apart<'n>(name: &'n str, all: &[&str]) -> &'n str {
    let shared = |other: &&str| {
        name.split_whitespace().zip(other.split_whitespace()).take_while(|(own, others)| own == others).count()
    };
    let most = all.iter().filter(|one| **one != name).map(shared).max().unwrap_or(0);
    let mut rest = name;
    for word in name.split_whitespace().take(most) {
        rest = rest.trim_start().strip_prefix(word).unwrap_or(rest);
    }
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || "·•-–—|:/,".contains(c));
    if rest.is_empty() { name } else { rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_names_what_differs_is_shown() {
        let shown = |all: &[&str]| all.iter().map(|name| short(name, all, 8).to_owned()).collect::<Vec<_>>();
        for (all, wanted) in [
            (&["Lumen Lamps · Help", "Lumen Lamps · Business"][..], &["Help", "Business"][..]),
            (&["Acme Support", "Acme Support Germany", "Kestrel"], &["Acme Support", "Germany", "Kestrel"]),
            (&["Acme Shop", "Acme for business"], &["Shop", "for business"]),
            (&["shop", "shop b2b"], &["shop", "shop b2b"]),
            (&["Help desk one", "Other desk two"], &["Help desk one", "Other desk two"]),
            (
                &["One · Help", "One · Sales", "Two · Help", "Two · Jobs"],
                &["One · Help", "Sales", "Two · Help", "Jobs"],
            ),
            (&["Lumen 💡", "Lumen 🔌 at work"], &["💡", "🔌 at work"]),
            (&["The same title", "The same title"], &["The same title", "The same title"]),
            (&["Alone with a long name"], &["Alone with a long name"]),
        ] {
            assert_eq!(shown(all), wanted);
        }
    }

    #[test]
    fn a_group_answers_to_its_names() {
        let plain = Called { id: GroupId(77), given: None, title: "Acme Support", username: Some("acme_help") };
        let named = Called { given: Some("shop"), title: "Acme Shop", ..plain };
        for (word, of_plain, of_named) in [
            ("shop", false, true),
            ("SHOP", false, true),
            ("sho", false, false),
            ("support", true, false),
            ("Acme Shop", false, true),
            ("acme", true, false),
            ("@acme_help", true, true),
            ("77", true, true),
            ("-10077", true, true),
            ("78", false, false),
        ] {
            assert_eq!((plain.answers_to(word), named.answers_to(word)), (of_plain, of_named), "{word}");
        }
        assert_eq!((plain.name(), named.name()), ("Acme Support", "shop"));
    }

    #[test]
    fn tickets_are_named_as_people_write_them() {
        for (text, group, topic, episode, shown) in [
            ("1042", None, 1042, None, "#1042"),
            ("#1042", None, 1042, None, "#1042"),
            ("1042/2", None, 1042, Some(2), "#1042/2"),
            (" #7/1 ", None, 7, Some(1), "#7/1"),
            ("shop/1042", Some("shop"), 1042, None, "shop/1042"),
            ("shop/#1042/2", Some("shop"), 1042, Some(2), "shop/1042/2"),
            ("Acme Support/5", Some("Acme Support"), 5, None, "Acme Support/5"),
            ("A/B desk/5/1", Some("A/B desk"), 5, Some(1), "A/B desk/5/1"),
            ("-1001234567890/5", Some("-1001234567890"), 5, None, "-1001234567890/5"),
        ] {
            let number: TicketNumber = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!((number.group.as_deref(), number.topic.0, number.episode), (group, topic, episode), "{text}");
            assert_eq!(number.to_string(), shown);
        }
        for text in ["", "#", "x", "0", "-4", "5/", "5/0", "99999999999", "/5", "shop/", "shop/x", "shop/0", "//5"] {
            assert!(text.parse::<TicketNumber>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_word_that_names_no_group_is_told_if_all_names_are_known() {
        let named = |name: &str| Given { name: Some(name.to_owned()), ..Given::default() };
        let titled = Given { title: Some("Acme B2B".to_owned()), ..Given::default() };
        let unnamed = Given { username: Some("acme".to_owned()), ..Given::default() };
        let known = [named("shop"), titled];
        let why = unknown(&known, "shpo").expect("no such group");
        assert!(why.contains("`shpo`") && why.contains("shop, Acme B2B"), "{why}");
        for word in ["shop", "Shop", "b2b", "4711"] {
            assert_eq!(unknown(&known, word), None, "{word}");
        }
        assert_eq!(unknown(&[named("shop"), unnamed], "anything"), None, "its title may say so");
        assert_eq!(unknown(&[], "anything"), None);
    }
}
