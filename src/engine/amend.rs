//! What becomes of messages after they were written: edits, deletions, reactions, pins; and who is in the group at all.

use super::EngineError;
use super::turn::Turn;
use crate::clock::Timestamp;
use crate::desk::event::Actor;
use crate::desk::ids::{GroupId, MessageId, PersonId, TicketKey};
use crate::desk::lifecycle::Happening;
use crate::desk::thread::{Content, Delivery, Message, Post, Reaction, album_line};
use crate::store::threads::{EntryRow, Side};

impl Turn<'_> {
    /// Takes in a message as it is after an edit; tells whether it was known. One that says the same as before is no edit.
    pub(super) fn edited(&mut self, group: GroupId, message: &Message) -> Result<bool, EngineError> {
        let Some(before) = self.work.message(group, message.id)? else { return Ok(false) };
        if before.deleted {
            return Ok(true);
        }
        let mut after = message.clone();
        if let (Content::Post(new), Some(old)) = (&mut after.content, before.post()) {
            // What left the desk is known without the links that Telegram finds in it, and untrimmed; so it is in no edit either.
            let unmarked = before.outbox.is_some() || message.edited_at.is_none();
            let same_words = new.text.trim() == old.text.trim() && new.media == old.media;
            let says_the_same = new.says_as(old) || (unmarked && same_words);
            // A bot is told of reactions by themselves, never with the message.
            if new.reactions.is_empty() && self.group(group).is_bot() {
                new.reactions.clone_from(&old.reactions);
            }
            if says_the_same {
                if new != old {
                    self.work.set_content(before.id, &after.content)?;
                    self.touch(before.key);
                }
                return Ok(true);
            }
        }
        if before.content.as_ref() == Some(&after.content) || after.edited_at < before.edited_at {
            return Ok(true);
        }
        let at = after.edited_at.unwrap_or(self.now);
        self.work.edit_message(&before, &after, at, self.state.indexed)?;
        let key = before.key;
        if self.topic(key)?.last_message == Some(message.id) {
            let line = self.line_of(key, message.id, &after.content)?;
            self.topic_mut(key)?.last_text = line;
        }
        if self.topic(key)?.collected {
            let answered = before.side == Side::Public && self.work.is_answered(&before, at)?;
            self.happen(key, &Happening::Edited { message: message.id, answered }, at, &Actor::Person(message.author))?;
        }
        self.touch(key);
        Ok(true)
    }

    /// Takes in an edit from what was looked up: whether it is pinned, and what people think of it, may be older there than what the
    /// stream has said since.
    pub(super) fn edited_before(&mut self, group: GroupId, message: &Message) -> Result<bool, EngineError> {
        let mut message = message.clone();
        if let Content::Post(new) = &mut message.content
            && let Some(old) = self.work.message(group, message.id)?
            && let Some(old) = old.post()
        {
            new.pinned = old.pinned;
            new.reactions.clone_from(&old.reactions);
        }
        self.edited(group, &message)
    }

    /// Tells the line that a queue row shows of a message: of an album, what it holds as far as it is known.
    pub(super) fn line_of(&self, key: TicketKey, id: MessageId, content: &Content) -> Result<String, EngineError> {
        let Content::Post(Post { album: Some(album), .. }) = content else { return Ok(content.snippet()) };
        let parts = self.work.album(key, id, *album)?;
        let gone = parts.iter().filter(|part| part.deleted).count();
        let parts: Vec<&Post> = parts.iter().filter(|part| !part.deleted).filter_map(EntryRow::post).collect();
        Ok(album_line(&parts, gone))
    }

    /// A message no longer exists in Telegram.
    pub(super) fn deleted(&mut self, group: GroupId, id: MessageId) -> Result<(), EngineError> {
        self.cover_live(group, id)?;
        let Some(entry) = self.work.message(group, id)? else {
            self.group_mut(group).buried.insert(id);
            return Ok(());
        };
        if entry.deleted {
            return Ok(());
        }
        self.tombstone(&entry)?;
        if self.topic(entry.key)?.collected {
            self.happen(entry.key, &Happening::Deleted { message: id }, self.now, &Actor::Desk)?;
        }
        Ok(())
    }

    /// Leaves of an entry that it was, and no more than the rules allow.
    pub(super) fn tombstone(&mut self, entry: &EntryRow) -> Result<(), EngineError> {
        let keep = self.rules.keep_deleted_text || self.may_be_ours(entry)?;
        self.work.delete_message(entry, self.now, keep, self.state.indexed)?;
        self.state.scrub_owed |= !keep;
        if !keep {
            self.forget_file(entry);
        }
        self.touch(entry.key);
        if self.topic(entry.key)?.last_message != entry.message {
            return Ok(());
        }
        let last = self.work.last_post(entry.key)?;
        let text = match &last {
            Some(EntryRow { message: Some(id), content: Some(content), .. }) => {
                self.line_of(entry.key, *id, content)?
            }
            _ => String::new(),
        };
        let topic = self.topic_mut(entry.key)?;
        topic.last_text = text;
        topic.last_message = last.as_ref().and_then(|last| last.message);
        if let Some(last) = last {
            topic.last_staff = last.side == Side::Staff || last.outbox.is_some();
            topic.last_at = Some(last.at);
        }
        Ok(())
    }

    /// Tells whether a reply that is under way may turn out to be this message, which only its text would say.
    fn may_be_ours(&self, entry: &EntryRow) -> Result<bool, EngineError> {
        if entry.outbox.is_some() || entry.author != self.group(entry.key.group).staff.own {
            return Ok(false);
        }
        let under_way = self.work.open_outbox()?;
        Ok(under_way.iter().any(|row| row.key == entry.key && row.delivery == Delivery::Sending))
    }

    /// Takes in all reactions to a message.
    pub(super) fn reactions(
        &mut self,
        group: GroupId,
        id: MessageId,
        reactions: Vec<Reaction>,
    ) -> Result<(), EngineError> {
        self.group_mut(group).reactions.told(id);
        if self.work.message(group, id)?.is_none() {
            self.group_mut(group).reactions.strayed(id);
        }
        self.set_reactions(group, id, reactions)
    }

    /// Shows all reactions to a message.
    pub(super) fn set_reactions(
        &mut self,
        group: GroupId,
        id: MessageId,
        reactions: Vec<Reaction>,
    ) -> Result<(), EngineError> {
        self.mark(group, id, |post| {
            let news = post.reactions != reactions;
            post.reactions = reactions;
            news
        })
    }

    /// Takes in one person's reactions to a message.
    pub(super) fn reacted(
        &mut self,
        group: GroupId,
        id: MessageId,
        by: PersonId,
        emoji: &[String],
    ) -> Result<(), EngineError> {
        self.mark(group, id, |post| post.react(by, emoji))
    }

    /// A message was pinned or unpinned; tells whether it is known. What was looked up before may still bring it as it was.
    pub(super) fn pinned(&mut self, group: GroupId, id: MessageId, pinned: bool) -> Result<bool, EngineError> {
        let known = self.work.message(group, id)?.is_some();
        if !known {
            self.group_mut(group).early_pins.insert(id, pinned);
        }
        self.mark(group, id, |post| std::mem::replace(&mut post.pinned, pinned) != pinned)?;
        Ok(known)
    }

    /// Changes what is known about a message and is no part of what it says.
    fn mark(
        &mut self,
        group: GroupId,
        id: MessageId,
        change: impl FnOnce(&mut Post) -> bool,
    ) -> Result<(), EngineError> {
        let Some(entry) = self.work.message(group, id)?.filter(|entry| !entry.deleted) else { return Ok(()) };
        let Some(mut post) = entry.post().cloned() else { return Ok(()) };
        if change(&mut post) {
            self.work.set_content(entry.id, &Content::Post(post))?;
            self.touch(entry.key);
        }
        Ok(())
    }

    /// Somebody is in the group now, or no longer: their tickets say so.
    pub(super) fn member(
        &mut self,
        group: GroupId,
        person: PersonId,
        present: bool,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        for key in self.tickets_of(group, person)? {
            self.happen(key, &Happening::CustomerGone { gone: !present }, at, &Actor::Person(person))?;
        }
        Ok(())
    }
}
