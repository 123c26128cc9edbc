//! The desk as a whole: groups, agents, link, and what an admin should know.

use std::sync::PoisonError;

use super::groups::read_only;
use super::{Condition, Views};
use crate::clock::Timestamp;
use crate::desk::ids::AgentName;
use crate::engine::EngineError;
use crate::engine::backfill::BEYOND;
use crate::engine::groups::SEND_AFTER;
use crate::engine::mirror::Sync;
use crate::engine::views::DeskView;

/// The desk as it was last read: many screens ask for it whenever anything changes, and it is the same for all of them.
#[derive(Debug)]
pub(in crate::engine) struct Kept {
    version: i64,
    second: i64,
    condition: Condition,
    view: DeskView,
}

impl Views {
    pub(super) fn desk(&self, agent: &AgentName) -> Result<DeskView, EngineError> {
        let (version, second) = (self.reader.version()?, self.clock.now().unix());
        let condition = self.condition.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut last = self.last_desk.borrow_mut();
        let kept = match last.take() {
            Some(kept) if (kept.version, kept.second) == (version, second) && kept.condition == condition => kept,
            _ => Kept { version, second, view: self.make_desk(&condition)?, condition },
        };
        let view = DeskView { agent: agent.clone(), ..last.insert(kept).view.clone() };
        Ok(view)
    }

    fn make_desk(&self, condition: &Condition) -> Result<DeskView, EngineError> {
        let groups = self.facts()?;
        let mut backfill = None;
        let mut behind = Vec::new();
        let mut all_holes = Vec::new();
        if groups.is_empty() {
            backfill = Some(0);
        }
        for (facts, sync) in &groups {
            // One that cannot be got at is waited for by nobody, and the one that is least far is told.
            let percent: Option<u8> = match sync {
                _ if facts.lost.is_some() && groups.len() > 1 => None,
                Sync::Done { .. } => None,
                Sync::Importing { .. } => Some(99),
                Sync::New | Sync::Listing { .. } => Some(0),
                Sync::Scanning { frontier } => {
                    let goal = i64::from(facts.top_message.map_or(0, |id| id.0).max(1)) + i64::from(BEYOND);
                    Some(u8::try_from((i64::from(*frontier) * 99 / goal).clamp(0, 99)).unwrap_or(99))
                }
                Sync::Reading => {
                    let (all, done) = self.reader.count_histories(facts.group)?;
                    Some(u8::try_from(done * 99 / all.max(1)).unwrap_or(99))
                }
            };
            behind.extend(percent.map(|percent| (facts.group, percent)));
            backfill = match (backfill, percent) {
                (Some(other), Some(percent)) => Some(percent.min(other)),
                (other, percent) => percent.or(other),
            };
            if matches!(sync, Sync::Done { .. }) {
                all_holes.extend(self.holes(facts)?);
            }
        }
        let mut not_before = None;
        for (facts, _) in &groups {
            let text = self.reader.group_value(facts.group, SEND_AFTER)?;
            not_before = not_before.max(text.and_then(|text| text.parse().ok()).map(Timestamp::from_millis));
        }
        let Condition { link, trouble, recheck, missing, .. } = condition.clone();
        Ok(DeskView {
            name: self.rules.desk_name.clone(),
            sla: !self.rules.sla.is_empty(),
            pilot: self.rules.pilot,
            close_reasons: self.rules.close_reasons.clone(),
            opening_barred: groups.iter().find_map(|(facts, _)| facts.opening_barred()),
            opening_says: self.rules.opening_text(None).is_some(),
            automatic_due: self.reader.count_says()?,
            read_only: read_only(&groups, &missing),
            findings: self.findings(&groups),
            mirror_status: self.mirror_status(&groups)?,
            groups: groups.into_iter().map(|(facts, _)| facts).collect(),
            missing,
            link,
            trouble,
            recheck,
            backfill,
            behind,
            agent: AgentName::default(),
            agents: self.rules.staff.agents.iter().map(|agent| agent.name.clone()).collect(),
            roster: self.agents()?,
            tags: self.reader.tags()?.into_iter().collect(),
            holes: all_holes,
            not_before: not_before.filter(|at| *at > self.clock.now()),
        })
    }
}
