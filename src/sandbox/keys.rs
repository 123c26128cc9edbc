//! The pre-shared authorization keys and who is logged in with each.

use std::collections::HashMap;
use std::sync::Arc;

use super::crypto::AuthKey;
use super::rpc::srp::{Challenge, Verifier};
use super::world::{AccountKind, World};

/// How many keys belong to nobody until somebody logs in with one.
pub(super) const FREE_KEYS: usize = 8;
/// How many customers are announced with a key of their own.
const ANNOUNCED_CUSTOMERS: usize = 64;

/// Holds how far a login with a key has come.
#[derive(Default)]
pub(super) struct Login {
    /// The phone a code was sent to, and the hash that goes with it.
    pub(super) code: Option<(String, String)>,
    /// The account whose password is still missing.
    pub(super) password_of: Option<i64>,
    /// The open password question.
    pub(super) challenge: Option<Challenge>,
}

/// Holds one key.
pub(super) struct Key {
    /// The key itself.
    pub(super) auth: Arc<AuthKey>,
    /// What it is called in the log of the world: `account 12` or `free 3`.
    pub(super) name: String,
    /// Who is logged in with it.
    pub(super) account: Option<i64>,
    /// How far a login has come.
    pub(super) login: Login,
    /// Two clients have used it at once: it is no good any more, whoever comes with it.
    pub(super) destroyed: bool,
    /// The connection that gets its updates: the one that last set itself up.
    pub(super) link: Option<u64>,
}

/// Holds all keys, by id.
#[derive(Default)]
pub(super) struct Keys {
    by_id: HashMap<i64, Key>,
    verifiers: HashMap<i64, Verifier>,
}

impl Keys {
    /// Derives the keys of a world: one for each announced account, already logged in, and the free ones.
    pub(super) fn derive(world: &World, seed: &[u8; 32]) -> Self {
        let mut keys = Self::default();
        for id in announced(world) {
            keys.add(seed, &account_key(id), Some(id));
        }
        for index in 0..FREE_KEYS {
            keys.add(seed, &free_key(index), None);
        }
        keys
    }

    fn add(&mut self, seed: &[u8; 32], name: &str, account: Option<i64>) {
        let auth = Arc::new(AuthKey::derive(seed, name));
        let key = Key { auth, name: name.to_owned(), account, login: Login::default(), destroyed: false, link: None };
        self.by_id.insert(key.auth.id(), key);
    }

    /// Finds a key by its id.
    pub(super) fn get(&self, id: i64) -> Option<&Key> {
        self.by_id.get(&id)
    }

    /// Finds a key by its id, to change it.
    pub(super) fn get_mut(&mut self, id: i64) -> Option<&mut Key> {
        self.by_id.get_mut(&id)
    }

    /// Finds a key by its name.
    pub(super) fn named(&mut self, name: &str) -> Option<&mut Key> {
        self.by_id.values_mut().find(|key| key.name == name)
    }

    /// Ends the logins of an account with free keys; its own key stays.
    pub(super) fn log_out(&mut self, account: i64) {
        let own = account_key(account);
        for key in self.by_id.values_mut().filter(|key| key.account == Some(account) && key.name != own) {
            key.account = None;
            key.login = Login::default();
        }
    }

    /// Destroys the free keys that an account is logged in with, as when two clients have used one at once.
    pub(super) fn destroy(&mut self, account: i64) {
        let own = account_key(account);
        for key in self.by_id.values_mut().filter(|key| key.account == Some(account) && key.name != own) {
            key.destroyed = true;
        }
    }

    /// Goes through the keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.by_id.values()
    }

    /// Tells what an account's password leaves on the server; computed at the first question.
    pub(super) fn verifier(&mut self, account: i64, password: &str) -> Verifier {
        let make = || {
            let salt = account.to_le_bytes();
            Verifier::new(password, [salt, salt].concat(), [salt, [0x5a; 8]].concat())
        };
        self.verifiers.entry(account).or_insert_with(make).clone()
    }
}

/// Names the key of an account.
pub(super) fn account_key(id: i64) -> String {
    format!("account {id}")
}

/// Names a free key.
pub(super) fn free_key(index: usize) -> String {
    format!("free {index}")
}

/// Lists the accounts that are announced: bots and staff all, customers up to a number.
pub(super) fn announced(world: &World) -> Vec<i64> {
    let mut customers = 0;
    let live = world.accounts().filter(|account| !account.deleted);
    let chosen = live.filter(|account| {
        customers += usize::from(account.kind == AccountKind::Customer);
        account.kind != AccountKind::Customer || customers <= ANNOUNCED_CUSTOMERS
    });
    chosen.map(|account| account.id).collect()
}
