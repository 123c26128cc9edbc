//! Filters and queries as SQL.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;

use super::Result;
use crate::clock::Timestamp;
use crate::desk::groups::Called;
use crate::desk::ids::{AgentName, GroupId};
use crate::desk::query::{Condition, Flag, Query, Span, Who};
use crate::desk::queue::Filter;

/// Conditions and their values, for the part after WHERE.
pub(super) struct Conditions {
    /// Over `tickets` and `topics`.
    pub(super) sql: String,
    /// One for each `?`.
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// Makes none: everything is taken.
    pub(super) fn none() -> Self {
        Conditions { sql: "1".to_owned(), values: Vec::new() }
    }

    /// Makes them of a filter.
    pub(super) fn of(filter: &Filter, now: Timestamp) -> Self {
        let mut these = Conditions::none();
        if !filter.statuses.is_empty() {
            let marks = vec!["?"; filter.statuses.len()].join(",");
            let labels = filter.statuses.iter().map(|status| Value::Text(status.label().to_owned()));
            these.and(&format!("tickets.status IN ({marks})"), labels);
        }
        match &filter.assignee {
            Some(Some(name)) => these.and("tickets.assignee = ?", [Value::Text(name.0.clone())]),
            Some(None) => these.and("tickets.assignee IS NULL", []),
            None => {}
        }
        if filter.overdue {
            these.and("tickets.due_at <= ?", [Value::Integer(now.millis())]);
        }
        if filter.waiting {
            these.and("tickets.waiting_since IS NOT NULL", []);
        }
        match filter.snoozed {
            Some(false) => {
                these.and(
                    "(tickets.snoozed_until IS NULL OR tickets.snoozed_until <= ?)",
                    [Value::Integer(now.millis())],
                );
            }
            Some(true) => these.and("tickets.snoozed_until > ?", [Value::Integer(now.millis())]),
            None => {}
        }
        if let Some(imported) = filter.imported {
            these.and("tickets.imported = ?", [Value::Integer(imported.into())]);
        }
        if let Some(quiet) = filter.quiet {
            these.condition(&Condition::Quiet(Span { less: false, span: quiet }), false, None, now);
        }
        these
    }

    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    /// Adds what a query asks, for the agent who reads.
    pub(super) fn query(&mut self, query: &Query, reader: &AgentName, now: Timestamp) {
        for term in &query.terms {
            self.condition(&term.condition, term.negated, Some(reader), now);
        }
    }

    fn condition(&mut self, condition: &Condition, negated: bool, reader: Option<&AgentName>, now: Timestamp) {
        let (sql, values) = written(condition, reader, now);
        // What is unknown does not hold, and its contrary does.
        let wanted = if negated { "NOT " } else { "" };
        self.and(&format!("{wanted}coalesce(({sql}), 0)"), values);
    }
}

/// The instant of a ticket's fold, in milliseconds.
fn folded(field: &str) -> String {
    format!("CAST(unixepoch(json_extract(tickets.fold, '$.{field}'), 'subsec') * 1000 AS INTEGER)")
}

