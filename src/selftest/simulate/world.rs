//! A group of Telegram as values: what was written, by whom, and the count of its updates.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId, PersonId, TopicId};
use crate::desk::people::Person;
use crate::desk::thread::{Content, Media, Message, Post, ServiceMessage};
use crate::engine::transport::{
    Admin, Batch, Change, Cursor, GroupFacts, Happening, Rights, Send, TopicFacts, TopicIcon,
};

mod deeds;

pub(super) const GROUP: GroupId = GroupId(77);
/// The desk's account.
pub(super) const DESK: PersonId = PersonId(900);
/// An agent, writing on her telephone.
pub(super) const ANNA: PersonId = PersonId(901);
/// An admin who is no agent.
pub(super) const COLLEAGUE: PersonId = PersonId(902);
/// A bot whose messages the desk is told.
pub(super) const BOT: PersonId = PersonId(903);
/// A bot whose messages the desk is never told.
pub(super) const UNSEEN_BOT: PersonId = PersonId(904);
pub(super) const CUSTOMERS: [PersonId; 3] = [PersonId(1), PersonId(2), PersonId(3)];

/// Tells somebody.
pub(super) fn person(id: PersonId, desk_is_bot: bool) -> Person {
    let bot = matches!(id, BOT | UNSEEN_BOT) || (id == DESK && desk_is_bot);
    Person { id, name: format!("Person {}", id.0), username: None, bot }
}

/// A message as it is now.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) message: Message,
    pub(super) deleted: bool,
    /// The desk is never told.
    pub(super) unseen: bool,
}

/// A topic as it is now.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) title: String,
    pub(super) closed: bool,
    pub(super) gone: bool,
    pub(super) creator: PersonId,
    pub(super) created_at: Timestamp,
    pub(super) icon: Option<i64>,
    /// Who has closed it, if it is closed.
    pub(super) closed_by: Option<PersonId>,
}

/// An update of the group, as it was when it was pushed. Its place in the list is its pts.
#[derive(Clone, Debug)]
enum News {
    New { message: Message, random_id: Option<i64> },
    Edited(Message),
    Deleted(Vec<MessageId>),
    Pinned(MessageId, bool),
    Facts,
}

/// How the server answers a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done(MessageId, Timestamp),
    Again(MessageId, Timestamp),
    NoTopic,
}

/// The group.
#[derive(Debug)]
pub(super) struct World {
    pub(super) messages: BTreeMap<i32, Written>,
    pub(super) topics: BTreeMap<i32, Place>,
    /// Messages whose edit or deletion Telegram has kept to itself (`channelDifferenceTooLong`): nothing can tell of it.
    pub(super) blurred: BTreeSet<MessageId>,
    news: Vec<News>,
    /// Reactions as they were when they changed, and the pts at that time. They have no pts of their own.
    liked: Vec<(i32, Happening)>,
    /// The icons that topics may have.
    pub(super) icons: Vec<TopicIcon>,
    /// What came with messages that brought a file.
    pub(super) brought: BTreeMap<MessageId, Vec<u8>>,
    keys: HashMap<i64, MessageId>,
    /// What was said to staff outside the group, by the key it came under.
    pub(super) told: BTreeMap<i64, String>,
    next: i32,
    pub(super) bot: bool,
    /// How far Telegram's clock is from the desk's, in seconds.
    pub(super) skew: i64,
    /// Whether the facts say how high the ids go.
    pub(super) tells_top: bool,
}

impl World {
    pub(super) fn new(bot: bool, skew: i64, tells_top: bool) -> Self {
        World {
            messages: BTreeMap::new(),
            topics: BTreeMap::new(),
            blurred: BTreeSet::new(),
            news: Vec::new(),
            liked: Vec::new(),
            icons: deeds::icons(),
            brought: BTreeMap::new(),
            keys: HashMap::new(),
            told: BTreeMap::new(),
            next: 2,
            bot,
            skew,
            tells_top,
        }
    }

    fn date(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_unix(now.unix() + self.skew)
    }

    pub(super) fn top(&self) -> MessageId {
        MessageId(self.next - 1)
    }

