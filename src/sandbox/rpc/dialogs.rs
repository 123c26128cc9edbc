//! `messages.getDialogs` and `getPeerDialogs`: the groups a user is in, the latest first.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::Group;

use super::render::{Named, View};
use super::updates::common_state;
use super::{Call, Reply};

struct Shown {
    dialogs: Vec<enums::Dialog>,
    messages: Vec<enums::Message>,
    named: Named,
}

fn show(view: &View<'_>, groups: &[&Group]) -> Shown {
    let mut named = Named::default();
    let mut messages = Vec::new();
    for group in groups {
        named.groups.insert(group.id);
        messages.extend(group.message(group.top_message()).map(|message| view.message(group, message, &mut named)));
    }
    Shown { dialogs: groups.iter().map(|group| view.dialog(group)).collect(), messages, named }
}

fn last_date(group: &Group) -> i64 {
    group.message(group.top_message()).map_or(group.date, |message| message.date)
}

/// Answers `messages.getDialogs`.
pub(super) fn dialogs(call: &mut Call<'_>, request: functions::messages::GetDialogs) -> Reply {
    let view = call.view()?;
    let mut groups: Vec<&Group> = call.inner.world.groups().filter(|group| group.is_present(call.account)).collect();
    let total = groups.len();
    groups.sort_by_key(|group| std::cmp::Reverse((last_date(group), group.id)));
    if request.folder_id.is_some_and(|folder| folder != 0) {
        groups.clear();
    }
    if request.offset_date > 0 {
        let offset = i64::from(request.offset_date);
        let offset_peer = match &request.offset_peer {
            enums::InputPeer::Channel(c) => c.channel_id,
            _ => i64::MAX,
        };
        groups.retain(|group| (last_date(group), group.id) < (offset, offset_peer));
    }
    let limit = usize::try_from(request.limit).unwrap_or(0).clamp(1, 100);
    let cut = groups.len() > limit;
    groups.truncate(limit);
    let Shown { dialogs, messages, named } = show(&view, &groups);
    let (chats, users) = (view.chats(&named), view.users(&named));
    Ok(if cut || groups.len() < total {
        let count = i32::try_from(total).unwrap_or(i32::MAX);
        enums::messages::Dialogs::Slice(types::messages::DialogsSlice { count, dialogs, messages, chats, users })
    } else {
        enums::messages::Dialogs::Dialogs(types::messages::Dialogs { dialogs, messages, chats, users })
    }
    .to_bytes())
}

/// Answers `messages.getPeerDialogs`.
pub(super) fn peer_dialogs(call: &mut Call<'_>, request: functions::messages::GetPeerDialogs) -> Reply {
    let view = call.view()?;
    let mut groups = Vec::new();
    for peer in &request.peers {
        if let enums::InputDialogPeer::Peer(peer) = peer {
            groups.push(call.inner.world.group_or(call.own_group(&peer.peer)?)?);
        }
    }
    let Shown { dialogs, messages, named } = show(&view, &groups);
    let answer = types::messages::PeerDialogs {
        dialogs,
        messages,
        chats: view.chats(&named),
        users: view.users(&named),
        state: common_state(call),
    };
    Ok(enums::messages::PeerDialogs::Dialogs(answer).to_bytes())
}
