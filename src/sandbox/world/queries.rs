//! Reading pages of messages by Telegram's `offset_id`, `add_offset`, `limit`, `max_id`, `min_id`.

use super::content::Message;
use super::group::{Group, Topic};

/// Asks for a page of messages, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Starts below this id; 0 means from the newest.
    pub offset_id: i32,
    /// Starts before this date, in Unix seconds; 0 means any.
    pub offset_date: i64,
    /// Moves the start: positive towards older, negative towards newer.
    pub add_offset: i32,
    /// How many at most.
    pub limit: i32,
    /// Only ids below this one; 0 means any.
    pub max_id: i32,
    /// Only ids above this one.
    pub min_id: i32,
}

/// Holds a page of ids, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The ids, newest first.
    pub ids: Vec<i32>,
    /// How many there are in all, without the window.
    pub total: usize,
    /// How many newer ones there are than the first of the page.
    pub newer: usize,
}

impl Window {
    /// Cuts the window out of ascending ids.
    pub fn cut(&self, ids: &[i32], group: &Group) -> Page {
        let total = ids.len();
        // The number of ids that lie below the offset: the page's first is the newest of them.
        let mut end = match self.offset_id {
            0 => total,
            id => ids.partition_point(|m| *m < id),
        };
        if self.offset_date > 0 && self.offset_id == 0 {
            end = ids.partition_point(|m| group.messages.get(m).is_some_and(|m| m.date < self.offset_date));
        }
        let limit = usize::try_from(self.limit.clamp(0, 100)).unwrap_or(0);
        let moved = i64::try_from(end).unwrap_or(0) - i64::from(self.add_offset);
        let start_of_page = moved - i64::try_from(limit).unwrap_or(0);
        let bound = |n: i64| usize::try_from(n.max(0)).unwrap_or(0).min(total);
        let (low, high) = (bound(start_of_page), bound(moved));
        let page = ids[low..high].iter().rev().copied();
        let ids = page.filter(|id| (self.max_id == 0 || *id < self.max_id) && *id > self.min_id).collect();
        Page { ids, total, newer: total - high }
    }
}

impl Group {
    /// Pages through all messages of the group.
    pub fn history(&self, window: &Window) -> Page {
        window.cut(&self.order, self)
    }

    /// Pages through a topic's messages, its first one left out as Telegram does in a thread.
    pub fn replies(&self, topic: &Topic, window: &Window) -> Page {
        let ids = match topic.messages.first() {
            Some(first) if *first == topic.id => &topic.messages[1..],
            _ => &topic.messages[..],
        };
        window.cut(ids, self)
    }

    /// Looks for messages of the group, or of one topic, that a test accepts, newest first from the window's offset on,
    /// and stops when the window is full. Tells whether there may be more than the page's total.
    pub fn search(&self, topic: Option<&Topic>, window: &Window, test: impl Fn(&Message) -> bool) -> (Page, bool) {
        let ids = topic.map_or(&self.order[..], |t| &t.messages[..]);
        let end = if window.offset_id == 0 { ids.len() } else { ids.partition_point(|m| *m < window.offset_id) };
        let count = |n: i32| usize::try_from(n.clamp(0, 100)).unwrap_or(0);
        let (skip, limit) = (count(window.add_offset), count(window.limit));
        let in_bounds = |id: i32| (window.max_id == 0 || id < window.max_id) && id > window.min_id;
        let hits = ids[..end].iter().rev().copied().filter(|id| in_bounds(*id));
        let mut hits = hits.filter(|id| self.messages.get(id).is_some_and(&test));
        let found: Vec<i32> = hits.by_ref().take(skip + limit).collect();
        let more = hits.next().is_some();
        let total = found.len() + usize::from(more);
        (Page { ids: found.into_iter().skip(skip).collect(), total, newer: 0 }, more)
    }

    /// Counts a topic's messages an account has not read.
    pub fn unread(&self, topic: &Topic, account: i64) -> i32 {
        let read = self.read_up_to(topic, account);
        let first = topic.messages.partition_point(|m| *m <= read);
        i32::try_from(topic.messages.len() - first).unwrap_or(i32::MAX)
    }

    /// Tells how far an account has read a topic.
    pub fn read_up_to(&self, topic: &Topic, account: i64) -> i32 {
        topic.read.get(&account).copied().unwrap_or(0).max(self.read_floor.min(topic.top_message()))
    }

    /// Lists the topics' ids, the pinned first, then those with the newest messages.
    pub fn topics_by_activity(&self) -> Vec<i32> {
        let mut ids: Vec<(bool, i32, i32)> = self.topics.values().map(|t| (t.pinned, t.top_message(), t.id)).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.into_iter().map(|(_, _, id)| id).collect()
    }
}
