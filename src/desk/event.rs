//! Events: what has happened to a ticket, in the past tense. The activity log is a list of them, append-only.

use serde::{Deserialize, Serialize};

use super::escalation::Cause;
use super::ids::{AgentName, EntryId, EventId, MessageId, PersonId, TeamName, TicketKey};
use super::intake::Category;
use super::sla::ClockName;
use super::tags::{Priority, Tag};
use super::ticket::Standing;
use crate::clock::Timestamp;

/// Who made something happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// An agent, by a command.
    Agent(AgentName),
    /// Somebody in Telegram.
    Person(PersonId),
    /// The desk itself: a timer, the first synchronisation.
    Desk,
}

/// Whose public message it was, as far as the rules care. Automation never becomes an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The customer.
    Customer,
    /// Somebody else who is not staff.
    Participant,
    /// An agent, from the desk.
    Desk(AgentName),
    /// An agent, typed in Telegram.
    Native(AgentName),
    /// Other staff, typed in Telegram.
    Colleague,
}

impl Writer {
    /// Tells whether this answers a customer.
    pub fn is_staff(&self) -> bool {
        !matches!(self, Writer::Customer | Writer::Participant)
    }
}

/// Why a ticket was taken back from its assignee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// The assignee has been away.
    Away,
    /// The assignee has not answered.
    Silent,
}

/// What a move of status or assignee was for. Read by the activity log and by `undo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// An agent took it.
    Claimed,
    /// An agent gave it to somebody.
    AssignedTo,
    /// An agent took it from somebody.
    TookOver,
    /// The assignee gave it back.
    Released,
    /// An agent replied from the desk.
    Replied,
    /// Staff answered in Telegram.
    RepliedOutside,
    /// The customer wrote.
    CustomerWrote,
    /// A participant wrote.
    ParticipantWrote,
    /// An agent set it pending, or changed the reason.
    SetPending,
    /// The date of *until* came.
    UntilReached,
    /// An agent resolved it.
    Resolved,
    /// An agent reopened it.
    Reopened,
    /// An agent closed it, for a reason.
    Closed {
        /// In the agent's words; may be empty.
        reason: String,
    },
    /// Nothing happened for the configured time.
    Inactive,
    /// The topic was closed in Telegram.
    TopicClosed,
    /// The topic was reopened in Telegram.
    TopicReopened,
    /// The topic was deleted in Telegram.
    TopicDeleted,
    /// The first synchronisation found it old.
    Imported,
    /// Somebody changed what they had written after it was answered.
    EditedAfterAnswer,
    /// The desk gave it to an agent.
    Routed {
        /// The team that chose.
        team: TeamName,
        /// The routing rule; `None`: intake has named the team.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<String>,
        /// Why it is this agent.
        because: String,
    },
    /// The desk took it back from its assignee.
    Reassigned {
        /// Whose it was.
        from: AgentName,
        /// What they did not do.
        lapse: Lapse,
    },
    /// Closed because the matter goes on in another ticket.
    Duplicate {
        /// The other ticket.
        of: TicketKey,
    },
}

