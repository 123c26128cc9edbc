//! Opening a ticket from messages of General: the title of its topic, and what is said in General.

use serde::{Deserialize, Serialize};

use super::automatic::{Texts, in_language};
use super::command::Refusal;
use super::safe;

/// Stands in a text for the link to the new topic.
pub const LINK: &str = "{{link}}";

/// Telegram takes no longer title, in characters.
pub const LONGEST_TITLE: usize = 128;

/// So many characters of a message make a proposed title.
const PROPOSED: usize = 60;

/// So many messages are forwarded at once (Telegram's limit).
pub const MOST_MESSAGES: usize = 100;

/// What `desk.toml` says of tickets that are opened from General.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Openings {
    /// It is said in General where the matter goes on.
    pub reply: bool,
    /// In these words.
    pub texts: Texts,
}

impl Default for Openings {
    fn default() -> Self {
        let text = |(language, text): (&str, &str)| (language.to_owned(), text.to_owned());
        Openings { reply: true, texts: TEXTS.map(text).into() }
    }
}

/// The words that come with the program.
const TEXTS: [(&str, &str); 3] = [
    ("en", "We have opened a topic for this, let us go on there: {{link}}"),
    ("uk", "Ми відкрили для цього тему, продовжимо там: {{link}}"),
    ("ru", "Мы открыли для этого тему, продолжим там: {{link}}"),
];

impl Openings {
    /// Finds the words in a language; `None`: nothing is said.
    pub fn text(&self, language: Option<&str>, desk: &str) -> Option<&str> {
        if self.reply { in_language(&self.texts, language, desk) } else { None }
    }
}

/// Makes a title of the first words of a message.
pub fn propose(text: &str) -> String {
    let mut title = String::new();
    for word in text.split_whitespace() {
        let room = PROPOSED.saturating_sub(title.chars().count() + usize::from(!title.is_empty()));
        if word.chars().count() > room {
            if title.is_empty() {
                title.extend(word.chars().take(room));
            }
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.push_str(word);
    }
    title
}

/// Makes a title of what was typed, as Telegram will have it: one line, no characters that may not stay.
///
/// # Errors
/// Nothing is left, or it is too long.
pub fn title(typed: &str) -> Result<String, Refusal> {
    let plain: String =
        typed.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !safe::forbidden(*c)).collect();
    let title = plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let length = title.chars().count();
    if title.is_empty() {
        return Err(Refusal::Senseless("a topic needs a title".to_owned()));
    }
    if length > LONGEST_TITLE {
        let why = format!("the title has {length} characters, Telegram takes at most {LONGEST_TITLE}: shorten it");
        return Err(Refusal::Senseless(why));
    }
    Ok(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_proposed_from_the_first_words() {
        for (text, title) in [
            ("Cannot log in", "Cannot log in"),
            ("  Hello\n\nmy  order is late ", "Hello my order is late"),
            ("", ""),
            (
                "After the update of yesterday evening I cannot log in to my account any more",
                "After the update of yesterday evening I cannot log in to my",
            ),
            (&"x".repeat(100), &"x".repeat(60)),
        ] {
            assert_eq!(propose(text), title);
            assert!(propose(text).chars().count() <= PROPOSED);
        }
    }

    #[test]
    fn a_title_is_one_line_that_telegram_takes() {
        assert_eq!(title("  Lost \t parcel\nfrom Kyiv\u{202e} "), Ok("Lost parcel from Kyiv".to_owned()));
        for typed in ["", " \n ", "\u{1b}"] {
            assert!(title(typed).is_err(), "{typed:?}");
        }
        assert!(title(&"я".repeat(128)).is_ok());
        assert!(title(&"я".repeat(129)).is_err_and(|why| why.to_string().contains("129 characters")));
    }

    #[test]
    fn what_is_said_is_in_the_customers_language_or_not_said() {
        let mut openings = Openings::default();
        assert!(openings.text(Some("uk"), "en").is_some_and(|text| text.contains("тему") && text.contains(LINK)));
        assert_eq!(openings.text(Some("de"), "ru"), openings.text(Some("ru"), "en"));
        openings.reply = false;
        assert_eq!(openings.text(Some("en"), "en"), None);
    }
}
