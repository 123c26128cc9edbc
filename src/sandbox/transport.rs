//! Framing on the wire: Full, Intermediate and Abridged, told apart by a connection's first bytes.
//!
//! See <https://core.telegram.org/mtproto/mtproto-transports>. A frame that is too long, too short or has the wrong
//! checksum ends the connection.

use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest frame taken from a client; clients stay below 1 MiB.
const MAX_FRAME: usize = 2 << 20;

/// Says why a connection's bytes make no frame.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The connection ended or broke.
    #[error("connection lost: {0}")]
    Io(#[from] std::io::Error),
    /// The bytes are none of the three transports.
    #[error("not an MTProto transport, or a damaged frame: {0}")]
    Malformed(&'static str),
}

/// Names the transport a connection has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Length, sequence number, payload, CRC-32.
    Full,
    /// Length and payload.
    Intermediate,
    /// Length in words, in one or four bytes, and payload.
    Abridged,
}

/// Reads frames from a connection.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    from: R,
    framing: Framing,
    /// The first bytes of a Full connection are already its first length.
    pending: Option<[u8; 4]>,
    sequence: u32,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads the first bytes and learns from them which transport it is.
    pub(super) async fn detect(mut from: R) -> Result<Self, FrameError> {
        let mut first = [0; 4];
        from.read_exact(&mut first[..1]).await?;
        if first[0] == 0xef {
            return Ok(Self { from, framing: Framing::Abridged, pending: None, sequence: 0 });
        }
        from.read_exact(&mut first[1..]).await?;
        if first == [0xee; 4] {
            return Ok(Self { from, framing: Framing::Intermediate, pending: None, sequence: 0 });
        }
        Ok(Self { from, framing: Framing::Full, pending: Some(first), sequence: 0 })
    }

    /// Tells the transport.
    pub(super) fn framing(&self) -> Framing {
        self.framing
    }

    /// Reads the next frame's payload.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>, FrameError> {
        match self.framing {
            Framing::Full => self.next_full().await,
            Framing::Intermediate => {
                let length = self.read_u32().await? & 0x7fff_ffff;
                self.read_payload(usize::try_from(length).unwrap_or(usize::MAX)).await
            }
            Framing::Abridged => {
                let mut short = [0; 1];
                self.from.read_exact(&mut short).await?;
                let words = match short[0] & 0x7f {
                    0x7f => {
                        let mut long = [0; 4];
                        self.from.read_exact(&mut long[..3]).await?;
                        u32::from_le_bytes(long)
                    }
                    words => u32::from(words),
                };
                self.read_payload(usize::try_from(words).unwrap_or(usize::MAX).saturating_mul(4)).await
            }
        }
    }

    async fn next_full(&mut self) -> Result<Vec<u8>, FrameError> {
        let head = match self.pending.take() {
            Some(bytes) => bytes,
            None => self.read_u32().await?.to_le_bytes(),
        };
        let length = usize::try_from(u32::from_le_bytes(head)).unwrap_or(usize::MAX);
        if !(12..=MAX_FRAME).contains(&length) {
            return Err(FrameError::Malformed("length out of range"));
        }
        let mut rest = vec![0; length - 4];
        self.from.read_exact(&mut rest).await?;
        let (body, sum) = rest.split_at(length - 8);
        let mut crc = flate2::Crc::new();
        crc.update(&head);
        crc.update(body);
        if crc.sum().to_le_bytes() != *sum {
            return Err(FrameError::Malformed("wrong checksum"));
        }
        if body[..4] != self.sequence.to_le_bytes() {
            return Err(FrameError::Malformed("wrong sequence number"));
        }
        self.sequence = self.sequence.wrapping_add(1);
        rest.truncate(length - 8);
        rest.drain(..4);
        Ok(rest)
    }

    async fn read_payload(&mut self, length: usize) -> Result<Vec<u8>, FrameError> {
        if !(4..=MAX_FRAME).contains(&length) {
            return Err(FrameError::Malformed("length out of range"));
        }
        let mut payload = vec![0; length];
        self.from.read_exact(&mut payload).await?;
        Ok(payload)
    }

    async fn read_u32(&mut self) -> Result<u32, FrameError> {
        let mut bytes = [0; 4];
        self.from.read_exact(&mut bytes).await?;
        Ok(u32::from_le_bytes(bytes))
    }
}

/// Writes frames for a connection.
#[derive(Debug)]
pub(super) struct FrameWriter {
    framing: Framing,
    sequence: u32,
}

impl FrameWriter {
    /// Makes a writer for the transport the client has chosen.
    pub(super) fn new(framing: Framing) -> Self {
        Self { framing, sequence: 0 }
    }

    /// Appends a payload's frame to the bytes to send. The payload's length is a multiple of four.
    pub(super) fn frame(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        match self.framing {
            Framing::Full => {
                let start = out.len();
                out.extend_from_slice(&length.saturating_add(12).to_le_bytes());
                out.extend_from_slice(&self.sequence.to_le_bytes());
                out.extend_from_slice(payload);
                let mut crc = flate2::Crc::new();
                crc.update(&out[start..]);
                out.extend_from_slice(&crc.sum().to_le_bytes());
                self.sequence = self.sequence.wrapping_add(1);
            }
            Framing::Intermediate => {
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(payload);
            }
            Framing::Abridged => {
                let words = length / 4;
                match u8::try_from(words) {
                    Ok(short) if short < 0x7f => out.push(short),
                    _ => out.extend_from_slice(&(words << 8 | 0x7f).to_le_bytes()),
                }
                out.extend_from_slice(payload);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = FrameReader::detect(bytes).await.expect("detects");
        let mut frames = Vec::new();
        while let Ok(frame) = reader.next().await {
            frames.push(frame);
        }
        frames
    }

    #[tokio::test]
    async fn each_transport_reads_what_it_writes() {
        let payloads = [vec![1; 8], vec![2; 508], vec![3; 4096]];
        for (framing, opening) in
            [(Framing::Full, vec![]), (Framing::Intermediate, vec![0xee; 4]), (Framing::Abridged, vec![0xef])]
        {
            let mut bytes = opening;
            let mut writer = FrameWriter::new(framing);
            for payload in &payloads {
                writer.frame(payload, &mut bytes);
            }
            assert_eq!(read_all(&bytes).await, payloads, "{framing:?}");
        }
    }

    #[tokio::test]
    async fn damaged_and_foreign_bytes_are_refused() {
        let mut bytes = Vec::new();
        FrameWriter::new(Framing::Full).frame(&[9; 16], &mut bytes);
        bytes[10] ^= 1;
        assert!(read_all(&bytes).await.is_empty());
        assert!(read_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.is_empty());
        assert!(read_all(&[0xee, 0xee, 0xee, 0xee, 0xff, 0xff, 0xff, 0x7f, 0, 0]).await.is_empty());
        assert!(read_all(&[0xef, 0]).await.is_empty());
    }
}
