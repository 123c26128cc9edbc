//! Private chats on the wire: `messages.sendMessage` and `setTyping` to a person, and what is shown of them.

use grammers_tl_types::{Deserializable, Serializable, enums, functions, types};

use crate::sandbox::world::{Peer, PrivateMessage, Refusal};

use super::render::{Named, View, date, peer};
use super::{Call, Reply};

impl Call<'_> {
    /// Tells the person that a peer is; `None`: it is none.
    pub(super) fn private_peer(&self, peer: &enums::InputPeer) -> Option<Result<i64, Refusal>> {
        let is_person = matches!(
            peer,
            enums::InputPeer::User(_) | enums::InputPeer::PeerSelf | enums::InputPeer::UserFromMessage(_)
        );
        is_person.then(|| self.peer_user(peer).map_err(|_| Refusal::bad("PEER_ID_INVALID")))
    }
}

/// Answers `messages.sendMessage` to a person. A repeated call gives the first message again.
pub(super) fn message(call: &mut Call<'_>, to: i64, request: &functions::messages::SendMessage) -> Reply {
    if request.random_id == 0 {
        return Err(Refusal::bad("RANDOM_ID_EMPTY"));
    }
    // Below zero, so that no group is meant.
    let chat = -to;
    let id = match call.inner.world.sent(call.account, chat, request.random_id) {
        Some(id) => {
            call.inner.duplicates += 1;
            id
        }
        None => {
            let id = call.inner.world.write_to(call.account, to, &request.message, call.now)?;
            call.inner.world.remember_sent(call.account, chat, request.random_id, id);
            call.inner.publish(Some(call.link));
            id
        }
    };
    // The own pts counts the messages of the own box, and each has its number as id.
    let short = types::UpdateShortSentMessage {
        out: true,
        id,
        pts: id + 1,
        pts_count: 1,
        date: date(call.now.unix()),
        media: None,
        entities: None,
        ttl_period: None,
    };
    Ok(enums::Updates::UpdateShortSentMessage(short).to_bytes())
}

/// Answers `messages.setTyping` to a person, who sees nothing of it here.
pub(super) fn typing(call: &mut Call<'_>, to: i64) -> Reply {
    call.inner.world.check_private(call.account, to)?;
    Ok(true.to_bytes())
}

impl View<'_> {
    /// Shows a message of the viewer's own box as an update.
    pub(super) fn private(&self, account: i64, id: i32, named: &mut Named) -> Option<enums::Update> {
        if account != self.viewer.id {
            return None;
        }
        let found = self.world.privates(account).iter().find(|message| message.id == id)?;
        let message = self.private_message(found, named);
        Some(types::UpdateNewMessage { message, pts: id + 1, pts_count: 1 }.into())
    }

    /// Shows a message of the viewer's own box.
    pub(super) fn private_message(&self, message: &PrivateMessage, named: &mut Named) -> enums::Message {
        named.users.extend([self.viewer.id, message.peer]);
        // Two flag words, the id, a peer, the date, an empty text.
        let mut bytes = vec![0; 12];
        peer(Peer::User(message.peer)).serialize(&mut bytes);
        bytes.extend([0; 8]);
        let blank = types::Message::from_bytes(&bytes).expect("the length covers the fields that are always there");
        let from = if message.out { self.viewer.id } else { message.peer };
        types::Message {
            out: message.out,
            id: message.id,
            from_id: Some(peer(Peer::User(from))),
            date: date(message.date),
            message: message.text.clone(),
            ..blank
        }
        .into()
    }
}
