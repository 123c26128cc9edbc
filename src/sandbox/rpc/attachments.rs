//! Showing marked runs of text and attachments. What is in files is served by `upload`.

use grammers_tl_types::{Deserializable, enums, types};

use crate::sandbox::world::{Entity, EntityKind, Group, Media, Message, World};

use super::render::{DC_ID, date};

/// Shows a marked run of text.
pub(super) fn show_entity(entity: &Entity) -> enums::MessageEntity {
    let (offset, length) = (entity.offset, entity.length);
    match entity.kind.clone() {
        EntityKind::Bold => types::MessageEntityBold { offset, length }.into(),
        EntityKind::Italic => types::MessageEntityItalic { offset, length }.into(),
        EntityKind::Underline => types::MessageEntityUnderline { offset, length }.into(),
        EntityKind::Strike => types::MessageEntityStrike { offset, length }.into(),
        EntityKind::Spoiler => types::MessageEntitySpoiler { offset, length }.into(),
        EntityKind::Code => types::MessageEntityCode { offset, length }.into(),
        EntityKind::Pre { language } => types::MessageEntityPre { offset, length, language }.into(),
        EntityKind::Blockquote { collapsed } => types::MessageEntityBlockquote { collapsed, offset, length }.into(),
        EntityKind::Url => types::MessageEntityUrl { offset, length }.into(),
        EntityKind::TextUrl { url } => types::MessageEntityTextUrl { offset, length, url }.into(),
        EntityKind::Mention => types::MessageEntityMention { offset, length }.into(),
        EntityKind::MentionName { user } => types::MessageEntityMentionName { offset, length, user_id: user }.into(),
        EntityKind::Hashtag => types::MessageEntityHashtag { offset, length }.into(),
        EntityKind::Cashtag => types::MessageEntityCashtag { offset, length }.into(),
        EntityKind::BotCommand => types::MessageEntityBotCommand { offset, length }.into(),
        EntityKind::Email => types::MessageEntityEmail { offset, length }.into(),
        EntityKind::Phone => types::MessageEntityPhone { offset, length }.into(),
        EntityKind::CustomEmoji { document } => {
            types::MessageEntityCustomEmoji { offset, length, document_id: document }.into()
        }
    }
}

/// Tells the file id of a message's attachment.
pub(super) fn file_id(group: i64, message: i32) -> i64 {
    group << 31 ^ i64::from(message)
}

/// Shows an attachment.
pub(super) fn show_media(world: &World, media: &Media, group: &Group, message: &Message) -> enums::MessageMedia {
    let id = file_id(group.id, message.id);
    let at = date(message.date);
    let document = |mime: &str, size: i64, attributes: Vec<enums::DocumentAttribute>| {
        let document = types::Document {
            id,
            access_hash: id,
            file_reference: world.reference(message.id),
            date: at,
            mime_type: mime.to_owned(),
            size,
            thumbs: None,
            video_thumbs: None,
            dc_id: DC_ID,
            attributes,
        };
        types::MessageMediaDocument {
            nopremium: false,
            spoiler: false,
            video: mime.starts_with("video/"),
            round: matches!(media, Media::Video { round: true, .. }),
            voice: matches!(media, Media::Voice { .. }),
            document: Some(document.into()),
            alt_documents: None,
            video_cover: None,
            video_timestamp: None,
            ttl_seconds: None,
        }
        .into()
    };
    let audio = |voice, seconds: i32, title: Option<&String>, performer: Option<&String>| {
        enums::DocumentAttribute::Audio(types::DocumentAttributeAudio {
            voice,
            duration: seconds,
            title: title.cloned(),
            performer: performer.cloned(),
            waveform: None,
        })
    };
    let video = |round, silent, seconds: i32, w, h| {
        enums::DocumentAttribute::Video(types::DocumentAttributeVideo {
            round_message: round,
            supports_streaming: true,
            nosound: silent,
            duration: f64::from(seconds),
            w,
            h,
            preload_prefix_size: None,
            video_start_ts: None,
            video_codec: None,
        })
    };
    match media {
        Media::Photo { width, height, size } => {
            let largest = types::PhotoSize { r#type: "y".to_owned(), w: *width, h: *height, size: *size };
            let photo = types::Photo {
                has_stickers: false,
                id,
                access_hash: id,
                file_reference: world.reference(message.id),
                date: at,
                sizes: vec![largest.into()],
                video_sizes: None,
                dc_id: DC_ID,
            };
            types::MessageMediaPhoto {
                spoiler: false,
                live_photo: false,
                photo: Some(photo.into()),
                ttl_seconds: None,
                video: None,
            }
            .into()
        }
        Media::Voice { seconds, size } => document("audio/ogg", *size, vec![audio(true, *seconds, None, None)]),
        Media::Audio { title, performer, seconds, size } => {
            document("audio/mpeg", *size, vec![audio(false, *seconds, Some(title), Some(performer))])
        }
        Media::Sticker { emoji } => {
            let sticker = types::DocumentAttributeSticker {
                mask: false,
                alt: emoji.clone(),
                stickerset: enums::InputStickerSet::Empty,
                mask_coords: None,
            };
            let size = enums::DocumentAttribute::ImageSize(types::DocumentAttributeImageSize { w: 512, h: 512 });
            document("image/webp", 20_000, vec![size, sticker.into()])
        }
        Media::Video { seconds, width, height, size, round } => {
            document("video/mp4", *size, vec![video(*round, false, *seconds, *width, *height)])
        }
        Media::Animation { seconds, width, height, size } => document(
            "video/mp4",
            *size,
            vec![video(false, true, *seconds, *width, *height), enums::DocumentAttribute::Animated],
        ),
        Media::File { name, mime, size } => {
            let name = types::DocumentAttributeFilename { file_name: name.clone() };
            document(mime, *size, vec![name.into()])
        }
        Media::Contact { phone, first_name, last_name } => types::MessageMediaContact {
            phone_number: phone.clone(),
            first_name: first_name.clone(),
            last_name: last_name.clone(),
            vcard: String::new(),
            user_id: 0,
        }
        .into(),
        Media::Poll { question, options } => poll(id, question, options),
        Media::Location { latitude, longitude } => {
            let degrees = |millionths: i32| f64::from(millionths) / 1_000_000.0;
            let geo = types::GeoPoint {
                long: degrees(*longitude),
                lat: degrees(*latitude),
                access_hash: 0,
                accuracy_radius: None,
            };
            types::MessageMediaGeo { geo: geo.into() }.into()
        }
    }
}

/// Shows a poll in which nobody has voted.
fn poll(id: i64, question: &str, options: &[String]) -> enums::MessageMedia {
    let words = |text: &str| types::TextWithEntities { text: text.to_owned(), entities: Vec::new() }.into();
    let answer = |(place, text): (u8, &String)| {
        types::PollAnswer { text: words(text), option: vec![place], media: None, added_by: None, date: None }.into()
    };
    let poll = types::Poll {
        id,
        closed: false,
        public_voters: false,
        multiple_choice: false,
        quiz: false,
        open_answers: false,
        revoting_disabled: false,
        shuffle_answers: false,
        hide_results_until_close: false,
        creator: false,
        subscribers_only: false,
        question: words(question),
        answers: (0..).zip(options).map(answer).collect(),
        close_period: None,
        close_date: None,
        countries_iso2: None,
        hash: 0,
    };
    // No flags: no results.
    let results = types::PollResults::from_bytes(&[0; 4]).expect("four bytes of flags are a whole record");
    types::MessageMediaPoll { poll: poll.into(), results: results.into(), attached_media: None }.into()
}
