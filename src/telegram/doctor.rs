//! An examination of login, group and rights, for `topicdesk doctor`.

use std::sync::Arc;

use grammers_tl_types as tl;

use super::error::TelegramError;
use super::facts::facts;
use super::group;
use super::login::Account;
use super::session::Vault;
use super::setup::Setup;
use super::summon;
use super::topics;
use super::wire::Wire;
use crate::desk::ids::GroupId;
use crate::engine::transport::{Finding, GroupFacts, Reach, TopicIcon, Weight};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The account, as the session file has it.
    pub account: Account,
    /// The groups and the account's rights in them; one that will not do is not among them, which a finding explains.
    pub groups: Vec<GroupFacts>,
    /// The icons that a topic may have; empty if they were not asked for or not told.
    pub icons: Vec<TopicIcon>,
    /// One line each, in the order in which they are to be read.
    pub findings: Vec<Finding>,
}

/// Examines login, clock, group and rights over a connection of its own. `shows_status`: status is to be shown in Telegram. `reach`: who is
/// to be told something there; each is asked about, and nothing is said to any of them.
///
/// # Errors
/// Not logged in (any more), no connection, an unusable session file. A group that will not do is no error but a finding.
pub async fn examine(setup: &Setup, shows_status: bool, reach: &[Reach]) -> Result<Examination, TelegramError> {
    let vault = Arc::new(Vault::open(setup)?);
    let own = vault.own().ok_or(TelegramError::NotLoggedIn)?;
    let (wire, _pool) = Wire::new(setup, vault);
    let explain = |error: super::error::CallError| error.explain(&wire.target());
    // Fails with 401 when the login has ended, which `help.getConfig` would not tell.
    wire.ask(&tl::functions::updates::GetState {}).await.map_err(explain)?;
    let account = Account::from(own.clone());
    let kind = if account.bot { "bot" } else { "user" };
    let mut findings = vec![Finding::fine(format!("logged in as {} ({kind} {})", account.name, account.id))];
    let (found, missing) = match group::resolve_all(&wire, &own, &setup.groups).await {
        Ok(found) => found,
        Err(
            error @ (TelegramError::Link { .. } | TelegramError::LoggedOut { .. } | TelegramError::KeyDestroyed { .. }),
        ) => return Err(error),
        Err(error) => {
            findings.push(Finding::clock(wire.clock_ahead().await.map_err(explain)?));
            findings.push(Finding { weight: Weight::Broken, what: error.to_string(), how: None });
            (Vec::new(), Vec::new())
        }
    };
    let several = setup.groups.len() > 1;
    let mut groups = Vec::with_capacity(found.len());
    for group in &found {
        let facts = facts(&wire, &own, group).await?;
        let name = facts.called().name().to_owned();
        let of = |finding: Finding| match several {
            true => Finding { what: format!("{name}: {}", finding.what), ..finding },
            false => finding,
        };
        findings.push(Finding::fine(format!("group \"{}\" (-100{})", facts.title, facts.group)));
        findings.extend(facts.findings(shows_status).into_iter().map(of));
        let people = facts.admins.iter().filter(|admin| !admin.person.bot);
        let names: Vec<&str> = people.map(|admin| admin.person.name.as_str()).collect();
        if !names.is_empty() {
            findings.push(of(Finding::fine(format!("admins, who are staff: {}", names.join(", ")))));
        }
        groups.push(facts);
    }
    for one in missing {
        findings.push(Finding { weight: Weight::Broken, what: format!("{}: {}", one.name, one.why), how: None });
    }
    for to in reach {
        let own_groups: Vec<GroupId> = groups.iter().map(|facts: &GroupFacts| facts.group).collect();
        findings.push(summon::probe(&wire, &own, &own_groups, to).await.map_err(explain)?);
    }
    let icons = match shows_status {
        true => wire.ask(&topics::default_icons()).await.map(|set| topics::icons_of(&set)),
        false => Ok(Vec::new()),
    };
    let icons = icons.unwrap_or_else(|error| {
        let what = format!("Telegram does not tell the icons of topics: {}", error.words());
        findings.push(Finding::risk(what, "try again later; until then those that were fetched before are used"));
        Vec::new()
    });
    wire.vault().flush()?;
    Ok(Examination { account, groups, icons, findings })
}
