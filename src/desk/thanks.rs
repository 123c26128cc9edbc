//! A mere thanks: what a customer writes after the matter is settled and that should not open it again.

use serde::{Deserialize, Serialize};

/// Longer texts are never a mere thanks, in characters.
const LONGEST: usize = 200;

/// Joins the parts of one emoji.
const JOINER: char = '\u{200d}';

/// The words by which a thanks is known. Data, so that a language can be added without touching the rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThanksWords {
    /// Phrases that are a thanks or an acknowledgement by themselves.
    phrases: Vec<Vec<char>>,
    /// Phrases that may stand beside one: `very much`, `for your help`, names of staff.
    fillers: Vec<Vec<char>>,
    /// Emoji that are anything but thanks.
    unhappy: Vec<char>,
}

impl ThanksWords {
    /// Makes the list. Case, punctuation and emoji in the words do not matter.
    pub fn new<S: AsRef<str>>(
        phrases: impl IntoIterator<Item = S>,
        fillers: impl IntoIterator<Item = S>,
        unhappy: &str,
    ) -> Self {
        let mut words = Self {
            phrases: phrases.into_iter().map(|phrase| plain(phrase.as_ref()).0).collect(),
            fillers: fillers.into_iter().map(|filler| plain(filler.as_ref()).0).collect(),
            unhappy: unhappy.chars().filter(|c| is_emoji(*c)).collect(),
        };
        words.order();
        words
    }

    /// Adds names by which customers may address staff, as in `thanks Anna`.
    #[must_use]
    pub fn with_names<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.fillers.extend(names.into_iter().map(|name| plain(name.as_ref()).0));
        self.order();
        self
    }

    /// Puts the longest first, so that `thank you` is taken before `thank`.
    fn order(&mut self) {
        for list in [&mut self.phrases, &mut self.fillers] {
            list.retain(|phrase| !phrase.is_empty());
            list.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            list.dedup();
        }
    }
}

/// Tells whether a message says thanks and nothing else.
///
/// True for thanks words with fillers, for emoji alone, and for a sticker without text; `text` of a sticker is its
/// emoji, if known. An unhappy emoji, a question mark, or one word too many makes it false.
pub fn is_mere_thanks(text: &str, is_sticker: bool, words: &ThanksWords) -> bool {
    if text.chars().count() > LONGEST || text.contains(['?', '？', '؟']) {
        return false;
    }
    if text.chars().any(|c| words.unhappy.contains(&c)) {
        return false;
    }
    let (rest, emoji) = plain(text);
    if rest.is_empty() {
        return is_sticker || emoji;
    }
    covered(&rest, words)
}

/// Tells whether phrases and fillers cover the text completely, with at least one phrase among them.
fn covered(text: &[char], words: &ThanksWords) -> bool {
    // reach[i]: the first i characters can be covered; `true` once a phrase is among what covers them.
    let mut reach: Vec<Option<bool>> = vec![None; text.len() + 1];
    reach[0] = Some(false);
    for at in 0..text.len() {
        let Some(thanked) = reach[at] else { continue };
        if text[at] == ' ' {
            reach[at + 1] = Some(thanked || reach[at + 1] == Some(true));
            continue;
        }
        let lists = [(&words.phrases, true), (&words.fillers, false)];
        for (phrase, thanks) in lists.into_iter().flat_map(|(list, thanks)| list.iter().map(move |p| (p, thanks))) {
            let end = at + phrase.len();
            if text[at..].starts_with(phrase) && ends_word(text, end) {
                reach[end] = Some(thanked || thanks || reach[end] == Some(true));
            }
        }
    }
    reach[text.len()] == Some(true)
}

/// Tells whether a phrase may end before `end`: at a space, at the end, or anywhere in scripts without spaces.
pub(in crate::desk) fn ends_word(text: &[char], end: usize) -> bool {
    match (text.get(end.wrapping_sub(1)), text.get(end)) {
        (_, None | Some(' ')) => true,
        (Some(last), Some(next)) => is_unspaced(*last) || is_unspaced(*next),
        (None, Some(_)) => false,
    }
}

/// Lower-cases, turns punctuation into single spaces and takes emoji out; tells whether there were any.
pub(in crate::desk) fn plain(text: &str) -> (Vec<char>, bool) {
    let mut plain: Vec<char> = Vec::new();
    let mut emoji = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_emoji(c) {
            emoji = true;
        }
        let kept = match c {
            'ё' => 'е',
            '’' | '`' | 'ʼ' => '\'',
            // Arabic vowel signs and tatweel, and marks that lower-casing splits off, are written or not.
            '\u{64b}'..='\u{652}' | '\u{640}' | '\u{300}'..='\u{36f}' => continue,
            'أ' | 'إ' | 'آ' => 'ا',
            c if c.is_alphanumeric() || c == '\'' || is_mark(c) => c,
            _ => ' ',
        };
        if kept != ' ' || plain.last().is_some_and(|last| *last != ' ') {
            plain.push(kept);
        }
    }
    if plain.last() == Some(&' ') {
        plain.pop();
    }
    (plain, emoji)
}

/// Tells whether a character is a dependent sign of an Indic or Thai letter, which `is_alphanumeric` may not cover.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{dff}' | '\u{e30}'..='\u{e4e}')
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{e00}'..='\u{e7f}')
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{fe0f}' | JOINER)
}
