//! Kill rounds: a real engine process is killed with SIGKILL at random moments, again and again, over one desk and one world.
//!
//! A third of the rounds wait for the worst moment: Telegram has the reply, and the row does not know. In which phase a kill fell is
//! read from the database that it left. After the last round a process works in peace until all is quiet; then every reply that
//! was ever accepted has to be in the world once, and every message of the world in the desk.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use super::ledger::Ledger;
use super::sabotage::Sabotage;
use super::stage::{FASTER, SMALL, Stage};
use super::worker::{Asked, Begin, Said};
use super::{CANARY, SelftestError};
use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::desk::ids::{AgentName, CommandId, OutboxId, TicketKey};
use crate::desk::thread::Delivery;
use crate::sandbox::dice::Dice;
use crate::sandbox::trouble::{Chaos, Counts, Trouble};
use crate::store::Reader;

/// So long a process may take to open its desk, or to answer a command.
const ANSWER: Duration = Duration::from_secs(30);
/// So long everything may take to come about after the last kill.
const PATIENCE: Duration = Duration::from_secs(90);

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many processes are killed.
    pub rounds: u64,
    /// Decides who does what, and when the kill comes.
    pub seed: u64,
    /// With this defect.
    pub sabotage: Option<Sabotage>,
    /// The program whose hidden subcommand `selftest worker` is killed.
    pub program: PathBuf,
}

/// What the rounds came to. Serialises as one JSON object.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many processes were killed.
    pub rounds: u64,
    /// Decides who does what, and when the kill comes.
    pub seed: u64,
    /// Flood limits and pace are so many times Telegram's.
    pub faster: u32,
    /// Replies that the desk accepted.
    pub sent: u64,
    /// Messages that customers wrote.
    pub received: u64,
    /// What is missing, on either side.
    pub lost: u64,
    /// Replies that are in the world more than once.
    pub repeated: u64,
    /// Notes, drafts and secrets in the world, in another topic, in the log or in an error.
    pub leaked: u64,
    /// Kills by the phase of the newest reply.
    pub phases: BTreeMap<&'static str, u64>,
    /// Calls that sent something again.
    pub resends: u64,
    /// Sends that the server called duplicates.
    pub duplicates_refused: u64,
    /// What else went wrong on purpose, by kind.
    pub faults: Counts,
    /// What was found, the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
}

impl Report {
    /// Tells whether nothing was found.
    pub fn is_good(&self) -> bool {
        self.lost + self.repeated + self.leaked == 0
    }

    fn complain(&mut self, all: Vec<String>) -> u64 {
        let count = all.len() as u64;
        self.complaints.extend(all.into_iter().take(8));
        count
    }
}

/// A process that works.
struct Running {
    child: Child,
    input: ChildStdin,
    said: Receiver<Said>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// What is going on.
struct Rounds<'p> {
    plan: &'p Plan,
    stage: Stage,
    dice: Dice,
    chaos: Chaos,
    ledger: Ledger,
    report: Report,
    said: Vec<String>,
    /// Commands without an answer: the next process gets them again.
    open: Vec<(Asked, Option<(String, TicketKey)>)>,
    newest: Option<(String, Option<OutboxId>)>,
    count: u64,
}

/// Does the rounds.
///
/// # Errors
/// The stage cannot be set; a process cannot be started.
pub async fn kill(plan: &Plan) -> Result<Report, SelftestError> {
    let stage = Stage::new(plan.seed, SMALL).await?;
    let report = Report { seed: plan.seed, faster: FASTER, ..Report::default() };
    let mut rounds = Rounds {
        plan,
        stage,
        dice: Dice::new(plan.seed),
        chaos: Chaos::new(plan.seed),
        ledger: Ledger::default(),
        report,
        said: Vec::new(),
        open: Vec::new(),
        newest: None,
        count: 0,
    };
    // The first process fetches the history in peace: there is more to be lost then.
    let first = rounds.start()?;
    rounds.until_quiet().await;
    drop(first);
    for _ in 0..plan.rounds {
        rounds.round().await?;
    }
    rounds.finish().await
}

