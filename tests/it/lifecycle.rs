//! The life of a ticket: the table of DESIGN §4 row by row, its clocks, undo, thanks and episodes, and what holds for any
//! sequence of them.

use std::time::Duration;

use proptest::prelude::*;
use topicdesk::clock::Timestamp;
use topicdesk::desk::activity::describe;
use topicdesk::desk::along::Along;
use topicdesk::desk::command::{Command, Refusal};
use topicdesk::desk::event::{Actor, Event, Recorded, Why, Writer};
use topicdesk::desk::ids::{AgentName, EntryId, EventId, GroupId, MessageId, PersonId, ScreenId, TicketKey, TopicId};
use topicdesk::desk::lifecycle::{
    Context, Decision, Happening, apply, decide, effective, fold, happen, next_wake, open,
};
use topicdesk::desk::metrics;
use topicdesk::desk::people::{Agent, Role};
use topicdesk::desk::rules::Rules;
use topicdesk::desk::tags::{Priority, Tag};
use topicdesk::desk::ticket::{Pending, PendingReason, Status, Ticket, Waiting};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const KEY: TicketKey = TicketKey { group: GroupId(77), topic: TopicId(1042) };
const OTHER: TicketKey = TicketKey { group: GroupId(77), topic: TopicId(900) };
const OLENA: PersonId = PersonId(5001);

fn agent(name: &str, telegram: i64) -> Agent {
    Agent { name: name.into(), telegram: Some(PersonId(telegram)), username: None, os_user: None, timezone: None }
}

fn rules() -> Rules {
    let mut rules =
        Rules { auto_pending_after: Some(2 * DAY), auto_resolve_pending_after: Some(7 * DAY), ..Rules::default() };
    rules.staff.agents = vec![agent("mia", 11), agent("tom", 12), agent("ann", 13)];
    rules
}

/// A ticket with its log, as an engine would keep them.
#[derive(Clone)]
struct Bench {
    rules: Rules,
    now: Timestamp,
    away: bool,
    log: Vec<Recorded>,
    ticket: Option<Ticket>,
    message: i32,
}

impl Bench {
    fn new() -> Self {
        let now = Timestamp::from_unix(1_795_000_000);
        let mut bench = Bench { rules: rules(), now, away: false, log: Vec::new(), ticket: None, message: 1042 };
        bench.record(open("No sound".to_owned(), Some(OLENA)), &Actor::Person(OLENA));
        bench
    }

    fn ticket(&self) -> &Ticket {
        self.ticket.as_ref().expect("it is opened")
    }

    fn context(&self) -> Context<'_> {
        Context { rules: &self.rules, at: self.now, assignee_away: self.away, answering: false }
    }

    fn record(&mut self, events: Vec<Event>, by: &Actor) {
        for event in events {
            let id = EventId(i64::try_from(self.log.len()).expect("short") + 1);
            let recorded = Recorded { id, ticket: KEY, at: self.now, by: by.clone(), event };
            let undoes = matches!(recorded.event, Event::Undone { .. });
            self.ticket = apply(self.ticket.take(), &recorded);
            self.log.push(recorded);
            if undoes {
                self.ticket = fold(&self.log);
            }
        }
    }

    fn wait(&mut self, span: Duration) -> &mut Self {
        self.now = self.now + span;
        self
    }

    fn asks(&mut self, by: &str, command: &Command) -> Result<Decision, Refusal> {
        let name = AgentName::from(by);
        let decision = decide(self.ticket(), command, &name, &self.context())?;
        self.record(decision.events.clone(), &Actor::Agent(name));
        Ok(decision)
    }

    fn does(&mut self, by: &str, command: Command) -> &mut Self {
        self.asks(by, &command).expect("not refused");
        self
    }

    fn happens(&mut self, what: &Happening) -> Vec<Event> {
        let events = happen(self.ticket(), what, &self.context());
        let by = match what {
            Happening::Wrote { writer: Writer::Customer, .. } => Actor::Person(OLENA),
            Happening::UntilReached | Happening::SnoozeEnded | Happening::Inactive | Happening::Import => Actor::Desk,
            _ => Actor::Person(PersonId(4)),
        };
        self.record(events.clone(), &by);
        events
    }

    fn writes(&mut self, writer: Writer) -> MessageId {
        self.message += 1;
        let message = MessageId(self.message);
        self.happens(&Happening::Wrote { message, writer, thanks: false });
        message
    }

    fn newest(&self) -> EventId {
        self.ticket().last_move.as_ref().expect("it was moved").event
    }
}

fn pending(reason: PendingReason, until: Option<Timestamp>) -> Command {
    Command::SetPending { ticket: KEY, pending: Pending { reason, until } }
}

fn reply() -> Command {
    Command::Reply {
        ticket: KEY,
        text: "Which model is it?".to_owned(),
        reply_to: None,
        hold: false,
        seen: None,
        file: None,
        along: Along::default(),
    }
}

fn close() -> Command {
    Command::Close { ticket: KEY, reason: "spam".to_owned() }
}

fn tag(word: &str) -> Tag {
    word.parse().expect("a tag")
}

fn snooze(until: Option<Timestamp>) -> Command {
    Command::Snooze { ticket: KEY, until }
}

/// The columns of the table: where a ticket stands, and whose it is. `old` means: came to its assignee eight days ago.
const COLUMNS: [&str; 10] =
    ["O", "A mia", "I mia", "P mia", "P nobody", "R mia", "R nobody", "C mia", "C mia old", "C nobody"];

/// Brings a ticket to where a column says, by the ways agents go.
fn standing_at(column: &str) -> Bench {
    let mut bench = Bench::new();
    let third_party = || pending(PendingReason::ThirdParty, None);
    match column {
        "O" => &mut bench,
        "A mia" => bench.does("mia", Command::Claim { ticket: KEY }),
        "I mia" => bench.does("mia", reply()),
        "P mia" => bench.does("mia", reply()).does("mia", third_party()),
        "P nobody" => bench.does("mia", third_party()).does("mia", Command::Release { ticket: KEY }),
        "R mia" => bench.does("mia", Command::Resolve { ticket: KEY }),
        "R nobody" => {
            standing_at("P nobody").clone_into(&mut bench);
            bench.does("mia", Command::Resolve { ticket: KEY })
        }
        "C mia" => bench.does("mia", reply()).does("mia", close()),
        "C mia old" => bench.does("mia", reply()).wait(8 * DAY).does("mia", close()),
        "C nobody" => bench.does("mia", close()),
        other => panic!("no column {other}"),
    };
    bench.wait(Duration::from_secs(60));
    assert!(column.starts_with(bench.ticket().standing.status.letter()), "{column}");
    bench
}

/// What a row of the table does.
enum Deed {
    Ask(Command),
    Happen(Happening),
    /// The same with the assignee away.
    HappenAway(Happening),
}

