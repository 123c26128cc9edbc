//! Which group: how Telegram finds it, and whether it will do.

use std::sync::Arc;

use grammers_tl_types as tl;

use super::convert::people::public_name;
use super::convert::safe;
use super::error::{CallError, TelegramError};
use super::selector::GroupSelector;
use super::session::Vault;
use super::setup::{Setup, Wanted};
use super::wire::Wire;
use crate::desk::ids::GroupId;
use crate::engine::transport::{Missing, StaffChat};
use crate::store::session::OwnRecord;

/// A page of dialogs; Telegram gives no more at once.
const PAGE: i32 = 100;
/// Nobody has a topic group below the 3,000 newest chats.
const PAGES: usize = 30;

/// A group the account knows, to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChoice {
    /// Its id.
    pub id: GroupId,
    /// Its title, safe.
    pub title: String,
    /// Its public name, without `@`.
    pub username: Option<String>,
    /// It has topics.
    pub forum: bool,
}

/// The group, found and fit.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) access_hash: i64,
    /// What the desk calls it.
    pub(crate) name: Option<String>,
    pub(crate) title: String,
    pub(crate) username: Option<String>,
    pub(crate) channel: tl::types::Channel,
}

impl Group {
    pub(crate) fn input(&self) -> tl::enums::InputChannel {
        tl::types::InputChannel { channel_id: self.id.0, access_hash: self.access_hash }.into()
    }

    /// Tells whether it is the one that a setup means.
    pub(crate) fn is_wanted(&self, wanted: &Wanted) -> bool {
        match &wanted.selector {
            GroupSelector::Id(id) => self.id.0 == *id,
            GroupSelector::Username(name) => self.username.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)),
            GroupSelector::Title(title) => self.title.trim().to_lowercase() == title.trim().to_lowercase(),
        }
    }

    pub(crate) fn peer(&self) -> tl::enums::InputPeer {
        tl::types::InputPeerChannel { channel_id: self.id.0, access_hash: self.access_hash }.into()
    }
}

/// Lists the supergroups the account knows, forums first.
///
/// A user's are those of its chat list. A bot has no such list: its are those it has heard of.
///
/// # Errors
/// Not logged in, no connection, or Telegram refused.
pub async fn choose(setup: &Setup) -> Result<Vec<GroupChoice>, TelegramError> {
    let vault = Arc::new(Vault::open(setup)?);
    let own = vault.own().ok_or(TelegramError::NotLoggedIn)?;
    let (wire, _pool) = Wire::new(setup, vault);
    let mut choices: Vec<GroupChoice> = known(&wire, &own)
        .await?
        .into_iter()
        .filter(|channel| channel.megagroup && !channel.left)
        .map(|channel| GroupChoice {
            id: GroupId(channel.id),
            title: safe::name(&channel.title),
            username: public_name(channel.username.as_deref(), channel.usernames.as_deref()),
            forum: channel.forum,
        })
        .collect();
    choices.sort_by(|a, b| b.forum.cmp(&a.forum).then_with(|| a.title.cmp(&b.title)));
    wire.vault().flush()?;
    Ok(choices)
}

/// Finds the groups of a setup; tells which of them will do, and which not. One that will not keeps no other from being followed.
///
/// # Errors
/// None of them will do; or it is not a group that is wrong.
pub(crate) async fn resolve_all(
    wire: &Wire,
    own: &OwnRecord,
    wanted: &[Wanted],
) -> Result<(Vec<Group>, Vec<Missing>), TelegramError> {
    if wanted.is_empty() {
        return Ok((vec![resolve(wire, own, None).await?], Vec::new()));
    }
    let (mut groups, mut missing): (Vec<Group>, Vec<Missing>) = (Vec::new(), Vec::new());
    for one in wanted {
        match resolve(wire, own, Some(&one.selector)).await {
            Ok(group) if groups.iter().any(|known| known.id == group.id) => {
                tracing::warn!(group = %one.selector, title = group.title, "the same group is named twice in desk.toml");
            }
            Ok(group) => groups.push(Group { name: one.name.clone(), ..group }),
            Err(error) if error.is_of_one_group() && wanted.len() > 1 => missing.push(lacking(one, &error)),
            Err(error) => return Err(error),
        }
    }
    if groups.is_empty() {
        let why: Vec<String> = missing.into_iter().map(|one| one.why).collect();
        return Err(TelegramError::GroupNotFound { why: why.join("; ") });
    }
    Ok((groups, missing))
}

