//! One step: an input, a transaction, what is to be done outside.

use std::time::Duration;

use super::handle::Receipt;
use super::input::{Input, Output};
use super::transport::{Incoming, Order};
use super::turn::Turn;
use super::views::{Alert, Revision};
use super::{Engine, EngineError, State};
use crate::clock::Timestamp;
use crate::desk::command::{Command, Refusal};
use crate::store::StoreError;

/// How long nothing is begun after a step was taken back.
const MOMENT: Duration = Duration::from_secs(1);

impl Engine {
    /// Does everything that follows from an input. `now` never lies before an earlier step's.
    ///
    /// A commit that fails takes the whole step back. A command is answered with [`Refusal::NotSaved`], a timer comes again after a
    /// moment; if something from Telegram is lost by it, the link is asked to start anew from the committed cursor, so that it comes again.
    pub fn step(&mut self, input: Input, now: Timestamp) -> Vec<Output> {
        let mut news = self.screens.expire(now);
        if let Some(outputs) = self.take_sign(&input, &mut news, now) {
            return outputs;
        }
        let replies = match &input {
            Input::Command { agent, command: Command::Reply { ticket, .. }, .. } => Some((agent.clone(), *ticket)),
            _ => None,
        };
        let lost = match input {
            Input::Command { .. } => Lost::Command,
            Input::Woken | Input::Idle => Lost::Timer,
            Input::Started | Input::Incoming(_) => Lost::Incoming,
        };
        let was_followed = self.state.groups.is_done();
        let mut before = self.state.underway();
        let mut told = Vec::new();
        if let Input::Incoming(all) = &input {
            before.forget_answered(all);
            told.extend(all.iter().filter_map(|incoming| before.file_answered(incoming)).map(Alert::File));
        }
        // What an agent has done is no repeatable backfill, whatever else goes on.
        let promised = matches!(lost, Lost::Command) && !was_followed;
        if promised && let Err(error) = self.store.durable(true) {
            tracing::warn!(%error, "cannot change how commits reach the disk");
        }
        if self.pause.is_some_and(|at| at <= now) {
            self.pause = None;
        }
        match self.reload().and_then(|()| self.try_step(input, now)) {
            Ok((answer, orders, revision)) => {
                if let Some((agent, ticket)) = replies.filter(|_| answer.as_ref().is_some_and(Result::is_ok)) {
                    self.follow_reply(&agent, ticket, &mut news, now);
                }
                let mut revision = self.tell_of(news, revision);
                if self.state.scrub_owed {
                    match self.store.scrub() {
                        Ok(done) => self.state.scrub_owed = !done,
                        Err(error) => tracing::warn!(%error, "what was erased is still in the write-ahead log"),
                    }
                }
                // A step that had nothing to write proves nothing. Whoever shows the trouble is to read again.
                if let Some(revision) = &mut revision {
                    revision.all |= self.trouble.take().is_some();
                }
                if (promised || self.state.groups.is_done() != was_followed)
                    && let Err(error) = self.store.durable(self.state.groups.is_done())
                {
                    tracing::warn!(%error, "cannot change how commits reach the disk");
                }
                let owed = self.state.follow_owed && self.pause.is_none();
                let follow = owed.then(|| self.ask_anew(now));
                let orders = orders.into_iter().chain(follow).map(Output::Order);
                let receipt = answer.map(|answer| {
                    let number = revision.as_ref().map_or(0, |revision| revision.number);
                    Output::Answer(answer.map(|receipt| Receipt { revision: number.max(receipt.revision), ..receipt }))
                });
                orders.chain(receipt).chain(revision.map(Output::Published)).collect()
            }
            Err(error) => self.failed(&error, before, (lost, told), now),
        }
    }

    fn try_step(&mut self, input: Input, now: Timestamp) -> Result<Done, EngineError> {
        let work = self.store.begin()?;
        let mut turn = Turn::new(work, &self.files, &mut self.state, &self.rules, &mut *self.random, now);
        let mut answer = None;
        let mut about = None;
        match input {
            Input::Started => turn.start()?,
            Input::Command { id, agent, command } => {
                if let Some(text) = turn.work.receipt(&id)?.filter(|_| !turn.has_lapsed(&command)) {
                    return Ok((Some(Ok(serde_json::from_str(&text).map_err(StoreError::from)?)), Vec::new(), None));
                }
                match turn.command(&agent, &command)? {
                    Ok(receipt) => {
                        let text = serde_json::to_string(&receipt).map_err(StoreError::from)?;
                        turn.work.keep_receipt(&id, now, &text)?;
                        (answer, about) = (Some(Ok(receipt)), command.ticket());
                    }
                    Err(refusal) => return Ok((Some(Err(refusal)), Vec::new(), None)),
                }
            }
            Input::Incoming(all) => {
                for incoming in all {
                    turn.incoming(incoming)?;
                }
            }
            Input::Woken => turn.wake()?,
            Input::Idle => turn.idle()?,
        }
        turn.route_changed()?;
        turn.pump_backfill()?;
        turn.pump_outbox()?;
        if let (Some(Ok(receipt)), Some(ticket)) = (&mut answer, about) {
            receipt.standing = turn.new_standing(ticket)?;
        }
        let idle = std::mem::take(&mut turn.idle_files);
        let (orders, revision) = turn.finish()?;
        // What was written down is on the disk: only now may a file go.
        idle.settle(&self.files, self.rules.cache, self.state.coming.values());
        Ok((answer, orders, revision))
    }

