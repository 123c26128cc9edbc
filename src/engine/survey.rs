//! Answers to surveys: presses of buttons, messages that are a score, and the buttons that go when they are of no more use.
//!
//! A press is no part of the update stream: it may be lost, or come twice, and says whatever its sender's program likes. So it counts only
//! if it names a survey that was asked by that message, of a ticket whose customer has pressed, in time. One that comes while it is not known
//! which message asks waits for that.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::EngineError;
use super::automatic::BUTTONS_AGAIN;
use super::transport::{Button, LinkState, Order, Outcome, Press};
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::event::Actor;
use crate::desk::ids::{GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use crate::desk::lifecycle::Happening;
use crate::desk::survey::{self, SCORES};
use crate::desk::thread::{Delivery, Lane, Post};
use crate::store::StoreError;
use crate::store::automatic::SurveyRow;
use crate::store::outbox::OutboxRow;
use crate::store::threads::EntryRow;

/// Under this key stand presses that came before it was known which message asks.
pub(super) const EARLY_PRESSES: &str = "early_presses";

/// So many of them are kept,
const MOST: usize = 200;

/// for so long: after that nobody waits for what their press has done.
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// A press of a button under a message of which Telegram has not yet said that it is the desk's question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EarlyPress {
    outbox: OutboxId,
    message: MessageId,
    by: PersonId,
    score: u8,
    at: Timestamp,
}

