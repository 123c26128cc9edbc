//! Tickets: the fold of each one's events, with copies of what queues ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::clocks::Clocks;
use super::query::Conditions;
use super::topics::{TopicRow, topic_row};
use super::{Reader, Result, Work};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, GroupId, PersonId, TicketKey, TopicId};
use crate::desk::people::Person;
use crate::desk::query::Query;
use crate::desk::queue::{Filter, Kind, Sort};
use crate::desk::tags::Tag;
use crate::desk::ticket::Ticket;

/// A ticket with what a queue shows beside it.
#[derive(Clone, Debug)]
pub struct QueueRow {
    /// The ticket.
    pub ticket: Ticket,
    /// Its topic.
    pub topic: TopicRow,
    /// Its customer.
    pub customer: Option<Person>,
    /// Has messages above the last one that the reader has seen.
    pub unread: bool,
    /// The reader has a draft.
    pub draft: bool,
    /// A reply is on its way.
    pub answering: bool,
    /// A note has named the reader since they last looked.
    pub mentioned: bool,
}

fn find(connection: &Connection, key: TicketKey) -> Result<Option<Ticket>> {
    let fold: Option<String> = connection
        .prepare_cached("SELECT fold FROM tickets WHERE group_id = ?1 AND topic = ?2")?
        .query_row(params![key.group.0, key.topic.0], |row| row.get(0))
        .optional()?;
    Ok(fold.map(|text| serde_json::from_str(&text)).transpose()?)
}

/// Makes the text of the column: `|billing|vip|`; empty for no tags. No tag contains a bar.
fn tag_text(tags: &BTreeSet<Tag>) -> String {
    if tags.is_empty() {
        return String::new();
    }
    tags.iter().fold("|".to_owned(), |text, tag| format!("{text}{tag}|"))
}

