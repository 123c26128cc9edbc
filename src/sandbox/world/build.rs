//! Building a world from its file: people, history with its ids, and the log as if everything had been pushed.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::sandbox::icons;
use crate::sandbox::worldfile::{self, Key, Place, Role, Span, What, WorldFile, WorldFileError};

use super::content::{Action, Content, Entity, EntityKind, Forward, Marks, Media, Message, Peer};
use super::group::{Change, Group, Topic};
use super::members::Member;
use super::rights::{AdminRights, Standing};
use super::{Account, AccountKind, BotChat, GENERAL, World};

/// Says why a world file makes no world.
pub type BuildError = WorldFileError;

/// The colour Telegram gives a topic first.
const FIRST_COLOR: i32 = 0x006F_B9F0;

impl World {
    /// Builds the world that a file describes, as it stands at `start`.
    ///
    /// # Errors
    /// Says which pieces of the file do not fit together.
    pub fn build(file: &WorldFile, start: Timestamp) -> Result<Self, BuildError> {
        file.check()?;
        let mut world = Self::default();
        let people = People::new(file);
        for person in &file.people {
            world.add_account(account(person));
        }
        let created = seconds_before(start, file.group.created);
        let creator = file.people.iter().find(|p| p.creator).or(file.people.first()).map_or(0, |p| p.id);
        let mut forum =
            Group::new(file.group.id, access_hash(file.group.id), &file.group.title, true, creator, created);
        forum.username.clone_from(&file.group.username);
        forum.about.clone_from(&file.group.about);
        forum.upgraded_from = file.group.upgraded_from;
        for person in &file.people {
            forum.members.insert(person.id, member(person, creator, created));
        }
        History { file, start, people: &people, group: &mut forum, box_size: world.limits.box_size }.replay(creator)?;
        // Everybody has read what was there at the start.
        forum.read_floor = forum.top_message();
        world.add_group(forum);
        for plain in &file.groups {
            let mut group = Group::new(plain.id, access_hash(plain.id), &plain.title, plain.forum, creator, created);
            group.username.clone_from(&plain.username);
            for person in &file.people {
                group.members.insert(person.id, member(person, creator, created));
            }
            if let Some(file) = file.other(plain) {
                History { file: &file, start, people: &people, group: &mut group, box_size: world.limits.box_size }
                    .replay(creator)?;
            } else {
                let action = Action::Created { title: plain.title.clone() };
                group.insert(service(1, GENERAL, creator, Peer::User(creator), created, action));
                group.append(Change::New(1), created, world.limits.box_size);
            }
            group.read_floor = group.top_message();
            world.add_group(group);
        }
        Ok(world)
    }
}

/// Derives the access hash of a user or group; a loopback server has nothing to hide behind it.
fn access_hash(id: i64) -> i64 {
    let digest = Sha256::digest([b"topicdesk sandbox access hash".as_slice(), &id.to_le_bytes()].concat());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_le_bytes(bytes)
}

fn seconds_before(start: Timestamp, ago: Span) -> i64 {
    (start - ago.duration()).unix()
}

struct People<'a> {
    by_key: HashMap<&'a Key, &'a worldfile::Person>,
}

impl<'a> People<'a> {
    fn new(file: &'a WorldFile) -> Self {
        Self { by_key: file.people.iter().map(|person| (&person.key, person)).collect() }
    }

    fn find(&self, key: &Key) -> Result<&'a worldfile::Person, BuildError> {
        self.by_key.get(key).copied().ok_or_else(|| BuildError::Unfit(format!("nobody is called `{key}`")))
    }
}

fn account(person: &worldfile::Person) -> Account {
    let kind = match person.role {
        Role::DeskBot | Role::Bot => AccountKind::Bot,
        Role::Agent | Role::Colleague | Role::Anonymous => AccountKind::Agent,
        Role::Customer => AccountKind::Customer,
    };
    let login = person.login.as_ref();
    Account {
        access_hash: access_hash(person.id),
        last_name: person.last_name.clone(),
        username: person.username.clone(),
        lang_code: person.language.clone(),
        token: person.token.clone(),
        phone: login.map(|l| l.phone.clone()),
        code: login.map(|l| l.code.clone()),
        password: login.and_then(|l| l.password.clone()),
        privacy: person.role == Role::Bot,
        deleted: person.deleted,
        bot_chat: match person.bot_chat {
            worldfile::BotChat::Started => BotChat::Started,
            worldfile::BotChat::Never => BotChat::Never,
            worldfile::BotChat::Blocked => BotChat::Blocked,
        },
        ..Account::user(person.id, kind, &person.first_name)
    }
}

