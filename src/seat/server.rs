//! The engine's end: lets seats in, one task for each, and passes on what they ask.
//!
//! A seat has room for so many requests under way and so many answers not yet read; who fills either is not read from until
//! there is room again, and who reads nothing for long is shown out. Nobody else notices.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::SeatError;
use super::door::{Door, Spoken};
use super::files::{Coming, next_part};
use super::house::{HOST, House};
use super::protocol::{self, Asked, Frame, FrameError, MOST_ASKED, Told, VERSION};
use super::screens::{OwnScreen, Screens};
use super::socket;
use crate::clock::{Clock, Timestamp};
use crate::desk::authority::Authority;
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::AgentName;
use crate::engine::handle::{Answer, Handle, Operation, Request, Revisions, SeatView};

pub use super::socket::Access;

/// How long a seat may take to say who it is.
const HELLO: Duration = Duration::from_secs(5);

/// How long a seat may read nothing while there is something to read.
const DEAF: Duration = Duration::from_secs(30);

/// So many requests of a seat are under way at once.
const UNDER_WAY: usize = 64;

/// So many frames wait for a seat to read them.
const UNREAD: usize = 64;

/// Tells which agent a user of this machine is, and what they may do, or why they are nobody here. Given the user id that the kernel
/// says, and whom the seat would like to be.
pub type Gate = Arc<dyn Fn(u32, Option<&AgentName>) -> Result<(AgentName, Authority), String> + Send + Sync>;

/// What seats are let in to.
#[derive(Clone)]
pub struct Desk {
    /// Its name.
    pub name: String,
    /// The engine. What seats ask about the desk as a whole goes there, too.
    pub handle: Handle,
    /// The agent in whose screen's process it runs, what they may do, and their screen; `None`: it has no screen.
    pub host: Option<(AgentName, Authority, OwnScreen)>,
    /// Since when this process runs it, however often it has begun anew.
    pub since: Timestamp,
    /// Who is who.
    pub gate: Gate,
    /// The time.
    pub clock: Clock,
}

/// A socket that is listened on, until it is dropped.
pub struct Listening {
    path: PathBuf,
    task: JoinHandle<()>,
    house: Arc<House>,
}

impl Listening {
    /// Answers what whoever listens knows: how the desk is, who sits at it. `None`: that is for whoever runs it.
    pub async fn answer(&self, request: &Request) -> Option<Answer> {
        self.house.answer(request).await
    }

    /// Listens no more, and leaves the socket where it is: whoever comes now finds that the desk is about to be there again, and waits.
    pub fn pause(mut self) {
        self.path.clear();
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        if !self.path.as_os_str().is_empty() {
            // The next one takes its place, should this fail.
            let _gone = std::fs::remove_file(&self.path);
        }
    }
}

