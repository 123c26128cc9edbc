//! The two small words of a world file: [`Span`], a time before the start, and [`Key`], a person's name in the file.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A span of time in whole seconds, written `"2w 3d 4h 5m 6s"` (any of these parts, in this order).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(u32);

impl Span {
    /// Makes a span from seconds.
    pub const fn secs(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Tells the whole seconds.
    pub const fn as_secs(self) -> u32 {
        self.0
    }

    /// Converts to the standard library's span.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }

    /// Parses `"3d 4h"`; the answer to anything else is what would have been right.
    ///
    /// # Errors
    /// Tells the part that is not a number with one of the units w, d, h, m, s.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut seconds = 0u64;
        for part in text.split_whitespace() {
            let unit = match part.as_bytes()[part.len() - 1] {
                b'w' => 604_800,
                b'd' => 86_400,
                b'h' => 3_600,
                b'm' => 60,
                b's' => 1,
                _ => return Err(format!("`{part}` is no span of time; write for example \"3d 4h\" or \"90s\"")),
            };
            let number: u64 = part[..part.len() - 1]
                .parse()
                .map_err(|_| format!("`{part}` is no span of time; write for example \"3d 4h\" or \"90s\""))?;
            seconds = seconds.saturating_add(number.saturating_mul(unit));
        }
        if text.trim().is_empty() {
            return Err("an empty span of time; write for example \"3d 4h\" or \"90s\"".to_owned());
        }
        u32::try_from(seconds).map(Span).map_err(|_| format!("`{text}` is longer than 136 years"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut first = true;
        for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            let count = rest / length;
            rest %= length;
            if count > 0 || (unit == "s" && first) {
                write!(f, "{}{count}{unit}", if first { "" } else { " " })?;
                first = false;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Span::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// The name by which a world file calls a person, such as `anna`. Clones share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// Makes a key.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Borrows the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}
