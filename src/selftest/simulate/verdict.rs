//! The verdict on a run: what the store says, held against the world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::actors::{Accepted, Desk};
use super::run::Run;
use super::world::{DESK, GROUP, World, Written};
use crate::desk::event::{Actor, Event};
use crate::desk::ids::{MessageId, SummonsId, TicketKey, TopicId};
use crate::desk::lifecycle;
use crate::desk::mirror_status::MirrorStatus;
use crate::desk::thread::{Content, Delivery, Lane, Post};
use crate::engine::transport::IconSet;
use crate::selftest::CANARY;
use crate::store::coverage::holes;
use crate::store::files::Files;
use crate::store::summons::SummonsState;
use crate::store::threads::EntryRow;
use crate::store::{Reader, StoreError, Work};

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) lost: u64,
    pub(super) repeated: u64,
    pub(super) leaked: u64,
    pub(super) stale: u64,
    /// Anything else that is not as it should be.
    pub(super) wrong: u64,
    pub(super) complaints: Vec<String>,
}

impl Verdict {
    pub(super) fn is_good(&self) -> bool {
        self.lost + self.repeated + self.leaked + self.stale + self.wrong == 0
    }

    fn lost(&mut self, what: String) {
        self.lost += 1;
        self.complaints.push(format!("lost: {what}"));
    }

    fn repeated(&mut self, what: String) {
        self.repeated += 1;
        self.complaints.push(format!("repeated: {what}"));
    }

    fn leaked(&mut self, what: String) {
        self.leaked += 1;
        self.complaints.push(format!("leaked: {what}"));
    }

    pub(super) fn wrong(&mut self, what: String) {
        self.wrong += 1;
        self.complaints.push(format!("wrong: {what}"));
    }
}

/// Looks at everything.
pub(super) fn judge(run: &mut Run) -> Result<Verdict, StoreError> {
    let mut verdict = Verdict::default();
    if run.leaked > 0 {
        verdict.leaked(format!("{} orders to send what was noted or drafted", run.leaked));
    }
    if run.stale > 0 {
        verdict.stale = run.stale;
        verdict.complaints.push(format!("stale: {} replies left into a thread that had moved on", run.stale));
    }
    let Some(engine) = &mut run.engine else { return Ok(verdict) };
    let icons = engine.icons().cloned();
    let work = engine.store_mut().begin()?;
    mirror(&mut verdict, &run.world, &work)?;
    tickets(&mut verdict, &run.world, &work, run.desk.notes)?;
    let cursor: Option<crate::engine::transport::Cursor> =
        work.value("cursor")?.map(|text| serde_json::from_str(&text)).transpose()?;
    if cursor != Some(World::cursor(run.world.pts())) {
        verdict.wrong(format!("the cursor is {cursor:?}, the world's pts {}", run.world.pts()));
    }
    let top = run.world.messages.values().filter(|one| !one.unseen && !one.deleted).map(|one| one.message.id).max();
    let missing = holes(&work.covered(GROUP)?, top.unwrap_or_default());
    if !missing.is_empty() {
        verdict.lost(format!("holes that were not closed: {missing:?}"));
    }
    replies(&mut verdict, &run.world, &run.desk, &work)?;
    shown(&mut verdict, &run.world, &run.rules.mirror_status, icons.as_ref(), &work)?;
    notices(&mut verdict, &run.world, &run.desk, &work)?;
    summonses(&mut verdict, &run.world, &work)?;
    drop(work);
    for message in &run.desk.wanted {
        verdict.lost(format!("what became of the file of message {message}, which was asked for"));
    }
    if let Some(folder) = run.folder() {
        files(&mut verdict, &run.world, folder);
        threads(&mut verdict, &run.world, &Reader::open(folder)?)?;
    }
    Ok(verdict)
}

fn text_of(content: Option<&Content>) -> &str {
    match content {
        Some(Content::Post(post)) => &post.text,
        _ => "",
    }
}

fn is_pinned(content: &Content) -> bool {
    matches!(content, Content::Post(post) if post.pinned)
}

