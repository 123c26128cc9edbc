//! The thread that counts. What goes through the logs of all tickets has a thread and a connection of its own, begun when it is first
//! asked for, so that a screen's other reads never wait for it.

use tokio::sync::mpsc;

use super::EngineError;
use super::handle::Question;
use super::read::Views;
use super::views::{View, ViewRequest};

/// How many questions may wait to be counted.
const WAITING: usize = 16;

/// The thread that counts, if it was begun.
pub(super) struct Counting<F> {
    open: F,
    questions: Option<mpsc::Sender<Question>>,
}

impl<F: Fn() -> Result<Views, EngineError>> Counting<F> {
    /// Makes one that has not begun; `open` gives it a connection of its own.
    pub(super) fn new(open: F) -> Self {
        Counting { open, questions: None }
    }

    /// Tells whether a request goes through the logs of all tickets.
    pub(super) fn is_for(request: &ViewRequest) -> bool {
        matches!(request, ViewRequest::Stats { .. } | ViewRequest::Brief { .. })
    }

    /// Has a question answered.
    pub(super) fn ask(&mut self, question: Question) {
        let questions = match &self.questions {
            Some(questions) => questions,
            None => match self.begin() {
                Ok(questions) => self.questions.insert(questions),
                Err(error) => return refuse(question, error.to_string()),
            },
        };
        if let Err(error) = questions.try_send(question) {
            refuse(error.into_inner(), "it is still being counted: try again in a moment".to_owned());
        }
    }

    fn begin(&self) -> Result<mpsc::Sender<Question>, EngineError> {
        let views = (self.open)()?;
        let (sender, mut questions) = mpsc::channel::<Question>(WAITING);
        std::thread::Builder::new().name("counting".to_owned()).spawn(move || {
            while let Some(Question { agent, request, answer, .. }) = questions.blocking_recv() {
                if !answer.is_closed() {
                    // Whoever asked may have gone since.
                    let _gone = answer.send(views.read(&agent, &request));
                }
            }
        })?;
        Ok(sender)
    }
}

fn refuse(question: Question, why: String) {
    // Whoever asked may have gone since.
    let _gone = question.answer.send(View::Unreadable { why });
}
