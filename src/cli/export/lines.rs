//! The lines of an export. Their names are a promise: others read them. New ones are added at the end.

use serde::Serialize;
use serde_json::Value;

use super::Column;
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Recorded};
use crate::desk::people::Person;
use crate::desk::ticket::Ticket;

/// The columns of an event, in the order of [`EventLine`].
pub(super) const EVENT: &[Column] = &[
    ("id", false),
    ("group", false),
    ("ticket", false),
    ("at", false),
    ("by_kind", false),
    ("by", true),
    ("type", false),
    ("episode", false),
    ("message_id", false),
    ("writer", false),
    ("writer_agent", true),
    ("thanks", false),
    ("status", false),
    ("assignee", true),
    ("pending_reason", false),
    ("pending_until", false),
    ("why", false),
    ("reason", true),
    ("other_ticket", false),
    ("customer_id", false),
    ("language", true),
    ("title", true),
    ("until", false),
    ("undone_event", false),
    ("note", true),
    ("priority", false),
    ("tags_added", true),
    ("tags_removed", true),
    ("group_name", true),
];

/// An event of the activity log.
#[derive(Default, Serialize)]
pub(super) struct EventLine {
    /// Its place in the log.
    id: i64,
    group: i64,
    /// The ticket's number.
    ticket: i32,
    at: Timestamp,
    /// `agent`, `person`, `desk`.
    by_kind: &'static str,
    /// The agent's name, or the person's Telegram id.
    by: Option<String>,
    r#type: String,
    /// `opened`: which episode begins.
    episode: Option<i64>,
    /// `wrote`, `edited`, `deleted`.
    message_id: Option<i64>,
    /// `wrote`: `customer`, `participant`, `desk`, `native`, `colleague`.
    writer: Option<String>,
    writer_agent: Option<String>,
    /// `wrote`: nothing but thanks.
    thanks: Option<bool>,
    /// `opened`, `moved`: where the ticket stands from then on.
    status: Option<String>,
    assignee: Option<String>,
    pending_reason: Option<String>,
    pending_until: Option<String>,
    /// `opened`, `moved`, `flagged`: what for.
    why: Option<String>,
    /// `moved`, closed: the agent's reason.
    reason: Option<String>,
    /// The ticket of which it is a duplicate, or the duplicate that was linked.
    other_ticket: Option<i64>,
    customer_id: Option<i64>,
    language: Option<String>,
    title: Option<String>,
    /// `snoozed`.
    until: Option<String>,
    /// `undone`: the event that is to be read as not having happened.
    undone_event: Option<i64>,
    /// `noted`: the note, if notes were asked for.
    note: Option<String>,
    /// `priority_set`.
    priority: Option<String>,
    /// `tagged`: words with blanks between them.
    tags_added: Option<String>,
    tags_removed: Option<String>,
    /// What the desk calls the group.
    group_name: String,
}

impl EventLine {
    /// Makes the line of an event.
    pub(super) fn of(recorded: &Recorded, note: Option<String>, group_name: String) -> serde_json::Result<EventLine> {
        let event = serde_json::to_value(&recorded.event)?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let number = |value: &Value| value.as_i64();
        let (by_kind, by) = match &recorded.by {
            Actor::Agent(name) => ("agent", Some(name.0.clone())),
            Actor::Person(id) => ("person", Some(id.to_string())),
            Actor::Desk => ("desk", None),
        };
        let (why, details) = named(&event["why"]);
        let (writer, agent) = named(&event["writer"]);
        let standing = &event["standing"];
        let other = number(&details["of"]["topic"]).or_else(|| number(&event["ticket"]["topic"]));
        let wrote = writer.is_some();
        Ok(EventLine {
            id: recorded.id.0,
            group: recorded.ticket.group.0,
            ticket: recorded.ticket.topic.0,
            at: recorded.at,
            by_kind,
            by,
            r#type: text(&event["type"]).unwrap_or_default(),
            episode: number(&event["episode"]),
            message_id: number(&event["message"]),
            writer,
            writer_agent: text(&agent),
            thanks: wrote.then(|| event["thanks"].as_bool().unwrap_or(false)),
            status: text(&standing["status"]),
            assignee: text(&standing["assignee"]),
            pending_reason: text(&standing["pending"]["reason"]),
            pending_until: text(&standing["pending"]["until"]),
            why,
            reason: text(&details["reason"]).filter(|reason| !reason.is_empty()),
            other_ticket: other,
            customer_id: number(&event["customer"]),
            language: text(&event["language"]),
            title: text(&event["title"]),
            until: text(&event["until"]),
            undone_event: number(&event["event"]),
            note,
            priority: text(&event["priority"]),
            tags_added: words(&event["added"]),
            tags_removed: words(&event["removed"]),
            group_name,
        })
    }
}

