//! The desk with its link to Telegram: for commands that fetch or send.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::failure::{ACCESS, Done, FAILED, Failure, USAGE};
use super::seat::{self, Reached};
use super::site::{Site, Unopened};
use crate::config::{Group, GroupChoice};
use crate::desk::ids::AgentName;
use crate::engine::handle::{Handle, Operation};
use crate::engine::runner::Desk;
use crate::engine::shelf::KnowledgeEnds;
use crate::engine::transport::{Incoming, LinkState};
use crate::engine::views::{DeskView, View, ViewRequest};

use crate::store::lock::Lock;
use crate::telegram::{ErrorKind, GroupSelector, SandboxTarget, Secret, Setup, TelegramError, Wanted, link, login};

/// A desk with its link, in this process.
pub(super) struct Mirror {
    desk: Desk,
    link: Option<JoinHandle<()>>,
    knowledge: Option<JoinHandle<()>>,
    /// Why there is no login.
    missing: Option<String>,
}

/// A desk that one command works: its own, or that of whoever runs it.
pub(super) struct Opened {
    handle: Handle,
    own: Option<Mirror>,
}

impl Opened {
    /// Attaches to whoever runs the desk, or opens it with its link. `agent`: nobody in particular, if there is none.
    pub(super) async fn linked(site: &Site, agent: Option<AgentName>) -> Done<Opened> {
        Opened::open(site, agent, Mirror::start).await
    }

    /// Attaches to whoever runs the desk, or opens it without a link: what is to be sent stays queued.
    pub(super) async fn unlinked(site: &Site, agent: AgentName) -> Done<Opened> {
        Opened::open(site, Some(agent), |site| {
            Ok(Mirror { desk: site.start()?.0, link: None, knowledge: None, missing: None })
        })
        .await
    }

    async fn open(
        site: &Site,
        agent: Option<AgentName>,
        alone: impl Fn(&Site) -> Result<Mirror, Unopened>,
    ) -> Done<Opened> {
        match seat::reach(site, agent.clone(), || None, async || alone(site)).await? {
            Reached::Attached(handle) => Ok(Opened { handle, own: None }),
            Reached::Opened(mirror) => {
                Ok(Opened { handle: mirror.handle(agent.unwrap_or_default()), own: Some(mirror) })
            }
        }
    }

    /// Gives the handle, for the agent.
    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Stops what was started, and waits for the transaction in progress.
    pub(super) async fn stop(self) {
        if let Some(mirror) = self.own {
            mirror.stop().await;
        }
    }
}

/// What a desk says that is listened for and to which nobody is logged in.
const NOT_LOGGED_IN: &str = "not logged in: an admin runs `topicdesk login --bot`";

/// How long a link may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

impl Mirror {
    /// Takes the desk's lock, opens it, and starts the link. Somebody has to be logged in.
    pub(super) fn start(site: &Site) -> Result<Mirror, Unopened> {
        Mirror::check_login(site)?;
        Mirror::hosting(site, None)
    }

    /// Checks that this user may open the desk, and that somebody is logged in.
    ///
    /// # Errors
    /// As [`Site::may_open`]; nobody is logged in.
    pub(super) fn check_login(site: &Site) -> Done {
        site.may_open()?;
        login::standing(&setup(site)?.session)?;
        Ok(())
    }

    /// As [`Mirror::start`], but a desk to which nobody is logged in is worked without a link, and says why: for whoever lets others
    /// attach, one of whom may log it in.
    /// `lock`: the desk's, of whoever has it.
    pub(super) fn hosting(site: &Site, lock: Option<Lock>) -> Result<Mirror, Unopened> {
        site.may_open()?;
        let setup = setup(site)?;
        let missing = match login::standing(&setup.session) {
            Ok(_) => None,
            Err(TelegramError::NotLoggedIn) => Some(NOT_LOGGED_IN.to_owned()),
            Err(error) if error.kind() == ErrorKind::NotLoggedIn => Some(error.to_string()),
            Err(error) => return Err(Failure::from(error).into()),
        };
        let (desk, ends) = match lock {
            Some(lock) => site.start_with(lock)?,
            None => site.start()?,
        };
        let link = match &missing {
            None => Some(link::spawn(setup, ends.orders, ends.incoming)),
            Some(why) => {
                // There is room: nothing has been said yet.
                let _told = ends.incoming.try_send(Incoming::Link(LinkState::Stopped { why: why.clone() }));
                None
            }
        };
        Ok(Mirror { desk, link, knowledge: None, missing })
    }

