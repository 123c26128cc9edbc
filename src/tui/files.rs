//! Files on the screen: what can be opened of an entry, and how far a file is on its way.

use std::collections::BTreeMap;

use super::action::Action;
use super::model::Model;
use super::widgets::text;
use crate::desk::files::{Attachment, FileFacts, file_of, size_text};
use crate::desk::ids::{MessageId, OutboxId, TicketKey};
use crate::desk::thread::{Content, Delivery, EntityKind, Post};
use crate::engine::views::{Entry, FileView};

/// What is done with a file when it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileUse {
    /// It is opened.
    Open,
    /// It is saved there.
    Save(String),
}

/// Files on their way, bytes so far and in all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    /// What this screen has asked for, and for what.
    pub(crate) wanted: BTreeMap<(TicketKey, MessageId), (FileView, FileUse)>,
    /// What comes, whoever has asked for it.
    pub(crate) coming: BTreeMap<(TicketKey, MessageId), (u64, u64)>,
    /// What leaves.
    pub(crate) leaving: BTreeMap<OutboxId, (u64, u64)>,
    /// Copies that wait beside the drafts of their tickets.
    pub(crate) attached: BTreeMap<TicketKey, Attachment>,
    /// The ticket for whose reply a file is being copied.
    pub(crate) attaching: Option<TicketKey>,
}

impl Files {
    /// Tells how far the file of an entry is, while it is on its way.
    pub(crate) fn line(&self, ticket: TicketKey, entry: &Entry) -> Option<String> {
        let of = |(done, size): &(u64, u64)| {
            let percent = done.saturating_mul(100).checked_div(*size).unwrap_or(0).min(100);
            format!("{percent} % of {}", size_text(*size))
        };
        let on_its_way = entry.outbox.filter(|_| entry.delivery == Some(Delivery::Sending));
        if let Some(leaving) = on_its_way.and_then(|outbox| self.leaving.get(&outbox)) {
            return Some(format!("uploading: {}", of(leaving)));
        }
        let parts = entry.parts.iter().map(|part| part.message_id);
        let coming = parts.chain(entry.message_id).find_map(|message| self.coming.get(&(ticket, message)))?;
        Some(format!("downloading: {}", of(coming)))
    }
}

/// Something in an entry that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The file of a message.
    File(MessageId, FileFacts),
    /// A link.
    Link(String),
}

impl Target {
    /// Tells what it is, in a line.
    pub(crate) fn label(&self) -> String {
        match self {
            Target::File(_, facts) if facts.size > 0 => {
                format!("{} ({})", text::safe(&facts.name), size_text(facts.size))
            }
            Target::File(_, facts) => text::safe(&facts.name).into_owned(),
            Target::Link(link) => text::safe(link).into_owned(),
        }
    }
}

/// Lists what can be opened of an entry: its files, then its links.
pub(crate) fn targets(entry: &Entry) -> Vec<Target> {
    if entry.deleted {
        return Vec::new();
    }
    let mut contents: Vec<(MessageId, &Content)> = Vec::new();
    if entry.parts.is_empty() {
        contents.extend(entry.message_id.zip(entry.content.as_ref()));
    }
    let parts = entry.parts.iter().filter(|part| !part.deleted);
    contents.extend(parts.filter_map(|part| Some((part.message_id, part.content.as_ref()?))));
    let files = contents.iter().filter_map(|(id, content)| Some(Target::File(*id, file_of(content, *id)?)));
    let mut targets: Vec<Target> = files.collect();
    let posts = contents.iter().filter_map(|(_, content)| match content {
        Content::Post(post) => Some(post),
        Content::Service(_) => None,
    });
    for link in posts.flat_map(links) {
        let link = Target::Link(link);
        if !targets.contains(&link) {
            targets.push(link);
        }
    }
    targets
}

/// Lists the links of a post that a browser takes.
fn links(post: &Post) -> Vec<String> {
    let shown = |offset: u32, length: u32| {
        let units: Vec<u16> = post.text.encode_utf16().skip(offset as usize).take(length as usize).collect();
        String::from_utf16_lossy(&units)
    };
    let whole = |link: String| if link.contains("://") { link } else { format!("https://{link}") };
    let link = |kind: &EntityKind, offset, length| match kind {
        EntityKind::Link(target) if target.contains("://") || !target.contains(':') => Some(whole(target.clone())),
        EntityKind::Url => Some(whole(shown(offset, length))),
        _ => None,
    };
    let all = post.entities.iter().take(200).filter_map(|entity| link(&entity.kind, entity.offset, entity.length));
    // Other schemes start programs with words that a customer has chosen.
    all.filter(|link| {
        let lower = link.to_lowercase();
        (lower.starts_with("https://") || lower.starts_with("http://"))
            && !link.contains(|c: char| c.is_whitespace() || c.is_control())
    })
    .collect()
}

/// Tells which keys do something with what the selected entry brings.
pub(crate) fn words(model: &Model) -> Option<String> {
    let targets = targets(model.open.as_ref()?.entry()?);
    let first = targets.first()?;
    let what = match targets.len() {
        1 => first.label(),
        more => format!("one of {more} files and links"),
    };
    let open = model.key(Action::OpenFile);
    let save = model.key(Action::SaveFile);
    let saves = if matches!(first, Target::File(..)) { format!(" · {save} saves") } else { String::new() };
    Some(format!("{open} opens {what}{saves}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::thread::Entity;

    #[test]
    fn only_links_that_a_browser_takes_are_opened() {
        let text = "смотри example.org и file:///etc/passwd или тут".to_owned();
        let entity = |offset, length, kind| Entity { offset, length, kind };
        let post = Post {
            entities: vec![
                entity(7, 11, EntityKind::Url),
                entity(21, 18, EntityKind::Url),
                entity(44, 3, EntityKind::Link("javascript:alert(1)".to_owned())),
                entity(44, 3, EntityKind::Link("HTTPS://Example.com/a?b=c".to_owned())),
                entity(44, 3, EntityKind::Link("https://a b".to_owned())),
            ],
            text,
            ..Post::default()
        };
        assert_eq!(links(&post), ["https://example.org", "HTTPS://Example.com/a?b=c"]);
    }
}
