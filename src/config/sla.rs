//! `[[sla]]`: how soon tickets should be answered and resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;

use super::GroupChoice;
use super::duration;
use super::reader::{Item, Reader, Section};
use crate::desk::hours::Hours;
use crate::desk::ids::{GroupId, PersonId};
use crate::desk::language::is_code;
use crate::desk::sla::{ClockName, CustomerIs, GroupIs, Policy, Sla, WarnBefore, When};
use crate::desk::tags::{Priority, Tag};

impl<'t> Reader<'t> {
    /// Reads all `[[sla]]`, in order.
    pub(super) fn sla(&mut self, root: &Section<'_, 't>, hours: BTreeMap<String, Hours>) -> Sla {
        let mut policies: Vec<Policy> = Vec::new();
        let mut places = Vec::new();
        let before = self.problems.len();
        for section in self.sections(root, "sla") {
            self.check_keys(&section);
            places.push(section.span.start);
            policies.push(self.policy(&section, &policies, &hours));
        }
        // A condition that could not be read is not there: who comes first could not be told.
        let sound = self.problems.len() == before;
        let sla = Sla::new(hours, policies);
        for (place, at) in places.into_iter().enumerate() {
            let Some(earlier) = sla.shadow(place).filter(|_| sound) else { continue };
            let own = &sla.policies[place].name;
            let what = if earlier.when.is_empty() {
                format!(
                    "\"{own}\" is never reached: \"{}\" before it has no conditions and takes every ticket",
                    earlier.name
                )
            } else {
                format!(
                    "\"{own}\" is never reached: \"{}\" before it takes every ticket that it could ({})",
                    earlier.name,
                    earlier.when.words()
                )
            };
            self.wrong(at, what);
        }
        sla
    }

    fn policy(&mut self, section: &Section<'_, 't>, others: &[Policy], hours: &BTreeMap<String, Hours>) -> Policy {
        let name = match self.line(section, "name") {
            Some(name) => {
                if others.iter().any(|other| other.name == *name.get_ref()) {
                    self.wrong(name.span().start, format!("there are two policies \"{}\"", name.get_ref()));
                }
                name.into_inner()
            }
            None => {
                if section.get("name").is_none() {
                    self.wrong(section.span.start, "a policy has no `name`");
                }
                String::new()
            }
        };
        let when = self.section(section, "when");
        let when = self.when(&when);
        let named = self.line(section, "hours").filter(|named| {
            let known = hours.contains_key(named.get_ref());
            if !known {
                let all: Vec<&str> = hours.keys().map(String::as_str).collect();
                let all =
                    if all.is_empty() { "there are none".to_owned() } else { format!("there are {}", all.join(", ")) };
                let what = format!("`sla.hours` is `{}`: no `[hours.…]` has that name; {all}", named.get_ref());
                self.wrong(named.span().start, what);
            }
            known
        });
        let [first_response, next_response, resolution] = ClockName::ALL.map(|clock| self.target(section, clock));
        let least = [first_response, next_response, resolution].into_iter().flatten().min();
        let warn_before = self.warn_before(section, least);
        Policy {
            name,
            when,
            hours: named.map(Spanned::into_inner),
            first_response,
            next_response,
            resolution,
            warn_before,
        }
    }

    fn target(&mut self, section: &Section<'_, 't>, clock: ClockName) -> Option<Duration> {
        let target = self.span(section, clock.label(), false)??;
        if target.is_zero() {
            let at = section.get(clock.label()).map_or(section.span.start, |value| value.span().start);
            self.wrong(at, format!("`sla.{}` is no time at all: nobody could keep it", clock.label()));
            return None;
        }
        Some(target)
    }

