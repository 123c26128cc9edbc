//! Following: our own receiver loop over grammers' message boxes.
//!
//! A *step* is everything that can be read without waiting, or one answer to a difference. Each step that said something becomes one
//! batch, with the boxes' own contiguous state before and after it, and is handed over before the next is begun.
//!
//! All groups are followed by one set of boxes. A group that the account cannot get at any more is left out, its count is kept for when it
//! comes back, and the others go on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use grammers_session::types::{ChannelState, UpdatesState};
use grammers_session::updates::{MessageBoxes, PrematureEndReason, UpdatesLike};
use grammers_tl_types as tl;
use tl::enums::Update;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::convert::date;
use super::convert::people::People;
use super::error::{CallError, TelegramError};
use super::gaps::Gaps;
use super::setup::Wanted;
use super::sieve;
use super::station::{Deaf, Online, Shared};
use crate::desk::ids::{GroupId, MessageId};
use crate::engine::transport::{Batch, Cursor, Happening, Incoming, LinkState, Missing};

/// A channel difference asks for so many updates; users get no more than 100.
const BOT_LIMIT: i32 = 1000;
const USER_LIMIT: i32 = 100;
/// So often Telegram is asked whether anything was missed, because a lost push says nothing by itself (TELEGRAM §9 E).
const WATCH: Duration = Duration::from_secs(90);
/// A step ends after so many pushes, so that no batch grows without bound.
const STEP: usize = 500;
/// So often a difference may fail for Telegram's own reasons before the channel is counted anew.
const FAILURES: u32 = 5;
/// A group that cannot be had is looked for again at the latest after so many watches, which is half an hour.
const LONGEST_PATIENCE: u32 = 20;

/// Why following ended.
pub(crate) enum Over {
    /// Something that a new connection may mend, or not.
    Trouble(TelegramError),
    /// Nobody listens any more.
    Deaf,
}

impl From<Deaf> for Over {
    fn from(_: Deaf) -> Self {
        Over::Deaf
    }
}

impl From<TelegramError> for Over {
    fn from(error: TelegramError) -> Self {
        Over::Trouble(error)
    }
}

/// Follows from a cursor until the connection fails.
pub(crate) struct Follower {
    shared: Arc<Shared>,
    online: Arc<Online>,
    boxes: MessageBoxes,
    from: Cursor,
    people: People,
    happenings: Vec<(GroupId, Happening)>,
    failures: u32,
    live: bool,
    gaps: HashMap<i64, Gaps>,
    /// The groups that are followed.
    groups: Vec<i64>,
    /// How far those were counted that are not: the cursor keeps it.
    kept: Vec<(GroupId, i32)>,
    /// Groups of `desk.toml` that cannot be had.
    missing: Vec<Missing>,
    /// So many watches go by before they are looked for again; and so many have gone by.
    patience: (u32, u32),
    /// Telegram has spoken of one of them.
    heard_of: bool,
    /// Groups in which the account may be something else now.
    doubted: BTreeSet<i64>,
}

impl Follower {
    pub(crate) fn new(shared: Arc<Shared>, online: Arc<Online>, cursor: &Cursor) -> Self {
        let groups: Vec<i64> = online.groups.iter().map(|group| group.id.0).collect();
        let boxes = MessageBoxes::load(state(cursor, &groups));
        let kept: Vec<_> = cursor.channels.iter().filter(|(id, _)| !groups.contains(&id.0)).copied().collect();
        let from = self::cursor(&boxes.session_state(), &kept);
        Self {
            gaps: groups.iter().map(|group| (*group, Gaps::default())).collect(),
            missing: online.missing.clone(),
            patience: (1, 0),
            heard_of: false,
            doubted: BTreeSet::new(),
            groups,
            kept,
            shared,
            online,
            boxes,
            from,
            people: People::default(),
            happenings: Vec::new(),
            failures: 0,
            live: false,
        }
    }

