//! The backfill: what is there already, fetched once, resumable at any point; and the holes that turn up later.
//!
//! A bot may not read histories, so it asks for ranges of ids, upward, until [`BEYOND`] empties in a row beyond the highest id
//! known from any source. A user account lists the topics and reads each one's history. Both then put away what is old, and
//! both close holes by asking for ids. Groups are fetched side by side, each with its share of what may be on its way.

use std::collections::BTreeSet;
use std::time::Duration;

use super::EngineError;
use super::groups::FETCH_AFTER;
use super::mirror::Sync;
use super::transport::{Failure, LinkState, Order, Scanned, TopicFacts, TopicPage};
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::event::Actor;
use crate::desk::ids::{GroupId, MessageId, TicketKey, TopicId};
use crate::desk::lifecycle::Happening;
use crate::desk::thread::Message;
use crate::store::StoreError;
use crate::store::coverage::holes;

/// How many empties in a row beyond the highest known id end a scan.
pub(super) const BEYOND: i32 = 2_000;

/// How many ids one call asks for.
const PAGE: i32 = 100;

/// How many topics are brought to their end in one transaction.
const COLLECT_PART: usize = 500;

/// The highest message known when the first synchronisation began.
const SEED: &str = "seed_top";

/// The first synchronisation looked at something while the account was not shown everything.
const BLIND: &str = "scanned_blind";

/// How many tickets are put away in one transaction.
const IMPORT_PART: usize = 300;

