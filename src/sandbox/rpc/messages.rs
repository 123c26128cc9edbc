//! `messages.editMessage`, `deleteMessages`, `setTyping`, `readDiscussion` and their like.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::Refusal;

use super::history::topic_or_general;
use super::{Call, Reply};

/// The most messages one call deletes.
const MAX_DELETED: usize = 100;

/// Answers `messages.getMessages`: messages of private chats, of which there are none.
pub(super) fn messages(_: &mut Call<'_>, request: functions::messages::GetMessages) -> Reply {
    let empty = |id| types::MessageEmpty { id, peer_id: None }.into();
    let messages = request
        .id
        .iter()
        .map(|id| match id {
            enums::InputMessage::Id(id) => empty(id.id),
            enums::InputMessage::ReplyTo(id) => empty(id.id),
            enums::InputMessage::Pinned | enums::InputMessage::CallbackQuery(_) => empty(0),
        })
        .collect();
    let answer = types::messages::Messages { messages, topics: Vec::new(), chats: Vec::new(), users: Vec::new() };
    Ok(enums::messages::Messages::Messages(answer).to_bytes())
}

/// Answers `messages.editMessage`.
pub(super) fn edit(call: &mut Call<'_>, request: functions::messages::EditMessage) -> Reply {
    let group = call.own_group(&request.peer)?;
    if request.media.is_some() {
        return Err(Refusal::bad("MEDIA_INVALID"));
    }
    let buttons = super::buttons::read(call, request.reply_markup)?;
    let Some(text) = request.message else {
        if !call.is_bot {
            return Err(Refusal::bad("MESSAGE_EMPTY"));
        }
        call.inner.world.edit_buttons(group, call.account, request.id, buttons, call.now)?;
        return call.changes(Vec::new());
    };
    let entities = call.entities(request.entities)?;
    let changed = call.inner.world.edit_message(group, call.account, request.id, &text, entities, call.now);
    // Buttons that an edit does not bring along are gone.
    let other = call.is_bot && call.inner.world.has_other_buttons(group, request.id, &buttons);
    match changed {
        Err(refusal) if !(other && refusal.name == "MESSAGE_NOT_MODIFIED") => return Err(refusal),
        _ if other => {
            call.inner.world.edit_buttons(group, call.account, request.id, buttons, call.now)?;
        }
        _ => {}
    }
    call.changes(Vec::new())
}

fn affected((pts, pts_count): (i32, i32)) -> Vec<u8> {
    let affected = types::messages::AffectedMessages { pts, pts_count };
    enums::messages::AffectedMessages::Messages(affected).to_bytes()
}

/// Answers `channels.deleteMessages`.
pub(super) fn delete_in_channel(call: &mut Call<'_>, request: functions::channels::DeleteMessages) -> Reply {
    let group = call.own_channel(&request.channel)?;
    if request.id.len() > MAX_DELETED {
        return Err(Refusal::bad("LIMIT_INVALID"));
    }
    call.inner.world.delete_messages(group, call.account, &request.id, call.now).map(affected)
}

/// Answers `messages.deleteMessages`: ids of private chats, of which there are none.
pub(super) fn delete(_: &mut Call<'_>, _: functions::messages::DeleteMessages) -> Reply {
    Ok(affected((1, 0)))
}

/// Answers `messages.setTyping`.
pub(super) fn typing(call: &mut Call<'_>, request: functions::messages::SetTyping) -> Reply {
    if let Some(person) = call.private_peer(&request.peer) {
        return super::privates::typing(call, person?);
    }
    let group = call.own_group(&request.peer)?;
    let stopped = matches!(request.action, enums::SendMessageAction::SendMessageCancelAction);
    let topic = topic_or_general(request.top_msg_id);
    call.inner.world.typing(group, call.account, topic, stopped)?;
    Ok(true.to_bytes())
}

/// Answers `messages.readDiscussion`.
pub(super) fn read_discussion(call: &mut Call<'_>, request: functions::messages::ReadDiscussion) -> Reply {
    let group = call.own_group(&request.peer)?;
    call.inner.world.read_topic(group, call.account, request.msg_id, request.read_max_id)?;
    Ok(true.to_bytes())
}

/// Answers `messages.readHistory`, which is for private chats and old groups only.
pub(super) fn read_history(_: &mut Call<'_>, _: functions::messages::ReadHistory) -> Reply {
    Err(Refusal::bad("PEER_ID_INVALID"))
}