    fn warn_before(&mut self, section: &Section<'_, 't>, least: Option<Duration>) -> WarnBefore {
        let Some(text) = self.text(section, "warn_before") else { return WarnBefore::default() };
        let given = text.get_ref().trim();
        let at = text.span().start;
        if let Some(percent) = given.strip_suffix('%') {
            match percent.trim().parse::<u8>() {
                Ok(percent) if percent < 100 => return WarnBefore::Percent(percent),
                _ => self.wrong(at, "`sla.warn_before` in percent is from \"0%\" to \"99%\" of the target"),
            }
            return WarnBefore::default();
        }
        match duration::parse(given) {
            Ok(span) => {
                if let Some(least) = least.filter(|least| span >= *least) {
                    let what = format!(
                        "`sla.warn_before` is `{given}`: a target of this policy, {}, is no longer than that",
                        duration::show(least)
                    );
                    self.wrong(at, what);
                }
                WarnBefore::Span(span)
            }
            Err(_) => {
                let given = given.escape_debug();
                self.wrong(
                    at,
                    format!("`sla.warn_before` is `{given}`: write a span like \"30m\", or \"20%\" of the target"),
                );
                WarnBefore::default()
            }
        }
    }

    fn when(&mut self, section: &Section<'_, 't>) -> When {
        self.check_keys(section);
        let mut when = When::default();
        for item in self.conditions(section, "tag") {
            match item.get_ref() {
                Item::Text(text) => match text.parse::<Tag>() {
                    Ok(tag) => when.tags.push(tag),
                    Err(why) => self.wrong(item.span().start, format!("`sla.when.tag`: {why}")),
                },
                Item::Number(_) => self.wrong(item.span().start, "`sla.when.tag` must be a tag in quotes"),
            }
        }
        for item in self.conditions(section, "priority") {
            let priority = match item.get_ref() {
                Item::Text(text) => text.parse::<Priority>().map_err(|why| why.to_string()),
                Item::Number(_) => Err("write it like \"high\"".to_owned()),
            };
            match priority {
                Ok(priority) => when.priorities.push(priority),
                Err(why) => self.wrong(item.span().start, format!("`sla.when.priority`: {why}")),
            }
        }
        for item in self.conditions(section, "customer") {
            match item.get_ref() {
                Item::Number(id) => when.customers.push(CustomerIs::Id(PersonId(*id))),
                Item::Text(text) => {
                    let name = text.trim().trim_start_matches('@').to_lowercase();
                    let fits =
                        (3..=32).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                    match (name.parse::<i64>(), fits) {
                        (Ok(id), _) => when.customers.push(CustomerIs::Id(PersonId(id))),
                        (Err(_), true) => when.customers.push(CustomerIs::Username(name)),
                        (Err(_), false) => {
                            let what = "`sla.when.customer` must be a Telegram id or a name like \"@olena\"";
                            self.wrong(item.span().start, what);
                        }
                    }
                }
            }
        }
        for item in self.conditions(section, "group") {
            let choice = match item.get_ref() {
                Item::Number(id) => GroupChoice::from_id(*id),
                Item::Text(text) => GroupChoice::from_text(text),
            };
            when.groups.push(match choice {
                GroupChoice::Id(id) => GroupIs::Id(GroupId(id)),
                GroupChoice::Username(name) | GroupChoice::Title(name) => GroupIs::Name(name.to_lowercase()),
            });
        }
        for item in self.conditions(section, "language") {
            match item.get_ref() {
                Item::Text(text) if is_code(text) => {
                    when.languages.push(text.to_lowercase());
                }
                _ => {
                    self.wrong(
                        item.span().start,
                        "`sla.when.language` must be a language's code like \"en\" or \"uk\"",
                    );
                }
            }
        }
        when
    }

    /// Reads the values of a condition. A list that is there and empty would fit everything or nothing: it is a mistake.
    fn conditions(&mut self, section: &Section<'_, 't>, key: &str) -> Vec<Spanned<Item>> {
        let items = self.items(section, key);
        if let Some(value) = section.get(key)
            && value.get_ref().as_array().is_some_and(|list| list.is_empty())
        {
            self.wrong(value.span().start, format!("`{}.{key}` is empty: leave it out, or name one", section.name));
        }
        items
    }
}
