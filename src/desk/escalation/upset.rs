//! A hint that somebody is upset: a phrase of a list stands in what they wrote. It is a guess from words and never more than that.

use serde::{Deserialize, Serialize};

use crate::desk::thanks::{ends_word, plain};

/// Longer texts are looked at no further, in characters.
const LONGEST: usize = 4_000;

/// The phrases by which it is guessed. Data, so that a language can be added without touching the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpsetWords {
    phrases: Vec<Vec<char>>,
    /// Emoji that say it by themselves.
    emoji: Vec<char>,
}

impl UpsetWords {
    /// Makes the list. Case and punctuation in the phrases do not matter.
    pub fn new<S: AsRef<str>>(phrases: impl IntoIterator<Item = S>, emoji: &str) -> Self {
        let mut phrases: Vec<Vec<char>> = phrases.into_iter().map(|phrase| plain(phrase.as_ref()).0).collect();
        phrases.retain(|phrase| !phrase.is_empty());
        phrases.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        phrases.dedup();
        UpsetWords { phrases, emoji: emoji.chars().filter(|c| !c.is_whitespace()).collect() }
    }

    /// Finds what hints that the author is upset: a phrase of the list or an emoji.
    pub fn hint(&self, text: &str) -> Option<String> {
        let text: String = text.chars().take(LONGEST).collect();
        if let Some(emoji) = text.chars().find(|c| self.emoji.contains(c)) {
            return Some(emoji.to_string());
        }
        if self.phrases.is_empty() {
            return None;
        }
        let (words, _) = plain(&text);
        for at in 0..words.len() {
            if words[at] == ' ' || (at > 0 && words[at - 1] != ' ' && !ends_word(&words, at)) {
                continue;
            }
            let rest = &words[at..];
            let found =
                self.phrases.iter().find(|phrase| rest.starts_with(phrase) && ends_word(&words, at + phrase.len()));
            if let Some(phrase) = found {
                return Some(phrase.iter().collect());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_as_words_only() {
        let words = UpsetWords::new(["refund now", "scam", "жалоба", "最悪"], "😡");
        for (text, hint) in [
            ("This is a SCAM!", Some("scam")),
            ("I want my refund, now.", Some("refund now")),
            ("I was refunded nowhere", None),
            ("Refund... now!!!", Some("refund now")),
            ("scampi for dinner", None),
            ("Это жалоба", Some("жалоба")),
            ("これは最悪です", Some("最悪")),
            ("well 😡", Some("😡")),
            ("thank you", None),
            ("", None),
        ] {
            assert_eq!(words.hint(text).as_deref(), hint, "{text}");
        }
        assert_eq!(UpsetWords::default().hint("scam"), None);
    }
}
