//! What each action does. The one place where all actions are named a second time.

use super::super::action::{Action, Context};
use super::super::effect::{Effect, ReadKind};
use super::super::model::{Focus, Model};
use super::super::overlays::{Confirm, Then, UntilFor};
use super::super::panes::groups;
use super::super::prompt::{Prompt, PromptKind};
use super::super::widgets::line_edit::LineEdit;
use super::super::work::{NextFor, Repeatable};
use super::{
    attach, bulk, close, compose, desk_work, escalations, explain, files, intake, jump, lookup, outbox, overlay,
    presence, queue, queues, say, standing, stats, suggestions, templates, thread, warn, whole,
};
use crate::desk::command::Command;
use crate::desk::thread::Delivery;
use crate::desk::ticket::PendingReason;
use crate::engine::views::{Entry, EntryKind, QueueName, Side, ViewRequest};

pub(super) fn perform(model: &mut Model, action: Action, out: &mut Vec<Effect>) {
    if action.row().context == Context::Ticket && action != Action::CopyLink && intake::is_of_general(model, out) {
        return;
    }
    match action {
        Action::Claim => desk_work::act(model, Repeatable::Claim, out),
        Action::Release => desk_work::act(model, Repeatable::Release, out),
        Action::TakeOver => desk_work::act(model, Repeatable::TakeOver, out),
        Action::Reopen => desk_work::act(model, Repeatable::Reopen, out),
        Action::NoReplyNeeded => desk_work::act(model, Repeatable::NoReplyNeeded, out),
        Action::Close => close::open(model, out),
        Action::Resolve => desk_work::resolve(model, out),
        Action::SetPending => {
            let reason = default_reason(model);
            overlay::open_until(model, UntilFor::Pending(reason), out);
        }
        Action::Snooze => overlay::open_until(model, UntilFor::Snooze, out),
        Action::Assign => overlay::open_assign(model, out),
        Action::Priority => desk_work::ask_priority(model, out),
        Action::Category => desk_work::ask_words(model, PromptKind::Category, out),
        Action::Team => desk_work::ask_words(model, PromptKind::Team, out),
        Action::Tags => desk_work::ask_tags(model, out),
        Action::Reply => compose::open(model, false, out),
        Action::Note => compose::open(model, true, out),
        Action::QuoteReply => compose::quote(model, out),
        Action::BulkReply => bulk::reply(model, "", out),
        Action::ReplyLinked => bulk::reply_linked(model, "", out),
        Action::Template => compose::open_templates(model, out),
        Action::InsertTemplate => templates::open(model, out),
        Action::Duplicate => warn(model, "of which ticket? `:duplicate 1042`".to_owned(), out),
        Action::OpenTicket => on_target(model, |ticket| Command::OpenTicket { ticket }, "is a ticket now", out),
        Action::Ignore => {
            if let Some(ticket) = model.target() {
                let name = groups::ticket(model, ticket);
                let question = format!("Keep {name} out of the desk? It will be in no queue.");
                overlay::ask(model, Confirm::yes(question, "ignore it", Then::Ignore(ticket)));
            }
        }
        Action::Unignore => {
            on_target(model, |ticket| Command::Ignore { ticket, ignored: false }, "is in the desk again", out);
        }
        Action::Quoted => jump::to_quoted(model, out),
        Action::BackFromQuoted => jump::back(model, out),
        Action::Edits => jump::edits(model, out),
        Action::Explain => explain::ask(model, "", out),
        Action::Away => explain::away(model, out),
        Action::CopyLink => thread::copy_link(model, out),
        Action::CopyText => thread::copy_text(model, out),
        Action::SetCustomer => thread::set_customer(model, out),
        Action::RetryOutbox => thread::retry(model, out),
        Action::EditOutbox => thread::edit(model, out),
        Action::DiscardOutbox => thread::discard(model, out),
        Action::EditMessage => thread::edit_message(model, out),
        Action::DeleteMessage => thread::delete_message(model, out),
        Action::OpenFile => files::open(model, out),
        Action::SaveFile => files::save(model, None, out),
        Action::Attach => attach::ask(model, out),

        Action::Open => queue::open_selected(model, out),
        Action::QueueDown => queue::step(model, 1, out),
        Action::QueueUp => queue::step(model, -1, out),
        Action::QueueTop => queue::select(model, 0, out),
        Action::QueueBottom => queue::select(model, usize::MAX, out),
        Action::QueueHalfDown => queue::half_page(model, 1, out),
        Action::QueueHalfUp => queue::half_page(model, -1, out),
        Action::Mark => queue::mark(model, out),
        Action::MarkRange => queue::mark_range(model, out),
        Action::MarkAll => queue::mark_all(model, out),
        Action::NewTicket => intake::ask_title(model, out),
        Action::Sort => queue::next_sort(model, out),

        Action::MessageDown => thread::step(model, 1, out),
        Action::MessageUp => thread::step(model, -1, out),
        Action::ThreadTop => thread::top(model, out),
        Action::ThreadBottom => thread::bottom(model, out),
        Action::ThreadHalfDown => thread::half_page(model, 1, out),
        Action::ThreadHalfUp => thread::half_page(model, -1, out),
        Action::NextInQueue => queue::open_neighbour(model, 1, out),
        Action::PreviousInQueue => queue::open_neighbour(model, -1, out),
        Action::BackToQueue => thread::leave(model, out),

        Action::Help | Action::ComposerHelp => overlay::open_help(model),
        Action::Palette => overlay::open_palette(model),
        Action::Find => {
            let kind = if model.focus == Focus::Queue { PromptKind::Filter } else { PromptKind::Find };
            let begun = if kind == PromptKind::Filter { model.queue.filter.as_str() } else { "" };
            model.prompt = Some(Prompt { kind, line: LineEdit::new(begun) });
        }
        Action::FindNext => thread::find_step(model, false, out),
        Action::FindPrevious => thread::find_step(model, true, out),
        Action::Back => back(model, out),
        Action::NextPane | Action::PreviousPane => next_pane(model, out),
        Action::NextMine => next(model, false, out),
        Action::PreviousMine => next(model, true, out),
        Action::Undo => desk_work::undo(model, out),
        Action::Repeat => desk_work::repeat(model, out),
        Action::Jump => lookup::open_jump(model, out),
        Action::Search => lookup::open_search(model, ""),
        Action::Suggestions | Action::InsertArticle => suggestions::open(model, "", out),
        Action::RereadArticles => suggestions::reread(model, out),
        Action::Outbox => outbox::open(model, out),
        Action::Escalations => escalations::open(model, out),
        Action::Status => standing::open(model),
        Action::Seats => whole::seats(model, out),
        Action::Reload => whole::reload(model, out),
        Action::Stats => stats::open(model, out),
        Action::Activity => stats::open_activity(model, out),
        Action::Verify => standing::verify(model, false, out),
        Action::VerifyAll => standing::verify(model, true, out),
        Action::GoUnassigned => queue::switch(model, QueueName::Unassigned, out),
        Action::GoMine => queue::switch(model, QueueName::Mine, out),
        Action::GoWaiting => queue::switch(model, QueueName::Waiting, out),
        Action::GoPending => queue::switch(model, QueueName::Pending, out),
        Action::GoResolved => queue::switch(model, QueueName::Resolved, out),
        Action::GoIntake => queue::switch(model, QueueName::Intake, out),
        Action::GoImported => queue::switch(model, QueueName::Imported, out),
        Action::GoSnoozed => queue::switch(model, QueueName::Snoozed, out),
        Action::GoQuiet => queue::switch(model, QueueName::Quiet, out),
        Action::Queues => queues::open(model),
        Action::GoAll => queue::switch(model, QueueName::All, out),
        Action::GoOverdue => queue::switch(model, QueueName::Overdue, out),
        Action::Details => details(model, out),
        Action::Zoom => model.zoomed = true,
        Action::Unzoom => model.zoomed = false,
        Action::Theme => next_theme(model, out),
        Action::Repaint | Action::ComposerRepaint => out.push(Effect::Repaint),
        Action::Suspend | Action::ComposerSuspend => {
            compose::save_draft(model, out);
            out.push(Effect::Suspend);
        }
        Action::Quit => quit(model, out),

        Action::Send => compose::send(model, out),
        Action::ToggleNote => compose::toggle(model, out),
        Action::NextField => compose::tab(model, out),
        Action::Editor => {
            if let Some(composer) = &model.composer {
                out.push(Effect::Editor(composer.text()));
            }
        }
        Action::AttachFile => attach::ask_here(model, out),
        Action::DetachFile => attach::detach(model, out),
        Action::DropQuote => compose::drop_quote(model, out),
        Action::DropActions => templates::drop_actions(model, out),
        Action::Leave => compose::leave(model, out),
        Action::Newline
        | Action::LineStart
        | Action::LineEnd
        | Action::CharLeft
        | Action::CharRight
        | Action::WordLeft
        | Action::WordRight
        | Action::LineUp
        | Action::LineDown
        | Action::DeleteLeft
        | Action::DeleteRight
        | Action::KillWordLeft
        | Action::KillWordRight
        | Action::KillToStart
        | Action::KillToEnd
        | Action::KillAll => {
            if let Some(composer) = &mut model.composer {
                composer.act(action);
                compose::changed(model, out);
            }
        }

        Action::Yank => compose::yank(model, out),

        Action::PickNext
        | Action::PickPrevious
        | Action::PickPageDown
        | Action::PickPageUp
        | Action::PickAccept
        | Action::PickClose
        | Action::PickClear
        | Action::PickTab
        | Action::PickLeft
        | Action::PickRight
        | Action::PickStart
        | Action::PickEnd
        | Action::PickDelete
        | Action::PickDeleteWord
        | Action::PickRepaint => {}
    }
}

