//! Reading what a client sends: marked runs of text and attachments.

use grammers_tl_types::enums;

use crate::sandbox::world::{Entity, EntityKind, Media, Refusal};

use super::Call;

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

/// Reads an attachment that needs no upload: places and contacts, and files that are already in the world.
pub(super) fn media(call: &Call<'_>, given: enums::InputMedia) -> Result<Media, Refusal> {
    match given {
        enums::InputMedia::GeoPoint(media) => match media.geo_point {
            enums::InputGeoPoint::Point(point) => {
                Ok(Media::Location { latitude: micro(point.lat), longitude: micro(point.long) })
            }
            enums::InputGeoPoint::Empty => Err(Refusal::bad("MEDIA_EMPTY")),
        },
        enums::InputMedia::Contact(contact) => Ok(Media::Contact {
            phone: contact.phone_number,
            first_name: contact.first_name,
            last_name: contact.last_name,
        }),
        enums::InputMedia::Photo(photo) => match photo.id {
            enums::InputPhoto::Photo(photo) => known(call, photo.id),
            enums::InputPhoto::Empty => Err(Refusal::bad("MEDIA_EMPTY")),
        },
        enums::InputMedia::Document(document) => match document.id {
            enums::InputDocument::Document(document) => known(call, document.id),
            enums::InputDocument::Empty => Err(Refusal::bad("MEDIA_EMPTY")),
        },
        enums::InputMedia::Empty => Err(Refusal::bad("MEDIA_EMPTY")),
        _ => {
            tracing::warn!("this sandbox takes no uploads, polls, games or the like");
            Err(Refusal::bad("MEDIA_INVALID"))
        }
    }
}

/// Finds an attachment by its file id, which names its group and message.
fn known(call: &Call<'_>, file: i64) -> Result<Media, Refusal> {
    let world = &call.inner.world;
    let groups = world.groups().filter(|group| group.is_present(call.account));
    let mut messages = groups.filter_map(|group| {
        let id = i32::try_from(file ^ super::attachments::file_id(group.id, 0)).ok()?;
        group.message(id)
    });
    let found = messages.find_map(|message| match &message.content {
        crate::sandbox::world::Content::Said { media, .. } => media.clone(),
        crate::sandbox::world::Content::Service(_) => None,
    });
    found.ok_or_else(|| Refusal::bad("MEDIA_EMPTY"))
}

#[expect(clippy::cast_possible_truncation, reason = "a place on earth is clamped to 180 degrees, which fits")]
fn micro(degrees: f64) -> i32 {
    (degrees.clamp(-180.0, 180.0) * 1_000_000.0).round() as i32
}
