//! Templates: pre-written replies, their placeholders, and which one to prefer.
//!
//! A placeholder is `{{customer.first_name}}`, with a fall-back `{{customer.first_name|there}}`, or `{{?order number}}`
//! for what only the agent knows. [`Template::fill`] replaces the first two kinds in one pass, so a value is never
//! looked at again: a customer called `{{agent.name}}` stays a strange name. What cannot be filled becomes `{{?…}}`,
//! and [`unfilled`] finds it; a reply with something unfilled is not sent.

use std::ops::Range;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::along::Actions;
use super::ticket::Status;

pub mod bulk;
pub mod lint;
pub mod offer;
pub mod suggest;

/// The placeholders that can be filled, and what each stands for.
pub const PLACEHOLDERS: [(&str, &str); 10] = [
    ("customer.name", "the customer's full name"),
    ("customer.first_name", "the customer's first name"),
    ("customer.username", "the customer's @username"),
    ("ticket.id", "the ticket's number, without #"),
    ("ticket.title", "the topic's title"),
    ("agent.name", "your name"),
    ("agent.first_name", "your first name"),
    ("desk.name", "the desk's name"),
    ("date", "today's date"),
    ("time", "the time of day"),
];

/// No prompt is longer than this, in characters: two braces far apart are no placeholder.
const LONGEST: usize = 120;

/// A pre-written reply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// What the picker calls it.
    pub name: String,
    /// The text with its placeholders.
    pub text: String,
    /// The language it is written in (`en`, `ru`); none suits every ticket.
    pub language: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The short code: `pw` is expanded by `;pw` and Tab.
    pub code: Option<String>,
    /// The key that inserts it, such as `F5`.
    pub key: Option<String>,
    /// Where it comes from: a file's path, or `built-in: …`.
    pub source: String,
    /// Whose it is.
    #[serde(default)]
    pub origin: Origin,
    /// What is done to the ticket with a reply that is made of it.
    #[serde(default)]
    pub actions: Actions,
    /// Where a ticket stands for which it is meant; none suits all.
    #[serde(default)]
    pub statuses: Vec<Status>,
    /// From the day after on it is stale: somebody should look whether it is still right.
    #[serde(default)]
    pub review_by: Option<NaiveDate>,
}

/// Whose a template is. The later ones take the place of the earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It comes with the program.
    #[default]
    BuiltIn,
    /// The desk's: everybody has it.
    Desk,
    /// One agent's own.
    Personal,
}

impl Origin {
    /// Tells the word of screens and JSON.
    pub const fn label(self) -> &'static str {
        match self {
            Origin::BuiltIn => "built-in",
            Origin::Desk => "desk",
            Origin::Personal => "personal",
        }
    }
}

/// What placeholders are filled with. An empty text means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The customer's full name.
    pub customer_name: String,
    /// The customer's first name.
    pub customer_first_name: String,
    /// The customer's username with `@`.
    pub customer_username: String,
    /// The ticket's number.
    pub ticket_id: String,
    /// The topic's title.
    pub ticket_title: String,
    /// The agent's name.
    pub agent_name: String,
    /// The agent's first name.
    pub agent_first_name: String,
    /// The desk's name.
    pub desk_name: String,
    /// Today, as the agent writes dates.
    pub date: String,
    /// The time of day.
    pub time: String,
}

impl Context {
    /// Looks up a placeholder's value; `None` if no such placeholder exists.
    pub fn value(&self, name: &str) -> Option<&str> {
        Some(match name {
            "customer.name" => &self.customer_name,
            "customer.first_name" => &self.customer_first_name,
            "customer.username" => &self.customer_username,
            "ticket.id" => &self.ticket_id,
            "ticket.title" => &self.ticket_title,
            "agent.name" => &self.agent_name,
            "agent.first_name" => &self.agent_first_name,
            "desk.name" => &self.desk_name,
            "date" => &self.date,
            "time" => &self.time,
            _ => return None,
        })
    }
}

impl Template {
    /// Fills the placeholders that have a value or a fall-back; everything else becomes `{{?…}}` for the agent.
    pub fn fill(&self, context: &Context) -> String {
        let mut filled = String::with_capacity(self.text.len() + 64);
        let mut rest = 0;
        for slot in slots(&self.text) {
            filled.push_str(&self.text[rest..slot.range.start]);
            rest = slot.range.end;
            let value = context.value(slot.name).map(str::trim).filter(|value| !value.is_empty());
            match (slot.asks, value, slot.fallback) {
                (false, Some(value), _) => push_harmless(&mut filled, value),
                (false, None, Some(fallback)) => filled.push_str(fallback),
                _ => {
                    filled.push_str("{{?");
                    filled.push_str(slot.name);
                    filled.push_str("}}");
                }
            }
        }
        filled.push_str(&self.text[rest..]);
        filled
    }

    /// Gives the text with a field that asks (`{{?name}}`) filled in, wherever it stands.
    pub fn set(&self, name: &str, value: &str) -> String {
        let mut set = String::with_capacity(self.text.len());
        let mut rest = 0;
        for slot in slots(&self.text).filter(|slot| slot.asks && slot.name == name) {
            set.push_str(&self.text[rest..slot.range.start]);
            push_harmless(&mut set, value);
            rest = slot.range.end;
        }
        set.push_str(&self.text[rest..]);
        set
    }

