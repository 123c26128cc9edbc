//! The outgoing guard: what should not leave the desk by mistake.
//!
//! It looks for card numbers, for what looks like a secret, and for the patterns that the desk has banned. It never decides for
//! the agent: what it finds is shown, masked, and goes out when the agent says so ([`Along::confirmed`](super::along::Along)). The
//! engine asks it for every text that leaves ([`Guard::allows`]), so no screen and no command can leave it out. What it finds is
//! masked where it is found: nothing that holds a finding holds the text.

use std::fmt;
use std::sync::{Arc, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::command::{Command, Refusal};

/// A pattern may not become larger than this when it is compiled, in bytes.
const PATTERN_SIZE: usize = 1 << 20;
/// More findings than this are not told one by one.
const MOST: usize = 8;
/// A word of letters and digits that is as long as this may be a key.
const KEY_LENGTH: usize = 32;
/// So many bits a letter has a word that nobody has written by hand. Random Base64 of that length has over 4.
const KEY_BITS: f64 = 3.9;

/// What the guard looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Numbers of payment cards.
    pub card_numbers: bool,
    /// Keys, tokens, passwords as far as they can be known by their looks.
    pub secrets: bool,
    /// Links, wallet addresses, words that must not go out.
    #[serde(default)]
    pub banned: Vec<Pattern>,
}

impl Default for Guard {
    fn default() -> Self {
        Guard { card_numbers: true, secrets: true, banned: Vec::new() }
    }
}

/// A regular expression, case aside. It is compiled when it is first used, and once for all copies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Pattern {
    text: String,
    compiled: Arc<OnceLock<Option<Regex>>>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Pattern { text, compiled: Arc::default() }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// It is no regular expression, is too large, or matches everything.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let compiled = compile(text).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
            // The last line of the report says it in words; the ones above draw it.
            other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        })?;
        if compiled.is_match("") {
            return Err("it matches every text".to_owned());
        }
        Ok(Pattern { text: text.to_owned(), compiled: Arc::new(OnceLock::from(Some(compiled))) })
    }

    /// Tells the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile(&self.text).ok()).as_ref()
    }
}

fn compile(text: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(PATTERN_SIZE).build()
}

/// Something that should not leave by mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it looks like.
    pub what: Suspicion,
    /// A part of it, for the agent to find it by; never the whole.
    pub masked: String,
}

/// What something looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspicion {
    /// A payment card's number.
    Card,
    /// A private key.
    PrivateKey,
    /// A key or token of some service.
    Token,
    /// A long random word.
    Random,
    /// What the desk has banned.
    Banned,
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Suspicion::Card => "a card number",
            Suspicion::PrivateKey => "a private key",
            Suspicion::Token => "an access key or token",
            Suspicion::Random => "a secret (a long random word)",
            Suspicion::Banned => "something that desk.toml bans",
        })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.masked)
    }
}