impl Work<'_> {
    /// Finds a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn ticket(&self, key: TicketKey) -> Result<Option<Ticket>> {
        find(&self.transaction, key)
    }

    /// Writes a ticket down, whole. `last_at`: last activity; `wake_at`: when time will do something to it; `clocks`: what is due.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_ticket(
        &self,
        ticket: &Ticket,
        last_at: Timestamp,
        wake_at: Option<Timestamp>,
        clocks: Clocks,
    ) -> Result<()> {
        self.transaction
            .prepare_cached(
                "INSERT INTO tickets (group_id, topic, status, assignee, customer, waiting_since, snoozed_until, imported,
                                      last_at, wake_at, fold, priority, tags, due_at, alarm_at, escalate_at, say_at, quiet_since)
                 VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)
                 ON CONFLICT (group_id, topic) DO UPDATE SET status=?3, assignee=?4, customer=?5, waiting_since=?6,
                     snoozed_until=?7, imported=?8, last_at=?9, wake_at=?10, fold=?11, priority=?12, tags=?13,
                     due_at=?14, alarm_at=?15, escalate_at=?16, say_at=?17, quiet_since=?18",
            )?
            .execute(params![
                ticket.key.group.0,
                ticket.key.topic.0,
                ticket.standing.status.label(),
                ticket.standing.assignee.as_ref().map(|name| &name.0),
                ticket.customer.map(|id| id.0),
                ticket.waiting.as_ref().map(|waiting| waiting.since.millis()),
                ticket.snoozed_until.map(Timestamp::millis),
                ticket.imported,
                last_at.millis(),
                wake_at.map(Timestamp::millis),
                serde_json::to_string(ticket)?,
                ticket.priority.rank(),
                tag_text(&ticket.tags),
                clocks.due.map(Timestamp::millis),
                clocks.alarm.map(Timestamp::millis),
                clocks.escalate.map(Timestamp::millis),
                clocks.say.map(Timestamp::millis),
                ticket.staff_wrote_at.filter(|_| ticket.staff_spoke_last).map(Timestamp::millis),
            ])?;
        Ok(())
    }

    /// Sets the instant at which the clock will do something to a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_ticket_wake(&self, key: TicketKey, wake_at: Option<Timestamp>) -> Result<()> {
        self.transaction
            .prepare_cached("UPDATE tickets SET wake_at = ?3 WHERE group_id = ?1 AND topic = ?2")?
            .execute(params![key.group.0, key.topic.0, wake_at.map(Timestamp::millis)])?;
        Ok(())
    }

    /// Takes a ticket out of the queues; its log stays.
    ///
    /// # Errors
    /// SQLite's.
    pub fn remove_ticket(&self, key: TicketKey) -> Result<()> {
        self.transaction
            .prepare_cached("DELETE FROM tickets WHERE group_id = ?1 AND topic = ?2")?
            .execute(params![key.group.0, key.topic.0])?;
        Ok(())
    }

    /// Lists the tickets of a customer in a group.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tickets_of(&self, group: GroupId, customer: PersonId) -> Result<Vec<TicketKey>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT topic FROM tickets INDEXED BY tickets_customer WHERE customer = ?1 AND group_id = ?2 ORDER BY topic",
        )?;
        let rows = statement
            .query_map(params![customer.0, group.0], |row| Ok(TicketKey { group, topic: TopicId(row.get(0)?) }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Lists tickets of a group from a key on, for work that goes through all of them in parts.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tickets_from(&self, group: GroupId, after: TopicId, limit: usize) -> Result<Vec<TicketKey>> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT topic FROM tickets WHERE group_id = ?1 AND topic > ?2 ORDER BY topic LIMIT ?3")?;
        let rows = statement.query_map(params![group.0, after.0, limit as i64], |row| {
            Ok(TicketKey { group, topic: TopicId(row.get(0)?) })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// What of a queue to read.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Which tickets.
    pub filter: &'a Filter,
    /// What the tickets must be besides.
    pub query: &'a Query,
    /// The order.
    pub sort: Sort,
    /// How many to skip.
    pub offset: usize,
    /// How many at most.
    pub limit: usize,
}

/// Tells whether what is found stays so until something is committed, a snooze ends or a deadline passes.
fn is_lasting(filter: &Filter, query: &Query) -> bool {
    query.is_empty() && filter.quiet.is_none()
}

/// Tells from where the tickets of a queue are read.
fn source(filter: &Filter, query: &Query) -> &'static str {
    match (query.is_empty(), filter.overdue) {
        // Only those: the others are not looked at.
        (true, true) => "tickets INDEXED BY tickets_due",
        (true, false) => "tickets INDEXED BY tickets_queue",
        // What the words of a query ask for stands in both.
        (false, _) => "tickets JOIN topics ON topics.group_id = tickets.group_id AND topics.topic = tickets.topic",
    }
}

/// What a row is made of, but for what is each reader's own: an expression each for *unread*, *draft* and *mentioned*.
macro_rules! row {
    ($unread:literal, $draft:literal, $mentioned:literal) => {
        concat!(
            "SELECT topics.group_id, topics.topic, topics.title, topics.icon, topics.closed, topics.hidden, topics.gone,
    topics.ignored, topics.created_at, topics.creator, topics.applied, topics.collected, topics.last_message,
    topics.last_at, topics.last_text, topics.last_staff, tickets.fold,
    people.id, people.name, people.username, people.bot, ",
            $unread,
            ", ",
            $draft,
            ", EXISTS (SELECT 1 FROM outbox WHERE state IN ('held', 'queued', 'sending') AND doubt IS NULL AND lane = 0
        AND outbox.group_id = tickets.group_id AND outbox.topic = tickets.topic), ",
            $mentioned,
            " FROM tickets JOIN topics ON topics.group_id = tickets.group_id AND topics.topic = tickets.topic
    LEFT JOIN people ON people.id = tickets.customer"
        )
    };
}

/// A row as the agent `?1` sees it.
const ROW: &str = row!(
    "coalesce(topics.last_message, 0) > coalesce((SELECT message FROM seen WHERE agent = ?1
        AND seen.group_id = tickets.group_id AND seen.topic = tickets.topic), 0) AND NOT topics.last_staff",
    "EXISTS (SELECT 1 FROM drafts WHERE agent = ?1 AND drafts.group_id = tickets.group_id AND drafts.topic = tickets.topic)",
    "EXISTS (SELECT 1 FROM mentions WHERE agent = ?1 AND mentions.group_id = tickets.group_id
        AND mentions.topic = tickets.topic)"
);

/// A row as it is for everybody, to be filled in for each.
const SHARED_ROW: &str = row!("FALSE", "FALSE", "FALSE");

fn queue_row(row: &Row<'_>) -> Result<QueueRow> {
    let customer = match row.get::<_, Option<i64>>(17)? {
        Some(id) => Some(Person { id: PersonId(id), name: row.get(18)?, username: row.get(19)?, bot: row.get(20)? }),
        None => None,
    };
    Ok(QueueRow {
        topic: topic_row(row)?,
        ticket: serde_json::from_str(row.get_ref(16)?.as_str().map_err(rusqlite::Error::from)?)?,
        customer,
        unread: row.get(21)?,
        draft: row.get(22)?,
        answering: row.get(23)?,
        mentioned: row.get(24)?,
    })
}

/// Imported, waiting, snoozed, as the bits of a number.
fn flags(bits: usize) -> [bool; 3] {
    [1, 2, 4].map(|flag| bits & flag != 0)
}

impl Reader {
    /// Finds a ticket.
    ///
    /// # Errors
    /// SQLite's.
    pub fn ticket(&self, key: TicketKey) -> Result<Option<Ticket>> {
        find(&self.connection, key)
    }

