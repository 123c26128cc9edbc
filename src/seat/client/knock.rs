//! Saying hello to a desk, and asking it something about itself.

use std::path::Path;
use std::time::Duration;

use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::super::SeatError;
use super::super::protocol::{self, Asked, Frame, FrameError, MOST_TOLD, Told, VERSION};
use super::super::socket;
use super::Welcome;
use crate::desk::ids::AgentName;
use crate::engine::handle::{Answer, Request};

/// How long the desk may take to answer a hello.
const HELLO: Duration = Duration::from_secs(5);

/// A connection that has been welcomed.
pub(super) struct Line {
    pub(super) reading: OwnedReadHalf,
    pub(super) writing: OwnedWriteHalf,
    /// This user can read the desk's files.
    pub(super) shares: bool,
}

/// Asks something about the desk as a whole.
///
/// # Errors
/// As [`attach`](super::attach); the desk's reason not to do it, as [`SeatError::Declined`]; [`SeatError::Closed`]: it ended before it answered.
pub async fn operate(path: &Path, agent: Option<&AgentName>, request: Request) -> Result<Answer, SeatError> {
    let (mut line, _) = knock(path, agent).await?;
    let words = |error: FrameError| misheard(path, error);
    let frame = Frame::asked(&Asked::Operate { number: 1, request }).map_err(words)?;
    protocol::write(&mut line.writing, &frame).await.map_err(|error| words(error.into()))?;
    loop {
        let Some(frame) = protocol::read(&mut line.reading, MOST_TOLD).await.map_err(words)? else {
            return Err(SeatError::Closed(path.to_owned()));
        };
        if let Told::Operated { result, .. } = frame.value().map_err(words)? {
            return result.map_err(SeatError::Declined);
        }
    }
}

/// Says hello, and leaves: tells who one is there.
///
/// # Errors
/// As [`attach`](super::attach).
pub async fn greet(path: &Path, agent: Option<&AgentName>) -> Result<Welcome, SeatError> {
    Ok(knock(path, agent).await?.1)
}

/// Tells whether a desk is listened for there that runs as another user, whose files are not this one's to read.
pub async fn of_another(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let Ok(stream) = socket::connect(path).await else { return false };
    own != 0 && stream.peer_cred().is_ok_and(|theirs| theirs.uid() != own)
}

fn misheard(path: &Path, error: FrameError) -> SeatError {
    match error {
        // Its process died just now.
        FrameError::Io(_) => SeatError::Closed(path.to_owned()),
        error => SeatError::Nonsense(error.to_string()),
    }
}

/// Connects and says hello.
pub(super) async fn knock(path: &Path, agent: Option<&AgentName>) -> Result<(Line, Welcome), SeatError> {
    let stream = socket::connect(path).await?;
    let io = |source| SeatError::Io { path: path.to_owned(), source };
    let (own, theirs) = (rustix::process::geteuid().as_raw(), stream.peer_cred().map_err(io)?.uid());
    let (mut reading, mut writing) = stream.into_split();
    let hello = Asked::Hello { version: VERSION, program: env!("CARGO_PKG_VERSION").to_owned(), agent: agent.cloned() };
    let words = |error: FrameError| misheard(path, error);
    let said = async {
        protocol::write(&mut writing, &Frame::of(&hello)?).await?;
        protocol::read(&mut reading, MOST_TOLD).await
    };
    let silent = || SeatError::Nonsense(format!("it has said nothing for {} seconds", HELLO.as_secs()));
    let frame = tokio::time::timeout(HELLO, said).await.map_err(|_| silent())?.map_err(words)?;
    let Some(frame) = frame else {
        return Err(SeatError::Closed(path.to_owned()));
    };
    match frame.value().map_err(words)? {
        Told::Welcome { desk, agent, authority, pid, .. } => {
            Ok((Line { reading, writing, shares: own == theirs || own == 0 }, Welcome { desk, agent, authority, pid }))
        }
        Told::Refused { version, .. } if version != VERSION => {
            let hint = if version > VERSION {
                "this program is older than the desk: start the installed one"
            } else {
                "the desk is older than this program: have it started again"
            };
            Err(SeatError::Version { theirs: version, ours: VERSION, hint })
        }
        Told::Refused { why, .. } => Err(SeatError::Refused(why)),
        _ => Err(SeatError::Nonsense("it does not begin with a welcome".to_owned())),
    }
}
