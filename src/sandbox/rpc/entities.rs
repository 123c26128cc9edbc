//! Reading what a client sends: marked runs of text and attachments.

use grammers_tl_types::enums;

use crate::sandbox::world::{Content, Entity, EntityKind, Media, Refusal};

use super::Call;
use super::upload::{self, Uploaded};

/// The most entities a message keeps; Telegram ignores the rest.
const MAX_ENTITIES: usize = 100;

impl Call<'_> {
    /// Reads entities; kinds this world does not know are dropped.
    pub(super) fn entities(&self, given: Option<Vec<enums::MessageEntity>>) -> Result<Vec<Entity>, Refusal> {
        use enums::MessageEntity as Given;
        let mut entities = Vec::new();
        for entity in given.unwrap_or_default() {
            let (offset, length, kind) = match entity {
                Given::Bold(e) => (e.offset, e.length, EntityKind::Bold),
                Given::Italic(e) => (e.offset, e.length, EntityKind::Italic),
                Given::Underline(e) => (e.offset, e.length, EntityKind::Underline),
                Given::Strike(e) => (e.offset, e.length, EntityKind::Strike),
                Given::Spoiler(e) => (e.offset, e.length, EntityKind::Spoiler),
                Given::Code(e) => (e.offset, e.length, EntityKind::Code),
                Given::Pre(e) => (e.offset, e.length, EntityKind::Pre { language: e.language }),
                Given::Blockquote(e) => (e.offset, e.length, EntityKind::Blockquote { collapsed: e.collapsed }),
                Given::Url(e) => (e.offset, e.length, EntityKind::Url),
                Given::TextUrl(e) => (e.offset, e.length, EntityKind::TextUrl { url: e.url }),
                Given::Mention(e) => (e.offset, e.length, EntityKind::Mention),
                Given::MentionName(e) => (e.offset, e.length, EntityKind::MentionName { user: e.user_id }),
                Given::InputMessageEntityMentionName(e) => {
                    (e.offset, e.length, EntityKind::MentionName { user: self.user(&e.user_id)? })
                }
                Given::Hashtag(e) => (e.offset, e.length, EntityKind::Hashtag),
                Given::Cashtag(e) => (e.offset, e.length, EntityKind::Cashtag),
                Given::BotCommand(e) => (e.offset, e.length, EntityKind::BotCommand),
                Given::Email(e) => (e.offset, e.length, EntityKind::Email),
                Given::Phone(e) => (e.offset, e.length, EntityKind::Phone),
                Given::CustomEmoji(e) => (e.offset, e.length, EntityKind::CustomEmoji { document: e.document_id }),
                Given::Unknown(_)
                | Given::BankCard(_)
                | Given::FormattedDate(_)
                | Given::DiffInsert(_)
                | Given::DiffReplace(_)
                | Given::DiffDelete(_)
                | Given::TonAddress(_) => continue,
            };
            entities.push(Entity { offset, length, kind });
        }
        entities.truncate(MAX_ENTITIES);
        Ok(entities)
    }
}

/// Reads an attachment: places and contacts, files that are already in the world, and files that were uploaded, which come along.
pub(super) fn media(call: &Call<'_>, given: enums::InputMedia) -> Result<(Media, Option<Uploaded>), Refusal> {
    let media = match given {
        enums::InputMedia::UploadedDocument(document) => {
            let file = upload::uploaded(call, document.file)?;
            return Ok((upload::document(&file, document.mime_type, document.attributes), Some(file)));
        }
        enums::InputMedia::UploadedPhoto(photo) => {
            let file = upload::uploaded(call, photo.file)?;
            return Ok((upload::photo(&file), Some(file)));
        }
        enums::InputMedia::GeoPoint(media) => match media.geo_point {
            enums::InputGeoPoint::Point(point) => {
                Media::Location { latitude: micro(point.lat), longitude: micro(point.long) }
            }
            enums::InputGeoPoint::Empty => return Err(Refusal::bad("MEDIA_EMPTY")),
        },
        enums::InputMedia::Contact(contact) => {
            Media::Contact { phone: contact.phone_number, first_name: contact.first_name, last_name: contact.last_name }
        }
        enums::InputMedia::Photo(photo) => match photo.id {
            enums::InputPhoto::Photo(photo) => known(call, photo.id)?,
            enums::InputPhoto::Empty => return Err(Refusal::bad("MEDIA_EMPTY")),
        },
        enums::InputMedia::Document(document) => match document.id {
            enums::InputDocument::Document(document) => known(call, document.id)?,
            enums::InputDocument::Empty => return Err(Refusal::bad("MEDIA_EMPTY")),
        },
        enums::InputMedia::Empty => return Err(Refusal::bad("MEDIA_EMPTY")),
        _ => {
            tracing::warn!("this sandbox takes no polls, games or the like");
            return Err(Refusal::bad("MEDIA_INVALID"));
        }
    };
    Ok((media, None))
}

/// Finds an attachment by its file id, which names its group and message.
fn known(call: &Call<'_>, file: i64) -> Result<Media, Refusal> {
    let found = call.holder(file).and_then(|(group, id)| call.inner.world.group(group)?.message(id));
    match found.map(|message| &message.content) {
        Some(Content::Said { media: Some(media), .. }) => Ok(media.clone()),
        _ => Err(Refusal::bad("MEDIA_EMPTY")),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a place on earth is clamped to 180 degrees, which fits")]
fn micro(degrees: f64) -> i32 {
    (degrees.clamp(-180.0, 180.0) * 1_000_000.0).round() as i32
}
