//! Attaching to a desk that runs, and letting others attach to the one in this process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

use super::failure::{ACCESS, Done, FAILED, Failure, USAGE};
use super::site::{Site, Unopened, say};
use crate::clock::Timestamp;
use crate::config::{self, Config};
use crate::desk::authority::Authority;
use crate::desk::ids::AgentName;
use crate::engine::handle::Handle;
use crate::seat::SeatError;
use crate::seat::client::{self, Attach, Host, OwnScreen, Welcome};
use crate::seat::server::{self, Access, Gate, Listening};

/// How long a command looks for a desk whose process has ended: as long as starting it again takes, with room to spare.
const PATIENCE: Duration = Duration::from_secs(30);

/// One process that has the desk's lock for so long, and does not listen, is not soon done: `sync --follow`.
const HELD: Duration = Duration::from_secs(5);

/// How long to wait before a desk is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// So long is waited without a word.
const UNSAID: Duration = Duration::from_secs(2);

/// Files that were brought over are kept so long: what is deleted in Telegram is not to stay where the desk cannot remove it.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The screen of this process, if it has one.
static OWN: LazyLock<OwnScreen> = LazyLock::new(OwnScreen::default);

/// Since when this process runs the desk.
static SINCE: OnceLock<Timestamp> = OnceLock::new();

/// How the gate says that a name is nobody's.
const NOBODY: &str = "there is no agent `";

/// Names the folder of a user who cannot enter the desk's own.
pub(super) fn own_folder(site: &Site) -> PathBuf {
    let user = directories::ProjectDirs::from("", "", "topicdesk");
    user.map_or_else(std::env::temp_dir, |user| user.cache_dir().to_owned()).join(&site.paths.desk)
}

/// Removes what was brought over long ago.
fn forget_old(files: &Path) {
    let Ok(entries) = std::fs::read_dir(files) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|facts| facts.modified()).ok().and_then(|at| at.elapsed().ok());
        let is_state = entry.path().extension().is_some_and(|ending| ending == "state");
        if !is_state && age.is_some_and(|age| age > KEPT) {
            // The next time, if it is not possible now.
            let _left = std::fs::remove_file(entry.path());
        }
    }
}

/// Goes on with an engine that runs in this process, and without it.
pub(super) fn begin(site: &Site, engine: Handle, host: Host) -> Handle {
    let agent = Some(engine.agent().clone());
    client::begin(how(site, agent, Some(host)), engine)
}

fn how(site: &Site, agent: Option<AgentName>, host: Option<Host>) -> Attach {
    // A script is not left hanging; a screen waits as long as its agent does.
    let patience = host.is_none().then_some(PATIENCE);
    Attach { path: site.paths.socket.clone(), agent, files: own_folder(site), host, own: OWN.clone(), patience }
}

