//! Reading what must be text: where it is not, the line is told.

use std::io;
use std::path::Path;

/// Reads a file.
///
/// # Errors
/// The system's; the first line that is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    text(std::fs::read(path)?)
}

/// Takes bytes as text.
///
/// # Errors
/// The first line that is not UTF-8.
pub fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        let what = format!("line {line} is not UTF-8: save it as UTF-8");
        io::Error::new(io::ErrorKind::InvalidData, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_is_no_text_is_named() {
        assert_eq!(text("привіт\n".into()).expect("is text"), "привіт\n");
        let said = text(b"good\n\nb\xe4d\n".to_vec()).expect_err("is none").to_string();
        assert_eq!(said, "line 3 is not UTF-8: save it as UTF-8");
    }
}