    /// Tells the pts.
    pub(super) fn pts(&self) -> i32 {
        1 + i32::try_from(self.news.len()).unwrap_or(i32::MAX)
    }

    fn put(&mut self, topic: Option<i32>, author: PersonId, content: Content, now: Timestamp) -> Message {
        let id = self.next;
        // Other groups and other boxes take ids too.
        self.next += if id % 7 == 0 { 2 } else { 1 };
        let topic = TopicId(topic.unwrap_or(id));
        let at = self.date(now);
        let message = Message { id: MessageId(id), topic, author, at, edited_at: None, reply_to: None, content };
        let unseen = author == UNSEEN_BOT;
        self.messages.insert(id, Written { message: message.clone(), deleted: false, unseen });
        message
    }

    /// Writes a text into a topic; tells its id.
    pub(super) fn write(&mut self, topic: i32, author: PersonId, text: &str, now: Timestamp) -> MessageId {
        let content = Content::Post(Post { text: text.to_owned(), ..Post::default() });
        let message = self.put(Some(topic), author, content, now);
        let id = message.id;
        if author != UNSEEN_BOT {
            self.news.push(News::New { message, random_id: None });
        }
        id
    }

    /// Opens a topic; tells its id.
    pub(super) fn open(&mut self, creator: PersonId, title: &str, now: Timestamp) -> i32 {
        let created = ServiceMessage::TopicCreated { title: title.to_owned(), icon: None };
        let message = self.put(None, creator, Content::Service(created), now);
        let place = Place {
            title: title.to_owned(),
            closed: false,
            gone: false,
            creator,
            created_at: message.at,
            icon: None,
            closed_by: None,
        };
        self.topics.insert(message.id.0, place);
        let topic = message.id.0;
        self.news.push(News::New { message, random_id: None });
        topic
    }

    /// Renames, closes or reopens a topic.
    pub(super) fn change(
        &mut self,
        topic: i32,
        by: PersonId,
        title: Option<String>,
        closed: Option<bool>,
        now: Timestamp,
    ) {
        let Some(place) = self.topics.get_mut(&topic) else { return };
        if let Some(title) = &title {
            place.title.clone_from(title);
        }
        place.closed = closed.unwrap_or(place.closed);
        place.closed_by = if place.closed { place.closed_by.filter(|_| closed.is_none()).or(Some(by)) } else { None };
        let edited = ServiceMessage::TopicEdited { title, icon: None, closed, hidden: None };
        let message = self.put(Some(topic), by, Content::Service(edited), now);
        self.news.push(News::New { message, random_id: None });
    }

    /// Edits a text.
    pub(super) fn edit(&mut self, id: MessageId, text: &str, now: Timestamp) {
        let at = self.date(now);
        let Some(written) = self.messages.get_mut(&id.0).filter(|one| !one.deleted) else { return };
        if let Content::Post(post) = &mut written.message.content {
            // Telegram's dates have seconds: of two edits in the same one nothing says which is newer, so there are none here.
            let last = written.message.edited_at.unwrap_or(written.message.at);
            let at = at.max(Timestamp::from_unix(last.unix() + 1));
            post.text = text.to_owned();
            written.message.edited_at = Some(at);
            let message = written.message.clone();
            if !written.unseen {
                self.news.push(News::Edited(message));
            }
        }
    }

    /// Pins a text, or unpins it; tells which.
    pub(super) fn pin(&mut self, id: MessageId) -> bool {
        let Some(written) = self.messages.get_mut(&id.0).filter(|one| !one.deleted) else { return false };
        let Content::Post(post) = &mut written.message.content else { return false };
        post.pinned = !post.pinned;
        let pinned = post.pinned;
        self.news.push(News::Pinned(id, pinned));
        pinned
    }

    /// Lists what the desk's account has written.
    pub(super) fn own(&self) -> impl Iterator<Item = &Written> {
        self.messages.values().filter(|one| one.message.author == DESK)
    }

    /// Carries out a change of one of the desk's texts; tells whether it is as it is to be.
    pub(super) fn carry_out(&mut self, change: &Change, now: Timestamp) -> bool {
        if self.messages.get(&change.message.0).is_none_or(|one| one.deleted) {
            return change.text.is_none();
        }
        match &change.text {
            Some(text) if self.says(change.message, text) => {}
            Some(text) => self.edit(change.message, text, now),
            None => self.delete(&[change.message]),
        }
        true
    }

