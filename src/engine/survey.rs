//! Answers to surveys: presses of buttons, messages that are a score, and the buttons that go when they are of no more use.
//!
//! A press is no part of the update stream: it may be lost, or come twice, and says whatever its sender's program likes. So it counts only
//! if it names a survey that was asked by that message, of a ticket whose customer has pressed, in time.

use super::EngineError;
use super::automatic::BUTTONS_AGAIN;
use super::transport::{Button, LinkState, Order, Outcome, Press};
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::event::Actor;
use crate::desk::ids::{GroupId, MessageId, OutboxId, TicketKey, TopicId};
use crate::desk::lifecycle::Happening;
use crate::desk::survey::{self, SCORES};
use crate::desk::thread::{Lane, Post};
use crate::store::automatic::SurveyRow;
use crate::store::outbox::OutboxRow;
use crate::store::threads::EntryRow;

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
        let is_newest = ticket.survey.as_ref().is_some_and(|survey| survey.message == press.message);
        // The press may come before the answer to the call that has sent the question: it comes again, as presses do.
        if ticket.customer != Some(press.by) || !is_newest {
            return unknown();
        }
        self.scored(asked.key, score, None, self.now, &Actor::Person(press.by))?;
        Ok(rules.automatic.thanks(ticket.language.as_deref()).to_owned())
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
