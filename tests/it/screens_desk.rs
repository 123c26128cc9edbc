//! A desk for screen tests: answers reads from a list of tickets, records commands, refuses what it is told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use topicdesk::clock::{Clock, Timestamp};
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::ids::{AgentName, EntryId, EventId, GroupId, MessageId, OutboxId, PersonId, TicketKey, TopicId};
use topicdesk::desk::people::Agent;
use topicdesk::desk::tags::Priority;
use topicdesk::desk::template::bulk::Target;
use topicdesk::desk::template::offer::Usage;
use topicdesk::desk::template::{Context, Template};
use topicdesk::desk::thread::Delivery;
use topicdesk::desk::ticket::{Pending, PendingReason, Standing, Status};
use topicdesk::engine::handle::{Answer, Handle, HandleEnds, Receipt, Request, handle};
use topicdesk::engine::views::LinkState;
use topicdesk::engine::views::{
    Counts, DeskView, Draft, Entry, EntryKind, Finding, FiringView, Hit, OutboxRow, PersonView, QueueName, QueuePage,
    RecheckView, Revision, Side, ThreadPage, TicketCheck, TicketRow, TicketView, View, ViewRequest, Window,
};
use topicdesk::tui::{Rehearsal, Setup};

pub(crate) const GROUP: GroupId = GroupId(77);

/// Sunday, 13:32.
pub(crate) fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T13:32:00Z").expect("a date")
}

pub(crate) fn minutes_ago(minutes: u64) -> Timestamp {
    noon() - Duration::from_secs(minutes * 60)
}

pub(crate) fn key(number: i32) -> TicketKey {
    TicketKey { group: GROUP, topic: TopicId(number) }
}

/// What the desk knows, and what it was told.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) roster: Vec<topicdesk::engine::views::AgentView>,
    /// What is answered to what is asked about the desk as a whole; `None`: nobody is there.
    pub(crate) whole: Option<Result<Answer, String>>,
    /// What was asked about the desk as a whole.
    pub(crate) asked: Vec<Request>,
    pub(crate) explanation: Option<topicdesk::engine::views::Explanation>,
    pub(crate) tickets: Vec<ThreadPage>,
    pub(crate) commands: Vec<Command>,
    pub(crate) reads: Vec<ViewRequest>,
    /// Refusals for the next commands that are not drafts, seen marks or typing.
    pub(crate) refusals: Vec<Refusal>,
    /// How receipts say that a ticket stands; `None`: they do not.
    pub(crate) stands: Option<Standing>,
    /// Why commands change nothing.
    pub(crate) unchanged: Option<String>,
    /// Why nothing can be read.
    pub(crate) unreadable: Option<String>,
    pub(crate) outbox: Vec<OutboxRow>,
    pub(crate) firings: Vec<FiringView>,
    pub(crate) link: Option<LinkState>,
    pub(crate) backfill: Option<u8>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) unsent: usize,
    /// There are policies.
    pub(crate) sla: bool,
    /// The desk is on trial.
    pub(crate) pilot: bool,
    /// Reasons that are offered for closing.
    pub(crate) close_reasons: Vec<String>,
    pub(crate) read_only: Option<String>,
    /// Why no ticket can be opened from General.
    pub(crate) opening_barred: Option<String>,
    /// Messages of General that nobody has answered: id, who, what.
    pub(crate) general: Vec<(i32, PersonView, &'static str)>,
    pub(crate) groups: Vec<topicdesk::engine::views::GroupFacts>,
    pub(crate) missing: Vec<topicdesk::engine::views::Missing>,
    pub(crate) behind: Vec<(GroupId, u8)>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) holes: Vec<(MessageId, MessageId)>,
    pub(crate) recheck: Option<RecheckView>,
    pub(crate) checks: Vec<TicketCheck>,
    pub(crate) next_outbox: i64,
    /// What was counted.
    pub(crate) report: Option<topicdesk::engine::views::Report>,
    /// The activity log of every ticket.
    pub(crate) activity: Vec<topicdesk::engine::views::ActivityLine>,
    /// Where the file is that is asked for.
    pub(crate) file: Option<topicdesk::engine::views::FileView>,
    /// What is suggested for every ticket.
    pub(crate) suggestions: topicdesk::engine::views::Suggestions,
    /// What the use of templates has shown.
    pub(crate) uses: Vec<Usage>,
    /// Tickets whose topics were deleted.
    pub(crate) gone: Vec<TicketKey>,
    /// The move that comes along with the next replies.
    pub(crate) reply_moves: Option<EventId>,
}

