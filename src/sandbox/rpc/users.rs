//! `users.*` and `contacts.*`.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::{Peer, Refusal};

use super::render::{Named, peer};
use super::{Call, Reply};

/// Answers `users.getUsers`; who is not found is left out as an empty user.
pub(super) fn users(call: &mut Call<'_>, request: functions::users::GetUsers) -> Reply {
    let view = call.view()?;
    let shown: Vec<enums::User> = request
        .id
        .iter()
        .map(|id| match call.user(id).ok().and_then(|id| call.inner.world.account(id)) {
            Some(account) => view.user(account),
            None => types::UserEmpty { id: 0 }.into(),
        })
        .collect();
    Ok(shown.to_bytes())
}

/// Answers `users.getFullUser`.
pub(super) fn full_user(call: &mut Call<'_>, request: functions::users::GetFullUser) -> Reply {
    let id = call.user(&request.id)?;
    let view = call.view()?;
    let account = call.inner.world.account(id).ok_or_else(|| Refusal::bad("USER_ID_INVALID"))?;
    let full = types::users::UserFull {
        full_user: view.full_user(account).into(),
        chats: Vec::new(),
        users: vec![view.user(account)],
    };
    Ok(enums::users::UserFull::Full(full).to_bytes())
}

/// Answers `contacts.resolveUsername` for people, bots and groups.
pub(super) fn resolve_username(call: &mut Call<'_>, request: functions::contacts::ResolveUsername) -> Reply {
    let wanted = request.username.trim_start_matches('@');
    let valid = !wanted.is_empty() && wanted.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !valid {
        return Err(Refusal::bad("USERNAME_INVALID"));
    }
    let world = &call.inner.world;
    let view = call.view()?;
    let mut named = Named::default();
    let is_wanted = |name: &Option<String>| name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(wanted));
    let found = match world.groups().find(|group| is_wanted(&group.username)) {
        Some(group) => Peer::Group(group.id),
        None => match world.account_by_username(wanted) {
            Some(account) => Peer::User(account.id),
            None => return Err(Refusal::bad("USERNAME_NOT_OCCUPIED")),
        },
    };
    named.note(found);
    let resolved =
        types::contacts::ResolvedPeer { peer: peer(found), chats: view.chats(&named), users: view.users(&named) };
    Ok(enums::contacts::ResolvedPeer::Peer(resolved).to_bytes())
}

/// Answers `contacts.getContacts`: nobody has any.
pub(super) fn contacts(_: &mut Call<'_>, _: functions::contacts::GetContacts) -> Reply {
    let none = types::contacts::Contacts { contacts: Vec::new(), saved_count: 0, users: Vec::new() };
    Ok(enums::contacts::Contacts::Contacts(none).to_bytes())
}

/// Answers `account.updateStatus`, which changes nothing here.
pub(super) fn update_status(_: &mut Call<'_>, _: functions::account::UpdateStatus) -> Reply {
    Ok(true.to_bytes())
}
