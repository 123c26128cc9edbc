//! Statistics: what was counted in a period, with bars by day and hour, the course of the backlog, and a table by agent.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::bar;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Bar, BarChart, BarGroup, Sparkline};

use super::super::model::Model;
use super::super::widgets::text;
use crate::config::duration;
use crate::engine::views::{Report, Row, Spread, Step};

/// The periods, with their names and keys in order.
pub(crate) const PERIODS: [(&str, u64); 4] = [("24h", 24), ("7d", 7 * 24), ("30d", 30 * 24), ("90d", 90 * 24)];

/// The page of statistics.
#[derive(Clone, Debug)]
pub(crate) struct StatsPage {
    /// Which of [`PERIODS`].
    pub(crate) period: usize,
    /// The table is by tag, not by agent.
    pub(crate) by_tag: bool,
    /// The first row that is shown.
    pub(crate) top: usize,
    /// What was counted; the one of the period before until the next is there.
    pub(crate) report: Option<Box<Report>>,
    /// It is being counted.
    pub(crate) counting: bool,
}

impl StatsPage {
    /// Tells the rows of its table.
    pub(crate) fn rows(&self) -> &[Row] {
        match &self.report {
            Some(report) if self.by_tag => &report.tags,
            Some(report) => &report.agents,
            None => &[],
        }
    }

    /// Tells how far it looks back.
    pub(crate) fn span(&self) -> Duration {
        Duration::from_secs(PERIODS[self.period.min(PERIODS.len() - 1)].1 * 3600)
    }
}

/// Bars for terminals that are not UTF-8.
const ASCII_BARS: bar::Set<'static> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "#",
    five_eighths: "=",
    half: "=",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: "_",
    empty: " ",
};

/// The heights of the parts of a page: of the numbers, the charts, the table.
fn heights(inside: u16) -> (u16, u16) {
    const NUMBERS: u16 = 6;
    let charts = match inside {
        0..16 => 0,
        16..30 => 8,
        more => (more - NUMBERS) / 2,
    };
    (NUMBERS, charts)
}

/// Tells how many rows of the table are shown at once.
pub(crate) fn rows_shown(model: &Model) -> usize {
    let inside = model.size.1.saturating_sub(4);
    let (numbers, charts) = heights(inside);
    usize::from(inside.saturating_sub(numbers + charts + 1)).max(1)
}

/// Draws the page.
pub(super) fn draw(page: &StatsPage, model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let title = "Statistics · 1-4 period · t tags · r again · Esc closes";
    let inside = super::boxed(model, frame, screen, (screen.width, screen.height), title);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let line = |frame: &mut Frame<'_>, at: u16, line: Line<'static>| {
        if at < inside.height {
            frame.render_widget(line, Rect { y: inside.y + at, height: 1, ..inside });
        }
    };
    line(frame, 0, periods(page, model));
    let Some(report) = &page.report else { return };
    let (numbers, charts) = heights(inside.height);
    for (at, words) in (1..).zip(totals(report)) {
        line(frame, at, Line::raw(text::cut(&words, usize::from(inside.width))));
    }
    if charts > 0 {
        draw_charts(report, model, frame, Rect { y: inside.y + numbers, height: charts, ..inside });
    }
    let from = numbers + charts;
    let table = Rect { y: inside.y + from, height: inside.height.saturating_sub(from), ..inside };
    draw_table(page, model, frame, table);
}

fn periods(page: &StatsPage, model: &Model) -> Line<'static> {
    let mut spans = Vec::new();
    for (place, (name, _)) in PERIODS.iter().enumerate() {
        let chosen = place == page.period;
        let (words, style) =
            if chosen { (format!("[{name}]"), model.theme.tab) } else { (format!(" {name} "), Style::new()) };
        spans.push(Span::styled(words, style));
        spans.push(Span::raw(" "));
    }
    if page.counting {
        spans.push(Span::styled("counting … ", model.theme.key));
    }
    if let Some(report) = &page.report {
        let clock = match report.clock.as_str() {
            "plain" => "plain time, day and night",
            "business" => "business time",
            other => other,
        };
        let zone = if report.timezone == "local" { "this machine's zone" } else { &report.timezone };
        spans.push(Span::styled(text::safe(&format!("{clock} · {zone}")).into_owned(), model.theme.dim));
    }
    Line::from(spans)
}

