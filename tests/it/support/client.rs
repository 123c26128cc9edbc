//! A grammers client on a pre-shared key, with a session that lives in memory.

use std::collections::HashMap;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grammers_client::Client;
use grammers_mtsender::{ConnectionParams, InvocationError, NoRetries, SenderPool, SenderPoolFatHandle};
use grammers_session::types::{ChannelState, DcOption, PeerId, PeerInfo, UpdateState, UpdatesState};
use grammers_session::updates::UpdatesLike;
use grammers_session::{BoxFuture, Session};
use grammers_tl_types as tl;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use topicdesk::sandbox::{AnnouncedGroup, Announcement, Options, Sandbox};

/// How long a test waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Pocket {
    dc: i32,
    options: HashMap<i32, DcOption>,
    peers: HashMap<PeerId, PeerInfo>,
    me: Option<PeerId>,
    state: UpdatesState,
}

/// Keeps a session in memory and knows who "self" is, which the bundled one does not.
#[derive(Default)]
pub(crate) struct PocketSession(Mutex<Pocket>);

impl PocketSession {
    fn with<T>(&self, act: impl FnOnce(&mut Pocket) -> T) -> T {
        act(&mut self.0.lock().expect("no test panics in here"))
    }

    /// Stores from where on a group is to be caught up.
    pub(crate) fn set_channel_pts(&self, id: i64, pts: i32) {
        self.with(|pocket| pocket.state.channels.push(ChannelState { id, pts }));
    }
}

impl Session for PocketSession {
    type Error = std::io::Error;

    fn home_dc_id(&self) -> Result<i32, Self::Error> {
        Ok(self.with(|pocket| pocket.dc))
    }

    fn set_home_dc_id(&self, dc_id: i32) -> BoxFuture<'_, Result<(), Self::Error>> {
        self.with(|pocket| pocket.dc = dc_id);
        Box::pin(async { Ok(()) })
    }

    fn dc_option(&self, dc_id: i32) -> Result<Option<DcOption>, Self::Error> {
        Ok(self.with(|pocket| pocket.options.get(&dc_id).cloned()))
    }

    fn set_dc_option(&self, option: &DcOption) -> BoxFuture<'_, Result<(), Self::Error>> {
        self.with(|pocket| pocket.options.insert(option.id, option.clone()));
        Box::pin(async { Ok(()) })
    }

    fn peer(&self, peer: PeerId) -> BoxFuture<'_, Result<Option<PeerInfo>, Self::Error>> {
        Box::pin(async move {
            Ok(self.with(|pocket| {
                let id = if peer == PeerId::self_user() { pocket.me? } else { peer };
                pocket.peers.get(&id).cloned()
            }))
        })
    }

    fn cache_peer(&self, peer: PeerInfo) -> BoxFuture<'_, Result<(), Self::Error>> {
        self.with(|pocket| {
            if matches!(peer, PeerInfo::User { is_self: Some(true), .. }) {
                pocket.me = Some(peer.id());
            }
            pocket.peers.insert(peer.id(), peer);
        });
        Box::pin(async { Ok(()) })
    }

    fn updates_state(&self) -> BoxFuture<'_, Result<UpdatesState, Self::Error>> {
        Box::pin(async move { Ok(self.with(|pocket| pocket.state.clone())) })
    }

    fn set_update_state(&self, update: UpdateState) -> BoxFuture<'_, Result<(), Self::Error>> {
        self.with(|pocket| match update {
            UpdateState::All(all) => pocket.state = all,
            UpdateState::Primary { pts, date, seq } => {
                (pocket.state.pts, pocket.state.date, pocket.state.seq) = (pts, date, seq);
            }
            UpdateState::Secondary { qts } => pocket.state.qts = qts,
            UpdateState::Channel { id, pts } => {
                pocket.state.channels.retain(|channel| channel.id != id);
                pocket.state.channels.push(ChannelState { id, pts });
            }
        });
        Box::pin(async { Ok(()) })
    }
}

/// A connected client. Ends with the test.
pub(crate) struct Phone {
    pub(crate) client: Client,
    pub(crate) session: Arc<PocketSession>,
    pub(crate) updates: Option<mpsc::Receiver<UpdatesLike>>,
    handle: SenderPoolFatHandle,
    pool: JoinHandle<()>,
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.handle.thin.quit();
        self.pool.abort();
    }
}

fn bytes(hex: &str) -> [u8; 256] {
    let pair = |at: usize| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).expect("hexadecimal");
    std::array::from_fn(pair)
}

impl Phone {
    /// Makes a client with a key of the announcement; it connects at its first call, and repeats nothing by itself.
    pub(crate) fn new(announcement: &Announcement, key: &str) -> Self {
        Self::on(Arc::new(PocketSession::default()), announcement, key)
    }