/// Says that a group cannot be had.
pub(crate) fn lacking(wanted: &Wanted, error: &TelegramError) -> Missing {
    let group = match &wanted.selector {
        GroupSelector::Id(id) => Some(GroupId(*id)),
        GroupSelector::Username(_) | GroupSelector::Title(_) => None,
    };
    Missing { group, name: wanted.label(), why: error.to_string() }
}

/// Finds a group and makes sure that it will do.
pub(crate) async fn resolve(
    wire: &Wire,
    own: &OwnRecord,
    selector: Option<&GroupSelector>,
) -> Result<Group, TelegramError> {
    let chat = match selector {
        Some(GroupSelector::Id(id)) => by_id(wire, own, *id).await?,
        Some(GroupSelector::Username(name)) => by_username(wire, name).await?,
        Some(GroupSelector::Title(title)) => by_title(wire, own, title).await?,
        None => the_only_one(wire, own).await?,
    };
    let group = fit(chat, own)?;
    wire.vault().flush()?;
    Ok(group)
}

/// Finds the chat of the staff, which may be any group or channel that the account may know.
pub(crate) async fn staff_chat(
    wire: &Wire,
    own: &OwnRecord,
    chat: &StaffChat,
) -> Result<(GroupId, tl::enums::InputPeer), TelegramError> {
    let found = match chat {
        StaffChat::Id(id) => by_id(wire, own, id.0).await?,
        StaffChat::Username(name) => by_username(wire, name).await?,
    };
    match found {
        tl::enums::Chat::Channel(tl::types::Channel { id, access_hash: Some(access_hash), left: false, .. }) => {
            Ok((GroupId(id), tl::types::InputPeerChannel { channel_id: id, access_hash }.into()))
        }
        tl::enums::Chat::Channel(channel) => {
            Err(TelegramError::NotMember { account: called(own), title: safe::name(&channel.title) })
        }
        tl::enums::Chat::ChannelForbidden(channel) => {
            Err(TelegramError::NotMember { account: called(own), title: safe::name(&channel.title) })
        }
        _ => Err(TelegramError::GroupNotFound { why: "the staff chat is no supergroup and no channel".to_owned() }),
    }
}

fn fit(chat: tl::enums::Chat, own: &OwnRecord) -> Result<Group, TelegramError> {
    let not_member = |title: &str| TelegramError::NotMember { account: called(own), title: safe::name(title) };
    match chat {
        tl::enums::Chat::Channel(channel) => {
            let title = safe::name(&channel.title);
            if channel.left {
                return Err(not_member(&channel.title));
            }
            if channel.broadcast {
                return Err(TelegramError::GroupNotFound {
                    why: format!("\"{title}\" is a channel, not a group: topics exist in groups only"),
                });
            }
            if !channel.forum {
                return Err(TelegramError::NotForum { title });
            }
            let Some(access_hash) = channel.access_hash else {
                return Err(not_member(&channel.title));
            };
            Ok(Group {
                id: GroupId(channel.id),
                access_hash,
                name: None,
                title,
                username: public_name(channel.username.as_deref(), channel.usernames.as_deref()),
                channel,
            })
        }
        tl::enums::Chat::ChannelForbidden(channel) => Err(not_member(&channel.title)),
        tl::enums::Chat::Chat(chat) => Err(TelegramError::NotForum { title: safe::name(&chat.title) }),
        _ => Err(TelegramError::GroupNotFound { why: "this is not a group".to_owned() }),
    }
}

