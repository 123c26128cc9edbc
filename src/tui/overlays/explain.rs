//! Why a ticket is whose it is: the rules one after the other, and the agents. Read, not searched.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};

use super::super::model::Model;
use super::super::until::age;
use super::super::widgets::text;
use super::status::room;
use crate::engine::views::{AgentView, Decision, Explanation, Lapse, Presence, RuleVerdict};

/// What is explained, and how far down it is scrolled.
#[derive(Clone, Debug)]
pub(crate) struct ExplainPage {
    /// The first line that is shown.
    pub(crate) top: usize,
    /// What is known.
    pub(crate) explanation: Box<Explanation>,
}

/// Draws the page.
pub(super) fn draw(page: &ExplainPage, model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let (width, height) = room(model);
    let lines = lines(&page.explanation, model, width);
    let top = page.top.min(lines.len().saturating_sub(height));
    let more = if lines.len() > height { " · j k scroll" } else { "" };
    let title = format!("Why {} is whose it is · Esc closes{more}", page.explanation.ticket);
    let size = (width as u16 + 4, lines.len().min(height) as u16 + 2);
    let inside = super::boxed(model, frame, screen, size, &title);
    let shown: Vec<Line<'static>> = lines.into_iter().skip(top).take(height).collect();
    frame.render_widget(Text::from(shown), Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside });
}

struct Lines<'m> {
    model: &'m Model,
    lines: Vec<Line<'static>>,
    width: usize,
}

impl Lines<'_> {
    fn head(&mut self, words: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines.push(Line::styled(words.to_owned(), self.model.theme.key));
    }

    fn put(&mut self, yes: Option<bool>, words: &str) {
        const LEAD: usize = 5;
        let (mark, style) = match yes {
            Some(true) => ("yes", self.model.theme.done),
            Some(false) => ("no", self.model.theme.dim),
            None => ("", Style::new()),
        };
        let wrapped = text::wrapped(&text::safe(words), self.width.saturating_sub(LEAD).max(10));
        for (place, line) in wrapped.into_iter().enumerate() {
            let mark = if place == 0 { mark } else { "" };
            self.lines.push(Line::from(vec![Span::styled(format!("{mark:LEAD$}"), style), Span::raw(line)]));
        }
    }

    fn rules(&mut self, rules: &[RuleVerdict]) {
        for verdict in rules {
            self.put(Some(verdict.matches), &format!("{}: {}", verdict.rule, verdict.why));
        }
    }
}

/// Writes the page.
pub(crate) fn lines(explanation: &Explanation, model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut page = Lines { model, lines: Vec::new(), width };
    page.head("Now");
    page.put(None, &now_words(explanation, model));
    if let Some(last) = &explanation.last {
        page.put(None, last);
    }
    page.head("Intake");
    match &explanation.applied {
        None => page.put(None, "this episode never went through intake: it is older than the rules, or than the desk"),
        Some(rules) if rules.is_empty() => page.put(None, "no rule was applied when it came in"),
        Some(rules) => page.put(None, &format!("applied when it came in: {}", rules.join(", "))),
    }
    page.rules(&explanation.intake);
    page.head("Routing");
    routing(&explanation.routing, &mut page);
    if let Some(sla) = &explanation.sla {
        page.head("SLA");
        for verdict in &sla.policies {
            page.put(Some(verdict.holds), &format!("{}: {}", verdict.policy, verdict.why));
        }
    }
    page.lines
}

fn now_words(explanation: &Explanation, model: &Model) -> String {
    let moment = |at| model.zone.moment(at, model.now);
    match (&explanation.assignee, explanation.held_until, explanation.in_line) {
        (Some(agent), ..) => match explanation.taken_back_at {
            Some((at, lapse)) => {
                let why = if lapse == Lapse::Away { "stays away" } else { "does not answer" };
                format!("it is {agent}'s; taken back {} if {agent} {why}", moment(at))
            }
            None => format!("it is {agent}'s"),
        },
        (None, Some(until), _) => format!("held until {}: its customer has opened many topics at once", moment(until)),
        (None, None, true) => "it waits for somebody who can take it".to_owned(),
        (None, None, false) => "it is nobody's; whoever wants takes it".to_owned(),
    }
}

fn routing(decision: &Decision, page: &mut Lines<'_>) {
    page.rules(&decision.rules);
    for team in &decision.teams {
        page.put(None, &format!("team {}, {}", team.team, team.assign.label().replace('_', " ")));
        for candidate in &team.candidates {
            page.put(Some(candidate.can), &format!("{}: {}", candidate.agent, candidate.why));
        }
    }
    let outcome = match &decision.agent {
        Some(agent) => format!("were it nobody's, {agent} would get it ({})", decision.why),
        None => format!("were it nobody's, nobody would get it: {}", decision.why),
    };
    page.put(None, &outcome);
}

/// Tells an agent's presence and what they have in hand, in a few words.
pub(crate) fn agent_words(view: &AgentView, model: &Model) -> String {
    // Whoever reads this has pressed a key to do so; it was read before the desk knew of that.
    let mine = view.agent == model.me && view.presence == Presence::Idle;
    let presence = if mine { Presence::Available } else { view.presence };
    let told = view.since.filter(|_| matches!(presence, Presence::Away | Presence::Idle));
    let since = told.map(|at| format!(" {}", age(model.now.since(at)))).unwrap_or_default();
    let of = view.capacity.map(|capacity| format!(" of {capacity}")).unwrap_or_default();
    let there = match (presence, &view.hours) {
        (Presence::Offline, Some(hours)) => format!("no screen open, hours {hours}"),
        (Presence::Idle, Some(hours)) => format!("idle{since}, hours {hours}"),
        (presence, _) => format!("{presence}{since}"),
    };
    format!("{there}, {}{of} in hand", view.load)
}