/// A screen and the desk behind it.
pub(crate) struct Desk {
    pub(crate) screen: Rehearsal,
    pub(crate) state: Arc<Mutex<State>>,
}

pub(crate) fn person(id: i64, name: &str) -> PersonView {
    PersonView { id: PersonId(id), name: name.to_owned(), username: None }
}

pub(crate) fn entry(id: i64, author: &str, side: Side, minutes: u64, text: &str) -> Entry {
    Entry {
        id: EntryId(id),
        kind: EntryKind::Message,
        author: author.to_owned(),
        author_id: Some(PersonId(500)),
        agent: (side == Side::Staff).then(|| AgentName::from(author)),
        side,
        text: text.to_owned(),
        at: minutes_ago(minutes),
        edited_at: None,
        message_id: Some(MessageId(id as i32)),
        reply_to: None,
        quote: None,
        quote_author: None,
        state: None,
        delivery: None,
        change: None,
        outbox: None,
        deleted: false,
        deleted_at: None,
        edits: Vec::new(),
        edited_after_answer: false,
        pinned: false,
        reactions: Vec::new(),
        outside: false,
        parts: Vec::new(),
        late: false,
        forwarded_from: None,
        content: None,
        event: None,
    }
}

pub(crate) fn ticket(number: i32, status: Status, assignee: Option<&str>, customer: &str, last: &str) -> ThreadPage {
    let waiting = (status != Status::Pending && status.is_live()).then(|| minutes_ago((1050 - number) as u64 * 4));
    let row = TicketRow {
        category: None,
        team: None,
        unassigned_because: None,
        id: TopicId(number),
        group: GROUP,
        group_name: "Acme customers".to_owned(),
        episode: 1,
        status,
        title: format!("About {last}"),
        customer: Some(person(500 + i64::from(number), customer)),
        assignee: assignee.map(AgentName::from),
        priority: Priority::default(),
        tags: Vec::new(),
        opened_at: minutes_ago(60 * 26),
        waiting_since: waiting,
        pending: (status == Status::Pending).then_some(Pending { reason: PendingReason::Customer, until: None }),
        snoozed_until: None,
        last_at: waiting.unwrap_or_else(|| minutes_ago(200)),
        last_text: last.to_owned(),
        staff_spoke_last: waiting.is_none(),
        unread: waiting.is_some(),
        draft: false,
        flagged: false,
        mentioned: false,
        thanked: false,
        answering: false,
        imported: false,
        due: None,
        escalated: None,
        message: None,
        here: Vec::new(),
    };
    let view = TicketView {
        row,
        sla: None,
        survey: None,
        nudges: 0,
        automatic: None,
        language: Some("en".to_owned()),
        first_response_at: None,
        first_asked_at: Some(minutes_ago(60 * 26)),
        resolved_at: None,
        closed_at: None,
        topic_closed: false,
        topic_hidden: false,
        topic_icon: None,
        shown: None,
        topic_gone: false,
        read_only: None,
        customer_left_at: None,
        pinned: Vec::new(),
        duplicate_of: None,
        messages: 2,
        earlier: Vec::new(),
        link: format!("https://t.me/c/77/{number}"),
        group_title: "Acme customers".to_owned(),
    };
    let id = i64::from(number) * 10;
    ThreadPage {
        ticket: view,
        thread: vec![
            entry(id, customer, Side::Customer, 60 * 26, "Hello, I need help."),
            entry(id + 1, customer, Side::Customer, 30, last),
        ],
        more_before: false,
        more_after: false,
        seen: Some(MessageId(id as i32)),
        draft: None,
        holes: Vec::new(),
    }
}

