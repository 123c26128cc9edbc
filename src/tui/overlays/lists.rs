//! How the lists are drawn: one picker, a preview where there is room.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};

use super::super::model::Model;
use super::super::panes::groups;
use super::super::templates::Recipients;
use super::super::widgets::picker::{Item, Picker};
use super::super::widgets::text;
use super::Overlay;

/// Draws a list.
pub(super) fn draw(list: &Overlay, model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let (picker, title, empty) = match list {
        Overlay::Help(picker) => {
            (picker, "Keys here · type to search · Esc closes".to_owned(), "no such key or action")
        }
        Overlay::Palette(picker) => (picker, "Actions · Tab completes".to_owned(), "no such action"),
        Overlay::Templates(picker, _) => {
            let title = match &model.templates.recipients {
                Some(Recipients { duplicates_of: Some(of), .. }) => {
                    format!("Template for {of} and its duplicates · asks first")
                }
                Some(Recipients { tickets, .. }) => format!("Template for {} tickets · asks first", tickets.len()),
                None => "Templates · Enter inserts, nothing is sent".to_owned(),
            };
            (picker, title, "no such template")
        }
        Overlay::Assign { picker, tickets, .. } => {
            let what = match &tickets[..] {
                [one] => groups::ticket(model, *one),
                many => format!("{} tickets", many.len()),
            };
            (picker, format!("Assign {what} to · Tab adds a note"), "no such agent")
        }
        Overlay::Search(picker, _) => {
            let empty = if picker.query.text().trim().is_empty() {
                "type words; \"exact words\" in quotes; word* for a beginning"
            } else {
                "nothing found"
            };
            (picker, "Search messages and notes".to_owned(), empty)
        }
        Overlay::Queues(picker, _) => (picker, "Queues".to_owned(), "no such queue"),
        Overlay::Jump(picker, _) => (picker, "Jump to a ticket".to_owned(), "no such ticket"),
        Overlay::Outbox(picker, _) => (
            picker,
            "Not sent yet · Enter goes there · Tab sends, changes, throws away".to_owned(),
            "everything has been sent",
        ),
        Overlay::Escalations(picker, _) => {
            (picker, "Escalations, newest first · Enter goes there".to_owned(), "no rule has escalated anything")
        }
        Overlay::Close(picker, tickets) => {
            let what = match &tickets[..] {
                [one] => one.to_string(),
                many => format!("{} tickets", many.len()),
            };
            (
                picker,
                format!("Why is {what} closed? · Enter takes it, or what you type"),
                "Enter takes what you have typed",
            )
        }
        Overlay::Suggestions(list) => (&list.picker, super::suggestions::title(list), ""),
        Overlay::Activity(picker, ticket, lines) => (
            picker,
            format!("Activity of {ticket} · newest first · Enter goes to the message"),
            if lines.is_none() { "reading …" } else { "nothing like that has happened" },
        ),
        Overlay::Until(_) | Overlay::Confirm(_) | Overlay::Status(_) | Overlay::Stats(_) | Overlay::Explain(_) => {
            return;
        }
    };
    let wide = screen.width >= 100;
    let size =
        (screen.width.saturating_sub(6).min(if wide { 110 } else { 76 }), screen.height.saturating_sub(4).min(26));
    let inside = super::boxed(model, frame, screen, size, &title);
    let query = Line::from(vec![Span::styled(" > ", model.theme.key), Span::raw(picker.query.text().to_owned())]);
    frame.render_widget(query, Rect { height: 1, ..inside });
    frame.set_cursor_position((
        inside.x + (3 + picker.query.column() as u16).min(inside.width.saturating_sub(1)),
        inside.y,
    ));
    let mut body = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    if let Overlay::Assign { note: Some(note), .. } = list {
        body.height = body.height.saturating_sub(1);
        let line = Line::from(vec![Span::styled(" note: ", model.theme.note), Span::raw(note.text().to_owned())]);
        let at = Rect { y: body.bottom(), height: 1, ..body };
        frame.render_widget(line, at);
        frame.set_cursor_position((at.x + (7 + note.column() as u16).min(at.width.saturating_sub(1)), at.y));
    }
    let preview = matches!(
        list,
        Overlay::Templates(..)
            | Overlay::Search(..)
            | Overlay::Outbox(..)
            | Overlay::Suggestions(_)
            | Overlay::Activity(..)
    );
    if let Overlay::Suggestions(list) = list {
        body.height -= super::suggestions::draw_standing(list, model, frame, body);
    }
    let below = matches!(list, Overlay::Activity(..));
    if preview && wide && !below {
        let left = body.width * 2 / 5;
        let right = Rect { x: body.x + left + 1, width: body.width - left - 2, ..body };
        body.width = left;
        draw_preview(picker, frame, right);
    } else if preview && body.height >= 10 {
        // The preview stands below on narrow screens.
        let own = body.height / 2;
        let below =
            Rect { x: body.x + 2, width: body.width.saturating_sub(4), y: body.bottom() - own + 1, height: own - 1 };
        body.height -= own;
        let dash = if model.setup.ascii { "-" } else { "─" };
        let line = Line::styled(dash.repeat(usize::from(body.width)), model.theme.border);
        frame.render_widget(line, Rect { y: body.bottom(), height: 1, ..body });
        draw_preview(picker, frame, below);
    }
    if picker.shown().len() == 0 {
        frame.render_widget(Line::styled(format!("   {empty}"), model.theme.dim), Rect { height: 1, ..body });
        return;
    }
    let height = usize::from(body.height).max(1);
    let top = picker.selected().saturating_sub(height - 1);
    for (row, item) in picker.shown().enumerate().skip(top).take(height) {
        let selected = row == picker.selected();
        let style = if selected { model.theme.selected } else { Style::new() };
        let line = item_line(list, item, row, model, usize::from(body.width)).patch_style(style);
        frame.render_widget(line, Rect { y: body.y + (row - top) as u16, height: 1, ..body });
    }
}

