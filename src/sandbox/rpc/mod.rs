//! Calls: unwrapping them, asking who calls and whether they may, and handing them to the file of their family.

mod attachments;
mod auth;
mod buttons;
mod channels;
mod dialogs;
mod entities;
mod faces;
mod help;
mod history;
mod messages;
mod peers;
mod privates;
pub(super) mod render;
mod send;
pub(super) mod srp;
mod stickers;
#[cfg(test)]
mod tests;
mod told;
mod topics;
mod updates;
mod upload;
mod users;

use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, deserialize, enums, functions, types};

use crate::clock::Timestamp;

use super::faults::Fault;
use super::hub::Inner;
use super::session::{Boxed, constructor};
use super::world::{Account, Refusal};
use render::{Named, View};

/// How deep calls may be wrapped.
const MAX_WRAPS: usize = 8;

/// Methods that Telegram keeps from bots.
const USER_ONLY: &[&str] = &[
    "contacts.getContacts",
    "messages.getDialogs",
    "messages.getForumTopics",
    "messages.getHistory",
    "messages.getPeerDialogs",
    "messages.getReplies",
    "messages.getDiscussionMessage",
    "messages.readDiscussion",
    "messages.readHistory",
    "messages.getBotCallbackAnswer",
    "messages.search",
    "messages.searchGlobal",
    "messages.updatePinnedForumTopic",
    "messages.reorderPinnedForumTopics",
    "messages.getUnreadMentions",
    "messages.getUnreadReactions",
    "messages.getMessagesViews",
    "messages.saveDraft",
    "messages.getScheduledHistory",
    "channels.readHistory",
    "channels.getAdminLog",
    "channels.toggleForum",
    "help.getAppConfig",
    "account.updateStatus",
];

/// Tells what comes of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This answer, a result or an error.
    Answer(Vec<u8>),
    /// Nothing at all.
    Silence,
    /// The end of the connection.
    Cut,
}

/// A result, in bytes, or what is refused.
type Reply = Result<Vec<u8>, Refusal>;

/// Holds a call's surroundings.
struct Call<'a> {
    inner: &'a mut Inner,
    link: u64,
    key_id: i64,
    /// Who calls; 0 while nobody is logged in, which only methods for such callers see.
    account: i64,
    is_bot: bool,
    now: Timestamp,
}

impl Call<'_> {
    fn viewer(&self) -> Result<&Account, Refusal> {
        self.inner.world.account(self.account).ok_or_else(|| Refusal::new(401, "AUTH_KEY_UNREGISTERED"))
    }

    fn view(&self) -> Result<View<'_>, Refusal> {
        Ok(View::new(&self.inner.world, self.viewer()?))
    }

    /// Shows the caller what its call has changed, after some updates of the call's own; everybody else gets a push.
    fn changes(&mut self, mut first: Vec<enums::Update>) -> Reply {
        let updates = self.inner.publish(Some(self.link));
        let view = self.view()?;
        let mut named = Named::default();
        first.extend(updates.iter().filter_map(|update| view.update(update, &mut named)));
        Ok(view.updates(first, &named, self.now).to_bytes())
    }
}

