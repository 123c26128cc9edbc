//! What else is done to a group: icons and doors of topics, reactions, files.

use super::{DESK, News, World};
use crate::clock::Timestamp;
use crate::desk::ids::{MessageId, PersonId};
use crate::desk::mirror_status::MirrorStatus;
use crate::desk::thread::{Content, Media, Post, Reaction, ServiceMessage};
use crate::engine::transport::{Happening, TopicEdit, TopicIcon, TopicOutcome, TopicPart};

/// The icons of the default rules, and one that nobody wants.
pub(super) fn icons() -> Vec<TopicIcon> {
    let wanted = MirrorStatus::default().icons.into_values().chain(["🦄".to_owned()]);
    (1_001..).zip(wanted).map(|(id, emoji)| TopicIcon { emoji, id }).collect()
}

impl World {
    /// Lets people think something of a message, or nothing any more.
    pub(in super::super) fn react(&mut self, id: MessageId, count: u32) {
        let pts = self.pts();
        let Some(written) = self.messages.get_mut(&id.0).filter(|one| !one.deleted) else { return };
        let Content::Post(post) = &mut written.message.content else { return };
        let one = Reaction { emoji: "👍".to_owned(), count, by: Vec::new() };
        post.reactions = if count > 0 { vec![one] } else { Vec::new() };
        self.liked.push((pts, Happening::Reactions { message: id, reactions: post.reactions.clone() }));
    }

    /// Counts what was pushed of reactions so far.
    pub(in super::super) fn likes(&self) -> usize {
        self.liked.len()
    }

    /// Tells what was pushed of reactions after so many, as far as the stream had got to at the time: a server pushes in order.
    pub(in super::super) fn liked(&self, after: usize, pts: i32) -> &[(i32, Happening)] {
        let rest = &self.liked[after.min(self.liked.len())..];
        let end = rest.iter().position(|(at, _)| *at > pts).unwrap_or(rest.len());
        &rest[..end]
    }

    /// Writes a file into a topic; tells its id.
    pub(in super::super) fn write_file(
        &mut self,
        topic: i32,
        author: PersonId,
        text: &str,
        now: Timestamp,
    ) -> MessageId {
        let media = Media::File { name: "log.txt".to_owned(), size: 40, mime: "text/plain".to_owned() };
        let content = Content::Post(Post { text: text.to_owned(), media: Some(media), ..Post::default() });
        let message = self.put(Some(topic), author, content, now);
        let id = message.id;
        self.news.push(News::New { message, random_id: None });
        id
    }

    /// Tells what the file of a message holds, if it is there.
    pub(in super::super) fn file(&self, id: MessageId) -> Option<Vec<u8>> {
        let Content::Post(post) = &self.alive(id)?.content else { return None };
        post.media
            .as_ref()
            .map(|_| self.brought.get(&id).cloned().unwrap_or_else(|| format!("{:>40}", id.0).into_bytes()))
    }

    /// Carries out what the desk wants a topic to be. Done twice is done once.
    pub(in super::super) fn edit_topic(&mut self, edit: &TopicEdit, now: Timestamp) -> TopicOutcome {
        let known = |id: i64| self.icons.iter().any(|icon| icon.id == id);
        if matches!(edit.part, TopicPart::Icon(id) if !known(id)) {
            return TopicOutcome::BadIcon;
        }
        let Some(place) = self.topics.get_mut(&edit.topic.0).filter(|place| !place.gone) else {
            return TopicOutcome::Gone;
        };
        let (icon, closed) = match edit.part {
            TopicPart::Icon(id) if place.icon == Some(id) => return TopicOutcome::Done { changed: false },
            TopicPart::Closed(closed) if place.closed == closed => return TopicOutcome::Done { changed: false },
            TopicPart::Icon(id) => (Some(id), None),
            TopicPart::Closed(closed) => (None, Some(closed)),
        };
        place.icon = icon.or(place.icon);
        if let Some(closed) = closed {
            (place.closed, place.closed_by) = (closed, closed.then_some(DESK));
        }
        let edited = ServiceMessage::TopicEdited { title: None, icon, closed, hidden: None };
        let message = self.put(Some(edit.topic.0), DESK, Content::Service(edited), now);
        self.news.push(News::New { message, random_id: None });
        TopicOutcome::Done { changed: true }
    }
}
