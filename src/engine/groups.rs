//! What the engine knows of each group: facts, how far it is mirrored, what was asked of it.
//!
//! Groups share link, cursor, outbox and agents, and nothing else: what becomes of one changes nothing in the others. A group of which
//! nothing is known has no tickets, no admins and no rights, and nothing is asked of it.

use std::collections::{BTreeMap, BTreeSet};

use super::mirror::{BURIED, DOUBTED, EARLY_PINS, Sync};
use super::mirror_status::EDIT_AFTER;
use super::reactions::Reactions;
use super::recheck::Recheck;
use super::transport::{GroupFacts, LinkState, Missing};
use super::turn::Turn;
use super::{EngineError, OUTSTANDING, State};
use crate::clock::Timestamp;
use crate::desk::groups::Called;
use crate::desk::ids::{GroupId, MessageId, PersonId, TopicId};
use crate::desk::people::Staff;
use crate::desk::rules::Rules;
use crate::store::{StoreError, Work};

/// When failed fetches may be asked for again: Telegram said so.
pub(super) const FETCH_AFTER: &str = "fetch_after";

/// When something may be sent again: Telegram said so.
pub(super) const SEND_AFTER: &str = "send_after";

/// Why a group that is in the store is not followed.
const DROPPED: &str =
    "is not among the groups of desk.toml any more: put it into [[groups]] again, or close its tickets";

/// A group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// What Telegram says about it; `None`: nothing yet.
    pub(super) facts: Option<GroupFacts>,
    pub(super) sync: Sync,
    /// The highest message known from any source.
    pub(super) top: MessageId,
    /// Rules' staff with the admins of this group.
    pub(super) staff: Staff,
    /// Its facts came since the link was (re)built, so orders make sense.
    pub(super) ready: bool,
    /// Ranges asked for and not answered: first id -> last id.
    pub(super) scans: BTreeMap<i32, i32>,
    /// Ranges answered out of turn: first id -> last id.
    pub(super) scanned: BTreeMap<i32, i32>,
    /// Histories asked for and not answered.
    pub(super) reading: BTreeSet<i32>,
    /// A page of topics was asked for and not answered.
    pub(super) listing: bool,
    /// The topic whose change was asked for and not answered.
    pub(super) editing: Option<TopicId>,
    /// Telegram asks us not to change topics before.
    pub(super) edit_after: Option<Timestamp>,
    /// When failed fetches may be asked for again.
    pub(super) fetch_after: Option<Timestamp>,
    /// Telegram asks us not to send before.
    pub(super) send_after: Option<Timestamp>,
    /// Topics to be looked at, once failed fetches may be asked for again.
    pub(super) unchecked: BTreeSet<TopicId>,
    /// When the facts are to be asked for again, in case that nobody said that they changed.
    pub(super) facts_due: Option<Timestamp>,
    /// The facts could not be had and are to be asked for again.
    pub(super) facts_owed: bool,
    /// Reactions that may have changed while nobody told.
    pub(super) reactions: Reactions,
    /// What is compared with Telegram once more, and what was found.
    pub(super) recheck: Option<Recheck>,
    /// Messages that were deleted before anything else was known of them.
    pub(super) buried: BTreeSet<MessageId>,
    /// Messages that were pinned (`true`) or unpinned before anything else was known of them.
    pub(super) early_pins: BTreeMap<MessageId, bool>,
    /// Topics that are not known for sure: Telegram is asked, by the next process if this one dies.
    pub(super) doubted: BTreeSet<TopicId>,
    /// All clocks stand by the rules of this process.
    pub(super) reckoned: bool,
    /// The last ticket whose clocks do, while not all of them do.
    pub(super) reckoned_to: TopicId,
    /// All places in routing do.
    pub(super) placed: bool,
    /// The last ticket whose place does, while not all of them do.
    pub(super) placed_to: TopicId,
}

impl Group {
    fn load(
        work: &Work<'_>,
        rules: &Rules,
        id: GroupId,
        facts: Option<&str>,
        sync: Option<&str>,
    ) -> Result<Group, EngineError> {
        let after = |key| Ok::<_, StoreError>(work.group_value(id, key)?.and_then(|text| text.parse().ok()));
        let mut group = Group {
            facts: facts.map(serde_json::from_str).transpose().map_err(StoreError::from)?,
            sync: sync.map(serde_json::from_str).transpose().map_err(StoreError::from)?.unwrap_or_default(),
            top: work.top_message(id)?,
            unchecked: work.headless(id)?.into_iter().collect(),
            buried: kept(work, id, BURIED)?,
            early_pins: kept(work, id, EARLY_PINS)?,
            doubted: kept(work, id, DOUBTED)?,
            fetch_after: after(FETCH_AFTER)?.map(Timestamp::from_millis),
            send_after: after(SEND_AFTER)?.map(Timestamp::from_millis),
            edit_after: after(EDIT_AFTER)?.map(Timestamp::from_millis),
            ..Group::unknown(rules)
        };
        group.unchecked.extend(&group.doubted);
        if let Some(facts) = &group.facts {
            group.staff = staff_of(rules, facts);
            group.top = group.top.max(facts.top_message.unwrap_or_default());
        }
        Ok(group)
    }

