//! What can follow after a prefix, shown when the agent hesitates.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Clear;

use super::super::keys::sequence_text;
use super::super::model::Model;
use super::super::widgets::text;

/// Draws the list above the last lines.
pub(in super::super) fn draw(model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    if !model.which_key || model.prefix.is_empty() {
        return;
    }
    let entries = model.keymap.continuations(model.context(), &model.prefix);
    let columns = usize::from(screen.width.saturating_sub(4) / 30).max(1);
    let rows = entries.len().div_ceil(columns).max(1);
    let height = (rows as u16 + 2).min(screen.height.saturating_sub(3));
    let area = Rect { x: 0, y: screen.height.saturating_sub(height + 2), width: screen.width, height };
    frame.render_widget(Clear, area);
    let block =
        super::border(model).title(format!(" {} … ", sequence_text(&model.prefix))).border_style(model.theme.border);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let lines: Vec<Line<'_>> = (0..rows)
        .map(|row| {
            let mut spans = Vec::new();
            for (keys, action) in entries.iter().skip(row).step_by(rows).take(columns) {
                spans.push(Span::styled(format!(" {keys:>2} "), model.theme.key));
                spans.push(Span::raw(text::fit(action.row().about, 25)));
            }
            Line::from(spans)
        })
        .collect();
    frame.render_widget(Text::from(lines), inside);
}