/// Tells what came of it: `=` for the same standing, else letter, assignee, episode; then marks. `!` is a refusal.
fn outcome(mut bench: Bench, deed: &Deed) -> String {
    let before = bench.ticket().clone();
    match deed {
        Deed::Ask(command) => {
            if let Err(refusal) = bench.asks("tom", command) {
                assert_eq!(bench.ticket(), &before, "a refusal changes nothing");
                let json = serde_json::to_value(&refusal).expect("serialises");
                let name = json.as_object().and_then(|object| object.keys().next()).expect("a refusal with a field");
                return format!("!{name}");
            }
        }
        Deed::Happen(what) => drop(bench.happens(what)),
        Deed::HappenAway(what) => {
            bench.away = true;
            bench.happens(what);
        }
    }
    let after = bench.ticket();
    let mut text = String::from("=");
    if (&after.standing, after.episode) != (&before.standing, before.episode) {
        text = after.standing.status.letter().to_string();
        if let Some(assignee) = &after.standing.assignee {
            text.push_str(&format!(" {assignee}"));
        }
        if let Some(pending) = &after.standing.pending {
            text.push_str(&format!(" {}", pending.reason.label()));
        }
        if after.episode != before.episode {
            text.push_str(&format!(" /{}", after.episode));
        }
    }
    for (mark, set) in [
        (" flagged", after.flagged),
        (" thanked", after.thanked),
        (" outside", after.outside),
        (" gone", after.topic_gone),
        (" imported", after.imported),
        (" linked", after.duplicate_of == Some(OTHER)),
    ] {
        if set {
            text.push_str(mark);
        }
    }
    text
}

fn wrote(writer: Writer, thanks: bool) -> Happening {
    Happening::Wrote { message: MessageId(2000), writer, thanks }
}

fn row(name: &str, deed: &Deed, expected: [&str; 10]) {
    for (column, expected) in COLUMNS.into_iter().zip(expected) {
        assert_eq!(outcome(standing_at(column), deed), expected, "{name}, in {column}");
    }
}

#[test]
fn the_table_of_commands() {
    let ticket = KEY;
    // Columns:               O       A mia   I mia   P mia   P nobody  R mia  R nobody  C mia  C mia old  C nobody
    row(
        "claim by tom",
        &Deed::Ask(Command::Claim { ticket }),
        ["A tom", "!taken", "!taken", "!taken", "P tom third_party", "!done", "!done", "!done", "!done", "!done"],
    );
    row(
        "assign to ann",
        &Deed::Ask(Command::Assign { ticket, to: "ann".into(), note: Some("knows it".to_owned()) }),
        [
            "A ann",
            "A ann",
            "I ann",
            "P ann third_party",
            "P ann third_party",
            "!done",
            "!done",
            "!done",
            "!done",
            "!done",
        ],
    );
    row(
        "assign to nobody we know",
        &Deed::Ask(Command::Assign { ticket, to: "bob".into(), note: None }),
        ["!no_agent"; 10],
    );
    row(
        "take over by tom",
        &Deed::Ask(Command::TakeOver { ticket }),
        [
            "A tom",
            "A tom",
            "I tom",
            "P tom third_party",
            "P tom third_party",
            "!done",
            "!done",
            "!done",
            "!done",
            "!done",
        ],
    );
    row(
        "release",
        &Deed::Ask(Command::Release { ticket }),
        ["=", "O", "O", "P third_party", "=", "!done", "!done", "!done", "!done", "!done"],
    );
    row(
        "reply by tom from the desk",
        &Deed::Ask(reply()),
        ["I tom", "I mia", "=", "=", "=", "=", "=", "!done", "!done", "!done"],
    );
    row(
        "set pending on the customer",
        &Deed::Ask(pending(PendingReason::Customer, None)),
        [
            "P tom customer",
            "P mia customer",
            "P mia customer",
            "P mia customer",
            "P customer",
            "!done",
            "!done",
            "!done",
            "!done",
            "!done",
        ],
    );
    row(
        "set pending as it is",
        &Deed::Ask(pending(PendingReason::ThirdParty, None)),
        [
            "P tom third_party",
            "P mia third_party",
            "P mia third_party",
            "=",
            "=",
            "!done",
            "!done",
            "!done",
            "!done",
            "!done",
        ],
    );
    row(
        "resolve by tom",
        &Deed::Ask(Command::Resolve { ticket }),
        ["R tom", "R mia", "R mia", "R mia", "R", "=", "=", "=", "=", "="],
    );
    row(
        "reopen",
        &Deed::Ask(Command::Reopen { ticket }),
        ["=", "=", "=", "=", "=", "I mia", "O", "I mia /2", "O /2", "O /2"],
    );
    row("close", &Deed::Ask(close()), ["C", "C mia", "C mia", "C mia", "C", "C mia", "C", "=", "=", "="]);
    row(
        "duplicate",
        &Deed::Ask(Command::Duplicate { ticket, of: OTHER }),
        [
            "C linked",
            "C mia linked",
            "C mia linked",
            "C mia linked",
            "C linked",
            "C mia linked",
            "C linked",
            "= linked",
            "= linked",
            "= linked",
        ],
    );
    let soon = Timestamp::from_unix(1_900_000_000);
    for (name, command) in [
        ("note", Command::Note { ticket, text: "rude".to_owned() }),
        ("no reply needed", Command::NoReplyNeeded { ticket }),
        ("snooze", snooze(Some(soon))),
        ("priority", Command::SetPriority { ticket, priority: Priority::High }),
        ("category", Command::SetCategory { ticket, category: "refund".parse().ok() }),
        ("tags", Command::Tag { ticket, add: vec![tag("vip")], remove: Vec::new() }),
        ("customer", Command::SetCustomer { ticket, customer: PersonId(3) }),
        ("draft", Command::SaveDraft { ticket, text: "Dear".to_owned(), note: false }),
        ("seen", Command::MarkSeen { ticket, message: MessageId(1043) }),
        ("typing", Command::Typing { screen: ScreenId(1), ticket }),
    ] {
        row(name, &Deed::Ask(command), ["="; 10]);
    }
}

