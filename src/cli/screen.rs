//! `topicdesk` without a command: the desk itself, the screen on which agents work.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use super::args::Global;
use super::attend::{Turn, read_again};
use super::failure::{Done, FAILED, Failure};
use super::hosted::Hosted;
use super::mirror::Mirror;
use super::seat::{self, Reached};
use super::site::{Site, say};
use crate::config::After;
use crate::config::templates::Loaded;
use crate::desk::ids::AgentName;
use crate::desk::people::Agent;
use crate::seat::client::Host;
use crate::store::lock::Lock;
use crate::telegram::login;
use crate::tui::{self, Reread, Setup, TuiError};

pub(super) async fn run(global: &Global) -> Done {
    let site = Site::open(global)?;
    tui::check_terminal()?;
    work(global, &site, None).await
}

/// Opens the desk with its link and its screen; `hint` stands on the first screen.
pub(super) async fn work(global: &Global, site: &Site, hint: Option<String>) -> Done {
    let agent = site.agent()?.clone();
    let (mut setup, complaints) = setup(site, &agent)?;
    complaints.iter().for_each(|complaint| say(complaint));
    setup.hint = hint;
    // A webhook that cannot be is told before the desk is opened.
    super::knowledge::setup(&site.config)?;
    let beside = Arc::default();
    let host = || host(global, site, &agent.name, &beside);
    let open = async || {
        Mirror::check_login(site)?;
        Hosted::begin(site, Some(&agent.name), None).await
    };
    let handle = match seat::reach(site, Some(agent.name.clone()), || Some(host()), open).await? {
        Reached::Attached(handle) => handle,
        Reached::Opened(hosted) => {
            let engine = hosted.handle();
            beside.lock().await.attend(global, site, hosted);
            seat::begin(site, engine, host())
        }
    };
    let (again, me) = (global.clone(), agent.name.clone());
    let ended = tui::run(handle, setup, move || reread(&again, &me)).await;
    beside.lock().await.stop().await;
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

/// The desk beside the screen, while this process has it: answered for by a task of its own, which tells when it has stopped.
#[derive(Default)]
struct Beside {
    task: Option<JoinHandle<Option<Lock>>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Beside {
    fn attend(&mut self, global: &Global, site: &Site, mut hosted: Hosted) {
        let (stop, stopped) = oneshot::channel();
        let (global, site) = (global.clone(), site.clone());
        let task = tokio::spawn(async move {
            let turn = tokio::select! {
                turn = hosted.attend(&global, &site) => turn,
                _ = stopped => Turn::End,
            };
            match turn {
                // Whatever is to be another way, the next engine is: the screen begins it as soon as this one has gone.
                Turn::Again(_) => hosted.pause().await,
                Turn::End => hosted.stop().await,
            }
        });
        *self = Beside { task: Some(task), stop: Some(stop) };
    }

    /// Waits until the desk has stopped, if there was one here, and gives its lock.
    async fn gone(&mut self) -> Option<Lock> {
        self.task.take()?.await.unwrap_or_else(|error| {
            tracing::error!(%error, "what answered for the desk has failed");
            None
        })
    }

    async fn stop(&mut self) {
        drop(self.stop.take());
        self.gone().await;
    }
}

/// Becomes the host when the one that was is gone, be it the one in this process, if this user may open the desk's files.
fn host(global: &Global, site: &Site, agent: &AgentName, beside: &Arc<Mutex<Beside>>) -> Host {
    let (global, site, agent, beside) = (global.clone(), site.clone(), agent.clone(), beside.clone());
    Box::new(move || {
        let (global, site, agent, beside) = (global.clone(), site.clone(), agent.clone(), beside.clone());
        Box::pin(async move {
            let mut beside = beside.lock().await;
            // Kept, so that nobody else begins it in between.
            let lock = beside.gone().await;
            // It may be begun because the file says something else now.
            let site = read_again(&global).map_or(site, |site| *site);
            if lock.is_none() {
                // A desk to which nobody is logged in here is another one than the one that has ended.
                login::standing(&site.paths.session()).ok()?;
            }
            // Whoever may not open it goes on waiting for somebody who may.
            let hosted = Hosted::begin(&site, Some(&agent), lock).await.ok()?;
            let handle = hosted.handle();
            beside.attend(&global, &site, hosted);
            Some(handle)
        })
    })
}

/// Reads what an open screen is to be from now on.
fn reread(global: &Global, me: &AgentName) -> Reread {
    let read = || {
        let site = Site::read(global)?;
        let agent = site.agent()?.clone();
        if agent.name != *me {
            return Err(Failure::usage(format!(
                "{} says now that you are {}",
                site.paths.config.display(),
                agent.name
            )));
        }
        setup(&site, &agent)
    };
    read().map_err(|failure: Failure| failure.message)
}

/// Makes what a screen is opened with, and tells what is not as it should be in it.
fn setup(site: &Site, agent: &Agent) -> Done<(Setup, Vec<String>)> {
    let config = &site.config.tui;
    let theme = theme(site)?;
    let keys = site.keys();
    let loaded = site.templates(Some(&agent.name));
    let complaints = complaints(&keys, &loaded);
    let setup = Setup {
        keys,
        theme,
        templates: loaded.templates,
        guard: site.config.rules.guard.clone(),
        pace: site.config.rules.pace,
        timezone: site.zone(&agent.name).0,
        clock: site.clock.clone(),
        restored: std::fs::read_to_string(memory(site, agent)).ok(),
        hint: None,
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
    };
    Ok((setup, complaints))
}

/// Tells the colours that a screen begins with.
///
/// # Errors
/// There is no theme of that name.
pub(super) fn theme(site: &Site) -> Done<String> {
    match &site.config.tui.theme {
        Some(theme) if !tui::is_theme(&theme.text) => Err(Failure::usage(theme_mistake(theme))),
        Some(theme) => Ok(theme.text.clone()),
        None => Ok("auto".to_owned()),
    }
}

/// Tells what is not as it should be in keys and templates.
pub(super) fn complaints(keys: &[(String, String, String)], loaded: &Loaded) -> Vec<String> {
    tui::check_keys(keys).into_iter().chain(loaded.errors.iter().map(ToString::to_string)).collect()
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
