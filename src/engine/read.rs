//! Reading: views made of what the store holds, on a connection of their own. Nothing here writes, and nobody waits for the engine.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use super::EngineError;
use super::mirror::Sync;
use super::presence::Screens;
use super::shelf::Shelf;
use super::summary;
use super::transport::{GroupFacts, LinkState, Missing};
use super::views::{
    Counts, EntryKind, Hit, OpeningView, OutboxRow, PersonView, QueueName, QueuePage, RecheckView, TicketRow, View,
    ViewRequest,
};
use crate::clock::Clock;
use crate::desk::authority::Authority;
use crate::desk::ids::{AgentName, MessageId, PersonId, TicketKey, TopicId};
use crate::desk::people::Person;
use crate::desk::query::Query;
use crate::desk::queue::{Filter, SavedQueue, Sort};
use crate::desk::rules::Rules;
use crate::desk::thread::{Content, Delivery};
use crate::store::tickets::{Part, QueueRow};
use crate::store::topics::TopicRow;
use crate::store::{self, Reader, StoreError, coverage, threads};
use groups::name_in;

mod activity;
mod automatic;
mod brief;
pub(super) mod desk;
mod escalations;
mod groups;
mod mirror_status;
mod outside;
mod routing;
mod sla;
mod stats;
mod suggestions;
mod templates;
mod thread;

/// How many unanswered messages of General are shown.
const INTAKE: usize = 200;

/// What readers share with the engine: the only things they need that are not in the store.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Condition {
    pub(super) link: Option<LinkState>,
    /// Why the last step was taken back; `None` if it was not.
    pub(super) trouble: Option<String>,
    pub(super) recheck: Option<RecheckView>,
    pub(super) missing: Vec<Missing>,
    /// Who is at a screen, and what they look at.
    pub(super) screens: Screens,
}

pub(super) type SharedCondition = Arc<Mutex<Condition>>;

/// Answers [`ViewRequest`]s.
pub(super) struct Views {
    pub(super) reader: Reader,
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    pub(super) condition: SharedCondition,
    pub(super) shelf: Shelf,
    /// What every ticket came to, for those who count again and again; `None`: nothing is kept.
    pub(super) kept: Option<RefCell<stats::Kept>>,
    /// The desk as it was last read.
    pub(super) last_desk: RefCell<Option<desk::Kept>>,
}

impl Views {
    /// Reads a view; what goes wrong is a view too.
    pub(super) fn read(&self, agent: &AgentName, request: &ViewRequest) -> View {
        self.try_read(agent, request).unwrap_or_else(|error| View::Unreadable { why: error.to_string() })
    }

    fn try_read(&self, agent: &AgentName, request: &ViewRequest) -> Result<View, EngineError> {
        let _snapshot = self.reader.snapshot()?;
        Ok(match request {
            ViewRequest::Queue { queue, filter, sort, offset, limit } => {
                View::Queue(self.queue(agent, *queue, filter, *sort, *offset, *limit)?)
            }
            ViewRequest::Counts => View::Counts(self.counts(agent)?),
            ViewRequest::Thread { ticket, window, limit } => match self.thread(agent, *ticket, *window, *limit)? {
                Some(page) => View::Thread(Box::new(page)),
                None => View::Unreadable { why: format!("there is no ticket {ticket}") },
            },
            ViewRequest::Search { text, limit } => View::Search { hits: self.search(agent, text, *limit)? },
            ViewRequest::Outbox => View::Outbox { rows: self.outbox()? },
            ViewRequest::Desk => View::Desk(Box::new(self.desk(agent)?)),
            ViewRequest::Completeness { ticket } => View::Completeness { checks: self.completeness(*ticket)? },
            ViewRequest::NextTicket { after, backwards } => {
                View::Ticket { ticket: self.next_ticket(agent, *after, *backwards)? }
            }
            ViewRequest::OpenedBy { outbox } => {
                View::Ticket { ticket: self.reader.opening(*outbox)?.and_then(|opening| opening.ticket()) }
            }
            ViewRequest::FindTicket { topic, group } => {
                View::Found { tickets: self.find_ticket(*topic, group.as_deref())? }
            }
            ViewRequest::Summary => View::Summary(summary::read(&self.reader)?),
            ViewRequest::Sla { ticket } => View::Sla { sla: self.sla_of(agent, *ticket)?.map(Box::new) },
            ViewRequest::Escalations { limit } => View::Escalations { firings: self.firings(*limit)? },
            ViewRequest::Explain { ticket } => {
                View::Explained { explanation: self.explain(agent, *ticket)?.map(Box::new) }
            }
            ViewRequest::Templates => View::Templates { uses: self.reader.template_uses()? },
            ViewRequest::Targets { tickets, duplicates_of } => {
                View::Targets { targets: self.targets(agent, tickets, *duplicates_of)? }
            }
            ViewRequest::Outside { since } => View::Outside(self.outside(*since)?),
            ViewRequest::Suggestions { ticket, words, reread } => {
                if *reread {
                    self.shelf.reread();
                }
                View::Suggestions(self.suggestions(*ticket, words)?)
            }
            ViewRequest::Stats { since, until } => {
                let mut report = self.stats(*since, *until)?;
                if self.rules.authority(agent) < Authority::Lead {
                    report.agents.retain(|row| row.key == agent.0);
                }
                View::Stats(Box::new(report))
            }
            ViewRequest::Brief { since } => View::Brief(Box::new(self.brief(agent, *since)?)),
            ViewRequest::Activity { ticket } => View::Activity { lines: self.activity(*ticket)? },
        })
    }