    fn says(&self, id: MessageId, text: &str) -> bool {
        let content = self.messages.get(&id.0).map(|one| &one.message.content);
        matches!(content, Some(Content::Post(post)) if post.text == text)
    }

    /// Deletes messages.
    pub(super) fn delete(&mut self, ids: &[MessageId]) {
        let mut gone = Vec::new();
        for id in ids {
            if let Some(written) = self.messages.get_mut(&id.0).filter(|one| !one.deleted) {
                written.deleted = true;
                gone.push(*id);
            }
        }
        if !gone.is_empty() {
            self.news.push(News::Deleted(gone));
        }
    }

    /// Deletes a topic with all that is in it, in parts as the server does.
    pub(super) fn delete_topic(&mut self, topic: i32) {
        let Some(place) = self.topics.get_mut(&topic) else { return };
        place.gone = true;
        let ids: Vec<MessageId> =
            self.messages.values().filter(|one| one.message.topic.0 == topic).map(|one| one.message.id).collect();
        for part in ids.rchunks(3) {
            self.delete(part);
        }
    }

    /// Says that rights or admins may have changed.
    pub(super) fn change_facts(&mut self) {
        self.news.push(News::Facts);
    }

    /// Carries out a send: a key that was used names the message of its first use.
    pub(super) fn send(&mut self, send: &Send, now: Timestamp) -> Answer {
        if let Some(id) = self.keys.get(&send.random_id) {
            let at = self.messages[&id.0].message.at;
            return Answer::Again(*id, at);
        }
        if self.topics.get(&send.topic.0).is_none_or(|place| place.gone) && send.topic != TopicId::GENERAL {
            return Answer::NoTopic;
        }
        let media = send.file.as_ref().map(|file| Media::File {
            name: file.name.clone(),
            size: file.size,
            mime: file.mime.clone(),
        });
        let content = Content::Post(Post { text: send.text.clone(), media, ..Post::default() });
        let mut message = self.put(Some(send.topic.0), DESK, content, now);
        message.reply_to = send.reply_to;
        let (id, at) = (message.id, message.at);
        self.keys.insert(send.random_id, id);
        if let Some(file) = &send.file {
            // One that is not there brings nothing, which the verdict sees.
            self.brought.insert(id, std::fs::read(&file.path).unwrap_or_default());
        }
        self.news.push(News::New { message, random_id: Some(send.random_id) });
        Answer::Done(id, at)
    }

    /// Tells whether something was sent with this key.
    pub(super) fn used(&self, random_id: i64) -> bool {
        self.keys.contains_key(&random_id)
    }

    /// Tells what there is to say about the group.
    pub(super) fn facts(&self) -> GroupFacts {
        GroupFacts {
            group: GROUP,
            title: "Simulated support".to_owned(),
            forum: true,
            admins: vec![Admin { person: person(COLLEAGUE, self.bot), anonymous: false, owner: true }],
            own: DESK,
            bot: self.bot,
            own_name: "Desk".to_owned(),
            rights: Rights {
                member: true,
                admin: true,
                send: true,
                manage_topics: true,
                reads_all: true,
                ..Rights::default()
            },
            top_message: self.tells_top.then(|| self.top()),
            pts: self.pts(),
            ..GroupFacts::default()
        }
    }

    /// Tells the state of the update stream at a pts.
    pub(super) fn cursor(pts: i32) -> Cursor {
        Cursor { pts: 1, qts: 0, date: 0, seq: 0, channels: vec![(GROUP, pts)] }
    }

    /// Makes the pushed updates of `from..to` as they were then. `settles`: with the ids that our own sends got.
    pub(super) fn pushed(&self, from: i32, to: i32, settles: bool) -> Vec<Happening> {
        let mut said = Vec::new();
        for news in self.between(from, to) {
            match news {
                News::New { message, random_id } => {
                    if let Some(random_id) = random_id.filter(|_| settles) {
                        said.push(Happening::Settled { random_id, message: message.id });
                    }
                    said.push(Happening::Message(message.clone()));
                }
                News::Edited(message) => said.push(Happening::Edited(message.clone())),
                News::Deleted(ids) => said.push(Happening::Deleted(ids.clone())),
                News::Pinned(id, pinned) => said.push(Happening::Pinned { messages: vec![*id], pinned: *pinned }),
                News::Facts => said.push(Happening::FactsChanged),
            }
        }
        said
    }

