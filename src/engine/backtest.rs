//! The backtest: what rules would have done with what is in the store.

use super::EngineError;
use super::transport::GroupFacts;
use crate::clock::Timestamp;
use crate::desk::escalation::{Past, Replay, Report};
use crate::desk::event::Recorded;
use crate::desk::groups::Names;
use crate::desk::ids::{GroupId, PersonId, TicketKey};
use crate::desk::people::Person;
use crate::desk::rules::Rules;
use crate::store::{Reader, StoreError};

/// A stretch of recorded time under several sets of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backtest {
    /// What came of each, in order.
    pub reports: Vec<Report>,
    /// How many events were replayed.
    pub events: usize,
    /// The date of the first and the last of them.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Replays everything that is recorded, in one pass for all sets of rules. Only what is due from `since` on, and by `now`, fires.
///
/// # Errors
/// The store's.
pub fn run(reader: &Reader, rules: &[&Rules], since: Timestamp, now: Timestamp) -> Result<Backtest, EngineError> {
    let _snapshot = reader.snapshot()?;
    let mut past = Stored { reader, groups: Vec::new() };
    for (_, facts, _) in reader.groups()? {
        let facts = facts.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::from)?;
        past.groups.extend(facts);
    }
    let mut replays: Vec<Replay<'_>> = rules.iter().map(|rules| Replay::new(rules, since)).collect();
    let mut events = 0;
    let mut span = None;
    reader.replay::<EngineError>(|at, recorded| {
        if at > now {
            return Ok(());
        }
        events += 1;
        span = Some((span.map_or(at, |(first, _)| first), at));
        for replay in &mut replays {
            replay.feed(at, &recorded, &mut past)?;
        }
        Ok(())
    })?;
    let reports = replays.into_iter().map(|replay| replay.end(now, &mut past)).collect::<Result<_, _>>()?;
    Ok(Backtest { reports, events, span })
}

struct Stored<'a> {
    reader: &'a Reader,
    groups: Vec<GroupFacts>,
}

impl Past for Stored<'_> {
    type Error = EngineError;

    fn log(&mut self, ticket: TicketKey) -> Result<Vec<Recorded>, EngineError> {
        Ok(self.reader.log(ticket)?)
    }

    fn person(&mut self, id: PersonId) -> Result<Option<Person>, EngineError> {
        Ok(self.reader.person(id)?)
    }

    fn group(&self, id: GroupId) -> Option<Names> {
        let facts = self.groups.iter().find(|facts| facts.group == id)?;
        Some(Names { given: facts.name.clone(), title: facts.title.clone(), username: facts.username.clone() })
    }
}
