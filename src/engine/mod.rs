//! WHAT THE PROGRAM DOES: one synchronous, deterministic engine between store, rules, Telegram and the screens.
//!
//! [`Engine::step`] takes an [`input::Input`] and the time, does everything that follows in **one transaction**, and tells
//! what is to be done outside. Clock, randomness and rules are inputs. Only [`runner`] waits; only the engine writes.
//! If a commit fails, nothing of the step has happened: the engine reads its state from the store again and asks for
//! the updates since the committed cursor.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use thiserror::Error;

use crate::clock::Timestamp;
use crate::desk::ids::{ChangeId, EntryId, GroupId, MessageId, OutboxId, PersonId, SummonsId, TicketKey};
use crate::desk::people::Person;
use crate::desk::query::QueryError;
use crate::desk::rules::Rules;
use crate::desk::thread::Delivery;
use crate::desk::ticket::Ticket;
use crate::store::automatic::Saying;
use crate::store::files::Files;
use crate::store::timers::Timer;
use crate::store::topics::TopicRow;
use crate::store::{Store, StoreError};

use files::Coming;
use groups::Groups;
use mirror_status::ICONS;
use presence::Screens;
use read::Condition;
use transport::{Cursor, IconSet, LinkState, Missing};

mod amend;
mod automatic;
mod automation;
mod backfill;
pub mod backtest;
mod changes;
mod completeness;
mod consume;
mod counting;
mod desk_work;
mod escalation;
pub mod files;
mod groups;
pub mod handle;
pub mod input;
mod intake;
mod mirror;
mod mirror_status;
mod opening;
mod operation;
mod outbox;
mod pace;
mod presence;
mod reactions;
mod read;
mod recheck;
mod replies;
mod routing;
pub mod runner;
pub mod shelf;
mod signature;
mod sla;
mod step;
mod summary;
mod summons;
mod survey;
pub mod transport;
mod turn;
pub mod views;

/// What can go wrong when a desk is opened or worked.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for is no query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// One of the desk's own queues that it does not have.
    #[error("desk.toml has no such queue any more")]
    NoQueue,
    /// A thread could not be started.
    #[error("cannot start the engine: {0}")]
    Thread(#[from] std::io::Error),
}

/// How many answers of a backfill are waited for at once: enough that store and network work at the same time.
const OUTSTANDING: usize = 8;

/// What the engine knows without asking the store. All of it can be read from there again.
#[derive(Debug, Default)]
struct State {
    groups: Groups,
    /// Groups of `desk.toml` that the link cannot get at.
    missing: Vec<Missing>,
    /// The groups of which timers of clocks and rules speak, as the store reads it.
    heard: String,
    cursor: Option<Cursor>,
    indexed: EntryId,
    tickets: HashMap<TicketKey, Option<Ticket>>,
    topics: HashMap<TicketKey, TopicRow>,
    people: HashMap<PersonId, Person>,
    link: Option<LinkState>,
    /// The link was asked to start anew; batches of the old one are still on their way.
    resyncing: bool,
    /// Rows asked for and not answered.
    sending: BTreeSet<OutboxId>,
    /// A word to staff is to be sent, or may have been.
    summons_open: bool,
    /// Words to staff asked for and not answered.
    summoning: BTreeSet<SummonsId>,
    /// Changes asked for and not answered.
    changing: BTreeSet<ChangeId>,
    /// The icons that topics may have.
    icons: Option<IconSet>,
    /// The icons were asked for and not answered.
    icons_asked: bool,
    /// When the icons may be asked for again.
    icons_after: Option<Timestamp>,
    /// Files that were asked for and have not come.
    coming: BTreeMap<(GroupId, MessageId), Coming>,
    /// Since when the link has been without interruption; `None`: it is down.
    up_since: Option<Timestamp>,
    /// When a ticket last had its turn to send: who waited longest comes next.
    served: BTreeMap<TicketKey, Timestamp>,
    /// When the outbox has something to do.
    outbox_wake: Option<Timestamp>,
    /// When a ticket has something to do.
    ticket_wake: Option<Timestamp>,
    /// When something is to be said of a ticket's clocks.
    alarm_wake: Option<Timestamp>,
    /// When something automatic is to be said.
    say_wake: Option<Timestamp>,
    /// The automatic messages that have not been sent.
    sayings: BTreeMap<TicketKey, Saying>,
    /// When the buttons of a survey are to be taken off.
    buttons_wake: Option<Timestamp>,
    /// Taking off buttons was asked for and not answered.
    unbuttoning: bool,
    /// Presses that came before it was known which message asks, oldest first.
    early_presses: Vec<survey::EarlyPress>,
    /// Clocks that ran down while nobody could say it, and of which nobody was told yet.
    missed: usize,
    /// When a rule escalates a ticket.
    escalate_wake: Option<Timestamp>,
    /// What caps have held back, by rule.
    held: BTreeMap<String, escalation::Held>,
    /// What was due while nobody could be told.
    missed_firings: escalation::Missed,
    /// Something can be done when there is nothing else to do.
    idle_work: bool,
    /// A step that was taken back wants a new link, and the last one that did was only just served.
    follow_owed: bool,
    /// Something was erased, and the write-ahead log holds it still.
    scrub_owed: bool,
    /// Agents, and the line of tickets that wait to be given away.
    desks: routing::Desks,
    /// When old receipts were last forgotten.
    swept: Option<Timestamp>,
}

