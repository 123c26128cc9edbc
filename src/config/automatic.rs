//! `[nudges]`, `[confirmation]`, `[survey]`, `[opening]`, and what of `[rules]` is about automatic messages and closing.

use std::collections::BTreeMap;

use super::reader::{Item, Reader, Section};
use crate::desk::automatic::{Automatic, MOST_NUDGES, OnResolve};
use crate::desk::hours::Hours;
use crate::desk::opening::LINK;
use crate::desk::rules::Rules;
use crate::desk::span;
use crate::desk::split::LONGEST;

/// A text for a button's answer is short (Telegram's limit).
const SHORT: usize = 200;

/// No more reasons are offered.
const MOST_REASONS: usize = 30;

impl<'t> Reader<'t> {
    /// Reads what the desk says by itself. `hours`: those of the file, by name.
    pub(super) fn automatic(
        &mut self,
        root: &Section<'_, 't>,
        rules: &mut Rules,
        hours: &BTreeMap<String, Hours>,
        language: &str,
        warnings: &mut Vec<String>,
    ) {
        let mut automatic = Automatic { language: language.to_owned(), ..Automatic::default() };
        let section = self.section(root, "rules");
        const CHOICES: [(&str, OnResolve); 3] =
            [("none", OnResolve::None), ("confirmation", OnResolve::Confirmation), ("survey", OnResolve::Survey)];
        automatic.on_resolve = self.choice(&section, "on_resolve", &CHOICES).unwrap_or_default();
        if let Some(Some(span)) = self.span(&section, "notice_delay", false) {
            automatic.notice_delay = span;
        }
        rules.close_reasons = self.reasons(&section);
        self.nudges(root, &mut automatic, hours);
        let confirmation = self.section(root, "confirmation");
        self.check_keys(&confirmation);
        self.texts(&confirmation, "text", LONGEST, language, &mut automatic.confirmations);
        let survey = self.section(root, "survey");
        self.check_keys(&survey);
        self.texts(&survey, "text", LONGEST, language, &mut automatic.surveys);
        self.texts(&survey, "thanks", SHORT, language, &mut automatic.thanks);
        self.opening(root, rules, language);
        if survey.get("quiet_tags").is_some() {
            automatic.quiet_tags = self.words(&survey, "quiet_tags");
        }
        if let (Some(resolve), Some(longest)) = (rules.auto_resolve_pending_after, automatic.nudge_after.iter().max())
            && resolve <= *longest
        {
            let at = self.place(section.get("auto_resolve_pending_after").map_or(0, |value| value.span().start));
            warnings.push(format!(
                "{at}: `auto_resolve_pending_after` comes before a nudge of `nudges.after`, which is then never sent"
            ));
        }
        rules.automatic = automatic;
    }

    /// Reads what is said in General when a ticket is opened from there. Without the link nobody would know where to go on.
    fn opening(&mut self, root: &Section<'_, 't>, rules: &mut Rules, language: &str) {
        let section = self.section(root, "opening");
        self.check_keys(&section);
        rules.opening.reply = self.flag(&section, "reply").unwrap_or(rules.opening.reply);
        self.texts(&section, "text", LONGEST, language, &mut rules.opening.texts);
        if rules.opening.texts.values().any(|text| !text.contains(LINK)) {
            let at = section.get("text").map_or(0, |value| value.span().start);
            self.wrong(at, format!("`opening.text` must have {LINK} in it, where the link to the new topic stands"));
        }
    }

    fn nudges(&mut self, root: &Section<'_, 't>, automatic: &mut Automatic, hours: &BTreeMap<String, Hours>) {
        let section = self.section(root, "nudges");
        self.check_keys(&section);
        for item in self.items(&section, "after") {
            let at = item.span().start;
            let read = match item.get_ref() {
                Item::Text(text) => span::parse(text).ok().filter(|span| !span.is_zero()),
                Item::Number(_) => None,
            };
            match read {
                Some(_) if automatic.nudge_after.len() >= MOST_NUDGES => {
                    self.wrong(at, format!("`nudges.after` has at most {MOST_NUDGES}: more would be a nuisance"));
                }
                Some(span) => automatic.nudge_after.push(span),
                None => self.wrong(at, "`nudges.after` must be spans like \"2d\" or \"36h\""),
            }
        }
        if let Some(name) = self.text(&section, "hours") {
            automatic.nudge_hours = hours.get(name.get_ref()).cloned();
            if automatic.nudge_hours.is_none() {
                let what =
                    format!("there are no hours `{0}`: write a table [hours.{0}]", name.get_ref().escape_debug());
                self.wrong(name.span().start, what);
            }
        }
        let language = automatic.language.clone();
        self.texts(&section, "text", LONGEST, &language, &mut automatic.nudges);
    }

    fn reasons(&mut self, section: &Section<'_, 't>) -> Vec<String> {
        let mut reasons = Vec::new();
        for (place, reason) in self.words(section, "close_reasons").into_iter().enumerate() {
            if place == MOST_REASONS {
                let at = section.get("close_reasons").map_or(0, |value| value.span().start);
                self.wrong(at, format!("`rules.close_reasons` has at most {MOST_REASONS}"));
            }
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }

    fn words(&mut self, section: &Section<'_, 't>, key: &str) -> Vec<String> {
        let mut words = Vec::new();
        for item in self.items(section, key) {
            match item.get_ref() {
                Item::Text(word) if is_line(word) => words.push(word.trim().to_owned()),
                _ => {
                    let what = format!("`{}.{key}` must be words like \"spam\"", section.name);
                    self.wrong(item.span().start, what);
                }
            }
        }
        words
    }
}

fn is_line(word: &str) -> bool {
    !word.trim().is_empty() && word.len() <= 200 && !word.contains(char::is_control)
}