/// A desk with some tickets of every kind.
pub(crate) fn shop() -> Vec<ThreadPage> {
    let mut first = ticket(1042, Status::Open, None, "Olena Kovalenko", "it's urgent for payroll today 🙏");
    first.ticket.row.title = "Login after update".to_owned();
    let note = Entry {
        kind: EntryKind::Note,
        message_id: None,
        ..entry(9003, "mia", Side::Staff, 28, "same as #1019, cache bug")
    };
    let activity = Entry {
        kind: EntryKind::Activity,
        message_id: None,
        agent: None,
        ..entry(9004, "mia", Side::Staff, 27, "mia released the ticket")
    };
    let mut answered = entry(9005, "ann", Side::Staff, 26, "Thanks Olena, looking now.");
    answered.delivery = Some(Delivery::Sent { message: MessageId(9005) });
    let mut quoting = entry(9006, "Olena Kovalenko", Side::Customer, 20, "any update?");
    quoting.quote = Some("Thanks Olena, looking now.".to_owned());
    quoting.edited_at = Some(minutes_ago(19));
    let mut late = entry(9007, "Petro", Side::Participant, 19, "same here");
    late.late = true;
    let mut deleted = entry(9008, "Olena Kovalenko", Side::Customer, 18, "never mind that");
    deleted.deleted = true;
    first.thread = vec![
        entry(
            9001,
            "Olena Kovalenko",
            Side::Customer,
            60 * 15,
            "Hi, after the update I can't log in. It says \"session expired\" every time, on the phone and on the laptop.",
        ),
        entry(9002, "Olena Kovalenko", Side::Customer, 30, "[photo 1280x720 142 KB]"),
        note,
        activity,
        answered,
        quoting,
        late,
        deleted,
        entry(9009, "Olena Kovalenko", Side::Customer, 2, "it's urgent for payroll today 🙏"),
    ];
    first.ticket.row.last_text = "it's urgent for payroll today 🙏".to_owned();
    first.ticket.messages = 7;
    first.seen = Some(MessageId(9005));
    first.ticket.earlier = vec![ticket(871, Status::Closed, Some("mia"), "Olena Kovalenko", "invoice").ticket.row];
    let mut second = ticket(998, Status::Pending, Some("ann"), "Sara P.", "I will send it tomorrow");
    second.ticket.row.unread = false;
    let mut episode = ticket(1030, Status::Open, None, "Li Wei", "refund please");
    episode.ticket.row.episode = 2;
    vec![
        first,
        ticket(1041, Status::Open, None, "R. Haddad", "[photo 1280x720 142 KB] invoice is wrong"),
        ticket(1037, Status::Assigned, Some("mia"), "Jonas Berg", "thanks, but it still fails"),
        ticket(1036, Status::InProgress, Some("ann"), "ANON 5521", "any news?"),
        episode,
        second,
        ticket(987, Status::Resolved, Some("ann"), "Dmitri", "thank you!"),
    ]
}

pub(crate) fn templates() -> Vec<Template> {
    let template = |name: &str, code: &str, key: Option<&str>, text: &str| Template {
        name: name.to_owned(),
        text: text.to_owned(),
        language: Some("en".to_owned()),
        tags: Vec::new(),
        code: Some(code.to_owned()),
        key: key.map(str::to_owned),
        source: "test".to_owned(),
        ..Template::default()
    };
    vec![
        template("Greeting", "hi", Some("F5"), "Hi {{customer.first_name}}, thanks for writing. {{agent.name}} here."),
        template(
            "Password reset",
            "pw",
            None,
            "Hi {{customer.first_name}},\nplease choose *Forgot password* and tell me when it worked.",
        ),
        template(
            "Refund",
            "refund",
            None,
            "The refund for order {{?order number}} leaves today; it takes {{?days}} days.",
        ),
    ]
}

pub(crate) fn setup(clock: &Clock) -> Setup {
    Setup {
        keys: Vec::new(),
        theme: "default".to_owned(),
        templates: templates(),
        guard: topicdesk::desk::guard::Guard::default(),
        pace: topicdesk::desk::rules::Pace::default(),
        timezone: Some(chrono_tz::UTC),
        clock: clock.clone(),
        restored: None,
        hint: None,
        after_resolve: "next".to_owned(),
        after_pending: "next".to_owned(),
        ascii: false,
        mouse: false,
        bell: true,
        open_command: Vec::new(),
        save_to: "/tmp".to_owned(),
        desk_name: "acme-support".to_owned(),
        agent: Agent {
            name: AgentName::from("Ann Lee"),
            telegram: None,
            username: None,
            os_user: None,
            timezone: None,
        },
        language: Some("en".to_owned()),
    }
}

