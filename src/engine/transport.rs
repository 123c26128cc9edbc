//! What goes between the engine and Telegram: values in two queues, and nothing else.
//!
//! [`Order`]s go out, [`Incoming`] comes back, always through one queue each, so their order is kept. The engine decides
//! what is fetched and what is sent; `telegram::link` does it, at its pace. Neither holds a reference into the other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::desk::ids::{ChangeId, GroupId, MessageId, OutboxId, PersonId, SummonsId, TopicId};
use crate::desk::people::Person;
use crate::desk::thread::{Message, Reaction};

mod icons;
mod knowledge;
mod press;
mod rights;
mod summons;

pub use crate::desk::secret::Secret;
pub use icons::{IconSet, TopicIcon};
pub use knowledge::{Inquiry, Told};
pub use press::{Button, Press};
pub use rights::{Finding, Rights, Weight};
pub use summons::{Account, Reach, StaffChat, Summons};

/// How far the update stream has been followed: the contiguous state of grammers' message boxes, as values.
///
/// Never the state that is attached to a single update: during a difference that one runs ahead (TELEGRAM §9 C).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Of the account.
    pub pts: i32,
    /// Of bot happenings.
    pub qts: i32,
    /// Unix seconds, of the account.
    pub date: i32,
    /// Of the account.
    pub seq: i32,
    /// Of each channel, sorted by id.
    pub channels: Vec<(GroupId, i32)>,
}

/// What the engine asks of Telegram.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// (Re)build the link: throw away pool and message boxes, load them from this cursor, which asks for the difference.
    /// `None`: nothing was ever followed; fetch the state first and say so with [`Incoming::Seeded`] before anything else.
    Follow { cursor: Option<Cursor> },
    /// Fetch [`GroupFacts`] again.
    Facts { group: GroupId },
    /// Backfill as bot: fetch the ids `from..=to` (at most 100) and answer with [`Incoming::Scanned`].
    Scan { group: GroupId, from: MessageId, to: MessageId },
    /// Fetch the reactions to messages as they are now (at most 100) and answer with [`Incoming::Reactions`], under the same number.
    Reactions { group: GroupId, messages: Vec<MessageId>, number: u64 },
    /// Backfill as user: fetch one page of topics, newest first; answer with [`Incoming::Topics`].
    Topics { group: GroupId, page: Option<TopicPage> },
    /// Backfill as user: fetch the up to 100 messages of a topic below an id (`None`: the newest); answer with
    /// [`Incoming::History`]. General is asked for as the whole group's history with only General's messages kept.
    History { group: GroupId, topic: TopicId, below: Option<MessageId> },
    /// Look at topics by id (at most 100): answer with [`Incoming::Topics`], gone ones as such.
    CheckTopics { group: GroupId, topics: Vec<TopicId> },
    /// Send a text with a `random_id` that never changes, and answer with [`Incoming::Delivery`].
    Send(Send),
    /// Say something to one of the staff outside the desk's groups, and answer with [`Incoming::Summoned`].
    Summon(Summons),
    /// Create a topic with a `random_id` that never changes, and answer with [`Incoming::TopicMade`].
    MakeTopic(NewTopic),
    /// Forward messages of General into a topic, each with a `random_id` that never changes, and answer with [`Incoming::Forwarded`].
    Forward(Forward),
    /// Change or delete a message that was sent, and answer with [`Incoming::Changed`]. May be asked again and again.
    Change(Change),
    /// Change a topic's icon, or close or reopen it, and answer with [`Incoming::TopicEdited`]. May be asked again and again.
    EditTopic(TopicEdit),
    /// Tell whoever has pressed a button that it was heard; nobody waits for the answer.
    AnswerPress { query: i64, text: String },
    /// Take the buttons off a message of our own, and answer with [`Incoming::Unbuttoned`]. May be asked again and again.
    Unbutton { group: GroupId, topic: TopicId, message: MessageId },
    /// Fetch the icons that anybody may give a topic, and answer with [`Incoming::Icons`].
    Icons { group: GroupId },
    /// Download the file of a message beside all else, going on where an earlier download broke off; say how far it is with
    /// [`Incoming::Progress`] and answer with [`Incoming::Downloaded`] when it is there in whole.
    Download { group: GroupId, message: MessageId, to: PathBuf },
    /// Say that somebody is writing; nobody waits for the answer.
    Typing { group: GroupId, topic: TopicId },
    /// A group to which rights or facts should be asked again after a while is `Facts`; this one ends the link for good.
    Stop,
}