#[test]
fn the_table_of_happenings() {
    // Columns:               O       A mia   I mia   P mia   P nobody  R mia  R nobody  C mia  C mia old  C nobody
    row("a reply of the desk is delivered", &Deed::Happen(wrote(Writer::Desk("tom".into()), false)), ["="; 10]);
    row(
        "an agent writes natively",
        &Deed::Happen(wrote(Writer::Native("tom".into()), false)),
        ["I tom", "I mia", "=", "=", "=", "=", "=", "= outside", "= outside", "= outside"],
    );
    row(
        "a colleague writes natively",
        &Deed::Happen(wrote(Writer::Colleague, false)),
        ["=", "I mia", "=", "=", "=", "=", "=", "= outside", "= outside", "= outside"],
    );
    row(
        "the customer writes",
        &Deed::Happen(wrote(Writer::Customer, false)),
        ["=", "=", "=", "I mia", "O", "I mia", "O", "I mia /2", "O /2", "O /2"],
    );
    row(
        "the customer writes, the assignee is away",
        &Deed::HappenAway(wrote(Writer::Customer, false)),
        ["=", "=", "=", "I mia", "O", "O", "O", "O /2", "O /2", "O /2"],
    );
    row(
        "the customer says thanks",
        &Deed::Happen(wrote(Writer::Customer, true)),
        ["=", "=", "=", "I mia", "O", "= thanked", "= thanked", "I mia /2", "O /2", "O /2"],
    );
    row(
        "a participant writes",
        &Deed::Happen(wrote(Writer::Participant, false)),
        ["=", "=", "=", "I mia", "O", "= flagged", "= flagged", "= flagged", "= flagged", "= flagged"],
    );
    for by in [Role::Agent("tom".into()), Role::Colleague] {
        row(
            "staff closes the topic",
            &Deed::Happen(Happening::TopicClosed { by }),
            ["C", "C mia", "C mia", "C mia", "C", "C mia", "C", "=", "=", "="],
        );
    }
    row(
        "its customer closes the topic",
        &Deed::Happen(Happening::TopicClosed { by: Role::Customer }),
        ["R", "R mia", "R mia", "R mia", "R", "C mia", "C", "=", "=", "="],
    );
    row("a bot closes the topic", &Deed::Happen(Happening::TopicClosed { by: Role::Automation }), ["="; 10]);
    row(
        "the topic is reopened",
        &Deed::Happen(Happening::TopicReopened),
        ["=", "=", "=", "=", "=", "I mia", "O", "I mia /2", "O /2", "O /2"],
    );
    row(
        "the topic is deleted",
        &Deed::Happen(Happening::TopicDeleted),
        [
            "C gone",
            "C mia gone",
            "C mia gone",
            "C mia gone",
            "C gone",
            "C mia gone",
            "C gone",
            "= gone",
            "= gone",
            "= gone",
        ],
    );
    for (name, what) in [
        ("edited", Happening::Edited { message: MessageId(2), answered: false }),
        ("customer gone", Happening::CustomerGone { gone: true }),
        ("customer there", Happening::CustomerGone { gone: false }),
        ("deleted", Happening::Deleted { message: MessageId(2) }),
        ("renamed", Happening::Renamed { title: "Sound".to_owned() }),
        ("language", Happening::LanguageGuessed { language: "uk".to_owned() }),
        ("nudged", Happening::Nudged),
        ("told that it is resolved", Happening::ResolutionTold),
        ("asked how it was", Happening::SurveyAsked { message: MessageId(3) }),
        ("a score that nobody asked for", Happening::Scored { score: 4, message: None }),
        ("until, too early", Happening::UntilReached),
        ("snooze, too early", Happening::SnoozeEnded),
        ("inactivity, too early", Happening::Inactive),
        ("import, young", Happening::Import),
    ] {
        row(name, &Deed::Happen(what), ["="; 10]);
    }
    let edited = Happening::Edited { message: MessageId(2), answered: true };
    row("edited after the answer", &Deed::Happen(edited), ["= flagged"; 10]);
}

#[test]
fn the_table_of_timers() {
    let quiet = |column: &str, staff_spoke: bool, what: &Happening| {
        let mut bench = standing_at(column);
        bench.writes(if staff_spoke { Writer::Desk("mia".into()) } else { Writer::Participant });
        bench.wait(30 * DAY);
        outcome(bench, &Deed::Happen(what.clone()))
    };
    // A participant's message brings P to I or O, and flags what is done.
    let by_staff = ["=", "=", "P mia customer", "=", "=", "C mia", "C", "=", "=", "="];
    let by_others = ["=", "=", "=", "=", "=", "C mia flagged", "C flagged", "= flagged", "= flagged", "= flagged"];
    for (column, (staff, others)) in COLUMNS.into_iter().zip(by_staff.into_iter().zip(by_others)) {
        assert_eq!(quiet(column, true, &Happening::Inactive), staff, "inactive {column}");
        assert_eq!(quiet(column, false, &Happening::Inactive), others, "inactive {column}, unanswered");
    }
    let answered = ["C", "C mia", "C mia", "C mia", "C", "C mia", "C", "=", "=", "="];
    let asked = ["R", "R mia", "R mia", "R mia", "R", "= flagged", "= flagged", "= flagged", "= flagged", "= flagged"];
    for (column, (staff, others)) in COLUMNS.into_iter().zip(answered.into_iter().zip(asked)) {
        let imported = |text: &str, moved: bool| if moved { format!("{text} imported") } else { text.to_owned() };
        assert_eq!(quiet(column, true, &Happening::Import), imported(staff, staff != "="), "import {column}");
        let moved = !others.starts_with('=');
        assert_eq!(quiet(column, false, &Happening::Import), imported(others, moved), "import {column}, unanswered");
    }
    for (column, expected) in [("P mia", "I mia flagged"), ("P nobody", "O flagged")] {
        let mut bench = standing_at(column);
        let until = bench.now + HOUR;
        bench.does("mia", pending(PendingReason::Internal, Some(until))).wait(HOUR);
        assert_eq!(next_wake(bench.ticket(), &bench.rules), Some((until, Happening::UntilReached)));
        assert_eq!(outcome(bench, &Deed::Happen(Happening::UntilReached)), expected);
    }
}

#[test]
fn an_answer_to_a_survey_moves_nothing_and_counts_in_time() {
    for column in COLUMNS {
        let mut bench = standing_at(column);
        bench.happens(&Happening::SurveyAsked { message: MessageId(3) });
        let scored = |score| Happening::Scored { score, message: Some(MessageId(4)) };
        assert_eq!(outcome(bench.clone(), &Deed::Happen(scored(4))), "=", "{column}");
        let waiting = bench.ticket().waiting.clone();
        bench.wait(DAY).happens(&scored(4));
        assert_eq!(bench.happens(&scored(4)), [], "the same again is no answer");
        assert_eq!(bench.wait(DAY).happens(&scored(2)).len(), 1, "changed within a day");
        assert_eq!(bench.wait(Duration::from_secs(1)).happens(&scored(5)), [], "too late");
        let survey = bench.ticket().survey.as_ref().expect("it was asked");
        assert_eq!((survey.score, &bench.ticket().waiting), (Some(2), &waiting), "{column}");
        bench.happens(&Happening::SurveyAsked { message: MessageId(9) });
        assert_eq!(bench.wait(8 * DAY).happens(&scored(5)), [], "a week is over");
    }
}

#[test]
fn every_timer_comes_when_it_is_due_and_not_before() {
    let mut bench = standing_at("I mia");
    bench.writes(Writer::Desk("mia".into()));
    let spoke = bench.now;
    for (days, status) in [(2, Status::Pending), (9, Status::Resolved), (12, Status::Closed)] {
        let (due, what) = next_wake(bench.ticket(), &bench.rules).expect("a timer");
        assert_eq!((due, &what), (spoke + days * DAY, &Happening::Inactive));
        bench.now = due - Duration::from_millis(1);
        assert_eq!(bench.happens(&what), []);
        bench.now = due;
        bench.happens(&what);
        assert_eq!(bench.ticket().standing.status, status);
        assert_eq!(bench.happens(&what), [], "a second time it is too early");
    }
    assert_eq!(next_wake(bench.ticket(), &bench.rules), None);

    // A reply in Resolved restarts the time, and so does a thanks.
    let mut bench = standing_at("R mia");
    bench.wait(DAY / 2);
    bench.happens(&wrote(Writer::Customer, true));
    assert_eq!(next_wake(bench.ticket(), &bench.rules).map(|(due, _)| due), Some(bench.now + 3 * DAY));
    bench.wait(DAY).does("mia", reply());
    bench.writes(Writer::Desk("mia".into()));
    assert_eq!(next_wake(bench.ticket(), &bench.rules).map(|(due, _)| due), Some(bench.now + 3 * DAY));

    // Without the rules nothing moves by itself.
    bench.rules.auto_close_after = None;
    assert_eq!(next_wake(bench.ticket(), &bench.rules), None);
}

