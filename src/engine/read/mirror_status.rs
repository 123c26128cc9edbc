//! Reading how status shows in Telegram: of a ticket, and of the desk.

use super::super::EngineError;
use super::super::mirror::Sync;
use super::super::mirror_status::{EDIT_BARRED, ICONS};
use super::super::transport::{GroupFacts, IconSet};
use super::super::views::{MirrorView, ShownStatus};
use super::Views;
use crate::clock::Timestamp;
use crate::desk::ids::TopicId;
use crate::desk::ticket::Ticket;
use crate::store::StoreError;
use crate::store::mirror_status::MirrorRow;
use crate::store::topics::TopicRow;

impl Views {
    /// Tells how far status shows in Telegram; `None`: that is switched off.
    pub(super) fn mirror_status(&self, groups: &[(GroupFacts, Sync)]) -> Result<Option<MirrorView>, EngineError> {
        let rules = &self.rules.mirror_status;
        if !self.rules.mirrors_status() {
            return Ok(None);
        }
        let set = self.icons()?;
        let mut stopped: Vec<String> = Vec::new();
        for (facts, _) in groups {
            let why = self.topics_stopped(Some(facts))?;
            stopped.extend(why.map(|why| match groups.len() {
                1 => why,
                _ => format!("{}: {why}", facts.called().name()),
            }));
        }
        let missing = set.iter().flat_map(|set| set.missing(rules));
        Ok(Some(MirrorView {
            close_topics: rules.close_topics,
            missing: missing.map(|(status, emoji)| (status.label().to_owned(), emoji.to_owned())).collect(),
            icons: set.as_ref().map(|set| (set.icons.len(), set.fetched_at)),
            waiting: self.reader.count_mirror_rows()?,
            stopped: (!stopped.is_empty()).then(|| stopped.join("; ")),
        }))
    }

    fn icons(&self) -> Result<Option<IconSet>, EngineError> {
        let text = self.reader.value(ICONS)?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose().map_err(StoreError::from)?)
    }

    fn topics_stopped(&self, facts: Option<&GroupFacts>) -> Result<Option<String>, EngineError> {
        if let Some(why) = facts.and_then(GroupFacts::topics_barred) {
            return Ok(Some(why));
        }
        let Some(facts) = facts else { return Ok(None) };
        let until = self
            .reader
            .group_value(facts.group, EDIT_BARRED)?
            .and_then(|text| text.parse().ok())
            .map(Timestamp::from_millis);
        let barred = until.is_some_and(|until| until > self.clock.now());
        Ok(barred.then(|| {
            "Telegram does not let the desk's account change topics; it is tried again now and then".to_owned()
        }))
    }

    /// Tells how a ticket's status shows in Telegram.
    pub(super) fn shown(
        &self,
        ticket: &Ticket,
        topic: &TopicRow,
        facts: Option<&GroupFacts>,
    ) -> Result<Option<ShownStatus>, EngineError> {
        let rules = &self.rules.mirror_status;
        let ignored = topic.ignored.unwrap_or_else(|| self.rules.ignores(topic.key.topic, &topic.title));
        let is_ticket = self.reader.ticket(topic.key)?.is_some();
        if !self.rules.mirrors_status() || topic.key.topic == TopicId::GENERAL || ignored || topic.gone || !is_ticket {
            return Ok(None);
        }
        let emoji = rules.icon(ticket.standing.status).map(str::to_owned);
        let row = self.reader.mirror_row(topic.key)?;
        let set = self.icons()?;
        let id = emoji.as_deref().and_then(|emoji| set.as_ref()?.id_of(emoji));
        let shown = id.is_some() && id == topic.icon;
        let due = row.as_ref().is_some_and(|row| row.due.is_some());
        let note = match (&emoji, &row) {
            (_, Some(MirrorRow { why: Some(why), .. })) => format!("not shown: {why}"),
            (_, Some(row)) if row.door == Some(true) => "the topic is to be closed".to_owned(),
            (_, Some(row)) if row.door == Some(false) => "the topic is to be reopened".to_owned(),
            (_, Some(row)) if shown && row.ours && topic.closed => "shown, topic closed".to_owned(),
            _ if shown => "shown".to_owned(),
            (None, _) => "icon left as it is".to_owned(),
            (_, None) => "at its next move".to_owned(),
            (Some(_), _) if set.is_some() && id.is_none() => "not shown: no topic icon of Telegram's".to_owned(),
            _ if due => match self.topics_stopped(facts)? {
                Some(why) => format!("not shown: {why}"),
                None => "in a moment".to_owned(),
            },
            _ => "changed in Telegram".to_owned(),
        };
        Ok(Some(ShownStatus { emoji, shown, note }))
    }
}
