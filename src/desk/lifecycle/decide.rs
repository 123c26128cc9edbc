//! What follows from what an agent asks for, or why it does not.

use super::{Context, Decision, in_work, moved, pending, reopen, text, with_status};
use crate::clock::Timestamp;
use crate::desk::along::{Along, Then};
use crate::desk::command::{Command, Refusal};
use crate::desk::event::{Event, Why};
use crate::desk::ids::{AgentName, EventId, PersonId, TeamName, TicketKey};
use crate::desk::intake::Category;
use crate::desk::tags::Tag;
use crate::desk::ticket::{LastMove, Pending, Standing, Status, Ticket};

/// Tells what `by`'s command does to the ticket.
///
/// Commands that need no event of a ticket (drafts, seen, typing, the outbox, ignoring, opening) give an empty decision.
/// [`Command::Note`] is checked only: its event names an entry that does not exist yet.
///
/// # Errors
/// Tells why the command is not done; then nothing has happened.
pub fn decide(ticket: &Ticket, command: &Command, by: &AgentName, context: &Context<'_>) -> Result<Decision, Refusal> {
    match command {
        Command::Claim { .. } => claim(ticket, by),
        Command::Assign { to, .. } if context.rules.agent(to).is_none() => Err(Refusal::NoAgent(to.clone())),
        Command::Assign { to, .. } => assign(ticket, to, Why::AssignedTo),
        Command::TakeOver { .. } => assign(ticket, by, Why::TookOver),
        Command::Release { .. } => release(ticket),
        Command::Reply { text, file, along, .. } => reply(ticket, (text, file.is_some()), along, by, context),
        Command::Note { text, .. } if text.trim().is_empty() => Err(Refusal::EmptyText),
        Command::SetPending { pending, .. } => set_pending(ticket, pending, by, context),
        Command::Resolve { .. } => Ok(resolve(ticket, by, context)),
        Command::Reopen { .. } => reopened(ticket, context),
        Command::Close { reason, .. } => Ok(close(ticket, reason)),
        Command::Duplicate { of, .. } => duplicate(ticket, *of),
        Command::NoReplyNeeded { .. } if ticket.waiting.is_none() => {
            Ok(nothing(format!("nobody waits for an answer in {}", ticket.key)))
        }
        Command::NoReplyNeeded { .. } => Ok(one(Event::NoReplyNeeded)),
        Command::Snooze { until, .. } => snooze(ticket, *until, context),
        Command::SetPriority { priority, .. } if *priority == ticket.priority => {
            Ok(nothing(format!("{} is {priority} already", ticket.key)))
        }
        Command::SetPriority { priority, .. } => Ok(one(Event::PrioritySet { priority: *priority })),
        Command::SetCategory { category, .. } => Ok(set_category(ticket, category.as_ref())),
        Command::SetTeam { team, .. } => set_team(ticket, team.as_ref(), context),
        Command::Tag { add, remove, .. } => tag(ticket, add, remove),
        Command::SetCustomer { customer, .. } => set_customer(ticket, *customer, context),
        Command::Undo { event, .. } => undo(ticket, *event, by, context),
        Command::Note { .. }
        | Command::OpenFrom { .. }
        | Command::OpenTicket { .. }
        | Command::Ignore { .. }
        | Command::HoldOutbox { .. }
        | Command::EditOutbox { .. }
        | Command::DiscardOutbox { .. }
        | Command::TakeBack { .. }
        | Command::RetryOutbox { .. }
        | Command::EditMessage { .. }
        | Command::DeleteMessage { .. }
        | Command::Fetch { .. }
        | Command::SaveDraft { .. }
        | Command::MarkSeen { .. }
        | Command::Recheck { .. }
        | Command::SetPresence { .. }
        | Command::Screen { .. }
        | Command::Typing { .. }
        | Command::Look { .. } => Ok(Decision::default()),
    }
}

fn one(event: Event) -> Decision {
    Decision { events: vec![event], ..Decision::default() }
}

