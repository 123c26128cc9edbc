//! How the desk stands: link, rights, freshness, holes, and what comparing with Telegram has found. Read, not searched.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};

use super::super::action::Action;
use super::super::model::Model;
use super::super::widgets::text;
use super::explain::agent_words;
use super::seats;
use crate::desk::ids::{MessageId, TicketKey};
use crate::engine::handle::SeatView;

use crate::engine::views::{Completeness, DeskView, LinkState, Presence, RecheckView, Rechecked, TicketCheck, Weight};

/// A page about the desk, and how far down it is scrolled.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusPage {
    /// The first line that is shown.
    pub(crate) top: usize,
    /// What it tells.
    pub(crate) about: About,
}

/// What a page about the desk tells.
#[derive(Clone, Debug, Default)]
pub(crate) enum About {
    /// How it stands.
    #[default]
    Desk,
    /// Who sits at it; `None`: that was not answered yet.
    Seats(Option<Vec<SeatView>>),
}

/// A comparison that was asked for here.
#[derive(Clone, Debug)]
pub(crate) struct Verifying {
    /// Of one ticket, or of everything.
    pub(crate) ticket: Option<TicketKey>,
    /// How complete the threads are, once it is done.
    pub(crate) verdict: Option<Vec<TicketCheck>>,
}

/// So many tickets and holes are listed; the others are counted.
const LISTED: usize = 12;

/// Tells how wide and high the page is inside its border.
pub(crate) fn room(model: &Model) -> (usize, usize) {
    let (width, height) = model.size;
    (usize::from(width).saturating_sub(8).clamp(10, 96), usize::from(height).saturating_sub(6).max(1))
}

/// Draws the page.
pub(super) fn draw(page: &StatusPage, model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let (width, height) = room(model);
    let lines = lines(page, model, width);
    let top = page.top.min(lines.len().saturating_sub(height));
    let more = if lines.len() > height { " · j k scroll" } else { "" };
    let title = match page.about {
        About::Desk => format!("How the desk stands · Esc closes{more}"),
        About::Seats(_) => format!("Who sits at the desk · r again · Esc closes{more}"),
    };
    let size = (width as u16 + 4, lines.len().min(height) as u16 + 2);
    let inside = super::boxed(model, frame, screen, size, &title);
    let shown: Vec<Line<'static>> = lines.into_iter().skip(top).take(height).collect();
    frame.render_widget(Text::from(shown), Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside });
}

/// Writes the page.
pub(crate) fn lines(what: &StatusPage, model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut page = Page { lines: Vec::new(), width };
    if let About::Seats(seats) = &what.about {
        seats::write(model, seats.as_deref(), &mut page);
        return page.lines;
    }
    let Some(desk) = &model.desk else {
        page.put("", "nothing has been read yet", Style::new());
        return page.lines;
    };
    link(model, desk, &mut page);
    rights(model, desk, &mut page);
    mirror(model, desk, &mut page);
    shown_in_telegram(model, desk, &mut page);
    agents(model, desk, &mut page);
    by_itself(model, desk, &mut page);
    compared(model, desk, &mut page);
    page.lines
}

pub(super) struct Page {
    pub(super) lines: Vec<Line<'static>>,
    width: usize,
}

impl Page {
    pub(super) fn head(&mut self, model: &Model, words: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::styled(words.to_owned(), model.theme.key));
    }

    /// Writes a paragraph with a mark before its first line.
    pub(super) fn put(&mut self, mark: &str, words: &str, style: Style) {
        const LEAD: usize = 5;
        let wrapped = text::wrapped(words, self.width.saturating_sub(LEAD).max(10));
        for (place, line) in wrapped.into_iter().enumerate() {
            let mark = if place == 0 { mark } else { "" };
            self.lines.push(Line::from(vec![Span::styled(format!("{mark:LEAD$}"), style), Span::raw(line)]));
        }
    }
}