impl Rounds<'_> {
    fn start(&self) -> Result<Running, SelftestError> {
        let mut child = Process::new(&self.plan.program)
            .args(["selftest", "worker"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let broken = || SelftestError::Stage("the process has no input or output".to_owned());
        let mut input = child.stdin.take().ok_or_else(broken)?;
        let output = child.stdout.take().ok_or_else(broken)?;
        let (say, said) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.filter_map(|line| serde_json::from_str(&line).ok()).all(|one| say.send(one).is_ok())
        });
        let begin = Begin { address: self.stage.address.clone(), log: self.stage.log(), sabotage: self.plan.sabotage };
        line(&mut input, &begin)?;
        match said.recv_timeout(ANSWER) {
            Ok(Said::Up) => Ok(Running { child, input, said }),
            _ => {
                let _ended = child.kill();
                let _waited = child.wait();
                Err(SelftestError::Stage("the engine's process did not come up".to_owned()))
            }
        }
    }

    async fn round(&mut self) -> Result<(), SelftestError> {
        let mut running = self.start()?;
        // What was never answered is asked again, under the same id.
        for (asked, reply) in std::mem::take(&mut self.open) {
            self.ask(&mut running, asked, reply)?;
        }
        for _ in 0..1 + self.dice.below(3) {
            self.somebody_acts(&mut running)?;
        }
        let world = self.stage.world();
        if self.dice.chance(40) {
            let (_, trouble) = self.chaos.throw();
            if let Err(refusal) = world.cause(&trouble) {
                tracing::warn!(%trouble, why = refusal.name, "a fault by dice made no sense");
            }
        }
        if self.dice.chance(45) {
            self.wait_for_the_worst(&mut running).await?;
        } else {
            sleep(Duration::from_millis(self.dice.below(400) as u64)).await;
        }
        self.take_answers(&mut running, Duration::ZERO);
        running.child.kill()?;
        running.child.wait()?;
        self.take_answers(&mut running, Duration::ZERO);
        drop(running);
        self.report.rounds += 1;
        let phase = self.phase()?;
        *self.report.phases.entry(phase).or_insert(0) += 1;
        world.disarm();
        Ok(())
    }

    /// Waits until Telegram has a new reply whose answer is still on a slow way back.
    async fn wait_for_the_worst(&mut self, running: &mut Running) -> Result<(), SelftestError> {
        let world = self.stage.world();
        world.disarm();
        let Some(&ticket) = self.dice.pick(&self.stage.matters) else { return Ok(()) };
        let slow = Trouble::Slow(Duration::from_millis(400));
        world.cause(&slow).map_err(|refusal| SelftestError::Stage(refusal.name))?;
        let mark = self.reply(running, ticket)?;
        let end = Instant::now() + Duration::from_secs(8);
        while Instant::now() < end {
            self.take_answers(running, Duration::ZERO);
            let refused = !self.ledger.has(&mark) && !self.open.iter().any(|(asked, _)| says(&asked.command, &mark));
            if refused || self.stage.truth().values().any(|(_, text)| text.contains(&mark)) {
                break;
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    fn somebody_acts(&mut self, running: &mut Running) -> Result<(), SelftestError> {
        self.count += 1;
        let count = self.count;
        let topics = self.stage.topics();
        let (ticket, customer) = (self.dice.pick(&self.stage.matters), self.dice.pick(&self.stage.customers));
        let (Some(&ticket), Some(&customer)) = (ticket, customer) else { return Ok(()) };
        let world = self.stage.world();
        match self.dice.below(10) {
            0..4 => {
                let said = world.say(customer, ticket.topic.0, &format!("soak words {count}"));
                self.report.received += u64::from(said.is_ok());
                Ok(())
            }
            4 if topics.len() < 20 => {
                self.report.received += u64::from(world.open_topic(customer, &format!("soak matter {count}")).is_ok());
                Ok(())
            }
            5 | 6 => {
                let note = Command::Note { ticket, text: format!("{CANARY} note {count}") };
                self.command(running, note, None)
            }
            _ => self.reply(running, ticket).map(drop),
        }
    }

    fn reply(&mut self, running: &mut Running, ticket: TicketKey) -> Result<String, SelftestError> {
        let mark = self.ledger.mark();
        self.newest = Some((mark.clone(), None));
        let command = Command::Reply {
            ticket,
            text: mark.clone(),
            reply_to: None,
            hold: self.dice.chance(20),
            seen: None,
            file: None,
            along: Along::default(),
        };
        self.command(running, command, Some((mark.clone(), ticket)))?;
        Ok(mark)
    }

    fn command(
        &mut self,
        running: &mut Running,
        command: Command,
        reply: Option<(String, TicketKey)>,
    ) -> Result<(), SelftestError> {
        self.count += 1;
        let id = CommandId(format!("kill-{}", self.count));
        self.ask(running, Asked { id, agent: AgentName::from("anna"), command }, reply)
    }

    fn ask(
        &mut self,
        running: &mut Running,
        asked: Asked,
        reply: Option<(String, TicketKey)>,
    ) -> Result<(), SelftestError> {
        line(&mut running.input, &asked)?;
        self.open.push((asked, reply));
        Ok(())
    }

    /// Takes the answers that have come, or come within a time.
    fn take_answers(&mut self, running: &mut Running, patience: Duration) {
        loop {
            let said = match running.said.recv_timeout(patience) {
                Ok(said) => said,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            };
            let Said::Answered { id, answer } = said else { continue };
            let Some(at) = self.open.iter().position(|(asked, _)| asked.id == id) else { continue };
            let (_, reply) = self.open.remove(at);
            match (*answer, reply) {
                (Ok(receipt), Some((mark, ticket))) => {
                    if let Some((newest, outbox)) = &mut self.newest
                        && *newest == mark
                    {
                        *outbox = receipt.outbox;
                    }
                    self.ledger.accepted(mark, ticket);
                }
                (Err(refusal), _) => self.said.push(refusal.to_string()),
                (Ok(_), None) => {}
            }
        }
    }

    /// Tells from what the process has left how far the newest reply was.
    fn phase(&self) -> Result<&'static str, SelftestError> {
        let Some((mark, outbox)) = &self.newest else { return Ok("nothing under way") };
        let there = self.stage.truth().values().any(|(_, text)| text.contains(mark.as_str()));
        let reader = Reader::open(&self.stage.address.data)?;
        let row = match outbox {
            Some(id) => reader.outbox(*id)?,
            None => reader.open_outbox()?.into_iter().find(|row| row.text.contains(mark.as_str())),
        };
        Ok(match row.map(|row| row.delivery) {
            None if there => "settled",
            None => "before it was accepted",
            Some(Delivery::Sent { .. }) => "settled",
            Some(_) if there => "processed, not settled",
            Some(Delivery::Held { .. } | Delivery::Queued) => "waiting",
            Some(Delivery::Sending) => "sending, not processed",
            Some(Delivery::Parked { .. } | Delivery::Confirm { .. }) => "parked",
        })
    }

    /// Waits until nothing is on its way and the desk has the world.
    async fn until_quiet(&self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let settled = Reader::open(&self.stage.address.data)
                .and_then(|reader| reader.open_outbox())
                .is_ok_and(|rows| rows.iter().all(|row| matches!(row.delivery, Delivery::Parked { .. })));
            if settled && self.stage.compare().is_ok_and(|found| found.is_empty()) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn finish(mut self) -> Result<Report, SelftestError> {
        let world = self.stage.world();
        world.disarm();
        let mut last = self.start()?;
        for (asked, reply) in std::mem::take(&mut self.open) {
            self.ask(&mut last, asked, reply)?;
        }
        let end = Instant::now() + ANSWER;
        while !self.open.is_empty() && Instant::now() < end {
            self.take_answers(&mut last, Duration::from_millis(200));
        }
        self.until_quiet().await;
        let reader = Reader::open(&self.stage.address.data)?;
        let parked: Vec<String> = reader.open_outbox()?.into_iter().map(|row| row.text).collect();
        let differences = self.stage.compare()?;
        let audit = self.ledger.audit(&self.stage, &parked);
        let leaks = self.stage.leaks(&self.said);
        let mut report = std::mem::take(&mut self.report);
        report.sent = self.ledger.len();
        report.lost = report.complain(differences) + report.complain(audit.lost);
        report.repeated = report.complain(audit.repeated);
        report.leaked = report.complain(audit.leaked) + report.complain(leaks);
        report.faults = world.caused();
        report.resends = world.calls("messages.sendMessage").saturating_sub(report.sent);
        report.duplicates_refused = world.duplicates();
        drop(last);
        self.stage.end().await;
        Ok(report)
    }
}

fn says(command: &Command, mark: &str) -> bool {
    matches!(command, Command::Reply { text, .. } if text == mark)
}

fn line(input: &mut ChildStdin, value: &impl Serialize) -> Result<(), SelftestError> {
    let text = serde_json::to_string(value).map_err(|error| SelftestError::Stage(error.to_string()))?;
    // A process that has just died takes nothing: what it was asked stays open.
    match writeln!(input, "{text}").and_then(|()| input.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
