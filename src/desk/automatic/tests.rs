//! The written rule as tables: what is said, when, and what takes it back.

use std::time::Duration;

use super::*;
use crate::desk::event::{Actor, Event, Recorded, Writer};
use crate::desk::hours::{Plan, Range};
use crate::desk::ids::{AgentName, EventId, GroupId, MessageId, PersonId, TicketKey, TopicId};
use crate::desk::lifecycle;
use crate::desk::ticket::{Pending, Standing};

const HOUR: Duration = Duration::from_secs(3600);

/// A Monday, 12:00 in UTC.
const NOON: i64 = 1_796_040_000;

/// A ticket whose events are dated in hours after noon.
struct Story {
    ticket: Option<Ticket>,
    count: i64,
}

impl Story {
    fn new() -> Self {
        let mut story = Story { ticket: None, count: 0 };
        for event in lifecycle::open("Lamp".to_owned(), Some(PersonId(5))) {
            story.tell(0, event);
        }
        story.wrote(0, Writer::Customer, false).wrote(1, Writer::Desk(AgentName::from("mia")), false)
    }

    fn tell(&mut self, hours: u32, event: Event) {
        self.count += 1;
        let by = Actor::Agent(AgentName::from("mia"));
        let ticket = TicketKey { group: GroupId(1), topic: TopicId(7) };
        let recorded = Recorded { id: EventId(self.count), ticket, at: at(hours), by, event };
        self.ticket = lifecycle::apply(self.ticket.take(), &recorded);
    }

    fn then(mut self, hours: u32, event: Event) -> Self {
        self.tell(hours, event);
        self
    }

    fn wrote(mut self, hours: u32, writer: Writer, thanks: bool) -> Self {
        let message = MessageId(i32::try_from(self.count).expect("few") + 10);
        self.tell(hours, Event::Wrote { message, writer, thanks });
        self
    }

    fn pending(self, hours: u32, reason: PendingReason, until: Option<Timestamp>) -> Self {
        let standing = Standing {
            status: Status::Pending,
            assignee: Some(AgentName::from("mia")),
            pending: Some(Pending { reason, until }),
        };
        self.then(hours, Event::Moved { standing, why: Why::SetPending })
    }

    fn moved(self, hours: u32, status: Status, why: Why) -> Self {
        let standing = Standing { status, assignee: Some(AgentName::from("mia")), pending: None };
        self.then(hours, Event::Moved { standing, why })
    }

    fn ticket(&self) -> &Ticket {
        self.ticket.as_ref().expect("opened")
    }
}

fn at(hours: u32) -> Timestamp {
    Timestamp::from_unix(NOON) + HOUR * hours
}

fn rules() -> Automatic {
    Automatic { nudge_after: vec![48 * HOUR, 72 * HOUR], on_resolve: OnResolve::Survey, ..Automatic::default() }
}

#[test]
fn a_customer_is_nudged_twice_and_anew_after_each_reply() {
    let mia = || Writer::Desk(AgentName::from("mia"));
    let base = || Story::new().pending(2, PendingReason::Customer, None);
    let nudged = |number| Event::Nudged { number };
    for (what, story, due) in [
        ("two days after it became pending", base(), Some(50)),
        ("a reply restarts", base().wrote(20, mia(), false), Some(68)),
        ("the second three days after the first", base().then(50, nudged(1)), Some(122)),
        ("no third", base().then(50, nudged(1)).then(122, nudged(2)), None),
        ("a reply makes both possible again", base().then(50, nudged(1)).wrote(60, mia(), false), Some(108)),
        (
            "the same reason set again is no new spell",
            base().then(50, nudged(1)).pending(60, PendingReason::Customer, None),
            Some(122),
        ),
        ("third party", Story::new().pending(2, PendingReason::ThirdParty, None), None),
        ("internal", Story::new().pending(2, PendingReason::Internal, None), None),
        ("until a date", Story::new().pending(2, PendingReason::Customer, Some(at(90))), None),
        (
            "the reason changed to customer",
            Story::new().pending(2, PendingReason::Internal, None).pending(9, PendingReason::Customer, None),
            Some(57),
        ),
        ("the customer left", base().then(9, Event::CustomerGone { gone: true }), None),
        ("the topic is closed", base().then(9, Event::TopicClosed { closed: true }), None),
        ("spam", base().then(9, Event::Tagged { added: vec!["spam".parse().expect("a tag")], removed: vec![] }), None),
        ("left Pending", base().moved(9, Status::InProgress, Why::CustomerWrote), None),
        ("resolved for quiet", base().moved(9, Status::Resolved, Why::Inactive).then(10, Event::ResolutionTold), None),
    ] {
        let occasion = rules().occasion(story.ticket());
        assert_eq!(occasion.map(|occasion| occasion.due), due.map(at), "{what}");
        assert!(occasion.is_none_or(|occasion| occasion.kind == Kind::Nudge), "{what}");
    }
    assert_eq!(Automatic::default().occasion(base().ticket()), None, "off as it comes");
}

