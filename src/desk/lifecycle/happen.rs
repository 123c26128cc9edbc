//! What follows from what happens in Telegram and from the passing of time.

use super::decide::given_to;
use super::{Context, Happening, in_work, moved, next_episode, pending, reopen, timers, with_status};
use crate::clock::Timestamp;
use crate::desk::event::{Event, Lapse, Why, Writer};
use crate::desk::ids::{AgentName, MessageId};
use crate::desk::people::Role;
use crate::desk::ticket::{Pending, PendingReason, Standing, Status, Ticket};

/// Tells what happens to the ticket: the events in order, none when the happening changes nothing.
///
/// A timer that comes too early, twice or for something that has changed meanwhile gives no events.
pub fn happen(ticket: &Ticket, what: &Happening, context: &Context<'_>) -> Vec<Event> {
    match what {
        Happening::Wrote { message, writer, thanks } => wrote(ticket, *message, writer, *thanks, context),
        Happening::Edited { message, answered: false } => vec![Event::Edited { message: *message }],
        Happening::Edited { message, answered: true } => {
            vec![Event::Edited { message: *message }, Event::Flagged { why: Why::EditedAfterAnswer }]
        }
        Happening::CustomerGone { gone } => customer_gone(ticket, *gone, context),
        Happening::Deleted { message } => vec![Event::Deleted { message: *message }],
        Happening::Renamed { title } if *title != ticket.title => vec![Event::Renamed { title: title.clone() }],
        Happening::Renamed { .. } => Vec::new(),
        Happening::TopicClosed { by } => topic_closed(ticket, by),
        Happening::TopicReopened => topic_reopened(ticket, context),
        Happening::TopicDeleted => topic_deleted(ticket),
        Happening::UntilReached => until_reached(ticket, context),
        Happening::SnoozeEnded if is_due(timers::snooze_end(ticket), context) => {
            vec![Event::Snoozed { until: None }]
        }
        Happening::SnoozeEnded => Vec::new(),
        Happening::Inactive => inactive(ticket, context),
        Happening::Import => import(ticket, context),
        Happening::Routed { to, team, rule, because } if ticket.standing == Standing::NEW => {
            let why = Why::Routed { team: team.clone(), rule: rule.clone(), because: because.clone() };
            vec![moved(given_to(ticket, to), why)]
        }
        Happening::Routed { .. } => Vec::new(),
        Happening::Lapsed { lapse } => lapsed(ticket, *lapse),
        Happening::Nudged => vec![Event::Nudged { number: ticket.nudges.saturating_add(1) }],
        Happening::ResolutionTold => vec![Event::ResolutionTold],
        Happening::SurveyAsked { message } => vec![Event::SurveyAsked { message: *message }],
        Happening::Scored { score, message } => scored(ticket, *score, *message, context),
        Happening::LanguageGuessed { language } if ticket.language.as_ref() != Some(language) => {
            vec![Event::LanguageSet { language: language.clone() }]
        }
        Happening::LanguageGuessed { .. } => Vec::new(),
    }
}

/// An answer that says the same again is none.
fn scored(ticket: &Ticket, score: u8, message: Option<MessageId>, context: &Context<'_>) -> Vec<Event> {
    match &ticket.survey {
        Some(survey) if survey.takes(context.at) && survey.score != Some(score) => {
            vec![Event::SurveyAnswered { score, message }]
        }
        _ => Vec::new(),
    }
}

/// Whoever has written since then is back, whatever the order in which it came to be known.
fn customer_gone(ticket: &Ticket, gone: bool, context: &Context<'_>) -> Vec<Event> {
    let wrote_since = gone && ticket.asked_at.is_some_and(|asked| asked > context.at);
    if ticket.customer_left_at.is_some() == gone || wrote_since {
        return Vec::new();
    }
    vec![Event::CustomerGone { gone }]
}

fn is_due(due: Option<Timestamp>, context: &Context<'_>) -> bool {
    due.is_some_and(|due| due <= context.at)
}

fn wrote(ticket: &Ticket, message: MessageId, writer: &Writer, thanks: bool, context: &Context<'_>) -> Vec<Event> {
    match writer {
        Writer::Customer => customer_wrote(ticket, message, thanks, context),
        Writer::Participant => participant_wrote(ticket, message),
        Writer::Desk(_) => vec![written(message, writer)],
        Writer::Native(agent) => natively(ticket, message, writer, Some(agent)),
        Writer::Colleague => natively(ticket, message, writer, None),
    }
}

fn written(message: MessageId, writer: &Writer) -> Event {
    Event::Wrote { message, writer: writer.clone(), thanks: false }
}

fn customer_wrote(ticket: &Ticket, message: MessageId, thanks: bool, context: &Context<'_>) -> Vec<Event> {
    let standing = &ticket.standing;
    let mere_thanks = thanks
        && standing.status == Status::Resolved
        && ticket.resolved_at.is_some_and(|at| context.at.since(at) <= context.rules.thanks_window);
    if mere_thanks {
        return vec![Event::Wrote { message, writer: Writer::Customer, thanks: true }];
    }
    let mut events = vec![written(message, &Writer::Customer)];
    match standing.status {
        Status::Open | Status::Assigned | Status::InProgress => {}
        Status::Pending => events.push(moved(in_work(standing.assignee.clone()), Why::CustomerWrote)),
        Status::Resolved => {
            let assignee = standing.assignee.clone().filter(|_| !context.assignee_away);
            events.push(moved(in_work(assignee), Why::CustomerWrote));
        }
        // Before the message, so that it belongs to the new episode. A deleted topic cannot be answered any more.
        Status::Closed if !ticket.topic_gone => {
            events.insert(0, next_episode(ticket, Why::CustomerWrote, context));
            return events;
        }
        Status::Closed => {}
    }
    wake(ticket, &mut events);
    events
}