/// Lists findings in a line: "a card number (4111 … 1111) and a private key (-----BEGIN …)".
pub fn in_words(found: &[Found]) -> String {
    let all: Vec<String> = found.iter().map(Found::to_string).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

impl Guard {
    /// Looks through a text; tells what it finds in the order of the text, at most eight things.
    pub fn check(&self, text: &str) -> Vec<Found> {
        let mut found: Vec<(usize, Found)> = Vec::new();
        for (at, what, part) in self.suspects(text) {
            // A place is named once, by the first who names it.
            let overlaps = found.iter().any(|(other, _)| *other == at);
            if !overlaps && found.len() < MOST {
                found.push((at, Found { what, masked: mask(part) }));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, found)| found).collect()
    }

    fn suspects<'t>(&self, text: &'t str) -> Vec<(usize, Suspicion, &'t str)> {
        let mut all = Vec::new();
        for pattern in self.banned.iter().filter_map(Pattern::regex) {
            let matches = pattern.find_iter(text).filter(|found| !found.is_empty()).take(MOST);
            all.extend(matches.map(|found| (found.start(), Suspicion::Banned, found.as_str())));
        }
        if self.card_numbers {
            all.extend(cards(text).into_iter().map(|(at, part)| (at, Suspicion::Card, part)));
        }
        if self.secrets {
            all.extend(secrets(text));
        }
        all
    }

    /// Asks whether a command may send what it says.
    ///
    /// # Errors
    /// [`Refusal::Guarded`], if something was found that its agent has not said yes to.
    pub fn allows(&self, command: &Command) -> Result<(), Refusal> {
        let (text, confirmed) = match command {
            Command::Reply { text, along, .. } => (text, along.confirmed),
            Command::EditOutbox { text, confirmed, .. } | Command::EditMessage { text, confirmed, .. } => {
                (text, *confirmed)
            }
            Command::OpenFrom { title, confirmed, .. } => (title, *confirmed),
            _ => return Ok(()),
        };
        if confirmed {
            return Ok(());
        }
        let found = self.check(text);
        if found.is_empty() { Ok(()) } else { Err(Refusal::Guarded(found)) }
    }
}

/// Shows the two ends of something, enough to find it by; of what is short, only the beginning.
fn mask(part: &str) -> String {
    let chars: Vec<char> = part.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let end = |from: usize| chars[from..].iter().collect::<String>();
    let begin = |to: usize| chars[..to].iter().collect::<String>();
    match chars.len() {
        0..=6 => format!("{}…", begin(1.min(chars.len()))),
        7..=12 => format!("{}…{}", begin(2), end(chars.len() - 2)),
        length => format!("{} … {}", begin(4), end(length - 4)),
    }
}

/// Finds numbers of 13 to 19 digits, with blanks or hyphens between, whose last digit is right (Luhn, ISO/IEC 7812-1).
fn cards(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let (mut end, mut digits) = (at, Vec::new());
        while at < bytes.len() {
            match bytes[at] {
                digit @ b'0'..=b'9' => {
                    digits.push(u32::from(digit - b'0'));
                    end = at + 1;
                }
                // One separator between digits, of whatever kind: people write cards in many ways.
                b' ' | b'-' | b'.' if at == end && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {}
                _ => break,
            }
            at += 1;
        }
        let before = text[..start].chars().next_back();
        let after = text[end..].chars().next();
        // Part of a word, of a longer number or of a link it is no card.
        let apart =
            |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '/' | '=' | '+' | '#'));
        let same = digits.iter().all(|digit| *digit == digits[0]);
        if (13..=19).contains(&digits.len()) && apart(before) && apart(after) && !same && luhn(&digits) {
            found.push((start, &text[start..end]));
        }
    }
    found
}

/// Tells whether the last digit is right: from the right, every second digit counts twice, and the sum ends in 0.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled @ 10..) => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// How the keys and tokens of services begin, and how many letters, digits, `-` and `_` follow at least.
const TOKENS: [(&str, usize); 19] = [
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("ghu_", 30),
    ("github_pat_", 30),
    ("glpat-", 18),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("xoxa-", 20),
    ("sk_live_", 16),
    ("rk_live_", 16),
    ("sk-", 32),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 30),
    ("SG.", 40),
];

fn secrets(text: &str) -> Vec<(usize, Suspicion, &str)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("-----BEGIN ") {
        let line = text[at..].lines().next().unwrap_or_default();
        if line.contains("PRIVATE KEY") {
            found.push((at, Suspicion::PrivateKey, line));
        }
    }
    let mut rest = 0;
    for word in
        text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | ',' | ';'))
    {
        let at = rest;
        rest += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        // `key=value` and `key: value` are looked at by their value.
        let value =
            word.rsplit_once('=').filter(|(_, value)| value.len() >= KEY_LENGTH).map_or(word, |(_, value)| value);
        let value = value.trim_matches(|c: char| matches!(c, '.' | ':' | '!' | '?' | '*'));
        let at = at + word.find(value).unwrap_or(0);
        if let Some(what) = secret(value) {
            found.push((at, what, value));
        }
    }
    found
}

