//! `messages.getStickerSet`: of all sets, the icons that a topic may have.

use grammers_tl_types::{Serializable, enums, functions, types};

use crate::sandbox::icons;
use crate::sandbox::world::Refusal;

use super::render::DC_ID;
use super::{Call, Reply};

/// The set's number and hash, which never change.
const SET: (i64, i32) = (0x7069_6373, 0x0069_636f);

/// Answers `messages.getStickerSet` for the default topic icons, for bots too; there are no other sets here.
pub(super) fn set(_call: &mut Call<'_>, request: functions::messages::GetStickerSet) -> Reply {
    if !matches!(request.stickerset, enums::InputStickerSet::EmojiDefaultTopicIcons) {
        return Err(Refusal::bad("STICKERSET_INVALID"));
    }
    let (id, hash) = SET;
    if request.hash == hash {
        return Ok(enums::messages::StickerSet::NotModified.to_bytes());
    }
    let documents: Vec<enums::Document> = icons::all().map(|(emoji, id)| document(emoji, id)).collect();
    let packs =
        icons::all().map(|(emoji, id)| types::StickerPack { emoticon: emoji.to_owned(), documents: vec![id] }.into());
    let set = types::StickerSet {
        archived: false,
        official: true,
        masks: false,
        emojis: true,
        text_color: false,
        channel_emoji_status: false,
        creator: false,
        installed_date: None,
        id,
        access_hash: id,
        title: "Topic Icons".to_owned(),
        short_name: "Topics".to_owned(),
        thumbs: None,
        thumb_dc_id: None,
        thumb_version: None,
        thumb_document_id: None,
        count: i32::try_from(documents.len()).unwrap_or(i32::MAX),
        hash,
    };
    let answer =
        types::messages::StickerSet { set: set.into(), packs: packs.collect(), keywords: Vec::new(), documents };
    Ok(enums::messages::StickerSet::Set(answer).to_bytes())
}

fn document(emoji: &str, id: i64) -> enums::Document {
    let size = types::DocumentAttributeImageSize { w: 100, h: 100 };
    let set = types::InputStickerSetId { id: SET.0, access_hash: SET.0 };
    let custom = types::DocumentAttributeCustomEmoji {
        free: true,
        text_color: false,
        // Telegram writes the coloured form, or not, as it comes.
        alt: if emoji == "\u{26a1}" { format!("{emoji}\u{fe0f}") } else { emoji.to_owned() },
        stickerset: set.into(),
    };
    types::Document {
        id,
        access_hash: id,
        file_reference: id.to_le_bytes().to_vec(),
        date: 0,
        mime_type: "application/x-tgsticker".to_owned(),
        size: 10_000,
        thumbs: None,
        video_thumbs: None,
        dc_id: DC_ID,
        attributes: vec![size.into(), custom.into()],
    }
    .into()
}
