//! One MTProto session as the server sees it: message ids, sequence numbers, salts, and the messages about messages.
//!
//! The reading half ([`Inbox`]) checks what came and unpacks containers and gzip; the writing half ([`Outbox`]) numbers
//! and seals what goes. Message ids follow the wall clock even where the world's dates do not: clients check them.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::sync::Arc;

use grammers_tl_types::{Cursor, Deserializable, Identifiable, Serializable, types};

use crate::clock::Timestamp;

use super::crypto::{self, AuthKey};

const CONTAINER: u32 = 0x73f1_f8dc;
const GZIP_PACKED: u32 = 0x3072_cfa1;
const RPC_RESULT: u32 = 0xf35c_6d01;
/// The most bytes a gzipped request may unpack to.
const MAX_UNPACKED: u64 = 8 << 20;
/// Answers longer than this are gzipped: clients take no packet of 1 MiB.
const GZIP_ABOVE: usize = 512 << 10;
/// How many message ids are remembered to tell repeats.
const REMEMBERED: usize = 4096;
/// How long a salt lives, in seconds.
const SALT_SPAN: i64 = 1800;

/// Ids that would have to be so many seconds ahead of the clock are not for being unique.
const SET_BACK: i64 = 10;

/// Holds the envelope of a client's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The salt the client used.
    pub(super) salt: i64,
    /// The client's session.
    pub(super) session_id: i64,
    /// The message's id.
    pub(super) msg_id: i64,
    /// The message's sequence number.
    pub(super) seq_no: i32,
}

/// Holds one message out of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Incoming {
    /// Its id.
    pub(super) msg_id: i64,
    /// Its body, unzipped.
    pub(super) body: Vec<u8>,
}

/// Splits a plaintext into envelope and body; `None` if the lengths lie.
pub(super) fn split(plaintext: &[u8]) -> Option<(Envelope, &[u8])> {
    let long = |at: usize| Some(i64::from_le_bytes(plaintext.get(at..at + 8)?.try_into().ok()?));
    let int = |at: usize| Some(i32::from_le_bytes(plaintext.get(at..at + 4)?.try_into().ok()?));
    let length = usize::try_from(int(28)?).ok()?;
    let body = plaintext.get(32..32usize.checked_add(length)?)?;
    let padding = plaintext.len() - 32 - length;
    if !length.is_multiple_of(4) || !(12..=1024).contains(&padding) {
        return None;
    }
    Some((Envelope { salt: long(0)?, session_id: long(8)?, msg_id: long(16)?, seq_no: int(24)? }, body))
}

/// Unpacks a body into its messages: containers are opened, gzip is inflated. `None` if it is malformed.
pub(super) fn unpack(msg_id: i64, body: &[u8]) -> Option<Vec<Incoming>> {
    if constructor(body) != Some(CONTAINER) {
        return Some(vec![Incoming { msg_id, body: inflate(body)? }]);
    }
    let mut cursor = Cursor::from_slice(&body[4..]);
    let count = usize::try_from(i32::deserialize(&mut cursor).ok()?).ok().filter(|n| *n <= 1024)?;
    let mut messages = Vec::with_capacity(count);
    for _ in 0..count {
        let id = i64::deserialize(&mut cursor).ok()?;
        let _seq_no = i32::deserialize(&mut cursor).ok()?;
        let length = usize::try_from(i32::deserialize(&mut cursor).ok()?).ok()?;
        let start = 4 + cursor.pos();
        let inner = body.get(start..start.checked_add(length)?)?;
        let mut skipped = vec![0; length];
        cursor.read_exact(&mut skipped).ok()?;
        if constructor(inner) == Some(CONTAINER) {
            return None;
        }
        messages.push(Incoming { msg_id: id, body: inflate(inner)? });
    }
    Some(messages)
}

/// Tells a body's constructor.
pub(super) fn constructor(body: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(body.get(..4)?.try_into().ok()?))
}

/// Inflates a body if it is gzipped, however often; bombs and damage give `None`.
fn inflate(body: &[u8]) -> Option<Vec<u8>> {
    if constructor(body) != Some(GZIP_PACKED) {
        return Some(body.to_vec());
    }
    let packed = Vec::<u8>::from_bytes(&body[4..]).ok()?;
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).take(MAX_UNPACKED + 1).read_to_end(&mut unpacked).ok()?;
    if unpacked.len() as u64 > MAX_UNPACKED || constructor(&unpacked) == Some(GZIP_PACKED) {
        return None;
    }
    Some(unpacked)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    match encoder.write_all(body).and_then(|()| encoder.finish()) {
        Ok(packed) => {
            let mut out = GZIP_PACKED.to_bytes();
            packed.serialize(&mut out);
            out
        }
        Err(_) => body.to_vec(),
    }
}

