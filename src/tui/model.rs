//! The model: everything the screen shows, as plain values. Only `update` changes it; `view` settles scroll positions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::Setup;
use super::action::{Action, Context};
use super::composer::Composer;
use super::effect::{Effect, ReadKind, ReadTag};
use super::files::Files;
use super::keymap::Keymap;
use super::keys::Key;
use super::overlays::Overlay;
use super::suggestions::Articles;
use super::theme::Theme;
use super::until::Zone;
use super::update::intake::Opening;
use super::view::Areas;
use super::work::{After, Burst, Kept, NextFor, Repeatable, Submitted, Undoable};
use crate::clock::Timestamp;
use crate::desk::command::Command;
use crate::desk::ids::{AgentName, MessageId, ScreenId, TicketKey};
use crate::engine::views::{Counts, DeskView, Draft, QueueName, Sort, TicketRow, ViewRequest};

mod open_ticket;

pub(crate) use open_ticket::{Laid, OpenTicket};

/// A desk that answers takes less time.
pub(crate) const UNHEARD: Duration = Duration::from_secs(3);

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Focus {
    /// The queue.
    Queue,
    /// The thread.
    Thread,
    /// The composer.
    Composer,
}

/// Everything the screen shows.
#[derive(Debug)]
pub(crate) struct Model {
    /// What the screen was opened with.
    pub(crate) setup: Setup,
    /// Who works here.
    pub(crate) me: AgentName,
    /// Which of the desk's screens this is.
    pub(crate) screen: ScreenId,
    /// Keys in force.
    pub(crate) keymap: Keymap,
    /// Colours in force.
    pub(crate) theme: Theme,
    /// Colours may be used (`NO_COLOR` is not set).
    pub(crate) colour: bool,
    /// The agent's time zone.
    pub(crate) zone: Zone,
    /// Columns and rows.
    pub(crate) size: (u16, u16),
    /// The time of the last signal.
    pub(crate) now: Timestamp,
    /// The time by which ages are shown: moves with keys and changes, and every five minutes, so that an idle screen is quiet.
    pub(crate) aged: Timestamp,
    /// `desk.toml` is being read again, as was asked for here.
    pub(crate) rereading: bool,
    /// The engine's process is not to be reached, and why.
    pub(crate) unreached: Option<String>,
    /// Which pane has the keys.
    pub(crate) focus: Focus,
    /// Only the pane with the focus is shown.
    pub(crate) zoomed: bool,
    /// The details pane is wanted; `None`: as wide as the screen is.
    pub(crate) details: Option<bool>,
    /// The queue.
    pub(crate) queue: QueueState,
    /// The ticket on the screen.
    pub(crate) open: Option<OpenTicket>,
    /// What is being written.
    pub(crate) composer: Option<Composer>,
    /// What lies over everything.
    pub(crate) overlay: Option<Overlay>,
    /// A prompt in the last line.
    pub(crate) prompt: Option<super::prompt::Prompt>,
    /// Numbers of the tabs.
    pub(crate) counts: Counts,
    /// The desk at a glance; `None` before the first read.
    pub(crate) desk: Option<DeskView>,
    /// The engine is gone.
    pub(crate) stopped: bool,
    /// What the desk has to say.
    pub(crate) notice: Option<Notice>,
    /// Alarms that wait until the notice has been read.
    pub(crate) heard: std::collections::VecDeque<String>,
    /// Keys pressed of a longer sequence.
    pub(crate) prefix: Vec<Key>,
    /// What can follow is shown.
    pub(crate) which_key: bool,
    /// The demo's hint is still shown.
    pub(crate) hint: Option<String>,
    /// Drafts as this screen knows them, newer than what was read.
    pub(crate) drafts: HashMap<TicketKey, Draft>,
    /// Claims that are on their way: shown at once, rolled back if refused.
    pub(crate) claiming: BTreeSet<TicketKey>,
    /// When the last reply to a ticket was given to the desk here; it may be on its way for a while.
    pub(crate) replied: BTreeMap<TicketKey, Timestamp>,
    /// Tickets of others for which replying was agreed to.
    pub(crate) agreed: BTreeSet<TicketKey>,
    /// What `u` takes back, newest last.
    pub(crate) undo: Vec<Undoable>,
    /// What `;` repeats, and on which ticket it was done.
    pub(crate) repeat: Option<(Repeatable, Option<TicketKey>)>,
    /// Commands on their way.
    pub(crate) submitted: BTreeMap<u64, Submitted>,
    /// The comparison with Telegram that was asked for here, the last one.
    pub(crate) verifying: Option<super::overlays::status::Verifying>,
    /// What a read for the next ticket is for.
    pub(crate) next_for: NextFor,
    /// What is known of templates.
    pub(crate) templates: super::templates::Templates,
    /// Files on their way.
    pub(crate) files: Files,
    /// Articles that may answer.
    pub(crate) articles: Articles,
    /// A message to select when the thread has come.
    pub(crate) land_on: Option<MessageId>,
    /// The ticket that is to be opened from General, while its title is asked for.
    pub(crate) opening: Option<Opening>,
    /// Where everything is on the screen; settled before each draw.
    pub(crate) areas: Areas,
    /// Something visible has changed.
    pub(crate) dirty: bool,
    /// Keys arrive faster than anybody types.
    pub(crate) burst: Burst,
    /// What the desk was told that is on the screen.
    pub(crate) looks: Option<TicketKey>,
    /// When the desk was last told that somebody is at the screen.
    pub(crate) used: Timestamp,
    /// What has changed since it was read.
    pub(crate) stale: Stale,
    /// Whether the refresh timer runs.
    pub(crate) refreshing: bool,
    /// The newest revision that was told of.
    pub(crate) revision: u64,
    /// What was last read of the desk has at least this one.
    pub(crate) read_through: u64,
    /// What the agent's own command has changed is being read.
    pub(crate) reads_own: bool,
    /// It has been: no frame is to be waited for.
    pub(crate) at_once: bool,
    /// The last title of the terminal.
    pub(crate) title: String,
    reads: BTreeMap<ReadKind, ReadState>,
    tags: u64,
}

