//! grammers' `Session` over `store::session`: keys and addresses at once, peers written behind, update state not at all.
//!
//! The update cursor is none of the session's business (DESIGN §5): what grammers wants to keep of it is dropped.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use grammers_session::types::{ChannelKind, DcOption, PeerAuth, PeerId, PeerInfo, PeerKind, UpdateState, UpdatesState};
use grammers_session::{BoxFuture, Session, SessionData};
use grammers_tl_types as tl;

use super::error::TelegramError;
use super::setup::{SandboxTarget, Setup};
use crate::clock::Timestamp;
use crate::store::session::{DcRecord, Destroyed, OwnRecord, PeerRecord, PeerSort, SessionError, SessionFile};

/// So many new peers are collected before they are written in one transaction.
const WRITE_BEHIND: usize = 64;

/// The session: what the file says, in memory, and the file.
pub(crate) struct Vault {
    state: Mutex<State>,
}

struct State {
    file: SessionFile,
    home_dc: i32,
    dcs: HashMap<i32, DcRecord>,
    own: Option<OwnRecord>,
    destroyed: Option<Destroyed>,
    peers: HashMap<(PeerSort, i64), PeerRecord>,
    unwritten: Vec<PeerRecord>,
}

impl Vault {
    /// Opens the session of a setup, creating the file when absent; a sandbox's address and key are put in.
    pub(crate) fn open(setup: &Setup) -> Result<Self, TelegramError> {
        let file = SessionFile::open(&setup.session)?;
        Self::over(file, setup.sandbox.as_ref())
    }

    fn over(file: SessionFile, sandbox: Option<&SandboxTarget>) -> Result<Self, TelegramError> {
        let known = SessionData::default();
        let mut dcs: HashMap<i32, DcRecord> = known.dc_options.values().map(|dc| (dc.id, record(dc))).collect();
        dcs.extend(file.dcs()?.into_iter().map(|dc| (dc.id, dc)));
        let mut home_dc = file.home_dc()?.unwrap_or(known.home_dc);
        if let Some(sandbox) = sandbox {
            let dc = sandbox_dc(sandbox)?;
            file.put_dc(&dc)?;
            home_dc = dc.id;
            file.set_home_dc(home_dc)?;
            dcs.insert(dc.id, dc);
        }
        let own = file.own()?;
        let destroyed = file.destroyed()?;
        let state = State { file, home_dc, dcs, own, destroyed, peers: HashMap::new(), unwritten: Vec::new() };
        Ok(Self { state: Mutex::new(state) })
    }

    /// Reads who is logged in, without a connection; `None` if nobody is.
    pub(crate) fn read_own(path: &Path) -> Result<Option<OwnRecord>, SessionError> {
        match SessionFile::open_if_present(path)? {
            Some(file) => file.own(),
            None => Ok(None),
        }
    }

    /// Reads whether Telegram has destroyed the key, without a connection.
    pub(crate) fn read_destroyed(path: &Path) -> Result<Option<TelegramError>, SessionError> {
        match SessionFile::open_if_present(path)? {
            Some(file) => Ok(file.destroyed()?.map(words)),
            None => Ok(None),
        }
    }

    /// Tells whether Telegram has destroyed the key.
    pub(crate) fn destroyed(&self) -> Option<TelegramError> {
        self.state().destroyed.clone().map(words)
    }