    /// Follows. Never ends well: what it returns is why it ended.
    pub(crate) async fn run(mut self, mut pushes: mpsc::Receiver<UpdatesLike>) -> Over {
        match self.follow(&mut pushes).await {
            Ok(()) => Over::Trouble(self.link("the connection closed")),
            Err(over) => over,
        }
    }

    async fn follow(&mut self, pushes: &mut mpsc::Receiver<UpdatesLike>) -> Result<(), Over> {
        self.shared.say(LinkState::CatchingUp).await?;
        let mut watch = Instant::now() + WATCH;
        loop {
            // First, as it may find that a difference is due.
            let deadline = self.boxes.check_deadlines();
            if let Some(request) = self.boxes.get_difference() {
                self.difference(&request).await?;
                continue;
            }
            if let Some(request) = self.boxes.get_channel_difference() {
                let tl::enums::InputChannel::Channel(channel) = &request.channel else { continue };
                self.channel_difference(channel.channel_id, request.pts).await?;
                continue;
            }
            if !self.read(pushes)? {
                self.hand_over(!self.live).await?;
                if !self.live {
                    self.live = true;
                    self.shared.say(LinkState::Live).await?;
                }
                // Alone, a group that is lost ends the connection: that is not hurried.
                if let Some(group) = self.doubted.pop_first().filter(|_| self.groups.len() > 1) {
                    self.take(sieve::nudge(group))?;
                    continue;
                }
                if std::mem::take(&mut self.heard_of) {
                    self.look_for_missing(true).await?;
                }
                let gap = self.gap();
                let end = [Some(watch), Some(deadline.into()), gap].into_iter().flatten().min().unwrap_or(watch);
                match timeout_at(end, pushes.recv()).await {
                    Ok(Some(pushed)) => self.take(pushed)?,
                    Ok(None) => return Ok(()),
                    Err(_) if gap.is_some_and(|at| Instant::now() >= at) => {
                        self.close_gaps()?;
                    }
                    Err(_) if Instant::now() >= watch => {
                        watch = Instant::now() + WATCH;
                        self.suspect().await?;
                    }
                    Err(_) => {}
                }
                continue;
            }
            self.hand_over(false).await?;
        }
    }

    /// Reads what is there without waiting; tells whether there was anything.
    fn read(&mut self, pushes: &mut mpsc::Receiver<UpdatesLike>) -> Result<bool, Over> {
        for count in 0..STEP {
            match pushes.try_recv() {
                Ok(pushed) => self.take(pushed)?,
                Err(mpsc::error::TryRecvError::Empty) => return Ok(count > 0),
                Err(mpsc::error::TryRecvError::Disconnected) => return Err(self.link("the connection closed").into()),
            }
        }
        Ok(true)
    }

    fn take(&mut self, pushed: UpdatesLike) -> Result<(), Over> {
        if matches!(pushed, UpdatesLike::ConnectionClosed) {
            // What comes next is a new connection that asks for the difference of everything.
            return Err(self.link("the connection closed").into());
        }
        let pushed = sieve::sift(pushed, &self.groups);
        self.gaps.iter_mut().for_each(|(group, gaps)| gaps.note(&pushed, *group));
        // A gap is no error: the boxes now want a difference.
        if let Ok((updates, users, chats)) = self.boxes.process_updates(pushed) {
            self.absorb(updates.into_iter().map(|(update, _)| update), &users, &chats);
        }
        Ok(())
    }

    /// Tells how far the updates of a group have been counted without a gap.
    fn counted(&self, group: i64) -> i32 {
        let counts = self.boxes.session_state().channels;
        counts.iter().find(|one| one.id == group).map_or(0, |one| one.pts)
    }

    /// Tells when the boxes have to be told of a gap that they have forgotten.
    fn gap(&mut self) -> Option<Instant> {
        let counts = self.boxes.session_state().channels;
        let counted = |group: i64| counts.iter().find(|one| one.id == group).map_or(0, |one| one.pts);
        self.gaps.iter_mut().filter_map(|(group, gaps)| gaps.due(counted(*group))).min()
    }

