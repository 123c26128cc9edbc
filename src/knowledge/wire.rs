//! What goes to a webhook and what comes back, as JSON.
//!
//! ```json
//! {"question": "Where is my parcel?", "language": "en", "ticket": 1042, "title": "Parcel 48120", "tags": []}
//! ```
//!
//! `question` is what the customer has asked and nobody has answered (at most 1,000 characters), `language` an ISO 639-1 code or null.
//! Internal notes, names and what staff wrote are never part of it. The answer is a list, best first or in any order:
//!
//! ```json
//! [{"title": "Where is my parcel?", "url": "https://help.example/parcel", "snippet": "Parcels take …", "score": 0.92}]
//! ```
//!
//! `url`, `snippet` and `score` (0 to 1) may be absent or null; what else an entry has is left alone.

use serde::{Deserialize, Serialize};

use super::article::{TITLE, is_link};
use crate::desk::article::Offer;
use crate::desk::question::Question;
use crate::desk::safe;

/// Longest snippet, in characters.
const SNIPPET: usize = 4_000;
/// So many offers are taken.
const MOST: usize = 20;

#[derive(Serialize)]
struct Asked<'q> {
    question: &'q str,
    language: Option<&'q str>,
    ticket: Option<i32>,
    title: &'q str,
    tags: &'q [String],
}

#[derive(Deserialize)]
struct Offered {
    title: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    snippet: Option<String>,
    #[serde(default)]
    score: Option<f64>,
}

/// Writes the body of a question.
pub(super) fn body(question: &Question) -> String {
    let asked = Asked {
        question: &question.text,
        language: question.language.as_deref(),
        ticket: question.ticket.map(|ticket| ticket.topic.0),
        title: &question.title,
        tags: &question.tags,
    };
    serde_json::to_string(&asked).expect("texts and numbers are JSON")
}

/// Reads an answer and makes it safe; best first.
///
/// # Errors
/// What is wrong with it, without a word of what it says.
pub(super) fn offers(answer: &[u8]) -> Result<Vec<Offer>, String> {
    let offered: Vec<Offered> = serde_json::from_slice(answer).map_err(|error| {
        let what = if error.is_data() { "has something else where a field should be" } else { "is no JSON" };
        format!("its answer {what} (line {}, column {})", error.line(), error.column())
    })?;
    let mut offers: Vec<Offer> = offered
        .into_iter()
        .map(|one| Offer {
            title: safe::line(&one.title, TITLE),
            // An address that no browser takes starts something else.
            url: one.url.filter(|url| is_link(url)),
            snippet: safe::text(&one.snippet.unwrap_or_default(), SNIPPET).trim().to_owned(),
            score: one.score.filter(|score| score.is_finite()).unwrap_or(0.0).clamp(0.0, 1.0),
        })
        .filter(|one| !one.title.is_empty())
        .collect();
    offers.sort_by(|one, other| other.score.total_cmp(&one.score));
    offers.truncate(MOST);
    Ok(offers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::{GroupId, TicketKey, TopicId};

    #[test]
    fn the_body_is_as_documented() {
        let question = Question {
            ticket: Some(TicketKey { group: GroupId(7), topic: TopicId(1042) }),
            title: "Parcel 48120".to_owned(),
            language: Some("en".to_owned()),
            text: "Where is my parcel?".to_owned(),
            tags: Vec::new(),
        };
        let wanted =
            r#"{"question":"Where is my parcel?","language":"en","ticket":1042,"title":"Parcel 48120","tags":[]}"#;
        assert_eq!(body(&question), wanted);
    }

    #[test]
    fn an_answer_is_made_safe_and_sorted() {
        let answer = "[{\"title\": \"b\\u001b[2J\", \"url\": \"javascript:alert(1)\", \"snippet\": \"x\\u202ey\\nz\", \"score\": 0.2, \"more\": {}},
                       {\"title\": \"a\", \"url\": \"https://a.example\", \"score\": 7}, {\"title\": \"\"}, {\"title\": \"c\", \"url\": null}]";
        let offers = offers(answer.as_bytes()).expect("reads");
        let told: Vec<_> = offers.iter().map(|one| (one.title.as_str(), one.url.as_deref(), one.score)).collect();
        assert_eq!(told, [("a", Some("https://a.example"), 1.0), ("b[2J", None, 0.2), ("c", None, 0.0)]);
        assert_eq!(offers[1].snippet, "xy\nz");
    }

    #[test]
    fn a_wrong_answer_is_told_without_its_words() {
        for (answer, said) in [
            ("<html>secret</html>", "is no JSON"),
            ("", "is no JSON"),
            ("[{\"title\": \"a\"", "is no JSON"),
            ("{\"title\": \"secret\"}", "something else"),
            ("[{\"title\": 5}]", "something else"),
            ("[{\"title\": \"a\", \"score\": \"secret\"}]", "something else"),
            ("[{\"url\": \"https://secret\"}]", "something else"),
            ("\u{0}\u{1}", "is no JSON"),
        ] {
            let why = offers(answer.as_bytes()).expect_err(answer);
            assert!(why.contains(said) && !why.contains("secret"), "{answer}: {why}");
        }
        assert!(offers(&[0xff, 0xfe]).is_err());
        assert!(offers(b"[]").expect("reads").is_empty());
    }
}
