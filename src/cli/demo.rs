//! `topicdesk demo`: a sandbox and a desk in one process, logged in for real over loopback, in a folder that is thrown away.

use std::collections::VecDeque;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use clap::Args;

use super::args::Global;
use super::failure::{Done, Failure};
use super::sandbox::{WorldArgs, start};
use super::site::{Site, in_use};
use super::{mirror, screen};
use crate::config;
use crate::sandbox::{AnnouncedAccount, Announcement};
use crate::store::lock;
use crate::telegram::Secret;
use crate::telegram::login::{self, Ask};
use crate::tui::{self, TuiError};

#[derive(Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    world: WorldArgs,
    /// Log in as a user, with code and two-step password, instead of as a bot
    #[arg(long)]
    as_user: bool,
}

pub(super) async fn run(global: &Global, args: DemoArgs) -> Done {
    if global.config.is_some() || global.desk.is_some() {
        return Err(Failure::usage("a demo writes a desk of its own: leave --config and --desk away"));
    }
    match tui::check_terminal() {
        Err(TuiError::NoTerminal) => {
            return Err(Failure::usage("the demo needs a terminal: run it in one, or see `topicdesk sandbox --json`"));
        }
        other => other?,
    }
    // The folder goes when this does, unless it was named.
    let thrown_away = match &global.data_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("topicdesk-demo-").tempdir()?),
    };
    let folder = match (&global.data_dir, &thrown_away) {
        (Some(folder), _) => folder.as_path(),
        (None, Some(folder)) => folder.path(),
        (None, None) => return Err(Failure::error("there is no folder for the demo")),
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| cannot(folder, &error))?;
    mine(folder)?;
    let global = super::args::Global { data_dir: Some(folder.to_owned()), ..global.clone() };
    // Another demo may be at work there: nothing of it is touched.
    let lock = lock::take(&Site::paths(&global)?.data).map_err(|error| {
        in_use(error, &format!("leave it there (`q`), or work in it: topicdesk --data-dir {}", folder.display()))
    })?;
    let state = thrown_away.is_none().then(|| folder.join("sandbox.state"));
    let sandbox = start(args.world.options(([127, 0, 0, 1], 0).into(), state, true)).await?;
    let announcement = sandbox.announcement();
    let line = serde_json::to_string(announcement)?;
    write(&folder.join("sandbox.json"), &format!("{line}\n"))?;
    write(&folder.join("desk.toml"), &(desk_toml(announcement) + super::knowledge::shop(folder)?))?;
    let site = Site::open(&global)?;
    log_in(&site, announcement, args.as_user).await?;
    drop(lock);
    let done = screen::work(&global, &site, Some(hint(folder, thrown_away.is_some()))).await;
    sandbox.stop().await;
    done
}

/// The first line of what the demo writes, by which it knows its own file again.
const MARK: &str = "# Written by `topicdesk demo`, and written anew each time.";

/// What the shop promises: some of its tickets are overdue, others soon will be.
const PROMISES: &str = r#"
[hours.service]
timezone = "UTC"
monday = "00:00-24:00"
tuesday = "00:00-24:00"
wednesday = "00:00-24:00"
thursday = "00:00-24:00"
friday = "00:00-24:00"
saturday = "00:00-24:00"
sunday = "00:00-24:00"
holidays = [{ on = "12-25", name = "Christmas" }, { on = "01-01", name = "New Year" }]

[hours.workshop]
timezone = "Europe/Stockholm"
monday = ["09:00-12:30", "13:30-18:00"]
tuesday = ["09:00-12:30", "13:30-18:00"]
wednesday = ["09:00-12:30", "13:30-18:00"]
thursday = ["09:00-12:30", "13:30-18:00"]
friday = ["09:00-12:30", "13:30-18:00"]
saturday = "10:00-14:00"

[[sla]]
name = "Urgent"
when = "priority:urgent,high"
hours = "service"
first_response = "15m"
next_response = "30m"
resolution = "8h"
warn_before = "10m"

[[sla]]
name = "Repairs"
when = "tag:repair"
hours = "workshop"
first_response = "4h"
next_response = "9h"

[[sla]]
name = "Everybody"
hours = "service"
first_response = "2h"
next_response = "12h"
resolution = "20d"
warn_before = "30m"
"#;

/// Who hears of what in the shop, and when.
const ESCALATIONS: &str = r#"
[[escalations]]
name = "Nobody answers"
when = "-tag:spam"
hours = "service"
no_response_for = "2m"
notify = ["@all"]
tell = ["telegram"]
add_tags = ["escalated"]
cooldown = "30m"

[[escalations]]
name = "Urgent and late"
when = "priority:>=high"
on = "breach"
notify = ["@assignee", "@all"]
priority = "raise"
note = "This one is late: please see to it first."
"#;

/// What becomes of new tickets by themselves: those about money are given to colleagues, all others wait for whoever tries the demo.
const INTAKE: &str = r#"
[[intake]]
name = "Money"
match = 'charged|refund|invoice|código|descuento|оплат|оплач|возврат|領収書'
add_tags = ["payment"]
category = "money"

[[intake]]
name = "Repairs"
match = 'repair|broken|leak|muffig|锁不紧|ремонт'
add_tags = ["repair"]
category = "repair"

[[intake]]
name = "In Ukrainian"
language = "uk"
add_tags = ["ukrainian"]

[[routing]]
name = "Payments"
when = "tag:payment"
team = "payments"
"#;

