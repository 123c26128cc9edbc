//! The runner: the engine's thread and the reader's thread. Only here anything waits.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::counting::Counting;
use super::handle::{Handle, HandleEnds, Keeper, Operation, Question, Submission, handle};
use super::input::{Input, Output};
use super::read::{SharedCondition, Views};
use super::shelf::{Consulted, KnowledgeEnds, Shelf};
use super::transport::{Incoming, Order};
use super::views::{Revision, View};
use super::{Engine, EngineError};
use crate::clock::Clock;
use crate::desk::command::Refusal;
use crate::desk::ids::AgentName;
use crate::desk::rules::Rules;
use crate::store::files::Files;
use crate::store::{Reader, Store, lock};

/// How many batches from Telegram may wait for the engine; more make the link wait.
const WAITING: usize = 64;

/// So many questions are looked through for one that is urgent.
const MOST_WAITING: usize = 256;

/// How many answers of a backfill share a transaction.
const SHARED: usize = 4;

/// What an engine needs.
#[derive(Clone, Debug)]
pub struct EngineSetup {
    /// The desk's folder.
    pub data: PathBuf,
    /// The rules of `desk.toml`.
    pub rules: Rules,
    /// The time.
    pub clock: Clock,
}

/// The ends of the two queues between engine and Telegram that belong to Telegram.
#[derive(Debug)]
pub struct TransportEnds {
    /// What the engine asks for.
    pub orders: mpsc::UnboundedReceiver<Order>,
    /// Where the answers go. Sending waits while the engine has enough to do.
    pub incoming: mpsc::Sender<Incoming>,
}

/// An open desk. Dropping it stops its threads without waiting for them.
#[derive(Debug)]
pub struct Desk {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    shelf: Shelf,
    clock: Clock,
    revisions: broadcast::Sender<Revision>,
    operations: Option<mpsc::Receiver<Operation>>,
    lock: Option<lock::Lock>,
}

impl Desk {
    /// Opens a handle for an agent.
    pub fn handle(&self, agent: AgentName) -> Handle {
        self.handle.for_agent(agent)
    }

    /// Gives what is asked about the desk as a whole, by whoever has a handle: once, to whoever runs it.
    pub fn operations(&mut self) -> Option<mpsc::Receiver<Operation>> {
        self.operations.take()
    }

    /// Opens the two queues to the knowledge base; without them there are no suggestions.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn consult(&self, consulted: Consulted) -> Result<KnowledgeEnds, EngineError> {
        self.shelf.open(consulted, self.clock.clone(), self.revisions.clone())
    }

    /// Stops the engine and waits for the transaction in progress. Gives the desk's lock, for whoever begins it again or waits for what
    /// still uses its login.
    pub fn stop(mut self) -> Option<lock::Lock> {
        drop(self.stop.take());
        let threads = std::mem::take(&mut self.threads);
        // The reader ends when nobody can ask any more.
        let (nobody, _) = handle(AgentName(String::new()));
        self.handle = nobody;
        for thread in threads.into_iter().take(1) {
            if thread.join().is_err() {
                tracing::error!("the engine's thread has panicked");
            }
        }
        self.lock.take()
    }
}

/// Opens a desk for working: takes its lock, opens its store, starts its threads.
///
/// # Errors
/// Another process has the desk; the store cannot be opened.
pub fn start(setup: EngineSetup) -> Result<(Desk, TransportEnds), EngineError> {
    let lock = lock::take(&setup.data)?;
    start_with(lock, setup)
}