fn totals(report: &Report) -> [String; 4] {
    let total = &report.total;
    let open = total.open.unwrap_or_default();
    let counts = format!(
        "open {} > {open} · new {} · done {} · back {} · no response {} · outside {}",
        report.open_at_start,
        total.opened.unwrap_or_default(),
        total.resolved,
        total.reopened,
        total.without_response,
        total.outside,
    );
    let spread = |name: &str, spread: &Spread| {
        format!("{name:15} half {:8} 90 % {:8} of {}", show(spread.p50()), show(spread.p90()), spread.count)
    };
    let missed = if total.breaches > 0 { format!(" · {} missed since live", total.breaches) } else { String::new() };
    let survey = total
        .survey_average()
        .map_or_else(String::new, |average| format!(" · survey {average} of 5 ({})", total.surveys));
    [
        counts,
        spread("first response", &total.first_response),
        spread("next response", &total.next_response) + &survey,
        spread("resolution", &total.resolution) + &missed,
    ]
}

fn show(span: Option<Duration>) -> String {
    span.map_or("-".to_owned(), duration::show)
}

fn draw_charts(report: &Report, model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let theme = &model.theme;
    let left = Rect { width: area.width / 2, ..area };
    let right = Rect { x: area.x + left.width + 2, width: area.width.saturating_sub(left.width + 2), ..area };
    let halves = |area: Rect| {
        let upper = Rect { height: area.height / 2, ..area };
        (upper, Rect { y: upper.bottom(), height: area.height - upper.height, ..area })
    };
    let hourly = report.steps.first().is_some_and(|step| step.from.contains('T'));
    let unit = if hourly { "hour" } else { "day" };
    let span = dates(&report.steps);
    let (upper, lower) = halves(left);
    let per = |counted: fn(&Step) -> usize| report.steps.iter().map(counted).collect::<Vec<_>>();
    let (opened, resolved) = (per(|step| step.opened), per(|step| step.resolved));
    // Both have the same scale, so that their heights can be compared.
    let (width, _, _) = packing(opened.len(), left.width);
    let most = packed(&opened, width).into_iter().chain(packed(&resolved, width)).max().unwrap_or(0);
    let a_bar = if width > 1 { format!("{width} {unit}s a bar") } else { format!("by {unit}") };
    bars(&format!("New {a_bar}, {span}"), (&opened, most), theme.key, (model, frame, upper));
    bars(&format!("Resolved {a_bar}, highest {most}"), (&resolved, most), theme.done, (model, frame, lower));

    let (upper, lower) = halves(right);
    let hours: Vec<usize> = report.hours.iter().map(|row| row.figures.opened.unwrap_or_default()).collect();
    let most = hours.iter().copied().max().unwrap_or(0);
    let axis = upper.height > 3;
    let room = Rect { height: upper.height - u16::from(axis), ..upper };
    bars(&format!("New by hour of the day, highest {most}"), (&hours, most), theme.key, (model, frame, room));
    if axis {
        let (_, wide, gap) = packing(24, upper.width);
        let every = usize::from(wide + gap) * 6;
        let words: String = ["0", "6", "12", "18"].iter().map(|hour| text::fit(hour, every)).collect();
        let at = Rect { y: upper.bottom() - 1, height: 1, ..upper };
        frame.render_widget(Line::styled(text::cut(words.trim_end(), usize::from(upper.width)), theme.dim), at);
    }
    backlog(report, model, frame, lower);
}

/// Says from when to when the steps go.
fn dates(steps: &[Step]) -> String {
    let day = |step: &Step| step.from.get(5..).unwrap_or_default().replace('T', " ");
    match (steps.first(), steps.last()) {
        (Some(first), Some(last)) => format!("{} to {}", day(first), day(last)),
        _ => String::new(),
    }
}

/// Tells how many values share a bar, how wide bars are, and the gap between them, so that all find room.
fn packing(values: usize, room: u16) -> (usize, u16, u16) {
    let (values, room) = (values.max(1), usize::from(room).max(1));
    if values * 2 <= room {
        let wide = (room / values - 1).min(5);
        return (1, wide as u16, 1);
    }
    (values.div_ceil(room), 1, 0)
}

fn packed(values: &[usize], together: usize) -> Vec<usize> {
    values.chunks(together.max(1)).map(|part| part.iter().sum()).collect()
}

type Canvas<'c, 'f> = (&'c Model, &'c mut Frame<'f>, Rect);

fn bars(title: &str, (values, most): (&[usize], usize), style: Style, (model, frame, area): Canvas<'_, '_>) {
    if area.height < 2 {
        return;
    }
    let title = text::cut(title, usize::from(area.width));
    frame.render_widget(Line::styled(title, model.theme.strong), Rect { height: 1, ..area });
    let (together, wide, gap) = packing(values.len(), area.width);
    let bars: Vec<Bar<'_>> =
        packed(values, together).into_iter().map(|value| Bar::new(value as u64).text_value("")).collect();
    let chart = BarChart::default()
        .data(BarGroup::default().bars(&bars))
        .bar_width(wide)
        .bar_gap(gap)
        .max(most.max(1) as u64)
        .bar_set(set(model))
        .bar_style(style);
    frame.render_widget(chart, Rect { y: area.y + 1, height: area.height - 1, ..area });
}

fn set(model: &Model) -> bar::Set<'static> {
    if model.setup.ascii { ASCII_BARS } else { bar::NINE_LEVELS }
}