    fn queue(
        &self,
        agent: &AgentName,
        queue: QueueName,
        typed: &str,
        sort: Sort,
        offset: usize,
        limit: usize,
    ) -> Result<QueuePage, EngineError> {
        let query = self.query(typed)?;
        let Some(filter) = queue.filter(agent) else { return self.intake(&query, offset, limit) };
        let (query, sort) = match self.saved(queue)? {
            Some(saved) if sort == Sort::Natural => (saved.query.and(query), saved.sort),
            Some(saved) => (saved.query.and(query), sort),
            None => (query, sort),
        };
        let part = Part { filter: &filter, query: &query, sort, offset, limit };
        let (rows, total) = self.reader.queue(agent, &part, self.clock.now())?;
        let mut rows = self.rows(&rows)?;
        self.fill_here(&mut rows, agent);
        Ok(QueuePage { offset, total, rows })
    }

    /// Says in rows who else is there.
    fn fill_here(&self, rows: &mut [TicketRow], reader: &AgentName) {
        let mut here = self.condition.lock().unwrap_or_else(PoisonError::into_inner).screens.others(reader);
        for row in rows {
            row.here = here.remove(&row.key()).unwrap_or_default();
        }
    }

    /// The messages of General that nobody has answered, as rows.
    fn intake(&self, query: &Query, offset: usize, limit: usize) -> Result<QueuePage, EngineError> {
        let words: Vec<String> = query.words().map(str::to_lowercase).collect();
        let groups = self.named()?;
        let mut rows = Vec::new();
        for entry in self.unanswered()? {
            let person = entry.author.map(|id| self.person(id)).transpose()?;
            let text = entry.content.as_ref().map(Content::snippet).unwrap_or_default();
            let haystack = format!("{} {text}", person.as_ref().map_or("", |person| &person.name)).to_lowercase();
            if !words.iter().all(|word| haystack.contains(word)) {
                continue;
            }
            let ticket = crate::desk::lifecycle::unopened(entry.key, "General".to_owned(), entry.at);
            let topic = TopicRow {
                last_at: Some(entry.at),
                last_text: text,
                last_message: entry.message,
                ..TopicRow::unknown(entry.key)
            };
            let row = QueueRow {
                ticket,
                topic,
                customer: person,
                unread: true,
                draft: false,
                answering: false,
                mentioned: false,
            };
            let mut row = self.ticket_row(&row, &groups);
            row.waiting_since = Some(entry.at);
            row.message = entry.message;
            rows.push(row);
        }
        let total = rows.len();
        Ok(QueuePage { offset, total, rows: rows.into_iter().skip(offset).take(limit).collect() })
    }

