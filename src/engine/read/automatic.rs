//! Reading what the desk says to a customer by itself next.

use super::super::EngineError;
use super::super::views::NextAutomatic;
use super::Views;
use crate::desk::ticket::Ticket;

impl Views {
    /// Tells what is said next if nothing changes before. Whether the customer was asked elsewhere lately is looked at when it is due.
    pub(super) fn automatic(&self, ticket: &Ticket) -> Result<Option<NextAutomatic>, EngineError> {
        if let Some(kind) = self.reader.saying(ticket.key)? {
            return Ok(Some(NextAutomatic { kind, at: None }));
        }
        let now = self.clock.now();
        let next = self.rules.occasion(ticket).filter(|next| next.due > now);
        Ok(next.map(|next| NextAutomatic { kind: next.kind, at: Some(next.due) }))
    }
}
