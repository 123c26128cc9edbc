//! Reads what rules have escalated.

use super::{EngineError, Views};
use crate::desk::event::Event;
use crate::engine::views::{EscalationView, FiringView};
use crate::store::tickets::QueueRow;

impl Views {
    /// Lists the newest firings, newest first.
    pub(super) fn firings(&self, limit: usize) -> Result<Vec<FiringView>, EngineError> {
        let mut firings = Vec::new();
        for recorded in self.reader.firings(limit)? {
            let Event::Escalated { rule, cause, due, told, held, .. } = recorded.event else { continue };
            let ticket = self.reader.ticket(recorded.ticket)?;
            firings.push(FiringView {
                ticket: recorded.ticket,
                title: ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default(),
                rule,
                cause,
                why: cause.words(),
                due,
                at: recorded.at,
                told,
                held,
                stands: ticket.is_some_and(|ticket| cause.stands(&ticket)),
            });
        }
        Ok(firings)
    }
}

/// Tells why a ticket is escalated.
pub(super) fn of_row(row: &QueueRow) -> Option<EscalationView> {
    let one = row.ticket.escalation()?;
    Some(EscalationView { rule: one.rule.clone(), why: one.cause.words(), at: one.at })
}