impl Turn<'_> {
    /// Begins the first synchronisation of a group: as bot by ids, as user by topics.
    pub(super) fn begin_backfill(&mut self, group: GroupId) -> Result<(), EngineError> {
        let own = self.group(group);
        let sync = if own.is_bot() { Sync::Scanning { frontier: 0 } } else { Sync::Listing { page: None } };
        self.work.set_group_value(group, SEED, &own.top.0.to_string())?;
        self.set_sync(group, sync)
    }

    fn set_sync(&mut self, group: GroupId, sync: Sync) -> Result<(), EngineError> {
        self.work.put_sync(group, &serde_json::to_string(&sync).map_err(StoreError::from)?)?;
        self.group_mut(group).sync = sync;
        self.state.idle_work = true;
        self.touch_all();
        Ok(())
    }

    /// Asks for what is to be fetched next, as long as not too much is on its way.
    pub(super) fn pump_backfill(&mut self) -> Result<(), EngineError> {
        let linked = matches!(self.state.link, Some(LinkState::CatchingUp | LinkState::Live));
        for group in self.state.groups.ids() {
            self.pump_group(group, linked)?;
        }
        Ok(())
    }

    fn pump_group(&mut self, group: GroupId, linked: bool) -> Result<(), EngineError> {
        let now = self.now;
        if self.group(group).fetch_after.is_some_and(|at| now >= at) {
            self.group_mut(group).fetch_after = None;
            self.work.forget_group_value(group, FETCH_AFTER)?;
        }
        let own = self.group_mut(group);
        own.reactions.pass(now);
        if !linked || !own.ready || own.fetch_after.is_some() {
            return Ok(());
        }
        self.ask_again(group);
        match self.group(group).sync.clone() {
            Sync::New => {
                if self.is_counted(group) {
                    self.begin_backfill(group)?;
                    self.pump_group(group, linked)?;
                }
            }
            Sync::Scanning { frontier } => self.pump_scan(group, frontier)?,
            Sync::Listing { page } => {
                if !std::mem::replace(&mut self.group_mut(group).listing, true) {
                    self.orders.push(Order::Topics { group, page });
                }
            }
            Sync::Reading => self.pump_reading(group)?,
            Sync::Importing { .. } => self.state.idle_work = true,
            Sync::Done { .. } => self.pump_holes(group)?,
        }
        Ok(())
    }

    /// Writes down that ids were asked for, and whether what showed nothing is known to hold nothing: what an account is not shown is
    /// asked for again when it is.
    fn cover(&mut self, group: GroupId, from: MessageId, to: MessageId) -> Result<(), EngineError> {
        match self.group(group).sees_all() {
            true => self.work.cover(group, from, to)?,
            false => self.work.cover_partly(group, from, to)?,
        }
        Ok(())
    }

    fn pump_scan(&mut self, group: GroupId, frontier: i32) -> Result<(), EngineError> {
        let share = self.state.groups.share();
        let own = self.state.group_mut(group);
        let goal = own.top.0.saturating_add(BEYOND);
        if frontier >= goal {
            return self.finish_collecting(group);
        }
        let mut next = frontier;
        while own.scans.len() < share && next < goal {
            let (from, to) = (next + 1, next.saturating_add(PAGE));
            // One that failed is neither, and so is asked for again.
            if let Some(known) = own.scans.get(&from).or(own.scanned.get(&from)) {
                next = *known;
                continue;
            }
            own.scans.insert(from, to);
            self.orders.push(Order::Scan { group, from: MessageId(from), to: MessageId(to) });
            next = to;
        }
        Ok(())
    }

    /// Asks again for what failed and is no part of the first synchronisation.
    fn ask_again(&mut self, group: GroupId) {
        let now = self.now;
        let own = self.state.group_mut(group);
        let due = own.facts_due.is_some_and(|at| at <= now);
        if std::mem::take(&mut own.facts_owed) || due {
            own.facts_due = None;
            self.orders.push(Order::Facts { group });
        }
        let topics: Vec<TopicId> = std::mem::take(&mut own.unchecked).into_iter().collect();
        for part in topics.chunks(100) {
            self.orders.push(Order::CheckTopics { group, topics: part.to_vec() });
        }
    }

    /// After the first synchronisation: holes, which are ids below the highest known one that were never looked at.
    ///
    /// Only when the difference is in, which closes most of them by itself; and one range after the other, because what is answered
    /// after its successors is late, and moves nothing.
    fn pump_holes(&mut self, group: GroupId) -> Result<(), EngineError> {
        let own = self.group(group);
        if !own.scans.is_empty() || self.state.link != Some(LinkState::Live) {
            return Ok(());
        }
        let top = own.top;
        let covered = if own.sees_all() { self.work.covered_wholly(group)? } else { self.work.covered(group)? };
        if let [(from, to)] = covered.as_slice()
            && from.0 <= 1
            && *to >= top
        {
            return self.pump_again(group);
        }
        if let Some((from, to)) = holes(&covered, top).first().copied() {
            let to = to.min(MessageId(from.0.saturating_add(PAGE - 1)));
            self.group_mut(group).scans.insert(from.0, to.0);
            self.orders.push(Order::Scan { group, from, to });
            return Ok(());
        }
        self.pump_again(group)
    }

    /// Takes in the answer to a scan.
    pub(super) fn scanned(&mut self, scanned: Scanned) -> Result<(), EngineError> {
        let Scanned { group, from, to, messages, people, topics } = scanned;
        self.group_mut(group).scans.remove(&from.0);
        self.put_people(&people)?;
        let top_before = self.group(group).top;
        let mut touched = BTreeSet::new();
        let known_before = self.known_in(group, (from, to))?;
        let page = self.put_page(group, &messages)?;
        touched.extend(page.iter().map(|entry| entry.key));
        let Sync::Scanning { frontier } = self.group(group).sync else {
            // A hole was closed. What is newer than anything consumed is consumed as usual, the rest is late.
            self.put_topics(group, &topics, true)?;
            let known_top = self.group(group).top.max(top_before);
            self.cover(group, from, to.min(known_top))?;
            for entry in &page {
                self.consume(entry, self.group(group).is_live(entry.at))?;
            }
            self.rechecked(group, (from, to), &messages, known_before)?;
            for key in touched {
                self.touch(key);
            }
            return Ok(());
        };
        let own = self.group_mut(group);
        own.scanned.insert(from.0, to.0);
        let mut frontier = frontier;
        let begin = frontier + 1;
        while let Some(end) = own.scanned.remove(&(frontier + 1)) {
            frontier = end;
        }
        own.scanned.retain(|from, _| *from > frontier);
        // In the usual case this page is all there is up to the frontier, and need not be read again.
        let known = self.work.count_in(group, MessageId(begin), MessageId(frontier))?;
        let alone = begin == from.0 && frontier == to.0 && known == page.len();
        let all = if alone { page } else { self.work.messages_in(group, MessageId(begin), MessageId(frontier))? };
        for entry in &all {
            self.consume(entry, false)?;
        }
        // After consuming: creation and renaming are in the messages, this is what has become of it.
        self.put_topics(group, &topics, !alone)?;
        for key in touched {
            self.topic_mut(key)?;
            self.touch(key);
        }
        // What is known by that is written down at the end: a scan may have been answered before something was written there.
        if !self.group(group).sees_all() {
            self.work.set_group_value(group, BLIND, "")?;
        }
        let sync = Sync::Scanning { frontier };
        self.work.put_sync(group, &serde_json::to_string(&sync).map_err(StoreError::from)?)?;
        self.group_mut(group).sync = sync;
        Ok(())
    }

    /// Takes in a page of topics.
    pub(super) fn listed(
        &mut self,
        group: GroupId,
        topics: &[TopicFacts],
        next: Option<TopicPage>,
    ) -> Result<(), EngineError> {
        if !matches!(self.group(group).sync, Sync::Listing { .. }) {
            return Ok(());
        }
        self.group_mut(group).listing = false;
        let listed = topics.iter().filter(|facts| !facts.gone).map(|facts| facts.topic);
        for topic in listed.chain([TopicId::GENERAL]) {
            let key = TicketKey { group, topic };
            self.topic_mut(key)?;
            if self.work.history(group, topic)?.is_none() {
                self.work.put_history(group, topic, None, false)?;
            }
        }
        match next {
            Some(page) => self.set_sync(group, Sync::Listing { page: Some(page) }),
            None => self.set_sync(group, Sync::Reading),
        }
    }

    fn pump_reading(&mut self, group: GroupId) -> Result<(), EngineError> {
        let share = self.state.groups.share();
        let open = self.work.open_histories(group, 2 * share)?;
        if open.is_empty() {
            return self.finish_collecting(group);
        }
        let own = self.state.group_mut(group);
        for (topic, below) in open {
            if own.reading.len() >= share {
                break;
            }
            if own.reading.insert(topic.0) {
                self.orders.push(Order::History { group, topic, below });
            }
        }
        Ok(())
    }

    /// Takes in a page of a topic's history.
    pub(super) fn history(
        &mut self,
        key: TicketKey,
        below: Option<MessageId>,
        messages: &[Message],
    ) -> Result<(), EngineError> {
        self.group_mut(key.group).reading.remove(&key.topic.0);
        for message in messages {
            self.put_message(key.group, message, false)?;
        }
        self.touch(key);
        let lowest = messages.iter().map(|message| message.id).min();
        match lowest {
            Some(lowest) if below.is_none_or(|below| lowest < below) => {
                self.work.put_history(key.group, key.topic, Some(lowest), false)?;
            }
            _ => {
                self.work.put_history(key.group, key.topic, below, true)?;
                self.collect(key)?;
            }
        }
        Ok(())
    }

    /// Consumes everything of a topic, oldest first, and from then on whatever comes.
    pub(super) fn collect(&mut self, key: TicketKey) -> Result<(), EngineError> {
        loop {
            let applied = self.topic(key)?.applied;
            let part = self.work.messages_of(key, applied, 1_000)?;
            for entry in &part {
                self.consume(entry, false)?;
            }
            if part.len() < 1_000 {
                break;
            }
        }
        self.topic_mut(key)?.collected = true;
        Ok(())
    }

    /// Everything was fetched: what came meanwhile is consumed, a part at a time, and old tickets are put away next.
    fn finish_collecting(&mut self, group: GroupId) -> Result<(), EngineError> {
        self.flush_topics()?;
        // A scan consumes as it goes, so that little is left.
        self.work.note_collected(group)?;
        self.state.topics.retain(|key, topic| key.group != group || topic.collected);
        let open = self.work.uncollected(group, COLLECT_PART)?;
        for topic in &open {
            self.collect(TicketKey { group, topic: *topic })?;
        }
        if open.len() == COLLECT_PART {
            self.state.idle_work = true;
            return Ok(());
        }
        // Whatever is only in memory is not there: it was asked about and is not known.
        self.state.topics.retain(|key, topic| key.group != group || topic.collected);
        // Only what there was at the beginning is known by having been asked for. What came since counts as it comes: Telegram may
        // keep some of it to itself, and then it is a hole.
        let known = MessageId(self.work.group_value(group, SEED)?.and_then(|text| text.parse().ok()).unwrap_or(0));
        match self.work.group_value(group, BLIND)? {
            None => self.work.cover(group, MessageId(1), known)?,
            Some(_) => self.work.cover_partly(group, MessageId(1), known)?,
        }
        self.work.forget_group_value(group, BLIND)?;
        self.set_sync(group, Sync::Importing { after: TopicId::GENERAL })
    }

    /// Does a part of what can wait: putting away old tickets, completing the index.
    pub(super) fn idle(&mut self) -> Result<(), EngineError> {
        self.state.idle_work = false;
        let (complete, indexed) = self.work.index_more(2_000)?;
        self.state.indexed = indexed;
        self.state.idle_work = !complete;
        for group in self.state.groups.ids() {
            self.reckon(group)?;
            self.place_anew(group)?;
        }
        self.pass_line()?;
        for group in self.state.groups.ids() {
            self.import(group, complete)?;
        }
        Ok(())
    }

    /// Puts away old tickets, a part of them. `indexed`: there is nothing else left to do.
    fn import(&mut self, group: GroupId, indexed: bool) -> Result<(), EngineError> {
        let Sync::Importing { after } = self.group(group).sync else { return Ok(()) };
        self.state.idle_work = true;
        let part = self.work.tickets_from(group, after, IMPORT_PART)?;
        for key in &part {
            self.happen(*key, &Happening::Import, self.now, &Actor::Desk)?;
            if let Some(ticket) = self.ticket(*key)?.cloned() {
                // Written again, so that its timers run from now on.
                self.set_ticket(*key, Some(ticket));
            }
        }
        match part.last() {
            Some(last) => self.set_sync(group, Sync::Importing { after: last.topic }),
            None if indexed => {
                self.set_sync(group, Sync::Done { live_since: self.now })?;
                self.reckoned(group)
            }
            None => Ok(()),
        }
    }

    /// Something came of which the id is known: anything below it that was never looked at is a hole.
    pub(super) fn cover_live(&mut self, group: GroupId, id: MessageId) -> Result<(), EngineError> {
        let own = self.group_mut(group);
        own.top = own.top.max(id);
        Ok(self.work.cover(group, id, id)?)
    }

    /// An order failed: it is asked for again, after a while.
    pub(super) fn order_failed(&mut self, order: &Order, why: &Failure) -> Result<(), EngineError> {
        let Some(group) = order.group() else { return Ok(()) };
        if let Failure::NoAccess { why } = why {
            self.lost_group(group, why)?;
        }
        if matches!(order, Order::Icons { .. }) {
            self.icons_failed(why);
            return Ok(());
        }
        if let Failure::Later { not_before } = why {
            self.work.set_group_value(group, FETCH_AFTER, &not_before.millis().to_string())?;
        }
        let own = self.state.group_mut(group);
        match order {
            // Whoever wants it asks again; nothing else has to wait.
            Order::Download { group, message, .. } => {
                self.missed(*group, *message, why);
                return Ok(());
            }
            Order::Scan { from, .. } => {
                own.scans.remove(&from.0);
            }
            Order::Reactions { messages, number, .. } => {
                let refused = matches!(why, Failure::Refused { .. });
                own.reactions.failed(*number, messages, refused);
            }
            Order::Topics { .. } => own.listing = false,
            Order::History { topic, .. } => {
                own.reading.remove(&topic.0);
                if matches!(why, Failure::Refused { .. }) && *topic != TopicId::GENERAL {
                    // It may have been deleted since it was listed.
                    own.unchecked.insert(*topic);
                }
            }
            Order::CheckTopics { topics, .. } if !matches!(why, Failure::Refused { .. }) => {
                own.unchecked.extend(topics);
            }
            Order::Facts { .. } if !matches!(why, Failure::Refused { .. }) => own.facts_owed = true,
            _ => {}
        }
        let again: Timestamp = match why {
            Failure::Later { not_before } => *not_before,
            Failure::Link { .. } => self.now + Duration::from_secs(1),
            Failure::Refused { why } | Failure::NoAccess { why } => {
                tracing::warn!(%why, "Telegram refused what the mirror asked for");
                self.now + Duration::from_secs(30)
            }
        };
        let own = self.group_mut(group);
        own.fetch_after = Some(own.fetch_after.map_or(again, |at| at.max(again)));
        Ok(())
    }
}
