//! What is asked about a desk as a whole, answered by whoever runs it: everybody at a seat, and the screen in whose process it runs.
//!
//! Nothing here waits for long: what takes a while (a copy, a page of an export, a login) has a task of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use super::args::Global;
use super::failure::{Done, Failure};
use super::hosted::Hosted;
use super::login::{Login, said};
use super::site::Site;
use super::{backtest, config, export, knowledge, log, mirror, screen, seat};
use crate::desk::ids::AgentName;
use crate::engine::handle::{Answer, Operation, Request};
use crate::store::backup;
use crate::telegram::login;

/// So many read the whole log at once.
const READERS: usize = 2;

/// How long the answer to what ends a run may take to be written.
const LEAVES: Duration = Duration::from_secs(2);

/// Why a desk goes on with another configuration, or with another login, or ends.
pub(super) enum Turn {
    End,
    Again(Box<Site>),
}

/// What has come of a request: what is said, and what becomes of the desk.
type Outcome = (Result<Answer, String>, Option<Turn>);

impl Hosted {
    /// Answers until something ends this run.
    pub(super) async fn attend(&mut self, global: &Global, site: &Site) -> Turn {
        let mut tasks: JoinSet<Option<Turn>> = JoinSet::new();
        let mut logins = Login::default();
        let readers = Arc::new(Semaphore::new(READERS));
        loop {
            tokio::select! {
                operation = self.operations.recv() => {
                    let Some(operation) = operation else { return Turn::End };
                    let Some(operation) = self.allowed(site, operation).await else { continue };
                    let turn = match operation.request {
                        Request::Login(_) => {
                            // A link that has lost its login lets go of it before there is another.
                            if login::standing(&site.paths.session()).is_err() {
                                self.mirror.unlink().await;
                            }
                            logins.step(site, operation).await
                        }
                        Request::Logout => self.log_out(site, operation, &mut tasks).await,
                        Request::Export { .. } | Request::Backtest(_) | Request::Backup { .. } => {
                            read(site, operation, &readers, &mut tasks);
                            None
                        }
                        _ => self.carry_out(global, operation).await,
                    };
                    if let Some(turn) = turn {
                        return turn;
                    }
                }
                Some(ended) = tasks.join_next() => {
                    if let Ok(Some(turn)) = ended {
                        return turn;
                    }
                }
                logged_in = logins.goes_on() => {
                    if let Some(heard) = logged_in {
                        leave(heard).await;
                        return Turn::Again(Box::new(site.clone()));
                    }
                }
            }
        }
    }

    /// Refuses what somebody may not, and answers what whoever listens knows; gives what is left to do.
    async fn allowed(&self, site: &Site, operation: Operation) -> Option<Operation> {
        let (request, by) = (&operation.request, &operation.by);
        // Not what it says: that may be a secret.
        tracing::info!(%by, request = request.label(), "asked about the desk as a whole");
        let authority = operation.authority.unwrap_or_else(|| site.config.rules.authority(by));
        let answer = match &self.listening {
            _ if authority < request.needs() => Err(format!("{by} is {authority}: that needs {}", request.needs())),
            Some(listening) => match listening.answer(request).await {
                Some(answer) => Ok(answer),
                None => return Some(operation),
            },
            None if matches!(request, Request::Status | Request::Seats) => {
                Err("nobody else can attach to this desk: the log says why".to_owned())
            }
            None => return Some(operation),
        };
        // Whoever asked may have gone since.
        let _gone = operation.answer.send(answer);
        None
    }

    /// Does what is done at once.
    async fn carry_out(&self, global: &Global, operation: Operation) -> Option<Turn> {
        let (result, turn): Outcome = match (operation.request, &self.whose) {
            (Request::Stop, Some(whose)) => {
                let how = "leave that screen (`q`), and the desk ends unless another open screen takes it over";
                (Err(format!("this desk runs beside {whose}'s screen: {how}")), None)
            }
            (Request::Stop, None) => (done("the desk is ending"), Some(Turn::End)),
            (Request::Reload, _) => match read_again(global) {
                Ok(site) => (done(&reloaded(&site)), Some(Turn::Again(site))),
                Err(failure) => (Ok(failed(failure)), None),
            },
            (Request::Log { level }, _) => {
                (log::change(&level).and_then(|()| done(&format!("logs {level} from now on"))), None)
            }
            (request, _) => (Err(format!("{} is not known here", request.label())), None),
        };
        let _gone = operation.answer.send(result);
        if turn.is_some() {
            leave(operation.heard).await;
        }
        turn
    }

