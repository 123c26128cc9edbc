//! What text from outside may contain: one rule for everything that enters the house, from Telegram, from files, from the network.
//!
//! Gone: ESC and all other C0 and C1 controls, bidi overrides, embeddings and isolates, interlinear and deprecated format
//! characters, noncharacters. Bounded: invisible characters (two in a row: enough for every emoji sequence), combining marks
//! (eight on one base), length. Kept: ZWJ inside emoji, LRM, RLM, ALM, variation selectors, tag sequences of flags.

use unicode_width::UnicodeWidthChar;

const MAX_INVISIBLE: u32 = 2;
const MAX_ZERO_WIDTH: u32 = 8;

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep(char),
    /// It goes.
    Drop,
}

/// Judges the characters of a text one after another, and remembers what it has to.
#[derive(Debug, Default)]
pub struct Sieve {
    zero_width: u32,
    invisible: u32,
    tags: u32,
    after_black_flag: bool,
}

/// Tells whether a character may never stay.
pub fn forbidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        | '\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E001F}'
        | '\u{E0080}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}' | '\u{FDD0}'..='\u{FDEF}')
        || (c as u32) & 0xFFFE == 0xFFFE
}

fn invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{2800}' | '\u{E0100}'..='\u{E01EF}')
}

fn tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..='\u{E007F}')
}

impl Sieve {
    /// Judges the next character of the text.
    pub fn judge(&mut self, c: char) -> Fate {
        if forbidden(c) {
            return Fate::Drop;
        }
        if tag(c) {
            self.tags += 1;
            return if self.after_black_flag && self.tags <= MAX_ZERO_WIDTH { Fate::Keep(c) } else { Fate::Drop };
        }
        let unseen = invisible(c);
        if unseen || (c >= '\u{300}' && c.width() == Some(0)) {
            if self.zero_width >= MAX_ZERO_WIDTH || (unseen && self.invisible >= MAX_INVISIBLE) {
                return Fate::Drop;
            }
            self.zero_width += 1;
            self.invisible += u32::from(unseen);
            return Fate::Keep(c);
        }
        *self = Sieve { after_black_flag: c == '\u{1F3F4}', ..Sieve::default() };
        Fate::Keep(c)
    }
}

/// Makes a line end of whatever ends a line; `None`: it belongs to the line end that follows.
pub fn line_ends(c: char, next: Option<&char>) -> Option<char> {
    match c {
        '\r' if next == Some(&'\n') => None,
        '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        c => Some(c),
    }
}

/// Makes a text safe: newlines and tabs stay, and at most `max` characters.
pub fn text(raw: &str, max: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(max * 4));
    let mut sieve = Sieve::default();
    let mut characters = raw.chars().peekable();
    let mut count = 0;
    while let Some(c) = characters.next() {
        let Some(c) = line_ends(c, characters.peek()) else { continue };
        if let Fate::Keep(c) = sieve.judge(c) {
            if count == max {
                break;
            }
            out.push(c);
            count += 1;
        }
    }
    out
}

/// Makes a line safe: white space of any kind becomes one space, ends are trimmed, at most `max` characters stay.
pub fn line(raw: &str, max: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(max * 4));
    let mut sieve = Sieve::default();
    let mut gap = false;
    let mut count = 0;
    for c in raw.chars() {
        if c.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }
        if forbidden(c) {
            continue;
        }
        if gap {
            // A space is a base like any other: marks after it start to count anew.
            let _ = sieve.judge(' ');
        }
        if let Fate::Keep(c) = sieve.judge(c) {
            let room = if gap { 2 } else { 1 };
            if count + room > max {
                break;
            }
            if gap {
                out.push(' ');
            }
            out.push(c);
            count += room;
            gap = false;
        }
    }
    out
}

/// Tells whether something of a line can be seen.
pub fn visible(line: &str) -> bool {
    line.chars().any(|c| !c.is_whitespace() && !invisible(c) && !tag(c) && c.width() != Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_terminal_stays() {
        let hostile = "\u{1b}[31mred\r\n\u{202e}gpj.exe\u{2066}\tx\u{0}\u{9b}2J";
        assert_eq!(text(hostile, 100), "[31mred\ngpj.exe\tx2J");
        assert_eq!(line(hostile, 100), "[31mred gpj.exe x2J");
        assert_eq!(text("abcdef", 3), "abc");
        assert_eq!(text("👨‍👩‍👧 שָׁלוֹם ❤️", 100), "👨‍👩‍👧 שָׁלוֹם ❤️");
        assert_eq!(text(&format!("a{}b", "\u{301}".repeat(500)), 1000).chars().count(), 10);
    }
}
