//! Makes text from Telegram harmless, once, where it enters (DESIGN invariant 6).
//!
//! What goes and what stays is [`crate::desk::safe`]'s to say; here formatting moves along with its words, and names are bounded. A *text*
//! keeps newlines and tabs, a *line* (name, title, file name, error) has neither. Making a safe text safe changes nothing.

use std::borrow::Cow;

pub(crate) use crate::desk::safe::line;
use crate::desk::safe::{Fate, Sieve, line_ends, visible};
use crate::desk::thread::{Entity, EntityKind};

/// Longest text, in UTF-16 code units: Telegram's bound for rich messages, eight times that of ordinary ones.
const MAX_TEXT: u32 = 32_768;
/// Longest name or title, in characters: two name fields of 64, or a topic title of 128.
pub(crate) const MAX_NAME: usize = 129;
/// Most entities of one text; Telegram ignores more than 100 on the way in.
const MAX_ENTITIES: usize = 200;
const NO_NAME: &str = "(no name)";

fn harmless_byte(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E | b'\n' | b'\t')
}

/// Makes a text safe (newlines and tabs stay) and moves its formatting along with it. Spans come as (offset, length) in UTF-16 code units; those that
/// end up empty are left out, and none reaches beyond the text or into the middle of a character.
pub(crate) fn text_with_entities(raw: String, spans: Vec<(i32, i32, EntityKind)>) -> (String, Vec<Entity>) {
    // Almost every message takes this path: nothing to change, and every code unit is a byte.
    if raw.len() <= MAX_TEXT as usize && raw.bytes().all(harmless_byte) {
        let end = raw.len() as u32;
        let entities = remap(spans, |offset| offset.min(end));
        return (raw, entities);
    }
    let mut out = String::with_capacity(raw.len().min(MAX_TEXT as usize * 3));
    let mut map = if spans.is_empty() { None } else { Some(Vec::with_capacity(raw.len() + 1)) };
    let mut sieve = Sieve::default();
    let mut units: u32 = 0;
    let mut characters = raw.chars().peekable();
    let mut full = false;
    while let Some(c) = characters.next() {
        if let Some(map) = &mut map {
            map.extend(std::iter::repeat_n(units, c.len_utf16()));
        }
        let Some(c) = line_ends(c, characters.peek()) else { continue };
        if let Fate::Keep(c) = sieve.judge(c) {
            let width = c.len_utf16() as u32;
            full |= units + width > MAX_TEXT;
            if !full {
                out.push(c);
                units += width;
            }
        }
    }
    let entities = match map {
        None => Vec::new(),
        Some(map) => remap(spans, |offset| map.get(offset as usize).copied().unwrap_or(units)),
    };
    (out, entities)
}

fn remap(spans: Vec<(i32, i32, EntityKind)>, new: impl Fn(u32) -> u32) -> Vec<Entity> {
    spans
        .into_iter()
        .take(MAX_ENTITIES)
        .filter_map(|(offset, length, kind)| {
            let start = u32::try_from(offset).ok()?;
            let end = start.checked_add(u32::try_from(length).ok()?)?;
            let (start, end) = (new(start), new(end));
            (end > start).then(|| Entity { offset: start, length: end - start, kind })
        })
        .collect()
}

/// Makes a name or title safe; one of which nothing can be seen becomes "(no name)".
pub(crate) fn name(raw: &str) -> String {
    bounded_name(raw, MAX_NAME)
}

/// Makes the name of a file safe: as a name, but longer, and without anything that would make it a path.
pub(crate) fn file_name(raw: &str) -> String {
    let flat: Cow<'_, str> = if raw.contains(['/', '\\']) { raw.replace(['/', '\\'], "_").into() } else { raw.into() };
    bounded_name(&flat, 255)
}

fn bounded_name(raw: &str, max: usize) -> String {
    let safe = line(raw, max);
    if visible(&safe) { safe } else { NO_NAME.to_owned() }
}

