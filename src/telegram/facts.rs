//! What Telegram says about the group and about the desk's account in it.

use grammers_tl_types as tl;
use tl::enums::ChannelParticipant as Participant;

use super::convert::people::{People, user};
use super::error::{CallError, TelegramError};
use super::group::Group;
use super::wire::Wire;
use crate::desk::ids::{MessageId, PersonId};
use crate::desk::people::Person;
use crate::engine::transport::{Admin, GroupFacts, Rights};
use crate::store::session::OwnRecord;

/// Looking for the highest id of a message starts so many updates back.
const LOOK_BACK: i32 = 60;

/// Asks for everything that [`GroupFacts`] holds. The pts is asked for first, so that what follows it is a safe seed.
pub(crate) async fn facts(wire: &Wire, own: &OwnRecord, group: &Group) -> Result<GroupFacts, TelegramError> {
    let full = full_channel(wire, own, group).await?;
    let myself = own_user(wire);
    let admins = admins(wire, group);
    let membership = membership(wire, group);
    let top = top_message(wire, own, group, full.pts);
    let clock = wire.clock_ahead();
    let (myself, admins, membership, top, clock) = tokio::join!(myself, admins, membership, top, clock);
    let myself = myself.map_err(|error| error.explain(&wire.target()))?;
    let membership = membership.map_err(|error| error.explain(&wire.target()))?;
    Ok(GroupFacts {
        group: group.id,
        name: group.name.clone(),
        title: group.title.clone(),
        username: group.username.clone(),
        forum: group.channel.forum,
        admins: admins.map_err(|error| error.explain(&wire.target()))?,
        linked_channel: full.linked_chat_id.map(PersonId::channel),
        own: PersonId(myself.id),
        bot: myself.bot,
        own_name: user(&myself).name,
        rights: rights(membership.as_ref(), &group.channel, &myself),
        noforwards: group.channel.noforwards,
        top_message: top.map_err(|error| error.explain(&wire.target()))?,
        pts: full.pts.max(1),
        clock_ahead: Some(clock.map_err(|error| error.explain(&wire.target()))?),
        lost: None,
    })
}

async fn full_channel(wire: &Wire, own: &OwnRecord, group: &Group) -> Result<tl::types::ChannelFull, TelegramError> {
    let request = tl::functions::channels::GetFullChannel { channel: group.input() };
    let tl::enums::messages::ChatFull::Full(full) = wire.ask(&request).await.map_err(|error| {
        if error.is_no_access() {
            TelegramError::NotMember { account: own.name.clone(), title: group.title.clone() }
        } else {
            error.explain(&wire.target())
        }
    })?;
    wire.vault().learn(&full.users, &full.chats);
    match full.full_chat {
        tl::enums::ChatFull::ChannelFull(full) => Ok(full),
        _ => Err(TelegramError::GroupNotFound { why: format!("\"{}\" is not a supergroup", group.title) }),
    }
}

/// Asks who the account is.
pub(crate) async fn own_user(wire: &Wire) -> Result<tl::types::User, CallError> {
    let request = tl::functions::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] };
    let found = wire.ask(&request).await?;
    wire.vault().learn(&found, &[]);
    found
        .into_iter()
        .find_map(|user| match user {
            tl::enums::User::User(user) => Some(user),
            tl::enums::User::Empty(_) => None,
        })
        .ok_or_else(|| CallError::Garbled("Telegram did not say whose login this is".to_owned()))
}