/// Writes a list of words with blanks between them.
fn words(value: &Value) -> Option<String> {
    let words: Vec<&str> = value.as_array()?.iter().filter_map(Value::as_str).collect();
    Some(words.join(" "))
}

/// Reads what serde makes of an enum: a word, or a word with what belongs to it.
fn named(value: &Value) -> (Option<String>, Value) {
    match value {
        Value::String(word) => (Some(word.clone()), Value::Null),
        Value::Object(fields) => match fields.iter().next() {
            Some((word, inside)) => (Some(word.clone()), inside.clone()),
            None => (None, Value::Null),
        },
        _ => (None, Value::Null),
    }
}

/// The columns of a ticket, in the order of [`TicketLine`].
pub(super) const TICKET: &[Column] = &[
    ("id", false),
    ("group", false),
    ("episode", false),
    ("status", false),
    ("title", true),
    ("assignee", true),
    ("customer_id", false),
    ("customer_name", true),
    ("customer_username", true),
    ("language", true),
    ("opened_at", false),
    ("first_asked_at", false),
    ("first_response_at", false),
    ("waiting_since", false),
    ("resolved_at", false),
    ("closed_at", false),
    ("pending_reason", false),
    ("pending_until", false),
    ("snoozed_until", false),
    ("duplicate_of", false),
    ("imported", false),
    ("answered_outside", false),
    ("topic_closed", false),
    ("topic_deleted", false),
    ("priority", false),
    ("tags", true),
    ("group_name", true),
];

/// A ticket as it stands.
#[derive(Serialize)]
pub(super) struct TicketLine {
    /// Its number.
    id: i32,
    group: i64,
    episode: u32,
    status: &'static str,
    title: String,
    assignee: Option<String>,
    customer_id: Option<i64>,
    customer_name: Option<String>,
    customer_username: Option<String>,
    language: Option<String>,
    /// When the episode began.
    opened_at: Timestamp,
    first_asked_at: Option<Timestamp>,
    first_response_at: Option<Timestamp>,
    waiting_since: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    pending_reason: Option<&'static str>,
    pending_until: Option<Timestamp>,
    snoozed_until: Option<Timestamp>,
    duplicate_of: Option<i32>,
    imported: bool,
    /// Staff wrote in Telegram after it was closed.
    answered_outside: bool,
    topic_closed: bool,
    topic_deleted: bool,
    priority: String,
    /// Words with blanks between them.
    tags: String,
    /// What the desk calls the group.
    group_name: String,
}

