//! The thread: heading, dividers, entries; settles the scroll position before it is drawn.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::action::Action;
use super::super::model::{Focus, Laid, Model, OpenTicket};
use super::super::until::age;
use super::super::view::{Areas, customer_name};
use super::super::widgets::text;
use super::{due, entry, groups, here};
use crate::desk::ids::TopicId;
use crate::engine::views::{EntryKind, Side};

/// So many columns a heading has for a name; where there is too little room, so many at least.
const NAME: usize = 24;
const SHORT_NAME: usize = 8;

/// What stands on some lines of the thread.
enum Block {
    Divider(Line<'static>),
    Entry(usize),
}

/// Lays the entries out and settles which line is the first on the screen; gives the lines that are on it.
///
/// Only entries that are new or changed are wrapped, and those on the screen: a key costs the same in a long thread.
pub(crate) fn settle(model: &mut Model, areas: Areas) -> Vec<Line<'static>> {
    let width = usize::from(areas.entries.width);
    let height = usize::from(areas.entries.height);
    let Some(open) = &mut model.open else { return Vec::new() };
    let mut heights = std::mem::take(&mut open.heights);
    let Some(open) = &model.open else { return Vec::new() };
    let mut blocks: Vec<(usize, Block)> = Vec::with_capacity(open.entries.len() + 8);
    let mut laid = Laid { height, ..Laid::default() };
    let mut total = 0;
    let mut divide = |total: &mut usize, line: Line<'static>| {
        blocks.push((*total, Block::Divider(line)));
        *total += 1;
    };
    let mut places = Vec::with_capacity(open.entries.len());
    if open.more_before {
        divide(&mut total, divider(model, width, "more above", model.theme.dim));
    }
    let first_new = first_new(open);
    let mut day = None;
    let mut before = None;
    for (place, entry) in open.entries.iter().enumerate() {
        if let (Some(from), Some(to)) = (before, entry.message_id)
            && open.holes.iter().any(|hole| from < hole.0 && hole.1 < to)
        {
            divide(&mut total, divider(model, width, "messages may be missing here", model.theme.warning));
        }
        before = entry.last_message().or(before);
        let own_day = model.zone.local(entry.at).date();
        if day != Some(own_day) {
            divide(&mut total, divider(model, width, &model.zone.day(entry.at, model.now), model.theme.divider));
            day = Some(own_day);
        }
        if first_new == Some(place) {
            let count = open.entries[place..].iter().filter(|entry| is_news(entry)).count();
            divide(&mut total, divider(model, width, &format!("{count} new"), model.theme.strong));
        }
        let unfolded = open.unfolded.contains(&entry.id);
        let moving = model.files.line(open.key, entry).is_some();
        let shape = entry::shape(entry, width, (unfolded, moving));
        let count = match heights.get(&entry.id) {
            Some((known, count)) if *known == shape => *count,
            _ => entry::lines(model, entry, false, width).len(),
        };
        heights.insert(entry.id, (shape, count));
        laid.lines.push((total, count));
        places.push((total, place));
        total += count;
    }
    if open.more_after {
        divide(&mut total, divider(model, width, "more below", model.theme.dim));
    }
    blocks.extend(places.into_iter().map(|(line, place)| (line, Block::Entry(place))));
    blocks.sort_by_key(|(line, _)| *line);
    laid.total = total;
    let lowest = laid.total.saturating_sub(height);
    let selected = open.place().and_then(|place| laid.lines.get(place)).copied();
    laid.top = match selected {
        Some((line, count)) if !open.follow => {
            // The selected entry stays where it was on the screen, and on the screen.
            let least = if count > height { -((count - height) as isize) } else { 0 };
            let most = height as isize - (count.min(height)) as isize;
            let anchor = open.anchor.clamp(least, most.max(least));
            (line as isize - anchor).clamp(0, lowest as isize) as usize
        }
        _ => lowest,
    };
    let (top, bottom) = (laid.top, laid.top + height);
    let on_screen =
        laid.lines.iter().zip(&open.entries).filter(|((line, count), _)| *line < bottom && line + count > top);
    let shown = on_screen.filter_map(|(_, entry)| entry.message_id).max();
    let mut lines = Vec::with_capacity(height);
    for (line, block) in blocks {
        let own = match block {
            _ if line >= bottom => break,
            Block::Divider(divider) if line >= top => vec![divider],
            Block::Entry(place) if line + laid.lines[place].1 > top => {
                let entry = &open.entries[place];
                entry::lines(model, entry, open.selected == Some(entry.id), width)
            }
            _ => continue,
        };
        lines.extend(own.into_iter().skip(top.saturating_sub(line)).take(bottom - line.max(top)));
    }
    if let Some(open) = &mut model.open {
        if let Some((line, _)) = selected {
            open.anchor = line as isize - laid.top as isize;
        }
        open.laid = laid;
        open.shown = open.shown.max(shown);
        open.heights = heights;
    }
    lines
}

