//! Soak: engine, link and store on disk against the sandbox over real sockets, with faults by dice and people who never stop.
//!
//! Each second every thread view is held against the world. A view that the desk calls live may differ for at most
//! [`LONGEST`]; the longest difference is told. In the end the faults stop, and everything has to be there once.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::ledger::Ledger;
use super::passages::Working;
use super::sabotage::{Passage, Sabotage};
use super::stage::{FASTER, SMALL, Stage};
use super::{CANARY, SelftestError};
use crate::desk::along::Along;
use crate::desk::command::Command;
use crate::desk::ids::{AgentName, MessageId, TicketKey, TopicId};
use crate::desk::thread::Delivery;
use crate::engine::handle::{Handle, new_command_id};
use crate::engine::transport::LinkState;
use crate::engine::views::{OutboxRow, View, ViewRequest, Window};
use crate::sandbox::dice::Dice;
use crate::sandbox::trouble::{Counts, play_dice};

/// So long a view that is called live may differ from the world.
pub const LONGEST: Duration = Duration::from_secs(5);
/// So long everything may take to come about when the faults have stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// With a defect there is no point in waiting long for what will never come.
const IMPATIENCE: Duration = Duration::from_secs(6);

/// What to soak.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// For so long.
    pub span: Duration,
    /// Decides who does what, and what goes wrong.
    pub seed: u64,
    /// With this defect.
    pub sabotage: Option<Sabotage>,
}

/// What the soak came to. Serialises as one JSON object.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Seconds with faults.
    pub seconds: u64,
    /// Decides who does what, and what goes wrong.
    pub seed: u64,
    /// Flood limits and pace are so many times Telegram's.
    pub faster: u32,
    /// Replies that the desk accepted.
    pub sent: u64,
    /// Messages that others wrote in the world.
    pub received: u64,
    /// What is missing, on either side.
    pub lost: u64,
    /// Replies that are in the world more than once.
    pub repeated: u64,
    /// Notes, drafts and secrets in the world, in another topic, in the log or in an error.
    pub leaked: u64,
    /// Times that a thread was held against the world.
    pub compared: u64,
    /// The longest time for which a view that was called live differed from the world, in milliseconds.
    pub longest_difference_ms: u64,
    /// Calls that sent something again.
    pub resends: u64,
    /// Sends that the server called duplicates.
    pub duplicates_refused: u64,
    /// Times that a reply was held for another word of its agent.
    pub asked_again: u64,
    /// Times that the engine was stopped and started again.
    pub restarts: u64,
    /// What went wrong on purpose, by kind.
    pub faults: Counts,
    /// What was found, the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<String>,
}

impl Report {
    /// Tells whether nothing was found.
    pub fn is_good(&self) -> bool {
        self.lost + self.repeated + self.leaked == 0 && self.longest_difference_ms <= LONGEST.as_millis() as u64
    }

    fn complain(&mut self, all: Vec<String>) -> u64 {
        let count = all.len() as u64;
        self.complaints.extend(all.into_iter().take(8));
        count
    }
}

/// What is going on.
struct Soak {
    stage: Stage,
    working: Option<Working>,
    passage: Passage,
    dice: Dice,
    ledger: Ledger,
    report: Report,
    said: Vec<String>,
    /// Since when a thread differs.
    differs: BTreeMap<TicketKey, Instant>,
    count: u64,
    patience: Duration,
}

/// Soaks.
///
/// # Errors
/// The stage cannot be set.
pub async fn soak(plan: &Plan) -> Result<Report, SelftestError> {
    let stage = Stage::new(plan.seed, SMALL).await?;
    super::watch_log(&stage.log());
    let working = Working::open(&stage.address, plan.sabotage)?;
    let report = Report { seconds: plan.span.as_secs(), seed: plan.seed, faster: FASTER, ..Report::default() };
    let mut soak = Soak {
        stage,
        working: Some(working),
        passage: Passage::new(plan.sabotage),
        dice: Dice::new(plan.seed),
        ledger: Ledger::default(),
        report,
        said: Vec::new(),
        differs: BTreeMap::new(),
        count: 0,
        patience: if plan.sabotage.is_some() { IMPATIENCE } else { PATIENCE },
    };
    soak.until_quiet().await;
    soak.with_faults(plan).await?;
    soak.stage.world().disarm();
    soak.stage.good_night();
    soak.until_quiet().await;
    soak.finish().await
}

