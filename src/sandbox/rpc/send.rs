//! `messages.sendMessage`, `sendMedia`, `forwardMessages`: what comes into the world from a client.

use grammers_tl_types::{enums, functions, types};

use crate::sandbox::world::{ForwardCall, Marks, Post, Refusal, ReplyTarget, Update};

use super::entities;
use super::render::Named;
use super::upload::Uploaded;
use super::{Call, Reply};

/// The most messages one call forwards.
const MAX_FORWARDS: usize = 100;

impl Call<'_> {
    /// Answers a call whose `random_id` was used before: the message it made then, if it is still there.
    pub(super) fn repeated(&mut self, group: i64, random_id: i64) -> Option<Reply> {
        let id = self.inner.world.sent(self.account, group, random_id)?;
        self.inner.duplicates += 1;
        Some(self.again(group, &[(random_id, id)]))
    }

    fn again(&self, group: i64, made: &[(i64, i32)]) -> Reply {
        use grammers_tl_types::Serializable;
        let view = self.view()?;
        let found = self.inner.world.group_or(group)?;
        let mut named = Named::default();
        let mut updates = Vec::new();
        for (random_id, id) in made {
            updates.push(types::UpdateMessageId { id: *id, random_id: *random_id }.into());
        }
        for (_, id) in made {
            let pts = found.pts_of(*id);
            updates.extend(pts.and_then(|pts| view.update(&Update::New { group, id: *id, pts }, &mut named)));
        }
        Ok(view.updates(updates, &named, self.now).to_bytes())
    }

    fn reply_target(
        &self,
        group: i64,
        reply_to: Option<enums::InputReplyTo>,
        top: Option<i32>,
    ) -> Result<ReplyTarget, Refusal> {
        let (message, top) = match reply_to {
            None => (None, top),
            Some(enums::InputReplyTo::Message(reply)) => (Some(reply.reply_to_msg_id), reply.top_msg_id.or(top)),
            Some(_) => return Err(Refusal::bad("REPLY_TO_INVALID")),
        };
        self.inner.world.group_or(group)?.reply_target(message, top)
    }

    fn check_schedule(&self, schedule_date: Option<i32>) -> Result<(), Refusal> {
        match schedule_date {
            None | Some(0) => Ok(()),
            Some(_) if self.is_bot => Err(Refusal::bad("SCHEDULE_BOT_NOT_ALLOWED")),
            Some(_) => Err(Refusal::bad("SCHEDULE_DATE_INVALID")),
        }
    }

    fn send(&mut self, group: i64, post: Post, random_id: i64, uploaded: Option<Uploaded>) -> Reply {
        if random_id == 0 {
            return Err(Refusal::bad("RANDOM_ID_EMPTY"));
        }
        if let Some(earlier) = self.repeated(group, random_id) {
            return earlier;
        }
        self.inner.world.check_send(&post)?;
        if self.is_bot {
            self.inner.flood.take(self.account, group, 1, self.now)?;
        }
        let id = self.inner.world.send(post, self.now)?;
        self.inner.world.remember_sent(self.account, group, random_id, id);
        if let Some(file) = uploaded {
            self.inner.world.keep_contents(self.account, file.id, (group, id), file.contents);
        }
        self.changes(vec![types::UpdateMessageId { id, random_id }.into()])
    }
}

/// Answers `messages.sendMessage`.
pub(super) fn message(call: &mut Call<'_>, request: functions::messages::SendMessage) -> Reply {
    if let Some(person) = call.private_peer(&request.peer) {
        return super::privates::message(call, person?, &request);
    }
    let group = call.own_group(&request.peer)?;
    call.check_schedule(request.schedule_date)?;
    let entities = call.entities(request.entities)?;
    let buttons = super::buttons::read(call, request.reply_markup)?;
    let target = match call.inner.world.sent(call.account, group, request.random_id) {
        // The topic may be gone by now; what was sent stays sent.
        Some(_) => ReplyTarget { topic: crate::sandbox::world::GENERAL, reply_to: None },
        None => call.reply_target(group, request.reply_to, None)?,
    };
    let post = Post {
        group,
        topic: target.topic,
        author: call.account,
        text: request.message,
        entities,
        media: None,
        reply_to: target.reply_to,
        forward: None,
        marks: Marks { buttons, ..Marks::default() },
    };
    call.send(group, post, request.random_id, None)
}

/// Answers `messages.sendMedia`.
pub(super) fn media(call: &mut Call<'_>, request: functions::messages::SendMedia) -> Reply {
    let group = call.own_group(&request.peer)?;
    call.check_schedule(request.schedule_date)?;
    let entities = call.entities(request.entities)?;
    // The parts of a file that became a message are gone.
    if let Some(earlier) = call.repeated(group, request.random_id) {
        return earlier;
    }
    let (media, uploaded) = entities::media(call, request.media)?;
    let target = call.reply_target(group, request.reply_to, None)?;
    let post = Post {
        group,
        topic: target.topic,
        author: call.account,
        text: request.message,
        entities,
        media: Some(media),
        reply_to: target.reply_to,
        forward: None,
        marks: Default::default(),
    };
    call.send(group, post, request.random_id, uploaded)
}

/// Answers `messages.forwardMessages`. A repeated call gives the first messages again.
pub(super) fn forward(call: &mut Call<'_>, request: functions::messages::ForwardMessages) -> Reply {
    let from_group = call.own_group(&request.from_peer)?;
    let to_group = call.own_group(&request.to_peer)?;
    call.check_schedule(request.schedule_date)?;
    if request.id.is_empty() {
        return Err(Refusal::bad("MESSAGE_IDS_EMPTY"));
    }
    if request.id.len() != request.random_id.len() || request.id.len() > MAX_FORWARDS {
        return Err(Refusal::bad("RANDOM_ID_INVALID"));
    }
    let earlier: Option<Vec<(i64, i32)>> = request
        .random_id
        .iter()
        .map(|random_id| Some((*random_id, call.inner.world.sent(call.account, to_group, *random_id)?)))
        .collect();
    if let Some(made) = earlier {
        return call.again(to_group, &made);
    }
    let target = call.reply_target(to_group, request.reply_to, request.top_msg_id)?;
    let forward = ForwardCall {
        from_group,
        ids: request.id,
        to_group,
        topic: target.topic,
        account: call.account,
        drop_author: request.drop_author,
    };
    if call.is_bot {
        call.inner.flood.take(call.account, to_group, forward.ids.len(), call.now)?;
    }
    let made = call.inner.world.forward(&forward, call.now)?;
    let mut updates = Vec::with_capacity(made.len());
    for (id, random_id) in made.into_iter().zip(request.random_id) {
        call.inner.world.remember_sent(call.account, to_group, random_id, id);
        updates.push(types::UpdateMessageId { id, random_id }.into());
    }
    call.changes(updates)
}
