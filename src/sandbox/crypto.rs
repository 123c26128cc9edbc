//! MTProto 2.0 encryption in the server's role: opens what clients seal (x = 0) and seals what they open (x = 8).
//!
//! Written from <https://core.telegram.org/mtproto/description>; only AES-IGE itself is borrowed.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use grammers_crypto::aes::{ige_decrypt, ige_encrypt};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The side a message comes from, as the key derivation's `x`.
const FROM_CLIENT: usize = 0;
const FROM_SERVER: usize = 8;

/// Holds a pre-shared authorization key.
pub(super) struct AuthKey {
    data: [u8; 256],
    id: i64,
    salts: AtomicI64,
}

impl AuthKey {
    /// Derives the key that `name` has in a world with this seed.
    pub(super) fn derive(seed: &[u8; 32], name: &str) -> Self {
        let mut data = [0; 256];
        for (index, block) in data.chunks_mut(32).enumerate() {
            let digest = Sha256::new()
                .chain_update(b"topicdesk sandbox auth key")
                .chain_update(seed)
                .chain_update(name.as_bytes())
                .chain_update([u8::try_from(index).unwrap_or(0)])
                .finalize();
            block.copy_from_slice(&digest);
        }
        let hash = Sha1::digest(data);
        let mut id = [0; 8];
        id.copy_from_slice(&hash[12..20]);
        Self { data, id: i64::from_le_bytes(id), salts: AtomicI64::new(0) }
    }

    /// Tells the key's id, which opens every message.
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// Tells how often its salts were changed out of turn.
    pub(super) fn salts(&self) -> i64 {
        self.salts.load(Ordering::Relaxed)
    }

    /// Changes its salts out of turn, as a server that was started anew does.
    pub(super) fn change_salts(&self) {
        self.salts.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes the key in hexadecimal, for the announcement.
    pub(super) fn hex(&self) -> String {
        self.data.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthKey({:016x})", self.id)
    }
}

/// Opens a packet of a client in place: key id, message key, ciphertext. Tells the plaintext, padding included.
///
/// `None` if the packet is malformed or was not sealed with this key.
pub(super) fn open<'a>(key: &AuthKey, packet: &'a mut [u8]) -> Option<&'a [u8]> {
    if packet.len() < 24 + 32 || !(packet.len() - 24).is_multiple_of(16) {
        return None;
    }
    let (head, body) = packet.split_at_mut(24);
    let mut msg_key = [0; 16];
    msg_key.copy_from_slice(&head[8..]);
    let (aes_key, iv) = derive(key, &msg_key, FROM_CLIENT);
    ige_decrypt(body, &aes_key, &iv);
    (message_key(key, body, FROM_CLIENT) == msg_key).then_some(&*body)
}

/// Seals a plaintext for a client; it is padded here.
pub(super) fn seal(key: &AuthKey, plaintext: &[u8]) -> Vec<u8> {
    seal_from(key, plaintext, FROM_SERVER)
}

fn seal_from(key: &AuthKey, plaintext: &[u8], side: usize) -> Vec<u8> {
    // 12 to 1024 bytes of padding, to a multiple of 16.
    let padding = 12 + (16 - (plaintext.len() + 12) % 16) % 16;
    let mut packet = Vec::with_capacity(24 + plaintext.len() + padding);
    packet.extend_from_slice(&key.id.to_le_bytes());
    packet.extend_from_slice(&[0; 16]);
    packet.extend_from_slice(plaintext);
    packet.resize(24 + plaintext.len() + padding, 0);
    let start = 24 + plaintext.len();
    // Without randomness the padding stays zero, which only weakens a loopback's secrecy.
    let _ = getrandom::fill(&mut packet[start..]);
    let msg_key = message_key(key, &packet[24..], side);
    packet[8..24].copy_from_slice(&msg_key);
    let (aes_key, iv) = derive(key, &msg_key, side);
    ige_encrypt(&mut packet[24..], &aes_key, &iv);
    packet
}

fn message_key(key: &AuthKey, padded: &[u8], x: usize) -> [u8; 16] {
    let digest = Sha256::new().chain_update(&key.data[88 + x..120 + x]).chain_update(padded).finalize();
    let mut msg_key = [0; 16];
    msg_key.copy_from_slice(&digest[8..24]);
    msg_key
}

fn derive(key: &AuthKey, msg_key: &[u8; 16], x: usize) -> ([u8; 32], [u8; 32]) {
    let a = Sha256::new().chain_update(msg_key).chain_update(&key.data[x..x + 36]).finalize();
    let b = Sha256::new().chain_update(&key.data[40 + x..76 + x]).chain_update(msg_key).finalize();
    let (mut aes_key, mut iv) = ([0; 32], [0; 32]);
    aes_key[..8].copy_from_slice(&a[..8]);
    aes_key[8..24].copy_from_slice(&b[8..24]);
    aes_key[24..].copy_from_slice(&a[24..32]);
    iv[..8].copy_from_slice(&b[..8]);
    iv[8..24].copy_from_slice(&a[8..24]);
    iv[24..].copy_from_slice(&b[24..32]);
    (aes_key, iv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_seals_is_opened_and_a_changed_bit_is_not() {
        let key = AuthKey::derive(&[7; 32], "test");
        for length in [16, 17, 31, 32, 1000] {
            let plaintext: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).expect("small")).collect();
            let packet = seal_from(&key, &plaintext, FROM_CLIENT);
            let opened = open(&key, &mut packet.clone()).expect("opens").to_vec();
            assert_eq!(opened[..plaintext.len()], plaintext[..]);
            assert!((12..=1024).contains(&(opened.len() - plaintext.len())));
            let mut changed = packet;
            let last = changed.len() - 1;
            changed[last] ^= 1;
            assert!(open(&key, &mut changed).is_none());
        }
    }

    #[test]
    fn nothing_opens_garbage() {
        let key = AuthKey::derive(&[7; 32], "test");
        for length in 0..120 {
            assert!(open(&key, &mut vec![0xaa; length]).is_none());
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = AuthKey::derive(&[7; 32], "test");
        assert!(!format!("{key:?}").contains(&key.hex()[..16]));
        assert_eq!(key.hex().len(), 512);
    }
}
