//! What the history says: the numbers at the end of the first synchronisation.

use super::EngineError;
use super::views::Summary;
use crate::desk::metrics::{self, courses, plain};
use crate::store::Reader;

/// Reads the summary from the logs of all tickets.
pub(super) fn read(reader: &Reader) -> Result<Summary, EngineError> {
    let (messages, first_at, last_at) = reader.span()?;
    let mut summary = Summary { topics: reader.count_topics()?, messages, first_at, last_at, ..Summary::default() };
    let mut responses = Vec::new();
    reader.each_log(|_, log| {
        let all = courses(log, &plain);
        responses.extend(all.iter().filter_map(|course| course.first.as_ref()).map(|first| first.took));
        let asked = all.iter().any(|course| course.asked_at.is_some());
        summary.never_answered += usize::from(asked && all.iter().all(|course| course.first.is_none()));
    })?;
    summary.median_first_response_seconds = metrics::median(&mut responses).map(|span| span.as_secs());
    reader.each_ticket(|ticket| {
        summary.tickets += 1;
        summary.open += usize::from(ticket.standing.status.is_live());
    })?;
    Ok(summary)
}
