//! The activity log in words: one line an event, old → new.

use crate::clock::Timestamp;
use crate::desk::event::{Event, Lapse, Why, Writer};
use crate::desk::ids::AgentName;
use crate::desk::tags::Tag;
use crate::desk::ticket::{Pending, Standing, Status, Ticket};

/// Tells an event as a line of the activity log: "tom claimed, status Open → Assigned".
///
/// `before` is the ticket without the event, `by` the one who made it happen as the reader should see them ("mia", "you", "the
/// desk"). `None` for what the thread shows as a message or note, and for what is not worth a line. Dates are in UTC.
pub fn describe(event: &Event, before: Option<&Ticket>, by: &str) -> Option<String> {
    let line = match event {
        Event::Wrote { .. }
        | Event::Edited { .. }
        | Event::Deleted { .. }
        | Event::Noted { .. }
        | Event::SoundsUpset { .. }
        | Event::LanguageSet { .. } => return None,
        Event::Opened { why: None, .. } => format!("{by} opened the ticket"),
        Event::Opened { episode, standing, why: Some(why), .. } => {
            let (old, told) = (before.map(|ticket| &ticket.standing), verb(why, None, standing, by));
            format!("{told}, episode {episode} begins{}", changes(old, standing, false))
        }
        Event::OpenedFrom { messages } if messages.len() == 1 => format!("{by} opened it from a message of General"),
        Event::OpenedFrom { messages } => format!("{by} opened it from {} messages of General", messages.len()),
        Event::CustomerGone { gone: true } => "the customer is no longer in the group".to_owned(),
        Event::CustomerGone { gone: false } => "the customer is in the group again".to_owned(),
        // The first customer is who opened the topic or wrote first: the messages show it.
        Event::CustomerSet { customer } => {
            let old = before?.customer?;
            format!("{by} changed the customer {old} → {customer}")
        }
        Event::Moved { standing, why } => {
            let old = before.map(|ticket| &ticket.standing);
            let names_assignee = matches!(
                why,
                Why::Claimed
                    | Why::AssignedTo
                    | Why::TookOver
                    | Why::Released
                    | Why::Routed { .. }
                    | Why::Reassigned { .. }
            );
            format!("{}{}", verb(why, old, standing, by), changes(old, standing, names_assignee))
        }
        Event::Flagged { why: Why::ParticipantWrote } => {
            let status = before.map_or("done", |ticket| ticket.standing.status.label());
            format!("flagged: {by} wrote after it was {status}")
        }
        Event::Flagged { why: Why::EditedAfterAnswer } => {
            format!("flagged: {by} changed a message after it was answered")
        }
        Event::Flagged { .. } => "flagged: somebody should look".to_owned(),
        Event::NoReplyNeeded => format!("{by} marked it as needing no reply"),
        Event::Snoozed { until: Some(until) } => match before.and_then(|ticket| ticket.snoozed_until) {
            Some(old) => format!("{by} snoozed it until {} → {}", date(old), date(*until)),
            None => format!("{by} snoozed it until {}", date(*until)),
        },
        Event::Snoozed { until: None } => "no longer snoozed".to_owned(),
        Event::PrioritySet { priority } => match before {
            Some(ticket) => format!("{by} set priority {} → {priority}", ticket.priority),
            None => format!("{by} set priority {priority}"),
        },
        Event::Tagged { added, removed } => {
            let signed = |sign: char, tags: &[Tag]| tags.iter().map(|tag| format!("{sign}{tag}")).collect::<Vec<_>>();
            format!("{by} tagged {}", [signed('+', added), signed('-', removed)].concat().join(" "))
        }
        Event::TakenIn { rules } if rules.is_empty() => return None,
        Event::TakenIn { rules } => format!("intake: {}", rules.join(", ")),
        Event::CategorySet { category } => {
            let old = before.and_then(|ticket| ticket.category.as_ref()).map_or("none", |category| category.as_str());
            format!("{by} set category {old} → {}", category.as_ref().map_or("none", |category| category.as_str()))
        }
        Event::TeamSet { team } => {
            let old = before.and_then(|ticket| ticket.team.as_ref()).map_or("none", |team| team.0.as_str());
            format!("{by} set team {old} → {}", team.as_ref().map_or("none", |team| team.0.as_str()))
        }
        Event::Held { until, topics } => {
            format!("held until {}: one of {topics} topics that its customer has opened at once", date(*until))
        }
        Event::Renamed { title } => match before {
            Some(ticket) => format!("{by} renamed the topic “{}” → “{title}”", ticket.title),
            None => format!("{by} renamed the topic “{title}”"),
        },
        Event::TopicClosed { closed: true } => format!("{by} closed the topic in Telegram"),
        Event::TopicClosed { closed: false } => format!("{by} reopened the topic in Telegram"),
        Event::TopicDeleted => "the topic was deleted in Telegram".to_owned(),
        Event::DuplicateLinked { ticket } => format!("{by} closed {ticket} as a duplicate of this"),
        Event::AnsweredOutside => format!("{by} answered in Telegram after it was closed"),
        Event::SlaWarned { clock, deadline, policy, .. } => {
            format!("{} is due {} ({policy})", clock.title(), date(*deadline))
        }
        Event::SlaBreached { clock, deadline, policy, .. } => {
            format!("{} was due {}: overdue ({policy})", clock.title(), date(*deadline))
        }
        Event::Escalated { rule, cause, told, chat, held, .. } => {
            let since = date(cause.since());
            let chat = chat.then_some("the staff chat");
            let told: Vec<&str> = told.iter().map(|name| name.0.as_str()).chain(chat).collect();
            let to = match (held, &told[..]) {
                (true, _) => "; told with others: the rule has reached its cap".to_owned(),
                (false, []) => String::new(),
                (false, told) => format!("; told {}", told.join(", ")),
            };
            format!("escalated by \"{rule}\": {}, since {since}{to}", cause.words())
        }
        Event::NotReached { rule, agent, why } => {
            let who = agent.as_ref().map_or("the staff chat", |name| name.0.as_str());
            format!("\"{rule}\" could not reach {who} in Telegram: {why}")
        }
        Event::Nudged { number } => format!("the customer was reminded ({number})"),
        Event::ResolutionTold => "the customer was told that it is resolved".to_owned(),
        Event::SurveyAsked { .. } => "the customer was asked how it was".to_owned(),
        Event::SurveyAnswered { score, .. } => {
            match before.and_then(|ticket| ticket.survey.as_ref()).and_then(|survey| survey.score) {
                Some(old) => format!("the customer changed the survey {old} → {score} of 5"),
                None => format!("the customer answered the survey: {score} of 5"),
            }
        }
        Event::Undone { event } => match before.and_then(|ticket| ticket.last_move.as_ref()) {
            Some(last) if last.event == *event => format!("{by} took back: {}", undone(&last.why)),
            _ => format!("{by} took back the last change"),
        },
    };
    Some(line)
}

