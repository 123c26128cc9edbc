//! Writing: opening the composer, drafts, templates, sending, leaving.

use std::time::Duration;

use super::super::action::Action;
use super::super::composer::{Composer, Editing};
use super::super::effect::{Effect, Timer};
use super::super::model::{Focus, Model, OpenTicket};
use super::super::overlays::{Confirm, Then};
use super::super::templates::Used;
use super::super::work::{After, Repeatable};
use super::before::{asks_first, is_barred};
use super::{bulk, desk_work, names, overlay, presence, say, templates, thread, warn};
use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::desk::files::Attachment;
use crate::desk::ids::{MessageId, TicketKey, TopicId};
use crate::desk::split::{LONGEST, MOST_PARTS};
use crate::desk::template::{Context, Template, by_code, unfilled};
use crate::engine::views::{Draft, TicketRow};

/// So many characters go out, in several messages if need be.
const MOST: usize = LONGEST * MOST_PARTS;
/// A paste of more lines is asked about before it is sent.
const PASTE_LINES: usize = 15;

/// Opens the composer on the target; a reply claims an unassigned ticket.
pub(super) fn open(model: &mut Model, note: bool, out: &mut Vec<Effect>) {
    if !note && bulk::marked(model).is_some() {
        return bulk::ask_text(model);
    }
    let Some(key) = model.target() else { return };
    if !note && (is_barred(model, key, out) || asks_first(model, key)) {
        return;
    }
    begin(model, key, note, out);
}

/// Writes, or sends what is written, although somebody else is writing there.
pub(super) fn write_too(model: &mut Model, out: &mut Vec<Effect>) {
    if model.focus == Focus::Composer {
        presence::know(model);
        send(model, out);
    } else if let Some(key) = model.target() {
        begin(model, key, false, out);
    }
}

/// Opens the composer without asking.
pub(super) fn begin(model: &mut Model, key: TicketKey, note: bool, out: &mut Vec<Effect>) {
    if model.open.as_ref().is_none_or(|open| open.key != key) {
        thread::open(model, key, out);
    }
    let mut composer = match model.composer.take().filter(|composer| composer.ticket == key) {
        Some(composer) => composer,
        None => Composer::new(key, note),
    };
    if composer.is_empty() {
        composer.note = note;
        if let Some(draft) = model.drafts.get(&key).cloned().filter(|draft| !draft.text.is_empty()) {
            take_draft(&mut composer, &draft, note);
            composer.used = model.templates.kept.remove(&key).unwrap_or_default();
        }
    }
    let other = composer.note != note
        || (note && !composer.is_empty() && model.drafts.get(&key).is_some_and(|draft| !draft.note));
    if !note && !composer.note {
        claim_first(model, key, &mut composer, out);
        composer.file = composer.file.or_else(|| model.files.attached.remove(&key));
    }
    composer.was_reply = other && note;
    // What was said of something else is not said of this.
    model.notice = None;
    let public = !composer.note;
    model.composer = Some(composer);
    if public {
        presence::know(model);
    }
    super::focus(model, Focus::Composer);
    thread::looked(model, out);
    if other {
        let toggle = model.key(Action::ToggleNote);
        say(model, format!("your draft is here as an internal note; {toggle} makes it public"), out);
    }
}

/// Puts a draft into the composer. A draft that is a note never becomes public by itself, nor does a reply when a note was meant.
fn take_draft(composer: &mut Composer, draft: &Draft, note: bool) {
    composer.set_text(&draft.text);
    composer.note = draft.note || note;
    composer.saved = Some((draft.text.clone(), draft.note));
}

fn claim_first(model: &mut Model, key: TicketKey, composer: &mut Composer, out: &mut Vec<Effect>) {
    let unassigned = key.topic != TopicId::GENERAL
        && model.row_of(key).is_some_and(|row| row.assignee.is_none() && row.status.is_live());
    if unassigned && !model.claiming.contains(&key) {
        composer.claimed_here = true;
        desk_work::claim_quietly(model, key, out);
    }
}

/// A thread has come with a draft: it goes into an empty composer.
pub(super) fn draft_read(model: &mut Model, key: TicketKey, draft: Draft) {
    if model.drafts.contains_key(&key) {
        return;
    }
    if let Some(composer) = &mut model.composer
        && composer.ticket == key
        && composer.is_empty()
    {
        let note = composer.note;
        take_draft(composer, &draft, note);
    }
    model.drafts.insert(key, draft);
}

