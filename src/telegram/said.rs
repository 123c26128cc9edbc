//! Updates -> what they say about a group.

use grammers_tl_types as tl;
use tl::enums::{ChannelParticipant as Participant, Update};

use super::convert::people::{People, peer};
use super::convert::{self, date};
use crate::desk::ids::{GroupId, MessageId, PersonId};
use crate::engine::transport::{Happening, Press};

/// Tells the channel that an update speaks of.
pub(crate) fn about(update: &Update) -> Option<i64> {
    let peer = |peer: &tl::enums::Peer| match peer {
        tl::enums::Peer::Channel(channel) => Some(channel.channel_id),
        _ => None,
    };
    match update {
        Update::NewChannelMessage(new) => convert::channel_of(&new.message),
        Update::EditChannelMessage(edit) => convert::channel_of(&edit.message),
        Update::DeleteChannelMessages(gone) => Some(gone.channel_id),
        Update::PinnedChannelMessages(pins) => Some(pins.channel_id),
        Update::ChannelWebPage(page) => Some(page.channel_id),
        Update::MessageReactions(all) => peer(&all.peer),
        Update::BotMessageReactions(all) => peer(&all.peer),
        Update::BotMessageReaction(one) => peer(&one.peer),
        Update::BotCallbackQuery(press) => peer(&press.peer),
        Update::Channel(changed) => Some(changed.channel_id),
        Update::ChannelParticipant(changed) => Some(changed.channel_id),
        Update::ChatDefaultBannedRights(changed) => peer(&changed.peer),
        _ => None,
    }
}

/// Tells what an update says about `group`; nothing for most.
pub(crate) fn happenings(update: Update, group: GroupId, people: &People) -> Vec<Happening> {
    let here = |id: i64| id == group.0;
    let at_peer =
        |peer: &tl::enums::Peer| matches!(peer, tl::enums::Peer::Channel(channel) if here(channel.channel_id));
    let ids = |ids: Vec<i32>| ids.into_iter().map(MessageId).collect();
    let one = match update {
        Update::NewChannelMessage(new) => convert::message(new.message, group, people).map(Happening::Message),
        Update::EditChannelMessage(edit) => convert::message(edit.message, group, people).map(Happening::Edited),
        Update::DeleteChannelMessages(gone) if here(gone.channel_id) => Some(Happening::Deleted(ids(gone.messages))),
        Update::PinnedChannelMessages(pins) if here(pins.channel_id) => {
            Some(Happening::Pinned { messages: ids(pins.messages), pinned: pins.pinned })
        }
        Update::MessageReactions(all) if at_peer(&all.peer) => {
            Some(Happening::Reactions { message: MessageId(all.msg_id), reactions: convert::reactions(&all.reactions) })
        }
        Update::BotMessageReactions(all) if at_peer(&all.peer) => {
            Some(Happening::Reactions { message: MessageId(all.msg_id), reactions: convert::counted(&all.reactions) })
        }
        Update::BotMessageReaction(one) if at_peer(&one.peer) => Some(Happening::Reacted {
            message: MessageId(one.msg_id),
            by: peer(&one.actor),
            emoji: one.new_reactions.iter().filter_map(convert::reaction).collect(),
        }),
        Update::BotCallbackQuery(press) if at_peer(&press.peer) => Some(Happening::Pressed(Press {
            message: MessageId(press.msg_id),
            by: PersonId(press.user_id),
            query: press.query_id,
            data: press.data.unwrap_or_default(),
        })),
        Update::MessageId(sent) => Some(Happening::Settled { random_id: sent.random_id, message: MessageId(sent.id) }),
        Update::Channel(changed) if here(changed.channel_id) => Some(Happening::FactsChanged),
        Update::ChannelParticipant(changed) if here(changed.channel_id) => {
            let is_in = |who: &Option<Participant>| who.as_ref().is_some_and(is_present);
            let (before, present) = (is_in(&changed.prev_participant), is_in(&changed.new_participant));
            let member = Happening::Member { person: PersonId(changed.user_id), present, at: date(changed.date) };
            return (before != present).then_some(member).into_iter().chain([Happening::FactsChanged]).collect();
        }
        Update::ChatDefaultBannedRights(changed) if at_peer(&changed.peer) => Some(Happening::FactsChanged),
        _ => None,
    };
    one.into_iter().collect()
}

/// Puts a batch into the order in which it is to be applied; what Telegram said in a row stays in a row.
pub(crate) fn arranged(mut happenings: Vec<(GroupId, Happening)>) -> Vec<(GroupId, Happening)> {
    happenings.sort_by_key(|(group, happening)| {
        let (kind, id) = rank(happening);
        (*group, kind, id)
    });
    happenings.dedup_by(|a, b| a == b && matches!(a.1, Happening::FactsChanged));
    happenings
}

fn rank(happening: &Happening) -> (u8, i32) {
    match happening {
        Happening::Settled { .. } => (0, 0),
        Happening::Message(message) => (1, message.id.0),
        Happening::Edited(_) => (2, 0),
        Happening::Deleted(_) => (3, 0),
        Happening::Reactions { .. } | Happening::Reacted { .. } | Happening::Pinned { .. } => (4, 0),
        Happening::Pressed(_) => (4, 0),
        Happening::Member { .. } => (5, 0),
        Happening::Gap { .. } => (6, 0),
        Happening::FactsChanged => (7, 0),
    }
}

/// Tells whether a participant is in the group.
fn is_present(participant: &Participant) -> bool {
    match participant {
        Participant::Banned(banned) => !banned.left,
        Participant::Left(_) => false,
        _ => true,
    }
}