#[test]
fn import_leaves_the_young_and_closes_what_is_closed_in_telegram() {
    let mut bench = Bench::new();
    bench.writes(Writer::Customer);
    bench.wait(14 * DAY);
    assert_eq!(bench.happens(&Happening::Import), []);
    bench.happens(&Happening::TopicClosed { by: Role::Customer });
    bench.wait(DAY);
    bench.happens(&Happening::Import);
    assert_eq!((bench.ticket().standing.status, bench.ticket().imported), (Status::Closed, true));
    bench.writes(Writer::Customer);
    assert_eq!((bench.ticket().standing.status, bench.ticket().imported), (Status::Open, false));

    let mut silent = Bench::new();
    silent.wait(15 * DAY);
    silent.happens(&Happening::Import);
    assert_eq!(silent.ticket().standing.status, Status::Closed, "a topic without a message asks nothing");
}

#[test]
fn waiting_starts_once_and_ends_with_an_answer() {
    let mut bench = standing_at("A mia");
    let first = bench.writes(Writer::Customer);
    let since = bench.now;
    bench.wait(HOUR);
    let second = bench.writes(Writer::Participant);
    assert_eq!(bench.ticket().waiting, Some(Waiting { since, messages: vec![first, second], more: 0 }));
    assert_eq!(bench.ticket().first_asked_at, Some(since));

    // Accepted is not delivered.
    bench.wait(HOUR).does("tom", reply());
    assert!(bench.ticket().waiting.is_some() && bench.ticket().first_response_at.is_none());
    assert_eq!(bench.ticket().standing.status, Status::InProgress);
    bench.wait(HOUR).writes(Writer::Desk("tom".into()));
    assert_eq!(bench.ticket().waiting, None);
    assert_eq!(metrics::first_response(bench.ticket()), Some(3 * HOUR));
    assert_eq!(bench.ticket().standing.assignee, Some("mia".into()), "who helps out does not take the ticket");

    // A second answer is not the first.
    bench.wait(HOUR).writes(Writer::Colleague);
    assert_eq!(metrics::first_response(bench.ticket()), Some(3 * HOUR));
    bench.writes(Writer::Customer);
    bench.does("mia", Command::NoReplyNeeded { ticket: KEY });
    assert_eq!(bench.ticket().waiting, None);
    let decision = bench.asks("mia", &Command::NoReplyNeeded { ticket: KEY }).expect("not refused");
    assert!(decision.events.is_empty() && decision.notice.is_some());
}

#[test]
fn deleting_all_unanswered_messages_ends_waiting_and_a_part_does_not_move_it() {
    let mut bench = standing_at("A mia");
    let first = bench.writes(Writer::Customer);
    let since = bench.now;
    bench.wait(HOUR);
    let second = bench.writes(Writer::Customer);
    bench.happens(&Happening::Deleted { message: first });
    assert_eq!(bench.ticket().waiting.as_ref().map(|waiting| waiting.since), Some(since));
    bench.happens(&Happening::Edited { message: second, answered: false });
    bench.happens(&Happening::Deleted { message: MessageId(1) });
    assert!(bench.ticket().waiting.is_some());
    bench.happens(&Happening::Deleted { message: second });
    assert_eq!((&bench.ticket().waiting, bench.ticket().first_asked_at), (&None, None));

    // A flood is bounded, and as long as one of it may be left, the customer waits.
    let flood: Vec<_> = (0..Waiting::KEPT + 5).map(|_| bench.writes(Writer::Customer)).collect();
    let waiting = bench.ticket().waiting.clone().expect("waits");
    assert_eq!((waiting.messages.len(), waiting.more), (Waiting::KEPT, 5));
    for message in flood {
        bench.happens(&Happening::Deleted { message });
    }
    assert!(bench.ticket().waiting.is_some());
}

#[test]
fn pending_on_the_customer_needs_an_answer_first() {
    let mut bench = standing_at("A mia");
    bench.writes(Writer::Customer);
    let on_customer = pending(PendingReason::Customer, None);
    assert_eq!(bench.asks("mia", &on_customer), Err(Refusal::CustomerWaits(KEY)));
    bench.does("mia", pending(PendingReason::Internal, None));
    assert_eq!(bench.asks("mia", &on_customer), Err(Refusal::CustomerWaits(KEY)));
    bench.does("mia", reply());
    assert_eq!(bench.asks("mia", &on_customer), Err(Refusal::CustomerWaits(KEY)), "the answer is not there yet");
    bench.writes(Writer::Desk("mia".into()));
    bench.does("mia", on_customer);

    let past = bench.now;
    assert_eq!(bench.asks("mia", &pending(PendingReason::Internal, Some(past))), Err(Refusal::Past(past)));
    assert_eq!(bench.asks("mia", &snooze(Some(past))), Err(Refusal::Past(past)));
}

#[test]
fn a_refused_claim_says_who_has_it_and_since_when() {
    let mut bench = Bench::new();
    bench.wait(HOUR).does("mia", Command::Claim { ticket: KEY });
    let since = bench.now;
    bench.wait(HOUR).does("mia", reply());
    let refusal = bench.asks("tom", &Command::Claim { ticket: KEY });
    assert_eq!(refusal, Err(Refusal::Taken { ticket: KEY, assignee: "mia".into(), since }));
    let mine = bench.asks("mia", &Command::Claim { ticket: KEY }).expect("not refused");
    assert!(mine.events.is_empty());
}

#[test]
fn a_reply_is_checked_before_it_moves_anything() {
    let mut bench = standing_at("A mia");
    let with = |text: &str| Command::Reply {
        ticket: KEY,
        text: text.to_owned(),
        reply_to: None,
        hold: true,
        seen: None,
        file: None,
        along: Along::default(),
    };
    assert_eq!(bench.asks("mia", &with(" \n")), Err(Refusal::EmptyText));
    assert_eq!(bench.asks("mia", &with(&"x".repeat(40_961))), Err(Refusal::TooLong(40_961, 40_960)));
    let unfilled = bench.asks("mia", &with("Hello, your {{?order number}} is on its way"));
    assert_eq!(unfilled, Err(Refusal::Unfilled("{{?order number}}".to_owned())));
    assert_eq!(bench.asks("mia", &Command::Note { ticket: KEY, text: "\t".to_owned() }), Err(Refusal::EmptyText));
    bench.happens(&Happening::TopicDeleted);
    assert_eq!(bench.asks("mia", &with("Hello")), Err(Refusal::TopicGone(KEY)));
    assert_eq!(bench.asks("mia", &Command::Reopen { ticket: KEY }), Err(Refusal::TopicGone(KEY)));
}

