//! Long texts: in parts that Telegram takes, cut where a reader pauses.

/// Telegram's limit for a message (`config.message_length_max`), counted in UTF-16 code units to be on the safe side.
pub const LONGEST: usize = 4096;

/// Telegram's limit for the text that stands with a file, counted alike.
pub const CAPTION: usize = 1024;

/// More parts than this are no reply.
pub const MOST_PARTS: usize = 10;

/// Cuts a text into parts of at most `longest` UTF-16 code units: between paragraphs, else lines, else words, else characters.
///
/// Only white space at the cuts is left out. A cut makes no part shorter than half the limit as long as there is another place.
pub fn split(text: &str, longest: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some(end) = too_long(rest, longest) {
        let cut = cut(&rest[..end], &rest[end..]);
        parts.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// Tells where the text must have been cut; `None`: it fits.
fn too_long(text: &str, longest: usize) -> Option<usize> {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > longest {
            // A limit below one character would never end.
            return Some(at.max(text.chars().next().map_or(0, char::len_utf8)));
        }
    }
    None
}

/// Tells the best place to cut `head`, after which `tail` goes on.
fn cut(head: &str, tail: &str) -> usize {
    let tail_pauses = tail.starts_with(char::is_whitespace);
    let half = head.len() / 2;
    let paragraph = head.rfind("\n\n").filter(|at| *at >= half);
    let line = || head.rfind('\n').filter(|at| *at >= half);
    let word = || if tail_pauses { Some(head.len()) } else { head.rfind(char::is_whitespace).filter(|at| *at >= half) };
    if tail.starts_with('\n') {
        return paragraph.unwrap_or(head.len());
    }
    paragraph.or_else(line).or_else(word).unwrap_or_else(|| whole(head, tail))
}

/// Goes back to the beginning of what is one sign to a reader: emoji that are joined, letters with their marks.
fn whole(head: &str, tail: &str) -> usize {
    let mut cut = head.len();
    let mut next = tail.chars().next();
    for (at, c) in head.char_indices().rev().take(16) {
        if !next.is_some_and(clings) && c != JOINER {
            return cut;
        }
        (cut, next) = (at, Some(c));
    }
    head.len()
}

const JOINER: char = '\u{200d}';

fn clings(c: char) -> bool {
    matches!(c, JOINER | '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_where_a_reader_pauses() {
        for (text, longest, parts) in [
            ("short", 5, vec!["short"]),
            ("one two three", 8, vec!["one two", "three"]),
            ("one two", 3, vec!["one", "two"]),
            ("a line\nanother one", 12, vec!["a line", "another one"]),
            ("first.\n\nsecond line\nthird", 20, vec!["first.\n\nsecond line", "third"]),
            ("first par\n\nline 2\nline 3", 18, vec!["first par", "line 2\nline 3"]),
            ("unbroken", 3, vec!["unb", "rok", "en"]),
            ("🙂🙂🙂", 4, vec!["🙂🙂", "🙂"]),
            ("ab👩\u{200d}👧", 6, vec!["ab", "👩\u{200d}👧"]),
            ("aaae\u{301}x", 4, vec!["aaa", "e\u{301}x"]),
            ("  \n ", 5, vec![]),
        ] {
            assert_eq!(split(text, longest), parts, "{text:?} in {longest}");
        }
    }

    #[test]
    fn a_short_beginning_is_no_part_of_its_own() {
        let text = format!("Hi,\n\n{}", "word ".repeat(20));
        let parts = split(&text, 60);
        assert!(parts[0].len() > 30, "{parts:?}");
    }

    #[test]
    fn nothing_but_white_space_is_lost_whatever_the_text() {
        let texts = ["я".repeat(5000), "long word ".repeat(900), "a\n\nb\n\n".repeat(2000), "👨‍👩‍👧‍👦 ".repeat(700)];
        for text in texts {
            let parts = split(&text, LONGEST);
            assert!(parts.len() > 1);
            assert!(parts.iter().all(|part| part.encode_utf16().count() <= LONGEST && !part.is_empty()));
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(bare(&parts.concat()), bare(&text));
        }
    }
}
