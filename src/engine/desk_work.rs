//! Desk work: agents' commands, each asked of the rules and recorded with its effect.

use super::EngineError;
use super::handle::Receipt;
use super::replies::Reply;
use super::turn::Turn;
use super::views::Alert;
use crate::desk::command::{Command, Refusal};
use crate::desk::event::{Actor, Event, Why};
use crate::desk::ids::{AgentName, EntryId, EventId, TicketKey, TopicId};
use crate::desk::lifecycle::{self, Context};
use crate::desk::presence::Presence;
use crate::desk::thread::{Delivery, Lane};
use crate::store::outbox::OutboxRow;

pub(super) type Answer = Result<Receipt, Refusal>;

impl Turn<'_> {
    /// Carries out a command, or says why not. A refusal leaves nothing behind: the caller drops the transaction.
    pub(super) fn command(&mut self, agent: &AgentName, command: &Command) -> Result<Answer, EngineError> {
        // Before everything else, so that no way out goes round it.
        if let Err(refusal) = self.rules.guard.allows(command) {
            return Ok(Err(refusal));
        }
        let assignee = match command.ticket() {
            Some(key) => self.ticket(key)?.and_then(|ticket| ticket.standing.assignee.clone()),
            None => None,
        };
        if let Some(why) = self.rules.authority(agent).forbids(agent, command, assignee.as_ref()) {
            return Ok(Err(Refusal::NotAllowed(why)));
        }
        match command {
            Command::SaveDraft { ticket, text, note } => {
                self.work.put_draft(agent, *ticket, text, *note)?;
                Ok(Ok(Receipt::default()))
            }
            Command::MarkSeen { ticket, message } => {
                if self.work.put_seen(agent, *ticket, *message)? | self.work.forget_mention(agent, *ticket)? {
                    self.touch(*ticket);
                }
                Ok(Ok(Receipt::default()))
            }
            Command::SetPresence { away } => {
                let notice = match self.be_away(agent, *away)? {
                    Presence::Away => Some("nothing is given to you by itself"),
                    Presence::Available => None,
                    Presence::Idle => Some("no key was pressed at a screen of yours for long"),
                    Presence::Offline => Some("no screen of yours is open"),
                };
                Ok(Ok(Receipt { notice: notice.map(ToOwned::to_owned), ..Receipt::default() }))
            }
            Command::Recheck { ticket } => Ok(self.begin_recheck(*ticket)?.map(|()| Receipt::default())),
            Command::Fetch { ticket, message } => self.fetch_file(*ticket, *message),
            Command::HoldOutbox { outbox } => self.hold_outbox(*outbox),
            Command::EditOutbox { outbox, text, seen, .. } => self.edit_outbox(*outbox, text, *seen),
            Command::DiscardOutbox { outbox } => self.discard_outbox(*outbox, agent, false),
            Command::TakeBack { outbox } => self.discard_outbox(*outbox, agent, true),
            Command::RetryOutbox { outbox, seen } => self.retry_outbox(*outbox, *seen),
            Command::EditMessage { ticket, message, text, .. } => {
                self.change_message(*ticket, *message, agent, Some(text))
            }
            Command::DeleteMessage { ticket, message } => self.change_message(*ticket, *message, agent, None),
            Command::OpenFrom { ticket, messages, title, .. } => self.open_from(*ticket, messages, title, agent),
            Command::OpenTicket { ticket } => self.open_ticket(*ticket, agent),
            Command::Ignore { ticket, ignored } => self.ignore(*ticket, *ignored),
            Command::Undo { ticket, event } => self.undo(*ticket, *event, agent),
            _ => match command.ticket() {
                Some(key) => self.work_ticket(key, agent, command),
                None => Ok(Err(Refusal::Senseless("that command names no ticket".to_owned()))),
            },
        }
    }

    /// Tells whether what a command has begun lives in memory only and may have gone with a process that died: a repeat begins it
    /// again, as the receipt of the first would promise what nobody does any more.
    pub(super) fn has_lapsed(&self, command: &Command) -> bool {
        match command {
            Command::Fetch { .. } => true,
            Command::Recheck { ticket } => match ticket {
                Some(key) => self.group(key.group).recheck.is_none(),
                None => self.state.groups.iter().all(|group| group.recheck.is_none()),
            },
            _ => false,
        }
    }

    fn work_ticket(&mut self, key: TicketKey, agent: &AgentName, command: &Command) -> Result<Answer, EngineError> {
        let (rules, at) = (self.rules, self.now);
        let signed = self.signed(agent, command);
        let command = signed.as_ref().unwrap_or(command);
        if self.topic(key)?.gone && matches!(command, Command::Reply { .. }) {
            return Ok(Err(Refusal::TopicGone(key)));
        }
        if matches!(command, Command::Reply { .. })
            && let Some(why) = self.group(key.group).read_only()
        {
            return Ok(Err(Refusal::ReadOnly(why)));
        }
        if let Command::Duplicate { of, .. } = command
            && self.ticket(*of)?.is_none()
        {
            return Ok(Err(Refusal::NoTicket(*of)));
        }
        let on_its_way = |row: &OutboxRow| {
            row.key == key
                && row.lane == Lane::Human
                && !matches!(row.delivery, Delivery::Parked { .. } | Delivery::Confirm { .. })
        };
        let answering = self.work.open_outbox()?.iter().any(on_its_way);
        let assignee_away = self.assignee_away(key)?;
        let Some(ticket) = self.ticket(key)? else { return Ok(Err(Refusal::NoTicket(key))) };
        let context = Context { rules, at, assignee_away, answering };
        let decision = match lifecycle::decide(ticket, command, agent, &context) {
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let by = Actor::Agent(agent.clone());
        let mut receipt = Receipt { notice: decision.notice, unchanged: decision.unchanged, ..Receipt::default() };
        match command {
            Command::Reply { text, reply_to, hold, seen, file, along, .. } => {
                if let Some(message) = reply_to
                    && let Some(refusal) = self.cannot_quote(key, *message)?
                {
                    return Ok(Err(refusal));
                }
                if let Some(file) = file.as_ref().filter(|file| !self.is_staged(file)) {
                    return Ok(Err(Refusal::Senseless(format!(
                        "{} is not there any more: attach it again",
                        file.name
                    ))));
                }
                if !along.actions.is_empty() && self.newer(key, *seen, agent)?.is_some() {
                    return Ok(Err(Refusal::Overtaken(key)));
                }
                let reply = Reply { agent, text, reply_to: *reply_to, hold: *hold, seen: *seen, file: file.as_ref() };
                let (outbox, notice) = self.accept_reply(key, &reply)?;
                receipt.outbox = Some(outbox);
                receipt.notice = receipt.notice.or(notice);
            }
            Command::Note { text, .. } => {
                if text.trim().is_empty() {
                    return Ok(Err(Refusal::EmptyText));
                }
                self.note(key, agent, text)?;
                self.work.put_draft(agent, key, "", true)?;
            }
            _ => {}
        }
        let recorded = self.record(key, at, &by, decision.events)?;
        receipt.undo = Turn::newest_move(&recorded);
        if let (Command::Reply { along, .. }, Some(outbox)) = (command, receipt.outbox) {
            self.came_along(outbox, agent, along, &recorded)?;
        }
        match command {
            Command::Assign { note: Some(note), .. } if !note.trim().is_empty() => {
                self.note(key, agent, note)?;
                if receipt.unchanged {
                    receipt.notice = receipt.notice.map(|notice| format!("{notice}: only the note was added"));
                }
            }
            Command::Duplicate { of, .. } if receipt.undo.is_some() => {
                self.record(*of, at, &by, vec![Event::DuplicateLinked { ticket: key }])?;
            }
            _ => {}
        }
        self.touch(key);
        Ok(Ok(receipt))
    }

    fn note(&mut self, key: TicketKey, agent: &AgentName, text: &str) -> Result<(), EngineError> {
        let entry: EntryId = self.work.put_note(key, agent, self.now, text.trim_end())?;
        let mentions = self.rules.mentions(text);
        for named in mentions.iter().filter(|named| *named != agent) {
            self.work.put_mention(named, key, entry)?;
            self.alerts.push(Alert::Mentioned { ticket: key, agent: named.clone(), by: agent.clone() });
        }
        self.record(key, self.now, &Actor::Agent(agent.clone()), vec![Event::Noted { entry, mentions }])?;
        Ok(())
    }

    fn open_ticket(&mut self, key: TicketKey, agent: &AgentName) -> Result<Answer, EngineError> {
        if key.topic == TopicId::GENERAL {
            return Ok(Err(Refusal::Senseless("General is never a ticket".to_owned())));
        }
        if self.ticket(key)?.is_some() {
            return Ok(Err(Refusal::Senseless(format!("{key} is a ticket already"))));
        }
        if self.work.topic(key)?.is_none() {
            return Ok(Err(Refusal::NoTicket(key)));
        }
        let title = self.title(key)?;
        self.topic_mut(key)?.ignored = Some(false);
        self.record(key, self.now, &Actor::Agent(agent.clone()), lifecycle::open(title, None))?;
        Ok(Ok(Receipt::default()))
    }

    /// Keeps a topic out of the desk, or takes it in again: then its ticket is what its log, or its messages, make of it.
    fn ignore(&mut self, key: TicketKey, ignored: bool) -> Result<Answer, EngineError> {
        if key.topic == TopicId::GENERAL || self.work.topic(key)?.is_none() {
            return Ok(Err(Refusal::NoTicket(key)));
        }
        let hands = self.hands(key)?;
        self.topic_mut(key)?.ignored = Some(ignored);
        if ignored {
            self.forget_status(key)?;
            self.forget_automatic(key)?;
            self.set_ticket(key, None);
            self.hands_changed(key, hands)?;
            return Ok(Ok(Receipt::default()));
        }
        let log = self.work.log(key)?;
        if let Some(ticket) = lifecycle::fold(&log) {
            self.set_ticket(key, Some(ticket));
            self.hands_changed(key, hands)?;
        }
        // Messages that came while it was ignored have been passed over; those that the log does not know are consumed now.
        let known = log.iter().filter_map(|one| match one.event {
            Event::Wrote { message, .. } => Some(message),
            _ => None,
        });
        let last = known.max().unwrap_or_default();
        self.topic_mut(key)?.applied = last;
        for entry in self.work.messages_of(key, last, 10_000)? {
            self.consume(&entry, false)?;
        }
        Ok(Ok(Receipt::default()))
    }

    fn undo(&mut self, key: TicketKey, event: EventId, agent: &AgentName) -> Result<Answer, EngineError> {
        let answer = self.work_ticket(key, agent, &Command::Undo { ticket: key, event })?;
        if answer.is_ok() {
            self.undo_link(key, event, agent)?;
        }
        Ok(answer)
    }

    /// Closing as a duplicate has left a mark on the other ticket: undoing takes it back too.
    fn undo_link(&mut self, key: TicketKey, event: EventId, agent: &AgentName) -> Result<(), EngineError> {
        let log = self.work.log(key)?;
        let undone = log.iter().find(|one| one.id == event).map(|one| &one.event);
        let Some(Event::Moved { why: Why::Duplicate { of }, .. }) = undone else { return Ok(()) };
        let link = Event::DuplicateLinked { ticket: key };
        if let Some(mark) = self.work.log(*of)?.iter().rev().find(|one| one.event == link) {
            let undone = vec![Event::Undone { event: mark.id }];
            self.record(*of, self.now, &Actor::Agent(agent.clone()), undone)?;
        }
        Ok(())
    }
}
