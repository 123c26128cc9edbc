//! What each episode of a ticket came to: answers, resolution, reopens, and when it was whose work. One pass over one ticket's log.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::desk::event::{Actor, Event, Recorded, Why, Writer};
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::lifecycle::{apply, effective};
use crate::desk::tags::Tag;
use crate::desk::ticket::{Status, Ticket};

/// Tells the time that counts between two instants, the earlier one first: business time, or [`plain`] time.
pub type Span<'a> = dyn Fn(Timestamp, Timestamp) -> Duration + 'a;

/// Tells the time on the wall between two instants; zero if they are the other way round.
pub fn plain(from: Timestamp, to: Timestamp) -> Duration {
    to.since(from)
}

/// Tells whose doing something was, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// An agent's.
    Agent(AgentName),
    /// Other staff's: they are counted together.
    Colleagues,
    /// Nobody's: the clock or the customer did it to an unassigned ticket.
    Nobody,
}

impl Who {
    /// Tells the name in tables and JSON. What is no agent's name stands in parentheses.
    pub fn name(&self) -> &str {
        match self {
            Who::Agent(name) => &name.0,
            Who::Colleagues => "(colleagues)",
            Who::Nobody => "(nobody)",
        }
    }
}

/// An answer of staff to somebody who waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Telegram's date of the answer.
    pub at: Timestamp,
    /// Who gave it.
    pub by: Who,
    /// How long that took: from the first unanswered message.
    pub took: Duration,
}

/// The end of an episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// When it was resolved, or closed without having been resolved before.
    pub at: Timestamp,
    /// Whose command it was; when the clock or Telegram did it, whose ticket it was.
    pub by: Who,
    /// The resolution: from the beginning of the episode, without the time in Pending. `None` for an episode that the first
    /// synchronisation had put away before: when its work began is not known.
    pub took: Option<Duration>,
    /// How long it was Pending until then.
    pub paused: Duration,
    /// Somebody had asked and nobody has answered.
    pub without_response: bool,
}

/// A ticket that came back after it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reopen {
    /// When.
    pub at: Timestamp,
    /// Who had resolved or closed it.
    pub done_by: Who,
}

/// From then on the episode was to be worked on, or not, and whose work it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// From when; never before the hold before it, although dates of Telegram and of the desk's clock may cross.
    pub from: Timestamp,
    /// Neither Resolved nor Closed.
    pub live: bool,
    /// Whose.
    pub assignee: Option<AgentName>,
}

/// What an episode came to. All clocks are those of DESIGN §4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The ticket.
    pub ticket: TicketKey,
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub opened_at: Timestamp,
    /// Telegram's date of the first question of the customer or a participant.
    pub asked_at: Option<Timestamp>,
    /// *First response*: the customer's first message -> the first delivered public message of staff, by Telegram's dates.
    pub first: Option<Answer>,
    /// *Next response*: every later wait that a public message of staff has ended, in whatever status. A wait that *no reply needed* or a
    /// deletion has ended is none.
    pub next: Vec<Answer>,
    /// How it ended; `None` while it is worked on, and for what was put away without being worked: imported, or a duplicate.
    pub done: Option<Done>,
    /// The times at which it came back from Resolved, or began because a Closed ticket was reopened.
    pub reopens: Vec<Reopen>,
    /// Public messages that staff typed in Telegram itself.
    pub outside: Vec<(Timestamp, Who)>,
    /// Deadlines that were missed: when each was, and whose the ticket was when the desk said so. A target counts once per cause.
    pub breaches: Vec<(Timestamp, Who)>,
    /// What the customer said in the survey, the last word: when it was first said, from 1 to 5, and whose the ticket was.
    pub survey: Option<(Timestamp, u8, Who)>,
    /// What it was about, at its end or now.
    pub tags: Vec<Tag>,
    /// When it was whose work: the backlog is made of these. What the first synchronisation put away never was work.
    pub holds: Vec<Hold>,
}

/// Tells what the episodes of one ticket came to from its whole log, oldest first; what was undone does not count (DESIGN §4).
pub fn courses<'a>(log: impl IntoIterator<Item = &'a Recorded> + Clone, span: &Span<'_>) -> Vec<Course> {
    let mut walk = Walk { span, all: Vec::new(), begun: None };
    let mut ticket: Option<Ticket> = None;
    for recorded in effective(log) {
        let was = ticket.as_ref().map(Was::of);
        ticket = apply(ticket, recorded);
        if let Some(is) = &ticket {
            walk.step(recorded, was.as_ref(), is);
        }
    }
    walk.all.extend(walk.begun.map(|begun| begun.course));
    walk.all
}

/// What has to be known of a ticket before an event.
struct Was {
    status: Status,
    responded: bool,
    /// Since when somebody waited, and how many messages did.
    waiting: Option<(Timestamp, usize)>,
}

impl Was {
    fn of(ticket: &Ticket) -> Was {
        Was {
            status: ticket.standing.status,
            responded: ticket.first_response_at.is_some(),
            waiting: ticket.waiting.as_ref().map(|waiting| (waiting.since, waiting.messages.len())),
        }
    }
}

/// An episode that has begun.
struct Begun {
    course: Course,
    pending_since: Option<Timestamp>,
    paused: Duration,
    was_imported: bool,
}

struct Walk<'s> {
    span: &'s Span<'s>,
    all: Vec<Course>,
    begun: Option<Begun>,
}

