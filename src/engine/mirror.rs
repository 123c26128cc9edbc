//! The mirror: what Telegram says, into the store, together with how far it was followed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::EngineError;
use super::groups::staff_of;
use super::recheck::Recheck;
use super::transport::{
    Batch, Cursor, GroupFacts, Happening as Said, Incoming, LinkState, Order, TopicFacts, TopicPage,
};
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::event::Actor;
use crate::desk::ids::{GroupId, MessageId, TicketKey, TopicId};
use crate::desk::lifecycle::Happening;
use crate::desk::people::Person;
use crate::desk::thread::{Content, Message, ServiceMessage};
use crate::store::StoreError;
use crate::store::threads::Put;

/// How far the first synchronisation of a group is. Kept in the store, so that a kill at any point only repeats a little.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub(super) enum Sync {
    /// Nothing was fetched.
    #[default]
    New,
    /// As bot: every id up to the frontier was asked for, and its messages consumed.
    Scanning { frontier: i32 },
    /// As user: topics are being listed.
    Listing { page: Option<TopicPage> },
    /// As user: histories are being read.
    Reading,
    /// All is there; old tickets are being put away, from this topic on.
    Importing { after: TopicId },
    /// All is there; only new things are followed. Nothing dated before this instant is to be heard.
    Done { live_since: Timestamp },
}

impl Sync {
    /// Tells whether the first synchronisation is over.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Sync::Done { .. })
    }

    /// Tells whether the history is complete, so that new messages are consumed as they come.
    pub(super) fn is_followed(&self) -> bool {
        matches!(self, Sync::Done { .. } | Sync::Importing { .. })
    }
}

/// How often rights and settings are looked at, whatever Telegram says of them.
const FACTS: Duration = Duration::from_secs(600);
/// Messages of which nothing was known when they were deleted. Something that was looked up before may still say that they exist: a
/// scan, a history, the answer to a send.
pub(super) const BURIED: &str = "buried";

/// Messages of which nothing was known when they were pinned or unpinned, as `BURIED`.
pub(super) const EARLY_PINS: &str = "early_pins";

/// Topics that have to be looked at.
pub(super) const DOUBTED: &str = "doubted_topics";

/// So many messages that are not known are remembered, of each kind.
const GRAVES: usize = 2_000;