    fn counts(&self, agent: &AgentName) -> Result<Counts, EngineError> {
        let kinds = self.reader.kinds(self.clock.now())?;
        let count = |filter: &Filter| kinds.iter().filter(|(kind, _)| filter.takes(kind)).map(|(_, count)| count).sum();
        let mut counts = Counts { open: count(&Filter::live()), ..Counts::default() };
        let now = self.clock.now();
        for queue in QueueName::ALL {
            let count = match queue.filter(agent) {
                Some(filter) if filter.overdue || filter.quiet.is_some() => {
                    self.reader.count(agent, &filter, &Query::default(), now)?
                }
                Some(filter) => count(&filter),
                None => self.unanswered()?.len(),
            };
            counts.queues.push((queue, count));
        }
        for saved in &self.rules.queues {
            let count = self.reader.count(agent, &Filter::default(), &saved.query, now)?;
            counts.saved.push((saved.name.clone(), count));
        }
        counts.waiting_since = self.reader.waiting_since(now)?;
        let waits = counts.waiting_since.zip(self.rules.alert_after);
        counts.waits_too_long = waits.is_some_and(|(since, most)| now.since(since) >= most);
        counts.outbox = self.reader.count_changes()?;
        for row in self.reader.open_outbox()? {
            match row.delivery {
                Delivery::Parked { .. } | Delivery::Confirm { .. } => counts.parked += 1,
                _ => counts.outbox += 1,
            }
        }
        Ok(counts)
    }

    /// Tells which of the desk's own queues is meant; `None` for one that every desk has.
    fn saved(&self, queue: QueueName) -> Result<Option<&SavedQueue>, EngineError> {
        let QueueName::Saved(place) = queue else { return Ok(None) };
        match self.rules.queues.get(usize::from(place)) {
            Some(saved) => Ok(Some(saved)),
            None => Err(EngineError::NoQueue),
        }
    }

    fn unanswered(&self) -> Result<Vec<threads::EntryRow>, EngineError> {
        let mut all = Vec::new();
        for (group, _, _) in self.reader.groups()? {
            all.extend(self.reader.unanswered(group, INTAKE)?);
        }
        Ok(all)
    }

    fn person(&self, id: PersonId) -> Result<Person, EngineError> {
        Ok(self.reader.person(id)?.unwrap_or_else(|| Person {
            id,
            name: format!("ID {}", id.0),
            username: None,
            bot: false,
        }))
    }