#[test]
fn undo_takes_back_ones_own_newest_move_and_nothing_else() {
    let undo = |event| Command::Undo { ticket: KEY, event };
    let reason = |result: Result<Decision, Refusal>| match result {
        Err(Refusal::NotUndoable(why)) => why,
        other => panic!("{other:?}"),
    };
    let mut bench = standing_at("I mia");
    let until = bench.now + DAY;
    let before = bench.ticket().clone();
    bench.does("tom", pending(PendingReason::ThirdParty, Some(until)));
    let event = bench.newest();
    assert!(reason(bench.asks("mia", &undo(event))).contains("tom"));
    assert!(reason(bench.asks("tom", &undo(EventId(1)))).contains("newest"));
    bench.wait(Duration::from_secs(30)).does("tom", undo(event));
    assert_eq!(bench.ticket(), &before, "as if it never happened");
    assert!(reason(bench.asks("tom", &undo(event))).contains("newest"), "once only");

    bench.does("tom", Command::TakeOver { ticket: KEY });
    let event = bench.newest();
    bench.wait(Duration::from_millis(30_001));
    assert!(reason(bench.asks("tom", &undo(event))).contains("30 seconds"));

    // Somebody else's move is newer.
    bench.does("tom", Command::Resolve { ticket: KEY });
    let event = bench.newest();
    bench.writes(Writer::Customer);
    assert!(reason(bench.asks("tom", &undo(event))).contains("newest"));
    assert!(reason(bench.asks("tom", &undo(bench.newest()))).contains("nobody"));

    // A message in between would have reopened it.
    let mut bench = standing_at("C nobody");
    bench.does("mia", Command::Reopen { ticket: KEY });
    let (event, closed) = (bench.newest(), standing_at("C nobody").ticket().clone());
    let mut quiet = bench.clone();
    quiet.does("mia", undo(event));
    assert_eq!(quiet.ticket(), &closed, "the new episode never began");
    bench.writes(Writer::Customer);
    assert!(reason(bench.asks("mia", &undo(event))).contains("written"));
}

#[test]
fn undoing_the_move_of_a_reply_leaves_the_message_counted() {
    let mut bench = Bench::new();
    bench.writes(Writer::Customer);
    bench.does("mia", reply());
    bench.writes(Writer::Desk("mia".into()));
    let event = bench.newest();
    bench.does("mia", Command::Undo { ticket: KEY, event });
    let ticket = bench.ticket();
    assert_eq!((ticket.standing.status, &ticket.standing.assignee), (Status::Open, &None));
    assert!(ticket.waiting.is_none() && ticket.first_response_at.is_some());
}

#[test]
fn thanks_count_only_soon_after_resolving() {
    let mut bench = standing_at("I mia");
    bench.writes(Writer::Customer);
    bench.writes(Writer::Desk("mia".into()));
    bench.does("mia", Command::Resolve { ticket: KEY }).wait(DAY);
    let resolved_at = bench.ticket().resolved_at;
    let events = bench.happens(&wrote(Writer::Customer, true));
    assert_eq!(events, [Event::Wrote { message: MessageId(2000), writer: Writer::Customer, thanks: true }]);
    assert!(bench.ticket().thanked && bench.ticket().waiting.is_none() && bench.ticket().staff_spoke_last);
    assert_eq!(bench.ticket().resolved_at, resolved_at);
    bench.wait(Duration::from_secs(1));
    bench.happens(&wrote(Writer::Customer, true));
    assert_eq!(bench.ticket().standing.status, Status::InProgress, "a day later it is a message like any other");
    assert!(!bench.ticket().thanked && bench.ticket().waiting.is_some() && bench.ticket().resolved_at.is_none());
}

#[test]
fn an_episode_has_its_own_clocks() {
    let mut bench = standing_at("A mia");
    bench.writes(Writer::Customer);
    bench.wait(HOUR).does("mia", reply());
    bench.writes(Writer::Desk("mia".into()));
    bench.does("mia", pending(PendingReason::ThirdParty, None)).wait(2 * HOUR);
    bench.does("mia", Command::Resolve { ticket: KEY });
    assert!(bench.ticket().resolved_at.is_some());
    bench.wait(DAY).does("mia", close());
    assert!(bench.ticket().resolved_at.is_some() && bench.ticket().closed_at == Some(bench.now));

    bench.wait(DAY);
    let message = MessageId(3000);
    let events = bench.happens(&Happening::Wrote { message, writer: Writer::Customer, thanks: false });
    assert!(matches!(&events[..], [Event::Opened { episode: 2, .. }, Event::Wrote { .. }]), "{events:?}");
    let ticket = bench.ticket();
    assert_eq!((ticket.opened_at, ticket.first_asked_at), (bench.now, Some(bench.now)));
    assert_eq!((ticket.resolved_at, ticket.closed_at, ticket.first_response_at), (None, None, None));
    assert_eq!(ticket.waiting.as_ref().map(|waiting| waiting.messages.clone()), Some(vec![message]));
    assert_eq!(ticket.standing.assignee, Some("mia".into()));
    assert_eq!(ticket.customer, Some(OLENA));

    bench.does("mia", Command::Resolve { ticket: KEY });
    let [first, second] = &metrics::courses(&bench.log, &metrics::plain)[..] else { panic!("two episodes") };
    let response = |course: &metrics::Course| course.first.as_ref().map(|first| first.took);
    let done = |course: &metrics::Course| course.done.clone().expect("is done");
    assert_eq!((first.number, response(first)), (1, Some(HOUR)));
    assert_eq!((done(first).paused, done(first).took), (2 * HOUR, Some(HOUR + Duration::from_secs(60))));
    assert!(!done(first).without_response && done(second).without_response);
}

#[test]
fn a_question_after_closing_belongs_to_the_next_episode() {
    let mut bench = standing_at("C nobody");
    let question = bench.writes(Writer::Participant);
    let asked = bench.now;
    assert!(bench.ticket().flagged);
    bench.wait(HOUR).does("tom", Command::Reopen { ticket: KEY });
    let ticket = bench.ticket();
    assert_eq!(ticket.waiting, Some(Waiting { since: asked, messages: vec![question], more: 0 }));
    assert_eq!((ticket.first_asked_at, ticket.flagged, ticket.episode), (Some(asked), false, 2));
}

#[test]
fn snooze_only_hides_and_a_message_shows_it_again() {
    let mut bench = standing_at("I mia");
    let until = bench.now + HOUR;
    bench.does("mia", snooze(Some(until)));
    assert_eq!(next_wake(bench.ticket(), &bench.rules), Some((until, Happening::SnoozeEnded)));
    bench.writes(Writer::Desk("mia".into()));
    assert_eq!(bench.ticket().snoozed_until, Some(until));
    bench.writes(Writer::Customer);
    assert_eq!(bench.ticket().snoozed_until, None);

    bench.does("mia", snooze(Some(until))).wait(HOUR);
    bench.happens(&Happening::SnoozeEnded);
    assert_eq!(bench.ticket().snoozed_until, None);
    let notice = bench.asks("mia", &snooze(None)).expect("not refused").notice;
    assert!(notice.is_some_and(|text| text.contains("not snoozed")));
}

