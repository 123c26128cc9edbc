//! The view: where everything is, and the drawing of a frame. Scroll positions are settled here, nothing else changes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::model::{Focus, Model};
use super::overlays;
use super::panes::{bars, composer, details, queue, thread};
use super::widgets::text;
use crate::desk::ids::TopicId;
use crate::engine::views::{QueueName, Sort, TicketRow};

/// Columns and rows that are needed.
const SMALLEST: (u16, u16) = (60, 16);
/// From here on queue and thread stand side by side.
pub(crate) const WIDE: u16 = 100;
/// From here on there is room for what is known about customer and ticket.
const WIDEST: u16 = 140;

/// Where everything is on the screen. An empty rectangle: it is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// The tabs.
    pub(crate) tabs: Rect,
    /// The queue with its heading.
    pub(crate) queue: Rect,
    /// Its rows.
    pub(crate) rows: Rect,
    /// How many lines a row has.
    pub(crate) row_height: u16,
    /// The thread with its heading.
    pub(crate) thread: Rect,
    /// Its entries.
    pub(crate) entries: Rect,
    /// The line that says that there is a draft.
    pub(crate) draft: Rect,
    /// The composer with its border.
    pub(crate) composer: Rect,
    /// What is known about customer and ticket.
    pub(crate) details: Rect,
    /// The line with notices, link and clock.
    pub(crate) status: Rect,
    /// The line with keys.
    pub(crate) hints: Rect,
}

/// Tells where everything is.
pub(crate) fn areas(model: &Model) -> Areas {
    let (width, height) = model.size;
    let mut areas = Areas { row_height: 1, ..Areas::default() };
    let line = |y: u16| Rect { x: 0, y, width, height: 1 };
    let two_lines = height >= 20;
    areas.status = line(height - if two_lines { 2 } else { 1 });
    if two_lines {
        areas.hints = line(height - 1);
    }
    let side_by_side = width >= WIDE && !model.zoomed;
    let working = model.focus != Focus::Queue;
    // A narrow screen shows the ticket alone: its heading is the first line.
    let top = if side_by_side || !working { 1 } else { 0 };
    if top == 1 {
        areas.tabs = line(0);
    }
    let body = Rect { x: 0, y: top, width, height: areas.status.y.saturating_sub(top) };
    let mut right = body;
    if side_by_side {
        let wanted = if width >= WIDEST { 52 } else { 38 };
        areas.queue = Rect { width: wanted, ..body };
        right = Rect { x: wanted + 1, width: width - wanted - 1, ..body };
        if width >= WIDEST && model.details != Some(false) {
            areas.details = Rect { x: width - 36, width: 36, ..body };
            right.width -= 37;
        }
    } else if !working {
        areas.queue = body;
        right = Rect::default();
    }
    if right.width > 0 && model.details_fill() {
        areas.details = right;
        right = Rect::default();
    }
    if right.width > 0 {
        let mut above = right.height;
        if let Some(composer) = &model.composer {
            let lines = text::wrap(&composer.text(), usize::from(right.width.saturating_sub(3))).len();
            let most = if height < 20 { 3 } else { (right.height / 3).max(4) };
            let lines = (lines as u16).clamp(3, most);
            let own = (lines + 2 + composer::lines_above(model, composer)).min(right.height.saturating_sub(3));
            above -= own;
            areas.composer = Rect { y: right.y + above, height: own, ..right };
        }
        if above > 5 && model.draft().is_some() {
            above -= 1;
            areas.draft = Rect { y: right.y + above, height: 1, ..right };
        }
        areas.thread = Rect { height: above, ..right };
        areas.entries = Rect { y: right.y + 1, height: above.saturating_sub(1), ..right };
    }
    if areas.queue.height > 0 {
        // Tall screens have two lines for a row.
        areas.row_height = if height > 40 { 2 } else { 1 };
        let heading = 1;
        let hint = queue::hint_height(model, areas.queue.width);
        areas.rows = Rect {
            y: areas.queue.y + heading,
            height: areas.queue.height.saturating_sub(heading + hint),
            ..areas.queue
        };
    }
    areas
}