/// Opens a screen for agent ann on a desk with these tickets, and lets the first reads be answered.
pub(crate) async fn open(tickets: Vec<ThreadPage>, size: (u16, u16)) -> Desk {
    open_with(tickets, size, |_| {}).await
}

pub(crate) async fn open_with(tickets: Vec<ThreadPage>, size: (u16, u16), change: impl FnOnce(&mut Setup)) -> Desk {
    let clock = Clock::stepped(noon());
    let mut setup = setup(&clock);
    change(&mut setup);
    let (front, ends) = handle(AgentName::from("ann"));
    let state =
        Arc::new(Mutex::new(State { tickets, link: Some(LinkState::Live), next_outbox: 1, ..State::default() }));
    serve(ends, state.clone(), clock);
    let screen = start(front, setup, size);
    let mut desk = Desk { screen, state };
    desk.screen.settle().await;
    desk
}

fn start(front: Handle, setup: Setup, size: (u16, u16)) -> Rehearsal {
    Rehearsal::open(front, setup, size).expect("a screen")
}

impl Desk {
    /// Types keys and lets the desk answer after each.
    pub(crate) async fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            // Nobody presses a key before the screen is painted.
            self.screen.draw().expect("draws");
            self.screen.keys(key);
            self.screen.settle().await;
        }
    }

    /// Types a text and lets the desk answer.
    pub(crate) async fn types(&mut self, text: &str) {
        self.screen.draw().expect("draws");
        self.screen.types(text);
        self.screen.settle().await;
    }

    /// Lets time go by and the desk answer.
    pub(crate) async fn elapse(&mut self, millis: u64) {
        self.screen.elapse(Duration::from_millis(millis));
        self.screen.settle().await;
    }

    /// Tells the screen that a ticket has changed.
    pub(crate) async fn changed(&mut self, number: i32) {
        self.screen.revision(Revision { number: 9, changed: vec![key(number)], ..Revision::default() });
        self.screen.settle().await;
        self.elapse(200).await;
    }

    /// Takes the commands, without drafts, seen marks and typing.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let commands = std::mem::take(&mut self.state.lock().expect("state").commands);
        commands.into_iter().filter(|command| !quiet(command)).collect()
    }

    /// Takes all commands.
    pub(crate) fn all_commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.state.lock().expect("state").commands)
    }

    /// Takes everything that was read.
    pub(crate) fn reads(&self) -> Vec<ViewRequest> {
        std::mem::take(&mut self.state.lock().expect("state").reads)
    }

    /// Changes what the desk knows.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().expect("state"));
    }

    /// Tells the screen's text.
    pub(crate) fn text(&mut self) -> String {
        self.screen.screen()
    }

    /// Fails with the screen if a text is not on it.
    pub(crate) fn sees(&mut self, words: &str) {
        let text = self.text();
        assert!(text.contains(words), "{words:?} is not on the screen:\n{text}");
    }

    /// Fails with the screen if a text is on it.
    pub(crate) fn misses(&mut self, words: &str) {
        let text = self.text();
        assert!(!text.contains(words), "{words:?} is on the screen:\n{text}");
    }
}

fn quiet(command: &Command) -> bool {
    matches!(
        command,
        Command::SaveDraft { .. }
            | Command::MarkSeen { .. }
            | Command::Typing { .. }
            | Command::Look { .. }
            | Command::Screen { .. }
    )
}

fn serve(ends: HandleEnds, state: Arc<Mutex<State>>, clock: Clock) {
    serve_telling(ends, state, clock, |_| {});
}

/// Answers for ever; tells every command before it is obeyed.
pub(crate) fn serve_telling(
    mut ends: HandleEnds,
    state: Arc<Mutex<State>>,
    clock: Clock,
    tell: impl Fn(&Command) + Send + 'static,
) {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                question = ends.questions.recv() => {
                    let Some(question) = question else { break };
                    let view = state.lock().expect("state").answer(&question.request);
                    drop(question.answer.send(view));
                }
                Some(operation) = ends.operations.recv() => {
                    let mut state = state.lock().expect("state");
                    state.asked.push(operation.request);
                    let nobody = || Err("nobody runs the desk".to_owned());
                    drop(operation.answer.send(state.whole.clone().unwrap_or_else(nobody)));
                }
                submission = ends.submissions.recv() => {
                    let Some(submission) = submission else { break };
                    tell(&submission.command);
                    let outcome = state.lock().expect("state").obey(&submission.agent, submission.command, &clock);
                    drop(submission.answer.send(outcome));
                }
            }
        }
    });
}

