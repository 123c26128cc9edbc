//! The engine is in this process: the same handle goes on, with nobody between. When that engine ends, what it has not answered waits for
//! the next one.

use tokio::task::JoinSet;

use super::{Left, Seat, Waiting};
use crate::desk::command::{Command, Refusal};
use crate::engine::handle::{Errand, Handle, Receipt, new_command_id};

/// What was under way and was not answered, because the engine has ended.
type Unanswered = Option<(u64, Waiting)>;

impl Seat {
    /// Passes on what is asked and what is told, until the engine ends or nobody needs it any more.
    pub(super) async fn pass_on(&mut self, engine: Handle) -> Left {
        for command in self.screens.anew() {
            let _stopped = engine.submit(new_command_id(), command).await;
        }
        self.attach.own.was_used(self.screens.used());
        self.putting = None;
        let mut revisions = engine.watch();
        let mut under_way: JoinSet<Unanswered> = JoinSet::new();
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            self.ask_here(&engine, waiting, &mut under_way).await;
        }
        let done = loop {
            tokio::select! {
                biased;
                Some(ended) = under_way.join_next() => self.keep(ended.ok().flatten()),
                () = engine.stopped() => break false,
                submission = self.submissions.recv() => match submission {
                    Some(submission) => {
                        self.screens.follow(&submission.command);
                        self.attach.own.was_used(self.screens.used());
                        self.ask_here(&engine, Waiting::Submitted(Box::new(submission)), &mut under_way).await;
                    }
                    None => break true,
                },
                Some(question) = self.questions.recv() => {
                    self.ask_here(&engine, Waiting::Asked(question), &mut under_way).await;
                }
                Some(operation) = self.operations.recv() => {
                    self.ask_here(&engine, Waiting::Operated(operation), &mut under_way).await;
                }
                Some(errand) = self.errands.recv() => match errand {
                    Errand::Attach { path, answer } => {
                        self.ask_here(&engine, Waiting::Keeps { path, answer }, &mut under_way).await;
                    }
                    Errand::Detach { file } => engine.detach(&file),
                },
                Some(revision) = revisions.next() => drop(self.revisions.send(revision)),
            }
        };
        // Whoever holds the handle keeps the engine's reader alive.
        drop((engine, revisions));
        while let Some(ended) = under_way.join_next().await {
            self.keep(ended.ok().flatten());
        }
        if done { Left::Done } else { Left::Lost("its engine has ended".to_owned()) }
    }

    fn keep(&mut self, unanswered: Unanswered) {
        if let Some((number, waiting)) = unanswered {
            self.waiting.insert(number, waiting);
        }
    }

    /// Asks the engine here. Commands are in its queue when this returns; the answers come when they come.
    async fn ask_here(&mut self, engine: &Handle, waiting: Waiting, under_way: &mut JoinSet<Unanswered>) {
        let number = self.next;
        self.next += 1;
        match waiting {
            Waiting::Submitted(submission) => {
                let begun = engine.begin(submission.id.clone(), submission.command.clone()).await;
                // Said to each engine when it begins.
                let said_anew = matches!(submission.command, Command::Screen { .. } | Command::Look { .. });
                under_way.spawn(async move {
                    let result = match begun {
                        Ok(answer) => answer.await.unwrap_or(Err(Refusal::Stopped)),
                        Err(refusal) => Err(refusal),
                    };
                    let result = match result {
                        Err(Refusal::Stopped) if said_anew => Ok(Receipt::default()),
                        Err(Refusal::Stopped) => return Some((number, Waiting::Submitted(submission))),
                        result => result,
                    };
                    // Whoever asked may have gone since.
                    let _gone = submission.answer.send(result);
                    None
                });
            }
            Waiting::Asked(question) => {
                let engine = engine.clone();
                under_way.spawn(async move {
                    if let Some(view) = engine.ask(question.request.clone(), question.urgent).await
                        && let Ok(view) = view.await
                    {
                        let _gone = question.answer.send(view);
                        return None;
                    }
                    Some((number, Waiting::Asked(question)))
                });
            }
            Waiting::Operated(operation) => engine.pass(operation).await,
            Waiting::Keeps { path, answer } => {
                let engine = engine.clone();
                // A large file takes long to copy, and nobody waits for that but who attaches it.
                under_way.spawn(async move {
                    let _gone = answer.send(engine.attach(path).await);
                    None
                });
            }
            Waiting::Receipt { receipt, answer, .. } => drop(answer.send(Ok(*receipt))),
            Waiting::News { .. } => {}
        }
    }
}
