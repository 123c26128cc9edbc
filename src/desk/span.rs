//! Spans of time as people write them: `14d`, `2h 30m`, `5s`.

use std::time::Duration;

/// The units, largest first, in seconds.
const UNITS: [(&str, u64); 5] = [("w", 7 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Reads a span: numbers with the units w, d, h, m, s, each at most once.
///
/// # Errors
/// Says what is allowed.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("`{}` is no span of time: write for example \"14d\", \"2h 30m\" or \"5s\"", text.escape_debug());
    let mut seconds = 0_u64;
    let mut used = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = rest[digits..].trim_start();
        let (unit, factor) = UNITS.into_iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(wrong)?;
        if used.contains(&unit) {
            return Err(wrong());
        }
        used.push(unit);
        seconds = number.checked_mul(factor).and_then(|part| seconds.checked_add(part)).ok_or_else(wrong)?;
        rest = rest[unit.len()..].trim_start();
    }
    // A hundred years: beyond it, adding to a date would leave the calendar.
    if used.is_empty() || seconds > 100 * 366 * 86_400 { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

/// Writes a span in its two largest units: `3d 4h`, `12m`, `0s`.
pub fn show(span: Duration) -> String {
    let mut left = span.as_secs();
    let mut parts = Vec::new();
    for (unit, factor) in UNITS.into_iter().skip(1) {
        if left >= factor && parts.len() < 2 {
            parts.push(format!("{}{unit}", left / factor));
        }
        left %= factor;
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// Writes a span in all its units, without spaces, so that reading gives the same: `1d2h`; parts of a second are left out.
pub fn exact(span: Duration) -> String {
    let mut left = span.as_secs();
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if left >= factor {
            text.push_str(&format!("{}{unit}", left / factor));
        }
        left %= factor;
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("14d", 1_209_600),
            ("2h 30m", 9_000),
            ("2h30m", 9_000),
            ("5s", 5),
            ("0s", 0),
            ("1w 1d", 691_200),
            (" 90 m ", 5_400),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "5", "h", "5x", "-5s", "5s 3s", "1.5h", "99999999999999999999d", "9999999999d"] {
            assert!(parse(text).expect_err(text).contains("2h 30m"), "{text}");
        }
    }

    #[test]
    fn spans_are_shown_short() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (9_000, "2h 30m"), (273_600, "3d 4h"), (86_405, "1d 5s")]
        {
            assert_eq!(show(Duration::from_secs(seconds)), text);
        }
    }
}
