//! What a screen or a command can read: requests and views, plain values that also are the JSON of the command line.

use serde::{Deserialize, Serialize};

pub use super::files::{FileNews, FileView, NotSaved};
pub use super::transport::{Finding, GroupFacts, LinkState, Missing, Weight};
use crate::clock::Timestamp;
use crate::desk::ids::{
    AgentName, ChangeId, EntryId, GroupId, MessageId, OutboxId, PersonId, TeamName, TicketKey, TopicId,
};
use crate::desk::intake::Category;
pub use crate::desk::metrics::{Figures, Report, Row, Spread, Step};
pub use crate::desk::queue::{QueueName, Sort};
use crate::desk::tags::{Priority, Tag};
use crate::desk::template::bulk::Target;
use crate::desk::template::offer::Usage;
use crate::desk::ticket::{Pending, Status};
pub use activity::ActivityLine;
pub use brief::{Brief, BriefNote, BriefTicket, OpenOf};
pub use desk::DeskView;
pub use escalations::{EscalationView, FiringView};
pub use found::{Hit, Summary};
pub use here::Here;
pub use outbox::{OpeningView, OutboxRow};
pub use outside::{AnsweredBy, OutsideAnswer, OutsideReport};
pub use revision::{Alert, EngineNews, Revision};
pub use routing::{
    AgentView, Assign, CandidateVerdict, Decision, Explanation, Lapse, Presence, RuleVerdict, TeamVerdict,
};
pub use suggestions::{FolderState, Source, Suggestion, Suggestions, WebhookState};
pub use thread::{
    Draft, EarlierText, Entry, EntryKind, NextAutomatic, Part, PinnedMessage, Side, ThreadPage, TicketView,
};

mod activity;
mod brief;
mod desk;
mod escalations;
mod found;
mod here;
mod outbox;
mod outside;
mod revision;
mod routing;
mod suggestions;
mod thread;

mod checks;
mod mirror_status;
mod sla;

pub use mirror_status::{MirrorView, ShownStatus};

pub use sla::{ClockName, ClockState, ClockView, DueView, SlaView, Verdict};

pub use checks::{Completeness, How, RecheckView, Rechecked, SeenRange, TicketCheck};

/// What to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "view")]
pub enum ViewRequest {
    /// A part of a queue.
    Queue {
        /// Which.
        queue: QueueName,
        /// A query ([`crate::desk::query`]); empty for all.
        filter: String,
        /// Its order.
        sort: Sort,
        /// How many rows to skip.
        offset: usize,
        /// How many rows at most.
        limit: usize,
    },
    /// How many tickets each queue has.
    Counts,
    /// A ticket and a part of its thread. `around: None` is the end.
    Thread {
        /// Which.
        ticket: TicketKey,
        /// The entries to show.
        window: Window,
        /// How many entries at most.
        limit: usize,
    },
    /// Messages and notes that contain all the words, newest first.
    Search {
        /// A query: its words are looked for (`"exact words"` in quotes; `word*` for a beginning), its conditions ask of the tickets.
        text: String,
        /// How many at most.
        limit: usize,
    },
    /// What has not been sent yet, and what was parked.
    Outbox,
    /// The desk at a glance.
    Desk,
    /// The next ticket that needs the reader: mine waiting, longest first, then unassigned, longest first.
    NextTicket {
        /// The ticket to go on from; it comes last.
        after: Option<TicketKey>,
        /// The other way round.
        backwards: bool,
    },
    /// Finds the ticket that a row of the outbox has opened from General.
    OpenedBy {
        /// The row, as the receipt named it.
        outbox: OutboxId,
    },
    /// Finds a ticket by its number.
    FindTicket {
        /// The number.
        topic: TopicId,
        /// A name of its group; `None`: whatever the group.
        group: Option<String>,
    },
    /// What the history says: for the end of the first synchronisation.
    Summary,
    /// How complete a thread is, or all of them.
    Completeness {
        /// `None`: all topics.
        ticket: Option<TicketKey>,
    },
    /// Which policy holds for a ticket, why, and how its clocks stand.
    Sla {
        /// Which.
        ticket: TicketKey,
    },
    /// What rules have escalated, newest first.
    Escalations {
        /// How many firings at most.
        limit: usize,
    },
    /// What the rules make of a ticket, and why it is whose it is.
    Explain {
        /// Which.
        ticket: TicketKey,
    },
    /// What the use of templates has shown.
    Templates,
    /// Where one text may go: these tickets, or with `duplicates_of` that ticket and all that were closed as its duplicates.
    Targets {
        /// Which.
        tickets: Vec<TicketKey>,
        /// The ticket whose duplicates are meant.
        duplicates_of: Option<TicketKey>,
    },
    /// What staff has answered in Telegram itself.
    Outside {
        /// From then on; `None` for all.
        since: Option<Timestamp>,
    },
    /// Articles that may answer a ticket, or that words find.
    Suggestions {
        /// Whose question.
        ticket: Option<TicketKey>,
        /// Typed words, which take the place of the ticket's; empty: the ticket's.
        words: String,
        /// The folder is read again first: what has changed is told later.
        reread: bool,
    },
    /// What was counted in a period.
    Stats {
        /// From then on; `None`: from the beginning.
        since: Option<Timestamp>,
        /// Until before then; `None`: until now.
        until: Option<Timestamp>,
    },
    /// What the next shift has to know.
    Brief {
        /// What has happened from then on.
        since: Timestamp,
    },
    /// The whole activity log of a ticket.
    Activity {
        /// Which.
        ticket: TicketKey,
    },
}