/// Works on a call and answers it.
pub(super) fn answer(inner: &mut Inner, link: u64, key_id: i64, body: &[u8]) -> Outcome {
    let (body, wants_updates, sets_up) = match unwrap(body) {
        Ok(unwrapped) => unwrapped,
        Err(_) => return refuse(&Refusal::bad("INPUT_REQUEST_TOO_SHORT")),
    };
    let Some(id) = constructor(&body) else { return refuse(&Refusal::bad("INPUT_REQUEST_TOO_SHORT")) };
    let method = grammers_tl_types::name_for_id(id);
    *inner.calls.entry(method.to_owned()).or_insert(0) += 1;
    let Some(key) = inner.keys.get_mut(key_id) else { return refuse(&Refusal::new(401, "AUTH_KEY_UNREGISTERED")) };
    if key.destroyed {
        return refuse(&Refusal::new(406, "AUTH_KEY_DUPLICATED"));
    }
    if wants_updates && (sets_up || key.link.is_none()) {
        key.link = Some(link);
    }
    let (account, password_missing) = (key.account, key.login.password_of.is_some());
    tracing::debug!(link, method, account, "call");
    let fault = inner.faults.take(method, account);
    match &fault {
        Some(Fault::CutBefore) => return Outcome::Cut,
        Some(Fault::Silence) => return Outcome::Silence,
        Some(Fault::Refuse(refusal)) => return refuse(refusal),
        Some(Fault::CutAfter | Fault::DifferenceTooLong) | None => {}
    }
    let is_open = method.starts_with("auth.") || method.starts_with("help.") || method == "account.getPassword";
    if account.is_none() && !is_open {
        let name = if password_missing { "SESSION_PASSWORD_NEEDED" } else { "AUTH_KEY_UNREGISTERED" };
        return refuse(&Refusal::new(401, name));
    }
    let is_bot = account.and_then(|id| inner.world.account(id)).is_some_and(Account::is_bot);
    if is_bot && USER_ONLY.contains(&method) {
        return refuse(&Refusal::bad("BOT_METHOD_INVALID"));
    }
    let now = inner.now();
    let too_long = fault == Some(Fault::DifferenceTooLong);
    let mut call = Call { inner, link, key_id, account: account.unwrap_or(0), is_bot, now };
    let reply = dispatch(&mut call, id, method, &body[4..], too_long);
    match (reply, fault) {
        (_, Some(Fault::CutAfter)) => Outcome::Cut,
        (Ok(bytes), _) => Outcome::Answer(bytes),
        (Err(refusal), _) => {
            tracing::debug!(link, method, code = refusal.code, error = refusal.name, "refused");
            refuse(&refusal)
        }
    }
}

fn refuse(refusal: &Refusal) -> Outcome {
    let error = types::RpcError { error_code: refusal.code, error_message: refusal.name.clone() };
    Outcome::Answer(error.boxed())
}

/// Takes the rest of a call as it is.
struct Rest(Vec<u8>);

impl Deserializable for Rest {
    fn deserialize(buf: &mut Cursor<'_>) -> deserialize::Result<Self> {
        let mut rest = Vec::new();
        buf.read_to_end(&mut rest)?;
        Ok(Self(rest))
    }
}

/// Takes the wrappings off a call; tells the call, whether its connection wants updates, and whether it was set up.
fn unwrap(body: &[u8]) -> deserialize::Result<(Vec<u8>, bool, bool)> {
    let (mut wants_updates, mut sets_up) = (true, false);
    let mut current = body.to_vec();
    for _ in 0..MAX_WRAPS {
        let Some(id) = constructor(&current) else { return Err(deserialize::Error::UnexpectedEof) };
        let rest = &current[4..];
        current = match id {
            functions::InvokeWithLayer::<Rest>::CONSTRUCTOR_ID => {
                let wrapped = functions::InvokeWithLayer::<Rest>::from_bytes(rest)?;
                tracing::debug!(layer = wrapped.layer, "a client names its layer");
                wrapped.query.0
            }
            functions::InitConnection::<Rest>::CONSTRUCTOR_ID => {
                sets_up = true;
                functions::InitConnection::<Rest>::from_bytes(rest)?.query.0
            }
            functions::InvokeWithoutUpdates::<Rest>::CONSTRUCTOR_ID => {
                wants_updates = false;
                functions::InvokeWithoutUpdates::<Rest>::from_bytes(rest)?.query.0
            }
            functions::InvokeAfterMsg::<Rest>::CONSTRUCTOR_ID => {
                functions::InvokeAfterMsg::<Rest>::from_bytes(rest)?.query.0
            }
            functions::InvokeAfterMsgs::<Rest>::CONSTRUCTOR_ID => {
                functions::InvokeAfterMsgs::<Rest>::from_bytes(rest)?.query.0
            }
            _ => return Ok((current, wants_updates, sets_up)),
        };
    }
    Err(deserialize::Error::UnexpectedEof)
}