/// Finds the first entry that had not been seen when the ticket was opened.
fn first_new(open: &OpenTicket) -> Option<usize> {
    let seen = open.seen?;
    open.entries.iter().position(|entry| is_news(entry) && entry.last_message().is_some_and(|message| message > seen))
}

fn is_news(entry: &crate::engine::views::Entry) -> bool {
    entry.kind == EntryKind::Message && matches!(entry.side, Side::Customer | Side::Participant)
}

fn divider(model: &Model, width: usize, words: &str, style: Style) -> Line<'static> {
    let dash = if model.setup.ascii { "-" } else { "─" };
    let words = format!(" {words} ");
    let rest = width.saturating_sub(text::width(&words) + 4);
    Line::styled(format!(" {}{words}{}", dash.repeat(2), dash.repeat(rest)), style)
}

/// Draws heading and entries; puts the real cursor on the selected entry.
pub(crate) fn draw(model: &Model, lines: &[Line<'static>], frame: &mut Frame<'_>, areas: Areas) {
    heading(model, frame, Rect { height: 1, ..areas.thread });
    let Some(open) = &model.open else {
        let words = "  No ticket is open.";
        frame.render_widget(
            Line::styled(words, model.theme.dim),
            Rect { y: areas.entries.y + 1, height: 1, ..areas.entries },
        );
        return;
    };
    let area = areas.entries;
    if open.ticket.is_none() {
        frame.render_widget(Line::styled("  reading …", model.theme.dim), Rect { height: 1, ..area });
        return;
    }
    // A short thread stands at the top, a long one shows its end.
    for (row, line) in lines.iter().take(usize::from(area.height)).enumerate() {
        frame.render_widget(line, Rect { y: area.y + row as u16, height: 1, ..area });
    }
    if let Some(draft) = model.draft().filter(|_| areas.draft.height > 0) {
        let kind = if draft.note { "note" } else { "reply" };
        let key = model.key(if draft.note { Action::Note } else { Action::Reply });
        let goes_on = if key.is_empty() { String::new() } else { format!(", {key} goes on") };
        let words = format!(" Draft of a {kind}{goes_on}: {}", draft.text.lines().next().unwrap_or_default());
        frame.render_widget(Line::styled(text::fit(&words, usize::from(area.width)), model.theme.note), areas.draft);
    }
    if model.focus == Focus::Thread && model.overlay.is_none() && model.prompt.is_none() {
        let row = open.anchor.clamp(0, area.height.saturating_sub(1) as isize) as u16;
        frame.set_cursor_position((area.x, area.y + row));
    }
}

fn heading(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(open) = &model.open else { return };
    let Some(ticket) = &open.ticket else {
        frame.render_widget(Line::styled(format!(" {}", open.key), model.theme.strong), area);
        return;
    };
    let row = &ticket.row;
    if row.id == TopicId::GENERAL {
        let (key, group) = (model.key(Action::BackToQueue), groups::of_general(model, row));
        let words = format!(" General{group} · no ticket: in Intake ({key} goes back) one is opened from its messages");
        let line = Line::styled(text::cut(&words, usize::from(area.width)), model.theme.strong);
        frame.render_widget(line.style(model.theme.bar), area);
        return;
    }
    // What Telegram shows of it, once it does.
    let shown = ticket.shown.as_ref().filter(|shown| shown.shown && !model.setup.ascii);
    let icon = shown.and_then(|shown| shown.emoji.as_ref()).map(|emoji| format!("{emoji} ")).unwrap_or_default();
    let name = |room| format!(" {} {}", groups::named(model, row), text::cut(customer_name(row), room));
    let mut spans = vec![
        Span::styled(name(NAME), model.theme.strong),
        Span::raw(format!(" · {icon}")),
        Span::styled(row.status.title(), model.theme.tone(row.status.tone())),
    ];
    let mut more = Vec::new();
    match model.assignee_of(row) {
        Some(agent) if *agent == model.me => more.push("you".to_owned()),
        Some(agent) => more.push(text::cut(&agent.0, 16)),
        None => more.push("nobody's".to_owned()),
    }
    if let Some(since) = row.waiting_since.filter(|_| row.status.is_live()) {
        more.push(format!("waiting {}", age(model.aged.since(since))));
    }
    let mut alarm = None;
    if let Some(own) = &row.due {
        if own.warns_at <= model.aged || own.at <= model.aged {
            alarm = Some((due::heading(model, row, own, usize::from(area.width)), due::style(model, own)));
        } else {
            more.push(due::words(model, own));
        }
    }
    if let Some(pending) = &row.pending {
        more.push(pending.reason.title().to_owned());
    }
    if ticket.topic_gone {
        more.push("topic deleted".to_owned());
    } else if ticket.topic_closed {
        more.push("topic closed".to_owned());
    }
    more.push(text::cut(&row.title, 60));
    let here = (!row.here.is_empty()).then(|| (here::words(&row.here), model.theme.note));
    if alarm.is_some() || here.is_some() {
        // Whose it is comes first all the same.
        spans.push(Span::raw(format!(" · {}", more.remove(0))));
    }
    for (words, style) in here.into_iter().chain(alarm) {
        spans.push(Span::raw(" · "));
        spans.push(Span::styled(words, style));
    }
    let used = |spans: &[Span<'_>]| spans.iter().map(|span| text::width(&span.content)).sum::<usize>();
    // On a narrow screen the queue is not in sight: say where we are in it, and how to go on.
    let mut right = String::new();
    if model.areas.queue.width == 0
        && let Some(place) = model.queue.rows.iter().position(|other| other.key() == open.key)
    {
        let (next, previous) = (model.key(Action::NextInQueue), model.key(Action::PreviousInQueue));
        right = format!("({}/{}) ", model.queue.offset + place + 1, model.queue.total);
        // Who is here, and what is late, comes before what can be looked up.
        let keys = format!("{right} {next} next  {previous} prev ");
        if row.here.is_empty() && used(&spans) + text::width(&keys) < usize::from(area.width) {
            right = keys;
        }
    }
    let right_width = text::width(&right) as u16;
    let left = Rect { width: area.width.saturating_sub(right_width + 1), ..area };
    // Of a long name the beginning is enough; what is due is not cut.
    let over = used(&spans).saturating_sub(usize::from(left.width));
    if over > 0 {
        spans[0].content = name(text::width(customer_name(row)).min(NAME).saturating_sub(over).max(SHORT_NAME)).into();
    }
    let over = used(&spans).saturating_sub(usize::from(left.width));
    if let Some(last) = spans.last_mut().filter(|_| over > 0) {
        last.content = text::cut(&last.content, text::width(&last.content).saturating_sub(over)).into();
    }
    let room = usize::from(left.width).saturating_sub(used(&spans));
    spans.push(Span::raw(text::cut(&format!(" · {}", more.join(" · ")), room)));
    let style = if model.focus == Focus::Queue { Style::new() } else { model.theme.bar };
    frame.render_widget(Line::from(spans).style(style), left);
    frame.render_widget(Line::styled(right, model.theme.dim), Rect { x: left.right() + 1, width: right_width, ..area });
}
