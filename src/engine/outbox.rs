//! The outbox: every reply leaves once, in order per ticket (DESIGN invariant 4).
//!
//! held -> queued -> sending -> sent or parked. What is sent is fixed when a row leaves *held*. An answer that does not come, or that
//! is no definite refusal, leaves the row *sending*, and the identical call is repeated with the same `random_id`.

use std::collections::BTreeSet;
use std::time::Duration;

use super::EngineError;
use super::transport::{LinkState, Order, Outcome, Send};
use super::turn::Turn;
use super::views::Alert;
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Writer};
use crate::desk::ids::{MessageId, OutboxId, TicketKey};
use crate::desk::lifecycle::Happening;
use crate::desk::thread::{Content, Delivery};
use crate::store::outbox::OutboxRow;

/// How many replies, of different tickets, are on their way at once.
const AT_ONCE: usize = 4;

/// How far Telegram's clock may be behind ours.
const SKEW: Duration = Duration::from_secs(60);

impl Turn<'_> {
    /// Moves every row that can move, and asks for the sends that are due.
    pub(super) fn pump_outbox(&mut self) -> Result<(), EngineError> {
        self.state.outbox_wake = None;
        let rows = self.work.open_outbox()?;
        if rows.is_empty() {
            return Ok(());
        }
        let linked = self.state.ready && matches!(self.state.link, Some(LinkState::CatchingUp | LinkState::Live));
        if self.state.send_after.is_some_and(|at| at <= self.now) {
            self.state.send_after = None;
            self.work.forget_value("send_after")?;
        }
        let mut waiting: BTreeSet<TicketKey> = BTreeSet::new();
        for mut row in rows {
            if let Delivery::Held { until } = row.delivery {
                if until > self.now {
                    self.wake_outbox(until);
                    waiting.insert(row.key);
                    continue;
                }
                self.move_row(&mut row, Delivery::Queued)?;
            }
            if matches!(row.delivery, Delivery::Parked { .. }) {
                continue;
            }
            // Order is kept per ticket: only the oldest row that has not settled may be on its way.
            if !waiting.insert(row.key) || self.state.sending.contains(&row.id) || !linked {
                continue;
            }
            let not_before = row.not_before.max(self.state.send_after).filter(|at| *at > self.now);
            if let Some(at) = not_before {
                self.wake_outbox(at);
                continue;
            }
            if self.state.sending.len() < AT_ONCE {
                self.send(row)?;
            }
        }
        Ok(())
    }

    fn wake_outbox(&mut self, at: Timestamp) {
        self.state.outbox_wake = Some(self.state.outbox_wake.map_or(at, |wake| wake.min(at)));
    }

    fn send(&mut self, mut row: OutboxRow) -> Result<(), EngineError> {
        self.work.set_attempt(row.id, row.attempts + 1, None)?;
        if row.delivery != Delivery::Sending {
            self.move_row(&mut row, Delivery::Sending)?;
        }
        self.state.sending.insert(row.id);
        self.orders.push(Order::Send(Send {
            outbox: row.id,
            group: row.key.group,
            topic: row.key.topic,
            reply_to: row.reply_to,
            text: row.text,
            random_id: row.random_id,
        }));
        Ok(())
    }

    fn move_row(&mut self, row: &mut OutboxRow, delivery: Delivery) -> Result<(), EngineError> {
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
                self.alerts.push(Alert::Parked { ticket: row.key, agent: row.agent.clone(), why: why.clone() });
                let key = row.key;
                self.move_row(&mut row, Delivery::Parked { why })?;
                if topic_gone {
                    self.orders.push(Order::CheckTopics { group: key.group, topics: vec![key.topic] });
                }
                Ok(())
            }
            Outcome::Later { not_before } => {
                // A definite "not now": nothing has happened there, and nothing may be sent to the group before.
                self.state.send_after = self.state.send_after.max(Some(not_before));
                self.work.set_value("send_after", &not_before.millis().to_string())?;
                self.wake_outbox(not_before);
                self.touch_all();
                self.move_row(&mut row, Delivery::Queued)
            }
            Outcome::Taken => {
                let own = self.state.staff.own;
                // The difference after a crash brings what we sent without saying that it was that.
                match self.work.untied(row.key, own, row.created_at - SKEW, row.text.trim())? {
                    Some(message) => self.settle(&row, message, None),
                    None => self.repeat_later(&row, "Telegram is still busy with it"),
                }
            }
            Outcome::Unknown { why } => self.repeat_later(&row, &why),
        }
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
            _ => Ok(()),
        }
    }

    /// The reply's entry becomes the mirrored message, whichever of the two came first.
    fn settle(&mut self, row: &OutboxRow, message: MessageId, at: Option<Timestamp>) -> Result<(), EngineError> {
        let key = row.key;
        let twin = self.work.message(key.group, message)?.filter(|twin| twin.id != row.entry);
        let own = self.state.staff.own;
        let at = twin.as_ref().map(|twin| twin.at).or(at).unwrap_or(self.now);
        if let Some(twin) = &twin {
            self.state.indexed = self.work.remove(twin, self.state.indexed)?;
        }
        self.work.settle_entry(row.entry, message, at, own)?;
        if twin.is_some_and(|twin| twin.deleted) || self.state.buried.contains(&message) {
            self.work.mark_deleted(row.entry)?;
        }
        self.work.set_delivery(row.id, &Delivery::Sent { message })?;
        self.touch(key);
        let topic = self.topic_mut(key)?;
        if message > topic.last_message.unwrap_or_default() {
            topic.last_message = Some(message);
            topic.last_at = Some(at);
            topic.last_text =
                Content::Post(crate::desk::thread::Post { text: row.text.clone(), ..Default::default() }).snippet();
        }
        if topic.last_message == Some(message) {
            topic.last_staff = true;
        }
        // The stream's own copy is consumed in its turn. If its turn is over, it counted for nobody.
        if message <= self.topic(key)?.applied {
            let writer = Writer::Desk(row.agent.clone());
            let by = Actor::Agent(row.agent.clone());
            self.happen(key, &Happening::Wrote { message, writer, thanks: false }, at, &by)?;
        }
        Ok(())
    }

    /// Parks everything that waits for a topic that is gone.
    pub(super) fn park_topic(&mut self, key: TicketKey, why: &str) -> Result<(), EngineError> {
        for mut row in self.work.open_outbox()? {
            let waits = matches!(row.delivery, Delivery::Held { .. } | Delivery::Queued);
            if row.key == key && waits {
                self.alerts.push(Alert::Parked { ticket: key, agent: row.agent.clone(), why: why.to_owned() });
                self.move_row(&mut row, Delivery::Parked { why: why.to_owned() })?;
            }
        }
        Ok(())
    }
}
