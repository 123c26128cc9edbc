//! The order in which templates are offered for a ticket, and what their use has shown.

use std::time::Duration;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Template;
use crate::clock::Timestamp;
use crate::desk::tags::Tag;
use crate::desk::ticket::Status;

/// A ticket that comes back within this time after a reply counts against the template of the reply.
pub const REOPENED_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);

/// What is known of the ticket for which templates are offered.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// The customer's language, else the desk's.
    pub language: Option<&'a str>,
    /// Where the ticket stands.
    pub status: Option<Status>,
    /// Its tags.
    pub tags: &'a [Tag],
    /// Places of those that may answer what was asked, best first.
    pub suggested: &'a [usize],
    /// The agent's today.
    pub today: NaiveDate,
}

/// A template as it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its place among all templates.
    pub place: usize,
    /// It may answer what was asked.
    pub suggested: bool,
    /// It should have been looked at by now.
    pub stale: bool,
    /// It is in another language, or meant for tickets that stand elsewhere.
    pub unfit: bool,
}

/// Orders templates for a ticket: the suggested ones, then those that fit by language, status and tags, then the others.
///
/// Within each the order stays as it was; nothing is left out.
pub fn offer(templates: &[Template], wanted: &Wanted<'_>) -> Vec<Offered> {
    let mut all: Vec<(_, Offered)> = templates
        .iter()
        .enumerate()
        .map(|(place, template)| {
            let language = match (wanted.language, &template.language) {
                (Some(wanted), Some(_)) if !template.speaks(wanted) => 2,
                (Some(_), None) => 1,
                _ => 0,
            };
            let status = match wanted.status {
                Some(status) if !template.statuses.is_empty() => {
                    if template.statuses.contains(&status) {
                        0
                    } else {
                        2
                    }
                }
                _ => 1,
            };
            let shared =
                wanted.tags.iter().filter(|tag| template.tags.iter().any(|own| own.eq_ignore_ascii_case(tag.as_str())));
            let rank = wanted.suggested.iter().position(|own| *own == place);
            let offered = Offered {
                place,
                suggested: rank.is_some(),
                stale: template.is_stale(wanted.today),
                unfit: language == 2 || status == 2,
            };
            let order =
                (rank.unwrap_or(usize::MAX), offered.unfit, std::cmp::Reverse(shared.count()), language, status);
            (order, offered)
        })
        .collect();
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().map(|(_, offered)| offered).collect()
}

/// What the use of a template has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Option<String>,
    /// How many replies were made of it.
    pub used: u32,
    /// How many of them were sent with nothing but their fields filled in.
    pub unedited: u32,
    /// After how many of them the ticket came back ([`REOPENED_WITHIN`]).
    pub reopened: u32,
    /// When it was used last.
    pub last_at: Option<Timestamp>,
}

impl Usage {
    /// Tells whether it is about this template.
    pub fn is_of(&self, template: &Template) -> bool {
        self.name == template.name && self.language == template.language
    }

    /// Tells which part was sent unedited, in percent.
    pub fn unedited_percent(&self) -> Option<u32> {
        (self.unedited * 100).checked_div(self.used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn the_best_come_first_and_nothing_is_left_out() {
        let template = |name: &str, language: Option<&str>, tags: &[&str], statuses: &[Status]| Template {
            name: name.to_owned(),
            language: language.map(str::to_owned),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            statuses: statuses.to_vec(),
            review_by: (name == "old").then(|| day("2026-11-01")),
            ..Template::default()
        };
        let templates = [
            template("uk", Some("uk"), &[], &[]),
            template("any", None, &[], &[]),
            template("hi", Some("en"), &[], &[]),
            template("old", Some("en"), &["Billing"], &[]),
            template("done", Some("en"), &[], &[Status::Resolved]),
            template("open", Some("en"), &[], &[Status::Open]),
        ];
        let tags = ["billing".parse::<Tag>().expect("a tag")];
        let order = |wanted: &Wanted<'_>| {
            let mut words = Vec::new();
            for one in offer(&templates, wanted) {
                let marks = [(one.suggested, "!"), (one.stale, "~"), (one.unfit, "-")];
                let marks: String = marks.iter().filter(|(on, _)| *on).map(|(_, mark)| *mark).collect();
                words.push(format!("{marks}{}", templates[one.place].name));
            }
            words.join(" ")
        };
        let today = day("2026-11-22");
        let none = Wanted { today, ..Wanted::default() };
        assert_eq!(order(&none), "uk any hi ~old done open");
        let english = Wanted { language: Some("en-US"), status: Some(Status::Open), ..none.clone() };
        assert_eq!(order(&english), "open hi ~old any -done -uk");
        let tagged = Wanted { tags: &tags, ..english.clone() };
        assert_eq!(order(&tagged), "~old open hi any -done -uk");
        let asked = Wanted { suggested: &[4, 1], ..tagged };
        assert_eq!(order(&asked), "!-done !any ~old open hi -uk");
        // On the day itself it is not stale yet.
        assert!(!templates[3].is_stale(day("2026-11-01")) && templates[3].is_stale(day("2026-11-02")));
    }

    #[test]
    fn shares_are_of_what_was_used() {
        let usage = Usage { used: 3, unedited: 2, ..Usage::default() };
        assert_eq!((usage.unedited_percent(), Usage::default().unedited_percent()), (Some(66), None));
    }
}
