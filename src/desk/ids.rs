//! Identifiers: newtypes, so that a topic cannot be taken for a message.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

id! {
    /// A topic group: the bare id of its supergroup, without the `-100` of the Bot API.
    GroupId(i64)
}
id! {
    /// A forum topic inside its group; also the number of the ticket. General is 1.
    TopicId(i32)
}
id! {
    /// A message inside its group. One id space for all topics of a group.
    MessageId(i32)
}
id! {
    /// Somebody who can write: a user's id, or for a channel or an anonymous admin `-1000000000000 - id`, as in the Bot API.
    PersonId(i64)
}
id! {
    /// A line of the activity log, in commit order.
    EventId(i64)
}
id! {
    /// An entry of a thread: message, note or activity, in the order in which the desk came to know it.
    EntryId(i64)
}
id! {
    /// A row of the outbox.
    OutboxId(i64)
}
id! {
    /// An open screen, by a number that its process has drawn: one agent may have several.
    ScreenId(u64)
}

id! {
    /// A change of a message that was sent: an edit or a deletion.
    ChangeId(i64)
}

id! {
    /// What a rule says to one of the staff in Telegram, once.
    SummonsId(i64)
}

impl TopicId {
    /// The topic *General*, which is never a ticket.
    pub const GENERAL: TopicId = TopicId(1);
}

impl PersonId {
    /// Makes the id under which a channel (or a group, for its anonymous admins) writes.
    pub const fn channel(id: i64) -> Self {
        PersonId(-1_000_000_000_000 - id)
    }

    /// Tells whether this is a channel or group rather than a user.
    pub const fn is_channel(self) -> bool {
        self.0 < 0
    }
}

/// Names a ticket: its group and its topic. Shown as `#1042`, or `#1042/2` with its episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey {
    /// The group the topic belongs to.
    pub group: GroupId,
    /// The topic, whose id is the ticket's number.
    pub topic: TopicId,
}

impl fmt::Display for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.topic)
    }
}

/// Names an agent, as `desk.toml` does.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AgentName(pub String);

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for AgentName {
    fn from(name: &str) -> Self {
        AgentName(name.to_owned())
    }
}

/// Names a team, as `desk.toml` does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TeamName(pub String);

impl fmt::Display for TeamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for TeamName {
    fn from(name: &str) -> Self {
        TeamName(name.to_owned())
    }
}

/// Names one command for ever: made by the client, committed with the effect, so that a repeat has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub String);