impl State {
    fn rows(&self, queue: QueueName, filter: &str) -> Vec<TicketRow> {
        let mine = |row: &TicketRow| row.assignee == Some(AgentName::from("ann"));
        let filter = filter.to_lowercase();
        if queue == QueueName::Intake {
            return self.intake();
        }
        self.tickets
            .iter()
            .map(|page| page.ticket.row.clone())
            .filter(|row| match queue {
                QueueName::Unassigned => row.assignee.is_none() && row.status.is_live(),
                QueueName::Mine => mine(row) && row.status.is_live(),
                QueueName::Waiting => row.waiting_since.is_some(),
                QueueName::Pending => row.pending.is_some(),
                QueueName::Resolved => row.status == Status::Resolved,
                QueueName::Snoozed => row.snoozed_until.is_some(),
                QueueName::Saved(_) => row.priority == Priority::Urgent,
                QueueName::Intake | QueueName::Imported | QueueName::Quiet => false,
                QueueName::All => true,
                QueueName::Overdue => row.due.as_ref().is_some_and(|due| due.overdue),
            })
            .filter(|row| {
                let customer = row.customer.as_ref().map_or("", |customer| &customer.name);
                format!("{} {} {} {}", row.id, row.title, customer, row.last_text).to_lowercase().contains(&filter)
            })
            .collect()
    }

    fn intake(&self) -> Vec<TicketRow> {
        let row = |(id, author, words): &(i32, PersonView, &str)| TicketRow {
            id: TopicId(1),
            title: "General".to_owned(),
            customer: Some(author.clone()),
            message: Some(MessageId(*id)),
            ..ticket(1, Status::Open, None, "", words).ticket.row
        };
        self.general.iter().map(row).collect()
    }

