//! What a text must be to leave the desk.

use crate::desk::command::Refusal;
use crate::desk::split::{LONGEST, MOST_PARTS};

/// A longer text is no reply, in however many messages.
const MOST: usize = LONGEST * MOST_PARTS;

/// Refuses a text that Telegram would refuse, or that still has a placeholder to be filled.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::EmptyText);
    }
    let length = text.encode_utf16().count();
    if length > MOST {
        return Err(Refusal::TooLong(length, MOST));
    }
    match unfilled(text) {
        Some(placeholder) => Err(Refusal::Unfilled(placeholder.to_owned())),
        None => Ok(()),
    }
}

/// Finds the first `{{?question}}` or `{{some.name}}`; braces around anything else are the agent's own words.
fn unfilled(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let inside = &rest[start + 2..];
        let end = inside.find("}}")?;
        if is_placeholder(inside[..end].trim()) {
            return Some(&rest[start..start + 2 + end + 2]);
        }
        // On by one brace only: `{{{?a}}` has a placeholder too.
        rest = &rest[start + 1..];
    }
    None
}

fn is_placeholder(name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    match name.strip_prefix('?') {
        Some(question) => !question.contains('\n'),
        None => name.starts_with(char::is_alphabetic) && name.chars().all(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found() {
        for (text, found) in [
            ("Hello {{customer.first_name}}!", Some("{{customer.first_name}}")),
            ("Order {{?order number}} and {{?date}}", Some("{{?order number}}")),
            ("{{ ticket.id }}", Some("{{ ticket.id }}")),
            ("{{{?a}}", Some("{{?a}}")),
            ("{{1 + 2}} then {{?b}}", Some("{{?b}}")),
            ("{{}} {{ }} {{1 + 2}} {{open", None),
            ("{ {?a} } }}{{", None),
        ] {
            assert_eq!(unfilled(text), found, "{text}");
        }
    }

    #[test]
    fn the_limit_is_ten_of_telegrams() {
        assert_eq!(check(&"я".repeat(MOST)), Ok(()));
        assert_eq!(check(&"я".repeat(MOST + 1)), Err(Refusal::TooLong(MOST + 1, MOST)));
        assert_eq!(check(&"🙂".repeat(MOST / 2 + 1)), Err(Refusal::TooLong(MOST + 2, MOST)));
        assert_eq!(check(" \n\t"), Err(Refusal::EmptyText));
    }
}
