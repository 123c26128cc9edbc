//! Which templates may answer what a customer has asked: full-text similarity, here and now, without a server.
//!
//! The measure is BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) over name, tags and text, with a
//! name or tag counting as much as three words of the text. Words are compared by their first letters, so that their endings do not
//! matter, whatever the language. Only templates that the customer can read are compared.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Template;

/// No more templates are suggested.
pub const MOST: usize = 3;
/// So many words of a template, and of a question, are looked at.
const WORDS: usize = 600;
/// So many letters of a word are compared.
const STEM: usize = 5;
/// A word of the name or a tag counts as often.
const NAME_WEIGHT: u32 = 3;
/// BM25: how soon repetition stops to count.
const K1: f64 = 1.2;
/// BM25: how much a long text has to say more.
const B: f64 = 0.75;
/// Below this a likeness is an accident.
const LEAST: f64 = 1.0;

/// The words of all templates, counted once.
#[derive(Clone, Debug, Default)]
pub struct Words {
    templates: Vec<Counted>,
}

#[derive(Clone, Debug)]
struct Counted {
    language: Option<String>,
    words: HashMap<String, u32>,
    /// The words of name and tags.
    named: HashSet<String>,
    length: u32,
}

impl Words {
    /// Counts the words of templates.
    pub fn of(templates: &[Template]) -> Words {
        let counted = templates.iter().map(|template| {
            let mut words: HashMap<String, u32> = HashMap::new();
            let mut named = HashSet::new();
            for word in std::iter::once(&template.name).chain(&template.tags).flat_map(|text| stems(text)) {
                *words.entry(word.clone()).or_default() += NAME_WEIGHT;
                named.insert(word);
            }
            // What will be filled in says nothing about the matter.
            let mut text = template.text.clone();
            for slot in super::slots(&template.text).collect::<Vec<_>>().into_iter().rev() {
                text.replace_range(slot.range, " ");
            }
            for word in stems(&text) {
                *words.entry(word).or_default() += 1;
            }
            let length = words.values().sum();
            Counted { language: template.language.clone(), words, named, length }
        });
        Words { templates: counted.collect() }
    }

    /// Finds the templates that are most like a question, best first, by their places. `language` is the customer's or the desk's.
    pub fn suggest(&self, question: &str, language: Option<&str>) -> Vec<usize> {
        let readable: Vec<(usize, &Counted)> =
            self.templates.iter().enumerate().filter(|(_, counted)| counted.is_read_by(language)).collect();
        let all = readable.len() as f64;
        let average = readable.iter().map(|(_, counted)| f64::from(counted.length)).sum::<f64>() / all.max(1.0);
        let mut asked: BTreeMap<String, u32> = BTreeMap::new();
        for word in stems(question) {
            *asked.entry(word).or_default() += 1;
        }
        let mut scores: Vec<(f64, usize)> = Vec::new();
        let known: Vec<(&String, f64)> = asked
            .keys()
            .filter_map(|word| {
                let having = readable.iter().filter(|(_, counted)| counted.words.contains_key(word)).count() as f64;
                // What most templates say tells none from the others.
                let telling = having > 0.0 && (having * 2.0 <= all || all < 3.0);
                telling.then(|| (word, (1.0 + (all - having + 0.5) / (having + 0.5)).ln()))
            })
            .collect();
        for (place, counted) in &readable {
            let mut score = 0.0;
            for (word, rarity) in &known {
                let times = f64::from(counted.words.get(*word).copied().unwrap_or(0));
                let length = 1.0 - B + B * f64::from(counted.length) / average.max(1.0);
                score += rarity * times * (K1 + 1.0) / (times + K1 * length);
            }
            // One word that both have somewhere in their texts is an accident; one that the template is named by is not.
            let shared = known.iter().filter(|(word, _)| counted.words.contains_key(*word)).count();
            let by_name = known.iter().any(|(word, _)| counted.named.contains(*word));
            if score >= LEAST && (shared > 1 || by_name) {
                scores.push((score, *place));
            }
        }
        scores.sort_by(|(one, here), (other, there)| other.total_cmp(one).then(here.cmp(there)));
        // What is far behind the best is no suggestion.
        let best = scores.first().map_or(0.0, |(score, _)| *score);
        scores.into_iter().filter(|(score, _)| *score * 3.0 >= best).take(MOST).map(|(_, place)| place).collect()
    }
}