fn called(own: &OwnRecord) -> String {
    match &own.username {
        Some(username) => format!("@{username}"),
        None => own.name.clone(),
    }
}

async fn by_id(wire: &Wire, own: &OwnRecord, id: i64) -> Result<tl::enums::Chat, TelegramError> {
    let stored = wire.vault().channel_hash(id);
    // A bot may name a group it is in without a hash; a user may not.
    let mut hashes: Vec<i64> = stored.into_iter().collect();
    if own.bot && stored != Some(0) {
        hashes.push(0);
    }
    for access_hash in hashes {
        let request = tl::functions::channels::GetChannels {
            id: vec![tl::types::InputChannel { channel_id: id, access_hash }.into()],
        };
        match wire.ask(&request).await {
            Ok(answer) => {
                let chats = chats_of(answer);
                wire.vault().learn(&[], &chats);
                if let Some(chat) = chats.into_iter().find(|chat| channel_id(chat) == Some(id)) {
                    return Ok(chat);
                }
            }
            Err(error) if error.is_no_access() => wire.vault().drop_channel(id)?,
            Err(error) => return Err(error.explain(&wire.target())),
        }
    }
    let all = known(wire, own).await?;
    if let Some(channel) = all.into_iter().find(|channel| channel.id == id) {
        return Ok(channel.into());
    }
    Err(match upgraded(wire, id).await? {
        Some((title, new)) => TelegramError::GroupNotFound {
            why: format!(
                "\"{title}\" became a supergroup and has the id -100{new} now: put -100{new} into [telegram] group"
            ),
        },
        None => not_found(own, &GroupSelector::Id(id)),
    })
}

/// Tells what has become of a group from before it was a supergroup: its title and the supergroup's id.
async fn upgraded(wire: &Wire, id: i64) -> Result<Option<(String, i64)>, TelegramError> {
    let answer = match wire.ask(&tl::functions::messages::GetChats { id: vec![id] }).await {
        Ok(answer) => answer,
        // There never was one.
        Err(CallError::Rpc(_)) => return Ok(None),
        Err(error) => return Err(error.explain(&wire.target())),
    };
    Ok(chats_of(answer).into_iter().find_map(|chat| match chat {
        tl::enums::Chat::Chat(tl::types::Chat {
            migrated_to: Some(tl::enums::InputChannel::Channel(new)),
            title,
            ..
        }) => Some((safe::name(&title), new.channel_id)),
        _ => None,
    }))
}

async fn by_username(wire: &Wire, name: &str) -> Result<tl::enums::Chat, TelegramError> {
    let nobody = || TelegramError::GroupNotFound {
        why: format!("no group is called @{name}: check the name in [telegram] group"),
    };
    let request = tl::functions::contacts::ResolveUsername { username: name.to_owned(), referer: None };
    let tl::enums::contacts::ResolvedPeer::Peer(found) = match wire.ask(&request).await {
        Ok(found) => found,
        Err(error) if error.is("USERNAME_*") => return Err(nobody()),
        Err(error) => return Err(error.explain(&wire.target())),
    };
    wire.vault().learn(&found.users, &found.chats);
    match found.peer {
        tl::enums::Peer::Channel(channel) => {
            found.chats.into_iter().find(|chat| channel_id(chat) == Some(channel.channel_id)).ok_or_else(nobody)
        }
        _ => Err(TelegramError::GroupNotFound { why: format!("@{name} is a person or a bot, not a group") }),
    }
}

