//! The bars: tabs with numbers above; notice, link and clock below, and the keys that matter here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Clear;

use super::super::action::{ACTIONS, Action, Context};
use super::super::files;
use super::super::model::{Focus, Model, NoticeTone, UNHEARD};
use super::super::view;
use super::super::widgets::text;
use super::{due, groups};
use crate::desk::ids::TopicId;
use crate::engine::views::{GroupFacts, LinkState, QueueName, Sort};

/// Draws the tabs: as many words as there is room for.
pub(crate) fn tabs(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let room = usize::from(area.width);
    let name = text::cut(&model.setup.desk_name, 24);
    for level in 0..6 {
        let spans = tab_spans(model, &name, level);
        let width: usize = spans.iter().map(|span| text::width(&span.content)).sum();
        if width <= room || level == 5 {
            frame.render_widget(Line::from(spans).style(model.theme.bar), area);
            return;
        }
    }
}

fn tab_spans(model: &Model, name: &str, level: u8) -> Vec<Span<'static>> {
    let mut spans = vec![Span::raw(" ")];
    if level < 3 {
        spans.push(Span::styled(name.to_owned(), model.theme.strong));
        spans.push(Span::raw("  "));
    }
    let saved = (0..).map(QueueName::Saved).zip(model.counts.saved.iter().map(|(_, count)| *count));
    let counted = |queue| model.counts.queues.iter().find(|(own, _)| *own == queue).map_or(0, |(_, count)| *count);
    let known = QueueName::ALL.into_iter().map(|queue| (queue, counted(queue)));
    for (place, (queue, count)) in known.chain(saved).enumerate() {
        let open = queue == model.queue.name;
        if queue == QueueName::Overdue && !open && !due::has_policies(model) {
            continue;
        }
        // What is rarely looked at goes first.
        let rare = matches!(queue, QueueName::Intake | QueueName::Imported | QueueName::Resolved)
            || (queue == QueueName::Overdue && count == 0);
        // These have no number key: they are shown where there is room for all.
        let keyless = matches!(queue, QueueName::Snoozed | QueueName::Quiet | QueueName::Saved(_));
        if keyless && !open && (level >= 1 || count == 0) {
            continue;
        }
        if !open && level >= 1 && rare && (count == 0 || level >= 2) {
            continue;
        }
        let title = model.queue_title(queue);
        let title = if open || level < 4 { title.to_owned() } else { title.chars().take(5).collect() };
        let label = if keyless {
            format!("{title} {count}")
        } else if level >= 5 && !open {
            format!("{} {count}", place + 1)
        } else {
            format!("{} {title} {count}", place + 1)
        };
        if open {
            spans.push(Span::styled(format!("[{label}]"), model.theme.tab));
        } else {
            let style = match (queue, count) {
                (_, 0) => model.theme.dim,
                (QueueName::Overdue, _) => model.theme.warning,
                _ => Style::new(),
            };
            spans.push(Span::styled(format!(" {label} "), style));
        }
    }
    spans
}