/// Tells the salt that a key has at a moment; salts change every half hour and the previous one still counts.
pub(super) fn salt_at(key: &AuthKey, now: Timestamp) -> i64 {
    let era = now.unix().div_euclid(SALT_SPAN);
    key.id().rotate_left(17) ^ era.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ key.salts().wrapping_mul(0x2545_f491_4f6c_dd1d)
}

fn salt_is_good(key: &AuthKey, salt: i64, now: Timestamp) -> bool {
    let span = std::time::Duration::from_secs(SALT_SPAN.unsigned_abs());
    salt == salt_at(key, now) || salt == salt_at(key, now - span) || salt == salt_at(key, now + span)
}

/// Tells what to do with a packet.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is good.
    Take,
    /// It has come before; nothing is to be done.
    Repeat,
    /// It is refused with this body.
    Refuse(Vec<u8>),
}

/// Checks what comes in over one session.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    seen: HashSet<i64>,
    order: VecDeque<i64>,
}

impl Inbox {
    /// Judges a packet by its salt, its id's time and parity, and whether it has come before.
    pub(super) fn judge(&mut self, key: &AuthKey, envelope: &Envelope, wall: Timestamp) -> Verdict {
        let refuse = |error_code| {
            Verdict::Refuse(
                types::BadMsgNotification { bad_msg_id: envelope.msg_id, bad_msg_seqno: envelope.seq_no, error_code }
                    .boxed(),
            )
        };
        if envelope.msg_id & 3 != 0 {
            return refuse(18);
        }
        let sent = envelope.msg_id >> 32;
        if sent < wall.unix() - 300 {
            return refuse(16);
        }
        if sent > wall.unix() + 30 {
            return refuse(17);
        }
        if !salt_is_good(key, envelope.salt, wall) {
            return Verdict::Refuse(
                types::BadServerSalt {
                    bad_msg_id: envelope.msg_id,
                    bad_msg_seqno: envelope.seq_no,
                    error_code: 48,
                    new_server_salt: salt_at(key, wall),
                }
                .boxed(),
            );
        }
        if self.note(envelope.msg_id) { Verdict::Take } else { Verdict::Repeat }
    }

    /// Notes a message id; false if it is known already.
    pub(super) fn note(&mut self, msg_id: i64) -> bool {
        if !self.seen.insert(msg_id) {
            return false;
        }
        self.order.push_back(msg_id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }

    /// Answers `msgs_state_req`: 4 for each message that came, 1 for those nothing is known of.
    pub(super) fn states(&self, req_msg_id: i64, asked: &[i64]) -> Vec<u8> {
        let info = asked.iter().map(|id| if self.seen.contains(id) { 4 } else { 1 }).collect();
        types::MsgsStateInfo { req_msg_id, info }.boxed()
    }
}

/// Answers `get_future_salts`, bare.
pub(super) fn future_salts(key: &AuthKey, req_msg_id: i64, num: i32, wall: Timestamp) -> Vec<u8> {
    let era = wall.unix().div_euclid(SALT_SPAN);
    let salts = (0..i64::from(num.clamp(1, 64)))
        .map(|n| {
            let since = (era + n) * SALT_SPAN;
            let small = |at: i64| i32::try_from(at).unwrap_or(i32::MAX);
            types::FutureSalt {
                valid_since: small(since),
                valid_until: small(since + SALT_SPAN),
                salt: salt_at(key, Timestamp::from_unix(since)),
            }
        })
        .collect();
    let now = i32::try_from(wall.unix()).unwrap_or(i32::MAX);
    types::FutureSalts { req_msg_id, now, salts: grammers_tl_types::RawVec(salts) }.boxed()
}

/// Numbers and seals what goes out over one session.
#[derive(Debug)]
pub(super) struct Outbox {
    key: Arc<AuthKey>,
    session_id: i64,
    last_id: i64,
    content: i32,
}

impl Outbox {
    /// Makes the writing half of a session.
    pub(super) fn new(key: Arc<AuthKey>, session_id: i64) -> Self {
        Self { key, session_id, last_id: 0, content: 0 }
    }

    /// Seals something for a session that is not the client's.
    pub(super) fn seal_astray(&self, wall: Timestamp) -> Vec<u8> {
        let mut stray = Outbox::new(Arc::clone(&self.key), self.session_id ^ 1);
        stray.seal(&types::Pong { msg_id: 0, ping_id: 0 }.boxed(), false, false, wall)
    }

