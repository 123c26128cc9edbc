//! Worked examples of DESIGN §4's clocks.

use super::*;
use crate::desk::ids::{EntryId, EventId, GroupId, MessageId, TopicId};
use crate::desk::ticket::{Pending, PendingReason, Standing};

const KEY: TicketKey = TicketKey { group: GroupId(77), topic: TopicId(5) };

/// A minute of the day on which everything happens.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_unix(1_795_000_000 + minute * 60)
}

fn minutes(span: Duration) -> u64 {
    span.as_secs() / 60
}

fn mia() -> AgentName {
    AgentName::from("mia")
}

#[derive(Default)]
struct Log(Vec<Recorded>);

impl Log {
    fn put(mut self, minute: i64, by: Actor, event: Event) -> Log {
        let id = EventId(self.0.len() as i64 + 1);
        self.0.push(Recorded { id, ticket: KEY, at: at(minute), by, event });
        self
    }

    fn opened(self, minute: i64, episode: u32, standing: Standing) -> Log {
        let why = (episode > 1).then_some(Why::CustomerWrote);
        self.put(minute, Actor::Desk, Event::Opened { episode, title: "t".to_owned(), standing, why })
    }

    fn wrote(self, minute: i64, message: i32, writer: Writer) -> Log {
        self.put(minute, Actor::Desk, Event::Wrote { message: MessageId(message), writer, thanks: false })
    }

    fn moved(self, minute: i64, by: Actor, status: Status, why: Why) -> Log {
        let reason = PendingReason::ThirdParty;
        let pending = (status == Status::Pending).then_some(Pending { reason, until: None });
        let standing = Standing { status, assignee: Some(mia()), pending };
        self.put(minute, by, Event::Moved { standing, why })
    }

    fn by_mia(self, minute: i64, status: Status, why: Why) -> Log {
        self.moved(minute, Actor::Agent(mia()), status, why)
    }

    fn undone(self, minute: i64, event: i64) -> Log {
        self.put(minute, Actor::Agent(mia()), Event::Undone { event: EventId(event) })
    }

    fn courses(&self) -> Vec<Course> {
        courses(&self.0, &plain)
    }
}

/// Asked at 10, answered at 25, asked at 40 and 50, answered at 70, pending from 80 to 200, resolved at 230.
fn ordinary() -> Log {
    Log::default()
        .opened(10, 1, Standing::NEW)
        .wrote(10, 1, Writer::Customer)
        .by_mia(20, Status::Assigned, Why::Claimed)
        .wrote(25, 2, Writer::Desk(mia()))
        .wrote(40, 3, Writer::Customer)
        .wrote(50, 4, Writer::Participant)
        .wrote(70, 5, Writer::Native("tom".into()))
        .wrote(75, 6, Writer::Desk(mia()))
        .by_mia(80, Status::Pending, Why::SetPending)
        .moved(200, Actor::Desk, Status::InProgress, Why::UntilReached)
        .by_mia(230, Status::Resolved, Why::Resolved)
}

#[test]
fn an_ordinary_episode() {
    let all = ordinary().courses();
    let [course] = &all[..] else { panic!("{all:?}") };
    let first = course.first.as_ref().expect("answered");
    assert_eq!((minutes(first.took), &first.by), (15, &Who::Agent(mia())));
    let [next] = &course.next[..] else { panic!("a later message does not move a wait: {:?}", course.next) };
    assert_eq!((minutes(next.took), next.by.name()), (30, "tom"));
    let done = course.done.as_ref().expect("resolved");
    assert_eq!((done.at, done.took.map(minutes), done.by.name()), (at(230), Some(220 - 120), "mia"));
    assert!(!done.without_response);
    assert_eq!(course.outside, [(at(70), Who::Agent("tom".into()))]);
    let holds: Vec<_> = course.holds.iter().map(|hold| (hold.from, hold.live, hold.assignee.is_some())).collect();
    assert_eq!(holds, [(at(10), true, false), (at(20), true, true), (at(230), false, true)]);
}

#[test]
fn what_a_span_is_worth_is_the_callers() {
    // A clock that runs in the first hour only.
    let hour = |from: Timestamp, to: Timestamp| to.min(at(60)).since(from.min(at(60)));
    let all = courses(&ordinary().0, &hour);
    let spans: Vec<u64> = all[0].next.iter().map(|answer| minutes(answer.took)).collect();
    assert_eq!(spans, [20]);
    assert_eq!(all[0].done.as_ref().and_then(|done| done.took).map(minutes), Some(50));
}

#[test]
fn what_was_undone_did_not_happen() {
    let taken_back = ordinary().undone(231, 11);
    assert_eq!(taken_back.courses()[0].done, None);
    assert!(taken_back.courses()[0].holds.iter().all(|hold| hold.live));
    // Undone and done again: counted once, at the last time.
    let again = taken_back.by_mia(240, Status::Resolved, Why::Resolved);
    assert_eq!(again.courses()[0].done.as_ref().map(|done| done.at), Some(at(240)));
    assert!(again.courses()[0].reopens.is_empty());
}

#[test]
fn a_survey_counts_once_with_its_last_score() {
    let said = |score| Event::SurveyAnswered { score, message: None };
    let log = ordinary().put(240, Actor::Desk, said(2)).put(900, Actor::Desk, said(4));
    let all = log.courses();
    let [course] = &all[..] else { panic!("{all:?}") };
    assert_eq!(course.survey, Some((at(240), 4, Who::Agent(mia()))));
    // The next episode has one of its own.
    let all = log.opened(1000, 2, Standing::NEW).wrote(1000, 7, Writer::Customer).courses();
    let [first, second] = &all[..] else { panic!("{all:?}") };
    assert_eq!((first.survey.is_some(), second.survey.is_some()), (true, false));
}