    /// Makes a client that goes on with a session.
    pub(crate) fn on(session: Arc<PocketSession>, announcement: &Announcement, key: &str) -> Self {
        let SocketAddr::V4(address) = announcement.address.parse().expect("an address") else {
            panic!("the tests listen on IPv4")
        };
        session.with(|pocket| {
            pocket.dc = announcement.dc_id;
            let option = DcOption {
                id: announcement.dc_id,
                ipv4: SocketAddrV4::new(*address.ip(), address.port()),
                ipv6: SocketAddrV6::new(Ipv6Addr::LOCALHOST, address.port(), 0, 0),
                auth_key: Some(bytes(key)),
            };
            pocket.options.insert(option.id, option);
        });
        let params = ConnectionParams {
            retry_policy: Box::new(NoRetries),
            updates_channel_capacity: NonZeroUsize::new(20_000).expect("not zero"),
            ..ConnectionParams::default()
        };
        let SenderPool { runner, handle, updates } = SenderPool::with_configuration(session.clone(), 12_345, params);
        let client = Client::new(handle.clone());
        let pool = tokio::spawn(runner.run());
        Self { client, session, updates: Some(updates), handle, pool }
    }

    /// Calls a method; a test never hangs on an answer.
    pub(crate) async fn call<R: tl::RemoteCall>(&self, request: &R) -> Result<R::Return, InvocationError> {
        tokio::time::timeout(PATIENCE, self.client.invoke(request)).await.expect("an answer, be it a refusal")
    }

    /// Calls a method that must be refused; tells the error's name and number.
    pub(crate) async fn refused<R: tl::RemoteCall>(&self, request: &R) -> (String, Option<u32>)
    where
        R::Return: std::fmt::Debug,
    {
        match self.call(request).await {
            Err(InvocationError::Rpc(error)) => (error.name, error.value),
            other => panic!("a refusal was expected: {other:?}"),
        }
    }

    /// Waits for the next pushed updates.
    pub(crate) async fn pushed(&mut self) -> Vec<tl::enums::Update> {
        let updates = self.updates.as_mut().expect("nobody else takes them");
        loop {
            let next = tokio::time::timeout(PATIENCE, updates.recv()).await.expect("a push").expect("a live pool");
            if let UpdatesLike::Updates(updates) = next
                && let tl::enums::Updates::Updates(updates) = updates
            {
                return updates.updates;
            }
        }
    }

    /// Waits for the next pushed new message.
    pub(crate) async fn pushed_message(&mut self) -> (tl::types::Message, i32) {
        loop {
            for update in self.pushed().await {
                if let tl::enums::Update::NewChannelMessage(new) = update
                    && let tl::enums::Message::Message(message) = new.message
                {
                    return (message, new.pts);
                }
            }
        }
    }
}

/// Starts a sandbox for a test: the shop, nobody acts by themselves.
pub(crate) async fn sandbox(change: impl FnOnce(&mut Options)) -> Sandbox {
    let mut options = Options::default();
    change(&mut options);
    topicdesk::sandbox::start(options).await.expect("starts")
}

pub(crate) fn peer(group: &AnnouncedGroup) -> tl::enums::InputPeer {
    tl::types::InputPeerChannel { channel_id: group.id, access_hash: group.access_hash }.into()
}

pub(crate) fn channel(group: &AnnouncedGroup) -> tl::enums::InputChannel {
    tl::types::InputChannel { channel_id: group.id, access_hash: group.access_hash }.into()
}

/// Writes a call that sends a text into a topic.
pub(crate) fn text(
    group: &AnnouncedGroup,
    topic: i32,
    text: &str,
    random_id: i64,
) -> tl::functions::messages::SendMessage {
    let reply_to = tl::types::InputReplyToMessage {
        reply_to_msg_id: topic,
        top_msg_id: None,
        reply_to_peer_id: None,
        quote_text: None,
        quote_entities: None,
        quote_offset: None,
        monoforum_peer_id: None,
        todo_item_id: None,
        poll_option: None,
    };
    tl::functions::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: peer(group),
        reply_to: (topic != 1).then(|| reply_to.into()),
        message: text.to_owned(),
        random_id,
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

/// Tells the id an answer to a send gives.
pub(crate) fn sent_id(answer: &tl::enums::Updates) -> i32 {
    let tl::enums::Updates::Updates(updates) = answer else { panic!("updates were expected: {answer:?}") };
    let id = updates.updates.iter().find_map(|update| match update {
        tl::enums::Update::MessageId(id) => Some(id.id),
        _ => None,
    });
    id.expect("updateMessageID")
}

/// Waits until something is true.
pub(crate) async fn until(what: &str, mut test: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !test() {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
