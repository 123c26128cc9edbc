//! Causes: what a rule fired for. A rule fires once for each.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::sla::ClockName;
use crate::desk::ticket::{Status, Ticket};

/// What a rule fires for: the kind, and what started it. What starts anew is another cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cause")]
pub enum Cause {
    /// Somebody has waited too long.
    NoResponse {
        /// Since when they wait.
        since: Timestamp,
    },
    /// Somebody has written too often without an answer.
    Unanswered {
        /// Since when they wait.
        since: Timestamp,
    },
    /// A clock of the policies will soon have run down.
    NearBreach {
        /// Which.
        clock: ClockName,
        /// What started it.
        since: Timestamp,
    },
    /// A clock of the policies has run down.
    Breach {
        /// Which.
        clock: ClockName,
        /// What started it.
        since: Timestamp,
    },
    /// It has stood in its status for too long.
    InStatus {
        /// Which.
        status: Status,
        /// Since when.
        since: Timestamp,
    },
    /// A hint: somebody who waits sounds upset.
    Upset {
        /// Since when they wait.
        since: Timestamp,
    },
}

impl Cause {
    /// Tells it in words, without a date.
    pub fn words(&self) -> String {
        match self {
            Cause::NoResponse { .. } => "no response".to_owned(),
            Cause::Unanswered { .. } => "many unanswered messages".to_owned(),
            Cause::NearBreach { clock, .. } => format!("{} is nearly due", clock.title()),
            Cause::Breach { clock, .. } => format!("{} is overdue", clock.title()),
            Cause::InStatus { status, .. } => format!("long {}", status.title().to_lowercase()),
            Cause::Upset { .. } => "hint: sounds upset".to_owned(),
        }
    }

    /// Tells what started it.
    pub fn since(&self) -> Timestamp {
        match *self {
            Cause::NoResponse { since }
            | Cause::Unanswered { since }
            | Cause::NearBreach { since, .. }
            | Cause::Breach { since, .. }
            | Cause::InStatus { since, .. }
            | Cause::Upset { since } => since,
        }
    }

    /// Tells whether the other is of the same kind: the older one of two need not be remembered.
    pub fn is_like(&self, other: &Cause) -> bool {
        match (self, other) {
            (Cause::NoResponse { .. }, Cause::NoResponse { .. })
            | (Cause::Unanswered { .. }, Cause::Unanswered { .. })
            | (Cause::Upset { .. }, Cause::Upset { .. }) => true,
            (Cause::NearBreach { clock: own, .. }, Cause::NearBreach { clock, .. })
            | (Cause::Breach { clock: own, .. }, Cause::Breach { clock, .. }) => own == clock,
            (Cause::InStatus { status: own, .. }, Cause::InStatus { status, .. }) => own == status,
            _ => false,
        }
    }

    /// Tells whether it holds still, so that somebody should see to it.
    pub fn stands(&self, ticket: &Ticket) -> bool {
        let waits = ticket.owed_since();
        match *self {
            Cause::NoResponse { since } | Cause::Unanswered { since } | Cause::Upset { since } => waits == Some(since),
            Cause::NearBreach { clock, .. } | Cause::Breach { clock, .. } => match clock {
                ClockName::FirstResponse => ticket.first_response_at.is_none() && ticket.standing.status.is_live(),
                ClockName::NextResponse => waits.is_some(),
                ClockName::Resolution => ticket.standing.status.is_live(),
            },
            Cause::InStatus { status, since } => ticket.standing.status == status && ticket.in_status_since() == since,
        }
    }
}

/// A firing that a ticket remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The rule's name.
    pub rule: String,
    /// What for.
    #[serde(flatten)]
    pub cause: Cause,
    /// The instant for which it was due.
    pub at: Timestamp,
}

impl Ticket {
    /// Tells since when it has its status.
    pub fn in_status_since(&self) -> Timestamp {
        let moved = || self.last_move.as_ref().map(|last| last.at);
        self.status_since.or_else(moved).unwrap_or(self.opened_at)
    }

    /// Tells the newest firing whose cause holds still.
    pub fn escalation(&self) -> Option<&Escalated> {
        self.escalated.iter().filter(|one| one.cause.stands(self)).max_by_key(|one| one.at)
    }

    /// Folds in that a rule has fired. Of each rule and kind of cause only the newest is remembered.
    pub(in crate::desk) fn escalate(&mut self, rule: &str, cause: Cause, at: Timestamp) {
        self.escalated.retain(|one| one.rule != rule || !one.cause.is_like(&cause));
        self.escalated.push(Escalated { rule: rule.to_owned(), cause, at });
    }
}