fn nothing(notice: String) -> Decision {
    Decision { events: Vec::new(), notice: Some(notice), unchanged: true }
}

/// Refuses what makes no sense for a ticket that is done.
fn live(ticket: &Ticket) -> Result<(), Refusal> {
    let status = ticket.standing.status;
    if status.is_live() { Ok(()) } else { Err(Refusal::Done(ticket.key, status.label().to_owned())) }
}

fn future(at: Option<Timestamp>, context: &Context<'_>) -> Result<(), Refusal> {
    match at {
        Some(at) if at <= context.at => Err(Refusal::Past(at)),
        _ => Ok(()),
    }
}

fn claim(ticket: &Ticket, by: &AgentName) -> Result<Decision, Refusal> {
    live(ticket)?;
    match &ticket.standing.assignee {
        Some(assignee) if assignee == by => Ok(nothing(format!("{} is yours already", ticket.key))),
        Some(assignee) => Err(Refusal::Taken {
            ticket: ticket.key,
            assignee: assignee.clone(),
            since: ticket.assigned_at.unwrap_or(ticket.opened_at),
        }),
        None => Ok(one(moved(given_to(ticket, by), Why::Claimed))),
    }
}

pub(super) fn assign(ticket: &Ticket, to: &AgentName, why: Why) -> Result<Decision, Refusal> {
    live(ticket)?;
    if ticket.standing.assignee.as_ref() == Some(to) {
        return Ok(nothing(format!("{} is {to}'s already", ticket.key)));
    }
    Ok(one(moved(given_to(ticket, to), why)))
}

/// Makes the standing of a live ticket that gets an assignee: only Open changes by it.
pub(super) fn given_to(ticket: &Ticket, to: &AgentName) -> Standing {
    let mut standing = ticket.standing.clone();
    standing.assignee = Some(to.clone());
    if standing.status == Status::Open {
        standing.status = Status::Assigned;
    }
    standing
}

fn release(ticket: &Ticket) -> Result<Decision, Refusal> {
    live(ticket)?;
    if ticket.standing.assignee.is_none() {
        return Ok(nothing(format!("{} is nobody's already", ticket.key)));
    }
    let standing = match &ticket.standing.pending {
        Some(why) => pending(None, why.clone()),
        None => in_work(None),
    };
    Ok(one(moved(standing, Why::Released)))
}

fn reply(
    ticket: &Ticket,
    (text, file): (&str, bool),
    along: &Along,
    by: &AgentName,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    if ticket.topic_gone {
        return Err(Refusal::TopicGone(ticket.key));
    }
    let told_of_the_other = along.duplicate_of.is_some() && along.duplicate_of == ticket.duplicate_of;
    if ticket.standing.status == Status::Closed && !told_of_the_other {
        return Err(Refusal::Done(ticket.key, Status::Closed.label().to_owned()));
    }
    if !(file && text.trim().is_empty()) {
        text::check(text)?;
    }
    let assignee = ticket.standing.assignee.as_ref();
    let events = match ticket.standing.status {
        Status::Open => vec![moved(in_work(Some(by.clone())), Why::Replied)],
        Status::Assigned => vec![moved(with_status(ticket, Status::InProgress), Why::Replied)],
        Status::InProgress | Status::Pending | Status::Resolved | Status::Closed => Vec::new(),
    };
    let notice = assignee.filter(|assignee| *assignee != by).map(|name| format!("{} stays {name}'s", ticket.key));
    along_with(ticket, Decision { events, notice, unchanged: false }, along, by, context)
}