    /// Says why there is no login, if there is none.
    pub(super) fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Gives what is asked about the desk as a whole; once.
    pub(super) fn operations(&mut self) -> Option<mpsc::Receiver<Operation>> {
        self.desk.operations()
    }

    /// Ends the link and waits until it has gone; the desk works on.
    pub(super) async fn unlink(&mut self) {
        if let Some(link) = self.link.take() {
            link.abort();
            // It was told to end: how is of no matter.
            let _ended = link.await;
        }
    }

    /// Puts a knowledge base beside it: for screens, which show what it suggests.
    pub(super) fn consult(&mut self, site: &Site) -> Done {
        let setup = super::knowledge::setup(&site.config)?;
        if setup.folder.is_none() && setup.webhook.is_none() {
            return Ok(());
        }
        let KnowledgeEnds { inquiries, told } = self.desk.consult(super::knowledge::consulted(&site.config))?;
        self.knowledge = Some(crate::knowledge::spawn(setup, inquiries, told));
        Ok(())
    }

    /// Opens a handle for an agent.
    pub(super) fn handle(&self, agent: AgentName) -> Handle {
        self.desk.handle(agent)
    }

    /// Stops both, and waits for the transaction in progress. Gives the desk's lock, for whoever begins it again: nobody else has the desk
    /// before its link has gone, since one key is used by one process only.
    pub(super) async fn stop(self) -> Option<Lock> {
        if let Some(knowledge) = &self.knowledge {
            knowledge.abort();
        }
        // The engine's thread is waited for on this one: at most a transaction.
        // The login is the link's until that has ended: nobody else may have the desk before.
        let lock = self.desk.stop();
        if let Some(mut link) = self.link
            && tokio::time::timeout(GOODBYE, &mut link).await.is_err()
        {
            link.abort();
            let _aborted = link.await;
        }
        lock
    }
}

/// Reads the desk at a glance.
pub(super) async fn glance(handle: &Handle) -> Done<DeskView> {
    match handle.read(ViewRequest::Desk).await {
        View::Desk(desk) => Ok(*desk),
        other => Err(super::work::unreadable(other)),
    }
}

/// Says why a link has stopped for good, if it has.
pub(super) fn stopped(desk: &DeskView) -> Option<Failure> {
    match &desk.link {
        Some(LinkState::Stopped { why }) => {
            // The link tells sentences, which say what to do; that is what decides.
            let code = match why {
                why if why.contains("topicdesk login") => ACCESS,
                why if why.contains("[telegram]") || why.contains("name the group") => USAGE,
                _ => FAILED,
            };
            Some(Failure { code, message: why.clone() })
        }
        _ => None,
    }
}

/// Makes of `desk.toml` what the link needs.
pub(super) fn setup(site: &Site) -> Done<Setup> {
    let telegram = &site.config.telegram;
    let file = site.paths.config.display();
    let sandbox = telegram.sandbox.as_ref().map(|sandbox| SandboxTarget {
        address: sandbox.address,
        dc_id: sandbox.dc_id,
        auth_key: Secret::new(sandbox.auth_key.expose()),
    });
    let (api_id, api_hash) = match (telegram.api_id, &telegram.api_hash, &sandbox) {
        (Some(id), Some(hash), _) => (id, Secret::new(hash.expose())),
        // A sandbox takes any.
        (_, _, Some(_)) => (1, Secret::new("0".repeat(32))),
        _ => {
            return Err(Failure::usage(format!(
                "[telegram] in {file} needs api_id and api_hash: get both from https://my.telegram.org"
            )));
        }
    };
    Ok(Setup {
        api_id,
        api_hash,
        session: site.paths.session(),
        groups: telegram.groups.iter().map(wanted).collect(),
        sandbox,
        calls_per_second: telegram.backfill_calls_per_second,
        clock: site.clock.clone(),
    })
}

fn wanted(group: &Group) -> Wanted {
    let selector = match &group.choice {
        GroupChoice::Id(id) => GroupSelector::Id(*id),
        GroupChoice::Username(name) => GroupSelector::Username(name.clone()),
        GroupChoice::Title(title) => GroupSelector::Title(title.clone()),
    };
    Wanted { selector, name: group.name.clone() }
}

impl From<TelegramError> for Failure {
    fn from(error: TelegramError) -> Self {
        let code = match (&error, error.kind()) {
            (TelegramError::WrongToken | TelegramError::WrongCode | TelegramError::WrongPassword, _) => ACCESS,
            (_, ErrorKind::NotLoggedIn) => ACCESS,
            (_, ErrorKind::Config) => USAGE,
            (_, ErrorKind::Other) => FAILED,
        };
        Failure { code, message: error.to_string() }
    }
}