fn backlog(report: &Report, model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let open: Vec<usize> = report.steps.iter().map(|step| step.open).collect();
    if area.height < 2 || open.is_empty() {
        return;
    }
    let (least, most) = (open.iter().min().copied().unwrap_or(0), open.iter().max().copied().unwrap_or(0));
    let title = text::cut(&format!("Open, {least} to {most}"), usize::from(area.width));
    frame.render_widget(Line::styled(title, model.theme.strong), Rect { height: 1, ..area });
    let columns = usize::from(area.width);
    // Every column shows how things stood at the end of its part of the period.
    let at = |column: usize| (((column + 1) * open.len()).div_ceil(columns)).clamp(1, open.len()) - 1;
    let data: Vec<u64> = (0..columns).map(|column| open[at(column)] as u64).collect();
    let line = Sparkline::default().data(&data).max(most.max(1) as u64).bar_set(set(model)).style(model.theme.note);
    frame.render_widget(line, Rect { y: area.y + 1, height: area.height - 1, ..area });
}

/// The columns of the table: title, cells, and what stands there.
type Column = (&'static str, usize, fn(&Row) -> String);

fn columns(wide: bool) -> Vec<Column> {
    fn count(number: usize) -> String {
        if number == 0 { "-".to_owned() } else { number.to_string() }
    }
    let mut all: Vec<Column> = vec![
        ("first", 6, |row| count(row.figures.first_response.count)),
        ("half", 8, |row| show(row.figures.first_response.p50())),
        ("90 %", 8, |row| show(row.figures.first_response.p90())),
        ("next", 6, |row| count(row.figures.next_response.count)),
        ("half", 8, |row| show(row.figures.next_response.p50())),
    ];
    if wide {
        all.push(("90 %", 8, |row| show(row.figures.next_response.p90())));
    }
    all.push(("done", 6, |row| count(row.figures.resolved)));
    if wide {
        all.push(("half", 8, |row| show(row.figures.resolution.p50())));
        all.push(("90 %", 8, |row| show(row.figures.resolution.p90())));
        all.push(("no resp", 8, |row| count(row.figures.without_response)));
    }
    all.push(("back", 6, |row| count(row.figures.reopened)));
    all.push(("outside", 8, |row| count(row.figures.outside)));
    if wide {
        all.push(("late", 5, |row| count(row.figures.breaches)));
    }
    all.push(("open", 6, |row| count(row.figures.open.unwrap_or_default())));
    all
}

fn draw_table(page: &StatsPage, model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.height < 2 {
        return;
    }
    let (rows, what) = (page.rows(), if page.by_tag { "tag" } else { "agent" });
    let columns = columns(area.width >= 110);
    let taken: usize = columns.iter().map(|(_, cells, _)| cells).sum();
    let name = usize::from(area.width).saturating_sub(taken).clamp(8, 30);
    let room = usize::from(area.height - 1);
    let top = page.top.min(rows.len().saturating_sub(room));
    let more = rows.len().saturating_sub(top + room);
    let title = if more > 0 { format!("{what} (+{more})") } else { what.to_owned() };
    let mut head = text::fit(&title, name);
    columns.iter().for_each(|(title, cells, _)| head.push_str(&text::fit_right(title, *cells)));
    let cut = |line: &str| text::cut(line, usize::from(area.width));
    frame.render_widget(Line::styled(cut(&head), model.theme.strong), Rect { height: 1, ..area });
    for (at, row) in (1..).zip(rows.iter().skip(top).take(room)) {
        let mut line = text::fit(&row.key, name);
        columns.iter().for_each(|(_, cells, cell)| line.push_str(&text::fit_right(&cell(row), *cells)));
        frame.render_widget(Line::raw(cut(&line)), Rect { y: area.y + at, height: 1, ..area });
    }
    if rows.is_empty() {
        let words = Line::styled("nobody has done anything in this period", model.theme.dim);
        frame.render_widget(words, Rect { y: area.y + 1, height: 1, ..area });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_values_find_room() {
        for values in 1..400_usize {
            for room in [1_u16, 20, 37, 74] {
                let (together, wide, gap) = packing(values, room);
                let bars = values.div_ceil(together) as u16;
                assert!(bars * (wide + gap) - gap.min(bars) <= room, "{values} in {room}");
                assert!(wide >= 1);
            }
        }
        assert_eq!(packed(&[1, 2, 3, 4, 5], 2), [3, 7, 5]);
    }
}