    /// Has the difference asked for of each group whose gap is due.
    fn close_gaps(&mut self) -> Result<(), Over> {
        let now = Instant::now();
        for group in self.groups.clone() {
            let counted = self.counted(group);
            let Some(gaps) = self.gaps.get_mut(&group) else { continue };
            if gaps.due(counted).is_some_and(|at| now >= at) {
                gaps.forget();
                self.take(sieve::nudge(group))?;
            }
        }
        Ok(())
    }

    /// Asks Telegram whether anything was missed, and lets the engine keep what it need not hear of otherwise.
    async fn suspect(&mut self) -> Result<(), Over> {
        self.hand_over(true).await?;
        if let Err(error) = self.shared.vault.flush() {
            tracing::warn!(%error, "peers not written");
        }
        for group in self.groups.clone() {
            self.take(sieve::nudge(group))?;
        }
        self.take(UpdatesLike::MalformedUpdates)?;
        self.look_for_missing(false).await
    }

    /// Looks for the groups that could not be had, oftener at first; with one of them there a new connection follows it too.
    async fn look_for_missing(&mut self, at_once: bool) -> Result<(), Over> {
        let (most, gone) = self.patience;
        if self.missing.is_empty() || (!at_once && gone + 1 < most) {
            self.patience.1 += 1;
            return Ok(());
        }
        self.patience = ((most * 2).min(LONGEST_PATIENCE), 0);
        let Online { wire, own, groups, .. } = &*self.online;
        let is_followed =
            |wanted: &&Wanted| groups.iter().any(|group| self.groups.contains(&group.id.0) && group.is_wanted(wanted));
        for wanted in self.shared.setup.groups.iter().filter(|wanted| !is_followed(wanted)) {
            // Whatever is wrong with it, the others are followed all the same.
            let Ok(group) = super::group::resolve(wire, own, Some(&wanted.selector)).await else { continue };
            if !self.groups.contains(&group.id.0) && super::facts::facts(wire, own, &group).await.is_ok() {
                tracing::info!(group = group.title, "a group that could not be had is there again");
                return Err(self.link("a group has to be followed from now on").into());
            }
        }
        Ok(())
    }

    /// The account cannot get at a group any more. Alone it is the next connection's matter; of several, the others go on.
    async fn lose(&mut self, group: i64, error: CallError) -> Result<(), Over> {
        // A wrong hash or a lost membership: whoever looks the group up again can tell which.
        self.shared.vault.drop_channel(group).map_err(TelegramError::from)?;
        if self.groups.len() == 1 {
            return Err(self.trouble(error));
        }
        let pts = self.counted(group);
        self.boxes.end_channel_difference(PrematureEndReason::Banned);
        self.kept.push((GroupId(group), pts));
        self.groups.retain(|known| *known != group);
        self.gaps.remove(&group);
        self.failures = 0;
        let id = GroupId(group);
        let found = self.online.groups.iter().find(|known| known.id == id);
        let title = found.map(|found| found.title.clone()).unwrap_or_default();
        let account = self.online.own.name.clone();
        let why = TelegramError::NotMember { account, title: title.clone() }.to_string();
        let name = found.and_then(|found| found.name.clone()).unwrap_or(title);
        tracing::warn!(why, "a group is left out");
        self.missing.push(Missing { group: Some(id), name, why });
        self.patience = (1, 0);
        let followed = self.groups.iter().map(|group| GroupId(*group)).collect();
        self.shared.tell(Incoming::Groups { followed, missing: self.missing.clone() }).await?;
        Ok(())
    }

    async fn difference(&mut self, request: &tl::functions::updates::GetDifference) -> Result<(), Over> {
        let mut difference = self.patiently(request).await.map_err(|error| self.trouble(error))?;
        match &mut difference {
            tl::enums::updates::Difference::Difference(full) => {
                full.other_updates = sieve::sift_all(std::mem::take(&mut full.other_updates), &self.groups);
            }
            tl::enums::updates::Difference::Slice(slice) => {
                slice.other_updates = sieve::sift_all(std::mem::take(&mut slice.other_updates), &self.groups);
            }
            _ => {}
        }
        let (updates, users, chats) = self.boxes.apply_difference(difference);
        self.absorb(updates.into_iter().map(|(update, _)| update), &users, &chats);
        self.hand_over(false).await
    }

