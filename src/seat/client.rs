//! The seat's end: a [`Handle`] whose engine is in another process.
//!
//! When that process dies, what was asked and not answered is asked again, with the same ids, of whoever listens next; meanwhile
//! callers wait. If nobody does and this process may, it becomes the host: [`Host`] starts an engine here, and the same handle goes on.
//! A screen that has hosted from the start has such a handle too ([`begin`]), so that it outlives its engine, as when `desk.toml` is read
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::SeatError;
use super::files::Coming;
use super::protocol::{self, Asked, Frame, FrameError, MOST_TOLD, Told};
pub use super::screens::OwnScreen;
use crate::desk::authority::Authority;
use crate::desk::command::{Command, Refusal};
use crate::desk::files::Attachment;
use crate::desk::ids::AgentName;
use crate::engine::handle::{
    Errand, Handle, HandleEnds, Operation, Question, Receipt, Submission, handle, new_command_id,
};
use crate::engine::views::{Alert, EngineNews, FileNews, Revision, View};

mod fetch;
mod host;
mod knock;
mod screens;

use knock::{Line, knock};
pub use knock::{greet, of_another, operate};
use screens::Screens;

/// The first pause before it is tried again, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Whoever begins anew, as to read `desk.toml` again, is back so soon that nobody is told.
const UNNOTICED: Duration = Duration::from_millis(400);

/// So much may be under way; more waits in the handle's own queues.
const UNDER_WAY: usize = 48;

/// So many parts of a file are read ahead.
const PARTS: usize = 4;

/// Starts an engine in this process, if that may be now: `None` while another process has the desk, or for good.
pub type Host = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = Option<Handle>> + Send>> + Send>;

/// Where to attach, and as whom.
pub struct Attach {
    /// The socket.
    pub path: PathBuf,
    /// Whom the seat would like to be; the desk decides.
    pub agent: Option<AgentName>,
    /// The folder for files of messages, where this user cannot read the desk's own.
    pub files: PathBuf,
    /// What to do when the engine's process is gone.
    pub host: Option<Host>,
    /// Where it is kept when a key was pressed here, while the engine is in this process.
    pub own: OwnScreen,
    /// How long to look for another engine then; `None`: as long as somebody needs one.
    pub patience: Option<Duration>,
}

/// Who one is at a desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The desk's name.
    pub desk: String,
    /// The agent.
    pub agent: AgentName,
    /// What they may do.
    pub authority: Authority,
    /// The engine's process.
    pub pid: u32,
}

/// Attaches to the desk that is listened for at a path.
///
/// # Errors
/// Nobody listens, the desk does not let this user in, or speaks another version.
pub async fn attach(attach: Attach) -> Result<(Handle, Welcome), SeatError> {
    let (line, welcome) = knock(&attach.path, attach.agent.as_ref()).await?;
    let (handle, ends) = handle(welcome.agent.clone());
    tokio::spawn(Seat::new(attach, ends).run(Found::Line(line)));
    Ok((handle, welcome))
}

/// Begins as the host, with an engine that runs in this process.
pub fn begin(attach: Attach, engine: Handle) -> Handle {
    let (handle, ends) = handle(engine.agent().clone());
    tokio::spawn(Seat::new(attach, ends).run(Found::Here(engine)));
    handle
}

/// What was asked and is not answered.
enum Waiting {
    Submitted(Box<Submission>),
    Asked(Question),
    Operated(Operation),
    Keeps { path: PathBuf, answer: oneshot::Sender<Result<Attachment, String>> },
    Receipt { name: String, receipt: Box<Receipt>, answer: oneshot::Sender<Result<Receipt, Refusal>> },
    News { name: String, news: FileNews },
}

struct Seat {
    attach: Attach,
    submissions: mpsc::Receiver<Submission>,
    questions: mpsc::Receiver<Question>,
    errands: mpsc::Receiver<Errand>,
    operations: mpsc::Receiver<Operation>,
    revisions: broadcast::Sender<Revision>,
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
    /// The screens that are open here.
    screens: Screens,
    /// Files that were asked for here, by their names in the cache.
    wanted: BTreeSet<String>,
    /// The file that is being sent: one at a time.
    putting: Option<u64>,
}

