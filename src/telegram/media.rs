//! Files: fetched in parts beside all else, and brought up in parts before the one call that sends.
//!
//! A download goes on where an earlier one broke off; its parts lie beside the place where the file will be, under the file's own id, so
//! that parts of two files never meet. Cut connections and waits that Telegram asks for make it slow and no failure; a reference that has
//! grown old is fetched again with the message. Bringing a file up is no sending: that is `messages.sendMedia` alone, which names the
//! file by an id made of the row's `random_id`, so that its repeat is the identical call also after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use grammers_tl_types as tl;
use tokio::time::Instant;

use super::error::CallError;
use super::group::Group;
use super::history::unpack;
use super::reaction::Reaction;
use super::send;
use super::station::Shared;
use crate::clock::Timestamp;
use crate::desk::ids::{GroupId, MessageId};
use crate::engine::transport::{Failure, Freight, Incoming, Outcome, Outgoing, Send};

/// So much is asked for at once: a multiple of 4 KB that divides a megabyte, as Telegram wants it.
const TAKEN: u64 = 256 << 10;
/// So much is brought up at once; all parts but the last have this size.
const BROUGHT: u64 = 512 << 10;
/// Files above it are brought up as big ones, which have no checksum.
const BIG: u64 = 10 << 20;
/// Larger pictures go out as files.
const LARGEST_PHOTO: u64 = 10_000_000;
/// A part may take this long: four kilobytes a second.
const LIMIT: Duration = Duration::from_secs(120);
/// So long a part waits for a connection.
const PATIENCE: Duration = Duration::from_secs(90);
/// A part is asked for so often when the connection fails under it, or Telegram has trouble.
const TRIES: u32 = 6;
/// How often it is said how far a file is.
const NEWS: Duration = Duration::from_millis(500);

/// Where the bytes of a message's file are.
struct Source {
    id: i64,
    dc: i32,
    size: u64,
    location: tl::enums::InputFileLocation,
}

/// Why a part could not be had or brought.
enum Stuck {
    /// Nothing more can be done now.
    Failed(Failure),
    /// Telegram refuses.
    Refused(CallError),
}

/// Says how far a file is, twice a second at most.
struct News<'a> {
    shared: &'a Shared,
    what: Freight,
    size: u64,
    next: Instant,
}

impl News<'_> {
    async fn tell(&mut self, done: u64) {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + NEWS;
            // Nobody listens any more: the link is about to end.
            let _ = self.shared.tell(Incoming::Progress { what: self.what, done, size: self.size }).await;
        }
    }
}

fn news(shared: &Shared, what: Freight, size: u64) -> News<'_> {
    News { shared, what, size, next: Instant::now() }
}

/// Fetches the file of a message.
pub(crate) async fn download(
    shared: &Shared,
    group: GroupId,
    message: MessageId,
    to: &Path,
) -> Result<Incoming, Failure> {
    let mut source = locate(shared, group, message).await?;
    let parts = beside(to, &format!(".{:016x}.part", source.id));
    let disk = |error: std::io::Error| Failure::Refused { why: format!("{}: {error}", parts.display()) };
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&parts).map_err(disk)?;
    let held = file.metadata().map_err(disk)?.len();
    // Only whole parts count: the last one may have been cut short with the desk.
    let mut done = held - held % TAKEN;
    if held > source.size {
        done = 0;
    }
    if held != source.size {
        file.set_len(done).map_err(disk)?;
    } else {
        done = held;
    }
    // A sandbox is one data centre, whichever it says it is.
    let mut dc = shared.setup.sandbox.is_none().then_some(source.dc);
    let mut news = news(shared, Freight::Download { group, message }, source.size);
    let mut again = 0;
    while done < source.size {
        news.tell(done).await;
        let request = |_: &Group| tl::functions::upload::GetFile {
            precise: false,
            cdn_supported: false,
            location: source.location.clone(),
            offset: i64::try_from(done).unwrap_or(i64::MAX),
            limit: TAKEN as i32,
        };
        let error = match insist(shared, group, dc, request).await {
            Ok(tl::enums::upload::File::File(part)) => {
                let came = part.bytes.len() as u64;
                if came == 0 || (came < TAKEN && done + came < source.size) || done + came > source.size {
                    return Err(refused("Telegram gives another number of bytes than it says"));
                }
                file.write_all(&part.bytes).map_err(disk)?;
                done += came;
                again = 0;
                continue;
            }
            Ok(tl::enums::upload::File::CdnRedirect(_)) => return Err(refused("the file is only elsewhere")),
            Err(Stuck::Failed(why)) => return Err(why),
            Err(Stuck::Refused(error)) => error,
        };
        again += 1;
        match error.reaction() {
            _ if again > 3 => return Err(refused(&format!("Telegram refused: {}", error.words()))),
            Some(Reaction::Refetch) => {
                let fresh = locate(shared, group, message).await?;
                if fresh.id != source.id || fresh.size != source.size {
                    return Err(refused("the message has another file now: ask for it again"));
                }
                source = fresh;
            }
            Some(Reaction::Migrate) => dc = error.value(),
            // The other data centre does not know the login yet.
            Some(Reaction::LoggedOut) if dc.is_some_and(|dc| dc != shared.vault.home()) => {
                introduce(shared, group, dc.unwrap_or_default()).await?;
            }
            _ => return Err(refused(&format!("Telegram refused: {}", error.words()))),
        }
    }
    // What is renamed must be whole after a crash too, and a disk may take its time.
    let synced = tokio::task::spawn_blocking(move || file.sync_all()).await;
    synced.unwrap_or_else(|panic| Err(std::io::Error::other(panic))).map_err(disk)?;
    fs::rename(&parts, to).map_err(disk)?;
    Ok(Incoming::Downloaded { group, message })
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut whole = path.as_os_str().to_owned();
    whole.push(end);
    PathBuf::from(whole)
}

