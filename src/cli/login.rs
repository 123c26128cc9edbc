//! `topicdesk login`: logs in as a bot or a user, and helps to choose the group. Where the desk runs, its process does it for an admin.

use std::io::{IsTerminal, Write, stdin, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::ask::Person;
use super::failure::{Done, Failure};
use super::mirror;
use super::site::{Site, say};
use super::{operate, table};
use crate::clock::Timestamp;
use crate::config;
use crate::desk::authority::Authority;
use crate::desk::ids::PersonId;
use crate::engine::handle::{KnownGroup, LoginStep};
use crate::seat::SeatError;
use crate::seat::client::{self, Welcome};
use crate::store::lock;
use crate::telegram::Secret;
use crate::telegram::group;
use crate::telegram::login::{self, Account};
use crate::telegram::{Setup, TelegramError};

mod desk;
mod seat;

pub(super) use desk::Login;

#[derive(Args)]
pub(super) struct LoginArgs {
    #[command(flatten)]
    kind: Kind,
    /// The file that holds the bot's token (else asked for, or read from standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    token_file: Option<PathBuf>,
    /// The bot's token
    #[arg(long, env = "TOPICDESK_BOT_TOKEN", hide = true, hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Kind {
    /// As a bot, with the token of @BotFather
    #[arg(long)]
    bot: bool,
    /// As a user: phone number, code, two-step password
    #[arg(long)]
    user: bool,
}

pub(super) async fn run(global: &Global, args: LoginArgs) -> Done {
    let site = Site::open(global)?;
    if let Some(since) = runs(&site).await? {
        let begin = match args.kind.bot {
            true => LoginStep::Bot { token: token(&site, args.token_file.as_deref(), args.token)? },
            false => LoginStep::User,
        };
        return seat::log_in(&site, begin, since).await;
    }
    let setup = mirror::setup(&site)?;
    // One key is used by one process: nobody may be working with the desk meanwhile.
    let _lock = lock::take(&site.paths.data).map_err(crate::engine::EngineError::from)?;
    // A key that Telegram has destroyed stands in nobody's way; that it goes is said.
    if let Some(destroyed) = login::clear_destroyed(&setup)? {
        say(&format!("the old login is forgotten: {destroyed}"));
    }
    // Said before anything is asked.
    if let Some(own) = login::account(&setup.session)? {
        return Err(TelegramError::AlreadyLoggedIn { who: own.name }.into());
    }
    let account = if args.kind.bot {
        let token = token(&site, args.token_file.as_deref(), args.token)?;
        login::as_bot(&setup, &token).await?
    } else {
        login::as_user(&setup, &mut Person).await?
    };
    tell(&site, &account)?;
    if setup.groups.is_empty() {
        choose(&site, &setup).await?;
    }
    Ok(())
}

/// Tells since when a desk runs, if one does: its process then logs in and out, for an admin.
///
/// # Errors
/// Whoever asks is no admin there, before they are asked for a secret; or the desk does not let them in.
pub(super) async fn runs(site: &Site) -> Done<Option<Timestamp>> {
    let Some(since) = operate::begun(site).await? else { return Ok(None) };
    let Welcome { agent, authority, .. } = client::greet(&site.paths.socket, site.wanted().as_ref()).await?;
    match authority {
        Authority::Admin => Ok(Some(since)),
        less => Err(SeatError::Declined(format!("{agent} is {less}: that needs {}", Authority::Admin)).into()),
    }
}

/// Says that the login has ended.
pub(super) fn said(data: &Path) -> String {
    format!("logged out; the tickets in {} stay", data.display())
}

fn token(site: &Site, file: Option<&Path>, given: Option<String>) -> Done<Secret> {
    if let Some(path) = file {
        let unreadable = |error: std::io::Error| Failure::usage(format!("{}: cannot be read: {error}", path.display()));
        let token = std::fs::read_to_string(path).map_err(unreadable)?;
        let open = std::fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o077 != 0;
        let sentence = format!("{0}: holds a token and can be read by others: run `chmod 600 {0}`", path.display());
        // A sandbox's bot is made up.
        if open && site.config.telegram.sandbox.is_none() {
            return Err(Failure::usage(sentence));
        }
        return Ok(Secret::new(token.trim()));
    }
    match given {
        Some(token) => Ok(Secret::new(token)),
        None => Person.secret("Bot token").map_err(Failure::usage),
    }
}

fn tell(site: &Site, account: &Account) -> Done {
    if site.json {
        let told = json!({"id": account.id, "name": account.name, "username": account.username, "bot": account.bot});
        return Ok(writeln!(stdout(), "{told}")?);
    }
    let kind = if account.bot { "bot" } else { "user" };
    Ok(writeln!(stdout(), "logged in as {} ({kind} {})", table::safe(&account.name), account.id)?)
}

/// Has the group chosen from those the account knows; the login stands whatever comes of it.
async fn choose(site: &Site, setup: &Setup) -> Done {
    let groups = known(setup).await?;
    let file = site.paths.config.display();
    if groups.len() < 2 || site.json || !stdin().is_terminal() {
        advise(&groups, &file.to_string(), "");
        return Ok(());
    }
    for (index, group) in groups.iter().enumerate() {
        writeln!(stdout(), "{:3}  {}", index + 1, table::safe(&named(group)))?;
    }
    let chosen = loop {
        let answer = Person.line("Which group").map_err(Failure::usage)?;
        match answer.parse::<usize>().ok().and_then(|number| groups.get(number.checked_sub(1)?)) {
            Some(group) => break group,
            None => say(&format!("write a number from 1 to {}", groups.len())),
        }
    };
    match config::write_group(&site.paths.config, chosen.id, &chosen.title) {
        Ok(()) => say(&format!("{} is now the group in {file}", named(chosen))),
        Err(error) => say(&format!("put `group = -100{}` under [telegram] in {file} ({error})", chosen.id)),
    }
    Ok(())
}

/// Lists the groups with topics that the account knows.
async fn known(setup: &Setup) -> Result<Vec<KnownGroup>, TelegramError> {
    let groups = group::choose(setup).await?.into_iter().filter(|group| group.forum);
    Ok(groups.map(|group| KnownGroup { id: group.id.0, title: group.title, username: group.username }).collect())
}

fn named(group: &KnownGroup) -> String {
    match &group.username {
        Some(username) => format!("\"{}\" (@{username}, -100{})", group.title, group.id),
        None => format!("\"{}\" (-100{})", group.title, group.id),
    }
}

/// Says what to put into `desk.toml`, if anything; `then` is what comes after that.
fn advise(groups: &[KnownGroup], file: &str, then: &str) {
    match groups {
        [] => say(&format!(
            "this account knows no group with topics yet: add it to the group, then name the group in {file}{then}"
        )),
        [only] => {
            say(&format!("the desk will work {}: the only group with topics that this account knows", named(only)));
        }
        several => {
            let list: Vec<String> =
                several.iter().map(|group| format!("  group = -100{}    # {}", group.id, group.title)).collect();
            say(&format!(
                "there are several groups with topics: put one of these lines under [telegram] in {file}{then}\n{}",
                list.join("\n")
            ));
        }
    }
}