/// Attaches to whoever runs the desk; `None`: nobody does.
///
/// # Errors
/// The desk does not let this user in, or speaks another version; the socket is not safe.
pub(super) async fn attach(site: &Site, agent: Option<AgentName>) -> Done<Option<(Handle, Welcome)>> {
    forget_old(&own_folder(site));
    match client::attach(how(site, agent, None)).await {
        Ok(attached) => Ok(Some(attached)),
        Err(SeatError::Nobody(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What a desk is worked through.
pub(super) enum Reached<T> {
    /// Whoever runs it.
    Attached(Handle),
    /// It was opened here.
    Opened(T),
}

/// Attaches to whoever runs the desk, or opens it here if nobody does.
///
/// Between two runs of a desk there are moments in which neither can be: its process has just died and is about to be started again, or
/// another command has the desk's lock and is soon done. They are waited for, as an attached command would wait. A user who has
/// none of the desk's files cannot open it; as long as its socket lies there, they wait for whoever will listen.
///
/// # Errors
/// The desk does not let this user in, or speaks another version; the socket is not safe; it cannot be opened; nobody runs it.
pub(super) async fn reach<T>(
    site: &Site,
    agent: Option<AgentName>,
    host: impl Fn() -> Option<Host>,
    open: impl AsyncFn() -> Result<T, Unopened>,
) -> Done<Reached<T>> {
    forget_old(&own_folder(site));
    let path = &site.paths.socket;
    let has_none = !site.paths.data.exists() && path.parent() != Some(&site.paths.data);
    let is_guest = has_none || site.is_anothers();
    let mut waiting = Waiting::new();
    loop {
        let (failure, most) = match client::attach(how(site, agent.clone(), host())).await {
            Ok((handle, _)) => return Ok(Reached::Attached(handle)),
            Err(SeatError::Nobody(_)) if !is_guest => match open().await {
                Ok(opened) => return Ok(Reached::Opened(opened)),
                Err(Unopened::Taken(failure)) => (failure, HELD),
                Err(Unopened::Failed(failure)) => return Err(failure),
            },
            Err(error @ SeatError::Closed(_)) => (error.into(), PATIENCE),
            Err(error @ SeatError::Nobody(_)) => {
                let waited = match path.exists() {
                    true => waiting.pause(error.into(), PATIENCE).await,
                    false => Err(error.into()),
                };
                if waited.is_err() {
                    // Where the files are another user's, this says who may begin it.
                    site.may_open()?;
                }
                waited?;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        waiting.pause(failure, most).await?;
    }
}

/// Opens a desk for whoever is to run it: a command that has it for a moment is waited for, another one that runs it is not.
///
/// # Errors
/// As [`Hosted::begin`](super::hosted::Hosted::begin).
pub(super) async fn wait_for_lock<T>(site: &Site, open: impl AsyncFn() -> Result<T, Unopened>) -> Done<T> {
    let mut waiting = Waiting::new();
    loop {
        match open().await {
            Err(Unopened::Taken(failure)) => {
                if std::os::unix::net::UnixStream::connect(&site.paths.socket).is_ok() {
                    return Err(failure);
                }
                waiting.pause(failure, PATIENCE).await?;
            }
            other => return Ok(other?),
        }
    }
}

/// Waiting for a desk that cannot be reached at the moment.
struct Waiting {
    since: Instant,
    /// For what, and since when for that.
    why: (String, Instant),
    told: bool,
}

impl Waiting {
    fn new() -> Waiting {
        Waiting { since: Instant::now(), why: (String::new(), Instant::now()), told: false }
    }

    /// Waits a little; who waits for longer is told for what. Gives the failure back when it has been too long, in all or for this.
    async fn pause(&mut self, failure: Failure, most: Duration) -> Done {
        if self.why.0 != failure.message {
            self.why = (failure.message.clone(), Instant::now());
        }
        let waited = self.since.elapsed();
        if waited >= PATIENCE || self.why.1.elapsed() >= most {
            return Err(failure);
        }
        if waited >= UNSAID && !self.told {
            say(&format!("{}: waiting", failure.message));
            self.told = true;
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}

/// Lets others attach to the engine in this process, which runs beside the screen of `host`, or beside none.
///
/// # Errors
/// The socket's place is not safe, or the group that may connect does not exist.
pub(super) fn listen(site: &Site, handle: Handle, host: Option<&AgentName>) -> Done<Listening> {
    let desk = server::Desk {
        name: site.config.rules.desk_name.clone(),
        handle,
        host: host.map(|agent| (agent.clone(), site.config.rules.authority(agent), OWN.clone())),
        since: *SINCE.get_or_init(|| site.clock.now()),
        gate: gate(&site.config, &site.paths.config.display().to_string()),
        clock: site.clock.clone(),
    };
    Ok(server::listen(&site.paths.socket, Access { group: group(&site.config)? }, desk)?)
}

/// Tells the id of the group whose members may connect, if one is named.
///
/// # Errors
/// There is no such group.
pub(super) fn group(config: &Config) -> Done<Option<u32>> {
    let Some(group) = &config.seat_group else { return Ok(None) };
    match config::group_id(&group.text) {
        Some(id) => Ok(Some(id)),
        None => {
            let name = group.text.escape_debug();
            Err(Failure::usage(format!("{}: there is no group `{name}` on this machine", group.place)))
        }
    }
}

/// Tells who is who: whoever has the desk's files anyway may be any agent; all others are whom `os_user` says.
fn gate(config: &Config, file: &str) -> Gate {
    let (rules, file) = (config.rules.clone(), file.to_owned());
    let own = rustix::process::geteuid().as_raw();
    Arc::new(move |uid, wanted| {
        let agents = &rules.staff.agents;
        if uid == own || uid == 0 {
            let Some(wanted) = wanted.filter(|wanted| !wanted.0.is_empty()) else {
                let known = config::agent_of(uid, agents).map(|agent| agent.name.clone());
                return Ok((known.unwrap_or_default(), Authority::Admin));
            };
            let known = agents.iter().find(|agent| agent.name.0.eq_ignore_ascii_case(&wanted.0));
            return match known {
                Some(agent) => Ok((agent.name.clone(), rules.authority(&agent.name))),
                None => Err(format!("{NOBODY}{}` in {file}", wanted.0.escape_debug())),
            };
        }
        let Some(agent) = config::agent_of(uid, agents) else {
            return Err(format!(
                "user {uid} is no agent of this desk: an admin adds `os_user` to one of [[agents]] in {file}"
            ));
        };
        match wanted {
            Some(wanted) if !wanted.0.is_empty() && !agent.name.0.eq_ignore_ascii_case(&wanted.0) => Err(format!(
                "user {uid} is {}, and cannot be {}: leave out --agent",
                agent.name,
                wanted.0.escape_debug()
            )),
            _ => Ok((agent.name.clone(), rules.authority(&agent.name))),
        }
    })
}

impl From<SeatError> for Failure {
    fn from(error: SeatError) -> Self {
        let code = match &error {
            SeatError::Refused(why) if why.starts_with(NOBODY) => USAGE,
            SeatError::Refused(_)
            | SeatError::Denied(_)
            | SeatError::Version { .. }
            | SeatError::Nobody(_)
            | SeatError::Closed(_) => ACCESS,
            SeatError::Declined(_) | SeatError::Nonsense(_) | SeatError::Unsafe { .. } | SeatError::Io { .. } => FAILED,
        };
        Failure { code, message: error.to_string() }
    }
}