fn refused(why: &str) -> Failure {
    Failure::Refused { why: why.to_owned() }
}

/// Asks for the message, and tells where its file is.
async fn locate(shared: &Shared, group: GroupId, message: MessageId) -> Result<Source, Failure> {
    let request = |group: &Group| tl::functions::channels::GetMessages {
        channel: group.input(),
        id: vec![tl::types::InputMessageId { id: message.0 }.into()],
    };
    let answer = match insist(shared, group, None, request).await {
        Ok(answer) => answer,
        Err(Stuck::Failed(why)) => return Err(why),
        Err(Stuck::Refused(error)) => return Err(refused(&format!("Telegram refused: {}", error.words()))),
    };
    let found = unpack(answer).messages.into_iter().find_map(|raw| match raw {
        tl::enums::Message::Message(raw) if raw.id == message.0 => Some(raw),
        _ => None,
    });
    let found = found.ok_or_else(|| refused("the message is not there any more"))?;
    found.media.as_ref().and_then(source).ok_or_else(|| refused("the message has no file any more"))
}

fn source(media: &tl::enums::MessageMedia) -> Option<Source> {
    match media {
        tl::enums::MessageMedia::Photo(media) => {
            let Some(tl::enums::Photo::Photo(photo)) = &media.photo else { return None };
            let (thumb_size, size) = largest(photo)?;
            let location = tl::types::InputPhotoFileLocation {
                id: photo.id,
                access_hash: photo.access_hash,
                file_reference: photo.file_reference.clone(),
                thumb_size,
            };
            Some(Source { id: photo.id, dc: photo.dc_id, size, location: location.into() })
        }
        tl::enums::MessageMedia::Document(media) => {
            let Some(tl::enums::Document::Document(file)) = &media.document else { return None };
            let location = tl::types::InputDocumentFileLocation {
                id: file.id,
                access_hash: file.access_hash,
                file_reference: file.file_reference.clone(),
                thumb_size: String::new(),
            };
            let size = u64::try_from(file.size).ok()?;
            Some(Source { id: file.id, dc: file.dc_id, size, location: location.into() })
        }
        _ => None,
    }
}