/// Tells an event as a line of the whole activity log, in which nothing is left out: [`describe`], and what a thread shows in another
/// way.
pub fn line(event: &Event, before: Option<&Ticket>, by: &str) -> String {
    if let Some(line) = describe(event, before, by) {
        return line;
    }
    match event {
        Event::Wrote { message, writer, thanks } => {
            let what = match writer {
                Writer::Customer if *thanks => "thanked",
                Writer::Customer => "wrote",
                Writer::Participant => "wrote, as a participant",
                Writer::Desk(_) => "replied",
                Writer::Native(_) | Writer::Colleague => "replied in Telegram",
            };
            // A reply of the desk is known by its delivery, which is nobody's deed; its agent is.
            let by = match writer {
                Writer::Desk(agent) | Writer::Native(agent) => &agent.0,
                Writer::Customer | Writer::Participant | Writer::Colleague => by,
            };
            format!("{by} {what}: message {message}")
        }
        Event::Edited { message } => format!("message {message} was edited"),
        Event::Deleted { message } => format!("message {message} was deleted"),
        Event::Noted { .. } => format!("{by} wrote a note"),
        Event::LanguageSet { language } => match before.and_then(|ticket| ticket.language.as_ref()) {
            Some(old) => format!("language {old} → {language}"),
            None => format!("language {language}"),
        },
        Event::CustomerSet { customer } => format!("the customer is {customer}"),
        Event::TakenIn { .. } => "intake: no rule fits".to_owned(),
        // Everything else has words in `describe`.
        _ => format!("{by} did something else"),
    }
}

