//! An examination of login, group and rights, for `topicdesk doctor`.

use std::sync::Arc;

use grammers_tl_types as tl;

use super::error::TelegramError;
use super::facts::facts;
use super::group;
use super::login::Account;
use super::session::Vault;
use super::setup::Setup;
use super::wire::Wire;
use crate::engine::transport::GroupFacts;

/// A clock that is further off than this breaks MTProto's message ids now and then.
const SKEW: i64 = 30;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The account, as the session file has it.
    pub account: Account,
    /// The group and the account's rights in it; `None` if the group will not do, which a finding explains.
    pub facts: Option<GroupFacts>,
    /// How far this machine's clock is ahead of Telegram's, in seconds.
    pub clock_ahead: i64,
    /// One line each, in the order in which they are to be read.
    pub findings: Vec<Finding>,
}

/// A line of an examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// All is well here.
    pub fine: bool,
    /// What was looked at, and how it is.
    pub what: String,
    /// What to do about it.
    pub how: Option<String>,
}

fn fine(what: impl Into<String>) -> Finding {
    Finding { fine: true, what: what.into(), how: None }
}

fn trouble(what: impl Into<String>, how: impl Into<String>) -> Finding {
    Finding { fine: false, what: what.into(), how: Some(how.into()) }
}

/// Examines login, clock, group and rights over a connection of its own.
///
/// # Errors
/// Not logged in (any more), no connection, an unusable session file. A group that will not do is no error but a finding.
pub async fn examine(setup: &Setup) -> Result<Examination, TelegramError> {
    let vault = Arc::new(Vault::open(setup)?);
    let own = vault.own().ok_or(TelegramError::NotLoggedIn)?;
    let (wire, _pool) = Wire::new(setup, vault);
    let explain = |error: super::error::CallError| error.explain(&wire.target());
    // Fails with 401 when the login has ended, which `help.getConfig` would not tell.
    wire.ask(&tl::functions::updates::GetState {}).await.map_err(explain)?;
    let tl::enums::Config::Config(config) = wire.ask(&tl::functions::help::GetConfig {}).await.map_err(explain)?;
    let clock_ahead = setup.clock.now().unix() - i64::from(config.date);
    let account = Account::from(own.clone());
    let kind = if account.bot { "bot" } else { "user" };
    let mut findings = vec![fine(format!("logged in as {} ({kind} {})", account.name, account.id))];
    findings.push(if clock_ahead.abs() <= SKEW {
        fine("the clock agrees with Telegram's")
    } else {
        trouble(format!("the clock is {clock_ahead} s off"), "turn on time synchronisation (timedatectl set-ntp true)")
    });
    let facts = match group::resolve(&wire, &own, setup.group.as_ref()).await {
        Ok(group) => Some(facts(&wire, &own, &group).await?),
        Err(error @ (TelegramError::Link { .. } | TelegramError::LoggedOut { .. })) => return Err(error),
        Err(error) => {
            findings.push(Finding { fine: false, what: error.to_string(), how: None });
            None
        }
    };
    if let Some(facts) = &facts {
        judge(facts, &mut findings);
    }
    wire.vault().flush()?;
    Ok(Examination { account, facts, clock_ahead, findings })
}

fn judge(facts: &GroupFacts, findings: &mut Vec<Finding>) {
    let who = &facts.own_name;
    let rights = &facts.rights;
    findings.push(fine(format!("group \"{}\" (-100{}) has topics", facts.title, facts.group)));
    if !rights.member {
        findings.push(trouble(format!("{who} is not a member of the group"), "an admin of the group must add it"));
        return;
    }
    let grant = |right: &str| format!("group settings, Administrators, {who}: turn on \"{right}\"");
    findings.push(match (facts.bot, rights.admin, rights.reads_all) {
        (false, _, _) => fine("a user account sees all messages"),
        (true, true, _) => fine(format!("{who} is an admin and sees all messages")),
        (true, false, true) => fine(format!("{who} sees all messages (its privacy mode is off)")),
        (true, false, false) => trouble(
            format!("{who} sees only commands and replies: most messages would be missing"),
            format!("make {who} an admin of the group, or turn its privacy mode off in @BotFather and add it to the group again"),
        ),
    });
    findings.push(if rights.send {
        fine("may send messages")
    } else {
        trouble("may not send messages: no reply would reach anybody", grant("Send messages"))
    });
    findings.push(if rights.manage_topics {
        fine("may manage topics")
    } else {
        trouble(
            "may not manage topics: closed topics cannot be answered, and none can be opened",
            grant("Manage topics"),
        )
    });
    if facts.admins.is_empty() {
        findings.push(trouble(
            "the list of admins is not to be had: staff is only who desk.toml names",
            "make the account an admin, or name everybody in [[agents]]",
        ));
    } else {
        let names: Vec<&str> =
            facts.admins.iter().filter(|admin| !admin.person.bot).map(|admin| admin.person.name.as_str()).collect();
        findings.push(fine(format!("admins, who are staff: {}", names.join(", "))));
    }
}