/// Replies to the selected message, quoting it.
pub(super) fn quote(model: &mut Model, out: &mut Vec<Effect>) {
    let quoted = model.open.as_ref().and_then(OpenTicket::entry).and_then(|entry| {
        let line = entry.text.lines().next().unwrap_or_default().chars().take(80).collect::<String>();
        Some((entry.message_id?, line))
    });
    let Some(quoted) = quoted else { return warn(model, "select a message first".to_owned(), out) };
    open(model, false, out);
    match &mut model.composer {
        Some(composer) => composer.reply_to = Some(quoted),
        None => say(model, "the quote is left out".to_owned(), out),
    }
}

/// Changes the text of what was written before: of a reply that has not left, or of a message that was sent.
pub(super) fn edit(model: &mut Model, editing: Editing, text: &str) {
    let Some(key) = model.open.as_ref().map(|open| open.key) else { return };
    let mut composer = Composer::new(key, false);
    composer.set_text(text);
    composer.editing = Some(editing);
    model.composer = Some(composer);
    super::focus(model, Focus::Composer);
}

/// Something was written: it is saved half a second after the last key.
pub(super) fn changed(model: &mut Model, out: &mut Vec<Effect>) {
    let now = model.now;
    let Some(composer) = &mut model.composer else { return };
    composer.confirmed = false;
    if composer.is_empty() {
        // What a template brought goes with its text.
        composer.used = Used::default();
    }
    out.push(Effect::Timer(Timer::Draft, Duration::from_millis(500)));
    let due = composer.typing.is_none_or(|at| now.since(at) >= Duration::from_secs(5));
    if due && !composer.note && !composer.is_empty() {
        composer.typing = Some(now);
        let ticket = composer.ticket;
        let screen = model.screen;
        out.push(model.submit(Command::Typing { screen, ticket }, After::Ignored));
    }
}

/// Saves what is being written, if it has changed since.
pub(super) fn save_draft(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = &mut model.composer else { return };
    // What was written before is saved where it stands, by sending it.
    if composer.editing.is_some() {
        return;
    }
    let (ticket, note) = (composer.ticket, composer.note);
    let text = if composer.is_empty() { String::new() } else { composer.text() };
    let saved = composer.saved.get_or_insert_default();
    if saved.0 == text && (saved.1 == note || text.is_empty()) {
        return;
    }
    *saved = (text.clone(), note);
    model.dirty = true;
    model.drafts.insert(ticket, Draft { text: text.clone(), note });
    out.push(model.submit(Command::SaveDraft { ticket, text, note }, After::Draft));
}

/// Leaves the composer; the draft is kept, and an empty one gives the ticket back that it had claimed.
pub(super) fn leave(model: &mut Model, out: &mut Vec<Effect>) {
    save_draft(model, out);
    let Some(mut composer) = model.composer.take() else { return };
    super::focus(model, Focus::Thread);
    if composer.editing.is_some() {
        return;
    }
    if !composer.is_empty() {
        model.templates.kept.insert(composer.ticket, std::mem::take(&mut composer.used));
    }
    if let Some(file) = composer.file.take() {
        model.files.attached.insert(composer.ticket, file);
        say(model, "the file stays with the draft until the desk is left".to_owned(), out);
    } else if composer.claimed_here && composer.is_empty() {
        let after = After::Say(format!("{} is free again", composer.ticket));
        out.push(model.submit(Command::Release { ticket: composer.ticket }, after));
    }
}

/// Enter: sends the reply, or saves the note.
pub(super) fn send(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = &mut model.composer else { return };
    let (key, note, text) = (composer.ticket, composer.note, composer.text());
    if model.files.attaching == Some(key) && !note {
        return warn(model, "not sent: the file is still being copied".to_owned(), out);
    }
    if composer.is_empty() && composer.file.is_none() {
        if composer.editing.is_some() {
            return warn(model, "the text is empty: leave with Esc and delete it instead".to_owned(), out);
        }
        return leave(model, out);
    }
    if !note {
        if let Some(field) = unfilled(&text).into_iter().next() {
            let name = text[field].trim_matches(['{', '}', '?', ' ']).to_owned();
            composer.next_field();
            let tab = model.key(Action::NextField);
            return warn(model, format!("not sent: fill in \"{name}\" first ({tab} goes to the next field)"), out);
        }
        let length = text.trim().encode_utf16().count();
        if length > MOST {
            return warn(model, format!("not sent: {length} characters, at most {MOST} can be sent"), out);
        }
        if composer.pasted > PASTE_LINES {
            let question = format!("Send the {} lines that were pasted?", composer.pasted);
            return overlay::ask(model, Confirm::yes(question, "send", Then::Send));
        }
        let (editing, confirmed) = (composer.editing.is_some(), composer.confirmed);
        if !editing && asks_first(model, key) {
            return;
        }
        let found = if confirmed { Vec::new() } else { model.setup.guard.check(&text) };
        if !found.is_empty() {
            return templates::ask_found(model, &found);
        }
    }
    send_now(model, out);
}