impl Order {
    /// Tells the group it is about.
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Order::Facts { group }
            | Order::Scan { group, .. }
            | Order::Reactions { group, .. }
            | Order::Topics { group, .. }
            | Order::History { group, .. }
            | Order::CheckTopics { group, .. }
            | Order::Unbutton { group, .. }
            | Order::Icons { group }
            | Order::Download { group, .. }
            | Order::Typing { group, .. } => Some(*group),
            Order::Send(send) => Some(send.group),
            Order::MakeTopic(new) => Some(new.group),
            Order::Forward(forward) => Some(forward.group),
            Order::Change(change) => Some(change.group),
            Order::EditTopic(edit) => Some(edit.group),
            Order::Follow { .. } | Order::Summon(_) | Order::AnswerPress { .. } | Order::Stop => None,
        }
    }
}

/// Where the next page of topics begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicPage {
    /// Date of the last topic's top message, Unix seconds.
    pub date: i32,
    /// Id of the last topic's top message.
    pub message: MessageId,
    /// The last topic.
    pub topic: TopicId,
}

/// A text on its way to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// The outbox row.
    pub outbox: OutboxId,
    /// Where to.
    pub group: GroupId,
    /// Where to.
    pub topic: TopicId,
    /// The message to quote.
    pub reply_to: Option<MessageId>,
    /// What to say, plain text.
    pub text: String,
    /// Fixed when the row left *held*; the key of Telegram's own deduplication.
    pub random_id: i64,
    /// Buttons under it; only a bot's messages have any.
    pub buttons: Vec<Button>,
    /// The file that it is the caption of.
    pub file: Option<Outgoing>,
}

/// A topic to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// The outbox row.
    pub outbox: OutboxId,
    /// Where.
    pub group: GroupId,
    /// Its title.
    pub title: String,
    /// The key of Telegram's own deduplication.
    pub random_id: i64,
}

/// Messages of General on their way into a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The outbox row.
    pub outbox: OutboxId,
    /// Where.
    pub group: GroupId,
    /// Into which topic.
    pub topic: TopicId,
    /// Which messages, by id, and the key of Telegram's own deduplication for the copy of each.
    pub messages: Vec<(MessageId, i64)>,
}

/// A file to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where it lies; it does not change.
    pub path: PathBuf,
    /// What it is called.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When it was written; if it has been since, it is another file.
    pub written: Timestamp,
    /// Its MIME type.
    pub mime: String,
    /// The row was *sending* before: Telegram may have the file, and the message.
    pub repeat: bool,
}

/// A file on its way, either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freight {
    /// The file of a message comes.
    Download { group: GroupId, message: MessageId },
    /// The file of a reply goes.
    Upload { outbox: OutboxId },
}

/// A change of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row.
    pub change: ChangeId,
    /// Where.
    pub group: GroupId,
    /// Which message.
    pub message: MessageId,
    /// What it is to say, plain text; `None`: delete it.
    pub text: Option<String>,
}

/// A change of a topic: one thing at a time, as Telegram wants it (`TOPIC_CLOSE_SEPARATELY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicEdit {
    /// Where.
    pub group: GroupId,
    /// Which; never General.
    pub topic: TopicId,
    /// What it is to be.
    pub part: TopicPart,
}

/// The part of a topic that is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicPart {
    /// Its icon: a custom emoji of the default set.
    Icon(i64),
    /// Whether it is closed.
    Closed(bool),
}

/// How a change of a topic ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicOutcome {
    /// The topic is as it is to be. `changed`: it was not before.
    Done { changed: bool },
    /// The account lacks the right, or cannot get at the group or its topics at all.
    NoRight,
    /// Telegram does not know the icon, or does not let this account use it.
    BadIcon,
    /// The topic no longer exists.
    Gone,
    /// Telegram refused it for good for another reason; why, in words.
    Refused { why: String },
    /// Telegram says when to come again; nothing has happened.
    Later { not_before: Timestamp },
    /// Time-out, connection lost: it may have been done.
    Unknown { why: String },
}