fn secret(word: &str) -> Option<Suspicion> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let token = |(begin, least): &(&str, usize)| {
        word.strip_prefix(begin)
            .is_some_and(|rest| rest.len() >= *least && rest.chars().all(|c| plain(c) || (c == '.' && *begin == "SG.")))
    };
    if TOKENS.iter().any(token) || is_bot_token(word) || is_signed(word) {
        return Some(Suspicion::Token);
    }
    is_random(word).then_some(Suspicion::Random)
}

/// `123456789:AA…`: a Telegram bot's token.
fn is_bot_token(word: &str) -> bool {
    word.split_once(':').is_some_and(|(id, key)| {
        (8..=12).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_digit())
            && key.len() == 35
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

/// `eyJ….eyJ….…`: a signed JSON token (RFC 7519).
fn is_signed(word: &str) -> bool {
    let mut parts = word.split('.');
    matches!((parts.next(), parts.next(), parts.next(), parts.next()), (Some(head), Some(body), Some(_), None)
        if head.starts_with("eyJ") && body.starts_with("eyJ"))
}

/// Tells whether a word is long, mixes kinds of letters, and repeats none as a language would. Links and paths are none; nor are
/// numbers, and names with hyphens (`550e8400-e29b-…` is an id, not a secret).
fn is_random(word: &str) -> bool {
    if word.len() < KEY_LENGTH || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_".contains(&byte)) {
        return false;
    }
    let has = |test: fn(&u8) -> bool| word.bytes().any(|byte| test(&byte));
    // A path has slashes between short words.
    let longest = word.split('/').map(str::len).max().unwrap_or(0);
    let kinds = [has(u8::is_ascii_digit), has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase)];
    longest >= KEY_LENGTH / 2 && kinds.iter().all(|kind| *kind) && bits(word) >= KEY_BITS
}