impl Soak {
    fn handle(&self, agent: &str) -> Handle {
        let agent = AgentName::from(agent);
        match &self.working {
            Some(working) => working.desk.handle(agent),
            None => crate::engine::handle::handle(agent).0,
        }
    }

    async fn with_faults(&mut self, plan: &Plan) -> Result<(), SelftestError> {
        let world = self.stage.world();
        let chaos = tokio::spawn(play_dice(world, Some(plan.seed)));
        let end = Instant::now() + plan.span;
        let mut look = Instant::now();
        while Instant::now() < end {
            self.somebody_acts().await;
            if self.dice.below(400) == 0 {
                self.restart(plan.sabotage)?;
            }
            if Instant::now() >= look {
                look = Instant::now() + Duration::from_secs(1);
                self.look().await;
                self.say_yes().await;
            }
            sleep(Duration::from_millis(20 + self.dice.below(120) as u64)).await;
        }
        chaos.abort();
        Ok(())
    }

    /// The engine is stopped in the middle of whatever it does, and another one opens the desk.
    fn restart(&mut self, sabotage: Option<Sabotage>) -> Result<(), SelftestError> {
        self.report.restarts += 1;
        if let Some(old) = self.working.take() {
            old.stop();
        }
        self.working = Some(Working::open(&self.stage.address, sabotage)?);
        self.differs.clear();
        Ok(())
    }

    async fn somebody_acts(&mut self) {
        self.count += 1;
        let topics = self.stage.topics();
        let mine = if self.dice.chance(70) { &self.stage.matters } else { &topics };
        let Some(&ticket) = self.dice.pick(mine) else { return };
        let topic = ticket.topic.0;
        let Some(&customer) = self.dice.pick(&self.stage.customers) else { return };
        let world = self.stage.world();
        let count = self.count;
        match self.dice.below(20) {
            0..8 => {
                // In a topic that is closed they may not: then nothing is written.
                self.report.received += u64::from(world.say(customer, topic, &format!("soak words {count}")).is_ok());
            }
            8 if topics.len() < 30 => {
                self.report.received += u64::from(world.open_topic(customer, &format!("soak matter {count}")).is_ok());
            }
            9 => {
                let now = world.now();
                if let Some(id) = self.some_message(ticket.topic) {
                    // Not everybody may edit everything.
                    let _refused = world.with(|world| {
                        world.edit_message(0, customer, id.0, &format!("soak other {count}"), Vec::new(), now)
                    });
                }
            }
            10 => {
                let now = world.now();
                if let Some(id) = self.some_message(ticket.topic) {
                    let _refused = world.with(|world| world.place_deletion(0, &[id.0], now));
                }
            }
            11..16 => self.reply(ticket).await,
            16 | 17 => {
                let note = Command::Note { ticket, text: format!("{CANARY} note {count}") };
                if let Some(besides) = self.passage.besides(&note) {
                    self.submit(besides).await;
                }
                self.submit(note).await;
            }
            18 => {
                let draft = Command::SaveDraft { ticket, text: format!("{CANARY} draft {count}"), note: false };
                self.submit(draft).await;
            }
            _ => {
                let command = match self.dice.below(4) {
                    0 => Command::Claim { ticket },
                    1 => Command::Resolve { ticket },
                    2 => Command::Reopen { ticket },
                    _ => Command::Release { ticket },
                };
                self.submit(command).await;
            }
        }
    }

    /// Picks a message of a topic that a customer wrote during the soak.
    fn some_message(&mut self, topic: TopicId) -> Option<MessageId> {
        let truth = self.stage.truth();
        let ids: Vec<MessageId> = truth
            .iter()
            .filter(|(_, (there, text))| *there == topic && text.starts_with("soak ") && !text.contains("reply"))
            .map(|(id, _)| *id)
            .collect();
        self.dice.pick(&ids).copied()
    }

    async fn reply(&mut self, ticket: TicketKey) {
        let mark = self.ledger.mark();
        let hold = self.dice.chance(30);
        let seen = if self.dice.chance(60) { self.newest(ticket).await } else { None };
        let command = Command::Reply {
            ticket,
            text: mark.clone(),
            reply_to: None,
            hold,
            seen,
            file: None,
            along: Along::default(),
        };
        if self.submit(command).await {
            self.ledger.accepted(mark, ticket);
        }
    }

