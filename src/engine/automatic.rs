//! Automatic messages: nudges, confirmations and surveys go into the outbox when they are due, and come out again when they no longer fit.
//!
//! What is due, and until what, [`crate::desk::automatic`] tells from the ticket; the column `say_at` is a copy for the timer, which sounds
//! only while everything that Telegram has is known: before that, the customer may have written. A message is put into the lane of
//! automatic messages, behind what people write, and `automatic` keeps which one a ticket has there. Whenever something is recorded of
//! that ticket, it is asked whether the message still fits; if not, and it has not left, it is thrown away. Only when it was *sent* does
//! the ticket's log say so, under Telegram's date.

use std::time::Duration;

use super::EngineError;
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::automatic::{Kind, Occasion, SURVEY_PAUSE};
use crate::desk::event::Actor;
use crate::desk::ids::{AgentName, MessageId, OutboxId, TicketKey};
use crate::desk::lifecycle::Happening;
use crate::desk::survey::COUNTS_FOR;
use crate::desk::thread::{Delivery, Lane};
use crate::store::automatic::{Saying, SurveyRow};
use crate::store::outbox::OutboxRow;
use crate::store::timers::Timer;

/// How many tickets are looked at in one transaction.
const PART: usize = 50;

impl Turn<'_> {
    /// Puts what the desk says by itself into thread and outbox.
    pub(super) fn put_automatic(
        &mut self,
        key: TicketKey,
        text: &str,
        delivery: Delivery,
    ) -> Result<OutboxId, EngineError> {
        let entry = self.work.put_automatic(key, self.now, text)?;
        let row = OutboxRow {
            id: OutboxId(0),
            key,
            entry,
            agent: AgentName::from("the desk"),
            text: text.to_owned(),
            reply_to: None,
            random_id: (self.random)(),
            delivery,
            created_at: self.now,
            not_before: None,
            attempts: 0,
            lane: Lane::Automatic,
            seen: None,
            said_at: self.now,
            first: None,
            file: None,
        };
        let id = self.work.put_outbox(&row)?;
        self.work.tie(entry, id)?;
        self.touch(key);
        Ok(id)
    }

    /// Tells when something is to be said of a ticket, for its row. What is on its way already is not said again.
    pub(super) fn say_at(&mut self, key: TicketKey) -> Result<Option<Timestamp>, EngineError> {
        let rules = self.rules;
        if rules.pilot || rules.automatic.is_silent() {
            return Ok(None);
        }
        let Some(occasion) = self.ticket(key)?.and_then(|ticket| rules.occasion(ticket)) else { return Ok(None) };
        let known = self.state.sayings.get(&key).is_some_and(|saying| is_of(saying, &occasion));
        Ok((!known && self.may_be_said(key, &occasion)).then_some(occasion.due))
    }

    /// Nothing dated before go-live is spoken of, and nothing that is long out of date.
    fn may_be_said(&self, key: TicketKey, occasion: &Occasion) -> bool {
        self.group(key.group).is_live(occasion.since) && self.now.since(occasion.due) <= occasion.kind.may_be_late()
    }

    /// Says what is due, a part of it.
    pub(super) fn wake_automatic(&mut self) -> Result<(), EngineError> {
        if !self.state.hears_any() || self.state.say_wake.is_none_or(|at| at > self.now) {
            return Ok(());
        }
        for key in self.work.due_in(Timer::Saying, &self.state.heard, self.now, PART)? {
            let next = self.say(key)?;
            self.work.put_say(key, next)?;
        }
        self.state.say_wake = self.work.next_in(Timer::Saying, &self.state.heard)?;
        Ok(())
    }

    /// Says what is due of a ticket; tells when to come again.
    fn say(&mut self, key: TicketKey) -> Result<Option<Timestamp>, EngineError> {
        let rules = self.rules;
        let Some(due) = self.say_at(key)? else { return Ok(None) };
        if due > self.now {
            return Ok(Some(due));
        }
        let Some(ticket) = self.ticket(key)?.cloned() else { return Ok(None) };
        let (Some(occasion), Some(customer)) = (rules.occasion(&ticket), ticket.customer) else { return Ok(None) };
        let gone = self.topic(key)?.gone || self.topic(key)?.closed || self.is_ignored(key)?;
        if gone {
            return Ok(None);
        }
        let asked = self.work.last_asked(customer)?;
        if occasion.kind == Kind::Survey && asked.is_some_and(|at| self.now.since(at) < SURVEY_PAUSE) {
            return Ok(None);
        }
        let Some(text) = rules.automatic.text(occasion.kind, ticket.language.as_deref()) else { return Ok(None) };
        self.take_back_saying(key)?;
        let outbox = self.put_automatic(key, text, Delivery::Queued)?;
        if occasion.kind == Kind::Survey {
            let buttons = self.group(key.group).is_bot();
            let asked_at = self.now;
            let survey = SurveyRow { outbox, key, customer, asked_at, message: None, buttons, buttons_at: None };
            self.work.put_survey(&survey)?;
        }
        let saying = Saying { kind: occasion.kind, since: occasion.since, outbox };
        self.work.put_saying(key, &saying)?;
        self.state.sayings.insert(key, saying);
        Ok(None)
    }

    /// Takes back what does not fit any more, after something was recorded of a ticket.
    pub(super) fn check_saying(&mut self, key: TicketKey) -> Result<(), EngineError> {
        let Some(saying) = self.state.sayings.get(&key).copied() else { return Ok(()) };
        let rules = self.rules;
        let occasion = self.ticket(key)?.and_then(|ticket| rules.occasion(ticket));
        if occasion.is_some_and(|occasion| is_of(&saying, &occasion)) {
            return Ok(());
        }
        self.take_back_saying(key)
    }

    /// Takes back what is on its way, unless it may have left.
    fn take_back_saying(&mut self, key: TicketKey) -> Result<(), EngineError> {
        let Some(saying) = self.state.sayings.get(&key).copied() else { return Ok(()) };
        match self.work.outbox(saying.outbox)? {
            // It is being sent: that it was is written down when that is known.
            Some(row) if row.delivery == Delivery::Sending => return Ok(()),
            Some(row) if matches!(row.delivery, Delivery::Sent { .. }) => {}
            Some(row) => {
                self.throw_away(&row)?;
                self.work.forget_survey(saying.outbox)?;
            }
            None => self.work.forget_survey(saying.outbox)?,
        }
        self.state.sayings.remove(&key);
        Ok(self.work.forget_saying(key)?)
    }

    /// Takes back, at the start, what other rules wanted said.
    pub(super) fn follow_automatic(&mut self) -> Result<(), EngineError> {
        let keys: Vec<TicketKey> = self.state.sayings.keys().copied().collect();
        keys.into_iter().try_for_each(|key| self.check_saying(key))
    }

    /// The ticket is kept out of the desk now.
    pub(super) fn forget_automatic(&mut self, key: TicketKey) -> Result<(), EngineError> {
        self.take_back_saying(key)
    }

    /// An automatic message has been sent: the log says so.
    pub(super) fn automatic_sent(
        &mut self,
        row: &OutboxRow,
        message: MessageId,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let survey = self.work.survey(row.id)?;
        if let Some(survey) = survey {
            let buttons_at = survey.buttons.then(|| at + COUNTS_FOR);
            self.work.put_survey(&SurveyRow { asked_at: at, message: Some(message), buttons_at, ..survey })?;
            self.state.buttons_wake = self.work.next_buttons(&self.state.heard)?;
        }
        let Some(saying) = self.state.sayings.get(&row.key).copied().filter(|saying| saying.outbox == row.id) else {
            return Ok(());
        };
        self.state.sayings.remove(&row.key);
        self.work.forget_saying(row.key)?;
        let what = match saying.kind {
            Kind::Nudge => Happening::Nudged,
            Kind::Confirmation => Happening::ResolutionTold,
            Kind::Survey => Happening::SurveyAsked { message },
        };
        self.happen(row.key, &what, at, &Actor::Desk)?;
        self.count_early(row, message)
    }
}

/// Tells whether a message was made for an occasion.
fn is_of(saying: &Saying, occasion: &Occasion) -> bool {
    (saying.kind, saying.since) == (occasion.kind, occasion.since)
}

/// After a failure buttons are taken off again in this time.
pub(super) const BUTTONS_AGAIN: Duration = Duration::from_secs(300);
