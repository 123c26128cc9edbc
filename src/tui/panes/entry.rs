//! One entry of a thread as lines: who, when, what, and how far it has got.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::super::action::Action;
use super::super::model::Model;
use super::super::widgets::text;
use crate::clock::Timestamp;
use crate::desk::thread::{Content, Delivery, Doubt, EntityKind};
use crate::engine::views::{ChangeView, Entry, EntryKind, Side};

/// Tells how many cells a name has in a pane of `width`.
fn name_room(width: usize) -> usize {
    if width >= 70 { 12 } else { 9 }
}

/// Writes an entry in `width` cells.
pub(crate) fn lines(model: &Model, entry: &Entry, selected: bool, width: usize) -> Vec<Line<'static>> {
    let name_room = name_room(width);
    // Cursor, time, name and mark, with the spaces between them.
    let margin = name_room + 10;
    let room = width.saturating_sub(margin + 1).max(10);
    let mut body: Vec<Vec<Span<'static>>> = Vec::new();
    let dim = model.theme.dim;
    if let Some(from) = &entry.forwarded_from {
        body.push(vec![Span::styled(text::cut(&format!("forwarded from {from}"), room), dim)]);
    }
    if let Some(quote) = &entry.quote {
        let bar = if model.setup.ascii { "|" } else { "│" };
        let quote = match &entry.quote_author {
            Some(author) => format!("{bar} {author}: {quote}"),
            None => format!("{bar} {quote}"),
        };
        body.push(vec![Span::styled(text::cut(&quote, room), dim)]);
    }
    body.extend(text_lines(model, entry, room));
    for line in tail(model, entry) {
        for part in text::wrapped(&line.0, room) {
            body.push(vec![Span::styled(part, line.1)]);
        }
    }
    let (name, mark, style) = head(model, entry);
    let cursor = if selected { ">" } else { " " };
    let head_style = if selected && model.focus == super::super::model::Focus::Thread {
        model.theme.selected
    } else if selected {
        model.theme.selected_elsewhere
    } else {
        Style::new()
    };
    let mut lines = Vec::with_capacity(body.len());
    for (row, spans) in body.into_iter().enumerate() {
        let mut line = if row == 0 {
            vec![
                Span::raw(cursor),
                Span::styled(model.zone.time(entry.at), head_style.patch(dim)),
                Span::styled(format!(" {} ", text::fit(&name, name_room)), head_style.patch(style)),
                Span::styled(mark.to_owned(), mark_style(model, entry)),
                Span::raw(" "),
            ]
        } else {
            vec![Span::raw(" ".repeat(margin))]
        };
        line.extend(spans);
        lines.push(Line::from(line));
    }
    lines
}

/// Tells a number that changes when an entry may take another number of lines. `more`: it shows what it said before, and how far a file is.
pub(crate) fn shape(entry: &Entry, width: usize, more: (bool, bool)) -> u64 {
    let mut hasher = DefaultHasher::new();
    (width, more, &entry.text, entry.edited_at, entry.deleted, entry.late).hash(&mut hasher);
    (&entry.quote, &entry.forwarded_from, entry.delivery.as_ref().map(Delivery::label)).hash(&mut hasher);
    (entry.edited_after_answer, entry.pinned, entry.edits.len(), &entry.quote_author).hash(&mut hasher);
    for one in &entry.reactions {
        (&one.emoji, one.count).hash(&mut hasher);
    }
    if let Some(change) = &entry.change {
        (&change.text, &change.refused).hash(&mut hasher);
    }
    match &entry.delivery {
        Some(Delivery::Parked { why }) => why.hash(&mut hasher),
        Some(Delivery::Confirm { why }) => format!("{why:?}").hash(&mut hasher),
        _ => {}
    }
    hasher.finish()
}

/// Tells the name, a mark of one cell, and the style of the name.
fn head(model: &Model, entry: &Entry) -> (String, &'static str, Style) {
    let name = match &entry.agent {
        Some(agent) if *agent == model.me => "you".to_owned(),
        Some(agent) => agent.to_string(),
        None => entry.author.clone(),
    };
    match (entry.kind, entry.side) {
        (EntryKind::Note, _) => (name, "~", model.theme.note),
        (EntryKind::Activity, _) => ("activity".to_owned(), " ", model.theme.dim),
        (EntryKind::Message, Side::Staff) => (name, delivery_mark(model, entry), model.theme.staff),
        (EntryKind::Message, Side::Customer) => (name, " ", model.theme.customer),
        (EntryKind::Message, Side::Participant) => (name, "+", model.theme.customer),
        (EntryKind::Message, Side::Automation) => (name, "*", model.theme.dim),
    }
}

fn delivery_mark(model: &Model, entry: &Entry) -> &'static str {
    let ascii = model.setup.ascii;
    match &entry.delivery {
        Some(Delivery::Held { .. } | Delivery::Queued) => {
            if ascii {
                "."
            } else {
                "…"
            }
        }
        Some(Delivery::Sending) => {
            if ascii {
                ">"
            } else {
                "→"
            }
        }
        Some(Delivery::Sent { .. }) => {
            if ascii {
                "v"
            } else {
                "✓"
            }
        }
        Some(Delivery::Parked { .. } | Delivery::Confirm { .. }) => "!",
        // Typed in Telegram by one of us.
        None => "@",
    }
}

