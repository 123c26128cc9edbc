//! Reads the word lists that come with the program and hands them to the rules as data.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::desk::escalation::UpsetWords;
use crate::desk::thanks::ThanksWords;

const UPSET: &str = include_str!("../../assets/words/upset.toml");
const THANKS: &str = include_str!("../../assets/words/thanks.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThanksFile {
    unhappy: String,
    languages: BTreeMap<String, ThanksLanguage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThanksLanguage {
    phrases: Vec<String>,
    fillers: Vec<String>,
}

/// Makes the list of thanks words of all languages together: customers mix them.
pub fn thanks() -> ThanksWords {
    let file: ThanksFile = toml::from_str(THANKS).expect("the built-in list is read by a test");
    let languages = file.languages.values();
    ThanksWords::new(
        languages.clone().flat_map(|language| &language.phrases),
        languages.flat_map(|language| &language.fillers),
        &file.unhappy,
    )
}

/// Names the languages that have thanks words.
pub fn thanks_languages() -> Vec<String> {
    let file: ThanksFile = toml::from_str(THANKS).expect("the built-in list is read by a test");
    file.languages.into_keys().collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpsetFile {
    emoji: String,
    languages: BTreeMap<String, Vec<String>>,
}

/// Makes the list of what hints that somebody is upset, of all languages together.
pub fn upset() -> UpsetWords {
    let file: UpsetFile = toml::from_str(UPSET).expect("the built-in list is read by a test");
    UpsetWords::new(file.languages.values().flatten(), &file.emoji)
}