impl Model {
    /// Tells the title of a queue, one of the desk's own too.
    pub(crate) fn queue_title(&self, name: QueueName) -> &str {
        match name {
            QueueName::Saved(place) => {
                self.counts.saved.get(usize::from(place)).map_or("", |(title, _)| title.as_str())
            }
            name => name.title(),
        }
    }
}

/// The queue on the screen.
#[derive(Clone, Debug)]
pub(crate) struct QueueState {
    /// Which.
    pub(crate) name: QueueName,
    /// The filter.
    pub(crate) filter: String,
    /// What is wrong with the filter that is being typed.
    pub(crate) wrong: Option<String>,
    /// The order.
    pub(crate) sort: Sort,
    /// The window of rows that was read.
    pub(crate) rows: Vec<TicketRow>,
    /// Where the window begins.
    pub(crate) offset: usize,
    /// How many rows there are.
    pub(crate) total: usize,
    /// The selected row among all.
    pub(crate) selected: usize,
    /// The ticket of the selected row.
    pub(crate) selected_key: Option<TicketKey>,
    /// The message of the selected row, in Intake.
    pub(crate) selected_message: Option<MessageId>,
    /// The ticket that was left a moment ago while the queue did not have it, and when.
    pub(crate) left: Option<(TicketKey, Timestamp)>,
    /// The ticket that was claimed under the cursor: it keeps its place until the cursor moves.
    pub(crate) kept: Option<Kept>,
    /// The first row on the screen.
    pub(crate) top: usize,
    /// Marked rows.
    pub(crate) marked: BTreeSet<(TicketKey, Option<MessageId>)>,
    /// Where marking a range began.
    pub(crate) anchor: Option<usize>,
    /// A first answer has come.
    pub(crate) loaded: bool,
}