fn on_target(
    model: &mut Model,
    command: impl Fn(crate::desk::ids::TicketKey) -> Command,
    words: &str,
    out: &mut Vec<Effect>,
) {
    if let Some(ticket) = model.target() {
        desk_work::once(model, command(ticket), format!("{ticket} {words}"), out);
    }
}

/// Waits for the customer if staff has answered, even if that answer is still on its way; else for somebody outside.
fn default_reason(model: &Model) -> PendingReason {
    let waiting = model.target().and_then(|key| model.row_of(key)?.waiting_since.map(|since| (key, since)));
    let Some((key, since)) = waiting else { return PendingReason::Customer };
    let given = model.replied.get(&key).is_some_and(|at| *at >= since);
    let last = model.open.as_ref().filter(|open| open.key == key).and_then(|open| {
        open.entries.iter().rev().find(|entry| entry.kind == EntryKind::Message && entry.side != Side::Automation)
    });
    let stopped = |entry: &Entry| matches!(entry.delivery, Some(Delivery::Parked { .. } | Delivery::Confirm { .. }));
    let answered = last.is_some_and(|entry| entry.side == Side::Staff && !stopped(entry));
    if answered || given { PendingReason::Customer } else { PendingReason::ThirdParty }
}

fn next(model: &mut Model, backwards: bool, out: &mut Vec<Effect>) {
    model.next_for = NextFor::Open;
    // A ticket that is only under the cursor of the queue is not one to go on from.
    let after = if model.focus == Focus::Queue { None } else { model.target() };
    out.push(model.read(ReadKind::Next, ViewRequest::NextTicket { after, backwards }));
}