/// What is to be written: words go first, and parts of a file wait for each other.
struct Out {
    words: mpsc::UnboundedSender<Frame>,
    parts: mpsc::Sender<Vec<u8>>,
}

/// Why a line is left.
enum Left {
    /// Nobody needs it any more.
    Done,
    /// The other end is gone, or talks nonsense.
    Lost(String),
}

impl Seat {
    fn new(attach: Attach, ends: HandleEnds) -> Seat {
        let HandleEnds { submissions, questions, errands, operations, revisions } = ends;
        Seat {
            attach,
            submissions,
            questions,
            errands,
            operations,
            revisions,
            waiting: BTreeMap::new(),
            next: 1,
            screens: Screens::default(),
            wanted: BTreeSet::new(),
            putting: None,
        }
    }

    async fn run(mut self, mut found: Found) {
        loop {
            let hosted = matches!(found, Found::Here(_));
            let left = match found {
                Found::Line(line) => self.talk(line).await,
                Found::Here(engine) => self.pass_on(engine).await,
            };
            let Left::Lost(why) = left else { return };
            tracing::warn!(%why, "the desk's engine is not to be reached");
            self.let_go();
            found = match self.find(&why).await {
                Some(found) => found,
                None => return,
            };
            self.tell(match found {
                Found::Here(_) if !hosted => EngineNews::Hosting,
                _ => EngineNews::Back,
            });
        }
    }

    /// What may have been done is not asked for again: whoever waits for it is told.
    fn let_go(&mut self) {
        let orders = |waiting: &Waiting| matches!(waiting, Waiting::Operated(one) if !one.request.only_asks());
        let gone: Vec<u64> =
            self.waiting.iter().filter(|(_, waiting)| orders(waiting)).map(|(number, _)| *number).collect();
        for number in gone {
            if let Some(Waiting::Operated(operation)) = self.waiting.remove(&number) {
                let _gone = operation.answer.send(Err("the desk ended before it answered".to_owned()));
            }
        }
    }

    fn tell(&self, news: EngineNews) {
        let alerts = vec![Alert::Engine(news)];
        // Nobody may be watching.
        let _unwatched = self.revisions.send(Revision { all: true, alerts, ..Revision::default() });
    }