    fn answer(&mut self, request: &ViewRequest) -> View {
        self.reads.push(request.clone());
        if let Some(why) = self.unreadable.clone() {
            return View::Unreadable { why };
        }
        match request {
            ViewRequest::Queue { queue, filter, offset, limit, .. } => {
                let rows = self.rows(*queue, filter);
                let total = rows.len();
                let rows = rows.into_iter().skip(*offset).take(*limit).collect();
                View::Queue(QueuePage { offset: *offset, total, rows })
            }
            ViewRequest::Counts => View::Counts(Counts {
                queues: QueueName::ALL.map(|queue| (queue, self.rows(queue, "").len())).to_vec(),
                open: self.tickets.len(),
                outbox: self.unsent,
                parked: self.outbox.len(),
                saved: vec![("VIP".to_owned(), self.rows(QueueName::Saved(0), "").len())],
                waiting_since: None,
                waits_too_long: false,
            }),
            ViewRequest::Thread { ticket, window, limit } => self.thread(*ticket, *window, *limit),
            ViewRequest::Search { text, .. } => View::Search { hits: self.search(text) },
            ViewRequest::Outbox => View::Outbox { rows: self.outbox.clone() },
            ViewRequest::Desk => View::Desk(Box::new(DeskView {
                roster: self.roster.clone(),
                sla: self.sla,
                pilot: self.pilot,
                close_reasons: self.close_reasons.clone(),
                automatic_due: 0,
                opening_barred: self.opening_barred.clone(),
                opening_says: !self.pilot,
                trouble: None,
                tags: Vec::new(),
                read_only: self.read_only.clone(),
                mirror_status: None,
                findings: self.findings.clone(),
                recheck: self.recheck.clone(),
                name: "acme-support".to_owned(),
                groups: self.groups.clone(),
                missing: self.missing.clone(),
                behind: self.behind.clone(),
                link: self.link.clone(),
                backfill: self.backfill,
                agent: AgentName::from("ann"),
                agents: ["ann", "mia", "tom"].map(AgentName::from).to_vec(),
                holes: self.holes.clone(),
                not_before: self.not_before,
            })),
            ViewRequest::NextTicket { after, backwards } => {
                let mut needing: Vec<TicketKey> = self
                    .tickets
                    .iter()
                    .map(|page| &page.ticket.row)
                    .filter(|row| row.waiting_since.is_some() && row.assignee.as_ref().is_none_or(|own| own.0 == "ann"))
                    .map(TicketRow::key)
                    .collect();
                // Mine come before the unassigned.
                needing.sort_by_key(|key| self.page(*key).is_none_or(|page| page.ticket.row.assignee.is_none()));
                if *backwards {
                    needing.reverse();
                }
                let from = after.and_then(|after| needing.iter().position(|key| *key == after));
                let ticket = match from {
                    Some(from) => needing.iter().cycle().nth(from + 1).copied(),
                    None => needing.first().copied(),
                };
                View::Ticket { ticket }
            }
            ViewRequest::Explain { .. } => View::Explained { explanation: self.explanation.clone().map(Box::new) },
            ViewRequest::Sla { .. } => View::Sla { sla: None },
            ViewRequest::FindTicket { topic, group } => {
                let rows = self.tickets.iter().map(|page| &page.ticket.row);
                let is = |row: &&TicketRow| {
                    row.id == *topic && group.as_ref().is_none_or(|name| row.group_name.eq_ignore_ascii_case(name))
                };
                View::Found { tickets: rows.filter(is).map(TicketRow::key).collect() }
            }
            ViewRequest::Completeness { .. } => View::Completeness { checks: self.checks.clone() },
            ViewRequest::Suggestions { ticket, words, .. } => {
                let mut known = self.suggestions.clone();
                known.ticket = *ticket;
                known.list.retain(|one| one.title.to_lowercase().contains(&words.to_lowercase()));
                known.words.clone_from(words);
                View::Suggestions(known)
            }
            ViewRequest::Escalations { .. } => View::Escalations { firings: self.firings.clone() },
            ViewRequest::Templates => View::Templates { uses: self.uses.clone() },
            ViewRequest::Targets { tickets, duplicates_of } => {
                View::Targets { targets: self.targets(tickets, *duplicates_of) }
            }
            ViewRequest::Stats { .. } => match &self.report {
                Some(report) => View::Stats(Box::new(report.clone())),
                None => View::Unreadable { why: "it could not be counted".to_owned() },
            },
            ViewRequest::Activity { .. } => View::Activity { lines: self.activity.clone() },
            ViewRequest::OpenedBy { .. } => View::Ticket { ticket: None },
            ViewRequest::Summary | ViewRequest::Outside { .. } | ViewRequest::Brief { .. } => {
                View::Unreadable { why: "not here".to_owned() }
            }
        }
    }

    fn targets(&self, tickets: &[TicketKey], duplicates_of: Option<TicketKey>) -> Vec<Target> {
        let target = |key: &TicketKey| {
            let row = self.page(*key).map(|page| &page.ticket.row);
            let name = row.and_then(|row| row.customer.as_ref()).map_or("", |customer| customer.name.as_str());
            Target {
                ticket: *key,
                status: row.map(|row| row.status),
                gone: self.gone.contains(key),
                duplicate_of: None,
                newest: Some(MessageId(1)),
                context: Context {
                    customer_first_name: name.split(' ').next().unwrap_or_default().to_owned(),
                    ..Context::default()
                },
                language: None,
            }
        };
        tickets.iter().chain(&duplicates_of).map(target).collect()
    }

    /// Every reply that was held has left.
    pub(crate) fn deliver_all(&mut self) {
        for entry in self.tickets.iter_mut().flat_map(|page| &mut page.thread) {
            if matches!(entry.delivery, Some(Delivery::Held { .. })) {
                entry.delivery = Some(Delivery::Queued);
            }
        }
    }

    fn page(&self, key: TicketKey) -> Option<&ThreadPage> {
        self.tickets.iter().find(|page| page.ticket.row.key() == key)
    }

