//! `update(model, signal) -> effects`: everything the screen does, without doing any of it.

mod answers;
mod attach;
mod before;
pub(super) mod bulk;
mod close;
mod compose;
mod desk_work;
mod escalations;
pub(super) mod explain;
mod files;
pub(super) mod intake;
mod jump;
mod keep;
mod keys;
mod lookup;
mod names;
mod outbox;
mod overlay;
mod page;
mod palette;
mod perform;
mod presence;
mod queue;
mod queues;
mod settled;
mod standing;
mod stats;
mod suggestions;
pub(super) mod templates;
mod thread;
mod whole;

use std::time::Duration;

use super::action::Action;
use super::decode::Input;
use super::effect::{Effect, ReadKind, Signal, Timer};
use super::keys::Key;
use super::model::{Focus, Model, Notice, NoticeTone, UNHEARD};
use super::panes::{due, groups};
use super::view;
use super::widgets::text;
use crate::desk::ids::{AgentName, TopicId};
use crate::desk::thread::Delivery;
use crate::engine::views::{Alert, QueueName, Revision, ViewRequest};

/// So many alarms wait until they can be said; what is late shows in the queue all the same.
const MOST_HEARD: usize = 5;

/// How often what others have changed is read again, at most. Of many screens at one desk each hears of it less often.
const REFRESH: Duration = Duration::from_millis(100);

/// Takes a signal, changes the model, and tells what is to be done.
pub(crate) fn update(model: &mut Model, signal: Signal) -> Vec<Effect> {
    let mut out = Vec::new();
    model.now = model.setup.clock.now();
    match signal {
        Signal::Start => start(model, &mut out),
        Signal::Input(input) => {
            model.aged = model.now;
            model.dirty = true;
            presence::used(model, &mut out);
            match input {
                // What cannot be seen is not done, nor sent.
                Input::Key(key) if view::is_too_small(model.size) => {
                    if key == Key::ctrl('c') {
                        out.push(Effect::Quit);
                    }
                }
                _ if view::is_too_small(model.size) => {}
                Input::Key(key) => keys::on_key(model, key, &mut out),
                Input::Paste(pasted) => keys::on_paste(model, &pasted, &mut out),
                Input::Click(column, row) => keys::on_click(model, column, row, &mut out),
                Input::Wheel(lines) => keys::on_wheel(model, lines, &mut out),
            }
        }
        Signal::Resize(columns, rows) => {
            model.size = (columns, rows);
            model.dirty = true;
            queue::preview(model, &mut out);
            suggestions::appear(model, &mut out);
        }
        Signal::Answer(tag, view) => {
            if model.accept(tag) {
                model.dirty = true;
                answers::on_answer(model, tag.kind, view, &mut out);
                presence::settle(model, &mut out);
                if model.reads_own && matches!(tag.kind, ReadKind::Queue | ReadKind::Thread) {
                    model.at_once = true;
                    model.reads_own = model.is_reading(ReadKind::Queue) || model.is_reading(ReadKind::Thread);
                }
                refresh(model, &mut out);
            }
        }
        Signal::Settled(tag, outcome) => {
            model.dirty = true;
            settled::on_settled(model, tag, outcome, &mut out);
        }
        Signal::Revision(revision) => on_revision(model, revision, &mut out),
        Signal::Timer(timer) => on_timer(model, timer, &mut out),
        Signal::Edited(Ok(text)) => {
            compose::edited(model, &text, &mut out);
            model.dirty = true;
        }
        Signal::Edited(Err(why)) | Signal::Copied(Err(why)) | Signal::Launched(Err(why)) => warn(model, why, &mut out),
        Signal::Copied(Ok(words)) | Signal::Launched(Ok(words)) => say(model, words, &mut out),
        Signal::Saved(file, to, outcome) => files::saved(model, file, to, outcome, &mut out),
        Signal::Attached(ticket, outcome) => attach::attached(model, ticket, outcome, &mut out),
        Signal::Operated(request, outcome) => whole::answered(model, &request, outcome, &mut out),
        Signal::Reload => whole::reload(model, &mut out),
        Signal::Reread(outcome) => whole::reread(model, *outcome, &mut out),
        Signal::Resumed => {
            // Whoever comes back from the shell or their editor has pressed keys there.
            presence::used(model, &mut out);
            model.aged = model.now;
            model.dirty = true;
            out.push(Effect::Repaint);
            out.push(Effect::Timer(Timer::Minute, model.zone.to_next_minute(model.now)));
        }
        Signal::Stopped => {
            model.stopped = true;
            warn(model, "the desk has stopped: nothing more is saved or sent from here".to_owned(), &mut out);
        }
    }
    presence::tell(model, &mut out);
    title(model, &mut out);
    if out.iter().any(|effect| matches!(effect, Effect::Submit(..))) {
        out.push(Effect::Timer(Timer::Unheard, UNHEARD));
    }
    out
}

