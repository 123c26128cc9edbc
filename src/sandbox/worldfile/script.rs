//! Scripts of a world: what customers do once it lives.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::Media;
use super::span::{Key, Span};

/// What customers do once the world lives. `--speed` divides every span in here and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scripts {
    /// When the first new topic opens after the start.
    pub first: Span,
    /// The shortest and the longest pause between two new topics.
    pub every: [Span; 2],
    /// How many new topics may open in all.
    pub most: u32,
    /// The shortest and the longest pause before a customer answers.
    pub answer: [Span; 2],
    /// How long a customer waits without an answer before asking again; the second time takes twice as long.
    pub patience: Span,
    /// How long after a thank-you a customer who reopens comes back.
    pub back: Span,
    /// The matters, opened in this order.
    pub matters: Vec<Matter>,
    /// What customers say, by language (`en`, `ru`, …). `en` stands in for a language that is missing.
    pub phrases: BTreeMap<String, Phrases>,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            first: Span::secs(20),
            every: [Span::secs(60), Span::secs(90)],
            most: 12,
            answer: [Span::secs(5), Span::secs(20)],
            patience: Span::secs(240),
            back: Span::secs(150),
            matters: Vec::new(),
            phrases: BTreeMap::new(),
        }
    }
}

/// One matter that brings a customer to the group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// Who comes.
    pub by: Key,
    /// The topic's title.
    pub title: String,
    /// The emoji of the topic's icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// The first messages, seconds apart.
    pub opening: Vec<String>,
    /// What this customer knows, by what it is called in the phrases: `order = "48121"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// Said, a message each, when staff answers without asking for anything the phrases know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<String>,
    /// What the first message is changed to after staff has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<String>,
    /// The last of the first messages is deleted again soon after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_back: bool,
    /// Said some time after the thanks, which reopens the matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
}

/// What customers of one language say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Phrases {
    /// Answers to questions; the first that matches is said.
    pub answers: Vec<Answer>,
    /// Said to a question that no answer matches.
    pub unsure: Vec<String>,
    /// Said to a promise or an explanation while the matter goes on.
    pub fine: Vec<String>,
    /// Said at the end.
    pub thanks: Vec<String>,
    /// Said when nobody answers.
    pub impatient: Vec<String>,
    /// Words by which staff's message is known to end the matter (`sent`, `refunded`, `fixed`).
    pub done: Vec<String>,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What is asked about, the same word in every language: `order`, `photo`. A matter's facts have the same names.
    pub about: String,
    /// Any of these in staff's message, whatever its case, asks about it; in any language, as staff may write another.
    pub asked: Vec<String>,
    /// One of these is said. `{}` stands for the matter's fact; a customer who lacks it says `unknown` instead.
    pub say: Vec<String>,
    /// Said when the customer does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// What is attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// After this the customer is content.
    #[serde(default)]
    pub ends: bool,
}