fn mark_style(model: &Model, entry: &Entry) -> Style {
    match &entry.delivery {
        Some(Delivery::Sent { .. }) => model.theme.done,
        Some(Delivery::Parked { .. } | Delivery::Confirm { .. }) => model.theme.warning,
        _ if entry.kind == EntryKind::Note => model.theme.note,
        _ => model.theme.dim,
    }
}

/// Tells what can be done with a reply that is stopped.
fn stopped_keys(model: &Model, sends: &str) -> String {
    let keys = [(Action::RetryOutbox, "sends"), (Action::EditOutbox, "edits"), (Action::DiscardOutbox, "throws away")];
    let words = |(action, words): (Action, &str)| match action {
        Action::RetryOutbox => format!("{} {words} {sends}", model.key(action)),
        _ => format!("{} {words}", model.key(action)),
    };
    keys.map(words).join(" · ")
}

/// Tells why a reply waits; what is new in a line, if it is loaded.
fn doubt_words(model: &Model, why: &Doubt) -> String {
    let new = match why {
        Doubt::Newer { message } => model.open.as_ref().and_then(|open| {
            let entry = open.entries.iter().rev().find(|entry| entry.message_id == Some(*message))?;
            let line = entry.text.lines().next().unwrap_or_default();
            Some(format!("{} has written since: {}", text::safe(&entry.author), text::cut(&text::safe(line), 60)))
        }),
        Doubt::Offline { .. } | Doubt::Editing => None,
    };
    new.unwrap_or_else(|| why.to_string())
}

/// Tells the lines below the text, each in its style.
fn tail(model: &Model, entry: &Entry) -> Vec<(String, Style)> {
    let mut lines = Vec::new();
    match &entry.change {
        Some(ChangeView { refused: Some(why), .. }) => {
            lines.push((format!("NOT CHANGED: {}", text::safe(why)), model.theme.warning));
        }
        Some(ChangeView { text: Some(new), .. }) => {
            lines.push((format!("being changed to: {}", text::safe_lines(new)), model.theme.dim));
        }
        Some(ChangeView { text: None, .. }) => lines.push(("being deleted".to_owned(), model.theme.dim)),
        None => {}
    }
    if model.open.as_ref().is_some_and(|open| open.unfolded.contains(&entry.id)) {
        for earlier in &entry.edits {
            let words = if earlier.text.is_empty() { "(no text)" } else { &earlier.text };
            lines.push((
                format!("{} it said: {}", near(model, entry, earlier.at), text::safe_lines(words)),
                model.theme.dim,
            ));
        }
    }
    if let Some(line) = model.open.as_ref().and_then(|open| model.files.line(open.key, entry)) {
        lines.push((line, model.theme.dim));
        return lines;
    }
    match &entry.delivery {
        Some(Delivery::Held { until }) if *until > model.now => {
            let seconds = until.since(model.now).as_millis().div_ceil(1000);
            let undo = model.key(Action::Undo);
            lines.push((format!("sending in {seconds} s, {undo} takes it back"), model.theme.dim));
        }
        Some(Delivery::Held { .. } | Delivery::Queued) => lines.push(("queued".to_owned(), model.theme.dim)),
        Some(Delivery::Sending) => lines.push(("sending".to_owned(), model.theme.dim)),
        Some(Delivery::Parked { why }) => {
            lines.push((
                format!("NOT SENT: {} · {}", text::safe(why), stopped_keys(model, "again")),
                model.theme.warning,
            ));
        }
        Some(Delivery::Confirm { why }) => {
            let keys = stopped_keys(model, "it all the same");
            lines.push((format!("HELD: {} · {keys}", doubt_words(model, why)), model.theme.warning));
        }
        _ => {}
    }
    lines
}

/// Writes an instant with its day only if that is not the entry's.
fn near(model: &Model, entry: &Entry, at: Timestamp) -> String {
    let same_day = model.zone.local(at).date() == model.zone.local(entry.at).date();
    if same_day { model.zone.time(at) } else { model.zone.moment(at, model.now) }
}

