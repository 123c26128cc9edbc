//! Summons in the engine: what rules say to staff in Telegram is sent once, at a pace of its own, and never in the way of a reply.
//!
//! queued -> sending -> sent, refused or dropped. As in the outbox, text, target and `random_id` are fixed from the beginning, and when it is
//! not known whether Telegram has it, the identical call is repeated. A definite refusal stands for that firing, and the ticket's log says
//! whom it could not reach and why. What had to wait and was never asked for is dropped if its cause is over by then. Nothing of it goes into a group of
//! the desk, and with `pilot` nothing leaves.

use std::collections::BTreeSet;
use std::time::Duration;

use super::EngineError;
use super::pace::{MINUTE, next};
use super::transport::{GroupFacts, LinkState, Order, Outcome, Summons};
use super::turn::Turn;
use crate::desk::escalation::{Cause, Reach, Rule, StaffChat};
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{AgentName, GroupId, SummonsId, TicketKey};
use crate::desk::rules::Pace;
use crate::store::StoreError;
use crate::store::summons::{SummonsRow, SummonsState};

/// How fast they leave, all together: no group is asked, so no reply waits for it.
const PACE: Pace = Pace { per_minute: 20, burst: 5 };

/// Under this number, which no group has, stands when they left.
const BUCKET: GroupId = GroupId(0);

/// Whatever waited longer before it was asked for is looked at again.
const LATE: Duration = Duration::from_secs(300);

/// How many are on their way at once.
const AT_ONCE: usize = 4;

/// When Telegram has said so often that it has it, it has it.
const TAKEN: u32 = 5;

/// For so long the identical call is repeated while nobody knows what became of it.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Tells whether a chat of the staff is a group that the desk works.
fn is_group(chat: &StaffChat, facts: &GroupFacts) -> bool {
    match chat {
        StaffChat::Id(id) => facts.group == *id,
        StaffChat::Username(name) => facts.username.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)),
    }
}

