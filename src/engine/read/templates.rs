//! Reading what a text to many tickets has to know of each.

use super::super::EngineError;
use super::Views;
use crate::desk::ids::{AgentName, TicketKey};
use crate::desk::template::Context;
use crate::desk::template::bulk::Target;

/// One text never goes to more tickets at once: at Telegram's pace that is half an hour.
const MOST: usize = 500;

impl Views {
    /// Tells what is known of tickets to which one text may go.
    pub(super) fn targets(
        &self,
        agent: &AgentName,
        tickets: &[TicketKey],
        duplicates_of: Option<TicketKey>,
    ) -> Result<Vec<Target>, EngineError> {
        let mut keys: Vec<TicketKey> = tickets.to_vec();
        if let Some(of) = duplicates_of {
            keys.push(of);
            keys.extend(self.reader.ticket(of)?.map(|ticket| ticket.duplicates).unwrap_or_default());
        }
        let mut targets: Vec<Target> = Vec::new();
        for key in keys.into_iter().take(MOST) {
            if !targets.iter().any(|known| known.ticket == key) {
                targets.push(self.target(agent, key)?);
            }
        }
        Ok(targets)
    }

    fn target(&self, agent: &AgentName, key: TicketKey) -> Result<Target, EngineError> {
        let row = self.reader.row(agent, key)?;
        let name =
            row.as_ref().and_then(|row| row.customer.as_ref()).map(|person| person.name.clone()).unwrap_or_default();
        let username = row.as_ref().and_then(|row| row.customer.as_ref()?.username.clone());
        let ticket = row.as_ref().map(|row| &row.ticket);
        Ok(Target {
            ticket: key,
            status: ticket.map(|ticket| ticket.standing.status),
            gone: row.as_ref().is_some_and(|row| row.topic.gone || row.ticket.topic_gone),
            duplicate_of: ticket.and_then(|ticket| ticket.duplicate_of),
            newest: row.as_ref().map(|row| row.topic.last_message.unwrap_or_default()),
            language: ticket.and_then(|ticket| ticket.language.clone()),
            context: Context {
                customer_first_name: name.split_whitespace().next().unwrap_or_default().to_owned(),
                customer_name: name,
                customer_username: username.map(|username| format!("@{username}")).unwrap_or_default(),
                ticket_id: key.topic.to_string(),
                ticket_title: ticket.map(|ticket| ticket.title.clone()).unwrap_or_default(),
                ..Context::default()
            },
        })
    }
}
