//! `updates.*`: where a client stands and what it has missed.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::{Change, Group, LogEntry, Peer, Refusal, Update};

use super::render::{Named, View, date, notify_settings, peer};
use super::{Call, Reply};

/// How many of the newest messages "too long" brings along.
const LATEST: usize = 10;

/// How many bytes of messages a slice has at most, roughly.
const MAX_BYTES: usize = 400_000;
/// What a message needs beside its text, roughly.
const MESSAGE_BYTES: usize = 120;

/// Tells the state of the caller's own boxes: the first counts private messages, the second what only bots are told.
pub(super) fn common_state(call: &Call<'_>) -> enums::updates::State {
    let (now, world) = (call.now, &call.inner.world);
    let (pts, qts) = (world.private_pts(call.account), world.qts(call.account));
    types::updates::State { pts, qts, date: date(now.unix()), seq: 1, unread_count: 0 }.into()
}

/// Answers `updates.getState`.
pub(super) fn state(call: &mut Call<'_>, _: functions::updates::GetState) -> Reply {
    Ok(common_state(call).to_bytes())
}

/// Answers `updates.getDifference`: names the groups with news since the client's date, without their pts.
pub(super) fn difference(call: &mut Call<'_>, request: functions::updates::GetDifference) -> Reply {
    if request.pts <= 0 {
        return Err(Refusal::bad("PERSISTENT_TIMESTAMP_EMPTY"));
    }
    let view = call.view()?;
    let groups = call.inner.world.groups().filter(|group| group.is_present(call.account));
    let news: Vec<&Group> = groups.filter(|group| group.last_change() >= i64::from(request.date)).collect();
    let mut named = Named::default();
    let told = call.inner.world.told_after(call.account, request.qts).filter_map(|(qts, _, told)| {
        let group = call.inner.world.group(told.group)?;
        Some(view.told_update(group, told, qts, &mut named))
    });
    let told: Vec<enums::Update> = told.collect();
    let own = call.inner.world.privates(call.account).iter().filter(|message| message.id >= request.pts);
    let own: Vec<enums::Message> = own.map(|message| view.private_message(message, &mut named)).collect();
    if news.is_empty() && told.is_empty() && own.is_empty() {
        let empty = types::updates::DifferenceEmpty { date: date(call.now.unix()), seq: 1 };
        return Ok(enums::updates::Difference::Empty(empty).to_bytes());
    }
    named.groups.extend(news.iter().map(|group| group.id));
    let difference = types::updates::Difference {
        new_messages: own,
        new_encrypted_messages: Vec::new(),
        other_updates: news
            .iter()
            .map(|group| types::UpdateChannelTooLong { channel_id: group.id, pts: None }.into())
            .chain(told)
            .collect(),
        chats: view.chats(&named),
        users: view.users(&named),
        state: common_state(call),
    };
    Ok(enums::updates::Difference::Difference(difference).to_bytes())
}

