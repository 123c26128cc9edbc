//! Messages of a world: text, formatting and what is attached.

use serde::{Deserialize, Serialize};

use super::is_false;
use super::span::{Key, Span};

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who wrote it.
    pub by: Key,
    /// How long before the start.
    pub ago: Span,
    /// What it says; the caption if there is media.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What is attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Box<Media>>,
    /// The message answered, counted from 0 in the same list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u32>,
    /// When it was last edited, before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Span>,
    /// Deleted: its id answers as empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Not a message but "… joined the group"; in General only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub joined: bool,
    /// Forwarded from somebody who hides their account behind this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<Box<str>>,
    /// Formatting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    /// A part of the album of this number; its parts come one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<u32>,
    /// The words it quotes of the message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Box<str>>,
    /// Pinned.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// What others think of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Whose.
    pub by: Vec<Key>,
}

impl Message {
    /// Makes a plain text message.
    pub fn new(by: &Key, ago: Span, text: String) -> Self {
        Self {
            by: by.clone(),
            ago,
            text,
            media: None,
            reply_to: None,
            edited: None,
            deleted: false,
            joined: false,
            forwarded_from: None,
            entities: Vec::new(),
            album: None,
            quote: None,
            pinned: false,
            reactions: Vec::new(),
        }
    }
}

/// What is attached to a message. Sizes are in bytes, lengths in seconds, width and height in pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Media {
    /// A picture.
    Photo {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes.
        size: u32,
    },
    /// A voice note.
    Voice {
        /// Seconds.
        secs: u32,
    },
    /// A sticker that stands for this emoji.
    Sticker(String),
    /// A document.
    File {
        /// Its name.
        name: String,
        /// Bytes.
        size: u32,
        /// Its MIME type; `application/octet-stream` if absent.
        #[serde(default)]
        mime: Option<String>,
    },
    /// A video.
    Video {
        /// Seconds.
        secs: u32,
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes.
        size: u32,
    },
    /// A poll in which nobody has voted.
    Poll {
        /// What is asked.
        question: String,
        /// What can be answered.
        options: Vec<String>,
    },
    /// Somebody's card.
    Contact {
        /// Their name.
        name: String,
        /// Their telephone number.
        phone: String,
    },
    /// A place on the map.
    Place {
        /// Degrees north.
        lat: f64,
        /// Degrees east.
        long: f64,
    },
}

/// A formatted stretch of a message's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// What it looks like.
    pub kind: EntityKind,
    /// Where it starts, in UTF-16 code units.
    pub offset: u32,
    /// How long it is, in UTF-16 code units.
    pub length: u32,
    /// Where a text link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The kinds of formatting a world knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// **bold**
    Bold,
    /// *italic*
    Italic,
    /// `code`
    Code,
    /// A block of code.
    Pre,
    /// Struck through.
    Strike,
    /// Hidden until touched.
    Spoiler,
    /// A quotation.
    Blockquote,
    /// A plain URL in the text.
    Url,
    /// Text that leads to `url`.
    TextLink,
    /// An e-mail address.
    Email,
    /// `@name`
    Mention,
}
