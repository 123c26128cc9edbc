//! What a thread is made of: messages as Telegram has them, and the state of the ones that leave the desk.
//!
//! All text in here has been made safe where it entered (`telegram::convert`): no control characters, no bidi overrides.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::files::size_text;
use super::ids::{MessageId, PersonId, TopicId};
use crate::clock::Timestamp;

/// A message of a topic group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id in the group.
    pub id: MessageId,
    /// The topic it stands in; General for all that stands in none.
    pub topic: TopicId,
    /// Who wrote it; the group itself for anonymous admins.
    pub author: PersonId,
    /// Telegram's date.
    pub at: Timestamp,
    /// Telegram's date of the last edit that is shown.
    pub edited_at: Option<Timestamp>,
    /// The message it replies to, never the topic's first one.
    pub reply_to: Option<MessageId>,
    /// What it says.
    pub content: Content,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Text, a file, or both.
    Post(Post),
    /// A service message: something happened to the topic or the group.
    Service(ServiceMessage),
}

/// Text, a file, or both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// The text or caption, safe.
    pub text: String,
    /// Formatting, over `text`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// The file, as a descriptor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    /// Whom it was forwarded from, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// The album it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<i64>,
    /// The title or signature of an anonymous admin or a channel's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Formatting of a part of a text. Offsets are in UTF-16 code units of the safe text, as Telegram counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// First code unit.
    pub offset: u32,
    /// Number of code units.
    pub length: u32,
    /// What it means.
    pub kind: EntityKind,
}

/// What a formatted part of a text means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strike,
    /// Hidden until asked for.
    Spoiler,
    /// Monospaced, in a line.
    Code,
    /// Monospaced, a block.
    Pre,
    /// Quoted.
    Quote,
    /// A link that shows itself.
    Url,
    /// A link behind other words, with its target.
    Link(String),
    /// `@username`, or a name that stands for a person.
    Mention,
    /// `#hashtag` or `$CASHTAG`.
    Hashtag,
    /// `/command`.
    Command,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
}

/// A file or other attachment, as what can be said about it in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Media {
    /// A photo; pixels and bytes of its largest size.
    Photo { width: u32, height: u32, size: u64 },
    /// A video; seconds, pixels, bytes.
    Video { seconds: u32, width: u32, height: u32, size: u64, name: Option<String> },
    /// A round video note.
    VideoNote { seconds: u32, size: u64 },
    /// A voice note.
    Voice { seconds: u32, size: u64 },
    /// Music or another sound file.
    Audio { seconds: u32, size: u64, title: Option<String> },
    /// A sticker and the emoji it stands for.
    Sticker { emoji: String },
    /// A short silent video.
    Animation { size: u64 },
    /// Any other file.
    File { name: String, size: u64, mime: String },
    /// A shared contact.
    Contact { name: String },
    /// A place, in degrees.
    Location { latitude: f64, longitude: f64 },
    /// A poll and its question.
    Poll { question: String },
    /// A dice or another emoji of chance, with what it shows.
    Dice { emoji: String, value: i32 },
    /// Something this version has no word for, by Telegram's name.
    Other { name: String },
}

fn seconds_text(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

impl fmt::Display for Media {
    /// Writes the one-line descriptor: `[photo 1280x720 142 KB]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Media::Photo { width, height, size } => write!(f, "[photo {width}x{height} {}]", size_text(*size)),
            Media::Video { seconds, width, height, size, name } => {
                write!(f, "[video {} {width}x{height} {}", seconds_text(*seconds), size_text(*size))?;
                if let Some(name) = name {
                    write!(f, " {name}")?;
                }
                f.write_str("]")
            }
            Media::VideoNote { seconds, size } => {
                write!(f, "[video note {} {}]", seconds_text(*seconds), size_text(*size))
            }
            Media::Voice { seconds, size } => write!(f, "[voice {} {}]", seconds_text(*seconds), size_text(*size)),
            Media::Audio { seconds, size, title } => {
                write!(f, "[audio {} {}", seconds_text(*seconds), size_text(*size))?;
                if let Some(title) = title {
                    write!(f, " {title}")?;
                }
                f.write_str("]")
            }
            Media::Sticker { emoji } => write!(f, "[sticker {emoji}]"),
            Media::Animation { size } => write!(f, "[animation {}]", size_text(*size)),
            Media::File { name, size, .. } => write!(f, "[file {name} {}]", size_text(*size)),
            Media::Contact { name } => write!(f, "[contact {name}]"),
            Media::Location { latitude, longitude } => write!(f, "[location {latitude:.5}, {longitude:.5}]"),
            Media::Poll { question } => write!(f, "[poll {question}]"),
            Media::Dice { emoji, value } => write!(f, "[{emoji} {value}]"),
            Media::Other { name } => write!(f, "[{name}]"),
        }
    }
}

