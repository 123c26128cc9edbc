//! An engine on a real database with a clock that is stepped by hand: inputs in, outputs and views out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use topicdesk::clock::{Clock, Timestamp};
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, CommandId, GroupId, MessageId, PersonId, ScreenId, TicketKey, TopicId};
use topicdesk::desk::people::{Agent, Person};
use topicdesk::desk::rules::Rules;
use topicdesk::desk::thread::{Content, Message, Post, ServiceMessage};
use topicdesk::engine::Engine;
use topicdesk::engine::handle::Receipt;
use topicdesk::engine::input::{Input, Output};
use topicdesk::engine::runner;
use topicdesk::engine::transport::{
    Admin, Batch, Cursor, GroupFacts, Happening, Incoming, LinkState, Order, Outcome, Rights, Scanned, Send,
};
use topicdesk::engine::views::{Alert, View, ViewRequest};
use topicdesk::store::Store;

pub(crate) const GROUP: GroupId = GroupId(77);
pub(crate) const BOT: PersonId = PersonId(900);
pub(crate) const ANNA: PersonId = PersonId(901);
pub(crate) const COLLEAGUE: PersonId = PersonId(902);
pub(crate) const OLENA: PersonId = PersonId(1);
pub(crate) const LI: PersonId = PersonId(2);

pub(crate) fn ticket(topic: i32) -> TicketKey {
    TicketKey { group: GROUP, topic: TopicId(topic) }
}

pub(crate) fn person(id: PersonId) -> Person {
    let (name, bot) = match id {
        BOT => ("Desk Bot", true),
        ANNA => ("Anna Agent", false),
        COLLEAGUE => ("Carl Colleague", false),
        OLENA => ("Olena K.", false),
        LI => ("Li Wei", false),
        _ => ("Somebody", false),
    };
    Person { id, name: name.to_owned(), username: None, bot }
}

pub(crate) fn rules() -> Rules {
    let agent = |name: &str, telegram| Agent {
        name: AgentName::from(name),
        telegram,
        username: None,
        os_user: None,
        timezone: None,
    };
    let mut rules = Rules::default();
    rules.staff.agents = vec![agent("anna", Some(ANNA)), agent("tom", None)];
    rules.thanks = topicdesk::config::words::thanks();
    rules
}

/// A screen is open, and a key was pressed there just now.
pub(crate) fn at_screen(screen: u64) -> Command {
    Command::Screen { screen: ScreenId(screen), used: Some(Duration::ZERO) }
}

/// A screen was closed.
pub(crate) fn screen_closed(screen: u64) -> Command {
    Command::Screen { screen: ScreenId(screen), used: None }
}

/// The engine, its folder, and everything that came out of it.
pub(crate) struct Bench {
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) engine: Engine,
    pub(crate) clock: Clock,
    pub(crate) orders: Vec<Order>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) cursor: Cursor,
    pub(crate) refuse: Arc<AtomicBool>,
    pub(crate) rules: Rules,
    commands: u32,
}

impl Bench {
    /// An engine over an empty folder, started.
    pub(crate) fn new() -> Self {
        Self::with(rules())
    }

