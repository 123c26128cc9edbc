//! Who looks at which ticket, and who is writing in it: known from what screens say, and kept in memory only.
//!
//! A command that says so writes nothing and leaves no receipt: with the process it is gone, and screens say it anew. An agent is
//! told only of others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Engine;
use super::handle::Receipt;
use super::input::{Input, Output};
use super::transport::{LinkState, Order};
use super::views::{Here, Revision};
use crate::clock::Timestamp;
use crate::desk::command::Command;
use crate::desk::ids::{AgentName, TicketKey};

/// So long somebody is writing after the last word of it: twice as long as a screen lets pass between two.
const WRITING: Duration = Duration::from_secs(10);

/// Who looks where.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Looks {
    looking: BTreeMap<AgentName, TicketKey>,
    /// Until when somebody is writing.
    writing: BTreeMap<(TicketKey, AgentName), Timestamp>,
}

impl Looks {
    /// Somebody looks at another ticket, or at none: there they write no more. Tells the tickets for which that is news.
    fn look(&mut self, agent: &AgentName, ticket: Option<TicketKey>) -> BTreeSet<TicketKey> {
        let before = match ticket {
            Some(key) => self.looking.insert(agent.clone(), key),
            None => self.looking.remove(agent),
        };
        let mut changed = BTreeSet::new();
        if before != ticket {
            changed.extend(before.into_iter().chain(ticket));
        }
        self.writing.retain(|(key, writer), _| {
            let stays = writer != agent || Some(*key) == ticket;
            if !stays {
                changed.insert(*key);
            }
            stays
        });
        changed
    }

    /// Somebody is writing; tells whether that is news.
    fn write(&mut self, agent: &AgentName, ticket: TicketKey, now: Timestamp) -> bool {
        self.writing.insert((ticket, agent.clone()), now + WRITING).is_none()
    }

    /// Somebody has said what they were writing; tells whether that is news.
    fn wrote(&mut self, agent: &AgentName, ticket: TicketKey) -> bool {
        self.writing.remove(&(ticket, agent.clone())).is_some()
    }

    /// Forgets who was writing and has stopped; tells where.
    fn expire(&mut self, now: Timestamp) -> BTreeSet<TicketKey> {
        let mut changed = BTreeSet::new();
        self.writing.retain(|(key, _), until| {
            if *until <= now {
                changed.insert(*key);
            }
            *until > now
        });
        changed
    }

    /// Tells when somebody stops writing.
    pub(super) fn wake(&self) -> Option<Timestamp> {
        self.writing.values().min().copied()
    }

    /// Tells who else is at a ticket, whoever writes first.
    pub(super) fn here(&self, ticket: TicketKey, reader: &AgentName) -> Vec<Here> {
        let writing: BTreeSet<&AgentName> =
            self.writing.keys().filter(|(key, _)| *key == ticket).map(|(_, agent)| agent).collect();
        let looking = self.looking.iter().filter(|(agent, key)| **key == ticket && !writing.contains(agent));
        let others = looking.map(|(agent, _)| (agent, false));
        let all = writing.iter().map(|agent| (*agent, true)).chain(others).filter(|(agent, _)| *agent != reader);
        all.map(|(agent, writing)| Here { agent: agent.clone(), writing }).collect()
    }
}

/// What a command that is carried out says about who is where.
pub(super) enum Sign {
    /// A screen was closed.
    Closed(AgentName),
    /// What was being written was said.
    Wrote(AgentName, TicketKey),
}

impl Sign {
    pub(super) fn of(input: &Input) -> Option<Sign> {
        let Input::Command { agent, command, .. } = input else { return None };
        match command {
            Command::Screen { open: false } => Some(Sign::Closed(agent.clone())),
            Command::Reply { ticket, .. } => Some(Sign::Wrote(agent.clone(), *ticket)),
            _ => None,
        }
    }
}

impl Engine {
    /// Tells who else is at a ticket, whoever writes first.
    pub fn here(&self, ticket: TicketKey, reader: &AgentName) -> Vec<Here> {
        self.looks.here(ticket, reader)
    }

    /// Gives all of it, for readers.
    pub(super) fn looks(&self) -> &Looks {
        &self.looks
    }

