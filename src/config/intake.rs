//! `[[intake]]`: what new tickets become by themselves.

use super::reader::{Item, Reader, Section};
use super::routing::Around;
use crate::desk::guard::Pattern;
use crate::desk::intake::{Category, IntakeRule};
use crate::desk::language::is_code;
use crate::desk::routing::Team;
use crate::desk::tags::Priority;

impl<'t> Reader<'t> {
    /// Reads the rules, in order.
    pub(super) fn intake(&mut self, root: &Section<'_, 't>, around: &Around<'_>, teams: &[Team]) -> Vec<IntakeRule> {
        let mut rules: Vec<IntakeRule> = Vec::new();
        for section in self.sections(root, "intake") {
            self.check_keys(&section);
            let before = self.problems.len();
            let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
            let name = self.rule_name(&section, "intake rule", &names);
            let when = self.when_query(&section, around).unwrap_or_default();
            let rule = IntakeRule {
                name: name.map(toml::Spanned::into_inner).unwrap_or_default(),
                when,
                pattern: self.pattern(&section),
                languages: self.languages(&section),
                icons: self.intake_icons(&section),
                add_tags: self.tags(&section, "add_tags"),
                category: self.category(&section),
                priority: self.rule_priority(&section),
                team: self.team_named(&section, "team", teams),
            };
            if self.problems.len() == before {
                if rule.does().is_empty() {
                    let what =
                        format!("\"{}\" does nothing: give it `add_tags`, `category`, `priority` or `team`", rule.name);
                    self.wrong(section.span.start, what);
                } else if let Some(earlier) = overruled(&rule, &rules) {
                    let what = format!(
                        "\"{}\" never does anything: \"{}\" before it takes every ticket, and its word comes first",
                        rule.name, earlier.name
                    );
                    self.wrong(section.span.start, what);
                }
            }
            rules.push(rule);
        }
        rules
    }

    fn pattern(&mut self, section: &Section<'_, 't>) -> Option<Pattern> {
        let text = self.text(section, "match")?;
        match Pattern::new(text.get_ref()) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                let what = format!(
                    "`intake.match`: `{}` cannot be used as a regular expression: {why}",
                    text.get_ref().escape_debug()
                );
                self.wrong(text.span().start, what);
                None
            }
        }
    }

    fn languages(&mut self, section: &Section<'_, 't>) -> Vec<String> {
        let mut languages = Vec::new();
        for item in self.items(section, "language") {
            match item.get_ref() {
                Item::Text(text) if is_code(text) => {
                    languages.push(text.to_lowercase());
                }
                _ => {
                    self.wrong(item.span().start, "`intake.language` must be a language's code like \"en\" or \"uk\"");
                }
            }
        }
        languages
    }

    fn intake_icons(&mut self, section: &Section<'_, 't>) -> Vec<String> {
        let icon = |item: toml::Spanned<Item>| match item.into_inner() {
            Item::Text(text) => text,
            Item::Number(id) => id.to_string(),
        };
        self.items(section, "icon").into_iter().map(icon).collect()
    }

    fn category(&mut self, section: &Section<'_, 't>) -> Option<Category> {
        let text = self.line(section, "category")?;
        match text.get_ref().parse() {
            Ok(category) => Some(category),
            Err(why) => {
                self.wrong(text.span().start, format!("`intake.category`: {why}"));
                None
            }
        }
    }

    fn rule_priority(&mut self, section: &Section<'_, 't>) -> Option<Priority> {
        let text = self.line(section, "priority")?;
        match text.get_ref().parse() {
            Ok(priority) => Some(priority),
            Err(why) => {
                self.wrong(text.span().start, format!("`intake.priority`: {why}"));
                None
            }
        }
    }
}

/// Finds a rule before it that takes every ticket and leaves this one nothing to do.
fn overruled<'r>(rule: &IntakeRule, before: &'r [IntakeRule]) -> Option<&'r IntakeRule> {
    before.iter().filter(|earlier| earlier.takes_all()).find(|earlier| {
        rule.add_tags.iter().all(|tag| earlier.add_tags.contains(tag))
            && (rule.category.is_none() || earlier.category.is_some())
            && (rule.priority.is_none() || earlier.priority.is_some())
            && (rule.team.is_none() || earlier.team.is_some())
    })
}
