//! Reading what staff has answered past the desk.

use super::super::EngineError;
use super::super::views::{AnsweredBy, OutsideAnswer, OutsideReport};
use super::Views;
use super::groups::name_in;
use crate::clock::Timestamp;
use crate::desk::ids::{MessageId, TicketKey};
use crate::desk::metrics;
use crate::desk::thread::Content;

/// What is known of the ticket that answers are being listed of.
struct Ticket {
    key: TicketKey,
    /// `None`: the topic is no ticket.
    title: Option<String>,
    first: Vec<MessageId>,
}

impl Views {
    /// Lists the answers that staff has typed in Telegram since an instant.
    pub(super) fn outside(&self, since: Option<Timestamp>) -> Result<OutsideReport, EngineError> {
        let mut report = OutsideReport { since, ..OutsideReport::default() };
        let mut rows = Vec::new();
        self.reader.each_outside(since, |row| rows.push(row))?;
        let groups = self.named()?;
        let mut ticket: Option<Ticket> = None;
        for row in rows {
            let known = match ticket.take().filter(|known| known.key == row.key) {
                Some(known) => known,
                None => self.answered(row.key)?,
            };
            let known = ticket.insert(known);
            let (Some(title), Some(message_id)) = (&known.title, row.message) else { continue };
            let author = match row.author {
                Some(author) => self.person(author)?.name,
                None => String::new(),
            };
            let first_response = known.first.contains(&message_id);
            let total = report.totals.iter_mut().find(|one| one.agent == row.agent && one.author == author);
            match total {
                Some(total) => {
                    total.answers += 1;
                    total.first_responses += usize::from(first_response);
                }
                None => report.totals.push(AnsweredBy {
                    agent: row.agent.clone(),
                    author: author.clone(),
                    answers: 1,
                    first_responses: usize::from(first_response),
                }),
            }
            report.answers.push(OutsideAnswer {
                id: row.key.topic,
                group: row.key.group,
                group_name: name_in(&groups, row.key.group),
                title: title.clone(),
                agent: row.agent,
                author,
                at: row.at,
                message_id,
                snippet: row.content.as_ref().map(Content::snippet).unwrap_or_default(),
                first_response,
            });
        }
        report.totals.sort_by(|a, b| b.answers.cmp(&a.answers).then_with(|| a.author.cmp(&b.author)));
        report.unseen = self.unseen()?;
        Ok(report)
    }

    fn answered(&self, key: TicketKey) -> Result<Ticket, EngineError> {
        let Some(ticket) = self.reader.ticket(key)? else { return Ok(Ticket { key, title: None, first: Vec::new() }) };
        let log = self.reader.log(key)?;
        Ok(Ticket { key, title: Some(ticket.title), first: metrics::first_answers(&log) })
    }

    /// Tells what nobody tells the desk.
    fn unseen(&self) -> Result<Vec<String>, EngineError> {
        let mut unseen = vec![
            "direct messages between staff and customers, and other chats".to_owned(),
            "who of them wrote, when admins write in the group's name".to_owned(),
        ];
        if self.facts()?.iter().any(|(facts, _)| facts.bot) {
            unseen.push("what other bots write: Telegram does not tell a bot".to_owned());
        }
        Ok(unseen)
    }
}