/// The engine: the one writer of a desk.
pub struct Engine {
    store: Store,
    files: Files,
    rules: Rules,
    state: State,
    random: Box<dyn FnMut() -> i64 + Send>,
    /// After a step was taken back: nothing is begun before, so that a full disk does not become a busy loop.
    pause: Option<Timestamp>,
    /// When a step that was taken back last asked for a new link.
    asked: Option<Timestamp>,
    /// The state could not be read again and is not what the store has.
    stale: bool,
    /// Why the last step was taken back.
    trouble: Option<String>,
    /// Who is at a screen, and what they look at.
    screens: Screens,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes an engine over an open store. `random` gives the keys of Telegram's deduplication: never twice the same.
    ///
    /// # Errors
    /// The store's.
    pub fn new(
        mut store: Store,
        rules: Rules,
        random: impl FnMut() -> i64 + Send + 'static,
    ) -> Result<Engine, EngineError> {
        let mut state = State::load(&mut store, &rules)?;
        if !rules.keep_deleted_text {
            let work = store.begin()?;
            // By its text a reply is known that was deleted before it was known as ours.
            let under_way = work.open_outbox()?.iter().any(|row| row.delivery == Delivery::Sending);
            state.scrub_owed = !under_way && work.erase_kept(state.indexed)?;
            work.commit()?;
        }
        let random = Box::new(random);
        let files = Files::of(store.path().parent().unwrap_or(Path::new("")));
        // Before anybody can attach anything.
        let kept = store.begin()?.open_outbox()?.into_iter().filter_map(|row| row.file).map(|file| file.stored);
        files.sweep(&kept.collect());
        let (pause, asked, trouble, screens) = (None, None, None, Screens::new(rules.routing.idle_after));
        Ok(Engine { store, files, rules, state, random, pause, asked, stale: false, trouble, screens })
    }

    /// Tells when [`input::Input::Woken`] is due at the latest; `None`: never by itself.
    pub fn next_wake(&self) -> Option<Timestamp> {
        if self.pause.is_some() {
            return self.pause;
        }
        let hears = self.state.hears_any();
        let alarm = self.state.alarm_wake.filter(|_| hears);
        let escalation = self.state.escalation_wake();
        let route = [self.state.desks.wake, self.state.desks.opens].into_iter().flatten().min();
        let route = route.filter(|_| hears);
        let say = self.state.say_wake.filter(|_| hears);
        let buttons = self.state.buttons_wake.filter(|_| hears && !self.state.unbuttoning);
        let State { outbox_wake, ticket_wake, groups, .. } = &self.state;
        [*outbox_wake, *ticket_wake, alarm, escalation, route, say, buttons, groups.next_wake()]
            .into_iter()
            .chain([self.screens.wake()])
            .flatten()
            .min()
    }

    /// Tells whether [`input::Input::Idle`] would do something.
    pub fn has_idle_work(&self) -> bool {
        self.state.idle_work && self.pause.is_none()
    }

    /// Tells what the link is doing, as far as the engine was told.
    pub fn link(&self) -> Option<&LinkState> {
        self.state.link.as_ref()
    }

    /// Tells why the last step was taken back; `None` if it was not.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Tells how far a comparison with Telegram is, and what it has found; the last one, until the next begins.
    pub fn recheck(&self) -> Option<views::RecheckView> {
        recheck::view(self.state.groups.iter().filter_map(|group| group.recheck.as_ref()))
    }

    /// Tells what readers need that is not in the store.
    fn condition(&self) -> Condition {
        Condition {
            link: self.link().cloned(),
            trouble: self.trouble.clone(),
            recheck: self.recheck(),
            missing: self.state.missing.clone(),
            screens: self.screens.clone(),
        }
    }

    /// Tells the icons that topics may have, once they were fetched.
    pub fn icons(&self) -> Option<&IconSet> {
        self.state.icons.as_ref()
    }

    /// Gives the store, for tests that look into it or make it refuse a commit.
    pub fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Ends the engine and gives its store: what a killed process leaves behind.
    #[cfg(feature = "sandbox")]
    pub fn into_store(self) -> Store {
        self.store
    }
}

impl State {
    fn load(store: &mut Store, rules: &Rules) -> Result<State, EngineError> {
        let work = store.begin()?;
        let mut state = State { groups: Groups::load(&work, rules)?, ..State::default() };
        state.heard = state.groups.heard();
        state.cursor =
            work.value("cursor")?.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::from)?;
        state.icons = work.value(ICONS)?.and_then(|text| serde_json::from_str(&text).ok());
        state.indexed = work.indexed()?;
        state.ticket_wake = work.next(Timer::Life)?;
        state.alarm_wake = work.next_in(Timer::Alarm, &state.heard)?;
        state.escalate_wake = work.next_in(Timer::Escalation, &state.heard)?;
        state.held = value_or_default(&work, escalation::HELD)?;
        state.summons_open = work.has_summons()?;
        state.desks = routing::Desks::load(&work, rules, &state.heard)?;
        state.say_wake = work.next_in(Timer::Saying, &state.heard)?;
        state.sayings = work.sayings()?.into_iter().collect();
        state.buttons_wake = work.next_buttons(&state.heard)?;
        state.early_presses = value_or_default(&work, survey::EARLY_PRESSES)?;
        state.idle_work = true;
        drop(work);
        store.durable(state.groups.is_done())?;
        Ok(state)
    }
}

/// Reads what is kept of the desk as one value.
fn value_or_default<T: serde::de::DeserializeOwned + Default>(
    work: &crate::store::Work<'_>,
    key: &str,
) -> Result<T, StoreError> {
    Ok(work.value(key)?.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
}