/// Writes a condition; what it means is said by [`Condition::holds`].
fn written(condition: &Condition, reader: Option<&AgentName>, now: Timestamp) -> (String, Vec<Value>) {
    let text = |text: &str| Value::Text(text.to_owned());
    let now_value = Value::Integer(now.millis());
    match condition {
        Condition::Status(statuses) => {
            any("tickets.status = ?", statuses.iter().map(|status| vec![text(status.label())]))
        }
        Condition::Assignee(whose) => {
            let parts: Vec<(String, Vec<Value>)> = whose.iter().map(|who| assignee(who, reader)).collect();
            or(parts)
        }
        Condition::Mentions(whom) => or(whom.iter().map(|who| mentions(who, reader)).collect()),
        Condition::Tag(tags) => any("instr(tickets.tags, ?)", tags.iter().map(|tag| vec![text(&format!("|{tag}|"))])),
        Condition::Category(all) => {
            let own = "json_extract(tickets.fold, '$.category')";
            or(all
                .iter()
                .map(|one| match one {
                    Some(category) => (format!("{own} = ?"), vec![text(category.as_str())]),
                    None => (format!("{own} IS NULL"), Vec::new()),
                })
                .collect())
        }
        Condition::Priority(all) => {
            any("tickets.priority = ?", all.iter().map(|one| vec![Value::Integer(one.rank().into())]))
        }
        Condition::Waiting(span) => since("tickets.waiting_since", *span, now),
        // What is overdue is no time away.
        Condition::Due(span) => {
            let sign = if span.less { '<' } else { '>' };
            let equal = if span.less { "" } else { "=" };
            let sql = format!("max(tickets.due_at - ?, 0) {sign}{equal} ?");
            (sql, vec![now_value, millis(*span)])
        }
        Condition::Quiet(span) => since("tickets.quiet_since", *span, now),
        Condition::Age(span) => since(&folded("opened_at"), *span, now),
        Condition::Customer(names) => or(names.iter().map(|name| customer(name)).collect()),
        Condition::Group(names) => or(names.iter().map(|name| group(name)).collect()),
        Condition::Language(codes) => {
            // `pt` takes `pt-BR` too.
            let own = "lower(json_extract(tickets.fold, '$.language'))";
            let sql = format!("({own} = ? OR substr({own}, 1, length(?) + 1) = ? || '-')");
            any(&sql, codes.iter().map(|code| vec![text(code); 3]))
        }
        Condition::Before(at) => (format!("{} < ?", folded("opened_at")), vec![Value::Integer(at.millis())]),
        Condition::After(at) => (format!("{} >= ?", folded("opened_at")), vec![Value::Integer(at.millis())]),
        Condition::Is(flag) => is(*flag, now_value),
        Condition::Words(words) => words_in(words),
    }
}

fn any(sql: &str, values: impl IntoIterator<Item = Vec<Value>>) -> (String, Vec<Value>) {
    or(values.into_iter().map(|values| (sql.to_owned(), values)).collect())
}

fn or(parts: Vec<(String, Vec<Value>)>) -> (String, Vec<Value>) {
    let (sql, values): (Vec<String>, Vec<Vec<Value>>) = parts.into_iter().unzip();
    (sql.join(" OR "), values.concat())
}

fn millis(span: Span) -> Value {
    Value::Integer(i64::try_from(span.span.as_millis()).unwrap_or(i64::MAX))
}

fn since(column: &str, span: Span, now: Timestamp) -> (String, Vec<Value>) {
    let compare = if span.less { "<" } else { ">=" };
    (format!("max(? - {column}, 0) {compare} ?"), vec![Value::Integer(now.millis()), millis(span)])
}

fn assignee(who: &Who, reader: Option<&AgentName>) -> (String, Vec<Value>) {
    match (who, reader) {
        (Who::Nobody, _) => ("tickets.assignee IS NULL".to_owned(), Vec::new()),
        (Who::Agent(name), _) => ("tickets.assignee = ? COLLATE NOCASE".to_owned(), vec![Value::Text(name.0.clone())]),
        (Who::Me, Some(reader)) => ("tickets.assignee = ?".to_owned(), vec![Value::Text(reader.0.clone())]),
        (Who::Me, None) => ("0".to_owned(), Vec::new()),
    }
}

fn mentions(who: &Who, reader: Option<&AgentName>) -> (String, Vec<Value>) {
    let named = |compare: &str| {
        format!("EXISTS (SELECT 1 FROM json_each(tickets.fold, '$.mentioned') AS named WHERE named.value = ?{compare})")
    };
    match (who, reader) {
        (Who::Nobody, _) => ("json_extract(tickets.fold, '$.mentioned') IS NULL".to_owned(), Vec::new()),
        (Who::Agent(name), _) => (named(" COLLATE NOCASE"), vec![Value::Text(name.0.clone())]),
        (Who::Me, Some(reader)) => (named(""), vec![Value::Text(reader.0.clone())]),
        (Who::Me, None) => ("0".to_owned(), Vec::new()),
    }
}

