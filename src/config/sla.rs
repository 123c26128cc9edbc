//! `[[sla]]`: how soon tickets should be answered and resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;
use toml::Spanned;

use super::duration;
use super::reader::{Item, Reader, Section};
use crate::desk::groups::Given;
use crate::desk::hours::Hours;
use crate::desk::people::Agent;
use crate::desk::query::Query;
use crate::desk::sla::{ClockName, Policy, Sla, WarnBefore};

impl<'t> Reader<'t> {
    /// Reads all `[[sla]]`, in order. Days in queries are those of `zone`; agents they name must exist.
    pub(super) fn sla(
        &mut self,
        root: &Section<'_, 't>,
        hours: BTreeMap<String, Hours>,
        zone: Tz,
        agents: &[Agent],
        groups: &[Given],
    ) -> Sla {
        let mut policies: Vec<Policy> = Vec::new();
        let mut places = Vec::new();
        let before = self.problems.len();
        for section in self.sections(root, "sla") {
            self.check_keys(&section);
            places.push(section.span.start);
            let when = self.when(&section, zone, agents, groups);
            policies.push(self.policy(&section, when, &policies, &hours));
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
                    earlier.name, earlier.when
                )
            };
            self.wrong(at, what);
        }
        sla
    }

    fn policy(
        &mut self,
        section: &Section<'_, 't>,
        when: Query,
        others: &[Policy],
        hours: &BTreeMap<String, Hours>,
    ) -> Policy {
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

    /// Reads the conditions of a policy: a query about the ticket itself. What time alone changes cannot be asked: the policy is what the
    /// times of a ticket are reckoned by.
    fn when(&mut self, section: &Section<'_, 't>, zone: Tz, agents: &[Agent], groups: &[Given]) -> Query {
        let Some(value) = section.get("when") else { return Query::default() };
        if value.get_ref().as_table().is_some() {
            let written = self.as_query(section);
            let what = match written.is_empty() {
                true => "`sla.when` is a query: leave it out for every ticket".to_owned(),
                false => format!("`sla.when` is a query: write `when = \"{written}\"`"),
            };
            self.wrong(value.span().start, what);
            return Query::default();
        }
        let Some(written) = self.text(section, "when") else { return Query::default() };
        let Some(query) = self.conditions_of(&written, zone, agents, groups) else { return Query::default() };
        if let Some(term) = query.terms.iter().find(|term| term.condition.is_about_time()) {
            let what = format!(
                "`{}`: by the policy the times of a ticket are reckoned, so it cannot go by them",
                term.condition
            );
            self.wrong(written.span().start, what);
        }
        query
    }

    /// Writes a table of conditions, as `{ tag = "vip", priority = ["high", "urgent"] }`, as a query.
    fn as_query(&mut self, section: &Section<'_, 't>) -> String {
        let table = self.section(section, "when");
        let before = self.problems.len();
        let mut terms = Vec::new();
        for (key, _, _) in table.entries() {
            let values: Vec<String> = self
                .items(&table, key)
                .into_iter()
                .map(|item| match item.into_inner() {
                    Item::Text(text) => text,
                    Item::Number(number) => number.to_string(),
                })
                .collect();
            if !values.is_empty() {
                terms.push(format!("{key}:{}", values.join(",")));
            }
        }
        // That it is a table is the mistake; what is in it will be read when it is a query.
        self.problems.truncate(before);
        terms.join(" ")
    }
}
