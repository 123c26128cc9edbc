//! Plain tables and wrapped text for people: no colours, no drawing characters, nothing wider than the terminal.

use std::io::{self, IsTerminal, Write};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Tells how wide lines may be; `None` when nobody looks (a pipe, a file), so nothing is cut.
pub(super) fn width() -> Option<usize> {
    let terminal = io::stdout();
    if !terminal.is_terminal() {
        return None;
    }
    let columns = rustix::termios::tcgetwinsize(&terminal).ok().map(|size| usize::from(size.ws_col));
    Some(columns.filter(|columns| *columns > 0).unwrap_or(80).max(20))
}

/// Makes text harmless once more before a terminal sees it: the store holds only safe text, but a plain `println!` of a
/// file name or an error is a way around it.
pub(super) fn safe(text: &str) -> String {
    let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c == '\n' || !bad(c) { c } else { ' ' }).collect()
}

/// Counts things: `no errors`, `1 error`, `3 errors`.
pub(super) fn count(number: usize, one: &str, several: &str) -> String {
    match number {
        0 => format!("no {several}"),
        1 => format!("1 {one}"),
        number => format!("{number} {several}"),
    }
}

/// Cuts a text to a width in terminal cells.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut out = String::new();
    for cluster in text.graphemes(true) {
        let cells = cluster.width();
        if cells > left {
            break;
        }
        left -= cells;
        out.push_str(cluster);
    }
    out + "…"
}

/// Writes a table: columns as wide as their widest cell, two blanks between them; the last one takes what is left of the
/// terminal, and the widest of the others gives way if that is too little.
pub(super) fn write(out: &mut dyn Write, head: &[&str], rows: &[Vec<String>], width: Option<usize>) -> io::Result<()> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| safe(cell).replace('\n', " ")).collect()).collect();
    let last = head.len().saturating_sub(1);
    let mut widths: Vec<usize> = head.iter().map(|title| title.width()).collect();
    for row in &rows {
        for (cells, cell) in widths.iter_mut().zip(row) {
            *cells = (*cells).max(cell.width());
        }
    }
    if let Some(width) = width {
        let gaps = 2 * last;
        let floor = widths[last].min(20);
        while widths[..last].iter().sum::<usize>() + gaps + floor > width {
            let Some(widest) = widths[..last].iter_mut().max().filter(|cells| **cells > 6) else { break };
            *widest -= 1;
        }
        let taken = widths[..last].iter().sum::<usize>() + gaps;
        widths[last] = widths[last].min(width.saturating_sub(taken).max(4));
    }
    let titles: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for (index, (cell, cells)) in row.iter().zip(&widths).enumerate() {
            let cell = if width.is_some() { cut(cell, *cells) } else { cell.clone() };
            line.push_str(&cell);
            if index < last {
                line.push_str(&" ".repeat(cells.saturating_sub(cell.width()) + 2));
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes a text under a first column: `13:21  Olena K.  Hi, …`, wrapped and indented to the column.
pub(super) fn paragraph(out: &mut dyn Write, lead: &str, text: &str, width: Option<usize>) -> io::Result<()> {
    let lead = safe(lead).replace('\n', " ");
    let indent = lead.width() + 2;
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(16));
    let mut first = true;
    for line in safe(text).lines() {
        let parts = if room == usize::MAX { vec![line.into()] } else { textwrap::wrap(line, room) };
        for part in parts {
            let start = if first { lead.clone() } else { " ".repeat(lead.width()) };
            writeln!(out, "{}", format!("{start}  {part}").trim_end())?;
            first = false;
        }
    }
    if first {
        writeln!(out, "{lead}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(width: usize) -> Vec<String> {
        let rows = vec![
            vec![
                "#1042".to_owned(),
                "Olena with a very long name indeed".to_owned(),
                "日本語のとても長いメッセージです".repeat(3),
            ],
            vec!["#7".to_owned(), "Li".to_owned(), "a\u{1b}[2Jb\u{202e}c\nd".to_owned()],
        ];
        let mut out = Vec::new();
        write(&mut out, &["TICKET", "CUSTOMER", "LAST MESSAGE"], &rows, Some(width)).expect("writes");
        String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [40, 60, 80, 200] {
            for line in lines(width) {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn nothing_that_moves_a_terminal_gets_through() {
        assert!(lines(80)[2].contains("a [2Jb c d"), "{:?}", lines(80));
    }

    #[test]
    fn a_long_text_is_wrapped_under_its_column() {
        let mut out = Vec::new();
        paragraph(&mut out, "13:21  Olena", "one two three four five six seven\n\neight", Some(30)).expect("writes");
        let text = String::from_utf8(out).expect("text");
        assert_eq!(
            text,
            "13:21  Olena  one two three\n              four five six\n              seven\n\n              eight\n"
        );
    }
}