impl Turn<'_> {
    /// Tells the buttons of a row that is being sent. They are the same whenever it is asked: a repeat is the identical call.
    pub(super) fn buttons_of(&mut self, row: &OutboxRow) -> Result<Vec<Button>, EngineError> {
        if row.lane != Lane::Automatic || !self.work.survey(row.id)?.is_some_and(|survey| survey.buttons) {
            return Ok(Vec::new());
        }
        let button = |score: u8| Button { label: score.to_string(), data: survey::press_of(row.id.0, score) };
        Ok(SCORES.map(button).collect())
    }

    /// Somebody has pressed a button. Telegram wants an answer to each press.
    pub(super) fn pressed(&mut self, group: GroupId, press: &Press) -> Result<(), EngineError> {
        let text = self.press(group, press)?;
        self.orders.push(Order::AnswerPress { query: press.query, text });
        Ok(())
    }

    fn press(&mut self, group: GroupId, press: &Press) -> Result<String, EngineError> {
        let unknown = || Ok(String::new());
        let Some((outbox, score)) = survey::read_press(&press.data) else { return unknown() };
        let Some(asked) = self.work.survey(OutboxId(outbox))? else { return unknown() };
        let of_it = asked.key.group == group && asked.message.is_none_or(|message| message == press.message);
        let rules = self.rules;
        let Some(ticket) = self.ticket(asked.key)?.cloned().filter(|_| of_it) else { return unknown() };
        if ticket.customer != Some(press.by) {
            return unknown();
        }
        let is_newest = ticket.survey.as_ref().is_some_and(|survey| survey.message == press.message);
        if is_newest {
            self.scored(asked.key, score, None, self.now, &Actor::Person(press.by))?;
        } else if asked.message.is_none() && self.is_being_sent(asked.outbox)? {
            let (outbox, message, by, at) = (asked.outbox, press.message, press.by, self.now);
            self.keep_early(EarlyPress { outbox, message, by, score, at })?;
        } else {
            return unknown();
        }
        Ok(rules.automatic.thanks(ticket.language.as_deref()).to_owned())
    }

    fn is_being_sent(&mut self, outbox: OutboxId) -> Result<bool, EngineError> {
        Ok(self.work.outbox(outbox)?.is_some_and(|row| row.delivery == Delivery::Sending))
    }

    /// Keeps a press until it is known whether its message is the question: it may come before the answer to the call that sent that.
    fn keep_early(&mut self, press: EarlyPress) -> Result<(), EngineError> {
        let now = self.now;
        let early = &mut self.state.early_presses;
        early.retain(|kept| now.since(kept.at) < KEPT_FOR && (kept.outbox, kept.by) != (press.outbox, press.by));
        if early.len() >= MOST {
            early.remove(0);
        }
        early.push(press);
        self.write_early()
    }

    fn write_early(&mut self) -> Result<(), EngineError> {
        let text = serde_json::to_string(&self.state.early_presses).map_err(StoreError::from)?;
        Ok(self.work.set_value(EARLY_PRESSES, &text)?)
    }

    /// It is known which message asks: a press of its buttons that came before that counts now, and others never will.
    pub(super) fn count_early(&mut self, row: &OutboxRow, message: MessageId) -> Result<(), EngineError> {
        if self.state.early_presses.iter().all(|press| press.outbox != row.id) {
            return Ok(());
        }
        let early = self.state.early_presses.extract_if(.., |press| press.outbox == row.id).collect::<Vec<_>>();
        self.write_early()?;
        for press in early.into_iter().filter(|press| press.message == message) {
            if self.ticket(row.key)?.is_some_and(|ticket| ticket.customer == Some(press.by)) {
                self.scored(row.key, press.score, None, self.now, &Actor::Person(press.by))?;
            }
        }
        Ok(())
    }

    /// Tells whether a customer's message is the answer to a survey, and takes it as that. It is then no customer write.
    pub(super) fn is_score(&mut self, entry: &EntryRow, message: MessageId, post: &Post) -> Result<bool, EngineError> {
        if post.media.is_some() || post.text.len() > 32 || entry.deleted {
            return Ok(false);
        }
        let Some(ticket) = self.ticket(entry.key)?.filter(|ticket| ticket.survey.is_some()) else { return Ok(false) };
        let (Some(score), Some(author)) = (survey::answer_in(ticket, &post.text, entry.at), entry.author) else {
            return Ok(false);
        };
        self.scored(entry.key, score, Some(message), entry.at, &Actor::Person(author))?;
        Ok(true)
    }

    fn scored(
        &mut self,
        key: TicketKey,
        score: u8,
        message: Option<MessageId>,
        at: Timestamp,
        by: &Actor,
    ) -> Result<(), EngineError> {
        let recorded = self.happen(key, &Happening::Scored { score, message }, at, by)?;
        let Some(survey) = self.ticket(key)?.and_then(|ticket| ticket.survey.clone()) else { return Ok(()) };
        if recorded.is_empty() {
            return Ok(());
        }
        if let Some(row) = self.work.survey_of(key, survey.message)?.filter(|row| row.buttons_at.is_some()) {
            self.work.put_survey(&SurveyRow { buttons_at: Some(survey.ends()), ..row })?;
            self.state.buttons_wake = self.work.next_buttons(&self.state.heard)?;
        }
        self.touch(key);
        Ok(())
    }

    /// Takes off buttons that are of no more use, one message at a time and after everything else.
    pub(super) fn pump_buttons(&mut self) -> Result<(), EngineError> {
        let live = matches!(self.state.link, Some(LinkState::Live));
        let due = self.state.buttons_wake.is_some_and(|at| at <= self.now);
        if !live || !due || self.state.unbuttoning {
            return Ok(());
        }
        let Some(row) = self.work.due_buttons(&self.state.heard, self.now)? else {
            self.state.buttons_wake = self.work.next_buttons(&self.state.heard)?;
            return Ok(());
        };
        let group = self.group(row.key.group);
        let bot = group.is_bot();
        if !group.ready {
            self.state.buttons_wake = Some(self.now + BUTTONS_AGAIN);
            return Ok(());
        }
        let Some(message) = row.message.filter(|_| bot && !self.rules.pilot) else {
            return self.buttons_off(row, None);
        };
        if self.may_go_last(row.key.group)? {
            self.state.unbuttoning = true;
            self.orders.push(Order::Unbutton { group: row.key.group, topic: row.key.topic, message });
        } else {
            // The pace wakes the outbox, and that comes here again.
            let later = self.state.outbox_wake.filter(|at| *at > self.now);
            self.state.buttons_wake = Some(later.unwrap_or(self.now + BUTTONS_AGAIN));
        }
        Ok(())
    }

    fn buttons_off(&mut self, row: SurveyRow, again: Option<Timestamp>) -> Result<(), EngineError> {
        self.work.put_survey(&SurveyRow { buttons_at: again, ..row })?;
        self.state.buttons_wake = self.work.next_buttons(&self.state.heard)?;
        Ok(())
    }

    /// Takes in how taking off buttons ended.
    pub(super) fn unbuttoned(
        &mut self,
        group: GroupId,
        topic: TopicId,
        message: MessageId,
        outcome: &Outcome,
    ) -> Result<(), EngineError> {
        self.state.unbuttoning = false;
        let Some(row) = self.work.survey_of(TicketKey { group, topic }, message)? else { return Ok(()) };
        let again = match outcome {
            Outcome::Sent { .. } | Outcome::Refused { .. } => None,
            Outcome::Later { not_before } | Outcome::UnknownUntil { not_before } => {
                self.flood(group, *not_before)?;
                Some(*not_before)
            }
            Outcome::Taken | Outcome::Unknown { .. } => Some(self.now + BUTTONS_AGAIN),
        };
        self.buttons_off(row, again)
    }
}