/// As [`start`], by whoever has the desk's lock.
///
/// # Errors
/// The store cannot be opened.
pub fn start_with(lock: lock::Lock, setup: EngineSetup) -> Result<(Desk, TransportEnds), EngineError> {
    let store = Store::open(&setup.data)?;
    let engine = Engine::new(store, setup.rules.clone(), random)?;
    let condition = SharedCondition::default();
    let (mut handle, ends) = handle(AgentName(String::new()));
    handle.keeper = Keeper::Here(Files::of(&setup.data));
    let HandleEnds { submissions, questions, revisions, operations, errands: _ } = ends;
    let (orders_in, orders) = mpsc::unbounded_channel();
    let (incoming, incoming_out) = mpsc::channel(WAITING);
    let (stop, stopped) = oneshot::channel();
    let shelf = Shelf::default();
    let reads = views(&setup.data, &setup.rules, &setup.clock, &condition, &shelf)?;
    let counting = {
        let (setup, condition, shelf) = (setup.clone(), condition.clone(), shelf.clone());
        Counting::new(move || Ok(views(&setup.data, &setup.rules, &setup.clock, &condition, &shelf)?.keeping()))
    };
    let (clock, publish) = (setup.clock.clone(), revisions.clone());
    let worker = Worker {
        engine,
        clock: setup.clock,
        submissions,
        incoming: incoming_out,
        orders: orders_in,
        revisions,
        condition,
        stopped,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || runtime.block_on(worker.run()))?;
    let reader =
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || answer(&reads, counting, questions))?;
    let threads = vec![engine, reader];
    let (stop, operations, lock) = (Some(stop), Some(operations), Some(lock));
    let desk = Desk { handle, stop, threads, shelf, clock, revisions: publish, operations, lock };
    Ok((desk, TransportEnds { orders, incoming }))
}

/// Opens a desk for reading: no lock, no engine; every command is refused.
///
/// # Errors
/// There is no desk yet; its store cannot be opened.
pub fn read_only(data: &Path, rules: Rules, clock: Clock) -> Result<Desk, EngineError> {
    reading(data, rules, clock, SharedCondition::default())
}

/// Opens a desk for reading beside an engine that is stepped by hand, as it is now.
///
/// # Errors
/// Its store cannot be opened.
pub fn read_beside(engine: &Engine, data: &Path, rules: Rules, clock: Clock) -> Result<Desk, EngineError> {
    reading(data, rules, clock, Arc::new(Mutex::new(engine.condition())))
}

fn reading(data: &Path, rules: Rules, clock: Clock, condition: SharedCondition) -> Result<Desk, EngineError> {
    let shelf = Shelf::default();
    let reads = views(data, &rules, &clock, &condition, &shelf)?;
    let counting = {
        let (data, rules, clock, shelf) = (data.to_owned(), rules, clock.clone(), shelf.clone());
        Counting::new(move || views(&data, &rules, &clock, &condition, &shelf))
    };
    let (mut handle, ends) = handle(AgentName(String::new()));
    handle.keeper = Keeper::Nobody;
    let HandleEnds { submissions, questions, revisions, .. } = ends;
    drop(submissions);
    let reader =
        std::thread::Builder::new().name("reader".to_owned()).spawn(move || answer(&reads, counting, questions))?;
    let threads = vec![reader];
    Ok(Desk { handle, stop: None, threads, shelf, clock, revisions, operations: None, lock: None })
}

fn views(
    data: &Path,
    rules: &Rules,
    clock: &Clock,
    condition: &SharedCondition,
    shelf: &Shelf,
) -> Result<Views, EngineError> {
    let (condition, shelf) = (condition.clone(), shelf.clone());
    let reader = Reader::open(data)?;
    Ok(Views {
        reader,
        rules: rules.clone(),
        clock: clock.clone(),
        condition,
        shelf,
        kept: None,
        last_desk: RefCell::default(),
    })
}

/// Gives a key for Telegram's deduplication from the system's randomness; never 0.
fn random() -> i64 {
    let mut bytes = [0_u8; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => i64::from_le_bytes(bytes).max(i64::MIN + 1) | 1,
        Err(error) => {
            // Without randomness nothing can be sent safely; the time is as unlike itself as anything else here.
            tracing::error!(%error, "the system gives no randomness");
            crate::clock::Clock::System.now().millis() << 16 | 1
        }
    }
}

fn answer<F>(views: &Views, mut counting: Counting<F>, mut questions: mpsc::Receiver<Question>)
where
    F: Fn() -> Result<Views, EngineError>,
{
    let mut waiting = Waiting::default();
    while let Some(question) = waiting.next(&mut questions) {
        if question.answer.is_closed() {
            continue;
        }
        if Counting::<F>::is_for(&question.request) {
            counting.ask(question);
            continue;
        }
        let Question { agent, request, answer, .. } = question;
        let view: View = views.read(&agent, &request);
        // Whoever asked may have gone since.
        let _gone = answer.send(view);
    }
}

/// Questions that wait for the reader. What is urgent goes first, but every other turn is for the rest, so that nobody who calls everything
/// urgent keeps the others waiting.
#[derive(Default)]
struct Waiting {
    questions: VecDeque<Question>,
    urgent_was_last: bool,
}

