//! CSV for spreadsheets: RFC 4180, with what a spreadsheet would take for a formula made harmless.

use std::io::{self, Write};

/// Writes rows of cells.
pub(super) struct Sheet<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Sheet<W> {
    /// Begins.
    pub(super) fn new(out: W) -> Self {
        Sheet { writer: csv::WriterBuilder::new().from_writer(out) }
    }

    /// Writes the names of the columns.
    pub(super) fn head(&mut self, names: &[&str]) -> io::Result<()> {
        self.writer.write_record(names).map_err(io_error)
    }

    /// Writes a cell whose text somebody else has chosen.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_field(harmless(text)).map_err(io_error)
    }

    /// Writes a cell that the desk has made: a number, a date, a word of its own.
    pub(super) fn plain(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_field(text).map_err(io_error)
    }

    /// Ends the row.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.writer.write_record(None::<&[u8]>).map_err(io_error)
    }

    /// Ends the table.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Puts `'` before what a spreadsheet would calculate (OWASP, *CSV Injection*): `=`, `+`, `-`, `@`, their wide forms, a tab or line end,
/// also after blanks, which some programs skip.
fn harmless(text: &str) -> String {
    let first = text.trim_start_matches(' ').chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+49 170", "'+49 170"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =HYPERLINK(\"x\")", "'  =HYPERLINK(\"x\")"),
            ("\tx", "'\tx"),
            ("＝1", "'＝1"),
            ("a=b", "a=b"),
            ("", ""),
            ("'quoted", "'quoted"),
        ] {
            assert_eq!(harmless(text), cell, "{text}");
        }
    }

    #[test]
    fn cells_come_back_as_they_went() {
        let mut out = Vec::new();
        let mut sheet = Sheet::new(&mut out);
        sheet.head(&["a", "b"]).expect("writes");
        sheet.text("a \"quoted\", long\nline").expect("writes");
        sheet.plain("-7").expect("writes");
        sheet.end().expect("writes");
        sheet.finish().expect("writes");
        assert_eq!(String::from_utf8(out).expect("text"), "a,b\n\"a \"\"quoted\"\", long\nline\",-7\n");
    }
}