/// Answers `updates.getChannelDifference` in slices, or with "too long" if the box does not reach back that far.
pub(super) fn channel_difference(
    call: &mut Call<'_>,
    request: functions::updates::GetChannelDifference,
    too_long: bool,
) -> Reply {
    let id = call.own_channel(&request.channel)?;
    let world = &call.inner.world;
    let view = call.view()?;
    let group = world.group_or(id)?;
    if request.pts <= 0 {
        return Err(Refusal::bad("PERSISTENT_TIMESTAMP_EMPTY"));
    }
    if request.pts > group.pts() {
        return Err(Refusal::bad("PERSISTENT_TIMESTAMP_INVALID"));
    }
    let limits = &world.limits;
    let behind = group.pts() - request.pts;
    let gap_too_wide = !call.is_bot && behind > limits.user_gap;
    if too_long || gap_too_wide || request.pts < group.oldest_pts() {
        return Ok(answer_too_long(&view, group, request.limit));
    }
    if behind == 0 {
        let empty =
            types::updates::ChannelDifferenceEmpty { r#final: true, pts: group.pts(), timeout: timeout(call.is_bot) };
        return Ok(enums::updates::ChannelDifference::Empty(empty).to_bytes());
    }
    let most = if call.is_bot { limits.bot_slice } else { limits.user_slice };
    let most = call.inner.slices.map_or(most, |slices| most.min(slices));
    let limit = usize::try_from(request.limit).unwrap_or(0).clamp(1, most.max(1));
    let mut bytes = 0;
    // A slice is cut before it grows too long for a packet; one entry there always is.
    let fits = |entry: &&LogEntry| {
        let fits = bytes < MAX_BYTES;
        bytes += match &entry.change {
            Change::New(id) | Change::Edited(id) => group.message(*id).map_or(0, |m| m.text().len() + MESSAGE_BYTES),
            Change::Deleted(ids) => ids.len() * 4,
            Change::Pinned(..) => 4,
        };
        fits
    };
    let entries: Vec<_> = group.log_after(request.pts).take(limit).take_while(fits).collect();
    let pts = entries.last().map_or(group.pts(), |entry| entry.pts);
    let mut named = Named::default();
    named.groups.insert(group.id);
    let (mut new_messages, mut other_updates) = (Vec::new(), Vec::new());
    for entry in entries {
        match &entry.change {
            Change::New(message) => {
                let seen = group.message(*message).filter(|m| world.sees(view.viewer, group, m));
                new_messages.extend(seen.map(|m| view.message(group, m, &mut named)));
            }
            Change::Edited(message) => {
                let update = Update::Edited { group: group.id, id: *message, pts: entry.pts };
                other_updates.extend(view.update(&update, &mut named));
            }
            Change::Pinned(id, pinned) => {
                let update = Update::PinnedMessage { group: group.id, id: *id, pinned: *pinned, pts: entry.pts };
                other_updates.extend(view.update(&update, &mut named));
            }
            Change::Deleted(ids) => {
                let update = Update::Deleted { group: group.id, ids: ids.to_vec(), pts: entry.pts };
                other_updates.extend(view.update(&update, &mut named));
            }
        }
    }
    let difference = types::updates::ChannelDifference {
        r#final: pts == group.pts(),
        pts,
        timeout: timeout(call.is_bot),
        new_messages,
        other_updates,
        chats: view.chats(&named),
        users: view.users(&named),
    };
    Ok(enums::updates::ChannelDifference::Difference(difference).to_bytes())
}

/// Tells after how many seconds a client with the group on screen may ask again.
fn timeout(is_bot: bool) -> Option<i32> {
    (!is_bot).then_some(30)
}

fn answer_too_long(view: &View<'_>, group: &Group, limit: i32) -> Vec<u8> {
    let mut named = Named::default();
    named.groups.insert(group.id);
    let take = usize::try_from(limit).unwrap_or(0).clamp(1, LATEST);
    let seen = group.messages().rev().filter(|m| view.world.sees(view.viewer, group, m));
    let messages: Vec<enums::Message> = seen.take(take).map(|m| view.message(group, m, &mut named)).collect();
    let answer = types::updates::ChannelDifferenceTooLong {
        r#final: true,
        timeout: None,
        dialog: view.dialog(group),
        messages,
        chats: view.chats(&named),
        users: view.users(&named),
    };
    enums::updates::ChannelDifference::TooLong(answer).to_bytes()
}

impl View<'_> {
    /// Shows a group as a dialog, with the pts a client may start from.
    pub(super) fn dialog(&self, group: &Group) -> enums::Dialog {
        let unread: i32 = group.topics().map(|topic| group.unread(topic, self.viewer.id)).sum();
        let dialog = types::Dialog {
            pinned: false,
            unread_mark: false,
            view_forum_as_messages: false,
            peer: peer(Peer::Group(group.id)),
            top_message: group.top_message(),
            read_inbox_max_id: group.read_floor,
            read_outbox_max_id: group.read_floor,
            unread_count: unread,
            unread_mentions_count: 0,
            unread_reactions_count: 0,
            unread_poll_votes_count: 0,
            notify_settings: notify_settings(),
            pts: Some(group.pts()),
            draft: None,
            folder_id: None,
            ttl_period: None,
        };
        dialog.into()
    }
}