/// Draws the line with notice or place on the left, link and clock on the right.
pub(crate) fn status(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let mut right: Vec<Span<'static>> = Vec::new();
    if model.counts.parked > 0 {
        right.push(Span::styled(format!("! {} not sent  ", model.counts.parked), model.theme.warning));
    }
    if let Some(since) = model.counts.waiting_since.filter(|_| model.counts.waits_too_long) {
        let words = format!("! waits {}  ", super::super::until::age(model.now.since(since)));
        right.push(Span::styled(words, model.theme.warning));
    }
    if model.counts.outbox > 0 {
        right.push(Span::raw(format!("{} to send  ", model.counts.outbox)));
    }
    if let Some(until) = model.desk.as_ref().and_then(|desk| desk.not_before).filter(|until| *until > model.now) {
        let words = format!("Telegram waits until {}  ", model.zone.moment(until, model.now));
        right.push(Span::styled(words, model.theme.warning));
    }
    // Whoever cannot reply at all is told only that.
    let stopped =
        model.desk.as_ref().filter(|desk| desk.read_only.is_none()).and_then(|desk| desk.mirror_status.as_ref());
    if stopped.is_some_and(|mirror| mirror.stopped.is_some()) {
        right.push(Span::styled("status not shown  ", model.theme.warning));
    }
    if super::super::update::explain::is_away(model) {
        right.push(Span::styled("away  ", model.theme.warning));
    }
    let (link, style) = link_words(model);
    right.push(Span::styled(link, style));
    right.push(Span::raw(format!("  {} ", model.zone.time(model.now))));
    let right_width: usize = right.iter().map(|span| text::width(&span.content)).sum();
    let room = usize::from(area.width).saturating_sub(right_width + 1);
    if let Some(prompt) = &model.prompt {
        let label = prompt.kind.label();
        // Of what is too long the part before the cursor is seen.
        let (typed, column) = prompt.line.seen(room.saturating_sub(label.len() + 1));
        let line = Line::from(vec![Span::styled(label, model.theme.key), Span::raw(typed)]);
        frame.render_widget(line, area);
        let column = label.len() + column;
        if model.overlay.is_none() {
            frame.set_cursor_position((area.x + column.min(room) as u16, area.y));
        }
    } else {
        let (words, style) = left_words(model);
        // Only what somebody has to act on, and never over what is being written.
        let warns = model.notice.as_ref().is_some_and(|notice| matches!(notice.tone, NoticeTone::Warning));
        if warns && model.focus != Focus::Composer && text::width(&words) + 1 > room {
            whole_notice(&words, style, frame, area);
        }
        let left = Rect { width: room as u16, ..area };
        frame.render_widget(Line::styled(text::cut(&format!(" {words}"), room), style), left);
    }
    let at = area.right().saturating_sub(right_width as u16);
    frame.render_widget(Line::from(right), Rect { x: at, width: area.right() - at, ..area });
}

/// Shows a notice that is longer than its line in whole, over the rows above it.
fn whole_notice(words: &str, style: Style, frame: &mut Frame<'_>, status: Rect) {
    let lines = text::wrapped(words, usize::from(status.width).saturating_sub(2).max(10));
    let height = (lines.len() as u16).min(status.y).min(5);
    let area = Rect { y: status.y - height, height, ..status };
    frame.render_widget(Clear, area);
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect();
    frame.render_widget(Text::from(lines), area);
}

fn left_words(model: &Model) -> (String, Style) {
    if let Some(notice) = &model.notice {
        let (mark, style) = match notice.tone {
            NoticeTone::Done => ("", model.theme.done),
            NoticeTone::Warning => ("! ", model.theme.warning),
        };
        let marked = match model.queue.marked.len() {
            0 => String::new(),
            marked => format!("{marked} marked · "),
        };
        return (format!("{mark}{marked}{}", notice.text), style);
    }
    if model.zoomed {
        return (format!("zoomed · {} shows all panes again", model.key(Action::Unzoom)), model.theme.dim);
    }
    if let (Focus::Thread, Some(words)) = (model.focus, files::words(model)) {
        return (words, model.theme.dim);
    }
    let queue = &model.queue;
    let mut words = Vec::new();
    if !queue.marked.is_empty() {
        words.push(format!("{} marked", queue.marked.len()));
    }
    if queue.total > 0 {
        words.push(format!("{} of {}", queue.selected + 1, queue.total));
    }
    if !queue.filter.is_empty() {
        words.push(format!("filter: {}", queue.filter));
    }
    if queue.sort != Sort::Natural {
        words.push(view::sort_title(queue.sort).to_owned());
    }
    (words.join(" · "), model.theme.dim)
}

