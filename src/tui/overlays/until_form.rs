//! Until when: pending with its reason, and snooze. Enter takes the default, a digit a preset, anything else is typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

use super::super::model::Model;
use super::super::panes::groups;
use super::super::widgets::line_edit::LineEdit;
use crate::clock::Timestamp;
use crate::desk::ids::TicketKey;
use crate::desk::ticket::PendingReason;

/// What the form is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UntilFor {
    /// Set pending.
    Pending(PendingReason),
    /// Snooze.
    Snooze,
}

/// Until when.
#[derive(Clone, Debug)]
pub(crate) struct UntilForm {
    /// What it is for.
    pub(crate) purpose: UntilFor,
    /// Which tickets.
    pub(crate) tickets: Vec<TicketKey>,
    /// What was typed; `None`: digits are presets.
    pub(crate) typed: Option<LineEdit>,
    /// What is wrong with it.
    pub(crate) wrong: Option<String>,
}

impl UntilForm {
    /// Takes the next reason.
    pub(crate) fn next_reason(&mut self) {
        if let UntilFor::Pending(reason) = self.purpose {
            let place = PendingReason::ALL.iter().position(|known| *known == reason).map_or(0, |place| place + 1);
            self.purpose = UntilFor::Pending(PendingReason::ALL[place % PendingReason::ALL.len()]);
        }
    }

    /// Tells the presets: key, words, instant.
    pub(crate) fn presets(&self, model: &Model) -> Vec<(char, String, Option<Timestamp>)> {
        let now = model.now;
        let hours = now + std::time::Duration::from_secs(2 * 3600);
        let say = |at: Option<Timestamp>| at.map(|at| model.zone.moment(at, now)).unwrap_or_default();
        let (tomorrow, monday) = (model.zone.tomorrow(now), model.zone.monday(now));
        let mut presets = vec![
            ('1', format!("for 2 hours, until {}", say(Some(hours))), Some(hours)),
            ('2', format!("until {}", say(tomorrow)), tomorrow),
            ('3', format!("until {}", say(monday)), monday),
        ];
        if self.purpose == UntilFor::Snooze {
            presets.push(('0', "show it again".to_owned(), None));
        }
        presets
    }

    /// Tells what Enter does without anything typed.
    pub(crate) fn default(&self, model: &Model) -> (String, Option<Timestamp>) {
        match self.purpose {
            UntilFor::Pending(PendingReason::Customer) => ("until the customer answers".to_owned(), None),
            UntilFor::Pending(_) => ("until somebody takes it up".to_owned(), None),
            UntilFor::Snooze => {
                let tomorrow = model.zone.tomorrow(model.now);
                let say = tomorrow.map(|at| model.zone.moment(at, model.now)).unwrap_or_default();
                (format!("until {say}"), tomorrow)
            }
        }
    }
}

/// Draws the form.
pub(super) fn draw(form: &UntilForm, model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let what = match &form.tickets[..] {
        [one] => groups::ticket(model, *one),
        many => format!("{} tickets", many.len()),
    };
    let title = match form.purpose {
        UntilFor::Pending(_) => format!("Set {what} pending"),
        UntilFor::Snooze => format!("Snooze {what}"),
    };
    let inside = super::boxed(model, frame, screen, (70, 13), &title);
    let key = |key: &str| Span::styled(format!(" {key:>5} "), model.theme.key);
    let mut lines = Vec::new();
    if let UntilFor::Pending(chosen) = form.purpose {
        let mut spans = vec![key("Tab")];
        for reason in PendingReason::ALL {
            let word = reason.title();
            spans.push(if reason == chosen {
                Span::styled(format!("[{word}]"), model.theme.selected)
            } else {
                Span::styled(format!(" {} ", word.trim_start_matches("waiting on ")), model.theme.dim)
            });
        }
        lines.push(Line::from(spans));
        lines.push(Line::default());
    }
    lines.push(Line::from(vec![key("Enter"), Span::raw(form.default(model).0)]));
    for (digit, words, _) in form.presets(model) {
        lines.push(Line::from(vec![key(&digit.to_string()), Span::raw(words)]));
    }
    lines.push(Line::from(vec![key("Esc"), Span::raw("no")]));
    lines.push(Line::default());
    let typed = form.typed.as_ref().map_or("", LineEdit::text);
    let row = lines.len() as u16;
    lines.push(Line::from(vec![Span::raw(" or type: "), Span::styled(typed.to_owned(), model.theme.strong)]));
    lines.push(match &form.wrong {
        Some(wrong) => Line::styled(format!(" {wrong}"), model.theme.warning),
        None => Line::styled("   45m  3d  16:30  fri 10:00  2026-12-24  (Space, then a digit)", model.theme.dim),
    });
    frame.render_widget(Text::from(lines), inside);
    let column = form.typed.as_ref().map_or(0, LineEdit::column) as u16;
    frame.set_cursor_position((inside.x + (10 + column).min(inside.width.saturating_sub(1)), inside.y + row));
}
