//! `upload.*`: the bytes of files, in parts, both ways.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::world::{Content, Media, Refusal};

use super::attachments::file_id;
use super::{Call, Reply};

/// Offset and limit of a download are multiples of this.
const STEP: i64 = 4096;
/// No part of a download crosses a border of this, and its limit divides it.
const WINDOW: i64 = 1 << 20;
/// The longest part of an upload.
const PART: usize = 512 << 10;
/// The most parts of an upload.
const MAX_PARTS: i32 = 8000;
/// Longer files are uploaded as big ones.
const BIG: usize = 10 << 20;

impl Call<'_> {
    /// Finds the message whose attachment has a file id, in the groups that the caller is in.
    pub(super) fn holder(&self, file: i64) -> Option<(i64, i32)> {
        let world = &self.inner.world;
        let viewer = world.account(self.account)?;
        let mut groups = world.groups().filter(|group| group.is_present(self.account));
        groups.find_map(|group| {
            let id = i32::try_from(file ^ file_id(group.id, 0)).ok()?;
            let message = group.message(id).filter(|message| world.sees(viewer, group, message))?;
            matches!(message.content, Content::Said { media: Some(_), .. }).then_some((group.id, id))
        })
    }
}

/// Answers `upload.getFile`, by the rules of <https://core.telegram.org/api/files#downloading-files>.
pub(super) fn get_file(call: &mut Call<'_>, request: functions::upload::GetFile) -> Reply {
    use enums::InputFileLocation as Location;
    let (id, access_hash, reference) = match request.location {
        Location::InputDocumentFileLocation(file) => (file.id, file.access_hash, file.file_reference),
        Location::InputPhotoFileLocation(file) => (file.id, file.access_hash, file.file_reference),
        _ => return Err(Refusal::bad("LOCATION_INVALID")),
    };
    let (offset, limit) = (request.offset, i64::from(request.limit));
    let step = if request.precise { 1024 } else { STEP };
    if offset < 0 || offset % step != 0 {
        return Err(Refusal::bad("OFFSET_INVALID"));
    }
    let divides = request.precise || (limit > 0 && WINDOW % limit == 0);
    if limit <= 0 || limit % step != 0 || limit > WINDOW || !divides || offset / WINDOW != (offset + limit - 1) / WINDOW
    {
        return Err(Refusal::bad("LIMIT_INVALID"));
    }
    let (group, message) =
        call.holder(id).filter(|_| access_hash == id).ok_or_else(|| Refusal::bad("FILE_ID_INVALID"))?;
    if reference.is_empty() {
        return Err(Refusal::bad("FILE_REFERENCE_EMPTY"));
    }
    if reference != call.inner.world.reference(message) {
        return Err(Refusal::bad("FILE_REFERENCE_EXPIRED"));
    }
    let limit = usize::try_from(limit).unwrap_or(0);
    let bytes = call.inner.world.bytes(group, message, offset, limit);
    let bytes = bytes.ok_or_else(|| Refusal::bad("FILE_ID_INVALID"))?;
    let file = types::upload::File { r#type: enums::storage::FileType::FileUnknown, mtime: 0, bytes };
    Ok(enums::upload::File::File(file).to_bytes())
}

fn keep(call: &mut Call<'_>, file: i64, part: i32, bytes: Vec<u8>) -> Reply {
    if !(0..MAX_PARTS).contains(&part) {
        return Err(Refusal::bad("FILE_PART_INVALID"));
    }
    if bytes.is_empty() {
        return Err(Refusal::bad("FILE_PART_EMPTY"));
    }
    if bytes.len() > PART {
        return Err(Refusal::bad("FILE_PART_TOO_BIG"));
    }
    call.inner.world.keep_part(call.account, file, part, bytes);
    Ok(true.to_bytes())
}

/// Answers `upload.saveFilePart`.
pub(super) fn save_part(call: &mut Call<'_>, request: functions::upload::SaveFilePart) -> Reply {
    keep(call, request.file_id, request.file_part, request.bytes)
}

/// Answers `upload.saveBigFilePart`.
pub(super) fn save_big_part(call: &mut Call<'_>, request: functions::upload::SaveBigFilePart) -> Reply {
    if request.file_part >= request.file_total_parts {
        return Err(Refusal::bad("FILE_PART_INVALID"));
    }
    keep(call, request.file_id, request.file_part, request.bytes)
}

/// Holds a file that was uploaded and is to become a message.
pub(super) struct Uploaded {
    /// The client's id of it.
    pub(super) id: i64,
    /// What it is called.
    pub(super) name: String,
    /// What is in it.
    pub(super) contents: Vec<u8>,
}

/// Puts together what a client has uploaded.
pub(super) fn uploaded(call: &Call<'_>, file: enums::InputFile) -> Result<Uploaded, Refusal> {
    let (id, parts, name, big) = match file {
        enums::InputFile::File(file) => (file.id, file.parts, file.name, false),
        enums::InputFile::Big(file) => (file.id, file.parts, file.name, true),
        enums::InputFile::StoryDocument(_) => return Err(Refusal::bad("MEDIA_INVALID")),
    };
    let contents = call.inner.world.assemble(call.account, id, parts)?;
    if big != (contents.len() > BIG) {
        return Err(Refusal::bad("FILE_PARTS_INVALID"));
    }
    Ok(Uploaded { id, name, contents })
}

/// Makes the attachment of an uploaded document.
pub(super) fn document(given: &Uploaded, mime: String, attributes: Vec<enums::DocumentAttribute>) -> Media {
    let named = attributes.into_iter().find_map(|attribute| match attribute {
        enums::DocumentAttribute::Filename(attribute) => Some(attribute.file_name),
        _ => None,
    });
    Media::File { name: named.unwrap_or_else(|| given.name.clone()), mime, size: length(given) }
}

/// Makes the attachment of an uploaded photo; this world does not look into pictures.
pub(super) fn photo(given: &Uploaded) -> Media {
    Media::Photo { width: 800, height: 600, size: i32::try_from(given.contents.len()).unwrap_or(i32::MAX) }
}

fn length(given: &Uploaded) -> i64 {
    i64::try_from(given.contents.len()).unwrap_or(i64::MAX)
}