    /// Writes down that Telegram has destroyed the key; makes the sentence of it.
    pub(crate) fn destroy(&self, name: &str, at: Timestamp) -> TelegramError {
        let mut state = self.state();
        let destroyed = Destroyed { name: name.to_owned(), at };
        if let Err(error) = state.file.set_destroyed(name, at) {
            tracing::error!(%error, "that the key was destroyed could not be written down");
        }
        tracing::error!(name, "Telegram has destroyed the key");
        words(state.destroyed.get_or_insert(destroyed).clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves nothing half-done that matters: the file has its own transactions.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn own(&self) -> Option<OwnRecord> {
        self.state().own.clone()
    }

    pub(crate) fn set_own(&self, own: OwnRecord) -> Result<(), SessionError> {
        let mut state = self.state();
        state.file.set_own(&own)?;
        state.own = Some(own);
        Ok(())
    }

    /// Reads the file again: somebody may have logged in meanwhile, in another process.
    pub(crate) fn reread(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.own = state.file.own()?;
        state.destroyed = state.file.destroyed()?;
        for dc in state.file.dcs()? {
            state.dcs.insert(dc.id, dc);
        }
        if let Some(home) = state.file.home_dc()? {
            state.home_dc = home;
        }
        Ok(())
    }

    /// Forgets the login.
    pub(crate) fn forget(&self) -> Result<(), SessionError> {
        let mut state = self.state();
        state.file.forget()?;
        state.own = None;
        state.destroyed = None;
        state.peers.clear();
        state.unwritten.clear();
        for dc in state.dcs.values_mut() {
            dc.auth_key = None;
        }
        Ok(())
    }

    /// Tells the home data centre.
    pub(crate) fn home(&self) -> i32 {
        self.state().home_dc
    }

    /// Tells the address of the home data centre, for sentences.
    pub(crate) fn home_address(&self) -> Option<SocketAddrV4> {
        let state = self.state();
        state.dcs.get(&state.home_dc).map(|dc| dc.ipv4)
    }

    /// Finds the access hash of a channel.
    pub(crate) fn channel_hash(&self, id: i64) -> Option<i64> {
        self.state().find(PeerSort::Channel, id).map(|peer| peer.access_hash)
    }

    /// Finds the access hash of a user.
    pub(crate) fn user_hash(&self, id: i64) -> Option<i64> {
        self.state().find(PeerSort::User, id).map(|peer| peer.access_hash)
    }

    /// Lists the supergroups that are known.
    pub(crate) fn supergroups(&self) -> Result<Vec<PeerRecord>, SessionError> {
        self.flush()?;
        let peers = self.state().file.peers(PeerSort::Channel)?;
        Ok(peers.into_iter().filter(|peer| matches!(peer.subtype, 0 | 2)).collect())
    }

    /// Forgets the access hash of a channel that Telegram does not take any more.
    pub(crate) fn drop_channel(&self, id: i64) -> Result<(), SessionError> {
        let mut state = self.state();
        state.peers.remove(&(PeerSort::Channel, id));
        state.unwritten.retain(|peer| (peer.sort, peer.id) != (PeerSort::Channel, id));
        state.file.drop_peer(PeerSort::Channel, id)
    }

    /// Remembers everybody mentioned; written when enough have come together, or by [`Vault::flush`].
    pub(crate) fn learn(&self, users: &[tl::enums::User], chats: &[tl::enums::Chat]) {
        let mut state = self.state();
        for user in users {
            state.learn(&PeerInfo::from(user));
        }
        for chat in chats {
            state.learn(&PeerInfo::from(chat));
        }
        if state.unwritten.len() >= WRITE_BEHIND
            && let Err(error) = state.flush()
        {
            tracing::warn!(%error, "peers not written");
        }
    }

    /// Writes what was learnt.
    pub(crate) fn flush(&self) -> Result<(), SessionError> {
        self.state().flush()
    }
}

impl State {
    fn find(&mut self, sort: PeerSort, id: i64) -> Option<PeerRecord> {
        if let Some(peer) = self.peers.get(&(sort, id)) {
            return Some(peer.clone());
        }
        let peer = self.file.peer(sort, id).ok().flatten()?;
        self.peers.insert((sort, id), peer.clone());
        Some(peer)
    }

    fn learn(&mut self, info: &PeerInfo) {
        let Some(auth) = info.auth() else { return };
        let (sort, id, subtype) = match info {
            PeerInfo::User { id, bot, .. } => (PeerSort::User, *id, u8::from(*bot == Some(true))),
            PeerInfo::Channel { id, kind, .. } => (PeerSort::Channel, *id, kind.map_or(0, |kind| kind as u8)),
            PeerInfo::Chat { .. } => return,
        };
        let peer = PeerRecord { sort, id, access_hash: auth.hash(), subtype };
        if self.find(sort, id).as_ref() != Some(&peer) {
            self.peers.insert((sort, id), peer.clone());
            self.unwritten.push(peer);
        }
    }

    fn flush(&mut self) -> Result<(), SessionError> {
        if !self.unwritten.is_empty() {
            self.file.put_peers(&self.unwritten)?;
            self.unwritten.clear();
        }
        Ok(())
    }
}

fn words(destroyed: Destroyed) -> TelegramError {
    TelegramError::KeyDestroyed { name: destroyed.name, at: destroyed.at }
}

fn record(dc: &DcOption) -> DcRecord {
    DcRecord { id: dc.id, ipv4: dc.ipv4, ipv6: dc.ipv6, auth_key: dc.auth_key }
}

fn sandbox_dc(sandbox: &SandboxTarget) -> Result<DcRecord, TelegramError> {
    let wrong = |why: &str| TelegramError::Sandbox { why: why.to_owned() };
    let hex = sandbox.auth_key.expose().trim().as_bytes();
    if hex.len() != 512 {
        return Err(wrong("auth_key is not 512 hexadecimal digits: take one of `free_keys` that the sandbox prints"));
    }
    let mut key = [0; 256];
    for (byte, pair) in key.iter_mut().zip(hex.chunks_exact(2)) {
        let text = std::str::from_utf8(pair).map_err(|_| wrong("auth_key is not hexadecimal"))?;
        *byte = u8::from_str_radix(text, 16).map_err(|_| wrong("auth_key is not hexadecimal"))?;
    }
    let SocketAddr::V4(ipv4) = sandbox.address else {
        return Err(wrong("address must be IPv4, as 127.0.0.1:PORT"));
    };
    if !ipv4.ip().is_loopback() {
        return Err(wrong("address must be on this machine (127.0.0.1): the key of a sandbox is no secret"));
    }
    let ipv6 = SocketAddrV6::new(ipv4.ip().to_ipv6_mapped(), ipv4.port(), 0, 0);
    Ok(DcRecord { id: sandbox.dc_id, ipv4, ipv6, auth_key: Some(key) })
}

impl Session for Vault {
    type Error = SessionError;

    fn home_dc_id(&self) -> Result<i32, SessionError> {
        Ok(self.home())
    }

    fn set_home_dc_id(&self, dc_id: i32) -> BoxFuture<'_, Result<(), SessionError>> {
        let result = {
            let mut state = self.state();
            state.file.set_home_dc(dc_id).map(|()| state.home_dc = dc_id)
        };
        Box::pin(std::future::ready(result))
    }

    fn dc_option(&self, dc_id: i32) -> Result<Option<DcOption>, SessionError> {
        let state = self.state();
        let dc = state.dcs.get(&dc_id);
        Ok(dc.map(|dc| DcOption { id: dc.id, ipv4: dc.ipv4, ipv6: dc.ipv6, auth_key: dc.auth_key }))
    }

    /// Called after each connect. With another key than the stored one (Telegram did not know that one, and grammers agreed upon a new
    /// one behind our back) it fails, and with it the connection: a login is never lost silently.
    fn set_dc_option(&self, dc: &DcOption) -> BoxFuture<'_, Result<(), SessionError>> {
        let offered = record(dc);
        let result = {
            let mut state = self.state();
            let mut stored = state.dcs.get(&dc.id).cloned();
            if stored.as_ref() == Some(&offered) {
                Ok(())
            } else {
                state.file.put_dc(&offered).map(|()| {
                    let auth_key = offered.auth_key.or(stored.take().and_then(|dc| dc.auth_key));
                    state.dcs.insert(offered.id, DcRecord { auth_key, ..offered });
                })
            }
        };
        Box::pin(std::future::ready(result))
    }