impl QueueState {
    /// How many rows are read at once.
    pub(crate) const WINDOW: usize = 200;

    /// Tells the selected row.
    pub(crate) fn row(&self) -> Option<&TicketRow> {
        self.at(self.selected)
    }

    /// Tells a row by its place.
    pub(crate) fn at(&self, place: usize) -> Option<&TicketRow> {
        place.checked_sub(self.offset).and_then(|place| self.rows.get(place))
    }
}

/// What the desk has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The words.
    pub(crate) text: String,
    /// How bad it is.
    pub(crate) tone: NoticeTone,
}

/// How bad a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoticeTone {
    /// Something was done.
    Done,
    /// Something was not done.
    Warning,
}

/// What has changed since it was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stale {
    /// The desk at a glance and the numbers of the tabs.
    pub(crate) desk: bool,
    /// The queue.
    pub(crate) queue: bool,
    /// The open ticket.
    pub(crate) thread: bool,
    /// An outbox list that is shown.
    pub(crate) outbox: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct ReadState {
    sequence: u64,
    in_flight: bool,
}

impl Model {
    /// Makes the model of a screen that has not been told anything yet.
    pub(crate) fn new(setup: Setup, me: AgentName, screen: ScreenId, size: (u16, u16)) -> Model {
        let (keymap, complaints) = Keymap::new(&setup.keys);
        let now = setup.clock.now();
        let mut model = Model {
            me,
            screen,
            keymap,
            theme: Theme::named(&setup.theme).unwrap_or_default(),
            colour: true,
            zone: Zone(setup.timezone),
            size,
            now,
            aged: now,
            rereading: false,
            unreached: None,
            focus: Focus::Queue,
            zoomed: false,
            details: None,
            queue: QueueState {
                name: QueueName::Unassigned,
                filter: String::new(),
                wrong: None,
                sort: Sort::Natural,
                rows: Vec::new(),
                offset: 0,
                total: 0,
                selected: 0,
                selected_key: None,
                selected_message: None,
                left: None,
                kept: None,
                top: 0,
                marked: BTreeSet::new(),
                anchor: None,
                loaded: false,
            },
            open: None,
            composer: None,
            overlay: None,
            heard: std::collections::VecDeque::new(),
            prompt: None,
            counts: Counts::default(),
            desk: None,
            stopped: false,
            notice: complaints.first().map(|text| Notice { text: text.clone(), tone: NoticeTone::Warning }),
            prefix: Vec::new(),
            which_key: false,
            hint: setup.hint.clone(),
            drafts: HashMap::new(),
            claiming: BTreeSet::new(),
            replied: BTreeMap::new(),
            agreed: BTreeSet::new(),
            undo: Vec::new(),
            repeat: None,
            submitted: BTreeMap::new(),
            verifying: None,
            next_for: NextFor::Open,
            templates: super::templates::Templates::new(&setup.templates),
            files: Files::default(),
            articles: Articles::default(),
            land_on: None,
            opening: None,
            areas: Areas::default(),
            dirty: true,
            burst: Burst::default(),
            looks: None,
            used: now,
            stale: Stale::default(),
            refreshing: false,
            revision: 0,
            read_through: 0,
            reads_own: false,
            at_once: false,
            title: String::new(),
            reads: BTreeMap::new(),
            tags: 0,
            setup,
        };
        super::restore::restore(&mut model);
        model
    }

    /// Reads something; an older read of the same kind is no longer waited for.
    pub(crate) fn read(&mut self, kind: ReadKind, request: ViewRequest) -> Effect {
        let urgent = self.reads_own && matches!(kind, ReadKind::Queue | ReadKind::Thread);
        let state = self.reads.entry(kind).or_default();
        state.sequence += 1;
        state.in_flight = true;
        Effect::Read(ReadTag { kind, sequence: state.sequence, urgent }, request)
    }

    /// Tells whether an answer of this kind is waited for.
    pub(crate) fn is_reading(&self, kind: ReadKind) -> bool {
        self.reads.get(&kind).is_some_and(|state| state.in_flight)
    }

