//! A ticket is the fold of its events. Nothing is decided here: what an event says is taken as it is.

use std::collections::{BTreeSet, HashSet};

use crate::clock::Timestamp;
use crate::desk::event::{Actor, Event, Recorded, Why, Writer};
use crate::desk::ids::{EventId, MessageId};
use crate::desk::survey::Survey;
use crate::desk::tags::Priority;
use crate::desk::ticket::{Held, LastMove, Standing, Status, Ticket, Waiting};

/// Tells the events that count, in order: without those that were undone, and without the undoing.
pub fn effective<'a>(log: impl IntoIterator<Item = &'a Recorded> + Clone) -> impl Iterator<Item = &'a Recorded> {
    let undone: HashSet<EventId> = log
        .clone()
        .into_iter()
        .filter_map(|recorded| match recorded.event {
            Event::Undone { event } => Some(event),
            _ => None,
        })
        .collect();
    log.into_iter().filter(move |recorded| {
        !matches!(recorded.event, Event::Undone { .. }) && (undone.is_empty() || !undone.contains(&recorded.id))
    })
}

/// Folds a ticket's whole log. `None` if it never was opened.
pub fn fold<'a>(log: impl IntoIterator<Item = &'a Recorded> + Clone) -> Option<Ticket> {
    effective(log).fold(None, apply)
}

/// Folds one more event into a ticket.
///
/// Events before the first `Opened` are ignored. `Undone` changes nothing here, because what was before is not known any more:
/// whoever records one folds the log anew.
pub fn apply(ticket: Option<Ticket>, recorded: &Recorded) -> Option<Ticket> {
    let Some(mut ticket) = ticket else {
        return match &recorded.event {
            Event::Opened { episode, title, standing, why } => {
                let mut ticket = new(recorded, *episode, title.clone(), standing.clone());
                ticket.last_move = why.as_ref().map(|why| last_move(recorded, why));
                Some(ticket)
            }
            _ => None,
        };
    };
    let at = recorded.at;
    match &recorded.event {
        Event::Opened { episode, title, standing, why } => {
            ticket = next(ticket, recorded, *episode, title.clone(), standing.clone());
            if let Some(why) = why {
                ticket.last_move = Some(last_move(recorded, why));
            }
        }
        Event::CustomerSet { customer } => {
            ticket.customer = Some(*customer);
            ticket.customer_left_at = None;
        }
        Event::CustomerGone { gone } => ticket.customer_left_at = gone.then_some(at),
        Event::LanguageSet { language } => ticket.language = Some(language.clone()),
        Event::Wrote { message, writer, thanks } => wrote(&mut ticket, at, *message, writer, *thanks),
        Event::Deleted { message } => deleted(&mut ticket, *message),
        Event::Moved { standing, why } => moved(&mut ticket, recorded, standing, why),
        Event::Flagged { .. } => ticket.flagged = true,
        Event::NoReplyNeeded => {
            ticket.waiting = None;
            ticket.flagged = false;
        }
        Event::Snoozed { until } => ticket.snoozed_until = *until,
        Event::PrioritySet { priority } => ticket.priority = *priority,
        Event::Tagged { added, removed } => {
            ticket.tags.extend(added.iter().cloned());
            ticket.tags.retain(|tag| !removed.contains(tag));
        }
        Event::TakenIn { .. } => ticket.taken_in = true,
        Event::CategorySet { category } => {
            ticket.category.clone_from(category);
            ticket.category_by_hand |= matches!(recorded.by, Actor::Agent(_));
        }
        Event::TeamSet { team } => {
            ticket.team.clone_from(team);
            ticket.team_by_hand |= matches!(recorded.by, Actor::Agent(_));
        }
        Event::Noted { mentions, .. } => ticket.mentioned.extend(mentions.iter().cloned()),
        Event::Held { until, topics } => ticket.held = Some(Held { until: *until, topics: *topics }),
        Event::Renamed { title } => ticket.title.clone_from(title),
        Event::TopicClosed { closed } => ticket.topic_closed = *closed,
        Event::TopicDeleted => ticket.topic_gone = true,
        Event::DuplicateLinked { ticket: other } => {
            if !ticket.duplicates.contains(other) {
                ticket.duplicates.push(*other);
            }
        }
        // Not when the closing was taken back afterwards.
        Event::AnsweredOutside => ticket.outside = ticket.standing.status == Status::Closed,
        Event::SlaWarned { clock, since, .. } => ticket.tell(*clock, *since, false),
        Event::SlaBreached { clock, since, .. } => ticket.tell(*clock, *since, true),
        Event::SoundsUpset { .. } => ticket.upset_at = Some(at),
        Event::Escalated { rule, cause, due, .. } => ticket.escalate(rule, *cause, *due),
        // What was sent as the matter went on anyhow reminds of nothing.
        Event::Nudged { number } if ticket.standing.status == Status::Pending => {
            ticket.nudges = *number;
            ticket.nudged_at = Some(at);
        }
        Event::Nudged { .. } => {}
        Event::ResolutionTold => ticket.resolution_told = ticket.standing.status == Status::Resolved,
        Event::SurveyAsked { message } => {
            ticket.resolution_told = ticket.standing.status == Status::Resolved;
            ticket.survey = Some(Survey { message: *message, asked_at: at, score: None, answered_at: None });
        }
        Event::SurveyAnswered { score, .. } => {
            if let Some(survey) = &mut ticket.survey {
                survey.score = Some(*score);
                survey.answered_at.get_or_insert(at);
            }
        }
        Event::OpenedFrom { .. } | Event::Edited { .. } | Event::Undone { .. } => {}
        // What became of a word to staff is nothing that happens to the ticket: rules do not wait for it.
        Event::NotReached { .. } => return Some(ticket),
    }
    if ticket.waiting.is_none() {
        ticket.upset_at = None;
    }
    ticket.touched_at = ticket.touched_at.max(Some(at));
    Some(ticket)
}