fn start(model: &mut Model, out: &mut Vec<Effect>) {
    out.push(Effect::Timer(Timer::Minute, model.zone.to_next_minute(model.now)));
    out.push(queue::read(model));
    out.push(model.read(ReadKind::Counts, ViewRequest::Counts));
    out.push(model.read(ReadKind::Desk, ViewRequest::Desk));
    if model.open.is_some() {
        out.push(thread::read(model));
    }
    if model.notice.is_some() {
        out.push(Effect::Timer(Timer::Notice, Duration::from_secs(20)));
    }
}

/// Says something for a while.
fn say(model: &mut Model, words: String, out: &mut Vec<Effect>) {
    notice(model, words, NoticeTone::Done, out);
}

/// Says that something was not done.
fn warn(model: &mut Model, words: String, out: &mut Vec<Effect>) {
    notice(model, words, NoticeTone::Warning, out);
}

fn notice(model: &mut Model, words: String, tone: NoticeTone, out: &mut Vec<Effect>) {
    let seconds = if tone == NoticeTone::Warning { 10 } else { 5 };
    model.notice = Some(Notice { text: text::safe(&words).into_owned(), tone });
    model.dirty = true;
    out.push(Effect::Timer(Timer::Notice, Duration::from_secs(seconds)));
}

fn on_revision(model: &mut Model, revision: Revision, out: &mut Vec<Effect>) {
    let told = |alert: &Alert| matches!(alert, Alert::File(_) | Alert::Suggestions { .. });
    let told = !revision.alerts.is_empty() && revision.alerts.iter().all(told);
    if told && !revision.all && revision.changed.is_empty() {
        // How far a file is, and what is suggested, stands in no other view: nothing else is to be read again.
        for alert in revision.alerts {
            match alert {
                Alert::File(news) => files::on_news(model, news, out),
                Alert::Suggestions { ticket } => suggestions::changed(model, ticket, out),
                _ => {}
            }
        }
        return;
    }
    model.aged = model.now;
    for alert in &revision.alerts {
        match alert {
            Alert::NewTicket { ticket } => {
                ring(model, out);
                news(model, format!("new ticket {}", groups::ticket(model, *ticket)), out);
            }
            Alert::Reply { ticket, assignee } if *assignee == model.me => {
                ring(model, out);
                if model.open.as_ref().is_none_or(|open| open.key != *ticket || !open.entered) {
                    news(model, format!("{} has a reply", groups::ticket(model, *ticket)), out);
                }
            }
            Alert::Opened { ticket, agent } if *agent == model.me => {
                news(model, format!("{ticket} is open now"), out);
            }
            Alert::Parked { ticket, agent, why } if *agent == model.me => {
                ring(model, out);
                let what = if ticket.topic == TopicId::GENERAL {
                    "General".to_owned()
                } else {
                    groups::ticket(model, *ticket)
                };
                warn(model, format!("your reply to {what} was not sent: {why}"), out);
                // What is new is to be seen before it is sent all the same.
                if model.open.as_ref().is_some_and(|open| open.key == *ticket) {
                    thread::bottom(model, out);
                }
            }
            Alert::Mentioned { ticket, agent, by } if *agent == model.me => {
                ring(model, out);
                news(model, format!("{by} names you in a note of {}", groups::ticket(model, *ticket)), out);
            }
            Alert::NotChanged { ticket, agent, why } if *agent == model.me => {
                ring(model, out);
                warn(model, format!("your message in {} is as it was: {why}", groups::ticket(model, *ticket)), out);
            }
            // Somebody else's is theirs.
            Alert::Due { ticket, clock, deadline, assignee } if mine_or_nobodys(model, assignee.as_ref()) => {
                let words = format!("{}: {}", groups::ticket(model, *ticket), due::when(model, *clock, *deadline));
                alarm(model, words, out);
            }
            Alert::Overdue { ticket, clock, assignee, .. } if mine_or_nobodys(model, assignee.as_ref()) => {
                alarm(model, format!("{} is overdue: {}", groups::ticket(model, *ticket), clock.title()), out);
            }
            Alert::Missed { count } => {
                let tickets = if *count == 1 { "1 target was" } else { &format!("{count} targets were") };
                alarm(
                    model,
                    format!(
                        "{tickets} missed while the desk was off; {} shows what is overdue",
                        model.key(Action::GoOverdue)
                    ),
                    out,
                );
            }
            Alert::Escalated { .. } | Alert::EscalationsHeld { .. } | Alert::EscalationsMissed { .. } => {
                escalations::hear(model, alert, out);
            }
            Alert::Engine(news) => whole::engine(model, news, out),
            Alert::File(news) => files::on_news(model, news.clone(), out),
            Alert::Suggestions { ticket } => suggestions::changed(model, *ticket, out),
            Alert::Assigned { ticket, assignee, team } if *assignee == model.me => {
                ring(model, out);
                news(model, format!("{} is given to you (team {team})", groups::ticket(model, *ticket)), out);
            }
            Alert::TakenBack { ticket, from, .. } if *from == model.me => {
                warn(
                    model,
                    format!("{} was taken back from you: somebody waits there", groups::ticket(model, *ticket)),
                    out,
                );
            }
            Alert::Burst { customer, topics, .. } => {
                let words =
                    format!("{customer} has opened {topics} topics at once: held a minute, then given together");
                news(model, words, out);
            }
            _ => {}
        }
    }
    let touches_open = revision.all || model.open.as_ref().is_some_and(|open| revision.changed.contains(&open.key));
    model.stale.desk = true;
    model.stale.queue |= revision.all || !revision.changed.is_empty();
    model.stale.thread |= touches_open;
    model.stale.outbox = true;
    model.revision = model.revision.max(revision.number);
    refresh(model, out);
}

