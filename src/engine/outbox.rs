//! The outbox: every reply leaves once, in order per ticket (DESIGN invariant 4).
//!
//! held -> queued -> sending -> sent or parked. What is sent is fixed when a row leaves *held*. An answer that does not come, or that
//! is no definite refusal, leaves the row *sending*, and the identical call is repeated with the same `random_id`.
//!
//! What was never *sending* goes back to *held* when the thread has moved on under it, or when it lay too long while the desk was
//! offline: until its agent says once more that it may go. Tickets take turns, lanes go one after the other, all at the pace of
//! `pace`, which each group has for itself: what waits in one keeps nothing in another from leaving. A row may have steps before its
//! text leaves (`opening`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::EngineError;
use super::groups::SEND_AFTER;
use super::transport::{LinkState, Order, Outcome, Outgoing, Send};
use super::turn::Turn;
use super::views::Alert;
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Writer};
use crate::desk::files::{Attachment, mime};
use crate::desk::ids::{GroupId, MessageId, OutboxId, TicketKey, TopicId};
use crate::desk::lifecycle::Happening;
use crate::desk::thread::{Delivery, Doubt, Lane, Post};
use crate::store::outbox::OutboxRow;
use crate::store::threads::EntryRow;

/// How many replies, of different tickets, are on their way at once.
const AT_ONCE: usize = 4;

/// How many of them bring a file, which takes long.
const WITH_FILES: usize = 2;

/// How far Telegram's clock may be behind ours.
pub(super) const SKEW: Duration = Duration::from_secs(60);

/// What has become of a row whose turn it was.
enum Advance {
    /// It was asked for, or waits for something of its own.
    Done,
    /// It waits for a word of its agent.
    HeldAgain,
    /// Nothing more may be asked of its group now.
    Full,
    /// Nothing more may be asked for now.
    Busy,
}

