//! From the bytes of a terminal to keys, pastes and clicks.
//!
//! The desk reads the terminal itself: one `read` gives one slice, and what arrived together is seen together. `ESC x`
//! in one slice is Alt-x (Esc is the Alt prefix); `ESC` alone in a slice is Esc.

use super::keys::{Key, KeyCode};

/// What a terminal sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A key.
    Key(Key),
    /// A bracketed paste.
    Paste(String),
    /// A click with the left button: column and row from 0.
    Click(u16, u16),
    /// The wheel, in lines; negative is up.
    Wheel(i16),
}

/// Decodes slices of bytes; keeps what is not complete yet.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    rest: Vec<u8>,
    paste: Option<Vec<u8>>,
}

const PASTE_END: &[u8] = b"\x1b[201~";
/// No paste is kept beyond this; the rest of it is dropped.
const PASTE_LIMIT: usize = 256 * 1024;

impl Decoder {
    /// Takes what one read gave, and tells what it means.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        let mut inputs = Vec::new();
        self.rest.extend_from_slice(bytes);
        let buffer = std::mem::take(&mut self.rest);
        let mut at = 0;
        while at < buffer.len() {
            let here = &buffer[at..];
            if let Some(paste) = &mut self.paste {
                if let Some(end) = find(here, PASTE_END) {
                    paste.extend_from_slice(&here[..end]);
                    at += end + PASTE_END.len();
                    inputs.push(Input::Paste(pasted(paste)));
                    self.paste = None;
                } else {
                    let keep = (0..PASTE_END.len()).rev().find(|n| here.ends_with(&PASTE_END[..*n])).unwrap_or(0);
                    paste.extend_from_slice(&here[..here.len() - keep]);
                    paste.truncate(PASTE_LIMIT);
                    self.rest = here[here.len() - keep..].to_vec();
                    return inputs;
                }
                continue;
            }
            match decode(here) {
                Step::Input(input, used) => {
                    inputs.push(input);
                    at += used;
                }
                Step::PasteBegins(used) => {
                    self.paste = Some(Vec::new());
                    at += used;
                }
                Step::Nothing(used) => at += used,
                Step::Incomplete => {
                    self.rest = here.to_vec();
                    return inputs;
                }
            }
        }
        inputs
    }
}

enum Step {
    Input(Input, usize),
    PasteBegins(usize),
    Nothing(usize),
    Incomplete,
}

fn key(key: Key, used: usize) -> Step {
    Step::Input(Input::Key(key), used)
}

fn decode(bytes: &[u8]) -> Step {
    match bytes[0] {
        0x1b => escape(bytes),
        b'\r' => key(Key::plain(KeyCode::Enter), 1),
        b'\t' => key(Key::plain(KeyCode::Tab), 1),
        0x7f => key(Key::plain(KeyCode::Backspace), 1),
        0x00 => key(Key::ctrl(' '), 1),
        byte @ 0x01..=0x1a => key(Key::ctrl(char::from(byte - 1 + b'a')), 1),
        byte @ 0x1c..=0x1f => key(Key::ctrl(char::from(byte - 0x1c + b'4')), 1),
        _ => match text(bytes) {
            Text::Char(c, used) => key(Key::char(c), used),
            Text::Incomplete => Step::Incomplete,
            Text::Wrong => Step::Nothing(1),
        },
    }
}

enum Text {
    Char(char, usize),
    Incomplete,
    Wrong,
}

fn text(bytes: &[u8]) -> Text {
    let length = match bytes[0] {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Text::Wrong,
    };
    if bytes.len() < length {
        let plausible = bytes[1..].iter().all(|byte| byte & 0xc0 == 0x80);
        return if plausible { Text::Incomplete } else { Text::Wrong };
    }
    match std::str::from_utf8(&bytes[..length]).ok().and_then(|text| text.chars().next()) {
        Some(c) if !c.is_control() => Text::Char(c, length),
        _ => Text::Wrong,
    }
}

fn escape(bytes: &[u8]) -> Step {
    match bytes.get(1) {
        None => key(Key::plain(KeyCode::Esc), 1),
        Some(0x1b) => key(Key::plain(KeyCode::Esc), 1),
        Some(b'[') => csi(bytes),
        Some(b'O') => match bytes.get(2).map(|byte| (byte, arrow(*byte))) {
            Some((_, Some(code))) => key(Key::plain(code), 3),
            Some((b'M', _)) => key(Key::plain(KeyCode::Enter), 3),
            Some((byte @ b'P'..=b'S', _)) => key(Key::plain(KeyCode::F(byte - b'P' + 1)), 3),
            _ => key(Key { alt: true, ..Key::char('O') }, 2),
        },
        Some(_) => match decode(&bytes[1..]) {
            Step::Input(Input::Key(inner), used) => key(Key { alt: true, ..inner }, used + 1),
            Step::Incomplete => Step::Incomplete,
            _ => Step::Nothing(2),
        },
    }
}

fn arrow(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        _ => return None,
    })
}

