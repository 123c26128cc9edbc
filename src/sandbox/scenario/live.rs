//! Carries the scenario out on a world, and keeps doing so as long as the world lives.

use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::{Clock, Timestamp};
use crate::sandbox::icons;
use crate::sandbox::world::{self, Action, Change, Content, GENERAL, Group, NewTopic, Post, World};

use super::{Act, Happening, Scenario};

/// An unanswered topic older than this at the start does not make its customer impatient again.
const FRESH: Duration = Duration::from_secs(86_400);

impl Scenario {
    /// Looks round before the first turn: who waits for an answer, and which scripts have been played already.
    fn meet(&mut self, group: &Group, now: Timestamp) {
        for topic in group.topics().filter(|topic| topic.id != GENERAL) {
            let said = |id: &i32| group.message(*id).filter(|message| !message.is_service());
            let messages = || topic.messages().iter().filter_map(said);
            let customer = Some(topic.creator)
                .filter(|creator| self.customers.contains_key(creator))
                .or_else(|| messages().map(|m| m.sender).find(|sender| self.customers.contains_key(sender)));
            let Some(customer) = customer else { continue };
            let matter = self.already_opened(customer, &topic.title);
            let last = messages().next_back();
            let unanswered = !topic.closed
                && last
                    .is_some_and(|last| last.sender == customer && now.since(Timestamp::from_unix(last.date)) < FRESH);
            self.remember(now, topic.id, customer, unanswered);
            if let Some(talk) = self.talks.get_mut(&topic.id) {
                talk.matter = matter;
            }
        }
    }

    /// Takes a turn on the world: reads what is new, acts, and tells when to come again at the latest.
    ///
    /// The first turn only looks round: what lies in the world already is not answered.
    /// What the world refuses (a closed or deleted topic, a customer thrown out) simply does not happen.
    pub fn turn(&mut self, world: &mut World, now: Timestamp) -> Option<Timestamp> {
        let group = world.group(world.forum())?;
        let mut happened = match self.seen {
            Some(pts) => news(group, pts),
            None => {
                self.meet(group, now);
                Vec::new()
            }
        };
        loop {
            let acts = self.next(now, &happened);
            happened = acts.into_iter().filter_map(|act| perform(world, act, now)).collect();
            // Own deeds are not news.
            self.seen = world.group(world.forum()).map(Group::pts);
            if happened.is_empty() {
                return self.next_wake();
            }
        }
    }
}

/// Reads the group's log after a pts.
fn news(group: &Group, seen: i32) -> Vec<Happening> {
    let mut news = Vec::new();
    for entry in group.log_after(seen) {
        match &entry.change {
            Change::New(id) => news.extend(group.message(*id).and_then(|message| match &message.content {
                Content::Service(Action::TopicCreate { title, .. }) => {
                    Some(Happening::Opened { topic: *id, by: message.sender, title: title.clone() })
                }
                Content::Said { .. } if !message.marks.buttons.is_empty() => Some(Happening::Asked {
                    topic: message.topic,
                    message: *id,
                    by: message.sender,
                    labels: message.marks.buttons.iter().map(|button| button.label.clone()).collect(),
                }),
                Content::Said { text, .. } if message.topic != GENERAL => {
                    Some(Happening::Said { topic: message.topic, by: message.sender, text: text.clone() })
                }
                _ => None,
            })),
            Change::Deleted(ids) => {
                let gone = ids.iter().filter(|id| group.topic_gone(**id));
                news.extend(gone.map(|id| Happening::Gone { topic: *id }));
            }
            Change::Edited(_) | Change::Pinned(..) => {}
        }
    }
    news
}

fn perform(world: &mut World, act: Act, now: Timestamp) -> Option<Happening> {
    match act {
        Act::Open { by, title, icon } => {
            let icon_emoji_id = icon.as_deref().and_then(icons::id_of);
            let topic = NewTopic { icon_emoji_id, ..NewTopic::new(by, &title) };
            match world.create_topic(topic, now) {
                Ok(topic) => Some(Happening::Opened { topic, by, title }),
                Err(refusal) => {
                    tracing::info!(name = refusal.name, "a scripted customer could not open a topic");
                    None
                }
            }
        }
        Act::Mend { topic, by, old, text } => {
            let group = world.group(world.forum())?;
            let found = group.topic(topic)?.messages().iter().rev().filter_map(|id| group.message(*id));
            let id = found.filter(|message| message.sender == by).find(|message| message.text() == old)?.id;
            let done = if text.is_empty() {
                world.delete_messages(0, by, &[id], now).map(drop)
            } else {
                world.edit_message(0, by, id, &text, Vec::new(), now).map(drop)
            };
            if let Err(refusal) = done {
                tracing::info!(topic, name = refusal.name, "a scripted customer could not mend what they wrote");
            }
            None
        }
        Act::Press { by, message, label } => {
            if let Err(refusal) = world.press_label(by, message, &label) {
                tracing::info!(message, name = refusal.name, "a scripted customer could not press a button");
            }
            None
        }
        Act::Say { topic, by, text, media } => {
            let media = media.as_ref().map(world::media);
            let post = Post { media, ..Post::new(by, topic, &text) };
            if let Err(refusal) = world.send(post, now) {
                tracing::info!(topic, name = refusal.name, "a scripted customer could not write");
            }
            None
        }
    }
}

/// Lets the customers live until the task is aborted.
///
/// `turn` takes the lock of the world, calls [`Scenario::turn`], pushes what came of it, and returns its answer.
/// `news` is notified (`notify_one`, which is not lost) whenever somebody else has changed the world.
pub async fn run(clock: Clock, news: &Notify, mut turn: impl FnMut(Timestamp) -> Option<Timestamp>) {
    loop {
        let heard = news.notified();
        let now = clock.now();
        match turn(now) {
            Some(wake) => {
                // At least a moment, so that no mistake can spin.
                let pause = wake.since(now).max(Duration::from_millis(5));
                tokio::select! {
                    () = heard => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
            None => heard.await,
        }
    }
}
