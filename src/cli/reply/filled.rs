//! A text made of a template: found, filled in for a ticket, with what it brings along.

use clap::Args;

use super::super::failure::{Done, Failure};
use super::super::mirror::glance;
use super::super::site::{Site, say};
use super::super::work;
use crate::desk::along::{Actions, Along, TemplateUse};
use crate::desk::ids::TicketKey;
use crate::desk::template::bulk::Target;
use crate::desk::template::{Context, Template, by_code};
use crate::engine::handle::Handle;
use crate::engine::views::{View, ViewRequest};

#[derive(Args)]
pub(super) struct FilledArgs {
    /// Make the text of this template: its code, or its name. Its actions go along
    #[arg(long, value_name = "CODE")]
    pub(super) template: Option<String>,
    /// Fill in a field of the template that asks: `--set "order number=1042"`
    #[arg(long, value_name = "NAME=VALUE", requires = "template")]
    set: Vec<String>,
    /// Leave out what the template would do to the ticket
    #[arg(long, requires = "template")]
    no_actions: bool,
}

/// Asks what is known of tickets to which a text may go.
pub(super) async fn targets(
    handle: &Handle,
    tickets: Vec<TicketKey>,
    duplicates_of: Option<TicketKey>,
) -> Done<Vec<Target>> {
    match handle.read(ViewRequest::Targets { tickets, duplicates_of }).await {
        View::Targets { targets } => Ok(targets),
        other => Err(work::unreadable(other)),
    }
}

/// Fills in what the desk does not know by itself: who writes, for which desk, when.
pub(super) async fn own_context(site: &Site, handle: &Handle, context: Context) -> Done<Context> {
    let agent = glance(handle).await?.name_of(site.agent()?);
    let now = site.zone(handle.agent()).local(site.clock.now());
    Ok(Context {
        agent_first_name: agent.split_whitespace().next().unwrap_or_default().to_owned(),
        agent_name: agent,
        desk_name: site.config.rules.desk_name.clone(),
        date: now.format("%Y-%m-%d").to_string(),
        time: now.format("%H:%M").to_string(),
        ..context
    })
}

/// Finds the template that is named, in the customer's language, else the desk's, with the fields that were set filled in.
pub(super) fn find(site: &Site, handle: &Handle, args: &FilledArgs, language: Option<&str>) -> Done<Template> {
    let wanted = args.template.as_deref().unwrap_or_default();
    let loaded = site.templates(Some(handle.agent()));
    for error in &loaded.errors {
        say(&error.to_string());
    }
    let desk = &site.config.language;
    let named: Vec<Template> =
        loaded.templates.iter().filter(|one| one.name.to_lowercase() == wanted.to_lowercase()).cloned().collect();
    let found = by_code(&loaded.templates, wanted, language, desk).or_else(|| {
        named.iter().min_by_key(|one| match language {
            Some(language) if one.speaks(language) => 0,
            _ if one.speaks(desk) => 1,
            _ => 2,
        })
    });
    let Some(found) = found else {
        let wanted = wanted.escape_debug();
        return Err(Failure::error(format!("there is no template `{wanted}`: `topicdesk template list` names them")));
    };
    let mut template = found.clone();
    for set in &args.set {
        let Some((name, value)) = set.split_once('=') else {
            return Err(Failure::usage(format!("--set `{}`: write NAME=VALUE", set.escape_debug())));
        };
        let before = template.text.clone();
        template.text = template.set(name.trim(), value);
        if template.text == before {
            return Err(Failure::usage(format!("the template does not ask for `{}`", name.trim().escape_debug())));
        }
    }
    Ok(template)
}

/// Tells what goes along with a reply that is made of a template.
pub(super) fn along(template: &Template, args: &FilledArgs) -> Along {
    let name = template.name.clone();
    let used = TemplateUse { name, language: template.language.clone(), edited: false };
    let actions = if args.no_actions { Actions::default() } else { template.actions.clone() };
    Along { template: Some(used), actions, ..Along::default() }
}

/// Fills the template in for one ticket.
pub(super) async fn fill(site: &Site, handle: &Handle, ticket: TicketKey, args: &FilledArgs) -> Done<(String, Along)> {
    let target = targets(handle, vec![ticket], None).await?.pop();
    let target = target.ok_or_else(|| Failure::error(format!("there is no ticket {ticket}")))?;
    let template = find(site, handle, args, target.language.as_deref())?;
    let context = own_context(site, handle, target.context).await?;
    Ok((template.fill(&context).trim().to_owned(), along(&template, args)))
}
