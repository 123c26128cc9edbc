//! `topicdesk doctor`: looks at everything the desk needs, and says how to mend what is missing.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::args::Global;
use super::failure::{Done, FAILED, Failure};
use super::mirror;
use super::site::Site;
use super::table;
use crate::config::templates;
use crate::desk::escalation::Escalations;
use crate::desk::people::Person;
use crate::engine::EngineError;
use crate::engine::runner;
use crate::engine::transport::{Finding, GroupFacts, IconSet, LinkState, Weight};
use crate::seat::client::Welcome;
use crate::store::{StoreError, lock};
use crate::telegram::doctor as examination;

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// All is well.
    Fine,
    /// Good to know; nothing is broken.
    Note,
    /// Something has to be done.
    Wrong,
}

/// One line of the result.
#[derive(Serialize)]
struct Check {
    area: &'static str,
    verdict: Verdict,
    what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn fine(&mut self, area: &'static str, what: impl Into<String>) {
        self.0.push(Check { area, verdict: Verdict::Fine, what: what.into(), how: None });
    }

    fn note(&mut self, area: &'static str, what: impl Into<String>, how: impl Into<String>) {
        self.0.push(Check { area, verdict: Verdict::Note, what: what.into(), how: Some(how.into()) });
    }

    fn wrong(&mut self, area: &'static str, what: impl Into<String>, how: impl Into<String>) {
        let how = Some(how.into()).filter(|how| !how.is_empty());
        self.0.push(Check { area, verdict: Verdict::Wrong, what: what.into(), how });
    }
}

impl Checks {
    /// Takes what the account and its groups were found to be.
    fn found(&mut self, area: &'static str, findings: Vec<Finding>) {
        for Finding { weight, what, how } in findings {
            let how = how.unwrap_or_default();
            match weight {
                Weight::Fine => self.fine(area, what),
                Weight::Risk => self.note(area, what, how),
                Weight::Broken => self.wrong(area, what, how),
            }
        }
    }
}

pub(super) async fn run(global: &Global) -> Done {
    let mut checks = Checks::default();
    match Site::find(global) {
        Ok(site) => {
            paths(&site, &mut checks);
            // Whoever sits at somebody else's desk sees nothing of its files, and asks it.
            let (groups, icons) = match site.paths.data.exists() {
                false if site.paths.socket.exists() => (seat(&site, &mut checks).await, None),
                _ => {
                    data(&site, &mut checks);
                    telegram(&site, &mut checks).await
                }
            };
            mirror_status(&site, icons, &mut checks).await;
            agents(&site, &groups, &mut checks);
            knowledge(&site, &mut checks).await;
        }
        Err(failure) => checks.wrong("config", failure.message, "topicdesk config check tells all mistakes"),
    }
    terminal(&mut checks);
    let bad = checks.0.iter().filter(|check| check.verdict == Verdict::Wrong).count();
    if global.json {
        let told = json!({"fine": bad == 0, "checks": checks.0});
        writeln!(stdout(), "{told:#}")?;
    } else {
        print(&checks)?;
    }
    if bad == 0 { Ok(()) } else { Err(Failure { code: FAILED, message: String::new() }) }
}

fn print(checks: &Checks) -> std::io::Result<()> {
    let mut out = stdout().lock();
    let width = table::width();
    for check in &checks.0 {
        let mark = match check.verdict {
            Verdict::Fine => "ok  ",
            Verdict::Note => "note",
            Verdict::Wrong => "BAD ",
        };
        let lead = format!("{mark} {:9}", check.area);
        table::paragraph(&mut out, &lead, &check.what, width)?;
        if let Some(how) = &check.how {
            table::paragraph(&mut out, &" ".repeat(lead.len()), &format!("-> {how}"), width)?;
        }
    }
    Ok(())
}