    fn peer(&self, peer: PeerId) -> BoxFuture<'_, Result<Option<PeerInfo>, SessionError>> {
        let mut state = self.state();
        let own = state.own.clone();
        let info = if peer == PeerId::self_user() {
            own.as_ref().map(self_info)
        } else {
            match (peer.kind(), peer.bare_id()) {
                (PeerKind::User, Some(id)) if own.as_ref().is_some_and(|own| own.id == id) => {
                    own.as_ref().map(self_info)
                }
                (PeerKind::User, Some(id)) => state.find(PeerSort::User, id).map(|peer| info(&peer)),
                (PeerKind::Channel, Some(id)) => state.find(PeerSort::Channel, id).map(|peer| info(&peer)),
                (PeerKind::Chat, Some(id)) => Some(PeerInfo::Chat { id }),
                (_, None) => None,
            }
        };
        Box::pin(std::future::ready(Ok(info)))
    }

    fn cache_peer(&self, peer: PeerInfo) -> BoxFuture<'_, Result<(), SessionError>> {
        let mut state = self.state();
        state.learn(&peer);
        let result = if state.unwritten.len() >= WRITE_BEHIND { state.flush() } else { Ok(()) };
        Box::pin(std::future::ready(result))
    }

    fn updates_state(&self) -> BoxFuture<'_, Result<UpdatesState, SessionError>> {
        Box::pin(std::future::ready(Ok(UpdatesState::default())))
    }

    fn set_update_state(&self, _: UpdateState) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn self_info(own: &OwnRecord) -> PeerInfo {
    PeerInfo::User {
        id: own.id,
        auth: Some(PeerAuth::from_hash(own.access_hash)),
        bot: Some(own.bot),
        is_self: Some(true),
    }
}