/// Which part of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Its end.
    Newest,
    /// What comes before an entry.
    Before(EntryId),
    /// What comes after an entry.
    After(EntryId),
    /// A message in the middle.
    Around(MessageId),
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "view")]
pub enum View {
    /// A part of a queue.
    Queue(QueuePage),
    /// How many tickets each queue has.
    Counts(Counts),
    /// A ticket and a part of its thread.
    Thread(Box<ThreadPage>),
    /// What was found.
    Search {
        /// Newest first.
        hits: Vec<Hit>,
    },
    /// What has not been sent yet.
    Outbox {
        /// Oldest first.
        rows: Vec<OutboxRow>,
    },
    /// The desk at a glance.
    Desk(Box<DeskView>),
    /// The tickets that have a number.
    Found {
        /// One in each group that has it, by group.
        tickets: Vec<TicketKey>,
    },
    /// The next ticket.
    Ticket {
        /// `None`: there is none.
        ticket: Option<TicketKey>,
    },
    /// How complete threads are.
    Completeness {
        /// By topic.
        checks: Vec<TicketCheck>,
    },
    /// What the history says.
    Summary(Summary),
    /// A ticket's policy and clocks.
    Sla {
        /// `None`: there are no policies, or no such ticket.
        sla: Option<Box<SlaView>>,
    },
    /// What rules have escalated.
    Escalations {
        /// Newest first.
        firings: Vec<FiringView>,
    },
    /// What the rules make of a ticket.
    Explained {
        /// `None`: there is no such ticket.
        explanation: Option<Box<Explanation>>,
    },
    /// What the use of templates has shown.
    Templates {
        /// The most used first; those that were never used are not named.
        uses: Vec<Usage>,
    },
    /// Where one text may go.
    Targets {
        /// In the order of the request. What an agent's screen knows by itself is not filled in: agent, desk, date, time.
        targets: Vec<Target>,
    },
    /// What staff has answered in Telegram itself.
    Outside(OutsideReport),
    /// What may answer a ticket.
    Suggestions(Suggestions),
    /// What was counted in a period.
    Stats(Box<Report>),
    /// What the next shift has to know.
    Brief(Box<Brief>),
    /// The whole activity log of a ticket.
    Activity {
        /// Oldest first.
        lines: Vec<ActivityLine>,
    },
    /// It could not be read; why, in words.
    Unreadable {
        /// Why.
        why: String,
    },
}