fn mode(path: &Path) -> Option<u32> {
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

fn paths(site: &Site, checks: &mut Checks) {
    let paths = &site.paths;
    let file = paths.config.display();
    match &site.config.file {
        Some(_) => checks.fine("config", format!("{file} reads well")),
        None => checks.wrong(
            "config",
            format!("there is no {file}"),
            format!("topicdesk config default > {file}, then fill it in"),
        ),
    }
    for warning in &site.config.warnings {
        checks.note("config", warning, "nothing, if that is meant");
    }
    let templates = templates::load(Some(&paths.templates()));
    match templates.errors.is_empty() {
        true => checks.fine("templates", table::count(templates.templates.len(), "template", "templates")),
        false => {
            for error in &templates.errors {
                checks.wrong("templates", error.to_string(), "the template is left out until it is mended");
            }
        }
    }
}

fn data(site: &Site, checks: &mut Checks) {
    let paths = &site.paths;
    let data = paths.data.display();
    match mode(&paths.data) {
        None => checks.note("data", format!("there is no {data} yet"), "login or sync makes it"),
        Some(mode) if mode & 0o077 != 0 => {
            checks.wrong("data", format!("{data} is open to others (mode {mode:o})"), format!("chmod 700 {data}"));
        }
        Some(_) => match tempfile::NamedTempFile::new_in(&paths.data) {
            Ok(_) => checks.fine("data", format!("{data} is private and can be written")),
            Err(error) => {
                checks.wrong(
                    "data",
                    format!("{data} cannot be written: {error}"),
                    "make room, or mend the permissions",
                );
            }
        },
    }
    for path in [paths.session(), paths.tickets()] {
        // What a link leads to is not to be changed.
        let is_link = std::fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_symlink());
        let mode = mode(&path).filter(|mode| mode & 0o077 != 0);
        let path = path.display();
        if is_link {
            checks.wrong("data", format!("{path} is a link to elsewhere"), "look at it, and put the file itself there");
        } else if let Some(mode) = mode {
            checks.wrong("data", format!("{path} can be read by others (mode {mode:o})"), format!("chmod 600 {path}"));
        }
    }
    match runner::read_only(&paths.data, site.config.rules.clone(), site.clock.clone()) {
        Ok(_) => checks.fine("data", "tickets.db opens"),
        Err(EngineError::Store(StoreError::Missing(_))) => {
            checks.note("data", "there are no tickets yet", "topicdesk sync");
        }
        Err(error) => checks.wrong("data", error.to_string(), ""),
    }
}

/// Attaches to the desk that runs, and tells what that knows of itself.
async fn seat(site: &Site, checks: &mut Checks) -> Vec<GroupFacts> {
    const AREA: &str = "desk";
    let (handle, welcome) = match super::seat::attach(site, site.wanted()).await {
        Ok(Some(attached)) => attached,
        Ok(None) => {
            let what = format!("nobody listens at {}", site.paths.socket.display());
            checks.wrong(AREA, what, "systemctl start topicdesk@default, or who runs it starts topicdesk serve");
            return Vec::new();
        }
        Err(failure) => {
            checks.wrong(AREA, failure.message, "");
            return Vec::new();
        }
    };
    let Welcome { agent, authority, pid, .. } = welcome;
    checks.fine(AREA, format!("process {pid} runs it, and here you are {agent} ({authority})"));
    match mirror::glance(&handle).await {
        Ok(desk) => {
            match &desk.link {
                Some(LinkState::Live) => checks.fine("telegram", "connected"),
                Some(LinkState::Stopped { why }) => checks.wrong("telegram", why, ""),
                Some(LinkState::Offline { why, .. }) => {
                    checks.note("telegram", format!("not connected: {why}"), "the desk tries again by itself");
                }
                Some(LinkState::Connecting | LinkState::CatchingUp) | None => {
                    checks.note("telegram", "not connected yet", "the desk is about to be");
                }
            }
            checks.found("telegram", desk.findings);
            desk.groups
        }
        Err(failure) => {
            checks.wrong(AREA, failure.message, "");
            Vec::new()
        }
    }
}

