//! What a ticket asks: the customer's words, bounded, and the terms by which articles are found.
//!
//! A question is made of public messages of customer and participants only. Internal notes and what staff wrote are no part of it.

use serde::{Deserialize, Serialize};

use super::ids::TicketKey;

/// So many characters of what was asked are looked at, the newest first.
pub const LONGEST: usize = 1_000;
/// So many messages of a customer who has been answered are looked at.
const LAST: usize = 3;
/// So many different words are looked for.
const MOST_TERMS: usize = 40;

/// What a ticket asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which ticket; `None`: words that somebody typed.
    pub ticket: Option<TicketKey>,
    /// Its title.
    pub title: String,
    /// ISO 639-1, as far as it is known.
    pub language: Option<String>,
    /// What was asked.
    pub text: String,
    /// The ticket's tags.
    pub tags: Vec<String>,
}

/// Puts together what was asked from the messages of a thread, oldest first: `true` beside those of staff. What has not been answered
/// counts; if all has been, what was said last.
pub fn asked<'m>(messages: impl DoubleEndedIterator<Item = (bool, &'m str)> + Clone) -> String {
    let public = |(staff, text): (bool, &'m str)| (!staff && !text.trim().is_empty()).then(|| text.trim());
    let mut newest: Vec<&str> = messages.clone().rev().take_while(|(staff, _)| !staff).filter_map(public).collect();
    if newest.is_empty() {
        newest = messages.rev().filter_map(public).take(LAST).collect();
    }
    let mut left = LONGEST;
    let mut kept: Vec<String> = Vec::new();
    for text in newest {
        let part: String = text.chars().take(left).collect();
        left -= part.chars().count();
        kept.push(part);
        if left == 0 {
            break;
        }
    }
    kept.reverse();
    kept.join("\n")
}

/// Words that say nothing about the matter, in the languages that most questions here are asked in.
const STOP_WORDS: &str = "the and for are was were is it its you your our my me we us they them he she his her this that these those \
    with without from have has had not but can could would should will shall may what when where which who how why there here \
    been being into onto about after before again also any some all one out over under then than very just only still yet \
    did does doing done get got let please hello hey hi dear thanks thank need want know tell said says good morning day evening \
    same like now too yes \
    и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было вот от меня еще нет о из ему \
    теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь вам ведь там потом себя ничего ей может они тут где \
    есть надо ней для мы тебя их чем была сам чтоб без будто чего раз тоже себе под будет кто этот того потому этого какой \
    здравствуйте привет добрый день пожалуйста спасибо подскажите можно хочу это эта моя мой мои почему \
    і й та у в на що не з із за до як це я ви ми вони він вона але або чи коли де є був була було мені мене ваш ваша наш для від по \
    про при без ще вже так ні тут там хто який яка яке які цей ця тому можна хочу треба добрий день вітаю привіт будь ласка дякую \
    підкажіть чому моя мій мої";

fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.split_whitespace().any(|stop| stop == word)
}

/// A word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The word or its beginning, in lower case: letters and digits only.
    pub word: String,
    /// Other endings count too.
    pub open: bool,
}

/// Lists the words of a question that are worth looking for, each once. Endings are cut, by length only: most languages here put what
/// a word means at its beginning.
pub fn terms(text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let word = word.to_lowercase();
        let length = word.chars().count();
        let number = word.chars().all(|c| c.is_ascii_digit());
        // Ideographs say in one what letters say in three.
        let least = if word.chars().all(|c| c as u32 >= 0x2e80) { 1 } else { 3 };
        if length < least || length > 60 || (number && length > 4) || is_stop_word(&word) {
            continue;
        }
        let kept = if number { length } else { (length * 2 / 3).max(4).min(length) };
        let term = Term { word: word.chars().take(kept).collect(), open: !number && length > 3 };
        if !terms.contains(&term) {
            terms.push(term);
        }
        if terms.len() == MOST_TERMS {
            break;
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_been_answered_is_the_question() {
        let table: [(&[(bool, &str)], &str); 6] = [
            (&[], ""),
            (&[(false, "one"), (true, "answer"), (false, "two"), (false, "three")], "two\nthree"),
            (&[(false, "one"), (true, "answer")], "one"),
            (&[(false, "a"), (false, "b"), (false, "c"), (false, "d"), (true, "answer")], "b\nc\nd"),
            (&[(true, "only staff")], ""),
            (&[(false, "one"), (true, "answer"), (false, "  ")], "one"),
        ];
        for (messages, question) in table {
            assert_eq!(asked(messages.iter().copied()), question, "{messages:?}");
        }
        let long = "x".repeat(3 * LONGEST);
        let asked = asked([(false, "old"), (false, long.as_str()), (false, "new")].into_iter());
        assert_eq!(asked.chars().count(), LONGEST + 1, "the newest first, and then as much as there is room for");
        assert!(asked.ends_with("\nnew") && !asked.contains("old"));
    }

    #[test]
    fn words_are_cut_to_what_they_mean() {
        let words = |text: &str| {
            terms(text)
                .iter()
                .map(|term| format!("{}{}", term.word, if term.open { "*" } else { "" }))
                .collect::<Vec<_>>()
        };
        for (text, wanted) in [
            ("Where is my parcel?", vec!["parc*"]),
            ("shipping, SHIPPED", vec!["shipp*", "ship*"]),
            ("Как вернуть товар?", vec!["верн*", "това*"]),
            ("Де моя посилка?", vec!["поси*"]),
            ("E17 7 1234 48120", vec!["e17", "1234"]),
            ("\"NEAR(\" OR* -- ^{}", vec!["near*"]),
            ("发票", vec!["发票"]),
            ("", vec![]),
        ] {
            assert_eq!(words(text), wanted, "{text}");
        }
        assert_eq!(terms(&"parcel PARCELS ".repeat(500)).len(), 1, "each once");
        assert!(terms(&(0..500).map(|i| format!("{i:04}z ")).collect::<String>()).len() <= MOST_TERMS);
    }
}
