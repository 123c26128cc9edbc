//! The desk's queues: the list of all of them, and the way to one by its name.

use super::super::effect::Effect;
use super::super::model::Model;
use super::super::overlays::Overlay;
use super::super::widgets::picker::{Item, Picker};
use super::{queue, ring, warn};
use crate::desk::groups::Given;
use crate::desk::query::Query;
use crate::engine::views::{Counts, QueueName};

/// Lists every queue with its count, the desk's own after those that every desk has.
pub(super) fn open(model: &mut Model) {
    let counts = model.counts.queues.iter().map(|(name, count)| (*name, name.title().to_owned(), *count));
    let saved = (0..)
        .map(QueueName::Saved)
        .zip(&model.counts.saved)
        .map(|(name, (title, count))| (name, title.clone(), *count));
    let all: Vec<(QueueName, String, usize)> = counts.chain(saved).collect();
    let items = all.iter().enumerate().map(|(index, (_, title, count))| Item {
        label: title.clone(),
        detail: count.to_string(),
        index,
        ..Item::default()
    });
    let picker = Picker::new(items.collect());
    model.overlay = Some(Overlay::Queues(picker, all.into_iter().map(|(name, ..)| name).collect()));
}

/// Goes to the queue of that name, or one that begins so.
pub(super) fn go(model: &mut Model, words: &str, out: &mut Vec<Effect>) {
    let wanted = words.trim().to_lowercase();
    let known = QueueName::ALL.into_iter().map(|name| (name, name.title()));
    let saved = (0..).map(QueueName::Saved).zip(model.counts.saved.iter().map(|(title, _)| title.as_str()));
    let all: Vec<(QueueName, String)> = known.chain(saved).map(|(name, title)| (name, title.to_lowercase())).collect();
    let found =
        all.iter().find(|(_, title)| *title == wanted).or(all.iter().find(|(_, title)| title.starts_with(&wanted)));
    match found.map(|(name, _)| *name) {
        Some(name) => queue::switch(model, name, out),
        None => warn(model, format!("there is no queue `{}`", words.trim()), out),
    }
}

/// Takes new counts; says so, once, when somebody has begun to wait longer than the desk wants.
pub(super) fn on_counts(model: &mut Model, counts: Counts, out: &mut Vec<Effect>) {
    let begins = counts.waits_too_long && !model.counts.waits_too_long;
    let since = counts.waiting_since;
    model.counts = counts;
    if let Some(since) = since.filter(|_| begins) {
        let long = super::super::until::ago(model.now.since(since));
        warn(model, format!("somebody has waited for {long}: queue Waiting"), out);
        ring(model, out);
    }
}

/// Tells what is wrong with a filter; `None` if it is a query.
pub(super) fn mistake(model: &Model, filter: &str) -> Option<String> {
    let groups = model.desk.iter().flat_map(|desk| &desk.groups).map(|facts| Given::from(facts.called()));
    // Which zone's days are meant changes nothing about what is a query.
    Query::parse_among(filter, chrono_tz::UTC, &groups.collect::<Vec<_>>()).err().map(|error| error.to_string())
}
