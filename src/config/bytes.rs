//! Sizes as people write them: `500 MB`, `2GB`.

/// The units; a plain number is bytes.
const UNITS: [(&str, u64); 5] =
    [("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("tb", 1_000_000_000_000), ("b", 1)];

/// Reads a size; `None` if it is none.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let (number, factor) = match UNITS.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor))) {
        Some((number, factor)) => (number.trim_end(), factor),
        None => (text.as_str(), 1),
    };
    let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in [
            ("500 MB", Some(500_000_000)),
            ("2gb", Some(2_000_000_000)),
            ("0", Some(0)),
            ("12 b", Some(12)),
            ("1 tb", Some(1_000_000_000_000)),
            ("", None),
            ("mb", None),
            ("-1", None),
            ("1.5 GB", None),
            ("99999999999 TB", None),
            ("5 sheep", None),
        ] {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }
}
