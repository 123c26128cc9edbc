//! `topicdesk serve`: the desk without a screen, for everybody who attaches; and the same beside a screen that hosts.

use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::args::Global;
use super::failure::Done;
use super::mirror::Mirror;
use super::site::{Site, say};
use super::{hooks, interrupt, log, seat};
use crate::desk::ids::AgentName;
use crate::seat::{Answer, Operation, Request};
use crate::store::backup;

/// How long the answer to what ends a run may take to be written.
const ANSWER: Duration = Duration::from_secs(2);

/// Why a desk goes on with another configuration, or ends.
enum Turn {
    End,
    Again(Box<Site>),
}

pub(super) async fn run(global: &Global) -> Done {
    let mut site = Site::open(global)?;
    let mut first = true;
    loop {
        match serve(global, &site, first).await? {
            Turn::End => return Ok(()),
            Turn::Again(next) => site = *next,
        }
        first = false;
    }
}

/// Runs the desk once. With another configuration it is begun again: seats come back by themselves, and have lost nothing.
async fn serve(global: &Global, site: &Site, first: bool) -> Done<Turn> {
    // A webhook that cannot be is told before the desk is opened.
    super::knowledge::setup(&site.config)?;
    let mut mirror = seat::wait_for_lock(site, || Mirror::start(site)).await?;
    mirror.consult(site)?;
    let listened = seat::listen(site, mirror.handle(AgentName::default()));
    let (listening, mut operations) = match listened {
        Ok(listened) => listened,
        Err(failure) => {
            mirror.stop().await;
            return Err(failure);
        }
    };
    if first {
        say(&format!("{} is listened for at {}", site.config.rules.desk_name, site.paths.socket.display()));
    }
    let hooks = hooks::spawn(site.config.hooks.clone(), mirror.handle(AgentName::default()));
    notify("READY=1");
    let turn = attend(global, &site.paths.data, &mut operations).await;
    notify(if matches!(turn, Turn::End) { "STOPPING=1" } else { "RELOADING=1" });
    if let Some(hooks) = hooks {
        hooks.abort();
    }
    match turn {
        Turn::End => drop(listening),
        Turn::Again(_) => listening.pause(),
    }
    mirror.stop().await;
    Ok(turn)
}

/// Waits for a signal or a request that ends this run.
async fn attend(global: &Global, data: &Path, operations: &mut mpsc::Receiver<Operation>) -> Turn {
    let mut reload = signal(SignalKind::user_defined1()).ok();
    let asked = async |reload: &mut Option<tokio::signal::unix::Signal>| match reload {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    };
    // Heard also while a request is carried out.
    let mut ending = std::pin::pin!(interrupt::wait());
    loop {
        tokio::select! {
            () = &mut ending => return Turn::End,
            _ = asked(&mut reload) => match read_again(global) {
                Ok(site) => return Turn::Again(site),
                Err(why) => {
                    tracing::error!(%why, "the configuration stays as it was");
                    say(&format!("the configuration stays as it was: {why}"));
                }
            },
            operation = operations.recv() => {
                let Some(Operation { request, by, answer, heard }) = operation else { return Turn::End };
                tracing::info!(%by, ?request, "asked about the desk as a whole");
                let (turn, result) = match request {
                    Request::Stop => (Some(Turn::End), Ok("the desk is ending".to_owned())),
                    Request::Reload => match read_again(global) {
                        Ok(site) => (Some(Turn::Again(site)), Ok("read again: the desk goes on with it".to_owned())),
                        Err(why) => (None, Err(format!("the configuration stays as it was: {why}"))),
                    },
                    Request::Backup { to } => (None, copy(data.to_owned(), to).await),
                    Request::Log { level } => {
                        (None, log::change(&level).map(|()| format!("logs {level} from now on")))
                    }
                    Request::Status | Request::Seats => (None, Err("the socket answers that itself".to_owned())),
                };
                let _gone = answer.send(result.map(|said| Answer::Done { said }));
                if let Some(turn) = turn {
                    // The answer leaves before the desk does; a seat that does not read holds up nobody.
                    let _late = tokio::time::timeout(ANSWER, heard).await;
                    return turn;
                }
            }
        }
    }
}

async fn copy(data: PathBuf, to: PathBuf) -> Result<String, String> {
    let done = tokio::task::spawn_blocking(move || backup::backup(&data, &to)).await;
    match done {
        Ok(Ok(())) => Ok("copied".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic.to_string()),
    }
}

/// Reads `desk.toml` once more; whatever is wrong with it leaves everything as it was.
fn read_again(global: &Global) -> Result<Box<Site>, String> {
    let site = Site::find(global).map_err(|failure| failure.message)?;
    super::knowledge::setup(&site.config).map_err(|failure| failure.message)?;
    super::mirror::setup(&site).map_err(|failure| failure.message)?;
    Ok(Box::new(site))
}

/// Answers for a desk that runs beside an agent's screen: it ends with the screen.
pub(super) async fn beside_a_screen(mut operations: mpsc::Receiver<Operation>, whose: AgentName) {
    while let Some(Operation { answer, .. }) = operations.recv().await {
        let why =
            format!("this desk runs in {whose}'s screen: it reads desk.toml when that is opened, and ends with it");
        let _gone = answer.send(Err(why));
    }
}

/// Tells systemd, if it is listening (sd_notify(3)). One datagram to the socket it names; nothing if it names none.
fn notify(what: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let told = UnixDatagram::unbound().and_then(|socket| {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        let name = path.as_bytes();
        let address = match name.strip_prefix(b"@") {
            Some(name) => std::os::unix::net::SocketAddr::from_abstract_name(name)?,
            None => std::os::unix::net::SocketAddr::from_pathname(&path)?,
        };
        socket.send_to_addr(what.as_bytes(), &address)
    });
    if let Err(error) = told {
        let _gone = writeln!(std::io::stderr(), "topicdesk: systemd was not told {what}: {error}");
    }
}
