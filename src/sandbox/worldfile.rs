//! A world as data: the group, its people, topics, messages and the customers' scripts, before any of it has an id.
//!
//! The same structs are written by hand as TOML (`assets/worlds/*.toml`) and made in memory by the generator. Dates are
//! spans before the start (`ago = "3d 4h"`), so a world is as fresh next year as it is today. Message ids are given by
//! [`WorldFile::timeline`] in date order, one sequence for the whole group, as in Telegram: a topic's id is the id of the
//! service message that created it, and id 1 is the group's own creation, which is also General's.

mod message;
mod people;
mod script;
mod span;

use std::cmp::Reverse;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};

pub use message::{Entity, EntityKind, Media, Message, Reaction};
pub use people::{BotChat, Login, Person, Right, Role};
pub use script::{Answer, Matter, Phrases, Scripts};
pub use span::{Key, Span};

/// The name of the built-in world.
pub const SHOP: &str = "shop";

const SHOP_TOML: &str = include_str!("../../assets/worlds/shop.toml");

/// Says what is wrong with a world.
#[derive(Debug, thiserror::Error)]
pub enum WorldFileError {
    /// The text is not TOML, or has a field that a world does not know; line and column are in the text.
    #[error("the world is not readable: {0}")]
    Toml(#[from] toml::de::Error),
    /// The pieces do not fit together.
    #[error("the world does not fit together: {0}")]
    Unfit(String),
}

/// A whole world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// The forum group in which everything happens.
    pub group: Group,
    /// Everybody: customers, agents, colleagues, bots.
    pub people: Vec<Person>,
    /// Messages in General, oldest first.
    #[serde(default)]
    pub general: Vec<Message>,
    /// The topics, in any order.
    #[serde(default)]
    pub topics: Vec<Topic>,
    /// Stretches of ids that were used up by messages nobody can see any more.
    #[serde(default)]
    pub holes: Vec<Hole>,
    /// Other groups of the same accounts.
    #[serde(default)]
    pub groups: Vec<OtherGroup>,
    /// What goes wrong once the world lives: lines `SECONDS FAULT`, as `topicdesk sandbox --help` lists them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub faults: String,
    /// What customers do once the world lives.
    #[serde(default)]
    pub scripts: Scripts,
}

/// The forum group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its bare channel id, as `channel.id` has it: positive, without the -100 prefix.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Its public name without `@`; none makes it private.
    #[serde(default)]
    pub username: Option<String>,
    /// Its description.
    #[serde(default)]
    pub about: String,
    /// The id it had as a basic group, before it became a supergroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgraded_from: Option<i64>,
    /// When it was created, which dates message 1. Older than everything else.
    pub created: Span,
}

/// Another group: a plain one, to be seen in the list of dialogs and refused by a desk, or a second forum with topics of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherGroup {
    /// Its bare channel id.
    pub id: i64,
    /// Its title.
    pub title: String,
    /// Its public name without `@`.
    #[serde(default)]
    pub username: Option<String>,
    /// It has topics.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forum: bool,
    /// When it was created; with the forum group if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Span>,
    /// Messages in its General, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub general: Vec<Message>,
    /// Its topics, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Topic>,
}

/// One topic and its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its title when it was created.
    pub title: String,
    /// Who created it.
    pub by: Key,
    /// How long before the start it was created.
    pub opened: Span,
    /// The emoji of its icon, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// The colour of its icon, 0xRRGGBB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<u32>,
    /// Pinned above the others.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pinned: bool,
    /// Deleted with all its messages: its ids answer as empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// Renamings, closings, reopenings; each is a service message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<TopicEdit>,
    /// Its messages, oldest first.
    #[serde(default)]
    pub messages: Vec<Message>,
}

/// A change of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicEdit {
    /// How long before the start.
    pub ago: Span,
    /// Who did it.
    pub by: Key,
    /// The new title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Closed or reopened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
}

/// A stretch of ids that leads nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hole {
    /// When the ids were used up, before the start.
    pub ago: Span,
    /// How many.
    pub ids: u32,
}

/// Which list a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// General.
    General,
    /// The topic at this index of [`WorldFile::topics`].
    Topic(usize),
}

/// What a step of the history is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The service message that created the group (General) or the topic; its id is the topic's.
    Created,
    /// The message at this index of the place's list.
    Message(usize),
    /// The service message of the edit at this index of the topic's `edits`.
    Edit(usize),
}

/// One id of the history and what happened under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The message id.
    pub id: i32,
    /// How long before the start.
    pub ago: Span,
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

impl WorldFile {
    /// Reads a world from TOML and checks it.
    ///
    /// # Errors
    /// Says where the text is wrong (line and column), or which pieces do not fit.
    pub fn parse(text: &str) -> Result<Self, WorldFileError> {
        let world: Self = toml::from_str(text)?;
        world.check()?;
        Ok(world)
    }

    /// Reads the built-in shop.
    ///
    /// # Errors
    /// None, as a test reads it; the shape is that of [`WorldFile::parse`].
    pub fn shop() -> Result<Self, WorldFileError> {
        Self::parse(SHOP_TOML)
    }