impl Walk<'_> {
    fn step(&mut self, recorded: &Recorded, was: Option<&Was>, is: &Ticket) {
        let at = recorded.at;
        if matches!(recorded.event, Event::Opened { .. }) {
            let before = self.begun.replace(begin(recorded, is)).map(|begun| begun.course);
            let done_by = before.as_ref().and_then(|course| course.done.as_ref()).map(|done| done.by.clone());
            if let (Some(done_by), Some(begun)) = (done_by, &mut self.begun) {
                begun.course.reopens.push(Reopen { at, done_by });
            }
            self.all.extend(before);
        }
        let (Some(begun), Some(was)) = (&mut self.begun, was) else { return };
        match &recorded.event {
            Event::Wrote { writer, .. } if writer.is_staff() => answered(begun, at, writer, was, is, self.span),
            Event::Moved { why, .. } => moved(begun, recorded, why, was, is, self.span),
            Event::SlaBreached { deadline, .. } => {
                let whose = is.standing.assignee.clone().map_or(Who::Nobody, Who::Agent);
                begun.course.breaches.push((*deadline, whose));
            }
            Event::SurveyAnswered { score, .. } => {
                let whose = is.standing.assignee.clone().map_or(Who::Nobody, Who::Agent);
                begun.course.survey.get_or_insert((at, *score, whose)).1 = *score;
            }
            Event::Tagged { .. } => begun.course.tags = tags(is),
            _ => {}
        }
        begun.course.asked_at = is.first_asked_at;
        begun.hold(at, is);
    }
}

fn begin(recorded: &Recorded, is: &Ticket) -> Begun {
    let course = Course {
        ticket: recorded.ticket,
        number: is.episode,
        opened_at: recorded.at,
        asked_at: is.first_asked_at,
        first: None,
        next: Vec::new(),
        done: None,
        reopens: Vec::new(),
        outside: Vec::new(),
        breaches: Vec::new(),
        survey: None,
        tags: tags(is),
        holds: Vec::new(),
    };
    let mut begun = Begun { course, pending_since: None, paused: Duration::ZERO, was_imported: false };
    begun.hold(recorded.at, is);
    begun
}

fn tags(ticket: &Ticket) -> Vec<Tag> {
    ticket.tags.iter().cloned().collect()
}

impl Begun {
    fn hold(&mut self, at: Timestamp, is: &Ticket) {
        let (live, assignee) = (is.standing.status.is_live(), &is.standing.assignee);
        let holds = &mut self.course.holds;
        let same = match holds.last() {
            // What was put away without having been work has no hold to end.
            None => !live,
            Some(last) => last.live == live && (!live || last.assignee == *assignee),
        };
        if !same {
            let from = holds.last().map_or(at, |last| last.from.max(at));
            holds.push(Hold { from, live, assignee: assignee.clone() });
        }
    }
}

fn answered(begun: &mut Begun, at: Timestamp, writer: &Writer, was: &Was, is: &Ticket, span: &Span<'_>) {
    let by = match writer {
        Writer::Desk(name) | Writer::Native(name) => Who::Agent(name.clone()),
        Writer::Colleague | Writer::Customer | Writer::Participant => Who::Colleagues,
    };
    if !matches!(writer, Writer::Desk(_)) {
        begun.course.outside.push((at, by.clone()));
    }
    // A reply that came to be known late ends no wait that began after it.
    let left = is.waiting.as_ref().map_or(0, |waiting| waiting.messages.len());
    match (is.first_asked_at, was.waiting) {
        (Some(asked), _) if !was.responded && is.first_response_at.is_some() => {
            begun.course.first = Some(Answer { at, by, took: span(asked, at) });
            // Answered after it was closed is answered all the same.
            if let Some(done) = &mut begun.course.done {
                done.without_response = false;
            }
        }
        (_, Some((since, waiting))) if was.responded && left < waiting.max(1) => {
            begun.course.next.push(Answer { at, by, took: span(since, at) });
        }
        _ => {}
    }
}

fn moved(begun: &mut Begun, recorded: &Recorded, why: &Why, was: &Was, is: &Ticket, span: &Span<'_>) {
    let at = recorded.at;
    let status = is.standing.status;
    if was.status != status {
        if let Some(since) = begun.pending_since.take() {
            begun.paused += span(since, at);
        }
        begun.pending_since = (status == Status::Pending).then_some(at);
    }
    match (was.status.is_live(), status.is_live(), why) {
        (_, false, Why::Imported) => {
            begun.was_imported = true;
            begun.course.done = None;
            begun.course.holds.clear();
        }
        // The matter goes on elsewhere: it is neither resolved nor left without a response.
        (_, false, Why::Duplicate { .. }) => begun.course.done = None,
        (true, false, _) => {
            let by = match &recorded.by {
                Actor::Agent(name) => Who::Agent(name.clone()),
                Actor::Person(_) | Actor::Desk => is.standing.assignee.clone().map_or(Who::Nobody, Who::Agent),
            };
            let took = span(begun.course.opened_at, at).saturating_sub(begun.paused);
            begun.course.done = Some(Done {
                at,
                by,
                took: (!begun.was_imported).then_some(took),
                paused: begun.paused,
                without_response: is.first_asked_at.is_some() && is.first_response_at.is_none(),
            });
        }
        (false, true, _) => {
            if let Some(done) = begun.course.done.take() {
                begun.course.reopens.push(Reopen { at, done_by: done.by });
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
