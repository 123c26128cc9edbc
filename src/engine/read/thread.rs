//! Reading a ticket's thread: a window of entries, an album being one.

use std::collections::HashSet;

use super::super::EngineError;
use super::super::opening::link_of;
use super::super::views::{
    ChangeView, Draft, EarlierText, Entry, EntryKind, Part, PinnedMessage, Side, ThreadPage, TicketView, Window,
};
use super::Views;
use crate::desk::ids::{AgentName, EntryId, PersonId, TicketKey};
use crate::desk::thread::{Content, Delivery, Post, ServiceMessage, album_contents};
use crate::desk::ticket::Ticket;
use crate::store::changes::{ChangeRow, Progress};
use crate::store::threads::{self, EntryRow};
use crate::store::tickets::QueueRow;

/// How many pinned messages are shown.
const PINNED: usize = 10;

/// Rows that are one entry: a message, or the parts of an album by id.
type Rows = Vec<EntryRow>;

impl Views {
    pub(super) fn thread(
        &self,
        agent: &AgentName,
        key: TicketKey,
        window: Window,
        limit: usize,
    ) -> Result<Option<ThreadPage>, EngineError> {
        let Some(topic) = self.reader.topic(key)? else { return Ok(None) };
        let row = match self.reader.row(agent, key)? {
            Some(row) => row,
            None => {
                let at = topic.created_at.or(topic.last_at).unwrap_or_default();
                let ticket = crate::desk::lifecycle::unopened(key, topic.title.clone(), at);
                QueueRow {
                    ticket,
                    topic: topic.clone(),
                    customer: None,
                    unread: false,
                    draft: false,
                    answering: false,
                    mentioned: false,
                }
            }
        };
        let after = matches!(window, Window::After(_));
        let (rows, more_before, mut more_after) = self.window(key, window, limit)?;
        let mut last = rows.last().map(|row| row.id);
        let mut gathered = self.gathered(key, rows, after)?;
        while let (true, true, Some(from)) = (after && gathered.is_empty(), more_after, last) {
            // Nothing but the rest of an album that stands before.
            let (rows, _, more) = self.window(key, Window::After(from), limit)?;
            last = rows.last().map(|row| row.id);
            more_after = more;
            gathered = self.gathered(key, rows, after)?;
        }
        let groups = self.facts()?;
        let facts = groups.into_iter().find(|(facts, _)| facts.group == key.group).map(|(facts, _)| facts);
        let own = facts.as_ref().map(|facts| facts.own);
        let mut thread = Vec::with_capacity(gathered.len());
        for rows in gathered.into_iter().filter(|rows| !rows.iter().any(|row| is_own_icon(row, own))) {
            thread.push(self.entry(&row.ticket, rows)?);
        }
        let earlier = match row.ticket.customer {
            Some(customer) => self.rows(&self.reader.of_customer(agent, customer, key)?)?,
            None => Vec::new(),
        };
        let mut shown = self.rows(std::slice::from_ref(&row))?;
        self.fill_here(&mut shown, agent);
        let holes = match &facts {
            Some(facts) => self.holes(facts)?.into_iter().filter(|(_, to)| to.0 > key.topic.0).collect(),
            None => Vec::new(),
        };
        Ok(Some(ThreadPage {
            ticket: TicketView {
                language: row.ticket.language.clone(),
                first_response_at: row.ticket.first_response_at,
                first_asked_at: row.ticket.first_asked_at,
                resolved_at: row.ticket.resolved_at,
                closed_at: row.ticket.closed_at,
                topic_closed: topic.closed,
                topic_hidden: topic.hidden,
                topic_icon: topic.icon,
                shown: self.shown(&row.ticket, &topic, facts.as_ref())?,
                topic_gone: topic.gone,
                customer_left_at: row.ticket.customer_left_at,
                pinned: self.pinned(key)?,
                duplicate_of: row.ticket.duplicate_of,
                messages: self.reader.count_messages(key)?,
                earlier,
                link: link_of(key, facts.as_ref()),
                read_only: facts.as_ref().and_then(crate::engine::transport::GroupFacts::read_only),
                group_title: facts.map(|facts| facts.title).unwrap_or_default(),
                sla: self.sla(&row)?,
                survey: row.ticket.survey.clone(),
                nudges: row.ticket.nudges,
                automatic: self.automatic(&row.ticket)?,
                row: shown.remove(0),
            },
            thread,
            more_before,
            more_after,
            seen: self.reader.seen(agent, key)?,
            draft: self.reader.draft(agent, key)?.map(|(text, note)| Draft { text, note }),
            holes,
        }))
    }

    fn pinned(&self, key: TicketKey) -> Result<Vec<PinnedMessage>, EngineError> {
        let line = |row: EntryRow| {
            Some(PinnedMessage { message_id: row.message?, text: row.content.as_ref().map(Content::snippet)? })
        };
        Ok(self.reader.pinned(key, PINNED)?.into_iter().filter_map(line).collect())
    }