impl TicketLine {
    /// Makes the line of a ticket.
    pub(super) fn of(ticket: &Ticket, customer: Option<Person>, group_name: String) -> TicketLine {
        let pending = ticket.standing.pending.as_ref();
        let (customer_name, customer_username) = match customer {
            Some(person) => (Some(person.name), person.username),
            None => (None, None),
        };
        TicketLine {
            id: ticket.key.topic.0,
            group: ticket.key.group.0,
            episode: ticket.episode,
            status: ticket.standing.status.label(),
            title: ticket.title.clone(),
            assignee: ticket.standing.assignee.as_ref().map(ToString::to_string),
            customer_id: ticket.customer.map(|id| id.0),
            customer_name,
            customer_username,
            language: ticket.language.clone(),
            opened_at: ticket.opened_at,
            first_asked_at: ticket.first_asked_at,
            first_response_at: ticket.first_response_at,
            waiting_since: ticket.waiting.as_ref().map(|waiting| waiting.since),
            resolved_at: ticket.resolved_at,
            closed_at: ticket.closed_at,
            pending_reason: pending.map(|pending| pending.reason.label()),
            pending_until: pending.and_then(|pending| pending.until),
            snoozed_until: ticket.snoozed_until,
            duplicate_of: ticket.duplicate_of.map(|key| key.topic.0),
            imported: ticket.imported,
            answered_outside: ticket.outside,
            topic_closed: ticket.topic_closed,
            topic_deleted: ticket.topic_gone,
            priority: ticket.priority.to_string(),
            tags: ticket.tags.iter().map(crate::desk::tags::Tag::as_str).collect::<Vec<_>>().join(" "),
            group_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::event::{Event, Why, Writer};
    use crate::desk::ids::{AgentName, EventId, GroupId, MessageId, TicketKey, TopicId};
    use crate::desk::ticket::Standing;

    fn line(event: Event) -> Value {
        let recorded = Recorded {
            id: EventId(7),
            ticket: TicketKey { group: GroupId(77), topic: TopicId(5) },
            at: Timestamp::from_unix(0),
            by: Actor::Agent(AgentName::from("mia")),
            event,
        };
        serde_json::to_value(EventLine::of(&recorded, None, "Acme".to_owned()).expect("a line")).expect("JSON")
    }

    #[test]
    fn every_column_is_a_field_and_the_other_way_round() {
        let event = line(Event::NoReplyNeeded);
        let names: Vec<&str> = EVENT.iter().map(|(name, _)| *name).collect();
        let mut fields: Vec<&str> = event.as_object().expect("an object").keys().map(String::as_str).collect();
        fields.sort_by_key(|name| names.iter().position(|known| known == name));
        assert_eq!(fields, names);
        let ticket = crate::desk::lifecycle::unopened(
            TicketKey { group: GroupId(77), topic: TopicId(5) },
            "=cmd".to_owned(),
            Timestamp::from_unix(0),
        );
        let ticket = serde_json::to_value(TicketLine::of(&ticket, None, "Acme".to_owned())).expect("JSON");
        let names: Vec<&str> = TICKET.iter().map(|(name, _)| *name).collect();
        let mut fields: Vec<&str> = ticket.as_object().expect("an object").keys().map(String::as_str).collect();
        fields.sort_by_key(|name| names.iter().position(|known| known == name));
        assert_eq!(fields, names);
    }

    #[test]
    fn events_are_flat() {
        let wrote = line(Event::Wrote { message: MessageId(9), writer: Writer::Desk("tom".into()), thanks: false });
        assert_eq!(
            (&wrote["type"], &wrote["writer"], &wrote["writer_agent"]),
            (&"wrote".into(), &"desk".into(), &"tom".into())
        );
        assert_eq!((&wrote["thanks"], &wrote["message_id"]), (&false.into(), &9.into()));
        let why = Why::Closed { reason: "spam".to_owned() };
        let closed = line(Event::Moved { standing: Standing::NEW, why });
        assert_eq!(
            (&closed["why"], &closed["reason"], &closed["status"]),
            (&"closed".into(), &"spam".into(), &"open".into())
        );
        let of = TicketKey { group: GroupId(77), topic: TopicId(8) };
        let duplicate = line(Event::Moved { standing: Standing::NEW, why: Why::Duplicate { of } });
        assert_eq!((&duplicate["why"], &duplicate["other_ticket"]), (&"duplicate".into(), &8.into()));
        assert_eq!(line(Event::Undone { event: EventId(3) })["undone_event"], 3);
    }
}
