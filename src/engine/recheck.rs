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
    /// The group cannot be got at any more: what is left is not compared.
    pub(super) fn give_up(&mut self) {
        self.total -= self.left.len();
        self.left.clear();
    }
}

/// Shows the comparisons of all groups as one; `None`: there was none.
pub(super) fn view<'r>(all: impl Iterator<Item = &'r Recheck>) -> Option<RecheckView> {
    let mut view: Option<RecheckView> = None;
    for one in all {
        let view = view.get_or_insert_with(RecheckView::default);
        view.done += one.total - one.left.len();
        view.total += one.total;
        view.found.extend(one.found.iter().map(|(ticket, found)| (*ticket, *found)));
    }
    view
}

impl Turn<'_> {
    /// Begins to compare: a ticket's messages and their neighbours, or everything.
    pub(super) fn begin_recheck(&mut self, ticket: Option<TicketKey>) -> Result<Result<(), Refusal>, EngineError> {
        let why = "the history has not been fetched wholly yet: run `topicdesk sync` first";
        let unknown = match ticket {
            Some(key) => self.work.topic(key)?.is_none(),
            None => false,
        };
        let mut groups: Vec<GroupId> = match ticket {
            Some(key) => vec![key.group],
            None => self.state.groups.ids(),
        };
        groups.retain(|id| self.group(*id).sync.is_done());
        if groups.is_empty() {
            return Ok(Err(Refusal::Senseless(why.to_owned())));
        }
        if let Some(key) = ticket.filter(|_| unknown) {
            return Ok(Err(Refusal::NoTicket(key)));
        }
        // One that cannot be got at is left out, unless there is no other.
        if let Some(lost) = groups.iter().find_map(|id| self.group(*id).facts.as_ref()?.lost.clone())
            && groups.iter().all(|id| self.group(*id).is_lost())
        {
            return Ok(Err(Refusal::Senseless(lost)));
        }
        groups.retain(|id| !self.group(*id).is_lost());
        for id in self.state.groups.ids() {
            self.group_mut(id).recheck = None;
        }
        for id in groups {
            let top = self.group(id).top.0;
            let left: VecDeque<_> = match ticket {
                Some(key) => self.work.blocks_of(key, PAGE)?.into(),
                None => (1..=top).step_by(PAGE as usize).map(|from| (from, from + PAGE - 1)).collect(),
            };
            let left: VecDeque<_> = left.into_iter().map(|(from, to)| (from, to.min(top))).collect();
            self.group_mut(id).recheck = Some(Recheck { total: left.len(), left, found: BTreeMap::new() });
        }
        self.touch_all();
        Ok(Ok(()))
    }

    /// Asks for the next range; tells whether there is one.
    pub(super) fn pump_recheck(&mut self, group: GroupId) -> Result<bool, EngineError> {
        let own = self.state.group_mut(group);
        let next = own.recheck.as_ref().and_then(|recheck| recheck.left.front().copied());
        if let Some((from, to)) = next {
            own.scans.insert(from, to);
            own.reactions.begin();
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
        let compared = self.group(group).recheck.as_ref().and_then(|recheck| recheck.left.front());
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
        let Some(mut recheck) = self.group_mut(group).recheck.take() else { return Ok(()) };
        if recheck.left.front() == Some(&(range.0.0, range.1.0)) {
            recheck.left.pop_front();
            let sees_all = self.group(group).sees_all();
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
        self.group_mut(group).recheck = Some(recheck);
        Ok(())
    }
}
