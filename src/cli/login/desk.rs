//! A login that the desk's process makes for an admin at a seat, one question after the other. What they answer is a secret: it is kept
//! nowhere, and goes to Telegram only.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::super::attend::{Turn, failed};
use super::super::failure::{Done, Failure};
use super::super::mirror;
use super::super::site::Site;
use super::known;
use crate::desk::ids::AgentName;
use crate::engine::handle::{Answer, LoggedIn, LoginQuestion, LoginStep, Operation, Request, Secret};
use crate::telegram::login::{self, Ask};
use crate::telegram::{Setup, TelegramError};

/// How long a question waits for its answer. Telegram's codes are good for less.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where an answer goes, and what ends when it has got there.
type Reply = (oneshot::Sender<Result<Answer, String>>, oneshot::Receiver<()>);

/// The login that is being made, if one is.
#[derive(Default)]
pub(in super::super) struct Login(Option<UnderWay>);

struct UnderWay {
    by: AgentName,
    answers: Sender<Secret>,
    told: mpsc::UnboundedReceiver<Told>,
    task: JoinHandle<()>,
    /// Who waits for what comes next; `None`: they have been asked something.
    waits: Option<Reply>,
}

enum Told {
    Asks { what: LoginQuestion, wrong: Vec<String> },
    Ended(Result<LoggedIn, Failure>),
}

impl Login {
    /// Begins a login, or goes on with it.
    pub(in super::super) async fn step(&mut self, site: &Site, operation: Operation) -> Option<Turn> {
        let Operation { request, by, answer, heard, .. } = operation;
        let Request::Login(step) = request else { return None };
        let refused = match (&mut self.0, step) {
            (Some(UnderWay { waits: Some(_), by, .. }), _) => format!("{by} is logging in just now: wait for that"),
            (Some(here), LoginStep::Say { text }) if here.by == by => {
                // A task that has ended says so itself.
                let _ended = here.answers.send(text);
                here.waits = Some((answer, heard));
                return None;
            }
            (_, LoginStep::Say { .. }) => "nothing has been asked: begin anew with `topicdesk login`".to_owned(),
            (_, step) => {
                match self.begin(site, step, by).await {
                    Ok(here) => self.0 = Some(UnderWay { waits: Some((answer, heard)), ..here }),
                    Err(failure) => drop(answer.send(Ok(failed(failure)))),
                }
                return None;
            }
        };
        // Whoever asked may have gone since.
        let _gone = answer.send(Err(refused));
        None
    }

    async fn begin(&mut self, site: &Site, step: LoginStep, by: AgentName) -> Done<UnderWay> {
        // Whoever was asked something and did not answer has left: it ends at once.
        if let Some(UnderWay { answers, task, .. }) = self.0.take() {
            drop(answers);
            let _ended = task.await;
        }
        let setup = mirror::setup(site)?;
        if let Some(destroyed) = login::clear_destroyed(&setup)? {
            tracing::warn!(%destroyed, "the old login is forgotten");
        }
        if let Some(own) = login::account(&setup.session)? {
            return Err(TelegramError::AlreadyLoggedIn { who: own.name }.into());
        }
        let (answers, heard) = channel();
        let (tell, told) = mpsc::unbounded_channel();
        let file = site.paths.config.display().to_string();
        let runtime = tokio::runtime::Handle::current();
        // It waits for a person, on a thread of its own.
        let task = tokio::task::spawn_blocking(move || {
            let mut person = Remote { heard, tell: tell.clone(), wrong: Vec::new() };
            let ended = runtime.block_on(log_in(&setup, step, &mut person, file));
            let _gone = tell.send(Told::Ended(ended));
        });
        Ok(UnderWay { by, answers, told, task, waits: None })
    }

    /// Waits for what comes next and passes it on. When somebody is logged in now, it gives what ends when they have heard of it.
    pub(in super::super) async fn goes_on(&mut self) -> Option<oneshot::Receiver<()>> {
        let told = match &mut self.0 {
            Some(here) => here.told.recv().await,
            None => std::future::pending().await,
        };
        let waits = self.0.as_mut().and_then(|here| here.waits.take());
        let (answer, goes_on, logged_in) = match told {
            Some(Told::Asks { what, wrong }) => (Ok(Answer::Asks { what, wrong }), true, false),
            Some(Told::Ended(Ok(told))) => (Ok(Answer::LoggedIn(told)), false, true),
            Some(Told::Ended(Err(failure))) => (Ok(failed(failure)), false, false),
            None => (Err("the login has failed; the log may say why".to_owned()), false, false),
        };
        let told = waits.map(|(waits, heard)| (waits.send(answer).is_ok(), heard));
        if !goes_on || !matches!(told, Some((true, _))) {
            self.0 = None;
        }
        // Where nobody waits any more, there is nobody to hear of it.
        let heard = told.map_or_else(|| oneshot::channel().1, |(_, heard)| heard);
        logged_in.then_some(heard)
    }
}

async fn log_in(setup: &Setup, step: LoginStep, person: &mut Remote, file: String) -> Done<LoggedIn> {
    let account = match step {
        LoginStep::Bot { token } => login::as_bot(setup, &token).await?,
        LoginStep::User | LoginStep::Say { .. } => login::as_user(setup, person).await?,
    };
    let groups = match setup.groups.is_empty() {
        true => Some(known(setup).await.unwrap_or_else(|error| {
            // The login stands all the same.
            tracing::warn!(%error, "the account's groups are not known");
            Vec::new()
        })),
        false => None,
    };
    let login::Account { id, name, username, bot } = account;
    Ok(LoggedIn { id: id.0, name, username, bot, groups, file })
}

/// Somebody at a seat, who is asked.
struct Remote {
    heard: Receiver<Secret>,
    tell: mpsc::UnboundedSender<Told>,
    wrong: Vec<String>,
}

impl Remote {
    fn ask(&mut self, what: LoginQuestion) -> Result<Secret, String> {
        let gone = || "nobody answers any more: begin anew with `topicdesk login`".to_owned();
        self.tell.send(Told::Asks { what, wrong: std::mem::take(&mut self.wrong) }).map_err(|_| gone())?;
        self.heard.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("nobody has answered for {} minutes", PATIENCE.as_secs() / 60),
            RecvTimeoutError::Disconnected => gone(),
        })
    }
}

impl Ask for Remote {
    fn phone(&mut self) -> Result<String, String> {
        self.ask(LoginQuestion::Phone).map(|phone| phone.expose().to_owned())
    }

    fn code(&mut self, to: &str) -> Result<Secret, String> {
        self.ask(LoginQuestion::Code { to: to.to_owned() })
    }

    fn password(&mut self, hint: Option<&str>) -> Result<Secret, String> {
        self.ask(LoginQuestion::Password { hint: hint.map(ToOwned::to_owned) })
    }

    fn wrong(&mut self, sentence: &str) {
        self.wrong.push(sentence.to_owned());
    }
}