fn link(model: &Model, desk: &DeskView, page: &mut Page) {
    let theme = &model.theme;
    page.head(model, "Link");
    let (mark, words) = match &desk.link {
        Some(LinkState::Live) => ("ok", "live: everything that Telegram has pushed is here".to_owned()),
        Some(LinkState::CatchingUp) => ("note", "catching up with what was missed".to_owned()),
        Some(LinkState::Connecting) => ("note", "connecting".to_owned()),
        Some(LinkState::Offline { since, why }) => {
            let since = model.zone.moment(*since, model.now);
            ("BAD", format!("offline since {since}: {why}; it is tried again by itself, and nothing is lost"))
        }
        Some(LinkState::Stopped { why }) => ("BAD", format!("stopped: {why}; what is to be sent stays queued")),
        None => ("BAD", "there is none: the desk is only read".to_owned()),
    };
    page.put(mark, &words, mark_style(model, mark));
    if let Some(why) = &desk.trouble {
        page.put("BAD", &format!("nothing can be saved: {why}"), theme.warning);
    }
    if let Some(at) = desk.not_before {
        let at = model.zone.moment(at, model.now);
        page.put("note", &format!("Telegram asks not to send before {at}"), theme.warning);
    }
    match (model.counts.outbox, model.counts.parked) {
        (0, 0) => page.put("ok", "everything has been sent", theme.done),
        (going, stopped) => {
            let list = model.key(Action::Outbox);
            let words = match (going, stopped) {
                (going, 0) => format!("{going} to send: {list} lists what and why"),
                (0, stopped) => format!("{stopped} not sent, waiting for a word: {list} lists what and why"),
                _ => format!("{going} to send, {stopped} not sent, waiting for a word: {list} lists what and why"),
            };
            page.put("note", &words, theme.warning);
        }
    }
}

fn rights(model: &Model, desk: &DeskView, page: &mut Page) {
    page.head(model, "Group, rights and clock");
    if let Some(why) = &desk.read_only {
        page.put("BAD", &format!("read-only: {why}"), model.theme.warning);
    }
    for facts in &desk.groups {
        let kind = if facts.bot { "bot" } else { "user account" };
        let name = facts.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
        let words = format!("{name}\"{}\", as {} ({kind})", facts.title, facts.own_name);
        let (mark, style) = match facts.lost {
            Some(_) => ("BAD", model.theme.warning),
            None => ("ok", model.theme.done),
        };
        page.put(mark, &words, style);
    }
    for one in desk.missing.iter().filter(|one| !desk.groups.iter().any(|facts| Some(facts.group) == one.group)) {
        page.put("BAD", &format!("{}: not followed: {}", one.name, one.why), model.theme.warning);
    }
    for finding in &desk.findings {
        let mark = match finding.weight {
            Weight::Fine => "ok",
            Weight::Risk => "note",
            Weight::Broken => "BAD",
        };
        page.put(mark, &finding.what, mark_style(model, mark));
        if let Some(how) = &finding.how {
            page.put("", &format!("-> {how}"), Style::new());
        }
    }
}

fn mirror(model: &Model, desk: &DeskView, page: &mut Page) {
    page.head(model, "Mirror");
    match (desk.backfill, &desk.link) {
        (Some(percent), _) => {
            for (group, percent) in desk.behind.iter().filter(|_| desk.groups.len() > 1) {
                let name = desk.group_name(*group).unwrap_or_default();
                page.put("note", &format!("{name}: the history is being fetched: {percent} %"), model.theme.warning);
            }
            if desk.groups.len() < 2 {
                page.put("note", &format!("the history is being fetched: {percent} %"), model.theme.warning);
            }
            return;
        }
        (None, Some(LinkState::Live)) => page.put("ok", "fetched wholly, and up to date", model.theme.done),
        (None, _) => page.put("note", "fetched wholly, up to the last time the link was live", model.theme.warning),
    }
    match &desk.holes[..] {
        [] => page.put("ok", "no holes: every message id has been looked at", model.theme.done),
        holes => {
            let ids: i64 = holes.iter().map(|(from, to)| i64::from(to.0) - i64::from(from.0) + 1).sum();
            let named: Vec<String> = holes.iter().take(LISTED).map(range).collect();
            let rest = if holes.len() > LISTED { " and others" } else { "" };
            let named = named.join(", ");
            let words = format!(
                "{ids} message ids have not been looked at yet: {named}{rest}; they are while the link is live"
            );
            page.put("note", &words, model.theme.warning);
        }
    }
}

fn shown_in_telegram(model: &Model, desk: &DeskView, page: &mut Page) {
    let Some(shown) = &desk.mirror_status else { return };
    page.head(model, "Status in Telegram");
    match (&shown.stopped, shown.waiting) {
        (Some(why), _) => page.put("BAD", &format!("not shown: {why}"), model.theme.warning),
        (None, 0) => page.put("ok", "every topic shows what it should", model.theme.done),
        (None, waiting) => page.put("note", &format!("{waiting} topics do not show it yet"), model.theme.warning),
    }
    for (status, emoji) in &shown.missing {
        let words = format!("{emoji} for {status} is none of Telegram's topic icons, and is skipped");
        page.put("note", &words, model.theme.warning);
    }
}