fn mine_or_nobodys(model: &Model, assignee: Option<&AgentName>) -> bool {
    assignee.is_none_or(|assignee| *assignee == model.me)
}

/// Says something that happened elsewhere, unless something more important is being said.
fn news(model: &mut Model, words: String, out: &mut Vec<Effect>) {
    if !matches!(&model.notice, Some(notice) if notice.tone == NoticeTone::Warning) {
        say(model, words, out);
    }
}

/// Says what a clock or a rule has to say. The answer to a key is read to its end first.
fn alarm(model: &mut Model, words: String, out: &mut Vec<Effect>) {
    ring(model, out);
    match &model.notice {
        Some(notice) if notice.tone == NoticeTone::Done && model.heard.len() < MOST_HEARD => {
            model.heard.push_back(words);
        }
        _ => warn(model, words, out),
    }
}

fn ring(model: &Model, out: &mut Vec<Effect>) {
    if model.setup.bell && !out.contains(&Effect::Bell) {
        out.push(Effect::Bell);
    }
}

/// Reads at once what the screen's own command has changed, unless what was last read has it already.
fn refresh_at_once(model: &mut Model, revision: u64, out: &mut Vec<Effect>) {
    if model.read_through >= revision {
        return;
    }
    model.revision = model.revision.max(revision);
    model.stale.desk = true;
    model.stale.queue = true;
    model.stale.thread = true;
    model.refreshing = false;
    model.reads_own = true;
    // What is on its way may be of the time before.
    for kind in [ReadKind::Desk, ReadKind::Counts, ReadKind::Queue, ReadKind::Thread] {
        model.forget_read(kind);
    }
    refresh(model, out);
}

