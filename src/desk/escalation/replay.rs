//! The backtest: recorded events go in, in the order of time, and what the rules would have done comes out.
//!
//! One pass. The timer goes as the engine's does: whatever is due by the instant of an event fires before the event counts. What a rule
//! changes in a ticket is folded in, so that later rules see it; what recorded rules have changed is left out. Tickets that are
//! closed are forgotten, and read again from their log should they come back. People might have acted otherwise, had it been so.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use serde::Serialize;

use super::{Cause, Escalations, Firing, HOUR};
use crate::clock::Timestamp;
use crate::desk::event::{Actor, Event, Recorded};
use crate::desk::groups::Names;
use crate::desk::ids::{AgentName, EventId, GroupId, PersonId, TicketKey};
use crate::desk::lifecycle;
use crate::desk::people::Person;
use crate::desk::query::Facts;
use crate::desk::rules::Rules;
use crate::desk::sla::{Assessment, ClockName, ClockState};
use crate::desk::ticket::{Status, Ticket};

/// What a replay asks of the past besides the events it is fed.
pub trait Past {
    /// Why it cannot be told.
    type Error;

    /// Reads the whole log of a ticket.
    ///
    /// # Errors
    /// It cannot be read.
    fn log(&mut self, ticket: TicketKey) -> Result<Vec<Recorded>, Self::Error>;

    /// Finds somebody.
    ///
    /// # Errors
    /// They cannot be read.
    fn person(&mut self, id: PersonId) -> Result<Option<Person>, Self::Error>;

    /// Tells how a group is called.
    fn group(&self, id: GroupId) -> Option<Names>;
}

/// A firing of the backtest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// When.
    pub at: Timestamp,
    /// For which ticket.
    pub ticket: TicketKey,
    /// Its title then.
    pub title: String,
    /// The rule.
    pub rule: String,
    /// What for.
    #[serde(flatten)]
    pub cause: Cause,
    /// To whom. Of a team, all: who was there then is not recorded.
    pub told: Vec<AgentName>,
    /// And in the chat of the staff.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub chat: bool,
    /// The rule had reached its cap.
    pub held: bool,
    /// What it would have changed.
    pub deeds: Vec<Event>,
}

/// A target that was missed before any rule had said a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// When it was missed.
    pub at: Timestamp,
    /// Of which ticket.
    pub ticket: TicketKey,
    /// Its title then.
    pub title: String,
    /// Which clock.
    pub clock: ClockName,
}

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of time.
    pub firings: Vec<Replayed>,
    /// Targets that were missed, in all.
    pub breaches: usize,
    /// Those before which nothing had fired in the episode.
    pub missed: Vec<Missed>,
}

/// The sums of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How often each rule fired, and how many of these were held back by its cap.
    pub rules: BTreeMap<String, (usize, usize)>,
    /// How often each agent would have been told.
    pub told: BTreeMap<AgentName, usize>,
    /// How often the chat of the staff would have been.
    pub chat: usize,
    /// The hour in which most was told: its beginning, and how often.
    pub worst_hour: Option<(Timestamp, usize)>,
}

impl Report {
    /// Sums it up.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        let mut times: Vec<Timestamp> = Vec::new();
        for firing in &self.firings {
            let rule = tally.rules.entry(firing.rule.clone()).or_default();
            rule.0 += 1;
            rule.1 += usize::from(firing.held);
            for name in &firing.told {
                *tally.told.entry(name.clone()).or_default() += 1;
            }
            tally.chat += usize::from(firing.chat);
            if !firing.told.is_empty() || firing.chat {
                times.push(firing.at);
            }
        }
        times.sort_unstable();
        let mut first = 0;
        for (last, at) in times.iter().enumerate() {
            while times[first] + HOUR <= *at {
                first += 1;
            }
            let count = last + 1 - first;
            if tally.worst_hour.is_none_or(|(_, most)| count > most) {
                tally.worst_hour = Some((times[first], count));
            }
        }
        tally
    }
}

/// A ticket on its way through the replay.
#[derive(Default)]
struct Course {
    ticket: Option<Ticket>,
    /// So many events that follow are the deeds of a recorded rule.
    skip: u32,
    /// Which of the timers that were set for it is the last one.
    timer: u64,
    /// The last event that was folded in.
    last: EventId,
    breached: Vec<(ClockName, Timestamp)>,
    /// When a rule first fired in the episode.
    first_fired: Option<Timestamp>,
}

/// What time does to a ticket next.
enum Next {
    Fires(Firing),
    Breaches { clock: ClockName, since: Timestamp, deadline: Timestamp },
}