/// A service message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ServiceMessage {
    /// The topic was created: its first message.
    TopicCreated { title: String, icon: Option<i64> },
    /// The topic was renamed, re-iconed, closed, reopened, hidden or shown; only what changed.
    TopicEdited { title: Option<String>, icon: Option<i64>, closed: Option<bool>, hidden: Option<bool> },
    /// Anything else, in words ("Olena joined the group").
    Other { text: String },
}

impl Post {
    /// Tells the text, or the descriptor of the file, or both, in one line for a queue row.
    pub fn snippet(&self) -> String {
        match (&self.media, self.text.is_empty()) {
            (Some(media), true) => media.to_string(),
            (Some(media), false) => format!("{media} {}", first_line(&self.text)),
            (None, _) => first_line(&self.text),
        }
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(160).collect()
}

impl Content {
    /// Tells the line a queue row shows.
    pub fn snippet(&self) -> String {
        match self {
            Content::Post(post) => post.snippet(),
            Content::Service(ServiceMessage::TopicCreated { title, .. }) => format!("topic created: {title}"),
            Content::Service(ServiceMessage::TopicEdited { title, closed, hidden, .. }) => {
                match (title, closed, hidden) {
                    (Some(title), _, _) => format!("topic renamed: {title}"),
                    (_, Some(true), _) => "topic closed".to_owned(),
                    (_, Some(false), _) => "topic reopened".to_owned(),
                    (_, _, Some(true)) => "topic hidden".to_owned(),
                    (_, _, Some(false)) => "topic shown".to_owned(),
                    _ => "topic icon changed".to_owned(),
                }
            }
            Content::Service(ServiceMessage::Other { text }) => text.clone(),
        }
    }
}

/// Where a reply stands on its way out (DESIGN invariant 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// May still be taken back; leaves at the instant.
    Held { until: Timestamp },
    /// Held until its agent says once more that it may go.
    Confirm { why: Doubt },
    /// Fixed, waits for its turn.
    Queued,
    /// Asked for; whether Telegram has it is not known.
    Sending,
    /// Telegram has it, under this id.
    Sent { message: MessageId },
    /// Telegram refused it for good; why, in words.
    Parked { why: String },
}

/// Why a reply waits for a word of its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "doubt")]
pub enum Doubt {
    /// Somebody has written after what the agent had on the screen; the newest of it.
    Newer { message: MessageId },
    /// It lay while the desk was offline, since then.
    Offline { since: Timestamp },
    /// Its text is being changed.
    Editing,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Doubt::Newer { .. } => "somebody has written since",
            Doubt::Offline { .. } => "it is from before the desk was offline",
            Doubt::Editing => "it is being changed",
        })
    }
}

/// How soon something of the outbox goes: what stands first goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// What a person wrote.
    #[default]
    Human,
    /// What the desk writes by itself.
    Automatic,
}

impl Delivery {
    /// Tells the word in JSON and in the store: `held`, `queued`, `sending`, `sent`, `parked`.
    pub fn label(&self) -> &'static str {
        match self {
            Delivery::Held { .. } | Delivery::Confirm { .. } => "held",
            Delivery::Queued => "queued",
            Delivery::Sending => "sending",
            Delivery::Sent { .. } => "sent",
            Delivery::Parked { .. } => "parked",
        }
    }
}
