//! One text to many tickets: planned, asked about, sent; and what many commands came to, in one notice.

use super::super::effect::{Effect, ReadKind};
use super::super::model::{Focus, Model};
use super::super::overlays::{Confirm, Then};
use super::super::prompt::{Prompt, PromptKind};
use super::super::templates::Recipients;
use super::super::widgets::line_edit::LineEdit;
use super::super::work::{After, Undoable};
use super::{compose, desk_work, overlay, queue, say, templates, warn};
use crate::desk::along::{Along, TemplateUse};
use crate::desk::command::{Command, Refusal};
use crate::desk::guard::in_words;
use crate::desk::ids::TicketKey;
use crate::desk::template::Template;
use crate::desk::template::bulk::{self, Plan, Ready, Target};
use crate::engine::handle::Receipt;
use crate::engine::views::ViewRequest;

/// So many lines of the first reply are shown.
const PREVIEW: usize = 8;

/// Replies that were agreed to.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    ready: Vec<Ready>,
    along: Along,
}

/// Tells the marked tickets, if there are several.
pub(super) fn marked(model: &Model) -> Option<Recipients> {
    let many = model.focus == Focus::Queue && model.queue.marked.len() > 1;
    many.then(|| Recipients { tickets: queue::targets(model), duplicates_of: None }).filter(|to| to.tickets.len() > 1)
}

/// Replies to the marked tickets, or the one at hand: with what was typed, else with a template.
pub(super) fn reply(model: &mut Model, text: &str, out: &mut Vec<Effect>) {
    let tickets = queue::targets(model);
    if tickets.is_empty() {
        return say(model, "no ticket is selected".to_owned(), out);
    }
    send_to(model, Recipients { tickets, duplicates_of: None }, text, out);
}

/// Replies to the ticket at hand and all that were closed as its duplicates.
pub(super) fn reply_linked(model: &mut Model, text: &str, out: &mut Vec<Effect>) {
    let Some(ticket) = model.target() else { return say(model, "no ticket is selected".to_owned(), out) };
    send_to(model, Recipients { tickets: Vec::new(), duplicates_of: Some(ticket) }, text, out);
}

/// Asks for a line that goes to the marked tickets.
pub(super) fn ask_text(model: &mut Model) {
    model.prompt = Some(Prompt { kind: PromptKind::BulkReply, line: LineEdit::new("") });
}

fn send_to(model: &mut Model, recipients: Recipients, text: &str, out: &mut Vec<Effect>) {
    if text.is_empty() {
        return templates::open_for(model, recipients, out);
    }
    plan(model, recipients, Template { text: text.to_owned(), ..Template::default() }, out);
}

/// Asks what is known of those to whom a text goes.
pub(super) fn plan(model: &mut Model, recipients: Recipients, text: Template, out: &mut Vec<Effect>) {
    let (tickets, duplicates_of) = (recipients.tickets.clone(), recipients.duplicates_of);
    model.templates.planning = Some((recipients, text));
    out.push(model.read(ReadKind::Targets, ViewRequest::Targets { tickets, duplicates_of }));
}

/// What is known has come: now it can be said what goes where, and be asked.
pub(super) fn on_targets(model: &mut Model, mut targets: Vec<Target>, out: &mut Vec<Effect>) {
    let Some((recipients, text)) = model.templates.planning.take() else { return };
    for target in &mut targets {
        let own = compose::context(model, target.ticket);
        target.context.agent_name = own.agent_name;
        target.context.agent_first_name = own.agent_first_name;
        target.context.desk_name = own.desk_name;
        target.context.date = own.date;
        target.context.time = own.time;
    }
    let plan = bulk::plan(&text, &targets, recipients.duplicates_of, &model.setup.guard);
    if plan.ready.is_empty() {
        let why = plan.left_out_in_words().join("; ");
        return warn(
            model,
            format!("to nobody: {}", if why.is_empty() { "there is no other ticket" } else { &why }),
            out,
        );
    }
    let template = (!text.name.is_empty()).then(|| TemplateUse {
        name: text.name.clone(),
        language: text.language.clone(),
        edited: false,
    });
    let along = Along {
        template,
        actions: text.actions.clone(),
        duplicate_of: recipients.duplicates_of,
        confirmed: !plan.found.is_empty(),
    };
    let question = question(model, &plan, &along);
    let label = match plan.ready.len() {
        1 => "send it".to_owned(),
        many => format!("send all {many}"),
    };
    let sending = Sending { ready: plan.ready, along };
    overlay::ask(model, Confirm::yes(question, &label, Then::BulkReply(Box::new(sending))));
}