/// Listens at a path; the caller has the desk's lock.
///
/// # Errors
/// The place is not safe, or taken; the system's.
pub fn listen(path: &Path, access: Access, desk: Desk) -> Result<Listening, SeatError> {
    let listener = socket::bind(path, access)?;
    let (since, begun) = (desk.since, desk.clock.now());
    let mut seats = BTreeMap::new();
    if let Some((agent, authority, _)) = desk.host.clone() {
        let own = SeatView {
            agent,
            authority,
            uid: rustix::process::geteuid().as_raw(),
            pid: i32::try_from(std::process::id()).ok(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            since,
            screens: 1,
            used: None,
            presence: None,
        };
        seats.insert(HOST, own);
    }
    let (seats, screens) = (Mutex::new(seats), Screens::default());
    let (next, turned_away) = (AtomicU64::new(1), Spoken::default());
    let house = Arc::new(House { desk, begun, seats, screens, next, turned_away });
    let task = tokio::spawn(welcome(listener, house.clone()));
    Ok(Listening { path: path.to_owned(), task, house })
}

async fn welcome(listener: UnixListener, house: Arc<House>) {
    let mut door = Door::new();
    // When this task ends, all of them do.
    let mut seats = JoinSet::new();
    loop {
        while seats.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors: some seat will leave.
                tracing::warn!(%error, "a seat could not be let in");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        // Who has gone already needs none.
        let Ok(uid) = stream.peer_cred().map(|peer| peer.uid()) else { continue };
        let Some(place) = door.let_in(uid) else {
            if house.turned_away.is_news(uid) {
                tracing::warn!(uid, "a seat was turned away: there are too many already, in all or of this user");
            }
            // Who floods is not answered.
            continue;
        };
        let house = house.clone();
        seats.spawn(async move {
            if let Err(why) = sit(stream, &house).await {
                tracing::info!(%why, "a seat has ended");
            }
            drop(place);
        });
    }
}

/// What ends a seat other than that it leaves.
type Ended = String;

async fn sit(stream: UnixStream, house: &Arc<House>) -> Result<(), Ended> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let peer = stream.peer_cred().map_err(|error| words(&error))?;
    let (mut reading, mut writing) = stream.into_split();
    let hello = tokio::time::timeout(HELLO, protocol::read(&mut reading, MOST_ASKED)).await;
    let hello = match hello {
        Err(_) => return Err(format!("user {} said nothing", peer.uid())),
        Ok(Err(error)) => return Err(format!("user {} said what makes no sense: {error}", peer.uid())),
        // Somebody looked whether anybody listens.
        Ok(Ok(None)) => return Ok(()),
        Ok(Ok(Some(frame))) => frame.request(),
    };
    let refuse = async |writing: &mut OwnedWriteHalf, why: String| {
        if house.turned_away.is_news(peer.uid()) {
            tracing::warn!(uid = peer.uid(), why, "a seat was refused");
        }
        if let Ok(frame) = Frame::of(&Told::Refused { version: VERSION, why: why.clone() }) {
            let _gone = tokio::time::timeout(HELLO, protocol::write(writing, &frame)).await;
        }
        Err(why)
    };
    let (program, agent) = match hello {
        Ok(Asked::Hello { version: VERSION, program, agent }) => (program, agent),
        Ok(Asked::Hello { version, program, .. }) => {
            let why = format!("version {version} of the seats' protocol ({program}) was asked for");
            return refuse(&mut writing, why).await;
        }
        _ => return refuse(&mut writing, "the first thing to say is hello".to_owned()).await,
    };
    // The gate asks the system who that is, and the system may ask a directory service.
    let (gate, uid) = (house.desk.gate.clone(), peer.uid());
    let known = tokio::task::spawn_blocking(move || gate(uid, agent.as_ref())).await;
    let (agent, authority) = match known.map_err(|panic| words(&panic))? {
        Ok(known) => known,
        Err(why) => return refuse(&mut writing, why).await,
    };
    let seat = Seat {
        number: house.next.fetch_add(1, Ordering::Relaxed),
        authority,
        handle: house.desk.handle.for_agent(agent.clone()),
    };
    // Before the welcome, as its place in the list is: whoever is in hears everything, and is seen.
    let revisions = seat.handle.watch();
    let told = Told::Welcome {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        desk: house.desk.name.clone(),
        agent: agent.clone(),
        authority,
        pid: std::process::id(),
    };
    let frame = Frame::of(&told).map_err(|error| words(&error))?;
    let view = SeatView {
        agent,
        authority,
        uid: peer.uid(),
        pid: peer.pid(),
        program: program.chars().filter(|c| !c.is_control()).take(40).collect(),
        since: house.desk.clock.now(),
        screens: 0,
        used: None,
        presence: None,
    };
    house.seats.lock().unwrap_or_else(PoisonError::into_inner).insert(seat.number, view);
    let ended = match tokio::time::timeout(DEAF, protocol::write(&mut writing, &frame)).await {
        Ok(Ok(())) => seat.serve(house, reading, writing, revisions).await,
        Ok(Err(error)) => Err(words(&error)),
        Err(_) => Err("it does not read".to_owned()),
    };
    house.seats.lock().unwrap_or_else(PoisonError::into_inner).remove(&seat.number);
    // A screen whose process died has closed.
    house.screens.close_all(seat.number, &seat.handle).await;
    ended
}

