//! What staff has answered past the desk.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::ids::{AgentName, GroupId, MessageId, TopicId};

/// What staff has answered in Telegram itself. Its JSON keys are stable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideReport {
    /// From then on; `None` for all.
    pub since: Option<Timestamp>,
    /// By topic, oldest first.
    pub answers: Vec<OutsideAnswer>,
    /// How many each has written, most first.
    pub totals: Vec<AnsweredBy>,
    /// What the desk is not told, in words.
    pub unseen: Vec<String>,
}

/// An answer that was typed in Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideAnswer {
    /// The ticket's number.
    pub id: TopicId,
    /// Its group.
    pub group: GroupId,
    /// What the desk calls the group.
    #[serde(default)]
    pub group_name: String,
    /// Its title.
    pub title: String,
    /// The agent; `None` for a colleague.
    pub agent: Option<AgentName>,
    /// Who wrote it, by name.
    pub author: String,
    /// Telegram's date.
    pub at: Timestamp,
    /// Its id in Telegram.
    pub message_id: MessageId,
    /// What it says, in a line; empty if it was deleted.
    pub snippet: String,
    /// It was the first answer of an episode.
    pub first_response: bool,
}

/// How often somebody has answered outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredBy {
    /// The agent; `None` for a colleague.
    pub agent: Option<AgentName>,
    /// By name.
    pub author: String,
    /// Answers.
    pub answers: usize,
    /// Of those, first answers of an episode.
    pub first_responses: usize,
}
