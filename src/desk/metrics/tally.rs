//! Gathering the courses of all tickets, one after the other, into a report. Of each span four bytes are kept, for the percentiles.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{Days, NaiveDate, NaiveDateTime, Timelike};

use super::course::{Answer, Course, Who};
use super::report::{Figures, Report, Row, Spread, Step};
use crate::clock::Timestamp;
use crate::desk::ids::AgentName;
use crate::desk::tags::Tag;

/// A period of up to so many hours is told by hour.
const HOURLY: u64 = 48;

/// In a longer period, days before anything happened are left out.
const LONG: u64 = 400;

/// The period that is counted, and the desk's wall clock.
pub struct Frame<'a> {
    /// From then on; `None`: from the beginning.
    pub since: Option<Timestamp>,
    /// Until before then.
    pub until: Timestamp,
    /// Tells date and time on the desk's wall at an instant.
    pub local: &'a dyn Fn(Timestamp) -> NaiveDateTime,
}

impl Frame<'_> {
    fn has(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| since <= at) && at < self.until
    }

    fn hourly(&self) -> bool {
        self.since.is_some_and(|since| self.until.since(since) <= Duration::from_secs(HOURLY * 3600))
    }
}

/// What was counted so far of something.
#[derive(Default)]
struct Heap {
    opened: usize,
    resolved: usize,
    reopened: usize,
    without_response: usize,
    outside: usize,
    breaches: usize,
    surveys: usize,
    survey_points: usize,
    open: usize,
    first: Vec<u32>,
    next: Vec<u32>,
    resolution: Vec<u32>,
}

impl Heap {
    fn figures(&self, opened: bool, open: Option<usize>) -> Figures {
        Figures {
            opened: opened.then_some(self.opened),
            resolved: self.resolved,
            reopened: self.reopened,
            without_response: self.without_response,
            outside: self.outside,
            breaches: self.breaches,
            surveys: self.surveys,
            survey_points: self.survey_points,
            open,
            first_response: Spread::of(&self.first),
            next_response: Spread::of(&self.next),
            resolution: Spread::of(&self.resolution),
        }
    }
}

/// How a part of the period has changed the backlog.
#[derive(Default)]
struct Change {
    opened: usize,
    resolved: usize,
    came: usize,
    went: usize,
}

/// Counts courses, in any order, each once.
pub struct Tally<'a> {
    frame: Frame<'a>,
    total: Heap,
    agents: BTreeMap<Who, Heap>,
    tags: BTreeMap<Tag, Heap>,
    untagged: Heap,
    days: BTreeMap<NaiveDate, Heap>,
    hours: [Heap; 24],
    steps: BTreeMap<NaiveDateTime, Change>,
    open_at_start: usize,
}

impl<'a> Tally<'a> {
    /// Begins to count.
    pub fn new(frame: Frame<'a>) -> Self {
        Tally {
            frame,
            total: Heap::default(),
            agents: BTreeMap::new(),
            tags: BTreeMap::new(),
            untagged: Heap::default(),
            days: BTreeMap::new(),
            hours: Default::default(),
            steps: BTreeMap::new(),
            open_at_start: 0,
        }
    }

    /// Counts an episode.
    pub fn add(&mut self, course: &Course) {
        self.count(course, course.opened_at, None, |heap| heap.opened += 1);
        self.step(course.opened_at, |change| change.opened += 1);
        if let Some(first) = &course.first {
            self.answer(course, first, |heap| &mut heap.first);
        }
        for next in &course.next {
            self.answer(course, next, |heap| &mut heap.next);
        }
        if let Some(done) = &course.done {
            let took = done.took.map(seconds);
            self.count(course, done.at, Some(&done.by), |heap| {
                heap.resolved += 1;
                heap.without_response += usize::from(done.without_response);
                heap.resolution.extend(took);
            });
            self.step(done.at, |change| change.resolved += 1);
        }
        for reopen in &course.reopens {
            self.count(course, reopen.at, Some(&reopen.done_by), |heap| heap.reopened += 1);
        }
        for (at, by) in &course.outside {
            self.count(course, *at, Some(by), |heap| heap.outside += 1);
        }
        for (at, whose) in &course.breaches {
            self.count(course, *at, Some(whose), |heap| heap.breaches += 1);
        }
        if let Some((at, score, whose)) = &course.survey {
            self.count(course, *at, Some(whose), |heap| {
                heap.surveys += 1;
                heap.survey_points += usize::from(*score);
            });
        }
        self.backlog(course);
    }

    fn answer(&mut self, course: &Course, answer: &Answer, to: impl Fn(&mut Heap) -> &mut Vec<u32>) {
        let took = seconds(answer.took);
        self.count(course, answer.at, Some(&answer.by), |heap| to(heap).push(took));
    }

