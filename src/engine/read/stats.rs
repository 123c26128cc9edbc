//! Counting. One pass over the logs, ticket by ticket. For a screen what each ticket came to is kept, so that only the tickets whose
//! log has grown are counted anew; a command keeps nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{Local, NaiveDateTime};
use chrono_tz::Tz;

use super::super::EngineError;
use super::Views;
use super::groups::name_in;
use super::sla::Groups;
use crate::clock::Timestamp;
use crate::desk::event::Recorded;
use crate::desk::ids::{EventId, GroupId, TicketKey};
use crate::desk::metrics::{Course, Frame, Report, Row, Tally, courses, plain};
use crate::desk::query::Facts;
use crate::engine::transport::GroupFacts;

/// What every ticket came to, up to an event.
#[derive(Debug, Default)]
pub(in crate::engine) struct Kept {
    upto: EventId,
    courses: BTreeMap<TicketKey, Box<[Course]>>,
}

impl Views {
    /// Keeps what was counted from now on.
    pub(in crate::engine) fn keeping(self) -> Views {
        Views { kept: Some(RefCell::default()), ..self }
    }

    /// Counts what happened in a period.
    pub(super) fn stats(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Report, EngineError> {
        let zone = self.rules.timezone.as_deref().and_then(|name| name.parse::<Tz>().ok());
        let local = |at: Timestamp| -> NaiveDateTime {
            match zone {
                Some(zone) => at.to_utc().with_timezone(&zone).naive_local(),
                None => at.to_utc().with_timezone(&Local).naive_local(),
            }
        };
        let until = until.unwrap_or_else(|| self.clock.now());
        let empty = || Tally::new(Frame { since, until, local: &local });
        let named = self.named()?;
        let mut tally = empty();
        // Of one group the total is all there is to tell.
        let mut by_group: BTreeMap<GroupId, Tally<'_>> = match named.len() {
            0 | 1 => BTreeMap::new(),
            _ => named.iter().map(|(group, _)| (*group, empty())).collect(),
        };
        let mut add = |key: TicketKey, all: &[Course]| {
            let mut own = by_group.get_mut(&key.group);
            for course in all {
                tally.add(course);
                if let Some(own) = &mut own {
                    own.add(course);
                }
            }
        };
        match &self.kept {
            Some(kept) => {
                let mut kept = kept.borrow_mut();
                self.refresh(&mut kept)?;
                kept.courses.iter().for_each(|(key, all)| add(*key, all));
            }
            None => {
                let groups = self.groups()?;
                self.each_course(&groups, |key, all| add(key, &all))?;
            }
        }
        let timezone = zone.map_or("local", Tz::name).to_owned();
        let clock = if self.rules.sla.is_empty() { "plain" } else { "business" }.to_owned();
        let row = |(group, tally): (GroupId, Tally<'_>)| {
            let figures = tally.report(timezone.clone(), clock.clone()).total;
            Row { key: name_in(&named, group), figures }
        };
        let mut groups: Vec<Row> = by_group.into_iter().map(row).collect();
        groups.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Report { groups, ..tally.report(timezone.clone(), clock.clone()) })
    }

    /// Counts anew what has changed since.
    fn refresh(&self, kept: &mut Kept) -> Result<(), EngineError> {
        let newest = self.reader.newest_event()?;
        let groups = self.groups()?;
        if kept.courses.is_empty() {
            self.each_course(&groups, |key, all| {
                kept.courses.insert(key, all.into());
            })?;
        } else {
            for key in self.reader.written_after(kept.upto)? {
                kept.courses.remove(&key);
            }
            // A topic that is ignored from now on is no ticket any more, and one that was ignored may be one again.
            let there = self.reader.ticket_keys()?;
            kept.courses.retain(|key, _| there.binary_search(key).is_ok());
            for key in there {
                if let Entry::Vacant(place) = kept.courses.entry(key) {
                    place.insert(self.courses_of(key, &self.reader.log(key)?, &groups)?.into());
                }
            }
        }
        kept.upto = newest;
        Ok(())
    }

    /// Goes through what each ticket came to.
    fn each_course(&self, groups: &Groups, mut visit: impl FnMut(TicketKey, Vec<Course>)) -> Result<(), EngineError> {
        let mut trouble = None;
        self.reader.each_log(|key, log| match self.courses_of(key, log, groups) {
            Ok(all) => visit(key, all),
            Err(error) => trouble = Some(error),
        })?;
        trouble.map_or(Ok(()), Err)
    }

    /// Tells what a ticket came to: in the hours of the policy that holds for it now, or in plain time where there is none.
    pub(super) fn courses_of(
        &self,
        key: TicketKey,
        log: &[Recorded],
        groups: &Groups,
    ) -> Result<Vec<Course>, EngineError> {
        let sla = &self.rules.sla;
        if sla.is_empty() {
            return Ok(courses(log, &plain));
        }
        let ticket = self.reader.ticket(key)?;
        let customer = match ticket.as_ref().and_then(|ticket| ticket.customer) {
            Some(id) if sla.names_customers() => self.reader.person(id)?,
            _ => None,
        };
        let group = groups.iter().find(|facts| facts.group == key.group);
        let group = group.map(GroupFacts::called);
        let policy = ticket.as_ref().and_then(|ticket| sla.policy(&Facts::of(ticket, customer.as_ref(), group)));
        Ok(match policy.map(|policy| sla.hours_of(policy)) {
            Some(hours) => courses(log, &|from, to| hours.between(from, to)),
            None => courses(log, &plain),
        })
    }
}
