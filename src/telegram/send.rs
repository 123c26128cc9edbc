//! Sending: a text or file into a topic under the `random_id` it was given, changing or deleting one that was sent, and saying that somebody
//! types.
//!
//! A text comes here only as an `Order::Send`, which is made of an outbox row and of nothing else, or as an `Order::Change`, which names
//! a message of our own.

use std::time::Duration;

use grammers_tl_types as tl;

use super::convert::date;
use super::error::{CallError, rpc_name};
use super::group::Group;
use super::media;
use super::press;
use super::reaction::{Reaction, reaction};
use super::station::Shared;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId, TopicId};
use crate::engine::transport::{Change, Outcome, Send};

/// So long a send waits for a connection; after that the engine decides.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The identical call is made so often when the connection fails under it.
pub(crate) const TRIES: u32 = 3;

/// A call that sends was refused.
pub(crate) struct Refused {
    /// How.
    pub(crate) error: CallError,
    /// An identical call before it was not answered.
    repeated: bool,
}

/// Sends a text or a file, and tells how that ended. Only a definite refusal is `Refused`; whatever may have worked is `Unknown`.
pub(crate) async fn deliver(shared: &Shared, send: &Send) -> Outcome {
    match &send.file {
        Some(file) => media::deliver(shared, send, file).await,
        None => {
            let asked = ask(shared, (send.group, send.random_id), |group| request(group, send)).await;
            asked.unwrap_or_else(|refused| refused.judge(shared, send.random_id))
        }
    }
}

/// Makes a call that sends, again only when it was not answered, and tells which message it has made.
pub(crate) async fn ask<R: tl::RemoteCall<Return = tl::enums::Updates>>(
    shared: &Shared,
    (group, random_id): (GroupId, i64),
    request: impl Fn(&Group) -> R,
) -> Result<Outcome, Refused> {
    let updates = match insist(shared, group, request).await? {
        Ok(updates) => updates,
        Err(why) => return Ok(Outcome::Unknown { why }),
    };
    Ok(match settled(&updates, random_id) {
        Some((message, at)) => {
            shared.remember(random_id, message, at);
            Outcome::Sent { message, at }
        }
        None => Outcome::Unknown { why: "Telegram took it without saying under which id".to_owned() },
    })
}

/// Makes a call that sends, again only when it was not answered; gives what it has changed, or why nothing is known of it.
pub(crate) async fn insist<R: tl::RemoteCall<Return = tl::enums::Updates>>(
    shared: &Shared,
    group: GroupId,
    request: impl Fn(&Group) -> R,
) -> Result<Result<tl::enums::Updates, String>, Refused> {
    let mut after = 0;
    let mut why = String::new();
    for attempt in 1..=TRIES {
        let online = match shared.online(after, PATIENCE).await {
            Ok(online) => online,
            Err(no_link) => return Ok(Err(if attempt == 1 { no_link } else { why })),
        };
        let peer = match online.group(group) {
            Ok(peer) => peer,
            Err(why) => return Ok(Err(why)),
        };
        match online.wire.call(&request(peer)).await {
            Ok(updates) => return Ok(Ok(updates)),
            Err(error) if error.is_link() => {
                why = error.words();
                after = online.life;
            }
            Err(error) => return Err(Refused { error, repeated: attempt > 1 }),
        }
    }
    Ok(Err(why))
}