/// What comes from Telegram.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// The link changed its state.
    Link(LinkState),
    /// What Telegram says about a group and about us in it. Comes before `Seeded` and after every (re)connect, for each group.
    Facts(GroupFacts),
    /// Which groups are followed over this connection, and which of `desk.toml`'s cannot be. Comes after the facts of the former.
    Groups { followed: Vec<GroupId>, missing: Vec<Missing> },
    /// From here on is followed what was not before: everything after `Follow { cursor: None }`, else groups that are new.
    Seeded { cursor: Cursor },
    /// A batch of the update stream.
    Batch(Batch),
    /// The answer to `Scan`.
    Scanned(Scanned),
    /// The answer to `Reactions`: all of each message that is there, also if that is none.
    Reactions { group: GroupId, number: u64, found: Vec<(MessageId, Vec<Reaction>)> },
    /// The answer to `Topics` (`next: None` ends it) or `CheckTopics` (always `None`).
    Topics { group: GroupId, topics: Vec<TopicFacts>, people: Vec<Person>, next: Option<TopicPage>, checked: bool },
    /// The answer to `History`: `below` as asked; an empty `messages` ends the topic.
    History { group: GroupId, topic: TopicId, below: Option<MessageId>, messages: Vec<Message>, people: Vec<Person> },
    /// The answer to `Send`.
    Delivery { outbox: OutboxId, outcome: Outcome },
    /// The answer to `Summon`.
    Summoned { summons: SummonsId, outcome: Outcome },
    /// The answer to `MakeTopic`: `Sent` names the topic.
    TopicMade { outbox: OutboxId, outcome: Outcome },
    /// The answer to `Forward`: with `Sent`, what Telegram has made of each `random_id`.
    Forwarded { outbox: OutboxId, outcome: Outcome, copies: Vec<(i64, MessageId)> },
    /// A file is on its way: bytes so far and in all, at most twice a second.
    Progress { what: Freight, done: u64, size: u64 },
    /// The answer to `Download`.
    Downloaded { group: GroupId, message: MessageId },
    /// The answer to `Change`: `Sent` when the message is as it is to be.
    Changed { change: ChangeId, outcome: Outcome },
    /// The answer to `EditTopic`.
    TopicEdited { edit: TopicEdit, outcome: TopicOutcome },
    /// The answer to `Unbutton`: `Sent` when there are none any more.
    Unbuttoned { group: GroupId, topic: TopicId, message: MessageId, outcome: Outcome },
    /// The answer to `Icons`, in Telegram's order; an emoji may stand there more than once.
    Icons { icons: Vec<TopicIcon> },
    /// An order that failed for a reason that waiting does not mend by itself; the engine asks again later or gives up.
    Failed { order: Order, why: Failure },
}

/// A batch of the update stream: what was said, and from where to where that goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The contiguous state before it; equal to the `to` of the batch before.
    pub from: Cursor,
    /// The contiguous state after it.
    pub to: Cursor,
    /// Everybody mentioned in it.
    pub people: Vec<Person>,
    /// What was said, in the order in which it is to be applied (messages by id, before edits, before deletions).
    pub happenings: Vec<(GroupId, Happening)>,
}

/// One thing that a batch says.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A new message; may have been seen before.
    Message(Message),
    /// A message as it is after an edit; may not have been seen before.
    Edited(Message),
    /// Messages that no longer exist.
    Deleted(Vec<MessageId>),
    /// All reactions to a message, as they are now.
    Reactions { message: MessageId, reactions: Vec<Reaction> },
    /// What one person's reactions to a message are now: all a bot is told.
    Reacted { message: MessageId, by: PersonId, emoji: Vec<String> },
    /// Messages were pinned or unpinned.
    Pinned { messages: Vec<MessageId>, pinned: bool },
    /// Somebody is in the group now, or no longer. Admins only are told.
    Member { person: PersonId, present: bool, at: Timestamp },
    /// Telegram gave this id to the message we sent with this `random_id`.
    Settled { random_id: i64, message: MessageId },
    /// Telegram closed a gap without saying what was in it: ids above `after` up to `top` may exist unseen.
    Gap { after: Option<MessageId>, top: MessageId },
    /// Somebody has pressed a button under a message of the bot's. No state counts it: it comes once, or never.
    Pressed(Press),
    /// The admins, our rights or the group's settings may have changed: ask for the facts.
    FactsChanged,
}

