//! The clocks as they are written down, sentence by sentence: what happens, and what the clocks then say.

use super::*;
use crate::desk::event::{Actor, Recorded, Why, Writer};
use crate::desk::groups::Called;
use crate::desk::hours::{Plan, Range};
use crate::desk::ids::{EventId, GroupId, MessageId, PersonId, TicketKey, TopicId};
use crate::desk::lifecycle;
use crate::desk::ticket::{Pending, PendingReason, Standing, Status};

const KEY: TicketKey = TicketKey { group: GroupId(7), topic: TopicId(42) };

/// Monday 23 November 2026, and the minutes after its midnight, in UTC.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_unix(1_795_392_000 + minutes * 60)
}

fn clock(hour: i64, minute: i64) -> Timestamp {
    at(hour * 60 + minute)
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// Monday to Friday, 9 to 17, UTC.
fn office() -> Hours {
    let day = vec![Range { from: 540, to: 1020 }];
    let week = std::array::from_fn(|weekday| if weekday < 5 { day.clone() } else { Vec::new() });
    Hours::new(Plan { zone: chrono_tz::Tz::UTC, week, holidays: Vec::new() }).expect("opens")
}

fn policy() -> Policy {
    Policy {
        name: "standard".to_owned(),
        when: Query::default(),
        hours: Some("office".to_owned()),
        first_response: Some(minutes(60)),
        next_response: Some(minutes(120)),
        resolution: Some(minutes(480)),
        warn_before: WarnBefore::Percent(25),
    }
}

fn query(text: &str) -> Query {
    Query::parse(text, chrono_tz::UTC).expect("a query")
}

fn sla(policies: Vec<Policy>) -> Sla {
    Sla::new([("office".to_owned(), office())].into(), policies)
}

/// What happens to a ticket, with its instants.
struct Story {
    log: Vec<Recorded>,
}

impl Story {
    fn opened(at: Timestamp) -> Story {
        let opened = Event::Opened { episode: 1, title: "lamp".to_owned(), standing: Standing::NEW, why: None };
        Story { log: Vec::new() }.then(at, opened)
    }

    fn then(mut self, at: Timestamp, event: Event) -> Story {
        let id = EventId(self.log.len() as i64 + 1);
        self.log.push(Recorded { id, ticket: KEY, at, by: Actor::Desk, event });
        self
    }

    fn wrote(self, at: Timestamp, message: i32, writer: Writer) -> Story {
        self.then(at, Event::Wrote { message: MessageId(message), writer, thanks: false })
    }

    fn asks(self, at: Timestamp, message: i32) -> Story {
        self.wrote(at, message, Writer::Customer)
    }

    fn answers(self, at: Timestamp, message: i32) -> Story {
        self.wrote(at, message, Writer::Colleague)
    }

    fn moves(self, at: Timestamp, status: Status) -> Story {
        let pending = (status == Status::Pending).then_some(Pending { reason: PendingReason::ThirdParty, until: None });
        self.then(at, Event::Moved { standing: Standing { status, assignee: None, pending }, why: Why::SetPending })
    }

    fn ticket(&self) -> Ticket {
        lifecycle::fold(&self.log).expect("a ticket")
    }

    fn clock_of(&self, name: ClockName) -> Option<SlaClock> {
        let ticket = self.ticket();
        let sla = sla(vec![policy()]);
        let facts = Facts::of(&ticket, None, None);
        let clocks = sla.assess(&facts).expect("a policy").clocks;
        clocks.into_iter().find(|clock| clock.clock == name)
    }

    fn first(&self) -> Option<SlaClock> {
        self.clock_of(ClockName::FirstResponse)
    }

    fn next(&self) -> Option<SlaClock> {
        self.clock_of(ClockName::NextResponse)
    }

    fn resolution(&self) -> SlaClock {
        self.clock_of(ClockName::Resolution).expect("every ticket has one")
    }
}

fn running(clock: &Option<SlaClock>) -> Option<(Timestamp, Timestamp)> {
    let clock = clock.as_ref().filter(|clock| clock.state == ClockState::Running)?;
    Some((clock.started, clock.deadline.expect("runs")))
}

#[test]
fn waiting_starts_at_the_first_unanswered_message_and_later_ones_do_not_move_it() {
    let story = Story::opened(clock(9, 0)).asks(clock(9, 0), 1).answers(clock(9, 10), 2);
    assert_eq!(running(&story.next()), None, "nobody waits");
    let story = story.asks(clock(10, 0), 3);
    assert_eq!(running(&story.next()), Some((clock(10, 0), clock(12, 0))));
    let story = story.asks(clock(11, 0), 4).wrote(clock(11, 5), 5, Writer::Participant);
    assert_eq!(running(&story.next()), Some((clock(10, 0), clock(12, 0))));
}

#[test]
fn a_public_message_of_staff_or_no_reply_needed_ends_it() {
    let asked = || Story::opened(clock(9, 0)).asks(clock(9, 0), 1).answers(clock(9, 10), 2).asks(clock(10, 0), 3);
    assert_eq!(running(&asked().answers(clock(10, 30), 4).next()), None);
    assert_eq!(running(&asked().then(clock(10, 30), Event::NoReplyNeeded).next()), None);
    // The next question is another wait.
    let again = asked().answers(clock(10, 30), 4).asks(clock(13, 0), 5);
    assert_eq!(running(&again.next()), Some((clock(13, 0), clock(15, 0))));
}

#[test]
fn deleting_the_last_unanswered_message_ends_it() {
    let story = Story::opened(clock(9, 0)).asks(clock(9, 0), 1).answers(clock(9, 10), 2);
    let story = story.asks(clock(10, 0), 3).asks(clock(10, 5), 4);
    let one_left = story.then(clock(10, 6), Event::Deleted { message: MessageId(3) });
    assert_eq!(running(&one_left.next()), Some((clock(10, 0), clock(12, 0))));
    assert_eq!(running(&one_left.then(clock(10, 7), Event::Deleted { message: MessageId(4) }).next()), None);
}

#[test]
fn first_response_runs_from_the_first_message_to_the_first_answer() {
    let opened = Story::opened(clock(9, 0));
    assert_eq!(opened.first(), None, "nothing was asked");
    let asked = opened.asks(clock(9, 30), 1);
    assert_eq!(running(&asked.first()), Some((clock(9, 30), clock(10, 30))));
    let in_time = asked.answers(clock(10, 30), 2).first().expect("ended");
    assert_eq!((in_time.state, in_time.deadline), (ClockState::Ended { at: clock(10, 30) }, None));
    assert!(!in_time.is_breached(clock(23, 0)));
    let asked = Story::opened(clock(9, 0)).asks(clock(9, 30), 1);
    let late = asked.answers(clock(10, 31), 2).first().expect("ended");
    assert_eq!((late.deadline, late.is_breached(clock(10, 31))), (Some(clock(10, 30)), true));
}

#[test]
fn resolved_without_a_reply_is_no_response() {
    let story = Story::opened(clock(9, 0)).asks(clock(9, 0), 1).moves(clock(9, 30), Status::Resolved);
    let first = story.first().expect("ended");
    assert_eq!(first.state, ClockState::Ended { at: clock(9, 30) });
    assert_eq!(running(&story.next()), None, "what was left unanswered ended with it");
}

#[test]
fn no_reply_needed_owes_no_first_response_and_the_next_question_does() {
    let story = Story::opened(clock(9, 0)).asks(clock(9, 0), 1).then(clock(9, 10), Event::NoReplyNeeded);
    assert_eq!(running(&story.first()), None);
    assert_eq!(running(&story.asks(clock(15, 0), 2).first()), Some((clock(15, 0), clock(16, 0))));
}

#[test]
fn next_response_runs_while_waiting_in_any_status() {
    let base = || Story::opened(clock(9, 0)).asks(clock(9, 0), 1).answers(clock(9, 10), 2);
    for status in [Status::Open, Status::Assigned, Status::InProgress, Status::Pending, Status::Resolved] {
        let story = base().moves(clock(9, 20), status).wrote(clock(10, 0), 3, Writer::Participant);
        assert_eq!(running(&story.next()), Some((clock(10, 0), clock(12, 0))), "{status}");
    }
    // Before the first answer the first response is what is owed.
    assert_eq!(running(&Story::opened(clock(9, 0)).asks(clock(9, 0), 1).next()), None);
}

#[test]
fn what_was_left_unanswered_when_it_was_done_is_not_owed_any_more() {
    let base = || Story::opened(clock(9, 0)).asks(clock(9, 0), 1).answers(clock(9, 10), 2);
    let left = |story: &Story| assert_eq!(story.next(), None);
    for done in [Status::Resolved, Status::Closed] {
        left(&base().asks(clock(10, 0), 3).moves(clock(10, 30), done));
        // Telegram's dates are whole seconds: the last word and the closing may have the same one.
        left(&base().asks(clock(10, 0), 3).moves(clock(10, 0), done));
        // Whoever writes after that is owed an answer, though it were in the same second.
        let after = base().moves(clock(10, 0), done).wrote(clock(10, 0), 3, Writer::Participant);
        assert_eq!(running(&after.next()), Some((clock(10, 0), clock(12, 0))), "{done}");
    }
    // Resolved, asked about by somebody else, and closed over that.
    let asked = base().moves(clock(10, 0), Status::Resolved).wrote(clock(10, 30), 3, Writer::Participant);
    assert_eq!(running(&asked.next()), Some((clock(10, 30), clock(12, 30))));
    left(&asked.moves(clock(11, 0), Status::Closed));
    // Nobody can answer in a topic that is gone.
    let asked = base().moves(clock(10, 0), Status::Closed).wrote(clock(10, 30), 3, Writer::Participant);
    left(&asked.then(clock(11, 0), Event::TopicDeleted));
}

#[test]
fn without_a_target_for_the_first_every_wait_is_a_next_response() {
    let ticket = Story::opened(clock(9, 0)).asks(clock(9, 0), 1).ticket();
    let sla = sla(vec![Policy { first_response: None, ..policy() }]);
    let assessment = sla.assess(&Facts::of(&ticket, None, None)).expect("a policy");
    let due = assessment.due().expect("due");
    assert_eq!((due.clock, due.at), (ClockName::NextResponse, clock(11, 0)));
}

#[test]
fn resolution_runs_from_opened_to_resolved_in_business_time() {
    let story = Story::opened(clock(15, 0));
    // Two hours of Monday are left, and six of Tuesday.
    assert_eq!(running(&Some(story.resolution())), Some((clock(15, 0), clock(24 + 15, 0))));
    let done = story.moves(clock(24 + 15, 0), Status::Resolved).resolution();
    assert_eq!((done.state, done.deadline), (ClockState::Ended { at: clock(24 + 15, 0) }, None));
}

#[test]
fn resolution_is_paused_in_pending_and_no_deadline_jumps_when_the_pause_ends() {
    let story = Story::opened(clock(9, 0)).moves(clock(11, 0), Status::Pending);
    let paused = story.resolution();
    assert_eq!(paused.state, ClockState::Paused { since: clock(11, 0) });
    assert_eq!((paused.deadline, paused.left), (None, Some(minutes(360))), "two of eight hours are gone");
    // Whenever it goes on, six hours of business time are left: not more, not less, and nothing is overdue at once.
    for (back, deadline) in [
        (clock(11, 0), clock(17, 0)),
        (clock(12, 0), clock(24 + 10, 0)),
        (clock(20, 0), clock(24 + 15, 0)),
        (clock(24 * 4 + 16, 0), clock(24 * 7 + 14, 0)),
        (clock(24 * 5 + 10, 0), clock(24 * 7 + 15, 0)),
    ] {
        let story = Story::opened(clock(9, 0)).moves(clock(11, 0), Status::Pending).moves(back, Status::InProgress);
        let resolution = story.resolution();
        assert_eq!(resolution.deadline, Some(deadline), "{back}");
        assert_eq!(resolution.left_at(back, &office()), minutes(360), "{back}");
    }
}

#[test]
fn several_pauses_add_up_and_a_reopened_ticket_goes_on_from_where_it_stood() {
    let story = Story::opened(clock(9, 0))
        .moves(clock(10, 0), Status::Pending)
        .moves(clock(12, 0), Status::InProgress)
        .moves(clock(13, 0), Status::Pending)
        .moves(clock(24 + 9, 0), Status::InProgress)
        .moves(clock(24 + 10, 0), Status::Resolved);
    assert_eq!(story.resolution().left, Some(minutes(300)), "three hours have run");
    // The customer comes back on Thursday: five hours are left then.
    let story = story.moves(clock(72 + 9, 0), Status::InProgress);
    assert_eq!(running(&Some(story.resolution())), Some((clock(9, 0), clock(72 + 14, 0))));
    assert_eq!(story.ticket().pauses.len(), 3);
}

#[test]
fn what_ran_down_before_a_pause_stays_overdue() {
    let story = Story::opened(clock(9, 0)).moves(clock(24 + 10, 0), Status::Pending);
    let paused = story.resolution();
    assert_eq!((paused.deadline, paused.is_breached(clock(30, 0))), (Some(clock(17, 0)), true));
}

#[test]
fn every_episode_has_its_own_clocks() {
    let story = Story::opened(clock(9, 0))
        .asks(clock(9, 0), 1)
        .answers(clock(9, 30), 2)
        .moves(clock(10, 0), Status::Pending)
        .moves(clock(11, 0), Status::Closed);
    let opened = Event::Opened { episode: 2, title: "lamp".to_owned(), standing: Standing::NEW, why: None };
    let story = story.then(clock(24 + 9, 0), opened).asks(clock(24 + 9, 0), 3);
    assert_eq!(running(&story.first()), Some((clock(24 + 9, 0), clock(24 + 10, 0))));
    assert_eq!(running(&Some(story.resolution())), Some((clock(24 + 9, 0), clock(24 + 17, 0))));
}

#[test]
fn snooze_only_hides() {
    let asked = Story::opened(clock(9, 0)).asks(clock(9, 0), 1);
    let before = asked.first();
    let hidden = asked.then(clock(9, 5), Event::Snoozed { until: Some(clock(16, 0)) });
    assert_eq!(hidden.first(), before);
}

#[test]
fn what_was_undone_never_stopped_a_clock() {
    let story = Story::opened(clock(9, 0)).moves(clock(10, 0), Status::Pending);
    let undone = story.then(clock(10, 1), Event::Undone { event: EventId(2) });
    assert_eq!(running(&Some(undone.resolution())), Some((clock(9, 0), clock(17, 0))));
    assert_eq!(undone.ticket().pauses, []);
}

/// Tells what is said of a ticket at an instant, and folds it in.
fn tick(story: Story, now: Timestamp, live_since: Timestamp) -> (Story, Vec<Event>) {
    let ticket = story.ticket();
    let sla = sla(vec![policy()]);
    let assessment = sla.assess(&Facts::of(&ticket, None, None)).expect("a policy");
    let events = assessment.happens(&ticket, now, live_since);
    (events.iter().cloned().fold(story, |story, event| story.then(now, event)), events)
}

fn kinds(events: &[Event]) -> Vec<(bool, ClockName)> {
    let kind = |event: &Event| match event {
        Event::SlaBreached { clock, .. } => Some((true, *clock)),
        Event::SlaWarned { clock, .. } => Some((false, *clock)),
        _ => None,
    };
    events.iter().filter_map(kind).collect()
}

#[test]
fn a_warning_and_a_breach_are_told_once_per_cause() {
    use ClockName::{FirstResponse, NextResponse, Resolution};
    let live = clock(0, 0);
    let story = Story::opened(clock(9, 0)).asks(clock(9, 0), 1);
    let (story, said) = tick(story, clock(9, 44), live);
    assert_eq!(kinds(&said), []);
    let (story, said) = tick(story, clock(9, 45), live);
    assert_eq!(kinds(&said), [(false, FirstResponse)]);
    let (story, said) = tick(story, clock(9, 50), live);
    assert_eq!(kinds(&said), []);
    let (story, said) = tick(story, clock(10, 0), live);
    assert_eq!(kinds(&said), [(true, FirstResponse)]);
    let (story, said) = tick(story, clock(12, 0), live);
    assert_eq!(kinds(&said), []);
    // Another question is another cause; what was missed altogether is a breach and no warning any more.
    let story = story.answers(clock(12, 0), 2).asks(clock(13, 0), 3);
    let (story, said) = tick(story, clock(15, 0), live);
    assert_eq!(kinds(&said), [(true, NextResponse), (false, Resolution)]);
    let story = story.answers(clock(15, 5), 4).asks(clock(15, 10), 5);
    let (_, said) = tick(story, clock(16, 45), live);
    assert_eq!(kinds(&said), [(false, NextResponse)]);
}

#[test]
fn nothing_dated_before_go_live_is_told() {
    let story = Story::opened(clock(9, 0)).asks(clock(9, 0), 1);
    let (story, said) = tick(story, clock(16, 0), clock(15, 30));
    assert_eq!(kinds(&said), [], "both were due before the desk went live");
    let (_, said) = tick(story, clock(17, 0), clock(15, 30));
    assert_eq!(kinds(&said), [(true, ClockName::Resolution)]);
}

#[test]
fn old_tickets_read_without_the_new_fields() {
    let ticket = Story::opened(clock(9, 0)).ticket();
    let mut value = serde_json::to_value(&ticket).expect("serialises");
    let fields = value.as_object_mut().expect("an object");
    assert!(fields.remove("pauses").is_some() && fields.remove("told").is_some());
    assert_eq!(serde_json::from_value::<Ticket>(value).expect("reads"), ticket);
}

#[test]
fn a_flood_of_pauses_keeps_its_sum() {
    let mut story = Story::opened(clock(0, 0));
    for turn in 0..300 {
        story = story.moves(at(turn * 4 + 1), Status::Pending).moves(at(turn * 4 + 2), Status::InProgress);
    }
    let pauses = story.ticket().pauses;
    assert_eq!(pauses.len(), Pause::KEPT);
    let sum: Duration = pauses.iter().map(|pause| pause.to.expect("over").since(pause.from)).sum();
    assert_eq!(sum, minutes(300));
    assert!(pauses.windows(2).all(|pair| pair[0].to <= Some(pair[1].from)));
}

#[test]
fn the_first_policy_that_fits_holds_and_the_others_say_why_not() {
    let named = |name: &str, when: &str| Policy { name: name.to_owned(), when: query(when), ..policy() };
    let sla = sla(vec![
        named("big", "customer:9"),
        named("german", "language:de"),
        named("acme", "group:acme priority:normal,low"),
        named("rest", ""),
    ]);
    let mut ticket = Story::opened(clock(9, 0)).ticket();
    ticket.customer = Some(PersonId(1));
    ticket.language = Some("en".to_owned());
    let acme = Called { id: GroupId(7), given: None, title: "Acme", username: None };
    let facts = Facts::of(&ticket, None, Some(acme));
    let verdicts = sla.explain(&facts);
    let told: Vec<(bool, &str)> = verdicts.iter().map(|verdict| (verdict.holds, verdict.why.as_str())).collect();
    assert_eq!(
        told,
        [
            (false, "`customer:9` does not hold"),
            (false, "`language:de` does not hold"),
            (true, "`group:acme priority:normal,low` holds"),
            (false, "it would fit, but \"acme\" comes before it"),
        ]
    );
    assert_eq!(sla.assess(&facts).map(|assessment| assessment.policy.name.as_str()), Some("acme"));
    assert_eq!(sla.shadow(3), None);
    let mut shadowed = sla.policies.clone();
    shadowed.push(named("late", "language:fr"));
    assert_eq!(Sla::new(BTreeMap::new(), shadowed).shadow(4).map(|policy| policy.name.as_str()), Some("rest"));
}

/// Prints what it costs to hold a ticket against the policies: `cargo test --lib holding_a_ticket -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn holding_a_ticket_against_policies_costs_little() {
    let mut plan = office().plan().clone();
    plan.zone = chrono_tz::Tz::Europe__Kyiv;
    let yearly = |day: u32| crate::desk::hours::Holiday {
        on: crate::desk::hours::On::Yearly { month: day % 12 + 1, day },
        hours: Vec::new(),
        name: String::new(),
    };
    plan.holidays = (1..=12).map(yearly).collect();
    let hours = [("office".to_owned(), Hours::new(plan).expect("opens"))].into();
    let mut policies: Vec<Policy> =
        ["de", "fr", "es", "it"].map(|code| Policy { when: query(&format!("language:{code}")), ..policy() }).to_vec();
    policies.push(Policy { resolution: Some(minutes(60 * 80)), ..policy() });
    let sla = Sla::new(hours, policies);
    let ticket = Story::opened(clock(9, 0))
        .asks(clock(9, 0), 1)
        .answers(clock(10, 0), 2)
        .moves(clock(11, 0), Status::Pending)
        .moves(clock(12, 0), Status::InProgress)
        .asks(clock(13, 0), 3)
        .ticket();
    let facts = Facts::of(&ticket, None, None);
    let begun = std::time::Instant::now();
    for _ in 0..10_000 {
        let assessment = sla.assess(&facts).expect("a policy");
        assert!(assessment.due().is_some() && assessment.next_alarm(&ticket, at(0)).is_some());
    }
    let each = begun.elapsed() / 10_000;
    println!("a ticket against five policies, three clocks: {each:?}");
    assert!(each < minutes(1));
}