fn participant_wrote(ticket: &Ticket, message: MessageId) -> Vec<Event> {
    let mut events = vec![written(message, &Writer::Participant)];
    match ticket.standing.status {
        Status::Open | Status::Assigned | Status::InProgress => {}
        Status::Pending => events.push(moved(in_work(ticket.standing.assignee.clone()), Why::ParticipantWrote)),
        Status::Resolved | Status::Closed => events.push(Event::Flagged { why: Why::ParticipantWrote }),
    }
    wake(ticket, &mut events);
    events
}

/// Shows a hidden ticket again: somebody waits.
fn wake(ticket: &Ticket, events: &mut Vec<Event>) {
    if ticket.snoozed_until.is_some() {
        events.push(Event::Snoozed { until: None });
    }
}

/// Staff wrote in Telegram itself; only an agent can become the assignee by it.
fn natively(ticket: &Ticket, message: MessageId, writer: &Writer, agent: Option<&AgentName>) -> Vec<Event> {
    let mut events = vec![written(message, writer)];
    match (ticket.standing.status, agent) {
        (Status::Open, Some(agent)) => events.push(moved(in_work(Some(agent.clone())), Why::RepliedOutside)),
        (Status::Assigned, _) => events.push(moved(with_status(ticket, Status::InProgress), Why::RepliedOutside)),
        (Status::Closed, _) => events.push(Event::AnsweredOutside),
        (Status::Open, None) | (Status::InProgress | Status::Pending | Status::Resolved, _) => {}
    }
    events
}

fn topic_closed(ticket: &Ticket, by: &Role) -> Vec<Event> {
    let mut events = Vec::new();
    if !ticket.topic_closed {
        events.push(Event::TopicClosed { closed: true });
    }
    let status = match (ticket.standing.status, by) {
        (Status::Closed, _) | (_, Role::Automation) => return events,
        (Status::Resolved, _) | (_, Role::Agent(_) | Role::Colleague) => Status::Closed,
        // Only staff and the topic's creator can close it, so a participant is one who was the customer before.
        (_, Role::Customer | Role::Participant) => Status::Resolved,
    };
    events.push(moved(with_status(ticket, status), Why::TopicClosed));
    events
}

fn topic_reopened(ticket: &Ticket, context: &Context<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    if ticket.topic_closed {
        events.push(Event::TopicClosed { closed: false });
    }
    if !ticket.topic_gone {
        events.extend(reopen(ticket, Why::TopicReopened, context));
    }
    events
}

fn topic_deleted(ticket: &Ticket) -> Vec<Event> {
    if ticket.topic_gone {
        return Vec::new();
    }
    let mut events = vec![Event::TopicDeleted];
    if ticket.standing.status != Status::Closed {
        events.push(moved(with_status(ticket, Status::Closed), Why::TopicDeleted));
    }
    events
}

fn until_reached(ticket: &Ticket, context: &Context<'_>) -> Vec<Event> {
    if !is_due(timers::until(ticket), context) {
        return Vec::new();
    }
    let standing = in_work(ticket.standing.assignee.clone());
    vec![moved(standing, Why::UntilReached), Event::Flagged { why: Why::UntilReached }]
}

fn inactive(ticket: &Ticket, context: &Context<'_>) -> Vec<Event> {
    if !is_due(timers::inactivity(ticket, context.rules), context) {
        return Vec::new();
    }
    let standing = match ticket.standing.status {
        Status::InProgress => {
            pending(ticket.standing.assignee.clone(), Pending { reason: PendingReason::Customer, until: None })
        }
        Status::Pending => with_status(ticket, Status::Resolved),
        Status::Resolved => with_status(ticket, Status::Closed),
        Status::Open | Status::Assigned | Status::Closed => return Vec::new(),
    };
    vec![moved(standing, Why::Inactive)]
}

fn lapsed(ticket: &Ticket, lapse: Lapse) -> Vec<Event> {
    match (&ticket.standing.assignee, ticket.standing.status) {
        (Some(from), Status::Assigned | Status::InProgress) => {
            vec![moved(in_work(None), Why::Reassigned { from: from.clone(), lapse })]
        }
        _ => Vec::new(),
    }
}

/// The age rule of the first synchronisation: nobody shall be greeted by years of old matters.
fn import(ticket: &Ticket, context: &Context<'_>) -> Vec<Event> {
    let spoke = ticket.asked_at.max(ticket.staff_wrote_at).unwrap_or(ticket.opened_at);
    if context.at.since(spoke) <= context.rules.import_max_age {
        return Vec::new();
    }
    let unanswered = ticket.asked_at.is_some() && !ticket.staff_spoke_last;
    let status = if unanswered && !ticket.topic_closed { Status::Resolved } else { Status::Closed };
    // What the history itself brought further is left where it is.
    if ticket.standing.status >= status {
        return Vec::new();
    }
    let standing = Standing { status, assignee: ticket.standing.assignee.clone(), pending: None };
    vec![moved(standing, Why::Imported)]
}