/// Adds what is done to the ticket with a reply. The reply counts as the answer, though it has not left yet.
fn along_with(
    ticket: &Ticket,
    mut decision: Decision,
    along: &Along,
    by: &AgentName,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let actions = &along.actions;
    let mut after = ticket.clone();
    if let Some(Event::Moved { standing, .. }) = decision.events.last() {
        after.standing = standing.clone();
    }
    let context = Context { answering: true, ..*context };
    let then = match actions.then {
        Some(Then::Resolve) => Some(resolve(&after, by, &context)),
        Some(Then::Pending(reason)) => Some(set_pending(&after, &Pending { reason, until: None }, by, &context)?),
        None => None,
    };
    let tags = (!actions.add_tags.is_empty()).then(|| tag(&after, &actions.add_tags, &[])).transpose()?;
    for more in then.into_iter().chain(tags) {
        decision.events.extend(more.events);
    }
    if let Some(priority) = actions.priority.filter(|priority| *priority != after.priority) {
        decision.events.push(Event::PrioritySet { priority });
    }
    Ok(decision)
}

fn set_pending(ticket: &Ticket, wanted: &Pending, by: &AgentName, context: &Context<'_>) -> Result<Decision, Refusal> {
    live(ticket)?;
    future(wanted.until, context)?;
    if wanted.reason.needs_answer() && ticket.waiting.is_some() && !context.answering {
        return Err(Refusal::CustomerWaits(ticket.key));
    }
    let assignee = match ticket.standing.status {
        Status::Open => Some(by.clone()),
        _ => ticket.standing.assignee.clone(),
    };
    let standing = pending(assignee, wanted.clone());
    if standing == ticket.standing {
        return Ok(nothing(format!("{} is pending like that already", ticket.key)));
    }
    Ok(one(moved(standing, Why::SetPending)))
}

fn resolve(ticket: &Ticket, by: &AgentName, context: &Context<'_>) -> Decision {
    let status = ticket.standing.status;
    if !status.is_live() {
        return nothing(format!("{} is {status} already", ticket.key));
    }
    let mut standing = with_status(ticket, Status::Resolved);
    if status == Status::Open {
        standing.assignee = Some(by.clone());
    }
    let unanswered = ticket.waiting.is_some() && !context.answering;
    let notice = unanswered.then(|| format!("{} is resolved without an answer", ticket.key));
    Decision { events: vec![moved(standing, Why::Resolved)], notice, unchanged: false }
}

fn reopened(ticket: &Ticket, context: &Context<'_>) -> Result<Decision, Refusal> {
    if ticket.topic_gone {
        return Err(Refusal::TopicGone(ticket.key));
    }
    Ok(match reopen(ticket, Why::Reopened, context) {
        Some(event) => one(event),
        None => nothing(format!("{} is {} as it is", ticket.key, ticket.standing.status.title().to_lowercase())),
    })
}

fn close(ticket: &Ticket, reason: &str) -> Decision {
    if ticket.standing.status == Status::Closed {
        return nothing(format!("{} is closed already", ticket.key));
    }
    let why = Why::Closed { reason: reason.trim().to_owned() };
    let notice = ticket.waiting.is_some().then(|| format!("{} is closed without an answer", ticket.key));
    Decision { events: vec![moved(with_status(ticket, Status::Closed), why)], notice, unchanged: false }
}

fn duplicate(ticket: &Ticket, of: TicketKey) -> Result<Decision, Refusal> {
    if of == ticket.key {
        return Err(Refusal::Senseless(format!("{of} cannot be a duplicate of itself")));
    }
    if ticket.duplicates.contains(&of) {
        return Err(Refusal::Senseless(format!("{of} is a duplicate of {} already", ticket.key)));
    }
    if ticket.duplicate_of == Some(of) {
        return Ok(nothing(format!("{} is a duplicate of {of} already", ticket.key)));
    }
    Ok(one(moved(with_status(ticket, Status::Closed), Why::Duplicate { of })))
}

fn snooze(ticket: &Ticket, until: Option<Timestamp>, context: &Context<'_>) -> Result<Decision, Refusal> {
    future(until, context)?;
    if until == ticket.snoozed_until {
        return Ok(nothing(match until {
            Some(_) => format!("{} is snoozed until then already", ticket.key),
            None => format!("{} is not snoozed", ticket.key),
        }));
    }
    Ok(one(Event::Snoozed { until }))
}