fn link_words(model: &Model) -> (String, Style) {
    let ascii = model.setup.ascii;
    if model.stopped {
        return ("desk stopped".to_owned(), model.theme.warning);
    }
    let waits = match model.unheard(UNHEARD) {
        0 => String::new(),
        1 => ", 1 thing waits".to_owned(),
        many => format!(", {many} things wait"),
    };
    if let Some(why) = &model.unreached {
        return (format!("desk not reached{waits}: {}", text::cut(why, 40)), model.theme.warning);
    }
    if !waits.is_empty() {
        return (format!("no answer from the desk{waits}"), model.theme.warning);
    }
    let Some(desk) = &model.desk else { return ("opening".to_owned(), model.theme.dim) };
    if let Some(why) = &desk.trouble {
        return (format!("not saved: {}", text::cut(why, 40)), model.theme.warning);
    }
    let arrows = if ascii { "" } else { "⇄ " };
    let barred = groups::barred(desk);
    if let (Some(why), None, Some(LinkState::Live | LinkState::CatchingUp)) = (&desk.read_only, &barred, &desk.link) {
        return (format!("read-only: {}", text::cut(why, 60)), model.theme.warning);
    }
    let clock = desk.groups.iter().find_map(GroupFacts::clock_skew);
    match (&desk.link, desk.backfill) {
        (Some(LinkState::Offline { since, .. }), _) => {
            let since = model.zone.moment(*since, model.now);
            let why = desk.read_only.as_ref().map(|why| format!(": {}", text::cut(why, 50))).unwrap_or_default();
            (format!("offline since {since}{why}"), model.theme.warning)
        }
        (Some(LinkState::Stopped { why }), _) => (format!("stopped: {}", text::cut(why, 40)), model.theme.warning),
        (Some(LinkState::Connecting), _) => (format!("{arrows}connecting"), model.theme.dim),
        (_, Some(percent)) => (format!("{arrows}{}", groups::syncing(desk, percent)), model.theme.dim),
        (Some(LinkState::CatchingUp), _) => (format!("{arrows}catching up"), model.theme.dim),
        (Some(LinkState::Live), _) if barred.is_some() => {
            let names = text::cut(&barred.unwrap_or_default(), 40);
            (format!("{arrows}live · read-only: {names}"), model.theme.warning)
        }
        (Some(LinkState::Live), _) if clock.is_some() => {
            (format!("{arrows}live · {}", clock.unwrap_or_default()), model.theme.warning)
        }
        (Some(LinkState::Live), _) => (format!("{arrows}live"), model.theme.done),
        (None, _) => ("no link".to_owned(), model.theme.warning),
    }
}

/// Draws the keys that matter here, from the table of actions.
pub(crate) fn hints(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let opens = model.focus == Focus::Queue && model.queue.name == QueueName::Intake;
    let chain = match model.focus {
        Focus::Composer => &[Context::Composer][..],
        // There are no tickets yet.
        Focus::Thread if model.target().is_some_and(|key| key.topic == TopicId::GENERAL) => {
            &[Context::Thread, Context::Everywhere]
        }
        Focus::Queue if opens => &[Context::Queue, Context::Everywhere],
        Focus::Queue => &[Context::Ticket, Context::Queue, Context::Everywhere],
        Focus::Thread => &[Context::Ticket, Context::Thread, Context::Everywhere],
    };
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    let room = usize::from(area.width);
    // Help and palette are always there; the others as far as there is room.
    let ends = [Action::Help, Action::Palette];
    let rows = chain.iter().flat_map(|context| ACTIONS.iter().filter(move |row| row.context == *context));
    let first = opens.then(|| Action::NewTicket.row());
    let rows = first.into_iter().chain(rows.filter(|row| row.action != Action::NewTicket));
    let always: Vec<(String, &'static str)> = if model.focus == Focus::Composer {
        Vec::new()
    } else {
        ends.iter().map(|action| (model.key(*action), action.row().hint)).collect()
    };
    let kept: usize = always.iter().map(|(key, hint)| key.len() + hint.len() + 3).sum();
    for row in rows.filter(|row| !row.hint.is_empty() && !ends.contains(&row.action)) {
        let key = model.key(row.action).replace("Space", "spc");
        if key.is_empty() {
            continue;
        }
        let hint = match row.action {
            Action::Find if model.focus == Focus::Thread => "find",
            _ => row.hint,
        };
        let own = key.len() + hint.len() + 3;
        if used + own + kept > room {
            break;
        }
        used += own;
        push(model, &mut spans, &key, hint);
    }
    for (key, hint) in always.iter().filter(|(key, _)| !key.is_empty()) {
        push(model, &mut spans, key, hint);
    }
    frame.render_widget(Line::from(spans), area);
}

fn push(model: &Model, spans: &mut Vec<Span<'static>>, key: &str, hint: &str) {
    spans.push(Span::styled(format!(" {key}"), model.theme.key));
    spans.push(Span::raw(format!(" {hint} ")));
}