    /// Names the placeholders that nothing can fill, with the line of the text each stands in, counted from 1.
    pub fn unknown_placeholders(&self) -> Vec<(usize, String)> {
        slots(&self.text)
            .filter(|slot| !slot.asks && !PLACEHOLDERS.iter().any(|(name, _)| *name == slot.name))
            .map(|slot| (1 + self.text[..slot.range.start].matches('\n').count(), slot.name.to_owned()))
            .collect()
    }

    /// Tells whether it should have been looked at by now.
    pub fn is_stale(&self, today: NaiveDate) -> bool {
        self.review_by.is_some_and(|by| by < today)
    }

    /// Tells whether it is written in `language`; `pt-BR` and `pt` are the same.
    pub fn speaks(&self, language: &str) -> bool {
        self.language.as_deref().is_some_and(|own| primary(own).eq_ignore_ascii_case(primary(language)))
    }
}

/// Finds what still has to be filled in a text, as byte ranges in order.
///
/// That is each `{{?…}}`, and each `{{…}}` whose name is one of ours or begins like one (`customer.`, `ticket.`,
/// `agent.`, `desk.`). Other doubled braces are the agent's own affair: they may be explaining a program.
pub fn unfilled(text: &str) -> Vec<Range<usize>> {
    slots(text)
        .filter(|slot| {
            let family = slot.name.split_once('.').map_or("", |(family, _)| family);
            slot.asks
                || PLACEHOLDERS.iter().any(|(name, _)| *name == slot.name)
                || matches!(family, "customer" | "ticket" | "agent" | "desk")
        })
        .map(|slot| slot.range)
        .collect()
}

/// Tells whether a text is what a template gave, with nothing but its fields filled in. White space does not matter.
pub fn is_as_filled(filled: &str, sent: &str) -> bool {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sent = flat(sent);
    let mut fixed = Vec::new();
    let mut rest = 0;
    for field in unfilled(filled) {
        fixed.push(&filled[rest..field.start]);
        rest = field.end;
    }
    fixed.push(&filled[rest..]);
    let fixed: Vec<String> = fixed.into_iter().map(flat).collect();
    let [first, middle @ .., last] = &fixed[..] else { return sent == fixed.concat() };
    let Some(mut open) = sent.strip_prefix(first.as_str()).and_then(|open| open.strip_suffix(last.as_str())) else {
        return false;
    };
    for part in middle {
        match open.find(part.as_str()) {
            Some(at) => open = &open[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Orders templates for a ticket: its language first, then those without a language, then the others.
///
/// Within each the order stays as it was. Without a language nothing moves.
pub fn prefer<'t>(templates: &'t [Template], language: Option<&str>) -> Vec<&'t Template> {
    let mut ordered: Vec<&Template> = templates.iter().collect();
    if let Some(language) = language {
        ordered.sort_by_key(|template| match &template.language {
            Some(_) if template.speaks(language) => 0,
            None => 1,
            Some(_) => 2,
        });
    }
    ordered
}

/// Finds the template with a short code: in the ticket's language, else the desk's, else without one, else any.
pub fn by_code<'t>(templates: &'t [Template], code: &str, ticket: Option<&str>, desk: &str) -> Option<&'t Template> {
    best(templates.iter().filter(|template| same(template.code.as_deref(), code)), ticket, desk)
}

/// Finds the template bound to a key, with the preference of [`by_code`].
pub fn by_key<'t>(templates: &'t [Template], key: &str, ticket: Option<&str>, desk: &str) -> Option<&'t Template> {
    best(templates.iter().filter(|template| same(template.key.as_deref(), key)), ticket, desk)
}

fn same(own: Option<&str>, wanted: &str) -> bool {
    own.is_some_and(|own| own.eq_ignore_ascii_case(wanted))
}

fn best<'t>(found: impl Iterator<Item = &'t Template>, ticket: Option<&str>, desk: &str) -> Option<&'t Template> {
    found.min_by_key(|template| {
        if ticket.is_some_and(|language| template.speaks(language)) {
            0
        } else if template.speaks(desk) {
            1
        } else if template.language.is_none() {
            2
        } else {
            3
        }
    })
}

fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

/// Appends a value with doubled braces made single, so that it can never look like a placeholder.
fn push_harmless(filled: &mut String, value: &str) {
    for c in value.chars() {
        if !(matches!(c, '{' | '}') && filled.ends_with(c)) {
            filled.push(c);
        }
    }
}

struct Slot<'t> {
    range: Range<usize>,
    /// Whether it is `{{?…}}`.
    asks: bool,
    name: &'t str,
    fallback: Option<&'t str>,
}

/// Finds every `{{…}}` that closes on its line.
fn slots(text: &str) -> impl Iterator<Item = Slot<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let mut start = at + text[at..].find("{{")?;
            while text[start + 2..].starts_with('{') {
                start += 1;
            }
            at = start + 2;
            let line = text[at..].split('\n').next().unwrap_or_default();
            let Some(length) = line.find("}}") else { continue };
            let inner = &line[..length];
            if inner.contains("{{") || inner.chars().count() > LONGEST {
                continue;
            }
            let (asks, body) = inner.strip_prefix('?').map_or((false, inner), |prompt| (true, prompt));
            let (name, fallback) = match body.split_once('|') {
                Some((name, fallback)) if !asks => (name, Some(fallback.trim())),
                _ => (body, None),
            };
            at += length + 2;
            return Some(Slot { range: start..at, asks, name: name.trim(), fallback });
        }
    })
}