/// Every message of the world once, where and as it is.
fn mirror(verdict: &mut Verdict, world: &World, work: &Work<'_>) -> Result<(), StoreError> {
    let mirrored = work.messages_in(GROUP, MessageId(1), MessageId(i32::MAX))?;
    let mut entries: BTreeMap<MessageId, &EntryRow> = BTreeMap::new();
    for entry in &mirrored {
        let Some(id) = entry.message else { continue };
        if entries.insert(id, entry).is_some() {
            verdict.repeated(format!("message {id} is there twice"));
        }
        match world.messages.get(&id.0) {
            None => verdict.wrong(format!("message {id} is there and was never written")),
            Some(one) if one.deleted && !entry.deleted && !world.blurred.contains(&id) => {
                verdict.lost(format!("that message {id} was deleted"));
            }
            Some(_) => {}
        }
    }
    for one in world.messages.values().filter(|one| !one.deleted && !one.unseen) {
        let message = &one.message;
        let Some(entry) = entries.get(&message.id) else {
            verdict.lost(format!("message {} in topic {}", message.id, message.topic));
            continue;
        };
        if entry.key.topic != message.topic {
            verdict.wrong(format!("message {} is in topic {}, not {}", message.id, entry.key.topic, message.topic));
        }
        if entry.deleted {
            verdict.wrong(format!("message {} is said to be deleted", message.id));
        }
        if entry.post().is_some_and(|post| post.pinned != is_pinned(&message.content))
            && !world.blurred.contains(&message.id)
        {
            verdict.lost(format!("whether message {} is pinned", message.id));
        }
        let likes = |post: &Post| post.reactions.clone();
        if let (Some(is), Content::Post(should)) = (entry.post(), &message.content)
            && likes(is) != likes(should)
        {
            verdict.lost(format!("reactions to {}: {:?}, not {:?}", message.id, is.reactions, should.reactions));
        }
        let (is, should) = (text_of(entry.content.as_ref()), text_of(Some(&message.content)));
        if is != should && !world.blurred.contains(&message.id) {
            verdict.lost(format!("the edit of message {}: {is:?}, not {should:?}", message.id));
        }
    }
    for (id, place) in &world.topics {
        let Some(topic) = work.topic(TicketKey { group: GROUP, topic: TopicId(*id) })? else {
            if !place.gone {
                verdict.lost(format!("topic {id}"));
            }
            continue;
        };
        if place.gone != topic.gone && !world.blurred.contains(&MessageId(*id)) {
            verdict.wrong(format!("topic {id} is gone: {}, in the desk: {}", place.gone, topic.gone));
        }
        if !place.gone && (topic.title != place.title || topic.closed != place.closed) {
            verdict.wrong(format!(
                "topic {id} is {:?} closed {}, in the desk {:?} closed {}",
                place.title, place.closed, topic.title, topic.closed
            ));
        }
    }
    Ok(())
}

/// Every ticket is the fold of its events; every note is in its thread once.
fn tickets(verdict: &mut Verdict, world: &World, work: &Work<'_>, notes: u64) -> Result<(), StoreError> {
    let mut noted = 0;
    for id in world.topics.keys() {
        let key = TicketKey { group: GROUP, topic: TopicId(*id) };
        let log = work.log(key)?;
        let ticket = work.ticket(key)?;
        let folded = lifecycle::fold(&log);
        if ticket != folded {
            verdict.wrong(format!("ticket {id} is {ticket:?}, the fold of its events {folded:?}"));
        }
        for one in &log {
            // What the desk has done to the topic itself comes back by the stream.
            if matches!(one.event, Event::Moved { .. }) && one.by == Actor::Person(DESK) {
                verdict.wrong(format!("the desk's own change of topic {id} has moved its ticket: {:?}", one.event));
            }
            if let Event::Noted { entry, .. } = one.event {
                noted += 1;
                if work.entry(entry)?.is_none_or(|entry| !entry.text.contains(CANARY)) {
                    verdict.lost(format!("a note of ticket {id}"));
                }
            }
        }
    }
    if noted != notes {
        verdict.wrong(format!("{notes} notes were accepted, {noted} are there"));
    }
    Ok(())
}

