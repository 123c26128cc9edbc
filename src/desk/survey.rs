//! Surveys: what counts as an answer, from whom, and for how long.
//!
//! A score from 1 to 5 comes by a button or, as presses can be lost and user accounts have no buttons, as a message that says nothing else.
//! It counts for a week after the question, once, and may be changed for a day after the first answer. It is no customer write: it reopens
//! nothing, and nobody waits for an answer to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::MessageId;
use super::ticket::Ticket;
use crate::clock::Timestamp;

/// For so long after the question an answer counts.
pub const COUNTS_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// For so long after the first answer another one takes its place.
pub const CHANGES_FOR: Duration = Duration::from_secs(24 * 3600);

/// The scores there are.
pub const SCORES: std::ops::RangeInclusive<u8> = 1..=5;

/// The newest survey of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// The message that asks.
    pub message: MessageId,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The answer, from 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// When it was first answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
}

impl Survey {
    /// Tells whether an answer counts at `at`.
    pub fn takes(&self, at: Timestamp) -> bool {
        match self.answered_at {
            None => at <= self.asked_at + COUNTS_FOR,
            Some(first) => at <= first + CHANGES_FOR,
        }
    }

    /// Tells when its buttons are of no more use.
    pub fn ends(&self) -> Timestamp {
        self.answered_at.map_or(self.asked_at + COUNTS_FOR, |first| first + CHANGES_FOR)
    }
}

/// Reads a message that is nothing but a score: `4`, `4/5`, `4.`, `4!`, `4️⃣`.
pub fn score_of(text: &str) -> Option<u8> {
    let mut letters = text.trim().chars();
    let score = letters.next()?.to_digit(10).and_then(|digit| u8::try_from(digit).ok())?;
    let rest: String = letters.filter(|c| !matches!(c, '\u{fe0f}' | '\u{20e3}')).collect();
    let rest = rest.trim();
    let plain = rest.is_empty() || rest == "/5" || rest.chars().all(|c| matches!(c, '.' | '!' | ')' | '+'));
    (SCORES.contains(&score) && plain).then_some(score)
}

/// Reads a customer's message as the answer to a ticket's survey.
///
/// Only while nobody works on the ticket and staff has said nothing since: "3" may be the answer to another question.
pub fn answer_in(ticket: &Ticket, text: &str, at: Timestamp) -> Option<u8> {
    let survey = ticket.survey.as_ref().filter(|survey| survey.takes(at))?;
    let other_matter = ticket.standing.status.is_live()
        || ticket.waiting.as_ref().is_some_and(|waiting| waiting.since > survey.asked_at)
        || ticket.staff_wrote_at.is_some_and(|wrote| wrote > survey.asked_at);
    score_of(text).filter(|_| !other_matter)
}

/// Writes what a button of a survey says when it is pressed: of which message of the outbox it is, and the score.
pub fn press_of(outbox: i64, score: u8) -> Vec<u8> {
    format!("survey:{outbox}:{score}").into_bytes()
}

/// Reads what a button has said. Whoever sends it may have made it up.
pub fn read_press(data: &[u8]) -> Option<(i64, u8)> {
    let rest = std::str::from_utf8(data).ok()?.strip_prefix("survey:")?;
    let (outbox, score) = rest.split_once(':')?;
    Some((outbox.parse().ok()?, score.parse().ok().filter(|score| SCORES.contains(score))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_a_message_of_its_own() {
        for (text, score) in [
            ("5", Some(5)),
            (" 1 ", Some(1)),
            ("4/5", Some(4)),
            ("3!", Some(3)),
            ("2.", Some(2)),
            ("5️⃣", Some(5)),
            ("5 !!", Some(5)),
            ("0", None),
            ("6", None),
            ("55", None),
            ("4 lamps", None),
            ("4/10", None),
            ("five", None),
            ("-3", None),
            ("", None),
            ("٣", None),
        ] {
            assert_eq!(score_of(text), score, "{text:?}");
        }
    }

    #[test]
    fn answers_count_for_a_week_and_change_for_a_day() {
        let asked = Timestamp::from_unix(1_795_000_000);
        let day = |days: u32| asked + CHANGES_FOR * days;
        let open = Survey { message: MessageId(1), asked_at: asked, score: None, answered_at: None };
        let answered = Survey { score: Some(4), answered_at: Some(day(5)), ..open.clone() };
        for (survey, at, takes) in [
            (&open, asked, true),
            (&open, day(7), true),
            (&open, day(7) + Duration::from_secs(1), false),
            (&answered, day(6), true),
            (&answered, day(6) + Duration::from_secs(1), false),
        ] {
            assert_eq!(survey.takes(at), takes, "{survey:?} {at}");
        }
        assert_eq!((open.ends(), answered.ends()), (day(7), day(6)));
    }

    #[test]
    fn a_press_says_which_survey_and_which_score() {
        assert_eq!(read_press(&press_of(17, 4)), Some((17, 4)));
        assert!(press_of(i64::MAX, 5).len() <= 64);
        for made_up in [&b"survey:17:9"[..], b"survey:17:0", b"survey:17", b"survey:x:3", b"\xff", b"", b"17:3"] {
            assert_eq!(read_press(made_up), None, "{made_up:?}");
        }
    }
}
