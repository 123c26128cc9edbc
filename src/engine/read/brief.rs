//! Reading what the next shift has to know. Only the tickets to which something has happened are counted.

use super::super::EngineError;
use super::super::views::{Brief, BriefNote, BriefTicket, OpenOf, OutboxRow, QueueName, TicketRow};
use super::Views;
use super::groups::{Named, name_in};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::metrics::{Who, courses, plain};
use crate::desk::query::Query;
use crate::desk::queue::{Filter, Sort};
use crate::store::tickets::Part;

/// How many of what is overdue is named.
const OVERDUE: usize = 50;

/// How many of those who wait are named.
const WAITING: usize = 10;

impl Views {
    /// Tells what has happened since an instant, and how things stand.
    pub(super) fn brief(&self, agent: &AgentName, since: Timestamp) -> Result<Brief, EngineError> {
        let now = self.clock.now();
        let mut brief = Brief { since, until: now, ..Brief::default() };
        let groups = self.named()?;
        for key in self.reader.happened_since(since)? {
            self.brief_of(agent, key, &groups, &mut brief)?;
        }
        for list in [&mut brief.opened, &mut brief.resolved, &mut brief.reopened] {
            list.sort_by_key(|one| one.at);
        }
        let pending = QueueName::Pending.filter(agent).map(|filter| filter.statuses).unwrap_or_default();
        for &(ref kind, count) in self.reader.kinds(now)?.iter().filter(|(kind, _)| kind.status.is_live()) {
            let place = match brief.open.iter().position(|one| one.assignee == kind.assignee) {
                Some(place) => place,
                None => {
                    brief.open.push(OpenOf { assignee: kind.assignee.clone(), ..OpenOf::default() });
                    brief.open.len() - 1
                }
            };
            let of = &mut brief.open[place];
            of.open += count;
            of.waiting += if kind.waiting { count } else { 0 };
            of.pending += if pending.contains(&kind.status) { count } else { 0 };
        }
        brief.open.sort_by(|a, b| a.assignee.cmp(&b.assignee));
        brief.waiting = self.longest_waiting(agent, &groups, now)?;
        brief.overdue = self.overdue(agent, now)?;
        for note in self.reader.notes_since(since)? {
            let Some(row) = self.reader.row(agent, note.key)? else { continue };
            brief.notes.push(BriefNote {
                id: note.key.topic,
                group: note.key.group,
                group_name: name_in(&groups, note.key.group),
                title: row.ticket.title.clone(),
                agent: note.agent,
                at: note.at,
                text: note.text,
                last_text: row.topic.last_text.clone(),
                staff_spoke_last: row.topic.last_staff,
            });
        }
        brief.parked = self.outbox()?.into_iter().filter(OutboxRow::needs_a_word).collect();
        brief.outside = self.outside(Some(since))?.totals;
        Ok(brief)
    }

    fn brief_of(
        &self,
        agent: &AgentName,
        key: TicketKey,
        groups: &Named,
        brief: &mut Brief,
    ) -> Result<(), EngineError> {
        let since = brief.since;
        // When things happened is all that is asked: how time is counted does not matter.
        let all = courses(&self.reader.log(key)?, &plain);
        let Some(row) = self.reader.row(agent, key)?.map(|row| self.ticket_row(&row, groups)) else { return Ok(()) };
        let one = |at: Timestamp, by: Option<String>| BriefTicket { at, by, row: row.clone() };
        let name = |who: &Who| (*who != Who::Nobody).then(|| who.name().to_owned());
        for course in all {
            if course.opened_at >= since && course.number == 1 {
                brief.opened.push(one(course.opened_at, None));
            }
            // Of several times in a shift, the last one is told.
            if let Some(reopen) = course.reopens.iter().rfind(|reopen| reopen.at >= since) {
                brief.reopened.push(one(reopen.at, name(&reopen.done_by)));
            }
            if let Some(done) = course.done.filter(|done| done.at >= since && course.number == row.episode) {
                brief.resolved.push(one(done.at, name(&done.by)));
            }
        }
        Ok(())
    }

    fn overdue(&self, agent: &AgentName, now: Timestamp) -> Result<Vec<TicketRow>, EngineError> {
        let Some(filter) = QueueName::Overdue.filter(agent) else { return Ok(Vec::new()) };
        let none = Query::default();
        let part = Part { filter: &filter, query: &none, sort: Sort::Due, offset: 0, limit: OVERDUE };
        self.rows(&self.reader.queue(agent, &part, now)?.0)
    }

    fn longest_waiting(
        &self,
        agent: &AgentName,
        groups: &Named,
        now: Timestamp,
    ) -> Result<Vec<TicketRow>, EngineError> {
        let Some(filter) = QueueName::Waiting.filter(agent) else { return Ok(Vec::new()) };
        let filter = Filter { snoozed: Some(false), ..filter };
        let none = Query::default();
        let part = Part { filter: &filter, query: &none, sort: Sort::Waiting, offset: 0, limit: 200 };
        let rows = self.reader.queue(agent, &part, now)?.0;
        let active = rows.iter().filter(|row| row.ticket.standing.pending.is_none());
        Ok(active.take(WAITING).map(|row| self.ticket_row(row, groups)).collect())
    }
}