/// A replay under one set of rules.
pub struct Replay<'a> {
    rules: &'a Rules,
    floor: Timestamp,
    names_people: bool,
    courses: HashMap<TicketKey, Course>,
    people: HashMap<PersonId, Option<Person>>,
    groups: HashMap<GroupId, Option<Names>>,
    timers: BinaryHeap<Reverse<(Timestamp, TicketKey, u64)>>,
    timer: u64,
    reached: Vec<Vec<Timestamp>>,
    /// What rules have done, by the event after which it was.
    deeds: HashMap<TicketKey, Vec<(EventId, Recorded)>>,
    report: Report,
}

impl<'a> Replay<'a> {
    /// Begins one. What was due before `floor` does not fire.
    pub fn new(rules: &'a Rules, floor: Timestamp) -> Self {
        Replay {
            rules,
            floor,
            names_people: rules.names_customers(),
            courses: HashMap::new(),
            people: HashMap::new(),
            groups: HashMap::new(),
            timers: BinaryHeap::new(),
            timer: 0,
            reached: vec![Vec::new(); rules.escalations.rules.len()],
            deeds: HashMap::new(),
            report: Report::default(),
        }
    }

    /// Takes in an event. `at`: its place in time, which for one ticket never goes back.
    ///
    /// # Errors
    /// The past cannot be read.
    pub fn feed<P: Past>(&mut self, at: Timestamp, recorded: &Recorded, past: &mut P) -> Result<(), P::Error> {
        self.advance(at, past)?;
        let key = recorded.ticket;
        let begins = matches!(recorded.event, Event::Opened { episode: 1, .. });
        if !self.courses.contains_key(&key) {
            let ticket = if begins { None } else { self.fold(key, recorded.id, false, past)? };
            self.courses.insert(key, Course { ticket, ..Course::default() });
        }
        let course = self.courses.entry(key).or_default();
        if let Event::Escalated { deeds, .. } = recorded.event {
            course.skip = deeds;
            return Ok(());
        }
        if course.skip > 0 && recorded.by == Actor::Desk {
            course.skip -= 1;
            return Ok(());
        }
        course.skip = 0;
        course.last = recorded.id;
        if matches!(recorded.event, Event::Opened { .. }) {
            course.first_fired = None;
            course.breached.clear();
        }
        let ticket = match recorded.event {
            Event::Undone { .. } => self.fold(key, recorded.id, true, past)?,
            _ => lifecycle::apply(course.ticket.take(), recorded),
        };
        self.courses.entry(key).or_default().ticket = ticket;
        self.set_timer(key, past)
    }

    /// Ends it at an instant: what is due by then has fired.
    ///
    /// # Errors
    /// The past cannot be read.
    pub fn end<P: Past>(mut self, at: Timestamp, past: &mut P) -> Result<Report, P::Error> {
        self.advance(at, past)?;
        Ok(self.report)
    }

    /// Folds a ticket's log up to an event, as if the replay's rules had been at work.
    fn fold<P: Past>(
        &mut self,
        key: TicketKey,
        to: EventId,
        with: bool,
        past: &mut P,
    ) -> Result<Option<Ticket>, P::Error> {
        let mut deeds = self.deeds.get(&key).map(Vec::as_slice).unwrap_or_default().iter().peekable();
        let mut skip = 0;
        let mut log = Vec::new();
        for recorded in past.log(key)? {
            if recorded.id > to || (recorded.id == to && !with) {
                break;
            }
            while let Some((_, deed)) = deeds.next_if(|(after, _)| *after < recorded.id) {
                log.push(deed.clone());
            }
            match recorded.event {
                Event::Escalated { deeds, .. } => skip = deeds,
                _ if skip > 0 && recorded.by == Actor::Desk => skip -= 1,
                _ => log.push(recorded),
            }
        }
        log.extend(deeds.map(|(_, deed)| deed.clone()));
        Ok(lifecycle::fold(&log))
    }

    /// Lets time pass: whatever is due fires, the earliest first.
    fn advance<P: Past>(&mut self, to: Timestamp, past: &mut P) -> Result<(), P::Error> {
        while let Some(Reverse((at, key, timer))) = self.timers.peek().copied().filter(|Reverse((at, ..))| *at <= to) {
            self.timers.pop();
            if self.courses.get(&key).is_none_or(|course| course.timer != timer) {
                continue;
            }
            match self.next(key) {
                Some((_, Next::Fires(firing))) => self.fire(key, &firing),
                Some((_, Next::Breaches { clock, since, deadline })) => self.breach(key, (clock, since), deadline, at),
                None => continue,
            }
            self.set_timer(key, past)?;
        }
        Ok(())
    }

