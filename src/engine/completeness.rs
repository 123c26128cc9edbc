//! How complete a thread is, in words that claim no more than is known.

use super::EngineError;
use super::mirror::Sync;
use super::read::Views;
use super::transport::GroupFacts;
use super::views::{Completeness, How, SeenRange, TicketCheck};
use crate::desk::ids::{MessageId, TicketKey};
use crate::store::seen::{self, Seen};
use crate::store::topics::TopicRow;

impl Views {
    /// Checks one ticket, or every topic there is.
    pub(super) fn completeness(&self, ticket: Option<TicketKey>) -> Result<Vec<TicketCheck>, EngineError> {
        let mut checks = Vec::new();
        for (facts, sync) in self.facts()? {
            let holes = self.holes(&facts)?;
            let topics = match ticket {
                Some(key) if key.group != facts.group => continue,
                Some(key) => self.reader.topic(key)?.into_iter().collect(),
                None => self.reader.topics(facts.group)?,
            };
            for topic in topics {
                let kinds = self.reader.message_kinds(topic.key)?;
                let (verdict, why, holes) = judge(&facts, &sync, &topic, &holes);
                checks.push(TicketCheck {
                    ticket: topic.key,
                    group_name: facts.called().name().to_owned(),
                    title: topic.title,
                    messages: kinds.messages,
                    service: kinds.service,
                    deleted: kinds.deleted,
                    late: kinds.late,
                    verdict,
                    why,
                    holes,
                    // Every id of the group between: only for one ticket is that soon told.
                    seen: match ticket {
                        Some(key) => self.reader.seen_ids(key)?.into_iter().map(seen_range).collect(),
                        None => Vec::new(),
                    },
                });
            }
        }
        Ok(checks)
    }
}

fn seen_range((from, to, seen): seen::SeenRange) -> SeenRange {
    let how = match seen {
        Seen::Message => How::Message,
        Seen::Service => How::Service,
        Seen::Deleted => How::Deleted,
        Seen::Elsewhere => How::Elsewhere,
        Seen::Nothing => How::Unseen,
        Seen::NotShown => How::NotShown,
        Seen::Never => How::Never,
    };
    SeenRange { from, to, how }
}

/// Says how complete a topic is and why, and which unseen ids could belong to it.
pub(super) fn judge(
    facts: &GroupFacts,
    sync: &Sync,
    topic: &TopicRow,
    holes: &[(MessageId, MessageId)],
) -> (Completeness, String, Vec<(MessageId, MessageId)>) {
    // No message of a topic has a lower id than the topic.
    let own: Vec<_> = holes.iter().copied().filter(|(_, to)| to.0 > topic.key.topic.0).collect();
    let (verdict, why) = if !sync.is_done() {
        (Completeness::Unknown, "its history has not been fetched wholly yet".to_owned())
    } else if topic.gone {
        (Completeness::Unknown, "the topic was deleted in Telegram: there is nothing left to compare with".to_owned())
    } else if let Some(why) = &facts.lost {
        (Completeness::Unknown, why.clone())
    } else if !facts.sees_all() {
        let why = format!("{} is shown only commands and replies (privacy mode)", facts.own_name);
        (Completeness::Unknown, why)
    } else if !own.is_empty() {
        let ids: i64 = own.iter().map(|(from, to)| i64::from(to.0) - i64::from(from.0) + 1).sum();
        (Completeness::Holes, format!("{ids} message ids have not been looked at; any of them may belong here"))
    } else if facts.bot {
        let why = "every id was asked for; what other bots write is not shown to a bot, and what was deleted before the \
                   desk first looked is not known";
        (Completeness::Complete, why.to_owned())
    } else {
        let why = "everything was read; what was deleted before the desk first looked is not known";
        (Completeness::Complete, why.to_owned())
    };
    (verdict, why, own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::desk::ids::{GroupId, TopicId};
    use crate::engine::transport::Rights;

    #[test]
    fn a_verdict_claims_no_more_than_is_known() {
        let rights = Rights { member: true, admin: true, ..Rights::default() };
        let bot = GroupFacts { bot: true, rights, own_name: "Desk".to_owned(), ..GroupFacts::default() };
        let user = GroupFacts { bot: false, ..bot.clone() };
        let blind = GroupFacts { rights: Rights { member: true, ..Rights::default() }, ..bot.clone() };
        let lost = GroupFacts { lost: Some("kicked".to_owned()), ..bot.clone() };
        let done = Sync::Done { live_since: Timestamp::default() };
        let topic = TopicRow::unknown(TicketKey { group: GroupId(1), topic: TopicId(50) });
        let gone = TopicRow { gone: true, ..topic.clone() };
        let above = [(MessageId(60), MessageId(69))];
        let below = [(MessageId(10), MessageId(50))];
        let cases: [(&GroupFacts, &Sync, &TopicRow, &[_], Completeness, &str); 8] = [
            (&bot, &Sync::Reading, &topic, &[], Completeness::Unknown, "not been fetched"),
            (&bot, &done, &gone, &[], Completeness::Unknown, "deleted in Telegram"),
            (&lost, &done, &topic, &[], Completeness::Unknown, "kicked"),
            (&blind, &done, &topic, &above, Completeness::Unknown, "privacy mode"),
            (&bot, &done, &topic, &above, Completeness::Holes, "10 message ids"),
            (&bot, &done, &topic, &below, Completeness::Complete, "other bots"),
            (&bot, &done, &topic, &[], Completeness::Complete, "other bots"),
            (&user, &done, &topic, &[], Completeness::Complete, "everything was read"),
        ];
        for (facts, sync, topic, holes, verdict, words) in cases {
            let (found, why, _) = judge(facts, sync, topic, holes);
            assert_eq!(found, verdict, "{words}");
            assert!(why.contains(words), "{why}");
        }
    }
}