    /// Makes a group of which nothing is known.
    pub(super) fn unknown(rules: &Rules) -> Group {
        let routes = !rules.routing.is_empty() || rules.routing.reassign_after.is_some();
        Group { staff: rules.staff.clone(), placed: !routes, ..Group::default() }
    }

    /// Tells how it is called; `None` while nobody knows.
    pub(super) fn called(&self) -> Option<Called<'_>> {
        self.facts.as_ref().map(GroupFacts::called)
    }

    /// Tells whether the account cannot get at it at present.
    pub(super) fn is_lost(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.lost.is_some())
    }

    /// Tells whether the desk is logged in there as a bot.
    pub(super) fn is_bot(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.bot)
    }

    /// Tells whether an id that shows nothing is known to hold nothing.
    pub(super) fn sees_all(&self) -> bool {
        self.facts.as_ref().is_none_or(GroupFacts::sees_all)
    }

    /// Says why nothing can be sent there at present.
    pub(super) fn read_only(&self) -> Option<String> {
        self.facts.as_ref().and_then(GroupFacts::read_only)
    }

    /// Since when what happens there is heard.
    pub(super) fn live_since(&self) -> Option<Timestamp> {
        match self.sync {
            Sync::Done { live_since } => Some(live_since - std::time::Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Tells whether something of this date happens now, rather than in the history that was fetched.
    pub(super) fn is_live(&self, at: Timestamp) -> bool {
        self.live_since().is_some_and(|since| at >= since)
    }

    /// Tells whether all that it has is known while the link is live.
    fn is_heard(&self) -> bool {
        self.live_since().is_some() && !self.is_lost()
    }

    /// Tells when something is to be asked for that cannot be yet.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        [self.fetch_after, self.facts_due, self.reactions.wake()].into_iter().flatten().min()
    }

    /// Forgets what was to be fetched over a connection that is no longer there; the pumps ask again.
    fn forget_orders(&mut self) {
        self.scans.clear();
        self.scanned.clear();
        self.reading.clear();
        self.listing = false;
    }

    /// The connection is a new one, which may not know this group.
    fn cut_off(&mut self) {
        self.ready = false;
        self.forget_orders();
        self.reactions.interrupted();
    }

    /// Copies what is under way outside.
    fn underway(&self) -> Group {
        Group {
            ready: self.ready,
            scans: self.scans.clone(),
            scanned: self.scanned.clone(),
            reading: self.reading.clone(),
            listing: self.listing,
            editing: self.editing,
            fetch_after: self.fetch_after,
            unchecked: self.unchecked.clone(),
            facts_owed: self.facts_owed,
            facts_due: self.facts_due,
            recheck: self.recheck.clone(),
            reactions: self.reactions.clone(),
            staff: self.staff.clone(),
            ..Group::default()
        }
    }

    /// Puts what is under way over what was just read.
    fn over(self, loaded: Group) -> Group {
        let Group { ready, scans, scanned, reading, listing, editing, fetch_after, unchecked, .. } = self;
        let Group { facts_owed, facts_due, recheck, reactions, .. } = self;
        Group {
            ready,
            scans,
            scanned,
            reading,
            listing,
            editing,
            fetch_after,
            unchecked,
            facts_owed,
            facts_due,
            recheck,
            reactions,
            ..loaded
        }
    }
}

/// All groups, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    all: BTreeMap<GroupId, Group>,
    /// What stands for those that are not known.
    unknown: Group,
}

impl Groups {
    /// Reads all that the store knows.
    pub(super) fn load(work: &Work<'_>, rules: &Rules) -> Result<Groups, EngineError> {
        let mut groups = Groups { all: BTreeMap::new(), unknown: Group::unknown(rules) };
        for (id, facts, sync) in work.groups()? {
            groups.all.insert(id, Group::load(work, rules, id, facts.as_deref(), sync.as_deref())?);
        }
        Ok(groups)
    }

    /// Lists those that are known, by id.
    pub(super) fn ids(&self) -> Vec<GroupId> {
        self.all.iter().filter(|(_, group)| group.facts.is_some()).map(|(id, _)| *id).collect()
    }

