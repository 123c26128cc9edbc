//! One text to many tickets: filled in for each, with those left out that cannot have it.

use serde::{Deserialize, Serialize};

use super::{Context, Template, unfilled};
use crate::desk::guard::{Found, Guard};
use crate::desk::ids::{MessageId, TicketKey};
use crate::desk::rules::Pace;
use crate::desk::split::{LONGEST, MOST_PARTS};
use crate::desk::ticket::Status;

/// A ticket that a text may go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Which.
    pub ticket: TicketKey,
    /// Where it stands; `None`: there is no such ticket.
    pub status: Option<Status>,
    /// Its topic was deleted in Telegram.
    pub gone: bool,
    /// The ticket that it was closed as a duplicate of.
    pub duplicate_of: Option<TicketKey>,
    /// The last message that its agent can have known of.
    pub newest: Option<MessageId>,
    /// What placeholders are filled with.
    pub context: Context,
    /// The customer's language.
    pub language: Option<String>,
}

/// What would be sent where, and what would not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// A reply for each ticket that can have it.
    pub ready: Vec<Ready>,
    /// The others, and why.
    pub left_out: Vec<(TicketKey, String)>,
    /// What the guard finds in the texts, each once.
    pub found: Vec<Found>,
    /// How many messages go out.
    pub messages: usize,
}

/// A reply that can go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Where to.
    pub ticket: TicketKey,
    /// The text, filled in.
    pub text: String,
    /// The last message that its agent can have known of.
    pub newest: Option<MessageId>,
}

/// Plans a text for many tickets. `duplicates_of` names the ticket whose duplicates they are: those that were closed as its
/// duplicates can have it too.
pub fn plan(text: &Template, targets: &[Target], duplicates_of: Option<TicketKey>, guard: &Guard) -> Plan {
    let mut plan = Plan::default();
    for target in targets {
        match reply(text, target, duplicates_of) {
            Ok(text) => {
                for found in guard.check(&text) {
                    if !plan.found.contains(&found) {
                        plan.found.push(found);
                    }
                }
                plan.messages += crate::desk::split::split(&text, LONGEST).len();
                plan.ready.push(Ready { ticket: target.ticket, text, newest: target.newest });
            }
            Err(why) => plan.left_out.push((target.ticket, why)),
        }
    }
    plan
}

fn reply(text: &Template, target: &Target, duplicates_of: Option<TicketKey>) -> Result<String, String> {
    let linked = duplicates_of.is_some() && target.duplicate_of == duplicates_of;
    match target.status {
        None => return Err("there is no such ticket".to_owned()),
        _ if target.gone => return Err("its topic was deleted".to_owned()),
        Some(Status::Closed) if !linked => return Err("it is closed".to_owned()),
        Some(_) => {}
    }
    let filled = text.fill(&target.context).trim().to_owned();
    if let Some(field) = unfilled(&filled).into_iter().next() {
        return Err(format!("{} is not filled in", &filled[field]));
    }
    if filled.is_empty() {
        return Err("the text is empty".to_owned());
    }
    if filled.encode_utf16().count() > LONGEST * MOST_PARTS {
        return Err("the text is too long".to_owned());
    }
    Ok(filled)
}

impl Plan {
    /// Tells how many minutes it takes to send all of it at the desk's pace; 0: less than one.
    pub fn minutes(&self, pace: Pace) -> usize {
        match pace.per_minute {
            0 => 0,
            // The first minute begins at once.
            per_minute => self.messages.saturating_sub(1) / per_minute as usize,
        }
    }

    /// Tells why tickets are left out, each reason once with its tickets: `closed: #5 #7`.
    pub fn left_out_in_words(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for (ticket, why) in &self.left_out {
            match reasons.iter_mut().find(|(reason, _)| reason == why) {
                Some((_, tickets)) => tickets.push(ticket.to_string()),
                None => reasons.push((why, vec![ticket.to_string()])),
            }
        }
        let words = |(why, tickets): (&str, Vec<String>)| {
            let more = if tickets.len() > 6 { " …" } else { "" };
            format!("{why}: {}{more}", tickets[..tickets.len().min(6)].join(" "))
        };
        reasons.into_iter().map(words).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ids::{GroupId, TopicId};

    fn key(topic: i32) -> TicketKey {
        TicketKey { group: GroupId(1), topic: TopicId(topic) }
    }

    fn target(topic: i32, status: Option<Status>, name: &str) -> Target {
        let context = Context { customer_first_name: name.to_owned(), ..Context::default() };
        Target { ticket: key(topic), status, gone: false, duplicate_of: None, newest: None, context, language: None }
    }

    fn text(text: &str) -> Template {
        Template { text: text.to_owned(), ..Template::default() }
    }

    #[test]
    fn each_ticket_has_its_own_text_or_its_reason() {
        let targets = [
            target(5, Some(Status::Open), "Olena"),
            target(6, Some(Status::Closed), "Li"),
            Target { gone: true, ..target(7, Some(Status::Open), "Sara") },
            target(8, Some(Status::Resolved), ""),
            target(9, None, "Nobody"),
            Target { duplicate_of: Some(key(5)), ..target(10, Some(Status::Closed), "Tom") },
        ];
        let found = plan(&text("Hi {{customer.first_name}}!"), &targets, None, &Guard::default());
        assert_eq!(found.ready, [Ready { ticket: key(5), text: "Hi Olena!".to_owned(), newest: None }]);
        assert_eq!(
            found.left_out_in_words(),
            [
                "it is closed: #6 #10",
                "its topic was deleted: #7",
                "{{?customer.first_name}} is not filled in: #8",
                "there is no such ticket: #9",
            ]
        );
        let linked = plan(&text("Hi {{customer.first_name|there}}!"), &targets, Some(key(5)), &Guard::default());
        let texts: Vec<&str> = linked.ready.iter().map(|ready| ready.text.as_str()).collect();
        assert_eq!(texts, ["Hi Olena!", "Hi there!", "Hi Tom!"]);
    }

    #[test]
    fn minutes_are_those_of_the_flood_limit() {
        for (messages, per_minute, minutes) in
            [(0, 18, 0), (18, 18, 0), (19, 18, 1), (36, 18, 1), (37, 18, 2), (90, 0, 0)]
        {
            let plan = Plan { messages, ..Plan::default() };
            assert_eq!(plan.minutes(Pace { per_minute, burst: 5 }), minutes, "{messages} at {per_minute}");
        }
    }

    #[test]
    fn what_the_guard_finds_is_told_once() {
        let targets = [target(5, Some(Status::Open), "A"), target(6, Some(Status::Open), "B")];
        let found = plan(&text("{{customer.first_name}}: 4111 1111 1111 1111"), &targets, None, &Guard::default());
        assert_eq!((found.ready.len(), found.found.len()), (2, 1));
    }
}
