//! Keys as the desk sees them: what was pressed, how it is written in `desk.toml`, and its place on a Latin keyboard.

use std::fmt;

/// What was pressed, without modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum KeyCode {
    /// A character, as typed: `G` is Shift and g.
    Char(char),
    /// A function key.
    F(u8),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
}

/// A key with its modifiers. Shift is named only where the character does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    /// What was pressed.
    pub(crate) code: KeyCode,
    /// With Ctrl.
    pub(crate) ctrl: bool,
    /// With Alt, which is also Esc followed by the key.
    pub(crate) alt: bool,
    /// With Shift.
    pub(crate) shift: bool,
}

const NAMED: [(&str, KeyCode); 15] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
];

impl Key {
    /// Makes a key without modifiers.
    pub(crate) const fn plain(code: KeyCode) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    /// Makes a character without modifiers.
    pub(crate) const fn char(c: char) -> Key {
        Key::plain(KeyCode::Char(c))
    }

    /// Makes Ctrl and a character.
    pub(crate) const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: true, alt: false, shift: false }
    }

    /// Tells the character that this key types into a text field; `None` for everything that is not text.
    pub(crate) fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt && !c.is_control() => Some(c),
            _ => None,
        }
    }

    /// Finds the Latin key at the same place of the keyboard; `None` for keys that are Latin already.
    pub(crate) fn latin(self) -> Option<Key> {
        match self.code {
            KeyCode::Char(c) => latin(c).map(|c| Key { code: KeyCode::Char(c), ..self }),
            _ => None,
        }
    }

    /// Parses one key: `j`, `G`, `C-j`, `A-Enter`, `S-Tab`, `F5`, `Space`.
    ///
    /// # Errors
    /// Tells what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Key, String> {
        let mut rest = text;
        let mut key = Key::plain(KeyCode::Esc);
        loop {
            let mut parts = rest.chars();
            let modifier = match (parts.next(), parts.next(), parts.next()) {
                (Some(modifier), Some('-'), Some(_)) => modifier,
                _ => break,
            };
            match modifier {
                'C' => key.ctrl = true,
                'A' | 'M' => key.alt = true,
                'S' => key.shift = true,
                _ => return Err(format!("`{text}`: a modifier is C-, A- or S-")),
            }
            rest = &rest[2..];
        }
        key.code = if let Some((_, code)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest)) {
            *code
        } else if let Some(number) = rest.strip_prefix('F').and_then(|number| number.parse::<u8>().ok()) {
            if !(1..=24).contains(&number) {
                return Err(format!("`{text}`: function keys go from F1 to F24"));
            }
            KeyCode::F(number)
        } else {
            let mut chars = rest.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if !c.is_control() => KeyCode::Char(c),
                _ => return Err(format!("`{text}` is no key: write a, C-a, A-a, F5, Enter, Space, …")),
            }
        };
        if let KeyCode::Char(c) = key.code {
            if key.ctrl {
                key.code = KeyCode::Char(c.to_ascii_lowercase());
            } else if key.shift {
                key.code = KeyCode::Char(c.to_ascii_uppercase());
            }
            key.shift = false;
        }
        Ok(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, prefix) in [(self.ctrl, "C-"), (self.alt, "A-"), (self.shift, "S-")] {
            if on {
                f.write_str(prefix)?;
            }
        }
        match self.code {
            KeyCode::F(number) => write!(f, "F{number}"),
            KeyCode::Char(c) if c != ' ' => write!(f, "{c}"),
            code => f.write_str(NAMED.iter().find(|(_, named)| *named == code).map_or("?", |(name, _)| name)),
        }
    }
}

/// Parses a sequence of keys with spaces between them: `g m`.
///
/// # Errors
/// Tells which key is wrong, and why.
pub(crate) fn parse_sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys = text.split_whitespace().map(Key::parse).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err("no key; write \"none\" to unbind".to_owned()) } else { Ok(keys) }
}

