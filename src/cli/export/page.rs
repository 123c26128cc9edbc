//! A page of an export: so many lines as fit into an answer.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::failure::Done;
use super::failed;
use super::lines::{EventLine, TicketLine};
use crate::clock::Timestamp;
use crate::desk::event::Event;
use crate::desk::ids::{EventId, GroupId};
use crate::engine::handle::{Exported, Mark};
use crate::engine::transport::GroupFacts;
use crate::store::Reader;

/// So many lines make a page.
const LINES: u32 = 500;

/// A page that is as long as this, in bytes, ends.
const LENGTH: usize = 1 << 20;

/// Reads a page for a seat, from a desk's folder: its lines, and where the next one begins.
pub(in super::super) fn page(
    data: &Path,
    what: Exported,
    since: Option<Timestamp>,
    after: Option<Mark>,
) -> Done<(Vec<String>, Option<Mark>)> {
    let reader = Reader::open(data).map_err(failed)?;
    let _snapshot = reader.snapshot().map_err(failed)?;
    read(&reader, what, since, after)
}

/// Reads a page: its lines, and where the next one begins; `None`: that was the last one.
pub(super) fn read(
    reader: &Reader,
    what: Exported,
    since: Option<Timestamp>,
    after: Option<Mark>,
) -> Done<(Vec<String>, Option<Mark>)> {
    let names = group_names(reader)?;
    let name = |group: GroupId| names.get(&group).cloned().unwrap_or_default();
    let mut page = Page::default();
    let mut next = None;
    match (what, after) {
        (Exported::Tickets, after) => {
            let after = match after {
                Some(Mark::Ticket { ticket }) => Some(ticket),
                _ => None,
            };
            for key in reader.tickets_after(after, since, LINES).map_err(failed)? {
                if let Some(ticket) = reader.ticket(key).map_err(failed)? {
                    let customer = ticket.customer.map(|id| reader.person(id)).transpose().map_err(failed)?.flatten();
                    page.put(serde_json::to_string(&TicketLine::of(&ticket, customer, name(key.group)))?);
                }
                next = Some(Mark::Ticket { ticket: key });
                if page.is_full() {
                    break;
                }
            }
        }
        (Exported::Events { notes }, after) => {
            let (after, last) = match after {
                Some(Mark::Event { event, last }) => (event, last),
                _ => (EventId(0), reader.newest_event().map_err(failed)?),
            };
            for recorded in reader.recorded_between((after, last), since, LINES).map_err(failed)? {
                let note = match recorded.event {
                    Event::Noted { entry, .. } if notes => reader.note_text(entry).map_err(failed)?,
                    _ => None,
                };
                page.put(serde_json::to_string(&EventLine::of(&recorded, note, name(recorded.ticket.group))?)?);
                next = Some(Mark::Event { event: recorded.id, last });
                if page.is_full() {
                    break;
                }
            }
        }
    }
    Ok((page.lines, next))
}

#[derive(Default)]
struct Page {
    lines: Vec<String>,
    length: usize,
}

impl Page {
    fn put(&mut self, line: String) {
        self.length += line.len();
        self.lines.push(line);
    }

    fn is_full(&self) -> bool {
        self.length >= LENGTH
    }
}

/// Reads what the desk calls its groups.
fn group_names(reader: &Reader) -> Done<BTreeMap<GroupId, String>> {
    let mut names = BTreeMap::new();
    for (id, facts, _) in reader.groups().map_err(failed)? {
        let facts: Option<GroupFacts> = facts.map(|text| serde_json::from_str(&text)).transpose()?;
        names.extend(facts.map(|facts| (id, facts.called().name().to_owned())));
    }
    Ok(names)
}