fn info(peer: &PeerRecord) -> PeerInfo {
    let auth = Some(PeerAuth::from_hash(peer.access_hash));
    match peer.sort {
        PeerSort::User => PeerInfo::User { id: peer.id, auth, bot: Some(peer.subtype == 1), is_self: Some(false) },
        PeerSort::Channel => PeerInfo::Channel {
            id: peer.id,
            auth,
            kind: match peer.subtype {
                1 => Some(ChannelKind::Broadcast),
                2 => Some(ChannelKind::Megagroup),
                3 => Some(ChannelKind::Gigagroup),
                4 => Some(ChannelKind::Community),
                _ => None,
            },
        },
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::clock::Clock;
    use crate::telegram::Secret;

    fn setup(folder: &Path, key: u8) -> Setup {
        Setup {
            api_id: 1,
            api_hash: Secret::default(),
            session: folder.join("session.db"),
            groups: Vec::new(),
            sandbox: Some(SandboxTarget {
                address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9),
                dc_id: 2,
                auth_key: Secret::new(format!("{key:02x}").repeat(256)),
            }),
            calls_per_second: 0.0,
            clock: Clock::System,
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_new_key_after_a_connect_is_refused_and_the_old_one_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(&setup(folder.path(), 0xab)).expect("opens");
        let mut dc = vault.dc_option(2).expect("reads").expect("known");
        vault.set_dc_option(&dc).await.expect("the same again");
        dc.auth_key = Some([1; 256]);
        assert!(matches!(vault.set_dc_option(&dc).await, Err(SessionError::KeyKept { dc: 2 })));
        assert_eq!(vault.dc_option(2).expect("reads").and_then(|dc| dc.auth_key), Some([0xab; 256]));
        drop(vault);
        assert!(matches!(
            Vault::open(&setup(folder.path(), 0xcd)).map(|_| ()),
            Err(TelegramError::Session(SessionError::KeyKept { .. }))
        ));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_self_user_is_found_and_peers_survive() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(&setup(folder.path(), 1)).expect("opens");
        assert_eq!(vault.peer(PeerId::self_user()).await.expect("reads"), None);
        let own = OwnRecord { id: 5, access_hash: 6, name: "Desk".to_owned(), username: None, bot: true };
        vault.set_own(own).expect("writes");
        let channel =
            PeerInfo::Channel { id: 9, auth: Some(PeerAuth::from_hash(4)), kind: Some(ChannelKind::Megagroup) };
        vault.cache_peer(channel.clone()).await.expect("keeps");
        vault.flush().expect("writes");
        drop(vault);
        let vault = Vault::open(&setup(folder.path(), 1)).expect("opens again");
        assert!(matches!(
            vault.peer(PeerId::self_user()).await.expect("reads"),
            Some(PeerInfo::User { id: 5, bot: Some(true), is_self: Some(true), .. })
        ));
        assert_eq!(vault.peer(PeerId::channel_unchecked(9)).await.expect("reads"), Some(channel));
        assert_eq!(vault.channel_hash(9), Some(4));
        assert_eq!(vault.supergroups().expect("reads").len(), 1);
    }
}
