//! What follows when a read was answered.

use super::super::effect::{Effect, ReadKind};
use super::super::model::{Focus, Model};
use super::super::panes::groups;
use super::super::work::NextFor;
use super::{
    bulk, desk_work, escalations, explain, keep, lookup, outbox, queue, queues, say, standing, stats, suggestions,
    templates, thread, warn,
};
use crate::desk::ids::TicketKey;
use crate::engine::views::{Suggestions, View};

pub(super) fn on_answer(model: &mut Model, kind: ReadKind, view: View, out: &mut Vec<Effect>) {
    match (kind, view) {
        (ReadKind::Queue, View::Queue(page)) => queue::on_page(model, page, out),
        (ReadKind::Counts, View::Counts(counts)) => queues::on_counts(model, counts, out),
        (ReadKind::Desk, View::Desk(desk)) => {
            // It may have been named anew since the screen was opened.
            model.setup.desk_name.clone_from(&desk.name);
            model.desk = Some(*desk);
            standing::on_desk(model, out);
        }
        (ReadKind::Checks, View::Completeness { checks }) => standing::on_checks(model, checks, out),
        (ReadKind::Thread | ReadKind::Before | ReadKind::After, View::Thread(page)) => {
            thread::on_page(model, kind, *page, out);
            if kind == ReadKind::Thread {
                suggestions::follow(model, out);
            }
        }
        (ReadKind::Suggestions, View::Suggestions(known)) => suggestions::on_suggested(model, known),
        // Nobody has asked for it: the pane goes without.
        (ReadKind::Suggestions, _) => suggestions::on_suggested(model, Suggestions::default()),
        (ReadKind::Articles, View::Suggestions(found)) => suggestions::on_found(model, found, out),
        (ReadKind::Explain, View::Explained { explanation }) => explain::on_explained(model, explanation, out),
        (ReadKind::Search, View::Search { hits }) => lookup::found(model, hits, out),
        (ReadKind::Outbox, View::Outbox { rows }) => outbox::on_rows(model, rows),
        (ReadKind::Escalations, View::Escalations { firings }) => escalations::on_firings(model, firings),
        (ReadKind::Templates, View::Templates { uses }) => templates::on_uses(model, uses),
        (ReadKind::Targets, View::Targets { targets }) => bulk::on_targets(model, targets, out),
        (ReadKind::Stats, View::Stats(report)) => stats::on_report(model, *report),
        (ReadKind::Stats, View::Unreadable { why }) => {
            stats::not_counted(model);
            warn(model, why, out);
        }
        (ReadKind::Activity, View::Activity { lines }) => stats::on_activity(model, lines),
        (ReadKind::Jump, View::Queue(page)) => lookup::jumps(model, page.rows, out),
        (ReadKind::Find, View::Found { tickets }) => found(model, &tickets, out),
        (ReadKind::Next, View::Ticket { ticket }) => next(model, ticket, out),
        (ReadKind::Kept, View::Thread(page)) => keep::on_row(model, page.ticket.row),
        (ReadKind::Kept, View::Unreadable { .. }) => keep::let_go(model),
        (ReadKind::Thread, View::Unreadable { why }) => {
            if model.open.as_ref().is_some_and(|open| open.ticket.is_none()) {
                model.open = None;
                if model.focus != Focus::Queue {
                    super::focus(model, Focus::Queue);
                }
            }
            warn(model, why, out);
        }
        (_, View::Unreadable { why }) => warn(model, why, out),
        // An answer of another kind than asked for: there is nothing to show.
        _ => {}
    }
}

fn next(model: &mut Model, ticket: Option<crate::desk::ids::TicketKey>, out: &mut Vec<Effect>) {
    let purpose = std::mem::take(&mut model.next_for);
    let here = model.open.as_ref().filter(|_| model.focus != Focus::Queue).map(|open| open.key);
    match (ticket, purpose) {
        (Some(key), NextFor::Open) if Some(key) == here => say(model, "no other ticket needs you".to_owned(), out),
        // Whoever has begun to write since is not taken away from it.
        (Some(_), NextFor::AfterAction) if model.focus != Focus::Thread => {}
        (Some(key), NextFor::AfterAction) if Some(key) == here => say(model, "nothing else needs you".to_owned(), out),
        (Some(key), NextFor::Open | NextFor::AfterAction) => thread::open(model, key, out),
        (Some(key), NextFor::Repeat(what)) => {
            if Some(key) == here {
                return say(model, "no other ticket needs you".to_owned(), out);
            }
            thread::open(model, key, out);
            desk_work::submit_one(model, what, key, out);
        }
        (None, NextFor::AfterAction) => {
            thread::leave(model, out);
            say(model, "nothing else needs you".to_owned(), out);
        }
        (None, _) => say(model, "no ticket needs you".to_owned(), out),
    }
}

/// Opens the ticket that was looked for; if several groups have its number, says how to name it.
fn found(model: &mut Model, tickets: &[TicketKey], out: &mut Vec<Effect>) {
    match tickets {
        [] => warn(model, "there is no such ticket".to_owned(), out),
        [ticket] => thread::open(model, *ticket, out),
        several => {
            let names: Vec<String> = several.iter().map(|ticket| groups::ticket(model, *ticket)).collect();
            warn(model, format!("several groups have it: write {}", names.join(" or ")), out);
        }
    }
}
