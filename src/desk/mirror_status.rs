//! How a ticket's status shows in Telegram: which icon its topic has, and whether it is closed there.
//!
//! When a topic is closed is decided here and nowhere else: when its ticket was closed by an agent or by the clock, and
//! `close_topics` is on. First a notice tells the customer how to come back. A topic whose ticket was closed as a duplicate, or
//! for a reason that begins with one of `quiet_reasons` ("spam"), is closed without one. What the first synchronisation closed,
//! and what was closed or deleted in Telegram itself, is left as it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::automatic::in_language;
use super::event::Why;
use super::ticket::{Status, Ticket};

/// The notices that come with the program, by language.
const NOTICES: [(&str, &str); 2] = [
    (
        "en",
        "We have closed this topic, so nobody can write in it any more. If something is left, or something new comes up: write in \
         General or open a new topic in this group, and we will see it.",
    ),
    (
        "ru",
        "Мы закрыли эту тему, и писать в ней больше нельзя. Если что-то осталось или появится новый вопрос, напишите в General \
         или создайте в этой группе новую тему: мы увидим.",
    ),
];

/// What `desk.toml` says about showing status in Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorStatus {
    /// Icons are changed at all.
    pub enabled: bool,
    /// The emoji of each status; a status without one leaves the icon as it is.
    pub icons: BTreeMap<Status, String>,
    /// Topics are closed and reopened with their tickets.
    pub close_topics: bool,
    /// Closed for a reason that begins with one of these words, a topic is closed without a notice.
    pub quiet_reasons: Vec<String>,
    /// What is said before a topic is closed, by language.
    pub notices: BTreeMap<String, String>,
    /// The language of the notice when the customer's is not known, or has none.
    pub language: String,
}

impl Default for MirrorStatus {
    fn default() -> Self {
        // Of Telegram's default set; it has no hourglass.
        let icons = Status::ALL.into_iter().map(|status| {
            let emoji = match status {
                Status::Open => "❓",
                Status::Assigned => "💬",
                Status::InProgress => "⚡",
                Status::Pending => "👀",
                Status::Resolved => "✅",
                Status::Closed => "📁",
            };
            (status, emoji.to_owned())
        });
        MirrorStatus {
            enabled: false,
            icons: icons.collect(),
            close_topics: false,
            quiet_reasons: vec!["spam".to_owned(), "duplicate".to_owned()],
            notices: NOTICES.map(|(language, text)| (language.to_owned(), text.to_owned())).into(),
            language: "en".to_owned(),
        }
    }
}

/// What a move of a ticket means for its topic being open or closed in Telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door<'r> {
    /// It stays as it is.
    Stays,
    /// It is to be closed, after this notice if there is one.
    Closes {
        /// What the customer is told before.
        notice: Option<&'r str>,
    },
    /// It is to be open.
    Opens,
}

impl MirrorStatus {
    /// Tells the emoji that shows a status; `None`: the icon stays as it is.
    pub fn icon(&self, status: Status) -> Option<&str> {
        self.icons.get(&status).map(String::as_str)
    }

    /// Tells what a move means for the topic being closed. `before`: the status before, if the ticket was there.
    pub fn door(&self, before: Option<Status>, after: &Ticket) -> Door<'_> {
        let was_closed = before == Some(Status::Closed);
        match (was_closed, after.standing.status == Status::Closed) {
            (true, false) => Door::Opens,
            (false, true) if self.close_topics => self.closes(after),
            _ => Door::Stays,
        }
    }

    fn closes(&self, ticket: &Ticket) -> Door<'_> {
        match ticket.last_move.as_ref().map(|last| &last.why) {
            Some(Why::Closed { reason }) if self.is_quiet(reason) => Door::Closes { notice: None },
            Some(Why::Closed { .. } | Why::Inactive) => {
                Door::Closes { notice: self.notice(ticket.language.as_deref()) }
            }
            Some(Why::Duplicate { .. }) => Door::Closes { notice: None },
            _ => Door::Stays,
        }
    }

    fn is_quiet(&self, reason: &str) -> bool {
        let reason = reason.trim().to_lowercase();
        self.quiet_reasons.iter().any(|word| {
            let rest = reason.strip_prefix(word.to_lowercase().as_str());
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        })
    }

    /// Finds the notice in a language, else in its plain form (`pt` for `pt-BR`), else in the desk's language, else any.
    fn notice(&self, language: Option<&str>) -> Option<&str> {
        in_language(&self.notices, language, &self.language)
    }
}

