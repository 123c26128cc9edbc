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
    /// The part of another message that it quotes, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Pinned in Telegram.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pinned: bool,
    /// What people think of it, the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// A reaction to a message. It changes no status and no clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji, safe; `custom emoji` for one that has no sign of its own.
    pub emoji: String,
    /// How many people.
    pub count: u32,
    /// Those of them who are known. Telegram tells a bot one person at a time, and anything may be told twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<PersonId>,
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
    Contact {
        name: String,
        #[serde(default)]
        phone: String,
    },
    /// A place, in degrees.
    Location { latitude: f64, longitude: f64 },
    /// A place that moves for a while, in degrees. That it moves is no edit.
    LiveLocation { latitude: f64, longitude: f64 },
    /// A poll: its question and what can be answered. Votes are no edits.
    Poll {
        question: String,
        #[serde(default)]
        options: Vec<String>,
        #[serde(default)]
        closed: bool,
    },
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
            Media::Contact { name, phone } if phone.is_empty() => write!(f, "[contact {name}]"),
            Media::Contact { name, phone } => write!(f, "[contact {name} {phone}]"),
            Media::Location { latitude, longitude } => write!(f, "[location {latitude:.5}, {longitude:.5}]"),
            Media::LiveLocation { latitude, longitude } => write!(f, "[live location {latitude:.5}, {longitude:.5}]"),
            Media::Poll { question, options, closed } => {
                write!(f, "[{} {question}", if *closed { "closed poll" } else { "poll" })?;
                for option in options {
                    write!(f, " · {option}")?;
                }
                f.write_str("]")
            }
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
    /// People came into the group, in words ("Olena joined the group").
    Joined { people: Vec<PersonId>, text: String },
    /// Somebody left the group or was removed, in words.
    Left { person: PersonId, text: String },
    /// Anything else, in words ("Olena pinned a message").
    Other { text: String },
}

impl Post {
    /// Tells whether another state of the same message says the same: reactions, pins, votes and link previews are no edits.
    pub fn says_as(&self, other: &Post) -> bool {
        let moves = |media: &Option<Media>| matches!(media, Some(Media::LiveLocation { .. }));
        let same_media = self.media == other.media || (moves(&self.media) && moves(&other.media));
        self.text == other.text && self.entities == other.entities && same_media
    }

    /// Takes in what one person's reactions are now; tells whether that is news.
    pub fn react(&mut self, by: PersonId, emoji: &[String]) -> bool {
        let before = self.reactions.clone();
        for reaction in &mut self.reactions {
            let had = reaction.by.contains(&by);
            if had && !emoji.contains(&reaction.emoji) {
                reaction.by.retain(|one| *one != by);
                reaction.count = reaction.count.saturating_sub(1);
            }
        }
        for emoji in emoji {
            match self.reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
                Some(reaction) if reaction.by.contains(&by) => {}
                Some(reaction) => {
                    reaction.by.push(by);
                    reaction.count = reaction.count.saturating_add(1);
                }
                None => self.reactions.push(Reaction { emoji: emoji.clone(), count: 1, by: vec![by] }),
            }
        }
        self.reactions.retain(|reaction| reaction.count > 0);
        self.reactions.sort_by_key(|reaction| std::cmp::Reverse(reaction.count));
        self.reactions != before
    }

    /// Tells the text, or the descriptor of the file, or both, in one line for a queue row.
    pub fn snippet(&self) -> String {
        match (&self.media, self.text.is_empty()) {
            (Some(media), true) => media.to_string(),
            (Some(media), false) => format!("{media} {}", first_line(&self.text)),
            (None, _) => first_line(&self.text),
        }
    }
}

/// Tells what an album holds, and its caption, in a line: `[album: 3 photos, 1 video] The tent`. `gone` parts were deleted.
pub fn album_line(parts: &[&Post], gone: usize) -> String {
    let caption = parts.iter().map(|post| first_line(&post.text)).find(|text| !text.is_empty()).unwrap_or_default();
    format!("{} {caption}", album_contents(parts, gone)).trim_end().to_owned()
}

/// Tells what an album holds: `[album: 3 photos, 1 video]`.
pub fn album_contents(parts: &[&Post], gone: usize) -> String {
    const KINDS: [&str; 5] = ["photo", "video", "file", "sound", "attachment"];
    let mut counts = [0usize; KINDS.len()];
    for post in parts {
        let kind = match post.media {
            Some(Media::Photo { .. }) => 0,
            Some(Media::Video { .. } | Media::VideoNote { .. } | Media::Animation { .. }) => 1,
            Some(Media::File { .. }) => 2,
            Some(Media::Audio { .. } | Media::Voice { .. }) => 3,
            _ => 4,
        };
        counts[kind] += 1;
    }
    let mut words: Vec<String> = KINDS
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {kind}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if gone > 0 {
        words.push(format!("{gone} deleted"));
    }
    format!("[album: {}]", words.join(", "))
}

fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(160).map(|c| if c == '\t' { ' ' } else { c }).collect()
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
            Content::Service(
                ServiceMessage::Joined { text, .. }
                | ServiceMessage::Left { text, .. }
                | ServiceMessage::Other { text },
            ) => text.clone(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reaction_told_twice_counts_once() {
        let mut post = Post::default();
        let (up, heart) = ("👍".to_owned(), "❤".to_owned());
        assert!(post.react(PersonId(1), std::slice::from_ref(&up)));
        assert!(!post.react(PersonId(1), std::slice::from_ref(&up)));
        assert!(post.react(PersonId(2), &[up.clone(), heart.clone()]));
        let counts = |post: &Post| post.reactions.iter().map(|one| (one.emoji.clone(), one.count)).collect::<Vec<_>>();
        assert_eq!(counts(&post), [(up.clone(), 2), (heart.clone(), 1)]);
        assert!(post.react(PersonId(2), std::slice::from_ref(&heart)));
        assert!(post.react(PersonId(1), &[]));
        assert!(!post.react(PersonId(1), &[]));
        assert_eq!(counts(&post), [(heart, 1)]);
    }

    #[test]
    fn an_album_is_counted_and_its_caption_found() {
        let photo = Post { media: Some(Media::Photo { width: 1, height: 1, size: 1 }), ..Post::default() };
        let film = Media::Video { seconds: 1, width: 1, height: 1, size: 1, name: None };
        let video = Post { media: Some(film), text: "\nThe zip\nmore".to_owned(), ..Post::default() };
        assert_eq!(album_line(&[&photo, &photo, &video], 0), "[album: 2 photos, 1 video] The zip");
        assert_eq!(album_line(&[&photo], 2), "[album: 1 photo, 2 deleted]");
    }

    #[test]
    fn what_only_moves_or_is_liked_says_the_same() {
        let place =
            |latitude| Post { media: Some(Media::LiveLocation { latitude, longitude: 1.0 }), ..Post::default() };
        assert!(place(1.0).says_as(&place(2.0)));
        let mut liked = Post { text: "a".to_owned(), pinned: true, ..Post::default() };
        liked.react(PersonId(1), &["👍".to_owned()]);
        assert!(liked.says_as(&Post { text: "a".to_owned(), ..Post::default() }));
        assert!(!liked.says_as(&Post { text: "b".to_owned(), ..Post::default() }));
    }
}
