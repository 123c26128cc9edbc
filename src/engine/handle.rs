//! The handle: the one way by which a screen or a command works a desk.
//!
//! Opened *for an agent*, it stamps every command with that agent. All that goes through it are serde types without borrows, so the
//! same handle works in one process and over the socket of `seat`. Dropping all handles does not stop the engine.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc, oneshot};

pub use super::operation::{
    Answer, Backtest, Exported, KnownGroup, LoggedIn, LoginQuestion, LoginStep, Mark, Operation, OtherRules, Request,
    SeatView, StatusView,
};
use super::views::{FileView, NotSaved, Revision, View, ViewRequest};
use crate::desk::command::{Command, Refusal};
use crate::desk::files::Attachment;
use crate::desk::ids::{AgentName, ChangeId, CommandId, EventId, OutboxId, ScreenId};
pub use crate::desk::secret::Secret;
use crate::desk::ticket::Standing;
use crate::store::files::{self, Files};

/// What a command has done: the same for every repeat of the same command id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The move that `Undo` can name, if the command moved status or assignee.
    pub undo: Option<EventId>,
    /// The outbox row, if the command was a reply.
    pub outbox: Option<OutboxId>,
    /// The change of a message, if the command was one.
    #[serde(default)]
    pub change: Option<ChangeId>,
    /// The text that was taken aside to be changed, parts of it put together again.
    #[serde(default)]
    pub text: Option<String>,
    /// The file, if the command asked for one.
    #[serde(default)]
    pub file: Option<FileView>,
    /// What else the agent should know ("the customer is still waiting for an answer").
    pub notice: Option<String>,
    /// The command had nothing to change, and `notice` says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// How the ticket stands after it, if that step has written it; a repeat does not tell, as more may have happened since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// The revision in which the effect can be read.
    pub revision: u64,
}

/// A command on its way to the engine.
#[derive(Debug)]
pub struct Submission {
    /// Made by the client, once for all repeats.
    pub id: CommandId,
    /// Whose command it is.
    pub agent: AgentName,
    /// What to do.
    pub command: Command,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<Receipt, Refusal>>,
}

/// A question on its way to the reader.
#[derive(Debug)]
pub struct Question {
    /// Who reads: queues, drafts and unread marks are theirs.
    pub agent: AgentName,
    /// What to read.
    pub request: ViewRequest,
    /// Somebody has pressed a key and waits for it: it goes before what nobody waits for.
    pub urgent: bool,
    /// Where the answer goes.
    pub answer: oneshot::Sender<View>,
}

/// A file of a reply, on its way to whoever keeps it.
#[derive(Debug)]
pub enum Errand {
    /// Keep a copy.
    Attach {
        /// Of this file.
        path: PathBuf,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<Attachment, String>>,
    },
    /// The reply will not be.
    Detach {
        /// The copy.
        file: Attachment,
    },
}

/// Who keeps the files of replies.
#[derive(Clone, Debug)]
pub(super) enum Keeper {
    /// Nobody: the desk can only be read.
    Nobody,
    /// This process.
    Here(Files),
    /// Whoever has the other ends.
    There(mpsc::Sender<Errand>),
}

/// The one way to work a desk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    agent: AgentName,
    submissions: mpsc::Sender<Submission>,
    questions: mpsc::Sender<Question>,
    operations: mpsc::Sender<Operation>,
    revisions: broadcast::Sender<Revision>,
    pub(super) keeper: Keeper,
}

/// The other ends of a handle, for whoever answers: `engine::runner`, a seat's client, or a test.
#[derive(Debug)]
pub struct HandleEnds {
    /// Commands.
    pub submissions: mpsc::Receiver<Submission>,
    /// Questions.
    pub questions: mpsc::Receiver<Question>,
    /// Files of replies, if they are kept elsewhere.
    pub errands: mpsc::Receiver<Errand>,
    /// What is asked about the desk as a whole.
    pub operations: mpsc::Receiver<Operation>,
    /// Where revisions are published.
    pub revisions: broadcast::Sender<Revision>,
}

/// Makes a handle for `agent` and its other ends. Queues hold 256 values; a full one makes the caller wait.
pub fn handle(agent: AgentName) -> (Handle, HandleEnds) {
    let (submit, submissions) = mpsc::channel(256);
    let (ask, questions) = mpsc::channel(256);
    let (send, errands) = mpsc::channel(16);
    let (operate, operations) = mpsc::channel(16);
    let (revisions, _) = broadcast::channel(256);
    let publish = revisions.clone();
    (
        Handle {
            agent,
            submissions: submit,
            questions: ask,
            operations: operate,
            revisions,
            keeper: Keeper::There(send),
        },
        HandleEnds { submissions, questions, errands, operations, revisions: publish },
    )
}

