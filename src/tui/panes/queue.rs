//! The queue: a row for each ticket, two lines each on tall screens.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::action::Action;
use super::super::model::{Focus, Model};
use super::super::overlays::border;
use super::super::until::age;
use super::super::view::{Areas, customer_name, number};
use super::super::widgets::text;
use super::{due, groups, here};
use crate::engine::views::{QueueName, TicketRow};

/// Settles which row is the first on the screen.
pub(crate) fn settle(model: &mut Model, areas: Areas) {
    let rows = usize::from(areas.rows.height / areas.row_height.max(1)).max(1);
    let queue = &mut model.queue;
    if queue.selected < queue.top {
        queue.top = queue.selected;
    } else if queue.selected >= queue.top + rows {
        queue.top = queue.selected + 1 - rows;
    }
    queue.top = queue.top.min(queue.total.saturating_sub(rows));
}

/// Draws heading, rows, and the demo's hint; puts the real cursor on the selected row.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>, areas: Areas) {
    let area = areas.queue;
    let wide = area.width >= 60;
    let heading = if due::has_column(model, usize::from(area.width)) {
        "    S TICKET   WAIT      DUE  ASSIGNEE  CUSTOMER           LAST MESSAGE"
    } else if wide {
        "    S TICKET   WAIT  ASSIGNEE  CUSTOMER           LAST MESSAGE"
    } else if areas.row_height == 2 {
        "    S TICKET   WAIT  CUSTOMER (WHO)"
    } else {
        "    S TICKET   WAIT  WHO  CUSTOMER"
    };
    let (heading, style) = match &model.queue.wrong {
        Some(wrong) => (format!(" filter {wrong}"), model.theme.warning),
        None if groups::has_column(model, usize::from(area.width)) => {
            (heading.replacen("WAIT", &format!("{:1$} WAIT", "GROUP", groups::WIDTH), 1), model.theme.dim)
        }
        None => (heading.to_owned(), model.theme.dim),
    };
    frame.render_widget(Line::styled(text::fit(&heading, usize::from(area.width)), style), Rect { height: 1, ..area });
    let rows = usize::from(areas.rows.height / areas.row_height);
    for line in 0..rows {
        let place = model.queue.top + line;
        let Some(row) = model.queue.at(place) else { continue };
        let at = Rect { y: areas.rows.y + line as u16 * areas.row_height, height: 1, ..areas.rows };
        let selected = place == model.queue.selected;
        let (first, second) = row_lines(model, row, selected, usize::from(area.width), areas.row_height == 2);
        let style = match (selected, model.focus) {
            (true, Focus::Queue) => model.theme.selected,
            (true, _) => model.theme.selected_elsewhere,
            _ => Style::new(),
        };
        frame.render_widget(first.patch_style(style), at);
        if let Some(second) = second {
            frame.render_widget(second, Rect { y: at.y + 1, ..at });
        }
        if selected && model.focus == Focus::Queue && model.overlay.is_none() && model.prompt.is_none() {
            frame.set_cursor_position((at.x, at.y));
        }
    }
    if model.queue.total == 0 {
        empty(model, frame, areas.rows);
    }
    hint(model, frame, areas);
}

fn empty(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let queue = &model.queue;
    let backfill = model.desk.as_ref().and_then(|desk| desk.backfill);
    let words = if !queue.loaded {
        "reading …".to_owned()
    } else if !queue.filter.is_empty() {
        format!("Nothing matches \"{}\". {} shows all again.", queue.filter, model.key(Action::Back))
    } else if let Some(percent) = backfill {
        format!("Reading the group's history: {percent} %. Tickets appear as they are found.")
    } else {
        let next = model.key(Action::GoAll);
        match queue.name {
            QueueName::Unassigned => format!("No ticket is waiting for somebody. {next} shows all tickets."),
            name => format!("No tickets in {}. {next} shows all tickets.", model.queue_title(name)),
        }
    };
    for (line, words) in text::wrapped(&words, usize::from(area.width.saturating_sub(4))).into_iter().enumerate() {
        let y = area.y + 1 + line as u16;
        if y < area.bottom() {
            frame.render_widget(Line::styled(format!("  {words}"), model.theme.dim), Rect { y, height: 1, ..area });
        }
    }
}

/// So much of a row goes to why nobody was given the ticket; the details have all of it.
const REASON: usize = 28;

/// Tells what a row says besides the last message.
fn remarks(model: &Model, row: &TicketRow) -> String {
    let mut words = String::new();
    if !row.priority.mark().is_empty() {
        words.push_str(&format!("{} ", row.priority.mark()));
    }
    for tag in &row.tags {
        words.push_str(&format!("#{tag} "));
    }
    if let Some(why) = &row.unassigned_because {
        words.push_str(&format!("({}) ", text::cut(why, REASON)));
    }
    if row.draft || model.drafts.get(&row.key()).is_some_and(|draft| !draft.text.is_empty()) {
        words.push_str("(draft) ");
    }
    if row.escalated.is_some() {
        words.push_str("(esc) ");
    }
    if row.flagged {
        words.push_str("(!) ");
    }
    if row.mentioned {
        words.push_str("(@) ");
    }
    if row.thanked {
        words.push_str("(thanks) ");
    }
    if let Some(until) = row.snoozed_until.filter(|until| *until > model.now) {
        words.push_str(&format!("(snoozed until {}) ", model.zone.moment(until, model.now)));
    }
    if let Some(pending) = &row.pending {
        match pending.until {
            Some(until) => {
                words.push_str(&format!(
                    "({}, until {}) ",
                    pending.reason.title(),
                    model.zone.moment(until, model.now)
                ));
            }
            None => words.push_str(&format!("({}) ", pending.reason.title())),
        }
    }
    words
}