    async fn channel_difference(&mut self, id: i64, pts: i32) -> Result<(), Over> {
        let group = GroupId(id);
        let found = self.online.group(group).map_err(|why| self.link(&why))?;
        let request = tl::functions::updates::GetChannelDifference {
            force: false,
            channel: found.input(),
            filter: tl::enums::ChannelMessagesFilter::Empty,
            pts,
            limit: if self.online.own.bot { BOT_LIMIT } else { USER_LIMIT },
        };
        let difference = match self.patiently(&request).await {
            Ok(difference) => difference,
            Err(error) if error.is_bad_count() => {
                return self.count_anew(group).await;
            }
            Err(error) if error.is_no_access() => return self.lose(id, error).await,
            Err(error) if error.is_link() || matches!(error, CallError::Session(_)) => return Err(self.trouble(error)),
            Err(error) if error.is_lost_login() => return Err(self.trouble(error)),
            Err(error) => {
                self.failures += 1;
                tracing::warn!(why = error.words(), failures = self.failures, "no channel difference");
                if self.failures >= FAILURES {
                    return self.count_anew(group).await;
                }
                sleep(Duration::from_secs(1 << self.failures)).await;
                return Ok(());
            }
        };
        let Some(opened) = sieve::open(difference, id) else { return self.count_anew(group).await };
        if opened.pts == pts && !opened.last {
            // Telegram says that there is more, and gives nothing: asking at once again would be a hot loop.
            self.failures += 1;
            if self.failures >= FAILURES {
                return self.count_anew(group).await;
            }
            sleep(Duration::from_millis(200 << self.failures)).await;
        } else {
            self.failures = 0;
        }
        let (updates, users, chats) = self.boxes.apply_channel_difference(opened.count);
        self.absorb(opened.updates.into_iter(), &opened.users, &opened.chats);
        self.absorb(updates.into_iter().map(|(update, _)| update), &users, &chats);
        if let Some(top) = opened.gap {
            self.happenings.push((group, Happening::Gap { after: None, top: MessageId(top) }));
        }
        self.hand_over(false).await
    }

    /// Gives a channel's count up and begins a new one at what the channel says now. What lay between becomes a gap.
    async fn count_anew(&mut self, group: GroupId) -> Result<(), Over> {
        let found = self.online.group(group).map_err(|why| self.link(&why))?;
        let facts = super::facts::facts(&self.online.wire, &self.online.own, found).await?;
        tracing::warn!(pts = facts.pts, "the channel's update count was given up and begun anew");
        self.boxes.end_channel_difference(PrematureEndReason::Banned);
        self.boxes.try_set_channel_state(group.0, facts.pts);
        self.gaps.insert(group.0, Gaps::default());
        self.failures = 0;
        if let Some(top) = facts.top_message {
            self.happenings.push((group, Happening::Gap { after: None, top }));
        }
        self.hand_over(false).await
    }

