//! Summons: a text to an agent's own chat or to the chat of the staff, and whether those can be reached at all.
//!
//! It comes here as an `Order::Summon`, which names no topic; and should the chat of the staff turn out to be the group of the customers,
//! nothing is said there.

use grammers_tl_types as tl;
use tl::enums::{InputPeer, User};

use super::error::{CallError, TelegramError};
use super::group;
use super::send::{PATIENCE, TRIES, judge_error, settled};
use super::station::Shared;
use super::wire::Wire;
use crate::desk::ids::GroupId;
use crate::engine::transport::{Account, Finding, Outcome, Reach, Summons};
use crate::store::session::OwnRecord;

/// Whom to write to could not be found.
enum Unfound {
    /// For good; why, in words.
    Nobody(String),
    /// A call has failed.
    Call(CallError),
}

impl From<CallError> for Unfound {
    fn from(error: CallError) -> Self {
        Unfound::Call(error)
    }
}

/// Sends a summons, and tells how that ended. Only a definite refusal is `Refused`.
pub(super) async fn deliver(shared: &Shared, summons: &Summons) -> Outcome {
    let refused = |why: String| Outcome::Refused { why, topic_gone: false };
    let mut after = 0;
    let mut why = String::new();
    for attempt in 1..=TRIES {
        let online = match shared.online(after, PATIENCE).await {
            Ok(online) => online,
            Err(no_link) => return Outcome::Unknown { why: if attempt == 1 { no_link } else { why } },
        };
        let found = match shared.reached(&summons.to) {
            Some(peer) => Ok(peer),
            None => {
                let groups: Vec<GroupId> = online.groups.iter().map(|group| group.id).collect();
                find(&online.wire, &online.own, &groups, &summons.to).await
            }
        };
        let sent = match found {
            Ok(peer) => {
                shared.remember_reached(&summons.to, Some(peer.clone()));
                online.wire.call(&request(peer, summons)).await
            }
            Err(Unfound::Nobody(why)) => return refused(why),
            Err(Unfound::Call(error)) => Err(error),
        };
        let error = match sent {
            Ok(updates) => {
                return match settled(&updates, summons.random_id) {
                    Some((message, at)) => Outcome::Sent { message, at },
                    None => Outcome::Unknown { why: "Telegram took it without saying under which id".to_owned() },
                };
            }
            Err(error) => error,
        };
        if error.is_link() {
            why = error.words();
            after = online.life;
            continue;
        }
        if error.is("RANDOM_ID_DUPLICATE") {
            return Outcome::Taken;
        }
        shared.remember_reached(&summons.to, None);
        return match (barred(&error, &summons.to, &online.own), judge_error(shared, &error)) {
            (Some(why), _) => refused(why.to_owned()),
            (None, Outcome::Later { not_before }) if attempt > 1 => Outcome::UnknownUntil { not_before },
            (None, outcome) => outcome,
        };
    }
    Outcome::Unknown { why }
}

/// Tells why somebody cannot be written to, if that is what an error says.
fn barred(error: &CallError, to: &Reach, own: &OwnRecord) -> Option<&'static str> {
    if to.agent().is_none() {
        let out = "the desk's account is not in it, or may not write there: an admin of it can change that";
        let barred = error.is_no_access() || error.is("CHAT_*") || error.is("USER_BANNED_IN_CHANNEL");
        return barred.then_some(out);
    }
    [
        ("USER_IS_BLOCKED", "has blocked the desk's account"),
        ("YOU_BLOCKED_USER", "the desk's account has blocked them"),
        ("INPUT_USER_DEACTIVATED", "has deleted their account"),
        ("USER_IS_BOT", "is a bot, and bots do not write to each other"),
        ("USER_PRIVACY_RESTRICTED", "lets only some people write to them"),
        ("PRIVACY_PREMIUM_REQUIRED", "lets only some people write to them"),
        (
            "PEER_ID_INVALID",
            if own.bot {
                "has never written to the bot: they must open its chat in Telegram and press Start"
            } else {
                "the desk's account does not know them: they must write to it once"
            },
        ),
    ]
    .into_iter()
    .find(|(name, _)| error.is(name))
    .map(|(_, why)| why)
}