/// Who is there: only where somebody is given tickets by themselves, or has said that they are away.
fn agents(model: &Model, desk: &DeskView, page: &mut Page) {
    let told = desk.roster.iter().any(|view| !view.teams.is_empty() || view.presence == Presence::Away);
    if !told {
        return;
    }
    page.head(model, "Agents");
    for view in &desk.roster {
        let teams: Vec<&str> = view.teams.iter().map(|team| team.0.as_str()).collect();
        let teams = if teams.is_empty() { String::new() } else { format!(" ({})", teams.join(", ")) };
        let bar = view.bar.as_ref().filter(|bar| **bar != view.presence.label());
        let bar = bar.map(|bar| format!("; {bar}")).unwrap_or_default();
        let mark = if view.bar.is_none() { "ok" } else { "note" };
        let words = format!("{}{teams}: {}{bar}", view.agent, agent_words(view, model));
        page.put(mark, &words, mark_style(model, mark));
    }
}

fn by_itself(model: &Model, desk: &DeskView, page: &mut Page) {
    if desk.pilot {
        page.head(model, "Trial");
        let words = "the desk is on trial: no reminders, surveys, notices or icons of topics leave it ([desk] pilot)";
        page.put("note", words, model.theme.warning);
    } else if desk.automatic_due > 0 {
        page.head(model, "Said by the desk itself");
        let words = format!("planned for {} tickets, if nothing happens in them before", desk.automatic_due);
        page.put("ok", &words, model.theme.done);
    }
}

fn range((from, to): &(MessageId, MessageId)) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}

fn compared(model: &Model, desk: &DeskView, page: &mut Page) {
    page.head(model, "Compared with Telegram");
    let (one, all) = (key_or_name(model, Action::Verify), key_or_name(model, Action::VerifyAll));
    let what = match model.verifying.as_ref().map(|verifying| verifying.ticket) {
        Some(Some(ticket)) => desk.ticket_name(ticket),
        _ => "everything".to_owned(),
    };
    match &desk.recheck {
        None => page.put(
            "",
            &format!("not since the desk runs: {one} compares this ticket, {all} everything"),
            Style::new(),
        ),
        Some(RecheckView { done, total, .. }) if done < total => {
            let waits = match &desk.link {
                Some(LinkState::Live) => "",
                _ => "; it goes on when the link is live",
            };
            page.put("note", &format!("{what}: {done} of {total} ranges of ids{waits}"), model.theme.key);
        }
        Some(recheck) => {
            let mended: Vec<&(TicketKey, Rechecked)> = recheck.found.iter().collect();
            if mended.is_empty() {
                page.put("ok", "nothing had been missed", model.theme.done);
            }
            for (ticket, found) in mended.iter().take(LISTED) {
                let name = desk.ticket_name(*ticket);
                page.put("note", &format!("{name}: {}", found_words(*found)), model.theme.warning);
            }
            counted(model, page, mended.len(), "tickets had something missed");
        }
    }
    let checks = model.verifying.as_ref().and_then(|verifying| verifying.verdict.as_deref());
    let Some(checks) = checks else { return };
    if let [check] = checks {
        return verdict(model, desk, check, page);
    }
    let complete = checks.iter().filter(|check| check.verdict == Completeness::Complete).count();
    page.put("ok", &format!("{complete} of {} threads are complete", checks.len()), model.theme.done);
    let open: Vec<&TicketCheck> = checks.iter().filter(|check| check.verdict != Completeness::Complete).collect();
    for check in open.iter().take(LISTED) {
        verdict(model, desk, check, page);
    }
    counted(model, page, open.len(), "threads are not known to be complete");
}

fn counted(model: &Model, page: &mut Page, all: usize, words: &str) {
    if all > LISTED {
        page.put("note", &format!("{all} {words}; `topicdesk verify` lists them all"), model.theme.warning);
    }
}

fn verdict(model: &Model, desk: &DeskView, check: &TicketCheck, page: &mut Page) {
    let mark = if check.verdict == Completeness::Complete { "ok" } else { "note" };
    let holes: Vec<String> = check.holes.iter().take(LISTED).map(range).collect();
    let ids = if holes.is_empty() { String::new() } else { format!(" ({})", holes.join(", ")) };
    let words = format!("{} {}: {}{ids}", desk.ticket_name(check.ticket), check.verdict.words(), check.why);
    page.put(mark, &words, mark_style(model, mark));
}

/// Says what had been missed, and that it is mended.
pub(crate) fn found_words(found: Rechecked) -> String {
    let count = |number: u32, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let parts = [
        count(found.missed, "message", "messages"),
        count(found.edited, "edit", "edits"),
        count(found.deleted, "deletion", "deletions"),
    ];
    format!("missed and mended: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn key_or_name(model: &Model, action: Action) -> String {
    let key = model.key(action);
    if key.is_empty() { format!(":{}", action.row().name) } else { key }
}

fn mark_style(model: &Model, mark: &str) -> Style {
    match mark {
        "ok" => model.theme.done,
        _ => model.theme.warning,
    }
}
