//! Automation: what the clock does to tickets and to the outbox. A timer never looks at all tickets.

use std::time::Duration;

use super::EngineError;
use super::turn::Turn;
use crate::desk::event::Actor;
use crate::desk::lifecycle;
use crate::store::timers::Timer;

/// How many tickets are woken in one transaction.
const PART: usize = 100;

/// How long the receipt of a command is kept.
const RECEIPTS: Duration = Duration::from_secs(2 * 24 * 3600);

impl Turn<'_> {
    /// Does what is due.
    pub(super) fn wake(&mut self) -> Result<(), EngineError> {
        let rules = self.rules;
        for key in self.work.due(Timer::Life, self.now, PART)? {
            let next = self.ticket(key)?.and_then(|ticket| lifecycle::next_wake(ticket, rules));
            match next {
                Some((at, what)) if at <= self.now => {
                    let recorded = self.happen(key, &what, self.now, &Actor::Desk)?;
                    if recorded.is_empty() {
                        tracing::warn!(%key, ?what, "a timer had nothing to do");
                        self.postpone(key)?;
                    }
                }
                // The row's alarm is older than the ticket: write it again.
                _ => self.postpone(key)?,
            }
        }
        self.state.ticket_wake = self.work.next(Timer::Life)?;
        self.wake_escalations()?;
        self.wake_clocks()?;
        self.wake_routing()?;
        self.wake_automatic()?;
        if self.state.swept.is_none_or(|at| self.now.since(at) > Duration::from_secs(3600)) {
            self.state.swept = Some(self.now);
            self.work.forget_receipts(self.now - RECEIPTS)?;
        }
        Ok(())
    }

    fn postpone(&mut self, key: crate::desk::ids::TicketKey) -> Result<(), EngineError> {
        let rules = self.rules;
        let Some(ticket) = self.ticket(key)?.cloned() else { return Ok(()) };
        let wake = lifecycle::next_wake(&ticket, rules).map(|(at, _)| at.max(self.now + Duration::from_secs(60)));
        self.work.put_ticket_wake(key, wake)?;
        Ok(())
    }
}
