//! What opens a ticket from General: creating a topic, and forwarding messages into it, each under the `random_id` it was given.

use grammers_tl_types as tl;

use super::group::Group;
use super::send::{ask, insist, settled};
use super::station::Shared;
use crate::desk::ids::MessageId;
use crate::engine::transport::{Forward, NewTopic, Outcome};

/// Creates a topic, and tells how that ended: `Sent` names its first message, which is the topic. Telegram makes one topic of one
/// `random_id`, however often it is asked.
pub(crate) async fn make_topic(shared: &Shared, new: &NewTopic) -> Outcome {
    let request = |group: &Group| tl::functions::messages::CreateForumTopic {
        title_missing: false,
        peer: group.peer(),
        title: new.title.clone(),
        icon_color: None,
        icon_emoji_id: None,
        random_id: new.random_id,
        send_as: None,
    };
    let asked = ask(shared, (new.group, new.random_id), request).await;
    asked.unwrap_or_else(|refused| refused.judge(shared, new.random_id))
}

/// Forwards messages into a topic, and tells how that ended, and what Telegram has made of each `random_id`.
pub(crate) async fn forward(shared: &Shared, forward: &Forward) -> (Outcome, Vec<(i64, MessageId)>) {
    let asked = insist(shared, forward.group, |group| request(group, forward)).await;
    let first = forward.messages.first().map_or(0, |(_, random_id)| *random_id);
    let updates = match asked {
        Ok(Ok(updates)) => updates,
        Ok(Err(why)) => return (Outcome::Unknown { why }, Vec::new()),
        Err(refused) => return (refused.judge(shared, first), Vec::new()),
    };
    let mut made = Vec::with_capacity(forward.messages.len());
    for (_, random_id) in &forward.messages {
        if let Some((message, at)) = settled(&updates, *random_id) {
            shared.remember(*random_id, message, at);
            made.push((*random_id, message, at));
        }
    }
    let outcome = match made.last() {
        Some(&(_, message, at)) => Outcome::Sent { message, at },
        None => Outcome::Unknown { why: "Telegram took it without saying under which ids".to_owned() },
    };
    (outcome, made.into_iter().map(|(random_id, message, _)| (random_id, message)).collect())
}

fn request(group: &Group, forward: &Forward) -> tl::functions::messages::ForwardMessages {
    let (id, random_id) = forward.messages.iter().map(|(message, random_id)| (message.0, *random_id)).unzip();
    tl::functions::messages::ForwardMessages {
        silent: false,
        background: false,
        with_my_score: false,
        drop_author: false,
        drop_media_captions: false,
        noforwards: false,
        allow_paid_floodskip: false,
        from_ephemeral: false,
        from_peer: group.peer(),
        id,
        random_id,
        to_peer: group.peer(),
        top_msg_id: Some(forward.topic.0),
        reply_to: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        video_timestamp: None,
        allow_paid_stars: None,
        suggested_post: None,
    }
}