/// Tells who did what, with the assignee where the deed is about them.
fn verb(why: &Why, old: Option<&Standing>, new: &Standing, by: &str) -> String {
    let was = old.and_then(|old| old.assignee.as_ref()).filter(|name| name.0 != by);
    match why {
        Why::Claimed => format!("{by} claimed"),
        Why::AssignedTo => {
            let to = who(new.assignee.as_ref());
            match old.and_then(|old| old.assignee.as_ref()) {
                Some(from) => format!("{by} assigned {from} → {to}"),
                None => format!("{by} assigned to {to}"),
            }
        }
        Why::TookOver => match was {
            Some(from) => format!("{by} took over from {from}"),
            None => format!("{by} took over"),
        },
        Why::Released => match was {
            Some(from) => format!("{by} released it from {from}"),
            None => format!("{by} released"),
        },
        // It may still be held, or be parked: that it has left is told by its delivery.
        Why::Replied => format!("{by} wrote a reply"),
        Why::RepliedOutside => format!("{by} replied in Telegram"),
        Why::CustomerWrote | Why::ParticipantWrote => format!("{by} wrote"),
        Why::SetPending => set_pending(old, new, by),
        Why::UntilReached => match old.and_then(|old| old.pending.as_ref()?.until) {
            Some(until) => format!("pending until {} is over", date(until)),
            None => "pending is over".to_owned(),
        },
        Why::Resolved => format!("{by} resolved"),
        Why::Reopened => format!("{by} reopened"),
        Why::Closed { reason } if reason.is_empty() => format!("{by} closed"),
        Why::Closed { reason } => format!("{by} closed: {reason}"),
        Why::Inactive => "quiet for long".to_owned(),
        Why::TopicClosed => format!("{by} closed the topic"),
        Why::TopicReopened => format!("{by} reopened the topic"),
        Why::TopicDeleted => "the topic was deleted".to_owned(),
        Why::Imported => "found old by the first synchronisation".to_owned(),
        Why::EditedAfterAnswer => format!("{by} changed a message"),
        Why::Duplicate { of } => format!("{by} closed it as a duplicate of {of}"),
        Why::Routed { rule, because, .. } => {
            let rule = rule.as_ref().map(|rule| format!(" by \"{rule}\"")).unwrap_or_default();
            format!("{by} assigned to {}{rule} ({because})", who(new.assignee.as_ref()))
        }
        Why::Reassigned { from, lapse: Lapse::Away } => format!("{by} took it back from {from}, who is away"),
        Why::Reassigned { from, lapse: Lapse::Silent } => {
            format!("{by} took it back from {from}, who has not answered")
        }
    }
}

fn set_pending(old: Option<&Standing>, new: &Standing, by: &str) -> String {
    let Some(pending) = &new.pending else { return format!("{by} set pending") };
    match old.and_then(|old| old.pending.as_ref()) {
        Some(before) => format!("{by} changed pending {} → {}", in_words(before), in_words(pending)),
        None => format!("{by} set pending {}", in_words(pending)),
    }
}

/// Tells a pending as "until Mon 23 Nov 09:00 UTC: waiting on customer".
fn in_words(pending: &Pending) -> String {
    match pending.until {
        Some(until) => format!("until {}: {}", date(until), pending.reason.title()),
        None => pending.reason.title().to_owned(),
    }
}

/// Tells what changed, as `, status Open → Assigned, assignee mia → nobody`; empty when nothing did.
fn changes(old: Option<&Standing>, new: &Standing, names_assignee: bool) -> String {
    let Some(old) = old else { return format!(", status {}", name(new.status)) };
    let mut text = String::new();
    if old.status != new.status {
        text.push_str(&format!(", status {} → {}", name(old.status), name(new.status)));
    }
    if old.assignee != new.assignee && !names_assignee {
        text.push_str(&format!(", assignee {} → {}", who(old.assignee.as_ref()), who(new.assignee.as_ref())));
    }
    text
}

fn who(agent: Option<&AgentName>) -> &str {
    agent.map_or("nobody", |name| name.0.as_str())
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Open => "Open",
        Status::Assigned => "Assigned",
        Status::InProgress => "In progress",
        Status::Pending => "Pending",
        Status::Resolved => "Resolved",
        Status::Closed => "Closed",
    }
}

fn date(at: Timestamp) -> String {
    at.to_utc().format("%a %-d %b %H:%M UTC").to_string()
}

/// Tells the commands that can be undone; the others never are an agent's.
fn undone(why: &Why) -> &'static str {
    match why {
        Why::Claimed => "claimed",
        Why::AssignedTo => "assigned",
        Why::TookOver => "took over",
        Why::Released => "released",
        Why::Replied => "the change of status by a reply",
        Why::SetPending => "set pending",
        Why::Resolved => "resolved",
        Why::Reopened => "reopened",
        Why::Closed { .. } => "closed",
        Why::Duplicate { .. } => "closed as a duplicate",
        Why::RepliedOutside
        | Why::CustomerWrote
        | Why::ParticipantWrote
        | Why::UntilReached
        | Why::Inactive
        | Why::TopicClosed
        | Why::TopicReopened
        | Why::TopicDeleted
        | Why::EditedAfterAnswer
        | Why::Routed { .. }
        | Why::Reassigned { .. }
        | Why::Imported => "the last change",
    }
}