async fn by_title(wire: &Wire, own: &OwnRecord, title: &str) -> Result<tl::enums::Chat, TelegramError> {
    let wanted = title.trim().to_lowercase();
    let mut found: Vec<tl::types::Channel> = known(wire, own)
        .await?
        .into_iter()
        .filter(|channel| channel.megagroup && channel.title.trim().to_lowercase() == wanted)
        .collect();
    if found.len() > 1 && found.iter().any(|channel| channel.forum) {
        found.retain(|channel| channel.forum);
    }
    match found.len() {
        1 => Ok(found.remove(0).into()),
        0 => Err(not_found(own, &GroupSelector::Title(title.to_owned()))),
        _ => Err(TelegramError::GroupUnclear {
            why: format!("several groups are called \"{title}\": put one id into [telegram] group: {}", listed(&found)),
        }),
    }
}

async fn the_only_one(wire: &Wire, own: &OwnRecord) -> Result<tl::enums::Chat, TelegramError> {
    let mut forums: Vec<tl::types::Channel> = known(wire, own)
        .await?
        .into_iter()
        .filter(|channel| channel.forum && channel.megagroup && !channel.left)
        .collect();
    match forums.len() {
        1 => Ok(forums.remove(0).into()),
        0 => Err(TelegramError::GroupUnclear {
            why: format!(
                "no group is set, and {} knows no group with topics: put its id or @username into [telegram] group",
                called(own)
            ),
        }),
        _ => Err(TelegramError::GroupUnclear {
            why: format!(
                "{} is in several groups with topics: put one id into [telegram] group, or all into [[groups]]: {}",
                called(own),
                listed(&forums)
            ),
        }),
    }
}

fn listed(channels: &[tl::types::Channel]) -> String {
    let names: Vec<String> = channels
        .iter()
        .take(10)
        .map(|channel| format!("-100{} \"{}\"", channel.id, safe::name(&channel.title)))
        .collect();
    names.join(", ")
}

fn not_found(own: &OwnRecord, selector: &GroupSelector) -> TelegramError {
    let account = called(own);
    TelegramError::GroupNotFound {
        why: if own.bot {
            format!(
                "{account} knows no group {selector}: add it to the group as admin and name the group by its id (-100…) or @username"
            )
        } else {
            format!("{account} is in no group {selector}: check [telegram] group, or join the group")
        },
    }
}

fn channel_id(chat: &tl::enums::Chat) -> Option<i64> {
    match chat {
        tl::enums::Chat::Channel(channel) => Some(channel.id),
        tl::enums::Chat::ChannelForbidden(channel) => Some(channel.id),
        _ => None,
    }
}

fn chats_of(answer: tl::enums::messages::Chats) -> Vec<tl::enums::Chat> {
    match answer {
        tl::enums::messages::Chats::Chats(chats) => chats.chats,
        tl::enums::messages::Chats::Slice(slice) => slice.chats,
    }
}

/// All channels and supergroups the account can be known to know.
async fn known(wire: &Wire, own: &OwnRecord) -> Result<Vec<tl::types::Channel>, TelegramError> {
    let chats = if own.bot { heard_of(wire).await? } else { dialogs(wire).await? };
    wire.vault().learn(&[], &chats);
    let mut channels: Vec<tl::types::Channel> = Vec::new();
    for chat in chats {
        if let tl::enums::Chat::Channel(channel) = chat
            && !channel.min
            && !channels.iter().any(|known| known.id == channel.id)
        {
            channels.push(channel);
        }
    }
    Ok(channels)
}

