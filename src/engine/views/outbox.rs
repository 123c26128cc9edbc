//! What has not been sent yet, why, and what can be done about it.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, MessageId, OutboxId, TicketKey};
use crate::desk::thread::{Delivery, Doubt};

/// A reply that has not been sent yet, or was parked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// The row.
    pub outbox: OutboxId,
    /// Where to.
    pub ticket: TicketKey,
    /// Whose.
    pub agent: AgentName,
    /// What it says.
    pub text: String,
    /// Since when.
    pub at: Timestamp,
    /// How far it has got.
    pub delivery: Delivery,
    /// The first part of the long text it is a part of.
    #[serde(default)]
    pub part_of: Option<OutboxId>,
    /// The highest message on its agent's screen when it was given to the desk; `None`: it goes whatever was written since.
    #[serde(default)]
    pub seen: Option<MessageId>,
    /// The ticket that it opens from General; then `text` is what is said there in the end, or nothing.
    #[serde(default)]
    pub opens: Option<OpeningView>,
}

/// A ticket that is opened from General.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpeningView {
    /// The title of its topic.
    pub title: String,
    /// From how many messages.
    pub messages: usize,
    /// The ticket, once its topic is there.
    pub ticket: Option<TicketKey>,
    /// The messages have been forwarded.
    pub forwarded: bool,
}

impl OutboxRow {
    /// Tells whether it goes nowhere before somebody has said what is to become of it.
    pub fn needs_a_word(&self) -> bool {
        matches!(self.delivery, Delivery::Parked { .. } | Delivery::Confirm { .. })
    }

    /// Tells whether it can be changed or thrown away: nothing of it can have left.
    pub fn is_editable(&self) -> bool {
        self.needs_a_word() || matches!(self.delivery, Delivery::Held { .. })
    }

    /// Says what it does, in words: what it says, and what comes before that.
    pub fn words(&self) -> String {
        let Some(opens) = &self.opens else { return self.text.clone() };
        let messages =
            if opens.messages == 1 { "1 message".to_owned() } else { format!("{} messages", opens.messages) };
        let begun = match (opens.ticket, opens.forwarded) {
            (Some(ticket), true) => format!(" (they are in {ticket} now)"),
            (Some(ticket), false) => format!(" ({ticket} is there)"),
            (None, _) => String::new(),
        };
        let said = if self.text.is_empty() { String::new() } else { format!(", then say: {}", self.text) };
        format!("open \"{}\" from {messages}{begun}{said}", opens.title)
    }

    /// Says why it has not been sent.
    pub fn why(&self) -> String {
        match &self.delivery {
            Delivery::Held { .. } => "it can still be taken back, and leaves by itself".to_owned(),
            Delivery::Confirm { why } => why.to_string(),
            Delivery::Queued => "it waits for its turn, or for the link".to_owned(),
            Delivery::Sending => "it is on its way; whether Telegram has it is not known yet".to_owned(),
            Delivery::Sent { .. } => "it has been sent".to_owned(),
            Delivery::Parked { why } => why.clone(),
        }
    }

    /// Says what can be done about it; empty: nothing needs to be.
    pub fn what_to_do(&self) -> &'static str {
        match &self.delivery {
            Delivery::Parked { .. } => "mend the cause, then send it again; or change it, or throw it away",
            Delivery::Confirm { why: Doubt::Newer { .. } } => {
                "read what was written, then send it all the same; or change it, or throw it away"
            }
            Delivery::Confirm { why: Doubt::Offline { .. } } => {
                "send it if it still fits; else change it, or throw it away"
            }
            Delivery::Confirm { why: Doubt::Editing } => "finish the change, send it as it was, or throw it away",
            Delivery::Held { .. } => "change it or throw it away while there is time",
            Delivery::Queued | Delivery::Sending | Delivery::Sent { .. } => "",
        }
    }
}