/// Tells how long somebody has waited. What is done keeps nobody waiting.
fn wait(model: &Model, row: &TicketRow) -> Option<Duration> {
    row.waiting_since.filter(|_| row.status.is_live()).map(|since| model.aged.since(since))
}

fn assignee(model: &Model, row: &TicketRow) -> String {
    match model.assignee_of(row) {
        None => "-".to_owned(),
        Some(agent) if *agent == model.me => {
            if model.claiming.contains(&row.key()) {
                "you …".to_owned()
            } else {
                "you".to_owned()
            }
        }
        Some(agent) => agent.to_string(),
    }
}

fn row_lines(
    model: &Model,
    row: &TicketRow,
    selected: bool,
    width: usize,
    two: bool,
) -> (Line<'static>, Option<Line<'static>>) {
    let cursor = if selected { ">" } else { " " };
    let mark = if model.queue.marked.contains(&row.name()) { "*" } else { " " };
    let dot = if model.setup.ascii { "o" } else { "●" };
    let unread = if row.unread { dot } else { " " };
    let wait = wait(model, row);
    let long = wait.is_some_and(|wait| wait >= Duration::from_secs(3600));
    let mut spans = vec![
        Span::raw(format!("{cursor}{mark}{unread}")),
        Span::styled(here::mark(model, row), model.theme.note),
        Span::styled(row.status.letter().to_string(), model.theme.tone(row.status.tone())),
        Span::raw(format!(" {} ", text::fit(&number(row), 7))),
    ];
    let of_groups = groups::has_column(model, width);
    if of_groups {
        spans.push(Span::raw(format!("{} ", text::fit(groups::short(model, row), groups::WIDTH))));
    }
    spans.extend([Span::styled(
        format!("{} ", text::fit_right(&wait.map_or("-".to_owned(), age), 5)),
        if long { model.theme.strong } else { Style::new() },
    )]);
    let column = due::has_column(model, width);
    if column {
        let style = row.due.as_ref().map_or(model.theme.dim, |own| due::style(model, own));
        spans.push(Span::styled(format!("{} ", text::fit_right(&due::short(model, row), due::WIDTH)), style));
    }
    let mut remarks = remarks(model, row);
    // On the narrowest rows it comes before the name, or nobody would see it.
    let before_name = width < 60 && !two;
    let due = if column { String::new() } else { due::remark(model, row) };
    if !before_name {
        remarks.insert_str(0, &due);
    }
    // On narrow rows it comes before the name, or nobody would see it.
    let group = groups::remark(model, row, width);
    if width >= 60 {
        remarks.insert_str(0, &group);
    }
    let extra = if column { due::WIDTH + 1 } else { 0 } + if of_groups { groups::WIDTH + 1 } else { 0 };
    let message = format!("{remarks}{}", row.last_text);
    if width >= 60 {
        spans.push(Span::raw(format!(" {}  ", text::fit(&assignee(model, row), 8))));
        let customer = if row.unread { model.theme.strong } else { Style::new() };
        spans.push(Span::styled(format!("{} ", text::fit(customer_name(row), 18)), customer));
        let room = width.saturating_sub(50 + extra);
        if two {
            spans.push(Span::raw(text::fit(&row.title, room)));
            let second = text::fit(&message, width.saturating_sub(31 + extra));
            let blank = " ".repeat(31 + extra);
            return (Line::from(spans), Some(Line::styled(format!("{blank}{second}"), model.theme.dim)));
        }
        spans.push(Span::raw(text::fit(&message, room)));
        return (Line::from(spans), None);
    }
    let room = width.saturating_sub(21);
    if two {
        let who = format!("{group}{} ({})", customer_name(row), assignee(model, row));
        spans.push(Span::raw(format!(" {}", text::fit(&who, room))));
        let second = text::fit(&message, width.saturating_sub(6));
        return (Line::from(spans), Some(Line::styled(format!("      {second}"), model.theme.dim)));
    }
    let who = text::fit(&assignee(model, row), 4);
    let room = room.saturating_sub(5);
    spans.push(Span::raw(format!(
        " {who} {}",
        text::fit(&format!("{group}{due}{} · {message}", customer_name(row)), room)
    )));
    (Line::from(spans), None)
}

fn hint_lines(model: &Model, width: u16) -> Vec<String> {
    model.hint.as_ref().map(|hint| text::wrapped(hint, usize::from(width.saturating_sub(4)))).unwrap_or_default()
}

/// Tells how many lines the demo's hint takes.
pub(crate) fn hint_height(model: &Model, width: u16) -> u16 {
    let lines = hint_lines(model, width).len() as u16;
    if lines == 0 { 0 } else { (lines + 2).min(model.size.1 / 2) }
}

fn hint(model: &Model, frame: &mut Frame<'_>, areas: Areas) {
    let height = hint_height(model, areas.queue.width);
    if height == 0 {
        return;
    }
    let area = Rect { y: areas.queue.bottom() - height, height, ..areas.queue };
    let title = format!(" Try this · {} hides it ", model.key(Action::Back));
    let block = border(model).title(title).border_style(model.theme.border_focus);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let lines: Vec<Line<'_>> =
        hint_lines(model, areas.queue.width).into_iter().map(|line| Line::raw(format!(" {line}"))).collect();
    frame.render_widget(ratatui::text::Text::from(lines), inside);
}
