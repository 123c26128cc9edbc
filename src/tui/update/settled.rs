//! What follows when a command was carried out or refused.

use super::super::composer::Editing;
use super::super::effect::{Effect, ReadKind};
use super::super::model::{Focus, Model};
use super::super::panes::groups;
use super::super::until;
use super::super::work::{After, NextFor, Repeatable, Submitted, Undoable};
use super::{bulk, compose, desk_work, files, keep, queue, refresh_at_once, say, standing, templates, warn};
use crate::clock::Timestamp;
use crate::desk::along::{Along, Then};
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::TicketKey;
use crate::desk::tags::{Tag, TagChange};
use crate::desk::ticket::{Pending, Standing};
use crate::engine::handle::Receipt;
use crate::engine::views::ViewRequest;

pub(super) fn on_settled(model: &mut Model, tag: u64, outcome: Result<Receipt, Refusal>, out: &mut Vec<Effect>) {
    let Some(Submitted { ticket, after, .. }) = model.submitted.remove(&tag) else { return };
    if let (Some(ticket), Ok(receipt)) = (ticket, &outcome) {
        stands_now(model, ticket, receipt);
    }
    if let Some(ticket) = ticket
        && matches!(
            after,
            After::Desk(Repeatable::Claim | Repeatable::TakeOver) | After::Bulk(Repeatable::Claim, _) | After::Say(_)
        )
        && model.claiming.remove(&ticket)
        && outcome.is_ok()
    {
        keep::begin(model, ticket, out);
    }
    // Of many at once, and of what nobody waits for, the next regular reading tells.
    let is_waited_for = !matches!(after, After::Bulk(..) | After::BulkReply { .. } | After::Draft | After::Ignored);
    match outcome {
        Ok(receipt) => {
            done(model, ticket, after, &receipt, out);
            if is_waited_for {
                model.at_once = true;
                refresh_at_once(model, receipt.revision, out);
            }
        }
        Err(refusal) => refused(model, ticket, after, &refusal, out),
    }
}

/// Until it is read again, the ticket is shown as its receipt says that it stands.
fn stands_now(model: &mut Model, ticket: TicketKey, receipt: &Receipt) {
    let Some(standing) = receipt.standing.as_ref().filter(|_| model.read_through < receipt.revision) else { return };
    let row = model.queue.rows.iter_mut().find(|row| row.key() == ticket);
    let open = model.open.as_mut().filter(|open| open.key == ticket).and_then(|open| open.ticket.as_mut());
    for row in row.into_iter().chain(open.map(|view| &mut view.row)) {
        let Standing { status, assignee, pending } = standing.clone();
        (row.status, row.assignee, row.pending) = (status, assignee, pending);
    }
}

