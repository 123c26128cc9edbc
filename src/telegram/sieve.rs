//! What is taken out of updates before grammers' message boxes see them, and what is done for them afterwards.
//!
//! The boxes keep count of pts well, but lose or choke on some things (TELEGRAM §9): a pts inside `updateChannelTooLong` overwrites
//! theirs (A), a difference that is too long loses its messages (B), edits and deletions of the last slice of a channel difference are
//! taken for old ones, and updates of one kind of chat in the constructor of another panic. So they get the count, and the content of
//! differences is read here. Channels other than the desk's groups are not followed at all: their updates never reach the boxes.

use grammers_session::updates::UpdatesLike;
use grammers_tl_types as tl;
use tl::enums::Update;

use super::convert::channel_of;

/// Lets through what concerns the account or one of `groups`.
pub(crate) fn sift(pushed: UpdatesLike, groups: &[i64]) -> UpdatesLike {
    match pushed {
        UpdatesLike::Updates(tl::enums::Updates::Updates(mut all)) => {
            all.updates = sift_all(all.updates, groups);
            UpdatesLike::Updates(all.into())
        }
        UpdatesLike::Updates(tl::enums::Updates::Combined(mut all)) => {
            all.updates = sift_all(all.updates, groups);
            UpdatesLike::Updates(all.into())
        }
        UpdatesLike::Updates(tl::enums::Updates::UpdateShort(mut short)) => {
            short.update = keep(short.update, groups).unwrap_or(Update::PtsChanged);
            UpdatesLike::Updates(short.into())
        }
        // Telegram sends these for private chats only; in a channel they would panic. Asking the channel is always right.
        UpdatesLike::ShortSentMessage { request, .. } if matches!(request.peer, tl::enums::InputPeer::Channel(_)) => {
            match &request.peer {
                tl::enums::InputPeer::Channel(peer) if groups.contains(&peer.channel_id) => nudge(peer.channel_id),
                _ => short(Update::PtsChanged),
            }
        }
        UpdatesLike::AffectedChannelMessages { channel_id, .. } if !groups.contains(&channel_id) => {
            short(Update::PtsChanged)
        }
        other => other,
    }
}

/// Filters updates. Something always stays: an empty list would keep the boxes from counting the `seq` of its container.
pub(crate) fn sift_all(updates: Vec<Update>, groups: &[i64]) -> Vec<Update> {
    let mut kept: Vec<Update> = updates.into_iter().filter_map(|update| keep(update, groups)).collect();
    if kept.is_empty() {
        kept.push(Update::PtsChanged);
    }
    kept
}

fn keep(update: Update, groups: &[i64]) -> Option<Update> {
    let ours = |id: i64| groups.contains(&id);
    let is_channel = |peer: &tl::enums::Peer| matches!(peer, tl::enums::Peer::Channel(_));
    let ours = match &update {
        Update::ChannelTooLong(long) if ours(long.channel_id) => {
            return Some(tl::types::UpdateChannelTooLong { channel_id: long.channel_id, pts: None }.into());
        }
        Update::ChannelTooLong(_) => false,
        Update::NewChannelMessage(new) => channel_of(&new.message).is_some_and(ours),
        Update::EditChannelMessage(edit) => channel_of(&edit.message).is_some_and(ours),
        Update::DeleteChannelMessages(gone) => ours(gone.channel_id),
        Update::PinnedChannelMessages(pinned) => ours(pinned.channel_id),
        Update::ReadChannelInbox(read) => ours(read.channel_id),
        Update::ChannelWebPage(page) => ours(page.channel_id),
        Update::NewMessage(new) => channel_of(&new.message).is_none(),
        Update::EditMessage(edit) => channel_of(&edit.message).is_none(),
        Update::ReadHistoryInbox(read) => !is_channel(&read.peer),
        Update::ReadHistoryOutbox(read) => !is_channel(&read.peer),
        Update::PinnedMessages(pinned) => !is_channel(&pinned.peer),
        _ => true,
    };
    ours.then_some(update)
}

fn short(update: Update) -> UpdatesLike {
    UpdatesLike::Updates(tl::types::UpdateShort { update, date: 0 }.into())
}

/// Makes the boxes ask for the difference of `group` from their own pts.
pub(crate) fn nudge(group: i64) -> UpdatesLike {
    short(tl::types::UpdateChannelTooLong { channel_id: group, pts: None }.into())
}

/// A channel difference taken apart: the count for the boxes, the content for us.
pub(crate) struct Opened {
    /// The same without what was taken out.
    pub(crate) count: tl::enums::updates::ChannelDifference,
    /// What happened in the group.
    pub(crate) updates: Vec<Update>,
    /// Who is mentioned.
    pub(crate) users: Vec<tl::enums::User>,
    /// What is mentioned.
    pub(crate) chats: Vec<tl::enums::Chat>,
    /// Telegram gave up telling what happened: the highest message there is now.
    pub(crate) gap: Option<i32>,
    /// The pts it leads to.
    pub(crate) pts: i32,
    /// Nothing follows.
    pub(crate) last: bool,
}

/// Takes a channel difference apart; `None` if it makes no sense (too long, and without a pts to go on from).
pub(crate) fn open(difference: tl::enums::updates::ChannelDifference, group: i64) -> Option<Opened> {
    use tl::enums::updates::ChannelDifference as Raw;
    let new = |message| -> Update { tl::types::UpdateNewChannelMessage { message, pts: 0, pts_count: 0 }.into() };
    Some(match difference {
        Raw::Empty(empty) => Opened {
            pts: empty.pts,
            last: empty.r#final,
            count: empty.into(),
            updates: Vec::new(),
            users: Vec::new(),
            chats: Vec::new(),
            gap: None,
        },
        Raw::Difference(mut full) => {
            let (about_us, others): (Vec<Update>, Vec<Update>) =
                std::mem::take(&mut full.other_updates).into_iter().partition(|update| is_content(update, group));
            full.other_updates = others.into_iter().filter_map(|update| keep(update, &[group])).collect();
            // A difference that announces itself would never end.
            full.other_updates.retain(|update| !matches!(update, Update::ChannelTooLong(_)));
            let messages = std::mem::take(&mut full.new_messages);
            Opened {
                updates: messages.into_iter().map(new).chain(about_us).collect(),
                users: std::mem::take(&mut full.users),
                chats: std::mem::take(&mut full.chats),
                gap: None,
                pts: full.pts,
                last: full.r#final,
                count: full.into(),
            }
        }
        Raw::TooLong(long) => {
            let tl::enums::Dialog::Dialog(dialog) = &long.dialog else { return None };
            let pts = dialog.pts?;
            let count = tl::types::updates::ChannelDifference {
                r#final: long.r#final,
                pts,
                timeout: long.timeout,
                new_messages: Vec::new(),
                other_updates: Vec::new(),
                chats: Vec::new(),
                users: Vec::new(),
            };
            Opened {
                gap: Some(dialog.top_message),
                updates: long.messages.into_iter().map(new).collect(),
                users: long.users,
                chats: long.chats,
                pts,
                last: long.r#final,
                count: count.into(),
            }
        }
    })
}

fn is_content(update: &Update, group: i64) -> bool {
    match update {
        Update::NewChannelMessage(new) => channel_of(&new.message) == Some(group),
        Update::EditChannelMessage(edit) => channel_of(&edit.message) == Some(group),
        Update::DeleteChannelMessages(gone) => gone.channel_id == group,
        Update::PinnedChannelMessages(pinned) => pinned.channel_id == group,
        Update::ReadChannelInbox(_) | Update::ChannelWebPage(_) => true,
        _ => false,
    }
}
