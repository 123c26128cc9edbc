//! `[guard]`: what should not leave the desk by mistake.

use super::reader::{Item, Reader, Section};
use crate::desk::guard::{Guard, Pattern};

/// More patterns than this are a list of words, not a guard.
const MOST: usize = 200;

impl<'t> Reader<'t> {
    /// Reads the table.
    pub(super) fn guard(&mut self, root: &Section<'_, 't>) -> Guard {
        let section = self.section(root, "guard");
        self.check_keys(&section);
        let mut guard = Guard::default();
        guard.card_numbers = self.flag(&section, "card_numbers").unwrap_or(guard.card_numbers);
        guard.secrets = self.flag(&section, "secrets").unwrap_or(guard.secrets);
        for item in self.items(&section, "banned") {
            let at = item.span().start;
            match item.get_ref() {
                Item::Text(_) if guard.banned.len() >= MOST => {
                    self.wrong(at, format!("`guard.banned` has more than {MOST} patterns: join some with `|`"));
                    break;
                }
                Item::Text(text) => match Pattern::new(text) {
                    Ok(pattern) => guard.banned.push(pattern),
                    Err(why) => {
                        let what = format!(
                            "`guard.banned`: `{}` cannot be used as a regular expression: {why}",
                            text.escape_debug()
                        );
                        self.wrong(at, what);
                    }
                },
                Item::Number(_) => {
                    self.wrong(at, "`guard.banned` must be regular expressions in quotes, like 'bit\\.ly/'");
                }
            }
        }
        guard
    }
}