/// The answer to a scan of ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Scanned {
    /// Where.
    pub group: GroupId,
    /// First id asked for.
    pub from: MessageId,
    /// Last id asked for.
    pub to: MessageId,
    /// What is there, by id. Ids that are absent are *unseen*, which does not prove that they were deleted.
    pub messages: Vec<Message>,
    /// Everybody mentioned.
    pub people: Vec<Person>,
    /// What came along about topics.
    pub topics: Vec<TopicFacts>,
}

/// What Telegram says about a topic. Short answers know only a part; `None` is "not said".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Which.
    pub topic: TopicId,
    /// The topic no longer exists; everything else is `None`.
    pub gone: bool,
    /// Its title, safe.
    pub title: Option<String>,
    /// The custom emoji that is its icon; 0 for none.
    pub icon: Option<i64>,
    /// Closed.
    pub closed: Option<bool>,
    /// Hidden (General only).
    pub hidden: Option<bool>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// By whom.
    pub creator: Option<PersonId>,
    /// Its highest message.
    pub top_message: Option<MessageId>,
}

/// A group of `desk.toml` that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Its id, if that is known.
    pub group: Option<GroupId>,
    /// As `desk.toml` names it.
    pub name: String,
    /// Why, in a sentence.
    pub why: String,
}

/// What Telegram says about the group and about us in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Which.
    pub group: GroupId,
    /// The short name that `desk.toml` gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its title, safe.
    pub title: String,
    /// Its public name, without `@`.
    pub username: Option<String>,
    /// It has topics.
    pub forum: bool,
    /// The admins, including the group itself if one of them is anonymous. As the desk is told; a user account that may
    /// not list them gives an empty list.
    pub admins: Vec<Admin>,
    /// The linked channel.
    pub linked_channel: Option<PersonId>,
    /// The account the desk is logged in with.
    pub own: PersonId,
    /// That account is a bot.
    pub bot: bool,
    /// Its name.
    pub own_name: String,
    /// What it may do there.
    pub rights: Rights,
    /// Its messages may not be forwarded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub noforwards: bool,
    /// The highest message id that is known from any source.
    pub top_message: Option<MessageId>,
    /// The channel's pts at the time of asking.
    pub pts: i32,
    /// How far this machine's clock is ahead of Telegram's, in seconds; below zero when it is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead: Option<i64>,
    /// Why the account cannot get at the group any more; everything else is as it was when it last could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

/// An admin of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admin {
    /// Who.
    pub person: Person,
    /// Writes in the group's name.
    pub anonymous: bool,
    /// Owns the group.
    pub owner: bool,
}

/// What the link is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "link")]
pub enum LinkState {
    /// No connection yet, or again.
    Connecting,
    /// Connected, catching up with what was missed.
    CatchingUp,
    /// Everything that Telegram has pushed has been handed over.
    Live,
    /// No connection; the link tries again by itself.
    Offline { since: Timestamp, why: String },
    /// It makes no sense to try again before somebody acts: logged out, banned, group gone.
    Stopped { why: String },
}

/// How a send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Telegram has it.
    Sent { message: MessageId, at: Timestamp },
    /// Telegram refused it for good; why, for the person who must act.
    Refused { why: String, topic_gone: bool },
    /// Telegram says when to come again; nothing has happened.
    Later { not_before: Timestamp },
    /// Telegram says when to come again, but an earlier try of the same call may have worked: as `Unknown`.
    UnknownUntil { not_before: Timestamp },
    /// Telegram has it already, or is busy with it, and does not say under which id.
    Taken,
    /// Time-out, connection lost, still in flight: the identical call must be repeated.
    Unknown { why: String },
}

/// Why an order failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Telegram says when to come again.
    Later { not_before: Timestamp },
    /// The connection failed.
    Link { why: String },
    /// Telegram refused.
    Refused { why: String },
    /// The account cannot get at the group any more, or the group has no topics any more.
    NoAccess { why: String },
}