/// Sends without asking any more.
pub(super) fn send_now(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = model.composer.take() else { return };
    // What was wrong with it before no longer is.
    model.notice = None;
    let ticket = composer.ticket;
    let text = composer.text().trim().to_owned();
    let confirmed = composer.confirmed;
    super::focus(model, Focus::Thread);
    let seen = answered(model, ticket);
    if let Some(open) = &mut model.open {
        open.follow = true;
    }
    match composer.editing {
        Some(Editing::Unsent(outbox)) => {
            let command = Command::EditOutbox { outbox, text, seen, confirmed };
            return out.push(model.submit(command, After::Say("changed; it goes out again".to_owned())));
        }
        Some(Editing::Sent(message)) => {
            let command = Command::EditMessage { ticket, message, text, confirmed };
            return out.push(model.submit(command, After::Say("the message is being changed".to_owned())));
        }
        None => {}
    }
    model.drafts.insert(ticket, Draft { text: String::new(), note: composer.note });
    if composer.note {
        out.push(model.submit(Command::Note { ticket, text: text.clone() }, After::Note(text)));
    } else {
        let reply_to = composer.reply_to.map(|(message, _)| message);
        model.replied.insert(ticket, model.now);
        let file = composer.file;
        let along = composer.used.along(&text, confirmed);
        let command = Command::Reply {
            ticket,
            text: text.clone(),
            reply_to,
            hold: true,
            seen,
            file: file.clone(),
            along: along.clone(),
        };
        out.push(model.submit(command, After::Reply { text, reply_to, file, along }));
    }
}

/// Tells up to which message the agent had a thread on the screen. Of one that is not there nothing has been seen.
pub(super) fn answered(model: &Model, ticket: TicketKey) -> Option<MessageId> {
    Some(model.open.as_ref().filter(|open| open.key == ticket).map(OpenTicket::answered).unwrap_or_default())
}

/// Puts a text back into the composer: it was refused, or taken back. Where something else is being written it stays a
/// draft; tells whether it is in the composer.
pub(super) fn give_back(
    model: &mut Model,
    ticket: TicketKey,
    text: &str,
    (reply_to, file, along): (Option<MessageId>, Option<Attachment>, Along),
    note: bool,
    out: &mut Vec<Effect>,
) -> bool {
    if !note {
        model.replied.remove(&ticket);
    }
    let text = text.to_owned();
    let used = Used::again(along, &text);
    model.drafts.insert(ticket, Draft { text: text.clone(), note });
    out.push(model.submit(Command::SaveDraft { ticket, text: text.clone(), note }, After::Draft));
    let busy = model.composer.as_ref().is_some_and(|composer| !composer.is_empty() || composer.file.is_some());
    if busy || model.open.as_ref().is_none_or(|open| open.key != ticket) {
        model.files.attached.extend(file.map(|file| (ticket, file)));
        model.templates.kept.insert(ticket, used);
        return false;
    }
    let mut composer = Composer::new(ticket, note);
    composer.set_text(&text);
    composer.reply_to = reply_to.map(|message| (message, String::new()));
    composer.saved = Some((text, note));
    composer.file = file;
    composer.used = used;
    model.composer = Some(composer);
    super::focus(model, Focus::Composer);
    true
}

/// Changes between PUBLIC and INTERNAL NOTE; asks when there is text.
pub(super) fn toggle(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = &model.composer else { return };
    if composer.editing.is_some() {
        return warn(model, "a reply cannot become a note: leave with Esc".to_owned(), out);
    }
    if composer.file.is_some() {
        let detach = model.key(Action::DetachFile);
        return warn(model, format!("a note has no file: {detach} takes it away"), out);
    }
    let (ticket, note, is_empty) = (composer.ticket, composer.note, composer.is_empty());
    if note && is_barred(model, ticket, out) {
        return;
    }
    if is_empty {
        return toggle_now(model, out);
    }
    let confirm = if note {
        let question = "What you wrote becomes a PUBLIC reply that the customer will read.";
        Confirm::careful(question.to_owned(), "make it public", Then::Toggle)
    } else {
        let question = "What you wrote becomes an INTERNAL NOTE that only the desk reads.";
        Confirm::yes(question.to_owned(), "make it a note", Then::Toggle)
    };
    overlay::ask(model, confirm);
}

pub(super) fn toggle_now(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = &mut model.composer else { return };
    composer.note = !composer.note;
    let words =
        if composer.note { "this is an internal note now" } else { "this is PUBLIC now: the customer reads it" };
    say(model, words.to_owned(), out);
    changed(model, out);
}

