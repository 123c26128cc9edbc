//! Replies as their agents have them: accepted, taken aside, changed, thrown away, sent after all.
//!
//! A long text becomes several rows of the outbox, its parts, which stop together and go on together.

use super::EngineError;
use super::desk_work::Answer;
use super::handle::Receipt;
use super::turn::Turn;
use crate::desk::along::Along;
use crate::desk::command::Refusal;
use crate::desk::event::{Actor, Event, Recorded, Why};
use crate::desk::files::Attachment;
use crate::desk::ids::{AgentName, EventId, MessageId, OutboxId, TicketKey};
use crate::desk::lifecycle::taken_back;
use crate::desk::split::{CAPTION, LONGEST, MOST_PARTS, split};
use crate::desk::thread::{Delivery, Doubt, Lane};
use crate::store::outbox::OutboxRow;

/// A reply as its agent gave it.
pub(super) struct Reply<'c> {
    pub(super) agent: &'c AgentName,
    pub(super) text: &'c str,
    pub(super) reply_to: Option<MessageId>,
    /// Leave the undo window open.
    pub(super) hold: bool,
    /// The highest message on the agent's screen.
    pub(super) seen: Option<MessageId>,
    /// The file that goes first.
    pub(super) file: Option<&'c Attachment>,
}

/// Cuts a text into what goes out; one that is too long for a caption comes after its file.
fn parts(text: &str, file: bool) -> Vec<String> {
    let mut parts = split(text, LONGEST);
    if file && (parts.len() != 1 || parts[0].encode_utf16().count() > CAPTION) {
        parts.insert(0, String::new());
    }
    parts
}