fn done(model: &mut Model, ticket: Option<TicketKey>, after: After, receipt: &Receipt, out: &mut Vec<Effect>) {
    let move_of = |done: &str| {
        receipt.undo.zip(ticket).map(|(event, ticket)| Undoable::Move { ticket, event, done: done.to_owned() })
    };
    let notice = |words: String| match &receipt.notice {
        Some(notice) => format!("{words}: {notice}"),
        None => words,
    };
    if let (true, Some(why), After::Desk(_) | After::Say(_) | After::Undone(_)) =
        (receipt.unchanged, &receipt.notice, &after)
    {
        return say(model, format!("nothing changed: {why}"), out);
    }
    match after {
        After::Desk(what) => {
            let undoable = move_of(&what.done()).or_else(|| taken_back_otherwise(model, &what, ticket, receipt));
            let undo = match &undoable {
                Some(Undoable::Final(_)) => " · this is final".to_owned(),
                Some(_) => desk_work::undo_words(model),
                None => String::new(),
            };
            model.undo.extend(undoable);
            let name = name_of(model, ticket);
            let until = until_words(model, &what);
            say(model, format!("{}{undo}", notice(format!("{} {name}{until}", what.done()))), out);
            if let Some(ticket) = ticket {
                go_on(model, &what, ticket, out);
            }
        }
        After::BulkReply { text, along, batch } => bulk::sent(model, ticket, (text, along), batch, receipt, out),
        After::Bulk(what, batch) => {
            let undoable = move_of(&what.done()).or_else(|| taken_back_otherwise(model, &what, ticket, receipt));
            model.undo.extend(undoable);
            bulk::tally(model, batch, &what.done(), None, out);
        }
        After::Reply { text, reply_to, file, along } => {
            if let (Some(outbox), Some(ticket)) = (receipt.outbox, ticket) {
                // Once the reply has left, what came along with it can be taken back by itself.
                let moved = receipt.undo.filter(|_| !along.actions.is_empty());
                if moved.is_some() {
                    model.undo.extend(move_of(&along.actions.to_string()));
                }
                if !along.actions.is_empty() && receipt.notice.is_none() {
                    say(
                        model,
                        format!(
                            "replied to {}, then: {}{}",
                            groups::ticket(model, ticket),
                            along.actions,
                            desk_work::undo_words(model)
                        ),
                        out,
                    );
                }
                let then = along.actions.then;
                model.undo.push(Undoable::Reply { outbox, ticket, text, reply_to, file, along, moved });
                match then {
                    Some(Then::Resolve) => go_on(model, &Repeatable::Resolve, ticket, out),
                    Some(Then::Pending(reason)) => {
                        go_on(model, &Repeatable::SetPending(Pending { reason, until: None }), ticket, out);
                    }
                    None => {}
                }
            }
            if let Some(ticket) = ticket {
                forget_draft(model, ticket, out);
            }
            if let Some(words) = &receipt.notice {
                say(model, words.clone(), out);
            }
        }
        After::Note(_) => {
            if let Some(ticket) = ticket {
                forget_draft(model, ticket, out);
                say(model, notice(format!("noted in {}", groups::ticket(model, ticket))), out);
            }
        }
        After::TakenBack(Undoable::Reply { ticket, text, reply_to, file, along, moved, .. }) => {
            let kept = |one: &Undoable| !matches!(one, Undoable::Move { event, .. } if Some(*event) == moved);
            model.undo.retain(kept);
            let here = compose::give_back(model, ticket, &text, (reply_to, file, along), false, out);
            let words =
                if here { String::new() } else { format!("; it is your draft in {}", groups::ticket(model, ticket)) };
            say(model, notice(format!("taken back: nothing was sent{words}")), out);
        }
        After::TakenBack(_) => {}
        After::Change(outbox, text) => {
            compose::edit(model, Editing::Unsent(outbox), receipt.text.as_deref().unwrap_or(&text));
        }
        After::Undone(what) => {
            let name = name_of(model, ticket);
            say(model, notice(format!("taken back: {what} {name}")), out);
        }
        After::Verify(ticket) => standing::begun(model, ticket, out),
        After::Fetched(then) => files::asked(model, ticket, then, receipt, out),
        After::Say(words) => {
            // The words name the ticket themselves: `claimed #1042`.
            let name = format!(" {}", name_of(model, ticket));
            let done = words.split(&name).next().unwrap_or_default();
            model.undo.extend(move_of(done));
            say(model, notice(words), out);
        }
        After::Draft | After::Ignored => {}
    }
    let kept = model.undo.len().saturating_sub(50);
    model.undo.drain(..kept);
}

fn name_of(model: &Model, ticket: Option<TicketKey>) -> String {
    ticket.map(|ticket| groups::ticket(model, ticket)).unwrap_or_default()
}

/// Tells for whom and how long it waits, or how long it is hidden; empty for what has no end.
fn until_words(model: &Model, what: &Repeatable) -> String {
    let at = |until: Timestamp| format!(" until {}", model.zone.moment(until, model.now));
    match what {
        Repeatable::SetPending(Pending { reason, until }) => {
            format!(", {}{}", reason.title(), until.map(at).unwrap_or_default())
        }
        Repeatable::Snooze(Some(until)) => at(*until),
        _ => String::new(),
    }
}