#[test]
fn nudges_leave_in_business_hours() {
    let mut week: [Vec<Range>; 7] = Default::default();
    // Monday to Friday, 9 to 17.
    week[..5].fill(vec![Range { from: 540, to: 1020 }]);
    let hours = Hours::new(Plan { zone: chrono_tz::UTC, week, holidays: Vec::new() }).expect("opens");
    let rules = Automatic { nudge_hours: Some(hours), ..rules() };
    for (set, due) in [
        // Monday 14:00 and two days: Wednesday 14:00, as it is.
        (2, 50),
        // Monday 20:00: Wednesday 20:00 is too late, so Thursday 9:00.
        (8, 69),
        // Thursday 14:00: Saturday, so Monday 9:00.
        (74, 165),
    ] {
        let story = Story::new().pending(set, PendingReason::Customer, None);
        assert_eq!(rules.occasion(story.ticket()).map(|occasion| occasion.due), Some(at(due)), "{set}");
    }
}

#[test]
fn what_is_resolved_is_told_once_and_only_where_it_makes_sense() {
    let base = || Story::new().moved(3, Status::Resolved, Why::Resolved);
    let asked = Event::SurveyAsked { message: MessageId(40) };
    let unanswered = || {
        let mut story = Story { ticket: None, count: 0 };
        lifecycle::open("Lamp".to_owned(), Some(PersonId(5))).into_iter().for_each(|event| story.tell(0, event));
        story.wrote(0, Writer::Customer, false)
    };
    for (what, story, since) in [
        ("resolved", base(), Some(3)),
        ("for quiet", Story::new().moved(3, Status::Resolved, Why::Inactive), Some(3)),
        ("thanks change nothing", base().wrote(4, Writer::Customer, true), Some(3)),
        ("told already", base().then(4, asked.clone()), None),
        ("confirmed already", base().then(4, Event::ResolutionTold), None),
        ("reopened", base().moved(4, Status::InProgress, Why::CustomerWrote), None),
        (
            "resolved again",
            base().then(4, asked).moved(5, Status::InProgress, Why::Reopened).moved(6, Status::Resolved, Why::Resolved),
            Some(6),
        ),
        ("closed", base().moved(4, Status::Closed, Why::Closed { reason: String::new() }), None),
        ("its customer closed the topic", Story::new().moved(3, Status::Resolved, Why::TopicClosed), None),
        ("imported", Story::new().moved(3, Status::Resolved, Why::Imported), None),
        ("never answered", unanswered().moved(3, Status::Resolved, Why::Resolved), None),
        ("the customer left", base().then(4, Event::CustomerGone { gone: true }), None),
        ("the topic is gone", base().then(4, Event::TopicDeleted), None),
    ] {
        let occasion = rules().occasion(story.ticket());
        assert_eq!(occasion.map(|occasion| occasion.since), since.map(at), "{what}");
        assert!(occasion.is_none_or(|one| one.kind == Kind::Survey && one.due == one.since + 2 * HOUR / 60), "{what}");
    }
    let quiet = Automatic { on_resolve: OnResolve::None, ..rules() };
    assert_eq!(quiet.occasion(base().ticket()), None);
    let confirms = Automatic { on_resolve: OnResolve::Confirmation, ..rules() };
    assert_eq!(confirms.occasion(base().ticket()).map(|occasion| occasion.kind), Some(Kind::Confirmation));
}

#[test]
fn words_are_the_customers_or_the_desks() {
    let rules = Automatic { language: "uk".to_owned(), ..Automatic::default() };
    for (language, begins) in
        [(Some("en"), "We"), (Some("en-GB"), "We"), (Some("ru"), "Мы"), (None, "Ми"), (Some("de"), "Ми")]
    {
        let text = rules.text(Kind::Survey, language).expect("there is one");
        assert!(text.starts_with(begins), "{language:?}: {text}");
    }
    for texts in [&rules.nudges, &rules.confirmations, &rules.surveys, &rules.thanks] {
        assert_eq!(texts.keys().collect::<Vec<_>>(), ["en", "ru", "uk"]);
        assert!(texts.values().all(|text| text.encode_utf16().count() <= 300));
    }
}

#[test]
fn notes_name_agents() {
    let agents = ["mia", "Tom", "ann", "ann lee", "олена"];
    for (text, named) in [
        ("@mia please", vec!["mia"]),
        ("ask @TOM, @mia and @tom", vec!["Tom", "mia"]),
        ("@ann lee knows", vec!["ann lee"]),
        ("@ann, look", vec!["ann"]),
        ("@Олена!", vec!["олена"]),
        ("@miata @tommy mia@shop.example @", vec![]),
        ("(@mia)", vec!["mia"]),
        ("", vec![]),
    ] {
        assert_eq!(mentions(text, agents.into_iter()), named, "{text}");
    }
}