/// Refuses a folder whose `desk.toml` somebody else has written.
fn mine(folder: &Path) -> Done {
    let file = folder.join("desk.toml");
    match std::fs::read_to_string(&file) {
        Ok(text) if !text.starts_with(MARK) => Err(Failure::usage(format!(
            "{} is no demo's: name another folder, or none for one that is thrown away",
            file.display()
        ))),
        _ => Ok(()),
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::error(format!("{}: cannot be written: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Done {
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| cannot(path, &error))
}

fn agents(announcement: &Announcement) -> impl Iterator<Item = &AnnouncedAccount> {
    announcement.accounts.iter().filter(|account| account.kind == "agent")
}

fn desk_toml(announcement: &Announcement) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let group = &announcement.group;
    let key = announcement.free_keys.first().map(String::as_str).unwrap_or_default();
    let mut text = format!(
        "{MARK}\n\n[desk]\nname = {}\n\n[telegram]\ngroup = {}\nbackfill_calls_per_second = 0\n\n[telegram.mirror_status]\nenabled = true\n\n\
         [telegram.sandbox]\n\
         address = {}\ndc_id = {}\nauth_key = {}\n\n[rules]\nignore_topics = [\"Rules*\", \"News*\"]\n\
         reassign_after = \"30m\"\non_resolve = \"survey\"\nnotice_delay = \"30s\"\n\
         close_reasons = [\"spam\", \"no answer\", \"refunded\"]\n\n[nudges]\nafter = [\"2d\", \"3d\"]\n",
        quoted(&group.title),
        group.id,
        quoted(&announcement.address),
        announcement.dc_id,
        quoted(key),
    );
    for group in &announcement.further {
        text.push_str(&format!("\n[[groups]]\ngroup = {}\n", group.id));
    }
    text.push_str(PROMISES);
    text.push_str(ESCALATIONS);
    let mut names: Vec<String> = Vec::new();
    for account in agents(announcement) {
        let first = account.name.split_whitespace().next().unwrap_or("agent").to_lowercase();
        let name = if names.contains(&first) { format!("{first} {}", account.id) } else { first };
        text.push_str(&format!("\n[[agents]]\nname = {}\ntelegram = {}\n", quoted(&name), account.id));
        // Whoever runs the demo is the first of them, in this and in every other terminal.
        if let Some(user) = config::os_user().first().filter(|_| names.is_empty()) {
            text.push_str(&format!("os_user = {}\n", quoted(user)));
        }
        if !names.is_empty() {
            // The others are on duty without a screen.
            text.push_str("skills = [\"payment\"]\ncapacity = 4\nhours = \"service\"\n");
        }
        names.push(name);
    }
    let colleagues: Vec<String> = names.iter().skip(1).map(|name| quoted(name)).collect();
    if !colleagues.is_empty() {
        text.push_str(INTAKE);
        let agents = colleagues.join(", ");
        text.push_str(&format!("\n[[teams]]\nname = \"payments\"\nagents = [{agents}]\nassign = \"skills\"\n"));
    }
    text
}

async fn log_in(site: &Site, announcement: &Announcement, as_user: bool) -> Done {
    let setup = mirror::setup(site)?;
    if login::account(&setup.session)?.is_some() {
        return Ok(());
    }
    if as_user {
        let account = agents(announcement)
            .filter(|account| account.phone.is_some())
            .max_by_key(|account| account.password.is_some())
            .ok_or_else(|| Failure::error("this world has no agent with a phone number"))?;
        login::as_user(&setup, &mut Known::of(account)).await?;
    } else {
        let bot = announcement.first("bot").and_then(|bot| bot.token.as_deref());
        let token = bot.ok_or_else(|| Failure::error("this world has no bot with a token"))?;
        login::as_bot(&setup, &Secret::new(token)).await?;
    }
    Ok(())
}

/// Answers what a login asks from what the sandbox has announced.
struct Known {
    phone: String,
    code: VecDeque<String>,
    password: VecDeque<String>,
}

impl Known {
    fn of(account: &AnnouncedAccount) -> Known {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Known {
            phone: text(&account.phone),
            code: account.code.clone().into_iter().collect(),
            password: account.password.clone().into_iter().collect(),
        }
    }
}

impl Ask for Known {
    fn phone(&mut self) -> Result<String, String> {
        Ok(self.phone.clone())
    }

    fn code(&mut self, _to: &str) -> Result<Secret, String> {
        self.code.pop_front().map(Secret::new).ok_or_else(|| "the sandbox did not take its own code".to_owned())
    }

    fn password(&mut self, _hint: Option<&str>) -> Result<Secret, String> {
        self.password.pop_front().map(Secret::new).ok_or_else(|| "the sandbox did not take its own password".to_owned())
    }

    fn wrong(&mut self, sentence: &str) {
        tracing::warn!(sentence, "the demo's login");
    }
}

fn hint(folder: &Path, thrown_away: bool) -> String {
    let folder = folder.display();
    let kept = if thrown_away { "thrown away when you leave" } else { "kept" };
    format!(
        "A made-up shop and its customers; nothing leaves this machine ({folder}, {kept}).\n\
         Try: Enter opens a ticket, c claims it, r replies (Enter sends), t picks a template, p sets it pending. A customer \
         may answer; then x resolves. ? shows all keys, q leaves.\n\
         In a second terminal: topicdesk --data-dir {folder} queue\n\
         As Telegram sees it, for any MTProto client: {folder}/sandbox.json"
    )
}
