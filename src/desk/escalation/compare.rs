//! The difference between what two sets of rules would have done.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Cause, Replayed};
use crate::clock::Timestamp;
use crate::desk::ids::TicketKey;

/// A firing that both have, at different instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// For which ticket.
    pub ticket: TicketKey,
    /// Its title then.
    pub title: String,
    /// The rule.
    pub rule: String,
    /// What for.
    #[serde(flatten)]
    pub cause: Cause,
    /// When it fires here.
    pub here: Timestamp,
    /// When it fires there.
    pub there: Timestamp,
}

/// What two sets of rules do differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What only the first one does.
    pub only_here: Vec<Replayed>,
    /// What only the second one does.
    pub only_there: Vec<Replayed>,
    /// What both do, one sooner than the other.
    pub moved: Vec<Moved>,
}

/// Compares by ticket, rule and cause.
pub fn compare(here: &[Replayed], there: &[Replayed]) -> Difference {
    let key = |one: &Replayed| (one.ticket, one.rule.clone(), one.cause);
    let mut others: BTreeMap<_, &Replayed> = there.iter().map(|one| (key(one), one)).collect();
    let mut difference = Difference::default();
    for one in here {
        match others.remove(&key(one)) {
            None => difference.only_here.push(one.clone()),
            Some(other) if other.at != one.at => difference.moved.push(Moved {
                ticket: one.ticket,
                title: one.title.clone(),
                rule: one.rule.clone(),
                cause: one.cause,
                here: one.at,
                there: other.at,
            }),
            Some(_) => {}
        }
    }
    difference.only_there = there.iter().filter(|one| others.contains_key(&key(one))).cloned().collect();
    difference
}
