//! The list of suggested articles: what it shows, and the line that says how the knowledge base stands.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::model::Model;
use super::super::suggestions::{Matter, standing};
use super::super::widgets::picker::Picker;
use super::super::widgets::text;
use crate::desk::ids::TicketKey;
use crate::engine::views::Suggestions;

/// What the list shows.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The articles.
    pub(crate) picker: Picker,
    /// The ticket they may answer.
    pub(crate) ticket: Option<TicketKey>,
    /// What was found, in the order of the picker's items; `None`: nothing has come yet.
    pub(crate) found: Option<Suggestions>,
}

/// Says what the list is of.
pub(super) fn title(list: &Listed) -> String {
    let of = list.ticket.map(|ticket| format!(" for {ticket}")).unwrap_or_default();
    format!("Articles{of} · Enter inserts · Tab: link, text, open")
}

/// Draws how the knowledge base stands at the bottom of `area`, as far as that is worth a line; gives how many lines that took.
pub(super) fn draw_standing(list: &Listed, model: &Model, frame: &mut Frame<'_>, area: Rect) -> u16 {
    let lines = match &list.found {
        Some(found) => standing(found),
        None => vec![(Matter::Passing, "searching…".to_owned())],
    };
    let mut rows = Vec::new();
    for (matter, words) in lines {
        let style = if matter == Matter::Wrong { model.theme.warning } else { model.theme.dim };
        let wrapped = text::wrapped(&words, usize::from(area.width.saturating_sub(4)));
        rows.extend(wrapped.into_iter().map(|line| Line::styled(format!("   {line}"), style)));
    }
    let height = (rows.len() as u16).min(area.height / 2);
    let mut at = Rect { y: area.bottom() - height, height: 1, ..area };
    for row in rows.into_iter().take(usize::from(height)) {
        frame.render_widget(row, at);
        at.y += 1;
    }
    height
}