    /// Makes of another group, if it is a forum, a world of which it is the forum group.
    pub fn other(&self, other: &OtherGroup) -> Option<WorldFile> {
        other.forum.then(|| WorldFile {
            group: Group {
                id: other.id,
                title: other.title.clone(),
                username: other.username.clone(),
                about: String::new(),
                upgraded_from: None,
                created: other.created.unwrap_or(self.group.created),
            },
            people: self.people.clone(),
            general: other.general.clone(),
            topics: other.topics.clone(),
            holes: Vec::new(),
            groups: Vec::new(),
            faults: String::new(),
            scripts: Scripts::default(),
        })
    }

    /// Finds a person by key.
    pub fn person(&self, key: &Key) -> Option<&Person> {
        self.people.iter().find(|person| person.key == *key)
    }

    /// Gives every message its id: all that happened, in date order, ids rising from 1 and jumping over the holes.
    ///
    /// Deleted messages and topics are among the steps, as they used up their ids. Of two things at the same second
    /// the one written first comes first.
    pub fn timeline(&self) -> Vec<Step> {
        let total: usize = self.topics.iter().map(|topic| 1 + topic.edits.len() + topic.messages.len()).sum();
        let mut steps = Vec::with_capacity(1 + self.general.len() + total);
        let mut add = |ago, place, what| steps.push(Step { id: 0, ago, place, what });
        add(self.group.created, Place::General, What::Created);
        for (index, message) in self.general.iter().enumerate() {
            add(message.ago, Place::General, What::Message(index));
        }
        for (topic_index, topic) in self.topics.iter().enumerate() {
            let place = Place::Topic(topic_index);
            add(topic.opened, place, What::Created);
            for (index, message) in topic.messages.iter().enumerate() {
                add(message.ago, place, What::Message(index));
            }
            for (index, edit) in topic.edits.iter().enumerate() {
                add(edit.ago, place, What::Edit(index));
            }
        }
        steps.sort_by_key(|step| Reverse(step.ago));
        let mut holes: Vec<&Hole> = self.holes.iter().collect();
        holes.sort_by_key(|hole| Reverse(hole.ago));
        let mut holes = holes.into_iter().peekable();
        let mut next = 1i32;
        for step in &mut steps {
            if next > 1 {
                while let Some(hole) = holes.next_if(|hole| hole.ago >= step.ago) {
                    next = next.saturating_add_unsigned(hole.ids);
                }
            }
            step.id = next;
            next = next.saturating_add(1);
        }
        steps
    }

    /// Checks that keys and ids are unique, authors exist, dates run forwards and replies point backwards.
    ///
    /// # Errors
    /// Says the first thing that does not fit.
    pub fn check(&self) -> Result<(), WorldFileError> {
        let unfit = |what: String| Err(WorldFileError::Unfit(what));
        let (mut keys, mut ids) = (HashSet::new(), HashSet::new());
        for person in &self.people {
            if !keys.insert(person.key.clone()) {
                return unfit(format!("two people are called `{}`", person.key));
            }
            if !ids.insert(person.id) {
                return unfit(format!("`{}` has the id {} of somebody else", person.key, person.id));
            }
        }
        let bots = self.people.iter().filter(|person| person.role == Role::DeskBot).count();
        if bots != 1 {
            return unfit(format!("there must be one person with the role `desk_bot`, not {bots}"));
        }
        let list = |place: &str, opened: Span, messages: &[Message]| {
            let mut before = opened;
            for (index, message) in messages.iter().enumerate() {
                let what = if !keys.contains(&message.by) {
                    format!("nobody is called `{}`", message.by)
                } else if message.ago > before {
                    format!("it is older ({}) than what comes before it ({before})", message.ago)
                } else if message.reply_to.is_some_and(|to| to as usize >= index) {
                    "its `reply_to` does not point to an earlier message (they are counted from 0)".to_owned()
                } else if message.edited.is_some_and(|at| at > message.ago) {
                    "it was edited before it was written".to_owned()
                } else {
                    before = message.ago;
                    continue;
                };
                return unfit(format!("{place}, message {index}: {what}"));
            }
            Ok(())
        };
        list("General", self.group.created, &self.general)?;
        for topic in &self.topics {
            let place = format!("topic \"{}\"", topic.title.escape_debug());
            if topic.opened > self.group.created {
                return unfit(format!("{place} is older than the group"));
            }
            if let Some(key) =
                topic.edits.iter().map(|edit| &edit.by).chain([&topic.by]).find(|key| !keys.contains(*key))
            {
                return unfit(format!("{place}: nobody is called `{key}`"));
            }
            if topic.edits.iter().any(|edit| edit.ago > topic.opened) {
                return unfit(format!("{place} was edited before it was opened"));
            }
            list(&place, topic.opened, &topic.messages)?;
        }
        for other in &self.groups {
            match self.other(other) {
                Some(world) => world.check()?,
                None if other.topics.is_empty() && other.general.is_empty() => {}
                None => return unfit(format!("group \"{}\": only a forum says anything", other.title.escape_debug())),
            }
        }
        for matter in &self.scripts.matters {
            if !keys.contains(&matter.by) {
                return unfit(format!("script \"{}\": nobody is called `{}`", matter.title.escape_debug(), matter.by));
            }
        }
        Ok(())
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
