//! What follows when the engine is in this process: the same handle goes on, with nobody between.

use super::{Seat, Waiting};
use crate::desk::command::Refusal;
use crate::engine::handle::{Errand, Handle, Question, Submission, new_command_id};
use crate::engine::views::View;

impl Seat {
    /// The engine is in this process now.
    pub(super) async fn pass_on(mut self, engine: Handle) {
        for command in self.screens.anew() {
            let _stopped = engine.submit(new_command_id(), command).await;
        }
        let mut revisions = engine.watch();
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            match waiting {
                Waiting::Submitted(submission) => submit_here(&engine, *submission).await,
                Waiting::Asked(question) => read_here(&engine, question),
                Waiting::Keeps { path, answer } => drop(answer.send(engine.attach(path).await)),
                Waiting::Receipt { receipt, answer, .. } => drop(answer.send(Ok(*receipt))),
                Waiting::News { .. } => {}
            }
        }
        loop {
            tokio::select! {
                biased;
                submission = self.submissions.recv() => match submission {
                    Some(submission) => submit_here(&engine, submission).await,
                    None => return,
                },
                Some(question) = self.questions.recv() => read_here(&engine, question),
                Some(errand) = self.errands.recv() => match errand {
                    Errand::Attach { path, answer } => drop(answer.send(engine.attach(path).await)),
                    Errand::Detach { file } => engine.detach(&file),
                },
                revision = revisions.next() => match revision {
                    Some(revision) => drop(self.revisions.send(revision)),
                    None => return,
                },
            }
        }
    }
}

async fn submit_here(engine: &Handle, submission: Submission) {
    let begun = engine.begin(submission.id, submission.command).await;
    tokio::spawn(async move {
        let result = match begun {
            Ok(answer) => answer.await.unwrap_or(Err(Refusal::Stopped)),
            Err(refusal) => Err(refusal),
        };
        drop(submission.answer.send(result));
    });
}

fn read_here(engine: &Handle, question: Question) {
    let engine = engine.clone();
    tokio::spawn(async move {
        let view: View = engine.read(question.request).await;
        drop(question.answer.send(view));
    });
}