#[test]
fn what_has_nothing_to_change_says_so() {
    for (start, command) in [
        ("I mia", Command::Reopen { ticket: KEY }),
        ("A mia", Command::Claim { ticket: KEY }),
        ("A mia", Command::TakeOver { ticket: KEY }),
        ("O", Command::Release { ticket: KEY }),
        ("R mia", Command::Resolve { ticket: KEY }),
        ("C mia", Command::Close { ticket: KEY, reason: String::new() }),
        ("I mia", Command::NoReplyNeeded { ticket: KEY }),
        ("I mia", snooze(None)),
        ("I mia", Command::SetPriority { ticket: KEY, priority: Priority::Normal }),
        ("I mia", Command::SetCategory { ticket: KEY, category: None }),
        ("I mia", Command::SetTeam { ticket: KEY, team: None }),
        ("I mia", Command::Tag { ticket: KEY, add: Vec::new(), remove: vec![tag("old")] }),
        ("I mia", Command::SetCustomer { ticket: KEY, customer: OLENA }),
    ] {
        let decision = standing_at(start).asks("mia", &command).expect("not refused");
        assert!(decision.unchanged && decision.events.is_empty(), "{command:?}: {decision:?}");
        assert!(decision.notice.is_some(), "{command:?}");
    }
    // What changes something does not say that it did not, whatever else it has to say.
    let mut waits = standing_at("I mia");
    waits.writes(Writer::Customer);
    for (by, command) in [("tom", reply()), ("tom", Command::Resolve { ticket: KEY }), ("tom", close())] {
        let decision = waits.clone().asks(by, &command).expect("not refused");
        assert!(!decision.unchanged && decision.notice.is_some(), "{command:?}: {decision:?}");
    }
}

#[test]
fn resolving_a_waiting_ticket_says_so() {
    let mut bench = standing_at("A mia");
    assert_eq!(bench.clone().asks("mia", &Command::Resolve { ticket: KEY }).map(|done| done.notice), Ok(None));
    bench.writes(Writer::Customer);
    let decision = bench.asks("mia", &Command::Resolve { ticket: KEY }).expect("not refused");
    assert!(decision.notice.is_some_and(|text| text.contains("without an answer")));
    assert!(bench.ticket().waiting.is_some(), "the next response runs on in any status");
}

#[test]
fn duplicates_and_customers_that_make_no_sense_are_refused() {
    let mut bench = Bench::new();
    let duplicate = |of| Command::Duplicate { ticket: KEY, of };
    assert!(matches!(bench.asks("mia", &duplicate(KEY)), Err(Refusal::Senseless(_))));
    bench.record(vec![Event::DuplicateLinked { ticket: OTHER }], &Actor::Desk);
    assert!(matches!(bench.asks("mia", &duplicate(OTHER)), Err(Refusal::Senseless(_))), "round in a circle");
    let customer = |customer| Command::SetCustomer { ticket: KEY, customer };
    assert!(matches!(bench.asks("mia", &customer(PersonId(12))), Err(Refusal::Senseless(_))), "tom is staff");
    assert_eq!(bench.asks("mia", &customer(OLENA)).map(|same| same.events), Ok(Vec::new()));

    let mut bench = standing_at("C mia");
    bench.does("mia", duplicate(OTHER));
    assert_eq!(bench.ticket().duplicate_of, Some(OTHER));
    bench.does("mia", Command::Reopen { ticket: KEY });
    assert_eq!(bench.ticket().duplicate_of, None);
}

#[test]
fn an_assignee_is_kept_over_episodes_only_so_long_after_the_assignment() {
    let mut bench = standing_at("C mia");
    let assigned_at = bench.ticket().assigned_at;
    bench.wait(6 * DAY).writes(Writer::Customer);
    assert_eq!(bench.ticket().standing.assignee, Some("mia".into()));
    assert_eq!(bench.ticket().assigned_at, assigned_at, "it did not come to mia again");
    bench.does("mia", close()).wait(2 * DAY).writes(Writer::Customer);
    assert_eq!((bench.ticket().standing.status, bench.ticket().episode), (Status::Open, 3));
}

#[test]
fn what_was_closed_unanswered_does_not_wait_in_the_next_episode() {
    let mut bench = standing_at("A mia");
    bench.writes(Writer::Customer);
    let mut at_once = bench.clone();
    bench.wait(HOUR).does("mia", close()).wait(HOUR).does("tom", Command::Reopen { ticket: KEY });
    assert_eq!((&bench.ticket().waiting, bench.ticket().first_asked_at), (&None, None));
    // Within one second the order tells what came first.
    at_once.does("mia", close()).wait(HOUR).does("tom", Command::Reopen { ticket: KEY });
    assert_eq!((&at_once.ticket().waiting, at_once.ticket().first_asked_at), (&None, None));
}

#[test]
fn a_flag_goes_when_somebody_has_looked() {
    let flagged = || {
        let mut bench = standing_at("R mia");
        bench.writes(Writer::Participant);
        assert!(bench.ticket().flagged);
        bench
    };
    let gone = |bench: &Bench| assert!(!bench.ticket().flagged);
    gone(flagged().does("mia", close()));
    gone(flagged().does("mia", Command::NoReplyNeeded { ticket: KEY }));
    let mut answered = flagged();
    answered.writes(Writer::Colleague);
    gone(&answered);
    let mut forgotten = flagged();
    forgotten.wait(4 * DAY).happens(&Happening::Inactive);
    assert_eq!((forgotten.ticket().standing.status, forgotten.ticket().flagged), (Status::Closed, true));
}

#[test]
fn marks_of_what_is_done_do_not_outlive_it() {
    let mut bench = standing_at("R mia");
    bench.happens(&wrote(Writer::Customer, true));
    assert!(bench.ticket().thanked);
    bench.does("mia", Command::Reopen { ticket: KEY });
    assert!(!bench.ticket().thanked);

    let until = bench.now + DAY;
    bench.does("mia", snooze(Some(until))).does("mia", Command::Resolve { ticket: KEY });
    assert_eq!(bench.ticket().snoozed_until, None, "it must not come back hidden");
    let event = bench.newest();
    bench.does("mia", Command::Undo { ticket: KEY, event });
    assert_eq!(bench.ticket().snoozed_until, Some(until));

    // A closing taken back, with an answer from outside in between.
    bench.does("mia", close());
    let event = bench.newest();
    bench.writes(Writer::Colleague);
    assert!(bench.ticket().outside);
    let mut taken_back = bench.clone();
    taken_back.does("mia", Command::Undo { ticket: KEY, event });
    assert!(!taken_back.ticket().outside);
    bench.happens(&Happening::TopicDeleted);
    let refusal = bench.asks("mia", &Command::Undo { ticket: KEY, event });
    assert!(matches!(refusal, Err(Refusal::NotUndoable(why)) if why.contains("deleted")));
}

#[test]
fn of_several_timers_the_earliest_comes_first() {
    let mut bench = standing_at("I mia");
    bench.writes(Writer::Desk("mia".into()));
    let (early, late) = (bench.now + HOUR, bench.now + 40 * DAY);
    bench.does("mia", snooze(Some(late)));
    assert_eq!(next_wake(bench.ticket(), &bench.rules).map(|(_, what)| what), Some(Happening::Inactive));
    bench.does("mia", snooze(Some(early)));
    assert_eq!(next_wake(bench.ticket(), &bench.rules), Some((early, Happening::SnoozeEnded)));

    // Until its date nothing else ends a pending, and only what staff has answered becomes pending by itself.
    bench.does("mia", snooze(None)).does("mia", pending(PendingReason::Customer, Some(late)));
    assert_eq!(next_wake(bench.ticket(), &bench.rules), Some((late, Happening::UntilReached)));
    let mut asked = standing_at("I mia");
    asked.writes(Writer::Customer);
    asked.does("mia", Command::NoReplyNeeded { ticket: KEY });
    assert_eq!(next_wake(asked.ticket(), &asked.rules), None);
}

