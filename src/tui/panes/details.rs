//! What is known about customer and ticket: names, clocks, earlier tickets.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

use super::super::model::Model;
use super::super::until::{age, ago};
use super::super::view::{customer_name, number};
use super::super::widgets::text;
use super::{automatic, due};
use crate::desk::tags::{Priority, Tag};
use crate::engine::views::TicketView;

/// Draws the pane.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(ticket) = model.open.as_ref().and_then(|open| open.ticket.as_ref()) else { return };
    let room = usize::from(area.width).saturating_sub(2);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let heading = |words: &str| Line::styled(format!(" {words}"), model.theme.dim);
    lines.push(heading("CUSTOMER"));
    lines.push(Line::styled(format!(" {}", text::cut(customer_name(&ticket.row), room)), model.theme.customer));
    if let Some(customer) = &ticket.row.customer {
        if let Some(username) = &customer.username {
            lines.push(Line::raw(format!(" {}", text::cut(&format!("@{username}"), room))));
        }
        lines.push(Line::styled(format!(" id {}", customer.id), model.theme.dim));
    }
    if let Some(at) = ticket.customer_left_at {
        let words = format!(" left the group {}", model.zone.moment(at, model.now));
        lines.push(Line::styled(text::cut(&words, room), model.theme.warning));
    }
    if let Some(language) = &ticket.language {
        lines.push(Line::raw(format!(" writes in {language}")));
    }
    lines.push(Line::default());
    lines.push(heading("TICKET"));
    for (name, value) in facts(model, ticket) {
        let value = text::cut(&value, room.saturating_sub(11));
        lines.push(Line::from(vec![Span::styled(format!(" {name:<10} "), model.theme.dim), Span::raw(value)]));
    }
    lines.extend(super::suggestions::lines(model, room));
    if !ticket.pinned.is_empty() {
        lines.push(Line::default());
        lines.push(heading("PINNED"));
        let pinned = ticket.pinned.iter().map(|pinned| Line::raw(format!(" {}", text::cut(&pinned.text, room))));
        lines.extend(pinned);
    }
    if !ticket.earlier.is_empty() {
        lines.push(Line::default());
        lines.push(heading("EARLIER TICKETS"));
        for row in &ticket.earlier {
            let words = text::cut(&format!("{} {}", number(row), row.title), room.saturating_sub(2));
            lines.push(Line::from(vec![
                Span::styled(format!(" {} ", row.status.letter()), model.theme.tone(row.status.tone())),
                Span::raw(words),
            ]));
        }
    }
    // What may answer is offered where there is room; the picker has it in any case.
    let suggested: Vec<_> = model.templates.suggested_for(ticket.row.key()).iter().collect();
    if !suggested.is_empty() && lines.len() + 2 + suggested.len() <= usize::from(area.height) {
        lines.push(Line::default());
        lines.push(heading("SUGGESTED TEMPLATES"));
        for (place, template) in suggested.into_iter().filter_map(|place| model.setup.templates.get(*place)).enumerate()
        {
            let code = template.code.as_ref().map(|code| format!(";{code} ")).unwrap_or_default();
            lines.push(Line::from(vec![
                Span::styled(format!(" {} ", place + 1), model.theme.key),
                Span::raw(text::cut(&format!("{code}{}", template.name), room.saturating_sub(3))),
            ]));
        }
    }
    frame.render_widget(Text::from(lines), area);
}

fn facts(model: &Model, ticket: &TicketView) -> Vec<(&'static str, String)> {
    let row = &ticket.row;
    let moment = |at| model.zone.moment(at, model.now);
    let mut facts = vec![("title", row.title.clone()), ("status", row.status.title().to_lowercase())];
    let assignee = match model.assignee_of(row) {
        Some(agent) if *agent == model.me => "you".to_owned(),
        Some(agent) => agent.to_string(),
        None => "nobody".to_owned(),
    };
    facts.push(("assignee", assignee));
    if let Some(why) = &row.unassigned_because {
        facts.push(("because", why.clone()));
    }
    if row.priority != Priority::default() {
        facts.push(("priority", row.priority.to_string()));
    }
    if !row.tags.is_empty() {
        let tags: Vec<_> = row.tags.iter().map(Tag::as_str).collect();
        facts.push(("tags", tags.join(" ")));
    }
    facts.extend(row.category.as_ref().map(|category| ("category", category.to_string())));
    facts.extend(row.team.as_ref().map(|team| ("team", team.to_string())));
    if let Some(pending) = &row.pending {
        facts.push(("pending", pending.reason.title().to_owned()));
        if let Some(until) = pending.until {
            facts.push(("until", moment(until)));
        }
    }
    if let Some(until) = row.snoozed_until {
        facts.push(("snoozed", format!("until {}", moment(until))));
    }
    facts.push(("opened", format!("{}, {} ago", moment(row.opened_at), age_words(model, row.opened_at))));
    if let Some(since) = row.waiting_since.filter(|_| row.status.is_live()) {
        facts.push(("waiting", format!("{} since {}", age(model.aged.since(since)), moment(since))));
    }
    let first = match (ticket.first_asked_at, ticket.first_response_at) {
        (Some(asked), Some(answered)) => format!("after {}", ago(answered.since(asked))),
        (Some(_), None) => "none yet".to_owned(),
        _ => "nothing asked".to_owned(),
    };
    facts.push(("answered", first));
    if let Some(escalated) = &row.escalated {
        facts.push(("escalated", format!("{}, by {}, {}", escalated.why, escalated.rule, moment(escalated.at))));
    }
    if let Some(sla) = &ticket.sla {
        facts.extend(due::facts(model, sla));
    }
    facts.extend(automatic::facts(model, ticket));
    if let Some(at) = ticket.resolved_at {
        facts.push(("resolved", moment(at)));
    }
    if let Some(at) = ticket.closed_at {
        facts.push(("closed", moment(at)));
    }
    if let Some(other) = ticket.duplicate_of {
        let name = model.desk.as_ref().map_or_else(|| other.to_string(), |desk| desk.ticket_name(other));
        facts.push(("duplicate", format!("of {name}")));
    }
    if let Some(shown) = &ticket.shown {
        let emoji = shown.emoji.as_deref().filter(|_| !model.setup.ascii);
        facts.push(("telegram", [emoji, Some(&shown.note)].into_iter().flatten().collect::<Vec<_>>().join(" ")));
    }
    facts.push(("messages", ticket.messages.to_string()));
    let named = row.group_name != ticket.group_title && !row.group_name.is_empty();
    facts.push((
        "group",
        match named {
            true => format!("{} ({})", row.group_name, ticket.group_title),
            false => ticket.group_title.clone(),
        },
    ));
    facts.extend(ticket.read_only.clone().map(|why| ("read-only", why)));
    facts.push(("link", ticket.link.trim_start_matches("https://").to_owned()));
    facts
}

fn age_words(model: &Model, at: crate::clock::Timestamp) -> String {
    match age(model.aged.since(at)).as_str() {
        "now" => "moments".to_owned(),
        words => words.to_owned(),
    }
}