impl Turn<'_> {
    /// Begins: follow from where the store is.
    pub(super) fn start(&mut self) -> Result<(), EngineError> {
        self.orders.push(Order::Follow { cursor: self.state.cursor.clone() });
        self.touch_all();
        self.may_reply();
        self.follow_switches()?;
        self.follow_automatic()
    }

    /// Takes in something from Telegram.
    pub(super) fn incoming(&mut self, incoming: Incoming) -> Result<(), EngineError> {
        match incoming {
            Incoming::Link(link) => self.link(link),
            Incoming::Facts(facts) => self.facts(facts)?,
            Incoming::Groups { followed, missing } => self.followed(&followed, missing)?,
            Incoming::Seeded { cursor } => self.seeded(cursor)?,
            Incoming::Batch(batch) => self.batch(batch)?,
            Incoming::Scanned(scanned) => self.scanned(scanned)?,
            Incoming::Reactions { group, number, found } => self.reactions_came(group, number, found)?,
            Incoming::Topics { group, topics, people, next, checked } => {
                self.put_people(&people)?;
                if checked {
                    self.looked(group, &topics)?;
                }
                self.put_topics(group, &topics, true)?;
                if !checked {
                    self.listed(group, &topics, next)?;
                }
            }
            Incoming::History { group, topic, below, messages, people } => {
                self.put_people(&people)?;
                self.history(TicketKey { group, topic }, below, &messages)?;
            }
            Incoming::Delivery { outbox, outcome } => self.delivered(outbox, outcome)?,
            Incoming::Summoned { summons, outcome } => self.summoned(summons, outcome)?,
            Incoming::TopicMade { outbox, outcome } => self.topic_made(outbox, outcome)?,
            Incoming::Forwarded { outbox, outcome, copies } => self.forwarded(outbox, outcome, &copies)?,
            Incoming::Changed { change, outcome } => self.changed(change, outcome)?,
            Incoming::TopicEdited { edit, outcome } => self.topic_edited(edit, outcome)?,
            Incoming::Icons { icons } => self.icons_came(icons)?,
            Incoming::Unbuttoned { group, topic, message, outcome } => {
                self.unbuttoned(group, topic, message, &outcome)?;
            }
            Incoming::Progress { what, done, size } => self.progressed(what, done, size)?,
            Incoming::Downloaded { group, message } => self.downloaded(group, message)?,
            Incoming::Failed { order, why } => self.order_failed(&order, &why)?,
        }
        Ok(())
    }

    fn link(&mut self, link: LinkState) {
        if matches!(link, LinkState::Connecting) {
            // The old connection is gone.
            self.state.resyncing = false;
            self.state.follow_owed = false;
            self.state.cut_off();
        }
        if !matches!(link, LinkState::CatchingUp | LinkState::Live) {
            self.state.idle_groups();
        }
        self.state.up_since = match link {
            LinkState::Live => self.state.up_since.or(Some(self.now)),
            LinkState::CatchingUp => self.state.up_since,
            LinkState::Connecting | LinkState::Offline { .. } | LinkState::Stopped { .. } => None,
        };
        if self.state.link.as_ref() != Some(&link) {
            self.state.link = Some(link);
            self.touch_all();
            self.go_through_the_line();
        }
    }

    fn facts(&mut self, facts: GroupFacts) -> Result<(), EngineError> {
        let group = facts.group;
        for admin in &facts.admins {
            self.put_person(&admin.person)?;
        }
        let username = self.person(facts.own)?.username.clone();
        self.put_person(&Person { id: facts.own, name: facts.own_name.clone(), username, bot: facts.bot })?;
        let staff = staff_of(self.rules, &facts);
        self.rights_seen(&facts)?;
        if self.group(group).facts.as_ref() != Some(&facts) {
            self.work.put_facts(group, &serde_json::to_string(&facts).map_err(StoreError::from)?)?;
            self.touch_all();
        }
        let due = self.now + FACTS;
        let own = self.group_mut(group);
        own.top = own.top.max(facts.top_message.unwrap_or_default());
        own.staff = staff;
        own.facts = Some(facts);
        own.facts_owed = false;
        own.facts_due = Some(due);
        own.ready = true;
        self.may_reply();
        Ok(())
    }

    /// A group cannot be got at any more: what is known of it stays, and nothing is sent.
    pub(super) fn lost_group(&mut self, group: GroupId, why: &str) -> Result<(), EngineError> {
        let Some(mut facts) = self.group(group).facts.clone() else { return Ok(()) };
        if facts.lost.as_deref() != Some(why) {
            facts.lost = Some(why.to_owned());
            self.work.put_facts(group, &serde_json::to_string(&facts).map_err(StoreError::from)?)?;
            let own = self.group_mut(group);
            own.facts = Some(facts);
            // What could not be compared is not waited for.
            own.recheck.iter_mut().for_each(Recheck::give_up);
            self.may_reply();
            self.touch_all();
        }
        Ok(())
    }

    /// From here on everything is followed. What is followed already goes on from where it stands: only groups are added.
    fn seeded(&mut self, seed: Cursor) -> Result<(), EngineError> {
        let cursor = match self.state.cursor.clone() {
            None => seed,
            Some(mut cursor) => {
                let known: Vec<GroupId> = cursor.channels.iter().map(|(id, _)| *id).collect();
                cursor.channels.extend(seed.channels.into_iter().filter(|(id, _)| !known.contains(id)));
                cursor.channels.sort_unstable();
                cursor
            }
        };
        self.set_cursor(cursor)?;
        for group in self.state.groups.ids() {
            if self.group(group).sync == Sync::New && self.is_counted(group) {
                self.begin_backfill(group)?;
            }
        }
        Ok(())
    }

    /// Tells whether the cursor says how far a group's updates were followed.
    pub(super) fn is_counted(&self, group: GroupId) -> bool {
        let cursor = self.state.cursor.as_ref();
        cursor.is_some_and(|cursor| cursor.channels.iter().any(|(id, _)| *id == group))
    }

    fn set_cursor(&mut self, cursor: Cursor) -> Result<(), EngineError> {
        self.work.set_value("cursor", &serde_json::to_string(&cursor).map_err(StoreError::from)?)?;
        self.state.cursor = Some(cursor);
        Ok(())
    }

    pub(super) fn put_people(&mut self, people: &[Person]) -> Result<(), EngineError> {
        people.iter().try_for_each(|person| self.put_person(person))
    }

    /// Content always goes in; the cursor moves only if the batch begins where it stands (DESIGN invariant 3).
    fn batch(&mut self, batch: Batch) -> Result<(), EngineError> {
        self.put_people(&batch.people)?;
        for (group, said) in batch.happenings {
            self.said(group, said)?;
        }
        if self.state.cursor.as_ref() == Some(&batch.from) {
            self.state.resyncing = false;
            if batch.from != batch.to {
                self.set_cursor(batch.to)?;
            }
        } else if !self.state.resyncing {
            tracing::warn!("a batch does not begin where the last one ended: asking for the difference");
            self.state.resyncing = true;
            self.orders.push(Order::Follow { cursor: self.state.cursor.clone() });
        }
        Ok(())
    }

    fn said(&mut self, group: GroupId, said: Said) -> Result<(), EngineError> {
        match said {
            Said::Message(message) => self.message(group, &message),
            Said::Edited(message) => match self.edited(group, &message)? {
                true => Ok(()),
                false => self.message(group, &message),
            },
            Said::Deleted(ids) => {
                let graves = self.group(group).buried.len();
                for id in &ids {
                    self.deleted(group, *id)?;
                }
                let buried = &mut self.group_mut(group).buried;
                if buried.len() != graves {
                    while buried.len() > GRAVES {
                        buried.pop_first();
                    }
                    self.keep(group, BURIED, &self.group(group).buried)?;
                }
                let topics: Vec<_> = ids.iter().map(|id| TopicId(id.0)).collect();
                self.check_deleted_topics(group, &topics)
            }
            Said::Reactions { message, reactions } => self.reactions(group, message, reactions),
            Said::Reacted { message, by, emoji } => self.reacted(group, message, by, &emoji),
            Said::Pinned { messages, pinned } => {
                let mut early = false;
                for id in &messages {
                    early |= !self.pinned(group, *id, pinned)?;
                }
                if early {
                    let pins = &mut self.group_mut(group).early_pins;
                    while pins.len() > GRAVES {
                        pins.pop_first();
                    }
                    self.keep(group, EARLY_PINS, &self.group(group).early_pins)?;
                }
                Ok(())
            }
            Said::Member { person, present, at } => self.member(group, person, present, at),
            Said::Settled { random_id, message } => self.settled(random_id, message),
            Said::Gap { top, .. } => {
                // What lies between is not covered, so it is found and closed.
                let own = self.group_mut(group);
                own.top = own.top.max(top);
                self.touch_all();
                Ok(())
            }
            Said::Pressed(press) => self.pressed(group, &press),
            Said::FactsChanged => {
                self.orders.push(Order::Facts { group });
                Ok(())
            }
        }
    }

    /// Takes in a message of the update stream.
    fn message(&mut self, group: GroupId, message: &Message) -> Result<(), EngineError> {
        let key = TicketKey { group, topic: message.topic };
        let topic = self.topic(key)?;
        let (applied, collected) = (topic.applied, topic.collected);
        if !collected {
            // The end of the backfill looks for it in the store.
            self.topic_mut(key)?;
        }
        let late = collected && message.id < applied;
        let put = self.put_message(group, message, late)?;
        self.cover_live(group, message.id)?;
        if collected && message.id > applied {
            let heard = self.group(group).is_live(message.at);
            self.consume_stored(group, message.id, heard)?;
        } else if matches!(put, Put::New(_)) {
            self.touch(key);
        }
        if matches!(put, Put::New(_)) {
            self.look_again(group, message, late)?;
        }
        if matches!(put, Put::Known(_)) && message.edited_at.is_some() {
            // Seen before, and edited where it was not followed.
            self.edited(group, message)?;
        }
        Ok(())
    }

    /// What comes late moves nothing; so that a topic has its title and its state all the same, Telegram is asked for them. It is asked, too,
    /// whether a topic is there whose first message comes after it was deleted: nothing was known of it that could have been doubted then.
    pub(super) fn look_again(&mut self, group: GroupId, message: &Message, late: bool) -> Result<(), EngineError> {
        let of_topic = matches!(
            message.content,
            Content::Service(ServiceMessage::TopicCreated { .. } | ServiceMessage::TopicEdited { .. })
        );
        let buried = self.group(group).buried.contains(&message.id);
        if (late || buried) && of_topic && message.topic != TopicId::GENERAL {
            self.doubt_topic(TicketKey { group, topic: message.topic })?;
        }
        Ok(())
    }

    /// Has a topic looked at as soon as that can be asked for.
    fn doubt_topic(&mut self, key: TicketKey) -> Result<(), EngineError> {
        let own = self.group_mut(key.group);
        own.unchecked.insert(key.topic);
        if own.doubted.insert(key.topic) {
            self.keep(key.group, DOUBTED, &self.group(key.group).doubted)?;
        }
        Ok(())
    }

    fn looked(&mut self, group: GroupId, topics: &[TopicFacts]) -> Result<(), EngineError> {
        let own = self.group_mut(group);
        let doubted = own.doubted.len();
        for facts in topics {
            own.doubted.remove(&facts.topic);
        }
        if own.doubted.len() != doubted {
            self.keep(group, DOUBTED, &self.group(group).doubted)?;
        }
        Ok(())
    }

    fn keep(&self, group: GroupId, key: &str, what: &impl Serialize) -> Result<(), EngineError> {
        Ok(self.work.set_group_value(group, key, &serde_json::to_string(what).map_err(StoreError::from)?)?)
    }

    /// A topic is deleted without an update of its own: its first message is. Whether that was it, Telegram is asked.
    fn check_deleted_topics(&mut self, group: GroupId, topics: &[TopicId]) -> Result<(), EngineError> {
        let mut suspects = Vec::new();
        for topic in topics {
            let key = TicketKey { group, topic: *topic };
            let known = match self.state.topics.get(&key) {
                Some(row) => Some(row.gone),
                None => self.work.topic(key)?.map(|row| row.gone),
            };
            if known == Some(false) {
                suspects.push(*topic);
            }
        }
        if !suspects.is_empty() {
            self.group_mut(group).doubted.extend(&suspects);
            self.keep(group, DOUBTED, &self.group(group).doubted)?;
        }
        for part in suspects.chunks(100) {
            self.orders.push(Order::CheckTopics { group, topics: part.to_vec() });
        }
        Ok(())
    }

    /// Takes in what came along about topics. Short answers change only what they say. `doubtful`: the stream may have said something
    /// newer since they were looked up.
    pub(super) fn put_topics(
        &mut self,
        group: GroupId,
        topics: &[TopicFacts],
        doubtful: bool,
    ) -> Result<(), EngineError> {
        for facts in topics {
            let key = TicketKey { group, topic: facts.topic };
            if facts.gone {
                self.topic_gone(key)?;
                continue;
            }
            let buried = self.group(group).buried.contains(&MessageId(facts.topic.0));
            let topic = self.topic(key)?;
            let known = doubtful && !topic.title.is_empty();
            // Whose messages were consumed, of that the stream may have told more than the answer, even if it has no title yet.
            let told = known || (doubtful && topic.applied > MessageId(0));
            // Its first message was deleted before anything was known of it: this may be older than that.
            let gone_since = buried && topic.title.is_empty();
            let renamed = facts.title.as_ref().is_some_and(|title| *title != topic.title);
            let closed = facts.closed.filter(|closed| *closed != topic.closed);
            let icon = facts.icon.filter(|icon| (*icon != 0).then_some(*icon) != topic.icon);
            let differs = renamed
                || closed.is_some()
                || icon.is_some()
                || facts.hidden.is_some_and(|hidden| hidden != topic.hidden)
                || (topic.created_at.is_none() && facts.created_at.is_some())
                || (topic.creator.is_none() && facts.creator.is_some());
            if let Some(top) = facts.top_message {
                let own = self.group_mut(group);
                own.top = own.top.max(top);
            }
            if !differs {
                continue;
            }
            if gone_since || (known && renamed) || (told && (closed.is_some() || icon.is_some())) {
                // The stream did not say so: this may be older than what it said. Whatever is true is the same at the next look.
                self.doubt_topic(key)?;
            }
            let topic = self.topic_mut(key)?;
            if let Some(title) = &facts.title {
                topic.title.clone_from(title);
            }
            if let Some(icon) = facts.icon {
                topic.icon = (icon != 0).then_some(icon);
            }
            topic.closed = facts.closed.unwrap_or(topic.closed);
            topic.hidden = facts.hidden.unwrap_or(topic.hidden);
            if closed == Some(true) && self.work.mirror_row(key)?.is_some_and(|row| row.echo == Some(true)) {
                // The stream will not say any more what the desk has asked for.
                self.own_edit_told(key, true)?;
            }
            if let Some(icon) = icon {
                self.icon_told(key, icon)?;
            }
            let topic = self.topic_mut(key)?;
            topic.created_at = topic.created_at.or(facts.created_at);
            topic.creator = topic.creator.or(facts.creator);
            if let Some(title) = facts.title.clone().filter(|_| renamed) {
                self.happen(key, &Happening::Renamed { title }, self.now, &Actor::Desk)?;
            }
            self.touch(key);
        }
        Ok(())
    }

    /// A topic no longer exists in Telegram. Its history stays.
    pub(super) fn topic_gone(&mut self, key: TicketKey) -> Result<(), EngineError> {
        let known = std::mem::replace(&mut self.topic_mut(key)?.gone, true);
        if let Some((below, false)) = self.work.history(key.group, key.topic)? {
            // Nobody can read it to its beginning any more.
            self.work.put_history(key.group, key.topic, below, true)?;
            self.collect(key)?;
        }
        if known {
            return Ok(());
        }
        self.park_topic(key, "the topic was deleted in Telegram")?;
        self.work.forget_mirror_row(key)?;
        self.happen(key, &Happening::TopicDeleted, self.now, &Actor::Desk)?;
        self.touch(key);
        Ok(())
    }
}