/// Reads again what has changed: at most every [`REFRESH`], and never before the answer to the read before.
fn refresh(model: &mut Model, out: &mut Vec<Effect>) {
    if model.refreshing {
        return;
    }
    let mut asked = false;
    let paging = model.is_reading(ReadKind::Before) || model.is_reading(ReadKind::After);
    if model.stale.thread && model.open.is_some() && !model.is_reading(ReadKind::Thread) && !paging {
        model.stale.thread = false;
        out.push(thread::read(model));
        asked = true;
    }
    if model.stale.queue && !model.is_reading(ReadKind::Queue) {
        model.stale.queue = false;
        model.read_through = model.revision;
        out.push(queue::read(model));
        asked = true;
    }
    if model.stale.desk && !model.is_reading(ReadKind::Desk) && !model.is_reading(ReadKind::Counts) {
        model.stale.desk = false;
        out.push(model.read(ReadKind::Desk, ViewRequest::Desk));
        out.push(model.read(ReadKind::Counts, ViewRequest::Counts));
        asked = true;
    }
    if model.stale.outbox && !model.is_reading(ReadKind::Outbox) {
        model.stale.outbox = false;
        if matches!(model.overlay, Some(super::overlays::Overlay::Outbox(..))) {
            out.push(model.read(ReadKind::Outbox, ViewRequest::Outbox));
            asked = true;
        }
    }
    if asked {
        model.refreshing = true;
        out.push(Effect::Timer(Timer::Refresh, REFRESH));
    }
}

fn on_timer(model: &mut Model, timer: Timer, out: &mut Vec<Effect>) {
    match timer {
        Timer::Minute => {
            // Ages stand still on an idle screen but for every fifth minute: a quiet line costs nothing.
            let minute = model.now.unix().div_euclid(60);
            if minute % 5 == 0 || model.now.since(model.aged) > Duration::from_secs(330) {
                model.aged = model.now;
            }
            model.dirty = true;
            // Who waits, waits longer without anything changing.
            if !model.is_reading(ReadKind::Counts) {
                out.push(model.read(ReadKind::Counts, ViewRequest::Counts));
            }
            stats::tick(model, out);
            out.push(Effect::Timer(Timer::Minute, model.zone.to_next_minute(model.now)));
        }
        Timer::Second => {
            model.dirty = true;
            countdown(model, out);
        }
        Timer::Notice => {
            model.notice = None;
            model.dirty = true;
            if let Some(words) = model.heard.pop_front() {
                warn(model, words, out);
            }
        }
        Timer::Draft => compose::save_draft(model, out),
        Timer::Seen => thread::report_seen(model, out),
        Timer::Preview => queue::follow(model, out),
        Timer::WhichKey => {
            model.which_key = !model.prefix.is_empty();
            model.dirty |= model.which_key;
        }
        Timer::Refresh => {
            model.refreshing = false;
            refresh(model, out);
        }
        Timer::Typed => lookup::ask_remote(model, out),
        Timer::Unheard => model.dirty |= model.unheard(UNHEARD) > 0,
    }
}

/// Goes on counting down while a reply on the screen is held.
fn countdown(model: &Model, out: &mut Vec<Effect>) {
    let held = |delivery: &Delivery| matches!(delivery, Delivery::Held { until } if *until > model.now);
    let any = model
        .open
        .as_ref()
        .is_some_and(|open| open.entries.iter().rev().take(20).any(|entry| entry.delivery.as_ref().is_some_and(held)));
    if any {
        out.push(Effect::Timer(Timer::Second, Duration::from_secs(1)));
    }
}

/// Sets the terminal's title when its numbers have changed.
fn title(model: &mut Model, out: &mut Vec<Effect>) {
    let count =
        |queue: QueueName| model.counts.queues.iter().find(|(name, _)| *name == queue).map_or(0, |(_, count)| *count);
    if model.counts.queues.is_empty() {
        return;
    }
    let (unassigned, mine) = (count(QueueName::Unassigned), count(QueueName::Mine));
    let title = format!("{} · {unassigned} unassigned · {mine} mine", text::safe(desk_name(model)));
    if title != model.title {
        model.title.clone_from(&title);
        out.push(Effect::Title(title));
    }
}

fn desk_name(model: &Model) -> &str {
    &model.setup.desk_name
}

/// Gives a pane the focus.
fn focus(model: &mut Model, focus: Focus) {
    model.focus = focus;
    model.dirty = true;
    if let Some(open) = &mut model.open {
        open.entered |= focus != Focus::Queue;
    }
}