fn is(flag: Flag, now: Value) -> (String, Vec<Value>) {
    let sql = match flag {
        Flag::Live => {
            let live: Vec<_> = Filter::live().statuses.iter().map(|status| format!("'{}'", status.label())).collect();
            format!("tickets.status IN ({})", live.join(","))
        }
        Flag::Waiting => "tickets.waiting_since IS NOT NULL".to_owned(),
        Flag::Unassigned => "tickets.assignee IS NULL".to_owned(),
        Flag::Snoozed => return ("tickets.snoozed_until > ?".to_owned(), vec![now]),
        Flag::Overdue => return ("tickets.due_at <= ?".to_owned(), vec![now]),
        Flag::Flagged => "json_extract(tickets.fold, '$.flagged')".to_owned(),
        Flag::Imported => "tickets.imported".to_owned(),
        Flag::Outside => "json_extract(tickets.fold, '$.outside')".to_owned(),
        Flag::Reopened => "json_extract(tickets.fold, '$.episode') > 1".to_owned(),
    };
    (sql, Vec::new())
}

fn lower(part: &str) -> Value {
    Value::Text(part.to_lowercase())
}

/// Teaches a connection `says(text, part)`: whether the text contains the part (lower case) whatever its case, in any script. SQLite's own LIKE
/// knows the case of Latin letters only. And `answers(id, name, title, username, word)`: whether a group answers to a word.
pub(super) fn teach(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("says", 2, flags, |context| {
        let [text, part] = [context.get_raw(0), context.get_raw(1)].map(|value| value.as_str_or_null());
        Ok(match (text?, part?) {
            (Some(text), Some(part)) => text.to_lowercase().contains(part),
            _ => false,
        })
    })?;
    connection.create_scalar_function("answers", 5, flags, |context| {
        let id = GroupId(context.get(0)?);
        let [given, title, username, word] = [1, 2, 3, 4].map(|at| context.get_raw(at).as_str_or_null());
        let called = Called { id, given: given?, title: title?.unwrap_or_default(), username: username? };
        Ok(called.answers_to(word?.unwrap_or_default()))
    })?;
    Ok(())
}

fn customer(name: &str) -> (String, Vec<Value>) {
    if let Ok(id) = name.parse::<i64>() {
        return ("tickets.customer = ?".to_owned(), vec![Value::Integer(id)]);
    }
    let (sql, value) = match name.strip_prefix('@') {
        Some(username) => ("people.username = ? COLLATE NOCASE", Value::Text(username.to_owned())),
        None => ("says(people.name, ?)", lower(name)),
    };
    (format!("EXISTS (SELECT 1 FROM people WHERE people.id = tickets.customer AND {sql})"), vec![value])
}

fn group(name: &str) -> (String, Vec<Value>) {
    // Asked once for each group, not for each ticket.
    let sql = "tickets.group_id IN (SELECT id FROM groups WHERE answers(id, json_extract(facts, '$.name'),
               json_extract(facts, '$.title'), json_extract(facts, '$.username'), ?))";
    (sql.to_owned(), vec![Value::Text(name.to_owned())])
}

/// Writes that title, customer, assignee or last message contains the words, or that they are the ticket's number.
fn words_in(words: &str) -> (String, Vec<Value>) {
    let number = words.trim_start_matches('#').parse::<i64>().unwrap_or(0);
    let sql = "says(topics.title, ?) OR says(topics.last_text, ?) OR tickets.topic = ? OR says(tickets.assignee, ?)
               OR EXISTS (SELECT 1 FROM people WHERE people.id = tickets.customer
               AND (says(people.name, ?) OR says(people.username, ?)))";
    let part = lower(words);
    (sql.to_owned(), vec![part.clone(), part.clone(), Value::Integer(number), part.clone(), part.clone(), part])
}
