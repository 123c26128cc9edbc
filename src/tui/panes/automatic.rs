//! What the desk says to the customer by itself: what was said, what comes next, and how the customer was served.

use super::super::model::Model;
use crate::desk::automatic::Kind;
use crate::engine::views::TicketView;

/// Tells the lines of the details.
pub(super) fn facts(model: &Model, ticket: &TicketView) -> Vec<(&'static str, String)> {
    let moment = |at| model.zone.moment(at, model.now);
    let mut facts = Vec::new();
    if let Some(survey) = &ticket.survey {
        let words = match survey.score {
            Some(score) => format!("{score} of 5"),
            None => format!("asked {}", moment(survey.asked_at)),
        };
        facts.push(("survey", words));
    }
    if ticket.nudges > 0 {
        let times = if ticket.nudges == 1 { "once".to_owned() } else { format!("{} times", ticket.nudges) };
        facts.push(("reminded", times));
    }
    if let Some(next) = &ticket.automatic {
        let what = match next.kind {
            Kind::Nudge => "reminder",
            Kind::Confirmation => "confirmation",
            Kind::Survey => "survey",
        };
        let when = next.at.map_or_else(|| "on its way".to_owned(), moment);
        facts.push(("by itself", format!("{what} {when}")));
    }
    facts
}