fn member(person: &worldfile::Person, creator: i64, date: i64) -> Member {
    let mut rights = AdminRights { anonymous: person.role == Role::Anonymous, ..AdminRights::default() };
    for right in &person.rights {
        let granted = match right {
            worldfile::Right::ChangeInfo => &mut rights.change_info,
            worldfile::Right::DeleteMessages => &mut rights.delete_messages,
            worldfile::Right::BanUsers => &mut rights.ban_users,
            worldfile::Right::InviteUsers => &mut rights.invite_users,
            worldfile::Right::PinMessages => &mut rights.pin_messages,
            worldfile::Right::ManageTopics => &mut rights.manage_topics,
            worldfile::Right::AddAdmins => &mut rights.add_admins,
            worldfile::Right::Anonymous => &mut rights.anonymous,
            worldfile::Right::ManageCall => &mut rights.manage_call,
            worldfile::Right::Other => &mut rights.other,
        };
        *granted = true;
    }
    let standing = match (person.left || person.deleted, person.id == creator, person.is_admin()) {
        (true, ..) => Standing::Left,
        (_, true, _) => Standing::Creator,
        (_, _, true) => Standing::Admin(rights),
        _ => Standing::Member,
    };
    Member { account: person.id, standing, date, by: creator, rank: person.rank.clone() }
}

fn service(id: i32, topic: i32, sender: i64, from: Peer, date: i64, action: Action) -> Message {
    Message {
        id,
        topic,
        sender,
        from,
        date,
        reply_to: None,
        content: Content::Service(action),
        edit_date: None,
        forward: None,
        marks: Marks::default(),
    }
}

struct History<'a> {
    file: &'a WorldFile,
    start: Timestamp,
    people: &'a People<'a>,
    group: &'a mut Group,
    box_size: i32,
}

impl History<'_> {
    fn replay(mut self, creator: i64) -> Result<(), BuildError> {
        let steps = self.file.timeline();
        // The ids that were given, by place and index, for replies that name an index.
        let mut general = vec![0i32; self.file.general.len()];
        let mut topic_ids = vec![0i32; self.file.topics.len()];
        let mut given: Vec<Vec<i32>> = self.file.topics.iter().map(|t| vec![0; t.messages.len()]).collect();
        for step in &steps {
            let date = seconds_before(self.start, step.ago);
            match (step.place, step.what) {
                (Place::General, What::Created) => {
                    let action = Action::Created { title: self.file.group.title.clone() };
                    let from = Peer::Group(self.group.id);
                    self.add(service(step.id, GENERAL, creator, from, date, action));
                }
                (Place::General, What::Message(index)) => {
                    let message = &self.file.general[index];
                    general[index] = step.id;
                    let reply = message.reply_to.and_then(|to| general.get(to as usize).copied());
                    self.say(step.id, GENERAL, message, reply, date, false)?;
                }
                (Place::General, What::Edit(_)) => {}
                (Place::Topic(topic), What::Created) => {
                    topic_ids[topic] = step.id;
                    self.open(step.id, &self.file.topics[topic], date)?;
                }
                (Place::Topic(topic), What::Message(index)) => {
                    let described = &self.file.topics[topic];
                    let message = &described.messages[index];
                    given[topic][index] = step.id;
                    let reply = message.reply_to.and_then(|to| given[topic].get(to as usize).copied());
                    self.say(step.id, topic_ids[topic], message, reply, date, described.deleted)?;
                }
                (Place::Topic(topic), What::Edit(index)) => {
                    let described = &self.file.topics[topic];
                    let edit = &described.edits[index];
                    let id = topic_ids[topic];
                    if let Some(found) = self.group.topics.get_mut(&id) {
                        if let Some(title) = &edit.title {
                            found.title.clone_from(title);
                        }
                        found.closed = edit.closed.unwrap_or(found.closed);
                    }
                    let (sender, from) = self.author(&edit.by)?;
                    let action = Action::TopicEdit {
                        title: edit.title.clone(),
                        icon_emoji_id: None,
                        closed: edit.closed,
                        hidden: None,
                    };
                    self.put(service(step.id, id, sender, from, date, action), described.deleted);
                }
            }
        }
        for (index, topic) in self.file.topics.iter().enumerate() {
            if topic.deleted {
                self.group.topics.remove(&topic_ids[index]);
                self.group.gone_topics.insert(topic_ids[index]);
            }
        }
        Ok(())
    }

    fn author(&self, key: &Key) -> Result<(i64, Peer), BuildError> {
        let person = self.people.find(key)?;
        let from = if person.role == Role::Anonymous { Peer::Group(self.group.id) } else { Peer::User(person.id) };
        Ok((person.id, from))
    }

    fn open(&mut self, id: i32, described: &worldfile::Topic, date: i64) -> Result<(), BuildError> {
        let (creator, from) = self.author(&described.by)?;
        let icon_color = described.color.and_then(|c| i32::try_from(c).ok()).unwrap_or(FIRST_COLOR);
        let icon_emoji_id = described.icon.as_deref().and_then(icons::id_of);
        let action = Action::TopicCreate { title: described.title.clone(), icon_color, icon_emoji_id };
        self.group.topics.insert(
            id,
            Topic {
                id,
                title: described.title.clone(),
                icon_color,
                icon_emoji_id,
                creator,
                from,
                date,
                closed: false,
                hidden: false,
                pinned: described.pinned,
                messages: Vec::new(),
                read: Default::default(),
                read_out: Default::default(),
            },
        );
        self.put(service(id, id, creator, from, date, action), described.deleted);
        Ok(())
    }

    fn say(
        &mut self,
        id: i32,
        topic: i32,
        said: &worldfile::Message,
        reply_to: Option<i32>,
        date: i64,
        topic_deleted: bool,
    ) -> Result<(), BuildError> {
        let (sender, from) = self.author(&said.by)?;
        let content = if said.joined {
            Content::Service(Action::Joined { users: vec![sender] })
        } else {
            Content::Said {
                text: said.text.clone(),
                entities: said.entities.iter().map(entity).collect(),
                media: said.media.as_deref().map(media),
            }
        };
        let forward = said.forwarded_from.as_ref().map(|name| Forward {
            from: None,
            name: Some(name.to_string()),
            date: date - 60,
        });
        let edit_date = said.edited.map(|ago| seconds_before(self.start, ago));
        let mut reactions: Vec<(i64, Vec<String>)> = Vec::new();
        for reaction in &said.reactions {
            for key in &reaction.by {
                let by = self.people.find(key)?.id;
                match reactions.iter_mut().find(|(account, _)| *account == by) {
                    Some((_, emoji)) => emoji.push(reaction.emoji.clone()),
                    None => reactions.push((by, vec![reaction.emoji.clone()])),
                }
            }
        }
        let marks = Marks {
            // Numbers of albums are the group's own: a file counts them within a topic.
            album: said.album.map(|album| i64::from(topic) << 20 | i64::from(album)),
            quote: said.quote.as_deref().map(str::to_owned),
            pinned: said.pinned,
            reactions,
            ..Marks::default()
        };
        let message = Message { id, topic, sender, from, date, reply_to, content, edit_date, forward, marks };
        self.put(message, said.deleted || topic_deleted);
        if edit_date.is_some() && !said.deleted && !topic_deleted {
            self.group.append(Change::Edited(id), date, self.box_size);
        }
        Ok(())
    }

    fn add(&mut self, message: Message) {
        self.put(message, false);
    }

    /// Adds a message, or, if it is gone by now, only uses up its id.
    fn put(&mut self, message: Message, gone: bool) {
        let (id, date) = (message.id, message.date);
        if gone {
            self.group.skip_to(id.saturating_add(1));
        } else {
            self.group.insert(message);
        }
        self.group.append(Change::New(id), date, self.box_size);
        if gone {
            self.group.append(Change::Deleted(Box::new([id])), date, self.box_size);
        }
    }
}

fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn entity(said: &worldfile::Entity) -> Entity {
    let kind = match said.kind {
        worldfile::EntityKind::Bold => EntityKind::Bold,
        worldfile::EntityKind::Italic => EntityKind::Italic,
        worldfile::EntityKind::Code => EntityKind::Code,
        worldfile::EntityKind::Pre => EntityKind::Pre { language: String::new() },
        worldfile::EntityKind::Strike => EntityKind::Strike,
        worldfile::EntityKind::Spoiler => EntityKind::Spoiler,
        worldfile::EntityKind::Blockquote => EntityKind::Blockquote { collapsed: false },
        worldfile::EntityKind::Url => EntityKind::Url,
        worldfile::EntityKind::TextLink => EntityKind::TextUrl { url: said.url.clone().unwrap_or_default() },
        worldfile::EntityKind::Email => EntityKind::Email,
        worldfile::EntityKind::Mention => EntityKind::Mention,
    };
    Entity { offset: small(said.offset), length: small(said.length), kind }
}

pub(in crate::sandbox) fn media(said: &worldfile::Media) -> Media {
    match said {
        worldfile::Media::Photo { width, height, size } => {
            Media::Photo { width: small(*width), height: small(*height), size: small(*size) }
        }
        // Telegram's voice notes are Opus at about 2 kB a second.
        worldfile::Media::Voice { secs } => Media::Voice { seconds: small(*secs), size: i64::from(*secs) * 2000 },
        worldfile::Media::Sticker(emoji) => Media::Sticker { emoji: emoji.clone() },
        worldfile::Media::File { name, size, mime } => Media::File {
            name: name.clone(),
            mime: mime.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
            size: i64::from(*size),
        },
        worldfile::Media::Video { secs, width, height, size } => Media::Video {
            seconds: small(*secs),
            width: small(*width),
            height: small(*height),
            size: i64::from(*size),
            round: false,
        },
        worldfile::Media::Poll { question, options } => {
            Media::Poll { question: question.clone(), options: options.clone() }
        }
        worldfile::Media::Contact { name, phone } => {
            Media::Contact { phone: phone.clone(), first_name: name.clone(), last_name: String::new() }
        }
        worldfile::Media::Place { lat, long } => Media::Location { latitude: micro(*lat), longitude: micro(*long) },
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a place on earth is clamped to 180 degrees, which fits")]
fn micro(degrees: f64) -> i32 {
    (degrees.clamp(-180.0, 180.0) * 1_000_000.0).round() as i32
}
