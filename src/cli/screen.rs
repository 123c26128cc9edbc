//! `topicdesk` without a command: the desk itself, the screen on which agents work.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::args::Global;
use super::failure::{Done, FAILED, Failure};
use super::mirror::Mirror;
use super::seat::Reached;
use super::site::{Site, Unopened, say};
use super::{hooks, seat, serve};
use crate::config::After;
use crate::desk::ids::AgentName;
use crate::desk::people::Agent;
use crate::engine::handle::Handle;
use crate::seat::client::Host;
use crate::seat::server::Listening;
use crate::tui::{self, Setup, TuiError};

pub(super) async fn run(global: &Global) -> Done {
    let site = Site::open(global)?;
    tui::check_terminal()?;
    work(&site, None).await
}

/// Opens the desk with its link and its screen; `hint` stands on the first screen.
pub(super) async fn work(site: &Site, hint: Option<String>) -> Done {
    let agent = site.agent()?.clone();
    let setup = setup(site, &agent, hint)?;
    // A webhook that cannot be is told before the desk is opened.
    super::knowledge::setup(&site.config)?;
    let hosted = Arc::default();
    let takes_over = || Some(host(site, &agent.name, &hosted));
    let handle =
        match seat::reach(site, Some(agent.name.clone()), takes_over, || Hosted::begin(site, &agent.name)).await? {
            Reached::Attached(handle) => handle,
            Reached::Opened((host, handle)) => {
                *hosted.lock().await = Some(host);
                handle
            }
        };
    let sitting = handle.sit();
    let ended = tui::run(handle, setup).await;
    drop(sitting);
    if let Some(host) = hosted.lock().await.take() {
        host.stop().await;
    }
    let state = match &ended {
        Ok(state) => Some(state.as_str()),
        Err(error) => error.state(),
    };
    if let Some(state) = state {
        // Only where the agent was: worth a line in the log, not a failure.
        let path = memory(site, &agent);
        let kept = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, state));
        if let Err(error) = kept {
            tracing::warn!(%error, "the screen's state was not kept");
        }
    }
    ended.map(|_| ()).map_err(Failure::from)
}

/// An engine that runs beside a screen, and lets others attach.
struct Hosted {
    mirror: Mirror,
    listening: Option<Listening>,
    attendant: Option<JoinHandle<()>>,
    hooks: Option<JoinHandle<()>>,
}

impl Hosted {
    /// Takes the desk's lock, opens it with link and knowledge base, and listens.
    fn begin(site: &Site, agent: &AgentName) -> Result<(Hosted, Handle), Unopened> {
        let mut mirror = Mirror::start(site)?;
        mirror.consult(site)?;
        let handle = mirror.handle(agent.clone());
        let (listening, attendant) = match seat::listen(site, handle.clone()) {
            Ok((listening, operations)) => {
                let attendant = tokio::spawn(serve::beside_a_screen(operations, agent.clone()));
                (Some(listening), Some(attendant))
            }
            Err(failure) => {
                // A screen of one's own needs nobody else.
                tracing::warn!(why = failure.message, "nobody else can attach to this desk");
                (None, None)
            }
        };
        let hooks = hooks::spawn(site.config.hooks.clone(), handle.clone());
        Ok((Hosted { mirror, listening, attendant, hooks }, handle))
    }

    async fn stop(self) {
        drop(self.listening);
        for task in self.attendant.into_iter().chain(self.hooks) {
            task.abort();
        }
        self.mirror.stop().await;
    }
}

/// Becomes the host when the one that was is gone, if this user may open the desk's files.
fn host(site: &Site, agent: &AgentName, hosted: &Arc<Mutex<Option<Hosted>>>) -> Host {
    let (site, agent, hosted) = (site.clone(), agent.clone(), hosted.clone());
    Box::new(move || {
        let (site, agent, hosted) = (site.clone(), agent.clone(), hosted.clone());
        Box::pin(async move {
            // Whoever may not open it goes on waiting for somebody who may.
            let (host, handle) = Hosted::begin(&site, &agent).ok()?;
            *hosted.lock().await = Some(host);
            Some(handle)
        })
    })
}

fn setup(site: &Site, agent: &Agent, hint: Option<String>) -> Done<Setup> {
    let config = &site.config.tui;
    let theme = match &config.theme {
        Some(theme) if !tui::is_theme(&theme.text) => return Err(Failure::usage(theme_mistake(theme))),
        Some(theme) => theme.text.clone(),
        None => "auto".to_owned(),
    };
    let keys = site.keys();
    for complaint in tui::check_keys(&keys) {
        say(&complaint);
    }
    let loaded = site.templates(Some(&agent.name));
    for error in &loaded.errors {
        say(&error.to_string());
    }
    Ok(Setup {
        keys,
        theme,
        templates: loaded.templates,
        guard: site.config.rules.guard.clone(),
        pace: site.config.rules.pace,
        timezone: site.zone(&agent.name).0,
        clock: site.clock.clone(),
        restored: std::fs::read_to_string(memory(site, agent)).ok(),
        hint,
        after_resolve: word(config.after_resolve),
        after_pending: word(config.after_pending),
        ascii: config.ascii.unwrap_or_else(|| !locale_is_utf8()),
        mouse: config.mouse,
        bell: config.bell,
        open_command: site.config.files.open_command.clone(),
        save_to: site.config.files.save_to.clone().unwrap_or_else(downloads),
        desk_name: site.config.rules.desk_name.clone(),
        agent: agent.clone(),
        language: Some(site.config.language.clone()),
    })
}

/// Tells the folder into which the system downloads; the home directory if there is none.
fn downloads() -> String {
    let dirs = directories::UserDirs::new();
    let folder = dirs.as_ref().and_then(|dirs| dirs.download_dir()).filter(|folder| folder.is_dir());
    folder.map_or_else(|| "~".to_owned(), |folder| folder.display().to_string())
}

/// Says that a theme's name is nobody's.
pub(super) fn theme_mistake(theme: &crate::config::Placed) -> String {
    let known = ["auto", "default", "dark", "light", "high-contrast"].join(", ");
    format!("{}: there is no theme `{}`: there are {known}", theme.place, theme.text.escape_debug())
}

fn word(after: After) -> String {
    match after {
        After::Next => "next",
        After::Stay => "stay",
        After::Queue => "queue",
    }
    .to_owned()
}

/// Tells whether the locale of this process shows UTF-8; one that says nothing (`ssh` without `SendEnv`) is believed to.
pub(super) fn locale_is_utf8() -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")) {
        Some(locale) => locale.to_lowercase().replace('-', "").contains("utf8"),
        None => true,
    }
}

/// Names the file that remembers where an agent was.
fn memory(site: &Site, agent: &Agent) -> PathBuf {
    // A name may hold what a file name may not.
    let name: String = agent.name.0.bytes().map(|byte| format!("{byte:02x}")).collect();
    // Who sits at somebody else's desk keeps it at home.
    let folder = if site.paths.data.exists() { site.paths.data.clone() } else { seat::own_folder(site) };
    folder.join(format!("screen-{name}.state"))
}

impl From<TuiError> for Failure {
    fn from(error: TuiError) -> Self {
        let code = u8::try_from(error.exit_code()).unwrap_or(FAILED);
        // The terminal of a screen that was hung up on is gone: there is nobody to tell.
        let message = if matches!(error, TuiError::HungUp { .. }) { String::new() } else { error.to_string() };
        Failure { code, message }
    }
}