/// Makes a username safe: without `@`, letters, digits and `_` only; `None` if nothing is left.
pub(crate) fn username(raw: &str) -> Option<String> {
    let safe: String = raw.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
    (!safe.is_empty()).then_some(safe)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(raw: String) -> String {
        text_with_entities(raw, Vec::new()).0
    }

    #[test]
    fn escape_sequences_and_bidi_overrides_are_gone() {
        assert_eq!(text("\u{1b}[31mred\u{9b}0m\u{202e}gpj.exe\u{2069}\u{7}".to_owned()), "[31mred0mgpj.exe");
        assert_eq!(name("\u{1b}]0;pwned\u{7}\nAda\tL\u{2028}x"), "]0;pwned Ada L x");
        assert_eq!(name("\u{1}\u{2}\u{1b}"), "(no name)");
        assert_eq!(name("\u{3164}\u{200b} \u{2800}"), "(no name)");
        assert_eq!(file_name("../../etc/passwd"), ".._.._etc_passwd");
    }

    #[test]
    fn emoji_sequences_marks_and_direction_marks_stay() {
        for whole in [
            "👨‍👩‍👧‍👦 ❤️‍🔥 🏳️‍⚧️ 👩🏽‍🚀 1️⃣",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "שָׁלוֹם\u{200f}!",
            "می\u{200c}خواهم",
            "Việt ệ",
            "สวัสดี",
            "नमस्ते",
        ] {
            assert_eq!(text(whole.to_owned()), whole);
            assert_eq!(name(whole), whole);
        }
    }

    #[test]
    fn floods_are_bounded() {
        assert_eq!(text(format!("a{}b", "\u{200b}".repeat(4000))).chars().count(), 4);
        assert_eq!(text(format!("a{}b", "\u{301}".repeat(4000))).chars().count(), 10);
        assert_eq!(name(&"x".repeat(5000)).len(), MAX_NAME);
        assert_eq!(text("👩".repeat(40_000)).encode_utf16().count(), MAX_TEXT as usize);
        assert_eq!(text("🎉".repeat(4096)).chars().count(), 4096);
    }

    #[test]
    fn formatting_moves_with_its_words() {
        let (safe, entities) = text_with_entities(
            "\u{1b}[1m👩 bold\r\nx".to_owned(),
            vec![
                (7, 4, EntityKind::Bold),
                (0, 1, EntityKind::Code),
                (5, 400, EntityKind::Italic),
                (-1, 3, EntityKind::Pre),
            ],
        );
        assert_eq!(safe, "[1m👩 bold\nx");
        let words: Vec<u16> = safe.encode_utf16().collect();
        let at = |e: &Entity| String::from_utf16_lossy(&words[e.offset as usize..(e.offset + e.length) as usize]);
        assert_eq!(entities.iter().map(at).collect::<Vec<_>>(), ["bold", "👩 bold\nx"]);
    }

    fn is_safe(text: &str) -> bool {
        text.chars().all(|c| !crate::desk::safe::forbidden(c))
    }

    proptest! {
        #[test]
        fn safe_text_is_safe_and_stays_as_it_is(raw in ".{0,200}|[\\x00-\\x20\u{80}-\u{9f}\u{200b}-\u{202e}\u{2060}-\u{206f}ab\u{300}-\u{310}👩]{0,200}",
            spans in proptest::collection::vec((-5..250i32, -5..250i32), 0..6)) {
            let spans = spans.into_iter().map(|(offset, length)| (offset, length, EntityKind::Bold)).collect();
            let (safe, entities) = text_with_entities(raw.clone(), spans);
            prop_assert!(is_safe(&safe));
            prop_assert_eq!(text(safe.clone()), safe.clone());
            let units: Vec<u16> = safe.encode_utf16().collect();
            for entity in entities {
                let end = (entity.offset + entity.length) as usize;
                prop_assert!(entity.length > 0 && end <= units.len());
                prop_assert!(String::from_utf16(&units[entity.offset as usize..end]).is_ok());
            }
            let line = name(&raw);
            prop_assert!(is_safe(&line) && !line.contains(['\n', '\t']) && !line.is_empty());
            prop_assert_eq!(name(&line), line);
        }

        #[test]
        fn harmless_text_is_left_alone(raw in "[a-zA-Zа-яА-Я0-9 .,!?\n日本語العربية]{0,100}") {
            prop_assert_eq!(text(raw.clone()), raw);
        }
    }
}