impl Turn<'_> {
    /// Puts a reply into thread and outbox; gives its first row, and what its agent should know.
    pub(super) fn accept_reply(
        &mut self,
        key: TicketKey,
        reply: &Reply<'_>,
    ) -> Result<(OutboxId, Option<String>), EngineError> {
        let delivery = match self.newer(key, reply.seen, reply.agent)? {
            Some(doubt) => Delivery::Confirm { why: doubt },
            None if reply.hold => self.held(),
            None => Delivery::Queued,
        };
        let parts = parts(reply.text, reply.file.is_some());
        let first = self.put_parts(key, reply, &parts, None, &delivery)?;
        self.work.put_draft(reply.agent, key, "", false)?;
        let notice = match (&delivery, parts.len()) {
            (Delivery::Confirm { why }, _) => Some(format!("not sent yet: {why}")),
            (_, 1) => None,
            (_, count) => Some(format!("it goes out as {count} messages")),
        };
        Ok((first, notice))
    }

    /// Tells why a reply cannot quote a message, as far as the desk knows: what was deleted a moment ago, Telegram refuses.
    pub(super) fn cannot_quote(&mut self, key: TicketKey, message: MessageId) -> Result<Option<Refusal>, EngineError> {
        let why = match self.work.message(key.group, message)? {
            Some(entry) if entry.key == key && !entry.deleted => return Ok(None),
            Some(entry) if entry.key == key => "was deleted in Telegram".to_owned(),
            Some(entry) => format!("is not in {key} but in {}", entry.key),
            None => format!("is not in {key}, as far as the desk knows"),
        };
        let sentence = format!("message {message} {why}: reply to another one, or to none");
        Ok(Some(Refusal::Senseless(sentence)))
    }

    /// Holds what was just said for as long as it may be taken back.
    fn held(&self) -> Delivery {
        let undo = self.rules.undo_send;
        if undo.is_zero() { Delivery::Queued } else { Delivery::Held { until: self.now + undo } }
    }

    /// Puts parts of a text into thread and outbox, after the `first` part if that is there already; gives the first.
    fn put_parts(
        &mut self,
        key: TicketKey,
        reply: &Reply<'_>,
        parts: &[String],
        mut first: Option<OutboxId>,
        delivery: &Delivery,
    ) -> Result<OutboxId, EngineError> {
        for text in parts {
            // The quote stands above the beginning.
            let reply_to = reply.reply_to.filter(|_| first.is_none());
            let file = reply.file.filter(|_| first.is_none());
            let entry = self.work.put_reply(key, reply.agent, self.now, text, reply_to)?;
            if let Some(file) = file {
                self.work.attach(entry, text, file.media())?;
            }
            let row = OutboxRow {
                id: OutboxId(0),
                key,
                entry,
                agent: reply.agent.clone(),
                text: text.clone(),
                reply_to,
                random_id: (self.random)(),
                delivery: delivery.clone(),
                created_at: self.now,
                not_before: None,
                attempts: 0,
                lane: Lane::Human,
                seen: reply.seen,
                said_at: self.now,
                first,
                file: file.cloned(),
            };
            let id = self.work.put_outbox(&row)?;
            self.work.tie(entry, id)?;
            if first.is_none() {
                first = Some(id);
                if parts.len() > 1 {
                    self.work.chain_outbox(id, first)?;
                }
            }
        }
        // Only a text with something in it comes here.
        Ok(first.unwrap_or_default())
    }

    /// Tells whether a file was copied for a reply and still lies there. Its name may have come from anywhere.
    pub(super) fn is_staged(&self, file: &Attachment) -> bool {
        let flat = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        flat(&file.stored) && self.files.outgoing(&file.stored).is_file()
    }

    /// Tells whether somebody else has written into a topic above what the agent has seen.
    pub(super) fn newer(
        &mut self,
        key: TicketKey,
        seen: Option<MessageId>,
        agent: &AgentName,
    ) -> Result<Option<Doubt>, EngineError> {
        let Some(seen) = seen else { return Ok(None) };
        let newest = self.work.newer(key, seen, agent, self.group(key.group).staff.own)?;
        Ok(newest.map(|message| Doubt::Newer { message }))
    }

    /// Finds a row that may still be changed, with the parts of its text that come after it.
    fn editable(&mut self, id: OutboxId) -> Result<Result<Vec<OutboxRow>, Refusal>, EngineError> {
        let Some(row) = self.work.outbox(id)? else { return Ok(Err(Refusal::NotEditable("gone".to_owned()))) };
        if !is_editable(&row) {
            return Ok(Err(Refusal::NotEditable(row.delivery.label().to_owned())));
        }
        let mut rows = self.after(&row)?;
        rows.insert(0, row);
        Ok(Ok(rows))
    }

    /// Lists the parts of a row's text that come after it. None of them has left before it has.
    pub(super) fn after(&mut self, row: &OutboxRow) -> Result<Vec<OutboxRow>, EngineError> {
        let Some(first) = row.first else { return Ok(Vec::new()) };
        let parts = self.work.parts(first)?.into_iter();
        Ok(parts.filter(|part| part.id > row.id && !matches!(part.delivery, Delivery::Sent { .. })).collect())
    }

    /// Takes a reply aside to be changed.
    pub(super) fn hold_outbox(&mut self, id: OutboxId) -> Result<Answer, EngineError> {
        let mut rows = match self.editable(id)? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let text = rows.first().map(|row| self.without_signature(&row.agent, &whole(&rows))).unwrap_or_default();
        for row in rows.iter_mut().filter(|row| matches!(row.delivery, Delivery::Held { .. })) {
            self.move_row(row, Delivery::Confirm { why: Doubt::Editing })?;
        }
        Ok(Ok(Receipt { outbox: Some(id), text: Some(text), ..Receipt::default() }))
    }

    /// Gives a reply another text and sends it off as if it were new.
    pub(super) fn edit_outbox(
        &mut self,
        id: OutboxId,
        text: &str,
        seen: Option<MessageId>,
    ) -> Result<Answer, EngineError> {
        let mut rows = match self.editable(id)? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let signed = rows.first().map(|row| self.with_signature(&row.agent, text));
        let text = signed.as_deref().unwrap_or(text);
        let (length, most) = (text.encode_utf16().count(), LONGEST * MOST_PARTS);
        if length > most {
            return Ok(Err(Refusal::TooLong(length, most)));
        }
        let mut row = rows.remove(0);
        let mut parts = parts(text, row.file.is_some());
        if parts.is_empty() {
            return Ok(Err(Refusal::EmptyText));
        }
        for later in &rows {
            self.throw_away(later)?;
        }
        let text = parts.remove(0);
        if let Some(entry) = self.work.entry(row.entry)? {
            self.work.rewrite(&entry, &text, self.state.indexed)?;
            if let Some(file) = &row.file {
                self.work.attach(row.entry, &text, file.media())?;
            }
        }
        self.work.edited_template(row.first.unwrap_or(id))?;
        // What was parked was refused whole, what was held was never sent: another text is another message, with a key of its own.
        self.work.rewrite_outbox(id, &text, (self.random)())?;
        self.work.say_outbox(id, self.now, seen)?;
        let agent = row.agent.clone();
        let delivery = match self.newer(row.key, seen, &agent)? {
            Some(doubt) => Delivery::Confirm { why: doubt },
            None => self.held(),
        };
        if !parts.is_empty() {
            let first = row.first.unwrap_or(id);
            self.work.chain_outbox(id, Some(first))?;
            let reply = Reply { agent: &agent, text: "", reply_to: None, hold: true, seen, file: None };
            self.put_parts(row.key, &reply, &parts, Some(first), &delivery)?;
        }
        let notice = match &delivery {
            Delivery::Confirm { why } => Some(format!("not sent yet: {why}")),
            _ => None,
        };
        self.move_row(&mut row, delivery)?;
        Ok(Ok(Receipt { outbox: Some(id), notice, ..Receipt::default() }))
    }

    /// Remembers with the first row of a reply what was done to the ticket with it, and of which template it was made.
    pub(super) fn came_along(
        &mut self,
        outbox: OutboxId,
        agent: &AgentName,
        along: &Along,
        recorded: &[Recorded],
    ) -> Result<(), EngineError> {
        if !along.actions.is_empty() {
            // That it was answered is the reply's own doing and stays as it always did.
            let brought = |one: &&Recorded| !matches!(one.event, Event::Moved { why: Why::Replied, .. });
            let brought: Vec<EventId> = recorded.iter().filter(brought).map(|one| one.id).collect();
            self.work.put_brought(outbox, &brought)?;
        }
        if let (Some(template), Some(row)) = (&along.template, self.work.outbox(outbox)?) {
            self.work.put_template_use(outbox, row.key, agent, template, self.now)?;
        }
        Ok(())
    }

    /// Takes back what came along with a reply that never left, as far as it still holds; tells why something stays.
    fn take_back_actions(
        &mut self,
        first: OutboxId,
        key: TicketKey,
        agent: &AgentName,
    ) -> Result<Option<String>, EngineError> {
        self.work.forget_template_use(first)?;
        let brought = self.work.brought(first)?;
        if brought.is_empty() {
            return Ok(None);
        }
        let log = self.work.log(key)?;
        let Some(ticket) = self.ticket(key)? else { return Ok(None) };
        let (events, kept) = taken_back(ticket, &brought, &log);
        self.record(key, self.now, &Actor::Agent(agent.clone()), events)?;
        self.work.put_brought(first, &[])?;
        Ok(kept)
    }

    /// Throws a reply away, with what of its text would have come after it, and with what it did to the ticket; with `draft` the text
    /// becomes the agent's draft.
    pub(super) fn discard_outbox(
        &mut self,
        id: OutboxId,
        agent: &AgentName,
        draft: bool,
    ) -> Result<Answer, EngineError> {
        let rows = match self.editable(id)? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(Err(refusal)),
        };
        for row in &rows {
            self.throw_away(row)?;
            self.forget_opening(row)?;
        }
        let text = rows.first().map(|row| self.without_signature(&row.agent, &whole(&rows))).unwrap_or_default();
        let mut notice = None;
        if let Some(row) = rows.first() {
            if draft {
                self.work.offer_draft(agent, row.key, &text)?;
            }
            // Of a long text some parts may have left: then the customer has the answer that came with it.
            if row.first.is_none_or(|first| first == row.id) {
                notice = self.take_back_actions(row.id, row.key, agent)?;
            }
        }
        Ok(Ok(Receipt { outbox: Some(id), text: Some(text), notice, ..Receipt::default() }))
    }

    pub(super) fn throw_away(&mut self, row: &OutboxRow) -> Result<(), EngineError> {
        self.work.discard_outbox(row.id)?;
        if let Some(entry) = self.work.entry(row.entry)? {
            self.state.indexed = self.work.remove(&entry, self.state.indexed)?;
        }
        self.touch(row.key);
        Ok(())
    }

    /// Sends a reply that was stopped, with all parts of its text that were stopped with it.
    pub(super) fn retry_outbox(&mut self, id: OutboxId, seen: Option<MessageId>) -> Result<Answer, EngineError> {
        let row = match self.editable(id)? {
            Ok(mut rows) => rows.remove(0),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let doubt = self.newer(row.key, seen, &row.agent)?;
        let rows = match row.first {
            Some(first) => self.work.parts(first)?,
            None => vec![row],
        };
        for mut row in rows.into_iter().filter(is_editable) {
            self.work.say_outbox(row.id, self.now, seen)?;
            let delivery = doubt.clone().map_or(Delivery::Queued, |why| Delivery::Confirm { why });
            self.move_row(&mut row, delivery)?;
        }
        let notice = doubt.map(|doubt| format!("not sent yet: {doubt}"));
        Ok(Ok(Receipt { outbox: Some(id), notice, ..Receipt::default() }))
    }
}

/// Puts the parts of a text together again.
fn whole(rows: &[OutboxRow]) -> String {
    let words = rows.iter().map(|row| row.text.as_str()).filter(|text| !text.is_empty());
    words.collect::<Vec<_>>().join("\n\n")
}

fn is_editable(row: &OutboxRow) -> bool {
    matches!(row.delivery, Delivery::Held { .. } | Delivery::Confirm { .. } | Delivery::Parked { .. })
}