async fn telegram(site: &Site, checks: &mut Checks) -> (Vec<GroupFacts>, Option<IconSet>) {
    const AREA: &str = "telegram";
    let setup = match mirror::setup(site) {
        Ok(setup) => setup,
        Err(failure) => {
            checks.wrong(AREA, failure.message, "");
            return (Vec::new(), None);
        }
    };
    if let Some(sandbox) = &setup.sandbox {
        checks.note(
            AREA,
            format!("the desk talks to the sandbox at {}", sandbox.address),
            "take [telegram.sandbox] out for Telegram",
        );
    }
    if !site.paths.data.exists() {
        checks.wrong(AREA, "not logged in", "topicdesk login --bot, or --user");
        return (Vec::new(), None);
    }
    // Two processes with one key confuse Telegram and each other, so a running desk is asked nothing.
    let _lock = match lock::take(&site.paths.data) {
        Ok(lock) => lock,
        Err(StoreError::Locked { pid }) => {
            checks.note(
                AREA,
                format!("process {pid} is working with the desk, so Telegram was not asked"),
                "leave it, then run doctor again",
            );
            return (Vec::new(), None);
        }
        Err(error) => {
            checks.wrong(AREA, error.to_string(), "");
            return (Vec::new(), None);
        }
    };
    let (reach, without) = Escalations::reach(&site.config.rules);
    for name in without {
        checks.note(
            AREA,
            format!("rules cannot reach {name} in Telegram: desk.toml names no account of theirs"),
            format!("add `telegram = \"@name\"` to the agent in {}", site.paths.config.display()),
        );
    }
    match examination::examine(&setup, site.config.rules.mirrors_status(), &reach).await {
        Ok(found) => {
            checks.found(AREA, found.findings);
            let set = IconSet { fetched_at: site.clock.now(), icons: found.icons };
            (found.groups, Some(set).filter(|set| !set.icons.is_empty()))
        }
        Err(error) => {
            checks.wrong(AREA, error.to_string(), "");
            (Vec::new(), None)
        }
    }
}

/// Says whether status shows in Telegram, and which statuses cannot: by the icons that Telegram has just told, else by those that the
/// desk has kept.
async fn mirror_status(site: &Site, icons: Option<IconSet>, checks: &mut Checks) {
    const AREA: &str = "status";
    let rules = &site.config.rules.mirror_status;
    if site.config.rules.pilot {
        checks.note(
            "pilot",
            "the desk is on trial: no nudges, surveys, notices, icons or words to staff leave it",
            "take `pilot` out of [desk] when the trial is over",
        );
        return;
    }
    if !rules.enabled {
        checks.fine(AREA, "not shown in Telegram: [telegram.mirror_status] is not enabled");
        return;
    }
    let closing = if rules.close_topics { ", and topics are closed with their tickets" } else { "" };
    checks.fine(AREA, format!("shown in Telegram, as the icons of topics{closing}"));
    if rules.close_topics {
        checks.note(AREA, "customers cannot write in a closed topic", "nothing, if that is meant");
    }
    let file = site.paths.config.display();
    let kept = match site.alone() {
        Ok((_desk, handle)) => mirror::glance(&handle).await.ok().and_then(|desk| desk.mirror_status),
        Err(_) => None,
    };
    if let Some(waiting) = kept.as_ref().map(|kept| kept.waiting).filter(|waiting| *waiting > 0) {
        checks.note(
            AREA,
            format!("{waiting} topics do not show yet what they should"),
            "the desk changes them when it runs",
        );
    }
    let missing = match icons {
        Some(icons) => {
            let missing = icons.missing(rules).into_iter();
            missing.map(|(status, emoji)| (status.label().to_owned(), emoji.to_owned())).collect()
        }
        None => kept.map(|kept| kept.missing).unwrap_or_default(),
    };
    for (status, emoji) in missing {
        let emoji = table::safe(&emoji);
        checks.wrong(
            AREA,
            format!("{status} has the emoji {emoji}, which is none of Telegram's topic icons: it is not shown"),
            format!("choose another in [telegram.mirror_status.icons] in {file}, or \"off\""),
        );
    }
}

