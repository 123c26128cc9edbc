//! Texts that the desk says by itself: one for everybody, or one for each language.

use toml::Spanned;

use super::reader::{Reader, Section};
use crate::desk::automatic::Texts;
use crate::desk::language::is_code;

impl<'t> Reader<'t> {
    /// Reads one text for everybody, or a text for each language, in place of or beside those that come with the program.
    pub(super) fn texts(
        &mut self,
        section: &Section<'_, 't>,
        key: &str,
        longest: usize,
        language: &str,
        texts: &mut Texts,
    ) {
        let Some(value) = section.get(key) else { return };
        if value.get_ref().as_table().is_none() {
            if let Some(text) = self.text(section, key).and_then(|text| self.said(text, longest)) {
                *texts = [(language.to_owned(), text)].into();
            }
            return;
        }
        let table = self.section(section, key);
        for (language, span, _) in table.entries() {
            if !is_code(language) {
                let what = format!(
                    "`{}` is no language: write its code, like `en = \"...\"` or `pt-BR = \"...\"`",
                    language.escape_debug()
                );
                self.wrong(span.start, what);
            } else if let Some(text) = self.text(&table, language).and_then(|text| self.said(text, longest)) {
                texts.insert(language.to_owned(), text);
            }
        }
    }

    fn said(&mut self, text: Spanned<String>, longest: usize) -> Option<String> {
        let said = text.get_ref().trim();
        let length = said.encode_utf16().count();
        let what = if said.is_empty() {
            "an automatic message must say something".to_owned()
        } else if length > longest {
            format!("this has at most {longest} characters, and this one has {length}")
        } else if said.contains(|c: char| c.is_control() && c != '\n') {
            "an automatic message has no control characters but line breaks".to_owned()
        } else {
            return Some(said.to_owned());
        };
        self.wrong(text.span().start, what);
        None
    }
}
