//! Where a command works: the paths, the configuration, who is working, and the desk opened for reading or for change.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::args::Global;
use super::failure::{ACCESS, Done, Failure};
use super::log;
use super::seat::Reached;
use super::times::Zone;
use crate::clock::Clock;
use crate::config::paths::Paths;
use crate::config::templates::{self, Loaded};
use crate::config::{self, Config, ConfigError};
use crate::desk::ids::AgentName;
use crate::desk::people::{Agent, Person};
use crate::engine::EngineError;
use crate::engine::handle::Handle;
use crate::engine::runner::{self, Desk, EngineSetup, TransportEnds};
use crate::store::StoreError;
use crate::store::lock::{self, Lock};
use crate::telegram::login;

/// Where a command works.
#[derive(Clone)]
pub(super) struct Site {
    /// Where everything lies.
    pub(super) paths: Paths,
    /// What `desk.toml` says.
    pub(super) config: Config,
    /// The time.
    pub(super) clock: Clock,
    /// Print JSON.
    pub(super) json: bool,
    agent: Option<String>,
}

impl Site {
    /// Finds the paths only; nothing is read.
    pub(super) fn paths(global: &Global) -> Done<Paths> {
        Ok(Paths::find(global.desk.as_deref(), global.config.as_deref(), global.data_dir.as_deref())?)
    }

    /// Finds the paths and reads `desk.toml`; without one, defaults stand. Warnings go to standard error.
    pub(super) fn find(global: &Global) -> Done<Site> {
        let site = Site::read(global)?;
        for warning in &site.config.warnings {
            say(warning);
        }
        Ok(site)
    }

    /// As [`Site::find`], without a word on standard error, where a screen may be.
    pub(super) fn read(global: &Global) -> Done<Site> {
        Ok(Site::read_at(Site::paths(global)?, global)?)
    }