    /// Ends the link, then the login; the desk goes on without, or with the link if the login could not be ended.
    async fn log_out(&mut self, site: &Site, operation: Operation, tasks: &mut JoinSet<Option<Turn>>) -> Option<Turn> {
        let begun = || -> Done<_> {
            let setup = mirror::setup(site)?;
            match login::account(&setup.session)? {
                Some(_) => Ok(setup),
                None => Err(crate::telegram::TelegramError::NotLoggedIn.into()),
            }
        };
        let setup = match begun() {
            Ok(setup) => setup,
            Err(failure) => {
                let _gone = operation.answer.send(Ok(failed(failure)));
                return None;
            }
        };
        // One key is used by one connection.
        self.mirror.unlink().await;
        let site = site.clone();
        tasks.spawn(async move {
            let answer = match login::logout(&setup).await {
                Ok(()) => Answer::Done { said: said(&site.paths.data) },
                Err(error) => failed(error.into()),
            };
            let _gone = operation.answer.send(Ok(answer));
            leave(operation.heard).await;
            Some(Turn::Again(Box::new(site)))
        });
        None
    }
}

/// Waits until an answer has left, before the desk does; a seat that does not read holds up nobody.
async fn leave(heard: oneshot::Receiver<()>) {
    let _late = tokio::time::timeout(LEAVES, heard).await;
}

/// Reads the store, in a thread that nobody waits for.
fn read(site: &Site, operation: Operation, readers: &Arc<Semaphore>, tasks: &mut JoinSet<Option<Turn>>) {
    let (site, readers) = (site.clone(), readers.clone());
    tasks.spawn(async move {
        let Operation { request, by, answer, .. } = operation;
        let Ok(turn) = readers.acquire_owned().await else { return None };
        let read = tokio::task::spawn_blocking(move || what_is_read(&site, request, &by)).await;
        drop(turn);
        let result = match read {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => Ok(failed(failure)),
            Err(panic) => Err(panic.to_string()),
        };
        let _gone = answer.send(result);
        None
    });
}

fn what_is_read(site: &Site, request: Request, by: &AgentName) -> Done<Answer> {
    match request {
        Request::Export { what, since, after } => {
            let (lines, next) = export::page(&site.paths.data, what, since, after)?;
            Ok(Answer::Lines { lines, next })
        }
        Request::Backtest(asked) => Ok(Answer::Text { text: backtest::for_seat(site, by, &asked)? }),
        Request::Backup { to } => copy(&site.paths.data, to),
        other => Err(Failure::error(format!("{} is not known here", other.label()))),
    }
}

fn copy(data: &Path, to: PathBuf) -> Done<Answer> {
    backup::backup(data, &to).map_err(|error| Failure::error(error.to_string()))?;
    Ok(Answer::Done { said: "copied".to_owned() })
}

fn done(said: &str) -> Result<Answer, String> {
    Ok(Answer::Done { said: said.to_owned() })
}

/// What has failed, with the exit code that its command ends with.
pub(super) fn failed(failure: Failure) -> Answer {
    Answer::Failed { exit: failure.code, why: failure.message }
}

fn reloaded(site: &Site) -> String {
    let words = ["read again: the desk goes on with it".to_owned()];
    words.into_iter().chain(remarks(site)).collect::<Vec<_>>().join("; ")
}

/// Tells what is not as it should be in `desk.toml` and the templates, and hinders nothing.
pub(super) fn remarks(site: &Site) -> Vec<String> {
    let warnings = site.config.warnings.iter().cloned();
    warnings.chain(site.templates(None).errors.iter().map(ToString::to_string)).collect()
}

/// Reads `desk.toml` once more; whatever is wrong with it leaves everything as it was.
pub(super) fn read_again(global: &Global) -> Done<Box<Site>> {
    let read = || {
        let site = Site::read(global)?;
        knowledge::setup(&site.config)?;
        mirror::setup(&site)?;
        seat::group(&site.config)?;
        screen::theme(&site)?;
        // A desk can begin with keys that are none; but who has it read again is at hand to mend them.
        match config::key_mistakes(&site.paths.config, &site.config.keys) {
            mistakes if mistakes.is_empty() => Ok(Box::new(site)),
            mistakes => Err(Failure::usage(mistakes.join("\n"))),
        }
    };
    read().map_err(|failure: Failure| Failure {
        message: format!("the configuration stays as it was: {}", failure.message),
        ..failure
    })
}
