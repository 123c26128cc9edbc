//! Text in cells: made safe once more, cut, padded and wrapped by what a terminal draws.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// No more characters without a width follow each other: a flood of marks, joiners or spaces of no width stays small.
const MARKS: usize = 8;

/// Tells whether a character may never reach a terminal: controls, what reorders text, and what only hides in it.
fn harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

/// Tells whether a text is as it may be shown, lines apart.
fn is_safe(text: &str, line_end: bool) -> bool {
    let mut run = 0;
    text.chars().all(|c| {
        run = if c.width() == Some(0) { run + 1 } else { 0 };
        run <= MARKS && (!harmful(c) || (line_end && c == '\n'))
    })
}

fn made_safe(text: &str, line_end: bool) -> String {
    let mut run = 0;
    let keep = |c: &char| {
        if harmful(*c) && !(line_end && *c == '\n') {
            return false;
        }
        run = if c.width() == Some(0) { run + 1 } else { 0 };
        run <= MARKS
    };
    text.chars().map(|c| if c == '\t' || (c == '\n' && !line_end) { ' ' } else { c }).filter(keep).collect()
}

/// Makes a text safe for one line of a screen. The text was made safe where it entered the house; this is the last lock.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if is_safe(text, false) { Cow::Borrowed(text) } else { Cow::Owned(made_safe(text, false)) }
}

/// Makes a text of several lines safe.
pub(crate) fn safe_lines(text: &str) -> Cow<'_, str> {
    if is_safe(text, true) { Cow::Borrowed(text) } else { Cow::Owned(made_safe(text, true)) }
}

/// Tells how many cells a safe text takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(cells).sum()
}

/// Tells how many cells one grapheme takes.
fn cells(grapheme: &str) -> usize {
    grapheme.width().min(2)
}

/// Cuts a text to `room` cells, with `…` where something was cut.
pub(crate) fn cut(text: &str, room: usize) -> String {
    let text = safe(text);
    if width(&text) <= room {
        return text.into_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let own = cells(grapheme);
        if used + own + 1 > room {
            break;
        }
        used += own;
        out.push_str(grapheme);
    }
    if room > 0 {
        out.push('…');
    }
    out
}

/// Cuts a text to `room` cells and fills up with spaces to exactly that.
pub(crate) fn fit(text: &str, room: usize) -> String {
    let mut out = cut(text, room);
    let used = width(&out);
    out.extend(std::iter::repeat_n(' ', room.saturating_sub(used)));
    out
}

/// Cuts a text and puts spaces before it, to exactly `room` cells.
pub(crate) fn fit_right(text: &str, room: usize) -> String {
    let out = cut(text, room);
    let used = width(&out);
    format!("{}{out}", " ".repeat(room.saturating_sub(used)))
}

/// Wraps a safe text to lines of at most `room` cells: byte ranges, without the space or line end between two lines.
///
/// Breaks at spaces and after wide characters, and inside a word only if it is longer than a line; never inside a grapheme.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<Range<usize>> {
    let room = room.max(2);
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        wrap_line(line, start, room, &mut lines);
        start += line.len() + 1;
    }
    lines
}

fn wrap_line(line: &str, offset: usize, room: usize, lines: &mut Vec<Range<usize>>) {
    let mut begin = 0;
    let mut used = 0;
    // Where the line could end, and where the next one would begin.
    let mut chance: Option<(usize, usize)> = None;
    for (at, grapheme) in line.grapheme_indices(true) {
        let own = cells(grapheme);
        let space = grapheme == " ";
        if used + own > room && !space {
            let (end, next) = chance.take().unwrap_or((at, at));
            lines.push(offset + begin..offset + end);
            begin = next;
            used = width(&line[begin..at]);
        }
        used += own;
        let after = at + grapheme.len();
        if space {
            // Spaces at the end of a line may hang over its edge.
            chance = match chance {
                Some((end, next)) if next == at => Some((end, after)),
                _ => Some((at, after)),
            };
        } else if own == 2 && used <= room {
            chance = Some((after, after));
        }
    }
    let tail = line[begin..].trim_end_matches(' ').len();
    lines.push(offset + begin..offset + begin + tail);
}

/// Cuts every line of a multi-line text for a preview.
pub(crate) fn wrapped(text: &str, room: usize) -> Vec<String> {
    let text = safe_lines(text);
    wrap(&text, room).into_iter().map(|range| text[range].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_wide_characters() {
        for (text, room, expected) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("one  two", 4, vec!["one", "two"]),
            ("abcdefgh", 3, vec!["abc", "def", "gh"]),
            ("a\n\nb", 5, vec!["a", "", "b"]),
            ("東京都庁", 5, vec!["東京", "都庁"]),
            ("x 東京都", 4, vec!["x 東", "京都"]),
            ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 4, vec!["👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]),
            ("", 5, vec![""]),
        ] {
            assert_eq!(wrapped(text, room), expected, "{text:?} in {room}");
        }
    }

    #[test]
    fn nothing_is_wider_than_its_room() {
        for text in
            ["hello world, 東京 is big", "a🙂🙂🙂🙂b", "مرحبا كيف حالك اليوم", "e\u{301}e\u{301}e\u{301}e\u{301}"]
        {
            for room in 2..12 {
                for line in wrapped(text, room) {
                    assert!(width(&line) <= room, "{line:?} in {room}");
                }
                assert!(width(&cut(text, room)) <= room);
                assert_eq!(width(&fit(text, room)), room);
            }
        }
    }

    #[test]
    fn harmful_characters_do_not_pass() {
        assert_eq!(safe("a\u{1b}[31mb\u{202e}c\u{9b}d\ne"), "a[31mbcd e");
        assert_eq!(safe_lines("a\u{7}\nb\r"), "a\nb");
        let flood = format!("e{}", "\u{301}".repeat(4000));
        assert!(cut(&flood, 10).chars().count() <= MARKS + 1);
        assert_eq!(safe(&format!("a{}b", "\u{200b}".repeat(1000))), "ab");
        assert!(safe(&"\u{200d}".repeat(1000)).chars().count() <= MARKS);
        for kept in ["👨‍👩‍👧‍👦", "می‌خواهم", "a\u{200f}b", "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"]
        {
            assert_eq!(safe(kept), kept);
        }
    }
}
