//! Reading what is known of groups: how they are called, which of them has a number, what is wrong with them.

use super::{EngineError, Views, ticket_row};
use crate::desk::groups::Names;
use crate::desk::ids::{GroupId, TicketKey, TopicId};
use crate::desk::query::Query;
use crate::engine::mirror::Sync;
use crate::engine::transport::{GroupFacts, Missing};
use crate::engine::views::{Finding, TicketRow};
use crate::store::tickets::QueueRow;

/// How groups are called.
pub(super) type Named = Vec<(GroupId, Names)>;

/// Tells how a group is called; nothing while nobody knows.
pub(super) fn name_in(groups: &Named, id: GroupId) -> String {
    let names = groups.iter().find(|(group, _)| *group == id).map(|(_, names)| names);
    names.map_or_else(String::new, |names| names.called(id).name().to_owned())
}

/// Says why nothing can be sent: to the desk's group, or to those that are named.
pub(super) fn read_only(groups: &[(GroupFacts, Sync)], missing: &[Missing]) -> Option<String> {
    let several = groups.len() + missing.iter().filter(|one| is_unknown(one, groups)).count() > 1;
    let mut all: Vec<String> = Vec::new();
    for (facts, _) in groups {
        all.extend(facts.read_only().map(|why| match several {
            true => format!("{}: {why}", facts.called().name()),
            false => why,
        }));
    }
    // One that was never had is nowhere else.
    let unknown = missing.iter().filter(|one| is_unknown(one, groups));
    all.extend(unknown.map(|one| format!("{}: {}", one.name, one.why)));
    (!all.is_empty()).then(|| all.join("; "))
}

fn is_unknown(missing: &Missing, groups: &[(GroupFacts, Sync)]) -> bool {
    !groups.iter().any(|(facts, _)| Some(facts.group) == missing.group)
}

impl Views {
    /// Reads how groups are called.
    pub(super) fn named(&self) -> Result<Named, EngineError> {
        let names = |(facts, _): (GroupFacts, Sync)| {
            (facts.group, Names { given: facts.name, title: facts.title, username: facts.username })
        };
        Ok(self.facts()?.into_iter().map(names).collect())
    }

    /// Reads a query, which may name groups.
    pub(super) fn query(&self, text: &str) -> Result<Query, EngineError> {
        let groups = self.named()?;
        Ok(self.rules.query_among(text, groups.iter().map(|(id, names)| names.called(*id)))?)
    }

    /// Makes the row that screens and JSON show.
    pub(super) fn ticket_row(&self, row: &QueueRow, groups: &Named) -> TicketRow {
        TicketRow { group_name: name_in(groups, row.ticket.key.group), ..ticket_row(row) }
    }

    /// Finds a ticket by its number: once for each group that has it, or in the group of that name. General is in each.
    pub(super) fn find_ticket(&self, topic: TopicId, group: Option<&str>) -> Result<Vec<TicketKey>, EngineError> {
        let groups = self.named()?;
        let mut found = match topic {
            TopicId::GENERAL => groups.iter().map(|(group, _)| TicketKey { group: *group, topic }).collect(),
            _ => self.reader.find_topic(topic)?,
        };
        if let Some(word) = group {
            let is = |key: &TicketKey| groups.iter().any(|(id, names)| *id == key.group && names.called(*id).is(word));
            found.retain(is);
        }
        // A topic that is no ticket (rules, announcements) is not what is meant if another one is.
        let mut tickets = Vec::new();
        for key in &found {
            if found.len() > 1 && self.reader.ticket(*key)?.is_some() {
                tickets.push(*key);
            }
        }
        Ok(if tickets.is_empty() { found } else { tickets })
    }

    /// Judges rights and settings of all groups; of several, each by its name.
    pub(super) fn findings(&self, groups: &[(GroupFacts, Sync)]) -> Vec<Finding> {
        let several = groups.len() > 1;
        let of = |facts: &GroupFacts| {
            let name = facts.called().name().to_owned();
            facts.findings(self.rules.mirrors_status()).into_iter().map(move |finding| match several {
                true => Finding { what: format!("{name}: {}", finding.what), ..finding },
                false => finding,
            })
        };
        groups.iter().flat_map(|(facts, _)| of(facts)).collect()
    }
}