    pub(super) fn facts(&self) -> Result<Vec<(GroupFacts, Sync)>, EngineError> {
        let mut groups = Vec::new();
        for (_, facts, sync) in self.reader.groups()? {
            let Some(facts) = facts else { continue };
            let sync = sync.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::from)?;
            groups.push((serde_json::from_str(&facts).map_err(StoreError::from)?, sync.unwrap_or_default()));
        }
        Ok(groups)
    }

    fn search(&self, agent: &AgentName, text: &str, limit: usize) -> Result<Vec<Hit>, EngineError> {
        let mut hits = Vec::new();
        let query = self.query(text)?;
        if query.words().next().is_none() {
            return self.tickets_like(agent, &query, limit);
        }
        let groups = self.named()?;
        for found in self.reader.search(agent, &query, limit, self.clock.now())? {
            let title = self.reader.topic(found.key)?.map(|topic| topic.title).unwrap_or_default();
            let status = self.reader.ticket(found.key)?.map(|ticket| ticket.standing.status);
            let author = match (found.agent, found.author) {
                (Some(agent), _) => agent,
                (None, Some(id)) => self.person(id)?.name,
                (None, None) => String::new(),
            };
            hits.push(Hit {
                id: found.key.topic,
                group: found.key.group,
                group_name: name_in(&groups, found.key.group),
                title,
                status,
                kind: if found.note { EntryKind::Note } else { EntryKind::Message },
                author,
                at: found.at,
                message_id: found.message,
                snippet: found.snippet.replace('\n', " "),
            });
        }
        Ok(hits)
    }

    /// Tells tickets as hits, each with its last message, newest first: for a query without words.
    fn tickets_like(&self, agent: &AgentName, query: &Query, limit: usize) -> Result<Vec<Hit>, EngineError> {
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let part = Part { filter: &Filter::default(), query, sort: Sort::Activity, offset: 0, limit };
        let (rows, _) = self.reader.queue(agent, &part, self.clock.now())?;
        let groups = self.named()?;
        let hit = |row: &QueueRow| {
            let shown = self.ticket_row(row, &groups);
            Hit {
                id: shown.id,
                group: shown.group,
                group_name: shown.group_name,
                author: shown.customer.map(|person| person.name).unwrap_or_default(),
                title: shown.title,
                status: Some(shown.status),
                kind: EntryKind::Message,
                at: shown.last_at,
                message_id: row.topic.last_message,
                snippet: shown.last_text,
            }
        };
        Ok(rows.iter().map(hit).collect())
    }

    fn outbox(&self) -> Result<Vec<OutboxRow>, EngineError> {
        let row = |row: store::outbox::OutboxRow| -> Result<OutboxRow, EngineError> {
            let opening = if row.key.topic == TopicId::GENERAL { self.reader.opening(row.id)? } else { None };
            Ok(OutboxRow {
                outbox: row.id,
                ticket: row.key,
                agent: row.agent,
                text: row.file.map_or_else(String::new, |file| format!("{} ", file.media())) + &row.text,
                at: row.created_at,
                delivery: row.delivery,
                part_of: row.first,
                seen: row.seen,
                opens: opening.map(|opening| OpeningView {
                    messages: opening.messages.len(),
                    ticket: opening.ticket(),
                    forwarded: opening.forwarded,
                    title: opening.title,
                }),
            })
        };
        self.reader.open_outbox()?.into_iter().map(row).collect()
    }

    pub(super) fn holes(&self, facts: &GroupFacts) -> Result<Vec<(MessageId, MessageId)>, EngineError> {
        let covered = match facts.sees_all() {
            true => self.reader.covered_wholly(facts.group)?,
            false => self.reader.covered(facts.group)?,
        };
        let top = covered.last().map(|(_, to)| *to).max(facts.top_message).unwrap_or_default();
        Ok(coverage::holes(&covered, top))
    }

    /// Mine that wait, longest first, then unassigned ones, longest first; then round again.
    fn next_ticket(
        &self,
        agent: &AgentName,
        after: Option<TicketKey>,
        backwards: bool,
    ) -> Result<Option<TicketKey>, EngineError> {
        let now = self.clock.now();
        let mut keys = Vec::new();
        for (queue, waiting) in [(QueueName::Mine, true), (QueueName::Unassigned, false)] {
            let Some(mut filter) = queue.filter(agent) else { continue };
            filter.waiting |= waiting;
            let none = Query::default();
            let part = Part { filter: &filter, query: &none, sort: Sort::Natural, offset: 0, limit: 500 };
            let rows = self.reader.queue(agent, &part, now)?.0.into_iter();
            // Whoever waits in a pending ticket has been told to.
            let active = rows.filter(|row| row.ticket.standing.pending.is_none());
            keys.extend(active.map(|row| row.ticket.key));
        }
        if backwards {
            keys.reverse();
        }
        let position = after.and_then(|after| keys.iter().position(|key| *key == after));
        let next = match position {
            Some(position) => keys.get(position + 1).or(keys.first()),
            None => keys.first(),
        };
        Ok(next.copied().filter(|key| Some(*key) != after))
    }
}

/// Makes the row that screens and JSON show.
fn ticket_row(row: &QueueRow) -> TicketRow {
    let QueueRow { ticket, topic, customer, unread, draft, answering, mentioned } = row;
    TicketRow {
        id: ticket.key.topic,
        group: ticket.key.group,
        group_name: String::new(),
        episode: ticket.episode,
        status: ticket.standing.status,
        title: ticket.title.clone(),
        customer: customer.as_ref().map(|person| PersonView {
            id: person.id,
            name: person.name.clone(),
            username: person.username.clone(),
        }),
        assignee: ticket.standing.assignee.clone(),
        priority: ticket.priority,
        tags: ticket.tags.iter().cloned().collect(),
        category: ticket.category.clone(),
        team: ticket.team.clone(),
        unassigned_because: None,
        opened_at: ticket.opened_at,
        waiting_since: ticket.waiting.as_ref().map(|waiting| waiting.since),
        pending: ticket.standing.pending.clone(),
        snoozed_until: ticket.snoozed_until,
        last_at: topic.last_at.unwrap_or(ticket.opened_at),
        last_text: topic.last_text.clone(),
        staff_spoke_last: topic.last_staff,
        unread: *unread,
        draft: *draft,
        flagged: ticket.flagged,
        mentioned: *mentioned,
        thanked: ticket.thanked,
        answering: *answering,
        imported: ticket.imported,
        due: None,
        escalated: escalations::of_row(row),
        message: None,
        here: Vec::new(),
    }
}