fn back(model: &mut Model, out: &mut Vec<Effect>) {
    match model.focus {
        Focus::Thread => {
            let found = model.open.as_mut().is_some_and(|open| open.find.take().is_some());
            if found {
            } else if model.details_fill() {
                model.details = None;
            } else if model.zoomed {
                model.zoomed = false;
            } else {
                thread::leave(model, out);
            }
        }
        _ => {
            if !model.queue.marked.is_empty() || model.queue.anchor.is_some() {
                model.queue.marked.clear();
                model.queue.anchor = None;
            } else if !model.queue.filter.is_empty() {
                queue::set_filter(model, "", out);
            } else if model.hint.is_some() {
                model.hint = None;
            } else {
                model.zoomed = false;
            }
        }
    }
}

fn next_pane(model: &mut Model, out: &mut Vec<Effect>) {
    match model.focus {
        // A narrow screen does not show which ticket is open behind the queue: it is the selected one.
        Focus::Queue if model.open.as_ref().is_some_and(|open| Some(open.key) == model.queue.selected_key) => {
            super::focus(model, Focus::Thread);
            thread::looked(model, out);
        }
        Focus::Queue => queue::open_selected(model, out),
        Focus::Thread if model.composer.is_some() => super::focus(model, Focus::Composer),
        _ => super::focus(model, Focus::Queue),
    }
}

fn details(model: &mut Model, out: &mut Vec<Effect>) {
    if model.size.0 >= 140 {
        model.details = Some(!model.details.unwrap_or(true));
    } else if model.open.is_some() && model.focus != Focus::Queue {
        model.details = if model.details == Some(true) { None } else { Some(true) };
    } else {
        say(model, "open a ticket first".to_owned(), out);
    }
    suggestions::appear(model, out);
}

fn next_theme(model: &mut Model, out: &mut Vec<Effect>) {
    let names = super::super::theme::NAMES;
    let place = names.iter().position(|name| *name == model.theme.name).map_or(0, |place| place + 1);
    set_theme(model, names[place % names.len()], out);
}

pub(super) fn set_theme(model: &mut Model, name: &str, out: &mut Vec<Effect>) {
    match super::super::theme::Theme::named(name) {
        Some(theme) => {
            model.theme = if model.colour { theme } else { theme.without_colour() };
            say(model, format!("theme {name}"), out);
        }
        None => {
            let known = super::super::theme::NAMES.join(", ");
            warn(model, format!("there is no theme `{name}`: {known}"), out);
        }
    }
}

fn quit(model: &mut Model, out: &mut Vec<Effect>) {
    if model.unheard(presence::ANSWERED) > 0 && !model.stopped {
        let question = "The desk does not answer. What you have written, sent and done meanwhile waits here for it, and is lost if you \
                        leave now.";
        return overlay::ask(model, Confirm::careful(question.to_owned(), "leave, and lose it", Then::Quit));
    }
    let unsent = model.unsent();
    if unsent == 0 || model.stopped {
        out.push(Effect::Quit);
        return;
    }
    let (have, keep) = match unsent {
        1 => ("1 reply has".to_owned(), "It is kept and goes"),
        _ => (format!("{unsent} replies have"), "They are kept and go"),
    };
    let question = format!("{have} not been sent yet. {keep} out when the desk runs again. Leave now?");
    overlay::ask(model, Confirm::yes(question, "leave", Then::Quit));
}
