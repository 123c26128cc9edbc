//! Consuming: what a message means for its ticket, in id order, each message once.

use super::EngineError;
use super::turn::Turn;
use super::views::Alert;
use crate::desk::event::{Actor, Event, Writer};
use crate::desk::ids::{GroupId, MessageId, TicketKey, TopicId};
use crate::desk::language;
use crate::desk::lifecycle::{self, Happening};
use crate::desk::people::Role;
use crate::desk::thanks::is_mere_thanks;
use crate::desk::thread::{Content, Media, Message, Post, ServiceMessage};
use crate::desk::ticket::Ticket;
use crate::store::threads::{EntryRow, Put, Side};

impl Turn<'_> {
    /// Writes a message down; on which side its author is belongs to it from then on.
    pub(super) fn put_message(&mut self, group: GroupId, message: &Message, late: bool) -> Result<Put, EngineError> {
        let key = TicketKey { group, topic: message.topic };
        let origin = self.origin_of(group, message)?;
        let copied = origin.map(|(author, at)| Message { author, at, ..message.clone() });
        let message = copied.as_ref().unwrap_or(message);
        let role = self.role(message.author, key)?;
        let (side, agent) = match role {
            Role::Agent(name) => (Side::Staff, Some(name)),
            Role::Colleague => (Side::Staff, None),
            Role::Automation => (Side::Automation, None),
            Role::Customer | Role::Participant => (Side::Public, None),
        };
        let put = self.work.put_message(group, message, side, agent.as_ref(), late)?;
        match put {
            Put::Known(entry) => {
                self.work.date_reply(entry, message.at)?;
                self.adopt(entry, &message.content)?;
            }
            Put::New(entry) => {
                if self.group(group).buried.contains(&message.id)
                    && let Some(entry) = self.work.entry(entry)?
                {
                    self.tombstone(&entry)?;
                }
                self.group_mut(group).reactions.known(message.id);
                if let Some(pinned) = self.group(group).early_pins.get(&message.id).copied() {
                    self.pinned(group, message.id, pinned)?;
                }
            }
        }
        let own = self.group_mut(group);
        own.top = own.top.max(message.id);
        Ok(put)
    }

    /// Writes down a page of messages, and gives each as the store has it now.
    pub(super) fn put_page(&mut self, group: GroupId, messages: &[Message]) -> Result<Vec<EntryRow>, EngineError> {
        let mut page = Vec::with_capacity(messages.len());
        for message in messages {
            let key = TicketKey { group, topic: message.topic };
            let topic = self.topic(key)?;
            let late = topic.collected && message.id < topic.applied;
            match self.put_message(group, message, late)? {
                Put::New(entry) => {
                    self.look_again(group, message, late)?;
                    let role = self.role(message.author, key)?;
                    // A message of our own may have been written down as what it is a copy of.
                    let own = self.group(group);
                    if own.buried.contains(&message.id) || own.staff.own == Some(message.author) {
                        page.extend(self.work.entry(entry)?);
                    } else {
                        page.push(EntryRow::of_new(entry, key, message, role.is_staff(), late));
                    }
                }
                Put::Known(_) => {
                    if message.edited_at.is_some() {
                        self.edited_before(group, message)?;
                    }
                    page.extend(self.work.message(group, message.id)?);
                }
            }
        }
        page.sort_by_key(|entry| entry.message);
        Ok(page)
    }

    /// Consumes a message that is in the store.
    pub(super) fn consume_stored(
        &mut self,
        group: GroupId,
        message: MessageId,
        heard: bool,
    ) -> Result<(), EngineError> {
        match self.work.message(group, message)? {
            Some(entry) => self.consume(&entry, heard),
            None => Ok(()),
        }
    }

    /// Says what a message means for its ticket. `heard`: it happens now, so somebody should hear of it.
    pub(super) fn consume(&mut self, entry: &EntryRow, heard: bool) -> Result<(), EngineError> {
        let (Some(id), Some(author), Some(content)) = (entry.message, entry.author, &entry.content) else {
            return Ok(());
        };
        let key = entry.key;
        if id <= self.topic(key)?.applied {
            return Ok(());
        }
        let line = if matches!(content, Content::Post(_)) { self.line_of(key, id, content)? } else { String::new() };
        let topic = self.topic_mut(key)?;
        topic.applied = id;
        if matches!(content, Content::Post(_)) && !entry.deleted {
            topic.last_message = Some(id);
            topic.last_at = Some(entry.at);
            topic.last_text = line;
            topic.last_staff = entry.side == Side::Staff || (entry.outbox.is_some() && entry.agent.is_some());
        }
        self.touch(key);
        match content {
            Content::Service(service) => self.consume_service(entry, service),
            Content::Post(_) if key.topic == TopicId::GENERAL || self.is_ignored(key)? => Ok(()),
            Content::Post(post) => {
                let writer = match (&entry.agent, entry.outbox) {
                    (Some(agent), Some(_)) => Some(Writer::Desk(agent.clone())),
                    // An automatic message answers nobody.
                    (None, Some(_)) => None,
                    _ if self.is_own_copy(entry)? => None,
                    _ => match self.role(author, key)? {
                        Role::Agent(name) => Some(Writer::Native(name)),
                        Role::Colleague => Some(Writer::Colleague),
                        Role::Customer => Some(Writer::Customer),
                        Role::Participant => Some(Writer::Participant),
                        Role::Automation => None,
                    },
                };
                let Some(writer) = writer else { return Ok(()) };
                if writer == Writer::Customer && self.is_score(entry, id, post)? {
                    return Ok(());
                }
                self.consume_post(entry, id, writer, post, heard && !entry.deleted)?;
                if entry.deleted {
                    self.happen(key, &Happening::Deleted { message: id }, self.now, &Actor::Desk)?;
                }
                Ok(())
            }
        }
    }

    fn consume_post(
        &mut self,
        entry: &EntryRow,
        id: MessageId,
        mut writer: Writer,
        post: &Post,
        heard: bool,
    ) -> Result<(), EngineError> {
        let key = entry.key;
        let Some(author) = entry.author else { return Ok(()) };
        let by = Actor::Person(author);
        let mut is_new = false;
        match self.ticket(key)?.map(|ticket| ticket.customer) {
            None if writer.is_staff() => return Ok(()),
            None => {
                let title = self.title(key)?;
                self.record(key, entry.at, &by, lifecycle::open(title, Some(author)))?;
                writer = Writer::Customer;
                is_new = true;
            }
            Some(None) if !writer.is_staff() => {
                self.record(key, entry.at, &by, vec![Event::CustomerSet { customer: author }])?;
                writer = Writer::Customer;
                // A topic that somebody opened and has not written in yet was told as new when it was created.
            }
            Some(_) => {}
        }
        if writer == Writer::Customer
            && self.ticket(key)?.is_some_and(|ticket| ticket.language.is_none())
            && let Some(language) = language::guess(&post.text)
        {
            let guessed = Happening::LanguageGuessed { language: language.to_owned() };
            self.happen(key, &guessed, entry.at, &by)?;
        }
        let sticker = matches!(post.media, Some(Media::Sticker { .. }));
        let plain = post.media.is_none() || sticker;
        // Whether it is nothing but thanks matters only after resolving.
        let rules = self.rules;
        let may_thank =
            plain && !writer.is_staff() && self.ticket(key)?.is_some_and(|ticket| ticket.resolved_at.is_some());
        let thanks = may_thank && is_mere_thanks(&post.text, sticker, &rules.thanks);
        let asks = !writer.is_staff();
        let episode = self.ticket(key)?.map(|ticket| ticket.episode);
        let by = match &writer {
            Writer::Desk(agent) => Actor::Agent(agent.clone()),
            _ => by,
        };
        self.happen(key, &Happening::Wrote { message: id, writer, thanks }, entry.at, &by)?;
        if asks && !thanks {
            self.hear_tone(key, id, &post.text, entry.at, &by)?;
        }
        if heard && asks && !thanks {
            let first = |ticket: &Ticket| Some(ticket.episode) != episode || ticket.first_asked_at == Some(entry.at);
            let first = self.ticket(key)?.is_some_and(first);
            self.take_in(key, &post.text, first)?;
        }
        if heard && asks {
            self.alert(key, is_new)?;
        }
        Ok(())
    }

    /// Says to the screens what should be heard.
    fn alert(&mut self, key: TicketKey, is_new: bool) -> Result<(), EngineError> {
        let Some(ticket) = self.ticket(key)? else { return Ok(()) };
        let alert = match &ticket.standing.assignee {
            Some(assignee) => Some(Alert::Reply { ticket: key, assignee: assignee.clone() }),
            None if is_new => Some(Alert::NewTicket { ticket: key }),
            None => None,
        };
        // An album is heard once.
        self.alerts.extend(alert.filter(|alert| !self.alerts.contains(alert)));
        Ok(())
    }

    fn consume_service(&mut self, entry: &EntryRow, service: &ServiceMessage) -> Result<(), EngineError> {
        let key = entry.key;
        let Some(author) = entry.author else { return Ok(()) };
        let role = self.role(author, key)?;
        let by = Actor::Person(author);
        match service {
            ServiceMessage::TopicCreated { title, icon } => {
                let topic = self.topic_mut(key)?;
                topic.creator = Some(author);
                topic.created_at = Some(entry.at);
                if topic.title.is_empty() {
                    topic.title.clone_from(title);
                }
                topic.icon = topic.icon.or(*icon);
                let by_customer = !role.is_staff() && role != Role::Automation;
                if by_customer && !self.is_ignored(key)? && self.ticket(key)?.is_none() {
                    let title = self.title(key)?;
                    self.record(key, entry.at, &by, lifecycle::open(title, Some(author)))?;
                    let live = self.group(key.group).is_live(entry.at);
                    if live {
                        self.alert(key, true)?;
                    }
                }
            }
            ServiceMessage::TopicEdited { title, icon, closed, hidden } => {
                let topic = self.topic_mut(key)?;
                if let Some(title) = title {
                    topic.title.clone_from(title);
                }
                if let Some(icon) = icon {
                    topic.icon = (*icon != 0).then_some(*icon);
                }
                topic.closed = closed.unwrap_or(topic.closed);
                topic.hidden = hidden.unwrap_or(topic.hidden);
                if let Some(title) = title.clone() {
                    self.happen(key, &Happening::Renamed { title }, entry.at, &by)?;
                }
                if self.group(key.group).staff.own == Some(author) && icon.is_some() {
                    self.own_edit_told(key, false)?;
                }
                match closed {
                    // Our own edits' echoes are no happenings.
                    Some(closed) if self.is_echo(key, author, &role, *closed)? => self.own_edit_told(key, *closed)?,
                    Some(true) => {
                        self.happen(key, &Happening::TopicClosed { by: role }, entry.at, &by)?;
                    }
                    Some(false) => {
                        self.happen(key, &Happening::TopicReopened, entry.at, &by)?;
                    }
                    None => {}
                }
            }
            ServiceMessage::Joined { people, .. } => {
                for person in people {
                    self.member(key.group, *person, true, entry.at)?;
                }
            }
            ServiceMessage::Left { person, .. } => self.member(key.group, *person, false, entry.at)?,
            ServiceMessage::Other { .. } => {}
        }
        Ok(())
    }

    /// Tells a topic's title, or what stands for it while it is not known.
    pub(super) fn title(&mut self, key: TicketKey) -> Result<String, EngineError> {
        let topic = self.topic(key)?;
        Ok(if topic.title.is_empty() { format!("topic {}", key.topic) } else { topic.title.clone() })
    }

    /// Tells whether a topic is kept out of the desk: by an agent's word, else by the rules.
    pub(super) fn is_ignored(&mut self, key: TicketKey) -> Result<bool, EngineError> {
        let rules = self.rules;
        let topic = self.topic(key)?;
        Ok(topic.ignored.unwrap_or_else(|| rules.ignores(key.topic, &topic.title)))
    }
}
