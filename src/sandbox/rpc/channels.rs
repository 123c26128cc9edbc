//! `channels.*`: groups, their messages by id, their members.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::{Account, Group, Member, Refusal, Standing};

use super::render::Named;
use super::{Call, Reply};

/// The most ids one call may name.
const MAX_IDS: usize = 200;

/// Answers `channels.getChannels`.
pub(super) fn channels(call: &mut Call<'_>, request: functions::channels::GetChannels) -> Reply {
    let mut named = Named::default();
    for channel in &request.id {
        named.groups.insert(call.channel(channel)?);
    }
    let chats = types::messages::Chats { chats: call.view()?.chats(&named) };
    Ok(enums::messages::Chats::Chats(chats).to_bytes())
}

/// Answers `messages.getChats`: of basic groups there are only those that became a supergroup.
pub(super) fn basic_groups(call: &mut Call<'_>, request: functions::messages::GetChats) -> Reply {
    let mut chats = Vec::new();
    for id in request.id {
        let found = call.inner.world.groups().find(|group| group.upgraded_from == Some(id));
        let group =
            found.filter(|group| group.is_present(call.account)).ok_or_else(|| Refusal::bad("CHAT_ID_INVALID"))?;
        chats.push(call.view()?.basic_group(id, group));
    }
    Ok(enums::messages::Chats::Chats(types::messages::Chats { chats }).to_bytes())
}

/// Answers `channels.getFullChannel`; its pts is where a client starts to follow.
pub(super) fn full_channel(call: &mut Call<'_>, request: functions::channels::GetFullChannel) -> Reply {
    let id = call.own_channel(&request.channel)?;
    let view = call.view()?;
    let group = call.inner.world.group_or(id)?;
    let full = types::messages::ChatFull {
        full_chat: view.full_channel(group).into(),
        chats: vec![view.chat(group)],
        users: Vec::new(),
    };
    Ok(enums::messages::ChatFull::Full(full).to_bytes())
}

/// Reads plain message ids; other ways to name a message are refused.
pub(super) fn message_ids(ids: &[enums::InputMessage], group: &Group) -> Result<Vec<i32>, Refusal> {
    ids.iter()
        .map(|id| match id {
            enums::InputMessage::Id(id) => Ok(id.id),
            // The message that this one answers.
            enums::InputMessage::ReplyTo(of) => Ok(group.message(of.id).and_then(|m| m.reply_to).unwrap_or(0)),
            enums::InputMessage::Pinned | enums::InputMessage::CallbackQuery(_) => {
                Err(Refusal::bad("MESSAGE_ID_INVALID"))
            }
        })
        .collect()
}

/// Answers `channels.getMessages`: as many entries as ids, empty ones for what is not there or not seen.
pub(super) fn messages(call: &mut Call<'_>, request: functions::channels::GetMessages) -> Reply {
    let id = call.own_channel(&request.channel)?;
    let view = call.view()?;
    let group = call.inner.world.group_or(id)?;
    if request.id.is_empty() {
        return Err(Refusal::bad("MESSAGE_IDS_EMPTY"));
    }
    if request.id.len() > MAX_IDS {
        return Err(Refusal::bad("LIMIT_INVALID"));
    }
    let ids = message_ids(&request.id, group)?;
    let mut named = Named::default();
    let messages: Vec<enums::Message> = ids.iter().map(|id| view.message_or_empty(group, *id, &mut named)).collect();
    named.groups.insert(group.id);
    let topics = view.topics_of(group, &ids, &mut named);
    let answer = types::messages::ChannelMessages {
        inexact: false,
        pts: group.pts(),
        count: i32::try_from(messages.len()).unwrap_or(i32::MAX),
        offset_id_offset: None,
        messages,
        topics,
        chats: view.chats(&named),
        users: view.users(&named),
    };
    Ok(enums::messages::Messages::ChannelMessages(answer).to_bytes())
}

