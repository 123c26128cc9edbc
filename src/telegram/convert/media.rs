//! Attachments -> one-line descriptors. What is in them is fetched by `media`, when somebody asks.

use grammers_tl_types as tl;
use tl::enums::{DocumentAttribute as Attribute, MessageMedia as Raw};

use super::safe;
use crate::desk::thread::Media;

/// Converts an attachment; previews of links are none.
pub(crate) fn media(raw: &Raw) -> Option<Media> {
    Some(match raw {
        Raw::Empty | Raw::WebPage(_) => return None,
        Raw::Photo(photo) => match &photo.photo {
            Some(tl::enums::Photo::Photo(photo)) => self::photo(photo),
            _ => other("expired photo"),
        },
        Raw::Document(media) => match &media.document {
            Some(tl::enums::Document::Document(file)) => document(media, file),
            _ => other("expired file"),
        },
        Raw::Geo(geo) => place(&geo.geo),
        Raw::GeoLive(geo) => match place(&geo.geo) {
            Media::Location { latitude, longitude } => Media::LiveLocation { latitude, longitude },
            other => other,
        },
        Raw::Venue(venue) => {
            let place = format!("{}, {}", safe::line(&venue.title, 100), safe::line(&venue.address, 200));
            described(&format!("venue {}", place.trim_matches([',', ' '])))
        }
        Raw::Contact(contact) => Media::Contact {
            name: safe::name(&format!("{} {}", contact.first_name, contact.last_name)),
            phone: safe::line(&contact.phone_number, 32),
        },
        Raw::Poll(media) => {
            let tl::enums::Poll::Poll(poll) = &media.poll;
            Media::Poll {
                question: words(&poll.question, 300),
                options: poll.answers.iter().take(MOST_OPTIONS).filter_map(option).collect(),
                closed: poll.closed,
            }
        }
        Raw::Dice(dice) => Media::Dice { emoji: safe::name(&dice.emoticon), value: dice.value },
        Raw::Game(media) => {
            let tl::enums::Game::Game(game) = &media.game;
            other(&format!("game {}", game.title))
        }
        Raw::Invoice(invoice) => {
            let title = safe::line(&invoice.title, 200);
            described(&format!("invoice {title}, {} {}", money(invoice.total_amount), safe::line(&invoice.currency, 8)))
        }
        Raw::Story(_) => other("story"),
        Raw::Giveaway(giveaway) => other(&format!("giveaway for {} winners", giveaway.quantity)),
        Raw::GiveawayResults(results) => other(&format!("giveaway over: {} winners", results.winners_count)),
        Raw::PaidMedia(paid) => other(&format!("paid media for {} stars", paid.stars_amount)),
        Raw::ToDo(media) => {
            let tl::enums::TodoList::List(list) = &media.todo;
            let done = media.completions.as_ref().map_or(0, Vec::len);
            described(&format!("checklist {}, {done} of {} done", words(&list.title, 200), list.list.len()))
        }
        Raw::VideoStream(_) => other("video stream"),
        Raw::Unsupported => other("unsupported attachment"),
    })
}

/// A poll has at most so many answers, as far as Telegram's own clients go.
const MOST_OPTIONS: usize = 12;

fn other(name: &str) -> Media {
    Media::Other { name: safe::name(name) }
}

/// As [`other`], for what is longer than a name.
fn described(words: &str) -> Media {
    Media::Other { name: safe::line(words, 400) }
}

fn words(text: &tl::enums::TextWithEntities, most: usize) -> String {
    let tl::enums::TextWithEntities::Entities(text) = text;
    safe::line(&text.text, most)
}

fn option(answer: &tl::enums::PollAnswer) -> Option<String> {
    match answer {
        tl::enums::PollAnswer::Answer(answer) => Some(words(&answer.text, 100)),
        tl::enums::PollAnswer::InputPollAnswer(answer) => Some(words(&answer.text, 100)),
    }
}

/// Writes an amount of the smallest units. Currencies without hundredths are rare, and the amount is a hint.
fn money(amount: i64) -> String {
    format!("{}.{:02}", amount / 100, (amount % 100).unsigned_abs())
}

fn unsigned(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn photo(photo: &tl::types::Photo) -> Media {
    let mut best = (0, 0, 0);
    for size in &photo.sizes {
        let (width, height, bytes) = match size {
            tl::enums::PhotoSize::Size(size) => (size.w, size.h, size.size),
            tl::enums::PhotoSize::Progressive(size) => (size.w, size.h, size.sizes.iter().copied().max().unwrap_or(0)),
            tl::enums::PhotoSize::PhotoCachedSize(size) => {
                (size.w, size.h, i32::try_from(size.bytes.len()).unwrap_or(0))
            }
            _ => continue,
        };
        if i64::from(width) * i64::from(height) >= i64::from(best.0) * i64::from(best.1) {
            best = (width, height, bytes);
        }
    }
    Media::Photo { width: unsigned(best.0), height: unsigned(best.1), size: u64::from(unsigned(best.2)) }
}

fn place(geo: &tl::enums::GeoPoint) -> Media {
    match geo {
        // A hostile float would break JSON, which knows no NaN.
        tl::enums::GeoPoint::Point(point) if point.lat.is_finite() && point.long.is_finite() => {
            // Ten centimetres; and what was stored reads back the same, or every look at it would be an edit.
            let round = |degrees: f64| (degrees * 1e6).round() / 1e6 + 0.0;
            Media::Location {
                latitude: round(point.lat.clamp(-90.0, 90.0)),
                longitude: round(point.long.clamp(-180.0, 180.0)),
            }
        }
        _ => other("place"),
    }
}

fn document(media: &tl::types::MessageMediaDocument, file: &tl::types::Document) -> Media {
    let size = u64::try_from(file.size).unwrap_or(0);
    let mut name = None;
    let mut video = None;
    let mut audio = None;
    let mut sticker = None;
    let mut animated = false;
    for attribute in &file.attributes {
        match attribute {
            Attribute::Filename(file) => name = Some(safe::file_name(&file.file_name)),
            Attribute::Video(attribute) => video = Some(attribute),
            Attribute::Audio(attribute) => audio = Some(attribute),
            Attribute::Sticker(attribute) => sticker = Some(&attribute.alt),
            Attribute::CustomEmoji(attribute) => sticker = Some(&attribute.alt),
            Attribute::Animated => animated = true,
            Attribute::ImageSize(_) | Attribute::HasStickers => {}
        }
    }
    if let Some(emoji) = sticker {
        return Media::Sticker { emoji: safe::line(emoji, 16) };
    }
    if animated {
        return Media::Animation { size };
    }
    if let Some(audio) = audio {
        let seconds = unsigned(audio.duration);
        if audio.voice || media.voice {
            return Media::Voice { seconds, size };
        }
        let title = match (&audio.performer, &audio.title) {
            (Some(performer), Some(title)) => Some(safe::name(&format!("{performer} – {title}"))),
            (None, Some(one)) | (Some(one), None) => Some(safe::name(one)),
            (None, None) => name,
        };
        return Media::Audio { seconds, size, title };
    }
    if let Some(video) = video {
        // Saturating: a NaN or negative duration becomes 0.
        let seconds = video.duration.round() as u32;
        if video.round_message || media.round {
            return Media::VideoNote { seconds, size };
        }
        return Media::Video { seconds, width: unsigned(video.w), height: unsigned(video.h), size, name };
    }
    Media::File { name: name.unwrap_or_else(|| "unnamed".to_owned()), size, mime: safe::line(&file.mime_type, 80) }
}
