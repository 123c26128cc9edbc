//! The bytes of attachments: what was uploaded, and for everything else made-up bytes that are the same each time.

use std::collections::{BTreeMap, HashMap};

use super::content::{Content, Media};
use super::{Refusal, World};
use crate::sandbox::dice::Dice;

/// How many bytes of uploads are kept; of files that come after, only the sizes are true.
const KEPT: usize = 256 << 20;
/// How many bytes of made-up contents one throw of the dice gives.
const BLOCK: i64 = 8;

/// Holds what clients have uploaded.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Rises when all references that were given out grow old.
    generation: i32,
    /// Parts of files that no message has yet, by account and the client's own id.
    parts: HashMap<(i64, i64), BTreeMap<i32, Vec<u8>>>,
    /// Uploaded contents, by group and message.
    contents: HashMap<(i64, i32), Vec<u8>>,
    held: usize,
}

impl Media {
    /// Tells how many bytes can be downloaded; `None` if there is no file.
    pub fn size(&self) -> Option<i64> {
        match self {
            Media::Photo { size, .. } => Some(i64::from(*size)),
            Media::Voice { size, .. }
            | Media::Audio { size, .. }
            | Media::Video { size, .. }
            | Media::Animation { size, .. }
            | Media::File { size, .. } => Some(*size),
            Media::Sticker { .. } => Some(20_000),
            Media::Contact { .. } | Media::Location { .. } | Media::Poll { .. } => None,
        }
    }
}

impl World {
    /// Makes all file references that were given out old.
    pub fn age_references(&mut self) {
        self.files.generation += 1;
    }

    /// Tells the reference under which the file of a message can be had now.
    pub(in crate::sandbox) fn reference(&self, message: i32) -> Vec<u8> {
        [message.to_le_bytes(), self.files.generation.to_le_bytes()].concat()
    }

    /// Reads up to `limit` bytes of a message's file from `offset` on; `None` if there is no file.
    pub fn bytes(&self, group: i64, message: i32, offset: i64, limit: usize) -> Option<Vec<u8>> {
        let group = self.group_id(group);
        let Content::Said { media: Some(media), .. } = &self.group(group)?.message(message)?.content else {
            return None;
        };
        let size = media.size()?;
        let end = offset.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX)).min(size);
        if offset >= end {
            return Some(Vec::new());
        }
        if let Some(contents) = self.files.contents.get(&(group, message)) {
            let at = |place: i64| usize::try_from(place).unwrap_or(0).min(contents.len());
            return Some(contents[at(offset)..at(end)].to_vec());
        }
        let seed = (group << 31 ^ i64::from(message)).unsigned_abs();
        let blocks = offset / BLOCK..=(end - 1) / BLOCK;
        let made =
            blocks.flat_map(|block| Dice::new(seed.wrapping_add(block.unsigned_abs() << 20)).throw().to_le_bytes());
        let skip = usize::try_from(offset % BLOCK).unwrap_or(0);
        Some(made.skip(skip).take(usize::try_from(end - offset).unwrap_or(0)).collect())
    }

    /// Keeps a part of a file that an account uploads; a part that comes again takes the place of the first.
    pub(in crate::sandbox) fn keep_part(&mut self, account: i64, file: i64, part: i32, bytes: Vec<u8>) {
        self.files.parts.entry((account, file)).or_default().insert(part, bytes);
    }

    /// Puts an uploaded file together.
    ///
    /// # Errors
    /// A part is missing.
    pub(in crate::sandbox) fn assemble(&self, account: i64, file: i64, count: i32) -> Result<Vec<u8>, Refusal> {
        let parts = self.files.parts.get(&(account, file)).ok_or_else(|| Refusal::bad("FILE_PARTS_INVALID"))?;
        let mut whole = Vec::new();
        for part in 0..count {
            let bytes = parts.get(&part).ok_or_else(|| Refusal::bad(&format!("FILE_PART_{part}_MISSING")))?;
            whole.extend_from_slice(bytes);
        }
        if whole.is_empty() { Err(Refusal::bad("FILE_PARTS_INVALID")) } else { Ok(whole) }
    }

    /// Gives an uploaded file to the message that was made of it.
    pub(in crate::sandbox) fn keep_contents(&mut self, account: i64, file: i64, to: (i64, i32), contents: Vec<u8>) {
        self.files.parts.remove(&(account, file));
        if self.files.held + contents.len() <= KEPT {
            self.files.held += contents.len();
            self.files.contents.insert(to, contents);
        }
    }
}
