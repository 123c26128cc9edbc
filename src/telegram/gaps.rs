//! Gaps in a group's count that grammers' message boxes forget.
//!
//! They wait half a second for what is missing, and then ask for the difference. But when one gap closes by itself and another opens
//! before the first one's half second is over, they find nothing due at its end and look again after a quarter of an hour
//! (`check_deadlines` in grammers-session 0.11). So the highest pts that was pushed is kept here, and held against their count.

use std::time::Duration;

use grammers_session::updates::UpdatesLike;
use grammers_tl_types as tl;
use tl::enums::Update;
use tokio::time::Instant;

use super::said::about;

/// A little longer than the boxes wait, so that they go first.
const WAIT: Duration = Duration::from_millis(700);

/// What was pushed, and since when the count has been behind it.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    highest: i32,
    due: Option<Instant>,
}

impl Gaps {
    /// Takes note of what is pushed about a group, after `sieve::sift`.
    pub(crate) fn note(&mut self, pushed: &UpdatesLike, group: i64) {
        let UpdatesLike::Updates(updates) = pushed else { return };
        let pts = |update: &Update| pts(update).filter(|_| about(update) == Some(group));
        let highest = match updates {
            tl::enums::Updates::Updates(all) => all.updates.iter().filter_map(pts).max(),
            tl::enums::Updates::Combined(all) => all.updates.iter().filter_map(pts).max(),
            tl::enums::Updates::UpdateShort(short) => pts(&short.update),
            _ => None,
        };
        self.highest = self.highest.max(highest.unwrap_or(0));
    }

    /// Tells when the difference has to be asked for, if the boxes have not by then: they have counted up to `counted`.
    pub(crate) fn due(&mut self, counted: i32) -> Option<Instant> {
        if counted >= self.highest {
            self.due = None;
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + WAIT);
        }
        self.due
    }

    /// Forgets what was noted: the difference is asked for, or the count begun anew.
    pub(crate) fn forget(&mut self) {
        *self = Gaps::default();
    }
}

fn pts(update: &Update) -> Option<i32> {
    match update {
        Update::NewChannelMessage(new) => Some(new.pts),
        Update::EditChannelMessage(edit) => Some(edit.pts),
        Update::DeleteChannelMessages(gone) => Some(gone.pts),
        Update::PinnedChannelMessages(pinned) => Some(pinned.pts),
        Update::ChannelWebPage(page) => Some(page.pts),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deleted(pts: i32) -> UpdatesLike {
        let update =
            tl::types::UpdateDeleteChannelMessages { channel_id: 1, messages: vec![5], pts, pts_count: 1 }.into();
        UpdatesLike::Updates(tl::types::UpdateShort { update, date: 0 }.into())
    }

    #[test]
    fn what_is_ahead_of_the_count_is_due_until_it_is_counted() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.due(10), None);
        gaps.note(&deleted(12), 1);
        gaps.note(&deleted(99), 2);
        let due = gaps.due(10).expect("11 is missing");
        gaps.note(&deleted(13), 1);
        assert_eq!(gaps.due(11), Some(due), "the wait does not begin anew");
        assert_eq!(gaps.due(13), None);
        gaps.note(&deleted(15), 1);
        assert!(gaps.due(13).is_some());
        gaps.forget();
        assert_eq!(gaps.due(13), None);
    }
}