/// Measures Shannon's entropy of a word, in bits a letter.
fn bits(word: &str) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in word.bytes() {
        counts[usize::from(byte & 127)] += 1;
    }
    let all = word.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> Vec<Suspicion> {
        Guard::default().check(text).into_iter().map(|found| found.what).collect()
    }

    // The numbers are the card schemes' own test numbers; the keys are made up.
    #[test]
    fn what_should_not_leave_is_found() {
        use Suspicion::{Card, PrivateKey, Random, Token};
        for (text, expected) in [
            ("your card 4111 1111 1111 1111 was charged", vec![Card]),
            ("4111-1111-1111-1111.", vec![Card]),
            ("4111.1111.1111.1111", vec![Card]),
            ("378282246310005", vec![Card]),
            ("(6011111111111117)", vec![Card]),
            ("№5555555555554444!", vec![Card]),
            ("one 4012888888881881, two 5105105105105100", vec![Card, Card]),
            // The last digit is wrong, too short, too long, all alike.
            ("4111 1111 1111 1112", vec![]),
            ("411111111111", vec![]),
            ("41111111111111111111111", vec![]),
            ("0000000000000000", vec![]),
            // Parts of links and names, phone numbers, dates.
            ("https://t.me/c/4111111111111111/5", vec![]),
            ("order_4111111111111111", vec![]),
            ("+380 44 123 45 67, 2026-11-22 13:31", vec![]),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", vec![PrivateKey]),
            ("-----BEGIN RSA PRIVATE KEY-----", vec![PrivateKey]),
            ("-----BEGIN CERTIFICATE-----", vec![]),
            ("AKIAIOSFODNN7EXAMPLE", vec![Token]),
            ("the key is \"ghp_abcdefghijklmnopqrstuvwxyz0123456789\".", vec![Token]),
            ("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", vec![Token]),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP", vec![Token]),
            ("sk-1234567890abcdefghijklmnopqrstuvwx", vec![Token]),
            ("api_key=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MFhZWkFCQ0Q", vec![Random]),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", vec![Random]),
            // A word, an id, a link, a path, a hash of lower case.
            ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", vec![]),
            ("550e8400-e29b-41d4-a716-446655440000", vec![]),
            ("https://example.com/a/VeryLongPath2026/WithManyWords/AndMore12345", vec![]),
            ("/usr/share/Doc1/TopicDesk/Examples/More/Files", vec![]),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", vec![]),
            ("sk-8 is the name of a drill", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_the_desk_bans_is_found_whatever_its_case() {
        let banned = [r"bit\.ly/", r"\b(bc1|[13])[a-zA-HJ-NP-Z0-9]{25,39}\b", "guarantee"];
        let banned = banned.map(|text| Pattern::new(text).expect("a pattern")).to_vec();
        let guard = Guard { banned, card_numbers: false, secrets: false };
        for (text, count) in [
            ("see BIT.LY/abc", 1),
            ("pay to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", 1),
            ("We guarantee it. Guarantee!", 2),
            ("4111 1111 1111 1111", 0),
        ] {
            assert_eq!(guard.check(text).len(), count, "{text}");
        }
    }

    #[test]
    fn patterns_that_cannot_work_are_named() {
        for (text, why) in
            [("(", "unclosed group"), ("a*", "matches every"), ("", "matches every"), (r"\w{1000}{1000}", "too large")]
        {
            let error = Pattern::new(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_finding_never_shows_the_whole() {
        for (text, masked) in
            [("4111 1111 1111 1111", "4111 … 1111"), ("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "1102 … saw1")]
        {
            let found = Guard::default().check(text);
            assert_eq!(found[0].masked, masked);
            assert!(!format!("{found:?}").contains(text));
        }
        assert_eq!((mask("spam"), mask("bit.ly/x")), ("s…".to_owned(), "bi…/x".to_owned()));
        let two = Guard::default().check("4111 1111 1111 1111 and -----BEGIN RSA PRIVATE KEY-----");
        assert_eq!(in_words(&two), "a card number (4111 … 1111) and a private key (---- … ----)");
    }

    #[test]
    fn values_load_again() {
        let guard = Guard { banned: vec![Pattern::new("x+").expect("a pattern")], ..Guard::default() };
        let text = serde_json::to_string(&guard).expect("text");
        assert_eq!(text, r#"{"card_numbers":true,"secrets":true,"banned":["x+"]}"#);
        assert_eq!(serde_json::from_str::<Guard>(&text).expect("a guard"), guard);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_is_too_strange(text in prop_oneof![".{0,200}", "[0-9 .-]{0,60}", "[A-Za-z0-9+/=:._\\-\"' яё🙂]{0,120}"]) {
            let guard = Guard { banned: vec![Pattern::new("[aя]+").expect("a pattern")], ..Guard::default() };
            prop_assert!(guard.check(&text).len() <= MOST);
        }

        #[test]
        fn a_card_is_found_however_it_is_written(digits in prop::collection::vec(0_u32..10, 12..19), gaps in prop::collection::vec(0_usize..6, 19)) {
            let mut digits = digits;
            let last = (0..10).find(|last| { let mut all = digits.clone(); all.push(*last); luhn(&all) }).expect("one fits");
            digits.push(last);
            prop_assume!(digits.iter().any(|digit| *digit != digits[0]));
            let mut text = String::from("card: ");
            for (place, digit) in digits.iter().enumerate() {
                if place > 0 && gaps[place] < 3 { text.push([' ', '-', '.'][gaps[place]]); }
                text.push_str(&digit.to_string());
            }
            prop_assert_eq!(kinds(&text), vec![Suspicion::Card], "{}", text);
        }
    }
}