    /// Goes through those that are known.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.all.values().filter(|group| group.facts.is_some())
    }

    /// Tells when something is to be asked for that cannot be yet.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.all.values().filter_map(Group::next_wake).min()
    }

    /// Tells whether the first synchronisation of all of them is over, but of those that cannot be got at.
    pub(super) fn is_done(&self) -> bool {
        let mut known = self.iter().filter(|group| !group.is_lost()).peekable();
        let any = self.iter().any(|group| group.sync.is_done());
        (known.peek().is_some() || any) && known.all(|group| group.sync.is_done())
    }

    /// Tells how many answers one of them waits for at once, so that they come on side by side.
    pub(super) fn share(&self) -> usize {
        let busy = self.iter().filter(|group| group.ready && !group.sync.is_followed()).count();
        (OUTSTANDING / busy.max(1)).max(2)
    }

    /// Lists the groups of which all is known while the link is live, as the store reads it (JSON).
    pub(super) fn heard(&self) -> String {
        let ids: Vec<String> =
            self.all.iter().filter(|(_, group)| group.is_heard()).map(|(id, _)| id.to_string()).collect();
        format!("[{}]", ids.join(","))
    }

    /// Copies what is under way outside.
    pub(super) fn underway(&self) -> Groups {
        let all = self.all.iter().map(|(id, group)| (*id, group.underway())).collect();
        Groups { all, unknown: self.unknown.clone() }
    }

    /// Puts what is under way over what was just read.
    pub(super) fn over(mut self, loaded: Groups) -> Groups {
        let mut all = loaded.all;
        for (id, loaded) in &mut all {
            if let Some(own) = self.all.remove(id) {
                *loaded = own.over(std::mem::take(loaded));
            }
        }
        // What was never written down is under way all the same.
        all.extend(self.all);
        Groups { all, unknown: loaded.unknown }
    }
}

impl State {
    /// Tells what is known of a group.
    pub(super) fn group(&self, id: GroupId) -> &Group {
        self.groups.all.get(&id).unwrap_or(&self.groups.unknown)
    }

    /// Tells what is known of a group, to be changed.
    pub(super) fn group_mut(&mut self, id: GroupId) -> &mut Group {
        let unknown = &self.groups.unknown;
        self.groups.all.entry(id).or_insert_with(|| unknown.clone())
    }

    /// Tells whether everything that Telegram has of a group is known, so that what has not come has not been written.
    pub(super) fn hears(&self, id: GroupId) -> bool {
        self.listens() && self.group(id).is_heard()
    }

    /// As [`State::hears`], of any group.
    pub(super) fn hears_any(&self) -> bool {
        self.listens() && self.groups.all.values().any(Group::is_heard)
    }

    fn listens(&self) -> bool {
        self.link == Some(LinkState::Live) && !self.resyncing
    }

    /// The connection is a new one. Not forgotten is what was to be sent: the link answers each send exactly once, whatever happens to
    /// the connection, and until then the row is its.
    pub(super) fn cut_off(&mut self) {
        self.groups.all.values_mut().for_each(Group::cut_off);
    }

    /// There is no connection: nothing is asked for by itself.
    pub(super) fn idle_groups(&mut self) {
        self.groups.all.values_mut().for_each(|group| group.facts_due = None);
    }
}

impl Turn<'_> {
    /// Tells what is known of a group.
    pub(super) fn group(&self, id: GroupId) -> &Group {
        self.state.group(id)
    }

    /// Tells what is known of a group, to be changed.
    pub(super) fn group_mut(&mut self, id: GroupId) -> &mut Group {
        self.state.group_mut(id)
    }

    /// The link says which groups it follows. What it does not follow can be read and not answered.
    pub(super) fn followed(&mut self, followed: &[GroupId], missing: Vec<Missing>) -> Result<(), EngineError> {
        for id in self.state.groups.ids() {
            if followed.contains(&id) {
                continue;
            }
            let called = self.group(id).called();
            let is = |one: &&Missing| match one.group {
                Some(group) => group == id,
                None => called.is_some_and(|called| called.is(&one.name)),
            };
            let why = missing.iter().find(is).map(|one| one.why.clone());
            let title = self.group(id).called().map_or_else(String::new, |called| called.name().to_owned());
            self.lost_group(id, &why.unwrap_or_else(|| format!("\"{title}\" {DROPPED}")))?;
            let group = self.group_mut(id);
            group.cut_off();
            (group.facts_due, group.fetch_after, group.facts_owed) = (None, None, false);
        }
        if self.state.missing != missing {
            self.state.missing = missing;
            self.touch_all();
        }
        Ok(())
    }
}

/// Reads what is kept of a group as one value.
fn kept<T: serde::de::DeserializeOwned + Default>(work: &Work<'_>, id: GroupId, key: &str) -> Result<T, StoreError> {
    Ok(work.group_value(id, key)?.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default())
}

/// Adds to the staff of `desk.toml` what Telegram says: admins, the group's own name, the linked channel, our account.
pub(super) fn staff_of(rules: &Rules, facts: &GroupFacts) -> Staff {
    let mut staff = rules.staff.clone();
    staff.colleagues.push(PersonId::channel(facts.group.0));
    // A bot is automation all the same; a user account speaks for the desk.
    staff.colleagues.push(facts.own);
    staff.colleagues.extend(facts.admins.iter().filter(|admin| !admin.person.bot).map(|admin| admin.person.id));
    staff.linked_channel = facts.linked_channel;
    staff.own = Some(facts.own);
    staff
}
