//! The ledger: which replies the desk has accepted, and how often each is in the world.

use std::collections::BTreeMap;

use super::stage::Stage;
use crate::desk::ids::TicketKey;

/// The replies that were accepted: the mark that stands in each, and where it belongs.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    replies: BTreeMap<String, TicketKey>,
    count: u64,
}

/// What the world says about the replies.
#[derive(Debug, Default)]
pub(super) struct Audit {
    pub(super) lost: Vec<String>,
    pub(super) repeated: Vec<String>,
    pub(super) leaked: Vec<String>,
}

impl Ledger {
    /// Makes a mark that no other reply has.
    pub(super) fn mark(&mut self) -> String {
        self.count += 1;
        format!("soak reply r{:06};", self.count)
    }

    /// Writes down that the desk has accepted the reply with this mark.
    pub(super) fn accepted(&mut self, mark: String, ticket: TicketKey) {
        self.replies.insert(mark, ticket);
    }

    /// Tells whether the desk has accepted the reply with this mark.
    pub(super) fn has(&self, mark: &str) -> bool {
        self.replies.contains_key(mark)
    }

    /// Counts them.
    pub(super) fn len(&self) -> u64 {
        self.replies.len() as u64
    }

    /// Counts each in the world; what was parked does not belong there.
    pub(super) fn audit(&self, stage: &Stage, parked: &[String]) -> Audit {
        let mut audit = Audit::default();
        let truth = stage.truth();
        for (mark, ticket) in &self.replies {
            let there: Vec<_> = truth.values().filter(|(_, text)| text.contains(mark.as_str())).collect();
            let wanted = usize::from(!parked.iter().any(|text| text.contains(mark.as_str())));
            if there.len() < wanted {
                audit.lost.push(format!("{mark} is not in the world"));
            }
            if there.len() > wanted {
                audit.repeated.push(format!("{mark} is in the world {} times", there.len()));
            }
            if there.iter().any(|(topic, _)| *topic != ticket.topic) {
                audit.leaked.push(format!("{mark} is in a topic where it does not belong"));
            }
        }
        audit
    }
}