    /// Takes an answer's tag; `false`: a newer read was made since, the answer is stale.
    pub(crate) fn accept(&mut self, tag: ReadTag) -> bool {
        let state = self.reads.entry(tag.kind).or_default();
        let fresh = state.in_flight && state.sequence == tag.sequence;
        if fresh {
            state.in_flight = false;
        }
        fresh
    }

    /// Makes the answer to a read that is on its way stale.
    pub(crate) fn forget_read(&mut self, kind: ReadKind) {
        self.reads.entry(kind).or_default().in_flight = false;
    }

    /// Submits a command.
    pub(crate) fn submit(&mut self, command: Command, after: After) -> Effect {
        self.tags += 1;
        self.submitted.insert(self.tags, Submitted { ticket: command.ticket(), at: self.now, after });
        Effect::Submit(self.tags, command)
    }

    /// Tells how much the desk has not answered for so long that is lost with this screen; all of it, if the desk is not to be reached.
    pub(crate) fn unheard(&self, most: Duration) -> usize {
        let late = |one: &&Submitted| self.unreached.is_some() || self.now.since(one.at) >= most;
        let counts = |one: &&Submitted| !matches!(one.after, After::Ignored);
        self.submitted.values().filter(counts).filter(late).count()
    }

    /// Tells whether the desk has the draft of a ticket as it was last given to it.
    pub(crate) fn is_draft_saved(&self, ticket: TicketKey) -> bool {
        !self.submitted.values().any(|one| one.ticket == Some(ticket) && matches!(one.after, After::Draft))
    }

    /// Makes a number for a bulk action.
    pub(crate) fn fresh_tag(&mut self) -> u64 {
        self.tags += 1;
        self.tags
    }

    /// Tells the row of a ticket, from the open ticket or the queue.
    pub(crate) fn row_of(&self, key: TicketKey) -> Option<&TicketRow> {
        let open = self.open.as_ref().filter(|open| open.key == key).and_then(|open| open.ticket.as_ref());
        open.map(|ticket| &ticket.row).or_else(|| self.queue.rows.iter().find(|row| row.key() == key))
    }

    /// Tells the ticket that an action is about: the open one, or the selected row's.
    pub(crate) fn target(&self) -> Option<TicketKey> {
        match self.focus {
            Focus::Queue => self.queue.row().map(TicketRow::key),
            Focus::Thread | Focus::Composer => self.open.as_ref().map(|open| open.key),
        }
    }

    /// Tells which keys are alive.
    pub(crate) fn context(&self) -> Context {
        match self.focus {
            Focus::Queue => Context::Queue,
            Focus::Thread => Context::Thread,
            Focus::Composer => Context::Composer,
        }
    }

    /// Tells the assignee of a row as the screen shows it: a claim on its way counts.
    pub(crate) fn assignee_of<'m>(&'m self, row: &'m TicketRow) -> Option<&'m AgentName> {
        if self.claiming.contains(&row.key()) { Some(&self.me) } else { row.assignee.as_ref() }
    }

    /// Tells the key of an action for a text.
    pub(crate) fn key(&self, action: Action) -> String {
        self.keymap.key_of(action)
    }

    /// Tells whether details fill the place of the thread: they were asked for on a screen too narrow for three panes.
    pub(crate) fn details_fill(&self) -> bool {
        self.size.0 < 140 && self.details == Some(true) && self.open.is_some() && self.focus != Focus::Queue
    }

    /// Tells the draft of the open ticket, if it is not in the composer.
    pub(crate) fn draft(&self) -> Option<&Draft> {
        let key = self.open.as_ref()?.key;
        let composing = self.composer.as_ref().is_some_and(|composer| composer.ticket == key);
        self.drafts.get(&key).filter(|draft| !draft.text.is_empty() && !composing)
    }

    /// Tells how many replies of the desk have not left yet.
    pub(crate) fn unsent(&self) -> usize {
        self.counts.outbox
    }
}
