//! Reads who is there, and why tickets are whose they are: by the rules of this process, from what is stored.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use super::{EngineError, Views};
use crate::clock::Timestamp;
use crate::desk::activity;
use crate::desk::event::{Event, Why};
use crate::desk::ids::{AgentName, GroupId, TicketKey};
use crate::desk::intake::{self, Arrival};
use crate::desk::presence::Seen;
use crate::desk::query::Facts;
use crate::desk::routing::{self, Assign, Decision, Matter, Roster, Turns, deadline, is_in_line};
use crate::desk::thread::Content;
use crate::engine::mirror::Sync;
use crate::engine::mirror_status::ICONS;
use crate::engine::transport::{GroupFacts, IconSet};
use crate::engine::views::{AgentView, Explanation};
use crate::store::tickets::QueueRow;

/// How the agents stand, read once for a page.
pub(super) struct Stand {
    seen: BTreeMap<AgentName, Seen>,
    loads: BTreeMap<AgentName, u32>,
    turns: Turns,
    groups: Vec<GroupFacts>,
    live_since: BTreeMap<GroupId, Timestamp>,
    now: Timestamp,
}

impl Stand {
    fn read_only(&self, group: GroupId) -> Option<String> {
        self.groups.iter().find(|facts| facts.group == group).and_then(GroupFacts::read_only)
    }
}

impl Views {
    fn stand(&self) -> Result<Stand, EngineError> {
        let (groups, syncs): (Vec<GroupFacts>, Vec<Sync>) = self.facts()?.into_iter().unzip();
        let live_since = groups.iter().zip(syncs).filter_map(|(facts, sync)| match sync {
            Sync::Done { live_since } => Some((facts.group, live_since)),
            _ => None,
        });
        let live_since = live_since.collect();
        let mut seen = self.reader.presence()?;
        self.condition.lock().unwrap_or_else(PoisonError::into_inner).screens.fill(&mut seen);
        Ok(Stand {
            seen,
            loads: self.reader.loads()?,
            turns: self.reader.turns()?,
            groups,
            live_since,
            now: self.clock.now(),
        })
    }