    fn thread(&self, ticket: TicketKey, window: Window, limit: usize) -> View {
        let Some(page) = self.page(ticket) else {
            return View::Unreadable { why: format!("there is no ticket {ticket}") };
        };
        let all = &page.thread;
        let place = |id: EntryId| all.iter().position(|entry| entry.id == id).unwrap_or(0);
        let (from, to) = match window {
            Window::Newest => (all.len().saturating_sub(limit), all.len()),
            Window::Before(id) => (place(id).saturating_sub(limit), place(id)),
            Window::After(id) => (place(id) + 1, (place(id) + 1 + limit).min(all.len())),
            Window::Around(message) => {
                let middle = all.iter().position(|entry| entry.message_id == Some(message)).unwrap_or(0);
                (middle.saturating_sub(limit / 2), (middle + limit / 2).min(all.len()))
            }
        };
        let mut view = page.clone();
        view.thread = all[from..to].to_vec();
        view.more_before = from > 0;
        view.more_after = to < all.len();
        View::Thread(Box::new(view))
    }

    fn search(&self, text: &str) -> Vec<Hit> {
        let entries = self.tickets.iter().flat_map(|page| page.thread.iter().map(move |entry| (page, entry)));
        entries
            .filter(|(_, entry)| entry.text.to_lowercase().contains(&text.to_lowercase()))
            .map(|(page, entry)| Hit {
                id: page.ticket.row.id,
                group: page.ticket.row.group,
                group_name: page.ticket.row.group_name.clone(),
                title: page.ticket.row.title.clone(),
                status: Some(page.ticket.row.status),
                kind: entry.kind,
                author: entry.author.clone(),
                at: entry.at,
                message_id: entry.message_id,
                snippet: entry.text.clone(),
            })
            .collect()
    }

    fn obey(&mut self, agent: &AgentName, command: Command, clock: &Clock) -> Result<Receipt, Refusal> {
        self.commands.push(command.clone());
        if !quiet(&command) && !self.refusals.is_empty() {
            return Err(self.refusals.remove(0));
        }
        if let Some(why) = self.unchanged.clone() {
            return Ok(Receipt { unchanged: true, notice: Some(why), ..Receipt::default() });
        }
        let mut receipt = Receipt { revision: 10, standing: self.stands.clone(), ..Receipt::default() };
        let page = command.ticket().and_then(|key| self.tickets.iter_mut().find(|page| page.ticket.row.key() == key));
        match &command {
            Command::Claim { .. } | Command::TakeOver { .. } => {
                page.expect("a ticket").ticket.row.assignee = Some(agent.clone());
                receipt.undo = Some(EventId(41));
            }
            Command::Fetch { .. } => receipt.file.clone_from(&self.file),
            Command::Release { .. } => page.expect("a ticket").ticket.row.assignee = None,
            Command::Resolve { .. } => {
                let row = &mut page.expect("a ticket").ticket.row;
                row.status = Status::Resolved;
                row.waiting_since = None;
                receipt.undo = Some(EventId(42));
            }
            Command::SetPending { pending, .. } => {
                let row = &mut page.expect("a ticket").ticket.row;
                row.status = Status::Pending;
                row.waiting_since = None;
                row.pending = Some(pending.clone());
                receipt.undo = Some(EventId(43));
            }
            Command::Reply { text, .. } => {
                let outbox = OutboxId(self.next_outbox);
                self.next_outbox += 1;
                receipt.outbox = Some(outbox);
                receipt.undo = self.reply_moves;
                let until = clock.now() + Duration::from_secs(5);
                let page = page.expect("a ticket");
                let mut reply = entry(20_000 + outbox.0, &agent.0, Side::Staff, 0, text);
                reply.at = clock.now();
                reply.message_id = None;
                reply.outbox = Some(outbox);
                reply.delivery = Some(Delivery::Held { until });
                page.thread.push(reply);
                page.ticket.row.waiting_since = None;
            }
            Command::DiscardOutbox { outbox } | Command::TakeBack { outbox } => {
                for page in &mut self.tickets {
                    page.thread.retain(|entry| entry.outbox != Some(*outbox));
                }
            }
            Command::SaveDraft { text, note, .. } => {
                let page = page.expect("a ticket");
                page.ticket.row.draft = !text.is_empty();
                page.draft = (!text.is_empty()).then(|| Draft { text: text.clone(), note: *note });
            }
            _ => {}
        }
        Ok(receipt)
    }
}
