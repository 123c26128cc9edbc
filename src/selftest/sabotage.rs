//! Sabotage: five defects, put between the engine and the world, that the selftests must find.
//!
//! The engine itself is left as it is: what goes in and what comes out is changed, as if it had made the mistake.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::engine::transport::{Batch, Incoming, Order};

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sabotage {
    /// Every attempt of a send gets a key of its own, so that Telegram cannot tell a repeat. Makes `repeated`.
    FreshRandomId,
    /// The cursor is committed before the content of its batch. Makes `lost`.
    CursorFirst,
    /// Some batches are counted and not taken in. Makes `lost`.
    DropBatch,
    /// What an agent notes is also sent. Makes `leaked`.
    NoteAsReply,
    /// What an agent had on the screen is forgotten, so that nobody is asked again. Makes `stale`.
    BlindGuard,
}

impl Sabotage {
    /// All of them.
    pub const ALL: [Sabotage; 5] = [
        Sabotage::FreshRandomId,
        Sabotage::CursorFirst,
        Sabotage::DropBatch,
        Sabotage::NoteAsReply,
        Sabotage::BlindGuard,
    ];

    /// Tells its name on the command line.
    pub const fn label(self) -> &'static str {
        match self {
            Sabotage::FreshRandomId => "fresh-random-id",
            Sabotage::CursorFirst => "cursor-first",
            Sabotage::DropBatch => "drop-batch",
            Sabotage::NoteAsReply => "note-as-reply",
            Sabotage::BlindGuard => "blind-guard",
        }
    }
}

impl FromStr for Sabotage {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Sabotage::ALL
            .into_iter()
            .find(|one| one.label() == text)
            .ok_or_else(|| format!("one of {}", Sabotage::ALL.map(Sabotage::label).join(", ")))
    }
}

/// What passes between the engine and the world, with one defect or none.
#[derive(Clone, Debug, Default)]
pub struct Passage {
    defect: Option<Sabotage>,
    count: u64,
}

impl Passage {
    /// Makes a passage.
    pub fn new(defect: Option<Sabotage>) -> Self {
        Passage { defect, count: 0 }
    }

    /// Lets an order out.
    pub fn order(&mut self, order: Order) -> Order {
        match order {
            Order::Send(mut send) if self.defect == Some(Sabotage::FreshRandomId) => {
                self.count += 1;
                send.random_id ^= i64::try_from(self.count << 20).unwrap_or(1 << 20);
                Order::Send(send)
            }
            Order::Summon(mut summons) if self.defect == Some(Sabotage::FreshRandomId) => {
                self.count += 1;
                summons.random_id ^= i64::try_from(self.count << 20).unwrap_or(1 << 20);
                Order::Summon(summons)
            }
            order => order,
        }
    }

    /// Lets a batch in; in more than one part if its cursor runs ahead.
    pub fn batch(&mut self, mut batch: Batch) -> Vec<Incoming> {
        match self.defect {
            Some(Sabotage::CursorFirst) if batch.from != batch.to => {
                let content = Batch { from: batch.to.clone(), ..batch.clone() };
                batch.happenings.clear();
                vec![Incoming::Batch(batch), Incoming::Batch(content)]
            }
            Some(Sabotage::DropBatch) => {
                self.count += 1;
                if self.count.is_multiple_of(3) {
                    batch.happenings.clear();
                }
                vec![Incoming::Batch(batch)]
            }
            _ => vec![Incoming::Batch(batch)],
        }
    }

    /// Lets an agent's command in.
    pub fn command(&self, mut command: Command) -> Command {
        if let (
            Some(Sabotage::BlindGuard),
            Command::Reply { seen, .. } | Command::EditOutbox { seen, .. } | Command::RetryOutbox { seen, .. },
        ) = (self.defect, &mut command)
        {
            *seen = None;
        }
        command
    }

    /// Tells what else an agent's command makes.
    pub fn besides(&self, command: &Command) -> Option<Command> {
        match (self.defect, command) {
            (Some(Sabotage::NoteAsReply), Command::Note { ticket, text }) => Some(Command::Reply {
                ticket: *ticket,
                text: text.clone(),
                reply_to: None,
                hold: false,
                seen: None,
                file: None,
                along: Along::default(),
            }),
            _ => None,
        }
    }
}