/// A part of a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueuePage {
    /// How many rows were skipped.
    pub offset: usize,
    /// How many rows the queue has under the filter.
    pub total: usize,
    /// The rows.
    pub rows: Vec<TicketRow>,
}

/// How many tickets each queue has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In the order of [`QueueName::ALL`].
    pub queues: Vec<(QueueName, usize)>,
    /// The desk's own queues, in the order of `desk.toml`: name and number of tickets.
    #[serde(default)]
    pub saved: Vec<(String, usize)>,
    /// Since when the one has waited who has waited longest, in what is live and not snoozed.
    #[serde(default)]
    pub waiting_since: Option<Timestamp>,
    /// That is longer than the desk wants.
    #[serde(default)]
    pub waits_too_long: bool,
    /// Live tickets.
    pub open: usize,
    /// Replies that are held, queued or being sent, and changes of messages on their way.
    pub outbox: usize,
    /// Replies that were parked, or that wait for a word of their agent.
    pub parked: usize,
}

/// Somebody, as a screen names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    /// The Telegram id.
    pub id: PersonId,
    /// First and last name.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
}

/// A ticket as a row of a queue. Its JSON keys are stable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketRow {
    /// The ticket's number: its topic.
    pub id: TopicId,
    /// Its group.
    pub group: GroupId,
    /// What the desk calls the group.
    #[serde(default)]
    pub group_name: String,
    /// Counts openings from 1.
    pub episode: u32,
    /// Where it stands.
    pub status: Status,
    /// The topic's title.
    pub title: String,
    /// Whose matter it is.
    pub customer: Option<PersonView>,
    /// Whose work it is.
    pub assignee: Option<AgentName>,
    /// How much it matters.
    #[serde(default)]
    pub priority: Priority,
    /// What it is about.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// What kind of matter it is.
    #[serde(default)]
    pub category: Option<Category>,
    /// The team that intake has named.
    #[serde(default)]
    pub team: Option<TeamName>,
    /// Why nobody was given it; `None`: it does not wait for that.
    #[serde(default)]
    pub unassigned_because: Option<String>,
    /// When the episode began.
    pub opened_at: Timestamp,
    /// Since when the customer is without an answer.
    pub waiting_since: Option<Timestamp>,
    /// Why it is pending and until when.
    pub pending: Option<Pending>,
    /// Hidden until then.
    pub snoozed_until: Option<Timestamp>,
    /// Date of the last message.
    pub last_at: Timestamp,
    /// One line of the last message, or of the first unanswered one's end.
    pub last_text: String,
    /// The last message was staff's.
    pub staff_spoke_last: bool,
    /// Has messages above the last one the reader has seen.
    pub unread: bool,
    /// The reader has an unsent draft.
    pub draft: bool,
    /// Somebody should look.
    pub flagged: bool,
    /// A note has named the reader since they last looked.
    #[serde(default)]
    pub mentioned: bool,
    /// A mere thanks came after resolving.
    pub thanked: bool,
    /// A reply of the desk is on its way.
    #[serde(default)]
    pub answering: bool,
    /// Closed or resolved by the first synchronisation.
    pub imported: bool,
    /// What is due next; `None`: nothing runs.
    #[serde(default)]
    pub due: Option<DueView>,
    /// Why it is escalated, while the cause holds.
    #[serde(default)]
    pub escalated: Option<EscalationView>,
    /// The message that it stands for: rows of Intake are messages of General.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Who else has it on their screen, whoever writes first; nobody is told of themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub here: Vec<Here>,
}

impl TicketRow {
    /// Names the ticket.
    pub fn key(&self) -> TicketKey {
        TicketKey { group: self.group, topic: self.id }
    }

    /// Names the row: in Intake many are of the same topic.
    pub fn name(&self) -> (TicketKey, Option<MessageId>) {
        (self.key(), self.message)
    }
}

/// An edit or deletion of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// Which, as the receipt named it.
    pub id: ChangeId,
    /// What it is to say; `None`: it is to be deleted.
    pub text: Option<String>,
    /// Why Telegram refused it; `None`: it is on its way.
    pub refused: Option<String>,
}