macro_rules! serve {
    ($call:ident, $id:ident, $method:ident, $rest:ident; $($function:path => $work:expr,)*) => {
        match $id {
            $(<$function>::CONSTRUCTOR_ID => match <$function>::from_bytes($rest) {
                Ok(request) => $work($call, request),
                Err(error) => {
                    tracing::info!(method = $method, %error, "a damaged call");
                    Err(Refusal::bad("INPUT_FETCH_ERROR"))
                }
            },)*
            _ => {
                tracing::warn!(method = $method, id = format!("{:08x}", $id), "this sandbox does not serve that method");
                Err(Refusal::bad("METHOD_NOT_SERVED"))
            }
        }
    };
}

fn dispatch(call: &mut Call<'_>, id: u32, method: &str, rest: &[u8], too_long: bool) -> Reply {
    serve! { call, id, method, rest;
        functions::help::GetConfig => help::config,
        functions::help::GetNearestDc => help::nearest_dc,
        functions::help::GetAppConfig => help::app_config,
        functions::auth::ImportBotAuthorization => auth::import_bot,
        functions::auth::SendCode => auth::send_code,
        functions::auth::ResendCode => auth::resend_code,
        functions::auth::CancelCode => auth::cancel_code,
        functions::auth::SignIn => auth::sign_in,
        functions::auth::CheckPassword => auth::check_password,
        functions::auth::LogOut => auth::log_out,
        functions::account::GetPassword => auth::password,
        functions::account::UpdateStatus => users::update_status,
        functions::users::GetUsers => users::users,
        functions::users::GetFullUser => users::full_user,
        functions::contacts::ResolveUsername => users::resolve_username,
        functions::contacts::GetContacts => users::contacts,
        functions::updates::GetState => updates::state,
        functions::updates::GetDifference => updates::difference,
        functions::updates::GetChannelDifference => |call, request| {
            updates::channel_difference(call, request, too_long)
        },
        functions::channels::GetChannels => channels::channels,
        functions::channels::GetFullChannel => channels::full_channel,
        functions::channels::GetMessages => channels::messages,
        functions::channels::GetParticipant => channels::participant,
        functions::channels::GetParticipants => channels::participants,
        functions::channels::DeleteMessages => messages::delete_in_channel,
        functions::channels::ReadHistory => channels::read_history,
        functions::messages::GetChats => channels::basic_groups,
        functions::messages::GetMessages => messages::messages,
        functions::messages::GetForumTopics => topics::list,
        functions::messages::GetForumTopicsById => topics::by_id,
        functions::messages::CreateForumTopic => topics::create,
        functions::messages::EditForumTopic => topics::edit,
        functions::messages::DeleteTopicHistory => topics::delete,
        functions::messages::UpdatePinnedForumTopic => topics::pin,
        functions::messages::GetStickerSet => stickers::set,
        functions::messages::GetHistory => history::history,
        functions::messages::GetReplies => history::replies,
        functions::messages::Search => history::search,
        functions::messages::GetDialogs => dialogs::dialogs,
        functions::messages::GetPeerDialogs => dialogs::peer_dialogs,
        functions::messages::SendMessage => send::message,
        functions::messages::SendMedia => send::media,
        functions::messages::ForwardMessages => send::forward,
        functions::upload::GetFile => upload::get_file,
        functions::upload::SaveFilePart => upload::save_part,
        functions::upload::SaveBigFilePart => upload::save_big_part,
        functions::messages::EditMessage => messages::edit,
        functions::messages::DeleteMessages => messages::delete,
        functions::messages::SetBotCallbackAnswer => buttons::answer,
        functions::messages::GetBotCallbackAnswer => buttons::press,
        functions::messages::SetTyping => messages::typing,
        functions::messages::ReadDiscussion => messages::read_discussion,
        functions::messages::ReadHistory => messages::read_history,
    }
}