impl Turn<'_> {
    /// Moves every row that can move, and asks for the sends that are due.
    pub(super) fn pump_outbox(&mut self) -> Result<(), EngineError> {
        self.state.outbox_wake = None;
        for group in self.state.groups.ids() {
            if self.group(group).send_after.is_some_and(|at| at <= self.now) {
                self.group_mut(group).send_after = None;
                self.work.forget_group_value(group, SEND_AFTER)?;
            }
        }
        self.pump_changes()?;
        // What stood behind a row that is held again has its turn at once.
        while self.pump_replies()? {}
        // What is of a lower lane than the outbox asks for its turn after this line.
        self.pump_mirror_status()?;
        self.pump_buttons()?;
        self.pump_summonses()
    }

    /// Does what can be done now; tells whether a row was held again.
    fn pump_replies(&mut self) -> Result<bool, EngineError> {
        let mut heads: BTreeMap<TicketKey, OutboxRow> = BTreeMap::new();
        let mut held: BTreeSet<TicketKey> = BTreeSet::new();
        for mut row in self.work.open_outbox()? {
            match row.delivery {
                Delivery::Held { until } if until > self.now => {
                    self.wake_outbox(until);
                    held.insert(row.key);
                    continue;
                }
                Delivery::Held { .. } => self.move_row(&mut row, Delivery::Queued)?,
                Delivery::Confirm { .. } | Delivery::Parked { .. } | Delivery::Sent { .. } => continue,
                Delivery::Queued | Delivery::Sending => {}
            }
            // Order is kept per ticket: only one row is on its way, the oldest of the most important lane; what may be there
            // already must be known first, and nothing overtakes what is held.
            let sending = row.delivery == Delivery::Sending;
            let before = heads.get(&row.key).map(|head| (head.delivery == Delivery::Sending, head.lane));
            let first = match before {
                Some((true, _)) => false,
                Some((false, lane)) => sending || row.lane < lane,
                None => sending || !held.contains(&row.key),
            };
            if first {
                heads.insert(row.key, row);
            }
        }
        self.state.served.retain(|key, _| heads.contains_key(key));
        let mut heads: Vec<OutboxRow> = heads.into_values().collect();
        // Lanes, then whoever has waited longest for a turn: one reply of a ticket, then one of the next.
        let since = |row: &OutboxRow| row.said_at.max(self.state.served.get(&row.key).copied().unwrap_or_default());
        heads.sort_by_key(|row| (row.delivery != Delivery::Sending, row.lane, since(row), row.id));
        let mut held_again = false;
        let mut bringing =
            heads.iter().filter(|row| row.file.is_some() && self.state.sending.contains(&row.id)).count();
        let mut full: BTreeSet<GroupId> = BTreeSet::new();
        for row in heads {
            let group = row.key.group;
            if full.contains(&group) {
                continue;
            }
            if row.file.is_some() && !self.state.sending.contains(&row.id) {
                if bringing >= WITH_FILES {
                    continue;
                }
                bringing += 1;
            }
            match self.advance(row)? {
                Advance::Done => {}
                Advance::HeldAgain => held_again = true,
                Advance::Full => {
                    full.insert(group);
                }
                Advance::Busy => break,
            }
        }
        Ok(held_again)
    }

    /// Sends a row if it may go now.
    fn advance(&mut self, mut row: OutboxRow) -> Result<Advance, EngineError> {
        let repeat = row.delivery == Delivery::Sending;
        // What was written while the desk was away is known only when the link is live.
        let linked = match self.state.link {
            Some(LinkState::Live) => true,
            // What opens a ticket is repeated only when the mirror would show that it has worked.
            Some(LinkState::CatchingUp) => repeat && row.key.topic != TopicId::GENERAL,
            _ => false,
        };
        let group = self.group(row.key.group);
        let may_send = group.ready && group.read_only().is_none();
        if !linked || !may_send || self.state.sending.contains(&row.id) {
            return Ok(Advance::Done);
        }
        if self.state.sending.len() >= AT_ONCE {
            return Ok(Advance::Busy);
        }
        if !repeat && let Some(why) = self.doubt(&row)? {
            self.ask(row, &why)?;
            return Ok(Advance::HeldAgain);
        }
        if let Some(at) = row.not_before.filter(|at| *at > self.now) {
            self.wake_outbox(at);
            return Ok(Advance::Done);
        }
        if !self.may_go(row.key.group)? {
            return Ok(Advance::Full);
        }
        self.work.set_attempt(row.id, row.attempts + 1, None)?;
        if !repeat {
            self.move_row(&mut row, Delivery::Sending)?;
        }
        if !self.open_on(&mut row)? {
            self.send(row, repeat)?;
        }
        Ok(Advance::Done)
    }

    /// Tells why a row should not leave without another word of its agent. A text of which a part has left goes on.
    fn doubt(&mut self, row: &OutboxRow) -> Result<Option<Doubt>, EngineError> {
        if row.lane != Lane::Human || row.first.is_some_and(|first| first != row.id) {
            return Ok(None);
        }
        if let Some(doubt) = self.newer(row.key, row.seen, &row.agent)? {
            return Ok(Some(doubt));
        }
        let waited = self.state.up_since.map(|up| up.since(row.said_at)).unwrap_or_default();
        let long = self.rules.ask_after_offline.is_some_and(|limit| waited >= limit);
        Ok(long.then_some(Doubt::Offline { since: row.said_at }))
    }

    /// Holds a row, and what of its text comes after it, until its agent says that it may go.
    fn ask(&mut self, row: OutboxRow, why: &Doubt) -> Result<(), EngineError> {
        self.alerts.push(Alert::Parked { ticket: row.key, agent: row.agent.clone(), why: why.to_string() });
        let mut rows = self.after(&row)?;
        rows.insert(0, row);
        for mut row in rows {
            self.move_row(&mut row, Delivery::Confirm { why: why.clone() })?;
        }
        Ok(())
    }

    pub(super) fn wake_outbox(&mut self, at: Timestamp) {
        self.state.outbox_wake = Some(self.state.outbox_wake.map_or(at, |wake| wake.min(at)));
    }

    fn send(&mut self, row: OutboxRow, repeat: bool) -> Result<(), EngineError> {
        let buttons = self.buttons_of(&row)?;
        self.state.sending.insert(row.id);
        self.state.served.insert(row.key, self.now);
        self.orders.push(Order::Send(Send {
            outbox: row.id,
            group: row.key.group,
            topic: row.key.topic,
            reply_to: row.reply_to,
            text: row.text,
            random_id: row.random_id,
            buttons,
            file: row.file.map(|file| Outgoing {
                path: self.files.outgoing(&file.stored),
                mime: mime(&file.name).to_owned(),
                name: file.name,
                size: file.size,
                written: file.written,
                repeat,
            }),
        }));
        Ok(())
    }

    pub(super) fn move_row(&mut self, row: &mut OutboxRow, delivery: Delivery) -> Result<(), EngineError> {
        self.work.set_delivery(row.id, &delivery)?;
        row.delivery = delivery;
        self.touch(row.key);
        Ok(())
    }

    /// Takes in how a send ended.
    pub(super) fn delivered(&mut self, id: OutboxId, outcome: Outcome) -> Result<(), EngineError> {
        self.state.sending.remove(&id);
        let Some(mut row) = self.work.outbox(id)? else { return Ok(()) };
        if matches!(row.delivery, Delivery::Sent { .. }) {
            return Ok(());
        }
        match outcome {
            Outcome::Sent { message, at } => self.settle(&row, message, Some(at)),
            Outcome::Refused { why, topic_gone } => {
                // A try before this one may have worked without an answer; then the mirror shows it.
                if let Some(message) = self.twin(&row)? {
                    return self.settle(&row, message, None);
                }
                self.alerts.push(Alert::Parked { ticket: row.key, agent: row.agent.clone(), why: why.clone() });
                let key = row.key;
                for mut later in self.after(&row)? {
                    let why = format!("the part before it was not sent: {why}");
                    self.move_row(&mut later, Delivery::Parked { why })?;
                }
                self.move_row(&mut row, Delivery::Parked { why })?;
                // A right may have been taken away.
                self.group_mut(key.group).facts_owed = true;
                if topic_gone {
                    self.orders.push(Order::CheckTopics { group: key.group, topics: vec![key.topic] });
                }
                Ok(())
            }
            Outcome::Taken => {
                // The difference after a crash brings what we sent without saying that it was that.
                match self.twin(&row)? {
                    Some(message) => self.settle(&row, message, None),
                    None => self.put_off(row, Outcome::Taken),
                }
            }
            later => self.put_off(row, later),
        }
    }

    /// Has a row asked for again, as the answer to it wants.
    pub(super) fn put_off(&mut self, mut row: OutboxRow, outcome: Outcome) -> Result<(), EngineError> {
        match outcome {
            // What was asked for before without an answer may be there: only the call that was answered now was not carried out.
            Outcome::Later { not_before } if row.attempts <= 1 => {
                self.flood(row.key.group, not_before)?;
                self.work.set_attempt(row.id, 0, None)?;
                self.move_row(&mut row, Delivery::Queued)
            }
            Outcome::Later { not_before } | Outcome::UnknownUntil { not_before } => {
                self.flood(row.key.group, not_before)?;
                self.work.set_attempt(row.id, row.attempts, Some(not_before))?;
                Ok(())
            }
            Outcome::Unknown { why } => self.repeat_later(&row, &why),
            Outcome::Taken | Outcome::Sent { .. } | Outcome::Refused { .. } => {
                self.repeat_later(&row, "Telegram is still busy with it")
            }
        }
    }

    /// Finds the message that a row has become, if the mirror has it and nobody has said that it was that.
    fn twin(&mut self, row: &OutboxRow) -> Result<Option<MessageId>, EngineError> {
        let own = self.group(row.key.group).staff.own;
        let (since, text) = (row.created_at - SKEW, row.text.trim());
        Ok(match &row.file {
            Some(file) => self.work.untied_file(row.key, own, since, text, &file.name)?,
            None => self.work.untied(row.key, own, since, text)?,
        })
    }

    /// Tells whether a message is the copy, come before its answer, of what a user account is sending for the desk. Nobody typed it in
    /// Telegram; it counts when it is settled.
    pub(super) fn is_own_copy(&mut self, entry: &EntryRow) -> Result<bool, EngineError> {
        if entry.author.is_none() || entry.author != self.group(entry.key.group).staff.own {
            return Ok(false);
        }
        let is_copy = |row: &OutboxRow| {
            row.key == entry.key && row.delivery == Delivery::Sending && row.text.trim() == entry.text.trim()
        };
        Ok(self.work.open_outbox()?.iter().any(is_copy))
    }

    /// Takes in a definite "not now": nothing has happened there, and nothing may be asked of the group before.
    pub(super) fn flood(&mut self, group: GroupId, not_before: Timestamp) -> Result<(), EngineError> {
        let own = self.group_mut(group);
        own.send_after = own.send_after.max(Some(not_before));
        self.work.set_group_value(group, SEND_AFTER, &not_before.millis().to_string())?;
        self.wake_outbox(not_before);
        self.touch_all();
        Ok(())
    }

    fn repeat_later(&mut self, row: &OutboxRow, why: &str) -> Result<(), EngineError> {
        tracing::info!(outbox = row.id.0, why, "not known whether it was sent: the identical call is repeated");
        let pause = Duration::from_secs(u64::from(row.attempts.clamp(1, 30)));
        self.work.set_attempt(row.id, row.attempts, Some(self.now + pause))?;
        self.wake_outbox(self.now + pause);
        Ok(())
    }

    /// Telegram says by an update which id it gave to what we sent.
    pub(super) fn settled(&mut self, random_id: i64, message: MessageId) -> Result<(), EngineError> {
        match self.work.outbox_by_random_id(random_id)? {
            Some(row) if !matches!(row.delivery, Delivery::Sent { .. }) => {
                self.state.sending.remove(&row.id);
                self.settle(&row, message, None)
            }
            Some(_) => Ok(()),
            None => self.opening_settled(random_id, message),
        }
    }

    /// The reply's entry becomes the mirrored message, whichever of the two came first.
    fn settle(&mut self, row: &OutboxRow, message: MessageId, at: Option<Timestamp>) -> Result<(), EngineError> {
        let key = row.key;
        let twin = self.work.message(key.group, message)?.filter(|twin| twin.id != row.entry);
        let own = self.group(key.group).staff.own;
        let at = twin.as_ref().map(|twin| twin.at).or(at).unwrap_or(self.now);
        if let Some(twin) = &twin {
            self.state.indexed = self.work.remove(twin, self.state.indexed)?;
        }
        self.work.settle_entry(row.entry, message, at, own)?;
        if let Some(content) = twin.as_ref().and_then(|twin| twin.content.as_ref()) {
            self.adopt(row.entry, content)?;
        }
        self.work.set_delivery(row.id, &Delivery::Sent { message })?;
        self.idle_files.sent.extend(row.file.iter().map(|file| file.stored.clone()));
        self.touch(key);
        let topic = self.topic_mut(key)?;
        if message > topic.last_message.unwrap_or_default() {
            topic.last_message = Some(message);
            topic.last_at = Some(at);
            let media = row.file.as_ref().map(Attachment::media);
            topic.last_text = Post { text: row.text.clone(), media, ..Post::default() }.snippet();
        }
        let by_person = row.lane == Lane::Human;
        if topic.last_message == Some(message) {
            topic.last_staff = by_person;
        }
        if (twin.is_some_and(|twin| twin.deleted) || self.group(key.group).buried.contains(&message))
            && let Some(entry) = self.work.entry(row.entry)?
        {
            self.tombstone(&entry)?;
        }
        if !by_person {
            self.notice_sent(row)?;
            self.automatic_sent(row, message, at)?;
        }
        // The stream's own copy is consumed in its turn. If its turn is over, it counted for nobody.
        if by_person && message <= self.topic(key)?.applied {
            let writer = Writer::Desk(row.agent.clone());
            let by = Actor::Agent(row.agent.clone());
            self.happen(key, &Happening::Wrote { message, writer, thanks: false }, at, &by)?;
        }
        Ok(())
    }

    /// Parks everything that waits for a topic that is gone.
    pub(super) fn park_topic(&mut self, key: TicketKey, why: &str) -> Result<(), EngineError> {
        for mut row in self.work.open_outbox()? {
            let waits = matches!(row.delivery, Delivery::Held { .. } | Delivery::Confirm { .. } | Delivery::Queued);
            if row.key == key && waits && row.lane == Lane::Automatic {
                self.throw_away(&row)?;
            } else if row.key == key && waits {
                self.alerts.push(Alert::Parked { ticket: key, agent: row.agent.clone(), why: why.to_owned() });
                self.move_row(&mut row, Delivery::Parked { why: why.to_owned() })?;
            }
        }
        Ok(())
    }
}
