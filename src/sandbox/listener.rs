//! Connections: one reader and one writer each. Whatever does not look like MTProto ends its connection, nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use grammers_tl_types::{Deserializable, Identifiable, functions, types};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::Timestamp;

use super::crypto::{self, AuthKey};
use super::hub::{Hub, Out, QUEUE};
use super::rpc::{self, Outcome};
use super::session::{self, Boxed, Inbox, Incoming, Outbox, Verdict};
use super::transport::{FrameError, FrameReader, FrameWriter, Framing};

/// The transport error for an unknown key.
const UNKNOWN_KEY: i32 = -404;
/// How many bytes are gathered before they are written.
const WRITE_BATCH: usize = 128 << 10;

/// Accepts connections until told to stop.
pub(super) async fn serve(listener: TcpListener, hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = async { drop(stop.wait_for(|stop| *stop).await) } => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    tracing::debug!(%from, "connection opened");
                    connections.spawn(connection(stream, hub.clone()));
                }
                Err(error) => {
                    // Out of descriptors, most likely: others may end meanwhile.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, hub: Arc<Hub>) {
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    let (out, queue) = mpsc::channel(QUEUE);
    let frames = match FrameReader::detect(read).await {
        Ok(frames) => frames,
        Err(error) => {
            tracing::debug!(%error, "connection closed before it began");
            return;
        }
    };
    let framing = frames.framing();
    let end = Arc::new(Notify::new());
    let link = hub.lock().open_link(out.clone(), end.clone());
    tokio::select! {
        result = read_all(frames, &hub, link, &out) => {
            if let Err(error) = result {
                tracing::debug!(link, %error, "connection closed");
            }
        }
        () = write_all(write, framing, queue, &hub) => tracing::debug!(link, "connection cut"),
        () = end.notified() => tracing::debug!(link, "connection given up"),
    }
    hub.lock().close_link(link);
}

async fn read_all(
    mut frames: FrameReader<OwnedReadHalf>,
    hub: &Hub,
    link: u64,
    out: &mpsc::Sender<Out>,
) -> Result<(), FrameError> {
    let mut paused = hub.paused.subscribe();
    let mut current: Option<(Arc<AuthKey>, i64)> = None;
    let mut inboxes: HashMap<i64, Inbox> = HashMap::new();
    loop {
        let mut packet = frames.next().await?;
        // While paused the server is a black hole: it reads nothing more and answers nothing.
        drop(paused.wait_for(|paused| !*paused).await);
        let key_id = packet.get(..8).and_then(|b| b.try_into().ok()).map(i64::from_le_bytes).unwrap_or(0);
        let known = hub.lock().keys.get(key_id).map(|key| key.auth.clone());
        let Some(key) = known else {
            let wants_exchange = key_id == 0;
            tracing::info!(link, wants_exchange, "no such key here: keys are pre-shared, see the announcement");
            let _ = out.send(if wants_exchange { Out::Cut } else { Out::Fail(UNKNOWN_KEY) }).await;
            out.closed().await;
            return Ok(());
        };
        let Some((envelope, body)) = crypto::open(&key, &mut packet).and_then(session::split) else {
            return Err(FrameError::Malformed("not sealed with its key"));
        };
        if current.as_ref().is_none_or(|(k, s)| k.id() != key_id || *s != envelope.session_id) {
            current = Some((key.clone(), envelope.session_id));
            let mut inner = hub.lock();
            if let Some(found) = inner.links.get_mut(&link) {
                found.key_id = key_id;
            }
            inner.queue(link, Out::Session { key: key.clone(), session_id: envelope.session_id });
        }
        let wall = hub.wall();
        let is_new = !inboxes.contains_key(&envelope.session_id);
        let inbox = inboxes.entry(envelope.session_id).or_default();
        match inbox.judge(&key, &envelope, wall) {
            Verdict::Take => {}
            Verdict::Repeat => continue,
            Verdict::Refuse(body) => {
                hub.lock().queue(link, Out::Notice(body));
                continue;
            }
        }
        let Some(messages) = session::unpack(envelope.msg_id, body) else {
            return Err(FrameError::Malformed("damaged message"));
        };
        if is_new {
            let created = types::NewSessionCreated {
                first_msg_id: messages.first().map_or(envelope.msg_id, |m| m.msg_id),
                unique_id: envelope.session_id ^ key_id,
                server_salt: session::salt_at(&key, wall),
            };
            hub.lock().queue(link, Out::Notice(created.boxed()));
        }
        for message in messages {
            if message.msg_id != envelope.msg_id && !inbox.note(message.msg_id) {
                continue;
            }
            if !take(hub, link, &key, inbox, &message) {
                out.closed().await;
                return Ok(());
            }
        }
    }
}