/// A bot's groups: those in the session, and those of its undelivered updates.
async fn heard_of(wire: &Wire) -> Result<Vec<tl::enums::Chat>, TelegramError> {
    let mut chats = Vec::new();
    for some in wire.vault().supergroups()?.chunks(100) {
        let id = some
            .iter()
            .map(|peer| tl::types::InputChannel { channel_id: peer.id, access_hash: peer.access_hash }.into())
            .collect();
        // One stale hash makes Telegram refuse all of them; then the updates below have to do.
        match wire.ask(&tl::functions::channels::GetChannels { id }).await {
            Ok(answer) => chats.extend(chats_of(answer)),
            Err(error) if error.is_no_access() => {}
            Err(error) => return Err(error.explain(&wire.target())),
        }
    }
    let from_the_start = tl::functions::updates::GetDifference {
        pts: 1,
        pts_limit: None,
        pts_total_limit: None,
        date: 1,
        qts: 0,
        qts_limit: None,
    };
    match wire.ask(&from_the_start).await {
        Ok(tl::enums::updates::Difference::Difference(difference)) => chats.extend(difference.chats),
        Ok(tl::enums::updates::Difference::Slice(slice)) => chats.extend(slice.chats),
        Ok(_) | Err(CallError::Rpc(_)) => {}
        Err(error) => return Err(error.explain(&wire.target())),
    }
    Ok(chats)
}

/// A user's groups: those of the chat list.
async fn dialogs(wire: &Wire) -> Result<Vec<tl::enums::Chat>, TelegramError> {
    let mut chats = Vec::new();
    let mut request = tl::functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer: tl::enums::InputPeer::Empty,
        limit: PAGE,
        hash: 0,
    };
    for _ in 0..PAGES {
        let (dialogs, messages, more_chats, users, last) =
            match wire.ask(&request).await.map_err(|error| error.explain(&wire.target()))? {
                tl::enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.messages, all.chats, all.users, true),
                tl::enums::messages::Dialogs::Slice(slice) => {
                    (slice.dialogs, slice.messages, slice.chats, slice.users, false)
                }
                tl::enums::messages::Dialogs::NotModified(_) => break,
            };
        wire.vault().learn(&users, &more_chats);
        let next = dialogs.iter().rev().find_map(|dialog| match dialog {
            tl::enums::Dialog::Dialog(dialog) => Some((dialog.peer.clone(), dialog.top_message)),
            _ => None,
        });
        let before = (request.offset_date, request.offset_id);
        if let Some((peer, top)) = next {
            request.offset_id = top;
            request.offset_date =
                messages.iter().find_map(|message| dated(message, &peer, top)).unwrap_or(request.offset_date);
            request.offset_peer = input_peer(&peer, &more_chats, &users);
            request.exclude_pinned = true;
        }
        chats.extend(more_chats);
        if last || dialogs.is_empty() || before == (request.offset_date, request.offset_id) {
            break;
        }
    }
    Ok(chats)
}

fn dated(message: &tl::enums::Message, peer: &tl::enums::Peer, id: i32) -> Option<i32> {
    match message {
        tl::enums::Message::Message(message) if message.id == id && message.peer_id == *peer => Some(message.date),
        tl::enums::Message::Service(message) if message.id == id && message.peer_id == *peer => Some(message.date),
        _ => None,
    }
}

fn input_peer(peer: &tl::enums::Peer, chats: &[tl::enums::Chat], users: &[tl::enums::User]) -> tl::enums::InputPeer {
    match peer {
        tl::enums::Peer::Chat(chat) => tl::types::InputPeerChat { chat_id: chat.chat_id }.into(),
        tl::enums::Peer::Channel(wanted) => {
            let access_hash = chats.iter().find_map(|chat| match chat {
                tl::enums::Chat::Channel(channel) if channel.id == wanted.channel_id => channel.access_hash,
                tl::enums::Chat::ChannelForbidden(channel) if channel.id == wanted.channel_id => {
                    Some(channel.access_hash)
                }
                _ => None,
            });
            let access_hash = access_hash.unwrap_or(0);
            tl::types::InputPeerChannel { channel_id: wanted.channel_id, access_hash }.into()
        }
        tl::enums::Peer::User(wanted) => {
            let access_hash = users.iter().find_map(|user| match user {
                tl::enums::User::User(user) if user.id == wanted.user_id => user.access_hash,
                _ => None,
            });
            tl::types::InputPeerUser { user_id: wanted.user_id, access_hash: access_hash.unwrap_or(0) }.into()
        }
    }
}