fn new(recorded: &Recorded, episode: u32, title: String, standing: Standing) -> Ticket {
    Ticket {
        key: recorded.ticket,
        title,
        episode,
        assigned_at: standing.assignee.as_ref().map(|_| recorded.at),
        standing,
        customer: None,
        customer_left_at: None,
        language: None,
        priority: Priority::default(),
        tags: BTreeSet::new(),
        category: None,
        team: None,
        category_by_hand: false,
        team_by_hand: false,
        mentioned: BTreeSet::new(),
        taken_in: false,
        held: None,
        opened_at: recorded.at,
        resolved_at: None,
        closed_at: None,
        waiting: None,
        first_asked_at: None,
        first_response_at: None,
        staff_wrote_at: None,
        asked_at: None,
        staff_spoke_last: false,
        flagged: false,
        thanked: false,
        snoozed_until: None,
        duplicate_of: None,
        duplicates: Vec::new(),
        imported: false,
        outside: false,
        topic_closed: false,
        topic_gone: false,
        last_move: None,
        pauses: Vec::new(),
        told: Vec::new(),
        status_since: Some(recorded.at),
        touched_at: Some(recorded.at),
        upset_at: None,
        escalated: Vec::new(),
        pending_since: None,
        nudges: 0,
        nudged_at: None,
        resolution_told: false,
        survey: None,
    }
}

/// Begins the next episode: what is counted per episode starts anew, what is known of the topic and its people stays.
fn next(old: Ticket, recorded: &Recorded, episode: u32, title: String, standing: Standing) -> Ticket {
    // A participant's question that came after closing opened nothing, but it is what the new episode is about.
    let owed = old.owed_since().is_some();
    let waiting = old.waiting.filter(|_| owed);
    Ticket {
        customer: old.customer,
        customer_left_at: old.customer_left_at,
        language: old.language,
        priority: old.priority,
        tags: old.tags,
        category: old.category,
        team: old.team,
        assigned_at: if standing.assignee == old.standing.assignee {
            old.assigned_at
        } else {
            standing.assignee.as_ref().map(|_| recorded.at)
        },
        first_asked_at: waiting.as_ref().map(|waiting| waiting.since),
        waiting,
        staff_wrote_at: old.staff_wrote_at,
        asked_at: old.asked_at,
        staff_spoke_last: old.staff_spoke_last,
        duplicates: old.duplicates,
        topic_closed: old.topic_closed,
        topic_gone: old.topic_gone,
        last_move: old.last_move,
        touched_at: old.touched_at.max(Some(recorded.at)),
        survey: old.survey,
        ..new(recorded, episode, title, standing)
    }
}

fn last_move(recorded: &Recorded, why: &Why) -> LastMove {
    let by = match &recorded.by {
        Actor::Agent(name) => Some(name.clone()),
        Actor::Person(_) | Actor::Desk => None,
    };
    LastMove { event: recorded.id, at: recorded.at, by, why: why.clone(), written_since: false }
}