    fn window(&self, key: TicketKey, window: Window, limit: usize) -> Result<(Rows, bool, bool), EngineError> {
        Ok(match window {
            Window::Newest => {
                let (rows, more) = self.reader.thread(key, threads::From::Newest, limit)?;
                (rows, more, false)
            }
            Window::Before(id) => {
                let (rows, more) = self.reader.thread(key, threads::From::Before(id), limit)?;
                (rows, more, true)
            }
            Window::After(id) => {
                let (rows, more) = self.reader.thread(key, threads::From::After(id), limit)?;
                (rows, true, more)
            }
            Window::Around(message) => match self.reader.message(key.group, message)? {
                Some(entry) if entry.key == key => {
                    let (mut rows, before) = self.reader.thread(key, threads::From::Before(entry.id), limit / 2)?;
                    let (after, more) = self.reader.thread(key, threads::From::After(entry.id), limit / 2)?;
                    rows.push(entry);
                    rows.extend(after);
                    (rows, before, more)
                }
                _ => return self.window(key, Window::Newest, limit),
            },
        })
    }

    /// Puts the parts of each album together, also those beyond the window. An album stands where its first part does and goes by that
    /// part's entry, so in a window `after` another nothing is left of one that begins there.
    fn gathered(&self, key: TicketKey, rows: Rows, after: bool) -> Result<Vec<Rows>, EngineError> {
        let mut albums: Vec<i64> = Vec::new();
        let mut all: Vec<Rows> = Vec::with_capacity(rows.len());
        let here: HashSet<EntryId> = rows.iter().map(|row| row.id).collect();
        for row in rows {
            let (Some(album), Some(message)) = (row.album(), row.message) else {
                all.push(vec![row]);
                continue;
            };
            if albums.contains(&album) {
                continue;
            }
            albums.push(album);
            let parts = self.reader.album(key, message, album)?;
            let begins_earlier = parts.first().is_some_and(|part| !here.contains(&part.id));
            if !(after && begins_earlier) {
                all.push(if parts.is_empty() { vec![row] } else { parts });
            }
        }
        Ok(all)
    }

    fn entry(&self, ticket: &Ticket, mut rows: Rows) -> Result<Entry, EngineError> {
        let is_album = rows.len() > 1;
        let parts: Vec<Part> = if is_album { rows.iter().filter_map(part).collect() } else { Vec::new() };
        let album = is_album.then(|| album_text(&rows));
        let edits = self.edits(&rows)?;
        let edited_at = rows.iter().filter_map(|row| row.edited_at).max();
        let deleted = rows.iter().all(|row| row.deleted);
        let deleted_at = rows.iter().filter_map(|row| row.deleted_at).max().filter(|_| deleted);
        let mut edited_after_answer = false;
        for row in &rows {
            if let (threads::Side::Public, Some(at), false) = (row.side, row.edited_at, row.deleted) {
                edited_after_answer |= self.reader.is_answered(row, at)?;
            }
        }
        // What stands for the whole album: the part with the caption, but in the place and under the id of the first.
        let pinned = rows.iter().filter_map(EntryRow::post).any(|post| post.pinned);
        let reactions = rows.iter().filter_map(EntryRow::post).find(|post| !post.reactions.is_empty());
        let reactions = reactions.map(|post| post.reactions.clone()).unwrap_or_default();
        let captioned = rows.iter().position(|row| !row.text.is_empty()).unwrap_or(0);
        let content = rows[captioned].content.clone();
        let row = rows.swap_remove(0);

        let person = row.author.map(|id| self.person(id)).transpose()?;
        let service = matches!(row.content, Some(Content::Service(_)));
        let kind = match row.kind {
            threads::Kind::Message if service => EntryKind::Activity,
            threads::Kind::Message => EntryKind::Message,
            threads::Kind::Note => EntryKind::Note,
            threads::Kind::Activity => EntryKind::Activity,
        };
        // What the desk writes by itself is in the outbox too, and nobody's.
        let automatic = row.outbox.is_some() && row.agent.is_none();
        let from_desk = (row.outbox.is_some() && !automatic) || row.kind == threads::Kind::Note;
        let post = row.post();
        let author = match (&row.agent, person) {
            (Some(agent), _) if from_desk => agent.0.clone(),
            _ if automatic => self.rules.desk_name.clone(),
            (_, Some(person)) => match post.and_then(|post| post.signature.as_ref()) {
                Some(signature) => format!("{} ({signature})", person.name),
                None => person.name,
            },
            (Some(agent), None) => agent.0.clone(),
            (None, None) => String::new(),
        };
        let side = match row.side {
            _ if automatic => Side::Automation,
            _ if from_desk => Side::Staff,
            threads::Side::Staff => Side::Staff,
            threads::Side::Automation => Side::Automation,
            threads::Side::Public if row.author.is_some() && row.author == ticket.customer => Side::Customer,
            threads::Side::Public => Side::Participant,
        };
        let delivery = row.outbox.map(|id| self.reader.outbox(id)).transpose()?.flatten().map(|row| row.delivery);
        let (quote, quote_author) = self.quote(&row)?;
        let change = match row.message.filter(|_| row.agent.is_some()) {
            Some(message) => self.reader.newest_change(row.key.group, message)?.and_then(change_view),
            None => None,
        };
        let forwarded_from = post.and_then(|post| post.forwarded_from.clone());
        let event = match row.event {
            Some(id) => self.reader.event(id)?.map(|recorded| (id, recorded.event)),
            None => None,
        };
        let text = match (album, &row.content) {
            (Some(text), _) => text,
            (None, Some(Content::Post(post))) => post_text(post),
            (None, Some(content)) => content.snippet(),
            (None, None) => row.text.clone(),
        };
        Ok(Entry {
            id: row.id,
            kind,
            outside: kind == EntryKind::Message && side == Side::Staff && row.outbox.is_none(),
            author,
            author_id: row.author,
            agent: row.agent,
            side,
            text,
            at: row.at,
            edited_at,
            message_id: row.message,
            reply_to: row.reply_to,
            quote,
            quote_author,
            state: delivery.as_ref().map(|delivery| delivery.label().to_owned()),
            outbox: row.outbox.filter(|_| !matches!(delivery, Some(Delivery::Sent { .. }))),
            delivery,
            deleted,
            deleted_at,
            edits,
            edited_after_answer,
            pinned,
            reactions,
            parts,
            late: row.late,
            forwarded_from,
            change,
            content: content.filter(|_| kind == EntryKind::Message || service),
            event,
        })
    }

