//! Suggested articles in the details pane: what they are called, and how the knowledge base stands.

use ratatui::text::{Line, Span};

use super::super::action::Action;
use super::super::model::Model;
use super::super::suggestions::{Matter, standing};
use super::super::widgets::text;
use crate::engine::views::Source;

/// No reason for a failure takes more lines.
const REASON: usize = 4;
/// So many articles are named.
const NAMED: usize = 5;

/// Writes the section; nothing where there is no knowledge base, or where nothing has been read yet.
pub(super) fn lines(model: &Model, room: usize) -> Vec<Line<'static>> {
    let open = model.open.as_ref().map(|open| open.key);
    let known = model.articles.suggested.as_ref().filter(|known| known.ticket == open && !known.is_off());
    let Some(known) = known else { return Vec::new() };
    let dim = model.theme.dim;
    let key = model.key(Action::Suggestions);
    let mut lines = vec![Line::default(), Line::styled(format!(" ARTICLES ({key})"), dim)];
    for one in known.list.iter().take(NAMED) {
        let mark = match one.source {
            Source::Folder => "",
            Source::Webhook => " web",
        };
        let score = format!("{:>3.0} ", one.score * 100.0);
        let words = text::cut(&one.title, room.saturating_sub(5 + mark.len()));
        lines.push(Line::from(vec![Span::styled(format!(" {score}"), dim), Span::raw(words), Span::styled(mark, dim)]));
    }
    for (matter, words) in standing(known) {
        let style = if matter == Matter::Wrong { model.theme.warning } else { dim };
        let wrapped = text::wrapped(&words, room.saturating_sub(1));
        lines.extend(wrapped.into_iter().take(REASON).map(|line| Line::styled(format!(" {line}"), style)));
    }
    lines
}