struct Seat {
    number: u64,
    authority: Authority,
    handle: Handle,
}

impl Seat {
    async fn serve(
        &self,
        house: &Arc<House>,
        reading: OwnedReadHalf,
        writing: OwnedWriteHalf,
        revisions: Revisions,
    ) -> Result<(), Ended> {
        let (out, unread) = mpsc::channel(UNREAD);
        // Whatever ends this ends them.
        let mut tasks = JoinSet::new();
        tasks.spawn(write(unread, writing));
        tasks.spawn(tell(revisions, out.clone(), house.clone(), self.number));
        tokio::select! {
            ended = self.listen(house, reading, out) => ended.map_err(|error| error.to_string()),
            Some(ended) = tasks.join_next() => ended.unwrap_or_else(|panic| Err(panic.to_string())),
        }
    }

    /// Takes what the seat asks, until it leaves.
    async fn listen(
        &self,
        house: &Arc<House>,
        mut reading: OwnedReadHalf,
        out: mpsc::Sender<Unread>,
    ) -> Result<(), FrameError> {
        let room = Arc::new(Semaphore::new(UNDER_WAY));
        let one_file = Arc::new(Semaphore::new(1));
        // Files of replies, until the engine has a copy of its own. Made when the first comes: a seat without one needs no room on a disk.
        let mut folder: Option<tempfile::TempDir> = None;
        let mut coming: Option<Coming> = None;
        while let Some(frame) = protocol::read(&mut reading, MOST_ASKED).await? {
            let asked = match frame {
                Frame::Bytes(part) => {
                    let Some(mut file) = coming.take() else { return Err(FrameError::Kind(1)) };
                    match file.take(&part)? {
                        Some(path) => self.keep(file.number, path, &out).await?,
                        None => coming = Some(file),
                    }
                    continue;
                }
                Frame::Words(_) => frame.request()?,
            };
            let Ok(place) = room.clone().acquire_owned().await else { return Ok(()) };
            let out = out.clone();
            match asked {
                Asked::Hello { .. } => {}
                Asked::Submit { number, id, command } => {
                    // In order into the queue; the answers come when they come.
                    let begun = match *command {
                        Command::Screen { screen, used } => {
                            let used = used.map(|ago| house.desk.clock.now() - ago);
                            let whose = (self.number, self.handle.agent());
                            house.screens.follow(whose, (screen, used), self.handle.begin(id, *command)).await
                        }
                        _ => self.handle.begin(id, *command).await,
                    };
                    tokio::spawn(async move {
                        let result = match begun {
                            Ok(answer) => answer.await.unwrap_or(Err(Refusal::Stopped)),
                            Err(refusal) => Err(refusal),
                        };
                        // What a stopping engine has not done, the next one does when it is asked again.
                        if result != Err(Refusal::Stopped) {
                            send(&out, &Told::Done { number, result }).await;
                        }
                        drop(place);
                    });
                }
                Asked::Read { number, request, urgent } => {
                    let handle = self.handle.clone();
                    tokio::spawn(async move {
                        let view = Box::new(Handle::shown(handle.ask(request, urgent).await).await);
                        send(&out, &Told::View { number, view }).await;
                        drop(place);
                    });
                }
                Asked::Put { number, name, size } => {
                    let folder = match &mut folder {
                        Some(folder) => folder,
                        none => none.insert(tempfile::tempdir()?),
                    };
                    let begun = Coming::begin(number, folder.path(), &name, size)?;
                    if begun.is_whole() {
                        let result = Err(format!("{name} is empty"));
                        send(&out, &Told::Kept { number, result }).await;
                    } else {
                        coming = Some(begun);
                    }
                }
                Asked::Forget { file } => self.handle.detach(&file),
                Asked::Get { number, name } => {
                    let (handle, one_file) = (self.handle.clone(), one_file.clone());
                    tokio::spawn(async move {
                        let Ok(turn) = one_file.acquire_owned().await else { return };
                        give(&handle, number, &name, &out).await;
                        drop((turn, place));
                    });
                }
                Asked::Operate { number, request } => {
                    let (house, agent, authority) = (house.clone(), self.handle.agent().clone(), self.authority);
                    tokio::spawn(async move {
                        let (until, heard) = oneshot::channel();
                        let result = operate(&house, agent, authority, request, heard).await;
                        send_with(&out, &Told::Operated { number, result }, Some(until)).await;
                        drop(place);
                    });
                }
            }
        }
        Ok(())
    }