/// Puts back what was cut last; into a reply only what was cut from one, unless the agent says so.
pub(super) fn yank(model: &mut Model, out: &mut Vec<Effect>) {
    match &model.composer {
        Some(composer) if composer.cut_note && !composer.note => {
            let question = "What was cut was an INTERNAL NOTE, and this is a PUBLIC reply that the customer will read.";
            overlay::ask(model, Confirm::careful(question.to_owned(), "put it in", Then::Yank));
        }
        _ => yank_now(model, out),
    }
}

pub(super) fn yank_now(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(composer) = &mut model.composer {
        composer.act(Action::Yank);
        changed(model, out);
    }
}

/// What is written stands for itself.
pub(super) fn drop_quote(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(composer) = &mut model.composer else { return };
    let words = match composer.reply_to.take() {
        Some(_) => "this quotes no message any more",
        None => "this quotes no message",
    };
    say(model, words.to_owned(), out);
}

/// Tab: expands `;code` before the cursor, or jumps to the next field.
pub(super) fn tab(model: &mut Model, out: &mut Vec<Effect>) {
    if names::complete(model, out) {
        return;
    }
    let Some(composer) = &mut model.composer else { return };
    let Some((code, length)) = composer.code_before_cursor() else {
        composer.next_field();
        return;
    };
    let language = language(model);
    let desk = desk_language(model);
    let found = by_code(&model.setup.templates, &code, language.as_deref(), &desk).cloned();
    match found {
        Some(template) => {
            if let Some(composer) = &mut model.composer {
                composer.delete_before(length);
            }
            insert_template(model, &template, out);
        }
        None => warn(model, format!("no template has the code `{code}`"), out),
    }
}

fn desk_language(model: &Model) -> String {
    model.setup.language.clone().unwrap_or_else(|| "en".to_owned())
}

/// Tells the customer's language, if it is known.
pub(super) fn language(model: &Model) -> Option<String> {
    model.open.as_ref()?.ticket.as_ref()?.language.clone()
}

/// `t`: opens the composer with the picker over it.
pub(super) fn open_templates(model: &mut Model, out: &mut Vec<Effect>) {
    if let Some(recipients) = bulk::marked(model) {
        return templates::open_for(model, recipients, out);
    }
    let Some(key) = model.target() else { return };
    if is_barred(model, key, out) || asks_first(model, key) {
        return;
    }
    begin(model, key, false, out);
    templates::open(model, out);
}

/// Inserts a template at the cursor, opening the composer if need be. Never sends.
pub(super) fn insert_template(model: &mut Model, template: &Template, out: &mut Vec<Effect>) {
    if model.composer.is_none() {
        open(model, false, out);
    }
    let Some(key) = model.composer.as_ref().map(|composer| composer.ticket) else { return };
    let filled = template.fill(&context(model, key));
    if let Some(composer) = &mut model.composer {
        let alone = composer.is_empty();
        composer.insert(&filled);
        if !composer.note && composer.editing.is_none() {
            composer.used.insert(template, alone.then_some(filled));
        }
    }
    super::focus(model, Focus::Composer);
    changed(model, out);
}

/// Tells what placeholders are filled with.
pub(super) fn context(model: &Model, key: TicketKey) -> Context {
    let row: Option<&TicketRow> = model.row_of(key);
    let customer = row.and_then(|row| row.customer.as_ref());
    let name = customer.map(|customer| customer.name.clone()).unwrap_or_default();
    let first = |name: &str| name.split_whitespace().next().unwrap_or_default().to_owned();
    let agent = match &model.desk {
        Some(desk) => desk.name_of(&model.setup.agent),
        None => model.setup.agent.name.0.clone(),
    };
    Context {
        customer_first_name: first(&name),
        customer_name: name,
        customer_username: customer
            .and_then(|customer| customer.username.as_ref())
            .map(|username| format!("@{username}"))
            .unwrap_or_default(),
        ticket_id: key.topic.to_string(),
        ticket_title: row.map(|row| row.title.clone()).unwrap_or_default(),
        agent_first_name: first(&agent),
        agent_name: agent,
        desk_name: model.setup.desk_name.clone(),
        date: model.zone.local(model.now).format("%Y-%m-%d").to_string(),
        time: model.zone.time(model.now),
    }
}

/// $EDITOR has ended.
pub(super) fn edited(model: &mut Model, text: &str, out: &mut Vec<Effect>) {
    if let Some(composer) = &mut model.composer {
        composer.set_text(text.trim_end());
        changed(model, out);
    }
}

/// Takes over, then replies.
pub(super) fn take_over(model: &mut Model, out: &mut Vec<Effect>) {
    let Some(key) = model.target() else { return };
    desk_work::submit_one(model, Repeatable::TakeOver, key, out);
    model.agreed.insert(key);
    begin(model, key, false, out);
}