/// No ticket has more tags: they are for finding, not for telling.
const MOST_TAGS: usize = 20;

fn tag(ticket: &Ticket, add: &[Tag], remove: &[Tag]) -> Result<Decision, Refusal> {
    let mut added: Vec<Tag> = add.iter().filter(|tag| !ticket.tags.contains(tag)).cloned().collect();
    added.sort_unstable();
    added.dedup();
    let mut removed: Vec<Tag> = remove.iter().filter(|tag| ticket.tags.contains(tag)).cloned().collect();
    removed.sort_unstable();
    removed.dedup();
    if ticket.tags.len() + added.len() - removed.len() > MOST_TAGS {
        return Err(Refusal::Senseless(format!("{} would have more than {MOST_TAGS} tags", ticket.key)));
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(nothing(format!("the tags of {} are like that already", ticket.key)));
    }
    Ok(one(Event::Tagged { added, removed }))
}

fn set_category(ticket: &Ticket, category: Option<&Category>) -> Decision {
    match category {
        Some(category) if ticket.category.as_ref() == Some(category) => {
            nothing(format!("{} is of the category {category} already", ticket.key))
        }
        None if ticket.category.is_none() => nothing(format!("{} has no category", ticket.key)),
        category => one(Event::CategorySet { category: category.cloned() }),
    }
}

fn set_team(ticket: &Ticket, team: Option<&TeamName>, context: &Context<'_>) -> Result<Decision, Refusal> {
    let team = match team {
        Some(typed) => Some(context.rules.routing.named(typed).map_err(Refusal::Senseless)?),
        None => None,
    };
    Ok(match team {
        Some(team) if ticket.team.as_ref() == Some(team) => nothing(format!("{} is {team}'s already", ticket.key)),
        None if ticket.team.is_none() => nothing(format!("{} is no team's in particular", ticket.key)),
        team => one(Event::TeamSet { team: team.cloned() }),
    })
}

fn set_customer(ticket: &Ticket, customer: PersonId, context: &Context<'_>) -> Result<Decision, Refusal> {
    let staff = &context.rules.staff;
    let named = staff.agents.iter().filter_map(|agent| agent.telegram).chain(staff.colleagues.iter().copied());
    if named.chain(staff.own).chain(staff.linked_channel).any(|person| person == customer) {
        return Err(Refusal::Senseless(format!("{customer} is staff and cannot be the customer")));
    }
    if ticket.customer == Some(customer) {
        return Ok(nothing(format!("{customer} is the customer of {} already", ticket.key)));
    }
    Ok(one(Event::CustomerSet { customer }))
}

fn undo(ticket: &Ticket, event: EventId, by: &AgentName, context: &Context<'_>) -> Result<Decision, Refusal> {
    let refuse = |why: String| Err(Refusal::NotUndoable(why));
    let Some(last) = ticket.last_move.as_ref() else {
        return refuse(format!("nobody has changed {}", ticket.key));
    };
    if last.event != event {
        return refuse(format!("it is not the newest change of {}", ticket.key));
    }
    match &last.by {
        Some(author) if author == by => {}
        Some(author) => return refuse(format!("{author} did it")),
        None => return refuse("it was nobody's command".to_owned()),
    }
    if context.at.since(last.at) > context.rules.undo_window {
        return refuse(format!("it is more than {} seconds ago", context.rules.undo_window.as_secs()));
    }
    if ticket.topic_gone {
        return refuse("the topic has been deleted since".to_owned());
    }
    if last.written_since && is_about_done(last) {
        return refuse(format!("somebody has written in {} since", ticket.key));
    }
    Ok(one(Event::Undone { event }))
}

/// Tells whether a message in between would have had another effect without the move: one that ended the work or took it up
/// again.
pub(super) fn is_about_done(last: &LastMove) -> bool {
    matches!(last.why, Why::Resolved | Why::Reopened | Why::Closed { .. } | Why::Duplicate { .. })
}