fn draw_preview(picker: &Picker, frame: &mut Frame<'_>, area: Rect) {
    let Some(item) = picker.current() else { return };
    let lines: Vec<Line<'_>> =
        text::wrapped(&item.preview, usize::from(area.width)).into_iter().map(Line::raw).collect();
    frame.render_widget(Text::from(lines), area);
}

fn item_line(list: &Overlay, item: &Item, row: usize, model: &Model, width: usize) -> Line<'static> {
    let dim = model.theme.dim;
    match list {
        Overlay::Help(_) => {
            let rest = width.saturating_sub(31);
            Line::from(vec![
                Span::styled(format!(" {} ", text::fit(&item.label, 16)), model.theme.key),
                Span::raw(text::fit(&item.detail, rest)),
                Span::styled(format!(" {:>11} ", item.preview), dim),
            ])
        }
        Overlay::Palette(_) => {
            let rest = width.saturating_sub(32);
            Line::from(vec![
                Span::raw(format!(" {} ", text::fit(&item.label, 18))),
                Span::styled(text::fit(&item.detail, rest), dim),
                Span::styled(format!(" {:>9} ", item.preview), model.theme.key),
            ])
        }
        Overlay::Suggestions(_) => {
            let rest = width.saturating_sub(14);
            Line::from(vec![
                Span::styled(format!(" {} ", text::fit_right(&item.code, 3)), dim),
                Span::raw(text::fit(&item.label, rest)),
                Span::styled(format!(" {}", text::fit(&item.detail, 8)), dim),
            ])
        }
        Overlay::Templates(..) => {
            let number = if row < 9 { format!("{}", row + 1) } else { " ".to_owned() };
            let code = if item.code.is_empty() { String::new() } else { format!(";{}", item.code) };
            let rest = width.saturating_sub(29).max(4);
            Line::from(vec![
                Span::styled(format!(" {number} "), dim),
                Span::styled(format!("{} ", text::fit(&code, 8)), model.theme.key),
                Span::raw(text::fit(&item.label, rest)),
                Span::styled(format!(" {}", text::fit(&item.detail, 15)), dim),
            ])
        }
        Overlay::Activity(..) => {
            let label = 19.min(width / 3);
            let rest = width.saturating_sub(label + 3);
            Line::from(vec![
                Span::styled(format!(" {} ", text::fit(&item.label, label)), dim),
                Span::raw(text::fit(&item.detail, rest)),
            ])
        }
        _ => {
            let label = (width / 2).min(34);
            let rest = width.saturating_sub(label + 10);
            Line::from(vec![
                Span::styled(format!(" {} ", text::fit(&item.code, if item.code.len() > 1 { 7 } else { 1 })), dim),
                Span::raw(format!("{} ", text::fit(&item.label, label))),
                Span::styled(text::fit(&item.detail, rest), dim),
            ])
        }
    }
}