    /// Tries again and again to reach an engine, or to be it; `lost`: why there is none. `None`: whoever waits is told that the desk has
    /// stopped.
    async fn find(&mut self, lost: &str) -> Option<Found> {
        let (mut pause, longest) = PAUSE;
        let mut said = String::new();
        let begun = Instant::now();
        loop {
            let (why, is_news) = match knock(&self.attach.path, self.attach.agent.as_ref()).await {
                Ok((line, _)) => return Some(Found::Line(line)),
                Err(SeatError::Nobody(_) | SeatError::Closed(_)) => (lost.to_owned(), begun.elapsed() >= UNNOTICED),
                Err(error) => (error.to_string(), true),
            };
            if let Some(host) = &mut self.attach.host
                && let Some(engine) = host().await
            {
                return Some(Found::Here(engine));
            }
            if is_news && why != said {
                self.tell(EngineNews::Lost { why: why.clone() });
                said = why;
            }
            let tired = self.attach.patience.is_some_and(|patience| begun.elapsed() >= patience);
            if tired || (self.submissions.is_closed() && self.submissions.is_empty()) {
                return None;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Passes on what is asked and what is told, until the line breaks.
    async fn talk(&mut self, line: Line) -> Left {
        let Line { mut reading, writing, shares } = line;
        let (out, frames) = mpsc::unbounded_channel();
        let (parts, parts_out) = mpsc::channel(PARTS);
        let writer = tokio::spawn(write(frames, parts_out, writing));
        let out = Out { words: out, parts };
        // What comes is read by a task of its own, so that a frame is never left half read.
        let (told_in, mut told) = mpsc::channel(16);
        let reader = tokio::spawn(async move {
            loop {
                let frame = protocol::read(&mut reading, MOST_TOLD).await;
                let goes_on = matches!(frame, Ok(Some(_)));
                if told_in.send(frame).await.is_err() || !goes_on {
                    return;
                }
            }
        });
        let left = self.converse(&out, &mut told, shares).await;
        reader.abort();
        writer.abort();
        left
    }

    async fn converse(
        &mut self,
        out: &Out,
        told: &mut mpsc::Receiver<Result<Option<Frame>, FrameError>>,
        shares: bool,
    ) -> Left {
        if let Err(error) = self.repeat(out) {
            return Left::Lost(error.to_string());
        }
        let mut coming: Option<Coming> = None;
        loop {
            let room = self.waiting.len() < UNDER_WAY;
            let done = tokio::select! {
                biased;
                frame = told.recv() => match frame {
                    Some(Ok(Some(Frame::Bytes(part)))) => self.part(&mut coming, &part),
                    Some(Ok(Some(frame))) => match frame.value() {
                        Ok(told) => self.hear(told, out, &mut coming, shares),
                        Err(error) => self.misheard(&frame, error),
                    },
                    Some(Err(error)) => Err(error),
                    Some(Ok(None)) | None => return Left::Lost("its process has ended".to_owned()),
                },
                submission = self.submissions.recv(), if room => match submission {
                    Some(submission) => self.submit(submission, out),
                    None => return Left::Done,
                },
                Some(question) = self.questions.recv(), if room => {
                    self.ask(Waiting::Asked(question), out)
                }
                Some(errand) = self.errands.recv(), if room && self.putting.is_none() => self.run_errand(errand, out),
                Some(operation) = self.operations.recv(), if room => self.ask(Waiting::Operated(operation), out),
            };
            if let Err(error) = done {
                return Left::Lost(error.to_string());
            }
        }
    }

    /// Asks again what was not answered, in the old order.
    fn repeat(&mut self, out: &Out) -> Result<(), FrameError> {
        for command in self.screens.anew() {
            self.tell_of(command, out)?;
        }
        self.putting = None;
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            match waiting {
                // Its file has to come first.
                Waiting::Keeps { path, answer } => self.put(path, answer, out)?,
                waiting => self.ask(waiting, out)?,
            }
        }
        Ok(())
    }

    /// Says what waits for no answer.
    fn tell_of(&mut self, command: Command, out: &Out) -> Result<(), FrameError> {
        let number = self.next;
        self.next += 1;
        self.say(&Asked::Submit { number, id: new_command_id(), command: Box::new(command) }, out)
    }

    fn say(&self, asked: &Asked, out: &Out) -> Result<(), FrameError> {
        // A writer that has ended is noticed by the reader, too.
        let _ended = out.words.send(Frame::asked(asked)?);
        Ok(())
    }

    fn submit(&mut self, submission: Submission, out: &Out) -> Result<(), FrameError> {
        self.screens.follow(&submission.command);
        if let Command::Screen { .. } = submission.command {
            let _gone = submission.answer.send(Ok(Receipt::default()));
            return self.tell_of(submission.command, out);
        }
        self.ask(Waiting::Submitted(Box::new(submission)), out)
    }

    /// Asks, and remembers who waits for the answer.
    fn ask(&mut self, waiting: Waiting, out: &Out) -> Result<(), FrameError> {
        let number = self.next;
        self.next += 1;
        let asked = match &waiting {
            Waiting::Submitted(submission) => {
                let (id, command) = (submission.id.clone(), Box::new(submission.command.clone()));
                Asked::Submit { number, id, command }
            }
            Waiting::Asked(question) if question.answer.is_closed() => return Ok(()),
            Waiting::Asked(question) => {
                Asked::Read { number, request: question.request.clone(), urgent: question.urgent }
            }
            Waiting::Operated(operation) => Asked::Operate { number, request: operation.request.clone() },
            Waiting::Receipt { name, .. } | Waiting::News { name, .. } => Asked::Get { number, name: name.clone() },
            Waiting::Keeps { .. } => return Ok(()),
        };
        self.say(&asked, out)?;
        self.waiting.insert(number, waiting);
        Ok(())
    }

    fn run_errand(&mut self, errand: Errand, out: &Out) -> Result<(), FrameError> {
        match errand {
            Errand::Attach { path, answer } => self.put(path, answer, out),
            Errand::Detach { file } => self.say(&Asked::Forget { file }, out),
        }
    }

    /// An answer that cannot be read would be no other the next time: whoever waits for it is told.
    fn misheard(&mut self, frame: &Frame, error: FrameError) -> Result<(), FrameError> {
        let numbered = frame.value::<Numbered>().map(|numbered| numbered.number).unwrap_or_default();
        match self.waiting.remove(&numbered) {
            Some(Waiting::Asked(question)) => {
                let why = format!("the desk's answer cannot be read: {error}");
                let _gone = question.answer.send(View::Unreadable { why });
                Ok(())
            }
            Some(Waiting::Operated(operation)) => {
                let _gone = operation.answer.send(Err(format!("the desk's answer cannot be read: {error}")));
                Ok(())
            }
            Some(waiting) => {
                self.waiting.insert(numbered, waiting);
                Err(error)
            }
            None => Err(error),
        }
    }

    fn hear(&mut self, told: Told, out: &Out, coming: &mut Option<Coming>, shares: bool) -> Result<(), FrameError> {
        match told {
            Told::Done { number, result } => {
                let Some(Waiting::Submitted(submission)) = self.waiting.remove(&number) else { return Ok(()) };
                match result {
                    Ok(receipt) if !shares && receipt.file.is_some() => {
                        return self.fetched(receipt, submission.answer, out);
                    }
                    // Whoever asked may have gone since.
                    result => drop(submission.answer.send(result)),
                }
            }
            Told::View { number, view } => {
                if let Some(Waiting::Asked(question)) = self.waiting.remove(&number) {
                    let _gone = question.answer.send(*view);
                }
            }
            Told::Revision { mut revision } => {
                if !shares {
                    self.fetch_news(&mut revision, out)?;
                }
                let _unwatched = self.revisions.send(revision);
            }
            Told::Kept { number, result } => {
                self.putting = self.putting.filter(|putting| *putting != number);
                if let Some(Waiting::Keeps { answer, .. }) = self.waiting.remove(&number) {
                    let _gone = answer.send(result);
                }
            }
            Told::File { number, size } => match size {
                Ok(size) => {
                    let name = match self.waiting.get(&number) {
                        Some(Waiting::Receipt { name, .. } | Waiting::News { name, .. }) => name.clone(),
                        _ => return Err(FrameError::Kind(1)),
                    };
                    std::fs::create_dir_all(&self.attach.files)?;
                    *coming = Some(Coming::begin(number, &self.attach.files, &name, size)?);
                }
                Err(why) => self.file_here(number, Err(why)),
            },
            Told::Operated { number, result } => {
                if let Some(Waiting::Operated(operation)) = self.waiting.remove(&number) {
                    let _gone = operation.answer.send(result);
                }
            }
            Told::Welcome { .. } | Told::Refused { .. } => {}
        }
        Ok(())
    }
}

/// The part of an answer that says whose it is.
#[derive(serde::Deserialize)]
struct Numbered {
    number: u64,
}

enum Found {
    Line(Line),
    Here(Handle),
}

async fn write(
    mut words: mpsc::UnboundedReceiver<Frame>,
    mut parts: mpsc::Receiver<Vec<u8>>,
    mut writing: OwnedWriteHalf,
) {
    loop {
        let frame = tokio::select! {
            biased;
            frame = words.recv() => frame,
            Some(part) = parts.recv() => Some(Frame::Bytes(part)),
        };
        let Some(frame) = frame else { return };
        if protocol::write(&mut writing, &frame).await.is_err() {
            return;
        }
    }
}
