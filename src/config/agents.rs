//! The agents and other staff that `desk.toml` names, and the account of this machine that runs the program.

use std::collections::BTreeMap;

use toml::Spanned;

use super::reader::{Item, Reader, Section};
use crate::desk::authority::Authority;
use crate::desk::ids::{AgentName, PersonId};
use crate::desk::people::{Agent, Staff};

impl<'t> Reader<'t> {
    /// Reads `[[agents]]` and `[staff]`.
    pub(super) fn staff(&mut self, root: &Section<'_, 't>) -> (Staff, BTreeMap<AgentName, Authority>) {
        let (mut staff, mut authorities) = (Staff::default(), BTreeMap::new());
        let mut seen: Vec<String> = Vec::new();
        for section in self.sections(root, "agents") {
            self.check_keys(&section);
            let name = self.line(&section, "name");
            let telegram = self.items(&section, "telegram");
            let os_user = self.line(&section, "os_user").map(Spanned::into_inner);
            let timezone = self.timezone(&section, "timezone");
            let Some(name) = name else {
                if section.get("name").is_none() {
                    self.wrong(section.span.start, "an agent has no `name`");
                }
                continue;
            };
            if seen.contains(&name.get_ref().to_lowercase()) {
                self.wrong(name.span().start, format!("there are two agents `{}`", name.get_ref()));
            }
            seen.push(name.get_ref().to_lowercase());
            if let Some(authority) = self.choice(&section, "role", &Authority::ALL.map(|one| (one.label(), one))) {
                authorities.insert(AgentName(name.get_ref().clone()), authority);
            }
            let mut agent =
                Agent { name: AgentName(name.into_inner()), telegram: None, username: None, os_user, timezone };
            if let [_, second, ..] = telegram.as_slice() {
                self.wrong(second.span().start, "an agent has one Telegram account");
            }
            match telegram.first().and_then(|item| self.account(item)) {
                Some(Account::Id(id)) => agent.telegram = Some(id),
                Some(Account::Username(name)) => agent.username = Some(name),
                None => {}
            }
            staff.agents.push(agent);
        }
        let section = self.section(root, "staff");
        self.check_keys(&section);
        for item in self.items(&section, "telegram") {
            match self.account(&item) {
                Some(Account::Id(id)) => staff.colleagues.push(id),
                Some(Account::Username(name)) => staff.colleague_names.push(name),
                None => {}
            }
        }
        (staff, authorities)
    }

    fn account(&mut self, item: &Spanned<Item>) -> Option<Account> {
        let account = match item.get_ref() {
            Item::Number(id) => Some(Account::Id(PersonId(*id))).filter(|_| *id != 0),
            Item::Text(text) => {
                let name = text.strip_prefix('@').unwrap_or(text);
                let fits =
                    (3..=32).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                match text.parse::<i64>() {
                    Ok(id) => Some(Account::Id(PersonId(id))),
                    Err(_) => Some(Account::Username(name.to_lowercase())).filter(|_| fits),
                }
            }
        };
        if account.is_none() {
            self.wrong(item.span().start, "no Telegram account: write its id, or its name like \"@olena\"");
        }
        account
    }
}

enum Account {
    Id(PersonId),
    Username(String),
}

/// Tells the account of this machine that runs the program: its name, and its number as text.
///
/// By the user id that the kernel knows, not by `$USER`, which anybody can set.
pub fn os_user() -> Vec<String> {
    let own = rustix::process::getuid().as_raw();
    os_user_named(own).into_iter().chain([own.to_string()]).collect()
}

/// Tells the name of an account of this machine, by its number, as the system knows it: from its own table or a
/// directory service, which may have to be waited for.
pub fn os_user_named(uid: u32) -> Option<String> {
    uzers::get_user_by_uid(uid)?.name().to_str().map(str::to_owned)
}

/// Finds the agent that an account of this machine is: `os_user` is its name, or its number. May wait for a directory service.
pub fn agent_of(uid: u32, agents: &[Agent]) -> Option<&Agent> {
    let (name, number) = (os_user_named(uid), uid.to_string());
    let is_it = |user: &str| user == number || name.as_deref() == Some(user);
    agents.iter().find(|agent| agent.os_user.as_deref().is_some_and(is_it))
}

/// Finds the number of a group of this machine, by its name or the number itself. May wait for a directory service.
pub fn group_id(group: &str) -> Option<u32> {
    group.parse().ok().or_else(|| Some(uzers::get_group_by_name(group)?.gid()))
}