/// Draws a frame.
pub(crate) fn draw(model: &mut Model, frame: &mut Frame<'_>) {
    let screen = frame.area();
    model.size = (screen.width, screen.height);
    if is_too_small(model.size) {
        too_small(model, frame, screen);
        return;
    }
    model.areas = areas(model);
    let areas = model.areas;
    if model.theme.text != ratatui::style::Style::new() {
        frame.buffer_mut().set_style(screen, model.theme.text);
    }
    if areas.tabs.height > 0 {
        bars::tabs(model, frame, areas.tabs);
    }
    if areas.queue.height > 0 {
        queue::settle(model, areas);
        queue::draw(model, frame, areas);
    }
    for edge in [areas.queue.right(), areas.details.x.wrapping_sub(1)] {
        if edge > 0 && edge < screen.width && areas.thread.width > 0 && areas.queue.width > 0 {
            let symbol = if model.setup.ascii { "|" } else { "│" };
            for y in areas.queue.y..areas.queue.bottom() {
                frame.buffer_mut()[(edge, y)].set_symbol(symbol).set_style(model.theme.border);
            }
        }
    }
    if areas.thread.height > 0 {
        let lines = thread::settle(model, areas);
        thread::draw(model, &lines, frame, areas);
    }
    if areas.details.height > 0 {
        details::draw(model, frame, areas.details);
    }
    if areas.composer.height > 0 {
        composer::draw(model, frame, areas.composer);
    }
    bars::status(model, frame, areas.status);
    if areas.hints.height > 0 {
        bars::hints(model, frame, areas.hints);
    }
    overlays::which_key::draw(model, frame, screen);
    overlays::draw(model, frame, screen);
    if model.setup.ascii {
        spell_out(frame.buffer_mut());
    }
}

/// Puts an ASCII character in the place of every other one: the terminal shows nothing else.
fn spell_out(buffer: &mut ratatui::buffer::Buffer) {
    for cell in &mut buffer.content {
        let ascii = match cell.symbol() {
            symbol if symbol.is_ascii() => continue,
            "·" | "─" => "-",
            "…" => "~",
            "│" => "|",
            "✓" => "v",
            "→" => ">",
            "●" => "o",
            symbol if unicode_width::UnicodeWidthStr::width(symbol) == 2 => "??",
            _ => "?",
        };
        cell.set_symbol(ascii);
    }
}

/// Tells whether so many columns and rows show too little to work with: then no key does anything.
pub(crate) fn is_too_small((columns, rows): (u16, u16)) -> bool {
    columns < SMALLEST.0 || rows < SMALLEST.1
}

fn too_small(model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let count = |queue| model.counts.queues.iter().find(|(name, _)| *name == queue).map_or(0, |(_, count)| *count);
    let ((columns, rows), (wide, high)) = (model.size, SMALLEST);
    let (unassigned, mine) = (count(QueueName::Unassigned), count(QueueName::Mine));
    let words = format!(
        "too small: {columns}x{rows}, {wide}x{high} needed; no key works here but C-c, which leaves · {unassigned} unassigned, {mine} mine"
    );
    let lines: Vec<Line<'_>> = text::wrapped(&words, usize::from(columns)).into_iter().map(Line::raw).collect();
    frame.render_widget(ratatui::text::Text::from(lines), screen);
}

/// Tells the words for an order.
pub(crate) fn sort_title(sort: Sort) -> &'static str {
    match sort {
        Sort::Natural => "the queue's own",
        Sort::Due => "due first",
        Sort::Waiting => "longest waiting first",
        Sort::Newest => "newest first",
        Sort::Activity => "last activity first",
        Sort::Priority => "by priority",
    }
}

/// Tells the name of the customer, or what stands for it.
pub(crate) fn customer_name(row: &TicketRow) -> &str {
    match &row.customer {
        Some(customer) if !customer.name.is_empty() => &customer.name,
        _ if row.id == TopicId::GENERAL => "General",
        _ => "(no customer yet)",
    }
}

/// Writes the number of a ticket, with its episode from the second on.
pub(crate) fn number(row: &TicketRow) -> String {
    if row.episode > 1 { format!("#{}/{}", row.id, row.episode) } else { format!("#{}", row.id) }
}