    /// Tells how the agents stand; `read_only`: why nobody can reply where the work is.
    fn roster<'s>(&'s self, stand: &'s Stand, read_only: Option<&'s str>) -> Roster<'s> {
        Roster {
            routing: &self.rules.routing,
            hours: &self.rules.sla.hours,
            loads: &stand.loads,
            seen: &stand.seen,
            turns: &stand.turns,
            read_only,
            now: stand.now,
        }
    }

    /// Tells why the tickets of a page that wait to be given away are nobody's, in the order of the page.
    pub(super) fn unassigned_because(&self, rows: &[QueueRow]) -> Result<Vec<Option<String>>, EngineError> {
        let none = || vec![None; rows.len()];
        if !self.rules.routing.assigns() || !rows.iter().any(|row| is_in_line(&row.ticket)) {
            return Ok(none());
        }
        let stand = self.stand()?;
        let why = |row: &QueueRow| -> Result<Option<String>, EngineError> {
            if !is_in_line(&row.ticket) {
                return Ok(None);
            }
            if let Some(held) = row.ticket.held.filter(|held| held.until > stand.now) {
                return Ok(Some(format!("held for a moment: one of {} topics opened at once", held.topics)));
            }
            let decision = self.decision(row, &stand)?;
            let by_hand = decision.teams.iter().all(|team| team.assign == Assign::Manual);
            Ok(match decision.agent {
                // The engine has not come to it yet, or the link is down.
                Some(agent) => Some(format!("goes to {agent} when the desk is live")),
                // Nobody was to get it by itself.
                None if by_hand => None,
                None => Some(decision.why),
            })
        };
        rows.iter().map(why).collect()
    }

    fn facts_of<'f>(&self, row: &'f QueueRow, stand: &'f Stand) -> Facts<'f> {
        let group = stand.groups.iter().find(|facts| facts.group == row.ticket.key.group);
        Facts {
            ticket: &row.ticket,
            customer: row.customer.as_ref(),
            group: group.map(GroupFacts::called),
            last_text: &row.topic.last_text,
            due: self.due(row, &stand.groups).map(|due| due.at),
            reader: None,
            now: stand.now,
        }
    }

    fn decision(&self, row: &QueueRow, stand: &Stand) -> Result<Decision, EngineError> {
        let kept_with = self.kept_with(row, stand)?;
        let matter = Matter { facts: self.facts_of(row, stand), kept_with: kept_with.as_ref() };
        let read_only = stand.read_only(row.ticket.key.group);
        Ok(routing::decide(&matter, &self.roster(stand, read_only.as_deref())))
    }

    fn kept_with(&self, row: &QueueRow, stand: &Stand) -> Result<Option<AgentName>, EngineError> {
        let (Some(burst), Some(customer), Some(_)) = (self.rules.routing.burst, row.ticket.customer, row.ticket.held)
        else {
            return Ok(None);
        };
        let nobody = AgentName(String::new());
        let others = self.reader.of_customer(&nobody, customer, row.ticket.key)?;
        let apart = |at: Timestamp| at.since(row.ticket.opened_at).max(row.ticket.opened_at.since(at));
        let live = others.into_iter().map(|other| other.ticket).filter(|other| {
            other.held.is_some() && other.standing.status.is_live() && apart(other.opened_at) <= burst.within
        });
        let roster = self.roster(stand, None);
        Ok(live
            .filter_map(|other| other.standing.assignee)
            .find(|agent| self.rules.routing.takes(agent) && roster.is_there(agent)))
    }

    /// Reads all agents with what they have in hand.
    pub(super) fn agents(&self) -> Result<Vec<AgentView>, EngineError> {
        let stand = self.stand()?;
        // Whoever can reply in one group can be given something.
        let barred: Vec<String> = stand.groups.iter().filter_map(GroupFacts::read_only).collect();
        let barred = barred.first().filter(|_| barred.len() == stand.groups.len());
        let (roster, routing) = (self.roster(&stand, barred.map(String::as_str)), &self.rules.routing);
        let view = |name: &AgentName| {
            let duty = routing.duty(name).cloned().unwrap_or_default();
            AgentView {
                agent: name.clone(),
                presence: roster.presence(name),
                since: stand.seen.get(name).map(|seen| seen.since),
                load: roster.load(name),
                capacity: duty.capacity,
                hours: duty.hours,
                skills: duty.skills,
                senior: duty.senior,
                teams: routing
                    .teams
                    .iter()
                    .filter(|team| team.agents.contains(name))
                    .map(|team| team.name.clone())
                    .collect(),
                bar: roster.bars(name),
            }
        };
        Ok(self.rules.staff.agents.iter().map(|agent| view(&agent.name)).collect())
    }

    /// Explains a ticket. `None`: there is no such ticket.
    pub(super) fn explain(&self, agent: &AgentName, key: TicketKey) -> Result<Option<Explanation>, EngineError> {
        let Some(row) = self.reader.row(agent, key)? else { return Ok(None) };
        let stand = self.stand()?;
        let log = self.reader.log(key)?;
        let opened = log.iter().rposition(|one| matches!(one.event, Event::Opened { .. })).unwrap_or(0);
        let episode = &log[opened..];
        let applied = episode.iter().find_map(|one| match &one.event {
            Event::TakenIn { rules } => Some(rules.clone()),
            _ => None,
        });
        let first = episode.iter().find_map(|one| match &one.event {
            Event::Wrote { message, writer, .. } if !writer.is_staff() => Some(*message),
            _ => None,
        });
        let first = first.map(|message| self.reader.message(key.group, message)).transpose()?.flatten();
        let message = match first.and_then(|entry| entry.content) {
            Some(Content::Post(post)) => post.text,
            _ => String::new(),
        };
        let icons: Option<IconSet> = self.reader.value(ICONS)?.and_then(|text| serde_json::from_str(&text).ok());
        let emoji = icons.as_ref().and_then(|set| set.icons.iter().find(|icon| Some(icon.id) == row.topic.icon));
        let arrival = Arrival {
            facts: self.facts_of(&row, &stand),
            message: &message,
            icon: (row.topic.icon, emoji.map(|icon| icon.emoji.as_str())),
        };
        let last = episode
            .iter()
            .rev()
            .find(|one| matches!(&one.event, Event::Moved { why: Why::Routed { .. } | Why::Reassigned { .. }, .. }));
        let read_only = stand.read_only(key.group);
        let roster = self.roster(&stand, read_only.as_deref());
        Ok(Some(Explanation {
            ticket: key,
            intake: intake::explain(&self.rules.routing.intake, &arrival),
            applied,
            assignee: row.ticket.standing.assignee.clone(),
            last: last.and_then(|one| activity::describe(&one.event, None, "the desk")).map(without_status),
            held_until: row.ticket.held.map(|held| held.until).filter(|until| *until > stand.now),
            in_line: self.rules.routing.assigns() && is_in_line(&row.ticket),
            taken_back_at: deadline(
                &row.ticket,
                &roster,
                stand.live_since.get(&key.group).copied().unwrap_or(stand.now),
            ),
            routing: self.decision(&row, &stand)?,
            sla: self.sla(&row)?,
        }))
    }
}

/// Where it stands now is told apart.
fn without_status(line: String) -> String {
    line.split(", status ").next().map_or_else(String::new, ToOwned::to_owned)
}