    /// As [`Site::read`], where the paths are known; the error is not yet a sentence.
    pub(super) fn read_at(mut paths: Paths, global: &Global) -> Result<Site, ConfigError> {
        let config = match config::load(&paths.config) {
            Ok(config) => config,
            Err(ConfigError::Unreadable { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound && !paths.config_named =>
            {
                config::from_text("desk.toml", "", None)?
            }
            Err(error) => return Err(error),
        };
        let agent = global.agent.clone();
        if let Some(socket) = &global.socket {
            paths.socket.clone_from(socket);
        }
        Ok(Site { paths, config, clock: Clock::System, json: global.json, agent })
    }

    /// Finds the paths, reads `desk.toml` and begins the log: for commands that open the desk or connect.
    pub(super) fn open(global: &Global) -> Done<Site> {
        let site = Site::find(global)?;
        let (is_there, runs) = (site.paths.data.exists(), site.paths.socket.exists());
        if site.config.file.is_none() && !is_there && !runs {
            return Err(Failure::usage(begin(&site.paths)));
        }
        // Who sits at somebody else's desk has nothing to log there; a file of theirs would be one that the desk cannot write to.
        let own = rustix::process::geteuid().as_raw();
        let mine = |folder: &Path| std::fs::metadata(folder).is_ok_and(|facts| facts.uid() == own);
        let logs = if is_there { mine(&site.paths.data) } else { !runs && !site.is_anothers() };
        if logs {
            log::begin(&site.paths.log(), global.verbose);
        }
        Ok(site)
    }

    /// Tells who is working: the one named, else by the account on this machine, else by the login, else the only one.
    pub(super) fn agent(&self) -> Done<&Agent> {
        let agents = &self.config.rules.staff.agents;
        let names = || agents.iter().map(|agent| agent.name.0.as_str()).collect::<Vec<_>>().join(", ");
        let file = self.paths.config.display();
        if agents.is_empty() {
            return Err(Failure::usage(format!("there are no agents: add an [[agents]] table to {file}")));
        }
        if let Some(name) = &self.agent {
            return agents.iter().find(|agent| agent.name.0.eq_ignore_ascii_case(name)).ok_or_else(|| {
                Failure::usage(format!("there is no agent `{}` in {file}: there are {}", name.escape_debug(), names()))
            });
        }
        let accounts = config::os_user();
        let mine = |agent: &&Agent| agent.os_user.as_ref().is_some_and(|user| accounts.contains(user));
        if let Some(agent) = agents.iter().find(mine) {
            return Ok(agent);
        }
        if let Some(agent) = self.logged_in_agent() {
            return Ok(agent);
        }
        match agents.as_slice() {
            [agent] => Ok(agent),
            _ => Err(Failure::usage(format!(
                "who are you? Say --agent NAME or set TOPICDESK_AGENT: there are {}. With `os_user` in {file} this account \
                 is known by itself",
                names()
            ))),
        }
    }

    fn logged_in_agent(&self) -> Option<&Agent> {
        // A session file that cannot be read is told by the commands that need it.
        let own = login::account(&self.paths.session()).ok().flatten().filter(|own| !own.bot)?;
        let person = Person { id: own.id, name: own.name, username: own.username, bot: false };
        self.config.rules.staff.agent_of(&person)
    }

    /// Tells who is reading: as [`Site::agent`], but a desk without agents can be read by anybody.
    pub(super) fn reader(&self) -> Done<AgentName> {
        if self.config.rules.staff.agents.is_empty() && self.agent.is_none() {
            return Ok(AgentName(String::new()));
        }
        Ok(self.agent()?.name.clone())
    }

    /// Tells the time zone of an agent's screens; of the desk, for those who have none.
    pub(super) fn zone(&self, agent: &AgentName) -> Zone {
        let own = self.config.rules.agent(agent).and_then(|agent| agent.timezone.as_deref());
        Zone(own.and_then(|name| name.parse().ok()))
    }

    /// Loads the templates: the built-in ones, the desk's, and the agent's own if it is known who that is.
    pub(super) fn templates(&self, agent: Option<&AgentName>) -> Loaded {
        let personal = agent.and_then(|agent| self.paths.personal_templates(&agent.0));
        templates::load_all(&self.paths.templates(), personal.as_deref())
    }

    /// Tells the time zone of the desk, in which reports are.
    pub(super) fn desk_zone(&self) -> Zone {
        Zone(self.config.rules.timezone.as_deref().and_then(|name| name.parse().ok()))
    }

    /// Opens the desk for reading, for whoever reads: through whoever runs it, else by itself.
    pub(super) async fn read_only(&self) -> Done<(Option<Desk>, Handle)> {
        match super::seat::reach(self, self.wanted(), || None, async || Ok(self.alone()?)).await? {
            Reached::Attached(handle) => Ok((None, handle)),
            Reached::Opened((desk, handle)) => Ok((Some(desk), handle)),
        }
    }

    /// Tells whom the caller would like to be, as far as that can be known here.
    pub(super) fn wanted(&self) -> Option<AgentName> {
        match self.agent() {
            Ok(agent) => Some(agent.name.clone()),
            Err(_) => self.agent.clone().map(AgentName),
        }
    }

    /// Tells whether the desk's folder is another user's, who lets nobody look into it.
    pub(super) fn is_anothers(&self) -> bool {
        let looked = std::fs::read_dir(&self.paths.data);
        looked.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    }

    /// Checks that this user may open the desk's files, for when nobody runs it.
    ///
    /// # Errors
    /// They are another user's.
    pub(super) fn may_open(&self) -> Done {
        if !self.is_anothers() {
            return Ok(());
        }
        let (socket, data, desk) = (self.paths.socket.display(), self.paths.data.display(), &self.paths.desk);
        let message = format!(
            "no desk is running: nobody listens at {socket}, and {data} is another user's. An admin of this machine starts it \
             (a service: `systemctl start topicdesk@{desk}`)"
        );
        Err(Failure { code: ACCESS, message })
    }

    /// Opens the desk's files for reading, for whoever reads.
    pub(super) fn alone(&self) -> Done<(Desk, Handle)> {
        self.may_open()?;
        let reader = self.reader()?;
        let desk = runner::read_only(&self.paths.data, self.config.rules.clone(), self.clock.clone())?;
        let handle = desk.handle(reader);
        Ok((desk, handle))
    }

    /// Opens the desk for change: takes its lock. Without a link at the other ends, what is to be sent stays queued.
    pub(super) fn start(&self) -> Result<(Desk, TransportEnds), Unopened> {
        self.may_open()?;
        self.start_with(lock::take(&self.paths.data).map_err(EngineError::from)?)
    }

    /// As [`Site::start`], by whoever has the desk's lock.
    pub(super) fn start_with(&self, lock: Lock) -> Result<(Desk, TransportEnds), Unopened> {
        let (data, rules) = (self.paths.data.clone(), self.config.rules.clone());
        Ok(runner::start_with(lock, EngineSetup { data, rules, clock: self.clock.clone() })?)
    }

    /// Gives the changes of the key map: context, action, key.
    pub(super) fn keys(&self) -> Vec<(String, String, String)> {
        super::config::changes(&self.config.keys)
    }
}

/// Why a desk was not opened.
pub(super) enum Unopened {
    /// Another process has it, as its lock says: perhaps only for a moment.
    Taken(Failure),
    /// Whatever else.
    Failed(Failure),
}

impl From<Failure> for Unopened {
    fn from(failure: Failure) -> Self {
        Unopened::Failed(failure)
    }
}

impl From<EngineError> for Unopened {
    fn from(error: EngineError) -> Self {
        let taken = matches!(error, EngineError::Store(StoreError::Locked { .. }));
        let failure = Failure::from(error);
        if taken { Unopened::Taken(failure) } else { Unopened::Failed(failure) }
    }
}

impl From<Unopened> for Failure {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::Taken(failure) | Unopened::Failed(failure) => failure,
        }
    }
}

/// Says of a desk that somebody works at what else to do.
pub(super) fn in_use(error: StoreError, instead: &str) -> Failure {
    let is_locked = matches!(error, StoreError::Locked { .. });
    let failure = Failure::from(EngineError::from(error));
    match is_locked {
        true => Failure { message: format!("{}: {instead}", failure.message), ..failure },
        false => failure,
    }
}

/// Says how to begin, where there is nothing yet.
fn begin(paths: &Paths) -> String {
    let (file, folder) = (paths.config.display(), paths.config.parent().unwrap_or(&paths.config).display());
    format!(
        "there is no {file} yet. To look around without an account: topicdesk demo. To begin with your own group:\n  \
         mkdir -p {folder} && topicdesk config default > {file} && chmod 600 {file}\nthen fill in [telegram] and [[agents]], \
         and run topicdesk login --bot, topicdesk sync, topicdesk"
    )
}

/// Says something beside the result: to standard error, which may have gone.
pub(super) fn say(text: &str) {
    let _gone = writeln!(std::io::stderr(), "topicdesk: {}", super::table::safe(text));
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match &error {
            EngineError::Store(StoreError::Locked { .. }) => ACCESS,
            _ => super::failure::FAILED,
        };
        Failure { code, message: error.to_string() }
    }
}