impl Handle {
    /// Tells for whom it was opened.
    pub fn agent(&self) -> &AgentName {
        &self.agent
    }

    /// Opens another handle to the same desk for another agent.
    pub fn for_agent(&self, agent: AgentName) -> Handle {
        Handle { agent, ..self.clone() }
    }

    /// Has a command carried out.
    ///
    /// # Errors
    /// The desk's typed refusal, or [`Refusal::Stopped`]; in both cases nothing has happened.
    pub async fn submit(&self, id: CommandId, command: Command) -> Result<Receipt, Refusal> {
        self.begin(id, command).await?.await.unwrap_or(Err(Refusal::Stopped))
    }

    /// Puts a command into the engine's queue and gives what its answer comes by: commands are carried out in the order in which
    /// this returns.
    ///
    /// # Errors
    /// [`Refusal::Stopped`]: nothing has happened.
    pub async fn begin(
        &self,
        id: CommandId,
        command: Command,
    ) -> Result<oneshot::Receiver<Result<Receipt, Refusal>>, Refusal> {
        let (answer, receipt) = oneshot::channel();
        let submission = Submission { id, agent: self.agent.clone(), command, answer };
        self.submissions.send(submission).await.map_err(|_| Refusal::Stopped)?;
        Ok(receipt)
    }

    /// Copies a file to where it stays until the reply that names it has left.
    ///
    /// # Errors
    /// A sentence: it cannot be read or copied, is no file, is empty, or larger than Telegram takes.
    pub async fn attach(&self, path: PathBuf) -> Result<Attachment, String> {
        match &self.keeper {
            Keeper::Nobody => Err("this desk can only be read".to_owned()),
            Keeper::Here(files) => {
                let files = files.clone();
                let copied = tokio::task::spawn_blocking(move || files.stage(&path));
                copied.await.unwrap_or_else(|panic| Err(panic.to_string()))
            }
            Keeper::There(errands) => {
                let (answer, kept) = oneshot::channel();
                let stopped = || Err(Refusal::Stopped.to_string());
                let path = files::at_home(&path);
                match errands.send(Errand::Attach { path, answer }).await {
                    Ok(()) => kept.await.unwrap_or_else(|_| stopped()),
                    Err(_) => stopped(),
                }
            }
        }
    }

    /// Removes a copy that [`attach`](Handle::attach) has made for a reply that will not be.
    pub fn detach(&self, file: &Attachment) {
        match &self.keeper {
            Keeper::Nobody => {}
            Keeper::Here(files) => files.release(&file.stored),
            Keeper::There(errands) => {
                // What nobody takes away, the next start of the engine sweeps.
                let _busy = errands.try_send(Errand::Detach { file: file.clone() });
            }
        }
    }

    /// Opens a file of the cache by its name there, for a seat that cannot read the folder itself.
    ///
    /// # Errors
    /// There is no such file, or it is not of the cache.
    pub fn cached(&self, name: &str) -> std::io::Result<std::fs::File> {
        match &self.keeper {
            Keeper::Here(files) => files.open_cached(name),
            Keeper::Nobody | Keeper::There(_) => Err(std::io::ErrorKind::NotFound.into()),
        }
    }

