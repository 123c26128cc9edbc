//! What is asked, or said, before something is written: whose ticket it is, who else writes there, whether anything can be sent.

use super::super::action::Action;
use super::super::effect::Effect;
use super::super::model::Model;
use super::super::overlays::{Choice, Confirm, Then};
use super::super::panes::groups;
use super::{overlay, presence, warn};
use crate::desk::ids::TicketKey;

/// Asks before a reply to another's ticket, once, and while somebody else writes one; tells whether it asks.
pub(super) fn asks_first(model: &mut Model, key: TicketKey) -> bool {
    asks_whose(model, key) || presence::asks_first(model, key, Then::WriteToo)
}

fn asks_whose(model: &mut Model, key: TicketKey) -> bool {
    if model.agreed.contains(&key) {
        return false;
    }
    let me = model.me.clone();
    let Some(row) = model.row_of(key).filter(|row| row.status.is_live()) else { return false };
    let Some(assignee) = row.assignee.clone().filter(|assignee| *assignee != me) else { return false };
    let writing = presence::news(model, key).map(|words| format!(" {words} here.")).unwrap_or_default();
    let choice = |key, label: String, then| Choice { key, label, then };
    overlay::ask(
        model,
        Confirm {
            question: format!("{} is {assignee}'s.{writing}", groups::ticket(model, key)),
            choices: vec![
                choice('n', "write an internal note instead".to_owned(), Then::NoteInstead),
                choice('s', format!("reply anyway; it stays {assignee}'s"), Then::ReplyAnyway),
                choice('t', "take it over and reply".to_owned(), Then::TakeOver),
            ],
        },
    );
    true
}

/// Tells whether nothing can be sent to a ticket, and says so before anything is written.
pub(super) fn is_barred(model: &mut Model, key: TicketKey, out: &mut Vec<Effect>) -> bool {
    let is_closed = model.row_of(key).is_some_and(|row| !row.status.takes_replies());
    if is_closed {
        let reopen = model.key(Action::Reopen);
        let words = if reopen.is_empty() { String::new() } else { format!(": {reopen} reopens it") };
        warn(model, format!("{} is closed{words}", groups::ticket(model, key)), out);
    }
    is_closed
}