#[test]
fn a_reopened_ticket_is_resolved_at_the_last_time() {
    let log = ordinary()
        .wrote(300, 7, Writer::Customer)
        .moved(300, Actor::Desk, Status::InProgress, Why::CustomerWrote)
        .wrote(310, 8, Writer::Desk(mia()))
        .moved(400, Actor::Desk, Status::Resolved, Why::Inactive)
        .moved(500, Actor::Desk, Status::Closed, Why::Inactive);
    let all = log.courses();
    let [course] = &all[..] else { panic!("{all:?}") };
    assert_eq!(course.reopens, [Reopen { at: at(300), done_by: Who::Agent(mia()) }]);
    let done = course.done.as_ref().expect("resolved");
    // Closing what is resolved resolves nothing; what the clock does is the assignee's.
    assert_eq!((done.at, done.by.name(), done.took.map(minutes)), (at(400), "mia", Some(390 - 120)));

    // Reopened from Closed: the next episode, with clocks of its own.
    let all = log.opened(600, 2, Standing::NEW).wrote(600, 9, Writer::Customer).courses();
    let [_, second] = &all[..] else { panic!("{all:?}") };
    assert_eq!((second.number, second.reopens.len(), second.opened_at), (2, 1, at(600)));
    assert_eq!((&second.first, &second.done), (&None, &None));
}

#[test]
fn waits_that_no_answer_ended_are_no_responses() {
    let asked = || Log::default().opened(0, 1, Standing::NEW).wrote(0, 1, Writer::Customer);
    let needless = asked().put(5, Actor::Agent(mia()), Event::NoReplyNeeded).wrote(9, 2, Writer::Desk(mia()));
    // The first question stays the first question; nobody waited a second time.
    assert_eq!(needless.courses()[0].first.as_ref().map(|first| minutes(first.took)), Some(9));
    let answered = asked().wrote(5, 2, Writer::Colleague).wrote(10, 3, Writer::Customer);
    let deleted =
        answered.put(12, Actor::Desk, Event::Deleted { message: MessageId(3) }).wrote(15, 4, Writer::Colleague);
    assert_eq!((deleted.courses()[0].next.len(), deleted.courses()[0].outside.len()), (0, 2));
    // A reply that came to be known after what it stands before answers nothing.
    let late = asked().wrote(5, 3, Writer::Desk(mia())).wrote(6, 10, Writer::Customer).wrote(7, 9, Writer::Desk(mia()));
    assert_eq!(late.courses()[0].next, []);
    let closed = asked().by_mia(8, Status::Closed, Why::Closed { reason: "spam".to_owned() });
    assert!(closed.courses()[0].done.as_ref().is_some_and(|done| done.without_response));
}

#[test]
fn what_was_put_away_was_never_work() {
    let asked = || Log::default().opened(0, 1, Standing::NEW).wrote(0, 1, Writer::Customer);
    let imported = asked().moved(90_000, Actor::Desk, Status::Resolved, Why::Imported);
    let course = &imported.courses()[0];
    assert_eq!((&course.done, &course.holds[..]), (&None, &[][..]));
    // It comes back: work from then on, and how long it took to resolve is not known.
    let back = imported
        .wrote(90_100, 2, Writer::Customer)
        .moved(90_100, Actor::Desk, Status::InProgress, Why::CustomerWrote)
        .by_mia(90_200, Status::Resolved, Why::Resolved);
    let course = &back.courses()[0];
    assert_eq!(course.done.as_ref().map(|done| (done.at, done.took)), Some((at(90_200), None)));
    assert_eq!(course.reopens, []);
    assert_eq!(course.holds.first().map(|hold| hold.from), Some(at(90_100)));
    let of = TicketKey { topic: TopicId(6), ..KEY };
    let duplicate = asked().by_mia(5, Status::Closed, Why::Duplicate { of });
    assert_eq!(duplicate.courses()[0].done, None);
    assert_eq!(duplicate.courses()[0].holds.last().map(|hold| hold.live), Some(false));
}

#[test]
fn notes_and_edits_change_nothing() {
    let plain = ordinary().courses();
    let mut log = ordinary();
    log = log.put(235, Actor::Agent(mia()), Event::Noted { entry: EntryId(1), mentions: Vec::new() });
    log = log.put(236, Actor::Desk, Event::Edited { message: MessageId(1) });
    assert_eq!(log.courses(), plain);
}

#[test]
fn a_missed_deadline_is_whose_ticket_it_was() {
    let breached = |deadline: i64| Event::SlaBreached {
        clock: crate::desk::sla::ClockName::FirstResponse,
        since: at(10),
        deadline: at(deadline),
        policy: "Everybody".to_owned(),
    };
    let log = Log::default()
        .opened(10, 1, Standing::NEW)
        .wrote(10, 1, Writer::Customer)
        .put(40, Actor::Desk, breached(40))
        .by_mia(50, Status::Assigned, Why::Claimed)
        // Said late, after an outage: it counts when it was due.
        .put(90, Actor::Desk, breached(70));
    assert_eq!(log.courses()[0].breaches, [(at(40), Who::Nobody), (at(70), Who::Agent(mia()))]);
}
