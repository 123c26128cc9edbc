//! The palette: an action by name, with what follows it on the line.

use super::super::action::{ACTIONS, Action, by_name};
use super::super::effect::{Effect, ReadKind};
use super::super::model::Model;
use super::super::widgets::picker::Picker;
use super::super::work::Repeatable;
use super::{
    attach, bulk, compose, desk_work, explain, files, lookup, perform, queue, queues, suggestions, thread, warn,
};
use crate::desk::command::Command;
use crate::desk::groups::TicketNumber;
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::template::by_code;
use crate::desk::ticket::{Pending, PendingReason};
use crate::engine::views::{Sort, ViewRequest};

/// Runs what was typed, or what is selected.
pub(super) fn run(model: &mut Model, picker: &Picker, out: &mut Vec<Effect>) {
    let typed = picker.query.text().trim();
    let (name, rest) = typed.split_once(' ').unwrap_or((typed, ""));
    let rest = rest.trim();
    // Words before a number may be an action's too: only a group's name is one.
    let is_group = |name: &String| model.desk.iter().flat_map(|desk| &desk.groups).any(|facts| facts.called().is(name));
    if let Ok(TicketNumber { topic, group, .. }) = typed.parse()
        && group.as_ref().is_none_or(is_group)
    {
        out.push(model.read(ReadKind::Find, ViewRequest::FindTicket { topic, group }));
        return;
    }
    if let Some(row) = by_name(name).filter(|row| row.action.in_palette() && !rest.is_empty()) {
        return with_words(model, row.action, rest, out);
    }
    let chosen = match by_name(typed).filter(|row| row.action.in_palette()) {
        Some(row) => Some(row.action),
        None => picker.current().and_then(|item| ACTIONS.get(item.index)).map(|row| row.action),
    };
    match chosen {
        Some(action) => perform::perform(model, action, out),
        None => warn(model, format!("there is no action `{typed}`"), out),
    }
}

fn with_words(model: &mut Model, action: Action, words: &str, out: &mut Vec<Effect>) {
    let until = |words: &str| model.zone.parse(words, model.now);
    let what = match action {
        Action::SetPending => {
            let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
            let reason = PendingReason::ALL.into_iter().find(|reason| reason.label() == first);
            let rest = if reason.is_some() { rest.trim() } else { words };
            let parsed = if rest.is_empty() { Ok(None) } else { until(rest).map(Some) };
            parsed.map(|until| {
                let reason = reason.unwrap_or(PendingReason::ThirdParty);
                Some(Repeatable::SetPending(Pending { reason, until }))
            })
        }
        Action::Snooze if words == "off" => Ok(Some(Repeatable::Snooze(None))),
        Action::Snooze => until(words).map(|until| Some(Repeatable::Snooze(Some(until)))),
        Action::Close => Ok(Some(Repeatable::Close(words.to_owned()))),
        Action::Assign => Ok(Some(Repeatable::Assign(AgentName(words.to_owned()), None))),
        Action::Priority => words.parse().map(|priority| Some(Repeatable::SetPriority(priority))),
        Action::Tags => words.parse().map(|change| Some(Repeatable::Tag(change))),
        _ => Ok(None),
    };
    match what {
        Ok(Some(what)) => return desk_work::act(model, what, out),
        Err(why) => return warn(model, why, out),
        Ok(None) => {}
    }
    match action {
        Action::Category => desk_work::set_category(model, words, out),
        Action::Team => desk_work::set_team(model, words, out),
        Action::Duplicate => duplicate(model, words, out),
        Action::Find if model.focus == super::super::model::Focus::Queue => queue::set_filter(model, words, out),
        Action::Find => thread::find(model, words, out),
        Action::Search => {
            lookup::open_search(model, words);
            lookup::ask_remote(model, out);
        }
        Action::Suggestions => suggestions::open(model, words, out),
        Action::Jump => match words.parse::<TicketNumber>() {
            Ok(_) => thread::open_number(model, words, out),
            Err(_) => {
                lookup::open_jump(model, out);
                if let Some(super::super::overlays::Overlay::Jump(picker, _)) = &mut model.overlay {
                    picker.type_text(words);
                }
                lookup::ask_remote(model, out);
            }
        },
        Action::Sort => match Sort::named(words) {
            Some(sort) => queue::set_sort(model, sort, out),
            None => {
                let all = Sort::ALL.map(|(word, _)| word).join(", ");
                warn(model, format!("there is no order `{words}`: {all}"), out);
            }
        },
        Action::Explain => explain::ask(model, words, out),
        Action::Queues => queues::go(model, words, out),
        Action::Theme => perform::set_theme(model, words, out),
        Action::Note => {
            if let Some(ticket) = model.target() {
                let text = words.to_owned();
                out.push(
                    model.submit(Command::Note { ticket, text: text.clone() }, super::super::work::After::Note(text)),
                );
            }
        }
        Action::Template => {
            let language = compose::language(model);
            let desk = model.setup.language.clone().unwrap_or_else(|| "en".to_owned());
            match by_code(&model.setup.templates, words, language.as_deref(), &desk).cloned() {
                Some(template) => compose::insert_template(model, &template, out),
                None => warn(model, format!("no template has the code `{words}`"), out),
            }
        }
        Action::BulkReply => bulk::reply(model, words, out),
        Action::ReplyLinked => bulk::reply_linked(model, words, out),
        Action::Attach => {
            if let Some(ticket) = attach::begin(model, out) {
                attach::attach(model, ticket, words, out);
            }
        }
        Action::SaveFile => files::save(model, Some(words), out),
        Action::Reply => {
            compose::open(model, false, out);
            if let Some(composer) = &mut model.composer {
                composer.insert(words);
                compose::changed(model, out);
            }
        }
        _ => warn(model, format!("`{}` takes nothing after it", action.row().name), out),
    }
}

fn duplicate(model: &mut Model, words: &str, out: &mut Vec<Effect>) {
    let Some(ticket) = model.target() else { return };
    match words.parse() {
        Ok(TicketNumber { topic, group, .. }) => {
            let mut groups = model.desk.iter().flat_map(|desk| &desk.groups);
            let named = group.map(|name| groups.find(|facts| facts.called().is(&name)).map(|facts| facts.group));
            let Some(group) = named.unwrap_or(Some(ticket.group)) else {
                return warn(model, format!("`{words}`: there is no such group"), out);
            };
            let of = TicketKey { group, topic };
            desk_work::once(
                model,
                Command::Duplicate { ticket, of },
                format!("{ticket} is closed: it goes on in {of}"),
                out,
            );
        }
        Err(_) => {
            warn(model, format!("`{words}` is no ticket number"), out);
        }
    }
}
