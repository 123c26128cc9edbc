//! Comparing with Telegram once more what is in the store already: what was missed comes in, what was edited is mended, what is
//! no longer there is marked. In hundreds of ids, one after another, after all holes and at the pace of the backfill.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::EngineError;
use super::transport::Order;
use super::turn::Turn;
use super::views::{RecheckView, Rechecked};
use crate::desk::command::Refusal;
use crate::desk::ids::{GroupId, MessageId, TicketKey};
use crate::desk::thread::Message;
use crate::store::threads::EntryRow;

/// How many ids one call asks for.
const PAGE: i32 = 100;

/// A comparison under way, or the last one.
#[derive(Clone, Debug, Default)]
pub(super) struct Recheck {
    /// First and last ids of what is still to be asked for.
    left: VecDeque<(i32, i32)>,
    total: usize,
    found: BTreeMap<TicketKey, Rechecked>,
}

impl Recheck {
    pub(super) fn view(&self) -> RecheckView {
        let found = self.found.iter().map(|(ticket, found)| (*ticket, *found)).collect();
        RecheckView { done: self.total - self.left.len(), total: self.total, found }
    }
}

impl Turn<'_> {
    /// Begins to compare: a ticket's messages and their neighbours, or everything.
    pub(super) fn begin_recheck(&mut self, ticket: Option<TicketKey>) -> Result<Result<(), Refusal>, EngineError> {
        if !self.state.sync.is_done() {
            let why = "the history has not been fetched wholly yet: run `topicdesk sync` first";
            return Ok(Err(Refusal::Senseless(why.to_owned())));
        }
        let left: VecDeque<_> = match ticket {
            Some(key) if self.work.topic(key)?.is_none() => return Ok(Err(Refusal::NoTicket(key))),
            Some(key) => self.work.blocks_of(key, PAGE)?.into(),
            None => (1..=self.state.top.0).step_by(PAGE as usize).map(|from| (from, from + PAGE - 1)).collect(),
        };
        let top = self.state.top.0;
        let left: VecDeque<_> = left.into_iter().map(|(from, to)| (from, to.min(top))).collect();
        self.state.recheck = Some(Recheck { total: left.len(), left, found: BTreeMap::new() });
        self.touch_all();
        Ok(Ok(()))
    }

    /// Asks for the next range; tells whether there is one.
    pub(super) fn pump_recheck(&mut self, group: GroupId) -> Result<bool, EngineError> {
        let next = self.state.recheck.as_ref().and_then(|recheck| recheck.left.front().copied());
        if let Some((from, to)) = next {
            self.state.scans.insert(from, to);
            self.state.reactions.begin();
            self.orders.push(Order::Scan { group, from: MessageId(from), to: MessageId(to) });
        }
        Ok(next.is_some())
    }

    /// Tells what is known of a range that is being compared; nothing of any other.
    pub(super) fn known_in(
        &mut self,
        group: GroupId,
        range: (MessageId, MessageId),
    ) -> Result<Vec<EntryRow>, EngineError> {
        let compared = self.state.recheck.as_ref().and_then(|recheck| recheck.left.front());
        if compared != Some(&(range.0.0, range.1.0)) {
            return Ok(Vec::new());
        }
        Ok(self.work.messages_in(group, range.0, range.1)?)
    }

    /// Compares an answer with what was known before it.
    pub(super) fn rechecked(
        &mut self,
        group: GroupId,
        range: (MessageId, MessageId),
        messages: &[Message],
        before: Vec<EntryRow>,
    ) -> Result<(), EngineError> {
        let Some(mut recheck) = self.state.recheck.take() else { return Ok(()) };
        if recheck.left.front() == Some(&(range.0.0, range.1.0)) {
            recheck.left.pop_front();
            let sees_all = self.state.facts.as_ref().is_some_and(super::transport::GroupFacts::sees_all);
            let there: BTreeSet<_> = messages.iter().map(|message| message.id).collect();
            let known: BTreeMap<_, _> = before.iter().filter_map(|entry| entry.message.map(|id| (id, entry))).collect();
            for message in messages {
                let key = TicketKey { group, topic: message.topic };
                match known.get(&message.id) {
                    None => recheck.found.entry(key).or_default().missed += 1,
                    Some(entry) if message.edited_at > entry.edited_at && !entry.deleted => {
                        // The page has brought it.
                        recheck.found.entry(key).or_default().edited += 1;
                    }
                    Some(_) => {}
                }
            }
            // An account that is shown less than everything proves nothing by not being shown it.
            for entry in before.iter().filter(|entry| sees_all && !entry.deleted) {
                if let Some(id) = entry.message.filter(|id| !there.contains(id)) {
                    self.deleted(group, id)?;
                    recheck.found.entry(entry.key).or_default().deleted += 1;
                }
            }
            self.compare_reactions(group, messages)?;
            self.touch_all();
        }
        self.state.recheck = Some(recheck);
        Ok(())
    }
}