impl Turn<'_> {
    /// Has those told in Telegram whom a firing reaches there.
    pub(super) fn summon(
        &mut self,
        key: TicketKey,
        rule: &Rule,
        told: &[AgentName],
        cause: &Cause,
    ) -> Result<(), EngineError> {
        let (reach, without) = rule.reach(told, self.rules);
        for agent in without {
            self.not_reached(Some(key), &rule.name, Some(agent), "desk.toml names no Telegram account".to_owned())?;
        }
        if reach.is_empty() {
            return Ok(());
        }
        let group_name = self.group(key.group).facts.as_ref().and_then(|facts| facts.username.clone());
        let Some(ticket) = self.ticket(key)? else { return Ok(()) };
        let text = rule.summons(ticket, cause, group_name.as_deref());
        self.put_summonses(Some(key), &rule.name, reach, &text)
    }

    /// Has those told in Telegram of several firings at once.
    pub(super) fn summon_all(&mut self, rule: &str, reach: BTreeSet<Reach>, text: &str) -> Result<(), EngineError> {
        if self.rules.pilot { Ok(()) } else { self.put_summonses(None, rule, reach, text) }
    }

    fn put_summonses(
        &mut self,
        ticket: Option<TicketKey>,
        rule: &str,
        reach: impl IntoIterator<Item = Reach>,
        text: &str,
    ) -> Result<(), EngineError> {
        for to in reach {
            if let Reach::StaffChat(chat) = &to
                && self.works_in(chat)?
            {
                let why = "it is a group of customers, where staff is never told anything".to_owned();
                self.not_reached(ticket, rule, None, why)?;
                continue;
            }
            self.work.put_summons(&SummonsRow {
                id: SummonsId(0),
                ticket,
                rule: rule.to_owned(),
                to,
                text: text.to_owned(),
                random_id: (self.random)(),
                state: SummonsState::Queued,
                created_at: self.now,
                not_before: None,
                attempts: 0,
            })?;
            self.state.summons_open = true;
            self.wake_outbox(self.now);
        }
        Ok(())
    }

    /// Tells whether a chat is a group of the desk, one of which it knows, now or from before.
    fn works_in(&mut self, chat: &StaffChat) -> Result<bool, EngineError> {
        for (group, facts, _) in self.work.groups()? {
            let facts: Option<GroupFacts> =
                facts.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::from)?;
            let known = facts.is_some_and(|facts| is_group(chat, &facts));
            if known || *chat == StaffChat::Id(group) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Says in the ticket's log whom a rule could not reach.
    fn not_reached(
        &mut self,
        ticket: Option<TicketKey>,
        rule: &str,
        agent: Option<AgentName>,
        why: String,
    ) -> Result<(), EngineError> {
        tracing::warn!(rule, agent = ?agent, why, "not reached in Telegram");
        if let Some(key) = ticket {
            let event = Event::NotReached { rule: rule.to_owned(), agent, why };
            self.record(key, self.now, &Actor::Desk, vec![event])?;
        }
        Ok(())
    }

    /// Asks for those that may leave now.
    pub(super) fn pump_summonses(&mut self) -> Result<(), EngineError> {
        if !self.state.summons_open || self.state.link != Some(LinkState::Live) {
            return Ok(());
        }
        let open = self.work.open_summonses()?;
        self.state.summons_open = !open.is_empty();
        for row in open {
            if self.state.summoning.contains(&row.id) {
                continue;
            }
            if self.rules.pilot || (row.state == SummonsState::Queued && !self.still_stands(&row)?) {
                self.work.set_summons(row.id, SummonsState::Dropped, row.attempts, None)?;
                continue;
            }
            if let Some(at) = row.not_before.filter(|at| *at > self.now) {
                self.wake_outbox(at);
                continue;
            }
            if self.state.summoning.len() >= AT_ONCE || !self.may_summon()? {
                break;
            }
            self.work.set_summons(row.id, SummonsState::Sending, row.attempts + 1, None)?;
            self.state.summoning.insert(row.id);
            let SummonsRow { id, to, text, random_id, .. } = row;
            self.orders.push(Order::Summon(Summons { summons: id, to, text, random_id }));
        }
        Ok(())
    }

    /// Tells whether what a summons is about is still so, if it had to wait.
    fn still_stands(&mut self, row: &SummonsRow) -> Result<bool, EngineError> {
        // What a rule does itself, as giving the ticket to somebody, may end its cause: that was known when it was written.
        let Some(key) = row.ticket.filter(|_| self.now.since(row.created_at) > LATE) else { return Ok(true) };
        let Some(ticket) = self.ticket(key)? else { return Ok(false) };
        Ok(ticket.escalated.iter().any(|one| one.rule == row.rule && one.cause.stands(ticket)))
    }

    /// Tells whether one may leave now, and counts it if so; otherwise the outbox wakes when it may.
    fn may_summon(&mut self) -> Result<bool, EngineError> {
        let spent = self.work.spent(BUCKET, self.now - MINUTE)?;
        let at = if spent.is_empty() { self.now } else { next(PACE, &spent) };
        if at > self.now {
            self.wake_outbox(at);
            return Ok(false);
        }
        self.work.spend(BUCKET, self.now, self.now - MINUTE)?;
        Ok(true)
    }

    /// Takes in how one ended.
    pub(super) fn summoned(&mut self, id: SummonsId, outcome: Outcome) -> Result<(), EngineError> {
        self.state.summoning.remove(&id);
        let Some(row) = self.work.summons(id)?.filter(|row| row.state.is_open()) else { return Ok(()) };
        let (state, attempts, not_before) = match outcome {
            Outcome::Sent { .. } => (SummonsState::Sent, row.attempts, None),
            Outcome::Taken if row.attempts >= TAKEN => (SummonsState::Sent, row.attempts, None),
            Outcome::Refused { why, .. } => {
                let agent = row.to.agent().cloned();
                self.not_reached(row.ticket, &row.rule, agent, why)?;
                (SummonsState::Refused, row.attempts, None)
            }
            // What was asked for before without an answer may be there.
            Outcome::Later { not_before } if row.attempts <= 1 => (SummonsState::Queued, 0, Some(not_before)),
            Outcome::Later { not_before } | Outcome::UnknownUntil { not_before } => {
                (SummonsState::Sending, row.attempts, Some(not_before))
            }
            Outcome::Taken | Outcome::Unknown { .. } if self.now.since(row.created_at) < PATIENCE => {
                let pause = Duration::from_secs(u64::from(row.attempts.clamp(1, 60)));
                (SummonsState::Sending, row.attempts, Some(self.now + pause))
            }
            Outcome::Taken | Outcome::Unknown { .. } => {
                let (agent, why) = (row.to.agent().cloned(), "Telegram does not say whether it has it".to_owned());
                self.not_reached(row.ticket, &row.rule, agent, why)?;
                (SummonsState::Dropped, row.attempts, None)
            }
        };
        self.work.set_summons(id, state, attempts, not_before)?;
        if let Some(at) = not_before {
            self.wake_outbox(at);
        }
        Ok(())
    }
}