/// Answers `channels.getParticipant`.
pub(super) fn participant(call: &mut Call<'_>, request: functions::channels::GetParticipant) -> Reply {
    let id = call.own_channel(&request.channel)?;
    let whom = call.peer_user(&request.participant)?;
    let view = call.view()?;
    let group = call.inner.world.group_or(id)?;
    let mut named = Named::default();
    named.groups.insert(id);
    if whom != call.account && group.member(whom).is_some_and(|m| m.standing == Standing::Left) {
        return Err(Refusal::bad("USER_NOT_PARTICIPANT"));
    }
    let participant = view.participant(group, whom, &mut named).ok_or_else(|| Refusal::bad("USER_NOT_PARTICIPANT"))?;
    let answer =
        types::channels::ChannelParticipant { participant, chats: view.chats(&named), users: view.users(&named) };
    Ok(enums::channels::ChannelParticipant::Participant(answer).to_bytes())
}

/// Answers `channels.getParticipants`: recent, admins, bots, search, banned and removed.
pub(super) fn participants(call: &mut Call<'_>, request: functions::channels::GetParticipants) -> Reply {
    use enums::ChannelParticipantsFilter as Filter;
    let id = call.own_channel(&request.channel)?;
    let view = call.view()?;
    let world = &call.inner.world;
    let group = world.group_or(id)?;
    let is_admin = group.admin_rights(call.account).is_some();
    let query = match &request.filter {
        Filter::ChannelParticipantsSearch(f) => f.q.to_lowercase(),
        Filter::ChannelParticipantsKicked(f) => f.q.to_lowercase(),
        Filter::ChannelParticipantsBanned(f) => f.q.to_lowercase(),
        Filter::ChannelParticipantsContacts(f) => f.q.to_lowercase(),
        Filter::ChannelParticipantsMentions(f) => f.q.clone().unwrap_or_default().to_lowercase(),
        Filter::ChannelParticipantsRecent | Filter::ChannelParticipantsAdmins | Filter::ChannelParticipantsBots => {
            String::new()
        }
    };
    let account = |member: &Member| world.account(member.account);
    let named_so = |a: &Account| {
        let username = a.username.as_deref().unwrap_or_default();
        a.name().to_lowercase().contains(&query) || username.to_lowercase().contains(&query)
    };
    let wanted = |member: &&Member| {
        let fits = match &request.filter {
            Filter::ChannelParticipantsAdmins => member.admin_rights().is_some(),
            Filter::ChannelParticipantsBots => member.is_present() && account(member).is_some_and(Account::is_bot),
            Filter::ChannelParticipantsKicked(_) => is_admin && member.standing == Standing::Banned,
            Filter::ChannelParticipantsBanned(_) => is_admin && matches!(member.standing, Standing::Restricted(_)),
            Filter::ChannelParticipantsContacts(_) => false,
            Filter::ChannelParticipantsRecent
            | Filter::ChannelParticipantsSearch(_)
            | Filter::ChannelParticipantsMentions(_) => member.is_present(),
        };
        fits && (query.is_empty() || account(member).is_some_and(named_so))
    };
    let found: Vec<i64> = group.members().filter(wanted).map(|m| m.account).collect();
    let mut named = Named::default();
    named.groups.insert(id);
    let skip = usize::try_from(request.offset).unwrap_or(0);
    let take = usize::try_from(request.limit).unwrap_or(0).min(200);
    let participants = found
        .iter()
        .skip(skip)
        .take(take)
        .filter_map(|account| view.participant(group, *account, &mut named))
        .collect();
    let answer = types::channels::ChannelParticipants {
        count: i32::try_from(found.len()).unwrap_or(i32::MAX),
        participants,
        chats: view.chats(&named),
        users: view.users(&named),
    };
    Ok(enums::channels::ChannelParticipants::Participants(answer).to_bytes())
}

/// Answers `channels.readHistory`: reads every topic up to the message.
pub(super) fn read_history(call: &mut Call<'_>, request: functions::channels::ReadHistory) -> Reply {
    let id = call.own_channel(&request.channel)?;
    let group = call.inner.world.group_or(id)?;
    let topics: Vec<i32> = group.topics().map(|topic| topic.id).collect();
    for topic in topics {
        call.inner.world.read_topic(id, call.account, topic, request.max_id)?;
    }
    Ok(true.to_bytes())
}
