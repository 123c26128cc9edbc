//! Attaching to a desk that runs, and letting others attach to the one in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::failure::{ACCESS, Done, FAILED, Failure};
use super::site::Site;
use crate::config::{self, Config};
use crate::desk::authority::Authority;
use crate::desk::ids::AgentName;
use crate::engine::handle::Handle;
use crate::seat::SeatError;
use crate::seat::client::{self, Attach, Host, Welcome};
use crate::seat::server::{self, Access, Gate, Listening};

/// How long a command looks for a desk whose process has ended: as long as starting it again takes, with room to spare.
const PATIENCE: Duration = Duration::from_secs(30);

/// Files that were brought over are kept so long: what is deleted in Telegram is not to stay where the desk cannot remove it.
const KEPT: Duration = Duration::from_secs(24 * 3600);

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
    Attach { path: site.paths.socket.clone(), agent, files: own_folder(site), host, patience }
}

/// Attaches to whoever runs the desk; `None`: nobody does.
///
/// # Errors
/// The desk does not let this user in, or speaks another version; the socket is not safe.
pub(super) async fn attach(
    site: &Site,
    agent: Option<AgentName>,
    host: Option<Host>,
) -> Done<Option<(Handle, Welcome)>> {
    forget_old(&own_folder(site));
    match client::attach(how(site, agent, host)).await {
        Ok(attached) => Ok(Some(attached)),
        Err(SeatError::Nobody(_)) => Ok(None),
        Err(error) => Err(error.into()),
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
        host: host.map(|agent| (agent.clone(), site.config.rules.authority(agent))),
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
                None => Err(format!("there is no agent `{}` in {file}", wanted.0.escape_debug())),
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
            SeatError::Refused(_) | SeatError::Denied(_) | SeatError::Version { .. } | SeatError::Nobody(_) => ACCESS,
            SeatError::Nonsense(_) | SeatError::Unsafe { .. } | SeatError::Io { .. } => FAILED,
        };
        Failure { code, message: error.to_string() }
    }
}