    /// Reads the state again if that failed before, and adds who is there.
    fn reload(&mut self) -> Result<(), EngineError> {
        if self.stale {
            let state = State::load(&mut self.store, &self.rules)?;
            self.state = State { link: self.state.link.take(), ..self.state.underway().over(state) };
            self.stale = false;
        }
        self.screens.fill(&mut self.state.desks.seen);
        Ok(())
    }

    fn failed(
        &mut self,
        error: &EngineError,
        before: State,
        (input, alerts): (Lost, Vec<Alert>),
        now: Timestamp,
    ) -> Vec<Output> {
        tracing::error!(%error, "a step was taken back");
        self.trouble = Some(error.to_string());
        self.pause.get_or_insert(now + MOMENT);
        // What the link has said of itself is true all the same.
        let link = self.state.link.take();
        match State::load(&mut self.store, &self.rules) {
            Ok(state) => self.state = before.over(state),
            Err(error) => {
                tracing::error!(%error, "the store cannot be read");
                self.stale = true;
                self.state = before;
            }
        }
        self.state.link = link;
        let mut outputs = Vec::new();
        match input {
            Lost::Command => outputs.push(Output::Answer(Err(Refusal::NotSaved(error.to_string())))),
            Lost::Timer => {}
            Lost::Incoming => {
                let just_asked = self.asked.map(|at| at + MOMENT).filter(|at| *at > now);
                if self.stale || just_asked.is_some() {
                    self.state.follow_owed = true;
                    self.pause = self.pause.max(just_asked);
                } else {
                    outputs.push(Output::Order(self.ask_anew(now)));
                }
            }
        }
        outputs.push(Output::Published(Revision { all: true, alerts, ..Revision::default() }));
        outputs
    }

    fn ask_anew(&mut self, now: Timestamp) -> Order {
        self.asked = Some(now);
        self.state.follow_owed = false;
        self.state.resyncing = true;
        Order::Follow { cursor: self.state.cursor.clone() }
    }
}

impl State {
    /// Copies what is under way outside: that is so whatever becomes of a step.
    fn underway(&self) -> State {
        State {
            resyncing: self.resyncing,
            groups: self.groups.underway(),
            missing: self.missing.clone(),
            sending: self.sending.clone(),
            coming: self.coming.clone(),
            summoning: self.summoning.clone(),
            changing: self.changing.clone(),
            icons_asked: self.icons_asked,
            icons_after: self.icons_after,
            up_since: self.up_since,
            unbuttoning: self.unbuttoning,
            follow_owed: self.follow_owed,
            scrub_owed: self.scrub_owed,
            ..State::default()
        }
    }

    /// Has asked for again what is answered here and comes only once, whatever becomes of the link: sends, words to staff, changes, looks at topics.
    fn forget_answered(&mut self, all: &[Incoming]) {
        for incoming in all {
            match incoming {
                Incoming::Delivery { outbox, .. }
                | Incoming::TopicMade { outbox, .. }
                | Incoming::Forwarded { outbox, .. } => {
                    self.sending.remove(outbox);
                }
                Incoming::Summoned { summons, .. } => {
                    self.summoning.remove(summons);
                }
                Incoming::Changed { change, .. } => {
                    self.changing.remove(change);
                }
                Incoming::TopicEdited { edit, .. } => self.group_mut(edit.group).editing = None,
                Incoming::Unbuttoned { .. } => self.unbuttoning = false,
                Incoming::Icons { .. } | Incoming::Failed { order: Order::Icons { .. }, .. } => {
                    self.icons_asked = false;
                }
                Incoming::Topics { group, topics, checked: true, .. } => {
                    self.group_mut(*group).unchecked.extend(topics.iter().map(|facts| facts.topic));
                }
                Incoming::Failed { order: Order::CheckTopics { group, topics }, .. } => {
                    self.group_mut(*group).unchecked.extend(topics);
                }
                _ => {}
            }
        }
    }

    /// Puts what is under way over a state that was just read.
    fn over(self, loaded: State) -> State {
        let State { resyncing, groups, missing, sending, coming, changing, summoning, .. } = self;
        let State { up_since, follow_owed, scrub_owed, icons_asked, icons_after, unbuttoning, .. } = self;
        State {
            resyncing,
            groups: groups.over(loaded.groups),
            missing,
            sending,
            coming,
            changing,
            icons_asked,
            icons_after,
            up_since,
            follow_owed,
            unbuttoning,
            summoning,
            scrub_owed: scrub_owed || loaded.scrub_owed,
            ..loaded
        }
    }
}

/// What is lost when a step is taken back.
#[derive(Clone, Copy)]
enum Lost {
    /// Whoever gave the command is told.
    Command,
    /// Nothing: it is due still.
    Timer,
    /// Only a new link says it again.
    Incoming,
}

type Done = (Option<Result<Receipt, Refusal>>, Vec<Order>, Option<Revision>);