/// Tells everything that somebody must know before a text goes to many.
fn question(model: &Model, plan: &Plan, along: &Along) -> String {
    let count = plan.ready.len();
    let replies = if count == 1 { "1 ticket".to_owned() } else { format!("{count} tickets") };
    let minutes = match plan.minutes(model.setup.pace) {
        0 => "less than a minute".to_owned(),
        1 => "about 1 minute".to_owned(),
        minutes => format!("about {minutes} minutes"),
    };
    let mut lines = vec![format!("Reply to {replies}? It takes {minutes}.")];
    if !along.actions.is_empty() {
        lines.push(format!("then: {}", along.actions));
    }
    if !plan.found.is_empty() {
        lines.push(format!("LOOK: the text has what looks like {}.", in_words(&plan.found)));
    }
    lines.extend(plan.left_out_in_words().into_iter().map(|why| format!("left out, {why}")));
    if let Some(first) = plan.ready.first() {
        lines.push(String::new());
        lines.push(format!("The first, {}:", first.ticket));
        let all = first.text.lines().count();
        lines.extend(first.text.lines().take(PREVIEW).map(|line| format!("| {line}")));
        if all > PREVIEW {
            lines.push(format!("| … and {} more lines", all - PREVIEW));
        }
    }
    lines.join("\n")
}

/// Sends what was agreed to: a reply for each, every one by itself.
pub(super) fn send(model: &mut Model, sending: Sending, out: &mut Vec<Effect>) {
    if model.focus == Focus::Queue {
        model.queue.marked.clear();
        model.queue.anchor = None;
    }
    let batch = model.fresh_tag();
    let Sending { ready, along } = sending;
    model.templates.batches.insert(batch, ready.len());
    for Ready { ticket, text, newest } in ready {
        model.replied.insert(ticket, model.now);
        let command = Command::Reply {
            ticket,
            text: text.clone(),
            reply_to: None,
            hold: true,
            seen: newest,
            file: None,
            along: along.clone(),
        };
        out.push(model.submit(command, After::BulkReply { text, along: along.clone(), batch }));
    }
}

/// A reply to one of many was taken.
pub(super) fn sent(
    model: &mut Model,
    ticket: Option<TicketKey>,
    (text, along): (String, Along),
    batch: u64,
    receipt: &Receipt,
    out: &mut Vec<Effect>,
) {
    if let (Some(outbox), Some(ticket)) = (receipt.outbox, ticket) {
        let moved = receipt.undo;
        model.undo.push(Undoable::Reply { outbox, ticket, text, reply_to: None, file: None, along, moved });
    }
    tally(model, batch, "on their way", None, out);
}

/// One of many was done or refused: with the last of them, tells what all came to.
pub(super) fn tally(model: &mut Model, batch: u64, done: &str, refusal: Option<&Refusal>, out: &mut Vec<Effect>) {
    let own = |after: &After| matches!(after, After::Bulk(_, other) | After::BulkReply { batch: other, .. } if *other == batch);
    let left = model.submitted.values().filter(|other| own(&other.after)).count();
    if let Some(refusal) = refusal {
        model.templates.refused.entry(batch).or_default().push(refusal.to_string());
    }
    if left > 0 {
        return;
    }
    let all = model.templates.batches.remove(&batch).unwrap_or_default();
    let refused = model.templates.refused.remove(&batch).unwrap_or_default();
    let undo = desk_work::undo_words(model);
    match refused.first() {
        None => say(model, format!("all {done}{undo} one by one"), out),
        Some(first) => {
            let well = all.saturating_sub(refused.len());
            let more = if refused.len() > 1 { ", and others" } else { "" };
            warn(model, format!("{well} {done}, {} refused: {first}{more}", refused.len()), out);
        }
    }
}
