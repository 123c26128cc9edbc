//! Reading what may answer a ticket: its question, and what the shelf has for it.

use super::super::EngineError;
use super::super::views::Suggestions;
use super::Views;
use crate::desk::ids::TicketKey;
use crate::desk::language;
use crate::desk::question::{Question, asked};
use crate::store::threads::{EntryRow, From, Kind, Side};

/// So many of the newest entries of a thread are looked at.
const LOOKED_AT: usize = 60;

impl Views {
    pub(super) fn suggestions(&self, ticket: Option<TicketKey>, words: &str) -> Result<Suggestions, EngineError> {
        let question = match ticket {
            Some(ticket) => self.question(ticket)?,
            None => Question::default(),
        };
        self.shelf.suggest(&question, words, self.clock.now())
    }

    /// Makes the question of a ticket. Of internal notes, of what was deleted, and of what has not been sent nothing is in it.
    pub(super) fn question(&self, key: TicketKey) -> Result<Question, EngineError> {
        let (rows, _) = self.reader.thread(key, From::Newest, LOOKED_AT)?;
        let said = |row: &&EntryRow| {
            row.kind == Kind::Message && !row.deleted && row.message.is_some() && row.side != Side::Automation
        };
        let own: Vec<&EntryRow> = rows.iter().filter(said).collect();
        let text = asked(own.iter().map(|row| (row.side == Side::Staff || row.agent.is_some(), row.text.as_str())));
        let ticket = self.reader.ticket(key)?;
        let known = ticket.as_ref().and_then(|ticket| ticket.language.clone());
        let tags = ticket.iter().flat_map(|ticket| &ticket.tags).map(ToString::to_string).collect();
        let title = match ticket {
            Some(ticket) => ticket.title,
            None => self.reader.topic(key)?.map(|topic| topic.title).unwrap_or_default(),
        };
        let language = known.or_else(|| language::guess(&text).map(str::to_owned));
        Ok(Question { ticket: Some(key), title, language, text, tags })
    }
}
