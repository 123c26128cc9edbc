//! Tickets that are opened from General: a topic is created, messages are forwarded into it, and a reply in General says where.
//!
//! A row of the outbox in General does all of it: the reply is its last step, and every step before it is a call with a `random_id` of its
//! own that is written down before it is made. So what holds for replies holds here: what may have worked is repeated as it was, what was
//! refused parks, and a parked row can be sent again, changed, or thrown away. The ticket begins when the topic is known, whoever tells it
//! first, the answer or the stream; what it begins with is dated by the messages, so the customer's clocks run since they asked. The copies
//! are our own account's messages in Telegram; the desk keeps them as what they are copies of.

use super::desk_work::Answer;
use super::handle::Receipt;
use super::transport::{Forward, GroupFacts, NewTopic, Order, Outcome};
use super::turn::Turn;
use super::views::Alert;
use super::{EngineError, outbox::SKEW};
use crate::clock::Timestamp;
use crate::desk::command::Refusal;
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{AgentName, GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use crate::desk::language;
use crate::desk::lifecycle;
use crate::desk::opening::{LINK, MOST_MESSAGES, title};
use crate::desk::thread::{Content, Delivery, Lane, Message};
use crate::store::openings::{Opened, Opening};
use crate::store::outbox::OutboxRow;
use crate::store::threads::{EntryRow, Side};

/// Names `https://t.me/…` of a topic.
pub(super) fn link_of(key: TicketKey, facts: Option<&GroupFacts>) -> String {
    match facts.and_then(|facts| facts.username.as_ref()) {
        Some(username) => format!("https://t.me/{username}/{}", key.topic),
        None => format!("https://t.me/c/{}/{}", key.group, key.topic),
    }
}

fn refused(why: impl Into<String>) -> Result<Answer, EngineError> {
    Ok(Err(Refusal::Senseless(why.into())))
}

impl Turn<'_> {
    /// Opens a ticket from messages of General, or says why not.
    pub(super) fn open_from(
        &mut self,
        general: TicketKey,
        messages: &[MessageId],
        typed: &str,
        agent: &AgentName,
    ) -> Result<Answer, EngineError> {
        if general.topic != TopicId::GENERAL {
            return refused(format!("{general} is not General: a ticket is opened from messages there"));
        }
        if !self.group(general.group).sync.is_done() {
            return refused("the history has not been fetched wholly yet: run `topicdesk sync` first");
        }
        if let Some(why) = self.group(general.group).facts.as_ref().and_then(GroupFacts::opening_barred) {
            return refused(format!("no ticket can be opened: {why}"));
        }
        let title = match title(typed) {
            Ok(title) => title,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let entries = match self.opened_entries(general, messages)? {
            Ok(entries) => entries,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut opened = Vec::with_capacity(entries.len());
        for entry in &entries {
            let (Some(message), Some(author)) = (entry.message, entry.author) else { continue };
            opened.push(Opened { message, author, at: entry.at, random_id: (self.random)(), copy: None });
        }
        let (Some(first), Some(last)) = (opened.first().copied(), opened.last().copied()) else {
            return refused("no message is named");
        };
        let rules = self.rules;
        let spoken = entries.iter().find_map(|entry| language::guess(&entry.text));
        let text = rules.opening_text(spoken).unwrap_or_default().to_owned();
        let shown = if text.is_empty() { format!("opens the ticket \"{title}\"") } else { text.clone() };
        let reply_to = Some(last.message);
        let entry = self.work.put_reply(general, agent, self.now, &shown, reply_to)?;
        let row = OutboxRow {
            id: OutboxId(0),
            key: general,
            entry,
            agent: agent.clone(),
            text,
            reply_to,
            random_id: (self.random)(),
            delivery: Delivery::Queued,
            created_at: self.now,
            not_before: None,
            attempts: 0,
            lane: Lane::Human,
            seen: None,
            said_at: self.now,
            first: None,
            file: None,
        };
        let outbox = self.work.put_outbox(&row)?;
        self.work.tie(entry, outbox)?;
        let several = opened.iter().any(|one| one.author != first.author);
        let (group, random_id) = (general.group, (self.random)());
        let opening = Opening { outbox, group, title, random_id, topic: None, forwarded: false, messages: opened };
        self.work.put_opening(&opening)?;
        self.touch(general);
        let notice = match several {
            true => Some(format!("{} wrote first and is the customer", self.person(first.author)?.name)),
            false => None,
        };
        Ok(Ok(Receipt { outbox: Some(outbox), notice, ..Receipt::default() }))
    }

    /// Finds the messages that a ticket is to be opened from, whole albums, by id.
    fn opened_entries(
        &mut self,
        general: TicketKey,
        messages: &[MessageId],
    ) -> Result<Result<Vec<EntryRow>, Refusal>, EngineError> {
        let mut entries: Vec<EntryRow> = Vec::new();
        for id in messages {
            let refuse = |why: &str| Ok(Err(Refusal::Senseless(format!("message {id} {why}"))));
            let Some(entry) = self.work.message(general.group, *id)? else { return refuse("is not known here") };
            if entry.key != general {
                return refuse("does not stand in General");
            }
            if entry.deleted {
                return refuse("was deleted in Telegram");
            }
            if entry.side != Side::Public || entry.post().is_none() {
                return refuse("was not written by a customer");
            }
            match entry.album() {
                Some(album) => {
                    entries.extend(self.work.album(general, *id, album)?.into_iter().filter(|one| !one.deleted));
                }
                None => entries.push(entry),
            }
        }
        entries.sort_by_key(|entry| entry.message);
        entries.dedup_by_key(|entry| entry.message);
        for entry in &entries {
            let Some(id) = entry.message else { continue };
            let Some(other) = self.work.opens(general.group, id)? else { continue };
            let ticket = self.work.opening(other)?.and_then(|opening| opening.ticket());
            let why = match ticket {
                Some(ticket) => format!("a ticket was opened from message {id} already: {ticket}"),
                None => format!("a ticket is being opened from message {id} already"),
            };
            return Ok(Err(Refusal::Senseless(why)));
        }
        if entries.len() > MOST_MESSAGES {
            let why = format!("at most {MOST_MESSAGES} messages can be forwarded at once, these are {}", entries.len());
            return Ok(Err(Refusal::Senseless(why)));
        }
        Ok(Ok(entries))
    }

    /// Does the next step of an opening; `false`: only the reply is left, or the row opens nothing.
    pub(super) fn open_on(&mut self, row: &mut OutboxRow) -> Result<bool, EngineError> {
        if row.key.topic != TopicId::GENERAL {
            return Ok(false);
        }
        let Some(mut opening) = self.work.opening(row.id)? else { return Ok(false) };
        let group = opening.group;
        // Before a second topic could come to be, the mirror is asked whether there is one already.
        if opening.topic.is_none()
            && row.attempts > 0
            && let Some(topic) = self.topic_twin(&opening, row.created_at)?
        {
            self.topic_known(&opening, &row.agent, topic)?;
            opening.topic = Some(topic);
        }
        let Some(key) = opening.ticket() else {
            self.ask_step(row);
            let (title, random_id) = (opening.title, opening.random_id);
            self.orders.push(Order::MakeTopic(NewTopic { outbox: row.id, group, title, random_id }));
            return Ok(true);
        };
        if !opening.forwarded {
            let mut messages = Vec::with_capacity(opening.messages.len());
            for one in &opening.messages {
                let gone = self.work.message(group, one.message)?.is_none_or(|entry| entry.deleted);
                if !gone {
                    messages.push((one.message, one.random_id));
                }
            }
            if !messages.is_empty() {
                self.ask_step(row);
                // Telegram counts each copy.
                self.spend_more(group, messages.len() - 1)?;
                self.orders.push(Order::Forward(Forward { outbox: row.id, group, topic: key.topic, messages }));
                return Ok(true);
            }
            if opening.messages.iter().all(|one| one.copy.is_none()) {
                self.park_opening(row, &format!("nothing is left to forward into {key}: the messages were deleted"))?;
                return Ok(true);
            }
            self.work.set_forwarded(row.id)?;
        }
        if row.text.is_empty() {
            self.throw_away(row)?;
            return Ok(true);
        }
        if row.text.contains(LINK) {
            let link = link_of(key, self.group(key.group).facts.as_ref());
            row.text = row.text.replace(LINK, &link);
            self.work.rewrite_outbox(row.id, &row.text, row.random_id)?;
            self.work.set_attempt(row.id, 1, None)?;
            if let Some(entry) = self.work.entry(row.entry)? {
                self.work.rewrite(&entry, &row.text, self.state.indexed)?;
            }
        }
        Ok(false)
    }

    fn ask_step(&mut self, row: &OutboxRow) {
        self.state.sending.insert(row.id);
        self.state.served.insert(row.key, self.now);
    }

    fn park_opening(&mut self, row: &mut OutboxRow, why: &str) -> Result<(), EngineError> {
        self.alerts.push(Alert::Parked { ticket: row.key, agent: row.agent.clone(), why: why.to_owned() });
        self.move_row(row, Delivery::Parked { why: why.to_owned() })
    }

    /// Finds the row and the opening that an answer is about.
    fn answered(&mut self, id: OutboxId) -> Result<Option<(OutboxRow, Opening)>, EngineError> {
        self.state.sending.remove(&id);
        Ok(self.work.outbox(id)?.zip(self.work.opening(id)?))
    }

    /// Takes in how the creation of a topic ended.
    pub(super) fn topic_made(&mut self, id: OutboxId, outcome: Outcome) -> Result<(), EngineError> {
        let Some((mut row, opening)) = self.answered(id)?.filter(|(_, opening)| opening.topic.is_none()) else {
            return Ok(());
        };
        match outcome {
            Outcome::Sent { message, .. } => self.topic_known(&opening, &row.agent, TopicId(message.0)),
            Outcome::Refused { why, .. } => match self.topic_twin(&opening, row.created_at)? {
                Some(topic) => self.topic_known(&opening, &row.agent, topic),
                None => {
                    self.group_mut(opening.group).facts_owed = true;
                    self.park_opening(&mut row, &format!("the topic was not created: {why}"))
                }
            },
            Outcome::Taken => match self.topic_twin(&opening, row.created_at)? {
                Some(topic) => self.topic_known(&opening, &row.agent, topic),
                None => self.put_off(row, Outcome::Taken),
            },
            later => self.put_off(row, later),
        }
    }

    /// Finds the topic that an earlier try has created without an answer, if the mirror has it.
    fn topic_twin(&mut self, opening: &Opening, since: Timestamp) -> Result<Option<TopicId>, EngineError> {
        Ok(self.work.untied_topic(opening.group, self.group(opening.group).staff.own, since - SKEW, &opening.title)?)
    }

    /// The topic is there: its ticket begins, with what its customer wrote in General.
    fn topic_known(&mut self, opening: &Opening, agent: &AgentName, topic: TopicId) -> Result<(), EngineError> {
        let key = TicketKey { group: opening.group, topic };
        self.work.set_opened_topic(opening.outbox, topic)?;
        self.work.set_attempt(opening.outbox, 0, None)?;
        let row = self.topic_mut(key)?;
        // Whatever its title: an agent wants it.
        row.ignored = Some(false);
        if row.title.is_empty() {
            row.title.clone_from(&opening.title);
        }
        if let (None, Some(first)) = (self.ticket(key)?, opening.messages.first().copied()) {
            let events = lifecycle::open(opening.title.clone(), Some(first.author));
            self.record(key, first.at, &Actor::Person(first.author), events)?;
            let messages = opening.messages.iter().map(|one| one.message).collect();
            self.record(key, self.now, &Actor::Agent(agent.clone()), vec![Event::OpenedFrom { messages }])?;
        }
        self.alerts.push(Alert::Opened { ticket: key, agent: agent.clone() });
        self.touch(key);
        self.touch(TicketKey { group: opening.group, topic: TopicId::GENERAL });
        Ok(())
    }

    /// Takes in how forwarding ended.
    pub(super) fn forwarded(
        &mut self,
        id: OutboxId,
        outcome: Outcome,
        copies: &[(i64, MessageId)],
    ) -> Result<(), EngineError> {
        let Some((mut row, opening)) = self.answered(id)? else { return Ok(()) };
        for (random_id, copy) in copies {
            self.work.set_copy(*random_id, *copy)?;
        }
        if opening.forwarded {
            return Ok(());
        }
        // The mirror may have the copies although no try was answered.
        let there = opening.messages.iter().any(|one| one.copy.is_some());
        match outcome {
            Outcome::Sent { .. } => self.all_forwarded(id),
            Outcome::Refused { .. } | Outcome::Taken if there => self.all_forwarded(id),
            Outcome::Refused { why, topic_gone } => {
                self.group_mut(opening.group).facts_owed = true;
                if let (true, Some(topic)) = (topic_gone, opening.topic) {
                    self.orders.push(Order::CheckTopics { group: opening.group, topics: vec![topic] });
                }
                self.park_opening(&mut row, &format!("the messages were not forwarded: {why}"))
            }
            later => self.put_off(row, later),
        }
    }

    fn all_forwarded(&mut self, id: OutboxId) -> Result<(), EngineError> {
        self.work.set_forwarded(id)?;
        Ok(self.work.set_attempt(id, 0, None)?)
    }

    /// The stream says which id Telegram gave to a topic or a copy.
    pub(super) fn opening_settled(&mut self, random_id: i64, message: MessageId) -> Result<(), EngineError> {
        let Some(opening) = self.work.opening_by_random_id(random_id)? else { return Ok(()) };
        if opening.random_id != random_id {
            return Ok(self.work.set_copy(random_id, message)?);
        }
        match self.work.outbox(opening.outbox)? {
            Some(row) if opening.topic.is_none() => self.topic_known(&opening, &row.agent, TopicId(message.0)),
            _ => Ok(()),
        }
    }

    /// Forgets an opening that is thrown away, unless the messages are in the new topic already.
    pub(super) fn forget_opening(&mut self, row: &OutboxRow) -> Result<(), EngineError> {
        match self.work.opening(row.id)? {
            Some(opening) if !opening.forwarded => Ok(self.work.forget_opening(row.id)?),
            _ => Ok(()),
        }
    }

    /// Tells who wrote the message that one of our own is a copy of, and when. What the stream brings before the answer has said so is
    /// known by its words, else by its turn: copies come in the order of the messages.
    pub(super) fn origin_of(
        &mut self,
        group: GroupId,
        message: &Message,
    ) -> Result<Option<(PersonId, Timestamp)>, EngineError> {
        let Content::Post(post) = &message.content else { return Ok(None) };
        if message.topic == TopicId::GENERAL
            || post.forwarded_from.is_none()
            || self.group(group).staff.own != Some(message.author)
        {
            return Ok(None);
        }
        let key = TicketKey { group, topic: message.topic };
        let Some(opening) = self.work.opening_of(key)? else { return Ok(None) };
        if let Some(known) = opening.messages.iter().find(|one| one.copy == Some(message.id)) {
            return Ok(Some((known.author, known.at)));
        }
        let mut found: Option<&Opened> = None;
        for one in opening.messages.iter().filter(|one| one.copy.is_none()) {
            let says = self.work.message(group, one.message)?.map(|entry| entry.text);
            if says.as_deref().map(str::trim) == Some(post.text.trim()) {
                found = Some(one);
                break;
            }
            found = found.or(Some(one));
        }
        let Some(origin) = found.copied() else { return Ok(None) };
        self.work.set_copy(origin.random_id, message.id)?;
        Ok(Some((origin.author, origin.at)))
    }
}