#[test]
fn the_activity_log_speaks_in_words() {
    let mut bench = Bench::new();
    let mut lines = Vec::new();
    let monday = Timestamp::parse_rfc3339("2026-11-23T09:00:00Z").expect("a date");
    for (by, command) in [
        ("tom", Command::Claim { ticket: KEY }),
        ("mia", Command::TakeOver { ticket: KEY }),
        ("mia", Command::Assign { ticket: KEY, to: "ann".into(), note: None }),
        ("ann", reply()),
        ("ann", pending(PendingReason::Customer, Some(monday))),
        ("ann", Command::Release { ticket: KEY }),
        ("mia", close()),
        ("mia", Command::Reopen { ticket: KEY }),
    ] {
        let before = bench.ticket.clone();
        let decision = bench.asks(by, &command).expect("not refused");
        lines.extend(decision.events.iter().filter_map(|event| describe(event, before.as_ref(), by)));
    }
    let before = bench.ticket.clone();
    let undone = Event::Undone { event: bench.newest() };
    lines.extend(describe(&undone, before.as_ref(), "you"));
    lines.extend(describe(&Event::Renamed { title: "Sound".to_owned() }, before.as_ref(), "Olena"));
    assert_eq!(
        lines,
        [
            "tom claimed, status Open → Assigned",
            "mia took over from tom",
            "mia assigned mia → ann",
            "ann wrote a reply, status Assigned → In progress",
            "ann set pending until Mon 23 Nov 09:00 UTC: waiting on customer, status In progress → Pending",
            "ann released",
            "mia closed: spam, status Pending → Closed",
            "mia reopened, episode 2 begins, status Closed → Open",
            "you took back: reopened",
            "Olena renamed the topic “No sound” → “Sound”",
        ]
    );
    let message = MessageId(1);
    for silent in [
        Event::Wrote { message, writer: Writer::Customer, thanks: false },
        Event::Edited { message },
        Event::Deleted { message },
        Event::Noted { entry: EntryId(1), mentions: Vec::new() },
        Event::LanguageSet { language: "de".to_owned() },
        Event::CustomerSet { customer: OLENA },
    ] {
        assert_eq!(describe(&silent, None, "mia"), None);
    }
}

#[test]
fn medians_and_percentiles() {
    let spans = |list: &[u64]| list.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    assert_eq!(metrics::median(&mut []), None);
    assert_eq!(metrics::median(&mut spans(&[9, 1, 5])), Some(Duration::from_secs(5)));
    assert_eq!(metrics::median(&mut spans(&[4, 1, 2, 9])), Some(Duration::from_secs(3)));
    assert_eq!(metrics::percentile(&mut [], 90), None);
    let mut hundred = spans(&(1..=100).rev().collect::<Vec<_>>());
    for (percent, seconds) in [(0, 1), (1, 1), (50, 50), (90, 90), (100, 100), (255, 100)] {
        assert_eq!(metrics::percentile(&mut hundred, percent), Some(Duration::from_secs(seconds)), "{percent}");
    }
}

/// A step of a random life.
#[derive(Clone, Debug)]
enum Step {
    Ask(&'static str, Command),
    /// Undo the newest move, or some event by number.
    Undo(&'static str, Option<i64>),
    Happen(Happening),
    Away(bool),
    Wait(Duration),
    /// Let time do what it has to do next.
    Wake,
}

fn agents() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["mia", "tom", "ann"])
}

/// A date: long gone when negative, else so many minutes after the beginning.
fn date() -> impl Strategy<Value = Timestamp> {
    (-100i64..200_000).prop_map(|minutes| Timestamp::from_unix(1_795_000_000 + minutes * 60))
}

fn command() -> impl Strategy<Value = Command> {
    let ticket = KEY;
    prop_oneof![
        Just(Command::Claim { ticket }),
        prop::sample::select(vec!["mia", "tom", "bob"]).prop_map(move |to| Command::Assign {
            ticket,
            to: to.into(),
            note: None
        }),
        Just(Command::TakeOver { ticket }),
        Just(Command::Release { ticket }),
        Just(reply()),
        (prop::sample::select(PendingReason::ALL.to_vec()), prop::option::of(date()))
            .prop_map(|(reason, until)| pending(reason, until)),
        Just(Command::Resolve { ticket }),
        Just(Command::Reopen { ticket }),
        Just(close()),
        Just(Command::Duplicate { ticket, of: OTHER }),
        Just(Command::NoReplyNeeded { ticket }),
        prop::option::of(date()).prop_map(snooze),
        prop::sample::select(Priority::ALL.to_vec())
            .prop_map(move |priority| Command::SetPriority { ticket, priority }),
        ("[a-c]", "[a-c]").prop_map(move |(add, remove)| Command::Tag {
            ticket,
            add: vec![tag(&add)],
            remove: vec![tag(&remove)]
        }),
        prop::option::of("[a-c]")
            .prop_map(move |word| Command::SetCategory { ticket, category: word.and_then(|word| word.parse().ok()) }),
        (1i64..20).prop_map(move |id| Command::SetCustomer { ticket, customer: PersonId(id) }),
    ]
}