impl Waiting {
    /// Gives the next one, and waits for it if there is none; `None`: nobody can ask any more.
    fn next(&mut self, asked: &mut mpsc::Receiver<Question>) -> Option<Question> {
        while self.questions.len() < MOST_WAITING
            && let Ok(question) = asked.try_recv()
        {
            self.questions.push_back(question);
        }
        let wanted = !self.urgent_was_last;
        let place = self.questions.iter().position(|question| question.urgent == wanted).unwrap_or_default();
        let next = match self.questions.remove(place) {
            Some(question) => question,
            None => asked.blocking_recv()?,
        };
        self.urgent_was_last = next.urgent;
        Some(next)
    }
}

struct Worker {
    engine: Engine,
    clock: Clock,
    submissions: mpsc::Receiver<Submission>,
    incoming: mpsc::Receiver<Incoming>,
    orders: mpsc::UnboundedSender<Order>,
    revisions: broadcast::Sender<Revision>,
    condition: SharedCondition,
    stopped: oneshot::Receiver<()>,
}

impl Worker {
    async fn run(mut self) {
        self.step(Input::Started, None);
        loop {
            let pause = match self.engine.next_wake() {
                _ if self.engine.has_idle_work() => Duration::ZERO,
                Some(at) => at.since(self.clock.now()),
                None => Duration::from_secs(3600),
            };
            tokio::select! {
                biased;
                _ = &mut self.stopped => break,
                submission = self.submissions.recv() => match submission {
                    Some(Submission { id, agent, command, answer }) => {
                        self.step(Input::Command { id, agent, command }, Some(answer));
                    }
                    None => break,
                },
                Some(first) = self.incoming.recv() => self.take_in(first),
                () = tokio::time::sleep(pause) => {
                    let due = self.engine.next_wake().is_some_and(|at| at <= self.clock.now());
                    self.step(if due { Input::Woken } else { Input::Idle }, None);
                }
            }
        }
        // The link may have gone already.
        let _gone = self.orders.send(Order::Stop);
    }

    /// Answers of a backfill that are waiting already share a transaction; everything else has one of its own.
    fn take_in(&mut self, first: Incoming) {
        let mut all = vec![first];
        while all.len() < SHARED && is_backfill(&all[all.len() - 1]) {
            match self.incoming.try_recv() {
                Ok(next) => all.push(next),
                Err(_) => break,
            }
        }
        if all.len() > 1 && !is_backfill(&all[all.len() - 1]) {
            let last = all.pop();
            self.step(Input::Incoming(all), None);
            all = last.into_iter().collect();
        }
        self.step(Input::Incoming(all), None);
    }

    fn step(&mut self, input: Input, mut answer: Option<oneshot::Sender<Result<super::handle::Receipt, Refusal>>>) {
        for output in self.engine.step(input, self.clock.now()) {
            match output {
                Output::Order(order) => {
                    // Without a link (a command that needs none) orders go nowhere: the rows stay queued.
                    let _unlinked = self.orders.send(order);
                }
                Output::Answer(result) => {
                    if let Some(answer) = answer.take() {
                        // Whoever asked may have gone since; the effect stands, and a repeat gets the same receipt.
                        let _gone = answer.send(result);
                    }
                }
                Output::Published(revision) => {
                    let now = self.engine.condition();
                    *self.condition.lock().unwrap_or_else(PoisonError::into_inner) = now;
                    // Nobody may be watching.
                    let _unwatched = self.revisions.send(revision);
                }
            }
        }
    }
}

fn is_backfill(incoming: &Incoming) -> bool {
    matches!(incoming, Incoming::Scanned(_) | Incoming::History { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::views::ViewRequest;

    #[test]
    fn what_is_urgent_goes_first_and_keeps_nobody_waiting_for_ever() {
        let (asking, mut asked) = mpsc::channel(16);
        for (name, urgent) in
            [("a", false), ("b", false), ("A", true), ("B", true), ("C", true), ("c", false), ("D", true), ("E", true)]
        {
            let (answer, _) = oneshot::channel();
            let question = Question { agent: AgentName::from(name), request: ViewRequest::Desk, urgent, answer };
            asking.try_send(question).expect("there is room");
        }
        drop(asking);
        let mut waiting = Waiting::default();
        let order: String = std::iter::from_fn(|| waiting.next(&mut asked)).map(|question| question.agent.0).collect();
        assert_eq!(order, "AaBbCcDE");
    }
}