fn moved(ticket: &mut Ticket, recorded: &Recorded, standing: &Standing, why: &Why) {
    let at = recorded.at;
    if standing.assignee != ticket.standing.assignee {
        ticket.assigned_at = standing.assignee.as_ref().map(|_| at);
    }
    let changed = standing.status != ticket.standing.status;
    if changed {
        ticket.status_since = Some(at);
    }
    ticket.pause(standing.status, at);
    let reason = |standing: &Standing| standing.pending.as_ref().map(|pending| pending.reason);
    if reason(standing) != reason(&ticket.standing) {
        ticket.pending_since = standing.pending.as_ref().map(|_| at);
        forget_nudges(ticket);
    }
    ticket.resolution_told &= !changed;
    match standing.status {
        Status::Resolved if changed => {
            ticket.resolved_at = Some(at);
            ticket.closed_at = None;
        }
        Status::Closed if changed => ticket.closed_at = Some(at),
        Status::Resolved | Status::Closed => {}
        Status::Open | Status::Assigned | Status::InProgress | Status::Pending => {
            ticket.resolved_at = None;
            ticket.closed_at = None;
            ticket.thanked = false;
            ticket.imported = false;
        }
    }
    if !standing.status.is_live() && changed {
        // What is done needs no hiding, and must not hide when it comes back.
        ticket.snoozed_until = None;
    }
    match why {
        Why::Duplicate { of } => ticket.duplicate_of = Some(*of),
        Why::Imported => ticket.imported = true,
        Why::Reassigned { .. } => ticket.taken_in = true,
        _ => {}
    }
    if matches!(recorded.by, Actor::Agent(_)) {
        ticket.flagged = false;
    }
    ticket.standing = standing.clone();
    ticket.last_move = Some(last_move(recorded, why));
}

/// A reminder counts for what it has reminded of.
fn forget_nudges(ticket: &mut Ticket) {
    (ticket.nudges, ticket.nudged_at) = (0, None);
}

fn wrote(ticket: &mut Ticket, at: Timestamp, message: MessageId, writer: &Writer, thanks: bool) {
    if writer.is_staff() {
        ticket.staff_wrote_at = ticket.staff_wrote_at.max(Some(at));
        forget_nudges(ticket);
        // A reply that came to be known late answers only what was before it.
        let later = ticket.waiting.take().and_then(|waiting| after(waiting, at, message));
        ticket.staff_spoke_last = later.is_none();
        ticket.waiting = later;
        ticket.flagged = false;
        ticket.thanked = false;
        if ticket.first_asked_at.is_some() && ticket.first_response_at.is_none() {
            ticket.first_response_at = Some(at);
        }
        return;
    }
    ticket.asked_at = ticket.asked_at.max(Some(at));
    if *writer == Writer::Customer {
        ticket.customer_left_at = None;
    }
    if thanks {
        // Nothing is asked, so nobody waits, and the answer before it stays the last word.
        ticket.thanked = !ticket.standing.status.is_live();
        return;
    }
    ticket.thanked = false;
    ticket.staff_spoke_last = false;
    ticket.first_asked_at.get_or_insert(at);
    if let Some(last) = &mut ticket.last_move {
        last.written_since = true;
    }
    let waiting = ticket.waiting.get_or_insert_with(|| Waiting { since: at, messages: Vec::new(), more: 0 });
    if waiting.messages.len() >= Waiting::KEPT {
        waiting.more = waiting.more.saturating_add(1);
    } else if !waiting.messages.contains(&message) {
        waiting.messages.push(message);
    }
}

/// Tells who waits still after staff has written `message`: whoever wrote after it, at the earliest since then.
fn after(waiting: Waiting, at: Timestamp, message: MessageId) -> Option<Waiting> {
    let messages: Vec<MessageId> = waiting.messages.into_iter().filter(|asked| *asked > message).collect();
    let since = waiting.since.max(at);
    (!messages.is_empty()).then_some(Waiting { since, messages, more: waiting.more })
}

fn deleted(ticket: &mut Ticket, message: MessageId) {
    let Some(waiting) = &mut ticket.waiting else { return };
    let before = waiting.messages.len();
    waiting.messages.retain(|kept| *kept != message);
    // Those beyond the kept ones cannot be told apart; as long as there may be one, the customer waits.
    if waiting.messages.len() < before && waiting.messages.is_empty() && waiting.more == 0 {
        ticket.waiting = None;
        if ticket.first_response_at.is_none() {
            ticket.first_asked_at = None;
        }
    }
}