/// Every reply that was accepted is in the world exactly once, and those of a ticket in order.
fn replies(verdict: &mut Verdict, world: &World, desk: &Desk, work: &Work<'_>) -> Result<(), StoreError> {
    let mut last: BTreeMap<TicketKey, MessageId> = BTreeMap::new();
    let ours: Vec<_> = world.own().collect();
    for one in &ours {
        if text_of(Some(&one.message.content)).contains(CANARY) {
            verdict.leaked(format!("message {} in the world", one.message.id));
        }
    }
    for (id, reply) in &desk.replies {
        let there: Vec<_> =
            ours.iter().filter(|one| text_of(Some(&one.message.content)).contains(&reply.mark)).collect();
        if there.len() > 1 {
            verdict.repeated(format!("{} is in the world {} times", reply.mark, there.len()));
        }
        match work.outbox(*id)?.map(|row| row.delivery) {
            None if !reply.discarded => verdict.lost(format!("the row of {}", reply.mark)),
            None | Some(Delivery::Parked { .. }) => {
                if !there.is_empty() {
                    verdict.wrong(format!("{} is in the world and the desk says that it is not", reply.mark));
                }
            }
            Some(Delivery::Sent { message }) => match there.first() {
                None => verdict.lost(format!("{}, said to be sent as {message}", reply.mark)),
                Some(one) => {
                    let text = text_of(Some(&one.message.content));
                    if one.message.id != message && there.len() == 1 {
                        verdict.wrong(format!("{} is {}, the desk says {message}", reply.mark, one.message.id));
                    }
                    file_of(verdict, world, reply, one);
                    if text != reply.text && !one.deleted {
                        verdict.wrong(format!("{:?} was sent instead of {:?}", text, reply.text));
                    }
                    if !reply.out_of_turn && last.insert(reply.ticket, message).is_some_and(|last| last > message) {
                        verdict.wrong(format!("{} was sent out of turn", reply.mark));
                    }
                }
            },
            Some(other) => verdict.lost(format!("{} is {} for ever", reply.mark, other.label())),
        }
    }
    Ok(())
}

/// Reads every thread as a screen does.
fn threads(verdict: &mut Verdict, world: &World, reader: &Reader) -> Result<(), StoreError> {
    for id in world.topics.keys().copied().chain([1]) {
        let key = TicketKey { group: GROUP, topic: TopicId(id) };
        let (entries, _) = reader.thread(key, crate::store::threads::From::Newest, 500)?;
        let shown: Vec<MessageId> =
            entries.iter().filter_map(|entry| entry.message.filter(|_| !entry.deleted)).collect();
        for one in world.messages.values().filter(|one| one.message.topic.0 == id && !one.deleted && !one.unseen) {
            if shown.iter().filter(|shown| **shown == one.message.id).count() != 1 {
                verdict.lost(format!("message {} is not shown once in the thread of {id}", one.message.id));
            }
        }
    }
    Ok(())
}

/// A reply that brought a file has it, whole.
fn file_of(verdict: &mut Verdict, world: &World, reply: &Accepted, one: &Written) {
    let brought = world.brought.get(&one.message.id);
    if reply.file != brought.is_some() || brought.is_some_and(|content| content != reply.mark.as_bytes()) {
        verdict.wrong(format!("{} has a file: {}, and brought {brought:?}", reply.mark, reply.file));
    }
}

