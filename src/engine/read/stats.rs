//! Counting. One pass over the logs, ticket by ticket. For a screen what each ticket came to is kept, so that only the tickets whose
//! log has grown are counted anew; a command keeps nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{Local, NaiveDateTime};
use chrono_tz::Tz;

use super::super::EngineError;
use super::Views;
use crate::clock::Timestamp;
use crate::desk::ids::{EventId, TicketKey};
use crate::desk::metrics::{Course, Frame, Report, Tally, courses, plain};

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
        let mut tally = Tally::new(Frame { since, until, local: &local });
        match &self.kept {
            Some(kept) => {
                let mut kept = kept.borrow_mut();
                self.refresh(&mut kept)?;
                kept.courses.values().flatten().for_each(|course| tally.add(course));
            }
            None => self.reader.each_log(|_, log| {
                courses(log, &plain).iter().for_each(|course| tally.add(course));
            })?,
        }
        let timezone = zone.map_or("local", Tz::name).to_owned();
        Ok(tally.report(timezone, "plain".to_owned()))
    }

    /// Counts anew what has changed since.
    fn refresh(&self, kept: &mut Kept) -> Result<(), EngineError> {
        let newest = self.reader.newest_event()?;
        if kept.courses.is_empty() {
            self.reader.each_log(|key, log| {
                kept.courses.insert(key, courses(log, &plain).into());
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
                    place.insert(courses(&self.reader.log(key)?, &plain).into());
                }
            }
        }
        kept.upto = newest;
        Ok(())
    }
}