/// Tells name and bytes of a photo's largest size.
fn largest(photo: &tl::types::Photo) -> Option<(String, u64)> {
    let sizes = photo.sizes.iter().filter_map(|size| match size {
        tl::enums::PhotoSize::Size(size) => Some((i64::from(size.w) * i64::from(size.h), &size.r#type, size.size)),
        tl::enums::PhotoSize::Progressive(size) => {
            let bytes = size.sizes.iter().copied().max()?;
            Some((i64::from(size.w) * i64::from(size.h), &size.r#type, bytes))
        }
        _ => None,
    });
    let (_, name, bytes) = sizes.max_by_key(|(pixels, _, _)| *pixels)?;
    Some((name.clone(), u64::try_from(bytes).ok()?))
}

/// Makes a call that does no harm when it is made again, until it is answered: waits out cut connections, floods and Telegram's own
/// trouble.
async fn insist<R: tl::RemoteCall>(
    shared: &Shared,
    group: GroupId,
    dc: Option<i32>,
    request: impl Fn(&Group) -> R,
) -> Result<R::Return, Stuck> {
    let (mut after, mut tries) = (0, 0);
    loop {
        let online = shared.online(after, PATIENCE).await.map_err(|why| Stuck::Failed(Failure::Link { why }))?;
        let found = online.group(group).map_err(|why| Stuck::Failed(refused(&why)))?;
        let error = match online.wire.call_in(dc, LIMIT, &request(found)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if let Some(wait) = error.wait() {
            tracing::debug!(seconds = wait.as_secs(), "Telegram wants files to be slower");
            tokio::time::sleep(wait).await;
            continue;
        }
        tries += 1;
        if error.is_link() {
            after = online.life;
        } else if error.is_passing() {
            tokio::time::sleep(Duration::from_millis(250 << tries)).await;
        } else {
            return Err(Stuck::Refused(error));
        }
        if tries >= TRIES {
            return Err(Stuck::Failed(Failure::Link { why: error.words() }));
        }
    }
}

/// Takes the login along to another data centre.
async fn introduce(shared: &Shared, group: GroupId, dc: i32) -> Result<(), Failure> {
    let failed = |stuck| match stuck {
        Stuck::Failed(why) => why,
        Stuck::Refused(error) => refused(&format!("data centre {dc} does not take the login: {}", error.words())),
    };
    let export = |_: &Group| tl::functions::auth::ExportAuthorization { dc_id: dc };
    let tl::enums::auth::ExportedAuthorization::Authorization(ticket) =
        insist(shared, group, None, export).await.map_err(failed)?;
    let import = |_: &Group| tl::functions::auth::ImportAuthorization { id: ticket.id, bytes: ticket.bytes.clone() };
    insist(shared, group, Some(dc), import).await.map_err(failed)?;
    Ok(())
}

/// Sends a file with its caption, and tells how that ended.
pub(crate) async fn deliver(shared: &Shared, send: &Send, file: &Outgoing) -> Outcome {
    let mut photo = is_photo(file);
    // After a call of which the outcome is not known, the identical call comes first: Telegram may have the file, and the message.
    let mut brought = file.repeat || shared.has_brought(send.random_id);
    let mut fresh = false;
    loop {
        if !brought {
            if let Err(outcome) = bring(shared, send, file).await {
                return outcome;
            }
            shared.remember_brought(send.random_id);
            (brought, fresh) = (true, true);
        }
        let request = |group: &Group| request(group, send, media(send, file, photo));
        let refused = match send::ask(shared, (send.group, send.random_id), request).await {
            Ok(outcome) => return outcome,
            Err(refused) => refused,
        };
        match refused.error.reaction() {
            Some(Reaction::BringAgain) if !fresh => {
                shared.forget_brought(send.random_id);
                brought = false;
            }
            // Telegram makes no photo of it; a file it can be all the same.
            Some(Reaction::AsFile) if photo => photo = false,
            _ => return refused.judge(shared, send.random_id),
        }
    }
}

fn is_photo(file: &Outgoing) -> bool {
    file.size <= LARGEST_PHOTO && matches!(file.mime.as_str(), "image/jpeg" | "image/png")
}

fn media(send: &Send, file: &Outgoing, photo: bool) -> tl::enums::InputMedia {
    let parts = i32::try_from(file.size.div_ceil(BROUGHT)).unwrap_or(i32::MAX);
    let (id, name) = (send.random_id, file.name.clone());
    let input: tl::enums::InputFile = if file.size > BIG {
        tl::types::InputFileBig { id, parts, name }.into()
    } else {
        tl::types::InputFile { id, parts, name, md5_checksum: String::new() }.into()
    };
    if photo {
        return tl::types::InputMediaUploadedPhoto {
            spoiler: false,
            live_photo: false,
            file: input,
            stickers: None,
            ttl_seconds: None,
            video: None,
        }
        .into();
    }
    tl::types::InputMediaUploadedDocument {
        nosound_video: false,
        // Else Telegram makes animations and voice notes of what was meant as a file.
        force_file: true,
        spoiler: false,
        file: input,
        thumb: None,
        mime_type: file.mime.clone(),
        attributes: vec![tl::types::DocumentAttributeFilename { file_name: file.name.clone() }.into()],
        stickers: None,
        video_cover: None,
        video_timestamp: None,
        ttl_seconds: None,
    }
    .into()
}

fn request(group: &Group, send: &Send, media: tl::enums::InputMedia) -> tl::functions::messages::SendMedia {
    tl::functions::messages::SendMedia {
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer: group.peer(),
        reply_to: send::target(send.topic, send.reply_to),
        media,
        message: send.text.clone(),
        random_id: send.random_id,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
    }
}

/// Brings the parts of a file to Telegram, where nobody sees them yet.
async fn bring(shared: &Shared, send: &Send, file: &Outgoing) -> Result<(), Outcome> {
    let park = |why: String| Outcome::Refused { why, topic_gone: false };
    let unreadable = |error: std::io::Error| park(format!("{} cannot be read any more: {error}", file.name));
    let from = File::open(&file.path).map_err(unreadable)?;
    let facts = from.metadata().map_err(unreadable)?;
    let written = Timestamp::from(DateTime::<Utc>::from(facts.modified().map_err(unreadable)?));
    if facts.len() != file.size || written != file.written {
        return Err(park(format!("{} has changed since it was attached: attach it again", file.name)));
    }
    let parts = i32::try_from(file.size.div_ceil(BROUGHT)).unwrap_or(i32::MAX);
    let mut news = news(shared, Freight::Upload { outbox: send.outbox }, file.size);
    let mut part = 0;
    while part < parts {
        let at = part as u64 * BROUGHT;
        news.tell(at).await;
        let mut bytes = vec![0; usize::try_from(BROUGHT.min(file.size - at)).unwrap_or(0)];
        from.read_exact_at(&mut bytes, at).map_err(unreadable)?;
        let kept = if file.size > BIG {
            let request = |_: &Group| tl::functions::upload::SaveBigFilePart {
                file_id: send.random_id,
                file_part: part,
                file_total_parts: parts,
                bytes: bytes.clone(),
            };
            insist(shared, send.group, None, request).await
        } else {
            let request = |_: &Group| tl::functions::upload::SaveFilePart {
                file_id: send.random_id,
                file_part: part,
                bytes: bytes.clone(),
            };
            insist(shared, send.group, None, request).await
        };
        match kept {
            Ok(true) => part += 1,
            Ok(false) => return Err(Outcome::Unknown { why: "Telegram did not keep a part of the file".to_owned() }),
            // Nothing was sent, and the parts may be there still.
            Err(Stuck::Failed(why)) => return Err(Outcome::Unknown { why: words(&why) }),
            Err(Stuck::Refused(error)) => {
                return Err(send::judge_error(shared, &error));
            }
        }
    }
    news.next = Instant::now();
    news.tell(file.size).await;
    Ok(())
}

fn words(why: &Failure) -> String {
    match why {
        Failure::Later { .. } => "Telegram asks to wait".to_owned(),
        Failure::Link { why } | Failure::Refused { why } | Failure::NoAccess { why } => why.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(name: &str, mime: &str, size: u64) -> Outgoing {
        let (name, mime) = (name.to_owned(), mime.to_owned());
        Outgoing { path: PathBuf::new(), name, size, written: Timestamp::default(), mime, repeat: false }
    }

    fn sent(size: u64) -> Send {
        Send {
            outbox: crate::desk::ids::OutboxId(1),
            group: GroupId(1),
            topic: crate::desk::ids::TopicId(4),
            reply_to: None,
            text: String::new(),
            random_id: 77,
            buttons: Vec::new(),
            file: Some(outgoing("a.pdf", "application/pdf", size)),
        }
    }

    #[test]
    fn a_file_is_named_by_the_random_id_and_cut_into_parts() {
        for (size, big, parts) in
            [(1, false, 1), (BROUGHT, false, 1), (BROUGHT + 1, false, 2), (BIG, false, 20), (BIG + 1, true, 21)]
        {
            let send = sent(size);
            let Some(file) = &send.file else { unreachable!("it has one") };
            let tl::enums::InputMedia::UploadedDocument(document) = media(&send, file, false) else {
                panic!("a document")
            };
            let seen = match document.file {
                tl::enums::InputFile::File(file) => (file.id, false, file.parts),
                tl::enums::InputFile::Big(file) => (file.id, true, file.parts),
                tl::enums::InputFile::StoryDocument(_) => panic!("no story"),
            };
            assert_eq!(seen, (77, big, parts), "{size} bytes");
        }
    }

    #[test]
    fn pictures_go_as_photos_unless_they_are_huge() {
        assert!(is_photo(&outgoing("a.jpg", "image/jpeg", 5)));
        assert!(!is_photo(&outgoing("a.jpg", "image/jpeg", LARGEST_PHOTO + 1)));
        assert!(!is_photo(&outgoing("a.gif", "image/gif", 5)));
    }
}
