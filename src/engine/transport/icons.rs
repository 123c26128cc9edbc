//! The icons that anybody may give a topic: Telegram's default set, as it was last fetched.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::mirror_status::{MirrorStatus, plain_emoji};
use crate::desk::ticket::Status;

/// An icon that a topic may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicIcon {
    /// The emoji it stands for, safe.
    pub emoji: String,
    /// The custom emoji.
    pub id: i64,
}

/// The set, and when it was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IconSet {
    /// When.
    pub fetched_at: Timestamp,
    /// The icons, in Telegram's order.
    pub icons: Vec<TopicIcon>,
}

impl IconSet {
    /// Finds the first icon that stands for an emoji, written with or without the mark of its coloured form.
    pub fn id_of(&self, emoji: &str) -> Option<i64> {
        let wanted = plain_emoji(emoji);
        self.icons.iter().find(|icon| plain_emoji(&icon.emoji) == wanted).map(|icon| icon.id)
    }

    /// Lists the statuses whose emoji the set does not have.
    pub fn missing<'r>(&self, rules: &'r MirrorStatus) -> Vec<(Status, &'r str)> {
        let wanted = rules.icons.iter().map(|(status, emoji)| (*status, emoji.as_str()));
        wanted.filter(|(_, emoji)| self.id_of(emoji).is_none()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_found_however_it_is_written_and_what_is_missing_is_named() {
        let icon = |emoji: &str, id| TopicIcon { emoji: emoji.to_owned(), id };
        let icons = vec![icon("⚡\u{fe0f}", 1), icon("👀", 2), icon("👀", 3)];
        let set = IconSet { fetched_at: Timestamp::default(), icons };
        assert_eq!((set.id_of("⚡"), set.id_of("👀\u{fe0f}"), set.id_of("⏳")), (Some(1), Some(2), None));
        let missing: Vec<_> =
            set.missing(&MirrorStatus::default()).into_iter().map(|(status, _)| status.label()).collect();
        assert_eq!(missing, ["open", "assigned", "resolved", "closed"]);
    }
}