impl Counted {
    fn is_read_by(&self, language: Option<&str>) -> bool {
        match (&self.language, language) {
            (Some(own), Some(wanted)) => super::primary(own).eq_ignore_ascii_case(super::primary(wanted)),
            _ => true,
        }
    }
}

/// Takes a text apart into the beginnings of its words. Short ones and numbers say nothing; links are no words.
fn stems(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace()
        .filter(|word| !word.contains("://"))
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().any(char::is_alphabetic))
        .take(WORDS)
        .filter_map(|word| {
            let stem: String = word.chars().flat_map(char::to_lowercase).take(STEM).collect();
            // Ideographs and kana are words of one or two signs.
            let long = stem.chars().count() >= 3 || !stem.is_ascii() && stem.chars().any(|c| c >= '\u{2e80}');
            long.then_some(stem)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(name: &str, language: Option<&str>, tags: &[&str], text: &str) -> Template {
        Template {
            name: name.to_owned(),
            language: language.map(str::to_owned),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            text: text.to_owned(),
            ..Template::default()
        }
    }

    fn shop() -> Vec<Template> {
        let en = Some("en");
        vec![
            template("Greeting", en, &["hello"], "Hi {{customer.first_name}}, thanks for writing. How can I help you?"),
            template(
                "Password reset",
                en,
                &["login", "account"],
                "Hi, please choose Forgot password and sign in again.",
            ),
            template("Refund", en, &["money back", "return"], "I have started the refund for order {{?order number}}."),
            template(
                "Shipping",
                en,
                &["delivery", "parcel", "track"],
                "Your parcel has left. The tracking link is {{?link}}.",
            ),
            template("Доставка", Some("ru"), &["посылка", "трек"], "Ваша посылка отправлена, вот ссылка: {{?ссылка}}."),
            template("Возврат", Some("ru"), &["деньги"], "Мы начали возврат денег по заказу {{?номер}}."),
            template("Invoice", None, &["invoice", "vat"], "{{?link}}"),
        ]
    }

    #[test]
    fn questions_find_their_templates() {
        let templates = shop();
        let words = Words::of(&templates);
        for (question, language, best) in [
            ("I forgot my password and cannot log in", Some("en"), Some("Password reset")),
            ("where is my parcel? the tracking page shows nothing", Some("en"), Some("Shipping")),
            ("I want my money back", Some("en"), Some("Refund")),
            ("Refunds: when will they be refunded?", Some("en-GB"), Some("Refund")),
            ("Где моя посылка?", Some("ru"), Some("Доставка")),
            ("верните деньги за заказ", Some("ru"), Some("Возврат")),
            ("please send the invoice", Some("ru"), Some("Invoice")),
            ("the parcel", Some("ru"), None),
            ("hm", Some("en"), None),
            ("", None, None),
            ("https://password.example/refund 12345", Some("en"), None),
        ] {
            let found = words.suggest(question, language);
            assert!(found.len() <= MOST);
            assert_eq!(found.first().map(|place| templates[*place].name.as_str()), best, "{question}");
        }
        assert_eq!(Words::of(&[]).suggest("anything", None), Vec::<usize>::new());
    }

    #[test]
    fn a_thousand_templates_are_no_burden() {
        let many: Vec<Template> = (0..1000)
            .map(|number| template(&format!("Answer {number}"), Some("en"), &[], &format!("word{number} ").repeat(500)))
            .collect();
        let words = Words::of(&many);
        let question = "word7 and many other words that nobody knows ".repeat(200);
        let begun = std::time::Instant::now();
        words.suggest(&question, Some("en"));
        // A debug build on a busy machine; a release build takes well under a millisecond.
        assert!(begun.elapsed().as_millis() < 500, "{:?}", begun.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_asked_the_answer_is_a_place(question in ".{0,200}", language in prop::option::of("[a-z]{2}")) {
            let templates = shop();
            let found = Words::of(&templates).suggest(&question, language.as_deref());
            prop_assert!(found.len() <= MOST && found.iter().all(|place| *place < templates.len()));
        }
    }
}