    /// Finds a ticket with what a queue shows beside it.
    ///
    /// # Errors
    /// SQLite's.
    pub fn row(&self, reader: &AgentName, key: TicketKey) -> Result<Option<QueueRow>> {
        let mut statement =
            self.connection.prepare_cached(&format!("{ROW} WHERE tickets.group_id = ?2 AND tickets.topic = ?3"))?;
        let mut rows = statement.query(params![reader.0, key.group.0, key.topic.0])?;
        rows.next()?.map(queue_row).transpose()
    }

    /// Lists the other tickets of a customer, newest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn of_customer(&self, reader: &AgentName, customer: PersonId, not: TicketKey) -> Result<Vec<QueueRow>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{ROW} WHERE tickets.customer = ?2 AND NOT (tickets.group_id = ?3 AND tickets.topic = ?4)
             ORDER BY tickets.topic DESC LIMIT 10"
        ))?;
        let rows = statement.query_and_then(params![reader.0, customer.0, not.group.0, not.topic.0], queue_row)?;
        rows.collect()
    }

    /// Counts tickets by what queues ask of them, in one pass over an index.
    ///
    /// # Errors
    /// SQLite's.
    pub fn kinds(&self, now: Timestamp) -> Result<Arc<[(Kind, usize)]>> {
        self.once("kinds".to_owned(), now, || Ok(self.find_kinds(now)?.into()))
    }

    fn find_kinds(&self, now: Timestamp) -> Result<Vec<(Kind, usize)>> {
        // Grouped in the order of the index, which needs no sorting; filters are a fourth of the price of more groups.
        let filter = |bits: usize| {
            let words = ["imported", "waiting_since IS NOT NULL", "snoozed_until > ?1"];
            let words = words.iter().zip(flags(bits)).filter(|(_, flag)| *flag).map(|(word, _)| *word);
            let all: Vec<_> = words.collect();
            let wanted = if all.is_empty() { "TRUE".to_owned() } else { all.join(" AND ") };
            format!("count(*) FILTER (WHERE {wanted})")
        };
        let counts: Vec<_> = (0..8).map(filter).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT status, assignee, {} FROM tickets INDEXED BY tickets_queue GROUP BY status, assignee",
            counts.join(", ")
        ))?;
        let mut rows = statement.query([now.millis()])?;
        let mut kinds = Vec::new();
        while let Some(row) = rows.next()? {
            let Ok(status) = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?.parse() else { continue };
            let assignee = row.get::<_, Option<String>>(1)?.map(AgentName);
            // At least these flags; what has exactly them is left when what has one more is taken away, flag by flag.
            let mut exact = [0_i64; 8];
            for (bits, count) in exact.iter_mut().enumerate() {
                *count = row.get(2 + bits)?;
            }
            for flag in [1, 2, 4] {
                for bits in (0..8).filter(|bits| bits & flag == 0) {
                    exact[bits] -= exact[bits | flag];
                }
            }
            for (bits, count) in exact.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                let [imported, waiting, snoozed] = flags(bits);
                kinds.push((Kind { status, assignee: assignee.clone(), snoozed, waiting, imported }, count as usize));
            }
        }
        Ok(kinds)
    }

    /// Reads a part of a queue: the rows, and how many there are in all.
    ///
    /// # Errors
    /// SQLite's.
    pub fn queue(&self, reader: &AgentName, part: &Part<'_>, now: Timestamp) -> Result<(Vec<QueueRow>, usize)> {
        let mut conditions = Conditions::of(part.filter, now);
        conditions.query(part.query, reader, now);
        // The order is made from the covering index alone; only the rows of the page are then read whole.
        let from = source(part.filter, part.query);
        // Nobody waits any more in what is done, whatever was said last.
        let live: Vec<_> = Filter::live().statuses.iter().map(|status| format!("'{}'", status.label())).collect();
        let waiting = format!("iif(tickets.status IN ({}), tickets.waiting_since, NULL)", live.join(","));
        let due = "tickets.due_at IS NULL, tickets.due_at";
        let order = match part.sort {
            Sort::Natural => format!("{due}, {waiting} IS NULL, {waiting}, tickets.last_at DESC, tickets.rowid"),
            Sort::Due => format!("{due}, tickets.rowid"),
            Sort::Waiting => format!("{waiting} IS NULL, tickets.waiting_since, tickets.rowid"),
            Sort::Newest => "tickets.rowid DESC".to_owned(),
            Sort::Activity => "tickets.last_at DESC, tickets.rowid".to_owned(),
            Sort::Priority => {
                format!("tickets.priority DESC, {waiting} IS NULL, {waiting}, tickets.last_at DESC, tickets.rowid")
            }
        };
        let sql = format!("SELECT tickets.rowid FROM {from} WHERE {} ORDER BY {order}", conditions.sql);
        let find = || -> Result<Arc<[i64]>> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&conditions.values), |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<i64>>>()?.into())
        };
        // What is the same for whoever reads is found once for all of them.
        let page = |ids: &Arc<[i64]>| -> Result<Arc<[QueueRow]>> {
            let mut statement = self.connection.prepare_cached(&format!("{SHARED_ROW} WHERE tickets.rowid = ?1"))?;
            let mut page = Vec::new();
            for id in ids.iter().skip(part.offset).take(part.limit) {
                let mut rows = statement.query(params![id])?;
                page.extend(rows.next()?.map(queue_row).transpose()?);
            }
            Ok(page.into())
        };
        let (ids, page) = match is_lasting(part.filter, part.query) {
            true => {
                let name = format!("{:?} {:?}", part.filter, part.sort);
                let ids = self.once(name.clone(), now, find)?;
                let window = format!("{name} {} {}", part.offset, part.limit);
                (ids.clone(), self.once(window, now, || page(&ids))?)
            }
            false => {
                let ids = find()?;
                (ids.clone(), page(&ids)?)
            }
        };
        Ok((self.as_seen_by(reader, &page)?, ids.len()))
    }

    /// Fills in what an agent has seen, begun to write, and been named in.
    fn as_seen_by(&self, reader: &AgentName, page: &[QueueRow]) -> Result<Vec<QueueRow>> {
        let all = |sql: &str| -> Result<BTreeSet<TicketKey>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let key = |row: &Row<'_>| Ok(TicketKey { group: GroupId(row.get(0)?), topic: TopicId(row.get(1)?) });
            let keys = statement.query_map(params![reader.0], key)?;
            Ok(keys.collect::<rusqlite::Result<_>>()?)
        };
        let drafts = all("SELECT group_id, topic FROM drafts WHERE agent = ?1")?;
        let mentions = all("SELECT DISTINCT group_id, topic FROM mentions WHERE agent = ?1")?;
        let mut seen = self
            .connection
            .prepare_cached("SELECT message FROM seen WHERE agent = ?1 AND group_id = ?2 AND topic = ?3")?;
        let mut rows = page.to_vec();
        for row in &mut rows {
            let key = row.ticket.key;
            let last: Option<i32> =
                seen.query_row(params![reader.0, key.group.0, key.topic.0], |row| row.get(0)).optional()?;
            let newest = row.topic.last_message.map_or(0, |message| message.0);
            row.unread = newest > last.unwrap_or(0) && !row.topic.last_staff;
            row.draft = drafts.contains(&key);
            row.mentioned = mentions.contains(&key);
        }
        Ok(rows)
    }

    /// Tells since when the one has waited who has waited longest, in what is live and not snoozed.
    ///
    /// # Errors
    /// SQLite's.
    pub fn waiting_since(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        self.once("waiting since".to_owned(), now, || {
            let awake = Filter { waiting: true, snoozed: Some(false), ..Filter::live() };
            let conditions = Conditions::of(&awake, now);
            let sql =
                format!("SELECT min(waiting_since) FROM tickets INDEXED BY tickets_queue WHERE {}", conditions.sql);
            let mut statement = self.connection.prepare_cached(&sql)?;
            let since: Option<i64> = statement.query_row(params_from_iter(conditions.values), |row| row.get(0))?;
            Ok(since.map(Timestamp::from_millis))
        })
    }

    /// Counts the tickets of a queue.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count(&self, reader: &AgentName, filter: &Filter, query: &Query, now: Timestamp) -> Result<usize> {
        let find = || {
            let mut conditions = Conditions::of(filter, now);
            conditions.query(query, reader, now);
            let from = source(filter, query);
            let sql = format!("SELECT count(*) FROM {from} WHERE {}", conditions.sql);
            let count: i64 = self
                .connection
                .prepare_cached(&sql)?
                .query_row(params_from_iter(conditions.values), |row| row.get(0))?;
            Ok(usize::try_from(count).unwrap_or(0))
        };
        match is_lasting(filter, query) {
            true => self.once(format!("count {filter:?}"), now, find),
            // What passes with time is counted once a second.
            false => self.once(format!("count {filter:?} {query:?} {reader} {}", now.unix()), now, find),
        }
    }

    /// Lists the tags of all tickets, each once, in their order.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tags(&self) -> Result<BTreeSet<Tag>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT DISTINCT tags FROM tickets INDEXED BY tickets_tags WHERE tags <> ''")?;
        let mut rows = statement.query([])?;
        let mut tags = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            tags.extend(text.split('|').filter_map(|word| word.parse::<Tag>().ok()));
        }
        Ok(tags)
    }

    /// Reads every ticket in turn, for reports.
    ///
    /// # Errors
    /// SQLite's.
    pub fn each_ticket(&self, mut visit: impl FnMut(Ticket)) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT fold FROM tickets")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            visit(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
        Ok(())
    }
}