/// Tells an emoji without the mark that asks for its coloured form, which is written or left out at will.
pub fn plain_emoji(emoji: &str) -> &str {
    emoji.trim().trim_end_matches('\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::desk::event::{Actor, Event, Recorded};
    use crate::desk::ids::{EventId, GroupId, TicketKey, TopicId};
    use crate::desk::lifecycle;
    use crate::desk::ticket::Standing;

    fn moved(status: Status, why: Why, language: Option<&str>) -> Ticket {
        let key = TicketKey { group: GroupId(1), topic: TopicId(5) };
        let ticket = lifecycle::unopened(key, "A".to_owned(), Timestamp::default());
        let event = Event::Moved { standing: Standing { status, ..Standing::NEW }, why };
        let recorded = Recorded { id: EventId(2), ticket: key, at: Timestamp::default(), by: Actor::Desk, event };
        let mut ticket = lifecycle::apply(Some(ticket), &recorded).expect("a ticket");
        ticket.language = language.map(str::to_owned);
        ticket
    }

    #[test]
    fn a_topic_closes_by_an_agents_word_or_the_clocks_and_by_nothing_else() {
        let rules = MirrorStatus { close_topics: true, ..MirrorStatus::default() };
        let reason = |reason: &str| Why::Closed { reason: reason.to_owned() };
        let of = TicketKey { group: GroupId(1), topic: TopicId(9) };
        let said = |door: Door<'_>| match door {
            Door::Closes { notice: Some(notice) } => notice.chars().take(7).collect(),
            other => format!("{other:?}"),
        };
        let quiet = "Closes { notice: None }";
        for (why, wanted) in [
            (reason(""), "We have"),
            (reason("refunded"), "We have"),
            (reason("spammer no more"), "We have"),
            (Why::Inactive, "We have"),
            (reason(" Spam: casino"), quiet),
            (reason("duplicate"), quiet),
            (Why::Duplicate { of }, quiet),
            (Why::Imported, "Stays"),
            (Why::TopicClosed, "Stays"),
            (Why::TopicDeleted, "Stays"),
        ] {
            let ticket = moved(Status::Closed, why.clone(), None);
            assert_eq!(said(rules.door(Some(Status::Resolved), &ticket)), wanted, "{why:?}");
            assert_eq!(MirrorStatus::default().door(Some(Status::Resolved), &ticket), Door::Stays);
        }
        let open = moved(Status::Open, Why::Reopened, None);
        assert_eq!(rules.door(Some(Status::Closed), &open), Door::Opens);
        assert_eq!(rules.door(Some(Status::Resolved), &open), Door::Stays);
    }

    #[test]
    fn the_notice_is_in_the_customers_language_or_the_desks() {
        let mut rules = MirrorStatus { language: "ru".to_owned(), ..MirrorStatus::default() };
        for (language, wanted) in [(Some("en"), "We"), (Some("en-GB"), "We"), (Some("uk"), "Мы"), (None, "Мы")] {
            assert!(rules.notice(language).is_some_and(|notice| notice.starts_with(wanted)), "{language:?}");
        }
        rules.notices = [("de".to_owned(), "Zu.".to_owned())].into();
        assert_eq!(rules.notice(Some("uk")), Some("Zu."));
    }

    #[test]
    fn an_emoji_is_the_same_with_or_without_its_mark() {
        assert_eq!(plain_emoji("⚡\u{fe0f}"), "⚡");
        assert_eq!(plain_emoji(" 👀"), "👀");
    }
}