    /// Seals a body. Answers have ids of 1 modulo 4, all else of 3.
    pub(super) fn seal(&mut self, body: &[u8], answer: bool, content: bool, wall: Timestamp) -> Vec<u8> {
        let fraction = i64::from(u32::try_from(wall.millis().rem_euclid(1000)).unwrap_or(0)) << 22;
        let wanted = (wall.unix() << 32 | fraction) & !3 | if answer { 1 } else { 3 };
        let mut id = wanted;
        // A clock that was set back (`skew`) is a clock that was set back: ids follow it.
        if self.last_id - wanted > SET_BACK << 32 {
            self.last_id = 0;
        }
        while id <= self.last_id {
            id = (self.last_id & !3) + 4 + (wanted & 3);
        }
        self.last_id = id;
        let seq_no = self.content * 2 + i32::from(content);
        self.content += i32::from(content);
        let mut plaintext = Vec::with_capacity(32 + body.len());
        plaintext.extend_from_slice(&salt_at(&self.key, wall).to_le_bytes());
        plaintext.extend_from_slice(&self.session_id.to_le_bytes());
        plaintext.extend_from_slice(&id.to_le_bytes());
        plaintext.extend_from_slice(&seq_no.to_le_bytes());
        plaintext.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        plaintext.extend_from_slice(body);
        crypto::seal(&self.key, &plaintext)
    }
}

/// Wraps an answer for the request it answers; long ones are gzipped.
pub(super) fn rpc_result(req_msg_id: i64, answer: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(12 + answer.len());
    body.extend_from_slice(&RPC_RESULT.to_le_bytes());
    body.extend_from_slice(&req_msg_id.to_le_bytes());
    if answer.len() > GZIP_ABOVE {
        body.extend(gzip(answer));
    } else {
        body.extend_from_slice(answer);
    }
    body
}

/// Writes a value with its constructor in front.
pub(super) trait Boxed {
    /// Writes a value with its constructor in front.
    fn boxed(&self) -> Vec<u8>;
}

impl<T: Identifiable + Serializable> Boxed for T {
    fn boxed(&self) -> Vec<u8> {
        let mut out = T::CONSTRUCTOR_ID.to_bytes();
        self.serialize(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_and_tell_answers_from_the_rest() {
        let key = Arc::new(AuthKey::derive(&[1; 32], "k"));
        let mut outbox = Outbox::new(key, 5);
        let wall = Timestamp::from_unix(1_800_000_000);
        let mut last = 0;
        for n in 0..10 {
            let answer = n % 2 == 0;
            outbox.seal(&[0; 4], answer, true, wall);
            assert!(outbox.last_id > last);
            assert_eq!(outbox.last_id & 3, if answer { 1 } else { 3 });
            last = outbox.last_id;
        }
        assert_eq!(last >> 32, 1_800_000_000);
    }

    #[test]
    fn containers_and_gzip_are_unpacked_and_lies_are_not() {
        let ping = [0x7abe_77ecu32.to_le_bytes().as_slice(), &7i64.to_le_bytes()].concat();
        let mut container = CONTAINER.to_bytes();
        2i32.serialize(&mut container);
        for (id, body) in [(4i64, ping.clone()), (8, gzip(&ping))] {
            id.serialize(&mut container);
            1i32.serialize(&mut container);
            i32::try_from(body.len()).expect("small").serialize(&mut container);
            container.extend(body);
        }
        let unpacked = unpack(12, &container).expect("good");
        assert_eq!(unpacked, [Incoming { msg_id: 4, body: ping.clone() }, Incoming { msg_id: 8, body: ping.clone() }]);
        container.truncate(container.len() - 4);
        assert!(unpack(12, &container).is_none());
        assert!(unpack(12, &gzip(&gzip(&ping))).is_none(), "zipped twice");
        assert!(unpack(12, &gzip(&vec![0; 9 << 20])).is_none(), "a bomb");
    }

    #[test]
    fn stale_and_unsalted_messages_are_refused_and_repeats_noticed() {
        let key = AuthKey::derive(&[1; 32], "k");
        let wall = Timestamp::from_unix(1_800_000_000);
        let good = Envelope { salt: salt_at(&key, wall), session_id: 1, msg_id: 1_800_000_000 << 32, seq_no: 1 };
        let mut inbox = Inbox::default();
        let mut code = |envelope: Envelope| match inbox.judge(&key, &envelope, wall) {
            Verdict::Take => 0,
            Verdict::Repeat => 1,
            Verdict::Refuse(body) => i32::from_le_bytes(body[16..20].try_into().expect("there")),
        };
        assert_eq!(code(good), 0);
        assert_eq!(code(good), 1);
        assert_eq!(code(Envelope { salt: 0, msg_id: good.msg_id + 4, ..good }), 48);
        assert_eq!(code(Envelope { msg_id: good.msg_id + 1, ..good }), 18);
        assert_eq!(code(Envelope { msg_id: (1_800_000_000 - 400) << 32, ..good }), 16);
        assert_eq!(code(Envelope { msg_id: (1_800_000_000 + 400) << 32, ..good }), 17);
    }
}
