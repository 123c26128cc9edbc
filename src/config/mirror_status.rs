//! `[telegram.mirror_status]`: how a ticket's status shows in Telegram.

use super::reader::{Item, Reader, Section};
use crate::desk::mirror_status::MirrorStatus;
use crate::desk::split::LONGEST;
use crate::desk::ticket::Status;

/// No emoji has more characters, however it is put together.
const LONGEST_EMOJI: usize = 12;

impl<'t> Reader<'t> {
    /// Reads the table; `language` is the desk's.
    pub(super) fn mirror_status(
        &mut self,
        telegram: &Section<'_, 't>,
        language: &str,
        warnings: &mut Vec<String>,
    ) -> MirrorStatus {
        let section = self.section(telegram, "mirror_status");
        self.check_keys(&section);
        let mut rules = MirrorStatus { language: language.to_owned(), ..MirrorStatus::default() };
        rules.enabled = self.flag(&section, "enabled").unwrap_or(rules.enabled);
        rules.close_topics = self.flag(&section, "close_topics").unwrap_or(rules.close_topics);
        if rules.close_topics && !rules.enabled {
            let at = self.place(section.get("close_topics").map_or(section.span.start, |value| value.span().start));
            warnings.push(format!("{at}: `close_topics` does nothing without `enabled = true` beside it"));
        }
        self.icons(&section, &mut rules);
        if section.get("quiet_reasons").is_some() {
            rules.quiet_reasons.clear();
        }
        for item in self.items(&section, "quiet_reasons") {
            match item.get_ref() {
                Item::Text(word) if !word.trim().is_empty() => rules.quiet_reasons.push(word.trim().to_owned()),
                _ => {
                    let what = "`telegram.mirror_status.quiet_reasons` must be words like \"spam\"";
                    self.wrong(item.span().start, what);
                }
            }
        }
        self.texts(&section, "notice", LONGEST, language, &mut rules.notices);
        rules
    }

    fn icons(&mut self, section: &Section<'_, 't>, rules: &mut MirrorStatus) {
        let icons = self.section(section, "icons");
        self.check_keys(&icons);
        for status in Status::ALL {
            let Some(text) = self.line(&icons, status.label()) else { continue };
            let emoji = text.get_ref().trim();
            if emoji == "off" {
                rules.icons.remove(&status);
            } else if emoji.is_ascii() || emoji.chars().count() > LONGEST_EMOJI || emoji.contains(char::is_whitespace) {
                let what = format!(
                    "`telegram.mirror_status.icons.{status}` is `{}`: it must be one emoji of Telegram's topic icons, or \"off\"",
                    emoji.escape_debug()
                );
                self.wrong(text.span().start, what);
            } else {
                rules.icons.insert(status, emoji.to_owned());
            }
        }
    }
}
