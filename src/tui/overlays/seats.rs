//! Who sits at the desk: each seat a line, the longest first; and who is away.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::model::Model;
use super::super::until;
use super::super::widgets::text;
use super::status::Page;
use crate::engine::handle::SeatView;
use crate::engine::views::Presence;

/// No name takes more columns than this.
const NAME: usize = 24;

/// Writes the page; `None`: who sits there is not known yet.
pub(super) fn write(model: &Model, seats: Option<&[SeatView]>, page: &mut Page) {
    page.head(model, "Seats");
    let Some(seats) = seats else {
        page.put("", "asking who sits at the desk …", Style::new());
        return;
    };
    let name = |seat: &SeatView| match seat.agent.0.as_str() {
        // Whoever has the desk's files need not be an agent.
        "" => format!("user {}", seat.uid),
        name => text::cut(&text::safe(name), NAME),
    };
    let widest = seats.iter().map(|seat| text::width(&name(seat))).max().unwrap_or_default();
    for seat in seats {
        let what = match seat.screens {
            0 => "command".to_owned(),
            1 => "screen".to_owned(),
            several => format!("{several} screens"),
        };
        let named = name(seat);
        let named = text::fit(&named, widest);
        let since = model.zone.moment(seat.since, model.now);
        // Whoever has just come has pressed none yet.
        let key = seat.used.map_or_else(String::new, |used| format!("key {} ago", until::ago(model.now.since(used))));
        let rest = format!("  {:5}  {what:9}  {key:14}  since {since}", seat.authority.label());
        let style = if seat.agent == model.me { model.theme.key } else { Style::new() };
        page.lines.push(Line::from(vec![Span::styled(named, style), Span::raw(rest)]));
    }
    let roster = model.desk.iter().flat_map(|desk| &desk.roster);
    let away = roster.filter_map(|view| match view.presence {
        Presence::Away => Some(view.agent.0.clone()),
        Presence::Idle => Some(format!("{} (idle)", view.agent)),
        _ => None,
    });
    let away: Vec<String> = away.collect();
    if !away.is_empty() {
        page.head(model, "Away");
        page.put("", &away.join(", "), Style::new());
    }
}
