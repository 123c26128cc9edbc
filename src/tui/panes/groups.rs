//! Groups on the screen: nothing of them while the desk has one.

use super::super::model::Model;
use super::super::view::number;
use super::super::widgets::text;
use crate::desk::groups;
use crate::desk::ids::TicketKey;
use crate::engine::views::{DeskView, TicketRow};

/// How wide the column of a queue is.
pub(crate) const WIDTH: usize = 8;

/// From how many columns on a queue has one.
const WIDE: usize = 72;

/// Tells whether there is more than one group.
pub(crate) fn several(model: &Model) -> bool {
    model.desk.as_ref().is_some_and(|desk| desk.groups.len() > 1)
}

/// Tells whether the queue has a column for it.
pub(crate) fn has_column(model: &Model, width: usize) -> bool {
    several(model) && width >= WIDE
}

/// Tells what a row shows of its group's name.
pub(crate) fn short<'r>(model: &Model, row: &'r TicketRow) -> &'r str {
    let groups = model.desk.iter().flat_map(|desk| &desk.groups);
    let names: Vec<&str> = groups.map(|facts| facts.called().name()).collect();
    groups::short(&row.group_name, &names, WIDTH)
}

/// Tells what a row without a column says of its group.
pub(crate) fn remark(model: &Model, row: &TicketRow, width: usize) -> String {
    if several(model) && !has_column(model, width) {
        format!("[{}] ", text::cut(short(model, row), WIDTH))
    } else {
        String::new()
    }
}

/// Names a ticket with its group, if there is more than one.
pub(crate) fn named(model: &Model, row: &TicketRow) -> String {
    let number = number(row);
    if several(model) { format!("{}/{}", row.group_name, number.trim_start_matches('#')) } else { number }
}

/// Tells of which group a General is, if there is more than one.
pub(crate) fn of_general(model: &Model, row: &TicketRow) -> String {
    if several(model) { format!(" of {}", row.group_name) } else { String::new() }
}

/// Names a ticket, with its group if there is more than one.
pub(crate) fn ticket(model: &Model, ticket: TicketKey) -> String {
    model.desk.as_ref().map_or_else(|| ticket.to_string(), |desk| desk.ticket_name(ticket))
}

/// Tells the groups in which nothing can be sent, if there are others in which something can.
pub(crate) fn barred(desk: &DeskView) -> Option<String> {
    let barred = desk.groups.iter().filter(|facts| facts.read_only().is_some());
    let names: Vec<&str> = barred.map(|facts| facts.called().name()).collect();
    let known = |one: &&crate::engine::views::Missing| desk.groups.iter().any(|facts| Some(facts.group) == one.group);
    let unknown: Vec<&str> = desk.missing.iter().filter(|one| !known(one)).map(|one| one.name.as_str()).collect();
    let some_open = names.len() < desk.groups.len();
    let all: Vec<&str> = names.into_iter().chain(unknown).collect();
    (some_open && !all.is_empty()).then(|| all.join(", "))
}

/// Tells how far the first synchronisation is: of several groups, in which.
pub(crate) fn syncing(desk: &DeskView, percent: u8) -> String {
    match desk.behind.iter().find(|(_, own)| *own == percent).and_then(|(group, _)| desk.group_name(*group)) {
        Some(name) => format!("syncing {name} {percent} %"),
        None => format!("syncing {percent} %"),
    }
}