fn text_lines(model: &Model, entry: &Entry, room: usize) -> Vec<Vec<Span<'static>>> {
    let mut content = String::new();
    let mut pieces: Vec<(Range<usize>, Style)> = Vec::new();
    let mut push = |content: &mut String, words: &str, style: Style| {
        let begin = content.len();
        content.push_str(words);
        pieces.push((begin..content.len(), style));
    };
    let theme = &model.theme;
    if entry.late {
        push(&mut content, "[late] ", theme.dim);
    }
    if entry.deleted {
        let space = if entry.text.is_empty() { "" } else { " " };
        push(&mut content, &format!("[deleted in Telegram]{space}"), theme.dim);
    }
    if entry.pinned {
        push(&mut content, "[pinned] ", theme.dim);
    }
    let base = match entry.kind {
        EntryKind::Note => {
            push(&mut content, "NOTE (internal): ", theme.note.add_modifier(Modifier::BOLD));
            theme.note
        }
        EntryKind::Activity => theme.dim,
        EntryKind::Message if entry.deleted => theme.dim.add_modifier(Modifier::CROSSED_OUT),
        EntryKind::Message => Style::new(),
    };
    let body = text::safe_lines(&entry.text);
    let begin = content.len();
    push(&mut content, &body, base);
    let (styles, links) = formatting(entry, &body);
    pieces.extend(styles.into_iter().map(|(range, style)| (begin + range.start..begin + range.end, style)));
    for link in links {
        let begin = content.len();
        content.push_str(&format!(" <{}>", text::safe(&link)));
        pieces.push((begin..content.len(), theme.dim));
    }
    if let Some(at) = entry.edited_at.filter(|_| !entry.deleted) {
        let begin = content.len();
        let when = near(model, entry, at);
        if entry.edited_after_answer {
            content.push_str(&format!(" (edited {when}, AFTER THE ANSWER)"));
            pieces.push((begin..content.len(), theme.warning));
        } else {
            content.push_str(&format!(" (edited {when})"));
            pieces.push((begin..content.len(), theme.dim));
        }
    }
    if !entry.reactions.is_empty() {
        let begin = content.len();
        for one in &entry.reactions {
            content.push_str(&format!("  {} {}", text::safe(&one.emoji), one.count));
        }
        pieces.push((begin..content.len(), theme.dim));
    }
    if let Some(words) = model.open.as_ref().and_then(|open| open.find.as_deref()).filter(|words| !words.is_empty()) {
        // Lowercasing may change lengths: only what keeps its place is shown as found.
        let lower = content.to_lowercase();
        if lower.len() == content.len() {
            let found = lower.match_indices(words).map(|(at, found)| (at..at + found.len(), theme.found));
            let found: Vec<_> = found
                .filter(|(range, _)| content.is_char_boundary(range.start) && content.is_char_boundary(range.end))
                .collect();
            pieces.extend(found);
        }
    }
    text::wrap(&content, room).into_iter().map(|line| spans(&content, line, &pieces)).collect()
}

/// Cuts a line into spans of one style each; later pieces lie over earlier ones.
fn spans(content: &str, line: Range<usize>, pieces: &[(Range<usize>, Style)]) -> Vec<Span<'static>> {
    let mut edges: Vec<usize> = vec![line.start, line.end];
    for (range, _) in pieces {
        edges.extend([range.start, range.end].into_iter().filter(|edge| line.contains(edge)));
    }
    edges.sort_unstable();
    edges.dedup();
    edges
        .windows(2)
        .map(|pair| {
            let style = pieces
                .iter()
                .filter(|(range, _)| range.start <= pair[0] && pair[1] <= range.end)
                .fold(Style::new(), |style, (_, own)| style.patch(*own));
            Span::styled(content[pair[0]..pair[1]].to_owned(), style)
        })
        .collect()
}

/// Tells the formatting of a message as byte ranges of the shown text, and the targets of links that do not show them.
fn formatting(entry: &Entry, body: &str) -> (Vec<(Range<usize>, Style)>, Vec<String>) {
    let Some(Content::Post(post)) = &entry.content else { return (Vec::new(), Vec::new()) };
    // A descriptor of the file may stand before the caption.
    let Some(shift) = body.len().checked_sub(post.text.len()).filter(|_| body.ends_with(&post.text)) else {
        return (Vec::new(), Vec::new());
    };
    let byte_at = |unit: u32| {
        let mut units = 0;
        for (at, c) in post.text.char_indices() {
            if units >= unit as usize {
                return at;
            }
            units += c.len_utf16();
        }
        post.text.len()
    };
    let mut styles = Vec::new();
    let mut links = Vec::new();
    for entity in post.entities.iter().take(200) {
        let style = match &entity.kind {
            EntityKind::Bold => Style::new().add_modifier(Modifier::BOLD),
            EntityKind::Italic | EntityKind::Quote => Style::new().add_modifier(Modifier::ITALIC),
            EntityKind::Underline | EntityKind::Url | EntityKind::Email => {
                Style::new().add_modifier(Modifier::UNDERLINED)
            }
            EntityKind::Strike => Style::new().add_modifier(Modifier::CROSSED_OUT),
            EntityKind::Code | EntityKind::Pre => Style::new().add_modifier(Modifier::DIM),
            EntityKind::Link(target) => {
                if links.len() < 5 {
                    links.push(target.clone());
                }
                Style::new().add_modifier(Modifier::UNDERLINED)
            }
            _ => continue,
        };
        let range = shift + byte_at(entity.offset)..shift + byte_at(entity.offset.saturating_add(entity.length));
        if range.start < range.end {
            styles.push((range, style));
        }
    }
    (styles, links)
}