/// Writes a sequence as it is parsed.
pub(crate) fn sequence_text(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

/// What the keys of a layout type, row by row from the key left of `1`, beside the Latin characters of those places.
const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>";
const RUSSIAN: &str = "йцукенгшщзхъфывапролджэячсмитьбюЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ";
/// Letters that other Cyrillic layouts have where Russian has another.
const UKRAINIAN: [(char, char); 10] = [
    ('і', 's'),
    ('ї', ']'),
    ('є', '\''),
    ('І', 'S'),
    ('Ї', '}'),
    ('Є', '"'),
    ('ў', 'o'),
    ('Ў', 'O'),
    ('ё', '`'),
    ('Ё', '~'),
];
const GREEK: &str = "ςερτυθιοπασδφγηξκλζχψωβνμ";
const GREEK_LATIN: &str = "wertyuiopasdfghjklzxcvbnm";
const GREEK_UPPER: &str = "ΕΡΤΥΘΙΟΠΑΣΔΦΓΗΞΚΛΖΧΨΩΒΝΜ";
const HEBREW: &str = "קראטוןםפשדגכעיחלךזסבהנמצ";
const HEBREW_LATIN: &str = "ertyuiopasdfghjklzxcvbnm";

fn latin(c: char) -> Option<char> {
    if c.is_ascii() {
        return None;
    }
    let by_place = |layout: &str, places: &str| {
        layout.chars().position(|own| own == c).and_then(|place| places.chars().nth(place))
    };
    UKRAINIAN
        .iter()
        .find(|(own, _)| *own == c)
        .map(|(_, latin)| *latin)
        .or_else(|| by_place(RUSSIAN, LATIN))
        .or_else(|| by_place(GREEK, GREEK_LATIN))
        .or_else(|| by_place(GREEK_UPPER, &GREEK_LATIN.to_uppercase()[1..]))
        .or_else(|| by_place(HEBREW, HEBREW_LATIN))
        .or(if c == '№' { Some('#') } else { None })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_a_key_or_a_complaint(text in prop_oneof![".{0,12}", "([CAS]-){0,3}(F?[0-9]{1,3}|[!-~я]|Tab|Esc|Space)( [a-z])?"]) {
            if let Ok(keys) = parse_sequence(&text) {
                let said = sequence_text(&keys);
                let again = parse_sequence(&said);
                prop_assert_eq!(again.as_ref(), Ok(&keys), "{:?} says itself as {:?}", text, said);
            }
        }
    }

    #[test]
    fn keys_are_written_as_they_are_parsed() {
        for text in ["j", "G", "C-j", "A-Enter", "S-Tab", "F5", "Space", "g m", "C-x C-e", "[", "-", "C--", ";"] {
            assert_eq!(sequence_text(&parse_sequence(text).expect(text)), text);
        }
        assert_eq!(Key::parse("C-J"), Key::parse("C-j"));
        assert_eq!(Key::parse("S-g"), Ok(Key::char('G')));
        for wrong in ["", "X-j", "F0", "F99", "foo"] {
            assert!(parse_sequence(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn layouts_map_by_place() {
        for (typed, place) in [
            ('с', 'c'),
            ('к', 'r'),
            ('ч', 'x'),
            ('О', 'J'),
            ('і', 's'),
            ('ж', ';'),
            ('ю', '.'),
            ('ψ', 'c'),
            ('χ', 'x'),
            ('Χ', 'X'),
            ('ρ', 'r'),
            ('ב', 'c'),
            ('ס', 'x'),
            ('ר', 'r'),
        ] {
            assert_eq!(Key::char(typed).latin(), Some(Key::char(place)), "{typed}");
        }
        assert_eq!(Key::char('x').latin(), None);
        assert_eq!(Key::char('é').latin(), None);
        assert_eq!(RUSSIAN.chars().count(), LATIN.chars().count());
        assert_eq!(GREEK.chars().count(), GREEK_LATIN.chars().count());
        assert_eq!(HEBREW.chars().count(), HEBREW_LATIN.chars().count());
    }
}