/// In the end every topic shows its ticket's status, and none is closed by the desk while its ticket is worked.
fn shown(
    verdict: &mut Verdict,
    world: &World,
    rules: &MirrorStatus,
    icons: Option<&IconSet>,
    work: &Work<'_>,
) -> Result<(), StoreError> {
    for (id, place) in world.topics.iter().filter(|(_, place)| !place.gone) {
        let key = TicketKey { group: GROUP, topic: TopicId(*id) };
        let (row, ticket) = (work.mirror_row(key)?, work.ticket(key)?);
        let (Some(row), Some(ticket)) = (row, ticket) else {
            if place.icon.is_some() || place.closed_by == Some(DESK) {
                verdict.wrong(format!("topic {id} was changed, and there is nothing to show there"));
            }
            continue;
        };
        let status = ticket.standing.status;
        let icon = icons.and_then(|set| set.id_of(rules.icon(status)?));
        if row.why.is_none() && place.icon != icon {
            verdict.wrong(format!("topic {id} shows {:?}, not {icon:?} for {status}: {row:?}", place.icon));
        }
        if place.closed_by == Some(DESK) && (!rules.close_topics || status.is_live()) {
            verdict.wrong(format!("topic {id} was closed by the desk and its ticket is {status}: {row:?}"));
        }
        let waits = match row.notice {
            Some(id) => work.outbox(id)?.is_some_and(|row| !matches!(row.delivery, Delivery::Sent { .. })),
            None => false,
        };
        if row.due.is_some() || (row.door.is_some() && !waits) {
            verdict.wrong(format!("topic {id} is never done with: {row:?}"));
        }
    }
    Ok(())
}

/// What the desk has said by itself is in the world once, where its row says.
fn notices(verdict: &mut Verdict, world: &World, desk: &Desk, work: &Work<'_>) -> Result<(), StoreError> {
    for one in world.own().filter(|one| matches!(one.message.content, Content::Post(_))) {
        let text = text_of(Some(&one.message.content));
        if desk.replies.values().any(|reply| text.contains(&reply.mark)) || text.contains(CANARY) {
            continue;
        }
        let id = one.message.id;
        let row = match work.message(GROUP, id)?.and_then(|entry| entry.outbox) {
            Some(outbox) => work.outbox(outbox)?,
            None => None,
        };
        let sent = row.is_some_and(|row| row.lane == Lane::Automatic && row.delivery == Delivery::Sent { message: id });
        if !sent {
            verdict.repeated(format!("message {id} of the desk, which no row says was sent: {text:?}"));
        }
    }
    Ok(())
}

/// Whoever of the staff was to be told something was told it once, or the desk knows that they were not.
fn summonses(verdict: &mut Verdict, world: &World, work: &Work<'_>) -> Result<(), StoreError> {
    let mut keys = BTreeSet::new();
    for id in 1.. {
        let Some(row) = work.summons(SummonsId(id))? else { break };
        keys.insert(row.random_id);
        let there = world.told.contains_key(&row.random_id);
        match row.state {
            SummonsState::Sent if !there => verdict.lost(format!("word {id} to staff, said to be sent")),
            SummonsState::Refused if there => {
                verdict.wrong(format!("word {id} to staff was heard, and the desk says that it was not: {row:?}"));
            }
            // After a day in which nobody could say whether it was heard, it is given up.
            SummonsState::Dropped if there && row.attempts == 0 => {
                verdict.wrong(format!("word {id} to staff was heard and never asked for: {row:?}"));
            }
            state if state.is_open() => verdict.lost(format!("word {id} to staff is under way for ever: {row:?}")),
            _ => {}
        }
    }
    for (key, text) in &world.told {
        if !keys.contains(key) {
            verdict.repeated(format!("a word to staff under a key of no row: {text:?}"));
        }
        if text.contains(CANARY) {
            verdict.leaked(format!("a note to staff outside: {text:?}"));
        }
    }
    Ok(())
}

/// Of what was deleted no file is left, and no copy of what has left.
fn files(verdict: &mut Verdict, world: &World, folder: &Path) {
    let files = Files::of(folder);
    for one in world.messages.values().filter(|one| one.deleted && !world.blurred.contains(&one.message.id)) {
        let id = one.message.id;
        let path = files.cached(GROUP, id, one.message.edited_at, "log.txt");
        if path.exists() {
            verdict.leaked(format!("the file of message {id}, which was deleted, is still there"));
        }
    }
}
