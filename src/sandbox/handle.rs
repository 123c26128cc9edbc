//! Reaching into a running sandbox: for tests, and for whoever wants to see what a client really did.

use std::sync::Arc;

use grammers_tl_types::types;

use crate::clock::Timestamp;

use super::faults::Fault;
use super::flood::Flood;
use super::hub::{Hub, Out};
use super::world::{NewTopic, Post, Refusal, World};

/// Gives access to a running sandbox's world. Clones reach the same world.
#[derive(Clone)]
pub struct WorldHandle {
    hub: Arc<Hub>,
}

impl WorldHandle {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Does something with the world while nobody else can, and pushes what came of it.
    pub fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.hub.with(|inner| act(&mut inner.world))
    }

    /// Tells the time of the world.
    pub fn now(&self) -> Timestamp {
        self.hub.lock().now()
    }

    /// Posts a text into a topic of the main group as an account that must be allowed to; tells its id.
    ///
    /// # Errors
    /// Refuses what Telegram refuses.
    pub fn say(&self, author: i64, topic: i32, text: &str) -> Result<i32, Refusal> {
        let now = self.now();
        self.with(|world| world.send(Post::new(author, topic, text), now))
    }

    /// Opens a topic in the main group as an account that must be allowed to; tells its id.
    ///
    /// # Errors
    /// Refuses what Telegram refuses.
    pub fn open_topic(&self, creator: i64, title: &str) -> Result<i32, Refusal> {
        let now = self.now();
        self.with(|world| world.create_topic(NewTopic::new(creator, title), now))
    }

    /// Lists the texts of a topic of the main group with their authors, oldest first.
    pub fn texts(&self, topic: i32) -> Vec<(i64, String)> {
        self.with(|world| {
            let group = world.group(world.forum());
            let messages = group.into_iter().flat_map(|group| group.messages());
            messages.filter(|m| m.topic == topic && !m.is_service()).map(|m| (m.sender, m.text().to_owned())).collect()
        })
    }

    /// Tells how often a method was called since the start: `messages.sendMessage`.
    pub fn calls(&self, method: &str) -> u64 {
        self.hub.lock().calls.get(method).copied().unwrap_or(0)
    }

    /// Counts the open connections.
    pub fn connections(&self) -> usize {
        self.hub.lock().links.len()
    }

    /// Counts the connections that get updates of an account.
    pub fn listeners(&self, account: i64) -> usize {
        let inner = self.hub.lock();
        inner.keys.iter().filter(|key| key.account == Some(account) && key.link.is_some()).count()
    }

    /// Cuts every connection.
    pub fn cut_all(&self) {
        let mut inner = self.hub.lock();
        let links: Vec<u64> = inner.links.keys().copied().collect();
        for link in links {
            inner.queue(link, Out::Cut);
        }
    }

    /// Stops answering: connections stay open and nothing comes any more, whatever is asked.
    pub fn pause(&self) {
        self.hub.paused.send_replace(true);
    }

    /// Answers again, also what was asked meanwhile.
    pub fn resume(&self) {
        self.hub.paused.send_replace(false);
    }

    /// Lets the next call of a method (`*` for any) by an account, or by anyone, go wrong.
    pub fn arm(&self, method: &str, account: Option<i64>, fault: Fault) {
        self.hub.lock().faults.arm(method, account, fault);
    }

    /// Forgets all that is armed and has not happened yet.
    pub fn disarm(&self) {
        let mut inner = self.hub.lock();
        inner.faults.clear();
        inner.lose = 0;
    }

    /// Loses the next rounds of pushes for everybody, so that clients see a gap. What one act changes is one round.
    pub fn lose_pushes(&self, count: u32) {
        self.hub.lock().lose = count;
    }

    /// Pushes `updateChannelTooLong` for the main group to an account, with or without a pts.
    pub fn push_too_long(&self, account: i64, pts: Option<i32>) {
        let mut inner = self.hub.lock();
        let channel_id = inner.world.forum();
        inner.push_raw(account, vec![types::UpdateChannelTooLong { channel_id, pts }.into()]);
    }

    /// Sets how many messages a bot may send into a group in a minute, and forgets those sent so far; 0 is no limit.
    pub fn set_flood(&self, per_minute: u32) {
        self.hub.lock().flood = Flood::new(per_minute);
    }
}