    /// Calls, waiting out FLOOD_WAIT and a few failures of Telegram's own. Pushes pile up meanwhile, in a queue made for it.
    async fn patiently<R: tl::RemoteCall>(&self, request: &R) -> Result<R::Return, CallError> {
        let mut tries = 0;
        loop {
            let error = match self.online.wire.call(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tries += 1;
            match error.wait() {
                Some(wait) => sleep(wait).await,
                None if error.is_passing() && tries < FAILURES => sleep(Duration::from_millis(250 << tries)).await,
                None => return Err(error),
            }
        }
    }

    /// Turns updates into happenings, and remembers who is mentioned.
    fn absorb(&mut self, updates: impl Iterator<Item = Update>, users: &[tl::enums::User], chats: &[tl::enums::Chat]) {
        self.shared.vault.learn(users, chats);
        self.people.add(users, chats);
        for update in updates {
            // What names no channel (which id one of our own sends got) goes with any of them.
            let Some(group) = super::said::about(&update).or(self.groups.first().copied()).map(GroupId) else {
                continue;
            };
            if !self.groups.contains(&group.0) {
                self.heard_of |= self.missing.iter().any(|one| one.group == Some(group));
                continue;
            }
            if matches!(update, Update::Channel(_)) {
                self.doubted.insert(group.0);
            }
            for happening in super::said::happenings(update, group, &self.people) {
                if let Happening::Message(message) = &happening {
                    self.settle(message);
                }
                self.happenings.push((group, happening));
            }
        }
    }

    /// Keeps in mind which id one of our own sends got, with its date.
    fn settle(&self, message: &crate::desk::thread::Message) {
        let random_id = self.happenings.iter().rev().find_map(|(_, happening)| match happening {
            Happening::Settled { random_id, message: id } if *id == message.id => Some(*random_id),
            _ => None,
        });
        if let Some(random_id) = random_id {
            self.shared.remember(random_id, message.id, message.at);
        }
    }

    /// Hands over what the step said. A step that only counted is kept back until something is said, unless `anyway`: the count before
    /// it is still true, only older.
    async fn hand_over(&mut self, anyway: bool) -> Result<(), Over> {
        let to = cursor(&self.boxes.session_state(), &self.kept);
        let counted = (to.pts, to.qts, to.seq, &to.channels)
            != (self.from.pts, self.from.qts, self.from.seq, &self.from.channels);
        let channel_moved = to.channels != self.from.channels;
        if self.happenings.is_empty() && !channel_moved && !(anyway && counted) {
            return Ok(());
        }
        let happenings = super::said::arranged(std::mem::take(&mut self.happenings));
        let people = std::mem::take(&mut self.people).into_vec();
        let batch = Batch { from: self.from.clone(), to: to.clone(), people, happenings };
        self.shared.tell(Incoming::Batch(batch)).await?;
        // No await between handing over and noting it: whoever ends this task cannot come between the two.
        self.shared.set_progress(Some(to.clone()));
        self.from = to;
        Ok(())
    }

    fn link(&self, why: &str) -> TelegramError {
        TelegramError::Link { target: self.online.wire.target(), why: why.to_owned() }
    }

    fn trouble(&self, error: CallError) -> Over {
        if error.is_no_access() {
            return Over::Trouble(self.link(&format!("no access to the group ({})", error.words())));
        }
        Over::Trouble(error.explain(&self.online.wire.target()))
    }
}

/// Reads a cursor for the boxes: of channels, only those that are followed. A pts of 0 would mean that there is none, and following would
/// never begin.
fn state(cursor: &Cursor, groups: &[i64]) -> UpdatesState {
    UpdatesState {
        pts: cursor.pts.max(1),
        qts: cursor.qts,
        date: cursor.date,
        seq: cursor.seq,
        channels: cursor
            .channels
            .iter()
            .filter(|(id, _)| groups.contains(&id.0))
            .map(|&(id, pts)| ChannelState { id: id.0, pts })
            .collect(),
    }
}

/// Writes the boxes' state as a cursor, with the counts of the groups that they do not follow.
pub(crate) fn cursor(state: &UpdatesState, kept: &[(GroupId, i32)]) -> Cursor {
    let mut channels: Vec<(GroupId, i32)> = state.channels.iter().map(|one| (GroupId(one.id), one.pts)).collect();
    channels.extend(kept);
    channels.sort_unstable();
    Cursor { pts: state.pts, qts: state.qts, date: state.date, seq: state.seq, channels }
}

/// Makes the first cursor, from the account's state; of channels it knows nothing yet.
pub(crate) async fn seed(online: &Online) -> Result<Cursor, TelegramError> {
    let tl::enums::updates::State::State(account) = online
        .wire
        .ask(&tl::functions::updates::GetState {})
        .await
        .map_err(|error| error.explain(&online.wire.target()))?;
    tracing::debug!(date = %date(account.date), pts = account.pts, "seeded");
    Ok(Cursor { pts: account.pts.max(1), qts: account.qts, date: account.date, seq: account.seq, channels: Vec::new() })
}