    /// Makes a difference from `from` to `to`: what still exists, as it is now, and what no longer does.
    pub(super) fn difference(&self, from: i32, to: i32) -> Vec<Happening> {
        let mut said = Vec::new();
        for news in self.between(from, to) {
            match news {
                News::New { message, .. } => {
                    said.extend(self.alive(message.id).cloned().map(Happening::Message));
                }
                News::Edited(message) => said.extend(self.alive(message.id).cloned().map(Happening::Edited)),
                News::Deleted(ids) => said.push(Happening::Deleted(ids.clone())),
                News::Pinned(id, pinned) => said.push(Happening::Pinned { messages: vec![*id], pinned: *pinned }),
                News::Facts => said.push(Happening::FactsChanged),
            }
        }
        said
    }

    /// Notes that edits and deletions of `from..to` are never told.
    pub(super) fn blur(&mut self, from: i32, to: i32) {
        let mut lost = Vec::new();
        for news in self.between(from, to) {
            match news {
                News::Edited(message) => lost.push(message.id),
                News::Deleted(ids) => lost.extend(ids),
                News::Pinned(id, _) => lost.push(*id),
                News::New { .. } | News::Facts => {}
            }
        }
        self.blurred.extend(lost);
    }

    fn between(&self, from: i32, to: i32) -> &[News] {
        let place = |pts: i32| usize::try_from(pts - 1).unwrap_or(0).min(self.news.len());
        &self.news[place(from)..place(to).max(place(from))]
    }

    /// Tells a message that exists and that the desk may see.
    pub(super) fn alive(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(&id.0).filter(|one| !one.deleted && !one.unseen).map(|one| &one.message)
    }

    /// Lists the messages that exist in a range of ids and that the desk may see.
    pub(super) fn range(&self, from: MessageId, to: MessageId) -> Vec<Message> {
        let seen = self.messages.range(from.0..=to.0).filter(|(_, one)| !one.deleted && !one.unseen);
        seen.map(|(_, one)| one.message.clone()).collect()
    }

    /// Tells what there is to say about a topic.
    pub(super) fn topic_facts(&self, topic: TopicId) -> TopicFacts {
        let place = self.topics.get(&topic.0).filter(|place| !place.gone);
        TopicFacts {
            topic,
            gone: place.is_none(),
            title: place.map(|place| place.title.clone()),
            icon: place.map(|place| place.icon.unwrap_or(0)),
            closed: place.map(|place| place.closed),
            hidden: None,
            created_at: place.map(|place| place.created_at),
            creator: place.map(|place| place.creator),
            top_message: None,
        }
    }

    /// Lists everybody who wrote these messages.
    pub(super) fn people<'m>(&self, messages: impl Iterator<Item = &'m Message>) -> Vec<Person> {
        let ids: BTreeSet<PersonId> = messages.map(|message| message.author).collect();
        ids.into_iter().map(|id| person(id, self.bot)).collect()
    }

    /// Puts what was said into the order in which the link hands it over (`telegram::updates`).
    pub(super) fn batch(&self, from: i32, to: i32, mut said: Vec<Happening>) -> Batch {
        said.sort_by_key(|one| match one {
            Happening::Settled { .. } => (0, 0),
            Happening::Message(message) => (1, message.id.0),
            Happening::Edited(_) => (2, 0),
            Happening::Deleted(_) => (3, 0),
            Happening::Gap { .. } => (4, 0),
            Happening::Pinned { .. } => (3, 1),
            _ => (5, 0),
        });
        let messages = said.iter().filter_map(|one| match one {
            Happening::Message(message) | Happening::Edited(message) => Some(message),
            _ => None,
        });
        let people = self.people(messages);
        let happenings = said.into_iter().map(|one| (GROUP, one)).collect();
        Batch { from: World::cursor(from), to: World::cursor(to), people, happenings }
    }
}
