//! Posting messages.

use crate::clock::Timestamp;

use super::content::{Content, Entity, Forward, Marks, Media, Message, Peer};
use super::group::Change;
use super::{GENERAL, Record, Refusal, Update, World};

/// The longest text, in UTF-16 code units.
pub(in crate::sandbox) const MAX_TEXT: usize = 4096;
/// The longest caption, in UTF-16 code units.
const MAX_CAPTION: usize = 1024;

/// Describes a message to post into the main group, or another.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// The group; 0 means the main group.
    pub group: i64,
    /// The topic; [`GENERAL`] also in a group without topics.
    pub topic: i32,
    /// The account that writes.
    pub author: i64,
    /// The text, or the caption of an attachment.
    pub text: String,
    /// Marked runs of the text.
    pub entities: Vec<Entity>,
    /// The attachment.
    pub media: Option<Media>,
    /// The message it answers.
    pub reply_to: Option<i32>,
    /// Where it was forwarded from.
    pub forward: Option<Forward>,
    /// What most messages have not.
    pub marks: Marks,
}

impl Post {
    /// Makes a plain text of an author in a topic of the main group.
    pub fn new(author: i64, topic: i32, text: &str) -> Self {
        Self {
            group: 0,
            topic,
            author,
            text: text.to_owned(),
            entities: Vec::new(),
            media: None,
            reply_to: None,
            forward: None,
            marks: Marks::default(),
        }
    }

    /// Attaches something; the text becomes its caption.
    pub fn with_media(mut self, media: Media) -> Self {
        self.media = Some(media);
        self
    }

    /// Answers a message of the same topic.
    pub fn replying_to(mut self, id: i32) -> Self {
        self.reply_to = Some(id);
        self
    }

    /// Quotes words of the message that it answers.
    pub fn quoting(mut self, words: &str) -> Self {
        self.marks.quote = Some(words.to_owned());
        self
    }

    /// Makes it a part of an album; all parts name the same number.
    pub fn in_album(mut self, album: i64) -> Self {
        self.marks.album = Some(album);
        self
    }

    /// Names another group than the main one.
    pub fn in_group(mut self, group: i64) -> Self {
        self.group = group;
        self
    }
}

impl World {
    pub(super) fn group_id(&self, named: i64) -> i64 {
        if named == 0 { self.forum } else { named }
    }

    /// Posts a message as its author, who must be allowed to; tells the new id. Pushes it.
    ///
    /// # Errors
    /// Refuses what Telegram refuses: no member, no right to write, closed or deleted topic, empty or too long.
    pub fn send(&mut self, post: Post, now: Timestamp) -> Result<i32, Refusal> {
        self.check_send(&post)?;
        self.place(post, now)
    }

    /// Tells whether [`World::send`] would take a message, and posts nothing.
    ///
    /// # Errors
    /// Refuses what [`World::send`] refuses.
    pub fn check_send(&self, post: &Post) -> Result<(), Refusal> {
        let group = self.group_or(self.group_id(post.group))?;
        group.require_write(post.author, post.media.is_some())?;
        group.require_open_topic(post.author, post.topic)?;
        check_text(&post.text, &post.entities, post.media.is_some())
    }

    /// Places a message as it is, without asking whether its author may; tells the new id. Pushes it.
    ///
    /// # Errors
    /// Refuses only what cannot be stored: an unknown group or topic, no more ids.
    pub fn place(&mut self, post: Post, at: Timestamp) -> Result<i32, Refusal> {
        let content = Content::Said { text: post.text, entities: post.entities, media: post.media };
        self.put(post.group, post.topic, post.author, content, post.reply_to, post.forward, post.marks, at)
    }

    #[expect(clippy::too_many_arguments, reason = "the one place where a message comes to be; each is a field of it")]
    pub(super) fn put(
        &mut self,
        group: i64,
        topic: i32,
        sender: i64,
        content: Content,
        reply_to: Option<i32>,
        forward: Option<Forward>,
        marks: Marks,
        at: Timestamp,
    ) -> Result<i32, Refusal> {
        let box_size = self.limits.box_size;
        let group_id = self.group_id(group);
        let group = self.group_mut(group_id)?;
        let id = group.next_id;
        if id == i32::MAX {
            return Err(Refusal::new(500, "MSG_ID_EXHAUSTED"));
        }
        let creates = matches!(content, Content::Service(super::Action::TopicCreate { .. }));
        let topic = match (group.forum, creates) {
            (true, true) => id,
            (true, false) => group.require_topic(topic)?.id,
            (false, _) => GENERAL,
        };
        let anonymous = group.admin_rights(sender).is_some_and(|rights| rights.anonymous);
        let from = if anonymous { Peer::Group(group_id) } else { Peer::User(sender) };
        let message = Message {
            id,
            topic,
            sender,
            from,
            date: at.unix(),
            reply_to: reply_to.filter(|target| *target != topic && group.messages.contains_key(target)),
            content,
            edit_date: None,
            forward,
            marks,
        };
        let logged = self.recording.then(|| message.clone());
        let group = self.group_mut(group_id)?;
        group.insert(message);
        group.mark_own(id);
        let pts = group.append(Change::New(id), at.unix(), box_size);
        if let Some(message) = logged {
            self.record(|| Record::New { group: group_id, message });
        }
        self.announce(Update::New { group: group_id, id, pts });
        Ok(id)
    }
}

/// Refuses a text that Telegram would refuse.
pub(super) fn check_text(text: &str, entities: &[Entity], media: bool) -> Result<(), Refusal> {
    if text.trim().is_empty() && !media {
        return Err(Refusal::bad("MESSAGE_EMPTY"));
    }
    // Only a text that could be too long is counted: UTF-16 never needs more units than UTF-8 needs bytes.
    let limit = if media { MAX_CAPTION } else { MAX_TEXT };
    if text.len() > limit && text.encode_utf16().count() > limit {
        return Err(Refusal::bad(if media { "MEDIA_CAPTION_TOO_LONG" } else { "MESSAGE_TOO_LONG" }));
    }
    if entities.is_empty() {
        return Ok(());
    }
    let mut borders = vec![false; text.encode_utf16().count() + 1];
    let mut at = 0;
    for letter in text.chars() {
        borders[at] = true;
        at += letter.len_utf16();
    }
    borders[at] = true;
    let is_border = |units: i32| usize::try_from(units).ok().and_then(|i| borders.get(i)).copied().unwrap_or(false);
    for entity in entities {
        if entity.length <= 0 || !is_border(entity.offset) || !is_border(entity.offset.saturating_add(entity.length)) {
            return Err(Refusal::bad("ENTITY_BOUNDS_INVALID"));
        }
    }
    Ok(())
}