/// Finds whom to write to. `group`: where the customers are, which is never it.
async fn find(wire: &Wire, own: &OwnRecord, groups: &[GroupId], to: &Reach) -> Result<InputPeer, Unfound> {
    let (user_id, access_hash) = match to {
        Reach::StaffChat(chat) => {
            return match group::staff_chat(wire, own, chat).await {
                Ok((id, _)) if groups.contains(&id) => Err(Unfound::Nobody(
                    "it is the group of the customers, where staff is never told anything".to_owned(),
                )),
                Ok((_, peer)) => Ok(peer),
                Err(TelegramError::Link { why, .. }) => Err(CallError::Lost(why).into()),
                Err(error) if error.is_final() => Err(Unfound::Nobody(error.to_string())),
                Err(error) => Err(CallError::Garbled(error.to_string()).into()),
            };
        }
        Reach::Agent { account: Account::Id(id), .. } => match wire.vault().user_hash(id.0) {
            Some(access_hash) => (id.0, access_hash),
            // A bot may name somebody it has met without a hash; a user may not.
            None if own.bot => (id.0, 0),
            None if id.0 == own.id => (id.0, 0),
            None => {
                let why = "the desk's account has never seen this id: give the agent's @name in desk.toml".to_owned();
                return Err(Unfound::Nobody(why));
            }
        },
        Reach::Agent { account: Account::Username(name), .. } => by_username(wire, name).await?,
    };
    if user_id == own.id {
        return Err(Unfound::Nobody("the desk itself is logged in with this account".to_owned()));
    }
    Ok(tl::types::InputPeerUser { user_id, access_hash }.into())
}

async fn by_username(wire: &Wire, name: &str) -> Result<(i64, i64), Unfound> {
    let nobody = || Unfound::Nobody(format!("nobody is called @{name}"));
    let request = tl::functions::contacts::ResolveUsername { username: name.to_owned(), referer: None };
    let tl::enums::contacts::ResolvedPeer::Peer(found) = match wire.call(&request).await {
        Ok(found) => found,
        Err(error) if error.is("USERNAME_*") => return Err(nobody()),
        Err(error) => return Err(error.into()),
    };
    wire.vault().learn(&found.users, &found.chats);
    let tl::enums::Peer::User(wanted) = found.peer else {
        return Err(Unfound::Nobody(format!("@{name} is a group or a channel, not a person")));
    };
    let hash = found.users.iter().find_map(|user| match user {
        User::User(user) if user.id == wanted.user_id => user.access_hash,
        _ => None,
    });
    hash.map(|hash| (wanted.user_id, hash)).ok_or_else(nobody)
}

fn request(peer: InputPeer, summons: &Summons) -> tl::functions::messages::SendMessage {
    tl::functions::messages::SendMessage {
        no_webpage: true,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        message: summons.text.clone(),
        random_id: summons.random_id,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

/// Asks, without anybody seeing anything of it, whether somebody could be written to.
///
/// Telegram refuses to say that the account stops typing where it would refuse a message. That it does so for nothing else is inferred, not
/// documented: what it lets through is called reachable, what it refuses otherwise is called unknown.
pub(super) async fn probe(wire: &Wire, own: &OwnRecord, groups: &[GroupId], to: &Reach) -> Result<Finding, CallError> {
    let who = to.words();
    let how = match to.agent() {
        Some(_) => "until then rules tell them in the desk only",
        None => "until then rules tell nobody there",
    };
    let unreachable = |why: &str| Ok(Finding::risk(format!("rules cannot reach {who} in Telegram: {why}"), how));
    let peer = match find(wire, own, groups, to).await {
        Ok(peer) => peer,
        Err(Unfound::Nobody(why)) => return unreachable(&why),
        Err(Unfound::Call(error)) => return doubtful(&who, error),
    };
    let request = tl::functions::messages::SetTyping {
        peer,
        top_msg_id: None,
        action: tl::enums::SendMessageAction::SendMessageCancelAction,
    };
    match wire.ask(&request).await {
        Ok(_) => Ok(Finding::fine(format!("rules can reach {who} in Telegram"))),
        Err(error) => match barred(&error, to, own) {
            Some(why) => unreachable(why),
            None => doubtful(&who, error),
        },
    }
}

fn doubtful(who: &str, error: CallError) -> Result<Finding, CallError> {
    if error.is_link() || error.is_lost_login() {
        return Err(error);
    }
    let what = format!("whether rules can reach {who} in Telegram cannot be told: {}", error.words());
    Ok(Finding::risk(what, "the ticket's log will say so if they cannot"))
}