fn csi(bytes: &[u8]) -> Step {
    let Some(last) = bytes[2..].iter().position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 2) else {
        return match bytes.len() {
            2 => key(Key { alt: true, ..Key::char('[') }, 2),
            3..64 => Step::Incomplete,
            _ => Step::Nothing(bytes.len()),
        };
    };
    let used = last + 1;
    let body = std::str::from_utf8(&bytes[2..last]).unwrap_or_default();
    if let Some(mouse) = body.strip_prefix('<') {
        return mouse_step(mouse, bytes[last] == b'M', used);
    }
    let numbers: Vec<u32> =
        body.split(';').map(|part| part.split(':').next().and_then(|n| n.parse().ok()).unwrap_or(0)).collect();
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let modified = |code: KeyCode, modifiers: u32| {
        let bits = modifiers.saturating_sub(1);
        Key { code, shift: bits & 1 != 0, alt: bits & 2 != 0, ctrl: bits & 4 != 0 }
    };
    match bytes[last] {
        b'Z' => key(Key { shift: true, ..Key::plain(KeyCode::Tab) }, used),
        byte if arrow(byte).is_some() => match arrow(byte) {
            Some(code) => key(modified(code, number(1)), used),
            None => Step::Nothing(used),
        },
        byte @ b'P'..=b'S' => key(modified(KeyCode::F(byte - b'P' + 1), number(1)), used),
        b'~' => {
            let code = match number(0) {
                200 => return Step::PasteBegins(used),
                1 | 7 => KeyCode::Home,
                2 => KeyCode::Insert,
                3 => KeyCode::Delete,
                4 | 8 => KeyCode::End,
                5 => KeyCode::PageUp,
                6 => KeyCode::PageDown,
                n @ 11..=15 => KeyCode::F((n - 10) as u8),
                n @ 17..=21 => KeyCode::F((n - 11) as u8),
                n @ 23..=24 => KeyCode::F((n - 12) as u8),
                _ => return Step::Nothing(used),
            };
            key(modified(code, number(1)), used)
        }
        b'u' => match char::from_u32(number(0)) {
            Some('\r') => key(modified(KeyCode::Enter, number(1)), used),
            Some('\t') => key(modified(KeyCode::Tab, number(1)), used),
            Some('\x1b') => key(modified(KeyCode::Esc, number(1)), used),
            Some('\x7f') => key(modified(KeyCode::Backspace, number(1)), used),
            Some(c) if !c.is_control() => key(Key { shift: false, ..modified(KeyCode::Char(c), number(1)) }, used),
            _ => Step::Nothing(used),
        },
        _ => Step::Nothing(used),
    }
}

fn mouse_step(body: &str, pressed: bool, used: usize) -> Step {
    let numbers: Vec<u16> = body.split(';').map(|part| part.parse().unwrap_or(0)).collect();
    match numbers[..] {
        [0, column, row] if pressed => Step::Input(Input::Click(column.saturating_sub(1), row.saturating_sub(1)), used),
        [64, ..] => Step::Input(Input::Wheel(-3), used),
        [65, ..] => Step::Input(Input::Wheel(3), used),
        _ => Step::Nothing(used),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Makes a paste into text: line ends as `\n`, no other control characters.
fn pasted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_in_any_slices_are_survived(
            slices in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..24),
                    Just(b"\x1b[200~".to_vec()),
                    Just(PASTE_END.to_vec()),
                    Just(b"\x1b[<0;3;".to_vec()),
                ],
                0..24,
            ),
        ) {
            let mut decoder = Decoder::default();
            for slice in &slices {
                for input in decoder.feed(slice) {
                    if let Input::Paste(text) = input {
                        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text);
                    }
                }
            }
            // Whatever was begun ends with the end of a paste and a key: nothing is kept for ever.
            decoder.feed(PASTE_END);
            let last = decoder.feed(b"q");
            prop_assert!(decoder.rest.len() < 64 && !last.is_empty(), "{:?} {:?}", decoder, last);
        }

        #[test]
        fn what_is_typed_is_what_is_read(text in "[ -~а-яґ日本]{0,40}") {
            let typed: String = Decoder::default()
                .feed(text.as_bytes())
                .into_iter()
                .filter_map(|input| match input {
                    Input::Key(key) => key.text(),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(typed, text);
        }
    }

    fn keys(bytes: &[u8]) -> Vec<String> {
        Decoder::default()
            .feed(bytes)
            .into_iter()
            .map(|input| match input {
                Input::Key(key) => key.to_string(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn bytes_to_keys() {
        for (bytes, expected) in [
            (&b"jG"[..], vec!["j", "G"]),
            (b"\x1b", vec!["Esc"]),
            (b"\x1bx", vec!["A-x"]),
            (b"\x1b\r", vec!["A-Enter"]),
            (b"\x1b\x1b", vec!["Esc", "Esc"]),
            (b"\n", vec!["C-j"]),
            (b"\r", vec!["Enter"]),
            (b"\x1b[A\x1b[1;5D\x1bOB", vec!["Up", "C-Left", "Down"]),
            (b"\x1b[15~\x1bOP", vec!["F5", "F1"]),
            (b"\x1b[Z\x1b[3~", vec!["S-Tab", "Delete"]),
            (b"\x1b[120;5u", vec!["C-x"]),
            ("ж😀".as_bytes(), vec!["ж", "😀"]),
            (b"\xff\x9b", vec![]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_paste_may_come_in_pieces_and_carries_no_control_characters() {
        let mut decoder = Decoder::default();
        let mut inputs = Vec::new();
        for piece in [&b"\x1b[20"[..], b"0~one\r\ntwo\x1b[31m\x07", b"\x1b[2", b"01~x"] {
            inputs.extend(decoder.feed(piece));
        }
        assert_eq!(inputs, [Input::Paste("one\ntwo[31m".to_owned()), Input::Key(Key::char('x'))]);
    }

    #[test]
    fn a_character_may_come_in_pieces() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.feed(&"ж".as_bytes()[..1]), []);
        assert_eq!(decoder.feed(&"ж".as_bytes()[1..]), [Input::Key(Key::char('ж'))]);
    }
}
