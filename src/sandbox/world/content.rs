//! What a message is made of.

use serde::{Deserialize, Serialize};

use super::buttons::Button;

/// Names who a message is from as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// A person or a bot.
    User(i64),
    /// A group or channel: anonymous admins, a linked channel.
    Group(i64),
}

/// Marks a run of a text; offset and length count UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Where it starts.
    pub offset: i32,
    /// How long it is.
    pub length: i32,
    /// What it is.
    pub kind: EntityKind,
}

/// Tells what an entity marks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are Telegram's own")]
pub enum EntityKind {
    Bold,
    Italic,
    Underline,
    Strike,
    Spoiler,
    Code,
    Pre { language: String },
    Blockquote { collapsed: bool },
    Url,
    TextUrl { url: String },
    Mention,
    MentionName { user: i64 },
    Hashtag,
    Cashtag,
    BotCommand,
    Email,
    Phone,
    CustomEmoji { document: i64 },
}

/// Describes an attachment; [`super::World::bytes`] gives what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says what it is; the fields are what Telegram tells about it")]
pub enum Media {
    /// A photo: pixels and bytes.
    Photo { width: i32, height: i32, size: i32 },
    /// A voice note.
    Voice { seconds: i32, size: i64 },
    /// A piece of music.
    Audio { title: String, performer: String, seconds: i32, size: i64 },
    /// A sticker, told by its emoji.
    Sticker { emoji: String },
    /// A video, or a round video note.
    Video { seconds: i32, width: i32, height: i32, size: i64, round: bool },
    /// A silent looping animation.
    Animation { seconds: i32, width: i32, height: i32, size: i64 },
    /// A file.
    File { name: String, mime: String, size: i64 },
    /// A shared contact.
    Contact { phone: String, first_name: String, last_name: String },
    /// A place on the map, in millionths of a degree.
    Location { latitude: i32, longitude: i32 },
    /// A poll in which nobody has voted.
    Poll { question: String, options: Vec<String> },
}

/// Tells what a service message reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says what it is; the fields are what Telegram tells about it")]
pub enum Action {
    /// The topic was created; the message's id is the topic's.
    TopicCreate { title: String, icon_color: i32, icon_emoji_id: Option<i64> },
    /// The topic was changed; only what changed is present, and an icon of 0 was removed.
    TopicEdit { title: Option<String>, icon_emoji_id: Option<i64>, closed: Option<bool>, hidden: Option<bool> },
    /// Members joined or were added.
    Joined { users: Vec<i64> },
    /// A member left or was removed.
    Left { user: i64 },
    /// The group was created.
    Created { title: String },
    /// The message that this one replies to was pinned.
    Pinned,
}

/// Holds what a message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says what it is")]
pub enum Content {
    /// A message of a person: text, an attachment with or without a caption.
    Said { text: String, entities: Vec<Entity>, media: Option<Media> },
    /// A service message.
    Service(Action),
}

/// Tells where a forwarded message comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// The author, unless hidden.
    pub from: Option<Peer>,
    /// The author's name where the author is hidden.
    pub name: Option<String>,
    /// When the original was sent, in Unix seconds.
    pub date: i64,
}

/// Holds one message of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The id, unique in its group.
    pub id: i32,
    /// The topic it lies in; [`super::GENERAL`] in General and in groups without topics.
    pub topic: i32,
    /// The account that sent it.
    pub sender: i64,
    /// Who it is from as others see it.
    pub from: Peer,
    /// When it was sent, in Unix seconds.
    pub date: i64,
    /// The message it replies to, if any; never the topic's own first message.
    pub reply_to: Option<i32>,
    /// What it says.
    pub content: Content,
    /// When it was last changed, in Unix seconds.
    pub edit_date: Option<i64>,
    /// Where it was forwarded from.
    pub forward: Option<Forward>,
    /// What most messages have not.
    #[serde(default)]
    pub marks: Marks,
}

/// Holds what most messages have not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// The album it is a part of.
    pub album: Option<i64>,
    /// The words it quotes of the message it replies to.
    pub quote: Option<String>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Who has reacted, and how; an account once.
    pub reactions: Vec<(i64, Vec<String>)>,
    /// Buttons under it.
    pub buttons: Vec<Button>,
    /// It was changed, but not what it says.
    pub edit_hidden: bool,
}

impl Message {
    /// Tells the text or caption; service messages have none.
    pub fn text(&self) -> &str {
        match &self.content {
            Content::Said { text, .. } => text,
            Content::Service(_) => "",
        }
    }

    /// Tells whether it is a service message.
    pub fn is_service(&self) -> bool {
        matches!(self.content, Content::Service(_))
    }
}
