//! A run: an engine, a store, a link, a world, and dice that say what happens next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use super::actors::Desk;
use super::link::Link;
use super::rules::{escalations, rules};
use super::world::{ANNA, COLLEAGUE, CUSTOMERS, World};
use crate::clock::Timestamp;
use crate::desk::automatic::OnResolve;
use crate::desk::command::{Command, Refusal};
use crate::desk::ids::{AgentName, CommandId, MessageId, OutboxId, TicketKey};
use crate::desk::rules::Rules;
use crate::desk::thread::Delivery;
use crate::engine::Engine;
use crate::engine::handle::Receipt;
use crate::engine::input::{Input, Output};
use crate::engine::transport::{Incoming, Order};
use crate::engine::views::{Alert, FileNews};
use crate::sandbox::dice::Dice;
use crate::selftest::CANARY;
use crate::selftest::sabotage::{Passage, Sabotage};
use crate::store::files::Files;
use crate::store::{Store, StoreError};

/// How many things happen before the faults end.
const TURNS: usize = 190;

/// How many things may happen until all is quiet. More means that it never will be.
const PATIENCE: usize = 20_000;

/// So many looks at the group's facts with nothing else between them are rest: together they last longer than anything else waits.
const LOOKS: u32 = 8;

/// What a run is made of.
pub(super) struct Run {
    pub(super) dice: Dice,
    pub(super) now: Timestamp,
    pub(super) world: World,
    pub(super) link: Link,
    pub(super) desk: Desk,
    pub(super) engine: Option<Engine>,
    pub(super) rules: Rules,
    folder: Option<tempfile::TempDir>,
    refuse: Arc<AtomicBool>,
    keys: Arc<AtomicI64>,
    passage: Passage,
    pub(super) crashes: u64,
    pub(super) crashes_in_commit: u64,
    pub(super) refused_commits: u64,
    pub(super) leaked: u64,
    /// Replies that left although somebody else had written since their agent looked.
    pub(super) stale: u64,
    /// Replies that were held for another word of their agent.
    pub(super) asked_again: u64,
    pub(super) sent: u64,
    /// What happened, for whoever looks into a failure.
    pub(super) trace: Option<Vec<String>>,
}

