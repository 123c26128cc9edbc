//! Changing what was sent: edits and deletions of an agent's own messages.
//!
//! A change says what the message is to be, so it can be asked for until Telegram says that it is so; a crash repeats it. Changes of
//! one message are done in their order. The thread shows them when Telegram has done them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::EngineError;
use super::desk_work::Answer;
use super::handle::Receipt;
use super::transport::{Change, LinkState, Order, Outcome};
use super::turn::Turn;
use super::views::Alert;
use crate::clock::Timestamp;
use crate::desk::command::Refusal;
use crate::desk::ids::{AgentName, ChangeId, GroupId, MessageId, TicketKey};
use crate::desk::split::LONGEST;
use crate::desk::thread::{Content, Message, Post};
use crate::store::changes::{ChangeRow, Progress};

impl Turn<'_> {
    /// Queues an edit (`text`) or a deletion of a message that the agent has sent.
    pub(super) fn change_message(
        &mut self,
        key: TicketKey,
        message: MessageId,
        agent: &AgentName,
        text: Option<&str>,
    ) -> Result<Answer, EngineError> {
        let refuse = |why: String| Ok(Err(Refusal::Senseless(why)));
        let Some(entry) = self.work.message(key.group, message)?.filter(|entry| entry.key == key) else {
            return refuse(format!("there is no message {message} in {key}"));
        };
        let verb = if text.is_some() { "changed" } else { "deleted" };
        match &entry.agent {
            Some(whose) if whose == agent => {}
            Some(whose) => return refuse(format!("message {message} is {whose}'s: only its author has it {verb}")),
            None => return refuse(format!("message {message} is not yours: only one's own messages can be {verb}")),
        }
        if entry.author != self.group(key.group).staff.own {
            return refuse(format!("message {message} was written in Telegram itself: it can be {verb} only there"));
        }
        let pending = self.work.newest_change(key.group, message)?;
        let going = pending.is_some_and(|row| row.text.is_none() && is_open(&row));
        if entry.deleted || going {
            return refuse(format!("message {message} is deleted already"));
        }
        let text = text.map(str::trim);
        if let Some(text) = text {
            let length = text.encode_utf16().count();
            if text.is_empty() {
                return Ok(Err(Refusal::EmptyText));
            }
            if length > LONGEST {
                return Ok(Err(Refusal::TooLong(length, LONGEST)));
            }
        }
        let change = self.work.put_change(key, message, agent, text, self.now)?;
        self.touch(key);
        Ok(Ok(Receipt { change: Some(change), ..Receipt::default() }))
    }

    /// Asks for the changes that are due.
    pub(super) fn pump_changes(&mut self) -> Result<(), EngineError> {
        if !matches!(self.state.link, Some(LinkState::CatchingUp | LinkState::Live)) {
            return Ok(());
        }
        let mut busy: BTreeSet<(TicketKey, MessageId)> = BTreeSet::new();
        // Groups in which nothing more may be asked for now.
        let mut full: BTreeSet<GroupId> = BTreeSet::new();
        for mut row in self.work.open_changes()? {
            let group = row.key.group;
            let open = self.group(group).ready && !full.contains(&group);
            if !busy.insert((row.key, row.message)) || self.state.changing.contains(&row.id) || !open {
                continue;
            }
            if let Some(at) = row.not_before.filter(|at| *at > self.now) {
                self.wake_outbox(at);
                continue;
            }
            if !self.may_go(group)? {
                full.insert(group);
                continue;
            }
            row.progress = Progress::Sending;
            row.attempts += 1;
            row.not_before = None;
            self.work.set_change(&row)?;
            self.touch(row.key);
            self.state.changing.insert(row.id);
            let message = row.message;
            self.orders.push(Order::Change(Change { change: row.id, group, message, text: row.text }));
        }
        Ok(())
    }

    /// Takes in how a change ended.
    pub(super) fn changed(&mut self, id: ChangeId, outcome: Outcome) -> Result<(), EngineError> {
        self.state.changing.remove(&id);
        let Some(mut row) = self.work.change(id)?.filter(is_open) else { return Ok(()) };
        match outcome {
            Outcome::Sent { at, .. } => {
                row.progress = Progress::Done;
                self.is_changed(&row, at)?;
            }
            Outcome::Refused { why, .. } => {
                self.alerts.push(Alert::NotChanged { ticket: row.key, agent: row.agent.clone(), why: why.clone() });
                row.progress = Progress::Refused(why);
            }
            // Done twice is done once, so it does not matter whether it was.
            Outcome::Later { not_before } | Outcome::UnknownUntil { not_before } => {
                self.flood(row.key.group, not_before)?;
                row.progress = Progress::Queued;
            }
            Outcome::Taken | Outcome::Unknown { .. } => {
                let pause = Duration::from_secs(u64::from(row.attempts.clamp(1, 30)));
                row.not_before = Some(self.now + pause);
            }
        }
        self.work.set_change(&row)?;
        self.touch(row.key);
        Ok(())
    }

    /// Shows what Telegram has done. The stream says it too, earlier or later.
    fn is_changed(&mut self, row: &ChangeRow, at: Timestamp) -> Result<(), EngineError> {
        let group = row.key.group;
        let Some(text) = &row.text else { return self.deleted(group, row.message) };
        let Some(entry) = self.work.message(group, row.message)? else { return Ok(()) };
        let (Some(author), Some(Content::Post(before))) = (entry.author, entry.content) else { return Ok(()) };
        let content = Content::Post(Post { text: text.clone(), entities: Vec::new(), ..before });
        let (id, topic, reply_to) = (row.message, row.key.topic, entry.reply_to);
        self.edited(group, &Message { id, topic, author, at: entry.at, edited_at: Some(at), reply_to, content })?;
        Ok(())
    }
}

fn is_open(row: &ChangeRow) -> bool {
    matches!(row.progress, Progress::Queued | Progress::Sending)
}