    fn set_timer<P: Past>(&mut self, key: TicketKey, past: &mut P) -> Result<(), P::Error> {
        let Some(Some(ticket)) = self.courses.get(&key).map(|course| &course.ticket) else { return Ok(()) };
        let (customer, status) = (ticket.customer, ticket.standing.status);
        if let Some(id) = customer.filter(|_| self.names_people)
            && !self.people.contains_key(&id)
        {
            let person = past.person(id)?;
            self.people.insert(id, person);
        }
        self.groups.entry(key.group).or_insert_with(|| past.group(key.group));
        let next = self.next(key);
        self.timer += 1;
        if let Some(course) = self.courses.get_mut(&key) {
            course.timer = self.timer;
            match next {
                Some((at, _)) => self.timers.push(Reverse((at, key, self.timer))),
                None if status == Status::Closed && course.skip == 0 => {
                    self.courses.remove(&key);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Tells what time does next to a ticket, and when.
    fn next(&self, key: TicketKey) -> Option<(Timestamp, Next)> {
        let course = self.courses.get(&key)?;
        let ticket = course.ticket.as_ref()?;
        let group = self.groups.get(&key.group).and_then(Option::as_ref).map(|names| names.called(key.group));
        let customer = ticket.customer.and_then(|id| self.people.get(&id)).and_then(Option::as_ref);
        let facts = Facts::of(ticket, customer, group);
        let Rules { sla, escalations, .. } = self.rules;
        let assessment =
            if ticket.standing.status.is_live() || ticket.waiting.is_some() { sla.assess(&facts) } else { None };
        let firing = escalations.next(sla, &facts, assessment.as_ref(), self.floor);
        let breach = assessment.as_ref().and_then(|assessment| self.next_breach(course, ticket, assessment));
        match (firing, breach) {
            (Some(firing), Some((at, breach))) if at < firing.at => Some((at, breach)),
            (Some(firing), _) => Some((firing.at, Next::Fires(firing))),
            (None, breach) => breach,
        }
    }

    fn next_breach(&self, course: &Course, ticket: &Ticket, assessment: &Assessment<'_>) -> Option<(Timestamp, Next)> {
        let running = assessment.clocks.iter().filter(|clock| clock.state == ClockState::Running);
        let breaches = running.filter_map(|one| {
            let (clock, since, deadline) = (one.clock, one.started, one.deadline?);
            let known = deadline < self.floor || course.breached.contains(&(clock, since));
            (!known).then_some((deadline, Next::Breaches { clock, since, deadline }))
        });
        let (deadline, breach) = breaches.min_by_key(|(deadline, _)| *deadline)?;
        Some((ticket.touched_at.map_or(deadline, |at| deadline.max(at)), breach))
    }

    fn breach(&mut self, key: TicketKey, clock: (ClockName, Timestamp), deadline: Timestamp, at: Timestamp) {
        let Some(course) = self.courses.get_mut(&key) else { return };
        course.breached.push(clock);
        self.report.breaches += 1;
        if course.first_fired.is_none_or(|fired| fired >= deadline.max(at)) {
            let title = course.ticket.as_ref().map(|ticket| ticket.title.clone()).unwrap_or_default();
            self.report.missed.push(Missed { at, ticket: key, title, clock: clock.0 });
        }
    }

    fn fire(&mut self, key: TicketKey, firing: &Firing) {
        let rules = self.rules;
        let rule = &rules.escalations.rules[firing.rule];
        let reached = &mut self.reached[firing.rule];
        reached.retain(|at| *at + HOUR + HOUR > firing.at);
        let recent = reached.iter().filter(|at| **at + HOUR > firing.at && **at <= firing.at).count();
        let held = rule.reaches() && recent >= usize::try_from(rule.max_per_hour).unwrap_or(usize::MAX);
        if rule.reaches() && !held {
            reached.push(firing.at);
        }
        let Some(course) = self.courses.get_mut(&key) else { return };
        let Some(mut ticket) = course.ticket.take() else { return };
        let title = ticket.title.clone();
        let events = Escalations::fire(rules, firing, &ticket, held, &|_| true);
        let deeds = self.deeds.entry(key).or_default();
        for event in &events {
            let recorded =
                Recorded { id: EventId(0), ticket: key, at: firing.at, by: Actor::Desk, event: event.clone() };
            if let Some(after) = lifecycle::apply(Some(ticket.clone()), &recorded) {
                ticket = after;
            }
            deeds.push((course.last, recorded));
        }
        course.first_fired.get_or_insert(firing.at);
        course.ticket = Some(ticket);
        let mut events = events.into_iter();
        let (told, chat) = match events.next() {
            Some(Event::Escalated { told, chat, .. }) => (told, chat),
            _ => (Vec::new(), false),
        };
        self.report.firings.push(Replayed {
            at: firing.at,
            ticket: key,
            title,
            rule: rule.name.clone(),
            cause: firing.cause,
            told,
            chat,
            held,
            deeds: events.collect(),
        });
    }
}