fn agents(site: &Site, groups: &[GroupFacts], checks: &mut Checks) {
    const AREA: &str = "agents";
    let staff = &site.config.rules.staff;
    let file = site.paths.config.display();
    let mut admins: Vec<&Person> = groups
        .iter()
        .flat_map(|facts| &facts.admins)
        .map(|admin| &admin.person)
        .filter(|person| !person.bot && !person.id.is_channel())
        .collect();
    let mut seen = BTreeSet::new();
    admins.retain(|person| seen.insert(person.id));
    let strangers: Vec<&&Person> = admins.iter().filter(|person| staff.agent_of(person).is_none()).collect();
    if staff.agents.is_empty() {
        checks.wrong(AREA, "there are no agents, so nobody can work tickets", format!("add [[agents]] to {file}"));
    } else {
        let names: Vec<&str> = staff.agents.iter().map(|agent| agent.name.0.as_str()).collect();
        checks.fine(AREA, format!("agents: {}", names.join(", ")));
        match site.agent() {
            Ok(agent) => checks.fine(AREA, format!("you are {}", agent.name)),
            Err(failure) => checks.wrong(AREA, failure.message, ""),
        }
    }
    for agent in &staff.agents {
        if agent.telegram.is_none() && agent.username.is_none() {
            let what =
                format!("{} has no Telegram account: what they write in Telegram counts as a customer's", agent.name);
            checks.note(
                AREA,
                what,
                format!("add `telegram = \"@name\"` to the agent in {file}, unless they write at the desk only"),
            );
        }
    }
    if !strangers.is_empty() {
        let tables: Vec<String> = strangers
            .iter()
            .map(|person| {
                let name = person.name.split_whitespace().next().unwrap_or("agent").to_lowercase();
                let name = toml::Value::from(name);
                format!("[[agents]]\nname = {name}\ntelegram = {}    # {}", person.id, table::safe(&person.name))
            })
            .collect();
        checks.note(
            AREA,
            "these admins of the group are no agents: their answers count, but no ticket can be theirs",
            format!("to make agents of them, add to {file}:\n{}", tables.join("\n")),
        );
    }
}

async fn knowledge(site: &Site, checks: &mut Checks) {
    const AREA: &str = "articles";
    for health in super::knowledge::health(&site.config).await {
        match (health.how, health.broken) {
            (None, _) => checks.fine(AREA, health.what),
            (Some(how), false) => checks.note(AREA, health.what, how),
            (Some(how), true) => checks.wrong(AREA, health.what, how),
        }
    }
}

fn terminal(checks: &mut Checks) {
    const AREA: &str = "terminal";
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if !stdout().is_terminal() {
        checks.note(
            AREA,
            "standard output is no terminal, so it was not looked at",
            "run doctor in the terminal you work in",
        );
        return;
    }
    match variable("TERM").as_deref() {
        None | Some("dumb") => {
            checks.wrong(AREA, "TERM says nothing about the terminal", "set TERM, for example to xterm-256color");
        }
        Some(term) => checks.fine(AREA, format!("TERM is {}", table::safe(term))),
    }
    match rustix::termios::tcgetwinsize(stdout()) {
        Ok(size) if size.ws_col < 60 || size.ws_row < 16 => {
            checks.note(AREA, format!("{}x{} is small", size.ws_col, size.ws_row), "the desk wants at least 60x16");
        }
        Ok(size) => checks.fine(AREA, format!("{}x{}", size.ws_col, size.ws_row)),
        Err(error) => checks.note(AREA, format!("its size cannot be asked: {error}"), "80x24 is assumed"),
    }
    if super::screen::locale_is_utf8() {
        checks.fine(AREA, "the locale shows UTF-8");
    } else {
        checks.note(AREA, "the locale is not UTF-8: only ASCII is drawn", "export LANG=C.UTF-8");
    }
    if variable("NO_COLOR").is_some() {
        checks.note(AREA, "NO_COLOR is set: no colours are used", "unset NO_COLOR for colours");
    }
}