/// Something that has happened to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    /// An episode began. Everything that is counted per episode starts anew.
    Opened {
        /// 1 for the first.
        episode: u32,
        /// The topic's title.
        title: String,
        /// Where it stands from the beginning.
        standing: Standing,
        /// What reopened it; `None` for the first episode.
        why: Option<Why>,
    },
    /// An agent made it of messages of General.
    OpenedFrom {
        /// Which, as they stand in General.
        messages: Vec<MessageId>,
    },
    /// The customer became known or was changed.
    CustomerSet {
        /// Whose matter it is.
        customer: PersonId,
    },
    /// The customer left the group (`true`) or came back.
    CustomerGone {
        /// What they are now.
        gone: bool,
    },
    /// The customer's language became known or changed.
    LanguageSet {
        /// ISO 639-1.
        language: String,
    },
    /// Somebody wrote a public message, applied in id order.
    Wrote {
        /// The message.
        message: MessageId,
        /// By whom.
        writer: Writer,
        /// Nothing but thanks, after resolving.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        thanks: bool,
    },
    /// A message of the topic was edited.
    Edited {
        /// The message.
        message: MessageId,
    },
    /// A message of the topic was deleted.
    Deleted {
        /// The message.
        message: MessageId,
    },
    /// Status, assignee or pending changed, by one decision.
    Moved {
        /// Where it stands now.
        standing: Standing,
        /// What for.
        why: Why,
    },
    /// Somebody should look at it.
    Flagged {
        /// What for.
        why: Why,
    },
    /// An internal note was written.
    Noted {
        /// The thread's entry.
        entry: EntryId,
        /// The agents whom it names.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<AgentName>,
    },
    /// The agent says that the unanswered messages need no answer.
    NoReplyNeeded,
    /// Hidden from the queues until then, or shown again.
    Snoozed {
        /// `None`: no longer.
        until: Option<Timestamp>,
    },
    /// It matters more or less than before.
    PrioritySet {
        /// How much now.
        priority: Priority,
    },
    /// Tags were added or taken away.
    Tagged {
        /// Those it did not have before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<Tag>,
        /// Those it had.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<Tag>,
    },
    /// The intake rules were applied to the episode.
    TakenIn {
        /// Those that matched, in order.
        rules: Vec<String>,
    },
    /// It is of another kind.
    CategorySet {
        /// `None`: of no kind any more.
        category: Option<Category>,
    },
    /// It is the work of a team.
    TeamSet {
        /// `None`: of none in particular.
        team: Option<TeamName>,
    },
    /// It is one of many that its customer has opened at once, and is not given away before they are all known.
    Held {
        /// Until when.
        until: Timestamp,
        /// How many there were by then, this one among them.
        topics: u32,
    },
    /// The topic got another title.
    Renamed {
        /// The new one.
        title: String,
    },
    /// The topic was closed (`true`) or reopened in Telegram.
    TopicClosed {
        /// Its state now.
        closed: bool,
    },
    /// The topic was deleted in Telegram.
    TopicDeleted,
    /// Another ticket was closed as a duplicate of this one.
    DuplicateLinked {
        /// The other ticket.
        ticket: TicketKey,
    },
    /// Staff wrote in Telegram after the ticket was closed.
    AnsweredOutside,
    /// A clock will soon have run down: the desk has warned of it.
    SlaWarned {
        /// Which clock.
        clock: ClockName,
        /// What started it.
        since: Timestamp,
        /// When it runs down.
        deadline: Timestamp,
        /// The policy whose target it is.
        policy: String,
    },
    /// A clock has run down.
    SlaBreached {
        /// Which clock.
        clock: ClockName,
        /// What started it.
        since: Timestamp,
        /// When it ran down.
        deadline: Timestamp,
        /// The policy whose target it was.
        policy: String,
    },
    /// A hint: what somebody wrote sounds upset. A guess from words.
    SoundsUpset {
        /// The message.
        message: MessageId,
        /// What of it: a phrase of the list.
        phrase: String,
    },
    /// A rule has escalated it. What it has changed follows as events of their own.
    Escalated {
        /// The rule.
        rule: String,
        /// What for.
        cause: Cause,
        /// The instant for which it was due.
        due: Timestamp,
        /// Who was told.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        told: Vec<AgentName>,
        /// The chat of the staff was told too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        chat: bool,
        /// The rule had reached its cap: nobody was told of this one by itself, and it was given to nobody.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        held: bool,
        /// How many of the events that follow are its deeds.
        #[serde(default)]
        deeds: u32,
    },
    /// Somebody whom a rule should have told in Telegram could not be reached there.
    NotReached {
        /// The rule.
        rule: String,
        /// Who; `None`: the chat of the staff.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentName>,
        /// Why.
        why: String,
    },
    /// The customer was reminded that an answer is awaited.
    Nudged {
        /// Counts from 1 while it is pending and staff does not write.
        number: u8,
    },
    /// The customer was told that it is resolved.
    ResolutionTold,
    /// The customer was asked how it was.
    SurveyAsked {
        /// The message that asks.
        message: MessageId,
    },
    /// The customer has said how it was, or has changed what they said.
    SurveyAnswered {
        /// From 1 to 5.
        score: u8,
        /// The message that says it; `None`: a button was pressed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
    },
    /// An earlier event of this ticket is to be read as not having happened.
    Undone {
        /// The event.
        event: EventId,
    },
}

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its place: ids rise in commit order.
    pub id: EventId,
    /// The ticket.
    pub ticket: TicketKey,
    /// Telegram's date for what happened there, the engine's clock for commands and timers.
    pub at: Timestamp,
    /// Who made it happen.
    pub by: Actor,
    /// What.
    pub event: Event,
}