    /// An engine with rules of its own over an empty folder, started.
    pub(crate) fn with(rules: Rules) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("temporary folder"));
        Self::open(folder, Clock::stepped(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("date")), rules)
    }

    fn open(folder: Arc<tempfile::TempDir>, clock: Clock, rules: Rules) -> Self {
        let mut store = Store::open(folder.path()).expect("store");
        let refuse = Arc::new(AtomicBool::new(false));
        let flag = refuse.clone();
        store.refuse_commits(move || flag.load(Ordering::SeqCst)).expect("hook");
        static NEXT: AtomicI64 = AtomicI64::new(1);
        let engine = Engine::new(store, rules.clone(), || NEXT.fetch_add(1, Ordering::SeqCst)).expect("engine");
        let mut bench = Bench {
            folder,
            engine,
            clock,
            orders: Vec::new(),
            alerts: Vec::new(),
            cursor: Cursor { channels: vec![(GROUP, 1)], ..Cursor::default() },
            refuse,
            rules,
            commands: 0,
        };
        bench.step(Input::Started);
        bench
    }

    /// A new process over the same folder.
    pub(crate) fn restart(self) -> Self {
        let rules = self.rules.clone();
        self.restart_with(rules)
    }

    /// A new process over the same folder, after somebody has changed the rules.
    pub(crate) fn restart_with(self, rules: Rules) -> Self {
        let Bench { folder, engine, clock, cursor, .. } = self;
        drop(engine);
        Bench { cursor, ..Self::open(folder, clock, rules) }
    }

    /// An engine that has mirrored these messages as bot and follows live.
    pub(crate) fn followed(history: &[Message]) -> Self {
        let mut bench = Self::new();
        bench.connect();
        bench.incoming(Incoming::Seeded { cursor: bench.cursor.clone() });
        bench.backfill(history);
        bench.orders.clear();
        bench
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn step(&mut self, input: Input) -> Option<Result<Receipt, Refusal>> {
        let mut answer = None;
        for output in self.engine.step(input, self.clock.now()) {
            match output {
                Output::Order(order) => self.orders.push(order),
                Output::Answer(result) => answer = Some(result),
                Output::Published(revision) => self.alerts.extend(revision.alerts),
            }
        }
        answer
    }

    pub(crate) fn incoming(&mut self, incoming: Incoming) {
        self.step(Input::Incoming(vec![incoming]));
    }

    /// Lets time pass and wakes the engine if it asked for it.
    pub(crate) fn pass(&mut self, span: Duration) {
        self.clock.step(span);
        while self.engine.next_wake().is_some_and(|at| at <= self.clock.now()) {
            let before = self.engine.next_wake();
            self.step(Input::Woken);
            assert!(self.engine.next_wake() != before, "a timer that is due for ever: {before:?}");
        }
    }

    pub(crate) fn command(&mut self, agent: &str, command: Command) -> Result<Receipt, Refusal> {
        self.commands += 1;
        let id = CommandId(format!("{}-{}", std::ptr::from_ref(self) as usize, self.commands));
        self.command_as(id, agent, command)
    }

    pub(crate) fn command_as(&mut self, id: CommandId, agent: &str, command: Command) -> Result<Receipt, Refusal> {
        self.step(Input::Command { id, agent: AgentName::from(agent), command }).expect("a command is answered")
    }

    pub(crate) fn connect(&mut self) {
        self.incoming(Incoming::Link(LinkState::Connecting));
        self.incoming(Incoming::Facts(facts()));
        self.incoming(Incoming::Link(LinkState::Live));
    }

    /// Answers every scan from a list of messages, until the engine asks for no more and has done what can wait.
    pub(crate) fn backfill(&mut self, history: &[Message]) {
        loop {
            let scans: Vec<_> = self.orders.extract_if(.., |order| matches!(order, Order::Scan { .. })).collect();
            for scan in &scans {
                self.answer_scan(scan, history);
            }
            if scans.is_empty() && !self.engine.has_idle_work() {
                break;
            }
            if self.engine.has_idle_work() {
                self.step(Input::Idle);
            }
        }
    }

    pub(crate) fn answer_scan(&mut self, scan: &Order, history: &[Message]) {
        let Order::Scan { group, from, to } = *scan else { panic!("{scan:?} is no scan") };
        let messages: Vec<_> =
            history.iter().filter(|message| message.id >= from && message.id <= to).cloned().collect();
        let people = messages.iter().map(|message| person(message.author)).collect();
        self.incoming(Incoming::Scanned(Scanned { group, from, to, messages, people, topics: Vec::new() }));
    }

    /// A batch of the update stream that begins where the last one ended.
    pub(crate) fn push(&mut self, happenings: Vec<Happening>) {
        let batch = self.batch(happenings);
        self.incoming(Incoming::Batch(batch));
    }

    pub(crate) fn batch(&mut self, happenings: Vec<Happening>) -> Batch {
        let from = self.cursor.clone();
        self.cursor.pts += i32::try_from(happenings.len()).expect("few");
        let people = happenings
            .iter()
            .filter_map(|said| match said {
                Happening::Message(message) | Happening::Edited(message) => Some(person(message.author)),
                _ => None,
            })
            .collect();
        let happenings = happenings.into_iter().map(|said| (GROUP, said)).collect();
        Batch { from, to: self.cursor.clone(), people, happenings }
    }

    /// The sends that were ordered and not yet taken.
    pub(crate) fn take_sends(&mut self) -> Vec<Send> {
        self.orders
            .extract_if(.., |order| matches!(order, Order::Send(_)))
            .filter_map(|order| match order {
                Order::Send(send) => Some(send),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn deliver(&mut self, send: &Send, message: i32) {
        let outcome = Outcome::Sent { message: MessageId(message), at: self.now() };
        self.incoming(Incoming::Delivery { outbox: send.outbox, outcome });
    }

    /// Reads a view as another process would.
    pub(crate) fn read(&self, agent: &str, request: ViewRequest) -> View {
        let (rules, clock) = (self.rules.clone(), self.clock.clone());
        let desk = runner::read_beside(&self.engine, self.folder.path(), rules, clock).expect("readable");
        let handle = desk.handle(AgentName::from(agent));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        runtime.block_on(handle.read(request))
    }

    /// A thread as text: who, what, how far.
    pub(crate) fn thread(&self, topic: i32) -> String {
        let window = topicdesk::engine::views::Window::Newest;
        match self.read("anna", ViewRequest::Thread { ticket: ticket(topic), window, limit: 500 }) {
            View::Thread(page) => {
                let row = &page.ticket.row;
                let mut text = format!(
                    "{} /{} {} customer={} assignee={} waiting={}\n",
                    row.key(),
                    row.episode,
                    row.status,
                    row.customer.as_ref().map_or("-", |person| person.name.as_str()),
                    row.assignee.as_ref().map_or("-", |name| name.0.as_str()),
                    row.waiting_since.map_or("-".to_owned(), |at| at.rfc3339()),
                );
                for entry in &page.thread {
                    let kind = serde_json::to_value(entry.kind).expect("kind");
                    let state = entry.state.as_deref().map(|state| format!(" <{state}>")).unwrap_or_default();
                    let id = entry.message_id.map(|id| format!(" {id}")).unwrap_or_default();
                    let marks =
                        [(entry.deleted, " deleted"), (entry.late, " late"), (entry.edited_at.is_some(), " edited")];
                    let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
                    text += &format!(
                        "{}{id} {}: {}{state}{marks}\n",
                        kind.as_str().unwrap_or_default(),
                        entry.author,
                        entry.text
                    );
                }
                text
            }
            View::Unreadable { why } => why,
            other => panic!("not a thread: {other:?}"),
        }
    }
}

pub(crate) fn facts() -> GroupFacts {
    GroupFacts {
        group: GROUP,
        title: "Shop support".to_owned(),
        forum: true,
        admins: vec![Admin { person: person(COLLEAGUE), anonymous: false, owner: true }],
        own: BOT,
        bot: true,
        own_name: "Desk Bot".to_owned(),
        rights: Rights { member: true, admin: true, send: true, reads_all: true, ..Rights::default() },
        ..GroupFacts::default()
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(Timestamp::parse_rfc3339("2026-11-22T11:00:00Z").expect("date").unix() + seconds)
}

pub(crate) fn text(id: i32, topic: i32, author: PersonId, at: Timestamp, text: &str) -> Message {
    let content = Content::Post(Post { text: text.to_owned(), ..Post::default() });
    Message { id: MessageId(id), topic: TopicId(topic), author, at, edited_at: None, reply_to: None, content }
}

pub(crate) fn created(id: i32, author: PersonId, at: Timestamp, title: &str) -> Message {
    let content = Content::Service(ServiceMessage::TopicCreated { title: title.to_owned(), icon: None });
    Message { id: MessageId(id), topic: TopicId(id), author, at, edited_at: None, reply_to: None, content }
}