    /// Carries out what only says where somebody is; `None`: it is something else.
    pub(super) fn take_sign(&mut self, input: &Input, now: Timestamp) -> Option<Vec<Output>> {
        let Input::Command { agent, command, .. } = input else { return None };
        let mut orders = Vec::new();
        let mut changed = self.looks.expire(now);
        match command {
            Command::Look { ticket } => changed.extend(self.looks.look(agent, *ticket)),
            Command::Typing { ticket } => {
                if self.looks.write(agent, *ticket, now) {
                    changed.insert(*ticket);
                }
                if matches!(self.state.link, Some(LinkState::Live)) && self.shows_typing() {
                    orders.push(Output::Order(Order::Typing { group: ticket.group, topic: ticket.topic }));
                }
            }
            _ => return None,
        }
        let revision = self.tell_of(changed, None);
        let receipt =
            Receipt { revision: revision.as_ref().map_or(0, |revision| revision.number), ..Receipt::default() };
        orders.push(Output::Answer(Ok(receipt)));
        orders.extend(revision.map(Output::Published));
        Some(orders)
    }

    /// Takes in what a command that was carried out says of it, and who has stopped writing; tells where that is news.
    pub(super) fn follow_signs(&mut self, sign: Option<Sign>, now: Timestamp) -> BTreeSet<TicketKey> {
        let mut changed = self.looks.expire(now);
        match sign {
            // Which of several screens of theirs it was nobody knows: the others say what they look at when that changes.
            Some(Sign::Closed(agent)) => changed.extend(self.looks.look(&agent, None)),
            Some(Sign::Wrote(agent, ticket)) if self.looks.wrote(&agent, ticket) => {
                changed.insert(ticket);
            }
            _ => {}
        }
        changed
    }

    /// Adds to a revision the tickets at which somebody came, went, or began or stopped writing.
    pub(super) fn tell_of(&mut self, changed: BTreeSet<TicketKey>, revision: Option<Revision>) -> Option<Revision> {
        if changed.is_empty() {
            return revision;
        }
        let mut revision = revision.unwrap_or_else(|| Revision { number: self.number(), ..Revision::default() });
        if !revision.all {
            let known: BTreeSet<TicketKey> = std::mem::take(&mut revision.changed).into_iter().collect();
            revision.changed = known.union(&changed).copied().collect();
        }
        Some(revision)
    }

    /// Tells the number of the last revision: nothing was written for this one.
    fn number(&mut self) -> u64 {
        let kept = self.store.begin().and_then(|work| work.value("revision"));
        kept.ok().flatten().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Tells whether customers see that somebody is writing: a bot would seem to be somebody.
    fn shows_typing(&self) -> bool {
        let bot = self.state.groups.iter().any(super::groups::Group::is_bot);
        self.rules.typing.unwrap_or(!bot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::{GroupId, TopicId};

    #[test]
    fn who_is_where() {
        let key = |topic| TicketKey { group: GroupId(1), topic: TopicId(topic) };
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let (anna, tom, mia) = (AgentName::from("anna"), AgentName::from("tom"), AgentName::from("mia"));
        let words = |looks: &Looks, topic, reader: &AgentName| {
            let here = looks.here(key(topic), reader).into_iter();
            here.map(|here| format!("{}{}", here.agent, if here.writing { " writes" } else { "" })).collect::<Vec<_>>()
        };
        let mut looks = Looks::default();
        assert_eq!(looks.look(&tom, Some(key(5))), [key(5)].into());
        assert!(looks.look(&tom, Some(key(5))).is_empty(), "no news");
        assert_eq!(looks.look(&mia, Some(key(5))), [key(5)].into());
        assert!(looks.write(&tom, key(5), at(0)));
        assert!(!looks.write(&tom, key(5), at(5)), "they are writing still");
        assert_eq!(words(&looks, 5, &anna), ["tom writes", "mia"]);
        assert_eq!(words(&looks, 5, &tom), ["mia"], "nobody is told of themselves");
        assert_eq!(looks.wake(), Some(at(15)));
        assert!(looks.expire(at(14)).is_empty());
        assert_eq!(looks.expire(at(15)), [key(5)].into());
        assert_eq!(words(&looks, 5, &anna), ["mia", "tom"]);
        looks.write(&tom, key(5), at(20));
        assert_eq!(looks.look(&tom, Some(key(7))), [key(5), key(7)].into(), "who goes on writes there no more");
        assert_eq!((looks.wake(), words(&looks, 5, &anna)), (None, vec!["mia".to_owned()]));
        assert_eq!(looks.look(&tom, None), [key(7)].into());
        looks.write(&tom, key(5), at(30));
        assert!(looks.wrote(&tom, key(5)) && !looks.wrote(&tom, key(5)));
    }
}