async fn admins(wire: &Wire, group: &Group) -> Result<Vec<Admin>, CallError> {
    let request = tl::functions::channels::GetParticipants {
        channel: group.input(),
        filter: tl::enums::ChannelParticipantsFilter::ChannelParticipantsAdmins,
        offset: 0,
        limit: 200,
        hash: 0,
    };
    let found = match wire.ask(&request).await {
        Ok(tl::enums::channels::ChannelParticipants::Participants(found)) => found,
        Ok(tl::enums::channels::ChannelParticipants::NotModified) => return Ok(Vec::new()),
        // A user account may not list them; that is no trouble.
        Err(CallError::Rpc(rpc)) if matches!(rpc.code, 400 | 403) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    wire.vault().learn(&found.users, &found.chats);
    let mut admins: Vec<Admin> = Vec::new();
    for participant in &found.participants {
        let (id, rights, owner) = match participant {
            Participant::Creator(creator) => (creator.user_id, &creator.admin_rights, true),
            Participant::Admin(admin) => (admin.user_id, &admin.admin_rights, false),
            _ => continue,
        };
        let tl::enums::ChatAdminRights::Rights(rights) = rights;
        let person = found.users.iter().find_map(|found| match found {
            tl::enums::User::User(found) if found.id == id => Some(user(found)),
            _ => None,
        });
        if let Some(person) = person {
            admins.push(Admin { person, anonymous: rights.anonymous, owner });
        }
    }
    if admins.iter().any(|admin| admin.anonymous) {
        let id = PersonId::channel(group.id.0);
        let person = Person { id, name: group.title.clone(), username: group.username.clone(), bot: false };
        admins.push(Admin { person, anonymous: true, owner: false });
    }
    Ok(admins)
}

async fn membership(wire: &Wire, group: &Group) -> Result<Option<Participant>, CallError> {
    let request =
        tl::functions::channels::GetParticipant { channel: group.input(), participant: tl::enums::InputPeer::PeerSelf };
    match wire.ask(&request).await {
        Ok(tl::enums::channels::ChannelParticipant::Participant(found)) => Ok(Some(found.participant)),
        Err(error) if error.is("USER_NOT_PARTICIPANT") => Ok(None),
        Err(error) => Err(error),
    }
}

fn rights(membership: Option<&Participant>, channel: &tl::types::Channel, myself: &tl::types::User) -> Rights {
    let reads_all = !myself.bot || myself.bot_chat_history;
    let full = Rights {
        member: true,
        admin: true,
        send: true,
        manage_topics: true,
        create_topics: true,
        delete_messages: true,
        pin_messages: true,
        reads_all,
        unneeded: Vec::new(),
    };
    let banned = |rights: &Option<tl::enums::ChatBannedRights>, what: fn(&tl::types::ChatBannedRights) -> bool| matches!(rights, Some(tl::enums::ChatBannedRights::Rights(rights)) if what(rights));
    match membership {
        Some(Participant::Creator(_)) => Rights { unneeded: vec!["owns the group".to_owned()], ..full },
        Some(Participant::Admin(admin)) => {
            let tl::enums::ChatAdminRights::Rights(rights) = &admin.admin_rights;
            let members_may = !banned(&channel.default_banned_rights, |rights| rights.manage_topics);
            Rights {
                manage_topics: rights.manage_topics,
                create_topics: rights.manage_topics || members_may,
                delete_messages: rights.delete_messages,
                pin_messages: rights.pin_messages,
                unneeded: unneeded(rights),
                ..full
            }
        }
        Some(Participant::Participant(_) | Participant::ParticipantSelf(_)) => {
            let may = |what: fn(&tl::types::ChatBannedRights) -> bool| {
                !banned(&channel.default_banned_rights, what) && !banned(&channel.banned_rights, what)
            };
            Rights {
                member: true,
                send: may(|rights| rights.send_messages || rights.send_plain),
                create_topics: may(|rights| rights.manage_topics),
                pin_messages: may(|rights| rights.pin_messages),
                reads_all,
                ..Rights::default()
            }
        }
        Some(Participant::Banned(banned)) => {
            let tl::enums::ChatBannedRights::Rights(rights) = &banned.banned_rights;
            Rights {
                member: !banned.left && !rights.view_messages,
                send: !banned.left && !rights.send_messages && !rights.send_plain,
                reads_all,
                ..Rights::default()
            }
        }
        Some(Participant::Left(_)) | None => Rights { reads_all, ..Rights::default() },
    }
}

/// Names the rights that the desk has no use for, in the words of the group's settings.
fn unneeded(rights: &tl::types::ChatAdminRights) -> Vec<String> {
    let known = [
        (rights.change_info, "Change group info"),
        (rights.delete_messages, "Delete messages"),
        (rights.ban_users, "Ban users"),
        (rights.invite_users, "Invite users via link"),
        (rights.pin_messages, "Pin messages"),
        (rights.manage_call, "Manage video chats"),
        (rights.add_admins, "Add new admins"),
        (rights.anonymous, "Remain anonymous"),
        (rights.post_stories || rights.edit_stories || rights.delete_stories, "Manage stories"),
    ];
    known.into_iter().filter(|(held, _)| *held).map(|(_, name)| name.to_owned()).collect()
}

/// Finds a message id as high as can be had cheaply: for a user the newest message, for a bot (which may not read history) the
/// newest among the last updates, or what Telegram says when asked from the very beginning.
async fn top_message(wire: &Wire, own: &OwnRecord, group: &Group, pts: i32) -> Result<Option<MessageId>, CallError> {
    if !own.bot {
        let request = tl::functions::messages::GetHistory {
            peer: group.peer(),
            offset_id: 0,
            offset_date: 0,
            add_offset: 0,
            limit: 1,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        let page = super::history::unpack(wire.ask(&request).await?);
        return Ok(page.messages.iter().map(tl::enums::Message::id).max().map(MessageId));
    }
    let general = tl::functions::messages::GetForumTopicsById { peer: group.peer(), topics: vec![1] };
    let mut top = match wire.ask(&general).await {
        Ok(tl::enums::messages::ForumTopics::Topics(found)) => highest(&found.messages, &found.topics),
        Err(CallError::Rpc(_)) => None,
        Err(error) => return Err(error),
    };
    for from in [pts.saturating_sub(LOOK_BACK).max(1), 1] {
        let request = tl::functions::updates::GetChannelDifference {
            force: false,
            channel: group.input(),
            filter: tl::enums::ChannelMessagesFilter::Empty,
            pts: from,
            limit: 100,
        };
        let found = match wire.ask(&request).await {
            Ok(tl::enums::updates::ChannelDifference::Difference(difference)) => highest(&difference.new_messages, &[]),
            Ok(tl::enums::updates::ChannelDifference::TooLong(long)) => match long.dialog {
                tl::enums::Dialog::Dialog(dialog) => Some(dialog.top_message),
                _ => None,
            },
            Ok(tl::enums::updates::ChannelDifference::Empty(_)) | Err(CallError::Rpc(_)) => None,
            Err(error) => return Err(error),
        };
        top = top.max(found);
        if found.is_some() {
            break;
        }
    }
    Ok(top.filter(|&top| top > 0).map(MessageId))
}

fn highest(messages: &[tl::enums::Message], topics: &[tl::enums::ForumTopic]) -> Option<i32> {
    let topics = topics.iter().filter_map(|topic| match topic {
        tl::enums::ForumTopic::Topic(topic) => Some(topic.top_message),
        tl::enums::ForumTopic::Deleted(_) => None,
    });
    messages.iter().map(tl::enums::Message::id).chain(topics).max()
}

/// Collects everybody of an answer and remembers their hashes.
pub(crate) fn meet(wire: &Wire, users: &[tl::enums::User], chats: &[tl::enums::Chat]) -> People {
    wire.vault().learn(users, chats);
    People::new(users, chats)
}
