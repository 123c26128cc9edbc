//! The one JSON line by which other processes find their way in.

use serde::{Deserialize, Serialize};

use super::keys::{FREE_KEYS, Keys, account_key, announced, free_key};
use super::world::{Group, World};

/// Tells where the sandbox listens, which group it serves, and all that logs in to it. Full of secrets: no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Announcement {
    /// Address and port.
    pub address: String,
    /// The data centre the keys are for.
    pub dc_id: i32,
    /// The main group.
    pub group: AnnouncedGroup,
    /// Further groups with topics, if the world has any.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub further: Vec<AnnouncedGroup>,
    /// Everybody one can be.
    pub accounts: Vec<AnnouncedAccount>,
    /// Keys, in hexadecimal, that belong to nobody until somebody logs in with one.
    pub free_keys: Vec<String>,
}

/// Names a group.
#[derive(Clone, Serialize, Deserialize)]
pub struct AnnouncedGroup {
    /// The channel id, bare.
    pub id: i64,
    /// The access hash.
    pub access_hash: i64,
    /// The title.
    pub title: String,
    /// The @username without the sign.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub username: Option<String>,
}

/// Names an account and what logs in to it.
#[derive(Clone, Serialize, Deserialize)]
pub struct AnnouncedAccount {
    /// `bot`, `agent` or `customer`.
    pub kind: String,
    /// The user id.
    pub id: i64,
    /// First and last name.
    pub name: String,
    /// The @username without the sign.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub username: Option<String>,
    /// A key, in hexadecimal, that is logged in already.
    pub auth_key: String,
    /// A bot's token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
    /// A user's phone number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<String>,
    /// The login code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// The two-factor password.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub password: Option<String>,
}

impl AnnouncedGroup {
    fn of(group: &Group) -> Self {
        AnnouncedGroup {
            id: group.id,
            access_hash: group.access_hash,
            title: group.title.clone(),
            username: group.username.clone(),
        }
    }
}

impl Announcement {
    pub(super) fn new(world: &World, keys: &mut Keys, address: String, dc_id: i32) -> Option<Self> {
        let group = world.group(world.forum())?;
        let mut hex = |name: &str| keys.named(name).map(|key| key.auth.hex());
        let mut accounts = Vec::new();
        for id in announced(world) {
            let (Some(account), Some(auth_key)) = (world.account(id), hex(&account_key(id))) else { continue };
            accounts.push(AnnouncedAccount {
                kind: account.kind.label().to_owned(),
                id,
                name: account.name(),
                username: account.username.clone(),
                auth_key,
                token: account.token.clone(),
                phone: account.phone.clone(),
                code: account.code.clone(),
                password: account.password.clone(),
            });
        }
        // The desk's bot first: it is the one that has a token and sees everything.
        accounts.sort_by_key(|account| (account.kind != "bot" || account.token.is_none(), account.kind.clone()));
        Some(Self {
            address,
            dc_id,
            group: AnnouncedGroup::of(group),
            further: world.groups().filter(|one| one.forum && one.id != group.id).map(AnnouncedGroup::of).collect(),
            accounts,
            free_keys: (0..FREE_KEYS).filter_map(|index| hex(&free_key(index))).collect(),
        })
    }

    /// Finds the first account of a kind: `bot`, `agent` or `customer`.
    pub fn first(&self, kind: &str) -> Option<&AnnouncedAccount> {
        self.accounts.iter().find(|account| account.kind == kind)
    }
}
