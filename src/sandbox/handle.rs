//! Reaching into a running sandbox: for tests, and for whoever wants to see what a client really did.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use grammers_tl_types::types;

use crate::clock::Timestamp;

use super::faults::Fault;
use super::flood::Flood;
use super::hub::{Hub, Out};
use super::trouble::{Counts, Trouble};
use super::world::{NewTopic, Post, Refusal, Standing, World};

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

    /// Presses the button of a message of the main group that has this label, as an account; tells the number of the press.
    ///
    /// # Errors
    /// Refuses what Telegram refuses, and a label that no button has.
    pub fn press(&self, account: i64, message: i32, label: &str) -> Result<i64, Refusal> {
        self.with(|world| world.press_label(account, message, label))
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
        (inner.lose, inner.double, inner.swap, inner.slices) = (0, 0, 0, None);
        self.hub.slow.store(0, Ordering::Relaxed);
        self.hub.skew.store(0, Ordering::Relaxed);
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

    /// Makes something go wrong. Has to be called on a tokio runtime, which ends a black hole when its time has come.
    ///
    /// # Errors
    /// Refuses what makes no sense in this world: a topic or message that does not exist.
    pub fn cause(&self, trouble: &Trouble) -> Result<(), Refusal> {
        let now = self.now();
        match trouble {
            Trouble::Call(method, fault) => self.arm(method, None, fault.clone()),
            Trouble::PushTooLong(pts) => {
                let bot = self.desk_bot();
                // A pts of 0 makes no sense on the wire and stands for the one there is.
                let there = self.with(|world| world.group(world.forum()).map(super::world::Group::pts));
                let pts = pts.and_then(|pts| if pts == 0 { there } else { Some(pts) });
                self.push_too_long(bot, pts);
            }
            Trouble::LosePushes(count) => self.hub.lock().lose += count,
            Trouble::DoublePushes(count) => self.hub.lock().double += count,
            Trouble::SwapPushes(count) => self.hub.lock().swap += count,
            Trouble::Slices(count) => self.hub.lock().slices = (*count > 0).then_some(*count),
            Trouble::Slow(span) => {
                self.hub.slow.store(u64::try_from(span.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
            Trouble::BlackHole(span) => {
                self.pause();
                let (handle, span) = (self.clone(), *span);
                tokio::spawn(async move {
                    tokio::time::sleep(span).await;
                    handle.resume();
                });
            }
            Trouble::Skew(seconds) => self.hub.skew.store(*seconds, Ordering::Relaxed),
            Trouble::Stray => {
                let mut inner = self.hub.lock();
                let links: Vec<u64> = inner.links.keys().copied().collect();
                links.into_iter().for_each(|link| inner.queue(link, Out::Stray));
            }
            Trouble::CutAll => self.cut_all(),
            Trouble::Restart => {
                self.hub.lock().keys.iter().for_each(|key| key.auth.change_salts());
                self.cut_all();
            }
            Trouble::SkipIds(count) => self.with(|world| world.use_up_ids(world.forum(), *count))?,
            Trouble::AgeFiles => self.with(|world| world.age_references()),
            Trouble::Empty(message) => {
                let (_, gone) = self.with(|world| world.place_deletion(0, &[*message], now))?;
                if gone == 0 {
                    return Err(Refusal::bad("MESSAGE_ID_INVALID"));
                }
            }
            Trouble::DeleteTopic(topic) => {
                let owner = self.with(|world| {
                    let group = world.group(world.forum())?;
                    group.members().find(|member| member.standing == Standing::Creator).map(|member| member.account)
                });
                self.with(|world| world.delete_topic(0, owner.unwrap_or(0), *topic, now))?;
            }
            Trouble::React(message, emoji) => self.react(*message, emoji.as_deref())?,
            Trouble::Demote => self.unseat(Standing::Member)?,
            Trouble::Kick => self.unseat(Standing::Banned)?,
            Trouble::Promote | Trouble::Unkick => self.reseat()?,
            Trouble::Forum(on) => self.with(|world| world.set_forum(world.forum(), *on))?,
            Trouble::Privacy(on) => {
                let bot = self.desk_bot();
                self.with(|world| world.set_privacy(world.forum(), bot, *on))?;
            }
            Trouble::DuplicateKey => {
                let bot = self.desk_bot();
                self.hub.lock().keys.destroy(bot);
                self.cut_all();
            }
            Trouble::Revoke => {
                let bot = self.desk_bot();
                self.hub.lock().keys.log_out(bot);
            }
            Trouble::Clear => self.disarm(),
        }
        *self.hub.lock().caused.entry(trouble.kind()).or_insert(0) += 1;
        tracing::info!(%trouble, "a fault was ordered");
        Ok(())
    }

    /// Lets the creator of a message's topic react to it, or to nothing any more.
    fn react(&self, message: i32, emoji: Option<&str>) -> Result<(), Refusal> {
        let now = self.now();
        self.with(|world| {
            let group = world.forum();
            let found = world.group_or(group)?;
            let topic = found.message(message).ok_or_else(|| Refusal::bad("MESSAGE_ID_INVALID"))?.topic;
            let by = found.topic(topic).map_or(0, |topic| topic.creator);
            world.react(group, by, message, emoji.as_slice(), now)
        })
    }

    /// Makes the desk's bot something less in the group, and remembers what it was.
    fn unseat(&self, standing: Standing) -> Result<(), Refusal> {
        let bot = self.desk_bot();
        self.hub.with(|inner| {
            let group = inner.world.forum();
            let was = inner.world.group(group).and_then(|group| group.member(bot)).map(|one| one.standing.clone());
            if inner.demoted.is_none() {
                inner.demoted = was;
            }
            inner.world.set_standing(group, bot, standing)
        })
    }

    /// Makes the desk's bot what it was.
    fn reseat(&self) -> Result<(), Refusal> {
        let bot = self.desk_bot();
        self.hub.with(|inner| match inner.demoted.take() {
            Some(standing) => inner.world.set_standing(inner.world.forum(), bot, standing),
            None => Ok(()),
        })
    }

    /// Tells how often a `random_id` was used again, which makes nothing.
    pub fn duplicates(&self) -> u64 {
        self.hub.lock().duplicates
    }

    /// Tells what was caused so far, by kind.
    pub fn caused(&self) -> Counts {
        self.hub.lock().caused.clone()
    }

    /// Tells the bot that the announcement names first.
    fn desk_bot(&self) -> i64 {
        self.with(|world| world.accounts().find(|account| account.is_bot() && !account.deleted).map_or(0, |bot| bot.id))
    }

    /// Sets how many messages a bot may send into a group in a minute, and forgets those sent so far; 0 is no limit.
    pub fn set_flood(&self, per_minute: u32) {
        self.hub.lock().flood = Flood::new(per_minute);
    }
}
