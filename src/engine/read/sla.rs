//! Reads the clocks of tickets: by the rules of this process, from what the ticket holds.

use super::{EngineError, Views};
use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::query::Facts;
use crate::desk::sla::SlaClock;
use crate::engine::transport::GroupFacts;
use crate::engine::views::{ClockView, DueView, SlaView, TicketRow};
use crate::store::tickets::QueueRow;

/// What policies ask of a group: its facts, if they are needed.
pub(super) type Groups = Vec<GroupFacts>;

impl Views {
    /// Reads what policies ask of groups; nothing without policies.
    pub(super) fn groups(&self) -> Result<Groups, EngineError> {
        if self.rules.sla.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.facts()?.into_iter().map(|(facts, _)| facts).collect())
    }

    /// Makes the rows that screens and JSON show, with what is due.
    pub(super) fn rows(&self, rows: &[QueueRow]) -> Result<Vec<TicketRow>, EngineError> {
        let (groups, named) = (self.groups()?, self.named()?);
        let because = self.unassigned_because(rows)?;
        let row = |(row, unassigned_because): (&QueueRow, Option<String>)| TicketRow {
            due: self.due(row, &groups),
            unassigned_because,
            ..self.ticket_row(row, &named)
        };
        Ok(rows.iter().zip(because).map(row).collect())
    }

    pub(super) fn due(&self, row: &QueueRow, groups: &Groups) -> Option<DueView> {
        let assessment = self.rules.sla.assess(&facts(row, groups))?;
        let due = assessment.due()?;
        let policy = assessment.policy.name.clone();
        let overdue = due.at <= self.clock.now();
        Some(DueView { clock: due.clock, at: due.at, warns_at: due.warns_at, overdue, policy })
    }

    /// Reads the clocks of a ticket, and why its policy holds. `None`: there are no policies.
    pub(super) fn sla(&self, row: &QueueRow) -> Result<Option<SlaView>, EngineError> {
        let sla = &self.rules.sla;
        if sla.is_empty() {
            return Ok(None);
        }
        let groups = self.groups()?;
        let facts = facts(row, &groups);
        let now = self.clock.now();
        let policies = sla.explain(&facts);
        let Some(assessment) = sla.assess(&facts) else {
            let none = SlaView { policy: None, hours: None, open: true, opens_at: None, clocks: Vec::new(), policies };
            return Ok(Some(none));
        };
        let view = |clock: &SlaClock| ClockView {
            clock: clock.clock,
            target_seconds: clock.target.as_secs(),
            started: clock.started,
            state: clock.state,
            deadline: clock.deadline,
            warns_at: clock.warns_at,
            left_seconds: clock.left_at(now, assessment.hours).as_secs(),
            breached: clock.is_breached(now),
        };
        let open = assessment.hours.is_open(now);
        let opens_at: Option<Timestamp> = assessment.hours.next_opening(now).filter(|_| !open);
        Ok(Some(SlaView {
            policy: Some(assessment.policy.name.clone()),
            hours: assessment.policy.hours.clone(),
            open,
            opens_at,
            clocks: assessment.clocks.iter().map(view).collect(),
            policies,
        }))
    }

    /// Reads the clocks of a ticket by its key.
    pub(super) fn sla_of(&self, agent: &AgentName, key: TicketKey) -> Result<Option<SlaView>, EngineError> {
        match self.reader.row(agent, key)? {
            Some(row) => self.sla(&row),
            None => Ok(None),
        }
    }
}

fn facts<'a>(row: &'a QueueRow, groups: &'a Groups) -> Facts<'a> {
    let group = groups.iter().find(|facts| facts.group == row.ticket.key.group);
    Facts::of(&row.ticket, row.customer.as_ref(), group.map(GroupFacts::called))
}
