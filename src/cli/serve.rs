//! `topicdesk serve`: the desk without a screen, for everybody who attaches.

use std::io::Write;
use std::os::unix::net::UnixDatagram;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::Global;
use super::attend::{Turn, read_again, remarks};
use super::failure::Done;
use super::hosted::Hosted;
use super::site::{Site, say};
use super::{interrupt, seat};
use crate::store::lock::Lock;

pub(super) async fn run(global: &Global) -> Done {
    let mut site = Site::open(global)?;
    // The lock is kept from one run to the next, so that no screen takes the desk over in between.
    let mut kept = None;
    loop {
        match serve(global, &site, kept).await? {
            (Turn::End, _) => return Ok(()),
            (Turn::Again(next), lock) => (site, kept) = (*next, lock),
        }
    }
}

/// Runs the desk once. With another configuration, or another login, it is begun again: seats come back by themselves, and have lost
/// nothing.
async fn serve(global: &Global, site: &Site, lock: Option<Lock>) -> Done<(Turn, Option<Lock>)> {
    let first = lock.is_none();
    // A webhook that cannot be is told before the desk is opened.
    super::knowledge::setup(&site.config)?;
    let mut hosted = match lock {
        Some(lock) => Hosted::begin(site, None, Some(lock)).await?,
        None => seat::wait_for_lock(site, async || Hosted::begin(site, None, None).await).await?,
    };
    if first {
        say(&format!("{} is listened for at {}", site.config.rules.desk_name, site.paths.socket.display()));
    }
    let missing = hosted.mirror.missing().map(ToOwned::to_owned);
    if let Some(why) = &missing {
        say(why);
    }
    notify(&format!("READY=1\nSTATUS={}", missing.as_deref().unwrap_or("logged in")));
    let turn = until_turn(global, site, &mut hosted).await;
    notify(if matches!(turn, Turn::End) { "STOPPING=1" } else { "RELOADING=1" });
    let lock = match turn {
        Turn::End => hosted.stop().await,
        Turn::Again(_) => hosted.pause().await,
    };
    Ok((turn, lock))
}

/// Waits for a signal or a request that ends this run.
async fn until_turn(global: &Global, site: &Site, hosted: &mut Hosted) -> Turn {
    let mut reload = signal(SignalKind::user_defined1()).ok();
    let asked = async |reload: &mut Option<Signal>| match reload {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    };
    let mut ending = std::pin::pin!(interrupt::wait());
    let mut attending = std::pin::pin!(hosted.attend(global, site));
    loop {
        tokio::select! {
            () = &mut ending => return Turn::End,
            turn = &mut attending => return turn,
            _ = asked(&mut reload) => match read_again(global) {
                Ok(site) => {
                    remarks(&site).iter().for_each(|remark| say(remark));
                    return Turn::Again(site);
                }
                Err(failure) => {
                    tracing::error!("{}", failure.message);
                    say(&failure.message);
                }
            },
        }
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
