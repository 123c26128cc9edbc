//! What is wrong with templates that load all the same: what the desk would rather know before a customer does.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::offer::Usage;
use super::{Origin, Template, primary};
use crate::desk::split::LONGEST;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Agents or customers will run into it.
    Error,
    /// Somebody should look.
    Warning,
}

/// Something that is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// The file, or `built-in: …`.
    pub source: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// Looks through templates. `uses` is what their use has shown; `None`: nobody knows.
pub fn lint(templates: &[Template], uses: Option<&[Usage]>, today: NaiveDate) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |weight, template: &Template, what: String| {
        findings.push(Finding { weight, source: template.source.clone(), what });
    };
    let own = |template: &&Template| template.origin != Origin::BuiltIn;
    for (place, template) in templates.iter().enumerate() {
        for (line, name) in template.unknown_placeholders() {
            find(Weight::Error, template, format!("unknown placeholder `{{{{{name}}}}}` in line {line} of the text"));
        }
        let length = template.text.encode_utf16().count();
        if length > LONGEST {
            find(Weight::Error, template, format!("the text has {length} characters: one message carries {LONGEST}"));
        }
        for other in &templates[..place] {
            if other.language != template.language {
                continue;
            }
            let same = |one: &Option<String>, two: &Option<String>| match (one, two) {
                (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
                _ => false,
            };
            for (what, one, two) in [("code", &other.code, &template.code), ("key", &other.key, &template.key)] {
                if same(one, two) {
                    let value = two.as_deref().unwrap_or_default();
                    find(Weight::Error, template, format!("has the {what} `{value}`, as {} has", other.source));
                }
            }
        }
        if let Some(by) = template.review_by.filter(|_| template.is_stale(today)) {
            find(Weight::Warning, template, format!("is stale: it was to be reviewed by {by}"));
        }
    }
    for template in templates.iter().filter(own) {
        let unused =
            |uses: &[Usage]| uses.iter().any(|usage| usage.used > 0) && !uses.iter().any(|usage| usage.is_of(template));
        if uses.is_some_and(unused) {
            find(Weight::Warning, template, "was never used".to_owned());
        }
    }
    for (template, missing) in missing_languages(templates) {
        let languages = missing.into_iter().collect::<Vec<_>>().join(", ");
        find(Weight::Warning, template, format!("there is none in {languages}, as there is of other templates"));
    }
    findings.sort_by(|one, other| one.weight.cmp(&other.weight).then_with(|| one.source.cmp(&other.source)));
    findings
}

/// Finds the languages in which a template is not there although other templates are. A desk's languages are those in which at least
/// one answer is there beside another language.
fn missing_languages(templates: &[Template]) -> Vec<(&Template, BTreeSet<String>)> {
    let mut answers: BTreeMap<String, Vec<&Template>> = BTreeMap::new();
    for template in templates {
        answers.entry(answer(template)).or_default().push(template);
    }
    let spoken = |answer: &[&Template]| -> BTreeSet<String> {
        let languages = answer.iter().filter_map(|template| template.language.as_deref());
        languages.map(|language| primary(language).to_lowercase()).collect()
    };
    let several = answers.values().map(|answer| spoken(answer)).filter(|languages| languages.len() > 1);
    let wanted: BTreeSet<String> = several.flatten().collect();
    let mut missing = Vec::new();
    for answer in answers.values() {
        let have = spoken(answer);
        // One without a language suits everybody.
        let all = answer.iter().any(|template| template.language.is_none());
        let lacking: BTreeSet<String> = wanted.difference(&have).cloned().collect();
        let named = answer.iter().max_by_key(|template| template.origin);
        if let (false, false, Some(named)) = (all, lacking.is_empty(), named) {
            missing.push((*named, lacking));
        }
    }
    missing
}

/// Tells what one answer goes by in all languages: its code, else the file's name up to the first dot, else its own name.
fn answer(template: &Template) -> String {
    if let Some(code) = &template.code {
        return format!("code {}", code.to_lowercase());
    }
    let file = template.source.rsplit(['/', ' ']).next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default().to_lowercase();
    let dots = file.matches('.').count();
    if dots >= 2 { format!("file {stem}") } else { format!("name {}", template.name.to_lowercase()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(source: &str, language: Option<&str>, code: Option<&str>) -> Template {
        Template {
            name: source.to_owned(),
            text: "text".to_owned(),
            language: language.map(str::to_owned),
            code: code.map(str::to_owned),
            source: source.to_owned(),
            origin: Origin::Desk,
            ..Template::default()
        }
    }

    fn words(templates: &[Template], uses: Option<&[Usage]>) -> Vec<String> {
        let today = "2026-11-22".parse().expect("a day");
        let line = |finding: Finding| format!("{:?} {}: {}", finding.weight, finding.source, finding.what);
        lint(templates, uses, today).into_iter().map(line).collect()
    }

    #[test]
    fn each_mistake_is_named() {
        let a = || template("a.en.md", Some("en"), Some("a"));
        let stale = |by: &str| Template { review_by: by.parse().ok(), ..a() };
        let key = |source: &str| Template { key: Some("F5".to_owned()), ..template(source, Some("en"), None) };
        for (templates, expected) in [
            (vec![a()], vec![]),
            (
                vec![Template { text: "Hi\n{{customer.nmae}}".to_owned(), ..a() }],
                vec!["Error a.en.md: unknown placeholder `{{customer.nmae}}` in line 2 of the text"],
            ),
            (
                vec![Template { text: "🙂".repeat(2049), ..a() }],
                vec!["Error a.en.md: the text has 4098 characters: one message carries 4096"],
            ),
            (
                vec![a(), template("b.en.md", Some("en"), Some("A"))],
                vec!["Error b.en.md: has the code `A`, as a.en.md has"],
            ),
            (vec![a(), template("b.uk.md", Some("uk"), Some("a"))], vec![]),
            (vec![key("c.md"), key("d.md")], vec!["Error d.md: has the key `F5`, as c.md has"]),
            (vec![stale("2026-11-21")], vec!["Warning a.en.md: is stale: it was to be reviewed by 2026-11-21"]),
            (vec![stale("2026-11-22")], vec![]),
        ] {
            assert_eq!(words(&templates, None), expected);
        }
    }

    #[test]
    fn a_language_is_missing_where_others_have_it() {
        let templates = [
            template("hi.en.md", Some("en"), None),
            template("hi.uk.md", Some("uk"), None),
            template("bye.en.md", Some("en"), None),
            template("all.md", None, None),
            template("x.de.md", Some("de"), Some("x")),
            template("y.en-GB.md", Some("en-GB"), Some("x")),
        ];
        assert_eq!(
            words(&templates, None),
            [
                "Warning bye.en.md: there is none in de, uk, as there is of other templates",
                "Warning hi.uk.md: there is none in de, as there is of other templates",
                "Warning y.en-GB.md: there is none in uk, as there is of other templates",
            ]
        );
        assert!(words(&templates[2..4], None).is_empty(), "one language is enough for a desk of one language");
    }

    #[test]
    fn never_used_is_told_once_templates_are_used() {
        let templates = [template("a.md", None, None), template("b.md", None, None)];
        let used = [Usage { name: "a.md".to_owned(), used: 1, ..Usage::default() }];
        assert_eq!(words(&templates, Some(&used)), ["Warning b.md: was never used"]);
        assert!(words(&templates, Some(&[])).is_empty());
        let built_in = [Template { origin: Origin::BuiltIn, ..template("built-in: b.md", None, None) }];
        assert!(words(&built_in, Some(&used)).is_empty());
    }
}