    /// Copies a file of the cache to where the agent wants it: a name, or a folder. Tells where it is then.
    ///
    /// # Errors
    /// Something is there already and was not to be overwritten, or the file system's.
    pub async fn save(&self, file: FileView, to: PathBuf, overwrite: bool) -> Result<PathBuf, NotSaved> {
        let wanted = to.clone();
        let copied = tokio::task::spawn_blocking(move || files::save(&file.path, &to, &file.name, overwrite)).await;
        copied.unwrap_or_else(|panic| Err(std::io::Error::other(panic))).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => NotSaved::Exists,
            _ => NotSaved::Failed(format!("{}: {error}", wanted.display())),
        })
    }

    /// Reads a view. The answer is of the kind that the request names, or [`View::Unreadable`].
    pub async fn read(&self, request: ViewRequest) -> View {
        Handle::shown(self.ask(request, false).await).await
    }

    /// Waits for what was [asked](Handle::ask) for.
    pub async fn shown(asked: Option<oneshot::Receiver<View>>) -> View {
        let view = match asked {
            Some(view) => view.await.ok(),
            None => None,
        };
        view.unwrap_or_else(|| View::Unreadable { why: "the desk has stopped".to_owned() })
    }

    /// Puts a question into the desk's queue and gives what its answer comes by, [`Closed`](oneshot::error::RecvError) if the desk
    /// stops; `None`: it has stopped. What was asked first is read first, but for what is urgent.
    pub async fn ask(&self, request: ViewRequest, urgent: bool) -> Option<oneshot::Receiver<View>> {
        let (answer, view) = oneshot::channel();
        let question = Question { agent: self.agent.clone(), request, urgent, answer };
        self.questions.send(question).await.ok()?;
        Some(view)
    }

    /// Asks something about the desk as a whole.
    ///
    /// # Errors
    /// A sentence: the agent may not, it was refused, or nobody runs the desk.
    pub async fn operate(&self, request: Request) -> Result<Answer, String> {
        let ((answer, done), (until, heard)) = (oneshot::channel(), oneshot::channel());
        self.pass(Operation { request, by: self.agent.clone(), authority: None, answer, heard }).await;
        let result = done.await.unwrap_or_else(|_| Err("nobody runs the desk, or it is ending".to_owned()));
        drop(until);
        result
    }

    /// Passes on what somebody else asks about the desk as a whole. Whoever waits for the answer is told if nobody takes it.
    pub async fn pass(&self, operation: Operation) {
        if let Err(mpsc::error::SendError(operation)) = self.operations.send(operation).await {
            // Whoever asked may have gone since.
            let _gone = operation.answer.send(Err("nobody runs the desk, or it is ending".to_owned()));
        }
    }

    /// Waits until the desk has stopped.
    pub async fn stopped(&self) {
        self.submissions.closed().await;
    }

    /// Says that a screen of the agent is open, until the value is dropped: whoever sits at one is there to be given work.
    pub fn sit(&self) -> Sitting {
        let screen = ScreenId(u64::from_le_bytes(drawn()));
        self.tell(Command::Screen { screen, used: Some(Duration::ZERO) });
        Sitting { handle: self.clone(), screen }
    }

    /// Submits a command without waiting for it. A desk that has stopped, or can only be read, has nobody to tell.
    fn tell(&self, command: Command) {
        let (answer, _nobody) = oneshot::channel();
        let submission = Submission { id: new_command_id(), agent: self.agent.clone(), command, answer };
        let _told = self.submissions.try_send(submission);
    }

    /// Watches revisions from now on.
    pub fn watch(&self) -> Revisions {
        Revisions(self.revisions.subscribe())
    }
}

/// An open screen. Dropping it says that it was closed.
#[derive(Debug)]
pub struct Sitting {
    handle: Handle,
    screen: ScreenId,
}

impl Sitting {
    /// Tells which screen it is: unlike all others of the desk.
    pub fn screen(&self) -> ScreenId {
        self.screen
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        self.handle.tell(Command::Screen { screen: self.screen, used: None });
    }
}

/// The revisions of a desk as they are committed.
#[derive(Debug)]
pub struct Revisions(broadcast::Receiver<Revision>);

impl Revisions {
    /// Waits for the next revision. A reader that was too slow gets one that says that everything changed.
    /// `None`: the desk has stopped.
    pub async fn next(&mut self) -> Option<Revision> {
        match self.0.recv().await {
            Ok(revision) => Some(revision),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Revision { all: true, ..Revision::default() }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// Gives the next revision if there is one already, as [`next`](Revisions::next) would.
    pub fn at_hand(&mut self) -> Option<Revision> {
        match self.0.try_recv() {
            Ok(revision) => Some(revision),
            Err(broadcast::error::TryRecvError::Lagged(_)) => Some(Revision { all: true, ..Revision::default() }),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => None,
        }
    }
}

/// Makes a new command id from the system's randomness.
pub fn new_command_id() -> CommandId {
    CommandId(drawn::<16>().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Draws at least eight bytes from the system's randomness.
fn drawn<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0_u8; COUNT];
    // An id has to be unlike all others, not secret: the address of a local is enough of a fallback.
    let address = std::ptr::from_ref(&bytes) as usize as u64;
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..8].copy_from_slice(&address.to_le_bytes());
    }
    bytes
}