impl Run {
    /// Makes a world with a history and an engine that has never run. On disk: with a real file, and real reopening after a crash.
    pub(super) fn new(seed: u64, sabotage: Option<Sabotage>, on_disk: bool, traced: bool) -> Result<Run, String> {
        let mut dice = Dice::new(seed);
        let skew = dice.below(61) as i64 - 30;
        let world = World::new(dice.chance(50), skew, dice.chance(70));
        let mut rules = rules();
        // Half of the desks show their statuses, and half of those close topics.
        rules.mirror_status.enabled = dice.chance(50);
        rules.mirror_status.close_topics = rules.mirror_status.enabled && dice.chance(50);
        // A third of them remind their customers, after minutes, and half say something when a ticket is resolved.
        if dice.chance(33) {
            rules.automatic.nudge_after = vec![Duration::from_secs(600), Duration::from_secs(900)];
        }
        if dice.chance(50) {
            rules.automatic.on_resolve = if dice.chance(70) { OnResolve::Survey } else { OnResolve::Confirmation };
        }
        // Half of them tell their staff in Telegram of whoever waits.
        if dice.chance(50) {
            rules.escalations = escalations();
        }
        let passage = Passage::new(sabotage);
        let folder = if on_disk { Some(tempfile::tempdir().map_err(|error| error.to_string())?) } else { None };
        let mut run = Run {
            dice,
            now: Timestamp::from_unix(1_795_000_000),
            world,
            link: Link::new(passage.clone()),
            desk: Desk::new(folder.is_some()),
            rules,
            engine: None,
            folder,
            refuse: Arc::default(),
            keys: Arc::new(AtomicI64::new(1)),
            passage,
            crashes: 0,
            crashes_in_commit: 0,
            refused_commits: 0,
            leaked: 0,
            stale: 0,
            asked_again: 0,
            sent: 0,
            trace: traced.then(Vec::new),
        };
        for _ in 0..run.dice.below(25) {
            run.now = run.now + Duration::from_secs(1 + run.dice.below(600) as u64);
            run.world_acts();
        }
        run.now = run.now + Duration::from_secs(60);
        run.begin(None)?;
        // Most runs begin with a desk that has its history: there is more to be lost.
        if run.dice.chance(70) {
            run.settle()?;
        }
        Ok(run)
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{} {}", now.rfc3339(), line()));
        }
    }

    /// Starts an engine, over what a dead one has left.
    fn begin(&mut self, left: Option<Store>) -> Result<(), String> {
        let words = |error: &dyn std::fmt::Display| format!("the store cannot be opened: {error}");
        let mut store = match (&self.folder, left) {
            (Some(folder), _) => Store::open(folder.path()).map_err(|error| words(&error))?,
            (None, Some(store)) => store,
            (None, None) => Store::in_memory().map_err(|error| words(&error))?,
        };
        let refuse = self.refuse.clone();
        store.refuse_commits(move || refuse.load(Ordering::Relaxed)).map_err(|error| words(&error))?;
        let keys = self.keys.clone();
        let random = move || keys.fetch_add(1, Ordering::Relaxed);
        self.engine = Some(Engine::new(store, self.rules.clone(), random).map_err(|error| words(&error))?);
        self.step(Input::Started);
        Ok(())
    }

    /// The process is killed, and started again.
    fn crash(&mut self) -> Result<(), String> {
        self.crashes += 1;
        self.note(|| "CRASH".to_owned());
        self.link.die(&mut self.dice);
        // Who wanted a file asks again, or not.
        self.desk.wanted.clear();
        let left = self.engine.take().map(Engine::into_store).filter(|_| self.folder.is_none());
        self.now = self.now + Duration::from_secs(self.dice.below(90) as u64);
        // While nothing ran, the world went on.
        for _ in 0..self.dice.below(3) {
            self.world_acts();
        }
        self.begin(left)?;
        self.repeat_in_doubt();
        Ok(())
    }

    /// Steps the engine and does what it asks for; tells its answer.
    fn step(&mut self, input: Input) -> Option<Result<Receipt, Refusal>> {
        let outputs = self.outputs(input);
        self.perform(outputs)
    }

    fn outputs(&mut self, input: Input) -> Vec<Output> {
        self.note(|| format!("> {input:?}"));
        match &mut self.engine {
            Some(engine) => engine.step(input, self.now),
            None => Vec::new(),
        }
    }

    fn perform(&mut self, outputs: Vec<Output>) -> Option<Result<Receipt, Refusal>> {
        let mut answer = None;
        for output in outputs {
            self.note(|| format!("< {output:?}"));
            match output {
                Output::Order(order) => {
                    if let Order::Send(send) = &order {
                        self.sent += 1;
                        self.leaked += u64::from(send.text.contains(CANARY));
                        self.stale += u64::from(self.is_stale(send.outbox));
                    }
                    self.link.order(order, &self.world);
                }
                Output::Answer(result) => answer = Some(result),
                Output::Published(revision) => {
                    for alert in revision.alerts {
                        if let Alert::File(FileNews::Here { message, .. } | FileNews::Missed { message, .. }) = alert {
                            self.desk.wanted.remove(&message);
                        }
                    }
                }
            }
        }
        answer
    }

    /// A step in which anything can happen: the commit fails, the process dies in it or right after it.
    fn risky_step(&mut self, input: Input) -> Result<Option<Result<Receipt, Refusal>>, String> {
        match self.dice.below(120) {
            0 => {
                // The process dies inside the transaction.
                self.crashes_in_commit += 1;
                self.refuse.store(true, Ordering::Relaxed);
                self.outputs(input);
                self.refuse.store(false, Ordering::Relaxed);
                self.crash()?;
                Ok(None)
            }
            1 => {
                // It dies after the commit, before anybody was told.
                self.outputs(input);
                self.crash()?;
                Ok(None)
            }
            2 => {
                // The disk is full for a moment.
                self.refused_commits += 1;
                self.refuse.store(true, Ordering::Relaxed);
                let answer = self.step(input);
                self.refuse.store(false, Ordering::Relaxed);
                Ok(answer)
            }
            _ => Ok(self.step(input)),
        }
    }

    /// Runs with faults, then without until all is quiet.
    pub(super) fn run(&mut self) -> Result<(), String> {
        for _ in 0..TURNS {
            match self.dice.below(100) {
                0..16 => self.world_acts(),
                16..28 => self.command()?,
                28..58 => self.link.turn(&mut self.world, &mut self.dice, self.now),
                58..88 => self.hand_in()?,
                88..92 => self.idle()?,
                92..98 => self.pass()?,
                98 if self.dice.chance(50) => self.crash()?,
                _ => {}
            }
        }
        self.drain()
    }

    /// Hands the next thing of the queue to the engine; answers of a backfill may share a step.
    fn hand_in(&mut self) -> Result<(), String> {
        let Some(first) = self.link.queue.pop_front() else { return Ok(()) };
        let mut all = vec![first];
        let backfill = |one: &Incoming| matches!(one, Incoming::Scanned(_) | Incoming::History { .. });
        while all.len() < 4 && backfill(&all[0]) && self.link.queue.front().is_some_and(backfill) {
            all.extend(self.link.queue.pop_front());
        }
        self.risky_step(Input::Incoming(all)).map(drop)
    }

    fn idle(&mut self) -> Result<(), String> {
        if self.engine.as_ref().is_some_and(Engine::has_idle_work) {
            self.risky_step(Input::Idle)?;
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<(), String> {
        let span = match self.dice.below(20) {
            0 => 4 * 24 * 3600,
            1..4 => 900,
            _ => self.dice.below(8) as u64,
        };
        self.now = self.now + Duration::from_secs(span);
        if self.engine.as_ref().and_then(Engine::next_wake).is_some_and(|at| at <= self.now) {
            self.risky_step(Input::Woken)?;
        }
        Ok(())
    }

    fn world_acts(&mut self) {
        let told = self.desk.world_acts(&mut self.world, &mut self.dice, self.now);
        self.note(|| told);
    }

    /// Tells the highest message that a screen shows of a ticket.
    fn shown(&mut self, ticket: TicketKey) -> Option<MessageId> {
        let work = self.engine.as_mut()?.store_mut().begin().ok()?;
        let last = work.topic(ticket).ok()??.last_message;
        let since = work.messages_of(ticket, last.unwrap_or_default(), 10_000).ok()?;
        since.iter().filter_map(|entry| entry.message).max().max(last)
    }

    /// Puts into a command what its agent had on the screen: all there is, a little less, or nothing that counts.
    fn look(&mut self, command: &mut Command) {
        let ticket = match command {
            Command::Reply { ticket, .. } => Some(*ticket),
            Command::EditOutbox { outbox, .. } | Command::RetryOutbox { outbox, .. } => {
                self.desk.replies.get(outbox).map(|reply| reply.ticket)
            }
            _ => None,
        };
        let Some(shown) = ticket.and_then(|ticket| self.shown(ticket)) else { return };
        let saw = match self.dice.below(10) {
            0..6 => Some(shown),
            6 | 7 => Some(MessageId(shown.0 - 1 - self.dice.below(4) as i32)),
            _ => None,
        };
        if let Command::Reply { seen, .. } | Command::EditOutbox { seen, .. } | Command::RetryOutbox { seen, .. } =
            command
        {
            *seen = saw;
        }
    }

    /// Tells whether a reply leaves for the first time although the desk knows that somebody else has written since.
    fn is_stale(&mut self, outbox: OutboxId) -> bool {
        let Some(seen) = self.desk.seen_by(outbox) else { return false };
        let mut newer = || {
            let work = self.engine.as_mut()?.store_mut().begin().ok()?;
            let row = work.outbox(outbox).ok()??;
            // A repeat of what may be there already goes on whatever comes.
            if row.attempts != 1 {
                return None;
            }
            let since = work.messages_of(row.key, seen, 10_000).ok()?;
            let own = row.agent.0 == "anna";
            since.into_iter().find(|entry| {
                let other = entry.author.is_some_and(|author| match author {
                    ANNA => !own,
                    author => author == COLLEAGUE || CUSTOMERS.contains(&author),
                });
                other && !entry.deleted && entry.post().is_some()
            })
        };
        newer().is_some()
    }

    fn command(&mut self) -> Result<(), String> {
        let Some((id, agent, mut command)) = self.desk.command(&self.world, &mut self.dice, self.now) else {
            return Ok(());
        };
        self.look(&mut command);
        self.attach(&mut command)?;
        let besides = self.passage.besides(&command);
        self.desk.asked(&id, &agent, &command);
        let command = self.passage.command(command);
        if let Some(answer) = self.risky_step(Input::Command { id: id.clone(), agent: agent.clone(), command })? {
            self.desk.answered(&id, &answer);
            if self.dice.chance(8) {
                // Whoever asked has not heard the answer, and asks again.
                self.repeat(&id)?;
            }
        }
        if let Some(command) = besides {
            let id = CommandId(format!("{}-besides", id.0));
            self.step(Input::Command { id, agent, command });
        }
        Ok(())
    }

    /// Lets some replies bring a file that holds their mark.
    fn attach(&mut self, command: &mut Command) -> Result<(), String> {
        let (Some(folder), Command::Reply { text, file, .. }) = (&self.folder, command) else { return Ok(()) };
        if self.dice.chance(30) {
            let source = folder.path().join("to-attach.txt");
            std::fs::write(&source, text.as_bytes()).map_err(|error| error.to_string())?;
            *file = Some(Files::of(folder.path()).stage(&source)?);
            self.link.injected.files_sent += 1;
        }
        Ok(())
    }

    fn repeat(&mut self, id: &CommandId) -> Result<(), String> {
        let Some((agent, command, before)) = self.desk.earlier(id) else { return Ok(()) };
        let command = self.passage.command(command);
        let answer = self.step(Input::Command { id: id.clone(), agent, command });
        match (before, answer) {
            (Some(before), Some(Ok(after))) if before.outbox != after.outbox || before.undo != after.undo => {
                Err(format!("the repeat of command {} has another receipt: {before:?}, then {after:?}", id.0))
            }
            (_, Some(answer)) => {
                self.desk.answered(id, &answer);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Repeats the command whose answer was lost with the process.
    fn repeat_in_doubt(&mut self) {
        if let Some((id, agent, command)) = self.desk.in_doubt() {
            let command = self.passage.command(command);
            let answer = self.step(Input::Command { id: id.clone(), agent, command });
            if let Some(answer) = answer {
                self.desk.answered(&id, &answer);
            }
        }
    }

    /// No faults any more: everything that is owed comes about.
    fn drain(&mut self) -> Result<(), String> {
        self.note(|| "DRAIN".to_owned());
        self.repeat_in_doubt();
        // Whatever was lost in the queue is noticed by what comes next.
        self.world.write(1, COLLEAGUE, "Good night", self.now);
        self.settle()?;
        // What one of them lets go is news to the next.
        for _ in 0..100 {
            if !self.say_yes()? {
                return Ok(());
            }
            self.settle()?;
        }
        Err("the agents are asked again and again".to_owned())
    }

    /// The agents let everything go that waits for a word of theirs; tells whether anything did.
    fn say_yes(&mut self) -> Result<bool, String> {
        let waiting: Vec<OutboxId> = {
            let Some(engine) = &mut self.engine else { return Ok(false) };
            let words = |error: StoreError| error.to_string();
            let rows = engine.store_mut().begin().map_err(words)?.open_outbox().map_err(words)?;
            rows.iter().filter(|row| matches!(row.delivery, Delivery::Confirm { .. })).map(|row| row.id).collect()
        };
        let any = !waiting.is_empty();
        for outbox in waiting {
            self.asked_again += 1;
            let Some(reply) = self.desk.replies.get(&outbox) else { continue };
            let (agent, ticket) = (reply.agent.clone(), reply.ticket);
            let command = Command::RetryOutbox { outbox, seen: self.shown(ticket) };
            let id = CommandId(format!("yes{}", self.asked_again));
            self.desk.asked(&id, &agent, &command);
            let command = self.passage.command(command);
            if let Some(answer) = self.step(Input::Command { id: id.clone(), agent, command }) {
                self.desk.answered(&id, &answer);
            }
        }
        Ok(any)
    }

    /// Does without any fault whatever there is to do, until all is quiet.
    fn settle(&mut self) -> Result<(), String> {
        let mut looks = 0;
        for _ in 0..PATIENCE {
            if let Some(next) = self.link.queue.pop_front() {
                self.step(Input::Incoming(vec![next]));
            } else if self.link.work(&mut self.world, self.now) {
            } else if self.engine.as_ref().is_some_and(Engine::has_idle_work) {
                self.step(Input::Idle);
            } else {
                match self.engine.as_ref().and_then(Engine::next_wake) {
                    Some(at) if at <= self.now + Duration::from_secs(3600) && looks < LOOKS => {
                        self.now = self.now.max(at);
                        let outputs = self.outputs(Input::Woken);
                        // The group's facts are looked at for ever; nothing else is.
                        let only_looks = !outputs.iter().any(|output| match output {
                            Output::Order(order) => !matches!(order, Order::Facts { .. }),
                            _ => true,
                        });
                        looks = if only_looks { looks + 1 } else { 0 };
                        self.perform(outputs);
                    }
                    _ if self.link.is_quiet(&self.world) => return Ok(()),
                    _ => return Err("something is under way and nothing happens".to_owned()),
                }
            }
        }
        Err("it does not come to rest".to_owned())
    }

    /// Tells the folder of a run on disk.
    pub(super) fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(tempfile::TempDir::path)
    }
}

/// What an agent has asked for.
pub(super) type Asked = (CommandId, AgentName, Command);