    /// Has the engine copy a file that has come.
    async fn keep(&self, number: u64, path: PathBuf, out: &mpsc::Sender<Unread>) -> Result<(), FrameError> {
        let result = self.handle.attach(path.clone()).await;
        std::fs::remove_file(&path)?;
        send(out, &Told::Kept { number, result }).await;
        Ok(())
    }
}

/// A frame on its way to a seat.
struct Unread {
    frame: Frame,
    /// Dropped when the frame has been written, or never will be.
    _until: Option<oneshot::Sender<()>>,
}

/// Puts a value into a seat's queue. A seat that has left needs none.
async fn send(out: &mpsc::Sender<Unread>, told: &Told) {
    send_with(out, told, None).await;
}

async fn send_with(out: &mpsc::Sender<Unread>, told: &Told, until: Option<oneshot::Sender<()>>) {
    match Frame::of(told) {
        Ok(frame) => drop(out.send(Unread { frame, _until: until }).await),
        Err(error) => tracing::error!(%error, "an answer cannot be written"),
    }
}

async fn write(mut unread: mpsc::Receiver<Unread>, mut writing: OwnedWriteHalf) -> Result<(), Ended> {
    while let Some(unread) = unread.recv().await {
        match tokio::time::timeout(DEAF, protocol::write(&mut writing, &unread.frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("it has read nothing for {} seconds", DEAF.as_secs())),
        }
    }
    Ok(())
}

/// Tells a seat what has changed; one that is slow hears in one word that everything has.
async fn tell(mut revisions: Revisions, out: mpsc::Sender<Unread>, house: Arc<House>, seat: u64) -> Result<(), Ended> {
    let mut told: Option<Instant> = None;
    while let Some(revision) = revisions.next().await {
        tokio::time::sleep(house.turn_of(seat, told)).await;
        told = Some(Instant::now());
        let mut next = Some(revision);
        while let Some(revision) = next {
            send(&out, &Told::Revision { revision }).await;
            next = revisions.at_hand();
        }
    }
    Ok(())
}

/// Sends a file of the cache.
async fn give(handle: &Handle, number: u64, name: &str, out: &mpsc::Sender<Unread>) {
    let opened = handle.cached(name).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (size, file) = match opened {
        Ok((size, file)) => (Ok(size), Some(file)),
        Err(error) => (Err(error.to_string()), None),
    };
    let left = size.clone().unwrap_or_default();
    send(out, &Told::File { number, size }).await;
    let Some(mut file) = file.map(|file| std::io::Read::take(file, left)) else { return };
    while let Ok(Some(part)) = next_part(&mut file) {
        if out.send(Unread { frame: Frame::Bytes(part), _until: None }).await.is_err() {
            return;
        }
    }
}

async fn operate(
    house: &House,
    by: AgentName,
    authority: Authority,
    request: Request,
    heard: oneshot::Receiver<()>,
) -> Result<Answer, String> {
    if authority < request.needs() {
        return Err(format!("{by} is {authority}: that needs {}", request.needs()));
    }
    if let Some(answer) = house.answer(&request).await {
        return Ok(answer);
    }
    let (answer, done) = oneshot::channel();
    house.desk.handle.pass(Operation { request, by, authority: Some(authority), answer, heard }).await;
    done.await.unwrap_or_else(|_| Err("the desk is ending".to_owned()))
}