fn writer() -> impl Strategy<Value = Writer> {
    prop_oneof![
        3 => Just(Writer::Customer),
        1 => Just(Writer::Participant),
        1 => agents().prop_map(|name| Writer::Desk(name.into())),
        1 => agents().prop_map(|name| Writer::Native(name.into())),
        1 => Just(Writer::Colleague),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let role = prop_oneof![
        Just(Role::Customer),
        Just(Role::Participant),
        Just(Role::Agent("mia".into())),
        Just(Role::Colleague),
        Just(Role::Automation),
    ];
    let message = || (1i32..60).prop_map(MessageId);
    prop_oneof![
        12 => (message(), writer(), any::<bool>())
            .prop_map(|(message, writer, thanks)| Happening::Wrote { message, writer, thanks }),
        3 => message().prop_map(|message| Happening::Deleted { message }),
        1 => (message(), any::<bool>()).prop_map(|(message, answered)| Happening::Edited { message, answered }),
        1 => any::<bool>().prop_map(|gone| Happening::CustomerGone { gone }),
        1 => "[a-c]".prop_map(|title| Happening::Renamed { title }),
        1 => role.prop_map(|by| Happening::TopicClosed { by }),
        1 => Just(Happening::TopicReopened),
        1 => Just(Happening::Nudged),
        1 => Just(Happening::ResolutionTold),
        1 => message().prop_map(|message| Happening::SurveyAsked { message }),
        2 => (1u8..6).prop_map(|score| Happening::Scored { score, message: None }),
        1 => Just(Happening::UntilReached),
        1 => Just(Happening::SnoozeEnded),
        1 => Just(Happening::Inactive),
        1 => Just(Happening::Import),
        1 => "de|uk".prop_map(|language| Happening::LanguageGuessed { language }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (agents(), command()).prop_map(|(by, command)| Step::Ask(by, command)),
        4 => agents().prop_map(|by| Step::Undo(by, None)),
        1 => (agents(), 0i64..60).prop_map(|(by, event)| Step::Undo(by, Some(event))),
        10 => happening().prop_map(Step::Happen),
        1 => prop::bool::weighted(0.1).prop_map(|gone| {
            if gone { Step::Happen(Happening::TopicDeleted) } else { Step::Happen(Happening::TopicReopened) }
        }),
        1 => any::<bool>().prop_map(Step::Away),
        3 => (0u64..40).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
        2 => (0u64..400).prop_map(|hours| Step::Wait(Duration::from_secs(hours * 3600))),
        3 => Just(Step::Wake),
    ]
}

/// What holds for every ticket at any time.
fn check(ticket: &Ticket) {
    let standing = &ticket.standing;
    let status = standing.status;
    match status {
        Status::Open => assert_eq!(standing.assignee, None, "Open is nobody's"),
        Status::Assigned | Status::InProgress => assert!(standing.assignee.is_some(), "{status} is somebody's"),
        Status::Pending | Status::Resolved | Status::Closed => {}
    }
    assert_eq!(standing.pending.is_some(), status == Status::Pending);
    assert_eq!(standing.assignee.is_some(), ticket.assigned_at.is_some());
    assert_eq!(ticket.closed_at.is_some(), status == Status::Closed);
    assert!(ticket.resolved_at.is_none() || !status.is_live());
    assert!(ticket.resolved_at.is_some() || status != Status::Resolved);
    assert!(ticket.duplicate_of.is_none() || status == Status::Closed);
    assert!(!ticket.outside || status == Status::Closed);
    assert!(!(ticket.thanked || ticket.imported) || !status.is_live());
    assert!(ticket.first_response_at.is_none() || ticket.first_asked_at.is_some());
    assert!(ticket.waiting.is_none() || ticket.first_asked_at.is_some());
    if standing.pending.as_ref().is_some_and(|pending| pending.reason == PendingReason::Customer) {
        assert_eq!(ticket.waiting, None, "who waits is not waited for");
    }
    if ticket.topic_gone {
        assert_eq!(status, Status::Closed);
    }
}

/// Does one step; the ticket in the bench is the fold made step by step.
fn live(bench: &mut Bench, step: Step) {
    match step {
        Step::Ask(by, command) => drop(bench.asks(by, &command)),
        Step::Undo(by, event) => {
            let Some(newest) = bench.ticket().last_move.as_ref().map(|last| last.event) else { return };
            let event = event.map_or(newest, EventId);
            if bench.asks(by, &Command::Undo { ticket: KEY, event }).is_ok() {
                assert_eq!(event, newest);
            }
        }
        Step::Happen(what) => drop(bench.happens(&what)),
        Step::Away(away) => bench.away = away,
        Step::Wait(span) => drop(bench.wait(span)),
        Step::Wake => {
            // Time does everything that is due by then in a few steps, each of which changes what comes next.
            for _ in 0..6 {
                let Some((due, what)) = next_wake(bench.ticket(), &bench.rules) else { return };
                bench.now = bench.now.max(due);
                assert_ne!(bench.happens(&what), [], "{what:?} is due");
                assert_ne!(next_wake(bench.ticket(), &bench.rules), Some((due, what)));
            }
            panic!("a ticket that nobody touches comes to rest");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_life_keeps_the_rules(steps in prop::collection::vec(step(), 1..60)) {
        let mut bench = Bench::new();
        for step in steps {
            live(&mut bench, step);
            check(bench.ticket());
            prop_assert_eq!(&fold(&bench.log), &bench.ticket);
        }
        // Undone is as if it never happened: a log from which both are torn out gives the same ticket.
        let undone: Vec<EventId> = bench.log.iter().filter_map(|recorded| match recorded.event {
            Event::Undone { event } => Some(event),
            _ => None,
        }).collect();
        let mut torn = bench.log.clone();
        torn.retain(|recorded| !matches!(recorded.event, Event::Undone { .. }) && !undone.contains(&recorded.id));
        prop_assert_eq!(torn.len(), bench.log.len() - 2 * undone.len());
        prop_assert_eq!(effective(&bench.log).count(), torn.len());
        let plain = torn.iter().fold(None, apply);
        prop_assert_eq!(&plain, &bench.ticket);
        // What is stored comes back as it was.
        let json = serde_json::to_string(&bench.log).expect("serialises");
        let read: Vec<Recorded> = serde_json::from_str(&json).expect("parses");
        prop_assert_eq!(&fold(&read), &bench.ticket);
        // Episodes are counted as they were opened.
        let episodes = metrics::courses(&bench.log, &metrics::plain);
        prop_assert_eq!(episodes.len(), bench.ticket().episode as usize);
        let last = episodes.last().expect("at least one");
        let response = last.first.as_ref().map(|first| first.took);
        prop_assert_eq!(response, metrics::first_response(bench.ticket()));
    }

    #[test]
    fn any_log_can_be_folded(picks in prop::collection::vec((0usize..64, 0i64..12), 0..40)) {
        // The events of a real life, in any order and as often as chance has it, and undoing of anything.
        let mut bench = Bench::new();
        for step in [
            Step::Happen(wrote(Writer::Customer, false)),
            Step::Ask("mia", reply()),
            Step::Ask("mia", pending(PendingReason::Internal, None)),
            Step::Ask("mia", snooze(Some(bench.now + DAY))),
            Step::Happen(wrote(Writer::Participant, false)),
            Step::Happen(Happening::Deleted { message: MessageId(2000) }),
            Step::Ask("tom", Command::Duplicate { ticket: KEY, of: OTHER }),
            Step::Happen(wrote(Writer::Native("tom".into()), false)),
            Step::Happen(wrote(Writer::Customer, false)),
            Step::Happen(Happening::TopicDeleted),
        ] {
            live(&mut bench, step);
        }
        let mut log = Vec::new();
        for (place, (pick, undone)) in picks.into_iter().enumerate() {
            let mut recorded = match bench.log.get(pick) {
                Some(recorded) => recorded.clone(),
                None => Recorded { event: Event::Undone { event: EventId(undone) }, ..bench.log[0].clone() },
            };
            recorded.id = EventId(i64::try_from(place).expect("short"));
            log.push(recorded);
        }
        let folded = fold(&log);
        prop_assert_eq!(&folded, &effective(&log).fold(None, apply));
        let opened = effective(&log).any(|recorded| matches!(recorded.event, Event::Opened { .. }));
        prop_assert_eq!(folded.is_some(), opened);
        if let Some(ticket) = &folded {
            let rules = rules();
            let context = Context { rules: &rules, at: bench.now, assignee_away: false, answering: false };
            for recorded in &bench.log {
                describe(&recorded.event, Some(ticket), "mia");
            }
            if let Some((_, what)) = next_wake(ticket, &rules) {
                happen(ticket, &what, &context);
            }
        }
    }
}

#[test]
fn what_nobody_did_names_nobody() {
    let moved = |why| Event::Moved { standing: topicdesk::desk::ticket::Standing::NEW, why };
    for why in [Why::UntilReached, Why::Inactive, Why::Imported, Why::TopicDeleted] {
        let line = describe(&moved(why), None, "the desk").expect("a line");
        assert!(!line.contains("the desk"), "what nobody did names nobody: {line}");
    }
}
