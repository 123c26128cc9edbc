//! What the history says: the numbers at the end of the first synchronisation.

use super::EngineError;
use super::views::Summary;
use crate::desk::event::Recorded;
use crate::desk::metrics;
use crate::store::Reader;

/// Reads the summary from the logs of all tickets.
pub(super) fn read(reader: &Reader) -> Result<Summary, EngineError> {
    let (messages, first_at, last_at) = reader.span()?;
    let mut summary = Summary { topics: reader.count_topics()?, messages, first_at, last_at, ..Summary::default() };
    let mut responses = Vec::new();
    let mut log: Vec<Recorded> = Vec::new();
    let mut count = |log: &mut Vec<Recorded>, summary: &mut Summary| {
        if log.is_empty() {
            return;
        }
        let episodes = metrics::episodes(&*log);
        responses.extend(episodes.iter().filter_map(metrics::Episode::first_response));
        let asked = episodes.iter().any(|episode| episode.asked_at.is_some());
        if asked && episodes.iter().all(|episode| episode.answered_at.is_none()) {
            summary.never_answered += 1;
        }
        log.clear();
    };
    reader.each_event(|recorded| {
        if log.last().is_some_and(|last| last.ticket != recorded.ticket) {
            count(&mut log, &mut summary);
        }
        log.push(recorded);
    })?;
    count(&mut log, &mut summary);
    summary.median_first_response_seconds = metrics::median(&mut responses).map(|span| span.as_secs());
    reader.each_ticket(|ticket| {
        summary.tickets += 1;
        summary.open += usize::from(ticket.standing.status.is_live());
    })?;
    Ok(summary)
}