/// Works on one message. False if the connection is to end.
fn take(hub: &Hub, link: u64, key: &AuthKey, inbox: &Inbox, message: &Incoming) -> bool {
    let Some(id) = session::constructor(&message.body) else { return true };
    let rest = &message.body[4..];
    let reply = match id {
        types::MsgsAck::CONSTRUCTOR_ID
        | types::HttpWait::CONSTRUCTOR_ID
        | types::MsgsStateInfo::CONSTRUCTOR_ID
        | types::MsgsAllInfo::CONSTRUCTOR_ID => return true,
        functions::Ping::CONSTRUCTOR_ID => functions::Ping::from_bytes(rest)
            .ok()
            .map(|ping| Out::Answer(types::Pong { msg_id: message.msg_id, ping_id: ping.ping_id }.boxed())),
        functions::PingDelayDisconnect::CONSTRUCTOR_ID => functions::PingDelayDisconnect::from_bytes(rest)
            .ok()
            .map(|ping| Out::Answer(types::Pong { msg_id: message.msg_id, ping_id: ping.ping_id }.boxed())),
        functions::GetFutureSalts::CONSTRUCTOR_ID => functions::GetFutureSalts::from_bytes(rest)
            .ok()
            .map(|asked| Out::Answer(session::future_salts(key, message.msg_id, asked.num, hub.wall()))),
        types::MsgsStateReq::CONSTRUCTOR_ID => types::MsgsStateReq::from_bytes(rest)
            .ok()
            .map(|asked| Out::Notice(inbox.states(message.msg_id, &asked.msg_ids))),
        types::MsgResendReq::CONSTRUCTOR_ID => types::MsgResendReq::from_bytes(rest)
            .ok()
            .map(|asked| Out::Notice(inbox.states(message.msg_id, &asked.msg_ids))),
        functions::DestroySession::CONSTRUCTOR_ID => functions::DestroySession::from_bytes(rest)
            .ok()
            .map(|asked| Out::Answer(types::DestroySessionOk { session_id: asked.session_id }.boxed())),
        functions::RpcDropAnswer::CONSTRUCTOR_ID => Some(Out::Answer(session::rpc_result(
            message.msg_id,
            &grammers_tl_types::Serializable::to_bytes(&grammers_tl_types::enums::RpcDropAnswer::RpcAnswerUnknown),
        ))),
        _ => return call(hub, link, key, message),
    };
    if let Some(reply) = reply {
        hub.lock().queue(link, reply);
    }
    true
}

fn call(hub: &Hub, link: u64, key: &AuthKey, message: &Incoming) -> bool {
    let mut inner = hub.lock();
    let outcome = rpc::answer(&mut inner, link, key.id(), &message.body);
    let goes_on = match outcome {
        Outcome::Answer(answer) => {
            inner.queue(link, Out::Answer(session::rpc_result(message.msg_id, &answer)));
            true
        }
        Outcome::Silence => true,
        Outcome::Cut => {
            inner.queue(link, Out::Cut);
            false
        }
    };
    // What the call did not put into its own answer is for everybody else.
    inner.publish(Some(link));
    drop(inner);
    hub.news.notify_one();
    goes_on
}

async fn write_all(mut to: OwnedWriteHalf, framing: Framing, mut queue: mpsc::Receiver<Out>, hub: &Hub) {
    let mut frames = FrameWriter::new(framing);
    let mut session: Option<Outbox> = None;
    let mut bytes = Vec::new();
    while let Some(first) = queue.recv().await {
        let mut next = Some(first);
        let mut ends = false;
        while let Some(out) = next.take() {
            ends = !put(out, &mut session, &mut frames, &mut bytes, hub.wall());
            if !ends && bytes.len() < WRITE_BATCH {
                next = queue.try_recv().ok();
            }
        }
        let slow = hub.slow.load(Ordering::Relaxed);
        if slow > 0 {
            tokio::time::sleep(Duration::from_millis(slow)).await;
        }
        if to.write_all(&bytes).await.is_err() || ends {
            break;
        }
        bytes.clear();
    }
    let _ = to.shutdown().await;
}

/// Appends a packet to the bytes. False if the connection is to end after them.
fn put(out: Out, session: &mut Option<Outbox>, frames: &mut FrameWriter, bytes: &mut Vec<u8>, wall: Timestamp) -> bool {
    let (body, answer, content) = match out {
        Out::Session { key, session_id } => {
            *session = Some(Outbox::new(key, session_id));
            return true;
        }
        Out::Fail(code) => {
            frames.frame(&code.to_le_bytes(), bytes);
            return false;
        }
        Out::Cut => return false,
        Out::Stray => {
            if let Some(session) = session {
                frames.frame(&session.seal_astray(wall), bytes);
            }
            return true;
        }
        Out::Answer(body) => (body, true, true),
        Out::Notice(body) => (body, false, false),
        Out::Push(body) => (body, false, true),
    };
    if let Some(session) = session {
        let packet = session.seal(&body, answer, content, wall);
        frames.frame(&packet, bytes);
    }
    true
}