fn request(group: &Group, send: &Send) -> tl::functions::messages::SendMessage {
    tl::functions::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: group.peer(),
        reply_to: target(send.topic, send.reply_to),
        message: send.text.clone(),
        random_id: send.random_id,
        reply_markup: press::markup(&send.buttons),
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

/// Where a text goes. Without `top_msg_id` it would land in General if the quoted message were deleted meanwhile (TELEGRAM §4).
pub(crate) fn target(topic: TopicId, reply_to: Option<MessageId>) -> Option<tl::enums::InputReplyTo> {
    let (reply_to_msg_id, top_msg_id) = match (topic, reply_to) {
        (TopicId::GENERAL, None) => return None,
        (TopicId::GENERAL, Some(message)) => (message.0, None),
        (topic, None) => (topic.0, Some(topic.0)),
        (topic, Some(message)) => (message.0, Some(topic.0)),
    };
    let reply = tl::types::InputReplyToMessage {
        reply_to_msg_id,
        top_msg_id,
        reply_to_peer_id: None,
        quote_text: None,
        quote_entities: None,
        quote_offset: None,
        monoforum_peer_id: None,
        todo_item_id: None,
        poll_option: None,
    };
    Some(reply.into())
}

/// Finds in an answer the id that Telegram gave to a `random_id`, and its date.
pub(crate) fn settled(updates: &tl::enums::Updates, random_id: i64) -> Option<(MessageId, Timestamp)> {
    let (updates, answered) = match updates {
        tl::enums::Updates::Updates(all) => (&all.updates, all.date),
        tl::enums::Updates::Combined(all) => (&all.updates, all.date),
        tl::enums::Updates::UpdateShortSentMessage(short) => return Some((MessageId(short.id), date(short.date))),
        _ => return None,
    };
    let id = updates.iter().find_map(|update| match update {
        tl::enums::Update::MessageId(update) if update.random_id == random_id => Some(update.id),
        _ => None,
    })?;
    let at = updates.iter().find_map(|update| match update {
        tl::enums::Update::NewChannelMessage(update) => match &update.message {
            tl::enums::Message::Message(message) if message.id == id => Some(message.date),
            tl::enums::Message::Service(message) if message.id == id => Some(message.date),
            _ => None,
        },
        _ => None,
    });
    Some((MessageId(id), date(at.unwrap_or(answered))))
}

impl Refused {
    /// Tells what it means for what was to be sent.
    pub(crate) fn judge(&self, shared: &Shared, random_id: i64) -> Outcome {
        if self.error.is("RANDOM_ID_DUPLICATE") {
            return match shared.recall(random_id) {
                Some((message, at)) => Outcome::Sent { message, at },
                None => Outcome::Taken,
            };
        }
        match judge_error(shared, &self.error) {
            Outcome::Later { not_before } if self.repeated => Outcome::UnknownUntil { not_before },
            outcome => outcome,
        }
    }
}

/// Tells a definite refusal from what may have worked.
pub(crate) fn judge_error(shared: &Shared, error: &CallError) -> Outcome {
    if let Some(wait) = error.wait() {
        // A second more: Telegram's clock and ours do not tick together.
        return Outcome::Later { not_before: shared.setup.clock.now() + wait + Duration::from_secs(1) };
    }
    let rpc = match error {
        CallError::Rpc(rpc) => rpc,
        other => return Outcome::Unknown { why: other.words() },
    };
    let name = rpc_name(rpc);
    let refused = |why: &str, topic_gone| Outcome::Refused { why: why.to_owned(), topic_gone };
    match reaction(rpc) {
        // A lost login refuses every call, also the repeat of one that went through.
        Reaction::Taken
        | Reaction::Repeat
        | Reaction::LoggedOut
        | Reaction::Destroyed
        | Reaction::Password
        | Reaction::Migrate => Outcome::Unknown { why: name },
        Reaction::TopicGone(why) => refused(why, true),
        Reaction::Park(why) | Reaction::NoAccess(why) => refused(why, false),
        _ => refused(&format!("Telegram refused it: {name}"), false),
    }
}

/// Changes or deletes a message, and tells how that ended: `Sent` when it is as it is to be. Doing it twice is doing it once.
pub(crate) async fn change(shared: &Shared, change: &Change) -> Outcome {
    let mut after = 0;
    let mut why = String::new();
    for attempt in 1..=TRIES {
        let online = match shared.online(after, PATIENCE).await {
            Ok(online) => online,
            Err(no_link) => return Outcome::Unknown { why: if attempt == 1 { no_link } else { why } },
        };
        let group = match online.group(change.group) {
            Ok(group) => group,
            Err(why) => return Outcome::Unknown { why },
        };
        let now = shared.setup.clock.now();
        let done = match &change.text {
            Some(text) => online.wire.call(&edit(group, change.message, text)).await.map(|updates| edited_at(&updates)),
            None => {
                let request =
                    tl::functions::channels::DeleteMessages { channel: group.input(), id: vec![change.message.0] };
                online.wire.call(&request).await.map(|_| None)
            }
        };
        match done {
            Ok(at) => return Outcome::Sent { message: change.message, at: at.unwrap_or(now) },
            // The text is what it is to be already.
            Err(error) if error.is("MESSAGE_NOT_MODIFIED") => {
                return Outcome::Sent { message: change.message, at: now };
            }
            Err(error) if error.is_link() => {
                why = error.words();
                after = online.life;
            }
            Err(error) => return judge_error(shared, &error),
        }
    }
    Outcome::Unknown { why }
}

fn edit(group: &Group, message: MessageId, text: &str) -> tl::functions::messages::EditMessage {
    tl::functions::messages::EditMessage {
        no_webpage: false,
        invert_media: false,
        peer: group.peer(),
        id: message.0,
        message: Some(text.to_owned()),
        media: None,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        quick_reply_shortcut_id: None,
        rich_message: None,
    }
}

/// Finds in an answer when Telegram has edited the message.
fn edited_at(updates: &tl::enums::Updates) -> Option<Timestamp> {
    let tl::enums::Updates::Updates(all) = updates else { return None };
    all.updates.iter().find_map(|update| match update {
        tl::enums::Update::EditChannelMessage(update) => match &update.message {
            tl::enums::Message::Message(message) => message.edit_date.map(date),
            _ => None,
        },
        _ => None,
    })
}

/// Says that somebody writes. Nobody waits for it, and nothing is done when it fails.
pub(crate) async fn typing(shared: &Shared, group: GroupId, topic: TopicId) {
    let Ok(online) = shared.online(0, Duration::from_secs(2)).await else { return };
    let Ok(group) = online.group(group) else { return };
    let request = tl::functions::messages::SetTyping {
        peer: group.peer(),
        top_msg_id: (topic != TopicId::GENERAL).then_some(topic.0),
        action: tl::enums::SendMessageAction::SendMessageTypingAction,
    };
    if let Err(error) = online.wire.call(&request).await {
        tracing::debug!(why = error.words(), "typing not said");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(target: Option<tl::enums::InputReplyTo>) -> Option<(i32, Option<i32>)> {
        match target {
            Some(tl::enums::InputReplyTo::Message(reply)) => Some((reply.reply_to_msg_id, reply.top_msg_id)),
            _ => None,
        }
    }

    #[test]
    fn a_text_always_names_its_topic() {
        assert_eq!(ids(target(TopicId(40), None)), Some((40, Some(40))));
        assert_eq!(ids(target(TopicId(40), Some(MessageId(55)))), Some((55, Some(40))));
        assert_eq!(ids(target(TopicId::GENERAL, Some(MessageId(55)))), Some((55, None)));
        assert_eq!(ids(target(TopicId::GENERAL, None)), None);
    }
}