    /// Tells what a message, or the captions of an album, said before.
    fn edits(&self, rows: &[EntryRow]) -> Result<Vec<EarlierText>, EngineError> {
        let mut edits = Vec::new();
        for row in rows {
            let (Some(message), false, true) =
                (row.message, row.deleted && row.text.is_empty(), row.edited_at.is_some())
            else {
                continue;
            };
            let mut at = row.at;
            for earlier in self.reader.versions(row.key.group, message)? {
                edits.push(EarlierText { text: earlier.text, at });
                at = earlier.until;
            }
        }
        Ok(edits)
    }

    /// Tells what a message replies to: the words that it quotes, or a line of the other message; and who wrote that.
    fn quote(&self, row: &EntryRow) -> Result<(Option<String>, Option<String>), EngineError> {
        let words = row.post().and_then(|post| post.quote.clone());
        let Some(id) = row.reply_to else { return Ok((words, None)) };
        let Some(quoted) = self.reader.message(row.key.group, id)? else {
            return Ok((words.or_else(|| Some(format!("message {id}, which is not here"))), None));
        };
        let author = match (&quoted.agent, quoted.author) {
            (Some(agent), _) if quoted.outbox.is_some() => Some(agent.0.clone()),
            (_, Some(author)) => Some(self.person(author)?.name),
            (agent, None) => agent.as_ref().map(|agent| agent.0.clone()),
        };
        let line = match &quoted.content {
            _ if quoted.deleted => "a deleted message".to_owned(),
            Some(content) => content.snippet(),
            None => String::new(),
        };
        Ok((Some(words.unwrap_or(line)), author))
    }
}

/// Tells whether a line only says that the desk has shown a status by an icon: its own doing is no news, and the heading has it.
fn is_own_icon(row: &EntryRow, own: Option<PersonId>) -> bool {
    let icon_only = matches!(
        row.content,
        Some(Content::Service(ServiceMessage::TopicEdited { title: None, icon: Some(_), closed: None, hidden: None }))
    );
    icon_only && own.is_some() && row.author == own
}

fn part(row: &EntryRow) -> Option<Part> {
    Some(Part {
        message_id: row.message?,
        text: row.post().filter(|_| !row.deleted || !row.text.is_empty()).map(post_text).unwrap_or_default(),
        deleted: row.deleted,
        content: row.content.clone(),
    })
}

/// Writes the descriptor of the file, and the text below it.
fn post_text(post: &Post) -> String {
    match (&post.media, post.text.is_empty()) {
        (Some(media), true) => media.to_string(),
        (Some(media), false) => format!("{media}\n{}", post.text),
        (None, _) => post.text.clone(),
    }
}

/// Writes what an album holds, and its captions below.
fn album_text(rows: &[EntryRow]) -> String {
    let posts: Vec<&Post> = rows.iter().filter(|row| !row.deleted).filter_map(EntryRow::post).collect();
    let mut text = album_contents(&posts, rows.len() - posts.len());
    for row in rows.iter().filter(|row| !row.text.is_empty()) {
        text.push('\n');
        text.push_str(&row.text);
    }
    text
}

/// Shows a change that is on its way or was refused; of one that was made there is nothing more to say.
fn change_view(row: ChangeRow) -> Option<ChangeView> {
    let refused = match row.progress {
        Progress::Done => return None,
        Progress::Refused(why) => Some(why),
        Progress::Queued | Progress::Sending => None,
    };
    Some(ChangeView { id: row.id, text: row.text, refused })
}