/// Tells what `u` does after an action that moves neither status nor assignee; `None` if nothing has happened.
fn taken_back_otherwise(
    model: &Model,
    what: &Repeatable,
    ticket: Option<TicketKey>,
    receipt: &Receipt,
) -> Option<Undoable> {
    let ticket = ticket.filter(|_| receipt.notice.is_none())?;
    // The row has not been read again yet: it says what was before.
    let row = model.row_of(ticket);
    let back = |back| Some(Undoable::Back { ticket, what: back, done: what.done() });
    match what {
        Repeatable::Snooze(_) => {
            back(Repeatable::Snooze(row.and_then(|row| row.snoozed_until).filter(|until| *until > model.now)))
        }
        Repeatable::SetPriority(_) => back(Repeatable::SetPriority(row?.priority)),
        Repeatable::SetCategory(_) => back(Repeatable::SetCategory(row?.category.clone())),
        Repeatable::SetTeam(_) => back(Repeatable::SetTeam(row?.team.clone())),
        Repeatable::Tag(change) => {
            let (had, had_not): (Vec<Tag>, Vec<Tag>) = [&change.add[..], &change.remove]
                .concat()
                .into_iter()
                .partition(|tag| row.is_some_and(|row| row.tags.contains(tag)));
            let add = had.into_iter().filter(|tag| change.remove.contains(tag)).collect();
            let remove = had_not.into_iter().filter(|tag| change.add.contains(tag)).collect();
            back(Repeatable::Tag(TagChange { add, remove }))
        }
        Repeatable::NoReplyNeeded => Some(Undoable::Final(format!("{} {ticket}", what.done()))),
        _ => None,
    }
}

/// The draft has become a reply or a note, unless something else is being written there already.
fn forget_draft(model: &mut Model, ticket: TicketKey, out: &mut Vec<Effect>) {
    let writing = model.composer.as_ref().is_some_and(|composer| composer.ticket == ticket && !composer.is_empty());
    let kept = model.drafts.get(&ticket).is_some_and(|draft| !draft.text.is_empty());
    if !writing && !kept {
        out.push(model.submit(Command::SaveDraft { ticket, text: String::new(), note: false }, After::Draft));
    }
}

/// After resolving or pending in the thread: the next ticket, the queue, or nothing.
fn go_on(model: &mut Model, what: &Repeatable, ticket: TicketKey, out: &mut Vec<Effect>) {
    let policy = match what {
        Repeatable::Resolve => model.setup.after_resolve.as_str(),
        Repeatable::SetPending(_) => model.setup.after_pending.as_str(),
        _ => return,
    };
    if model.focus != Focus::Thread || model.open.as_ref().is_none_or(|open| open.key != ticket) {
        return;
    }
    match policy {
        "stay" => {}
        "queue" => super::thread::leave(model, out),
        _ => {
            model.next_for = NextFor::AfterAction;
            let request = ViewRequest::NextTicket { after: Some(ticket), backwards: false };
            out.push(model.read(ReadKind::Next, request));
        }
    }
}

fn refused(model: &mut Model, ticket: Option<TicketKey>, after: After, refusal: &Refusal, out: &mut Vec<Effect>) {
    let words = match refusal {
        Refusal::Taken { ticket, assignee, since } => {
            let ago = until::ago(model.now.since(*since));
            format!(
                "{} is {assignee}'s: claimed {ago} earlier · `:takeover` makes it yours",
                groups::ticket(model, *ticket)
            )
        }
        Refusal::Past(at) => format!("{} has passed already", model.zone.moment(*at, model.now)),
        other => other.to_string(),
    };
    match after {
        After::Reply { text, reply_to, file, along } => {
            let here = ticket
                .is_some_and(|ticket| compose::give_back(model, ticket, &text, (reply_to, file, along), false, out));
            warn(model, format!("not sent: {words}"), out);
            if let (Refusal::Guarded(found), true) = (refusal, here) {
                templates::ask_found(model, found);
            }
        }
        After::BulkReply { batch, .. } => {
            if let Some(ticket) = ticket {
                model.replied.remove(&ticket);
            }
            bulk::tally(model, batch, "on their way", Some(refusal), out);
        }
        After::Note(text) => {
            if let Some(ticket) = ticket {
                compose::give_back(model, ticket, &text, (None, None, Along::default()), true, out);
            }
            warn(model, format!("not noted: {words}"), out);
        }
        After::Bulk(what, batch) => bulk::tally(model, batch, &what.done(), Some(refusal), out),
        After::Change(..) => warn(model, format!("not changed: {words}"), out),
        After::TakenBack(_) => warn(model, format!("not taken back: {words}"), out),
        After::Say(_) => {
            // A claim for a reply was lost: leaving empty has nothing to give back.
            if let (Refusal::Taken { .. }, Some(composer)) = (refusal, &mut model.composer) {
                composer.claimed_here = false;
            }
            warn(model, words, out);
        }
        After::Desk(_) | After::Undone(_) | After::Verify(_) | After::Fetched(_) | After::Draft => {
            warn(model, words, out);
        }
        After::Ignored => {}
    }
    // What was shown before its time is read again as it is.
    out.push(queue::read(model));
}