    /// Tells the newest message that a screen shows of a ticket.
    async fn newest(&self, ticket: TicketKey) -> Option<MessageId> {
        let request = ViewRequest::Thread { ticket, window: Window::Newest, limit: 50 };
        let View::Thread(page) = self.handle("anna").read(request).await else { return None };
        page.thread.iter().filter_map(|entry| entry.message_id).max()
    }

    /// Lets everything go that waits for another word of its agent, by somebody who has looked.
    async fn say_yes(&mut self) {
        let View::Outbox { rows } = self.handle("anna").read(ViewRequest::Outbox).await else { return };
        for row in rows.into_iter().filter(|row| matches!(row.delivery, Delivery::Confirm { .. })) {
            self.report.asked_again += 1;
            let seen = self.newest(row.ticket).await;
            self.submit(Command::RetryOutbox { outbox: row.outbox, seen }).await;
        }
    }

    async fn submit(&mut self, command: Command) -> bool {
        let agent = if self.dice.chance(50) { "anna" } else { "tom" };
        match self.handle(agent).submit(new_command_id(), command).await {
            Ok(_) => true,
            Err(refusal) => {
                self.said.push(refusal.to_string());
                false
            }
        }
    }

    /// Holds every thread view against the world.
    async fn look(&mut self) {
        let handle = self.handle("anna");
        for ticket in self.stage.topics() {
            let View::Desk(desk) = handle.read(ViewRequest::Desk).await else { continue };
            let live = desk.link == Some(LinkState::Live) && desk.backfill.is_none();
            let request = ViewRequest::Thread { ticket, window: Window::Newest, limit: 500 };
            let View::Thread(page) = handle.read(request).await else { continue };
            self.report.compared += 1;
            let shown: BTreeMap<MessageId, &str> = page
                .thread
                .iter()
                .filter(|entry| !entry.deleted)
                .filter_map(|entry| Some((entry.message_id?, entry.text.as_str())))
                .collect();
            let truth = self.stage.truth();
            let same =
                truth.iter().filter(|(_, (topic, _))| *topic == ticket.topic).all(|(id, (_, text))| {
                    shown.get(id).is_some_and(|shown| shown == text || !text.starts_with("soak "))
                }) && shown.keys().all(|id| truth.contains_key(id));
            if same || !live {
                self.differs.remove(&ticket);
                continue;
            }
            let since = *self.differs.entry(ticket).or_insert_with(Instant::now);
            let span = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.report.longest_difference_ms = self.report.longest_difference_ms.max(span);
        }
    }

    /// Waits until nothing is on its way and the desk shows the world, or that takes too long.
    async fn until_quiet(&mut self) {
        let handle = self.handle("anna");
        let end = Instant::now() + self.patience;
        while Instant::now() < end {
            let idle = match (handle.read(ViewRequest::Desk).await, handle.read(ViewRequest::Outbox).await) {
                (View::Desk(desk), View::Outbox { rows }) => {
                    let live = desk.link == Some(LinkState::Live) && desk.backfill.is_none();
                    let parked = |row: &OutboxRow| matches!(row.delivery, Delivery::Parked { .. });
                    live && desk.holes.is_empty() && rows.iter().all(parked)
                }
                _ => false,
            };
            if idle && self.stage.compare().is_ok_and(|found| found.is_empty()) {
                return;
            }
            self.say_yes().await;
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn finish(mut self) -> Result<Report, SelftestError> {
        let parked = match self.handle("anna").read(ViewRequest::Outbox).await {
            View::Outbox { rows } => rows
                .into_iter()
                .filter(|row| matches!(row.delivery, Delivery::Parked { .. }))
                .map(|row| row.text)
                .collect(),
            _ => Vec::new(),
        };
        let differences = self.stage.compare()?;
        let audit = self.ledger.audit(&self.stage, &parked);
        let leaks = self.stage.leaks(&self.said);
        let world = self.stage.world();
        let mut report = std::mem::take(&mut self.report);
        report.sent = self.ledger.len();
        report.lost = report.complain(differences) + report.complain(audit.lost);
        report.repeated = report.complain(audit.repeated);
        report.leaked = report.complain(audit.leaked) + report.complain(leaks);
        report.faults = world.caused();
        report.resends = world.calls("messages.sendMessage").saturating_sub(report.sent);
        report.duplicates_refused = world.duplicates();
        if let Some(working) = self.working.take() {
            working.stop();
        }
        self.stage.end().await;
        Ok(report)
    }
}