    fn count(&mut self, course: &Course, at: Timestamp, who: Option<&Who>, count: impl Fn(&mut Heap)) {
        if !self.frame.has(at) {
            return;
        }
        let local = (self.frame.local)(at);
        count(&mut self.total);
        count(self.days.entry(local.date()).or_default());
        count(&mut self.hours[local.hour() as usize % 24]);
        self.tagged(course, &count);
        if let Some(who) = who {
            if let Some(heap) = self.agents.get_mut(who) {
                count(heap);
            } else {
                count(self.agents.entry(who.clone()).or_default());
            }
        }
    }

    fn tagged(&mut self, course: &Course, count: impl Fn(&mut Heap)) {
        if course.tags.is_empty() {
            count(&mut self.untagged);
        }
        for tag in &course.tags {
            if let Some(heap) = self.tags.get_mut(tag) {
                count(heap);
            } else {
                count(self.tags.entry(tag.clone()).or_default());
            }
        }
    }

    fn step(&mut self, at: Timestamp, count: impl Fn(&mut Change)) {
        if self.frame.has(at) {
            let local = (self.frame.local)(at);
            let hour = if self.frame.hourly() { local.hour() } else { 0 };
            count(self.steps.entry(local.date().and_hms_opt(hour, 0, 0).unwrap_or_default()).or_default());
        }
    }

    fn backlog(&mut self, course: &Course) {
        let mut live = false;
        let mut assignee: Option<&AgentName> = None;
        let until = self.frame.until;
        for hold in course.holds.iter().take_while(|hold| hold.from < until) {
            if hold.live != live {
                if self.frame.has(hold.from) {
                    self.step(hold.from, |change| {
                        change.came += usize::from(hold.live);
                        change.went += usize::from(!hold.live);
                    });
                } else {
                    // Before the period; an episode has come before it goes.
                    self.open_at_start = if hold.live { self.open_at_start + 1 } else { self.open_at_start - 1 };
                }
            }
            (live, assignee) = (hold.live, hold.assignee.as_ref());
        }
        if live {
            self.total.open += 1;
            let who = assignee.cloned().map_or(Who::Nobody, Who::Agent);
            self.agents.entry(who).or_default().open += 1;
            self.tagged(course, |heap| heap.open += 1);
        }
    }

    /// Tells what was counted. `timezone` and `clock` are the words of [`Report`].
    pub fn report(self, timezone: String, clock: String) -> Report {
        let Tally { frame, total, agents, tags, untagged, days, hours, steps, open_at_start } = self;
        let mut report = Report {
            since: frame.since,
            until: frame.until,
            timezone,
            clock,
            open_at_start,
            total: total.figures(true, Some(total.open)),
            ..Report::default()
        };
        let row =
            |who: &Who, heap: &Heap| Row { key: who.name().to_owned(), figures: heap.figures(false, Some(heap.open)) };
        report.agents = agents.iter().map(|(who, heap)| row(who, heap)).collect();
        let tag =
            |(tag, heap): (&str, &Heap)| Row { key: tag.to_owned(), figures: heap.figures(true, Some(heap.open)) };
        report.tags = tags.iter().map(|(name, heap)| tag((name.as_str(), heap))).collect();
        report.tags.push(tag(("(no tag)", &untagged)));
        let hour = |(hour, heap): (usize, &Heap)| Row { key: format!("{hour:02}"), figures: heap.figures(true, None) };
        report.hours = hours.iter().enumerate().map(hour).collect();

        let first_step = steps.keys().next().map(NaiveDateTime::date);
        let first = days.keys().next().copied().into_iter().chain(first_step).min();
        let last = (frame.local)(Timestamp::from_millis(frame.until.millis() - 1));
        let begin = match frame.since {
            Some(since) if frame.until.since(since) <= Duration::from_secs(LONG * 86_400) => (frame.local)(since),
            _ => first.unwrap_or(last.date()).and_time(chrono::NaiveTime::MIN),
        };
        let mut open = open_at_start;
        let mut day = begin.date();
        while day <= last.date() {
            let next = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
            let (from, to) = (day.and_time(chrono::NaiveTime::MIN), next.and_time(chrono::NaiveTime::MIN));
            let mut parts = vec![(from, to)];
            if frame.hourly() {
                let hour = |hour| day.and_hms_opt(hour, 0, 0).unwrap_or_default();
                parts = (0..24).map(|at| (hour(at), if at == 23 { to } else { hour(at + 1) })).collect();
                parts.retain(|(from, to)| *from <= last && *to > begin);
            }
            for (from, to) in parts {
                let mut step = Step { from: named(from, frame.hourly()), ..Step::default() };
                for change in steps.range(from..to).map(|(_, change)| change) {
                    step.opened += change.opened;
                    step.resolved += change.resolved;
                    open = (open + change.came).saturating_sub(change.went);
                }
                report.steps.push(Step { open, ..step });
            }
            let none = Heap::default();
            let heap = days.get(&day).unwrap_or(&none);
            report.days.push(Row { key: day.to_string(), figures: heap.figures(true, Some(open)) });
            day = next;
        }
        report
    }
}

fn named(from: NaiveDateTime, hourly: bool) -> String {
    from.format(if hourly { "%Y-%m-%dT%H" } else { "%Y-%m-%d" }).to_string()
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
