//! Where a call's message lands: the topic and the message it answers, from `inputReplyToMessage`.

use super::group::Group;
use super::{GENERAL, Refusal};

/// Tells the topic a call writes into and the message it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyTarget {
    /// The topic.
    pub topic: i32,
    /// The message it answers, if any.
    pub reply_to: Option<i32>,
}

impl Group {
    /// Resolves `reply_to_msg_id` and `top_msg_id` as Telegram does: the topic's own id means a plain post in it; a
    /// deleted message with a topic lands in the topic, without one in General.
    ///
    /// # Errors
    /// Refuses a topic that is unknown or deleted, and a message that has never been.
    pub fn reply_target(&self, reply_to: Option<i32>, top: Option<i32>) -> Result<ReplyTarget, Refusal> {
        let plain = |topic| ReplyTarget { topic, reply_to: None };
        let top = top.filter(|id| *id != 0 && self.forum);
        if let Some(id) = top {
            self.require_topic(id)?;
        }
        let Some(id) = reply_to.filter(|id| *id != 0) else { return Ok(plain(top.unwrap_or(GENERAL))) };
        if self.forum {
            if top.is_none_or(|topic| topic == id) && self.topics.contains_key(&id) {
                return Ok(plain(id));
            }
            if self.gone_topics.contains(&id) {
                return Err(Refusal::bad("TOPIC_DELETED"));
            }
        }
        if id < 0 || id >= self.next_id {
            return Err(Refusal::bad("REPLY_MESSAGE_ID_INVALID"));
        }
        match (self.messages.get(&id), top) {
            (Some(message), Some(topic)) if message.topic != topic => Ok(plain(topic)),
            (Some(message), _) => Ok(ReplyTarget { topic: message.topic, reply_to: Some(id) }),
            (None, topic) => Ok(plain(topic.unwrap_or(GENERAL))),
        }
    }
}
